/* SPDX-License-Identifier: Apache-2.0 */
/* cdb_run.c: see cdb_run.h. */
#include "tests/fuzz/cdb_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/fuzz/cdb_model.h"

#define HISTORY 30

struct past {
	unsigned unit;
	uint8_t cdb[SCSI_CDB_MAX];
	size_t len, size, in_len;
	enum scsi_status status;
	struct cdb_sense sense;
	struct cdb_place after;
};

struct fuzz_run {
	const struct fuzz_target *target;
	struct cdb_source *source;
	struct cdb_model model;
	struct cdb_place place;
	char barcode[40];
	uint8_t *data;
	unsigned long all[2], good[2]; /* by unit */
	struct past past[HISTORY];
};

struct fuzz_run *fuzz_run_new(const struct fuzz_target *target, struct cdb_source *source)
{
	struct fuzz_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		abort();
	run->target = target;
	run->source = source;
	run->model.plain = true;
	run->data = malloc(16 * FUZZ_DATA);
	if (run->data == NULL)
		abort();
	return run;
}

void fuzz_run_free(struct fuzz_run *run)
{
	free(run->data);
	free(run);
}

static void print_past(const struct past *p)
{
	fprintf(stderr, "  %-7s", p->unit == FUZZ_DRIVE ? "drive" : "changer");
	for (size_t i = 0; i < p->len; i++)
		fprintf(stderr, " %02x", p->cdb[i]);
	fprintf(stderr, "  offered %zu: status %02x in %zu", p->size, (unsigned)p->status,
		p->in_len);
	if (p->sense.any)
		fprintf(stderr, " sense %x/%02x/%02x flags %02x information %lld byte %u",
			(unsigned)p->sense.key, (unsigned)p->sense.asc, (unsigned)p->sense.ascq,
			(unsigned)p->sense.flags, (long long)p->sense.information,
			(unsigned)p->sense.byte);
	if (p->after.any)
		fprintf(stderr, " -> %u:%llu", p->after.partition,
			(unsigned long long)p->after.object);
	fprintf(stderr, "\n");
}

void fuzz_run_claim(const struct fuzz_run *run, bool true_, const char *words)
{
	unsigned long all = run->all[0] + run->all[1];

	if (true_)
		return;
	fprintf(stderr, "broken promise: %s\nthe last commands:\n", words);
	for (unsigned long i = all > HISTORY ? all - HISTORY : 0; i < all; i++)
		print_past(&run->past[i % HISTORY]);
	abort();
}

bool fuzz_run_objects(const struct fuzz_run *run, const char *barcode, uint64_t *ret_objects)
{
	for (unsigned i = 0; i < MODEL_CARTRIDGES; i++) {
		if (strcmp(run->model.cartridges[i].barcode, barcode) != 0)
			continue;
		*ret_objects = run->model.cartridges[i].tape.count;
		return run->model.cartridges[i].known;
	}
	return false;
}

void fuzz_run_counts(const struct fuzz_run *run, unsigned unit, unsigned long *ret_good,
		     unsigned long *ret_all)
{
	*ret_good = run->good[unit];
	*ret_all = run->all[unit];
}

static struct cdb_place look(struct fuzz_run *run)
{
	const struct fuzz_target *t = run->target;
	struct cdb_place p = { 0 };

	p.any = t->position(t->ctx, &p.partition, &p.object);
	return p;
}

void fuzz_run_moved(struct fuzz_run *run)
{
	const char *barcode = run->target->mounted(run->target->ctx);

	run->place = look(run);
	run->barcode[0] = '\0';
	if (barcode != NULL)
		(void)snprintf(run->barcode, sizeof(run->barcode), "%s", barcode);
	else
		for (unsigned i = 0; i < MODEL_CARTRIDGES; i++)
			run->model.cartridges[i].known = false;
}

/* Block size and protection of blocks decide what READ and WRITE mean: what was set is followed. */
static void follow_modes(struct fuzz_run *run, const struct past *p)
{
	uint8_t opcode = p->cdb[0];

	if (p->unit != FUZZ_DRIVE || p->status != SCSI_GOOD)
		return;
	if (opcode == 0xb5) /* SECURITY PROTOCOL OUT: keys, perhaps */
		run->model.plain = false;
	if (opcode == OP_MODE_SELECT_6 || opcode == OP_MODE_SELECT_10) {
		struct scsi_cmd cmd = { .cdb = { OP_MODE_SENSE_6, 0, 0x3f, 0, 255 }, .cdb_len = 6 };
		uint8_t answer[255];
		const struct fuzz_target *t = run->target;

		for (int tries = 0; tries < 10; tries++)
			if (t->execute(t->ctx, FUZZ_DRIVE, &cmd, answer, sizeof(answer)) ==
			    SCSI_GOOD)
				break;
		if (cmd.in_len >= 12 && answer[3] == 8)
			run->model.block_size = get_be24(answer + 9);
		cmd = (struct scsi_cmd){ .cdb = { OP_MODE_SENSE_6, 0x08, 0x0a, 0xf0, 255 },
					 .cdb_len = 6 };
		if (t->execute(t->ctx, FUZZ_DRIVE, &cmd, answer, sizeof(answer)) == SCSI_GOOD &&
		    cmd.in_len > 8 && answer[8] != 0)
			run->model.plain = false; /* logical block protection */
	}
}

static bool known_status(enum scsi_status status)
{
	return status == SCSI_GOOD || status == SCSI_CHECK_CONDITION || status == SCSI_BUSY ||
	       (unsigned)status == 0x18; /* RESERVATION CONFLICT: the kernel's */
}

/* What holds for every answer of every unit. */
static void check_answer(struct fuzz_run *run, struct past *p, const struct scsi_cmd *cmd,
			 int descriptor)
{
	const char *wrong;
	const struct cdb_sense *s = &p->sense;

	fuzz_run_claim(run, known_status(p->status), "a unit gives GOOD, CHECK CONDITION or BUSY");
	fuzz_run_claim(run, cmd->in_len <= p->size, "no more comes back than there is room for");
	if (p->status != SCSI_CHECK_CONDITION)
		return;
	wrong = cdb_sense_parse(cmd->sense, cmd->sense_len, &p->sense);
	fuzz_run_claim(run, wrong == NULL, wrong);
	if (descriptor >= 0)
		fuzz_run_claim(run, ((cmd->sense[0] & 0x7e) == 0x72) == (descriptor != 0),
			       "sense has the format that D_SENSE asks for");
	fuzz_run_claim(run, !s->deferred || s->key != KEY_MEDIUM_ERROR,
		       "nothing fails behind the buffer, or a VERIFY with IMMED");
	fuzz_run_claim(run, s->key != KEY_HARDWARE_ERROR, "there is no hardware to fail");
	if (s->pointer && s->key == KEY_ILLEGAL_REQUEST && s->in_cdb)
		fuzz_run_claim(run, s->byte < cmd->cdb_len,
			       "a pointer into the CDB points into it");
	if (s->pointer && s->key == KEY_ILLEGAL_REQUEST && !s->in_cdb)
		fuzz_run_claim(run, s->byte < p->size, "a pointer into the list points into it");
}

static void check_place(struct fuzz_run *run, const struct past *p, const struct scsi_cmd *cmd)
{
	const char *barcode = run->target->mounted(run->target->ctx), *wrong;
	struct cdb_place before = run->place;
	struct cdb_done done = { .cmd = cmd,
				 .data = run->data,
				 .size = p->size,
				 .status = p->status,
				 .sense = p->sense,
				 .before = before,
				 .after = p->after };

	if (barcode != NULL && strcmp(barcode, run->barcode) == 0)
		done.barcode = barcode;
	if (p->unit == FUZZ_CHANGER) {
		if (done.barcode != NULL && before.any && p->after.any)
			fuzz_run_claim(run, before.object == p->after.object,
				       "the robot moves no tape in the drive");
	} else {
		wrong = cdb_model_check(&run->model, &done);
		fuzz_run_claim(run, wrong == NULL, wrong);
	}
	if (barcode == NULL ? p->unit == FUZZ_CHANGER : done.barcode == NULL)
		fuzz_run_moved(run);
	run->place = p->after;
}

void fuzz_run_step(struct fuzz_run *run)
{
	const struct fuzz_target *t = run->target;
	unsigned unit = source_draw(run->source, 4) == 0 ? 1 - t->most : t->most;
	struct past *p = &run->past[(run->all[0] + run->all[1]) % HISTORY];
	struct scsi_cmd cmd = { 0 };
	int descriptor = t->descriptor(t->ctx, unit);

	memset(p, 0, sizeof(*p));
	p->unit = unit;
	cmd.cdb_len = source_cdb(run->source, t->rows[unit], t->rows_cnt[unit],
				 unit == FUZZ_CHANGER, cmd.cdb);
	memcpy(p->cdb, cmd.cdb, sizeof(p->cdb));
	p->len = cmd.cdb_len;
	p->size = source_length(run->source, cmd.cdb, run->model.block_size);
	source_data(run->source, cmd.cdb, run->data, p->size);
	run->all[unit]++;
	p->status = t->execute(t->ctx, unit, &cmd, run->data, p->size);
	p->in_len = cmd.in_len;
	check_answer(run, p, &cmd, descriptor);
	if (p->status == SCSI_GOOD) {
		run->good[unit]++;
		if (cmd.in_len > 0 && cmd.cdb[0] != OP_READ_6)
			source_answer(run->source, run->data, cmd.in_len);
	}
	p->after = look(run);
	check_place(run, p, &cmd);
	follow_modes(run, p);
}
