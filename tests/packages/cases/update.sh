#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A new kernel comes that our modules cannot be built for: it keeps its own drivers and gets its initramfs, the one before
# keeps ours; why is said by the name of what is missing. Once they can be built they are. Removing them restores all.
set -euo pipefail
. /mnt/tests/packages/inside.sh

old=${KERNELS[0]} new=${KERNELS[1]}
two_kernels
echo hv_storvsc >/etc/initramfs-tools/modules
hooks postinst "$old" >/tmp/log 2>&1
hooks postinst "$new" >/tmp/log 2>&1
new_initrd=$(sha256sum "/boot/initrd.img-$new")
check 'before: the kernel'"'"'s own hv_storvsc is in its initramfs' in_initramfs "$old" '/kernel/.*/hv_storvsc.ko'

kernel_headers "$old"
dkms_install "$old"
check 'installed by dkms: pvbus is in the initramfs' in_initramfs "$old" '/updates/dkms/pvbus.ko'
check 'so is hv-storvsc' in_initramfs "$old" '/updates/dkms/hv-storvsc.ko'
check 'and is the one that is loaded' is_ours "$old" hv_storvsc hv-storvsc
check 'the initramfs of no other kernel was touched' [ "$new_initrd" = "$(sha256sum "/boot/initrd.img-$new")" ]

# untouched: the old kernel has ours, the new one its own
old_initrd=$(sha256sum "/boot/initrd.img-$old")
untouched() {
	dkms status "pv-on-hvm/$VERSION" -k "$old" | grep -q installed
	[ "$old_initrd" = "$(sha256sum "/boot/initrd.img-$old")" ]
	in_initramfs "$new" '/kernel/.*/hv_storvsc.ko'
	has_its_own "$new"
}

# An interface of compat/needs is missing
kernel_headers "$new"
file=$(header "$new" linux/irqdomain.h)
cp "$file" /tmp/saved
sed -i 's/irq_domain_create_hierarchy/irq_domain_other/' "$file"
status=0
hooks header_postinst "$new" >/tmp/log 2>&1 || status=$?
check 'an interface is missing: the headers are installed all the same' [ $status -eq 0 ]
check 'what is missing is named' says /tmp/log \
	'pv-on-hvm: error: this kernel lacks what we need: function irq_domain_create_hierarchy() in linux/irqdomain.h (pvbus)'
check 'that is all that happens' untouched
cp /tmp/saved "$file"

# Something else has changed
break_compile "$new"
rm -f "/boot/initrd.img-$new"
hooks postinst "$new" >/tmp/log 2>&1 || status=$?
check 'our sources do not compile: the kernel is installed all the same' [ $status -eq 0 ]
check 'what is missing is named' says /tmp/log "$BROKEN_SAYS"
check 'that is all that happens' untouched
cp /tmp/saved "$BROKEN"

check 'as it should be: the headers are installed' hooks header_postinst "$new"
check 'with our modules' is_ours "$new" hv_storvsc hv-storvsc
check 'which are in the initramfs' in_initramfs "$new" '/updates/dkms/hv-storvsc.ko'

check 'removed by dkms' dkms remove "pv-on-hvm/$VERSION" --all
for release in "$old" "$new"; do
	rm "/usr/lib/modules/$release/build"
	check "$release: its modules are as they were" diff "/tmp/tree-$release" <(tree "$release")
	check "$release: its own driver is in the initramfs" in_initramfs "$release" '/kernel/.*/hv_storvsc.ko'
	check "$release: ours are not" [ -z "$(in_initramfs "$release" '/updates/')" ]
done
check 'no hook is left' [ -z "$(find /etc/kernel /etc/initramfs-tools /usr/lib/dracut /usr/share/initramfs-tools -name '*pv-on-hvm*' 2>/dev/null)" ]
