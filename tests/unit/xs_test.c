// SPDX-License-Identifier: GPL-2.0-only
/* The store's pure core against a host played here: rings, messages, paths, numbers. */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include "test.h"
#include "pvbus/xen/xs_core.c"

static struct xs_ring ring;
static struct xs_link link_;

/* A ring whose four indices all stand at @start, full of old bytes */
static void fresh(u32 start)
{
	memset(&ring, 0xa5, sizeof(ring));
	ring.req_cons = ring.req_prod = ring.rsp_cons = ring.rsp_prod = start;
	ring.features = ring.connection = ring.error = 0;
	CHECK_EQ(xs_open(&link_, &ring), 1);
}

/* The host writes as much as there is room for */
static unsigned int host_put(const void *buf, unsigned int len)
{
	unsigned int n;

	for (n = 0; n < len && ring.rsp_prod - ring.rsp_cons < XS_RING_SIZE; n++)
		ring.rsp[ring.rsp_prod++ % XS_RING_SIZE] = ((const u8 *)buf)[n];
	return n;
}

static unsigned int host_get(void *buf, unsigned int len)
{
	unsigned int n;

	for (n = 0; n < len && ring.req_cons != ring.req_prod; n++)
		((u8 *)buf)[n] = ring.req[ring.req_cons++ % XS_RING_SIZE];
	return n;
}

/* A message of @len bytes that differ from each other, in @buf. Returns its whole length. */
static unsigned int message(u8 *buf, u32 type, u32 id, u32 len)
{
	struct xs_header h = { type, id, 7, len };
	unsigned int i;

	memcpy(buf, &h, sizeof(h));
	for (i = 0; i < len; i++)
		buf[sizeof(h) + i] = 1 + (i + id) % 255;
	return sizeof(h) + len;
}

static void check_got(const u8 *buf, unsigned int size)
{
	CHECK(!memcmp(&link_.hdr, buf, sizeof(link_.hdr)));
	CHECK(!memcmp(link_.body, buf + sizeof(link_.hdr), size - sizeof(link_.hdr)));
	CHECK_EQ(link_.body[link_.hdr.len], 0);
}

TEST(replies_of_every_length_at_every_offset)
{
	static const u32 lens[] = { 0, 1, 2, 15, 16, 17, 500, 1007, 1008, 1009, 2000, 4095, 4096 };
	u8 buf[5000];
	unsigned int at, i, size, put;
	int got;

	for (at = 0; at < XS_RING_SIZE; at++) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			fresh(0xfffffe00u + at);
			size = message(buf, XS_READ, at + 1, lens[i]);
			for (got = put = 0; !got && put < size;) {
				put += host_put(buf + put, size - put);
				got = xs_get(&link_);
			}
			CHECK_EQ(got, 1);
			CHECK_EQ(put, size);
			check_got(buf, size);
			CHECK_EQ(xs_get(&link_), 0);
			CHECK_EQ(ring.rsp_cons, ring.rsp_prod);
		}
	}
}

TEST(replies_that_arrive_byte_by_byte)
{
	u8 buf[5000];
	unsigned int i, size = message(buf, XS_DIRECTORY, 3, 300);

	fresh(900);
	for (i = 0; i < size; i++) {
		CHECK_EQ(xs_get(&link_), 0);
		CHECK_EQ(host_put(buf + i, 1), 1);
	}
	CHECK_EQ(xs_get(&link_), 1);
	check_got(buf, size);
}

TEST(several_messages_in_one_go)
{
	u8 buf[5000];
	unsigned int i, size = 0;

	fresh(1000);
	for (i = 0; i < 3; i++)
		size += message(buf + size, i ? XS_READ : XS_WATCH_EVENT, i, 40 * i);
	CHECK_EQ(host_put(buf, size), size);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(xs_get(&link_), 1);
		CHECK_EQ(link_.hdr.req_id, i);
		CHECK_EQ(link_.hdr.len, 40 * i);
	}
	CHECK_EQ(xs_get(&link_), 0);
}

TEST(a_host_that_filled_the_ring_is_noticed)
{
	u8 buf[5000];
	unsigned int size = message(buf, XS_READ, 1, 3000);

	fresh(17);
	CHECK_EQ(host_put(buf, 1023), 1023);
	CHECK_EQ(xs_get(&link_), 0);
	CHECK(!link_.starved);
	CHECK_EQ(host_put(buf + 1023, size - 1023), XS_RING_SIZE);
	CHECK_EQ(xs_get(&link_), 0);
	CHECK(link_.starved);
}

#define STREAM	20000
static int kicked;

/* A host that stops when it finds the ring full, and goes on only when it is told to */
static void *host(void *unused)
{
	u8 buf[5000];
	unsigned int i, at, n, size;

	for (i = 0; i < STREAM; i++) {
		size = message(buf, XS_WATCH_EVENT, i, (i * 37) % 1500);
		for (at = 0; at < size; at += n) {
			u32 free = READ_ONCE(ring.rsp_cons) + XS_RING_SIZE - ring.rsp_prod;

			virt_mb();
			n = min(min(free, size - at), XS_RING_SIZE - ring.rsp_prod % XS_RING_SIZE);
			memcpy(ring.rsp + ring.rsp_prod % XS_RING_SIZE, buf + at, n);
			virt_mb();
			WRITE_ONCE(ring.rsp_prod, ring.rsp_prod + n);
			virt_mb();
			if (ring.rsp_prod - READ_ONCE(ring.rsp_cons) < XS_RING_SIZE)
				continue;
			while (!__atomic_exchange_n(&kicked, 0, __ATOMIC_SEQ_CST))
				sched_yield();
		}
	}
	return NULL;
}

TEST(a_stream_never_stalls_for_want_of_a_notice)
{
	u8 buf[5000];
	pthread_t thread;
	unsigned int i = 0, size, idle = 0;
	int got;

	fresh(0xffffff00);
	kicked = 0;
	CHECK_EQ(pthread_create(&thread, NULL, host, NULL), 0);
	while (i < STREAM && idle < 5000) {
		got = xs_get(&link_);
		if (link_.starved) {
			link_.starved = false;
			__atomic_store_n(&kicked, 1, __ATOMIC_SEQ_CST);
		}
		if (got) {
			size = message(buf, XS_WATCH_EVENT, i, (i * 37) % 1500);
			CHECK_EQ(got, 1);
			check_got(buf, size);
			i++;
			idle = 0;
		} else if (++idle > 1000) {
			usleep(500);
		}
	}
	CHECK_EQ(i, STREAM);
	if (i < STREAM)
		exit(1);
	pthread_join(thread, NULL);
}

TEST(an_impossible_response_index_ends_it)
{
	static const u32 jumps[] = { 1025, 1026, 4096, 0x7fffffff, 0x80000000, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		fresh(5);
		ring.rsp_prod += jumps[i];
		CHECK_EQ(xs_get(&link_), -EIO);
		CHECK_EQ(xs_get(&link_), -EIO);
		CHECK_EQ(link_.rsp_cons, 5);
	}
	fresh(5);
	ring.rsp_prod += 1024;
	memset(ring.rsp, 0, sizeof(ring.rsp));
	CHECK_EQ(xs_get(&link_), 1);
}

TEST(an_index_that_goes_back_in_the_middle_of_a_message_ends_it)
{
	u8 buf[5000];

	fresh(5);
	message(buf, XS_READ, 1, 100);
	host_put(buf, 50);
	CHECK_EQ(xs_get(&link_), 0);
	ring.rsp_prod -= 1;
	CHECK_EQ(xs_get(&link_), -EIO);
}

TEST(what_the_host_does_to_our_indices_does_not_matter)
{
	u8 buf[5000];
	unsigned int size = message(buf, XS_READ, 1, 10);

	fresh(5);
	host_put(buf, size);
	ring.rsp_cons = 0x12345678;
	CHECK_EQ(xs_get(&link_), 1);
	check_got(buf, size);
	ring.req_prod = 0x12345678;
	CHECK_EQ(xs_put(&link_, buf, size), size);
	CHECK_EQ(ring.req_prod, 5 + size);
}

TEST(an_oversized_message_ends_it)
{
	static const u32 lens[] = { 4097, 65536, 0x7fffffff, 0xfffffff0, 0xffffffff };
	u8 buf[5000];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		struct xs_header h = { XS_READ, 1, 0, lens[i] };

		fresh(2000);
		memset(buf, 0, sizeof(buf));
		host_put(&h, sizeof(h));
		host_put(buf, 1000);
		CHECK_EQ(xs_get(&link_), -EMSGSIZE);
		host_put(buf, 1000);
		CHECK_EQ(xs_get(&link_), -EMSGSIZE);
	}
}

TEST(requests_of_every_length_at_every_offset)
{
	static const u32 lens[] = { 1, 15, 16, 17, 1023, 1024, 1025, 4112 };
	u8 buf[5000], seen[5000];
	unsigned int at, i, put, got;
	int n;

	for (at = 0; at < XS_RING_SIZE; at++) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			fresh(0xfffffff0u + at);
			message(buf, XS_WRITE, at, sizeof(buf) - sizeof(struct xs_header));
			for (put = got = 0; put < lens[i]; put += n) {
				n = xs_put(&link_, buf + put, lens[i] - put);
				if (n <= 0)
					break;
				got += host_get(seen + got, sizeof(seen) - got);
			}
			CHECK_EQ(put, lens[i]);
			CHECK_EQ(got, lens[i]);
			CHECK(!memcmp(seen, buf, got));
		}
	}
}

TEST(a_request_goes_in_whole_or_not_at_all)
{
	u8 buf[2000] = { 0 };

	fresh(77);
	CHECK_EQ(xs_put(&link_, buf, 1000), 1000);
	CHECK_EQ(xs_put(&link_, buf, 25), 0);
	CHECK_EQ(ring.req_prod, 1077);
	CHECK_EQ(xs_put(&link_, buf, 24), 24);
	CHECK_EQ(xs_put(&link_, buf, 1), 0);
	CHECK_EQ(host_get(buf, 10), 10);
	CHECK_EQ(xs_put(&link_, buf, 2000), 0);
	CHECK_EQ(xs_put(&link_, buf, 10), 10);
	CHECK_EQ(xs_room(&link_, 0), 0);
}

TEST(an_impossible_request_index_ends_it)
{
	u8 buf[16] = { 0 };

	fresh(100);
	ring.req_cons = 101;
	CHECK_EQ(xs_room(&link_, 16), -EIO);
	CHECK_EQ(xs_put(&link_, buf, 16), -EIO);
	ring.req_cons = 100 - 1025;
	CHECK_EQ(xs_put(&link_, buf, 16), -EIO);
	ring.req_cons = 100 - 1024;
	CHECK_EQ(xs_put(&link_, buf, 16), 0);
}

TEST(opening_a_ring_that_is_not_clean)
{
	fresh(3);
	ring.rsp_prod = 3 + 1024;
	CHECK_EQ(xs_open(&link_, &ring), 0);
	xs_drain(&link_);
	CHECK_EQ(ring.rsp_cons, 3 + 1024);
	CHECK_EQ(xs_open(&link_, &ring), 1);
	ring.req_prod++;
	CHECK_EQ(xs_open(&link_, &ring), 0);
	ring.req_prod += 1024;
	CHECK_EQ(xs_open(&link_, &ring), -EIO);
	fresh(3);
	ring.rsp_prod = 2;
	CHECK_EQ(xs_open(&link_, &ring), -EIO);
}

TEST(error_names)
{
	CHECK_EQ(xs_errno("ENOENT"), -ENOENT);
	CHECK_EQ(xs_errno("EAGAIN"), -EAGAIN);
	CHECK_EQ(xs_errno("E2BIG"), -E2BIG);
	CHECK_EQ(xs_errno("EPERM"), -EPERM);
	CHECK_EQ(xs_errno("EISCONN"), -EISCONN);
	CHECK_EQ(xs_errno("ENOTEMPTY"), -ENOTEMPTY);
	CHECK_EQ(xs_errno(""), 0);
	CHECK_EQ(xs_errno("ENOENTX"), 0);
	CHECK_EQ(xs_errno("ENOEN"), 0);
	CHECK_EQ(xs_errno("enoent"), 0);
	CHECK_EQ(xs_errno("EFLATTENED"), 0);
}

static int split_event(const char *s, unsigned int len, const char *want_path, u32 want_token)
{
	char buf[5000];
	const char *path = "";
	u32 token = 0;
	int err;

	memcpy(buf, s, len);
	buf[len] = 0;
	err = xs_split_event(buf, len, &path, &token);
	if (!err) {
		CHECK_STR(path, want_path);
		CHECK_EQ(token, want_token);
	}
	return err;
}

TEST(watch_events)
{
	CHECK_EQ(split_event("device/vbd/1\0" "7f\0", 16, "device/vbd/1", 0x7f), 0);
	CHECK_EQ(split_event("@releaseDomain\0" "ffffffff\0", 24, "@releaseDomain", 0xffffffff), 0);
	/* more after the token is the protocol's to use */
	CHECK_EQ(split_event("a\0" "1\0" "depth\0", 10, "a", 1), 0);
	CHECK_EQ(split_event("", 0, "", 0), -EINVAL);
	CHECK_EQ(split_event("a", 1, "", 0), -EINVAL);
	CHECK_EQ(split_event("a\0", 2, "", 0), -EINVAL);
	CHECK_EQ(split_event("a\0" "1", 3, "", 0), -EINVAL);
	CHECK_EQ(split_event("a\0" "\0", 3, "", 0), -EINVAL);
	CHECK_EQ(split_event("\0" "1\0", 3, "", 0), -EINVAL);
	CHECK_EQ(split_event("a\0" "g\0", 4, "", 0), -EINVAL);
	CHECK_EQ(split_event("a\0" "A\0", 4, "", 0), -EINVAL);
	CHECK_EQ(split_event("a\0" "0x1\0", 6, "", 0), -EINVAL);
	CHECK_EQ(split_event("a\0" "123456789\0", 12, "", 0), -EINVAL);
	CHECK_EQ(split_event("a\n\0" "1\0", 5, "", 0), -EINVAL);
	CHECK_EQ(split_event("a/\0" "1\0", 5, "", 0), -EINVAL);
}

TEST(folders)
{
	static const char body[] = "vbd\0" "vif\0" "console";
	const char *name[4] = { NULL };
	char nul[3] = { 'a', 0, 0 };

	CHECK_EQ(xs_split_names(body, sizeof(body), NULL, 0), 3);
	CHECK_EQ(xs_split_names(body, sizeof(body), name, 4), 3);
	CHECK_STR(name[0], "vbd");
	CHECK_STR(name[1], "vif");
	CHECK_STR(name[2], "console");
	CHECK_EQ(xs_split_names(body, sizeof(body), name, 1), 3);
	CHECK_EQ(xs_split_names(body, 0, name, 4), 0);
	CHECK_EQ(xs_split_names(body, sizeof(body) - 1, name, 4), -EINVAL);
	CHECK_EQ(xs_split_names(nul, 3, name, 4), -EINVAL);
	CHECK_EQ(xs_split_names("a/b", 4, name, 4), -EINVAL);
	CHECK_EQ(xs_split_names("a b", 4, name, 4), -EINVAL);
	CHECK_EQ(xs_split_names("a\x80", 3, name, 4), -EINVAL);
}

TEST(paths)
{
	char longest[XS_ABS_PATH_MAX + 2];
	unsigned int i;

	CHECK(xs_path_ok("/"));
	CHECK(xs_path_ok("device/vbd/51712"));
	CHECK(xs_path_ok("/local/domain/0/backend/vbd/5/51712"));
	CHECK(xs_path_ok("@introduceDomain"));
	CHECK(xs_path_ok("a-b_c@D"));
	CHECK(!xs_path_ok(""));
	CHECK(!xs_path_ok("//"));
	CHECK(!xs_path_ok("a//b"));
	CHECK(!xs_path_ok("a/"));
	CHECK(!xs_path_ok("/a/"));
	CHECK(!xs_path_ok("a.b"));
	CHECK(!xs_path_ok("a b"));
	CHECK(!xs_path_ok("a\nb"));
	CHECK(!xs_path_ok("\xc3\xa4"));
	for (i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? 'x' : '/';
	longest[XS_ABS_PATH_MAX] = 0;
	CHECK(xs_path_ok(longest));
	longest[XS_ABS_PATH_MAX] = '/';
	longest[XS_ABS_PATH_MAX + 1] = 0;
	CHECK(!xs_path_ok(longest));
	longest[XS_ABS_PATH_MAX] = 'x';
	CHECK(!xs_path_ok(longest));
	longest[XS_REL_PATH_MAX] = 'x';
	longest[XS_REL_PATH_MAX + 1] = 0;
	CHECK(xs_path_ok(longest + 1));
	longest[XS_REL_PATH_MAX + 1] = 'x';
	longest[XS_REL_PATH_MAX + 2] = 0;
	CHECK(!xs_path_ok(longest + 1));
}

TEST(names_and_ids)
{
	CHECK(xs_name_ok("vbd", 3));
	CHECK(!xs_name_ok("vbd", 2));
	CHECK(!xs_name_ok("", 3));
	CHECK(!xs_name_ok("a/b", 9));
	CHECK(!xs_name_ok("a\tb", 9));
	CHECK(xs_id_ok("0"));
	CHECK(xs_id_ok("51712"));
	CHECK(xs_id_ok("268439552"));
	CHECK(xs_id_ok("4294967295"));
	CHECK(!xs_id_ok("4294967296"));
	CHECK(!xs_id_ok(""));
	CHECK(!xs_id_ok("051712"));
	CHECK(!xs_id_ok("00"));
	CHECK(!xs_id_ok("-1"));
	CHECK(!xs_id_ok("+1"));
	CHECK(!xs_id_ok(" 1"));
	CHECK(!xs_id_ok("1 "));
	CHECK(!xs_id_ok("0x10"));
	CHECK(!xs_id_ok("event-channel"));
	CHECK(!xs_id_ok("00000000000000000000000000000000001"));
}

TEST(joining_paths)
{
	char buf[32], big[XS_ABS_PATH_MAX + 8], dir[XS_ABS_PATH_MAX + 1];

	CHECK_EQ(xs_join(buf, sizeof(buf), "device", "vbd"), 11);
	CHECK_STR(buf, "device/vbd");
	CHECK_EQ(xs_join(buf, sizeof(buf), "device", ""), 7);
	CHECK_STR(buf, "device");
	CHECK_EQ(xs_join(buf, sizeof(buf), "", "domid"), 6);
	CHECK_STR(buf, "domid");
	CHECK_EQ(xs_join(buf, sizeof(buf), "/", "local"), 7);
	CHECK_STR(buf, "/local");
	CHECK_EQ(xs_join(buf, sizeof(buf), "", ""), -EINVAL);
	CHECK_EQ(xs_join(buf, sizeof(buf), "a", "b c"), -EINVAL);
	CHECK_EQ(xs_join(buf, sizeof(buf), "a", "/b"), -EINVAL);
	CHECK_EQ(xs_join(buf, 4, "a", "b"), 4);
	CHECK_EQ(xs_join(buf, 3, "a", "b"), -ENAMETOOLONG);
	memset(dir, 'x', sizeof(dir));
	dir[0] = '/';
	dir[XS_ABS_PATH_MAX - 2] = 0;
	CHECK_EQ(xs_join(big, sizeof(big), dir, "y"), XS_ABS_PATH_MAX + 1);
	CHECK_EQ(xs_join(big, sizeof(big), dir, "yy"), -ENAMETOOLONG);
}

static const char *meet(const char *a, const char *b)
{
	static char buf[64];

	strcpy(buf, a);
	xs_meet(buf, b);
	return buf;
}

TEST(below_and_meeting)
{
	CHECK(xs_below("a/b", "a"));
	CHECK(xs_below("a", "a"));
	CHECK(xs_below("/a", "/"));
	CHECK(!xs_below("ab", "a"));
	CHECK(!xs_below("a", "a/b"));
	CHECK(!xs_below("a", "/"));
	CHECK_STR(meet("a/b/c", "a/b/c"), "a/b/c");
	CHECK_STR(meet("a/b/c", "a/b/d"), "a/b");
	CHECK_STR(meet("a/b/c", "a/b/cd"), "a/b");
	CHECK_STR(meet("a/b/cd", "a/b/c"), "a/b");
	CHECK_STR(meet("a/b", "a/b/c"), "a/b");
	CHECK_STR(meet("a/b/c", "a/b"), "a/b");
	CHECK_STR(meet("a/b/c", "a"), "a");
	CHECK_STR(meet("a/b", "c/d"), "");
	CHECK_STR(meet("a", "b"), "");
	CHECK_STR(meet("", "b"), "");
	CHECK_STR(meet("/a", "/b"), "");
}

TEST(numbers)
{
	static const struct {
		const char *s;
		unsigned int len;
		int err;
		u64 min, max, val;
	} t[] = {
		{ "0", 1, 0, 0, 10, 0 },
		{ "10", 2, 0, 0, 10, 10 },
		{ "11", 2, -ERANGE, 0, 10 },
		{ "4", 1, -ERANGE, 5, 10 },
		{ "007", 3, 0, 0, 10, 7 },
		{ "7\0", 2, 0, 0, 10, 7 },
		{ "7\0\0", 3, -EINVAL, 0, 10 },
		{ "7\0" "8", 3, -EINVAL, 0, 10 },
		{ "", 0, -EINVAL, 0, 10 },
		{ "\0", 1, -EINVAL, 0, 10 },
		{ "-1", 2, -EINVAL, 0, U64_MAX },
		{ "+1", 2, -EINVAL, 0, U64_MAX },
		{ " 1", 2, -EINVAL, 0, U64_MAX },
		{ "1 ", 2, -EINVAL, 0, U64_MAX },
		{ "1\n", 2, -EINVAL, 0, U64_MAX },
		{ "0x1", 3, -EINVAL, 0, U64_MAX },
		{ "1e3", 3, -EINVAL, 0, U64_MAX },
		{ "zwei", 4, -EINVAL, 0, U64_MAX },
		{ "18446744073709551615", 20, 0, 0, U64_MAX, U64_MAX },
		{ "18446744073709551616", 20, -ERANGE, 0, U64_MAX },
		{ "18446744073709551620", 20, -ERANGE, 0, U64_MAX },
		{ "36893488147419103232", 20, -ERANGE, 0, U64_MAX },
		{ "99999999999999999999999999999999", 32, -ERANGE, 0, U64_MAX },
		{ "00000000000000000000000000000000000000009", 41, 0, 0, 10, 9 },
	};
	unsigned int i;
	u64 val;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		val = 12345;
		CHECK_EQ(xs_parse_num(t[i].s, t[i].len, &val, t[i].min, t[i].max), t[i].err);
		CHECK_EQ(val, t[i].err ? 12345 : t[i].val);
	}
}
