// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unplugging the emulated devices that have a paravirtualised twin.
 *
 * An unplugged device does not come back before the guest is reset, so by default ("auto") a class
 * of devices goes only when every twin of that class is connected, there are twins for all of it,
 * and none of it is in use. A list of classes unplugs them once Xen's stack is up, twins or not;
 * but never a device in use, whose data would be lost.
 *
 * Hosts spare what is passed through. We cannot tell which that is, but see it afterwards: it is
 * still there.
 *
 * Specification of ports and bits: docs/misc/hvm-emulated-unplug.pandoc
 */
#include <linux/if.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <blk.h>
#include <bus.h>
#include <pvbus/xen.h>
#include "platform.h"
#include "unplug_core.h"

#define BUILD_NUMBER	0x0100u		/* what hosts may list as good or bad: 0.1.0 */

static char *unplug = "auto";
module_param(unplug, charp, 0444);
MODULE_PARM_DESC(unplug, "Emulated devices to unplug: auto (default: those whose twins are connected), all, never, or a list of ide-disks,aux-ide-disks,nics,nvme-disks");

/*
 * NICs that device models emulate. Hosts take away every disk controller that is not passed
 * through, by its class; of NICs likewise, but a passed-through one must not be mistaken for one of
 * these: it may well be up.
 */
static const struct pci_device_id emulated_nics[] = {
	{ PCI_DEVICE(0x8086, 0x100e) },	/* e1000 */
	{ PCI_DEVICE(0x8086, 0x10d3) },	/* e1000e */
	{ PCI_DEVICE(0x10ec, 0x8139) },
	{ PCI_DEVICE(0x10ec, 0x8029) },	/* ne2k */
	{ PCI_DEVICE(0x1022, 0x2000) },	/* pcnet */
	{ PCI_DEVICE(0x1af4, 0x1000) },	/* virtio */
	{ PCI_DEVICE(0x1af4, 0x1041) },
	{ }
};

static bool have_ports, started;
static unsigned int policy, gone, refused;
static DEFINE_MUTEX(unplug_lock);	/* policy, refused, started */
/* gone, and the ports. Never held over reading the store, which waits until a guest is awake. */
static DEFINE_MUTEX(port_lock);

/* Which bit takes a device away; 0 for none */
static unsigned int bit_of(struct pci_dev *pdev)
{
	if (pdev->vendor == XEN_PLATFORM_VENDOR)	/* some hosts call it a SCSI controller */
		return 0;
	switch (pdev->class >> 8) {
	case PCI_CLASS_STORAGE_IDE:
	case PCI_CLASS_STORAGE_SATA:
	case PCI_CLASS_STORAGE_SCSI:
		return XEN_UNPLUG_IDE_DISKS;
	case PCI_CLASS_STORAGE_EXPRESS >> 8:
		return XEN_UNPLUG_NVME_DISKS;
	}
	return pci_match_id(emulated_nics, pdev) ? XEN_UNPLUG_NICS : 0;
}

static const char *words_of(unsigned int bits, char *buf, size_t size)
{
	size_t i, n = 0;

	buf[0] = 0;
	for (i = 0; i < UNPLUG_NR_WORDS; i++)
		if (hweight32(unplug_words[i].bits) == 1 && bits & unplug_words[i].bits)
			n += scnprintf(buf + n, size - n, "%s%s", n ? "," : "",
				       unplug_words[i].word);
	return n ? buf : "never";
}

/*
 * Does unplugging @bit touch this device? With the auxiliary IDE disks (all but the primary master)
 * their controller is reset, and device models that go by "not the auxiliary ones alone" take the
 * IDE disks away with the NVMe ones.
 */
static bool bit_hits(unsigned int bit, struct pci_dev *pdev)
{
	unsigned int own = bit_of(pdev);

	switch (bit) {
	case XEN_UNPLUG_AUX_IDE_DISKS:
		return own == XEN_UNPLUG_IDE_DISKS && pdev->class >> 8 != PCI_CLASS_STORAGE_SCSI;
	case XEN_UNPLUG_NVME_DISKS:
		return own == bit || own == XEN_UNPLUG_IDE_DISKS;
	}
	return own == bit;
}

/* --- is it in use? --- */

#define USER_NAME	32

/* Names the first user of an emulated device: a claimed disk, a network interface that is up. */
static int device_user(struct device *dev, void *name)
{
	const char *class = dev->class ? dev->class->name : "";

	/* A hidden disk is a path to one that hangs elsewhere: who uses that is not to be seen. */
	if ((!strcmp(class, "block") && (!dev->devt || pv_bdev_in_use(dev->devt))) ||
	    (!strcmp(class, "net") && to_net_dev(dev)->flags & IFF_UP)) {
		snprintf(name, USER_NAME, "%s", dev_name(dev));
		return 1;
	}
	return device_for_each_child(dev, name, device_user);
}

static bool class_in_use(unsigned int bit)
{
	struct pci_dev *pdev = NULL;
	char user[USER_NAME], class[64];

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev))) {
		if (!bit_hits(bit, pdev) || !device_for_each_child(&pdev->dev, user, device_user))
			continue;
		if (!(refused & bit))
			pci_warn(pdev, "emulated %s not unplugged: %s is in use\n",
				 words_of(bit, class, sizeof(class)), user);
		refused |= bit;
		pci_dev_put(pdev);
		return true;
	}
	return false;
}

/* --- is its twin there? --- */

struct twin_count {
	const char *type;
	unsigned int connected;
	unsigned int waiting;
};

/* An emulated CD drive stays, so its twin does not count. */
static bool is_cdrom(const struct pvbus_xen_device *xdev)
{
	char *type = pvbus_xs_read(PVBUS_XS_NIL, xdev->node, "device-type", NULL);
	bool cdrom;

	if (IS_ERR(type))
		return false;
	cdrom = !strcmp(type, "cdrom");
	kfree(type);
	return cdrom;
}

static int count_twin(struct device *dev, void *data)
{
	struct pvbus_device *pdev = to_pvbus_device(dev);
	struct twin_count *count = data;

	if (strcmp(pdev->type, count->type) || is_cdrom(to_pvbus_xen(pdev)))
		return 0;
	if (to_pvbus_xen(pdev)->state == XENBUS_CONNECTED)
		count->connected++;
	else
		count->waiting++;
	return 0;
}

static int count_disk(struct device *dev, void *data)
{
	unsigned int *n = data;

	if (dev->class && !strcmp(dev->class->name, "block") && dev->type &&
	    !strcmp(dev->type->name, "disk") && strncmp(dev_name(dev), "sr", 2))
		++*n;
	return device_for_each_child(dev, data, count_disk);
}

/* How many emulated devices there are of a class, as far as their drivers have found them */
static unsigned int count_emulated(unsigned int bit)
{
	struct pci_dev *pdev = NULL;
	unsigned int n = 0;

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev))) {
		if (!bit_hits(bit, pdev))
			continue;
		if (bit == XEN_UNPLUG_NICS)
			n++;
		else
			device_for_each_child(&pdev->dev, &n, count_disk);
	}
	return n;
}

static bool twins_connected(unsigned int bit)
{
	struct twin_count count = { .type = bit == XEN_UNPLUG_NICS ? "xen-vif" : "xen-vbd" };
	unsigned int n;

	pvbus_walk_devices(&count, count_twin);
	if (!count.connected || count.waiting)
		return false;
	n = count_emulated(bit);
	if (n > count.connected && !(refused & bit))
		pr_warn("xen-platform-pci: %u emulated devices, only %u twins: nothing of the kind is unplugged\n",
			n, count.connected);
	if (n > count.connected)
		refused |= bit;
	return n <= count.connected;
}

/* --- unplug --- */

/* The bits of @bits that emulated devices stand for, which are there now. */
static unsigned int bits_present(unsigned int bits)
{
	struct pci_dev *pdev = NULL;
	unsigned int present = 0;

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		present |= bit_of(pdev);
	return present & bits;
}

/*
 * Hosts reset a controller that they take disks from, hence the copy of its configuration.
 * Under port_lock.
 */
static void take_away(unsigned int bit)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (bit_hits(bit, pdev))
			pci_save_state(pdev);
	outw(bit, XEN_UNPLUG_WHAT_W16);
	gone |= bit;
	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (bit_hits(bit, pdev) && pci_device_is_present(pdev))
			pci_restore_state(pdev);
}

/* Work of its own, for whoever removes the platform device holds the lock that this waits for. */
static void sweep_work(struct work_struct *work)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (bit_of(pdev) && !pci_device_is_present(pdev))
			pci_stop_and_remove_bus_device_locked(pdev);
}
static DECLARE_WORK(sweep_dwork, sweep_work);

/*
 * Drivers let go before devices vanish under them, and come back to what is left: CD drives,
 * passed-through devices.
 */
static void unplug_class(unsigned int bit)
{
	struct pci_dev *pdev = NULL;
	char buf[64];

	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (bit_hits(bit, pdev))
			device_release_driver(&pdev->dev);
	mutex_lock(&port_lock);
	take_away(bit);
	mutex_unlock(&port_lock);
	pr_info("xen-platform-pci: unplugged emulated %s\n", words_of(bit, buf, sizeof(buf)));
	while ((pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev)))
		if (bit_hits(bit, pdev) && pci_device_is_present(pdev) &&
		    device_attach(&pdev->dev) < 0)
			pci_warn(pdev, "no driver took what is left after unplugging\n");
	schedule_work(&sweep_dwork);
}

/* Unplug what may be unplugged of @bits. Returns -EBUSY if something is in use. */
static int unplug_bits(unsigned int bits, bool need_twins)
{
	unsigned int bit;
	int err = 0;

	for (bit = 1; bit < XEN_UNPLUG_ALL; bit <<= 1) {
		if (!(bits & bit & ~gone) ||
		    (bit == XEN_UNPLUG_NVME_DISKS && !bits_present(bit)) ||
		    (need_twins && !twins_connected(bit)))
			continue;
		if (class_in_use(bit))
			err = -EBUSY;
		else
			unplug_class(bit);
	}
	return err;
}

static int unplug_by_policy(void)
{
	if (policy & UNPLUG_AUTO)
		return unplug_bits(bits_present(XEN_UNPLUG_ALL), true);
	return unplug_bits(policy, false);
}

static void unplug_work(struct work_struct *work)
{
	mutex_lock(&unplug_lock);
	if (started)
		unplug_by_policy();
	mutex_unlock(&unplug_lock);
}
static DECLARE_WORK(unplug_dwork, unplug_work);

void unplug_flush(void)
{
	flush_work(&unplug_dwork);
	flush_work(&sweep_dwork);
}

/* A PV device has become connected. */
void unplug_twin(void)
{
	if (policy & UNPLUG_AUTO)
		schedule_work(&unplug_dwork);
}

static int policy_parse(const char *words, unsigned int *bits)
{
	const char *bad;
	size_t len;
	int err = unplug_parse(words, bits, &bad, &len);

	if (err)
		pr_err("xen-platform-pci: unplug=: \"%.*s\" does not fit; use auto, all, never or a list of ide-disks,aux-ide-disks,nics,nvme-disks\n",
		       (int)len, bad);
	return err;
}

/*
 * Introduce ourselves: hosts may keep a list of drivers they do not want, and answer so. A host
 * without these ports has nothing to unplug. Specification: "Unplug protocol", steps 1 to 5.
 */
static int hello(void)
{
	u16 magic = inw(XEN_UNPLUG_MAGIC_R16);

	have_ports = magic == XEN_UNPLUG_MAGIC;
	if (have_ports && inb(XEN_UNPLUG_VERSION_R8) >= 1) {
		outw(XEN_PRODUCT_LINUX, XEN_UNPLUG_PRODUCT_W16);
		outl(BUILD_NUMBER, XEN_UNPLUG_BUILD_W32);
		magic = inw(XEN_UNPLUG_MAGIC_R16);
	}
	if (magic == XEN_UNPLUG_BLACKLISTED || (have_ports && magic != XEN_UNPLUG_MAGIC)) {
		pr_err("xen-platform-pci: the host refuses these drivers (product %u, build %#x)\n",
		       XEN_PRODUCT_LINUX, BUILD_NUMBER);
		return -EPERM;
	}
	return 0;
}

int unplug_hello(void)
{
	return policy_parse(unplug, &policy) ?: hello();
}

/*
 * The guest woke up at a host that has all of the emulated devices again. Their drivers here have
 * let go of them long ago. A host that does not want us now gets its way at the next boot.
 */
void unplug_again(void)
{
	unsigned int bit;

	mutex_lock(&port_lock);
	if (!hello() && have_ports)
		for (bit = 1; bit < XEN_UNPLUG_ALL; bit <<= 1)
			if (gone & bit)
				take_away(bit);
	mutex_unlock(&port_lock);
}

void unplug_start(void)
{
	mutex_lock(&unplug_lock);
	started = have_ports;
	mutex_unlock(&unplug_lock);
	schedule_work(&unplug_dwork);
}

/* Nothing is unplugged any more, whatever is scheduled. */
void unplug_stop(void)
{
	mutex_lock(&unplug_lock);
	started = false;
	mutex_unlock(&unplug_lock);
}

static ssize_t unplug_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	char want[64], done[64];

	return sysfs_emit(buf, "policy: %s\nunplugged: %s\nports: %s\n",
			  words_of(policy, want, sizeof(want)),
			  gone ? words_of(gone, done, sizeof(done)) : "nothing",
			  have_ports ? "yes" : "no");
}

/* A new policy, carried out at once */
static ssize_t unplug_store(struct device *dev, struct device_attribute *attr, const char *buf,
			    size_t len)
{
	unsigned int bits;
	int err = policy_parse(buf, &bits);

	if (err)
		return err;
	if (!have_ports)
		return -EOPNOTSUPP;
	mutex_lock(&unplug_lock);
	policy = bits;
	refused = 0;
	err = unplug_by_policy();
	mutex_unlock(&unplug_lock);
	return err ?: len;
}
DEVICE_ATTR_RW(unplug);
