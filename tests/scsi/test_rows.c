/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each row of the command tables promises, tested from the row, whoever's command it is:
 * reserved bits, preconditions, unit attention, allocation and parameter list lengths, field
 * pointers; and REPORT SUPPORTED OPERATION CODES, which tells the same rows.  The drive is one that
 * has every feature.
 */
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "tests/support/rig.h"

#define ALL_FEATURES 0xffffffffu

static int setup(void **state)
{
	int r = rig_setup(state);

	if (r == 0 && !rig_sg_on()) /* there it is the model's own rows */
		rig_features(*state, ALL_FEATURES);
	return r;
}

#define rows_test(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

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
			bool lun = byte == 1 && bit >= 5 &&
				   (r->unit->tables->lun_in_cdb || (row->needs & LUN_IGNORED) != 0);

			if ((row->bits[byte - 1] >> bit & 1) != 0 || control || lun)
				continue;
			if (byte == 1 && row->sa != SA_NONE && bit < 5)
				continue;
			fill_cdb(cdb, row);
			cdb[byte] |= (uint8_t)(1u << bit);
			run_cdb(r, cdb, row->len, 0);
			expect_field_bit(r, byte, bit);
		}
	}
}

static void every_reserved_bit_is_refused_and_named(void **state)
{
	each_row(*state, each_reserved_bit);
}

/* What the rest of the program takes for granted of a row. */
static void is_well_formed(struct rig *r, const struct scsi_command *row)
{
	const struct scsi_tables *t = r->unit->tables;
	static const uint8_t lengths[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

	assert_int_equal(row->len, lengths[row->opcode >> 5]);
	assert_true(row->timeout_s > 0);
	assert_true(strlen(row->name) > 0);
	for (unsigned byte = row->len - 1u; byte < SCSI_CDB_MAX; byte++)
		assert_int_equal(row->bits[byte - 1],
				 0); /* the control byte and what is behind it */
	if (row->sa != SA_NONE)
		assert_int_equal(row->bits[0] & 0x1f, 0);
	for (unsigned i = 0; i < t->commands_cnt; i++) {
		const struct scsi_command *other = &t->commands[i];

		if (other != row && other->opcode == row->opcode)
			assert_true(other->sa != row->sa && other->sa != SA_NONE &&
				    row->sa != SA_NONE);
	}
}

static void every_row_is_well_formed(void **state)
{
	each_row(*state, is_well_formed);
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

static void meets_a_loading_medium(struct rig *r, const struct scsi_command *row)
{
	uint8_t cdb[SCSI_CDB_MAX];

	if ((row->needs & NEEDS_MEDIUM) == 0 || r->unit != drive_unit(r->drive))
		return;
	fill_cdb(cdb, row);
	r->drive->looked_ms = clock_monotonic_ms() + 60000; /* it does not look again soon */
	run_cdb(r, cdb, row->len, 0);
	expect_sense(r, SENSE_BECOMING_READY);
}

static void what_needs_a_medium_waits_for_one_that_loads(void **state)
{
	struct rig *r = *state;

	r->drive->state = DRIVE_LOADING;
	each_row(r, meets_a_loading_medium);
	r->drive->state = DRIVE_READY;
}

static void meets_write_protection(struct rig *r, const struct scsi_command *row)
{
	uint8_t cdb[SCSI_CDB_MAX];

	if ((row->needs & NEEDS_WRITABLE) == 0)
		return;
	fill_cdb(cdb, row);
	run_cdb(r, cdb, row->len, 0);
	expect_sense(r, SENSE_WRITE_PROTECTED);
}

static void what_writes_is_refused_on_a_protected_medium(void **state)
{
	const struct cart_params params = {
		.barcode = "WP1", .density = 0x5e, .medium_type = 0x88, .write_protect = true
	};
	struct rig *r = *state;
	uint16_t slot;

	assert_int_equal(cart_create(r->pool, &params), 0);
	assert_int_equal(library_import(r->library, "WP1", false, &slot), 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, slot, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
	each_row(r, meets_write_protection);
}

/* ---- lengths ---- */

/* Where the CDB says how much data there is; size 0: nowhere, the answer has one length. */
struct length_field {
	unsigned byte, size;
};

static struct length_field length_field(const struct scsi_command *row)
{
	static const struct {
		uint8_t opcode;
		struct length_field field;
	} rows[] = {
		{ OP_INQUIRY, { 3, 2 } },
		{ OP_SEND_DIAGNOSTIC, { 3, 2 } },
		{ OP_RECEIVE_DIAGNOSTIC, { 3, 2 } },
		{ OP_READ_BLOCK_LIMITS, { 0, 0 } },
		{ OP_READ_6, { 2, 3 } },
		{ OP_READ_REVERSE_6, { 2, 3 } },
		{ OP_WRITE_6, { 2, 3 } },
		{ OP_VERIFY_6, { 2, 3 } },
		{ OP_READ_BUFFER, { 6, 3 } },
		{ OP_WRITE_BUFFER, { 6, 3 } },
		{ OP_READ_16, { 12, 3 } },
		{ OP_READ_REVERSE_16, { 12, 3 } },
		{ OP_WRITE_16, { 12, 3 } },
		{ OP_VERIFY_16, { 12, 3 } },
		{ OP_READ_ELEMENT_STATUS, { 7, 3 } },
	};
	static const struct length_field usual[8] = { { 4, 1 }, { 7, 2 },  { 7, 2 },
						      { 0, 0 }, { 10, 4 }, { 6, 4 } };

	if (row->opcode == OP_READ_POSITION && row->sa != SA_READ_POSITION_EXTENDED)
		return (struct length_field){ 0, 0 };
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].opcode == row->opcode)
			return rows[i].field;
	return usual[row->opcode >> 5];
}

static void put_length(uint8_t *cdb, struct length_field f, uint32_t length)
{
	for (unsigned i = 0; i < f.size; i++)
		cdb[f.byte + i] = (uint8_t)(length >> (8 * (f.size - 1 - i)));
}

static bool is_stream(const struct scsi_command *row)
{
	return (row->needs & TELLS_DEFERRED) != 0;
}

/* A CDB that asks for something that is there. */
static void fill_asking(uint8_t *cdb, const struct scsi_command *row)
{
	fill_cdb(cdb, row);
	if (row->opcode == OP_READ_BUFFER)
		cdb[1] = 0x03; /* the descriptor */
	if (row->opcode == OP_READ_ELEMENT_STATUS)
		cdb[5] = 0xff; /* elements */
}

#define OFFERED 16384u /* by the fabric */

static void meets_allocation_lengths(struct rig *r, const struct scsi_command *row)
{
	struct length_field f = length_field(row);
	uint8_t cdb[SCSI_CDB_MAX];
	size_t whole;

	if (row->data != DATA_IN || is_stream(row))
		return;
	fill_asking(cdb, row);
	put_length(cdb, f, f.size == 1 ? 0xff : OFFERED);
	for (unsigned i = 0; i < f.size; i++) /* the row knows the field that we found */
		assert_int_equal(row->bits[f.byte + i - 1], 0xff);
	run_cdb(r, cdb, row->len, OFFERED);
	expect_good(r);
	whole = r->cmd.in_len;
	assert_true(whole > 0);
	for (unsigned i = 0; i < 5 && f.size > 0; i++) {
		const uint32_t tries[] = { 0, 1, (uint32_t)whole / 2, (uint32_t)whole - 1,
					   (uint32_t)whole };

		put_length(cdb, f, tries[i]);
		memset(r->data, 0xcc, OFFERED);
		run_cdb(r, cdb, row->len, OFFERED);
		expect_good(r);
		if (row->opcode == OP_READ_ELEMENT_STATUS) /* whole descriptors */
			assert_true(r->cmd.in_len <= tries[i]);
		else
			assert_int_equal(r->cmd.in_len, tries[i]);
		for (size_t n = r->cmd.in_len; n < OFFERED; n++)
			assert_int_equal(r->data[n], 0xcc);
	}
}

static void no_answer_is_longer_than_its_allocation_length(void **state)
{
	each_row(*state, meets_allocation_lengths);
}

/* Data-in never exceeds what the fabric offers, whatever the CDB's own allocation length. */
static void meets_small_buffers(struct rig *r, const struct scsi_command *row)
{
	uint8_t cdb[SCSI_CDB_MAX];

	if (row->data != DATA_IN)
		return;
	for (size_t size = 0; size < 40; size++) {
		fill_asking(cdb, row);
		put_length(cdb, length_field(row), 0xff);
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

/* A list of no length is none; one of which the fabric offers less is refused whole. */
static void meets_short_lists(struct rig *r, const struct scsi_command *row)
{
	struct length_field f = length_field(row);
	uint8_t cdb[SCSI_CDB_MAX];

	if (row->data != DATA_OUT || row->opcode == OP_VERIFY_6 || row->opcode == OP_VERIFY_16)
		return; /* these send data with BYTCMP alone: test_verify.c */
	fill_cdb(cdb, row);
	if (row->opcode == OP_SEND_DIAGNOSTIC || row->opcode == OP_MODE_SELECT_6 ||
	    row->opcode == OP_MODE_SELECT_10)
		cdb[1] = 0x10; /* PF */
	if (row->opcode == OP_WRITE_BUFFER)
		cdb[1] = 0x02;
	if ((row->needs & EXPLICIT_ADDRESS) != 0) {
		rewind_tape(r); /* out of implicit address mode */
		cdb[1] = 0x0c;  /* a sequence of one */
	}
	for (unsigned i = 0; i < f.size; i++)
		assert_int_equal(row->bits[f.byte + i - 1], 0xff);
	run_cdb(r, cdb, row->len, 0);
	if (row->opcode != 0xb5)
		expect_good(r);
	for (uint32_t length = 1; length < 24; length++) {
		memset(r->data, 0, 64);
		put_length(cdb, f, length);
		run_cdb(r, cdb, row->len, length - 1);
		assert_int_equal(r->status, SCSI_CHECK_CONDITION);
	}
}

static void a_list_that_does_not_come_whole_is_refused(void **state)
{
	each_row(*state, meets_short_lists);
}

/* ---- field pointers ---- */

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Whatever a handler refuses in a CDB of allowed bits, it names a byte and a bit that the row has.
 */
static void meets_random_fields(struct rig *r, const struct scsi_command *row)
{
	uint32_t seed = row->opcode * 256u + row->sa;
	uint8_t cdb[SCSI_CDB_MAX];

	if (row->opcode == OP_VERIFY_6 || row->opcode == OP_VERIFY_16)
		seed++;
	for (unsigned i = 0; i < 64; i++) {
		unsigned byte = 0;
		int bit = -1;

		fill_cdb(cdb, row);
		for (unsigned b = 1; b < row->len; b++)
			if (next_random(&seed) % 3 != 0)
				cdb[b] |= (uint8_t)(next_random(&seed) & row->bits[b - 1]);
		memset(r->data, 0, 512);
		run_cdb(r, cdb, row->len, 512);
		if (r->status == SCSI_CHECK_CONDITION && sense_field(r, &byte, &bit)) {
			uint8_t known = byte >= 1 && byte < row->len ? row->bits[byte - 1] : 0;

			if (byte == 1 && row->sa != SA_NONE)
				known |= 0x1f;
			if (bit < 0 || (known >> bit & 1) == 0)
				fail_msg("%s: the pointer names byte %u bit %d", row->name, byte,
					 bit);
		}
		r->unit->attentions_cnt = 0;
	}
	if (r->unit == drive_unit(r->drive)) {
		run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
		run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
		rig_power_on(r);
		r->unit->attentions_cnt = 0;
	}
}

static void every_field_pointer_names_a_bit_of_the_row(void **state)
{
	each_row(*state, meets_random_fields);
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
		assert_int_equal(d[5] & 0xfc, 0);  /* no duration limits, one logical unit */
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
		rows_test(every_reserved_bit_is_refused_and_named),
		rows_test(a_unit_attention_comes_before_all_but_inquiry_and_request_sense),
		rows_test(what_needs_a_medium_is_refused_without_one),
		rows_test(every_row_is_well_formed),
		rows_test(what_needs_a_medium_waits_for_one_that_loads),
		rows_test(what_writes_is_refused_on_a_protected_medium),
		rows_test(no_answer_is_longer_than_its_allocation_length),
		rows_test(no_answer_is_longer_than_the_buffer),
		rows_test(a_list_that_does_not_come_whole_is_refused),
		rows_test(every_field_pointer_names_a_bit_of_the_row),
		rows_test(unknown_codes_and_actions_are_told_apart),
		rows_test(the_list_of_all_codes_is_the_rows),
		rows_test(one_code_comes_with_its_bits),
	};

	return rig_main(tests);
}
