# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bed xen-emu: QEMU's own emulation of Xen in KVM; xenstore, event channels, grant tables and back-ends are all QEMU's.
# Sourced by `run`. A bed says what it needs of KVM, and gives the guest's machine, disks and NICs as QEMU arguments.

BED_ABOUT="Xen as QEMU emulates it in KVM: blkfront, netfront; plain back-ends, grant table v1"
BED_HOST="qemu xen"
BED_TWINS=qemu

# What must be in KVM: split irqchip, and of KVM_CAP_XEN_HVM hypercall MSR and interception, shared info, 2-level event
# channels, event channel send
bed_kvm() {
	local split xen
	read -r split xen < <(kvm_caps 121 38)
	[ "$split" -gt 0 ] && [ $((xen & 0x37)) -eq $((0x37)) ]
}

# bed_check: die of options that do not go with this bed
bed_check() {
	[ -z "$XEN" ] || bad "--xen: $BED has no Xen to choose"
	[ "$IN" = guest ] || bad "--in $IN: $BED has no dom0"
}

# bed_machine: the machine with its kernel
bed_machine() {
	printf '%s\n' -machine pc -accel kvm,xen-version=0x40011,kernel-irqchip=split -cpu host,+xen-vapic
	boot_args
}

# bed_append DRIVER: the guest kernel's arguments. The kernel's own Xen makes an event of each ISA interrupt that ACPI lists,
# and QEMU raises an edge's event again and again while its line is up: 100,000 times before a threaded handler (PREEMPT_RT)
# comes to run. Without PNP's list they stay interrupts of the IO-APIC.
bed_append() {
	case $1 in
	mainline) echo pnpacpi=off ;;
	*) echo xen_nopv ;;
	esac
}

# bed_disk NAME SPEC VDEV READONLY: a disk under test
bed_disk() {
	local sector share=
	sector=$(option "$2" sector 512)
	[ -z "$TWIN" ] || share=,share-rw=on
	image_args "$1" "$4"
	if [ -n "$(option "$2" cdrom)" ]; then
		printf '%s\n' -device "xen-cdrom,id=disk-$1,vdev=$3,drive=$1$share"
	else
		printf '%s\n' -device "xen-disk,id=disk-$1,vdev=$3,drive=$1,logical_block_size=$sector,physical_block_size=$sector$share"
	fi
}

# bed_nics: the NIC, its emulated twin, or both behind one hub
bed_nics() {
	local front="xen-net-device,mac=$PV_MAC" twin="e1000,mac=$PV_MAC,romfile="
	printf '%s\n' -netdev "tap,id=net,ifname=pvtap0,script=no,downscript=no"
	if [ "$DRIVER" = emulated ]; then
		printf '%s\n' -device "$twin,netdev=net"
	elif [ -n "$TWIN" ]; then
		printf '%s\n' -netdev hubport,hubid=0,netdev=net,id=hub0 -netdev hubport,hubid=0,id=pv \
			-netdev hubport,hubid=0,id=twin -device "$front,netdev=pv" -device "$twin,netdev=twin"
	else
		printf '%s\n' -device "$front,netdev=net"
	fi
}

# bed_preload: set PRELOAD to a shared object that QEMU is to run with, if any
bed_preload() { preload_of "$BEDS/host/xen/xs-qemu.c"; }
