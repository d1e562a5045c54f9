/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit attentions in their order, and REQUEST SENSE (SPC-5): what it tells, what it takes away.
 */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "lib/library/unit_state.h"
#include "tests/support/rig.h"

static void test_unit_ready(struct rig *r)
{
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

/* REQUEST SENSE; then @response, key, ASC and ASCQ are these. */
static void expect_requested(struct rig *r, uint8_t desc, uint8_t response, enum sense_id id)
{
	const struct sense_code *code = sense_code(id);
	const uint8_t *s = r->data;

	memset(r->data, 0xee, 64);
	run(r, 64, OP_REQUEST_SENSE, desc, 0, 0, 64, 0);
	expect_good(r);
	assert_int_equal(s[0] & 0x7f, response);
	assert_int_equal(desc != 0 ? s[1] : s[2] & 0x0f, code->key);
	assert_int_equal(s[desc != 0 ? 2 : 12], code->asc);
	assert_int_equal(s[desc != 0 ? 3 : 13], code->ascq);
}

static void several_come_one_after_the_other_in_their_order(void **state)
{
	static const enum sense_id told[] = { SENSE_UNIT_RESET, SENSE_MEDIUM_MAY_HAVE_CHANGED,
					      SENSE_MODE_CHANGED, SENSE_LOG_CHANGED,
					      SENSE_INQUIRY_CHANGED };
	struct rig *r = *state;

	for (unsigned i = 0; i < 10; i++) /* backwards, and each twice */
		unit_attention(r->unit, told[(10 - i) % 5]);
	for (unsigned i = 0; i < 5; i++) {
		test_unit_ready(r);
		expect_sense(r, told[i]);
	}
	test_unit_ready(r);
	expect_good(r);
}

static void power_on_takes_the_place_of_all_others(void **state)
{
	struct rig *r = *state;

	unit_attention(r->unit, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	unit_attention(r->unit, SENSE_MODE_CHANGED);
	rig_power_on(r);
	test_unit_ready(r);
	expect_sense(r, SENSE_POWER_ON);
	test_unit_ready(r);
	expect_good(r);
}

/* What a library's description says anew: here the record of the last start has another serial. */
static void another_identity_than_at_the_last_start_is_told_after_power_on(void **state)
{
	struct rig *r = *state;
	char said[60];
	size_t size = 0;

	rig_restart(r);
	test_unit_ready(r);
	expect_good(r); /* the same as ever */
	assert_int_equal(library_unit_load(r->library, 1, "inquiry", said, sizeof(said), &size), 0);
	assert_int_equal(size, sizeof(said));
	said[28] = 'Z';
	assert_int_equal(library_unit_save(r->library, 1, "inquiry", said, sizeof(said)), 0);
	drive_free(r->drive);
	assert_int_equal(drive_new(r->library, 1, &r->drive), 0);
	r->unit = drive_unit(r->drive);
	rig_power_on(r); /* as the transport does once more */
	test_unit_ready(r);
	expect_sense(r, SENSE_POWER_ON);
	test_unit_ready(r);
	expect_sense(r, SENSE_INQUIRY_CHANGED);
	test_unit_ready(r);
	expect_good(r);
	rig_restart(r); /* it is known now */
	test_unit_ready(r);
	expect_good(r);
}

static void inquiry_leaves_it_and_request_sense_takes_it(void **state)
{
	struct rig *r = *state;

	unit_attention(r->unit, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	unit_attention(r->unit, SENSE_LOG_CHANGED);
	run(r, 36, OP_INQUIRY, 0, 0, 0, 36, 0);
	expect_good(r);
	expect_requested(r, 0, 0x70, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	expect_requested(r, 1, 0x72, SENSE_LOG_CHANGED);
	expect_requested(r, 0, 0x70, SENSE_NO_SENSE);
	test_unit_ready(r);
	expect_good(r);
}

static void it_comes_before_a_refused_field_and_a_missing_medium(void **state)
{
	struct rig *r = *state;

	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	unit_attention(r->unit, SENSE_MODE_CHANGED);
	run(r, 0, OP_REWIND, 0x80, 0, 0, 0, 0);
	expect_sense(r, SENSE_MODE_CHANGED);
	run(r, 0, OP_REWIND, 0x80, 0, 0, 0, 0);
	expect_field_bit(r, 1, 7);
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
}

static void an_unknown_code_leaves_it(void **state)
{
	struct rig *r = *state;

	unit_attention(r->unit, SENSE_MODE_CHANGED);
	run(r, 0, 0xd0, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_INVALID_OPCODE);
	test_unit_ready(r);
	expect_sense(r, SENSE_MODE_CHANGED);
}

static void what_a_host_changes_itself_is_not_told_to_it(void **state)
{
	struct rig *r = *state;

	set_block_size(r, 512);
	test_unit_ready(r);
	expect_good(r);
	run(r, 0, OP_LOG_SELECT, 0x02, 0xc0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	memset(r->data, 0, 12);
	run(r, 12, OP_MAINTENANCE_OUT, SA_SET_TIMESTAMP, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0);
	test_unit_ready(r);
	expect_good(r);
}

static void request_sense_says_what_the_unit_is_at(void **state)
{
	struct rig *r = *state;

	for (uint8_t desc = 0; desc <= 1; desc++) {
		expect_requested(r, desc, desc != 0 ? 0x72 : 0x70, SENSE_NO_SENSE);
		assert_int_equal(r->cmd.in_len, desc != 0 ? 8 : 18);
	}
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	expect_requested(r, 0, 0x70, SENSE_MEDIUM_NOT_PRESENT);
	expect_requested(r, 1, 0x72, SENSE_MEDIUM_NOT_PRESENT);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	expect_requested(r, 0, 0x70, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	expect_requested(r, 0, 0x70, SENSE_NO_SENSE);
}

static void request_sense_is_cut_at_its_allocation_length(void **state)
{
	struct rig *r = *state;

	for (uint8_t length = 0; length < 24; length++) {
		memset(r->data, 0xee, 64);
		run(r, 64, OP_REQUEST_SENSE, 0, 0, 0, length, 0);
		expect_good(r);
		assert_int_equal(r->cmd.in_len, length < 18 ? length : 18);
		assert_int_equal(r->data[r->cmd.in_len], 0xee);
	}
}

/* A write that failed behind the buffer, of which nobody has heard. */
static void lose_something(struct rig *r)
{
	r->drive->has_lost = true;
	r->drive->lost =
		(struct stage_failure){ .outcome = -5, .objects = 3, .blocks = 3, .bytes = 3000 };
}

static void request_sense_shows_a_deferred_error_and_the_writer_hears_it(void **state)
{
	struct rig *r = *state;

	lose_something(r);
	for (unsigned i = 0; i < 2; i++) {
		expect_requested(r, 0, 0x71, SENSE_WRITE_ERROR);
		assert_int_equal(get_be32(r->data + 3), 3000);
	}
	expect_requested(r, 1, 0x73, SENSE_WRITE_ERROR);
	test_unit_ready(r);
	expect_good(r);
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_deferred(r, 3000);
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_good(r);
	expect_requested(r, 0, 0x70, SENSE_NO_SENSE);
}

static void a_deferred_error_goes_with_its_medium_and_with_the_power(void **state)
{
	struct rig *r = *state;

	lose_something(r);
	expect_requested(r, 0, 0x71, SENSE_WRITE_ERROR);
	run_move(r, RIG_DRIVE_1, RIG_SLOT_4); /* its writer has not heard of it */
	expect_sense(r, SENSE_ELEMENT_MOVE_FAILED);
	expect_requested(r, 0, 0x71, SENSE_WRITE_ERROR);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, RIG_SLOT_2, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_good(r);
	lose_something(r);
	expect_requested(r, 0, 0x71, SENSE_WRITE_ERROR);
	run_move(r, RIG_DRIVE_1, RIG_SLOT_2); /* each one counts */
	expect_sense(r, SENSE_ELEMENT_MOVE_FAILED);
	rig_power_on(r);
	test_unit_ready(r);
	expect_sense(r, SENSE_POWER_ON);
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_good(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(several_come_one_after_the_other_in_their_order),
		rig_test(power_on_takes_the_place_of_all_others),
		rig_test(another_identity_than_at_the_last_start_is_told_after_power_on),
		rig_test(inquiry_leaves_it_and_request_sense_takes_it),
		rig_test(it_comes_before_a_refused_field_and_a_missing_medium),
		rig_test(an_unknown_code_leaves_it),
		rig_test(what_a_host_changes_itself_is_not_told_to_it),
		rig_test(request_sense_says_what_the_unit_is_at),
		rig_test(request_sense_is_cut_at_its_allocation_length),
		rig_test(request_sense_shows_a_deferred_error_and_the_writer_hears_it),
		rig_test(a_deferred_error_goes_with_its_medium_and_with_the_power),
	};

	return rig_main(tests);
}
