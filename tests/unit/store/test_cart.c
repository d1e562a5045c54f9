/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/cart.c: who may open a cartridge, and what a close leaves behind. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/store/cart.h"

static int try_open(void **state, unsigned flags)
{
	struct cart *c = NULL;
	int r = cart_open(((struct pool *)*state)->path, "T1", flags, &c);

	if (r == 0)
		pool_close(c);
	return r;
}

static void one_writer_excludes_everybody(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	assert_int_equal(try_open(state, CART_OPEN_WRITE), CART_E_BUSY);
	assert_int_equal(try_open(state, CART_OPEN_READ), CART_E_BUSY);
	pool_close(c);
	assert_int_equal(try_open(state, CART_OPEN_WRITE), 0);
}

static void readers_share_and_exclude_writers(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_READ);

	assert_int_equal(try_open(state, CART_OPEN_READ), 0);
	assert_int_equal(try_open(state, CART_OPEN_WRITE), CART_E_BUSY);
	pool_close(c);
}

static void a_reader_cannot_change_anything(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_READ);

	assert_false(cart_is_writable(c));
	assert_int_equal(put_block(c, 1, 10), CART_E_PROTECTED);
	assert_int_equal(put_marks(c, 1), CART_E_PROTECTED);
	assert_int_equal(put_marks(c, 0), CART_E_PROTECTED);
	assert_int_equal(cart_erase(c), CART_E_PROTECTED);
	assert_int_equal(cart_set_write_protect(c, true), CART_E_PROTECTED);
	pool_close(c);
}

static void the_tab_protects_until_it_is_moved_back(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 1, 1, 100);
	assert_int_equal(cart_set_write_protect(c, true), 0);
	assert_int_equal(put_block(c, 2, 100), CART_E_PROTECTED);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(put_block(c, 2, 100), CART_E_PROTECTED);
	expect_block(c, 1, 100);
	assert_int_equal(cart_set_write_protect(c, false), 0);
	write_blocks(c, 2, 1, 100);
	pool_close(c);
}

static void a_closed_recording_opens_at_its_beginning(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 1, 3, 777);
	write_marks(c, 2);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect_position(c, 0, 0);
	for (uint64_t i = 1; i <= 3; i++)
		expect_block(c, i, 777);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	assert_int_equal(read_object(c), CART_E_EOD);
	expect_position(c, 5, 2);
	pool_close(c);
}

static void only_changes_count_as_a_generation(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 1, 5, 10);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->generation, 1);
	assert_int_equal(try_open(state, CART_OPEN_WRITE | CART_OPEN_MOUNT), 0);
	assert_int_equal(pool_stat(*state)->generation, 1);
	c = pool_open(*state, CART_OPEN_WRITE);
	write_blocks(c, 1, 5, 10);
	write_marks(c, 1);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->generation, 2);
}

static void a_mount_is_counted_and_its_bytes_too(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE | CART_OPEN_MOUNT);
	const struct cart_info *i;

	write_blocks(c, 1, 2, 1000);
	assert_int_equal(cart_locate(c, 0), 0);
	expect_block(c, 1, 1000);
	pool_close(c);
	assert_int_equal(try_open(state, CART_OPEN_WRITE | CART_OPEN_MOUNT), 0);
	i = pool_stat(*state);
	assert_int_equal(i->loads, 2);
	assert_int_equal(i->lifetime_written_bytes, 2000);
	assert_int_equal(i->lifetime_read_bytes, 1000);
}

static void a_renamed_folder_is_refused(void **state)
{
	struct pool *p = *state;
	char from[200], to[200];

	(void)snprintf(from, sizeof(from), "%s/T1.cart", p->path);
	(void)snprintf(to, sizeof(to), "%s/T2.cart", p->path);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(cart_open(p->path, "T2", CART_OPEN_READ, &(struct cart *){ NULL }),
			 CART_E_FOREIGN);
}

static int write_and_die(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	for (uint64_t i = 0; r == 0 && i < 10; i++)
		r = put_block(c, i, 500);
	return r;
}

static void a_reader_recovers_what_a_dead_writer_left(void **state)
{
	struct cart *c;

	pool_die_after(*state, write_and_die);
	c = pool_open(*state, CART_OPEN_READ);
	for (uint64_t i = 0; i < 10; i++)
		expect_block(c, i, 500);
	assert_int_equal(read_object(c), CART_E_EOD);
	assert_int_equal(try_open(state, CART_OPEN_READ), 0); /* the lock is a shared one again */
	pool_close(c);
}

static void every_outcome_and_state_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i <= CART_E_TOO_FEW_COPIES; i++)
		assert_string_not_equal(cart_outcome_name(i), "unknown outcome");
	assert_string_equal(cart_outcome_name(99), "unknown outcome");
	assert_string_equal(cart_outcome_name(-ENOSPC), strerrordesc_np(ENOSPC));
	assert_non_null(cart_outcome_name(-99999));
	assert_string_equal(cart_state_name(CART_DAMAGED), "damaged");
	assert_string_equal(cart_state_name((enum cart_state)77), "unknown");
}

static void closing_nothing_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(cart_close(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(one_writer_excludes_everybody),
		TEST(readers_share_and_exclude_writers),
		TEST(a_reader_cannot_change_anything),
		TEST(the_tab_protects_until_it_is_moved_back),
		TEST(a_closed_recording_opens_at_its_beginning),
		TEST(only_changes_count_as_a_generation),
		TEST(a_mount_is_counted_and_its_bytes_too),
		TEST(a_renamed_folder_is_refused),
		TEST(a_reader_recovers_what_a_dead_writer_left),
		TEST(every_outcome_and_state_has_a_word),
		TEST(closing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
