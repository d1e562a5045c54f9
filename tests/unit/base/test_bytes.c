/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/base/bytes.h: the order of the bytes, the width, any alignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/bytes.h"

static const uint8_t raw[9] = { 0xff, 0x81, 0x02, 0x83, 0x04, 0x85, 0x06, 0x87, 0x08 };

static void big_endian_numbers_are_read_from_odd_addresses(void **state)
{
	(void)state;
	assert_int_equal(get_be16(raw + 1), 0x8102);
	assert_int_equal(get_be24(raw + 1), 0x810283);
	assert_int_equal(get_be32(raw + 1), 0x81028304);
	assert_true(get_be64(raw + 1) == 0x8102830485068708u);
}

static void big_endian_numbers_come_back_and_touch_nothing_else(void **state)
{
	uint8_t b[10] = { 0 };

	(void)state;
	put_be64(b + 1, 0x8102830485068708u);
	assert_memory_equal(b + 1, raw + 1, 8);
	assert_int_equal(b[0], 0);
	assert_int_equal(b[9], 0);
	put_be24(b + 1, 0xff112233);
	assert_int_equal(get_be32(b + 1), 0x11223304);
	put_be16(b + 1, 0xabcd);
	assert_int_equal(get_be32(b + 1), 0xabcd3304);
}

static void disk_types_are_little_endian_and_unpadded(void **state)
{
	struct {
		uint8_t a;
		le16 b;
		le32 c;
		le64 d;
	} s = { 1, le16_from(0x0203), le32_from(0x84050607), le64_from(0x88090a0b0c0d0e0fu) };
	static const uint8_t image[] = { 1,    0x03, 0x02, 0x07, 0x06, 0x05, 0x84, 0x0f,
					 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x88 };

	(void)state;
	assert_int_equal(sizeof(s), sizeof(image));
	assert_memory_equal(&s, image, sizeof(image));
	assert_int_equal(le16_get(s.b), 0x0203);
	assert_true(le32_get(s.c) == 0x84050607u);
	assert_true(le64_get(s.d) == 0x88090a0b0c0d0e0fu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(big_endian_numbers_are_read_from_odd_addresses),
		cmocka_unit_test(big_endian_numbers_come_back_and_touch_nothing_else),
		cmocka_unit_test(disk_types_are_little_endian_and_unpadded),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
