#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# CPUs go offline and come back under I/O with verification: event channels move to a CPU that is there, nothing hangs.
#
# PV_ROUNDS   how often each CPU goes and comes (3)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

ROUNDS=${PV_ROUNDS:-3}

# hotpluggable: CPU numbers, without the one that must stay
hotpluggable() { for c in /sys/devices/system/cpu/cpu[1-9]*/online; do [ ! -e "$c" ] || basename "${c%/online}" | tr -d cpu; done; }

# count CPU: interrupts of ours that it took. /proc/interrupts has columns for CPUs that are online.
count() {
	awk -v cpu="CPU$1" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == cpu) col = i + 1 }
		/pvbus-xen/ && col { n += $col }
		END { print n + 0 }' /proc/interrupts
}

total() { awk '/pvbus-xen/ { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n + 0 }' /proc/interrupts; }

# read_some: a few reads that must come back soon
read_some() { timeout 20 dd if="$DISK" of=/dev/null bs=4k count=32 iflag=direct status=none || fail "32 reads: not within 20 s"; }

set_online() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online"; }

idle() {
	local cpu
	for cpu in "${CPUS[@]}"; do
		set_online "$cpu" 0
		read_some
		set_online "$cpu" 1
		read_some
	done
}

# With only one CPU left the channels are on that one; it must count.
moves() {
	local cpu before
	for cpu in "${CPUS[@]}"; do
		set_online "$cpu" 0
	done
	before=$(count 0)
	read_some
	[ "$(driver)" != ours ] || [ "$(count 0)" -gt "$before" ] || fail "CPU 0 is alone and took no interrupt of 32 reads"
	for cpu in "${CPUS[@]}"; do
		set_online "$cpu" 1
	done
	read_some
}

loaded() {
	local i cpu
	fio_bg load "$DISK" "${VERIFY[@]}" --size=32m --numjobs=2 --offset_increment=32m --loops=1000 \
		--time_based --runtime=$((ROUNDS * ${#CPUS[@]} * 2 + 5))
	for ((i = 0; i < ROUNDS; i++)); do
		for cpu in "${CPUS[@]}"; do
			set_online "$cpu" 0
			sleep 0.5
			set_online "$cpu" 1
			sleep 0.3
		done
	done
	is_gone "$TAP_TMP/load.rc" || fail "fio ended before the last CPU was back: $(cat "$TAP_TMP/load")"
	fio_good load 120
}

lines_back() {
	local lines
	[ "$(driver)" = ours ] || skip "not these drivers"
	grep -q '^vector on each CPU' "$(platform_device)/events" || skip "events do not arrive by CPU vectors"
	lines=$(grep -c pvbus-xen /proc/interrupts)
	[ "$lines" = "$(nproc)" ] || fail "$lines vectors on $(nproc) CPUs"
}

start
need_fio
need_disk
read -r -d "" -a CPUS <<<"$(hotpluggable)" || true
[ ${#CPUS[@]} -gt 0 ] || skip_all "only one CPU"
check "each CPU goes and comes, idle" idle
check "events follow to the CPU that is left" moves
check "each CPU goes and comes $ROUNDS times under load" loaded
check "each CPU has its vector again" lines_back
finish
