/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rw.c: READ, WRITE and WRITE FILEMARKS (SSC-5) at the position; explicit.c brings the tape there
 * first for the commands that name it.
 *
 * INFORMATION is always valid where a check is given: st, and everybody who reads its answers,
 * relies on it.  Variable blocks count in bytes, fixed blocks in blocks not transferred.
 */
#include <string.h>

#include "handlers/tape/lbp.h"
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

bool drive_block_fits(const struct drive_model *m, uint32_t size)
{
	return size >= m->min_block_bytes &&
	       (size - m->min_block_bytes) % (1u << m->granularity) == 0;
}

enum scsi_status drive_transfer(struct drive *d, struct scsi_cmd *cmd, struct drive_transfer *t)
{
	uint32_t length = get_be24(cmd->cdb + drive_length_byte(cmd));

	t->fixed = (cmd->cdb[1] & 0x01) != 0;
	if (t->fixed && d->block_size == 0)
		return scsi_check_field(&d->unit, cmd, 1, 0);
	if (!t->fixed && length != 0 && !drive_block_fits(drive_model(d), length))
		return scsi_check_field(&d->unit, cmd, drive_length_byte(cmd), 7);
	t->blocks = t->fixed ? length : length != 0;
	t->size = t->fixed ? d->block_size : length;
	if (t->blocks > 0 && drive_crypt_lock_broken(d))
		return scsi_check(&d->unit, cmd, SENSE_KEY_INSTANCE_CHANGED);
	return SCSI_GOOD;
}

/* ---- READ ---- */

enum scsi_status drive_incorrect_length(struct drive *d, struct scsi_cmd *cmd, int64_t information)
{
	return scsi_check_tape(&d->unit, cmd, SENSE_INCORRECT_LENGTH, SENSE_ILI, information);
}

static enum scsi_status guard_failed(struct drive *d, struct scsi_cmd *cmd, int64_t information)
{
	return scsi_check_tape(&d->unit, cmd, SENSE_LOGICAL_BLOCK_GUARD, 0, information);
}

/*
 * The block of @length bytes that begins at byte @at of the data, of which all or the first @room
 * bytes are in @iov, gets its checksum behind it, as far as there is room.  False where the bytes
 * are not what the store gave.
 */
static bool put_guard(struct drive *d, struct scsi_cmd *cmd, const struct iovec *iov, int iov_cnt,
		      size_t at, size_t length, size_t room)
{
	uint8_t bytes[LBP_SIZE];
	size_t n = length < room ? room - length : 0;

	if (n == 0)
		return true; /* not even the whole block */
	if (!lbp_make(d, lbp_of_reads(d), iov, iov_cnt, length, bytes))
		return false;
	scsi_put_data_at(cmd, at + length, bytes, n < LBP_SIZE ? n : LBP_SIZE);
	return true;
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
	if (lbp_of_reads(d) != LBP_NONE) {
		if (!put_guard(d, cmd, cmd->iov, cmd->iov_cnt, 0, length, buffer))
			return guard_failed(d, cmd, (int64_t)size);
		length += LBP_SIZE;
	}
	if (length == size)
		return SCSI_GOOD;
	/* SSC-5, SILI: a short block is none; a long one only where the host uses variable blocks
	 */
	if (sili && (length < size || d->block_size == 0))
		return SCSI_GOOD;
	return drive_incorrect_length(d, cmd, (int64_t)size - (int64_t)length);
}

/* Block number @i of the transfer, at the window. */
static enum scsi_status read_one(struct drive *d, struct scsi_cmd *cmd, struct window *w,
				 const struct drive_transfer *t, uint32_t i)
{
	enum lbp_method method = lbp_of_reads(d);
	size_t guard = method == LBP_NONE ? 0 : LBP_SIZE, length = 0;
	size_t data = t->size > guard ? t->size - guard : 0;
	int64_t missing = (int64_t)t->blocks - i;
	uint8_t bytes[LBP_SIZE];
	bool right;
	int r;

	window_open(w);
	r = stage_read(d->stage, w->iov, w->cnt, data, &length);
	right = r != 0 || guard == 0 || length != data ||
		lbp_make(d, method, w->iov, w->cnt, data, bytes);
	window_close(w);
	if (r != 0)
		return drive_outcome(d, cmd, r, SENSE_UNRECOVERED_READ_ERROR, missing);
	if (length != data)
		return drive_incorrect_length(d, cmd, missing);
	if (!right)
		return guard_failed(d, cmd, missing);
	cmd->in_len += data;
	if (guard > 0)
		scsi_put_data_at(cmd, cmd->in_len, bytes, guard);
	d->counters.read_bytes += data;
	return SCSI_GOOD;
}

static enum scsi_status read_fixed(struct drive *d, struct scsi_cmd *cmd,
				   const struct drive_transfer *t)
{
	struct window w = { .iov = cmd->iov, .cnt = cmd->iov_cnt };
	enum scsi_status s = SCSI_GOOD;

	for (uint32_t i = 0; i < t->blocks && s == SCSI_GOOD; i++) {
		if (cmd->iov_len - cmd->in_len < t->size)
			return scsi_check_tape(&d->unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT, 0,
					       (int64_t)t->blocks - i);
		s = read_one(d, cmd, &w, t, i);
		window_skip(&w, t->size);
	}
	return s;
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

void drive_pews_begin(struct drive *d)
{
	stage_set_margin(d->stage, d->pews_told ? 0 : drive_pews_bytes(d));
}

bool drive_pews_entered(struct drive *d)
{
	uint64_t zone = drive_pews_bytes(d);
	bool before = d->pews_told;

	if (zone == 0)
		return false;
	d->pews_told = stage_is_near_end(d->stage, zone);
	return d->pews_told && !before;
}

/* What a write came to that may have brought programmable early warning; early warning itself says
 * more. */
static enum scsi_status conclude(struct drive *d, struct scsi_cmd *cmd, int outcome, int64_t rest)
{
	bool entered = drive_pews_entered(d);

	if (outcome == 0 && entered)
		return scsi_check_tape(&d->unit, cmd, SENSE_PROGRAMMABLE_EARLY_WARNING, SENSE_EOM,
				       rest);
	return drive_outcome(d, cmd, outcome, SENSE_WRITE_ERROR, rest);
}

/* What is left of a WRITE of which @written blocks are on the tape. */
static int64_t not_written(const struct drive_transfer *t, uint32_t written)
{
	if (t->fixed)
		return (int64_t)t->blocks - written;
	return written > 0 ? 0 : (int64_t)t->size;
}

/* P1: stores a WRITE where the mode asks for it. A sync that fails takes all of it away again. */
static enum scsi_status store_write(struct drive *d, struct scsi_cmd *cmd,
				    const struct drive_transfer *t)
{
	int r = d->buffered == 0 ? drive_sync(d->stage) : 0;

	return drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, not_written(t, 0));
}

/* The end of a WRITE: says what is left over. */
static enum scsi_status finish_write(struct drive *d, struct scsi_cmd *cmd, int outcome,
				     const struct drive_transfer *t, uint32_t written)
{
	enum scsi_status s = store_write(d, cmd, t);

	return s != SCSI_GOOD ? s : conclude(d, cmd, outcome, not_written(t, written));
}

static enum scsi_status refuse_displaced(struct drive *d, struct scsi_cmd *cmd, uint32_t left)
{
	return scsi_check_tape(&d->unit, cmd, SENSE_POSITIONING_ERROR, 0, left);
}

/*
 * A block that is not what its checksum says is no block: nothing of it is stored.  That is told
 * before any warning of the end, which the next write will hear: a warning says that all is stored.
 */
static enum scsi_status refuse_guard(struct drive *d, struct scsi_cmd *cmd,
				     const struct drive_transfer *t, uint32_t written)
{
	enum scsi_status s = store_write(d, cmd, t);

	return s != SCSI_GOOD ? s : guard_failed(d, cmd, not_written(t, written));
}

/* What is refused before anything is written. */
static enum scsi_status check_write(struct drive *d, struct scsi_cmd *cmd,
				    const struct drive_transfer *t)
{
	if (drive_displaced(d))
		return refuse_displaced(d, cmd, t->fixed ? t->blocks : t->size);
	if (t->size > drive_model(d)->max_block_bytes ||
	    (lbp_of_writes(d) != LBP_NONE && t->size <= LBP_SIZE))
		return scsi_check_field(&d->unit, cmd, drive_length_byte(cmd), 7);
	if (drive_crypt_obstacle(d, t->size) != SENSE_NO_SENSE)
		return scsi_check_tape(&d->unit, cmd, drive_crypt_obstacle(d, t->size), 0,
				       t->fixed ? t->blocks : t->size);
	if ((uint64_t)t->size * t->blocks > cmd->iov_len) /* half a block is never written */
		return scsi_check(&d->unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	return SCSI_GOOD;
}

enum scsi_status drive_write(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct window w = { .iov = cmd->iov, .cnt = cmd->iov_cnt };
	struct drive_transfer t = { .blocks = 0 };
	enum scsi_status s = drive_transfer(d, cmd, &t);
	enum lbp_method method = lbp_of_writes(d);
	uint32_t i, size, crc32c;
	int outcome = 0;
	bool right = true;

	if (s == SCSI_GOOD && t.blocks > 0)
		s = check_write(d, cmd, &t);
	if (s != SCSI_GOOD || t.blocks == 0)
		return s;
	s = drive_check_append(d, cmd, t.fixed ? t.blocks : t.size);
	if (s != SCSI_GOOD)
		return s;
	drive_pews_begin(d);
	size = method == LBP_NONE ? t.size : t.size - LBP_SIZE;
	for (i = 0; i < t.blocks; i++) {
		int r = 0;

		window_open(&w);
		if (method != LBP_NONE) {
			right = lbp_is_right(method, w.iov, w.cnt, t.size, &crc32c);
			if (right)
				stage_expect_crc32c(d->stage, crc32c);
		}
		if (right)
			r = stage_write(d->stage, w.iov, w.cnt, size);
		window_close(&w);
		if (!right)
			return refuse_guard(d, cmd, &t, i);
		if (r != 0)
			outcome = r;
		if (r != 0 && r != CART_E_EARLY_WARNING)
			break;
		window_skip(&w, t.size);
		d->counters.written_bytes += size;
	}
	return finish_write(d, cmd, outcome, &t, i);
}

/* Count 0 is a flush. */
enum scsi_status drive_write_filemarks(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	bool immed = (cmd->cdb[1] & 0x01) != 0;
	uint32_t count = get_be24(cmd->cdb + drive_length_byte(cmd)), done = 0;
	enum scsi_status s;
	int outcome = 0;

	if (count > 0 && drive_displaced(d))
		return refuse_displaced(d, cmd, count);
	s = count > 0 ? drive_check_append(d, cmd, count) : SCSI_GOOD;
	if (s != SCSI_GOOD)
		return s;
	drive_pews_begin(d);
	if (count > 0)
		outcome = stage_write_filemarks(d->stage, count, &done);
	if (!immed || d->buffered == 0) { /* P1 */
		int r = drive_sync(d->stage);

		if (r != 0) /* and with it what was written before */
			return drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, count);
		drive_counters_keep(d, false);
	}
	return conclude(d, cmd, outcome, (int64_t)count - done);
}
