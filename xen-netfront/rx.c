// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets from the host. Everything here runs under NAPI, or when NAPI is off.
 *
 * The host fills pages of a pool. A small packet is copied and its page goes straight back; one
 * that leaves room behind it becomes the head of an skb as it lies; of others the headers are
 * copied and the pages hang on as fragments.
 */
#include <linux/bpf.h>
#include <linux/mm.h>
#include <net/ip.h>
#include "netfront.h"
#include "trace.h"

#define RX_BATCH	16u	/* pages to offer at a time */
#define RX_HEAD		256	/* to copy of a packet that goes on in fragments */
#define RX_RETRY	(HZ / 10)
#define RX_TAIL		SKB_DATA_ALIGN(sizeof(struct skb_shared_info))

enum { XDP_DID_REDIRECT = BIT(0) };

/* --- pages to the ring --- */

static bool rx_add_page(struct netfront_queue *q)
{
	struct page *page = pv_pool_alloc(q->pool);
	u32 ref, slot;

	if (!page)
		return false;
	ref = pvbus_gnt_take(&q->rx_refs);
	if (unlikely(ref == PVBUS_GNT_NONE)) {
		pv_pool_put_napi(q->pool, page);
		return false;
	}
	pvbus_gnt_grant(ref, q->nf->xdev->backend_id, page, false);
	slot = net_rx_add(&q->rx, ref);
	q->rx_page[slot] = page;
	q->rx_ref[slot] = ref;
	return true;
}

static void rx_fill(struct netfront_queue *q)
{
	u32 have = q->rx.req_prod - q->rx.rsp_cons, want = READ_ONCE(q->nf->rx_target);

	if (have + min(RX_BATCH, want / 2) > want)
		return;
	while (have < want && rx_add_page(q))
		have++;
	if (have < want) {
		q->rx_stats.no_memory++;
		mod_timer(&q->refill, jiffies + RX_RETRY);
	}
	if (xen_ring_push(&q->rx)) {
		q->rx_stats.doorbells++;
		pvbus_evtchn_notify(&q->ch_rx);
	}
}

void netfront_refill(struct timer_list *t)
{
	struct netfront_queue *q = timer_container_of(q, t, refill);

	napi_schedule(&q->napi);
}

/* Take the page of a slot back from the host. Return: NULL if there is none. */
static struct page *rx_take_page(struct netfront_queue *q, u32 slot)
{
	struct page *page = q->rx_page[slot];
	u32 ref = q->rx_ref[slot];

	if (!page)
		return NULL;
	q->rx_page[slot] = NULL;
	if (likely(pvbus_gnt_end(ref))) {
		pvbus_gnt_put(&q->rx_refs, ref);
		return page;
	}
	xen_ring_fault(&q->rx, "a page is still mapped after the packet, grant", ref);
	pvbus_gnt_end_later(ref, page);
	pv_pool_put(q->pool, page);
	return NULL;
}

/* --- an skb --- */

/* All of a packet, or its headers, copied */
static struct sk_buff *rx_copy(struct netfront_queue *q, const void *data, u32 len)
{
	struct sk_buff *skb = napi_alloc_skb(&q->napi, len);

	if (likely(skb))
		skb_put_data(skb, data, len);
	return skb;
}

/* A page as it lies: @headroom bytes, @len bytes of packet, room for what the stack notes down */
static struct sk_buff *rx_wrap(struct netfront_queue *q, struct page *page, u32 headroom, u32 len)
{
	struct sk_buff *skb = napi_build_skb(page_address(page), PAGE_SIZE);

	if (unlikely(!skb))
		return NULL;
	pv_page_pool_give(q->pool, page);
	skb_mark_for_recycle(skb);
	skb_reserve(skb, headroom);
	__skb_put(skb, len);
	return skb;
}

static void rx_add_frag(struct netfront_queue *q, struct sk_buff *skb, struct page *page,
			u32 offset, u32 len)
{
	pv_page_pool_give(q->pool, page);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, offset, len, PAGE_SIZE);
}

/* The first piece; its page is used up or given back. */
static struct sk_buff *rx_head(struct netfront_queue *q, struct page *page,
			       const struct net_rx_frag *f, const struct net_rx_pkt *pkt)
{
	void *data = page_address(page) + f->offset;
	struct sk_buff *skb;
	u32 head = f->len;

	if (f->len > RX_HEAD && f->offset + f->len + RX_TAIL <= PAGE_SIZE) {
		skb = rx_wrap(q, page, f->offset, f->len);
		if (!skb)
			pv_pool_put_napi(q->pool, page);
		return skb;
	}
	if (head > RX_HEAD && pkt->nr <= MAX_SKB_FRAGS)
		head = RX_HEAD;
	skb = rx_copy(q, data, head);
	if (skb && head < f->len) {
		skb_mark_for_recycle(skb);
		rx_add_frag(q, skb, page, f->offset + head, f->len - head);
		return skb;
	}
	q->rx_stats.copied += skb && pkt->nr == 1;
	if (skb && pkt->nr > 1)
		skb_mark_for_recycle(skb);
	pv_pool_put_napi(q->pool, page);
	return skb;
}

/* Return: NULL if there is no memory, or the host keeps a page of it. */
static struct sk_buff *rx_build(struct netfront_queue *q, const struct net_rx_pkt *pkt)
{
	struct sk_buff *skb = NULL;
	struct page *page;
	u32 i;

	if (pkt->nr > MAX_SKB_FRAGS + 1)
		return NULL;
	for (i = 0; i < pkt->nr; i++) {
		const struct net_rx_frag *f = &pkt->frag[i];

		page = rx_take_page(q, f->slot);
		if (!page)
			break;
		if (i)
			rx_add_frag(q, skb, page, f->offset, f->len);
		else
			skb = rx_head(q, page, f, pkt);
		if (!skb)
			return NULL;
	}
	if (i == pkt->nr)
		return skb;
	kfree_skb(skb);
	return NULL;
}

static void rx_gso(struct netfront_queue *q, struct sk_buff *skb, const struct net_rx_pkt *pkt)
{
	struct skb_shared_info *info = skb_shinfo(skb);

	if (pkt->gso_type == NETIF_GSO_NONE)
		return;
	info->gso_size = pkt->gso_size;
	info->gso_type = pkt->gso_type == NETIF_GSO_TCPV4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	/* The stack is to look at the headers and count the segments itself. */
	info->gso_type |= SKB_GSO_DODGY;
	q->rx_stats.gso++;
}

/* What the host says of the checksum. Return: false if the packet is none that could have one. */
static bool rx_checksum(struct netfront_queue *q, struct sk_buff *skb,
			const struct net_rx_pkt *pkt)
{
	bool blank = pkt->flags & NETIF_RX_CSUM_BLANK, again = false;

	if (pkt->gso_type && !blank) {
		/* Segments get their checksums when they are cut, whatever the host thinks. */
		blank = again = true;
		q->rx_stats.gso_csum_fixed++;
	}
	if (blank) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		return !skb_checksum_setup(skb, again);
	}
	if (pkt->flags & NETIF_RX_DATA_VALIDATED && q->nf->netdev->features & NETIF_F_RXCSUM)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}

static bool rx_deliver(struct netfront_queue *q, struct sk_buff *skb, const struct net_rx_pkt *pkt)
{
	u32 len = skb->len;

	if (!pskb_may_pull(skb, ETH_HLEN))
		goto drop;
	rx_gso(q, skb, pkt);
	skb->protocol = eth_type_trans(skb, q->nf->netdev);
	skb_reset_network_header(skb);
	skb_record_rx_queue(skb, q->index);
	if (!rx_checksum(q, skb, pkt))
		goto drop;
	if (pkt->has_hash)
		skb_set_hash(skb, pkt->hash, pkt->hash_l4 ? PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
	q->rx_stats.packets++;
	q->rx_stats.bytes += len;
	napi_gro_receive(&q->napi, skb);
	return true;
drop:
	kfree_skb(skb);
	return false;
}

/* --- XDP --- */

/* Move the packet to where there is the headroom programs count on, if the host left none. */
static bool rx_make_headroom(struct page *page, struct net_rx_frag *f)
{
	void *va = page_address(page);

	if (f->offset < XDP_PACKET_HEADROOM) {
		if (XDP_PACKET_HEADROOM + f->len + RX_TAIL > PAGE_SIZE)
			return false;
		memmove(va + XDP_PACKET_HEADROOM, va + f->offset, f->len);
		f->offset = XDP_PACKET_HEADROOM;
	}
	return f->offset + f->len + RX_TAIL <= PAGE_SIZE;
}

/* Return: the verdict, once it has been done; XDP_PASS: what became of the packet goes on. */
static u32 rx_verdict(struct netfront_queue *q, struct bpf_prog *prog, struct xdp_buff *xdp,
		      unsigned int *did)
{
	struct net_device *dev = q->nf->netdev;
	u32 act = bpf_prog_run_xdp(prog, xdp);
	struct xdp_frame *xdpf;

	switch (act) {
	case XDP_PASS:
		q->rx_stats.xdp_pass++;
		return act;
	case XDP_TX:
		xdpf = xdp_convert_buff_to_frame(xdp);
		if (xdpf && netfront_xdp_tx(q->nf, xdpf)) {
			q->rx_stats.xdp_tx++;
			return act;
		}
		break;
	case XDP_REDIRECT:
		if (!xdp_do_redirect(dev, xdp, prog)) {
			q->rx_stats.xdp_redirect++;
			*did |= XDP_DID_REDIRECT;
			return act;
		}
		break;
	case XDP_DROP:
		q->rx_stats.xdp_drop++;
		return act;
	default:
		bpf_warn_invalid_xdp_action(dev, prog, act);
		fallthrough;
	case XDP_ABORTED:
		break;
	}
	trace_xdp_exception(dev, prog, act);
	q->rx_stats.xdp_drop++;
	return XDP_DROP;
}

static struct sk_buff *rx_passed(struct netfront_queue *q, struct page *page, struct xdp_buff *xdp)
{
	struct sk_buff *skb = rx_wrap(q, page, xdp->data - xdp->data_hard_start,
				      xdp->data_end - xdp->data);

	if (!skb)
		pv_pool_put_napi(q->pool, page);
	else if (xdp->data > xdp->data_meta)
		skb_metadata_set(skb, xdp->data - xdp->data_meta);
	return skb;
}

/* Return: 1 and *skb; 0: the program had its way with it; -ENOMEM and the like: it is lost. */
static int rx_run_xdp(struct netfront_queue *q, struct bpf_prog *prog, struct net_rx_pkt *pkt,
		      unsigned int *did, struct sk_buff **skb)
{
	struct net_rx_frag *f = &pkt->frag[0];
	struct xdp_buff xdp;
	struct page *page;
	u32 act;

	if (pkt->nr != 1 || pkt->gso_type || f->len < ETH_HLEN)
		return -EMSGSIZE;
	page = rx_take_page(q, f->slot);
	if (!page)
		return -EPROTO;
	if (!rx_make_headroom(page, f)) {
		pv_pool_put_napi(q->pool, page);
		return -EMSGSIZE;
	}
	xdp_init_buff(&xdp, PAGE_SIZE, &q->rxq);
	xdp_prepare_buff(&xdp, page_address(page), f->offset, f->len, true);
	act = rx_verdict(q, prog, &xdp, did);
	if (act == XDP_DROP)
		pv_pool_put_napi(q->pool, page);
	if (act != XDP_PASS)
		return 0;
	*skb = rx_passed(q, page, &xdp);
	return *skb ? 1 : -ENOMEM;
}

/* --- NAPI --- */

/* Give the pages of a packet that nobody took, and those behind extra infos, back to the pool. */
static void rx_release(struct netfront_queue *q, const struct net_rx_pkt *pkt)
{
	struct page *page;
	u32 i;

	for (i = 0; i < pkt->slots; i++) {
		page = rx_take_page(q, (pkt->first + i) % NET_SLOTS);
		if (page)
			pv_pool_put_napi(q->pool, page);
	}
}

static void rx_packet(struct netfront_queue *q, struct net_rx_pkt *pkt, unsigned int *did)
{
	struct bpf_prog *prog = rcu_dereference(q->nf->xdp_prog);
	struct sk_buff *skb = NULL;
	int ret = -EIO;

	trace_netfront_receive(q, pkt);
	if (likely(!pkt->error)) {
		if (prog)
			ret = rx_run_xdp(q, prog, pkt, did, &skb);
		else
			ret = (skb = rx_build(q, pkt)) ? 1 : -ENOMEM;
	}
	rx_release(q, pkt);
	q->rx_stats.errors += pkt->error;
	if (ret < 0 || (skb && !rx_deliver(q, skb, pkt)))
		q->rx_stats.dropped++;
}

/* Return: how many packets there were */
static int rx_take(struct netfront_queue *q, int budget)
{
	struct net_rx_pkt pkt;
	unsigned int did = 0;
	int n = 0, ret = 0;

	u64_stats_update_begin(&q->rx_sync);
	rcu_read_lock();
	while (n < budget && (ret = net_rx_pull(&q->rx, &pkt)) > 0) {
		rx_packet(q, &pkt, &did);
		n++;
	}
	if (did & XDP_DID_REDIRECT)
		xdp_do_flush();
	rcu_read_unlock();
	if (ret >= 0 && !q->rx.fault)
		rx_fill(q);
	u64_stats_update_end(&q->rx_sync);
	if (q->rx.fault)
		netfront_fault(q, &q->rx);
	return n;
}

/*
 * An event had a reason if any round since the channel's last one found something to do: a round
 * that the other channel had asked for may have been faster.
 */
static void rx_eoi(struct netfront_queue *q)
{
	unsigned long fired = xchg(&q->fired, 0);

	if (fired & BIT(0))
		pvbus_evtchn_eoi(&q->ch_rx, !test_and_clear_bit(0, &q->worked));
	if (fired & BIT(1))
		pvbus_evtchn_eoi(&q->ch_tx, !test_and_clear_bit(1, &q->worked));
}

int netfront_poll(struct napi_struct *napi, int budget)
{
	struct netfront_queue *q = container_of(napi, struct netfront_queue, napi);
	bool sent = netfront_tx_clean(q, budget);
	int n = budget ? rx_take(q, budget) : 0;

	/*
	 * Ask for the next event before saying that we are through: one that comes in between has
	 * us polled again.
	 */
	if (n || sent)
		WRITE_ONCE(q->worked, BIT(0) | BIT(1));
	if (n == budget || (!q->rx.fault && xen_ring_sleep(&q->rx, 1)))
		return budget;
	if (napi_complete_done(napi, n))
		rx_eoi(q);
	return n;
}

/* The connection is over. */
void netfront_rx_drain(struct netfront_queue *q)
{
	struct page *page;
	u32 i;

	for (i = 0; i < NET_SLOTS; i++) {
		page = rx_take_page(q, i);
		if (page)
			pv_pool_put(q->pool, page);
	}
}
