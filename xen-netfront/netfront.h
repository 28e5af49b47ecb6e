/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the network front-end share.
 *
 * An interface has queues; a queue has a ring to send and one to receive, and one NAPI instance
 * that serves both.
 *
 *   tx.c       skbs and XDP frames to the ring; what the host is through with
 *   rx.c       the ring to skbs and XDP programs; fresh pages to the ring; NAPI
 *   dev.c      the net_device
 *   connect.c  finding, losing and resuming a connection
 *   queue.c    making and freeing queues
 *   ctrl.c     the control ring: hashing; multicast filter
 *   ethtool.c  ethtool -S -g -G -l -L -c -C -k -i -x -X
 *   sysfs.c    what was agreed, a look into the rings
 *   main.c     the driver: probe, remove, parameters
 */
#ifndef NETFRONT_H
#define NETFRONT_H

#include <linux/etherdevice.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <bus.h>
#include <net.h>
#include <pvbus/xen.h>
#include "core.h"

#define NETFRONT_KEY_LEN	40	/* what a hash over two IPv6 addresses and ports takes */
#define NETFRONT_MAX_INDIR	128
#define NETFRONT_MAX_GROUPS	64	/* what Linux takes */
#define NETFRONT_XDP_MTU \
	(PAGE_SIZE - XDP_PACKET_HEADROOM - VLAN_ETH_HLEN - \
	 SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
#define NETFRONT_SPARE		18	/* pages kept for packets that are cut anew */

/**
 * struct netfront_tx - a request on its way, one to each slot of a transmit ring
 * @skb: the packet it is of; freed when all of its requests are answered
 * @xdpf: or the frame
 * @page: a page of ours the data was copied to, if it is not the slot's own place
 * @gnt: what was granted for this request alone; PVBUS_GNT_NONE if it went through the slot's place
 * @granted: the page behind @gnt
 */
struct netfront_tx {
	struct sk_buff *skb;
	struct xdp_frame *xdpf;
	struct page *page;
	struct page *granted;
	u32 gnt;
};

/* Counters of a direction; its owner changes them under @sync. Names: netfront_tx_names[] */
struct netfront_tx_stats {
	u64 packets;
	u64 bytes;
	u64 dropped;
	u64 errors;		/* the host said so */
	u64 gso;
	u64 copied;		/* requests whose data was copied */
	u64 granted;		/* requests whose data was granted as it lay */
	u64 recut;		/* packets of more pieces than slots */
	u64 doorbells;
	u64 stopped;		/* no room */
	u64 xdp;
	u64 timeouts;
};

struct netfront_rx_stats {
	u64 packets;
	u64 bytes;
	u64 dropped;
	u64 errors;		/* the host said so */
	u64 gso;
	u64 gso_csum_fixed;	/* unsegmented, yet not said to lack a checksum */
	u64 copied;		/* small enough to be copied whole */
	u64 no_memory;
	u64 doorbells;
	u64 xdp_pass;
	u64 xdp_drop;
	u64 xdp_tx;
	u64 xdp_redirect;
};

/**
 * struct netfront_queue - two rings and what their packets need
 * @nf: the interface
 * @index: number of the queue
 * @txq: the stack's side of it; its lock covers everything of the transmit side
 * @live: packets may be sent; changes under @txq's lock
 * @worked: NAPI has found something to do since it last acknowledged an event of @ch_rx (bit 0), of
 *	@ch_tx (bit 1)
 * @fired: bit 0: @ch_rx wants to be acknowledged; bit 1: @ch_tx does
 * @kicked: netfront_watch() has signalled already
 * @owed: it has found requests unanswered
 * @watched_at: how far both sides were then
 * @tx: transmit ring
 * @slot: what its requests are for
 * @stage_len: room in the place each slot has, granted as long as the connection lasts
 * @stage: pages of those places
 * @spare: pages for pieces larger than a place
 * @rx: receive ring; NAPI's
 * @rx_page: page of each slot
 * @ch_rx: events of both rings, or of the receive ring
 * @ch_tx: events of the transmit ring; port 0 if they come by @ch_rx
 */
struct netfront_queue {
	struct netfront *nf;
	unsigned int index;
	struct napi_struct napi;

	struct netdev_queue *txq ____cacheline_aligned_in_smp;
	bool live;
	bool kicked;
	bool owed;
	u32 watched_at;
	struct net_tx_ring tx;
	struct netfront_tx *slot;
	unsigned int stage_len;
	unsigned int nr_stage;
	struct page **stage;
	u32 *stage_ref;
	struct pvbus_gnt_pool tx_refs;
	struct page *spare[NETFRONT_SPARE];
	unsigned int nr_spare;
	struct netfront_tx_stats tx_stats;
	struct u64_stats_sync tx_sync;

	struct xen_ring rx ____cacheline_aligned_in_smp;
	struct page **rx_page;
	u32 *rx_ref;
	struct pvbus_gnt_pool rx_refs;
	struct page_pool *pool;
	struct xdp_rxq_info rxq;
	struct timer_list refill;
	struct netfront_rx_stats rx_stats;
	struct u64_stats_sync rx_sync;
	unsigned long worked;

	unsigned long fired;
	struct pvbus_evtchn ch_rx;
	struct pvbus_evtchn ch_tx;
	struct pvbus_ring_pages tx_pages;
	struct pvbus_ring_pages rx_pages;
};

/**
 * struct netfront_ctrl - control ring
 * @lock: one request at a time
 * @open: it can be used
 * @r: the ring
 * @page: granted to the host, for keys and tables
 * @answer: an event came
 */
struct netfront_ctrl {
	struct mutex lock;	/* see above */
	bool open;
	struct xen_ring r;
	struct pvbus_ring_pages ring;
	struct pvbus_ring_pages page;
	struct pvbus_evtchn ch;
	struct completion answer;
	unsigned int hash_size;	/* of the table that the host has of us */
};

enum netfront_phase {
	NF_IDLE,		/* no connection */
	NF_CONNECTING,		/* rings are published */
	NF_CONNECTED,
	NF_FAILED,		/* no connection, nor will there be without somebody's doing */
};

/* Bits of @todo: what netfront_work() is to do */
enum {
	NF_DO_START,		/* make a connection */
	NF_DO_RESET,		/* make a new one, because the host went wrong or does not answer */
	NF_DO_RENEW,		/* make a new one, because something else is wanted of it */
	NF_DO_CARRIER,		/* look at the back-end's carrier */
	NF_DO_MCAST,		/* tell the host which groups are wanted */
};

/**
 * struct netfront - an interface
 * @lock: phase, deal, rings and everything else that changes with the connection. Whoever holds
 *	it may take the RTNL, so operations of the net_device, which run under the RTNL, do not
 *	take it: they look at what is attached, and leave the rest to @work
 * @dying: the interface is going away
 * @attempts: connections lost to refusal or broken protocol since the last good one
 * @since: when the present one was made, or given up
 * @attached: queues may be used; under the RTNL, as are @want_queues and @xdp_prog
 * @rx_target: pages that each receive ring is to be filled up with
 * @tx_frames: packets answered that are worth an event, at most
 * @max_queues: length of @queue, of which the first deal.queues are in use
 * @groups: multicast groups the host's filter lets pass
 * @filter: it is in use
 * @nr_indir: length of @indir in use, by which the host spreads packets; 0 if it does not. Under
 *	the RTNL, for ethtool asks for it before it asks for the table
 * @indir_set: @indir is somebody's choice
 */
struct netfront {
	struct pvbus_xen_device *xdev;
	struct device *dev;
	struct net_device *netdev;
	struct mutex lock;	/* see above */
	enum netfront_phase phase;
	bool dying;
	bool registered;
	bool attached;
	bool bounce;
	bool carrier;
	unsigned int attempts;
	unsigned int reconnects;
	unsigned long since;
	unsigned long todo;
	u32 mtu_hint;
	struct net_offer offer;
	struct net_want want;
	struct net_deal deal;

	unsigned int max_queues;
	unsigned int want_queues;
	unsigned int rx_target;
	unsigned int tx_frames;
	struct netfront_queue *queue;
	struct bpf_prog __rcu *xdp_prog;

	struct netfront_ctrl ctrl;
	u8 key[NETFRONT_KEY_LEN];
	u32 indir[NETFRONT_MAX_INDIR];
	unsigned int nr_indir;
	bool indir_set;

	u8 groups[NETFRONT_MAX_GROUPS][ETH_ALEN];
	unsigned int nr_groups;
	bool filter;

	struct work_struct work;
	struct delayed_work patience;
	struct delayed_work watch;
	struct pvbus_xs_watch carrier_watch;
	struct dentry *debugfs;
};

extern struct workqueue_struct *netfront_wq;

/* Work for process context, from any. */
static inline void netfront_do(struct netfront *nf, unsigned int what)
{
	set_bit(what, &nf->todo);
	queue_work(netfront_wq, &nf->work);
}

/* main.c */
extern unsigned int netfront_timeout;
extern unsigned int netfront_copybreak;

/* queue.c */
void netfront_queue_init(struct netfront *nf, unsigned int index);
int netfront_queue_make(struct netfront_queue *q);
void netfront_queue_free(struct netfront_queue *q);
void netfront_events_close(struct netfront_queue *q);
void netfront_queues_start(struct netfront *nf);
void netfront_queues_stop(struct netfront *nf);
void netfront_fault(struct netfront_queue *q, const struct xen_ring *r);

/* tx.c */
netdev_tx_t netfront_xmit(struct sk_buff *skb, struct net_device *dev);
int netfront_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags);
bool netfront_xdp_tx(struct netfront *nf, struct xdp_frame *xdpf);
bool netfront_tx_mcast(struct netfront *nf, bool add, const u8 *addr);
bool netfront_tx_clean(struct netfront_queue *q, int budget);
void netfront_tx_kick(struct netfront_queue *q);
void netfront_tx_drain(struct netfront_queue *q);

/* rx.c */
int netfront_poll(struct napi_struct *napi, int budget);
void netfront_rx_drain(struct netfront_queue *q);
void netfront_refill(struct timer_list *t);

/* dev.c */
void netfront_watch(struct work_struct *work);
struct net_device *netfront_netdev_alloc(struct pvbus_xen_device *xdev, unsigned int queues);
int netfront_attach(struct netfront *nf);
void netfront_detach(struct netfront *nf);
void netfront_show_carrier(struct netfront *nf);

/* connect.c */
extern const char * const netfront_phases[];	/* names */
void netfront_follow(struct netfront *nf);
void netfront_disconnect(struct netfront *nf, bool end);
void netfront_restart(struct netfront *nf);
void netfront_work(struct work_struct *work);
void netfront_patience(struct work_struct *work);
void netfront_carrier_watch(struct netfront *nf);

/* ctrl.c */
void netfront_ctrl_open(struct netfront *nf);
void netfront_ctrl_close(struct netfront *nf);
void netfront_ctrl_setup(struct netfront *nf);
void netfront_ctrl_leave(struct netfront *nf);
int netfront_ctrl_set_key(struct netfront *nf);
int netfront_ctrl_set_indir(struct netfront *nf);
void netfront_mcast_update(struct netfront *nf);

/* ethtool.c */
extern const struct ethtool_ops netfront_ethtool_ops;

/* sysfs.c */
extern const struct attribute_group *netfront_groups[];
void netfront_debugfs_add(struct netfront *nf);

#endif /* NETFRONT_H */
