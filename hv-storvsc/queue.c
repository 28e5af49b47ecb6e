// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O path. Nothing in it allocates or sleeps.
 *
 * Going out, under out_lock: name the pages, encode, send; the host is told once a batch. Coming
 * back: the event's hard interrupt only schedules a tasklet, which takes answers and ends their
 * commands under in_lock.
 *
 * A slot's id decides who ends a command: an answer, or whoever gives the channel up. Each tries to
 * change it to 0, and one of them succeeds. An id is used once, so an answer that is late, doubled
 * or made up finds none.
 */
#include <linux/scatterlist.h>
#include "storvsc.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

#define REAP_BUDGET	256	/* answers, before others may run */

/* --- pages that stand in --- */

static struct stor_bounce *bounce_take(struct storvsc *st, unsigned int n)
{
	struct stor_bounce *first = NULL, *b;

	spin_lock_bh(&st->bounce_lock);
	if (st->nr_bounce >= n) {
		st->nr_bounce -= n;
		while (n--) {
			b = st->bounce;
			st->bounce = b->next;
			b->next = first;
			first = b;
		}
	}
	spin_unlock_bh(&st->bounce_lock);
	return first;
}

static void bounce_put(struct storvsc *st, struct stor_bounce *b)
{
	struct stor_bounce *next;

	spin_lock_bh(&st->bounce_lock);
	for (; b; b = next) {
		next = b->next;
		b->next = st->bounce;
		st->bounce = b;
		st->nr_bounce++;
	}
	spin_unlock_bh(&st->bounce_lock);
}

/* Put pages of ours where the list has none, with the data in them if they are for the host. */
static int bounce_fill(struct stor_chan *chan, struct stor_slot *slot, struct scsi_cmnd *cmd,
		       struct stor_pages *l)
{
	struct stor_bounce *b = bounce_take(chan->st, l->bounced);
	u32 i;

	if (!b)
		return -EBUSY;
	slot->bounce = b;
	chan->stats.bounced += l->bounced;
	for (i = 0; i < l->nr; i++) {
		if (l->pfn[i] != STOR_BOUNCE)
			continue;
		stor_pages_part(l, i, &b->at, &b->skip, &b->len);
		if (cmd->sc_data_direction == DMA_TO_DEVICE)
			sg_pcopy_to_buffer(scsi_sglist(cmd), scsi_sg_count(cmd),
					   page_address(b->page) + b->at, b->len, b->skip);
		l->pfn[i] = page_to_pfn(b->page);
		b = b->next;
	}
	return 0;
}

/* The first @done bytes are good. */
static void bounce_back(struct scsi_cmnd *cmd, struct stor_bounce *b, u32 done)
{
	for (; b; b = b->next) {
		if (b->skip < done)
			sg_pcopy_from_buffer(scsi_sglist(cmd), scsi_sg_count(cmd),
					     page_address(b->page) + b->at,
					     min(b->len, done - b->skip), b->skip);
	}
}

/* --- going out --- */

static int map_data(struct stor_chan *chan, struct stor_slot *slot, struct scsi_cmnd *cmd,
		    struct stor_pages *l)
{
	struct scatterlist *sg = scsi_sglist(cmd);
	unsigned int i;
	u64 addr;
	int err;

	stor_pages_start(l, chan->pfn, sg->offset, sg->length, scsi_bufflen(cmd));
	for_each_sg(scsi_sglist(cmd), sg, scsi_sg_count(cmd), i) {
		addr = ((u64)page_to_pfn(sg_page(sg)) << PAGE_SHIFT) + sg->offset;
		err = stor_pages_add(l, addr, sg->length);
		if (err)
			return err;
	}
	return l->bounced ? bounce_fill(chan, slot, cmd, l) : 0;
}

static void build(struct stor_chan *chan, struct scsi_cmnd *cmd)
{
	const struct stor_req req = {
		.cdb = cmd->cmnd,
		.cdb_len = cmd->cmd_len,
		.path = cmd->device->channel,
		.target = cmd->device->id,
		.lun = cmd->device->lun,
		.direction = cmd->sc_data_direction == DMA_TO_DEVICE ? VSTOR_DATA_OUT :
			     cmd->sc_data_direction == DMA_FROM_DEVICE ? VSTOR_DATA_IN :
			     VSTOR_DATA_NONE,
		.tagged = cmd->device->tagged_supported,
		.len = scsi_bufflen(cmd),
		.timeout = stor_timeout,
	};

	stor_build_srb(&chan->out, chan->st->dialect, &req);
}

/* Under out_lock. */
static void kick(struct stor_chan *chan)
{
	u64 before = chan->ch->signals;

	if (!chan->unseen)
		return;
	chan->unseen = false;
	pvbus_channel_kick(chan->ch);
	chan->stats.doorbells += chan->ch->signals != before;
	trace_stor_notify(chan, chan->ch->signals != before);
}

void stor_kick(struct stor_chan *chan)
{
	spin_lock_bh(&chan->out_lock);
	if (chan->live)
		kick(chan);
	spin_unlock_bh(&chan->out_lock);
}

/* Under out_lock; the slot is ready. Return: 0 also if the command has been ended already. */
static int put_on_ring(struct stor_chan *chan, struct stor_slot *slot, const struct stor_pages *l)
{
	u32 size = chan->st->dialect->packet;
	unsigned long id = slot->id;
	int err;

	if (l->nr)
		err = pvbus_channel_send_pages(chan->ch, l->offset, l->len, l->pfn, l->nr,
					       &chan->out, size, id);
	else
		err = pvbus_channel_send(chan->ch, &chan->out, size, id, true);
	if (!err) {
		chan->stats.commands++;
		chan->unseen = true;
		return 0;
	}
	if (cmpxchg(&slot->id, id, 0) != id)
		return 0;	/* a host that answers what it was not asked */
	bounce_put(chan->st, slot->bounce);
	slot->bounce = NULL;
	/* A sub-channel that was taken back: the primary will do, once the driver has been told. */
	return err == -ENODEV && chan->index ? -EBUSY : err;
}

static int not_live(const struct storvsc *st)
{
	switch (READ_ONCE(st->phase)) {
	case STOR_FAILED:
	case STOR_GONE:
		return -ENODEV;
	default:
		return -EBUSY;
	}
}

static int send(struct stor_chan *chan, struct stor_slot *slot, u32 tag, struct scsi_cmnd *cmd)
{
	struct stor_pages l = { };
	int err = 0;

	if (!chan->live)
		return not_live(chan->st);
	/* Of a host that broke the protocol nothing more is wanted; fail_work may come late. */
	if (pvbus_is_quarantined(&chan->st->vdev->pdev))
		return -EIO;
	/* Given up by error handling, but not by the host, which may still write to its pages. */
	if (slot->id)
		return -EBUSY;
	if (scsi_bufflen(cmd))
		err = map_data(chan, slot, cmd, &l);
	if (err)
		return err;
	build(chan, cmd);
	slot->cmd = cmd;
	slot->chan = chan;
	trace_stor_submit(chan, tag, cmd, l.nr, l.bounced);
	/* Whoever finds the id finds the rest. */
	smp_store_release(&slot->id, stor_id(tag, ++slot->generation));
	return put_on_ring(chan, slot, &l);
}

static void end_unsent(struct scsi_cmnd *cmd, int host_byte)
{
	cmd->result = host_byte << 16;
	scsi_done(cmd);
}

enum scsi_qc_status stor_queuecommand(struct Scsi_Host *host, struct scsi_cmnd *cmd)
{
	struct request *rq = scsi_cmd_to_rq(cmd);
	struct storvsc *st = host_stor(host);
	u16 hwq = blk_mq_unique_tag_to_hwq(blk_mq_unique_tag(rq));
	struct stor_chan *chan = READ_ONCE(st->map[hwq]);
	const struct stor_dialect *d = READ_ONCE(st->dialect);
	int err;

	if (unlikely(d && stor_refused(d, cmd->cmnd))) {
		cmd->result = 0;
		scsi_build_sense(cmd, 0, ILLEGAL_REQUEST, 0x20, 0);
		scsi_done(cmd);
		return 0;
	}
	spin_lock_bh(&chan->out_lock);
	err = send(chan, &st->slot[rq->tag], rq->tag, cmd);
	/*
	 * Not every kernel says "last" for what its error handler sends. And from now on the last
	 * ones may go by another channel.
	 */
	if (chan->live && (err || pv_scsi_last(cmd) || scsi_host_in_recovery(host) ||
			   READ_ONCE(st->map[hwq]) != chan))
		kick(chan);
	chan->stats.starved += err == -EAGAIN || err == -EBUSY;
	spin_unlock_bh(&chan->out_lock);
	if (likely(!err))
		return 0;
	if (err == -EAGAIN || err == -EBUSY)
		return SCSI_MLQUEUE_HOST_BUSY;
	if (err == -EIO)	/* the lower half has told why */
		queue_work(stor_wq, &st->fail_work);
	end_unsent(cmd, err == -ENODEV ? DID_NO_CONNECT : DID_ERROR);
	return 0;
}

void stor_commit(struct Scsi_Host *host, u16 hwq)
{
	stor_kick(READ_ONCE(host_stor(host)->map[hwq]));
}

/* --- coming back --- */

static void tell(const struct scsi_cmnd *cmd, const struct stor_answer *a)
{
	sdev_printk(KERN_WARNING, cmd->device,
		    "command %#x failed: SRB status %#x, SCSI status %#x, sense %*phN\n",
		    cmd->cmnd[0], a->srb_status, a->scsi_status, (int)a->sense_len, a->sense);
}

static void set_result(struct scsi_cmnd *cmd, const struct stor_answer *a,
		       const struct stor_verdict *v)
{
	static const u8 host_byte[STOR_NR_OUTCOMES] = {
		[STOR_OK] = DID_OK,
		[STOR_ERROR] = DID_ERROR,
		[STOR_RESET] = DID_RESET,
		[STOR_REQUEUE] = DID_REQUEUE,
		[STOR_NO_CONNECT] = DID_NO_CONNECT,
	};

	cmd->result = host_byte[v->outcome] << 16 | v->status;
	if (v->made)
		scsi_build_sense(cmd, 0, v->key, v->asc, v->ascq);
	else if (v->sense)
		memcpy(cmd->sense_buffer, a->sense, a->sense_len);
	scsi_set_resid(cmd, scsi_bufflen(cmd) - v->done);
}

/* The slot has just been claimed. Under in_lock, or nobody takes answers any more. */
static void end_command(struct stor_slot *slot, struct scsi_cmnd *cmd, const struct stor_answer *a,
			const struct stor_verdict *v)
{
	struct stor_bounce *b = slot->bounce;

	trace_stor_complete(slot->chan, scsi_cmd_to_rq(cmd)->tag, a->srb_status, a->scsi_status,
			    v->outcome);
	if (unlikely(b)) {
		if (cmd->sc_data_direction == DMA_FROM_DEVICE)
			bounce_back(cmd, b, v->done);
		slot->bounce = NULL;
		bounce_put(slot->chan->st, b);
	}
	set_result(cmd, a, v);
	if (unlikely(v->then != STOR_NOTHING))
		stor_device_changed(cmd->device, v->then);
	scsi_done(cmd);
}

static void fault(struct stor_chan *chan, const char *what, u64 value)
{
	pvbus_quarantine(&chan->st->vdev->pdev, "channel %u: %s %llu", chan->index, what, value);
	queue_work(stor_wq, &chan->st->fail_work);
}

/* Somebody sent this id on this channel and waits for the answer: its slot, claimed. */
static struct stor_slot *claim(struct stor_chan *chan, unsigned long id)
{
	u32 tag = stor_id_tag(id);
	struct stor_slot *slot;

	if (tag >= chan->st->depth)
		return NULL;
	slot = &chan->st->slot[tag];
	/* With stor_queuecommand(): once the id is seen, so is the rest. */
	if (smp_load_acquire(&slot->id) != id || slot->chan != chan)
		return NULL;
	return cmpxchg(&slot->id, id, 0) == id ? slot : NULL;
}

static void command_answered(struct stor_chan *chan, struct stor_slot *slot, u32 size)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	struct stor_verdict v = { .outcome = STOR_ERROR };
	struct scsi_cmnd *cmd = slot->cmd;
	struct stor_answer a = { };
	const char *wrong;
	u64 value;

	wrong = stor_parse_answer(&chan->in, size, chan->st->dialect, scsi_bufflen(cmd), &a,
				  &value);
	if (likely(!wrong))
		stor_judge(&a, cmd->cmnd, &v);
	else
		fault(chan, wrong, value);
	chan->stats.answers++;
	if (unlikely(v.outcome != STOR_OK || v.status)) {
		chan->stats.errors++;
		if (!wrong && !v.quiet && __ratelimit(&limit))
			tell(cmd, &a);
	}
	end_command(slot, cmd, &a, &v);
}

static bool control_answered(struct stor_chan *chan, unsigned long id, u32 size)
{
	struct stor_ctl *ctl = &chan->st->ctl;

	if (chan->index || cmpxchg(&ctl->id, id, 0) != id)
		return false;
	ctl->size = size;
	ctl->answer = chan->in;
	ctl->err = 0;
	complete(&ctl->done);
	return true;
}

static bool somebody_answered(struct stor_chan *chan, unsigned long id, u32 size)
{
	struct stor_slot *slot;

	if (stor_id_tag(id) == STOR_CTL_TAG)
		return control_answered(chan, id, size);
	slot = claim(chan, id);
	if (slot)
		command_answered(chan, slot, size);
	return slot;
}

/* @id: of 64 bits, whatever ours have */
static void answered(struct stor_chan *chan, u64 id, u32 size)
{
	if (likely((unsigned long)id == id && somebody_answered(chan, id, size)))
		return;
	chan->stats.strays++;
	dev_warn_ratelimited(chan->st->dev, "channel %u: an answer that nobody waits for, id %#llx\n",
			     chan->index, id);
}

static void told(struct stor_chan *chan, u32 size)
{
	bool fits = size >= VSTOR_HEAD && size <= sizeof(chan->in);
	u32 operation = fits ? chan->in.operation : 0;

	switch (operation) {
	case VSTOR_ENUMERATE_BUS:
	case VSTOR_REMOVE_DEVICE:
		queue_work(system_dfl_wq, &chan->st->scan_work);
		break;
	case VSTOR_EVENT_NOTIFICATION:
	case VSTOR_FCHBA_DATA:
		break;
	default:
		dev_warn_ratelimited(chan->st->dev,
				     "channel %u: a packet of %u bytes, operation %u: ignored\n",
				     chan->index, size, operation);
	}
}

/* Under in_lock. @max: packets. Return: how many, or -EIO. */
static int take(struct stor_chan *chan, int max)
{
	struct pvbus_packet pkt;
	int n, ret;
	u32 size;

	for (n = 0; n < max; n++) {
		ret = pvbus_channel_recv(chan->ch, &chan->in, sizeof(chan->in), &pkt);
		if (ret <= 0)
			return ret ?: n;
		size = pkt.len + pkt.lost;
		if (pkt.type == PVBUS_PACKET_COMPLETION)
			answered(chan, pkt.id, size);
		else
			told(chan, size);
	}
	return n;
}

/* Take answers and end their commands. @event: the channel is masked, and ours to unmask. */
void stor_reap(struct stor_chan *chan, bool event)
{
	int n, left = REAP_BUDGET;

	spin_lock_bh(&chan->in_lock);
	chan->stats.events += event;
	if (!chan->taking)
		goto out;
	do {
		n = take(chan, left);
		left -= max(n, 1);	/* it has an end, whatever the host shows */
	} while (event && n >= 0 && left && pvbus_channel_rearm(chan->ch));
	if (n < 0)
		queue_work(stor_wq, &chan->st->fail_work);
	else if (!left && event)
		tasklet_schedule(&chan->tasklet);
	if (!event && n > 0)
		chan->stats.polled += n;
out:
	spin_unlock_bh(&chan->in_lock);
}

static void chan_tasklet(struct tasklet_struct *t)
{
	stor_reap(container_of(t, struct stor_chan, tasklet), true);
}

/* Hard interrupt. The channel stays masked until the tasklet is through. */
void stor_event(struct pvbus_channel *ch)
{
	struct stor_chan *chan = ch->data;

	tasklet_schedule(&chan->tasklet);
}

/* The host has nothing of these commands any more. @chan: NULL for every channel's. */
void stor_drain(struct storvsc *st, struct stor_chan *chan, enum stor_outcome outcome)
{
	const struct stor_verdict v = { .outcome = outcome };
	const struct stor_answer a = { };
	struct stor_slot *slot;
	struct stor_chan *on;
	unsigned int i;
	unsigned long id;

	for (i = 0; st->slot && i < st->depth; i++) {
		slot = &st->slot[i];
		id = smp_load_acquire(&slot->id);	/* as claim() does */
		if (!id)
			continue;
		on = slot->chan;
		if (chan && on != chan)
			continue;
		spin_lock_bh(&on->in_lock);
		if (cmpxchg(&slot->id, id, 0) == id)
			end_command(slot, slot->cmd, &a, &v);
		spin_unlock_bh(&on->in_lock);
	}
}

/* --- what all this needs --- */

void stor_chan_init(struct storvsc *st, unsigned int index)
{
	struct stor_chan *chan = &st->chan[index];

	chan->st = st;
	chan->index = index;
	spin_lock_init(&chan->out_lock);
	spin_lock_init(&chan->in_lock);
	tasklet_setup(&chan->tasklet, chan_tasklet);
}

static int bounce_alloc(struct storvsc *st, unsigned int n)
{
	unsigned int i;

	st->bounce_mem = kvcalloc(n, sizeof(*st->bounce_mem), GFP_KERNEL);
	if (!st->bounce_mem)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		st->bounce_mem[i].page = alloc_page(GFP_KERNEL);
		if (!st->bounce_mem[i].page)
			return -ENOMEM;
		st->bounce_mem[i].next = st->bounce;
		st->bounce = &st->bounce_mem[i];
		st->nr_bounce++;
	}
	return 0;
}

static int pfns_alloc(struct storvsc *st)
{
	unsigned int i;

	for (i = 0; i < st->nr_chans; i++) {
		st->chan[i].pfn = kvmalloc_array(STOR_MAX_PAGES, sizeof(u64), GFP_KERNEL);
		if (!st->chan[i].pfn)
			return -ENOMEM;
	}
	return 0;
}

/* For good: what was agreed on is known. */
int stor_slots_alloc(struct storvsc *st)
{
	int err;

	st->depth = min_t(unsigned int, st->nr_chans * STOR_CHAN_DEPTH, STOR_MAX_DEPTH);
	st->slot = kvcalloc(st->depth, sizeof(*st->slot), GFP_KERNEL);
	err = st->slot ? pfns_alloc(st) : -ENOMEM;
	if (!err)
		err = bounce_alloc(st, st->offer.max_transfer / STOR_PAGE + 1);
	if (err)
		stor_slots_free(st);
	return err;
}

/* All commands have ended, so every page is back. */
void stor_slots_free(struct storvsc *st)
{
	unsigned int i;

	for (; st->bounce; st->bounce = st->bounce->next)
		__free_page(st->bounce->page);
	st->nr_bounce = 0;
	kvfree(st->bounce_mem);
	st->bounce_mem = NULL;
	for (i = 0; i < st->max_chans; i++) {
		kvfree(st->chan[i].pfn);
		st->chan[i].pfn = NULL;
	}
	kvfree(st->slot);
	st->slot = NULL;
	st->depth = 0;
}
