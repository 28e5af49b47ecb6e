// SPDX-License-Identifier: GPL-2.0-only
/* The storage front-end's core: packets of every version; what each status comes to; the pages of a transfer. */
#include "test.h"
#include "hv-storvsc/core.c"

/* --- packets --- */

static const struct stor_dialect *dialect(u16 version)
{
	for (unsigned int i = 0; i < STOR_NR_DIALECTS; i++) {
		if (stor_dialects[i].version == version)
			return &stor_dialects[i];
	}
	return NULL;
}

static const u8 read_10[16] = { OP_READ_10, 0, 0, 0, 0, 8, 0, 0, 8 };

TEST(versions_newest_first)
{
	for (unsigned int i = 1; i < STOR_NR_DIALECTS; i++)
		CHECK(stor_dialects[i].version < stor_dialects[i - 1].version);
	CHECK_EQ(dialect(0x0602)->packet, 64);
	CHECK_EQ(dialect(0x0600)->packet, 64);
	CHECK_EQ(dialect(0x0501)->packet, 64);
	CHECK_EQ(dialect(0x0402)->packet, 48);
	CHECK_EQ(dialect(0x0200)->packet, 48);
	CHECK_EQ(dialect(0x0402)->sense, 18);
	CHECK_EQ(dialect(0x0501)->sense, 20);
}

TEST(an_srb_byte_by_byte)
{
	const struct stor_req req = { .cdb = read_10, .cdb_len = 10, .path = 1, .target = 2, .lun = 3,
				      .direction = VSTOR_DATA_IN, .len = 4096, .timeout = 180 };
	struct vstor_packet p = { 0 };
	const u8 *b = (const u8 *)&p;

	stor_build_srb(&p, dialect(0x0602), &req);
	CHECK_EQ(b[0], 3);	/* EXECUTE_SRB */
	CHECK_EQ(b[4], 1);	/* a completion is wanted */
	CHECK_EQ(b[12], 52);
	CHECK_EQ(b[17], 1);
	CHECK_EQ(b[18], 2);
	CHECK_EQ(b[19], 3);
	CHECK_EQ(b[20], 10);
	CHECK_EQ(b[21], 20);
	CHECK_EQ(b[22], 1);
	CHECK_EQ(b[25], 16);	/* 4096 */
	CHECK_EQ(b[28], OP_READ_10);
	CHECK_EQ(p.srb.flags, VSTOR_FLAG_IN | VSTOR_FLAG_NO_SYNC);
	CHECK_EQ(b[56], 180);
	stor_build_srb(&p, dialect(0x0402), &req);
	CHECK_EQ(b[12], 36);
	CHECK_EQ(b[21], 18);
}

TEST(direction_and_tags)
{
	struct stor_req req = { .cdb = read_10, .cdb_len = 10, .direction = VSTOR_DATA_OUT };
	struct vstor_packet p;

	stor_build_srb(&p, dialect(0x0602), &req);
	CHECK_EQ(p.srb.flags, VSTOR_FLAG_OUT | VSTOR_FLAG_NO_SYNC);
	CHECK_EQ(p.srb.direction, 0);
	req.direction = VSTOR_DATA_NONE;
	req.tagged = true;
	stor_build_srb(&p, dialect(0x0602), &req);
	CHECK_EQ(p.srb.flags, VSTOR_FLAG_NO_SYNC | VSTOR_FLAG_QUEUE_ACTION | VSTOR_FLAG_NO_FREEZE);
	CHECK_EQ(p.srb.direction, 2);
	CHECK_EQ(p.srb.queue_tag, 0xff);
	CHECK_EQ(p.srb.queue_action, 0x20);
}

TEST(a_long_cdb_is_cut)
{
	u8 cdb[40];
	struct stor_req req = { .cdb = cdb, .cdb_len = 40, .direction = VSTOR_DATA_NONE };
	struct vstor_packet p;

	memset(cdb, 0xaa, sizeof(cdb));
	stor_build_srb(&p, dialect(0x0602), &req);
	CHECK_EQ(p.srb.cdb_len, 16);
	CHECK_EQ(p.srb.sense[16], 0);
}

TEST(answers_that_are_refused)
{
	struct vstor_packet p = { .operation = VSTOR_COMPLETE_IO };
	struct stor_answer a;
	u64 value;

	CHECK(!stor_parse_answer(&p, 64, dialect(0x0602), 512, &a, &value));
	CHECK_STR(stor_parse_answer(&p, 63, dialect(0x0602), 512, &a, &value), "an answer is too short, bytes");
	CHECK_EQ(value, 63);
	CHECK_STR(stor_parse_answer(&p, 72, dialect(0x0602), 512, &a, &value), "an answer is too long, bytes");
	CHECK_EQ(value, 72);
	CHECK(!stor_parse_answer(&p, 48, dialect(0x0402), 512, &a, &value));
	CHECK(stor_parse_answer(&p, 47, dialect(0x0402), 512, &a, &value));
	p.operation = VSTOR_ENUMERATE_BUS;
	CHECK_STR(stor_parse_answer(&p, 64, dialect(0x0602), 512, &a, &value), "an answer has operation");
	CHECK_EQ(value, 11);
}

TEST(numbers_of_an_answer_are_bounded)
{
	struct vstor_packet p = { .operation = VSTOR_COMPLETE_IO };
	struct stor_answer a;
	u64 value;

	p.srb.srb_status = SRB_SUCCESS;
	p.srb.data_len = 0xffffffff;
	p.srb.sense_len = 255;
	CHECK(!stor_parse_answer(&p, 64, dialect(0x0602), 512, &a, &value));
	CHECK_EQ(a.done, 512);
	CHECK_EQ(a.sense_len, 20);
	CHECK(!stor_parse_answer(&p, 64, dialect(0x0200), 512, &a, &value));
	CHECK_EQ(a.sense_len, 18);
}

TEST(names_of_an_adapter)
{
	struct vstor_packet p = { .operation = VSTOR_COMPLETE_IO };
	struct stor_wwn w = { 1, 2 };
	u8 *b = (u8 *)&p;

	for (unsigned int i = 16; i < 48; i++)
		b[i] = i;
	CHECK(stor_parse_wwn(&p, 47, &w));
	CHECK(stor_parse_wwn(&p, 72, &w));
	CHECK_EQ(w.node, 1);
	CHECK(!stor_parse_wwn(&p, 48, &w));
	CHECK_EQ(w.port, 0x2021222324252627);
	CHECK_EQ(w.node, 0x28292a2b2c2d2e2f);
	b[12] = 1;	/* the primary ones are in force */
	CHECK(!stor_parse_wwn(&p, 64, &w));
	CHECK_EQ(w.port, 0x1011121314151617);
	CHECK_EQ(w.node, 0x18191a1b1c1d1e1f);
}

TEST(properties)
{
	struct vstor_packet p = { .operation = VSTOR_COMPLETE_IO };
	struct stor_offer o;
	u64 value;

	p.properties.max_sub_channels = 7;
	p.properties.max_transfer = 0x40fff;
	CHECK(!stor_parse_offer(&p, 48, &o, &value));
	CHECK_EQ(o.sub_channels, 0);
	CHECK_EQ(o.max_transfer, 0x40000);
	p.properties.flags = VSTOR_MULTI_CHANNEL;
	p.properties.max_transfer = 0xffffffff;
	CHECK(!stor_parse_offer(&p, 36, &o, &value));
	CHECK_EQ(o.sub_channels, 7);
	CHECK_EQ(o.max_transfer, STOR_MAX_TRANSFER);
	CHECK(stor_parse_offer(&p, 35, &o, &value));
	CHECK(stor_parse_offer(&p, 72, &o, &value));
	p.properties.max_transfer = 4095;
	CHECK(stor_parse_offer(&p, 64, &o, &value));
	CHECK_EQ(value, 4095);
}

TEST(ids)
{
	CHECK(stor_id(0, 0) != 0);
	CHECK_EQ(stor_id_tag(stor_id(0, 7)), 0);
	CHECK_EQ(stor_id_tag(stor_id(1023, 0xffffffff)), 1023);
	CHECK_EQ(stor_id_tag(0), 0xffffffff);
	CHECK(stor_id(5, 1) != stor_id(5, 2));
}

/* --- what a status comes to --- */

#define SENSE(k, c, q)	{ 0x70, 0, k, 0, 0, 0, 0, 10, 0, 0, 0, 0, c, q }

struct want {
	const char *what;
	u8 srb, scsi, op, op1, op2;
	u8 sense[14];
	enum stor_outcome outcome;
	enum stor_then then;
	u8 status;
	bool sensed, made, loud;
	u32 done;
};

/* Every command asks for 4096 bytes, and the host says that 512 were transferred. */
static const struct want wants[] = {
	{ "success", 0x01, 0, OP_READ_10, .done = 512 },
	{ "success, queue frozen", 0x41, 0, OP_READ_10, .done = 512 },

	/* 940ab437a: capacity changed, under each status it comes with */
	{ "capacity, aborted", 0x82, 2, OP_READ_10, .sense = SENSE(6, 0x2a, 9), .sensed = 1, .status = 2,
	  .outcome = STOR_REQUEUE, .then = STOR_RESCAN },
	{ "capacity, error", 0x84, 2, OP_WRITE_10, .sense = SENSE(6, 0x2a, 9), .sensed = 1, .status = 2,
	  .outcome = STOR_REQUEUE, .then = STOR_RESCAN },
	{ "capacity, invalid request", 0x86, 2, OP_READ_10, .sense = SENSE(6, 0x2a, 9), .sensed = 1, .status = 2,
	  .outcome = STOR_REQUEUE, .then = STOR_RESCAN },
	{ "capacity, descriptor format", 0xc4, 2, OP_READ_10, .sense = { 0x72, 6, 0x2a, 9 }, .sensed = 1, .status = 2,
	  .outcome = STOR_REQUEUE, .then = STOR_RESCAN },
	/* a648933af: another block size of the VHD: 3F, but for what the midlayer sees to */
	{ "3F/00", 0x82, 2, OP_READ_10, .sense = SENSE(6, 0x3f, 0), .sensed = 1, .status = 2,
	  .outcome = STOR_REQUEUE, .then = STOR_RESCAN },
	{ "3F/02", 0x84, 2, OP_READ_10, .sense = SENSE(6, 0x3f, 2), .sensed = 1, .status = 2,
	  .outcome = STOR_REQUEUE, .then = STOR_RESCAN },
	{ "inquiry data changed", 0x84, 2, OP_READ_10, .sense = SENSE(6, 0x3f, 3), .sensed = 1, .status = 2 },
	{ "LUNs changed", 0x84, 2, OP_READ_10, .sense = SENSE(6, 0x3f, 0x0e), .sensed = 1, .status = 2 },
	/* d705450ad: an internal error */
	{ "internal error", 0x30, 0, OP_READ_10, .outcome = STOR_ERROR, .loud = 1 },
	{ "internal error with sense", 0xb0, 2, OP_READ_10, .sense = SENSE(4, 0x44, 0), .sensed = 1, .status = 2, .loud = 1 },
	/* 746a3e7cb: no success of no bytes */
	{ "timeout", 0x09, 0, OP_READ_10, .outcome = STOR_ERROR, .loud = 1 },
	{ "selection timeout", 0x0a, 0, OP_READ_10, .outcome = STOR_NO_CONNECT },
	{ "bus reset", 0x0e, 0, OP_READ_10, .outcome = STOR_RESET },
	{ "overrun of a read", 0x12, 0, OP_READ_10, .outcome = STOR_ERROR, .loud = 1 },
	{ "overrun of a write", 0x12, 0, OP_WRITE_16, .outcome = STOR_ERROR, .loud = 1 },
	/* 5abbcf585, 1b75f05b4: what is shorter than asked for is an answer */
	{ "overrun of MAINTENANCE IN", 0x12, 0, OP_MAINTENANCE_IN, .done = 512 },
	{ "overrun of PERSISTENT RESERVE IN", 0x12, 0, 0x5e, .done = 512 },
	{ "overrun of INQUIRY", 0x12, 0, OP_INQUIRY, .done = 512 },
	{ "overrun that asks for attention", 0x12, 2, OP_INQUIRY, .outcome = STOR_ERROR, .loud = 1 },
	/* 6f99d8744: MODE SENSE (10) that the host does not know, with and without sense data */
	{ "MODE SENSE (10), sense", 0x86, 2, OP_MODE_SENSE_10, .sense = SENSE(5, 0x20, 0), .sensed = 1, .status = 2 },
	{ "MODE SENSE (10), none", 0x06, 2, OP_MODE_SENSE_10, .status = 2, .made = 1 },
	/* commands that hosts fail as errors: refused, not done */
	{ "INQUIRY of a page", 0x04, 0, OP_INQUIRY, 1, 0x80, .status = 2, .made = 1 },
	{ "INQUIRY itself", 0x04, 0, OP_INQUIRY, .outcome = STOR_ERROR, .loud = 1 },
	{ "MODE SENSE of page 1C", 0x04, 2, OP_MODE_SENSE_6, 0, 0x1c, .status = 2, .made = 1 },
	{ "MODE SENSE of another page", 0x04, 2, OP_MODE_SENSE_6, 0, 0x08, .outcome = STOR_ERROR, .loud = 1 },
	{ "MAINTENANCE IN", 0x06, 0, OP_MAINTENANCE_IN, .status = 2, .made = 1 },
	{ "ATA (16)", 0x04, 0, OP_ATA_16, .status = 2, .made = 1 },
	{ "TEST UNIT READY", 0x04, 0, OP_TEST_UNIT_READY, .status = 2, .made = 1 },
	/* the rest */
	{ "pending", 0x00, 0, OP_READ_10, .outcome = STOR_ERROR, .loud = 1 },
	{ "aborted", 0x02, 0, OP_READ_10, .outcome = STOR_ERROR, .loud = 1 },
	{ "error", 0x04, 0, OP_READ_10, .outcome = STOR_ERROR, .loud = 1 },
	{ "busy", 0x05, 0, OP_READ_10, .status = 8 },
	{ "no device", 0x08, 0, OP_READ_10, .outcome = STOR_NO_CONNECT },
	{ "flushed", 0x16, 0, OP_READ_10, .outcome = STOR_RESET },
	{ "no such LUN", 0x20, 2, OP_READ_10, .outcome = STOR_NO_CONNECT, .then = STOR_REMOVE },
	{ "no such target", 0x21, 0, OP_READ_10, .outcome = STOR_NO_CONNECT },
	{ "what nobody knows", 0x3f, 0, OP_READ_10, .outcome = STOR_ERROR, .loud = 1 },
	/* statuses without sense data */
	{ "SCSI busy", 0x04, 8, OP_READ_10, .status = 8 },
	{ "queue full", 0x05, 0x28, OP_READ_10, .status = 0x28 },
	{ "reserved", 0x04, 0x18, OP_READ_10, .status = 0x18 },
	{ "sense data nobody vouches for", 0x04, 2, OP_READ_10, .sense = SENSE(3, 0x11, 0), .outcome = STOR_ERROR, .loud = 1 },
	{ "sense data of no format", 0x84, 2, OP_READ_10, .sense = { 0x01 }, .outcome = STOR_ERROR, .loud = 1 },
	{ "sense data without the status", 0x84, 0, OP_READ_10, .sense = SENSE(3, 0x11, 0), .outcome = STOR_ERROR, .loud = 1 },
	{ "success that needs a look", 0x01, 2, OP_READ_10, .outcome = STOR_ERROR, .loud = 1 },
	/* what is told */
	{ "medium error", 0x84, 2, OP_READ_10, .sense = SENSE(3, 0x11, 0), .sensed = 1, .status = 2, .loud = 1 },
	{ "no medium", 0x84, 2, OP_TEST_UNIT_READY, .sense = SENSE(2, 0x3a, 0), .sensed = 1, .status = 2 },
	{ "illegal request", 0x86, 2, OP_READ_10, .sense = SENSE(5, 0x21, 0), .sensed = 1, .status = 2 },
	{ "aborted command", 0x84, 2, OP_READ_10, .sense = SENSE(0xb, 0, 0), .sensed = 1, .status = 2, .loud = 1 },
	{ "recovered", 0x81, 2, OP_READ_10, .sense = SENSE(1, 0x17, 0), .sensed = 1, .status = 2, .done = 512 },
};

static void check_want(const struct want *w)
{
	const u8 cdb[16] = { w->op, w->op1, w->op2 };
	struct stor_answer a = { .srb_status = w->srb, .scsi_status = w->scsi, .sense_len = 14, .done = 512 };
	struct stor_verdict v;

	memcpy(a.sense, w->sense, sizeof(w->sense));
	stor_judge(&a, cdb, &v);
	if (v.outcome == w->outcome && v.then == w->then && v.status == w->status && v.sense == w->sensed &&
	    v.made == w->made && v.quiet == !w->loud && v.done == w->done)
		return;
	CHECK(!"verdict");
	printf("# %s: outcome %d then %d status %d sense %d made %d quiet %d done %u\n", w->what, v.outcome, v.then,
	       v.status, v.sense, v.made, v.quiet, v.done);
}

TEST(every_status_has_its_verdict)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(wants); i++)
		check_want(&wants[i]);
}

TEST(no_unknown_status_is_a_success)
{
	struct stor_verdict v;

	for (unsigned int srb = 0; srb < 256; srb++) {
		struct stor_answer a = { .srb_status = srb, .done = 0 };

		stor_judge(&a, read_10, &v);
		CHECK_EQ(v.outcome == STOR_OK && !v.status, (srb & 0x3f) == SRB_SUCCESS);
	}
}

TEST(sense_data_are_as_long_as_the_host_says)
{
	struct stor_answer a = { .srb_status = 0x84, .scsi_status = 2, .sense_len = 7, .sense = SENSE(6, 0x2a, 9) };
	struct stor_verdict v;

	stor_judge(&a, read_10, &v);
	CHECK(!v.sense);
	a.sense_len = 12;
	stor_judge(&a, read_10, &v);
	CHECK(v.sense && !v.asc && !v.ascq);
	a.sense_len = 14;
	stor_judge(&a, read_10, &v);
	CHECK_EQ(v.asc, 0x2a);
	CHECK_EQ(v.ascq, 9);
}

TEST(old_hosts_are_spared)
{
	const u8 same[16] = { OP_WRITE_SAME_10 }, window[16] = { OP_SET_WINDOW };

	CHECK(stor_refused(dialect(0x0501), same));
	CHECK(stor_refused(dialect(0x0200), window));
	CHECK(!stor_refused(dialect(0x0600), same));
	CHECK(!stor_refused(dialect(0x0501), read_10));
}

/* --- pages --- */

struct seg {
	u64 addr;
	u32 len;
};

static u64 pfns[STOR_MAX_PAGES];

static struct stor_pages list_of(const struct seg *seg, unsigned int n)
{
	struct stor_pages l;
	u32 total = 0;

	for (unsigned int i = 0; i < n; i++)
		total += seg[i].len;
	stor_pages_start(&l, pfns, seg[0].addr % 4096, seg[0].len, total);
	for (unsigned int i = 0; i < n; i++)
		CHECK_EQ(stor_pages_add(&l, seg[i].addr, seg[i].len), 0);
	CHECK_EQ(l.len, total);
	return l;
}

#define LIST(...) ({ \
	const struct seg _s[] = { __VA_ARGS__ }; \
	list_of(_s, ARRAY_SIZE(_s)); \
})

TEST(one_segment_lies_anywhere)
{
	struct stor_pages l = LIST({ 0x5200, 512 });

	CHECK(l.nr == 1 && !l.bounced && l.offset == 0x200 && pfns[0] == 5);
	l = LIST({ 0x5200, 4096 });
	CHECK(l.nr == 2 && !l.bounced && l.offset == 0x200 && pfns[0] == 5 && pfns[1] == 6);
	l = LIST({ 0x5ffff, 2 });
	CHECK(l.nr == 2 && !l.bounced && l.offset == 0xfff && pfns[0] == 0x5f && pfns[1] == 0x60);
}

TEST(segments_that_obey_the_rule_stay)
{
	struct stor_pages l = LIST({ 0x5e00, 512 }, { 0x9000, 4096 }, { 0x20000, 8192 }, { 0x3000, 100 });

	CHECK(l.nr == 5 && !l.bounced && l.offset == 0xe00);
	CHECK(pfns[0] == 5 && pfns[1] == 9 && pfns[2] == 0x20 && pfns[3] == 0x21 && pfns[4] == 3);
}

TEST(offset_512_in_each_of_three)
{
	struct stor_pages l = LIST({ 0x5200, 3584 }, { 0x9200, 4096 }, { 0x20200, 3584 });

	CHECK(l.nr == 3 && l.bounced == 2 && l.offset == 512);
	CHECK(pfns[0] == 5 && pfns[1] == STOR_BOUNCE && pfns[2] == STOR_BOUNCE);
}

TEST(a_first_segment_that_ends_too_early_is_moved)
{
	struct stor_pages l = LIST({ 0x5000, 512 }, { 0x9000, 4096 }, { 0xb000, 512 });

	CHECK(l.nr == 3 && l.bounced == 1 && l.offset == 4096 - 512);
	CHECK(pfns[0] == STOR_BOUNCE && pfns[1] == 9 && pfns[2] == 0xb);
}

TEST(a_hole_in_the_middle_bounces_what_follows)
{
	struct stor_pages l = LIST({ 0x5000, 4096 }, { 0x9000, 512 }, { 0xb000, 4096 }, { 0xd000, 3584 });

	CHECK(l.nr == 3 && l.bounced == 2 && !l.offset);
	CHECK(pfns[0] == 5 && pfns[1] == STOR_BOUNCE && pfns[2] == STOR_BOUNCE);
}

TEST(pieces_of_one_page_are_one_page)
{
	struct stor_pages l = LIST({ 0x5000, 4096 }, { 0x9000, 512 }, { 0x9200, 512 });

	CHECK(l.nr == 2 && !l.bounced && pfns[1] == 9);
}

TEST(the_largest_transfer_fits_and_no_more)
{
	struct stor_pages l = LIST({ 0x5fff, STOR_MAX_TRANSFER });

	CHECK_EQ(l.nr, STOR_MAX_PAGES);
	CHECK_EQ(stor_pages_add(&l, 0, 1), 0);
	CHECK_EQ(stor_pages_add(&l, 0, 4096), -E2BIG);
	CHECK_EQ(l.nr, STOR_MAX_PAGES);
}

TEST(parts_cover_the_data_once)
{
	struct stor_pages l = LIST({ 0x5200, 3584 }, { 0x9200, 4096 }, { 0x20200, 3584 });
	u32 at, skip, len, sum = 0;

	for (u32 i = 0; i < l.nr; i++) {
		stor_pages_part(&l, i, &at, &skip, &len);
		CHECK_EQ(skip, sum);
		CHECK_EQ(at, i ? 0 : 512);
		CHECK(at + len <= 4096);
		sum += len;
	}
	CHECK_EQ(sum, 11264);
}

/* --- emulated twins --- */

TEST(an_accelerator_names_its_place)
{
	static const u8 rest[10] = { 0x99, 0x88 };
	struct stor_place p;
	u8 guid[16] = { };

	memcpy(guid + 6, rest, sizeof(rest));
	for (u32 i = 0; i < 4; i++) {
		guid[0] = i / 2;
		guid[4] = i % 2;
		CHECK(stor_ide_place(guid, &p));
		CHECK(p.channel == i / 2 && p.unit == i % 2);
	}
}

TEST(a_guid_that_is_no_place)
{
	struct stor_place p;
	u8 guid[16];

	for (u32 i = 0; i < 6; i++) {
		memset(guid, 0, sizeof(guid));
		guid[i] = 2;
		CHECK(!stor_ide_place(guid, &p));
	}
}
