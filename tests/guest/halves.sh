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
}

bus_of() { basename "$(readlink -f "$1/subsystem")"; }
module_of() { basename "$(readlink -f "$1/driver/module")"; }

# on_half DEVICE MODULE: the device is pvbus's whichever half has it. What it came from is a device of the kernel's bus, or
# the one by which pvbus's own half reaches the host; the driver of that is one of ours, too.
on_half() {
	local from=${1%/*}
	[ "$(bus_of "$1"):$(module_of "$1")" = "pvbus:${2//-/_}" ] || fail "$1: bus $(bus_of "$1"), driver of $(module_of "$1")"
	[[ " $FROM " = *" $(bus_of "$from") "* ]] || fail "$from: bus $(bus_of "$from")"
	[[ " $(our_modules | tr '\n' ' ') " = *" $(module_of "$from") "* ]] || fail "$from: driver of $(module_of "$from")"
	note "${1##*/}: of $(bus_of "$from") device ${from##*/}, driver of $(module_of "$from")"
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
own) FROM="pci platform" ;;
in-tree) FROM="xen vmbus" ;;
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
