/* SPDX-License-Identifier: GPL-2.0-only */
/* A ring's memory in user space: a control page, and data that is there twice. */
#ifndef VMBUS_MAP_H
#define VMBUS_MAP_H

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* @data bytes of it; returns the control page, with the data behind it. Never unmapped */
static inline u8 *map_ring(u32 data)
{
	int fd = syscall(SYS_memfd_create, "ring", 0);
	u8 *p = mmap(NULL, 4096 + 2 * data, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert(fd >= 0 && p != MAP_FAILED && !ftruncate(fd, 4096 + data));
	assert(mmap(p, 4096 + data, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	assert(mmap(p + 4096 + data, data, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		    4096) == p + 4096 + data);
	close(fd);
	return p;
}

#endif /* VMBUS_MAP_H */
