/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: /sys/kernel/tracing/events/blkfront/ */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM blkfront

#if !defined(BLKFRONT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define BLKFRONT_TRACE_H

#include <linux/tracepoint.h>
#include "blkfront.h"

TRACE_EVENT(blkfront_submit,
	TP_PROTO(const struct blkfront_ring *ring, unsigned int slot, const struct blk_req *req),
	TP_ARGS(ring, slot, req),
	TP_STRUCT__entry(
		__field(u32, disk)
		__field(u32, ring)
		__field(u32, slot)
		__field(u8, op)
		__field(u16, segs)
		__field(u64, sector)
	),
	TP_fast_assign(
		__entry->disk = ring->bf->handle;
		__entry->ring = ring->index;
		__entry->slot = slot;
		__entry->op = req->op;
		__entry->segs = req->nr_segs;
		__entry->sector = req->sector;
	),
	TP_printk("disk %u ring %u slot %u op %u sector %llu segments %u", __entry->disk,
		  __entry->ring, __entry->slot, __entry->op, __entry->sector, __entry->segs)
);

TRACE_EVENT(blkfront_complete,
	TP_PROTO(const struct blkfront_ring *ring, const struct blk_rsp *rsp),
	TP_ARGS(ring, rsp),
	TP_STRUCT__entry(
		__field(u32, disk)
		__field(u32, ring)
		__field(u32, slot)
		__field(u8, op)
		__field(s16, status)
	),
	TP_fast_assign(
		__entry->disk = ring->bf->handle;
		__entry->ring = ring->index;
		__entry->slot = rsp->slot;
		__entry->op = rsp->op;
		__entry->status = rsp->status;
	),
	TP_printk("disk %u ring %u slot %u op %u status %d", __entry->disk, __entry->ring,
		  __entry->slot, __entry->op, __entry->status)
);

TRACE_EVENT(blkfront_notify,
	TP_PROTO(const struct blkfront_ring *ring, bool wake),
	TP_ARGS(ring, wake),
	TP_STRUCT__entry(
		__field(u32, disk)
		__field(u32, ring)
		__field(u32, req_prod)
		__field(bool, wake)
	),
	TP_fast_assign(
		__entry->disk = ring->bf->handle;
		__entry->ring = ring->index;
		__entry->req_prod = ring->r.r.req_sent;
		__entry->wake = wake;
	),
	TP_printk("disk %u ring %u pushed up to %u, host %s", __entry->disk, __entry->ring,
		  __entry->req_prod, __entry->wake ? "woken" : "awake")
);

TRACE_EVENT(blkfront_state,
	TP_PROTO(const struct blkfront *bf, int phase, int backend),
	TP_ARGS(bf, phase, backend),
	TP_STRUCT__entry(
		__field(u32, disk)
		__field(int, phase)
		__field(int, backend)
	),
	TP_fast_assign(
		__entry->disk = bf->handle;
		__entry->phase = phase;
		__entry->backend = backend;
	),
	TP_printk("disk %u phase %d back-end %d", __entry->disk, __entry->phase, __entry->backend)
);

#endif /* BLKFRONT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
