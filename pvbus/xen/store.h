/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rest of pvbus calls in bus.c, xen/xs.c and xen/xenbus.c. */
#ifndef PVBUS_XEN_STORE_H
#define PVBUS_XEN_STORE_H

#include <linux/errno.h>
#include <linux/types.h>

struct device;
struct device_driver;
struct pvbus_xen_device;

/* main.c: works that reclaim may be waiting for */
extern struct workqueue_struct *pvbus_wq;

/* grant.c */
void xen_grants_give_up(void);

/* bus.c */
int pvbus_bus_init(void);
void pvbus_bus_exit(void);
int pvbus_walk_drivers(void *data, int (*fn)(struct device_driver *drv, void *data));

/* xs.c */
int pvbus_xs_start(void *ring, void (*notify)(void));
void pvbus_xs_event(void);
void pvbus_xs_stop(void);
void pvbus_xs_suspend(void);
int pvbus_xs_resume(int err);
int pvbus_xs_transact(int (*fn)(u32 tx, void *data), void *data);

/* Whether @err says that the store is no good, rather than what it answered */
static inline bool store_failed(int err)
{
	return err == -EIO || err == -ETIMEDOUT;
}

/* xenbus.c */
struct pvbus_xen_device *pvbus_xen_device_alloc(struct device *parent, const char *node,
						const char *backend);
void pvbus_xen_unpublish(struct pvbus_xen_device *xdev);
void pvbus_xenbus_suspend(void);
int pvbus_xenbus_resume(int err);

/* control.c */
void xen_control_start(void (*awake)(void));
void xen_control_stop(void);

#endif /* PVBUS_XEN_STORE_H */
