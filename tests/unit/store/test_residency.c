/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/residency.c: copies, release, recall. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/store/cart.h"

#define RECALL (CART_OPEN_WRITE | CART_OPEN_ADMIN)

static struct cart_copy copy_of(struct cart *c, const char *volume)
{
	struct cart_copy copy = { .generation = cart_info(c)->generation,
				  .blocks = cart_info(c)->blocks,
				  .filemarks = cart_info(c)->filemarks,
				  .bytes = cart_info(c)->logical_bytes };
	uint64_t object;

	(void)snprintf(copy.volume, sizeof(copy.volume), "%s", volume);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	return copy;
}

static void record(struct cart *c)
{
	write_blocks(c, 1, 5, 2000);
	write_marks(c, 2);
}

/* A recording with one copy; its data is gone. */
static struct cart_copy migrate(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy;

	record(c);
	copy = copy_of(c, "P1");
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
	return copy;
}

static void a_copy_premigrates_and_a_change_takes_that_back(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy;

	record(c);
	copy = copy_of(c, "P1");
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_info(c)->state, CART_PREMIGRATED);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	write_marks(c, 1);
	assert_int_equal(cart_info(c)->state, CART_RESIDENT);
	assert_int_equal(cart_release(c, 1), CART_E_TOO_FEW_COPIES);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->state, CART_RESIDENT);
}

static void a_copy_on_the_same_volume_replaces_the_first(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy;

	record(c);
	copy = copy_of(c, "P1");
	assert_int_equal(cart_copy_add(c, &copy), 0);
	copy.file = 9;
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_info(c)->copies_cnt, 1);
	assert_int_equal(cart_info(c)->copies[0].file, 9);
	pool_close(c);
}

static void copies_have_a_limit_and_need_the_write_lock(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy;
	char volume[8];

	record(c);
	for (unsigned i = 0; i < CART_MAX_COPIES; i++) {
		(void)snprintf(volume, sizeof(volume), "P%u", i);
		copy = copy_of(c, volume);
		assert_int_equal(cart_copy_add(c, &copy), 0);
	}
	copy = copy_of(c, "ONEMORE");
	assert_int_equal(cart_copy_add(c, &copy), -ENOSPC);
	assert_int_equal(cart_copy_forget(c, "ONEMORE"), CART_E_ABSENT);
	assert_int_equal(cart_copy_forget(c, "P3"), 0);
	assert_int_equal(cart_copy_add(c, &copy), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_ADMIN);
	assert_int_equal(cart_copy_add(c, &copy), CART_E_PROTECTED);
	assert_int_equal(cart_copy_forget(c, "P1"), CART_E_PROTECTED);
	assert_int_equal(cart_release(c, 1), CART_E_PROTECTED);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->copies_cnt, CART_MAX_COPIES);
}

static void a_released_cartridge_has_no_data_and_all_its_facts(void **state)
{
	struct pool *p = *state;
	struct cart_copy copy = migrate(state);
	const struct cart_info *i = pool_stat(p);
	struct cart *c;

	assert_int_equal(i->state, CART_MIGRATED);
	assert_int_equal(i->blocks, 5);
	assert_int_equal(i->logical_bytes, 10000);
	assert_int_equal(cart_open(p->path, "T1", CART_OPEN_READ, &c), CART_E_NOT_RESIDENT);
	c = pool_open(p, CART_OPEN_ADMIN);
	assert_int_equal(read_object(c), CART_E_NOT_RESIDENT);
	assert_int_equal(cart_locate(c, 0), CART_E_NOT_RESIDENT);
	pool_close(c);
	c = pool_open(p, RECALL);
	assert_int_equal(cart_copy_forget(c, copy.volume), CART_E_TOO_FEW_COPIES);
	assert_int_equal(put_block(c, 1, 10), CART_E_NOT_RESIDENT);
	pool_close(c);
	char *data = pool_file(p, DATA_FILE);
	assert_int_equal(access(data, F_OK), -1);
	free(data);
}

static void too_few_copies_are_not_released(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy;

	record(c);
	assert_int_equal(cart_release(c, 1), CART_E_TOO_FEW_COPIES);
	copy = copy_of(c, "P1");
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 2), CART_E_TOO_FEW_COPIES);
	assert_int_equal(cart_release(c, 0), CART_E_TOO_FEW_COPIES);
	pool_close(c);
}

static void recall_and_expect(void **state, const struct cart_copy *copy)
{
	struct cart *c = pool_open(*state, RECALL);

	assert_int_equal(cart_recall_begin(c), 0);
	record(c);
	assert_int_equal(cart_recall_commit(c, copy), 0);
	assert_int_equal(cart_info(c)->state, CART_PREMIGRATED);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	for (uint64_t i = 1; i <= 5; i++)
		expect_block(c, i, 2000);
	assert_int_equal(cart_info(c)->generation, copy->generation);
	pool_close(c);
}

static void a_recall_brings_the_same_recording_back(void **state)
{
	struct cart_copy copy = migrate(state);
	struct cart *c;

	recall_and_expect(state, &copy);
	c = pool_open(*state, CART_OPEN_WRITE); /* and it is an ordinary cartridge again */
	assert_int_equal(cart_locate(c, 3), 0);
	write_blocks(c, 50, 2, 100);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_locate(c, 3), 0);
	expect_block(c, 50, 100);
	expect_block(c, 51, 100);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

static void a_write_protected_cartridge_migrates_and_comes_back(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy;

	record(c);
	assert_int_equal(cart_set_write_protect(c, true), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	copy = copy_of(c, "P1");
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
	recall_and_expect(state, &copy);
	assert_true(pool_stat(*state)->write_protect);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(put_block(c, 1, 10), CART_E_PROTECTED);
	pool_close(c);
}

static void a_recall_of_something_else_is_refused(void **state)
{
	struct cart_copy copy = migrate(state);
	struct cart *c = pool_open(*state, RECALL);

	assert_int_equal(cart_recall_begin(c), 0);
	write_blocks(c, 2, 5, 2000); /* right sizes, other data */
	write_marks(c, 2);
	assert_int_equal(cart_recall_commit(c, &copy), CART_E_DAMAGED);
	assert_int_equal(cart_recall_abort(c), 0);
	assert_int_equal(cart_info(c)->state, CART_MIGRATED);
	pool_close(c);
	recall_and_expect(state, &copy);
}

static void closing_in_the_middle_of_a_recall_ends_it(void **state)
{
	struct cart_copy copy = migrate(state);
	struct cart *c = pool_open(*state, RECALL);

	assert_int_equal(cart_recall_begin(c), 0);
	write_blocks(c, 1, 3, 2000);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->state, CART_MIGRATED);
	assert_int_equal(pool_stat(*state)->blocks, 5);
	recall_and_expect(state, &copy);
}

static int recall_and_die(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", RECALL, &c);

	if (r == 0)
		r = cart_recall_begin(c);
	for (uint64_t i = 1; r == 0 && i <= 3; i++)
		r = put_block(c, i, 2000);
	return r;
}

static void a_recall_that_died_can_be_made_again(void **state)
{
	struct cart_copy copy = migrate(state);
	struct cart *c;

	pool_die_after(*state, recall_and_die);
	assert_int_equal(pool_stat(*state)->state, CART_RECALLING);
	assert_int_equal(cart_open(((struct pool *)*state)->path, "T1", CART_OPEN_READ, &c),
			 CART_E_NOT_RESIDENT);
	recall_and_expect(state, &copy);
}

static void what_was_recalled_is_written_once_in_order(void **state)
{
	struct cart_copy copy = migrate(state);
	struct cart *c = pool_open(*state, RECALL);

	assert_int_equal(cart_recall_begin(c), 0);
	write_blocks(c, 1, 3, 2000);
	assert_int_equal(cart_locate(c, 1), 0);
	assert_int_equal(put_block(c, 2, 2000), -EINVAL); /* the digest counted it already */
	assert_int_equal(cart_erase(c), -EINVAL);
	pool_close(c);
	recall_and_expect(state, &copy);
}

static int die_in_release(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r != 0)
		return r;
	c->info.state = CART_MIGRATED; /* the header is written, nothing is deleted yet */
	return header_store(c);
}

static void an_interrupted_release_is_finished_at_the_next_open(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy;
	char *data = pool_file(*state, DATA_FILE);

	record(c);
	copy = copy_of(c, "P1");
	assert_int_equal(cart_copy_add(c, &copy), 0);
	pool_close(c);
	pool_die_after(*state, die_in_release);
	assert_int_equal(access(data, F_OK), 0);
	c = pool_open(*state, RECALL);
	assert_int_equal(access(data, F_OK), -1);
	pool_close(c);
	free(data);
	recall_and_expect(state, &copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_copy_premigrates_and_a_change_takes_that_back),
		TEST(a_copy_on_the_same_volume_replaces_the_first),
		TEST(copies_have_a_limit_and_need_the_write_lock),
		TEST(a_released_cartridge_has_no_data_and_all_its_facts),
		TEST(too_few_copies_are_not_released),
		TEST(a_recall_brings_the_same_recording_back),
		TEST(a_write_protected_cartridge_migrates_and_comes_back),
		TEST(a_recall_of_something_else_is_refused),
		TEST(closing_in_the_middle_of_a_recall_ends_it),
		TEST(a_recall_that_died_can_be_made_again),
		TEST(what_was_recalled_is_written_once_in_order),
		TEST(an_interrupted_release_is_finished_at_the_next_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
