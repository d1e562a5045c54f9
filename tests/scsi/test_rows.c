/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each row of the command tables promises, tested from the row: reserved bits, preconditions,
 * unit attention, allocation lengths; and REPORT SUPPORTED OPERATION CODES, which tells the same
 * rows.
 */
#include <string.h>

#include "handlers/scsi/command.h"
#include "lib/base/bytes.h"
#include "tests/support/rig.h"

typedef void (*row_fn)(struct rig *r, const struct scsi_command *row);

/* For every row of both units that a handler of ours serves. */
static void each_row(struct rig *r, row_fn f)
{
	struct scsi_unit *units[] = { drive_unit(r->drive), changer_unit(r->changer) };

	for (unsigned u = 0; u < 2; u++) {
		r->unit = units[u];
		for (unsigned i = 0; i < r->unit->tables->commands_cnt; i++)
			if (r->unit->tables->commands[i].handler != NULL)
				f(r, &r->unit->tables->commands[i]);
	}
	r->unit = units[0];
}

static void fill_cdb(uint8_t *cdb, const struct scsi_command *row)
{
	memset(cdb, 0, SCSI_CDB_MAX);
	cdb[0] = row->opcode;
	if (row->sa != SA_NONE)
		cdb[1] = (uint8_t)row->sa;
}

static void each_reserved_bit(struct rig *r, const struct scsi_command *row)
{
	uint8_t cdb[SCSI_CDB_MAX];

	for (unsigned byte = 1; byte < row->len; byte++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			bool control = byte == row->len - 1u && bit >= 6;
			bool lun = byte == 1 && bit >= 5 && r->unit->tables->lun_in_cdb;

			if ((row->bits[byte - 1] >> bit & 1) != 0 || control || lun)
				continue;
			if (byte == 1 && row->sa != SA_NONE && bit < 5)
				continue;
			fill_cdb(cdb, row);
			cdb[byte] |= (uint8_t)(1u << bit);
			run_cdb(r, cdb, row->len, 0);
			expect_field(r, byte);
		}
	}
}

static void every_reserved_bit_is_refused_and_named(void **state)
{
	each_row(*state, each_reserved_bit);
}

static void meets_a_unit_attention(struct rig *r, const struct scsi_command *row)
{
	uint8_t cdb[SCSI_CDB_MAX];

	fill_cdb(cdb, row);
	r->unit->attentions_cnt = 0;
	unit_attention(r->unit, SENSE_POWER_ON);
	run_cdb(r, cdb, row->len, 0);
	if ((row->needs & UA_EXEMPT) != 0)
		assert_int_equal(r->status, SCSI_GOOD);
	else
		expect_sense(r, SENSE_POWER_ON);
	r->unit->attentions_cnt = 0;
}

static void a_unit_attention_comes_before_all_but_inquiry_and_request_sense(void **state)
{
	each_row(*state, meets_a_unit_attention);
}

static void meets_no_medium(struct rig *r, const struct scsi_command *row)
{
	uint8_t cdb[SCSI_CDB_MAX];

	if ((row->needs & NEEDS_MEDIUM) == 0 || r->unit != drive_unit(r->drive))
		return;
	fill_cdb(cdb, row);
	run_cdb(r, cdb, row->len, 0);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
}

static void what_needs_a_medium_is_refused_without_one(void **state)
{
	struct rig *r = *state;

	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	each_row(r, meets_no_medium);
}

/* Data-in never exceeds what the fabric offers, whatever the CDB's own allocation length. */
static void meets_small_buffers(struct rig *r, const struct scsi_command *row)
{
	uint8_t cdb[SCSI_CDB_MAX];

	if (row->data != DATA_IN)
		return;
	for (size_t size = 0; size < 40; size++) {
		fill_cdb(cdb, row);
		for (unsigned byte = 2; byte < row->len - 1u; byte++)
			if (row->opcode != OP_LOG_SENSE && row->opcode != OP_MAINTENANCE_IN)
				cdb[byte] |= row->bits[byte - 1];
		memset(r->data, 0xcc, 64);
		run_cdb(r, cdb, row->len, size);
		assert_true(r->cmd.in_len <= size);
		assert_int_equal(r->data[size], 0xcc);
	}
}

static void no_answer_is_longer_than_the_buffer(void **state)
{
	each_row(*state, meets_small_buffers);
}

static void unknown_codes_and_actions_are_told_apart(void **state)
{
	struct rig *r = *state;

	run(r, 0, 0xd0, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_INVALID_OPCODE);
	run(r, 0, OP_MAINTENANCE_IN, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_field(r, 1);
	run(r, 0, OP_REPORT_LUNS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); /* the core's */
	expect_sense(r, SENSE_INVALID_OPCODE);
	r->cmd.cdb_len = 0;
	run_cdb(r, (const uint8_t[]){ 0x7f }, 1, 0);
	expect_sense(r, SENSE_INVALID_OPCODE);
}

static void the_list_of_all_codes_is_the_rows(void **state)
{
	struct rig *r = *state;
	const struct scsi_tables *t = r->unit->tables;

	run(r, 4096, OP_MAINTENANCE_IN, 0x0c, 0x80, 0, 0, 0, 0, 0, 0x10, 0, 0, 0);
	expect_good(r);
	assert_int_equal(get_be32(r->data) + 4, r->cmd.in_len);
	assert_int_equal(get_be32(r->data),
			 t->commands_cnt * 20); /* LTFS: with timeouts, 20 each */
	for (unsigned i = 0; i < t->commands_cnt; i++) {
		const uint8_t *d = r->data + 4 + i * 20;

		assert_int_equal(d[0], t->commands[i].opcode);
		assert_int_equal(get_be16(d + 6), t->commands[i].len);
		assert_true(get_be32(d + 16) > 0); /* a recommended timeout */
	}
	run(r, 4096, OP_MAINTENANCE_IN, 0x0c, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0);
	assert_int_equal(get_be32(r->data), t->commands_cnt * 8);
}

static void one_code_comes_with_its_bits(void **state)
{
	struct rig *r = *state;

	run(r, 64, OP_MAINTENANCE_IN, 0x0c, 0x01, OP_WRITE_6, 0, 0, 0, 0, 0, 64, 0, 0);
	expect_good(r);
	assert_int_equal(r->data[1], 3);
	assert_int_equal(get_be16(r->data + 2), 6);
	assert_memory_equal(r->data + 4, ((const uint8_t[]){ OP_WRITE_6, 1, 0xff, 0xff, 0xff, 0 }),
			    6);
	run(r, 64, OP_MAINTENANCE_IN, 0x0c, 0x01, 0xd0, 0, 0, 0, 0, 0, 64, 0, 0);
	expect_good(r);
	assert_int_equal(r->data[1], 1); /* not supported */
	run(r, 64, OP_MAINTENANCE_IN, 0x0c, 0x01, OP_READ_POSITION, 0, 0, 0, 0, 0, 64, 0, 0);
	expect_field(r, 2); /* it has service actions */
	run(r, 64, OP_MAINTENANCE_IN, 0x0c, 0x82, OP_READ_POSITION, 0, 6, 0, 0, 0, 64, 0, 0);
	expect_good(r);
	assert_int_equal(r->data[1], 0x83);
	assert_int_equal(r->data[5], 6);
	run(r, 64, OP_MAINTENANCE_IN, 0x0c, 0x03, OP_READ_POSITION, 0, 7, 0, 0, 0, 64, 0, 0);
	expect_good(r);
	assert_int_equal(r->data[1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(every_reserved_bit_is_refused_and_named),
		rig_test(a_unit_attention_comes_before_all_but_inquiry_and_request_sense),
		rig_test(what_needs_a_medium_is_refused_without_one),
		rig_test(no_answer_is_longer_than_the_buffer),
		rig_test(unknown_codes_and_actions_are_told_apart),
		rig_test(the_list_of_all_codes_is_the_rows),
		rig_test(one_code_comes_with_its_bits),
	};

	return rig_main(tests);
}
