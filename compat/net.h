/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network stack of the newest kernel, on every kernel. Include this after the linux/ headers.
 *
 * Under their upstream names, in their newest form:
 *
 *   netif_napi_add(dev, napi, poll), napi_build_skb(data, size)
 *   netif_set_tso_max_size(dev, size), eth_hw_addr_set(dev, addr)
 *   u64_stats_fetch_begin(sync), u64_stats_fetch_retry(sync, start)     safe against interrupts
 *   skb_frag_off(frag), skb_mark_for_recycle(skb)
 *   __netdev_tx_sent_queue(txq, bytes, more), NL_SET_ERR_MSG_MOD(extack, msg)
 *   ethtool_sprintf(&p, fmt, ...)
 *   xdp_init_buff(xdp, size, rxq), xdp_prepare_buff(xdp, hard_start, headroom, len, meta)
 *   xdp_rxq_info_reg(rxq, dev, queue, napi_id), xdp_set_features_flag(dev, flags), NETDEV_XDP_ACT_*
 *   bpf_warn_invalid_xdp_action(dev, prog, act), xdp_convert_buff_to_frame(xdp), xdp_do_flush()
 *
 * Callbacks whose prototype changed: write FN in the newest form, put the macro after it, give
 * FN_op to the kernel.
 *
 *   PV_ETHTOOL_GET_RINGPARAM(fn)    void fn(struct net_device *dev, struct ethtool_ringparam *rp,
 *                                           struct kernel_ethtool_ringparam *krp,
 *                                           struct netlink_ext_ack *extack);
 *                                   the last two may be NULL
 *   PV_ETHTOOL_SET_RINGPARAM(fn)    the same, int
 *   PV_ETHTOOL_COALESCE(fn)         int fn(struct net_device *dev, struct ethtool_coalesce *ec,
 *                                          struct kernel_ethtool_coalesce *kec,
 *                                          struct netlink_ext_ack *extack); for get and set;
 *                                   the last two may be NULL
 *   PV_NDO_XDP_XMIT(fn)             int fn(struct net_device *dev, int n,
 *                                          struct xdp_frame **frames, u32 flags), which returns
 *                                   how many it took, from the first on
 *   PV_ETHTOOL_GET_RXFH(fn)         int fn(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
 *   PV_ETHTOOL_SET_RXFH(fn)         the same, and struct netlink_ext_ack *extack
 *   PV_ETHTOOL_RX_RING_COUNT(fn)    u32 fn(struct net_device *dev); in struct ethtool_ops put
 *                                   PV_ETHTOOL_SET_RX_RING_COUNT(fn) and no comma
 *   PV_ETHTOOL_COALESCE_PARAMS(p)   for struct ethtool_ops: which may be set; no comma
 *
 * Without an upstream name to take:
 *
 *   pv_xmit_more(skb)               is another packet on its way to this queue
 *   pv_pool_create(dev, size)       a page pool; of plain pages where the kernel has none. With it
 *                                   pv_pool_alloc(pool), pv_pool_put(pool, page),
 *                                   pv_pool_put_napi(pool, page), pv_pool_destroy(pool),
 *                                   pv_pool_reg(rxq, pool)
 *   pv_xdp_query(bpf, prog)         what .ndo_bpf returns for commands it does not know; @prog: the
 *                                   one that is attached, or NULL
 *   pv_page_pool_give(pool, page)   the page leaves the pool with an skb that does not recycle
 */
#ifndef PV_COMPAT_NET_H
#define PV_COMPAT_NET_H

#include <linux/bpf_trace.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <net/xdp.h>
#include <pv_compat_config.h>

#if PV_HAVE_PAGE_POOL_HELPERS
#include <net/page_pool/helpers.h>
#elif PV_HAVE_PAGE_POOL_PUT_FULL
#include <net/page_pool.h>
#endif

/* -- devices -- */

#if PV_HAVE_NAPI_ADD_WEIGHT
#define netif_napi_add(dev, napi, poll) netif_napi_add(dev, napi, poll, NAPI_POLL_WEIGHT)
#endif

#if PV_HAVE_U64_STATS_IRQ
#define u64_stats_fetch_begin(sync)		u64_stats_fetch_begin_irq(sync)
#define u64_stats_fetch_retry(sync, start)	u64_stats_fetch_retry_irq(sync, start)
#endif

#if !PV_HAVE_ETH_HW_ADDR_SET
static inline void eth_hw_addr_set(struct net_device *dev, const u8 *addr)
{
	ether_addr_copy(dev->dev_addr, addr);
}
#endif

#if !PV_HAVE_NETIF_TSO_MAX_SIZE
#define netif_set_tso_max_size(dev, size) netif_set_gso_max_size(dev, size)
#endif

#if !PV_HAVE_TX_SENT_MORE
static inline bool pv_tx_sent_queue(struct netdev_queue *txq, unsigned int bytes, bool more)
{
	netdev_tx_sent_queue(txq, bytes);
	return !more || netif_xmit_stopped(txq);
}

#define __netdev_tx_sent_queue(txq, bytes, more) pv_tx_sent_queue(txq, bytes, more)
#endif

#ifndef NL_SET_ERR_MSG_MOD
#define NL_SET_ERR_MSG_MOD NL_SET_ERR_MSG
#endif

/* -- packets -- */

#if PV_HAVE_XMIT_MORE_SKB
#define pv_xmit_more(skb) ((skb)->xmit_more)
#else
#define pv_xmit_more(skb) netdev_xmit_more()
#endif

#if !PV_HAVE_SKB_FRAG_OFF
#define skb_frag_off(frag) ((frag)->page_offset)
#endif

#if !PV_HAVE_NAPI_BUILD_SKB
#define napi_build_skb(data, size) build_skb(data, size)
#endif

#if !PV_HAVE_SKB_MARK_FOR_RECYCLE
#define skb_mark_for_recycle(skb)	((void)(skb))
#endif

/*
 * A kernel that no driver of its own needs the pool of has not got it; before 5.7 its pages could
 * not be put back whole.
 */
#define PV_POOL (IS_ENABLED(CONFIG_PAGE_POOL) && PV_HAVE_PAGE_POOL_PUT_FULL)

#if PV_POOL && !PV_HAVE_SKB_MARK_FOR_RECYCLE
#define pv_page_pool_give(pool, page)	page_pool_release_page(pool, page)
#else
#define pv_page_pool_give(pool, page)	do { } while (0)
#endif

#if PV_POOL
static inline struct page_pool *pv_pool_create(struct device *dev, unsigned int size)
{
	const struct page_pool_params params = {
		.pool_size = size,
		.nid = NUMA_NO_NODE,
		.dev = dev,
	};

	return page_pool_create(&params);
}

#define pv_pool_alloc(pool)		page_pool_dev_alloc_pages(pool)
#define pv_pool_put(pool, page)		page_pool_put_full_page(pool, page, false)
#define pv_pool_put_napi(pool, page)	page_pool_recycle_direct(pool, page)
#define pv_pool_destroy(pool)		page_pool_destroy(pool)
#define pv_pool_reg(rxq, pool)		xdp_rxq_info_reg_mem_model(rxq, MEM_TYPE_PAGE_POOL, pool)
#else
/* What it returns is told apart from NULL and no more. */
static inline struct page_pool *pv_pool_create(struct device *dev, unsigned int size)
{
	return (struct page_pool *)dev;
}

#define pv_pool_alloc(pool)		((void)(pool), dev_alloc_page())
#define pv_pool_put(pool, page)		((void)(pool), put_page(page))
#define pv_pool_put_napi(pool, page)	((void)(pool), put_page(page))
#define pv_pool_destroy(pool)		((void)(pool))
#define pv_pool_reg(rxq, pool) \
	((void)(pool), xdp_rxq_info_reg_mem_model(rxq, MEM_TYPE_PAGE_ORDER0, NULL))
#endif

/* -- XDP -- */

#if !PV_HAVE_XDP_INIT_BUFF
static inline void xdp_init_buff(struct xdp_buff *xdp, u32 size, struct xdp_rxq_info *rxq)
{
#if PV_HAVE_XDP_FRAME_SZ
	xdp->frame_sz = size;
#endif
	xdp->rxq = rxq;
}

static inline void xdp_prepare_buff(struct xdp_buff *xdp, unsigned char *hard_start, int headroom,
				    int len, bool meta)
{
	xdp->data_hard_start = hard_start;
	xdp->data = hard_start + headroom;
	xdp->data_end = xdp->data + len;
	xdp->data_meta = meta ? xdp->data : xdp->data + 1;
}
#endif

#if !PV_HAVE_XDP_CONVERT_BUFF
#define xdp_convert_buff_to_frame(xdp) convert_to_xdp_frame(xdp)
#endif

#if !PV_HAVE_XDP_DO_FLUSH
#define xdp_do_flush() xdp_do_flush_map()
#endif

#if !PV_HAVE_XDP_RXQ_NAPI_ID
#define xdp_rxq_info_reg(rxq, dev, queue, napi_id) xdp_rxq_info_reg(rxq, dev, queue)
#endif

/* 5.9 knows by itself which program there is. */
static inline int pv_xdp_query(struct netdev_bpf *bpf, const struct bpf_prog *prog)
{
#if PV_HAVE_XDP_QUERY_PROG
	if (bpf->command == XDP_QUERY_PROG) {
		bpf->prog_id = prog ? prog->aux->id : 0;
		return 0;
	}
#endif
	return -EINVAL;
}

#if !PV_HAVE_XDP_FEATURES
#define NETDEV_XDP_ACT_BASIC		0
#define NETDEV_XDP_ACT_REDIRECT		0
#define NETDEV_XDP_ACT_NDO_XMIT		0
#define xdp_set_features_flag(dev, flags) ((void)(dev), (void)(flags))
#endif

#if !PV_HAVE_BPF_WARN_DEV
#define bpf_warn_invalid_xdp_action(dev, prog, act) bpf_warn_invalid_xdp_action(act)
#endif

/* Before, the driver freed what it did not take, and told the rest. */
#if PV_HAVE_XDP_XMIT_KEEPS
#define PV_NDO_XDP_XMIT(fn) \
	static int fn##_op(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags) \
	{ return fn(dev, n, frames, flags); }
#else
#define PV_NDO_XDP_XMIT(fn) \
	static int fn##_op(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags) \
	{ \
		int i, sent = fn(dev, n, frames, flags); \
		for (i = sent; i >= 0 && i < n; i++) \
			xdp_return_frame_rx_napi(frames[i]); \
		return sent; \
	}
#endif

/* -- ethtool -- */

#if !PV_HAVE_ETHTOOL_SPRINTF
#define ethtool_sprintf(data, ...) \
	do { \
		snprintf(*(data), ETH_GSTRING_LEN, __VA_ARGS__); \
		*(data) += ETH_GSTRING_LEN; \
	} while (0)
#endif

#if PV_HAVE_ETHTOOL_RINGPARAM_KERNEL
#define PV_ETHTOOL_RINGPARAM(type, fn) \
	static type fn##_op(struct net_device *dev, struct ethtool_ringparam *rp, \
			    struct kernel_ethtool_ringparam *krp, struct netlink_ext_ack *extack) \
	{ return fn(dev, rp, krp, extack); }
#else
struct kernel_ethtool_ringparam;

#define PV_ETHTOOL_RINGPARAM(type, fn) \
	static type fn##_op(struct net_device *dev, struct ethtool_ringparam *rp) \
	{ return fn(dev, rp, NULL, NULL); }
#endif
#define PV_ETHTOOL_GET_RINGPARAM(fn) PV_ETHTOOL_RINGPARAM(void, fn)
#define PV_ETHTOOL_SET_RINGPARAM(fn) PV_ETHTOOL_RINGPARAM(int, fn)

#if PV_HAVE_ETHTOOL_COALESCE_KERNEL
#define PV_ETHTOOL_COALESCE(fn) \
	static int fn##_op(struct net_device *dev, struct ethtool_coalesce *ec, \
			   struct kernel_ethtool_coalesce *kec, struct netlink_ext_ack *extack) \
	{ return fn(dev, ec, kec, extack); }
#else
struct kernel_ethtool_coalesce;

#define PV_ETHTOOL_COALESCE(fn) \
	static int fn##_op(struct net_device *dev, struct ethtool_coalesce *ec) \
	{ return fn(dev, ec, NULL, NULL); }
#endif

#if PV_HAVE_ETHTOOL_COALESCE_PARAMS
#define PV_ETHTOOL_COALESCE_PARAMS(params) .supported_coalesce_params = (params),
#else
#define PV_ETHTOOL_COALESCE_PARAMS(params)
#endif

#if PV_HAVE_ETHTOOL_RXFH_PARAM
#define PV_ETHTOOL_GET_RXFH(fn) \
	static int fn##_op(struct net_device *dev, struct ethtool_rxfh_param *rxfh) \
	{ return fn(dev, rxfh); }
#define PV_ETHTOOL_SET_RXFH(fn) \
	static int fn##_op(struct net_device *dev, struct ethtool_rxfh_param *rxfh, \
			   struct netlink_ext_ack *extack) \
	{ return fn(dev, rxfh, extack); }
#else
struct ethtool_rxfh_param {
	u8 hfunc;
	u32 *indir;
	u8 *key;
};

#define PV_ETHTOOL_GET_RXFH(fn) \
	static int fn##_op(struct net_device *dev, u32 *indir, u8 *key, u8 *hfunc) \
	{ \
		struct ethtool_rxfh_param rxfh = { .indir = indir, .key = key }; \
		int err = fn(dev, &rxfh); \
		if (hfunc) \
			*hfunc = rxfh.hfunc; \
		return err; \
	}
#define PV_ETHTOOL_SET_RXFH(fn) \
	static int fn##_op(struct net_device *dev, const u32 *indir, const u8 *key, \
			   const u8 hfunc) \
	{ \
		struct ethtool_rxfh_param rxfh = { hfunc, (u32 *)indir, (u8 *)key }; \
		return fn(dev, &rxfh, NULL); \
	}
#endif

#if PV_HAVE_ETHTOOL_RX_RING_COUNT
#define PV_ETHTOOL_RX_RING_COUNT(fn) \
	static u32 fn##_op(struct net_device *dev) { return fn(dev); }
#define PV_ETHTOOL_SET_RX_RING_COUNT(fn) .get_rx_ring_count = fn##_op,
#else
#define PV_ETHTOOL_RX_RING_COUNT(fn) \
	static int fn##_op(struct net_device *dev, struct ethtool_rxnfc *info, u32 *rules) \
	{ \
		if (info->cmd != ETHTOOL_GRXRINGS) \
			return -EOPNOTSUPP; \
		info->data = fn(dev); \
		return 0; \
	}
#define PV_ETHTOOL_SET_RX_RING_COUNT(fn) .get_rxnfc = fn##_op,
#endif

#endif /* PV_COMPAT_NET_H */
