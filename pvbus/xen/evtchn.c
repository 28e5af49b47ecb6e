// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event channels.
 *
 * An upcall masks a port, clears it and calls its handler; the port stays masked until the owner
 * says eoi. So a host that signals without end costs one upcall per round of the owner's own work,
 * and one that signals for nothing is answered ever more slowly (XSA-391). The store's port is not
 * slowed: what it announces is looked for by a thread, and there is only one such port.
 *
 * Upcalls reach the CPU a port is bound to, by a vector of ours there; where Xen is too old for
 * that (before 4.6) all come to vCPU 0 by the platform device's PCI interrupt; and where that is
 * not to be had either, a timer looks. A way counts as working when an event has arrived by it. Xen
 * takes no vector back, and once it has one raises no PCI interrupt for that vCPU, until the guest
 * is reset.
 *
 * The bits are shared with Xen, so they are changed by operations that stay atomic on a kernel with
 * one CPU.
 *
 * vCPUs beyond the 32 that shared_info has room for take no events: registering a place for theirs
 * elsewhere cannot be undone, so the module could never be unloaded.
 */
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <asm/irq_vectors.h>
#include <asm/sync_bitops.h>
#include <bus.h>
#include <pvbus/platform.h>
#include <pvbus/xen.h>
#include "intree.h"
#include "internal.h"

static unsigned int poll;
module_param(poll, uint, 0444);
MODULE_PARM_DESC(poll, "Look for events this many times a second instead of taking interrupts, 0 to 10000 (default: 0 = interrupts)");

static bool percpu = true;
module_param(percpu, bool, 0444);
MODULE_PARM_DESC(percpu, "Take events on every CPU where the host can (default: 1); 0: by PCI interrupt on one");

static bool fifo;
module_param(fifo, bool, 0444);
MODULE_PARM_DESC(fifo, "Use the FIFO event channel ABI where the host has it (default: 0: it cannot be given back, so pvbus could not be unloaded)");

#define EVTCHN_SPURIOUS_FREE	32	/* useless upcalls in a row before re-arming slows down */
#define EVTCHN_MAX_DELAY	(HZ / 4)
#define POLL_FALLBACK		250	/* a second */
#define POLL_MAX		10000

static enum event_mode { EV_OFF, EV_PERCPU, EV_INTX, EV_POLL } mode;
static unsigned int poll_hz;
static bool fifo_on;
static struct xen_shared_info *shared_info;
static phys_addr_t shared_info_pa;
static u32 vcpu_of[NR_CPUS];
static struct cpumask takes_events;	/* CPUs with a vector; under channel_lock */
static struct pvbus_evtchn *channel[XEN_2L_PORTS];
static DEFINE_MUTEX(channel_lock);	/* who binds, moves and closes; upcalls do not take it */
static int intx_irq;
static u64 intx_callback;
static u8 vector_of[NR_CPUS];
static struct hrtimer poll_timer;

/* --- the two ABIs: a port's mask and pending bits --- */

/* Return: whether it was unmasked, so that whoever called owns the port's next unmasking */
static bool port_mask(u32 port)
{
	if (fifo_on)
		return !sync_test_and_set_bit(32 * port + EVTCHN_FIFO_MASKED, xen_fifo_words);
	return !sync_test_and_set_bit(port, shared_info->evtchn_mask);
}

static bool port_take_pending(u32 port)
{
	if (fifo_on)
		return sync_test_and_clear_bit(32 * port + EVTCHN_FIFO_PENDING, xen_fifo_words);
	return sync_test_and_clear_bit(port, shared_info->evtchn_pending);
}

static bool port_pending(u32 port)
{
	return fifo_on ? sync_test_bit(32 * port + EVTCHN_FIFO_PENDING, xen_fifo_words) :
			 sync_test_bit(port, shared_info->evtchn_pending);
}

/*
 * An event that came while the port was masked was not delivered, and only the hypercall can
 * deliver it now: it wants to find the mask set. One that comes between our look and our clearing
 * would be missed, hence the second look; unless its upcall is running already, which then has the
 * mask.
 */
static void port_unmask(u32 port)
{
	if (!port_pending(port)) {
		if (fifo_on)
			sync_clear_bit(32 * port + EVTCHN_FIFO_MASKED, xen_fifo_words);
		else
			sync_clear_bit(port, shared_info->evtchn_mask);
		virt_mb();	/* the mask is cleared before pending is read again */
		if (!port_pending(port) || !port_mask(port))
			return;
	}
	xen_event_op(EVTCHNOP_unmask, &port);
}

/* --- upcalls --- */

static void port_upcall(u32 port)
{
	struct pvbus_evtchn *ch;

	if (!port_mask(port))
		return;
	if (!port_take_pending(port)) {
		port_unmask(port);
		return;
	}
	ch = READ_ONCE(channel[port]);
	if (!ch)
		return;
	ch->events++;
	ch->handler(ch->data);
}

/* All vCPUs' ports share the words; a port bound to another CPU is for an upcall there. */
static bool port_is_here(u32 port)
{
	struct pvbus_evtchn *ch = READ_ONCE(channel[port]);

	return mode != EV_PERCPU || !ch || READ_ONCE(ch->cpu) == smp_processor_id();
}

/* @words: a bit for each word of pending bits that is to be looked into */
static void upcall_2l(unsigned long words)
{
	unsigned long bits;
	unsigned int w;
	u32 port;

	for_each_set_bit(w, &words, XEN_LONG_BITS) {
		bits = READ_ONCE(shared_info->evtchn_pending[w]) &
		       ~READ_ONCE(shared_info->evtchn_mask[w]);
		for (; bits; bits &= bits - 1) {
			port = w * XEN_LONG_BITS + __ffs(bits);
			if (port_is_here(port))
				port_upcall(port);
		}
	}
}

/*
 * Returns whether there was anything to do. An event after the flag is cleared raises a new
 * interrupt.
 */
static bool upcall(unsigned int vcpu)
{
	struct xen_vcpu_info *v = &shared_info->vcpu[vcpu];

	if (!READ_ONCE(v->upcall_pending))
		return false;
	WRITE_ONCE(v->upcall_pending, 0);
	virt_mb();	/* the flag is down before we look for what raised it */
	if (fifo_on)
		xen_fifo_upcall(vcpu, port_upcall);
	else
		upcall_2l(xchg(&v->pending_sel, 0ul));
	return true;
}

static irqreturn_t upcall_percpu(int irq, void *cookie)
{
	upcall(vcpu_of[smp_processor_id()]);
	return IRQ_HANDLED;
}

static irqreturn_t upcall_intx(int irq, void *cookie)
{
	return upcall(0) ? IRQ_HANDLED : IRQ_NONE;
}

static enum hrtimer_restart upcall_poll(struct hrtimer *timer)
{
	upcall_2l(~0ul);
	hrtimer_forward_now(timer, ns_to_ktime(NSEC_PER_SEC / poll_hz));
	return HRTIMER_RESTART;
}

static void poll_go(void)
{
	hrtimer_start(&poll_timer, ns_to_ktime(NSEC_PER_SEC / poll_hz), HRTIMER_MODE_REL);
}

/* --- channels --- */

static void rearm_work(struct work_struct *work)
{
	struct pvbus_evtchn *ch = container_of(to_delayed_work(work), struct pvbus_evtchn, rearm);

	port_unmask(ch->port);
}

/*
 * Bind a port to a CPU that takes events: @cpu, or another one. An event that is pending already is
 * delivered there. Under channel_lock. Return: 0, or -EINVAL if it stays where it is.
 */
static int channel_move(struct pvbus_evtchn *ch, unsigned int cpu)
{
	struct xen_evtchn_bind_vcpu op = { .port = ch->port };
	bool was_unmasked;
	int err = -EINVAL;

	if (cpu >= nr_cpu_ids || !cpumask_test_cpu(cpu, &takes_events))
		return err;
	was_unmasked = port_mask(ch->port);
	op.vcpu = vcpu_of[cpu];
	err = xen_event_op(EVTCHNOP_bind_vcpu, &op);
	if (!err)
		WRITE_ONCE(ch->cpu, cpu);
	/* Or its owner unmasked it meanwhile: what came then found it to be another CPU's. */
	if (was_unmasked || port_mask(ch->port))
		port_unmask(ch->port);
	return err;
}

/* Attach a channel to a port that exists, unmasked; upcalls start at once, on some CPU. */
int xen_evtchn_adopt(struct pvbus_evtchn *ch, u64 port, void (*handler)(void *), void *data)
{
	int err = -EBUSY;

	if (!port || port >= XEN_2L_PORTS)
		return -ERANGE;
	*ch = (struct pvbus_evtchn){ .port = port, .handler = handler, .data = data };
	INIT_DELAYED_WORK(&ch->rearm, rearm_work);
	mutex_lock(&channel_lock);
	if (!channel[port]) {
		port_mask(port);
		WRITE_ONCE(channel[port], ch);
		channel_move(ch, cpumask_first(&takes_events));
		port_unmask(port);
		err = 0;
	}
	mutex_unlock(&channel_lock);
	return err;
}

/* Detach: no handler of this channel runs when it returns. The port lives on, masked. */
void xen_evtchn_abandon(struct pvbus_evtchn *ch)
{
	mutex_lock(&channel_lock);
	WRITE_ONCE(channel[ch->port], NULL);
	mutex_unlock(&channel_lock);

	if (mode == EV_PERCPU)
		pvbus_vectors_sync();
	else if (mode == EV_INTX)
		synchronize_irq(intx_irq);
	else if (mode == EV_POLL && hrtimer_cancel(&poll_timer))
		poll_go();
	cancel_delayed_work_sync(&ch->rearm);
	port_mask(ch->port);
}

/**
 * pvbus_evtchn_open - make a port for a back-end to bind to, and listen on it
 * @ch: filled in; must stay where it is until pvbus_evtchn_close()
 * @xdev: the device; its back-end's domain may bind to the port
 * @cpu: CPU that is to take its upcalls; another one does where that cannot be, and @ch->cpu says
 *	which
 * @handler: see struct pvbus_evtchn
 * @data: argument of @handler
 *
 * Context: may sleep.
 * Return: 0, or what EVTCHNOP_alloc_unbound refused with; -ERANGE for a port number beyond 4095
 * (1023 on i386), -EBUSY for one that is in use.
 */
int pvbus_evtchn_open(struct pvbus_evtchn *ch, struct pvbus_xen_device *xdev, unsigned int cpu,
		      void (*handler)(void *), void *data)
{
	struct xen_evtchn_alloc_unbound op = { .dom = XEN_DOMID_SELF,
					       .remote_dom = xdev->backend_id };
	int err;

	if (in_tree()) {
		*ch = (struct pvbus_evtchn){ .handler = handler, .data = data };
		err = intree_evtchn_open(ch, xdev);
	} else {
		err = xen_event_op(EVTCHNOP_alloc_unbound, &op);
		if (err)
			return err;
		err = xen_evtchn_adopt(ch, op.port, handler, data);
		if (err) {
			pr_err("pvbus: event channel port %u for domain %u: error %d\n", op.port,
			       xdev->backend_id, err);
			if (err != -EBUSY)	/* else it is another channel's */
				xen_event_op(EVTCHNOP_close, &op.port);
			ch->port = 0;
		}
	}
	if (!err)
		pvbus_evtchn_set_cpu(ch, cpu);
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_evtchn_open);

/**
 * pvbus_evtchn_close - close a port
 * @ch: from pvbus_evtchn_open()
 *
 * The owner must have stopped calling pvbus_evtchn_eoi() and pvbus_evtchn_notify() on it.
 *
 * Context: may sleep. No handler of this channel runs or will run when it returns.
 */
void pvbus_evtchn_close(struct pvbus_evtchn *ch)
{
	if (in_tree()) {
		intree_evtchn_close(ch);
	} else {
		xen_evtchn_abandon(ch);
		xen_event_op(EVTCHNOP_close, &ch->port);
	}
	ch->port = 0;
}
EXPORT_SYMBOL_GPL(pvbus_evtchn_close);

/**
 * pvbus_evtchn_notify - signal the other end
 * @ch: the channel
 *
 * Context: any.
 */
void pvbus_evtchn_notify(struct pvbus_evtchn *ch)
{
	ch->notifies++;
	if (in_tree())
		intree_evtchn_notify(ch);
	else
		xen_event_op(EVTCHNOP_send, &ch->port);
}
EXPORT_SYMBOL_GPL(pvbus_evtchn_notify);

/**
 * pvbus_evtchn_eoi - the work an upcall announced is done: let the next one through
 * @ch: the channel
 * @spurious: there was nothing to do. After 32 in a row re-arming is delayed, twice as long each
 *	time, up to 250 ms
 *
 * To be called once for each call of the handler, by then or later.
 *
 * Context: any.
 */
void pvbus_evtchn_eoi(struct pvbus_evtchn *ch, bool spurious)
{
	unsigned int over;

	if (in_tree()) {
		intree_evtchn_eoi(ch, spurious);
		return;
	}
	ch->spurious = spurious ? ch->spurious + 1 : 0;
	if (likely(ch->spurious <= EVTCHN_SPURIOUS_FREE)) {
		port_unmask(ch->port);
		return;
	}
	over = min(ch->spurious - EVTCHN_SPURIOUS_FREE, 16u);
	if (over == 1)
		pr_warn_ratelimited("pvbus: port %u signals without reason, slowed down\n",
				    ch->port);
	queue_delayed_work(pvbus_wq, &ch->rearm,
			   min_t(unsigned long, 1ul << over, EVTCHN_MAX_DELAY));
}
EXPORT_SYMBOL_GPL(pvbus_evtchn_eoi);

/**
 * pvbus_evtchn_set_cpu - choose the CPU that takes a channel's upcalls
 * @ch: the channel
 * @cpu: which
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if that CPU takes no events (offline, beyond the first 32, or all come to
 * one).
 */
int pvbus_evtchn_set_cpu(struct pvbus_evtchn *ch, unsigned int cpu)
{
	int err;

	if (in_tree()) {
		err = intree_evtchn_set_cpu(ch, cpu);
		if (!err)
			ch->cpu = cpu;
		return err;
	}
	mutex_lock(&channel_lock);
	err = channel_move(ch, cpu);
	mutex_unlock(&channel_lock);
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_evtchn_set_cpu);

/* --- how upcalls reach us --- */

static u32 this_vcpu(unsigned int cpu)
{
	struct pvbus_host_info info;
	u32 r[4];

	if (!pvbus_detect(PVBUS_HOST_XEN, &info))
		return cpu;
	pvbus_cpuid(info.base + XEN_CPUID_HVM, r);
	return r[0] & XEN_CPUID_HVM_VCPU_ID ? r[1] : cpu;
}

static int tell_vector(unsigned int cpu)
{
	struct xen_hvm_upcall_vector op = { .vcpu = vcpu_of[cpu], .vector = vector_of[cpu] };

	return xen_call(XEN_HC_HVM_OP, HVMOP_set_evtchn_upcall_vector, &op);
}

static int cpu_online_cb(unsigned int cpu, u8 vector)
{
	u32 vcpu = this_vcpu(cpu);
	int err;

	if (vcpu >= XEN_LEGACY_VCPUS)
		return -ERANGE;
	vcpu_of[cpu] = vcpu;
	vector_of[cpu] = vector;
	err = (fifo_on ? xen_fifo_init_vcpu(vcpu) : 0) ?: tell_vector(cpu);
	if (err)
		return err;
	mutex_lock(&channel_lock);
	cpumask_set_cpu(cpu, &takes_events);
	mutex_unlock(&channel_lock);
	return 0;
}

/*
 * Xen goes on raising a vector long after, at least when it is told of other ways of delivery, and
 * ours may be nobody's by then: leave it one that the kernel always takes, and does nothing about.
 */
static void cpu_offline_cb(unsigned int cpu)
{
	unsigned int port;

	mutex_lock(&channel_lock);
	cpumask_clear_cpu(cpu, &takes_events);
	for (port = 1; port < XEN_2L_PORTS; port++)
		if (channel[port] && channel[port]->cpu == cpu)
			channel_move(channel[port], cpumask_first(&takes_events));
	mutex_unlock(&channel_lock);
	vector_of[cpu] = X86_PLATFORM_IPI_VECTOR;
	tell_vector(cpu);
}

static const struct pvbus_vector_user vector_user = {
	.name		= "pvbus-xen",
	.ncpus		= XEN_LEGACY_VCPUS,
	.handler	= upcall_percpu,
	.cookie		= &channel_lock,
	.online		= cpu_online_cb,
	.offline	= cpu_offline_cb,
};

/* Any value but 0 makes toolstacks know that drivers are there. */
static int vectors_start(void)
{
	int err = xen_set_param(HVM_PARAM_CALLBACK_IRQ, HVM_CALLBACK_GSI(1));

	mode = EV_PERCPU;
	return err ?: pvbus_vectors_start(&vector_user);
}

static int intx_start(int irq, u64 callback)
{
	int err = irq <= 0 ? -ENODEV : request_irq(irq, upcall_intx, IRQF_SHARED | IRQF_NOBALANCING,
						   "pvbus-xen", &channel_lock);

	if (err)
		return err;
	mode = EV_INTX;
	intx_irq = irq;
	intx_callback = callback;
	/* Xen raises the line for vCPU 0, and emulations look there whether they may lower it. */
	irq_set_affinity(irq, cpumask_of(0));
	return xen_set_param(HVM_PARAM_CALLBACK_IRQ, callback);
}

/*
 * Xen keeps a vector that it was once told until the next reset, and whoever told it may be gone.
 * It interrupts on the way from "nothing is pending" to "something is": so we never let it see that
 * way, and look into every word ourselves.
 */
static void poll_quietly(void)
{
	shared_info->vcpu[0].pending_sel = ~0ul;
	WRITE_ONCE(shared_info->vcpu[0].upcall_pending, 1);
}

static int poll_start(void)
{
	poll_hz = poll ?: POLL_FALLBACK;
	mode = EV_POLL;
	poll_quietly();
	hrtimer_setup(&poll_timer, upcall_poll, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	poll_go();
	return 0;
}

/*
 * All ports masked, and nothing pending: what a predecessor left unseen would keep Xen from raising
 * an interrupt.
 */
static void shared_info_clear(void)
{
	unsigned int i;

	memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
	for (i = 0; i < ARRAY_SIZE(shared_info->vcpu); i++) {
		WRITE_ONCE(shared_info->vcpu[i].upcall_pending, 0);
		WRITE_ONCE(shared_info->vcpu[i].pending_sel, 0);
	}
}

/**
 * pvbus_xen_events_stop - no upcall arrives any more, even for ports that stay
 *
 * All channels must be closed, but at shutdown. Xen is told first, for on this word it may raise
 * what it has.
 *
 * Context: may sleep.
 */
void pvbus_xen_events_stop(void)
{
	memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
	if (mode == EV_PERCPU || mode == EV_INTX)
		xen_set_param(HVM_PARAM_CALLBACK_IRQ, 0);
	if (mode == EV_PERCPU)
		pvbus_vectors_stop();
	else if (mode == EV_INTX)
		free_irq(intx_irq, &channel_lock);
	else if (mode == EV_POLL)
		hrtimer_cancel(&poll_timer);
	mode = EV_OFF;
	shared_info_clear();
}
EXPORT_SYMBOL_GPL(pvbus_xen_events_stop);

static void selftest_event(void *data)
{
	complete(data);
}

/*
 * Send ourselves an event: nothing may depend on events before one has arrived. More than once, for
 * an emulated Xen drops what comes before each of its CPUs has heard of the shared page.
 */
static int selftest(void)
{
	DECLARE_COMPLETION_ONSTACK(done);
	unsigned int tries = 50;
	unsigned int cpu = cpumask_first(&takes_events);
	struct xen_evtchn_bind_ipi op = { .vcpu = cpu < nr_cpu_ids ? vcpu_of[cpu] : 0 };
	static struct pvbus_evtchn ch;	/* a work may not be on a stack */
	int err;

	err = xen_event_op(EVTCHNOP_bind_ipi, &op);
	if (err)
		return err;
	err = xen_evtchn_adopt(&ch, op.port, selftest_event, &done);
	if (!err) {
		do {
			pvbus_evtchn_notify(&ch);
			err = wait_for_completion_timeout(&done, HZ / 10) ? 0 : -ETIMEDOUT;
		} while (err && --tries);
		xen_evtchn_abandon(&ch);
	}
	if (err != -EBUSY)	/* else it is another channel's */
		xen_event_op(EVTCHNOP_close, &op.port);
	return err;
}

static const char *const mode_names[] = {
	[EV_OFF] = "no way",
	[EV_PERCPU] = "vector on each CPU",
	[EV_INTX] = "PCI interrupt",
	[EV_POLL] = "polling",
};

/**
 * pvbus_xen_event_mode - how upcalls arrive, for people
 */
const char *pvbus_xen_event_mode(void)
{
	return fifo_on ? "vector on each CPU, FIFO" : mode_names[mode];
}
EXPORT_SYMBOL_GPL(pvbus_xen_event_mode);

/**
 * pvbus_xen_shared_info_start - map the page that Xen shares with the guest
 * @where: guest-physical address of a page nobody uses, in the platform device's memory window
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -EIO if what appears there is not Xen's page.
 */
int pvbus_xen_shared_info_start(phys_addr_t where)
{
	int err;

	shared_info = memremap(where, XEN_PAGE_SIZE, MEMREMAP_WB);
	if (!shared_info)
		return -ENOMEM;
	shared_info_pa = where;
	/*
	 * Setting this parameter makes Xen note whether we are a 32 or a 64 bit guest: the page's
	 * layout hangs on it.
	 */
	err = xen_set_param(HVM_PARAM_CALLBACK_IRQ, 0) ?: xen_shared_info_renew();
	if (!err && READ_ONCE(shared_info->evtchn_mask[0]) == ~0ul)
		return 0;
	if (err)
		pr_err("pvbus: cannot map Xen's shared info at %pa: error %d\n", &where, err);
	else
		pr_err("pvbus: Xen's shared info at %pa does not hold what is written to it\n",
		       &where);
	pvbus_xen_shared_info_stop();
	return err ?: -EIO;
}
EXPORT_SYMBOL_GPL(pvbus_xen_shared_info_start);

/**
 * pvbus_xen_shared_info_stop - give the shared page back
 */
void pvbus_xen_shared_info_stop(void)
{
	memunmap(shared_info);
	xen_unmap_frame(shared_info_pa >> XEN_PAGE_SHIFT);
}
EXPORT_SYMBOL_GPL(pvbus_xen_shared_info_stop);

/**
 * pvbus_xen_events_start - make event channels work, and see one arrive
 * @irq: the platform device's interrupt, for hosts without per-CPU vectors; 0 for none
 * @callback: value of HVM_PARAM_CALLBACK_IRQ that names @irq to Xen
 *
 * Context: may sleep.
 * Return: 0; -ETIMEDOUT if no event arrives; what the hypercalls refused with.
 */
int pvbus_xen_events_start(int irq, u64 callback)
{
	enum event_mode way = poll ? EV_POLL : percpu ? EV_PERCPU : EV_INTX;
	int err = -ENODEV;

	pvbus_bound("pvbus", "poll", &poll, 0, POLL_MAX);
	if (fifo && way == EV_PERCPU) {
		err = xen_fifo_start();
		if (err && xen_fifo_words)
			return err;
		fifo_on = !err;
	}
	for (; way <= EV_POLL; way++) {
		err = way == EV_PERCPU ? vectors_start()
		      : way == EV_INTX ? intx_start(irq, callback)
				       : poll_start();
		if (!err)
			err = selftest();
		if (!err) {
			pr_info("pvbus: Xen's events arrive by %s\n", pvbus_xen_event_mode());
			return 0;
		}
		pr_warn("pvbus: no event arrives by %s: error %d\n", mode_names[way], err);
		pvbus_xen_events_stop();
		if (fifo_on)	/* Xen does not go back to two levels */
			return err;
	}
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_xen_events_start);

/* --- another host --- */

/* xen_events_lost - there is no shared page to look at here. May sleep */
void xen_events_lost(void)
{
	if (mode == EV_POLL)
		hrtimer_cancel(&poll_timer);
}

/* xen_shared_info_renew - the page of the host we woke up at. Context: any */
int xen_shared_info_renew(void)
{
	int err = xen_map_frame(XENMAPSPACE_shared_info, 0, shared_info_pa >> XEN_PAGE_SHIFT);

	if (!err)
		shared_info_clear();
	return err;
}

/*
 * xen_events_renew - tell a host that knows nothing of us how events are to arrive, and see one
 *
 * Whether we are a 32 or a 64 bit guest it notes with the callback parameter, as on the first day.
 *
 * Context: may sleep.
 * Return: 0, -ETIMEDOUT, or what the host refused with.
 */
int xen_events_renew(void)
{
	u64 callback = mode == EV_PERCPU ? HVM_CALLBACK_GSI(1) :
		       mode == EV_INTX ? intx_callback : 0;
	int err = xen_set_param(HVM_PARAM_CALLBACK_IRQ, callback);
	unsigned int cpu;

	if (!err && fifo_on)
		err = xen_fifo_renew();
	for_each_cpu(cpu, &takes_events)	/* which cannot come or go now */
		err = err ?: tell_vector(cpu);
	if (mode == EV_POLL)
		poll_quietly();
	return err ?: selftest();
}
