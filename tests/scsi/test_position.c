/* SPDX-License-Identifier: Apache-2.0 */
/* SPACE, LOCATE, REWIND, READ POSITION, ERASE.  PEERS rows 10, 11, 17; 3.2: LOCATE(16)'s
 * destination type. */
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

/* Objects of the sample: 0 1 2 blocks, 3 filemark, 4 5 blocks, 6 filemark; end-of-data 7. */

static void locate_16(struct rig *r, uint8_t flags, uint64_t target)
{
	uint8_t cdb[16] = { OP_LOCATE_16, flags };

	put_be64(cdb + 4, target);
	run_cdb(r, cdb, sizeof(cdb), 0);
}

static void space_16(struct rig *r, uint8_t code, int64_t count)
{
	uint8_t cdb[16] = { OP_SPACE_16, code };

	put_be64(cdb + 4, (uint64_t)count);
	run_cdb(r, cdb, sizeof(cdb), 0);
}

static void space_blocks_goes_both_ways(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 2);
	expect_good(r);
	expect_position(r, 2);
	run_space(r, 0, -1);
	expect_good(r);
	expect_position(r, 1);
	run_space(r, 0, 0);
	expect_good(r);
	expect_position(r, 1);
}

static void space_blocks_stops_at_a_filemark(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 5);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 2);
	expect_position(r, 4); /* behind it */
	run_space(r, 0, -2);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 2);
	expect_position(r, 3); /* in front of it */
}

static void space_stops_at_both_ends_with_the_residue(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, -4);
	expect_tape(r, SENSE_BEGINNING_OF_PARTITION, SENSE_EOM, 4);
	run_space(r, 1, 5);
	expect_tape(r, SENSE_END_OF_DATA, 0, 3);
	expect_position(r, 7);
	run_space(r, 1, -9);
	expect_tape(r, SENSE_BEGINNING_OF_PARTITION, SENSE_EOM, 7);
	expect_position(r, 0);
	run_space(r, 1, 0x7fffff); /* mt eom without fast-eom */
	expect_tape(r, SENSE_END_OF_DATA, 0, 0x7fffff - 2);
}

static void space_filemarks_stops_behind_or_in_front(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 1, 1);
	expect_good(r);
	expect_position(r, 4);
	run_space(r, 1, 1);
	expect_good(r);
	expect_position(r, 7);
	run_space(r, 1, -2);
	expect_good(r);
	expect_position(r, 3);
}

static void space_sequential_filemarks_finds_them_in_a_row(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 10);
	write_filemarks(r, 1);
	write_block(r, 1, 10);
	write_filemarks(r, 2);
	rewind_tape(r);
	run_space(r, 2, 2);
	expect_good(r);
	expect_position(r, 5);
	rewind_tape(r);
	run_space(r, 2, 3);
	expect_tape(r, SENSE_END_OF_DATA, 0, 3);
}

static void space_to_end_of_data(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 3, 0);
	expect_good(r);
	expect_position(r, 7);
}

static void space_refuses_setmarks(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 4, 1);
	expect_field(r, 1);
}

static void space_16_counts_in_64_bits(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	space_16(r, 1, 2);
	expect_good(r);
	expect_position(r, 7);
	space_16(r, 0, -1);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 1);
	space_16(r, 3, 0);
	expect_good(r);
	space_16(r, 1, -3);
	expect_tape(r, SENSE_BEGINNING_OF_PARTITION, SENSE_EOM, 1);
}

static void locate_10_goes_to_an_object(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run(r, 0, OP_LOCATE_10, 0x04, 0, 0, 0, 0, 5, 0, 0, 0); /* BT, as st sends it */
	expect_good(r);
	expect_position(r, 5);
	run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, 200, 0, 0, 0);
	expect_sense(r, SENSE_END_OF_DATA);
	expect_position(r, 7);
	run(r, 0, OP_LOCATE_10, 0x02, 0, 0, 0, 0, 1, 0, 0, 0); /* CP to partition 0 */
	expect_good(r);
	run(r, 0, OP_LOCATE_10, 0x02, 0, 0, 0, 0, 1, 0, 1, 0);
	expect_field(r, 8);
}

static void locate_16_knows_objects_files_and_end_of_data(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	locate_16(r, 0x00, 4);
	expect_good(r);
	expect_position(r, 4);
	locate_16(r, 0x08, 2);
	expect_good(r);
	expect_position(r, 7);
	locate_16(r, 0x08, 1);
	expect_good(r);
	expect_position(r, 4);
	locate_16(r, 0x18, 0);
	expect_good(r);
	expect_position(r, 7);
	locate_16(r, 0x10, 1);
	expect_field(r, 1);
	locate_16(r, 0x08, 9);
	expect_sense(r, SENSE_END_OF_DATA);
	locate_16(r, 0x00, 1ull << 40);
	expect_sense(r, SENSE_END_OF_DATA);
}

static void read_position_short_form(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run(r, 20, OP_READ_POSITION, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 20);
	assert_int_equal(r->data[0], 0x80); /* BOP, and LOLU, BPU are 0 */
	run_space(r, 1, 1);
	run(r, 20, OP_READ_POSITION, SA_READ_POSITION_SHORT_VENDOR, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(r->data[0], 0);
	assert_int_equal(get_be32(r->data + 4), 4);
	assert_int_equal(get_be32(r->data + 8), 4);
}

static void read_position_long_and_extended_form(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 1, 1);
	run(r, 32, OP_READ_POSITION, SA_READ_POSITION_LONG, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 32);
	assert_int_equal(get_be64(r->data + 8), 4);
	assert_int_equal(get_be64(r->data + 16), 1); /* logical file */
	run(r, 32, OP_READ_POSITION, SA_READ_POSITION_EXTENDED, 0, 0, 0, 0, 0, 0, 32, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 32);
	assert_int_equal(get_be16(r->data + 2), 28);
	assert_int_equal(get_be64(r->data + 8), 4);
	run(r, 32, OP_READ_POSITION, SA_READ_POSITION_EXTENDED, 0, 0, 0, 0, 0, 0, 10, 0);
	assert_int_equal(r->cmd.in_len, 10);
	run(r, 32, OP_READ_POSITION, 0x02, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_field(r, 1);
}

static void read_position_tells_early_warning(void **state)
{
	struct rig *r = *state;

	run_write(r, 0, 950000, 950000);
	run(r, 20, OP_READ_POSITION, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(r->data[0], 0x40);
}

static void erase_ends_the_tape_here(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 1);
	run(r, 0, OP_ERASE_6, 0, 0, 0, 0, 0);
	expect_good(r);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_END_OF_DATA);
	rewind_tape(r);
	run(r, 0, OP_ERASE_6, 0x01, 0, 0, 0, 0); /* LONG */
	expect_good(r);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_END_OF_DATA);
}

/* Mode page 10h/01h with SHORT ERASE MODE @mode. */
static void select_short_erase(struct rig *r, uint8_t mode)
{
	const uint8_t list[36] = { 0, 0, 0x10, 0, 0x50, 0x01, 0, 0x1c, 0, mode };

	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_MODE_SELECT_6, 0x10, 0, 0, sizeof(list), 0);
}

static void short_erase_mode_says_what_a_short_erase_does(void **state)
{
	static const struct {
		uint8_t mode, cdb_1;
		bool erases;
	} rows[] = {
		{ 1, 0, false },   { 1, 0x02, false }, /* IMMED */
		{ 1, 0x01, true },                     /* LONG is not meant */
		{ 2, 0, true },    { 0, 0, true },
	};
	struct rig *r = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rewind_tape(r);
		write_sample(r);
		select_short_erase(r, rows[i].mode);
		expect_good(r);
		run_space(r, 0, 1);
		run(r, 0, OP_ERASE_6, rows[i].cdb_1, 0, 0, 0, 0);
		expect_good(r);
		expect_position(r, 1);
		run_space(r, 3, 0);
		expect_position(r, rows[i].erases ? 1 : 7);
	}
}

static void unknown_short_erase_modes_are_refused(void **state)
{
	struct rig *r = *state;

	for (uint8_t mode = 3; mode < 16; mode++) {
		select_short_erase(r, mode);
		expect_list_field(r, 4 + 5);
	}
}

/* st's MTEOM is SPACE over 7FFFFFh filemarks where it counts files itself. */
static void mt_eod_is_a_way_on_after_a_power_on(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 100);
	write_filemarks(r, 1);
	write_block(r, 2, 100);
	rig_power_on(r);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_POWER_ON);
	run_space(r, 1, 1); /* to a filemark: that is relative to where the drive stands */
	run_write(r, 0, 100, 100);
	expect_sense(r, SENSE_POSITIONING_ERROR);
	run_space(r, 1, 0x7fffff);
	expect_sense(r, SENSE_END_OF_DATA);
	write_block(r, 3, 100);
	expect_position(r, 4);
	rewind_tape(r);
	expect_block(r, 1, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(space_blocks_goes_both_ways),
		rig_test(space_blocks_stops_at_a_filemark),
		rig_test(space_stops_at_both_ends_with_the_residue),
		rig_test(space_filemarks_stops_behind_or_in_front),
		rig_test(space_sequential_filemarks_finds_them_in_a_row),
		rig_test(space_to_end_of_data),
		rig_test(space_refuses_setmarks),
		rig_test(space_16_counts_in_64_bits),
		rig_test(locate_10_goes_to_an_object),
		rig_test(locate_16_knows_objects_files_and_end_of_data),
		rig_test(read_position_short_form),
		rig_test(read_position_long_and_extended_form),
		rig_test(read_position_tells_early_warning),
		rig_test(erase_ends_the_tape_here),
		rig_test(short_erase_mode_says_what_a_short_erase_does),
		rig_test(unknown_short_erase_modes_are_refused),
		rig_test(mt_eod_is_a_way_on_after_a_power_on),
	};

	return rig_main(tests);
}
