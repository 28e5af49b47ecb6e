#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The disk, and the NIC if there is one, go from our driver to the kernel's and back while they are in use, each time by
# unbind and bind: a device-mapper device over the disk holds I/O back meanwhile, TCP does so by itself. No error, no lost
# data. Both drivers ride on the kernel's own bus, and have names of their own (make PV_SUFFIX=-pv).
#
# PV_CYCLES      how often there and back (10)
# PV_STREAM_MB   size of the stream that goes through the NIC (4 for each cycle)
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CYCLES=${PV_CYCLES:-10}
MIB=${PV_STREAM_MB:-$((4 * CYCLES))}

# owner DEVICE: the driver of the kernel's device
owner() { basename "$(readlink -f "$BUS/devices/$1/driver")"; }

has_owner() { [ "$(owner "$1")" = "$2" ]; }

# hand DEVICE FROM TO
hand() {
	has_owner "$1" "$2" || fail "$1 has driver $(owner "$1"), not $2"
	echo "$1" >"$BUS/drivers/$2/unbind"
	echo "$1" >"$BUS/drivers/$3/bind"
	has_owner "$1" "$3" || fail "$1 has driver $(owner "$1"), not $3"
}

# --- the disk

# Two device-mapper devices: "handed" holds I/O back, "below" lets go of a disk before the next one of its name is there.

# table DEVICE: the whole of it
table() { echo "0 $((DISK_BYTES / 512)) linear $1 0"; }

# dm NAME: the kernel's node of it, for nobody may be there to make another
dm() { echo "/dev/dm-$(dmsetup info -c --noheadings -o minor "$1")"; }

set_below() {
	dmsetup load below --table "$1"
	dmsetup resume below --noudevsync
}

there() { [ "$(disk_bytes "${DISK#/dev/}")" = "$DISK_BYTES" ] && opens "$DISK"; }

# hand_disk FROM TO: nothing is in flight when the driver changes, and what comes meanwhile waits
hand_disk() {
	dmsetup suspend --noflush --nolockfs handed
	set_below "0 $((DISK_BYTES / 512)) error"
	hand "$DISK_DEVICE" "$@"
	[ -z "$HYPERV" ] || DISK=$(pv-disk "$HOST_DISK")
	wait_or_fail 30 there
	set_below "$(table "$DISK")"
	dmsetup resume handed --noudevsync
}

disk_busy() {
	local i before
	dmsetup create below --noudevsync --table "$(table "$DISK")"
	dmsetup create handed --noudevsync --table "$(table "$(dm below)")"
	load_start load "$(dm handed)" --size=8m
	for ((i = 0; i < CYCLES; i++)); do
		before=$(cat "$TAP_TMP/load.passes" 2>/dev/null || echo 0)
		hand_disk "$OUR_DISK" "$THEIR_DISK"
		sleep 1
		hand_disk "$THEIR_DISK" "$OUR_DISK"
		load_runs load
		wait_for 120 passed "$before" || fail "the load does not go on"
	done
	load_stop load 120
	dmsetup remove handed
	dmsetup remove below
	same_sum "$HOST_DISK" "$DISK"
}

passed() { [ "$(cat "$TAP_TMP/load.passes" 2>/dev/null || echo 0)" -gt "$1" ]; }

# Ours comes when the kernel's driver has the device: it keeps it, and we say so.
taken_left_alone() {
	local mark="taken $$"
	rmmod "$(blk_module)"
	modprobe "$(blk_module | sed 's/-pv$//')"
	wait_or_fail 30 has_owner "$DISK_DEVICE" "$THEIR_DISK"
	[ -n "$HYPERV" ] || wait_or_fail 30 there
	log_mark "$mark"
	modprobe "$(blk_module)"
	has_owner "$DISK_DEVICE" "$THEIR_DISK" || fail "$DISK_DEVICE has driver $(owner "$DISK_DEVICE")"
	[ "$(log_lines "$mark" "$DISK_DEVICE: driver $THEIR_DISK has it, and keeps it")" = 1 ] || fail "no line says so"
	hand "$DISK_DEVICE" "$THEIR_DISK" "$OUR_DISK"
	[ -z "$HYPERV" ] || DISK=$(pv-disk "$HOST_DISK")
	wait_or_fail 30 there
}

# --- the NIC

hand_nic() {
	hand "$NIC_DEVICE" "$@"
	wait_for 30 test -e "/sys/class/net/$NIC/address" || fail "no $NIC"
	nic_up
}

nic_busy() {
	local i
	(stream_out $((MIB << 20)) && stream_in $((MIB << 20)) && touch "$TAP_TMP/streamed") >"$TAP_TMP/streams" 2>&1 3>&- &
	for ((i = 0; i < CYCLES; i++)); do
		sleep 1
		hand_nic "$OUR_NIC" "$THEIR_NIC"
		sleep 1
		hand_nic "$THEIR_NIC" "$OUR_NIC"
	done
	wait_for 600 test -e "$TAP_TMP/streamed" || fail "the stream did not survive: $(cat "$TAP_TMP/streams")"
}

start
need_ours
need_fio
riding || skip_all "the kernel's own support of the host is switched off"
[[ $(blk_module) == *-pv ]] || skip_all "ours have the names of the kernel's own drivers"
if [ -n "$HYPERV" ]; then
	BUS=/sys/bus/vmbus OUR_DISK=pvbus-hv-storvsc THEIR_DISK=hv_storvsc
	expect_scsi_log
else
	BUS=/sys/bus/xen OUR_DISK=pvbus-vbd THEIR_DISK=vbd OUR_NIC=pvbus-vif THEIR_NIC=vif
	modprobe xen-netfront
fi
need_disk
modprobe dm-mod
expect_log 'device-mapper: core|register_blkdev: cannot get major|Invalid max_queues'
DISK_DEVICE=$(basename "$(front "$D")")
DISK_BYTES=$(disk_bytes "$D")
check "the kernel's driver keeps what it has" taken_left_alone
check "$CYCLES times there and back with I/O going on" disk_busy
if [ -n "${PV_NET:-}" ]; then
	need_nic
	NIC_DEVICE=$(basename "$(readlink -f "/sys/class/net/$NIC/device")")
	check "the NIC $CYCLES times there and back with a stream going through" nic_busy
fi
finish
