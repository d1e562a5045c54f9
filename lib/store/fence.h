/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fence.h: is this folder still ours to change?  (P7 of docs/cartridge-format.md)
 *
 * A writer that slept while its lock was lost does not know it.  Before it changes anything it asks
 * here whether `lock` is still the file that it has locked; before it deletes anything, also
 * whether the header on disk is still of an epoch that it knows.  One "no" is for good.
 *
 * Threads: any.
 */
#ifndef VTL_STORE_FENCE_H
#define VTL_STORE_FENCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/outcome.h"

struct fence {
	int folder; /* borrowed */
	pthread_mutex_t lock;
	bool stale;
	bool locked; /* .device and .inode are those of the file that we have locked */
	dev_t device;
	ino_t inode;
	bool known; /* .uuid and .epoch are those of the highest header that we read or wrote */
	uint8_t uuid[16];
	uint64_t epoch;
};

void fence_init(struct fence *f, int folder);
void fence_destroy(struct fence *f);

/* @lock_fd has been locked, @exclusive or not. -EAGAIN: the name `lock` is another file's by now.
 */
MUST_CHECK int fence_note_lock(struct fence *f, int lock_fd);

/* A header that was read: the first one after fence_note_lock() counts, the later ones may be
 * another writer's. */
void fence_note_read(struct fence *f, const void *header, size_t size);
/* A header that is going to be written. */
void fence_note_write(struct fence *f, const void *header, size_t size);

/* 0: changes are allowed, also where nothing was ever locked; -ESTALE; -errno. */
MUST_CHECK int fence_check(struct fence *f);

/* The same, and no other writer has begun an epoch. */
MUST_CHECK int fence_check_epoch(struct fence *f);

/*
 * 1: the file @name, which is garbage, may be deleted.  0: it stays.  -ESTALE, -errno.
 *
 * A header on disk that is of our epoch vouches for that there is no other writer.  Where there is
 * none that can be read, a segment must say itself that it is none of another writer's: its own
 * header has an epoch that is not above ours, or it has none and is not @current, of the stream of
 * the recording.
 */
MUST_CHECK int fence_may_delete(struct fence *f, const char *name, bool is_segment, bool current);

#endif
