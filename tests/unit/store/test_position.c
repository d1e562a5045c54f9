/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/position.c on one recording; the model test tries the rest. */
#include "tests/support/pool.h"

#include "lib/store/cart.h"

/*
 * object   0 1 2 3 4 5 6 7 8 9
 *          B B F B F F B B F B      end of data: 10
 */
static int setup(void **state)
{
	static const char kinds[] = "BBFBFFBBFB";
	struct cart *c;
	int r = pool_setup(state);

	if (r != 0)
		return r;
	c = pool_open(*state, CART_OPEN_WRITE);
	for (unsigned i = 0; kinds[i] != '\0'; i++) {
		if (kinds[i] == 'B')
			write_blocks(c, i, 1, 100);
		else
			write_marks(c, 1);
	}
	pool_close(c);
	return 0;
}

enum kind {
	BLOCKS,
	FILEMARKS,
	SEQUENTIAL
};

static void space_moves_as_the_standard_says(void **state)
{
	static const struct {
		enum kind kind;
		uint64_t from;
		int64_t count;
		int outcome;
		uint64_t residual, object, file;
	} rows[] = {
		{ BLOCKS, 0, 2, 0, 0, 2, 0 },
		{ BLOCKS, 0, 3, CART_E_FILEMARK, 1, 3, 1 },
		{ BLOCKS, 9, 5, CART_E_EOD, 4, 10, 4 },
		{ BLOCKS, 10, 1, CART_E_EOD, 1, 10, 4 },
		{ BLOCKS, 8, -2, 0, 0, 6, 3 },
		{ BLOCKS, 8, -3, CART_E_FILEMARK, 1, 5, 2 },
		{ BLOCKS, 1, -3, CART_E_BOP, 2, 0, 0 },
		{ BLOCKS, 5, 0, 0, 0, 5, 2 },
		{ BLOCKS, 0, INT64_MIN, CART_E_BOP, UINT64_C(1) << 63, 0, 0 },
		{ FILEMARKS, 0, 1, 0, 0, 3, 1 },
		{ FILEMARKS, 0, 4, 0, 0, 9, 4 },
		{ FILEMARKS, 0, 6, CART_E_EOD, 2, 10, 4 },
		{ FILEMARKS, 9, -1, 0, 0, 8, 3 },
		{ FILEMARKS, 9, -4, 0, 0, 2, 0 },
		{ FILEMARKS, 9, -6, CART_E_BOP, 2, 0, 0 },
		{ FILEMARKS, 3, 0, 0, 0, 3, 1 },
		{ SEQUENTIAL, 0, 2, 0, 0, 6, 3 },
		{ SEQUENTIAL, 0, 3, CART_E_EOD, 3, 10, 4 },
		{ SEQUENTIAL, 10, -2, 0, 0, 4, 1 },
		{ SEQUENTIAL, 4, -2, CART_E_BOP, 2, 0, 0 },
		{ SEQUENTIAL, 5, 2, CART_E_EOD, 2, 10, 4 },
	};
	static int (*const move[])(struct cart * c, int64_t count, uint64_t * residual) = {
		[BLOCKS] = cart_space_blocks,
		[FILEMARKS] = cart_space_filemarks,
		[SEQUENTIAL] = cart_space_sequential_filemarks,
	};
	struct cart *c = pool_open(*state, CART_OPEN_READ);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t residual = 4711;

		print_message("row %zu\n", i);
		assert_int_equal(cart_locate(c, rows[i].from), 0);
		assert_int_equal(move[rows[i].kind](c, rows[i].count, &residual), rows[i].outcome);
		assert_int_equal(residual, rows[i].residual);
		expect_position(c, rows[i].object, rows[i].file);
	}
	pool_close(c);
}

static void locate_past_the_end_stops_there(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_READ);

	assert_int_equal(cart_locate(c, 10), 0);
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(cart_locate(c, 11), CART_E_EOD);
	expect_position(c, 10, 4);
	assert_int_equal(cart_locate_file(c, 5), CART_E_EOD);
	expect_position(c, 10, 4);
	pool_close(c);
}

static void files_are_found_by_number(void **state)
{
	static const uint64_t starts[] = { 0, 3, 5, 6, 9 };
	struct cart *c = pool_open(*state, CART_OPEN_READ);

	for (uint64_t file = 0; file < 5; file++) {
		assert_int_equal(cart_locate_file(c, file), 0);
		expect_position(c, starts[file], file);
	}
	pool_close(c);
}

static void the_ends_are_told(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_READ);
	struct cart_position at;

	cart_position(c, &at);
	assert_true(at.bop && !at.eod && !at.early_warning);
	assert_int_equal(cart_space_eod(c), 0);
	cart_position(c, &at);
	assert_true(!at.bop && at.eod);
	pool_close(c);
}

/* Every mark, one after the other, made to lie in every byte that matters. */
static void lying_marks_lead_nobody_astray(void **state)
{
	for (uint64_t offset = 0; offset < 4 * sizeof(le64); offset++) {
		struct cart *c;
		uint64_t residual;

		pool_flip(*state, MARKS_FILE, offset, 0x05);
		c = pool_open(*state, CART_OPEN_READ);
		assert_int_equal(cart_locate_file(c, offset / 8 + 1), 0);
		assert_int_equal(cart_locate(c, 9), 0);
		expect_position(c, 9, 4);
		assert_int_equal(cart_space_filemarks(c, -4, &residual), 0);
		expect_position(c, 2, 0);
		assert_int_equal(cart_space_blocks(c, 1, &residual), CART_E_FILEMARK);
		expect_position(c, 3, 1);
		assert_int_equal(cart_space_sequential_filemarks(c, 2, &residual), 0);
		expect_position(c, 6, 3);
		pool_close(c);
	}
}

/* From the beginning and from the end, whatever lies: two filemarks in a row are objects 4 and 5.
 */
static void expect_the_row(struct pool *p)
{
	struct cart *c = pool_open(p, CART_OPEN_READ);
	uint64_t residual = 4711;

	assert_int_equal(cart_space_sequential_filemarks(c, 2, &residual), 0);
	expect_position(c, 6, 3);
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(cart_space_sequential_filemarks(c, 3, &residual), CART_E_EOD);
	assert_int_equal(residual, 3);
	pool_close(c);
	c = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_space_eod(c), 0);
	assert_int_equal(cart_space_sequential_filemarks(c, -2, &residual), 0);
	expect_position(c, 4, 1);
	assert_int_equal(cart_space_eod(c), 0);
	assert_int_equal(cart_space_sequential_filemarks(c, -3, &residual), CART_E_BOP);
	pool_close(c);
	c = pool_open(p, CART_OPEN_READ); /* in the middle of it there is none */
	assert_int_equal(cart_locate(c, 5), 0);
	assert_int_equal(cart_space_sequential_filemarks(c, 2, &residual), CART_E_EOD);
	pool_close(c);
}

/* One bit of a mark, or of the index, wrong. */
static void a_lie_hides_no_row_of_filemarks(void **state)
{
	for (uint64_t bit = 0; bit < 4 * sizeof(le64) * 8; bit++) {
		pool_flip(*state, MARKS_FILE, bit / 8, (uint8_t)(1u << bit % 8));
		expect_the_row(*state);
	}
	for (uint64_t bit = 0; bit < 10 * sizeof(struct disk_index_entry) * 8; bit++) {
		pool_flip(*state, INDEX_FILE, bit / 8, (uint8_t)(1u << bit % 8));
		expect_the_row(*state);
	}
}

/* BBB FF BB FF B: mark 0 names object 2, so that the first row seems to be no row. */
static void a_lying_mark_does_not_lead_to_a_later_row(void **state)
{
	struct pool *p = *state;
	uint64_t residual;
	struct cart *c;

	assert_int_equal(cart_delete(p->path, "T1"), 0);
	pool_create(p, "T1", 0);
	c = pool_open(p, CART_OPEN_WRITE);
	write_blocks(c, 1, 3, 1000);
	write_marks(c, 2);
	write_blocks(c, 7, 2, 1000);
	write_marks(c, 2);
	write_blocks(c, 9, 1, 1000);
	pool_close(c);
	pool_flip(p, MARKS_FILE, 0, 1);
	c = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_space_sequential_filemarks(c, 2, &residual), 0);
	expect_position(c, 5, 2);
	pool_close(c);
}

/* As long as they are written behind, marks and index are in memory. */
static void a_row_is_found_before_the_tables_are_written(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint64_t residual;

	assert_int_equal(cart_space_eod(c), 0);
	for (unsigned i = 0; i < 300; i++) {
		write_blocks(c, i, 1 + i % 3, 50);
		write_marks(c, 1 + i % 2);
	}
	write_marks(c, 2); /* with the one before it four */
	assert_int_equal(cart_locate(c, 10), 0);
	assert_int_equal(cart_space_sequential_filemarks(c, 4, &residual), 0);
	expect_position(c, cart_info(c)->objects, cart_info(c)->filemarks);
	assert_int_equal(cart_space_sequential_filemarks(c, -4, &residual), 0);
	expect_position(c, cart_info(c)->objects - 4, cart_info(c)->filemarks - 4);
	pool_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_teardown)
		TEST(space_moves_as_the_standard_says),
		TEST(locate_past_the_end_stops_there),
		TEST(files_are_found_by_number),
		TEST(the_ends_are_told),
		TEST(lying_marks_lead_nobody_astray),
		TEST(a_lie_hides_no_row_of_filemarks),
		TEST(a_lying_mark_does_not_lead_to_a_later_row),
		TEST(a_row_is_found_before_the_tables_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
