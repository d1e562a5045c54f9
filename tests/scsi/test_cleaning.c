/* SPDX-License-Identifier: Apache-2.0 */
/* Cleaning: a drive that asks for it, and the cartridges that do it. */
#include "tests/support/rig.h"

#include <string.h>

#include "handlers/tape/internal.h"

static const struct cart_params universal = {
	.barcode = "CLNU01CU", .medium_type = 0x01, .kind = CART_CLEANING, .cleanings = 2
};

static void ready(struct rig *r)
{
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

/* Flag n is bit n - 1; reading them clears them. */
static uint64_t alerts(struct rig *r)
{
	uint64_t flags = 0;

	run(r, 400, OP_LOG_SENSE, 0, 0x40 | 0x2e, 0, 0, 0, 0, 0x01, 0x90, 0);
	expect_good(r);
	for (unsigned n = 0; n < 64; n++)
		flags |= (uint64_t)(r->data[4 + 5 * n + 4] & 1) << n;
	return flags;
}

#define FLAG(n) (1ull << ((n)-1))

static uint32_t used(struct rig *r)
{
	struct cart_info info;

	assert_int_equal(cart_stat(r->pool, "CLNU01CU", &info), 0);
	return info.cleanings_used;
}

static void asks_for_cleaning(struct rig *r)
{
	struct drive *d = r->drive;

	drive_alert(d, ALERT_CLEAN_NOW);
	drive_alert(d, ALERT_CLEAN_PERIODIC);
}

static void it_cleans_and_rests_in_the_drive_until_it_is_taken_out(void **state)
{
	struct rig *r = *state;

	asks_for_cleaning(r);
	rig_medium(r, &universal);
	ready(r);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
	assert_int_equal(alerts(r), FLAG(ALERT_CLEANING_MEDIUM));
	assert_int_equal(used(r), 1);
	ready(r);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE); /* looking uses nothing */
	assert_int_equal(used(r), 1);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	write_block(r, 1, 100);
	assert_int_equal(alerts(r), 0);
}

static void it_is_neither_read_nor_written_nor_loaded_again(void **state)
{
	struct rig *r = *state;

	rig_medium(r, &universal);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
	run_write(r, 0, 100, 100);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
	assert_int_equal(used(r), 1);
	run(r, 64, OP_MODE_SENSE_6, 0, 0x3f, 0, 64, 0);
	expect_good(r);
	run(r, 200, OP_REPORT_DENSITY_SUPPORT, 0x01, 0, 0, 0, 0, 0, 0, 200, 0);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
}

static void a_restart_does_not_use_it(void **state)
{
	struct rig *r = *state;

	rig_medium(r, &universal);
	rig_restart(r);
	ready(r);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
	assert_int_equal(used(r), 1);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	assert_int_equal(used(r), 2);
}

static void one_that_is_used_up_says_so_and_cleans_nothing(void **state)
{
	struct rig *r = *state;

	rig_medium(r, &universal);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	(void)alerts(r);
	asks_for_cleaning(r);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_CLEANING_FAILURE);
	assert_int_equal(alerts(r), FLAG(ALERT_CLEAN_NOW) | FLAG(ALERT_CLEAN_PERIODIC) |
					    FLAG(ALERT_CLEANING_EXPIRED));
	assert_int_equal(used(r), 2);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
}

static void one_of_other_drives_is_refused(void **state)
{
	const struct cart_params other = {
		.barcode = "CLN002", .medium_type = 0x77, .kind = CART_CLEANING, .cleanings = 20
	};
	struct rig *r = *state;

	rig_medium(r, &other);
	ready(r);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
	assert_int_equal(alerts(r), FLAG(ALERT_CLEANING_INVALID));
}

static void a_drive_that_is_never_cleaned_takes_none(void **state)
{
	struct rig *r = *state;

	drive_unit(r->drive)->features &= ~(unsigned)DRIVE_CLEANING;
	rig_medium(r, &universal);
	ready(r);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
	assert_int_equal(used(r), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(it_cleans_and_rests_in_the_drive_until_it_is_taken_out),
		rig_test(it_is_neither_read_nor_written_nor_loaded_again),
		rig_test(a_restart_does_not_use_it),
		rig_test(one_that_is_used_up_says_so_and_cleans_nothing),
		rig_test(one_of_other_drives_is_refused),
		rig_test(a_drive_that_is_never_cleaned_takes_none),
	};

	return rig_main(tests);
}
