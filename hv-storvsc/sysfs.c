// SPDX-License-Identifier: GPL-2.0-only
/*
 * To be seen. In the device's folder of sysfs:
 *
 *	phase		where the connection stands
 *	reconnect	write anything: a new connection; commands under way are sent again
 *	negotiated/	what was agreed on, one value to a file
 *	counters/	since the module was loaded, one number for each channel
 *
 * In debugfs, pvbus/DEVICE/channels: every channel, and the commands the host has.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>
#include "storvsc.h"

static ssize_t phase_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct storvsc *st = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", stor_phase_name(READ_ONCE(st->phase)));
}
static DEVICE_ATTR_RO(phase);

static ssize_t reconnects_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct storvsc *st = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(st->reconnects));
}
static DEVICE_ATTR_RO(reconnects);

/* One that never had a connection has no disks yet, either. */
static ssize_t reconnect_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t len)
{
	struct storvsc *st = dev_get_drvdata(dev);
	int err = 0;

	if (READ_ONCE(st->added))
		err = stor_reconnect(st);
	else
		queue_work(system_dfl_wq, &st->start_work);
	return err ?: len;
}
static DEVICE_ATTR_WO(reconnect);

static struct attribute *stor_attrs[] = {
	&dev_attr_phase.attr,
	&dev_attr_reconnects.attr,
	&dev_attr_reconnect.attr,
	NULL
};

static const struct attribute_group stor_group = { .attrs = stor_attrs };

/* --- negotiated/ --- */

struct deal_attr {
	struct device_attribute attr;
	ssize_t (*print)(struct storvsc *st, char *buf);
};

static ssize_t deal_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct deal_attr *a = container_of(attr, struct deal_attr, attr);

	return a->print(dev_get_drvdata(dev), buf);
}

#define DEAL(field, fmt, ...)									\
	static ssize_t print_##field(struct storvsc *st, char *buf)				\
	{											\
		return sysfs_emit(buf, fmt "\n", __VA_ARGS__);					\
	}											\
	static struct deal_attr deal_##field = {						\
		.attr = __ATTR(field, 0444, deal_show, NULL),					\
		.print = print_##field,								\
	}

static unsigned int version_of(const struct storvsc *st)
{
	const struct stor_dialect *d = READ_ONCE(st->dialect);

	return d ? d->version : 0;
}

DEAL(version, "%u.%u", version_of(st) >> 8, version_of(st) & 0xff);
DEAL(vmbus_version, "%u.%u", st->vdev->version >> 16, st->vdev->version & 0xffff);
DEAL(channels, "%u", stor_nr_open(st));
DEAL(hw_queues, "%u", st->nr_chans);
DEAL(host_sub_channels, "%u", st->offer.sub_channels);
DEAL(max_transfer, "%u", st->offer.max_transfer);
DEAL(depth, "%u", st->depth);
DEAL(ring_kb, "%u", stor_ring_kb);

static struct attribute *deal_attrs[] = {
	&deal_version.attr.attr,
	&deal_vmbus_version.attr.attr,
	&deal_channels.attr.attr,
	&deal_hw_queues.attr.attr,
	&deal_host_sub_channels.attr.attr,
	&deal_max_transfer.attr.attr,
	&deal_depth.attr.attr,
	&deal_ring_kb.attr.attr,
	NULL
};

static const struct attribute_group deal_group = { .name = "negotiated", .attrs = deal_attrs };

/* --- counters/ --- */

struct counter_attr {
	struct device_attribute attr;
	size_t at;	/* in struct stor_stats */
};

static ssize_t counter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct counter_attr *a = container_of(attr, struct counter_attr, attr);
	struct storvsc *st = dev_get_drvdata(dev);
	unsigned int i;
	ssize_t n = 0;

	for (i = 0; i < st->max_chans; i++)
		n += sysfs_emit_at(buf, n, "%s%llu", i ? " " : "",
				   *(u64 *)((void *)&st->chan[i].stats + a->at));
	return n + sysfs_emit_at(buf, n, "\n");
}

#define COUNTER(counter, where)									\
	static struct counter_attr count_##counter = {						\
		.attr = __ATTR(counter, 0444, counter_show, NULL),				\
		.at = offsetof(struct stor_stats, where),					\
	}

COUNTER(commands, commands);
COUNTER(doorbells, doorbells);
COUNTER(starved, starved);
COUNTER(bounced, bounced);
COUNTER(answers, answers);
COUNTER(errors, errors);
COUNTER(strays, strays);
COUNTER(polled, polled);
COUNTER(events, events);

static struct attribute *counter_attrs[] = {
	&count_commands.attr.attr,
	&count_doorbells.attr.attr,
	&count_starved.attr.attr,
	&count_bounced.attr.attr,
	&count_answers.attr.attr,
	&count_errors.attr.attr,
	&count_strays.attr.attr,
	&count_polled.attr.attr,
	&count_events.attr.attr,
	NULL
};

static const struct attribute_group counter_group = { .name = "counters", .attrs = counter_attrs };

const struct attribute_group *stor_groups[] = {
	&stor_group,
	&deal_group,
	&counter_group,
	NULL
};

/* --- debugfs --- */

/* Under chan_lock, so an open channel stays open. */
static void show_chan(struct seq_file *m, const struct stor_chan *chan)
{
	const struct pvbus_channel *ch = chan->ch;

	if (!chan->open) {
		seq_printf(m, "channel %u: closed\n", chan->index);
		return;
	}
	seq_printf(m, "channel %u: relid %u on CPU %u, %s; %llu signals, %llu events, %llu times full\n",
		   chan->index, ch->relid, ch->cpu, chan->live ? "live" : "not live", ch->signals,
		   ch->events, ch->full);
}

static int channels_show(struct seq_file *m, void *unused)
{
	struct storvsc *st = m->private;
	unsigned int i;
	unsigned long id;

	mutex_lock(&st->chan_lock);
	seq_printf(m, "%s, %u reconnects, %u of %u pages to stand in are free\n",
		   stor_phase_name(READ_ONCE(st->phase)), st->reconnects, st->nr_bounce,
		   st->offer.max_transfer / STOR_PAGE + 1);
	for (i = 0; i < st->max_chans; i++)
		show_chan(m, &st->chan[i]);
	for (i = 0; st->slot && i < st->depth; i++) {
		id = READ_ONCE(st->slot[i].id);
		if (id)
			seq_printf(m, "tag %u: id %#lx on channel %u\n", i, id,
				   st->slot[i].chan->index);
	}
	mutex_unlock(&st->chan_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(channels);

void stor_debugfs_add(struct storvsc *st)
{
	st->debugfs = debugfs_create_dir(dev_name(st->dev), pvbus_debugfs());
	debugfs_create_file("channels", 0400, st->debugfs, st, &channels_fops);
}
