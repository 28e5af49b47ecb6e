// SPDX-License-Identifier: GPL-2.0-only
/*
 * The synthetic interrupt controller: how messages and events reach us.
 *
 * Each CPU that takes part shows the host two pages: one with a slot for a message, one with a bit
 * for each channel. What the host puts there it announces by an interrupt, as asked for in one of
 * the controller's sources (SINT2). The ways to take it, in the order they are tried: a vector of
 * our own on every CPU; the interrupt of VMBus's ACPI device, on the one CPU it goes to; a timer
 * that looks. Whether a way works shows when the host answers the first message.
 *
 * All messages come to one CPU, which therefore has to stay. They are handled one at a time in its
 * work queue; until one is taken the host sends no other, so there is nothing to overflow.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include <asm/hw_irq.h>
#include <bus.h>
#include <pvbus/platform.h>
#include "internal.h"

#define EVENT_BYTES	(HV_EVENTS_PER_SINT / 8)
#define MESSAGES_A_TIME	32
#define POLL_FALLBACK	250	/* a second */
#define POLL_MAX	10000u
#define NO_VECTOR	0xff	/* where the CPU sends what is spurious */

struct hv_cpu {
	struct hv_message_page *messages;
	struct hv_event_page *events;
	u32 vp;
};

static DEFINE_PER_CPU(struct hv_cpu, hv_cpu);
static enum hv_way way;
static int stay_state;
static bool running;
static struct cpumask takes_events;
static unsigned int message_cpu;
static struct workqueue_struct *message_wq;
static unsigned long *shared_bits;
static int acpi_irq;
static unsigned int poll_hz;
static struct hrtimer poll_timer;

static const char *const way_names[] = {
	[HV_WAY_PERCPU]		= "vector on each CPU",
	[HV_WAY_ACPI]		= "ACPI interrupt",
	[HV_WAY_POLL_MASKED]	= "polling, interrupts masked",
	[HV_WAY_POLL]		= "polling",
};

const char *hv_way_name(enum hv_way w)
{
	return way_names[w];
}

/* -- what the pages hold -- */

/* Bits are shared with the host, and taken by whoever clears them. Return: whether there was any */
static bool take_bits(unsigned long *word)
{
	unsigned long bits;
	bool any = false;
	unsigned int i;

	for (i = 0; i < EVENT_BYTES / sizeof(long); i++) {
		if (!READ_ONCE(word[i]))
			continue;
		bits = xchg(&word[i], 0);
		any = true;
		for (; bits; bits &= bits - 1)
			hv_channel_event(i * BITS_PER_LONG + __ffs(bits));
	}
	return any;
}

static struct hv_message *message_slot(void)
{
	return &per_cpu(hv_cpu, message_cpu).messages->sint[VMBUS_SINT];
}

static bool take_message(struct hv_message *msg)
{
	struct hv_message *slot = message_slot();

	if (READ_ONCE(slot->type) == HV_MESSAGE_NONE)
		return false;
	/* The message is valid from the moment its type was, not before. */
	virt_rmb();
	memcpy(msg, slot, sizeof(*msg));
	/* Once the slot is free the host may fill it: have the message first. */
	virt_mb();
	WRITE_ONCE(slot->type, HV_MESSAGE_NONE);
	/* And free it must be when the host looks whether it may bring the next one. */
	virt_mb();
	hv_write_msr(HV_MSR_EOM, 0);
	return true;
}

static void message_fn(struct work_struct *work)
{
	struct hv_message msg;
	unsigned int n;

	for (n = 0; n < MESSAGES_A_TIME; n++) {
		if (!READ_ONCE(running) || !take_message(&msg))
			return;
		if (msg.type == VMBUS_MESSAGE_TYPE)
			hv_message(msg.payload, msg.size);
		cond_resched();
	}
	queue_work_on(message_cpu, message_wq, work);
}

static DECLARE_WORK(message_work, message_fn);

/* What there is on a CPU's pages; in interrupts. Return: whether there was anything */
static bool look(unsigned int cpu)
{
	struct hv_cpu *c = per_cpu_ptr(&hv_cpu, cpu);
	bool any;

	if (!c->events)
		return false;
	any = take_bits((unsigned long *)c->events->sint[VMBUS_SINT]);
	if (cpu != READ_ONCE(message_cpu))
		return any;
	if (READ_ONCE(shared_bits))
		any |= take_bits(shared_bits);
	if (READ_ONCE(c->messages->sint[VMBUS_SINT].type) != HV_MESSAGE_NONE) {
		queue_work_on(cpu, message_wq, &message_work);
		any = true;
	}
	return any;
}

static irqreturn_t interrupt_percpu(int irq, void *cookie)
{
	look(smp_processor_id());
	return IRQ_HANDLED;
}

static irqreturn_t interrupt_acpi(int irq, void *cookie)
{
	return look(message_cpu) ? IRQ_HANDLED : IRQ_NONE;
}

static enum hrtimer_restart interrupt_poll(struct hrtimer *timer)
{
	look(message_cpu);
	hrtimer_forward_now(timer, ns_to_ktime(NSEC_PER_SEC / poll_hz));
	return HRTIMER_RESTART;
}

/* -- one CPU -- */

static u64 page_msr(u32 msr, void *page)
{
	/* Bits that mean nothing yet stay as they are. */
	return (hv_read_msr(msr) & (HV_PAGE_SIZE - 2)) | virt_to_phys(page) | HV_MSR_ENABLE;
}

/* On that CPU. @arg: u64 for the SINT */
static void synic_on(void *arg)
{
	struct hv_cpu *c = this_cpu_ptr(&hv_cpu);

	c->vp = hv_read_msr(HV_MSR_VP_INDEX);
	hv_write_msr(HV_MSR_SIMP, page_msr(HV_MSR_SIMP, c->messages));
	hv_write_msr(HV_MSR_SIEFP, page_msr(HV_MSR_SIEFP, c->events));
	hv_write_msr(HV_MSR_SINT0 + VMBUS_SINT, *(u64 *)arg);
	hv_write_msr(HV_MSR_SCONTROL, hv_read_msr(HV_MSR_SCONTROL) | HV_MSR_ENABLE);
}

/* On that CPU */
static void synic_off(void *unused)
{
	hv_write_msr(HV_MSR_SINT0 + VMBUS_SINT, HV_SINT_MASKED);
	hv_write_msr(HV_MSR_SIMP, hv_read_msr(HV_MSR_SIMP) & ~HV_MSR_ENABLE);
	hv_write_msr(HV_MSR_SIEFP, hv_read_msr(HV_MSR_SIEFP) & ~HV_MSR_ENABLE);
	hv_write_msr(HV_MSR_SCONTROL, hv_read_msr(HV_MSR_SCONTROL) & ~HV_MSR_ENABLE);
}

static void pages_free(unsigned int cpu)
{
	struct hv_cpu *c = per_cpu_ptr(&hv_cpu, cpu);

	free_page((unsigned long)c->messages);
	free_page((unsigned long)c->events);
	c->messages = NULL;
	c->events = NULL;
}

static int pages_alloc(unsigned int cpu)
{
	struct hv_cpu *c = per_cpu_ptr(&hv_cpu, cpu);

	c->messages = (void *)get_zeroed_page(GFP_KERNEL);
	c->events = (void *)get_zeroed_page(GFP_KERNEL);
	if (c->messages && c->events)
		return 0;
	pages_free(cpu);
	return -ENOMEM;
}

static int one_cpu_on(unsigned int cpu, u64 sint)
{
	int err = pages_alloc(cpu);

	if (err)
		return err;
	err = smp_call_function_single(cpu, synic_on, &sint, 1);
	if (err) {
		pages_free(cpu);
		return err;
	}
	cpumask_set_cpu(cpu, &takes_events);
	return 0;
}

static void one_cpu_off(unsigned int cpu)
{
	if (!cpumask_test_and_clear_cpu(cpu, &takes_events))
		return;
	smp_call_function_single(cpu, synic_off, NULL, 1);
	pages_free(cpu);
}

/* -- a vector on each CPU -- */

static int cpu_online_cb(unsigned int cpu, u8 vector)
{
	if (cpumask_empty(&takes_events))
		message_cpu = cpu;
	return one_cpu_on(cpu, vector);
}

/* Events that the host put there before it heard that the channel moved are not lost. */
static void cpu_offline_cb(unsigned int cpu)
{
	unsigned long flags;

	if (running) {
		down_write(&hv_vmbus.cpus_lock);
		hv_channels_leave_cpu(cpu);
		up_write(&hv_vmbus.cpus_lock);
	}
	smp_call_function_single(cpu, synic_off, NULL, 1);
	local_irq_save(flags);
	look(cpu);
	local_irq_restore(flags);
	pages_free(cpu);
}

/*
 * The CPU that takes messages stays, and those whose channels cannot be moved elsewhere. One that
 * may go gets no more channels.
 */
static bool cpu_may_go(unsigned int cpu)
{
	bool may;

	down_write(&hv_vmbus.cpus_lock);
	may = !running || (cpu != message_cpu && hv_cpu_movable(cpu));
	if (may)
		cpumask_clear_cpu(cpu, &takes_events);
	up_write(&hv_vmbus.cpus_lock);
	return may;
}

static const struct pvbus_vector_user vector_user = {
	.name		= "pvbus-vmbus",
	.ncpus		= NR_CPUS,
	.handler	= interrupt_percpu,
	.cookie		= &takes_events,
	.online		= cpu_online_cb,
	.offline	= cpu_offline_cb,
	.may_go		= cpu_may_go,
};

/* -- the ACPI device's interrupt -- */

static void acpi_stop(void)
{
	one_cpu_off(message_cpu);
	free_irq(acpi_irq, &takes_events);
}

/* Its affinity is never set, so that the vector stays what it is. */
static int acpi_start(int irq)
{
	struct irq_data *d;
	struct irq_cfg *cfg;
	int err;

	if (irq <= 0)
		return -ENODEV;
	acpi_irq = irq;
	message_cpu = cpumask_first(cpu_online_mask);
	err = request_irq(irq, interrupt_acpi, IRQF_NOBALANCING | IRQF_NO_THREAD, "pvbus-vmbus",
			  &takes_events);
	if (err)
		return err;
	d = irq_get_irq_data(irq);
	cfg = irqd_cfg(d);
	err = -EINVAL;
	if (cfg && cfg->vector && !cpumask_empty(irq_data_get_effective_affinity_mask(d))) {
		message_cpu = cpumask_first(irq_data_get_effective_affinity_mask(d));
		err = one_cpu_on(message_cpu, cfg->vector);
	}
	if (err)
		free_irq(irq, &takes_events);
	return err;
}

/* -- a timer -- */

static void poll_stop(void)
{
	hrtimer_cancel(&poll_timer);
	one_cpu_off(message_cpu);
}

/*
 * A source that is masked takes no interrupts, and with Hyper-V itself no messages either; one that
 * is polled takes messages, but emulations that do not know of polling interrupt all the same.
 */
static int poll_start(unsigned int hz, u64 sint)
{
	int err;

	if (hz > POLL_MAX)
		pr_warn("pvbus: poll=%u is out of range, taking %u\n", hz, POLL_MAX);
	poll_hz = hz ? min(hz, POLL_MAX) : POLL_FALLBACK;
	message_cpu = cpumask_first(cpu_online_mask);
	err = one_cpu_on(message_cpu, sint);
	if (err)
		return err;
	hrtimer_setup(&poll_timer, interrupt_poll, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hrtimer_start(&poll_timer, ns_to_ktime(NSEC_PER_SEC / poll_hz), HRTIMER_MODE_REL);
	return 0;
}

/* -- all of it -- */

static int one_way_start(const struct pvbus_hv_config *config)
{
	switch (way) {
	case HV_WAY_ACPI:
		return acpi_start(config->irq);
	case HV_WAY_POLL_MASKED:
		return poll_start(config->poll, HV_SINT_MASKED | HV_SINT_POLLING);
	default:
		return poll_start(config->poll, NO_VECTOR | HV_SINT_POLLING);
	}
}

static void one_way_stop(void)
{
	if (way == HV_WAY_ACPI)
		acpi_stop();
	else
		poll_stop();
}

/* Where one CPU takes all it stays: its pages are the host's, and only it can take them back. */
static int cpu_stays_cb(unsigned int cpu)
{
	return cpu == message_cpu ? -EBUSY : 0;
}

static int way_start(const struct pvbus_hv_config *config)
{
	int err;

	if (way == HV_WAY_PERCPU)
		return pvbus_vectors_start(&vector_user);
	cpus_read_lock();
	err = one_way_start(config);
	if (!err) {
		stay_state = cpuhp_setup_state_nocalls_cpuslocked(CPUHP_AP_ONLINE_DYN,
								  "pvbus/vmbus:stay", NULL,
								  cpu_stays_cb);
		if (stay_state < 0) {
			err = stay_state;
			one_way_stop();
		}
	}
	cpus_read_unlock();
	return err;
}

static void way_stop(void)
{
	if (way == HV_WAY_PERCPU) {
		pvbus_vectors_stop();
		return;
	}
	cpuhp_remove_state_nocalls(stay_state);
	one_way_stop();
}

/**
 * hv_synic_start - let messages and events come in
 * @w: by which way
 * @config: what the bootstrap knows
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -ENODEV if there is no such way here; what the kernel refused with.
 */
int hv_synic_start(enum hv_way w, const struct pvbus_hv_config *config)
{
	int err;

	message_wq = alloc_workqueue("pvbus_vmbus_msg", WQ_MEM_RECLAIM | WQ_PERCPU, 1);
	if (!message_wq)
		return -ENOMEM;
	way = w;
	cpumask_clear(&takes_events);
	err = way_start(config);
	running = !err;
	if (err)
		destroy_workqueue(message_wq);
	return err;
}

/**
 * hv_synic_stop - nothing comes in any more
 *
 * Context: may sleep. Harmless if nothing does.
 */
void hv_synic_stop(void)
{
	if (!running)
		return;
	WRITE_ONCE(running, false);
	/* Should it be queued again it does nothing; the pages go now. */
	cancel_work_sync(&message_work);
	way_stop();
	destroy_workqueue(message_wq);
	WRITE_ONCE(shared_bits, NULL);
}

/* hv_synic_share - hosts before 2.4 set bits here, and interrupt the CPU that takes messages */
void hv_synic_share(void *bits)
{
	WRITE_ONCE(shared_bits, bits);
}

/* hv_vp_of - by which number the host knows a CPU that takes events */
u32 hv_vp_of(unsigned int cpu)
{
	return per_cpu(hv_cpu, cpu).vp;
}

unsigned int hv_message_cpu(void)
{
	return message_cpu;
}

/* hv_event_cpu - @cpu if it takes events, else one that does */
unsigned int hv_event_cpu(unsigned int cpu)
{
	return cpu < nr_cpu_ids && cpumask_test_cpu(cpu, &takes_events) ? cpu : message_cpu;
}

/* hv_synic_take_in_panic - a message, if there is one; when nothing else runs any more */
bool hv_synic_take_in_panic(struct hv_message *msg)
{
	return running && take_message(msg);
}

void hv_synic_off_in_panic(void)
{
	if (running && cpumask_test_cpu(raw_smp_processor_id(), &takes_events))
		synic_off(NULL);
}
