// SPDX-License-Identifier: GPL-2.0-only
/*
 * The net_device. Its operations run under the RTNL and never take the interface's lock, see
 * struct netfront; what changes the connection is left to netfront_work().
 */
#include <linux/bpf.h>
#include <linux/cpumask.h>
#include <net/tcp.h>
#include "netfront.h"

/* Each is there if the back-end has it. */
#define OFFLOADS \
	(NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | \
	 NETIF_F_RXCSUM)

/* --- up and down --- */

static int netfront_open(struct net_device *dev)
{
	struct netfront *nf = netdev_priv(dev);

	if (nf->attached)
		netfront_queues_start(nf);
	return 0;
}

static int netfront_stop(struct net_device *dev)
{
	struct netfront *nf = netdev_priv(dev);

	if (nf->attached)
		netfront_queues_stop(nf);
	return 0;
}

/* The carrier as the back-end tells it; under the RTNL */
void netfront_show_carrier(struct netfront *nf)
{
	if (nf->attached && nf->carrier)
		netif_carrier_on(nf->netdev);
	else
		netif_carrier_off(nf->netdev);
}

static unsigned int max_mtu(const struct netfront *nf)
{
	if (rcu_access_pointer(nf->xdp_prog))
		return NETFRONT_XDP_MTU;
	return nf->deal.sg ? NETIF_MAX_TX_SIZE - VLAN_ETH_HLEN : ETH_DATA_LEN;
}

static void fit_mtu(struct netfront *nf)
{
	struct net_device *dev = nf->netdev;

	dev->max_mtu = max_mtu(nf);
	if (!nf->registered && nf->mtu_hint)
		dev->mtu = nf->mtu_hint;
	if (dev->mtu <= dev->max_mtu)
		return;
	netdev_info(dev, "MTU %u is more than this connection carries: now %u\n", dev->mtu,
		    dev->max_mtu);
	if (nf->registered)
		dev_set_mtu(dev, dev->max_mtu);
	else
		dev->mtu = dev->max_mtu;
}

/* Let each queue serve the CPUs nearest to where its events arrive. */
static void spread_queues(struct netfront *nf)
{
	unsigned int i, n = nf->deal.queues, cpu;
	cpumask_var_t mask;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	for (i = 0; i < n && n > 1; i++) {
		cpumask_clear(mask);
		for (cpu = i; cpu < num_online_cpus(); cpu += n)
			cpumask_set_cpu(cpumask_local_spread(cpu, NUMA_NO_NODE), mask);
		netif_set_xps_queue(nf->netdev, mask, i);
	}
	free_cpumask_var(mask);
}

/**
 * netfront_attach - the connection is there: let the stack use it; the first time, show the device
 * @nf: the interface, locked
 *
 * Return: 0, or what register_netdevice() failed with.
 */
int netfront_attach(struct netfront *nf)
{
	struct net_device *dev = nf->netdev;
	int err;

	rtnl_lock();
	err = netif_set_real_num_tx_queues(dev, nf->deal.queues);
	if (!err)
		err = netif_set_real_num_rx_queues(dev, nf->deal.queues);
	fit_mtu(nf);
	/* What has failed once cannot be tried again. */
	if (!err && !nf->registered && dev->reg_state != NETREG_UNINITIALIZED)
		err = -ENODEV;
	if (!err && !nf->registered) {
		netif_carrier_off(dev);
		err = register_netdevice(dev);
		nf->registered = !err;
	} else if (!err) {
		netdev_update_features(dev);
	}
	if (!err) {
		spread_queues(nf);
		nf->nr_indir = nf->ctrl.hash_size;
		nf->attached = true;
		if (netif_running(dev))
			netfront_queues_start(nf);
		netfront_show_carrier(nf);
	}
	rtnl_unlock();
	return err;
}

/* The reverse: when it returns, nobody uses the rings. */
void netfront_detach(struct netfront *nf)
{
	rtnl_lock();
	if (nf->attached) {
		netif_carrier_off(nf->netdev);
		if (netif_running(nf->netdev))
			netfront_queues_stop(nf);
		nf->nr_indir = 0;
		nf->attached = false;
	}
	rtnl_unlock();
}

/* --- what can be set --- */

static netdev_features_t netfront_fix_features(struct net_device *dev, netdev_features_t features)
{
	const struct net_deal *deal = &((struct netfront *)netdev_priv(dev))->deal;

	if (!deal->sg)
		features &= ~NETIF_F_SG;
	if (!deal->csum4)
		features &= ~NETIF_F_IP_CSUM;
	if (!deal->csum6)
		features &= ~NETIF_F_IPV6_CSUM;
	if (!deal->gso4)
		features &= ~NETIF_F_TSO;
	if (!deal->gso6)
		features &= ~NETIF_F_TSO6;
	return features;
}

static void netfront_set_rx_mode(struct net_device *dev)
{
	struct netfront *nf = netdev_priv(dev);

	if (READ_ONCE(nf->deal.mcast))
		netfront_do(nf, NF_DO_MCAST);
}

/*
 * A program sees each packet in one page with headroom. So the host is not to send what is yet to
 * be segmented, and is to leave room, which takes a new connection; until that is made packets are
 * moved within their pages, and large ones lost.
 */
static int xdp_set(struct netfront *nf, struct bpf_prog *prog, struct netlink_ext_ack *extack)
{
	struct net_device *dev = nf->netdev;
	struct bpf_prog *old = rtnl_dereference(nf->xdp_prog);

	if (prog && dev->mtu > NETFRONT_XDP_MTU) {
		NL_SET_ERR_MSG_MOD(extack, "MTU too large for a packet to lie in one page");
		return -EINVAL;
	}
	rcu_assign_pointer(nf->xdp_prog, prog);
	dev->max_mtu = max_mtu(nf);
	if (old)
		bpf_prog_put(old);
	if (!old != !prog)
		netfront_do(nf, NF_DO_RENEW);
	return 0;
}

static int netfront_bpf(struct net_device *dev, struct netdev_bpf *bpf)
{
	struct netfront *nf = netdev_priv(dev);

	if (bpf->command == XDP_SETUP_PROG)
		return xdp_set(nf, bpf->prog, bpf->extack);
	return pv_xdp_query(bpf, rtnl_dereference(nf->xdp_prog));
}
PV_NDO_XDP_XMIT(netfront_xdp_xmit)

/* --- what happens --- */

static void add_stats(const struct netfront_queue *q, struct rtnl_link_stats64 *to)
{
	struct netfront_tx_stats tx;
	struct netfront_rx_stats rx;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&q->tx_sync);
		tx = q->tx_stats;
	} while (u64_stats_fetch_retry(&q->tx_sync, start));
	do {
		start = u64_stats_fetch_begin(&q->rx_sync);
		rx = q->rx_stats;
	} while (u64_stats_fetch_retry(&q->rx_sync, start));
	to->tx_packets += tx.packets;
	to->tx_bytes += tx.bytes;
	to->tx_dropped += tx.dropped;
	to->tx_errors += tx.errors;
	to->rx_packets += rx.packets;
	to->rx_bytes += rx.bytes;
	to->rx_dropped += rx.dropped;
	to->rx_errors += rx.errors;
}

static void netfront_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *to)
{
	const struct netfront *nf = netdev_priv(dev);
	unsigned int i;

	for (i = 0; i < nf->max_queues; i++)
		add_stats(&nf->queue[i], to);
}

static void tell_ring(struct net_device *dev, const char *name, const struct xen_ring *r)
{
	netdev_warn(dev, "%s: sent %u/%u, taken %u/%u, req_event %u, rsp_event %u\n", name,
		    r->req_sent, r->req_prod, r->rsp_cons, READ_ONCE(r->head->rsp_prod),
		    READ_ONCE(r->head->req_event), READ_ONCE(r->head->rsp_event));
}

/* Signal once more, for either side may have missed an event; then give the connection up. */
static void overdue(struct netfront_queue *q)
{
	struct net_device *dev = q->nf->netdev;

	netdev_warn(dev, "queue %u: no answer for %u s, %s\n", q->index, netfront_timeout,
		    q->kicked ? "making a new connection" : "signalling once more");
	tell_ring(dev, "tx", &q->tx.r);
	tell_ring(dev, "rx", &q->rx);
	q->tx_stats.timeouts++;
	if (q->kicked) {
		netfront_do(q->nf, NF_DO_RESET);
		return;
	}
	q->kicked = true;
	netfront_tx_kick(q);
}

/*
 * Every few seconds: requests that are as unanswered as they were at the last look are overdue. The
 * stack's own watchdog sees full queues only; a host that lost an event stays deaf to a few packets
 * for ever.
 */
void netfront_watch(struct work_struct *work)
{
	struct netfront *nf = container_of(work, struct netfront, watch.work);
	struct netfront_queue *q;
	bool owed;
	u32 at;

	for (q = nf->queue; q < nf->queue + nf->max_queues; q++) {
		__netif_tx_lock_bh(q->txq);
		/* The rings are there as long as the queue is live. */
		if (q->live) {
			at = q->tx.r.rsp_cons + READ_ONCE(q->tx.r.head->rsp_prod);
			owed = q->tx.r.req_sent != q->tx.r.rsp_cons;
			if (owed && q->owed && at == q->watched_at)
				overdue(q);
			q->owed = owed;
			q->watched_at = at;
		}
		__netif_tx_unlock_bh(q->txq);
	}
	queue_delayed_work(netfront_wq, &nf->watch, netfront_timeout * HZ);
}

static const struct net_device_ops netfront_ops = {
	.ndo_open		= netfront_open,
	.ndo_stop		= netfront_stop,
	.ndo_start_xmit		= netfront_xmit,
	.ndo_fix_features	= netfront_fix_features,
	.ndo_set_rx_mode	= netfront_set_rx_mode,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_get_stats64	= netfront_get_stats64,
	.ndo_bpf		= netfront_bpf,
	.ndo_xdp_xmit		= netfront_xdp_xmit_op,
};

struct net_device *netfront_netdev_alloc(struct pvbus_xen_device *xdev, unsigned int queues)
{
	struct net_device *dev = alloc_etherdev_mqs(sizeof(struct netfront), queues, queues);

	if (!dev)
		return NULL;
	SET_NETDEV_DEV(dev, &xdev->pdev.dev);
	dev->netdev_ops = &netfront_ops;
	dev->ethtool_ops = &netfront_ethtool_ops;
	dev->hw_features = OFFLOADS;
	/* The host checks headers of packets to be segmented for itself. */
	dev->features = OFFLOADS | NETIF_F_GSO_ROBUST;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	/* Where a packet is on its way is noted in its skb. */
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_DATA_LEN;
	netif_set_tso_max_size(dev, NETIF_MAX_TX_SIZE - MAX_TCP_HEADER);
	xdp_set_features_flag(dev, NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			      NETDEV_XDP_ACT_NDO_XMIT);
	return dev;
}
