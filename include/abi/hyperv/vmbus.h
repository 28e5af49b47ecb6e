/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMBus: the messages by which host and guest agree on channels. Specification: OpenVMM
 * vmbus_core/src/protocol.rs.
 */
#ifndef ABI_HYPERV_VMBUS_H
#define ABI_HYPERV_VMBUS_H

#include <linux/stddef.h>
#include <linux/types.h>

#define VMBUS_VERSION(major, minor)	((u32)(major) << 16 | (minor))
#define VMBUS_VERSION_WS2008		VMBUS_VERSION(0, 13)
#define VMBUS_VERSION_WIN7		VMBUS_VERSION(1, 1)
#define VMBUS_VERSION_WIN8		VMBUS_VERSION(2, 4)
#define VMBUS_VERSION_WIN8_1		VMBUS_VERSION(3, 0)
#define VMBUS_VERSION_WIN10		VMBUS_VERSION(4, 0)
#define VMBUS_VERSION_WIN10_RS3		VMBUS_VERSION(4, 1)
#define VMBUS_VERSION_WIN10_V5		VMBUS_VERSION(5, 0)
#define VMBUS_VERSION_WIN10_V5_1	VMBUS_VERSION(5, 1)
#define VMBUS_VERSION_WIN10_V5_2	VMBUS_VERSION(5, 2)
#define VMBUS_VERSION_WIN10_V5_3	VMBUS_VERSION(5, 3)

/* What hypercalls address */
#define VMBUS_CONNECTION_MESSAGES	1	/* until 4.1; later the host says which */
#define VMBUS_CONNECTION_EVENTS		2	/* of channels without a connection of their own */
#define VMBUS_CONNECTION_CONTACT	4	/* INITIATE_CONTACT from 5.0 on */
#define VMBUS_MESSAGE_TYPE		1	/* hv_message.type, hv_post_message.type */
#define VMBUS_SINT			2

#define VMBUS_RELIDS			2048	/* of channels; 0 is none */
#define VMBUS_USER_BYTES		120

enum vmbus_message_type {
	VMBUS_OFFER			= 1,
	VMBUS_RESCIND			= 2,
	VMBUS_REQUEST_OFFERS		= 3,
	VMBUS_ALL_OFFERS_DELIVERED	= 4,
	VMBUS_OPEN			= 5,
	VMBUS_OPEN_RESULT		= 6,
	VMBUS_CLOSE			= 7,
	VMBUS_GPADL_HEADER		= 8,
	VMBUS_GPADL_BODY		= 9,
	VMBUS_GPADL_CREATED		= 10,
	VMBUS_GPADL_TEARDOWN		= 11,
	VMBUS_GPADL_TORNDOWN		= 12,
	VMBUS_RELID_RELEASED		= 13,
	VMBUS_INITIATE_CONTACT		= 14,
	VMBUS_VERSION_RESPONSE		= 15,
	VMBUS_UNLOAD			= 16,
	VMBUS_UNLOAD_COMPLETE		= 17,
	VMBUS_MODIFY_CHANNEL		= 22,
	VMBUS_MODIFY_CHANNEL_RESPONSE	= 24,
	VMBUS_MESSAGE_TYPES		= 30,
};

struct vmbus_header {
	u32 type;
	u32 reserved;
};

/* Without more: REQUEST_OFFERS, ALL_OFFERS_DELIVERED, UNLOAD, UNLOAD_COMPLETE */

struct vmbus_contact {
	struct vmbus_header header;
	u32 version;
	u32 target_vp;		/* where the host's messages are to go */
	union {
		u64 interrupt_page;	/* until 4.1: guest-physical address */
		struct {
			u8 sint;	/* from 5.0 on */
			u8 vtl;
			u16 reserved;
			u32 features;	/* from 6.0 on */
		} target;
	};
	u64 monitor_to_guest;	/* guest-physical addresses of hv_monitor_page */
	u64 monitor_to_host;
};

struct vmbus_version_response {
	struct vmbus_header header;
	u8 supported;
	u8 state;		/* 0: connected */
	u16 reserved;
	u32 connection;		/* from 5.0 on: where messages are to go */
};

struct vmbus_offer {
	struct vmbus_header header;
	u8 class[16];
	u8 instance[16];
	u8 reserved1[16];
	u16 flags;
	u16 mmio_mb;
	u8 user[VMBUS_USER_BYTES];
	u16 subchannel;
	u16 mmio_mb_optional;
	u32 relid;
	u8 monitor;
	u8 monitor_allocated;	/* bit 0 */
	u16 dedicated;		/* bit 0; from 1.1 on, as is what follows */
	u32 connection;
};

/* With only a channel's number: RESCIND, CLOSE, RELID_RELEASED */
struct vmbus_relid {
	struct vmbus_header header;
	u32 relid;
};

struct vmbus_open {
	struct vmbus_header header;
	u32 relid;
	u32 open_id;
	u32 gpadl;
	u32 target_vp;
	u32 in_page;		/* the page of the GPADL that begins the ring to the guest */
	u8 user[VMBUS_USER_BYTES];
};

struct vmbus_open_result {
	struct vmbus_header header;
	u32 relid;
	u32 open_id;
	u32 status;
};

#define VMBUS_GPADL_HEADER_PFNS		26
#define VMBUS_GPADL_BODY_PFNS		28
#define VMBUS_GPADL_PFNS		8190	/* range_bytes has 16 bits */

struct vmbus_gpadl_header {
	struct vmbus_header header;
	u32 relid;
	u32 gpadl;
	u16 range_bytes;	/* of what follows and goes on in bodies */
	u16 ranges;
	u32 byte_count;
	u32 byte_offset;
	u64 pfn[VMBUS_GPADL_HEADER_PFNS];
} __attribute__((packed));

struct vmbus_gpadl_body {
	struct vmbus_header header;
	u32 reserved;
	u32 gpadl;
	u64 pfn[VMBUS_GPADL_BODY_PFNS];
};

struct vmbus_gpadl_created {
	struct vmbus_header header;
	u32 relid;
	u32 gpadl;
	u32 status;
};

struct vmbus_gpadl_teardown {
	struct vmbus_header header;
	u32 relid;
	u32 gpadl;
};

struct vmbus_gpadl_torndown {
	struct vmbus_header header;
	u32 gpadl;
};

struct vmbus_modify_channel {
	struct vmbus_header header;
	u32 relid;
	u32 target_vp;
};

struct vmbus_modify_response {
	struct vmbus_header header;
	u32 relid;
	u32 status;
};

_Static_assert(sizeof(struct vmbus_header) == 8, "vmbus_header");
_Static_assert(sizeof(struct vmbus_contact) == 40, "vmbus_contact");
_Static_assert(offsetof(struct vmbus_contact, target.features) == 20, "vmbus_contact.target");
_Static_assert(sizeof(struct vmbus_version_response) == 16, "vmbus_version_response");
_Static_assert(offsetof(struct vmbus_version_response, connection) == 12,
	       "vmbus_version_response.connection");
_Static_assert(sizeof(struct vmbus_offer) == 196, "vmbus_offer");
_Static_assert(offsetof(struct vmbus_offer, user) == 60, "vmbus_offer.user");
_Static_assert(offsetof(struct vmbus_offer, relid) == 184, "vmbus_offer.relid");
_Static_assert(offsetof(struct vmbus_offer, dedicated) == 190, "vmbus_offer.dedicated");
_Static_assert(sizeof(struct vmbus_relid) == 12, "vmbus_relid");
_Static_assert(sizeof(struct vmbus_open) == 148, "vmbus_open");
_Static_assert(sizeof(struct vmbus_open_result) == 20, "vmbus_open_result");
_Static_assert(sizeof(struct vmbus_gpadl_header) == 236, "vmbus_gpadl_header");
_Static_assert(offsetof(struct vmbus_gpadl_header, byte_count) == 20, "vmbus_gpadl_header.range");
_Static_assert(offsetof(struct vmbus_gpadl_header, pfn) == 28, "vmbus_gpadl_header.pfn");
_Static_assert(sizeof(struct vmbus_gpadl_body) == 240, "vmbus_gpadl_body");
_Static_assert(sizeof(struct vmbus_gpadl_created) == 20, "vmbus_gpadl_created");
_Static_assert(sizeof(struct vmbus_gpadl_teardown) == 16, "vmbus_gpadl_teardown");
_Static_assert(sizeof(struct vmbus_gpadl_torndown) == 12, "vmbus_gpadl_torndown");
_Static_assert(sizeof(struct vmbus_modify_channel) == 16, "vmbus_modify_channel");
_Static_assert(sizeof(struct vmbus_modify_response) == 16, "vmbus_modify_response");

#endif /* ABI_HYPERV_VMBUS_H */
