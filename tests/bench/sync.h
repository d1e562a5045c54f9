/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.h: what waiting for stable storage costs.  The program's own fsync() and fdatasync() stand
 * before those of the C library, time each call, and count; from any thread.
 */
#ifndef VTL_TESTS_BENCH_SYNC_H
#define VTL_TESTS_BENCH_SYNC_H

#include <stdint.h>

struct sync_cost {
	uint64_t calls;
	double seconds; /* of all threads */
};

/* Since the start of the program. */
struct sync_cost sync_cost(void);

#endif
