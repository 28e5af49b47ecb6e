/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A channel's rings and the packets in them. Specification: OpenVMM vmbus_ring.
 *
 * A channel has two rings, each a control page and a number of pages of data. Both indices are
 * offsets into the data; they are equal if and only if the ring is empty.
 */
#ifndef ABI_HYPERV_RING_H
#define ABI_HYPERV_RING_H

#include <linux/stddef.h>
#include <linux/types.h>

#define VMBUS_RING_PENDING_SZ		1u	/* feature: pending_send_sz is honoured */

struct vmbus_ring_page {
	u32 write_index;
	u32 read_index;
	u32 interrupt_mask;	/* the reader's: no signal for new packets */
	u32 pending_send_sz;	/* the writer's: signal when that much room comes about */
	u32 reserved[12];
	u32 features;
	u8 reserved2[4096 - 68];
};

/* Before a packet; offset and length count 8 bytes each, from here */
struct vmbus_packet {
	u16 type;
	u16 offset8;		/* of the payload */
	u16 len8;		/* payload included, trailer not */
	u16 flags;
	u64 id;
};

#define VMBUS_PACKET_WANT_COMPLETION	1
#define VMBUS_PACKET_TRAILER		8	/* its upper half: where the packet began */

enum vmbus_packet_type {
	VMBUS_PACKET_INBAND		= 0x6,
	VMBUS_PACKET_XFER_PAGES		= 0x7,
	VMBUS_PACKET_GPA_DIRECT		= 0x9,
	VMBUS_PACKET_COMPLETION		= 0xb,
};

/* Between a GPA_DIRECT packet's descriptor and its payload: one range of pages */
struct vmbus_gpa_direct {
	u32 reserved;
	u32 ranges;
	u32 byte_count;
	u32 byte_offset;
	/* followed by u64 page frame numbers */
};

_Static_assert(sizeof(struct vmbus_ring_page) == 4096, "vmbus_ring_page");
_Static_assert(offsetof(struct vmbus_ring_page, pending_send_sz) == 12, "pending_send_sz");
_Static_assert(offsetof(struct vmbus_ring_page, features) == 64, "features");
_Static_assert(sizeof(struct vmbus_packet) == 16, "vmbus_packet");
_Static_assert(offsetof(struct vmbus_packet, id) == 8, "vmbus_packet.id");
_Static_assert(sizeof(struct vmbus_gpa_direct) == 16, "vmbus_gpa_direct");

#endif /* ABI_HYPERV_RING_H */
