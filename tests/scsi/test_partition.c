/* SPDX-License-Identifier: Apache-2.0 */
/* What a drive does with a medium of several partitions: positions, ends, erasing, power on. */
#include <string.h>

#include "lib/store/cartridge.h"
#include "tests/support/partitions.h"

/* Two partitions; 3 blocks of 100 bytes with 1 2 3 in the first, 2 of 200 with 8 9 in the second,
 * where the drive stays. */
static void two(struct rig *r)
{
	divide(r, 2);
	for (uint8_t i = 1; i <= 3; i++)
		write_block(r, i, 100);
	enter(r, 1);
	write_block(r, 8, 200);
	write_block(r, 9, 200);
}

static void partitions_hold_recordings_of_their_own(void **state)
{
	struct rig *r = *state;

	two(r);
	expect_at(r, 1, 2);
	rewind_tape(r);
	expect_at(r, 1, 0); /* of the partition that it is in */
	expect_block(r, 8, 200);
	expect_block(r, 9, 200);
	run_read(r, 0, 200, 200);
	expect_tape(r, SENSE_END_OF_DATA, 0, 200);
	enter(r, 0);
	expect_block(r, 1, 100);
	expect_block(r, 2, 100);
	expect_at(r, 0, 2);
}

static void four_partitions_can_be_had(void **state)
{
	struct rig *r = *state;

	divide(r, 4);
	for (uint8_t n = 0; n < 4; n++) {
		enter(r, n);
		write_block(r, n + 1, 50);
	}
	for (uint8_t n = 4; n-- > 0;) {
		enter(r, n);
		expect_block(r, n + 1, 50);
		expect_at(r, n, 1);
	}
}

static void locate_without_cp_stays(void **state)
{
	struct rig *r = *state;

	two(r);
	locate_16(r, 0, 0, 1);
	expect_good(r);
	expect_at(r, 1, 1);
	run(r, 0, OP_LOCATE_10, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	expect_at(r, 1, 0);
	run(r, 0, OP_LOCATE_10, CP, 0, 0, 0, 0, 2, 0, 0, 0);
	expect_good(r);
	expect_at(r, 0, 2);
	run(r, 0, OP_LOCATE_10, CP, 0, 0, 0, 0, 1, 0, 1, 0);
	expect_good(r);
	expect_at(r, 1, 1);
}

/* Device configuration, ACTIVE PARTITION; in every copy of the page, since no host can set it. */
static void the_mode_page_names_the_partition(void **state)
{
	struct rig *r = *state;

	two(r);
	for (uint8_t n = 0; n < 2; n++) {
		locate_16(r, CP, n, 0);
		expect_good(r);
		for (unsigned pc = 0; pc < 4; pc += 2) {
			run(r, 64, OP_MODE_SENSE_6, 0x08, (uint8_t)(pc << 6 | 0x10), 0, 64, 0);
			expect_good(r);
			assert_int_equal(r->data[4 + 3], n);
		}
	}
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	run(r, 64, OP_MODE_SENSE_6, 0x08, 0x10, 0, 64, 0);
	assert_int_equal(r->data[4 + 3], 1); /* a rewind stays in its partition */
}

static void locate_finds_objects_files_and_the_end_of_a_partition(void **state)
{
	struct rig *r = *state;

	two(r);
	write_filemarks(r, 1);
	write_block(r, 5, 10);
	enter(r, 0);
	locate_16(r, CP | 1 << 3, 1, 1); /* file 1 */
	expect_good(r);
	expect_at(r, 1, 3);
	locate_16(r, CP | 3 << 3, 0, 0); /* end of data */
	expect_good(r);
	expect_at(r, 0, 3);
	locate_16(r, CP, 1, UINT64_MAX);
	expect_tape(r, SENSE_END_OF_DATA, 0, 0);
	expect_at(r, 1, 4);
}

static void a_partition_that_is_not_there_is_refused(void **state)
{
	struct rig *r = *state;

	two(r);
	locate_16(r, CP, 2, 0);
	expect_field(r, 3);
	expect_at(r, 1, 2);
	run(r, 0, OP_LOCATE_10, CP, 0, 0, 0, 0, 0, 0, 2, 0);
	expect_field(r, 8);
	locate_16(r, 0, 2, 1); /* without CP nobody looks */
	expect_good(r);
	locate_16(r, CP | 2 << 3, 0, 0);
	expect_field(r, 1);
	expect_at(r, 1, 1);
}

static void spacing_never_leaves_the_partition(void **state)
{
	struct rig *r = *state;

	two(r);
	run_space(r, 0, 1);
	expect_tape(r, SENSE_END_OF_DATA, 0, 1);
	expect_at(r, 1, 2);
	run_space(r, 0, -5);
	expect_tape(r, SENSE_BEGINNING_OF_PARTITION, SENSE_EOM, 3);
	expect_at(r, 1, 0);
	run_space(r, 3, 0);
	expect_good(r);
	expect_at(r, 1, 2);
}

static void erase_and_overwrite_touch_one_partition(void **state)
{
	struct rig *r = *state;

	two(r);
	rewind_tape(r);
	run(r, 0, OP_ERASE_6, 1, 0, 0, 0, 0);
	expect_good(r);
	run_read(r, 0, 200, 200);
	expect_tape(r, SENSE_END_OF_DATA, 0, 200);
	enter(r, 0);
	expect_block(r, 1, 100);
	write_block(r, 7, 60);
	run_space(r, 0, 1);
	expect_tape(r, SENSE_END_OF_DATA, 0, 1);
	expect_at(r, 0, 2);
}

static void each_partition_has_its_own_early_warning_and_end(void **state)
{
	struct rig *r = *state;
	unsigned blocks = 0;

	divide(r, 2); /* about 495 kB each */
	enter(r, 1);
	do {
		run_write(r, 0, 20000, 20000);
		blocks++;
	} while (r->status == SCSI_GOOD);
	expect_tape(r, SENSE_END_OF_PARTITION, SENSE_EOM, 0);
	assert_in_range(blocks, 18, 21);
	do {
		run_write(r, 0, 20000, 20000);
		blocks++;
		assert_true(blocks < 60);
	} while ((r->cmd.sense[r->cmd.sense[0] == 0x72 ? 1 : 2] & 0x0f) != KEY_VOLUME_OVERFLOW);
	expect_tape(r, SENSE_VOLUME_OVERFLOW, SENSE_EOM, 20000);
	assert_in_range(blocks, 24, 26);
	enter(r, 0); /* has room still */
	write_block(r, 1, 20000);
}

static void load_goes_to_partition_0(void **state)
{
	struct rig *r = *state;

	two(r);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	expect_at(r, 0, 0);
	enter(r, 1);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	expect_good(r);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	expect_at(r, 0, 0);
	expect_block(r, 1, 100);
	enter(r, 1);
	expect_block(r, 8, 200);
}

static void a_medium_keeps_its_partitions_in_another_drive(void **state)
{
	struct rig *r = *state;

	two(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	expect_at(r, 0, 0);
	assert_int_equal(sense_11(r)[3], 1);
	enter(r, 1);
	expect_block(r, 8, 200);
}

static void after_a_power_on_no_partition_is_written_before_the_host_says_where(void **state)
{
	struct rig *r = *state;

	divide(r, 2);
	enter(r, 1);
	write_block(r, 8, 200);
	rig_power_on(r);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_POWER_ON);
	run_write(r, 0, 100, 100); /* to partition 0, which is blank, but was not meant */
	expect_sense(r, SENSE_POSITIONING_ERROR);
	format_medium(r, 1);
	expect_sense(r, SENSE_POSITIONING_ERROR);
	expect_at(r, 0, 0);
	locate_16(r, CP, 1, 1);
	expect_good(r);
	write_block(r, 9, 200);
	rewind_tape(r);
	expect_block(r, 8, 200);
	expect_block(r, 9, 200);
}

static void a_write_protected_medium_can_be_read_everywhere(void **state)
{
	struct rig *r = *state;
	struct cart *c;

	two(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	assert_int_equal(cart_open(r->pool, "T1", CART_OPEN_WRITE | CART_OPEN_ADMIN, &c), 0);
	assert_int_equal(cart_set_write_protect(c, true), 0);
	assert_int_equal(cart_close(c), 0);
	move(r, RIG_SLOT_1, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	enter(r, 1);
	expect_block(r, 8, 200);
	run_write(r, 0, 100, 100);
	expect_sense(r, SENSE_WRITE_PROTECTED);
	enter(r, 0);
	format_medium(r, 0);
	expect_sense(r, SENSE_WRITE_PROTECTED);
}

static void explicit_addresses_name_the_partition(void **state)
{
	struct rig *r = *state;
	uint8_t cdb[16] = { OP_READ_16, [3] = 0, [11] = 1, [14] = 100 };

	rig_features(r, DRIVE_EXPLICIT);
	two(r);
	rewind_tape(r); /* out of implicit address mode */
	run_cdb(r, cdb, sizeof(cdb), 100);
	expect_good(r);
	assert_int_equal(r->data[0], 2);
	expect_at(r, 0, 2);
	cdb[0] = OP_WRITE_16;
	cdb[3] = 1; /* another sequence, without FCS */
	cdb[11] = 2;
	run_cdb(r, cdb, sizeof(cdb), 100);
	expect_sense(r, SENSE_COMMAND_SEQUENCE);
	expect_at(r, 0, 2);
	cdb[1] = 0x08; /* FCS */
	run_cdb(r, cdb, sizeof(cdb), 100);
	expect_good(r);
	expect_at(r, 1, 3);
	cdb[3] = 2;
	run_cdb(r, cdb, sizeof(cdb), 100);
	expect_field(r, 3);
}

/* Log page 31h: 4 bytes each of parameters 1 (left of partition 0), 2 (of 1), 3 and 4 (maxima). */
static void read_31(struct rig *r, uint32_t values[4])
{
	run(r, 255, OP_LOG_SENSE, 0, 0x40 | 0x31, 0, 0, 0, 0, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4 + 4 * 8);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(get_be16(r->data + 4 + 8 * (size_t)i), i + 1);
		values[i] = get_be32(r->data + 8 + 8 * (size_t)i);
	}
}

/* LTFS asks log page 31h for the room of both partitions, wherever the drive is. */
static void log_page_31_is_of_both_partitions(void **state)
{
	static const struct cart_params big = {
		.barcode = "BIG001L8",
		.density = 0x5e,
		.medium_type = 0x88,
		.capacity_bytes = 12000000000,
		.early_warning_bytes = 100000000,
	};
	static const uint16_t sizes[4] = { 4, REST, 0, 0 };
	struct rig *r = *state;
	uint32_t zero[4], one[4];

	rig_medium_ready(r, &big);
	read_31(r, zero);
	assert_int_equal(zero[0], 12000000000 >> 20);
	assert_int_equal(zero[2], 12000000000 >> 20);
	assert_int_equal(zero[1] | zero[3], 0); /* there is no second partition */
	select_11(r, 1, IDP | PSUM_UNITS, 9, sizes);
	format_medium(r, 1);
	expect_good(r);
	read_31(r, zero);
	enter(r, 1);
	read_31(r, one);
	assert_memory_equal(zero, one, sizeof(zero));
	assert_in_range(zero[2], 4000000000 >> 20, 4200000000 >> 20);
	assert_in_range(zero[3], 7600000000 >> 20, 8000000000 >> 20);
	write_block(r, 1, 3 << 20);
	write_filemarks(r, 1);
	read_31(r, one);
	assert_int_equal(one[0], zero[0]);
	assert_in_range(zero[1] - one[1], 3, 4);
	enter(r, 0);
	read_31(r, zero);
	assert_memory_equal(zero, one, sizeof(zero));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(partitions_hold_recordings_of_their_own),
		rig_test(four_partitions_can_be_had),
		rig_test(locate_without_cp_stays),
		rig_test(the_mode_page_names_the_partition),
		rig_test(locate_finds_objects_files_and_the_end_of_a_partition),
		rig_test(a_partition_that_is_not_there_is_refused),
		rig_test(spacing_never_leaves_the_partition),
		rig_test(erase_and_overwrite_touch_one_partition),
		rig_test(each_partition_has_its_own_early_warning_and_end),
		rig_test(load_goes_to_partition_0),
		rig_test(a_medium_keeps_its_partitions_in_another_drive),
		rig_test(after_a_power_on_no_partition_is_written_before_the_host_says_where),
		rig_test(explicit_addresses_name_the_partition),
		rig_test(a_write_protected_medium_can_be_read_everywhere),
		rig_test(log_page_31_is_of_both_partitions),
	};

	return rig_main(tests);
}
