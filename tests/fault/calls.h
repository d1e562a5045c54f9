/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h: the system calls of lib/store on files, one of which fails, or all of which are watched.
 * A program that links test_calls (CMakeLists.txt) has them counted while fault.on is set, and told
 * to calls_observer while that is not NULL.
 *
 * Any thread may make calls; faults are armed and observers set while no other thread does.
 */
#ifndef VTL_TESTS_CALLS_H
#define VTL_TESTS_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define FAULT_EXIT 42 /* what a process ends with that dies of FAULT_DIE */

enum calls {
	CALLS_DATA = 1, /* transfers: pread, pwrite and their relatives */
	CALLS_WRITE,    /* pwrite and its relatives, fallocate: what needs space */
	CALLS_SYNC,     /* fsync, fdatasync, sync_file_range */
	CALLS_ALL,
};

enum fault_mode {
	FAULT_ONCE,
	FAULT_LASTING, /* every later call fails too */
	FAULT_DIE,     /* the process ends instead of making the call; in the middle of a write */
};

extern struct fault {
	bool on;
	enum calls which;
	enum fault_mode mode;
	int error;          /* 0: half of the bytes are transferred */
	unsigned countdown; /* the fault comes with this call, from 1 */
	unsigned met;
} fault;

/* Ready, but not on. */
void fault_arm(enum calls which, enum fault_mode mode, int error, unsigned countdown);

/* ---- watching ---- */

enum call_kind {
	CALL_WRITE,       /* size bytes of iov at offset of file */
	CALL_RESIZE,      /* file has size bytes now; what is new is zeros */
	CALL_ZERO,        /* size bytes at offset read as zeros; the file is no longer for it */
	CALL_SYNC,        /* of file, which may be a folder */
	CALL_SYNC_FAILED, /* the same, but it did not work */
	CALL_MAKE,        /* file appeared as name in folder, empty */
	CALL_MAKE_FOLDER, /* file, a folder, appeared as name in folder */
	CALL_RENAME,      /* name in folder is to_name in to_folder now */
	CALL_REMOVE,      /* name in folder is gone */
};

/* A call that changed something, after it was made. Files and folders are inode numbers. */
struct call {
	enum call_kind kind;
	ino_t file, folder, to_folder;
	bool nameless; /* the file has no name: a loss of power leaves nothing of it */
	const char *name, *to_name;
	uint64_t offset, size;
	const struct iovec *iov; /* of which the first size bytes count */
};

/* Called by one thread at a time, in the order in which the calls took effect. */
extern void (*calls_observer)(const struct call *call);

#endif
