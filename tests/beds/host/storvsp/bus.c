// SPDX-License-Identifier: GPL-2.0-only
/*
 * What QEMU's VMBus lacks: offers after the first ones (sub-channels, controllers plugged in later), rescinds, and the
 * guest's word that it has let go of a channel.
 *
 * The bus keeps its structures to itself, so its source is compiled once more here, all but its types; QEMU's own copy and
 * this one work on the same objects.
 */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "storvsp.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "hw/hotplug.h"
#include "system/system.h"
#undef type_init
#define type_init(function)
#include "hw/hyperv/vmbus.c"

/* --- words to the guest */

struct word {
	VMBusChannel *chan;
	bool rescind;
	QTAILQ_ENTRY(word) next;
};

static QTAILQ_HEAD(, word) words = QTAILQ_HEAD_INITIALIZER(words);
static bool word_out;
static QEMUTimer *timer;
static VMBus *bus;
uint32_t storvsp_unloads;

static void post_offer(VMBusChannel *chan)
{
	VMBusDeviceClass *vdc = VMBUS_DEVICE_GET_CLASS(chan->dev);
	QemuUUID class = qemu_uuid_bswap(vdc->classid), instance = qemu_uuid_bswap(chan->dev->instanceid);
	struct vmbus_message_offer_channel msg = {
		.header.message_type = VMBUS_MSG_OFFERCHANNEL,
		.child_relid = chan->id,
		.connection_id = chan_connection_id(chan),
		.channel_flags = vdc->channel_flags,
		.sub_channel_index = chan->subchan_idx,
		.interrupt_flags = VMBUS_OFFER_INTERRUPT_DEDICATED,
	};

	memcpy(msg.type_uuid, &class, sizeof(class));
	memcpy(msg.instance_uuid, &instance, sizeof(instance));
	post_msg(bus, &msg, sizeof(msg));
}

static void post_rescind(VMBusChannel *chan)
{
	struct vmbus_message_rescind_channel_offer msg = {
		.header.message_type = VMBUS_MSG_RESCIND_CHANNELOFFER,
		.child_relid = chan->id,
	};

	post_msg(bus, &msg, sizeof(msg));
}

/*
 * post: tell a word of ours while the bus has nothing to say itself. When the guest has taken a message, the bus goes from
 * the state we pretend it to be in to VMBUS_LISTEN; if not, it stays in it, and would tell something else, but for
 * @in_progress.
 */
static void post(struct word *w)
{
	bus->in_progress = true;
	bus->state = VMBUS_HANDSHAKE;
	word_out = true;
	if (w->rescind)
		post_rescind(w->chan);
	else
		post_offer(w->chan);
}

static void drop_word(struct word *w)
{
	QTAILQ_REMOVE(&words, w, next);
	g_free(w);
}

/* collect: the word that was out has been taken, or is to be told again */
static void collect(void)
{
	bool taken = bus->state == VMBUS_LISTEN;

	word_out = false;
	bus->state = VMBUS_LISTEN;
	bus->in_progress = false;
	if (taken && !QTAILQ_EMPTY(&words))
		drop_word(QTAILQ_FIRST(&words));
}

static bool bus_is_idle(void)
{
	return bus->sint_route && bus->state == VMBUS_LISTEN && !bus->in_progress && !bus->msg_in_progress;
}

static void finish_unplug(void);

/* pump: every millisecond, as long as there is something to wait for */
static void pump(void *opaque)
{
	if (word_out && !bus->msg_in_progress)
		collect();
	if (!QTAILQ_EMPTY(&words) && bus_is_idle())
		post(QTAILQ_FIRST(&words));
	else if (!word_out)
		vmbus_resched(bus);
	finish_unplug();
	if (word_out || !QTAILQ_EMPTY(&words))
		timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + 1);
}

static void say(VMBusChannel *chan, bool rescind)
{
	struct word *w = g_new0(struct word, 1);

	w->chan = chan;
	w->rescind = rescind;
	QTAILQ_INSERT_TAIL(&words, w, next);
	timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME));
}

/* forget: what has not been said of a device's channels; a word that is out stays at the head, for collect() to find */
static void forget(Storvsp *s)
{
	struct word *w, *next;

	QTAILQ_FOREACH_SAFE(w, &words, next, next)
		if (w->chan->dev == &s->parent && !(word_out && w == QTAILQ_FIRST(&words)))
			drop_word(w);
}

/* --- which channels the guest knows */

static void offer(Storvsp *s, unsigned int i)
{
	if (s->offer[i] != STORVSP_HIDDEN || !bus->version)
		return;
	s->offer[i] = STORVSP_OFFERED;
	say(vmbus_device_channel(&s->parent, i), false);
}

static void rescind(Storvsp *s, unsigned int i)
{
	if (s->offer[i] != STORVSP_OFFERED)
		return;
	s->offer[i] = bus->version ? STORVSP_RESCINDED : STORVSP_HIDDEN;
	if (bus->version)
		say(vmbus_device_channel(&s->parent, i), true);
}

/* storvsp_bus_update: offer what ought to be there, rescind what ought not */
void storvsp_bus_update(Storvsp *s)
{
	for (unsigned int i = s->channels; i-- > 1; )
		if (s->hidden || i > s->sub_channels)
			rescind(s, i);
	if (s->hidden)
		rescind(s, 0);
	for (unsigned int i = 0; !s->hidden && i <= s->sub_channels; i++)
		offer(s, i);
}

/*
 * storvsp_bus_reset: after a reset. If it was the whole bus's (the guest makes contact), all channels are to be offered as
 * QEMU sees it; but only the primary one is, unless it has been taken away.
 */
void storvsp_bus_reset(Storvsp *s)
{
	VMBusChannel *primary = vmbus_device_channel(&s->parent, 0);

	s->sub_channels = 0;
	if (primary->offer_state != VMOFFER_INIT)
		return;
	forget(s);
	for (unsigned int i = 0; i < s->channels; i++) {
		s->offer[i] = i || s->hidden ? STORVSP_HIDDEN : STORVSP_OFFERED;
		if (s->offer[i] == STORVSP_HIDDEN)
			vmbus_device_channel(&s->parent, i)->offer_state = VMOFFER_SENT;
	}
}

static void drop_gpadls(uint32_t relid)
{
	VMBusGpadl *gpadl, *next;

	QTAILQ_FOREACH_SAFE(gpadl, &bus->gpadl_list, link, next)
		if (gpadl->child_relid == relid && gpadl->state == VMGPADL_ALIVE)
			vmbus_put_gpadl(gpadl);
}

/* released: the guest has let go of a rescinded channel; mind that what it said before that may still be in the queue */
static void released(void *relid)
{
	VMBusChannel *chan = find_channel(bus, GPOINTER_TO_UINT(relid));
	Storvsp *s;

	if (chan && (chan->state != VMCHAN_INIT || bus->rx_queue_size)) {
		aio_bh_schedule_oneshot(qemu_get_aio_context(), released, relid);
		return;
	}
	s = chan ? (Storvsp *)object_dynamic_cast(OBJECT(chan->dev), TYPE_STORVSP) : NULL;
	if (!s || s->offer[chan->subchan_idx] != STORVSP_RESCINDED)
		return;
	drop_gpadls(chan->id);
	s->offer[chan->subchan_idx] = STORVSP_HIDDEN;
	storvsp_bus_update(s);
	timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME));
}

/* hear: a message of the guest's, on the thread of one of its CPUs */
static uint16_t hear(const struct hyperv_post_message_input *msg, void *data)
{
	const struct {
		struct vmbus_message_header header;
		uint32_t relid;
	} *m = (const void *)msg->payload;

	if (msg->message_type == HV_MESSAGE_VMBUS && msg->payload_size >= sizeof(m->header) &&
	    m->header.message_type == VMBUS_MSG_UNLOAD) {
		info_report("storvsp: the guest parts from VMBus");
		storvsp_unloads++;
	}
	if (msg->message_type != HV_MESSAGE_VMBUS || msg->payload_size < sizeof(*m) ||
	    m->header.message_type != VMBUS_MSG_RELID_RELEASED)
		return vmbus_recv_message(msg, data);
	aio_bh_schedule_oneshot(qemu_get_aio_context(), released, GUINT_TO_POINTER(m->relid));
	return HV_STATUS_SUCCESS;
}

/* --- controllers that come and go */

#define TYPE_STORVSP_PLUGS "storvsp-plugs"

static void plug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
	Storvsp *s = (Storvsp *)object_dynamic_cast(OBJECT(dev), TYPE_STORVSP);

	if (!s || !bus->version)
		return;
	vmbus_device_channel(&s->parent, 0)->offer_state = VMOFFER_SENT;
	s->offer[0] = STORVSP_HIDDEN;
	storvsp_bus_update(s);
}

static void unplug_request(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
	Storvsp *s = (Storvsp *)object_dynamic_cast(OBJECT(dev), TYPE_STORVSP);

	if (!s) {
		error_setg(errp, "only controllers can be unplugged");
		return;
	}
	s->hidden = s->going = true;
	storvsp_bus_update(s);
	timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME));
}

static void unplug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
	qdev_unrealize(dev);
}

static bool is_gone(Storvsp *s)
{
	for (unsigned int i = 0; i < s->channels; i++)
		if (s->offer[i] != STORVSP_HIDDEN)
			return false;
	return s->going;
}

/* finish_unplug: of one controller whose channels the guest has let go of, if there is any */
static void finish_unplug(void)
{
	BusChild *kid;

	QTAILQ_FOREACH(kid, &BUS(bus)->children, sibling) {
		Storvsp *s = (Storvsp *)object_dynamic_cast(OBJECT(kid->child), TYPE_STORVSP);

		if (!s || !is_gone(s) || word_out)
			continue;
		forget(s);
		hotplug_handler_unplug(qdev_get_hotplug_handler(kid->child), kid->child, &error_abort);
		object_unparent(OBJECT(s));
		return;
	}
}

static void plugs_class_init(ObjectClass *klass, void *data)
{
	HotplugHandlerClass *hc = HOTPLUG_HANDLER_CLASS(klass);

	hc->plug = plug;
	hc->unplug_request = unplug_request;
	hc->unplug = unplug;
}

static const TypeInfo plugs_types[] = {
	{
		.name = TYPE_STORVSP_PLUGS,
		.parent = TYPE_OBJECT,
		.class_init = plugs_class_init,
		.interfaces = (InterfaceInfo[]) { { TYPE_HOTPLUG_HANDLER }, { } },
	},
};

/* path: QEMU's is the same for all controllers, and then for their disks of the same LUN, which have to have one of their own */
static char *path(DeviceState *dev)
{
	return qemu_uuid_unparse_strdup(&VMBUS_DEVICE(dev)->instanceid);
}

/* storvsp_bus_attach: with the first controller: there is a bus to listen to */
void storvsp_bus_attach(Storvsp *s)
{
	Object *plugs;

	if (bus)
		return;
	bus = VMBUS(qdev_get_parent_bus(DEVICE(s)));
	timer = timer_new_ms(QEMU_CLOCK_REALTIME, pump, NULL);
	hyperv_set_msg_handler(VMBUS_MESSAGE_CONNECTION_ID, NULL, NULL);
	hyperv_set_msg_handler(VMBUS_MESSAGE_CONNECTION_ID, hear, bus);
	BUS_GET_CLASS(bus)->get_dev_path = path;
	plugs = object_new(TYPE_STORVSP_PLUGS);
	object_property_add_child(OBJECT(bus), "plugs", plugs);
	object_unref(plugs);
	qbus_set_hotplug_handler(BUS(bus), plugs);
}

static void register_plugs(void)
{
	type_register_static_array(plugs_types, ARRAY_SIZE(plugs_types));
}

module_init(register_plugs, MODULE_INIT_QOM)
