/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rw.c: READ, WRITE and WRITE FILEMARKS (SSC-5) at the position; explicit.c brings the tape there
 * first for the commands that name it.
 *
 * INFORMATION is always valid where a check is given: st, and everybody who reads its answers,
 * relies on it.  Variable blocks count in bytes, fixed blocks in blocks not transferred.
 */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

/* The data buffer from some byte on; changes the caller's iovec in place, and restores it. */
struct window {
	struct iovec *iov;
	int cnt;
	struct iovec first; /* as it was */
	size_t skipped;     /* bytes of the first one that are behind us */
};

static void window_skip(struct window *w, size_t bytes)
{
	w->skipped += bytes;
	while (w->cnt > 0 && w->skipped >= w->iov->iov_len && w->iov->iov_len > 0) {
		w->skipped -= w->iov->iov_len;
		w->iov++;
		w->cnt--;
	}
}

static void window_open(struct window *w)
{
	if (w->cnt == 0)
		return;
	w->first = w->iov[0];
	w->iov[0].iov_base = (char *)w->first.iov_base + w->skipped;
	w->iov[0].iov_len -= w->skipped;
}

static void window_close(struct window *w)
{
	if (w->cnt > 0)
		w->iov[0] = w->first;
}

unsigned drive_length_byte(const struct scsi_cmd *cmd)
{
	return cmd->cdb_len == 16 ? 12 : 2;
}

enum scsi_status drive_transfer(struct drive *d, struct scsi_cmd *cmd, struct drive_transfer *t)
{
	uint32_t length = get_be24(cmd->cdb + drive_length_byte(cmd));

	t->fixed = (cmd->cdb[1] & 0x01) != 0;
	if (t->fixed && d->block_size == 0)
		return scsi_check_field(&d->unit, cmd, 1, 0);
	t->blocks = t->fixed ? length : length != 0;
	t->size = t->fixed ? d->block_size : length;
	return SCSI_GOOD;
}

/* ---- READ ---- */

enum scsi_status drive_incorrect_length(struct drive *d, struct scsi_cmd *cmd, int64_t information)
{
	return scsi_check_tape(&d->unit, cmd, SENSE_INCORRECT_LENGTH, SENSE_ILI, information);
}

static enum scsi_status read_variable(struct drive *d, struct scsi_cmd *cmd, size_t size)
{
	bool sili = (cmd->cdb[1] & 0x02) != 0;
	size_t length = 0, buffer = size < cmd->iov_len ? size : cmd->iov_len;
	int r = stage_read(d->stage, cmd->iov, cmd->iov_cnt, buffer, &length);

	if (r != 0)
		return drive_outcome(d, cmd, r, SENSE_UNRECOVERED_READ_ERROR, (int64_t)size);
	cmd->in_len = length < buffer ? length : buffer;
	d->counters.read_bytes += cmd->in_len;
	if (length == size)
		return SCSI_GOOD;
	/* SSC-5, SILI: a short block is none; a long one only where the host uses variable blocks
	 */
	if (sili && (length < size || d->block_size == 0))
		return SCSI_GOOD;
	return drive_incorrect_length(d, cmd, (int64_t)size - (int64_t)length);
}

static enum scsi_status read_fixed(struct drive *d, struct scsi_cmd *cmd,
				   const struct drive_transfer *t)
{
	struct window w = { .iov = cmd->iov, .cnt = cmd->iov_cnt };
	size_t length = 0;

	for (uint32_t i = 0; i < t->blocks; i++) {
		int64_t missing = (int64_t)t->blocks - i;
		int r;

		if (cmd->iov_len - cmd->in_len < t->size)
			return scsi_check_tape(&d->unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT, 0,
					       missing);
		window_open(&w);
		r = stage_read(d->stage, w.iov, w.cnt, t->size, &length);
		window_close(&w);
		if (r != 0)
			return drive_outcome(d, cmd, r, SENSE_UNRECOVERED_READ_ERROR, missing);
		if (length != t->size)
			return drive_incorrect_length(d, cmd, missing);
		window_skip(&w, t->size);
		cmd->in_len += t->size;
		d->counters.read_bytes += t->size;
	}
	return SCSI_GOOD;
}

enum scsi_status drive_read(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct drive_transfer t = { .blocks = 0 };
	enum scsi_status s = drive_transfer(d, cmd, &t);

	if (s != SCSI_GOOD || t.blocks == 0)
		return s;
	if (t.fixed && (cmd->cdb[1] & 0x02) != 0) /* SILI has no meaning with fixed blocks */
		return scsi_check_field(unit, cmd, 1, 1);
	return t.fixed ? read_fixed(d, cmd, &t) : read_variable(d, cmd, t.size);
}

/* ---- WRITE ---- */

/* The end of a WRITE: stores it where the mode asks, then says what is left over. A sync that fails
 * takes all of it away again. */
static enum scsi_status finish_write(struct drive *d, struct scsi_cmd *cmd, int outcome,
				     const struct drive_transfer *t, uint32_t written)
{
	int64_t whole = t->fixed ? (int64_t)t->blocks : (int64_t)t->size;
	int64_t rest = t->fixed ? (int64_t)t->blocks - written : written > 0 ? 0 : whole;

	if (d->buffered == 0) { /* P1 */
		int r = stage_sync(d->stage);

		if (r != 0)
			return drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, whole);
	}
	return drive_outcome(d, cmd, outcome, SENSE_WRITE_ERROR, rest);
}

static enum scsi_status refuse_displaced(struct drive *d, struct scsi_cmd *cmd, uint32_t left)
{
	return scsi_check_tape(&d->unit, cmd, SENSE_POSITIONING_ERROR, 0, left);
}

enum scsi_status drive_write(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct window w = { .iov = cmd->iov, .cnt = cmd->iov_cnt };
	struct drive_transfer t = { .blocks = 0 };
	enum scsi_status s = drive_transfer(d, cmd, &t);
	int outcome = 0;
	uint32_t i;

	if (s != SCSI_GOOD || t.blocks == 0)
		return s;
	if (drive_displaced(d))
		return refuse_displaced(d, cmd, t.fixed ? t.blocks : t.size);
	if (t.size > drive_model(d)->max_block_bytes)
		return scsi_check_field(unit, cmd, drive_length_byte(cmd), 7);
	if (drive_crypt_obstacle(d, t.size) != SENSE_NO_SENSE)
		return scsi_check_tape(unit, cmd, drive_crypt_obstacle(d, t.size), 0,
				       t.fixed ? t.blocks : t.size);
	if ((uint64_t)t.size * t.blocks > cmd->iov_len) /* half a block is never written */
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	for (i = 0; i < t.blocks; i++) {
		int r;

		window_open(&w);
		r = stage_write(d->stage, w.iov, w.cnt, t.size);
		window_close(&w);
		if (r != 0)
			outcome = r;
		if (r != 0 && r != CART_E_EARLY_WARNING)
			break;
		window_skip(&w, t.size);
		d->counters.written_bytes += t.size;
	}
	return finish_write(d, cmd, outcome, &t, i);
}

/* Count 0 is a flush. */
enum scsi_status drive_write_filemarks(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	bool immed = (cmd->cdb[1] & 0x01) != 0;
	uint32_t count = get_be24(cmd->cdb + drive_length_byte(cmd)), written = 0;
	int outcome = 0;

	if (count > 0 && drive_displaced(d))
		return refuse_displaced(d, cmd, count);
	if (count > 0)
		outcome = stage_write_filemarks(d->stage, count, &written);
	if (!immed || d->buffered == 0) { /* P1 */
		int r = stage_sync(d->stage);

		if (r != 0) /* and with it what was written before */
			return drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, count);
		drive_counters_keep(d, false);
	}
	return drive_outcome(d, cmd, outcome, SENSE_WRITE_ERROR, (int64_t)count - written);
}
