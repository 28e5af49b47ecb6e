// SPDX-License-Identifier: GPL-2.0-only
/*
 * The network front-end's core against a back-end that does whatever the input says in shared memory. What must hold: no
 * transmit slot is answered that is not in flight, none twice; no packet reaches beyond its pages or 64 KiB; each page
 * comes back once; once a fault is found nothing more is believed; a packet is cut into no more slots than there are.
 */
#include "kshim.h"
#include "xen-netfront/core.c"
#include "input.h"

/* The host writes: a few bytes anywhere, or its producer goes on. */
static void meddle(struct input *in, u8 *shared)
{
	struct xen_ring_head *h = (struct xen_ring_head *)shared;
	u32 at, n;

	if (take(in, 1) & 1) {
		h->rsp_prod += (s8)take(in, 1);
		return;
	}
	at = take(in, 2) % (NET_PAGE - 8);
	for (n = take(in, 1) % 8; n; n--)
		shared[at++] = take(in, 1);
}

static void transmit(struct input *in, u8 *shared)
{
	struct netif_extra extra = { .type = NETIF_EXTRA_GSO };
	static struct net_tx_ring t;
	bool sent[NET_SLOTS] = { };
	struct net_tx_rsp rsp;
	int slot, ret = 0;

	net_tx_init(&t, shared);
	while (in->p < in->end) {
		switch (take(in, 1) % 5) {
		case 0:
			if (net_ring_room(&t.r) < 2)
				break;
			slot = net_tx_add(&t, &(struct net_tx_req){ .size = take(in, 2) });
			must(slot >= 0 && slot < (int)NET_SLOTS && !sent[slot]);
			sent[slot] = true;
			if (take(in, 1) & 1)
				net_tx_add_extra(&t, &extra);
			break;
		case 1:
			xen_ring_push(&t.r);
			break;
		case 2:
			xen_ring_sleep(&t.r, 1 + take(in, 1));
			break;
		case 3:
			while ((ret = net_tx_pull(&t, &rsp)) > 0) {
				must(rsp.slot < NET_SLOTS && sent[rsp.slot]);
				must(rsp.status <= 0 && rsp.status >= NETIF_RSP_DROPPED);
				sent[rsp.slot] = false;
			}
			must((ret < 0) == !!t.r.fault);
			break;
		default:
			meddle(in, shared);
		}
		must(net_ring_room(&t.r) <= NET_SLOTS);
	}
}

/* The packet's pages come back, once each. */
static void check_packet(const struct net_rx_pkt *pkt, bool *there)
{
	u32 sum = 0, i;

	must(pkt->nr <= NET_MAX_FRAGS && pkt->len <= NET_MAX_LEN && pkt->slots && pkt->slots <= NET_SLOTS);
	for (i = 0; i < pkt->nr; i++) {
		const struct net_rx_frag *f = &pkt->frag[i];

		must(f->slot < NET_SLOTS && f->len && f->offset + f->len <= NET_PAGE);
		must((f->slot - pkt->first) % NET_SLOTS < pkt->slots);
		sum += f->len;
	}
	must(sum == pkt->len && (pkt->nr || pkt->error));
	must(!pkt->gso_type || pkt->gso_size);
	for (i = 0; i < pkt->slots; i++) {
		must(there[(pkt->first + i) % NET_SLOTS]);
		there[(pkt->first + i) % NET_SLOTS] = false;
	}
}

static void receive(struct input *in, u8 *shared)
{
	bool there[NET_SLOTS] = { };
	struct net_rx_pkt pkt;
	struct xen_ring r;
	u32 slot;
	int ret;

	net_rx_init(&r, shared);
	while (in->p < in->end) {
		switch (take(in, 1) % 4) {
		case 0:
			for (slot = take(in, 1); slot && net_ring_room(&r); slot--) {
				u32 at = net_rx_add(&r, slot);

				must(at < NET_SLOTS && !there[at]);
				there[at] = true;
			}
			xen_ring_push(&r);
			break;
		case 1:
			xen_ring_sleep(&r, 1);
			break;
		case 2:
			while ((ret = net_rx_pull(&r, &pkt)) > 0)
				check_packet(&pkt, there);
			must((ret < 0) == !!r.fault);
			break;
		default:
			meddle(in, shared);
		}
	}
}

/* In the manner of tx.c */
static void cut(struct input *in)
{
	struct net_cut c = { .slots = NETIF_SLOTS_MIN, .small = take(in, 1), .all = take(in, 1) % 8 == 0 };
	u32 len[600], n = 0, i, pos = 0, upto = 0;

	while (in->p < in->end && n < ARRAY_SIZE(len) && c.bytes < NETIF_MAX_TX_SIZE) {
		len[n] = min_t(u32, 1 + take(in, 2) % NET_PAGE, NETIF_MAX_TX_SIZE - c.bytes);
		c.bytes += len[n++];
	}
	c.pieces = n;
	for (i = 0; i < n; i++) {
		u32 end = pos + len[i], skip, rest, size;

		if (end > upto) {
			skip = upto > pos ? upto - pos : 0;
			rest = end - pos - skip;
			size = net_cut_copy(&c, rest) ?: rest;
			must(c.slots && size <= c.bytes && size <= NET_PAGE && size >= rest);
			c.bytes -= size;
			c.slots--;
			upto = pos + skip + size;
		}
		pos = end;
		c.pieces--;
	}
	must(!c.bytes);
}

static void control(struct input *in, u8 *shared)
{
	struct xen_ring r;
	u32 status, data;

	xen_ring_init(&r, shared, NET_PAGE, NETIF_CTRL_SLOT);
	while (in->p < in->end && !r.fault) {
		net_ctrl_add(&r, NETIF_CTRL_SET_HASH_KEY, (u32[]){ 1, 2, 3 });
		xen_ring_push(&r);
		meddle(in, shared);
		if (net_ctrl_pull(&r, NETIF_CTRL_SET_HASH_KEY, &status, &data) <= 0)
			break;
	}
}

static void mac(struct input *in)
{
	char s[32] = { };
	u8 addr[6];

	for (unsigned int i = 0; i < sizeof(s) - 1 && in->p < in->end; i++)
		s[i] = *in->p++;
	net_parse_mac(s, addr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	u8 *shared = calloc(1, NET_PAGE);

	switch (take(&in, 1) % 8) {
	case 0:
		cut(&in);
		break;
	case 1:
		control(&in, shared);
		break;
	case 2:
		mac(&in);
		break;
	case 3:
	case 4:
		transmit(&in, shared);
		break;
	default:
		receive(&in, shared);
	}
	free(shared);
	return 0;
}
