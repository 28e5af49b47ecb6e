// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMBus's ACPI device: where a guest's paravirtualised life begins on Hyper-V.
 *
 * Bring-up goes in stages, each proven to work before the next: hypercalls answer, the interrupt
 * controller brings the answer to our first message, devices are offered. What fails unwinds in
 * reverse.
 *
 * The kernel's own driver for the device is hv_vmbus; it keeps off where the kernel does not use
 * Hyper-V (booted with nopv, or built without support for it).
 */
#include <linux/acpi.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/platform_device.h>
#include <bus.h>
#include <pvbus/platform.h>

static unsigned int poll;
module_param(poll, uint, 0444);
MODULE_PARM_DESC(poll, "Look for events this many times a second instead of taking interrupts, 0 to 10000 (default: 0 = interrupts)");

static bool percpu = true;
module_param(percpu, bool, 0444);
MODULE_PARM_DESC(percpu, "Take events on every CPU (default: 1); 0: by the ACPI device's interrupt on one");

static char *max_version;
module_param(max_version, charp, 0444);
MODULE_PARM_DESC(max_version, "Newest version of the protocol to ask the host for: 5.3, 5.2, 5.1, 5.0, 4.1, 4.0, 3.0, 2.4, 1.1 or 0.13 (default: 5.3)");

static ssize_t events_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", pvbus_hv_event_mode());
}
static DEVICE_ATTR_RO(events);

static ssize_t version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 version = pvbus_hv_version();

	return sysfs_emit(buf, "%u.%u\n", version >> 16, version & 0xffff);
}
static DEVICE_ATTR_RO(version);

static struct attribute *bootstrap_attrs[] = {
	&dev_attr_events.attr,
	&dev_attr_version.attr,
	NULL
};

static const struct attribute_group bootstrap_group = { .attrs = bootstrap_attrs };

static int stages_start(struct device *dev, const struct pvbus_host_info *info, int irq)
{
	struct pvbus_hv_config config = {
		.irq = irq, .percpu = percpu, .poll = poll, .max_version = max_version
	};
	int err;

	err = pvbus_hv_hypercalls_start(info);
	if (err)
		return err;
	err = pvbus_hv_connect(&config);
	if (err)
		goto stop_hypercalls;
	err = pvbus_hv_bus_start(dev);
	if (err)
		goto disconnect;
	return 0;

disconnect:
	pvbus_hv_disconnect();
stop_hypercalls:
	pvbus_hv_hypercalls_stop();
	return err;
}

static void stages_stop(void)
{
	pvbus_hv_bus_stop();
	pvbus_hv_disconnect();
	pvbus_hv_hypercalls_stop();
}

static int bootstrap_panic(struct notifier_block *nb, unsigned long event, void *data)
{
	pvbus_hv_panic();
	return NOTIFY_DONE;
}

/* Behind those that write to disks what is known of the panic */
static struct notifier_block panic_block = {
	.notifier_call = bootstrap_panic, .priority = INT_MIN
};

/* A host may describe the device more than once; there is still one VMBus behind it. */
static struct platform_device *active;

static int bootstrap_start(struct platform_device *pdev)
{
	struct pvbus_host_info info;
	int err;

	if (!pvbus_detect(PVBUS_HOST_HYPERV, &info)) {
		dev_err(&pdev->dev, "no Hyper-V signature in CPUID\n");
		return -ENODEV;
	}
	if (pvbus_kernel_owns_host(PVBUS_HOST_HYPERV)) {
		dev_info(&pdev->dev,
			 "this kernel's own Hyper-V support is in charge, leaving the device alone\n");
		return -ENODEV;
	}
	err = stages_start(&pdev->dev, &info, platform_get_irq_optional(pdev, 0));
	if (err)
		return err;
	err = sysfs_create_group(&pdev->dev.kobj, &bootstrap_group);
	if (err) {
		stages_stop();
		return err;
	}
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	return 0;
}

static int bootstrap_probe(struct platform_device *pdev)
{
	int err;

	if (cmpxchg(&active, NULL, pdev)) {
		dev_info(&pdev->dev, "another device serves this host already\n");
		return -EBUSY;
	}
	err = bootstrap_start(pdev);
	if (err)
		active = NULL;
	return err;
}

static void bootstrap_remove(struct platform_device *pdev)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	sysfs_remove_group(&pdev->dev.kobj, &bootstrap_group);
	stages_stop();
	active = NULL;
}
PV_PLATFORM_REMOVE(bootstrap_remove)

/*
 * Reboot and kexec: the front-ends have let go of their devices, and the next kernel is to find
 * nothing of ours with the host.
 */
static void bootstrap_shutdown(struct platform_device *pdev)
{
	pvbus_hv_shutdown();
}

static int bootstrap_refuse(struct device *dev)
{
	dev_err(dev, "sleeping and hibernating are not supported on Hyper-V yet\n");
	return -EBUSY;
}

static const struct dev_pm_ops bootstrap_pm = { .prepare = bootstrap_refuse };

static const struct acpi_device_id bootstrap_ids[] = {
	{ "VMBUS", 0 },
	{ "VMBus", 0 },
	{ "MSFT1000", 0 },
	{ }
};
MODULE_DEVICE_TABLE(acpi, bootstrap_ids);

static struct platform_driver bootstrap_driver = {
	.probe		= bootstrap_probe,
	.remove		= bootstrap_remove_op,
	.shutdown	= bootstrap_shutdown,
	.driver		= {
		.name			= "hv-vmbus-pv",
		.acpi_match_table	= bootstrap_ids,
		.pm			= &bootstrap_pm,
	},
};
module_platform_driver(bootstrap_driver);

MODULE_DESCRIPTION("VMBus's ACPI device: brings a guest up on Hyper-V");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(PV_VERSION));
