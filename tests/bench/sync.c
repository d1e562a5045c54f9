/* SPDX-License-Identifier: Apache-2.0 */
/* sync.c: see sync.h. */
#include "tests/bench/sync.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t calls, nanoseconds;

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int timed(long call, int fd)
{
	uint64_t begun = now_ns();
	int r = (int)syscall(call, fd);

	(void)__atomic_add_fetch(&nanoseconds, now_ns() - begun, __ATOMIC_RELAXED);
	(void)__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
	return r;
}

int fsync(int fd)
{
	return timed(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return timed(SYS_fdatasync, fd);
}

struct sync_cost sync_cost(void)
{
	return (struct sync_cost){ __atomic_load_n(&calls, __ATOMIC_RELAXED),
				   (double)__atomic_load_n(&nanoseconds, __ATOMIC_RELAXED) / 1e9 };
}
