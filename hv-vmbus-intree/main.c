// SPDX-License-Identifier: GPL-2.0-only
/*
 * hv-vmbus-intree.ko: newer front-ends on the kernel's own VMBus.
 *
 * For each front-end of ours a driver on that bus takes the kernel's devices of the kinds that the
 * front-end serves, and gives their channels to pvbus. A kind without a front-end of ours stays
 * with the kernel's, and so does a device that a driver of the kernel's already has.
 *
 * This is a module of its own for it needs the symbols of hv_vmbus, which does not load where the
 * kernel does not use Hyper-V (booted with nopv); pvbus must load there all the same.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <bus.h>
#include <kernel_vmbus.h>
#include <pvbus/platform.h>
#include <pvbus/vmbus.h>

#define KINDS_MAX	4	/* of devices that a front-end serves */
/* The kernel wants both rings in one piece of memory, of 4 MiB at most. */
#define RING_MAX	(2u << 20)

/* One for each front-end */
struct ride_driver {
	struct hv_driver hdrv;
	struct hv_vmbus_device_id ids[KINDS_MAX + 1];
	char name[40];
};

/* --- devices --- */

static int ride_probe(struct hv_device *kdev, const struct hv_vmbus_device_id *id)
{
	struct vmbus_channel *kch = kdev->channel;
	struct pvbus_vmbus_device *vdev;

	vdev = pvbus_hv_offer(&kdev->device, &kch->offermsg, sizeof(kch->offermsg), kch,
			      &kch->rescind);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	hv_set_drvdata(kdev, vdev);
	return 0;
}

static void ride_remove(struct hv_device *kdev)
{
	pvbus_hv_withdraw(hv_get_drvdata(kdev));
	hv_set_drvdata(kdev, NULL);
}
PV_VMBUS_REMOVE(ride_remove)

/* --- hibernation: the kernel's VMBus parts from the host in between --- */

static int ride_suspend(struct hv_device *kdev)
{
	struct pvbus_vmbus_device *vdev = hv_get_drvdata(kdev);
	struct pvbus_driver *drv;

	device_lock(&vdev->pdev.dev);
	drv = pvbus_driver_of(&vdev->pdev);
	if (drv && drv->suspend)
		drv->suspend(&vdev->pdev);
	device_unlock(&vdev->pdev.dev);
	return 0;
}

static int ride_resume(struct hv_device *kdev)
{
	struct pvbus_vmbus_device *vdev = hv_get_drvdata(kdev);
	struct pvbus_driver *drv;
	int err = 0;

	device_lock(&vdev->pdev.dev);
	drv = pvbus_driver_of(&vdev->pdev);
	if (drv && drv->resume)
		err = drv->resume(&vdev->pdev);
	device_unlock(&vdev->pdev.dev);
	return err;
}

/* --- channels --- */

/*
 * The host offers another channel of a device. It may be gone before anybody opens it, and the
 * kernel tells nobody of that: so keep what says it.
 */
static void ride_subchannel(struct vmbus_channel *kch)
{
	kobject_get(&kch->kobj);
	if (pvbus_hv_offer(NULL, &kch->offermsg, sizeof(kch->offermsg), kch, &kch->rescind))
		kobject_put(&kch->kobj);
}

static void ride_put(void *kernel)
{
	struct vmbus_channel *kch = kernel;

	if (kch->offermsg.offer.sub_channel_index)
		kobject_put(&kch->kobj);
}

static int ride_open(struct pvbus_channel *ch, void *kernel, u32 out_bytes, u32 in_bytes,
		     struct pvbus_hv_rings *rings)
{
	struct vmbus_channel *kch = kernel;
	u32 out = min(PAGE_ALIGN(out_bytes) + (u32)PAGE_SIZE, RING_MAX);
	u32 in = min(PAGE_ALIGN(in_bytes) + (u32)PAGE_SIZE, RING_MAX);
	int err;

	/* The masks of the rings are pvbus's. */
	set_channel_read_mode(kch, HV_CALL_ISR);
	if (!ch->index)
		vmbus_set_sc_create_callback(kch, ride_subchannel);
	err = vmbus_open(kch, out, in, NULL, 0, pvbus_hv_event, ch);
	if (err) {
		if (!ch->index)
			vmbus_set_sc_create_callback(kch, NULL);
		set_channel_read_mode(kch, HV_CALL_BATCHED);
		return err;
	}
	rings->out = kch->outbound.ring_buffer;
	rings->out_bytes = kch->outbound.ring_datasize;
	rings->in = kch->inbound.ring_buffer;
	rings->in_bytes = kch->inbound.ring_datasize;
	rings->cpu = kch->target_cpu;
	return 0;
}

/* As whoever has the channel next expects to find it */
static void ride_close(struct pvbus_channel *ch, void *kernel)
{
	struct vmbus_channel *kch = kernel;

	if (ch->index)
		return;
	vmbus_set_sc_create_callback(kch, NULL);
	vmbus_close(kch);
	set_channel_read_mode(kch, HV_CALL_BATCHED);
}

static void ride_signal(struct pvbus_channel *ch, void *kernel)
{
	vmbus_setevent(kernel);
}

/* --- front-ends --- */

static void fill_ids(struct ride_driver *d, const struct pvbus_driver *drv)
{
	const struct pvbus_device_id *id;
	unsigned int n = 0;

	for (id = drv->ids; id->type[0] && n < KINDS_MAX; id++)
		n += pvbus_hv_class(id->type, &d->ids[n].guid);
}

static int ride_claim(struct pvbus_driver *drv)
{
	struct ride_driver *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d)
		return -ENOMEM;
	fill_ids(d, drv);
	snprintf(d->name, sizeof(d->name), "pvbus-%s", drv->driver.name);
	d->hdrv.name = d->name;
	d->hdrv.id_table = d->ids;
	d->hdrv.probe = ride_probe;
	d->hdrv.remove = ride_remove_op;
	d->hdrv.suspend = ride_suspend;
	d->hdrv.resume = ride_resume;
	err = vmbus_driver_register(&d->hdrv);
	if (err) {
		kfree(d);
		return err;
	}
	drv->riding = d;
	pvbus_tell_taken(&d->hdrv.driver);
	return 0;
}

static void ride_release(struct pvbus_driver *drv)
{
	struct ride_driver *d = drv->riding;

	if (!d)
		return;
	vmbus_driver_unregister(&d->hdrv);
	drv->riding = NULL;
	kfree(d);
}

static struct pvbus_hv_ride ride = {
	.claim = ride_claim,
	.release = ride_release,
	.open = ride_open,
	.close = ride_close,
	.put = ride_put,
	.signal = ride_signal,
};

static int __init ride_init(void)
{
	ride.version = vmbus_proto_version;
	return pvbus_hv_ride_start(&ride);
}

static void __exit ride_exit(void)
{
	pvbus_hv_ride_stop();
}

module_init(ride_init);
module_exit(ride_exit);
MODULE_DESCRIPTION("Brings pvbus's front-ends onto the kernel's own VMBus");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(PV_VERSION));
