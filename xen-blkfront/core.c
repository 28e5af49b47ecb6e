// SPDX-License-Identifier: GPL-2.0-only
/* Ring entries, negotiation, disk numbers: see core.h. */
#ifdef __KERNEL__
#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/string.h>
#endif
#include "core.h"

const struct blk_abi blk_abi_64 = { BLKIF_PROTO_64, BLKIF_BODY_64, BLKIF_SLOT_64 };
const struct blk_abi blk_abi_32 = { BLKIF_PROTO_32, BLKIF_BODY_32, BLKIF_SLOT_32 };

/* --- the ring --- */

#define ID_SLOT_BITS	16

/* Set up an empty ring in @shared, zeroed memory of @bytes, with xen_ring_entries() of @slot. */
void blk_ring_init(struct blk_ring *b, void *shared, struct blk_slot *slot,
		   const struct blk_abi *abi, u32 bytes)
{
	u32 i;

	*b = (struct blk_ring){ .slot = slot, .abi = abi };
	xen_ring_init(&b->r, shared, bytes, abi->slot);
	for (i = 0; i < b->r.size; i++)
		slot[i] = (struct blk_slot){ .next = i + 1 };
}

/* Take a free slot; -EBUSY if there is none. */
int blk_ring_get(struct blk_ring *b)
{
	u32 slot = b->free;

	if (slot == b->r.size)
		return -EBUSY;
	b->free = b->slot[slot].next;
	return slot;
}

void blk_ring_put(struct blk_ring *b, u16 slot)
{
	b->slot[slot].next = b->free;
	b->free = slot;
}

static void encode(const struct blk_req *req, u64 id, struct blkif_head *head, void *body)
{
	struct blkif_indirect *indirect = body;
	struct blkif_discard *discard = body;
	struct blkif_rw *rw = body;

	if (req->nr_segs > BLKIF_MAX_SEGS) {
		*head = (struct blkif_head){ BLKIF_OP_INDIRECT, req->op, req->nr_segs };
		*indirect = (struct blkif_indirect){ id, req->sector, req->handle,
						     .gref = { req->gref } };
	} else if (req->op == BLKIF_OP_DISCARD) {
		*head = (struct blkif_head){ req->op, req->secure ? BLKIF_DISCARD_SECURE : 0,
					     req->handle };
		*discard = (struct blkif_discard){ id, req->sector, req->nr_sectors };
	} else {
		*head = (struct blkif_head){ req->op, req->nr_segs, req->handle };
		rw->id = id;
		rw->sector = req->sector;
		memcpy(rw->seg, req->seg, req->nr_segs * sizeof(req->seg[0]));
	}
}

/*
 * Write a request into the next entry; the host does not look at it before xen_ring_push(). There
 * is room: nobody has more slots than the ring has entries, and a slot is not free again before the
 * response has left its entry.
 */
void blk_ring_add(struct blk_ring *b, u16 slot, const struct blk_req *req)
{
	void *to = xen_ring_entry(&b->r, b->r.req_prod);
	struct blk_slot *s = &b->slot[slot];

	s->id = ++b->seq << ID_SLOT_BITS | slot;
	s->op = req->nr_segs > BLKIF_MAX_SEGS ? BLKIF_OP_INDIRECT : req->op;
	s->alt = req->op;
	WRITE_ONCE(s->busy, true);
	encode(req, s->id, to, to + b->abi->body);
	b->r.req_prod++;
}

static int check_response(struct blk_ring *b, u64 id, u8 op, s16 status)
{
	struct blk_slot *s = &b->slot[id & (b->r.size - 1)];
	struct xen_ring *r = &b->r;

	if ((u16)id >= r->size)
		return xen_ring_fault(r, "response to a request that cannot be, id", id);
	if (!READ_ONCE(s->busy) || s->id != id)
		return xen_ring_fault(r, "response to a request not in flight, id", id);
	if (op != s->op && op != s->alt)
		return xen_ring_fault(r, "response names another operation than the request,", op);
	if (status < BLKIF_RSP_EOPNOTSUPP || status > BLKIF_RSP_OKAY)
		return xen_ring_fault(r, "response of unknown status", (u16)status);
	return 1;
}

/*
 * Take the next response. Return: 1 and *rsp; 0: there is none; -EPROTO and the ring's fault, for
 * good.
 */
int blk_ring_pull(struct blk_ring *b, struct blk_rsp *rsp)
{
	struct xen_ring *r = &b->r;
	const u32 *raw;
	int ret = 1;
	u32 rest;
	u64 id;

	if (r->fault || r->rsp_cons == r->rsp_seen)
		ret = xen_ring_look(r);
	if (ret <= 0)
		return ret;
	/* struct blkif_response, little-endian: read once, the host may write at any time. */
	raw = xen_ring_entry(r, r->rsp_cons);
	id = READ_ONCE(raw[0]) | (u64)READ_ONCE(raw[1]) << 32;
	rest = READ_ONCE(raw[2]);
	ret = check_response(b, id, (u8)rest, (s16)(rest >> 16));
	if (ret < 0)
		return ret;
	rsp->slot = (u16)id;
	rsp->op = b->slot[rsp->slot].alt;
	rsp->status = (s16)(rest >> 16);
	WRITE_ONCE(b->slot[rsp->slot].busy, false);
	r->rsp_cons++;
	return 1;
}

/* Ask for no events: leave rsp_event behind, where the host comes by after 2^32 responses only. */
void blk_ring_mute(struct blk_ring *b)
{
	WRITE_ONCE(b->r.head->rsp_event, b->r.rsp_cons);
}

/* @len bytes at @offset of a granted page; whole sectors within it */
struct blkif_segment blk_segment(u32 gref, u32 offset, u32 len)
{
	return (struct blkif_segment){
		.gref = gref,
		.first_sect = offset >> BLKIF_SECTOR_SHIFT,
		.last_sect = (offset + len - 1) >> BLKIF_SECTOR_SHIFT,
	};
}

/* --- grants --- */

/* Take @n of them, as a chain; there must be so many. */
struct blk_gnt *blk_gnts_take(struct blk_gnts *s, u32 n)
{
	struct blk_gnt *first = s->top, **p = &s->top;

	if (!n)
		return NULL;
	s->nr -= n;
	while (n--)
		p = &(*p)->next;
	s->top = *p;
	*p = NULL;
	return first;
}

void blk_gnts_put(struct blk_gnts *s, struct blk_gnt *chain, unsigned long now)
{
	struct blk_gnt *g, *next;

	for (g = chain; g; g = next) {
		next = g->next;
		g->used = now;
		g->next = s->top;
		s->top = g;
		s->nr++;
	}
}

/* Take away what has not been used for @age, but leave @keep of them. */
struct blk_gnt *blk_gnts_cut(struct blk_gnts *s, u32 keep, unsigned long now, unsigned long age)
{
	struct blk_gnt **p = &s->top, *idle;
	u32 left = 0;

	/* From top to bottom they get older. */
	while (*p && (left < keep || now - (*p)->used < age)) {
		p = &(*p)->next;
		left++;
	}
	idle = *p;
	*p = NULL;
	s->nr = left;
	return idle;
}

/* --- negotiation --- */

#define U32_LIMIT	0xffffffffull
#define AT(field)	offsetof(struct blk_offer, field)

const struct blk_node blk_nodes[BLK_NR_NODES] = {
	{ "max-ring-page-order", AT(max_ring_page_order), .max = 16 },
	{ "max-ring-pages", AT(max_ring_pages), .dflt = 1, .min = 1, .max = 1 << 16 },
	{ "multi-queue-max-queues", AT(max_queues), .dflt = 1, .min = 1, .max = 1 << 16 },
	[BLK_NODE_SECTORS] = { "sectors", AT(sectors), .late = true, .required = true,
			       .max = (1ull << (63 - BLKIF_SECTOR_SHIFT)) - 1 },
	{ "sector-size", AT(sector_size), .late = true, .required = true, .min = 512, .max = 4096 },
	{ "physical-sector-size", AT(physical_sector_size), .late = true, .max = 1 << 20 },
	{ "info", AT(info), .late = true, .max = U32_LIMIT },
	{ "feature-flush-cache", AT(flush), .late = true, .max = 1 },
	{ "feature-barrier", AT(barrier), .late = true, .max = 1 },
	{ "feature-discard", AT(discard), .late = true, .max = 1 },
	{ "discard-granularity", AT(discard_granularity), .late = true, .max = U32_LIMIT },
	{ "discard-alignment", AT(discard_alignment), .late = true, .max = U32_LIMIT },
	{ "discard-secure", AT(discard_secure), .late = true, .max = 1 },
	{ "feature-persistent", AT(persistent), .late = true, .max = 1 },
	{ "feature-max-indirect-segments", AT(max_indirect_segments), .late = true,
	  .max = U32_LIMIT },
};

/* Rings: how many, how large. Whatever is offered, something can be agreed on. */
void blk_agree_transport(const struct blk_offer *o, const struct blk_want *w, struct blk_deal *d)
{
	u32 old = ilog2((u32)o->max_ring_pages);

	d->ring_order = max_t(u32, o->max_ring_page_order, old);
	d->ring_order = min3(d->ring_order, w->ring_order, (u32)BLK_MAX_ORDER);
	d->ring_pages_node = o->max_ring_pages > 1;
	d->poll_queues = min(w->poll_queues, (u32)o->max_queues - 1);
	d->queues = min(w->queues, (u32)o->max_queues - d->poll_queues);
}

static void agree_discard(const struct blk_offer *o, struct blk_deal *d)
{
	d->discard = o->discard && !d->readonly;
	d->secure_discard = d->discard && o->discard_secure;
	d->discard_granularity = o->discard_granularity;
	/* A granule that is no whole number of sectors says nothing to us. */
	if (!d->discard_granularity || d->discard_granularity % d->sector_size)
		d->discard_granularity = d->sector_size;
	d->discard_alignment = (u32)o->discard_alignment % d->discard_granularity;
}

/* The disk. Return: NULL, or why it is refused. */
const char *blk_agree_disk(const struct blk_offer *o, const struct blk_want *w, struct blk_deal *d)
{
	u64 phys = o->physical_sector_size;
	u32 segs = min3(o->max_indirect_segments, (u64)w->max_segs, (u64)BLK_MAX_SEGS);

	d->cdrom = (o->info & BLKIF_VDISK_CDROM) || w->cdrom;
	d->removable = (o->info & BLKIF_VDISK_REMOVABLE) || d->cdrom;
	d->readonly = (o->info & BLKIF_VDISK_READONLY) || d->cdrom;
	if (!is_power_of_2(o->sector_size))
		return "sector-size is not a power of two";
	d->sector_size = o->sector_size;
	d->sectors = o->sectors & ~((o->sector_size >> BLKIF_SECTOR_SHIFT) - 1);
	if (!d->sectors && !d->removable)
		return "sectors: there are none";
	d->physical_sector_size = d->sector_size;
	if (phys > o->sector_size && is_power_of_2(phys))
		d->physical_sector_size = phys;
	d->max_segs = max_t(u32, segs, BLKIF_MAX_SEGS);
	d->persistent = w->persistent && o->persistent;
	d->flush_op = o->flush ? BLKIF_OP_FLUSH_DISKCACHE :
		      o->barrier ? BLKIF_OP_WRITE_BARRIER : BLK_OP_NONE;
	d->barrier_left = o->flush && o->barrier;
	agree_discard(o, d);
	return NULL;
}

/*
 * A request was not done. Did the back-end refuse its kind, rather than fail this one? Then it is
 * agreed not to send such any more.
 */
bool blk_refused(struct blk_deal *d, const struct blk_req *req, s16 status)
{
	/* Some that know barriers refuse an empty one with an ordinary error. */
	if (status != BLKIF_RSP_EOPNOTSUPP && req->op != BLKIF_OP_WRITE_BARRIER)
		return false;
	switch (req->op) {
	case BLKIF_OP_WRITE_BARRIER:
		if (d->flush_op == req->op)
			d->flush_op = BLK_OP_NONE;
		return true;
	case BLKIF_OP_FLUSH_DISKCACHE:
		if (d->flush_op == req->op)
			d->flush_op = d->barrier_left ? BLKIF_OP_WRITE_BARRIER : BLK_OP_NONE;
		return true;
	case BLKIF_OP_DISCARD:
		d->secure_discard = false;
		d->discard &= req->secure;
		return true;
	}
	return false;
}

/* --- disk numbers: xen-vbd-interface(7), and Linux's majors for ATA and SCSI disks --- */

static const u8 ata_majors[] = { 3, 22, 33, 34, 56, 57, 88, 89, 90, 91 };	/* two disks each */

static int vdev_split(u64 vdev, struct blk_name *n)
{
	u32 major = vdev >> 8, minor = vdev & 0xff, i;

	n->disk = minor >> 4;
	n->part = minor & 15;
	if (vdev >> 28 == 1) {
		n->disk = vdev >> 8 & 0xfffff;
		n->part = minor;
		return 0;
	}
	if (vdev >> 16)
		return -EINVAL;
	if (major == BLK_MAJOR || major == 8)
		return 0;
	if ((major >= 65 && major <= 71) || (major >= 128 && major <= 135)) {
		n->disk += 16 * (major - (major < 128 ? 64 : 120));
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(ata_majors); i++) {
		if (ata_majors[i] == major) {
			n->disk = 2 * i + (minor >> 6);
			n->part = minor & 63;
			return minor >> 6 < 2 ? 0 : -EINVAL;
		}
	}
	return -EINVAL;
}

/* "xvd", then the disk in letters (a … z, aa …), then the partition if it is one */
static void format_name(struct blk_name *n)
{
	char letters[8], *l = letters + sizeof(letters);
	u32 disk = n->disk + 1;

	for (*--l = 0; disk; disk = (disk - 1) / 26)
		*--l = 'a' + (disk - 1) % 26;
	scnprintf(n->name, sizeof(n->name), n->part ? "xvd%s%u" : "xvd%s", l, n->part);
}

/*
 * What disk the number in `virtual-device` is. One and the same disk has one name and one minor
 * whatever scheme the toolstack numbered it by: an emulated twin's hda and xvda are the same thing.
 * Return: 0, or -EINVAL for a number of no scheme.
 */
int blk_vdev_name(u64 vdev, struct blk_name *n)
{
	u32 bits;

	if (vdev_split(vdev, n))
		return -EINVAL;
	/* The first disks have 16 minors, as of old, others 256, what fits neither has none. */
	bits = n->disk < 16 ? 4 : 8;
	n->minor = n->minors = 0;
	if (n->disk < 1 << 12 && n->part < 1 << bits) {
		n->minor = (n->disk << bits) + n->part;
		n->minors = n->part ? 1 : 1 << bits;
	}
	format_name(n);
	return 0;
}
