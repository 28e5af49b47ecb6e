// SPDX-License-Identifier: GPL-2.0-only
/* hv-storvsc.ko: disks that a Hyper-V host offers. What lives where is told in storvsc.h. */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include "storvsc.h"

static unsigned int max_channels;
module_param(max_channels, uint, 0444);
MODULE_PARM_DESC(max_channels,
		 "Channels to a controller: 0 (default) for one to each CPU, or 1 to 64");

unsigned int stor_ring_kb = 128;
module_param_named(ring_kb, stor_ring_kb, uint, 0444);
MODULE_PARM_DESC(ring_kb, "Size of each ring of a channel in KiB: 16 to 2048 (default 128)");

unsigned int stor_timeout = 180;
module_param_named(timeout, stor_timeout, uint, 0444);
MODULE_PARM_DESC(timeout, "Seconds until an answer is overdue: 1 to 3600 (default 180)");

bool stor_hold_twins = true;
module_param_named(hold_twins, stor_hold_twins, bool, 0444);
MODULE_PARM_DESC(hold_twins, "Keep the emulated twin of an IDE disk that is here, too, from being seen as another disk (default: 1)");

bool stor_gaps;
module_param_named(gaps, stor_gaps, bool, 0444);
MODULE_PARM_DESC(gaps, "Take requests with gaps between their pages as one, and copy what lies badly (default 0: have the kernel break them up)");

struct workqueue_struct *stor_wq;

static void stor_start(struct work_struct *work)
{
	struct storvsc *st = container_of(work, struct storvsc, start_work);
	int err = 0;

	pvbus_noio_lock(&st->lock);
	if (READ_ONCE(st->dying) || READ_ONCE(st->phase) == STOR_GONE) {
		err = -ENODEV;
	} else if (st->phase != STOR_CONNECTED) {
		pvbus_unquarantine(&st->vdev->pdev);
		err = stor_connect(st);
	}
	pvbus_noio_unlock(&st->lock);
	/* Commands of the scan may need a new connection. */
	if (!err && !st->host)
		err = stor_host_add(st);
	if (err && !READ_ONCE(st->dying))
		dev_err(st->dev, "no disks from here: error %d\n", err);
}

static void stor_fail(struct work_struct *work)
{
	struct storvsc *st = container_of(work, struct storvsc, fail_work);

	pvbus_noio_lock(&st->lock);
	if (pvbus_is_quarantined(&st->vdev->pdev))
		stor_disconnect(st, STOR_FAILED, STOR_NO_CONNECT);
	pvbus_noio_unlock(&st->lock);
}

static void stor_free(struct storvsc *st)
{
	if (st->chan)
		stor_slots_free(st);
	kfree(st->map);
	kvfree(st->chan);
	kfree(st);
}

static enum stor_kind kind_of(const struct pvbus_device *pdev)
{
	if (!strcmp(pdev->type, "hv-ide"))
		return STOR_IDE;
	if (!strcmp(pdev->type, "hv-fc"))
		return STOR_FC;
	return STOR_SCSI;
}

static struct storvsc *stor_alloc(struct pvbus_device *pdev)
{
	struct storvsc *st = kzalloc(sizeof(*st), GFP_KERNEL);
	unsigned int i;

	if (!st)
		return NULL;
	st->vdev = to_pvbus_vmbus(pdev);
	st->dev = &pdev->dev;
	st->kind = kind_of(pdev);
	mutex_init(&st->lock.mutex);
	mutex_init(&st->chan_lock);
	mutex_init(&st->ctl.lock);
	init_completion(&st->ctl.done);
	spin_lock_init(&st->bounce_lock);
	INIT_WORK(&st->start_work, stor_start);
	INIT_WORK(&st->fail_work, stor_fail);
	INIT_WORK(&st->scan_work, stor_scan);
	INIT_WORK(&st->device_work, stor_devices);
	st->max_chans = st->kind == STOR_IDE ? 1 :
			max_channels ?: min(num_online_cpus(), STOR_MAX_CHANS);
	st->chan = kvcalloc(st->max_chans, sizeof(*st->chan), GFP_KERNEL);
	st->map = kcalloc(st->max_chans, sizeof(*st->map), GFP_KERNEL);
	if (!st->chan || !st->map) {
		stor_free(st);
		return NULL;
	}
	for (i = 0; i < st->max_chans; i++)
		stor_chan_init(st, i);
	return st;
}

/* The host's answers are not waited for here: one that does not come holds up nobody. */
static int stor_probe(struct pvbus_device *pdev)
{
	struct storvsc *st = stor_alloc(pdev);

	if (!st)
		return -ENOMEM;
	dev_set_drvdata(&pdev->dev, st);
	stor_debugfs_add(st);
	queue_work(system_dfl_wq, &st->start_work);
	return 0;
}

/* Returns whether the host answers or not: whatever waits for it, waits for a bounded time. */
static void stor_remove(struct pvbus_device *pdev)
{
	struct storvsc *st = dev_get_drvdata(&pdev->dev);

	stor_give_up_waiting(st);
	cancel_work_sync(&st->start_work);
	stor_host_remove(st);
	cancel_work_sync(&st->fail_work);
	pvbus_noio_lock(&st->lock);
	stor_disconnect(st, STOR_FAILED, STOR_NO_CONNECT);
	pvbus_noio_unlock(&st->lock);
	/* The host may have said something to the very last. */
	cancel_work_sync(&st->fail_work);
	cancel_work_sync(&st->scan_work);
	cancel_work_sync(&st->device_work);
	debugfs_remove_recursive(st->debugfs);
	dev_set_drvdata(&pdev->dev, NULL);
	if (st->host)
		scsi_host_put(st->host);
	stor_free(st);
}

static bool idle(struct storvsc *st)
{
	unsigned int i;

	for (i = 0; i < st->depth; i++) {
		if (READ_ONCE(st->slot[i].id))
			return false;
	}
	return true;
}

/* What is on its way gets some time; what is not answered by then is sent again later. */
static void stor_suspend(struct pvbus_device *pdev)
{
	struct storvsc *st = dev_get_drvdata(&pdev->dev);
	unsigned int i;

	flush_work(&st->start_work);
	flush_work(&st->scan_work);
	for (i = 0; i < 300 && !idle(st); i++)
		msleep(100);
	pvbus_noio_lock(&st->lock);
	if (st->phase == STOR_CONNECTED)
		stor_disconnect(st, STOR_SUSPENDED, STOR_REQUEUE);
	pvbus_noio_unlock(&st->lock);
}

static int stor_resume(struct pvbus_device *pdev)
{
	struct storvsc *st = dev_get_drvdata(&pdev->dev);
	int err = 0;

	pvbus_noio_lock(&st->lock);
	if (st->phase == STOR_SUSPENDED)
		err = stor_connect(st);
	st->reconnects += !err;
	pvbus_noio_unlock(&st->lock);
	return err;
}

/* What is written has been written by now; the pages will soon be another kernel's. */
static void stor_shutdown(struct pvbus_device *pdev)
{
	struct storvsc *st = dev_get_drvdata(&pdev->dev);

	stor_give_up_waiting(st);
	pvbus_noio_lock(&st->lock);
	stor_disconnect(st, STOR_FAILED, STOR_NO_CONNECT);
	pvbus_noio_unlock(&st->lock);
}

static const struct pvbus_device_id stor_ids[] = {
	{ "hv-scsi" },
	{ "hv-ide" },
	{ "hv-fc" },
	{ }
};
MODULE_ALIAS("pvbus:hv-scsi");
MODULE_ALIAS("pvbus:hv-ide");
MODULE_ALIAS("pvbus:hv-fc");
/* as the kernel's own VMBus names them */
MODULE_ALIAS("vmbus:d96361baa104294db60572e2ffb1dc7f");
MODULE_ALIAS("vmbus:32264132cb86a2449b5c50d1417354f5");
MODULE_ALIAS("vmbus:4acc9b2f6900f34ab76b6fd0be528cda");

static struct pvbus_driver stor_driver = {
	.driver = {
		.name = "hv-storvsc",
	},
	.ids = stor_ids,
	.groups = stor_groups,
	.probe = stor_probe,
	.remove = stor_remove,
	.suspend = stor_suspend,
	.resume = stor_resume,
	.shutdown = stor_shutdown,
};

static int __init stor_init(void)
{
	int err;

	pvbus_bound("hv-storvsc", "max_channels", &max_channels, 0, STOR_MAX_CHANS);
	pvbus_bound("hv-storvsc", "ring_kb", &stor_ring_kb, 16, 2048);
	pvbus_bound("hv-storvsc", "timeout", &stor_timeout, 1, 3600);
	/* Commands that are to fail may be what memory is waiting for. */
	stor_wq = alloc_workqueue("hv-storvsc", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!stor_wq)
		return -ENOMEM;
	stor_fc_init();
	err = pvbus_register_driver(&stor_driver);
	if (err) {
		stor_fc_exit();
		destroy_workqueue(stor_wq);
	}
	return err;
}

static void __exit stor_exit(void)
{
	pvbus_unregister_driver(&stor_driver);
	stor_fc_exit();
	destroy_workqueue(stor_wq);
}

module_init(stor_init);
module_exit(stor_exit);
MODULE_DESCRIPTION("SCSI front-end for disks of Hyper-V hosts");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(PV_VERSION));
