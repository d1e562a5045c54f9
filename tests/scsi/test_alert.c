/* SPDX-License-Identifier: Apache-2.0 */
/* TapeAlert: how flags are raised, told and cleared (SSC-5; mode page 1Ch of SPC-5). */
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define DEXCPT 0x08
#define TEST   0x04

/* A page as it is, its bytes changed by the caller, goes back. */
static void sense_page(struct rig *r, uint8_t page, uint8_t subpage)
{
	run(r, 64, OP_MODE_SENSE_10, 0x08, page, subpage, 0, 0, 0, 0, 64, 0);
	expect_good(r);
}

static void select_page(struct rig *r, uint8_t size)
{
	memset(r->data, 0, 8);
	r->data[3] = 0x10;
	run(r, 8u + size, OP_MODE_SELECT_10, 0x10, 0, 0, 0, 0, 0, 0, 8 + size, 0);
}

static void exceptions(struct rig *r, uint8_t byte_2, uint8_t mrie, int32_t number)
{
	sense_page(r, 0x1c, 0);
	r->data[8 + 2] = byte_2;
	r->data[8 + 3] = mrie;
	put_be32(r->data + 8 + 8, (uint32_t)number);
	select_page(r, 12);
}

static void expect_flags(struct rig *r, uint64_t flags)
{
	uint64_t seen = 0;

	run(r, 400, OP_LOG_SENSE, 0, 0x40 | 0x2e, 0, 0, 0, 0, 0x01, 0x90, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4 + 64 * 5);
	for (unsigned n = 0; n < 64; n++)
		seen |= (uint64_t)(r->data[4 + 5 * n + 4] & 1) << n;
	assert_true(seen == flags);
}

static void test_unit(struct rig *r)
{
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

static void all_flags_can_be_tested(void **state)
{
	struct rig *r = *state;

	for (int n = 1; n <= 64; n++) {
		exceptions(r, TEST, 0, n);
		expect_good(r);
		expect_flags(r, UINT64_C(1) << (n - 1));
		expect_flags(r, 0); /* reading clears */
	}
	exceptions(r, TEST, 0, 32767);
	exceptions(r, TEST, 0, -64);
	expect_good(r);
	expect_flags(r, UINT64_MAX >> 1);
	sense_page(r, 0x1c, 0); /* a test is an act, not a state */
	assert_memory_equal(r->data + 8 + 2, ((const uint8_t[]){ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }),
			    10);
}

static void wrong_tests_are_refused_with_their_byte(void **state)
{
	struct rig *r = *state;

	exceptions(r, TEST | DEXCPT, 0, 3);
	expect_list_field(r, 8 + 2);
	exceptions(r, TEST, 0, 65);
	expect_list_field(r, 8 + 8);
	exceptions(r, 0, 0, 3); /* a flag without a test */
	expect_list_field(r, 8 + 8);
	exceptions(r, 0, 1, 0); /* asynchronous event reporting is obsolete */
	expect_list_field(r, 8 + 3);
	exceptions(r, 0x80 | DEXCPT, 3, 0); /* PERF */
	expect_list_field(r, 8 + 2);
}

/* Once, and with each method in its own way; the false ones with 5D/FF. */
static void exceptions_are_told_as_mrie_asks(void **state)
{
	static const struct {
		uint8_t mrie;
		enum sense_id flag, test;
	} rows[] = {
		{ 2, SENSE_EXCEPTION_ATTENTION, SENSE_TEST_EXCEPTION_ATTENTION },
		{ 4, SENSE_EXCEPTION_RECOVERED, SENSE_TEST_EXCEPTION_RECOVERED },
		{ 5, SENSE_EXCEPTION_TOLD, SENSE_TEST_EXCEPTION_TOLD },
	};
	struct rig *r = *state;

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		exceptions(r, 0, rows[i].mrie, 0);
		expect_good(r);
		test_unit(r);
		expect_good(r);
		exceptions(r, TEST, rows[i].mrie, 38);
		if (rows[i].mrie == 2) /* the next command hears it; else this one */
			test_unit(r);
		expect_sense(r, rows[i].flag);
		test_unit(r);
		expect_good(r);
		exceptions(r, TEST, rows[i].mrie, 0);
		if (rows[i].mrie == 2)
			test_unit(r);
		expect_sense(r, rows[i].test);
		expect_flags(r, UINT64_C(1) << 37);
	}
}

static void request_sense_tells_what_is_polled_for(void **state)
{
	struct rig *r = *state;

	exceptions(r, TEST, 6, 38);
	expect_good(r);
	test_unit(r);
	expect_good(r);
	run(r, 18, OP_REQUEST_SENSE, 0, 0, 0, 18, 0);
	expect_good(r);
	assert_int_equal(r->data[2] & 0x0f, 0);
	assert_int_equal(get_be16(r->data + 12), 0x5d00);
	run(r, 18, OP_REQUEST_SENSE, 0, 0, 0, 18, 0);
	assert_int_equal(get_be16(r->data + 12), 0);
}

static void recovered_errors_are_told_only_where_per_allows(void **state)
{
	struct rig *r = *state;

	exceptions(r, TEST, 3, 38);
	expect_good(r);
	expect_flags(r, UINT64_C(1) << 37);
	sense_page(r, 0x01, 0);
	r->data[8 + 2] |= 0x04;
	select_page(r, 12);
	expect_good(r);
	exceptions(r, TEST, 3, 38);
	expect_sense(r, SENSE_EXCEPTION_RECOVERED);
}

static void without_exceptions_flags_are_only_in_the_log(void **state)
{
	struct rig *r = *state;

	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_REMOVAL_PREVENTED);
	test_unit(r);
	expect_good(r);
	expect_flags(r, UINT64_C(1) << 9);
}

static void taplsd_keeps_flags_from_being_cleared_by_reading(void **state)
{
	struct rig *r = *state;

	sense_page(r, 0x10, 0x01);
	r->data[8 + 4] = 0x01;
	select_page(r, 32);
	expect_good(r);
	exceptions(r, TEST, 0, 38);
	expect_flags(r, UINT64_C(1) << 37);
	expect_flags(r, UINT64_C(1) << 37);
	run(r, 0, OP_LOG_SELECT, 0x02, 0x40 | 0x2e, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	expect_flags(r, 0);
}

static void another_medium_takes_the_flags_of_the_last_one(void **state)
{
	struct rig *r = *state;

	exceptions(r, TEST, 0, 5);  /* read failure: of the medium */
	exceptions(r, TEST, 0, 31); /* hardware: of the drive */
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	move(r, RIG_SLOT_2, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
	expect_flags(r, UINT64_C(1) << 30);
}

/* Flags 1 to 19, 51 to 56, 59 and 60. */
#define OF_THE_MEDIUM UINT64_C(0x0cfc00000007ffff)

static void each_flag_of_a_medium_goes_with_it_and_no_other(void **state)
{
	struct rig *r = *state;

	exceptions(r, TEST, 0, 32767);
	expect_good(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	move(r, RIG_SLOT_2, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
	expect_flags(r, ~OF_THE_MEDIUM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(all_flags_can_be_tested),
		rig_test(wrong_tests_are_refused_with_their_byte),
		rig_test(exceptions_are_told_as_mrie_asks),
		rig_test(request_sense_tells_what_is_polled_for),
		rig_test(recovered_errors_are_told_only_where_per_allows),
		rig_test(without_exceptions_flags_are_only_in_the_log),
		rig_test(taplsd_keeps_flags_from_being_cleared_by_reading),
		rig_test(another_medium_takes_the_flags_of_the_last_one),
		rig_test(each_flag_of_a_medium_goes_with_it_and_no_other),
	};

	return rig_main(tests);
}
