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
#include <pvbus/show.h>
#include "netfront.h"

#define SHOW(file, fmt, ...) \
	PVBUS_SHOW(const struct netfront *nf, dev_get_drvdata, file, fmt, __VA_ARGS__)

SHOW(phase, "%s", netfront_phases[READ_ONCE(nf->phase)])
SHOW(reconnects, "%u", READ_ONCE(nf->reconnects))

static ssize_t reconnect_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t len)
{
	struct netfront *nf = dev_get_drvdata(dev);
	ssize_t ret = -ENODEV;

	mutex_lock(&nf->lock);
	if (READ_ONCE(nf->xdev->asleep)) {
		ret = -EBUSY;
	} else if (!nf->dying) {
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

#define DEAL_FILES(FILE)							\
	FILE(queues, "%u", nf->deal.queues)					\
	FILE(split_events, "%u", nf->deal.split)				\
	FILE(slots_per_packet, "%u", nf->deal.max_slots)			\
	FILE(sg, "%u", nf->deal.sg)						\
	FILE(tso4, "%u", nf->deal.gso4)						\
	FILE(tso6, "%u", nf->deal.gso6)						\
	FILE(checksum4, "%u", nf->deal.csum4)					\
	FILE(checksum6, "%u", nf->deal.csum6)					\
	FILE(rx_gso, "%u", nf->deal.rx_gso)					\
	FILE(xdp_headroom, "%u", nf->deal.rx_headroom)				\
	FILE(control_ring, "%u", nf->ctrl.open)					\
	FILE(hash_table, "%u", nf->nr_indir)					\
	FILE(multicast_filter, "%u", nf->filter)				\
	FILE(bounce, "%u", nf->bounce)

DEAL_FILES(SHOW)
static struct attribute *deal_attrs[] = PVBUS_ATTRS(DEAL_FILES);

static const struct attribute_group deal_group = { .name = "negotiated", .attrs = deal_attrs };

const struct attribute_group *netfront_groups[] = {
	&netfront_group,
	&deal_group,
	NULL
};

/* --- debugfs --- */

static void show_ring(struct seq_file *m, const char *name, const struct xen_ring *r,
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
		   netdev_name(nf->netdev), netfront_phases[nf->phase],
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
	nf->debugfs = debugfs_create_dir(dev_name(nf->dev), pvbus_debugfs);
	debugfs_create_file("rings", 0400, nf->debugfs, nf, &rings_fops);
}
