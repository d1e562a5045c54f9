/* SPDX-License-Identifier: Apache-2.0 */
/* Cleaning: a drive that asks for it, and the cartridges that do it. */
#include "tests/support/rig.h"

#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

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

/* ---- a drive that asks by itself ---- */

/* A drive that asks for cleaning after so many loads, or bytes, counted from now on. */
static void counts(struct rig *r, uint32_t loads, uint64_t bytes)
{
	struct drive *d = r->drive;

	rig_features(r, 0);
	r->model.clean_loads = loads;
	r->model.clean_bytes = bytes;
	d->asks_for_cleaning = true;
	d->life[LIFE_CLEANED_LOADS] = d->life[LIFE_LOADS];
	d->life[LIFE_CLEANED_WRITTEN] = drive_life(d, LIFE_WRITTEN);
}

static void load_again(struct rig *r, uint16_t slot)
{
	move(r, RIG_DRIVE_1, slot);
	move(r, slot, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
}

static void asked(struct rig *r, enum sense_id id)
{
	const struct sense_code *code = sense_code(id);

	run(r, 32, OP_REQUEST_SENSE, 0, 0, 0, 32, 0);
	expect_good(r);
	assert_int_equal(r->data[2] & 0x0f, code->key);
	assert_int_equal(r->data[12], code->asc);
	assert_int_equal(r->data[13], code->ascq);
}

/* Cleaning is requested (0Ch, 11h), or even required (11h). */
static void expect_pages(struct rig *r, bool requested, bool required)
{
	unsigned size, at = 4;

	run(r, 64, OP_LOG_SENSE, 0, 0x40 | 0x11, 0, 0, 0, 0, 0, 64, 0);
	expect_good(r);
	assert_int_equal(r->data[8] & 0x06, (requested ? 0x04 : 0) | (required ? 0x02 : 0));
	run(r, 255, OP_LOG_SENSE, 0, 0x40 | 0x0c, 0, 0, 0, 0, 0, 255, 0);
	expect_good(r);
	for (size = 4 + get_be16(r->data + 2); at < size; at += 4u + r->data[at + 3])
		if (get_be16(r->data + at) == 0x0100) {
			assert_int_equal(get_be64(r->data + at + 4), requested);
			return;
		}
	fail();
}

static void nobody_asks_unless_the_description_says_so(void **state)
{
	struct rig *r = *state;

	counts(r, 1, 1);
	r->drive->asks_for_cleaning = false;
	write_block(r, 1, 1000);
	load_again(r, RIG_SLOT_1);
	assert_int_equal(alerts(r), 0);
	asked(r, SENSE_NO_SENSE);
	expect_pages(r, false, false);
}

static void loads_are_counted_to_the_limit_and_to_twice_that(void **state)
{
	struct rig *r = *state;

	counts(r, 2, 0);
	load_again(r, RIG_SLOT_1);
	assert_int_equal(alerts(r), 0);
	expect_pages(r, false, false);
	load_again(r, RIG_SLOT_1);
	assert_int_equal(alerts(r), FLAG(ALERT_CLEAN_PERIODIC));
	assert_int_equal(alerts(r), 0); /* read, but */
	expect_pages(r, true, false);   /* not cleaned */
	asked(r, SENSE_CLEANING_REQUESTED);
	ready(r);
	expect_good(r);
	load_again(r, RIG_SLOT_1);
	assert_int_equal(alerts(r), FLAG(ALERT_CLEAN_PERIODIC)); /* it asks again */
	load_again(r, RIG_SLOT_1);
	assert_int_equal(alerts(r), FLAG(ALERT_CLEAN_PERIODIC) | FLAG(ALERT_CLEAN_NOW));
	expect_pages(r, true, true);
	load_again(r, RIG_SLOT_1);
	rig_power_on(r);
	r->unit->attentions_cnt = 0;
	assert_int_equal(alerts(r), FLAG(ALERT_CLEAN_PERIODIC) | FLAG(ALERT_CLEAN_NOW));
}

static void what_is_written_is_counted(void **state)
{
	struct rig *r = *state;

	counts(r, 0, 3000);
	write_block(r, 1, 2999);
	load_again(r, RIG_SLOT_1);
	assert_int_equal(alerts(r), 0);
	write_block(r, 1, 1);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	assert_int_equal(alerts(r), FLAG(ALERT_CLEAN_PERIODIC));
}

static void a_cleaning_begins_anew_and_outlives_a_restart(void **state)
{
	struct rig *r = *state;
	uint64_t loads;

	counts(r, 1, 0);
	load_again(r, RIG_SLOT_1);
	load_again(r, RIG_SLOT_1);
	assert_int_equal(r->drive->dirt, DIRT_CLEAN_NOW);
	loads = r->drive->life[LIFE_LOADS];
	rig_medium(r, &universal);
	assert_int_equal(alerts(r), FLAG(ALERT_CLEANING_MEDIUM));
	assert_int_equal(r->drive->life[LIFE_CLEANINGS], 1);
	expect_pages(r, false, false);
	asked(r, SENSE_CLEANING_CARTRIDGE);
	rig_restart(r);
	assert_int_equal(r->drive->life[LIFE_CLEANINGS], 1); /* not once more */
	assert_int_equal(r->drive->life[LIFE_CLEANED_LOADS], loads);
	r->drive->asks_for_cleaning = true;
	drive_check_cleaning(r->drive, true);
	assert_int_equal(r->drive->dirt, DIRT_NONE);
}

static void a_slow_drive_takes_its_time_to_be_cleaned(void **state)
{
	struct rig *r = *state;

	counts(r, 1, 0);
	r->model.timing.cleaning_ms = 600000;
	r->drive->slow = true;
	rig_medium(r, &universal);
	ready(r);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE);
	assert_int_equal(motion_sense(r->unit, NULL), SENSE_CLEANING_CARTRIDGE);
	run(r, 32, OP_REQUEST_SENSE, 0, 0, 0, 32, 0);
	assert_int_equal(r->data[15] & 0x80, 0x80); /* with progress */
	motion_end(r->unit);
	ready(r);
	expect_sense(r, SENSE_CLEANING_CARTRIDGE); /* until it is taken out */
	asked(r, SENSE_CLEANING_CARTRIDGE);
	assert_int_equal(r->data[15], 0);
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
		rig_test(nobody_asks_unless_the_description_says_so),
		rig_test(loads_are_counted_to_the_limit_and_to_twice_that),
		rig_test(what_is_written_is_counted),
		rig_test(a_cleaning_begins_anew_and_outlives_a_restart),
		rig_test(a_slow_drive_takes_its_time_to_be_cleaned),
	};

	return rig_main(tests);
}
