/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors behind the drive's buffer: told once, to the stream of data, before anything can be taken
 * for good. Writes fail by a limit on the size of files, syncs by a wrapped fdatasync().
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <glib.h>

#include "lib/base/bytes.h"
#include "tests/support/partitions.h"

static unsigned failing_syncs;
static int failing_errno = EIO;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
	if (failing_syncs == 0)
		return __real_fdatasync(fd);
	failing_syncs--;
	errno = failing_errno;
	return -1;
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Five blocks of 1000 bytes on the tape, and one accepted that has no room. */
static void accept_one_too_many(struct rig *r)
{
	rig_unlimited_ready(r);
	for (uint8_t i = 0; i < 5; i++)
		write_block(r, i, 1000);
	write_filemarks(r, 0);
	limit_files(128 + 5 * 1080 + 100);
	write_block(r, 5, 1000);
}

/* Five blocks of 1000 bytes on the tape, one accepted and lost; nobody has heard of it. */
static void lose_one(struct rig *r)
{
	accept_one_too_many(r);
	run(r, 400, OP_LOG_SENSE, 0, 0x40 | 0x31, 0, 0, 0, 0, 1, 0x90,
	    0); /* needs the buffer empty */
	expect_good(r);
	limit_files(0);
}

static void who_only_looks_does_not_swallow_it(void **state)
{
	struct rig *r = *state;

	lose_one(r);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_good(r);
	run(r, 255, OP_MODE_SENSE_6, 0, 0x3f, 0, 255, 0);
	expect_good(r);
	run_write(r, 0, 1000, 1000);
	expect_deferred(r, 1000);
	expect_position(r, 5); /* the write that heard of it has not run */
	write_block(r, 99, 1000);
	write_filemarks(r, 1);
	expect_position(r, 7);
}

static void a_filemark_is_not_written_behind_the_gap(void **state)
{
	struct rig *r = *state;

	lose_one(r);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_deferred(r, 1000);
	expect_position(r, 5);
	rewind_tape(r);
	for (uint8_t i = 0; i < 5; i++)
		expect_block(r, i, 1000);
	run_read(r, 0, 1000, 1000);
	expect_sense(r, SENSE_END_OF_DATA);
}

static void an_eject_that_loses_blocks_is_told_to_the_host(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 1000);
	write_filemarks(r, 0);
	write_block(r, 2, 1000);
	write_block(r, 3, 1000);
	failing_syncs = 1;
	run_move(r, RIG_DRIVE_1, RIG_SLOT_1);
	expect_sense(r, SENSE_ELEMENT_MOVE_FAILED);
	run_write(r, 0, 1000, 1000);
	assert_int_equal(r->status, SCSI_CHECK_CONDITION);
	assert_int_equal(r->cmd.sense[0] & 0x01, 0x01); /* deferred */
	expect_position(r, 1);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
}

static void a_second_eject_takes_the_cartridge_out(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 1000);
	failing_syncs = 1;
	run_move(r, RIG_DRIVE_1, RIG_SLOT_1);
	expect_sense(r, SENSE_ELEMENT_MOVE_FAILED);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
}

static void a_failed_sync_says_that_nothing_of_the_command_is_left(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0, 4); /* buffered mode 0 */
	run(r, 4, OP_MODE_SELECT_6, 0x10, 0, 0, 4, 0);
	write_block(r, 1, 1000);
	failing_syncs = 1;
	run_write(r, 0, 500, 500);
	expect_tape(r, SENSE_WRITE_ERROR, 0, 500);
	expect_position(r, 1);
	failing_syncs = 1;
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 2, 0);
	expect_tape(r, SENSE_WRITE_ERROR, 0, 2);
	expect_position(r, 1);
}

static void read_position_counts_what_is_in_the_buffer(void **state)
{
	struct rig *r = *state;
	uint32_t first, last, blocks, bytes;

	for (unsigned i = 0; i < 200; i++)
		write_block(r, 1, 200);
	run(r, 20, OP_READ_POSITION, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	first = get_be32(r->data + 4);
	last = get_be32(r->data + 8);
	blocks = get_be24(r->data + 13);
	bytes = get_be32(r->data + 16);
	assert_int_equal(first, 200);
	assert_int_equal(first - last, blocks);
	assert_int_equal(bytes, blocks * 200);
}

/* Five blocks behind a filemark that is safe; the next sync fails as full file systems below thin
 * volumes, NFS and quotas do, which accept what they have no room for. */
static void write_what_has_no_room(struct rig *r)
{
	failing_errno = ENOSPC;
	for (uint8_t i = 0; i < 3; i++)
		write_block(r, i, 1000);
	write_filemarks(r, 1);
	for (uint8_t i = 3; i < 8; i++)
		write_block(r, i, 1000);
	failing_syncs = 1;
}

/* st, tar and Bacula would go on with the next volume, behind the gap. */
static void no_space_at_a_sync_is_no_end_of_the_medium(void **state)
{
	struct rig *r = *state;

	write_what_has_no_room(r);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	failing_errno = EIO;
	expect_tape(r, SENSE_WRITE_ERROR, 0, 1);
	expect_position(r, 4); /* what was acknowledged is gone */
}

static void no_space_in_an_unbuffered_write_is_no_end_of_the_medium(void **state)
{
	struct rig *r = *state;

	write_what_has_no_room(r);
	memset(r->data, 0, 4); /* buffered mode 0 */
	run(r, 4, OP_MODE_SELECT_6, 0x10, 0, 0, 4, 0);
	run_write(r, 0, 500, 500);
	failing_errno = EIO;
	expect_tape(r, SENSE_WRITE_ERROR, 0, 500);
	expect_position(r, 4);
}

static void write_attribute(struct rig *r)
{
	static const uint8_t list[] = { 0,   0,   0,   13,  0x08, 0x00, 0x01, 0,  8,
					'S', 'O', 'M', 'E', 'O',  'N',  'E',  ' ' };

	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_WRITE_ATTRIBUTE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, sizeof(list),
	    0, 0);
}

static void rewind_it(struct rig *r)
{
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
}

static void rewind_immed(struct rig *r)
{
	run(r, 0, OP_REWIND, 1, 0, 0, 0, 0);
}

static void erase_it(struct rig *r)
{
	run(r, 0, OP_ERASE_6, 1, 0, 0, 0, 0);
}

static void load_it(struct rig *r)
{
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
}

static void unload_it(struct rig *r)
{
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
}

static void change_partition(struct rig *r)
{
	locate_16(r, CP, 1, 0);
}

static void expect_synced_by(struct rig *r, void (*verb)(struct rig *r))
{
	rewind_it(r);
	expect_good(r);
	write_what_has_no_room(r);
	verb(r);
	failing_errno = EIO;
	expect_tape(r, SENSE_WRITE_ERROR, 0, 0);
	assert_int_equal(failing_syncs, 0);
}

/* P1, each verb that must not be GOOD before what was written is on stable storage. */
static void what_ends_a_recording_makes_it_stable_first(void **state)
{
	struct rig *r = *state;

	divide(r, 2);
	expect_synced_by(r, rewind_it);
	expect_synced_by(r, rewind_immed);
	expect_synced_by(r, erase_it);
	expect_synced_by(r, load_it);
	expect_synced_by(r, write_attribute);
	expect_synced_by(r, change_partition);
	expect_synced_by(r, unload_it);
}

/* The worker has failed, nobody was told: the host must not take "nothing is in the buffer" for
 * "all is on the medium". */
static void read_position_does_not_count_what_was_lost(void **state)
{
	struct rig *r = *state;
	accept_one_too_many(r);
	for (unsigned i = 0; i < 200; i++) { /* until the worker has come to it */
		run(r, 20, OP_READ_POSITION, 0, 0, 0, 0, 0, 0, 0, 0, 0);
		expect_good(r);
		assert_in_range(get_be32(r->data + 8), 0, 5);
		if (get_be24(r->data + 13) == 0)
			break;
		g_usleep(5000);
	}
	limit_files(0);
	assert_int_equal(get_be24(r->data + 13), 0);
	assert_int_equal(get_be32(r->data + 4), 5);
	run_write(r, 0, 1000, 1000); /* and it is still told */
	expect_deferred(r, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(who_only_looks_does_not_swallow_it),
		rig_test(a_filemark_is_not_written_behind_the_gap),
		rig_test(an_eject_that_loses_blocks_is_told_to_the_host),
		rig_test(a_second_eject_takes_the_cartridge_out),
		rig_test(a_failed_sync_says_that_nothing_of_the_command_is_left),
		rig_test(read_position_counts_what_is_in_the_buffer),
		rig_test(no_space_at_a_sync_is_no_end_of_the_medium),
		rig_test(no_space_in_an_unbuffered_write_is_no_end_of_the_medium),
		rig_test(what_ends_a_recording_makes_it_stable_first),
		rig_test(read_position_does_not_count_what_was_lost),
	};

	return rig_main(tests);
}
