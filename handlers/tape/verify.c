/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: VERIFY (SSC-5), at the position (6) or at the object that it names (16).
 *
 * A block is verified by reading it: its checksums tell whether it is what was written.  With
 * BYTCMP it is also compared with what the host sends.
 *
 * IMMED: GOOD when the CDB has been checked and the tape stands at the object; the drive's worker
 * (worker.c) reads then.  What it finds is a deferred error for the next command of the data
 * stream, and the tape stays behind the block that it is of, as without IMMED.  With BYTCMP a
 * command with IMMED takes its time all the same: SSC lets it end when its data has come, which is
 * all that one command carries, and so it can say itself what it found.
 */
#include <glib.h>

#include "handlers/tape/lbp.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"

#define VTE    0x20 /* to the end of data */
#define VLBPM  0x10 /* by the method of logical block protection */
#define VBF    0x08 /* the length counts filemarks */
#define IMMED  0x04
#define BYTCMP 0x02

#define SLICE_MS 20 /* that others wait for the drive at most, but for one block */

static struct drive_finding tape_finding(enum sense_id sense, uint8_t flags, int64_t information)
{
	return (struct drive_finding){
		.sense = sense,
		.extra = { .flags = flags, .valid = true, .information = information },
	};
}

/* What was read into the block, and its checksum where reads have one, is what the host sent for
 * block number @i. */
static void compare_block(struct drive *d, const struct drive_verification *v, uint32_t i,
			  size_t length, int64_t missing, struct drive_finding *ret)
{
	const struct iovec iov = { v->block, length };

	if (v->method != LBP_NONE && !lbp_make(d, v->method, &iov, 1, length, v->block + length))
		*ret = tape_finding(SENSE_LOGICAL_BLOCK_GUARD, 0, missing);
	else if (!scsi_data_equals(v->cmd, (size_t)i * v->t.size, v->block, v->t.size))
		*ret = tape_finding(SENSE_MISCOMPARE, 0, missing);
}

/* The next block of the transfer.  Lengths are those of READ: with LBP_R they count the checksum.
 */
static void verify_block(struct drive *d, const struct drive_verification *v,
			 struct drive_finding *ret)
{
	const struct drive_transfer *t = &v->t;
	size_t guard = v->method == LBP_NONE ? 0 : LBP_SIZE, length = 0;
	size_t room = v->block != NULL && t->size > guard ? t->size - guard : 0;
	const struct iovec iov = { v->block, room };
	int64_t missing = t->fixed ? (int64_t)v->left : (int64_t)t->size;
	int r = stage_read(d->stage, room > 0 ? &iov : NULL, room > 0 ? 1 : 0, room, &length);

	if (r != 0)
		*ret = drive_find(d, v->cmd, r, SENSE_UNRECOVERED_READ_ERROR, missing);
	else if (length + guard != t->size)
		*ret = tape_finding(SENSE_INCORRECT_LENGTH, SENSE_ILI,
				    t->fixed ? missing
					     : (int64_t)t->size - (int64_t)(length + guard));
	else if (v->block != NULL)
		compare_block(d, v, t->blocks - v->left, length, missing, ret);
}

/* The next object, on the way to the end of the data or over filemarks; true at the end of it. */
static bool verify_object(struct drive *d, struct drive_verification *v, struct drive_finding *ret)
{
	size_t length = 0;
	int r = stage_read(d->stage, NULL, 0, 0, &length);

	if ((v->bits & VTE) != 0 && r == CART_E_EOD)
		return true;
	if (r != 0 && r != CART_E_FILEMARK)
		*ret = drive_find(d, v->cmd, r, SENSE_UNRECOVERED_READ_ERROR, v->left);
	else if (r == CART_E_FILEMARK && (v->bits & VBF) != 0)
		v->left--;
	return (v->bits & VBF) != 0 && v->left == 0;
}

/* One step; true where there is nothing more to do, or something was found. */
static bool step(struct drive *d, struct drive_verification *v, struct drive_finding *ret)
{
	bool over;

	if ((v->bits & VTE) == 0 && v->left == 0)
		return true;
	v->objects++;
	if ((v->bits & (VTE | VBF)) != 0) {
		over = verify_object(d, v, ret);
	} else {
		verify_block(d, v, ret);
		over = ret->sense == SENSE_NO_SENSE && --v->left == 0;
	}
	return over || ret->sense != SENSE_NO_SENSE;
}

/* What is wrong with a transfer of blocks, before anything moves. */
static enum scsi_status check_transfer(struct drive *d, struct scsi_cmd *cmd,
				       struct drive_transfer *t)
{
	enum scsi_status s = drive_transfer(d, cmd, t);

	if (s != SCSI_GOOD || (cmd->cdb[1] & BYTCMP) == 0)
		return s;
	if (t->size > drive_model(d)->max_block_bytes)
		return scsi_check_field(&d->unit, cmd, drive_length_byte(cmd), 7);
	if ((uint64_t)t->size * t->blocks > cmd->iov_len)
		return scsi_check(&d->unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	return SCSI_GOOD;
}

static enum scsi_status check(struct drive *d, struct scsi_cmd *cmd, struct drive_transfer *t)
{
	uint8_t bits = cmd->cdb[1];

	/* what the store verifies does not depend on the method; but there must be one */
	if ((bits & VLBPM) != 0 && lbp_method(d) == LBP_NONE)
		return scsi_check_field(&d->unit, cmd, 1, 4);
	if ((bits & BYTCMP) != 0 && (bits & (VTE | VBF)) != 0) /* how much would be sent? */
		return scsi_check_field(&d->unit, cmd, 1, 1);
	if ((bits & VTE) != 0 && (bits & VBF) != 0)
		return scsi_check_field(&d->unit, cmd, 1, 3);
	if ((bits & (VTE | VBF)) != 0 && (bits & 0x01) != 0) /* FIXED counts blocks */
		return scsi_check_field(&d->unit, cmd, 1, 0);
	return (bits & (VTE | VBF)) == 0 ? check_transfer(d, cmd, t) : SCSI_GOOD;
}

/* ---- while the host waits ---- */

static enum scsi_status verify_now(struct drive *d, struct scsi_cmd *cmd,
				   struct drive_verification *v)
{
	struct drive_finding found = { .sense = SENSE_NO_SENSE };
	g_autofree uint8_t *block = NULL;

	if ((v->bits & BYTCMP) != 0 && v->left > 0) {
		block = g_try_malloc(v->t.size);
		if (block == NULL)
			return scsi_check(&d->unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	}
	v->block = block;
	while (!step(d, v, &found))
		;
	return found.sense == SENSE_NO_SENSE
		       ? SCSI_GOOD
		       : scsi_check_extra(&d->unit, cmd, found.sense, &found.extra);
}

/* ---- behind GOOD ---- */

/* About so many bytes will be read. */
static uint64_t bytes_ahead(struct drive *d, const struct drive_verification *v)
{
	uint64_t stored = stage_info(d->stage)->stored_bytes;

	if ((v->bits & (VTE | VBF)) == 0)
		return (uint64_t)v->t.size * v->t.blocks;
	return stored > v->from.bytes ? stored - v->from.bytes : 0;
}

static void verify_later(struct drive *d, const struct scsi_cmd *cmd,
			 const struct drive_verification *v)
{
	struct drive_verification *own = &d->verification;
	struct cart_position p;
	uint64_t ahead;

	stage_position(d->stage, &p);
	ahead = stage_info(d->stage)->objects - p.object;
	*own = *v;
	own->command = (struct scsi_cmd){ .cdb_len = cmd->cdb_len };
	memcpy(own->command.cdb, cmd->cdb, sizeof(cmd->cdb));
	own->cmd = &own->command;
	own->total = (v->bits & (VTE | VBF)) == 0 && v->left < ahead ? v->left : ahead;
	motion_begin_work(&d->unit, SENSE_VERIFY_UNDER_WAY, drive_verify_ms(d, bytes_ahead(d, v)));
	drive_worker_wake(d);
}

/* Objects may be fewer than it seemed at first, where filemarks are counted. */
static void tell_progress(struct drive *d)
{
	const struct drive_verification *v = &d->verification;

	motion_work_at(&d->unit, v->objects, v->total > 0 ? v->total : 1);
}

void drive_verify_some(struct drive *d)
{
	struct drive_verification *v = &d->verification;
	struct drive_finding found = { .sense = SENSE_NO_SENSE };
	int64_t end = clock_monotonic_ms() + SLICE_MS;
	bool over;

	do {
		over = step(d, v, &found);
	} while (!over && clock_monotonic_ms() < end);
	if (over) {
		d->found = found;
		motion_work_done(&d->unit, drive_verify_ms(d, drive_bytes_behind(d, &v->from)));
	} else {
		tell_progress(d);
	}
}

bool drive_take_found(struct drive *d, enum sense_id *ret_why, struct sense_extra *extra)
{
	if (d->found.sense == SENSE_NO_SENSE)
		return false;
	*ret_why = d->found.sense;
	*extra = d->found.extra;
	extra->deferred = true;
	d->found.sense = SENSE_NO_SENSE;
	return true;
}

enum scsi_status drive_verify(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct drive_verification v = { .bits = cmd->cdb[1], .cmd = cmd };
	enum scsi_status s = check(d, cmd, &v.t);
	bool immed = (v.bits & IMMED) != 0;

	if (s == SCSI_GOOD && cmd->cdb[0] == OP_VERIFY_16)
		s = drive_go_to(d, cmd);
	if (s != SCSI_GOOD)
		return s;
	v.method = lbp_of_reads(d);
	v.left = (v.bits & VBF) != 0 ? get_be24(cmd->cdb + drive_length_byte(cmd)) : v.t.blocks;
	v.from = drive_place(d);
	if ((v.bits & VTE) == 0 && v.left == 0)
		return SCSI_GOOD;
	if (immed && (v.bits & BYTCMP) == 0 && drive_worker_is_there(d)) {
		verify_later(d, cmd, &v);
		return SCSI_GOOD;
	}
	s = verify_now(d, cmd, &v);
	drive_verified(d, &v.from, immed);
	return s;
}
