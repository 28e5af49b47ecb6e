/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network protocol, in its copying form. Specification: xen/include/public/io/netif.h; what
 * XDP adds to it stands in Linux's copy only.
 *
 * A queue is a pair of rings. A packet to the host is one request with the length of the whole
 * packet, extra infos if its flags say so, and a request for each further piece; a response comes
 * for every one of them. A packet from the host is laid out alike in responses, but its first names
 * the length of the first piece only. Responses on the receive ring lie in the slots of the
 * requests they answer.
 */
#ifndef ABI_XEN_NETIF_H
#define ABI_XEN_NETIF_H

#include <linux/stddef.h>
#include <linux/types.h>

/* Pieces of a packet, extra infos apart, that every back-end takes */
#define NETIF_SLOTS_MIN			18
#define NETIF_MAX_TX_SIZE		0xffffu

/* flags of a request on the transmit ring */
#define NETIF_TX_CSUM_BLANK		(1u << 0)
#define NETIF_TX_DATA_VALIDATED		(1u << 1)
#define NETIF_TX_MORE_DATA		(1u << 2)
#define NETIF_TX_EXTRA_INFO		(1u << 3)

/* flags of a response on the receive ring */
#define NETIF_RX_DATA_VALIDATED		(1u << 0)
#define NETIF_RX_CSUM_BLANK		(1u << 1)
#define NETIF_RX_MORE_DATA		(1u << 2)
#define NETIF_RX_EXTRA_INFO		(1u << 3)

#define NETIF_RSP_DROPPED		(-2)
#define NETIF_RSP_ERROR			(-1)
#define NETIF_RSP_OKAY			0
#define NETIF_RSP_NULL			1	/* answers an extra info */

#define NETIF_EXTRA_GSO			1
#define NETIF_EXTRA_MCAST_ADD		2
#define NETIF_EXTRA_MCAST_DEL		3
#define NETIF_EXTRA_HASH		4
#define NETIF_EXTRA_XDP			5
#define NETIF_EXTRA_TYPES		6

#define NETIF_EXTRA_MORE		1u	/* flag: another one follows */

#define NETIF_GSO_NONE			0
#define NETIF_GSO_TCPV4			1
#define NETIF_GSO_TCPV6			2

struct netif_tx_request {
	u32 gref;
	u16 offset;
	u16 flags;
	u16 id;
	u16 size;
};

struct netif_tx_response {
	u16 id;
	s16 status;
};

struct netif_rx_request {
	u16 id;
	u16 pad;
	u32 gref;
};

struct netif_rx_response {
	u16 id;
	u16 offset;
	u16 flags;
	s16 status;		/* length, or NETIF_RSP_* below 0 */
};

/* Fills a slot of either ring. */
struct netif_extra {
	u8 type;
	u8 flags;
	union {
		struct {
			u16 size;	/* payload of each segment */
			u8 type;
			u8 pad;
			u16 features;
		} gso;
		u8 mcast[6];
		struct {
			u8 type;
			u8 algorithm;
			u8 value[4];	/* least significant first */
		} hash;
		struct {
			u16 headroom;
			u16 pad[2];
		} xdp;
	};
};

/* --- the control ring --- */

#define NETIF_CTRL_GET_HASH_FLAGS	1
#define NETIF_CTRL_SET_HASH_FLAGS	2
#define NETIF_CTRL_SET_HASH_KEY		3
#define NETIF_CTRL_GET_MAPPING_SIZE	4
#define NETIF_CTRL_SET_MAPPING_SIZE	5
#define NETIF_CTRL_SET_MAPPING		6
#define NETIF_CTRL_SET_HASH_ALGORITHM	7

#define NETIF_CTRL_OKAY			0
#define NETIF_CTRL_NOT_SUPPORTED	1
#define NETIF_CTRL_INVALID		2
#define NETIF_CTRL_OVERFLOW		3

/* kinds of hash: bit numbers for the control ring, numbers in an extra info */
#define NETIF_HASH_IPV4			0
#define NETIF_HASH_IPV4_TCP		1
#define NETIF_HASH_IPV6			2
#define NETIF_HASH_IPV6_TCP		3

#define NETIF_HASH_ALGORITHM_NONE	0
#define NETIF_HASH_ALGORITHM_TOEPLITZ	1

struct netif_ctrl_request {
	u16 id;
	u16 type;
	u32 data[3];
};

struct netif_ctrl_response {
	u16 id;
	u16 type;
	u32 status;
	u32 data;
};

/* distance between slots */
#define NETIF_TX_SLOT			12
#define NETIF_RX_SLOT			8
#define NETIF_CTRL_SLOT			16

_Static_assert(sizeof(struct netif_tx_request) == NETIF_TX_SLOT, "netif_tx_request");
_Static_assert(offsetof(struct netif_tx_request, size) == 10, "netif_tx_request.size");
_Static_assert(sizeof(struct netif_tx_response) == 4, "netif_tx_response");
_Static_assert(sizeof(struct netif_rx_request) == NETIF_RX_SLOT, "netif_rx_request");
_Static_assert(offsetof(struct netif_rx_request, gref) == 4, "netif_rx_request.gref");
_Static_assert(sizeof(struct netif_rx_response) == NETIF_RX_SLOT, "netif_rx_response");
_Static_assert(offsetof(struct netif_rx_response, status) == 6, "netif_rx_response.status");
_Static_assert(sizeof(struct netif_extra) == NETIF_RX_SLOT, "netif_extra");
_Static_assert(offsetof(struct netif_extra, hash.value) == 4, "netif_extra.hash.value");
_Static_assert(sizeof(struct netif_ctrl_request) == NETIF_CTRL_SLOT, "netif_ctrl_request");
_Static_assert(sizeof(struct netif_ctrl_response) == 12, "netif_ctrl_response");

#endif /* ABI_XEN_NETIF_H */
