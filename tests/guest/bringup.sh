#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# From the PCI device to connected disks: what must be there once the modules are loaded, whichever way events arrive
# (parameters poll=, percpu= and hypercall_page= of pvbus choose; the test reads them and expects accordingly).
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

param() { cat "/sys/module/pvbus/parameters/$1"; }

modules_loaded() {
	local m
	for m in pvbus xen_platform_pci "$(blk_module | tr - _)"; do
		grep -q "^$m " /proc/modules || fail "$m: not loaded"
	done
}

# The kernel's own module of that name would not do.
modules_ours() {
	local m path
	for m in pvbus xen-platform-pci "$(blk_module)"; do
		path=$(modinfo -n "$m" 2>/dev/null || true)
		[ -n "$path" ] || skip "no module tree here to compare with"
		[[ $path == */updates/* || $path == */extra/* ]] || fail "modprobe would load $path"
	done
}

platform_bound() {
	local dev
	dev=$(platform_device)
	[ -n "$dev" ] || fail "no PCI device is bound to $(basename "$PLATFORM")"
	[ "$(cat "$dev/vendor")" = 0x5853 ] || fail "$dev: vendor $(cat "$dev/vendor")"
}

wanted_mode() {
	if [ "$(param poll)" != 0 ]; then
		echo polling
	elif [ "$(param percpu)" = N ]; then
		echo "PCI interrupt"
	else
		echo "vector on each CPU"
	fi
}

event_mode() {
	local mode want
	mode=$(cat "$(platform_device)/events")
	want=$(wanted_mode)
	[[ $mode == "$want"* ]] || fail "events: \"$mode\", parameters ask for \"$want\""
	note "events: $mode"
}

hypercalls() {
	local want=call
	[ "$(param hypercall_page)" = N ] || want=page
	grep -qE "pvbus: Xen [0-9.]+, hypercalls by [vm]*$want\$" <<<"$(dmesg)" ||
		fail "no line says that hypercalls go by $want: $(dmesg | grep 'pvbus: Xen' || true)"
}

# One line per CPU for vectors, one for the PCI interrupt, none for polling
interrupt_lines() {
	local want lines
	case $(wanted_mode) in
	polling) want=0 ;;
	PCI*) want=1 ;;
	*) want=$(nproc) ;;
	esac
	lines=$(grep -c 'pvbus-xen' /proc/interrupts || true)
	[ "$lines" = "$want" ] || fail "$lines lines of pvbus-xen in /proc/interrupts, expected $want"
}

interrupts() { awk '/pvbus-xen/ { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n + 0 }' /proc/interrupts; }

a_pv_disk() { find /sys/block -maxdepth 1 -name 'xvd*' -printf '%f\n' | head -n 1; }

interrupts_count() {
	local disk before after
	disk=$(a_pv_disk)
	[ "$(wanted_mode)" != polling ] || skip "polling: no interrupts"
	before=$(interrupts)
	dd if="/dev/$disk" of=/dev/null bs=4k count=64 iflag=direct status=none
	after=$(interrupts)
	[ "$after" -gt "$before" ] || fail "64 reads of $disk, interrupts before $before, after $after"
}

devices_connected() {
	local dev n=0
	for dev in "$PVBUS"/devices/*; do
		[ -e "$dev/state" ] || fail "no devices on pvbus"
		[[ $(cat "$dev/type") == xen-vbd ]] || continue
		[[ $(cat "$dev/state") == *[Cc]onnected* ]] || fail "$dev: state $(cat "$dev/state")"
		[[ $(cat "$dev/backend_state") == *[Cc]onnected* ]] || fail "$dev: back-end $(cat "$dev/backend_state")"
		[ "$(cat "$dev/quarantined")" = 0 ] || fail "$dev is quarantined"
		n=$((n + 1))
	done
	[ "$n" -gt 0 ] || fail "no block devices on pvbus"
	[ "$(find /sys/block -maxdepth 1 -name 'xvd*' | wc -l)" -ge "$n" ] || fail "$n devices connected, but $(ls /sys/block)"
}

# Nothing of ours at warning level since the machine came up, not only since this test began.
boot_log_clean() {
	local bad
	bad=$(dmesg -r | sed -nE 's/^<([0-9]*[0-4])>/<\1>/p' | grep -E 'pvbus|xen|xvd|vbd' |
		awk '{ if (substr($0, 2, index($0, ">") - 2) % 8 <= 4) print }' | grep -v 'taints\? kernel' || true)
	[ -z "$bad" ] || fail "$bad"
	bad=$(dmesg | grep -E "$LOG_FATAL" || true)
	[ -z "$bad" ] || fail "$bad"
}

debugfs_there() {
	need_debugfs
	[ -d "$DEBUG" ] || fail "no $DEBUG"
}

start
need_ours
check "modules are loaded" modules_loaded
check "modprobe finds these modules" modules_ours
check "platform device is bound" platform_bound
check "events arrive as asked for" event_mode
check "hypercalls go as asked for" hypercalls
check "lines in /proc/interrupts" interrupt_lines
check "interrupts count" interrupts_count
check "block devices are connected" devices_connected
check "debugfs" debugfs_there
check "boot log has no warnings of ours" boot_log_clean
finish
