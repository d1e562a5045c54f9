/* SPDX-License-Identifier: Apache-2.0 */
/* LOG SENSE and LOG SELECT: values by PC, thresholds, what outlives a restart (SPC-5), and the
 * statistics pages (SSC-5). */
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/library/unit_state.h"
#include "tests/support/rig.h"

#define PC_THRESHOLD         0x00
#define PC_CUMULATIVE        0x40
#define PC_DEFAULT_THRESHOLD 0x80
#define PC_DEFAULT           0xc0

static void sense(struct rig *r, uint8_t pc, uint8_t page, uint16_t from)
{
	run(r, 3000, OP_LOG_SENSE, 0, pc | page, 0, 0, (uint8_t)(from >> 8), (uint8_t)from, 0x0b,
	    0xb8, 0);
}

/* The parameter of a page, its header included; NULL: it is not there. */
static const uint8_t *parameter(struct rig *r, uint8_t pc, uint8_t page, uint16_t code)
{
	sense(r, pc, page, 0);
	expect_good(r);
	for (size_t at = 4; at < r->cmd.in_len; at += 4u + r->data[at + 3])
		if (get_be16(r->data + at) == code)
			return r->data + at;
	return NULL;
}

static uint64_t value(struct rig *r, uint8_t pc, uint8_t page, uint16_t code)
{
	const uint8_t *p = parameter(r, pc, page, code);
	uint64_t v = 0;

	assert_non_null(p);
	assert_true(p[3] <= 8);
	for (unsigned i = 0; i < p[3]; i++)
		v = v << 8 | p[4 + i];
	return v;
}

/* A list of one counter of 8 bytes. */
static void select_counter(struct rig *r, uint8_t flags, uint8_t pc, uint8_t page, uint16_t code,
			   uint8_t control, uint64_t v)
{
	memset(r->data, 0, 16);
	r->data[0] = page;
	r->data[3] = 12;
	put_be16(r->data + 4, code);
	r->data[6] = control;
	r->data[7] = 8;
	put_be64(r->data + 8, v);
	run(r, 16, OP_LOG_SELECT, flags, pc, 0, 0, 0, 0, 0, 16, 0);
}

static void set_rlec(struct rig *r)
{
	run(r, 20, OP_MODE_SENSE_10, 0x08, 0x0a, 0, 0, 0, 0, 0, 20, 0);
	r->data[0] = r->data[1] = 0;
	r->data[8 + 2] |= 0x01;
	run(r, 20, OP_MODE_SELECT_10, 0x10, 0, 0, 0, 0, 0, 0, 20, 0);
	expect_good(r);
}

static void the_four_values_are_told_apart(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 5000);
	select_counter(r, 0, PC_THRESHOLD, 0x02, 5, 0, 9000);
	expect_good(r);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x02, 5), 5000);
	assert_int_equal(value(r, PC_THRESHOLD, 0x02, 5), 9000);
	assert_true(value(r, PC_DEFAULT_THRESHOLD, 0x02, 5) == UINT64_MAX);
	assert_int_equal(value(r, PC_DEFAULT, 0x02, 5), 0);
	assert_int_equal(value(r, PC_THRESHOLD, 0x2e, 3), 0); /* a list: PC chooses nothing */
}

static void cumulative_values_can_be_set(void **state)
{
	struct rig *r = *state;

	select_counter(r, 0, PC_CUMULATIVE, 0x02, 5, 0, 77);
	expect_good(r);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x02, 5), 77);
	write_block(r, 1, 23);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x02, 5), 100);
}

static void a_threshold_that_is_met_is_told(void **state)
{
	static const struct {
		uint8_t control;
		uint64_t threshold;
		bool met; /* by writing 100, then 100 */
	} rows[] = {
		{ 0x00, 0, false },   { 0x10, 999, true },  /* every update */
		{ 0x14, 100, true },  { 0x14, 101, false }, /* equal */
		{ 0x18, 100, false }, { 0x18, 101, true },  /* not equal */
		{ 0x1c, 99, true },   { 0x1c, 100, false }, /* greater */
	};
	struct rig *r = *state;

	set_rlec(r);
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		select_counter(r, 0, PC_CUMULATIVE, 0x02, 5, rows[i].control, 0);
		expect_good(r);
		select_counter(r, 0, PC_THRESHOLD, 0x02, 5, rows[i].control, rows[i].threshold);
		expect_good(r);
		assert_int_equal(parameter(r, PC_CUMULATIVE, 0x02, 5)[2], rows[i].control);
		run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
		expect_good(r); /* no update, no comparison */
		write_block(r, 1, 100);
		run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
		if (rows[i].met)
			expect_sense(r, SENSE_THRESHOLD_CONDITION_MET);
		else
			expect_good(r);
		run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
		expect_good(r);
	}
}

static void without_rlec_nothing_is_told(void **state)
{
	struct rig *r = *state;

	select_counter(r, 0, PC_THRESHOLD, 0x02, 5, 0x10, 1);
	write_block(r, 1, 100);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_good(r);
}

static void a_full_counter_is_told(void **state)
{
	struct rig *r = *state;

	set_rlec(r);
	select_counter(r, 0, PC_THRESHOLD, 0x02, 5, 0x14, 1);
	expect_good(r);
	select_counter(r, 0, PC_CUMULATIVE, 0x02, 5, 0x14, UINT64_MAX - 100);
	write_block(r, 1, 100);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_LOG_COUNTER_AT_MAXIMUM);
}

static void defaults_come_back(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 100);
	select_counter(r, 0, PC_THRESHOLD, 0x02, 5, 0x1c, 7);
	run(r, 0, OP_LOG_SELECT, 0, PC_DEFAULT_THRESHOLD | 0x02, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_true(value(r, PC_THRESHOLD, 0x02, 5) == UINT64_MAX);
	assert_int_equal(parameter(r, PC_CUMULATIVE, 0x02, 5)[2], 0);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x02, 5), 100);
	run(r, 0, OP_LOG_SELECT, 0, PC_DEFAULT | 0x02, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x02, 5), 0);
	run(r, 0, OP_LOG_SELECT, 0, PC_CUMULATIVE | 0x02, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r); /* nothing to do */
}

static void what_cannot_be_set_is_refused_with_its_byte(void **state)
{
	static const struct {
		uint8_t at, byte, field;
	} rows[] = {
		{ 0, 0x15, 0 }, /* no such page */
		{ 0, 0x42, 0 }, /* SPF without a subpage */
		{ 1, 0x01, 1 }, /* no such subpage */
		{ 5, 0x00, 4 }, /* a parameter that is no counter to be set */
		{ 5, 0x77, 4 }, /* no such parameter */
		{ 6, 0x80, 6 }, /* DU */
		{ 6, 0x03, 6 }, /* another format */
		{ 7, 0x04, 7 }, /* another length */
		{ 7, 0x09, 7 }, /* longer than its page */
	};
	struct rig *r = *state;

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		memset(r->data, 0, 16);
		memcpy(r->data, ((const uint8_t[]){ 0x02, 0, 0, 12, 0, 5, 0, 8 }), 8);
		r->data[rows[i].at] = rows[i].byte;
		if (rows[i].byte == 0x04)
			r->data[3] = 8;
		run(r, 16, OP_LOG_SELECT, 0, PC_CUMULATIVE, 0, 0, 0, 0, 0, r->data[3] + 4, 0);
		expect_list_field(r, rows[i].field);
	}
	select_counter(r, 0, PC_DEFAULT, 0x02, 5, 0, 1);
	expect_field(r, 2); /* defaults are what they are */
	select_counter(r, 0x02, PC_CUMULATIVE, 0x02, 5, 0, 1);
	expect_field(r, 1); /* PCR and a list */
	run(r, 16, OP_LOG_SELECT, 0, PC_CUMULATIVE | 0x02, 0, 0, 0, 0, 0, 16, 0);
	expect_field(r, 2); /* a page, and a list that names pages */
	run(r, 0, OP_LOG_SELECT, 0x02, 0x15, 0, 0, 0, 0, 0, 0, 0);
	expect_field(r, 2);
	run(r, 0, OP_LOG_SELECT, 0x02, 0x02, 0x01, 0, 0, 0, 0, 0, 0);
	expect_field(r, 3);
	run(r, 3, OP_LOG_SELECT, 0, PC_CUMULATIVE, 0, 0, 0, 0, 0, 3, 0);
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	run(r, 10, OP_LOG_SELECT, 0, PC_CUMULATIVE, 0, 0, 0, 0, 0, 16, 0);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	run(r, 64, OP_LOG_SENSE, 0x02, PC_CUMULATIVE | 0x02, 0, 0, 0, 0, 0, 64, 0);
	expect_field(r, 1); /* PPC */
}

static void a_refused_list_changes_nothing(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0, 28);
	memcpy(r->data, ((const uint8_t[]){ 0x02, 0, 0, 24, 0, 5, 0x1c, 8 }), 8);
	memcpy(r->data + 16, ((const uint8_t[]){ 0, 0, 0, 8 }), 4);
	r->data[15] = 9;
	run(r, 28, OP_LOG_SELECT, 0x01, PC_CUMULATIVE, 0, 0, 0, 0, 0, 28, 0);
	expect_list_field(r, 16);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x02, 5), 0);
	assert_int_equal(parameter(r, PC_CUMULATIVE, 0x02, 5)[2], 0);
}

static void saved_thresholds_and_all_counters_outlive_a_restart(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 5000);
	select_counter(r, 0x01, PC_THRESHOLD, 0x02, 5, 0x1c, 9000);
	expect_good(r);
	select_counter(r, 0, PC_THRESHOLD, 0x02, 6, 0x1c, 3);
	expect_good(r);
	rig_restart(r);
	assert_int_equal(value(r, PC_THRESHOLD, 0x02, 5), 9000);
	assert_int_equal(parameter(r, PC_CUMULATIVE, 0x02, 5)[2], 0x1c);
	assert_true(value(r, PC_THRESHOLD, 0x02, 6) == UINT64_MAX); /* it was not saved */
	assert_int_equal(value(r, PC_CUMULATIVE, 0x02, 5), 5000);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x14, 0x0000), 2); /* loads: rig, restart */
	assert_int_equal(value(r, PC_CUMULATIVE, 0x14, 0x000c), 2); /* power cycles */
	run(r, 0, OP_LOG_SELECT, 0x02, 0x14, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x14, 0x000d), 0); /* loads since the reset */
	assert_int_equal(value(r, PC_CUMULATIVE, 0x14, 0x0000), 2);
}

/* 50: lost statistics. */
static void counters_that_cannot_be_read_are_an_alert(void **state)
{
	struct rig *r = *state;
	static const uint8_t junk[4000]; /* longer than all counters */

	assert_int_equal(value(r, PC_CUMULATIVE, 0x2e, 50), 0);
	/* the drive saves good ones when it goes, so the next one is another */
	assert_int_equal(library_unit_save(r->library, 2, "counters", junk, sizeof(junk)), 0);
	drive_free(r->drive);
	assert_int_equal(drive_new(r->library, 2, &r->drive), 0);
	r->unit = drive_unit(r->drive);
	r->unit->attentions_cnt = 0;
	assert_int_equal(value(r, PC_CUMULATIVE, 0x2e, 50), 1);
}

static void volume_statistics_are_the_cartridges(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 3000000 / 4);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0000), 1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0001), 1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0002), 1); /* one data set begun */
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0080), 0);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0081), 0);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0016), 1); /* 10^6 bytes */
	assert_memory_equal(parameter(r, PC_CUMULATIVE, 0x17, 0x0042) + 2,
			    "\x01\x20T1                              ", 34);
	assert_memory_equal(parameter(r, PC_CUMULATIVE, 0x17, 0x0043) + 4, "TCMU-VTL", 8);
	assert_memory_equal(parameter(r, PC_CUMULATIVE, 0x17, 0x0045) + 4, "Ultrium-8", 9);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0000), 0);
	assert_int_equal(r->cmd.in_len, 4 + 5); /* nothing else is there */
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0001), 2);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x0002), 1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x17, 0x000e), 0);
}

/* LTFS wants records of 8 bytes per partition, length 7 each. */
static void partition_records_are_as_ltfs_reads_them(void **state)
{
	static const uint8_t first[] = { 0x02, 0x02, 0x03, 0x08, 0x07, 0, 0, 0, 0, 0, 0, 1 };
	struct rig *r = *state;

	assert_memory_equal(parameter(r, PC_CUMULATIVE, 0x17, 0x0202), first, sizeof(first));
	assert_int_equal(parameter(r, PC_CUMULATIVE, 0x17, 0x0203)[3], 8);
	assert_int_equal(parameter(r, PC_CUMULATIVE, 0x17, 0x0204)[3], 8);
}

static void compression_is_counted_as_it_is(void **state)
{
	struct rig *r = *state;
	uint64_t stored;

	run(r, 255, OP_MODE_SENSE_6, 0, 0x0f, 0, 255, 0);
	r->data[0] = 0;
	r->data[14] |= 0x80;
	run(r, 28, OP_MODE_SELECT_6, 0x10, 0, 0, 28, 0);
	expect_good(r);
	write_block(r, 0, 1000000 + 234);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x1b, 6), 1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x1b, 7), 234);
	stored = value(r, PC_CUMULATIVE, 0x1b, 9);
	assert_true(stored > 0 && stored < 100000);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x1b, 1), 100023400 / stored);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x1b, 0x100), 1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x0c, 1), stored);
	rewind_tape(r);
	expect_block(r, 0, 1000234);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x32, 5), stored);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x32, 3), 234);
	move(r, RIG_DRIVE_1, RIG_SLOT_1); /* of the last load */
	assert_int_equal(value(r, PC_CUMULATIVE, 0x1b, 7), 234);
}

/* As a real LTO-10 drive without a cartridge says: DINIT, RAA; a poll each 500 ms. */
static void device_status_follows_the_drive(void **state)
{
	struct rig *r = *state;

	assert_memory_equal(parameter(r, PC_CUMULATIVE, 0x11, 0),
			    ((const uint8_t[]){ 0, 0, 0x03, 4, 0x21, 0x37, 0, 0 }), 8);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x11, 1), 500);
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x11, 0), 0xa1170000);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x14, 0x80), 1);
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x11, 0), 0x01200000);
}

#define WRTP 0x08000000u

static bool told_protected(struct rig *r)
{
	return (value(r, PC_CUMULATIVE, 0x11, 0) & WRTP) != 0;
}

static void device_status_says_what_protects_the_medium(void **state)
{
	static const struct cart_params tab = {
		.barcode = "TAB001L8", .density = 0x5e, .medium_type = 0x88, .write_protect = true
	};
	struct rig *r = *state;

	assert_false(told_protected(r));
	run(r, 64, OP_MODE_SENSE_6, 0x08, 0x10, 0, 64, 0);
	r->data[0] = 0;
	r->data[4 + 10] |= 0x04; /* SWP */
	run(r, 20, OP_MODE_SELECT_6, 0x10, 0, 0, 20, 0);
	expect_good(r);
	assert_true(told_protected(r));
	run(r, 64, OP_MODE_SENSE_6, 0x08, 0x10, 0, 64, 0);
	r->data[0] = r->data[2] = 0;
	r->data[4 + 10] &= 0xfb;
	run(r, 20, OP_MODE_SELECT_6, 0x10, 0, 0, 20, 0);
	expect_good(r);
	assert_false(told_protected(r));
	rig_medium_ready(r, &tab);
	assert_true(told_protected(r));
}

/* Tape diagnostic data (SSC-5): which command failed, on which volume; the newest is the first. */
static void diagnostic_data_name_the_command_and_the_volume(void **state)
{
	struct rig *r = *state;
	const uint8_t *e;

	write_block(r, 1, 100);
	write_block(r, 2, 100);
	write_filemarks(r, 1);
	rig_damage(r, 20);
	rewind_tape(r);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_UNRECOVERED_READ_ERROR);
	rewind_tape(r);
	run(r, 0, OP_VERIFY_6, 0, 0, 0, 100, 0);
	expect_sense(r, SENSE_UNRECOVERED_READ_ERROR);
	e = parameter(r, PC_CUMULATIVE, 0x16, 0);
	assert_int_equal(e[3], 68);
	assert_memory_equal(e + 4 + 2, "\x5e\x88", 2);
	assert_memory_equal(e + 4 + 9, "\x03\x11\x00", 3);
	assert_int_equal(e[4 + 24], OP_VERIFY_6);
	assert_memory_equal(e + 4 + 28, "T1                              ", 32);
	e = parameter(r, PC_CUMULATIVE, 0x16, 1);
	assert_int_equal(e[4 + 24], OP_READ_6);
}

static void tape_usage_counts_what_is_read(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 3000);
	write_filemarks(r, 1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x30, 2), 1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x30, 7), 0);
	rewind_tape(r);
	expect_block(r, 1, 3000);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x30, 7), 1);
}

/* Removal that is prevented: flag 10. */
static void a_response_is_read_without_clearing(void **state)
{
	struct rig *r = *state;

	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_REMOVAL_PREVENTED);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x11, 0) & 1, 1); /* TAFC */
	assert_int_equal(value(r, PC_CUMULATIVE, 0x12, 0) >> 48, 0x0040);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x12, 0) >> 48, 0x0040);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x11, 0) & 1, 0);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x2e, 10), 1);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x2e, 10), 0); /* and this one clears */
}

static void no_temperature_is_known(void **state)
{
	struct rig *r = *state;

	assert_int_equal(value(r, PC_CUMULATIVE, 0x0d, 0), 0xff);
	assert_int_equal(value(r, PC_CUMULATIVE, 0x0d, 1), 0xff);
}

static void allocation_lengths_cut(void **state)
{
	struct rig *r = *state;

	run(r, 3000, OP_LOG_SENSE, 0, PC_CUMULATIVE | 0x17, 0, 0, 0, 0, 0, 6, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 6);
	assert_true(get_be16(r->data + 2) > 200);
	sense(r, PC_CUMULATIVE, 0x17, 0x0203); /* from there on */
	expect_good(r);
	assert_int_equal(get_be16(r->data + 4), 0x0203);
	assert_int_equal(r->cmd.in_len, 4 + 2 * 12);
	sense(r, PC_CUMULATIVE, 0x17, 0x0205);
	expect_field(r, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(the_four_values_are_told_apart),
		rig_test(cumulative_values_can_be_set),
		rig_test(a_threshold_that_is_met_is_told),
		rig_test(without_rlec_nothing_is_told),
		rig_test(a_full_counter_is_told),
		rig_test(defaults_come_back),
		rig_test(what_cannot_be_set_is_refused_with_its_byte),
		rig_test(a_refused_list_changes_nothing),
		rig_test(saved_thresholds_and_all_counters_outlive_a_restart),
		rig_test(counters_that_cannot_be_read_are_an_alert),
		rig_test(volume_statistics_are_the_cartridges),
		rig_test(partition_records_are_as_ltfs_reads_them),
		rig_test(compression_is_counted_as_it_is),
		rig_test(device_status_follows_the_drive),
		rig_test(device_status_says_what_protects_the_medium),
		rig_test(diagnostic_data_name_the_command_and_the_volume),
		rig_test(tape_usage_counts_what_is_read),
		rig_test(a_response_is_read_without_clearing),
		rig_test(no_temperature_is_known),
		rig_test(allocation_lengths_cut),
	};

	return rig_main(tests);
}
