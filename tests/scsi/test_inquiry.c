/* SPDX-License-Identifier: Apache-2.0 */
/* INQUIRY, VPD, REPORT DENSITY SUPPORT, LOG SENSE, LOG SELECT, SEND DIAGNOSTIC.  3.2: unknown VPD,
 * LOG overrun. */
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

static void log_page(struct rig *r, uint8_t page, uint16_t from)
{
	run(r, 1024, OP_LOG_SENSE, 0, 0x40 | page, 0, 0, (uint8_t)(from >> 8), (uint8_t)from, 4, 0,
	    0);
}

static void standard_data_names_the_personality(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_INQUIRY, 0, 0, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[0], 0x01);
	assert_int_equal(r->data[1], 0x80);
	assert_int_equal(r->data[4] + 5u, r->cmd.in_len);
	assert_memory_equal(r->data + 8, "IBM     ULT3580-TD8     HB81", 28);
	run(r, 255, OP_INQUIRY, 0, 0, 0, 5, 0);
	assert_int_equal(r->cmd.in_len, 5);
	run(r, 255, OP_INQUIRY, 0, 0x80, 0, 255, 0); /* a page without EVPD */
	expect_field(r, 2);
}

/* Linux, at the first LUN that it asks of a target: 12 20 at LUN 1.  Refused, there is no drive. */
static void the_lun_of_scsi_2_in_the_cdb_is_ignored(void **state)
{
	struct rig *r = *state;

	for (uint8_t lun = 1; lun < 8; lun++) {
		run(r, 36, OP_INQUIRY, (uint8_t)(lun << 5), 0, 0, 36, 0);
		expect_good(r);
		assert_int_equal(r->cmd.in_len, 36);
		run(r, 255, OP_INQUIRY, (uint8_t)(lun << 5 | 1), 0x80, 0, 255, 0);
		expect_good(r);
		assert_int_equal(r->data[1], 0x80);
	}
	run(r, 36, OP_INQUIRY, 0x02, 0, 0, 36, 0); /* CMDDT is still refused */
	expect_field_bit(r, 1, 1);
	run(r, 0, OP_TEST_UNIT_READY, 0x20, 0, 0, 0, 0); /* and so is a LUN elsewhere */
	expect_field_bit(r, 1, 5);
}

static void vpd_pages_are_those_listed(void **state)
{
	static const uint8_t pages[] = { 0x00, 0x80, 0x83, 0x86, 0x87, 0xb0, 0xb1,
					 0xb2, 0xb3, 0xb4, 0xb5, 0xc0, 0xc1 };
	struct rig *r = *state;

	vpd(r, 0);
	assert_int_equal(r->cmd.in_len, 4 + sizeof(pages));
	assert_memory_equal(r->data + 4, pages, sizeof(pages));
	for (unsigned i = 0; i < sizeof(pages); i++)
		vpd(r, pages[i]);
	run(r, 255, OP_INQUIRY, 1, 0x82, 0, 255, 0);
	expect_field(r, 2);
}

static void serials_are_the_librarys(void **state)
{
	struct rig *r = *state;

	vpd(r, 0x80);
	assert_memory_equal(r->data + 4, "VTLTEST00101", 12);
	vpd(r, 0xb3);
	assert_memory_equal(r->data + 4, "VTLTEST00100", 12);
	vpd(r, 0x83);
	assert_int_equal(r->data[4], 2); /* ASCII */
	assert_memory_equal(r->data + 8, "IBM     ULT3580-TD8     VTLTEST00101", 36);
	assert_int_equal(r->data[44], 1);
	assert_int_equal(r->data[45], 3);
	assert_int_equal(r->data[48] >> 4, 3); /* NAA 3 */
}

/* sg3_utils, sg_vpd_vendor.c: code name, time, date, platform; two serial numbers. */
static void the_makers_pages_name_revision_and_serial_number(void **state)
{
	struct rig *r = *state;
	uint8_t revision[4];

	run(r, 255, OP_INQUIRY, 0, 0, 0, 255, 0);
	memcpy(revision, r->data + 32, 4);
	vpd(r, 0xc0);
	assert_int_equal(r->cmd.in_len, 4 + 39);
	assert_memory_equal(r->data + 4, revision, 4);
	assert_memory_equal(r->data + 8, "        ", 8); /* no date is made up */
	vpd(r, 0xc1);
	assert_int_equal(r->cmd.in_len, 4 + 24);
	assert_memory_equal(r->data + 4, "VTLTEST00101VTLTEST00101", 24);
}

static void densities_are_those_of_the_drive_or_the_medium(void **state)
{
	struct rig *r = *state;

	run(r, 1024, OP_REPORT_DENSITY_SUPPORT, 0, 0, 0, 0, 0, 0, 4, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4 + 3 * 52);
	assert_int_equal(get_be16(r->data) + 2u, r->cmd.in_len);
	assert_int_equal(r->data[4], 0x5c); /* in the order of the codes */
	assert_int_equal(r->data[6], 0x80); /* writable */
	assert_int_equal(r->data[4 + 52], 0x5d);
	assert_int_equal(r->data[4 + 104], 0x5e);
	assert_int_equal(r->data[4 + 106], 0xa0); /* and the default */
	assert_int_equal(get_be32(r->data + 4 + 104 + 12), 12000000);
	run(r, 1024, OP_REPORT_DENSITY_SUPPORT, 2, 0, 0, 0, 0, 0, 4, 0, 0);
	assert_int_equal(r->cmd.in_len, 4 + 4 * 56); /* LTO-7 and LTO-8, data and WORM */
	assert_int_equal(r->data[4], 0x78);
	assert_memory_equal(r->data + 4 + 4, "\2\x5c\x5d", 3); /* type M is one of its formats */
	run(r, 1024, OP_REPORT_DENSITY_SUPPORT, 1, 0, 0, 0, 0, 0, 4, 0, 0);
	assert_int_equal(r->cmd.in_len, 4 + 52);
	assert_int_equal(r->data[6], 0xa0);
	assert_int_equal(get_be32(r->data + 4 + 12), 1); /* T1 has 1 MB */
	run(r, 1024, OP_REPORT_DENSITY_SUPPORT, 3, 0, 0, 0, 0, 0, 4, 0, 0);
	assert_int_equal(r->cmd.in_len, 4 + 56);
	assert_int_equal(r->data[4], 0x88);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	run(r, 1024, OP_REPORT_DENSITY_SUPPORT, 1, 0, 0, 0, 0, 0, 4, 0, 0);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	run(r, 1024, OP_REPORT_DENSITY_SUPPORT, 0, 0, 0, 0, 0, 0, 4, 0, 0);
	expect_good(r);
}

static void log_pages_are_those_listed_and_well_formed(void **state)
{
	static const uint8_t pages[] = { 0x00, 0x02, 0x03, 0x0c, 0x0d, 0x10, 0x11, 0x12, 0x13,
					 0x14, 0x16, 0x17, 0x1b, 0x2e, 0x30, 0x31, 0x32, 0x37 };
	struct rig *r = *state;

	log_page(r, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4 + sizeof(pages));
	assert_memory_equal(r->data + 4, pages, sizeof(pages));
	for (unsigned i = 1; i < sizeof(pages); i++) {
		size_t at = 4;

		log_page(r, pages[i], 0);
		expect_good(r);
		assert_int_equal(r->data[0], pages[i]);
		assert_int_equal(get_be16(r->data + 2) + 4u, r->cmd.in_len);
		while (at < r->cmd.in_len)
			at += 4u + r->data[at + 3];
		assert_int_equal(at, r->cmd.in_len);
	}
	run(r, 1024, OP_LOG_SENSE, 0, 0x40, 0xff, 0, 0, 0, 4, 0, 0); /* with subpages */
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4 + 2 * 2 * sizeof(pages) + 2); /* each with FFh; 37h/64h */
	run(r, 1024, OP_LOG_SENSE, 0, 0x40 | 0x17, 0xff, 0, 0, 0, 4, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 8);
	assert_memory_equal(r->data, ((const uint8_t[]){ 0x57, 0xff, 0, 4, 0x17, 0, 0x17, 0xff }),
			    8);
	log_page(r, 0x15, 0);
	expect_field(r, 2);
	run(r, 1024, OP_LOG_SENSE, 0, 0x40 | 0x02, 0x01, 0, 0, 0, 4, 0, 0);
	expect_field(r, 3);
}

static void log_counts_bytes_and_resets(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 5000);
	log_page(r, 0x0c, 0);
	assert_int_equal(get_be64(r->data + 8), 5000);
	log_page(r, 0x02, 5); /* from the parameter pointer on */
	assert_int_equal(get_be16(r->data + 4), 5);
	assert_int_equal(get_be64(r->data + 8), 5000);
	log_page(r, 0x02, 99);
	expect_field(r, 5);
	run(r, 0, OP_LOG_SELECT, 0x02, 0x40 | 0x02, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	log_page(r, 0x02, 5);
	assert_int_equal(get_be64(r->data + 8), 0);
}

static void tape_capacity_shrinks_with_what_is_written(void **state)
{
	struct rig *r = *state;
	uint16_t slot;
	uint32_t before;

	rig_cartridge(r, "BIG", 0x5e, 100u << 20);
	assert_int_equal(library_import(r->library, "BIG", false, &slot), 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, slot, RIG_DRIVE_1);
	log_page(r, 0x31, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	log_page(r, 0x31, 0);
	before = get_be32(r->data + 8);
	assert_int_equal(before, 100);
	run_write(r, 0, 3u << 20, 3u << 20);
	log_page(r, 0x31, 0);
	assert_int_equal(get_be32(r->data + 8), 97);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(standard_data_names_the_personality),
		rig_test(the_lun_of_scsi_2_in_the_cdb_is_ignored),
		rig_test(vpd_pages_are_those_listed),
		rig_test(serials_are_the_librarys),
		rig_test(the_makers_pages_name_revision_and_serial_number),
		rig_test(densities_are_those_of_the_drive_or_the_medium),
		rig_test(log_pages_are_those_listed_and_well_formed),
		rig_test(log_counts_bytes_and_resets),
		rig_test(tape_capacity_shrinks_with_what_is_written),
	};

	return rig_main(tests);
}
