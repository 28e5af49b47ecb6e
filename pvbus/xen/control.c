// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the toolstack wants of the whole guest: it writes a word into control/shutdown, and we empty
 * the node to say that we have read it. Which words we follow stands in control/feature-WORD.
 *
 * Specification: docs/misc/xenstore-paths.pandoc, "~/control/shutdown"
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <pvbus/xen.h>
#include "internal.h"

static void (*control_awake)(void);

static void publish(const char *value);

static void sleep_now(void)
{
	xen_suspend(control_awake);
	publish("1");	/* another host's nodes say nothing yet */
}

static void power_off(void)
{
	orderly_poweroff(false);
}

static const struct {
	const char *word, *feature;
	void (*follow)(void);
} orders[] = {
	{ "poweroff", "feature-poweroff", power_off },
	{ "halt", NULL, power_off },	/* no host makes a node for it */
	{ "reboot", "feature-reboot", orderly_reboot },
	{ "suspend", "feature-suspend", sleep_now },
};

/* Read the order and take it out of the store. -ENOENT: there is none */
static int take_order(u32 tx, void *data)
{
	char **order = data;
	char *word = pvbus_xs_read(tx, "control", "shutdown", NULL);

	kfree(*order);
	*order = IS_ERR(word) ? NULL : word;
	if (IS_ERR(word))
		return PTR_ERR(word);
	return *word ? pvbus_xs_printf(tx, "control", "shutdown", "%s", "") : -ENOENT;
}

static void follow(const char *word)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		if (strcmp(word, orders[i].word))
			continue;
		pr_info("pvbus: the host asks for %s\n", word);
		orders[i].follow();
		return;
	}
	pr_warn_ratelimited("pvbus: control/shutdown: \"%*pE\" is not followed\n",
			    (int)min_t(size_t, strlen(word), 32), word);
}

static void shutdown_changed(struct pvbus_xs_watch *watch, const char *path)
{
	char *word = NULL;
	int err = pvbus_xs_transact(take_order, &word);

	if (!err)
		follow(word);
	else if (word && *word)
		pr_warn_ratelimited("pvbus: control/shutdown: cannot answer: error %d\n", err);
	kfree(word);
}

static struct pvbus_xs_watch shutdown_watch = { .fn = shutdown_changed };

/* The nodes are the toolstack's, who lets us write but not make them anew. */
static void publish(const char *value)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		if (orders[i].feature)
			pvbus_xs_printf(PVBUS_XS_NIL, "control", orders[i].feature, "%s", value);
	}
}

/*
 * xen_control_start - follow the toolstack's orders from now on
 *
 * @awake: see pvbus_xen_bus_start()
 *
 * A host that does not let us say what we follow, or watch, has to do without.
 *
 * Context: may sleep; the store answers.
 */
void xen_control_start(void (*awake)(void))
{
	int err;

	control_awake = awake;
	err = pvbus_xs_watch(&shutdown_watch, "control", "shutdown");
	if (err)
		pr_warn("pvbus: control/shutdown: no watch: error %d\n", err);
	else
		publish("1");
}

/* xen_control_stop - nobody follows any more. May sleep */
void xen_control_stop(void)
{
	if (!shutdown_watch.path[0])
		return;
	publish("0");
	pvbus_xs_unwatch(&shutdown_watch);
}
