/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/repair_partition.c: repairs of a medium that is, or was, divided. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/store/cart.h"

#define EACH 10000000u /* bytes of a partition */

static void format_to(struct cart *c, unsigned partitions)
{
	const struct cart_format f = { .partitions = partitions,
				       .proportion = CART_WHOLE,
				       .capacity_bytes = { EACH, EACH, EACH, EACH } };

	assert_int_equal(cart_format(c, &f), 0);
}

/* T1 with three partitions; n + 2 blocks in each, with seeds from 10 n on. */
static int divided(void **state)
{
	struct cart *c, *p;

	if (pool_setup(state) != 0)
		return -1;
	c = pool_open(*state, CART_OPEN_WRITE);
	format_to(c, 3);
	write_blocks(c, 0, 2, 500);
	for (unsigned n = 1; n < 3; n++) {
		assert_int_equal(cart_open_partition(c, n, &p), 0);
		write_blocks(p, 10 * n, n + 2, 500);
		assert_int_equal(cart_close(p), 0);
	}
	pool_close(c);
	return 0;
}

/* A file of partition @n, as seen from the cartridge's folder; true until the next call. */
static const char *inner(void **state, unsigned n, const char *file)
{
	static char name[200];

	(void)snprintf(name, sizeof(name), "partitions/%s.cart/%s",
		       pool_stat(*state)->layout.names[n], file);
	return name;
}

static void damage_header(void **state, unsigned n)
{
	char *file = strdup(inner(state, n, "header"));

	pool_flip(*state, file, 90, 0xff);
	pool_flip(*state, file, 200, 0xff);
	free(file);
}

static int repair(void **state, unsigned n, bool dry_run, struct cart_repair *ret_repair)
{
	const struct cart_repair_options options = { .partition = n, .dry_run = dry_run };

	return cart_repair(((struct pool *)*state)->path, "T1", &options, ret_repair);
}

static void expect_partition(void **state, unsigned n)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE), *p = c;

	if (n > 0)
		assert_int_equal(cart_open_partition(c, n, &p), 0);
	assert_int_equal(cart_locate(p, 0), 0);
	for (unsigned i = 0; i < n + 2; i++)
		expect_block(p, 10 * n + i, 500);
	assert_int_equal(read_object(p), CART_E_EOD);
	if (n > 0)
		assert_int_equal(cart_close(p), 0);
	pool_close(c);
}

static void a_partition_is_repaired_by_itself(void **state)
{
	struct pool *p = *state;
	static struct cart_info info;
	struct cart_repair report;
	struct cart *c, *one;

	damage_header(state, 1);
	pool_unlink(p, inner(state, 1, INDEX_FILE));
	pool_unlink(p, inner(state, 2, INDEX_FILE));
	assert_int_equal(repair(state, 1, true, &report), 0);
	assert_true(report.header_rebuilt);
	c = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_open_partition(c, 1, &one), CART_E_INVALID); /* only said */
	pool_close(c);
	assert_int_equal(repair(state, 1, false, &report), 0);
	assert_true(report.header_rebuilt && report.tables_rebuilt);
	assert_int_equal(report.objects, 3);
	assert_int_equal(repair(state, 2, false, &report), 0);
	assert_true(report.tables_rebuilt && !report.header_rebuilt);
	assert_int_equal(repair(state, 0, false, &report), 0);
	assert_false(cart_repair_changed(&report));
	for (unsigned n = 0; n < 3; n++)
		expect_partition(state, n);
	/* what only headers know, the medium's knows of its partitions */
	assert_int_equal(cart_stat_partition(p->path, "T1", 1, &info), 0);
	assert_int_equal(info.capacity_bytes, EACH);
	assert_int_equal(info.density, pool_stat(p)->density);
	assert_int_equal(info.medium_type, pool_stat(p)->medium_type);
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_open_partition(c, 1, &one), 0);
	assert_int_equal(cart_space_eod(one), 0);
	assert_int_equal(put_block(one, 5, 500), 0); /* the tab is the medium's */
	assert_int_equal(cart_close(one), 0);
	pool_close(c);
}

static void who_has_the_medium_open_keeps_all_of_it(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_READ);
	struct cart_repair report;

	assert_int_equal(repair(state, 1, false, &report), CART_E_BUSY);
	assert_int_equal(repair(state, 1, true, &report), CART_E_BUSY);
	pool_close(c);
}

static void a_partition_that_is_not_there_cannot_be_repaired(void **state)
{
	struct cart_repair_options options = { .partition = 1 };
	struct pool *p = *state;
	struct cart_repair report;

	assert_int_equal(repair(state, 3, false, &report), -ERANGE);
	assert_int_equal(repair(state, 4, false, &report), -ERANGE);
	assert_int_equal(cart_repair(p->path, "T9", &options, &report), CART_E_ABSENT);
	assert_int_equal(cart_repair(p->path, "../T1", &options, &report), -EINVAL);
	pool_flip(p, "header", 90, 0xff);
	pool_flip(p, "header", 200, 0xff);
	assert_int_equal(cart_repair(p->path, "T1", &options, &report), CART_E_INVALID);
}

/* ---- what is left of partitions that were, where the header is lost ---- */

/* T1 is one partition, with a block; a folder of @stream is there all the same. */
static void undivided(void **state, unsigned stream, bool recorded)
{
	struct cart_params params = { .density = 0x5e };
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	char name[BARCODE_SIZE];
	char *folder;

	format_to(c, 1);
	write_blocks(c, 40, 1, 500);
	assert_int_equal(c->live_stream, 3);
	pool_close(c);
	folder = partitions_folder(p->path, "T1");
	assert_int_equal(mkdir(folder, 0770), 0);
	(void)snprintf(name, sizeof(name), "P1-%08X-0000ABCD", stream);
	params.barcode = name;
	assert_int_equal(cart_create(folder, &params), 0);
	if (recorded) {
		assert_int_equal(cart_open(folder, name, CART_OPEN_WRITE, &c), 0);
		write_blocks(c, 1, 1, 500);
		assert_int_equal(cart_close(c), 0);
	}
	free(folder);
	pool_flip(p, "header", 90, 0xff);
	pool_flip(p, "header", 200, 0xff);
}

static void leftovers_of_an_earlier_division_are_in_nobodys_way(void **state)
{
	struct cart_repair report;
	struct cart *c;
	char *folder;

	undivided(state, 2, true);
	assert_int_equal(repair(state, 0, false, &report), 0);
	assert_true(report.header_rebuilt);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_info(c)->layout.partitions, 1);
	expect_block(c, 40, 500);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
	pool_close(pool_open(*state, CART_OPEN_WRITE | CART_OPEN_ADMIN));
	folder = pool_file(*state, "partitions");
	assert_int_equal(access(folder, F_OK), -1); /* the next writer tidied it up */
	free(folder);
}

static void an_empty_folder_is_in_nobodys_way(void **state)
{
	struct pool *p = *state;
	struct cart_repair report;
	char *folder;

	undivided(state, 2, false);
	folder = partitions_folder(p->path, "T1");
	assert_int_equal(cart_delete(folder, "P1-00000002-0000ABCD"), 0);
	free(folder);
	assert_int_equal(repair(state, 0, false, &report), 0);
}

/* As a program made it that did not know the record. */
static void a_name_of_this_recording_is_a_partition(void **state)
{
	struct cart_repair report;
	struct cart *c, *one;

	undivided(state, 3, true);
	assert_int_equal(repair(state, 0, false, &report), 0);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_info(c)->layout.partitions, 2);
	expect_block(c, 40, 500);
	assert_int_equal(cart_open_partition(c, 1, &one), 0);
	expect_block(one, 1, 500);
	assert_int_equal(cart_close(one), 0);
	pool_close(c);
}

static void what_may_be_of_a_later_division_is(void **state)
{
	struct cart_repair report;

	undivided(state, 4, true);
	assert_int_equal(repair(state, 0, false, &report), CART_E_PARTITIONED);
}

static void a_folder_of_another_name_may_be_a_partition(void **state)
{
	struct cart_params params = { .barcode = "X1" };
	struct pool *p = *state;
	struct cart_repair report;
	char *folder;

	undivided(state, 2, false);
	folder = partitions_folder(p->path, "T1");
	assert_int_equal(cart_create(folder, &params), 0);
	free(folder);
	assert_int_equal(repair(state, 0, false, &report), CART_E_PARTITIONED);
}

/* ---- the medium's own header is lost ---- */

static void expect_divided_as(struct pool *p, const struct cart_info *before)
{
	const struct cart_info *now = pool_stat(p);

	assert_int_equal(now->layout.partitions, before->layout.partitions);
	assert_int_equal(now->layout.proportion, before->layout.proportion);
	assert_int_equal(now->layout.capacity_bytes, before->layout.capacity_bytes);
	assert_int_equal(now->layout.early_warning_bytes, before->layout.early_warning_bytes);
	for (unsigned n = 1; n < before->layout.partitions; n++) {
		assert_string_equal(now->layout.names[n], before->layout.names[n]);
		assert_int_equal(now->layout.capacities[n], before->layout.capacities[n]);
	}
	assert_int_equal(now->capacity_bytes, before->capacity_bytes);
	assert_int_equal(now->early_warning_bytes, before->early_warning_bytes);
	assert_int_equal(now->density, before->density);
	assert_int_equal(now->medium_type, before->medium_type);
	assert_int_equal(now->codec, before->codec);
	assert_memory_equal(now->uuid, before->uuid, sizeof(now->uuid));
}

static void a_lost_header_is_made_anew_with_all_partitions(void **state)
{
	const struct cart_params other = { .density = 0x01, .capacity_bytes = 77 };
	const struct cart_repair_options options = { .params = &other,
						     .insist = CART_REPAIR_WRITABLE };
	struct pool *p = *state;
	static struct cart_info before;
	struct cart_repair report;

	before = *pool_stat(p);
	pool_unlink(p, "header");
	assert_int_equal(repair(state, 0, true, &report), 0);
	assert_true(report.header_rebuilt);
	assert_int_equal(cart_repair(p->path, "T1", &options, &report), 0);
	expect_divided_as(p, &before);
	for (unsigned n = 0; n < 3; n++)
		expect_partition(state, n);
	assert_int_equal(repair(state, 0, false, &report), 0);
	assert_false(cart_repair_changed(&report));
}

static void every_header_but_one_may_be_lost(void **state)
{
	struct pool *p = *state;
	static struct cart_info before, one, now;
	struct cart_repair report;

	before = *pool_stat(p);
	assert_int_equal(cart_stat_partition(p->path, "T1", 2, &one), 0);
	damage_header(state, 2);
	pool_unlink(p, "header");
	assert_int_equal(repair(state, 0, false, &report), 0);
	expect_divided_as(p, &before);
	assert_int_equal(repair(state, 2, false, &report), 0);
	assert_true(report.header_rebuilt);
	assert_int_equal(cart_stat_partition(p->path, "T1", 2, &now), 0);
	assert_int_equal(now.capacity_bytes, one.capacity_bytes);
	assert_int_equal(now.early_warning_bytes, one.early_warning_bytes);
	/* it knows again what it is one of */
	damage_header(state, 1);
	pool_unlink(p, "header");
	assert_int_equal(repair(state, 0, false, &report), 0);
	assert_int_equal(repair(state, 1, false, &report), 0);
	expect_divided_as(p, &before);
	for (unsigned n = 1; n < 3; n++)
		expect_partition(state, n);
}

static void the_tab_is_set_where_any_partition_has_data(void **state)
{
	struct pool *p = *state;
	struct cart_repair report;
	struct cart *c = pool_open(p, CART_OPEN_WRITE), *one;

	format_to(c, 2);
	assert_int_equal(cart_open_partition(c, 1, &one), 0);
	write_blocks(one, 10, 3, 500);
	assert_int_equal(cart_close(one), 0);
	pool_close(c);
	pool_unlink(p, "header"); /* of a blank partition 0: no data file names the uuid */
	assert_int_equal(repair(state, 0, false, &report), 0);
	assert_true(pool_stat(p)->write_protect);
	assert_int_equal(pool_stat(p)->layout.partitions, 2);
	assert_int_equal(pool_stat(p)->objects, 0);
	c = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_open_partition(c, 1, &one), 0);
	expect_block(one, 10, 500);
	assert_int_equal(cart_close(one), 0);
	pool_close(c);
}

static void a_partition_that_is_missing_is_told_and_stays_named(void **state)
{
	struct pool *p = *state;
	static struct cart_info before;
	struct cart_repair report;
	char *folder = partitions_folder(p->path, "T1");
	struct cart *c, *one;

	before = *pool_stat(p);
	assert_int_equal(cart_delete(folder, before.layout.names[2]), 0);
	pool_unlink(p, "header");
	assert_int_equal(repair(state, 0, false, &report), 0);
	expect_divided_as(p, &before);
	expect_partition(state, 0);
	expect_partition(state, 1);
	c = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_open_partition(c, 2, &one), CART_E_INVALID);
	pool_close(c);
	free(folder);
}

/* The folder of partition @n of T2, divided like T1, is moved into T1's; NAME is its own. */
static void move_from_another(void **state, unsigned n)
{
	struct pool *p = *state;
	char *from, *to, *theirs = partitions_folder(p->path, "T2");
	char *ours = partitions_folder(p->path, "T1");
	static struct cart_info info;
	struct cart *c;

	pool_create(p, "T2", 0);
	assert_int_equal(cart_open(p->path, "T2", CART_OPEN_WRITE, &c), 0);
	format_to(c, 3);
	assert_int_equal(cart_close(c), 0);
	assert_int_equal(cart_stat(p->path, "T2", &info), 0);
	assert_true(asprintf(&from, "%s/%s.cart", theirs, info.layout.names[n]) > 0);
	assert_true(asprintf(&to, "%s/%s.cart", ours, info.layout.names[n]) > 0);
	assert_int_equal(rename(from, to), 0);
	free(from);
	free(to);
	free(theirs);
	free(ours);
}

static void a_folder_of_another_cartridge_is_refused_and_stays(void **state)
{
	struct pool *p = *state;
	struct cart_repair report;

	move_from_another(state, 1); /* of the same stream: two divisions, it seems */
	pool_unlink(p, "header");
	assert_int_equal(repair(state, 0, false, &report), CART_E_PARTITIONED);
}

static void one_that_looks_left_over_but_is_of_another_is_refused(void **state)
{
	struct pool *p = *state;
	struct cart_repair report;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	format_to(c, 3);
	write_blocks(c, 0, 2, 500); /* of a higher stream than what comes from T2 */
	pool_close(c);
	move_from_another(state, 1);
	pool_unlink(p, "header");
	assert_int_equal(repair(state, 0, false, &report), CART_E_PARTITIONED);
}

static void only_folders_of_another_are_not_ours(void **state)
{
	struct pool *p = *state;
	char *from = partitions_folder(p->path, "T2"), *to = partitions_folder(p->path, "T1");
	const struct cart_repair_options options = { .insist = CART_REPAIR_RESIDENT };
	struct cart_repair report;
	struct cart *c;

	pool_create(p, "T2", 0);
	assert_int_equal(cart_open(p->path, "T2", CART_OPEN_WRITE, &c), 0);
	format_to(c, 3);
	assert_int_equal(cart_close(c), 0);
	c = pool_open(p, CART_OPEN_WRITE);
	format_to(c, 1);
	format_to(c, 1);
	write_blocks(c, 0, 2, 500);
	pool_close(c);
	assert_int_equal(rename(from, to), 0);
	pool_unlink(p, "header");
	assert_int_equal(cart_repair(p->path, "T1", &options, &report), CART_E_PARTITIONED);
	free(from);
	free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, divided, pool_teardown)
		TEST(a_partition_is_repaired_by_itself),
		TEST(who_has_the_medium_open_keeps_all_of_it),
		TEST(a_partition_that_is_not_there_cannot_be_repaired),
		TEST(leftovers_of_an_earlier_division_are_in_nobodys_way),
		TEST(an_empty_folder_is_in_nobodys_way),
		TEST(a_name_of_this_recording_is_a_partition),
		TEST(what_may_be_of_a_later_division_is),
		TEST(a_folder_of_another_name_may_be_a_partition),
		TEST(a_lost_header_is_made_anew_with_all_partitions),
		TEST(every_header_but_one_may_be_lost),
		TEST(the_tab_is_set_where_any_partition_has_data),
		TEST(a_partition_that_is_missing_is_told_and_stays_named),
		TEST(a_folder_of_another_cartridge_is_refused_and_stays),
		TEST(one_that_looks_left_over_but_is_of_another_is_refused),
		TEST(only_folders_of_another_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
