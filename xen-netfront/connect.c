// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: how one is made, lost, and made again.
 *
 *	IDLE        back-end says INIT_WAIT: make queues, publish them, say CONNECTED
 *	CONNECTING  back-end says CONNECTED: let the stack use them
 *	CONNECTED   back-end says CLOSING, or starts anew: take the queues from the stack, IDLE
 *	FAILED      the back-end refused or broke the protocol too often
 *
 * Everything here runs under the interface's lock, in process context, and waits for the back-end
 * for a bounded time only, never with the RTNL held. The back-end's state is read afresh where it
 * decides something: what an event told may be history.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include "netfront.h"
#include "trace.h"

#define PATIENCE	(30 * HZ)
#define MAX_ATTEMPTS	6
#define GOOD_FOR	(60 * HZ)	/* a connection this old was a good one */

const char * const netfront_phases[] = { "idle", "connecting", "connected", "failed" };

static void set_phase(struct netfront *nf, enum netfront_phase phase)
{
	WRITE_ONCE(nf->phase, phase);
	trace_netfront_state(nf, phase, nf->xdev->backend_state);
}

static void read_offer(struct netfront *nf, struct net_offer *o)
{
	struct pvbus_xen_device *xdev = nf->xdev;
	const struct net_node *n;

	for (n = net_nodes; n < net_nodes + NET_NR_NODES; n++)
		*(u64 *)((void *)o + n->at) = pvbus_xen_read_num(xdev, xdev->backend, n->name,
								 n->dflt, n->min, n->max);
}

/* --- queues --- */

static void queues_free(struct netfront *nf)
{
	unsigned int i;

	netfront_ctrl_close(nf);
	for (i = 0; i < nf->max_queues; i++)
		netfront_queue_free(&nf->queue[i]);
}

static int queues_make(struct netfront *nf)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < nf->deal.queues && !err; i++)
		err = netfront_queue_make(&nf->queue[i]);
	if (err)
		queues_free(nf);
	else if (nf->deal.ctrl)
		netfront_ctrl_open(nf);	/* it does without */
	return err;
}

/* --- what we publish --- */

/* What belongs to a connection */
static const char * const stale[] = {
	"tx-ring-ref", "rx-ring-ref", "event-channel", "queue-", "multi-queue-num-queues",
	"ctrl-ring-ref", "xdp-headroom", "feature-", "request-",
	NULL
};

struct publication {
	const char *node;
	u32 value;
};

static int publish_list(u32 tx, const char *dir, const char *prefix, const struct publication *p,
			unsigned int n)
{
	char node[48];
	int err = 0;

	for (; n && !err; n--, p++) {
		snprintf(node, sizeof(node), "%s%s", prefix, p->node);
		err = pvbus_xs_printf(tx, dir, node, "%u", p->value);
	}
	return err;
}

static int publish_queue(u32 tx, const struct netfront_queue *q)
{
	const struct publication nodes[] = {
		{ "tx-ring-ref", q->tx_pages.ref[0] },
		{ "rx-ring-ref", q->rx_pages.ref[0] },
		{ q->ch_tx.port ? "event-channel-rx" : "event-channel", q->ch_rx.port },
		{ "event-channel-tx", q->ch_tx.port },
	};
	unsigned int n = ARRAY_SIZE(nodes) - !q->ch_tx.port;
	char prefix[24] = "";

	if (q->nf->deal.queues > 1)
		snprintf(prefix, sizeof(prefix), "queue-%u/", q->index);
	return publish_list(tx, q->nf->xdev->node, prefix, nodes, n);
}

/* What we can take, whatever the back-end can give */
static int publish_features(struct netfront *nf, u32 tx)
{
	const struct publication nodes[] = {
		{ "request-rx-copy", 1 },
		{ "feature-rx-notify", 1 },
		{ "feature-sg", 1 },
		{ "feature-gso-tcpv4", nf->deal.rx_gso },
		{ "feature-gso-tcpv6", nf->deal.rx_gso },
		{ "feature-ipv6-csum-offload", 1 },
		{ "xdp-headroom", nf->deal.rx_headroom },
	};
	unsigned int n = ARRAY_SIZE(nodes) - !nf->deal.rx_headroom;

	return publish_list(tx, nf->xdev->node, "", nodes, n);
}

static int publish_all(u32 tx, void *data)
{
	struct netfront *nf = data;
	const struct publication ctrl[] = {
		{ "ctrl-ring-ref", nf->ctrl.ring.ref[0] },
		{ "event-channel-ctrl", nf->ctrl.ch.port },
	};
	const char *dir = nf->xdev->node;
	unsigned int i;
	int err;

	err = publish_features(nf, tx);
	if (!err && nf->ctrl.open)
		err = publish_list(tx, dir, "", ctrl, ARRAY_SIZE(ctrl));
	if (!err && nf->deal.queues > 1)
		err = pvbus_xs_printf(tx, dir, "multi-queue-num-queues", "%u", nf->deal.queues);
	for (i = 0; i < nf->deal.queues && !err; i++)
		err = publish_queue(tx, &nf->queue[i]);
	return err;
}

/* --- the carrier --- */

static void carrier_changed(struct pvbus_xs_watch *watch, const char *path)
{
	netfront_do(container_of(watch, struct netfront, carrier_watch), NF_DO_CARRIER);
}

/*
 * Have the back-end's carrier watched. Not under the interface's lock: where the kernel's own
 * xenbus is below, it is the thread that may be taking the device away which calls watches.
 */
void netfront_carrier_watch(struct netfront *nf)
{
	nf->carrier_watch.fn = carrier_changed;
	pvbus_xs_watch(&nf->carrier_watch, nf->xdev->backend, "carrier");
}

static void read_carrier(struct netfront *nf)
{
	nf->carrier = pvbus_xen_read_num(nf->xdev, nf->xdev->backend, "carrier", 1, 0, 1);
}

/* --- making a connection --- */

static void give_up(struct netfront *nf, int err, const char *what)
{
	pvbus_xen_error(nf->xdev, err, "%s", what);
	pvbus_xen_switch_state(nf->xdev, XENBUS_CLOSING);
	netfront_disconnect(nf, false);
	nf->since = jiffies;
	set_phase(nf, NF_FAILED);
}

static void connect_queues(struct netfront *nf)
{
	const char *why;
	int err;

	nf->want.queues = READ_ONCE(nf->want_queues);
	nf->want.xdp = rcu_access_pointer(nf->xdp_prog);
	read_offer(nf, &nf->offer);
	why = net_agree(&nf->offer, &nf->want, &nf->deal);
	if (why) {
		give_up(nf, -EOPNOTSUPP, why);
		return;
	}
	err = queues_make(nf);
	while ((err == -ENOMEM || err == -ENOSPC) && nf->deal.queues > 1) {
		nf->deal.queues /= 2;
		err = queues_make(nf);
	}
	if (!err)
		err = pvbus_xen_publish(nf->xdev, stale, publish_all, nf);
	if (err) {
		give_up(nf, err, "making and publishing queues");
		return;
	}
	set_phase(nf, NF_CONNECTING);
	mod_delayed_work(netfront_wq, &nf->patience, PATIENCE);
	pvbus_xen_switch_state(nf->xdev, XENBUS_CONNECTED);
}

static void connected(struct netfront *nf)
{
	const struct net_deal *d = &nf->deal;
	bool first = !nf->registered;
	int err;

	cancel_delayed_work(&nf->patience);
	read_carrier(nf);
	netfront_ctrl_setup(nf);
	err = netfront_attach(nf);
	if (err) {
		give_up(nf, err, "showing the interface");
		return;
	}
	nf->since = jiffies;
	nf->reconnects += !first;
	set_phase(nf, NF_CONNECTED);
	nf->filter = false;
	nf->nr_groups = 0;
	netfront_do(nf, NF_DO_MCAST);
	netdev_info(nf->netdev, "%u queues%s%s%s%s%s%s%s%s%s\n", d->queues,
		    d->split ? ", split events" : "", d->sg ? ", SG" : "", d->gso4 ? ", TSO" : "",
		    d->gso6 ? ", TSO6" : "", d->csum4 ? ", checksum" : "",
		    d->csum6 ? ", checksum6" : "", nf->nr_indir ? ", RSS" : "",
		    d->rx_headroom ? ", XDP headroom" : "", nf->bounce ? ", bounced" : "");
	/* Something else may have been asked for meanwhile. */
	if (nf->want.xdp != !!rcu_access_pointer(nf->xdp_prog) ||
	    nf->want.queues != READ_ONCE(nf->want_queues))
		netfront_do(nf, NF_DO_RENEW);
	if (!first)
		netdev_notify_peers(nf->netdev);
}

/* --- losing one --- */

/**
 * netfront_disconnect - end the connection, if there is one
 * @nf: the interface
 * @end: for good
 */
void netfront_disconnect(struct netfront *nf, bool end)
{
	netfront_detach(nf);
	netfront_ctrl_leave(nf);
	if (nf->phase != NF_FAILED)
		pvbus_xen_goodbye(nf->xdev, end);
	queues_free(nf);
	set_phase(nf, NF_IDLE);
}

/* Offer to connect, to a back-end that is new or to be had anew. */
void netfront_restart(struct netfront *nf)
{
	pvbus_xen_goodbye(nf->xdev, false);
	pvbus_unquarantine(&nf->xdev->pdev);
	set_phase(nf, NF_IDLE);
	mod_delayed_work(netfront_wq, &nf->patience, PATIENCE);
	pvbus_xen_switch_state(nf->xdev, XENBUS_INITIALISING);
}

static void renew(struct netfront *nf)
{
	netfront_disconnect(nf, false);
	netfront_restart(nf);
	netfront_follow(nf);
}

/* Once more, later each time; not for ever. */
static void try_again(struct netfront *nf, const char *why)
{
	if (nf->phase == NF_CONNECTED && time_after(jiffies, nf->since + GOOD_FOR))
		nf->attempts = 0;
	netfront_disconnect(nf, false);
	if (++nf->attempts < MAX_ATTEMPTS) {
		dev_warn(nf->dev, "%s, trying again in %u s\n", why, 1 << (nf->attempts - 1));
		mod_delayed_work(netfront_wq, &nf->patience, HZ << (nf->attempts - 1));
		return;
	}
	dev_err(nf->dev, "%s %u times: giving up\n", why, nf->attempts);
	pvbus_xen_switch_state(nf->xdev, XENBUS_CLOSED);
	nf->since = jiffies;
	set_phase(nf, NF_FAILED);
}

static void backend_closes(struct netfront *nf)
{
	struct pvbus_xen_device *xdev = nf->xdev;

	if (!pvbus_xen_read_num(xdev, xdev->backend, "online", 1, 0, 1)) {
		netfront_disconnect(nf, true);
		return;
	}
	if (nf->phase == NF_CONNECTING) {
		try_again(nf, "back-end refuses to connect");
	} else if (nf->phase == NF_CONNECTED) {
		dev_info(nf->dev, "back-end closed, waiting for it to come back\n");
		netfront_disconnect(nf, false);
		netfront_restart(nf);
	}
}

static void backend_waits(struct netfront *nf)
{
	if (nf->phase == NF_CONNECTED) {
		dev_info(nf->dev, "back-end has restarted\n");
		netfront_disconnect(nf, false);
	}
	/* After a failure it may be another one; the same would fail again, and again be here. */
	if (nf->phase == NF_FAILED && time_after(jiffies, nf->since + PATIENCE)) {
		nf->attempts = 0;
		set_phase(nf, NF_IDLE);
	}
	/* One that we wait to try again with says so all the time. */
	if (nf->phase == NF_IDLE && nf->xdev->state == XENBUS_INITIALISING)
		connect_queues(nf);
	else if (nf->phase == NF_IDLE && !nf->attempts)
		netfront_do(nf, NF_DO_START);
}

/* Do what the back-end's present state asks for. */
void netfront_follow(struct netfront *nf)
{
	enum xenbus_state state = pvbus_xen_read_state(nf->xdev);

	if (nf->dying)
		return;
	trace_netfront_state(nf, nf->phase, state);
	switch (state) {
	case XENBUS_INIT_WAIT:
		backend_waits(nf);
		break;
	case XENBUS_CONNECTED:
		if (nf->phase == NF_CONNECTING)
			connected(nf);
		else if (nf->phase == NF_IDLE && !nf->attempts)	/* to somebody before us */
			netfront_do(nf, NF_DO_START);
		break;
	case XENBUS_CLOSING:
	case XENBUS_CLOSED:
		backend_closes(nf);
		break;
	default:
		break;
	}
}

static void follow_carrier(struct netfront *nf)
{
	read_carrier(nf);
	rtnl_lock();
	netfront_show_carrier(nf);
	rtnl_unlock();
}

void netfront_work(struct work_struct *work)
{
	struct netfront *nf = from_work(nf, work, work);
	bool connected;

	mutex_lock(&nf->lock);
	if (nf->dying || READ_ONCE(nf->xdev->asleep))
		goto out;
	if (test_and_clear_bit(NF_DO_RESET, &nf->todo) && nf->phase == NF_CONNECTED)
		try_again(nf, "connection given up");
	/* Whoever saw the bit has left it to us to look. */
	if (test_and_clear_bit(NF_DO_START, &nf->todo)) {
		if (nf->phase == NF_IDLE)
			netfront_restart(nf);
		netfront_follow(nf);
	}
	if (test_and_clear_bit(NF_DO_RENEW, &nf->todo) && nf->phase == NF_CONNECTED)
		renew(nf);
	connected = nf->phase == NF_CONNECTED;
	if (test_and_clear_bit(NF_DO_CARRIER, &nf->todo) && connected)
		follow_carrier(nf);
	if (test_and_clear_bit(NF_DO_MCAST, &nf->todo) && connected)
		netfront_mcast_update(nf);
out:
	mutex_unlock(&nf->lock);
}

/* It takes long, or it is time to try again: to connect, or to tell of groups. */
void netfront_patience(struct work_struct *work)
{
	struct netfront *nf = container_of(work, struct netfront, patience.work);
	struct pvbus_xen_device *xdev = nf->xdev;

	mutex_lock(&nf->lock);
	if (nf->phase == NF_CONNECTED)
		netfront_do(nf, NF_DO_MCAST);
	if (nf->dying || READ_ONCE(xdev->asleep) ||
	    (nf->phase != NF_IDLE && nf->phase != NF_CONNECTING))
		goto out;
	if (nf->phase == NF_IDLE && nf->attempts && xdev->state != XENBUS_INITIALISING) {
		netfront_restart(nf);
		netfront_follow(nf);
		goto out;
	}
	dev_warn(nf->dev, "no connection for %u s: back-end %s is in state %s, we are in %s\n",
		 PATIENCE / HZ, xdev->backend, pvbus_xen_state_name(pvbus_xen_read_state(xdev)),
		 pvbus_xen_state_name(xdev->state));
out:
	mutex_unlock(&nf->lock);
}
