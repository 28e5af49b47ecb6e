// SPDX-License-Identifier: GPL-2.0-only
/* The last two stages of Xen's bring-up: the store's page and port, and the bus behind it. */
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <asm/processor.h>
#include <pvbus/platform.h>
#include <pvbus/xen.h>
#include "internal.h"
#include "store.h"

static void *store_ring;
static u64 store_pfn;
static struct pvbus_evtchn store_ch;

static void store_event(void *data)
{
	pvbus_xs_event();
	pvbus_evtchn_eoi(&store_ch, false);
}

static void store_notify(void)
{
	pvbus_evtchn_notify(&store_ch);
}

/*
 * Find the number of the page that the store shares, and its port, and listen to that. Until the
 * reader runs, the port has nobody to tell; an event then is made up for by a look at the ring.
 */
static int store_find(u64 *pfn, u64 *port)
{
	int err = xen_get_param(HVM_PARAM_STORE_PFN, pfn) ?:
		  xen_get_param(HVM_PARAM_STORE_EVTCHN, port);

	if (!err && (!*pfn || *pfn >> (boot_cpu_data.x86_phys_bits - XEN_PAGE_SHIFT) || !*port))
		err = -ENODEV;
	return err ?: xen_evtchn_adopt(&store_ch, *port, store_event, NULL);
}

/**
 * pvbus_xen_store_start - connect to the store
 *
 * Page and port were made by the toolstack and are only borrowed.
 *
 * Context: may sleep.
 * Return: 0; -ENODEV if the host has no store for this guest; the errno of pvbus_xs_start().
 */
int pvbus_xen_store_start(void)
{
	u64 port = 0;
	int err = store_find(&store_pfn, &port);

	if (err)
		goto out;
	store_ring = memremap(store_pfn << XEN_PAGE_SHIFT, XEN_PAGE_SIZE, MEMREMAP_WB);
	err = store_ring ? pvbus_xs_start(store_ring, store_notify) : -ENOMEM;
	if (!err)
		return 0;
	xen_evtchn_abandon(&store_ch);
	memunmap(store_ring);
out:
	pr_err("pvbus: no store (page %#llx, port %llu): error %d\n", store_pfn, port, err);
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_xen_store_start);

/**
 * pvbus_xen_store_stop - let go of the store
 *
 * Context: may sleep.
 */
void pvbus_xen_store_stop(void)
{
	pvbus_xs_stop();
	xen_evtchn_abandon(&store_ch);
	memunmap(store_ring);
}
EXPORT_SYMBOL_GPL(pvbus_xen_store_stop);

/* xen_store_suspend - after pvbus_xs_suspend(): give the port up, which is another one elsewhere */
void xen_store_suspend(void)
{
	xen_evtchn_abandon(&store_ch);
}

/* xen_store_resume - before pvbus_xs_resume(). The page is part of the guest and went with it. */
int xen_store_resume(void)
{
	u64 pfn = 0, port = 0;
	int err = store_find(&pfn, &port);

	if (!err && pfn != store_pfn)
		err = -ERANGE;
	if (err)
		pr_err("pvbus: no store after sleep (page %#llx, port %llu): error %d\n", pfn,
		       port, err);
	return err;
}
