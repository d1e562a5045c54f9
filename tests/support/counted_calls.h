/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counted_calls.h: how much work a call of lib/store is: the system calls that the calling thread
 * makes, and the bytes that it reads.  What others do behind its back is not counted.
 *
 * Link counted_calls.c with the --wrap options of vtl_count_calls() in CMakeLists.txt here.
 */
#ifndef VTL_TESTS_COUNTED_CALLS_H
#define VTL_TESTS_COUNTED_CALLS_H

#include <stdint.h>

struct counted {
	uint64_t calls; /* all of the below; a name that readdir() gives is one, too */
	uint64_t read_bytes;
	uint64_t deleted; /* names */
};

/* Of this thread, since the last call. */
struct counted counted_take(void);

#endif
