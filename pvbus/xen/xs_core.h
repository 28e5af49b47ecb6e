/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store without the kernel: bytes on a ring, messages out of bytes, meaning out of messages.
 * Everything a host may have written is checked here. Compiled into pvbus and into the unit tests
 * and fuzzers.
 */
#ifndef PVBUS_XEN_XS_CORE_H
#define PVBUS_XEN_XS_CORE_H

#include <linux/types.h>
#include <abi/xen/xs_wire.h>

#define XS_NAME_MAX	64		/* one part of a path, in folders that we list */

/**
 * struct xs_link - our end of a ring
 * @ring: the page shared with the host
 * @req_prod: where our requests end
 * @rsp_cons: up to where we have read
 * @starved: the host may have stopped for want of room and wants to be notified; taken back by the
 *	caller
 * @got: bytes of the present message, header included
 * @hdr: its header, valid once xs_get() returned 1
 * @body: its body; the byte after the last one is NUL
 *
 * Our two indices are kept here: what becomes of their copies on the page is the host's affair.
 * Requests and replies have no field in common, so one caller each may be at work at the same time.
 */
struct xs_link {
	struct xs_ring *ring;
	u32 req_prod;
	u32 rsp_cons;
	bool starved;
	unsigned int got;
	struct xs_header hdr;
	char body[XS_BODY_MAX + 1];
};

int xs_open(struct xs_link *link, struct xs_ring *ring);
void xs_drain(struct xs_link *link);
int xs_room(const struct xs_link *link, unsigned int len);
int xs_put(struct xs_link *link, const void *buf, unsigned int len);
int xs_get(struct xs_link *link);

int xs_errno(const char *name);
int xs_split_event(const char *body, unsigned int len, const char **path, u32 *token);
int xs_split_names(const char *body, unsigned int len, const char **name, unsigned int max);

bool xs_path_ok(const char *path);
bool xs_name_ok(const char *name, unsigned int max);
bool xs_id_ok(const char *id);
int xs_join(char *buf, unsigned int size, const char *dir, const char *node);
bool xs_below(const char *path, const char *root);
void xs_meet(char *path, const char *other);
int xs_parse_num(const char *s, unsigned int len, u64 *val, u64 min, u64 max);

#endif /* PVBUS_XEN_XS_CORE_H */
