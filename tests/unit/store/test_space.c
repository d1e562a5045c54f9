/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cartridge takes on disk: what its stored bytes need and less than 1 % more, with blocks of
 * 64 KiB; and that what is not recorded any more goes back to the file system.
 */
#include "tests/support/pool.h"

#include <stdio.h>
#include <time.h>

#define BLOCK 65536u
#define FIXED 49152u /* header, and the last page of each file */

static uint64_t state_of_random;

static uint64_t draw(uint64_t below)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (state_of_random >> 11) % below;
}

/* Of the cartridge, which nobody has open. */
static void expect_little_more_than_needed(struct pool *p, const char *after)
{
	const struct cart_info *info = pool_stat(p);
	uint64_t stored = info->state == CART_MIGRATED ? 0 : info->stored_bytes;

	if (info->disk_bytes < stored || info->disk_bytes > stored + stored / 100 + FIXED)
		fail_msg("after %s: %llu bytes on disk for %llu stored", after,
			 (unsigned long long)info->disk_bytes, (unsigned long long)stored);
}

static void write_mib(struct pool *p, uint64_t object, unsigned mib)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	assert_int_equal(cart_locate(c, object), 0);
	write_blocks(c, object, mib * 16, BLOCK);
	pool_close(c);
}

static void a_recording_takes_less_than_one_percent_more(void **state)
{
	write_mib(*state, 0, 48);
	expect_little_more_than_needed(*state, "48 MiB");
	assert_true(pool_stat(*state)->stored_bytes == 48u << 20);
}

static void an_overwrite_gives_the_rest_back(void **state)
{
	write_mib(*state, 0, 48);
	write_mib(*state, 100, 1);
	assert_int_equal(pool_stat(*state)->objects, 116);
	expect_little_more_than_needed(*state, "an overwrite");
}

static void an_erase_gives_the_rest_back(void **state)
{
	struct cart *c;

	write_mib(*state, 0, 16);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_locate(c, 3), 0);
	assert_int_equal(cart_erase(c), 0);
	pool_close(c);
	expect_little_more_than_needed(*state, "an erase");
}

static void a_release_gives_everything_back(void **state)
{
	struct cart_copy copy = { .volume = "V1" };
	struct cart *c;

	write_mib(*state, 0, 16);
	c = pool_open(*state, CART_OPEN_WRITE);
	copy.generation = cart_info(c)->generation;
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->state, CART_MIGRATED);
	expect_little_more_than_needed(*state, "a release");
}

static void random_turns_leave_no_waste(void **state)
{
	state_of_random = (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)state_of_random);
	for (unsigned turn = 0; turn < 12; turn++) {
		struct cart *c = pool_open(*state, CART_OPEN_WRITE);
		char what[40];

		(void)snprintf(what, sizeof(what), "turn %u", turn);
		assert_int_equal(cart_locate(c, draw(cart_info(c)->objects + 1)), 0);
		write_blocks(c, turn, 1 + (unsigned)draw(100), BLOCK);
		assert_int_equal(cart_set_codec(c, (enum cart_codec)draw(4)), 0);
		write_blocks(c, turn, (unsigned)draw(100), BLOCK);
		write_marks(c, (unsigned)draw(3));
		if (draw(3) == 0) {
			assert_int_equal(cart_locate(c, draw(cart_info(c)->objects + 1)), 0);
			assert_int_equal(cart_erase(c), 0);
		}
		pool_close(c);
		expect_little_more_than_needed(*state, what);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_recording_takes_less_than_one_percent_more),
		TEST(an_overwrite_gives_the_rest_back),
		TEST(an_erase_gives_the_rest_back),
		TEST(a_release_gives_everything_back),
		TEST(random_turns_leave_no_waste),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
