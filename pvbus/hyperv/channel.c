// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: what front-ends call, and the events that come back.
 *
 * The host raises an event when its ring goes from empty to not empty. Whoever takes it masks the
 * channel, in the ring for the host and in hc->masked for hosts that do not care; the owner looks
 * for packets until there are none, unmasks and looks once more (pvbus_channel_rearm()). So an
 * event is never lost, and its handler never runs twice at a time.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <asm/sync_bitops.h>
#include <bus.h>
#include <pvbus/platform.h>
#include "internal.h"
#include "trace.h"

static_assert(PVBUS_PACKET_COMPLETION == VMBUS_PACKET_COMPLETION);

#define ROOM_DELAY	max(HZ / 100, 1)
#define STRAY_MS	10	/* for a host that does not say when it has moved a channel */

/* -- signals -- */

/*
 * The host finds out which channel is meant by the connection that is signalled, or by a bit in the
 * page shared with it; and it may prefer to look at a bit of the monitor page every now and then.
 */
static void ring_doorbell(struct pvbus_channel *ch, void *kernel)
{
	struct hv_channel *hc = to_hv_channel(ch);
	struct hv_monitor_group *group;

	if (!hc->dedicated || hc->has_monitor)
		sync_set_bit(HV_PAGE_SIZE / 2 * 8 + hc->pub.relid, hv_vmbus.interrupts);
	if (hc->has_monitor) {
		group = &hv_vmbus.monitor[1]->group[hc->monitor / 32];
		sync_set_bit(hc->monitor % 32, (unsigned long *)&group->pending);
	} else {
		hv_signal(hc->connection);
	}
}

/* Ours, or the kernel's own: chosen once, and from then on a direct call. */
DEFINE_STATIC_CALL(doorbell, ring_doorbell);

/* hv_set_doorbell - signal the host by this function from now on; by ours if it is NULL */
void hv_set_doorbell(void (*ring)(struct pvbus_channel *ch, void *kernel))
{
	static_call_update(doorbell, ring ?: ring_doorbell);
}

static void channel_signal(struct hv_channel *hc)
{
	hc->pub.signals++;
	static_call(doorbell)(&hc->pub, hc->kernel);
}

/* In interrupts, or with them off */
static void channel_event(struct hv_channel *hc)
{
	const struct pvbus_channel_ops *ops;

	/* Whoever sees the owner sees what it has prepared. */
	ops = smp_load_acquire(&hc->ops);
	/* A masked one is somebody's who will look. */
	if (!ops || xchg(&hc->masked, 1))
		return;
	WRITE_ONCE(hc->in.page->interrupt_mask, 1);
	hv_ring_tell(&hc->out);
	hc->pub.events++;
	trace_vmbus_channel_event(hc);
	ops->event(&hc->pub);
}

/**
 * pvbus_hv_event - the kernel's own VMBus has an event for a channel that rides on it
 * @ch: struct pvbus_channel
 *
 * Context: the kernel's handler of VMBus's events, an RCU reader.
 */
void pvbus_hv_event(void *ch)
{
	channel_event(to_hv_channel((struct pvbus_channel *)ch));
}
EXPORT_SYMBOL_GPL(pvbus_hv_event);

/* hv_channel_event - the host has something to say on a channel; in interrupts */
void hv_channel_event(u32 relid)
{
	struct hv_channel *hc;

	/* To have interrupts off is not enough for preemptible kernels before 5.0. */
	rcu_read_lock();
	hc = relid < VMBUS_RELIDS ? READ_ONCE(hv_vmbus.channel[relid]) : NULL;
	if (hc)
		channel_event(hc);
	rcu_read_unlock();
}

/*
 * The host is to signal room that a sender waits for, but there is one that does not when it has
 * emptied the ring altogether (QEMU, at least up to 10.0). So we look ourselves.
 */
static void room_fn(struct timer_list *t)
{
	struct hv_channel *hc = timer_container_of(hc, t, room);
	unsigned long flags;

	if (!hv_ring_waits(&hc->out))
		return;
	if (hv_ring_room_came(&hc->out)) {
		local_irq_save(flags);
		channel_event(hc);
		local_irq_restore(flags);
	}
	mod_timer(&hc->room, jiffies + ROOM_DELAY);
}

void hv_channel_init(struct hv_channel *hc)
{
	timer_setup(&hc->room, room_fn, 0);
}

/**
 * pvbus_channel_rearm - the work an event announced is done: let the next one through
 * @ch: the channel
 *
 * To be called once for each call of @event, by then or later, under the lock of the incoming ring.
 *
 * Context: any.
 * Return: false: events come again; true: there is work already, the channel is still masked, and
 * this has to be called again once it is done.
 */
bool pvbus_channel_rearm(struct pvbus_channel *ch)
{
	struct hv_channel *hc = to_hv_channel(ch);

	if (hv_ring_release(&hc->in))
		channel_signal(hc);
	WRITE_ONCE(hc->in.page->interrupt_mask, 0);
	/*
	 * The host adds a packet, then looks at the mask; we take the mask off, then look for
	 * packets. With a full barrier between (here: xchg) one of us sees the other. Likewise with
	 * events that found the channel masked.
	 */
	xchg(&hc->masked, 0);
	if (!hv_ring_filled(&hc->in) && !hv_ring_tell(&hc->out))
		return false;
	if (xchg(&hc->masked, 1))
		return false;
	WRITE_ONCE(hc->in.page->interrupt_mask, 1);
	return true;
}
EXPORT_SYMBOL_GPL(pvbus_channel_rearm);

/* -- packets -- */

/**
 * pvbus_channel_kick - let the host see what was sent, and signal it if it sleeps
 * @ch: the channel
 *
 * Context: any; under the lock of the outgoing ring.
 */
void pvbus_channel_kick(struct pvbus_channel *ch)
{
	struct hv_channel *hc = to_hv_channel(ch);
	u32 before = hc->out.shown;
	bool wake = hv_ring_show(&hc->out);

	if (hc->out.shown != before)
		trace_vmbus_channel_show(hc, wake);
	if (wake)
		channel_signal(hc);
}
EXPORT_SYMBOL_GPL(pvbus_channel_kick);

static int put(struct pvbus_channel *ch, u16 type, u16 flags, u64 id, const struct hv_pages *pages,
	       const void *payload, u32 len)
{
	struct hv_channel *hc = to_hv_channel(ch);
	int err;

	if (unlikely(READ_ONCE(*hc->gone))) {
		/* Of the kernel's sub-channels nobody is told. */
		hv_device_wake(to_hv_device(ch->vdev));
		return -ENODEV;
	}
	err = hv_ring_put(&hc->out, type, flags, id, pages, payload, len);
	if (likely(!err))
		return 0;
	if (err == -EAGAIN) {
		/* The host makes no room but by reading what it sees. */
		pvbus_channel_kick(ch);
		err = hv_ring_put(&hc->out, type, flags, id, pages, payload, len);
	}
	if (err == -EAGAIN) {
		ch->full++;
		mod_timer(&hc->room, jiffies + ROOM_DELAY);
	} else if (err == -EIO) {
		pvbus_quarantine(&ch->vdev->pdev,
				 "channel %u: the host is at %u of its ring, we at %u", ch->relid,
				 READ_ONCE(hc->out.page->read_index), hc->out.shown);
	}
	return err;
}

/**
 * pvbus_channel_send - add an in-band packet
 * @ch: the channel
 * @payload: its payload
 * @len: bytes of it
 * @id: transaction id; the host's completion carries it, and may carry any other
 * @want_completion: ask for a completion
 *
 * The host does not see it before pvbus_channel_kick().
 *
 * Context: any; under the lock of the outgoing ring.
 * Return: 0; -EAGAIN if there is no room: what was sent before is kicked, and @event comes when
 * there is; -EMSGSIZE if the ring is too small for it ever; -ENODEV if the channel was taken back;
 * -EIO if the host broke the ring, which the device is then quarantined for.
 */
int pvbus_channel_send(struct pvbus_channel *ch, const void *payload, u32 len, u64 id,
		       bool want_completion)
{
	return put(ch, VMBUS_PACKET_INBAND, want_completion ? VMBUS_PACKET_WANT_COMPLETION : 0, id,
		   NULL, payload, len);
}
EXPORT_SYMBOL_GPL(pvbus_channel_send);

/**
 * pvbus_channel_send_pages - add a packet that names pages for the host to read or write
 * @ch: the channel
 * @offset: where in the first page the data begins, below 4096
 * @len: bytes of data; in one piece but for where pages meet
 * @pfns: guest's frame numbers of 4 KiB pages
 * @npfns: how many
 * @payload: the packet's own payload
 * @payload_len: bytes of it
 * @id: transaction id; a completion is always asked for
 *
 * Context and return: as pvbus_channel_send().
 */
int pvbus_channel_send_pages(struct pvbus_channel *ch, u32 offset, u32 len, const u64 *pfns,
			     unsigned int npfns, const void *payload, u32 payload_len, u64 id)
{
	struct hv_pages pages = { .offset = offset, .len = len, .pfn = pfns, .nr = npfns };

	return put(ch, VMBUS_PACKET_GPA_DIRECT, VMBUS_PACKET_WANT_COMPLETION, id, &pages, payload,
		   payload_len);
}
EXPORT_SYMBOL_GPL(pvbus_channel_send_pages);

/**
 * pvbus_channel_recv - take the next packet out of the ring
 * @ch: the channel
 * @buf: gets the payload, as much as there is room for
 * @size: of @buf
 * @pkt: gets the rest
 *
 * Context: any; under the lock of the incoming ring.
 * Return: 1; 0 if there is none; -EIO if the host broke the ring, which the device is then
 * quarantined for.
 */
int pvbus_channel_recv(struct pvbus_channel *ch, void *buf, u32 size, struct pvbus_packet *pkt)
{
	struct hv_channel *hc = to_hv_channel(ch);
	struct hv_packet p;
	int got = hv_ring_get(&hc->in, buf, size, &p);

	if (got > 0)
		*pkt = (struct pvbus_packet){
			.type = p.type, .flags = p.flags, .id = p.id, .len = p.len, .lost = p.lost
		};
	if (got < 0)
		pvbus_quarantine(&ch->vdev->pdev,
				 "channel %u: no packet at %u of the ring, the host is at %u",
				 ch->relid, hc->in.at, READ_ONCE(hc->in.page->write_index));
	/* When nothing is left or much was read the room is the host's again. */
	if ((got <= 0 || hv_ring_due(&hc->in)) && hv_ring_release(&hc->in))
		channel_signal(hc);
	return got;
}
EXPORT_SYMBOL_GPL(pvbus_channel_recv);

/* -- opening and closing -- */

static int send_open(struct hv_channel *hc)
{
	struct vmbus_open msg = {
		.header.type = VMBUS_OPEN, .relid = hc->pub.relid, .open_id = hc->pub.relid,
		.gpadl = hc->gpadl, .target_vp = hv_vp_of(hc->pub.cpu), .in_page = hc->nr_out,
	};
	struct hv_request rq;
	int err;

	hv_request_begin(&rq, VMBUS_OPEN_RESULT, msg.relid, msg.open_id);
	err = hv_request_wait(&rq, hv_channel_gone(hc) ?: hv_send(&msg, sizeof(msg)));
	if (err || !rq.answer.status)
		return err;
	dev_err(&hc->pub.vdev->pdev.dev, "channel %u: the host refuses to open it: status %#x\n",
		msg.relid, rq.answer.status);
	return -EIO;
}

/* One that was taken back is closed, too: the host waits for it before letting go of the rings. */
static void send_close(struct hv_channel *hc)
{
	struct vmbus_relid msg = { .header.type = VMBUS_CLOSE, .relid = hc->pub.relid };

	hv_send(&msg, sizeof(msg));
}

/* From here on no event reaches the owner: they come in RCU readers, or by the timer. */
static void detach(struct hv_channel *hc)
{
	WRITE_ONCE(hc->ops, NULL);
	synchronize_rcu();
	timer_delete_sync(&hc->room);
}

/* Under vmbus.cpus_lock: a CPU that leaves moves its channels, and must find this one. */
static int open_on(struct hv_channel *hc, const struct pvbus_channel_ops *ops, unsigned int cpu)
{
	int err;

	/* Before 2.4 all events come to the CPU that takes messages. */
	if (hv_vmbus.version < VMBUS_VERSION_WIN8)
		cpu = hv_message_cpu();
	hc->pub.cpu = hv_event_cpu(cpu);
	hc->masked = 0;
	/* All is set up when events may begin. */
	smp_store_release(&hc->ops, ops);
	err = send_open(hc);
	if (!err)
		return 0;
	detach(hc);
	/* It may have opened it without saying so; to close one that is closed does no harm. */
	if (err == -ETIMEDOUT || err == -ENODEV)
		send_close(hc);
	hv_gpadl_teardown(hc);
	return err;
}

static int open_own(struct hv_channel *hc, const struct pvbus_channel_ops *ops, u32 out_bytes,
		    u32 in_bytes, unsigned int cpu)
{
	int err = hv_rings_alloc(hc, out_bytes, in_bytes);

	if (!err)
		err = hv_gpadl_create(hc);
	if (err)
		return err;
	down_read(&hv_vmbus.cpus_lock);
	err = open_on(hc, ops, cpu);
	up_read(&hv_vmbus.cpus_lock);
	return err;
}

/* The kernel's own channel may have brought something before it had an owner here. */
static int open_ride(struct hv_channel *hc, const struct pvbus_channel_ops *ops, u32 out_bytes,
		     u32 in_bytes)
{
	unsigned long flags;
	int err = hv_ride_open(hc, out_bytes, in_bytes);

	if (err)
		return err;
	hc->masked = 0;
	/* All is set up when events may begin. */
	smp_store_release(&hc->ops, ops);
	if (hv_ring_filled(&hc->in)) {
		local_irq_save(flags);
		channel_event(hc);
		local_irq_restore(flags);
	}
	return 0;
}

/* A channel that is about to be opened or closed is not freed. Return: 0 or -EBUSY */
static int begin(struct hv_channel *hc, bool open)
{
	int err = 0;

	mutex_lock(&hv_vmbus.lock);
	if (hc->busy || hc->open == open)
		err = -EBUSY;
	else
		hc->busy = true;
	if (!err && !open)
		hc->open = false;
	mutex_unlock(&hv_vmbus.lock);
	return err;
}

/* The device's work has sub-channels to tell of, or to free. */
static void end(struct hv_channel *hc, bool open)
{
	struct hv_device *hd = to_hv_device(hc->pub.vdev);

	mutex_lock(&hv_vmbus.lock);
	hc->open = open;
	hc->busy = false;
	/* Whoever opened it hears when it goes, even if all are to be told anew meanwhile. */
	if (open)
		hc->told = true;
	mutex_unlock(&hv_vmbus.lock);
	hv_device_wake(hd);
}

/**
 * pvbus_channel_open - open a channel
 * @ch: the channel
 * @ops: its owner; @ch->data is set. @event may be called before this returns
 * @out_bytes: size of the ring to the host
 * @in_bytes: size of the ring from the host; both are rounded up to pages, 4 MiB at most
 * @cpu: CPU that is to take its events; another one does where that cannot be, and @ch->cpu says
 *	which
 *
 * A sub-channel may be opened from @subchannel only.
 *
 * Context: may sleep; waits for the host, for some minutes at worst.
 * Return: 0; -EBUSY if it is open; -EINVAL for a size; -ENOMEM; -ENODEV if it was taken back; -EIO
 * if the host refuses; -ETIMEDOUT if it does not answer.
 */
int pvbus_channel_open(struct pvbus_channel *ch, const struct pvbus_channel_ops *ops, u32 out_bytes,
		       u32 in_bytes, unsigned int cpu)
{
	struct hv_channel *hc = to_hv_channel(ch);
	int err;

	err = begin(hc, true);
	if (err)
		return err;
	err = hc->kernel ? open_ride(hc, ops, out_bytes, in_bytes) :
			   open_own(hc, ops, out_bytes, in_bytes, cpu);
	trace_vmbus_channel_state(hc, "open", err);
	end(hc, !err);
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_channel_open);

/**
 * pvbus_channel_close - close a channel
 * @ch: from pvbus_channel_open(). A sub-channel that was taken back is gone when this returns
 *
 * Of a device's channels the primary goes last.
 *
 * Context: may sleep; waits for the host. No @event runs or will run when it returns; the owner
 * must have stopped sending and receiving.
 */
void pvbus_channel_close(struct pvbus_channel *ch)
{
	struct hv_channel *hc = to_hv_channel(ch);

	if (begin(hc, false))
		return;
	detach(hc);
	if (hc->kernel) {
		hv_ride_close(hc);
	} else {
		send_close(hc);
		hv_gpadl_teardown(hc);
	}
	trace_vmbus_channel_state(hc, "close", 0);
	/* Who opens the primary next has to hear of the others anew. */
	if (!ch->index)
		hv_forget_told(to_hv_device(ch->vdev));
	end(hc, false);
}
EXPORT_SYMBOL_GPL(pvbus_channel_close);

/**
 * pvbus_channel_want_subchannels - hear of sub-channels that are not open, once more
 * @primary: the device's primary channel
 *
 * A host may offer them before anybody has asked for them, and @subchannel have let them pass.
 *
 * Context: may sleep; @subchannel is called later.
 */
void pvbus_channel_want_subchannels(struct pvbus_channel *primary)
{
	hv_forget_told(to_hv_device(primary->vdev));
	hv_device_wake(to_hv_device(primary->vdev));
}
EXPORT_SYMBOL_GPL(pvbus_channel_want_subchannels);

/**
 * pvbus_channel_is_rescinded - has the host taken the channel back?
 * @ch: the channel
 *
 * Context: any.
 */
bool pvbus_channel_is_rescinded(const struct pvbus_channel *ch)
{
	return READ_ONCE(*container_of(ch, struct hv_channel, pub)->gone);
}
EXPORT_SYMBOL_GPL(pvbus_channel_is_rescinded);

/* -- which CPU -- */

static int channel_move(struct hv_channel *hc, unsigned int cpu)
{
	struct vmbus_modify_channel msg = {
		.header.type = VMBUS_MODIFY_CHANNEL, .relid = hc->pub.relid,
		.target_vp = hv_vp_of(cpu),
	};
	struct hv_request rq;
	int err;

	if (hv_vmbus.version < VMBUS_VERSION_WIN10_RS3)
		return -EOPNOTSUPP;
	if (hv_vmbus.version < VMBUS_VERSION_WIN10_V5_3) {
		err = hv_channel_gone(hc) ?: hv_send(&msg, sizeof(msg));
		if (!err)
			msleep(STRAY_MS);
	} else {
		hv_request_begin(&rq, VMBUS_MODIFY_CHANNEL_RESPONSE, msg.relid, 0);
		err = hv_request_wait(&rq, hv_channel_gone(hc) ?: hv_send(&msg, sizeof(msg)));
		if (!err && rq.answer.status)
			err = -EIO;
	}
	if (!err)
		WRITE_ONCE(hc->pub.cpu, cpu);
	trace_vmbus_channel_state(hc, "move", err);
	return err;
}

static bool takes_part(const struct hv_channel *hc, unsigned int cpu)
{
	return hc && READ_ONCE(hc->ops) && hc->pub.cpu == cpu;
}

/* hv_cpu_movable - can channels be told to use another CPU, or are there none here? */
bool hv_cpu_movable(unsigned int cpu)
{
	u32 relid;

	if (hv_vmbus.version >= VMBUS_VERSION_WIN10_RS3)
		return true;
	mutex_lock(&hv_vmbus.lock);
	for (relid = 0; relid < VMBUS_RELIDS; relid++) {
		if (takes_part(hv_vmbus.channel[relid], cpu))
			break;
	}
	mutex_unlock(&hv_vmbus.lock);
	return relid == VMBUS_RELIDS;
}

/* hv_channels_leave_cpu - a CPU goes offline. Under vmbus.cpus_lock for writing */
void hv_channels_leave_cpu(unsigned int cpu)
{
	struct hv_channel *hc;
	u32 relid;
	int err;

	for (relid = 0; relid < VMBUS_RELIDS; relid++) {
		hc = READ_ONCE(hv_vmbus.channel[relid]);
		if (!takes_part(hc, cpu))
			continue;
		err = channel_move(hc, hv_message_cpu());
		if (err && err != -ENODEV)
			dev_warn(&hc->pub.vdev->pdev.dev, "channel %u stays on CPU %u: error %d\n",
				 relid, cpu, err);
	}
}
