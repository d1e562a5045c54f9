/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VERIFY with IMMED: GOOD first, then the reading, and what is told meanwhile and afterwards.  The
 * worker is let go one object at a time, by a wrapped drive_verify_some() and a clock that leaps in
 * it.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define FIXED   0x01
#define BYTCMP  0x02
#define IMMED   0x04
#define VBF     0x08
#define VTE     0x20
#define OBJECTS 7u /* of write_sample() */

static gint held;    /* the worker stands still ... */
static gint allowed; /* ... but for so many objects */
static gint slices;  /* the worker has begun, or would have where it stands still */
static _Thread_local bool leaps;
static _Thread_local time_t leapt;

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
void __real_drive_verify_some(struct drive *d);
void __wrap_drive_verify_some(struct drive *d);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = __real_clock_gettime(clock, t);

	if (leaps)
		t->tv_sec += ++leapt;
	return r;
}

/* One object, where the worker is held. */
void __wrap_drive_verify_some(struct drive *d)
{
	(void)g_atomic_int_add(&slices, 1);
	if (g_atomic_int_get(&held) != 0 && g_atomic_int_get(&allowed) <= 0)
		return;
	leaps = g_atomic_int_get(&held) != 0;
	__real_drive_verify_some(d);
	leaps = false;
	(void)g_atomic_int_add(&allowed, -1);
}

static int setup(void **state)
{
	g_atomic_int_set(&held, 1);
	g_atomic_int_set(&allowed, 0);
	return rig_setup(state);
}

static int teardown(void **state)
{
	g_atomic_int_set(&held, 0);
	return rig_teardown(state);
}

#define held_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void let_go(void)
{
	g_atomic_int_set(&held, 0);
}

/* @n more objects have been read. */
static void let_pass(int n)
{
	g_atomic_int_set(&allowed, n);
	while (g_atomic_int_get(&allowed) > 0)
		g_usleep(500);
}

static bool works(struct rig *r)
{
	bool is;

	unit_lock(r->unit);
	is = motion_is_work(r->unit);
	unit_unlock(r->unit);
	return is;
}

static void finish(struct rig *r)
{
	let_go();
	while (works(r))
		g_usleep(500);
}

static void run_verify(struct rig *r, uint8_t flags, uint32_t length, size_t size)
{
	uint8_t cdb[6] = { OP_VERIFY_6, flags };

	put_be24(cdb + 2, length);
	run_cdb(r, cdb, sizeof(cdb), size);
}

static void ready(struct rig *r)
{
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

/* VERIFY to the end of the data of write_sample() has begun, and stands at its beginning. */
static void begin(struct rig *r)
{
	rig_inside("holds the worker of the drive");
	write_sample(r);
	run_verify(r, VTE | IMMED, 0, 0);
	expect_good(r);
	assert_true(works(r));
}

/* What REQUEST SENSE says is @id; the progress, or -1. */
static int32_t asked(struct rig *r, enum sense_id id)
{
	const struct sense_code *code = sense_code(id);

	run(r, 96, OP_REQUEST_SENSE, 0, 0, 0, 96, 0);
	expect_good(r);
	assert_int_equal(r->data[0], 0x70);
	assert_int_equal(r->data[2], code->key);
	assert_int_equal(r->data[12], code->asc);
	assert_int_equal(r->data[13], code->ascq);
	return (r->data[15] & 0x80) != 0 ? get_be16(r->data + 16) : -1;
}

/* The last command was refused with @id, a deferred error. */
static void expect_found(struct rig *r, enum sense_id id, uint8_t flags, int64_t information)
{
	assert_int_equal(r->cmd.sense[0] & 0x01, 0x01);
	r->cmd.sense[0] &= 0xfe; /* else it is as any other */
	expect_tape(r, id, flags, information);
}

/* ---- while it goes on ---- */

static void good_comes_first_and_request_sense_tells_how_far_it_is(void **state)
{
	struct rig *r = *state;

	begin(r);
	assert_int_equal(asked(r, SENSE_VERIFY_UNDER_WAY), 0);
	let_pass(3);
	assert_int_equal(asked(r, SENSE_VERIFY_UNDER_WAY), 3 * 65536 / OBJECTS);
	run(r, 96, OP_REQUEST_SENSE, 1, 0, 0, 96, 0);
	assert_int_equal(r->data[0], 0x72);
	assert_int_equal(r->data[3], 0x1c);
	assert_int_equal(get_be16(r->data + 13), 3 * 65536 / OBJECTS);
	let_pass(2);
	assert_int_equal(asked(r, SENSE_VERIFY_UNDER_WAY), 5 * 65536 / OBJECTS);
	finish(r);
	assert_int_equal(asked(r, SENSE_NO_SENSE), -1);
	expect_position(r, OBJECTS);
}

static void the_drive_is_ready_and_what_needs_no_tape_works(void **state)
{
	struct rig *r = *state;

	begin(r);
	ready(r);
	expect_good(r);
	run(r, 96, OP_INQUIRY, 0, 0, 0, 96, 0);
	expect_good(r);
	run(r, 96, OP_MODE_SENSE_6, 0, 0x3f, 0, 96, 0);
	expect_good(r);
	run(r, 96, OP_LOG_SENSE, 0, 0x40 | 0x31, 0, 0, 0, 0, 0, 96, 0); /* empties the buffer */
	expect_good(r);
	let_pass(3);
	run(r, 96, OP_LOG_SENSE, 0, 0x40 | 0x31, 0, 0, 0, 0, 0, 96, 0);
	expect_good(r);
	run(r, 96, OP_READ_ATTRIBUTE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 96, 0, 0);
	expect_good(r);
	assert_true(works(r));
	finish(r);
	expect_position(r, OBJECTS);
}

/* A command that is given in a thread of its own, as it would wait for ever in this one. */
struct other {
	struct rig *rig;
	struct scsi_cmd cmd;
	enum scsi_status status;
	pthread_t thread;
	gint over;
};

static void *give(void *data)
{
	struct other *o = data;

	o->status = unit_execute(o->rig->unit, &o->cmd);
	g_atomic_int_set(&o->over, 1);
	return NULL;
}

static void start(struct other *o)
{
	assert_int_equal(pthread_create(&o->thread, NULL, give, o), 0);
}

static void join(struct other *o)
{
	assert_int_equal(pthread_join(o->thread, NULL), 0);
}

static void what_moves_waits_for_its_end(void **state)
{
	struct rig *r = *state;
	struct other rewind = { .rig = r, .cmd = { .cdb = { OP_REWIND }, .cdb_len = 6 } };

	begin(r);
	start(&rewind);
	let_pass(5);
	assert_int_equal(g_atomic_int_get(&rewind.over), 0);
	let_go();
	join(&rewind);
	assert_int_equal(rewind.status, SCSI_GOOD);
	assert_false(works(r));
	assert_int_equal(r->drive->verification.objects, OBJECTS + 1); /* and the end of data */
	expect_position(r, 0);
}

static void a_key_is_not_changed_under_it(void **state)
{
	struct rig *r = *state;
	struct other key = { .rig = r,
			     .cmd = { .cdb = { OP_SECURITY_PROTOCOL_OUT, 0x20, 0, 0x10 },
				      .cdb_len = 12 } };

	begin(r);
	start(&key);
	let_pass(5);
	assert_int_equal(g_atomic_int_get(&key.over), 0);
	let_go();
	join(&key);
	assert_int_equal(r->drive->verification.objects, OBJECTS + 1);
}

#define SCALING_LIST 64 /* a header, and page 23h, which makes half of the medium of it */

static void put_scaling(uint8_t list[SCALING_LIST])
{
	memset(list, 0, SCALING_LIST);
	list[4] = 0x23;
	list[5] = 0x3a;
	list[4 + 11] = 1;
	list[4 + 12] = 0x80;
}

static void a_mode_select_that_formats_waits_for_its_end(void **state)
{
	struct rig *r = *state;
	uint8_t list[SCALING_LIST];
	struct iovec iov = { list, sizeof(list) };
	struct other select = { .rig = r,
				.cmd = { .cdb = { OP_MODE_SELECT_6, 0x10, 0, 0, sizeof(list) },
					 .cdb_len = 6,
					 .iov = &iov,
					 .iov_cnt = 1,
					 .iov_len = sizeof(list) } };

	rig_features(r, DRIVE_MEDIUM_SENSE);
	begin(r);
	put_scaling(list);
	start(&select);
	let_pass(1);
	run(r, 96, OP_MODE_SENSE_6, 0, 0x3f, 0, 96, 0); /* the unit's scratch is another's now */
	expect_good(r);
	let_pass(4);
	assert_int_equal(g_atomic_int_get(&select.over), 0);
	let_go();
	join(&select);
	assert_int_equal(select.status, SCSI_CHECK_CONDITION); /* it is not at the beginning */
	assert_int_equal(select.cmd.sense[select.cmd.sense[0] == 0x70 ? 12 : 2],
			 sense_code(SENSE_POSITION_PAST_BEGINNING)->asc);
	assert_int_equal(r->drive->verification.objects, OBJECTS + 1);
	assert_int_equal(stage_info(r->drive->stages[0])->objects, OBJECTS);
}

/* At the beginning: only what waits keeps it from formatting. */
static void a_mode_select_that_formats_tells_what_was_found(void **state)
{
	struct rig *r = *state;

	rig_inside("holds the worker of the drive");
	rig_features(r, DRIVE_MEDIUM_SENSE);
	write_sample(r);
	set_block_size(r, 100);
	run_verify(r, FIXED | IMMED, 5, 0);
	finish(r);
	put_scaling(r->data);
	run(r, SCALING_LIST, OP_MODE_SELECT_6, 0x10, 0, 0, SCALING_LIST, 0);
	expect_found(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 4);
	rewind_tape(r);
	put_scaling(r->data);
	r->data[4 + 11] = r->data[4 + 12] = 0; /* changes nothing, and waits for nothing */
	run(r, SCALING_LIST, OP_MODE_SELECT_6, 0x10, 0, 0, SCALING_LIST, 0);
	expect_good(r);
	assert_int_equal(stage_info(r->drive->stages[0])->objects, OBJECTS);
	put_scaling(r->data);
	run(r, SCALING_LIST, OP_MODE_SELECT_6, 0x10, 0, 0, SCALING_LIST, 0);
	expect_good(r);
	assert_int_equal(stage_info(r->drive->stages[0])->objects, 0);
}

static enum unit_event aborted(void *ctx)
{
	(void)ctx;
	return UNIT_EVENT_ABORT;
}

static void an_abort_of_one_that_waits_does_not_end_it(void **state)
{
	struct rig *r = *state;
	struct other rewind = { .rig = r, .cmd = { .cdb = { OP_REWIND }, .cdb_len = 6 } };

	begin(r);
	unit_set_watch(r->unit, aborted, NULL, NULL);
	start(&rewind);
	join(&rewind);
	unit_set_watch(r->unit, NULL, NULL, NULL);
	assert_int_equal(rewind.status, SCSI_BUSY);
	assert_true(works(r));
	finish(r);
	expect_position(r, OBJECTS);
}

static void another_maker_s_drive_is_not_ready(void **state)
{
	struct rig *r = *state;

	begin(r);
	r->unit->meanwhile = MEANWHILE_NOT_READY;
	ready(r);
	expect_sense(r, SENSE_NOT_READY_OPERATION);
	assert_int_equal(r->cmd.sense[0] == 0x70 ? r->cmd.sense[15] : r->cmd.sense[12], 0x80);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_NOT_READY_OPERATION);
	run(r, 32, OP_READ_POSITION, 6, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_NOT_READY_OPERATION);
	assert_int_equal(asked(r, SENSE_VERIFY_UNDER_WAY), 0);
	run(r, 96, OP_INQUIRY, 0, 0, 0, 96, 0);
	expect_good(r);
	finish(r);
	ready(r);
	expect_good(r);
	expect_position(r, OBJECTS);
}

static void another_maker_s_drive_is_busy(void **state)
{
	struct rig *r = *state;

	begin(r);
	r->unit->meanwhile = MEANWHILE_BUSY;
	ready(r);
	assert_int_equal(r->status, SCSI_BUSY);
	run_read(r, 0, 100, 100);
	assert_int_equal(r->status, SCSI_BUSY);
	assert_int_equal(asked(r, SENSE_VERIFY_UNDER_WAY), 0);
	finish(r);
	expect_position(r, OBJECTS);
}

/* ---- what ends it ---- */

/* It has been ended: nothing more is read, though the worker may. */
static void expect_rest(struct rig *r)
{
	assert_false(works(r));
	g_atomic_int_set(&slices, 0);
	let_go();
	g_usleep(30000); /* in which it would begin some twenty */
	assert_int_equal(g_atomic_int_get(&slices), 0);
}

static void a_reset_ends_it_where_it_is(void **state)
{
	struct rig *r = *state;

	begin(r);
	let_pass(2);
	unit_reset(r->unit);
	expect_rest(r);
	assert_int_equal(asked(r, SENSE_NO_SENSE), -1);
	expect_position(r, 2);
	expect_block(r, 3, 300);
}

static void a_power_on_ends_it(void **state)
{
	struct rig *r = *state;

	begin(r);
	let_pass(2);
	rig_power_on(r);
	r->unit->attentions_cnt = 0;
	expect_rest(r);
	assert_int_equal(asked(r, SENSE_NO_SENSE), -1);
	expect_position(r, 0);
}

static void the_robot_takes_the_cartridge_all_the_same(void **state)
{
	struct rig *r = *state;

	begin(r);
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0);
	expect_good(r);
	assert_int_equal(library_move(r->library, RIG_DRIVE_1, RIG_SLOT_4), LIBRARY_E_PREVENTED);
	assert_true(works(r));
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
	let_pass(2);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	expect_rest(r);
	assert_int_equal(asked(r, SENSE_MEDIUM_NOT_PRESENT), -1);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	expect_block(r, 1, 100);
}

static void the_end_of_the_drive_ends_it(void **state)
{
	struct rig *r = *state;

	begin(r);
	let_pass(2);
	rig_restart(r);
	expect_rest(r);
	rewind_tape(r);
	expect_block(r, 1, 100);
}

static void an_unload_waits_for_it(void **state)
{
	struct rig *r = *state;
	struct other unload = { .rig = r, .cmd = { .cdb = { OP_LOAD_UNLOAD }, .cdb_len = 6 } };

	begin(r);
	start(&unload);
	let_pass(3);
	assert_int_equal(g_atomic_int_get(&unload.over), 0);
	let_go();
	join(&unload);
	assert_int_equal(unload.status, SCSI_GOOD);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
}

/* ---- what it finds ---- */

static void what_it_finds_is_told_by_the_next_command_of_the_stream(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	set_block_size(r, 100);
	run_verify(r, FIXED | IMMED, 5, 0); /* the second one has 200 bytes */
	expect_good(r);
	ready(r);
	expect_good(r);
	run_read(r, 0, 300, 300);
	expect_found(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 4);
	expect_position(r, 2); /* as without IMMED; the READ has not run */
	expect_block(r, 3, 300);
}

static void request_sense_shows_it_as_deferred_and_the_stream_still_hears_it(void **state)
{
	struct rig *r = *state;

	rig_inside("waits for the worker of the drive");
	write_sample(r);
	run_verify(r, VBF | IMMED, 5, 0);
	expect_good(r);
	while (works(r))
		g_usleep(500);
	run(r, 96, OP_REQUEST_SENSE, 0, 0, 0, 96, 0);
	assert_int_equal(r->data[0], 0xf1);
	assert_int_equal(r->data[2], KEY_BLANK_CHECK);
	assert_int_equal(get_be32(r->data + 3), 3); /* filemarks that were not there */
	run(r, 96, OP_REQUEST_SENSE, 1, 0, 0, 96, 0);
	assert_int_equal(r->data[0], 0x73);
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_found(r, SENSE_END_OF_DATA, 0, 3);
	expect_position(r, 7);
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0); /* once */
	expect_good(r);
}

/* A bit of block 1 of write_sample(); the cartridge is in slot 1 meanwhile. */
static void damage(struct rig *r)
{
	g_autofree char *path = g_build_filename(r->pool, "T1.cart", NULL);
	g_autofree char *file = NULL;
	g_autofree char *text = NULL;
	const char *name;
	GDir *dir;
	gsize size, at;

	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	dir = g_dir_open(path, 0, NULL);
	while ((name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_prefix(name, "data."))
			file = g_build_filename(path, name, NULL);
	g_dir_close(dir);
	assert_true(g_file_get_contents(file, &text, &size, NULL));
	for (at = 0; at + 50 < size && !(text[at] == 2 && text[at + 49] == 2); at++)
		;
	text[at + 10] ^= 0x10;
	assert_true(g_file_set_contents(file, text, (gssize)size, NULL));
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	ready(r);
}

static void damage_is_a_deferred_medium_error_and_counted(void **state)
{
	struct rig *r = *state;
	uint64_t errors;

	rig_inside("breaks files of the pool");
	write_sample(r);
	damage(r);
	errors = r->drive->counters.read_errors;
	run_verify(r, VTE | IMMED, 0, 0);
	expect_good(r);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0); /* writes nothing */
	expect_found(r, SENSE_UNRECOVERED_READ_ERROR, 0, 0);
	assert_int_equal(r->drive->counters.read_errors, errors + 1);
	assert_int_equal(r->drive->events[0][24], OP_VERIFY_6);
	expect_position(r, 2);
	expect_block(r, 3, 300);
}

static void what_was_found_goes_with_its_medium(void **state)
{
	struct rig *r = *state;

	rig_inside("waits for the worker of the drive");
	write_sample(r);
	run_verify(r, IMMED, 150, 0);
	expect_good(r);
	while (works(r))
		g_usleep(500);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	assert_int_equal(asked(r, SENSE_MEDIUM_NOT_PRESENT), -1);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	ready(r);
	expect_block(r, 1, 100);
}

/* ---- the command itself ---- */

static void what_is_wrong_with_the_command_is_told_at_once(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_verify(r, VTE | VBF | IMMED, 1, 0);
	expect_field_bit(r, 1, 3);
	run_verify(r, FIXED | IMMED, 1, 0);
	expect_field_bit(r, 1, 0);
	run_verify(r, IMMED, 0, 0); /* nothing to do is done at once */
	expect_good(r);
	expect_position(r, 0);
}

static void sixteen_bytes_go_to_the_object_first(void **state)
{
	struct rig *r = *state;

	rig_features(r, DRIVE_EXPLICIT);
	write_sample(r);
	run(r, 0, OP_VERIFY_16, IMMED, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 100, 0);
	expect_sense(r, SENSE_END_OF_DATA);
	assert_int_equal(r->cmd.sense[0] & 0x01, 0); /* there is no object 9: not deferred */
	run(r, 0, OP_VERIFY_16, IMMED, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0x2c, 0);
	expect_good(r);
	expect_position(r, 3);
}

static void a_comparison_is_over_with_its_command(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	memset(r->data, 1, 100);
	r->data[50] = 9;
	run_verify(r, BYTCMP | IMMED, 100, 100);
	expect_tape(r, SENSE_MISCOMPARE, 0, 100);
	assert_int_equal(r->cmd.sense[0] & 0x01, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		held_test(good_comes_first_and_request_sense_tells_how_far_it_is),
		held_test(the_drive_is_ready_and_what_needs_no_tape_works),
		held_test(what_moves_waits_for_its_end),
		held_test(a_key_is_not_changed_under_it),
		held_test(a_mode_select_that_formats_waits_for_its_end),
		held_test(a_mode_select_that_formats_tells_what_was_found),
		held_test(an_abort_of_one_that_waits_does_not_end_it),
		held_test(another_maker_s_drive_is_not_ready),
		held_test(another_maker_s_drive_is_busy),
		held_test(a_reset_ends_it_where_it_is),
		held_test(a_power_on_ends_it),
		held_test(the_robot_takes_the_cartridge_all_the_same),
		held_test(the_end_of_the_drive_ends_it),
		held_test(an_unload_waits_for_it),
		rig_test(what_it_finds_is_told_by_the_next_command_of_the_stream),
		rig_test(request_sense_shows_it_as_deferred_and_the_stream_still_hears_it),
		rig_test(damage_is_a_deferred_medium_error_and_counted),
		rig_test(what_was_found_goes_with_its_medium),
		rig_test(what_is_wrong_with_the_command_is_told_at_once),
		rig_test(sixteen_bytes_go_to_the_object_first),
		rig_test(a_comparison_is_over_with_its_command),
	};

	return rig_main(tests);
}
