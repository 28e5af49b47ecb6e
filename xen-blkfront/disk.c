// SPDX-License-Identifier: GPL-2.0-only
/* The gendisk: which one it is, what it can do, when it appears and disappears. */
#include <linux/cdrom.h>
#include <linux/hdreg.h>
#include <linux/uaccess.h>
#include "blkfront.h"

static LIST_HEAD(disks);
static DEFINE_MUTEX(disks_lock);	/* the list, and names and minors on it */

/* Nothing of one disk may be part of another: hda and xvda, or xvda1 and xvda, at a time. */
static bool clash(const struct blk_name *a, const struct blk_name *b)
{
	return a->disk == b->disk && (!a->part || !b->part || a->part == b->part);
}

/**
 * blkfront_name_claim - find out what disk a device is
 * @bf: the disk
 * @vdev: what its node `virtual-device` says
 *
 * Return: 0; -EINVAL for a number of no known scheme; -EEXIST if another device is that disk.
 */
int blkfront_name_claim(struct blkfront *bf, u64 vdev)
{
	struct blkfront *other;

	if (blk_vdev_name(vdev, &bf->name)) {
		pvbus_xen_error(bf->xdev, -EINVAL,
				"virtual-device %llu: a number of no known kind of disk", vdev);
		return -EINVAL;
	}
	mutex_lock(&disks_lock);
	list_for_each_entry(other, &disks, link) {
		if (!clash(&other->name, &bf->name))
			continue;
		pvbus_xen_error(bf->xdev, -EEXIST,
				"virtual-device %llu: %s is there already, as %s", vdev,
				bf->name.name, dev_name(other->dev));
		mutex_unlock(&disks_lock);
		return -EEXIST;
	}
	list_add_tail(&bf->link, &disks);
	mutex_unlock(&disks_lock);
	return 0;
}

/* --- operations --- */

static int blkfront_open(struct gendisk *disk, blk_mode_t mode)
{
	struct blkfront *bf = disk->private_data;

	kref_get(&bf->kref);
	atomic_inc(&bf->openers);
	return 0;
}
PV_BLK_OPEN(blkfront_open)

static void blkfront_release(struct gendisk *disk)
{
	struct blkfront *bf = disk->private_data;

	if (atomic_dec_and_test(&bf->openers) && READ_ONCE(bf->unplug))
		blkfront_disk_todo(bf);
	blkfront_put(bf);
}
PV_BLK_RELEASE(blkfront_release)

/* For programs that think in cylinders: as large as they come */
static int blkfront_getgeo(struct gendisk *disk, struct hd_geometry *geo)
{
	sector_t cylinders = get_capacity(disk);

	geo->heads = 255;
	geo->sectors = 63;
	sector_div(cylinders, 255 * 63);
	geo->cylinders = min_t(sector_t, cylinders, U16_MAX);
	return 0;
}
PV_BLK_GETGEO(blkfront_getgeo)

/* A CD-ROM drive has just to say that it is one. */
static int blkfront_ioctl(struct block_device *bdev, blk_mode_t mode, unsigned int cmd,
			  unsigned long arg)
{
	struct blkfront *bf = bdev->bd_disk->private_data;

	if (!bf->deal.cdrom || (cmd != CDROM_GET_CAPABILITY && cmd != CDROMMULTISESSION))
		return -ENOTTY;
	if (cmd == CDROMMULTISESSION &&
	    clear_user((void __user *)arg, sizeof(struct cdrom_multisession)))
		return -EFAULT;
	return 0;
}

static const struct block_device_operations blkfront_fops = {
	.owner		= THIS_MODULE,
	.open		= blkfront_open_op,
	.release	= blkfront_release_op,
	.getgeo		= blkfront_getgeo_op,
	.ioctl		= blkfront_ioctl,
};

/* --- limits --- */

static void fill_limits(const struct blk_deal *d, struct queue_limits *lim)
{
	lim->logical_block_size = d->sector_size;
	lim->physical_block_size = d->physical_sector_size;
	lim->max_segments = d->max_segs;
	/* A segment is part of one page. */
	lim->max_segment_size = PAGE_SIZE;
	lim->seg_boundary_mask = PAGE_SIZE - 1;
	lim->dma_alignment = SECTOR_SIZE - 1;
	lim->max_hw_sectors = d->max_segs * (PAGE_SIZE / SECTOR_SIZE);
	lim->max_hw_discard_sectors = d->discard ? UINT_MAX : 0;
	lim->max_secure_erase_sectors = d->secure_discard ? UINT_MAX : 0;
	lim->discard_granularity = d->discard ? d->discard_granularity : 0;
	lim->discard_alignment = d->discard ? d->discard_alignment : 0;
	lim->features &= ~BLK_FEAT_WRITE_CACHE;
	if (d->flush_op != BLK_OP_NONE)
		lim->features |= BLK_FEAT_WRITE_CACHE;	/* the block layer makes FUA of a flush */
}

/*
 * Whoever sets a limit by sysfs has the limits locked and waits for requests, which may wait for a
 * new connection: so this is not done under the disk's lock, nor with the queue frozen.
 */
static void update_limits(struct blkfront *bf)
{
	struct queue_limits lim;
	struct blk_deal deal;

	pvbus_noio_lock(&bf->lock);
	deal = bf->deal;
	pvbus_noio_unlock(&bf->lock);
	lim = queue_limits_start_update(bf->disk->queue);
	fill_limits(&deal, &lim);
	if (queue_limits_commit_update(bf->disk->queue, &lim))
		dev_warn(bf->dev, "%s: the block layer does not take the new limits\n",
			 bf->name.name);
}

/* --- making and showing --- */

static int tags_make(struct blkfront *bf)
{
	struct blk_mq_tag_set *set = &bf->tags;

	bf->hw_queues = bf->deal.queues;
	bf->hw_poll = bf->deal.poll_queues;
	set->ops = &blkfront_mq_ops;
	set->nr_hw_queues = bf->hw_queues + bf->hw_poll;
	pv_mq_set_nr_maps(set, bf->hw_poll ? HCTX_TYPE_POLL + 1 : 1);
	set->queue_depth = bf->rings[0].r.r.size;
	set->numa_node = NUMA_NO_NODE;
	set->cmd_size = sizeof(struct blkfront_cmd);
	set->flags = BLK_MQ_F_SHOULD_MERGE;
	set->timeout = blkfront_timeout * HZ;
	set->driver_data = bf;
	return blk_mq_alloc_tag_set(set);
}

static void describe(const struct blkfront *bf, struct gendisk *disk)
{
	if (bf->name.minors && blkfront_has_major) {
		disk->major = BLK_MAJOR;
		disk->first_minor = bf->name.minor;
		disk->minors = bf->name.minors;
	}
	strscpy(disk->disk_name, bf->name.name, sizeof(disk->disk_name));
	disk->fops = &blkfront_fops;
	disk->private_data = (void *)bf;
	if (bf->deal.removable)
		disk->flags |= GENHD_FL_REMOVABLE;
	if (bf->name.part)
		disk->flags |= GENHD_FL_NO_PART;
	set_disk_ro(disk, bf->deal.readonly);
	set_capacity(disk, bf->deal.sectors);
}

/* Make the disk that was agreed on; nobody sees it before blkfront_disk_work(). */
int blkfront_disk_make(struct blkfront *bf)
{
	struct queue_limits lim = { };
	struct gendisk *disk;
	int err;

	err = tags_make(bf);
	if (err)
		return err;
	fill_limits(&bf->deal, &lim);
	disk = blk_mq_alloc_disk(&bf->tags, &lim, bf);
	if (IS_ERR(disk)) {
		blk_mq_free_tag_set(&bf->tags);
		return PTR_ERR(disk);
	}
	describe(bf, disk);
	bf->disk = disk;
	return 0;
}

/* The reverse, also of blkfront_name_claim() */
void blkfront_disk_free(struct blkfront *bf)
{
	if (bf->disk) {
		put_disk(bf->disk);
		blk_mq_free_tag_set(&bf->tags);
		bf->disk = NULL;
	}
	mutex_lock(&disks_lock);
	list_del(&bf->link);
	mutex_unlock(&disks_lock);
}

/**
 * blkfront_take_away - take the disk away for good, and end its connection
 * @bf: the disk
 *
 * With a back-end that serves, what is to be written can still be written; otherwise what is in
 * flight fails. Should the back-end stop serving on the way, requests time out, and the work that
 * this schedules fails them.
 */
void blkfront_take_away(struct blkfront *bf)
{
	bool serves;

	pvbus_noio_lock(&bf->lock);
	bf->dying = true;
	serves = bf->phase == BF_CONNECTED && pvbus_xen_read_state(bf->xdev) != XENBUS_UNKNOWN;
	if (!serves)
		blkfront_disconnect(bf, false);
	pvbus_noio_unlock(&bf->lock);
	if (bf->added) {
		if (!serves)
			blk_mark_disk_dead(bf->disk);
		del_gendisk(bf->disk);
		bf->added = false;
	}
	pvbus_noio_lock(&bf->lock);
	blkfront_disconnect(bf, false);
	bf->phase = BF_GONE;
	pvbus_noio_unlock(&bf->lock);
}

static void show(struct blkfront *bf)
{
	int err = device_add_disk(bf->dev, bf->disk, NULL);

	if (err)
		pvbus_xen_error(bf->xdev, err, "adding disk %s", bf->name.name);
	bf->added = !err;
}

/*
 * A disk that works stays with who has it open, also if the host has asked for it. Asleep, too: the
 * next host asks again.
 */
static bool may_keep(struct blkfront *bf)
{
	return READ_ONCE(bf->xdev->asleep) ||
	       (READ_ONCE(bf->phase) == BF_CONNECTED && atomic_read(&bf->openers));
}

/* Not under the disk's lock, which the way out of a failing connection needs: both wait for I/O. */
void blkfront_disk_work(struct work_struct *work)
{
	struct blkfront *bf = container_of(work, struct blkfront, disk_work);

	if (READ_ONCE(bf->unplug) && !may_keep(bf)) {
		if (!READ_ONCE(bf->dying))
			blkfront_take_away(bf);
	} else {
		if (test_and_clear_bit(BF_DO_SHOW, &bf->todo) && !READ_ONCE(bf->dying))
			show(bf);
		if (test_and_clear_bit(BF_DO_LIMITS, &bf->todo))
			update_limits(bf);
	}
	blkfront_put(bf);
}

/* Take the disk away if it is to be unplugged, or do what there is to do. Context: any */
void blkfront_disk_todo(struct blkfront *bf)
{
	kref_get(&bf->kref);
	if (!queue_work(blkfront_wq, &bf->disk_work))
		blkfront_put(bf);
}

void blkfront_disk_do(struct blkfront *bf, unsigned int what)
{
	set_bit(what, &bf->todo);
	blkfront_disk_todo(bf);
}
