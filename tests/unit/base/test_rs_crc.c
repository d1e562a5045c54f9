/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of lib/base/rs_crc.c.  The numbers are entries of the table that LTFS has for LTO drives
 * (LinearTapeFileSystem/ltfs, src/tape_drivers/reed_solomon_crc.c), which is proven with IBM's
 * drives: what its encoder gives for a block of one byte is that byte's entry, and for "123456789"
 * what its loop gives, run by hand over that table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/bytes.h"
#include "lib/base/rs_crc.h"

static void single_bytes_are_the_table_of_ltfs(void **state)
{
	static const struct {
		uint8_t byte;
		uint32_t crc;
	} rows[] = {
		{ 0x00, 0x00000000 }, { 0x01, 0x38cf3801 }, { 0x02, 0x70837002 },
		{ 0x04, 0xe01be004 }, { 0x08, 0xdd36dd08 }, { 0x10, 0xa76ca710 },
		{ 0x20, 0x53d85320 }, { 0x40, 0xa6ada640 }, { 0x80, 0x51475180 },
		{ 0x7f, 0x2778277f }, { 0xaa, 0xaf2aafaa }, { 0xff, 0x763f76ff },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rs_crc(0, &rows[i].byte, 1), rows[i].crc);
		assert_int_equal(rs_crc_plain(0, &rows[i].byte, 1), rows[i].crc);
	}
}

static void nine_digits(void **state)
{
	(void)state;
	assert_int_equal(rs_crc(0, "123456789", 9), 0x4b4f673a);
	assert_int_equal(rs_crc_plain(0, "123456789", 9), 0x4b4f673a);
}

static void the_tables_do_what_the_definition_says(void **state)
{
	uint8_t data[300];
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = (uint8_t)(x >> 24);
	}
	for (size_t from = 0; from < 9; from++)
		for (size_t size = 0; from + size <= sizeof(data); size++)
			assert_int_equal(rs_crc(0, data + from, size),
					 rs_crc_plain(0, data + from, size));
}

static void pieces_are_the_whole(void **state)
{
	static const char text[] = "The quick brown fox jumps over the lazy dog.";
	uint32_t whole;

	(void)state;
	whole = rs_crc(0, text, sizeof(text));
	for (size_t n = 0; n <= sizeof(text); n++)
		assert_int_equal(rs_crc(rs_crc(0, text, n), text + n, sizeof(text) - n), whole);
}

/* What a receiver may do: the register over a block and its CRC is 0. */
static void a_block_with_its_crc_leaves_nothing(void **state)
{
	uint8_t block[100];

	(void)state;
	for (size_t i = 0; i < sizeof(block) - 4; i++)
		block[i] = (uint8_t)(3 * i + 1);
	put_be32(block + 96, rs_crc(0, block, 96));
	assert_int_equal(rs_crc(0, block, 100), 0);
	block[50] ^= 0x10;
	assert_int_not_equal(rs_crc(0, block, 100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_bytes_are_the_table_of_ltfs),
		cmocka_unit_test(nine_digits),
		cmocka_unit_test(the_tables_do_what_the_definition_says),
		cmocka_unit_test(pieces_are_the_whole),
		cmocka_unit_test(a_block_with_its_crc_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
