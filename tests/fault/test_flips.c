/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bit of one file is flipped, at random places: it is never returned as data, costs one object
 * at the most, and the rest of the recording reads as before (P3, P4).
 *
 *   test_fault_flips [SEED [ROUNDS]]
 */
#include "tests/support/pool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/store/cart.h"

#define OBJECTS 60u

static uint64_t state_of_random;
static unsigned rounds = 300;

static uint64_t draw(uint64_t below)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (state_of_random >> 11) % below;
}

/* Object i: a filemark where i % 6 is 5; in the second half blocks are compressed. */
static size_t size_of(unsigned i)
{
	return i % 6 == 5 ? 0 : 1 + i * 160;
}

static void record(struct pool *p)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	for (unsigned i = 0; i < OBJECTS; i++) {
		if (i == OBJECTS / 2)
			assert_int_equal(cart_set_codec(c, CART_CODEC_ZLIB), 0);
		if (size_of(i) == 0)
			write_marks(c, 1);
		else
			write_blocks(c, i, 1, size_of(i));
	}
	pool_close(c);
}

static unsigned count_damaged(struct cart *c)
{
	unsigned damaged = 0;

	for (unsigned i = 0; i < OBJECTS; i++) {
		int r;

		assert_int_equal(cart_locate(c, i), 0);
		r = read_object(c);
		damaged += r == CART_E_DAMAGED;
		if (r == 0) {
			assert_int_equal(cart_locate(c, i), 0);
			expect_block(c, i, size_of(i));
		} else if (r != CART_E_DAMAGED) {
			assert_int_equal(r, CART_E_FILEMARK);
			assert_int_equal(size_of(i), 0);
		}
	}
	assert_int_equal(cart_info(c)->objects, OBJECTS);
	return damaged;
}

static void flip_and_look(struct pool *p, const char *name)
{
	uint64_t at = draw(pool_file_size(p, name));
	uint8_t mask = (uint8_t)(1u << draw(8));
	unsigned damaged;
	struct cart *c;

	print_message("%s, byte %" PRIu64 ", mask %02x\n", name, at, mask);
	pool_flip(p, name, at, mask);
	c = pool_open(p, draw(2) == 0 ? CART_OPEN_READ : CART_OPEN_WRITE);
	damaged = count_damaged(c);
	pool_close(c);
	if (strncmp(name, "data", 4) == 0 && at >= DATA_START) {
		assert_int_equal(damaged, 1);
		pool_flip(p, name, at, mask);
		pool_unlink(p, INDEX_FILE); /* it may know of the damage */
		pool_close(pool_open(p, CART_OPEN_READ));
	} else {
		assert_int_equal(damaged, 0);
		if (strncmp(name, "data", 4) == 0)
			pool_flip(p, name, at, mask);
	}
}

static void a_flipped_bit_costs_one_object_at_most(void **state)
{
	static const char *const names[] = { DATA_FILE, "data.00000001.00000001", INDEX_FILE,
					     MARKS_FILE };

	record(*state);
	for (unsigned i = 0; i < rounds; i++)
		flip_and_look(*state, names[draw(4)]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_flipped_bit_costs_one_object_at_most, pool_setup,
						pool_teardown),
	};

	state_of_random = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	state_of_random = state_of_random * 2 + 1;
	if (argc > 2)
		rounds = (unsigned)strtoul(argv[2], NULL, 0);
	print_message("seed %" PRIu64 "\n", state_of_random / 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
