// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices out of offers. An offer is a channel; the first one of a device makes the device, the
 * others are for its driver to open.
 *
 * The message worker keeps the lists; everything else that happens to a device (registering,
 * telling the driver of sub-channels, removal) is done by the device's own work item, so that it
 * happens one at a time, a device that hangs holds up no other, and answers of the host get
 * through.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <bus.h>
#include <pvbus/platform.h>
#include "internal.h"

#define DEVICES_MAX	1024
#define TWIN_DELAY	(HZ / 10)

static struct hv_origin host;
static struct workqueue_struct *wq;

static const struct {
	guid_t class;
	const char *type;
} types[] = {
	{ GUID_INIT(0xba6163d9, 0x04a1, 0x4d29, 0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1, 0xdc, 0x7f),
	  "hv-scsi" },
	{ GUID_INIT(0x32412632, 0x86cb, 0x44a2, 0x9b, 0x5c, 0x50, 0xd1, 0x41, 0x73, 0x54, 0xf5),
	  "hv-ide" },
	{ GUID_INIT(0x2f9bcc4a, 0x0069, 0x4af3, 0xb7, 0x6b, 0x6f, 0xd0, 0xbe, 0x52, 0x8c, 0xda),
	  "hv-fc" },
};

/**
 * pvbus_hv_class - class GUID of a kind of device
 * @type: as in struct pvbus_device_id
 * @class: filled in
 *
 * Context: any.
 * Return: false if VMBus has no class that we call so.
 */
bool pvbus_hv_class(const char *type, guid_t *class)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(types[i].type, type)) {
			*class = types[i].class;
			return true;
		}
	}
	return false;
}
EXPORT_SYMBOL_GPL(pvbus_hv_class);

static void name_type(struct pvbus_vmbus_device *vdev)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (guid_equal(&types[i].class, &vdev->class)) {
			strscpy(vdev->pdev.type, types[i].type, sizeof(vdev->pdev.type));
			return;
		}
	}
	snprintf(vdev->pdev.type, sizeof(vdev->pdev.type), "hv-%08x",
		 get_unaligned_le32(&vdev->class));
}

/* -- sysfs -- */

static struct hv_device *of_dev(struct device *dev)
{
	return to_hv_device(to_pvbus_vmbus(to_pvbus_device(dev)));
}

static struct hv_channel *primary_of(struct hv_device *hd)
{
	return to_hv_channel(hd->vdev.channel);
}

static ssize_t class_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%pUl\n", &of_dev(dev)->vdev.class);
}
static DEVICE_ATTR_RO(class);

static ssize_t version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 version = of_dev(dev)->vdev.version;

	return sysfs_emit(buf, "%u.%u\n", version >> 16, version & 0xffff);
}
static DEVICE_ATTR_RO(version);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct hv_channel *hc = primary_of(of_dev(dev));

	return sysfs_emit(buf, "%s\n", READ_ONCE(*hc->gone) ? "rescinded" :
			  READ_ONCE(hc->open) ? "open" : "offered");
}
static DEVICE_ATTR_RO(state);

/* How many channels are open, and how many are offered */
static ssize_t channels_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned int open = 0, all = 0;
	struct hv_channel *hc;

	mutex_lock(&hv_vmbus.lock);
	list_for_each_entry(hc, &of_dev(dev)->channels, link) {
		open += hc->open;
		all++;
	}
	mutex_unlock(&hv_vmbus.lock);
	return sysfs_emit(buf, "%u %u\n", open, all);
}
static DEVICE_ATTR_RO(channels);

/* How the host is signalled */
static ssize_t signals_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct hv_channel *hc = primary_of(of_dev(dev));

	if (hc->has_monitor)
		return sysfs_emit(buf, "monitor %u\n", hc->monitor);
	return sysfs_emit(buf, "connection %u, %s\n", hc->connection,
			  hc->dedicated ? "dedicated" : "shared");
}
static DEVICE_ATTR_RO(signals);

static ssize_t relid_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", of_dev(dev)->vdev.channel->relid);
}
static DEVICE_ATTR_RO(relid);

static struct attribute *vmbus_attrs[] = {
	&dev_attr_class.attr,
	&dev_attr_version.attr,
	&dev_attr_state.attr,
	&dev_attr_channels.attr,
	&dev_attr_signals.attr,
	&dev_attr_relid.attr,
	NULL
};
ATTRIBUTE_GROUPS(vmbus);

/* -- channels -- */

static struct hv_channel *channel_alloc(struct hv_device *hd, const struct hv_msg *msg,
					const struct hv_origin *from)
{
	struct hv_channel *hc = kzalloc(sizeof(*hc), GFP_KERNEL);
	bool events = hv_vmbus.version > VMBUS_VERSION_WS2008;

	if (!hc)
		return NULL;
	hc->pub.vdev = &hd->vdev;
	hc->pub.index = msg->offer.index;
	hc->pub.relid = msg->relid;
	hc->kernel = from->kernel;
	hc->gone = from->gone ?: &hc->rescinded;
	hc->dedicated = events && msg->offer.dedicated;
	hc->connection = events ? msg->offer.connection : VMBUS_CONNECTION_EVENTS;
	hc->has_monitor = msg->offer.has_monitor;
	hc->monitor = msg->offer.monitor;
	hv_channel_init(hc);
	return hc;
}

/* Under vmbus.lock */
static void channel_add(struct hv_device *hd, struct hv_channel *hc)
{
	list_add_tail(&hc->link, &hd->channels);
	WRITE_ONCE(hv_vmbus.channel[hc->pub.relid], hc);
}

/* The number of a channel that the host took back is the host's again. */
static void relid_release(u32 relid)
{
	struct vmbus_relid msg = { .header.type = VMBUS_RELID_RELEASED, .relid = relid };

	hv_send(&msg, sizeof(msg));
}

/*
 * Events of another channel by that number must not find this one. CPUs that go look at channels,
 * too.
 */
static void channel_free(struct hv_channel *hc)
{
	down_read(&hv_vmbus.cpus_lock);
	mutex_lock(&hv_vmbus.lock);
	list_del(&hc->link);
	if (hv_vmbus.channel[hc->pub.relid] == hc)
		WRITE_ONCE(hv_vmbus.channel[hc->pub.relid], NULL);
	mutex_unlock(&hv_vmbus.lock);
	up_read(&hv_vmbus.cpus_lock);
	synchronize_rcu();
	if (hc->kernel)
		hv_ride_put(hc);
	else if (hc->rescinded)
		relid_release(hc->pub.relid);
	if (hc->pub.index)
		kfree(hc);
}

/* -- one device: all of this runs in its work item -- */

void hv_device_wake(struct hv_device *hd)
{
	mod_delayed_work(wq, &hd->work, 0);
}

static void device_bound(struct pvbus_device *pdev)
{
	hv_device_wake(to_hv_device(to_pvbus_vmbus(pdev)));
}

enum sub_event { SUB_NONE, SUB_NEW, SUB_LOST, SUB_GONE };

/* What there is to be done about a sub-channel */
static enum sub_event sub_event(const struct hv_channel *hc, bool wanted)
{
	if (!hc->pub.index)
		return SUB_NONE;
	if (READ_ONCE(*hc->gone))
		return hc->busy ? SUB_NONE : !hc->open ? SUB_GONE : hc->told ? SUB_LOST : SUB_NONE;
	return wanted && !hc->told && !hc->open ? SUB_NEW : SUB_NONE;
}

static struct hv_channel *next_sub(struct hv_device *hd, bool wanted, enum sub_event *what)
{
	struct hv_channel *hc;

	mutex_lock(&hv_vmbus.lock);
	list_for_each_entry(hc, &hd->channels, link) {
		*what = sub_event(hc, wanted);
		if (*what != SUB_NONE) {
			mutex_unlock(&hv_vmbus.lock);
			return hc;
		}
	}
	mutex_unlock(&hv_vmbus.lock);
	return NULL;
}

/* hv_forget_told - whoever owns the primary is to hear of sub-channels that are not open */
void hv_forget_told(struct hv_device *hd)
{
	struct hv_channel *hc;

	mutex_lock(&hv_vmbus.lock);
	list_for_each_entry(hc, &hd->channels, link) {
		if (!hc->open)
			hc->told = false;
	}
	mutex_unlock(&hv_vmbus.lock);
}

/*
 * hv_drop_subs - the kernel has closed them with their primary, and has the host offer others to
 * whoever opens that next
 */
void hv_drop_subs(struct hv_device *hd)
{
	struct hv_channel *hc;

	mutex_lock(&hv_vmbus.lock);
	list_for_each_entry(hc, &hd->channels, link) {
		if (hc->pub.index) {
			hc->rescinded = true;
			WRITE_ONCE(hc->gone, &hc->rescinded);
		}
	}
	mutex_unlock(&hv_vmbus.lock);
}

static void tell_rescinded(struct hv_channel *hc)
{
	const struct pvbus_channel_ops *ops = READ_ONCE(hc->ops);

	if (ops && ops->rescinded)
		ops->rescinded(&hc->pub);
}

/* Tell the driver of sub-channels that came and went, and free those that nobody has any more. */
static void update_subs(struct hv_device *hd)
{
	const struct pvbus_channel_ops *ops;
	struct hv_channel *primary = primary_of(hd), *hc;
	enum sub_event what;

	device_lock(&hd->vdev.pdev.dev);
	ops = READ_ONCE(primary->open) ? READ_ONCE(primary->ops) : NULL;
	while ((hc = next_sub(hd, ops && ops->subchannel, &what))) {
		hc->told = what == SUB_NEW;
		if (what == SUB_GONE)
			channel_free(hc);
		else if (what == SUB_LOST)
			tell_rescinded(hc);
		else
			ops->subchannel(hd->vdev.channel, &hc->pub);
	}
	device_unlock(&hd->vdev.pdev.dev);
}

/* Is a device of the same name still on its way out? */
static bool has_twin(struct hv_device *hd)
{
	struct hv_device *other;
	bool twin = false;

	mutex_lock(&hv_vmbus.lock);
	list_for_each_entry(other, &hv_vmbus.devices, link) {
		if (other == hd)
			break;
		twin |= guid_equal(&other->vdev.instance, &hd->vdev.instance);
	}
	mutex_unlock(&hv_vmbus.lock);
	return twin;
}

static void register_device(struct hv_device *hd)
{
	int err;

	if (has_twin(hd)) {
		queue_delayed_work(wq, &hd->work, TWIN_DELAY);
		return;
	}
	err = pvbus_device_register(&hd->vdev.pdev);
	if (err) {
		dev_err(&hd->vdev.pdev.dev, "not usable: error %d\n", err);
		WRITE_ONCE(hd->leaving, true);
		hv_device_wake(hd);
	}
}

static void remove_device(struct hv_device *hd)
{
	struct hv_channel *hc, *next;

	if (device_is_registered(&hd->vdev.pdev.dev)) {
		if (READ_ONCE(*primary_of(hd)->gone)) {
			device_lock(&hd->vdev.pdev.dev);
			tell_rescinded(primary_of(hd));
			device_unlock(&hd->vdev.pdev.dev);
		}
		device_del(&hd->vdev.pdev.dev);
	}
	/*
	 * Sub-channels first; nobody adds any to a device that leaves. None is freed before all are
	 * closed, for the kernel's own VMBus closes them with their primary.
	 */
	list_for_each_entry_reverse(hc, &hd->channels, link)
		pvbus_channel_close(&hc->pub);
	list_for_each_entry_safe_reverse(hc, next, &hd->channels, link)
		channel_free(hc);
	mutex_lock(&hv_vmbus.lock);
	list_del(&hd->link);
	hv_vmbus.nr_devices--;
	/* Nobody can find and queue it after this; and a running work item may be freed. */
	cancel_delayed_work(&hd->work);
	mutex_unlock(&hv_vmbus.lock);
	put_device(&hd->vdev.pdev.dev);
}

static void device_work(struct work_struct *work)
{
	struct hv_device *hd = container_of(to_delayed_work(work), struct hv_device, work);

	if (READ_ONCE(hd->leaving))
		remove_device(hd);
	else if (!device_is_registered(&hd->vdev.pdev.dev))
		register_device(hd);
	else
		update_subs(hd);
}

/* -- offers: in the message worker, or from the kernel's own VMBus -- */

static void device_release(struct device *dev)
{
	struct hv_device *hd = of_dev(dev);

	kfree(primary_of(hd));
	kfree(hd);
}

static struct hv_device *device_alloc(const struct hv_msg *msg, const struct hv_origin *from)
{
	struct hv_device *hd = kzalloc(sizeof(*hd), GFP_KERNEL);
	struct hv_channel *hc;
	struct device *dev;

	if (!hd)
		return NULL;
	hc = channel_alloc(hd, msg, from);
	if (!hc) {
		kfree(hd);
		return NULL;
	}
	INIT_LIST_HEAD(&hd->channels);
	INIT_DELAYED_WORK(&hd->work, device_work);
	import_guid(&hd->vdev.class, msg->offer.class);
	import_guid(&hd->vdev.instance, msg->offer.instance);
	memcpy(hd->vdev.user, msg->offer.user, sizeof(hd->vdev.user));
	hd->vdev.channel = &hc->pub;
	hd->vdev.version = hv_vmbus.version;
	hd->vdev.pdev.bound = device_bound;
	name_type(&hd->vdev);
	dev = &hd->vdev.pdev.dev;
	device_initialize(dev);
	dev->parent = from->parent;
	dev->release = device_release;
	dev->groups = vmbus_groups;
	if (!dev_set_name(dev, "%pUl", &hd->vdev.instance))
		return hd;
	put_device(dev);
	return NULL;
}

static int add_device(const struct hv_msg *msg, const struct hv_origin *from,
		      struct hv_device **added)
{
	struct hv_device *hd;

	if (hv_vmbus.nr_devices == DEVICES_MAX)
		return -ENOSPC;
	hd = device_alloc(msg, from);
	if (!hd)
		return -ENOMEM;
	channel_add(hd, primary_of(hd));
	list_add_tail(&hd->link, &hv_vmbus.devices);
	hv_vmbus.nr_devices++;
	if (added) {
		get_device(&hd->vdev.pdev.dev);
		*added = hd;
	}
	hv_device_wake(hd);
	return 0;
}

static int add_sub(const struct hv_msg *msg, const struct hv_origin *from)
{
	struct hv_channel *hc;
	struct hv_device *hd;
	guid_t instance;

	import_guid(&instance, msg->offer.instance);
	list_for_each_entry(hd, &hv_vmbus.devices, link) {
		if (hd->leaving || !guid_equal(&instance, &hd->vdev.instance))
			continue;
		hc = channel_alloc(hd, msg, from);
		if (!hc)
			return -ENOMEM;
		channel_add(hd, hc);
		hv_device_wake(hd);
		return 0;
	}
	return -ENODEV;
}

/*
 * hv_take_offer - a channel is offered
 * @msg: the offer
 * @from: where it comes from
 * @hd: gets the device with a reference, if the channel is its first; NULL: not wanted
 *
 * The kernel gives a number to one channel at a time; of a channel that has gone we may not have
 * been told yet. Disks that lost their connection need the lock to make another, and the host's
 * answers: so nobody waits here for memory that only disks can make room for.
 */
int hv_take_offer(const struct hv_msg *msg, const struct hv_origin *from, struct hv_device **hd)
{
	unsigned int noio;
	int err;

	mutex_lock(&hv_vmbus.lock);
	noio = memalloc_noio_save();
	if (!hv_vmbus.offers)
		err = from->kernel ? -ENODEV : 0;
	else if (!msg->relid || msg->relid >= VMBUS_RELIDS)
		err = -ERANGE;
	else if (hv_vmbus.channel[msg->relid] && !from->kernel)
		err = -EEXIST;
	else
		err = msg->offer.index ? add_sub(msg, from) : add_device(msg, from, hd);
	memalloc_noio_restore(noio);
	mutex_unlock(&hv_vmbus.lock);
	if (err)
		pr_warn_ratelimited("pvbus: VMBus offers channel %u (index %u of %pUl), not taken: error %d\n",
				    msg->relid, msg->offer.index, msg->offer.instance, err);
	return err;
}

/* hv_offered - the host offers a channel */
void hv_offered(const struct hv_msg *msg)
{
	hv_take_offer(msg, &host, NULL);
}

/*
 * hv_rescinded - the host takes a channel back; a device goes with its primary
 *
 * With the primary the others may have gone before the host took them back, too, or an offer was
 * not taken: then there is nothing to do but to say so.
 */
void hv_rescinded(u32 relid)
{
	struct hv_channel *hc = NULL;
	struct hv_device *hd;

	mutex_lock(&hv_vmbus.lock);
	if (relid < VMBUS_RELIDS)
		hc = hv_vmbus.channel[relid];
	if (hc) {
		hd = to_hv_device(hc->pub.vdev);
		WRITE_ONCE(hc->rescinded, true);
		if (!hc->pub.index)
			WRITE_ONCE(hd->leaving, true);
		hv_requests_abort(relid);
		hv_device_wake(hd);
	}
	mutex_unlock(&hv_vmbus.lock);
	if (!relid || relid >= VMBUS_RELIDS)
		pr_warn_ratelimited("pvbus: VMBus takes back channel %u, which is none\n", relid);
	else if (!hc)
		relid_release(relid);
}

/* -- all of them -- */

/**
 * hv_devices_start - from here on offers become devices
 * @parent: device those hang below that the host offers to us
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int hv_devices_start(struct device *parent)
{
	/* Not for reclaim: a driver's remove() flushes work of the kernel's that is not, either. */
	wq = alloc_workqueue("pvbus_vmbus", WQ_UNBOUND, 64);
	if (!wq)
		return -ENOMEM;
	host.parent = parent;
	mutex_lock(&hv_vmbus.lock);
	hv_vmbus.offers = true;
	mutex_unlock(&hv_vmbus.lock);
	hv_show_start();
	return 0;
}

/* hv_devices_flush - wait until devices offered so far are registered */
void hv_devices_flush(void)
{
	flush_workqueue(wq);
}

/* hv_devices_stop - unregister all devices; returns after their drivers' remove(). May sleep */
void hv_devices_stop(void)
{
	struct hv_device *hd;

	hv_show_stop();
	mutex_lock(&hv_vmbus.lock);
	hv_vmbus.offers = false;
	list_for_each_entry(hd, &hv_vmbus.devices, link) {
		WRITE_ONCE(hd->leaving, true);
		hv_device_wake(hd);
	}
	mutex_unlock(&hv_vmbus.lock);
	/* With each device all that queues its work goes, before the queue does. */
	flush_workqueue(wq);
	destroy_workqueue(wq);
}
