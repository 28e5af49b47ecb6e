// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls to Hyper-V: a page of the hypervisor's code, shown at a frame of ours, entered by a
 * direct call.
 *
 * The page belongs to one system at a time. An enabled one means that somebody uses it (the kernel
 * itself, where it was not told to keep off), unless it carries our own mark: then it is what a
 * kernel that crashed left, for a second copy of this module cannot be.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/processor.h>
#include <pvbus/platform.h>
#include "internal.h"
#include "trace.h"

/* "pv" in what is left to the system's own use */
#define OUR_OS_ID	(HV_OS_ID_OPEN_SOURCE | HV_OS_ID_LINUX | 0x70760000ull)
#define POST_RETRIES	100
#define POST_DELAY_MAX	100	/* ms */

static bool enabled;
static DEFINE_MUTEX(post_lock);
static struct hv_post_message *post_buffer;	/* two, the second for use in a panic */

u64 hv_read_msr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

void hv_write_msr(u32 msr, u64 val)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)val), "d"((u32)(val >> 32)) : "memory");
}

/*
 * Return: HV_STATUS_*. The ABI leaves every register to the hypervisor that the C ABI leaves to a
 * function.
 */
#ifdef CONFIG_X86_64
static u16 hypercall(u64 control, u64 in)
{
	u64 result;

	asm volatile("xorl %%r8d, %%r8d\n\tcall hv_hypercall_page"
		     : "=a"(result), ASM_CALL_CONSTRAINT, "+c"(control), "+d"(in)
		     : : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}
#else
static u16 hypercall(u64 control, u64 in)
{
	u64 result = control;
	u32 in_hi = in >> 32, in_lo = in;

	asm volatile("call hv_hypercall_page"
		     : "+A"(result), ASM_CALL_CONSTRAINT, "+b"(in_hi), "+c"(in_lo)
		     : "D"(0), "S"(0) : "memory", "cc");
	return result;
}
#endif

/**
 * hv_signal - signal an event to the host
 * @connection: where to
 *
 * Context: any.
 */
void hv_signal(u32 connection)
{
	if (likely(enabled))
		hypercall(HV_CALL_SIGNAL_EVENT | HV_CALL_FAST, connection);
}

static u16 post(struct hv_post_message *buf, u32 connection, const void *payload, u32 len)
{
	if (!enabled)
		return HV_STATUS_INVALID_PORT;
	memset(buf, 0, sizeof(*buf));
	buf->connection = connection;
	buf->type = VMBUS_MESSAGE_TYPE;
	buf->size = len;
	memcpy(buf->payload, payload, len);
	return hypercall(HV_CALL_POST_MESSAGE, virt_to_phys(buf));
}

/*
 * Return: an errno for what the hypervisor said; -EAGAIN if it may say something else later. A
 * connection that carried messages before is denied for a while to who sends too many of them.
 */
static int post_errno(u16 status, u32 type)
{
	switch (status) {
	case HV_STATUS_SUCCESS:
		return 0;
	case HV_STATUS_INSUFFICIENT_MEMORY:
	case HV_STATUS_INSUFFICIENT_BUFFERS:
		return -EAGAIN;
	case HV_STATUS_INVALID_CONNECTION:
		return type == VMBUS_INITIATE_CONTACT ? -ENXIO : -EAGAIN;
	}
	return -EIO;
}

/**
 * hv_post - send the host a message
 * @connection: where to
 * @msg: message, which begins with a struct vmbus_header
 * @len: its length; HV_MESSAGE_PAYLOAD at most
 *
 * A host without room for it is asked again for some 10 s.
 *
 * Context: may sleep.
 * Return: 0; -ENXIO if there is no such connection to make contact by; -EAGAIN if the host has no
 * room for so long; -EIO for anything else that it may say.
 */
int hv_post(u32 connection, const void *msg, u32 len)
{
	u32 type = ((const struct vmbus_header *)msg)->type;
	unsigned int tries, delay = 1;
	u16 status;
	int err;

	for (tries = 0; ; tries++) {
		mutex_lock(&post_lock);
		status = post(post_buffer, connection, msg, len);
		mutex_unlock(&post_lock);
		err = post_errno(status, type);
		trace_vmbus_post(type, len, connection, status);
		if (err != -EAGAIN || tries == POST_RETRIES)
			break;
		msleep(delay);
		delay = min_t(unsigned int, 2 * delay, POST_DELAY_MAX);
	}
	if (err && err != -ENXIO)
		pr_warn_ratelimited("pvbus: VMBus message of type %u not sent: status %u\n", type,
				    status);
	return err;
}

/* hv_post_in_panic - the same, once, when nothing else runs any more */
void hv_post_in_panic(u32 connection, const void *payload, u32 len)
{
	post(post_buffer + 1, connection, payload, len);
}

static int check_features(const struct pvbus_host_info *info)
{
	const u32 msrs = HV_MAY_SYNIC | HV_MAY_HYPERCALL | HV_MAY_VP_INDEX;
	const u32 calls = HV_MAY_POST_MESSAGES | HV_MAY_SIGNAL_EVENTS;
	u32 r[4];

	pvbus_cpuid(info->base + HV_CPUID_FEATURES, r);
	if ((r[0] & msrs) == msrs && (r[1] & calls) == calls)
		return 0;
	pr_err("pvbus: this Hyper-V lacks what VMBus needs: features %#x and %#x, needed %#x and %#x\n",
	       r[0], r[1], msrs, calls);
	return -ENODEV;
}

static int check_unused(void)
{
	u64 page = hv_read_msr(HV_MSR_HYPERCALL), id = hv_read_msr(HV_MSR_GUEST_OS_ID);

	if (!(page & HV_MSR_ENABLE))
		return 0;
	if (id != OUR_OS_ID) {
		pr_err("pvbus: Hyper-V is in use already: hypercall page %#llx, system %#llx\n",
		       page, id);
		return -EBUSY;
	}
	pr_info("pvbus: taking Hyper-V over from a kernel that left without a word\n");
	return 0;
}

/* Whether the hypervisor's code is there and answers: no hypercall has the code 0xffff. */
static int page_answers(void)
{
	u16 status;

	if (READ_ONCE(*(u8 *)hv_hypercall_page) == 0xcc) {
		pr_err("pvbus: Hyper-V does not show its hypercall page\n");
		return -ENODEV;
	}
	status = hypercall(0xffff, 0);
	if (status == HV_STATUS_INVALID_CODE)
		return 0;
	pr_err("pvbus: Hyper-V answers status %u to a hypercall that is none\n", status);
	return -ENODEV;
}

/* The identity must be there before the page can be switched on. */
static int page_on(void)
{
	u64 frame = vmalloc_to_pfn(hv_hypercall_page);
	int err;

	hv_write_msr(HV_MSR_GUEST_OS_ID, OUR_OS_ID);
	hv_write_msr(HV_MSR_HYPERCALL, frame << HV_PAGE_SHIFT | HV_MSR_ENABLE);
	err = page_answers();
	if (err) {
		hv_write_msr(HV_MSR_HYPERCALL, 0);
		hv_write_msr(HV_MSR_GUEST_OS_ID, 0);
	}
	return err;
}

/**
 * pvbus_hv_hypercalls_start - make hypercalls work, and see that they do
 * @info: from pvbus_detect()
 *
 * Context: may sleep.
 * Return: 0; -ENODEV if the host lacks something; -EBUSY if somebody else uses it; -ENOMEM.
 */
int pvbus_hv_hypercalls_start(const struct pvbus_host_info *info)
{
	int err;

	err = check_features(info);
	if (!err)
		err = check_unused();
	if (err)
		return err;
	post_buffer = (void *)get_zeroed_page(GFP_KERNEL);
	if (!post_buffer)
		return -ENOMEM;
	err = page_on();
	if (err) {
		free_page((unsigned long)post_buffer);
		return err;
	}
	enabled = true;
	return 0;
}
EXPORT_SYMBOL_GPL(pvbus_hv_hypercalls_start);

/* hv_hypercalls_off - give the page back; any context */
void hv_hypercalls_off(void)
{
	if (!enabled)
		return;
	enabled = false;
	hv_write_msr(HV_MSR_HYPERCALL, 0);
	hv_write_msr(HV_MSR_GUEST_OS_ID, 0);
}

/**
 * pvbus_hv_hypercalls_stop - from here on nothing is posted or signalled
 *
 * Nobody may be doing either. The page is the module's own text again.
 */
void pvbus_hv_hypercalls_stop(void)
{
	hv_hypercalls_off();
	free_page((unsigned long)post_buffer);
	post_buffer = NULL;
}
EXPORT_SYMBOL_GPL(pvbus_hv_hypercalls_stop);
