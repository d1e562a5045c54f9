/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c: see calls.h.  One lock around each call: faults are counted, and calls are told, in the
 * order in which they take effect.
 */
#include "tests/fault/calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fault fault;
void (*calls_observer)(const struct call *call);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void fault_arm(enum calls which, enum fault_mode mode, int error, unsigned countdown)
{
	fault = (struct fault){
		.which = which, .mode = mode, .error = error, .countdown = countdown
	};
}

static void enter(void)
{
	(void)pthread_mutex_lock(&lock);
}

/* errno is what the call left. */
static void leave(void)
{
	int e = errno;

	(void)pthread_mutex_unlock(&lock);
	errno = e;
}

/* A write is a transfer, too. */
static bool is_meant(enum calls which)
{
	return fault.which == CALLS_ALL || fault.which == which ||
	       (fault.which == CALLS_DATA && which == CALLS_WRITE);
}

static bool fails(enum calls which)
{
	if (!fault.on || !is_meant(which))
		return false;
	if (fault.countdown > 1) {
		fault.countdown--;
		return false;
	}
	if (fault.met > 0 && fault.mode != FAULT_LASTING)
		return false;
	fault.met++;
	if (fault.mode == FAULT_DIE && which != CALLS_WRITE)
		_exit(FAULT_EXIT);
	errno = fault.error != 0 ? fault.error : EIO; /* where there is no half of it */
	return true;
}

/* clang-format off */
ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __real_preadv(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __wrap_preadv(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __real_preadv2(int fd, const struct iovec *iov, int cnt, off_t offset, int flags);
ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int cnt, off_t offset, int flags);
ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __real_pwritev2(int fd, const struct iovec *iov, int cnt, off_t offset, int flags);
ssize_t __wrap_pwritev2(int fd, const struct iovec *iov, int cnt, off_t offset, int flags);
int __real_fallocate(int fd, int mode, off_t offset, off_t size);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t size);
int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags);
int __wrap_sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);
int __real_mkdirat(int fd, const char *name, mode_t mode);
int __wrap_mkdirat(int fd, const char *name, mode_t mode);
int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
/* clang-format on */

/* ---- telling ---- */

static ino_t inode(int fd)
{
	struct stat st = { 0 };
	int e = errno;

	(void)__real_fstat(fd, &st);
	errno = e;
	return st.st_ino;
}

static bool is_nameless(int fd)
{
	struct stat st = { .st_nlink = 1 };
	int e = errno;

	(void)__real_fstat(fd, &st);
	errno = e;
	return st.st_nlink == 0;
}

static void tell(const struct call *call)
{
	int e = errno;

	calls_observer(call);
	errno = e;
}

static void tell_write(int fd, const struct iovec *iov, off_t offset, ssize_t size)
{
	if (calls_observer != NULL && size > 0)
		tell(&(struct call){ .kind = CALL_WRITE,
				     .file = inode(fd),
				     .nameless = is_nameless(fd),
				     .offset = (uint64_t)offset,
				     .size = (uint64_t)size,
				     .iov = iov });
}

static void tell_file(enum call_kind kind, int fd, uint64_t offset, uint64_t size)
{
	if (calls_observer != NULL)
		tell(&(struct call){ .kind = kind,
				     .file = inode(fd),
				     .nameless = is_nameless(fd),
				     .offset = offset,
				     .size = size });
}

static void tell_name(enum call_kind kind, int folder, const char *name)
{
	struct stat st = { 0 };

	if (calls_observer == NULL)
		return;
	(void)fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW);
	tell(&(struct call){
		.kind = kind, .file = st.st_ino, .folder = inode(folder), .name = name });
}

static void tell_rename(int from_fd, const char *from, int to_fd, const char *to)
{
	if (calls_observer != NULL)
		tell(&(struct call){ .kind = CALL_RENAME,
				     .folder = inode(from_fd),
				     .to_folder = inode(to_fd),
				     .name = from,
				     .to_name = to });
}

/* ---- transfers ---- */

static size_t total(const struct iovec *iov, int cnt)
{
	size_t size = 0;

	for (int i = 0; i < cnt; i++)
		size += iov[i].iov_len;
	return size;
}

/* The first @size bytes of @iov; there are no more than 1024 pieces (IOV_MAX). */
static int first_bytes(const struct iovec *iov, size_t size, struct iovec part[1024])
{
	int n = 0;

	for (; size > 0; n++) {
		part[n] = iov[n];
		if (part[n].iov_len > size)
			part[n].iov_len = size;
		size -= part[n].iov_len;
	}
	return n;
}

static ssize_t read_pieces(int fd, const struct iovec *iov, int cnt, off_t offset, int flags)
{
	static struct iovec part[1024]; /* under the lock */
	size_t half = total(iov, cnt) / 2;
	ssize_t n = -1;

	enter();
	if (!fails(CALLS_DATA))
		n = flags == 0 ? __real_preadv(fd, iov, cnt, offset)
			       : __real_preadv2(fd, iov, cnt, offset, flags);
	else if (fault.error == 0 && half > 0)
		n = __real_preadv(fd, part, first_bytes(iov, half, part), offset);
	leave();
	return n;
}

/* An error comes after a part has been written, as on a disk that fills up. */
static ssize_t write_half(int fd, const struct iovec *iov, int cnt, off_t offset)
{
	static struct iovec part[1024]; /* under the lock */
	size_t half = (total(iov, cnt) + 1) / 2;
	ssize_t n = half == 0 ? 0 : __real_pwritev(fd, part, first_bytes(iov, half, part), offset);

	if (fault.mode == FAULT_DIE)
		_exit(FAULT_EXIT);
	tell_write(fd, iov, offset, n);
	errno = fault.error;
	return fault.error != 0 ? -1 : n;
}

static ssize_t write_pieces(int fd, const struct iovec *iov, int cnt, off_t offset, int flags)
{
	ssize_t n;

	enter();
	if (fails(CALLS_WRITE)) {
		n = write_half(fd, iov, cnt, offset);
	} else {
		n = flags == 0 ? __real_pwritev(fd, iov, cnt, offset)
			       : __real_pwritev2(fd, iov, cnt, offset, flags);
		tell_write(fd, iov, offset, n);
	}
	leave();
	return n;
}

ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	return read_pieces(fd, &(const struct iovec){ buf, size }, 1, offset, 0);
}

ssize_t __wrap_preadv(int fd, const struct iovec *iov, int cnt, off_t offset)
{
	return read_pieces(fd, iov, cnt, offset, 0);
}

ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int cnt, off_t offset, int flags)
{
	return read_pieces(fd, iov, cnt, offset, flags);
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset)
{
	return write_pieces(fd, &(const struct iovec){ (void *)(uintptr_t)buf, size }, 1, offset,
			    0);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset)
{
	return write_pieces(fd, iov, cnt, offset, 0);
}

ssize_t __wrap_pwritev2(int fd, const struct iovec *iov, int cnt, off_t offset, int flags)
{
	return write_pieces(fd, iov, cnt, offset, flags);
}

/* ---- sizes ---- */

static void tell_allocation(int fd, int mode, off_t offset, off_t size)
{
	struct stat st = { 0 };

	if (calls_observer == NULL)
		return;
	(void)__real_fstat(fd, &st);
	if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0)
		tell_file(CALL_ZERO, fd, (uint64_t)offset, (uint64_t)size);
	tell_file(CALL_RESIZE, fd, 0, (uint64_t)st.st_size); /* as it is, where it was kept */
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t size)
{
	int r = -1;

	enter();
	if (!fails(CALLS_WRITE))
		r = __real_fallocate(fd, mode, offset, size);
	else if (fault.mode == FAULT_DIE)
		_exit(FAULT_EXIT);
	if (r == 0)
		tell_allocation(fd, mode, offset, size);
	leave();
	return r;
}

int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
	int r;

	enter();
	if (fails(CALLS_WRITE)) {
		if (fault.mode == FAULT_DIE)
			_exit(FAULT_EXIT);
		r = errno;
	} else {
		r = __real_posix_fallocate(fd, offset, size);
	}
	if (r == 0)
		tell_allocation(fd, 0, offset, size);
	leave();
	return r;
}

int __wrap_ftruncate(int fd, off_t size)
{
	int r;

	enter();
	r = fails(CALLS_ALL) ? -1 : __real_ftruncate(fd, size);
	if (r == 0)
		tell_file(CALL_RESIZE, fd, 0, (uint64_t)size);
	leave();
	return r;
}

/* ---- syncs ---- */

static int sync_with(int (*call)(int fd), int fd)
{
	int r;

	enter();
	r = fails(CALLS_SYNC) ? -1 : call(fd);
	tell_file(r == 0 ? CALL_SYNC : CALL_SYNC_FAILED, fd, 0, 0);
	leave();
	return r;
}

int __wrap_fdatasync(int fd)
{
	return sync_with(__real_fdatasync, fd);
}

int __wrap_fsync(int fd)
{
	return sync_with(__real_fsync, fd);
}

/* It makes nothing durable (no metadata, no flush of the disk's cache): not told. */
int __wrap_sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags)
{
	int r;

	enter();
	r = fails(CALLS_SYNC) ? -1 : __real_sync_file_range(fd, offset, size, flags);
	leave();
	return r;
}

/* ---- names ---- */

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	int r;

	enter();
	r = fails(CALLS_ALL) ? -1 : __real_renameat(from_fd, from, to_fd, to);
	if (r == 0)
		tell_rename(from_fd, from, to_fd, to);
	leave();
	return r;
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	int r;

	enter();
	r = fails(CALLS_ALL) ? -1 : __real_renameat2(from_fd, from, to_fd, to, flags);
	if (r == 0)
		tell_rename(from_fd, from, to_fd, to);
	leave();
	return r;
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	int r;

	enter();
	r = fails(CALLS_ALL) ? -1 : __real_unlinkat(fd, name, flags);
	if (r == 0 && calls_observer != NULL)
		tell(&(struct call){ .kind = CALL_REMOVE, .folder = inode(fd), .name = name });
	leave();
	return r;
}

int __wrap_mkdirat(int fd, const char *name, mode_t mode)
{
	int r;

	enter();
	r = fails(CALLS_ALL) ? -1 : __real_mkdirat(fd, name, mode);
	if (r == 0)
		tell_name(CALL_MAKE_FOLDER, fd, name);
	leave();
	return r;
}

static bool exists(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int __wrap_openat(int fd, const char *name, int flags, ...)
{
	bool made;
	mode_t mode = 0;
	va_list args;
	int r;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	enter();
	made = calls_observer != NULL && (flags & O_CREAT) != 0 && !exists(fd, name);
	r = fails(CALLS_ALL) ? -1 : __real_openat(fd, name, flags, mode);
	if (r >= 0 && made)
		tell_name(CALL_MAKE, fd, name);
	else if (r >= 0 && (flags & O_TRUNC) != 0)
		tell_file(CALL_RESIZE, r, 0, 0);
	leave();
	return r;
}

/* ---- what changes nothing ---- */

/* The descriptor is gone in any case. */
int __wrap_close(int fd)
{
	bool failing;
	int r, e;

	enter();
	failing = fails(CALLS_ALL);
	e = errno;
	r = __real_close(fd);
	if (failing) {
		errno = e;
		r = -1;
	}
	leave();
	return r;
}

int __wrap_fstat(int fd, struct stat *st)
{
	int r;

	enter();
	r = fails(CALLS_ALL) ? -1 : __real_fstat(fd, st);
	leave();
	return r;
}

int __wrap_fchmod(int fd, mode_t mode)
{
	int r;

	enter();
	r = fails(CALLS_ALL) ? -1 : __real_fchmod(fd, mode);
	leave();
	return r;
}

struct dirent *__wrap_readdir(DIR *dir)
{
	struct dirent *e;

	enter();
	e = fails(CALLS_ALL) ? NULL : __real_readdir(dir);
	leave();
	return e;
}
