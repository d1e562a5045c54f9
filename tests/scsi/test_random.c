/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random and mutated CDBs with random data at both units: nothing crashes, no buffer is overrun,
 * sense is well formed, and the library still holds every cartridge once.  VTL_SEED repeats a run,
 * VTL_CDBS makes it longer.
 */
#include <stdlib.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "tests/support/rig.h"

#define GUARD 64

/* Half of the CDBs begin as a known row with allowed bits, so that handlers run, too. */
static size_t make_cdb(GRand *rand, const struct scsi_unit *unit, uint8_t *cdb)
{
	static const uint8_t lengths[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };
	const struct scsi_command *row = NULL;

	for (unsigned i = 0; i < SCSI_CDB_MAX; i++)
		cdb[i] = (uint8_t)g_rand_int(rand);
	if (g_rand_boolean(rand))
		row = &unit->tables->commands[g_rand_int_range(rand, 0,
							       (gint32)unit->tables->commands_cnt)];
	if (row == NULL)
		return lengths[cdb[0] >> 5];
	cdb[0] = row->opcode;
	for (unsigned i = 1; i < row->len; i++)
		cdb[i] &= row->bits[i - 1];
	if (row->sa != SA_NONE)
		cdb[1] = (uint8_t)(cdb[1] | row->sa);
	if (row->opcode == OP_WRITE_FILEMARKS_6)
		cdb[2] = cdb[3] = 0; /* or the test would write filemarks all day */
	return row->len;
}

static void check_answer(const struct rig *r, size_t size)
{
	for (unsigned i = 0; i < GUARD; i++)
		assert_int_equal(r->data[size + i], 0xcc);
	assert_true(r->cmd.in_len <= size);
	if (r->status == SCSI_GOOD)
		return;
	assert_int_equal(r->status, SCSI_CHECK_CONDITION);
	assert_true(r->cmd.sense_len >= 8 && r->cmd.sense_len <= SCSI_SENSE_SIZE);
}

static unsigned count_cartridges(struct rig *r)
{
	unsigned n = 0;

	for (unsigned address = 0; address < 1100; address++) {
		struct library_element e;

		if (library_element(r->library, (uint16_t)address, &e) && e.full)
			n++;
	}
	return n;
}

/* Random moves soon leave the drive empty: puts T1 back, as far as the random prevention lets it.
 */
static void load_again(struct rig *r)
{
	uint16_t address;

	drive_unit(r->drive)->attentions_cnt = 0;
	if (library_find(r->library, "T1", &address))
		ignore_result(
			library_move(r->library, address, RIG_DRIVE_1)); /* or refused: as well */
}

static void nothing_breaks(void **state)
{
	struct rig *r = *state;
	const char *given = getenv("VTL_SEED"), *count = getenv("VTL_CDBS");
	guint32 seed = given != NULL ? (guint32)strtoul(given, NULL, 0) : g_random_int();
	unsigned long good = 0, n = count != NULL ? strtoul(count, NULL, 0) : 20000;
	struct scsi_unit *units[] = { drive_unit(r->drive), changer_unit(r->changer) };
	GRand *rand = g_rand_new_with_seed(seed);

	print_message("VTL_SEED=%u VTL_CDBS=%lu\n", seed, n);
	for (unsigned long i = 0; i < n; i++) {
		size_t size = (size_t)g_rand_int_range(rand, 0, 5000), len;
		uint8_t cdb[SCSI_CDB_MAX];

		if (i % 20 == 0)
			load_again(r);
		r->unit = units[g_rand_int_range(rand, 0, 3) == 0];
		len = make_cdb(rand, r->unit, cdb);
		memset(r->data, g_rand_boolean(rand) ? 0 : (int)(g_rand_int(rand) & 0xff), size);
		memset(r->data + size, 0xcc, GUARD);
		run_cdb(r, cdb, len, size);
		check_answer(r, size);
		good += r->status == SCSI_GOOD;
	}
	print_message("%lu of %lu were GOOD\n", good, n);
	assert_true(good > n / 20); /* else it tried only refusals */
	assert_int_equal(count_cartridges(r), 3);
	g_rand_free(rand);
}

int main(void)
{
	const struct CMUnitTest tests[] = { rig_test(nothing_breaks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
