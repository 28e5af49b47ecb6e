// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants of a ring, of two kinds.
 *
 * Plain: a grant is a reference; the request's own page is granted when it is sent and taken back
 * when it is answered.
 *
 * Pooled: a grant is a page of ours that stays granted as long as the connection lasts, and data is
 * copied. This serves back-ends that keep pages mapped (persistent grants) and hosts that are not
 * to see a byte beside the request's (bounce). The pool starts small, grows when requests have to
 * wait, and gives back what was idle for a while. Free grants are a stack, so those at the bottom
 * are the ones used least, in our pool and in the back-end's.
 */
#include <linux/mm.h>
#include "blkfront.h"

#define GNTS_PLAIN	2048	/* at most, to a ring: 8 MiB in flight */
#define GNTS_POOLED	1024
#define GNTS_INDIRECT	64	/* requests in flight that need a page for their segments */
#define GROW_STEP	64
#define PURGE_PERIOD	(30 * HZ)
#define PURGE_AGE	(60 * HZ)	/* back-ends unmap what they have not used for as long */

/* A page for a grant. I/O may be waiting for it, so it must not wait for I/O. */
static bool gnt_add_page(struct blkfront_ring *ring, struct blk_gnt *g, bool readonly)
{
	g->page = alloc_page(GFP_NOIO | __GFP_ZERO | __GFP_NOWARN);
	if (!g->page)
		return false;
	pvbus_gnt_grant(g->ref, ring->bf->xdev->backend_id, g->page, readonly);
	return true;
}

/* Give each grant its reference, and a page to those that are to have one of ours. */
static int gnts_fill(struct blkfront_ring *ring)
{
	unsigned int i, n = ring->nr_gnts + ring->nr_indirect;
	const struct blk_deal *deal = &ring->bf->deal;
	bool indirect, page;
	struct blk_gnts *s;
	struct blk_gnt *g;

	for (i = 0; i < n; i++) {
		g = &ring->gnt_mem[i];
		g->ref = pvbus_gnt_take(&ring->refs);
		indirect = i >= ring->nr_gnts;
		page = indirect || (ring->pooled && i < deal->max_segs);
		/* A back-end that keeps pages mapped maps all of them for writing. */
		if (page && !gnt_add_page(ring, g, indirect && !deal->persistent))
			return -ENOMEM;
		s = page || !ring->pooled ? &ring->free : &ring->spare;
		blk_gnts_put(indirect ? &ring->indirect : s, g, jiffies);
	}
	return 0;
}

/**
 * blkfront_gnts_alloc - set aside what the requests of a ring will be granted through
 * @ring: a ring that is not live, its disk's deal struck
 *
 * Return: 0; -ENOMEM; -ENOSPC if there are not even references enough for one request of the
 * largest size. What there is of them is blkfront_gnts_free()'s in any case.
 */
int blkfront_gnts_alloc(struct blkfront_ring *ring)
{
	const struct blk_deal *deal = &ring->bf->deal;
	unsigned int n;
	int err;

	ring->pooled = ring->bf->bounce || deal->persistent;
	if (deal->max_segs > BLKIF_MAX_SEGS)
		ring->nr_indirect = min_t(unsigned int, ring->r.r.size, GNTS_INDIRECT);
	n = min_t(unsigned int, ring->r.r.size * deal->max_segs,
		  ring->pooled ? GNTS_POOLED : GNTS_PLAIN);
	err = pvbus_gnt_pool_init(&ring->refs, n + ring->nr_indirect);
	while (err == -ENOSPC && n > deal->max_segs) {
		n = max(n / 2, deal->max_segs);	/* the host's table is full: make do with less */
		err = pvbus_gnt_pool_init(&ring->refs, n + ring->nr_indirect);
	}
	if (err)
		return err;
	ring->nr_gnts = n;
	ring->gnt_mem = kvcalloc(n + ring->nr_indirect, sizeof(*ring->gnt_mem), GFP_KERNEL);
	return ring->gnt_mem ? gnts_fill(ring) : -ENOMEM;
}

/* The reverse; no request is in flight. Pages that the back-end keeps are freed when it lets go. */
void blkfront_gnts_free(struct blkfront_ring *ring)
{
	unsigned int i, n = ring->nr_gnts + ring->nr_indirect;
	struct blk_gnt *g;
	bool ours;

	cancel_work_sync(&ring->grow);
	cancel_delayed_work_sync(&ring->purge);
	for (i = 0; ring->gnt_mem && i < n; i++) {
		g = &ring->gnt_mem[i];
		ours = g->page && (ring->pooled || i >= ring->nr_gnts);
		if (ours && !pvbus_gnt_end(g->ref))
			pvbus_gnt_end_later(g->ref, g->page);
		else if (g->ref != PVBUS_GNT_NONE)
			pvbus_gnt_put(&ring->refs, g->ref);
		if (ours)
			__free_page(g->page);
	}
	kvfree(ring->gnt_mem);
	pvbus_gnt_pool_destroy(&ring->refs);
	ring->gnt_mem = NULL;
	ring->free = ring->spare = ring->indirect = (struct blk_gnts){ };
	ring->nr_gnts = ring->nr_indirect = 0;
}

/* Requests had to wait for pages: add some. */
void blkfront_grow(struct work_struct *work)
{
	struct blkfront_ring *ring = container_of(work, struct blkfront_ring, grow);
	struct blk_gnt *g;
	unsigned int n;
	bool ok = true;

	for (n = 0; ok && n < GROW_STEP; n++) {
		spin_lock_bh(&ring->sq_lock);
		g = ring->spare.nr ? blk_gnts_take(&ring->spare, 1) : NULL;
		spin_unlock_bh(&ring->sq_lock);
		if (!g)
			break;
		ok = gnt_add_page(ring, g, false);
		spin_lock_bh(&ring->sq_lock);
		blk_gnts_put(ok ? &ring->free : &ring->spare, g, jiffies);
		spin_unlock_bh(&ring->sq_lock);
	}
	queue_delayed_work(blkfront_wq, &ring->purge, PURGE_PERIOD);
	blk_mq_run_hw_queues(ring->bf->disk->queue, true);
}

/* Give idle pages back. Of those that the back-end holds on to, nothing but the time changes. */
void blkfront_purge(struct work_struct *work)
{
	struct blkfront_ring *ring = container_of(work, struct blkfront_ring, purge.work);
	unsigned int keep = ring->bf->deal.max_segs;	/* enough for the largest request */
	struct blk_gnt *idle, *g;
	bool gone;

	spin_lock_bh(&ring->sq_lock);
	idle = blk_gnts_cut(&ring->free, keep, jiffies, PURGE_AGE);
	spin_unlock_bh(&ring->sq_lock);
	while ((g = idle)) {
		idle = g->next;
		g->next = NULL;
		gone = pvbus_gnt_end(g->ref);
		if (gone) {
			__free_page(g->page);
			g->page = NULL;
		}
		spin_lock_bh(&ring->sq_lock);
		blk_gnts_put(gone ? &ring->spare : &ring->free, g, jiffies);
		spin_unlock_bh(&ring->sq_lock);
	}
	if (ring->nr_gnts - READ_ONCE(ring->spare.nr) > keep)
		queue_delayed_work(blkfront_wq, &ring->purge, PURGE_PERIOD);
}
