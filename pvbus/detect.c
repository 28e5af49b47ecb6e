// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which host is this, and is the kernel's own support for it in charge?
 *
 * Signatures may stand at any multiple of 0x100 from 0x40000000 on: a host that speaks several
 * guest interfaces puts them one behind the other (arch-x86/cpuid.h; Hyper-V TLFS, "Feature and
 * Interface Discovery").
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <xen/xen.h>
#include <bus.h>
#include <pvbus/platform.h>

#define CPUID_FIRST	0x40000000u
#define CPUID_LAST	0x4000ff00u
#define CPUID_STEP	0x100u

static const struct {
	char signature[13];
	u32 leaves;		/* leaves behind the signature that the host must have */
} hosts[] = {
	[PVBUS_HOST_XEN]	= { "XenVMMXenVMM", 2 },
	[PVBUS_HOST_HYPERV]	= { "Microsoft Hv", 5 },
};

/**
 * pvbus_cpuid - read one CPUID leaf, subleaf 0
 * @leaf: number of the leaf
 * @r: eax, ebx, ecx, edx
 */
void pvbus_cpuid(u32 leaf, u32 r[4])
{
	asm volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "0"(leaf), "2"(0));
}
EXPORT_SYMBOL_GPL(pvbus_cpuid);

/**
 * pvbus_detect - look for a host's CPUID signature
 * @want: the host to look for
 * @info: filled in when found
 *
 * Context: any.
 * Return: true if the host is there.
 */
bool pvbus_detect(enum pvbus_host want, struct pvbus_host_info *info)
{
	u32 base, r[4];

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return false;
	for (base = CPUID_FIRST; base <= CPUID_LAST; base += CPUID_STEP) {
		pvbus_cpuid(base, r);
		if (memcmp(&r[1], hosts[want].signature, 12) || r[0] < base + hosts[want].leaves ||
		    r[0] >= base + CPUID_STEP)
			continue;
		pvbus_cpuid(base + 1, r);
		*info = (struct pvbus_host_info){ .base = base, .version = r[0] };
		return true;
	}
	return false;
}
EXPORT_SYMBOL_GPL(pvbus_detect);

/**
 * pvbus_kernel_owns_host - does this kernel's built-in support already drive the host?
 * @host: which host
 *
 * Two stacks on one host would share rings and ports that have room for one; so where this says
 * true, ours stays out. (For Xen it will not do to ask which hypervisor the kernel has found: that
 * is Xen also under nopv, with the kernel's support switched off.)
 */
bool pvbus_kernel_owns_host(enum pvbus_host host)
{
	return host == PVBUS_HOST_XEN ? xen_domain() : pv_kernel_on_hyperv();
}
EXPORT_SYMBOL_GPL(pvbus_kernel_owns_host);
