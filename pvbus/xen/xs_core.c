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

	for (;;) {
		if (link->got >= head && link->hdr.len > XS_BODY_MAX)
			return -EMSGSIZE;
		if (link->got < head)
			n = xs_take(link, (char *)&link->hdr + link->got, head - link->got);
		else
			n = xs_take(link, link->body + (link->got - head),
				    head + link->hdr.len - link->got);
		if (n < 0)
			return n;
		link->got += n;
		if (link->got >= head && link->got - head == link->hdr.len)
			break;
		if (!n)
			return 0;
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

/* A token is what we made of a u32 with "%x", and nothing else. */
static int xs_parse_token(const char *s, u32 *token)
{
	u32 val = 0;
	int i;

	for (i = 0; s[i]; i++) {
		if (i == 8)
			return -EINVAL;
		if (s[i] >= '0' && s[i] <= '9')
			val = val << 4 | (s[i] - '0');
		else if (s[i] >= 'a' && s[i] <= 'f')
			val = val << 4 | (s[i] - 'a' + 10);
		else
			return -EINVAL;
	}
	*token = val;
	return i ? 0 : -EINVAL;
}

/* xs_split_event - path and token of a watch event, both in @body. Return: 0 or -EINVAL */
int xs_split_event(const char *body, unsigned int len, const char **path, u32 *token)
{
	unsigned int n = strnlen(body, len) + 1;

	if (n >= len || strnlen(body + n, len - n) == len - n || !xs_path_ok(body))
		return -EINVAL;
	*path = body;
	return xs_parse_token(body + n, token);
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

static bool xs_char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '@';
}

/* xs_path_ok - whether the protocol allows @path */
bool xs_path_ok(const char *path)
{
	unsigned int max = path[0] == '/' ? XS_ABS_PATH_MAX : XS_REL_PATH_MAX;
	unsigned int i;

	if (!path[0])
		return false;
	for (i = 0; path[i]; i++) {
		if (i >= max)
			return false;
		if (path[i] == '/') {
			/*
			 * No part is empty, so that the one path that ends in a slash is the root
			 */
			if (path[i + 1] == '/' || (!path[i + 1] && i))
				return false;
		} else if (!xs_char_ok(path[i])) {
			return false;
		}
	}
	return true;
}

/* xs_name_ok - whether @name can be one part of a path and is not longer than @max */
bool xs_name_ok(const char *name, unsigned int max)
{
	unsigned int i;

	for (i = 0; name[i]; i++) {
		if (i >= max || !xs_char_ok(name[i]))
			return false;
	}
	return i;
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
	unsigned int d = strlen(dir), n = strlen(node);
	unsigned int sep = d && n && dir[d - 1] != '/';

	if (d + sep + n >= min_t(unsigned int, size, XS_ABS_PATH_MAX + 1))
		return -ENAMETOOLONG;
	memcpy(buf, dir, d);
	if (sep)
		buf[d] = '/';
	memcpy(buf + d + sep, node, n);
	buf[d + sep + n] = 0;
	return xs_path_ok(buf) ? (int)(d + sep + n + 1) : -EINVAL;
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
	unsigned int i, end = 0;

	for (i = 0; path[i] && path[i] == other[i]; i++) {
		if (path[i] == '/')
			end = i;
	}
	if ((!path[i] && (!other[i] || other[i] == '/')) || (!other[i] && path[i] == '/'))
		end = i;
	path[end] = 0;
}

/*
 * xs_parse_num - a decimal number, all of it
 * @len: bytes of @s; one NUL at their end is let pass, for some toolstacks write it
 *
 * Return: 0; -EINVAL if it is anything else; -ERANGE if it is not within @min and @max.
 */
int xs_parse_num(const char *s, unsigned int len, u64 *val, u64 min, u64 max)
{
	u64 v = 0;
	unsigned int i, digit;
	bool over = false;

	if (len && !s[len - 1])
		len--;
	if (!len)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
		digit = s[i] - '0';
		over |= v > U64_MAX / 10 || (v == U64_MAX / 10 && digit > U64_MAX % 10);
		v = v * 10 + digit;
	}
	if (over || v < min || v > max)
		return -ERANGE;
	*val = v;
	return 0;
}
