/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The newest kernel's own xenbus and grant table, on every kernel; for the lower half that rides on
 * them.
 *
 *   gnttab_end_foreign_access_ref(ref)
 *   PV_XENBUS_REMOVE(fn)            void fn(struct xenbus_device *), then give fn_op to the kernel
 *   enum xenbus_state is the shim's: the kernel's of that name is enum kernel_xenbus_state
 */
#ifndef PV_COMPAT_XEN_H
#define PV_COMPAT_XEN_H

#define xenbus_state kernel_xenbus_state
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/page.h>
#include <xen/xenbus.h>
#undef xenbus_state
#include <pv_compat_config.h>

#if PV_HAVE_GNTTAB_END_READONLY
#define gnttab_end_foreign_access_ref(ref) gnttab_end_foreign_access_ref(ref, 0)
#endif

#if PV_HAVE_XENBUS_REMOVE_INT
#define PV_XENBUS_REMOVE(fn) static int fn##_op(struct xenbus_device *dev) { fn(dev); return 0; }
#else
#define PV_XENBUS_REMOVE(fn) static void fn##_op(struct xenbus_device *dev) { fn(dev); }
#endif

#endif /* PV_COMPAT_XEN_H */
