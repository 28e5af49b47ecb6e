// SPDX-License-Identifier: GPL-2.0-only
/* Uses all that compat/net.h offers; has to compile on every kernel, without a warning. */
#include <linux/module.h>
#include <net.h>

struct use_priv {
	struct napi_struct napi;
	struct page_pool *pool;
	struct xdp_rxq_info rxq;
	struct u64_stats_sync sync;
	u64 packets;
};

static netdev_tx_t use_xmit(struct sk_buff *skb, struct net_device *dev)
{
	skb_frag_t *frag = &skb_shinfo(skb)->frags[0];

	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);

	if (__netdev_tx_sent_queue(txq, 64, pv_xmit_more(skb)) && skb_frag_off(frag))
		dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

static void use_stats(struct net_device *dev, struct rtnl_link_stats64 *to)
{
	struct use_priv *priv = netdev_priv(dev);
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&priv->sync);
		to->rx_packets = priv->packets;
	} while (u64_stats_fetch_retry(&priv->sync, start));
}

static int use_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags)
{
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);

	__netif_tx_lock(txq, smp_processor_id());
	__netif_tx_unlock(txq);
	return 0;
}
PV_NDO_XDP_XMIT(use_xdp_xmit)

static const struct net_device_ops use_ops = {
	.ndo_xdp_xmit = use_xdp_xmit_op,
	.ndo_start_xmit = use_xmit,
	.ndo_get_stats64 = use_stats,
};

static void use_get_ringparam(struct net_device *dev, struct ethtool_ringparam *rp,
			      struct kernel_ethtool_ringparam *krp, struct netlink_ext_ack *extack)
{
	rp->rx_pending = krp ? 256 : 128;
}
PV_ETHTOOL_GET_RINGPARAM(use_get_ringparam)

static int use_set_ringparam(struct net_device *dev, struct ethtool_ringparam *rp,
			     struct kernel_ethtool_ringparam *krp, struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_MOD(extack, "256 is all there is");
	return rp->rx_pending == 256 ? 0 : -EINVAL;
}
PV_ETHTOOL_SET_RINGPARAM(use_set_ringparam)

static int use_coalesce(struct net_device *dev, struct ethtool_coalesce *ec,
			struct kernel_ethtool_coalesce *kec, struct netlink_ext_ack *extack)
{
	return ec->rx_coalesce_usecs ? -EOPNOTSUPP : 0;
}
PV_ETHTOOL_COALESCE(use_coalesce)

static void use_strings(struct net_device *dev, u32 set, u8 *data)
{
	ethtool_sprintf(&data, "queue_%u", set);
}

static u32 use_rings(struct net_device *dev)
{
	return dev->real_num_rx_queues;
}
PV_ETHTOOL_RX_RING_COUNT(use_rings)

static int use_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
{
	rxfh->hfunc = ETH_RSS_HASH_TOP;
	return rxfh->indir || rxfh->key ? -EOPNOTSUPP : 0;
}
PV_ETHTOOL_GET_RXFH(use_get_rxfh)

static int use_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
			struct netlink_ext_ack *extack)
{
	return rxfh->hfunc == ETH_RSS_HASH_TOP ? 0 : -EOPNOTSUPP;
}
PV_ETHTOOL_SET_RXFH(use_set_rxfh)

static const struct ethtool_ops use_ethtool = {
	PV_ETHTOOL_COALESCE_PARAMS(ETHTOOL_COALESCE_MAX_FRAMES)
	PV_ETHTOOL_SET_RX_RING_COUNT(use_rings)
	.get_rxfh = use_get_rxfh_op,
	.set_rxfh = use_set_rxfh_op,
	.get_ringparam = use_get_ringparam_op,
	.set_ringparam = use_set_ringparam_op,
	.get_coalesce = use_coalesce_op,
	.get_strings = use_strings,
};

static int use_poll(struct napi_struct *napi, int budget)
{
	struct use_priv *priv = container_of(napi, struct use_priv, napi);
	struct page *page = pv_pool_alloc(priv->pool);
	struct xdp_buff xdp;
	struct sk_buff *skb;

	xdp_init_buff(&xdp, PAGE_SIZE, &priv->rxq);
	xdp_prepare_buff(&xdp, page_address(page), XDP_PACKET_HEADROOM, 64, false);
	bpf_warn_invalid_xdp_action(napi->dev, NULL, XDP_ABORTED);
	if (xdp_convert_buff_to_frame(&xdp))
		xdp_do_flush();
	skb = napi_build_skb(xdp.data_hard_start, PAGE_SIZE);
	pv_page_pool_give(priv->pool, page);
	if (!skb)
		pv_pool_put_napi(priv->pool, page);
	else if (xdp.data == xdp.data_end)
		pv_pool_put(priv->pool, page);
	if (skb) {
		skb_mark_for_recycle(skb);
		napi_gro_receive(napi, skb);
	}
	return 0;
}

static struct net_device *use_dev;

static int __init use_init(void)
{
	static const u8 addr[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };
	struct use_priv *priv;

	use_dev = alloc_etherdev_mqs(sizeof(*priv), 1, 1);
	if (!use_dev)
		return -ENOMEM;
	priv = netdev_priv(use_dev);
	use_dev->netdev_ops = &use_ops;
	use_dev->ethtool_ops = &use_ethtool;
	eth_hw_addr_set(use_dev, addr);
	netif_set_tso_max_size(use_dev, 65536);
	netif_napi_add(use_dev, &priv->napi, use_poll);
	xdp_set_features_flag(use_dev, NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			      NETDEV_XDP_ACT_NDO_XMIT);
	priv->pool = pv_pool_create(&use_dev->dev, 16);
	if (IS_ERR(priv->pool))
		return PTR_ERR(priv->pool);
	return xdp_rxq_info_reg(&priv->rxq, use_dev, 0, 0) ?:
	       pv_pool_reg(&priv->rxq, priv->pool) ?: register_netdev(use_dev);
}

static void __exit use_exit(void)
{
	unregister_netdev(use_dev);
	pv_pool_destroy(((struct use_priv *)netdev_priv(use_dev))->pool);
	free_netdev(use_dev);
}

module_init(use_init);
module_exit(use_exit);
MODULE_DESCRIPTION("compile test of compat/net.h");
MODULE_LICENSE("GPL");
