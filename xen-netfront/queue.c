// SPDX-License-Identifier: GPL-2.0-only
/* Queues: what they need is set aside when a connection is made, so packets allocate little. */
#include <linux/mm.h>
#include <linux/slab.h>
#include "netfront.h"

/* --- events --- */

static void fired(struct netfront_queue *q, unsigned int bit)
{
	set_bit(bit, &q->fired);
	napi_schedule(&q->napi);
}

/* Hard interrupt. The channel stays masked until NAPI is through. */
static void event_rx(void *data)
{
	fired(data, 0);
}

static void event_tx(void *data)
{
	fired(data, 1);
}

static int events_open(struct netfront_queue *q)
{
	struct pvbus_xen_device *xdev = q->nf->xdev;
	unsigned int cpu = cpumask_local_spread(q->index, NUMA_NO_NODE);
	int err;

	err = pvbus_evtchn_open(&q->ch_rx, xdev, cpu, event_rx, q);
	if (err || !q->nf->deal.split)
		return err;
	err = pvbus_evtchn_open(&q->ch_tx, xdev, cpu, event_tx, q);
	if (err)
		pvbus_evtchn_close(&q->ch_rx);
	return err;
}

/* Also before the guest sleeps: where it wakes up, these ports are other channels'. */
void netfront_events_close(struct netfront_queue *q)
{
	if (q->ch_tx.port)
		pvbus_evtchn_close(&q->ch_tx);
	if (q->ch_rx.port)
		pvbus_evtchn_close(&q->ch_rx);
	q->ch_tx.port = q->ch_rx.port = 0;
	q->fired = 0;
}

/* --- transmit: places for copies --- */

static int stage_make(struct netfront_queue *q)
{
	struct netfront *nf = q->nf;
	unsigned int i, n;
	int err;

	q->stage_len = nf->bounce ? PAGE_SIZE : 256;
	n = NET_SLOTS * q->stage_len / PAGE_SIZE;
	q->stage = kcalloc(n, sizeof(*q->stage), GFP_KERNEL);
	q->stage_ref = kcalloc(n, sizeof(*q->stage_ref), GFP_KERNEL);
	if (!q->stage || !q->stage_ref)
		return -ENOMEM;
	err = pvbus_gnt_pool_init(&q->tx_refs, NET_SLOTS + n);
	for (i = 0; i < n && !err; i++) {
		q->stage[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!q->stage[i])
			return -ENOMEM;
		q->stage_ref[i] = pvbus_gnt_take(&q->tx_refs);
		pvbus_gnt_grant(q->stage_ref[i], nf->xdev->backend_id, q->stage[i], true);
		q->nr_stage++;
	}
	return err;
}

static void stage_free(struct netfront_queue *q)
{
	while (q->nr_stage) {
		u32 ref = q->stage_ref[--q->nr_stage];
		struct page *page = q->stage[q->nr_stage];

		if (pvbus_gnt_end(ref))
			pvbus_gnt_put(&q->tx_refs, ref);
		else
			pvbus_gnt_end_later(ref, page);
		__free_page(page);
	}
	kfree(q->stage);
	kfree(q->stage_ref);
	q->stage = NULL;
	q->stage_ref = NULL;
}

static int tx_make(struct netfront_queue *q)
{
	int err;

	q->slot = kcalloc(NET_SLOTS, sizeof(*q->slot), GFP_KERNEL);
	err = q->slot ? stage_make(q) : -ENOMEM;
	if (!err)
		err = pvbus_ring_alloc(q->nf->xdev, &q->tx_pages, 1);
	if (!err)
		net_tx_init(&q->tx, q->tx_pages.va);
	return err;
}

static void tx_free(struct netfront_queue *q)
{
	if (q->slot)
		netfront_tx_drain(q);
	pvbus_ring_free(&q->tx_pages);
	stage_free(q);
	pvbus_gnt_pool_destroy(&q->tx_refs);
	kfree(q->slot);
	q->slot = NULL;
	memset(&q->tx.r, 0, sizeof(q->tx.r));
}

/* --- receive --- */

static int pool_make(struct netfront_queue *q)
{
	struct page_pool *pool = pv_pool_create(q->nf->dev, NET_SLOTS);
	int err;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	q->pool = pool;
	err = xdp_rxq_info_reg(&q->rxq, q->nf->netdev, q->index, q->napi.napi_id);
	if (err)
		return err;
	return pv_pool_reg(&q->rxq, pool);
}

static int rx_make(struct netfront_queue *q)
{
	int err = -ENOMEM;

	q->rx_page = kcalloc(NET_SLOTS, sizeof(*q->rx_page), GFP_KERNEL);
	q->rx_ref = kcalloc(NET_SLOTS, sizeof(*q->rx_ref), GFP_KERNEL);
	if (q->rx_page && q->rx_ref)
		err = pvbus_gnt_pool_init(&q->rx_refs, NET_SLOTS);
	if (!err)
		err = pool_make(q);
	if (!err)
		err = pvbus_ring_alloc(q->nf->xdev, &q->rx_pages, 1);
	if (!err)
		net_rx_init(&q->rx, q->rx_pages.va);
	return err;
}

static void rx_free(struct netfront_queue *q)
{
	if (q->rx_page && q->pool)
		netfront_rx_drain(q);
	pvbus_ring_free(&q->rx_pages);
	if (xdp_rxq_info_is_reg(&q->rxq))
		xdp_rxq_info_unreg(&q->rxq);
	if (q->pool)
		pv_pool_destroy(q->pool);
	pvbus_gnt_pool_destroy(&q->rx_refs);
	kfree(q->rx_page);
	kfree(q->rx_ref);
	q->pool = NULL;
	q->rx_page = NULL;
	q->rx_ref = NULL;
	memset(&q->rx, 0, sizeof(q->rx));
}

/* --- the whole --- */

void netfront_queue_init(struct netfront *nf, unsigned int index)
{
	struct netfront_queue *q = &nf->queue[index];

	q->nf = nf;
	q->index = index;
	q->txq = netdev_get_tx_queue(nf->netdev, index);
	u64_stats_init(&q->tx_sync);
	u64_stats_init(&q->rx_sync);
	timer_setup(&q->refill, netfront_refill, 0);
	netif_napi_add(nf->netdev, &q->napi, netfront_poll);
}

int netfront_queue_make(struct netfront_queue *q)
{
	int err = tx_make(q);

	if (!err)
		err = rx_make(q);
	if (!err)
		err = events_open(q);
	if (err)
		netfront_queue_free(q);
	return err;
}

/* NAPI is off, nobody sends. */
void netfront_queue_free(struct netfront_queue *q)
{
	netfront_events_close(q);
	rx_free(q);
	tx_free(q);
}

/* Let packets pass; under the RTNL. */
void netfront_queues_start(struct netfront *nf)
{
	unsigned int i;

	for (i = 0; i < nf->deal.queues; i++) {
		struct netfront_queue *q = &nf->queue[i];

		__netif_tx_lock_bh(q->txq);
		q->live = true;
		q->kicked = q->owed = false;
		__netif_tx_unlock_bh(q->txq);
		napi_enable(&q->napi);
		/* The first round offers pages, and acknowledges what came while nobody looked. */
		local_bh_disable();
		napi_schedule(&q->napi);
		local_bh_enable();
	}
	netif_tx_wake_all_queues(nf->netdev);
}

/* When this returns nobody uses the rings; under the RTNL. */
void netfront_queues_stop(struct netfront *nf)
{
	unsigned int i;

	netif_tx_disable(nf->netdev);
	for (i = 0; i < nf->deal.queues; i++) {
		struct netfront_queue *q = &nf->queue[i];

		__netif_tx_lock_bh(q->txq);
		q->live = false;
		__netif_tx_unlock_bh(q->txq);
		napi_disable(&q->napi);
		timer_delete_sync(&q->refill);
	}
}

/* The host broke the protocol: nothing of its is believed any more, and a new connection made. */
void netfront_fault(struct netfront_queue *q, const struct xen_ring *r)
{
	struct netfront *nf = q->nf;

	if (pvbus_is_quarantined(&nf->xdev->pdev))
		return;
	pvbus_quarantine(&nf->xdev->pdev, "queue %u: %s %#llx", q->index, r->fault,
			 r->fault_value);
	netfront_do(nf, NF_DO_RESET);
}
