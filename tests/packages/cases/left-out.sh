#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a kernel has no use for is left out, with the reason; what has a twin built in takes another name. Modules are signed
# with the key that dkms is given.
set -euo pipefail
. /mnt/tests/packages/inside.sh

release=${KERNELS[0]}
kernel_image "$release"
kernel_headers "$release"
updates=/usr/lib/modules/$release/updates/dkms

openssl req -new -x509 -nodes -days 2 -subj '/CN=owner of this machine' -newkey rsa:2048 -keyout /root/mok.key \
	-outform DER -out /root/mok.der 2>/dev/null
printf 'mok_signing_key=%s\nmok_certificate=%s\n' /root/mok.key /root/mok.der >>/etc/dkms/framework.conf

configured "$release" SCSI=n NET=n XEN_BLKDEV_FRONTEND=y
dkms_install "$release"
check 'without CONFIG_SCSI: hv-storvsc is left out, and why is said' \
	says /tmp/log 'pv-on-hvm: hv-storvsc is left out: CONFIG_SCSI is off'
check 'without CONFIG_NET: xen-netfront is left out, and why is said' \
	says /tmp/log 'pv-on-hvm: xen-netfront is left out: CONFIG_NET is off'
check 'the others are installed, with -pv where the kernel has a twin built in' [ "$(ls "$updates" | tr '\n' ' ')" = \
	"hv-vmbus-intree.ko hv-vmbus-pv.ko pvbus.ko xen-blkfront-pv.ko xen-platform-pci.ko " ]
signed() {
	local m
	for m in "$updates"/*.ko; do
		[ "$(modinfo -F signer "$m")" = 'owner of this machine' ]
	done
}
check 'each is signed with the key of the machine'"'"'s owner' signed

# The headers go before the modules do
rm "/usr/lib/modules/$release/build"
check 'all of it can be removed when the headers are gone' dkms remove "pv-on-hvm/$VERSION" --all
check 'and is' [ ! -e "$updates" ]

kernel_headers "$release"
configured "$release" X86_LOCAL_APIC=n
status=0
dkms install "pv-on-hvm/$VERSION" -k "$release" >/tmp/log 2>&1 || status=$?
check 'a kernel that none of them serves is excluded, which is not an error' [ "$status" = 77 ]
check 'and why is said' says /tmp/log 'pv-on-hvm: pvbus is left out: CONFIG_X86_LOCAL_APIC is off'
