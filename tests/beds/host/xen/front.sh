# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced by disk-add.

# front SPEC: the disk's device, for QMP
front() {
	model=xen-disk
	[ -z "$(option "$1" cdrom)" ] || model=xen-cdrom
	printf '"driver":"%s","vdev":"%s"' $model "$(option "$1" vdev)"
	[ $model = xen-cdrom ] ||
		printf ',"logical_block_size":%d,"physical_block_size":%d' "$(option "$1" sector 512)" "$(option "$1" sector 512)"
}
