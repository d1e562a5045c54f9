/* SPDX-License-Identifier: Apache-2.0 */
/* Every codec gives back what it was given, refuses what is not its own, and does not labour on
 * noise. */
#include "lib/store/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 100000u

static const enum cart_codec codecs[] = { CART_CODEC_ZLIB, CART_CODEC_LZ4, CART_CODEC_ZSTD };

static uint8_t data[SIZE], out[SIZE + 1];

static int setup(void **state)
{
	for (unsigned i = 0; i < SIZE; i++)
		data[i] = (uint8_t)("tape, volume, drive, "[i % 21] + (int)(i / 1000 % 3));
	*state = codec_new();
	return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	codec_free(*state);
	return 0;
}

static void noise(uint64_t x)
{
	for (unsigned i = 0; i < SIZE; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (uint8_t)(x >> 32);
	}
}

static void packed_pieces_unpack_to_the_block(void **state)
{
	const struct iovec iov[] = { { data, 5 }, { data + 5, 0 }, { data + 5, SIZE - 5 } };
	const uint8_t *packed;
	size_t size;

	for (unsigned k = 0; k < 3; k++) {
		for (unsigned again = 0; again < 3; again++) { /* contexts are used again */
			assert_int_equal(
				codec_pack(*state, codecs[k], iov, 3, SIZE, &packed, &size), 0);
			assert_in_range(size, 1, SIZE / 5);
			memset(out, 0, SIZE);
			assert_int_equal(
				codec_unpack(*state, (uint8_t)codecs[k], packed, size, out, SIZE),
				0);
			assert_memory_equal(out, data, SIZE);
		}
	}
}

static void small_blocks_that_do_not_shrink_stay(void **state)
{
	const struct iovec iov = { data, 3 };
	const uint8_t *packed;
	size_t size = 1;

	for (unsigned k = 0; k < 3; k++) {
		assert_int_equal(codec_pack(*state, codecs[k], &iov, 1, 3, &packed, &size), 0);
		assert_int_equal(size, 0);
		assert_int_equal(codec_pack(*state, codecs[k], &iov, 1, 1, &packed, &size), 0);
		assert_int_equal(size, 0);
	}
}

static void noise_is_stored_as_it_is(void **state)
{
	const struct iovec iov = { data, SIZE };
	const uint8_t *packed;
	size_t size;

	for (uint64_t seed = 1; seed < 50; seed++) {
		noise(seed);
		for (unsigned k = 0; k < 3; k++) {
			size = 1;
			assert_int_equal(
				codec_pack(*state, codecs[k], &iov, 1, SIZE, &packed, &size), 0);
			assert_int_equal(size, 0);
		}
	}
}

/* Base64 has no repeats, but only 64 different bytes: entropy coders win a quarter. */
static void what_only_entropy_coding_shrinks_is_not_taken_for_noise(void **state)
{
	const struct iovec iov = { data, SIZE };
	const uint8_t *packed;
	size_t size;

	noise(7);
	for (unsigned i = 0; i < SIZE; i++)
		data[i] = (uint8_t)('0' + data[i] % 64);
	assert_int_equal(codec_pack(*state, CART_CODEC_ZLIB, &iov, 1, SIZE, &packed, &size), 0);
	assert_in_range(size, 1, SIZE * 8 / 10);
	assert_int_equal(codec_pack(*state, CART_CODEC_ZSTD, &iov, 1, SIZE, &packed, &size), 0);
	assert_in_range(size, 1, SIZE * 8 / 10);
}

static void a_wrong_length_or_codec_is_damage(void **state)
{
	const struct iovec iov = { data, SIZE };
	const uint8_t *packed;
	static uint8_t copy[SIZE];
	size_t size;

	for (unsigned k = 0; k < 3; k++) {
		assert_int_equal(codec_pack(*state, codecs[k], &iov, 1, SIZE, &packed, &size), 0);
		memcpy(copy, packed, size);
		assert_int_equal(
			codec_unpack(*state, (uint8_t)codecs[k], copy, size, out, SIZE - 1),
			CART_E_DAMAGED);
		assert_int_equal(
			codec_unpack(*state, (uint8_t)codecs[k], copy, size, out, SIZE + 1),
			CART_E_DAMAGED);
		assert_int_equal(
			codec_unpack(*state, (uint8_t)codecs[k], copy, size - 1, out, SIZE),
			CART_E_DAMAGED);
		assert_int_equal(
			codec_unpack(*state, (uint8_t)codecs[(k + 1) % 3], copy, size, out, SIZE),
			CART_E_DAMAGED);
		assert_int_equal(codec_unpack(*state, 9, copy, size, out, SIZE), CART_E_DAMAGED);
	}
}

static void names_and_codecs_belong_together(void **state)
{
	enum cart_codec codec;

	(void)state;
	for (unsigned i = 0; i <= CODEC_LAST; i++) {
		assert_true(cart_codec_parse(cart_codec_name((enum cart_codec)i), &codec));
		assert_int_equal(codec, i);
	}
	assert_false(cart_codec_parse("lzo", &codec));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(packed_pieces_unpack_to_the_block),
		T(small_blocks_that_do_not_shrink_stay),
		T(noise_is_stored_as_it_is),
		T(what_only_entropy_coding_shrinks_is_not_taken_for_noise),
		T(a_wrong_length_or_codec_is_damage),
		T(names_and_codecs_belong_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
