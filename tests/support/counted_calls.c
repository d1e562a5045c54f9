/* SPDX-License-Identifier: Apache-2.0 */
/* counted_calls.c: see counted_calls.h. */
#include "tests/support/counted_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static _Thread_local struct counted counted;

struct counted counted_take(void)
{
	struct counted now = counted;

	counted = (struct counted){ 0 };
	return now;
}

/* clang-format off */
ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __real_preadv(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __wrap_preadv(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);
int __real_fstatat(int fd, const char *name, struct stat *st, int flags);
int __wrap_fstatat(int fd, const char *name, struct stat *st, int flags);
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...);
/* clang-format on */

static ssize_t count_read(ssize_t n)
{
	counted.calls++;
	counted.read_bytes += n > 0 ? (uint64_t)n : 0;
	return n;
}

ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	return count_read(__real_pread(fd, buf, size, offset));
}

ssize_t __wrap_preadv(int fd, const struct iovec *iov, int cnt, off_t offset)
{
	return count_read(__real_preadv(fd, iov, cnt, offset));
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset)
{
	counted.calls++;
	return __real_pwrite(fd, buf, size, offset);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset)
{
	counted.calls++;
	return __real_pwritev(fd, iov, cnt, offset);
}

int __wrap_ftruncate(int fd, off_t size)
{
	counted.calls++;
	return __real_ftruncate(fd, size);
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	counted.calls++;
	counted.deleted++;
	return __real_unlinkat(fd, name, flags);
}

int __wrap_fstatat(int fd, const char *name, struct stat *st, int flags)
{
	counted.calls++;
	return __real_fstatat(fd, name, st, flags);
}

struct dirent *__wrap_readdir(DIR *dir)
{
	counted.calls++;
	return __real_readdir(dir);
}

int __wrap_openat(int fd, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	counted.calls++;
	return __real_openat(fd, name, flags, mode);
}
