// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls to Xen from an HVM guest.
 *
 * The guest traps with VMMCALL (AMD, Hygon) or VMCALL (everybody else), number in (r)ax, arguments
 * in rdi, rsi, rdx, r10, r8 or ebx, ecx, edx, esi, edi (docs/guest-guide/x86/hypercall-abi.rst). A
 * page of stubs written by Xen, as the first PV-on-HVM drivers used, does the same one call further
 * on; it is kept for hosts that want it (hypercall_page=1).
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <bus.h>
#include <pvbus/platform.h>
#include "internal.h"

static bool hypercall_page;
module_param(hypercall_page, bool, 0444);
MODULE_PARM_DESC(hypercall_page, "Call Xen through a hypercall page instead of directly (default: 0)");

static enum { HC_OFF, HC_VMCALL, HC_VMMCALL, HC_PAGE } how;

/*
 * Xen may leave anything in the argument registers (its debug builds do), so all of them are
 * outputs.
 */
#ifdef CONFIG_X86_64
#define HC_ASM(insn, nr, cmd, arg) ({						\
	long _ret = (nr);							\
	unsigned long _a1 = (cmd), _a2 = (unsigned long)(arg), _a3 = 1;		\
	asm volatile(insn : "+a"(_ret), "+D"(_a1), "+S"(_a2), "+d"(_a3),	\
		     ASM_CALL_CONSTRAINT : : "r10", "r8", "r9", "r11", "rcx", "memory", "cc"); \
	_ret;									\
})
#else
#define HC_ASM(insn, nr, cmd, arg) ({						\
	long _ret = (nr);							\
	unsigned long _a1 = (cmd), _a2 = (unsigned long)(arg), _a3 = 1;		\
	asm volatile(insn : "+a"(_ret), "+b"(_a1), "+c"(_a2), "+d"(_a3),	\
		     ASM_CALL_CONSTRAINT : : "esi", "edi", "memory", "cc");	\
	_ret;									\
})
#endif

#define HC_STUB(nr)	"call xen_hypercall_page + " __stringify(nr * XEN_HC_PAGE_STRIDE)

/*
 * A direct call to each stub in use: an indirect one would need a landing pad that Xen's stubs do
 * not have.
 */
static long call_by_page(unsigned int nr, unsigned long cmd, void *arg)
{
	switch (nr) {
	case XEN_HC_MEMORY_OP:
		return HC_ASM(HC_STUB(12), nr, cmd, arg);
	case XEN_HC_XEN_VERSION:
		return HC_ASM(HC_STUB(17), nr, cmd, arg);
	case XEN_HC_GRANT_TABLE_OP:
		return HC_ASM(HC_STUB(20), nr, cmd, arg);
	case XEN_HC_SCHED_OP:
		return HC_ASM(HC_STUB(29), nr, cmd, arg);
	case XEN_HC_EVENT_CHANNEL_OP:
		return HC_ASM(HC_STUB(32), nr, cmd, arg);
	case XEN_HC_HVM_OP:
		return HC_ASM(HC_STUB(34), nr, cmd, arg);
	}
	return -ENOSYS;
}

/**
 * xen_call - do a hypercall
 * @nr: XEN_HC_*
 * @cmd: which of its operations
 * @arg: what that takes, and answers. Operations on the grant table come in any number: one
 *
 * Context: any.
 * Return: what Xen answers: 0 or more, or a negative errno; -ENXIO while hypercalls are off.
 */
long xen_call(unsigned int nr, unsigned long cmd, void *arg)
{
	switch (how) {
	case HC_VMMCALL:
		return HC_ASM("vmmcall", nr, cmd, arg);
	case HC_VMCALL:
		return HC_ASM("vmcall", nr, cmd, arg);
	case HC_PAGE:
		return call_by_page(nr, cmd, arg);
	default:
		return -ENXIO;
	}
}

/*
 * Xen finds the page by its frame number, fills it once and keeps no hold of it: there is nothing
 * to switch off.
 */
static int fill_page(const struct pvbus_host_info *info)
{
	u64 gpa = (u64)vmalloc_to_pfn(xen_hypercall_page) << PAGE_SHIFT;
	u32 r[4];

	pvbus_cpuid(info->base + XEN_CPUID_HYPERCALL, r);
	if (r[1] < XEN_MSR_FIRST || r[1] > XEN_MSR_LAST) {
		pr_err("pvbus: CPUID names MSR %#x for the hypercall page, which is no hypervisor's\n",
		       r[1]);
		return -ENODEV;
	}
	asm volatile("wrmsr" : : "c"(r[1]), "a"((u32)gpa), "d"((u32)(gpa >> 32)) : "memory");
	return 0;
}

/**
 * pvbus_xen_hypercalls_start - find out how to call Xen, and see that it answers
 * @info: from pvbus_detect()
 *
 * Context: may sleep.
 * Return: 0; -ENODEV if the version Xen answers is not the one CPUID tells.
 */
int pvbus_xen_hypercalls_start(const struct pvbus_host_info *info)
{
	u8 vendor = boot_cpu_data.x86_vendor;
	long version;

	if (hypercall_page && fill_page(info))
		return -ENODEV;
	how = hypercall_page ? HC_PAGE :
	      vendor == X86_VENDOR_AMD || vendor == X86_VENDOR_HYGON ? HC_VMMCALL : HC_VMCALL;
	version = xen_call(XEN_HC_XEN_VERSION, XENVER_version, NULL);
	if (version == info->version) {
		pr_info("pvbus: Xen %ld.%ld, hypercalls by %s\n", version >> 16, version & 0xffff,
			how == HC_PAGE ? "page" : how == HC_VMMCALL ? "vmmcall" : "vmcall");
		return 0;
	}
	how = HC_OFF;
	pr_err("pvbus: hypercall XENVER_version answered %#lx, CPUID says %#x\n", version,
	       info->version);
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(pvbus_xen_hypercalls_start);

/**
 * pvbus_xen_hypercalls_stop - from here on every hypercall fails with -ENXIO
 */
void pvbus_xen_hypercalls_stop(void)
{
	how = HC_OFF;
}
EXPORT_SYMBOL_GPL(pvbus_xen_hypercalls_stop);

int xen_get_param(u32 index, u64 *value)
{
	struct xen_hvm_param p = { .domid = XEN_DOMID_SELF, .index = index };
	int err = xen_call(XEN_HC_HVM_OP, HVMOP_get_param, &p);

	*value = p.value;
	return err;
}

int xen_set_param(u32 index, u64 value)
{
	struct xen_hvm_param p = { .domid = XEN_DOMID_SELF, .index = index, .value = value };

	return xen_call(XEN_HC_HVM_OP, HVMOP_set_param, &p);
}

/*
 * Make one of Xen's own frames appear at a frame of ours; it vanishes from where it was mapped
 * before.
 */
int xen_map_frame(u32 space, unsigned long idx, unsigned long gfn)
{
	struct xen_add_to_physmap op = {
		.domid = XEN_DOMID_SELF, .space = space, .idx = idx, .gpfn = gfn
	};

	return xen_call(XEN_HC_MEMORY_OP, XENMEM_add_to_physmap, &op);
}

/*
 * A host that cannot do it (emulations) leaves the frame in the device's window, where nobody
 * looks.
 */
void xen_unmap_frame(unsigned long gfn)
{
	struct xen_remove_from_physmap op = { .domid = XEN_DOMID_SELF, .gpfn = gfn };

	xen_call(XEN_HC_MEMORY_OP, XENMEM_remove_from_physmap, &op);
}
