/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store's wire protocol: messages, and the page that carries them.
 *
 * Specification: docs/misc/xenstore.txt, docs/misc/xenstore-ring.txt,
 * xen/include/public/io/xs_wire.h.
 */
#ifndef ABI_XEN_XS_WIRE_H
#define ABI_XEN_XS_WIRE_H

#include <linux/types.h>

/* Of some 20 types, those that we send or look for */
enum xs_type {
	XS_DIRECTORY		= 1,
	XS_READ			= 2,
	XS_WATCH		= 4,
	XS_UNWATCH		= 5,
	XS_TRANSACTION_START	= 6,
	XS_TRANSACTION_END	= 7,
	XS_WRITE		= 11,
	XS_RM			= 13,
	XS_WATCH_EVENT		= 15,	/* unasked; req_id and tx_id are 0 */
	XS_ERROR		= 16,	/* in place of a reply; the body is the errno's name */
	XS_RESET_WATCHES	= 21,
};

/* Ahead of every message, either way */
struct xs_header {
	u32 type;
	u32 req_id;		/* the reply has that of the request */
	u32 tx_id;		/* 0: outside any transaction */
	u32 len;		/* bytes that follow */
};

#define XS_BODY_MAX		4096	/* the host cuts off whoever sends more */
#define XS_ABS_PATH_MAX		3072
#define XS_REL_PATH_MAX		2048	/* relative to /local/domain/OURS */

#define XS_RING_SIZE		1024

/* Indices run freely; a byte's place is its index modulo XS_RING_SIZE. Each has one writer. */
struct xs_ring {
	u8 req[XS_RING_SIZE];	/* to the host */
	u8 rsp[XS_RING_SIZE];	/* to the guest */
	u32 req_cons, req_prod;
	u32 rsp_cons, rsp_prod;
	u32 features;		/* XS_FEATURE_*, by the host; bits are never taken back */
	u32 connection;		/* XS_CONNECTED or XS_RECONNECT, with XS_FEATURE_RECONNECT */
	u32 error;		/* not 0: why the host gave up, with XS_FEATURE_ERROR */
};

#define XS_FEATURE_RECONNECT	1
#define XS_FEATURE_ERROR	2

#define XS_CONNECTED		0
#define XS_RECONNECT		1	/* by the guest; the host clears the ring, then this */

_Static_assert(sizeof(struct xs_header) == 16, "xs_header");
_Static_assert(__builtin_offsetof(struct xs_ring, rsp) == 1024, "xs_ring.rsp");
_Static_assert(__builtin_offsetof(struct xs_ring, req_cons) == 2048, "xs_ring.req_cons");
_Static_assert(__builtin_offsetof(struct xs_ring, req_prod) == 2052, "xs_ring.req_prod");
_Static_assert(__builtin_offsetof(struct xs_ring, rsp_cons) == 2056, "xs_ring.rsp_cons");
_Static_assert(__builtin_offsetof(struct xs_ring, rsp_prod) == 2060, "xs_ring.rsp_prod");
_Static_assert(__builtin_offsetof(struct xs_ring, features) == 2064, "xs_ring.features");
_Static_assert(__builtin_offsetof(struct xs_ring, connection) == 2068, "xs_ring.connection");
_Static_assert(__builtin_offsetof(struct xs_ring, error) == 2072, "xs_ring.error");
_Static_assert(sizeof(struct xs_ring) == 2076, "xs_ring");

#endif /* ABI_XEN_XS_WIRE_H */
