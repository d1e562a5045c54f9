/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of lib/store/rows.c and sequential.c: filemarks in a row are found where they are, however
 * much of the recording is known, and a search of a known recording is little work.
 */
#include "tests/support/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/cart.h"
#include "tests/support/counted_calls.h"

#define ROWS_FILE "rows.00000001"
#define MANY      (12 * ROWS_BATCH + 100) /* filemarks, about */

/* What was recorded: true for a filemark. */
struct recording {
	bool mark[8 * MANY];
	unsigned objects, filemarks;
};

static uint64_t seed = 20261121;

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

static void note(struct recording *rec, bool mark, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		rec->mark[rec->objects++] = mark;
	rec->filemarks += mark ? count : 0;
}

/* About @filemarks more; rows of one or two, now and then of up to @longest. */
static void record(struct cart *c, struct recording *rec, unsigned filemarks, unsigned longest)
{
	unsigned until = rec->filemarks + filemarks;

	while (rec->filemarks < until) {
		unsigned row = draw(300) == 0 ? 1 + draw(longest) : 1 + (draw(40) == 0);

		if (draw(3) > 0 || row <= 2) {
			write_blocks(c, 1, 1, 20);
			note(rec, false, 1);
		}
		write_marks(c, row);
		note(rec, true, row);
	}
}

/* The end of the row looked for, as anyone would find it: -1 where there is none. */
static long naive(const struct recording *rec, unsigned from, int step, unsigned want)
{
	unsigned length = 0;

	for (long i = step > 0 ? (long)from : (long)from - 1; i >= 0 && i < rec->objects;
	     i += step) {
		length = rec->mark[i] ? length + 1 : 0;
		if (length == want)
			return i;
	}
	return -1;
}

static void expect_search(struct cart *c, const struct recording *rec, unsigned from, int step,
			  unsigned want)
{
	long found = naive(rec, from, step, want);
	uint64_t residual = 4711;
	struct cart_position at;
	int r;

	assert_int_equal(cart_locate(c, from), 0);
	r = cart_space_sequential_filemarks(c, step * (int64_t)want, &residual);
	cart_position(c, &at);
	if (found < 0) {
		assert_int_equal(r, step > 0 ? CART_E_EOD : CART_E_BOP);
		assert_int_equal(residual, want);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(at.object, step > 0 ? found + 1 : found);
}

static void expect_searches(struct cart *c, const struct recording *rec, unsigned count)
{
	static const unsigned wants[] = { 1, 2, 3, 5, 20, 400, 700, 3000 };

	for (unsigned i = 0; i < count; i++)
		expect_search(c, rec, draw(rec->objects + 1), draw(2) == 0 ? 1 : -1,
			      wants[draw(sizeof(wants) / sizeof(*wants))]);
}

static struct recording *new_recording(void)
{
	struct recording *rec = calloc(1, sizeof(*rec));

	assert_non_null(rec);
	return rec;
}

static void rows_are_found_whatever_is_known(void **state)
{
	static const unsigned longest[] = { 3, 30, 600, 2500 };

	for (unsigned round = 0; round < 4; round++) {
		struct recording *rec = new_recording();
		struct cart *c;

		assert_int_equal(cart_delete(((struct pool *)*state)->path, "T1"), 0);
		pool_create(*state, "T1", 0);
		c = pool_open(*state, CART_OPEN_WRITE);
		record(c, rec, MANY / 2, longest[round]);
		expect_searches(c, rec, 200); /* from memory */
		pool_close(c);
		c = pool_open(*state, CART_OPEN_WRITE);
		expect_searches(c, rec, 200); /* from the file */
		pool_close(c);
		pool_unlink(*state, ROWS_FILE);
		c = pool_open(*state, CART_OPEN_WRITE);
		expect_searches(c, rec, 200); /* nothing known; learnt while looking */
		assert_int_equal(cart_space_eod(c), 0);
		record(c, rec, MANY / 4, longest[round]);
		expect_searches(c, rec, 200);
		pool_close(c);
		free(rec);
	}
}

static void an_overwrite_forgets_what_was_behind(void **state)
{
	struct recording *rec = new_recording();
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	record(c, rec, MANY / 2, 40);
	for (unsigned i = 0; i < 12; i++) {
		unsigned from = rec->objects - draw(rec->objects / 3);

		assert_int_equal(cart_locate(c, from), 0);
		for (rec->filemarks = 0, rec->objects = 0; rec->objects < from; rec->objects++)
			rec->filemarks += rec->mark[rec->objects];
		record(c, rec, draw(MANY / 8), 40);
		expect_searches(c, rec, 50);
		if (i % 3 == 0) {
			pool_close(c);
			c = pool_open(*state, CART_OPEN_WRITE);
		}
	}
	pool_close(c);
	free(rec);
}

/* One block and one filemark, over and over; two filemarks at the end. */
static void record_plain(struct cart *c, unsigned filemarks)
{
	for (unsigned i = 0; i < filemarks; i++) {
		write_blocks(c, 1, 1, 20);
		write_marks(c, 1);
	}
	write_marks(c, 1);
}

static uint64_t bytes_of_search(struct cart *c)
{
	uint64_t residual;

	assert_int_equal(cart_locate(c, 0), 0);
	(void)counted_take();
	assert_int_equal(cart_space_sequential_filemarks(c, 2, &residual), 0);
	expect_position(c, 2 * MANY + 1, MANY + 1);
	return counted_take().read_bytes;
}

/* What one batch and its entries of the index are, with what a proof reads. */
#define LITTLE (ROWS_BATCH * 8 + 64 * 1024u)

static void a_search_of_what_is_known_reads_next_to_nothing(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint64_t all, first, second;

	record_plain(c, MANY);
	first = bytes_of_search(c);
	assert_true(first < LITTLE); /* as it was written */
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	first = bytes_of_search(c);
	assert_true(first < LITTLE); /* as it was kept */
	pool_close(c);
	pool_unlink(*state, ROWS_FILE);
	c = pool_open(*state, CART_OPEN_WRITE);
	all = bytes_of_search(c);
	assert_true(all > MANY * (8 + 16)); /* everything is looked at, once */
	second = bytes_of_search(c);
	assert_true(second < LITTLE);
	pool_close(c); /* nothing was changed, and what was learnt is kept all the same */
	c = pool_open(*state, CART_OPEN_READ);
	assert_true(bytes_of_search(c) < LITTLE);
	pool_close(c);
}

static void a_damaged_file_of_rows_is_not_believed(void **state)
{
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	uint64_t size;

	record_plain(c, MANY);
	pool_close(c);
	size = pool_file_size(p, ROWS_FILE);
	for (uint64_t offset = 0; offset < size; offset += 1 + offset / 40) {
		pool_flip(p, ROWS_FILE, offset, 0x10);
		c = pool_open(p, CART_OPEN_READ);
		assert_null(rows_get(&c->rows, 0));
		pool_close(c);
		pool_flip(p, ROWS_FILE, offset, 0x10);
	}
	c = pool_open(p, CART_OPEN_READ);
	assert_non_null(rows_get(&c->rows, 0));
	pool_close(c);
	pool_truncate(p, ROWS_FILE, size - 1);
	c = pool_open(p, CART_OPEN_READ);
	assert_null(rows_get(&c->rows, 0));
	assert_true(bytes_of_search(c) > MANY * 8);
	pool_close(c);
}

static void keep_copy(struct pool *p, const char *from, const char *to)
{
	char *a = pool_file(p, from), *b = pool_file(p, to), *command;

	assert_true(asprintf(&command, "cp %s %s", a, b) > 0);
	assert_int_equal(system(command), 0);
	free(command);
	free(a);
	free(b);
}

/* As a writer that does not know the file leaves it: the recording became another one of equal
 * length. */
static void a_file_of_another_generation_is_not_believed(void **state)
{
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	record_plain(c, MANY);
	pool_close(c);
	keep_copy(p, ROWS_FILE, "old");
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_locate(c, 1000), 0);
	write_marks(c, 1); /* behind filemark 499: two in a row */
	write_blocks(c, 1, 1, 20);
	for (unsigned i = 501; i < MANY; i++) {
		write_blocks(c, 1, 1, 20);
		write_marks(c, 1);
	}
	assert_int_equal(cart_info(c)->filemarks, MANY);
	write_marks(c, 1);
	pool_close(c);
	keep_copy(p, "old", ROWS_FILE);
	c = pool_open(p, CART_OPEN_READ);
	assert_null(rows_get(&c->rows, 0));
	{
		uint64_t residual;

		assert_int_equal(cart_space_sequential_filemarks(c, 2, &residual), 0);
		expect_position(c, 1001, 501);
	}
	pool_close(c);
}

static int die_with_more_rows(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r == 0)
		r = cart_locate(c, 2000);
	for (unsigned i = 0; r == 0 && i < 600; i++)
		r = put_marks(c, 2);
	return r == 0 ? cart_sync(c) : r;
}

static void after_a_crash_nothing_old_is_believed(void **state)
{
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	uint64_t residual;

	record_plain(c, MANY);
	pool_close(c);
	pool_die_after(p, die_with_more_rows);
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_info(c)->filemarks, 1000 + 1200);
	assert_int_equal(cart_space_sequential_filemarks(c, 1201, &residual), 0);
	expect_position(c, 3200, 2200);
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(cart_space_sequential_filemarks(c, 1202, &residual), CART_E_EOD);
	pool_close(c);
}

static void a_format_that_fails_forgets_no_rows(void **state)
{
	const struct cart_format format = { .partitions = 1, .proportion = CART_WHOLE };
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	char *in_the_way = pool_file(p, ".header.new");
	uint64_t residual;

	record_plain(c, 100);
	assert_int_equal(mkdir(in_the_way, 0700), 0);
	assert_true(cart_format(c, &format) < 0);
	assert_int_equal(rmdir(in_the_way), 0);
	free(in_the_way);
	assert_int_equal(rows_get(&c->rows, 0)->count, 101);
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(cart_space_sequential_filemarks(c, 2, &residual), 0);
	expect_position(c, 201, 101);
	assert_int_equal(cart_format(c, &format), 0);
	assert_null(rows_get(&c->rows, 0));
	pool_close(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
	const struct CMUnitTest tests[] = {
		TEST(rows_are_found_whatever_is_known),
		TEST(an_overwrite_forgets_what_was_behind),
		TEST(a_search_of_what_is_known_reads_next_to_nothing),
		TEST(a_damaged_file_of_rows_is_not_believed),
		TEST(a_file_of_another_generation_is_not_believed),
		TEST(after_a_crash_nothing_old_is_believed),
		TEST(a_format_that_fails_forgets_no_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
