// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grant table, version 1: which of our pages which domain may touch.
 *
 * The table's frames appear in the platform device's memory window and grow as pools are made.
 * References are handed out in process context only; a queue's I/O path lives from its pool.
 */
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <pvbus/platform.h>
#include <pvbus/xen.h>
#include "internal.h"
#include "intree.h"

#define GNT_MAX_FRAMES	1024	/* half a million grants: more than any guest has had use for */
#define GNT_RETRY	HZ	/* between looks at a page a back-end does not let go of */

struct gnt_stuck {
	struct list_head link;
	u32 ref;
	struct page *page;
};

static struct xen_grant_entry *table;
static phys_addr_t table_pa;
static unsigned int table_frames;	/* mapped so far */
static unsigned int table_max;
static u32 *free_refs;
static unsigned int nr_free;
static LIST_HEAD(stuck);
static DEFINE_MUTEX(gnt_lock);		/* all of the above */
static DEFINE_SPINLOCK(stuck_lock);	/* additions to stuck */

static void stuck_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(stuck_dwork, stuck_work);

static int table_grow(void)
{
	unsigned int i, first = table_frames * GNTTAB_PER_FRAME;
	int err;

	if (table_frames == table_max)
		return -ENOSPC;
	err = xen_map_frame(XENMAPSPACE_grant_table, table_frames,
			    (table_pa >> XEN_PAGE_SHIFT) + table_frames);
	if (err)
		return err;
	table_frames++;
	for (i = max(first, GNTTAB_RESERVED_ENTRIES); i < first + GNTTAB_PER_FRAME; i++) {
		if (!pvbus_gnt_end(i)) /* left behind by a stack before us, and still mapped */
			continue;
		free_refs[nr_free++] = i;
	}
	return 0;
}

static int refs_get(u32 *ref, unsigned int n)
{
	int err = 0;

	if (in_tree())
		return intree_refs_get(ref, n);
	mutex_lock(&gnt_lock);
	while (nr_free < n && !err)
		err = table_grow();
	if (!err) {
		nr_free -= n;
		memcpy(ref, &free_refs[nr_free], n * sizeof(*ref));
	}
	mutex_unlock(&gnt_lock);
	if (err)
		pr_err_ratelimited("pvbus: no %u grants: %u of %u table frames in use, error %d\n",
				   n, table_frames, table_max, err);
	return err;
}

static void refs_put(const u32 *ref, unsigned int n)
{
	if (in_tree()) {
		intree_refs_put(ref, n);
		return;
	}
	mutex_lock(&gnt_lock);
	memcpy(&free_refs[nr_free], ref, n * sizeof(*ref));
	nr_free += n;
	mutex_unlock(&gnt_lock);
}

/**
 * pvbus_gnt_pool_init - set references aside for a queue
 * @pool: filled in
 * @size: how many
 *
 * Context: may sleep; the table grows if need be.
 * Return: 0; -ENOMEM; -ENOSPC if the host allows no larger table.
 */
int pvbus_gnt_pool_init(struct pvbus_gnt_pool *pool, unsigned int size)
{
	int err;

	*pool = (struct pvbus_gnt_pool){ .free = size };
	pool->ref = kvmalloc_array(max(size, 1u), sizeof(*pool->ref), GFP_KERNEL);
	if (!pool->ref)
		return -ENOMEM;
	err = refs_get(pool->ref, size);
	if (err) {
		kvfree(pool->ref);
		*pool = (struct pvbus_gnt_pool){ };
	}
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_gnt_pool_init);

/**
 * pvbus_gnt_pool_destroy - give the references in a pool back
 * @pool: from pvbus_gnt_pool_init(), or zeroed
 *
 * References that were taken and not put back stay with their takers (see pvbus_gnt_end_later()).
 *
 * Context: may sleep.
 */
void pvbus_gnt_pool_destroy(struct pvbus_gnt_pool *pool)
{
	if (pool->free)
		refs_put(pool->ref, pool->free);
	kvfree(pool->ref);
	*pool = (struct pvbus_gnt_pool){ };
}
EXPORT_SYMBOL_GPL(pvbus_gnt_pool_destroy);

/**
 * pvbus_gnt_grant - let a domain touch a page
 * @ref: a reference of the caller's that is not in use
 * @domid: the domain
 * @page: the page
 * @readonly: it may only read
 *
 * Context: any.
 */
void pvbus_gnt_grant(u32 ref, u16 domid, struct page *page, bool readonly)
{
	struct xen_grant_entry *e = &table[ref];

	if (in_tree()) {
		intree_gnt_grant(ref, domid, page, readonly);
		return;
	}
	WRITE_ONCE(e->frame, page_to_pfn(page));
	WRITE_ONCE(e->domid, domid);
	virt_wmb();	/* Xen takes the entry for valid once the flags say so */
	WRITE_ONCE(e->flags, GTF_permit_access | (readonly ? GTF_readonly : 0));
}
EXPORT_SYMBOL_GPL(pvbus_gnt_grant);

/**
 * pvbus_gnt_end - take a page back
 * @ref: the reference it was granted under
 *
 * Context: any.
 * Return: true if nobody has it any more and @ref is free for reuse; false if the domain has it
 * mapped: neither the
 *	page nor @ref may be used for anything else, see pvbus_gnt_end_later().
 */
bool pvbus_gnt_end(u32 ref)
{
	u16 flags, was;

	if (in_tree())
		return intree_gnt_end(ref);
	/* Xen sets the bits at the same time, whatever number of CPUs this kernel has. */
	for (flags = READ_ONCE(table[ref].flags);; flags = was) {
		if (flags & (GTF_reading | GTF_writing))
			return false;
		was = sync_cmpxchg(&table[ref].flags, flags, (u16)GTF_invalid);
		if (was == flags)
			return true;
	}
}
EXPORT_SYMBOL_GPL(pvbus_gnt_end);

/**
 * pvbus_gnt_end_later - keep trying to take back a page that the other domain does not let go of
 * @ref: the reference; belongs to the grant table from here on, not to the pool it came from
 * @page: the page, may be NULL; a reference is held on it until the grant has ended, so it serves
 *	nothing else before
 *
 * Context: any.
 * Return: whether that is so. The pages of kmalloc() have no count of their own to hold them by:
 * what they belong to must not be freed.
 */
bool pvbus_gnt_end_later(u32 ref, struct page *page)
{
	struct gnt_stuck *s = kmalloc(sizeof(*s), GFP_ATOMIC);
	unsigned long flags;

	if (page && (PageSlab(compound_head(page)) || !page_count(page)))
		page = NULL;
	if (page)
		get_page(page);
	if (!s) {
		pr_warn_ratelimited("pvbus: grant %u is still in use: given up with its page\n",
				    ref);
		return page;
	}
	s->ref = ref;
	s->page = page;
	spin_lock_irqsave(&stuck_lock, flags);
	list_add_tail(&s->link, &stuck);
	spin_unlock_irqrestore(&stuck_lock, flags);
	queue_delayed_work(pvbus_wq, &stuck_dwork, GNT_RETRY);
	return page;
}
EXPORT_SYMBOL_GPL(pvbus_gnt_end_later);

/* One look at each; what is still in use stays on the list. Returns how many those are. */
static unsigned int stuck_retry(void)
{
	struct gnt_stuck *s, *next;
	unsigned int left = 0;
	LIST_HEAD(now);

	/* Not under the lock: the kernel's own grants print a line for each. */
	spin_lock_irq(&stuck_lock);
	list_splice_init(&stuck, &now);
	spin_unlock_irq(&stuck_lock);
	list_for_each_entry_safe(s, next, &now, link) {
		if (!pvbus_gnt_end(s->ref)) {
			left++;
			continue;
		}
		list_del(&s->link);
		refs_put(&s->ref, 1);
		if (s->page)
			put_page(s->page);
		kfree(s);
	}
	spin_lock_irq(&stuck_lock);
	list_splice(&now, &stuck);
	spin_unlock_irq(&stuck_lock);
	return left;
}

static void stuck_work(struct work_struct *work)
{
	unsigned int left = stuck_retry();

	if (left) {
		pr_info_ratelimited("pvbus: %u pages are still mapped by another domain\n", left);
		queue_delayed_work(pvbus_wq, &stuck_dwork, GNT_RETRY);
	}
}

/**
 * pvbus_ring_alloc - make zeroed pages and grant them to a device's back-end
 * @xdev: the device
 * @ring: filled in
 * @nr: pages, 1 to PVBUS_RING_MAX_PAGES
 *
 * Context: may sleep.
 * Return: 0; -EINVAL; -ENOMEM; -ENOSPC if there are no grant references.
 */
int pvbus_ring_alloc(struct pvbus_xen_device *xdev, struct pvbus_ring_pages *ring, unsigned int nr)
{
	unsigned int i;
	int err;

	if (!nr || nr > PVBUS_RING_MAX_PAGES)
		return -EINVAL;
	ring->va = alloc_pages_exact(nr * XEN_PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	if (!ring->va)
		return -ENOMEM;
	err = refs_get(ring->ref, nr);
	if (err) {
		free_pages_exact(ring->va, nr * XEN_PAGE_SIZE);
		ring->va = NULL;
		return err;
	}
	ring->nr = nr;
	for (i = 0; i < nr; i++)
		pvbus_gnt_grant(ring->ref[i], xdev->backend_id,
				virt_to_page(ring->va + i * XEN_PAGE_SIZE), false);
	return 0;
}
EXPORT_SYMBOL_GPL(pvbus_ring_alloc);

/**
 * pvbus_ring_free - take the pages of a ring back
 * @ring: from pvbus_ring_alloc(), or zeroed
 *
 * A page the back-end still has mapped is freed when it lets go.
 *
 * Context: may sleep.
 */
void pvbus_ring_free(struct pvbus_ring_pages *ring)
{
	unsigned int i;

	if (!ring->va)
		return;
	for (i = 0; i < ring->nr; i++) {
		if (pvbus_gnt_end(ring->ref[i]))
			refs_put(&ring->ref[i], 1);
		else
			pvbus_gnt_end_later(ring->ref[i],
					    virt_to_page(ring->va + i * XEN_PAGE_SIZE));
	}
	free_pages_exact(ring->va, ring->nr * XEN_PAGE_SIZE);
	*ring = (struct pvbus_ring_pages){ };
}
EXPORT_SYMBOL_GPL(pvbus_ring_free);

static int table_query(u64 len)
{
	struct xen_gnttab_query_size size = { .dom = XEN_DOMID_SELF };
	u32 version = 1;
	int err;

	err = xen_call(XEN_HC_GRANT_TABLE_OP, GNTTABOP_set_version, &version);
	if (err && err != -ENOSYS)
		return err;
	err = xen_call(XEN_HC_GRANT_TABLE_OP, GNTTABOP_query_size, &size);
	if (!err && size.status != GNTST_okay)
		err = -EIO;
	if (err)
		return err;
	table_max = min3((u64)size.max_nr_frames, len / XEN_PAGE_SIZE, (u64)GNT_MAX_FRAMES);
	return table_max ? 0 : -ENOSPC;
}

/**
 * pvbus_xen_grants_start - map the grant table
 * @where: guest-physical address of unused room for it, in the platform device's memory window
 * @len: how much room, in bytes; limits how far the table can grow
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, -ENOSPC, or what Xen refused with.
 */
int pvbus_xen_grants_start(phys_addr_t where, u64 len)
{
	int err = table_query(len);

	if (!err) {
		table_pa = where;
		table = memremap(where, table_max * XEN_PAGE_SIZE, MEMREMAP_WB);
		free_refs = kvmalloc_array(table_max, GNTTAB_PER_FRAME * sizeof(*free_refs),
					   GFP_KERNEL);
		err = table && free_refs ? table_grow() : -ENOMEM;
	}
	if (err) {
		pvbus_xen_grants_stop();
		pr_err("pvbus: no grant table: error %d\n", err);
	}
	return err;
}
EXPORT_SYMBOL_GPL(pvbus_xen_grants_start);

/*
 * xen_grants_renew - the table of the host we woke up at: empty, so nobody holds a page of ours
 *
 * Context: may sleep.
 * Return: 0, -ENOSPC if that host allows fewer frames than are in use, or what Xen refused with.
 */
int xen_grants_renew(void)
{
	unsigned int i, room = table_max;
	int err = table_query((u64)room * XEN_PAGE_SIZE);

	if (!err && table_max < table_frames)
		err = -ENOSPC;
	for (i = 0; i < table_frames && !err; i++)
		err = xen_map_frame(XENMAPSPACE_grant_table, i, (table_pa >> XEN_PAGE_SHIFT) + i);
	return err;
}

/**
 * pvbus_xen_grants - how many grants there are, for sysfs
 * @buf: a page, gets a line
 *
 * Context: may sleep; after pvbus_xen_grants_start().
 * Return: bytes written.
 */
ssize_t pvbus_xen_grants(char *buf)
{
	ssize_t n;

	mutex_lock(&gnt_lock);
	n = sprintf(buf, "%u in use, %u of %u frames\n",
		    table_frames * GNTTAB_PER_FRAME - GNTTAB_RESERVED_ENTRIES - nr_free,
		    table_frames, table_max);
	mutex_unlock(&gnt_lock);
	return n;
}
EXPORT_SYMBOL_GPL(pvbus_xen_grants);

/* Stop waiting for pages that another domain still holds: they are lost, with one line. */
void xen_grants_give_up(void)
{
	struct gnt_stuck *s, *next;
	unsigned int left;

	cancel_delayed_work_sync(&stuck_dwork);
	left = stuck_retry();
	if (left)
		pr_warn("pvbus: %u pages are still mapped by another domain and lost\n", left);
	list_for_each_entry_safe(s, next, &stuck, link) {
		list_del(&s->link);
		kfree(s);
	}
}

/**
 * pvbus_xen_grants_stop - give the grant table back
 *
 * All pools and rings must be gone. Pages that another domain still holds are given up, with one
 * line.
 *
 * Context: may sleep.
 */
void pvbus_xen_grants_stop(void)
{
	xen_grants_give_up();
	while (table_frames)
		xen_unmap_frame((table_pa >> XEN_PAGE_SHIFT) + --table_frames);
	memunmap(table);
	kvfree(free_refs);
	table = NULL;
	free_refs = NULL;
	nr_free = 0;
}
EXPORT_SYMBOL_GPL(pvbus_xen_grants_stop);
