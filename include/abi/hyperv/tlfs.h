/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hyper-V's interface to its guests: CPUID, MSRs, hypercalls, the synthetic interrupt controller.
 * Specification: Hypervisor Top-Level Functional Specification (TLFS), "Feature and Interface
 * Discovery", "Hypercall Interface", "Inter-Partition Communication".
 */
#ifndef ABI_HYPERV_TLFS_H
#define ABI_HYPERV_TLFS_H

#include <linux/stddef.h>
#include <linux/types.h>

#define HV_PAGE_SHIFT			12
#define HV_PAGE_SIZE			4096u

/* CPUID leaves, counted from the one with the signature */
#define HV_CPUID_FEATURES		3

/* in its eax: which MSRs the guest may use */
#define HV_MAY_SYNIC			(1u << 2)
#define HV_MAY_HYPERCALL		(1u << 5)
#define HV_MAY_VP_INDEX			(1u << 6)
/* in its ebx: which hypercalls it may make */
#define HV_MAY_POST_MESSAGES		(1u << 4)
#define HV_MAY_SIGNAL_EVENTS		(1u << 5)

#define HV_MSR_GUEST_OS_ID		0x40000000
#define HV_MSR_HYPERCALL		0x40000001
#define HV_MSR_VP_INDEX			0x40000002
#define HV_MSR_SCONTROL			0x40000080
#define HV_MSR_SIEFP			0x40000082
#define HV_MSR_SIMP			0x40000083
#define HV_MSR_EOM			0x40000084
#define HV_MSR_SINT0			0x40000090

/* Lowest bit of HYPERCALL, SCONTROL, SIEFP and SIMP */
#define HV_MSR_ENABLE			1ull

/* GUEST_OS_ID of open source systems: bit 63, the system in bits 56 to 62; the rest is ours */
#define HV_OS_ID_OPEN_SOURCE		(1ull << 63)
#define HV_OS_ID_LINUX			(1ull << 56)

#define HV_SINTS			16
#define HV_SINT_VECTOR			0xffull
#define HV_SINT_MASKED			(1ull << 16)
#define HV_SINT_AUTO_EOI		(1ull << 17)
#define HV_SINT_POLLING			(1ull << 18)

/* Hypercalls: the code in the low 16 bits of the control word */
#define HV_CALL_POST_MESSAGE		0x5cull
#define HV_CALL_SIGNAL_EVENT		0x5dull
#define HV_CALL_FAST			(1ull << 16)

/* Their status: the low 16 bits of the result */
#define HV_STATUS_SUCCESS		0
#define HV_STATUS_INVALID_CODE		2
#define HV_STATUS_INVALID_INPUT		3
#define HV_STATUS_INSUFFICIENT_MEMORY	11
#define HV_STATUS_INVALID_PORT		17
#define HV_STATUS_INVALID_CONNECTION	18
#define HV_STATUS_INSUFFICIENT_BUFFERS	19

/* Messages in either direction */
#define HV_MESSAGE_PAYLOAD		240
#define HV_MESSAGE_NONE			0u
#define HV_MESSAGE_PENDING		1	/* flag: another waits until this one is taken */

struct hv_message {
	u32 type;		/* written last by the host; 0 by the guest: the slot is free */
	u8 size;		/* of the payload */
	u8 flags;
	u16 reserved;
	u64 sender;
	u8 payload[HV_MESSAGE_PAYLOAD];
};

struct hv_message_page {
	struct hv_message sint[HV_SINTS];
};

#define HV_EVENTS_PER_SINT		2048

struct hv_event_page {
	u8 sint[HV_SINTS][HV_EVENTS_PER_SINT / 8];
};

struct hv_post_message {
	u32 connection;
	u32 reserved;
	u32 type;
	u32 size;
	u8 payload[HV_MESSAGE_PAYLOAD];
};

/* Monitor page: the host looks at pending bits after the latency it has set for each */
#define HV_MONITORS			128

struct hv_monitor_group {
	u32 pending;
	u32 armed;
};

struct hv_monitor_parameter {
	u32 connection;
	u16 flag;
	u16 reserved;
};

struct hv_monitor_page {
	u32 trigger_state;
	u32 reserved1;
	struct hv_monitor_group group[4];
	u64 reserved2[3];
	u32 next_check[HV_MONITORS];
	u16 latency[HV_MONITORS];
	u64 reserved3[32];
	struct hv_monitor_parameter parameter[HV_MONITORS];
	u8 reserved4[1984];
};

_Static_assert(sizeof(struct hv_message) == 256, "hv_message");
_Static_assert(offsetof(struct hv_message, size) == 4, "hv_message.size");
_Static_assert(offsetof(struct hv_message, payload) == 16, "hv_message.payload");
_Static_assert(sizeof(struct hv_message_page) == HV_PAGE_SIZE, "hv_message_page");
_Static_assert(sizeof(struct hv_event_page) == HV_PAGE_SIZE, "hv_event_page");
_Static_assert(sizeof(struct hv_post_message) == 256, "hv_post_message");
_Static_assert(offsetof(struct hv_post_message, payload) == 16, "hv_post_message.payload");
_Static_assert(sizeof(struct hv_monitor_page) == HV_PAGE_SIZE, "hv_monitor_page");
_Static_assert(offsetof(struct hv_monitor_page, group) == 8, "hv_monitor_page.group");
_Static_assert(offsetof(struct hv_monitor_page, next_check) == 64, "hv_monitor_page.next_check");
_Static_assert(offsetof(struct hv_monitor_page, latency) == 576, "hv_monitor_page.latency");
_Static_assert(offsetof(struct hv_monitor_page, parameter) == 1088, "hv_monitor_page.parameter");

#endif /* ABI_HYPERV_TLFS_H */
