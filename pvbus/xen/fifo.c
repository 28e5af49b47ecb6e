// SPDX-License-Identifier: GPL-2.0-only
/*
 * The FIFO event channel ABI: pages of event words and a control block per vCPU, all ours, given to
 * Xen for good: only EVTCHNOP_reset would give them back, and that also closes the store's port,
 * which the toolstack made. So a pvbus that uses this stays loaded.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <asm/io.h>
#include "fifo_core.h"
#include "internal.h"

#define FIFO_PAGES	(XEN_2L_PORTS / EVTCHN_FIFO_WORDS_PER_PAGE)

unsigned long *xen_fifo_words;	/* 32 bits for each port */
static unsigned int given;	/* pages of them that Xen has */
static struct xen_fifo_control *control[XEN_LEGACY_VCPUS];
static struct fifo_queues queues[XEN_LEGACY_VCPUS];

void xen_fifo_upcall(u32 vcpu, void (*event)(u32 port))
{
	const struct fifo_view view = {
		.words = (u32 *)xen_fifo_words, .ports = XEN_2L_PORTS, .event = event
	};

	if (control[vcpu])
		fifo_drain(&queues[vcpu], control[vcpu], &view, 2 * XEN_2L_PORTS);
}

static int give_control(u32 vcpu, struct xen_fifo_control *block)
{
	struct xen_evtchn_init_control op = {
		.vcpu = vcpu, .gfn = virt_to_phys(block) >> XEN_PAGE_SHIFT
	};

	memset(block, 0, XEN_PAGE_SIZE);
	queues[vcpu] = (struct fifo_queues){ };
	return xen_event_op(EVTCHNOP_init_control, &op);
}

/* The event words of all ports, from where Xen stopped taking them */
static int give_words(void)
{
	u64 gfn = (virt_to_phys(xen_fifo_words) >> XEN_PAGE_SHIFT) + given;
	int err = 0;

	for (; given < FIFO_PAGES && !err; gfn++) {
		err = xen_event_op(EVTCHNOP_expand_array, &gfn);
		given += !err;
	}
	if (err)
		pr_err("pvbus: Xen takes no words for event channels: error %d\n", err);
	return err;
}

static void mask_words(void)
{
	memset32((u32 *)xen_fifo_words, 1u << EVTCHN_FIFO_MASKED, XEN_2L_PORTS);
}

/* A vCPU's control block; a CPU that comes back finds its old one in place. */
int xen_fifo_init_vcpu(u32 vcpu)
{
	struct xen_fifo_control *block;
	int err;

	if (control[vcpu])
		return 0;
	block = (void *)__get_free_page(GFP_KERNEL);
	err = block ? give_control(vcpu, block) : -ENOMEM;
	if (err)
		free_page((unsigned long)block);
	else
		control[vcpu] = block;
	return err;
}

/* The first control block switches the whole domain over; from then on there is no way back. */
int xen_fifo_start(void)
{
	int err;

	if (xen_fifo_words)	/* since an earlier bootstrap */
		return give_words();
	xen_fifo_words = (void *)__get_free_pages(GFP_KERNEL, ilog2(FIFO_PAGES));
	err = xen_fifo_words ? xen_fifo_init_vcpu(0) : -ENOMEM;
	if (err) {
		free_pages((unsigned long)xen_fifo_words, ilog2(FIFO_PAGES));
		xen_fifo_words = NULL;
		pr_info("pvbus: no FIFO event channels (error %d), using two levels\n", err);
		return err;
	}
	mask_words();
	__module_get(THIS_MODULE);
	pr_info("pvbus: FIFO event channels in use, this module now stays loaded\n");
	return give_words();
}

/* The same pages for another host, which starts with two levels. No upcall can come meanwhile. */
int xen_fifo_renew(void)
{
	unsigned int i;
	int err = 0;

	mask_words();
	given = 0;
	for (i = 0; i < XEN_LEGACY_VCPUS && !err; i++)
		if (control[i])
			err = give_control(i, control[i]);
	return err ?: give_words();
}
