/* SPDX-License-Identifier: Apache-2.0 */
/*
 * position.c: REWIND, SPACE, LOCATE, READ POSITION (SSC-5).  LOCATE with CP alone goes to another
 * partition; everything else stays in the one that the drive works on.
 */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define IMMED 0x01 /* of REWIND and LOCATE */

enum scsi_status drive_rewind(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct drive_place from = drive_place(d);
	enum scsi_status status;
	int r = drive_sync(
		d->stage); /* P1; with IMMED too: it is no slower than the next command */

	if (r == 0)
		r = drive_placed(d, stage_locate(d->stage, 0));
	status = drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, 0);
	drive_moved(d, SENSE_REWIND_UNDER_WAY, &from, (cmd->cdb[1] & IMMED) != 0);
	return status;
}

enum space_code {
	SPACE_BLOCKS = 0,
	SPACE_FILEMARKS = 1,
	SPACE_SEQUENTIAL_FILEMARKS = 2,
	SPACE_END_OF_DATA = 3,
};

static int64_t signed_be24(const uint8_t *p)
{
	uint32_t n = get_be24(p);

	return n & 0x800000 ? (int64_t)n - 0x1000000 : (int64_t)n;
}

enum scsi_status drive_space(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	const uint8_t *cdb = cmd->cdb;
	int64_t count = cdb[0] == OP_SPACE_16 ? (int64_t)get_be64(cdb + 4) : signed_be24(cdb + 2);
	struct drive_place from = drive_place(d);
	enum scsi_status status;
	uint64_t residual = 0;
	int r;

	switch (cdb[1] & 0x0f) {
	case SPACE_BLOCKS:
		r = stage_space_blocks(d->stage, count, &residual);
		break;
	case SPACE_FILEMARKS:
		r = stage_space_filemarks(d->stage, count, &residual);
		break;
	case SPACE_SEQUENTIAL_FILEMARKS:
		r = stage_space_sequential_filemarks(d->stage, count, &residual);
		break;
	case SPACE_END_OF_DATA:
		r = drive_placed(d, stage_space_eod(d->stage));
		break;
	default:
		return scsi_check_field(unit, cmd, 1, 3);
	}
	if (r == CART_E_EOD) /* `mt eod` is a SPACE over more filemarks than there are */
		ignore_result(drive_placed(d, 0));
	status = drive_outcome(d, cmd, r, SENSE_POSITIONING_ERROR, (int64_t)residual);
	drive_moved(d, SENSE_OPERATION_UNDER_WAY, &from, false);
	return status;
}

#define CP 0x02 /* change partition */

/* The partition that byte @byte names, where CP says that it counts: there is none, or a check. */
static enum scsi_status check_partition(struct drive *d, struct scsi_cmd *cmd, unsigned byte)
{
	if ((cmd->cdb[1] & CP) != 0 && cmd->cdb[byte] != d->partition &&
	    cmd->cdb[byte] >= drive_partitions(d))
		return scsi_check_field(&d->unit, cmd, byte, 7);
	return SCSI_GOOD;
}

static int enter(struct drive *d, const struct scsi_cmd *cmd, unsigned byte)
{
	return (cmd->cdb[1] & CP) != 0 ? drive_enter_partition(d, cmd->cdb[byte]) : 0;
}

/* Where CP says that the partition of byte @byte counts. */
static enum scsi_status leave(struct drive *d, struct scsi_cmd *cmd, unsigned byte)
{
	return (cmd->cdb[1] & CP) != 0 ? drive_leave_partition(d, cmd, cmd->cdb[byte]) : SCSI_GOOD;
}

enum scsi_status drive_locate_10(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	enum scsi_status status = check_partition(d, cmd, 8);
	struct drive_place from = drive_place(d);
	int r;

	if (status == SCSI_GOOD)
		status = leave(d, cmd, 8);
	if (status != SCSI_GOOD)
		return status;
	r = enter(d, cmd, 8);
	if (r == 0)
		r = drive_placed(d, stage_locate(d->stage, get_be32(cmd->cdb + 3)));
	status = drive_outcome(d, cmd, r, SENSE_POSITIONING_ERROR, 0);
	drive_moved(d, SENSE_LOCATE_UNDER_WAY, &from, (cmd->cdb[1] & IMMED) != 0);
	return status;
}

enum dest_type {
	DEST_OBJECT = 0,
	DEST_FILE = 1,
	DEST_END_OF_DATA = 3,
};

static int locate(struct drive *d, enum dest_type type, uint64_t target)
{
	if (type == DEST_FILE)
		return stage_locate_file(d->stage, target);
	return type == DEST_OBJECT ? stage_locate(d->stage, target) : stage_space_eod(d->stage);
}

enum scsi_status drive_locate_16(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	enum dest_type type = (enum dest_type)(cmd->cdb[1] >> 3 & 7);
	enum scsi_status status = check_partition(d, cmd, 3);
	struct drive_place from = drive_place(d);
	int r;

	if (status != SCSI_GOOD)
		return status;
	if (type != DEST_OBJECT && type != DEST_FILE && type != DEST_END_OF_DATA)
		return scsi_check_field(unit, cmd, 1, 5);
	status = leave(d, cmd, 3);
	if (status != SCSI_GOOD)
		return status;
	r = enter(d, cmd, 3);
	if (r == 0)
		r = drive_placed(d, locate(d, type, get_be64(cmd->cdb + 4)));
	status = drive_outcome(d, cmd, r, SENSE_POSITIONING_ERROR, 0);
	drive_moved(d, SENSE_LOCATE_UNDER_WAY, &from, (cmd->cdb[1] & IMMED) != 0);
	return status;
}

/* ---- READ POSITION ---- */

#define POSITION_BOP      0x80
#define POSITION_EOP      0x40 /* between early warning and the end of the partition */
#define POSITION_LOLU     0x04 /* the number does not fit: look into the long form */
#define POSITION_BPEW     0x01 /* behind programmable early warning */
#define POSITION_NOT_LONG 0xffffffffull

/* What the drive holds and the medium not yet. */
struct buffered {
	uint64_t objects, bytes;
};

/* What all forms say in byte 0: by where the medium stands, in the middle of the recording too. */
static uint8_t position_flags(struct drive *d, const struct cart_position *p)
{
	uint64_t zone = drive_pews_bytes(d);
	bool eop = p->eod ? p->early_warning : stage_stands_near_end(d->stage, 0);
	bool bpew = zone != 0 && (eop || stage_stands_near_end(d->stage, zone));

	return (uint8_t)((p->bop ? POSITION_BOP : 0) | (eop ? POSITION_EOP : 0) |
			 (bpew ? POSITION_BPEW : 0));
}

static size_t put_short(uint8_t *data, const struct cart_position *p, const struct buffered *b)
{
	if (p->object > POSITION_NOT_LONG) {
		data[0] |= POSITION_LOLU;
	} else {
		put_be32(data + 4, (uint32_t)p->object);
		put_be32(data + 8, (uint32_t)(p->object - b->objects));
		put_be24(data + 13, (uint32_t)b->objects);
		put_be32(data + 16, (uint32_t)b->bytes);
	}
	return 20;
}

static size_t put_long(uint8_t *data, const struct cart_position *p)
{
	put_be64(data + 8, p->object);
	put_be64(data + 16, p->file);
	return 32;
}

static size_t put_extended(uint8_t *data, const struct cart_position *p, const struct buffered *b)
{
	put_be16(data + 2, 28);
	put_be64(data + 8, p->object);
	put_be24(data + 5, (uint32_t)b->objects);
	put_be64(data + 16, p->object - b->objects);
	put_be64(data + 24, b->bytes);
	return 32;
}

enum scsi_status drive_read_position(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	struct cart_position p;
	struct buffered b;
	uint8_t data[32] = { 0 };
	size_t size, allocation = sizeof(data);

	/* in this order: what is lost between the two is said to be in the buffer, not on the
	 * medium
	 */
	stage_buffered(d->stage, &b.objects, &b.bytes);
	stage_position(d->stage, &p);
	data[0] = position_flags(d, &p);
	if (b.objects > p.object)
		b = (struct buffered){ 0 };
	switch (cmd->cdb[1] & 0x1f) {
	case SA_READ_POSITION_LONG:
		size = put_long(data, &p);
		put_be32(data + 4, d->partition);
		break;
	case SA_READ_POSITION_EXTENDED:
		size = put_extended(data, &p, &b);
		data[1] = (uint8_t)d->partition;
		allocation = get_be16(cmd->cdb + 7);
		break;
	default: /* the rows let only the short forms through */
		size = put_short(data, &p, &b);
		data[1] = (uint8_t)d->partition;
	}
	scsi_put_data(cmd, data, size, allocation);
	return SCSI_GOOD;
}
