/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the storage front-end that turns bytes into meaning: packets, what a status asks of
 * us, pages of a transfer. No kernel call in it: unit tests and fuzzers run the very same code.
 *
 * Nothing the host writes is believed: it has been copied, is checked here, and then used.
 */
#ifndef STORVSC_CORE_H
#define STORVSC_CORE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "kshim.h"
#endif
#include <abi/hyperv/vstor.h>

/* --- packets --- */

/**
 * struct stor_dialect - what a version of the protocol changes
 * @version: VSTOR_VERSION_*
 * @packet: size of every packet
 * @srb: size of an SRB
 * @sense: most sense data an answer holds
 */
struct stor_dialect {
	u16 version;
	u8 packet;
	u8 srb;
	u8 sense;
};

#define STOR_NR_DIALECTS	5
extern const struct stor_dialect stor_dialects[STOR_NR_DIALECTS];	/* newest first */

/**
 * struct stor_req - a SCSI command, before it is encoded
 * @cdb: the command
 * @cdb_len: its length, 16 at most
 * @path: where it goes
 * @target: where it goes
 * @lun: where it goes
 * @direction: VSTOR_DATA_*
 * @tagged: the device queues commands
 * @len: bytes to transfer
 * @timeout: seconds
 */
struct stor_req {
	const u8 *cdb;
	u8 cdb_len;
	u8 path;
	u8 target;
	u8 lun;
	u8 direction;
	bool tagged;
	u32 len;
	u32 timeout;
};

void stor_build_srb(struct vstor_packet *p, const struct stor_dialect *d,
		    const struct stor_req *req);
void stor_build_op(struct vstor_packet *p, enum vstor_operation op);

/* What an answer says, checked */
struct stor_answer {
	u8 srb_status;
	u8 scsi_status;
	u8 sense_len;
	u8 sense[VSTOR_SENSE];
	u32 done;	/* bytes */
};

/* What a host says of itself */
struct stor_offer {
	u16 sub_channels;
	u32 max_transfer;	/* bytes, whole pages */
};

/* World-wide names of an adapter of Fibre Channel */
struct stor_wwn {
	u64 node;
	u64 port;
};

int stor_parse_wwn(const struct vstor_packet *p, u32 size, struct stor_wwn *w);
const char *stor_parse_answer(const struct vstor_packet *p, u32 size, const struct stor_dialect *d,
			      u32 len, struct stor_answer *a, u64 *value);
const char *stor_parse_offer(const struct vstor_packet *p, u32 size, struct stor_offer *o,
			     u64 *value);

#define STOR_PAGE		4096u
#define STOR_MAX_TRANSFER	(1024u * 1024u)	/* we ask for no more at a time */
#define STOR_MAX_PAGES		(STOR_MAX_TRANSFER / STOR_PAGE + 1)

/*
 * Ids of requests on the wire: never 0, which is what the host says unasked. Half of a word is the
 * tag, the other half tells its uses apart; more than a word cannot be exchanged at once
 * everywhere.
 */
#define STOR_ID_SHIFT	(4 * sizeof(long))

static inline unsigned long stor_id(u32 tag, u32 generation)
{
	return (unsigned long)generation << STOR_ID_SHIFT | (tag + 1);
}

/* Return: the tag; larger than any if there is none. */
static inline u32 stor_id_tag(unsigned long id)
{
	return (u32)(id & ((1UL << STOR_ID_SHIFT) - 1)) - 1;
}

/* --- what a status asks of us --- */

/* How a command ends for the midlayer */
enum stor_outcome {
	STOR_OK,		/* the SCSI status says how */
	STOR_ERROR,		/* to be tried again, a few times */
	STOR_RESET,		/* lost in a reset: to be sent again */
	STOR_REQUEUE,		/* to be sent again at once */
	STOR_NO_CONNECT,	/* nothing is there */
	STOR_NR_OUTCOMES
};

enum stor_then {
	STOR_NOTHING,
	STOR_RESCAN,		/* the device has changed: look at it again */
	STOR_REMOVE,		/* the device is gone */
};

/**
 * struct stor_verdict - what becomes of a command
 * @outcome: for the midlayer
 * @then: what else is to be done
 * @status: SCSI status
 * @sense: the answer's sense data are good
 * @made: no sense data came where there should be some: these are to stand in
 * @key: of the sense data, theirs or made
 * @asc: of the sense data
 * @ascq: of the sense data
 * @quiet: nothing for the log
 * @done: bytes that were transferred
 */
struct stor_verdict {
	enum stor_outcome outcome;
	enum stor_then then;
	u8 status;
	bool sense;
	bool made;
	u8 key;
	u8 asc;
	u8 ascq;
	bool quiet;
	u32 done;
};

void stor_judge(const struct stor_answer *a, const u8 *cdb, struct stor_verdict *v);
bool stor_refused(const struct stor_dialect *d, const u8 *cdb);

/* --- pages --- */

#define STOR_BOUNCE	(~0ull)		/* instead of a page's number: a page of our own */

/**
 * struct stor_pages - the pages of a transfer
 * @pfn: their numbers, room for STOR_MAX_PAGES
 * @nr: how many there are
 * @bounced: how many of them are STOR_BOUNCE
 * @offset: of the data in the first page
 * @len: of the data so far, in bytes
 */
struct stor_pages {
	u64 *pfn;
	u32 nr;
	u32 bounced;
	u32 offset;
	u32 len;
};

void stor_pages_start(struct stor_pages *l, u64 *pfn, u32 offset, u32 len, u32 total);
int stor_pages_add(struct stor_pages *l, u64 addr, u32 len);
void stor_pages_part(const struct stor_pages *l, u32 page, u32 *at, u32 *skip, u32 *len);

/* --- emulated twins --- */

/**
 * struct stor_place - where on an IDE controller a disk is
 * @channel: 0: primary, 1: secondary
 * @unit: 0: master, 1: slave
 */
struct stor_place {
	u32 channel;
	u32 unit;
};

bool stor_ide_place(const u8 *instance, struct stor_place *place);

#endif /* STORVSC_CORE_H */
