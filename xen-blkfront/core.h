/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the block front-end that turns bytes into meaning: ring entries, what a back-end
 * offers, disk numbers. No kernel call in it: unit tests and fuzzers run the very same code.
 *
 * Nothing the host writes is believed: it is read once, checked, and then used from private memory.
 */
#ifndef BLKFRONT_CORE_H
#define BLKFRONT_CORE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "kshim.h"
#endif
#include <abi/xen/blkif.h>
#include <pvbus/ring.h>

#define BLK_MAX_SEGS	BLKIF_SEGS_PER_PAGE	/* one indirect page to a request */
#define BLK_MAX_ORDER	4			/* of a ring: 16 pages */
#define BLK_OP_NONE	0xffu

/**
 * struct blk_abi - how requests lie in memory
 * @protocol: its name in the store
 * @body: offset of a request's body
 * @slot: distance between slots
 */
struct blk_abi {
	const char *protocol;
	u16 body;
	u16 slot;
};

extern const struct blk_abi blk_abi_64, blk_abi_32;

#if defined(__x86_64__)
#define BLK_ABI_NATIVE	blk_abi_64
#else
#define BLK_ABI_NATIVE	blk_abi_32
#endif

/**
 * struct blk_req - a request, before it is encoded
 * @op: BLKIF_OP_*; with more than BLKIF_MAX_SEGS segments it goes out as an indirect one
 * @secure: of a discard
 * @handle: of the disk, for back-ends that look at it
 * @nr_segs: number of segments; 0 for a flush or a discard
 * @sector: where it begins
 * @nr_sectors: length of a discard
 * @gref: of the page that holds the segments of an indirect request
 * @seg: the segments of any other
 */
struct blk_req {
	u8 op;
	bool secure;
	u16 handle;
	u16 nr_segs;
	u64 sector;
	u64 nr_sectors;
	u32 gref;
	struct blkif_segment seg[BLKIF_MAX_SEGS];
};

/* A response that was found valid: request in @slot is done. */
struct blk_rsp {
	u16 slot;
	u8 op;
	s16 status;
};

/* What we know of a slot */
struct blk_slot {
	u64 id;		/* of the request last sent from it */
	u16 next;	/* free slot below this one */
	u8 op;
	u8 alt;		/* an indirect request may be answered by the name of its operation, too */
	bool busy;	/* sent, not answered */
};

/**
 * struct blk_ring - a ring, with the slots its requests are known by
 * @r: the ring
 * @slot: one for each entry
 * @abi: layout of entries
 * @free: stack of free slots; the ring's size if empty
 * @seq: distinguishes uses of one slot
 *
 * Two locks of the owner: one covers blk_ring_{get,put,add}(), xen_ring_push() and what those
 * change, the other blk_ring_pull(), xen_ring_sleep() and what those change. A slot belongs to who
 * got it until it is put back.
 */
struct blk_ring {
	struct xen_ring r;
	struct blk_slot *slot;
	const struct blk_abi *abi;
	u32 free;
	u64 seq;
};

void blk_ring_init(struct blk_ring *b, void *shared, struct blk_slot *slot,
		   const struct blk_abi *abi, u32 bytes);
int blk_ring_get(struct blk_ring *b);
void blk_ring_put(struct blk_ring *b, u16 slot);
void blk_ring_add(struct blk_ring *b, u16 slot, const struct blk_req *req);
int blk_ring_pull(struct blk_ring *b, struct blk_rsp *rsp);
void blk_ring_mute(struct blk_ring *b);

struct blkif_segment blk_segment(u32 gref, u32 offset, u32 len);

/* --- grants that are not in use --- */

struct page;

/**
 * struct blk_gnt - leave for the back-end to touch one page
 * @next: in a stack, or in the chain of the request that uses it
 * @page: the page granted: the request's, or one of our own
 * @ref: grant reference
 * @used: when it came back to the stack
 */
struct blk_gnt {
	struct blk_gnt *next;
	struct page *page;
	u32 ref;
	unsigned long used;
};

/* The one used last is on top, so what lies at the bottom is what was needed least. */
struct blk_gnts {
	struct blk_gnt *top;
	u32 nr;
};

struct blk_gnt *blk_gnts_take(struct blk_gnts *s, u32 n);
void blk_gnts_put(struct blk_gnts *s, struct blk_gnt *chain, unsigned long now);
struct blk_gnt *blk_gnts_cut(struct blk_gnts *s, u32 keep, unsigned long now, unsigned long age);

/* --- negotiation --- */

/*
 * What a back-end says in the store, each number as it stands there if it is within the bounds of
 * blk_nodes[]
 */
struct blk_offer {
	u64 max_ring_page_order;
	u64 max_ring_pages;
	u64 max_queues;
	u64 sectors;
	u64 sector_size;
	u64 physical_sector_size;
	u64 info;
	u64 flush;
	u64 barrier;
	u64 discard;
	u64 discard_granularity;
	u64 discard_alignment;
	u64 discard_secure;
	u64 persistent;
	u64 max_indirect_segments;
};

/**
 * struct blk_node - a number in the back-end's folder
 * @name: of the node
 * @at: offset in struct blk_offer
 * @late: published when the back-end is connected, not before
 * @required: the disk is refused without it
 * @dflt: what an absent or unusable node counts as
 * @min: lowest usable value
 * @max: highest
 */
struct blk_node {
	const char *name;
	u16 at;
	bool late;
	bool required;
	u64 dflt;
	u64 min;
	u64 max;
};

#define BLK_NR_NODES	15
#define BLK_NODE_SECTORS 3
extern const struct blk_node blk_nodes[BLK_NR_NODES];

/* What we would like */
struct blk_want {
	u32 ring_order;
	u32 queues;
	u32 poll_queues;
	u32 max_segs;
	bool persistent;
	bool cdrom;
};

/* What both sides do from here on */
struct blk_deal {
	/* before the rings are made */
	u32 ring_order;
	bool ring_pages_node;	/* the back-end knows the old name of the ring's size */
	u32 queues;
	u32 poll_queues;
	/* once the back-end is connected */
	u64 sectors;		/* of 512 bytes */
	u32 sector_size;
	u32 physical_sector_size;
	u32 max_segs;
	u32 discard_granularity;
	u32 discard_alignment;
	u8 flush_op;		/* FLUSH_DISKCACHE, WRITE_BARRIER or BLK_OP_NONE */
	bool barrier_left;	/* a barrier could stand in for the flush */
	bool discard;
	bool secure_discard;
	bool persistent;
	bool readonly;
	bool removable;
	bool cdrom;
};

void blk_agree_transport(const struct blk_offer *o, const struct blk_want *w, struct blk_deal *d);
const char *blk_agree_disk(const struct blk_offer *o, const struct blk_want *w, struct blk_deal *d);
bool blk_refused(struct blk_deal *d, const struct blk_req *req, s16 status);

/* --- disk numbers --- */

#define BLK_MAJOR	202
#define BLK_NAME_LEN	16

/**
 * struct blk_name - which disk a device is
 * @disk: number of the disk, 0 for xvda
 * @part: number of the partition, 0 for a whole disk
 * @minor: first minor under BLK_MAJOR
 * @minors: how many are its own; 0 if there are none left for it under BLK_MAJOR
 * @name: of the device file
 */
struct blk_name {
	u32 disk;
	u32 part;
	u32 minor;
	u32 minors;
	char name[BLK_NAME_LEN];
};

int blk_vdev_name(u64 vdev, struct blk_name *n);

#endif /* BLKFRONT_CORE_H */
