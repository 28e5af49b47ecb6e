#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An IDE disk of Hyper-V's that is there twice is seen once: the emulated one is held back while ours is there, unless it
# is in use. The CD drive beside it stays. Wants a bed with twins, the disk behind an accelerator and a CD:
#   --twin --disk name=scratch,ctrl=ide0 --disk name=disc,if=ide,cdrom --root virtio
# shellcheck disable=SC2317 # sub-tests are called by check
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# The emulated disk as the SCSI layer knows it, whether a driver has it or not
twin_device() { grep -lsx 'ATA *' /sys/bus/scsi/devices/[0-9]*/vendor | xargs -n 1 dirname | head -n 1; }

# twin: its node's name, if it has one
twin() { find "$(twin_device)/block" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null || true; }

seen() { [ -n "$(twin)" ] && opens "/dev/$(twin)"; }

held() {
	[ -n "$(twin_device)" ] || fail "the SCSI layer does not know the emulated disk any more"
	[ ! -e "$(twin_device)/driver" ] && [ -z "$(twin)" ]
}

hv_load() {
	local mark="load $RANDOM$RANDOM"
	log_mark "$mark"
	modprobe "$(blk_module)" "$@"
	DISK=$(pv-disk "$HOST_DISK")
	wait_or_fail 20 opens "$DISK"
	MARK_LOAD=$mark
}

# logged REGEX: just one line since our module was loaded
logged() { [ "$(log_lines "$MARK_LOAD" "$1")" = 1 ]; }

cd_works() {
	[ -e "$(readlink -f /sys/block/sr0/device)" ] || fail "no CD drive"
	same_sum disc /dev/sr0
}

held_at_boot() {
	wait_or_fail 10 held
	same_sum "$HOST_DISK" "$DISK"
	cd_works
}

# Without ours it is there again, with the same data; it goes once more with ours.
back_and_gone() {
	local sum
	sum=$(disk_sum "$DISK")
	rmmod "$(blk_module)"
	wait_or_fail 10 seen
	[ "$(disk_sum "/dev/$(twin)")" = "$sum" ] || fail "$(twin) is not the disk that $DISK was"
	hv_load
	wait_or_fail 10 held
	wait_or_fail 10 logged "held back"
	cd_works
}

# in_use_stays: for whoever has claimed it; both are named
in_use_stays() {
	local node
	rmmod "$(blk_module)"
	wait_or_fail 10 seen
	node=$(twin)
	echo "0 8 linear /dev/$node 0" | dmsetup create claimed --noudevsync
	hv_load
	wait_or_fail 10 logged "$node and ${DISK#/dev/} are one disk.*in use"
	seen || fail "$node is gone although it is in use"
	dmsetup remove claimed
	rmmod "$(blk_module)"
	hv_load
	wait_or_fail 10 held
}

# Emulated disks that come after ours never get a node.
late() {
	local mark="late $RANDOM$RANDOM"
	rmmod ata_piix
	[ -z "$(twin_device)" ] || fail "ata_piix went and left $(twin_device)"
	log_mark "$mark"
	modprobe ata_piix
	wait_or_fail 20 test -e /sys/block/sr0
	wait_or_fail 20 held
	[ "$(log_lines "$mark" 'held back')" = 1 ] || fail "no line says so: $(log_since "$mark")"
	[ "$(log_lines "$mark" '\[sd[a-z]\] .*logical blocks')" = 0 ] || fail "it was seen: $(log_since "$mark")"
	cd_works
}

by_parameter() {
	rmmod "$(blk_module)"
	hv_load hold_twins=0
	sleep 1
	seen || fail "held back although hold_twins=0"
	rmmod "$(blk_module)"
	hv_load
	wait_or_fail 10 held
}

start
need_ours
[ -n "$HYPERV" ] || skip_all "the devices are not Hyper-V's"
need_disk
[ -n "$(twin_device)" ] || skip_all "no emulated disk"
expect_scsi_log
expect_log 'are one disk|device-mapper: core|ata[0-9.]+: (disable|Check power mode|Model)'
check "the emulated disk is held back, the CD drive is not" held_at_boot
check "it comes back when ours goes, and goes again" back_and_gone
check "one in use stays, with a warning" in_use_stays
check "one that comes later is not seen" late
check "a parameter lets it be" by_parameter
finish
