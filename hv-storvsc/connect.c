// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: opening channels, the handshake, and giving all of it up.
 *
 *	CONNECTING  open the primary channel, agree on a version, hear what the host can do, ask for
 *	            sub-channels and open what comes; commands wait
 *	CONNECTED
 *	SUSPENDED   no channels; commands wait
 *	FAILED      the host refused, broke the protocol or does not answer: commands fail
 *	GONE        the host took the primary channel back; the driver will be told to let go
 *
 * A command that is on a channel when that is closed ends then, and not before: until then the host
 * may write to its pages.
 */
#include <linux/cpumask.h>
#include "storvsc.h"
#include "trace.h"

#define ANSWER_SECONDS		60	/* hosts have been seen to take long */

const char * const stor_phases[] = { "connecting", "connected", "suspended", "failed", "gone" };

/* What is gone stays gone. */
static void set_phase(struct storvsc *st, enum stor_phase phase)
{
	enum stor_phase was;

	do {
		was = READ_ONCE(st->phase);
		if (was == STOR_GONE)
			return;
	} while (cmpxchg(&st->phase, was, phase) != was);
	trace_stor_phase(st, phase);
}

/* --- what is said to the host beside commands --- */

/* Before a version is agreed on, a host is taken to be of the age of its VMBus. */
static u32 packet_size(const struct storvsc *st)
{
	if (st->dialect)
		return st->dialect->packet;
	return st->vdev->version < VMBUS_2_4 ? VSTOR_PACKET_SHORT : VSTOR_PACKET_LONG;
}

static int control_send(struct stor_chan *chan, const struct vstor_packet *p,
			unsigned long id)
{
	u32 size = packet_size(chan->st);
	int err = -ENODEV;

	spin_lock_bh(&chan->out_lock);
	if (chan->up)
		err = pvbus_channel_send(chan->ch, p, size, id, true);
	if (!err)
		pvbus_channel_kick(chan->ch);
	spin_unlock_bh(&chan->out_lock);
	return err;
}

/* Whoever waits for an answer on the primary channel waits no more. */
static void control_abort(struct storvsc *st)
{
	struct stor_ctl *ctl = &st->ctl;

	if (xchg(&ctl->id, 0)) {
		ctl->err = -ENODEV;
		complete(&ctl->done);
	}
}

/*
 * Say something to the host and wait for its answer, for @seconds at most.
 * Return: 0 with the answer in *@p, @size bytes of it, or an errno.
 */
int stor_control(struct storvsc *st, struct vstor_packet *p, unsigned int seconds, u32 *size)
{
	struct stor_ctl *ctl = &st->ctl;
	int err;
	unsigned long id;

	mutex_lock(&ctl->lock);
	reinit_completion(&ctl->done);
	id = stor_id(STOR_CTL_TAG, ++ctl->generation);
	/* Whoever finds the id finds all that was set before. */
	smp_store_release(&ctl->id, id);
	err = control_send(&st->chan[0], p, id);
	if (!err && !wait_for_completion_timeout(&ctl->done, secs_to_jiffies(seconds)))
		err = -ETIMEDOUT;
	if (!err || cmpxchg(&ctl->id, id, 0) != id) {
		/* It may have come just now. */
		if (err)
			wait_for_completion(&ctl->done);
		err = ctl->err;
		*p = ctl->answer;
		*size = ctl->size;
	}
	mutex_unlock(&ctl->lock);
	return err;
}

/* A step of the handshake. Return: 0, the answer being good or not, or an errno. */
static int step(struct storvsc *st, struct vstor_packet *p, const char *what, u32 *size)
{
	int err;

	if (READ_ONCE(st->dying))
		return -ENODEV;
	err = stor_control(st, p, ANSWER_SECONDS, size);
	if (!err && (*size < VSTOR_HEAD || *size > sizeof(*p) || p->operation != VSTOR_COMPLETE_IO))
		err = -EPROTO;
	if (err)
		dev_err_ratelimited(st->dev, "no good answer to \"%s\": error %d\n", what, err);
	return err;
}

static int must(struct storvsc *st, struct vstor_packet *p, const char *what, u32 *size)
{
	int err = step(st, p, what, size);

	if (err || !p->status)
		return err;
	dev_err_ratelimited(st->dev, "the host refuses \"%s\": status %#x\n", what, p->status);
	return -EIO;
}

static int say(struct storvsc *st, enum vstor_operation op, const char *what)
{
	struct vstor_packet p;
	u32 size;

	stor_build_op(&p, op);
	return must(st, &p, what, &size);
}

static int agree_on_version(struct storvsc *st)
{
	const struct stor_dialect *d;
	struct vstor_packet p;
	u32 size;
	int err;

	for (d = stor_dialects; d < stor_dialects + STOR_NR_DIALECTS; d++) {
		stor_build_op(&p, VSTOR_QUERY_VERSION);
		p.version.version = d->version;
		err = step(st, &p, "version", &size);
		if (err)
			return err;
		if (!p.status) {
			WRITE_ONCE(st->dialect, d);
			return 0;
		}
	}
	dev_err_ratelimited(st->dev, "the host knows none of our versions, 2.0 to 6.2\n");
	return -EIO;
}

static int hear_offer(struct storvsc *st)
{
	u32 had = st->offer.max_transfer;
	struct vstor_packet p;
	const char *wrong;
	u64 value;
	u32 size;
	int err;

	stor_build_op(&p, VSTOR_QUERY_PROPERTIES);
	err = must(st, &p, "properties", &size);
	if (err)
		return err;
	wrong = stor_parse_offer(&p, size, &st->offer, &value);
	if (wrong) {
		dev_err_ratelimited(st->dev, "%s %llu\n", wrong, value);
		return -EPROTO;
	}
	if (st->kind == STOR_IDE)
		st->offer.sub_channels = 0;
	if (had > st->offer.max_transfer) {
		dev_err_ratelimited(st->dev, "the host takes %u bytes at once now, %u before\n",
				    st->offer.max_transfer, had);
		st->offer.max_transfer = had;
		return -EIO;
	}
	st->offer.max_transfer = had ?: st->offer.max_transfer;
	return 0;
}

/* The disks are worth more than the names of the adapter they are behind. */
static int hear_names(struct storvsc *st)
{
	struct vstor_packet p;
	u32 size;
	int err;

	if (st->kind != STOR_FC)
		return 0;
	stor_build_op(&p, VSTOR_FCHBA_DATA);
	err = step(st, &p, "names", &size);
	if (err)
		return err;
	if (p.status || stor_parse_wwn(&p, size, &st->wwn))
		dev_warn(st->dev, "the host does not tell the adapter's names: status %#x, %u bytes\n",
			 p.status, size);
	stor_fc_show(st);
	return 0;
}

/* --- channels --- */

/* With map_queues(): commands of a CPU go out on the channel of its number, modulo. */
static unsigned int chan_cpu(const struct storvsc *st, unsigned int index)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (cpu % max(st->nr_chans, 1U) == index)
			return cpu;
	}
	return cpumask_first(cpu_online_mask);
}

/* Nothing more goes out, nothing more is taken. */
static void chan_stop(struct stor_chan *chan)
{
	spin_lock_bh(&chan->out_lock);
	chan->up = false;
	chan->live = false;
	chan->unseen = false;
	spin_unlock_bh(&chan->out_lock);
	spin_lock_bh(&chan->in_lock);
	chan->taking = false;
	spin_unlock_bh(&chan->in_lock);
}

static int chan_open(struct stor_chan *chan, struct pvbus_channel *ch,
		     const struct pvbus_channel_ops *ops)
{
	u32 bytes = stor_ring_kb * 1024;
	int err;

	chan->ch = ch;
	ch->data = chan;
	chan->cpu = chan_cpu(chan->st, chan->index);
	err = pvbus_channel_open(ch, ops, bytes, bytes, chan->cpu);
	if (err) {
		tasklet_kill(&chan->tasklet);
		return err;
	}
	chan->open = true;
	spin_lock_bh(&chan->out_lock);
	chan->up = true;
	spin_unlock_bh(&chan->out_lock);
	spin_lock_bh(&chan->in_lock);
	chan->taking = true;
	spin_unlock_bh(&chan->in_lock);
	/* An event that came before that was nobody's, and left the channel masked. */
	tasklet_schedule(&chan->tasklet);
	return 0;
}

/* When this returns it is closed, whoever of several has done it. */
static void chan_close(struct stor_chan *chan)
{
	mutex_lock(&chan->st->chan_lock);
	if (chan->open) {
		chan->open = false;
		chan_stop(chan);
		pvbus_channel_close(chan->ch);
		tasklet_kill(&chan->tasklet);
	}
	mutex_unlock(&chan->st->chan_lock);
}

/* Under chan_lock. */
static void chan_start(struct stor_chan *chan)
{
	spin_lock_bh(&chan->out_lock);
	chan->live = chan->up;
	spin_unlock_bh(&chan->out_lock);
	WRITE_ONCE(chan->st->map[chan->index], chan);
	/* The last ones of a batch that was begun on the primary come here now. */
	stor_kick(&chan->st->chan[0]);
}

/* The host takes a sub-channel back: its commands go on by the primary. */
static void sub_rescinded(struct pvbus_channel *ch)
{
	struct stor_chan *chan = ch->data;
	struct storvsc *st = chan->st;

	chan_close(chan);
	/* Not before: start_all() has one that is open used. */
	WRITE_ONCE(st->map[chan->index], &st->chan[0]);
	stor_drain(st, chan, STOR_REQUEUE);
}

static const struct pvbus_channel_ops sub_ops = {
	.event = stor_event,
	.rescinded = sub_rescinded,
};

static void sub_offered(struct pvbus_channel *primary, struct pvbus_channel *sub)
{
	struct stor_chan *chan = primary->data;
	struct storvsc *st = chan->st;
	unsigned int i = 1, noio;

	mutex_lock(&st->chan_lock);
	noio = memalloc_noio_save();	/* as with @lock, whose owner takes chan_lock, too */
	while (i < st->nr_chans && st->chan[i].open)
		i++;
	chan = &st->chan[i];
	if (st->welcome && i < st->nr_chans && !chan_open(chan, sub, &sub_ops) &&
	    READ_ONCE(st->phase) == STOR_CONNECTED)
		chan_start(chan);
	memalloc_noio_restore(noio);
	mutex_unlock(&st->chan_lock);
}

/* The host takes the device back, and will answer nothing more: nobody shall wait for it. */
static void primary_rescinded(struct pvbus_channel *ch)
{
	struct stor_chan *chan = ch->data;
	struct storvsc *st = chan->st;
	unsigned int i;

	set_phase(st, STOR_GONE);
	for (i = 0; i < st->max_chans; i++)
		chan_stop(&st->chan[i]);
	control_abort(st);
	stor_drain(st, NULL, STOR_NO_CONNECT);
}

static const struct pvbus_channel_ops primary_ops = {
	.event = stor_event,
	.rescinded = primary_rescinded,
	.subchannel = sub_offered,
};

unsigned int stor_nr_open(struct storvsc *st)
{
	unsigned int i, n = 0;

	mutex_lock(&st->chan_lock);
	for (i = 0; i < st->nr_chans; i++)
		n += st->chan[i].open;
	mutex_unlock(&st->chan_lock);
	return n;
}

/*
 * Nobody waits for them: each is used from when it comes. Fewer than were asked for, or none, are
 * no reason to do without the disk.
 */
static void ask_for_subchannels(struct storvsc *st)
{
	unsigned int want = min_t(unsigned int, st->offer.sub_channels, st->nr_chans - 1);
	struct vstor_packet p;
	u32 size;

	if (!want)
		return;
	mutex_lock(&st->chan_lock);
	st->welcome = true;
	mutex_unlock(&st->chan_lock);
	stor_build_op(&p, VSTOR_CREATE_SUB_CHANNELS);
	p.sub_channels = want;
	must(st, &p, "sub-channels", &size);
	/* Some may have been offered before they were welcome. */
	pvbus_channel_want_subchannels(st->vdev->channel);
}

/* --- all of it --- */

static int shake_hands(struct storvsc *st)
{
	int err;

	WRITE_ONCE(st->dialect, NULL);
	err = say(st, VSTOR_BEGIN_INIT, "begin") ?: agree_on_version(st) ?: hear_offer(st) ?:
	      hear_names(st);
	if (err)
		return err;
	return say(st, VSTOR_END_INIT, "end");
}

static int first_time(struct storvsc *st)
{
	int err;

	if (st->slot)
		return 0;
	st->nr_chans = min_t(unsigned int, st->offer.sub_channels + 1, st->max_chans);
	mutex_lock(&st->chan_lock);	/* debugfs may be looking */
	err = stor_slots_alloc(st);
	mutex_unlock(&st->chan_lock);
	return err;
}

static void start_all(struct storvsc *st)
{
	unsigned int i;

	mutex_lock(&st->chan_lock);
	set_phase(st, STOR_CONNECTED);
	for (i = 0; i < st->nr_chans; i++) {
		WRITE_ONCE(st->map[i], &st->chan[0]);
		if (st->chan[i].open)
			chan_start(&st->chan[i]);
	}
	mutex_unlock(&st->chan_lock);
}

/* Under @lock. Return: 0, or an errno; then there is nothing left of the attempt. */
int stor_connect(struct storvsc *st)
{
	int err = -ENODEV;

	set_phase(st, STOR_CONNECTING);
	mutex_lock(&st->chan_lock);
	if (!READ_ONCE(st->dying))
		err = chan_open(&st->chan[0], st->vdev->channel, &primary_ops);
	mutex_unlock(&st->chan_lock);
	if (!err)
		err = shake_hands(st) ?: first_time(st);
	if (!err) {
		ask_for_subchannels(st);
		if (READ_ONCE(st->dying) || READ_ONCE(st->phase) == STOR_GONE)
			err = -ENODEV;
	}
	if (err) {
		stor_disconnect(st, STOR_FAILED, STOR_NO_CONNECT);
		return err;
	}
	start_all(st);
	dev_info(st->dev, "protocol %u.%u, up to %u channels, %u KiB at a time\n",
		 st->dialect->version >> 8, st->dialect->version & 0xff, st->nr_chans,
		 st->offer.max_transfer / 1024);
	return 0;
}

/* Under @lock. What is on the channels ends with @outcome. */
void stor_disconnect(struct storvsc *st, enum stor_phase phase, enum stor_outcome outcome)
{
	unsigned int i;

	set_phase(st, phase);
	mutex_lock(&st->chan_lock);
	st->welcome = false;
	mutex_unlock(&st->chan_lock);
	for (i = st->max_chans; i--;)
		chan_close(&st->chan[i]);
	control_abort(st);
	stor_drain(st, NULL, outcome);
}

/* A new connection; commands that were on their way are sent again. */
int stor_reconnect(struct storvsc *st)
{
	int err = -ENODEV;

	pvbus_noio_lock(&st->lock);
	if (READ_ONCE(st->phase) != STOR_GONE && st->phase != STOR_SUSPENDED) {
		stor_disconnect(st, STOR_CONNECTING, STOR_RESET);
		pvbus_unquarantine(&st->vdev->pdev);
		err = stor_connect(st);
		st->reconnects += !err;
	}
	pvbus_noio_unlock(&st->lock);
	return err;
}

/* The driver lets go: a handshake that is under way is of no use. */
void stor_give_up_waiting(struct storvsc *st)
{
	WRITE_ONCE(st->dying, true);
	if (READ_ONCE(st->phase) == STOR_CONNECTING)
		control_abort(st);
}
