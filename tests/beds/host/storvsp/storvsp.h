/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A synthetic SCSI controller of Hyper-V's ("storvsp") on QEMU's VMBus: what its files have in common.
 */
#ifndef STORVSP_H
#define STORVSP_H

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/timer.h"
#include "hw/hyperv/vmbus.h"
#include "hw/scsi/scsi.h"

/* --- the wire */

enum {
	VSTOR_COMPLETE_IO = 1,
	VSTOR_EXECUTE_SRB = 3,
	VSTOR_RESET_LUN,
	VSTOR_RESET_ADAPTER,
	VSTOR_RESET_BUS,
	VSTOR_BEGIN_INIT,
	VSTOR_END_INIT,
	VSTOR_QUERY_VERSION,
	VSTOR_QUERY_PROPERTIES,
	VSTOR_ENUMERATE_BUS,
	VSTOR_FCHBA_DATA,
	VSTOR_CREATE_SUB_CHANNELS = 13,
};

enum {
	SRB_SUCCESS = 0x01,
	SRB_ABORTED = 0x02,
	SRB_ERROR = 0x04,
	SRB_INVALID_REQUEST = 0x06,
	SRB_DATA_OVERRUN = 0x12,
	SRB_INVALID_LUN = 0x20,
	SRB_SENSE = 0x80,
};

enum {
	NT_SUCCESS = 0,
	NT_UNSUCCESSFUL = 0xc0000001,
	NT_LENGTH_MISMATCH = 0xc0000004,
	NT_INVALID_PARAMETER = 0xc000000d,
	NT_IO_DEVICE_ERROR = 0xc0000185,
	NT_REVISION_MISMATCH = 0xc0000059,
};

struct QEMU_PACKED vstor_srb {
	uint16_t length;
	uint8_t srb_status, scsi_status;
	uint8_t port, path, target, lun;
	uint8_t cdb_len, sense_len, data_in, reserved;
	uint32_t data_len;
	union {
		uint8_t cdb[16];
		uint8_t sense[20];
	};
	/* not before version 5.1: */
	uint16_t reserved2;
	uint8_t queue_tag, queue_action;
	uint32_t flags, timeout, sort_key;
};

struct QEMU_PACKED vstor_properties {
	uint32_t reserved;
	uint16_t max_sub_channels, reserved2;
	uint32_t flags, max_transfer;
	uint64_t reserved3;
};

#define VSTOR_MULTI_CHANNEL 1

struct QEMU_PACKED vstor_names {
	uint8_t primary_active, reserved[3];
	uint64_t primary_port, primary_node, secondary_port, secondary_node;	/* big-endian */
};

struct QEMU_PACKED vstor_packet {
	uint32_t operation, flags, status;
	union {
		struct vstor_srb srb;
		struct vstor_properties properties;
		struct vstor_names names;
		uint16_t version;
		uint16_t sub_channels;
		uint8_t payload[0x34];
	};
};

#define VSTOR_PACKET_OLD 48
QEMU_BUILD_BUG_ON(sizeof(struct vstor_srb) != 0x34);
QEMU_BUILD_BUG_ON(sizeof(struct vstor_properties) != 24);
QEMU_BUILD_BUG_ON(sizeof(struct vstor_names) != 36);
QEMU_BUILD_BUG_ON(sizeof(struct vstor_packet) != 64);

/* --- the device */

#define TYPE_STORVSP "storvsp"
#define TYPE_STORVSP_IDE "storvsp-ide"
#define TYPE_STORVSP_FC "storvsp-fc"
#define STORVSP_CHANNELS 64
OBJECT_DECLARE_SIMPLE_TYPE(Storvsp, STORVSP)

struct storvsp_req {
	VMBusChanReq vm;		/* must be first */
	Storvsp *dev;
	SCSIRequest *scsi;
	struct vstor_packet reply;
	QEMUTimer *timer;
	uint32_t len, copies, delay;	/* of the reply; milliseconds */
	QTAILQ_ENTRY(storvsp_req) next;
};

QTAILQ_HEAD(storvsp_list, storvsp_req);

/* What the guest knows of a channel */
enum {
	STORVSP_HIDDEN,
	STORVSP_OFFERED,
	STORVSP_RESCINDED,		/* and not let go of yet */
};

/* What is to go wrong; see fault.c */
struct storvsp_faults {
	uint32_t skip, count;
	uint32_t srb_status, scsi_status, sense;
	uint32_t delay, copies, length, control_length, rescind, deaf;
	uint32_t seen, hits;
};

struct Storvsp {
	VMBusDevice parent;
	SCSIBus bus;
	union storvsp_list done[STORVSP_CHANNELS];	/* by channel: has not gone into the ring yet */
	union storvsp_list running;			/* is with the SCSI layer */
	union storvsp_list held;			/* late, or never to be told */
	uint8_t offer[STORVSP_CHANNELS];		/* STORVSP_HIDDEN... */
	uint16_t sub_channels;				/* that the guest has asked for */
	bool hidden, going;				/* rescinded; unplugged too */
	bool ide, fc;
	bool ready;					/* the guest has said END_INIT */
	uint32_t rescan;				/* bytes of the packet that is to tell of LUNs that changed */
	uint32_t packet_len;				/* 0: no version yet, an answer is as long as its request */
	uint16_t channels;
	uint32_t max_version, max_transfer;
	uint32_t secondary;				/* these names of a Fibre Channel adapter are in force */
	struct storvsp_faults faults;
};

/* bus.c */
extern uint32_t storvsp_unloads;
void storvsp_bus_attach(Storvsp *s);
void storvsp_bus_reset(Storvsp *s);
void storvsp_bus_update(Storvsp *s);

/* storvsp.c */
void storvsp_reply(struct storvsp_req *r);
void storvsp_changed(Storvsp *s, uint32_t len);
void storvsp_answer(struct storvsp_req *r, uint8_t srb, uint8_t scsi, uint64_t residual);

/* fault.c */
void storvsp_fault_init(Object *obj);
bool storvsp_fault_arrival(struct storvsp_req *r);
bool storvsp_fault_deaf(struct storvsp_req *r);
bool storvsp_fault_hold(struct storvsp_req *r);

#endif
