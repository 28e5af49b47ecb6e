// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said to the host beside packets: over the control ring, by which hash it spreads packets
 * over queues; and which multicast groups it may leave out.
 *
 * One request is on the control ring at a time, and whoever asks waits for its answer. A host that
 * gives none is asked nothing more: packets come without it, too.
 */
#include <linux/completion.h>
#include <linux/slab.h>
#include "netfront.h"

#define ANSWER_TIME	HZ

/* --- the ring --- */

static void ctrl_event(void *data)
{
	struct netfront_ctrl *c = data;

	complete(&c->answer);
}

void netfront_ctrl_open(struct netfront *nf)
{
	struct netfront_ctrl *c = &nf->ctrl;
	int err;

	err = pvbus_ring_alloc(nf->xdev, &c->ring, 1);
	if (!err)
		err = pvbus_ring_alloc(nf->xdev, &c->page, 1);
	if (!err)
		err = pvbus_evtchn_open(&c->ch, nf->xdev, 0, ctrl_event, c);
	if (err) {
		netfront_ctrl_close(nf);
		return;
	}
	xen_ring_init(&c->r, c->ring.va, NET_PAGE, NETIF_CTRL_SLOT);
	reinit_completion(&c->answer);
	c->open = true;
}

void netfront_ctrl_close(struct netfront *nf)
{
	struct netfront_ctrl *c = &nf->ctrl;

	mutex_lock(&c->lock);
	c->open = false;
	c->hash_size = 0;
	if (c->ch.port)
		pvbus_evtchn_close(&c->ch);
	pvbus_ring_free(&c->page);
	pvbus_ring_free(&c->ring);
	mutex_unlock(&c->lock);
}

static void ctrl_fault(struct netfront *nf)
{
	pvbus_quarantine(&nf->xdev->pdev, "%s %#llx", nf->ctrl.r.fault, nf->ctrl.r.fault_value);
	netfront_do(nf, NF_DO_RESET);
}

/* Wait for the answer. Under the ring's lock. */
static int ctrl_wait(struct netfront *nf, u16 type, u32 *status, u32 *data)
{
	struct netfront_ctrl *c = &nf->ctrl;
	unsigned long end = jiffies + ANSWER_TIME;
	long left;
	int ret;

	while (!(ret = net_ctrl_pull(&c->r, type, status, data))) {
		/* By the clock: events without an answer would have it wait for ever. */
		left = end - jiffies;
		if (left <= 0)
			return -ETIMEDOUT;
		if (xen_ring_sleep(&c->r, 1))
			continue;
		if (!wait_for_completion_timeout(&c->answer, left))
			return -ETIMEDOUT;
		pvbus_evtchn_eoi(&c->ch, false);
	}
	return ret;
}

/* Return: 0 and *data, if that is not NULL; -EOPNOTSUPP, -EINVAL: what the host says of it. */
static int ctrl_ask(struct netfront *nf, u16 type, u32 a, u32 b, u32 offset, u32 *data)
{
	struct netfront_ctrl *c = &nf->ctrl;
	const u32 args[3] = { a, b, offset };
	u32 status, answer;
	int ret;

	if (!c->open)
		return -EOPNOTSUPP;
	net_ctrl_add(&c->r, type, args);
	if (xen_ring_push(&c->r))
		pvbus_evtchn_notify(&c->ch);
	ret = ctrl_wait(nf, type, &status, &answer);
	if (ret < 0) {
		c->open = false;
		if (ret == -EPROTO)
			ctrl_fault(nf);
		else
			netdev_warn(nf->netdev, "no answer on the control ring: left alone\n");
		return ret;
	}
	if (status != NETIF_CTRL_OKAY)
		return status == NETIF_CTRL_NOT_SUPPORTED ? -EOPNOTSUPP : -EINVAL;
	if (data)
		*data = answer;
	return 0;
}

/* --- hashing --- */

static int set_key(struct netfront *nf)
{
	struct netfront_ctrl *c = &nf->ctrl;

	if (!c->open)
		return -EOPNOTSUPP;
	memcpy(c->page.va, nf->key, sizeof(nf->key));
	return ctrl_ask(nf, NETIF_CTRL_SET_HASH_KEY, c->page.ref[0], sizeof(nf->key), 0, NULL);
}

static int set_indir(struct netfront *nf)
{
	struct netfront_ctrl *c = &nf->ctrl;

	if (!c->open)
		return -EOPNOTSUPP;
	memcpy(c->page.va, nf->indir, c->hash_size * sizeof(nf->indir[0]));
	return ctrl_ask(nf, NETIF_CTRL_SET_MAPPING, c->page.ref[0], c->hash_size, 0, NULL);
}

/* A table that somebody made holds as long as its queues are there. */
static void fill_indir(struct netfront *nf)
{
	unsigned int i, n = nf->ctrl.hash_size;

	for (i = 0; nf->indir_set && i < n; i++)
		nf->indir_set = nf->indir[i] < nf->deal.queues;
	for (i = 0; !nf->indir_set && i < n; i++)
		nf->indir[i] = i % nf->deal.queues;
}

static int setup_hash(struct netfront *nf)
{
	struct netfront_ctrl *c = &nf->ctrl;
	u32 types = 0, size = 0;
	int err;

	err = ctrl_ask(nf, NETIF_CTRL_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0,
		       NULL);
	if (!err)
		err = ctrl_ask(nf, NETIF_CTRL_GET_HASH_FLAGS, 0, 0, 0, &types);
	if (!err)
		err = set_key(nf);
	if (!err)
		err = ctrl_ask(nf, NETIF_CTRL_GET_MAPPING_SIZE, 0, 0, 0, &size);
	if (err || !size)
		return err ?: -EOPNOTSUPP;
	c->hash_size = min_t(u32, size, NETFRONT_MAX_INDIR);
	fill_indir(nf);
	err = ctrl_ask(nf, NETIF_CTRL_SET_MAPPING_SIZE, c->hash_size, 0, 0, NULL);
	if (!err)
		err = set_indir(nf);
	types &= BIT(NETIF_HASH_IPV4) | BIT(NETIF_HASH_IPV4_TCP) | BIT(NETIF_HASH_IPV6) |
		 BIT(NETIF_HASH_IPV6_TCP);
	if (!err)
		err = ctrl_ask(nf, NETIF_CTRL_SET_HASH_FLAGS, types, 0, 0, NULL);
	return err;
}

/* The connection is new: what was agreed on with the last host is to hold with this one. */
void netfront_ctrl_setup(struct netfront *nf)
{
	if (!nf->ctrl.open)
		return;
	mutex_lock(&nf->ctrl.lock);
	if (setup_hash(nf)) {
		nf->ctrl.hash_size = 0;
		ctrl_ask(nf, NETIF_CTRL_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_NONE, 0, 0, NULL);
	}
	mutex_unlock(&nf->ctrl.lock);
}

/*
 * The connection ends. Linux's back-end would go on to hash for whoever comes next, and fall over
 * what it has kept of that once there is a control ring again: have it stop first.
 */
void netfront_ctrl_leave(struct netfront *nf)
{
	mutex_lock(&nf->ctrl.lock);
	if (nf->ctrl.hash_size && nf->xdev->backend_state == XENBUS_CONNECTED)
		ctrl_ask(nf, NETIF_CTRL_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_NONE, 0, 0, NULL);
	mutex_unlock(&nf->ctrl.lock);
}

int netfront_ctrl_set_key(struct netfront *nf)
{
	int err;

	mutex_lock(&nf->ctrl.lock);
	err = set_key(nf);
	mutex_unlock(&nf->ctrl.lock);
	return err;
}

int netfront_ctrl_set_indir(struct netfront *nf)
{
	int err;

	mutex_lock(&nf->ctrl.lock);
	err = set_indir(nf);
	mutex_unlock(&nf->ctrl.lock);
	return err;
}

/* --- multicast --- */

static int filter_switch(struct netfront *nf, bool on)
{
	int err;

	if (nf->filter == on)
		return 0;
	err = pvbus_xs_printf(PVBUS_XS_NIL, nf->xdev->node, "request-multicast-control", "%u", on);
	if (!err)
		nf->filter = on;
	return err;
}

/* Return: how many groups are wanted; more than NETFRONT_MAX_GROUPS: all of them */
static unsigned int wanted_groups(struct netfront *nf, u8 (*to)[ETH_ALEN])
{
	struct net_device *dev = nf->netdev;
	struct netdev_hw_addr *ha;
	unsigned int n = 0;

	netif_addr_lock_bh(dev);
	if (dev->flags & (IFF_PROMISC | IFF_ALLMULTI) ||
	    netdev_mc_count(dev) > NETFRONT_MAX_GROUPS) {
		n = NETFRONT_MAX_GROUPS + 1;
	} else {
		netdev_for_each_mc_addr(ha, dev)
			ether_addr_copy(to[n++], ha->addr);
	}
	netif_addr_unlock_bh(dev);
	return n;
}

static bool has_group(u8 (*list)[ETH_ALEN], unsigned int n, const u8 *addr)
{
	while (n--) {
		if (ether_addr_equal_unaligned(list[n], addr))
			return true;
	}
	return false;
}

/* Groups are noted one by one: a back-end that is told of one twice would keep it twice. */
static bool drop_groups(struct netfront *nf, u8 (*want)[ETH_ALEN], unsigned int n)
{
	unsigned int i;

	for (i = nf->nr_groups; i--;) {
		if (has_group(want, n, nf->groups[i]))
			continue;
		if (!netfront_tx_mcast(nf, false, nf->groups[i]))
			return false;
		memmove(nf->groups[i], nf->groups[--nf->nr_groups], ETH_ALEN);
	}
	return true;
}

static bool add_groups(struct netfront *nf, u8 (*want)[ETH_ALEN], unsigned int n)
{
	for (; n--; want++) {
		if (has_group(nf->groups, nf->nr_groups, *want))
			continue;
		if (!netfront_tx_mcast(nf, true, *want))
			return false;
		memcpy(nf->groups[nf->nr_groups++], *want, ETH_ALEN);
	}
	return true;
}

/*
 * Bring the host's filter up to date. Groups are added before it is switched on, so none is ever
 * missed; where anything goes wrong it is switched off, and all of them come.
 */
void netfront_mcast_update(struct netfront *nf)
{
	u8 (*want)[ETH_ALEN];
	unsigned int n;
	bool ok;

	if (!nf->deal.mcast || !netif_running(nf->netdev))
		return;
	want = kcalloc(NETFRONT_MAX_GROUPS, sizeof(*want), GFP_KERNEL);
	if (!want) {
		filter_switch(nf, false);
		return;
	}
	n = wanted_groups(nf, want);
	ok = n <= NETFRONT_MAX_GROUPS && drop_groups(nf, want, n) && add_groups(nf, want, n);
	filter_switch(nf, ok);
	kfree(want);
	/* The ring is full: a little later, the work for that has nothing else to do. */
	if (!ok && n <= NETFRONT_MAX_GROUPS)
		mod_delayed_work(netfront_wq, &nf->patience, HZ / 10);
}
