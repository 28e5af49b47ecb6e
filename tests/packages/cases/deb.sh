#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The Debian packages: built, clean, installed, a new kernel comes, upgraded, downgraded, removed, purged.
set -euo pipefail
. /mnt/tests/packages/inside.sh

old=${KERNELS[0]} new=${KERNELS[1]} next=$VERSION.1
build() {
	cd /mnt/src
	packaging/make-deb /tmp/deb
	VERSION=$next packaging/make-deb /tmp/deb
}
check 'make deb, of two versions' build
debs=("/tmp/deb/pv-on-hvm-dkms_${VERSION}_all.deb" "/tmp/deb/pv-on-hvm-tools_${VERSION}_all.deb")
next_debs=("/tmp/deb/pv-on-hvm-dkms_${next}_all.deb" "/tmp/deb/pv-on-hvm-tools_${next}_all.deb")
clean() {
	lintian --allow-root --no-tag-display-limit "${debs[@]}" | tee /tmp/lint
	[ ! -s /tmp/lint ]
}
check 'lintian has nothing to say' clean

two_kernels
hooks postinst "$old" >/tmp/log 2>&1
kernel_headers "$old"

# serves RELEASE VERSION: our modules are those of that version, and in the initramfs
serves() {
	is_ours "$1" hv_storvsc hv-storvsc
	[ "$(modinfo -k "$1" -F version hv_storvsc)" = "$2" ]
	in_initramfs "$1" '/updates/dkms/hv-storvsc.ko'
	dkms status pv-on-hvm -k "$1" | grep "^pv-on-hvm/$2, .*: installed"
	[ "$(dkms status pv-on-hvm -k "$1" | wc -l)" = 1 ]
}

check 'installed' dpkg -i "${debs[@]}"
check 'the kernel has our modules' serves "$old" "$VERSION"
check 'pv-doctor runs' bash -c 'pv-doctor --json >/tmp/doctor; [ $? -le 3 ] && grep -q "^{" /tmp/doctor'
check 'its man page is there' [ -e /usr/share/man/man8/pv-doctor.8.gz ]

kernel_headers "$new"
hooks postinst "$new" >/tmp/log 2>&1
check 'a new kernel comes, and has them, too' serves "$new" "$VERSION"

check 'upgraded' dpkg -i "${next_debs[@]}"
for release in "$old" "$new"; do
	check "$release has those of the new version" serves "$release" "$next"
done
check 'the old version is gone' [ ! -e "/usr/src/pv-on-hvm-$VERSION" ]
# Its headers go: from here on it is left with what it came with
rm "/usr/lib/modules/$new/build"
check 'downgraded' dpkg -i "${debs[@]}"
check "$old has those of the old version" serves "$old" "$VERSION"

# clean_again: as if we had never been there
clean_again() {
	has_its_own "$old"
	has_its_own "$new"
	[ ! -e /var/lib/dkms/pv-on-hvm ]
}
check 'removed' dpkg -r pv-on-hvm-dkms pv-on-hvm-tools
check 'kernels and their initramfs are as they were' clean_again
check 'installed again' dpkg -i "${debs[@]}"
check "$old has our modules" serves "$old" "$VERSION"

# upgraded: whatever became of the modules, dpkg is done with the package
upgraded() {
	dpkg -i "${next_debs[@]}" >/tmp/log 2>&1 || { cat /tmp/log; return 1; }
	[ "$(dpkg-query -W -f '${Status} ${Version}' pv-on-hvm-dkms)" = "install ok installed $next" ]
}
kernel_headers "$new"
break_compile "$new"
check 'upgraded, with a kernel that our sources do not compile for' upgraded
check 'what is missing is named' says /tmp/log "$BROKEN_SAYS"
check "so is the kernel" says /tmp/log "pv-on-hvm: $new: no modules of ours; it has the drivers that came with it"
check 'which has its own drivers' has_its_own "$new"
check 'the other one has those of the new version' serves "$old" "$next"
cp /tmp/saved "$BROKEN"
check 'its headers are mended' hooks header_postinst "$new"
check 'and it has ours' serves "$new" "$next"
rm "/usr/lib/modules/$new/build"

check 'purged' dpkg -P pv-on-hvm-dkms pv-on-hvm-tools
check 'kernels and their initramfs are as they were' clean_again
none() {
	find / -xdev \( -path /tmp -o -path /mnt \) -prune -o -iname '*pv-on-hvm*' -print | tee /tmp/left
	[ ! -s /tmp/left ]
}
check 'nothing is left' none
