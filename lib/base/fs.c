/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.c: see fs.h.  Every path that can leave a temporary file or an open descriptor behind ends in
 * one place.
 */
#include "lib/base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IOV_BATCH 64 /* entries copied at a time */

int fs_pread(int fd, void *buf, size_t size, uint64_t offset, size_t *ret_size)
{
	uint8_t *p = buf;
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, p + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_size = done;
	return 0;
}

int fs_pread_exact(int fd, void *buf, size_t size, uint64_t offset)
{
	size_t done = 0;
	int r = fs_pread(fd, buf, size, offset, &done);

	if (r < 0)
		return r;
	return done == size ? 0 : -ENODATA;
}

int fs_pwrite(int fd, const void *buf, size_t size, uint64_t offset)
{
	const uint8_t *p = buf;

	while (size > 0) {
		ssize_t n = pwrite(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* POSIX allows no such answer for size > 0; do not spin on it
				      */
		p += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* preadv() or pwritev(). */
typedef ssize_t vector_call(int fd, const struct iovec *iov, int cnt, off_t offset);

/* Where in @iov a transfer is: entries that are done, and bytes of the next one. */
struct vector_at {
	const struct iovec *iov;
	int cnt;
	size_t skip;
};

static void vector_advance(struct vector_at *at, size_t bytes)
{
	bytes += at->skip;
	while (at->cnt > 0 && bytes >= at->iov->iov_len) { /* entries of length 0, too */
		bytes -= at->iov->iov_len;
		at->iov++;
		at->cnt--;
	}
	at->skip = bytes;
}

/* One call; in the middle of an entry with a copy, so that the caller's array stays as it is. */
static ssize_t vector_once(vector_call *call, int fd, const struct vector_at *at, off_t offset)
{
	struct iovec part[IOV_BATCH];
	int n;

	if (at->skip == 0)
		return call(fd, at->iov, at->cnt < IOV_MAX ? at->cnt : IOV_MAX, offset);
	n = at->cnt < IOV_BATCH ? at->cnt : IOV_BATCH;
	memcpy(part, at->iov, (size_t)n * sizeof(*part));
	part[0].iov_base = (uint8_t *)part[0].iov_base + at->skip;
	part[0].iov_len -= at->skip;
	return call(fd, part, n, offset);
}

/* Until all is done or a call says 0. */
static int vector_all(vector_call *call, int fd, const struct iovec *iov, int iov_cnt,
		      uint64_t offset, size_t *ret_done, bool *ret_all)
{
	struct vector_at at = { iov, iov_cnt, 0 };
	size_t done = 0;

	vector_advance(&at, 0);
	while (at.cnt > 0) {
		ssize_t n = vector_once(call, fd, &at, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
		vector_advance(&at, (size_t)n);
	}
	*ret_done = done;
	*ret_all = at.cnt == 0;
	return 0;
}

int fs_preadv(int fd, const struct iovec *iov, int iov_cnt, uint64_t offset, size_t *ret_size)
{
	bool all;

	return vector_all(preadv, fd, iov, iov_cnt, offset, ret_size, &all);
}

int fs_pwritev(int fd, const struct iovec *iov, int iov_cnt, uint64_t offset)
{
	size_t done;
	bool all;
	int r = vector_all(pwritev, fd, iov, iov_cnt, offset, &done, &all);

	return r == 0 && !all ? -EIO : r;
}

int fs_sync_dir(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		r = -errno;
	(void)close(fd); /* nothing was written through it */
	return r;
}

/* Writes and syncs the temporary file; it is there whole, or not at all. */
static int write_temporary(int folder, const char *name, const void *data, size_t size, mode_t mode)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = fs_pwrite(fd, data, size, 0);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno; /* the umask must not decide who shares a pool */
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(folder, name, 0); /* the first error is the one to report */
	return r;
}

int fs_replace(int folder, const char *name, const void *data, size_t size, mode_t mode)
{
	char temporary[NAME_MAX + 1];
	int n = snprintf(temporary, sizeof(temporary), ".%s.new", name);
	int r;

	if (n < 0 || (size_t)n >= sizeof(temporary))
		return -ENAMETOOLONG;
	r = write_temporary(folder, temporary, data, size, mode);
	if (r < 0)
		return r;
	if (renameat(folder, temporary, folder, name) < 0) {
		r = -errno;
		(void)unlinkat(folder, temporary, 0);
		return r;
	}
	return fs_sync_dir(folder);
}

static int read_all(int fd, size_t max, void **ret_data, size_t *ret_size)
{
	struct stat st;
	size_t size, done = 0;
	uint8_t *data;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	size = (size_t)st.st_size;
	data = malloc(size + 1);
	if (data == NULL)
		return -ENOMEM;
	r = fs_pread(fd, data, size, 0, &done);
	if (r < 0) {
		free(data);
		return r;
	}
	data[done] = 0;
	*ret_data = data;
	*ret_size = done;
	return 0;
}

int fs_read(int folder, const char *name, size_t max, void **ret_data, size_t *ret_size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = read_all(fd, max, ret_data, ret_size);
	(void)close(fd); /* read only */
	return r;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes what the folder @fd holds; takes @fd. */
static int remove_content(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (dir == NULL) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (r == 0 && (e = readdir(dir)) != NULL) {
		if (is_dot(e->d_name))
			continue;
		if (unlinkat(dirfd(dir), e->d_name, 0) == 0)
			continue;
		r = errno == EISDIR || errno == EPERM ? fs_remove_tree(dirfd(dir), e->d_name)
						      : -errno;
	}
	(void)closedir(dir);
	return r;
}

int fs_remove_tree(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = remove_content(fd);
	if (r == 0 && unlinkat(folder, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int fs_disk_usage(int folder, const char *name, uint64_t *ret_bytes)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t bytes = 0;
	struct dirent *e;
	struct stat st;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (dir == NULL) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	while ((e = readdir(dir)) != NULL) {
		uint64_t inside;

		if (is_dot(e->d_name) ||
		    fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		bytes += (uint64_t)st.st_blocks * 512;
		if (S_ISDIR(st.st_mode) && fs_disk_usage(dirfd(dir), e->d_name, &inside) == 0)
			bytes += inside;
	}
	(void)closedir(dir);
	*ret_bytes = bytes;
	return 0;
}
