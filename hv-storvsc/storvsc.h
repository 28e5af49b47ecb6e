/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the storage front-end share.
 *
 * A controller has channels, one to a hardware queue, and slots, one to a tag; a slot carries one
 * command, on any channel. All of it is set aside when the connection is made first, so the I/O
 * path allocates nothing. A command passes through here:
 *
 *   queue.c    name its pages, encode, send, kick; take answers, end commands
 *   connect.c  opening channels, the handshake, losing and making connections
 *   host.c     the SCSI host: its limits, its devices coming and going, what is done about commands
 *              that are not answered
 *   fc.c       what the kernel's class of Fibre Channel shows of an adapter
 *   sysfs.c    what was agreed, counters, a look at channels and slots
 *   main.c     the driver: probe, remove, parameters
 */
#ifndef STORVSC_H
#define STORVSC_H

#include <linux/blk-mq.h>
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <bus.h>
#include <scsi.h>
#include <pvbus/vmbus.h>
#include "core.h"

#define STOR_MAX_CHANS		64U
#define STOR_CHAN_DEPTH		256	/* commands for each channel */
#define STOR_MAX_DEPTH		4096
#define VMBUS_2_4		0x20004u	/* of Windows Server 2012 */
#define VMBUS_3_0		0x30000u	/* and of 2012 R2 */
#define STOR_CTL_TAG		0xfffeu	/* of what is no SCSI command */

/* A page that stands in where a command's own cannot be named */
struct stor_bounce {
	struct stor_bounce *next;
	struct page *page;
	u32 at;			/* which part of the data it holds: see stor_pages_part() */
	u32 skip;
	u32 len;
};

/**
 * struct stor_slot - a command on its way, one to each tag
 * @id: on the wire; 0: the host has no business with it. Who changes it to 0 ends the command
 * @generation: distinguishes uses of one slot
 * @cmd: valid while @id is not 0, like all below
 * @chan: where it was sent
 * @bounce: pages that stand in for its own
 */
struct stor_slot {
	unsigned long id;
	u32 generation;
	struct scsi_cmnd *cmd;
	struct stor_chan *chan;
	struct stor_bounce *bounce;
};

/* Counters of a channel; each is changed under one lock only, and read without */
struct stor_stats {
	u64 commands;		/* out_lock from here */
	u64 doorbells;
	u64 starved;		/* no room, or no page to stand in */
	u64 bounced;		/* pages */
	u64 answers;		/* in_lock from here */
	u64 errors;
	u64 strays;		/* answers that nobody waits for */
	u64 polled;		/* answers found without an event */
	u64 events;
};

/**
 * struct stor_chan - a channel
 * @st: the controller
 * @index: number of the channel and its hardware queue
 * @cpu: CPU its events are for
 * @out_lock: the submission side
 * @in_lock: the completion side; commands end under it, so who has had it knows that an answer that
 *	was taken has been dealt with. Taken before @out_lock
 * @ch: lower half's; valid while @open
 * @open: @ch is there; under the controller's chan_lock
 * @up: packets may be sent; changes under @out_lock
 * @live: commands may be sent, too; changes under @out_lock
 * @taking: answers may be taken; changes under @in_lock
 * @unseen: something was sent since the last kick
 * @pfn: pages of the command being sent
 * @out: packet being sent
 * @in: packet just received
 */
struct stor_chan {
	struct storvsc *st;
	unsigned int index;
	unsigned int cpu;
	struct pvbus_channel *ch;
	bool open;

	spinlock_t out_lock ____cacheline_aligned_in_smp;	/* submission, see above */
	bool up;
	bool live;
	bool unseen;
	u64 *pfn;
	struct vstor_packet out;

	spinlock_t in_lock ____cacheline_aligned_in_smp;	/* completion, see above */
	bool taking;
	struct tasklet_struct tasklet;
	struct vstor_packet in;
	struct stor_stats stats;
};

enum stor_phase {
	STOR_CONNECTING,
	STOR_CONNECTED,
	STOR_SUSPENDED,		/* commands wait */
	STOR_FAILED,		/* no connection; commands fail */
	STOR_GONE,		/* taken away by the host */
};

enum stor_kind { STOR_SCSI, STOR_IDE, STOR_FC };

/* Something said to the host that is no SCSI command, one at a time; see stor_control() */
struct stor_ctl {
	struct mutex lock;		/* the one who speaks */
	struct completion done;
	unsigned long id;
	u32 generation;
	int err;
	u32 size;
	struct vstor_packet answer;
};

/**
 * struct storvsc - a controller
 * @vdev: its device
 * @lock: the connection: held while one is made or ended, never while commands are waited for
 * @chan_lock: which channels are open; held while one is opened or closed, never while answers are
 *	waited for
 * @phase: changes under @lock, but to STOR_GONE at any time
 * @dying: the driver lets go of it
 * @dialect: version agreed on; NULL before that
 * @offer: what the host can do
 * @wwn: names of an adapter of Fibre Channel
 * @max_chans: channels at most
 * @nr_chans: one for each hardware queue; fixed with the first connection
 * @welcome: sub-channels are opened; under @chan_lock
 * @map: channel of each hardware queue
 * @depth: number of @slot
 * @bounce_lock: @bounce, @nr_bounce
 * @bounce: pages that may stand in
 * @bounce_mem: all of them, enough for the largest transfer
 * @reconnects: connections after the first
 * @added: @host is known to the midlayer
 * @node: name of an accelerated IDE disk, once it is there
 * @twin_bus: where its emulated twin may turn up; NULL: nobody looks
 * @twin_nb: tells when
 */
struct storvsc {
	struct pvbus_vmbus_device *vdev;
	struct device *dev;
	struct Scsi_Host *host;
	enum stor_kind kind;
	struct pvbus_noio_mutex lock;
	struct mutex chan_lock;		/* see above */
	enum stor_phase phase;
	bool dying;
	bool added;
	unsigned int reconnects;
	const struct stor_dialect *dialect;
	struct stor_offer offer;
	struct stor_wwn wwn;

	unsigned int max_chans;
	unsigned int nr_chans;
	bool welcome;
	struct stor_chan *chan;
	struct stor_chan **map;
	unsigned int depth;
	struct stor_slot *slot;

	spinlock_t bounce_lock;		/* see above */
	unsigned int nr_bounce;
	struct stor_bounce *bounce;
	struct stor_bounce *bounce_mem;

	struct stor_ctl ctl;
	struct work_struct start_work;	/* make the first connection, look for devices */
	struct work_struct fail_work;	/* the host broke the protocol */
	struct work_struct scan_work;	/* devices came or went */
	struct work_struct device_work;	/* a device changed, or is gone */
	struct dentry *debugfs;

	char node[DISK_NAME_LEN];
	typeof(((struct device *)NULL)->bus) twin_bus;
	struct notifier_block twin_nb;
};

extern struct workqueue_struct *stor_wq;	/* for fail_work; the rest may wait for memory */

/**
 * struct stor_host - what a SCSI host has of its driver; it stays while anybody has a file open
 * @st: NULL once the driver has let go
 * @lock: held while the connection is reset, which users may ask for at any time
 */
struct stor_host {
	struct storvsc *st;
	struct mutex lock;		/* see above */
};

static inline struct storvsc *host_stor(struct Scsi_Host *host)
{
	return ((struct stor_host *)shost_priv(host))->st;
}

/* main.c */
extern unsigned int stor_timeout;
extern unsigned int stor_ring_kb;
extern bool stor_hold_twins;
extern bool stor_gaps;

/* queue.c */
int stor_slots_alloc(struct storvsc *st);
void stor_slots_free(struct storvsc *st);
void stor_chan_init(struct storvsc *st, unsigned int index);
void stor_event(struct pvbus_channel *ch);
void stor_reap(struct stor_chan *chan, bool event);
void stor_drain(struct storvsc *st, struct stor_chan *chan, enum stor_outcome outcome);
void stor_kick(struct stor_chan *chan);
enum scsi_qc_status stor_queuecommand(struct Scsi_Host *host, struct scsi_cmnd *cmd);
void stor_commit(struct Scsi_Host *host, u16 hwq);

/* connect.c */
extern const char * const stor_phases[];	/* names */
int stor_control(struct storvsc *st, struct vstor_packet *p, unsigned int seconds, u32 *size);
int stor_connect(struct storvsc *st);
void stor_disconnect(struct storvsc *st, enum stor_phase phase, enum stor_outcome outcome);
int stor_reconnect(struct storvsc *st);
void stor_give_up_waiting(struct storvsc *st);
unsigned int stor_nr_open(struct storvsc *st);

/* host.c */
int stor_host_add(struct storvsc *st);
void stor_host_remove(struct storvsc *st);
void stor_scan(struct work_struct *work);
void stor_devices(struct work_struct *work);
void stor_device_changed(struct scsi_device *sdev, enum stor_then then);

/* twin.c */
void stor_twin_hold(struct storvsc *st);
void stor_twin_release(struct storvsc *st);

/* fc.c */
void stor_fc_init(void);
void stor_fc_exit(void);
void stor_fc_prepare(struct storvsc *st, struct Scsi_Host *host);
void stor_fc_add(struct storvsc *st);
void stor_fc_show(struct storvsc *st);
void stor_fc_remove(struct storvsc *st);

/* sysfs.c */
extern const struct attribute_group *stor_groups[];
void stor_debugfs_add(struct storvsc *st);

#endif /* STORVSC_H */
