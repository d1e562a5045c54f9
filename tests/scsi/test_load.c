/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drive's states: LOAD UNLOAD, PREVENT ALLOW, loading by the changer, a migrated cartridge,
 * unit attentions, REQUEST SENSE.  PEERS rows 1, 3, 19, 20; 3.2: state after reload, no spontaneous
 * power on.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "handlers/scsi/mode.h"
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define LOAD 0x01

static void ready(struct rig *r)
{
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

static void load_unload(struct rig *r, uint8_t bits)
{
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, bits, 0);
}

static void prevent(struct rig *r, uint8_t bits)
{
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, bits, 0);
}

static void power_on_is_told_once_and_first(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 2);
	set_block_size(r, 512);
	prevent(r, 1);
	unit_power_on(r->unit);
	run(r, 96, OP_INQUIRY, 0, 0, 0, 96, 0); /* asks without clearing */
	expect_good(r);
	mode_current(r->unit, MODE_PAGE_CONTROL, 0)[2] = 0;
	ready(r);
	assert_int_equal(r->status, SCSI_CHECK_CONDITION);
	assert_int_equal(r->cmd.sense[2], KEY_UNIT_ATTENTION);
	assert_int_equal(r->cmd.sense[12], 0x29);
	ready(r);
	expect_good(r);
	expect_position(r, 0);
	run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
	assert_int_equal(get_be24(r->data + 9), 0);
	load_unload(r, 0); /* removal is no longer prevented */
	expect_good(r);
}

/* What st does when tcmu-runner was killed under tar: the write fails with the attention, the close
 * writes a filemark, at what is now the beginning. */
static void after_a_power_on_nothing_is_written_before_the_host_says_where(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 3, 0);
	unit_power_on(r->unit);
	run_write(r, 0, 100, 100);
	assert_int_equal(r->status, SCSI_CHECK_CONDITION); /* power on */
	r->unit->attentions_cnt = 0;
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	assert_int_equal(r->status, SCSI_CHECK_CONDITION);
	run_write(r, 0, 100, 100);
	assert_int_equal(r->status, SCSI_CHECK_CONDITION);
	run(r, 0, OP_ERASE_6, 0, 0, 0, 0, 0);
	assert_int_equal(r->status, SCSI_CHECK_CONDITION);
	run_read(r, 0, 100, 100); /* the tape is as it was, from the beginning */
	expect_good(r);
	assert_int_equal(r->data[99], 1);
	run_space(r, 3, 0); /* mt eod: now it knows */
	write_block(r, 9, 10);
	expect_position(r, 8);
}

static void a_blank_cartridge_can_be_written_right_after_a_power_on(void **state)
{
	struct rig *r = *state;

	unit_power_on(r->unit);
	r->unit->attentions_cnt = 0;
	write_block(r, 1, 10);
}

static void load_rewind_and_locate_say_where(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < 3; i++) {
		rewind_tape(r);
		write_sample(r);
		unit_power_on(r->unit);
		r->unit->attentions_cnt = 0;
		if (i == 0)
			rewind_tape(r);
		else if (i == 1)
			load_unload(r, LOAD);
		else
			run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, 3, 0, 0, 0);
		expect_good(r);
		write_block(r, 5, 10);
	}
}

static void a_load_raises_medium_changed_once_at_the_beginning(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 2);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	ready(r);
	expect_good(r);
	expect_position(r, 0);
	expect_block(r, 1, 100);
}

static void unload_and_load_by_the_host(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 2);
	load_unload(r, 0);
	expect_good(r);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	load_unload(r, 0); /* again: it is out already */
	expect_good(r);
	load_unload(r, LOAD);
	expect_good(r);
	ready(r); /* whoever loaded it needs no telling */
	expect_good(r);
	expect_position(r, 0);
	run_space(r, 0, 2);
	load_unload(r, LOAD); /* of what is loaded: to the beginning */
	expect_good(r);
	expect_position(r, 0);
	load_unload(r, 0x05); /* EOT with LOAD */
	expect_field(r, 4);
}

static void an_empty_drive_says_so(void **state)
{
	struct rig *r = *state;

	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	load_unload(r, LOAD);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	load_unload(r, 0);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	run_read(r, 0, 10, 10);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	run(r, 6, OP_READ_BLOCK_LIMITS, 0, 0, 0, 0, 0); /* what needs no medium answers */
	expect_good(r);
	assert_int_equal(get_be24(r->data + 1), 0xffffff);
	assert_int_equal(get_be16(r->data + 4), 1);
	run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
	expect_good(r);
}

static void prevention_holds_against_host_and_robot(void **state)
{
	struct rig *r = *state;

	prevent(r, 1);
	expect_good(r);
	load_unload(r, 0);
	expect_sense(r, SENSE_REMOVAL_PREVENTED);
	run_move(r, RIG_DRIVE_1, RIG_SLOT_1);
	expect_sense(r, SENSE_REMOVAL_PREVENTED);
	ready(r);
	expect_good(r);
	prevent(r, 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	prevent(r, 2);
	expect_field(r, 4);
}

static void prevention_ends_with_a_power_on(void **state)
{
	struct rig *r = *state;

	prevent(r, 1);
	rig_power_on(r);
	ready(r);
	expect_sense(r, SENSE_POWER_ON);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
}

/* Writes the sample to T1 and migrates it, with a copy that is made up: nothing will read it. */
/* What is in drive 1, T1, is on PHYS01 alone, and T1 in its slot. */
static void migrate(struct rig *r)
{
	struct cart_copy copy = { .volume = "PHYS01" };
	const struct cart_info *info;
	uint64_t object;
	struct cart *c;

	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	assert_int_equal(cart_open(r->pool, "T1", CART_OPEN_WRITE, &c), 0);
	info = cart_info(c);
	copy.generation = info->generation;
	copy.blocks = info->blocks;
	copy.filemarks = info->filemarks;
	copy.bytes = info->logical_bytes;
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	assert_int_equal(cart_close(c), 0);
}

static void migrate_t1(struct rig *r)
{
	write_sample(r);
	migrate(r);
}

static void recall_t1(struct rig *r)
{
	static uint8_t block[400];
	static const uint16_t sizes[] = { 100, 200, 300, 0, 400, 400, 0 };
	static const uint8_t fills[] = { 1, 2, 3, 0, 4, 4, 0 };
	const struct iovec iov = { block, sizeof(block) };
	struct cart_copy copy;
	struct cart *c;
	uint32_t n;

	assert_int_equal(cart_open(r->pool, "T1", CART_OPEN_WRITE | CART_OPEN_ADMIN, &c), 0);
	copy = cart_info(c)->copies[0];
	assert_int_equal(cart_recall_begin(c), 0);
	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
		memset(block, fills[i], sizeof(block));
		if (sizes[i] != 0)
			assert_int_equal(cart_write(c, &iov, 1, sizes[i]), 0);
		else
			assert_int_equal(cart_write_filemarks(c, 1, &n), 0);
	}
	ready(r); /* the drive looks while the mover holds it */
	expect_sense(r, SENSE_BECOMING_READY);
	assert_int_equal(cart_recall_commit(c, &copy), 0);
	assert_int_equal(cart_close(c), 0);
}

static void a_migrated_cartridge_becomes_ready_when_it_is_recalled(void **state)
{
	struct rig *r = *state;
	struct library_element e;

	migrate_t1(r);
	move(r, RIG_SLOT_1, RIG_DRIVE_1); /* at once */
	assert_true(library_element(r->library, RIG_DRIVE_1, &e));
	assert_string_equal(e.drive_state, "loading");
	ready(r);
	expect_sense(r, SENSE_BECOMING_READY);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_BECOMING_READY);
	recall_t1(r);
	library_poll(r->library);
	assert_true(library_element(r->library, RIG_DRIVE_1, &e));
	assert_string_equal(e.drive_state, "ready");
	ready(r);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	expect_block(r, 1, 100);
}

static int32_t progress(struct rig *r)
{
	r->drive->looked_ms = 0; /* it looks again */
	run(r, 32, OP_REQUEST_SENSE, 0, 0, 0, 32, 0);
	expect_good(r);
	assert_int_equal(r->data[2], KEY_NOT_READY);
	return (r->data[15] & 0x80) != 0 ? get_be16(r->data + 16) : -1;
}

static void a_recall_tells_how_far_it_is(void **state)
{
	struct rig *r = *state;
	static uint8_t block[100000];
	const struct iovec iov = { block, sizeof(block) };
	struct cart *c;

	for (uint8_t i = 0; i < 5; i++)
		write_block(r, i, sizeof(block));
	migrate(r);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	assert_int_equal(progress(r), -1); /* nobody has begun */
	assert_int_equal(cart_open(r->pool, "T1", CART_OPEN_WRITE | CART_OPEN_ADMIN, &c), 0);
	assert_int_equal(cart_recall_begin(c), 0);
	assert_in_range(progress(r), 0, 6000);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(cart_write(c, &iov, 1, sizeof(block)), 0);
	assert_int_equal(cart_sync(c), 0);
	assert_in_range(progress(r), 26000, 34000); /* two of five */
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_BECOMING_READY);
	assert_int_equal(r->cmd.sense[r->cmd.sense[0] == 0x70 ? 15 : 12], 0x80);
	assert_int_equal(cart_recall_abort(c), 0);
	assert_int_equal(cart_close(c), 0);
	assert_int_equal(progress(r), -1);
}

static void a_drive_that_loads_can_be_emptied(void **state)
{
	struct rig *r = *state;

	migrate_t1(r);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
}

static void a_cartridge_without_a_header_fails_to_load_and_can_be_taken_out(void **state)
{
	struct rig *r = *state;
	g_autofree char *file = g_build_filename(r->pool, "T2.cart", "header", NULL);

	assert_true(g_file_set_contents(file, "junk", 4, NULL));
	move(r, RIG_SLOT_2, RIG_DRIVE_2);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	move(r, RIG_DRIVE_2, RIG_SLOT_2);
	move(r, RIG_SLOT_2, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_CANNOT_READ_MEDIUM);
	move(r, RIG_DRIVE_1, RIG_SLOT_2);
}

static void request_sense_tells_what_waits_with_good(void **state)
{
	struct rig *r = *state;

	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	run(r, 252, OP_REQUEST_SENSE, 0, 0, 0, 252, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 18);
	assert_int_equal(r->data[2], KEY_NOT_READY);
	assert_int_equal(r->data[12], 0x3a);
	run(r, 252, OP_REQUEST_SENSE, 1, 0, 0, 252, 0);
	assert_int_equal(r->data[0], 0x72);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	run(r, 252, OP_REQUEST_SENSE, 0, 0, 0, 252, 0);
	assert_int_equal(r->data[12], 0x28);
	run(r, 252, OP_REQUEST_SENSE, 0, 0, 0, 252, 0);
	assert_int_equal(r->data[2], 0);
	run(r, 252, OP_REQUEST_SENSE, 0, 0, 0, 4, 0);
	assert_int_equal(r->cmd.in_len, 4);
}

static void a_damaged_block_is_a_medium_error_and_its_neighbours_are_not(void **state)
{
	struct rig *r = *state;
	g_autofree char *path = g_build_filename(r->pool, "T1.cart", NULL);
	g_autofree char *file = NULL;
	g_autofree char *text = NULL;
	const char *name;
	GDir *dir;
	gsize size, at;

	write_sample(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	dir = g_dir_open(path, 0, NULL);
	while ((name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_prefix(name, "data."))
			file = g_build_filename(path, name, NULL);
	g_dir_close(dir);
	assert_true(g_file_get_contents(file, &text, &size, NULL));
	for (at = 0; at + 50 < size && !(text[at] == 2 && text[at + 49] == 2); at++)
		;
	text[at + 10] ^= 0x10; /* a bit of block 1 */
	assert_true(g_file_set_contents(file, text, (gssize)size, NULL));
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	ready(r);
	expect_block(r, 1, 100);
	run_read(r, 0, 200, 200);
	expect_tape(r, SENSE_UNRECOVERED_READ_ERROR, 0, 200);
	assert_int_equal(r->cmd.in_len, 0);
	expect_block(r, 3, 300);
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	run_space(r, 0, 2); /* spacing past it works */
	expect_good(r);
	expect_block(r, 3, 300);
	run(r, 400, OP_LOG_SENSE, 0, 0x40 | 0x2e, 0, 0, 0, 5, 0x01, 0x90, 0);
	expect_good(r);
	assert_int_equal(r->data[4 + 4], 1); /* TapeAlert 5, read failure */
	run(r, 400, OP_LOG_SENSE, 0, 0x40 | 0x2e, 0, 0, 0, 5, 0x01, 0x90, 0);
	assert_int_equal(r->data[4 + 4], 0); /* told once */
}

static void *poll_library(void *arg)
{
	library_poll(arg);
	return NULL;
}

static void *look_at_slot(void *arg)
{
	struct rig *r = arg;
	struct library_element e;

	(void)library_element(r->library, RIG_SLOT_2, &e); /* READ ELEMENT STATUS */
	return r;
}

/* VERIFY to the end of data, ERASE, a recovery at a load ... hold the unit's mutex for long. */
static void a_drive_at_work_does_not_stop_the_library(void **state)
{
	struct rig *r = *state;
	struct timespec until;
	pthread_t poller, robot;
	void *result = NULL;
	int waited;

	unit_lock(r->unit); /* a command is running */
	assert_int_equal(pthread_create(&poller, NULL, poll_library, r->library), 0);
	g_usleep(100000);
	assert_int_equal(pthread_create(&robot, NULL, look_at_slot, r), 0);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2;
	waited = pthread_timedjoin_np(robot, &result, &until);
	unit_unlock(r->unit);
	(void)pthread_join(poller, NULL);
	if (waited != 0)
		(void)pthread_join(robot, NULL);
	assert_int_equal(waited, 0); /* ETIMEDOUT: not until the command is over */
}

static void *take_out(void *arg)
{
	return GINT_TO_POINTER(library_move(arg, RIG_DRIVE_1, RIG_SLOT_4));
}

static void a_robot_that_waits_for_a_drive_does_not_stop_the_library(void **state)
{
	struct rig *r = *state;
	struct scsi_unit *drive = r->unit;
	struct library_element e;
	pthread_t robot;
	void *result = NULL;
	uint64_t flags = 0;

	(void)alarm(60);  /* a library that waits with its lock held would stop us */
	unit_lock(drive); /* a command is running, of a second */
	assert_int_equal(pthread_create(&robot, NULL, take_out, r->library), 0);
	g_usleep(1000000);
	move(r, RIG_SLOT_2, RIG_SLOT_5);
	r->unit = changer_unit(r->changer);
	run(r, 64 * KIB, OP_READ_ELEMENT_STATUS, 0x10, 0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0);
	expect_good(r);
	run(r, 96, OP_INQUIRY, 0, 0, 0, 96, 0);
	expect_good(r);
	library_poll(r->library);
	assert_int_equal(library_drive_alert(r->library, 2, 0, 0, &flags), -ENODEV);
	assert_true(library_element(r->library, RIG_DRIVE_1, &e));
	assert_true(e.full); /* until the drive gives it back */
	unit_unlock(drive);
	(void)pthread_join(robot, &result);
	(void)alarm(0);
	assert_int_equal(GPOINTER_TO_INT(result), 0);
	assert_true(library_element(r->library, RIG_SLOT_4, &e));
	assert_string_equal(e.barcode, "T1");
	assert_true(library_element(r->library, RIG_DRIVE_1, &e));
	assert_string_equal(e.drive_state, "empty");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(power_on_is_told_once_and_first),
		rig_test(after_a_power_on_nothing_is_written_before_the_host_says_where),
		rig_test(a_blank_cartridge_can_be_written_right_after_a_power_on),
		rig_test(load_rewind_and_locate_say_where),
		rig_test(a_load_raises_medium_changed_once_at_the_beginning),
		rig_test(unload_and_load_by_the_host),
		rig_test(an_empty_drive_says_so),
		rig_test(prevention_holds_against_host_and_robot),
		rig_test(prevention_ends_with_a_power_on),
		rig_test(a_migrated_cartridge_becomes_ready_when_it_is_recalled),
		rig_test(a_recall_tells_how_far_it_is),
		rig_test(a_drive_that_loads_can_be_emptied),
		rig_test(a_cartridge_without_a_header_fails_to_load_and_can_be_taken_out),
		rig_test(request_sense_tells_what_waits_with_good),
		rig_test(a_damaged_block_is_a_medium_error_and_its_neighbours_are_not),
		rig_test(a_drive_at_work_does_not_stop_the_library),
		rig_test(a_robot_that_waits_for_a_drive_does_not_stop_the_library),
	};

	return rig_main(tests);
}
