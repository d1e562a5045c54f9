/* SPDX-License-Identifier: Apache-2.0 */
/* Append-only mode (SSC-5; mode page 10h/01h): a host's own promise to destroy no data. */
#include <string.h>

#include "handlers/tape/internal.h"
#include "tests/support/rig.h"

static void write_mode(struct rig *r, uint8_t mode)
{
	const uint8_t list[4 + 32] = { [4] = 0x50, 0x01, 0, 0x1c, 0, (uint8_t)(mode << 4) };

	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_MODE_SELECT_6, 0x10, 0, 0, sizeof(list), 0);
	expect_good(r);
}

/* 3 blocks, a filemark, 2 blocks, a filemark: objects 0 1 2 | 3 | 4 5 | 6. */
static struct rig *recorded(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	write_mode(r, 1);
	return r;
}

static void locate(struct rig *r, uint8_t object)
{
	run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, object, 0, 0, 0);
	expect_good(r);
}

static void a_write_that_would_destroy_data_is_refused(void **state)
{
	struct rig *r = recorded(state);

	for (uint8_t object = 0; object < 7; object++) {
		locate(r, object);
		run_write(r, 0, 500, 500);
		expect_tape(r, SENSE_WRITE_APPEND_POSITION, 0, 500);
		run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 2, 0);
		expect_tape(r, SENSE_WRITE_APPEND_POSITION, 0, 2);
		run(r, 0, OP_ERASE_6, 0, 0, 0, 0, 0);
		expect_tape(r, SENSE_WRITE_APPEND_POSITION, 0, 0);
		expect_position(r, object);
	}
	rewind_tape(r);
	expect_block(r, 1, 100);
	locate(r, 7); /* all of it is there */
}

static void a_flush_is_no_write(void **state)
{
	struct rig *r = recorded(state);

	locate(r, 1);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 0, 0);
	expect_good(r);
}

static void the_end_is_where_writing_goes_on(void **state)
{
	struct rig *r = recorded(state);

	run_space(r, 3, 0);
	write_block(r, 5, 500);
	write_block(r, 6, 600); /* buffered: the end is behind what was accepted */
	write_filemarks(r, 2);
	locate(r, 10); /* the second of two filemarks */
	write_block(r, 7, 700);
	expect_position(r, 11);
}

static void a_tape_with_nothing_but_filemarks_is_written_from_its_beginning(void **state)
{
	struct rig *r = *state;

	write_filemarks(r, 2);
	write_mode(r, 1);
	rewind_tape(r);
	write_block(r, 1, 100);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_good(r);
	locate(r, 1); /* the filemark behind a block closes it */
	run_write(r, 0, 500, 500);
	expect_tape(r, SENSE_WRITE_APPEND_POSITION, 0, 500);
}

static void allow_overwrite_allows_one_write(void **state)
{
	struct rig *r = recorded(state);

	locate(r, 4);
	run(r, 0, OP_ALLOW_OVERWRITE, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0);
	expect_good(r);
	write_block(r, 8, 800);
	locate(r, 4);
	expect_block(r, 8, 800);
	locate(r, 4);
	run_write(r, 0, 500, 500);
	expect_tape(r, SENSE_WRITE_APPEND_POSITION, 0, 500);
}

/* Mode page 23h formats; the list has another page before it. */
static void a_format_that_is_refused_leaves_the_pages_of_its_list(void **state)
{
	uint8_t list[4 + 12 + 60] = { [4] = 0x0a, 0x0a, 0x02, [16] = 0x23, 0x3a };
	struct rig *r = recorded(state);

	rig_features(r, DRIVE_MEDIUM_SENSE);
	rig_inside("gives the drive a mode page");
	write_mode(r, 1);
	rewind_tape(r);
	list[16 + 11] = 1;
	list[16 + 12] = 0x80;
	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_MODE_SELECT_6, 0x11, 0, 0, sizeof(list), 0);
	expect_tape(r, SENSE_WRITE_APPEND_POSITION, 0, 0);
	assert_int_equal(stage_info(r->drive->stages[0])->objects, 7);
	for (unsigned pc = 0; pc < 4; pc += 3) { /* current and saved */
		run(r, 16, OP_MODE_SENSE_6, 0x08, (uint8_t)(pc << 6 | 0x0a), 0, 16, 0);
		expect_good(r);
		assert_int_equal(r->data[4 + 2] & 0x02, 0);
	}
	run(r, 0, OP_ALLOW_OVERWRITE, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_MODE_SELECT_6, 0x10, 0, 0, sizeof(list), 0);
	expect_good(r);
	assert_int_equal(stage_info(r->drive->stages[0])->objects, 0);
	run(r, 16, OP_MODE_SENSE_6, 0x08, 0x0a, 0, 16, 0);
	assert_int_equal(r->data[4 + 2] & 0x02, 0x02);
}

static void overwrite_mode_is_the_default_and_comes_back(void **state)
{
	struct rig *r = recorded(state);

	write_mode(r, 0);
	locate(r, 1);
	write_block(r, 8, 800);
	write_mode(r, 1);
	rig_power_on(r);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	rewind_tape(r);
	write_block(r, 9, 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_write_that_would_destroy_data_is_refused),
		rig_test(a_flush_is_no_write),
		rig_test(the_end_is_where_writing_goes_on),
		rig_test(a_tape_with_nothing_but_filemarks_is_written_from_its_beginning),
		rig_test(allow_overwrite_allows_one_write),
		rig_test(a_format_that_is_refused_leaves_the_pages_of_its_list),
		rig_test(overwrite_mode_is_the_default_and_comes_back),
	};

	return rig_main(tests);
}
