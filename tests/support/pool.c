/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c: see pool.h. */
#include "tests/support/pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fs.h"

static uint8_t scratch[CART_MAX_BLOCK], expected[CART_MAX_BLOCK];

const char *pool_base(void)
{
	const char *base = getenv("TMPDIR");

	if (base != NULL)
		return base;
	return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

int pool_setup(void **state)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL || asprintf(&p->path, "%s/vtl-pool-XXXXXX", pool_base()) < 0)
		return -1;
	if (mkdtemp(p->path) == NULL)
		return -1;
	pool_create(p, "T1", 0);
	*state = p;
	return 0;
}

int pool_teardown(void **state)
{
	struct pool *p = *state;
	int r = fs_remove_tree(AT_FDCWD, p->path);

	free(p->path);
	free(p);
	return r;
}

void pool_create(struct pool *p, const char *barcode, uint64_t capacity)
{
	const struct cart_params params = {
		.barcode = barcode,
		.density = 0x5e,
		.medium_type = 0x88,
		.capacity_bytes = capacity,
	};

	assert_int_equal(cart_create(p->path, &params), 0);
}

struct cart *pool_open(struct pool *p, unsigned flags)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", flags, &c);

	if (r != 0)
		fail_msg("cart_open: %s", cart_outcome_name(r));
	return c;
}

void pool_close(struct cart *c)
{
	int r = cart_close(c);

	if (r != 0)
		fail_msg("cart_close: %s", cart_outcome_name(r));
}

const struct cart_info *pool_stat(struct pool *p)
{
	static struct cart_info info;

	assert_int_equal(cart_stat(p->path, "T1", &info), 0);
	return &info;
}

char *pool_file(struct pool *p, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/T1.cart/%s", p->path, name) > 0);
	return path;
}

static int open_file(struct pool *p, const char *name)
{
	char *path = pool_file(p, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	free(path);
	assert_true(fd >= 0);
	return fd;
}

uint64_t pool_file_size(struct pool *p, const char *name)
{
	int fd = open_file(p, name);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	(void)close(fd);
	return (uint64_t)st.st_size;
}

void pool_flip(struct pool *p, const char *name, uint64_t offset, uint8_t mask)
{
	int fd = open_file(p, name);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
	byte ^= mask;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
	(void)close(fd);
}

void pool_truncate(struct pool *p, const char *name, uint64_t size)
{
	char *path = pool_file(p, name);

	assert_int_equal(truncate(path, (off_t)size), 0);
	free(path);
}

void pool_unlink(struct pool *p, const char *name)
{
	char *path = pool_file(p, name);

	assert_true(unlink(path) == 0 || errno == ENOENT);
	free(path);
}

void pool_die_after(struct pool *p, int (*fn)(struct pool *p))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn(p) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

unsigned pool_segments(struct pool *p)
{
	char *path = pool_file(p, ".");
	DIR *dir = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	free(path);
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL)
		n += strncmp(e->d_name, "data.", 5) == 0;
	(void)closedir(dir);
	return n;
}

void fill_block(uint8_t *block, uint64_t seed, size_t size)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + size;

	for (size_t i = 0; i < size; i++) {
		if (i % 16 == 0) { /* half of it can be compressed */
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
		block[i] = (uint8_t)(x >> (8 * (i % 8)));
	}
}

int put_block(struct cart *c, uint64_t seed, size_t size)
{
	const struct iovec iov = { scratch, size };

	fill_block(scratch, seed, size);
	return cart_write(c, &iov, 1, size);
}

int put_marks(struct cart *c, uint32_t count)
{
	uint32_t written;

	return cart_write_filemarks(c, count, &written);
}

void write_blocks(struct cart *c, uint64_t seed, unsigned count, size_t size)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(put_block(c, seed + i, size), 0);
}

void write_marks(struct cart *c, uint32_t count)
{
	assert_int_equal(put_marks(c, count), 0);
}

void expect_block(struct cart *c, uint64_t seed, size_t size)
{
	const struct iovec iov = { scratch, sizeof(scratch) };
	size_t length = 0;
	int r = cart_read(c, &iov, 1, sizeof(scratch), &length);

	if (r != 0)
		fail_msg("block %llu: %s", (unsigned long long)seed, cart_outcome_name(r));
	assert_int_equal(length, size);
	fill_block(expected, seed, size);
	assert_memory_equal(scratch, expected, size);
}

int read_object(struct cart *c)
{
	const struct iovec iov = { scratch, sizeof(scratch) };
	size_t length;

	return cart_read(c, &iov, 1, sizeof(scratch), &length);
}

void expect_position(struct cart *c, uint64_t object, uint64_t file)
{
	struct cart_position at;

	cart_position(c, &at);
	if (at.object != object || at.file != file)
		fail_msg("at object %llu of file %llu, not at %llu of %llu",
			 (unsigned long long)at.object, (unsigned long long)at.file,
			 (unsigned long long)object, (unsigned long long)file);
}
