// SPDX-License-Identifier: GPL-2.0-only
/* xen-blkfront.ko: disks that a Xen host offers. What lives where is told in blkfront.h. */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "blkfront.h"

static unsigned int max_queues;
module_param(max_queues, uint, 0444);
MODULE_PARM_DESC(max_queues,
		 "Rings to a disk, polled ones apart: 0 (default) for one to each CPU, or 1 to 64");

static unsigned int poll_queues;
module_param(poll_queues, uint, 0444);
MODULE_PARM_DESC(poll_queues,
		 "More rings to a disk, for polled I/O, where there can be: 0 (default) to 64");

static unsigned int max_ring_order = BLK_MAX_ORDER;
module_param(max_ring_order, uint, 0444);
MODULE_PARM_DESC(max_ring_order, "Largest ring, as a power of two of pages: 0 to 4 (default)");

static unsigned int max_indirect_segments = 128;
module_param(max_indirect_segments, uint, 0444);
MODULE_PARM_DESC(max_indirect_segments,
		 "Largest request in pages, where more than 11 can be: 0 to 512 (default 128)");

static bool persistent = true;
module_param(persistent, bool, 0444);
MODULE_PARM_DESC(persistent,
		 "Copy through pages that stay granted, where that is offered: 0 or 1 (default)");

static bool trusted = true;
module_param(trusted, bool, 0444);
MODULE_PARM_DESC(trusted,
		 "0: copy, and show the host no byte but a request's; 1: no (default)");

unsigned int blkfront_timeout = 30;
module_param_named(timeout, blkfront_timeout, uint, 0444);
MODULE_PARM_DESC(timeout,
		 "Seconds until an answer is overdue: 1 to 3600 (default 30)");

struct workqueue_struct *blkfront_wq;
bool blkfront_has_major;

static void blkfront_free(struct kref *kref)
{
	struct blkfront *bf = container_of(kref, struct blkfront, kref);

	kfree(bf->map);
	kvfree(bf->rings);
	kfree(bf);
}

void blkfront_put(struct blkfront *bf)
{
	kref_put(&bf->kref, blkfront_free);
}

static struct blkfront *blkfront_alloc(struct pvbus_xen_device *xdev)
{
	struct blkfront *bf = kzalloc(sizeof(*bf), GFP_KERNEL);
	unsigned int i, n;

	if (!bf)
		return NULL;
	kref_init(&bf->kref);
	bf->want.queues = min_not_zero(max_queues, num_online_cpus());
	bf->want.poll_queues = poll_queues;
	n = bf->want.queues + poll_queues;
	bf->rings = kvcalloc(n, sizeof(*bf->rings), GFP_KERNEL);
	bf->map = kcalloc(n, sizeof(*bf->map), GFP_KERNEL);
	if (!bf->rings || !bf->map) {
		blkfront_put(bf);
		return NULL;
	}
	bf->max_rings = n;
	bf->xdev = xdev;
	bf->dev = &xdev->pdev.dev;
	mutex_init(&bf->lock.mutex);
	spin_lock_init(&bf->large_lock);
	INIT_WORK(&bf->large_work, blkfront_resubmit);
	INIT_WORK(&bf->work, blkfront_work);
	INIT_WORK(&bf->disk_work, blkfront_disk_work);
	INIT_DELAYED_WORK(&bf->patience, blkfront_patience);
	for (i = 0; i < n; i++)
		blkfront_ring_init(bf, i);
	return bf;
}

static bool node_is(struct pvbus_xen_device *xdev, const char *node, const char *value)
{
	char *s = pvbus_xs_read(PVBUS_XS_NIL, xdev->node, node, NULL);
	bool is = !IS_ERR(s) && !strcmp(s, value);

	if (!IS_ERR(s))
		kfree(s);
	return is;
}

/* What the toolstack, and who loaded the module, ask for */
static int blkfront_configure(struct blkfront *bf)
{
	struct pvbus_xen_device *xdev = bf->xdev;
	u64 vdev;
	int err;

	err = pvbus_xen_require_num(xdev, xdev->node, "virtual-device", &vdev, 0, U32_MAX);
	if (err)
		return err;
	bf->handle = vdev;
	bf->bounce = !trusted || !pvbus_xen_read_num(xdev, xdev->node, "trusted", 1, 0, 1);
	bf->want.ring_order = max_ring_order;
	bf->want.max_segs = max_indirect_segments;
	bf->want.persistent = persistent;
	bf->want.cdrom = node_is(xdev, "device-type", "cdrom");
	return blkfront_name_claim(bf, vdev);
}

static int blkfront_probe(struct pvbus_device *pdev)
{
	struct blkfront *bf = blkfront_alloc(to_pvbus_xen(pdev));
	int err;

	if (!bf)
		return -ENOMEM;
	err = blkfront_configure(bf);
	if (err) {
		blkfront_put(bf);
		return err;
	}
	dev_set_drvdata(&pdev->dev, bf);
	blkfront_debugfs_add(bf);
	/* The back-end may be busy with a driver before us; waiting for it is not for here. */
	blkfront_do(bf, BF_DO_START);
	return 0;
}

/* Returns whether the host answers or not: whatever waits for it, waits for a bounded time. */
static void blkfront_remove(struct pvbus_device *pdev)
{
	struct blkfront *bf = dev_get_drvdata(&pdev->dev);

	pvbus_noio_lock(&bf->lock);
	bf->dying = true;
	if (bf->phase != BF_CONNECTED)	/* the disk's work may be waiting for I/O */
		blkfront_disconnect(bf, false);
	pvbus_noio_unlock(&bf->lock);
	cancel_delayed_work_sync(&bf->patience);
	flush_work(&bf->disk_work);
	blkfront_take_away(bf);
	flush_work(&bf->disk_work);	/* what answers asked for meanwhile */
	cancel_work_sync(&bf->work);
	flush_work(&bf->large_work);	/* it may still have bios */
	debugfs_remove_recursive(bf->debugfs);
	blkfront_disk_free(bf);
	dev_set_drvdata(&pdev->dev, NULL);
	blkfront_put(bf);
}

static void blkfront_otherend_changed(struct pvbus_device *pdev, int state)
{
	struct blkfront *bf = dev_get_drvdata(&pdev->dev);

	pvbus_noio_lock(&bf->lock);
	if (!test_bit(BF_DO_START, &bf->todo))	/* that looks for itself */
		blkfront_follow(bf);
	pvbus_noio_unlock(&bf->lock);
}

static void blkfront_suspend(struct pvbus_device *pdev)
{
	struct blkfront *bf = dev_get_drvdata(&pdev->dev);

	cancel_delayed_work_sync(&bf->patience);
	flush_work(&bf->work);
	pvbus_noio_lock(&bf->lock);
	blkfront_stop(bf);
	pvbus_noio_unlock(&bf->lock);
}

/* Another back-end, or the same if the guest was not saved after all: no ring is good now. */
static int blkfront_resume(struct pvbus_device *pdev)
{
	struct blkfront *bf = dev_get_drvdata(&pdev->dev);

	pvbus_noio_lock(&bf->lock);
	bf->unplug = false;	/* that was another back-end */
	blkfront_disconnect(bf, !bf->dying && bf->phase != BF_FAILED);
	/* These were for the old connection. */
	clear_bit(BF_DO_FAIL, &bf->todo);
	clear_bit(BF_DO_RESET, &bf->todo);
	if (!bf->dying) {
		blkfront_restart(bf);
		blkfront_follow(bf);
	}
	pvbus_noio_unlock(&bf->lock);
	queue_work(blkfront_wq, &bf->work);
	return 0;
}

/* What is written has been written by now; the pages will soon be another kernel's. */
static void blkfront_shutdown(struct pvbus_device *pdev)
{
	struct blkfront *bf = dev_get_drvdata(&pdev->dev);

	pvbus_noio_lock(&bf->lock);
	bf->dying = true;
	blkfront_disconnect(bf, false);
	pvbus_noio_unlock(&bf->lock);
}

static const struct pvbus_device_id blkfront_ids[] = {
	{ "xen-vbd" },
	{ }
};
MODULE_ALIAS("pvbus:xen-vbd");
MODULE_ALIAS("xen:vbd");		/* as the kernel's own xenbus names them */

static struct pvbus_driver blkfront_driver = {
	.driver = {
		.name = "xen-blkfront",
	},
	.ids = blkfront_ids,
	.groups = blkfront_groups,
	.probe = blkfront_probe,
	.remove = blkfront_remove,
	.otherend_changed = blkfront_otherend_changed,
	.suspend = blkfront_suspend,
	.resume = blkfront_resume,
	.shutdown = blkfront_shutdown,
};

static void give_up(void)
{
	if (blkfront_has_major)
		unregister_blkdev(BLK_MAJOR, "xvd");
	destroy_workqueue(blkfront_wq);
}

static int __init blkfront_init(void)
{
	int err = -ENOMEM;

	pvbus_bound("xen-blkfront", "max_queues", &max_queues, 0, 64);
	pvbus_bound("xen-blkfront", "poll_queues", &poll_queues, 0, pv_queue_has_poll ? 64 : 0);
	pvbus_bound("xen-blkfront", "max_ring_order", &max_ring_order, 0, BLK_MAX_ORDER);
	pvbus_bound("xen-blkfront", "max_indirect_segments", &max_indirect_segments, 0,
		    BLK_MAX_SEGS);
	pvbus_bound("xen-blkfront", "timeout", &blkfront_timeout, 1, 3600);
	/* A connection that is made anew may be what memory is waiting for. */
	blkfront_wq = alloc_workqueue("xen-blkfront", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!blkfront_wq)
		return err;
	blkfront_has_major = !register_blkdev(BLK_MAJOR, "xvd");
	if (!blkfront_has_major)
		pr_info("xen-blkfront: block major %d is another driver's, doing without\n",
			BLK_MAJOR);
	err = pvbus_register_driver(&blkfront_driver);
	if (err)
		give_up();
	return err;
}

static void __exit blkfront_exit(void)
{
	pvbus_unregister_driver(&blkfront_driver);
	give_up();
}

module_init(blkfront_init);
module_exit(blkfront_exit);
MODULE_DESCRIPTION("Block front-end for disks of Xen hosts");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(PV_VERSION));
MODULE_ALIAS_BLOCKDEV_MAJOR(BLK_MAJOR);
