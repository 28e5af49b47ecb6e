// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the QEMU of a xen-emu guest: lets a test write the store as the host's toolstack would, which QEMU keeps
 * to itself. Requests come as lines through the FIFO $PV_WORK/xs.in, one answer a line goes to $PV_WORK/xs.out:
 *   read PATH | write PATH VALUE | rm PATH   ->   "ok VALUE" or "error"
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
#pragma weak qemu_get_aio_context
struct context *qemu_get_aio_context(void);
#pragma weak aio_bh_schedule_oneshot_full
void aio_bh_schedule_oneshot_full(struct context *ctx, void (*fn)(void *), void *data, const char *name);

struct request {
	char *verb, *path, *value;
	char *answer;
	struct error *err;
	sem_t done;
};

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
	else
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

__attribute__((constructor)) static void start(void)
{
	char *work = getenv("PV_WORK");
	pthread_t thread;

	unsetenv("LD_PRELOAD");
	if (work && &xs_node_read && &qemu_get_aio_context)
		pthread_create(&thread, NULL, listen_to, work);
}
