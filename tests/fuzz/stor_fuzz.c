// SPDX-License-Identifier: GPL-2.0-only
/*
 * The storage front-end's core: any answer, any properties, any scatter list.
 * What must hold: no number is larger than what we asked for or have room for; nothing but a plain success is one; every
 * byte of a transfer is in a page once, and in its own wherever the host's rule allows.
 */
#include "kshim.h"
#include "hv-storvsc/core.c"
#include "input.h"

#define SEGS	8

static void answer(struct input *in)
{
	const struct stor_dialect *d = &stor_dialects[take(in, 1) % STOR_NR_DIALECTS];
	u32 size = take(in, 1), len = take(in, 3);
	struct vstor_packet p;
	struct stor_verdict v;
	struct stor_answer a;
	u8 cdb[16];
	u64 value;

	for (unsigned int i = 0; i < sizeof(p); i++)
		((u8 *)&p)[i] = take(in, 1);
	for (unsigned int i = 0; i < sizeof(cdb); i++)
		cdb[i] = take(in, 1);
	if (stor_parse_answer(&p, size, d, len, &a, &value))
		return;
	must(size >= d->packet && size <= sizeof(p) && a.done <= len && a.sense_len <= d->sense);
	stor_judge(&a, cdb, &v);
	must(v.outcome < STOR_NR_OUTCOMES && v.done <= len);
	must(!v.sense || (a.scsi_status == 2 && a.sense_len >= 4));
	must(!(v.sense && v.made));
	must(!v.done || v.outcome == STOR_OK);
	if (v.outcome == STOR_OK && !v.status)
		must((a.srb_status & 0x3f) == SRB_SUCCESS || (a.srb_status & 0x3f) == SRB_OVERRUN);
}

static void offer(struct input *in)
{
	struct vstor_packet p;
	struct stor_offer o;
	struct stor_wwn w;
	u64 value;
	u32 size = take(in, 1);

	for (unsigned int i = 0; i < sizeof(p); i++)
		((u8 *)&p)[i] = take(in, 1);
	must(stor_parse_wwn(&p, size, &w) == (size < 48 || size > sizeof(p) ? -EPROTO : 0));
	if (stor_parse_offer(&p, size, &o, &value))
		return;
	must(size >= 36 && size <= sizeof(p));
	must(o.max_transfer >= 4096 && o.max_transfer <= STOR_MAX_TRANSFER && o.max_transfer % 4096 == 0);
}

/* Where byte @n of the data lies */
static u64 address(const u64 *addr, const u32 *len, u32 n)
{
	unsigned int i;

	for (i = 0; n >= len[i]; i++)
		n -= len[i];
	return addr[i] + n;
}

/* From byte @n on, what is left of the segment that it is in */
static u32 left(const u32 *len, u32 n)
{
	unsigned int i;

	for (i = 0; n >= len[i]; i++)
		n -= len[i];
	return len[i] - n;
}

static void pages(struct input *in)
{
	u64 addr[SEGS] = { 0 }, pfn[STOR_MAX_PAGES];
	u32 len[SEGS] = { 0 }, total = 0, at, skip, n, sum = 0, bounced = 0;
	unsigned int segs = 1 + take(in, 1) % SEGS, i;
	struct stor_pages l;

	for (i = 0; i < segs; i++) {
		addr[i] = take(in, 3) << (take(in, 1) & 12);
		len[i] = 1 + take(in, 2) % 9000;
		total += len[i];
	}
	stor_pages_start(&l, pfn, addr[0] % 4096, len[0], total);
	for (i = 0; i < segs; i++)
		must(!stor_pages_add(&l, addr[i], len[i]));
	must(l.len == total && l.nr == DIV_ROUND_UP(l.offset + total, 4096));
	for (i = 0; i < l.nr; i++) {
		bool own = true;

		stor_pages_part(&l, i, &at, &skip, &n);
		must(skip == sum && at + n <= 4096 && (i == l.nr - 1 || at + n == 4096));
		sum += n;
		/* Within a segment what holds for one byte holds for those behind it. */
		for (u32 b = 0; b < n; b += left(len, skip + b))
			own &= address(addr, len, skip + b) % 4096 == at + b &&
			       address(addr, len, skip + b) / 4096 == address(addr, len, skip) / 4096;
		must(own == (pfn[i] != STOR_BOUNCE));
		must(!own || pfn[i] == address(addr, len, skip) / 4096);
		bounced += !own;
	}
	must(sum == total && bounced == l.bounced);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };

	switch (take(&in, 1) % 3) {
	case 0:
		answer(&in);
		break;
	case 1:
		offer(&in);
		break;
	default:
		pages(&in);
	}
	return 0;
}
