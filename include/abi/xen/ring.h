/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared rings of request and response slots. Specification: xen/include/public/io/ring.h
 *
 * All indices run freely and wrap at 2^32; a slot is found by the index modulo the ring's size, a
 * power of two. Requests and responses share slots. An "event" field tells the other side at which
 * index it is to signal.
 */
#ifndef ABI_XEN_RING_H
#define ABI_XEN_RING_H

#include <linux/stddef.h>
#include <linux/types.h>

struct xen_ring_head {
	u32 req_prod;		/* front-end: one behind its newest request */
	u32 req_event;		/* back-end: signal me when req_prod passes this */
	u32 rsp_prod;		/* back-end: one behind its newest response */
	u32 rsp_event;		/* front-end: signal me when rsp_prod passes this */
	u8 pad[48];
};

_Static_assert(offsetof(struct xen_ring_head, rsp_event) == 12, "xen_ring_head.rsp_event");
_Static_assert(sizeof(struct xen_ring_head) == 64, "xen_ring_head");

#endif /* ABI_XEN_RING_H */
