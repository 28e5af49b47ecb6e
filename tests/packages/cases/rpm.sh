#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The RPM packages: built, checked by rpmlint, and what is in them; the one with modules for one kernel installed and removed.
set -euo pipefail
. /mnt/tests/packages/inside.sh

release=${KERNELS[0]}
kernel_image "$release"
tree "$release" >/tmp/tree
kernel_headers "$release"
configured "$release" BLOCK=n NET=n
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
check 'so is the module for dracut' says /tmp/list /usr/lib/dracut/modules.d/90pv-on-hvm/module-setup.sh
rpm -qlp "$tools_rpm" >/tmp/list
check 'pv-doctor is in pv-on-hvm-tools' says /tmp/list /usr/sbin/pv-doctor
check 'so is its man page' says /tmp/list /usr/share/man/man8/pv-doctor.8.gz

check 'the modules are for that kernel' says <(rpm -qlp /tmp/rpm-kmod/*/kmod-*.rpm) "/lib/modules/$release/updates/pv-on-hvm/pvbus.ko"
kmod=$(echo /tmp/rpm-kmod/*/kmod-pv-on-hvm-*.rpm)
rpm_db() { rpm --dbpath /tmp/db --nodeps --noscripts "$@"; }
check 'the modules can be installed' rpm_db -i "$kmod"
depmod "$release"
loaded() { modinfo -k "$release" -F filename hv_storvsc | tee /dev/stderr | grep -q "/$release/updates/pv-on-hvm/hv-storvsc.ko"; }
check 'and are loaded instead of the kernel'"'"'s own' loaded
check 'removed again' rpm_db -e kmod-pv-on-hvm
depmod "$release"
rm -f "/usr/lib/modules/$release/build"
check 'nothing is left' diff /tmp/tree <(tree "$release")
