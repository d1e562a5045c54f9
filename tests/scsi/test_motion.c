/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMMED, progress, and drives that take the times of their model: what a host sees while something
 * is under way, and that nothing but time is different.
 */
#include <pthread.h>
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "tests/support/rig.h"

#define IMMED 0x01
#define SLOW  600000u /* ms: does not end by itself here */
#define QUICK 60u

/* A drive whose every operation takes @ms, whatever the way. */
static void slow(struct rig *r, uint32_t ms)
{
	rig_features(r, 0);
	r->model.timing = (struct drive_timing){
		.load_ms = ms, .unload_ms = ms, .seek_ms = ms, .rewind_ms = 0, .rate_kb_s = 1
	};
	r->drive->slow = true;
}

/* The rest of what is under way is over. */
static void elapse(struct rig *r)
{
	r->unit->motion.until_ms = clock_monotonic_ms();
}

/* Half of it is over. */
static void elapse_half(struct rig *r)
{
	struct unit_motion *m = &r->unit->motion;
	int64_t half = (m->until_ms - m->since_ms) / 2;

	m->since_ms -= half;
	m->until_ms -= half;
}

static void ready(struct rig *r)
{
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

static void load_unload(struct rig *r, uint8_t immed, uint8_t load)
{
	run(r, 0, OP_LOAD_UNLOAD, immed, 0, 0, load, 0);
}

/* REQUEST SENSE, in the format that @desc asks for, says @id; the progress, or -1. */
static int32_t asked(struct rig *r, uint8_t desc, enum sense_id id)
{
	const struct sense_code *code = sense_code(id);
	const uint8_t *d = r->data;

	run(r, 96, OP_REQUEST_SENSE, desc, 0, 0, 96, 0);
	expect_good(r);
	assert_int_equal(d[0], desc != 0 ? 0x72 : 0x70);
	assert_int_equal((desc != 0 ? d[1] : d[2]) & 0x0f, code->key);
	assert_int_equal(desc != 0 ? d[2] : d[12], code->asc);
	assert_int_equal(desc != 0 ? d[3] : d[13], code->ascq);
	if (desc == 0)
		return (d[15] & 0x80) != 0 ? get_be16(d + 16) : -1;
	if (d[7] == 0)
		return -1;
	assert_int_equal(d[8], 0x02); /* sense key specific, the only descriptor */
	assert_int_equal(d[9], 0x06);
	assert_int_equal(d[12], 0x80);
	return get_be16(d + 13);
}

/* Half done, in both formats. */
static void expect_half_done(struct rig *r, enum sense_id id)
{
	elapse_half(r);
	assert_in_range(asked(r, 0, id), 32760, 33400);
	assert_in_range(asked(r, 1, id), 32760, 33400);
}

/* The sense of the last command has the progress, too. */
static void expect_progress(const struct rig *r)
{
	const uint8_t *s = r->cmd.sense;

	assert_int_equal(s[0] == 0x70 ? s[15] & 0x80 : s[12], 0x80);
}

static void others_go_on(struct rig *r)
{
	run(r, 96, OP_INQUIRY, 0, 0, 0, 96, 0);
	expect_good(r);
	run(r, 96, OP_MODE_SENSE_6, 0, 0x3f, 0, 96, 0);
	expect_good(r);
	run(r, 96, OP_LOG_SENSE, 0, 0x40, 0, 0, 0, 0, 0, 96, 0);
	expect_good(r);
	run(r, 6, OP_READ_BLOCK_LIMITS, 0, 0, 0, 0, 0);
	expect_good(r);
}

static void a_drive_is_as_fast_as_it_can_be_unless_asked(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 3, 0);
	run(r, 0, OP_REWIND, IMMED, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(asked(r, 0, SENSE_NO_SENSE), -1);
	load_unload(r, IMMED, 0);
	expect_good(r);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	load_unload(r, IMMED, 1);
	expect_good(r);
	ready(r);
	expect_good(r);
}

static void an_immediate_rewind_goes_on_and_the_next_command_waits_for_it(void **state)
{
	struct rig *r = *state;
	int64_t begun;

	write_sample(r);
	slow(r, QUICK);
	run_space(r, 3, 0);
	r->model.timing.seek_ms = SLOW;
	run(r, 0, OP_REWIND, IMMED, 0, 0, 0, 0);
	expect_good(r);
	ready(r); /* SSC: it does not change the ready state */
	expect_good(r);
	expect_half_done(r, SENSE_REWIND_UNDER_WAY);
	others_go_on(r);
	begun = clock_monotonic_ms();
	r->unit->motion.until_ms = begun + QUICK;
	expect_block(r, 1, 100);
	assert_true(clock_monotonic_ms() - begun >= QUICK);
	assert_int_equal(asked(r, 0, SENSE_NO_SENSE), -1);
}

static void without_immed_a_command_takes_its_time(void **state)
{
	struct rig *r = *state;
	int64_t begun;

	write_sample(r);
	slow(r, QUICK);
	begun = clock_monotonic_ms();
	run_space(r, 3, 0);
	expect_good(r);
	assert_true(clock_monotonic_ms() - begun >= QUICK);
	begun = clock_monotonic_ms();
	run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, 1, 0, 0, 0);
	expect_good(r);
	assert_true(clock_monotonic_ms() - begun >= QUICK);
	expect_position(r, 1);
	begun = clock_monotonic_ms();
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_true(clock_monotonic_ms() - begun >= QUICK);
	r->model.timing.seek_ms = SLOW;
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0); /* it is there */
	expect_good(r);
}

static void an_immediate_locate_ends_exactly_there(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	slow(r, SLOW);
	run(r, 0, OP_LOCATE_10, IMMED, 0, 0, 0, 0, 2, 0, 0, 0);
	expect_good(r);
	expect_half_done(r, SENSE_LOCATE_UNDER_WAY);
	elapse(r);
	expect_position(r, 2);
	expect_block(r, 3, 300);
	run(r, 0, OP_LOCATE_16, IMMED, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0);
	expect_good(r);
	expect_half_done(r, SENSE_LOCATE_UNDER_WAY);
	elapse(r);
	expect_block(r, 2, 200);
	/* what is wrong is told at once, and nothing moves */
	run(r, 0, OP_LOCATE_10, IMMED | 0x02, 0, 0, 0, 0, 2, 0, 7, 0);
	expect_field(r, 8);
	assert_int_equal(asked(r, 0, SENSE_NO_SENSE), -1);
	expect_position(r, 2);
}

static void a_long_erase_takes_the_rest_of_the_medium_a_short_one_nothing(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	slow(r, SLOW);
	run(r, 0, OP_ERASE_6, 0x02, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(asked(r, 0, SENSE_NO_SENSE), -1);
	run(r, 0, OP_ERASE_6, 0x03, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(r->unit->motion.until_ms - r->unit->motion.since_ms, 1000000);
	ready(r);
	expect_good(r);
	expect_half_done(r, SENSE_ERASE_UNDER_WAY);
	elapse(r);
	run_read(r, 0, 10, 10);
	expect_sense(r, SENSE_END_OF_DATA);
}

static void a_format_takes_the_ready_state(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	slow(r, SLOW);
	run(r, 0, OP_FORMAT_MEDIUM, IMMED, 0, 0, 0, 0);
	expect_good(r);
	ready(r);
	expect_sense(r, SENSE_FORMAT_UNDER_WAY);
	expect_progress(r);
	run_write(r, 0, 100, 100); /* refused at once, not after the format */
	expect_sense(r, SENSE_FORMAT_UNDER_WAY);
	run(r, 32, OP_READ_POSITION, 6, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_FORMAT_UNDER_WAY);
	others_go_on(r);
	expect_half_done(r, SENSE_FORMAT_UNDER_WAY);
	elapse(r);
	ready(r);
	expect_good(r);
	write_block(r, 1, 100);
	expect_position(r, 1);
}

static void set_capacity_tells_its_progress(void **state)
{
	struct rig *r = *state;

	slow(r, SLOW);
	run(r, 0, OP_SET_CAPACITY, IMMED, 0, 0x80, 0, 0);
	expect_good(r);
	ready(r);
	expect_good(r);
	expect_half_done(r, SENSE_SET_CAPACITY_UNDER_WAY);
	elapse(r);
	write_block(r, 1, 100);
}

static void await_work(struct rig *r)
{
	bool works = true;

	while (works) {
		g_usleep(500);
		unit_lock(r->unit);
		works = motion_is_work(r->unit);
		unit_unlock(r->unit);
	}
}

static void a_verification_takes_what_it_reads(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < 20; i++)
		write_block(r, 1, 30000);
	rewind_tape(r);
	slow(r, SLOW);
	run(r, 0, OP_VERIFY_6, 0x24, 0, 0, 0, 0);
	expect_good(r);
	await_work(r); /* what is left is time */
	expect_half_done(r, SENSE_VERIFY_UNDER_WAY);
	elapse(r);
	expect_position(r, 20);
}

static void a_cartridge_from_the_robot_takes_its_load_time(void **state)
{
	struct rig *r = *state;

	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	slow(r, SLOW);
	move(r, RIG_SLOT_2, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_BECOMING_READY);
	expect_progress(r);
	run_read(r, 0, 10, 10);
	expect_sense(r, SENSE_BECOMING_READY);
	expect_half_done(r, SENSE_BECOMING_READY);
	library_poll(r->library); /* looking does not make it faster */
	assert_int_equal(r->drive->state, DRIVE_LOADING);
	others_go_on(r);
	elapse(r);
	library_poll(r->library);
	assert_int_equal(r->drive->state, DRIVE_READY);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	ready(r);
	expect_good(r);
}

static void an_immediate_unload_and_load_tell_what_they_are_at(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	slow(r, SLOW);
	load_unload(r, IMMED, 0);
	expect_good(r);
	ready(r);
	expect_sense(r, SENSE_UNLOAD_UNDER_WAY);
	expect_progress(r);
	expect_half_done(r, SENSE_UNLOAD_UNDER_WAY);
	elapse(r);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	load_unload(r, IMMED, 1);
	expect_good(r);
	ready(r);
	expect_sense(r, SENSE_BECOMING_READY);
	expect_half_done(r, SENSE_BECOMING_READY);
	elapse(r);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	expect_block(r, 1, 100);
}

static void a_load_waits_for_the_unload_before_it(void **state)
{
	struct rig *r = *state;
	int64_t begun = clock_monotonic_ms();

	slow(r, QUICK);
	load_unload(r, IMMED, 0);
	load_unload(r, 0, 1);
	expect_good(r);
	assert_true(clock_monotonic_ms() - begun >= 2 * QUICK);
	ready(r); /* whoever loads knows that the medium may have changed */
	expect_good(r);
}

static void the_robot_takes_a_cartridge_whatever_is_under_way(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 3, 0);
	slow(r, SLOW);
	run(r, 0, OP_REWIND, IMMED, 0, 0, 0, 0);
	expect_good(r);
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0); /* keeps it, as ever */
	expect_good(r);
	assert_int_equal(library_move(r->library, RIG_DRIVE_1, RIG_SLOT_4), LIBRARY_E_PREVENTED);
	assert_int_equal(motion_sense(r->unit, NULL), SENSE_REWIND_UNDER_WAY);
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	assert_int_equal(asked(r, 0, SENSE_MEDIUM_NOT_PRESENT), -1);
	move(r, RIG_SLOT_4, RIG_DRIVE_1); /* it is being loaded */
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
}

static void a_power_on_ends_it(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	slow(r, SLOW);
	run(r, 0, OP_LOCATE_10, IMMED, 0, 0, 0, 0, 2, 0, 0, 0);
	rig_power_on(r);
	r->unit->attentions_cnt = 0;
	assert_int_equal(asked(r, 0, SENSE_NO_SENSE), -1);
	expect_block(r, 1, 100);
}

static void the_way_is_part_of_the_time(void **state)
{
	struct rig *r = *state;
	struct unit_motion *m;

	for (unsigned i = 0; i < 100; i++) /* a tenth of the cartridge */
		write_block(r, 1, 1000);
	slow(r, SLOW);
	m = &r->unit->motion;
	r->model.timing.seek_ms = 60000;
	r->model.timing.rewind_ms = 100000; /* so 10 s to start and stop */
	r->model.timing.wraps = 1;
	run(r, 0, OP_REWIND, IMMED, 0, 0, 0, 0);
	assert_in_range(m->until_ms - m->since_ms, 19900, 21000);
	elapse(r);
	r->model.timing.wraps = 20; /* there and back again: it is at the beginning of the tape */
	run(r, 0, OP_LOCATE_10, IMMED, 0, 0, 0, 0, 100, 0, 0, 0);
	assert_in_range(m->until_ms - m->since_ms, 10000, 12500);
	elapse(r);
	run(r, 0, OP_LOCATE_10, IMMED, 0, 0, 0, 0, 50, 0, 0, 0);
	assert_in_range(m->until_ms - m->since_ms, 105000, 111000);
}

static void a_migrated_cartridge_is_loaded_by_and_by(void **state)
{
	struct rig *r = *state;

	rig_inside("says what state the drive is in");
	load_unload(r, 0, 0);
	r->drive->state = DRIVE_LOADING; /* as where a mover still holds it */
	r->drive->looked_ms = clock_monotonic_ms() + 60000;
	load_unload(r, IMMED, 1);
	expect_good(r);
	load_unload(r, 0, 1);
	expect_sense(r, SENSE_BECOMING_READY);
}

static void describe(struct rig *r, unsigned number, bool on)
{
	assert_int_equal(library_set_drive_option(r->library, number, LIBRARY_REALISTIC, on), 0);
	assert_int_equal(library_set_drive_option(r->library, number, LIBRARY_CLEANING, on), 0);
}

static void the_description_names_the_drives_and_a_restart_loads_nothing(void **state)
{
	struct rig *r = *state;

	rig_inside("changes the library's description under it");
	assert_false(r->drive->slow || r->drive->asks_for_cleaning);
	describe(r, 2, true);
	rig_restart(r);
	assert_false(r->drive->slow || r->drive->asks_for_cleaning);
	describe(r, 2, false);
	describe(r, 1, true);
	rig_restart(r);
	assert_true(r->drive->slow && r->drive->asks_for_cleaning);
	ready(r); /* what was in the drive was loaded long ago */
	expect_good(r);
}

/* What tcmu-runner does to a unit's thread when it ends. */
static void *rewind_in_a_thread(void *rig)
{
	struct rig *r = rig;
	struct scsi_cmd cmd = { .cdb = { OP_REWIND }, .cdb_len = 6 };
	int old;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	(void)unit_execute(r->unit, &cmd);
	(void)pthread_setcancelstate(old, &old);
	return r;
}

static void a_thread_that_waits_can_be_cancelled(void **state)
{
	struct rig *r = *state;
	pthread_t thread;
	void *result = NULL;

	write_sample(r);
	run_space(r, 3, 0);
	slow(r, SLOW);
	assert_int_equal(pthread_create(&thread, NULL, rewind_in_a_thread, r), 0);
	assert_int_equal(pthread_cancel(thread), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	ready(r); /* the unit is free */
	expect_good(r);
	elapse(r);
	expect_block(r, 1, 100);
}

static bool is_rewinding(struct rig *r)
{
	bool rewinds;

	unit_lock(r->unit);
	rewinds = motion_sense(r->unit, NULL) == SENSE_REWIND_UNDER_WAY;
	unit_unlock(r->unit);
	return rewinds;
}

static void a_command_that_waits_leaves_the_unit_to_others(void **state)
{
	struct rig *r = *state;
	pthread_t thread;
	void *result = NULL;

	write_sample(r);
	run_space(r, 3, 0);
	slow(r, SLOW);
	assert_int_equal(pthread_create(&thread, NULL, rewind_in_a_thread, r), 0);
	while (!is_rewinding(r))
		g_usleep(1000);
	others_go_on(r);
	unit_lock(r->unit);
	motion_end(r->unit);
	unit_unlock(r->unit);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, r);
	expect_position(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_drive_is_as_fast_as_it_can_be_unless_asked),
		rig_test(an_immediate_rewind_goes_on_and_the_next_command_waits_for_it),
		rig_test(without_immed_a_command_takes_its_time),
		rig_test(an_immediate_locate_ends_exactly_there),
		rig_test(a_long_erase_takes_the_rest_of_the_medium_a_short_one_nothing),
		rig_test(a_format_takes_the_ready_state),
		rig_test(set_capacity_tells_its_progress),
		rig_test(a_verification_takes_what_it_reads),
		rig_test(a_cartridge_from_the_robot_takes_its_load_time),
		rig_test(an_immediate_unload_and_load_tell_what_they_are_at),
		rig_test(a_load_waits_for_the_unload_before_it),
		rig_test(the_robot_takes_a_cartridge_whatever_is_under_way),
		rig_test(a_power_on_ends_it),
		rig_test(the_way_is_part_of_the_time),
		rig_test(a_migrated_cartridge_is_loaded_by_and_by),
		rig_test(the_description_names_the_drives_and_a_restart_loads_nothing),
		rig_test(a_thread_that_waits_can_be_cancelled),
		rig_test(a_command_that_waits_leaves_the_unit_to_others),
	};

	return rig_main(tests);
}
