// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block front-end's core against a back-end that does whatever the input says, in shared memory and in the store.
 * What must hold: no slot is answered that is not in flight, none twice, nothing outside the ring is touched, and once a
 * fault is found nothing more is believed.
 */
#include "kshim.h"
#include "xen-blkfront/core.c"
#include "input.h"

#define SLOTS_MAX	128

struct front {
	struct blk_ring r;
	struct blk_slot slot[SLOTS_MAX];
	bool sent[SLOTS_MAX];
	u32 sent_now;
	u8 *shared;
	u32 bytes;
};

static void submit(struct front *f, struct input *in)
{
	static const u8 ops[] = { BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_WRITE_BARRIER, BLKIF_OP_FLUSH_DISKCACHE,
				  BLKIF_OP_DISCARD };
	struct blk_req req = { .op = ops[take(in, 1) % 5] };
	int slot = blk_ring_get(&f->r);

	if (slot < 0) {
		must(f->sent_now == f->r.r.size);
		return;
	}
	if (req.op <= BLKIF_OP_WRITE)
		req.nr_segs = 1 + take(in, 1) % 20;
	must(!f->sent[slot]);
	f->sent[slot] = true;
	f->sent_now++;
	blk_ring_add(&f->r, slot, &req);
}

static void reap(struct front *f)
{
	bool fault = f->r.r.fault;
	struct blk_rsp rsp;
	int ret;

	while ((ret = blk_ring_pull(&f->r, &rsp)) > 0) {
		must(!fault);
		must(rsp.slot < f->r.r.size && f->sent[rsp.slot]);
		must(rsp.status <= BLKIF_RSP_OKAY && rsp.status >= BLKIF_RSP_EOPNOTSUPP);
		f->sent[rsp.slot] = false;
		f->sent_now--;
		blk_ring_put(&f->r, rsp.slot);
	}
	must((ret < 0) == !!f->r.r.fault);
}

/* What a back-end would do: answer the request at the index given, if there is one. */
static void answer(struct front *f, struct input *in)
{
	struct xen_ring_head *h = f->r.r.head;
	u8 *to = xen_ring_entry(&f->r.r, h->rsp_prod);
	u8 *from = xen_ring_entry(&f->r.r, take(in, 1) + h->rsp_prod);
	u8 op = from[0];
	u64 id;

	memcpy(&id, from + f->r.abi->body, 8);
	memcpy(to, &id, 8);
	to[8] = op;
	memset(to + 10, 0, 2);
	h->rsp_prod++;
}

static void play(struct front *f, struct input *in)
{
	u32 at;

	while (in->p < in->end) {
		switch (take(in, 1) % 8) {
		case 0:
		case 1:
			submit(f, in);
			break;
		case 2:
			xen_ring_push(&f->r.r);
			break;
		case 3:
			reap(f);
			break;
		case 4:
			xen_ring_sleep(&f->r.r, 1);
			break;
		case 5:
			f->r.r.head->rsp_prod += (s8)take(in, 1);
			break;
		case 6:
			at = take(in, 2) % (f->bytes - 8);
			for (unsigned int n = take(in, 1) % 8; n; n--)
				f->shared[at++] = take(in, 1);
			break;
		default:
			answer(f, in);
		}
	}
	reap(f);
}

static void ring(struct input *in)
{
	u8 how = take(in, 1);
	struct front f = { .bytes = 4096u << (how & 1) };

	f.shared = calloc(1, f.bytes);
	blk_ring_init(&f.r, f.shared, f.slot, how & 2 ? &blk_abi_32 : &blk_abi_64, f.bytes);
	if (how & 4) {	/* about to wrap */
		f.r.r.req_prod = f.r.r.req_sent = f.r.r.rsp_cons = f.r.r.rsp_seen = -8u;
		f.r.r.head->req_prod = f.r.r.head->rsp_prod = -8u;
	}
	play(&f, in);
	free(f.shared);
}

static void negotiate(struct input *in)
{
	struct blk_want w = { take(in, 1), 1 + take(in, 1) % 64, take(in, 1) % 64, take(in, 2), take(in, 1) & 1, take(in, 1) & 1 };
	struct blk_deal d = { };
	struct blk_req req = { };
	struct blk_offer o;

	for (unsigned int i = 0; i < BLK_NR_NODES; i++) {
		const struct blk_node *n = &blk_nodes[i];
		u64 v = take(in, 8);

		*(u64 *)((u8 *)&o + n->at) = v >= n->min && v <= n->max ? v : n->required ? n->max : n->dflt;
	}
	blk_agree_transport(&o, &w, &d);
	must(d.ring_order <= BLK_MAX_ORDER && d.queues && d.queues <= w.queues && d.poll_queues <= w.poll_queues);
	must(d.queues + d.poll_queues <= o.max_queues);
	if (blk_agree_disk(&o, &w, &d))
		return;
	must(is_power_of_2(d.sector_size) && d.sector_size >= 512 && d.sector_size <= 4096);
	must(d.max_segs >= BLKIF_MAX_SEGS && d.max_segs <= BLK_MAX_SEGS);
	must((d.sectors || d.removable) && d.sectors % (d.sector_size / 512) == 0);
	must(d.discard_granularity && d.discard_alignment < d.discard_granularity);
	/* Refusing goes on until nothing is left to refuse, and ends there. */
	for (unsigned int i = 0; i < 4; i++) {
		req.op = d.flush_op;
		must(blk_refused(&d, &req, BLKIF_RSP_EOPNOTSUPP) || req.op == BLK_OP_NONE);
	}
	must(d.flush_op == BLK_OP_NONE);
}

static void name(struct input *in)
{
	struct blk_name n;

	if (blk_vdev_name(take(in, 8), &n))
		return;
	must(strnlen(n.name, sizeof(n.name)) < sizeof(n.name) && !strncmp(n.name, "xvd", 3));
	must(n.minor + n.minors <= 1 << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };

	switch (take(&in, 1) % 4) {
	case 0:
		negotiate(&in);
		break;
	case 1:
		name(&in);
		break;
	default:
		ring(&in);
	}
	return 0;
}
