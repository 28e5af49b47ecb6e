/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the network front-end that turns bytes into meaning: ring entries, how packets are
 * cut into slots, what a back-end offers. No kernel call in it: unit tests and fuzzers run the very
 * same code.
 *
 * Nothing the host writes is believed: it is read once, checked, and then used from private memory.
 */
#ifndef NETFRONT_CORE_H
#define NETFRONT_CORE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "kshim.h"
#endif
#include <abi/xen/netif.h>
#include <pvbus/ring.h>

#define NET_PAGE	4096u	/* of the protocol: what a grant covers */
#define NET_SLOTS	256u	/* of a transmit or receive ring: one page */
#define NET_MAX_QUEUES	64u
#define NET_MAX_FRAGS	19u	/* pieces of a packet from the host */
#define NET_MAX_LEN	(0xffffu + 18)	/* of a packet: the largest of IP in a tagged frame */
#define NET_MAX_EXTRAS	(NETIF_EXTRA_TYPES - 1u)

/* Requests that can still be added */
static inline u32 net_ring_room(const struct xen_ring *r)
{
	return r->size - (r->req_prod - r->rsp_cons);
}

/* --- transmit --- */

/**
 * struct net_tx_ring - transmit ring, with the slots its requests are known by
 * @r: the ring
 * @next: free slot below each free slot
 * @id: of the request last sent from each slot: its number in the low byte, a count in the high one
 * @busy: sent, not answered
 * @free: stack of free slots; NET_SLOTS if empty
 * @extras: extra infos sent, not answered
 * @seq: distinguishes uses of one slot
 */
struct net_tx_ring {
	struct xen_ring r;
	u16 next[NET_SLOTS];
	u16 id[NET_SLOTS];
	bool busy[NET_SLOTS];
	u16 free;
	u16 extras;
	u8 seq;
};

/* What a request says */
struct net_tx_req {
	u32 gref;
	u16 offset;
	u16 size;
	u16 flags;
};

struct net_tx_rsp {
	u16 slot;
	s16 status;
};

void net_tx_init(struct net_tx_ring *t, void *shared);
int net_tx_add(struct net_tx_ring *t, const struct net_tx_req *req);
void net_tx_add_extra(struct net_tx_ring *t, const struct netif_extra *extra);
int net_tx_pull(struct net_tx_ring *t, struct net_tx_rsp *rsp);

/**
 * struct net_cut - how a packet is cut into slots
 * @bytes: left to send
 * @pieces: parts of pages that what is left consists of
 * @slots: how many more it may take; never less than what @bytes fill
 * @small: a piece of so many bytes is better copied than granted
 * @all: everything is copied
 */
struct net_cut {
	u32 bytes;
	u32 pieces;
	u32 slots;
	u32 small;
	bool all;
};

u32 net_cut_copy(const struct net_cut *c, u32 len);

/* Pages that @len bytes at @offset touch */
static inline u32 net_pages(u32 offset, u32 len)
{
	return ((offset & (NET_PAGE - 1)) + len + NET_PAGE - 1) / NET_PAGE;
}

/* --- receive --- */

struct net_rx_frag {
	u16 slot;
	u16 offset;
	u16 len;
};

/**
 * struct net_rx_pkt - a packet from the host, found valid
 * @frag: its pieces, each within its page
 * @nr: how many
 * @len: of all together
 * @first: index of the first response
 * @slots: responses it took, extra infos included
 * @flags: NETIF_RX_*, of the first response
 * @error: the host says that it is not whole
 * @gso_type: NETIF_GSO_*
 * @gso_size: payload of each segment
 * @headroom: of each piece, in bytes from the start of its page; what of it was counted as data is
 *	taken off already
 * @has_hash: @hash is a hash over its addresses
 * @hash_l4: and over its ports
 */
struct net_rx_pkt {
	struct net_rx_frag frag[NET_MAX_FRAGS];
	u32 nr;
	u32 len;
	u32 first;
	u32 slots;
	u16 flags;
	bool error;
	u8 gso_type;
	u16 gso_size;
	u16 headroom;
	bool has_hash;
	bool hash_l4;
	u32 hash;
};

void net_rx_init(struct xen_ring *r, void *shared);
u32 net_rx_add(struct xen_ring *r, u32 gref);
int net_rx_pull(struct xen_ring *r, struct net_rx_pkt *pkt);

/* --- control --- */

void net_ctrl_add(struct xen_ring *r, u16 type, const u32 data[3]);
int net_ctrl_pull(struct xen_ring *r, u16 type, u32 *status, u32 *data);

/* --- negotiation --- */

/* What a back-end says in the store; see net_nodes[] */
struct net_offer {
	u64 rx_copy;
	u64 max_queues;
	u64 split;
	u64 sg;
	u64 gso4;
	u64 gso6;
	u64 no_csum4;
	u64 csum6;
	u64 ctrl;
	u64 mcast;
	u64 xdp_headroom;
};

/**
 * struct net_node - a number in the back-end's folder
 * @name: of the node
 * @at: offset in struct net_offer
 * @dflt: what an absent or unusable node counts as
 * @min: lowest usable value
 * @max: highest
 */
struct net_node {
	const char *name;
	u16 at;
	u64 dflt;
	u64 min;
	u64 max;
};

#define NET_NR_NODES	11
extern const struct net_node net_nodes[NET_NR_NODES];

/* What we would like */
struct net_want {
	u32 queues;
	bool split;
	bool rss;
	bool xdp;
};

/* What both sides do from here on */
struct net_deal {
	u32 queues;
	u32 max_slots;		/* of a packet to the host */
	u32 rx_headroom;	/* bytes the host leaves before a packet */
	bool split;
	bool sg;
	bool gso4;
	bool gso6;
	bool csum4;
	bool csum6;
	bool ctrl;
	bool mcast;
	bool rx_gso;
};

const char *net_agree(const struct net_offer *o, const struct net_want *w, struct net_deal *d);
int net_parse_mac(const char *s, u8 mac[6]);

#endif /* NETFRONT_CORE_H */
