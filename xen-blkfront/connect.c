// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: how one is made, lost, and made again with the requests of the last one still in
 * hand.
 *
 *	IDLE        back-end says INIT_WAIT: make rings, publish them, say INITIALISED
 *	CONNECTING  back-end says CONNECTED: read what disk it is, set grants aside, say CONNECTED,
 *	            let I/O run
 *	CONNECTED   back-end says CLOSING, or starts anew: hold I/O back, take the rings down, IDLE
 *	FAILED      the back-end refused too often, broke the protocol or does not answer: I/O fails
 *
 * Everything here runs under the disk's lock, in process context, and waits for the back-end for a
 * bounded time only. The back-end's state is read afresh where it decides something: what an event
 * told may be history.
 */
#include "blkfront.h"
#include "trace.h"

#define PATIENCE	(30 * HZ)
#define MAX_ATTEMPTS	6
#define MAX_RESETS	3

const char * const blkfront_phases[] = { "idle", "connecting", "connected", "failed", "gone" };

static void set_phase(struct blkfront *bf, enum blkfront_phase phase)
{
	bf->phase = phase;
	trace_blkfront_state(bf, phase, bf->xdev->backend_state);
}

/* --- what the back-end offers --- */

static int read_node(struct blkfront *bf, const struct blk_node *n)
{
	struct pvbus_xen_device *xdev = bf->xdev;
	u64 *value = (void *)&bf->offer + n->at;

	if (n->required)
		return pvbus_xen_require_num(xdev, xdev->backend, n->name, value, n->min, n->max);
	*value = pvbus_xen_read_num(xdev, xdev->backend, n->name, n->dflt, n->min, n->max);
	return 0;
}

/* Each node is read once a connection, so that one that is no good is told of once. */
static int read_offer(struct blkfront *bf, bool late)
{
	const struct blk_node *n;
	int err = 0;

	for (n = blk_nodes; n < blk_nodes + BLK_NR_NODES && !err; n++) {
		if (n->late == late)
			err = read_node(bf, n);
	}
	return err;
}

/* --- rings --- */

/* What it got before something failed is rings_free()'s. */
static int ring_make(struct blkfront_ring *ring, unsigned int nr_pages)
{
	struct pvbus_xen_device *xdev = ring->bf->xdev;
	unsigned int size, bytes = nr_pages * 4096;
	int err;

	size = xen_ring_entries(bytes, BLK_ABI_NATIVE.slot);
	ring->r.slot = kvcalloc(size, sizeof(*ring->r.slot), GFP_KERNEL);
	ring->io = kvcalloc(size, sizeof(*ring->io), GFP_KERNEL);
	err = ring->r.slot && ring->io ? pvbus_ring_alloc(xdev, &ring->pages, nr_pages) : -ENOMEM;
	if (err)
		return err;
	blk_ring_init(&ring->r, ring->pages.va, ring->r.slot, &BLK_ABI_NATIVE, bytes);
	err = pvbus_evtchn_open(&ring->ch, xdev, ring->index % nr_cpu_ids, blkfront_event,
				&ring->tasklet);
	WRITE_ONCE(ring->open, !err);
	return err;
}

/* No new request, no event, no reaper: when this returns nobody uses the ring. */
static void ring_stop(struct blkfront_ring *ring)
{
	bool open;

	spin_lock_bh(&ring->cq_lock);
	spin_lock(&ring->sq_lock);
	open = ring->open;
	ring->live = false;
	ring->open = false;
	spin_unlock(&ring->sq_lock);
	spin_unlock_bh(&ring->cq_lock);
	if (!open)
		return;
	pvbus_evtchn_close(&ring->ch);
	tasklet_kill(&ring->tasklet);
}

static void ring_start(struct blkfront_ring *ring)
{
	spin_lock_bh(&ring->cq_lock);
	spin_lock(&ring->sq_lock);
	ring->live = true;
	spin_unlock(&ring->sq_lock);
	if (ring->poll)
		blk_ring_mute(&ring->r);
	spin_unlock_bh(&ring->cq_lock);
}

/* @replay: of what is on them, see blkfront_disconnect() */
static void rings_free(struct blkfront *bf, bool replay)
{
	struct blkfront_ring *ring;

	for (ring = bf->rings; ring < bf->rings + bf->max_rings; ring++) {
		ring_stop(ring);
		if (ring->r.r.head)
			blkfront_drain(ring, replay);
		blkfront_gnts_free(ring);
		pvbus_ring_free(&ring->pages);
		kvfree(ring->io);
		kvfree(ring->r.slot);
		ring->io = NULL;
		memset(&ring->r, 0, sizeof(ring->r));
	}
}

static int rings_make(struct blkfront *bf)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < blkfront_nr_rings(bf) && !err; i++) {
		bf->rings[i].poll = i >= bf->deal.queues;
		err = ring_make(&bf->rings[i], 1 << bf->deal.ring_order);
	}
	if (err)
		rings_free(bf, true);
	return err;
}

/* --- what we publish --- */

/* What belongs to a connection */
static const char * const stale[] = {
	"ring-ref", "ring-page-order", "num-ring-pages", "event-channel", "queue-",
	"multi-queue-num-queues",
	NULL
};

static int publish_ring(u32 tx, const char *dir, const struct blkfront_ring *ring, bool alone)
{
	char queue[80], node[24] = "ring-ref";
	unsigned int i;
	int err;

	snprintf(queue, sizeof(queue), "%s/queue-%u", dir, ring->index);
	if (!alone)
		dir = queue;
	err = pvbus_xs_printf(tx, dir, "event-channel", "%u", ring->ch.port);
	for (i = 0; i < ring->pages.nr && !err; i++) {
		if (ring->pages.nr > 1)
			snprintf(node, sizeof(node), "ring-ref%u", i);
		err = pvbus_xs_printf(tx, dir, node, "%u", ring->pages.ref[i]);
	}
	return err;
}

static int publish_all(u32 tx, void *data)
{
	struct blkfront *bf = data;
	unsigned int i, n = blkfront_nr_rings(bf), pages = 1 << bf->deal.ring_order;
	const char *dir = bf->xdev->node;
	int err;

	err = pvbus_xs_printf(tx, dir, "protocol", "%s", BLK_ABI_NATIVE.protocol);
	if (!err)
		err = pvbus_xs_printf(tx, dir, "feature-persistent", "%u", bf->want.persistent);
	if (!err && pages > 1)
		err = pvbus_xs_printf(tx, dir, "ring-page-order", "%u", bf->deal.ring_order);
	if (!err && pages > 1 && bf->deal.ring_pages_node)
		err = pvbus_xs_printf(tx, dir, "num-ring-pages", "%u", pages);
	if (!err && n > 1)
		err = pvbus_xs_printf(tx, dir, "multi-queue-num-queues", "%u", n);
	for (i = 0; i < n && !err; i++)
		err = publish_ring(tx, dir, &bf->rings[i], n == 1);
	return err;
}

/* --- making a connection --- */

static void fail_connection(struct blkfront *bf, int err, const char *what)
{
	pvbus_xen_error(bf->xdev, err, "%s", what);
	pvbus_xen_switch_state(bf->xdev, XENBUS_CLOSING);
	blkfront_disconnect(bf, false);
}

static void connect_rings(struct blkfront *bf)
{
	int err;

	set_phase(bf, BF_CONNECTING);	/* first, for whatever fails to say goodbye */
	read_offer(bf, false);
	blk_agree_transport(&bf->offer, &bf->want, &bf->deal);
	err = rings_make(bf);
	while ((err == -ENOMEM || err == -ENOSPC) && bf->deal.ring_order) {
		bf->deal.ring_order--;
		err = rings_make(bf);
	}
	if (!err)
		err = pvbus_xen_publish(bf->xdev, stale, publish_all, bf);
	if (err) {
		fail_connection(bf, err, "making and publishing rings");
		return;
	}
	mod_delayed_work(blkfront_wq, &bf->patience, PATIENCE);
	pvbus_xen_switch_state(bf->xdev, XENBUS_INITIALISED);
}

/* Which ring serves which hardware queue: its own, unless the back-end changed since then. */
static void map_rings(struct blkfront *bf)
{
	unsigned int i, n = bf->deal.queues, poll = bf->deal.poll_queues;

	for (i = 0; i < bf->hw_queues; i++)
		bf->map[i] = &bf->rings[i % n];
	for (; i < bf->hw_queues + bf->hw_poll; i++)
		bf->map[i] = &bf->rings[poll ? n + (i - bf->hw_queues) % poll : i % n];
}

/* Let a ring's events arrive where the block layer sends the ring's requests from. */
static void spread_events(struct blkfront *bf)
{
	const unsigned int *map = pv_mq_default_map(&bf->tags);
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct blkfront_ring *ring = bf->map[map[cpu]];

		if (map[ring->ch.cpu] != map[cpu])
			pvbus_evtchn_set_cpu(&ring->ch, cpu);
	}
}

static void let_io_run(struct blkfront *bf)
{
	if (!bf->quiesced)
		return;
	bf->quiesced = false;
	blk_mq_unquiesce_queue(bf->disk->queue);
	blk_mq_kick_requeue_list(bf->disk->queue);
}

static void tell_connected(struct blkfront *bf)
{
	const struct blk_deal *d = &bf->deal;

	dev_info(bf->dev, "%s: %llu MiB, %u+%u rings of %u, %u segments, %s%s%s%s%s\n",
		 bf->name.name, d->sectors >> 11, d->queues, d->poll_queues, bf->rings[0].r.r.size,
		 d->max_segs,
		 d->flush_op == BLK_OP_NONE ? "no flush" : blkfront_flush_name(d->flush_op),
		 d->persistent ? ", persistent grants" : "", bf->bounce ? ", bounced" : "",
		 d->discard ? ", discard" : "", d->readonly ? ", read-only" : "");
}

static int ready_rings(struct blkfront *bf)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < blkfront_nr_rings(bf) && !err; i++)
		err = blkfront_gnts_alloc(&bf->rings[i]);
	if (!err && !bf->disk)
		err = blkfront_disk_make(bf);
	return err;
}

/* The first time the disk becomes visible, later on it takes up where it was. */
static void connected(struct blkfront *bf)
{
	bool first = !bf->disk;
	const char *why;
	unsigned int i;
	int err;

	err = read_offer(bf, true);
	why = err ? "reading the back-end's properties" :
		    blk_agree_disk(&bf->offer, &bf->want, &bf->deal);
	if (!why) {
		err = ready_rings(bf);
		why = err ? "setting up the disk" : NULL;
	}
	if (why) {
		fail_connection(bf, err ?: -EINVAL, why);
		return;
	}
	map_rings(bf);
	spread_events(bf);
	if (!first) {
		set_disk_ro(bf->disk, bf->deal.readonly);
		set_capacity_and_notify(bf->disk, bf->deal.sectors);
	}
	for (i = 0; i < blkfront_nr_rings(bf); i++)
		ring_start(&bf->rings[i]);
	bf->attempts = 0;
	bf->reconnects += !first;
	cancel_delayed_work(&bf->patience);
	set_phase(bf, BF_CONNECTED);
	pvbus_xen_switch_state(bf->xdev, XENBUS_CONNECTED);
	tell_connected(bf);
	let_io_run(bf);
	blkfront_disk_do(bf, first ? BF_DO_SHOW : BF_DO_LIMITS);
}

static void resize(struct blkfront *bf)
{
	struct blk_deal deal = bf->deal;

	if (read_node(bf, &blk_nodes[BLK_NODE_SECTORS]) ||
	    blk_agree_disk(&bf->offer, &bf->want, &deal) || deal.sectors == bf->deal.sectors)
		return;
	dev_info(bf->dev, "%s: %llu sectors, were %llu\n", bf->name.name, deal.sectors,
		 bf->deal.sectors);
	bf->deal.sectors = deal.sectors;
	set_capacity_and_notify(bf->disk, deal.sectors);
}

/* --- losing one --- */

/* Hold I/O back and stop using rings, channels and grants. What is in flight stays in hand. */
void blkfront_stop(struct blkfront *bf)
{
	unsigned int i;

	if (bf->disk && !bf->quiesced) {
		bf->quiesced = true;
		blk_mq_quiesce_queue(bf->disk->queue);
	}
	for (i = 0; i < bf->max_rings; i++)
		ring_stop(&bf->rings[i]);
}

/**
 * blkfront_disconnect - end the connection, if there is one
 * @bf: the disk
 * @replay: keep what was in flight for the next one; otherwise it fails, and so does all I/O until
 *	there is one
 */
void blkfront_disconnect(struct blkfront *bf, bool replay)
{
	if (bf->phase == BF_GONE)
		return;
	blkfront_stop(bf);
	if (bf->phase != BF_FAILED)
		pvbus_xen_goodbye(bf->xdev, !replay);
	rings_free(bf, replay);
	set_phase(bf, replay ? BF_IDLE : BF_FAILED);
	if (!replay)
		let_io_run(bf);
}

/* Offer to connect, to a back-end that is new or to be had anew. */
void blkfront_restart(struct blkfront *bf)
{
	pvbus_xen_goodbye(bf->xdev, false);
	pvbus_unquarantine(&bf->xdev->pdev);
	set_phase(bf, BF_IDLE);
	mod_delayed_work(blkfront_wq, &bf->patience, PATIENCE);
	pvbus_xen_switch_state(bf->xdev, XENBUS_INITIALISING);
}

static void unplug(struct blkfront *bf)
{
	bf->unplug = true;
	smp_mb();	/* with blkfront_release(): the last user sees the one, or we the other */
	if (bf->phase == BF_CONNECTED && atomic_read(&bf->openers))
		dev_info(bf->dev, "%s: to be unplugged when it is no longer in use\n",
			 bf->name.name);
	blkfront_disk_todo(bf);
}

static void backend_closes(struct blkfront *bf)
{
	struct pvbus_xen_device *xdev = bf->xdev;
	bool was_connected = bf->phase == BF_CONNECTED;

	if (!pvbus_xen_read_num(xdev, xdev->backend, "online", 1, 0, 1)) {
		unplug(bf);
		return;
	}
	if (bf->phase != BF_CONNECTING && !was_connected)
		return;
	blkfront_disconnect(bf, true);
	if (was_connected) {
		dev_info(bf->dev, "%s: back-end closed, waiting for it to come back\n",
			 bf->name.name);
		blkfront_restart(bf);
	} else if (++bf->attempts < MAX_ATTEMPTS) {
		dev_warn(bf->dev, "back-end refuses to connect, trying again in %u s\n",
			 1 << bf->attempts);
		mod_delayed_work(blkfront_wq, &bf->patience, HZ << bf->attempts);
	} else {
		dev_err(bf->dev, "back-end refused to connect %u times: giving up\n", bf->attempts);
		blkfront_disconnect(bf, false);
	}
}

/* Do what the back-end's present state asks for. */
void blkfront_follow(struct blkfront *bf)
{
	enum xenbus_state state = pvbus_xen_read_state(bf->xdev);

	if (bf->dying)
		return;
	trace_blkfront_state(bf, bf->phase, state);
	switch (state) {
	case XENBUS_INIT_WAIT:
	case XENBUS_INITIALISED:
		if (bf->phase == BF_CONNECTED) {
			dev_info(bf->dev, "%s: back-end has restarted\n", bf->name.name);
			blkfront_disconnect(bf, true);
			blkfront_do(bf, BF_DO_START);
			break;
		}
		if (bf->phase == BF_FAILED)
			pvbus_unquarantine(&bf->xdev->pdev);
		if (bf->phase == BF_IDLE || bf->phase == BF_FAILED)
			connect_rings(bf);
		break;
	case XENBUS_CONNECTED:
		if (bf->phase == BF_CONNECTING)
			connected(bf);
		else if (bf->phase == BF_CONNECTED)
			resize(bf);
		else if (bf->phase == BF_IDLE)	/* to somebody before us */
			blkfront_do(bf, BF_DO_START);
		break;
	case XENBUS_CLOSING:
	case XENBUS_CLOSED:
		backend_closes(bf);
		break;
	default:
		break;
	}
}

/* An answer is overdue, and asking again did not help. */
static void reset(struct blkfront *bf)
{
	bool replay = !bf->dying && bf->resets < MAX_RESETS;

	bf->resets++;
	if (bf->phase == BF_CONNECTED) {
		if (!replay)
			dev_err(bf->dev, "%s: no answer after %u new connections: I/O fails\n",
				bf->name.name, MAX_RESETS);
		blkfront_disconnect(bf, replay);
		if (replay)
			blkfront_restart(bf);
	}
	/* Only now: requests that timed out meanwhile belonged to the old connection. */
	clear_bit(BF_DO_RESET, &bf->todo);
}

void blkfront_work(struct work_struct *work)
{
	struct blkfront *bf = container_of(work, struct blkfront, work);

	pvbus_noio_lock(&bf->lock);
	if (READ_ONCE(bf->xdev->asleep))
		goto out;
	if (test_and_clear_bit(BF_DO_FAIL, &bf->todo))
		blkfront_disconnect(bf, false);
	if (test_bit(BF_DO_RESET, &bf->todo))
		reset(bf);
	/* Whoever saw the bit has left it to us to look. */
	if (test_and_clear_bit(BF_DO_START, &bf->todo) && !bf->dying) {
		if (bf->phase == BF_IDLE)
			blkfront_restart(bf);
		blkfront_follow(bf);
	}
out:
	pvbus_noio_unlock(&bf->lock);
}

/* It takes long, or it is time to try again. */
void blkfront_patience(struct work_struct *work)
{
	struct blkfront *bf = container_of(work, struct blkfront, patience.work);
	struct pvbus_xen_device *xdev = bf->xdev;

	pvbus_noio_lock(&bf->lock);
	if (bf->dying || READ_ONCE(xdev->asleep) ||
	    (bf->phase != BF_IDLE && bf->phase != BF_CONNECTING))
		goto out;
	if (bf->phase == BF_IDLE && bf->attempts && xdev->state != XENBUS_INITIALISING) {
		blkfront_restart(bf);
		blkfront_follow(bf);
		goto out;
	}
	dev_warn(bf->dev, "no connection for %u s: back-end %s is in state %s, we are in %s\n",
		 PATIENCE / HZ, xdev->backend, pvbus_xen_state_name(pvbus_xen_read_state(xdev)),
		 pvbus_xen_state_name(xdev->state));
	if (bf->resets)	/* it did not answer before, either */
		blkfront_disconnect(bf, false);
out:
	pvbus_noio_unlock(&bf->lock);
}
