/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reverse.c: READ REVERSE (SSC-5): the blocks in front of the position, the nearest first; the tape
 * ends in front of the last one read.
 *
 * The recording is read forwards, always: a block is found by going back over it, read, and gone
 * back over again.  Without BYTORD its bytes come back to front, as a tape moving backwards gives
 * them: the end of a block that is too long is what the host gets then.
 */
#include <glib.h>

#include "handlers/tape/lbp.h"
#include "lib/base/bytes.h"

#define BYTORD 0x04 /* the bytes of a block stand as READ gives them */
#define SILI   0x02

struct reverse {
	struct drive_transfer t;
	bool turn; /* the bytes */
	uint8_t *block;
	size_t room; /* of it */
};

/*
 * The block in front of the position, which is then in front of that block.  0, CART_E_FILEMARK
 * (now in front of it), CART_E_BOP, CART_E_DAMAGED (in front of the block), what is below 0 and
 * STAGE_E_DEFERRED as stage_space_blocks() and stage_read().
 */
static int read_back(struct drive *d, struct reverse *v, size_t *ret_length)
{
	const struct iovec iov = { v->block, v->room };
	struct cart_position before;
	uint64_t residual;
	int r, back;

	r = stage_space_blocks(d->stage, -1, &residual);
	if (r != 0)
		return r;
	stage_position(d->stage, &before);
	r = stage_read(d->stage, &iov, 1, v->room, ret_length);
	back = stage_locate(d->stage, before.object);
	return back != 0 ? back : r;
}

static void turn(uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size / 2; i++) {
		uint8_t byte = data[i];

		data[i] = data[size - 1 - i];
		data[size - 1 - i] = byte;
	}
}

/* Block number @i of the transfer, into the data behind those that are there. */
static enum scsi_status read_block(struct drive *d, struct scsi_cmd *cmd, struct reverse *v,
				   uint32_t i)
{
	const struct drive_transfer *t = &v->t;
	int64_t missing = t->fixed ? (int64_t)t->blocks - i : (int64_t)t->size;
	size_t length = 0, give;
	int r;

	if (t->fixed && cmd->iov_len - cmd->in_len < t->size)
		return scsi_check_tape(&d->unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT, 0, missing);
	r = read_back(d, v, &length);
	if (r != 0)
		return drive_outcome(d, cmd, r, SENSE_UNRECOVERED_READ_ERROR, missing);
	if (t->fixed && length != t->size)
		return drive_incorrect_length(d, cmd, missing);
	if (v->turn)
		turn(v->block, length < v->room ? length : v->room);
	give = length < t->size ? length : t->size;
	if (give > cmd->iov_len - cmd->in_len)
		give = cmd->iov_len - cmd->in_len;
	scsi_put_data_at(cmd, cmd->in_len, v->block, give);
	d->counters.read_bytes += give;
	if (length == t->size ||
	    ((cmd->cdb[1] & SILI) != 0 && (length < t->size || d->block_size == 0)))
		return SCSI_GOOD;
	return drive_incorrect_length(d, cmd, (int64_t)t->size - (int64_t)length);
}

enum scsi_status drive_read_reverse(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct reverse v = { .turn = (cmd->cdb[1] & BYTORD) == 0 };
	enum scsi_status s = drive_transfer(d, cmd, &v.t);
	g_autofree uint8_t *block = NULL;

	if (s != SCSI_GOOD)
		return s;
	if (lbp_of_reads(d) != LBP_NONE) /* a checksum is for bytes in their order */
		return scsi_check(unit, cmd, SENSE_COMMAND_SEQUENCE);
	if (v.t.fixed && (cmd->cdb[1] & SILI) != 0)
		return scsi_check_field(unit, cmd, 1, 1);
	if (cmd->cdb[0] == OP_READ_REVERSE_16)
		s = drive_go_to(d, cmd);
	if (s != SCSI_GOOD || v.t.blocks == 0)
		return s;
	/* the whole block, whatever its length, where its end comes first */
	v.room = v.turn || v.t.size > CART_MAX_BLOCK ? CART_MAX_BLOCK : v.t.size;
	v.block = block = g_try_malloc(v.room);
	if (block == NULL)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	for (uint32_t i = 0; i < v.t.blocks && s == SCSI_GOOD; i++)
		s = read_block(d, cmd, &v, i);
	return s;
}
