/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c: see calls.h. */
#include "tests/fault/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct fault fault;

void fault_arm(enum calls which, enum fault_mode mode, int error, unsigned countdown)
{
	fault = (struct fault){
		.which = which, .mode = mode, .error = error, .countdown = countdown
	};
}

static bool fails(enum calls which)
{
	if (!fault.on || (fault.which == CALLS_DATA && which == CALLS_ALL))
		return false;
	if (fault.countdown > 1) {
		fault.countdown--;
		return false;
	}
	if (fault.met > 0 && fault.mode != FAULT_LASTING)
		return false;
	fault.met++;
	if (fault.mode == FAULT_DIE && which != CALLS_WRITEV)
		_exit(FAULT_EXIT);
	errno = fault.error;
	return true;
}

/* clang-format off */
ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);
int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...);
/* clang-format on */

ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	if (!fails(CALLS_DATA))
		return __real_pread(fd, buf, size, offset);
	return fault.error != 0 || size < 2 ? -1 : __real_pread(fd, buf, size / 2, offset);
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset)
{
	if (!fails(CALLS_DATA))
		return __real_pwrite(fd, buf, size, offset);
	return fault.error != 0 || size < 2 ? -1 : __real_pwrite(fd, buf, size / 2, offset);
}

/* An error comes after a part has been written, as on a disk that fills up. */
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset)
{
	ssize_t n;

	if (!fails(CALLS_WRITEV))
		return __real_pwritev(fd, iov, cnt, offset);
	n = __real_pwrite(fd, iov[0].iov_base, (iov[0].iov_len + 1) / 2, offset);
	if (fault.mode == FAULT_DIE)
		_exit(FAULT_EXIT);
	errno = fault.error;
	return fault.error != 0 ? -1 : n;
}

int __wrap_fdatasync(int fd)
{
	return fails(CALLS_ALL) ? -1 : __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
	return fails(CALLS_ALL) ? -1 : __real_fsync(fd);
}

int __wrap_ftruncate(int fd, off_t size)
{
	return fails(CALLS_ALL) ? -1 : __real_ftruncate(fd, size);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails(CALLS_ALL) ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	return fails(CALLS_ALL) ? -1 : __real_unlinkat(fd, name, flags);
}

int __wrap_openat(int fd, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	return fails(CALLS_ALL) ? -1 : __real_openat(fd, name, flags, mode);
}
