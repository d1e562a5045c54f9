/* SPDX-License-Identifier: Apache-2.0 */
/* A repair on a disk of which something cannot be read. */
#include "tests/unit/store/repairs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"

#define DIGESTS_FILE "digests.00000001"

/* Reading these bytes fails. */
static struct bad {
	const char *name; /* of a file of T1; NULL: nothing is bad */
	uint64_t from, to;
	int error;
	unsigned times; /* so often; 0: always */
} bad;

/* clang-format off */
ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
/* clang-format on */

static bool is_bad(int fd)
{
	char link[64], path[512], wanted[64];
	ssize_t n;

	if (bad.name == NULL)
		return false;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	(void)snprintf(wanted, sizeof(wanted), "/T1.cart/%s", bad.name);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0 || (size_t)n < strlen(wanted))
		return false;
	path[n] = '\0';
	return strcmp(path + n - strlen(wanted), wanted) == 0;
}

/* As the kernel does: what lies before the bad sector is read. */
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	uint64_t at = (uint64_t)offset;

	if (is_bad(fd) && at < bad.to && at + size > bad.from) {
		if (at >= bad.from) {
			if (bad.times > 0 && --bad.times == 0)
				bad.name = NULL;
			errno = bad.error;
			return -1;
		}
		size = (size_t)(bad.from - at);
	}
	return __real_pread(fd, buf, size, offset);
}

static struct cart_repair repair_with_bad(struct pool *p, const char *name)
{
	struct cart_repair repair;

	bad = (struct bad){ name, 0, UINT64_MAX, EIO, 0 };
	repair = repairs_run(p);
	bad.name = NULL;
	return repair;
}

/* The backup says in its README that @name has holes. */
static void expect_note(struct pool *p, const struct cart_repair *repair, const char *name)
{
	char *path, *text, *line;
	void *data;
	size_t size;

	assert_true(asprintf(&path, "%s/%s/README", p->path, repair->backup) > 0);
	assert_int_equal(fs_read(AT_FDCWD, path, 1u << 16, &data, &size), 0);
	text = data;
	assert_true(asprintf(&line, "\n  %s: ", name) > 0);
	assert_non_null(strstr(text, line));
	free(line);
	free(path);
	free(data);
}

static void an_unreadable_header_is_made_anew(void **state)
{
	struct cart_repair repair;

	repairs_record(*state);
	repair = repair_with_bad(*state, HEADER_NAME);
	assert_true(repair.header_rebuilt);
	expect_note(*state, &repair, HEADER_NAME);
	repairs_expect(*state, OBJECTS, NULL);
	repairs_expect_nothing(*state);
}

static void unreadable_tables_are_made_anew(void **state)
{
	static const char *const names[] = { INDEX_FILE, MARKS_FILE };

	repairs_record(*state);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct cart_repair repair = repair_with_bad(*state, names[i]);

		assert_true(repair.tables_rebuilt);
		assert_false(repair.header_rebuilt);
		expect_note(*state, &repair, names[i]);
		repairs_expect(*state, OBJECTS, NULL);
		repairs_expect_nothing(*state);
	}
}

/* A side table of 3 MiB of which one sector is bad. */
static void the_backup_keeps_what_can_be_read(void **state)
{
	const uint64_t from = (1u << 20) + 4096, size = 3u << 20, hole = 4096;
	struct pool *p = *state;
	char *path = pool_file(p, DIGESTS_FILE), *copy;
	uint8_t *data = malloc(size), *got = malloc(size);
	struct cart_repair repair;
	size_t length;
	int fd;

	repairs_record(p);
	pool_unlink(p, INDEX_FILE);
	memset(data, 0x5a, size);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(fs_pwrite(fd, data, size, 0), 0);
	(void)close(fd);
	bad = (struct bad){ DIGESTS_FILE, from, from + hole, EIO, 0 };
	repair = repairs_run(p);
	bad.name = NULL;
	expect_note(p, &repair, DIGESTS_FILE);
	assert_true(asprintf(&copy, "%s/%s/" DIGESTS_FILE, p->path, repair.backup) > 0);
	fd = open(copy, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fs_pread(fd, got, size, 0, &length), 0);
	assert_int_equal(length, size);
	memset(data + from, 0, hole);
	assert_memory_equal(got, data, size);
	(void)close(fd);
	free(data);
	free(got);
	free(path);
	free(copy);
}

/* A bad sector at the end of a file is part of its copy's length. */
static void the_backup_is_as_long_as_the_file(void **state)
{
	struct pool *p = *state;
	uint64_t size;
	struct cart_repair repair;
	struct stat st;
	char *copy;

	repairs_record(p);
	size = pool_file_size(p, INDEX_FILE);
	repair = repair_with_bad(p, INDEX_FILE);
	assert_true(asprintf(&copy, "%s/%s/" INDEX_FILE, p->path, repair.backup) > 0);
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_size, size);
	free(copy);
}

/* The header is there and good; only this process does not get it, this time. */
static void a_header_that_cannot_be_had_is_not_lost(void **state)
{
	static const int errors[] = { ENOMEM, ESTALE, EACCES };
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart_repair repair;

	repairs_record(*state);
	repairs_sum(*state, before);
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		bad = (struct bad){ HEADER_NAME, 0, UINT64_MAX, errors[i], 1 };
		assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", NULL, &repair),
				 -errors[i]);
		bad.name = NULL;
		repairs_sum(*state, after);
		assert_memory_equal(before, after, sizeof(before));
	}
}

/* It may be readable the next time, and whole objects lie behind it. */
static void what_cannot_be_read_is_no_end_of_the_recording(void **state)
{
	struct pool *p = *state;
	char last[32];
	uint64_t objects, size;
	struct cart *c;

	pool_die_after(p, repairs_record_and_die);
	c = pool_open(p, CART_OPEN_READ | CART_OPEN_LOOK);
	assert_true(cart_info(c)->objects > 5);
	objects = cart_info(c)->objects;
	pool_close(c);
	(void)snprintf(last, sizeof(last), "data.00000001.%08x", pool_segments(p) - 1);
	size = pool_file_size(p, last);
	bad = (struct bad){ .name = last,
			    .from = (pool_file_size(p, last) - 1) / 4096 * 4096,
			    .to = UINT64_MAX,
			    .error = EIO };
	assert_int_equal(cart_open(p->path, "T1", CART_OPEN_WRITE, &c), -EIO);
	bad.name = NULL;
	assert_true(pool_file_size(p, last) == size); /* index and marks are made anew anyway */
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_info(c)->objects, objects);
	pool_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(what_cannot_be_read_is_no_end_of_the_recording),
		TEST(an_unreadable_header_is_made_anew),
		TEST(unreadable_tables_are_made_anew),
		TEST(the_backup_keeps_what_can_be_read),
		TEST(the_backup_is_as_long_as_the_file),
		TEST(a_header_that_cannot_be_had_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
