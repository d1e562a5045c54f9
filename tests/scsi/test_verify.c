/* SPDX-License-Identifier: Apache-2.0 */
/* VERIFY(6) (SSC-5): lengths, filemarks, to the end of data, and comparing with what the host
 * sends. */
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define FIXED  0x01
#define BYTCMP 0x02
#define IMMED  0x04
#define VBF    0x08
#define VTE    0x20

static void run_verify(struct rig *r, uint8_t flags, uint32_t length, size_t size)
{
	uint8_t cdb[6] = { OP_VERIFY_6, flags };

	put_be24(cdb + 2, length);
	run_cdb(r, cdb, sizeof(cdb), size);
}

static void a_block_of_the_right_length_is_good(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_verify(r, 0, 100, 0);
	expect_good(r);
	run_verify(r, IMMED, 200, 0);
	expect_good(r);
	expect_position(r, 2);
	run_verify(r, 0, 0, 0);
	expect_good(r);
	expect_position(r, 2);
}

static void another_length_is_ili_and_passed(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_verify(r, 0, 150, 0);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 50);
	expect_position(r, 1);
	run_verify(r, 0, 150, 0);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, -50);
	expect_position(r, 2);
}

static void filemarks_and_the_end_stop_it_with_a_residue(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 3);
	run_verify(r, 0, 400, 0);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 400);
	expect_position(r, 4);
	set_block_size(r, 400);
	run_verify(r, FIXED, 5, 0);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 3);
	expect_position(r, 7);
	run_verify(r, FIXED, 5, 0);
	expect_tape(r, SENSE_END_OF_DATA, 0, 5);
}

static void fixed_blocks_are_counted(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_verify(r, FIXED, 1, 0); /* and no block length is set */
	expect_field_bit(r, 1, 0);
	set_block_size(r, 100);
	run_verify(r, FIXED, 1, 0);
	expect_good(r);
	run_verify(r, FIXED, 4, 0);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 4);
	expect_position(r, 2);
}

static void filemarks_can_be_what_is_counted(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_verify(r, VBF, 0, 0);
	expect_good(r);
	expect_position(r, 0);
	run_verify(r, VBF, 1, 0);
	expect_good(r);
	expect_position(r, 4);
	run_verify(r, VBF, 5, 0);
	expect_tape(r, SENSE_END_OF_DATA, 0, 4);
	expect_position(r, 7);
}

static void it_can_go_to_the_end_of_data(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	run_verify(r, VTE, 0, 0);
	expect_good(r);
	expect_position(r, 7);
	run_verify(r, VTE, 0, 0);
	expect_good(r);
}

static void what_the_host_sends_is_compared(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	memset(r->data, 1, 100);
	run_verify(r, BYTCMP, 100, 100);
	expect_good(r);
	memset(r->data, 2, 200);
	r->data[199] = 3;
	run_verify(r, BYTCMP, 200, 200);
	expect_tape(r, SENSE_MISCOMPARE, 0, 200);
	expect_position(r, 2);
	run_verify(r, BYTCMP, 300, 299);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	expect_position(r, 2);
	run_verify(r, BYTCMP, 100, 100); /* it has 300 bytes: that comes first */
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, -200);
}

static void fixed_blocks_are_compared_one_by_one(void **state)
{
	struct rig *r = *state;

	set_block_size(r, 50);
	for (uint8_t i = 0; i < 4; i++)
		memset(r->data + 50 * i, i + 1, 50);
	run_write(r, FIXED, 4, 200);
	expect_good(r);
	rewind_tape(r);
	run_verify(r, FIXED | BYTCMP, 4, 200);
	expect_good(r);
	rewind_tape(r);
	r->data[120] = 99; /* of the third */
	run_verify(r, FIXED | BYTCMP, 4, 200);
	expect_tape(r, SENSE_MISCOMPARE, 0, 2);
	expect_position(r, 3);
	run_verify(r, FIXED | BYTCMP, 0xffffff, 200);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
}

static void what_contradicts_itself_is_refused_before_the_tape_moves(void **state)
{
	struct rig *r = *state;

	write_sample(r);
	set_block_size(r, 100);
	run_verify(r, BYTCMP | VBF, 1, 100);
	expect_field_bit(r, 1, 1);
	run_verify(r, BYTCMP | VTE, 1, 100);
	expect_field_bit(r, 1, 1);
	run_verify(r, VTE | VBF, 1, 0);
	expect_field_bit(r, 1, 3);
	run_verify(r, VBF | FIXED, 1, 0);
	expect_field_bit(r, 1, 0);
	rig_features(r, 0);
	r->model.max_block_bytes = 1024 * KIB;
	run_verify(r, BYTCMP, 1024 * KIB + 1, 100);
	expect_field_bit(r, 2, 7);
	expect_position(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_block_of_the_right_length_is_good),
		rig_test(another_length_is_ili_and_passed),
		rig_test(filemarks_and_the_end_stop_it_with_a_residue),
		rig_test(fixed_blocks_are_counted),
		rig_test(filemarks_can_be_what_is_counted),
		rig_test(it_can_go_to_the_end_of_data),
		rig_test(what_the_host_sends_is_compared),
		rig_test(fixed_blocks_are_compared_one_by_one),
		rig_test(what_contradicts_itself_is_refused_before_the_tape_moves),
	};

	return rig_main(tests);
}
