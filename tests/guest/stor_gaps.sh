#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Requests out of pieces of memory with gaps between them, which a host of Hyper-V cannot be given as they are: only the
# first piece may start inside a page, only the last may end there. The kernel breaks them up, or (hv-storvsc.gaps=1) the
# driver copies just what breaks the rule; either way what is written is what is read.
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# pieces HOW PAGES LAYOUT...: PAGES is how many the driver copies, both ways together, where it takes such requests
pieces() {
	local before after want=0
	[ "$(parameter hv_storvsc gaps)" = N ] || want=$2
	before=$(counter "$D" bounced)
	"$(dirname "$0")/gaps.py" "$DISK" "$1" "${@:3}"
	after=$(counter "$D" bounced)
	[ "$((after - before))" = "$want" ] || fail "$((after - before)) pages were copied, not $want"
}

# odd HOW: of all shapes; how many pages are copied is what it is
odd() {
	local i before layouts=()
	for ((i = 0; i < 20; i++)); do
		layouts+=("$(layout)")
	done
	before=$(counter "$D" bounced)
	"$(dirname "$0")/gaps.py" "$DISK" "$1" "${layouts[@]}"
	[ "$(parameter hv_storvsc gaps)" = N ] || [ "$(counter "$D" bounced)" -gt "$before" ] || fail "nothing was copied"
}

layout() {
	local n
	printf '%d/%d' $((RANDOM % 8 * 512)) $((RANDOM % 20 * 512 + 512))
	for ((n = RANDOM % 12; n > 0; n--)); do
		printf ',%d/%d' $((RANDOM % 8 * 512)) $((RANDOM % 20 * 512 + 512))
	done
	echo
}

gaps_under_load() {
	load_start own "$DISK" --size=1m --offset=16m
	odd vector
	load_stop own 120
}

start
need_ours
need_fio
need_disk
[ -e "$(front "$D")/negotiated/vmbus_version" ] || skip_all "the disk is not on a controller of Hyper-V"
[ "$(blockdev --getss "$DISK")" = 512 ] || skip_all "the disk has no sectors of 512 bytes"
expect_scsi_log
note "gaps=$(parameter hv_storvsc gaps)"
for how in vector sg; do
	check "$how: pieces that keep the rule" pieces $how 0 3584/512,0/4096,0/512 512/1024 0/8192
	check "$how: the middle and the end start inside a page" pieces $how 4 512/3584,512/4096,512/3584
	check "$how: the first ends inside its page" pieces $how 2 0/512,0/4096,0/4096
	check "$how: many small ones" pieces $how 6 0/512,512/512,512/512,512/512,0/512,0/512,0/512,0/4608
	check "$how: odd ones" odd $how
done
check "odd ones while others write" gaps_under_load
check "host and guest checksums agree" same_sum "$HOST_DISK" "$DISK"
finish
