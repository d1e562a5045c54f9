/* SPDX-License-Identifier: Apache-2.0 */
/* WRITE(6) and WRITE FILEMARKS(6): early warning, the end, protection.  PEERS rows 4, 5, 12,
 * 13, 18. */
#include <string.h>

#include "tests/support/rig.h"

#define FIXED 0x01
#define IMMED 0x01

/* T1 has 1 MB: fills it to just past early warning, 900 kB. */
static void fill_to_early_warning(struct rig *r)
{
	for (int i = 0; i < 100; i++) {
		run_write(r, 0, 64000, 64000);
		if (r->status != SCSI_GOOD)
			return;
	}
	fail_msg("no early warning");
}

static void write_in_the_middle_is_the_new_end_of_data(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 1);
	write_block(r, 7, 50);
	run_read(r, 0, 100, 100);
	expect_tape(r, SENSE_END_OF_DATA, 0, 100);
	rewind_tape(r);
	expect_block(r, 1, 100);
	expect_block(r, 7, 50);
}

static void fixed_blocks_go_in_one_command(void **state)
{
	struct rig *r = *state;

	set_block_size(r, 512);
	for (unsigned i = 0; i < 2048; i++)
		r->data[i] = (uint8_t)(i / 512);
	run_write(r, FIXED, 4, 2048);
	expect_good(r);
	rewind_tape(r);
	for (uint8_t i = 0; i < 4; i++)
		expect_block(r, i, 512);
}

static void length_zero_writes_nothing(void **state)
{
	struct rig *r = *state;

	run_write(r, 0, 0, 0);
	expect_good(r);
	expect_position(r, 0);
}

static void less_data_than_the_cdb_names_writes_nothing(void **state)
{
	struct rig *r = *state;

	run_write(r, 0, 1000, 999);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	set_block_size(r, 512);
	run_write(r, FIXED, 2, 1023);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	expect_position(r, 0);
}

static void early_warning_is_told_at_each_write_and_nothing_is_left_over(void **state)
{
	struct rig *r = *state;

	fill_to_early_warning(r);
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	run_write(r, 0, 100, 100); /* trailer labels */
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
}

static void fixed_write_across_early_warning_writes_all(void **state)
{
	struct rig *r = *state;

	set_block_size(r, 100000);
	run_write(r, FIXED, 9, 900000);
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	expect_position(r, 9);
}

static void the_hard_end_is_volume_overflow_with_what_was_not_written(void **state)
{
	struct rig *r = *state;

	run_write(r, 0, 999000, 999000); /* past early warning, and nearly full */
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	run_write(r, 0, 64000, 64000);
	expect_tape(r, SENSE_VOLUME_OVERFLOW, SENSE_EOM, 64000);
	expect_position(r, 1);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0); /* the end can still be marked */
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
}

static void fixed_write_at_the_hard_end_counts_blocks(void **state)
{
	struct rig *r = *state;

	set_block_size(r, 300000);
	run_write(r, FIXED, 5, 1500000);
	expect_tape(r, SENSE_VOLUME_OVERFLOW, SENSE_EOM, 2);
	expect_position(r, 3);
}

static void protected_cartridge_refuses_writes_and_says_so_in_the_header(void **state)
{
	struct rig *r = *state;
	const struct cart_params params = {
		.barcode = "WP1", .density = 0x5e, .medium_type = 0x88, .write_protect = true
	};
	uint16_t slot;

	assert_int_equal(cart_create(r->pool, &params), 0);
	assert_int_equal(library_import(r->library, "WP1", false, &slot), 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, slot, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	run_write(r, 0, 100, 100);
	expect_sense(r, SENSE_WRITE_PROTECTED);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_sense(r, SENSE_WRITE_PROTECTED);
	run(r, 0, OP_ERASE_6, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_WRITE_PROTECTED);
	run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
	expect_good(r);
	assert_int_equal(r->data[2] & 0x80, 0x80);
}

static void filemarks_count_and_flush(void **state)
{
	struct rig *r = *state;

	write_filemarks(r, 3);
	expect_position(r, 3);
	write_filemarks(r, 0);
	run(r, 0, OP_WRITE_FILEMARKS_6, IMMED, 0, 0, 2, 0);
	expect_good(r);
	expect_position(r, 5);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0x02, 0, 0, 1, 0); /* setmarks are obsolete */
	expect_field(r, 1);
}

static void good_on_a_filemark_survives_the_process(void **state)
{
	struct rig *r = *state;
	struct cart *c;
	size_t length;
	uint8_t buf[100];
	const struct iovec iov = { buf, sizeof(buf) };

	write_block(r, 5, 100);
	write_filemarks(r, 1);
	assert_int_equal(cart_open(r->pool, "T1", CART_OPEN_READ, &c), CART_E_BUSY);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	assert_int_equal(cart_open(r->pool, "T1", CART_OPEN_READ, &c), 0);
	assert_int_equal(cart_read(c, &iov, 1, sizeof(buf), &length), 0);
	assert_int_equal(length, 100);
	assert_int_equal(cart_read(c, &iov, 1, sizeof(buf), &length), CART_E_FILEMARK);
	assert_int_equal(cart_close(c), 0);
}

static void unbuffered_mode_is_kept(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0, 4); /* header only: buffered mode 0 */
	run(r, 4, OP_MODE_SELECT_6, 0x10, 0, 0, 4, 0);
	expect_good(r);
	write_block(r, 1, 1000);
	run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
	assert_int_equal(r->data[2], 0);
}

/* READ BLOCK LIMITS: 4 and multiples of 4 more. */
static void what_block_limits_exclude_is_refused(void **state)
{
	static const struct {
		uint8_t size;
		bool good;
	} rows[] = { { 1, false }, { 3, false }, { 4, true },
		     { 5, false }, { 6, false }, { 8, true } };
	struct rig *r = *state;

	rig_features(r, 0);
	r->model.min_block_bytes = 4;
	r->model.granularity = 2;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(r->data, 1, 16);
		run_write(r, 0, rows[i].size, rows[i].size);
		if (rows[i].good)
			expect_good(r);
		else
			expect_field(r, 2);
		run(r, 0, OP_VERIFY_6, 0, 0, 0, rows[i].size, 0);
		if (rows[i].good)
			expect_sense(r, SENSE_END_OF_DATA);
		else
			expect_field(r, 2);
		run_read(r, 0, rows[i].size, rows[i].size);
		if (rows[i].good)
			expect_sense(r, SENSE_END_OF_DATA);
		else
			expect_field(r, 2);
	}
	expect_position(r, 2);
	run_write(r, 0, 0, 0);
	expect_good(r);
}

static void block_lengths_that_the_drive_has_not_are_no_mode(void **state)
{
	struct rig *r = *state;

	rig_features(r, 0);
	r->model.min_block_bytes = 6; /* 6, 10, 14 ... */
	r->model.granularity = 2;
	for (uint8_t size = 0; size < 16; size++) {
		memset(r->data, 0, 12);
		r->data[2] = 0x10;
		r->data[3] = 8;
		r->data[11] = size;
		run(r, 12, OP_MODE_SELECT_6, 0x10, 0, 0, 12, 0);
		if (size == 0 || (size >= 6 && size % 4 == 2))
			expect_good(r);
		else
			expect_list_field(r, 4 + 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(write_in_the_middle_is_the_new_end_of_data),
		rig_test(fixed_blocks_go_in_one_command),
		rig_test(length_zero_writes_nothing),
		rig_test(less_data_than_the_cdb_names_writes_nothing),
		rig_test(early_warning_is_told_at_each_write_and_nothing_is_left_over),
		rig_test(fixed_write_across_early_warning_writes_all),
		rig_test(the_hard_end_is_volume_overflow_with_what_was_not_written),
		rig_test(fixed_write_at_the_hard_end_counts_blocks),
		rig_test(protected_cartridge_refuses_writes_and_says_so_in_the_header),
		rig_test(filemarks_count_and_flush),
		rig_test(good_on_a_filemark_survives_the_process),
		rig_test(unbuffered_mode_is_kept),
		rig_test(what_block_limits_exclude_is_refused),
		rig_test(block_lengths_that_the_drive_has_not_are_no_mode),
	};

	return rig_main(tests);
}
