/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver core, interrupts, timers and small library functions of the newest kernel, on every
 * kernel. Include this after the linux/ headers.
 *
 * Under their upstream names, in their newest form:
 *
 *   hrtimer_setup(timer, fn, clock, mode), timer_container_of(var, timer, field),
 *   timer_delete_sync(t), tasklet_setup(t, fn)
 *   irq_set_affinity(irq, mask)     from a module too
 *   irq_data_update_affinity(d, mask)
 *   sysfs_emit(buf, fmt, ...), sysfs_emit_at(buf, at, fmt, ...)
 *   from_work(var, work, field), secs_to_jiffies(s), system_dfl_wq, WQ_PERCPU, X86_VENDOR_HYGON
 *   static_assert(expr), fallthrough, import_guid(guid, bytes), kvcalloc(n, size, flags)
 *   platform_get_irq_optional(pdev, n), pci_info(pdev, fmt, ...), pci_warn(pdev, fmt, ...)
 *   DEFINE_SHOW_ATTRIBUTE(name)
 *   get_unaligned_le32() and friends; panic_notifier_list
 *   syscore_suspend(), syscore_resume()     nothing where the kernel knows no sleep
 *   DEFINE_STATIC_CALL(name, fn), static_call(name), static_call_update(name, fn)
 *
 * Callbacks whose prototype changed: write FN in the newest form, put the macro after it, give
 * FN_op to the kernel.
 *
 *   PV_BUS_MATCH(fn)                int fn(struct device *dev, const struct device_driver *drv)
 *   PV_BUS_UEVENT(fn)               int fn(const struct device *dev, struct kobj_uevent_env *env)
 *   PV_BUS_REMOVE(fn)               void fn(struct device *dev)
 *   PV_PLATFORM_REMOVE(fn)          void fn(struct platform_device *pdev)
 *
 * Without an upstream name to take:
 *
 *   pv_assign_str(field, src)       __assign_str() in a tracepoint's TP_fast_assign
 *   pv_kernel_on_hyperv()           does the kernel use Hyper-V as its guest
 *   pv_memory_hidden()              is a guest's memory not for its host to read? Kernels before
 *                                   5.16 cannot be such guests of Hyper-V's
 *
 * The same in all of 5.10 … 7.3, so used as they are: irq_domain_create_hierarchy(),
 * irq_domain_alloc_named_fwnode(), cpuhp_setup_state(), kvmalloc(), get_random_u32().
 */
#ifndef PV_COMPAT_BUS_H
#define PV_COMPAT_BUS_H

#include <linux/device.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syscore_ops.h>
#include <linux/sysfs.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <linux/uuid.h>
#include <asm/hypervisor.h>
#include <asm/processor.h>
#include <pv_compat_config.h>

#if PV_HAVE_STATIC_CALL
#include <linux/static_call.h>
#else
#define DEFINE_STATIC_CALL(name, fn)	static typeof(fn) *pv_static_call_##name = fn
#define static_call(name)		(*READ_ONCE(pv_static_call_##name))
#define static_call_update(name, fn)	WRITE_ONCE(pv_static_call_##name, fn)
#endif

#if PV_HAVE_PANIC_NOTIFIER_HEADER
#include <linux/panic_notifier.h>
#endif

#if PV_HAVE_CC_PLATFORM
#include <linux/cc_platform.h>
#endif

#if PV_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* -- sleep -- */

#ifndef CONFIG_PM_SLEEP
static inline int syscore_suspend(void) { return 0; }
static inline void syscore_resume(void) { }
#endif

/* -- driver core -- */

#if PV_HAVE_BUS_MATCH_CONST
#define PV_BUS_MATCH(fn) \
	static int fn##_op(struct device *dev, const struct device_driver *drv) \
	{ return fn(dev, drv); }
#else
#define PV_BUS_MATCH(fn) \
	static int fn##_op(struct device *dev, struct device_driver *drv) { return fn(dev, drv); }
#endif

#if PV_HAVE_BUS_UEVENT_CONST
#define PV_BUS_UEVENT(fn) \
	static int fn##_op(const struct device *dev, struct kobj_uevent_env *env) \
	{ return fn(dev, env); }
#else
#define PV_BUS_UEVENT(fn) \
	static int fn##_op(struct device *dev, struct kobj_uevent_env *env) { return fn(dev, env); }
#endif

#if PV_HAVE_BUS_REMOVE_VOID
#define PV_BUS_REMOVE(fn) \
	static void fn##_op(struct device *dev) { fn(dev); }
#else
#define PV_BUS_REMOVE(fn) \
	static int fn##_op(struct device *dev) { fn(dev); return 0; }
#endif

#if PV_HAVE_PLATFORM_REMOVE_VOID
#define PV_PLATFORM_REMOVE(fn) \
	static void fn##_op(struct platform_device *pdev) { fn(pdev); }
#else
#define PV_PLATFORM_REMOVE(fn) \
	static int fn##_op(struct platform_device *pdev) { fn(pdev); return 0; }
#endif

#if !PV_HAVE_PLATFORM_IRQ_OPTIONAL
/* There, one that is not there is no reason to complain. */
#define platform_get_irq_optional(pdev, n) platform_get_irq(pdev, n)
#endif

#ifndef pci_info
#define pci_info(pdev, ...) dev_info(&(pdev)->dev, __VA_ARGS__)
#define pci_warn(pdev, ...) dev_warn(&(pdev)->dev, __VA_ARGS__)
#endif

/* -- interrupts and timers -- */

#if !PV_HAVE_TASKLET_SETUP
#define tasklet_setup(t, fn) \
	tasklet_init(t, (void (*)(unsigned long))(void *)(fn), (unsigned long)(t))
#endif

#if !PV_HAVE_IRQ_UPDATE_AFFINITY
#define irq_data_update_affinity(d, mask) cpumask_copy(irq_data_get_affinity_mask(d), mask)
#endif

#if !PV_HAVE_IRQ_SET_AFFINITY
/* The hint's setter is exported, and sets the affinity with it. */
static inline int pv_irq_set_affinity(unsigned int irq, const struct cpumask *mask)
{
	int ret = irq_set_affinity_hint(irq, mask);

	irq_set_affinity_hint(irq, NULL);
	return ret;
}

#define irq_set_affinity(irq, mask) pv_irq_set_affinity(irq, mask)
#endif

#if !PV_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

#ifndef timer_container_of
#define timer_container_of(var, timer, field) container_of(timer, typeof(*var), field)
#endif

#if !PV_HAVE_TIMER_DELETE_SYNC
#define timer_delete_sync(timer) del_timer_sync(timer)
#endif

#ifndef X86_VENDOR_HYGON
#define X86_VENDOR_HYGON 9
#endif

#if PV_HAVE_X86_HYPER_TYPE
#define pv_kernel_on_hyperv() (x86_hyper_type == X86_HYPER_MS_HYPERV)
#else
#define pv_kernel_on_hyperv() (x86_hyper == &x86_hyper_ms_hyperv)
#endif

#if PV_HAVE_CC_PLATFORM
#define pv_memory_hidden() cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT)
#else
#define pv_memory_hidden() false
#endif

/* -- work -- */

#if !PV_HAVE_WQ_PERCPU
#define WQ_PERCPU 0
#endif

#if !PV_HAVE_WQ_SYSTEM_DFL
#define system_dfl_wq system_unbound_wq
#endif

#ifndef from_work
#define from_work(var, work, field) container_of(work, typeof(*var), field)
#endif

/* -- small things -- */

#ifndef fallthrough
#define fallthrough __attribute__((__fallthrough__))
#endif

#ifndef static_assert
#define static_assert(expr) _Static_assert(expr, #expr)
#endif

#if !PV_HAVE_IMPORT_GUID
#define import_guid(guid, bytes) memcpy(guid, bytes, sizeof(guid_t))
#endif

#if !PV_HAVE_KVCALLOC
#define kvcalloc(n, size, flags) kvmalloc_array(n, size, (flags) | __GFP_ZERO)
#endif

#ifndef DEFINE_SHOW_ATTRIBUTE
#define DEFINE_SHOW_ATTRIBUTE(name) \
	static int name##_open(struct inode *inode, struct file *file) \
	{ return single_open(file, name##_show, inode->i_private); } \
	static const struct file_operations name##_fops = { \
		.owner = THIS_MODULE, .open = name##_open, .read = seq_read, \
		.llseek = seq_lseek, .release = single_release, \
	}
#endif

#ifndef secs_to_jiffies
#define secs_to_jiffies(secs) ((unsigned long)(secs) * HZ)
#endif

#if !PV_HAVE_SYSFS_EMIT
#define sysfs_emit(buf, ...)		scnprintf(buf, PAGE_SIZE, __VA_ARGS__)
#define sysfs_emit_at(buf, at, ...)	scnprintf((buf) + (at), PAGE_SIZE - (at), __VA_ARGS__)
#endif

#if PV_HAVE_ASSIGN_STR_ONE
#define pv_assign_str(field, src) __assign_str(field)
#else
#define pv_assign_str(field, src) __assign_str(field, src)
#endif

#endif /* PV_COMPAT_BUS_H */
