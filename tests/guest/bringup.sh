#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# From the PCI device to connected disks: what must be there once the modules are loaded, whichever way events arrive
# (parameters poll=, percpu= and hypercall_page= of pvbus choose; the test reads them and expects accordingly).
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

platform_bound() {
	local dev
	dev=$(platform_device)
	[ -n "$dev" ] || fail "no PCI device is bound to $(basename "$PLATFORM")"
	[ "$(cat "$dev/vendor")" = 0x5853 ] || fail "$dev: vendor $(cat "$dev/vendor")"
}

hypercalls() {
	local want=call
	[ "$(parameter pvbus hypercall_page)" = N ] || want=page
	grep -qE "pvbus: Xen [0-9.]+, hypercalls by [vm]*$want\$" <<<"$(dmesg)" ||
		fail "no line says that hypercalls go by $want: $(dmesg | grep 'pvbus: Xen' || true)"
}

a_pv_disk() { find /sys/block -maxdepth 1 -name 'xvd*' -printf '%f\n' | head -n 1; }

interrupts_count() {
	local disk before after
	disk=$(a_pv_disk)
	[ "$(wanted_mode pvbus)" != polling ] || skip "polling: no interrupts"
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

debugfs_there() {
	need_debugfs
	[ -d "$DEBUG" ] || fail "no $DEBUG"
}

start
need_ours
check "modules are loaded" modules_loaded pvbus xen-platform-pci "$(blk_module)"
check "modprobe finds these modules" modules_ours pvbus xen-platform-pci "$(blk_module)"
check "platform device is bound" platform_bound
check "events arrive as asked for" event_mode pvbus "$(platform_device)/events"
check "hypercalls go as asked for" hypercalls
check "lines in /proc/interrupts" interrupt_lines pvbus
check "interrupts count" interrupts_count
check "block devices are connected" devices_connected
check "debugfs" debugfs_there
check "boot log has no warnings of ours" boot_log_clean 'pvbus|xen|xvd|vbd'
finish
