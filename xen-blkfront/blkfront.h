/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the block front-end share.
 *
 * A disk has rings, a ring has slots, a slot carries one request. Slots and grants are set aside
 * when the connection is made, so the I/O path allocates nothing. A request passes through here:
 *
 *   queue.c    reserve a slot and grants, map the data, encode, push, ring the doorbell; reap
 *              answers, end requests
 *   grants.c   what data is granted through: bare references, or pages of our own that stay granted
 *   connect.c  finding, losing and resuming a connection
 *   disk.c     the gendisk, its names and limits
 *   sysfs.c    what was agreed, counters, a look into the rings
 *   main.c     the driver: probe, remove, parameters
 */
#ifndef BLKFRONT_H
#define BLKFRONT_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <blk.h>
#include <bus.h>
#include <pvbus/xen.h>
#include "core.h"

/**
 * struct blkfront_io - a request on its way, one to each slot of a ring
 * @rq: the request; NULL if the slot is free
 * @gnts: chain of its grants, in the order of its segments
 * @indirect: page that holds its segments, if they do not fit into the slot
 */
struct blkfront_io {
	struct request *rq;
	struct blk_gnt *gnts;
	struct blk_gnt *indirect;
};

/* Counters of a ring; each is changed under one lock only, and read without */
struct blkfront_stats {
	u64 requests;		/* sq_lock from here */
	u64 indirect;
	u64 doorbells;
	u64 starved;		/* had to wait for a slot or grants */
	u64 responses;		/* cq_lock from here */
	u64 errors;
	u64 polled;		/* responses found without an event */
	u64 timeouts;
};

/**
 * struct blkfront_ring - a ring and what its requests need
 * @bf: the disk
 * @index: number of the ring
 * @poll: requests are polled for; the host is told that events are not wanted
 * @sq_lock: the submission side: slots, grants, the producer index
 * @cq_lock: the completion side; taken before @sq_lock
 * @live: requests may be sent, responses taken; changes under both locks
 * @open: @ch may be used; changes under both locks
 * @pooled: data is copied through pages of our own, which stay granted
 * @starved: a request had to wait; run the queue when something is free again
 * @r: the ring itself
 * @io: one for each slot
 * @free: grants not in use
 * @spare: in a pooled ring, grants without a page
 * @indirect: free grants of pages for segments
 * @refs: reserve the grant references come from
 * @gnt_mem: all grants: data first, then those for segments
 * @nr_gnts: how many data grants
 * @nr_indirect: how many others
 * @pages: shared memory of the ring
 */
struct blkfront_ring {
	struct blkfront *bf;
	unsigned int index;
	bool poll;

	spinlock_t sq_lock ____cacheline_aligned_in_smp;	/* submission, see above */
	bool live;
	bool open;
	bool pooled;
	bool starved;
	struct blk_ring r;
	struct blkfront_io *io;
	struct blk_gnts free;
	struct blk_gnts indirect;
	struct blk_gnts spare;
	struct work_struct grow;
	struct delayed_work purge;

	spinlock_t cq_lock ____cacheline_aligned_in_smp;	/* completion, see above */
	struct tasklet_struct tasklet;
	struct pvbus_evtchn ch;
	struct blkfront_stats stats;

	struct pvbus_gnt_pool refs;
	struct blk_gnt *gnt_mem;
	unsigned int nr_gnts;
	unsigned int nr_indirect;
	struct pvbus_ring_pages pages;
};

/* Private part of a request */
struct blkfront_cmd {
	struct blkfront_ring *ring;
	struct blkfront_cmd *next;	/* of those a reaper ends together */
	int slot;		/* -1: not on a ring; once there, changes under its cq_lock */
	blk_status_t status;	/* BLK_STS_AGAIN: to be sent once more */
	u8 timeouts;
};

enum blkfront_phase {
	BF_IDLE,		/* no connection; the queue waits for one */
	BF_CONNECTING,		/* rings are published */
	BF_CONNECTED,
	BF_FAILED,		/* no connection; I/O fails */
	BF_GONE,		/* unplugged */
};

/* Bits of @todo: what blkfront_work() is to do, and, the first two, blkfront_disk_work() */
enum {
	BF_DO_SHOW,		/* show the disk */
	BF_DO_LIMITS,		/* tell the block layer what was agreed on */
	BF_DO_FAIL,		/* give up the connection and fail what is in flight */
	BF_DO_RESET,		/* an answer is overdue: make a new connection */
	BF_DO_START,		/* make a connection */
};

/**
 * struct blkfront - a disk
 * @xdev: its device
 * @kref: one for the driver, one for each opener, one for @disk_work
 * @lock: phase, deal and everything that changes with the connection; never held over I/O
 * @dying: the disk is going away; what is in flight fails rather than waits
 * @unplug: the host wants the disk back; it gets it when the last opener is gone
 * @quiesced: the queue is held back; balances blk_mq_quiesce_queue()
 * @attempts: connections the back-end refused since the last good one
 * @resets: connections given up for an overdue answer since the last answer
 * @reconnects: connections after the first
 * @deal: what was agreed on
 * @rings: array of @max_rings, of which the first deal.queues + deal.poll_queues are in use, polled
 *	ones last
 * @map: ring of each hardware queue
 * @hw_queues: hardware queues without polled ones, fixed when the disk is made
 * @hw_poll: polled ones
 * @openers: how often the disk is open
 * @added: the disk is visible
 * @large: bios of requests made for larger limits than the back-end at hand has; under
 *	@large_lock
 */
struct blkfront {
	struct pvbus_xen_device *xdev;
	struct device *dev;
	struct kref kref;
	struct pvbus_noio_mutex lock;
	enum blkfront_phase phase;
	bool dying;
	bool unplug;
	bool quiesced;
	bool bounce;
	bool added;
	unsigned int attempts;
	unsigned int resets;
	unsigned int reconnects;
	unsigned long todo;
	u16 handle;
	struct blk_name name;
	struct blk_want want;
	struct blk_offer offer;		/* what the back-end has said */
	struct blk_deal deal;

	unsigned int max_rings;
	struct blkfront_ring *rings;
	struct blkfront_ring **map;
	unsigned int hw_queues;
	unsigned int hw_poll;

	struct gendisk *disk;
	struct blk_mq_tag_set tags;
	atomic_t openers;
	struct list_head link;		/* of disks, for their minors */
	struct work_struct work;
	struct work_struct disk_work;	/* shows the disk, or takes it away: both wait for I/O */
	struct delayed_work patience;
	spinlock_t large_lock;		/* @large */
	struct bio_list large;
	struct work_struct large_work;
	struct dentry *debugfs;
};

static inline unsigned int blkfront_nr_rings(const struct blkfront *bf)
{
	return bf->deal.queues + bf->deal.poll_queues;
}

static inline const char *blkfront_flush_name(u8 op)
{
	return op == BLK_OP_NONE ? "none" : op == BLKIF_OP_FLUSH_DISKCACHE ? "flush" : "barrier";
}

extern struct workqueue_struct *blkfront_wq;

/* Work for process context, from any. */
static inline void blkfront_do(struct blkfront *bf, unsigned int what)
{
	set_bit(what, &bf->todo);
	queue_work(blkfront_wq, &bf->work);
}

/* main.c */
extern unsigned int blkfront_timeout;
extern bool blkfront_has_major;	/* numbers of its own for the first disks */
void blkfront_put(struct blkfront *bf);

/* queue.c */
extern const struct blk_mq_ops blkfront_mq_ops;
void blkfront_ring_init(struct blkfront *bf, unsigned int index);
void blkfront_event(void *tasklet);
unsigned int blkfront_reap(struct blkfront_ring *ring, bool event);
void blkfront_drain(struct blkfront_ring *ring, bool replay);
void blkfront_resubmit(struct work_struct *work);

/* grants.c */
int blkfront_gnts_alloc(struct blkfront_ring *ring);
void blkfront_gnts_free(struct blkfront_ring *ring);
void blkfront_grow(struct work_struct *work);
void blkfront_purge(struct work_struct *work);

/* connect.c */
extern const char * const blkfront_phases[];	/* names */
void blkfront_follow(struct blkfront *bf);
void blkfront_stop(struct blkfront *bf);
void blkfront_disconnect(struct blkfront *bf, bool replay);
void blkfront_restart(struct blkfront *bf);
void blkfront_work(struct work_struct *work);
void blkfront_patience(struct work_struct *work);

/* disk.c */
int blkfront_name_claim(struct blkfront *bf, u64 vdev);
int blkfront_disk_make(struct blkfront *bf);
void blkfront_disk_free(struct blkfront *bf);
void blkfront_disk_work(struct work_struct *work);
void blkfront_disk_do(struct blkfront *bf, unsigned int what);
void blkfront_disk_todo(struct blkfront *bf);
void blkfront_take_away(struct blkfront *bf);

/* sysfs.c */
extern const struct attribute_group *blkfront_groups[];
void blkfront_debugfs_add(struct blkfront *bf);

#endif /* BLKFRONT_H */
