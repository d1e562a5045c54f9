/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backend_local.c: a cartridge as files in a folder of a local file system.
 *
 * Descriptors: one for the segment that is appended to, one for the segment that is read, one per
 * side table.  The lock is an open file description lock: it belongs to this open alone (also
 * within one process) and dies with it. Never mmap: a file that somebody truncates would kill
 * tcmu-runner with SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/backend.h"
#include "lib/store/fence.h"
#include "lib/store/format.h"
#include "lib/store/reaper.h"

#define FILE_MODE  0660
#define NAME_BYTES FILE_NAME_BYTES
#define NO_SEGMENT UINT64_MAX

/*
 * How long a close waits for what is being deleted.  Most overwrites are done by then; the largest
 * would take minutes, and a host that unloads, or the robot that wants the cartridge, waits for
 * tens of seconds at most.
 */
#define CLOSE_WAIT_MS 5000u

struct segment_file {
	int fd; /* -1 = none */
	uint32_t stream;
	uint64_t number;
};

struct local {
	struct backend base;
	int folder;
	int lock_fd;
	bool writable;
	struct segment_file reading, writing;
	bool written;       /* something was appended to .writing since the last sync */
	bool names_changed; /* a segment was made since the last sync */
	struct fence fence; /* asked before every change */
	struct reaper *reaper;
	unsigned close_wait_ms;
	int table_fd[BACKEND_TABLES];        /* -1: not open */
	bool table_writable[BACKEND_TABLES]; /* a reader opens tables so only when it has to repair
						them */
	uint32_t table_stream[BACKEND_TABLES];
};

static struct local *local(struct backend *b)
{
	return (struct local *)(void *)b;
}

static void segment_close(struct segment_file *s)
{
	if (s->fd >= 0)
		(void)close(s->fd); /* synced, or about to be thrown away */
	*s = (struct segment_file){ .fd = -1, .number = NO_SEGMENT };
}

static int segment_open(struct local *l, struct segment_file *s, uint32_t stream, uint64_t number,
			int flags)
{
	char name[NAME_BYTES];
	int fd;

	if (s->fd >= 0 && s->stream == stream && s->number == number)
		return 0;
	segment_file_name(name, stream, number);
	fd = openat(l->folder, name, flags | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0)
		return -errno;
	if ((flags & O_CREAT) != 0)
		(void)fchmod(
			fd, FILE_MODE); /* against the umask; a pool may be shared with the group */
	segment_close(s);
	*s = (struct segment_file){ fd, stream, number };
	return 0;
}

/* ---- header and lock ---- */

static int header_read(struct backend *b, void **ret_data, size_t *ret_size)
{
	int r = fs_read(local(b)->folder, HEADER_NAME, HEADER_MAX, ret_data, ret_size);

	if (r == 0)
		fence_note_read(&local(b)->fence, *ret_data, *ret_size);
	return r;
}

static int header_write(struct backend *b, const void *data, size_t size)
{
	struct local *l = local(b);
	int r = fence_check(&l->fence);

	if (r < 0)
		return r;
	fence_note_write(&l->fence, data, size);
	return fs_replace(l->folder, HEADER_NAME, data, size, FILE_MODE);
}

static int take_lock(struct backend *b, bool exclusive)
{
	struct local *l = local(b);
	struct flock lock = { .l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };

	if (fcntl(l->lock_fd, F_OFD_SETLK, &lock) == 0)
		return fence_note_lock(&l->fence, l->lock_fd);
	return errno == EACCES ? -EAGAIN : -errno;
}

/* ---- data ---- */

static int data_read(struct backend *b, uint32_t stream, uint64_t address, void *buf, size_t size,
		     size_t *ret_size)
{
	struct local *l = local(b);
	uint64_t offset = address & (SEGMENT_SIZE - 1);
	int r = segment_open(l, &l->reading, stream, address >> SEGMENT_SHIFT, O_RDONLY);

	if (r == -ENOENT) {
		*ret_size = 0;
		return 0;
	}
	if (r < 0)
		return r;
	if (size > SEGMENT_SIZE - offset)
		size = (size_t)(SEGMENT_SIZE - offset);
	return fs_pread(l->reading.fd, buf, size, offset, ret_size);
}

/* As much of @iov as @room allows, in fresh memory (free()); NULL where there is none. */
static struct iovec *iov_shorten(const struct iovec *iov, int *cnt, size_t room)
{
	struct iovec *part = malloc((size_t)*cnt * sizeof(*part));
	int n = 0;

	if (part == NULL)
		return NULL;
	while (n < *cnt && room > 0) {
		part[n] = iov[n];
		if (part[n].iov_len > room)
			part[n].iov_len = room;
		room -= part[n++].iov_len;
	}
	*cnt = n;
	return part;
}

static int data_readv(struct backend *b, uint32_t stream, uint64_t address, const struct iovec *iov,
		      int iov_cnt, size_t *ret_size)
{
	struct local *l = local(b);
	uint64_t offset = address & (SEGMENT_SIZE - 1);
	size_t room = (size_t)(SEGMENT_SIZE - offset), size = 0;
	struct iovec *part = NULL;
	int r = segment_open(l, &l->reading, stream, address >> SEGMENT_SHIFT, O_RDONLY);

	if (r == -ENOENT) {
		*ret_size = 0;
		return 0;
	}
	if (r < 0)
		return r;
	for (int i = 0; i < iov_cnt; i++)
		size += iov[i].iov_len;
	if (size > room) { /* a file that is longer than it should be */
		part = iov_shorten(iov, &iov_cnt, room);
		if (part == NULL)
			return -ENOMEM;
		iov = part;
	}
	r = fs_preadv(l->reading.fd, iov, iov_cnt, offset, ret_size);
	free(part);
	return r;
}

static int data_sync(struct backend *b)
{
	struct local *l = local(b);

	if (l->written && fdatasync(l->writing.fd) < 0)
		return -errno;
	l->written = false;
	if (l->names_changed) {
		int r = fs_sync_dir(l->folder);

		if (r < 0)
			return r;
	}
	l->names_changed = false;
	return 0;
}

/* Makes the segment of @address the one that is appended to; what went to the one before is synced
 * first. */
static int switch_segment(struct local *l, uint32_t stream, uint64_t number)
{
	int r;

	if (l->writing.fd >= 0 && l->writing.stream == stream && l->writing.number == number)
		return 0;
	if (l->written) {
		r = data_sync(&l->base);
		if (r < 0)
			return r;
	}
	r = fence_check(&l->fence);
	if (r == 0)
		r = reaper_claim(l->reaper, stream, number);
	if (r == 0)
		r = segment_open(l, &l->writing, stream, number, O_RDWR);
	if (r != -ENOENT)
		return r;
	r = segment_open(l, &l->writing, stream, number, O_RDWR | O_CREAT | O_EXCL);
	if (r == 0)
		l->names_changed = true;
	return r;
}

static int append_once(struct local *l, uint32_t stream, uint64_t address, const struct iovec *iov,
		       int iov_cnt)
{
	uint64_t offset = address & (SEGMENT_SIZE - 1);
	int r = switch_segment(l, stream, address >> SEGMENT_SHIFT);

	if (r == 0)
		r = fence_check(&l->fence);
	if (r < 0)
		return r;
	l->written = true;
	r = fs_pwritev(l->writing.fd, iov, iov_cnt, offset);
	if (r == 0)
		return 0;
	if (fence_check(&l->fence) < 0)
		return -ESTALE; /* what is there now may be another one's: it is not cut */
	if (ftruncate(l->writing.fd, (off_t)offset) < 0)
		return -EUCLEAN; /* whole frames of it may be there */
	return r;
}

/* An overwrite is not told that there is no space as long as what it threw away makes some. */
static int data_append(struct backend *b, uint32_t stream, uint64_t address,
		       const struct iovec *iov, int iov_cnt)
{
	struct local *l = local(b);
	uint64_t gone = reaper_gone(l->reaper);
	int r = append_once(l, stream, address, iov, iov_cnt);

	while ((r == -ENOSPC || r == -EDQUOT) && reaper_wait(l->reaper, &gone))
		r = append_once(l, stream, address, iov, iov_cnt);
	return r;
}

static int data_truncate(struct backend *b, uint32_t stream, uint64_t address)
{
	struct local *l = local(b);
	uint64_t number = address >> SEGMENT_SHIFT;
	int r;

	r = fence_check(&l->fence);
	if (r < 0)
		return r;
	segment_close(&l->reading);
	if (l->writing.number != number || l->writing.stream != stream) {
		l->written =
			false; /* what it held is cut, or was synced when its successor began */
		segment_close(&l->writing);
	}
	r = reaper_cut(l->reaper, stream, number);
	if (r < 0)
		return r;
	r = segment_open(l, &l->writing, stream, number, O_RDWR);
	if (r == -ENOENT)
		return 0; /* nothing there yet */
	if (r == 0)
		r = fence_check(&l->fence); /* deleting took its time */
	if (r < 0)
		return r;
	if (ftruncate(l->writing.fd, (off_t)(address & (SEGMENT_SIZE - 1))) < 0)
		return -errno;
	l->written = true;
	return 0;
}

/* ---- side tables ---- */

static void table_name(char name[NAME_BYTES], enum backend_table table, uint32_t stream)
{
	static const char *const names[BACKEND_TABLES] = { "index", "marks", "digests", "rows" };

	(void)snprintf(name, NAME_BYTES, "%s.%08" PRIx32, names[table], stream);
}

static void table_close(struct local *l, enum backend_table table)
{
	if (l->table_fd[table] >= 0)
		(void)close(l->table_fd[table]); /* derived data */
	l->table_fd[table] = -1;
}

/* For reading a missing table is an empty one: -ENOENT. */
static int table_open(struct local *l, enum backend_table table, uint32_t stream, bool create)
{
	char name[NAME_BYTES];
	bool writable = l->writable || create;
	int flags = (writable ? O_RDWR : O_RDONLY) | (create ? O_CREAT : 0);

	if (l->table_fd[table] >= 0 && l->table_stream[table] == stream &&
	    (l->table_writable[table] || !writable))
		return 0;
	table_close(l, table);
	table_name(name, table, stream);
	l->table_fd[table] = openat(l->folder, name, flags | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (l->table_fd[table] < 0)
		return -errno;
	if (create)
		(void)fchmod(l->table_fd[table], FILE_MODE);
	l->table_stream[table] = stream;
	l->table_writable[table] = writable;
	return 0;
}

static int table_read(struct backend *b, enum backend_table table, uint32_t stream, uint64_t offset,
		      void *buf, size_t size, size_t *ret_size)
{
	struct local *l = local(b);
	int r = table_open(l, table, stream, false);

	if (r == -ENOENT) {
		*ret_size = 0;
		return 0;
	}
	return r < 0 ? r : fs_pread(l->table_fd[table], buf, size, offset, ret_size);
}

/* The same, to change it. */
static int table_open_ours(struct local *l, enum backend_table table, uint32_t stream)
{
	int r = fence_check(&l->fence);

	return r < 0 ? r : table_open(l, table, stream, true);
}

static int table_write(struct backend *b, enum backend_table table, uint32_t stream,
		       uint64_t offset, const void *buf, size_t size)
{
	struct local *l = local(b);
	int r = table_open_ours(l, table, stream);

	return r < 0 ? r : fs_pwrite(l->table_fd[table], buf, size, offset);
}

static int table_truncate(struct backend *b, enum backend_table table, uint32_t stream,
			  uint64_t size)
{
	struct local *l = local(b);
	int r = table_open_ours(l, table, stream);

	if (r < 0)
		return r;
	return ftruncate(l->table_fd[table], (off_t)size) < 0 ? -errno : 0;
}

static int table_size(struct backend *b, enum backend_table table, uint32_t stream,
		      uint64_t *ret_size)
{
	struct local *l = local(b);
	struct stat st;
	int r = table_open(l, table, stream, false);

	if (r == -ENOENT) {
		*ret_size = 0;
		return 0;
	}
	if (r < 0)
		return r;
	if (fstat(l->table_fd[table], &st) < 0)
		return -errno;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static int table_renew(struct backend *b, uint32_t stream)
{
	struct local *l = local(b);
	char name[NAME_BYTES];
	int r = fence_check(&l->fence);

	if (r < 0)
		return r;
	for (int t = TABLE_INDEX; t <= TABLE_MARKS; t++) {
		table_close(l, (enum backend_table)t);
		table_name(name, (enum backend_table)t, stream);
		if (unlinkat(l->folder, name, 0) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* ---- whole streams ---- */

/* A descriptor of a file that is going to be deleted would keep its space allocated. */
static void close_others(struct local *l, uint32_t keep, uint64_t last)
{
	struct segment_file *const segments[] = { &l->reading, &l->writing };

	for (size_t i = 0; i < 2; i++)
		if (segments[i]->stream != keep || segments[i]->number > last)
			segment_close(segments[i]);
	if (l->writing.fd < 0)
		l->written = false;
	for (int t = 0; t < BACKEND_TABLES; t++)
		if (l->table_stream[t] != keep)
			table_close(l, (enum backend_table)t);
}

static int keep_only(struct backend *b, uint32_t stream, uint64_t address)
{
	struct local *l = local(b);
	uint64_t last = address >> SEGMENT_SHIFT;
	int r = fence_check(&l->fence);

	if (r < 0)
		return r;
	close_others(l, stream, last);
	return reaper_keep_only(l->reaper, stream, last);
}

static int tidy(struct backend *b, unsigned milliseconds)
{
	struct local *l = local(b);

	l->close_wait_ms = 0;
	return reaper_finish(l->reaper, milliseconds) ? 0 : 1;
}

static int disk_bytes(struct backend *b, uint64_t *ret_bytes)
{
	return fs_disk_usage(local(b)->folder, ".", ret_bytes);
}

static void local_close(struct backend *b)
{
	struct local *l = local(b);

	if (b == NULL)
		return;
	segment_close(&l->reading);
	segment_close(&l->writing);
	for (int t = 0; t < BACKEND_TABLES; t++)
		table_close(l, (enum backend_table)t);
	if (l->reaper != NULL)
		(void)reaper_finish(l->reaper, l->close_wait_ms);
	reaper_free(l->reaper); /* under the lock still: nobody else may write here before */
	if (l->lock_fd >= 0)
		(void)close(l->lock_fd);
	if (l->folder >= 0)
		(void)close(l->folder);
	fence_destroy(&l->fence);
	free(l);
}

static int room(struct backend *b, uint64_t *ret_bytes)
{
	struct statvfs fs;

	if (fstatvfs(local(b)->folder, &fs) != 0)
		return -errno;
	*ret_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

static const struct backend_ops local_ops = {
	.header_read = header_read,
	.header_write = header_write,
	.lock = take_lock,
	.read = data_read,
	.readv = data_readv,
	.append = data_append,
	.truncate = data_truncate,
	.sync = data_sync,
	.table_read = table_read,
	.table_write = table_write,
	.table_truncate = table_truncate,
	.table_size = table_size,
	.table_renew = table_renew,
	.keep_only = keep_only,
	.tidy = tidy,
	.disk_bytes = disk_bytes,
	.room = room,
	.close = local_close,
};

/*
 * A reader opens the lock for writing too, where it may: it needs the exclusive lock to recover
 * what a dead writer left.
 */
static int open_lock(struct local *l)
{
	l->lock_fd = openat(l->folder, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	if (l->lock_fd >= 0)
		(void)fchmod(l->lock_fd, FILE_MODE); /* only its owner may, who did it */
	else if (!l->writable && (errno == EACCES || errno == EROFS))
		l->lock_fd = openat(l->folder, LOCK_NAME, O_RDONLY | O_CLOEXEC);
	return l->lock_fd < 0 ? -errno : 0;
}

int backend_local_open(const char *pool, const char *name, bool writable,
		       struct backend **ret_backend)
{
	struct local *l = calloc(1, sizeof(*l));
	int pool_fd, r;

	if (l == NULL)
		return -ENOMEM;
	*l = (struct local){ .base.ops = &local_ops,
			     .folder = -1,
			     .lock_fd = -1,
			     .writable = writable,
			     .close_wait_ms = CLOSE_WAIT_MS,
			     .reading = { .fd = -1, .number = NO_SEGMENT },
			     .writing = { .fd = -1, .number = NO_SEGMENT } };
	for (int t = 0; t < BACKEND_TABLES; t++)
		l->table_fd[t] = -1;
	pool_fd = open(pool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pool_fd < 0) {
		r = -errno;
		free(l);
		return r;
	}
	l->folder = openat(pool_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = l->folder < 0 ? -errno : 0;
	(void)close(pool_fd);
	fence_init(&l->fence, l->folder);
	if (r == 0)
		r = open_lock(l);
	if (r == 0) {
		l->reaper = reaper_new(&l->fence);
		r = l->reaper == NULL ? -ENOMEM : 0;
	}
	if (r < 0) {
		local_close(&l->base);
		return r;
	}
	*ret_backend = &l->base;
	return 0;
}
