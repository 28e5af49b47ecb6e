// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile host against the store's pure core: it writes the whole page, at any moment, and any
 * strings.
 */
#include "kshim.h"
#include "pvbus/xen/xs_core.c"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct xs_ring ring;
static struct xs_link link_;

/* What the driver does with a message, and what must then be true */
static void use(char *body, unsigned int len)
{
	const char *path, *name[8];
	char buf[256];
	u32 token;
	u64 val;
	int n, i;

	assert(len <= XS_BODY_MAX && body[len] == 0);
	if (!xs_parse_num(body, len, &val, 3, 1000))
		assert(val >= 3 && val <= 1000);
	assert(xs_errno(body) <= 0);
	n = xs_split_names(body, len, name, ARRAY_SIZE(name));
	for (i = 0; i < n && i < (int)ARRAY_SIZE(name); i++)
		assert(xs_name_ok(name[i], XS_BODY_MAX) && name[i] + strlen(name[i]) < body + len);
	if (xs_join(buf, sizeof(buf), body, "state") > 0)
		assert(xs_path_ok(buf) && (!xs_path_ok(body) || xs_below(buf, body)));
	if (strlen(body) < sizeof(buf)) {
		strcpy(buf, body);
		xs_meet(buf, body + len / 2);
		assert(!buf[0] || xs_below(body, buf));
	}
	if (xs_id_ok(body))
		assert(strlen(body) <= 10);
	if (!xs_split_event(body, len, &path, &token))
		assert(xs_path_ok(path));
}

static void take_all(void)
{
	while (xs_get(&link_) > 0)
		use(link_.body, link_.hdr.len);
}

static void say(const void *bytes, unsigned int n)
{
	while (n-- && ring.rsp_prod - link_.rsp_cons < XS_RING_SIZE)
		ring.rsp[ring.rsp_prod++ % XS_RING_SIZE] = *(const u8 *)bytes++;
}

static void say_long(u32 len)
{
	struct xs_header h = { XS_READ, 1, 0, len };
	static u8 filler[256];
	unsigned int n;

	say(&h, sizeof(h));
	for (; len; len -= n) {
		n = min_t(u32, len, sizeof(filler));
		say(filler, n);
		take_all();
	}
}

/* Input: commands of the host, each a byte that says what and how much, then the bytes */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t at = 0, n;
	int got;

	memset(&ring, 0, sizeof(ring));
	xs_open(&link_, &ring);
	while (at + 3 < size) {
		u8 what = data[at++];

		n = min_t(size_t, data[at] | data[at + 1] << 8, size - at - 2);
		at += 2;
		switch (what % 4) {
		case 0:	/* an honest host's bytes; or a header, and as many bytes as it is long */
			if (what & 4)
				say_long(data[at - 2] | data[at - 1] << 8);
			else
				say(data + at, n);
			break;
		case 1:	/* anything anywhere on the page */
			memcpy((u8 *)&ring + what * 8, data + at, min(n, sizeof(ring) - what * 8));
			break;
		case 2:	/* the indices in particular */
			memcpy(&ring.req_cons, data + at, min_t(size_t, n, 16));
			break;
		case 3:	/* a request in between */
			got = xs_put(&link_, data + at, n);
			assert(got <= (int)min_t(size_t, n, XS_RING_SIZE));
			if (what & 4)
				ring.req_cons = link_.req_prod;
			if (what == 255)
				xs_open(&link_, &ring);
			break;
		}
		at += n;
		take_all();
	}
	if (size <= XS_BODY_MAX) {
		memcpy(link_.body, data, size);
		link_.body[size] = 0;
		use(link_.body, size);
	}
	return 0;
}
