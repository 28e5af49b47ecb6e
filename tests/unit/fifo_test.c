// SPDX-License-Identifier: GPL-2.0-only
/* FIFO event channels against a fake Xen that links ports into queues, properly and otherwise. */
#include "test.h"
#include "pvbus/xen/fifo_core.h"

#define P(bit)	(1u << EVTCHN_FIFO_##bit)
#define PORTS	64

static u32 word_of[PORTS];
static struct xen_fifo_control control;
static struct fifo_queues queues;
static u32 tail[EVTCHN_FIFO_QUEUES];
static u32 got[256];
static unsigned int ngot;

static void event(u32 port)
{
	if (ngot < ARRAY_SIZE(got))
		got[ngot++] = port;
	word_of[port] &= ~P(PENDING);
}

static const struct fifo_view view = { .words = word_of, .ports = PORTS, .event = event };

static void reset(void)
{
	memset(word_of, 0, sizeof(word_of));
	memset(&control, 0, sizeof(control));
	memset(&queues, 0, sizeof(queues));
	memset(tail, 0, sizeof(tail));
	ngot = 0;
}

/* What Xen does for an event: evtchn_fifo_set_pending() in words of the specification. */
static void send(u32 port, unsigned int q)
{
	word_of[port] |= P(PENDING);
	if (word_of[port] & (P(MASKED) | P(LINKED)))
		return;
	word_of[port] |= P(LINKED);
	if (tail[q] && word_of[tail[q]] & P(LINKED))
		word_of[tail[q]] |= port;
	else
		control.head[q] = port;
	tail[q] = port;
	control.ready |= 1u << q;
}

static unsigned int drain(void)
{
	return fifo_drain(&queues, &control, &view, 2 * PORTS);
}

TEST(one_event)
{
	reset();
	send(5, 7);
	drain();
	CHECK(ngot == 1 && got[0] == 5);
	CHECK_EQ(word_of[5], 0);
	CHECK_EQ(control.ready, 0);
	drain();
	CHECK_EQ(ngot, 1);
}

TEST(a_list_comes_in_order_and_can_be_filled_again)
{
	unsigned int round, i;

	reset();
	for (round = 0; round < 3; round++) {
		ngot = 0;
		for (i = 1; i < PORTS; i++)
			send(i, 7);
		drain();
		CHECK_EQ(ngot, PORTS - 1);
		for (i = 0; i < ngot; i++)
			CHECK_EQ(got[i], i + 1);
	}
}

TEST(urgent_queues_go_first)
{
	reset();
	send(9, 15);
	send(3, 0);
	send(4, 7);
	drain();
	CHECK(ngot == 3 && got[0] == 3 && got[1] == 4 && got[2] == 9);
}

TEST(masked_ports_are_passed_over_and_unlinked)
{
	reset();
	send(1, 7);
	send(2, 7);
	send(3, 7);
	word_of[2] |= P(MASKED);
	drain();
	CHECK(ngot == 2 && got[0] == 1 && got[1] == 3);
	CHECK_EQ(word_of[2], P(PENDING) | P(MASKED));
}

TEST(a_ring_of_ports_ends)
{
	reset();
	word_of[1] = P(PENDING) | P(LINKED) | 2;
	word_of[2] = P(PENDING) | P(LINKED) | 1;
	control.head[7] = 1;
	control.ready = 1u << 7;
	CHECK(drain() <= 2 * PORTS);
	CHECK(ngot <= 3);
}

TEST(ports_that_do_not_exist_end_the_list)
{
	reset();
	word_of[1] = P(PENDING) | P(LINKED) | 0x1ffff;
	control.head[7] = 1;
	control.ready = 1u << 7;
	drain();
	CHECK(ngot == 1 && got[0] == 1);
	CHECK_EQ(queues.head[7], 0);

	control.head[3] = 70000;
	control.ready = 1u << 3;
	CHECK_EQ(drain(), 1);
	CHECK_EQ(ngot, 1);
}

TEST(ready_bits_beyond_the_queues_are_ignored)
{
	reset();
	control.ready = 0xffff0000u;
	CHECK_EQ(drain(), 16);
	CHECK_EQ(ngot, 0);
}

TEST(a_list_may_take_several_upcalls)
{
	unsigned int i;

	reset();
	for (i = 1; i <= 10; i++)
		send(i, 7);
	CHECK(fifo_drain(&queues, &control, &view, 4) >= 4);
	CHECK_EQ(ngot, 4);
	drain();
	CHECK_EQ(ngot, 10);
}
