/* SPDX-License-Identifier: Apache-2.0 */
/* Write once media: what is recorded stays, and hosts are told why (SSC-5, WORM mode). */
#include "tests/support/rig.h"

#include <string.h>

static const struct cart_params worm = {
	.barcode = "WRM001LY", .density = 0x5e, .medium_type = 0x8c, .kind = CART_WORM
};

/* Objects: 0 1 2 blocks | 3 filemark | 4 block | 5 6 filemarks. */
static struct rig *recorded(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &worm);
	write_block(r, 1, 100);
	write_block(r, 2, 200);
	write_block(r, 3, 300);
	write_filemarks(r, 1);
	write_block(r, 4, 400);
	write_filemarks(r, 2);
	return r;
}

static void locate(struct rig *r, uint8_t object)
{
	run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, object, 0, 0, 0);
	expect_good(r);
}

static void expect_untouched(struct rig *r)
{
	rewind_tape(r);
	expect_block(r, 1, 100);
	expect_block(r, 2, 200);
	expect_block(r, 3, 300);
	locate(r, 4);
	expect_block(r, 4, 400);
	run_space(r, 3, 0);
	expect_good(r);
}

static bool alert_60(struct rig *r)
{
	run(r, 400, OP_LOG_SENSE, 0, 0x40 | 0x2e, 0, 0, 0, 60, 0x01, 0x90, 0);
	expect_good(r);
	return r->data[4 + 4] == 1;
}

static void a_write_over_data_is_refused_and_changes_nothing(void **state)
{
	struct rig *r = recorded(state);

	rewind_tape(r);
	run_write(r, 0, 500, 500);
	expect_tape(r, SENSE_WORM_OVERWRITE, 0, 500);
	expect_position(r, 0);
	assert_true(alert_60(r));
	assert_false(alert_60(r)); /* read once */
	locate(r, 2);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_tape(r, SENSE_WORM_OVERWRITE, 0, 1);
	run(r, 0, OP_WRITE_FILEMARKS_6, 1, 0, 0, 1, 0); /* IMMED */
	expect_tape(r, SENSE_WORM_OVERWRITE, 0, 1);
	expect_position(r, 2);
	expect_untouched(r);
	expect_position(r, 7);
}

static void a_fixed_write_over_data_tells_the_blocks(void **state)
{
	struct rig *r = recorded(state);

	set_block_size(r, 100);
	rewind_tape(r);
	run_write(r, 1, 3, 300);
	expect_tape(r, SENSE_WORM_OVERWRITE, 0, 3);
	expect_position(r, 0);
}

static void data_is_appended_at_its_end(void **state)
{
	struct rig *r = recorded(state);

	rewind_tape(r);
	run_space(r, 3, 0);
	expect_good(r);
	write_block(r, 5, 500);
	write_filemarks(r, 2);
	expect_position(r, 10);
	locate(r, 7);
	expect_block(r, 5, 500);
}

static void the_second_of_two_filemarks_at_the_end_is_written_over(void **state)
{
	struct rig *r = recorded(state);

	locate(r, 5);
	run_write(r, 0, 500, 500);
	expect_tape(r, SENSE_WORM_OVERWRITE, 0, 500);
	locate(r, 6);
	write_block(r, 5, 500);
	write_filemarks(r, 2);
	expect_untouched(r);
	locate(r, 6);
	expect_block(r, 5, 500);
}

static void erase_is_refused_but_where_there_is_nothing(void **state)
{
	struct rig *r = recorded(state);

	for (uint8_t is_long = 0; is_long < 2; is_long++) {
		locate(r, 6);
		run(r, 0, OP_ERASE_6, is_long, 0, 0, 0, 0);
		expect_sense(r, SENSE_WORM_OVERWRITE);
	}
	run_space(r, 3, 0);
	run(r, 0, OP_ERASE_6, 1, 0, 0, 0, 0);
	expect_good(r);
	expect_untouched(r);
	expect_position(r, 7);
}

static void a_restart_changes_nothing(void **state)
{
	struct rig *r = recorded(state);

	rig_restart(r);
	rewind_tape(r);
	run_write(r, 0, 500, 500);
	expect_sense(r, SENSE_WORM_OVERWRITE);
	expect_untouched(r);
	write_block(r, 5, 500);
}

static void hosts_see_what_it_is(void **state)
{
	struct rig *r = recorded(state);

	run(r, 64, OP_MODE_SENSE_6, 0x08, 0x1d, 0, 64, 0);
	expect_good(r);
	assert_int_equal(r->data[1], 0x8c);     /* medium type */
	assert_int_equal(r->data[2] & 0x80, 0); /* it can be written */
	assert_int_equal(r->data[4], 0x1d);
	assert_int_equal(r->data[4 + 2], 0x01); /* WORMM */
	assert_int_equal(r->data[4 + 5], 0x02); /* filemarks, but for the first */
	run(r, 64, OP_INQUIRY, 1, 0xb0, 0, 64, 0);
	assert_int_equal(r->data[4], 0x01);
	move(r, RIG_DRIVE_1, RIG_SLOT_1); /* it has a slot; T1 is an ordinary one */
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	run(r, 64, OP_MODE_SENSE_6, 0x08, 0x1d, 0, 64, 0);
	assert_int_equal(r->data[4 + 2], 0x00);
	run(r, 64, OP_INQUIRY, 1, 0xb0, 0, 64, 0);
	assert_int_equal(r->data[4], 0x01); /* the drive takes such media, whatever is in it */
}

/* Medium configuration, label restrictions: 00h, and it is so, for a label at the beginning, too.
 */
static void no_label_is_written_over_and_hosts_are_told_so(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &worm);
	write_block(r, 'V', 80);
	rewind_tape(r);
	run_write(r, 0, 80, 80);
	expect_tape(r, SENSE_WORM_OVERWRITE, 0, 80);
	run(r, 64, OP_MODE_SENSE_6, 0x08, 0x1d, 0, 64, 0);
	expect_good(r);
	assert_int_equal(r->data[4 + 4], 0x00);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_write_over_data_is_refused_and_changes_nothing),
		rig_test(a_fixed_write_over_data_tells_the_blocks),
		rig_test(data_is_appended_at_its_end),
		rig_test(the_second_of_two_filemarks_at_the_end_is_written_over),
		rig_test(erase_is_refused_but_where_there_is_nothing),
		rig_test(a_restart_changes_nothing),
		rig_test(hosts_see_what_it_is),
		rig_test(no_label_is_written_over_and_hosts_are_told_so),
	};

	return rig_main(tests);
}
