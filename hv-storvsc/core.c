// SPDX-License-Identifier: GPL-2.0-only
/* The core of the storage front-end; see core.h. */
#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <bus.h>
#endif
#include "core.h"

#define CHECK_CONDITION	0x02
#define STATUS_BUSY	0x08

enum {
	OP_TEST_UNIT_READY	= 0x00,
	OP_READ_6		= 0x08,
	OP_WRITE_6		= 0x0a,
	OP_INQUIRY		= 0x12,
	OP_MODE_SENSE_6		= 0x1a,
	OP_SET_WINDOW		= 0x24,
	OP_READ_10		= 0x28,
	OP_WRITE_10		= 0x2a,
	OP_WRITE_VERIFY_10	= 0x2e,
	OP_WRITE_SAME_10	= 0x41,
	OP_MODE_SENSE_10	= 0x5a,
	OP_ATA_16		= 0x85,
	OP_READ_16		= 0x88,
	OP_WRITE_16		= 0x8a,
	OP_WRITE_VERIFY_16	= 0x8e,
	OP_ATA_12		= 0xa1,
	OP_MAINTENANCE_IN	= 0xa3,
	OP_READ_12		= 0xa8,
	OP_WRITE_12		= 0xaa,
	OP_READ_CD		= 0xbe,
};

enum {
	KEY_NONE, KEY_RECOVERED, KEY_NOT_READY, KEY_MEDIUM, KEY_HARDWARE, KEY_ILLEGAL,
	KEY_ATTENTION,
};

/* --- packets --- */

const struct stor_dialect stor_dialects[STOR_NR_DIALECTS] = {
	{ VSTOR_VERSION_6_2, VSTOR_PACKET_LONG, VSTOR_SRB_LONG, VSTOR_SENSE },
	{ VSTOR_VERSION_6_0, VSTOR_PACKET_LONG, VSTOR_SRB_LONG, VSTOR_SENSE },
	{ VSTOR_VERSION_5_1, VSTOR_PACKET_LONG, VSTOR_SRB_LONG, VSTOR_SENSE },
	{ VSTOR_VERSION_4_2, VSTOR_PACKET_SHORT, VSTOR_SRB_SHORT, VSTOR_SENSE_SHORT },
	{ VSTOR_VERSION_2_0, VSTOR_PACKET_SHORT, VSTOR_SRB_SHORT, VSTOR_SENSE_SHORT },
};

void stor_build_op(struct vstor_packet *p, enum vstor_operation op)
{
	memset(p, 0, sizeof(*p));
	p->operation = op;
	p->flags = VSTOR_WANT_COMPLETION;
}

void stor_build_srb(struct vstor_packet *p, const struct stor_dialect *d,
		    const struct stor_req *req)
{
	static const u32 flags[] = {
		[VSTOR_DATA_OUT] = VSTOR_FLAG_OUT,
		[VSTOR_DATA_IN] = VSTOR_FLAG_IN,
		[VSTOR_DATA_NONE] = 0,
	};
	struct vstor_srb *s = &p->srb;

	stor_build_op(p, VSTOR_EXECUTE_SRB);
	s->length = d->srb;
	s->path = req->path;
	s->target = req->target;
	s->lun = req->lun;
	s->cdb_len = min_t(u8, req->cdb_len, VSTOR_CDB);
	memcpy(s->cdb, req->cdb, s->cdb_len);
	s->sense_len = d->sense;
	s->direction = req->direction;
	s->data_len = req->len;
	s->flags = VSTOR_FLAG_NO_SYNC | flags[req->direction];
	s->timeout = req->timeout;
	if (req->tagged) {
		s->flags |= VSTOR_FLAG_QUEUE_ACTION | VSTOR_FLAG_NO_FREEZE;
		s->queue_tag = VSTOR_UNTAGGED;
		s->queue_action = VSTOR_SIMPLE_TAG;
	}
}

/*
 * The answer to an SRB of @len bytes. @size: what the host sent, of which *@p is all that there is
 * room for.
 * Return: NULL, or what is wrong with it; *@value is then the number that is.
 */
const char *stor_parse_answer(const struct vstor_packet *p, u32 size, const struct stor_dialect *d,
			      u32 len, struct stor_answer *a, u64 *value)
{
	const struct vstor_srb *s = &p->srb;

	*value = size;
	if (size < d->packet)
		return "an answer is too short, bytes";
	if (size > sizeof(*p))
		return "an answer is too long, bytes";
	*value = p->operation;
	if (p->operation != VSTOR_COMPLETE_IO)
		return "an answer has operation";
	a->srb_status = s->srb_status;
	a->scsi_status = s->scsi_status;
	a->done = min_t(u32, s->data_len, len);
	a->sense_len = min_t(u8, s->sense_len, d->sense);
	memcpy(a->sense, s->sense, sizeof(a->sense));
	return NULL;
}

/* Return: as stor_parse_answer(). */
const char *stor_parse_offer(const struct vstor_packet *p, u32 size, struct stor_offer *o,
			     u64 *value)
{
	const struct vstor_properties *q = &p->properties;

	*value = size;
	if (size < VSTOR_HEAD + sizeof(*q))
		return "the properties are too short, bytes";
	if (size > sizeof(*p))
		return "the properties are too long, bytes";
	*value = q->max_transfer;
	if (q->max_transfer < STOR_PAGE)
		return "no page can be transferred at once, bytes";
	o->max_transfer = min_t(u32, q->max_transfer, STOR_MAX_TRANSFER) / STOR_PAGE * STOR_PAGE;
	o->sub_channels = q->flags & VSTOR_MULTI_CHANNEL ? q->max_sub_channels : 0;
	return NULL;
}

/*
 * An adapter has two pairs of names, of which the host has one in force at a time.
 * Return: 0 and that one in *@w; -EPROTO
 */
int stor_parse_wwn(const struct vstor_packet *p, u32 size, struct stor_wwn *w)
{
	const struct vstor_wwn *n = &p->wwn;

	if (size < VSTOR_HEAD + sizeof(*n) || size > sizeof(*p))
		return -EPROTO;
	w->node = get_unaligned_be64(n->primary_active ? n->primary_node : n->secondary_node);
	w->port = get_unaligned_be64(n->primary_active ? n->primary_port : n->secondary_port);
	return 0;
}

/* --- what a status asks of us --- */

enum {
	SRB_SUCCESS		= 0x01,
	SRB_ERROR		= 0x04,
	SRB_BUSY		= 0x05,
	SRB_INVALID_REQUEST	= 0x06,
	SRB_OVERRUN		= 0x12,
	SRB_INVALID_LUN		= 0x20,
};

/*
 * Codes that are no plain error. One that is not here is an error too, never a success: hosts have
 * come up with new ones before.
 */
static const struct {
	u8 code;
	u8 outcome;
} srb_codes[] = {
	{ SRB_SUCCESS,		STOR_OK },
	{ SRB_BUSY,		STOR_OK },		/* with a status to match */
	{ 0x07,			STOR_NO_CONNECT },	/* no such path */
	{ 0x08,			STOR_NO_CONNECT },	/* no device */
	{ 0x0a,			STOR_NO_CONNECT },	/* nobody could be selected */
	{ 0x0e,			STOR_RESET },		/* the bus was reset */
	{ 0x11,			STOR_NO_CONNECT },	/* no adapter */
	{ 0x16,			STOR_RESET },		/* flushed from a queue */
	{ SRB_INVALID_LUN,	STOR_NO_CONNECT },
	{ 0x21,			STOR_NO_CONNECT },	/* no such target */
};

/*
 * Commands that some hosts do not know and fail as if the device were broken, without sense data.
 * The midlayer shall hear what the standard has a device say. (Others make a success of them, which
 * has it parse an answer that is not there.)
 */
static const struct {
	u8 op;
	u8 byte;	/* only where this byte, under this mask, has this value */
	u8 mask;
	u8 value;
	u8 key;
	u8 asc;
} not_known[] = {
	{ OP_INQUIRY,		1, 0x01, 0x01, KEY_ILLEGAL, 0x24 },	/* page 0x80, as a rule */
	{ OP_MODE_SENSE_6,	2, 0x3f, 0x1c, KEY_ILLEGAL, 0x24 },
	{ OP_MODE_SENSE_10,	0, 0x00, 0x00, KEY_ILLEGAL, 0x20 },	/* Azure, 2026 */
	{ OP_MAINTENANCE_IN,	0, 0x00, 0x00, KEY_ILLEGAL, 0x20 },	/* Fibre Channel */
	{ OP_ATA_12,		0, 0x00, 0x00, KEY_ILLEGAL, 0x20 },	/* smartd */
	{ OP_ATA_16,		0, 0x00, 0x00, KEY_ILLEGAL, 0x20 },
	{ OP_TEST_UNIT_READY,	0, 0x00, 0x00, KEY_NOT_READY, 0x04 },
};

static bool find_sense(const struct stor_answer *a, struct stor_verdict *v)
{
	const u8 *s = a->sense;
	u8 format = s[0] & 0x7f;

	if (a->scsi_status != CHECK_CONDITION || !(a->srb_status & VSTOR_SRB_AUTOSENSE))
		return false;
	if ((format == 0x70 || format == 0x71) && a->sense_len >= 8) {
		v->key = s[2] & 0xf;
		v->asc = a->sense_len > 12 ? s[12] : 0;
		v->ascq = a->sense_len > 13 ? s[13] : 0;
		return true;
	}
	if ((format == 0x72 || format == 0x73) && a->sense_len >= 4) {
		v->key = s[1] & 0xf;
		v->asc = s[2];
		v->ascq = s[3];
		return true;
	}
	return false;
}

static void judge_sense(struct stor_verdict *v)
{
	bool capacity = v->asc == 0x2a && v->ascq == 0x09;
	/* About 3F/03 and 3F/0E, other inquiry data and LUNs, the midlayer knows what to do. */
	bool changed = v->asc == 0x3f && v->ascq != 0x03 && v->ascq != 0x0e;

	v->outcome = STOR_OK;
	v->quiet = v->key != KEY_MEDIUM && v->key != KEY_HARDWARE && v->key <= KEY_ATTENTION;
	if (capacity || changed) {
		v->outcome = STOR_REQUEUE;
		v->then = STOR_RESCAN;
		v->quiet = true;
	}
}

/* Reads and writes of the medium are whole or failed; any other answer may be a short one. */
static bool may_be_short(u8 op)
{
	switch (op) {
	case OP_READ_6:
	case OP_READ_10:
	case OP_READ_12:
	case OP_READ_16:
	case OP_READ_CD:
	case OP_WRITE_6:
	case OP_WRITE_10:
	case OP_WRITE_12:
	case OP_WRITE_16:
	case OP_WRITE_VERIFY_10:
	case OP_WRITE_VERIFY_16:
		return false;
	}
	return true;
}

static bool judge_not_known(const u8 *cdb, struct stor_verdict *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(not_known); i++) {
		if (cdb[0] != not_known[i].op ||
		    (cdb[not_known[i].byte] & not_known[i].mask) != not_known[i].value)
			continue;
		v->outcome = STOR_OK;
		v->status = CHECK_CONDITION;
		v->made = true;
		v->key = not_known[i].key;
		v->asc = not_known[i].asc;
		v->quiet = true;
		return true;
	}
	return false;
}

static enum stor_outcome code_outcome(u8 code)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(srb_codes); i++) {
		if (srb_codes[i].code == code)
			return srb_codes[i].outcome;
	}
	return STOR_ERROR;
}

/* There are no sense data: the SRB's status decides. */
static void judge_code(u8 code, const u8 *cdb, struct stor_verdict *v)
{
	if ((code == SRB_ERROR || code == SRB_INVALID_REQUEST) && judge_not_known(cdb, v))
		return;
	v->outcome = code_outcome(code);
	/* "All is well", and "look at the sense data", of which there are none */
	if (v->status && v->outcome == STOR_OK && code != SRB_BUSY)
		v->outcome = STOR_ERROR;
	v->quiet = v->outcome != STOR_ERROR;
	v->status = 0;
	if (code == SRB_BUSY)
		v->status = STATUS_BUSY;
	if (code == SRB_INVALID_LUN)
		v->then = STOR_REMOVE;
}

/**
 * stor_judge - what becomes of a command
 * @a: the host's answer
 * @cdb: the command, 16 bytes
 * @v: the verdict
 */
void stor_judge(const struct stor_answer *a, const u8 *cdb, struct stor_verdict *v)
{
	u8 code = a->srb_status & VSTOR_SRB_CODE;

	memset(v, 0, sizeof(*v));
	v->status = a->scsi_status;
	v->sense = find_sense(a, v);
	if (v->sense) {
		judge_sense(v);
	} else if (a->scsi_status && a->scsi_status != CHECK_CONDITION) {
		v->quiet = true;	/* busy, full, reserved: says enough */
	} else if (code == SRB_OVERRUN && !v->status && may_be_short(cdb[0])) {
		v->quiet = true;
	} else {
		/* A check condition without sense data would have the midlayer ask for them. */
		judge_code(code, cdb, v);
	}
	if (code == SRB_SUCCESS || code == SRB_OVERRUN)
		v->done = a->done;
	if (v->outcome != STOR_OK)
		v->done = 0;
}

/* Hosts before 6.0 are not to be sent these: they do worse than to refuse them. */
bool stor_refused(const struct stor_dialect *d, const u8 *cdb)
{
	return d->version <= VSTOR_VERSION_5_1 &&
	       (cdb[0] == OP_WRITE_SAME_10 || cdb[0] == OP_SET_WINDOW);
}

/* --- pages --- */

/*
 * The host takes one range of bytes in whole pages: data may start inside the first page and end
 * inside the last, and between them there is no gap. Data for which that does not hold goes through
 * pages of our own, here marked STOR_BOUNCE, and nothing else does.
 */

/**
 * stor_pages_start - begin a list
 * @l: the list
 * @pfn: room for the page numbers
 * @offset: of the first segment in its page
 * @len: of the first segment
 * @total: of the transfer
 *
 * A first segment that ends inside a page, with more to come, is itself what breaks the rule: it is
 * moved to the end of a page, so that the others may stay where they are.
 */
void stor_pages_start(struct stor_pages *l, u64 *pfn, u32 offset, u32 len, u32 total)
{
	*l = (struct stor_pages){ .pfn = pfn, .offset = offset % STOR_PAGE };
	if (len < total && (offset + len) % STOR_PAGE)
		l->offset = -len % STOR_PAGE;
}

/**
 * stor_pages_add - one more segment
 * @l: the list
 * @addr: where it lies in the guest's memory; it is contiguous there
 * @len: of the segment
 *
 * Return: 0; -E2BIG if the list is full.
 */
int stor_pages_add(struct stor_pages *l, u64 addr, u32 len)
{
	u32 pos, at, n;
	u64 pfn;

	for (; len; len -= n, addr += n, l->len += n) {
		pos = l->offset + l->len;
		at = pos % STOR_PAGE;
		n = min_t(u32, len, STOR_PAGE - at);
		pfn = addr % STOR_PAGE == at ? addr / STOR_PAGE : STOR_BOUNCE;
		if (pos / STOR_PAGE == l->nr) {
			if (l->nr == STOR_MAX_PAGES)
				return -E2BIG;
			l->pfn[l->nr++] = pfn;
			l->bounced += pfn == STOR_BOUNCE;
		} else if (l->pfn[l->nr - 1] != pfn) {
			l->bounced += l->pfn[l->nr - 1] != STOR_BOUNCE;
			l->pfn[l->nr - 1] = STOR_BOUNCE;
		}
	}
	return 0;
}

/**
 * stor_pages_part - which part of the data a page holds
 * @l: the list, complete
 * @page: which page
 * @at: where in the page it begins
 * @skip: bytes of data before it
 * @len: its length
 */
void stor_pages_part(const struct stor_pages *l, u32 page, u32 *at, u32 *skip, u32 *len)
{
	*at = page ? 0 : l->offset;
	*skip = page ? page * STOR_PAGE - l->offset : 0;
	*len = min_t(u32, STOR_PAGE - *at, l->len - *skip);
}

/**
 * stor_ide_place - where the disk of an accelerator is emulated
 * @instance: GUID of the accelerator as on the wire, 16 bytes: its first two groups, of 4 and 2
 *	bytes, say so
 * @place: filled in
 *
 * Return: false if there is no such place.
 */
bool stor_ide_place(const u8 *instance, struct stor_place *place)
{
	place->channel = instance[0] | instance[1] << 8 | instance[2] << 16 |
			 (u32)instance[3] << 24;
	place->unit = instance[4] | instance[5] << 8;
	return place->channel < 2 && place->unit < 2;
}
