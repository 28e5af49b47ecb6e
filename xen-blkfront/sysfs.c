// SPDX-License-Identifier: GPL-2.0-only
/*
 * To be seen. In the device's folder of sysfs:
 *
 *	phase		where the connection stands
 *	reconnect	write anything: a new connection, with what is in flight replayed
 *	negotiated/	what was agreed on, one value to a file
 *	counters/	since the module was loaded, one number for each ring
 *
 * In debugfs, pvbus/DEVICE/rings: both ends of every ring, and the requests on it.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>
#include <pvbus/show.h>
#include "blkfront.h"

#define SHOW(file, fmt, ...) \
	PVBUS_SHOW(const struct blkfront *bf, dev_get_drvdata, file, fmt, __VA_ARGS__)

SHOW(phase, "%s", blkfront_phases[READ_ONCE(bf->phase)])
SHOW(reconnects, "%u", READ_ONCE(bf->reconnects))

static ssize_t reconnect_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t len)
{
	struct blkfront *bf = dev_get_drvdata(dev);
	ssize_t ret = -ENODEV;

	pvbus_noio_lock(&bf->lock);
	if (READ_ONCE(bf->xdev->asleep)) {
		ret = -EBUSY;
	} else if (!bf->dying) {
		bf->attempts = 0;
		bf->resets = 0;
		blkfront_disconnect(bf, bf->phase != BF_FAILED);
		blkfront_restart(bf);
		blkfront_follow(bf);
		ret = len;
	}
	pvbus_noio_unlock(&bf->lock);
	return ret;
}
static DEVICE_ATTR_WO(reconnect);

static struct attribute *blkfront_attrs[] = {
	&dev_attr_phase.attr,
	&dev_attr_reconnects.attr,
	&dev_attr_reconnect.attr,
	NULL
};

static const struct attribute_group blkfront_group = { .attrs = blkfront_attrs };

/* --- negotiated/ --- */

#define DEAL_FILES(FILE)							\
	FILE(name, "%s", bf->name.name)						\
	FILE(queues, "%u", bf->deal.queues)					\
	FILE(poll_queues, "%u", bf->deal.poll_queues)				\
	FILE(ring_pages, "%u", 1u << bf->deal.ring_order)			\
	FILE(ring_size, "%u", bf->rings[0].r.r.size)				\
	FILE(max_segments, "%u", bf->deal.max_segs)				\
	FILE(sector_size, "%u", bf->deal.sector_size)				\
	FILE(physical_sector_size, "%u", bf->deal.physical_sector_size)		\
	FILE(sectors, "%llu", bf->deal.sectors)					\
	FILE(flush, "%s", blkfront_flush_name(bf->deal.flush_op))		\
	FILE(fua, "%s", bf->deal.flush_op == BLK_OP_NONE ? "none" : "emulated")	\
	FILE(discard, "%d", bf->deal.discard)					\
	FILE(secure_discard, "%d", bf->deal.secure_discard)			\
	FILE(persistent_grants, "%d", bf->deal.persistent)			\
	FILE(bounce, "%d", bf->bounce)						\
	FILE(readonly, "%d", bf->deal.readonly)					\
	FILE(removable, "%d", bf->deal.removable)				\
	FILE(cdrom, "%d", bf->deal.cdrom)

DEAL_FILES(SHOW)
static struct attribute *deal_attrs[] = PVBUS_ATTRS(DEAL_FILES);

static const struct attribute_group deal_group = { .name = "negotiated", .attrs = deal_attrs };

/* --- counters/ --- */

#define COUNTER(file, field)	PVBUS_COUNTER(struct blkfront, rings, max_rings, file, field)

#define COUNTER_FILES(FILE)							\
	FILE(requests, stats.requests)						\
	FILE(indirect, stats.indirect)						\
	FILE(doorbells, stats.doorbells)					\
	FILE(starved, stats.starved)						\
	FILE(responses, stats.responses)					\
	FILE(errors, stats.errors)						\
	FILE(polled, stats.polled)						\
	FILE(timeouts, stats.timeouts)						\
	FILE(events, ch.events)

COUNTER_FILES(COUNTER)
static struct attribute *counter_attrs[] = PVBUS_ATTRS(COUNTER_FILES);

static const struct attribute_group counter_group = { .name = "counters", .attrs = counter_attrs };

const struct attribute_group *blkfront_groups[] = {
	&blkfront_group,
	&deal_group,
	&counter_group,
	NULL
};

/* --- debugfs --- */

static void show_ring(struct seq_file *m, struct blkfront_ring *ring)
{
	const struct xen_ring *r = &ring->r.r;
	const struct blk_slot *s;
	unsigned int i;

	seq_printf(m, "ring %u: %u slots%s, port %u on CPU %u, %s\n", ring->index, r->size,
		   ring->poll ? ", polled" : "", ring->ch.port, ring->ch.cpu,
		   ring->live ? "live" : "not live");
	seq_printf(m, "  ours:   req_prod %u sent %u rsp_cons %u%s%s\n", r->req_prod, r->req_sent,
		   r->rsp_cons, ring->starved ? ", starved" : "", r->fault ? ", broken" : "");
	seq_printf(m, "  shared: req_prod %u req_event %u rsp_prod %u rsp_event %u\n",
		   READ_ONCE(r->head->req_prod), READ_ONCE(r->head->req_event),
		   READ_ONCE(r->head->rsp_prod), READ_ONCE(r->head->rsp_event));
	seq_printf(m, "  grants: %u free of %u, %u pages\n", ring->free.nr, ring->nr_gnts,
		   ring->pooled ? ring->nr_gnts - ring->spare.nr : 0);
	for (i = 0; i < r->size; i++) {
		s = &ring->r.slot[i];
		if (READ_ONCE(s->busy))
			seq_printf(m, "  slot %u: op %u id %#llx\n", i, s->alt, s->id);
	}
}

static int rings_show(struct seq_file *m, void *unused)
{
	struct blkfront *bf = m->private;
	unsigned int i;

	pvbus_noio_lock(&bf->lock);
	seq_printf(m, "%s: %s, back-end %s, %u attempts, %u resets, %u reconnects, %u openers%s\n",
		   bf->name.name, blkfront_phases[bf->phase],
		   pvbus_xen_state_name(bf->xdev->backend_state), bf->attempts, bf->resets,
		   bf->reconnects, atomic_read(&bf->openers),
		   bf->quiesced ? ", I/O held back" : "");
	for (i = 0; i < bf->max_rings; i++) {
		if (bf->rings[i].io)
			show_ring(m, &bf->rings[i]);
	}
	pvbus_noio_unlock(&bf->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rings);

void blkfront_debugfs_add(struct blkfront *bf)
{
	bf->debugfs = debugfs_create_dir(dev_name(bf->dev), pvbus_debugfs);
	debugfs_create_file("rings", 0400, bf->debugfs, bf, &rings_fops);
}
