/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to pvbus/xen: hypercalls as typed functions, and what its files tell each other. */
#ifndef PVBUS_XEN_INTERNAL_H
#define PVBUS_XEN_INTERNAL_H

#include <linux/types.h>
#include <abi/xen/xen.h>
#include <abi/xen/event_channel.h>
#include <abi/xen/grant_table.h>
#include "store.h"

struct pvbus_evtchn;

/* hcpage.S */
extern char xen_hypercall_page[];

/* hypercall.c; every one returns 0 or more, or a negative errno of Xen's, which are Linux's */
long xen_call(unsigned int nr, unsigned long cmd, void *arg);

static inline long xen_event_op(unsigned int cmd, void *arg)
{
	return xen_call(XEN_HC_EVENT_CHANNEL_OP, cmd, arg);
}

int xen_get_param(u32 index, u64 *value);
int xen_set_param(u32 index, u64 value);
int xen_map_frame(u32 space, unsigned long idx, unsigned long gfn);
void xen_unmap_frame(unsigned long gfn);

/* evtchn.c */
int xen_evtchn_adopt(struct pvbus_evtchn *ch, u64 port, void (*handler)(void *), void *data);
void xen_evtchn_abandon(struct pvbus_evtchn *ch);
void xen_events_lost(void);
int xen_shared_info_renew(void);
int xen_events_renew(void);

/* fifo.c */
extern unsigned long *xen_fifo_words;
int xen_fifo_start(void);
int xen_fifo_init_vcpu(u32 vcpu);
int xen_fifo_renew(void);
void xen_fifo_upcall(u32 vcpu, void (*event)(u32 port));

/* grant.c */
int xen_grants_renew(void);

/* xen.c */
void xen_store_suspend(void);
int xen_store_resume(void);

/* suspend.c */
void xen_suspend(void (*awake)(void));

#endif /* PVBUS_XEN_INTERNAL_H */
