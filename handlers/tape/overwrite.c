/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overwrite.c: ALLOW OVERWRITE (SSC-5).
 *
 * In append-only mode (mode page 10h/01h) what is recorded stays, but for one command after this
 * one: a write that would destroy data is refused.  Filemarks at the end are no data: they are
 * written over, but for the first behind a block.  The state is
 * volatile, and over with the next command of the data stream, whatever became of it: so it never
 * covers another position than the one it was given for.
 */
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

bool drive_may_overwrite(struct drive *d)
{
	struct cart_position now;

	if (d->overwrite != OVERWRITE_CURRENT_POSITION || d->state != DRIVE_READY)
		return false;
	stage_position(d->stage, &now);
	return now.object == d->overwrite_object;
}

enum scsi_status drive_check_append(struct drive *d, struct scsi_cmd *cmd, int64_t information)
{
	bool append;
	int r;

	if (drive_write_mode(d) != WRITE_MODE_APPEND_ONLY || drive_may_overwrite(d))
		return SCSI_GOOD;
	r = stage_is_append(d->stage, &append);
	if (r != 0)
		return drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, information);
	return append ? SCSI_GOOD
		      : scsi_check_tape(&d->unit, cmd, SENSE_WRITE_APPEND_POSITION, 0, information);
}

bool drive_may_format(const struct drive *d)
{
	return d->overwrite == OVERWRITE_FORMAT;
}

void drive_forget_overwrite(struct scsi_unit *unit)
{
	drive_of(unit)->overwrite = OVERWRITE_DISABLED;
}

enum scsi_status drive_allow_overwrite(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	unsigned mode = cmd->cdb[2] & 0x0f;
	struct cart_position now;

	d->overwrite = OVERWRITE_DISABLED; /* whatever becomes of this command */
	if (drive_write_mode(d) != WRITE_MODE_APPEND_ONLY)
		return scsi_check(unit, cmd, SENSE_NOT_APPEND_ONLY);
	if (mode > OVERWRITE_FORMAT)
		return scsi_check_field(unit, cmd, 2, 3);
	if (mode != OVERWRITE_DISABLED) { /* the host says where it believes to be */
		stage_position(d->stage, &now);
		if (cmd->cdb[3] != d->partition || get_be64(cmd->cdb + 4) != now.object)
			return scsi_check(unit, cmd, SENSE_INVALID_POSITION);
		d->overwrite_object = now.object;
	}
	d->overwrite = (enum drive_overwrite)mode;
	return SCSI_GOOD;
}
