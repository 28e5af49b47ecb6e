/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's side of the FIFO event channel ABI, as plain C: what to do with event words and
 * queues.
 *
 * Xen links pending ports into one list per priority: control->head[q] names the first port when a
 * list was empty, each port's word names the next. All of it is Xen's to write at any time.
 * Specification: xen/include/public/event_channel.h; "Event channel ABI (FIFO)", Xen design
 * documents.
 */
#ifndef PVBUS_XEN_FIFO_CORE_H
#define PVBUS_XEN_FIFO_CORE_H

#include <abi/xen/event_channel.h>

struct fifo_queues {
	u32 head[EVTCHN_FIFO_QUEUES];	/* where we are in each list; 0: start at control->head */
	u32 ready;			/* what the last round left over */
};

struct fifo_view {
	u32 *words;			/* one for each port */
	u32 ports;
	void (*event)(u32 port);
};

/*
 * Take a port off its list: LINKED and the link go at once. Xen changes words at the same time,
 * whatever number of CPUs this kernel has. Return: the next port.
 */
static inline u32 fifo_unlink(u32 *word)
{
	const u32 link = 1u << EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK;
	u32 old = READ_ONCE(*word), was;

	while ((was = sync_cmpxchg(word, old, old & ~link)) != old)
		old = was;
	return old & EVTCHN_FIFO_LINK_MASK;
}

/*
 * Handle the next event of queue @q. Returns false when the list is at its end (or makes no sense).
 */
static inline bool fifo_consume(struct fifo_queues *queues, struct xen_fifo_control *control,
				unsigned int q, const struct fifo_view *view)
{
	u32 port = queues->head[q], *word;

	if (!port) {
		virt_rmb();	/* the ready bit was read before the head it announces */
		port = READ_ONCE(control->head[q]);
	}
	word = port && port < view->ports ? &view->words[port] : NULL;
	if (!word) {
		queues->head[q] = 0;
		return false;
	}
	queues->head[q] = fifo_unlink(word);
	if ((READ_ONCE(*word) & (1u << EVTCHN_FIFO_PENDING | 1u << EVTCHN_FIFO_MASKED)) ==
	    1u << EVTCHN_FIFO_PENDING)
		view->event(port);
	return queues->head[q] != 0;
}

/*
 * Handle all that is ready, the most urgent queue (0) first. At most @budget events: a host that
 * links ports in a ring must not hold the CPU; what is left then waits for the next upcall. Returns
 * how many were looked at.
 */
static inline unsigned int fifo_drain(struct fifo_queues *queues, struct xen_fifo_control *control,
				      const struct fifo_view *view, unsigned int budget)
{
	u32 ready = queues->ready | xchg(&control->ready, 0u);
	unsigned int n = 0, q;

	while (ready && n++ < budget) {
		q = __builtin_ctz(ready);
		if (q >= EVTCHN_FIFO_QUEUES || !fifo_consume(queues, control, q, view))
			ready &= ~(1u << q);
		ready |= xchg(&control->ready, 0u);
	}
	queues->ready = ready;
	return n;
}

#endif /* PVBUS_XEN_FIFO_CORE_H */
