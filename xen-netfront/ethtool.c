// SPDX-License-Identifier: GPL-2.0-only
/* ethtool: under the RTNL, see struct netfront. */
#include "netfront.h"

static void netfront_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	const struct netfront *nf = netdev_priv(dev);

	strscpy(info->driver, "xen-netfront", sizeof(info->driver));
	strscpy(info->version, __stringify(PV_VERSION), sizeof(info->version));
	strscpy(info->bus_info, dev_name(nf->dev), sizeof(info->bus_info));
}

/* --- statistics --- */

#define TX(field)	{ "tx_" #field, offsetof(struct netfront_tx_stats, field) }
#define RX(field)	{ "rx_" #field, offsetof(struct netfront_rx_stats, field) }

static const struct counter {
	char name[20];
	size_t at;
} tx_counters[] = {
	TX(packets), TX(bytes), TX(dropped), TX(errors), TX(gso), TX(copied), TX(granted),
	TX(recut), TX(doorbells), TX(stopped), TX(xdp), TX(timeouts),
}, rx_counters[] = {
	RX(packets), RX(bytes), RX(dropped), RX(errors), RX(gso), RX(gso_csum_fixed), RX(copied),
	RX(no_memory), RX(doorbells), RX(xdp_pass), RX(xdp_drop), RX(xdp_tx), RX(xdp_redirect),
};

#define NR_TX		ARRAY_SIZE(tx_counters)
#define NR_RX		ARRAY_SIZE(rx_counters)
#define NR_COUNTERS	(NR_TX + NR_RX + 1)

static int netfront_get_sset_count(struct net_device *dev, int set)
{
	const struct netfront *nf = netdev_priv(dev);

	return set == ETH_SS_STATS ? NR_COUNTERS * nf->max_queues : -EOPNOTSUPP;
}

static void netfront_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	const struct netfront *nf = netdev_priv(dev);
	unsigned int i, k;

	for (i = 0; set == ETH_SS_STATS && i < nf->max_queues; i++) {
		for (k = 0; k < NR_TX; k++)
			ethtool_sprintf(&data, "queue_%u_%s", i, tx_counters[k].name);
		for (k = 0; k < NR_RX; k++)
			ethtool_sprintf(&data, "queue_%u_%s", i, rx_counters[k].name);
		ethtool_sprintf(&data, "queue_%u_events", i);
	}
}

static u64 *copy_counters(u64 *data, const void *stats, const struct u64_stats_sync *sync,
			  const struct counter *c, unsigned int n)
{
	unsigned int start, i;

	do {
		start = u64_stats_fetch_begin(sync);
		for (i = 0; i < n; i++)
			data[i] = *(const u64 *)(stats + c[i].at);
	} while (u64_stats_fetch_retry(sync, start));
	return data + n;
}

static void netfront_get_ethtool_stats(struct net_device *dev, struct ethtool_stats *stats,
				       u64 *data)
{
	const struct netfront *nf = netdev_priv(dev);
	unsigned int i;

	for (i = 0; i < nf->max_queues; i++) {
		const struct netfront_queue *q = &nf->queue[i];

		data = copy_counters(data, &q->tx_stats, &q->tx_sync, tx_counters, NR_TX);
		data = copy_counters(data, &q->rx_stats, &q->rx_sync, rx_counters, NR_RX);
		*data++ = q->ch_rx.events + q->ch_tx.events;
	}
}

/* --- rings, channels, coalescing --- */

static void netfront_get_ringparam(struct net_device *dev, struct ethtool_ringparam *rp,
				   struct kernel_ethtool_ringparam *krp,
				   struct netlink_ext_ack *extack)
{
	const struct netfront *nf = netdev_priv(dev);

	rp->rx_max_pending = NET_SLOTS;
	rp->tx_max_pending = NET_SLOTS;
	rp->rx_pending = nf->rx_target;
	rp->tx_pending = NET_SLOTS;
}
PV_ETHTOOL_GET_RINGPARAM(netfront_get_ringparam)

/* The rings are as large as they are; how many pages wait for packets is for us to say. */
static int netfront_set_ringparam(struct net_device *dev, struct ethtool_ringparam *rp,
				  struct kernel_ethtool_ringparam *krp,
				  struct netlink_ext_ack *extack)
{
	struct netfront *nf = netdev_priv(dev);

	if (rp->tx_pending != NET_SLOTS || rp->rx_mini_pending || rp->rx_jumbo_pending)
		return -EINVAL;
	if (rp->rx_pending < 2 * NET_MAX_FRAGS || rp->rx_pending > NET_SLOTS)
		return -EINVAL;
	WRITE_ONCE(nf->rx_target, rp->rx_pending);
	return 0;
}
PV_ETHTOOL_SET_RINGPARAM(netfront_set_ringparam)

static void netfront_get_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	const struct netfront *nf = netdev_priv(dev);

	ch->max_combined = min_t(u64, nf->max_queues, nf->offer.max_queues);
	ch->combined_count = min(nf->want_queues, ch->max_combined);
}

static int netfront_set_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	struct netfront *nf = netdev_priv(dev);

	if (!ch->combined_count || ch->rx_count || ch->tx_count || ch->other_count)
		return -EINVAL;
	if (ch->combined_count == nf->want_queues)
		return 0;
	WRITE_ONCE(nf->want_queues, ch->combined_count);
	netfront_do(nf, NF_DO_RENEW);
	return 0;
}

static int netfront_get_coalesce(struct net_device *dev, struct ethtool_coalesce *ec,
				 struct kernel_ethtool_coalesce *kec,
				 struct netlink_ext_ack *extack)
{
	const struct netfront *nf = netdev_priv(dev);

	ec->rx_max_coalesced_frames = 1;
	ec->tx_max_coalesced_frames = nf->tx_frames;
	return 0;
}
PV_ETHTOOL_COALESCE(netfront_get_coalesce)

/* Of what is in flight, half at most is waited for; this is another limit. */
static int netfront_set_coalesce(struct net_device *dev, struct ethtool_coalesce *ec,
				 struct kernel_ethtool_coalesce *kec,
				 struct netlink_ext_ack *extack)
{
	struct netfront *nf = netdev_priv(dev);

	if (ec->rx_max_coalesced_frames != 1 || !ec->tx_max_coalesced_frames ||
	    ec->tx_max_coalesced_frames > NET_SLOTS)
		return -EINVAL;
	WRITE_ONCE(nf->tx_frames, ec->tx_max_coalesced_frames);
	return 0;
}
PV_ETHTOOL_COALESCE(netfront_set_coalesce)

/* --- hashing --- */

static u32 netfront_get_rx_ring_count(struct net_device *dev)
{
	return dev->real_num_rx_queues;
}
PV_ETHTOOL_RX_RING_COUNT(netfront_get_rx_ring_count)

static u32 netfront_get_rxfh_key_size(struct net_device *dev)
{
	const struct netfront *nf = netdev_priv(dev);

	return nf->nr_indir ? NETFRONT_KEY_LEN : 0;
}

static u32 netfront_get_rxfh_indir_size(struct net_device *dev)
{
	const struct netfront *nf = netdev_priv(dev);

	return nf->nr_indir;
}

static int netfront_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
{
	const struct netfront *nf = netdev_priv(dev);

	rxfh->hfunc = ETH_RSS_HASH_TOP;
	if (rxfh->indir)
		memcpy(rxfh->indir, nf->indir, nf->nr_indir * sizeof(nf->indir[0]));
	if (rxfh->key)
		memcpy(rxfh->key, nf->key, sizeof(nf->key));
	return 0;
}
PV_ETHTOOL_GET_RXFH(netfront_get_rxfh)

static int netfront_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
			     struct netlink_ext_ack *extack)
{
	struct netfront *nf = netdev_priv(dev);
	int err = 0;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE && rxfh->hfunc != ETH_RSS_HASH_TOP)
		return -EOPNOTSUPP;
	if (rxfh->key) {
		memcpy(nf->key, rxfh->key, sizeof(nf->key));
		err = netfront_ctrl_set_key(nf);
	}
	if (!err && rxfh->indir) {
		memcpy(nf->indir, rxfh->indir, nf->nr_indir * sizeof(nf->indir[0]));
		nf->indir_set = true;
		err = netfront_ctrl_set_indir(nf);
	}
	return err;
}
PV_ETHTOOL_SET_RXFH(netfront_set_rxfh)

const struct ethtool_ops netfront_ethtool_ops = {
	PV_ETHTOOL_COALESCE_PARAMS(ETHTOOL_COALESCE_MAX_FRAMES)
	.get_drvinfo		= netfront_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_sset_count		= netfront_get_sset_count,
	.get_strings		= netfront_get_strings,
	.get_ethtool_stats	= netfront_get_ethtool_stats,
	.get_ringparam		= netfront_get_ringparam_op,
	.set_ringparam		= netfront_set_ringparam_op,
	.get_channels		= netfront_get_channels,
	.set_channels		= netfront_set_channels,
	.get_coalesce		= netfront_get_coalesce_op,
	.set_coalesce		= netfront_set_coalesce_op,
	PV_ETHTOOL_SET_RX_RING_COUNT(netfront_get_rx_ring_count)
	.get_rxfh_key_size	= netfront_get_rxfh_key_size,
	.get_rxfh_indir_size	= netfront_get_rxfh_indir_size,
	.get_rxfh		= netfront_get_rxfh_op,
	.set_rxfh		= netfront_set_rxfh_op,
};
