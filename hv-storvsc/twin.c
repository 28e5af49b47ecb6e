// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated twins. Machines of the first generation have each IDE disk twice: emulated, for firmware
 * and for systems that know no better, and behind an accelerator on VMBus. Used as two, its data
 * would be lost. Hosts do not take the emulated one away; nor can its controller be held back as a
 * whole, for the CD drive is on it, too, and has no twin.
 *
 * So once our disk is there, with its node, the emulated one gets no driver: the SCSI layer knows
 * it, and nobody else. One that is in use keeps its driver, with a warning. When we go, all of them
 * are there again.
 */
#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/libata.h>
#include <linux/pci.h>
#include <blk.h>
#include "storvsc.h"

#define NODE_MS		5000	/* until a disk has its node; one that has none is not there */

/* Controllers that hosts emulate, and whose disks VMBus accelerates */
static const struct {
	u16 vendor, device;
} controllers[] = {
	{ 0x8086, 0x7111 },	/* PIIX4: Hyper-V */
	{ 0x8086, 0x7010 },	/* PIIX3: Hyper-V as QEMU emulates it */
};

static bool is_emulated(const struct Scsi_Host *host)
{
	const struct pci_dev *pdev;
	unsigned int i;

	if (!host->dma_dev || !dev_is_pci(host->dma_dev) ||
	    strncmp(dev_name(host->shost_gendev.parent), "ata", 3))
		return false;
	pdev = to_pci_dev(host->dma_dev);
	for (i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (controllers[i].vendor == pdev->vendor &&
		    controllers[i].device == pdev->device)
			return true;
	}
	return false;
}

static bool is_twin(struct device *dev, struct storvsc *st)
{
	struct scsi_device *sdev;
	struct stor_place place;

	if (!scsi_is_sdev_device(dev))
		return false;
	sdev = to_scsi_device(dev);
	return sdev->type == TYPE_DISK && is_emulated(sdev->host) &&
	       stor_ide_place(st->vdev->instance.b, &place) &&
	       ata_shost_to_port(sdev->host)->port_no == place.channel &&
	       !sdev->channel && sdev->id == place.unit && !sdev->lun;
}

/* Find the disk among what hangs below a device */
static int find_disk(struct device *dev, void *found)
{
	if (dev->class && !strcmp(dev->class->name, "block")) {
		*(struct device **)found = get_device(dev);
		return 1;
	}
	return device_for_each_child(dev, found, find_disk);
}

static struct device *disk_of(struct device *dev)
{
	struct device *disk = NULL;

	device_for_each_child(dev, &disk, find_disk);
	return disk;
}

/* The name of our own disk's node; sd is in no hurry to make it. */
static bool our_node(struct storvsc *st, char *name, size_t size)
{
	struct device *disk = NULL;
	unsigned int ms;

	for (ms = 0; !disk && ms < NODE_MS && !READ_ONCE(st->dying); ms += 50) {
		disk = disk_of(&st->host->shost_gendev);
		if (!disk)
			msleep(50);
	}
	if (!disk)
		return false;
	strscpy(name, dev_name(disk), size);
	put_device(disk);
	return true;
}

static int hold_back(struct device *dev, void *data)
{
	struct storvsc *st = data;
	struct device *disk;

	if (!is_twin(dev, st))
		return 0;
	disk = disk_of(dev);
	if (disk && pv_bdev_in_use(disk->devt)) {
		dev_warn(st->dev, "%s and %s are one disk, emulated and not: %s is in use and stays, use %s no more\n",
			 dev_name(disk), st->node, dev_name(disk), st->node);
	} else {
		to_scsi_device(dev)->no_uld_attach = 1;
		device_release_driver(dev);
		dev_info(st->dev, "%s (%s) is %s once more, emulated: held back\n",
			 disk ? dev_name(disk) : "a disk", dev_name(dev), st->node);
	}
	put_device(disk);
	return 0;
}

static int give_back(struct device *dev, void *data)
{
	if (!is_twin(dev, data) || !to_scsi_device(dev)->no_uld_attach)
		return 0;
	to_scsi_device(dev)->no_uld_attach = 0;
	if (device_attach(dev) < 0)
		dev_warn(dev, "no driver takes this disk, which is no longer held back\n");
	return 0;
}

/* An emulated disk comes later than ours: before any driver sees it. */
static int twin_event(struct notifier_block *nb, unsigned long event, void *dev)
{
	struct storvsc *st = container_of(nb, struct storvsc, twin_nb);

	if (event == BUS_NOTIFY_ADD_DEVICE)
		hold_back(dev, st);
	return NOTIFY_DONE;
}

/* Our disk has been found. Context: st->start_work. */
void stor_twin_hold(struct storvsc *st)
{
	struct device *dev = &st->host->shost_gendev;
	int err;

	if (!stor_hold_twins || !our_node(st, st->node, sizeof(st->node)))
		return;
	/* The SCSI layer's bus is the one that hosts are on, too. */
	st->twin_bus = dev->bus;
	st->twin_nb.notifier_call = twin_event;
	err = bus_register_notifier(st->twin_bus, &st->twin_nb);
	if (err) {
		st->twin_bus = NULL;
		dev_warn(st->dev, "cannot look for an emulated twin: error %d\n", err);
		return;
	}
	bus_for_each_dev(st->twin_bus, NULL, st, hold_back);
}

/* Our disk is gone. */
void stor_twin_release(struct storvsc *st)
{
	if (!st->twin_bus)
		return;
	bus_unregister_notifier(st->twin_bus, &st->twin_nb);
	bus_for_each_dev(st->twin_bus, NULL, st, give_back);
}
