/* SPDX-License-Identifier: Apache-2.0 */
/* READ REVERSE(6) (SSC-5), of a drive that has it: order of blocks and bytes, stops, residues. */
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define FIXED  0x01
#define SILI   0x02
#define BYTORD 0x04

static int setup(void **state)
{
	int r = rig_setup(state);

	if (r == 0)
		rig_features(*state, DRIVE_READ_REVERSE);
	return r;
}

#define reverse_test(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

static void run_reverse(struct rig *r, uint8_t flags, uint32_t length, size_t size)
{
	uint8_t cdb[6] = { OP_READ_REVERSE_6, flags };

	memset(r->data, 0xee, size + 1);
	put_be24(cdb + 2, length);
	run_cdb(r, cdb, sizeof(cdb), size);
}

static void go_to_end(struct rig *r)
{
	run_space(r, 3, 0);
	expect_good(r);
}

/* One block of the bytes 0, 1, 2 ... */
static void write_counting(struct rig *r, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		r->data[i] = (uint8_t)i;
	run_write(r, 0, size, size);
	expect_good(r);
}

static void the_block_before_the_position_comes(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 100);
	write_block(r, 2, 200);
	run_reverse(r, BYTORD, 200, 200);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 200);
	assert_int_equal(r->data[199], 2);
	expect_position(r, 1);
	run_reverse(r, BYTORD, 100, 100);
	expect_good(r);
	assert_int_equal(r->data[0], 1);
	expect_position(r, 0);
	expect_block(r, 1, 100); /* forwards again */
}

static void bytes_come_back_to_front_unless_asked_otherwise(void **state)
{
	struct rig *r = *state;

	write_counting(r, 5);
	run_reverse(r, 0, 5, 5);
	expect_good(r);
	assert_memory_equal(r->data, "\4\3\2\1\0", 5);
	run_space(r, 0, 1);
	run_reverse(r, BYTORD, 5, 5);
	assert_memory_equal(r->data, "\0\1\2\3\4", 5);
}

static void a_long_block_gives_the_end_that_comes_first(void **state)
{
	struct rig *r = *state;

	write_counting(r, 10);
	run_reverse(r, 0, 4, 4);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, -6);
	assert_memory_equal(r->data, "\x9\x8\x7\x6", 4);
	expect_position(r, 0);
	go_to_end(r);
	run_reverse(r, BYTORD, 4, 4);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, -6);
	assert_memory_equal(r->data, "\0\1\2\3", 4);
	go_to_end(r);
	run_reverse(r, SILI, 4, 4);
	expect_good(r);
}

static void a_short_block_is_ili_or_with_sili_good(void **state)
{
	struct rig *r = *state;

	write_counting(r, 4);
	run_reverse(r, 0, 10, 10);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 6);
	assert_int_equal(r->cmd.in_len, 4);
	assert_memory_equal(r->data, "\3\2\1\0\xee", 5);
	go_to_end(r);
	run_reverse(r, SILI, 10, 10);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4);
}

static void fixed_blocks_come_in_reverse_order(void **state)
{
	struct rig *r = *state;

	set_block_size(r, 3);
	memcpy(r->data, "abcdefghi", 9);
	run_write(r, FIXED, 3, 9);
	expect_good(r);
	run_reverse(r, FIXED | BYTORD, 3, 9);
	expect_good(r);
	assert_memory_equal(r->data, "ghidefabc", 9);
	expect_position(r, 0);
	go_to_end(r);
	run_reverse(r, FIXED, 3, 9);
	assert_memory_equal(r->data, "ihgfedcba", 9);
}

static void the_beginning_of_the_partition_stops_it(void **state)
{
	struct rig *r = *state;

	run_reverse(r, 0, 100, 100);
	expect_tape(r, SENSE_BEGINNING_OF_PARTITION, SENSE_EOM, 100);
	set_block_size(r, 3);
	memcpy(r->data, "abcdef", 6);
	run_write(r, FIXED, 2, 6);
	run_reverse(r, FIXED | BYTORD, 5, 15);
	expect_tape(r, SENSE_BEGINNING_OF_PARTITION, SENSE_EOM, 3);
	assert_int_equal(r->cmd.in_len, 6);
	assert_memory_equal(r->data, "defabc", 6);
	expect_position(r, 0);
}

static void a_filemark_stops_it_and_the_tape_is_before_it(void **state)
{
	struct rig *r = *state;

	write_sample(r); /* 3 blocks, filemark, 2 blocks of 400, filemark */
	go_to_end(r);
	run_reverse(r, 0, 400, 400);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 400);
	expect_position(r, 6);
	set_block_size(r, 400);
	run_reverse(r, FIXED, 5, 2000);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 3);
	assert_int_equal(r->cmd.in_len, 800);
	expect_position(r, 3);
	run_reverse(r, FIXED, 2, 800); /* a block of 300 */
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 2);
	expect_position(r, 2);
}

static void what_is_buffered_can_be_read_and_a_write_replaces_it(void **state)
{
	struct rig *r = *state;

	for (uint8_t i = 1; i <= 20; i++)
		write_block(r, i, 1000);
	run_reverse(r, 0, 1000, 1000);
	expect_good(r);
	assert_int_equal(r->data[0], 20);
	write_block(r, 99, 500); /* over the 20th */
	go_to_end(r);
	expect_position(r, 20);
	run_reverse(r, 0, 500, 500);
	expect_good(r);
	assert_int_equal(r->data[499], 99);
}

static void what_is_wrong_in_the_cdb_moves_nothing(void **state)
{
	struct rig *r = *state;

	write_block(r, 1, 100);
	run_reverse(r, FIXED, 1, 100);
	expect_field_bit(r, 1, 0);
	run_reverse(r, 0, 0, 0);
	expect_good(r);
	set_block_size(r, 100);
	run_reverse(r, FIXED | SILI, 1, 100);
	expect_field_bit(r, 1, 1);
	run_reverse(r, FIXED, 1, 99);
	expect_tape(r, SENSE_INFORMATION_UNIT_TOO_SHORT, 0, 1);
	expect_position(r, 1);
}

/* The rig's own drive is one without it. */
static void a_drive_without_the_feature_does_not_know_it(void **state)
{
	struct rig *r = *state;

	run_reverse(r, 0, 100, 100);
	expect_sense(r, SENSE_INVALID_OPCODE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		reverse_test(the_block_before_the_position_comes),
		reverse_test(bytes_come_back_to_front_unless_asked_otherwise),
		reverse_test(a_long_block_gives_the_end_that_comes_first),
		reverse_test(a_short_block_is_ili_or_with_sili_good),
		reverse_test(fixed_blocks_come_in_reverse_order),
		reverse_test(the_beginning_of_the_partition_stops_it),
		reverse_test(a_filemark_stops_it_and_the_tape_is_before_it),
		reverse_test(what_is_buffered_can_be_read_and_a_write_replaces_it),
		reverse_test(what_is_wrong_in_the_cdb_moves_nothing),
		rig_test(a_drive_without_the_feature_does_not_know_it),
	};

	return rig_main(tests);
}
