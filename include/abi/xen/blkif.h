/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block protocol. Specification: xen/include/public/io/blkif.h, as corrected in 2024 (Xen
 * commit 221f2748e8): every sector number, count and the `sectors` node are in units of 512 bytes,
 * whatever `sector-size` says.
 *
 * A request is a head, four bytes of padding in the 64-bit ABI only, and a body that depends on the
 * operation. The two ABIs differ in nothing else but the distance between slots.
 */
#ifndef ABI_XEN_BLKIF_H
#define ABI_XEN_BLKIF_H

#include <linux/stddef.h>
#include <linux/types.h>

#define BLKIF_OP_READ			0
#define BLKIF_OP_WRITE			1
#define BLKIF_OP_WRITE_BARRIER		2
#define BLKIF_OP_FLUSH_DISKCACHE	3
#define BLKIF_OP_DISCARD		5
#define BLKIF_OP_INDIRECT		6

#define BLKIF_RSP_OKAY			0
#define BLKIF_RSP_ERROR			(-1)
#define BLKIF_RSP_EOPNOTSUPP		(-2)

#define BLKIF_DISCARD_SECURE		1u

/* bits of the `info` node */
#define BLKIF_VDISK_CDROM		1u
#define BLKIF_VDISK_REMOVABLE		2u
#define BLKIF_VDISK_READONLY		4u

#define BLKIF_SECTOR_SHIFT		9
#define BLKIF_MAX_SEGS			11	/* in a request's own slot */
#define BLKIF_SEGS_PER_PAGE		512	/* in an indirect page */

#define BLKIF_PROTO_64			"x86_64-abi"
#define BLKIF_PROTO_32			"x86_32-abi"
#define BLKIF_BODY_64			8	/* where a body begins */
#define BLKIF_BODY_32			4
#define BLKIF_SLOT_64			112	/* distance between slots */
#define BLKIF_SLOT_32			108

struct blkif_segment {
	u32 gref;
	u8 first_sect;		/* within the page, inclusive */
	u8 last_sect;
	u16 pad;
};

struct blkif_head {
	u8 operation;
	u8 arg; /* number of segments; flags of a discard; operation of an indirect request */
	u16 handle;		/* number of segments of an indirect request */
};

struct blkif_rw {
	u64 id;
	u64 sector;
	struct blkif_segment seg[BLKIF_MAX_SEGS];
} __attribute__((packed, aligned(4)));

struct blkif_discard {
	u64 id;
	u64 sector;
	u64 nr_sectors;
} __attribute__((packed, aligned(4)));

struct blkif_indirect {
	u64 id;
	u64 sector;
	u16 handle;
	u16 pad;
	u32 gref[8];
} __attribute__((packed, aligned(4)));

struct blkif_response {
	u64 id;
	u8 operation;
	u8 pad;
	s16 status;
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct blkif_segment) == 8, "blkif_segment");
_Static_assert(sizeof(struct blkif_head) == 4, "blkif_head");
_Static_assert(BLKIF_BODY_64 + sizeof(struct blkif_rw) == BLKIF_SLOT_64, "blkif_rw, 64 bit");
_Static_assert(BLKIF_BODY_32 + sizeof(struct blkif_rw) == BLKIF_SLOT_32, "blkif_rw, 32 bit");
_Static_assert(offsetof(struct blkif_rw, seg) == 16, "blkif_rw.seg");
_Static_assert(sizeof(struct blkif_discard) == 24, "blkif_discard");
_Static_assert(offsetof(struct blkif_indirect, gref) == 20, "blkif_indirect.gref");
_Static_assert(sizeof(struct blkif_indirect) == 52, "blkif_indirect");
_Static_assert(offsetof(struct blkif_response, status) == 10, "blkif_response.status");
_Static_assert(sizeof(struct blkif_response) == 12, "blkif_response");

#endif /* ABI_XEN_BLKIF_H */
