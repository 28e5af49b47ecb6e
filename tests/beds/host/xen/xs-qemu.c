// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the QEMU of a xen-emu guest: lets a test write the store as the host's toolstack would, which QEMU keeps
 * to itself. Requests come as lines through the FIFO $PV_WORK/xs.in, one answer a line goes to $PV_WORK/xs.out:
 *   read PATH | write PATH VALUE | rm PATH | poke GRANT OFFSET VALUE   ->   "ok VALUE" or "error"
 * poke sets 32 bits in a page that the guest has granted, as a back-end would.
 *
 * And it mends a mistake: a watch that is not the first on its path could not be taken away, for among the others QEMU
 * looks for one that is not its owner's. The kernel's xenbus, whose watch of a back-end's state comes after QEMU's own, could
 * then not give a device to another driver.
 *
 * The functions below are QEMU's own, which Debian's binary exports.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct handle;
struct context;
struct error;

#pragma weak xenstore
extern struct handle *xenstore;
#pragma weak xs_node_read
char *xs_node_read(struct handle *h, uint32_t transaction, unsigned int *len, struct error **err, const char *fmt, ...);
#pragma weak xs_node_printf
void xs_node_printf(struct handle *h, uint32_t transaction, const char *dir, const char *node, struct error **err,
		    const char *fmt, ...);
#pragma weak xs_node_destroy
void xs_node_destroy(struct handle *h, uint32_t transaction, const char *path, struct error **err);
#pragma weak xs_impl_unwatch
int xs_impl_unwatch(void *s, unsigned int domid, const char *path, const char *token, void (*fn)(void), void *opaque);
#pragma weak qemu_get_aio_context
struct context *qemu_get_aio_context(void);
#pragma weak aio_bh_schedule_oneshot_full
void aio_bh_schedule_oneshot_full(struct context *ctx, void (*fn)(void *), void *data, const char *name);

struct gnttab;
struct gnttab_ops {
	uint32_t features;
	struct gnttab *(*open)(void);
	int (*close)(struct gnttab *g);
	void *unused[2];
	void *(*map_refs)(struct gnttab *g, uint32_t count, uint32_t domid, uint32_t *refs, int prot);
	int (*unmap)(struct gnttab *g, void *addr, uint32_t *refs, uint32_t count);
};

#pragma weak xen_gnttab_ops
extern struct gnttab_ops *xen_gnttab_ops;
#pragma weak xen_domid
extern uint32_t xen_domid;

struct request {
	char *verb, *path, *value;
	char *answer;
	struct error *err;
	sem_t done;
};

/* Return: 0, or -1 if the guest has granted no such page, or @where is not an offset in it and a value. */
static int poke(uint32_t ref, const char *where)
{
	unsigned int offset, value;
	struct gnttab *g;
	char *page;

	if (!&xen_gnttab_ops || sscanf(where, "%u %u", &offset, &value) != 2 || offset > 4092)
		return -1;
	g = xen_gnttab_ops->open();
	page = xen_gnttab_ops->map_refs(g, 1, xen_domid, &ref, PROT_READ | PROT_WRITE);
	if (page) {
		memcpy(page + offset, &value, sizeof(value));
		xen_gnttab_ops->unmap(g, page, &ref, 1);
	}
	xen_gnttab_ops->close(g);
	return page ? 0 : -1;
}

/* In QEMU's main loop: the store has no lock of its own. */
static void serve(void *data)
{
	struct request *req = data;

	if (!strcmp(req->verb, "read"))
		req->answer = xs_node_read(xenstore, 0, NULL, &req->err, "%s", req->path);
	else if (!strcmp(req->verb, "write") && req->value)
		xs_node_printf(xenstore, 0, "", req->path, &req->err, "%s", req->value);
	else if (!strcmp(req->verb, "rm"))
		xs_node_destroy(xenstore, 0, req->path, &req->err);
	else if (strcmp(req->verb, "poke") || poke(atoi(req->path), req->value))
		req->err = (struct error *)"";
	sem_post(&req->done);
}

static void answer(char *line, int out)
{
	struct request req = { .verb = strtok(line, " \n"), .path = strtok(NULL, " \n"), .value = strtok(NULL, "\n") };

	if (!req.verb || !req.path || !&xenstore || !xenstore) {
		dprintf(out, "error\n");
		return;
	}
	if (!req.value)
		req.value = "";
	sem_init(&req.done, 0, 0);
	aio_bh_schedule_oneshot_full(qemu_get_aio_context(), serve, &req, "pv-xs");
	while (sem_wait(&req.done))
		;
	if (req.err || (!req.answer && !strcmp(req.verb, "read")))
		dprintf(out, "error\n");
	else
		dprintf(out, "ok %s\n", req.answer ? req.answer : "");
	free(req.answer);
}

/* A line, or less at the end. Not by stdio: QEMU's exit() would wait for the lock of a stream that is being read. */
static size_t get_line(int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && read(fd, line + n, 1) == 1 && line[n++] != '\n')
		;
	line[n] = 0;
	return n;
}

static void *listen_to(void *data)
{
	char line[8192], path[4096];
	int in, out;

	snprintf(path, sizeof(path), "%s/xs.in", (char *)data);
	in = open(path, O_RDWR | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/xs.out", (char *)data);
	out = open(path, O_RDWR | O_CLOEXEC);
	while (in >= 0 && out >= 0 && get_line(in, line, sizeof(line)))
		answer(line, out);
	return NULL;
}

/* The comparison "opaque != w->cb_opaque" with its short jump, which is taken if they are equal: let it be the reverse. */
static void mend_unwatch(void)
{
	unsigned char *p = (unsigned char *)xs_impl_unwatch, *end = p + 512;
	long page = sysconf(_SC_PAGESIZE);

	for (; p < end; p++) {
		if ((*p & 0xf0) == 0x40 && p[1] == 0x39 && (p[2] & 0xc0) == 0x40 && p[3] == 0x10 && p[4] == 0x74) {
			char *at = (char *)((uintptr_t)(p + 4) & -page);

			if (!mprotect(at, page, PROT_READ | PROT_WRITE | PROT_EXEC)) {
				p[4] = 0x75;
				mprotect(at, page, PROT_READ | PROT_EXEC);
			}
			return;
		}
	}
}

__attribute__((constructor)) static void start(void)
{
	char *work = getenv("PV_WORK");
	pthread_t thread;

	unsetenv("LD_PRELOAD");
	if (&xs_impl_unwatch)
		mend_unwatch();
	if (work && &xs_node_read && &qemu_get_aio_context)
		pthread_create(&thread, NULL, listen_to, work);
}
