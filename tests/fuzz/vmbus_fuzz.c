// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile host against VMBus's pure cores: any message, and rings that it writes at any moment, control page and data.
 * What must hold: no look beyond a message or a ring; a packet is never longer than the ring, nor our index ever outside
 * it; what the driver sends is whole in the ring; a wish for room is told at most once for each time there was none.
 */
#include "kshim.h"
#include "tests/unit/vmbus_map.h"
#include "pvbus/hyperv/msg_core.c"
#include "pvbus/hyperv/ring_core.c"
#include "input.h"

#define SIZE	4096u

static struct hv_ring out, in;
static u8 *out_mem, *in_mem;

static void message(const u8 *data, size_t size)
{
	u32 len = min_t(size_t, size, 255);
	u8 *copy = malloc(len ?: 1);
	struct hv_msg m;

	memcpy(copy, data, len);
	if (!hv_msg_parse(&m, copy, len)) {
		must(len >= 8 && len <= HV_MESSAGE_PAYLOAD);
		must(m.type == (copy[0] | copy[1] << 8 | copy[2] << 16 | (u32)copy[3] << 24));
		must(m.offer.monitor < HV_MONITORS);
		must(hv_msg_answers(&m, m.type, m.relid, m.id));
		must(!hv_msg_answers(&m, m.type + 1, m.relid, m.id));
	}
	free(copy);
}

static void setup(void)
{
	if (!out_mem) {
		out_mem = map_ring(SIZE);
		in_mem = map_ring(SIZE);
	}
	memset(out_mem, 0, 4096 + SIZE);
	memset(in_mem, 0, 4096 + SIZE);
	hv_ring_init(&out, out_mem, out_mem + 4096, SIZE);
	hv_ring_init(&in, in_mem, in_mem + 4096, SIZE);
}

/* The host writes: an index, a field of the control page, or a few bytes of data at or behind our index */
static void meddle(struct input *s)
{
	u8 *mem = take(s, 1) & 1 ? out_mem : in_mem;
	u32 at, n;

	switch (take(s, 1) % 4) {
	case 0:
		((u32 *)mem)[take(s, 1) % 4] = take(s, 2);
		break;
	case 1:
		((u32 *)mem)[take(s, 1) % 4] += 8 * (s8)take(s, 1);
		break;
	case 2:
		((u32 *)mem)[take(s, 1) % 17] = take(s, 4);
		break;
	case 3:
		at = (mem == in_mem ? in.at : out.at) + take(s, 1);
		for (n = take(s, 1) % 24; n; n--)
			mem[4096 + at++ % SIZE] = take(s, 1);
		break;
	}
}

/* An honest host: a packet of the length the input says */
static void add(struct input *s)
{
	struct vmbus_packet d = { .type = take(s, 1), .offset8 = 2, .id = take(s, 1) };
	struct vmbus_ring_page *p = (void *)in_mem;
	u32 len8 = take(s, 1);

	d.len8 = 2 + len8;
	if (p->write_index >= SIZE || p->write_index % 8)
		p->write_index = in.seen;
	memcpy(in_mem + 4096 + p->write_index, &d, 16);
	p->write_index = (p->write_index + 24 + len8 * 8) % SIZE;
}

static void get(struct input *s)
{
	u32 size = take(s, 1) * 8, at = in.at;
	u8 *buf = malloc(size ?: 1);
	struct hv_packet p;

	if (hv_ring_get(&in, buf, size, &p) > 0) {
		must(p.len <= size && (u64)p.len + p.lost < SIZE - 16 && (!p.lost || p.len == size));
		must(in.at != at);
	} else {
		must(in.at == at);
	}
	must(in.at < SIZE && in.at % 8 == 0);
	free(buf);
}

static void put(struct input *s)
{
	static u64 pfn[512];
	struct hv_pages pages = { .len = take(s, 2), .offset = take(s, 1), .pfn = pfn, .nr = take(s, 2) % 512 };
	bool with = take(s, 1) & 1;
	u32 len = take(s, 2), at = out.at;
	u8 *buf = calloc(1, len ?: 1);
	u32 head = 16 + (with ? 16 + 8 * pages.nr : 0);
	struct vmbus_packet d;
	int err;

	err = hv_ring_put(&out, 9, 1, 77, with ? &pages : NULL, buf, len);
	if (!err) {
		memcpy(&d, out_mem + 4096 + at, sizeof(d));
		must(d.id == 77 && d.offset8 * 8 == head && d.len8 * 8u == head + (len + 7) / 8 * 8);
		must(out.at == (at + d.len8 * 8 + 8) % SIZE && out.at != at);
	} else {
		must(out.at == at && (err == -EAGAIN || err == -EIO || err == -EMSGSIZE));
		must(err != -EAGAIN || hv_ring_waits(&out) || out.at != out.shown);
	}
	must(out.at < SIZE && out.at % 8 == 0);
	free(buf);
}

static void tell(void)
{
	bool waits = hv_ring_waits(&out), told = hv_ring_tell(&out);

	must(!told || waits);
	must(!told || !hv_ring_tell(&out));
}

/* Input: a byte that says what happens next, then what that needs; and all of it is a message, too */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input s = { data, data + size };

	message(data, size);
	setup();
	while (s.p < s.end) {
		switch (take(&s, 1) % 8) {
		case 0:
			meddle(&s);
			break;
		case 1:
			add(&s);
			break;
		case 2:
			get(&s);
			break;
		case 3:
			put(&s);
			break;
		case 4:
			hv_ring_show(&out);
			must(((struct vmbus_ring_page *)out_mem)->write_index == out.at || out.shown == out.at);
			break;
		case 5:
			hv_ring_release(&in);
			must(in.shown == in.at);
			break;
		case 6:
			tell();
			break;
		case 7:	/* the host has read everything */
			((struct vmbus_ring_page *)out_mem)->read_index = out.shown;
			break;
		}
		hv_ring_filled(&in);
	}
	return 0;
}
