// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices behind xenbus: folders device/TYPE/ID of the store that name a back-end.
 *
 * The watch on "device" keeps the list of devices; everything else that happens to a device
 * (registering, telling the driver what the back-end does, removal) is done by the device's own
 * work item, so that it happens one at a time and a device that hangs holds up no other. Nothing
 * depends on seeing each event: what counts is what the store says now.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <bus.h>
#include <pvbus/platform.h>
#include <pvbus/show.h>
#include <pvbus/xen.h>
#include "intree.h"
#include "store.h"
#include "xs_core.h"

#define DEVICES_MAX	4096
#define NODE_MAX	(sizeof("device//") + PVBUS_TYPE_LEN + 10)
#define DOMID_MAX	0x7fef		/* the numbers above are Xen's own */
#define GRACE		(3 * HZ)	/* a back-end may be away for that long */

static struct {
	struct device *parent;
	void (*connected)(void);
	struct workqueue_struct *wq;
	struct mutex lock;		/* @devices, and what is decided about them */
	struct list_head devices;
	unsigned int nr;
	bool stopping;
	bool suspended;
} xenbus = {
	.lock = __MUTEX_INITIALIZER(xenbus.lock),
	.devices = LIST_HEAD_INIT(xenbus.devices),
};

/**
 * pvbus_xen_state_name - name of a xenbus state, for logs and sysfs
 * @state: any number
 *
 * Context: any.
 * Return: the name, "unknown" if it has none.
 */
const char *pvbus_xen_state_name(enum xenbus_state state)
{
	static const char * const name[] = {
		"unknown", "initialising", "init-wait", "initialised", "connected", "closing",
		"closed", "reconfiguring", "reconfigured",
	};

	return name[(unsigned int)state < ARRAY_SIZE(name) ? state : XENBUS_UNKNOWN];
}
EXPORT_SYMBOL_GPL(pvbus_xen_state_name);

/* -- numbers -- */

/*
 * A node that may not be read is one that is not there: of nodes below a folder that is gone,
 * xenstored says what the nearest folder left says, and that is another domain's.
 * Return: 0; -EINVAL if it is no such number; the errno of the read. All but -ENOENT are told.
 */
static int read_num(struct device *dev, u32 tx, const char *dir, const char *node, u64 *val,
		    u64 min, u64 max)
{
	unsigned int len;
	char *s = pvbus_xs_read(tx, dir, node, &len);
	int err;

	if (IS_ERR(s)) {
		err = PTR_ERR(s) == -EACCES ? -ENOENT : PTR_ERR(s);
		if (err != -ENOENT)
			dev_warn_ratelimited(dev, "%s/%s: not readable: error %d\n", dir, node,
					     err);
		return err;
	}
	err = xs_parse_num(s, len, val, min, max);
	if (err)
		dev_warn_ratelimited(dev, "%s/%s: \"%*pE\" is not a number from %llu to %llu\n",
				     dir, node, min_t(int, len, 32), s, min, max);
	kfree(s);
	return err ? -EINVAL : 0;
}

/**
 * pvbus_xen_read_num - an optional number in the store
 * @xdev: device it is about, for the log
 * @dir: folder
 * @node: node in it
 * @dflt: what it is if it is not there, or not good
 * @min: smallest good value
 * @max: largest good value
 *
 * Context: may sleep.
 * Return: the number or @dflt. A value that is there but no decimal number within the bounds is
 * told in one line.
 */
u64 pvbus_xen_read_num(struct pvbus_xen_device *xdev, const char *dir, const char *node, u64 dflt,
		       u64 min, u64 max)
{
	u64 val;
	int err = read_num(&xdev->pdev.dev, PVBUS_XS_NIL, dir, node, &val, min, max);

	if (err && err != -ENOENT)
		dev_warn_ratelimited(&xdev->pdev.dev, "%s/%s: taken to be %llu\n", dir, node, dflt);
	return err ? dflt : val;
}
EXPORT_SYMBOL_GPL(pvbus_xen_read_num);

/**
 * pvbus_xen_require_num - a number in the store that has to be there
 * @xdev: device it is about, for the log
 * @dir: folder
 * @node: node in it
 * @val: gets it
 * @min: smallest good value
 * @max: largest good value
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, after one line, if it is absent or no decimal number within the bounds.
 */
int pvbus_xen_require_num(struct pvbus_xen_device *xdev, const char *dir, const char *node,
			  u64 *val, u64 min, u64 max)
{
	int err = read_num(&xdev->pdev.dev, PVBUS_XS_NIL, dir, node, val, min, max);

	if (err == -ENOENT)
		dev_warn_ratelimited(&xdev->pdev.dev, "%s/%s: missing\n", dir, node);
	return err ? -EINVAL : 0;
}
EXPORT_SYMBOL_GPL(pvbus_xen_require_num);

/* -- states -- */

/* Return: 0, also for a state that is none, which counts as unknown; or the errno of the read */
static int read_state(struct device *dev, u32 tx, const char *dir, enum xenbus_state *state)
{
	u64 val = XENBUS_UNKNOWN;
	int err = read_num(dev, tx, dir, "state", &val, XENBUS_UNKNOWN, XENBUS_RECONFIGURED);

	*state = val;
	return err == -EINVAL ? 0 : err;
}

/**
 * pvbus_xen_read_state - what the back-end says now
 * @xdev: device
 *
 * Context: may sleep; a driver's callback or work of its own that ends before its remove().
 * Return: its state; XENBUS_UNKNOWN if it cannot be read, is not there or is none.
 */
enum xenbus_state pvbus_xen_read_state(struct pvbus_xen_device *xdev)
{
	enum xenbus_state state;

	mutex_lock(&xdev->lock);	/* against a back-end elsewhere */
	read_state(&xdev->pdev.dev, PVBUS_XS_NIL, xdev->backend, &state);
	mutex_unlock(&xdev->lock);
	return state;
}
EXPORT_SYMBOL_GPL(pvbus_xen_read_state);

/* A toolstack writes the first state, and only into a new folder: of another device, if not ours */
static bool replaced(const struct pvbus_xen_device *xdev, enum xenbus_state stored)
{
	return stored == XENBUS_INITIALISING && xdev->state > XENBUS_INITIALISING;
}

struct new_state {
	struct pvbus_xen_device *xdev;
	enum xenbus_state state;
};

/* In a transaction, for a mere write would bring a folder back that was removed just before */
static int write_state(u32 tx, void *data)
{
	const struct new_state *new = data;
	struct pvbus_xen_device *xdev = new->xdev;
	enum xenbus_state stored;
	int err = read_state(&xdev->pdev.dev, tx, xdev->node, &stored);

	if (err == -ENOENT || (!err && replaced(xdev, stored)))
		return -ENODEV;
	return err ?: pvbus_xs_printf(tx, xdev->node, "state", "%u", new->state);
}

/**
 * pvbus_xen_switch_state - tell the back-end a new state of ours
 * @xdev: device
 * @state: the state; nothing happens if it is the one told last
 *
 * Context: may sleep; a driver's callback or work of its own that ends before its remove().
 * Return: 0; -ENODEV if the device's folder is gone or another device's; or an errno as from
 * pvbus_xs_printf().
 */
int pvbus_xen_switch_state(struct pvbus_xen_device *xdev, enum xenbus_state state)
{
	struct new_state new = { xdev, state };
	int err;

	mutex_lock(&xdev->lock);
	if (!xdev->gone && state == xdev->state) {
		mutex_unlock(&xdev->lock);
		return 0;
	}
	err = xdev->gone ? -ENODEV :
	      in_tree() ? intree_switch_state(xdev, state) : pvbus_xs_transact(write_state, &new);
	dev_dbg(&xdev->pdev.dev, "%s -> %s: %d\n", pvbus_xen_state_name(xdev->state),
		pvbus_xen_state_name(state), err);
	/* After a failure it may or may not have been written. */
	xdev->state = err ? XENBUS_UNKNOWN : state;
	mutex_unlock(&xdev->lock);
	if (!err && state == XENBUS_CONNECTED && xenbus.connected)
		xenbus.connected();
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_xen_switch_state);

/**
 * pvbus_xen_error - tell log and toolstack (in error/NODE/error) what went wrong with a device
 * @xdev: device
 * @err: errno
 * @fmt: what; no newline
 *
 * Context: may sleep.
 */
void pvbus_xen_error(struct pvbus_xen_device *xdev, int err, const char *fmt, ...)
{
	char dir[sizeof("error/") + NODE_MAX];
	struct va_format vaf = { .fmt = fmt };
	va_list ap;

	va_start(ap, fmt);
	vaf.va = &ap;
	dev_err_ratelimited(&xdev->pdev.dev, "%pV (error %d)\n", &vaf, err);
	snprintf(dir, sizeof(dir), "error/%s", xdev->node);
	pvbus_xs_printf(PVBUS_XS_NIL, dir, "error", "%d %pV", err, &vaf);
	va_end(ap);
}
EXPORT_SYMBOL_GPL(pvbus_xen_error);

#define GOODBYE_MS	5000	/* for a back-end to follow one step of ours */

static bool wait_for_state(struct pvbus_xen_device *xdev, unsigned int states)
{
	unsigned int waited = 0, step = 1;

	while (!(BIT(pvbus_xen_read_state(xdev)) & states)) {
		if (waited >= GOODBYE_MS)
			return false;
		msleep(step);
		waited += step;
		step = min(2 * step, 20u);
	}
	return true;
}

/**
 * pvbus_xen_goodbye - see the back-end out of a connection, so that it lets go of our pages
 * @xdev: device
 * @end: for good: it is told even if it holds nothing. Otherwise it is not, for it might take the
 *	word as an answer to what we say next
 *
 * Afterwards our state is CLOSED, unless there was nobody to tell. A back-end that does not follow
 * gets no more than 5 s for each of two steps, and a line in the log.
 *
 * A back-end that starts anew while we say that we are connected will believe us, and connect to
 * what we published, in its own time: so it has to be told, and what counts is that it has closed.
 *
 * Context: may sleep; a driver's callback or work of its own that ends before its remove().
 */
void pvbus_xen_goodbye(struct pvbus_xen_device *xdev, bool end)
{
	const unsigned int fresh = BIT(XENBUS_INITIALISING) | BIT(XENBUS_INIT_WAIT);
	bool published = xdev->state == XENBUS_INITIALISED || xdev->state == XENBUS_CONNECTED;
	unsigned int now = BIT(pvbus_xen_read_state(xdev));
	unsigned int out = BIT(XENBUS_CLOSED) | BIT(XENBUS_UNKNOWN);
	bool follows;

	if (!published || !(now & fresh))
		out |= fresh;
	if (now & out) {
		if (end)
			pvbus_xen_switch_state(xdev, XENBUS_CLOSED);
		return;
	}
	pvbus_xen_switch_state(xdev, XENBUS_CLOSING);
	follows = wait_for_state(xdev, BIT(XENBUS_CLOSING) | out);
	pvbus_xen_switch_state(xdev, XENBUS_CLOSED);
	if (!follows || !wait_for_state(xdev, out))
		dev_warn(&xdev->pdev.dev, "back-end does not let go, still in state %s\n",
			 pvbus_xen_state_name(pvbus_xen_read_state(xdev)));
}
EXPORT_SYMBOL_GPL(pvbus_xen_goodbye);

/* What the connection or the driver before this one left: the back-end would believe it. */
static void forget_nodes(u32 tx, const char *dir, const char * const *stale)
{
	unsigned int n, i, k;
	char **names;

	names = pvbus_xs_directory(tx, dir, "", &n);
	if (IS_ERR(names))
		return;
	for (i = 0; i < n; i++) {
		for (k = 0; stale[k]; k++) {
			if (!strncmp(names[i], stale[k], strlen(stale[k])))
				pvbus_xs_rm(tx, dir, names[i]);
		}
	}
	kfree(names);
}

struct publication {
	struct pvbus_xen_device *xdev;
	int (*fill)(u32 tx, void *data);
	void *data;
};

static int write_nodes(u32 tx, void *data)
{
	const struct publication *pub = data;

	forget_nodes(tx, pub->xdev->node, pub->xdev->stale);
	return pub->fill(tx, pub->data);
}

/**
 * pvbus_xen_publish - write what a new connection consists of, so that it is seen all at once
 * @xdev: device
 * @stale: how names of nodes begin that belong to a connection, and are to go; NULL ends the list
 * @fill: writes the nodes of this one; called again if others interfered
 * @data: for @fill
 *
 * Context: may sleep.
 * Return: 0; what @fill returned; -EAGAIN if others interfere for ever; or an errno of the store.
 */
int pvbus_xen_publish(struct pvbus_xen_device *xdev, const char * const *stale,
		      int (*fill)(u32 tx, void *data), void *data)
{
	struct publication pub = { xdev, fill, data };

	xdev->stale = stale;
	return pvbus_xs_transact(write_nodes, &pub);
}
EXPORT_SYMBOL_GPL(pvbus_xen_publish);

/* pvbus_xen_unpublish - nothing of it is left; the driver that wrote it is there still */
void pvbus_xen_unpublish(struct pvbus_xen_device *xdev)
{
	if (xdev->stale)
		forget_nodes(PVBUS_XS_NIL, xdev->node, xdev->stale);
	xdev->stale = NULL;
}

/* -- sysfs -- */

static struct pvbus_xen_device *of_dev(struct device *dev)
{
	return to_pvbus_xen(to_pvbus_device(dev));
}

#define SHOW(file, fmt, ...) \
	PVBUS_SHOW(const struct pvbus_xen_device *xdev, of_dev, file, fmt, __VA_ARGS__)

SHOW(node, "%s", xdev->node)
SHOW(state, "%s", pvbus_xen_state_name(xdev->state))
SHOW(backend_state, "%s", pvbus_xen_state_name(xdev->backend_state))

PVBUS_ATTR_RO(backend)
{
	struct pvbus_xen_device *xdev = of_dev(dev);
	ssize_t n;

	mutex_lock(&xdev->lock);
	n = sysfs_emit(buf, "%s\n", xdev->backend);
	mutex_unlock(&xdev->lock);
	return n;
}

static struct attribute *xenbus_attrs[] = {
	&dev_attr_node.attr,
	&dev_attr_backend.attr,
	&dev_attr_state.attr,
	&dev_attr_backend_state.attr,
	NULL
};
ATTRIBUTE_GROUPS(xenbus);

/* -- one device: all of this runs in its work item, but for the few lines that queue it -- */

static void wake_device(struct pvbus_xen_device *xdev)
{
	mod_delayed_work(xenbus.wq, &xdev->state_work, 0);
}

static void device_bound(struct pvbus_device *pdev)
{
	wake_device(to_pvbus_xen(pdev));
}

static void backend_changed(struct pvbus_xs_watch *watch, const char *path)
{
	wake_device(container_of(watch, struct pvbus_xen_device, watch));
}

static const char *type_of(const struct pvbus_xen_device *xdev)
{
	return xdev->pdev.type + strlen("xen-");
}

static const char *id_of(const struct pvbus_xen_device *xdev)
{
	return strrchr(xdev->node, '/') + 1;
}

/* What a folder says of its back-end. Return: 0, and a string for kfree() in @backend; an errno */
static int read_backend(const char *node, char **backend, u16 *id, enum xenbus_state *state)
{
	unsigned int len;
	u64 val = 0;
	int err;

	*backend = pvbus_xs_read(PVBUS_XS_NIL, node, "backend", &len);
	if (IS_ERR(*backend))
		return PTR_ERR(*backend);
	err = read_num(xenbus.parent, PVBUS_XS_NIL, node, "backend-id", &val, 0, DOMID_MAX);
	if (!err)
		err = read_state(xenbus.parent, PVBUS_XS_NIL, node, state);
	/* Room for the names of nodes below it */
	if (!err && (len > 256 || (*backend)[0] != '/' || !xs_path_ok(*backend))) {
		dev_warn_ratelimited(xenbus.parent, "%s/backend: \"%*pE\" is not a path\n", node,
				     min_t(int, len, 64), *backend);
		err = -EINVAL;
	}
	if (err)
		kfree(*backend);
	*id = val;
	return err;
}

/* Go over to the back-end that the folder names now; under the device's lock */
static int follow_backend(struct pvbus_xen_device *xdev)
{
	enum xenbus_state state;
	char *backend;
	u16 id;
	int err = read_backend(xdev->node, &backend, &id, &state);

	if (err)
		return err;
	pvbus_xs_unwatch(&xdev->watch);
	mutex_lock(&xdev->lock);
	swap(xdev->backend, *(const char **)&backend);
	xdev->backend_id = id;
	xdev->state = state;
	mutex_unlock(&xdev->lock);
	kfree(backend);
	return pvbus_xs_watch(&xdev->watch, xdev->backend, "state");
}

static void suspend_device(struct pvbus_xen_device *xdev)
{
	struct pvbus_driver *drv = pvbus_driver_of(&xdev->pdev);

	/* First, so that nothing the driver has still to do opens a channel anew */
	WRITE_ONCE(xdev->asleep, true);
	if (drv && drv->suspend)
		drv->suspend(&xdev->pdev);
}

static int resume_device(struct pvbus_xen_device *xdev)
{
	struct pvbus_driver *drv = pvbus_driver_of(&xdev->pdev);
	int err = follow_backend(xdev);

	WRITE_ONCE(xdev->asleep, false);
	if (!err && drv)
		err = drv->resume(&xdev->pdev);
	if (err)
		dev_err(&xdev->pdev.dev, "not resumed: error %d\n", err);
	return err;
}

static void tell_driver(struct pvbus_xen_device *xdev, enum xenbus_state state)
{
	struct pvbus_driver *drv;

	device_lock(&xdev->pdev.dev);
	xdev->backend_state = state;
	drv = pvbus_driver_of(&xdev->pdev);
	if (drv && drv->otherend_changed)
		drv->otherend_changed(&xdev->pdev, state);
	device_unlock(&xdev->pdev.dev);
}

/* The guest, or just the back-end, is elsewhere now. Return: whether the device has to go */
static bool move_device(struct pvbus_xen_device *xdev)
{
	struct device *dev = &xdev->pdev.dev;
	bool stays;

	device_lock(dev);
	WRITE_ONCE(xdev->moved, false);
	stays = !pvbus_driver_of(&xdev->pdev) || pvbus_driver_of(&xdev->pdev)->resume;
	if (stays && !xdev->asleep)
		suspend_device(xdev);
	if (stays)
		stays = resume_device(xdev) != -ENOENT;
	device_unlock(dev);
	return !stays;
}

/* The back-end's folder is not there. Return: whether it has been away for too long */
static bool backend_vanished(struct pvbus_xen_device *xdev)
{
	long left;

	if (!xdev->vanished) {
		xdev->vanished = jiffies ?: 1;
		tell_driver(xdev, XENBUS_UNKNOWN);
	}
	left = xdev->vanished + GRACE - jiffies;
	if (left <= 0) {
		dev_warn(&xdev->pdev.dev, "back-end %s is gone\n", xdev->backend);
		return true;
	}
	/* Where it is queued already, and for now, it stays so: the device may be leaving. */
	queue_delayed_work(xenbus.wq, &xdev->state_work, left);
	return false;
}

/* Bring a device up to what the store says. Return: whether it has to go (and may come again) */
static bool update_device(struct pvbus_xen_device *xdev)
{
	struct device *dev = &xdev->pdev.dev;
	enum xenbus_state state;
	int err = 0;

	if ((READ_ONCE(xdev->moved) || READ_ONCE(xdev->asleep)) && move_device(xdev))
		return true;
	if (!xdev->watch.path[0])
		err = pvbus_xs_watch(&xdev->watch, xdev->backend, "state");
	if (!err)
		err = read_state(dev, PVBUS_XS_NIL, xdev->backend, &state);
	if (err == -ENOENT)
		return device_is_registered(dev) && backend_vanished(xdev);
	if (!err && !device_is_registered(dev)) {
		xdev->backend_state = state;
		err = pvbus_device_register(&xdev->pdev);
	} else if (!err) {
		xdev->vanished = 0;
		tell_driver(xdev, state);
	}
	if (err)
		dev_err(dev, "%s: error %d\n",
			device_is_registered(dev) ? "state not known" : "not usable", err);
	return !device_is_registered(dev);
}

/**
 * pvbus_xen_bus_waiting - the devices whose back-ends are not in the store
 * @buf: of a file of sysfs; gets a line for each: its node, and its back-end's
 *
 * Context: may sleep.
 * Return: length of what is in @buf.
 */
ssize_t pvbus_xen_bus_waiting(char *buf)
{
	struct pvbus_xen_device *xdev;
	ssize_t n = 0;

	mutex_lock(&xenbus.lock);
	list_for_each_entry(xdev, &xenbus.devices, link) {
		mutex_lock(&xdev->lock);
		if (!device_is_registered(&xdev->pdev.dev))
			n += sysfs_emit_at(buf, n, "%s %s\n", xdev->node, xdev->backend);
		mutex_unlock(&xdev->lock);
	}
	mutex_unlock(&xenbus.lock);
	return n;
}
EXPORT_SYMBOL_GPL(pvbus_xen_bus_waiting);

static int check_node(const char *type, const char *id);

/* Take a device down and free it; then look whether its folder names another one */
static void remove_device(struct pvbus_xen_device *xdev)
{
	bool was = device_is_registered(&xdev->pdev.dev);

	if (was)
		device_del(&xdev->pdev.dev);
	pvbus_xs_unwatch(&xdev->watch);
	mutex_lock(&xenbus.lock);
	list_del(&xdev->link);
	xenbus.nr--;
	/* Nobody can find and queue it after this; and a running work item may be freed. */
	cancel_delayed_work(&xdev->state_work);
	if (was || xdev->gone)
		check_node(type_of(xdev), id_of(xdev));
	mutex_unlock(&xenbus.lock);
	put_device(&xdev->pdev.dev);
}

static void device_work(struct work_struct *work)
{
	struct pvbus_xen_device *xdev =
		container_of(to_delayed_work(work), struct pvbus_xen_device, state_work);

	if (READ_ONCE(xenbus.suspended))
		return;
	if (READ_ONCE(xdev->gone) || READ_ONCE(xenbus.stopping) || update_device(xdev))
		remove_device(xdev);
}

/* -- the list of devices: all of this runs with xenbus.lock held -- */

static void device_release(struct device *dev)
{
	struct pvbus_xen_device *xdev = of_dev(dev);

	kfree(xdev->node);
	kfree(xdev->backend);
	kfree(xdev);
}

/* A device that is not on the bus yet, for put_device(). NULL: no memory */
struct pvbus_xen_device *pvbus_xen_device_alloc(struct device *parent, const char *node,
						const char *backend)
{
	const char *type = strchr(node, '/') + 1, *id = strrchr(node, '/') + 1;
	struct pvbus_xen_device *xdev = kzalloc(sizeof(*xdev), GFP_KERNEL);
	int len = id - type - 1;
	struct device *dev;

	if (!xdev)
		return NULL;
	mutex_init(&xdev->lock);
	snprintf(xdev->pdev.type, sizeof(xdev->pdev.type), "xen-%.*s", len, type);
	dev = &xdev->pdev.dev;
	device_initialize(dev);
	dev->parent = parent;
	dev->release = device_release;
	dev->groups = xenbus_groups;
	xdev->node = kstrdup(node, GFP_KERNEL);
	xdev->backend = kstrdup(backend, GFP_KERNEL);
	if (xdev->node && xdev->backend && !dev_set_name(dev, "%.*s-%s", len, type, id))
		return xdev;
	put_device(dev);
	return NULL;
}

static int create_device(const char *node, const char *backend, u16 backend_id,
			 enum xenbus_state state)
{
	struct pvbus_xen_device *xdev = NULL;

	if (xenbus.nr < DEVICES_MAX)
		xdev = pvbus_xen_device_alloc(xenbus.parent, node, backend);
	if (!xdev) {
		dev_warn_ratelimited(xenbus.parent, "%s: no memory, or more than %u devices\n",
				     node, DEVICES_MAX);
		return -ENOMEM;
	}
	INIT_DELAYED_WORK(&xdev->state_work, device_work);
	xdev->watch.fn = backend_changed;
	xdev->backend_id = backend_id;
	xdev->state = state;
	xdev->pdev.bound = device_bound;
	list_add_tail(&xdev->link, &xenbus.devices);
	xenbus.nr++;
	wake_device(xdev);
	return 0;
}

static struct pvbus_xen_device *find_device(const char *type, const char *id)
{
	struct pvbus_xen_device *xdev;

	list_for_each_entry(xdev, &xenbus.devices, link) {
		if (!strcmp(type_of(xdev), type) && !strcmp(id_of(xdev), id))
			return xdev;
	}
	return NULL;
}

/* Is a device we know still what its folder says? */
static int check_device(struct pvbus_xen_device *xdev)
{
	enum xenbus_state state;
	char *backend, *folder;
	u16 id;
	int err;

	/* A toolstack fills the folder of a device that wakes up elsewhere like a new one's. */
	if (xdev->gone || READ_ONCE(xdev->asleep))
		return 0;
	mutex_lock(&xdev->lock);
	err = read_backend(xdev->node, &backend, &id, &state);
	if (err == -ENOENT) {
		folder = pvbus_xs_read(PVBUS_XS_NIL, xdev->node, "", NULL);
		WRITE_ONCE(xdev->gone, IS_ERR(folder) && PTR_ERR(folder) == -ENOENT);
		if (!IS_ERR(folder))
			kfree(folder);
	} else if (!err) {
		WRITE_ONCE(xdev->gone, replaced(xdev, state));
		if (strcmp(backend, xdev->backend) || id != xdev->backend_id)
			WRITE_ONCE(xdev->moved, true);
		kfree(backend);
	}
	if (xdev->gone || xdev->moved)
		wake_device(xdev);
	mutex_unlock(&xdev->lock);
	return err;
}

/* A folder that a toolstack is still filling is looked at again when the rest of it comes. */
static int check_node(const char *type, const char *id)
{
	enum xenbus_state state;
	char node[NODE_MAX];
	char *backend;
	u16 backend_id;
	int err;

	/* device/suspend/event-channel is no device but the toolstack's. */
	if (READ_ONCE(xenbus.stopping) || xenbus.suspended || !strcmp(type, "suspend") ||
	    find_device(type, id))
		return 0;
	if (!xs_name_ok(type, PVBUS_TYPE_LEN - sizeof("xen-")) || !xs_id_ok(id)) {
		dev_warn_ratelimited(xenbus.parent, "device/%.64s/%.64s: no name for a device\n",
				     type, id);
		return 0;
	}
	snprintf(node, sizeof(node), "device/%s/%s", type, id);
	err = read_backend(node, &backend, &backend_id, &state);
	if (err)
		return err;
	err = create_device(node, backend, backend_id, state);
	kfree(backend);
	return err;
}

static int check_type(const char *type)
{
	unsigned int i, n;
	char **id = pvbus_xs_directory(PVBUS_XS_NIL, "device", type, &n);
	int err = 0;

	if (IS_ERR(id))
		return PTR_ERR(id);
	for (i = 0; i < n && !store_failed(err); i++)
		err = check_node(type, id[i]);
	kfree(id);
	return err;
}

/* Return: 0, or -EIO or -ETIMEDOUT if the store failed us */
static int check_all(void)
{
	struct pvbus_xen_device *xdev;
	unsigned int i, n = 0;
	char **type;
	int err = 0;

	/* First those we know, so that a new one's folder is read once */
	list_for_each_entry(xdev, &xenbus.devices, link) {
		if (!store_failed(err))
			err = check_device(xdev);
	}
	if (store_failed(err))
		return err;
	type = pvbus_xs_directory(PVBUS_XS_NIL, "device", "", &n);
	err = IS_ERR(type) ? PTR_ERR(type) : 0;
	for (i = 0; i < n && !store_failed(err); i++)
		err = check_type(type[i]);
	if (!IS_ERR(type))
		kfree(type);
	return store_failed(err) ? err : 0;
}

static void devices_changed(struct pvbus_xs_watch *watch, const char *path)
{
	char buf[sizeof(watch->changed)], *rest = buf;
	struct pvbus_xen_device *xdev;
	const char *type, *id, *leaf;

	strscpy(buf, path, sizeof(buf));
	strsep(&rest, "/");
	type = strsep(&rest, "/");
	id = strsep(&rest, "/");
	leaf = strsep(&rest, "/");
	mutex_lock(&xenbus.lock);
	xdev = id ? find_device(type, id) : NULL;
	if (xenbus.suspended)
		;
	else if (!id)
		check_all();
	else if (!xdev)
		check_node(type, id);
	else if (!leaf || !strcmp(leaf, "backend") || !strcmp(leaf, "backend-id"))
		check_device(xdev);
	mutex_unlock(&xenbus.lock);
}

static struct pvbus_xs_watch devices_watch = { .fn = devices_changed };

/**
 * pvbus_xen_bus_start - find the devices and keep track of them; follow the toolstack's orders
 * @parent: device they hang below
 * @connected: called when a device has become connected; may sleep
 * @awake: called after the guest woke up at a host that knows nothing of it yet, before the devices
 *	there are used; may sleep
 *
 * Context: may sleep; drivers that are there already have probed when it returns.
 * Return: 0 or the errno of the first store access that failed.
 */
int pvbus_xen_bus_start(struct device *parent, void (*connected)(void), void (*awake)(void))
{
	int err;

	xenbus.parent = parent;
	xenbus.connected = connected;
	xenbus.stopping = false;
	xenbus.suspended = false;
	xenbus.wq = alloc_workqueue("pvbus_xenbus", WQ_UNBOUND | WQ_MEM_RECLAIM, 64);
	if (!xenbus.wq)
		return -ENOMEM;
	err = pvbus_xs_watch(&devices_watch, "device", "");
	mutex_lock(&xenbus.lock);
	err = err ?: check_all();
	mutex_unlock(&xenbus.lock);
	flush_workqueue(xenbus.wq);
	if (err)
		pvbus_xen_bus_stop();
	else
		xen_control_start(awake);
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_xen_bus_start);

/**
 * pvbus_xen_bus_stop - unregister all devices; their drivers' remove() has run when it returns
 *
 * Context: may sleep.
 */
void pvbus_xen_bus_stop(void)
{
	struct pvbus_xen_device *xdev;

	xen_control_stop();
	pvbus_xs_unwatch(&devices_watch);
	mutex_lock(&xenbus.lock);
	WRITE_ONCE(xenbus.stopping, true);
	list_for_each_entry(xdev, &xenbus.devices, link)
		wake_device(xdev);
	mutex_unlock(&xenbus.lock);
	/* With each device all that queues its work goes, before the queue does. */
	flush_workqueue(xenbus.wq);
	destroy_workqueue(xenbus.wq);
}
EXPORT_SYMBOL_GPL(pvbus_xen_bus_stop);

/*
 * pvbus_xenbus_suspend - before the guest is saved or migrated: drivers let go of their back-ends
 *
 * Context: may sleep; host and events still work.
 */
void pvbus_xenbus_suspend(void)
{
	struct pvbus_xen_device *xdev;

	mutex_lock(&xenbus.lock);
	WRITE_ONCE(xenbus.suspended, true);
	mutex_unlock(&xenbus.lock);
	flush_workqueue(xenbus.wq);
	mutex_lock(&xenbus.lock);
	list_for_each_entry(xdev, &xenbus.devices, link) {
		device_lock(&xdev->pdev.dev);
		suspend_device(xdev);
		device_unlock(&xdev->pdev.dev);
	}
	mutex_unlock(&xenbus.lock);
	pvbus_xs_suspend();
}

/*
 * pvbus_xenbus_resume - wake up, at this host or another one
 * @err: an errno if what is below could not go on
 *
 * Context: may sleep; hypercalls, events, grants and the store's page are up again.
 * Return: 0, or the errno of pvbus_xs_resume(); the devices are then out of use.
 */
int pvbus_xenbus_resume(int err)
{
	struct pvbus_xen_device *xdev;

	err = pvbus_xs_resume(err);
	mutex_lock(&xenbus.lock);
	/* Either way: devices that do not wake up have to be removable. */
	WRITE_ONCE(xenbus.suspended, false);
	if (!err)
		check_all();
	list_for_each_entry(xdev, &xenbus.devices, link)
		wake_device(xdev);
	mutex_unlock(&xenbus.lock);
	flush_workqueue(xenbus.wq);
	return err;
}
