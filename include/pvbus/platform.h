/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a bootstrap module uses to bring a host's lower half up: detection, CPU vectors, and each
 * host's stages.
 *
 * Each stage is a start/stop pair; a bootstrap starts them in this order and stops them in reverse.
 * Kernel-doc stands at the definitions.
 */
#ifndef PVBUS_PLATFORM_H
#define PVBUS_PLATFORM_H

#include <linux/interrupt.h>
#include <linux/uuid.h>
#include <pvbus/pvbus.h>

struct pvbus_channel;
struct pvbus_vmbus_device;

/**
 * struct pvbus_host_info - what CPUID says
 * @base: CPUID leaf that carries its signature
 * @version: its version as it writes it; Xen: major << 16 | minor
 */
struct pvbus_host_info {
	u32 base;
	u32 version;
};

void pvbus_cpuid(u32 leaf, u32 r[4]);
bool pvbus_detect(enum pvbus_host want, struct pvbus_host_info *info);
bool pvbus_kernel_owns_host(enum pvbus_host host);

/**
 * struct pvbus_vector_user - who takes a fixed interrupt vector on every CPU
 * @name: as seen in /proc/interrupts
 * @ncpus: CPUs from this number on get no vector
 * @handler: hard interrupt handler; its cookie is @cookie
 * @cookie: argument of @handler
 * @online: tell the host this CPU's vector; runs on that CPU, may sleep
 * @offline: this CPU's vector goes away; runs on that CPU, may sleep
 * @may_go: false keeps the CPU from going offline; true for all during pvbus_vectors_stop(). NULL:
 *	true
 */
struct pvbus_vector_user {
	const char *name;
	unsigned int ncpus;
	irq_handler_t handler;
	void *cookie;
	int (*online)(unsigned int cpu, u8 vector);
	void (*offline)(unsigned int cpu);
	bool (*may_go)(unsigned int cpu);
};

int pvbus_vectors_start(const struct pvbus_vector_user *user);
void pvbus_vectors_stop(void);
void pvbus_vectors_sync(void);

int pvbus_xen_hypercalls_start(const struct pvbus_host_info *info);
void pvbus_xen_hypercalls_stop(void);
int pvbus_xen_shared_info_start(phys_addr_t where);
void pvbus_xen_shared_info_stop(void);
int pvbus_xen_events_start(int irq, u64 callback);
void pvbus_xen_events_stop(void);
int pvbus_xen_grants_start(phys_addr_t where, u64 len);
void pvbus_xen_grants_stop(void);
ssize_t pvbus_xen_grants(char *buf);
int pvbus_xen_store_start(void);
void pvbus_xen_store_stop(void);
int pvbus_xen_bus_start(struct device *parent, void (*connected)(void), void (*awake)(void));
void pvbus_xen_bus_stop(void);
ssize_t pvbus_xen_bus_waiting(char *buf);

const char *pvbus_xen_event_mode(void);

/**
 * struct pvbus_hv_config - what a bootstrap knows of VMBus
 * @irq: interrupt of VMBus's ACPI device; 0 if it has none
 * @percpu: take events on every CPU, if that is possible
 * @poll: look for events this many times a second instead of taking interrupts; 0: do not
 * @max_version: newest version of the protocol to ask for, as "4.0"; NULL: the newest we know
 */
struct pvbus_hv_config {
	int irq;
	bool percpu;
	unsigned int poll;
	const char *max_version;
};

int pvbus_hv_hypercalls_start(const struct pvbus_host_info *info);
void pvbus_hv_hypercalls_stop(void);
int pvbus_hv_connect(const struct pvbus_hv_config *config);
void pvbus_hv_disconnect(void);
int pvbus_hv_bus_start(struct device *parent);
void pvbus_hv_bus_stop(void);
void pvbus_hv_shutdown(void);
void pvbus_hv_panic(void);

const char *pvbus_hv_event_mode(void);
u32 pvbus_hv_version(void);

/**
 * struct pvbus_hv_rings - the rings of a channel that the kernel's own VMBus has opened
 * @out: control page of the ring to the host, with its data behind it, mapped twice in a row
 * @out_bytes: of data
 * @in: the same from the host
 * @in_bytes: of data
 * @cpu: CPU that takes its events
 */
struct pvbus_hv_rings {
	void *out;
	u32 out_bytes;
	void *in;
	u32 in_bytes;
	unsigned int cpu;
};

/**
 * struct pvbus_hv_ride - the kernel's own VMBus, which other modules have the symbols of
 * @version: of VMBus, major << 16 | minor
 * @claim: take the kernel's devices of the kinds that a driver serves. Return: 0 or an errno
 * @release: the reverse; the devices have been withdrawn when it returns
 * @open: open a channel; from then on the host's events on it are pvbus_hv_event()'s. Return: 0,
 *	and the rings, or an errno
 * @close: the reverse. Sub-channels are closed with their primary, and then are no more
 * @put: a channel that was offered is not used any more
 * @signal: the host has something to read, or room to write. Context: any
 *
 * All but @signal may sleep.
 */
struct pvbus_hv_ride {
	u32 version;
	int (*claim)(struct pvbus_driver *drv);
	void (*release)(struct pvbus_driver *drv);
	int (*open)(struct pvbus_channel *ch, void *kernel, u32 out_bytes, u32 in_bytes,
		    struct pvbus_hv_rings *rings);
	void (*close)(struct pvbus_channel *ch, void *kernel);
	void (*put)(void *kernel);
	void (*signal)(struct pvbus_channel *ch, void *kernel);
};

int pvbus_hv_ride_start(const struct pvbus_hv_ride *ride);
void pvbus_hv_ride_stop(void);
struct pvbus_vmbus_device *pvbus_hv_offer(struct device *parent, const void *offer, u32 len,
					  void *kernel, const bool *gone);
void pvbus_hv_withdraw(struct pvbus_vmbus_device *vdev);
void pvbus_hv_event(void *ch);
bool pvbus_hv_class(const char *type, guid_t *class);
void pvbus_tell_taken(struct device_driver *drv);

#endif /* PVBUS_PLATFORM_H */
