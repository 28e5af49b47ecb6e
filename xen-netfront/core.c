// SPDX-License-Identifier: GPL-2.0-only
/* Ring entries, packets in slots, negotiation: see core.h. */
#ifdef __KERNEL__
#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/string.h>
#endif
#include "core.h"

/* --- transmit --- */

void net_tx_init(struct net_tx_ring *t, void *shared)
{
	u32 i;

	*t = (struct net_tx_ring){ };
	xen_ring_init(&t->r, shared, NET_PAGE, NETIF_TX_SLOT);
	for (i = 0; i < NET_SLOTS; i++)
		t->next[i] = i + 1;
}

/* Write a request into the next entry; there is room. Return: the slot it will be answered for. */
int net_tx_add(struct net_tx_ring *t, const struct net_tx_req *req)
{
	struct netif_tx_request *e = xen_ring_entry(&t->r, t->r.req_prod++);
	u16 slot = t->free;

	t->free = t->next[slot];
	t->id[slot] = (u16)(t->seq++ << 8) | slot;
	t->busy[slot] = true;
	*e = (struct netif_tx_request){
		.gref = req->gref,
		.offset = req->offset,
		.flags = req->flags,
		.id = t->id[slot],
		.size = req->size,
	};
	return slot;
}

/* The same for an extra info, which has no slot of its own. */
void net_tx_add_extra(struct net_tx_ring *t, const struct netif_extra *extra)
{
	u8 *e = xen_ring_entry(&t->r, t->r.req_prod++);

	memcpy(e, extra, sizeof(*extra));
	memset(e + sizeof(*extra), 0, NETIF_TX_SLOT - sizeof(*extra));
	t->extras++;
}

static int check_tx(struct net_tx_ring *t, u16 id, s16 status)
{
	u8 slot = (u8)id;

	if (!t->busy[slot] || t->id[slot] != id)
		return xen_ring_fault(&t->r, "transmit response to a request not in flight, id",
				      id);
	if (status < NETIF_RSP_DROPPED || status > NETIF_RSP_OKAY)
		return xen_ring_fault(&t->r, "transmit response of unknown status", (u16)status);
	return 1;
}

/*
 * Take the next response to a request; those to extra infos are passed over. The slot is free
 * again. Return: 1 and *rsp; 0: there is none; -EPROTO.
 */
int net_tx_pull(struct net_tx_ring *t, struct net_tx_rsp *rsp)
{
	u32 raw;
	int ret;

	for (;;) {
		ret = xen_ring_look(&t->r);
		if (ret <= 0)
			return ret;
		/* struct netif_tx_response: read once, the host may write at any time. */
		raw = READ_ONCE(*(u32 *)xen_ring_entry(&t->r, t->r.rsp_cons));
		rsp->status = (s16)(raw >> 16);
		if (rsp->status != NETIF_RSP_NULL)
			break;
		if (!t->extras)
			return xen_ring_fault(&t->r, "transmit response to no extra info, index",
					      t->r.rsp_cons);
		t->extras--;
		t->r.rsp_cons++;
	}
	ret = check_tx(t, (u16)raw, rsp->status);
	if (ret < 0)
		return ret;
	rsp->slot = (u8)raw;
	t->busy[rsp->slot] = false;
	t->next[rsp->slot] = t->free;
	t->free = rsp->slot;
	t->r.rsp_cons++;
	return 1;
}

/*
 * How the next slot is filled, at a piece of which @len bytes are left. Where pieces are fewer than
 * slots each goes by itself. Where not, whole pages are filled by copying, until what is left is
 * few enough. Return: bytes to copy, from here on and beyond this piece; 0: the piece is granted as
 * it lies.
 */
u32 net_cut_copy(const struct net_cut *c, u32 len)
{
	if (c->all || (c->pieces > c->slots && len < NET_PAGE))
		return min(c->bytes, NET_PAGE);
	return len <= c->small ? len : 0;
}

/* --- receive --- */

void net_rx_init(struct xen_ring *r, void *shared)
{
	xen_ring_init(r, shared, NET_PAGE, NETIF_RX_SLOT);
}

/* Offer the host a page. Return: the slot of the ring that it will be filled for; there is room. */
u32 net_rx_add(struct xen_ring *r, u32 gref)
{
	struct netif_rx_request *e = xen_ring_entry(r, r->req_prod);

	*e = (struct netif_rx_request){ .id = (u16)r->req_prod, .gref = gref };
	return r->req_prod++ & (r->size - 1);
}

/* Read a response or extra info once. */
static void read_rx(const struct xen_ring *r, u32 index, u32 raw[2])
{
	const u32 *e = xen_ring_entry(r, index);

	raw[0] = READ_ONCE(e[0]);
	raw[1] = READ_ONCE(e[1]);
}

static int take_gso(struct xen_ring *r, const struct netif_extra *e, struct net_rx_pkt *pkt)
{
	if (e->gso.type != NETIF_GSO_TCPV4 && e->gso.type != NETIF_GSO_TCPV6)
		return xen_ring_fault(r, "packet to be segmented in an unknown way, type",
				      e->gso.type);
	if (!e->gso.size)
		return xen_ring_fault(r, "packet to be segmented into nothing, size", 0);
	pkt->gso_type = e->gso.type;
	pkt->gso_size = e->gso.size;
	return 0;
}

static void take_hash(const struct netif_extra *e, struct net_rx_pkt *pkt)
{
	const u8 *v = e->hash.value;

	if (e->hash.algorithm != NETIF_HASH_ALGORITHM_TOEPLITZ)
		return;
	pkt->has_hash = true;
	pkt->hash_l4 = e->hash.type == NETIF_HASH_IPV4_TCP || e->hash.type == NETIF_HASH_IPV6_TCP;
	pkt->hash = v[0] | v[1] << 8 | v[2] << 16 | (u32)v[3] << 24;
}

static int take_extra(struct xen_ring *r, const struct netif_extra *e, struct net_rx_pkt *pkt)
{
	switch (e->type) {
	case NETIF_EXTRA_GSO:
		return take_gso(r, e, pkt);
	case NETIF_EXTRA_HASH:
		take_hash(e, pkt);
		return 0;
	case NETIF_EXTRA_XDP:
		pkt->headroom = e->xdp.headroom;
		return 0;
	default:
		return xen_ring_fault(r, "extra info of unknown type", e->type);
	}
}

/* The extra infos behind the first response. Return: 1; 0: not all of them are there; -EPROTO. */
static int take_extras(struct xen_ring *r, u32 avail, struct net_rx_pkt *pkt)
{
	u32 raw[2], n = 0;
	struct netif_extra e;
	int err;

	do {
		if (n == NET_MAX_EXTRAS)
			return xen_ring_fault(r, "endless extra infos, count", n + 1);
		if (pkt->slots == avail)
			return 0;
		read_rx(r, r->rsp_cons + pkt->slots++, raw);
		memcpy(&e, raw, sizeof(e));
		err = take_extra(r, &e, pkt);
		if (err)
			return err;
		n++;
	} while (e.flags & NETIF_EXTRA_MORE);
	return 1;
}

static int check_rx(struct xen_ring *r, u32 index, u16 id, u16 offset, s16 status)
{
	if (id != (u16)index)
		return xen_ring_fault(r, "receive response out of its place, id", id);
	if (offset >= NET_PAGE)
		return xen_ring_fault(r, "packet past its page, offset", offset);
	if (status > (s16)(NET_PAGE - offset))
		return xen_ring_fault(r, "packet beyond its page, length", (u16)status);
	return 0;
}

static int take_frag(struct xen_ring *r, u32 index, const u32 raw[2], struct net_rx_pkt *pkt)
{
	u16 offset = raw[0] >> 16;
	s16 status = raw[1] >> 16;
	int err;

	err = check_rx(r, index, (u16)raw[0], offset, status);
	if (err)
		return err;
	if (status <= 0) {
		pkt->error = true;
		return 0;
	}
	if (pkt->nr == NET_MAX_FRAGS)
		return xen_ring_fault(r, "packet of too many pieces, count", pkt->nr + 1);
	pkt->frag[pkt->nr++] = (struct net_rx_frag){ index & (r->size - 1), offset, status };
	pkt->len += status;
	if (pkt->len > NET_MAX_LEN)
		return xen_ring_fault(r, "packet too long, length", pkt->len);
	return 0;
}

/*
 * Linux's back-end leaves the headroom it was asked for within what it calls the piece: from offset
 * 0 on, and counted in the length.
 */
static int skip_headroom(struct xen_ring *r, struct net_rx_pkt *pkt)
{
	struct net_rx_frag *f;
	u32 skip;

	for (f = pkt->frag; f < pkt->frag + pkt->nr; f++) {
		if (f->offset >= pkt->headroom)
			continue;
		skip = pkt->headroom - f->offset;
		if (skip >= f->len)
			return xen_ring_fault(r, "packet within its headroom, length", f->len);
		f->offset += skip;
		f->len -= skip;
		pkt->len -= skip;
	}
	return 0;
}

/*
 * Take the next packet, if it is there with all its pieces. Its slots, from pkt->first on, are ours
 * again. Return: 1 and *pkt; 0: there is none; -EPROTO.
 */
int net_rx_pull(struct xen_ring *r, struct net_rx_pkt *pkt)
{
	int ret = xen_ring_look(r);
	u32 raw[2], avail = ret;
	u16 flags;

	if (ret <= 0)
		return ret;
	pkt->first = r->rsp_cons;
	pkt->nr = pkt->len = pkt->slots = 0;
	pkt->error = pkt->has_hash = false;
	pkt->gso_type = NETIF_GSO_NONE;
	pkt->headroom = 0;
	do {
		if (pkt->slots == avail)
			return avail < r->size ? 0 :
			       xen_ring_fault(r, "packet without end, slots", avail);
		read_rx(r, r->rsp_cons + pkt->slots, raw);
		ret = take_frag(r, r->rsp_cons + pkt->slots, raw, pkt);
		if (ret)
			return ret;
		flags = (u16)raw[1];
		if (!pkt->slots++) {
			pkt->flags = flags;
			ret = flags & NETIF_RX_EXTRA_INFO ? take_extras(r, avail, pkt) : 1;
			if (ret <= 0)
				return ret;
		}
	} while (flags & NETIF_RX_MORE_DATA);
	ret = skip_headroom(r, pkt);
	if (ret)
		return ret;
	r->rsp_cons += pkt->slots;
	return 1;
}

/* --- control --- */

/* One request is in flight at a time. */
void net_ctrl_add(struct xen_ring *r, u16 type, const u32 data[3])
{
	struct netif_ctrl_request *e = xen_ring_entry(r, r->req_prod);

	*e = (struct netif_ctrl_request){ .id = (u16)r->req_prod, .type = type };
	memcpy(e->data, data, sizeof(e->data));
	r->req_prod++;
}

/* Take the answer to the request of @type. Return: 1; 0: it is not there yet; -EPROTO. */
int net_ctrl_pull(struct xen_ring *r, u16 type, u32 *status, u32 *data)
{
	const u32 *e = xen_ring_entry(r, r->rsp_cons);
	int ret = xen_ring_look(r);
	u32 head;

	if (ret <= 0)
		return ret;
	head = READ_ONCE(e[0]);
	if ((u16)head != (u16)r->rsp_cons || head >> 16 != type)
		return xen_ring_fault(r, "answer to another request of the control ring,", head);
	*status = READ_ONCE(e[1]);
	*data = READ_ONCE(e[2]);
	r->rsp_cons++;
	return 1;
}

/* --- negotiation --- */

#define AT(field)	offsetof(struct net_offer, field)

const struct net_node net_nodes[NET_NR_NODES] = {
	{ "feature-rx-copy", AT(rx_copy), .max = 1 },
	{ "multi-queue-max-queues", AT(max_queues), .dflt = 1, .min = 1, .max = 1 << 16 },
	{ "feature-split-event-channels", AT(split), .max = 1 },
	{ "feature-sg", AT(sg), .max = 1 },
	{ "feature-gso-tcpv4", AT(gso4), .max = 1 },
	{ "feature-gso-tcpv6", AT(gso6), .max = 1 },
	{ "feature-no-csum-offload", AT(no_csum4), .max = 1 },
	{ "feature-ipv6-csum-offload", AT(csum6), .max = 1 },
	{ "feature-ctrl-ring", AT(ctrl), .max = 1 },
	{ "feature-dynamic-multicast-control", AT(mcast), .max = 1 },
	{ "feature-xdp-headroom", AT(xdp_headroom), .max = 1 },
};

#define XDP_HEADROOM	256u	/* what programs count on */

/* Return: NULL and *d, or why there can be no connection. */
const char *net_agree(const struct net_offer *o, const struct net_want *w, struct net_deal *d)
{
	if (!o->rx_copy)
		return "the back-end does not copy packets to the guest (feature-rx-copy)";
	*d = (struct net_deal){
		.queues = min_t(u32, w->queues, o->max_queues),
		.max_slots = o->sg ? NETIF_SLOTS_MIN : 1,
		.rx_headroom = w->xdp && o->xdp_headroom ? XDP_HEADROOM : 0,
		.split = w->split && o->split,
		.sg = o->sg,
		/* A segment's worth of slots is more than one. */
		.gso4 = o->sg && o->gso4,
		.gso6 = o->sg && o->gso6 && o->csum6,
		.csum4 = !o->no_csum4,
		.csum6 = o->csum6,
		.ctrl = w->rss && o->ctrl,
		.mcast = o->mcast,
		.rx_gso = !w->xdp,	/* a program sees packets, not what becomes packets */
	};
	if (!d->csum4)
		d->gso4 = false;
	return NULL;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0:16:3e:12:34:56", nothing before or after, one or two digits each */
int net_parse_mac(const char *s, u8 mac[6])
{
	int i, high, low;

	for (i = 0; i < 6; i++) {
		high = hex(*s);
		if (high < 0)
			return -EINVAL;
		low = hex(*++s);
		if (low >= 0)
			s++;
		mac[i] = low < 0 ? high : high << 4 | low;
		if (*s != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		s += i < 5;
	}
	return 0;
}
