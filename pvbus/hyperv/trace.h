/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: /sys/kernel/tracing/events/pvbus_vmbus/ */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pvbus_vmbus

#if !defined(PVBUS_HYPERV_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PVBUS_HYPERV_TRACE_H

#include <linux/tracepoint.h>
#include "internal.h"

TRACE_EVENT(vmbus_post,
	TP_PROTO(u32 type, u32 len, u32 connection, u16 status),
	TP_ARGS(type, len, connection, status),
	TP_STRUCT__entry(
		__field(u32, type)
		__field(u32, len)
		__field(u32, connection)
		__field(u16, status)
	),
	TP_fast_assign(
		__entry->type = type;
		__entry->len = len;
		__entry->connection = connection;
		__entry->status = status;
	),
	TP_printk("type %u length %u to connection %u: status %u", __entry->type, __entry->len,
		  __entry->connection, __entry->status)
);

TRACE_EVENT(vmbus_message,
	TP_PROTO(const struct hv_msg *msg, u32 len, int err),
	TP_ARGS(msg, len, err),
	TP_STRUCT__entry(
		__field(u32, type)
		__field(u32, len)
		__field(u32, relid)
		__field(u32, id)
		__field(u32, status)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->type = msg->type;
		__entry->len = len;
		__entry->relid = msg->relid;
		__entry->id = msg->id;
		__entry->status = msg->status;
		__entry->err = err;
	),
	TP_printk("type %u length %u relid %u id %u status %u: %d", __entry->type, __entry->len,
		  __entry->relid, __entry->id, __entry->status, __entry->err)
);

TRACE_EVENT(vmbus_channel_state,
	TP_PROTO(const struct hv_channel *hc, const char *what, int err),
	TP_ARGS(hc, what, err),
	TP_STRUCT__entry(
		__field(u32, relid)
		__field(u32, cpu)
		__field(const char *, what)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->relid = hc->pub.relid;
		__entry->cpu = hc->pub.cpu;
		__entry->what = what;
		__entry->err = err;
	),
	TP_printk("relid %u cpu %u %s: %d", __entry->relid, __entry->cpu, __entry->what,
		  __entry->err)
);

TRACE_EVENT(vmbus_channel_show,
	TP_PROTO(const struct hv_channel *hc, bool wake),
	TP_ARGS(hc, wake),
	TP_STRUCT__entry(
		__field(u32, relid)
		__field(u32, at)
		__field(bool, wake)
	),
	TP_fast_assign(
		__entry->relid = hc->pub.relid;
		__entry->at = hc->out.shown;
		__entry->wake = wake;
	),
	TP_printk("relid %u shown up to %u, host %s", __entry->relid, __entry->at,
		  __entry->wake ? "woken" : "awake")
);

TRACE_EVENT(vmbus_channel_event,
	TP_PROTO(const struct hv_channel *hc),
	TP_ARGS(hc),
	TP_STRUCT__entry(
		__field(u32, relid)
		__field(u32, at)
	),
	TP_fast_assign(
		__entry->relid = hc->pub.relid;
		__entry->at = hc->in.at;
	),
	TP_printk("relid %u read up to %u", __entry->relid, __entry->at)
);

#endif /* PVBUS_HYPERV_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH hyperv
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
