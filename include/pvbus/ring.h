/* SPDX-License-Identifier: GPL-2.0-only */
/* What every front-end does with a shared ring. No kernel call in it: unit tests run it too. */
#ifndef PVBUS_RING_H
#define PVBUS_RING_H

#ifdef __KERNEL__
#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/types.h>
#endif
#include <abi/xen/ring.h>

/**
 * struct xen_ring - our end of a ring
 * @head: shared with the host
 * @size: number of entries, a power of two
 * @stride: distance between them
 * @req_prod: next request goes here
 * @req_sent: requests up to here have been shown to the host
 * @rsp_cons: next response is taken from here
 * @rsp_seen: the host's producer, as checked last
 * @fault: how the host broke the protocol; NULL if it did not
 * @fault_value: the number that is wrong
 *
 * Two owners may work on it side by side: one adds and pushes, the other looks and takes.
 */
struct xen_ring {
	struct xen_ring_head *head;
	u32 size;
	u32 stride;
	u32 req_prod;
	u32 req_sent;
	u32 rsp_cons;
	u32 rsp_seen;
	const char *fault;
	u64 fault_value;
};

/* How many entries of @stride bytes a ring of @bytes has */
static inline u32 xen_ring_entries(u32 bytes, u32 stride)
{
	return rounddown_pow_of_two((bytes - sizeof(struct xen_ring_head)) / stride);
}

/* Set up an empty ring in @shared, zeroed memory of @bytes. */
static inline void xen_ring_init(struct xen_ring *r, void *shared, u32 bytes, u32 stride)
{
	*r = (struct xen_ring){ .head = shared, .stride = stride };
	r->size = xen_ring_entries(bytes, stride);
	/* Each side wants to hear of the other's first entry. */
	WRITE_ONCE(r->head->req_event, 1);
	WRITE_ONCE(r->head->rsp_event, 1);
}

static inline void *xen_ring_entry(const struct xen_ring *r, u32 index)
{
	return (u8 *)(r->head + 1) + (index & (r->size - 1)) * r->stride;
}

/* Show the host the requests that were added. Return: whether it sleeps and has to be woken. */
static inline bool xen_ring_push(struct xen_ring *r)
{
	u32 old = r->req_sent;

	if (old == r->req_prod)
		return false;
	WRITE_ONCE(r->req_sent, r->req_prod);
	/* Requests, and what answers are compared to, are there before the host can see them. */
	virt_wmb();
	WRITE_ONCE(r->head->req_prod, r->req_prod);
	/*
	 * The host sets req_event, then looks at req_prod once more, then sleeps. We set req_prod,
	 * then look at req_event. With a full barrier on both sides one of us sees the other;
	 * without, both could look too early and wait for ever.
	 */
	virt_mb();
	return (u32)(r->req_prod - READ_ONCE(r->head->req_event)) < (u32)(r->req_prod - old);
}

/* The host broke the protocol: nothing is taken from the ring any more. */
static inline int xen_ring_fault(struct xen_ring *r, const char *what, u64 value)
{
	r->fault = what;
	r->fault_value = value;
	return -EPROTO;
}

/* Return: how many responses wait; -EPROTO and r->fault, for good. */
static inline int xen_ring_look(struct xen_ring *r)
{
	u32 prod;

	if (r->fault)
		return -EPROTO;
	prod = READ_ONCE(r->head->rsp_prod);
	if (prod == r->rsp_seen)
		return prod - r->rsp_cons;
	/* Responses were written before rsp_prod was. Also pairs with xen_ring_push(). */
	virt_rmb();
	if (prod - r->rsp_cons > READ_ONCE(r->req_sent) - r->rsp_cons ||
	    prod - r->rsp_cons < r->rsp_seen - r->rsp_cons)
		return xen_ring_fault(r, "more responses than requests, producer", prod);
	r->rsp_seen = prod;
	return prod - r->rsp_cons;
}

/*
 * Ask for an event when @batch more responses than we know of are there. Return: whether there is
 * one already that we do not know of, so stay awake.
 */
static inline bool xen_ring_sleep(struct xen_ring *r, u32 batch)
{
	WRITE_ONCE(r->head->rsp_event, r->rsp_seen + batch);
	/* The same race as in xen_ring_push(), with sides swapped. */
	virt_mb();
	return READ_ONCE(r->head->rsp_prod) - r->rsp_seen >= batch;
}

#endif /* PVBUS_RING_H */
