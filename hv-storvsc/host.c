// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SCSI host: its limits, its devices, and what is done about commands that are not answered.
 *
 * The protocol has no way to abort a command. So, each step after the one before has not brought
 * the answer: look for it in the ring; reset the LUN; reset the bus; close the channels, which ends
 * what the host may do to our pages, and connect anew.
 */
#include <linux/delay.h>
#include <scsi/scsi_devinfo.h>
#include <scsi/scsi_eh.h>
#include "storvsc.h"

#define ABORT_MS	2000
#define RESET_SECONDS	10

/* --- commands that are not answered --- */

/* Is the command still the host's? If not, it has been dealt with. */
static bool is_out(struct stor_slot *slot, const struct scsi_device *sdev)
{
	struct stor_chan *chan = READ_ONCE(slot->chan);
	bool out;

	if (!chan)	/* never used */
		return false;
	/* Also if there is no id: who took it may still be at it, under the lock. */
	spin_lock_bh(&chan->in_lock);
	out = slot->id && (!sdev || slot->cmd->device == sdev);
	spin_unlock_bh(&chan->in_lock);
	return out;
}

/* Wait for what is out on @sdev, or everywhere if that is NULL. */
static bool all_back(struct storvsc *st, const struct scsi_device *sdev, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);
	unsigned int i, n;

	for (;;) {
		for (i = 0; i < st->nr_chans; i++)
			stor_reap(&st->chan[i], false);
		for (i = 0, n = 0; i < st->depth; i++)
			n += is_out(&st->slot[i], sdev);
		if (!n || time_after(jiffies, end))
			return !n;
		msleep(50);
	}
}

static int stor_abort(struct scsi_cmnd *cmd)
{
	struct storvsc *st = host_stor(cmd->device->host);
	struct stor_slot *slot = &st->slot[scsi_cmd_to_rq(cmd)->tag];
	unsigned long end = jiffies + msecs_to_jiffies(ABORT_MS);
	struct stor_chan *chan = READ_ONCE(slot->chan);

	while (is_out(slot, NULL)) {
		if (time_after(jiffies, end)) {
			sdev_printk(KERN_WARNING, cmd->device,
				    "no answer to command %#x on channel %u\n", cmd->cmnd[0],
				    chan->index);
			return FAILED;
		}
		/* An event may be lost. */
		stor_kick(chan);
		stor_reap(chan, false);
		msleep(20);
	}
	return SUCCESS;
}

static int ask_reset(struct storvsc *st, const struct scsi_device *sdev, enum vstor_operation op)
{
	struct vstor_packet p;
	u32 size;
	int err;

	stor_build_op(&p, op);
	p.srb.length = st->dialect ? st->dialect->srb : VSTOR_SRB_SHORT;
	p.srb.path = sdev->channel;
	p.srb.target = sdev->id;
	p.srb.lun = sdev->lun;
	err = stor_control(st, &p, RESET_SECONDS, &size);
	if (!err && size >= VSTOR_HEAD && p.status)
		err = -EIO;
	if (!err && !all_back(st, op == VSTOR_RESET_LUN ? sdev : NULL, RESET_SECONDS * 1000))
		err = -ETIMEDOUT;
	return err;
}

/* A file that is still open may ask for a reset although the driver has gone. */
static int do_reset(struct scsi_cmnd *cmd, enum vstor_operation op, const char *what)
{
	const struct scsi_device *sdev = cmd->device;
	struct stor_host *sh = shost_priv(sdev->host);
	int err;

	mutex_lock(&sh->lock);
	err = sh->st ? ask_reset(sh->st, sdev, op) : -ENODEV;
	mutex_unlock(&sh->lock);
	sdev_printk(KERN_WARNING, sdev, "%s reset: %s\n", what, err ? "failed" : "done");
	return err ? FAILED : SUCCESS;
}

static int stor_reset_lun(struct scsi_cmnd *cmd)
{
	return do_reset(cmd, VSTOR_RESET_LUN, "LUN");
}

static int stor_reset_bus(struct scsi_cmnd *cmd)
{
	return do_reset(cmd, VSTOR_RESET_BUS, "bus");
}

static int stor_reset_host(struct scsi_cmnd *cmd)
{
	struct stor_host *sh = shost_priv(cmd->device->host);
	int err = -ENODEV;

	mutex_lock(&sh->lock);
	if (sh->st) {
		err = stor_reconnect(sh->st);
		dev_warn(sh->st->dev, "new connection: %s\n", err ? "failed" : "made");
	}
	mutex_unlock(&sh->lock);
	return err ? FAILED : SUCCESS;
}

/* --- devices --- */

/* What is to be done about a device: bits, in the one field of it that is the driver's. */
static unsigned long *lun_todo(struct scsi_device *sdev)
{
	return (unsigned long *)&sdev->hostdata;
}

/* Context: any. */
void stor_device_changed(struct scsi_device *sdev, enum stor_then then)
{
	set_bit(then, lun_todo(sdev));
	queue_work(system_dfl_wq, &host_stor(sdev->host)->device_work);
}

void stor_devices(struct work_struct *work)
{
	struct storvsc *st = container_of(work, struct storvsc, device_work);
	struct scsi_device *sdev;

	if (!READ_ONCE(st->added))
		return;
	shost_for_each_device(sdev, st->host) {
		if (test_and_clear_bit(STOR_REMOVE, lun_todo(sdev)))
			scsi_remove_device(sdev);
		else if (test_and_clear_bit(STOR_RESCAN, lun_todo(sdev)))
			scsi_rescan_device(sdev);
	}
}

/* What came is found by looking for it; what went, by its not answering any more. */
void stor_scan(struct work_struct *work)
{
	struct storvsc *st = container_of(work, struct storvsc, scan_work);
	struct scsi_sense_hdr sense;
	struct scsi_device *sdev;

	if (!READ_ONCE(st->added))
		return;
	shost_for_each_device(sdev, st->host)
		scsi_test_unit_ready(sdev, 30 * HZ, 1, &sense);
	flush_work(&st->device_work);
	if (st->kind != STOR_IDE)
		scsi_scan_host(st->host);
}

static int stor_sdev_init(struct scsi_device *sdev)
{
	/* They say SPC-2 and know much of what came later. */
	sdev->sdev_bflags = BLIST_REPORTLUN2 | BLIST_TRY_VPD_PAGES;
	sdev->hostdata = NULL;
	return 0;
}

static int stor_sdev_configure(struct scsi_device *sdev, struct queue_limits *lim)
{
	u32 vmbus = host_stor(sdev->host)->vdev->version;

	blk_queue_rq_timeout(sdev->request_queue, secs_to_jiffies(stor_timeout));
	if (!stor_gaps)
		pv_scsi_sdev_virt_boundary(sdev, STOR_PAGE - 1);
	sdev->no_write_same = 1;
	/* The disks of Windows Server 2012 and 2012 R2 are better than they say. */
	if (!strncmp(sdev->vendor, "Msft", 4) && (vmbus == VMBUS_2_4 || vmbus == VMBUS_3_0))
		sdev->scsi_level = SCSI_SPC_3;
	return 0;
}
PV_SCSI_SDEV_CONFIGURE(stor_sdev_configure)

/* --- the host --- */

static void stor_map_queues(struct Scsi_Host *host)
{
	unsigned int *map = pv_mq_default_map(&host->tag_set);
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		map[cpu] = cpu % host->tag_set.nr_hw_queues;
}
PV_SCSI_MAP_QUEUES(stor_map_queues)
PV_SCSI_QUEUECOMMAND(stor_queuecommand)

static struct scsi_host_template stor_template = {
	.module = THIS_MODULE,
	.name = "hv-storvsc",
	.proc_name = "hv_storvsc",
	.queuecommand = stor_queuecommand_op,
	PV_SCSI_SET_COMMIT_RQS(stor_commit)
	.map_queues = stor_map_queues_op,
	.sdev_init = stor_sdev_init,
	.sdev_configure = stor_sdev_configure_op,
	.change_queue_depth = scsi_change_queue_depth,
	.track_queue_depth = 1,
	.eh_abort_handler = stor_abort,
	.eh_device_reset_handler = stor_reset_lun,
	.eh_bus_reset_handler = stor_reset_bus,
	.eh_host_reset_handler = stor_reset_host,
	.this_id = -1,
	.no_write_same = 1,
	.skip_settle_delay = 1,	/* nothing there has to calm down after a reset */
	PV_SCSI_SET_HOST_TAGSET
};

static void set_limits(struct storvsc *st, struct Scsi_Host *host)
{
	host->can_queue = st->depth;
	host->cmd_per_lun = min_t(unsigned int, st->depth, 2048);
	pv_scsi_set_queues(host, st->nr_chans);
	host->max_cmd_len = VSTOR_CDB;
	host->max_sectors = st->offer.max_transfer >> SECTOR_SHIFT;
	/* Behind Fibre Channel hosts have been seen to fail what is larger, whatever they say. */
	if (st->kind == STOR_FC)
		host->max_sectors = min_t(unsigned int, host->max_sectors, SZ_512K >> SECTOR_SHIFT);
	host->sg_tablesize = st->offer.max_transfer / STOR_PAGE + 1;
	pv_scsi_set_virt_boundary(host, stor_gaps ? 0 : STOR_PAGE - 1);
	host->max_lun = st->kind == STOR_IDE ? 64 : 256;
	host->max_id = st->kind == STOR_FC ? 128 : 2;
	host->max_channel = st->kind == STOR_IDE ? 0 : 7;
}

/* The one device of an accelerator is known by where it is emulated. */
static int add_ide(struct storvsc *st)
{
	struct stor_place place;
	int err;

	stor_ide_place(st->vdev->instance.b, &place);
	err = scsi_add_device(st->host, 0, place.unit, 0);
	if (!err)
		stor_twin_hold(st);
	return err;
}

/* The connection is there: make the host, and look for devices. */
int stor_host_add(struct storvsc *st)
{
	struct Scsi_Host *host = scsi_host_alloc(&stor_template, sizeof(struct stor_host));
	struct stor_host *sh;
	int err;

	if (!host)
		return -ENOMEM;
	sh = shost_priv(host);
	sh->st = st;
	mutex_init(&sh->lock);
	set_limits(st, host);
	stor_fc_prepare(st, host);
	st->host = host;
	err = scsi_add_host(host, st->dev);
	if (err) {
		st->host = NULL;
		scsi_host_put(host);
		return err;
	}
	pv_scsi_no_elevator(host);
	WRITE_ONCE(st->added, true);
	stor_fc_add(st);
	if (st->kind != STOR_IDE)
		scsi_scan_host(host);
	else
		err = add_ide(st);
	return err;
}

void stor_host_remove(struct storvsc *st)
{
	struct stor_host *sh;

	if (!st->host)
		return;
	stor_fc_remove(st);
	scsi_remove_host(st->host);
	sh = shost_priv(st->host);
	mutex_lock(&sh->lock);
	sh->st = NULL;
	mutex_unlock(&sh->lock);
	stor_twin_release(st);
	WRITE_ONCE(st->added, false);
	cancel_work_sync(&st->scan_work);
	cancel_work_sync(&st->device_work);
}
