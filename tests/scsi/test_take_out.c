/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_take_out.c: an operator takes a cartridge out (vtl drive unload), asked or by force, and
 * switches what a drive does (vtl drive set).
 */
#include <errno.h>
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/library/internal.h"
#include "tests/support/rig.h"

#define INSIDE rig_inside("asks the library by itself, and looks into the drive")

/* As if the host had done nothing for a while. */
static void pause_host(struct rig *r)
{
	r->drive->streamed_ms = 0;
}

static int take_out(struct rig *r, bool force)
{
	return library_take_out(r->library, RIG_DRIVE_1, RIG_SLOT_4, force);
}

static void expect_gone(struct rig *r)
{
	struct library_element e;

	assert_true(library_element(r->library, RIG_SLOT_4, &e));
	assert_string_equal(e.barcode, "T1");
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
}

static void a_drive_at_rest_gives_its_cartridge(void **state)
{
	struct rig *r = *state;

	INSIDE;
	assert_int_equal(take_out(r, false), 0);
	expect_gone(r);
}

static void a_host_that_writes_is_not_robbed(void **state)
{
	struct rig *r = *state;

	INSIDE;
	write_block(r, 1, 1000);
	assert_int_equal(take_out(r, false), LIBRARY_E_BUSY);
	pause_host(r); /* however long it waits: no filemark has followed */
	assert_int_equal(take_out(r, false), LIBRARY_E_BUSY);
	write_filemarks(r, 1);
	assert_int_equal(take_out(r, false), LIBRARY_E_BUSY); /* a moment ago */
	pause_host(r);
	assert_int_equal(take_out(r, false), 0);
	expect_gone(r);
}

static void a_host_that_reads_is_not_robbed(void **state)
{
	struct rig *r = *state;

	INSIDE;
	write_sample(r);
	expect_block(r, 1, 100);
	assert_int_equal(take_out(r, false), LIBRARY_E_BUSY);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(take_out(r, false), 0); /* the host gave it away itself */
}

static void a_command_that_runs_is_not_waited_for(void **state)
{
	struct rig *r = *state;

	INSIDE;
	unit_lock(r->unit);
	assert_int_equal(take_out(r, false), LIBRARY_E_BUSY);
	unit_unlock(r->unit);
	r->drive->slow = true;
	motion_begin(r->unit, SENSE_REWIND_UNDER_WAY, 60000);
	assert_int_equal(take_out(r, false), LIBRARY_E_BUSY);
	assert_int_equal(take_out(r, true), 0);
	expect_gone(r);
}

static bool yes(void *ctx)
{
	++*(unsigned *)ctx;
	return true;
}

static void a_reserved_drive_keeps_its_cartridge(void **state)
{
	struct rig *r = *state;
	unsigned asked = 0;

	INSIDE;
	drive_set_reserved(r->drive, yes, &asked);
	assert_int_equal(take_out(r, false), LIBRARY_E_RESERVED);
	assert_int_equal(asked, 1);
	assert_int_equal(take_out(r, true), 0);
	expect_gone(r);
}

static void a_prevented_removal_needs_force(void **state)
{
	struct rig *r = *state;

	INSIDE;
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0);
	expect_good(r);
	assert_int_equal(take_out(r, false), LIBRARY_E_PREVENTED);
	assert_int_equal(take_out(r, true), 0);
	expect_gone(r);
}

static void force_loses_nothing_and_the_host_hears_of_the_next_cartridge(void **state)
{
	struct rig *r = *state;

	INSIDE;
	for (uint8_t i = 1; i <= 5; i++)
		write_block(r, i, 1000);
	assert_int_equal(take_out(r, true), 0);
	run_write(r, 0, 1000, 1000);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	for (uint8_t i = 1; i <= 5; i++)
		expect_block(r, i, 1000);
}

static void an_operators_wish_is_refused_as_a_move_is(void **state)
{
	struct rig *r = *state;

	INSIDE;
	assert_int_equal(library_take_out(r->library, RIG_DRIVE_2, RIG_SLOT_4, false),
			 LIBRARY_E_SOURCE_EMPTY);
	assert_int_equal(library_take_out(r->library, RIG_DRIVE_1, RIG_SLOT_2, true),
			 LIBRARY_E_DESTINATION_FULL);
	assert_int_equal(library_take_out(r->library, RIG_DRIVE_1, 9999, true),
			 LIBRARY_E_NO_ELEMENT);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_good(r);
}

static void a_drive_is_switched_while_it_is_in_use_and_keeps_it(void **state)
{
	struct rig *r = *state;

	INSIDE;
	assert_false(r->drive->slow || r->drive->asks_for_cleaning);
	assert_int_equal(library_set_drive_option(r->library, 1, LIBRARY_REALISTIC, true), 0);
	assert_int_equal(library_set_drive_option(r->library, 1, LIBRARY_CLEANING, true), 0);
	assert_true(r->drive->slow && r->drive->asks_for_cleaning);
	rig_restart(r);
	assert_true(r->drive->slow && r->drive->asks_for_cleaning);
	motion_begin(r->unit, SENSE_REWIND_UNDER_WAY, 60000);
	assert_int_equal(library_set_drive_option(r->library, 1, LIBRARY_REALISTIC, false), 0);
	assert_int_equal(motion_sense(r->unit, NULL), SENSE_NO_SENSE); /* its time is over */
	r->drive->dirt = DIRT_CLEAN_PERIODIC;
	assert_int_equal(library_set_drive_option(r->library, 1, LIBRARY_CLEANING, false), 0);
	assert_false(drive_wants_cleaning(r->drive));
	rig_restart(r);
	assert_false(r->drive->slow || r->drive->asks_for_cleaning);
}

/* Two calls that wait for a busy drive come to it in any order. */
static void a_call_that_comes_late_does_not_switch_back(void **state)
{
	struct rig *r = *state;
	const struct drive_link *link;

	INSIDE;
	link = &r->library->drives[0];
	assert_int_equal(library_set_drive_option(r->library, 1, LIBRARY_REALISTIC, true), 0);
	assert_int_equal(library_set_drive_option(r->library, 1, LIBRARY_REALISTIC, false), 0);
	link->ops->option(link->ctx, LIBRARY_REALISTIC); /* the first one */
	assert_false(r->drive->slow);
	assert_int_equal(library_set_drive_option(r->library, 1, LIBRARY_CLEANING, false), 0);
	assert_int_equal(library_set_drive_option(r->library, 1, LIBRARY_CLEANING, true), 0);
	link->ops->option(link->ctx, LIBRARY_CLEANING);
	assert_true(r->drive->asks_for_cleaning);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_drive_at_rest_gives_its_cartridge),
		rig_test(a_host_that_writes_is_not_robbed),
		rig_test(a_host_that_reads_is_not_robbed),
		rig_test(a_command_that_runs_is_not_waited_for),
		rig_test(a_reserved_drive_keeps_its_cartridge),
		rig_test(a_prevented_removal_needs_force),
		rig_test(force_loses_nothing_and_the_host_hears_of_the_next_cartridge),
		rig_test(an_operators_wish_is_refused_as_a_move_is),
		rig_test(a_drive_is_switched_while_it_is_in_use_and_keeps_it),
		rig_test(a_call_that_comes_late_does_not_switch_back),
	};

	return rig_main(tests);
}
