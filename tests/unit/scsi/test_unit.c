/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of unit attentions, and a unit's identity. */
#include "handlers/scsi/unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "handlers/scsi/vpd.h"

static void attentions_stand_in_order_once_each_power_on_first(void **state)
{
	static struct scsi_unit unit; /* large */

	(void)state;
	unit.attentions_cnt = 0;
	unit_attention(&unit, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	unit_attention(&unit, SENSE_POWER_ON);
	unit_attention(&unit, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	unit_attention(&unit, SENSE_POWER_ON);
	assert_int_equal(unit.attentions_cnt, 2);
	assert_int_equal(unit.attentions[0], SENSE_POWER_ON);
	assert_int_equal(unit.attentions[1], SENSE_MEDIUM_MAY_HAVE_CHANGED);
}

static void attentions_stand_in_the_order_of_precedence(void **state)
{
	static const enum sense_id order[] = {
		SENSE_POWER_ON,
		SENSE_BUS_RESET,
		SENSE_UNIT_RESET,
		SENSE_INTERNAL_RESET,
		SENSE_MEDIUM_MAY_HAVE_CHANGED,
		SENSE_MODE_CHANGED,
		SENSE_LOG_CHANGED,
		SENSE_INQUIRY_CHANGED,
		SENSE_MICROCODE_CHANGED,
		SENSE_IDENTIFIER_CHANGED,
		SENSE_TIMESTAMP_CHANGED,
	};
	const unsigned cnt = sizeof(order) / sizeof(order[0]);
	static struct scsi_unit unit; /* large */

	(void)state;
	unit.attentions_cnt = 0;
	for (unsigned i = 0; i < cnt; i++) /* 5 is prime to their number */
		unit_attention(&unit, order[i * 5 % cnt]);
	assert_int_equal(unit.attentions_cnt, cnt);
	for (unsigned i = 0; i < cnt; i++)
		assert_int_equal(unit.attentions[i], order[i]);
	unit_attention_clear(&unit, SENSE_LOG_CHANGED);
	assert_int_equal(unit.attentions_cnt, cnt - 1);
	assert_int_equal(unit.attentions[6], SENSE_INQUIRY_CHANGED);
}

static void a_full_queue_drops_the_last_in_order(void **state)
{
	static struct scsi_unit unit; /* large */

	(void)state;
	unit.attentions_cnt = 0;
	for (unsigned i = 0; i < UNIT_ATTENTIONS + 2; i++) /* none of them has a rank */
		unit_attention(&unit, (enum sense_id)(SENSE_NO_SENSE + i));
	assert_int_equal(unit.attentions_cnt, UNIT_ATTENTIONS);
	assert_int_equal(unit.attentions[0], SENSE_NO_SENSE);
	unit_attention(&unit, SENSE_POWER_ON);
	assert_int_equal(unit.attentions_cnt, UNIT_ATTENTIONS);
	assert_int_equal(unit.attentions[0], SENSE_POWER_ON);
	assert_int_equal(unit.attentions[UNIT_ATTENTIONS - 1],
			 SENSE_NO_SENSE + UNIT_ATTENTIONS - 2);
}

static void texts_are_padded_and_cut(void **state)
{
	uint8_t field[4];

	(void)state;
	scsi_put_text(field, 4, "ab");
	assert_memory_equal(field, "ab  ", 4);
	scsi_put_text(field, 4, "abcdef");
	assert_memory_equal(field, "abcd", 4);
}

static void designators_are_stable_and_differ_by_serial(void **state)
{
	struct scsi_identity a = { .vendor = "V", .product = "P", .serial = "S1" };
	uint8_t one[8], again[8], other[8];

	(void)state;
	vpd_naa(&a, one);
	vpd_naa(&a, again);
	assert_memory_equal(one, again, 8);
	a.serial[1] = '2';
	vpd_naa(&a, other);
	assert_memory_not_equal(one, other, 8);
	assert_int_equal(one[0] >> 4, 3);
}

static void data_goes_through_all_pieces_and_no_further(void **state)
{
	uint8_t a[3] = { 0 }, b[5] = { 0 }, back[8] = { 0 };
	struct iovec iov[] = { { a, 3 }, { b, 4 } };
	struct scsi_cmd cmd = { .iov = iov, .iov_cnt = 2 };

	(void)state;
	cmd.iov_len = scsi_iov_length(iov, 2);
	assert_int_equal(cmd.iov_len, 7);
	scsi_put_data(&cmd, "123456789", 9, 100);
	assert_int_equal(cmd.in_len, 7);
	assert_memory_equal(a, "123", 3);
	assert_memory_equal(b, "4567\0", 5);
	assert_int_equal(scsi_get_data(&cmd, back, 8), 7);
	assert_memory_equal(back, "1234567\0", 8);
	scsi_put_data(&cmd, "abc", 3, 2);
	assert_int_equal(cmd.in_len, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attentions_stand_in_order_once_each_power_on_first),
		cmocka_unit_test(attentions_stand_in_the_order_of_precedence),
		cmocka_unit_test(a_full_queue_drops_the_last_in_order),
		cmocka_unit_test(texts_are_padded_and_cut),
		cmocka_unit_test(designators_are_stable_and_differ_by_serial),
		cmocka_unit_test(data_goes_through_all_pieces_and_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
