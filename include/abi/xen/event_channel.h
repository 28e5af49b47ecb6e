/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels. Specification: xen/include/public/event_channel.h, docs/designs/event-channels
 * (FIFO).
 */
#ifndef ABI_XEN_EVENT_CHANNEL_H
#define ABI_XEN_EVENT_CHANNEL_H

#define EVTCHNOP_close			3 /* this, send and unmask take the port, a u32 */
#define EVTCHNOP_send			4
#define EVTCHNOP_alloc_unbound		6
#define EVTCHNOP_bind_ipi		7
#define EVTCHNOP_bind_vcpu		8
#define EVTCHNOP_unmask			9
#define EVTCHNOP_init_control		11
#define EVTCHNOP_expand_array		12 /* takes the frame of a page of event words, a u64 */

struct xen_evtchn_alloc_unbound {
	u16 dom;		/* in: where the port is made */
	u16 remote_dom;		/* in: who may bind to it */
	u32 port;		/* out */
};

struct xen_evtchn_bind_ipi {
	u32 vcpu;		/* in */
	u32 port;		/* out */
};

struct xen_evtchn_bind_vcpu {
	u32 port;
	u32 vcpu;
};

/* FIFO: event words in pages of the guest's own, linked into one queue per priority and vCPU */
#define EVTCHN_FIFO_PENDING		31
#define EVTCHN_FIFO_MASKED		30
#define EVTCHN_FIFO_LINKED		29
#define EVTCHN_FIFO_LINK_BITS		17
#define EVTCHN_FIFO_LINK_MASK		((1u << EVTCHN_FIFO_LINK_BITS) - 1)
#define EVTCHN_FIFO_QUEUES		16
#define EVTCHN_FIFO_WORDS_PER_PAGE	1024u

struct xen_fifo_control {
	u32 ready;		/* one bit per queue that has events */
	u32 pad;
	u32 head[EVTCHN_FIFO_QUEUES];
};

struct xen_evtchn_init_control {
	u64 gfn;		/* in: frame of the control block */
	u32 offset;		/* in: where in the frame */
	u32 vcpu;		/* in */
	u8 link_bits;		/* out */
	u8 pad[7];
};

_Static_assert(sizeof(struct xen_evtchn_alloc_unbound) == 8, "xen_evtchn_alloc_unbound");
_Static_assert(sizeof(struct xen_evtchn_bind_ipi) == 8, "xen_evtchn_bind_ipi");
_Static_assert(sizeof(struct xen_evtchn_bind_vcpu) == 8, "xen_evtchn_bind_vcpu");
_Static_assert(sizeof(struct xen_fifo_control) == 72, "xen_fifo_control");
_Static_assert(sizeof(struct xen_evtchn_init_control) == 24, "xen_evtchn_init_control");

#endif /* ABI_XEN_EVENT_CHANNEL_H */
