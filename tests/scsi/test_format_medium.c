/* SPDX-License-Identifier: Apache-2.0 */
/* FORMAT MEDIUM, SET CAPACITY and medium partition mode page 11h; what LTFS and Linux' st send. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/partitions.h"

static const uint16_t no_sizes[4];

/* T1 is put back, and a cartridge of @capacity bytes is loaded instead. */
static void load_big(struct rig *r, uint8_t density, uint64_t capacity)
{
	uint16_t slot;

	rig_cartridge(r, "BIG", density, capacity);
	assert_int_equal(library_import(r->library, "BIG", false, &slot), 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, slot, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

/* The drive is one of model @name. */
static void become(struct rig *r, const char *name)
{
	const struct drive_model *model = drive_model_get(name, NULL);

	assert_non_null(model);
	rig_features(r, 0);
	r->model = *model;
}

static void expect_page(struct rig *r, const uint8_t expected[SIZE_11])
{
	const uint8_t *page = sense_11(r);

	assert_int_equal(get_be16(r->data), MODE_HEADER + SIZE_11 - 2);
	assert_memory_equal(page, expected, SIZE_11);
}

/* ---- the page ---- */

static void the_page_tells_what_can_be_had(void **state)
{
	static const uint8_t blank[SIZE_11] = { 0x11, 0x0e, 3, 0, 0x1c, 3, 9, 0, 0x2e, 0xe0 };
	struct rig *r = *state;

	load_big(r, 0x5e, 12000000000000ull);
	expect_page(r, blank);
}

/* The page of a real LTO-8 drive with a volume of LTFS (LinearTapeFileSystem/ltfs#474). */
static void mkltfs_gets_what_a_real_drive_gives_it(void **state)
{
	static const uint8_t real[SIZE_11] = { 0x11, 0x0e, 0x03, 0x01, 0x3c, 0x03, 0x19, 0x00,
					       0x00, 0x73, 0x2d, 0xf9, 0x00, 0x00, 0x00, 0x00 };
	struct rig *r = *state;
	size_t length;

	load_big(r, 0x5e, 12000000000000ull);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	run(r, 28, OP_MODE_SENSE_10, 0, PAGE_11, 0, 0, 0, 0, 0, 28, 0);
	expect_good(r);
	length = get_be16(r->data) + 2u;
	assert_int_equal(length, 32);
	memset(r->data + 28, 0, 4);
	r->data[0] = r->data[1] = 0;
	r->data[19] = 1;
	r->data[20] = (uint8_t)(0x20 | (r->data[20] & 0x1f));
	r->data[22] = 9;
	put_be16(r->data + 24, 1);
	put_be16(r->data + 26, REST);
	run(r, length, OP_MODE_SELECT_10, 0x10, 0, 0, 0, 0, 0, 0, (uint8_t)length, 0);
	expect_sense(r, SENSE_ROUNDED_PARAMETER);
	expect_page(r, real);
	format_medium(r, 2);
	expect_good(r);
	expect_page(r, real);
	locate_16(r, CP, 1, 0);
	expect_good(r);
	write_block(r, 1, 80);
	write_filemarks(r, 1);
	enter(r, 0);
	format_medium(r, 0); /* mkltfs -w */
	expect_good(r);
	assert_int_equal(sense_11(r)[3], 0);
	assert_int_equal(get_be16(sense_11(r) + 8), 12000);
}

static void older_ltfs_names_one_byte_and_gets_the_smallest(void **state)
{
	struct rig *r = *state;

	load_big(r, 0x5e, 12000000000000ull);
	select_11(r, 1, IDP | PSUM_UNITS, 0, (const uint16_t[4]){ REST, 1 });
	expect_sense(r, SENSE_ROUNDED_PARAMETER);
	format_medium(r, 1);
	expect_good(r);
	assert_int_equal(get_be16(sense_11(r) + 8), 11769);
	assert_int_equal(get_be16(sense_11(r) + 10), 115);
}

static void exact_sizes_are_not_rounded(void **state)
{
	struct rig *r = *state;

	become(r, "ibm-ult3580-td5");
	load_big(r, 0x58, 1500000000000ull); /* 40 pairs of wraps of 37.5 GB */
	select_11(r, 1, IDP | PSUM_UNITS, 9, (const uint16_t[4]){ 75, REST });
	expect_good(r);
	format_medium(r, 1);
	expect_good(r);
	assert_int_equal(get_be16(sense_11(r) + 8), 75);
	assert_int_equal(get_be16(sense_11(r) + 10), 1387);
	assert_int_equal(sense_11(r)[2], 1); /* such a medium has two at most */
	select_11(r, 2, SDP | PSUM_UNITS, 9, no_sizes);
	expect_list_field(r, 8 + 3);
}

static void all_units_are_understood(void **state)
{
	static const struct {
		uint8_t psum, units;
		uint16_t size;
	} same[] = { { PSUM_BYTES, 0, 60000 }, { PSUM_KB, 0, 60 }, { PSUM_UNITS, 4, 6 } };
	struct rig *r = *state;
	uint8_t page[SIZE_11];

	for (unsigned i = 0; i < 3; i++) {
		select_11(r, 1, IDP | same[i].psum, same[i].units,
			  (const uint16_t[4]){ same[i].size, REST });
		expect_sense(r, SENSE_ROUNDED_PARAMETER);
		if (i == 0)
			memcpy(page, sense_11(r), SIZE_11);
		assert_memory_equal(sense_11(r), page, SIZE_11);
	}
	select_11(r, 1, IDP | PSUM_MB, 0, (const uint16_t[4]){ REST, 1 });
	expect_list_field(r, 8 + 10);
}

static void a_request_is_forgotten_with_the_medium(void **state)
{
	struct rig *r = *state;

	select_11(r, 1, SDP | PSUM_UNITS, 9, no_sizes);
	expect_good(r);
	assert_int_equal(sense_11(r)[3], 1);
	assert_int_equal(sense_11(r)[4] & (FDP | SDP | IDP), SDP);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	assert_int_equal(sense_11(r)[3], 0);
	format_medium(r, 1);
	expect_good(r);
	assert_int_equal(sense_11(r)[3], 0);
}

static void fdp_makes_two_and_sdp_equal_ones(void **state)
{
	struct rig *r = *state;

	load_big(r, 0x5e, 12000000000000ull);
	select_11(r, 0, FDP | PSUM_UNITS, 9, no_sizes);
	expect_good(r);
	format_medium(r, 1);
	expect_good(r);
	assert_int_equal(sense_11(r)[3], 1);
	assert_int_equal(get_be16(sense_11(r) + 8), 11769);
	assert_int_equal(get_be16(sense_11(r) + 10), 115);
	select_11(r, 3, SDP | PSUM_UNITS, 9, no_sizes);
	expect_good(r);
	format_medium(r, 1);
	expect_good(r);
	assert_int_equal(sense_11(r)[3], 3);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(get_be16(sense_11(r) + 8 + 2 * i), 2913);
}

static void what_cannot_be_had_is_named(void **state)
{
	static const struct {
		uint8_t added, flags, units;
		uint16_t sizes[4];
		unsigned byte; /* of the page */
	} wrong[] = {
		{ 4, SDP, 9, { 0 }, 3 },
		{ 1, FDP | IDP, 9, { 1, REST }, 4 },
		{ 1, SDP | IDP, 9, { 1, REST }, 4 },
		{ 2, FDP, 9, { 0 }, 3 },
		{ 1, IDP, 0x29, { 1, REST }, 6 },
		{ 1, IDP, 9, { REST, REST }, 10 },
		{ 1, IDP, 9, { 6000, 6001 }, 10 },
		{ 2, IDP, 9, { 1, 12000, REST }, 10 },
		{ 3, IDP, 9, { 4000, 4000, 3500, REST }, 14 },
		{ 1, IDP, 15, { 60000, REST }, 8 },
	};
	struct rig *r = *state;

	load_big(r, 0x5e, 12000000000000ull);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		select_11(r, wrong[i].added, wrong[i].flags | PSUM_UNITS, wrong[i].units,
			  wrong[i].sizes);
		expect_list_field(r, 8 + wrong[i].byte);
		assert_int_equal(sense_11(r)[3], 0);
	}
	select_11(r, 0, 0, 9, no_sizes); /* nothing is asked for */
	expect_good(r);
	assert_int_equal(sense_11(r)[4], PSUM_UNITS | POFM);
}

static void a_page_of_a_wrong_length_is_refused(void **state)
{
	struct rig *r = *state;

	select_11(r, 1, SDP | PSUM_UNITS, 9, no_sizes);
	for (unsigned length = 4; length < 19; length++) {
		memset(r->data, 0, 8);
		memcpy(r->data + 8, (const uint8_t[]){ 0x11, 0, 3, 1, 0x5c, 3, 9, 0 }, 8);
		memset(r->data + 16, 0, 16);
		r->data[9] = (uint8_t)length;
		run(r, 10 + length, OP_MODE_SELECT_10, 0x10, 0, 0, 0, 0, 0, 0,
		    (uint8_t)(10 + length), 0);
		if (length >= 6 && length <= 14)
			expect_good(r);
		else
			expect_list_field(r, 9);
	}
}

static void changeable_and_default_pages_have_its_length(void **state)
{
	struct rig *r = *state;

	for (uint8_t pc = 1; pc <= 2; pc++) {
		run(r, 255, OP_MODE_SENSE_10, 0, (uint8_t)(pc << 6 | PAGE_11), 0, 0, 0, 0, 0, 255,
		    0);
		expect_good(r);
		assert_int_equal(get_be16(r->data), MODE_HEADER + SIZE_11 - 2);
		assert_int_equal(r->data[MODE_HEADER + 1], SIZE_11 - 2);
		assert_int_equal(r->data[MODE_HEADER + 3], pc == 1 ? 0xff : 0);
	}
}

/* ---- FORMAT MEDIUM ---- */

static void format_throws_all_away_and_stays_at_the_beginning(void **state)
{
	struct rig *r = *state;

	for (uint8_t format = 0; format <= 2; format++) {
		divide(r, 2);
		write_block(r, 1, 100);
		enter(r, 1);
		write_block(r, 2, 100);
		run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
		run(r, 0, OP_FORMAT_MEDIUM, 3, format, 0, 0, 0); /* VERIFY, IMMED */
		expect_good(r);
		expect_at(r, 0, 0);
		run_read(r, 0, 100, 100);
		expect_tape(r, SENSE_END_OF_DATA, 0, 100);
		assert_int_equal(sense_11(r)[3], format == 0 ? 0 : 1);
		if (format == 0)
			continue;
		enter(r, 1);
		run_read(r, 0, 100, 100);
		expect_tape(r, SENSE_END_OF_DATA, 0, 100);
	}
}

static void format_wants_the_beginning_of_partition_0(void **state)
{
	struct rig *r = *state;

	divide(r, 2);
	write_block(r, 1, 100);
	format_medium(r, 0);
	expect_sense(r, SENSE_POSITION_PAST_BEGINNING);
	enter(r, 1);
	format_medium(r, 0);
	expect_sense(r, SENSE_POSITION_PAST_BEGINNING);
	run(r, 0, OP_SET_CAPACITY, 0, 0, 0xff, 0xff, 0);
	expect_sense(r, SENSE_POSITION_PAST_BEGINNING);
	enter(r, 0);
	expect_block(r, 1, 100);
}

static void format_refuses_what_it_does_not_know(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 100);
	rewind_tape(r);
	format_medium(r, 3);
	expect_field(r, 2);
	run(r, 0, OP_FORMAT_MEDIUM, 0, 0, 0, 1, 0);
	expect_field(r, 3);
	run(r, 0, OP_FORMAT_MEDIUM, 0, 0x10, 0, 0, 0);
	expect_field(r, 2);
	expect_block(r, 1, 100);
}

static void without_a_medium_there_is_nothing_to_format(void **state)
{
	struct rig *r = *state;

	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	format_medium(r, 0);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	assert_int_equal(sense_11(r)[2], 3);
	assert_int_equal(get_be16(sense_11(r) + 8), 12000); /* of the drive's own medium */
}

/* ---- SET CAPACITY ---- */

static void set_capacity_leaves_a_part_of_the_medium(void **state)
{
	struct rig *r = *state;

	load_big(r, 0x5e, 12000000000000ull);
	write_block(r, 1, 100);
	rewind_tape(r);
	run(r, 0, OP_SET_CAPACITY, 1, 0, 0x40, 0x00, 0);
	expect_good(r);
	run_read(r, 0, 100, 100);
	expect_tape(r, SENSE_END_OF_DATA, 0, 100);
	assert_int_equal(get_be16(sense_11(r) + 8), 3000);
	select_11(r, 1, SDP | PSUM_UNITS, 9, no_sizes);
	format_medium(r, 1);
	expect_good(r);
	assert_in_range(get_be16(sense_11(r) + 8), 1485, 1486);
	format_medium(r, 0); /* the part stays */
	expect_good(r);
	assert_int_equal(get_be16(sense_11(r) + 8), 3000);
	run(r, 0, OP_SET_CAPACITY, 0, 0, 0xff, 0xff, 0);
	expect_good(r);
	assert_int_equal(get_be16(sense_11(r) + 8), 12000);
	run(r, 0, OP_SET_CAPACITY, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(get_be16(sense_11(r) + 8), 12000);
	assert_int_equal(sense_11(r)[3], 0);
}

/* ---- Linux' st: MTMKPART, with what its partition_tape() sends ---- */

/* @megabytes < 0: the size of partition 0. */
static void mt_mkpartition(struct rig *r, int megabytes)
{
	unsigned target = megabytes < 0 ? 0 : 1, size = (unsigned)abs(megabytes), units = 0;
	uint8_t *page = r->data + 12, psum = PSUM_MB;

	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	run(r, 255, OP_MODE_SENSE_6, 0, PAGE_11, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[3], 8);
	assert_true((page[4] & POFM) != 0);
	if (size == 0) {
		format_medium(r, 0);
		expect_good(r);
		return;
	}
	if ((page[4] & PSUM_UNITS) == PSUM_UNITS && size >= 1000 && size % 1000 == 0) {
		size /= 1000;
		psum = PSUM_UNITS;
		units = 9;
	}
	memset(page + 8, 0, 4);
	put_be16(page + 8, target == 0 ? (uint16_t)size : REST);
	put_be16(page + 10, target == 0 ? REST : (uint16_t)size);
	page[3] = 1;
	page[6] = (uint8_t)units;
	page[7] = 0;
	page[4] = (uint8_t)(size != 1 || units != 0 ? IDP | psum | (page[4] & 7)
						    : FDP | (page[4] & 0x1f));
	page[1] = 6 + 2 * 2;
	r->data[0] = 0;
	r->data[1] = 0;
	r->data[2] &= 0x70;
	run(r, 4u + 8 + 12, OP_MODE_SELECT_6, 0x10, 0, 0, 4 + 8 + 12, 0);
	if (r->status != SCSI_GOOD)
		expect_sense(r, SENSE_ROUNDED_PARAMETER); /* st takes it for success */
	format_medium(r, 1);
	expect_good(r);
}

static void mt_mkpartition_divides_the_medium(void **state)
{
	struct rig *r = *state;

	load_big(r, 0x5e, 12000000000000ull);
	mt_mkpartition(r, 500000);
	assert_int_equal(get_be16(sense_11(r) + 10), 576); /* whole pairs of wraps */
	mt_mkpartition(r, -2000000);
	assert_int_equal(get_be16(sense_11(r) + 8), 2076);
	mt_mkpartition(r, 2500); /* megabytes */
	assert_int_equal(get_be16(sense_11(r) + 10), 115);
	mt_mkpartition(r, 1);
	assert_int_equal(sense_11(r)[3], 1);
	mt_mkpartition(r, 0);
	assert_int_equal(sense_11(r)[3], 0);
}

/* setpartition and partseek: LOCATE(10) with CP; BT as st sets it; status asks READ POSITION. */
static void mt_setpartition_and_partseek_find_their_way(void **state)
{
	struct rig *r = *state;

	divide(r, 2);
	for (uint8_t i = 1; i < 4; i++)
		write_block(r, i, 100);
	for (uint8_t partition = 0; partition < 2; partition++) {
		run(r, 0, OP_LOCATE_10, 0x06, 0, 0, 0, 0, 0, 0, partition, 0);
		expect_good(r);
		run(r, 20, OP_READ_POSITION, 1, 0, 0, 0, 0, 0, 0, 0, 0);
		expect_good(r);
		assert_int_equal(r->data[1], partition);
		assert_int_equal(r->data[0] & 0x04, 0);
	}
	run(r, 0, OP_LOCATE_10, 0x06, 0, 0, 0, 0, 2, 0, 0, 0);
	expect_good(r);
	expect_at(r, 0, 2);
}

/* ---- media and drives without ---- */

static void a_medium_of_an_older_generation_cannot_be_divided(void **state)
{
	struct rig *r = *state;

	become(r, "ibm-ult3580-td5");
	load_big(r, 0x46, 1000000);
	assert_int_equal(sense_11(r)[2], 0);
	select_11(r, 0, FDP | PSUM_UNITS, 9, no_sizes);
	expect_list_field(r, 8 + 4);
	format_medium(r, 1);
	expect_field(r, 2);
	format_medium(r, 0);
	expect_good(r);
}

/* A request is of the medium that it was made with: not of the next one. */
static void a_request_made_without_a_medium_is_not_of_the_next_one(void **state)
{
	static const uint16_t sizes[4] = { 0 };
	struct rig *r = *state;

	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	select_11(r, 3, SDP | PSUM_UNITS, 9, sizes); /* four, for a drive that has nothing */
	expect_good(r);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
	assert_int_equal(sense_11(r)[3], 0);
	format_medium(r, 1);
	expect_good(r);
	assert_int_equal(sense_11(r)[3], 0); /* as it was: one partition */
	select_11(r, 3, SDP | PSUM_UNITS, 9, sizes);
	expect_good(r);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	assert_int_equal(sense_11(r)[3], 0); /* another load */
}

static void the_recording_format_says_how_fine_a_medium_can_be_divided(void **state)
{
	struct rig *r = *state;
	struct density_row coarse[1];

	load_big(r, 0x5e, 12000000000000ull);
	rig_features(r, 0);
	coarse[0] = *drive_density(&r->model, 0x5e);
	coarse[0].wraps = 12; /* so 6 pairs, of 2 TB each */
	r->model.densities = coarse;
	r->model.densities_cnt = 1;
	select_11(r, 1, IDP | PSUM_UNITS, 9, (const uint16_t[4]){ REST, 1 });
	expect_sense(r, SENSE_ROUNDED_PARAMETER);
	assert_int_equal(get_be16(sense_11(r) + 8), 8000); /* one lies between the two */
	assert_int_equal(get_be16(sense_11(r) + 10), 2000);
	rig_features(r, 0); /* nothing points to our stack any more */
	r->model.densities = drive_model_get("ibm-ult3580-td8", NULL)->densities;
	r->model.densities_cnt = drive_model_get("ibm-ult3580-td8", NULL)->densities_cnt;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(the_page_tells_what_can_be_had),
		rig_test(mkltfs_gets_what_a_real_drive_gives_it),
		rig_test(older_ltfs_names_one_byte_and_gets_the_smallest),
		rig_test(exact_sizes_are_not_rounded),
		rig_test(the_recording_format_says_how_fine_a_medium_can_be_divided),
		rig_test(all_units_are_understood),
		rig_test(a_request_is_forgotten_with_the_medium),
		rig_test(fdp_makes_two_and_sdp_equal_ones),
		rig_test(what_cannot_be_had_is_named),
		rig_test(a_page_of_a_wrong_length_is_refused),
		rig_test(changeable_and_default_pages_have_its_length),
		rig_test(format_throws_all_away_and_stays_at_the_beginning),
		rig_test(format_wants_the_beginning_of_partition_0),
		rig_test(format_refuses_what_it_does_not_know),
		rig_test(without_a_medium_there_is_nothing_to_format),
		rig_test(set_capacity_leaves_a_part_of_the_medium),
		rig_test(mt_mkpartition_divides_the_medium),
		rig_test(mt_setpartition_and_partseek_find_their_way),
		rig_test(a_medium_of_an_older_generation_cannot_be_divided),
		rig_test(a_request_made_without_a_medium_is_not_of_the_next_one),
	};

	return rig_main(tests);
}
