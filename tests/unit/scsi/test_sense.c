/* SPDX-License-Identifier: Apache-2.0 */
/* Sense data byte by byte, as SPC-5 draws it. */
#include "handlers/scsi/sense.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void fixed_format_is_18_bytes(void **state)
{
	const uint8_t expected[18] = { 0xf0, 0, 0x20, 0xff, 0xfc, 0x18, 0x00, 10 };
	const struct sense_extra e = { .flags = SENSE_ILI, .valid = true, .information = -256000 };
	uint8_t buf[SCSI_SENSE_SIZE];

	(void)state;
	assert_int_equal(sense_build(buf, SENSE_INCORRECT_LENGTH, &e, false), 18);
	assert_memory_equal(buf, expected, 18);
}

static void information_that_does_not_fit_is_not_valid(void **state)
{
	const struct sense_extra e = { .valid = true, .information = 1ll << 33 };
	uint8_t buf[SCSI_SENSE_SIZE];

	(void)state;
	(void)sense_build(buf, SENSE_END_OF_DATA, &e, false);
	assert_int_equal(buf[0], 0x70);
	(void)sense_build(buf, SENSE_END_OF_DATA, &e, true);
	assert_int_equal(buf[15], 2); /* the descriptor has 8 bytes for it */
}

static void field_pointer_names_byte_and_bit(void **state)
{
	const struct sense_extra e = { .pointer = POINTER_CDB, .byte = 0x0102, .bit = 5 };
	const uint8_t expected[3] = { 0xcd, 0x01, 0x02 };
	uint8_t buf[SCSI_SENSE_SIZE];

	(void)state;
	(void)sense_build(buf, SENSE_INVALID_FIELD_IN_CDB, &e, false);
	assert_int_equal(buf[2], KEY_ILLEGAL_REQUEST);
	assert_int_equal(buf[12], 0x24);
	assert_memory_equal(buf + 15, expected, 3);
}

static void descriptor_format_has_one_descriptor_per_fact(void **state)
{
	const struct sense_extra e = { .flags = SENSE_FILEMARK, .valid = true, .information = 5 };
	const uint8_t expected[] = { 0x72, 0, 0, 1, 0, 0, 0, 16, 0, 0x0a, 0x80, 0,
				     0,    0, 0, 0, 0, 0, 0, 5,  4, 2,    0,    0x80 };
	uint8_t buf[SCSI_SENSE_SIZE];

	(void)state;
	assert_int_equal(sense_build(buf, SENSE_FILEMARK_DETECTED, &e, true), sizeof(expected));
	assert_memory_equal(buf, expected, sizeof(expected));
}

static void deferred_errors_have_their_own_response_codes(void **state)
{
	const struct sense_extra e = { .deferred = true };
	uint8_t buf[SCSI_SENSE_SIZE];

	(void)state;
	(void)sense_build(buf, SENSE_WRITE_ERROR, &e, false);
	assert_int_equal(buf[0], 0x71);
	(void)sense_build(buf, SENSE_WRITE_ERROR, &e, true);
	assert_int_equal(buf[0], 0x73);
}

static void retries_and_command_specific_information_have_their_places(void **state)
{
	struct sense_extra e = { .pointer = POINTER_RETRIES,
				 .byte = 7,
				 .bit = 3,
				 .has_specific = true,
				 .specific = 0x12345678 };
	const uint8_t retries[3] = { 0x80, 0, 7 };
	const uint8_t descriptors[] = { 1,    0x0a, 0, 0, 0, 0, 0,    0, 0x12, 0x34,
					0x56, 0x78, 2, 6, 0, 0, 0x80, 0, 7,    0 };
	uint8_t buf[SCSI_SENSE_SIZE];

	(void)state;
	assert_int_equal(sense_build(buf, SENSE_WRITE_ERROR, &e, false), 18);
	assert_memory_equal(buf + 8, "\x12\x34\x56\x78", 4);
	assert_memory_equal(buf + 15, retries, 3);
	assert_int_equal(sense_build(buf, SENSE_WRITE_ERROR, &e, true), 8 + sizeof(descriptors));
	assert_memory_equal(buf + 8, descriptors, sizeof(descriptors));
	e.specific = 1ull << 32; /* no place for it in the fixed format */
	(void)sense_build(buf, SENSE_WRITE_ERROR, &e, false);
	assert_memory_equal(buf + 8, "\0\0\0\0", 4);
}

static void everything_at_once_fits(void **state)
{
	const struct sense_extra e = {
		.flags = SENSE_EOM, .valid = true, .pointer = POINTER_CDB, .has_specific = true
	};
	uint8_t buf[SCSI_SENSE_SIZE];

	(void)state;
	assert_int_equal(sense_build(buf, SENSE_WRITE_ERROR, &e, true), 8 + 12 + 12 + 8 + 4);
	assert_int_equal(buf[7], 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_format_is_18_bytes),
		cmocka_unit_test(information_that_does_not_fit_is_not_valid),
		cmocka_unit_test(field_pointer_names_byte_and_bit),
		cmocka_unit_test(descriptor_format_has_one_descriptor_per_fact),
		cmocka_unit_test(deferred_errors_have_their_own_response_codes),
		cmocka_unit_test(retries_and_command_specific_information_have_their_places),
		cmocka_unit_test(everything_at_once_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
