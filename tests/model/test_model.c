/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operations on a cartridge and on the reference tape must agree in every outcome, residue
 * and position, over closes, kills, lost indexes and torn tails.  Segments have 64 KiB.
 *
 *   test_model [SEED [RUNS]]     the seed of a run is printed before it begins
 */
#include "tests/support/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/store/cart.h"
#include "tests/support/model_tape.h"

#define OPERATIONS 250
#define LONGEST    30000u

static uint64_t first_seed;
static unsigned runs = 150;

struct run {
	struct pool *pool;
	struct cart *c;
	struct model_tape *tape;
	uint64_t random;
	uint64_t next_block; /* seed of its content */
	unsigned operation;
};

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

	cart_position(r->c, &at);
	if (got == expected && at.object == r->tape->position && at.file == model_file(r->tape) &&
	    at.eod == (r->tape->position == r->tape->count))
		return;
	fail_msg("operation %u, %s: '%s' at %" PRIu64 " of file %" PRIu64
		 ", expected '%s' at %" PRIu64 " of file %" PRIu64,
		 r->operation, what, cart_outcome_name(got), at.object, at.file,
		 cart_outcome_name(expected), r->tape->position, model_file(r->tape));
}

static void do_write(struct run *r)
{
	size_t size = 1 + (size_t)draw(r, draw(r, 8) == 0 ? LONGEST : 2000);
	uint64_t seed = r->next_block++;

	compare(r, "write", put_block(r->c, seed, size), model_write(r->tape, seed, size));
}

static void do_write_filemarks(struct run *r)
{
	uint32_t count = (uint32_t)draw(r, draw(r, 20) == 0 ? 700 : 4);
	bool early = model_write_filemarks(r->tape, count) != 0;
	int got = put_marks(r->c, count);

	compare(r, "write filemarks", got, early ? CART_E_EARLY_WARNING : 0);
}

static void do_read(struct run *r)
{
	for (uint64_t n = draw(r, 10); n > 0; n--) {
		const struct model_object *o = NULL;
		int expected = model_read(r->tape, &o);

		if (expected == 0)
			expect_block(r->c, o->seed, o->size);
		else
			compare(r, "read", read_object(r->c), expected);
	}
}

static void do_locate(struct run *r)
{
	uint64_t object = draw(r, r->tape->count + 3);

	compare(r, "locate", cart_locate(r->c, object), model_locate(r->tape, object));
}

static void do_locate_file(struct run *r)
{
	uint64_t file = draw(r, model_file(r->tape) + 5);

	compare(r, "locate file", cart_locate_file(r->c, file), model_locate_file(r->tape, file));
}

static void do_space(struct run *r)
{
	static const struct {
		const char *name;
		int (*store)(struct cart *c, int64_t count, uint64_t *ret_residual);
		int (*model)(struct model_tape *t, int64_t count, uint64_t *ret_residual);
	} kinds[] = {
		{ "space blocks", cart_space_blocks, model_space_blocks },
		{ "space filemarks", cart_space_filemarks, model_space_filemarks },
		{ "space sequential filemarks", cart_space_sequential_filemarks,
		  model_space_sequential_filemarks },
	};
	uint64_t k = draw(r, 3), residual = 99, expected = 98;
	int64_t count = (int64_t)draw(r, k == 0 ? 40 : 9) - (k == 0 ? 20 : 4);
	int got = kinds[k].store(r->c, count, &residual);

	compare(r, kinds[k].name, got, kinds[k].model(r->tape, count, &expected));
	assert_int_equal(residual, expected);
}

static void do_eod(struct run *r)
{
	r->tape->position = r->tape->count;
	compare(r, "space to end of data", cart_space_eod(r->c), 0);
}

static void do_sync(struct run *r)
{
	model_sync(r->tape);
	compare(r, "sync", cart_sync(r->c), 0);
}

static void do_erase(struct run *r)
{
	if (draw(r, 4) != 0)
		return;
	model_erase(r->tape);
	compare(r, "erase", cart_erase(r->c), 0);
}

static void do_set_codec(struct run *r)
{
	if (r->tape->capacity == 0) /* the model does not know how well data packs */
		assert_int_equal(cart_set_codec(r->c, (enum cart_codec)draw(r, 2)), 0);
}

/* Opens it again and reads all of it. */
static void reopen(struct run *r)
{
	const struct model_object *o;

	r->c = pool_open(r->pool, CART_OPEN_WRITE | (draw(r, 2) != 0 ? CART_OPEN_MOUNT : 0));
	r->tape->position = 0;
	if (r->tape->capacity > 0)
		assert_int_equal(cart_set_codec(r->c, CART_CODEC_NONE), 0);
	for (;;) {
		int expected = model_read(r->tape, &o);

		if (expected == 0)
			expect_block(r->c, o->seed, o->size);
		else
			compare(r, "read all", read_object(r->c), expected);
		if (expected == CART_E_EOD)
			break;
	}
	assert_int_equal(cart_info(r->c)->objects, r->tape->count);
}

static void lose_tables(struct run *r)
{
	if (draw(r, 3) == 0)
		pool_unlink(r->pool, INDEX_FILE);
	if (draw(r, 3) == 0)
		pool_unlink(r->pool, MARKS_FILE);
}

static void do_close(struct run *r)
{
	pool_close(r->c);
	model_sync(r->tape);
	lose_tables(r);
	reopen(r);
}

/* Its descriptors and memory go away, and that is all that happens. */
static void die(struct run *r)
{
	r->c->flags = CART_OPEN_READ;
	assert_int_equal(cart_close(r->c), 0);
	r->c = NULL;
}

static void do_kill(struct run *r)
{
	die(r);
	lose_tables(r);
	reopen(r);
	model_sync(r->tape); /* the recovery did */
}

/* A loss of power takes the end, or a piece, of the file that was written to, behind what was
 * stable. */
static void do_power_loss(struct run *r)
{
	uint64_t end = r->c->end, stable = r->tape->synced, count;
	uint64_t begin = stable < r->tape->count ? 0 : end;
	struct object o = { 0 };
	char name[40];

	if (begin == 0 && index_get(r->c, stable, &o) == 0)
		begin = o.address;
	if (begin >> SEGMENT_SHIFT != end >> SEGMENT_SHIFT)
		begin = (end >> SEGMENT_SHIFT << SEGMENT_SHIFT) + DATA_START;
	die(r);
	if (begin < end) {
		uint64_t at = (begin + draw(r, end - begin)) & (SEGMENT_SIZE - 1);

		(void)snprintf(name, sizeof(name), "data.00000001.%08" PRIx64,
			       end >> SEGMENT_SHIFT);
		if (draw(r, 2) == 0)
			pool_truncate(r->pool, name, at);
		else
			pool_flip(r->pool, name, at, 0x55); /* a page that never arrived */
	}
	r->c = pool_open(r->pool, CART_OPEN_WRITE);
	count = cart_info(r->c)->objects;
	assert_in_range(count, stable, r->tape->count);
	pool_close(r->c);
	r->tape->count = count;
	model_sync(r->tape);
	reopen(r);
}

static void (*const operations[])(struct run *r) = {
	do_write,           do_write,     do_write, do_write,
	do_write,           do_write,     do_write, do_write_filemarks,
	do_write_filemarks, do_read,      do_read,  do_locate,
	do_locate_file,     do_space,     do_space, do_space,
	do_space,           do_eod,       do_eod,   do_sync,
	do_erase,           do_set_codec, do_close, do_kill,
	do_power_loss,
};

static void play(struct pool *p, struct model_tape *tape, uint64_t seed)
{
	struct run r = { .pool = p, .tape = tape, .random = seed * 2 + 1, .next_block = 1 };

	memset(tape, 0, sizeof(*tape));
	assert_int_equal(cart_delete(p->path, "T1"), 0);
	if (draw(&r, 4) == 0) {
		tape->capacity = 400000;
		tape->early_warning = 100000; /* a quarter, as cart_create() does */
	}
	pool_create(p, "T1", tape->capacity);
	reopen(&r);
	for (r.operation = 0; r.operation < OPERATIONS; r.operation++)
		operations[draw(&r, sizeof(operations) / sizeof(*operations))](&r);
	pool_close(r.c);
}

static void lib_store_agrees_with_the_reference_tape(void **state)
{
	static struct model_tape tape;

	for (unsigned i = 0; i < runs; i++) {
		print_message("seed %" PRIu64 "\n", first_seed + i);
		play(*state, &tape, first_seed + i);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lib_store_agrees_with_the_reference_tape,
						pool_setup, pool_teardown),
	};

	first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL) * 1000;
	if (argc > 2)
		runs = (unsigned)strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
