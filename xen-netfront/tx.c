// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets to the host. Everything here that touches a ring runs under the lock of the stack's
 * queue, which the stack has taken already when it sends, so there is no other.
 *
 * A piece of a packet is copied into the place its slot has for that, granted for as long as the
 * connection lasts, if it is small or the host is to see nothing but packets; otherwise it is
 * granted where it lies. A packet of more pieces than the host takes is cut anew: leading pieces
 * are copied together, page by page, until the rest is few enough.
 */
#include <linux/mm.h>
#include "netfront.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

#define TX_ROOM	(NETIF_SLOTS_MIN + 1)	/* the largest packet, with an extra info */

/* What is left to do for a packet */
struct tx_walk {
	struct netfront_queue *q;
	struct sk_buff *skb;
	struct net_cut cut;
	u32 pos;	/* where the piece at hand begins */
	u32 copied;	/* up to here the packet went with a copy */
	u16 flags;	/* of the first request */
	bool begun;
};

/* What only the packet knows */
struct tx_cb {
	u8 left;	/* requests without an answer */
};

static struct tx_cb *tx_cb(struct sk_buff *skb)
{
	return (struct tx_cb *)skb->cb;
}

/* --- places for copies --- */

static void *stage_place(const struct netfront_queue *q, unsigned int slot, struct net_tx_req *req)
{
	unsigned int at = slot * q->stage_len;

	req->gref = q->stage_ref[at / PAGE_SIZE];
	req->offset = at % PAGE_SIZE;
	return page_address(q->stage[at / PAGE_SIZE]) + req->offset;
}

static void tx_grant(struct netfront_queue *q, struct netfront_tx *tx, struct page *page,
		     struct net_tx_req *req)
{
	tx->gnt = pvbus_gnt_take(&q->tx_refs);
	tx->granted = page;
	req->gref = tx->gnt;
	pvbus_gnt_grant(tx->gnt, q->nf->xdev->backend_id, page, true);
}

/* Where @len bytes for the next request go */
static void *tx_place(struct netfront_queue *q, u32 len, struct net_tx_req *req)
{
	struct netfront_tx *tx = &q->slot[q->tx.free];

	q->tx_stats.copied++;
	if (len <= q->stage_len)
		return stage_place(q, q->tx.free, req);
	tx->page = q->spare[--q->nr_spare];
	tx_grant(q, tx, tx->page, req);
	return page_address(tx->page);
}

/* Pages for a packet that is cut anew: so many that nothing can fail in the midst of it. */
static bool tx_reserve(struct netfront_queue *q, u32 bytes)
{
	unsigned int n = q->stage_len == PAGE_SIZE ? 0 : DIV_ROUND_UP(bytes, PAGE_SIZE);

	while (q->nr_spare < n) {
		struct page *page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);

		if (!page)
			return false;
		q->spare[q->nr_spare++] = page;
	}
	return true;
}

static void tx_page_back(struct netfront_queue *q, struct page *page)
{
	if (q->nr_spare < NETFRONT_SPARE)
		q->spare[q->nr_spare++] = page;
	else
		__free_page(page);
}

/* --- an skb --- */

static void tx_gso_extra(struct tx_walk *w)
{
	const struct skb_shared_info *info = skb_shinfo(w->skb);
	struct netif_extra extra = {
		.type = NETIF_EXTRA_GSO,
		.gso = {
			.size = info->gso_size,
			.type = info->gso_type & SKB_GSO_TCPV6 ? NETIF_GSO_TCPV6 : NETIF_GSO_TCPV4,
		},
	};

	net_tx_add_extra(&w->q->tx, &extra);
	w->q->tx_stats.gso++;
}

/* Add a request of @len bytes; the first one tells the length of the whole packet instead. */
static void tx_add(struct tx_walk *w, struct net_tx_req *req, u32 len)
{
	struct netfront_tx *tx;

	w->cut.bytes -= len;
	w->cut.slots--;
	req->size = w->begun ? len : w->skb->len;
	req->flags = w->begun ? 0 : w->flags;
	if (w->cut.bytes)
		req->flags |= NETIF_TX_MORE_DATA;
	tx = &w->q->slot[net_tx_add(&w->q->tx, req)];
	tx->skb = w->skb;
	tx_cb(w->skb)->left++;
	if (!w->begun && w->flags & NETIF_TX_EXTRA_INFO)
		tx_gso_extra(w);
	w->begun = true;
}

/* A part of the packet that lies within one page */
static void tx_piece(struct tx_walk *w, struct page *page, u32 offset, u32 len)
{
	u32 end = w->pos + len, skip, copy;
	struct net_tx_req req = { };

	if (end > w->copied) {
		skip = w->copied > w->pos ? w->copied - w->pos : 0;
		len -= skip;
		copy = net_cut_copy(&w->cut, len);
		if (copy) {
			skb_copy_bits(w->skb, w->pos + skip, tx_place(w->q, copy, &req), copy);
			w->copied = w->pos + skip + copy;
		} else {
			req.offset = offset + skip;
			tx_grant(w->q, &w->q->slot[w->q->tx.free], page, &req);
			w->q->tx_stats.granted++;
		}
		tx_add(w, &req, copy ?: len);
	}
	w->pos = end;
	w->cut.pieces--;
}

static void tx_pieces(struct tx_walk *w, struct page *page, u32 offset, u32 len)
{
	u32 n;

	page += offset / PAGE_SIZE;
	for (offset %= PAGE_SIZE; len; offset = 0, len -= n) {
		n = min_t(u32, len, PAGE_SIZE - offset);
		tx_piece(w, page++, offset, n);
	}
}

static u32 tx_count_pieces(const struct sk_buff *skb)
{
	u32 i, n = net_pages(offset_in_page(skb->data), skb_headlen(skb));

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		n += net_pages(skb_frag_off(frag), skb_frag_size(frag));
	}
	return n;
}

static u16 tx_flags(const struct sk_buff *skb)
{
	u16 flags = 0;

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		flags = NETIF_TX_CSUM_BLANK | NETIF_TX_DATA_VALIDATED;
	else if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		flags = NETIF_TX_DATA_VALIDATED;
	if (skb_is_gso(skb))
		flags |= NETIF_TX_EXTRA_INFO;
	return flags;
}

static bool tx_skb(struct netfront_queue *q, struct sk_buff *skb)
{
	struct tx_walk w = { .q = q, .skb = skb, .flags = tx_flags(skb) };
	u32 i;

	w.cut = (struct net_cut){
		.bytes = skb->len,
		.pieces = tx_count_pieces(skb),
		.slots = q->nf->deal.max_slots,
		.small = min(netfront_copybreak, q->stage_len),
		.all = q->nf->bounce,
	};
	if (skb->len > min_t(u32, w.cut.slots * NET_PAGE, NETIF_MAX_TX_SIZE))
		return false;
	if (w.cut.pieces > w.cut.slots) {
		if (!tx_reserve(q, skb->len))
			return false;
		q->tx_stats.recut++;
	}
	tx_cb(skb)->left = 0;
	if (skb_headlen(skb))
		tx_pieces(&w, virt_to_page(skb->data), offset_in_page(skb->data),
			  skb_headlen(skb));
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		tx_pieces(&w, skb_frag_page(frag), skb_frag_off(frag), skb_frag_size(frag));
	}
	return true;
}

/* --- showing it to the host --- */

static void tx_push(struct netfront_queue *q)
{
	bool wake = xen_ring_push(&q->tx.r);

	trace_netfront_notify(q, &q->tx.r, wake);
	if (!wake)
		return;
	q->tx_stats.doorbells++;
	pvbus_evtchn_notify(q->ch_tx.port ? &q->ch_tx : &q->ch_rx);
}

netdev_tx_t netfront_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct netfront *nf = netdev_priv(dev);
	struct netfront_queue *q = &nf->queue[skb_get_queue_mapping(skb)];
	bool sent = false, more = pv_xmit_more(skb);
	u32 len = skb->len;

	u64_stats_update_begin(&q->tx_sync);
	if (likely(q->live && net_ring_room(&q->tx.r) >= TX_ROOM))
		sent = tx_skb(q, skb);
	q->tx_stats.dropped += !sent;
	q->tx_stats.packets += sent;
	q->tx_stats.bytes += sent ? len : 0;
	if (net_ring_room(&q->tx.r) < TX_ROOM && q->live) {
		netif_tx_stop_queue(q->txq);
		q->tx_stats.stopped++;
	}
	trace_netfront_xmit(q, len, sent);
	if (sent) {
		skb_tx_timestamp(skb);
		more = !__netdev_tx_sent_queue(q->txq, len, more);
	} else {
		dev_kfree_skb_any(skb);
	}
	if (q->live && (!more || netif_xmit_stopped(q->txq)))
		tx_push(q);
	u64_stats_update_end(&q->tx_sync);
	return NETDEV_TX_OK;
}

/* --- XDP frames, multicast --- */

/* A queue by the CPU, where the stack has none to name */
static struct netfront_queue *tx_queue_here(struct netfront *nf)
{
	return &nf->queue[smp_processor_id() % max(READ_ONCE(nf->deal.queues), 1u)];
}

/* Its lock is held from here on. */
static void tx_begin(struct netfront_queue *q)
{
	u64_stats_update_begin(&q->tx_sync);
}

/* Until here */
static void tx_end(struct netfront_queue *q, bool push)
{
	if (push && q->live)
		tx_push(q);
	u64_stats_update_end(&q->tx_sync);
}

/* A frame is sent, or is still the caller's. */
static bool tx_frame(struct netfront_queue *q, struct xdp_frame *xdpf)
{
	u32 offset = offset_in_page(xdpf->data);
	struct net_tx_req req = { .offset = offset, .size = xdpf->len };
	struct netfront_tx *tx;

	/* Room for the stack's largest packet stays: it may come before we get to stop it. */
	if (!q->live || net_ring_room(&q->tx.r) <= TX_ROOM)
		return false;
	if (xdpf->len < ETH_HLEN || net_pages(offset, xdpf->len) > 1)
		return false;
	tx = &q->slot[q->tx.free];
	if (xdpf->len <= q->stage_len) {
		memcpy(tx_place(q, xdpf->len, &req), xdpf->data, xdpf->len);
	} else {
		tx_grant(q, tx, virt_to_page(xdpf->data), &req);
		q->tx_stats.granted++;
	}
	tx->xdpf = xdpf;
	net_tx_add(&q->tx, &req);
	q->tx_stats.xdp++;
	q->tx_stats.packets++;
	q->tx_stats.bytes += xdpf->len;
	return true;
}

/* Return: how many were sent */
int netfront_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags)
{
	struct netfront_queue *q = tx_queue_here(netdev_priv(dev));
	int sent = 0;

	if (flags & ~XDP_XMIT_FLAGS_MASK)
		return -EINVAL;
	__netif_tx_lock(q->txq, smp_processor_id());
	tx_begin(q);
	while (sent < n && tx_frame(q, frames[sent]))
		sent++;
	q->tx_stats.dropped += n - sent;
	tx_end(q, flags & XDP_XMIT_FLUSH);
	__netif_tx_unlock(q->txq);
	return sent;
}

/* One frame of ours back to where it came from */
bool netfront_xdp_tx(struct netfront *nf, struct xdp_frame *xdpf)
{
	struct netfront_queue *q = tx_queue_here(nf);
	bool sent;

	__netif_tx_lock(q->txq, smp_processor_id());
	tx_begin(q);
	sent = tx_frame(q, xdpf);
	q->tx_stats.dropped += !sent;
	tx_end(q, sent);
	__netif_tx_unlock(q->txq);
	return sent;
}

/* Add a group to the host's filter, or take it out: an empty request that carries an extra info. */
bool netfront_tx_mcast(struct netfront *nf, bool add, const u8 *addr)
{
	const struct net_tx_req req = { .flags = NETIF_TX_EXTRA_INFO };
	struct netif_extra extra = { .type = add ? NETIF_EXTRA_MCAST_ADD : NETIF_EXTRA_MCAST_DEL };
	struct netfront_queue *q;
	bool sent;

	memcpy(extra.mcast, addr, ETH_ALEN);
	local_bh_disable();
	q = tx_queue_here(nf);
	__netif_tx_lock(q->txq, smp_processor_id());
	tx_begin(q);
	sent = q->live && net_ring_room(&q->tx.r) >= TX_ROOM + 2;
	if (sent) {
		net_tx_add(&q->tx, &req);
		net_tx_add_extra(&q->tx, &extra);
	}
	tx_end(q, sent);
	__netif_tx_unlock(q->txq);
	local_bh_enable();
	return sent;
}

/* --- what the host is through with --- */

/* The host keeps a page: put it out of use. Return: whether its owner can be freed all the same. */
static bool tx_lost(struct netfront_queue *q, struct netfront_tx *tx)
{
	q->tx.r.fault = "a page is still mapped after the answer, grant";
	q->tx.r.fault_value = tx->gnt;
	return pvbus_gnt_end_later(tx->gnt, tx->granted);
}

/* Return: whether what the request was for can be freed. */
static bool tx_ungrant(struct netfront_queue *q, struct netfront_tx *tx)
{
	bool ok = true;

	if (tx->gnt != PVBUS_GNT_NONE) {
		if (pvbus_gnt_end(tx->gnt))
			pvbus_gnt_put(&q->tx_refs, tx->gnt);
		else
			ok = tx_lost(q, tx);
	}
	if (tx->page)
		tx_page_back(q, tx->page);
	return ok;
}

/* Packets and bytes the stack hears about */
struct tx_done {
	unsigned int packets;
	unsigned int bytes;
};

static void tx_answered(struct netfront_queue *q, struct netfront_tx *tx, struct tx_done *done,
			int budget)
{
	bool free = tx_ungrant(q, tx);
	struct sk_buff *skb = tx->skb;

	if (!free && skb)
		tx_cb(skb)->left = U8_MAX;	/* never to be freed */
	if (tx->xdpf && free)
		xdp_return_frame(tx->xdpf);
	if (skb && !--tx_cb(skb)->left) {
		done->packets++;
		done->bytes += skb->len;
		napi_consume_skb(skb, budget);
	}
	*tx = (struct netfront_tx){ };
}

static void tx_take(struct netfront_queue *q, struct tx_done *done, int budget)
{
	struct net_tx_rsp rsp;
	u32 in_flight, batch;
	int ret;

	do {
		while ((ret = net_tx_pull(&q->tx, &rsp)) > 0) {
			q->tx_stats.errors += rsp.status != NETIF_RSP_OKAY;
			tx_answered(q, &q->slot[rsp.slot], done, budget);
		}
		if (ret < 0) {
			netfront_fault(q, &q->tx.r);
			return;
		}
		/* The next event when half of it is done: fewer of them, yet never none. */
		in_flight = q->tx.r.req_prod - q->tx.r.rsp_cons;
		batch = min(in_flight / 2 + 1, READ_ONCE(q->nf->tx_frames));
	} while (xen_ring_sleep(&q->tx.r, batch));
}

/* Return: whether there was anything to do. */
bool netfront_tx_clean(struct netfront_queue *q, int budget)
{
	struct tx_done done = { };
	u32 before;

	/* Without a budget it is netpoll, which may have interrupted who holds the lock. */
	if (budget)
		__netif_tx_lock(q->txq, smp_processor_id());
	else if (!__netif_tx_trylock(q->txq))
		return false;
	u64_stats_update_begin(&q->tx_sync);
	before = q->tx.r.rsp_cons;
	if (q->live)
		tx_take(q, &done, budget);
	before -= q->tx.r.rsp_cons;
	q->kicked &= !before;
	trace_netfront_sent(q, -before, done.packets);
	netdev_tx_completed_queue(q->txq, done.packets, done.bytes);
	if (q->live && net_ring_room(&q->tx.r) >= 2 * TX_ROOM && netif_tx_queue_stopped(q->txq))
		netif_tx_wake_queue(q->txq);
	u64_stats_update_end(&q->tx_sync);
	__netif_tx_unlock(q->txq);
	return before;
}

/* An answer is overdue: the host may not have heard us, nor we the host. */
void netfront_tx_kick(struct netfront_queue *q)
{
	pvbus_evtchn_notify(q->ch_tx.port ? &q->ch_tx : &q->ch_rx);
	napi_schedule(&q->napi);
}

/* The connection is over and nobody touches the ring but us: what is in flight is lost. */
void netfront_tx_drain(struct netfront_queue *q)
{
	struct tx_done done = { };
	unsigned int i;

	local_bh_disable();
	for (i = 0; i < NET_SLOTS; i++) {
		if (q->slot[i].skb && tx_cb(q->slot[i].skb)->left == 1)
			q->tx_stats.dropped++;
		tx_answered(q, &q->slot[i], &done, 0);
	}
	local_bh_enable();
	while (q->nr_spare)
		__free_page(q->spare[--q->nr_spare]);
	netdev_tx_reset_queue(q->txq);
}
