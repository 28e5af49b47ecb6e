/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen's platform PCI device and the ports by which emulated devices are unplugged.
 *
 * Specification: docs/misc/hvm-emulated-unplug.pandoc, xen/include/public/hvm/pvdrivers.h
 */
#ifndef ABI_XEN_PLATFORM_H
#define ABI_XEN_PLATFORM_H

#define XEN_PLATFORM_VENDOR		0x5853
#define XEN_PLATFORM_DEVICE		0x0001
#define XEN_PLATFORM_DEVICE_XS61	0x0002	/* XenServer 6.1 and later */
#define XEN_PLATFORM_DEVICE_CITRIX	0xc000

/* One port, by width and direction */
#define XEN_UNPLUG_MAGIC_R16		0x10
#define XEN_UNPLUG_VERSION_R8		0x12
#define XEN_UNPLUG_PRODUCT_W16		0x12	/* XEN_PRODUCT_* */
#define XEN_UNPLUG_BUILD_W32		0x10	/* our build number */
#define XEN_UNPLUG_WHAT_W16		0x10	/* XEN_UNPLUG_* bits */

#define XEN_UNPLUG_MAGIC		0x49d2
#define XEN_UNPLUG_BLACKLISTED		0xd249	/* the host does not want these drivers */

#define XEN_UNPLUG_IDE_DISKS		(1u << 0)	/* IDE and SCSI disks, not CD drives */
#define XEN_UNPLUG_NICS			(1u << 1)
#define XEN_UNPLUG_AUX_IDE_DISKS	(1u << 2)	/* IDE disks but the primary master */
#define XEN_UNPLUG_NVME_DISKS		(1u << 3)
#define XEN_UNPLUG_ALL			0xfu

#define XEN_PRODUCT_LINUX		3

#endif /* ABI_XEN_PLATFORM_H */
