// SPDX-License-Identifier: GPL-2.0-only
/*
 * One interrupt vector of our own on every CPU, for hosts that interrupt each CPU by a vector we
 * name.
 *
 * A small irq domain below the CPUs' vector domain: an interrupt is made with an affinity mask of
 * one CPU, which makes the parent assign a vector there at once, and the chip has no way to change
 * the affinity, so it stays. The chip acknowledges at the local APIC; masking is the host's
 * business.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/mutex.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include <bus.h>
#include <pvbus/platform.h>

static const struct pvbus_vector_user *vector_user;
static struct fwnode_handle *vector_fwnode;
static struct irq_domain *vector_domain;
static unsigned int vector_irq_of[NR_CPUS];
/* That an interrupt found there stays while it is waited for */
static DEFINE_MUTEX(vector_lock);
static int vector_cpuhp;
static bool vectors_any;

static void vector_nop(struct irq_data *d)
{
}

static struct irq_chip vector_chip = {
	.name		= "pvbus",
	.irq_ack	= irq_chip_ack_parent,
	.irq_mask	= vector_nop,
	.irq_unmask	= vector_nop,
};

static int vector_alloc(struct irq_domain *d, unsigned int virq, unsigned int nr, void *arg)
{
	const struct irq_fwspec *spec = arg;
	struct irq_alloc_info info = { .mask = cpumask_of(spec->param[0]) };
	int err;

	err = irq_domain_alloc_irqs_parent(d, virq, nr, &info);
	if (err)
		return err;
	/* Activation would move the vector to where the default affinity points. */
	irq_data_update_affinity(irq_domain_get_irq_data(d, virq), info.mask);
	irq_domain_set_info(d, virq, spec->param[0], &vector_chip, NULL, handle_edge_irq, NULL,
			    "edge");
	return 0;
}

/* Without a translation, an interrupt's number in the domain is its first parameter: the CPU. */
static const struct irq_domain_ops vector_ops = {
	.alloc		= vector_alloc,
	.free		= irq_domain_free_irqs_common,
};

static void vector_down(unsigned int cpu)
{
	unsigned int virq = vector_irq_of[cpu];

	mutex_lock(&vector_lock);
	vector_irq_of[cpu] = 0;
	free_irq(virq, vector_user->cookie);
	irq_dispose_mapping(virq);
	mutex_unlock(&vector_lock);
}

static int vector_up(unsigned int cpu)
{
	struct irq_fwspec spec = { .fwnode = vector_fwnode, .param_count = 1, .param = { cpu } };
	unsigned int virq;
	int err;

	virq = irq_create_fwspec_mapping(&spec);
	if (!virq)
		return -ENOSPC;
	err = request_irq(virq, vector_user->handler, IRQF_NOBALANCING | IRQF_NO_THREAD,
			  vector_user->name, vector_user->cookie);
	if (err) {
		irq_dispose_mapping(virq);
		return err;
	}
	/* Before the first interrupt, for those who want to wait for its end */
	vector_irq_of[cpu] = virq;
	err = vector_user->online(cpu, irqd_cfg(irq_get_irq_data(virq))->vector);
	if (err)
		vector_down(cpu);
	return err;
}

/*
 * Once one CPU has a vector, another is not kept out for want of one: it only takes no interrupts
 * of ours.
 */
static int vector_cpu_online(unsigned int cpu)
{
	int err;

	if (cpu >= vector_user->ncpus)
		return 0;
	err = vector_up(cpu);
	if (!err)
		vectors_any = true;
	if (err && vectors_any) {
		pr_warn("pvbus: no interrupt vector for CPU %u: error %d\n", cpu, err);
		return 0;
	}
	return err;
}

static int vector_cpu_offline(unsigned int cpu)
{
	if (!vector_irq_of[cpu])
		return 0;
	if (vector_user->may_go && !vector_user->may_go(cpu))
		return -EBUSY;
	vector_user->offline(cpu);
	vector_down(cpu);
	return 0;
}

/**
 * pvbus_vectors_start - give every CPU a vector and tell the host
 * @user: handler and callbacks; must stay valid until pvbus_vectors_stop(). One user at a time
 *
 * CPUs that come and go later are followed by CPU hotplug callbacks.
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if there is a user already; -ENOSPC if the first CPU is out of vectors; what
 * @user->online() there refused with.
 */
int pvbus_vectors_start(const struct pvbus_vector_user *user)
{
	int err = -ENOMEM;

	if (vector_user)
		return -EBUSY;
	vector_fwnode = irq_domain_alloc_named_fwnode("pvbus");
	if (!vector_fwnode)
		return -ENOMEM;
	vector_domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 0, vector_fwnode,
						    &vector_ops, NULL);
	if (!vector_domain)
		goto free_fwnode;

	vector_user = user;
	vectors_any = false;
	err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "pvbus/vector:online", vector_cpu_online,
				vector_cpu_offline);
	if (err < 0)
		goto remove;
	vector_cpuhp = err;
	return 0;
remove:
	vector_user = NULL;
	irq_domain_remove(vector_domain);
free_fwnode:
	irq_domain_free_fwnode(vector_fwnode);
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_vectors_start);

/**
 * pvbus_vectors_stop - take all vectors back
 *
 * Calls the user's offline() on each CPU. The host must have been kept from raising them any more,
 * or told another vector: a vector freed here may serve another device at once.
 *
 * Context: may sleep.
 */
void pvbus_vectors_stop(void)
{
	if (!vector_user)
		return;
	cpuhp_remove_state(vector_cpuhp);
	irq_domain_remove(vector_domain);
	irq_domain_free_fwnode(vector_fwnode);
	vector_user = NULL;
}
EXPORT_SYMBOL_GPL(pvbus_vectors_stop);

/**
 * pvbus_vectors_sync - wait until no handler that was running when this was called runs any more
 *
 * Not under the lock of CPU hotplug: a CPU that goes waits for the requests of its queue, which may
 * be waiting for a connection that cannot be made anew before the old one's channels are closed.
 *
 * Context: may sleep.
 */
void pvbus_vectors_sync(void)
{
	unsigned int cpu;

	mutex_lock(&vector_lock);
	for_each_possible_cpu(cpu)
		if (vector_irq_of[cpu])
			synchronize_irq(vector_irq_of[cpu]);
	mutex_unlock(&vector_lock);
}
EXPORT_SYMBOL_GPL(pvbus_vectors_sync);
