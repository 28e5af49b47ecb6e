// SPDX-License-Identifier: GPL-2.0-only
/* Uses all that compat/blk.h offers; has to compile on every kernel, without a warning. */
#include <linux/module.h>
#include <blk.h>

static int use_major;

static void use_done(struct request *rq)
{
	blk_mq_end_request(rq, BLK_STS_OK);
}

static blk_status_t use_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct req_iterator iter;
	struct bio_vec bvec;

	rq_for_each_segment(bvec, bd->rq, iter) {
		char *p = kmap_local_page(bvec.bv_page);

		p[0] = 0;
		kunmap_local(p);
	}
	blk_mq_complete_request(bd->rq);
	return pv_mq_last(bd) ? BLK_STS_OK : BLK_STS_DEV_RESOURCE;
}

static void use_bios(struct request *rq)
{
	struct bio_list bios = BIO_EMPTY_LIST;
	struct bio *bio;

	blk_steal_bios(&bios, rq);
	while ((bio = bio_list_pop(&bios)))
		submit_bio_noacct(bio);
}

static void __maybe_unused use_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	pr_debug("%u\n", hctx->queue_num);
}

static void use_queue_rqs(struct rq_list *list)
{
	struct rq_list later = { };
	struct request *rq;

	while ((rq = rq_list_pop(list)))
		rq_list_add_tail(&later, rq);
	*list = later;
}
PV_BLK_QUEUE_RQS(use_queue_rqs)

static enum blk_eh_timer_return use_timeout(struct request *rq)
{
	use_bios(rq);
	return rq->tag ? BLK_EH_RESET_TIMER : BLK_EH_DONE;
}
PV_BLK_TIMEOUT(use_timeout)

static int use_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob)
{
	return iob || hctx->driver_data;
}
PV_BLK_POLL(use_poll)

static void use_map_queues(struct blk_mq_tag_set *set)
{
	pv_mq_map_queues(set, HCTX_TYPE_DEFAULT, 1, 0);
	if (pv_queue_has_poll)
		pv_mq_map_queues(set, HCTX_TYPE_POLL, 1, 1);
}
PV_BLK_MAP_QUEUES(use_map_queues)

static const struct blk_mq_ops use_mq_ops = {
	.queue_rq = use_queue_rq,
	.complete = use_done,
	.timeout = use_timeout_op,
	.poll = use_poll_op,
	.map_queues = use_map_queues_op,
	PV_BLK_SET_COMMIT_RQS(use_commit_rqs)
	PV_BLK_SET_QUEUE_RQS(use_queue_rqs)
};

static int use_open(struct gendisk *disk, blk_mode_t mode)
{
	return mode && !disk->private_data ? -EROFS : 0;
}
PV_BLK_OPEN(use_open)

static void use_release(struct gendisk *disk)
{
	pr_debug("%s\n", disk->disk_name);
}
PV_BLK_RELEASE(use_release)

static int use_getgeo(struct gendisk *disk, struct hd_geometry *geo)
{
	geo->heads = get_capacity(disk) ? 255 : 0;
	return 0;
}
PV_BLK_GETGEO(use_getgeo)

static int use_ioctl(struct block_device *bdev, blk_mode_t mode, unsigned int cmd,
		     unsigned long arg)
{
	return mode ? -ENOTTY : -EBADF;
}

static const struct block_device_operations use_fops = {
	.owner = THIS_MODULE,
	.open = use_open_op,
	.release = use_release_op,
	.getgeo = use_getgeo_op,
	.ioctl = use_ioctl,
};

static struct blk_mq_tag_set use_set = {
	.ops = &use_mq_ops,
	.nr_hw_queues = 2,
	.queue_depth = 32,
	.numa_node = NUMA_NO_NODE,
	.flags = BLK_MQ_F_SHOULD_MERGE,
};

static struct gendisk *use_disk;

static int use_update(struct request_queue *q)
{
	struct queue_limits lim = queue_limits_start_update(q);

	lim.max_segments = 11;
	return queue_limits_commit_update(q, &lim);
}

static int use_add(void)
{
	static const struct attribute_group *groups[] = { NULL };
	struct queue_limits lim = {
		.features = BLK_FEAT_WRITE_CACHE,
		.logical_block_size = SECTOR_SIZE,
		.physical_block_size = 4096,
		.max_hw_sectors = 88,
		.max_segments = 11,
		.max_segment_size = PAGE_SIZE,
		.seg_boundary_mask = PAGE_SIZE - 1,
		.dma_alignment = 511,
		.max_hw_discard_sectors = UINT_MAX,
		.discard_granularity = 4096,
		.discard_alignment = 0,
		.max_secure_erase_sectors = UINT_MAX,
	};
	int ret;

	use_disk = blk_mq_alloc_disk(&use_set, &lim, NULL);
	if (IS_ERR(use_disk))
		return PTR_ERR(use_disk);
	use_disk->major = use_major;
	use_disk->minors = 16;
	use_disk->flags |= GENHD_FL_NO_PART;
	use_disk->fops = &use_fops;
	ret = use_update(use_disk->queue);
	if (!ret)
		ret = device_add_disk(NULL, use_disk, groups);
	if (ret)
		put_disk(use_disk);
	return ret;
}

static int __init use_init(void)
{
	int ret;

	pv_mq_set_nr_maps(&use_set, 1);
	use_major = register_blkdev(0, "use-blk");
	ret = blk_mq_alloc_tag_set(&use_set);
	return ret ?: use_add();
}

static void __exit use_exit(void)
{
	if (!pv_bdev_in_use(disk_devt(use_disk)))
		set_capacity_and_notify(use_disk, 8);
	blk_mark_disk_dead(use_disk);
	del_gendisk(use_disk);
	put_disk(use_disk);
	blk_mq_free_tag_set(&use_set);
	unregister_blkdev(use_major, "use-blk");
}

module_init(use_init);
module_exit(use_exit);
MODULE_DESCRIPTION("compile test of compat/blk.h");
MODULE_LICENSE("GPL");
