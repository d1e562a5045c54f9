/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explicit.c: the commands of 16 bytes that name the object they begin at (SSC-5, explicit address
 * command set): READ, WRITE, WRITE FILEMARKS, ERASE; VERIFY and READ REVERSE have them in their own
 * files.  Each brings the tape there and then is what its form of 6 bytes is.
 *
 * A drive that has them is in one of two address modes, or in none yet, and takes only the commands
 * of the set that is its mode's, besides those that are in both (REWIND, LOAD UNLOAD, SPACE(16),
 * READ POSITION ...; LOCATE(16) says by BAM what it is).  The first command of one of the sets
 * that is not refused decides; a load, a reset, and a command that brings the tape to the beginning
 * of the partition (REWIND, LOCATE, SPACE) lead back to none.  With BAML a host has chosen for
 * good, by BAM (page 10h).
 *
 * In explicit mode writes come in sequences.  FCS says that a write begins one, at whatever object
 * it names, and makes the drive write capable; without it the write goes on with one, so that it
 * names the object at the position, or is out of sequence.  LCS ends it.  In between nothing reads
 * or moves the tape, but for what leads to no mode.
 */
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define FCS  0x08
#define LCS  0x04
#define SILI 0x02
#define BAM  0x01 /* of LOCATE(16), byte 2 */

/* ---- the address mode ---- */

void drive_forget_address_mode(struct drive *d)
{
	d->address_mode = ADDRESS_NONE;
	d->write_capable = false;
}

static enum drive_address_mode mode_of(const struct scsi_cmd *cmd, const struct scsi_command *row)
{
	if ((row->needs & ADDRESS_BY_BAM) != 0)
		return (cmd->cdb[2] & BAM) != 0 ? ADDRESS_EXPLICIT : ADDRESS_IMPLICIT;
	if ((row->needs & IMPLICIT_ADDRESS) != 0)
		return ADDRESS_IMPLICIT;
	return (row->needs & EXPLICIT_ADDRESS) != 0 ? ADDRESS_EXPLICIT : ADDRESS_NONE;
}

/* Reads, or goes to another place to read or write there. */
static bool is_read_type(const struct scsi_command *row)
{
	return (row->needs & (EXPLICIT_ADDRESS | NEEDS_WRITABLE)) == EXPLICIT_ADDRESS ||
	       (row->needs & ADDRESS_BY_BAM) != 0 || row->opcode == OP_SPACE_16;
}

enum sense_id drive_admit(struct scsi_unit *unit, const struct scsi_cmd *cmd,
			  const struct scsi_command *row)
{
	struct drive *d = drive_of(unit);
	enum drive_address_mode mode = mode_of(cmd, row), locked;

	if ((unit->features & DRIVE_EXPLICIT) == 0)
		return SENSE_NO_SENSE;
	locked = drive_locked_address_mode(d);
	if (locked != ADDRESS_NONE && locked != d->address_mode) {
		drive_forget_address_mode(d);
		d->address_mode = locked;
	}
	d->mode_is_new = mode != ADDRESS_NONE && d->address_mode == ADDRESS_NONE;
	if (d->mode_is_new)
		d->address_mode = mode;
	if (mode == ADDRESS_IMPLICIT && d->address_mode == ADDRESS_EXPLICIT)
		return SENSE_EXPLICIT_ADDRESS_MODE;
	if (mode == ADDRESS_EXPLICIT && d->address_mode == ADDRESS_IMPLICIT)
		return SENSE_IMPLICIT_ADDRESS_MODE;
	return d->write_capable && is_read_type(row) ? SENSE_WRITE_CAPABLE_STATE : SENSE_NO_SENSE;
}

static bool is_refused(const struct scsi_cmd *cmd, enum scsi_status status)
{
	bool descriptor = (cmd->sense[0] & 0x7e) == 0x72;

	return status == SCSI_CHECK_CONDITION &&
	       (cmd->sense[descriptor ? 1 : 2] & 0x0f) == KEY_ILLEGAL_REQUEST;
}

void drive_address_streamed(struct drive *d, const struct scsi_cmd *cmd,
			    const struct scsi_command *row, enum scsi_status status)
{
	struct cart_position p;

	if (d->mode_is_new && is_refused(cmd, status))
		drive_forget_address_mode(d);
	d->mode_is_new = false;
	if (status != SCSI_GOOD || row->data != DATA_NONE || (row->needs & NEEDS_WRITABLE) != 0 ||
	    d->state != DRIVE_READY || d->address_mode == ADDRESS_NONE)
		return;
	stage_position(d->stage, &p);
	if (p.object == 0)
		drive_forget_address_mode(d);
}

/* ---- the commands ---- */

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
	bool first = (cmd->cdb[1] & FCS) != 0;
	struct cart_position now;
	enum scsi_status s;

	stage_position(d->stage, &now);
	if (!first && (!d->write_capable || now.object != get_be64(cmd->cdb + 4) ||
		       cmd->cdb[3] != d->partition))
		return scsi_check(&d->unit, cmd, SENSE_COMMAND_SEQUENCE);
	s = drive_go_to(d, cmd);
	d->write_capable = d->write_capable || s == SCSI_GOOD;
	return s;
}

/* What begin_write() began is over, however it went: @status, passed through. */
static enum scsi_status end_write(struct drive *d, const struct scsi_cmd *cmd,
				  enum scsi_status status)
{
	if ((cmd->cdb[1] & LCS) != 0)
		d->write_capable = false;
	return status;
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
	return s == SCSI_GOOD ? end_write(d, cmd, drive_write(unit, cmd)) : s;
}

enum scsi_status drive_write_filemarks_16(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	enum scsi_status s = begin_write(d, cmd);

	return s == SCSI_GOOD ? end_write(d, cmd, drive_write_filemarks(unit, cmd)) : s;
}

enum scsi_status drive_erase_16(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	enum scsi_status s = begin_write(d, cmd);

	return s == SCSI_GOOD ? end_write(d, cmd, drive_erase(unit, cmd)) : s;
}
