# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by tests/packages/matrix: its row "update", a Debian 12 with the package to which kernels come by dpkg, as updates
# bring them, and which is booted after each step:
#   install, boot    the package
#   image      the next kernel of Debian 12's security archive, without its headers: boots on its own driver, and under
#              xen_nopv or nopv from the emulated twin of its disk
#   headers    they come, too: on ours
#   broken     Linux 6.12 from backports, on a machine whose compiler fails: on its own driver
#   backport   its headers once more, with a compiler that works; the first kernel goes: on ours
#   upgrade, downgrade, purge, reinstall    of the package
# Row "dracut": the initramfs of the first kernel is dracut's, for any host, and strictly for the one that it was made on.
# shellcheck disable=SC2034 # for whoever sources this
declare -A ROW_KERNEL=([update]=6.1 [dracut]=6.1)
# shellcheck disable=SC2034
declare -A ROW_STEPS=([update]='install boot image headers broken backport upgrade downgrade purge reinstall'
	[dracut]='install any strict')

# new_kernel SUITE PATTERN: its newest one is what boots from now on; its packages to $WORK/debs/image and headers
new_kernel() {
	local image version p headers release
	image=$(fetch_deb "$1" "linux-image-$2_")
	release=${image##*/linux-image-} version=$(cut -d_ -f2 <<<"${image##*/}")
	release=${release%%_*}
	headers=$(fetch_deb "$1" "linux-headers-$(quote "$release")_")
	rm -rf "$WORK/debs/image" "$WORK/debs/headers"
	mkdir "$WORK/debs/image" "$WORK/debs/headers"
	cp -l "$image" "$WORK/debs/image/"
	cp -l "$headers" "$WORK/debs/headers/"
	for p in $(dpkg-deb -f "$headers" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g'); do
		case $p in
		linux-headers-* | linux-kbuild-*) cp -l "$(fetch_deb "$1" "$(quote "${p}_$version")_")" "$WORK/debs/headers/" ;;
		esac
	done
	echo "$release" >"$GUEST/release"
}

# has VERSION [RELEASE]: ours of that version are installed for the kernel that boots, or for RELEASE, and in its initramfs
has() {
	local release=${2:-$(<"$GUEST/release")}
	in_guest "dkms status | grep -E 'pv-on-hvm/$(quote "$1, $release"), .*: installed'
		lsinitramfs /boot/initrd.img-$release | grep updates/dkms/pvbus.ko"
}

# has_none: it has none of ours, and an initramfs
has_none() {
	local release
	release=$(<"$GUEST/release")
	in_guest "dkms status | without 'pv-on-hvm.*$(quote "$release")'
		lsinitramfs /boot/initrd.img-$release | without /updates/"
}

change_image() {
	new_kernel bookworm-security '6\.1\.0-[0-9]+-amd64'
	in_guest 'dpkg -i /mnt/image/*.deb'
	has_none
	has "$VERSION" "$RELEASE"
}
boot_image() {
	by_its_own
	boots ours '/dev/sd[a-z] by /sys/bus/pci/drivers/ata_piix' --twin
}

change_headers() {
	in_guest 'dpkg -i /mnt/headers/*.deb'
	has "$VERSION"
	has "$VERSION" "$RELEASE"
}
boot_headers() { by_ours "$VERSION"; }

change_broken() {
	new_kernel bookworm-backports '6\.12\.[0-9.]+\+deb12[.0-9]*-amd64'
	in_guest 'mv /usr/bin/x86_64-linux-gnu-gcc-12 /root/
		ln -s /bin/false /usr/bin/x86_64-linux-gnu-gcc-12
		apt_get update
		apt_get install /mnt/image/*.deb /mnt/headers/*.deb
		mv /root/x86_64-linux-gnu-gcc-12 /usr/bin/'
	has_none
}
boot_broken() { by_its_own; }

change_backport() {
	in_guest "dpkg -i /mnt/headers/*.deb
		dpkg -P linux-{image,headers}-amd64 linux-{image,headers}-$RELEASE
		dkms status | without '$RELEASE'
		[ ! -e /lib/modules/$RELEASE ]"
	has "$VERSION"
}
boot_backport() { by_ours "$VERSION"; }

change_downgrade() { in_guest "dpkg -i /mnt/pv-on-hvm-dkms_${VERSION}_all.deb"; }
boot_downgrade() { by_ours "$VERSION"; }

change_purge() {
	in_guest "dpkg -P pv-on-hvm-dkms
		find /etc /usr /var /lib/modules -iname '*pv-on-hvm*' | without ."
	has_none
}
boot_purge() { by_its_own; }

change_reinstall() {
	change_downgrade
	has "$VERSION"
}
boot_reinstall() { by_ours "$VERSION"; }

dracut() {
	in_guest "mount -t sysfs sys /sys
		dracut --force --quiet $* /boot/initrd.img-$RELEASE $RELEASE
		lsinitrd /boot/initrd.img-$RELEASE | grep updates/dkms/pvbus.ko"
}

change_any() {
	in_guest 'apt_get update; apt_get install dracut-core'
	dracut --no-hostonly
}
boot_any() { by_ours "$VERSION"; }

change_strict() { dracut --hostonly --hostonly-mode strict; }
boot_strict() { by_ours "$VERSION"; }
