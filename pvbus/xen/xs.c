// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store's client: requests and their replies, transactions, watches. What bytes mean is in
 * xs_core.c.
 *
 * One request is under way at a time. One reader, a work item, takes messages off the ring: a reply
 * goes to the request that waits for it, a watch event to the watch's own work item, so that no
 * callback holds up the reader or another watch. Memory is asked for without I/O, for a disk may be
 * waiting for us. Specification: docs/misc/xenstore.txt.
 */
#define pr_fmt(fmt) "pvbus: store: " fmt

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <bus.h>
#include <pvbus/xen.h>
#include "intree.h"
#include "store.h"
#include "xs_core.h"

#define XS_TIMEOUT	(30 * HZ)
#define XS_COMMIT_TRIES	100		/* of a transaction that others interfere with */
#define XS_POLL		(HZ / 2)	/* how often to look, lest an event got lost */

static struct {
	void (*notify)(void);
	bool up;			/* events count */
	bool dead;			/* the host broke the protocol, or we stopped */

	struct mutex tx_mutex;		/* two transactions of ours would make each other fail */
	struct mutex lock;		/* who has it may make a request */
	bool suspended;			/* written under both */
	bool silent;			/* the last request was not answered in time */
	u32 last_id;
	struct {
		struct xs_header hdr;
		char body[XS_BODY_MAX];
	} request;

	spinlock_t reply_lock;		/* @want, @reply, @reply_body */
	u32 want;			/* req_id of the reply that is waited for; 0: none */
	struct xs_header reply;
	char reply_body[XS_BODY_MAX + 1];

	wait_queue_head_t wait;		/* for a reply, for room, for the end of suspension */
	struct workqueue_struct *reader_wq, *watch_wq;
	struct work_struct reader;
	struct xs_link link;

	struct mutex watch_mutex;	/* registers and unregisters one at a time */
	spinlock_t watch_lock;		/* @watches and what is pending in them */
	struct list_head watches;
	u32 last_token;
} xs = {
	.tx_mutex = __MUTEX_INITIALIZER(xs.tx_mutex),
	.lock = __MUTEX_INITIALIZER(xs.lock),
	.reply_lock = __SPIN_LOCK_UNLOCKED(xs.reply_lock),
	.wait = __WAIT_QUEUE_HEAD_INITIALIZER(xs.wait),
	.watch_mutex = __MUTEX_INITIALIZER(xs.watch_mutex),
	.watch_lock = __SPIN_LOCK_UNLOCKED(xs.watch_lock),
	.watches = LIST_HEAD_INIT(xs.watches),
};

static void xs_break(const char *why)
{
	struct xs_ring *ring = xs.link.ring;
	u32 said = READ_ONCE(ring->features) & XS_FEATURE_ERROR ? READ_ONCE(ring->error) : 0;

	if (!xchg(&xs.dead, true))
		pr_err("out of use, for the host broke the protocol: %s (its word: %u)\n", why,
		       said);
	wake_up_all(&xs.wait);
}

/* -- the reader -- */

static void xs_take_reply(void)
{
	const struct xs_header *hdr = &xs.link.hdr;
	bool wanted;

	spin_lock(&xs.reply_lock);
	wanted = xs.want && hdr->req_id == xs.want;
	if (wanted) {
		xs.reply = *hdr;
		memcpy(xs.reply_body, xs.link.body, hdr->len + 1);
		WRITE_ONCE(xs.want, 0);
	}
	spin_unlock(&xs.reply_lock);
	WRITE_ONCE(xs.silent, false);
	if (!wanted)
		pr_warn_ratelimited("reply to request %u, which waits for none: dropped\n",
				    hdr->req_id);
}

/* A path that is too long to keep becomes "", which stands for the watch's own. */
static void xs_take_event(void)
{
	struct pvbus_xs_watch *watch;
	const char *path;
	u32 token;

	if (xs_split_event(xs.link.body, xs.link.hdr.len, &path, &token)) {
		pr_warn_ratelimited("watch event of %u bytes without path and token: dropped\n",
				    xs.link.hdr.len);
		return;
	}
	spin_lock(&xs.watch_lock);
	list_for_each_entry(watch, &xs.watches, link) {
		if (watch->token != token)
			continue;
		if (watch->pending)
			xs_meet(watch->changed, path);
		else if (strscpy(watch->changed, path, sizeof(watch->changed)) < 0)
			watch->changed[0] = 0;
		if (!xs_below(watch->changed, watch->path))
			watch->changed[0] = 0;
		watch->pending = true;
		queue_work(xs.watch_wq, &watch->work);
		break;
	}
	spin_unlock(&xs.watch_lock);
}

static void xs_read_work(struct work_struct *work)
{
	int got = 0;

	while (READ_ONCE(xs.up) && !READ_ONCE(xs.dead) && (got = xs_get(&xs.link)) > 0) {
		if (xs.link.hdr.type == XS_WATCH_EVENT)
			xs_take_event();
		else
			xs_take_reply();
		cond_resched();
	}
	if (got < 0)
		xs_break(got == -EIO ? "impossible response index" : "message over 4096 bytes");
	if (xs.link.starved) {
		xs.link.starved = false;
		xs.notify();
	}
	wake_up_all(&xs.wait);
}

/* pvbus_xs_event - the host touched the ring. Context: any */
void pvbus_xs_event(void)
{
	if (READ_ONCE(xs.up))
		queue_work(xs.reader_wq, &xs.reader);
}

/* -- requests -- */

/* Wait for room on the ring for the @unsent bytes; or, if there are none, for the reply */
static int xs_wait(unsigned int unsent, unsigned long deadline)
{
	while (!wait_event_timeout(xs.wait, READ_ONCE(xs.dead) || (unsent ?
				   xs_room(&xs.link, unsent) : !READ_ONCE(xs.want)), XS_POLL)) {
		if (time_after_eq(jiffies, deadline))
			return -ETIMEDOUT;
		xs.notify();
		pvbus_xs_event();
	}
	return READ_ONCE(xs.dead) ? -EIO : 0;
}

static int xs_send(unsigned long deadline)
{
	unsigned int len = sizeof(xs.request.hdr) + xs.request.hdr.len;
	unsigned int sent;
	int n, err;

	for (sent = 0; sent < len; sent += n) {
		err = xs_wait(len - sent, deadline);
		if (err == -ETIMEDOUT && sent)
			xs_break("it takes half of a request and no more");
		if (err)
			return err;
		n = xs_put(&xs.link, (char *)&xs.request + sent, len - sent);
		if (n < 0) {
			xs_break("impossible request index");
			return n;
		}
		xs.notify();
	}
	return 0;
}

/*
 * Send xs.request and wait for its reply. A host that was silent last time is given a second, not
 * half a minute.
 */
static int xs_exchange(void)
{
	unsigned int secs = READ_ONCE(xs.silent) ? 1 : XS_TIMEOUT / HZ;
	unsigned long deadline = jiffies + secs * HZ;
	int err;

	spin_lock(&xs.reply_lock);
	WRITE_ONCE(xs.want, xs.request.hdr.req_id);
	spin_unlock(&xs.reply_lock);
	err = xs_send(deadline);
	if (!err)
		err = xs_wait(0, deadline);
	spin_lock(&xs.reply_lock);
	if (!xs.want)
		err = 0;
	WRITE_ONCE(xs.want, 0);
	spin_unlock(&xs.reply_lock);
	if (err == -ETIMEDOUT) {
		WRITE_ONCE(xs.silent, true);
		pr_err_ratelimited("no answer within %u s to request %u about \"%s\"\n", secs,
				   xs.request.hdr.type, xs.request.body);
	}
	return err;
}

static int xs_reply_errno(void)
{
	int err;

	if (xs.reply.type == xs.request.hdr.type)
		return 0;
	if (xs.reply.type != XS_ERROR) {
		pr_warn_ratelimited("reply of type %u to a request of type %u\n", xs.reply.type,
				    xs.request.hdr.type);
		return -EIO;
	}
	err = xs_errno(xs.reply_body);
	if (!err)
		pr_warn_ratelimited("unknown error \"%*pE\" about \"%s\"\n",
				    (int)strnlen(xs.reply_body, 32), xs.reply_body,
				    xs.request.body);
	return err ?: -EIO;
}

/* Put a request together in xs.request: a path (@dir NULL: none), then @size bytes of @data */
static int xs_build(u32 type, u32 tx, const char *dir, const char *node, const void *data,
		    size_t size)
{
	int n = 0;

	if (dir)
		n = xs_join(xs.request.body, sizeof(xs.request.body), dir, node);
	if (n < 0)
		return n;
	if (size > sizeof(xs.request.body) - n)
		return -E2BIG;
	memcpy(xs.request.body + n, data, size);
	if (!++xs.last_id)
		xs.last_id = 1;
	xs.request.hdr = (struct xs_header){ type, xs.last_id, tx, n + size };
	return 0;
}

/* Take xs.lock, not while suspended */
static void xs_enter(void)
{
	for (;;) {
		mutex_lock(&xs.lock);
		if (!xs.suspended || xs.dead)
			return;
		mutex_unlock(&xs.lock);
		wait_event(xs.wait, !READ_ONCE(xs.suspended) || READ_ONCE(xs.dead));
	}
}

/*
 * One request. @reply, unless it is NULL, gets the reply's body, kmalloc'ed and with a NUL after
 * its *@len bytes; @len may be NULL.
 * Return: 0 or an errno.
 */
static int xs_request(u32 type, u32 tx, const char *dir, const char *node, const void *data,
		      size_t size, char **reply, unsigned int *len)
{
	int err;

	xs_enter();
	err = READ_ONCE(xs.dead) ? -EIO : xs_build(type, tx, dir, node, data, size);
	if (!err)
		err = xs_exchange();
	if (!err)
		err = xs_reply_errno();
	if (!err && reply) {
		if (len)
			*len = xs.reply.len;
		*reply = kmemdup_nul(xs.reply_body, xs.reply.len, GFP_NOIO);
		err = *reply ? 0 : -ENOMEM;
	}
	mutex_unlock(&xs.lock);
	return err;
}

/**
 * pvbus_xs_read - a node's value
 * @tx: transaction or PVBUS_XS_NIL
 * @dir: folder
 * @node: node in it
 * @len: gets the value's length, for it may contain NULs; may be NULL
 *
 * Context: may sleep, for 30 seconds at most if the host does not answer.
 * Return: the value with a NUL behind it, for kfree(); or an ERR_PTR: the host's errno (-ENOENT: no
 * such node), -EINVAL or -ENAMETOOLONG for a path that cannot be, -ETIMEDOUT, -EIO if the store is
 * out of use, -ENOMEM.
 */
char *pvbus_xs_read(u32 tx, const char *dir, const char *node, unsigned int *len)
{
	char *value;
	int err;

	if (in_tree())
		return intree_read(tx, dir, node, len);
	err = xs_request(XS_READ, tx, dir, node, NULL, 0, &value, len);
	return err ? ERR_PTR(err) : value;
}
EXPORT_SYMBOL_GPL(pvbus_xs_read);

/**
 * pvbus_xs_printf - set a node's value from a format
 * @tx: transaction or PVBUS_XS_NIL
 * @dir: folder
 * @node: node in it
 * @fmt: as for printk(); path and value share 4096 bytes, -E2BIG if they do not fit
 *
 * The node is made, and the folders above it, where there are none.
 *
 * Context: may sleep.
 * Return: 0 or an errno as from pvbus_xs_read().
 */
int pvbus_xs_printf(u32 tx, const char *dir, const char *node, const char *fmt, ...)
{
	va_list ap;
	char *value;
	int err;

	va_start(ap, fmt);
	value = kvasprintf(GFP_NOIO, fmt, ap);
	va_end(ap);
	if (!value)
		return -ENOMEM;
	err = in_tree() ? intree_write(tx, dir, node, value) :
	      xs_request(XS_WRITE, tx, dir, node, value, strlen(value), NULL, NULL);
	kfree(value);
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_xs_printf);

/**
 * pvbus_xs_rm - remove a node and everything below it
 * @tx: transaction or PVBUS_XS_NIL
 * @dir: folder
 * @node: node in it; need not exist, while the folder must
 *
 * Context: may sleep.
 * Return: 0 or an errno as from pvbus_xs_read().
 */
int pvbus_xs_rm(u32 tx, const char *dir, const char *node)
{
	if (in_tree())
		return intree_rm(tx, dir, node);
	return xs_request(XS_RM, tx, dir, node, NULL, 0, NULL, NULL);
}

/**
 * pvbus_xs_directory - names of what is in a folder
 * @tx: transaction or PVBUS_XS_NIL
 * @dir: folder
 * @node: folder in it
 * @n: gets their number
 *
 * Context: may sleep.
 * Return: that many names, all in one piece of memory for kfree(). Or an ERR_PTR: as from
 * pvbus_xs_read(), or -E2BIG if the names take more than 4096 bytes.
 */
char **pvbus_xs_directory(u32 tx, const char *dir, const char *node, unsigned int *n)
{
	char *body, **list = NULL;
	unsigned int len;
	int count, err;

	if (in_tree())
		return intree_directory(tx, dir, node, n);
	err = xs_request(XS_DIRECTORY, tx, dir, node, NULL, 0, &body, &len);
	if (err)
		return ERR_PTR(err);
	count = xs_split_names(body, len, NULL, 0);
	if (count >= 0)
		list = kmalloc(count * sizeof(*list) + len, GFP_NOIO);
	if (list) {
		memcpy(list + count, body, len);
		xs_split_names((char *)(list + count), len, (const char **)list, count);
		*n = count;
	} else if (count < 0) {
		pr_warn_ratelimited("folder %s/%s: a name in it is none\n", dir, node);
	}
	kfree(body);
	return list ?: ERR_PTR(count < 0 ? -EIO : -ENOMEM);
}

static int xs_txn_start(u32 *tx)
{
	unsigned int len;
	char *body;
	u64 id = 0;
	int err;

	if (in_tree())
		return intree_txn_start(tx);
	err = xs_request(XS_TRANSACTION_START, PVBUS_XS_NIL, NULL, NULL, "", 1, &body, &len);
	if (err)
		return err;
	err = xs_parse_num(body, len, &id, 1, U32_MAX);
	if (err)
		pr_warn_ratelimited("\"%*pE\" is no transaction\n", min_t(int, len, 32), body);
	*tx = id;
	kfree(body);
	return err;
}

static int xs_txn_end(u32 tx, bool abort)
{
	if (in_tree())
		return intree_txn_end(tx, abort);
	return xs_request(XS_TRANSACTION_END, tx, NULL, NULL, abort ? "F" : "T", 2, NULL, NULL);
}

/*
 * pvbus_xs_transact - requests of which all are carried out, or none
 * @fn: makes them, with @tx, and waits for nothing else; called again if others interfered
 * @data: for @fn
 *
 * Context: may sleep.
 * Return: 0; what @fn returned, if that is not 0, and nothing has happened; -EAGAIN if others
 * interfere for ever; or an errno as from pvbus_xs_read().
 */
int pvbus_xs_transact(int (*fn)(u32 tx, void *data), void *data)
{
	int err, end, tries = 0;
	u32 tx;

	mutex_lock(&xs.tx_mutex);
	do {
		err = xs_txn_start(&tx);
		if (err)
			break;
		err = fn(tx, data);
		end = xs_txn_end(tx, err);
		err = err ?: end;
	} while (err == -EAGAIN && ++tries < XS_COMMIT_TRIES);
	mutex_unlock(&xs.tx_mutex);
	return err;
}

/* -- watches -- */

static void xs_watch_work(struct work_struct *work)
{
	struct pvbus_xs_watch *watch = container_of(work, struct pvbus_xs_watch, work);
	char path[sizeof(watch->changed)];

	spin_lock(&xs.watch_lock);
	strscpy(path, watch->changed, sizeof(path));
	watch->pending = false;
	spin_unlock(&xs.watch_lock);
	watch->fn(watch, path[0] ? path : watch->path);
}

static int xs_tell_watch(u32 type, const struct pvbus_xs_watch *watch)
{
	char token[12];

	snprintf(token, sizeof(token), "%x", watch->token);
	return xs_request(type, PVBUS_XS_NIL, watch->path, "", token, strlen(token) + 1, NULL,
			  NULL);
}

static void xs_remove_watch(struct pvbus_xs_watch *watch)
{
	int err;

	mutex_lock(&xs.watch_mutex);
	spin_lock(&xs.watch_lock);
	list_del(&watch->link);
	spin_unlock(&xs.watch_lock);
	err = xs_tell_watch(XS_UNWATCH, watch);
	mutex_unlock(&xs.watch_mutex);
	if (err)
		pr_debug("unwatch %s: error %d\n", watch->path, err);
	cancel_work_sync(&watch->work);
}

static int xs_add_watch(struct pvbus_xs_watch *watch)
{
	int err;

	INIT_WORK(&watch->work, xs_watch_work);
	watch->pending = false;
	mutex_lock(&xs.watch_mutex);
	watch->token = ++xs.last_token;
	/* Its first event may overtake the reply. */
	spin_lock(&xs.watch_lock);
	list_add_tail(&watch->link, &xs.watches);
	spin_unlock(&xs.watch_lock);
	err = xs_tell_watch(XS_WATCH, watch);
	mutex_unlock(&xs.watch_mutex);
	/* A host that was late may have it all the same. */
	if (err)
		xs_remove_watch(watch);
	return err;
}

/**
 * pvbus_xs_watch - register a watch
 * @watch: with fn set; not registered
 * @dir: folder
 * @node: node in it
 *
 * The host allows so many watches per guest, 128 as a rule.
 *
 * Context: may sleep.
 * Return: 0 or an errno as from pvbus_xs_read().
 */
int pvbus_xs_watch(struct pvbus_xs_watch *watch, const char *dir, const char *node)
{
	int err = xs_join(watch->path, sizeof(watch->path), dir, node);

	if (err > 0)
		err = in_tree() ? intree_watch(watch) : xs_add_watch(watch);
	if (err)
		watch->path[0] = 0;
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_xs_watch);

/**
 * pvbus_xs_unwatch - unregister a watch; its callback is not running any more when this returns
 * @watch: if it is not registered, nothing happens
 *
 * Context: may sleep; not from the watch's own callback.
 */
void pvbus_xs_unwatch(struct pvbus_xs_watch *watch)
{
	if (!watch->path[0])
		return;
	if (in_tree())
		intree_unwatch(watch);
	else
		xs_remove_watch(watch);
	watch->path[0] = 0;
}
EXPORT_SYMBOL_GPL(pvbus_xs_unwatch);

/* -- start and stop -- */

/*
 * Have the host clear the ring: it forgets requests, watches and transactions of ours along with
 * what was in it
 */
static int xs_reconnect(struct xs_ring *ring)
{
	unsigned long deadline = jiffies + XS_TIMEOUT;

	WRITE_ONCE(ring->connection, XS_RECONNECT);
	xs.notify();
	while (READ_ONCE(ring->connection) != XS_CONNECTED) {
		if (time_after_eq(jiffies, deadline))
			return -ETIMEDOUT;
		msleep(20);
	}
	/* The host cleared the ring before it said so. */
	virt_rmb();
	return xs_open(&xs.link, ring);
}

/*
 * Where the host cannot do that: let what an earlier user left run out, until nothing comes for a
 * fifth of a second
 */
static int xs_run_out(struct xs_ring *ring)
{
	int tries, quiet = 0;

	for (tries = 0; tries < 100 && quiet < 4; tries++) {
		xs_drain(&xs.link);
		xs.notify();
		msleep(50);
		quiet = xs_open(&xs.link, ring) > 0 ? quiet + 1 : 0;
	}
	return xs_open(&xs.link, ring);
}

static int xs_attach(struct xs_ring *ring)
{
	bool can_reconnect = READ_ONCE(ring->features) & XS_FEATURE_RECONNECT;
	int clean = xs_open(&xs.link, ring);

	if (can_reconnect && (clean <= 0 || READ_ONCE(ring->connection) != XS_CONNECTED))
		clean = xs_reconnect(ring);
	else if (!clean)
		clean = xs_run_out(ring);
	if (clean <= 0) {
		pr_err("ring not usable: requests %u..%u, responses %u..%u%s\n", ring->req_cons,
		       ring->req_prod, ring->rsp_cons, ring->rsp_prod,
		       can_reconnect ? "; the host does not reset it" : "");
		return clean ?: -EBUSY;
	}
	WRITE_ONCE(xs.dead, false);
	WRITE_ONCE(xs.up, true);
	return 0;
}

static void xs_detach(void)
{
	WRITE_ONCE(xs.up, false);
	/* An interrupt may have seen it up, and be about to queue the reader. */
	synchronize_rcu();
	cancel_work_sync(&xs.reader);
}

/*
 * Forget watches and transactions that an earlier user left; not every host can, and some break
 * when asked. Whatever the host answers first, it proves that the store works.
 */
static int xs_reset(void)
{
	char *can = pvbus_xs_read(PVBUS_XS_NIL, "control", "platform-feature-xs_reset_watches",
				  NULL);
	int err = 0;

	if (IS_ERR(can))
		return store_failed(PTR_ERR(can)) ? PTR_ERR(can) : 0;
	if (!strcmp(can, "1"))
		err = xs_request(XS_RESET_WATCHES, PVBUS_XS_NIL, NULL, NULL, "", 1, NULL, NULL);
	kfree(can);
	if (err)
		pr_warn("watches of an earlier user not reset: error %d\n", err);
	return store_failed(err) ? err : 0;
}

/*
 * pvbus_xs_start - connect to the store
 * @ring: the page shared with it
 * @notify: tells the host to look at it; may be called from several contexts at once
 *
 * Request ids and tokens start anywhere, so that nothing an earlier user asked for looks like ours.
 *
 * Context: may sleep; events need not arrive yet, though without them every answer takes half a
 * second.
 * Return: 0 once it has answered; -ENOMEM, -EIO, -EBUSY, -ETIMEDOUT.
 */
int pvbus_xs_start(void *ring, void (*notify)(void))
{
	int err = -ENOMEM;

	xs.notify = notify;
	xs.last_id = get_random_u32();
	xs.last_token = get_random_u32();
	xs.suspended = xs.silent = false;
	xs.want = 0;
	INIT_WORK(&xs.reader, xs_read_work);
	xs.reader_wq = alloc_workqueue("pvbus_xs", WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM, 1);
	xs.watch_wq = alloc_workqueue("pvbus_watch", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (xs.reader_wq && xs.watch_wq)
		err = xs_attach(ring);
	if (!err)
		err = xs_reset();
	if (err)
		pvbus_xs_stop();
	return err;
}

/* pvbus_xs_stop - leave the store: nothing of ours runs or waits any more. Context: may sleep */
void pvbus_xs_stop(void)
{
	struct pvbus_xs_watch *watch, *next;

	list_for_each_entry_safe(watch, next, &xs.watches, link) {
		pr_err("watch on %s left behind\n", watch->path);
		pvbus_xs_unwatch(watch);
	}
	WRITE_ONCE(xs.dead, true);
	wake_up_all(&xs.wait);
	xs_detach();
	if (xs.watch_wq)
		destroy_workqueue(xs.watch_wq);
	if (xs.reader_wq)
		destroy_workqueue(xs.reader_wq);
	xs.watch_wq = xs.reader_wq = NULL;
}

/*
 * pvbus_xs_suspend - the guest is about to be saved: let what is under way end, start nothing new
 *
 * Context: may sleep. Who makes a request until pvbus_xs_resume() waits for it.
 */
void pvbus_xs_suspend(void)
{
	mutex_lock(&xs.tx_mutex);
	mutex_lock(&xs.lock);
	WRITE_ONCE(xs.suspended, true);
	mutex_unlock(&xs.lock);
	mutex_unlock(&xs.tx_mutex);
	xs_detach();
}

/*
 * pvbus_xs_resume - go on, at the same host or another one, which knows nothing of our watches
 * @ret: an errno if what is below the store could not go on; then nor does it
 *
 * Context: may sleep; the ring's page and notify() work again.
 * Return: 0, @ret, or an errno as from pvbus_xs_start(); the store is then out of use.
 */
int pvbus_xs_resume(int ret)
{
	struct pvbus_xs_watch *watch;
	int err;

	mutex_lock(&xs.lock);
	ret = ret ?: xs_attach(xs.link.ring);
	if (ret)
		WRITE_ONCE(xs.dead, true);
	WRITE_ONCE(xs.suspended, false);
	mutex_unlock(&xs.lock);
	wake_up_all(&xs.wait);
	mutex_lock(&xs.watch_mutex);
	list_for_each_entry(watch, &xs.watches, link) {
		err = ret ?: xs_tell_watch(XS_WATCH, watch);
		if (err && err != -EEXIST)
			pr_err("watch on %s not renewed: error %d\n", watch->path, err);
	}
	mutex_unlock(&xs.watch_mutex);
	return ret;
}
