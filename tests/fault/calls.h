/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h: the system calls of lib/store, one of which fails.  A program that links calls.c with
 * the
 * --wrap options of CMakeLists.txt has its calls counted while fault.on is set.
 */
#ifndef VTL_TESTS_CALLS_H
#define VTL_TESTS_CALLS_H

#include <stdbool.h>

#define FAULT_EXIT 42 /* what a process ends with that dies of FAULT_DIE */

enum calls {
	CALLS_DATA = 1, /* pread, pwrite, pwritev */
	CALLS_WRITEV,   /* pwritev alone: a part is written before it fails */
	CALLS_ALL,
};

enum fault_mode {
	FAULT_ONCE,
	FAULT_LASTING, /* every later call fails too */
	FAULT_DIE,     /* the process ends instead of making the call */
};

extern struct fault {
	bool on;
	enum calls which; /* CALLS_DATA or CALLS_ALL */
	enum fault_mode mode;
	int error;          /* 0: half of the bytes are transferred */
	unsigned countdown; /* the fault comes with this call, from 1 */
	unsigned met;
} fault;

/* Ready, but not on. */
void fault_arm(enum calls which, enum fault_mode mode, int error, unsigned countdown);

#endif
