/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.c: the drive's commands.  docs/scsi-support.md and REPORT SUPPORTED OPERATION CODES come
 * from these rows.
 */
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

/* clang-format off */
/* element addresses (bytes 2 to 4) are for changers; volume, partition, first identifier, length, CACHE */
#define ATTRIBUTE_BITS(first) { 0, 0, 0, 0, 0xff, 0, 0xff, first, first, 0xff, 0xff, 0xff, 0xff, 0x01 }
#define ALL8 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff

static const struct scsi_command commands[] = {
	/* opcode               sa       len data       needs          timeout s  name  handler  allowed bits of bytes 1..  features */
	{ OP_TEST_UNIT_READY,   SA_NONE, 6,  DATA_NONE, NEEDS_MEDIUM,  60,   "TEST UNIT READY",        scsi_good,            { 0 }, 0 },
	{ OP_REWIND,            SA_NONE, 6,  DATA_NONE, NEEDS_MEDIUM | TELLS_DEFERRED,  600,  "REWIND",                 drive_rewind,         { 0x01 }, 0 },
	{ OP_REQUEST_SENSE,     SA_NONE, 6,  DATA_IN,   UA_EXEMPT,     60,   "REQUEST SENSE",          scsi_request_sense,   { 0x01, 0, 0, 0xff }, 0 },
	{ OP_FORMAT_MEDIUM,     SA_NONE, 6,  DATA_NONE, NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED, 3600, "FORMAT MEDIUM", drive_format_medium, { 0x03, 0x0f, 0xff, 0xff }, DRIVE_PARTITIONS },
	{ OP_READ_BLOCK_LIMITS, SA_NONE, 6,  DATA_IN,   0,             60,   "READ BLOCK LIMITS",      drive_block_limits,   { 0 }, 0 },
	{ OP_READ_6,            SA_NONE, 6,  DATA_IN,   NEEDS_MEDIUM | TELLS_DEFERRED | IMPLICIT_ADDRESS,  1200, "READ(6)",                drive_read,           { 0x03, 0xff, 0xff, 0xff }, 0 },
	{ OP_WRITE_6,           SA_NONE, 6,  DATA_OUT,  NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED | IMPLICIT_ADDRESS, 1200, "WRITE(6)", drive_write,        { 0x01, 0xff, 0xff, 0xff }, 0 },
	{ OP_SET_CAPACITY,      SA_NONE, 6,  DATA_NONE, NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED, 3600, "SET CAPACITY", drive_set_capacity,  { 0x01, 0, 0xff, 0xff }, 0 },
	{ OP_READ_REVERSE_6,    SA_NONE, 6,  DATA_IN,   NEEDS_MEDIUM | TELLS_DEFERRED | IMPLICIT_ADDRESS,  1200, "READ REVERSE(6)", drive_read_reverse, { 0x07, 0xff, 0xff, 0xff }, DRIVE_READ_REVERSE },
	{ OP_WRITE_FILEMARKS_6, SA_NONE, 6,  DATA_NONE, NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED | IMPLICIT_ADDRESS, 1200, "WRITE FILEMARKS(6)", drive_write_filemarks, { 0x01, 0xff, 0xff, 0xff }, 0 },
	{ OP_SPACE_6,           SA_NONE, 6,  DATA_NONE, NEEDS_MEDIUM | TELLS_DEFERRED | IMPLICIT_ADDRESS,  1200, "SPACE(6)",               drive_space,          { 0x0f, 0xff, 0xff, 0xff }, 0 },
	{ OP_INQUIRY,           SA_NONE, 6,  DATA_IN,   UA_EXEMPT | LUN_IGNORED, 60,   "INQUIRY",                scsi_inquiry,         { 0x01, 0xff, 0xff, 0xff }, 0 },
	{ OP_VERIFY_6,          SA_NONE, 6,  DATA_OUT,  NEEDS_MEDIUM | TELLS_DEFERRED | IMPLICIT_ADDRESS,  28800, "VERIFY(6)", drive_verify, { 0x3f, 0xff, 0xff, 0xff }, 0 },
	{ OP_MODE_SELECT_6,     SA_NONE, 6,  DATA_OUT,  0,             60,   "MODE SELECT(6)",         scsi_mode_select,     { 0x11, 0, 0, 0xff }, 0 },
	{ OP_ERASE_6,           SA_NONE, 6,  DATA_NONE, NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED | IMPLICIT_ADDRESS, 7200, "ERASE(6)", drive_erase,        { 0x03 }, 0 },
	{ OP_MODE_SENSE_6,      SA_NONE, 6,  DATA_IN,   0,             60,   "MODE SENSE(6)",          scsi_mode_sense,      { 0x08, 0xff, 0xff, 0xff }, 0 },
	{ OP_LOAD_UNLOAD,       SA_NONE, 6,  DATA_NONE, TELLS_DEFERRED | WAITS,     900,  "LOAD UNLOAD",            drive_load_unload,    { 0x01, 0, 0, 0x0f }, 0 },
	{ OP_PREVENT_ALLOW,     SA_NONE, 6,  DATA_NONE, 0,             60,   "PREVENT ALLOW MEDIUM REMOVAL", drive_prevent_allow, { 0, 0, 0, 0x03 }, 0 },
	{ OP_LOCATE_10,         SA_NONE, 10, DATA_NONE, NEEDS_MEDIUM | TELLS_DEFERRED | IMPLICIT_ADDRESS,  1200, "LOCATE(10)",             drive_locate_10,      { 0x07, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff }, 0 },
	{ OP_READ_POSITION, SA_READ_POSITION_SHORT, 10, DATA_IN, NEEDS_MEDIUM | WAITS, 60, "READ POSITION, short form", drive_read_position, { 0 }, 0 },
	{ OP_READ_POSITION, SA_READ_POSITION_SHORT_VENDOR, 10, DATA_IN, NEEDS_MEDIUM | WAITS, 60, "READ POSITION, short form, vendor specific", drive_read_position, { 0 }, 0 },
	{ OP_READ_POSITION, SA_READ_POSITION_LONG, 10, DATA_IN, NEEDS_MEDIUM | WAITS, 60, "READ POSITION, long form", drive_read_position, { 0 }, 0 },
	{ OP_READ_POSITION, SA_READ_POSITION_EXTENDED, 10, DATA_IN, NEEDS_MEDIUM | WAITS, 60, "READ POSITION, extended form", drive_read_position, { 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 0 },
	{ OP_REPORT_DENSITY_SUPPORT, SA_NONE, 10, DATA_IN, 0, 60, "REPORT DENSITY SUPPORT", drive_report_density, { 0x03, 0, 0, 0, 0, 0, 0xff, 0xff }, 0 },
	{ OP_LOG_SELECT,        SA_NONE, 10, DATA_OUT,  0,             60,   "LOG SELECT",             scsi_log_select,      { 0x03, 0xff, 0xff, 0, 0, 0, 0xff, 0xff }, 0 },
	{ OP_LOG_SENSE,         SA_NONE, 10, DATA_IN,   0,             60,   "LOG SENSE",              scsi_log_sense,       { 0x03, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff }, 0 },
	{ OP_MODE_SELECT_10,    SA_NONE, 10, DATA_OUT,  0,             60,   "MODE SELECT(10)",        scsi_mode_select,     { 0x11, 0, 0, 0, 0, 0, 0xff, 0xff }, 0 },
	{ OP_MODE_SENSE_10,     SA_NONE, 10, DATA_IN,   0,             60,   "MODE SENSE(10)",         scsi_mode_sense,      { 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff }, 0 },
	SCSI_SERVICE_ROWS,
	SCSI_CORE_ROWS,
	{ OP_SECURITY_PROTOCOL_IN, SA_NONE, 12, DATA_IN, 0, 60, "SECURITY PROTOCOL IN", drive_security_in, { 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, DRIVE_ENCRYPTION },
	{ OP_SECURITY_PROTOCOL_OUT, SA_NONE, 12, DATA_OUT, TELLS_DEFERRED, 60, "SECURITY PROTOCOL OUT", drive_security_out, { 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, DRIVE_ENCRYPTION },
	{ OP_WRITE_FILEMARKS_16, SA_NONE, 16, DATA_NONE, NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED | EXPLICIT_ADDRESS, 1200, "WRITE FILEMARKS(16)", drive_write_filemarks_16, { 0x0d, 0, 0xff, ALL8, 0xff, 0xff, 0xff }, DRIVE_EXPLICIT },
	{ OP_READ_REVERSE_16,   SA_NONE, 16, DATA_IN,   NEEDS_MEDIUM | TELLS_DEFERRED | EXPLICIT_ADDRESS,  1200, "READ REVERSE(16)", drive_read_reverse, { 0x07, 0, 0xff, ALL8, 0xff, 0xff, 0xff }, DRIVE_EXPLICIT | DRIVE_READ_REVERSE },
	{ OP_ALLOW_OVERWRITE,   SA_NONE, 16, DATA_NONE, NEEDS_MEDIUM | WAITS,  60,   "ALLOW OVERWRITE",        drive_allow_overwrite, { 0, 0x0f, 0xff, ALL8 }, DRIVE_APPEND_ONLY },
	{ OP_READ_16,           SA_NONE, 16, DATA_IN,   NEEDS_MEDIUM | TELLS_DEFERRED | EXPLICIT_ADDRESS,  1200, "READ(16)", drive_read_16, { 0x03, 0, 0xff, ALL8, 0xff, 0xff, 0xff }, DRIVE_EXPLICIT },
	{ OP_WRITE_16,          SA_NONE, 16, DATA_OUT,  NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED | EXPLICIT_ADDRESS, 1200, "WRITE(16)", drive_write_16, { 0x0d, 0, 0xff, ALL8, 0xff, 0xff, 0xff }, DRIVE_EXPLICIT },
	{ OP_VERIFY_16,         SA_NONE, 16, DATA_OUT,  NEEDS_MEDIUM | TELLS_DEFERRED | EXPLICIT_ADDRESS,  28800, "VERIFY(16)", drive_verify, { 0x3f, 0, 0xff, ALL8, 0xff, 0xff, 0xff }, DRIVE_EXPLICIT },
	{ OP_READ_ATTRIBUTE, SA_ATTRIBUTE_VALUES, 16, DATA_IN, NEEDS_MEDIUM, 300, "READ ATTRIBUTE, attribute values", drive_read_attribute, ATTRIBUTE_BITS(0xff), DRIVE_MAM },
	{ OP_READ_ATTRIBUTE, SA_ATTRIBUTE_LIST, 16, DATA_IN, NEEDS_MEDIUM, 300, "READ ATTRIBUTE, attribute list", drive_read_attribute, ATTRIBUTE_BITS(0xff), DRIVE_MAM },
	{ OP_READ_ATTRIBUTE, SA_LOGICAL_VOLUME_LIST, 16, DATA_IN, NEEDS_MEDIUM, 300, "READ ATTRIBUTE, logical volume list", drive_read_attribute, ATTRIBUTE_BITS(0xff), DRIVE_MAM },
	{ OP_READ_ATTRIBUTE, SA_PARTITION_LIST, 16, DATA_IN, NEEDS_MEDIUM, 300, "READ ATTRIBUTE, partition list", drive_read_attribute, ATTRIBUTE_BITS(0xff), DRIVE_MAM },
	{ OP_READ_ATTRIBUTE, SA_SUPPORTED_ATTRIBUTES, 16, DATA_IN, NEEDS_MEDIUM, 300, "READ ATTRIBUTE, supported attributes", drive_read_attribute, ATTRIBUTE_BITS(0xff), DRIVE_MAM },
	{ OP_WRITE_ATTRIBUTE, SA_NONE, 16, DATA_OUT, NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED, 300, "WRITE ATTRIBUTE", drive_write_attribute, { 0x01, 0, 0, 0, 0xff, 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, DRIVE_MAM },
	{ OP_SPACE_16,          SA_NONE, 16, DATA_NONE, NEEDS_MEDIUM | TELLS_DEFERRED,  1200, "SPACE(16)",              drive_space,          { 0x0f, 0, 0, ALL8 }, DRIVE_LOCATE_16 },
	{ OP_LOCATE_16,         SA_NONE, 16, DATA_NONE, NEEDS_MEDIUM | TELLS_DEFERRED | ADDRESS_BY_BAM,  1200, "LOCATE(16)",             drive_locate_16,      { 0x3b, 0x01, 0xff, ALL8 }, DRIVE_LOCATE_16 | DRIVE_EXPLICIT },
	{ OP_LOCATE_16,         SA_NONE, 16, DATA_NONE, NEEDS_MEDIUM | TELLS_DEFERRED,  1200, "LOCATE(16)",             drive_locate_16,      { 0x3b, 0, 0xff, ALL8 }, DRIVE_LOCATE_16 },
	{ OP_ERASE_16,          SA_NONE, 16, DATA_NONE, NEEDS_MEDIUM | NEEDS_WRITABLE | TELLS_DEFERRED | EXPLICIT_ADDRESS, 7200, "ERASE(16)", drive_erase_16, { 0x0f, 0, 0xff, ALL8 }, DRIVE_EXPLICIT },
	{ OP_SERVICE_ACTION_IN_12, SA_READ_MEDIA_SERIAL_NUMBER, 12, DATA_IN, NEEDS_MEDIUM, 60, "READ MEDIA SERIAL NUMBER", drive_read_media_serial, { 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },
};
/* clang-format on */

struct scsi_tables drive_tables(void)
{
	return (struct scsi_tables){
		.commands = commands,
		.commands_cnt = sizeof(commands) / sizeof(commands[0]),
		.mode_pages = drive_mode_pages,
		.mode_pages_cnt = drive_mode_pages_cnt,
		.log_pages = drive_log_pages,
		.log_pages_cnt = drive_log_pages_cnt,
		.vpd_pages = drive_vpd_pages,
		.vpd_pages_cnt = drive_vpd_pages_cnt,
	};
}

/* SSC-5, READ BLOCK LIMITS; with granularity 0 every length from the shortest on is a block. What
 * is none is refused: drive_block_fits(). */
enum scsi_status drive_block_limits(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const struct drive_model *m = drive_model(drive_of(unit));
	uint8_t data[6] = { 0 };

	data[0] = m->granularity;
	put_be24(data + 1, m->max_block_bytes);
	put_be16(data + 4, m->min_block_bytes);
	scsi_put_data(cmd, data, sizeof(data), sizeof(data));
	return SCSI_GOOD;
}

enum scsi_status drive_prevent_allow(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);

	if ((cmd->cdb[4] & 0x02) != 0) /* persistent prevention is obsolete */
		return scsi_check_field(unit, cmd, 4, 1);
	d->prevented = (cmd->cdb[4] & 0x01) != 0;
	library_drive_note(d->library, d->number, d->state, d->prevented);
	return SCSI_GOOD;
}

/* SPC-5: the same number as attribute 0401h of the medium; its length is a multiple of 4. */
enum scsi_status drive_read_media_serial(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	uint8_t data[4 + DRIVE_MEDIUM_SERIAL_SIZE - 1] = { 0 };
	char serial[DRIVE_MEDIUM_SERIAL_SIZE];

	_Static_assert((DRIVE_MEDIUM_SERIAL_SIZE - 1) % 4 == 0, "the number fills its field");
	drive_medium_serial(drive_of(unit), serial);
	put_be32(data, sizeof(data) - 4);
	scsi_put_text(data + 4, sizeof(data) - 4, serial);
	scsi_put_data(cmd, data, sizeof(data), get_be32(cmd->cdb + 6));
	return SCSI_GOOD;
}

#define IMMED    0x01 /* byte 1 */
#define LOAD_BIT 0x01
#define EOT_BIT  0x04

static enum scsi_status load(struct drive *d, struct scsi_cmd *cmd)
{
	bool immed = (cmd->cdb[1] & IMMED) != 0, was_ready = d->state == DRIVE_READY;
	struct drive_place from = drive_place(d);
	enum scsi_status status;
	enum sense_id why;
	int r;

	if (!drive_load(d, immed, &why)) {
		/* it goes on by itself: TEST UNIT READY and REQUEST SENSE tell how far it is */
		return immed && d->state == DRIVE_LOADING ? SCSI_GOOD
							  : scsi_check(&d->unit, cmd, why);
	}
	r = drive_sync(d->stage); /* a load of what is loaded goes to the beginning */
	if (r == 0)
		r = drive_enter_partition(d, 0);
	if (r == 0)
		r = drive_placed(d, stage_locate(d->stage, 0));
	status = drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, 0);
	if (was_ready)
		drive_moved(d, SENSE_REWIND_UNDER_WAY, &from, immed);
	return status;
}

static enum scsi_status unload(struct drive *d, struct scsi_cmd *cmd)
{
	bool was_loaded = d->state == DRIVE_READY;
	struct drive_place from = drive_place(d);
	enum scsi_status status = drive_outcome(d, cmd, drive_unload(d), SENSE_WRITE_ERROR, 0);

	if (was_loaded && d->state == DRIVE_UNLOADED)
		drive_unloaded(d, &from, (cmd->cdb[1] & IMMED) != 0);
	return status;
}

enum scsi_status drive_load_unload(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	uint8_t bits = cmd->cdb[4];

	if ((bits & LOAD_BIT) != 0) {
		if ((bits & EOT_BIT) != 0)
			return scsi_check_field(unit, cmd, 4, 2);
		return load(d, cmd);
	}
	if (d->state == DRIVE_EMPTY)
		return scsi_check(unit, cmd, SENSE_MEDIUM_NOT_PRESENT);
	if (d->prevented) {
		drive_alert(d, ALERT_NO_REMOVAL);
		return scsi_check(unit, cmd, SENSE_REMOVAL_PREVENTED);
	}
	return unload(d, cmd);
}

#define LONG        0x01 /* byte 1 of ERASE */
#define ERASE_IMMED 0x02

/*
 * Short and long alike: nothing behind the position can be read again (P5), in this partition.  But
 * a short one has no effect on the medium where SHORT ERASE MODE says so: only the buffer is
 * emptied, as by every ERASE.
 */
enum scsi_status drive_erase(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct drive *d = drive_of(unit);
	bool is_long = (cmd->cdb[1] & LONG) != 0;
	enum scsi_status s;
	int r;

	if (!is_long && drive_short_erase(d) == SHORT_ERASE_NOTHING)
		return drive_outcome(d, cmd, drive_sync(d->stage), SENSE_WRITE_ERROR, 0);
	if (drive_displaced(d))
		return scsi_check_tape(unit, cmd, SENSE_POSITIONING_ERROR, 0, 0);
	s = drive_check_append(d, cmd, 0);
	if (s != SCSI_GOOD)
		return s;
	r = stage_erase(d->stage);
	if (r == 0)
		r = drive_sync(d->stage);
	s = drive_outcome(d, cmd, r, SENSE_WRITE_ERROR, 0);
	if (s == SCSI_GOOD && is_long)
		drive_erased(d, (cmd->cdb[1] & ERASE_IMMED) != 0);
	return s;
}
