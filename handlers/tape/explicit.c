/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explicit.c: the commands of 16 bytes that name the object they begin at (SSC-5, explicit address
 * command set): READ, WRITE, WRITE FILEMARKS, ERASE; VERIFY and READ REVERSE have them in their own
 * files.  Each brings the tape there and then is what its form of 6 bytes is.
 *
 * A drive that has them takes both sets at any time: what one of them leaves is a position that the
 * other begins at.  FCS says that a write begins a sequence, at whatever object it names; without
 * it the write goes on with one, so that it names the object at the position, or is out of
 * sequence.  LCS, the end of a sequence, needs no work of ours.
 */
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define FCS  0x08
#define SILI 0x02

enum scsi_status drive_go_to(struct drive *d, struct scsi_cmd *cmd)
{
	uint64_t object = get_be64(cmd->cdb + 4);
	unsigned partition = cmd->cdb[3];
	struct cart_position now;
	enum scsi_status s;
	int r;

	if (partition != d->partition && partition >= drive_partitions(d))
		return scsi_check_field(&d->unit, cmd, 3, 7);
	s = drive_leave_partition(d, cmd, partition);
	if (s != SCSI_GOOD)
		return s;
	r = drive_enter_partition(d, partition);
	if (r != 0)
		return drive_outcome(d, cmd, r, SENSE_POSITIONING_ERROR, 0);
	stage_position(d->stage, &now);
	if (now.object == object && !drive_displaced(d)) /* what is read ahead stays */
		return SCSI_GOOD;
	return drive_outcome(d, cmd, drive_placed(d, stage_locate(d->stage, object)),
			     SENSE_POSITIONING_ERROR, 0);
}

/* As drive_go_to(), for what writes. */
static enum scsi_status begin_write(struct drive *d, struct scsi_cmd *cmd)
{
	struct cart_position now;

	stage_position(d->stage, &now);
	if ((cmd->cdb[1] & FCS) == 0 &&
	    (now.object != get_be64(cmd->cdb + 4) || cmd->cdb[3] != d->partition))
		return scsi_check(&d->unit, cmd, SENSE_COMMAND_SEQUENCE);
	return drive_go_to(d, cmd);
}

/* Whatever is refused in the CDB is refused before the tape moves. */
enum scsi_status drive_read_16(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct drive_transfer t = { .blocks = 0 };
	enum scsi_status s = drive_transfer(d, cmd, &t);

	if (s == SCSI_GOOD && t.fixed && (cmd->cdb[1] & SILI) != 0)
		return scsi_check_field(unit, cmd, 1, 1);
	if (s == SCSI_GOOD)
		s = drive_go_to(d, cmd);
	return s == SCSI_GOOD ? drive_read(unit, cmd) : s;
}

enum scsi_status drive_write_16(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct drive_transfer t = { .blocks = 0 };
	enum scsi_status s = drive_transfer(d, cmd, &t);

	if (s == SCSI_GOOD && t.size > drive_model(d)->max_block_bytes)
		return scsi_check_field(unit, cmd, 12, 7);
	if (s == SCSI_GOOD && (uint64_t)t.size * t.blocks > cmd->iov_len)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	if (s == SCSI_GOOD)
		s = begin_write(d, cmd);
	return s == SCSI_GOOD ? drive_write(unit, cmd) : s;
}

enum scsi_status drive_write_filemarks_16(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	enum scsi_status s = begin_write(drive_of(unit), cmd);

	return s == SCSI_GOOD ? drive_write_filemarks(unit, cmd) : s;
}

enum scsi_status drive_erase_16(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	enum scsi_status s = begin_write(drive_of(unit), cmd);

	return s == SCSI_GOOD ? drive_erase(unit, cmd) : s;
}
