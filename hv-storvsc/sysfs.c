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
#include <pvbus/show.h>
#include "storvsc.h"

#define SHOW(file, fmt, ...) \
	PVBUS_SHOW(struct storvsc *st, dev_get_drvdata, file, fmt, __VA_ARGS__)

SHOW(phase, "%s", stor_phases[READ_ONCE(st->phase)])
SHOW(reconnects, "%u", READ_ONCE(st->reconnects))

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

static unsigned int version_of(const struct storvsc *st)
{
	const struct stor_dialect *d = READ_ONCE(st->dialect);

	return d ? d->version : 0;
}

#define DEAL_FILES(FILE)							\
	FILE(version, "%u.%u", version_of(st) >> 8, version_of(st) & 0xff)	\
	FILE(vmbus_version, "%u.%u", st->vdev->version >> 16, st->vdev->version & 0xffff) \
	FILE(channels, "%u", stor_nr_open(st))					\
	FILE(hw_queues, "%u", st->nr_chans)					\
	FILE(host_sub_channels, "%u", st->offer.sub_channels)			\
	FILE(max_transfer, "%u", st->offer.max_transfer)			\
	FILE(depth, "%u", st->depth)						\
	FILE(ring_kb, "%u", stor_ring_kb)

DEAL_FILES(SHOW)
static struct attribute *deal_attrs[] = PVBUS_ATTRS(DEAL_FILES);

static const struct attribute_group deal_group = { .name = "negotiated", .attrs = deal_attrs };

/* --- counters/ --- */

#define COUNTER(counter)									\
	PVBUS_COUNTER(struct storvsc, chan, max_chans, counter, stats.counter)

#define COUNTER_FILES(FILE)							\
	FILE(commands)								\
	FILE(doorbells)								\
	FILE(starved)								\
	FILE(bounced)								\
	FILE(answers)								\
	FILE(errors)								\
	FILE(strays)								\
	FILE(polled)								\
	FILE(events)

COUNTER_FILES(COUNTER)
static struct attribute *counter_attrs[] = PVBUS_ATTRS(COUNTER_FILES);

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
		   stor_phases[READ_ONCE(st->phase)], st->reconnects, st->nr_bounce,
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
	st->debugfs = debugfs_create_dir(dev_name(st->dev), pvbus_debugfs);
	debugfs_create_file("channels", 0400, st->debugfs, st, &channels_fops);
}
