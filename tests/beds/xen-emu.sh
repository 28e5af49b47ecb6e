# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bed xen-emu: QEMU's own emulation of Xen in KVM; xenstore, event channels, grant tables and back-ends are all QEMU's.
# Sourced by `run`. A bed says what it needs of KVM, and gives the guest's machine, disks and NICs as QEMU arguments.

BED_ABOUT="Xen as QEMU emulates it in KVM: blkfront, netfront; plain back-ends, grant table v1"

# What must be in KVM: split irqchip, and of KVM_CAP_XEN_HVM hypercall MSR and interception, shared info, 2-level event
# channels, event channel send
bed_kvm() {
	local split xen
	read -r split xen < <(kvm_caps 121 38)
	[ "$split" -gt 0 ] && [ $((xen & 0x37)) -eq $((0x37)) ]
}

# bed_machine
bed_machine() {
	printf '%s\n' -machine pc -accel kvm,xen-version=0x40011,kernel-irqchip=split -cpu host,+xen-vapic
}

# bed_append DRIVER: the guest kernel's arguments
bed_append() {
	case $1 in
	mainline) ;;
	*) echo xen_nopv ;;
	esac
}

# bed_disk NODE SPEC VDEV TWIN: the front of a disk whose block node exists already
bed_disk() {
	local sector share=
	sector=$(option "$2" sector 512)
	[ -z "$4" ] || share=,share-rw=on
	if [ -n "$(option "$2" cdrom)" ]; then
		printf '%s\n' -device "xen-cdrom,id=disk-$1,vdev=$3,drive=$1$share"
	else
		printf '%s\n' -device "xen-disk,id=disk-$1,vdev=$3,drive=$1,logical_block_size=$sector,physical_block_size=$sector$share"
	fi
}

# bed_nic NETDEV
bed_nic() {
	printf '%s\n' -device "xen-net-device,netdev=$1,mac=$PV_MAC"
}

# bed_preload: C source of a shared object that QEMU is to run with, if any
bed_preload() { echo "$BEDS/host/xs-qemu.c"; }
