# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by tests/demo and tests/packages/{matrix,secure-boot}, after tests/kernels/lib.sh: a Debian to be a guest, with the
# kernel of kernel(), its headers and dkms. LOGS is where to write what was said.

IN_GUEST=zstd,dkms,initramfs-tools,fio,kmod,udev,util-linux,procps,e2fsprogs,iperf3,iproute2,iputils-ping,ethtool

# make_debian FOLDER: the guest's Debian, with its kernel and all that dkms needs
make_debian() {
	local suite=${K_SUITE%-backports} sources=() from=
	say "building the guest: Debian $suite with kernel, headers and dkms (about two minutes)"
	if [ "$suite" != "$K_SUITE" ]; then
		sources=("deb $(mirror) $K_SUITE main")
		from=/$K_SUITE
	fi
	mmdebstrap --quiet --mode=root --variant=minbase --format=directory --include="$IN_GUEST" \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--customize-hook='chroot "$1" apt-get -q install -y --no-install-recommends '"linux-image-amd64$from linux-headers-amd64$from" \
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
	DEBIAN=$PV_CACHE/demo/debian-$(sha256sum <<<"$K_SUITE $IN_GUEST $(declare -f make_debian)
$(<"$PV_TOP/tests/beds/guest/image-init")" | cut -c1-16)
	cache_entry "$DEBIAN" make_debian
}
