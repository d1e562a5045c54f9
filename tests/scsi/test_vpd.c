/* SPDX-License-Identifier: Apache-2.0 */
/* Vital product data, byte by byte (SPC-5, SSC-5), and what INQUIRY refuses. */
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

static void vpd(struct rig *r, uint8_t page)
{
	run(r, 255, OP_INQUIRY, 1, page, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[1], page);
	assert_int_equal(get_be16(r->data + 2) + 4u, r->cmd.in_len);
}

#define expect_page(r, ...)                                                     \
	do {                                                                    \
		static const uint8_t expected[] = { __VA_ARGS__ };              \
		assert_int_equal((r)->cmd.in_len, 4 + sizeof(expected));        \
		assert_memory_equal((r)->data + 4, expected, sizeof(expected)); \
	} while (0)

static void the_list_is_in_order_and_every_page_answers(void **state)
{
	struct rig *r = *state;
	uint8_t pages[64];
	size_t cnt;

	vpd(r, 0x00);
	cnt = r->cmd.in_len - 4;
	assert_true(cnt <= sizeof(pages));
	memcpy(pages, r->data + 4, cnt);
	for (size_t i = 0; i < cnt; i++) {
		assert_true(i == 0 || pages[i] > pages[i - 1]);
		vpd(r, pages[i]);
		assert_int_equal(r->data[0], 0x01);
	}
}

/* Three designators of the logical unit; the SCSI name string is the NAA in words. */
static void device_identification_names_the_unit_three_times(void **state)
{
	struct rig *r = *state;
	char name[25] = "";
	const uint8_t *p;

	vpd(r, 0x83);
	p = r->data + 4;
	assert_memory_equal(p, ((const uint8_t[]){ 0x02, 0x01, 0, 36 }), 4);
	assert_memory_equal(p + 4, "IBM     ULT3580-TD8     VTLTEST00101", 36);
	p += 40;
	assert_memory_equal(p, ((const uint8_t[]){ 0x01, 0x03, 0, 8 }), 4);
	(void)snprintf(name, sizeof(name), "naa.%016llX", (unsigned long long)get_be64(p + 4));
	p += 12;
	assert_memory_equal(p, ((const uint8_t[]){ 0x03, 0x08, 0, 24 }), 4);
	assert_memory_equal(p + 4, name, 24); /* padded with zeros */
	assert_ptr_equal(p + 28, r->data + r->cmd.in_len);
}

static void extended_data_says_what_sense_and_queueing_there_is(void **state)
{
	struct rig *r = *state;

	vpd(r, 0x86);
	assert_int_equal(r->cmd.in_len, 64);
	assert_int_equal(r->data[5], 0x01); /* SIMPSUP */
	assert_int_equal(r->data[13], SCSI_SENSE_SIZE);
}

static void mode_pages_are_shared(void **state)
{
	struct rig *r = *state;

	vpd(r, 0x87);
	expect_page(r, 0x3f, 0xff, 0x00, 0x00);
}

static void tape_pages_are_those_of_ssc(void **state)
{
	struct rig *r = *state;

	vpd(r, 0xb0);
	expect_page(r, 0x01, 0x00); /* takes write once media */
	vpd(r, 0xb1);
	assert_memory_equal(r->data + 4, "VTLTEST00101", 12);
	vpd(r, 0xb2);
	expect_page(r, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	vpd(r, 0xb3);
	assert_memory_equal(r->data + 4, "VTLTEST00100", 12);
	vpd(r, 0xb4);
	expect_page(r, 0x01, 0x00); /* element 256: the first drive */
}

static void the_changer_has_the_common_pages(void **state)
{
	struct rig *r = *state;

	r->unit = changer_unit(r->changer);
	vpd(r, 0x00);
	expect_page(r, 0x00, 0x80, 0x83, 0x86, 0x87, 0xc0); /* C0h: the maker's */
	vpd(r, 0x80);
	assert_int_equal(r->data[0], 0x08);
	assert_memory_equal(r->data + 4, "VTLTEST00100", 12);
}

static void what_inquiry_has_not_is_refused(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_INQUIRY, 2, 0, 0, 255, 0); /* CmdDt */
	expect_field(r, 1);
	run(r, 255, OP_INQUIRY, 1, 0x88, 0, 255, 0); /* TCMU tells of no port */
	expect_field(r, 2);
	run(r, 255, OP_INQUIRY, 1, 0x01, 0, 255, 0);
	expect_field(r, 2);
}

static void allocation_lengths_cut_but_lengths_stay(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_INQUIRY, 1, 0x86, 0, 4, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4);
	assert_int_equal(get_be16(r->data + 2), 60);
	run(r, 1024, OP_INQUIRY, 0, 0, 2, 0, 0); /* 512: the length has two bytes */
	expect_good(r);
	assert_int_equal(r->cmd.in_len, r->data[4] + 5u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(the_list_is_in_order_and_every_page_answers),
		rig_test(device_identification_names_the_unit_three_times),
		rig_test(extended_data_says_what_sense_and_queueing_there_is),
		rig_test(mode_pages_are_shared),
		rig_test(tape_pages_are_those_of_ssc),
		rig_test(the_changer_has_the_common_pages),
		rig_test(what_inquiry_has_not_is_refused),
		rig_test(allocation_lengths_cut_but_lengths_stay),
	};

	return rig_main(tests);
}
