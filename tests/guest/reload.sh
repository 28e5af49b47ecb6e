#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# All modules out and in again, every fifth time with I/O in flight; afterwards the machine looks as before.
#
# PV_CYCLES   how often (10)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CYCLES=${PV_CYCLES:-10}

# The other way round: the stack goes first, under the disks.
unload_stack_first() {
	rmmod "$(stack_module)"
	unload_all
}

back() {
	load_all
	[ -z "$HYPERV" ] || DISK=$(pv-disk "$HOST_DISK")
	wait_or_fail 20 opens "$DISK"
}

# tag N / tagged N: a block that must survive the reload
tag() { echo "cycle $1" | dd of="$DISK" bs=4096 count=1 conv=sync,fsync oflag=direct iflag=fullblock status=none; }
tagged() {
	local got
	got=$(dd if="$DISK" bs=4096 count=1 iflag=direct status=none | tr -d '\0')
	[ "$got" = "cycle $1" ] || fail "cycle $1: read \"$got\" after the reload"
}

# A disk in use keeps its driver; what the disk hangs on may go all the same, and then I/O ends with an error.
under_load() {
	local rc
	fio_bg load "$DISK" --rw=randrw --bs=4k --iodepth=32 --offset=1m --time_based --runtime=600
	wait_for 60 in_flight "${DISK#/dev/}" || fail "fio does not get going: $(cat "$TAP_TMP/load")"
	if rmmod "$(blk_module)" 2>/dev/null; then
		fail "$(blk_module) went while its disk was open"
	fi
	rmmod "$(stack_module)"
	rc=$(fio_end load 60)
	[ "$rc" != 0 ] || fail "fio saw no error although its disk went"
	wait_or_fail 10 unload_all
}

cycle() {
	local i=$1
	tag "$i"
	case $((i % 5)) in
	0) under_load ;;
	1 | 3) unload_stack_first ;;
	*) unload_all ;;
	esac
	back
	tagged "$i"
}

cycles() {
	local i
	for ((i = 1; i <= CYCLES; i++)); do
		cycle "$i" || fail "in cycle $i"
	done
}

# leftovers: what must not be there while the modules are out
leftovers() {
	local bus='vmbus|xenbus'
	! riding || bus='pvbus'	# the kernel's own stays
	grep -E "pvbus|xvd|$bus" /proc/interrupts /proc/iomem /proc/devices /sys/devices/system/cpu/hotplug/states || true
	find /sys/bus /sys/bus/pci/drivers /sys/module /sys/kernel/debug /sys/kernel/tracing/events /sys/kernel/slab /sys/block \
		-maxdepth 1 \( -name '*pvbus*' -o -name 'xen-platform-pv' -o -name 'xvd*' -o -name '*blkfront*' -o -name '*storvsc*' \) 2>/dev/null || true
	find /sys/kernel/debug -maxdepth 3 \( -name '*pvbus*' -o -name 'xvd*' \) 2>/dev/null || true
	# An address without a name: whoever allocated it is gone.
	grep -E '^0x[0-9a-f-]+ +[0-9]+ 0x[0-9a-f]+' /proc/vmallocinfo || true
	ps -eo comm= | grep -E "^(pvbus|$bus|xvd|hv-storvsc)" || true
}

nothing_left() {
	local left
	need_debugfs
	unload_all
	left=$(leftovers)
	[ -z "$left" ] || fail "left behind: $left"
}

# Event channels as the host counts them
ports() {
	[ -n "${PV_BED:-}" ] && [ -z "$HYPERV" ] || return 0
	pv-host events
}

ports_as_before() {
	need_host
	[ "$(ports)" = "$PORTS" ] || fail "$(ports) event channels in use at the host, $PORTS before"
}

memory_as_before() {
	local lost=$((MEMORY - $(available)))
	note "memory: $lost KiB less than before $CYCLES cycles"
	[ "$lost" -lt "$LEAK_KIB" ] || fail "$lost KiB of memory did not come back"
}

# One left over with a grant of its own would be there twice
grants_as_before() {
	back
	grants_kept
	unload_all
}

works() {
	back
	fio_io "$DISK" "${VERIFY[@]}" --size=8m || fail "verification failed after the reloads"
}

start
need_fio
need_unloadable
need_disk
[ -z "$HYPERV" ] || expect_scsi_log
# Twice without measuring: the first use of anything leaves caches behind.
check "unload and load" cycle 1
check "unload and load under load" cycle 5
check "nothing left behind at first" nothing_left
MEMORY=$(available)
PORTS=$(ports)
check "load" back
[ -n "$HYPERV" ] || riding || GRANTS=$(grants)
check "$CYCLES cycles" cycles
check "nothing left behind after $CYCLES cycles" nothing_left
check "memory" memory_as_before
[ -n "$HYPERV" ] || check "event channels" ports_as_before
[ -n "$HYPERV" ] || riding || check "grants" grants_as_before
check "works" works
finish
