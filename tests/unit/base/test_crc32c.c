/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/base/crc32c.c against published vectors (RFC 3720 B.4) and against its own table
 * version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/crc32c.h"

#define SIZE 100003u

static uint8_t data[SIZE];

static int fill(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = (uint8_t)(x >> 24);
	}
	return 0;
}

static void published_vectors(void **state)
{
	uint8_t b[32];

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(b, 0, 32);
	assert_int_equal(crc32c(0, b, 32), 0x8a9136aa);
	memset(b, 0xff, 32);
	assert_int_equal(crc32c(0, b, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		b[i] = i;
	assert_int_equal(crc32c(0, b, 32), 0x46dd794e);
	assert_int_equal(crc32c_portable(0, b, 32), 0x46dd794e);
}

static void nothing_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0x12345678, data, 0), 0x12345678);
}

static void instruction_and_table_agree_at_every_length_and_alignment(void **state)
{
	static const size_t sizes[] = { 1, 7, 8, 9, 4095, 12287, 12288, 12289, 24576, 99990 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t skew = 0; skew < 9; skew++)
			assert_int_equal(crc32c(7, data + skew, sizes[i]),
					 crc32c_portable(7, data + skew, sizes[i]));
}

/* One bit after the other, as the polynomial is written. */
static uint32_t by_bits(uint32_t crc, const uint8_t *p, size_t size)
{
	crc = ~crc;
	for (; size > 0; size--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static void tables_agree_with_the_polynomial(void **state)
{
	(void)state;
	for (size_t size = 0; size < 100; size++)
		assert_int_equal(crc32c_portable(9, data + size, size),
				 by_bits(9, data + size, size));
}

static void pieces_equal_the_whole(void **state)
{
	uint32_t whole = crc32c(0, data, SIZE);

	(void)state;
	for (size_t cut = 0; cut <= SIZE; cut += 9973)
		assert_int_equal(crc32c(crc32c(0, data, cut), data + cut, SIZE - cut), whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(nothing_changes_nothing),
		cmocka_unit_test(instruction_and_table_agree_at_every_length_and_alignment),
		cmocka_unit_test(tables_agree_with_the_polynomial),
		cmocka_unit_test(pieces_equal_the_whole),
	};

	return cmocka_run_group_tests_name("crc32c", tests, fill, NULL);
}
