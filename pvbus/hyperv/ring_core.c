// SPDX-License-Identifier: GPL-2.0-only
/* See ring_core.h. */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include "ring_core.h"

/* Bytes from index @from on to index @to */
static u32 ring_delta(const struct hv_ring *r, u32 from, u32 to)
{
	return to >= from ? to - from : to + r->size - from;
}

static u32 ring_wrap(const struct hv_ring *r, u32 index)
{
	return index >= r->size ? index - r->size : index;
}

/* Every packet is a multiple of 8 bytes long, so every index is one too. */
static bool index_ok(const struct hv_ring *r, u32 index)
{
	return index < r->size && !(index % 8);
}

/* hv_ring_init - an empty ring, on pages that are zero */
void hv_ring_init(struct hv_ring *r, void *page, void *data, u32 size)
{
	memset(r, 0, sizeof(*r));
	r->page = page;
	r->data = data;
	r->size = size;
	r->page->features = VMBUS_RING_PENDING_SZ;
}

/* -- to the host -- */

/* Free bytes; one must stay so, for a full ring would look like an empty one. */
static u32 ring_room(const struct hv_ring *r)
{
	return r->size - ring_delta(r, r->seen, r->at);
}

/* Look at the host's index again. Return: 0, or -EIO if it is impossible */
static int look_at_reader(struct hv_ring *r)
{
	u32 index = READ_ONCE(r->page->read_index);

	/* Not even impossible for an index, it may not pass what it was shown. */
	if (!index_ok(r, index) ||
	    ring_delta(r, r->seen, index) > ring_delta(r, r->seen, r->shown))
		return -EIO;
	r->seen = index;
	/* The host has read what lies before its index: only now may we write there. */
	virt_mb();
	return 0;
}

/*
 * No room: have the host tell. It reads packets, moves its index, then looks at what we want; we
 * say what we want, then look at its index. With a full barrier between the two steps on both
 * sides, either it sees our wish or we see its index. It signals when room reaches the wish: one
 * more than the packet, for a packet needs one byte more than its length. By room it means what it
 * has been shown: a wish while there is more would be reached too early, and never again.
 */
static int want_room(struct hv_ring *r, u32 bytes)
{
	int err;

	if (r->at != r->shown)
		return -EAGAIN;
	WRITE_ONCE(r->want, bytes);
	WRITE_ONCE(r->page->pending_send_sz, bytes + 1);
	/* The wish is there before we look. */
	virt_mb();
	err = look_at_reader(r);
	if (err)
		return err;
	return ring_room(r) > bytes ? 0 : -EAGAIN;
}

/*
 * The wish stands until its owner was told that it is fulfilled: if a smaller packet that found its
 * way in took it back, the host could miss it, and whoever waits would wait for ever.
 */
static void forget_wish(struct hv_ring *r)
{
	if (!READ_ONCE(r->told))
		return;
	WRITE_ONCE(r->told, false);
	WRITE_ONCE(r->want, 0);
	WRITE_ONCE(r->page->pending_send_sz, 0);
}

/* Return: 0 when there is room for @bytes, or the errno of hv_ring_put() */
static int make_room(struct hv_ring *r, u32 bytes)
{
	int err = 0;

	forget_wish(r);
	if (ring_room(r) <= bytes)
		err = look_at_reader(r);
	if (!err && ring_room(r) <= bytes)
		err = want_room(r, bytes);
	return err;
}

/* Return: behind what was written */
static u8 *put_pages(u8 *p, const struct hv_pages *pages)
{
	struct vmbus_gpa_direct gpa = {
		.ranges = 1, .byte_count = pages->len, .byte_offset = pages->offset
	};

	memcpy(p, &gpa, sizeof(gpa));
	memcpy(p + sizeof(gpa), pages->pfn, pages->nr * sizeof(u64));
	return p + sizeof(gpa) + pages->nr * sizeof(u64);
}

/*
 * hv_ring_put - add a packet; the host is not told before hv_ring_show()
 * @type: enum vmbus_packet_type
 * @flags: VMBUS_PACKET_WANT_COMPLETION or 0
 * @id: transaction id
 * @pages: pages that go with a GPA_DIRECT packet; NULL with others
 * @payload: its payload
 * @len: bytes of it
 *
 * Return: 0; -EAGAIN if there is no room: to be tried again after hv_ring_show(), and if there is
 * nothing to show, the host signals room; -EMSGSIZE if there never will be; -EIO if the host's
 * index is impossible.
 */
int hv_ring_put(struct hv_ring *r, u16 type, u16 flags, u64 id, const struct hv_pages *pages,
		const void *payload, u32 len)
{
	u64 head = sizeof(struct vmbus_packet), body, trailer = (u64)r->at << 32;
	struct vmbus_packet d = { .type = type, .flags = flags, .id = id };
	u8 *p = r->data + r->at;
	int err;

	if (pages)
		head += sizeof(struct vmbus_gpa_direct) + pages->nr * 8ull;
	body = head + (len + 7ull) / 8 * 8;
	if (body / 8 > U16_MAX || body + VMBUS_PACKET_TRAILER >= r->size)
		return -EMSGSIZE;
	err = make_room(r, body + VMBUS_PACKET_TRAILER);
	if (err)
		return err;
	d.offset8 = head / 8;
	d.len8 = body / 8;
	memcpy(p, &d, sizeof(d));
	if (pages)
		put_pages(p + sizeof(d), pages);
	memcpy(p + head, payload, len);
	memset(p + head + len, 0, body - head - len);
	memcpy(p + body, &trailer, sizeof(trailer));
	WRITE_ONCE(r->at, ring_wrap(r, r->at + body + VMBUS_PACKET_TRAILER));
	return 0;
}

/*
 * hv_ring_show - let the host see the packets that were added
 *
 * Return: whether the host sleeps and has to be signalled: it had read all it had been shown
 * before, and does not look by itself. Hosts punish guests that signal more than that.
 */
bool hv_ring_show(struct hv_ring *r)
{
	u32 old = r->shown;

	if (r->at == old)
		return false;
	/* The packets are there before the host can see them. */
	virt_wmb();
	r->shown = r->at;
	WRITE_ONCE(r->page->write_index, r->at);
	/*
	 * The host takes its mask off, then looks for packets once more, then sleeps; so we show
	 * our packets, then look at its mask. With a full barrier on both sides one of us sees the
	 * other.
	 */
	virt_mb();
	if (READ_ONCE(r->page->interrupt_mask))
		return false;
	/* A mask taken off after the host had read everything must not meet an older index. */
	virt_rmb();
	return READ_ONCE(r->page->read_index) == old;
}

/* hv_ring_waits - is the owner still to be told of room that hv_ring_put() found none of? */
bool hv_ring_waits(const struct hv_ring *r)
{
	return READ_ONCE(r->want) && !READ_ONCE(r->told);
}

/* hv_ring_room_came - and is there room now? Needs no lock */
bool hv_ring_room_came(const struct hv_ring *r)
{
	u32 index = READ_ONCE(r->page->read_index);

	/* Of an impossible one the next packet will tell. */
	return hv_ring_waits(r) &&
	       (!index_ok(r, index) ||
		r->size - ring_delta(r, index, READ_ONCE(r->at)) > READ_ONCE(r->want));
}

/*
 * hv_ring_tell - the same; if so, it is the caller's to tell the owner
 *
 * True once for each time that there was no room. Needs no lock.
 */
bool hv_ring_tell(struct hv_ring *r)
{
	if (!hv_ring_room_came(r))
		return false;
	WRITE_ONCE(r->told, true);
	return true;
}

/* -- from the host -- */

/* Look at the host's index again. Return: 0, or -EIO if it is impossible */
static int look_at_writer(struct hv_ring *r)
{
	u32 index = READ_ONCE(r->page->write_index);

	/* It may not go back, nor into what we have not given back yet. */
	if (!index_ok(r, index) ||
	    ring_delta(r, r->shown, index) < ring_delta(r, r->shown, r->seen))
		return -EIO;
	r->seen = index;
	/* What lies before the index is valid from the moment the index was, not before. */
	virt_rmb();
	return 0;
}

/*
 * hv_ring_get - take the next packet out; its room is given back by hv_ring_release()
 * @buf: gets the payload, as much as there is room for
 * @size: of @buf
 * @pkt: gets the rest
 *
 * Return: 1; 0 if the ring is empty; -EIO if the host's index or the packet's header is impossible.
 */
int hv_ring_get(struct hv_ring *r, void *buf, u32 size, struct hv_packet *pkt)
{
	struct vmbus_packet d;
	u32 there, head, body;

	if (r->at == r->seen && look_at_writer(r))
		return -EIO;
	there = ring_delta(r, r->at, r->seen);
	if (!there)
		return 0;
	if (there < sizeof(d) + VMBUS_PACKET_TRAILER)
		return -EIO;
	memcpy(&d, r->data + r->at, sizeof(d));
	barrier();	/* the copy is what is checked and used: the host may write any time */
	head = d.offset8 * 8u;
	body = d.len8 * 8u;
	if (head < sizeof(d) || head > body || body + VMBUS_PACKET_TRAILER > there)
		return -EIO;
	pkt->type = d.type;
	pkt->flags = d.flags;
	pkt->id = d.id;
	pkt->len = min_t(u32, body - head, size);
	pkt->lost = body - head - pkt->len;
	memcpy(buf, r->data + r->at + head, pkt->len);
	WRITE_ONCE(r->at, ring_wrap(r, r->at + body + VMBUS_PACKET_TRAILER));
	return 1;
}

/* hv_ring_due - have so many packets been taken out that the host should get their room back? */
bool hv_ring_due(const struct hv_ring *r)
{
	return ring_delta(r, r->shown, r->at) > r->size / 4;
}

/*
 * hv_ring_release - give the room of packets that were taken out back to the host
 *
 * Return: whether the host waits for room and has to be signalled: what it wants is there now, and
 * was not before.
 */
bool hv_ring_release(struct hv_ring *r)
{
	u32 freed = ring_delta(r, r->shown, r->at);
	u32 want, index, room;

	if (!freed)
		return false;
	/* Once it sees our index move the host may overwrite the packets: have them first. */
	virt_mb();
	r->shown = r->at;
	WRITE_ONCE(r->page->read_index, r->at);
	/* See want_room(), where the parts are the other way round. */
	virt_mb();
	want = READ_ONCE(r->page->pending_send_sz);
	if (!want)
		return false;
	/* A host takes its wish back after it has written; so no older index may meet the wish. */
	virt_rmb();
	index = READ_ONCE(r->page->write_index);
	if (!index_ok(r, index))
		return false;
	room = r->size - ring_delta(r, r->at, index);
	return room >= want && (room < freed || room - freed <= want);
}

/* hv_ring_filled - is there a packet that hv_ring_get() has not taken? */
bool hv_ring_filled(const struct hv_ring *r)
{
	return READ_ONCE(r->page->write_index) != r->at;
}
