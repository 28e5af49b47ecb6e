/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The newest kernel's own VMBus, on every kernel; for the module that rides on it.
 *
 *   PV_VMBUS_REMOVE(fn)             void fn(struct hv_device *), then give fn_op to the kernel
 */
#ifndef PV_COMPAT_KERNEL_VMBUS_H
#define PV_COMPAT_KERNEL_VMBUS_H

#include <linux/hyperv.h>
#include <pv_compat_config.h>

#if PV_HAVE_VMBUS_REMOVE_INT
#define PV_VMBUS_REMOVE(fn) static int fn##_op(struct hv_device *dev) { fn(dev); return 0; }
#else
#define PV_VMBUS_REMOVE(fn) static void fn##_op(struct hv_device *dev) { fn(dev); }
#endif

#endif /* PV_COMPAT_KERNEL_VMBUS_H */
