/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MAINTENANCE IN and OUT (SPC-5) beside REPORT SUPPORTED OPERATION CODES: task management
 * functions, target port groups, timestamp, identifying information.
 */
#include <string.h>

#include "handlers/scsi/mode.h"
#include "handlers/scsi/service.h"
#include "lib/base/bytes.h"
#include "tests/support/rig.h"

static void run_in(struct rig *r, uint8_t byte1, uint8_t byte2, uint32_t allocation, uint8_t byte10)
{
	uint8_t cdb[12] = { OP_MAINTENANCE_IN, byte1, byte2, [10] = byte10 };

	put_be32(cdb + 6, allocation);
	memset(r->data, 0xee, 512);
	run_cdb(r, cdb, sizeof(cdb), 512);
}

static void run_out(struct rig *r, uint8_t sa, uint32_t length, size_t size, uint8_t byte10)
{
	uint8_t cdb[12] = { OP_MAINTENANCE_OUT, sa, [10] = byte10 };

	put_be32(cdb + 6, length);
	run_cdb(r, cdb, sizeof(cdb), size);
}

static void task_management_is_what_lio_does(void **state)
{
	struct rig *r = *state;

	run_in(r, 0x0d, 0, 512, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4);
	assert_memory_equal(r->data, "\x88\0\0\0", 4);
	run_in(r, 0x0d, 0x80, 512, 0); /* REPD */
	assert_int_equal(r->cmd.in_len, 16);
	assert_memory_equal(r->data, "\x88\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void there_is_one_group_of_ports_and_it_is_active(void **state)
{
	struct rig *r = *state;

	run_in(r, 0x0a, 0, 512, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 16);
	assert_int_equal(get_be32(r->data), 12);
	assert_int_equal(r->data[4], 0x00); /* active/optimized, not preferred */
	assert_int_equal(r->data[5], 0x01);
	assert_int_equal(r->data[11], 1); /* ports */
	assert_int_equal(get_be16(r->data + 14), 1);
	run_in(r, 0x2a, 0, 512, 0); /* the extended header */
	assert_int_equal(r->cmd.in_len, 20);
	assert_int_equal(get_be32(r->data), 16);
	assert_int_equal(r->data[4], 0x10);
	run_in(r, 0x4a, 0, 512, 0);
	expect_field_bit(r, 1, 7);
}

static uint64_t timestamp(struct rig *r, unsigned origin)
{
	run_in(r, 0x0f, 0, 512, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 12);
	assert_int_equal(get_be16(r->data), 10);
	assert_int_equal(r->data[2], origin);
	return (uint64_t)get_be16(r->data + 4) << 32 | get_be32(r->data + 6);
}

static void the_timestamp_counts_from_power_on_until_it_is_set(void **state)
{
	const uint64_t set = 0xf0dcba987654ull;
	struct rig *r = *state;
	uint64_t now;

	if (mode_current(r->unit, 0x0a, 0x01) != NULL) /* no clock from outside */
		mode_current(r->unit, 0x0a, 0x01)[4] = 0x02;
	assert_true(timestamp(r, TIMESTAMP_POWER_ON) < 600000);
	memset(r->data, 0, 12);
	put_be16(r->data + 4, (uint16_t)(set >> 32));
	put_be32(r->data + 6, (uint32_t)set);
	run_out(r, 0x0f, 12, 12, 0);
	expect_good(r);
	now = timestamp(r, TIMESTAMP_SET);
	assert_true(now >= set && now < set + 600000); /* 48 bits, in milliseconds */
	rig_power_on(r);
	r->unit->attentions_cnt = 0;
	run_in(r, 0x0f, 0, 512, 0);
	assert_int_not_equal(r->data[2], TIMESTAMP_SET);
	assert_int_not_equal(get_be16(r->data + 4), set >> 32);
}

static void a_bad_timestamp_is_not_set(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0, 12);
	run_out(r, 0x0f, 0, 0, 0);
	expect_good(r);
	for (uint32_t size = 1; size < 16; size++) {
		if (size == 12)
			continue;
		run_out(r, 0x0f, size, size, 0);
		expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	}
	run_out(r, 0x0f, 12, 11, 0);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	for (unsigned byte = 0; byte < 12; byte++) {
		if (byte >= 4 && byte < 10)
			continue;
		memset(r->data, 0, 12);
		r->data[byte] = 0x10;
		run_out(r, 0x0f, 12, 12, 0);
		expect_list_field(r, byte);
	}
	memset(r->data, 0, 12);
	r->data[4] = 0xf1;
	run_out(r, 0x0f, 12, 12, 0);
	expect_list_field(r, 4);
	run_in(r, 0x0f, 0, 512, 0);
	assert_int_not_equal(r->data[2], TIMESTAMP_SET);
}

/* SCSIP and TCMOS of the control extension mode page. */
static void the_control_extension_page_says_whose_clock_it_is(void **state)
{
	struct rig *r = *state;
	uint8_t *page = mode_current(r->unit, 0x0a, 0x01);

	assert_non_null(page);
	page[4] = 0x04;
	memset(r->data, 0, 12);
	run_out(r, 0x0f, 12, 12, 0);
	expect_field_bit(r, 1, 4);
	assert_true(timestamp(r, TIMESTAMP_OUTSIDE) > 1700000000000ull);
	page[4] = 0x06;
	memset(r->data, 0, 12);
	run_out(r, 0x0f, 12, 12, 0);
	expect_good(r);
	assert_true(timestamp(r, TIMESTAMP_SET) < 600000);
}

static void identifying_information_survives_a_restart(void **state)
{
	struct rig *r = *state;

	run_in(r, 0x05, 0, 512, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4);
	assert_memory_equal(r->data, "\0\0\0\0", 4);
	memset(r->data, 0xa5, 64);
	run_out(r, 0x06, 64, 64, 0);
	expect_good(r);
	memcpy(r->data, "third rack", 11);
	run_out(r, 0x06, 11, 11, 2 << 1);
	expect_good(r);
	drive_free(r->drive);
	assert_int_equal(drive_new(r->library, 1, &r->drive), 0);
	r->unit = drive_unit(r->drive);
	r->unit->attentions_cnt = 0;
	run_in(r, 0x05, 0, 512, 0);
	assert_int_equal(r->cmd.in_len, 68);
	assert_int_equal(get_be16(r->data + 2), 64);
	assert_int_equal(r->data[67], 0xa5);
	run_in(r, 0x05, 0, 512, 2 << 1);
	assert_int_equal(get_be16(r->data + 2), 11);
	assert_string_equal((const char *)r->data + 4, "third rack");
	run_out(r, 0x06, 0, 0, 0); /* taken away */
	expect_good(r);
	run_in(r, 0x05, 0, 512, 0);
	assert_int_equal(r->cmd.in_len, 4);
	r->unit = changer_unit(r->changer); /* which has its own */
	run_in(r, 0x05, 0, 512, 2 << 1);
	assert_int_equal(r->cmd.in_len, 4);
}

static void identifying_information_has_limits(void **state)
{
	struct rig *r = *state;

	run_in(r, 0x05, 0, 512, 0x7f << 1);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 12);
	assert_memory_equal(r->data, "\0\0\0\x08\0\0\0\x40\x04\0\x01\0", 12);
	run_in(r, 0x05, 0, 512, 1 << 1);
	expect_field_bit(r, 10, 7);
	run_out(r, 0x06, 1, 1, 0x7f << 1);
	expect_field_bit(r, 10, 7);
	run_out(r, 0x06, 65, 65, 0);
	expect_field_bit(r, 6, 7);
	run_out(r, 0x06, 257, 257, 2 << 1);
	expect_field_bit(r, 6, 7);
	run_out(r, 0x06, 8, 7, 0);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	memcpy(r->data, "open", 4);
	run_out(r, 0x06, 4, 4, 2 << 1); /* text that does not end with a 0 */
	expect_list_field(r, 3);
	run_in(r, 0x05, 0, 512, 2 << 1);
	assert_int_equal(r->cmd.in_len, 4);
}

/* sg_rmsn asks so. */
static void the_medium_has_a_serial_number_of_its_own(void **state)
{
	struct rig *r = *state;
	uint8_t first[36];

	run(r, 64, OP_SERVICE_ACTION_IN_12, SA_READ_MEDIA_SERIAL_NUMBER, 0, 0, 0, 0, 0, 0, 0, 64, 0,
	    0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 36);
	assert_int_equal(get_be32(r->data), 32);
	memcpy(first, r->data, sizeof(first));
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, RIG_SLOT_2, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
	run(r, 64, OP_SERVICE_ACTION_IN_12, SA_READ_MEDIA_SERIAL_NUMBER, 0, 0, 0, 0, 0, 0, 0, 64, 0,
	    0);
	expect_good(r);
	assert_memory_not_equal(r->data + 4, first + 4, 32);
	run(r, 64, OP_SERVICE_ACTION_IN_12, 0x02, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0);
	expect_field_bit(r, 1, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(task_management_is_what_lio_does),
		rig_test(there_is_one_group_of_ports_and_it_is_active),
		rig_test(the_timestamp_counts_from_power_on_until_it_is_set),
		rig_test(a_bad_timestamp_is_not_set),
		rig_test(the_control_extension_page_says_whose_clock_it_is),
		rig_test(identifying_information_survives_a_restart),
		rig_test(identifying_information_has_limits),
		rig_test(the_medium_has_a_serial_number_of_its_own),
	};

	return rig_main(tests);
}
