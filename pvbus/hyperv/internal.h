/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to pvbus/hyperv: what its files tell each other. device.c uses channel.c, that gpadl.c,
 * that vmbus.c, that synic.c, that hypercall.c. Where the kernel's own VMBus is in charge ride.c
 * stands in for what is below channel.c.
 */
#ifndef PVBUS_HYPERV_INTERNAL_H
#define PVBUS_HYPERV_INTERNAL_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <pvbus/vmbus.h>
#include "msg_core.h"
#include "ring_core.h"

struct pvbus_hv_config;
struct pvbus_hv_ride;

/* hcpage.S */
extern char hv_hypercall_page[];

/* hypercall.c */
u64 hv_read_msr(u32 msr);
void hv_write_msr(u32 msr, u64 val);
void hv_signal(u32 connection);
int hv_post(u32 connection, const void *msg, u32 len);
void hv_post_in_panic(u32 connection, const void *msg, u32 len);
void hv_hypercalls_off(void);

/* synic.c: ways in which the host's events reach us, in the order in which they are tried */
enum hv_way { HV_WAY_PERCPU, HV_WAY_ACPI, HV_WAY_POLL_MASKED, HV_WAY_POLL, HV_WAYS };

const char *hv_way_name(enum hv_way way);
int hv_synic_start(enum hv_way way, const struct pvbus_hv_config *config);
void hv_synic_stop(void);
void hv_synic_share(void *bits);
u32 hv_vp_of(unsigned int cpu);
unsigned int hv_message_cpu(void);
unsigned int hv_event_cpu(unsigned int cpu);
bool hv_synic_take_in_panic(struct hv_message *msg);
void hv_synic_off_in_panic(void);

/**
 * struct hv_channel - a channel, and all that is its lower half's
 * @pub: what its owner sees
 * @link: in its device's list; under vmbus.lock
 * @ops: its owner's, from just before it is open until just after
 * @open: from pvbus_channel_open() to pvbus_channel_close()
 * @busy: being opened or closed
 * @rescinded: the host has taken it back
 * @gone: what says so: @rescinded, or the kernel's own
 * @kernel: the kernel's own channel that this one rides on; NULL: none
 * @told: its owner knows of this sub-channel
 * @masked: events are its owner's to look for
 * @dedicated: signals need no bit in the shared page
 * @has_monitor: signals are a bit in the monitor page
 * @monitor: which
 * @connection: what to signal
 * @out: ring to the host
 * @in: ring from the host
 * @page: of both rings
 * @nr_pages: how many
 * @nr_out: how many of them, from the first one on, are the outgoing ring's
 * @gpadl: by which the host knows them
 * @room: looks whether there is room, where the host does not say so
 */
struct hv_channel {
	struct pvbus_channel pub;
	struct list_head link;
	const struct pvbus_channel_ops *ops;
	bool open;
	bool busy;
	bool rescinded;
	const bool *gone;
	void *kernel;
	bool told;
	u32 masked;
	bool dedicated;
	bool has_monitor;
	u8 monitor;
	u32 connection;
	struct hv_ring out;
	struct hv_ring in;
	struct page **page;
	u32 nr_pages;
	u32 nr_out;
	u32 gpadl;
	struct timer_list room;
};

#define to_hv_channel(c)	container_of(c, struct hv_channel, pub)

/*
 * To be asked after hv_request_begin(): a channel that is taken back before that is told here, one
 * that is taken back later ends the request.
 */
static inline int hv_channel_gone(const struct hv_channel *hc)
{
	return READ_ONCE(*hc->gone) ? -ENODEV : 0;
}

/**
 * struct hv_device - a device, and all that is its lower half's
 * @vdev: what its driver sees
 * @link: in vmbus.devices
 * @channels: the primary first; under vmbus.lock
 * @work: does all that happens to the device, one thing at a time
 * @leaving: it has to go
 */
struct hv_device {
	struct pvbus_vmbus_device vdev;
	struct list_head link;
	struct list_head channels;
	struct delayed_work work;
	bool leaving;
};

#define to_hv_device(v)		container_of(v, struct hv_device, vdev)

/**
 * struct hv_origin - where an offer comes from
 * @parent: what a new device hangs below
 * @kernel: the kernel's own channel; NULL if the host has told us
 * @gone: set once the host has taken that back
 */
struct hv_origin {
	struct device *parent;
	void *kernel;
	const bool *gone;
};

/**
 * struct hv_vmbus - the connection with the host
 * @version: agreed on; 0: none
 * @connection: where messages go
 * @interrupts: page shared with hosts before 2.4: bits from the host, then bits to it
 * @monitor: pages shared with the host: to us, to it
 * @lock: @channel, @devices and the lists below them. Nobody waits for the host with it held
 * @cpus_lock: for reading while a channel is opened or freed, for writing while a CPU that leaves
 *	looks at channels. Not the kernel's own lock of CPUs, which may be held until our channels
 *	have been closed and opened again: who takes a CPU away waits for requests on its way
 * @channel: by relid; read in interrupts
 * @devices: struct hv_device
 * @nr_devices: how many
 * @offers: offers are welcome
 */
struct hv_vmbus {
	u32 version;
	u32 connection;
	unsigned long *interrupts;
	struct hv_monitor_page *monitor[2];
	struct mutex lock;	/* see above */
	struct rw_semaphore cpus_lock;	/* see above */
	struct hv_channel *channel[VMBUS_RELIDS];
	struct list_head devices;
	unsigned int nr_devices;
	bool offers;
};

extern struct hv_vmbus hv_vmbus;

/**
 * struct hv_request - somebody waits for an answer
 * @link: in the list of those who wait
 * @type: of the answer
 * @relid: channel it is about
 * @id: open id or GPADL it is about
 * @err: -EINPROGRESS until there is one, then 0, or -ENODEV
 * @answer: valid if @err is 0
 * @done: @err has changed
 */
struct hv_request {
	struct list_head link;
	u32 type;
	u32 relid;
	u32 id;
	int err;
	struct hv_msg answer;
	struct completion done;
};

/* vmbus.c */
void hv_request_begin(struct hv_request *rq, u32 type, u32 relid, u32 id);
int hv_request_wait(struct hv_request *rq, int err);
void hv_requests_abort(u32 relid);
int hv_send(const void *msg, u32 len);
void hv_message(const void *payload, u32 len);

/* gpadl.c */
int hv_rings_alloc(struct hv_channel *hc, u32 out_bytes, u32 in_bytes);
void hv_rings_free(struct hv_channel *hc);
int hv_gpadl_create(struct hv_channel *hc);
void hv_gpadl_teardown(struct hv_channel *hc);
void hv_lost_free(bool really);

/* channel.c */
void hv_channel_init(struct hv_channel *hc);
void hv_set_doorbell(void (*ring)(struct pvbus_channel *ch, void *kernel));
void hv_channel_event(u32 relid);
bool hv_cpu_movable(unsigned int cpu);
void hv_channels_leave_cpu(unsigned int cpu);

/* device.c */
void hv_offered(const struct hv_msg *msg);
void hv_rescinded(u32 relid);
int hv_take_offer(const struct hv_msg *msg, const struct hv_origin *from, struct hv_device **hd);
int hv_devices_start(struct device *parent);
void hv_devices_flush(void);
void hv_devices_stop(void);
void hv_device_wake(struct hv_device *hd);
void hv_forget_told(struct hv_device *hd);
void hv_drop_subs(struct hv_device *hd);

/* ride.c */
extern const struct pvbus_hv_ride *hv_ride;

int hv_ride_open(struct hv_channel *hc, u32 out_bytes, u32 in_bytes);
void hv_ride_close(struct hv_channel *hc);
void hv_ride_put(struct hv_channel *hc);

/* show.c */
void hv_show_start(void);
void hv_show_stop(void);

#endif /* PVBUS_HYPERV_INTERNAL_H */
