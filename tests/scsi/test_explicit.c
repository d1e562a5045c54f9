/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of 16 bytes that name an object (SSC-5, explicit address command set), of a drive
 * that has them; and ALLOW OVERWRITE.
 */
#include <string.h>

#include "handlers/scsi/mode.h"
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define FIXED  0x01
#define SILI   0x02
#define LCS    0x04
#define FCS    0x08
#define BYTCMP 0x02

static int setup(void **state)
{
	int r = rig_setup(state);

	if (r == 0)
		rig_features(*state, DRIVE_EXPLICIT | DRIVE_READ_REVERSE | DRIVE_APPEND_ONLY);
	return r;
}

#define explicit_test(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

static void run_16(struct rig *r, uint8_t opcode, uint8_t flags, uint64_t object, uint32_t length,
		   size_t size)
{
	uint8_t cdb[16] = { opcode, flags };

	put_be64(cdb + 4, object);
	put_be24(cdb + 12, length);
	run_cdb(r, cdb, sizeof(cdb), size);
}

static void reads_name_their_block(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_16(r, OP_READ_16, 0, 2, 300, 300);
	expect_good(r);
	assert_int_equal(r->data[299], 3);
	expect_position(r, 3);
	run_16(r, OP_READ_16, SILI, 0, 300, 300);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 100);
	run_16(r, OP_READ_16, 0, 3, 10, 10);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 10);
	run_16(r, OP_READ_16, 0, 8, 10, 10);
	expect_sense(r, SENSE_END_OF_DATA);
	run_16(r, OP_READ_REVERSE_16, 0x04, 2, 200, 200);
	expect_good(r);
	assert_int_equal(r->data[0], 2);
	expect_position(r, 1);
}

static void writes_name_where_they_begin(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	memset(r->data, 9, 50);
	run_16(r, OP_WRITE_16, FCS, 2, 50, 50);
	expect_good(r);
	run_16(r, OP_WRITE_16, 0, 3, 50, 50);
	expect_good(r);
	run_16(r, OP_WRITE_FILEMARKS_16, LCS, 4, 2, 0);
	expect_good(r);
	expect_position(r, 6);
	run_space(r, 3, 0);
	expect_position(r, 6); /* what lay behind is gone */
	run_16(r, OP_READ_16, 0, 3, 50, 50);
	expect_good(r);
	assert_int_equal(r->data[49], 9);
}

static void a_write_out_of_sequence_is_refused(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_16(r, OP_WRITE_16, 0, 2, 50, 50);
	expect_sense(r, SENSE_COMMAND_SEQUENCE);
	run_16(r, OP_WRITE_FILEMARKS_16, LCS, 2, 1, 0);
	expect_sense(r, SENSE_COMMAND_SEQUENCE);
	run_16(r, OP_ERASE_16, 0, 2, 0, 0);
	expect_sense(r, SENSE_COMMAND_SEQUENCE);
	expect_position(r, 0);
	run_16(r, OP_WRITE_16, FCS, 9, 50, 50); /* behind the end of the data */
	expect_sense(r, SENSE_END_OF_DATA);
	run_space(r, 3, 0);
	expect_position(r, 7);
}

static void erase_names_where_it_begins(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_16(r, OP_ERASE_16, FCS | 0x01, 2, 0, 0);
	expect_good(r);
	run_space(r, 3, 0);
	expect_position(r, 2);
}

static void verify_names_where_it_begins(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	memset(r->data, 3, 300);
	run_16(r, OP_VERIFY_16, BYTCMP, 2, 300, 300);
	expect_good(r);
	expect_position(r, 3);
	run_16(r, OP_VERIFY_16, BYTCMP, 1, 200, 200);
	expect_tape(r, SENSE_MISCOMPARE, 0, 200);
}

static void what_is_wrong_in_the_cdb_moves_nothing(void **state)
{
	static const uint8_t codes[] = { OP_READ_16, OP_READ_REVERSE_16, OP_WRITE_16,
					 OP_VERIFY_16 };
	struct rig *r = *state;

	write_sample(r);
	for (unsigned i = 0; i < sizeof(codes); i++) {
		run_16(r, codes[i], FIXED, 2, 1, 100); /* no block length is set */
		expect_field_bit(r, 1, 0);
		run(r, 0, codes[i], 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0); /* partition 1 */
		if (codes[i] == OP_WRITE_16)
			expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
		else
			expect_field_bit(r, 3, 7);
	}
	r->model.max_block_bytes = 1024 * KIB;
	run_16(r, OP_WRITE_16, FCS, 2, 1024 * KIB + 1, 100);
	expect_field_bit(r, 12, 7);
	run_16(r, OP_WRITE_16, FCS, 2, 100, 99);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	set_block_size(r, 100);
	run_16(r, OP_READ_16, FIXED | SILI, 2, 1, 100);
	expect_field_bit(r, 1, 1);
	expect_position(r, 0);
}

static void after_a_power_on_a_named_place_is_as_good_as_a_locate(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	rig_power_on(r);
	r->unit->attentions_cnt = 0;
	memset(r->data, 9, 50);
	run_16(r, OP_WRITE_16, FCS, 0, 50, 50);
	expect_good(r);
	run_space(r, 3, 0);
	expect_position(r, 1);
}

static void a_drive_without_the_feature_does_not_know_them(void **state)
{
	static const uint8_t codes[] = { OP_READ_16,  OP_READ_REVERSE_16,
					 OP_WRITE_16, OP_WRITE_FILEMARKS_16,
					 OP_ERASE_16, OP_VERIFY_16 };
	struct rig *r = *state;

	for (unsigned i = 0; i < sizeof(codes); i++) {
		run_16(r, codes[i], 0, 0, 0, 0);
		expect_sense(r, SENSE_INVALID_OPCODE);
	}
}

/* ---- ALLOW OVERWRITE ---- */

static void allow(struct rig *r, uint8_t mode, uint8_t partition, uint64_t object)
{
	uint8_t cdb[16] = { OP_ALLOW_OVERWRITE, 0, mode, partition };

	put_be64(cdb + 4, object);
	run_cdb(r, cdb, sizeof(cdb), 0);
}

/* Device configuration extension, WRITE MODE. */
static void append_only(struct rig *r)
{
	mode_current(r->unit, MODE_PAGE_CONFIGURATION, MODE_SUB_CONFIGURATION_EXTENSION)[5] =
		WRITE_MODE_APPEND_ONLY << 4;
}

static void there_is_nothing_to_allow_outside_append_only_mode(void **state)
{
	struct rig *r = *state;

	for (uint8_t mode = 0; mode < 4; mode++) {
		allow(r, mode, 0, 0);
		expect_sense(r, SENSE_NOT_APPEND_ONLY);
	}
}

static void overwriting_is_allowed_where_the_tape_stands(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	append_only(r);
	run_space(r, 0, 2);
	assert_false(drive_may_overwrite(r->drive));
	allow(r, 1, 0, 2);
	expect_good(r);
	assert_true(drive_may_overwrite(r->drive));
	assert_false(drive_may_format(r->drive));
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	assert_true(drive_may_overwrite(r->drive));
	allow(r, 1, 0, 3);
	expect_sense(r, SENSE_INVALID_POSITION);
	assert_false(drive_may_overwrite(r->drive)); /* a refused one takes the permission back */
	allow(r, 1, 1, 2);
	expect_sense(r, SENSE_INVALID_POSITION);
	allow(r, 1, 0, 2);
	expect_good(r);
	allow(r, 3, 0, 2);
	expect_field_bit(r, 2, 3);
	assert_false(drive_may_overwrite(r->drive));
	allow(r, 2, 0, 0);
	expect_sense(r, SENSE_INVALID_POSITION);
	allow(r, 2, 0, 2);
	expect_good(r);
	assert_true(drive_may_format(r->drive));
	assert_false(drive_may_overwrite(r->drive));
	allow(r, 0, 0, 0);
	expect_good(r);
	assert_false(drive_may_format(r->drive));
}

static void the_permission_is_for_one_command_of_the_data_stream(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	append_only(r);
	allow(r, 1, 0, 0);
	expect_block(r, 1, 100);
	rewind_tape(r);
	assert_false(drive_may_overwrite(r->drive));
	allow(r, 1, 0, 0);
	expect_good(r);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 0, 0);
	assert_false(drive_may_overwrite(r->drive));
	allow(r, 2, 0, 0);
	expect_good(r);
	rig_power_on(r);
	assert_false(drive_may_format(r->drive));
	r->unit->attentions_cnt = 0;
	append_only(r);
	allow(r, 2, 0, 0);
	expect_good(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	assert_false(drive_may_format(r->drive));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		explicit_test(reads_name_their_block),
		explicit_test(writes_name_where_they_begin),
		explicit_test(a_write_out_of_sequence_is_refused),
		explicit_test(erase_names_where_it_begins),
		explicit_test(verify_names_where_it_begins),
		explicit_test(what_is_wrong_in_the_cdb_moves_nothing),
		explicit_test(after_a_power_on_a_named_place_is_as_good_as_a_locate),
		rig_test(a_drive_without_the_feature_does_not_know_them),
		explicit_test(there_is_nothing_to_allow_outside_append_only_mode),
		explicit_test(overwriting_is_allowed_where_the_tape_stands),
		explicit_test(the_permission_is_for_one_command_of_the_data_stream),
	};

	return rig_main(tests);
}
