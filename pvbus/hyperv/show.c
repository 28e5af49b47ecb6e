// SPDX-License-Identifier: GPL-2.0-only
/* In debugfs, pvbus/vmbus: every channel, with both ends of its rings. */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <bus.h>
#include "internal.h"

static struct dentry *file;

static void show_ring(struct seq_file *s, const char *name, const struct hv_ring *r)
{
	const struct vmbus_ring_page *p = r->page;

	seq_printf(s, "  %s size %u write %u read %u mask %u pending %u features %#x\n", name,
		   r->size, READ_ONCE(p->write_index), READ_ONCE(p->read_index),
		   READ_ONCE(p->interrupt_mask), READ_ONCE(p->pending_send_sz),
		   READ_ONCE(p->features));
	seq_printf(s, "  %s ours %u shown %u seen %u want %u\n", name, r->at, r->shown, r->seen,
		   r->want);
}

static void show_channel(struct seq_file *s, const struct hv_channel *hc)
{
	seq_printf(s, "channel %u of %s (%s), index %u, %s%s, cpu %u\n", hc->pub.relid,
		   dev_name(&hc->pub.vdev->pdev.dev), hc->pub.vdev->pdev.type, hc->pub.index,
		   hc->open ? "open" : "closed", *hc->gone ? ", rescinded" : "", hc->pub.cpu);
	if (!hc->open)
		return;
	seq_printf(s, "  signals %llu events %llu full %llu masked %u gpadl %u connection %u\n",
		   hc->pub.signals, hc->pub.events, hc->pub.full, hc->masked, hc->gpadl,
		   hc->connection);
	show_ring(s, "out", &hc->out);
	show_ring(s, "in", &hc->in);
}

/* A channel that is open under the lock keeps its rings until after it. */
static int vmbus_show(struct seq_file *s, void *unused)
{
	u32 relid;

	mutex_lock(&hv_vmbus.lock);
	for (relid = 0; relid < VMBUS_RELIDS; relid++) {
		if (hv_vmbus.channel[relid])
			show_channel(s, hv_vmbus.channel[relid]);
	}
	mutex_unlock(&hv_vmbus.lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vmbus);

void hv_show_start(void)
{
	file = debugfs_create_file("vmbus", 0400, pvbus_debugfs, NULL, &vmbus_fops);
}

void hv_show_stop(void)
{
	debugfs_remove(file);
}
