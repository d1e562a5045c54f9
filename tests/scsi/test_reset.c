/* SPDX-License-Identifier: Apache-2.0 */
/* A reset of the logical unit: what it ends, what goes back to its default, and what stays; ROR. */
#include <string.h>

#include "handlers/scsi/mode.h"
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "tests/support/rig.h"

#define SLOW 600000u

static void reset(struct rig *r)
{
	bool descriptor = unit_descriptor_sense(r->unit);

	rig_inside("resets through the unit, not through the kernel");
	unit_reset(r->unit);
	if (descriptor)
		mode_current(r->unit, MODE_PAGE_CONTROL, 0)[2] |= 0x04;
}

#define REWINDS 0x08 /* REWIND ON RESET, byte 15 of mode page 10h */
#define STAYS   0x10

/* MODE SELECT of page 10h with @value in byte @at, as it is otherwise. */
static void select_byte(struct rig *r, bool save, unsigned at, uint8_t value)
{
	run(r, 20, OP_MODE_SENSE_6, 0x08, 0x10, 0, 20, 0);
	expect_good(r);
	memset(r->data, 0, 4);
	r->data[4] &= 0x7f; /* PS */
	r->data[4 + at] = value;
	run(r, 20, OP_MODE_SELECT_6, save ? 0x11 : 0x10, 0, 0, 20, 0);
}

static uint8_t ror_now(struct rig *r, uint8_t pc)
{
	run(r, 20, OP_MODE_SENSE_6, 0x08, pc | 0x10, 0, 20, 0);
	expect_good(r);
	return r->data[4 + 15] & 0x18;
}

static void parameters_go_back_and_the_tape_stays(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 2);
	set_block_size(r, 512);
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0);
	drive_alert(r->drive, ALERT_CLEAN_NOW);
	reset(r);
	run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
	expect_good(r); /* the unit attention is the core's */
	assert_int_equal(get_be24(r->data + 9), 0);
	expect_position(r, 2);
	expect_block(r, 3, 300);
	assert_int_equal(r->drive->alerts, 1ull << (ALERT_CLEAN_NOW - 1));
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0); /* removal is allowed */
	expect_good(r);
}

static void what_is_buffered_is_not_lost(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 1000);
	write_block(r, 2, 1000);
	reset(r);
	write_block(r, 3, 1000); /* it goes on where it was */
	rewind_tape(r);
	for (uint8_t n = 1; n <= 3; n++)
		expect_block(r, n, 1000);
}

static void with_ror_it_rewinds_and_writes_nothing_before_the_host_says_where(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 3, 0);
	write_block(r, 9, 100);
	assert_int_equal(ror_now(r, 0), 0);
	assert_int_equal(ror_now(r, 0x40), 0x18); /* changeable */
	select_byte(r, false, 15, REWINDS);
	expect_good(r);
	assert_int_equal(ror_now(r, 0), REWINDS);
	reset(r);
	assert_int_equal(ror_now(r, 0), 0); /* it was not saved */
	expect_position(r, 0);
	run_write(r, 0, 100, 100);
	expect_tape(r, SENSE_POSITIONING_ERROR, 0, 100);
	run_space(r, 3, 0);
	expect_position(r, 8);
	write_block(r, 10, 100);
}

static void a_saved_ror_stays(void **state)
{
	struct rig *r = *state;

	rig_inside("saves what another test would find");
	write_sample(r);
	select_byte(r, true, 15, REWINDS);
	expect_good(r);
	run_space(r, 0, 2);
	reset(r);
	assert_int_equal(ror_now(r, 0), REWINDS);
	expect_position(r, 0);
	run_space(r, 0, 1);
	reset(r);
	expect_position(r, 0);
}

static void with_ror_it_may_be_told_to_stay(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	select_byte(r, false, 15, STAYS);
	expect_good(r);
	assert_int_equal(ror_now(r, 0), STAYS);
	run_space(r, 0, 2);
	reset(r);
	expect_position(r, 2);
	select_byte(r, false, 15, REWINDS | STAYS); /* reserved */
	expect_list_field(r, 4 + 15);
}

/* REW (bit 0) is of early warning and reads: it has nothing to do with a reset, and is not there.
 */
static void nothing_of_byte_8_changes(void **state)
{
	struct rig *r = *state;

	for (unsigned bit = 0; bit < 8; bit++) {
		select_byte(r, false, 8, (uint8_t)(0x40 ^ 1u << bit));
		expect_list_field(r, 12);
	}
}

/* ---- what is under way ---- */

static void slow(struct rig *r)
{
	rig_features(r, 0);
	r->model.timing = (struct drive_timing){ .load_ms = SLOW, .seek_ms = SLOW };
	r->drive->slow = true;
}

static void a_reset_ends_what_is_under_way(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	slow(r);
	run(r, 0, OP_LOCATE_10, 0x01, 0, 0, 0, 0, 2, 0, 0, 0);
	expect_good(r);
	reset(r);
	run(r, 32, OP_REQUEST_SENSE, 0, 0, 0, 32, 0);
	assert_int_equal(r->data[2] | r->data[12] | r->data[13], 0);
	expect_position(r, 2); /* it was there: the rest was time */
	run(r, 0, OP_LOAD_UNLOAD, 0x01, 0, 0, 0, 0);
	expect_good(r);
	reset(r);
	run(r, 0, OP_LOAD_UNLOAD, 0x01, 0, 0, 1, 0);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_BECOMING_READY);
	reset(r);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	expect_block(r, 1, 100);
}

static enum unit_event told;

static enum unit_event watch(void *ctx)
{
	enum unit_event now = told;

	(void)ctx;
	told = UNIT_EVENT_NONE;
	return now;
}

static void a_command_that_waits_hears_of_a_reset_and_of_its_abort(void **state)
{
	struct rig *r = *state;
	static const enum unit_event events[] = { UNIT_EVENT_RESET, UNIT_EVENT_ABORT };

	rig_inside("is the transport");
	write_sample(r);
	unit_set_watch(r->unit, watch, NULL, NULL);
	for (unsigned i = 0; i < 2; i++) {
		int64_t begun = clock_monotonic_ms();

		run_space(r, 0, 1);
		slow(r);
		run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0);
		told = events[i];
		run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
		expect_good(r);
		assert_true(clock_monotonic_ms() - begun < 10000);
		assert_int_equal(r->drive->prevented, events[i] == UNIT_EVENT_ABORT);
		r->drive->slow = false;
		expect_position(r, 0);
	}
}

static void *set_watch(void *data)
{
	unit_set_watch(data, watch, NULL, NULL);
	return NULL;
}

/* Else the robot may see a question without who answers it. */
static void who_is_asked_is_not_changed_under_the_lock(void **state)
{
	struct rig *r = *state;
	pthread_t thread;

	rig_inside("is the transport");
	unit_lock(r->unit);
	assert_int_equal(pthread_create(&thread, NULL, set_watch, r->unit), 0);
	g_usleep(50000);
	assert_null(r->unit->watch);
	unit_unlock(r->unit);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ptr_equal(r->unit->watch, watch);
	unit_set_watch(r->unit, NULL, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(parameters_go_back_and_the_tape_stays),
		rig_test(what_is_buffered_is_not_lost),
		rig_test(with_ror_it_rewinds_and_writes_nothing_before_the_host_says_where),
		rig_test(a_saved_ror_stays),
		rig_test(with_ror_it_may_be_told_to_stay),
		rig_test(nothing_of_byte_8_changes),
		rig_test(a_reset_ends_what_is_under_way),
		rig_test(a_command_that_waits_hears_of_a_reset_and_of_its_abort),
		rig_test(who_is_asked_is_not_changed_under_the_lock),
	};

	return rig_main(tests);
}
