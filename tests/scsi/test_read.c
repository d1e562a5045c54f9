/* SPDX-License-Identifier: Apache-2.0 */
/* READ(6): lengths, SILI, ILI, residues, filemarks, end-of-data.  PEERS rows 6, 7, 8 are st's
 * demands. */
#include <string.h>

#include "tests/support/rig.h"

#define FIXED 0x01
#define SILI  0x02

static void read_returns_the_block_exactly(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	expect_block(r, 1, 100);
	expect_block(r, 2, 200);
	expect_position(r, 2);
}

static void short_block_is_ili_with_positive_information(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_read(r, 0, 1000, 1000);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 900);
	assert_int_equal(r->cmd.in_len, 100); /* its data comes with the check */
	assert_int_equal(r->data[99], 1);
	assert_int_equal(r->data[100], 0xee);
	expect_position(r, 1);
}

static void short_block_with_sili_is_good_with_a_residue(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_read(r, SILI, 1000, 1000);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 100);
}

static void long_block_is_ili_with_negative_information_and_passed(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_read(r, 0, 40, 40);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, -60);
	assert_int_equal(r->cmd.in_len, 40);
	expect_position(r, 1);
}

static void long_block_with_sili_is_ili_only_where_blocks_are_fixed(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_read(r, SILI, 40, 40);
	expect_good(r);
	set_block_size(r, 512);
	run_read(r, SILI, 40, 40);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, -160);
}

static void length_zero_reads_nothing_and_moves_nothing(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_read(r, 0, 0, 512);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 0);
	assert_int_equal(r->cmd.data, DATA_IN); /* so the transport fills with zeros */
	expect_position(r, 0);
}

static void filemark_ends_a_read_behind_it(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 3);
	run_read(r, 0, 500, 500);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 500);
	assert_int_equal(r->cmd.in_len, 0);
	expect_position(r, 4);
}

static void end_of_data_is_blank_check_without_eom_and_with_information(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 3, 0);
	for (int again = 0; again < 2; again++) { /* st takes BLANK CHECK with EOM for data */
		run_read(r, 0, 700, 700);
		expect_tape(r, SENSE_END_OF_DATA, 0, 700);
		assert_int_equal(r->cmd.in_len, 0);
	}
	expect_position(r, 7);
}

static void fixed_blocks_come_in_one_command(void **state)
{
	struct rig *r = *state;

	for (uint8_t i = 0; i < 4; i++)
		write_block(r, i, 512);
	rewind_tape(r);
	set_block_size(r, 512);
	run_read(r, FIXED, 4, 2048);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 2048);
	for (unsigned i = 0; i < 2048; i++)
		assert_int_equal(r->data[i], i / 512);
}

static void fixed_read_stops_at_a_filemark_with_the_blocks_missing(void **state)
{
	struct rig *r = *state;

	write_block(r, 9, 512);
	write_block(r, 9, 512);
	write_filemarks(r, 1);
	rewind_tape(r);
	set_block_size(r, 512);
	run_read(r, FIXED, 5, 2560);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 3);
	assert_int_equal(r->cmd.in_len, 1024);
	run_read(r, FIXED, 5, 2560);
	expect_tape(r, SENSE_END_OF_DATA, 0, 5);
}

static void fixed_read_of_another_length_is_ili_behind_the_block(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 512);
	write_block(r, 2, 100);
	write_block(r, 3, 512);
	rewind_tape(r);
	set_block_size(r, 512);
	run_read(r, FIXED, 3, 1536);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 2);
	assert_int_equal(r->cmd.in_len, 512);
	expect_position(r, 2); /* st goes back one */
}

static void fixed_needs_a_block_size_and_no_sili(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_read(r, FIXED, 1, 512);
	expect_field(r, 1);
	set_block_size(r, 512);
	run_read(r, FIXED | SILI, 1, 512);
	expect_field(r, 1);
}

static void less_buffer_than_the_cdb_names_is_the_limit(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_read(r, SILI, 100, 60);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 60);
	assert_int_equal(r->data[60], 4); /* what stood there before */
}

static void every_length_from_1_to_300_comes_back(void **state)
{
	struct rig *r = *state;

	for (uint32_t n = 1; n <= 300; n++)
		write_block(r, (uint8_t)n, n);
	rewind_tape(r);
	for (uint32_t n = 1; n <= 300; n++)
		expect_block(r, (uint8_t)n, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(read_returns_the_block_exactly),
		rig_test(short_block_is_ili_with_positive_information),
		rig_test(short_block_with_sili_is_good_with_a_residue),
		rig_test(long_block_is_ili_with_negative_information_and_passed),
		rig_test(long_block_with_sili_is_ili_only_where_blocks_are_fixed),
		rig_test(length_zero_reads_nothing_and_moves_nothing),
		rig_test(filemark_ends_a_read_behind_it),
		rig_test(end_of_data_is_blank_check_without_eom_and_with_information),
		rig_test(fixed_blocks_come_in_one_command),
		rig_test(fixed_read_stops_at_a_filemark_with_the_blocks_missing),
		rig_test(fixed_read_of_another_length_is_ili_behind_the_block),
		rig_test(fixed_needs_a_block_size_and_no_sili),
		rig_test(less_buffer_than_the_cdb_names_is_the_limit),
		rig_test(every_length_from_1_to_300_comes_back),
	};

	return rig_main(tests);
}
