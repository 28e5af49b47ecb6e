/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: /sys/kernel/tracing/events/storvsc/ */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM storvsc

#if !defined(STORVSC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define STORVSC_TRACE_H

#include <linux/tracepoint.h>
#include "storvsc.h"

TRACE_EVENT(stor_submit,
	TP_PROTO(const struct stor_chan *chan, u32 tag, const struct scsi_cmnd *cmd, u32 pages,
		 u32 bounced),
	TP_ARGS(chan, tag, cmd, pages, bounced),
	TP_STRUCT__entry(
		__field(u32, relid)
		__field(u32, tag)
		__field(u32, lun)
		__field(u8, op)
		__field(u32, len)
		__field(u32, pages)
		__field(u32, bounced)
	),
	TP_fast_assign(
		__entry->relid = chan->ch->relid;
		__entry->tag = tag;
		__entry->lun = cmd->device->lun;
		__entry->op = cmd->cmnd[0];
		__entry->len = cmd->sdb.length;
		__entry->pages = pages;
		__entry->bounced = bounced;
	),
	TP_printk("channel %u tag %u lun %u command %#x bytes %u pages %u bounced %u",
		  __entry->relid, __entry->tag, __entry->lun, __entry->op, __entry->len,
		  __entry->pages, __entry->bounced)
);

TRACE_EVENT(stor_complete,
	TP_PROTO(const struct stor_chan *chan, u32 tag, u8 srb_status, u8 scsi_status,
		 int outcome),
	TP_ARGS(chan, tag, srb_status, scsi_status, outcome),
	TP_STRUCT__entry(
		__field(u32, index)
		__field(u32, tag)
		__field(u8, srb_status)
		__field(u8, scsi_status)
		__field(int, outcome)
	),
	TP_fast_assign(
		__entry->index = chan->index;
		__entry->tag = tag;
		__entry->srb_status = srb_status;
		__entry->scsi_status = scsi_status;
		__entry->outcome = outcome;
	),
	TP_printk("queue %u tag %u SRB status %#x SCSI status %#x outcome %d", __entry->index,
		  __entry->tag, __entry->srb_status, __entry->scsi_status, __entry->outcome)
);

TRACE_EVENT(stor_notify,
	TP_PROTO(const struct stor_chan *chan, bool wake),
	TP_ARGS(chan, wake),
	TP_STRUCT__entry(
		__field(u32, relid)
		__field(bool, wake)
	),
	TP_fast_assign(
		__entry->relid = chan->ch->relid;
		__entry->wake = wake;
	),
	TP_printk("channel %u, host %s", __entry->relid, __entry->wake ? "woken" : "awake")
);

TRACE_EVENT(stor_phase,
	TP_PROTO(const struct storvsc *st, int phase),
	TP_ARGS(st, phase),
	TP_STRUCT__entry(
		__string(name, dev_name(st->dev))
		__field(int, phase)
	),
	TP_fast_assign(
		pv_assign_str(name, dev_name(st->dev));
		__entry->phase = phase;
	),
	TP_printk("%s phase %d", __get_str(name), __entry->phase)
);

#endif /* STORVSC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
