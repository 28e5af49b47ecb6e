/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A channel's rings without the kernel. Compiled into pvbus and into the unit tests and fuzzers.
 *
 * The data is mapped twice, one copy behind the other, so that a packet lies in one piece wherever
 * it begins. Our own index of each ring is kept here, and what the host writes to the page's copy
 * of it is its affair; of the host's index every value is checked before use.
 */
#ifndef PVBUS_HYPERV_RING_CORE_H
#define PVBUS_HYPERV_RING_CORE_H

#include <linux/types.h>
#include <abi/hyperv/ring.h>

/**
 * struct hv_ring - our end of a ring
 * @page: control page, shared with the host
 * @data: shared with the host; @size bytes, mapped twice in a row
 * @size: multiple of 4096
 * @at: our index
 * @shown: our index as the host was told it last
 * @seen: the host's index as it was last looked at, and found good
 * @want: bytes that did not fit and that the host is to signal room for; 0: none
 * @told: there was room for them, and the owner knows
 */
struct hv_ring {
	struct vmbus_ring_page *page;
	u8 *data;
	u32 size;
	u32 at;
	u32 shown;
	u32 seen;
	u32 want;
	bool told;
};

/**
 * struct hv_pages - the pages that a GPA_DIRECT packet names
 * @offset: where in the first one the data begins
 * @len: bytes of data
 * @pfn: guest's frame numbers
 * @nr: how many
 */
struct hv_pages {
	u32 offset;
	u32 len;
	const u64 *pfn;
	u32 nr;
};

/**
 * struct hv_packet - what a packet that was taken out says
 * @type: any number
 * @flags: as on the wire
 * @id: as the host wrote it
 * @len: bytes of payload that were copied
 * @lost: bytes of payload there was no room for
 */
struct hv_packet {
	u16 type;
	u16 flags;
	u64 id;
	u32 len;
	u32 lost;
};

void hv_ring_init(struct hv_ring *r, void *page, void *data, u32 size);

int hv_ring_put(struct hv_ring *r, u16 type, u16 flags, u64 id, const struct hv_pages *pages,
		const void *payload, u32 len);
bool hv_ring_show(struct hv_ring *r);
bool hv_ring_waits(const struct hv_ring *r);
bool hv_ring_room_came(const struct hv_ring *r);
bool hv_ring_tell(struct hv_ring *r);

int hv_ring_get(struct hv_ring *r, void *buf, u32 size, struct hv_packet *pkt);
bool hv_ring_due(const struct hv_ring *r);
bool hv_ring_release(struct hv_ring *r);
bool hv_ring_filled(const struct hv_ring *r);

#endif /* PVBUS_HYPERV_RING_CORE_H */
