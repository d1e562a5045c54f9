/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/base/copy.c: every size and alignment around its step, and nothing beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/copy.h"

#define SIZE 700u

static void exactly_so_many_bytes_are_copied(void **state)
{
	uint8_t from[SIZE], to[SIZE];

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		from[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t size = 0; size < 300; size++) {
		for (size_t skew = 0; skew < 18; skew++) {
			memset(to, 0xee, SIZE);
			copy_bytes(to + 17, from + skew, size);
			assert_memory_equal(to + 17, from + skew, size);
			assert_int_equal(to[16], 0xee);
			assert_int_equal(to[17 + size], 0xee);
		}
	}
	copy_bytes(to, from, SIZE);
	assert_memory_equal(to, from, SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(exactly_so_many_bytes_are_copied) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
