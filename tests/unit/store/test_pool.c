/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/pool.c: creating, listing, deleting, asking. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *pool_path(void **state)
{
	return ((struct pool *)*state)->path;
}

static void a_new_cartridge_is_blank_and_clean(void **state)
{
	const struct cart_info *i = pool_stat(*state);
	struct cart *c = pool_open(*state, CART_OPEN_READ);

	assert_int_equal(i->objects, 0);
	assert_int_equal(i->state, CART_RESIDENT);
	assert_int_equal(i->generation, 0);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

static void a_barcode_exists_once(void **state)
{
	const struct cart_params again = { .barcode = "T1" };

	assert_int_equal(cart_create(pool_path(state), &again), CART_E_EXISTS);
}

static void bad_parameters_are_refused(void **state)
{
	static const struct cart_params rows[] = {
		{ .barcode = "" },
		{ .barcode = "../T2" },
		{ .barcode = "lower" },
		{ .barcode = "T2", .codec = (enum cart_codec)9 },
		{ .barcode = "T2", .capacity_bytes = 100, .early_warning_bytes = 100 },
	};
	static struct cart_info info;
	struct cart *c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(cart_create(pool_path(state), &rows[i]), -EINVAL);
	assert_int_equal(cart_stat(pool_path(state), "../T1", &info), -EINVAL);
	assert_int_equal(cart_delete(pool_path(state), "../T1"), -EINVAL);
	assert_int_equal(cart_open(pool_path(state), "../T1", CART_OPEN_READ, &c), -EINVAL);
}

static void a_pool_that_is_not_there_is_an_error(void **state)
{
	const struct cart_params params = { .barcode = "T2" };
	char **list;

	(void)state;
	assert_int_equal(cart_create("/nonexistent/pool", &params), -ENOENT);
	assert_int_equal(cart_list("/nonexistent/pool", &list), -ENOENT);
}

static void the_list_is_sorted_and_has_cartridges_only(void **state)
{
	char path[200];
	char **list;

	pool_create(*state, "B2", 0);
	pool_create(*state, "A3", 0);
	(void)snprintf(path, sizeof(path), "%s/lost+found", pool_path(state));
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/.C4.cart.new", pool_path(state));
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(cart_list(pool_path(state), &list), 0);
	assert_string_equal(list[0], "A3");
	assert_string_equal(list[1], "B2");
	assert_string_equal(list[2], "T1");
	assert_null(list[3]);
	cart_list_free(list);
}

static void an_empty_pool_has_an_empty_list(void **state)
{
	char **list;

	assert_int_equal(cart_delete(pool_path(state), "T1"), 0);
	assert_int_equal(cart_list(pool_path(state), &list), 0);
	assert_null(list[0]);
	cart_list_free(list);
}

static void what_an_interrupted_creation_left_is_in_nobodys_way(void **state)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/.T2.cart.new", pool_path(state));
	assert_int_equal(mkdir(path, 0700), 0);
	pool_create(*state, "T2", 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_deleted_cartridge_is_absent(void **state)
{
	static struct cart_info info;
	struct cart *c;

	assert_int_equal(cart_delete(pool_path(state), "T1"), 0);
	assert_int_equal(cart_delete(pool_path(state), "T1"), CART_E_ABSENT);
	assert_int_equal(cart_stat(pool_path(state), "T1", &info), CART_E_ABSENT);
	assert_int_equal(cart_open(pool_path(state), "T1", CART_OPEN_READ, &c), CART_E_ABSENT);
}

/* A file where a folder is expected cannot be removed as one. */
static void what_cannot_be_cleaned_up_is_told_and_the_deletion_is_good(void **state)
{
	struct cart_deletion d = { .check = NULL };
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/.T1.cart.backup-1", pool_path(state));
	assert_int_equal(mknod(path, S_IFREG | 0600, 0), 0);
	assert_int_equal(cart_delete_if(pool_path(state), "T1", &d), 0);
	assert_string_equal(d.left, ".T1.cart.backup-1");
	assert_int_equal(d.left_error, -ENOTDIR);
	assert_int_equal(unlink(path), 0);
	pool_create(*state, "T1", 0);
	assert_int_equal(cart_delete_if(pool_path(state), "T1", &d), 0);
	assert_string_equal(d.left, "");
	assert_int_equal(d.left_error, 0);
}

static int writer_comes_too_late(void *ctx)
{
	static struct cart_info info;
	struct cart *c;

	const char *pool = ((struct pool *)ctx)->path;

	assert_int_equal(cart_stat(pool, "T1", &info), 0);
	assert_int_equal(cart_open(pool, "T1", CART_OPEN_WRITE, &c), CART_E_BUSY);
	return -ECANCELED;
}

static void a_deletion_asks_while_nobody_can_write_and_may_be_refused(void **state)
{
	struct cart_deletion d = { .check = writer_comes_too_late, .ctx = *state };

	assert_int_equal(cart_delete_if(pool_path(state), "T1", &d), -ECANCELED);
	pool_close(pool_open(*state, CART_OPEN_READ));
}

static void an_open_cartridge_is_not_deleted(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_READ);

	assert_int_equal(cart_delete(pool_path(state), "T1"), CART_E_BUSY);
	pool_close(c);
	assert_int_equal(cart_delete(pool_path(state), "T1"), 0);
}

static void mounted_is_true_while_the_drive_lives(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE | CART_OPEN_MOUNT);

	assert_true(pool_stat(*state)->mounted);
	pool_close(c);
	assert_false(pool_stat(*state)->mounted);
}

static int mount(struct pool *p)
{
	struct cart *c;

	return cart_open(p->path, "T1", CART_OPEN_WRITE | CART_OPEN_MOUNT, &c);
}

static void a_dead_drive_has_nothing_mounted(void **state)
{
	pool_die_after(*state, mount);
	assert_false(pool_stat(*state)->mounted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_new_cartridge_is_blank_and_clean),
		TEST(a_barcode_exists_once),
		TEST(bad_parameters_are_refused),
		TEST(a_pool_that_is_not_there_is_an_error),
		TEST(the_list_is_sorted_and_has_cartridges_only),
		TEST(an_empty_pool_has_an_empty_list),
		TEST(what_an_interrupted_creation_left_is_in_nobodys_way),
		TEST(a_deleted_cartridge_is_absent),
		TEST(an_open_cartridge_is_not_deleted),
		TEST(what_cannot_be_cleaned_up_is_told_and_the_deletion_is_good),
		TEST(a_deletion_asks_while_nobody_can_write_and_may_be_refused),
		TEST(mounted_is_true_while_the_drive_lives),
		TEST(a_dead_drive_has_nothing_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
