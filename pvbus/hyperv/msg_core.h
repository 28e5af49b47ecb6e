/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMBus messages without the kernel: meaning out of what the host sent, bytes for what it is to
 * get. Compiled into pvbus and into the unit tests and fuzzers.
 */
#ifndef PVBUS_HYPERV_MSG_CORE_H
#define PVBUS_HYPERV_MSG_CORE_H

#include <linux/types.h>
#include <abi/hyperv/tlfs.h>
#include <abi/hyperv/vmbus.h>

/**
 * struct hv_offer - a channel the host offers
 * @class: GUID of its kind, as on the wire
 * @instance: GUID of its device
 * @user: the device's own
 * @index: 0 for a device's first channel
 * @flags: as on the wire
 * @dedicated: its events need no bit in the shared page
 * @connection: what to signal
 * @has_monitor: the host looks at a bit of the monitor page for it
 * @monitor: which
 */
struct hv_offer {
	u8 class[16];
	u8 instance[16];
	u8 user[VMBUS_USER_BYTES];
	u16 index;
	u16 flags;
	bool dedicated;
	u32 connection;
	bool has_monitor;
	u8 monitor;
};

/**
 * struct hv_msg - what a message of the host's says
 * @type: enum vmbus_message_type; the fields that it has are valid
 * @relid: channel
 * @id: open id or GPADL
 * @status: 0: done. Of a version response: 0 if supported and connected
 * @connection: of a version response
 * @offer: of an offer
 */
struct hv_msg {
	u32 type;
	u32 relid;
	u32 id;
	u32 status;
	u32 connection;
	struct hv_offer offer;
};

/**
 * struct hv_gpadl - a list of pages on its way to the host
 * @relid: channel it is for
 * @gpadl: its number, of our choice
 * @pfn: guest's frame numbers
 * @nr: how many; VMBUS_GPADL_PFNS at most
 * @at: how many went into messages already
 */
struct hv_gpadl {
	u32 relid;
	u32 gpadl;
	const u64 *pfn;
	u32 nr;
	u32 at;
};

u32 hv_version_below(u32 version);
int hv_version_parse(const char *s, u32 *version);
void hv_contact(struct vmbus_contact *msg, u32 version, u32 vp, u64 interrupts, const u64 *monitor);
u32 hv_gpadl_next(struct hv_gpadl *g, u8 *buf);
int hv_msg_parse(struct hv_msg *msg, const void *payload, u32 len);
bool hv_msg_answers(const struct hv_msg *msg, u32 type, u32 relid, u32 id);

#endif /* PVBUS_HYPERV_MSG_CORE_H */
