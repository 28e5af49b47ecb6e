// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a channel's rings, and how the host gets to know it: by a GPADL, a list of pages
 * with a number.
 *
 * Pages that the host does not say it has let go of are set aside until it has let go of
 * everything.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <bus.h>
#include <pvbus/pvbus.h>
#include "internal.h"

#define RING_PAGES_MAX	1024	/* of data, in each ring */

struct lost_pages {
	struct list_head link;
	struct page **page;
	u32 nr;
};

static LIST_HEAD(lost);
static DEFINE_SPINLOCK(lost_lock);
static atomic_t gpadl_last;

/* The frame numbers of VMBus are those of 4 KiB pages; so are x86's. */

static void pages_free(struct page **page, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		if (page[i])
			__free_page(page[i]);
	}
	kvfree(page);
}

static struct page **pages_alloc(u32 nr)
{
	struct page **page = kvcalloc(nr, sizeof(*page), GFP_KERNEL);
	u32 i;

	if (!page)
		return NULL;
	for (i = 0; i < nr; i++) {
		page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page[i]) {
			pages_free(page, nr);
			return NULL;
		}
	}
	return page;
}

/* One ring: its control page, then its data twice. @nr: pages, control page included */
static int ring_map(struct hv_ring *r, struct page **page, u32 nr)
{
	struct page **twice = kvcalloc(2 * nr - 1, sizeof(*twice), GFP_KERNEL);
	u8 *map;
	u32 i;

	if (!twice)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		twice[i] = page[i];
	for (; i < 2 * nr - 1; i++)
		twice[i] = page[i - nr + 1];
	map = vmap(twice, 2 * nr - 1, VM_MAP, PAGE_KERNEL);
	kvfree(twice);
	if (!map)
		return -ENOMEM;
	hv_ring_init(r, map, map + PAGE_SIZE, (nr - 1) << PAGE_SHIFT);
	return 0;
}

static void ring_unmap(struct hv_ring *r)
{
	vunmap(r->page);
	r->page = NULL;
}

static void rings_unmap(struct hv_channel *hc)
{
	ring_unmap(&hc->out);
	ring_unmap(&hc->in);
}

/**
 * hv_rings_alloc - memory for a channel's rings
 * @hc: channel
 * @out_bytes: data of the ring to the host
 * @in_bytes: data of the ring from the host; both are rounded up to pages
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if they are 0 or above 4 MiB; -ENOMEM.
 */
int hv_rings_alloc(struct hv_channel *hc, u32 out_bytes, u32 in_bytes)
{
	u32 out = PFN_UP((u64)out_bytes), in = PFN_UP((u64)in_bytes);
	int err = -ENOMEM;

	if (!out || !in || out > RING_PAGES_MAX || in > RING_PAGES_MAX)
		return -EINVAL;
	hc->nr_out = out + 1;
	hc->nr_pages = hc->nr_out + in + 1;
	hc->page = pages_alloc(hc->nr_pages);
	if (!hc->page)
		return err;
	err = ring_map(&hc->out, hc->page, hc->nr_out);
	if (err)
		goto free;
	err = ring_map(&hc->in, hc->page + hc->nr_out, in + 1);
	if (err)
		goto unmap;
	return 0;
unmap:
	ring_unmap(&hc->out);
free:
	pages_free(hc->page, hc->nr_pages);
	return err;
}

/* hv_rings_free - the reverse. The host has let go of the pages, or never had them */
void hv_rings_free(struct hv_channel *hc)
{
	rings_unmap(hc);
	pages_free(hc->page, hc->nr_pages);
}

/* Without memory for the list they are lost for good. */
static void rings_lose(struct hv_channel *hc)
{
	struct lost_pages *l = kmalloc(sizeof(*l), GFP_KERNEL);

	rings_unmap(hc);
	dev_err(&hc->pub.vdev->pdev.dev, "channel %u: %u pages set aside, the host may still use them\n",
		hc->pub.relid, hc->nr_pages);
	if (!l)
		return;
	l->page = hc->page;
	l->nr = hc->nr_pages;
	spin_lock(&lost_lock);
	list_add(&l->link, &lost);
	spin_unlock(&lost_lock);
}

/* hv_lost_free - forget the pages set aside, and give them back if the host has none any more */
void hv_lost_free(bool really)
{
	struct lost_pages *l, *next;

	list_for_each_entry_safe(l, next, &lost, link) {
		if (really)
			pages_free(l->page, l->nr);
		list_del(&l->link);
		kfree(l);
	}
}

static int send_list(struct hv_gpadl *g)
{
	u8 buf[HV_MESSAGE_PAYLOAD] __aligned(8);
	u32 len;
	int err = 0;

	while (!err && (len = hv_gpadl_next(g, buf)))
		err = hv_send(buf, len);
	return err;
}

/**
 * hv_gpadl_create - tell the host of a channel's rings
 * @hc: channel
 *
 * Context: may sleep.
 * Return: 0; -EIO if the host does not take them; -ENOMEM; the errno of hv_request_wait(). After an
 * error the rings have gone, too.
 */
int hv_gpadl_create(struct hv_channel *hc)
{
	struct hv_gpadl g = { .relid = hc->pub.relid, .nr = hc->nr_pages };
	u64 *pfn = kvcalloc(hc->nr_pages, sizeof(*pfn), GFP_KERNEL);
	struct hv_request rq;
	u32 i;
	int err;

	if (!pfn) {
		hv_rings_free(hc);
		return -ENOMEM;
	}
	for (i = 0; i < hc->nr_pages; i++)
		pfn[i] = page_to_pfn(hc->page[i]);
	do
		hc->gpadl = atomic_inc_return(&gpadl_last);
	while (!hc->gpadl);
	g.pfn = pfn;
	g.gpadl = hc->gpadl;
	hv_request_begin(&rq, VMBUS_GPADL_CREATED, g.relid, g.gpadl);
	err = hv_request_wait(&rq, hv_channel_gone(hc) ?: send_list(&g));
	kvfree(pfn);
	if (err && err != -ENODEV) {
		rings_lose(hc);
	} else if (err || rq.answer.status) {
		hv_rings_free(hc);
		err = err ?: -EIO;
	}
	return err;
}

/**
 * hv_gpadl_teardown - have the host let go of a channel's rings, and free them
 * @hc: channel
 *
 * Of a channel that was taken back the host has no part any more.
 *
 * Context: may sleep.
 */
void hv_gpadl_teardown(struct hv_channel *hc)
{
	struct vmbus_gpadl_teardown msg = {
		.header.type = VMBUS_GPADL_TEARDOWN, .relid = hc->pub.relid, .gpadl = hc->gpadl
	};
	struct hv_request rq;
	int err;

	hv_request_begin(&rq, VMBUS_GPADL_TORNDOWN, hc->pub.relid, hc->gpadl);
	err = hv_request_wait(&rq, hv_channel_gone(hc) ?: hv_send(&msg, sizeof(msg)));
	if (err && err != -ENODEV)
		rings_lose(hc);
	else
		hv_rings_free(hc);
}
