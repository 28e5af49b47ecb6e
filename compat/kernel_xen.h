/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The newest kernel's own xenbus and grant table, on every kernel; for the lower half that rides on
 * them.
 *
 *   gnttab_end_foreign_access_ref(ref)
 *   bind_evtchn_to_irqhandler_lateeoi(...), xen_irq_lateeoi(irq, flags); where the kernel knows
 *                                   no late EOI, the event was done with before the handler
 *   pv_xenbus_allow_rebind(drv)     may its devices go to another driver? Always, before 5.6
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

#if !PV_HAVE_XEN_LATEEOI
#undef XEN_EOI_FLAG_SPURIOUS
#define XEN_EOI_FLAG_SPURIOUS 1
#define bind_evtchn_to_irqhandler_lateeoi bind_evtchn_to_irqhandler
#define xen_irq_lateeoi(irq, flags) ((void)(flags))
#endif

#if PV_HAVE_XENBUS_ALLOW_REBIND
#define pv_xenbus_allow_rebind(drv) ((drv)->allow_rebind = true)
#else
#define pv_xenbus_allow_rebind(drv) ((void)(drv))
#endif

#if PV_HAVE_XENBUS_REMOVE_INT
#define PV_XENBUS_REMOVE(fn) static int fn##_op(struct xenbus_device *dev) { fn(dev); return 0; }
#else
#define PV_XENBUS_REMOVE(fn) static void fn##_op(struct xenbus_device *dev) { fn(dev); }
#endif

#endif /* PV_COMPAT_XEN_H */
