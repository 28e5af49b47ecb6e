// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store's protocol as plain C. Specification: Xen's docs/misc/xenstore.txt, xenstore-ring.txt.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include "xs_core.h"

/* Of names; isalnum() would take Latin-1 letters, too */
#define XS_CHARS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_@"

/* xs_open - take our end of @ring as it is. Return: 1 if nothing is under way, 0 if it is; -EIO */
int xs_open(struct xs_link *link, struct xs_ring *ring)
{
	u32 out, in;

	link->ring = ring;
	link->req_prod = READ_ONCE(ring->req_prod);
	link->rsp_cons = READ_ONCE(ring->rsp_cons);
	link->starved = false;
	link->got = 0;
	out = link->req_prod - READ_ONCE(ring->req_cons);
	in = READ_ONCE(ring->rsp_prod) - link->rsp_cons;
	if (out > XS_RING_SIZE || in > XS_RING_SIZE)
		return -EIO;
	return !out && !in;
}

/* xs_drain - skip whatever has arrived */
void xs_drain(struct xs_link *link)
{
	link->rsp_cons = READ_ONCE(link->ring->rsp_prod);
	WRITE_ONCE(link->ring->rsp_cons, link->rsp_cons);
	link->got = 0;
}

/*
 * xs_room - how many of @len bytes xs_put() would take now
 *
 * A message that fits the ring goes in as a whole or not at all: so giving up on a full ring leaves
 * no half of one behind, and QEMU's store, which miscounts a header that comes in two pieces, never
 * meets one.
 *
 * Return: the number, which may be 0; -EIO if the host's index is impossible.
 */
int xs_room(const struct xs_link *link, unsigned int len)
{
	u32 used = link->req_prod - READ_ONCE(link->ring->req_cons);
	u32 want = min_t(u32, len, XS_RING_SIZE);

	if (used > XS_RING_SIZE)
		return -EIO;
	return want <= XS_RING_SIZE - used ? want : 0;
}

/* xs_put - hand the host as much of @buf as xs_room() says. Return: that number or -EIO */
int xs_put(struct xs_link *link, const void *buf, unsigned int len)
{
	u32 at = link->req_prod % XS_RING_SIZE, first;
	int n = xs_room(link, len);

	if (n <= 0)
		return n;
	/* The host has read these bytes before it told so: do not overwrite them any earlier. */
	virt_mb();
	first = min_t(u32, n, XS_RING_SIZE - at);
	memcpy(link->ring->req + at, buf, first);
	memcpy(link->ring->req, buf + first, n - first);
	/* The host must not see the index ahead of the bytes. */
	virt_wmb();
	link->req_prod += n;
	WRITE_ONCE(link->ring->req_prod, link->req_prod);
	return n;
}

/* Move up to @len bytes, without going round the ring's end, to @buf. Return: how many, or -EIO */
static int xs_take(struct xs_link *link, void *buf, unsigned int len)
{
	struct xs_ring *ring = link->ring;
	u32 at = link->rsp_cons % XS_RING_SIZE;
	u32 there = READ_ONCE(ring->rsp_prod) - link->rsp_cons;
	u32 n = min3(there, (u32)len, (u32)XS_RING_SIZE - at);

	if (there > XS_RING_SIZE)
		return -EIO;
	if (!n)
		return 0;
	/* The bytes are valid from the moment the index was, not before. */
	virt_rmb();
	memcpy(buf, ring->rsp + at, n);
	/* Once it sees our index move the host may overwrite them: have them first. */
	virt_mb();
	link->rsp_cons += n;
	WRITE_ONCE(ring->rsp_cons, link->rsp_cons);
	/*
	 * A host that finds the ring full waits for our notice, and may have done so between our
	 * looks at its index. It did if, by the index it has now, the ring was full as long as ours
	 * had not moved.
	 */
	virt_mb();
	if (READ_ONCE(ring->rsp_prod) - (link->rsp_cons - n) >= XS_RING_SIZE)
		link->starved = true;
	return n;
}

/*
 * xs_get - gather the next message; it may come in any number of pieces
 *
 * Return: 1 when it is whole in @link->hdr and @link->body, which stay until the next call; 0 if
 * the ring is empty before that; -EIO if the host's index is impossible; -EMSGSIZE if the message
 * is longer than the protocol allows.
 */
int xs_get(struct xs_link *link)
{
	const unsigned int head = sizeof(link->hdr);
	int n;

	while (link->got < head || link->got - head < link->hdr.len) {
		if (link->got < head)
			n = xs_take(link, (char *)&link->hdr + link->got, head - link->got);
		else if (link->hdr.len > XS_BODY_MAX)
			n = -EMSGSIZE;
		else
			n = xs_take(link, link->body + (link->got - head),
				    head + link->hdr.len - link->got);
		if (n <= 0)
			return n;
		link->got += n;
	}
	link->body[link->hdr.len] = 0;
	link->got = 0;
	return 1;
}

/*
 * xs_errno - what an error reply's body names. Return: that errno, negative; 0 for any other name
 */
int xs_errno(const char *name)
{
	static const struct {
		const char *name;
		int err;
	} table[] = {
		{ "EINVAL", EINVAL }, { "EACCES", EACCES }, { "EEXIST", EEXIST },
		{ "EISDIR", EISDIR }, { "ENOENT", ENOENT }, { "ENOMEM", ENOMEM },
		{ "ENOSPC", ENOSPC }, { "EIO", EIO }, { "ENOTEMPTY", ENOTEMPTY },
		{ "ENOSYS", ENOSYS }, { "EROFS", EROFS }, { "EBUSY", EBUSY },
		{ "EAGAIN", EAGAIN }, { "EISCONN", EISCONN }, { "E2BIG", E2BIG },
		{ "EPERM", EPERM },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (!strcmp(name, table[i].name))
			return -table[i].err;
	}
	return 0;
}

/* xs_split_event - path and token of a watch event, both in @body. Return: 0 or -EINVAL */
int xs_split_event(const char *body, unsigned int len, const char **path, u32 *token)
{
	unsigned int n = strnlen(body, len) + 1;
	const char *s = body + n;
	u64 val;

	if (n >= len || strnlen(s, len - n) == len - n || !xs_path_ok(body))
		return -EINVAL;
	/* A token is what we made of a u32 with "%x", and nothing else. */
	if (s[strspn(s, "0123456789abcdef")] || kstrtou64(s, 16, &val) || val > U32_MAX)
		return -EINVAL;
	*path = body;
	*token = val;
	return 0;
}

/*
 * xs_split_names - names of a folder's entries, each ended by NUL
 * @name: gets pointers into @body, @max at most; NULL to count
 *
 * Return: number of names, or -EINVAL if one of them is not a name.
 */
int xs_split_names(const char *body, unsigned int len, const char **name, unsigned int max)
{
	unsigned int at, n = 0, size;

	for (at = 0; at < len; at += size + 1, n++) {
		size = strnlen(body + at, len - at);
		if (at + size == len || !xs_name_ok(body + at, XS_ABS_PATH_MAX))
			return -EINVAL;
		if (name && n < max)
			name[n] = body + at;
	}
	return n;
}

/* xs_path_ok - whether the protocol allows @path */
bool xs_path_ok(const char *path)
{
	size_t max = path[0] == '/' ? XS_ABS_PATH_MAX : XS_REL_PATH_MAX;
	size_t n = strspn(path, "/" XS_CHARS);

	/* No part is empty, so that the one path that ends in a slash is the root */
	return n && n <= max && !path[n] && !strstr(path, "//") &&
	       (n == 1 || path[n - 1] != '/');
}

/* xs_name_ok - whether @name can be one part of a path and is not longer than @max */
bool xs_name_ok(const char *name, unsigned int max)
{
	size_t n = strspn(name, XS_CHARS);

	return n && n <= max && !name[n];
}

/* xs_id_ok - whether @id is a number that fits 32 bits, written in the one way it can be written */
bool xs_id_ok(const char *id)
{
	u64 val;

	return xs_parse_num(id, strnlen(id, 16), &val, 0, U32_MAX) == 0 && (id[0] != '0' || !id[1]);
}

/* xs_join - "dir/node", or the one that is not "". Return: its length with the NUL, or an errno */
int xs_join(char *buf, unsigned int size, const char *dir, const char *node)
{
	const char *sep = *dir && *node && dir[strlen(dir) - 1] != '/' ? "/" : "";
	unsigned int n = snprintf(buf, size, "%s%s%s", dir, sep, node);

	if (n >= min_t(unsigned int, size, XS_ABS_PATH_MAX + 1))
		return -ENAMETOOLONG;
	return xs_path_ok(buf) ? (int)n + 1 : -EINVAL;
}

/* xs_below - whether @path is @root or something in it */
bool xs_below(const char *path, const char *root)
{
	unsigned int n = strlen(root);

	if (n == 1 && root[0] == '/')
		return path[0] == '/';
	return !strncmp(path, root, n) && (!path[n] || path[n] == '/');
}

/* xs_meet - cut @path down to the innermost node that has @other below it too; "" if none has */
void xs_meet(char *path, const char *other)
{
	while (*path && !xs_below(other, path))
		*(strrchr(path, '/') ?: path) = 0;
}

/*
 * xs_parse_num - a decimal number, all of it
 * @len: bytes of @s, behind which is a NUL; one more at their end is let pass, for some toolstacks
 *	write it
 *
 * Return: 0; -EINVAL if it is anything else; -ERANGE if it is not within @min and @max.
 */
int xs_parse_num(const char *s, unsigned int len, u64 *val, u64 min, u64 max)
{
	u64 v;

	if (len && !s[len - 1])
		len--;
	if (!len || strspn(s, "0123456789") != len)
		return -EINVAL;
	if (kstrtou64(s, 10, &v) || v < min || v > max)
		return -ERANGE;
	*val = v;
	return 0;
}
