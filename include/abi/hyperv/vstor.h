/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The storage protocol of Hyper-V: packets in the rings of a storage channel. There is no published
 * specification; the facts are from Microsoft's OpenVMM (storvsp_protocol, MIT) and from what hosts
 * do.
 *
 * Every packet, whatever it says, has the size of the largest of its version: 48 bytes up to 4.2,
 * 64 bytes from 5.1 on, when the SRB grew.
 */
#ifndef ABI_HYPERV_VSTOR_H
#define ABI_HYPERV_VSTOR_H

#include <linux/stddef.h>
#include <linux/types.h>

#define VSTOR_VERSION_2_0	0x0200	/* Windows Server 2008 */
#define VSTOR_VERSION_4_2	0x0402	/* 2008 R2 */
#define VSTOR_VERSION_5_1	0x0501	/* 2012 */
#define VSTOR_VERSION_6_0	0x0600	/* 2012 R2 */
#define VSTOR_VERSION_6_2	0x0602	/* 2016 */

enum vstor_operation {
	VSTOR_COMPLETE_IO		= 1,	/* host: the answer to any of the others */
	VSTOR_REMOVE_DEVICE		= 2,	/* host, of its own */
	VSTOR_EXECUTE_SRB		= 3,
	VSTOR_RESET_LUN			= 4,
	VSTOR_RESET_ADAPTER		= 5,
	VSTOR_RESET_BUS			= 6,
	VSTOR_BEGIN_INIT		= 7,
	VSTOR_END_INIT			= 8,
	VSTOR_QUERY_VERSION		= 9,
	VSTOR_QUERY_PROPERTIES		= 10,
	VSTOR_ENUMERATE_BUS		= 11,	/* host, of its own */
	VSTOR_FCHBA_DATA		= 12,
	VSTOR_CREATE_SUB_CHANNELS	= 13,
	VSTOR_EVENT_NOTIFICATION	= 14,	/* host, of its own */
};

#define VSTOR_WANT_COMPLETION	1u	/* flags of a packet */

#define VSTOR_MULTI_CHANNEL	1u	/* flags of the properties */

/* An SRB's status: a code, and what else holds */
#define VSTOR_SRB_CODE		0x3fu
#define VSTOR_SRB_FROZEN	0x40u
#define VSTOR_SRB_AUTOSENSE	0x80u

#define VSTOR_DATA_OUT		0u
#define VSTOR_DATA_IN		1u
#define VSTOR_DATA_NONE		2u

#define VSTOR_FLAG_QUEUE_ACTION	0x00000002u
#define VSTOR_FLAG_NO_SYNC	0x00000008u	/* no negotiation on a parallel bus */
#define VSTOR_FLAG_IN		0x00000040u
#define VSTOR_FLAG_OUT		0x00000080u
#define VSTOR_FLAG_NO_FREEZE	0x00000100u	/* an error does not stop the queue */

#define VSTOR_UNTAGGED		0xffu
#define VSTOR_SIMPLE_TAG	0x20u

#define VSTOR_CDB		16
#define VSTOR_SENSE_SHORT	18	/* up to 4.2 */
#define VSTOR_SENSE		20

struct vstor_srb {
	u16 length;		/* of this structure in the version agreed on */
	u8 srb_status;
	u8 scsi_status;
	u8 port;
	u8 path;
	u8 target;
	u8 lun;
	u8 cdb_len;
	u8 sense_len;
	u8 direction;		/* VSTOR_DATA_* */
	u8 reserved;
	u32 data_len;		/* back from the host: what was transferred */
	union {
		u8 cdb[VSTOR_CDB];
		u8 sense[VSTOR_SENSE];
	};
	/* from here on since 5.1 */
	u16 reserved2;
	u8 queue_tag;
	u8 queue_action;
	u32 flags;		/* VSTOR_FLAG_* */
	u32 timeout;		/* seconds */
	u32 queue_sort_key;
};

struct vstor_properties {
	u32 reserved;
	u16 max_sub_channels;
	u16 reserved2;
	u32 flags;
	u32 max_transfer;	/* bytes */
	u32 reserved3[2];
};

struct vstor_version {
	u16 version;
	u16 revision;		/* 0 */
};

/* World-wide names of a Fibre Channel adapter */
struct vstor_wwn {
	u8 primary_active;
	u8 reserved[3];
	u8 primary_port[8];
	u8 primary_node[8];
	u8 secondary_port[8];
	u8 secondary_node[8];
};

struct vstor_packet {
	u32 operation;
	u32 flags;
	u32 status;		/* back from the host: an NTSTATUS, 0 is good */
	union {
		struct vstor_srb srb;
		struct vstor_properties properties;
		struct vstor_version version;
		struct vstor_wwn wwn;
		u16 sub_channels;
		u8 room[52];
	};
};

#define VSTOR_HEAD		12
#define VSTOR_SRB_SHORT		36
#define VSTOR_SRB_LONG		52
#define VSTOR_PACKET_SHORT	(VSTOR_HEAD + VSTOR_SRB_SHORT)
#define VSTOR_PACKET_LONG	(VSTOR_HEAD + VSTOR_SRB_LONG)

_Static_assert(sizeof(struct vstor_srb) == VSTOR_SRB_LONG, "vstor_srb");
_Static_assert(offsetof(struct vstor_srb, data_len) == 12, "vstor_srb.data_len");
_Static_assert(offsetof(struct vstor_srb, cdb) == 16, "vstor_srb.cdb");
_Static_assert(offsetof(struct vstor_srb, reserved2) == VSTOR_SRB_SHORT, "vstor_srb, short");
_Static_assert(offsetof(struct vstor_srb, flags) == 40, "vstor_srb.flags");
_Static_assert(sizeof(struct vstor_properties) == 24, "vstor_properties");
_Static_assert(offsetof(struct vstor_properties, max_transfer) == 12, "vstor_properties");
_Static_assert(sizeof(struct vstor_version) == 4, "vstor_version");
_Static_assert(sizeof(struct vstor_wwn) == 36, "vstor_wwn");
_Static_assert(offsetof(struct vstor_packet, srb) == VSTOR_HEAD, "vstor_packet");
_Static_assert(sizeof(struct vstor_packet) == VSTOR_PACKET_LONG, "vstor_packet");

#endif /* ABI_HYPERV_VSTOR_H */
