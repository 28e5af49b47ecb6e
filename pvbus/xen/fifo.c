// SPDX-License-Identifier: GPL-2.0-only
/*
 * The FIFO event channel ABI: pages of event words and a control block per vCPU, all ours, given to
 * Xen for good: only EVTCHNOP_reset would give them back, and that also closes the store's port,
 * which the toolstack made. So a pvbus that uses this stays loaded.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/io.h>
#include <pvbus/xen.h>
#include "fifo_core.h"
#include "internal.h"

#define FIFO_PAGES	(XEN_2L_PORTS / EVTCHN_FIFO_WORDS_PER_PAGE)

static u32 *words[FIFO_PAGES];
static unsigned int pages;
static struct xen_fifo_control *control[XEN_LEGACY_VCPUS];
static struct fifo_queues queues[XEN_LEGACY_VCPUS];

static u32 *fifo_word(u32 port)
{
	u32 page = port / EVTCHN_FIFO_WORDS_PER_PAGE;

	return page < READ_ONCE(pages) ? &words[page][port % EVTCHN_FIFO_WORDS_PER_PAGE] : NULL;
}

/* Return: the word as it was; all bits set for a port without one. */
static u32 word_change(u32 port, u32 clear, u32 set)
{
	u32 *word = fifo_word(port);

	return word ? fifo_change(word, clear, set) : ~0u;
}

bool xen_fifo_mask(u32 port)
{
	return !(word_change(port, 0, 1u << EVTCHN_FIFO_MASKED) & 1u << EVTCHN_FIFO_MASKED);
}

void xen_fifo_unmask(u32 port)
{
	word_change(port, 1u << EVTCHN_FIFO_MASKED, 0);
}

bool xen_fifo_take_pending(u32 port)
{
	return word_change(port, 1u << EVTCHN_FIFO_PENDING, 0) & 1u << EVTCHN_FIFO_PENDING;
}

bool xen_fifo_pending(u32 port)
{
	u32 *word = fifo_word(port);

	return word && READ_ONCE(*word) & 1u << EVTCHN_FIFO_PENDING;
}

void xen_fifo_upcall(u32 vcpu, void (*event)(u32 port))
{
	const struct fifo_view view = { .word = fifo_word, .event = event };

	if (vcpu < XEN_LEGACY_VCPUS && control[vcpu])
		fifo_drain(&queues[vcpu], control[vcpu], &view, 2 * XEN_2L_PORTS);
}

static int give_control(u32 vcpu, struct xen_fifo_control *block)
{
	struct xen_evtchn_init_control op = {
		.vcpu = vcpu, .gfn = virt_to_phys(block) >> XEN_PAGE_SHIFT
	};

	return xen_event_op(EVTCHNOP_init_control, &op);
}

/* A page of event words, all masked */
static int give_words(u32 *page)
{
	struct xen_evtchn_expand_array op = { .gfn = virt_to_phys(page) >> XEN_PAGE_SHIFT };
	unsigned int i;

	for (i = 0; i < EVTCHN_FIFO_WORDS_PER_PAGE; i++)
		page[i] = 1u << EVTCHN_FIFO_MASKED;
	return xen_event_op(EVTCHNOP_expand_array, &op);
}

/* A vCPU's control block; a CPU that comes back finds its old one in place. */
int xen_fifo_init_vcpu(u32 vcpu)
{
	struct xen_fifo_control *block;
	int err;

	if (control[vcpu])
		return 0;
	block = (void *)get_zeroed_page(GFP_KERNEL);
	if (!block)
		return -ENOMEM;
	err = give_control(vcpu, block);
	if (err) {
		free_page((unsigned long)block);
		return err;
	}
	control[vcpu] = block;
	return 0;
}

/* Make sure that a port has its word. */
int xen_fifo_expand(u32 port)
{
	u32 *page;
	int err;

	while (!fifo_word(port)) {
		page = (void *)get_zeroed_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		err = give_words(page);
		if (err) {
			free_page((unsigned long)page);
			return err;
		}
		words[pages] = page;
		/* upcalls on other CPUs see the page once they see the count */
		smp_store_release(&pages, pages + 1);
	}
	return 0;
}

/* The first control block switches the whole domain over; from then on there is no way back. */
int xen_fifo_start(void)
{
	int err = xen_fifo_init_vcpu(0);

	if (!err)
		err = xen_fifo_expand(1);
	if (err && !control[0]) {
		pr_info("pvbus: no FIFO event channels (error %d), using two levels\n", err);
		return err;
	}
	__module_get(THIS_MODULE);
	pr_info("pvbus: FIFO event channels in use, this module now stays loaded\n");
	return 0;
}

/* The same pages for another host, which starts with two levels. No upcall can come meanwhile. */
int xen_fifo_renew(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < XEN_LEGACY_VCPUS && !err; i++) {
		if (!control[i])
			continue;
		memset(control[i], 0, XEN_PAGE_SIZE);
		queues[i] = (struct fifo_queues){ };
		err = give_control(i, control[i]);
	}
	for (i = 0; i < pages && !err; i++)
		err = give_words(words[i]);
	return err;
}
