/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a front-end of Hyper-V devices uses: channels and the packets in their rings.
 *
 * Kernel-doc of each function stands at its definition: pvbus/hyperv/channel.c.
 */
#ifndef PVBUS_VMBUS_H
#define PVBUS_VMBUS_H

#include <linux/list.h>
#include <linux/uuid.h>
#include <pvbus/pvbus.h>

struct pvbus_channel;

/**
 * struct pvbus_vmbus_device - a device behind VMBus
 * @pdev: what every pvbus device has; @pdev.type is "hv-scsi", "hv-ide" or "hv-fc" for a class
 *	that the shim knows, else "hv-" and the class GUID's first eight digits
 * @class: class GUID of the offer
 * @instance: instance GUID of the offer
 * @user: the 120 bytes of the offer that are the device's own
 * @channel: its primary channel; valid from before probe() until after remove()
 * @version: VMBus version in force, major << 16 | minor
 */
struct pvbus_vmbus_device {
	struct pvbus_device pdev;
	guid_t class;
	guid_t instance;
	u8 user[120];
	struct pvbus_channel *channel;
	u32 version;
};

#define to_pvbus_vmbus(p)	container_of(p, struct pvbus_vmbus_device, pdev)

/**
 * struct pvbus_channel_ops - how a channel's owner takes part
 * @event: the host put packets into the ring, or made room where pvbus_channel_send*() found none.
 *	Called with interrupts off and the channel masked: nothing arrives until
 *	pvbus_channel_rearm()
 * @rescinded: the host takes this channel back; nothing more will be answered on it. May sleep.
 *	The owner still calls pvbus_channel_close(). May be NULL. On a primary channel the device's
 *	remove() follows
 * @subchannel: the host offers another channel of this device, for the owner to open here or not at
 *	all. One that is not opened is offered again after pvbus_channel_want_subchannels(), and to
 *	whoever opens the primary next. May sleep. NULL: sub-channels are left alone. Set on the
 *	primary channel only
 *
 * @rescinded and @subchannel are called with the device's lock held, like what is in struct
 * pvbus_driver.
 */
struct pvbus_channel_ops {
	void (*event)(struct pvbus_channel *ch);
	void (*rescinded)(struct pvbus_channel *ch);
	void (*subchannel)(struct pvbus_channel *primary, struct pvbus_channel *sub);
};

/**
 * struct pvbus_channel - one channel, as its owner sees it
 * @vdev: whose it is
 * @index: 0 for the primary, the offer's sub-channel index else
 * @relid: the number by which host and guest name it
 * @cpu: CPU that takes its events
 * @data: for the owner
 * @signals: times the host was signalled
 * @events: events from the host
 * @full: sends that found the ring full
 */
struct pvbus_channel {
	struct pvbus_vmbus_device *vdev;
	u16 index;
	u32 relid;
	unsigned int cpu;
	void *data;
	u64 signals;
	u64 events;
	u64 full;
};

#define PVBUS_PACKET_COMPLETION	0xb	/* answers what was sent; others say something new */

/**
 * struct pvbus_packet - one packet taken out of a ring
 * @type: PVBUS_PACKET_COMPLETION or any other
 * @flags: as on the wire; bit 0: a completion is asked for
 * @id: transaction id, as the host wrote it: to be checked
 * @len: bytes of payload that were copied
 * @lost: bytes of payload that the buffer had no room for
 */
struct pvbus_packet {
	u16 type;
	u16 flags;
	u64 id;
	u32 len;
	u32 lost;
};

int pvbus_channel_open(struct pvbus_channel *ch, const struct pvbus_channel_ops *ops, u32 out_bytes,
		       u32 in_bytes, unsigned int cpu);
void pvbus_channel_close(struct pvbus_channel *ch);
void pvbus_channel_want_subchannels(struct pvbus_channel *primary);
bool pvbus_channel_is_rescinded(const struct pvbus_channel *ch);

/*
 * Sending: the owner's lock covers the outgoing ring, one sender at a time. A packet is in the ring
 * when these return 0; the host sees it from pvbus_channel_kick() on, one for as many packets as
 * you like. -EAGAIN: no room; @event comes when there is (for that the ring asks the host itself).
 */
int pvbus_channel_send(struct pvbus_channel *ch, const void *payload, u32 len, u64 id,
		       bool want_completion);
int pvbus_channel_send_pages(struct pvbus_channel *ch, u32 offset, u32 len, const u64 *pfns,
			     unsigned int npfns, const void *payload, u32 payload_len, u64 id);
void pvbus_channel_kick(struct pvbus_channel *ch);

/*
 * Receiving: the owner's lock covers the incoming ring, one receiver at a time. Every packet is
 * copied out before it is looked at.
 */
int pvbus_channel_recv(struct pvbus_channel *ch, void *buf, u32 size, struct pvbus_packet *pkt);
bool pvbus_channel_rearm(struct pvbus_channel *ch);

#endif /* PVBUS_VMBUS_H */
