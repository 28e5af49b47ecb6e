// SPDX-License-Identifier: GPL-2.0-only
/*
 * Riding on the kernel's own xenbus: newer front-ends for a kernel that brought Xen up itself.
 *
 * For each kind of device that a front-end of ours serves, a xenbus driver takes the kernel's
 * devices and puts one of ours below each. So a kind without a front-end of ours stays with the
 * kernel's.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <bus.h>
#include <pvbus/platform.h>
#include "intree.h"
#include "store.h"

#ifdef CONFIG_XEN_XENBUS_FRONTEND
#include <kernel_xen.h>

DEFINE_STATIC_KEY_FALSE(intree_key);

#define KINDS_MAX	4	/* of devices that a front-end serves */

/* One for each front-end */
struct intree_driver {
	struct xenbus_driver xdrv;
	struct xenbus_device_id ids[KINDS_MAX + 1];
	char name[40];
};

void intree_init(void)
{
	if (!pvbus_kernel_owns_host(PVBUS_HOST_XEN))
		return;
	static_branch_enable(&intree_key);
	pr_info("pvbus: riding on the kernel's own xenbus\n");
}

/* --- devices --- */

static void state_work(struct work_struct *work)
{
	struct pvbus_xen_device *xdev =
		container_of(to_delayed_work(work), struct pvbus_xen_device, state_work);
	struct device *dev = &xdev->pdev.dev;
	struct pvbus_driver *drv;

	device_lock(dev);
	xdev->backend_state = pvbus_xen_read_state(xdev);
	drv = pvbus_driver_of(&xdev->pdev);
	if (drv && drv->otherend_changed)
		drv->otherend_changed(&xdev->pdev, xdev->backend_state);
	device_unlock(dev);
}

static void intree_bound(struct pvbus_device *pdev)
{
	queue_delayed_work(pvbus_wq, &to_pvbus_xen(pdev)->state_work, 0);
}

static void intree_otherend_changed(struct xenbus_device *kdev, enum kernel_xenbus_state state)
{
	struct pvbus_xen_device *xdev = dev_get_drvdata(&kdev->dev);

	if (xdev)
		mod_delayed_work(pvbus_wq, &xdev->state_work, 0);
}

static int intree_probe(struct xenbus_device *kdev, const struct xenbus_device_id *id)
{
	struct pvbus_xen_device *xdev;
	int err;

	xdev = pvbus_xen_device_alloc(&kdev->dev, kdev->nodename, kdev->otherend);
	if (!xdev)
		return -ENOMEM;
	INIT_DELAYED_WORK(&xdev->state_work, state_work);
	xdev->backend_id = kdev->otherend_id;
	xdev->state = (enum xenbus_state)kdev->state;
	xdev->pdev.bound = intree_bound;
	dev_set_drvdata(&kdev->dev, xdev);
	err = pvbus_device_register(&xdev->pdev);
	if (err) {
		dev_set_drvdata(&kdev->dev, NULL);
		put_device(&xdev->pdev.dev);
	}
	return err;
}

/*
 * Drivers of the kernel's take up a device only as the toolstack makes it, not as one of ours has
 * closed it; and the back-end would believe what it left. Of one that is about to go the last word
 * was said.
 */
static void leave_for_others(struct xenbus_device *kdev, struct pvbus_xen_device *xdev)
{
	if (kdev->state != (enum kernel_xenbus_state)XENBUS_CLOSED ||
	    !xenbus_read_unsigned(kdev->otherend, "online", 0))
		return;
	pvbus_xen_unpublish(xdev);
	xenbus_switch_state(kdev, (enum kernel_xenbus_state)XENBUS_INITIALISING);
}

static void intree_remove(struct xenbus_device *kdev)
{
	struct pvbus_xen_device *xdev = dev_get_drvdata(&kdev->dev);

	device_del(&xdev->pdev.dev);
	dev_set_drvdata(&kdev->dev, NULL);
	cancel_delayed_work_sync(&xdev->state_work);
	leave_for_others(kdev, xdev);
	put_device(&xdev->pdev.dev);
}
PV_XENBUS_REMOVE(intree_remove)

/* At a new host: the back-end may be another, and knows nothing of our rings. */
static int intree_resume(struct xenbus_device *kdev)
{
	struct pvbus_xen_device *xdev = dev_get_drvdata(&kdev->dev);
	struct device *dev = &xdev->pdev.dev;
	struct pvbus_driver *drv;
	const char *backend = kstrdup(kdev->otherend, GFP_NOIO);
	int err = 0;

	if (!backend)
		return -ENOMEM;
	device_lock(dev);
	drv = pvbus_driver_of(&xdev->pdev);
	/* Who was on the other end is not to be asked any more. */
	xdev->backend_state = XENBUS_UNKNOWN;
	WRITE_ONCE(xdev->asleep, true);
	if (drv && drv->suspend)
		drv->suspend(&xdev->pdev);
	mutex_lock(&xdev->lock);
	swap(xdev->backend, backend);
	mutex_unlock(&xdev->lock);
	xdev->backend_id = kdev->otherend_id;
	xdev->state = (enum xenbus_state)kdev->state;
	WRITE_ONCE(xdev->asleep, false);
	if (drv && drv->resume)
		err = drv->resume(&xdev->pdev);
	device_unlock(dev);
	kfree(backend);
	return err;
}

int intree_switch_state(struct pvbus_xen_device *xdev, enum xenbus_state state)
{
	struct xenbus_device *kdev = to_xenbus_device(xdev->pdev.dev.parent);
	int err = xenbus_switch_state(kdev, (enum kernel_xenbus_state)state);

	/* It may have worked, failed, or found the device gone, and say 0. */
	return err ?: (enum xenbus_state)kdev->state == state ? 0 : -ENODEV;
}

/* Take the kernel's devices of the kinds that @drv serves; all of them are the same host's. */
int intree_claim(struct pvbus_driver *drv)
{
	bool ours = !strncmp(drv->ids->type, "xen-", 4);
	struct intree_driver *d = ours ? kzalloc(sizeof(*d), GFP_KERNEL) : NULL;
	const struct pvbus_device_id *id;
	unsigned int n = 0;
	int err;

	if (!d)
		return ours ? -ENOMEM : 0;
	for (id = drv->ids; id->type[0] && n < KINDS_MAX; id++)
		strscpy(d->ids[n++].devicetype, id->type + 4, sizeof(d->ids[0].devicetype));
	snprintf(d->name, sizeof(d->name), "pvbus-%s", drv->ids->type + 4);
	d->xdrv.name = d->name;
	d->xdrv.ids = d->ids;
	pv_xenbus_allow_rebind(&d->xdrv);
	d->xdrv.probe = intree_probe;
	d->xdrv.remove = intree_remove_op;
	d->xdrv.otherend_changed = intree_otherend_changed;
	d->xdrv.resume = intree_resume;
	err = xenbus_register_frontend(&d->xdrv);
	if (err) {
		kfree(d);
		return err;
	}
	drv->riding = d;
	pvbus_tell_taken(&d->xdrv.driver);
	return 0;
}

void intree_release(struct pvbus_driver *drv)
{
	struct intree_driver *d = drv->riding;

	if (!d)
		return;
	xenbus_unregister_driver(&d->xdrv);
	drv->riding = NULL;
	kfree(d);
}

/* --- the store --- */

#define XBT(tx)	((struct xenbus_transaction){ .id = (tx) })

char *intree_read(u32 tx, const char *dir, const char *node, unsigned int *len)
{
	return xenbus_read(XBT(tx), dir, node, len);
}

int intree_write(u32 tx, const char *dir, const char *node, const char *value)
{
	return xenbus_write(XBT(tx), dir, node, value);
}

int intree_rm(u32 tx, const char *dir, const char *node)
{
	return xenbus_rm(XBT(tx), dir, node);
}

char **intree_directory(u32 tx, const char *dir, const char *node, unsigned int *n)
{
	return xenbus_directory(XBT(tx), dir, node, n);
}

int intree_txn_start(u32 *tx)
{
	struct xenbus_transaction t = { };
	int err = xenbus_transaction_start(&t);

	*tx = t.id;
	return err;
}

int intree_txn_end(u32 tx, bool abort)
{
	return xenbus_transaction_end(XBT(tx), abort);
}

struct intree_xs_watch {
	struct xenbus_watch kwatch;
	struct pvbus_xs_watch *watch;
};

static void watch_fired(struct xenbus_watch *kwatch, const char *path, const char *token)
{
	struct pvbus_xs_watch *watch = container_of(kwatch, struct intree_xs_watch, kwatch)->watch;

	watch->fn(watch, path);
}

int intree_watch(struct pvbus_xs_watch *watch)
{
	struct intree_xs_watch *w = kzalloc(sizeof(*w), GFP_KERNEL);
	int err;

	if (!w)
		return -ENOMEM;
	w->watch = watch;
	w->kwatch.node = watch->path;
	w->kwatch.callback = watch_fired;
	watch->kernel = w;
	err = register_xenbus_watch(&w->kwatch);
	if (err)
		kfree(w);
	return err;
}

void intree_unwatch(struct pvbus_xs_watch *watch)
{
	unregister_xenbus_watch(&watch->kernel->kwatch);
	kfree(watch->kernel);
}

/* --- event channels --- */

static irqreturn_t event(int irq, void *data)
{
	struct pvbus_evtchn *ch = data;

	ch->irq = irq;	/* an event may come before intree_evtchn_open() knows */
	ch->events++;
	ch->handler(ch->data);
	return IRQ_HANDLED;
}

int intree_evtchn_open(struct pvbus_evtchn *ch, struct pvbus_xen_device *xdev)
{
	struct xenbus_device *kdev = to_xenbus_device(xdev->pdev.dev.parent);
	evtchn_port_t port;
	int err;

	err = xenbus_alloc_evtchn(kdev, &port);
	if (err)
		return err;
	err = bind_evtchn_to_irqhandler_lateeoi(port, event, 0, dev_name(&xdev->pdev.dev), ch);
	if (err < 0) {
		xenbus_free_evtchn(kdev, port);
		return err;
	}
	ch->port = port;
	ch->irq = err;
	return 0;
}

void intree_evtchn_close(struct pvbus_evtchn *ch)
{
	irq_set_affinity_hint(ch->irq, NULL);
	unbind_from_irqhandler(ch->irq, ch);
}

void intree_evtchn_notify(struct pvbus_evtchn *ch)
{
	notify_remote_via_irq(ch->irq);
}

void intree_evtchn_eoi(struct pvbus_evtchn *ch, bool spurious)
{
	xen_irq_lateeoi(ch->irq, spurious ? XEN_EOI_FLAG_SPURIOUS : 0);
}

int intree_evtchn_set_cpu(struct pvbus_evtchn *ch, unsigned int cpu)
{
	return irq_set_affinity_hint(ch->irq, cpumask_of(cpu));
}

/* --- grants --- */

void intree_refs_put(const u32 *ref, unsigned int n)
{
	while (n--)
		gnttab_free_grant_reference(ref[n]);
}

int intree_refs_get(u32 *ref, unsigned int n)
{
	grant_ref_t head;
	unsigned int i, chunk;
	int err;

	for (i = 0; i < n;) {
		chunk = min(n - i, 256u);
		err = gnttab_alloc_grant_references(chunk, &head);
		if (err) {
			intree_refs_put(ref, i);
			return err;
		}
		while (chunk--)
			ref[i++] = gnttab_claim_grant_reference(&head);
	}
	return 0;
}

void intree_gnt_grant(u32 ref, u16 domid, struct page *page, bool readonly)
{
	gnttab_page_grant_foreign_access_ref_one(ref, domid, page, readonly);
}

bool intree_gnt_end(u32 ref)
{
	return gnttab_end_foreign_access_ref(ref);
}

#else /* a kernel without xenbus of its own */

void intree_init(void)
{
}

#endif
