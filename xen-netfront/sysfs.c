// SPDX-License-Identifier: GPL-2.0-only
/*
 * To be seen. In the device's folder of sysfs:
 *
 *	phase		where the connection stands
 *	reconnects	connections after the first
 *	reconnect	write anything: a new connection
 *	negotiated/	what was agreed on, one value to a file
 *
 * In debugfs, pvbus/DEVICE/rings: both ends of every ring. Counters are ethtool's: ethtool -S.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>
#include "netfront.h"

static ssize_t phase_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct netfront *nf = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", netfront_phase_name(READ_ONCE(nf->phase)));
}
static DEVICE_ATTR_RO(phase);

static ssize_t reconnects_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct netfront *nf = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(nf->reconnects));
}
static DEVICE_ATTR_RO(reconnects);

static ssize_t reconnect_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t len)
{
	struct netfront *nf = dev_get_drvdata(dev);
	ssize_t ret = -ENODEV;

	mutex_lock(&nf->lock);
	if (!nf->dying) {
		nf->attempts = 0;
		netfront_disconnect(nf, false);
		netfront_restart(nf);
		netfront_follow(nf);
		ret = len;
	}
	mutex_unlock(&nf->lock);
	return ret;
}
static DEVICE_ATTR_WO(reconnect);

static struct attribute *netfront_attrs[] = {
	&dev_attr_phase.attr,
	&dev_attr_reconnects.attr,
	&dev_attr_reconnect.attr,
	NULL
};

static const struct attribute_group netfront_group = { .attrs = netfront_attrs };

/* --- negotiated/ --- */

struct deal_attr {
	struct device_attribute attr;
	unsigned int (*value)(const struct netfront *nf);
};

static ssize_t deal_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct deal_attr *a = container_of(attr, struct deal_attr, attr);

	return sysfs_emit(buf, "%u\n", a->value(dev_get_drvdata(dev)));
}

#define DEAL(field, expr)									\
	static unsigned int value_##field(const struct netfront *nf)				\
	{											\
		return expr;									\
	}											\
	static struct deal_attr deal_##field = {						\
		.attr = __ATTR(field, 0444, deal_show, NULL),					\
		.value = value_##field,								\
	}

DEAL(queues, nf->deal.queues);
DEAL(split_events, nf->deal.split);
DEAL(slots_per_packet, nf->deal.max_slots);
DEAL(sg, nf->deal.sg);
DEAL(tso4, nf->deal.gso4);
DEAL(tso6, nf->deal.gso6);
DEAL(checksum4, nf->deal.csum4);
DEAL(checksum6, nf->deal.csum6);
DEAL(rx_gso, nf->deal.rx_gso);
DEAL(xdp_headroom, nf->deal.rx_headroom);
DEAL(control_ring, nf->ctrl.open);
DEAL(hash_table, nf->nr_indir);
DEAL(multicast_filter, nf->filter);
DEAL(bounce, nf->bounce);

static struct attribute *deal_attrs[] = {
	&deal_queues.attr.attr,
	&deal_split_events.attr.attr,
	&deal_slots_per_packet.attr.attr,
	&deal_sg.attr.attr,
	&deal_tso4.attr.attr,
	&deal_tso6.attr.attr,
	&deal_checksum4.attr.attr,
	&deal_checksum6.attr.attr,
	&deal_rx_gso.attr.attr,
	&deal_xdp_headroom.attr.attr,
	&deal_control_ring.attr.attr,
	&deal_hash_table.attr.attr,
	&deal_multicast_filter.attr.attr,
	&deal_bounce.attr.attr,
	NULL
};

static const struct attribute_group deal_group = { .name = "negotiated", .attrs = deal_attrs };

const struct attribute_group *netfront_groups[] = {
	&netfront_group,
	&deal_group,
	NULL
};

/* --- debugfs --- */

static void show_ring(struct seq_file *m, const char *name, const struct net_ring *r,
		      const struct pvbus_evtchn *ch)
{
	const struct xen_ring_head *h = r->head;

	seq_printf(m, "  %s ours:   req_prod %u sent %u rsp_cons %u seen %u%s\n", name, r->req_prod,
		   r->req_sent, r->rsp_cons, r->rsp_seen, r->fault ? ", broken" : "");
	seq_printf(m, "  %s shared: req_prod %u req_event %u rsp_prod %u rsp_event %u\n", name,
		   READ_ONCE(h->req_prod), READ_ONCE(h->req_event), READ_ONCE(h->rsp_prod),
		   READ_ONCE(h->rsp_event));
	if (ch->port)
		seq_printf(m, "  %s port %u on CPU %u: %llu events, %llu signals\n", name,
			   ch->port, ch->cpu, ch->events, ch->notifies);
}

static void show_queue(struct seq_file *m, struct netfront_queue *q)
{
	unsigned int i;

	seq_printf(m, "queue %u: %s%s, %u of %u+%u grants free, %u spare pages\n", q->index,
		   q->live ? "live" : "not live",
		   netif_tx_queue_stopped(q->txq) ? ", stopped" : "", q->tx_refs.free,
		   NET_SLOTS, q->nr_stage, q->nr_spare);
	show_ring(m, "tx", &q->tx.r, &q->ch_tx);
	show_ring(m, "rx", &q->rx, &q->ch_rx);
	for (i = 0; i < NET_SLOTS; i++) {
		if (READ_ONCE(q->tx.busy[i]))
			seq_printf(m, "  tx slot %u: id %#x grant %u\n", i, q->tx.id[i],
				   q->slot[i].gnt);
	}
}

static int rings_show(struct seq_file *m, void *unused)
{
	struct netfront *nf = m->private;
	unsigned int i;

	mutex_lock(&nf->lock);
	seq_printf(m, "%s: %s, back-end %s, carrier %d, %u attempts, %u reconnects\n",
		   netdev_name(nf->netdev), netfront_phase_name(nf->phase),
		   pvbus_xen_state_name(nf->xdev->backend_state), nf->carrier, nf->attempts,
		   nf->reconnects);
	for (i = 0; i < nf->max_queues; i++) {
		if (nf->queue[i].rx.head)
			show_queue(m, &nf->queue[i]);
	}
	mutex_unlock(&nf->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rings);

void netfront_debugfs_add(struct netfront *nf)
{
	nf->debugfs = debugfs_create_dir(dev_name(nf->dev), pvbus_debugfs());
	debugfs_create_file("rings", 0400, nf->debugfs, nf, &rings_fops);
}
