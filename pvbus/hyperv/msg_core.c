// SPDX-License-Identifier: GPL-2.0-only
/*
 * See msg_core.h. A host may send more than a message needs, newer ones and those that round up do;
 * less is no message, but for fields that versions before 1.1 and 5.0 did not have.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "msg_core.h"

static const u32 versions[] = {
	VMBUS_VERSION_WIN10_V5_3, VMBUS_VERSION_WIN10_V5_2, VMBUS_VERSION_WIN10_V5_1,
	VMBUS_VERSION_WIN10_V5, VMBUS_VERSION_WIN10_RS3, VMBUS_VERSION_WIN10, VMBUS_VERSION_WIN8_1,
	VMBUS_VERSION_WIN8, VMBUS_VERSION_WIN7, VMBUS_VERSION_WS2008,
};

/* hv_version_below - the next version to try. Return: the newest one below @version; 0 if none */
u32 hv_version_below(u32 version)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		if (versions[i] < version)
			return versions[i];
	}
	return 0;
}

/* hv_version_parse - "4.0" to a version that we know. Return: 0 or -EINVAL */
int hv_version_parse(const char *s, u32 *version)
{
	u32 part[2] = { 0, 0 };
	unsigned int i, n = 0;

	for (; *s; s++) {
		if (*s == '.' && !n)
			n = 1;
		else if (*s >= '0' && *s <= '9' && part[n] < 1000)
			part[n] = part[n] * 10 + (*s - '0');
		else
			return -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		if (n && versions[i] == VMBUS_VERSION(part[0], part[1])) {
			*version = versions[i];
			return 0;
		}
	}
	return -EINVAL;
}

/*
 * hv_contact - the first message
 * @version: asked for
 * @vp: virtual processor that takes the host's messages
 * @interrupts: guest-physical address of the shared page of event bits
 * @monitor: those of the two monitor pages
 */
void hv_contact(struct vmbus_contact *msg, u32 version, u32 vp, u64 interrupts, const u64 *monitor)
{
	memset(msg, 0, sizeof(*msg));
	msg->header.type = VMBUS_INITIATE_CONTACT;
	msg->version = version;
	msg->target_vp = vp;
	if (version >= VMBUS_VERSION_WIN10_V5)
		msg->target.sint = VMBUS_SINT;
	else
		msg->interrupt_page = interrupts;
	msg->monitor_to_guest = monitor[0];
	msg->monitor_to_host = monitor[1];
}

static u32 gpadl_header(struct hv_gpadl *g, struct vmbus_gpadl_header *msg)
{
	u32 n = min_t(u32, g->nr, VMBUS_GPADL_HEADER_PFNS);

	memset(msg, 0, sizeof(*msg));
	msg->header.type = VMBUS_GPADL_HEADER;
	msg->relid = g->relid;
	msg->gpadl = g->gpadl;
	msg->range_bytes = 8 + 8 * g->nr;
	msg->ranges = 1;
	msg->byte_count = g->nr << HV_PAGE_SHIFT;
	memcpy(msg->pfn, g->pfn, n * sizeof(u64));
	g->at = n;
	return offsetof(struct vmbus_gpadl_header, pfn) + n * sizeof(u64);
}

static u32 gpadl_body(struct hv_gpadl *g, struct vmbus_gpadl_body *msg)
{
	u32 n = min_t(u32, g->nr - g->at, VMBUS_GPADL_BODY_PFNS);

	memset(msg, 0, sizeof(*msg));
	msg->header.type = VMBUS_GPADL_BODY;
	msg->gpadl = g->gpadl;
	memcpy(msg->pfn, g->pfn + g->at, n * sizeof(u64));
	g->at += n;
	return offsetof(struct vmbus_gpadl_body, pfn) + n * sizeof(u64);
}

/*
 * hv_gpadl_next - the next message of those that tell the host of a list of pages
 * @g: the list; @g->at is 0 at first
 * @buf: gets the message, HV_MESSAGE_PAYLOAD bytes at most
 *
 * Return: the message's length, 0 when all has been told.
 */
u32 hv_gpadl_next(struct hv_gpadl *g, u8 *buf)
{
	if (!g->at && g->nr && g->nr <= VMBUS_GPADL_PFNS)
		return gpadl_header(g, (struct vmbus_gpadl_header *)buf);
	if (g->at && g->at < g->nr)
		return gpadl_body(g, (struct vmbus_gpadl_body *)buf);
	return 0;
}

union wire {
	struct vmbus_header header;
	struct vmbus_offer offer;
	struct vmbus_relid relid;
	struct vmbus_open_result open;
	struct vmbus_gpadl_created created;
	struct vmbus_gpadl_torndown torndown;
	struct vmbus_version_response version;
	struct vmbus_modify_response modify;
};

/* Length without which a message of @type says nothing; 0 for those that no host sends */
static u32 needs(u32 type)
{
	switch (type) {
	case VMBUS_OFFER:
		return offsetof(struct vmbus_offer, dedicated);
	case VMBUS_RESCIND:
		return sizeof(struct vmbus_relid);
	case VMBUS_OPEN_RESULT:
		return sizeof(struct vmbus_open_result);
	case VMBUS_GPADL_CREATED:
		return sizeof(struct vmbus_gpadl_created);
	case VMBUS_GPADL_TORNDOWN:
		return sizeof(struct vmbus_gpadl_torndown);
	case VMBUS_VERSION_RESPONSE:
		return offsetof(struct vmbus_version_response, reserved);
	case VMBUS_MODIFY_CHANNEL_RESPONSE:
		return sizeof(struct vmbus_modify_response);
	case VMBUS_ALL_OFFERS_DELIVERED:
	case VMBUS_UNLOAD_COMPLETE:
		return sizeof(struct vmbus_header);
	}
	return 0;
}

static void parse_offer(struct hv_msg *msg, const struct vmbus_offer *w)
{
	struct hv_offer *o = &msg->offer;

	msg->relid = w->relid;
	memcpy(o->class, w->class, sizeof(o->class));
	memcpy(o->instance, w->instance, sizeof(o->instance));
	memcpy(o->user, w->user, sizeof(o->user));
	o->index = w->subchannel;
	o->flags = w->flags;
	o->dedicated = w->dedicated & 1;
	o->connection = w->connection;
	o->has_monitor = (w->monitor_allocated & 1) && w->monitor < HV_MONITORS;
	o->monitor = o->has_monitor ? w->monitor : 0;
}

static void parse_fields(struct hv_msg *msg, const union wire *w)
{
	switch (msg->type) {
	case VMBUS_OFFER:
		parse_offer(msg, &w->offer);
		break;
	case VMBUS_RESCIND:
		msg->relid = w->relid.relid;
		break;
	case VMBUS_OPEN_RESULT:
		msg->relid = w->open.relid;
		msg->id = w->open.open_id;
		msg->status = w->open.status;
		break;
	case VMBUS_GPADL_CREATED:
		msg->relid = w->created.relid;
		msg->id = w->created.gpadl;
		msg->status = w->created.status;
		break;
	case VMBUS_GPADL_TORNDOWN:
		msg->id = w->torndown.gpadl;
		break;
	case VMBUS_VERSION_RESPONSE:
		msg->status = !w->version.supported ? 1 : w->version.state;
		msg->connection = w->version.connection;
		break;
	case VMBUS_MODIFY_CHANNEL_RESPONSE:
		msg->relid = w->modify.relid;
		msg->status = w->modify.status;
		break;
	}
}

/*
 * hv_msg_parse - understand a message of the host's
 * @payload: nobody else's any more
 * @len: its length
 *
 * Return: 0; -EPROTO if it is too short for what it says it is, or longer than messages get;
 * -ENOMSG if we do not know its type, which then is in @msg.
 */
int hv_msg_parse(struct hv_msg *msg, const void *payload, u32 len)
{
	union wire w;
	u32 need;

	memset(msg, 0, sizeof(*msg));
	memset(&w, 0, sizeof(w));
	if (len < sizeof(w.header) || len > HV_MESSAGE_PAYLOAD)
		return -EPROTO;
	memcpy(&w, payload, min_t(u32, len, sizeof(w)));
	msg->type = w.header.type;
	need = needs(msg->type);
	if (!need)
		return -ENOMSG;
	if (len < need)
		return -EPROTO;
	parse_fields(msg, &w);
	return 0;
}

/* hv_msg_answers - is this what somebody waits for who asked for @type with these numbers? */
bool hv_msg_answers(const struct hv_msg *msg, u32 type, u32 relid, u32 id)
{
	if (msg->type != type)
		return false;
	switch (type) {
	case VMBUS_OPEN_RESULT:
	case VMBUS_GPADL_CREATED:
		return msg->relid == relid && msg->id == id;
	case VMBUS_GPADL_TORNDOWN:
		return msg->id == id;
	case VMBUS_MODIFY_CHANNEL_RESPONSE:
		return msg->relid == relid;
	}
	return true;
}
