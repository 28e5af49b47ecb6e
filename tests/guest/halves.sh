#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The root disk, the disk under test and the network interface if there is one are on these drivers, and these on the half
# that one thinks: on pvbus's own support of the host, or on the kernel's own bus.
#
# PV_HALF   which: own or in-tree
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

MODULES=(pvbus "$(stack_module)" "$(blk_module)")
[ -z "${PV_NET:-}" ] || MODULES+=("$(nic_module)")

# Of the kernel's module of the same name, pvbus has no use
loaded() {
	local m
	for m in "${MODULES[@]}"; do
		grep -qx "${m//-/_}" < <(our_modules | tr ' ' '\n') || fail "$m is not among our modules: $(our_modules)"
	done
}

half_in_charge() {
	[ "$HALF" = "$(riding && echo in-tree || echo own)" ] || fail "$(ls /sys/bus) $(cat /sys/hypervisor/type)"
	# What the own half has, the kernel's bus has no use for
	[ "$(find "$PVBUS/devices/" -mindepth 1 | wc -l)" -gt 0 ] || [ "$HALF" = in-tree ] || fail "no devices on pvbus"
}

# on_half DEVICE MODULE: its bus, and whose its driver is
on_half() {
	local bus driver
	bus=$(basename "$(readlink -f "$1/subsystem")")
	driver=$(readlink -f "$1/driver")
	[[ " $BUS " = *" $bus "* ]] || fail "$1 is on bus $bus"
	[ "$(basename "$(readlink -f "$driver/module")")" = "${2//-/_}" ] || fail "$1: driver $driver, of $(readlink -f "$driver/module")"
	note "$(basename "$1"): bus $bus, driver $(basename "$driver")"
}

root_disk() { on_half "$(front "$(basename "$(readlink -f "/sys/dev/block/$(mountpoint -d /)")")")" "$(blk_module)"; }

test_disk() { on_half "$(front "$D")" "$(blk_module)"; }

nic() {
	need_nic
	on_half "$(readlink -f "/sys/class/net/$NIC/device")" "$(nic_module)"
}

start
HALF=${PV_HALF:-}
case $HALF in
own) BUS=pvbus ;;
in-tree) BUS="xen vmbus" ;;
*) skip_all "say which half: PV_HALF=own or in-tree" ;;
esac
need_ours
need_disk
check "modules are these" modules_ours "${MODULES[@]}"
check "modules are loaded" loaded
check "the half in charge: $HALF" half_in_charge
check "the root disk" root_disk
check "the disk under test" test_disk
[ -z "${PV_NET:-}" ] || check "the network interface" nic
finish
