# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bed xen-real: Debian's Xen hypervisor in an emulated machine with SVM, a Linux dom0 with xen-blkback and xen-netback,
# the guest made by xl. dom0 takes the place of L1 (lib.sh), and stays up between runs. Sourced by `run`.
#
# The device model is QEMU too: the guest has the same virtio ports to talk to us as on the other bed.

BED_ABOUT="Debian's Xen with a Linux dom0: all that blkback and netback offer (--xen 4.20, 4.17)"
BED_HOST=xl
# xl gives the first four disks emulated twins, asked or not
BED_TWINS=xl
XEN=${XEN:-4.20}
L1=$L1-xen-$XEN
L1_MORE=$BEDS/l1/dom0
L1_ABOUT="Xen $XEN, "
L1_MODULES=(crc32c_generic virtio_pci virtio_console virtio_blk ext4 9pnet_virtio 9p xenfs xen-evtchn
	xen-gntdev xen-gntalloc xen-privcmd xen-blkback xen-netback tun bridge veth 8021q loop dm-snapshot)
# Of L1_MEM; the rest is Xen's and the guest's
DOM0_MEM=4096

bed_check() {
	case $XEN in
	4.20) XEN_SUITE=trixie L1_KERNEL=6.12-t ;;
	4.17) XEN_SUITE=bookworm L1_KERNEL=6.1 ;;
	*) bad "--xen $XEN: not 4.20 or 4.17" ;;
	esac
	[ -z "$SECURE_BOOT" ] || bad "--secure-boot: not on $BED"
	[ "$MEM" -le $((L1_MEM - DOM0_MEM - 512)) ] || bad "--mem $MEM: $BED has $((L1_MEM - DOM0_MEM - 512)) MiB for a guest"
}

# bed_kvm: /dev/kvm is no use for a guest of Xen's
bed_kvm() { return 1; }

XEN_PACKAGES=xenstore-utils,qemu-system-xen,seabios,busybox-static,iperf3,iproute2,ethtool,kmod,dmsetup,mount
bed_prepare() {
	local packages=xen-hypervisor-$XEN-amd64,xen-utils-$XEN,$XEN_PACKAGES
	XEN_ROOT=$PV_CACHE/beds/xen-$XEN-$(sha256sum <<<"$packages $(declare -f make_xen_root)" | cut -c1-16)
	cache_entry "$XEN_ROOT" make_xen_root "$packages"
	L1_ROOT=$XEN_ROOT/root.ext4
	[ "$XEN" != 4.17 ] || old_qemu
}

# old_qemu: under newer ones guests of Xen 4.17 end while their kernel unpacks itself. It has no description of VMRUN to
# replace, returns from interrupts wrongly with SMAP, and offers guests an AVX2 that they cannot use.
old_qemu() {
	QEMU_ROOT=$PV_CACHE/beds/qemu-$(sha256sum <<<"$(declare -f make_old_qemu)" | cut -c1-16)
	cache_entry "$QEMU_ROOT" make_old_qemu
	QEMU_ROOT+=/root L1_PRELOAD='' L1_CPU+=,smap=off,avx=off,avx2=off
}

make_old_qemu() {
	say "unpacking QEMU 7.2"
	bootstrap bookworm extract qemu-system-x86,seabios "$1/root" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
}

# make_xen_root PACKAGES FOLDER: the hypervisor, and dom0's root
make_xen_root() {
	local a root=$2/root
	say "unpacking Xen $XEN from $XEN_SUITE"
	bootstrap "$XEN_SUITE" extract "$1" "$root" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
		--dpkgopt='path-exclude=/usr/lib/python3*' --dpkgopt='path-exclude=/usr/share/perl*'
	zcat "$root/boot/xen-$XEN-amd64.gz" >"$2/xen"
	rm -rf "${root:?}"/boot/* "$root"/var/lib/{apt,dpkg}
	ln -s "xen-$XEN" "$root/usr/lib/xen"
	mkdir -p "$root"/{proc,sys,dev,run,mnt,root,tmp,var,usr/lib/modules}
	for a in $(busybox --list); do
		[ -e "$root/usr/bin/$a" ] || [ -e "$root/usr/sbin/$a" ] || ln -s busybox "$root/usr/bin/$a"
	done
	ext4 "$root" xenroot 512M "$2/root.ext4"
	rm -rf "$root"
}

# bed_l1 KERNEL INITRD ARGS. eager-fpu: with the FPU switched lazily, programs in guests with two CPUs crashed at random.
# dom0 has one CPU: when several patch the kernel's text, emulation loses track.
bed_l1() {
	printf '%s\n' -kernel "$XEN_ROOT/xen" -append "com1=115200,8n1 console=com1 loglvl=info guest_loglvl=info bootscrub=0 \
spec-ctrl=no,eager-fpu dom0_mem=${DOM0_MEM}M,max:${DOM0_MEM}M dom0_max_vcpus=1" \
		-initrd "$1 console=hvc0 ${3//,/,,},$2"
}

bed_program() { :; }

# bed_machine: xl's description of the guest, without its disks; session adds those and our QEMU arguments
bed_machine() {
	local type=vif vif=
	[ "$DRIVER" != emulated ] && [ -z "$TWIN" ] || type=ioemu,model=e1000
	[ -z "$NET" ] || vif="\"mac=$PV_MAC,bridge=pvbr0,script=$INNER/bin/vif,type=$type\""
	# tsc_mode: emulation mistakes the exit code of an intercepted RDTSCP
	cat >"$JOB/domain.cfg" <<-END
	type = "hvm"
	name = "pv-guest"
	memory = $MEM
	vcpus = $CPUS
	kernel = "$KERNEL_INNER"
	ramdisk = "$INNER/initrd"
	cmdline = "$CMDLINE"
	xen_platform_pci = 1
	serial = "file:$INNER/early.log"
	vnc = 0
	sdl = 0
	vga = "none"
	nographic = 1
	usb = 0
	tsc_mode = "native"
	on_poweroff = "destroy"
	on_reboot = "destroy"
	on_crash = "destroy"
	vif = [ $vif ]
	END
	# vectors: message signalled interrupts of a device model's devices do not survive that the guest is saved
	printf '%s\n' -global e1000.romfile= -global virtio-serial-pci.vectors=0
}

bed_append() {
	case $1 in
	mainline) ;;
	*) echo xen_nopv ;;
	esac
}

# bed_disk NAME SPEC VDEV READONLY: nothing for QEMU, dom0's kernel is the back-end
bed_disk() { echo "$2" >>"$JOB/fronts"; }

bed_nics() { :; }

# The device model cannot write to the shared folder what lies in the guest's memory
bed_sink() { echo "$WORK"; }

bed_command() {
	if [ "$IN" = dom0 ]; then
		echo "pv-host $(printf '%q' "$COMMAND")"
	else
		cat "$JOB/command"
	fi
}

bed_env() {
	echo "PV_GUEST_IMAGE=$GUEST_IMAGE"
	echo "PV_BACK=\"${PV_BACK:-}\""
}

bed_preload() { :; }
