/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backend.h: where the bytes of one cartridge live.  The format (format.h) is above this line,
 * files or objects are below.
 *
 * A backend holds: one header, replaced as a whole; a lock; and, per stream, a data address space
 * and four side tables (index, marks, digests, rows).  One thread at a time.  All functions return
 * 0 or -errno unless they say more.
 */
#ifndef VTL_STORE_BACKEND_H
#define VTL_STORE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/base/outcome.h"

enum backend_table {
	TABLE_INDEX,
	TABLE_MARKS,
	TABLE_DIGESTS,
	TABLE_ROWS,
};

#define BACKEND_TABLES 4

struct backend;

struct backend_ops {
	/* A fresh copy (free()) of the header; -ENOENT, -EFBIG. */
	int (*header_read)(struct backend *b, void **ret_data, size_t *ret_size);
	/* Atomically and durably. */
	int (*header_write)(struct backend *b, const void *data, size_t size);

	/* Takes, changes or tests the lock, which dies with the process. -EAGAIN where another
	 * holder excludes it. */
	int (*lock)(struct backend *b, bool exclusive);

	/* Up to @size bytes at @address, never across a segment's end; fewer at the end of the data
	 * (*ret_size). */
	int (*read)(struct backend *b, uint32_t stream, uint64_t address, void *buf, size_t size,
		    size_t *ret_size);
	/* The same into @iov, as many bytes as it has room for. */
	int (*readv)(struct backend *b, uint32_t stream, uint64_t address, const struct iovec *iov,
		     int iov_cnt, size_t *ret_size);
	/*
	 * Writes at @address, the end of the data of this segment; a segment is made where it does
	 * not exist yet.  After -errno nothing of it is there any more; after -EUCLEAN nobody knows
	 * how much of it is.  Any number of entries and bytes, as long as the end of the segment is
	 * not crossed; IOV_MAX entries are one system call.
	 */
	int (*append)(struct backend *b, uint32_t stream, uint64_t address, const struct iovec *iov,
		      int iov_cnt);
	/* Nothing at or behind @address is there any more. */
	int (*truncate)(struct backend *b, uint32_t stream, uint64_t address);
	/* Everything appended is on stable storage. */
	int (*sync)(struct backend *b);

	int (*table_read)(struct backend *b, enum backend_table table, uint32_t stream,
			  uint64_t offset, void *buf, size_t size, size_t *ret_size);
	int (*table_write)(struct backend *b, enum backend_table table, uint32_t stream,
			   uint64_t offset, const void *buf, size_t size);
	int (*table_truncate)(struct backend *b, enum backend_table table, uint32_t stream,
			      uint64_t size);
	int (*table_size)(struct backend *b, enum backend_table table, uint32_t stream,
			  uint64_t *ret_size);
	/* Cuts index and marks loose from other readers of the same cartridge: what is written from
	 * now on is a new, empty one. */
	int (*table_renew)(struct backend *b, uint32_t stream);

	/*
	 * Everything but the data of @stream up to the segment of @address, and its tables, is
	 * garbage (@stream 0: everything).
	 *
	 * This and truncate take a bounded time: where there is much to delete, it goes on behind,
	 * and close waits some seconds for its end. What is left then, or by a process that died,
	 * is found by the next one that calls keep_only.
	 */
	int (*keep_only)(struct backend *b, uint32_t stream, uint64_t address);
	/* Waits for the end of that, but not longer; close waits no more then. 0: nothing is left;
	 * 1: something is. */
	int (*tidy)(struct backend *b, unsigned milliseconds);
	int (*disk_bytes)(struct backend *b, uint64_t *ret_bytes);
	/* What can still be written before storage is full, as far as that is known. */
	int (*room)(struct backend *b, uint64_t *ret_bytes);
	void (*close)(struct backend *b); /* releases the lock and frees; NULL is allowed */
};

struct backend {
	const struct backend_ops *ops;
};

/*
 * The folder POOL/NAME. -ENOENT.
 *
 * Once it has locked, every function that changes something answers -ESTALE, and changes nothing,
 * when the file that it locked is not the one of that name any more (P7).
 */
MUST_CHECK int backend_local_open(const char *pool, const char *name, bool writable,
				  struct backend **ret_backend);

#endif
