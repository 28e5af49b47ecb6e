/* SPDX-License-Identifier: GPL-2.0-only */
/* What every front-end does with a shared ring. No kernel call in it: unit tests run it too. */
#ifndef PVBUS_RING_H
#define PVBUS_RING_H

#ifdef __KERNEL__
#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/types.h>
#endif
#include <abi/xen/ring.h>

/**
 * xen_ring_push - show the host the requests that were added
 * @head: shared with the host
 * @sent: requests up to here have been shown already
 * @prod: behind the newest request
 *
 * Return: whether the host sleeps and has to be woken.
 */
static inline bool xen_ring_push(struct xen_ring_head *head, u32 *sent, u32 prod)
{
	u32 old = *sent;

	if (old == prod)
		return false;
	WRITE_ONCE(*sent, prod);
	/* Requests, and what answers are compared to, are there before the host can see them. */
	virt_wmb();
	WRITE_ONCE(head->req_prod, prod);
	/*
	 * The host sets req_event, then looks at req_prod once more, then sleeps. We set req_prod,
	 * then look at req_event. With a full barrier on both sides one of us sees the other;
	 * without, both could look too early and wait for ever.
	 */
	virt_mb();
	return (u32)(prod - READ_ONCE(head->req_event)) < (u32)(prod - old);
}

#endif /* PVBUS_RING_H */
