/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/codec.c. */
#include "tests/support/pool.h"

#include <stdlib.h>
#include <string.h>

#include "lib/store/cart.h"

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct cart));
	return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct cart *c = *state;

	codec_end(c);
	free(c->packed);
	free(c);
	return 0;
}

static void packed_pieces_unpack_to_the_block(void **state)
{
	struct cart *c = *state;
	char text[] = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbaaaaaaaaaaaaaaaa", out[sizeof(text)];
	const struct iovec iov[] = { { text, 5 }, { text + 5, 0 }, { text + 5, 43 } };
	size_t packed;

	for (int i = 0; i < 3; i++) { /* the stream is used again */
		assert_int_equal(codec_pack(c, iov, 3, 48, &packed), 0);
		assert_in_range(packed, 1, 47);
		assert_int_equal(codec_unpack(CART_CODEC_ZLIB, c->packed, packed, out, 48), 0);
		assert_memory_equal(out, text, 48);
	}
}

static void noise_is_not_packed(void **state)
{
	struct cart *c = *state;
	uint8_t noise[256];
	const struct iovec iov = { noise, sizeof(noise) };
	size_t packed = 1;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 167 + i * i * 59);
	assert_int_equal(codec_pack(c, &iov, 1, sizeof(noise), &packed), 0);
	assert_int_equal(packed, 0);
}

static void a_block_of_another_length_is_damaged(void **state)
{
	struct cart *c = *state;
	uint8_t zeros[100] = { 0 }, out[200];
	const struct iovec iov = { zeros, sizeof(zeros) };
	size_t packed;

	assert_int_equal(codec_pack(c, &iov, 1, sizeof(zeros), &packed), 0);
	assert_int_equal(codec_unpack(CART_CODEC_ZLIB, c->packed, packed, out, 99), CART_E_DAMAGED);
	assert_int_equal(codec_unpack(CART_CODEC_ZLIB, c->packed, packed, out, 101),
			 CART_E_DAMAGED);
	assert_int_equal(codec_unpack(CART_CODEC_ZLIB, c->packed, packed - 1, out, 100),
			 CART_E_DAMAGED);
	assert_int_equal(codec_unpack(7, c->packed, packed, out, 100), CART_E_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(packed_pieces_unpack_to_the_block, setup, teardown),
		cmocka_unit_test_setup_teardown(noise_is_not_packed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_of_another_length_is_damaged, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
