// SPDX-License-Identifier: GPL-2.0-only
/*
 * Riding on the kernel's own VMBus: newer front-ends for a kernel that brought Hyper-V up itself.
 *
 * That VMBus finds the channels, shares the rings' memory with the host, and calls us when the host
 * has something to say. The packets in the rings, and the devices on our bus, are the same as
 * without it. Its symbols are another module's, so what names them is a module, too
 * (hv-vmbus-intree); this file is pvbus's side of it.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <bus.h>
#include <pvbus/platform.h>
#include "../xen/store.h"
#include "internal.h"
#include "ride.h"

const struct pvbus_hv_ride *hv_ride;
static DEFINE_MUTEX(ride_lock);		/* @hv_ride, and which front-ends it knows of */

/* -- front-ends -- */

static bool serves_vmbus(const struct pvbus_driver *drv)
{
	const struct pvbus_device_id *id;

	for (id = drv->ids; id->type[0]; id++) {
		if (!strncmp(id->type, "hv-", 3))
			return true;
	}
	return false;
}

/* A ride that begins meanwhile either finds the front-end or is found here. */
static int register_riding(struct pvbus_driver *drv)
{
	int err;

	mutex_lock(&ride_lock);
	err = driver_register(&drv->driver);
	if (!err && hv_ride) {
		err = hv_ride->claim(drv);
		if (err)
			driver_unregister(&drv->driver);
	} else if (!err) {
		pr_warn("pvbus: the kernel's own VMBus is in charge, %s waits for hv-vmbus-intree to ride on it\n",
			drv->driver.name);
	}
	mutex_unlock(&ride_lock);
	return err;
}

/* hv_driver_register - driver_register() for a front-end, and what it needs to be given devices */
int hv_driver_register(struct pvbus_driver *drv)
{
	if (!serves_vmbus(drv) || !pvbus_kernel_owns_host(PVBUS_HOST_HYPERV))
		return driver_register(&drv->driver);
	request_module("hv-vmbus-intree");
	return register_riding(drv);
}

/* hv_driver_unregister - the reverse. No ride that begins meanwhile claims the front-end again. */
void hv_driver_unregister(struct pvbus_driver *drv)
{
	mutex_lock(&ride_lock);
	if (hv_ride && serves_vmbus(drv))
		hv_ride->release(drv);
	driver_unregister(&drv->driver);
	mutex_unlock(&ride_lock);
}

/* -- the ride -- */

static int claim(struct device_driver *drv, void *unused)
{
	return serves_vmbus(to_pvbus_driver(drv)) ? hv_ride->claim(to_pvbus_driver(drv)) : 0;
}

static int release(struct device_driver *drv, void *unused)
{
	if (serves_vmbus(to_pvbus_driver(drv)))
		hv_ride->release(to_pvbus_driver(drv));
	return 0;
}

static void stop(void)
{
	pvbus_walk_drivers(NULL, release);
	hv_devices_stop();
	hv_set_doorbell(NULL);
	hv_vmbus.version = 0;
	hv_ride = NULL;
}

/**
 * pvbus_hv_ride_start - the kernel's own VMBus is there to ride on
 * @ride: how; stays until pvbus_hv_ride_stop()
 *
 * Context: may sleep; front-ends that are there already have been given their devices when it
 * returns.
 * Return: 0; -ENODEV if the kernel does not use Hyper-V; -EOPNOTSUPP in a confidential guest;
 * -ENOMEM; the errno of @ride->claim().
 */
int pvbus_hv_ride_start(const struct pvbus_hv_ride *ride)
{
	int err;

	if (!pvbus_kernel_owns_host(PVBUS_HOST_HYPERV))
		return -ENODEV;
	if (pv_memory_hidden()) {
		pr_err("pvbus: this guest hides its memory from the host, which would get encrypted data: leaving VMBus alone\n");
		return -EOPNOTSUPP;
	}
	mutex_lock(&ride_lock);
	err = hv_devices_start(NULL);
	if (!err) {
		pr_info("pvbus: riding on the kernel's own VMBus, version %u.%u\n",
			ride->version >> 16, ride->version & 0xffff);
		hv_vmbus.version = ride->version;
		hv_set_doorbell(ride->signal);
		hv_ride = ride;
		err = pvbus_walk_drivers(NULL, claim);
		if (err)
			stop();
	}
	mutex_unlock(&ride_lock);
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_hv_ride_start);

/**
 * pvbus_hv_ride_stop - the reverse; nothing of the ride's is called any more when it returns
 *
 * Context: may sleep; the front-ends' remove() has run for all devices.
 */
void pvbus_hv_ride_stop(void)
{
	mutex_lock(&ride_lock);
	stop();
	mutex_unlock(&ride_lock);
}
EXPORT_SYMBOL_GPL(pvbus_hv_ride_stop);

/* -- devices and channels -- */

/* Its work item has registered it, or has found that it cannot be, and removed it again. */
static struct pvbus_vmbus_device *registered(struct hv_device *hd)
{
	flush_delayed_work(&hd->work);
	if (READ_ONCE(hd->leaving)) {
		flush_delayed_work(&hd->work);
		put_device(&hd->vdev.pdev.dev);
		return ERR_PTR(-ENODEV);
	}
	return &hd->vdev;
}

/**
 * pvbus_hv_offer - the kernel's own VMBus gives us a channel
 * @parent: the kernel's device
 * @offer: the host's offer of the channel, as it came
 * @len: bytes of it
 * @kernel: the kernel's channel, valid until @put
 * @gone: set once the host has taken the channel back
 *
 * Context: may sleep; of a device's first channel, the front-end's probe() has run when it returns.
 * Return: the device, to be given to pvbus_hv_withdraw(); NULL for a further channel of one; an
 * errno as a pointer, and then the channel is not taken.
 */
struct pvbus_vmbus_device *pvbus_hv_offer(struct device *parent, const void *offer, u32 len,
					  void *kernel, const bool *gone)
{
	struct hv_origin from = { .parent = parent, .kernel = kernel, .gone = gone };
	struct hv_device *hd = NULL;
	struct hv_msg msg;
	int err;

	err = hv_msg_parse(&msg, offer, len);
	if (!err)
		err = hv_take_offer(&msg, &from, &hd);
	if (err)
		return ERR_PTR(err);
	return hd ? registered(hd) : NULL;
}
EXPORT_SYMBOL_GPL(pvbus_hv_offer);

/**
 * pvbus_hv_withdraw - the kernel's own VMBus takes a device back
 * @vdev: from pvbus_hv_offer()
 *
 * Context: may sleep; the front-end's remove() has run, and all channels are closed, when it
 * returns.
 */
void pvbus_hv_withdraw(struct pvbus_vmbus_device *vdev)
{
	struct hv_device *hd = to_hv_device(vdev);

	WRITE_ONCE(hd->leaving, true);
	hv_device_wake(hd);
	flush_delayed_work(&hd->work);
	put_device(&vdev->pdev.dev);
}
EXPORT_SYMBOL_GPL(pvbus_hv_withdraw);

int hv_ride_open(struct hv_channel *hc, u32 out_bytes, u32 in_bytes)
{
	struct pvbus_hv_rings rings;
	int err = hv_ride->open(&hc->pub, hc->kernel, out_bytes, in_bytes, &rings);

	if (err)
		return err;
	hv_ring_init(&hc->out, rings.out, rings.out + HV_PAGE_SIZE, rings.out_bytes);
	hv_ring_init(&hc->in, rings.in, rings.in + HV_PAGE_SIZE, rings.in_bytes);
	hc->pub.cpu = rings.cpu;
	return 0;
}

void hv_ride_close(struct hv_channel *hc)
{
	hv_ride->close(&hc->pub, hc->kernel);
	if (!hc->pub.index)
		hv_drop_subs(to_hv_device(hc->pub.vdev));
}

void hv_ride_put(struct hv_channel *hc)
{
	hv_ride->put(hc->kernel);
}
