#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# CPUs go offline and come back under I/O with verification: event channels move to a CPU that is there, nothing hangs.
#
# PV_ROUNDS   how often each CPU goes and comes (3)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

ROUNDS=${PV_ROUNDS:-3}

# hotpluggable: CPU numbers that may go (kernels up to 6.4 let CPU 0 go if booted with cpu0_hotplug)
hotpluggable() { for c in /sys/devices/system/cpu/cpu[0-9]*/online; do [ ! -e "$c" ] || basename "${c%/online}" | tr -d cpu; done; }

# count CPU: interrupts of ours that it took. /proc/interrupts has columns for CPUs that are online.
count() {
	awk -v cpu="CPU$1" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == cpu) col = i + 1 }
		/pvbus-xen/ && col { n += $col }
		END { print n + 0 }' /proc/interrupts
}

# read_some: a few reads that must come back soon
read_some() { timeout 20 dd if="$DISK" of=/dev/null bs=4k count=32 iflag=direct status=none || fail "32 reads: not within 20 s"; }

set_online() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online"; }

# channel_cpus: where the events of the disk's rings go
channel_cpus() {
	sed -n 's/^ring .* on CPU \([0-9]*\),.*/\1/p' "$DEBUG/$(basename "$(readlink -f "/sys/block/$D/device")")/rings"
}

# sound: I/O works, and with these drivers every channel is on a CPU that is there and counts
sound() {
	local cpu before=()
	if [ "$(driver)" != ours ] || ! by_vectors; then
		read_some
		return
	fi
	for cpu in $(channel_cpus); do
		[ "$(cat "/sys/devices/system/cpu/cpu$cpu/online" 2>/dev/null || echo 1)" = 1 ] || fail "a channel is on CPU $cpu, which is offline"
		before[cpu]=$(count "$cpu")
	done
	read_some
	for cpu in "${!before[@]}"; do
		[ "$(count "$cpu")" -gt "${before[cpu]}" ] || fail "CPU $cpu has a channel and took no interrupt of 32 reads"
	done
}

by_vectors() { grep -q '^vector on each CPU' "$(platform_device)/events" 2>/dev/null; }

idle() {
	local cpu
	for cpu in "${CPUS[@]}"; do
		set_online "$cpu" 0
		sound
		set_online "$cpu" 1
		sound
	done
}

# All but one go, then all come back.
moves() {
	local cpu
	for cpu in "${CPUS[@]:1}"; do
		set_online "$cpu" 0
	done
	sound
	for cpu in "${CPUS[@]:1}"; do
		set_online "$cpu" 1
	done
	sound
}

loaded() {
	local i cpu
	load_start load "$DISK" --size=8m --numjobs=2 --offset_increment=8m
	for ((i = 0; i < ROUNDS; i++)); do
		for cpu in "${CPUS[@]}"; do
			set_online "$cpu" 0
			sleep 0.5
			set_online "$cpu" 1
			sleep 0.3
			load_runs load
		done
	done
	load_stop load 120
}

lines_back() {
	local lines
	[ "$(driver)" = ours ] || skip "not these drivers"
	by_vectors || skip "events do not arrive by CPU vectors"
	lines=$(grep -c pvbus-xen /proc/interrupts)
	[ "$lines" = "$(nproc)" ] || fail "$lines vectors on $(nproc) CPUs"
}

start
need_fio
need_disk
read -r -d "" -a CPUS <<<"$(hotpluggable)" || true
[ ${#CPUS[@]} -gt 0 ] || skip_all "only one CPU"
need_debugfs
check "each CPU goes and comes, idle" idle
check "all but one go and come" moves
check "each CPU goes and comes $ROUNDS times under load" loaded
check "each CPU has its vector again" lines_back
finish
