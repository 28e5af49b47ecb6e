#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Our modules are in the images that initramfs-tools and dracut make, in all their modes, whatever machine they run on.
set -euo pipefail
. /mnt/tests/packages/inside.sh

release=${KERNELS[0]}
kernel_image "$release"
kernel_headers "$release"
configured "$release" INET=n
make -s -C /mnt/src install-tools
dkms_install "$release"
mapfile -t modules < <(cd "/usr/lib/modules/$release/updates/dkms" && ls)

sed -i 's/^COMPRESS=.*/COMPRESS=lz4/' /etc/initramfs-tools/initramfs.conf
# has_all LISTING: all of our modules, the drivers for their emulated twins, and udev's rule for disks shown twice
has_all() {
	local m
	for m in udev/pv-disk-id rules.d/61-pv-on-hvm.rules; do
		grep -q "usr/lib/udev/${m#udev/}" "$1" || { echo "$m is not in it"; return 1; }
	done
	for m in "${modules[@]/#/updates/dkms/}" kernel/drivers/ata/ata_piix.ko kernel/drivers/ata/ahci.ko kernel/drivers/scsi/sd_mod.ko; do
		grep -q "$m" "$1" || { echo "$m is not in it"; return 1; }
	done
}

# of_debian MODE: an image of initramfs-tools
of_debian() {
	echo "MODULES=$1" >/etc/initramfs-tools/conf.d/modules
	mkinitramfs -o /tmp/image "$release"
	lsinitramfs /tmp/image >/tmp/listing
	has_all /tmp/listing
}

# of_dracut OPTION...: an image of dracut
of_dracut() {
	dracut --force --quiet --no-compress "$@" /tmp/image "$release"
	lsinitrd /tmp/image >/tmp/listing
	has_all /tmp/listing
}

# What MODULES=dep looks at: a root file system on a disk that has none of our drivers, here a loop device
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys
truncate -s 64M /tmp/disk
mke2fs -q -t ext4 /tmp/disk
loop=$(losetup -f --show /tmp/disk)
trap 'losetup -d "$loop"' EXIT
mkdir /tmp/root
mount "$loop" /tmp/root
trap 'umount -R -l /tmp/root; losetup -d "$loop"' EXIT
dep() {
	local d
	# Not /usr itself: it would be taken for a file system of its own
	for d in /usr/*/ etc/ var/ boot/ dev/ sys/ proc/ mnt/; do
		d=${d#/} d=${d%/}
		mkdir -p "/tmp/root/$d"
		mount --rbind "/$d" "/tmp/root/$d"
	done
	for d in bin sbin lib lib64; do
		ln -s "usr/$d" "/tmp/root/$d"
	done
	mkdir /tmp/root/tmp
	echo MODULES=dep >/etc/initramfs-tools/conf.d/modules
	chroot /tmp/root mkinitramfs -o /tmp/image "$release"
	lsinitramfs /tmp/root/tmp/image >/tmp/listing
	has_all /tmp/listing
}

check "${#modules[@]} modules were installed" [ "${#modules[@]}" -ge 5 ]
check 'initramfs-tools, MODULES=most' of_debian most
check 'initramfs-tools, MODULES=list' of_debian list
check 'initramfs-tools, MODULES=dep, on a machine with another disk' dep
check 'dracut, for any host' of_dracut --no-hostonly
check 'dracut, for this host' of_dracut --hostonly
check 'dracut, for this host, strictly' of_dracut --hostonly --hostonly-mode strict

echo MODULES=list >/etc/initramfs-tools/conf.d/modules
dkms remove "pv-on-hvm/$VERSION" --all >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
none() { "$@" /tmp/image >/tmp/listing && ! grep updates/ /tmp/listing; }
mkinitramfs -o /tmp/image "$release"
check 'without them initramfs-tools makes its image' none lsinitramfs
dracut --force --quiet --no-compress --hostonly --hostonly-mode strict /tmp/image "$release"
check 'and so does dracut' none lsinitrd
