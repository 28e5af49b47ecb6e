/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM use_bus

#if !defined(USE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define USE_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(use_bus,
	TP_PROTO(const char *name),
	TP_ARGS(name),
	TP_STRUCT__entry(
		__string(name, name)
	),
	TP_fast_assign(
		pv_assign_str(name, name);
	),
	TP_printk("%s", __get_str(name))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE use-trace
#include <trace/define_trace.h>
