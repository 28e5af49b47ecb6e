/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: /sys/kernel/tracing/events/netfront/ */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM netfront

#if !defined(NETFRONT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NETFRONT_TRACE_H

#include <linux/tracepoint.h>
#include "netfront.h"

TRACE_EVENT(netfront_xmit,
	TP_PROTO(const struct netfront_queue *q, u32 len, bool sent),
	TP_ARGS(q, len, sent),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(u32, len)
		__field(u32, req_prod)
		__field(bool, sent)
	),
	TP_fast_assign(
		__entry->ifindex = q->nf->netdev->ifindex;
		__entry->queue = q->index;
		__entry->len = len;
		__entry->req_prod = q->tx.r.req_prod;
		__entry->sent = sent;
	),
	TP_printk("if %d queue %u length %u %s, requests up to %u", __entry->ifindex,
		  __entry->queue, __entry->len, __entry->sent ? "sent" : "dropped",
		  __entry->req_prod)
);

TRACE_EVENT(netfront_sent,
	TP_PROTO(const struct netfront_queue *q, u32 responses, u32 packets),
	TP_ARGS(q, responses, packets),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(u32, responses)
		__field(u32, packets)
	),
	TP_fast_assign(
		__entry->ifindex = q->nf->netdev->ifindex;
		__entry->queue = q->index;
		__entry->responses = responses;
		__entry->packets = packets;
	),
	TP_printk("if %d queue %u %u responses, %u packets done", __entry->ifindex,
		  __entry->queue, __entry->responses, __entry->packets)
);

TRACE_EVENT(netfront_receive,
	TP_PROTO(const struct netfront_queue *q, const struct net_rx_pkt *pkt),
	TP_ARGS(q, pkt),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(u32, index)
		__field(u32, slots)
		__field(u32, len)
		__field(u16, flags)
		__field(u16, gso_size)
	),
	TP_fast_assign(
		__entry->ifindex = q->nf->netdev->ifindex;
		__entry->queue = q->index;
		__entry->index = pkt->first;
		__entry->slots = pkt->slots;
		__entry->len = pkt->len;
		__entry->flags = pkt->flags;
		__entry->gso_size = pkt->gso_size;
	),
	TP_printk("if %d queue %u response %u slots %u length %u flags %#x gso %u",
		  __entry->ifindex, __entry->queue, __entry->index, __entry->slots, __entry->len,
		  __entry->flags, __entry->gso_size)
);

TRACE_EVENT(netfront_notify,
	TP_PROTO(const struct netfront_queue *q, const struct xen_ring *r, bool wake),
	TP_ARGS(q, r, wake),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, queue)
		__field(u32, req_prod)
		__field(bool, rx)
		__field(bool, wake)
	),
	TP_fast_assign(
		__entry->ifindex = q->nf->netdev->ifindex;
		__entry->queue = q->index;
		__entry->req_prod = r->req_sent;
		__entry->rx = r == &q->rx;
		__entry->wake = wake;
	),
	TP_printk("if %d queue %u %s pushed up to %u, host %s", __entry->ifindex, __entry->queue,
		  __entry->rx ? "rx" : "tx", __entry->req_prod,
		  __entry->wake ? "woken" : "awake")
);

TRACE_EVENT(netfront_state,
	TP_PROTO(const struct netfront *nf, int phase, int backend),
	TP_ARGS(nf, phase, backend),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(int, phase)
		__field(int, backend)
	),
	TP_fast_assign(
		__entry->ifindex = nf->netdev->ifindex;
		__entry->phase = phase;
		__entry->backend = backend;
	),
	TP_printk("if %d phase %d back-end %d", __entry->ifindex, __entry->phase,
		  __entry->backend)
);

#endif /* NETFRONT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
