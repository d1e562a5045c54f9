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

/* SPACE(16) to the end of the data: of neither set. */
static void expect_end(struct rig *r, uint64_t object)
{
	run_16(r, OP_SPACE_16, 3, 0, 0, 0);
	expect_good(r);
	expect_position(r, object);
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
	expect_end(r, 6); /* what lay behind is gone */
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
	expect_end(r, 7);
}

static void erase_names_where_it_begins(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_16(r, OP_ERASE_16, FCS | LCS | 0x01, 2, 0, 0);
	expect_good(r);
	expect_end(r, 2);
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
	run_16(r, OP_WRITE_16, FCS | LCS, 0, 50, 50);
	expect_good(r);
	expect_end(r, 1);
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

/* ---- the address mode ---- */

#define BAML 0x02 /* page 10h, byte 10 */
#define BAM  0x01
#define CP   0x02 /* of LOCATE, byte 1 */

struct command_of {
	uint8_t cdb[16];
	size_t len, size;
};

/* Good where write_sample() has been written and read to its second block. */
static const struct command_of of_the_position[] = {
	{ { OP_READ_6, SILI, 0, 0, 10 }, 6, 10 },
	{ { OP_WRITE_6, 0, 0, 0, 10 }, 6, 10 },
	{ { OP_WRITE_FILEMARKS_6 }, 6, 0 },
	{ { OP_SPACE_6, 0, 0, 0, 1 }, 6, 0 },
	{ { OP_VERIFY_6, 0, 0, 1, 0x2c }, 6, 0 },
	{ { OP_ERASE_6 }, 6, 0 },
	{ { OP_READ_REVERSE_6, 0x04 | SILI, 0, 0, 10 }, 6, 10 },
	{ { OP_LOCATE_10, 0, 0, 0, 0, 0, 2 }, 10, 0 },
	{ { OP_LOCATE_16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 }, 16, 0 },
};
static const struct command_of of_an_object[] = {
	{ { OP_READ_16, SILI, [11] = 2, [14] = 10 }, 16, 10 },
	{ { OP_WRITE_16, FCS, [11] = 2, [14] = 10 }, 16, 10 },
	{ { OP_WRITE_FILEMARKS_16, FCS, [11] = 2 }, 16, 0 },
	{ { OP_VERIFY_16, 0, [11] = 2, [13] = 1, 0x2c }, 16, 0 },
	{ { OP_ERASE_16, FCS, [11] = 2 }, 16, 0 },
	{ { OP_READ_REVERSE_16, 0x04 | SILI, [11] = 2, [14] = 10 }, 16, 10 },
	{ { OP_LOCATE_16, 0, BAM, [11] = 2 }, 16, 0 },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void give(struct rig *r, const struct command_of *c)
{
	run_cdb(r, c->cdb, c->len, c->size);
}

/* All of the @cnt commands of @list are refused with @id, and none of them moves the tape. */
static void expect_refused(struct rig *r, const struct command_of *list, size_t cnt,
			   enum sense_id id)
{
	for (size_t i = 0; i < cnt; i++) {
		give(r, &list[i]);
		expect_sense(r, id);
		expect_position(r, 2);
	}
}

static void expect_both_take(struct rig *r)
{
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_good(r);
	run_16(r, OP_SPACE_16, 0, 0, 0, 0);
	expect_good(r);
}

static void the_first_command_of_a_set_refuses_the_other_set(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	expect_both_take(r);
	run_16(r, OP_READ_16, SILI, 1, 200, 200);
	expect_good(r);
	expect_refused(r, of_the_position, COUNT(of_the_position), SENSE_EXPLICIT_ADDRESS_MODE);
	expect_both_take(r);
	rewind_tape(r);
	run_read(r, 0, 100, 100);
	expect_good(r);
	run_read(r, 0, 200, 200);
	expect_refused(r, of_an_object, COUNT(of_an_object), SENSE_IMPLICIT_ADDRESS_MODE);
	expect_both_take(r);
}

/* Each of them alone decides, by being given. */
static void every_one_of_a_set_decides(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	for (size_t i = 0; i < COUNT(of_the_position); i++) {
		rewind_tape(r);
		give(r, &of_the_position[i]);
		assert_int_equal(r->drive->address_mode, ADDRESS_IMPLICIT);
	}
	rewind_tape(r);
	write_sample(r);
	for (size_t i = 0; i < COUNT(of_an_object); i++) {
		rewind_tape(r);
		give(r, &of_an_object[i]);
		assert_int_equal(r->drive->address_mode, ADDRESS_EXPLICIT);
	}
}

static void explicit_mode(struct rig *r)
{
	run_16(r, OP_READ_16, SILI, 1, 200, 200);
	expect_good(r);
	assert_int_equal(r->drive->address_mode, ADDRESS_EXPLICIT);
}

static void the_beginning_of_the_tape_leads_back_to_no_mode(void **state)
{
	static const struct command_of back[] = {
		{ { OP_REWIND }, 6, 0 },
		{ { OP_LOCATE_16, 0, BAM }, 16, 0 },
		{ { OP_SPACE_16, 0, [4] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe }, 16, 0 },
		{ { OP_LOAD_UNLOAD, 0, 0, 0, 1 }, 6, 0 },
	};
	struct rig *r = *state;

	write_sample(r);
	for (size_t i = 0; i < COUNT(back); i++) {
		explicit_mode(r);
		give(r, &back[i]);
		expect_good(r);
		assert_int_equal(r->drive->address_mode, ADDRESS_NONE);
		expect_position(r, 0);
	}
	explicit_mode(r);
	unit_reset(r->unit);
	assert_int_equal(r->drive->address_mode, ADDRESS_NONE);
	explicit_mode(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	assert_int_equal(r->drive->address_mode, ADDRESS_NONE);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_block(r, 1, 100);
	run_16(r, OP_SPACE_16, 0, (uint64_t)-2, 0, 0); /* one too many: it failed */
	assert_int_equal(r->drive->address_mode, ADDRESS_IMPLICIT);
}

/* MODE SELECT of page 10h with @bits of byte 10. */
static void lock_mode(struct rig *r, uint8_t bits)
{
	run(r, 20, OP_MODE_SENSE_6, 0x08, 0x10, 0, 20, 0);
	expect_good(r);
	r->data[0] = 0;
	r->data[4] = 0x10;
	r->data[4 + 10] = (uint8_t)((r->data[4 + 10] & ~(BAML | BAM)) | bits);
	run(r, 20, OP_MODE_SELECT_6, 0x10, 0, 0, 20, 0);
}

static void a_host_can_choose_for_good(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	lock_mode(r, BAML | BAM);
	expect_good(r);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_EXPLICIT_ADDRESS_MODE);
	rewind_tape(r);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_EXPLICIT_ADDRESS_MODE);
	explicit_mode(r);
	lock_mode(r, BAML);
	expect_good(r);
	run_16(r, OP_READ_16, SILI, 1, 200, 200);
	expect_sense(r, SENSE_IMPLICIT_ADDRESS_MODE);
	lock_mode(r, 0);
	rewind_tape(r);
	explicit_mode(r);
}

static void a_refused_command_decides_nothing(void **state)
{
	static const struct command_of refused[] = {
		{ { OP_WRITE_16, 0, [14] = 10 }, 16, 10 },         /* no sequence has begun */
		{ { OP_READ_16, FIXED, [14] = 1 }, 16, 10 },       /* no block length */
		{ { OP_LOCATE_16, CP, BAM, 9, [11] = 1 }, 16, 0 }, /* no such partition */
		{ { OP_READ_6, FIXED, 0, 0, 1 }, 6, 10 },
	};
	struct rig *r = *state;

	write_sample(r);
	for (size_t i = 0; i < COUNT(refused); i++) {
		give(r, &refused[i]);
		assert_int_equal(r->status, SCSI_CHECK_CONDITION);
		assert_int_equal(r->drive->address_mode, ADDRESS_NONE);
		run_space(r, 0, 1);
		expect_good(r);
		give(r, &refused[i]); /* nor takes it the mode away that there is */
		assert_int_equal(r->drive->address_mode, ADDRESS_IMPLICIT);
		rewind_tape(r);
	}
}

static void nothing_reads_while_a_sequence_is_written(void **state)
{
	static const struct command_of reads[] = {
		{ { OP_READ_16, SILI, [11] = 2, [14] = 10 }, 16, 10 },
		{ { OP_READ_REVERSE_16, SILI | 0x04, [11] = 2, [14] = 10 }, 16, 10 },
		{ { OP_VERIFY_16, 0, [11] = 2, [14] = 10 }, 16, 0 },
		{ { OP_LOCATE_16, 0, BAM, [11] = 1 }, 16, 0 },
		{ { OP_SPACE_16, 3 }, 16, 0 },
	};
	struct rig *r = *state;

	write_sample(r);
	memset(r->data, 9, 50);
	run_16(r, OP_WRITE_16, 0, 0, 50, 50); /* no sequence has begun */
	expect_sense(r, SENSE_COMMAND_SEQUENCE);
	run_16(r, OP_WRITE_16, FCS, 1, 50, 50);
	expect_good(r);
	expect_refused(r, reads, COUNT(reads), SENSE_WRITE_CAPABLE_STATE);
	run_16(r, OP_WRITE_FILEMARKS_16, LCS, 2, 1, 0);
	expect_good(r);
	for (size_t i = 0; i < COUNT(reads); i++) { /* whatever they come to, they run */
		give(r, &reads[i]);
		assert_false(r->drive->write_capable);
		if (r->status != SCSI_GOOD)
			assert_int_not_equal(r->cmd.sense[r->cmd.sense[0] & 0x02 ? 2 : 12], 0x20);
	}
	run_16(r, OP_WRITE_16, 0, 3, 50, 50); /* the last one has ended */
	expect_sense(r, SENSE_COMMAND_SEQUENCE);
	run_16(r, OP_WRITE_16, FCS | LCS, 3, 50, 50); /* a sequence of one */
	expect_good(r);
	run_16(r, OP_READ_16, SILI, 3, 50, 50);
	expect_good(r);
}

static void a_rewind_ends_a_sequence(void **state)
{
	struct rig *r = *state;

	run_16(r, OP_WRITE_16, FCS, 0, 50, 50);
	expect_good(r);
	rewind_tape(r);
	run_16(r, OP_WRITE_16, 0, 0, 50, 50);
	expect_sense(r, SENSE_COMMAND_SEQUENCE);
	run_16(r, OP_READ_16, SILI, 0, 50, 50);
	expect_good(r);
}

static void a_drive_of_one_set_has_no_modes(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	lock_mode(r, BAML | BAM);
	expect_list_field(r, 4 + 10);
	run(r, 0, OP_LOCATE_16, 0, BAM, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0);
	expect_field_bit(r, 2, 0);
	expect_block(r, 1, 100);
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
		explicit_test(the_first_command_of_a_set_refuses_the_other_set),
		explicit_test(every_one_of_a_set_decides),
		explicit_test(the_beginning_of_the_tape_leads_back_to_no_mode),
		explicit_test(a_host_can_choose_for_good),
		explicit_test(a_refused_command_decides_nothing),
		explicit_test(nothing_reads_while_a_sequence_is_written),
		explicit_test(a_rewind_ends_a_sequence),
		rig_test(a_drive_of_one_set_has_no_modes),
		explicit_test(there_is_nothing_to_allow_outside_append_only_mode),
		explicit_test(overwriting_is_allowed_where_the_tape_stands),
		explicit_test(the_permission_is_for_one_command_of_the_data_stream),
	};

	return rig_main(tests);
}
