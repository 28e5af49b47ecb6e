// SPDX-License-Identifier: GPL-2.0-only
/* Uses all that compat/bus.h offers; has to compile on every kernel, without a warning. */
#include <linux/cpuhotplug.h>
#include <linux/debugfs.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/random.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include <bus.h>

#define CREATE_TRACE_POINTS
#include "use-trace.h"

static_assert(sizeof(guid_t) == 16);

struct use_device {
	struct device dev;
	struct timer_list timer;
	struct hrtimer hrtimer;
	struct work_struct work;
	struct tasklet_struct tasklet;
	guid_t guid;
	char name[16];
};

static int use_match(struct device *dev, const struct device_driver *drv)
{
	return container_of(dev, struct use_device, dev)->name[0] == drv->name[0];
}
PV_BUS_MATCH(use_match)

static int use_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "USE=%s", dev_name(dev));
}
PV_BUS_UEVENT(use_uevent)

static void use_remove(struct device *dev)
{
	struct use_device *use = container_of(dev, struct use_device, dev);

	timer_delete_sync(&use->timer);
	hrtimer_cancel(&use->hrtimer);
}
PV_BUS_REMOVE(use_remove)

static struct bus_type use_bus = {
	.name = "use",
	.match = use_match_op,
	.uevent = use_uevent_op,
	.remove = use_remove_op,
};

static void use_timer(struct timer_list *t)
{
	struct use_device *use = timer_container_of(use, t, timer);

	mod_timer(&use->timer, jiffies + secs_to_jiffies(1));
}

static enum hrtimer_restart use_hrtimer(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

static void use_tasklet(struct tasklet_struct *t)
{
	struct use_device *use = container_of(t, struct use_device, tasklet);

	switch (use->name[0]) {
	case 'u':
		use->name[0] = 0;
		fallthrough;
	default:
		schedule_work(&use->work);
	}
}

static int files_show(struct seq_file *m, void *unused)
{
	const struct use_device *use = m->private;

	seq_printf(m, "%s\n", use->name);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(files);

static void use_work(struct work_struct *work)
{
	struct use_device *use = from_work(use, work, work);

	strscpy(use->name, "use", sizeof(use->name));
	trace_use_bus(use->name);
}

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u8 le[4] = {};
	int at = sysfs_emit(buf, "%s", dev_name(dev));

	return at + sysfs_emit_at(buf, at, "%u\n", get_unaligned_le32(le));
}
static DEVICE_ATTR_RO(name);

static int use_translate(struct irq_domain *d, struct irq_fwspec *f, unsigned long *hwirq,
			 unsigned int *type)
{
	*hwirq = f->param[0];
	*type = IRQ_TYPE_NONE;
	return 0;
}

static const struct irq_domain_ops use_domain_ops = { .translate = use_translate };
static enum cpuhp_state use_state;

static int use_online(unsigned int cpu)
{
	return irq_set_affinity(cpu, cpumask_of(cpu));
}

DEFINE_STATIC_CALL(use_call, use_online);

static int use_irqs(void)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode("use");
	struct irq_alloc_info info = {};
	struct irq_domain *domain;

	info.mask = cpumask_of(0);
	domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 0, fwnode, &use_domain_ops,
					     &info);
	if (!domain || boot_cpu_data.x86_vendor == X86_VENDOR_HYGON)
		return -ENODEV;
	irq_domain_remove(domain);
	irq_domain_free_fwnode(fwnode);
	use_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "use:online", use_online, NULL);
	return use_state < 0 ? use_state : 0;
}

static struct use_device *use_alloc(void)
{
	u32 *list = kvcalloc(2, sizeof(*list), GFP_KERNEL);

	if (list)
		*list = get_random_u32();
	kvfree(list);
	return kzalloc(sizeof(struct use_device), GFP_KERNEL);
}

static struct use_device *use;
static struct workqueue_struct *use_wq;

static int __init use_init(void)
{
	int ret = bus_register(&use_bus);

	if (ret)
		return ret;
	use = use_alloc();
	use_wq = alloc_workqueue("use", WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	if (!use || !use_wq || device_create_file(&use->dev, &dev_attr_name))
		return -ENOMEM;
	timer_setup(&use->timer, use_timer, 0);
	tasklet_setup(&use->tasklet, use_tasklet);
	import_guid(&use->guid, (const u8 *)use->name);
	debugfs_create_file("use", 0400, NULL, use, &files_fops);
	hrtimer_setup(&use->hrtimer, use_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	INIT_WORK(&use->work, use_work);
	queue_work(use_wq, &use->work);
	queue_work(system_dfl_wq, &use->work);
	static_call_update(use_call, use_online);
	pci_info(to_pci_dev(&use->dev), "%d\n",
		 platform_get_irq_optional(to_platform_device(&use->dev), 0));
	pci_warn(to_pci_dev(&use->dev), "%d\n", pv_kernel_on_hyperv());
	if (pv_memory_hidden() || static_call(use_call)(0))
		return -EIO;
	return use_irqs();
}

static void __exit use_exit(void)
{
	cpuhp_remove_state(use_state);
	destroy_workqueue(use_wq);
	bus_unregister(&use_bus);
	kfree(use);
}

module_init(use_init);
module_exit(use_exit);
MODULE_DESCRIPTION("compile test of compat/bus.h");
MODULE_LICENSE("GPL");
