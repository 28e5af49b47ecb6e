// SPDX-License-Identifier: GPL-2.0-only
/* The block front-end's core: a ring with a back-end of ours at its other end, well-behaved or not; negotiation; names. */
#include "test.h"
#include "pvbus/xen/xs_core.c"
#include "xen-blkfront/core.c"

#define PAGES_MAX	16

/* A ring and the back-end's end of it */
struct bed {
	struct blk_ring r;
	struct blk_slot slot[1024];
	u8 shared[PAGES_MAX * 4096] __aligned(8);
	u32 req_cons;	/* back-end's */
	u32 rsp_prod;
};

static struct bed *bed_new(const struct blk_abi *abi, unsigned int pages)
{
	struct bed *b = calloc(1, sizeof(*b));

	blk_ring_init(&b->r, b->shared, b->slot, abi, pages * 4096);
	return b;
}

static u8 *bed_entry(struct bed *b, u32 i)
{
	return b->shared + 64 + (i % b->r.r.size) * b->r.abi->slot;
}

static u64 bed_id(struct bed *b, u32 i)
{
	u64 id;

	memcpy(&id, bed_entry(b, i) + b->r.abi->body, 8);
	return id;
}

static void put_rsp(struct bed *b, u64 id, u8 op, s16 status)
{
	u8 *e = bed_entry(b, b->rsp_prod++);

	memcpy(e, &id, 8);
	e[8] = op;
	memcpy(e + 10, &status, 2);
	b->r.r.head->rsp_prod = b->rsp_prod;
}

/* The back-end takes the next request and answers it. */
static void answer(struct bed *b, s16 status)
{
	u8 op = bed_entry(b, b->req_cons)[0];

	put_rsp(b, bed_id(b, b->req_cons++), op, status);
}

static const struct blk_req read_one = { .op = BLKIF_OP_READ, .nr_segs = 1, .sector = 8, .seg = { { .gref = 9 } } };

static int send(struct bed *b, const struct blk_req *req)
{
	int slot = blk_ring_get(&b->r);

	if (slot >= 0)
		blk_ring_add(&b->r, slot, req);
	return slot;
}

/* A fault was found, says @what, stays, and hurts nobody else. */
static void check_fault(struct bed *b, const char *what)
{
	struct blk_rsp rsp;

	CHECK_EQ(blk_ring_pull(&b->r, &rsp), -EPROTO);
	CHECK(b->r.r.fault && strstr(b->r.r.fault, what));
	if (b->r.r.fault && !strstr(b->r.r.fault, what))
		printf("# %s\n", b->r.r.fault);
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), -EPROTO);
}

/* --- entries --- */

TEST(ring_sizes)
{
	static const struct { u32 pages, n; } want[] = { { 1, 32 }, { 2, 64 }, { 4, 128 }, { 8, 256 }, { 16, 512 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		CHECK_EQ(xen_ring_entries(want[i].pages * 4096, blk_abi_64.slot), want[i].n);
		CHECK_EQ(xen_ring_entries(want[i].pages * 4096, blk_abi_32.slot), want[i].n);
	}
}

/* Bytes as the specification's structures lie in memory, compiled for either ABI */
static void check_bytes(const struct blk_abi *abi, const struct blk_req *req, const u8 *want, unsigned int len)
{
	struct bed *b = bed_new(abi, 1);
	u8 *e = bed_entry(b, 0);

	memset(e, 0xee, abi->slot);
	CHECK_EQ(send(b, req), 0);
	for (unsigned int i = 0; i < len; i++) {
		if (e[i] != want[i])
			printf("# %s byte %u\n", abi->protocol, i);
		CHECK_EQ(e[i], want[i]);
	}
	CHECK_EQ(e[abi->slot], 0);
	free(b);
}

TEST(encode_write)
{
	struct blk_req req = { .op = BLKIF_OP_WRITE, .nr_segs = 2, .handle = 0xca10, .sector = 0x123456789a };
	static const u8 want64[] = {
		1, 2, 0x10, 0xca, 0xee, 0xee, 0xee, 0xee, 0, 0, 1, 0, 0, 0, 0, 0, 0x9a, 0x78, 0x56, 0x34, 0x12, 0, 0, 0,
		0xdd, 0xcc, 0xbb, 0xaa, 1, 7, 0, 0, 0x44, 0x33, 0x22, 0x11, 0, 3, 0, 0, 0xee,
	};
	static const u8 want32[] = {
		1, 2, 0x10, 0xca, 0, 0, 1, 0, 0, 0, 0, 0, 0x9a, 0x78, 0x56, 0x34, 0x12, 0, 0, 0,
		0xdd, 0xcc, 0xbb, 0xaa, 1, 7, 0, 0, 0x44, 0x33, 0x22, 0x11, 0, 3, 0, 0, 0xee,
	};

	req.seg[0] = blk_segment(0xaabbccdd, 512, 7 * 512);
	req.seg[1] = blk_segment(0x11223344, 0, 4 * 512);
	check_bytes(&blk_abi_64, &req, want64, sizeof(want64));
	check_bytes(&blk_abi_32, &req, want32, sizeof(want32));
}

TEST(encode_full)
{
	struct blk_req req = { .op = BLKIF_OP_READ, .nr_segs = 11 };
	struct bed *b = bed_new(&blk_abi_64, 1), *c = bed_new(&blk_abi_32, 1);

	req.seg[10] = blk_segment(0x55, 0, 4096);
	send(b, &req);
	send(c, &req);
	CHECK_EQ(bed_entry(b, 0)[8 + 16 + 80], 0x55);
	CHECK_EQ(bed_entry(b, 0)[8 + 16 + 85], 7);
	CHECK_EQ(bed_entry(c, 0)[4 + 16 + 80], 0x55);
	CHECK_EQ(bed_entry(b, 1)[0], 0);
	CHECK_EQ(bed_entry(c, 1)[0], 0);
	free(b);
	free(c);
}

TEST(encode_large)
{
	struct blk_req req = { .op = BLKIF_OP_WRITE, .nr_segs = 300, .handle = 0x0102, .sector = 5, .gref = 0x778899 };
	static const u8 want64[] = {
		6, 1, 0x2c, 1, 0xee, 0xee, 0xee, 0xee, 0, 0, 1, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0,
		0x99, 0x88, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xee,
	};
	u8 want32[sizeof(want64) - 4];

	memcpy(want32, want64, 4);
	memcpy(want32 + 4, want64 + 8, sizeof(want64) - 8);
	check_bytes(&blk_abi_64, &req, want64, sizeof(want64));
	check_bytes(&blk_abi_32, &req, want32, sizeof(want32));
}

TEST(encode_trim)
{
	struct blk_req req = { .op = BLKIF_OP_DISCARD, .secure = true, .handle = 3, .sector = 16, .nr_sectors = 1ull << 33 };
	static const u8 want64[] = {
		5, 1, 3, 0, 0xee, 0xee, 0xee, 0xee, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0xee,
	};
	u8 want32[sizeof(want64) - 4];

	memcpy(want32, want64, 4);
	memcpy(want32 + 4, want64 + 8, sizeof(want64) - 8);
	check_bytes(&blk_abi_64, &req, want64, sizeof(want64));
	check_bytes(&blk_abi_32, &req, want32, sizeof(want32));
}

TEST(encode_flush)
{
	struct blk_req req = { .op = BLKIF_OP_FLUSH_DISKCACHE, .handle = 1 };
	static const u8 want[] = { 3, 0, 1, 0, 0xee, 0xee, 0xee, 0xee, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xee };

	check_bytes(&blk_abi_64, &req, want, sizeof(want));
}

TEST(segments)
{
	for (unsigned int first = 0; first < 8; first++) {
		for (unsigned int last = first; last < 8; last++) {
			struct blkif_segment s = blk_segment(7, first * 512, (last - first + 1) * 512);

			CHECK_EQ(s.first_sect, first);
			CHECK_EQ(s.last_sect, last);
			CHECK_EQ(s.gref, 7);
			CHECK_EQ(s.pad, 0);
		}
	}
}

/* --- a well-behaved back-end --- */

TEST(every_slot_comes_back)
{
	struct bed *b = bed_new(&blk_abi_64, 1);
	struct blk_rsp rsp;
	u64 seen;

	/* Start just before the indices wrap. */
	b->r.r.req_prod = b->r.r.req_sent = b->r.r.rsp_cons = b->r.r.rsp_seen = b->req_cons = b->rsp_prod = -40u;
	b->r.r.head->req_prod = b->r.r.head->rsp_prod = -40u;
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 32; i++)
			CHECK(send(b, &read_one) >= 0);
		CHECK_EQ(blk_ring_get(&b->r), -EBUSY);
		xen_ring_push(&b->r.r);
		while (b->req_cons != b->r.r.head->req_prod)
			answer(b, BLKIF_RSP_OKAY);
		for (seen = 0; blk_ring_pull(&b->r, &rsp) == 1;) {
			CHECK(!(seen & 1ull << rsp.slot));
			seen |= 1ull << rsp.slot;
			blk_ring_put(&b->r, rsp.slot);
		}
		CHECK_EQ(seen, 0xffffffff);
		CHECK(!b->r.r.fault);
	}
	free(b);
}

TEST(answers_in_any_order)
{
	struct bed *b = bed_new(&blk_abi_64, 1);
	int slot[8];
	struct blk_rsp rsp;

	for (int i = 0; i < 8; i++)
		slot[i] = send(b, &read_one);
	xen_ring_push(&b->r.r);
	for (int i = 7; i >= 0; i--)
		put_rsp(b, b->slot[slot[i]].id, BLKIF_OP_READ, i ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR);
	for (int i = 7; i >= 0; i--) {
		CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
		CHECK_EQ(rsp.slot, slot[i]);
		CHECK_EQ(rsp.op, BLKIF_OP_READ);
		CHECK_EQ(rsp.status, i ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR);
	}
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), 0);
	free(b);
}

/* Responses on the 32-bit ring are at other places, but look the same. */
TEST(ring_of_32_bit)
{
	struct bed *b = bed_new(&blk_abi_32, 4);
	struct blk_rsp rsp;

	for (int i = 0; i < 1000; i++) {
		int slot = send(b, &read_one);

		xen_ring_push(&b->r.r);
		answer(b, BLKIF_RSP_OKAY);
		CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
		CHECK_EQ(rsp.slot, slot);
		blk_ring_put(&b->r, slot);
	}
	free(b);
}

TEST(indirect_answered_by_either_name)
{
	struct blk_req big = { .op = BLKIF_OP_WRITE, .nr_segs = 12 };
	static const u8 name[] = { BLKIF_OP_INDIRECT, BLKIF_OP_WRITE };
	struct blk_rsp rsp;

	for (int i = 0; i < 2; i++) {
		struct bed *b = bed_new(&blk_abi_64, 1);

		send(b, &big);
		xen_ring_push(&b->r.r);
		put_rsp(b, bed_id(b, 0), name[i], BLKIF_RSP_OKAY);
		CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
		CHECK_EQ(rsp.op, BLKIF_OP_WRITE);
		free(b);
	}
}

/* --- who wakes whom --- */

TEST(doorbell_only_for_a_sleeper)
{
	struct bed *b = bed_new(&blk_abi_64, 1);

	CHECK(!xen_ring_push(&b->r.r));		/* nothing to tell */
	send(b, &read_one);
	send(b, &read_one);
	CHECK(xen_ring_push(&b->r.r));		/* it waits for the first one */
	send(b, &read_one);
	CHECK(!xen_ring_push(&b->r.r));		/* it has not gone back to sleep */
	b->r.r.head->req_event = 5;
	send(b, &read_one);
	CHECK(!xen_ring_push(&b->r.r));		/* wants to hear at 5, this is 4 */
	send(b, &read_one);
	CHECK(xen_ring_push(&b->r.r));
	CHECK_EQ(b->r.r.head->req_prod, 5);
	free(b);
}

TEST(doorbell_across_the_wrap)
{
	struct bed *b = bed_new(&blk_abi_64, 1);

	b->r.r.req_prod = b->r.r.req_sent = b->r.r.rsp_cons = b->r.r.rsp_seen = -1u;
	b->r.r.head->req_event = 1;
	send(b, &read_one);
	CHECK(!xen_ring_push(&b->r.r));
	send(b, &read_one);
	CHECK(xen_ring_push(&b->r.r));
	free(b);
}

TEST(sleep_sees_what_came_meanwhile)
{
	struct bed *b = bed_new(&blk_abi_64, 1);
	struct blk_rsp rsp;

	send(b, &read_one);
	send(b, &read_one);
	xen_ring_push(&b->r.r);
	answer(b, BLKIF_RSP_OKAY);
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
	CHECK(!xen_ring_sleep(&b->r.r, 1));
	CHECK_EQ(b->r.r.head->rsp_event, 2);
	answer(b, BLKIF_RSP_OKAY);
	CHECK(xen_ring_sleep(&b->r.r, 1));
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
	CHECK(!xen_ring_sleep(&b->r.r, 1));
	CHECK_EQ(b->r.r.head->rsp_event, 3);
	free(b);
}

/* As the specification's macro for back-ends decides */
static bool host_would_signal(const struct bed *b, u32 old)
{
	return b->rsp_prod - b->r.r.head->rsp_event < b->rsp_prod - old;
}

TEST(muted_ring_is_not_signalled)
{
	struct bed *b = bed_new(&blk_abi_64, 1);
	struct blk_rsp rsp;

	for (int i = 0; i < 100; i++) {
		blk_ring_mute(&b->r);
		send(b, &read_one);
		xen_ring_push(&b->r.r);
		answer(b, BLKIF_RSP_OKAY);
		CHECK(!host_would_signal(b, b->rsp_prod - 1));
		CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
		blk_ring_put(&b->r, rsp.slot);
		xen_ring_sleep(&b->r.r, 1);
	}
	send(b, &read_one);
	xen_ring_push(&b->r.r);
	answer(b, BLKIF_RSP_OKAY);
	CHECK(host_would_signal(b, b->rsp_prod - 1));	/* the check itself can fail */
	free(b);
}

/* --- a back-end that breaks the protocol --- */

static struct bed *two_in_flight(void)
{
	struct bed *b = bed_new(&blk_abi_64, 1);

	send(b, &read_one);
	send(b, &read_one);
	xen_ring_push(&b->r.r);
	return b;
}

TEST(bad_id_out_of_range)
{
	static const u64 ids[] = { 32, 0xffff, 1ull << 16 | 32, ~0ull };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		struct bed *b = two_in_flight();

		put_rsp(b, ids[i], BLKIF_OP_READ, BLKIF_RSP_OKAY);
		check_fault(b, "cannot be");
		CHECK_EQ(b->r.r.fault_value, (long long)ids[i]);
		free(b);
	}
}

TEST(bad_id_never_sent)
{
	/* slots of the right range: never used, of an older or a younger use, or with nothing but the slot right */
	static const u64 ids[] = { 1ull << 16 | 5, 9ull << 16 | 0, 0, 1, 1ull << 63 | 1ull << 16 };

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		struct bed *b = two_in_flight();

		put_rsp(b, ids[i], BLKIF_OP_READ, BLKIF_RSP_OKAY);
		check_fault(b, "not in flight");
		free(b);
	}
}

TEST(bad_answered_twice)
{
	struct bed *b = two_in_flight();
	struct blk_rsp rsp;

	answer(b, BLKIF_RSP_OKAY);
	put_rsp(b, bed_id(b, 1) - 1 - (1 << 16), BLKIF_OP_READ, BLKIF_RSP_OKAY);
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
	check_fault(b, "not in flight");
	free(b);
}

/* The slot is in use again: it is not that use which was answered. */
TEST(bad_answered_twice_after_reuse)
{
	struct bed *b = two_in_flight();
	struct blk_rsp rsp;
	u64 first = bed_id(b, 0);

	answer(b, BLKIF_RSP_OKAY);
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
	blk_ring_put(&b->r, rsp.slot);
	CHECK_EQ(send(b, &read_one), rsp.slot);
	xen_ring_push(&b->r.r);
	put_rsp(b, first, BLKIF_OP_READ, BLKIF_RSP_OKAY);
	check_fault(b, "not in flight");
	CHECK(b->slot[rsp.slot].busy);
	free(b);
}

TEST(bad_operation)
{
	struct bed *b = two_in_flight();

	put_rsp(b, bed_id(b, 0), BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
	check_fault(b, "another operation");
	CHECK_EQ(b->r.r.fault_value, BLKIF_OP_WRITE);
	CHECK(b->slot[0].busy);
	free(b);
}

TEST(bad_status)
{
	static const s16 bad[] = { 1, -3, 4, 127, -128, 32767, -32768 };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct bed *b = two_in_flight();

		put_rsp(b, bed_id(b, 0), BLKIF_OP_READ, bad[i]);
		check_fault(b, "unknown status");
		CHECK_EQ(b->r.r.fault_value, (u16)bad[i]);
		CHECK(b->slot[0].busy);
		free(b);
	}
}

TEST(good_status)
{
	for (s16 status = -2; status <= 0; status++) {
		struct bed *b = two_in_flight();
		struct blk_rsp rsp;

		answer(b, status);
		CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
		CHECK_EQ(rsp.status, status);
		free(b);
	}
}

TEST(bad_producer)
{
	static const u32 ahead[] = { 3, 33, 1000, 0x80000000, -1u, -2u };

	for (unsigned int i = 0; i < ARRAY_SIZE(ahead); i++) {
		struct bed *b = two_in_flight();

		answer(b, BLKIF_RSP_OKAY);
		b->r.r.head->rsp_prod = ahead[i];
		check_fault(b, "more responses than requests");
		CHECK_EQ(b->r.r.fault_value, ahead[i]);
		CHECK(b->slot[0].busy && b->slot[1].busy);
		free(b);
	}
}

/* What was added but not pushed is nobody's to answer. */
TEST(bad_producer_ahead_of_push)
{
	struct bed *b = two_in_flight();
	struct blk_rsp rsp;

	send(b, &read_one);
	for (int i = 0; i < 3; i++)
		answer(b, BLKIF_RSP_OKAY);
	check_fault(b, "more responses than requests");
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), -EPROTO);
	free(b);
}

/* A producer that goes back takes nothing that was there already. */
TEST(bad_producer_backwards)
{
	struct bed *b = two_in_flight();
	struct blk_rsp rsp;

	answer(b, BLKIF_RSP_OKAY);
	answer(b, BLKIF_RSP_OKAY);
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
	b->r.r.head->rsp_prod = 0;
	CHECK_EQ(blk_ring_pull(&b->r, &rsp), 1);
	check_fault(b, "more responses than requests");
	free(b);
}

/* The host can scribble over all it shares; our own state is elsewhere. */
TEST(scribbled_shared_memory)
{
	unsigned int seed = 1;

	for (int round = 0; round < 2000; round++) {
		struct bed *b = two_in_flight();
		unsigned int done = 0;
		struct blk_rsp rsp;

		for (unsigned int i = 0; i < 4096; i += 4)
			*(u32 *)(b->shared + i) = rand_r(&seed) % (round % 3 ? 4 : ~0u);
		while (blk_ring_pull(&b->r, &rsp) == 1) {
			CHECK(rsp.slot < 2);
			done++;
		}
		CHECK(done <= 2);
		xen_ring_sleep(&b->r.r, 1);
		send(b, &read_one);
		xen_ring_push(&b->r.r);
		free(b);
	}
}

/* --- grants --- */

TEST(grants_last_in_first_out)
{
	struct blk_gnt g[8] = { }, *chain;
	struct blk_gnts s = { };

	for (unsigned int i = 0; i < 8; i++) {
		g[i].ref = i;
		blk_gnts_put(&s, &g[i], i);
	}
	CHECK_EQ(s.nr, 8);
	chain = blk_gnts_take(&s, 3);
	CHECK_EQ(s.nr, 5);
	CHECK_EQ(chain->ref, 7);
	CHECK_EQ(chain->next->ref, 6);
	CHECK_EQ(chain->next->next->ref, 5);
	CHECK(!chain->next->next->next);
	CHECK_EQ(s.top->ref, 4);
	CHECK(!blk_gnts_take(&s, 0));
	blk_gnts_put(&s, chain, 9);
	CHECK_EQ(s.nr, 8);
	CHECK_EQ(s.top->ref, 5);
	chain = blk_gnts_take(&s, 8);
	CHECK(!s.top && !s.nr);
	unsigned int n = 0;

	for (; chain; chain = chain->next)
		n++;
	CHECK_EQ(n, 8);
}

/* @times: when each was put, the first at the bottom. Returns how many were cut; all of them must be old. */
static u32 cut(unsigned long now, unsigned long age, u32 keep, u32 nr, const unsigned long *times)
{
	struct blk_gnt g[16] = { }, *idle;
	struct blk_gnts s = { };
	u32 n = 0;

	for (u32 i = 0; i < nr; i++)
		blk_gnts_put(&s, &g[i], times[i]);
	for (idle = blk_gnts_cut(&s, keep, now, age); idle; idle = idle->next, n++)
		CHECK(now - idle->used >= age);
	CHECK_EQ(s.nr, nr - n);
	idle = s.nr ? blk_gnts_take(&s, s.nr) : NULL;
	for (; idle; idle = idle->next)
		nr--;
	CHECK_EQ(nr, n);
	return n;
}

TEST(grants_idle_at_the_bottom)
{
	static const unsigned long times[] = { 10, 20, 30, 40, 50, 60 }, wrap[] = { -20ul, -10ul, 0, 10, 20, 30 };

	CHECK_EQ(cut(65, 30, 0, 6, times), 3);
	CHECK_EQ(cut(65, 30, 4, 6, times), 2);
	CHECK_EQ(cut(65, 30, 6, 6, times), 0);
	CHECK_EQ(cut(65, 30, 9, 6, times), 0);
	CHECK_EQ(cut(65, 100, 0, 6, times), 0);
	CHECK_EQ(cut(1000, 30, 0, 6, times), 6);
	CHECK_EQ(cut(1000, 30, 1, 6, times), 5);
	CHECK_EQ(cut(1000, 30, 0, 0, times), 0);
	CHECK_EQ(cut(35, 30, 0, 6, wrap), 3);
}

/* --- negotiation --- */

static struct blk_offer plain_offer(void)
{
	struct blk_offer o;

	for (unsigned int i = 0; i < BLK_NR_NODES; i++)
		*(u64 *)((u8 *)&o + blk_nodes[i].at) = blk_nodes[i].dflt;
	o.sectors = 1 << 20;
	o.sector_size = 512;
	return o;
}

static const struct blk_want all = { .ring_order = 4, .queues = 8, .max_segs = 256, .persistent = true };

TEST(node_table)
{
	static const char * const names[] = {
		"max-ring-page-order", "max-ring-pages", "multi-queue-max-queues", "sectors", "sector-size",
		"physical-sector-size", "info", "feature-flush-cache", "feature-barrier", "feature-discard",
		"discard-granularity", "discard-alignment", "discard-secure", "feature-persistent",
		"feature-max-indirect-segments",
	};
	u64 fields = 0;

	CHECK_EQ(ARRAY_SIZE(names), BLK_NR_NODES);
	for (unsigned int i = 0; i < BLK_NR_NODES; i++) {
		CHECK_STR(blk_nodes[i].name, names[i]);
		CHECK(blk_nodes[i].min <= blk_nodes[i].max);
		CHECK(blk_nodes[i].required || blk_nodes[i].dflt >= blk_nodes[i].min);
		CHECK(blk_nodes[i].dflt <= blk_nodes[i].max);
		fields |= 1ull << blk_nodes[i].at / 8;
	}
	CHECK_EQ(fields, (1ull << sizeof(struct blk_offer) / 8) - 1);
}

TEST(agree_plain)
{
	struct blk_offer o = plain_offer();
	struct blk_deal d = { };

	blk_agree_transport(&o, &all, &d);
	CHECK(!blk_agree_disk(&o, &all, &d));
	CHECK_EQ(d.ring_order, 0);
	CHECK_EQ(d.queues, 1);
	CHECK_EQ(d.poll_queues, 0);
	CHECK_EQ(d.sectors, 1 << 20);
	CHECK_EQ(d.sector_size, 512);
	CHECK_EQ(d.physical_sector_size, 512);
	CHECK_EQ(d.max_segs, 11);
	CHECK_EQ(d.flush_op, BLK_OP_NONE);
	CHECK(!d.discard && !d.secure_discard && !d.persistent && !d.readonly && !d.removable && !d.cdrom);
	CHECK(!d.ring_pages_node && !d.barrier_left);
}

TEST(agree_ring_order)
{
	static const struct { u32 order, pages, want, got; } t[] = {
		{ 0, 1, 4, 0 }, { 1, 1, 4, 1 }, { 4, 1, 4, 4 }, { 16, 1, 4, 4 }, { 4, 1, 2, 2 }, { 0, 4, 4, 2 }, { 0, 5, 4, 2 },
		{ 3, 2, 4, 3 }, { 0, 65536, 4, 4 }, { 16, 65536, 16, 4 }, { 4, 16, 0, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct blk_want w = all;
		struct blk_offer o = plain_offer();
		struct blk_deal d;

		w.ring_order = t[i].want;
		o.max_ring_page_order = t[i].order;
		o.max_ring_pages = t[i].pages;
		blk_agree_transport(&o, &w, &d);
		CHECK_EQ(d.ring_order, t[i].got);
		CHECK_EQ(d.ring_pages_node, t[i].pages > 1);
	}
}

TEST(agree_queues)
{
	static const struct { u32 offer, want, poll, queues, polled; } t[] = {
		{ 1, 4, 0, 1, 0 }, { 4, 4, 0, 4, 0 }, { 8, 4, 0, 4, 0 }, { 2, 4, 0, 2, 0 }, { 1, 4, 2, 1, 0 }, { 2, 4, 2, 1, 1 },
		{ 4, 4, 2, 2, 2 }, { 8, 4, 2, 4, 2 }, { 65536, 64, 64, 64, 64 }, { 3, 1, 64, 1, 2 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct blk_want w = { .queues = t[i].want, .poll_queues = t[i].poll };
		struct blk_offer o = plain_offer();
		struct blk_deal d;

		o.max_queues = t[i].offer;
		blk_agree_transport(&o, &w, &d);
		CHECK_EQ(d.queues, t[i].queues);
		CHECK_EQ(d.poll_queues, t[i].polled);
	}
}

TEST(agree_segments)
{
	static const struct { u64 offer; u32 want, got; } t[] = {
		{ 0, 256, 11 }, { 10, 256, 11 }, { 11, 256, 11 }, { 12, 256, 12 }, { 256, 256, 256 }, { 256, 32, 32 },
		{ 256, 0, 11 }, { 4096, 512, 512 }, { 0xffffffff, 512, 512 }, { 0xffffffff, 4096, 512 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct blk_want w = { .max_segs = t[i].want };
		struct blk_offer o = plain_offer();
		struct blk_deal d = { };

		o.max_indirect_segments = t[i].offer;
		CHECK(!blk_agree_disk(&o, &w, &d));
		CHECK_EQ(d.max_segs, t[i].got);
	}
}

/* Every feature on and off, beside every other */
TEST(agree_matrix)
{
	for (unsigned int m = 0; m < 1 << 10; m++) {
		bool flush = m & 1, barrier = m & 2, discard = m & 4, secure = m & 8, persistent = m & 16, want = m & 32;
		struct blk_want w = { .persistent = want, .cdrom = m & 512 };
		struct blk_offer o = plain_offer();
		struct blk_deal d = { };
		bool ro = m & 256 || m & 64 || m & 512;

		o.flush = flush;
		o.barrier = barrier;
		o.discard = discard;
		o.discard_secure = secure;
		o.persistent = persistent;
		o.info = (m & 64 ? BLKIF_VDISK_CDROM : 0) | (m & 128 ? BLKIF_VDISK_REMOVABLE : 0) |
			 (m & 256 ? BLKIF_VDISK_READONLY : 0);
		CHECK(!blk_agree_disk(&o, &w, &d));
		CHECK_EQ(d.flush_op, flush ? BLKIF_OP_FLUSH_DISKCACHE : barrier ? BLKIF_OP_WRITE_BARRIER : BLK_OP_NONE);
		CHECK_EQ(d.barrier_left, flush && barrier);
		CHECK_EQ(d.persistent, persistent && want);
		CHECK_EQ(d.readonly, ro);
		CHECK_EQ(d.cdrom, m & 64 || m & 512);
		CHECK_EQ(d.removable, m & 64 || m & 128 || m & 512);
		CHECK_EQ(d.discard, discard && !ro);
		CHECK_EQ(d.secure_discard, discard && secure && !ro);
	}
}

TEST(agree_sector_sizes)
{
	static const struct { u32 size, phys, got; bool ok; } t[] = {
		{ 512, 0, 512, true }, { 512, 4096, 4096, true }, { 4096, 0, 4096, true }, { 4096, 512, 4096, true },
		{ 1024, 3000, 1024, true }, { 2048, 2048, 2048, true }, { 513, 0, 0, false }, { 768, 0, 0, false },
		{ 4095, 0, 0, false }, { 512, 1 << 20, 1 << 20, true },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct blk_offer o = plain_offer();
		struct blk_deal d = { };
		const char *why;

		o.sector_size = t[i].size;
		o.physical_sector_size = t[i].phys;
		why = blk_agree_disk(&o, &all, &d);
		CHECK_EQ(!why, t[i].ok);
		if (why) {
			CHECK(strstr(why, "sector-size"));
			continue;
		}
		CHECK_EQ(d.sector_size, t[i].size);
		CHECK_EQ(d.physical_sector_size, t[i].got);
	}
}

/* In units of 512 bytes whatever the sector size is, and no part of a sector */
TEST(agree_sectors)
{
	static const struct { u64 sectors; u32 size; u64 got; } t[] = {
		{ 1, 512, 1 }, { 15, 512, 15 }, { 15, 4096, 8 }, { 16, 4096, 16 }, { 7, 4096, 0 }, { 0, 512, 0 },
		{ (1ull << 54) - 1, 512, (1ull << 54) - 1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct blk_offer o = plain_offer();
		struct blk_deal d = { };
		const char *why;

		o.sectors = t[i].sectors;
		o.sector_size = t[i].size;
		why = blk_agree_disk(&o, &all, &d);
		CHECK_EQ(!why, t[i].got != 0);
		if (!why)
			CHECK_EQ(d.sectors, t[i].got);
		else
			CHECK(strstr(why, "sectors"));
		/* An empty drive is a drive. */
		o.info = BLKIF_VDISK_REMOVABLE;
		CHECK(!blk_agree_disk(&o, &all, &d));
	}
}

TEST(agree_trim)
{
	static const struct { u32 gran, align, size, got_gran, got_align; } t[] = {
		{ 0, 0, 512, 512, 0 }, { 4096, 512, 512, 4096, 512 }, { 4096, 4096, 512, 4096, 0 }, { 1000, 0, 512, 512, 0 },
		{ 512, 0, 4096, 4096, 0 }, { 3 * 512, 5 * 512, 512, 3 * 512, 2 * 512 }, { 0xfffffe00, 7, 512, 0xfffffe00, 7 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct blk_offer o = plain_offer();
		struct blk_deal d = { };

		o.discard = 1;
		o.sector_size = t[i].size;
		o.discard_granularity = t[i].gran;
		o.discard_alignment = t[i].align;
		CHECK(!blk_agree_disk(&o, &all, &d));
		CHECK_EQ(d.discard_granularity, t[i].got_gran);
		CHECK_EQ(d.discard_alignment, t[i].got_align);
	}
}

/* Whatever passed the bounds of the table makes a usable deal or a refusal. */
TEST(agree_corners)
{
	for (u64 m = 0; m < 1ull << 15; m++) {
		struct blk_offer o;
		struct blk_deal d = { };

		for (unsigned int i = 0; i < BLK_NR_NODES; i++)
			*(u64 *)((u8 *)&o + blk_nodes[i].at) = m >> i & 1 ? blk_nodes[i].max : blk_nodes[i].min;
		blk_agree_transport(&o, &all, &d);
		CHECK(d.ring_order <= BLK_MAX_ORDER && d.queues >= 1 && d.queues <= 8);
		if (blk_agree_disk(&o, &all, &d))
			continue;
		CHECK(d.sector_size >= 512 && d.sector_size <= 4096);
		CHECK(d.sectors <= (1ull << 54) - 1 && (d.sectors || d.removable));
		CHECK(d.max_segs >= 11 && d.max_segs <= 256);
		CHECK(d.discard_granularity && d.discard_granularity % d.sector_size == 0);
		CHECK(d.discard_alignment < d.discard_granularity);
		CHECK(is_power_of_2(d.physical_sector_size) && d.physical_sector_size >= d.sector_size);
	}
}

/* As pvbus reads a node: what is absent, no number or out of bounds counts as the default, or refuses the disk. */
static bool read_node(struct blk_offer *o, const char *name, const char *text)
{
	for (unsigned int i = 0; i < BLK_NR_NODES; i++) {
		const struct blk_node *n = &blk_nodes[i];
		u64 *val = (u64 *)((u8 *)o + n->at);

		if (strcmp(n->name, name))
			continue;
		if (!xs_parse_num(text, strlen(text), val, n->min, n->max))
			return true;
		*val = n->dflt;
		return !n->required;
	}
	CHECK(!"a node of the table");
	return false;
}

TEST(text_that_refuses_a_disk)
{
	static const struct { const char *name, *text; } t[] = {
		{ "sectors", "" }, { "sectors", "abc" }, { "sectors", "12x" }, { "sectors", "-1" }, { "sectors", "0" },
		{ "sectors", "99999999999999999999" }, { "sectors", "18446744073709551615" }, { "sectors", "18014398509481984" },
		{ "sector-size", "" }, { "sector-size", "3" }, { "sector-size", "0" }, { "sector-size", "513" },
		{ "sector-size", "8192" }, { "sector-size", "4294967808" }, { "sector-size", "512\n" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct blk_offer o = plain_offer();
		struct blk_deal d = { };

		CHECK(!read_node(&o, t[i].name, t[i].text) || blk_agree_disk(&o, &all, &d));
	}
}

TEST(text_that_is_ignored)
{
	static const char * const junk[] = { "", "x", "-1", "1.5", "4294967296000000000000", "18446744073709551615", "0x" };
	struct blk_deal plain = { }, d;
	struct blk_offer o = plain_offer();

	blk_agree_transport(&o, &all, &plain);
	CHECK(!blk_agree_disk(&o, &all, &plain));
	for (unsigned int i = 0; i < BLK_NR_NODES; i++) {
		for (unsigned int k = 0; k < ARRAY_SIZE(junk) && !blk_nodes[i].required; k++) {
			o = plain_offer();
			memset(&d, 0, sizeof(d));
			CHECK(read_node(&o, blk_nodes[i].name, junk[k]));
			blk_agree_transport(&o, &all, &d);
			CHECK(!blk_agree_disk(&o, &all, &d));
			CHECK(!memcmp(&d, &plain, sizeof(d)));
		}
	}
}

TEST(text_of_ring_order)
{
	struct blk_offer o = plain_offer();
	struct blk_deal d = { };

	CHECK(read_node(&o, "max-ring-page-order", "3"));
	blk_agree_transport(&o, &all, &d);
	CHECK_EQ(d.ring_order, 3);
	CHECK(read_node(&o, "max-ring-page-order", "40"));
	blk_agree_transport(&o, &all, &d);
	CHECK_EQ(d.ring_order, 0);
}

TEST(refusals)
{
	const struct blk_req flush = { .op = BLKIF_OP_FLUSH_DISKCACHE }, barrier = { .op = BLKIF_OP_WRITE_BARRIER },
		discard = { .op = BLKIF_OP_DISCARD }, secure = { .op = BLKIF_OP_DISCARD, .secure = true };
	struct blk_deal d = { .flush_op = BLKIF_OP_FLUSH_DISKCACHE, .barrier_left = true, .discard = true,
			      .secure_discard = true };

	CHECK(!blk_refused(&d, &read_one, BLKIF_RSP_EOPNOTSUPP));
	CHECK(!blk_refused(&d, &flush, BLKIF_RSP_ERROR));
	CHECK(!blk_refused(&d, &discard, BLKIF_RSP_ERROR));
	CHECK_EQ(d.flush_op, BLKIF_OP_FLUSH_DISKCACHE);
	CHECK(blk_refused(&d, &flush, BLKIF_RSP_EOPNOTSUPP));
	CHECK_EQ(d.flush_op, BLKIF_OP_WRITE_BARRIER);
	/* another one that was on its way does not take the barrier away, too */
	CHECK(blk_refused(&d, &flush, BLKIF_RSP_EOPNOTSUPP));
	CHECK_EQ(d.flush_op, BLKIF_OP_WRITE_BARRIER);
	CHECK(blk_refused(&d, &barrier, BLKIF_RSP_ERROR));
	CHECK_EQ(d.flush_op, BLK_OP_NONE);
	CHECK(blk_refused(&d, &secure, BLKIF_RSP_EOPNOTSUPP));
	CHECK(d.discard && !d.secure_discard);
	CHECK(blk_refused(&d, &discard, BLKIF_RSP_EOPNOTSUPP));
	CHECK(!d.discard);
	d = (struct blk_deal){ .flush_op = BLKIF_OP_FLUSH_DISKCACHE };
	CHECK(blk_refused(&d, &flush, BLKIF_RSP_EOPNOTSUPP));
	CHECK_EQ(d.flush_op, BLK_OP_NONE);
}

/* --- names --- */

TEST(names)
{
	static const struct { u64 vdev; const char *name; u32 minor, minors; } t[] = {
		{ 202 << 8, "xvda", 0, 16 }, { 202 << 8 | 1, "xvda1", 1, 1 }, { 202 << 8 | 16, "xvdb", 16, 16 },
		{ 202 << 8 | 255, "xvdp15", 255, 1 },
		{ 1 << 28 | 16 << 8, "xvdq", 4096, 256 }, { 1 << 28 | 25 << 8, "xvdz", 6400, 256 },
		{ 1 << 28 | 26 << 8, "xvdaa", 6656, 256 }, { 1 << 28 | 26 << 8 | 200, "xvdaa200", 6856, 1 },
		{ 1 << 28 | 701 << 8, "xvdzz", 701 << 8, 256 }, { 1 << 28 | 702 << 8, "xvdaaa", 702 << 8, 256 },
		{ 1 << 28 | 4095 << 8, "xvdfan", 4095 << 8, 256 }, { 1 << 28 | 4096 << 8, "xvdfao", 0, 0 },
		{ 1 << 28 | 0xfffff << 8 | 255, "xvdbgqcv255", 0, 0 },
		/* the extended scheme for what the old one could say */
		{ 1 << 28, "xvda", 0, 16 }, { 1 << 28 | 3 << 8 | 2, "xvdd2", 50, 1 }, { 1 << 28 | 16, "xvda16", 0, 0 },
		/* ATA */
		{ 3 << 8, "xvda", 0, 16 }, { 3 << 8 | 5, "xvda5", 5, 1 }, { 3 << 8 | 64, "xvdb", 16, 16 },
		{ 3 << 8 | 63, "xvda63", 0, 0 }, { 22 << 8, "xvdc", 32, 16 }, { 22 << 8 | 65, "xvdd1", 49, 1 },
		{ 33 << 8, "xvde", 64, 16 }, { 34 << 8, "xvdg", 96, 16 }, { 56 << 8, "xvdi", 128, 16 }, { 57 << 8, "xvdk", 160, 16 },
		{ 88 << 8, "xvdm", 192, 16 }, { 89 << 8, "xvdo", 224, 16 }, { 90 << 8, "xvdq", 4096, 256 },
		{ 91 << 8 | 64, "xvdt", 19 << 8, 256 },
		/* SCSI */
		{ 8 << 8, "xvda", 0, 16 }, { 8 << 8 | 0x1f, "xvdb15", 31, 1 }, { 8 << 8 | 0xf0, "xvdp", 240, 16 },
		{ 65 << 8, "xvdq", 4096, 256 }, { 71 << 8 | 0xf0, "xvddx", 127 << 8, 256 }, { 128 << 8, "xvddy", 128 << 8, 256 },
		{ 135 << 8 | 0xf1, "xvdiv1", (255 << 8) + 1, 1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct blk_name n;

		CHECK_EQ(blk_vdev_name(t[i].vdev, &n), 0);
		CHECK_STR(n.name, t[i].name);
		CHECK_EQ(n.minor, t[i].minor);
		CHECK_EQ(n.minors, t[i].minors);
	}
}

TEST(names_of_nothing)
{
	static const u64 bad[] = { 0, 1, 255, 1 << 8, 7 << 8, 9 << 8, 64 << 8, 72 << 8, 127 << 8, 136 << 8, 201 << 8, 203 << 8,
				   3 << 8 | 128, 22 << 8 | 192, 1 << 16, 202 << 8 | 1 << 16, 1 << 27, 2u << 28, 1ull << 32,
				   1ull << 32 | 202 << 8, ~0ull };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct blk_name n;

		CHECK_EQ(blk_vdev_name(bad[i], &n), -EINVAL);
	}
}

/* No two disks share a name or a minor. */
TEST(names_are_distinct)
{
	static u8 taken[1 << 20];

	for (u32 disk = 0; disk < 4096; disk++) {
		for (u32 part = 0; part < 256; part += part ? 85 : 1) {
			struct blk_name n;

			CHECK_EQ(blk_vdev_name(1 << 28 | disk << 8 | part, &n), 0);
			CHECK_EQ(n.disk, disk);
			CHECK_EQ(n.part, part);
			for (u32 m = 0; !part && m < n.minors; m++)
				CHECK(!taken[n.minor + m]++);
			if (part && n.minors)	/* within its disk's */
				CHECK_EQ(n.minor, disk < 16 ? disk * 16 + part : disk * 256 + part);
		}
	}
}
