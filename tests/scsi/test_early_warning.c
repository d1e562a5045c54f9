/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a medium, as a host that writes more than fits comes to it: programmable early
 * warning, early warning, the room behind it, and the end.
 */
#include "tests/support/rig.h"

#include <string.h>

#define MB    1000000u
#define BLOCK 100000u

/* 5 MB, early warning with 1 MB left. */
static const struct cart_params medium = {
	.barcode = "END001L8",
	.density = 0x5e,
	.medium_type = 0x88,
	.capacity_bytes = 5 * MB,
	.early_warning_bytes = MB,
};

static void set_pews(struct rig *r, uint16_t megabytes)
{
	const uint8_t list[4 + 32] = {
		[4] = 0x50, 0x01, 0, 0x1c, 0, 0, (uint8_t)(megabytes >> 8), (uint8_t)megabytes
	};

	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_MODE_SELECT_6, 0x10, 0, 0, sizeof(list), 0);
	expect_good(r);
}

static void write_one(struct rig *r)
{
	memset(r->data, 0x5a, BLOCK);
	run_write(r, 0, BLOCK, BLOCK);
}

static void write_good(struct rig *r, unsigned count)
{
	while (count-- > 0) {
		write_one(r);
		expect_good(r);
	}
}

static void programmable_early_warning_is_told_once(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	set_pews(r, 2); /* from 2 MB on */
	write_good(r, 19);
	write_one(r);
	expect_tape(r, SENSE_PROGRAMMABLE_EARLY_WARNING, SENSE_EOM, 0);
	expect_position(r, 20); /* it is written */
	write_good(r, 19);
	write_filemarks(r, 1);
	write_one(r); /* 4 MB */
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	write_one(r);
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	expect_position(r, 42);
}

static void it_is_told_of_fixed_blocks_when_all_are_written(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	set_pews(r, 2);
	set_block_size(r, BLOCK / 10);
	memset(r->data, 1, 2 * MB + MB / 2);
	run_write(r, 1, 250, 2 * MB + MB / 2);
	expect_tape(r, SENSE_PROGRAMMABLE_EARLY_WARNING, SENSE_EOM, 0);
	expect_position(r, 250);
}

static void coming_into_the_zone_again_is_told_again(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	set_pews(r, 2);
	write_good(r, 19);
	write_one(r);
	expect_sense(r, SENSE_PROGRAMMABLE_EARLY_WARNING);
	rewind_tape(r);
	write_good(r, 19);
	write_one(r);
	expect_sense(r, SENSE_PROGRAMMABLE_EARLY_WARNING);
	write_good(r, 1);
}

static void a_zone_of_the_whole_medium_is_entered_by_the_first_write(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	set_pews(r, 65535);
	write_one(r);
	expect_sense(r, SENSE_PROGRAMMABLE_EARLY_WARNING);
	write_good(r, 5);
}

static void early_warning_says_more_than_programmable(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	set_pews(r, 1);
	memset(r->data, 1, 4 * MB);
	run_write(r, 0, 2 * MB, 2 * MB);
	expect_good(r);
	run_write(r, 0, 2 * MB, 2 * MB); /* over both at once */
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
}

static void without_it_nothing_is_told_before_early_warning(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	write_good(r, 39);
	write_one(r);
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
}

/* Byte 0 of all forms of READ POSITION. */
static void expect_flags(struct rig *r, uint8_t flags)
{
	static const uint8_t forms[] = { 0, 6, 8 };

	for (unsigned i = 0; i < sizeof(forms); i++) {
		run(r, 32, OP_READ_POSITION, forms[i], 0, 0, 0, 0, 0, 0, forms[i] == 8 ? 32 : 0, 0);
		expect_good(r);
		assert_int_equal(r->data[0], flags);
	}
}

static void read_position_tells_programmable_early_warning(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	set_pews(r, 2);
	write_good(r, 19);
	expect_flags(r, 0);
	write_one(r);
	expect_sense(r, SENSE_PROGRAMMABLE_EARLY_WARNING);
	expect_flags(r, 0x01); /* BPEW */
	write_good(r, 2);
	expect_flags(r, 0x01);
	set_pews(r, 0);
	expect_flags(r, 0);
	set_pews(r, 1);
	expect_flags(r, 0);
	write_good(r, 7);
	write_one(r);
	expect_sense(r, SENSE_PROGRAMMABLE_EARLY_WARNING);
	write_good(r, 9);
	write_one(r);
	expect_flags(r, 0x41); /* EOP, too */
	rewind_tape(r);
	expect_flags(r, 0x80);
	run_space(r, 3, 0);
	expect_flags(r, 0x41);
}

/* Early warning is behind 40 blocks, programmable early warning behind 20. */
static void read_position_tells_it_in_the_middle_of_the_recording(void **state)
{
	static const struct {
		uint8_t object, flags;
	} places[] = { { 0, 0x80 },  { 1, 0 },     { 19, 0 },    { 20, 0x01 },
		       { 39, 0x01 }, { 40, 0x41 }, { 45, 0x41 }, { 50, 0x41 } };
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	write_good(r, 39);
	for (unsigned i = 0; i < 11; i++)
		write_one(r);
	set_pews(r, 2);
	for (unsigned i = sizeof(places) / sizeof(places[0]); i-- > 0;) {
		run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, places[i].object, 0, 0, 0);
		expect_good(r);
		expect_flags(r, places[i].flags);
	}
	run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, 39, 0, 0, 0);
	run_read(r, 0, BLOCK, BLOCK);
	expect_good(r);
	expect_flags(r, 0x41);
	run_read(r, 0, BLOCK, BLOCK);
	expect_good(r);
	expect_position(r, 41);
	run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, 10, 0, 0, 0);
	write_one(r); /* the recording ends here: the end is far again */
	expect_good(r);
	expect_flags(r, 0);
}

/*
 * What tar, dump and Bacula do by way of st: after the first early warning a trailer and filemarks
 * still fit; then the medium ends, and nothing that was acknowledged is lost.
 */
static void the_room_behind_early_warning_is_used_to_the_end(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	write_good(r, 39);
	for (unsigned i = 0; i < 11; i++) {
		write_one(r);
		expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	}
	expect_position(r, 50); /* 5 MB exactly */
	write_one(r);
	expect_tape(r, SENSE_VOLUME_OVERFLOW, SENSE_EOM, BLOCK);
	expect_position(r, 50);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 2, 0);
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	expect_position(r, 52);
	rewind_tape(r);
	run_space(r, 1, 1); /* behind the first filemark */
	expect_good(r);
	expect_position(r, 51);
	run_space(r, 3, 0);
	expect_good(r);
	expect_position(r, 52);
}

static void reading_behind_early_warning_is_as_anywhere(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	write_good(r, 39);
	write_one(r);
	write_one(r);
	rewind_tape(r);
	run_space(r, 0, 40);
	expect_good(r);
	run_read(r, 0, BLOCK, BLOCK);
	expect_good(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(programmable_early_warning_is_told_once),
		rig_test(it_is_told_of_fixed_blocks_when_all_are_written),
		rig_test(coming_into_the_zone_again_is_told_again),
		rig_test(a_zone_of_the_whole_medium_is_entered_by_the_first_write),
		rig_test(early_warning_says_more_than_programmable),
		rig_test(without_it_nothing_is_told_before_early_warning),
		rig_test(the_room_behind_early_warning_is_used_to_the_end),
		rig_test(reading_behind_early_warning_is_as_anywhere),
		rig_test(read_position_tells_programmable_early_warning),
		rig_test(read_position_tells_it_in_the_middle_of_the_recording),
	};

	return rig_main(tests);
}
