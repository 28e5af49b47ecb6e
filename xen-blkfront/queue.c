// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O path. Nothing in it allocates or sleeps.
 *
 * Going out: reserve a slot and grants (sq_lock), map or copy the data (no lock), encode and push
 * (sq_lock), ring the doorbell (no lock). Coming back: the event's hard interrupt only schedules a
 * tasklet, which takes responses under cq_lock, gives slots and grants back in one go (sq_lock),
 * and ends the requests (no lock).
 */
#include <linux/module.h>
#include "blkfront.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

static void copy_data(struct bio_vec *bv, struct page *own, bool out)
{
	void *data = bvec_kmap_local(bv);
	void *copy = page_address(own) + bv->bv_offset;

	if (out)
		memcpy(copy, data, bv->bv_len);
	else
		memcpy(data, copy, bv->bv_len);
	kunmap_local(data);
}

/* --- going out --- */

static int out_of_slots(struct blkfront_ring *ring)
{
	ring->starved = true;
	ring->stats.starved++;
	if (ring->spare.nr)
		queue_work(blkfront_wq, &ring->grow);
	return -EBUSY;
}

/* Return: a slot that can carry @segs segments; -EIO: no connection; -EBUSY: none free now. */
static int io_reserve(struct blkfront_ring *ring, unsigned int segs)
{
	struct blkfront_io *io;
	int slot;

	spin_lock_bh(&ring->sq_lock);
	slot = -EIO;
	if (!ring->live)
		goto out;
	if (ring->free.nr < segs || (segs > BLKIF_MAX_SEGS && !ring->indirect.nr)) {
		slot = out_of_slots(ring);
		goto out;
	}
	slot = blk_ring_get(&ring->r);
	if (slot < 0) {
		slot = out_of_slots(ring);
		goto out;
	}
	io = &ring->io[slot];
	io->gnts = blk_gnts_take(&ring->free, segs);
	if (segs > BLKIF_MAX_SEGS)
		io->indirect = blk_gnts_take(&ring->indirect, 1);
out:
	spin_unlock_bh(&ring->sq_lock);
	return slot;
}

static void gnt_use(struct blkfront_ring *ring, struct blk_gnt *g, struct page *page, bool out)
{
	if (!ring->pooled) {
		g->page = page;
		pvbus_gnt_grant(g->ref, ring->bf->xdev->backend_id, page, out);
	} else if (ring->zero) {
		/* Nothing but the request's own bytes is for the host to see. */
		clear_page(page_address(g->page));
	}
}

/*
 * Grant the request's data, or copy it to where it is granted already, and describe it to @seg.
 * Pieces that lie side by side in a page are one segment, as the block layer counted them.
 * Return: number of segments; -EINVAL for data that does not consist of whole sectors.
 */
static int io_map(struct blkfront_ring *ring, struct request *rq, struct blkfront_io *io,
		  struct blkif_segment *seg)
{
	bool out = rq_data_dir(rq) == WRITE;
	struct blk_gnt *g = NULL;
	unsigned int start = 0, end = 0;
	struct page *page = NULL;
	struct req_iterator it;
	struct bio_vec bv;
	int n = 0;

	rq_for_each_segment(bv, rq, it) {
		if (bv.bv_page != page || bv.bv_offset != end) {
			g = g ? g->next : io->gnts;
			if (!g || !IS_ALIGNED(bv.bv_offset | end, SECTOR_SIZE))
				return -EINVAL;
			page = bv.bv_page;
			start = bv.bv_offset;
			gnt_use(ring, g, page, out);
			io->last = g;
			n++;
		}
		end = bv.bv_offset + bv.bv_len;
		seg[n - 1] = blk_segment(g->ref, start, end - start);
		if (ring->pooled && out)
			copy_data(&bv, g->page, true);
	}
	return IS_ALIGNED(end, SECTOR_SIZE) ? n : -EINVAL;
}

/* Where the segments go: to the slot if they fit, else to a page of their own. */
static int io_fill(struct blkfront_ring *ring, struct request *rq, struct blkfront_io *io,
		   struct blk_req *req)
{
	struct blkif_segment *seg = io->indirect ? page_address(io->indirect->page) : req->seg;
	int n = io_map(ring, rq, io, seg);

	if (n < 0)
		return n;
	req->nr_segs = n;
	if (io->indirect && n <= BLKIF_MAX_SEGS)
		memcpy(req->seg, seg, n * sizeof(*seg));
	if (io->indirect)
		req->gref = io->indirect->ref;
	return 0;
}

/* Under sq_lock. What waits for a slot is told by the caller when the lock is free. */
static void io_release(struct blkfront_ring *ring, unsigned int slot)
{
	struct blkfront_io *io = &ring->io[slot];

	blk_gnts_put(&ring->free, io->gnts, jiffies);
	blk_gnts_put(&ring->indirect, io->indirect, jiffies);
	*io = (struct blkfront_io){ };
	blk_ring_put(&ring->r, slot);
}

/*
 * The data is no longer the host's: copy back what it gave, end what was granted for this request
 * alone.
 * Return: a grant that the host does not let go of, whose page is then for nobody to use; else
 * PVBUS_GNT_NONE.
 */
static u32 io_unmap(struct blkfront_ring *ring, struct blkfront_io *io, bool copy_back)
{
	struct blk_gnt *g = NULL, **p;
	struct request *rq = io->rq;
	u32 lost = PVBUS_GNT_NONE;
	struct page *page = NULL;
	struct req_iterator it;
	unsigned int end = 0;
	struct bio_vec bv;

	if (ring->pooled) {
		if (!copy_back)
			return lost;
		rq_for_each_segment(bv, rq, it) {
			if (bv.bv_page != page || bv.bv_offset != end)
				g = g ? g->next : io->gnts;
			page = bv.bv_page;
			end = bv.bv_offset + bv.bv_len;
			copy_data(&bv, g->page, false);
		}
		return lost;
	}
	for (p = &io->gnts; *p;) {
		g = *p;
		if (pvbus_gnt_end(g->ref)) {
			p = &g->next;
			continue;
		}
		*p = g->next;
		lost = g->ref;
		blkfront_gnt_lost(ring, g);
	}
	return lost;
}

static bool io_push(struct blkfront_ring *ring)
{
	bool wake = blk_ring_push(&ring->r);

	ring->stats.doorbells += wake;
	return wake;
}

static void io_wake(struct blkfront_ring *ring, bool wake)
{
	trace_blkfront_notify(ring, wake);
	if (wake)
		pvbus_evtchn_notify(&ring->ch);
}

/* Show the host what was queued without telling it. */
static void io_commit(struct blkfront_ring *ring)
{
	bool wake;

	spin_lock_bh(&ring->sq_lock);
	wake = ring->live && io_push(ring);
	spin_unlock_bh(&ring->sq_lock);
	io_wake(ring, wake);
}

static void io_send(struct blkfront_ring *ring, struct request *rq, unsigned int slot,
		    const struct blk_req *req, bool push)
{
	struct blkfront_io *io = &ring->io[slot];
	bool wake;

	io->rq = rq;
	io->op = req->op;
	io->secure = req->secure;
	trace_blkfront_submit(ring, slot, req);
	spin_lock_bh(&ring->sq_lock);
	if (io->last && io->last->next) {	/* fewer segments than the block layer counted */
		blk_gnts_put(&ring->free, io->last->next, jiffies);
		io->last->next = NULL;
	}
	ring->stats.requests++;
	ring->stats.indirect += req->nr_segs > BLKIF_MAX_SEGS;
	blk_ring_add(&ring->r, slot, req);
	wake = push && io_push(ring);
	spin_unlock_bh(&ring->sq_lock);
	if (push)
		io_wake(ring, wake);
}

/* What kind of request it is for the host */
static blk_status_t io_plan(struct blkfront *bf, struct request *rq, struct blk_req *req)
{
	bool agreed;

	req->handle = bf->handle;
	req->sector = blk_rq_pos(rq);
	switch (req_op(rq)) {
	case REQ_OP_READ:
		req->op = BLKIF_OP_READ;
		return BLK_STS_OK;
	case REQ_OP_WRITE:
		req->op = BLKIF_OP_WRITE;
		return BLK_STS_OK;
	case REQ_OP_FLUSH:
		req->op = READ_ONCE(bf->deal.flush_op);
		req->sector = 0;
		return BLK_STS_OK;
	case REQ_OP_SECURE_ERASE:
		req->secure = true;
		fallthrough;
	case REQ_OP_DISCARD:
		req->op = BLKIF_OP_DISCARD;
		req->nr_sectors = blk_rq_sectors(rq);
		agreed = READ_ONCE(bf->deal.discard);
		if (req->secure)
			agreed = READ_ONCE(bf->deal.secure_discard);
		return agreed ? BLK_STS_OK : BLK_STS_NOTSUPP;
	default:
		return BLK_STS_NOTSUPP;
	}
}

/* Made for a back-end before this one, of larger limits: its bios are to be split anew. */
static blk_status_t io_too_large(struct blkfront *bf, struct request *rq)
{
	blk_mq_start_request(rq);
	spin_lock_bh(&bf->large_lock);
	list_add_tail(&rq->queuelist, &bf->large);
	spin_unlock_bh(&bf->large_lock);
	queue_work(blkfront_wq, &bf->large_work);
	return BLK_STS_OK;
}

static blk_status_t io_fail(struct blkfront_ring *ring, unsigned int slot)
{
	dev_err_ratelimited(ring->bf->dev, "request refused: its data is not aligned to sectors\n");
	io_unmap(ring, &ring->io[slot], false);
	spin_lock_bh(&ring->sq_lock);
	io_release(ring, slot);
	spin_unlock_bh(&ring->sq_lock);
	return BLK_STS_IOERR;
}

/*
 * Where each hardware queue has a ring of its own, one of its own requests will end and run it
 * again. Where queues share a ring (the back-end that came back has fewer), only the block layer's
 * timer is sure to.
 */
static blk_status_t no_room(const struct blkfront *bf)
{
	bool own = bf->hw_queues + bf->hw_poll <= blkfront_nr_rings(bf);

	return own ? BLK_STS_DEV_RESOURCE : BLK_STS_RESOURCE;
}

static blk_status_t io_queue(struct blkfront_ring *ring, struct request *rq, bool push)
{
	struct blkfront_cmd *cmd = blk_mq_rq_to_pdu(rq);
	struct blkfront *bf = ring->bf;
	struct blk_req req = { };
	unsigned int segs = 0;
	blk_status_t status;
	int slot;

	if (unlikely(pvbus_is_quarantined(&bf->xdev->pdev)))
		return BLK_STS_IOERR;
	status = io_plan(bf, rq, &req);
	if (status != BLK_STS_OK)
		return status;
	*cmd = (struct blkfront_cmd){ .slot = -1 };
	if (req.op == BLK_OP_NONE) {	/* a flush where there is no cache to flush */
		if (push)	/* it ends a batch */
			io_commit(ring);
		blk_mq_start_request(rq);
		blk_mq_end_request(rq, BLK_STS_OK);
		return BLK_STS_OK;
	}
	if (req.op == BLKIF_OP_READ || req.op == BLKIF_OP_WRITE)
		segs = blk_rq_nr_phys_segments(rq);
	if (unlikely(segs > READ_ONCE(bf->deal.max_segs))) {
		if (push)
			io_commit(ring);
		return io_too_large(bf, rq);
	}
	slot = io_reserve(ring, segs);
	if (slot < 0)
		return slot == -EBUSY ? no_room(bf) : BLK_STS_IOERR;
	if (segs && io_fill(ring, rq, &ring->io[slot], &req))
		return io_fail(ring, slot);
	cmd->ring = ring;
	cmd->slot = slot;
	/* The answer may come as soon as the request is on the ring, whoever pushes it. */
	blk_mq_start_request(rq);
	io_send(ring, rq, slot, &req, push);
	return BLK_STS_OK;
}

static struct blkfront_ring *hctx_ring(const struct blk_mq_hw_ctx *hctx)
{
	struct blkfront *bf = hctx->queue->queuedata;

	return bf->map[hctx->queue_num];
}

static blk_status_t blkfront_queue_rq(struct blk_mq_hw_ctx *hctx,
				      const struct blk_mq_queue_data *bd)
{
	struct blkfront_ring *ring = hctx_ring(hctx);
	blk_status_t status = io_queue(ring, bd->rq, pv_mq_last(bd));

	/* Whatever ends a batch early must not leave its first part unseen. */
	if (status != BLK_STS_OK)
		io_commit(ring);
	return status;
}

static void blkfront_queue_rqs(struct rq_list *list)
{
	struct blkfront_ring *ring = NULL, *this;
	struct rq_list rest = { };
	struct request *rq;

	while ((rq = rq_list_pop(list))) {
		this = hctx_ring(rq->mq_hctx);
		if (ring && ring != this)
			io_commit(ring);
		ring = this;
		if (io_queue(ring, rq, false) != BLK_STS_OK)
			rq_list_add_tail(&rest, rq);
	}
	if (ring)
		io_commit(ring);
	*list = rest;	/* come again one by one */
}
PV_BLK_QUEUE_RQS(blkfront_queue_rqs)

static void blkfront_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	io_commit(hctx_ring(hctx));
}
PV_BLK_COMMIT_RQS(blkfront_commit_rqs)

/* Oversized requests' bios go to the block layer once more: it splits them by today's limits. */
void blkfront_resubmit(struct work_struct *work)
{
	struct blkfront *bf = container_of(work, struct blkfront, large_work);
	struct bio_list bios = BIO_EMPTY_LIST;
	struct request *rq, *next;
	struct bio *bio;
	LIST_HEAD(large);

	spin_lock_bh(&bf->large_lock);
	list_splice_init(&bf->large, &large);
	spin_unlock_bh(&bf->large_lock);
	list_for_each_entry_safe(rq, next, &large, queuelist) {
		list_del_init(&rq->queuelist);
		blk_steal_bios(&bios, rq);
		blk_mq_end_request(rq, BLK_STS_OK);
	}
	while ((bio = bio_list_pop(&bios))) {
		bio->bi_opf &= ~REQ_NOWAIT;	/* nobody who could be told to try again */
		submit_bio_noacct(bio);
	}
}

/* --- coming back --- */

static blk_status_t answer_status(struct blkfront *bf, const struct blkfront_io *io, s16 status,
				  bool *again)
{
	const struct blk_req req = { .op = io->op, .secure = io->secure };

	if (likely(status == BLKIF_RSP_OKAY))
		return BLK_STS_OK;
	if (blk_refused(&bf->deal, &req, status)) {
		*again = true;
		blkfront_disk_do(bf, BF_DO_LIMITS);
	}
	return BLK_STS_IOERR;
}

/* An answer was found valid: the request is off the ring. Under cq_lock */
static struct request *io_answered(struct blkfront_ring *ring, const struct blk_rsp *rsp)
{
	struct blkfront_io *io = &ring->io[rsp->slot];
	struct request *rq = io->rq;
	struct blkfront_cmd *cmd = blk_mq_rq_to_pdu(rq);
	u32 lost;

	cmd->status = answer_status(ring->bf, io, rsp->status, &cmd->again);
	trace_blkfront_complete(ring, rsp);
	lost = io_unmap(ring, io, io->op == BLKIF_OP_READ && cmd->status == BLK_STS_OK);
	if (unlikely(lost != PVBUS_GNT_NONE)) {
		ring->r.fault = "a page is still mapped after the answer, grant";
		ring->r.fault_value = lost;
		cmd->status = BLK_STS_IOERR;
	}
	ring->stats.responses++;
	ring->stats.errors += cmd->status != BLK_STS_OK;
	return rq;
}

static void ring_fault(struct blkfront_ring *ring)
{
	if (pvbus_is_quarantined(&ring->bf->xdev->pdev))
		return;
	pvbus_quarantine(&ring->bf->xdev->pdev, "ring %u: %s %#llx", ring->index, ring->r.fault,
			 ring->r.fault_value);
	blkfront_do(ring->bf, BF_DO_FAIL);
}

/* Take what responses there are; under cq_lock. Return: the requests they end, in order. */
static struct request *ring_pull(struct blkfront_ring *ring, unsigned int *n)
{
	struct request *first = NULL, **tail = &first;
	struct blkfront_cmd *cmd;
	struct blk_rsp rsp;
	int ret = 0;

	do {
		while (*n < ring->r.size && (ret = blk_ring_pull(&ring->r, &rsp)) > 0) {
			*tail = io_answered(ring, &rsp);
			cmd = blk_mq_rq_to_pdu(*tail);
			cmd->next = NULL;
			tail = &cmd->next;
			++*n;
		}
	} while (!ret && !ring->poll && blk_ring_sleep(&ring->r));
	if (ring->poll)
		blk_ring_mute(&ring->r);
	if (ret < 0)
		ring_fault(ring);
	return first;
}

/* Give back what the requests used; under cq_lock. Return: whether others waited for that. */
static bool ring_release(struct blkfront_ring *ring, struct request *rq)
{
	struct blkfront_cmd *cmd;
	bool starved;

	spin_lock_bh(&ring->sq_lock);
	for (; rq; rq = cmd->next) {
		cmd = blk_mq_rq_to_pdu(rq);
		io_release(ring, cmd->slot);
		cmd->slot = -1;
	}
	starved = ring->starved;
	ring->starved = false;
	spin_unlock_bh(&ring->sq_lock);
	return starved;
}

static void end_requests(struct blkfront_ring *ring, struct request *rq)
{
	struct blkfront_cmd *cmd;
	struct request *next;

	if (rq && READ_ONCE(ring->bf->resets))
		WRITE_ONCE(ring->bf->resets, 0);
	for (; rq; rq = next) {
		cmd = blk_mq_rq_to_pdu(rq);
		next = cmd->next;
		if (unlikely(cmd->again))
			blk_mq_requeue_request(rq, true);
		else
			blk_mq_end_request(rq, cmd->status);
	}
}

/*
 * Take responses and end their requests. @event: an upcall is to be acknowledged.
 * Return: how many there were.
 */
unsigned int blkfront_reap(struct blkfront_ring *ring, bool event)
{
	struct request *done = NULL;
	bool starved = false;
	unsigned int n = 0;

	spin_lock_bh(&ring->cq_lock);
	if (ring->live) {
		done = ring_pull(ring, &n);
		if (done)
			starved = ring_release(ring, done);
	}
	ring->stats.polled += event ? 0 : n;
	/* After a whole ring of answers let others run first, and come back. */
	if (ring->live && n == ring->r.size && !ring->poll)
		tasklet_schedule(&ring->tasklet);
	else if (event && ring->open)
		pvbus_evtchn_eoi(&ring->ch, !n);
	spin_unlock_bh(&ring->cq_lock);
	end_requests(ring, done);
	if (starved)
		blk_mq_run_hw_queues(ring->bf->disk->queue, true);
	return n;
}

static void ring_tasklet(struct tasklet_struct *t)
{
	struct blkfront_ring *ring = container_of(t, struct blkfront_ring, tasklet);

	blkfront_reap(ring, true);
}

/* Hard interrupt. The channel stays masked until the tasklet is through. */
void blkfront_event(void *data)
{
	struct blkfront_ring *ring = data;

	tasklet_schedule(&ring->tasklet);
}

static int blkfront_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob)
{
	return blkfront_reap(hctx_ring(hctx), false);
}
PV_BLK_POLL(blkfront_poll)

/*
 * The connection is over and nobody touches the ring but us. Answers that still lie there count;
 * what is then left without one is replayed by the next connection, or fails.
 */
void blkfront_drain(struct blkfront_ring *ring, bool replay)
{
	struct request *done = NULL, *rq;
	struct blkfront_cmd *cmd;
	struct blk_rsp rsp;
	unsigned int i;

	while (!ring->r.fault && blk_ring_pull(&ring->r, &rsp) > 0) {
		rq = io_answered(ring, &rsp);
		cmd = blk_mq_rq_to_pdu(rq);
		cmd->next = done;
		done = rq;
	}
	ring_release(ring, done);
	end_requests(ring, done);
	for (i = 0; i < ring->r.size; i++) {
		rq = ring->io[i].rq;
		if (!rq)
			continue;
		cmd = blk_mq_rq_to_pdu(rq);
		io_unmap(ring, &ring->io[i], false);
		cmd->next = NULL;
		cmd->again = replay;
		cmd->status = BLK_STS_IOERR;
		ring_release(ring, rq);
		if (replay)
			blk_mq_requeue_request(rq, false);
		else
			blk_mq_end_request(rq, BLK_STS_IOERR);
	}
}

/* --- overdue answers --- */

static void tell_ring(struct blkfront_ring *ring, struct request *rq, const char *what)
{
	const struct xen_ring_head *h = ring->r.head;

	dev_warn_ratelimited(ring->bf->dev, "%s: no answer to a %s at sector %llu for %u s, %s\n",
			     ring->bf->name.name, req_op(rq) == REQ_OP_READ ? "read" : "write",
			     (u64)blk_rq_pos(rq), blkfront_timeout, what);
	dev_warn_ratelimited(ring->bf->dev,
			     "ring %u: sent %u/%u, taken %u/%u, req_event %u, rsp_event %u\n",
			     ring->index, ring->r.req_sent, ring->r.req_prod, ring->r.rsp_cons,
			     READ_ONCE(h->rsp_prod), READ_ONCE(h->req_event),
			     READ_ONCE(h->rsp_event));
}

/* Look for ourselves first: an event may be lost. Then signal once more; then give the ring up. */
static enum blk_eh_timer_return blkfront_timed_out(struct request *rq)
{
	struct blkfront_cmd *cmd = blk_mq_rq_to_pdu(rq);
	struct blkfront_ring *ring = READ_ONCE(cmd->ring);

	if (!ring)	/* waits to be resubmitted */
		return BLK_EH_RESET_TIMER;
	blkfront_reap(ring, false);
	if (blk_mq_request_completed(rq) || READ_ONCE(cmd->slot) < 0)
		return BLK_EH_DONE;
	spin_lock_bh(&ring->cq_lock);
	spin_lock(&ring->sq_lock);
	ring->stats.timeouts++;
	if (!ring->live)
		goto out;	/* a new connection is being made */
	if (!cmd->timeouts++) {
		tell_ring(ring, rq, "signalling once more");
		pvbus_evtchn_notify(&ring->ch);
	} else {
		tell_ring(ring, rq, "giving the connection up");
		blkfront_do(ring->bf, BF_DO_RESET);
	}
out:
	spin_unlock(&ring->sq_lock);
	spin_unlock_bh(&ring->cq_lock);
	return BLK_EH_RESET_TIMER;
}
PV_BLK_TIMEOUT(blkfront_timed_out)

static void blkfront_map_queues(struct blk_mq_tag_set *set)
{
	struct blkfront *bf = set->driver_data;

	pv_mq_map_queues(set, HCTX_TYPE_DEFAULT, bf->hw_queues, 0);
	if (!bf->hw_poll)
		return;
	pv_mq_map_queues(set, HCTX_TYPE_READ, 0, 0);
	pv_mq_map_queues(set, HCTX_TYPE_POLL, bf->hw_poll, bf->hw_queues);
}
PV_BLK_MAP_QUEUES(blkfront_map_queues)

const struct blk_mq_ops blkfront_mq_ops = {
	.queue_rq	= blkfront_queue_rq,
	PV_BLK_SET_QUEUE_RQS(blkfront_queue_rqs)
	PV_BLK_SET_COMMIT_RQS(blkfront_commit_rqs)
	.map_queues	= blkfront_map_queues_op,
	.timeout	= blkfront_timed_out_op,
	.poll		= blkfront_poll_op,
};

void blkfront_ring_init(struct blkfront *bf, unsigned int index)
{
	struct blkfront_ring *ring = &bf->rings[index];

	ring->bf = bf;
	ring->index = index;
	spin_lock_init(&ring->sq_lock);
	spin_lock_init(&ring->cq_lock);
	tasklet_setup(&ring->tasklet, ring_tasklet);
	INIT_WORK(&ring->grow, blkfront_grow);
	INIT_DELAYED_WORK(&ring->purge, blkfront_purge);
}
