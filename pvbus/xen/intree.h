/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lower half that rides on the kernel's own xenbus, where that is in charge of the host.
 *
 * The choice is made when pvbus is loaded, and from then on is a patched jump at the head of each
 * function, no indirect call. Contracts are those of the functions of the same name in xs.c,
 * xenbus.c, evtchn.c and grant.c.
 */
#ifndef PVBUS_XEN_INTREE_H
#define PVBUS_XEN_INTREE_H

#include <linux/jump_label.h>
#include <pvbus/xen.h>

#ifdef CONFIG_XEN_XENBUS_FRONTEND
DECLARE_STATIC_KEY_FALSE(intree_key);
#define in_tree()	static_branch_unlikely(&intree_key)
#else
#define in_tree()	false
#endif

void intree_init(void);
int intree_claim(struct pvbus_driver *drv);
void intree_release(struct pvbus_driver *drv);
int intree_switch_state(struct pvbus_xen_device *xdev, enum xenbus_state state);

char *intree_read(u32 tx, const char *dir, const char *node, unsigned int *len);
int intree_write(u32 tx, const char *dir, const char *node, const char *value);
int intree_rm(u32 tx, const char *dir, const char *node);
char **intree_directory(u32 tx, const char *dir, const char *node, unsigned int *n);
int intree_txn_start(u32 *tx);
int intree_txn_end(u32 tx, bool abort);
int intree_watch(struct pvbus_xs_watch *watch);
void intree_unwatch(struct pvbus_xs_watch *watch);

int intree_evtchn_open(struct pvbus_evtchn *ch, struct pvbus_xen_device *xdev);
void intree_evtchn_close(struct pvbus_evtchn *ch);
void intree_evtchn_notify(struct pvbus_evtchn *ch);
void intree_evtchn_eoi(struct pvbus_evtchn *ch, bool spurious);
int intree_evtchn_set_cpu(struct pvbus_evtchn *ch, unsigned int cpu);

int intree_refs_get(u32 *ref, unsigned int n);
void intree_refs_put(const u32 *ref, unsigned int n);
void intree_gnt_grant(u32 ref, u16 domid, struct page *page, bool readonly);
bool intree_gnt_end(u32 ref);

#endif /* PVBUS_XEN_INTREE_H */
