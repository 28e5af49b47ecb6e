# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by tests/unit/run and tests/fuzz/run, after tests/lib/common.sh: how pure sources are compiled in user space.

# Kernel headers that user space has not got: kshim.h stands in for each of them.
STAND_INS=(asm/barrier linux/align linux/bitmap linux/bitops linux/bits linux/bug linux/build_bug linux/compiler
	linux/container_of linux/ctype linux/err linux/list linux/log2 linux/math linux/minmax linux/overflow
	linux/printk linux/slab linux/sprintf linux/stddef linux/kstrtox)

PURE_FLAGS=(-std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
	-Wno-unused-function -Werror -fno-omit-frame-pointer -fsanitize=address -fsanitize=undefined
	-fno-sanitize-recover=all -include "$PV_TOP/tests/unit/kshim.h" -I"$PV_TOP/tests/unit" -I"$PV_TOP/include" -I"$PV_TOP")

# stand_ins DIR: lay them out there, and add DIR to PURE_FLAGS
stand_ins() {
	local h
	mkdir -p "$1/asm" "$1/linux"
	for h in "${STAND_INS[@]}"; do
		[ -e "/usr/include/$h.h" ] || ln -sfn "$PV_TOP/tests/unit/kshim.h" "$1/$h.h"
	done
	PURE_FLAGS+=(-I"$1")
}
