/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool on a real file system of 1 MiB that fills up (P6).  Needs root, for a tmpfs in a mount
 * namespace of its own; without that it is skipped (77).
 */
#include "tests/support/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define BALLAST_BYTES (128u << 10)

static char *mount_point;

static void ballast_name(unsigned n, char name[200])
{
	(void)snprintf(name, 200, "%s/ballast%u", mount_point, n);
}

static int small_setup(void **state)
{
	if (mount("tmpfs", mount_point, "tmpfs", 0, "size=1m") < 0)
		return -1;
	for (unsigned n = 1; n <= 2; n++) {
		char name[200];
		int fd;

		ballast_name(n, name);
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || posix_fallocate(fd, 0, BALLAST_BYTES) != 0)
			return -1;
		(void)close(fd);
	}
	return pool_setup(state);
}

static int small_teardown(void **state)
{
	int r = pool_teardown(state);

	return umount(mount_point) < 0 ? -1 : r;
}

static void drop_ballast(unsigned n)
{
	char name[200];

	ballast_name(n, name);
	assert_int_equal(unlink(name), 0);
}

/* Writes blocks of 10000 bytes until there is no space left; how many there are. */
static uint64_t write_until_full(struct cart *c, uint64_t from)
{
	uint64_t n = from;
	int r;

	while ((r = put_block(c, n, 10000)) == 0)
		n++;
	assert_int_equal(r, CART_E_NO_SPACE);
	expect_position(c, n, 0);
	return n;
}

static void expect_blocks(struct cart *c, uint64_t count)
{
	assert_int_equal(cart_locate(c, 0), 0);
	for (uint64_t i = 0; i < count; i++)
		expect_block(c, i, 10000);
	assert_int_equal(read_object(c), CART_E_EOD);
}

static void a_full_pool_keeps_what_was_written_and_goes_on(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint64_t count = write_until_full(c, 0), more;

	assert_true(count > 50);
	assert_int_equal(cart_sync(c), 0);
	assert_int_equal(put_block(c, 999, 10000), CART_E_NO_SPACE);
	expect_blocks(c, count);
	drop_ballast(1);
	assert_int_equal(cart_space_eod(c), 0);
	more = write_until_full(c, count);
	assert_true(more > count + 5);
	expect_blocks(c, more);
	assert_int_equal(cart_locate(c, 3), 0);
	assert_int_equal(put_block(c, 3, 10000), CART_E_NO_SPACE); /* a new epoch needs a header */
	expect_blocks(c, more);
	ignore_result(cart_close(c)); /* so does a close; the next open recovers */
	drop_ballast(2);
	c = pool_open(*state, CART_OPEN_WRITE);
	expect_blocks(c, more);
	assert_int_equal(cart_locate(c, 3), 0);
	write_blocks(c, 3, 1, 10000);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect_blocks(c, 4);
	pool_close(c);
}

static int fill_and_die(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	for (uint64_t i = 0; r == 0; i++)
		r = put_block(c, i, 10000);
	if (r == CART_E_NO_SPACE)
		r = cart_sync(c);
	return r;
}

/* No space for a new header either: the cartridge waits for space and has everything then. */
static void a_writer_that_died_on_a_full_pool_loses_nothing(void **state)
{
	struct cart *c = NULL;
	uint64_t written;
	int r;

	pool_die_after(*state, fill_and_die);
	r = cart_open(((struct pool *)*state)->path, "T1", CART_OPEN_READ, &c);
	assert_true(r == 0 || r == CART_E_NO_SPACE);
	assert_int_equal(cart_close(c), 0);
	drop_ballast(1);
	c = pool_open(*state, CART_OPEN_READ);
	written = cart_info(c)->objects;
	assert_true(written > 50);
	expect_blocks(c, written);
	pool_close(c);
}

static void a_cartridge_is_created_whole_or_not_at_all(void **state)
{
	struct pool *p = *state;
	const struct cart_params params = { .barcode = "T2" };
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	char **list;
	int fd;

	(void)write_until_full(c, 0);
	fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i < 100; i++) { /* the last free pages */
		char name[20];
		int f;

		(void)snprintf(name, sizeof(name), "fill%u", i);
		f = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (f < 0 || write(f, name, 4) < 0)
			i = 100;
		if (f >= 0)
			(void)close(f);
	}
	(void)close(fd);
	assert_int_equal(cart_create(p->path, &params), CART_E_NO_SPACE);
	assert_int_equal(cart_list(p->path, &list), 0);
	assert_string_equal(list[0], "T1");
	assert_null(list[1]);
	cart_list_free(list);
	ignore_result(cart_close(c)); /* there may be no space for its header */
}

/* A mount namespace that nobody else sees, and a place in it. */
static bool prepare(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	if (asprintf(&mount_point, "%s/vtl-full-XXXXXX", "/tmp") < 0 ||
	    mkdtemp(mount_point) == NULL)
		return false;
	if (mount("tmpfs", mount_point, "tmpfs", 0, "size=1m") < 0) {
		(void)rmdir(mount_point);
		return false;
	}
	return umount(mount_point) == 0 && setenv("TMPDIR", mount_point, 1) == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, small_setup, small_teardown)
		TEST(a_full_pool_keeps_what_was_written_and_goes_on),
		TEST(a_writer_that_died_on_a_full_pool_loses_nothing),
		TEST(a_cartridge_is_created_whole_or_not_at_all),
	};
	int r;

	if (!prepare()) {
		printf("SKIPPED: no small tmpfs could be mounted (%s); run as root\n",
		       strerror(errno));
		return 77;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(mount_point);
	free(mount_point);
	return r;
}
