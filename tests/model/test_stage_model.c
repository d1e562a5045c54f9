/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as test_model.c for a cartridge behind its buffer: random operations, long runs of
 * writes and of reads, drains at random moments.  What the host sees must be what the reference
 * tape says.
 *
 *   test_stage_model [SEED [RUNS]]
 */
#include "tests/support/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/store/stage.h"
#include "tests/support/model_tape.h"

#define OPERATIONS 200
#define LONGEST    30000u

static uint64_t first_seed;
static unsigned runs = 40;

struct run {
	struct pool *pool;
	struct stage *s;
	struct model_tape *tape;
	uint64_t random, next_block;
	unsigned operation;
};

static uint8_t block[LONGEST], expected_block[LONGEST];

static uint64_t draw(struct run *r, uint64_t below)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return (r->random >> 11) % below;
}

static void compare(struct run *r, const char *what, int got, int expected)
{
	struct cart_position at;

	stage_position(r->s, &at);
	if (got == expected && at.object == r->tape->position && at.file == model_file(r->tape) &&
	    at.eod == (r->tape->position == r->tape->count) && at.bop == (r->tape->position == 0))
		return;
	fail_msg("operation %u, %s: '%s' at %" PRIu64 " of file %" PRIu64
		 ", expected '%s' at %" PRIu64 " of file %" PRIu64,
		 r->operation, what, cart_outcome_name(got), at.object, at.file,
		 cart_outcome_name(expected), r->tape->position, model_file(r->tape));
}

static void write_one(struct run *r)
{
	size_t size = 1 + (size_t)draw(r, draw(r, 8) == 0 ? LONGEST : 2000);
	const struct iovec iov[] = { { block, size / 2 }, { block + size / 2, size - size / 2 } };
	uint64_t seed = r->next_block++;

	fill_block(block, seed, size);
	compare(r, "write", stage_write(r->s, iov, 2, size), model_write(r->tape, seed, size));
}

static void write_marks_staged(struct run *r)
{
	uint32_t count = (uint32_t)draw(r, draw(r, 20) == 0 ? 1500 : 4), written;
	bool early = model_write_filemarks(r->tape, count) != 0;
	int got = stage_write_filemarks(r->s, count, &written);

	assert_int_equal(written, count);
	compare(r, "write filemarks", got, early ? CART_E_EARLY_WARNING : 0);
}

static void do_writes(struct run *r)
{
	for (uint64_t n = draw(r, 60); n > 0 && r->tape->count < MODEL_OBJECTS - 2000; n--)
		draw(r, 10) == 0 ? write_marks_staged(r) : write_one(r);
}

static void read_one_object(struct run *r)
{
	const struct model_object *o = NULL;
	int expected = model_read(r->tape, &o);
	size_t want = draw(r, 5) == 0 ? 1 + (size_t)draw(r, LONGEST) : LONGEST, length = 0;
	const struct iovec iov = { block, want };
	int got = stage_read(r->s, &iov, 1, want, &length);

	assert_int_equal(got, expected);
	if (expected != 0)
		return;
	assert_int_equal(length, o->size);
	fill_block(expected_block, o->seed, o->size);
	assert_memory_equal(block, expected_block, o->size < want ? o->size : want);
}

static void do_reads(struct run *r)
{
	for (uint64_t n = draw(r, 80); n > 0; n--)
		read_one_object(r);
	if (draw(r, 2) == 0)
		compare(r, "reads", 0,
			0); /* READ POSITION cancels reading ahead; else it goes on */
}

static void do_locate(struct run *r)
{
	uint64_t object = draw(r, r->tape->count + 3);

	compare(r, "locate", stage_locate(r->s, object), model_locate(r->tape, object));
}

static void do_space(struct run *r)
{
	uint64_t residual = 99, expected = 98;
	int64_t count = (int64_t)draw(r, 40) - 20;
	int got = stage_space_blocks(r->s, count, &residual);

	compare(r, "space blocks", got, model_space_blocks(r->tape, count, &expected));
	assert_int_equal(residual, expected);
	count = (int64_t)draw(r, 9) - 4;
	got = stage_space_filemarks(r->s, count, &residual);
	compare(r, "space filemarks", got, model_space_filemarks(r->tape, count, &expected));
	assert_int_equal(residual, expected);
}

static void do_eod(struct run *r)
{
	r->tape->position = r->tape->count;
	compare(r, "space to end of data", stage_space_eod(r->s), 0);
}

static void do_sync(struct run *r)
{
	model_sync(r->tape);
	compare(r, "sync", stage_sync(r->s), 0);
}

static void do_erase(struct run *r)
{
	if (draw(r, 6) != 0)
		return;
	model_erase(r->tape);
	compare(r, "erase", stage_erase(r->s), 0);
}

static void do_info(struct run *r)
{
	assert_int_equal(stage_info(r->s)->objects, r->tape->count);
	compare(r, "info", 0, 0);
}

static void do_set_codec(struct run *r)
{
	if (r->tape->capacity == 0) /* the reference does not know how well data packs */
		assert_int_equal(stage_set_codec(r->s, (enum cart_codec)draw(r, 4)), 0);
}

static void do_close(struct run *r)
{
	assert_int_equal(stage_close(r->s), 0);
	assert_int_equal(stage_open(r->pool->path, "T1", CART_OPEN_WRITE, &r->s), 0);
	r->tape->position = 0;
	compare(r, "open", 0, 0);
}

static void one_run(struct run *r)
{
	static void (*const operations[])(struct run * r) = {
		do_writes, do_writes, do_writes, do_reads, do_reads, do_locate, do_space,
		do_eod,    do_sync,   do_erase,  do_info,  do_close, do_eod,    do_set_codec,
	};

	assert_int_equal(stage_open(r->pool->path, "T1", CART_OPEN_WRITE, &r->s), 0);
	for (r->operation = 0; r->operation < OPERATIONS; r->operation++) {
		if (r->tape->count > MODEL_OBJECTS - 4000)
			break;
		operations[draw(r, sizeof(operations) / sizeof(operations[0]))](r);
	}
	do_close(r);
	for (uint64_t i = 0; i <= r->tape->count; i++)
		read_one_object(r);
	assert_int_equal(stage_close(r->s), 0);
}

static void the_buffer_is_never_seen(void **state)
{
	(void)state;
	for (unsigned i = 0; i < runs; i++) {
		struct run r = { .random = (first_seed + i) * 2654435761u + 1 };
		void *pool;

		print_message("seed %" PRIu64 "\n", first_seed + i);
		assert_int_equal(pool_setup(&pool), 0);
		r.pool = pool;
		r.tape = calloc(1, sizeof(*r.tape));
		assert_non_null(r.tape);
		if (i % 3 == 0) {
			assert_int_equal(cart_delete(r.pool->path, "T1"), 0);
			pool_create(r.pool, "T1", 400000);
			r.tape->capacity = 400000;
			r.tape->early_warning = pool_stat(r.pool)->early_warning_bytes;
		}
		one_run(&r);
		free(r.tape);
		assert_int_equal(pool_teardown(&pool), 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_buffer_is_never_seen) };

	first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL) * 1000;
	if (argc > 2)
		runs = (unsigned)strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
