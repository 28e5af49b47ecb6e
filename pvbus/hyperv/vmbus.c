// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection with VMBus: contact, what is asked and answered, parting.
 *
 * Who asks something registers first, then sends, then waits; the message worker never waits for
 * anybody, so that answers always get through.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <bus.h>
#include <pvbus/platform.h>
#include "internal.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

#define CONTACT_TIMEOUT	(10 * HZ)
#define ANSWER_TIMEOUT	(30 * HZ)
#define PANIC_TRIES	100		/* of 10 ms */

struct hv_vmbus hv_vmbus = {
	.lock = __MUTEX_INITIALIZER(hv_vmbus.lock),
	.cpus_lock = __RWSEM_INITIALIZER(hv_vmbus.cpus_lock),
	.devices = LIST_HEAD_INIT(hv_vmbus.devices),
};

static DEFINE_SPINLOCK(request_lock);
static LIST_HEAD(requests);
static enum hv_way event_way;

/* -- questions and answers -- */

/**
 * hv_request_begin - be ready for an answer
 * @rq: filled in; stays where it is until hv_request_wait()
 * @type: of the answer
 * @relid: channel it is about; 0 if about none
 * @id: open id or GPADL it is about
 *
 * Context: any.
 */
void hv_request_begin(struct hv_request *rq, u32 type, u32 relid, u32 id)
{
	rq->type = type;
	rq->relid = relid;
	rq->id = id;
	rq->err = -EINPROGRESS;
	init_completion(&rq->done);
	spin_lock(&request_lock);
	list_add_tail(&rq->link, &requests);
	spin_unlock(&request_lock);
}

static int request_wait(struct hv_request *rq, int err, unsigned long timeout)
{
	if (!err && !wait_for_completion_timeout(&rq->done, timeout))
		err = -ETIMEDOUT;
	spin_lock(&request_lock);
	list_del(&rq->link);
	if (rq->err != -EINPROGRESS)
		err = rq->err;
	spin_unlock(&request_lock);
	return err;
}

/**
 * hv_request_wait - wait for the answer, for 30 s at most
 * @rq: from hv_request_begin()
 * @err: what sending the question ended with; there is no wait if that was an error
 *
 * Context: may sleep.
 * Return: 0, and @rq->answer is valid; -ENODEV if the channel was taken back; -ETIMEDOUT, after a
 * line in the log; @err.
 */
int hv_request_wait(struct hv_request *rq, int err)
{
	err = request_wait(rq, err, ANSWER_TIMEOUT);
	if (err == -ETIMEDOUT)
		pr_err_ratelimited("pvbus: no answer of type %u from VMBus (channel %u, id %u)\n",
				   rq->type, rq->relid, rq->id);
	return err;
}

/* hv_requests_abort - nothing will be answered any more that is about a channel */
void hv_requests_abort(u32 relid)
{
	struct hv_request *rq;

	spin_lock(&request_lock);
	list_for_each_entry(rq, &requests, link) {
		if (rq->relid != relid || rq->err != -EINPROGRESS)
			continue;
		rq->err = -ENODEV;
		complete(&rq->done);
	}
	spin_unlock(&request_lock);
}

static void answered(const struct hv_msg *msg)
{
	struct hv_request *rq;
	bool any = false;

	spin_lock(&request_lock);
	list_for_each_entry(rq, &requests, link) {
		if (rq->err != -EINPROGRESS || !hv_msg_answers(msg, rq->type, rq->relid, rq->id))
			continue;
		rq->answer = *msg;
		rq->err = 0;
		complete(&rq->done);
		any = true;
		break;
	}
	spin_unlock(&request_lock);
	if (!any)
		pr_warn_ratelimited("pvbus: VMBus message of type %u (channel %u, id %u) that nobody waits for\n",
				    msg->type, msg->relid, msg->id);
}

/* hv_send - a message to the host, once in contact; as hv_post() */
int hv_send(const void *msg, u32 len)
{
	return hv_post(hv_vmbus.connection, msg, len);
}

/* hv_message - the host says something. In the message worker */
void hv_message(const void *payload, u32 len)
{
	struct hv_msg msg;
	int err = hv_msg_parse(&msg, payload, len);

	trace_vmbus_message(&msg, len, err);
	if (err) {
		pr_warn_ratelimited("pvbus: VMBus message of type %u and %u bytes: error %d\n",
				    msg.type, len, err);
		return;
	}
	switch (msg.type) {
	case VMBUS_OFFER:
		hv_offered(&msg);
		break;
	case VMBUS_RESCIND:
		hv_rescinded(msg.relid);
		break;
	default:
		answered(&msg);
	}
}

static int send_bare(u32 type)
{
	struct vmbus_header msg = { .type = type };

	return hv_send(&msg, sizeof(msg));
}

/* -- contact and parting -- */

/*
 * A host that a crashed kernel left connected takes this as the end of that connection.
 * Return: 0; -EPROTONOSUPPORT if the host does not speak it; -ETIMEDOUT; the errno of posting.
 */
static int contact(u32 version)
{
	u64 monitor[2] = { virt_to_phys(hv_vmbus.monitor[0]), virt_to_phys(hv_vmbus.monitor[1]) };
	bool v5 = version >= VMBUS_VERSION_WIN10_V5;
	struct vmbus_contact msg;
	struct hv_request rq;
	int err;

	hv_contact(&msg, version, hv_vp_of(hv_message_cpu()), virt_to_phys(hv_vmbus.interrupts),
		   monitor);
	hv_request_begin(&rq, VMBUS_VERSION_RESPONSE, 0, 0);
	err = hv_post(v5 ? VMBUS_CONNECTION_CONTACT : VMBUS_CONNECTION_MESSAGES, &msg, sizeof(msg));
	err = request_wait(&rq, err, CONTACT_TIMEOUT);
	if (err == -ENXIO || (!err && rq.answer.status))
		err = -EPROTONOSUPPORT;
	if (err)
		return err;
	hv_vmbus.version = version;
	hv_vmbus.connection = v5 ? rq.answer.connection : VMBUS_CONNECTION_MESSAGES;
	return 0;
}

/* The newest version that both sides speak */
static int negotiate(u32 max)
{
	u32 version;
	int err = -EPROTONOSUPPORT;

	for (version = hv_version_below(max + 1); version && err == -EPROTONOSUPPORT;
	     version = hv_version_below(version))
		err = contact(version);
	if (!err && hv_vmbus.version < VMBUS_VERSION_WIN8)
		hv_synic_share(hv_vmbus.interrupts);
	return err;
}

/* Return: 0 when the host has let go of everything; -ETIMEDOUT or what posting failed with */
static int unload(void)
{
	bool answers = hv_vmbus.version >= VMBUS_VERSION_WIN7;
	struct hv_request rq;
	int err;

	hv_request_begin(&rq, VMBUS_UNLOAD_COMPLETE, 0, 0);
	err = send_bare(VMBUS_UNLOAD);
	err = request_wait(&rq, err, answers ? CONTACT_TIMEOUT : HZ);
	/* The first version has no answer to it: some time has to do. */
	return err == -ETIMEDOUT && !answers ? 0 : err;
}

static int try_way(enum hv_way way, const struct pvbus_hv_config *config, u32 max)
{
	int err = hv_synic_start(way, config);

	if (err)
		return err;
	err = negotiate(max);
	if (err)
		hv_synic_stop();
	return err;
}

/* A host that did not answer may have heard of the pages all the same, and use them later. */
static bool may_know_pages;

/* Polling that was asked for, or what it falls back to, is the end of the list. */
static int try_ways(const struct pvbus_hv_config *config, u32 max)
{
	enum hv_way way = config->poll ? HV_WAY_POLL_MASKED :
			  config->percpu ? HV_WAY_PERCPU : HV_WAY_ACPI;
	int err = -ENODEV;

	may_know_pages = false;
	for (; way < HV_WAYS; way++) {
		err = try_way(way, config, max);
		may_know_pages |= err == -ETIMEDOUT;
		if (!err) {
			event_way = way;
			return 0;
		}
		if (err == -EPROTONOSUPPORT) {
			pr_err("pvbus: VMBus speaks none of the versions up to %u.%u\n", max >> 16,
			       max & 0xffff);
			return err;
		}
		pr_warn("pvbus: VMBus does not answer by %s: error %d\n", hv_way_name(way), err);
	}
	return err;
}

static void pages_free(void)
{
	free_page((unsigned long)hv_vmbus.interrupts);
	free_page((unsigned long)hv_vmbus.monitor[0]);
	free_page((unsigned long)hv_vmbus.monitor[1]);
}

static int pages_alloc(void)
{
	hv_vmbus.interrupts = (void *)get_zeroed_page(GFP_KERNEL);
	hv_vmbus.monitor[0] = (void *)get_zeroed_page(GFP_KERNEL);
	hv_vmbus.monitor[1] = (void *)get_zeroed_page(GFP_KERNEL);
	if (hv_vmbus.interrupts && hv_vmbus.monitor[0] && hv_vmbus.monitor[1])
		return 0;
	pages_free();
	return -ENOMEM;
}

/**
 * pvbus_hv_connect - bring up the interrupt controller, and make contact with VMBus
 * @config: what the bootstrap knows
 *
 * Context: may sleep; hypercalls work.
 * Return: 0; -EINVAL if @config names no version; -EPROTONOSUPPORT if the host speaks none of ours;
 * -ETIMEDOUT if it does not answer by any way; -ENOMEM.
 */
int pvbus_hv_connect(const struct pvbus_hv_config *config)
{
	u32 max = VMBUS_VERSION_WIN10_V5_3;
	int err = 0;

	if (config->max_version)
		err = hv_version_parse(config->max_version, &max);
	if (err) {
		pr_err("pvbus: \"%s\" is no version of VMBus\n", config->max_version);
		return err;
	}
	err = pages_alloc();
	if (err)
		return err;
	err = try_ways(config, max);
	if (err && !may_know_pages)
		pages_free();
	if (err)
		return err;
	pr_info("pvbus: VMBus %u.%u, its events arrive by %s\n", hv_vmbus.version >> 16,
		hv_vmbus.version & 0xffff, hv_way_name(event_way));
	return 0;
}
EXPORT_SYMBOL_GPL(pvbus_hv_connect);

/* Return: whether the host has let go of everything */
static bool part(void)
{
	int err = unload();

	if (err)
		pr_err("pvbus: VMBus does not let go of this guest: error %d\n", err);
	hv_vmbus.version = 0;
	hv_synic_stop();
	return !err;
}

/**
 * pvbus_hv_disconnect - part from the host, which then has nothing of ours any more
 *
 * All devices must have gone.
 *
 * Context: may sleep.
 */
void pvbus_hv_disconnect(void)
{
	bool really = part();

	hv_lost_free(really);
	if (really)
		pages_free();
}
EXPORT_SYMBOL_GPL(pvbus_hv_disconnect);

/**
 * pvbus_hv_shutdown - part from the host, once and for all
 *
 * For reboot and kexec: what is ours stays where it is, for drivers may still touch it.
 *
 * Context: may sleep.
 */
void pvbus_hv_shutdown(void)
{
	mutex_lock(&hv_vmbus.lock);
	hv_vmbus.offers = false;
	mutex_unlock(&hv_vmbus.lock);
	part();
	hv_hypercalls_off();
}
EXPORT_SYMBOL_GPL(pvbus_hv_shutdown);

/**
 * pvbus_hv_panic - part from the host in the middle of everything
 *
 * For a kernel that is started after this one, or that takes a dump of it. Waits a second at most.
 *
 * Context: panic; nothing else runs.
 */
void pvbus_hv_panic(void)
{
	struct vmbus_header unload = { .type = VMBUS_UNLOAD };
	struct hv_message msg;
	unsigned int i;

	if (!hv_vmbus.version)
		return;
	hv_post_in_panic(hv_vmbus.connection, &unload, sizeof(unload));
	for (i = 0; i < PANIC_TRIES; i++) {
		if (hv_synic_take_in_panic(&msg) && *(u32 *)msg.payload == VMBUS_UNLOAD_COMPLETE)
			break;
		mdelay(10);
	}
	hv_synic_off_in_panic();
	hv_hypercalls_off();
}
EXPORT_SYMBOL_GPL(pvbus_hv_panic);

/**
 * pvbus_hv_bus_start - have the host offer its channels, and register the devices
 * @parent: device they hang below
 *
 * Context: may sleep; drivers that are there already have probed when it returns.
 * Return: 0; -ETIMEDOUT if the host does not come to an end with its offers; -ENOMEM.
 */
int pvbus_hv_bus_start(struct device *parent)
{
	struct hv_request rq;
	int err = hv_devices_start(parent);

	if (err)
		return err;
	hv_request_begin(&rq, VMBUS_ALL_OFFERS_DELIVERED, 0, 0);
	err = hv_request_wait(&rq, send_bare(VMBUS_REQUEST_OFFERS));
	if (err)
		hv_devices_stop();
	else
		hv_devices_flush();
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_hv_bus_start);

/**
 * pvbus_hv_bus_stop - unregister all devices; their drivers' remove() has run when it returns
 *
 * Context: may sleep.
 */
void pvbus_hv_bus_stop(void)
{
	hv_devices_stop();
}
EXPORT_SYMBOL_GPL(pvbus_hv_bus_stop);

/**
 * pvbus_hv_event_mode - how events arrive, for people
 */
const char *pvbus_hv_event_mode(void)
{
	return hv_vmbus.version ? hv_way_name(event_way) : "no way";
}
EXPORT_SYMBOL_GPL(pvbus_hv_event_mode);

/**
 * pvbus_hv_version - version of VMBus in force, major << 16 | minor; 0: no contact
 */
u32 pvbus_hv_version(void)
{
	return hv_vmbus.version;
}
EXPORT_SYMBOL_GPL(pvbus_hv_version);
