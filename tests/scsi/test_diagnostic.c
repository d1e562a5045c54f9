/* SPDX-License-Identifier: Apache-2.0 */
/* SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS (SPC-5), of the drive and of the changer. */
#include <stdio.h>
#include <string.h>

#include "handlers/scsi/service.h"
#include "lib/base/fs.h"
#include "tests/support/rig.h"

static void every_self_test_is_done_and_noted(void **state)
{
	static const uint8_t bytes[] = { 0x04, 0x20, 0x40, 0xa0, 0xc0 };
	static const uint8_t codes[] = { 0, 1, 2, 5, 6 };
	struct rig *r = *state;
	struct scsi_unit *units[] = { drive_unit(r->drive), changer_unit(r->changer) };

	for (unsigned u = 0; u < 2; u++) {
		r->unit = units[u];
		assert_null(unit_selftest(r->unit, 0));
		for (unsigned i = 0; i < sizeof(bytes); i++) {
			run(r, 0, OP_SEND_DIAGNOSTIC, bytes[i], 0, 0, 0, 0);
			expect_good(r);
			assert_int_equal(unit_selftest(r->unit, 0)->code, codes[i]);
			assert_int_equal(unit_selftest(r->unit, 0)->outcome, 0);
		}
		assert_int_equal(unit_selftest(r->unit, 4)->code, 0);
		assert_null(unit_selftest(r->unit, 5));
	}
}

static void results_survive_a_restart_and_the_oldest_go(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < UNIT_SELFTESTS; i++)
		run(r, 0, OP_SEND_DIAGNOSTIC, 0x20, 0, 0, 0, 0);
	run(r, 0, OP_SEND_DIAGNOSTIC, 0xc0, 0, 0, 0, 0);
	expect_good(r);
	drive_free(r->drive);
	assert_int_equal(drive_new(r->library, 1, &r->drive), 0);
	r->unit = drive_unit(r->drive);
	assert_int_equal(unit_selftest(r->unit, 0)->code, 6);
	assert_int_equal(unit_selftest(r->unit, UNIT_SELFTESTS - 1)->code, 1);
	assert_null(unit_selftest(r->unit, UNIT_SELFTESTS));
}

static void a_pool_that_does_not_answer_fails_the_test(void **state)
{
	struct rig *r = *state;
	g_autofree char *away = g_strconcat(r->pool, ".away", NULL);

	assert_int_equal(rename(r->pool, away), 0);
	run(r, 0, OP_SEND_DIAGNOSTIC, 0x04, 0, 0, 0, 0);
	expect_sense(r, SENSE_SELF_TEST_FAILED);
	assert_int_equal(unit_selftest(r->unit, 0)->outcome, 7);
	assert_int_equal(unit_selftest(r->unit, 0)->segment, 2);
	run(r, 0, OP_SEND_DIAGNOSTIC, 0x20, 0, 0, 0, 0); /* background: the log page tells */
	expect_good(r);
	assert_int_equal(unit_selftest(r->unit, 0)->outcome, 7);
	assert_int_equal(rename(away, r->pool), 0);
}

static void what_contradicts_itself_is_refused(void **state)
{
	struct rig *r = *state;

	for (uint8_t code = 1; code < 8; code++) { /* SELFTEST and a code */
		run(r, 0, OP_SEND_DIAGNOSTIC, (uint8_t)(code << 5 | 0x04), 0, 0, 0, 0);
		expect_field_bit(r, 1, 7);
	}
	run(r, 0, OP_SEND_DIAGNOSTIC, 0x60, 0, 0, 0, 0);
	expect_field_bit(r, 1, 7);
	run(r, 0, OP_SEND_DIAGNOSTIC, 0x80, 0, 0, 0, 0); /* abort: none is running */
	expect_field_bit(r, 1, 7);
	run(r, 0, OP_SEND_DIAGNOSTIC, 0xe0, 0, 0, 0, 0);
	expect_field_bit(r, 1, 7);
	run(r, 4, OP_SEND_DIAGNOSTIC, 0x14, 0, 0, 4, 0); /* a self-test with a list */
	expect_field_bit(r, 3, 7);
	run(r, 4, OP_SEND_DIAGNOSTIC, 0x30, 0, 0, 4, 0);
	expect_field_bit(r, 3, 7);
	run(r, 4, OP_SEND_DIAGNOSTIC, 0x00, 0, 0, 4, 0); /* a list without PF */
	expect_field_bit(r, 1, 4);
	assert_null(unit_selftest(r->unit, 0));
}

static void only_page_0_can_be_sent(void **state)
{
	struct rig *r = *state;

	run(r, 0, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 0, 0);
	expect_good(r);
	memset(r->data, 0, 8);
	run(r, 4, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 4, 0);
	expect_good(r);
	run(r, 8, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 8, 0);
	expect_list_field(r, 4);
	run(r, 3, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 3, 0);
	expect_field_bit(r, 3, 7);
	run(r, 2, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 4, 0);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	for (unsigned byte = 0; byte < 3; byte++) {
		memset(r->data, 0, 4);
		r->data[byte] = 0x90;
		run(r, 4, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 4, 0);
		expect_list_field(r, byte);
	}
}

static void of_page_80h_there_is_the_dump_alone(void **state)
{
	static const uint8_t dump[8] = { 0x80, 0, 0, 4, 0x01, 0x60 };
	struct rig *r = *state;

	for (unsigned byte = 1; byte < sizeof(dump); byte++) {
		if (byte == 2) /* more than the list has: below */
			continue;
		memcpy(r->data, dump, sizeof(dump));
		r->data[byte] = byte == 3 ? 3 : dump[byte] ^ 0x08;
		run(r, 8, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 8, 0);
		expect_list_field(r, byte);
	}
	memcpy(r->data, dump, sizeof(dump));
	run(r, 7, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 7, 0);
	expect_field_bit(r, 3, 7);
	r->data[8] = 0;
	run(r, 9, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 9, 0);
	expect_list_field(r, 8);
	run(r, 8, OP_SEND_DIAGNOSTIC, 0x10, 0, 0, 8, 0);
	expect_good(r);
}

static void the_list_of_pages_has_the_makers(void **state)
{
	struct rig *r = *state;

	for (uint8_t pcv = 0; pcv <= 1; pcv++) {
		run(r, 64, OP_RECEIVE_DIAGNOSTIC, pcv, 0, 0, 64, 0);
		expect_good(r);
		assert_int_equal(r->cmd.in_len, 6);
		assert_memory_equal(r->data, "\0\0\0\2\0\x80", 6);
		run(r, 64, OP_RECEIVE_DIAGNOSTIC, pcv, 0x40, 0, 64, 0);
		expect_field_bit(r, 2, 7);
	}
	run(r, 64, OP_RECEIVE_DIAGNOSTIC, 1, 0, 0, 2, 0);
	assert_int_equal(r->cmd.in_len, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(every_self_test_is_done_and_noted),
		rig_test(results_survive_a_restart_and_the_oldest_go),
		rig_test(a_pool_that_does_not_answer_fails_the_test),
		rig_test(what_contradicts_itself_is_refused),
		rig_test(only_page_0_can_be_sent),
		rig_test(of_page_80h_there_is_the_dump_alone),
		rig_test(the_list_of_pages_has_the_makers),
	};

	return rig_main(tests);
}
