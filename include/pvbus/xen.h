/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a front-end of Xen devices uses: the store, event channels, grants and the xenbus handshake.
 *
 * Kernel-doc of each function stands at its definition: pvbus/xen/{xs,xenbus,evtchn,grant}.c.
 */
#ifndef PVBUS_XEN_H
#define PVBUS_XEN_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <pvbus/pvbus.h>

/* States of a xenbus handshake: xen/include/public/io/xenbus.h */
enum xenbus_state {
	XENBUS_UNKNOWN		= 0,
	XENBUS_INITIALISING	= 1,
	XENBUS_INIT_WAIT	= 2,
	XENBUS_INITIALISED	= 3,
	XENBUS_CONNECTED	= 4,
	XENBUS_CLOSING		= 5,
	XENBUS_CLOSED		= 6,
	XENBUS_RECONFIGURING	= 7,
	XENBUS_RECONFIGURED	= 8,
};

#define XS_WATCH_MAX	288	/* a back-end's folder and a node in it */

/**
 * struct pvbus_xs_watch - tell me when something at or below a path changes
 * @fn: called in process context, once soon after registering and then after changes, never twice
 *	at once per watch. Changes that come faster than it can be called are told as one: what
 *	changed is at or below the path it gets, which is at or below the watched one. May sleep
 *	and use the store; must not register or unregister @watch itself
 */
struct pvbus_xs_watch {
	void (*fn)(struct pvbus_xs_watch *watch, const char *path);
	/* private to pvbus/xen/xs.c */
	char path[XS_WATCH_MAX];	/* "": not registered */
	struct list_head link;
	struct work_struct work;
	u32 token;
	bool pending;
	char changed[96];
	struct intree_xs_watch *kernel;		/* intree.c */
};

/**
 * struct pvbus_xen_device - a device behind xenbus
 * @pdev: what every pvbus device has
 * @node: its folder in the store, relative to the domain's own: "device/vbd/51712"
 * @backend: absolute folder of its back-end
 * @backend_id: domain the back-end lives in: whom to grant to, who may hold the other end of our
 *	ports
 * @state: the state we told last
 * @backend_state: the state we saw last
 *
 * @backend and @backend_id change only while no driver is bound or before its resume; all fields
 * are read-only for front-ends.
 */
struct pvbus_xen_device {
	struct pvbus_device pdev;
	const char *node;
	const char *backend;
	u16 backend_id;
	enum xenbus_state state;
	enum xenbus_state backend_state;
	/* private to pvbus/xen/xenbus.c */
	struct list_head link;
	struct delayed_work state_work;
	const char * const *stale;		/* what pvbus_xen_publish() wrote */
	struct pvbus_xs_watch watch;
	struct mutex lock;		/* @state and the node it is told in; @backend */
	unsigned long vanished;
	bool moved;
	bool asleep;
	bool gone;
};

#define to_pvbus_xen(p)	container_of(p, struct pvbus_xen_device, pdev)

const char *pvbus_xen_state_name(enum xenbus_state state);
int pvbus_xen_switch_state(struct pvbus_xen_device *xdev, enum xenbus_state state);
enum xenbus_state pvbus_xen_read_state(struct pvbus_xen_device *xdev);
int pvbus_xen_publish(struct pvbus_xen_device *xdev, const char * const *stale,
		      int (*fill)(u32 tx, void *data), void *data);
void pvbus_xen_goodbye(struct pvbus_xen_device *xdev, bool end);
__printf(3, 4) void pvbus_xen_error(struct pvbus_xen_device *xdev, int err, const char *fmt, ...);

/*
 * The store (pvbus/xen/xs.c). A transaction id of PVBUS_XS_NIL means: outside any transaction. A
 * path is @dir/@node, or the one of the two that is not "". Relative paths start at the domain's
 * own folder.
 */
#define PVBUS_XS_NIL	0u

char *pvbus_xs_read(u32 tx, const char *dir, const char *node, unsigned int *len);
__printf(4, 5) int pvbus_xs_printf(u32 tx, const char *dir, const char *node, const char *fmt, ...);
int pvbus_xs_rm(u32 tx, const char *dir, const char *node);
char **pvbus_xs_directory(u32 tx, const char *dir, const char *node, unsigned int *n);

int pvbus_xs_watch(struct pvbus_xs_watch *watch, const char *dir, const char *node);
void pvbus_xs_unwatch(struct pvbus_xs_watch *watch);

u64 pvbus_xen_read_num(struct pvbus_xen_device *xdev, const char *dir, const char *node, u64 dflt,
		       u64 min, u64 max);
int pvbus_xen_require_num(struct pvbus_xen_device *xdev, const char *dir, const char *node,
			  u64 *val, u64 min, u64 max);

/**
 * struct pvbus_evtchn - one end of an event channel
 * @port: our port number, for the store
 * @cpu: CPU that takes its upcalls
 * @handler: called in hard interrupt context with the channel masked: nothing arrives until
 *	pvbus_evtchn_eoi()
 * @data: argument of @handler
 * @events: upcalls so far
 * @notifies: pvbus_evtchn_notify() hypercalls so far; counted by the owner's lock
 * @spurious: upcalls told to have had no reason, in a row; slows re-arming down (defence against
 *	event storms, XSA-391)
 */
struct pvbus_evtchn {
	u32 port;
	unsigned int cpu;
	void (*handler)(void *data);
	void *data;
	u64 events;
	u64 notifies;
	unsigned int spurious;
	/* private to pvbus/xen/evtchn.c and intree.c */
	struct delayed_work rearm;
	unsigned int irq;
};

int pvbus_evtchn_open(struct pvbus_evtchn *ch, struct pvbus_xen_device *xdev, unsigned int cpu,
		      void (*handler)(void *), void *data);
void pvbus_evtchn_close(struct pvbus_evtchn *ch);
void pvbus_evtchn_notify(struct pvbus_evtchn *ch);
void pvbus_evtchn_eoi(struct pvbus_evtchn *ch, bool spurious);
int pvbus_evtchn_set_cpu(struct pvbus_evtchn *ch, unsigned int cpu);

/* Grants (pvbus/xen/grant.c). A reference of 0 is never handed out. */
#define PVBUS_GNT_NONE	0u

/**
 * struct pvbus_gnt_pool - references set aside for one queue, so that its I/O path never has to ask
 * @ref: stack of free references
 * @free: how many are on it
 *
 * Not locked: the queue's own lock covers it.
 */
struct pvbus_gnt_pool {
	u32 *ref;
	unsigned int free;
};

int pvbus_gnt_pool_init(struct pvbus_gnt_pool *pool, unsigned int size);
void pvbus_gnt_pool_destroy(struct pvbus_gnt_pool *pool);

static inline u32 pvbus_gnt_take(struct pvbus_gnt_pool *pool)
{
	return pool->free ? pool->ref[--pool->free] : PVBUS_GNT_NONE;
}

static inline void pvbus_gnt_put(struct pvbus_gnt_pool *pool, u32 ref)
{
	pool->ref[pool->free++] = ref;
}

void pvbus_gnt_grant(u32 ref, u16 domid, struct page *page, bool readonly);
bool pvbus_gnt_end(u32 ref);
bool pvbus_gnt_end_later(u32 ref, struct page *page);

/**
 * struct pvbus_ring_pages - zeroed pages shared with the back-end for as long as a connection lasts
 * @va: the pages, contiguous in virtual memory
 * @ref: one grant reference per page
 * @nr: number of pages
 */
#define PVBUS_RING_MAX_PAGES	16

struct pvbus_ring_pages {
	void *va;
	u32 ref[PVBUS_RING_MAX_PAGES];
	unsigned int nr;
};

int pvbus_ring_alloc(struct pvbus_xen_device *xdev, struct pvbus_ring_pages *ring, unsigned int nr);
void pvbus_ring_free(struct pvbus_ring_pages *ring);

#endif /* PVBUS_XEN_H */
