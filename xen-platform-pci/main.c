// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Xen platform PCI device: where an HVM guest's paravirtualised life begins.
 *
 * Bring-up goes in stages, each proven to work before the next: hypercalls answer, shared info
 * holds what is written to it, an event arrives, the grant table is there, the store answers,
 * devices are found. What fails unwinds in reverse and leaves the emulated devices as they were:
 * those are unplugged last of all (unplug.c).
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <bus.h>
#include <abi/xen/platform.h>
#include <abi/xen/xen.h>
#include <pvbus/platform.h>
#include <pvbus/show.h>
#include "platform.h"

#define XEN_MMIO_BAR	1

PVBUS_ATTR_RO(events)
{
	return sprintf(buf, "%s\n", pvbus_xen_event_mode());
}

PVBUS_ATTR_RO(grants)
{
	return pvbus_xen_grants(buf);
}

PVBUS_ATTR_RO(waiting)
{
	return pvbus_xen_bus_waiting(buf);
}

static struct attribute *platform_attrs[] = {
	&dev_attr_events.attr,
	&dev_attr_grants.attr,
	&dev_attr_waiting.attr,
	&dev_attr_unplug.attr,
	NULL
};

static const struct attribute_group platform_group = { .attrs = platform_attrs };

/*
 * How Xen is to raise this device's interrupt: by its GSI where it has a legacy one, else by its
 * PCI pin.
 */
static u64 callback_of(struct pci_dev *pdev)
{
	u8 pin = 0;

	if (pdev->irq && pdev->irq < 16)
		return HVM_CALLBACK_GSI(pdev->irq);
	pci_read_config_byte(pdev, PCI_INTERRUPT_PIN, &pin);
	if (!pin)
		return 0;
	return HVM_CALLBACK_PCI_INTX(pci_domain_nr(pdev->bus), pdev->bus->number, pdev->devfn, pin);
}

/* Shared info takes the first page of the window, the grant table the rest. */
static int stages_start(struct pci_dev *pdev, const struct pvbus_host_info *info)
{
	phys_addr_t window = pci_resource_start(pdev, XEN_MMIO_BAR);
	u64 len = pci_resource_len(pdev, XEN_MMIO_BAR);
	u64 callback = callback_of(pdev);
	int err;

	err = pvbus_xen_hypercalls_start(info);
	if (err)
		return err;
	err = pvbus_xen_shared_info_start(window);
	if (err)
		goto stop_hypercalls;
	err = pvbus_xen_events_start(callback ? pdev->irq : 0, callback);
	if (err)
		goto stop_shared_info;
	err = pvbus_xen_grants_start(window + XEN_PAGE_SIZE, len - XEN_PAGE_SIZE);
	if (err)
		goto stop_events;
	err = pvbus_xen_store_start();
	if (err)
		goto stop_grants;
	err = pvbus_xen_bus_start(&pdev->dev, unplug_twin, unplug_again);
	if (err)
		goto stop_store;
	return 0;

stop_store:
	pvbus_xen_store_stop();
stop_grants:
	pvbus_xen_grants_stop();
stop_events:
	pvbus_xen_events_stop();
stop_shared_info:
	pvbus_xen_shared_info_stop();
stop_hypercalls:
	pvbus_xen_hypercalls_stop();
	return err;
}

static void stages_stop(void)
{
	pvbus_xen_bus_stop();
	pvbus_xen_store_stop();
	pvbus_xen_grants_stop();
	pvbus_xen_events_stop();
	pvbus_xen_shared_info_stop();
	pvbus_xen_hypercalls_stop();
}

/* The driver core gives both back, device and window, when all else is undone. */
static int window_claim(struct pci_dev *pdev)
{
	int err = pcim_enable_device(pdev);

	if (err)
		return err;
	if (!(pci_resource_flags(pdev, XEN_MMIO_BAR) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, XEN_MMIO_BAR) < 2 * XEN_PAGE_SIZE) {
		dev_err(&pdev->dev, "BAR %d has no memory for Xen's pages\n", XEN_MMIO_BAR);
		return -ENODEV;
	}
	if (devm_request_mem_region(&pdev->dev, pci_resource_start(pdev, XEN_MMIO_BAR),
				    pci_resource_len(pdev, XEN_MMIO_BAR), "pvbus-xen"))
		return 0;
	dev_err(&pdev->dev, "BAR %d is in use\n", XEN_MMIO_BAR);
	return -EBUSY;
}

static int platform_start(struct pci_dev *pdev)
{
	struct pvbus_host_info info;
	int err;

	if (!pvbus_detect(PVBUS_HOST_XEN, &info)) {
		dev_err(&pdev->dev, "no Xen signature in CPUID\n");
		return -ENODEV;
	}
	if (pvbus_kernel_owns_host(PVBUS_HOST_XEN)) {
		dev_info(&pdev->dev,
			 "this kernel's own Xen support is in charge, leaving the device alone\n");
		return -ENODEV;
	}
	err = unplug_hello() ?: window_claim(pdev) ?: stages_start(pdev, &info);
	if (err)
		return err;
	err = sysfs_create_group(&pdev->dev.kobj, &platform_group);
	if (err)
		stages_stop();
	else
		unplug_start();
	return err;
}

/* Some hosts present the device under two ids; there is still one Xen behind it. */
static struct pci_dev *active;

static int platform_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err;

	if (cmpxchg(&active, NULL, pdev)) {
		pci_info(pdev, "another device serves this host already\n");
		return -EBUSY;
	}
	err = platform_start(pdev);
	if (err)
		active = NULL;
	return err;
}

static void platform_remove(struct pci_dev *pdev)
{
	unplug_stop();
	sysfs_remove_group(&pdev->dev.kobj, &platform_group);
	stages_stop();
	active = NULL;
}

/*
 * Reboot and kexec: the front-ends have let go of their back-ends, and the next kernel is to find
 * no events of ours.
 */
static void platform_shutdown(struct pci_dev *pdev)
{
	unplug_stop();
	pvbus_xen_events_stop();
}

static int platform_refuse(struct device *dev)
{
	dev_err(dev, "sleeping and hibernating are not supported on Xen yet\n");
	return -EBUSY;
}

static const struct dev_pm_ops platform_pm = { .prepare = platform_refuse };

static const struct pci_device_id platform_ids[] = {
	{ PCI_DEVICE(XEN_PLATFORM_VENDOR, XEN_PLATFORM_DEVICE) },
	{ PCI_DEVICE(XEN_PLATFORM_VENDOR, XEN_PLATFORM_DEVICE_XS61) },
	{ PCI_DEVICE(XEN_PLATFORM_VENDOR, XEN_PLATFORM_DEVICE_CITRIX) },
	{ }
};
MODULE_DEVICE_TABLE(pci, platform_ids);

/* The kernel's own driver is registered under "xen-platform-pci" even where it serves nothing. */
static struct pci_driver platform_driver = {
	.name		= "xen-platform-pv",
	.id_table	= platform_ids,
	.probe		= platform_probe,
	.remove		= platform_remove,
	.shutdown	= platform_shutdown,
	.driver		= { .pm = &platform_pm },
};

static int __init platform_init(void)
{
	return pci_register_driver(&platform_driver);
}

static void __exit platform_exit(void)
{
	pci_unregister_driver(&platform_driver);
	unplug_flush();
}

module_init(platform_init);
module_exit(platform_exit);

MODULE_DESCRIPTION("Xen platform PCI device: brings an HVM guest up on Xen");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(PV_VERSION));
