/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block layer of the newest kernel, on every kernel. Include this after the linux/ headers.
 *
 * Under their upstream names, in their newest form (a macro stands in where the kernel's is older):
 *
 *   struct queue_limits             with .features and BLK_FEAT_WRITE_CACHE; before 6.11 whoever
 *                                   sets limits sets all of them, also when they change
 *   blk_mq_alloc_disk(set, lim, data)
 *   queue_limits_start_update(q), queue_limits_commit_update(q, lim)
 *   device_add_disk(parent, disk, groups)                       0 or an errno
 *   del_gendisk(disk)               no request is in flight afterwards
 *   put_disk(disk)                  all there is to do for a disk that was never added, too
 *   blk_mark_disk_dead(disk)        the device is gone: new requests fail, size 0
 *   set_capacity_and_notify(disk, sectors)
 *   struct rq_list, rq_list_pop(l), rq_list_add_tail(l, rq)
 *   blk_mode_t, GENHD_FL_NO_PART
 *   BLK_MQ_F_SHOULD_MERGE           0 where that is what every queue does
 *   kmap_local_page(page), kunmap_local(addr)
 *   blk_steal_bios(list, rq), submit_bio_noacct(bio)
 *   SECTOR_SHIFT, SECTOR_SIZE, BLK_STS_DEV_RESOURCE
 *
 * Callbacks whose prototype changed: write FN in the newest form, put the macro after it, give
 * FN_op to the kernel.
 *
 *   PV_BLK_TIMEOUT(fn)              enum blk_eh_timer_return fn(struct request *rq)
 *   PV_BLK_POLL(fn)                 int fn(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob);
 *                                   iob may be NULL
 *   PV_BLK_MAP_QUEUES(fn)           void fn(struct blk_mq_tag_set *set)
 *   PV_BLK_OPEN(fn)                 int fn(struct gendisk *disk, blk_mode_t mode)
 *   PV_BLK_RELEASE(fn)              void fn(struct gendisk *disk)
 *   PV_BLK_GETGEO(fn)               int fn(struct gendisk *disk, struct hd_geometry *geo)
 *   PV_BLK_QUEUE_RQS(fn)            void fn(struct rq_list *list), which may take requests from
 *                                   the list, and put another one in its place;
 *                                   in the table of callbacks: PV_BLK_SET_QUEUE_RQS(fn)
 *
 * Without an upstream name to take:
 *
 *   PV_BLK_SET_COMMIT_RQS(fn)       in the table of callbacks, where there is such a thing
 *   pv_mq_last(bd)                  ring the doorbell now? Always, where nothing calls commit_rqs
 *   pv_mq_set_nr_maps(set, n), pv_mq_map_queues(set, type, nr, offset), pv_mq_default_map(set)
 *                                   before 5.0 there is one map only
 *   pv_bdev_in_use(dev)             has somebody claimed the disk (a mount, LVM, swap);
 *                                   may sleep
 *   pv_queue_has_poll               constant: can queue maps have a HCTX_TYPE_POLL
 */
#ifndef PV_COMPAT_BLK_H
#define PV_COMPAT_BLK_H

#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/hdreg.h>
#include <linux/highmem.h>
#include <linux/kobject.h>
#include <pv_compat_config.h>

/* -- types and flags -- */

#if !PV_HAVE_BLK_MODE_T
typedef fmode_t blk_mode_t;
#define BLK_OPEN_READ	FMODE_READ
#define BLK_OPEN_NDELAY	FMODE_NDELAY
#endif

#if !PV_HAVE_BLK_F_SHOULD_MERGE
#define BLK_MQ_F_SHOULD_MERGE 0
#endif

#if !PV_HAVE_BLK_EH_DONE
#define BLK_EH_DONE BLK_EH_NOT_HANDLED
#endif

#ifndef BLK_STS_DEV_RESOURCE
#define BLK_STS_DEV_RESOURCE BLK_STS_RESOURCE
#endif

#ifndef SECTOR_SHIFT
#define SECTOR_SHIFT	9
#define SECTOR_SIZE	(1 << SECTOR_SHIFT)
#endif

#if !PV_HAVE_BLK_FL_NO_PART
#define GENHD_FL_NO_PART GENHD_FL_NO_PART_SCAN
#endif

/* -- limits -- */

#if !PV_HAVE_BLK_FEATURES
#define BLK_FEAT_WRITE_CACHE	(1u << 0)

/* No field may be 0, but for what is told of a write cache and discards. */
struct pv_queue_limits {
	unsigned int features;
	unsigned long seg_boundary_mask;
	unsigned int max_hw_sectors;
	unsigned int max_segment_size;
	unsigned int physical_block_size;
	unsigned int logical_block_size;
	unsigned int max_hw_discard_sectors;
	unsigned int max_secure_erase_sectors;
	unsigned int discard_granularity;
	unsigned int discard_alignment;
	unsigned short max_segments;
	unsigned int dma_alignment;
};

static inline void pv_queue_flag(struct request_queue *q, unsigned int flag, bool on)
{
	if (on)
		set_bit(flag, &q->queue_flags);
	else
		clear_bit(flag, &q->queue_flags);
}

static inline int pv_limits_set(struct request_queue *q, const struct pv_queue_limits *lim)
{
	blk_queue_logical_block_size(q, lim->logical_block_size);
	blk_queue_physical_block_size(q, lim->physical_block_size);
	blk_queue_max_hw_sectors(q, lim->max_hw_sectors);
	blk_queue_max_segments(q, lim->max_segments);
	blk_queue_segment_boundary(q, lim->seg_boundary_mask);
	blk_queue_max_segment_size(q, lim->max_segment_size);
	blk_queue_dma_alignment(q, lim->dma_alignment);
	blk_queue_max_discard_sectors(q, lim->max_hw_discard_sectors);
	/* Not back to 0: a discard that is being cut up goes on by it. */
	if (lim->discard_granularity) {
		q->limits.discard_granularity = lim->discard_granularity;
		q->limits.discard_alignment = lim->discard_alignment;
	}
#if PV_HAVE_BLK_FLAG_DISCARD
	pv_queue_flag(q, QUEUE_FLAG_DISCARD, lim->max_hw_discard_sectors);
#endif
#if PV_HAVE_BLK_SECURE_ERASE_LIMIT
	blk_queue_max_secure_erase_sectors(q, lim->max_secure_erase_sectors);
#else
	pv_queue_flag(q, QUEUE_FLAG_SECERASE, lim->max_secure_erase_sectors);
#endif
	blk_queue_write_cache(q, lim->features & BLK_FEAT_WRITE_CACHE, false);
	return 0;
}

#define queue_limits				pv_queue_limits
#define queue_limits_start_update(q)		((struct pv_queue_limits){ })
#define queue_limits_commit_update(q, lim)	pv_limits_set(q, lim)

static inline struct gendisk *pv_mq_alloc_bare_disk(struct blk_mq_tag_set *set, void *data)
{
#if PV_HAVE_BLK_MQ_ALLOC_DISK_LIM
	return blk_mq_alloc_disk(set, NULL, data);
#elif PV_HAVE_BLK_MQ_ALLOC_DISK
	return blk_mq_alloc_disk(set, data);
#else
	struct gendisk *disk = alloc_disk_node(0, set->numa_node);
	struct request_queue *q;

	if (!disk)
		return ERR_PTR(-ENOMEM);
	q = blk_mq_init_queue(set);
	if (IS_ERR(q)) {
		put_disk(disk);
		return ERR_CAST(q);
	}
	q->queuedata = data;
	disk->queue = q;
#if PV_HAVE_BLK_FL_EXT_DEVT
	disk->flags |= GENHD_FL_EXT_DEVT;
#endif
	return disk;
#endif
}

static inline struct gendisk *pv_mq_alloc_disk(struct blk_mq_tag_set *set,
					       const struct queue_limits *lim, void *data)
{
	struct gendisk *disk = pv_mq_alloc_bare_disk(set, data);

	if (!IS_ERR(disk)) {
		pv_queue_flag(disk->queue, QUEUE_FLAG_NONROT, true);
		pv_limits_set(disk->queue, lim);
	}
	return disk;
}

#undef blk_mq_alloc_disk
#define blk_mq_alloc_disk(set, lim, data) pv_mq_alloc_disk(set, lim, data)
#endif /* !PV_HAVE_BLK_FEATURES */

/* -- a disk's life -- */

#if !PV_HAVE_BLK_ADD_DISK_INT
static inline int pv_add_disk(struct device *parent, struct gendisk *disk,
			      const struct attribute_group **groups)
{
#if PV_HAVE_BLK_ADD_DISK_GROUPS
	device_add_disk(parent, disk, groups);
	return 0;
#else
	device_add_disk(parent, disk);
	return groups ? sysfs_create_groups(&disk_to_dev(disk)->kobj, groups) : 0;
#endif
}

#define device_add_disk(parent, disk, groups)	pv_add_disk(parent, disk, groups)
#endif

#if PV_HAVE_BLK_CLEANUP_QUEUE
/*
 * Later kernels drain the queue in del_gendisk(). Here blk_cleanup_queue() does, and
 * drops the driver's reference.
 */
static inline void pv_del_gendisk(struct gendisk *disk)
{
	del_gendisk(disk);
	blk_cleanup_queue(disk->queue);
}

static inline void pv_put_disk(struct gendisk *disk)
{
	if (!blk_queue_dead(disk->queue)) {
		blk_cleanup_queue(disk->queue);
#if !PV_HAVE_BLK_CLEANUP_DISK
		/* It was never added, so the disk holds no reference of its own to drop. */
		disk->queue = NULL;
#endif
	}
	put_disk(disk);
}

#define del_gendisk(disk)	pv_del_gendisk(disk)
#define put_disk(disk)		pv_put_disk(disk)
#endif

#if !PV_HAVE_BLK_MARK_DISK_DEAD
static inline void pv_mark_disk_dead(struct gendisk *disk)
{
	blk_set_queue_dying(disk->queue);
	set_capacity(disk, 0);
}

#define blk_mark_disk_dead(disk) pv_mark_disk_dead(disk)
#endif

#if !PV_HAVE_BLK_SET_CAPACITY_NOTIFY
static inline bool pv_set_capacity_and_notify(struct gendisk *disk, sector_t size)
{
#if PV_HAVE_BLK_SET_CAPACITY_REVALIDATE
	return set_capacity_revalidate_and_notify(disk, size, true);
#else
	char *envp[] = { "RESIZE=1", NULL };
	sector_t old = get_capacity(disk);

	set_capacity(disk, size);
	revalidate_disk(disk);
	if (!old || !size || old == size)
		return false;
	kobject_uevent_env(&disk_to_dev(disk)->kobj, KOBJ_CHANGE, envp);
	return true;
#endif
}

#define set_capacity_and_notify(disk, size) pv_set_capacity_and_notify(disk, size)
#endif

#define PV_CLAIM_MODE	(BLK_OPEN_READ | BLK_OPEN_NDELAY)
#if PV_HAVE_BDEV_FILE_OPEN
#define pv_bdev_claim(dev, holder)	bdev_file_open_by_dev(dev, PV_CLAIM_MODE, holder, NULL)
#define pv_bdev_let_go(bdev, holder)	bdev_fput(bdev)
#elif PV_HAVE_BDEV_OPEN_HANDLE
#define pv_bdev_claim(dev, holder)	bdev_open_by_dev(dev, PV_CLAIM_MODE, holder, NULL)
#define pv_bdev_let_go(bdev, holder)	bdev_release(bdev)
#elif PV_HAVE_BDEV_HOLDER_OPS
#define pv_bdev_claim(dev, holder)	blkdev_get_by_dev(dev, PV_CLAIM_MODE, holder, NULL)
#define pv_bdev_let_go(bdev, holder)	blkdev_put(bdev, holder)
#else
#define pv_bdev_claim(dev, holder)	blkdev_get_by_dev(dev, PV_CLAIM_MODE | FMODE_EXCL, holder)
#define pv_bdev_let_go(bdev, holder)	blkdev_put(bdev, PV_CLAIM_MODE | FMODE_EXCL)
#endif

/* Whoever mounts a disk or a partition claims the whole of it, and a second claim is refused. */
static inline bool pv_bdev_in_use(dev_t dev)
{
	static int holder;
	void *bdev = pv_bdev_claim(dev, &holder);

	if (!IS_ERR(bdev))
		pv_bdev_let_go(bdev, &holder);
	return PTR_ERR_OR_ZERO(bdev) == -EBUSY;
}

/* -- requests -- */

#if !PV_HAVE_BLK_SUBMIT_NOACCT
#define submit_bio_noacct(bio) generic_make_request(bio)
#endif

#if !PV_HAVE_BLK_STEAL_BIOS
static inline void pv_steal_bios(struct bio_list *list, struct request *rq)
{
	struct bio_list all = { .head = rq->bio, .tail = rq->biotail };

	bio_list_merge(list, &all);
	rq->bio = NULL;
	rq->biotail = NULL;
	rq->__data_len = 0;
}

#define blk_steal_bios(list, rq) pv_steal_bios(list, rq)
#endif

#if !PV_HAVE_BLK_RQ_LIST
#undef rq_list_pop
#undef rq_list_add_tail
#define rq_list_pop(list)		pv_rq_list_pop(list)
#define rq_list_add_tail(list, rq)	pv_rq_list_add_tail(list, rq)

#if PV_HAVE_BLK_QUEUE_RQS
#define pv_rq_next(rq)	((rq)->rq_next)
#else
/* No link of its own: while a driver holds a request, queuelist is free. */
#define pv_rq_next(rq)	(*(struct request **)&(rq)->queuelist.next)
#endif

struct rq_list {
	struct request *head;
	struct request *tail;
};

static inline struct request *pv_rq_list_pop(struct rq_list *list)
{
	struct request *rq = list->head;

	if (rq) {
		list->head = pv_rq_next(rq);
		if (!list->head)
			list->tail = NULL;
		pv_rq_next(rq) = NULL;
	}
	return rq;
}

static inline void pv_rq_list_add_tail(struct rq_list *list, struct request *rq)
{
	pv_rq_next(rq) = NULL;
	if (list->tail)
		pv_rq_next(list->tail) = rq;
	else
		list->head = rq;
	list->tail = rq;
}
#endif /* !PV_HAVE_BLK_RQ_LIST */

#if !PV_HAVE_BLK_COMP_BATCH
struct io_comp_batch;
#endif

/* -- queue maps -- */

#if PV_HAVE_BLK_QUEUE_MAPS
#define pv_queue_has_poll	1
#define pv_mq_set_nr_maps(set, n)	((set)->nr_maps = (n))
#define pv_mq_default_map(set)		((set)->map[HCTX_TYPE_DEFAULT].mq_map)

static inline void pv_mq_map_queues(struct blk_mq_tag_set *set, unsigned int type, unsigned int nr,
				    unsigned int offset)
{
	set->map[type].nr_queues = nr;
	set->map[type].queue_offset = offset;
	if (nr)
		blk_mq_map_queues(&set->map[type]);
}
#else
enum { HCTX_TYPE_DEFAULT, HCTX_TYPE_READ, HCTX_TYPE_POLL };
#define pv_queue_has_poll	0
#define pv_mq_set_nr_maps(set, n)	((void)(n))
#define pv_mq_default_map(set)		((set)->mq_map)

static inline void pv_mq_map_queues(struct blk_mq_tag_set *set, unsigned int type, unsigned int nr,
				    unsigned int offset)
{
	if (type == HCTX_TYPE_DEFAULT)
		blk_mq_map_queues(set);
}
#endif

/* -- callbacks -- */

#if PV_HAVE_BLK_TIMEOUT_RESERVED
#define PV_BLK_TIMEOUT(fn) \
	static enum blk_eh_timer_return fn##_op(struct request *rq, bool reserved) \
	{ return fn(rq); }
#else
#define PV_BLK_TIMEOUT(fn) \
	static enum blk_eh_timer_return fn##_op(struct request *rq) { return fn(rq); }
#endif

#if PV_HAVE_BLK_COMP_BATCH
#define PV_BLK_POLL(fn) \
	static int fn##_op(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob) \
	{ return fn(hctx, iob); }
#elif PV_HAVE_BLK_POLL_TAG
#define PV_BLK_POLL(fn) \
	static int fn##_op(struct blk_mq_hw_ctx *hctx, unsigned int tag) { return fn(hctx, NULL); }
#else
#define PV_BLK_POLL(fn) \
	static int fn##_op(struct blk_mq_hw_ctx *hctx) { return fn(hctx, NULL); }
#endif

#if PV_HAVE_BLK_MAP_QUEUES_VOID
#define PV_BLK_MAP_QUEUES(fn) \
	static void fn##_op(struct blk_mq_tag_set *set) { fn(set); }
#else
#define PV_BLK_MAP_QUEUES(fn) \
	static int fn##_op(struct blk_mq_tag_set *set) { fn(set); return 0; }
#endif

#if PV_HAVE_BLK_OPEN_DISK
#define PV_BLK_OPEN(fn) \
	static int fn##_op(struct gendisk *disk, blk_mode_t mode) { return fn(disk, mode); }
#define PV_BLK_RELEASE(fn) \
	static void fn##_op(struct gendisk *disk) { fn(disk); }
#else
#define PV_BLK_OPEN(fn) \
	static int fn##_op(struct block_device *bdev, blk_mode_t mode) \
	{ return fn(bdev->bd_disk, mode); }
#define PV_BLK_RELEASE(fn) \
	static void fn##_op(struct gendisk *disk, blk_mode_t mode) { fn(disk); }
#endif

#if PV_HAVE_BLK_GETGEO_DISK
#define PV_BLK_GETGEO(fn) \
	static int fn##_op(struct gendisk *disk, struct hd_geometry *geo) { return fn(disk, geo); }
#else
#define PV_BLK_GETGEO(fn) \
	static int fn##_op(struct block_device *bdev, struct hd_geometry *geo) \
	{ return fn(bdev->bd_disk, geo); }
#endif

#if PV_HAVE_BLK_RQ_LIST
#define PV_BLK_QUEUE_RQS(fn) \
	static void fn##_op(struct rq_list *list) { fn(list); }
#define PV_BLK_SET_QUEUE_RQS(fn) .queue_rqs = fn##_op,
#elif PV_HAVE_BLK_QUEUE_RQS
#define PV_BLK_QUEUE_RQS(fn) \
	static void fn##_op(struct request **list) \
	{ \
		struct rq_list l = { .head = *list }; \
		\
		fn(&l); \
		*list = l.head; \
	}
#define PV_BLK_SET_QUEUE_RQS(fn) .queue_rqs = fn##_op,
#else
#define PV_BLK_QUEUE_RQS(fn) \
	static inline __maybe_unused void fn##_op(struct rq_list *list) { fn(list); }
#define PV_BLK_SET_QUEUE_RQS(fn)
#endif

#if PV_HAVE_BLK_COMMIT_RQS
#define PV_BLK_SET_COMMIT_RQS(fn) .commit_rqs = fn,
#define pv_mq_last(bd)	((bd)->last)
#else
#define PV_BLK_SET_COMMIT_RQS(fn)
#define pv_mq_last(bd)	true
#endif

/* -- pages -- */

#if !PV_HAVE_KMAP_LOCAL
#define kmap_local_page(page)	kmap_atomic(page)
#define kunmap_local(addr)	kunmap_atomic(addr)
#endif

#endif /* PV_COMPAT_BLK_H */
