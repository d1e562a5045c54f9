/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cdb_sg.c: the commands of fuzz_cdb at a drive and a changer behind /dev/sg, with the same
 * promises but those that only the process itself can see.
 *
 *   fuzz_cdb_sg /dev/sgDRIVE /dev/sgCHANGER SEED COUNT
 *
 * The library is one as tests/support/rig.h makes it.  Operation codes of groups that libtcmu drops
 * without an answer are left out: a host waits for their timeout (tests/system/cases/10-tools.sh).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/changer/internal.h"
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "tests/fuzz/cdb_run.h"
#include "tests/support/sg.h"

#define DRIVE_1 256
#define SLOT_1  1024

struct machine {
	int fds[2];
	char mounted[40];
	unsigned long lost; /* commands that the kernel gave up */
};

static int raw(struct machine *m, unsigned unit, struct scsi_cmd *cmd, enum scsi_data direction,
	       uint8_t *data, size_t size)
{
	int r = SCSI_CHECK_CONDITION;

	for (int tries = 0; tries < 4 && r == SCSI_CHECK_CONDITION; tries++)
		r = sg_execute(m->fds[unit], cmd, direction, data, size);
	return r;
}

/* The barcode in the first drive. */
static void look(struct machine *m)
{
	struct scsi_cmd cmd = { .cdb = { OP_READ_ELEMENT_STATUS, 0x14, DRIVE_1 >> 8, 0, 0, 1, 0, 0,
					 1 },
				.cdb_len = 12 };
	uint8_t data[256] = { 0 };

	memset(m->mounted, 0, sizeof(m->mounted));
	if (raw(m, FUZZ_CHANGER, &cmd, DATA_IN, data, sizeof(data)) != SCSI_GOOD ||
	    (data[16 + 2] & 1) == 0)
		return;
	memcpy(m->mounted, data + 16 + 12, 32);
	m->mounted[strcspn(m->mounted, " ")] = '\0';
}

static enum scsi_data direction_of(unsigned unit, const uint8_t *cdb)
{
	const struct scsi_tables t = unit == FUZZ_DRIVE ? drive_tables() : changer_tables();
	const struct scsi_command *rows = t.commands;

	for (unsigned i = 0; i < t.commands_cnt; i++)
		if (rows[i].opcode == cdb[0] &&
		    (rows[i].sa == SA_NONE || rows[i].sa == (cdb[1] & 0x1f)))
			return rows[i].data;
	return DATA_NONE;
}

static enum scsi_status execute(void *ctx, unsigned unit, struct scsi_cmd *cmd, uint8_t *data,
				size_t size)
{
	static const uint8_t lengths[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };
	struct machine *m = ctx;
	int r;

	if (lengths[cmd->cdb[0] >> 5] == 0)
		cmd->cdb[0] &= 0x1f;
	cmd->cdb_len = lengths[cmd->cdb[0] >> 5];
	r = sg_execute(m->fds[unit], cmd, direction_of(unit, cmd->cdb), data, size);
	if (r < 0) {
		fprintf(stderr, "opcode %02x: no answer: %s\n", (unsigned)cmd->cdb[0],
			strerror(-r));
		m->lost++;
		return SCSI_BUSY;
	}
	if (unit == FUZZ_CHANGER && r == SCSI_GOOD &&
	    (cmd->cdb[0] == OP_MOVE_MEDIUM || cmd->cdb[0] == OP_EXCHANGE_MEDIUM))
		look(m);
	return (enum scsi_status)r;
}

static bool position(void *ctx, uint32_t *ret_partition, uint64_t *ret_object)
{
	struct scsi_cmd cmd = { .cdb = { OP_READ_POSITION, SA_READ_POSITION_LONG }, .cdb_len = 10 };
	uint8_t data[32] = { 0 };

	if (raw(ctx, FUZZ_DRIVE, &cmd, DATA_IN, data, sizeof(data)) != SCSI_GOOD)
		return false;
	*ret_partition = get_be32(data + 4);
	*ret_object = get_be64(data + 8);
	return true;
}

static const char *mounted(void *ctx)
{
	return ((struct machine *)ctx)->mounted;
}

static int descriptor(void *ctx, unsigned unit)
{
	(void)ctx;
	(void)unit;
	return -1; /* the kernel's own answers are fixed */
}

/* Random moves soon empty the drive. */
static void load_again(struct machine *m)
{
	struct scsi_cmd allow = { .cdb = { OP_PREVENT_ALLOW }, .cdb_len = 6 };
	struct scsi_cmd move = { .cdb = { OP_MOVE_MEDIUM }, .cdb_len = 12 };

	(void)raw(m, FUZZ_DRIVE, &allow, DATA_NONE, NULL, 0);
	for (uint16_t i = 0; i < 5 && m->mounted[0] == '\0'; i++) {
		put_be16(move.cdb + 4, SLOT_1 + i);
		put_be16(move.cdb + 6, DRIVE_1);
		(void)raw(m, FUZZ_CHANGER, &move, DATA_NONE, NULL, 0);
		look(m);
	}
}

int main(int argc, char **argv)
{
	bool few = false; /* else it tried only refusals */
	static struct cdb_source source;
	static struct machine m;
	const struct scsi_tables tables[2] = { drive_tables(), changer_tables() };
	const struct fuzz_target target = { .rows = { tables[0].commands, tables[1].commands },
					    .rows_cnt = { tables[0].commands_cnt,
							  tables[1].commands_cnt },
					    .execute = execute,
					    .position = position,
					    .mounted = mounted,
					    .descriptor = descriptor,
					    .ctx = &m };
	unsigned long count, good, all;
	struct fuzz_run *run;

	if (argc != 5) {
		fprintf(stderr, "usage: fuzz_cdb_sg DRIVE CHANGER SEED COUNT\n");
		return 2;
	}
	for (int i = 0; i < 2; i++) {
		m.fds[i] = sg_open(argv[1 + i]);
		if (m.fds[i] < 0) {
			fprintf(stderr, "%s: %s\n", argv[1 + i], strerror(-m.fds[i]));
			return 2;
		}
	}
	source_seed(&source, strtoull(argv[3], NULL, 0));
	count = strtoul(argv[4], NULL, 0);
	run = fuzz_run_new(&target, &source);
	look(&m);
	fuzz_run_moved(run);
	for (unsigned long i = 0; i < count; i++) {
		if (i % 5000 == 0) {
			printf("%lu commands\n", i);
			(void)fflush(stdout);
		}
		if (i % 50 == 0 && m.mounted[0] == '\0') {
			load_again(&m);
			fuzz_run_moved(run);
		}
		fuzz_run_step(run);
	}
	for (unsigned i = 0; i < 2; i++) {
		fuzz_run_counts(run, i, &good, &all);
		printf("%lu commands to the %s over sg, %lu of them GOOD\n", all,
		       i == FUZZ_DRIVE ? "drive" : "changer", good);
		few = few || good < all / 20;
	}
	printf("%lu commands without an answer\n", m.lost);
	fuzz_run_free(run);
	return m.lost > 0 || few;
}
