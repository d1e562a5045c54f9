/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.h: files, the few things about them that must never be done halfway.
 *
 * All functions restart on EINTR and continue after short transfers.  None of them logs.
 */
#ifndef VTL_BASE_FS_H
#define VTL_BASE_FS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "lib/base/outcome.h"

/* Reads up to @size bytes at @offset; *ret_size is less than @size only at the end of the file. 0
 * or -errno. */
MUST_CHECK int fs_pread(int fd, void *buf, size_t size, uint64_t offset, size_t *ret_size);

/* Reads exactly @size bytes at @offset; -ENODATA where the file ends before that. */
MUST_CHECK int fs_pread_exact(int fd, void *buf, size_t size, uint64_t offset);

/* fs_pread() into @iov, which is not changed; any number of entries is allowed. */
MUST_CHECK int fs_preadv(int fd, const struct iovec *iov, int iov_cnt, uint64_t offset,
			 size_t *ret_size);

/* Writes all of @buf at @offset. 0 or -errno; after a failure any part may have been written. */
MUST_CHECK int fs_pwrite(int fd, const void *buf, size_t size, uint64_t offset);

/*
 * Writes all bytes of @iov at @offset.  @iov is not changed; any number of entries is allowed
 * (one call takes IOV_MAX of them).  0 or -errno; after a failure any part may have been written.
 */
MUST_CHECK int fs_pwritev(int fd, const struct iovec *iov, int iov_cnt, uint64_t offset);

/*
 * Replaces the file @name below @folder by @size bytes of @data, atomically and durably: a
 * temporary file beside it is written, synced and renamed, then the folder is synced.  A reader, or
 * a machine that lost its power at any point, sees the whole old or the whole new file.  Returns 0
 * or -errno; then the old file is still there and no temporary file stays behind.
 */
MUST_CHECK int fs_replace(int folder, const char *name, const void *data, size_t size, mode_t mode);

/*
 * Reads the whole file @name below @folder into fresh memory (free()), with a 0 byte after its end
 * that *ret_size does not count.  -EFBIG where it is longer than @max bytes.
 */
MUST_CHECK int fs_read(int folder, const char *name, size_t max, void **ret_data, size_t *ret_size);

/* Makes the names in the folder @folder durable. */
MUST_CHECK int fs_sync_dir(int folder);

/* Removes the folder @name below @folder and everything in it; symbolic links are removed, not
 * followed. */
MUST_CHECK int fs_remove_tree(int folder, const char *name);

/* Bytes that what is in the folder @name below @folder uses on disk (allocated blocks). */
MUST_CHECK int fs_disk_usage(int folder, const char *name, uint64_t *ret_bytes);

#endif
