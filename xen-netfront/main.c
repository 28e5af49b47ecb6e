// SPDX-License-Identifier: GPL-2.0-only
/* xen-netfront.ko: network interfaces that a Xen host offers. What lives where: netfront.h. */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "netfront.h"

static unsigned int max_queues;
module_param(max_queues, uint, 0444);
MODULE_PARM_DESC(max_queues,
		 "Queues to an interface: 0 (default) for one to each CPU, or 1 to 64");

static bool split = true;
module_param(split, bool, 0444);
MODULE_PARM_DESC(split,
		 "Events of their own for each direction, where that is offered: 0 or 1 (default)");

static bool rss = true;
module_param(rss, bool, 0444);
MODULE_PARM_DESC(rss,
		 "Have the host spread packets over queues by a hash, where it can: 0 or 1 (default)");

static bool trusted = true;
module_param(trusted, bool, 0444);
MODULE_PARM_DESC(trusted,
		 "0: copy, and show the host no byte but a packet's; 1: no (default)");

unsigned int netfront_copybreak = 256;
module_param_named(copybreak, netfront_copybreak, uint, 0444);
MODULE_PARM_DESC(copybreak,
		 "Copy pieces of packets up to this size to where the host can read them already: 0 to 256 bytes (default 256)");

unsigned int netfront_timeout = 5;
module_param_named(timeout, netfront_timeout, uint, 0444);
MODULE_PARM_DESC(timeout,
		 "Seconds until an answer is overdue: 1 to 3600 (default 5)");

struct workqueue_struct *netfront_wq;

static int read_mac(struct netfront *nf)
{
	struct pvbus_xen_device *xdev = nf->xdev;
	char *s = pvbus_xs_read(PVBUS_XS_NIL, xdev->node, "mac", NULL);
	u8 mac[ETH_ALEN];
	int err;

	if (IS_ERR(s)) {
		pvbus_xen_error(xdev, PTR_ERR(s), "reading %s/mac", xdev->node);
		return PTR_ERR(s);
	}
	err = net_parse_mac(s, mac);
	if (!err && !is_valid_ether_addr(mac))
		err = -EADDRNOTAVAIL;
	if (err)
		pvbus_xen_error(xdev, err, "%s/mac is \"%.32s\", no station's address",
				xdev->node, s);
	else
		eth_hw_addr_set(nf->netdev, mac);
	kfree(s);
	return err;
}

/* What the toolstack, and who loaded the module, ask for */
static int netfront_configure(struct netfront *nf)
{
	struct pvbus_xen_device *xdev = nf->xdev;

	nf->bounce = !trusted || !pvbus_xen_read_num(xdev, xdev->node, "trusted", 1, 0, 1);
	nf->mtu_hint = pvbus_xen_read_num(xdev, xdev->node, "mtu", 0, ETH_MIN_MTU,
					  NETIF_MAX_TX_SIZE - VLAN_ETH_HLEN);
	nf->want.split = split;
	nf->want.rss = rss;
	nf->want_queues = nf->max_queues;
	nf->rx_target = NET_SLOTS;
	nf->tx_frames = NET_SLOTS;
	netdev_rss_key_fill(nf->key, sizeof(nf->key));
	return read_mac(nf);
}

static void netfront_free(struct netfront *nf)
{
	unsigned int i;

	for (i = 0; nf->queue && i < nf->max_queues; i++)
		netif_napi_del(&nf->queue[i].napi);
	kvfree(nf->queue);
	free_netdev(nf->netdev);
}

static struct netfront *netfront_alloc(struct pvbus_xen_device *xdev)
{
	unsigned int i, n = min_not_zero(max_queues, min(num_online_cpus(), NET_MAX_QUEUES));
	struct net_device *dev = netfront_netdev_alloc(xdev, n);
	struct netfront *nf;

	if (!dev)
		return NULL;
	nf = netdev_priv(dev);
	nf->netdev = dev;
	nf->xdev = xdev;
	nf->dev = &xdev->pdev.dev;
	nf->max_queues = n;
	mutex_init(&nf->lock);
	mutex_init(&nf->ctrl.lock);
	init_completion(&nf->ctrl.answer);
	INIT_WORK(&nf->work, netfront_work);
	INIT_DELAYED_WORK(&nf->patience, netfront_patience);
	INIT_DELAYED_WORK(&nf->watch, netfront_watch);
	nf->queue = kvcalloc(n, sizeof(*nf->queue), GFP_KERNEL);
	if (!nf->queue) {
		netfront_free(nf);
		return NULL;
	}
	for (i = 0; i < n; i++)
		netfront_queue_init(nf, i);
	return nf;
}

static int netfront_probe(struct pvbus_device *pdev)
{
	struct netfront *nf = netfront_alloc(to_pvbus_xen(pdev));
	int err;

	if (!nf)
		return -ENOMEM;
	err = netfront_configure(nf);
	if (err) {
		netfront_free(nf);
		return err;
	}
	dev_set_drvdata(&pdev->dev, nf);
	netfront_debugfs_add(nf);
	netfront_carrier_watch(nf);
	/* The back-end may be busy with a driver before us; waiting for it is not for here. */
	netfront_do(nf, NF_DO_START);
	queue_delayed_work(netfront_wq, &nf->watch, netfront_timeout * HZ);
	return 0;
}

/* Returns whether the host answers or not: whatever waits for it, waits for a bounded time. */
static void netfront_remove(struct pvbus_device *pdev)
{
	struct netfront *nf = dev_get_drvdata(&pdev->dev);

	pvbus_xs_unwatch(&nf->carrier_watch);
	mutex_lock(&nf->lock);
	nf->dying = true;
	netfront_disconnect(nf, true);
	mutex_unlock(&nf->lock);
	if (nf->registered)
		unregister_netdev(nf->netdev);
	cancel_delayed_work_sync(&nf->patience);
	cancel_delayed_work_sync(&nf->watch);
	cancel_work_sync(&nf->work);
	debugfs_remove_recursive(nf->debugfs);
	dev_set_drvdata(&pdev->dev, NULL);
	netfront_free(nf);
}

static void netfront_otherend_changed(struct pvbus_device *pdev, int state)
{
	struct netfront *nf = dev_get_drvdata(&pdev->dev);

	mutex_lock(&nf->lock);
	if (!test_bit(NF_DO_START, &nf->todo))	/* that looks for itself */
		netfront_follow(nf);
	mutex_unlock(&nf->lock);
}

static void netfront_suspend(struct pvbus_device *pdev)
{
	struct netfront *nf = dev_get_drvdata(&pdev->dev);
	unsigned int i;

	cancel_delayed_work_sync(&nf->patience);
	flush_work(&nf->work);
	mutex_lock(&nf->lock);
	netfront_detach(nf);
	netfront_ctrl_leave(nf);
	netfront_ctrl_close(nf);
	for (i = 0; i < nf->max_queues; i++)
		netfront_events_close(&nf->queue[i]);
	mutex_unlock(&nf->lock);
}

/* Another back-end, or the same if the guest was not saved after all: no ring is good now. */
static int netfront_resume(struct pvbus_device *pdev)
{
	struct netfront *nf = dev_get_drvdata(&pdev->dev);

	pvbus_xs_unwatch(&nf->carrier_watch);
	netfront_carrier_watch(nf);
	mutex_lock(&nf->lock);
	nf->attempts = 0;
	nf->todo = 0;		/* was asked for of the old connection */
	netfront_disconnect(nf, false);
	netfront_restart(nf);
	netfront_follow(nf);
	mutex_unlock(&nf->lock);
	return 0;
}

/* The pages will soon be another kernel's. */
static void netfront_shutdown(struct pvbus_device *pdev)
{
	struct netfront *nf = dev_get_drvdata(&pdev->dev);

	mutex_lock(&nf->lock);
	nf->dying = true;
	netfront_disconnect(nf, true);
	mutex_unlock(&nf->lock);
}

static const struct pvbus_device_id netfront_ids[] = {
	{ "xen-vif" },
	{ }
};
MODULE_ALIAS("pvbus:xen-vif");
MODULE_ALIAS("xen:vif");		/* as the kernel's own xenbus names them */

static struct pvbus_driver netfront_driver = {
	.driver = {
		.name = "xen-netfront",
	},
	.ids = netfront_ids,
	.groups = netfront_groups,
	.probe = netfront_probe,
	.remove = netfront_remove,
	.otherend_changed = netfront_otherend_changed,
	.suspend = netfront_suspend,
	.resume = netfront_resume,
	.shutdown = netfront_shutdown,
};

static int __init netfront_init(void)
{
	int err;

	pvbus_bound("xen-netfront", "max_queues", &max_queues, 0, NET_MAX_QUEUES);
	pvbus_bound("xen-netfront", "copybreak", &netfront_copybreak, 0, 256);
	pvbus_bound("xen-netfront", "timeout", &netfront_timeout, 1, 3600);
	netfront_wq = alloc_workqueue("xen-netfront", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!netfront_wq)
		return -ENOMEM;
	err = pvbus_register_driver(&netfront_driver);
	if (err)
		destroy_workqueue(netfront_wq);
	return err;
}

static void __exit netfront_exit(void)
{
	pvbus_unregister_driver(&netfront_driver);
	destroy_workqueue(netfront_wq);
}

module_init(netfront_init);
module_exit(netfront_exit);
MODULE_DESCRIPTION("Network front-end for interfaces of Xen hosts");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(PV_VERSION));
