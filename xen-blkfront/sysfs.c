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
#include "blkfront.h"

static ssize_t phase_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct blkfront *bf = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", blkfront_phase_name(READ_ONCE(bf->phase)));
}
static DEVICE_ATTR_RO(phase);

static ssize_t reconnects_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct blkfront *bf = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(bf->reconnects));
}
static DEVICE_ATTR_RO(reconnects);

static ssize_t reconnect_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t len)
{
	struct blkfront *bf = dev_get_drvdata(dev);
	ssize_t ret = -ENODEV;

	blkfront_lock(bf);
	if (!bf->dying && bf->phase != BF_GONE) {
		bf->attempts = 0;
		bf->resets = 0;
		blkfront_disconnect(bf, bf->phase != BF_FAILED);
		blkfront_restart(bf);
		blkfront_follow(bf);
		ret = len;
	}
	blkfront_unlock(bf);
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

struct deal_attr {
	struct device_attribute attr;
	ssize_t (*print)(const struct blkfront *bf, char *buf);
};

static ssize_t deal_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct deal_attr *a = container_of(attr, struct deal_attr, attr);

	return a->print(dev_get_drvdata(dev), buf);
}

#define DEAL(field, fmt, expr)									\
	static ssize_t print_##field(const struct blkfront *bf, char *buf)			\
	{											\
		return sysfs_emit(buf, fmt "\n", expr);						\
	}											\
	static struct deal_attr deal_##field = {						\
		.attr = __ATTR(field, 0444, deal_show, NULL),					\
		.print = print_##field,								\
	}

static const char *flush_name(u8 op)
{
	return op == BLK_OP_NONE ? "none" : op == BLKIF_OP_FLUSH_DISKCACHE ? "flush" : "barrier";
}

DEAL(name, "%s", bf->name.name);
DEAL(queues, "%u", bf->deal.queues);
DEAL(poll_queues, "%u", bf->deal.poll_queues);
DEAL(ring_pages, "%u", 1u << bf->deal.ring_order);
DEAL(ring_size, "%u", bf->rings[0].r.size);
DEAL(max_segments, "%u", bf->deal.max_segs);
DEAL(sector_size, "%u", bf->deal.sector_size);
DEAL(physical_sector_size, "%u", bf->deal.physical_sector_size);
DEAL(sectors, "%llu", bf->deal.sectors);
DEAL(flush, "%s", flush_name(bf->deal.flush_op));
DEAL(fua, "%s", bf->deal.flush_op == BLK_OP_NONE ? "none" : "emulated");
DEAL(discard, "%d", bf->deal.discard);
DEAL(secure_discard, "%d", bf->deal.secure_discard);
DEAL(persistent_grants, "%d", bf->deal.persistent);
DEAL(bounce, "%d", bf->bounce);
DEAL(readonly, "%d", bf->deal.readonly);
DEAL(removable, "%d", bf->deal.removable);
DEAL(cdrom, "%d", bf->deal.cdrom);

static struct attribute *deal_attrs[] = {
	&deal_name.attr.attr,
	&deal_queues.attr.attr,
	&deal_poll_queues.attr.attr,
	&deal_ring_pages.attr.attr,
	&deal_ring_size.attr.attr,
	&deal_max_segments.attr.attr,
	&deal_sector_size.attr.attr,
	&deal_physical_sector_size.attr.attr,
	&deal_sectors.attr.attr,
	&deal_flush.attr.attr,
	&deal_fua.attr.attr,
	&deal_discard.attr.attr,
	&deal_secure_discard.attr.attr,
	&deal_persistent_grants.attr.attr,
	&deal_bounce.attr.attr,
	&deal_readonly.attr.attr,
	&deal_removable.attr.attr,
	&deal_cdrom.attr.attr,
	NULL
};

static const struct attribute_group deal_group = { .name = "negotiated", .attrs = deal_attrs };

/* --- counters/ --- */

struct counter_attr {
	struct device_attribute attr;
	size_t at;	/* in struct blkfront_ring */
};

static ssize_t counter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct counter_attr *a = container_of(attr, struct counter_attr, attr);
	struct blkfront *bf = dev_get_drvdata(dev);
	unsigned int i;
	ssize_t n = 0;

	for (i = 0; i < bf->max_rings; i++)
		n += sysfs_emit_at(buf, n, "%s%llu", i ? " " : "",
				   *(u64 *)((void *)&bf->rings[i] + a->at));
	return n + sysfs_emit_at(buf, n, "\n");
}

#define COUNTER(counter, where)									\
	static struct counter_attr count_##counter = {						\
		.attr = __ATTR(counter, 0444, counter_show, NULL),				\
		.at = offsetof(struct blkfront_ring, where),					\
	}

COUNTER(requests, stats.requests);
COUNTER(indirect, stats.indirect);
COUNTER(doorbells, stats.doorbells);
COUNTER(starved, stats.starved);
COUNTER(responses, stats.responses);
COUNTER(errors, stats.errors);
COUNTER(polled, stats.polled);
COUNTER(timeouts, stats.timeouts);
COUNTER(events, ch.events);

static struct attribute *counter_attrs[] = {
	&count_requests.attr.attr,
	&count_indirect.attr.attr,
	&count_doorbells.attr.attr,
	&count_starved.attr.attr,
	&count_responses.attr.attr,
	&count_errors.attr.attr,
	&count_polled.attr.attr,
	&count_timeouts.attr.attr,
	&count_events.attr.attr,
	NULL
};

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
	const struct xen_ring_head *h = ring->r.head;
	const struct blk_slot *s;
	unsigned int i;

	seq_printf(m, "ring %u: %u slots%s, port %u on CPU %u, %s\n", ring->index, ring->r.size,
		   ring->poll ? ", polled" : "", ring->ch.port, ring->ch.cpu,
		   ring->live ? "live" : "not live");
	seq_printf(m, "  ours:   req_prod %u sent %u rsp_cons %u%s%s\n", ring->r.req_prod,
		   ring->r.req_sent, ring->r.rsp_cons, ring->starved ? ", starved" : "",
		   ring->r.fault ? ", broken" : "");
	seq_printf(m, "  shared: req_prod %u req_event %u rsp_prod %u rsp_event %u\n",
		   READ_ONCE(h->req_prod), READ_ONCE(h->req_event), READ_ONCE(h->rsp_prod),
		   READ_ONCE(h->rsp_event));
	seq_printf(m, "  grants: %u free of %u, %u pages\n", ring->free.nr, ring->nr_gnts,
		   ring->nr_pages);
	for (i = 0; i < ring->r.size; i++) {
		s = &ring->r.slot[i];
		if (READ_ONCE(s->busy))
			seq_printf(m, "  slot %u: op %u id %#llx\n", i, s->alt, s->id);
	}
}

static int rings_show(struct seq_file *m, void *unused)
{
	struct blkfront *bf = m->private;
	unsigned int i;

	blkfront_lock(bf);
	seq_printf(m, "%s: %s, back-end %s, %u attempts, %u resets, %u reconnects, %u openers%s\n",
		   bf->name.name, blkfront_phase_name(bf->phase),
		   pvbus_xen_state_name(bf->xdev->backend_state), bf->attempts, bf->resets,
		   bf->reconnects, atomic_read(&bf->openers),
		   bf->quiesced ? ", I/O held back" : "");
	for (i = 0; i < bf->max_rings; i++) {
		if (bf->rings[i].io)
			show_ring(m, &bf->rings[i]);
	}
	blkfront_unlock(bf);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rings);

void blkfront_debugfs_add(struct blkfront *bf)
{
	bf->debugfs = debugfs_create_dir(dev_name(bf->dev), pvbus_debugfs());
	debugfs_create_file("rings", 0400, bf->debugfs, bf, &rings_fops);
}
