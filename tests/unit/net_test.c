// SPDX-License-Identifier: GPL-2.0-only
/* The network front-end's core: rings with a back-end of ours at their other end, well-behaved or not; how packets are cut. */
#include "test.h"
#include "xen-netfront/core.c"

/* One page that is shared, and the back-end's end of it */
struct bed {
	u8 shared[NET_PAGE] __aligned(8);
	struct net_tx_ring tx;
	struct xen_ring rx;
	u32 rsp;	/* back-end's producer */
};

static struct bed *tx_bed(void)
{
	struct bed *b = calloc(1, sizeof(*b));

	net_tx_init(&b->tx, b->shared);
	return b;
}

static struct bed *rx_bed(u32 pages)
{
	struct bed *b = calloc(1, sizeof(*b));

	net_rx_init(&b->rx, b->shared);
	while (pages--)
		net_rx_add(&b->rx, 1000 + b->rx.req_prod);
	xen_ring_push(&b->rx);
	return b;
}

static struct xen_ring_head *head(struct bed *b)
{
	return (struct xen_ring_head *)b->shared;
}

static void check_fault(const struct xen_ring *r, int ret, const char *what)
{
	CHECK_EQ(ret, -EPROTO);
	CHECK(r->fault && strstr(r->fault, what));
	if (r->fault && !strstr(r->fault, what))
		printf("# %s\n", r->fault);
}

/* --- the ring --- */

TEST(ring_sizes)
{
	struct bed *b = tx_bed();

	CHECK_EQ(b->tx.r.size, 256);
	net_rx_init(&b->rx, b->shared);
	CHECK_EQ(b->rx.size, 256);
	xen_ring_init(&b->rx, b->shared, NET_PAGE, NETIF_CTRL_SLOT);
	CHECK_EQ(b->rx.size, 128);
	free(b);
}

TEST(push_wakes_who_sleeps)
{
	struct bed *b = rx_bed(0);

	CHECK(!xen_ring_push(&b->rx));
	net_rx_add(&b->rx, 1);
	CHECK(xen_ring_push(&b->rx));
	net_rx_add(&b->rx, 2);
	CHECK(!xen_ring_push(&b->rx));
	CHECK_EQ(head(b)->req_prod, 2);
	head(b)->req_event = 4;
	net_rx_add(&b->rx, 3);
	CHECK(!xen_ring_push(&b->rx));
	net_rx_add(&b->rx, 4);
	net_rx_add(&b->rx, 5);
	CHECK(xen_ring_push(&b->rx));
	free(b);
}

TEST(sleep_and_what_came_meanwhile)
{
	struct bed *b = rx_bed(8);

	CHECK(!xen_ring_sleep(&b->rx, 1));
	CHECK_EQ(head(b)->rsp_event, 1);
	head(b)->rsp_prod = 1;
	CHECK(xen_ring_sleep(&b->rx, 1));
	CHECK(!xen_ring_sleep(&b->rx, 2));
	CHECK_EQ(head(b)->rsp_event, 2);
	head(b)->rsp_prod = 3;
	CHECK(xen_ring_sleep(&b->rx, 3));
	CHECK_EQ(xen_ring_look(&b->rx), 3);
	CHECK(!xen_ring_sleep(&b->rx, 1));
	CHECK_EQ(head(b)->rsp_event, 4);
	free(b);
}

TEST(producer_jumps_beyond_the_requests)
{
	struct bed *b = rx_bed(8);

	head(b)->rsp_prod = 9;
	check_fault(&b->rx, xen_ring_look(&b->rx), "more responses");
	CHECK_EQ(b->rx.fault_value, 9);
	head(b)->rsp_prod = 1;
	CHECK_EQ(xen_ring_look(&b->rx), -EPROTO);
	free(b);
}

TEST(producer_jumps_by_more_than_the_ring)
{
	struct bed *b = rx_bed(256);

	head(b)->rsp_prod = 257;
	check_fault(&b->rx, xen_ring_look(&b->rx), "more responses");
	free(b);
}

TEST(producer_goes_back)
{
	struct bed *b = rx_bed(8);

	head(b)->rsp_prod = 4;
	CHECK_EQ(xen_ring_look(&b->rx), 4);
	head(b)->rsp_prod = 3;
	check_fault(&b->rx, xen_ring_look(&b->rx), "more responses");
	free(b);
}

/* --- transmit --- */

static const struct net_tx_req some = { .gref = 0x11223344, .offset = 0x102, .size = 1514, .flags = NETIF_TX_CSUM_BLANK };

static void tx_answer(struct bed *b, u16 id, s16 status)
{
	u8 *e = b->shared + 64 + (b->rsp++ % 256) * 12;

	memcpy(e, &id, 2);
	memcpy(e + 2, &status, 2);
	head(b)->rsp_prod = b->rsp;
}

TEST(tx_bytes)
{
	static const u8 want[] = { 0x44, 0x33, 0x22, 0x11, 2, 1, 1, 0, 0, 0, 0xea, 5 };
	static const u8 gso[] = { 1, 0, 0xb4, 5, 1, 0, 0, 0, 0, 0, 0, 0 };
	struct netif_extra extra = { .type = NETIF_EXTRA_GSO, .gso = { .size = 1460, .type = NETIF_GSO_TCPV4 } };
	struct bed *b = tx_bed();

	memset(b->shared + 64, 0xee, 36);
	CHECK_EQ(net_tx_add(&b->tx, &some), 0);
	net_tx_add_extra(&b->tx, &extra);
	CHECK(!memcmp(b->shared + 64, want, 12));
	CHECK(!memcmp(b->shared + 76, gso, 12));
	CHECK_EQ(b->shared[88], 0xee);
	CHECK_EQ(net_ring_room(&b->tx.r), 254);
	free(b);
}

TEST(tx_all_slots_any_order)
{
	struct bed *b = tx_bed();
	struct net_tx_rsp rsp;
	u16 id[256];

	for (unsigned int round = 0; round < 4; round++) {
		for (unsigned int i = 0; i < 256; i++) {
			int slot = net_tx_add(&b->tx, &some);

			id[i] = b->tx.id[slot];
		}
		CHECK_EQ(net_ring_room(&b->tx.r), 0);
		xen_ring_push(&b->tx.r);
		for (unsigned int i = 0; i < 256; i++)
			tx_answer(b, id[(i * 77) % 256], i % 3 ? NETIF_RSP_OKAY : NETIF_RSP_ERROR);
		for (unsigned int i = 0; i < 256; i++) {
			CHECK_EQ(net_tx_pull(&b->tx, &rsp), 1);
			CHECK_EQ(rsp.slot, id[(i * 77) % 256] & 0xff);
			CHECK_EQ(rsp.status, i % 3 ? 0 : -1);
		}
		CHECK_EQ(net_tx_pull(&b->tx, &rsp), 0);
	}
	free(b);
}

TEST(tx_extra_infos_are_answered_by_null)
{
	struct netif_extra extra = { .type = NETIF_EXTRA_MCAST_ADD };
	struct bed *b = tx_bed();
	struct net_tx_rsp rsp;
	int slot = net_tx_add(&b->tx, &some);

	net_tx_add_extra(&b->tx, &extra);
	xen_ring_push(&b->tx.r);
	tx_answer(b, b->tx.id[slot], 0);
	tx_answer(b, 0x7777, NETIF_RSP_NULL);
	CHECK_EQ(net_tx_pull(&b->tx, &rsp), 1);
	CHECK_EQ(net_tx_pull(&b->tx, &rsp), 0);
	CHECK_EQ(net_ring_room(&b->tx.r), 256);
	/* One more NULL than there were extra infos */
	net_tx_add(&b->tx, &some);
	xen_ring_push(&b->tx.r);
	tx_answer(b, 0, NETIF_RSP_NULL);
	check_fault(&b->tx.r, net_tx_pull(&b->tx, &rsp), "no extra info");
	free(b);
}

static void tx_bad(u16 id, s16 status, const char *what)
{
	struct bed *b = tx_bed();
	struct net_tx_rsp rsp;

	net_tx_add(&b->tx, &some);
	xen_ring_push(&b->tx.r);
	tx_answer(b, id, status);
	check_fault(&b->tx.r, net_tx_pull(&b->tx, &rsp), what);
	CHECK_EQ(net_tx_pull(&b->tx, &rsp), -EPROTO);
	free(b);
}

TEST(tx_ids_out_of_range)
{
	tx_bad(1, 0, "not in flight");
	tx_bad(255, 0, "not in flight");
	tx_bad(0x100, 0, "not in flight");
	tx_bad(0xffff, 0, "not in flight");
}

TEST(tx_status_unknown)
{
	tx_bad(0, 2, "status");
	tx_bad(0, -3, "status");
	tx_bad(0, 0x7fff, "status");
}

TEST(tx_id_repeated)
{
	struct bed *b = tx_bed();
	struct net_tx_rsp rsp;
	int slot = net_tx_add(&b->tx, &some);

	net_tx_add(&b->tx, &some);
	xen_ring_push(&b->tx.r);
	tx_answer(b, b->tx.id[slot], 0);
	tx_answer(b, b->tx.id[slot], 0);
	CHECK_EQ(net_tx_pull(&b->tx, &rsp), 1);
	check_fault(&b->tx.r, net_tx_pull(&b->tx, &rsp), "not in flight");
	free(b);
}

TEST(tx_id_of_an_earlier_use)
{
	struct bed *b = tx_bed();
	struct net_tx_rsp rsp;
	u16 old = b->tx.id[net_tx_add(&b->tx, &some)];

	xen_ring_push(&b->tx.r);
	tx_answer(b, old, 0);
	CHECK_EQ(net_tx_pull(&b->tx, &rsp), 1);
	CHECK_EQ(net_tx_add(&b->tx, &some), 0);
	xen_ring_push(&b->tx.r);
	tx_answer(b, old, 0);
	check_fault(&b->tx.r, net_tx_pull(&b->tx, &rsp), "not in flight");
	free(b);
}

/* --- cutting --- */

#define PIECES_MAX	600

/* Cut pieces of these lengths as tx.c does. Return: slots used; counts what was copied and granted. */
static u32 cut(const u32 *len, u32 n, struct net_cut c, u32 *copied, u32 *granted)
{
	u32 pos = 0, upto = 0, slots = 0;

	*copied = *granted = 0;
	c.pieces = n;
	for (u32 i = 0; i < n; i++) {
		u32 end = pos + len[i], rest = end - pos, skip = 0, copy, size;

		if (end > upto) {
			skip = upto > pos ? upto - pos : 0;
			rest -= skip;
			copy = net_cut_copy(&c, rest);
			CHECK(copy <= NET_PAGE && copy <= c.bytes);
			CHECK(!copy || copy >= rest);
			size = copy ?: rest;
			*(copy ? copied : granted) += size;
			upto = pos + skip + size;
			c.bytes -= size;
			CHECK(c.slots > 0);
			c.slots--;
			slots++;
		}
		pos = end;
		c.pieces--;
	}
	CHECK_EQ(c.bytes, 0);
	return slots;
}

static u32 total(const u32 *len, u32 n)
{
	u32 sum = 0;

	while (n--)
		sum += *len++;
	return sum;
}

TEST(cut_few_pieces_go_as_they_lie)
{
	u32 len[] = { 66, 1448, 4096, 300 }, copied, granted;
	struct net_cut c = { .bytes = total(len, 4), .slots = 18, .small = 256 };

	CHECK_EQ(cut(len, 4, c, &copied, &granted), 4);
	CHECK_EQ(copied, 66);
	CHECK_EQ(granted, 1448 + 4096 + 300);
}

TEST(cut_small_packet_is_copied)
{
	u32 len[] = { 256 }, copied, granted;
	struct net_cut c = { .bytes = 256, .slots = 1, .small = 256 };

	CHECK_EQ(cut(len, 1, c, &copied, &granted), 1);
	CHECK_EQ(copied, 256);
	c.small = 0;
	CHECK_EQ(cut(len, 1, c, &copied, &granted), 1);
	CHECK_EQ(copied, 0);
}

/* Two halves on either side of a page's border, one slot */
TEST(cut_across_a_page_without_sg)
{
	u32 len[] = { 700, 814 }, copied, granted;
	struct net_cut c = { .bytes = 1514, .slots = 1, .small = 256 };

	CHECK_EQ(cut(len, 2, c, &copied, &granted), 1);
	CHECK_EQ(copied, 1514);
}

TEST(cut_too_many_pieces)
{
	u32 len[34] = { }, copied, granted;
	struct net_cut c = { .slots = 18, .small = 256 };

	/* 17 fragments, each across a border: the leading ones are copied, the last 17 pieces go as they lie */
	for (unsigned int i = 0; i < 34; i++)
		len[i] = i & 1 ? 700 : 748;
	c.bytes = total(len, 34);
	CHECK(cut(len, 34, c, &copied, &granted) <= 18);
	CHECK(copied < c.bytes / 2 + NET_PAGE);
	CHECK(granted > 0);
}

/* Merging neighbours would not do here: any two are more than a page. */
TEST(cut_pieces_of_half_a_page_and_more)
{
	u32 len[31] = { }, copied, granted;
	struct net_cut c = { .slots = 18, .small = 256 };

	for (unsigned int i = 0; i < 31; i++)
		len[i] = 2100;
	c.bytes = total(len, 31);
	CHECK(cut(len, 31, c, &copied, &granted) <= 18);
}

TEST(cut_never_needs_more_slots_than_there_are)
{
	u32 len[PIECES_MAX] = { }, copied, granted, seed = 1;

	for (unsigned int round = 0; round < 20000; round++) {
		struct net_cut c = { .slots = 18, .small = round & 1 ? 256 : 0, .all = round % 7 == 0 };
		u32 n = 0, sum = 0, most;

		seed = seed * 1664525 + 1013904223;
		most = 1 + (seed >> 8) % 4096;
		while (n < PIECES_MAX && sum < NETIF_MAX_TX_SIZE) {
			seed = seed * 1664525 + 1013904223;
			len[n] = min(1 + (seed >> 8) % most, NETIF_MAX_TX_SIZE - sum);
			sum += len[n++];
		}
		c.bytes = sum;
		CHECK(cut(len, n, c, &copied, &granted) <= 18);
		CHECK_EQ(copied + granted, sum);
		CHECK(!c.all || !granted);
	}
}

TEST(pages_touched)
{
	CHECK_EQ(net_pages(0, 1), 1);
	CHECK_EQ(net_pages(0, 4096), 1);
	CHECK_EQ(net_pages(1, 4096), 2);
	CHECK_EQ(net_pages(4095, 1), 1);
	CHECK_EQ(net_pages(4095, 2), 2);
	CHECK_EQ(net_pages(8192 + 100, 65535), 17);
}

/* --- receive --- */

static void rx_put(struct bed *b, u16 id, u16 offset, u16 flags, s16 status)
{
	struct netif_rx_response rsp = { id, offset, flags, status };

	memcpy(b->shared + 64 + (b->rsp++ % 256) * 8, &rsp, 8);
	head(b)->rsp_prod = b->rsp;
}

/* The next piece, in its place */
static void rx_next(struct bed *b, u16 flags, s16 status)
{
	rx_put(b, b->rsp, 0, flags, status);
}

static void rx_extra(struct bed *b, struct netif_extra extra)
{
	memcpy(b->shared + 64 + (b->rsp++ % 256) * 8, &extra, 8);
	head(b)->rsp_prod = b->rsp;
}

#define GSO4(sz, more) ((struct netif_extra){ NETIF_EXTRA_GSO, more, .gso = { sz, NETIF_GSO_TCPV4 } })

TEST(rx_request_bytes)
{
	static const u8 want[] = { 0, 0, 0, 0, 0xdd, 0xcc, 0xbb, 0xaa };
	struct bed *b = rx_bed(0);

	CHECK_EQ(net_rx_add(&b->rx, 0xaabbccdd), 0);
	CHECK(!memcmp(b->shared + 64, want, 8));
	for (unsigned int i = 1; i < 256; i++)
		CHECK_EQ(net_rx_add(&b->rx, i), i);
	CHECK_EQ(net_ring_room(&b->rx), 0);
	CHECK_EQ(b->shared[64 + 255 * 8], 255);
	free(b);
}

TEST(rx_one_piece)
{
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	rx_put(b, 0, 2, NETIF_RX_DATA_VALIDATED, 1514);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK_EQ(pkt.nr, 1);
	CHECK_EQ(pkt.len, 1514);
	CHECK_EQ(pkt.slots, 1);
	CHECK_EQ(pkt.frag[0].offset, 2);
	CHECK_EQ(pkt.frag[0].len, 1514);
	CHECK_EQ(pkt.flags, NETIF_RX_DATA_VALIDATED);
	CHECK(!pkt.error && !pkt.gso_type && !pkt.has_hash);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 0);
	free(b);
}

TEST(rx_many_pieces_with_extra_infos)
{
	struct netif_extra hash = { NETIF_EXTRA_HASH, NETIF_EXTRA_MORE,
				    .hash = { NETIF_HASH_IPV4_TCP, NETIF_HASH_ALGORITHM_TOEPLITZ, { 1, 2, 3, 0xf4 } } };
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	rx_next(b, NETIF_RX_EXTRA_INFO | NETIF_RX_MORE_DATA | NETIF_RX_CSUM_BLANK, 4096);
	rx_extra(b, hash);
	rx_extra(b, GSO4(1448, 0));
	for (unsigned int i = 0; i < 14; i++)
		rx_next(b, NETIF_RX_MORE_DATA, 4096);
	rx_next(b, 0, 100);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK_EQ(pkt.nr, 16);
	CHECK_EQ(pkt.slots, 18);
	CHECK_EQ(pkt.len, 15 * 4096 + 100);
	CHECK_EQ(pkt.frag[1].slot, 3);
	CHECK_EQ(pkt.gso_type, NETIF_GSO_TCPV4);
	CHECK_EQ(pkt.gso_size, 1448);
	CHECK(pkt.has_hash && pkt.hash_l4);
	CHECK_EQ(pkt.hash, 0xf4030201);
	CHECK(pkt.flags & NETIF_RX_CSUM_BLANK);
	free(b);
}

/* As Linux's back-end has it: headroom is part of the piece. Or the offset says it already. */
TEST(rx_headroom)
{
	struct netif_extra xdp = { NETIF_EXTRA_XDP, .xdp = { 256 } };
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	rx_next(b, NETIF_RX_EXTRA_INFO | NETIF_RX_MORE_DATA, 4096);
	rx_extra(b, xdp);
	rx_next(b, 0, 300);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK_EQ(pkt.len, 3840 + 44);
	CHECK_EQ(pkt.frag[0].offset, 256);
	CHECK_EQ(pkt.frag[0].len, 3840);
	CHECK_EQ(pkt.frag[1].offset, 256);
	CHECK_EQ(pkt.frag[1].len, 44);
	rx_put(b, b->rsp, 256, NETIF_RX_EXTRA_INFO, 60);
	rx_extra(b, xdp);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK_EQ(pkt.frag[0].offset, 256);
	CHECK_EQ(pkt.len, 60);
	rx_next(b, NETIF_RX_EXTRA_INFO, 256);
	rx_extra(b, xdp);
	check_fault(&b->rx, net_rx_pull(&b->rx, &pkt), "within its headroom");
	free(b);
}

/* A packet of which not all is there yet is looked at again later. */
TEST(rx_incomplete)
{
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	rx_next(b, NETIF_RX_EXTRA_INFO | NETIF_RX_MORE_DATA, 4096);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 0);
	rx_extra(b, GSO4(1448, 0));
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 0);
	CHECK(!xen_ring_sleep(&b->rx, 1));
	CHECK_EQ(head(b)->rsp_event, 3);
	rx_next(b, 0, 1000);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK_EQ(pkt.len, 5096);
	CHECK_EQ(pkt.slots, 3);
	free(b);
}

TEST(rx_wraps)
{
	struct bed *b = rx_bed(0);
	struct net_rx_pkt pkt;

	b->rx.req_prod = b->rx.req_sent = b->rx.rsp_cons = b->rx.rsp_seen = b->rsp = 0xfffffffe;
	head(b)->rsp_prod = b->rsp;
	for (unsigned int i = 0; i < 8; i++)
		net_rx_add(&b->rx, i);
	xen_ring_push(&b->rx);
	for (unsigned int i = 0; i < 4; i++)
		rx_next(b, i < 3 ? NETIF_RX_MORE_DATA : 0, 10);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK_EQ(pkt.nr, 4);
	CHECK_EQ(pkt.frag[0].slot, 254);
	CHECK_EQ(pkt.frag[3].slot, 1);
	free(b);
}

TEST(rx_error_is_the_packets_only)
{
	struct bed *b = rx_bed(16);
	struct net_rx_pkt pkt;

	rx_next(b, NETIF_RX_MORE_DATA, 100);
	rx_next(b, NETIF_RX_MORE_DATA, NETIF_RSP_ERROR);
	rx_next(b, 0, 100);
	rx_next(b, 0, 60);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK(pkt.error);
	CHECK_EQ(pkt.slots, 3);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK(!pkt.error);
	free(b);
}

static void rx_bad(u16 id, u16 offset, s16 status, const char *what)
{
	struct bed *b = rx_bed(16);
	struct net_rx_pkt pkt;

	rx_put(b, id, offset, 0, status);
	check_fault(&b->rx, net_rx_pull(&b->rx, &pkt), what);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), -EPROTO);
	free(b);
}

TEST(rx_ids_out_of_place)
{
	rx_bad(1, 0, 60, "out of its place");
	rx_bad(256, 0, 60, "out of its place");
	rx_bad(0xffff, 0, 60, "out of its place");
}

TEST(rx_offset_past_the_page)
{
	rx_bad(0, 4096, 0, "past its page");
	rx_bad(0, 0xffff, 60, "past its page");
	rx_bad(0, 4095, 2, "beyond its page");
}

TEST(rx_status_beyond_the_buffer)
{
	rx_bad(0, 0, 4097, "beyond its page");
	rx_bad(0, 2, 4095, "beyond its page");
	rx_bad(0, 0, 0x7fff, "beyond its page");
}

TEST(rx_id_repeated)
{
	struct bed *b = rx_bed(16);
	struct net_rx_pkt pkt;

	rx_next(b, 0, 60);
	rx_put(b, 0, 0, 0, 60);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	check_fault(&b->rx, net_rx_pull(&b->rx, &pkt), "out of its place");
	free(b);
}

TEST(rx_longer_than_64k)
{
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	for (unsigned int i = 0; i < 17; i++)
		rx_next(b, NETIF_RX_MORE_DATA, 4096);
	rx_next(b, 0, 4096);
	check_fault(&b->rx, net_rx_pull(&b->rx, &pkt), "too long");
	free(b);
}

/* The largest IP packet in a frame with a tag is no more than that. */
TEST(rx_as_long_as_can_be)
{
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	for (unsigned int i = 0; i < 16; i++)
		rx_next(b, NETIF_RX_MORE_DATA, 4096);
	rx_next(b, 0, 65535 + 18 - 65536);
	CHECK_EQ(net_rx_pull(&b->rx, &pkt), 1);
	CHECK_EQ(pkt.len, 65553);
	free(b);
}

TEST(rx_of_too_many_pieces)
{
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	for (unsigned int i = 0; i < 20; i++)
		rx_next(b, NETIF_RX_MORE_DATA, 1);
	check_fault(&b->rx, net_rx_pull(&b->rx, &pkt), "too many pieces");
	free(b);
}

TEST(rx_without_end)
{
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	for (unsigned int i = 0; i < 256; i++)
		rx_next(b, NETIF_RX_MORE_DATA, 0);
	check_fault(&b->rx, net_rx_pull(&b->rx, &pkt), "without end");
	free(b);
}

TEST(rx_endless_extra_infos)
{
	struct bed *b = rx_bed(256);
	struct net_rx_pkt pkt;

	rx_next(b, NETIF_RX_EXTRA_INFO, 60);
	for (unsigned int i = 0; i < 200; i++)
		rx_extra(b, GSO4(1448, NETIF_EXTRA_MORE));
	check_fault(&b->rx, net_rx_pull(&b->rx, &pkt), "endless extra infos");
	free(b);
}

TEST(rx_extra_infos_that_make_no_sense)
{
	static const struct {
		struct netif_extra e;
		const char *what;
	} bad[] = {
		{ { .type = 0 }, "unknown type" },
		{ { .type = NETIF_EXTRA_MCAST_ADD }, "unknown type" },
		{ { .type = 6 }, "unknown type" },
		{ { .type = 255 }, "unknown type" },
		{ { NETIF_EXTRA_GSO, .gso = { 0, NETIF_GSO_TCPV4 } }, "into nothing" },
		{ { NETIF_EXTRA_GSO, .gso = { 1448, 3 } }, "unknown way" },
		{ { NETIF_EXTRA_GSO, .gso = { 1448, 0 } }, "unknown way" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct bed *b = rx_bed(16);
		struct net_rx_pkt pkt;

		rx_next(b, NETIF_RX_EXTRA_INFO, 60);
		rx_extra(b, bad[i].e);
		check_fault(&b->rx, net_rx_pull(&b->rx, &pkt), bad[i].what);
		free(b);
	}
}

/* --- control --- */

TEST(ctrl_request_and_answer)
{
	static const u8 want[] = { 0, 0, 3, 0, 7, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0 };
	struct netif_ctrl_response rsp = { 0, 3, NETIF_CTRL_OVERFLOW, 99 };
	struct bed *b = rx_bed(0);
	u32 status, data;

	xen_ring_init(&b->rx, b->shared, NET_PAGE, NETIF_CTRL_SLOT);
	net_ctrl_add(&b->rx, NETIF_CTRL_SET_HASH_KEY, (u32[]){ 7, 40, 0 });
	CHECK(xen_ring_push(&b->rx));
	CHECK(!memcmp(b->shared + 64, want, 16));
	CHECK_EQ(net_ctrl_pull(&b->rx, 3, &status, &data), 0);
	memcpy(b->shared + 64, &rsp, sizeof(rsp));
	head(b)->rsp_prod = 1;
	CHECK_EQ(net_ctrl_pull(&b->rx, 3, &status, &data), 1);
	CHECK_EQ(status, NETIF_CTRL_OVERFLOW);
	CHECK_EQ(data, 99);
	net_ctrl_add(&b->rx, NETIF_CTRL_GET_HASH_FLAGS, (u32[]){ 0, 0, 0 });
	xen_ring_push(&b->rx);
	memcpy(b->shared + 64 + 16, &rsp, sizeof(rsp));
	head(b)->rsp_prod = 2;
	check_fault(&b->rx, net_ctrl_pull(&b->rx, 1, &status, &data), "another request");
	free(b);
}

/* --- negotiation --- */

static const struct net_offer plain = { .rx_copy = 1, .max_queues = 1 };
static const struct net_offer full = { 1, 8, 1, 1, 1, 1, 0, 1, 1, 1, 1 };
static const struct net_want all = { .queues = 4, .split = true, .rss = true };

TEST(agree_on_nothing_but_packets)
{
	struct net_deal d;

	CHECK(!net_agree(&plain, &all, &d));
	CHECK_EQ(d.queues, 1);
	CHECK_EQ(d.max_slots, 1);
	CHECK(d.csum4 && d.rx_gso);
	CHECK(!d.split && !d.sg && !d.gso4 && !d.gso6 && !d.csum6 && !d.ctrl && !d.mcast && !d.rx_headroom);
}

TEST(agree_on_everything)
{
	struct net_want w = all;
	struct net_deal d;

	CHECK(!net_agree(&full, &w, &d));
	CHECK_EQ(d.queues, 4);
	CHECK_EQ(d.max_slots, 18);
	CHECK(d.split && d.sg && d.gso4 && d.gso6 && d.csum4 && d.csum6 && d.ctrl && d.mcast && d.rx_gso);
	CHECK_EQ(d.rx_headroom, 0);
	w.queues = 16;
	w.xdp = true;
	w.split = w.rss = false;
	CHECK(!net_agree(&full, &w, &d));
	CHECK_EQ(d.queues, 8);
	CHECK_EQ(d.rx_headroom, 256);
	CHECK(!d.split && !d.ctrl && !d.rx_gso);
}

TEST(agree_only_with_who_copies)
{
	struct net_offer o = full;
	struct net_deal d;

	o.rx_copy = 0;
	CHECK(net_agree(&o, &all, &d) && strstr(net_agree(&o, &all, &d), "feature-rx-copy"));
}

/* What hangs on another thing goes with it. */
TEST(agree_consistently)
{
	struct net_offer o = full;
	struct net_deal d;

	o.sg = 0;
	CHECK(!net_agree(&o, &all, &d));
	CHECK(!d.gso4 && !d.gso6 && d.max_slots == 1);
	o = full;
	o.csum6 = 0;
	CHECK(!net_agree(&o, &all, &d));
	CHECK(d.gso4 && !d.gso6);
	o = full;
	o.no_csum4 = 1;
	CHECK(!net_agree(&o, &all, &d));
	CHECK(!d.gso4 && d.gso6 && !d.csum4);
}

TEST(nodes_have_names_and_bounds)
{
	for (unsigned int i = 0; i < NET_NR_NODES; i++) {
		CHECK(net_nodes[i].name);
		CHECK(net_nodes[i].min <= net_nodes[i].dflt && net_nodes[i].dflt <= net_nodes[i].max);
		for (unsigned int k = 0; k < i; k++)
			CHECK(net_nodes[i].at != net_nodes[k].at);
	}
}

TEST(mac)
{
	static const char * const bad[] = { "", "0", "0:1:2:3:4", "0:1:2:3:4:5:6", "00:16:3e:12:34:5g", "00-16-3e-12-34-56",
					    "00:16:3e:12:34:56 ", " 00:16:3e:12:34:56", "000:16:3e:12:34:56", "::::::", "0:1:2:3:4:" };
	static const u8 want[] = { 0, 0x16, 0x3e, 0xab, 0xcd, 5 };
	u8 mac[6];

	CHECK_EQ(net_parse_mac("0:16:3e:aB:Cd:5", mac), 0);
	CHECK(!memcmp(mac, want, 6));
	CHECK_EQ(net_parse_mac("00:16:3e:ab:cd:05", mac), 0);
	CHECK(!memcmp(mac, want, 6));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(net_parse_mac(bad[i], mac), -EINVAL);
}
