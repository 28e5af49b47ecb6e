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
	void *data = kmap_local_page(bv->bv_page) + bv->bv_offset;
	void *copy = page_address(own) + bv->bv_offset;

	if (out)
		memcpy(copy, data, bv->bv_len);
	else
		memcpy(data, copy, bv->bv_len);
	kunmap_local(data);
}

/* --- going out --- */

/* Return: a slot that can carry @segs segments; -EIO: no connection; -EBUSY: none free now. */
static int io_reserve(struct blkfront_ring *ring, unsigned int segs)
{
	bool indirect = segs > BLKIF_MAX_SEGS;
	int slot = -EBUSY;

	spin_lock_bh(&ring->sq_lock);
	if (!ring->live)
		slot = -EIO;
	else if (ring->free.nr >= segs && ring->indirect.nr >= indirect)
		slot = blk_ring_get(&ring->r);
	if (slot >= 0) {
		ring->io[slot].gnts = blk_gnts_take(&ring->free, segs);
		ring->io[slot].indirect = blk_gnts_take(&ring->indirect, indirect);
	} else if (slot == -EBUSY) {
		ring->starved = true;
		ring->stats.starved++;
		if (ring->spare.nr)
			queue_work(blkfront_wq, &ring->grow);
	}
	spin_unlock_bh(&ring->sq_lock);
	return slot;
}

static void gnt_use(struct blkfront_ring *ring, struct blk_gnt *g, struct page *page, bool out)
{
	if (!ring->pooled) {
		g->page = page;
		pvbus_gnt_grant(g->ref, ring->bf->xdev->backend_id, page, out);
	} else if (ring->bf->bounce) {
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

	if (ring->pooled && copy_back) {
		rq_for_each_segment(bv, rq, it) {
			if (bv.bv_page != page || bv.bv_offset != end)
				g = g ? g->next : io->gnts;
			page = bv.bv_page;
			end = bv.bv_offset + bv.bv_len;
			copy_data(&bv, g->page, false);
		}
	}
	for (p = &io->gnts; !ring->pooled && (g = *p);) {
		if (pvbus_gnt_end(g->ref)) {
			p = &g->next;
			continue;
		}
		*p = g->next;
		lost = g->ref;
		pvbus_gnt_end_later(g->ref, g->page);
		g->ref = PVBUS_GNT_NONE;
	}
	return lost;
}

/* Under sq_lock: show the host what was queued. Return: whether it sleeps. */
static bool io_push(struct blkfront_ring *ring)
{
	bool wake = ring->live && xen_ring_push(&ring->r.r);

	ring->stats.doorbells += wake;
	return wake;
}

static void io_wake(struct blkfront_ring *ring, bool wake)
{
	trace_blkfront_notify(ring, wake);
	if (wake)
		pvbus_evtchn_notify(&ring->ch);
}

static void io_commit(struct blkfront_ring *ring)
{
	bool wake;

	spin_lock_bh(&ring->sq_lock);
	wake = io_push(ring);
	spin_unlock_bh(&ring->sq_lock);
	io_wake(ring, wake);
}

/* Under sq_lock. The block layer may have counted as several what is one segment. */
static void io_give_back(struct blkfront_ring *ring, struct blkfront_io *io, unsigned int used)
{
	struct blk_gnt **p = &io->gnts;

	while (used--)
		p = &(*p)->next;
	blk_gnts_put(&ring->free, *p, jiffies);
	*p = NULL;
}

static void io_send(struct blkfront_ring *ring, struct request *rq, unsigned int slot,
		    const struct blk_req *req, unsigned int segs, bool push)
{
	bool wake;

	ring->io[slot].rq = rq;
	trace_blkfront_submit(ring, slot, req);
	spin_lock_bh(&ring->sq_lock);
	if (unlikely(req->nr_segs < segs))
		io_give_back(ring, &ring->io[slot], req->nr_segs);
	ring->stats.requests++;
	ring->stats.indirect += req->nr_segs > BLKIF_MAX_SEGS;
	blk_ring_add(&ring->r, slot, req);
	wake = push && io_push(ring);
	spin_unlock_bh(&ring->sq_lock);
	if (push)
		io_wake(ring, wake);
}

/* What kind of request it is for the host. Return: whether there is such a kind. */
static bool io_plan(struct blkfront *bf, struct request *rq, struct blk_req *req)
{
	req->handle = bf->handle;
	req->sector = blk_rq_pos(rq);
	switch (req_op(rq)) {
	case REQ_OP_READ:
		req->op = BLKIF_OP_READ;
		return true;
	case REQ_OP_WRITE:
		req->op = BLKIF_OP_WRITE;
		return true;
	case REQ_OP_FLUSH:
		req->op = READ_ONCE(bf->deal.flush_op);
		req->sector = 0;
		return true;
	case REQ_OP_SECURE_ERASE:
		req->secure = true;
		fallthrough;
	case REQ_OP_DISCARD:
		req->op = BLKIF_OP_DISCARD;
		req->nr_sectors = blk_rq_sectors(rq);
		if (req->secure)
			return READ_ONCE(bf->deal.secure_discard);
		return READ_ONCE(bf->deal.discard);
	default:
		return false;
	}
}

/*
 * Nothing to send: a flush where there is no cache to flush; or what was made for a back-end before
 * this one, of larger limits, whose bios are to be split anew.
 */
static blk_status_t io_skip(struct blkfront *bf, struct request *rq)
{
	blk_mq_start_request(rq);
	spin_lock_bh(&bf->large_lock);
	blk_steal_bios(&bf->large, rq);
	spin_unlock_bh(&bf->large_lock);
	queue_work(blkfront_wq, &bf->large_work);
	blk_mq_end_request(rq, BLK_STS_OK);
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

/* Without push it goes to the host with the next io_commit(). */
static blk_status_t io_queue(struct blkfront_ring *ring, struct request *rq, bool push)
{
	struct blkfront_cmd *cmd = blk_mq_rq_to_pdu(rq);
	struct blkfront *bf = ring->bf;
	struct blk_req req = { };
	unsigned int segs = 0;
	int slot;

	if (unlikely(pvbus_is_quarantined(&bf->xdev->pdev)))
		return BLK_STS_IOERR;
	if (!io_plan(bf, rq, &req))
		return BLK_STS_NOTSUPP;
	*cmd = (struct blkfront_cmd){ .ring = ring, .slot = -1 };
	if (req.op == BLKIF_OP_READ || req.op == BLKIF_OP_WRITE)
		segs = blk_rq_nr_phys_segments(rq);
	if (unlikely(req.op == BLK_OP_NONE || segs > READ_ONCE(bf->deal.max_segs))) {
		if (push)
			io_commit(ring);
		return io_skip(bf, rq);
	}
	slot = io_reserve(ring, segs);
	if (slot < 0)
		return slot == -EBUSY ? no_room(bf) : BLK_STS_IOERR;
	if (segs && io_fill(ring, rq, &ring->io[slot], &req))
		return io_fail(ring, slot);
	cmd->slot = slot;
	/* The answer may come as soon as the request is on the ring, whoever pushes it. */
	blk_mq_start_request(rq);
	io_send(ring, rq, slot, &req, segs, push);
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

static void __maybe_unused blkfront_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	io_commit(hctx_ring(hctx));
}

/* Oversized requests' bios go to the block layer once more: it splits them by today's limits. */
void blkfront_resubmit(struct work_struct *work)
{
	struct blkfront *bf = container_of(work, struct blkfront, large_work);
	struct bio_list bios;
	struct bio *bio;

	spin_lock_bh(&bf->large_lock);
	bios = bf->large;
	bio_list_init(&bf->large);
	spin_unlock_bh(&bf->large_lock);
	while ((bio = bio_list_pop(&bios))) {
		bio->bi_opf &= ~REQ_NOWAIT;	/* nobody who could be told to try again */
		submit_bio_noacct(bio);
	}
}

/* --- coming back --- */

/* Return: how the request ended; BLK_STS_AGAIN: it is to be sent in another form. */
static blk_status_t answer_status(struct blkfront *bf, struct request *rq,
				  const struct blk_rsp *rsp)
{
	const struct blk_req req = { .op = rsp->op, .secure = req_op(rq) == REQ_OP_SECURE_ERASE };

	if (likely(rsp->status == BLKIF_RSP_OKAY))
		return BLK_STS_OK;
	if (!blk_refused(&bf->deal, &req, rsp->status))
		return BLK_STS_IOERR;
	blkfront_disk_do(bf, BF_DO_LIMITS);
	return BLK_STS_AGAIN;
}

/* An answer was found valid: the request is off the ring. Under cq_lock */
static struct blkfront_cmd *io_answered(struct blkfront_ring *ring, const struct blk_rsp *rsp)
{
	struct blkfront_io *io = &ring->io[rsp->slot];
	struct blkfront_cmd *cmd = blk_mq_rq_to_pdu(io->rq);
	u32 lost;

	if (READ_ONCE(ring->bf->resets))
		WRITE_ONCE(ring->bf->resets, 0);
	cmd->status = answer_status(ring->bf, io->rq, rsp);
	trace_blkfront_complete(ring, rsp);
	lost = io_unmap(ring, io, rsp->op == BLKIF_OP_READ && cmd->status == BLK_STS_OK);
	if (unlikely(lost != PVBUS_GNT_NONE)) {
		xen_ring_fault(&ring->r.r, "a page is still mapped after the answer, grant", lost);
		cmd->status = BLK_STS_IOERR;
	}
	ring->stats.responses++;
	ring->stats.errors += cmd->status != BLK_STS_OK;
	return cmd;
}

static void ring_fault(struct blkfront_ring *ring)
{
	if (pvbus_is_quarantined(&ring->bf->xdev->pdev))
		return;
	pvbus_quarantine(&ring->bf->xdev->pdev, "ring %u: %s %#llx", ring->index, ring->r.r.fault,
			 ring->r.r.fault_value);
	blkfront_do(ring->bf, BF_DO_FAIL);
}

/* Take what responses there are; under cq_lock. Return: the requests they end, in order. */
static struct blkfront_cmd *ring_pull(struct blkfront_ring *ring, unsigned int *n)
{
	struct blkfront_cmd *first = NULL, **tail = &first;
	struct blk_rsp rsp;
	int ret = 0;

	do {
		while (*n < ring->r.r.size && (ret = blk_ring_pull(&ring->r, &rsp)) > 0) {
			*tail = io_answered(ring, &rsp);
			tail = &(*tail)->next;
			++*n;
		}
	} while (!ret && !ring->poll && xen_ring_sleep(&ring->r.r, 1));
	if (ret < 0)
		ring_fault(ring);
	return first;
}

/* Give back what the requests used; under cq_lock. Return: whether others waited for that. */
static bool ring_release(struct blkfront_ring *ring, struct blkfront_cmd *cmd)
{
	bool starved;

	spin_lock_bh(&ring->sq_lock);
	for (; cmd; cmd = cmd->next) {
		io_release(ring, cmd->slot);
		cmd->slot = -1;
	}
	starved = ring->starved;
	ring->starved = false;
	spin_unlock_bh(&ring->sq_lock);
	return starved;
}

static void end_requests(struct blkfront_cmd *cmd)
{
	struct blkfront_cmd *next;

	for (; cmd; cmd = next) {
		next = cmd->next;
		if (unlikely(cmd->status == BLK_STS_AGAIN))
			blk_mq_requeue_request(blk_mq_rq_from_pdu(cmd), true);
		else
			blk_mq_end_request(blk_mq_rq_from_pdu(cmd), cmd->status);
	}
}

/*
 * Take responses and end their requests. @event: an upcall is to be acknowledged.
 * Return: how many there were.
 */
unsigned int blkfront_reap(struct blkfront_ring *ring, bool event)
{
	struct blkfront_cmd *done = NULL;
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
	if (ring->live && n == ring->r.r.size && !ring->poll)
		tasklet_schedule(&ring->tasklet);
	else if (event && ring->open)
		pvbus_evtchn_eoi(&ring->ch, !n);
	spin_unlock_bh(&ring->cq_lock);
	end_requests(done);
	if (starved)
		blk_mq_run_hw_queues(ring->bf->disk->queue, true);
	return n;
}

static void ring_tasklet(struct tasklet_struct *t)
{
	blkfront_reap(container_of(t, struct blkfront_ring, tasklet), true);
}

/* Hard interrupt. The channel stays masked until the tasklet is through. */
void blkfront_event(void *tasklet)
{
	tasklet_schedule(tasklet);
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
	struct blkfront_cmd *done = NULL, *cmd;
	struct blk_rsp rsp;
	unsigned int i;

	while (blk_ring_pull(&ring->r, &rsp) > 0)
		io_answered(ring, &rsp);
	for (i = 0; i < ring->r.r.size; i++) {
		if (!ring->io[i].rq)
			continue;
		cmd = blk_mq_rq_to_pdu(ring->io[i].rq);
		if (ring->r.slot[i].busy) {
			io_unmap(ring, &ring->io[i], false);
			cmd->status = replay ? BLK_STS_AGAIN : BLK_STS_IOERR;
		}
		cmd->next = done;
		done = cmd;
	}
	ring_release(ring, done);
	end_requests(done);
}

/* --- overdue answers --- */

static void tell_ring(struct blkfront_ring *ring, struct request *rq, const char *what)
{
	const struct xen_ring *r = &ring->r.r;

	dev_warn_ratelimited(ring->bf->dev, "%s: no answer to a %s at sector %llu for %u s, %s\n",
			     ring->bf->name.name, req_op(rq) == REQ_OP_READ ? "read" : "write",
			     (u64)blk_rq_pos(rq), blkfront_timeout, what);
	dev_warn_ratelimited(ring->bf->dev,
			     "ring %u: sent %u/%u, taken %u/%u, req_event %u, rsp_event %u\n",
			     ring->index, r->req_sent, r->req_prod, r->rsp_cons,
			     READ_ONCE(r->head->rsp_prod), READ_ONCE(r->head->req_event),
			     READ_ONCE(r->head->rsp_event));
}

/* Look for ourselves first: an event may be lost. Then signal once more; then give the ring up. */
static enum blk_eh_timer_return blkfront_timed_out(struct request *rq)
{
	struct blkfront_cmd *cmd = blk_mq_rq_to_pdu(rq);
	struct blkfront_ring *ring = READ_ONCE(cmd->ring);

	blkfront_reap(ring, false);
	if (READ_ONCE(cmd->slot) < 0)
		return BLK_EH_DONE;
	spin_lock_bh(&ring->cq_lock);
	spin_lock(&ring->sq_lock);
	ring->stats.timeouts++;
	/* If it is not live a new connection is being made. */
	if (ring->live && !cmd->timeouts++) {
		tell_ring(ring, rq, "signalling once more");
		pvbus_evtchn_notify(&ring->ch);
	} else if (ring->live) {
		tell_ring(ring, rq, "giving the connection up");
		blkfront_do(ring->bf, BF_DO_RESET);
	}
	spin_unlock(&ring->sq_lock);
	spin_unlock_bh(&ring->cq_lock);
	return BLK_EH_RESET_TIMER;
}
PV_BLK_TIMEOUT(blkfront_timed_out)

static void blkfront_map_queues(struct blk_mq_tag_set *set)
{
	struct blkfront *bf = set->driver_data;

	pv_mq_map_queues(set, HCTX_TYPE_DEFAULT, bf->hw_queues, 0);
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
