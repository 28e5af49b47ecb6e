# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by tests/demo and tests/packages/{matrix,secure-boot}, after tests/kernels/lib.sh: a Debian to be a guest, with the
# kernel of kernel(), its headers and dkms; what is done to it before it boots, and what it is asked then. LOGS is where to
# write what was said.

IN_GUEST=zstd,dkms,initramfs-tools,fio,kmod,udev,util-linux,procps,e2fsprogs,iperf3,iproute2,iputils-ping,ethtool

# make_debian FOLDER: the guest's Debian, with its kernel and all that dkms needs
make_debian() {
	local suite=${K_SUITE%-backports} sources=() from=
	say "building the guest: Debian $suite with kernel, headers and dkms (about two minutes)"
	if [ "$suite" != "$K_SUITE" ]; then
		sources=("deb $(mirror) $K_SUITE main")
		from=/$K_SUITE
	fi
	mmdebstrap --quiet --mode=root --variant=minbase --format=directory --architectures="$K_ARCH" --include="$IN_GUEST" \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--customize-hook='chroot "$1" apt-get -q install -y --no-install-recommends '"linux-image-$K_FLAVOUR$from linux-headers-$K_FLAVOUR$from" \
		"$suite" "$1/root" "deb $(mirror "$suite") $suite main" "${sources[@]}" >"$LOGS/debian.log" 2>&1 ||
		{ tail -n 20 "$LOGS/debian.log" >&2; die "cannot build the guest, see $LOGS/debian.log"; }
	rm -rf "$1"/root/var/cache/apt/archives/*.deb "$1"/root/var/lib/apt/lists/*
	install -m 755 "$PV_TOP/tests/beds/guest/image-init" "$1/root/usr/local/sbin/pv-bed-init"
	echo pv-guest >"$1/root/etc/hostname"
	find "$1/root/lib/modules" -mindepth 1 -maxdepth 1 -printf '%f\n' | head -n 1 >"$1/release"
}

# debian: make it, unless it is in the cache; set DEBIAN, with root/ and the file release in it
debian() {
	need_packages mmdebstrap e2fsprogs curl xz-utils
	DEBIAN=$PV_CACHE/demo/debian-$(sha256sum <<<"$K_SUITE $K_ARCH $K_FLAVOUR $IN_GUEST $(declare -f make_debian)
$(<"$PV_TOP/tests/beds/guest/image-init")" | cut -c1-16)
	cache_entry "$DEBIAN" make_debian
}

# new_guest FOLDER: that Debian's file system, in a file there; FOLDER is GUEST from now on
new_guest() {
	GUEST=$1
	cp "$DEBIAN/release" "$GUEST/"
	truncate -s 4G "$GUEST/root.ext4"
	mke2fs -q -t ext4 -E root_owner=0:0 -d "$DEBIAN/root" "$GUEST/root.ext4"
}

# What scripts for it may call
apt_get() { apt-get -q -y --no-install-recommends "$@"; }
without() { ! grep "$@"; }

# in_guest SCRIPT: run it in the file system of GUEST, with the folder SHARED as /mnt. What boots afterwards, the kernel that the
# file release names and its initramfs, is beside it. The release is also $1 of the script.
in_guest() {
	# The mounts are this process's own: any number of them share the mount point.
	mkdir -p "$PV_CACHE/mnt"
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount bash -euc '
		guest=$1 shared=$2 root=$3 arch=$5 release=$(<"$1/release")
		mount -o loop "$guest/root.ext4" "$root"
		mount -t proc proc "$root/proc"
		mount -t devtmpfs dev "$root/dev"
		mount --bind "$shared" "$root/mnt"
		echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/quick"
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			setarch "${arch/amd64/x86_64}" chroot "$root" bash -euo pipefail -c "$4" - "$release"
		cp "$root/boot/vmlinuz-$release" "$guest/vmlinuz"
		cp "$root/boot/initrd.img-$release" "$guest/initrd"
		umount -R "$root"' - "$GUEST" "$SHARED" "$PV_CACHE/mnt" "$(declare -f apt_get without); $1" "$K_ARCH"
}

# root_device: in a guest, the device that the disk of its root file system is on: of a SCSI disk, its controller
root_device() {
	local disk device
	disk=$(findmnt -no SOURCE /)
	device=$(readlink -f "/sys/block/${disk#/dev/}/device")
	device=${device%/host[0-9]*/target*}
	echo "${device%/ata[0-9]*}"
}
