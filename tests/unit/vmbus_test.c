// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMBus's pure cores: messages against the specification's bytes (also of versions that no emulated host speaks), rings
 * against a host played here.
 */
#include <pthread.h>
#include <sched.h>
#include "test.h"
#include "vmbus_map.h"
#include "pvbus/hyperv/msg_core.c"
#include "pvbus/hyperv/ring_core.c"

/* --- messages */

TEST(versions_go_down_one_by_one)
{
	static const u32 want[] = { 0x50003, 0x50002, 0x50001, 0x50000, 0x40001, 0x40000, 0x30000, 0x20004, 0x10001, 0xd };
	u32 v = 0x50004;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		v = hv_version_below(v);
		CHECK_EQ(v, want[i]);
	}
	CHECK_EQ(hv_version_below(v), 0);
	CHECK_EQ(hv_version_below(0x40001), 0x40000);
	CHECK_EQ(hv_version_below(U32_MAX), 0x50003);
}

TEST(versions_by_name)
{
	static const struct {
		const char *name;
		u32 version;
	} t[] = {
		{ "5.3", 0x50003 }, { "5.0", 0x50000 }, { "4.0", 0x40000 }, { "2.4", 0x20004 }, { "1.1", 0x10001 },
		{ "0.13", 0xd }, { "", 0 }, { "4", 0 }, { "4.", 0x40000 }, { ".4", 0 }, { "4.0.0", 0 }, { "4,0", 0 },
		{ "6.0", 0 }, { "4.2", 0 }, { "-4.0", 0 }, { " 4.0", 0 }, { "4.0 ", 0 }, { "4.4294967296", 0 },
		{ "65540.0", 0 }, { "zwei", 0 }, { "99999999999999999999.0", 0 },
	};
	unsigned int i;
	u32 v;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		v = 0;
		CHECK_EQ(hv_version_parse(t[i].name, &v), t[i].version ? 0 : -EINVAL);
		CHECK_EQ(v, t[i].version);
	}
}

TEST(contact_5_3)
{
	static const u8 want[40] = {
		0x0e, 0, 0, 0, 0, 0, 0, 0,	0x03, 0, 0x05, 0, 0x07, 0, 0, 0,
		0x02, 0, 0, 0, 0, 0, 0, 0,	/* SINT 2, VTL 0, no features */
		0, 0x10, 0x32, 0x54, 1, 0, 0, 0, 0, 0x20, 0x32, 0x54, 1, 0, 0, 0,
	};
	u64 monitor[2] = { 0x154321000, 0x154322000 };
	struct vmbus_contact msg;

	hv_contact(&msg, VMBUS_VERSION_WIN10_V5_3, 7, 0x123456789000, monitor);
	CHECK(!memcmp(&msg, want, sizeof(want)));
}

TEST(contact_4_0)
{
	static const u8 want[40] = {
		0x0e, 0, 0, 0, 0, 0, 0, 0,	0, 0, 0x04, 0, 0, 0, 0, 0,
		0, 0x90, 0x78, 0x56, 0x34, 0x12, 0, 0,
		0, 0x10, 0x32, 0x54, 0, 0, 0, 0, 0, 0x20, 0x32, 0x54, 0, 0, 0, 0,
	};
	u64 monitor[2] = { 0x54321000, 0x54322000 };
	struct vmbus_contact msg;

	hv_contact(&msg, VMBUS_VERSION_WIN10, 0, 0x123456789000, monitor);
	CHECK(!memcmp(&msg, want, sizeof(want)));
}

static int parse(struct hv_msg *msg, const void *bytes, u32 len)
{
	u8 *copy = malloc(len ?: 1);	/* so that a look beyond it is seen */
	int err;

	memcpy(copy, bytes, len);
	memset(msg, 0xee, sizeof(*msg));
	err = hv_msg_parse(msg, copy, len);
	free(copy);
	return err;
}

TEST(version_responses)
{
	static const u8 yes[] = { 15, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x78, 0x56, 0x34, 0x12 };
	static const u8 no[] = { 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const u8 poor[] = { 15, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0 };
	struct hv_msg m;

	CHECK_EQ(parse(&m, yes, sizeof(yes)), 0);
	CHECK_EQ(m.status, 0);
	CHECK_EQ(m.connection, 0x12345678);
	CHECK(hv_msg_answers(&m, VMBUS_VERSION_RESPONSE, 0, 0));
	CHECK_EQ(parse(&m, no, sizeof(no)), 0);
	CHECK(m.status != 0);
	CHECK_EQ(parse(&m, poor, sizeof(poor)), 0);
	CHECK_EQ(m.status, 1);
	/* before 5.0 there is no connection in it, and a host may leave it out */
	CHECK_EQ(parse(&m, yes, 10), 0);
	CHECK_EQ(m.status, 0);
	CHECK_EQ(m.connection, 0);
	CHECK_EQ(parse(&m, yes, 9), -EPROTO);
}

/* A SCSI controller's second channel, with a monitor */
static void offer_bytes(u8 *b)
{
	static const u8 scsi[16] = { 0xd9, 0x63, 0x61, 0xba, 0xa1, 0x04, 0x29, 0x4d, 0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1,
				     0xdc, 0x7f };
	unsigned int i;

	memset(b, 0, 240);
	b[0] = 1;
	memcpy(b + 8, scsi, 16);
	for (i = 0; i < 16; i++)
		b[24 + i] = 0xa0 + i;
	b[56] = 0x11;
	for (i = 0; i < 120; i++)
		b[60 + i] = i;
	b[180] = 2;
	b[184] = 0x0b;
	b[188] = 37;
	b[189] = 1;
	b[190] = 1;
	b[192] = 0x0b;
	b[194] = 0x02;
}

TEST(offers)
{
	struct hv_msg m;
	u8 b[240];

	offer_bytes(b);
	CHECK_EQ(parse(&m, b, 196), 0);
	CHECK_EQ(m.type, VMBUS_OFFER);
	CHECK_EQ(m.relid, 11);
	CHECK_EQ(m.offer.index, 2);
	CHECK_EQ(m.offer.flags, 0x11);
	CHECK(m.offer.dedicated);
	CHECK_EQ(m.offer.connection, 0x2000b);
	CHECK(m.offer.has_monitor);
	CHECK_EQ(m.offer.monitor, 37);
	CHECK(!memcmp(m.offer.class, b + 8, 16));
	CHECK(!memcmp(m.offer.instance, b + 24, 16));
	CHECK(!memcmp(m.offer.user, b + 60, 120));
	/* the first version's has no say on connections, and a longer one is as good */
	CHECK_EQ(parse(&m, b, 190), 0);
	CHECK(!m.offer.dedicated);
	CHECK_EQ(m.offer.connection, 0);
	CHECK_EQ(parse(&m, b, 240), 0);
	CHECK_EQ(parse(&m, b, 189), -EPROTO);
	/* the page has no bit 128 */
	b[188] = 128;
	CHECK_EQ(parse(&m, b, 196), 0);
	CHECK(!m.offer.has_monitor);
}

TEST(answers)
{
	static const struct {
		u8 bytes[20];
		u32 len, type, relid, id, status;
	} t[] = {
		{ { 2, 0, 0, 0, 0, 0, 0, 0, 5 }, 12, VMBUS_RESCIND, 5 },
		{ { 4 }, 8, VMBUS_ALL_OFFERS_DELIVERED },
		{ { 6, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7 }, 20, VMBUS_OPEN_RESULT, 5, 6, 7 },
		{ { 10, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7 }, 20, VMBUS_GPADL_CREATED, 5, 6, 7 },
		{ { 12, 0, 0, 0, 0, 0, 0, 0, 6 }, 12, VMBUS_GPADL_TORNDOWN, 0, 6 },
		{ { 17 }, 8, VMBUS_UNLOAD_COMPLETE },
		{ { 24, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 7 }, 16, VMBUS_MODIFY_CHANNEL_RESPONSE, 5, 0, 7 },
	};
	struct hv_msg m;
	unsigned int i;
	u32 len;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		CHECK_EQ(parse(&m, t[i].bytes, t[i].len), 0);
		CHECK_EQ(m.type, t[i].type);
		CHECK_EQ(m.relid, t[i].relid);
		CHECK_EQ(m.id, t[i].id);
		CHECK_EQ(m.status, t[i].status);
		CHECK(hv_msg_answers(&m, t[i].type, t[i].relid, t[i].id));
		CHECK(!hv_msg_answers(&m, VMBUS_VERSION_RESPONSE, t[i].relid, t[i].id));
		for (len = 0; len < t[i].len; len++)
			CHECK_EQ(parse(&m, t[i].bytes, len), -EPROTO);
	}
}

TEST(an_answer_to_somebody_else)
{
	struct hv_msg m = { .relid = 5, .id = 6 };

	m.type = VMBUS_OPEN_RESULT;
	CHECK(!hv_msg_answers(&m, m.type, 4, 6));
	CHECK(!hv_msg_answers(&m, m.type, 5, 7));
	m.type = VMBUS_GPADL_CREATED;
	CHECK(!hv_msg_answers(&m, m.type, 4, 6));
	CHECK(!hv_msg_answers(&m, m.type, 5, 7));
	m.type = VMBUS_GPADL_TORNDOWN;
	CHECK(hv_msg_answers(&m, m.type, 4, 6));	/* it names no channel */
	CHECK(!hv_msg_answers(&m, m.type, 5, 7));
	m.type = VMBUS_MODIFY_CHANNEL_RESPONSE;
	CHECK(!hv_msg_answers(&m, m.type, 4, 0));
}

TEST(messages_that_no_host_sends)
{
	u8 b[240] = { };
	struct hv_msg m;
	u32 type;

	for (type = 0; type < 64; type++) {
		b[0] = type;
		switch (type) {
		case 1: case 2: case 4: case 6: case 10: case 12: case 15: case 17: case 24:
			CHECK_EQ(parse(&m, b, 240), 0);
			break;
		default:
			CHECK_EQ(parse(&m, b, 240), -ENOMSG);
			CHECK_EQ(m.type, type);
		}
	}
	memset(b, 0xff, sizeof(b));
	CHECK_EQ(parse(&m, b, 240), -ENOMSG);
	CHECK_EQ(hv_msg_parse(&m, b, 241), -EPROTO);
	CHECK_EQ(hv_msg_parse(&m, b, 255), -EPROTO);
}

/* What a host makes of the messages: their frame numbers one behind the other */
static u32 collect(u32 nr, u64 *got)
{
	u64 *pfn = calloc(nr + 1, sizeof(*pfn));
	struct hv_gpadl g = { .relid = 3, .gpadl = 0xe1e10, .pfn = pfn, .nr = nr };
	u8 *buf = malloc(HV_MESSAGE_PAYLOAD);
	u32 len, n = 0, messages = 0;
	struct vmbus_gpadl_header *h = (void *)buf;
	struct vmbus_gpadl_body *b = (void *)buf;

	for (len = 0; len < nr; len++)
		pfn[len] = 0x100000 + len * 3;
	while ((len = hv_gpadl_next(&g, buf))) {
		CHECK(len <= HV_MESSAGE_PAYLOAD);
		if (!messages++) {
			CHECK_EQ(h->header.type, VMBUS_GPADL_HEADER);
			CHECK_EQ(h->relid, 3);
			CHECK_EQ(h->gpadl, 0xe1e10);
			CHECK_EQ(h->range_bytes, 8 + 8 * nr);
			CHECK_EQ(h->ranges, 1);
			CHECK_EQ(h->byte_count, nr * 4096);
			CHECK_EQ(h->byte_offset, 0);
			memcpy(got + n, buf + 28, len - 28);
			n += (len - 28) / 8;
		} else {
			CHECK_EQ(b->header.type, VMBUS_GPADL_BODY);
			CHECK_EQ(b->gpadl, 0xe1e10);
			memcpy(got + n, buf + 16, len - 16);
			n += (len - 16) / 8;
		}
	}
	CHECK_EQ(n, nr);
	CHECK(!memcmp(got, pfn, n * sizeof(u64)));
	free(buf);
	free(pfn);
	return messages;
}

TEST(page_lists_of_every_length)
{
	static u64 got[9000];
	struct hv_gpadl over = { .nr = VMBUS_GPADL_PFNS + 1, .pfn = got }, none = { .pfn = got };
	u8 buf[HV_MESSAGE_PAYLOAD];
	u32 nr;

	for (nr = 1; nr < 200; nr++)
		CHECK_EQ(collect(nr, got), nr <= 26 ? 1 : 1 + (nr - 26 + 27) / 28);
	CHECK_EQ(collect(VMBUS_GPADL_PFNS, got), 1 + (VMBUS_GPADL_PFNS - 26 + 27) / 28);
	CHECK_EQ(hv_gpadl_next(&over, buf), 0);
	CHECK_EQ(hv_gpadl_next(&none, buf), 0);
}

/* --- rings */

#define SIZE	8192u
static struct hv_ring out, in;
static u8 *out_mem, *in_mem;

static struct vmbus_ring_page *page_of(u8 *mem) { return (struct vmbus_ring_page *)mem; }

/* Both rings empty, with all indices at @start */
static void fresh(u32 start)
{
	if (!out_mem) {
		out_mem = map_ring(SIZE);
		in_mem = map_ring(SIZE);
	}
	memset(out_mem, 0, 4096);
	memset(in_mem, 0, 4096);
	memset(out_mem + 4096, 0xa5, SIZE);
	memset(in_mem + 4096, 0xa5, SIZE);
	hv_ring_init(&out, out_mem, out_mem + 4096, SIZE);
	hv_ring_init(&in, in_mem, in_mem + 4096, SIZE);
	out.at = out.shown = out.seen = in.at = in.shown = in.seen = start;
	page_of(out_mem)->write_index = page_of(out_mem)->read_index = start;
	page_of(in_mem)->write_index = page_of(in_mem)->read_index = start;
}

static void fill(u8 *b, u32 len, u32 seed)
{
	while (len--)
		b[len] = 1 + (seed + len) % 255;
}

/* The host adds a packet, whether there is room or not */
static void host_put(u16 type, u16 flags, u64 id, const void *payload, u32 len)
{
	u32 w = page_of(in_mem)->write_index, head = 16, body = head + (len + 7) / 8 * 8;
	struct vmbus_packet d = { type, head / 8, body / 8, flags, id };
	u64 trailer = (u64)w << 32;

	memcpy(in_mem + 4096 + w, &d, 16);
	memcpy(in_mem + 4096 + w + head, payload, len);
	memset(in_mem + 4096 + w + head + len, 0, body - head - len);
	memcpy(in_mem + 4096 + w + body, &trailer, 8);
	virt_mb();
	WRITE_ONCE(page_of(in_mem)->write_index, (w + body + 8) % SIZE);
}

static u32 host_room(void)
{
	return SIZE - (page_of(in_mem)->write_index + SIZE - READ_ONCE(page_of(in_mem)->read_index)) % SIZE;
}

/* The host takes one packet out. Returns the payload's length with its padding; -1 if there is none */
static int host_get(struct vmbus_packet *d, u8 *payload)
{
	u32 r = page_of(out_mem)->read_index, len;
	u64 trailer;

	if (r == READ_ONCE(page_of(out_mem)->write_index))
		return -1;
	virt_rmb();
	memcpy(d, out_mem + 4096 + r, 16);
	CHECK(d->offset8 >= 2 && d->offset8 <= d->len8);
	memcpy(&trailer, out_mem + 4096 + r + d->len8 * 8, 8);
	CHECK_EQ(trailer, (u64)r << 32);
	len = (d->len8 - 2) * 8;	/* from behind the descriptor on */
	memcpy(payload, out_mem + 4096 + r + 16, len);
	virt_mb();
	WRITE_ONCE(page_of(out_mem)->read_index, (r + d->len8 * 8 + 8) % SIZE);
	return len;
}

TEST(bytes_of_a_packet)
{
	static const u8 want[40] = {
		6, 0, 2, 0, 4, 0, 1, 0,	0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		'h', 'e', 'l', 'l', 'o', ' ', 'h', 'o', 's', 't', 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0x40, 0, 0, 0,
	};

	fresh(64);
	CHECK_EQ(hv_ring_put(&out, VMBUS_PACKET_INBAND, 1, 0x1122334455667788, NULL, "hello host", 10), 0);
	CHECK_EQ(page_of(out_mem)->write_index, 64);
	CHECK(hv_ring_show(&out));
	CHECK_EQ(page_of(out_mem)->write_index, 104);
	CHECK(!memcmp(out_mem + 4096 + 64, want, sizeof(want)));
	CHECK_EQ(page_of(out_mem)->features, 1);
}

TEST(bytes_of_a_packet_with_pages)
{
	static const u64 pfn[2] = { 0x123456, 0xabcdef };
	static const struct hv_pages pages = { .offset = 0x200, .len = 0x1800, .pfn = pfn, .nr = 2 };
	static const u8 want[64] = {
		9, 0, 6, 0, 7, 0, 1, 0,	7, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 1, 0, 0, 0, 0, 0x18, 0, 0, 0, 2, 0, 0,
		0x56, 0x34, 0x12, 0, 0, 0, 0, 0, 0xef, 0xcd, 0xab, 0, 0, 0, 0, 0,
		'p', 'a', 'y', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x1f, 0, 0,
	};

	fresh(SIZE - 8);
	CHECK_EQ(hv_ring_put(&out, VMBUS_PACKET_GPA_DIRECT, 1, 7, &pages, "pay", 3), 0);
	CHECK(!memcmp(out_mem + 4096 + SIZE - 8, want, sizeof(want)));
	CHECK(!memcmp(out_mem + 4096, want + 8, sizeof(want) - 8));
	CHECK_EQ(out.at, 56);
}

TEST(packets_to_the_host_of_every_length_at_every_offset)
{
	static const u32 lens[] = { 0, 1, 7, 8, 9, 64, 4000, SIZE - 40 };
	u8 buf[SIZE], seen[SIZE];
	struct vmbus_packet d;
	unsigned int at, i;

	for (at = 0; at < SIZE; at += 8) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			fresh(at);
			fill(buf, lens[i], at);
			CHECK_EQ(hv_ring_put(&out, 6, 0, at, NULL, buf, lens[i]), 0);
			CHECK(hv_ring_show(&out));
			CHECK_EQ(host_get(&d, seen), (lens[i] + 7) / 8 * 8);
			CHECK_EQ(d.id, at);
			CHECK(!memcmp(seen, buf, lens[i]));
			CHECK_EQ(host_get(&d, seen), -1);
		}
	}
}

TEST(packets_from_the_host_of_every_length_at_every_offset)
{
	static const u32 lens[] = { 0, 1, 7, 8, 9, 64, 4000, SIZE - 40 };
	u8 buf[SIZE], seen[SIZE];
	struct hv_packet p;
	unsigned int at, i;

	for (at = 0; at < SIZE; at += 8) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			fresh(at);
			fill(buf, lens[i], at);
			CHECK_EQ(hv_ring_get(&in, seen, SIZE, &p), 0);
			host_put(11, 1, at, buf, lens[i]);
			CHECK_EQ(hv_ring_get(&in, seen, SIZE, &p), 1);
			CHECK_EQ(p.type, 11);
			CHECK_EQ(p.flags, 1);
			CHECK_EQ(p.id, at);
			CHECK_EQ(p.len, (lens[i] + 7) / 8 * 8);
			CHECK_EQ(p.lost, 0);
			CHECK(!memcmp(seen, buf, lens[i]));
			CHECK_EQ(hv_ring_get(&in, seen, SIZE, &p), 0);
			CHECK_EQ(page_of(in_mem)->read_index, at);
			CHECK(!hv_ring_release(&in));
			CHECK_EQ(page_of(in_mem)->read_index, page_of(in_mem)->write_index);
		}
	}
}

TEST(a_payload_that_the_buffer_has_no_room_for)
{
	u8 buf[64], *seen = malloc(24);
	struct hv_packet p;

	fresh(8);
	fill(buf, 64, 1);
	host_put(6, 0, 1, buf, 64);
	host_put(6, 0, 2, buf, 8);
	CHECK_EQ(hv_ring_get(&in, seen, 24, &p), 1);
	CHECK_EQ(p.len, 24);
	CHECK_EQ(p.lost, 40);
	CHECK(!memcmp(seen, buf, 24));
	CHECK_EQ(hv_ring_get(&in, seen, 24, &p), 1);
	CHECK_EQ(p.id, 2);
	free(seen);
}

/* Bytes before the payload that say more of it, as with XFER_PAGES, are passed over. */
TEST(a_longer_header)
{
	struct vmbus_packet d = { VMBUS_PACKET_XFER_PAGES, 4, 5, 0, 9 };
	struct hv_packet p;
	u8 seen[64];

	fresh(0);
	memcpy(in_mem + 4096, &d, 16);
	fill(in_mem + 4096 + 16, 24, 5);
	page_of(in_mem)->write_index = 48;
	CHECK_EQ(hv_ring_get(&in, seen, 64, &p), 1);
	CHECK_EQ(p.len, 8);
	CHECK(!memcmp(seen, in_mem + 4096 + 32, 8));
	CHECK_EQ(in.at, 48);
}

TEST(the_host_is_signalled_when_it_sleeps_and_not_else)
{
	u8 seen[SIZE];
	struct vmbus_packet d;

	fresh(800);
	CHECK(!hv_ring_show(&out));		/* nothing to show */
	hv_ring_put(&out, 6, 0, 1, NULL, "x", 1);
	hv_ring_put(&out, 6, 0, 2, NULL, "x", 1);
	CHECK(hv_ring_show(&out));		/* it had read everything: one signal for both */
	hv_ring_put(&out, 6, 0, 3, NULL, "x", 1);
	CHECK(!hv_ring_show(&out));		/* it is still at the first */
	host_get(&d, seen);
	host_get(&d, seen);
	hv_ring_put(&out, 6, 0, 4, NULL, "x", 1);
	CHECK(!hv_ring_show(&out));
	while (host_get(&d, seen) >= 0)
		;
	page_of(out_mem)->interrupt_mask = 1;
	hv_ring_put(&out, 6, 0, 5, NULL, "x", 1);
	CHECK(!hv_ring_show(&out));		/* it looks by itself */
	while (host_get(&d, seen) >= 0)
		;
	page_of(out_mem)->interrupt_mask = 0;
	hv_ring_put(&out, 6, 0, 6, NULL, "x", 1);
	CHECK(hv_ring_show(&out));
}

TEST(a_ring_is_filled_but_for_one_byte)
{
	u8 buf[SIZE] = { }, seen[SIZE];
	struct vmbus_packet d;
	unsigned int n;

	fresh(16);
	for (n = 0; !hv_ring_put(&out, 6, 0, n, NULL, buf, 40); n++)
		;
	CHECK_EQ(n, SIZE / 64 - 1);
	CHECK_EQ(hv_ring_put(&out, 6, 0, n, NULL, buf, 40), -EAGAIN);
	CHECK_EQ(hv_ring_put(&out, 6, 0, n, NULL, buf, 32), 0);
	CHECK_EQ(hv_ring_put(&out, 6, 0, n, NULL, buf, SIZE), -EMSGSIZE);
	CHECK_EQ(hv_ring_put(&out, 6, 0, n, NULL, buf, SIZE - 24), -EMSGSIZE);
	CHECK_EQ(hv_ring_put(&out, 6, 0, n, NULL, buf, SIZE - 32), -EAGAIN);
	CHECK_EQ(hv_ring_put(&out, 6, 0, n, NULL, buf, 0xffffffff), -EMSGSIZE);
	hv_ring_show(&out);
	for (n = 0; host_get(&d, seen) >= 0; n++)
		;
	CHECK_EQ(n, SIZE / 64);
}

TEST(page_lists_that_no_packet_can_hold)
{
	static const u64 pfn[1];
	struct hv_pages pages = { .pfn = pfn, .nr = 0xffffffff };

	fresh(0);
	CHECK_EQ(hv_ring_put(&out, 9, 1, 0, &pages, "", 0), -EMSGSIZE);
	pages.nr = 0x20000000;
	CHECK_EQ(hv_ring_put(&out, 9, 1, 0, &pages, "", 0), -EMSGSIZE);
	pages.nr = SIZE / 8;
	CHECK_EQ(hv_ring_put(&out, 9, 1, 0, &pages, "", 0), -EMSGSIZE);
}

TEST(a_wish_for_room)
{
	u8 buf[SIZE] = { }, seen[SIZE];
	struct vmbus_packet d;

	fresh(0);
	CHECK_EQ(hv_ring_put(&out, 6, 0, 1, NULL, buf, 4000), 0);
	CHECK_EQ(hv_ring_put(&out, 6, 0, 2, NULL, buf, 4000), 0);
	/* Not before the host sees all that fills the ring: it would find room, and say so too early. */
	CHECK_EQ(hv_ring_put(&out, 6, 0, 3, NULL, buf, 200), -EAGAIN);
	CHECK_EQ(page_of(out_mem)->pending_send_sz, 0);
	CHECK(!hv_ring_waits(&out));
	hv_ring_show(&out);
	CHECK_EQ(hv_ring_put(&out, 6, 0, 3, NULL, buf, 200), -EAGAIN);
	CHECK_EQ(page_of(out_mem)->pending_send_sz, 225);
	CHECK(hv_ring_waits(&out));
	CHECK(!hv_ring_tell(&out));
	/* A smaller one gets in, and the wish stays. */
	CHECK_EQ(hv_ring_put(&out, 6, 0, 4, NULL, buf, 8), 0);
	CHECK_EQ(page_of(out_mem)->pending_send_sz, 225);
	hv_ring_show(&out);
	host_get(&d, seen);
	CHECK(hv_ring_room_came(&out));
	/* Not before the owner was told does it go; and it is told once. */
	CHECK_EQ(hv_ring_put(&out, 6, 0, 5, NULL, buf, 8), 0);
	CHECK_EQ(page_of(out_mem)->pending_send_sz, 225);
	CHECK(hv_ring_tell(&out));
	CHECK(!hv_ring_tell(&out));
	CHECK(!hv_ring_waits(&out));
	CHECK_EQ(hv_ring_put(&out, 6, 0, 3, NULL, buf, 200), 0);
	CHECK_EQ(page_of(out_mem)->pending_send_sz, 0);
}

TEST(a_host_that_waits_for_room_is_signalled_once)
{
	u8 buf[SIZE] = { }, seen[SIZE];
	struct hv_packet p;
	unsigned int i, signals = 0;

	fresh(0);
	for (i = 0; i < 30; i++)
		host_put(6, 0, i, buf, 232);	/* 256 each: 512 free */
	page_of(in_mem)->pending_send_sz = 1024;
	for (i = 0; i < 30; i++) {
		CHECK_EQ(hv_ring_get(&in, seen, SIZE, &p), 1);
		CHECK_EQ(p.id, i);
		if (hv_ring_release(&in)) {
			signals++;
			CHECK(host_room() >= 1024 && host_room() <= 1024 + 256);
		}
	}
	CHECK(signals >= 1 && signals <= 2);
	CHECK(!hv_ring_release(&in));
	/* all at once */
	fresh(0);
	for (i = 0; i < 30; i++)
		host_put(6, 0, i, buf, 232);
	page_of(in_mem)->pending_send_sz = 1024;
	while (hv_ring_get(&in, seen, SIZE, &p) > 0)
		;
	CHECK(hv_ring_release(&in));
	/* and one that did not wait, is not */
	fresh(0);
	host_put(6, 0, i, buf, 232);
	page_of(in_mem)->pending_send_sz = 1024;
	CHECK_EQ(hv_ring_get(&in, seen, SIZE, &p), 1);
	CHECK(!hv_ring_release(&in));
}

TEST(room_is_due_after_a_quarter)
{
	u8 buf[SIZE] = { }, seen[SIZE];
	struct hv_packet p;
	unsigned int i;

	fresh(512);
	for (i = 0; i < 20; i++)
		host_put(6, 0, i, buf, 232);
	for (i = 1; i <= 20; i++) {
		CHECK_EQ(hv_ring_get(&in, seen, SIZE, &p), 1);
		CHECK_EQ(hv_ring_due(&in), i * 256 > SIZE / 4);
	}
	hv_ring_release(&in);
	CHECK(!hv_ring_due(&in));
}

TEST(impossible_indices_of_a_writing_host)
{
	static const u32 bad[] = { SIZE, SIZE + 8, 1, 4, 7, 9, 0x80000000, 0xffffffff, 0xfffffff8 };
	struct hv_packet p;
	u8 seen[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		fresh(64);
		page_of(in_mem)->write_index = bad[i];
		CHECK_EQ(hv_ring_get(&in, seen, 64, &p), -EIO);
		CHECK(hv_ring_filled(&in));
		CHECK(!hv_ring_release(&in));
		CHECK_EQ(in.at, 64);
	}
	/* back over packets it has shown: into what was not given back */
	fresh(64);
	host_put(6, 0, 1, "", 0);
	CHECK_EQ(hv_ring_get(&in, seen, 64, &p), 1);
	page_of(in_mem)->write_index = 72;
	CHECK_EQ(hv_ring_get(&in, seen, 64, &p), -EIO);
}

TEST(impossible_packets)
{
	static const struct {
		u16 offset8, len8;
	} t[] = {
		{ 0, 0 }, { 0, 5 }, { 1, 5 }, { 3, 2 }, { 2, 1 }, { 6, 5 }, { 2, 6 }, { 2, 8 }, { 2, 0xffff }, { 0xffff, 0xffff },
		{ 0xffff, 5 },
	};
	struct hv_packet p;
	u8 seen[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		struct vmbus_packet d = { 6, t[i].offset8, t[i].len8, 0, 1 };

		fresh(SIZE - 24);
		memcpy(in_mem + 4096 + SIZE - 24, &d, 16);
		page_of(in_mem)->write_index = 24;	/* 48 bytes: len8 may be 5 */
		CHECK_EQ(hv_ring_get(&in, seen, 64, &p), -EIO);
	}
	for (i = 8; i < 24; i += 8) {
		fresh(0);
		page_of(in_mem)->write_index = i;
		CHECK_EQ(hv_ring_get(&in, seen, 64, &p), -EIO);
	}
}

TEST(impossible_indices_of_a_reading_host)
{
	static const u32 bad[] = { SIZE, 63, 56, 4096 + 128, 0xffffffff, 0x80000000 };
	u8 buf[SIZE] = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		fresh(64);
		CHECK_EQ(hv_ring_put(&out, 6, 0, 1, NULL, buf, 4000), 0);
		hv_ring_show(&out);
		page_of(out_mem)->read_index = bad[i];
		CHECK_EQ(hv_ring_put(&out, 6, 0, 1, NULL, buf, 8000), -EIO);
		CHECK_EQ(hv_ring_put(&out, 6, 0, 1, NULL, buf, 8000), -EIO);
	}
}

TEST(what_the_host_does_to_our_indices_does_not_matter)
{
	u8 seen[64];
	struct hv_packet p;

	fresh(64);
	page_of(out_mem)->write_index = 0x12345678;
	CHECK_EQ(hv_ring_put(&out, 6, 0, 1, NULL, "", 0), 0);
	hv_ring_show(&out);
	CHECK_EQ(page_of(out_mem)->write_index, 88);
	host_put(6, 0, 1, "", 0);
	page_of(in_mem)->read_index = 0x12345678;
	CHECK_EQ(hv_ring_get(&in, seen, 64, &p), 1);
	hv_ring_release(&in);
	CHECK_EQ(page_of(in_mem)->read_index, 88);
}

/* --- streams: each side sleeps when the protocol lets it, and only a signal wakes it */

#define STREAM	60000
static int to_host, to_guest, stop_host;

static u32 length_of(unsigned int i) { return (i * 37) % 1500; }

/* As a host has to: mask while it works; read; give back; if the writer waits for room and has it now, signal */
static void *reading_host(void *unused)
{
	u8 seen[SIZE], want[SIZE];
	struct vmbus_packet d;
	unsigned int i = 0;
	u32 before, room, wish, freed, r;

	while (!READ_ONCE(stop_host)) {
		WRITE_ONCE(page_of(out_mem)->interrupt_mask, 1);
		while (r = page_of(out_mem)->read_index, host_get(&d, seen) >= 0) {
			fill(want, length_of(i), i);
			CHECK_EQ(d.id, i);
			CHECK(!memcmp(seen, want, length_of(i)));
			i++;
			freed = (page_of(out_mem)->read_index + SIZE - r) % SIZE;
			virt_mb();
			wish = READ_ONCE(page_of(out_mem)->pending_send_sz);
			virt_rmb();
			room = SIZE - (READ_ONCE(page_of(out_mem)->write_index) + SIZE -
				       page_of(out_mem)->read_index) % SIZE;
			before = room - freed;
			if (wish && room >= wish && before < wish)
				__atomic_store_n(&to_guest, 1, __ATOMIC_SEQ_CST);
		}
		WRITE_ONCE(page_of(out_mem)->interrupt_mask, 0);
		virt_mb();
		if (page_of(out_mem)->read_index != READ_ONCE(page_of(out_mem)->write_index))
			continue;
		while (!__atomic_exchange_n(&to_host, 0, __ATOMIC_SEQ_CST) && !READ_ONCE(stop_host))
			sched_yield();
	}
	return (void *)(uintptr_t)i;
}

/* Sleep until the other side signals. Returns false if it does not for five seconds */
static bool slept(int *signal)
{
	unsigned int idle;

	for (idle = 0; idle < 50000; idle++) {
		if (__atomic_exchange_n(signal, 0, __ATOMIC_SEQ_CST))
			return true;
		if (idle > 200)
			usleep(100);
		else
			sched_yield();
	}
	return false;
}

static void kick(void)
{
	if (hv_ring_show(&out))
		__atomic_store_n(&to_host, 1, __ATOMIC_SEQ_CST);
}

TEST(a_stream_to_the_host_never_stalls)
{
	pthread_t thread;
	u8 buf[SIZE];
	unsigned int i, full = 0;
	void *got;

	fresh(0);
	to_host = to_guest = stop_host = 0;
	CHECK_EQ(pthread_create(&thread, NULL, reading_host, NULL), 0);
	for (i = 0; i < STREAM;) {
		fill(buf, length_of(i), i);
		if (!hv_ring_put(&out, 6, 0, i, NULL, buf, length_of(i))) {
			if (++i % 3 == 0)
				kick();
			continue;
		}
		if (++full % 16 == 0)
			usleep(1);	/* the host reads on while it does not see all */
		kick();
		if (!hv_ring_put(&out, 6, 0, i, NULL, buf, length_of(i))) {
			i++;
			continue;
		}
		if (!slept(&to_guest))
			break;
		hv_ring_tell(&out);
	}
	CHECK_EQ(i, STREAM);
	kick();
	for (i = 0; i < 50000 && READ_ONCE(page_of(out_mem)->read_index) != out.at; i++)
		usleep(100);
	WRITE_ONCE(stop_host, 1);
	pthread_join(thread, &got);
	CHECK_EQ((uintptr_t)got, STREAM);
}

/* As a host has to: say what it wants if there is no room; signal if the reader had seen all and does not mask */
static void *writing_host(void *unused)
{
	u8 buf[SIZE];
	unsigned int i;
	u32 old, need;

	for (i = 0; i < STREAM && !READ_ONCE(stop_host); i++) {
		need = 24 + (length_of(i) + 7) / 8 * 8;
		fill(buf, length_of(i), i);
		while (host_room() <= need && !READ_ONCE(stop_host)) {
			WRITE_ONCE(page_of(in_mem)->pending_send_sz, need + 1);
			virt_mb();
			if (host_room() > need)
				break;
			while (!__atomic_exchange_n(&to_host, 0, __ATOMIC_SEQ_CST) && !READ_ONCE(stop_host))
				sched_yield();
		}
		if (READ_ONCE(stop_host))
			break;
		WRITE_ONCE(page_of(in_mem)->pending_send_sz, 0);
		old = page_of(in_mem)->write_index;
		host_put(11, 0, i, buf, length_of(i));
		virt_mb();
		if (!READ_ONCE(page_of(in_mem)->interrupt_mask) && READ_ONCE(page_of(in_mem)->read_index) == old)
			__atomic_store_n(&to_guest, 1, __ATOMIC_SEQ_CST);
	}
	return (void *)(uintptr_t)i;
}

static void give_back(void)
{
	if (hv_ring_release(&in))
		__atomic_store_n(&to_host, 1, __ATOMIC_SEQ_CST);
}

TEST(a_stream_from_the_host_never_stalls)
{
	u8 seen[SIZE], want[SIZE];
	struct hv_packet p;
	pthread_t thread;
	unsigned int i = 0;
	void *got;

	fresh(0);
	to_host = to_guest = stop_host = 0;
	CHECK_EQ(pthread_create(&thread, NULL, writing_host, NULL), 0);
	while (i < STREAM) {
		WRITE_ONCE(page_of(in_mem)->interrupt_mask, 1);
		while (hv_ring_get(&in, seen, SIZE, &p) > 0) {
			fill(want, length_of(i), i);
			CHECK_EQ(p.id, i);
			CHECK(!memcmp(seen, want, length_of(i)));
			if (++i % 5 == 0)
				give_back();
		}
		give_back();
		WRITE_ONCE(page_of(in_mem)->interrupt_mask, 0);
		virt_mb();
		if (!hv_ring_filled(&in) && i < STREAM && !slept(&to_guest))
			break;
	}
	CHECK_EQ(i, STREAM);
	WRITE_ONCE(stop_host, 1);
	pthread_join(thread, &got);
}
