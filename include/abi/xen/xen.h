/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen's hypercall interface, as far as an HVM guest's drivers need it.
 *
 * Specifications: xen/include/public/{xen,version,memory,sched,vcpu,features}.h,
 * hvm/{hvm_op,params}.h, arch-x86/{cpuid,xen,xen-x86_32,xen-x86_64}.h,
 * docs/guest-guide/x86/hypercall-abi.rst.
 */
#ifndef ABI_XEN_XEN_H
#define ABI_XEN_XEN_H

#include <linux/stddef.h>

#define XEN_PAGE_SHIFT			12
#define XEN_PAGE_SIZE			4096u

/* CPUID leaves, relative to the one that carries the signature */
#define XEN_CPUID_HYPERCALL		2 /* eax: pages, ebx: the MSR that takes their address */
#define XEN_CPUID_HVM			4
#define XEN_CPUID_HVM_VCPU_ID		(1u << 3)	/* eax: ebx holds the vCPU's number */

/* Hypercalls and their sub-operations */
#define XEN_HC_MEMORY_OP		12
#define XEN_HC_XEN_VERSION		17
#define XEN_HC_GRANT_TABLE_OP		20
#define XEN_HC_SCHED_OP			29
#define XEN_HC_EVENT_CHANNEL_OP		32
#define XEN_HC_HVM_OP			34
#define XEN_HC_PAGE_STRIDE		32	/* bytes per call in a hypercall page */

#define XEN_DOMID_SELF			0x7ff0u

#define XEN_MSR_FIRST			0x40000000u /* where the MSR of the hypercall page may be */
#define XEN_MSR_LAST			0x4000ffffu

#define XENVER_version			0

#define XENMEM_add_to_physmap		7
#define XENMEM_remove_from_physmap	15

#define XENMAPSPACE_shared_info		0
#define XENMAPSPACE_grant_table		1

struct xen_add_to_physmap {
	u16 domid;
	u16 size;
	u32 space;
	unsigned long idx;
	unsigned long gpfn;
};

struct xen_remove_from_physmap {
	u16 domid;
	unsigned long gpfn;
};

#define SCHEDOP_shutdown		2 /* takes the reason, a u32 */
#define SHUTDOWN_suspend		2

#define HVMOP_set_param			0
#define HVMOP_get_param			1
#define HVMOP_set_evtchn_upcall_vector	23

struct xen_hvm_param {
	u16 domid;
	u16 pad;
	u32 index;
	u64 value;
};

#define HVM_PARAM_CALLBACK_IRQ		0
#define HVM_PARAM_STORE_PFN		1
#define HVM_PARAM_STORE_EVTCHN		2

/* HVM_PARAM_CALLBACK_IRQ: the kind of interrupt in the top byte */
#define HVM_CALLBACK_GSI(gsi)		((u64)(gsi))
#define HVM_CALLBACK_PCI_INTX(dom, bus, devfn, pin) \
	(1ull << 56 | (u64)(dom) << 32 | (u64)(bus) << 16 | (u64)(devfn) << 8 | ((pin) - 1))

struct xen_hvm_upcall_vector {
	u32 vcpu;
	u8 vector;
};

/* Legacy vCPUs: as many as shared_info has room for. */
#define XEN_LEGACY_VCPUS		32
#define XEN_LONG_BITS			(8 * sizeof(unsigned long))
#define XEN_2L_PORTS			(XEN_LONG_BITS * XEN_LONG_BITS)

struct xen_vcpu_info {
	u8 upcall_pending;
	u8 upcall_mask;				/* PV guests only */
	unsigned long pending_sel;		/* one bit per word of evtchn_pending */
	unsigned long arch[sizeof(long) == 8 ? 2 : 6];
	u8 time[32];
};

/* Of the page, as much as we look at */
struct xen_shared_info {
	struct xen_vcpu_info vcpu[XEN_LEGACY_VCPUS];
	unsigned long evtchn_pending[XEN_LONG_BITS];
	unsigned long evtchn_mask[XEN_LONG_BITS];
};

_Static_assert(sizeof(struct xen_add_to_physmap) == 8 + 2 * sizeof(long), "xen_add_to_physmap");
_Static_assert(sizeof(struct xen_remove_from_physmap) == 2 * sizeof(long), "remove_from_physmap");
_Static_assert(sizeof(struct xen_hvm_param) == 16, "xen_hvm_param");
_Static_assert(sizeof(struct xen_hvm_upcall_vector) == 8, "xen_hvm_upcall_vector");
_Static_assert(sizeof(struct xen_vcpu_info) == 64, "xen_vcpu_info");
_Static_assert(offsetof(struct xen_vcpu_info, pending_sel) == sizeof(long), "pending_sel");
_Static_assert(offsetof(struct xen_shared_info, evtchn_pending) == 2048, "evtchn_pending");
_Static_assert(offsetof(struct xen_shared_info, evtchn_mask) ==
	       2048 + sizeof(long) * XEN_LONG_BITS, "evtchn_mask");

#endif /* ABI_XEN_XEN_H */
