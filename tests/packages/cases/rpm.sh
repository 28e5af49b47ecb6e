#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The RPM packages: built, checked by rpmlint, and what is in them; the one for dkms installed, upgraded, downgraded,
# installed again and removed, the one with modules for one kernel installed and removed.
set -euo pipefail
. /mnt/tests/packages/inside.sh

release=${KERNELS[0]}
# The other one is not on this machine
rm -r "/usr/lib/modules/${KERNELS[1]}"
kernel_image "$release"
tree "$release" >/tmp/tree
kernel_headers "$release"
little_to_build "$release"
# RPM gives scripts a PATH of its own; with ours dkms compiles by ccache
echo "%_install_script_path $PATH" >/root/.rpmmacros
cd /mnt/src
check 'make rpm' packaging/make-rpm /tmp/rpm
check 'make rpm with modules for one kernel' env "KDIR=/lib/modules/$release/build" packaging/make-rpm /tmp/rpm-kmod
# Not wanted: what Debian's RPM cannot know or do (signatures, changelogs, licences, compression; man pages that are not
# compressed by bzip2 are none to it); that a package whose purpose are sources has sources
cat >/tmp/rpmlint.toml <<'T'
Filters = ["no-signature", "only-non-binary-in-usr-lib", "invalid-license", "devel-file-in-non-devel-package .*/usr/src/",
"manpage-not-compressed", "no-url-tag", "no-manual-page-for-binary pv-doctor", "no-documentation", "invalid-url", "no-changelog", "unknown-key", "spelling-error", "no-binary"]
T
clean() { rpmlint -c /tmp/rpmlint.toml /tmp/rpm/*/*.rpm | tee /tmp/lint; grep -q ' 0 errors, 0 warnings' /tmp/lint; }
check 'rpmlint has nothing to say' clean

dkms_rpm=$(echo /tmp/rpm/noarch/pv-on-hvm-dkms-*.rpm) tools_rpm=$(echo /tmp/rpm/noarch/pv-on-hvm-tools-*.rpm)
rpm -qlp "$dkms_rpm" >/tmp/list
check 'the sources are in pv-on-hvm-dkms' says /tmp/list "/usr/src/pv-on-hvm-$VERSION/dkms.conf"
rpm -qlp "$tools_rpm" >/tmp/list
check 'the module for dracut is in pv-on-hvm-tools' says /tmp/list /usr/lib/dracut/modules.d/90pv-on-hvm/module-setup.sh
check 'so is pv-doctor' says /tmp/list /usr/sbin/pv-doctor
check 'and its man page' says /tmp/list /usr/share/man/man8/pv-doctor.8.gz
one_bin() {
	mkdir /tmp/home
	echo '%_sbindir /usr/bin' >/tmp/home/.rpmmacros
	HOME=/tmp/home packaging/make-rpm /tmp/rpm-one-bin
	rpm -qlp /tmp/rpm-one-bin/noarch/pv-on-hvm-tools-*.rpm | grep -x /usr/bin/pv-doctor
}
check 'where /usr/sbin is no folder of its own, pv-doctor is in /usr/bin' one_bin

next=$VERSION.1
check 'make rpm, of another version' env "VERSION=$next" packaging/make-rpm /tmp/rpm-next
# put OPTION... FOLDER: the packages there, by rpm with their scripts; what that says is in /tmp/log
put() {
	local folder=${*: -1}
	rpm --nodeps "${@:1:$#-1}" "$folder"/noarch/pv-on-hvm-{dkms,tools}-*.rpm >/tmp/log 2>&1 || { cat /tmp/log; return 1; }
}
# serves VERSION: our modules are those of that version, dkms knows of no other, and nothing was complained about
serves() {
	is_ours "$release" hv_storvsc hv-storvsc
	[ "$(modinfo -k "$release" -F version hv_storvsc)" = "$1" ]
	dkms status pv-on-hvm | tee /tmp/status
	grep -qx "pv-on-hvm/$1, $release, [^ ]*: installed" /tmp/status
	[ "$(wc -l </tmp/status)" = 1 ]
	[ "$(ls -d /usr/src/pv-on-hvm-*)" = "/usr/src/pv-on-hvm-$1" ]
	! grep 'no modules of ours' /tmp/log
}
its_own() { tree "$release" | grep -v '^\./build$' | diff /tmp/tree -; }
check 'pv-on-hvm-dkms is installed' put -i /tmp/rpm
check 'the kernel has our modules' serves "$VERSION"
check 'upgraded' put -U /tmp/rpm-next
check 'it has those of the new version' serves "$next"
check 'downgraded' put -U --oldpackage /tmp/rpm
check 'it has those of the old version' serves "$VERSION"
check 'the same once more' put --reinstall /tmp/rpm
check 'it has them still' serves "$VERSION"
break_compile "$release"
check 'upgraded, where our sources do not compile' put -U /tmp/rpm-next
check 'what is missing is named' says /tmp/log "$BROKEN_SAYS"
check 'so is the kernel' says /tmp/log "pv-on-hvm: $release: no modules of ours; it has the drivers that came with it"
check 'which has its own drivers' its_own
cp /tmp/saved "$BROKEN"
check 'the same once more, with headers that are mended' put --reinstall /tmp/rpm-next
check 'it has our modules' serves "$next"
check 'removed' rpm -e --nodeps pv-on-hvm-dkms pv-on-hvm-tools
check 'the kernel has its own drivers' its_own
check 'nothing of dkms is left' [ ! -e /var/lib/dkms/pv-on-hvm ]

modules="/lib/modules/$release/extra/pv-on-hvm"
check 'the modules are for that kernel' says <(rpm -qlp /tmp/rpm-kmod/*/kmod-*.rpm) "$modules/pvbus.ko"

# What akmods does on a guest, with a key of its own
akmod() {
	mkdir -p /tmp/akmod /etc/pki/akmods/private /etc/pki/akmods/certs
	(cd /tmp/akmod && rpm2cpio /tmp/rpm/noarch/akmod-pv-on-hvm-*.rpm | cpio -id --quiet)
	openssl req -new -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=akmods/ -outform DER -out /etc/pki/akmods/certs/public_key.der \
		-keyout /etc/pki/akmods/private/private_key.priv
	rpmbuild --rebuild --nodeps --define "kernels $release" --define '_topdir /tmp/akmods' --define '_rpmdir /tmp/akmods' \
		"/tmp/akmod/usr/src/akmods/pv-on-hvm-kmod.latest"
}
check 'akmods can build them, too' akmod
kmod=$(echo /tmp/akmods/*/kmod-pv-on-hvm-"$release"-*.rpm)
rpm_db() { rpm --dbpath /tmp/db --nodeps --noscripts "$@"; }
check 'the modules can be installed' rpm_db -i "$kmod"
mkdir -p /etc/depmod.d
echo 'search updates extra built-in weak-updates' >/etc/depmod.d/fedora.conf # as Fedora, RHEL and openSUSE have it
depmod "$release"
loaded() { modinfo -k "$release" -F filename hv_storvsc | tee /dev/stderr | grep -qx "$modules/hv-storvsc.ko"; }
check 'and are loaded instead of the kernel'"'"'s own' loaded
check 'they are signed' says <(modinfo -F signer "$modules/pvbus.ko") akmods
check 'removed again' rpm_db -e "kmod-pv-on-hvm-$release"
rm /etc/depmod.d/fedora.conf
depmod "$release"
rm -f "/usr/lib/modules/$release/build"
check 'nothing is left' diff /tmp/tree <(tree "$release")
