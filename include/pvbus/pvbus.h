/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pvbus: the shim between front-ends and hosts, as every front-end sees it.
 *
 * What is particular to devices behind Xen's xenbus is in <pvbus/xen.h>.
 */
#ifndef PVBUS_PVBUS_H
#define PVBUS_PVBUS_H

#include <linux/device.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/types.h>

#define PVBUS_TYPE_LEN	32

/* Which host answered, and whose lower half talks to it. */
enum pvbus_host {
	PVBUS_HOST_XEN,
	PVBUS_HOST_HYPERV,
};

struct pvbus_device;

/**
 * struct pvbus_device_id - one kind of device a driver serves
 * @type: "xen-vbd", "xen-vif", …; an empty type ends the table
 *
 * The module alias of a kind is "pvbus:" followed by its type.
 */
struct pvbus_device_id {
	char type[PVBUS_TYPE_LEN];
};

/**
 * struct pvbus_driver - a front-end
 * @driver: the driver-core part; @driver.name is set by the front-end
 * @ids: the kinds of device it serves
 * @groups: files in the folder of a device while the driver has it
 * @probe: takes the device; must not wait for the host to answer anything but the store
 * @remove: gives it back. Mirrors @probe; returns with no work of the driver's left behind,
 *	whatever the host does
 * @otherend_changed: the back-end is now in @state (enum xenbus_state). Level-triggered: states in
 *	between may have been skipped, and a state may be told twice
 * @suspend: the guest is about to be saved or migrated: stop using rings, grants and ports. May be
 *	NULL
 * @resume: the guest woke up at a host that knows nothing of the old rings, grants and ports. May
 *	be NULL
 * @shutdown: the guest reboots or starts another kernel: end the connection, what is in flight has
 *	had its time. May be NULL
 *
 * All six may sleep and are called with the device's lock held, so never two of them at once for
 * one device.
 */
struct pvbus_driver {
	struct device_driver driver;
	const struct pvbus_device_id *ids;
	const struct attribute_group **groups;
	int (*probe)(struct pvbus_device *pdev);
	void (*remove)(struct pvbus_device *pdev);
	void (*otherend_changed)(struct pvbus_device *pdev, int state);
	void (*suspend)(struct pvbus_device *pdev);
	int (*resume)(struct pvbus_device *pdev);
	void (*shutdown)(struct pvbus_device *pdev);
	/* private to pvbus */
	void *riding;			/* its driver on the kernel's own bus */
};

/**
 * struct pvbus_device - one device the host offers
 * @dev: driver-core part; its parent is the device the host's stack came up on
 * @type: kind, matched against struct pvbus_device_id
 * @quarantined: non-zero once the host broke the protocol on it; see pvbus_quarantine()
 * @bound: the lower half's: a driver's @probe has just succeeded. May be NULL
 */
struct pvbus_device {
	struct device dev;
	char type[PVBUS_TYPE_LEN];
	int quarantined;
	void (*bound)(struct pvbus_device *pdev);
};

#define to_pvbus_device(d)	container_of(d, struct pvbus_device, dev)
#define to_pvbus_driver(d)	container_of(d, struct pvbus_driver, driver)

/* Who drives it, or NULL; with its lock held */
static inline struct pvbus_driver *pvbus_driver_of(const struct pvbus_device *pdev)
{
	return pdev->dev.driver ? to_pvbus_driver(pdev->dev.driver) : NULL;
}

/**
 * pvbus_register_driver - add a front-end to the bus
 * @drv: the driver; must stay valid until pvbus_unregister_driver()
 *
 * Context: may sleep; probes matching devices before it returns.
 * Return: 0, or the errno of driver_register().
 */
#define pvbus_register_driver(drv) __pvbus_register_driver(drv, THIS_MODULE)
int __pvbus_register_driver(struct pvbus_driver *drv, struct module *owner);
void pvbus_unregister_driver(struct pvbus_driver *drv);

int pvbus_device_register(struct pvbus_device *pdev);
int pvbus_walk_devices(void *data, int (*fn)(struct device *dev, void *data));

__printf(2, 3) void pvbus_quarantine(struct pvbus_device *pdev, const char *fmt, ...);

static inline bool pvbus_is_quarantined(const struct pvbus_device *pdev)
{
	return READ_ONCE(pdev->quarantined);
}

/* A new connection has nothing to do with the one that went wrong. */
static inline void pvbus_unquarantine(struct pvbus_device *pdev)
{
	WRITE_ONCE(pdev->quarantined, 0);
}

void pvbus_bound(const char *module, const char *name, unsigned int *value, unsigned int min,
		 unsigned int max);
extern struct dentry *pvbus_debugfs;	/* /sys/kernel/debug/pvbus; an error is taken as it is */

/**
 * struct pvbus_noio_mutex - a mutex whose owner may be making the connection that reclaim waits for
 * @mutex: to be initialised as such
 * @flags: of the owner: it asks for memory without I/O, wherever it does
 */
struct pvbus_noio_mutex {
	struct mutex mutex;	/* the connection of a disk's front-end */
	unsigned int flags;
};

static inline void pvbus_noio_lock(struct pvbus_noio_mutex *m)
{
	mutex_lock(&m->mutex);
	m->flags = memalloc_noio_save();
}

static inline void pvbus_noio_unlock(struct pvbus_noio_mutex *m)
{
	memalloc_noio_restore(m->flags);
	mutex_unlock(&m->mutex);
}

#endif /* PVBUS_PVBUS_H */
