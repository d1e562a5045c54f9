/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/check.c. */
#include "tests/support/pool.h"

#include <errno.h>
#include <string.h>

#include "lib/store/cart.h"

/* Blocks of growing length and a filemark: frames at 128, 128 + 80 + 1000, ... */
static struct cart *recorded(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	for (unsigned i = 0; i < 4; i++)
		write_blocks(c, i, 1, 1000 * (i + 1));
	write_marks(c, 1);
	pool_close(c);
	return pool_open(*state, CART_OPEN_READ);
}

static void verify_counts_what_is_there(void **state)
{
	struct cart *c = recorded(state);
	struct cart_check check;

	assert_int_equal(cart_locate(c, 3), 0);
	assert_int_equal(cart_verify(c, NULL, NULL, &check), 0);
	assert_int_equal(check.blocks, 4);
	assert_int_equal(check.filemarks, 1);
	assert_int_equal(check.bytes, 10000);
	assert_int_equal(check.damaged, 0);
	assert_false(check.index_rebuilt);
	expect_position(c, 3, 0);
	pool_close(c);
}

static void verify_names_the_first_damaged_object(void **state)
{
	struct cart *c = recorded(state);
	struct cart_check check;

	pool_flip(*state, DATA_FILE, DATA_START + 80 + 1000 + 80 + 5, 0x40); /* data of object 1 */
	pool_flip(*state, DATA_FILE, DATA_START + 3 * 80 + 6000 - 1, 1); /* of object 2, the last */
	assert_int_equal(cart_verify(c, NULL, NULL, &check), 0);
	assert_int_equal(check.damaged, 2);
	assert_int_equal(check.first_damaged, 1);
	assert_int_equal(check.blocks, 2);
	pool_close(c);
}

static void verify_says_that_the_index_was_lost(void **state)
{
	struct cart_check check;
	struct cart *c = recorded(state);

	pool_close(c);
	pool_unlink(*state, INDEX_FILE);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_verify(c, NULL, NULL, &check), 0);
	assert_true(check.index_rebuilt);
	assert_int_equal(check.blocks, 4);
	pool_close(c);
}

static void the_digest_is_that_of_the_data_whatever_the_codec(void **state)
{
	uint8_t plain[CART_DIGEST_SIZE], packed[CART_DIGEST_SIZE];
	struct cart *c = recorded(state);
	uint64_t object;

	assert_int_equal(cart_compute_digest(c, NULL, NULL, plain, &object), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_set_codec(c, CART_CODEC_ZLIB), 0);
	for (unsigned i = 0; i < 4; i++)
		write_blocks(c, i, 1, 1000 * (i + 1));
	write_marks(c, 1);
	assert_true(cart_info(c)->stored_bytes < cart_info(c)->logical_bytes);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, packed, &object), 0);
	assert_memory_equal(plain, packed, sizeof(plain));
	pool_close(c);
}

static void the_digest_stops_at_the_first_damaged_object(void **state)
{
	uint8_t digest[CART_DIGEST_SIZE];
	struct cart *c = recorded(state);
	uint64_t object = 99;

	pool_flip(*state, DATA_FILE, DATA_START + 80 + 1000 + 80 + 5, 0x40);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, digest, &object), CART_E_DAMAGED);
	assert_int_equal(object, 1);
	pool_close(c);
}

/* A recording of several groups, by blocks and by filemarks; one group at a time gives the digest
 * of the whole. */
static void groups_one_by_one_make_the_digest(void **state)
{
	uint8_t wanted[CART_DIGEST_SIZE], got[CART_DIGEST_SIZE];
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_digest *d = cart_digest_new();
	struct cart_group group = { 0 };
	struct cart_check check;
	uint64_t object, ends[] = { 4, 9, 9 + 65536, 9 + 65536 + 3 };
	unsigned n = 0;

	assert_int_equal(cart_set_codec(c, CART_CODEC_LZ4), 0);
	write_blocks(c, 1, 7, 16u << 20);
	write_blocks(c, 8, 1, (16u << 20) - 1);
	write_blocks(c, 9, 1, 70000);
	write_marks(c, 65536 + 2);
	write_blocks(c, 10, 1, 5);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, wanted, &object), 0);
	while (cart_group_at(c, group.end, &group) == 0) {
		assert_true(n < 4);
		assert_int_equal(group.end, ends[n]);
		assert_int_equal(group.complete, n < 3);
		n++;
		assert_int_equal(cart_verify_group(c, &group, true, NULL, NULL, &check), 0);
		assert_int_equal(check.damaged, 0);
		assert_int_equal(check.blocks + check.filemarks, group.end - group.first);
		cart_digest_group(d, &group);
	}
	assert_int_equal(n, 4);
	cart_digest_end(d, got);
	assert_memory_equal(got, wanted, sizeof(got));
	cart_digest_free(d);
	pool_close(c);
}

static void groups_of_a_damaged_recording_cover_it(void **state)
{
	struct cart *c = recorded(state);
	struct cart_group group = { 0 };
	struct cart_check check;
	uint64_t damaged = 0;

	pool_flip(*state, DATA_FILE, DATA_START + 80 + 1000 + 20, 0x40); /* frame of object 1 */
	while (cart_group_at(c, group.end, &group) == 0) {
		assert_int_equal(cart_verify_group(c, &group, true, NULL, NULL, &check), 0);
		damaged += check.damaged;
	}
	assert_int_equal(group.end, 5);
	assert_int_equal(damaged, 1);
	pool_close(c);
}

static bool stop(void *ctx, uint64_t object)
{
	*(uint64_t *)ctx = object;
	return false;
}

static void the_caller_can_stop_a_digest(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint8_t digest[CART_DIGEST_SIZE];
	uint64_t object, seen = 0;

	write_blocks(c, 1, 3, 8u << 20);
	assert_int_equal(cart_compute_digest(c, stop, &seen, digest, &object), -ECANCELED);
	assert_int_equal(seen, 2);
	pool_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(verify_counts_what_is_there),
		TEST(verify_names_the_first_damaged_object),
		TEST(verify_says_that_the_index_was_lost),
		TEST(the_digest_is_that_of_the_data_whatever_the_codec),
		TEST(the_digest_stops_at_the_first_damaged_object),
		TEST(groups_one_by_one_make_the_digest),
		TEST(groups_of_a_damaged_recording_cover_it),
		TEST(the_caller_can_stop_a_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
