/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: VERIFY (SSC-5), at the position (6) or at the object that it names (16).
 *
 * A block is verified by reading it: its checksums tell whether it is what was written.  With
 * BYTCMP it is also compared with what the host sends.  IMMED changes nothing: the command is over
 * when the blocks have been read, and says itself what was found.
 */
#include <glib.h>

#include "handlers/tape/lbp.h"
#include "lib/base/bytes.h"

#define VTE    0x20 /* to the end of data */
#define VLBPM  0x10 /* by the method of logical block protection */
#define VBF    0x08 /* the length counts filemarks */
#define IMMED  0x04
#define BYTCMP 0x02

/* Blocks and filemarks up to the end of the data. */
static enum scsi_status verify_to_end(struct drive *d, struct scsi_cmd *cmd)
{
	size_t length = 0;
	int r;

	do {
		r = stage_read(d->stage, NULL, 0, 0, &length);
	} while (r == 0 || r == CART_E_FILEMARK);
	return r == CART_E_EOD ? SCSI_GOOD
			       : drive_outcome(d, cmd, r, SENSE_UNRECOVERED_READ_ERROR, 0);
}

/* Up to and with @count filemarks. */
static enum scsi_status verify_filemarks(struct drive *d, struct scsi_cmd *cmd, uint32_t count)
{
	size_t length = 0;

	while (count > 0) {
		int r = stage_read(d->stage, NULL, 0, 0, &length);

		if (r == CART_E_FILEMARK)
			count--;
		else if (r != 0)
			return drive_outcome(d, cmd, r, SENSE_UNRECOVERED_READ_ERROR, count);
	}
	return SCSI_GOOD;
}

/* What was read into @block, and its checksum where reads have one, is what the host sent for block
 * number @i. */
static enum scsi_status compare_block(struct drive *d, struct scsi_cmd *cmd,
				      const struct drive_transfer *t, uint32_t i, uint8_t *block,
				      size_t length, int64_t missing)
{
	enum lbp_method method = lbp_of_reads(d);
	const struct iovec iov = { block, length };

	if (method != LBP_NONE && !lbp_make(d, method, &iov, 1, length, block + length))
		return scsi_check_tape(&d->unit, cmd, SENSE_LOGICAL_BLOCK_GUARD, 0, missing);
	if (!scsi_data_equals(cmd, (size_t)i * t->size, block, t->size))
		return scsi_check_tape(&d->unit, cmd, SENSE_MISCOMPARE, 0, missing);
	return SCSI_GOOD;
}

/*
 * Block number @i of the transfer; @block holds t->size bytes where it is to be compared.  Lengths
 * are those of READ: with LBP_R they count the checksum.
 */
static enum scsi_status verify_block(struct drive *d, struct scsi_cmd *cmd,
				     const struct drive_transfer *t, uint32_t i, uint8_t *block)
{
	size_t guard = lbp_of_reads(d) == LBP_NONE ? 0 : LBP_SIZE, length = 0;
	size_t room = block != NULL && t->size > guard ? t->size - guard : 0;
	const struct iovec iov = { block, room };
	int64_t missing = t->fixed ? (int64_t)t->blocks - i : (int64_t)t->size;
	int r = stage_read(d->stage, room > 0 ? &iov : NULL, room > 0 ? 1 : 0, room, &length);

	if (r != 0)
		return drive_outcome(d, cmd, r, SENSE_UNRECOVERED_READ_ERROR, missing);
	if (length + guard != t->size)
		return drive_incorrect_length(
			d, cmd, t->fixed ? missing : (int64_t)t->size - (int64_t)(length + guard));
	return block == NULL ? SCSI_GOOD : compare_block(d, cmd, t, i, block, length, missing);
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

static enum scsi_status verify_blocks(struct drive *d, struct scsi_cmd *cmd,
				      const struct drive_transfer *t)
{
	enum scsi_status s = SCSI_GOOD;
	g_autofree uint8_t *block = NULL;

	if ((cmd->cdb[1] & BYTCMP) != 0 && t->blocks > 0) {
		block = g_try_malloc(t->size);
		if (block == NULL)
			return scsi_check(&d->unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	}
	for (uint32_t i = 0; i < t->blocks && s == SCSI_GOOD; i++)
		s = verify_block(d, cmd, t, i, block);
	return s;
}

static enum scsi_status verify(struct drive *d, struct scsi_cmd *cmd,
			       const struct drive_transfer *t)
{
	if ((cmd->cdb[1] & VTE) != 0)
		return verify_to_end(d, cmd);
	if ((cmd->cdb[1] & VBF) != 0)
		return verify_filemarks(d, cmd, get_be24(cmd->cdb + drive_length_byte(cmd)));
	return verify_blocks(d, cmd, t);
}

enum scsi_status drive_verify(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct drive_transfer t = { .blocks = 0 };
	enum scsi_status s = SCSI_GOOD;
	struct drive_place from;
	uint8_t bits = cmd->cdb[1];

	/* what the store verifies does not depend on the method; but there must be one */
	if ((bits & VLBPM) != 0 && lbp_method(d) == LBP_NONE)
		return scsi_check_field(unit, cmd, 1, 4);
	if ((bits & BYTCMP) != 0 && (bits & (VTE | VBF)) != 0) /* how much would be sent? */
		return scsi_check_field(unit, cmd, 1, 1);
	if ((bits & VTE) != 0 && (bits & VBF) != 0)
		return scsi_check_field(unit, cmd, 1, 3);
	if ((bits & (VTE | VBF)) != 0 && (bits & 0x01) != 0) /* FIXED counts blocks */
		return scsi_check_field(unit, cmd, 1, 0);
	if ((bits & (VTE | VBF)) == 0)
		s = check_transfer(d, cmd, &t);
	if (s == SCSI_GOOD && cmd->cdb[0] == OP_VERIFY_16)
		s = drive_go_to(d, cmd);
	if (s != SCSI_GOOD)
		return s;
	from = drive_place(d);
	s = verify(d, cmd, &t);
	drive_verified(d, &from, (bits & IMMED) != 0);
	return s;
}
