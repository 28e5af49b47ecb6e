// SPDX-License-Identifier: GPL-2.0-only
/* The bus itself: devices of every host on one bus, matched by their type. */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <bus.h>
#include <pvbus/platform.h>
#include <pvbus/show.h>
#include "hyperv/ride.h"
#include "xen/intree.h"
#include "xen/store.h"

struct dentry *pvbus_debugfs;
EXPORT_SYMBOL_GPL(pvbus_debugfs);

static int pvbus_match(struct device *dev, const struct device_driver *drv)
{
	const struct pvbus_device *pdev = to_pvbus_device(dev);
	const struct pvbus_device_id *id = to_pvbus_driver(drv)->ids;

	for (; id->type[0]; id++) {
		if (!strcmp(id->type, pdev->type))
			return 1;
	}
	return 0;
}
PV_BUS_MATCH(pvbus_match)

static int pvbus_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "MODALIAS=pvbus:%s", to_pvbus_device(dev)->type);
}
PV_BUS_UEVENT(pvbus_uevent)

static int pvbus_probe(struct device *dev)
{
	struct pvbus_driver *drv = to_pvbus_driver(dev->driver);
	struct pvbus_device *pdev = to_pvbus_device(dev);
	int err = drv->probe(pdev);

	if (err)
		return err;
	err = sysfs_create_groups(&dev->kobj, drv->groups);
	if (err)
		drv->remove(pdev);
	else if (pdev->bound)
		pdev->bound(pdev);
	return err;
}

static void pvbus_remove(struct device *dev)
{
	struct pvbus_driver *drv = to_pvbus_driver(dev->driver);

	sysfs_remove_groups(&dev->kobj, drv->groups);
	drv->remove(to_pvbus_device(dev));
}
PV_BUS_REMOVE(pvbus_remove)

static void pvbus_shutdown(struct device *dev)
{
	if (dev->driver && to_pvbus_driver(dev->driver)->shutdown)
		to_pvbus_driver(dev->driver)->shutdown(to_pvbus_device(dev));
}

#define SHOW(file, fmt, ...) \
	PVBUS_SHOW(const struct pvbus_device *pdev, to_pvbus_device, file, fmt, __VA_ARGS__)
#define FILES(FILE)						\
	FILE(modalias, "pvbus:%s", pdev->type)			\
	FILE(type, "%s", pdev->type)				\
	FILE(quarantined, "%d", pvbus_is_quarantined(pdev))

FILES(SHOW)
static struct attribute *pvbus_attrs[] = PVBUS_ATTRS(FILES);
ATTRIBUTE_GROUPS(pvbus);

static struct bus_type pvbus_bus = {
	.name = "pvbus",
	.dev_groups = pvbus_groups,
	.match = pvbus_match_op,
	.uevent = pvbus_uevent_op,
	.probe = pvbus_probe,
	.remove = pvbus_remove_op,
	.shutdown = pvbus_shutdown,
};

/**
 * __pvbus_register_driver - add a front-end to the bus; called through pvbus_register_driver()
 * @drv: the driver; must stay valid until pvbus_unregister_driver()
 * @owner: its module
 *
 * Context: may sleep; probes matching devices before it returns.
 * Return: 0, or the errno of driver_register().
 */
int __pvbus_register_driver(struct pvbus_driver *drv, struct module *owner)
{
	int err;

	drv->driver.bus = &pvbus_bus;
	drv->driver.owner = owner;
	err = hv_driver_register(drv);
	if (!err && in_tree()) {
		err = intree_claim(drv);
		if (err)
			hv_driver_unregister(drv);
	}
	return err;
}
EXPORT_SYMBOL_GPL(__pvbus_register_driver);

/**
 * pvbus_unregister_driver - take a front-end off the bus
 * @drv: from pvbus_register_driver()
 *
 * Context: may sleep; remove() of each of its devices has returned when this does.
 */
void pvbus_unregister_driver(struct pvbus_driver *drv)
{
	if (in_tree())
		intree_release(drv);
	hv_driver_unregister(drv);
}
EXPORT_SYMBOL_GPL(pvbus_unregister_driver);

/**
 * pvbus_device_register - put a device on the bus
 * @pdev: device; @pdev->dev has been through device_initialize() and has name, parent and release,
 *	@pdev->type is set
 *
 * Context: may sleep; a driver that is there probes before it returns.
 * Return: 0, and device_del() takes it off again; or the errno of device_add(). The caller's
 * reference stays either way.
 */
int pvbus_device_register(struct pvbus_device *pdev)
{
	pdev->dev.bus = &pvbus_bus;
	return device_add(&pdev->dev);
}

/**
 * pvbus_walk_devices - call a function for every device on the bus
 * @data: argument of @fn
 * @fn: called with the device held, not locked; a return value other than 0 ends the walk
 *
 * Context: may sleep.
 * Return: what the last @fn returned, 0 if there was none.
 */
int pvbus_walk_devices(void *data, int (*fn)(struct device *dev, void *data))
{
	return bus_for_each_dev(&pvbus_bus, NULL, data, fn);
}
EXPORT_SYMBOL_GPL(pvbus_walk_devices);

/* pvbus_walk_drivers - the same for drivers */
int pvbus_walk_drivers(void *data, int (*fn)(struct device_driver *drv, void *data))
{
	return bus_for_each_drv(&pvbus_bus, NULL, data, fn);
}

static int tell_taken(struct device *dev, void *data)
{
	struct device_driver *drv = data;

	device_lock(dev);
	if (dev->driver && dev->driver != drv && drv->bus->match(dev, drv))
		dev_info(dev, "driver %s has it, and keeps it; to hand it over, unbind it there and bind it to %s\n",
			 dev->driver->name, drv->name);
	device_unlock(dev);
	return 0;
}

/**
 * pvbus_tell_taken - a line for each device of a bus of the kernel's that another driver has
 * @drv: registered driver of ours on that bus, which would serve it, too
 *
 * Context: may sleep.
 */
void pvbus_tell_taken(struct device_driver *drv)
{
	bus_for_each_dev(drv->bus, NULL, drv, tell_taken);
}
EXPORT_SYMBOL_GPL(pvbus_tell_taken);

/**
 * pvbus_quarantine - the host broke the protocol on a device: believe nothing it says any more
 * @pdev: device
 * @fmt: what it did, for the log; told for the first time only
 *
 * Sets the mark and no more: ending what is in flight is the driver's.
 *
 * Context: any.
 */
void pvbus_quarantine(struct pvbus_device *pdev, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list ap;

	if (cmpxchg(&pdev->quarantined, 0, 1))
		return;
	va_start(ap, fmt);
	vaf.va = &ap;
	dev_err_ratelimited(&pdev->dev, "quarantined: %pV\n", &vaf);
	va_end(ap);
}
EXPORT_SYMBOL_GPL(pvbus_quarantine);

int pvbus_bus_init(void)
{
	int err = bus_register(&pvbus_bus);

	if (!err)
		pvbus_debugfs = debugfs_create_dir("pvbus", NULL);
	return err;
}

void pvbus_bus_exit(void)
{
	debugfs_remove_recursive(pvbus_debugfs);
	bus_unregister(&pvbus_bus);
}
