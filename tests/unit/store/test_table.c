/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/table.c: entries come back whether they are pending, cached or on disk. */
#include "tests/support/pool.h"

#include "lib/store/cart.h"

#define MANY (3 * INDEX_BATCH + 7)

static void fill(struct cart *c)
{
	table_init(&c->marks, TABLE_MARKS, sizeof(le64), 0);
	for (uint64_t i = 0; i < MANY; i++) {
		le64 entry = le64_from(10 * i);

		assert_int_equal(table_put(c, &c->marks, &entry), 0);
	}
}

static void expect_entries(struct cart *c, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t object = 0;

		assert_int_equal(marks_get(c, i, &object), 0);
		assert_int_equal(object, 10 * i);
	}
}

static void entries_come_back_before_and_after_a_flush(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	fill(c);
	assert_int_equal(c->marks.written, 3 * INDEX_BATCH);
	expect_entries(c, MANY);
	assert_int_equal(table_flush(c, &c->marks), 0);
	expect_entries(c, MANY);
	pool_close(c);
}

static void a_cut_table_grows_again_with_new_entries(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	le64 entry = le64_from(4242);
	uint64_t object = 0;

	fill(c);
	expect_entries(c, 10); /* cached */
	assert_int_equal(table_cut(c, &c->marks, 5), 0);
	assert_int_equal(marks_get(c, 5, &object), CART_E_DAMAGED);
	assert_int_equal(table_put(c, &c->marks, &entry), 0);
	assert_int_equal(table_flush(c, &c->marks), 0);
	expect_entries(c, 5);
	assert_int_equal(marks_get(c, 5, &object), 0);
	assert_int_equal(object, 4242);
	pool_close(c);
}

static void marks_before_counts_by_bisection(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint64_t file = 0;

	fill(c);
	assert_int_equal(marks_before(c, 0, &file), 0);
	assert_int_equal(file, 0);
	assert_int_equal(marks_before(c, 1, &file), 0);
	assert_int_equal(file, 1);
	assert_int_equal(marks_before(c, 10 * MANY, &file), 0);
	assert_int_equal(file, MANY);
	pool_close(c);
}

static void a_table_shorter_than_it_should_be_is_damaged(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint64_t object = 0;

	fill(c);
	assert_int_equal(table_flush(c, &c->marks), 0);
	pool_truncate(*state, MARKS_FILE, 8 * (MANY - 1));
	assert_int_equal(marks_get(c, MANY - 1, &object), CART_E_DAMAGED);
	assert_int_equal(marks_get(c, MANY - 2, &object), 0);
	pool_close(c);
}

static void impossible_lengths_in_the_index_are_not_believed(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	const struct object lie = { DATA_START, UINT32_MAX, UINT32_MAX };
	struct object o;

	assert_int_equal(index_put(c, &lie, 0), 0);
	assert_int_equal(index_get(c, 0, &o), 0);
	assert_int_equal(o.stored_size, 0);
	pool_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_come_back_before_and_after_a_flush,
						pool_setup, pool_teardown),
		cmocka_unit_test_setup_teardown(a_cut_table_grows_again_with_new_entries,
						pool_setup, pool_teardown),
		cmocka_unit_test_setup_teardown(marks_before_counts_by_bisection, pool_setup,
						pool_teardown),
		cmocka_unit_test_setup_teardown(a_table_shorter_than_it_should_be_is_damaged,
						pool_setup, pool_teardown),
		cmocka_unit_test_setup_teardown(impossible_lengths_in_the_index_are_not_believed,
						pool_setup, pool_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
