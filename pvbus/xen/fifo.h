/* SPDX-License-Identifier: GPL-2.0-only */
/* The FIFO event channel ABI, for evtchn.c */
#ifndef PVBUS_XEN_FIFO_H
#define PVBUS_XEN_FIFO_H

#include <linux/types.h>

int xen_fifo_start(void);
int xen_fifo_init_vcpu(u32 vcpu);
int xen_fifo_expand(u32 port);
int xen_fifo_renew(void);
void xen_fifo_upcall(u32 vcpu, void (*event)(u32 port));

bool xen_fifo_mask(u32 port);
void xen_fifo_unmask(u32 port);
bool xen_fifo_take_pending(u32 port);
bool xen_fifo_pending(u32 port);

#endif /* PVBUS_XEN_FIFO_H */
