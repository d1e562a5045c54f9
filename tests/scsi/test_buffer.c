/* SPDX-License-Identifier: Apache-2.0 */
/* READ BUFFER and WRITE BUFFER (SPC-5): data, descriptor, echo, error history, microcode refused.
 */
#include <string.h>

#include "handlers/scsi/service.h"
#include "lib/base/bytes.h"
#include "tests/support/rig.h"

static void run_buffer(struct rig *r, uint8_t opcode, uint8_t mode, uint8_t id, uint32_t offset,
		       uint32_t length)
{
	uint8_t cdb[10] = { opcode, mode, id };

	put_be24(cdb + 3, offset);
	put_be24(cdb + 6, length);
	run_cdb(r, cdb, sizeof(cdb), length);
}

static void read_buffer(struct rig *r, uint8_t mode, uint8_t id, uint32_t offset, uint32_t length)
{
	memset(r->data, 0xee, length + 1);
	run_buffer(r, OP_READ_BUFFER, mode, id, offset, length);
}

static void what_is_written_comes_back(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0x5a, SERVICE_BUFFER_BYTES);
	run_buffer(r, OP_WRITE_BUFFER, 2, 0, 0, SERVICE_BUFFER_BYTES);
	expect_good(r);
	memset(r->data, 0x11, 7);
	run_buffer(r, OP_WRITE_BUFFER, 2, 0, 8, 7);
	expect_good(r);
	read_buffer(r, 2, 0, 4, 16);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 16);
	assert_memory_equal(r->data,
			    "\x5a\x5a\x5a\x5a\x11\x11\x11\x11\x11\x11\x11\x5a\x5a\x5a\x5a\x5a", 16);
}

static void the_buffer_has_an_end_and_boundaries(void **state)
{
	struct rig *r = *state;

	read_buffer(r, 2, 0, SERVICE_BUFFER_BYTES - 4, 100);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4);
	read_buffer(r, 2, 0, SERVICE_BUFFER_BYTES, 100);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 0);
	read_buffer(r, 2, 0, SERVICE_BUFFER_BYTES + 4, 4);
	expect_field_bit(r, 3, 7);
	read_buffer(r, 2, 0, 2, 4);
	expect_field_bit(r, 3, 7);
	run_buffer(r, OP_WRITE_BUFFER, 2, 0, SERVICE_BUFFER_BYTES - 4, 5);
	expect_field_bit(r, 6, 7);
	run_buffer(r, OP_WRITE_BUFFER, 2, 0, SERVICE_BUFFER_BYTES, 0);
	expect_good(r);
	read_buffer(r, 2, 1, 0, 4);
	expect_field_bit(r, 2, 7);
	run_buffer(r, OP_WRITE_BUFFER, 2, 1, 0, 4);
	expect_field_bit(r, 2, 7);
}

static void a_short_data_out_changes_nothing(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0x77, 8);
	run(r, 4, OP_WRITE_BUFFER, 2, 0, 0, 0, 0, 0, 0, 8, 0);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	read_buffer(r, 2, 0, 0, 4);
	assert_memory_equal(r->data, "\0\0\0\0", 4);
}

static void the_descriptor_says_size_and_boundary(void **state)
{
	struct rig *r = *state;

	read_buffer(r, 3, 0, 0, 4);
	expect_good(r);
	assert_int_equal(r->data[0], SERVICE_BOUNDARY);
	assert_int_equal(get_be24(r->data + 1), SERVICE_BUFFER_BYTES);
	read_buffer(r, 3, 1, 0, 4); /* LTFS asks for a dump so: there is none */
	expect_good(r);
	assert_memory_equal(r->data, "\0\0\0\0", 4);
	read_buffer(r, 3, 0, 4, 4);
	expect_field_bit(r, 3, 7);
	read_buffer(r, 0x23, 0, 0, 4);
	expect_field_bit(r, 1, 7);
}

static void the_echo_comes_back_as_long_as_it_was(void **state)
{
	struct rig *r = *state;

	read_buffer(r, 0x0a, 0, 0, 8);
	expect_sense(r, SENSE_COMMAND_SEQUENCE); /* none was written */
	memcpy(r->data, "hello", 5);
	run_buffer(r, OP_WRITE_BUFFER, 0x0a, 0, 0, 5);
	expect_good(r);
	read_buffer(r, 0x0a, 0, 0, 100);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 5);
	assert_memory_equal(r->data, "hello", 5);
	run_buffer(r, OP_WRITE_BUFFER, 0x0a, 0, 0, SERVICE_ECHO_BYTES + 1);
	expect_field_bit(r, 6, 7);
	run_buffer(r, OP_WRITE_BUFFER, 0x0a, 0, 0, SERVICE_ECHO_BYTES);
	expect_good(r);
	read_buffer(r, 0x0b, 0, 0, 4);
	assert_int_equal(r->data[0], 0); /* EBOS */
	assert_int_equal(get_be16(r->data + 2), SERVICE_ECHO_BYTES);
	rig_power_on(r);
	r->unit->attentions_cnt = 0;
	read_buffer(r, 0x0a, 0, 0, 8);
	expect_sense(r, SENSE_COMMAND_SEQUENCE);
}

static void the_error_history_is_a_directory_of_nothing(void **state)
{
	struct rig *r = *state;

	for (uint8_t id = 0; id <= 3; id++) {
		read_buffer(r, 0x1c, id, 0, 64);
		expect_good(r);
		assert_int_equal(r->cmd.in_len, 32);
		assert_memory_equal(r->data, "IBM     ", 8);
		assert_int_equal(get_be16(r->data + 30), 0);
	}
	read_buffer(r, 0x1c, 0x10, 0, 64);
	expect_field_bit(r, 2, 7);
	read_buffer(r, 0x1c, 0xff, 8, 0); /* the offset is ignored */
	expect_good(r);
	read_buffer(r, 0x1c, 0, 8, 64);
	expect_field_bit(r, 3, 7);
}

static void microcode_is_refused_before_its_data(void **state)
{
	static const uint8_t modes[] = {
		0x04, 0x05, 0x06, 0x07, 0x0d, 0x0e, 0x0f, 0x00, 0x1a, 0x1c
	};
	struct rig *r = *state;

	for (unsigned i = 0; i < sizeof(modes); i++) {
		run_buffer(r, OP_WRITE_BUFFER, modes[i], 0, 0, 1024);
		expect_field_bit(r, 1, 4);
	}
	read_buffer(r, 0x04, 0, 0, 8);
	expect_field_bit(r, 1, 4);
}

/* sg_read_buffer asks so where it is not told otherwise. */
static void header_and_data_come_together(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0x5a, 16);
	run_buffer(r, OP_WRITE_BUFFER, 2, 0, 0, 16);
	read_buffer(r, 0x00, 0, 0, 12);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 12);
	assert_memory_equal(r->data, "\0\1\0\0\x5a\x5a\x5a\x5a\x5a\x5a\x5a\x5a", 12);
	read_buffer(r, 0x00, 0, 0, 3);
	assert_int_equal(r->cmd.in_len, 3);
	read_buffer(r, 0x00, 0, 0, SERVICE_BUFFER_BYTES + 100);
	assert_int_equal(r->cmd.in_len, SERVICE_BUFFER_BYTES + 4);
	read_buffer(r, 0x00, 1, 0, 12);
	expect_field_bit(r, 2, 7);
	read_buffer(r, 0x00, 0, 4, 12);
	expect_field_bit(r, 3, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(what_is_written_comes_back),
		rig_test(the_buffer_has_an_end_and_boundaries),
		rig_test(a_short_data_out_changes_nothing),
		rig_test(the_descriptor_says_size_and_boundary),
		rig_test(the_echo_comes_back_as_long_as_it_was),
		rig_test(the_error_history_is_a_directory_of_nothing),
		rig_test(microcode_is_refused_before_its_data),
		rig_test(header_and_data_come_together),
	};

	return rig_main(tests);
}
