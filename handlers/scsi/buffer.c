/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer.c: READ BUFFER and WRITE BUFFER (SPC-5): one data buffer, number 0, the echo buffer, and
 * an error history that is empty (ours is the system's journal).
 *
 * Microcode is not downloaded: the unit's code is this program, and its packages are how it is
 * replaced.  The modes for it are refused in the CDB, before any data is looked at, so that a tool
 * for updates stops at its first command.
 */
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/service.h"
#include "lib/base/bytes.h"

enum buffer_mode {
	MODE_COMBINED =
		0x00, /* obsolete; drives still have it for reading, sg_read_buffer's default */
	MODE_DATA = 0x02,
	MODE_DESCRIPTOR = 0x03,
	MODE_ECHO = 0x0a,
	MODE_ECHO_DESCRIPTOR = 0x0b,
	MODE_ERROR_HISTORY = 0x1c,
};

enum history_buffer { /* BUFFER ID of the error history mode */
	HISTORY_DIRECTORY_LAST = 0x03,
	HISTORY_CLEAR = 0xfe,
	HISTORY_CLEAR_RELEASE = 0xff,
};

/* The bits of byte 1 beside the mode are specific to modes that we have not, and offsets have no
 * meaning but for data. SCSI_GOOD, or the check. */
static enum scsi_status check_unused(struct scsi_unit *unit, struct scsi_cmd *cmd, bool has_id)
{
	if ((cmd->cdb[1] & 0xe0) != 0)
		return scsi_check_field(unit, cmd, 1, 7);
	if (!has_id && cmd->cdb[2] != 0)
		return scsi_check_field(unit, cmd, 2, 7);
	if (get_be24(cmd->cdb + 3) != 0)
		return scsi_check_field(unit, cmd, 3, 7);
	return SCSI_GOOD;
}

/* Buffer 0, and an offset on a boundary, inside the buffer or at its end. */
static enum scsi_status check_place(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	uint32_t offset = get_be24(cmd->cdb + 3);

	if ((cmd->cdb[1] & 0xe0) != 0)
		return scsi_check_field(unit, cmd, 1, 7);
	if (cmd->cdb[2] != 0)
		return scsi_check_field(unit, cmd, 2, 7);
	if (offset > SERVICE_BUFFER_BYTES || offset % (1u << SERVICE_BOUNDARY) != 0)
		return scsi_check_field(unit, cmd, 3, 7);
	return SCSI_GOOD;
}

static enum scsi_status read_data(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	enum scsi_status s = check_place(unit, cmd);
	uint32_t offset = get_be24(cmd->cdb + 3);

	if (s == SCSI_GOOD)
		scsi_put_data(cmd, unit->service->buffer + offset, SERVICE_BUFFER_BYTES - offset,
			      get_be24(cmd->cdb + 6));
	return s;
}

/* A header that says how large buffer 0 is, and its data. */
static enum scsi_status read_combined(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	enum scsi_status s = check_unused(unit, cmd, false);
	uint32_t allocation = get_be24(cmd->cdb + 6);
	uint8_t header[4] = { 0 };

	if (s != SCSI_GOOD)
		return s;
	put_be24(header + 1, SERVICE_BUFFER_BYTES);
	scsi_put_data(cmd, header, sizeof(header), allocation);
	if (allocation > sizeof(header))
		scsi_put_data_at(cmd, sizeof(header), unit->service->buffer,
				 allocation - sizeof(header) < SERVICE_BUFFER_BYTES
					 ? allocation - sizeof(header)
					 : SERVICE_BUFFER_BYTES);
	return SCSI_GOOD;
}

/* A buffer that there is not has no capacity: who walks all numbers is told so with GOOD. */
static enum scsi_status read_descriptor(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	enum scsi_status s = check_unused(unit, cmd, true);
	uint8_t data[4] = { 0 };

	if (s != SCSI_GOOD)
		return s;
	if (cmd->cdb[2] == 0) {
		data[0] = SERVICE_BOUNDARY;
		put_be24(data + 1, SERVICE_BUFFER_BYTES);
	}
	scsi_put_data(cmd, data, sizeof(data), get_be24(cmd->cdb + 6));
	return SCSI_GOOD;
}

static enum scsi_status read_echo(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const struct unit_service *service = unit->service;
	enum scsi_status s = check_unused(unit, cmd, false);

	if (s != SCSI_GOOD)
		return s;
	if (!service->has_echo)
		return scsi_check(unit, cmd, SENSE_COMMAND_SEQUENCE);
	scsi_put_data(cmd, service->echo, service->echo_size, get_be24(cmd->cdb + 6));
	return SCSI_GOOD;
}

/* EBOS is 0: whether another host has overwritten the echo we cannot know. */
static enum scsi_status read_echo_descriptor(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	enum scsi_status s = check_unused(unit, cmd, false);
	uint8_t data[4] = { 0 };

	if (s != SCSI_GOOD)
		return s;
	put_be16(data + 2, SERVICE_ECHO_BYTES);
	scsi_put_data(cmd, data, sizeof(data), get_be24(cmd->cdb + 6));
	return SCSI_GOOD;
}

static enum scsi_status read_history(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	uint8_t data[32] = { 0 };
	enum scsi_status s;

	if ((cmd->cdb[1] & 0xe0) == 0 &&
	    (cmd->cdb[2] == HISTORY_CLEAR || cmd->cdb[2] == HISTORY_CLEAR_RELEASE))
		return SCSI_GOOD; /* there is nothing that could be held */
	s = check_unused(unit, cmd, true);
	if (s != SCSI_GOOD)
		return s;
	if (cmd->cdb[2] > HISTORY_DIRECTORY_LAST)
		return scsi_check_field(unit, cmd, 2, 7);
	scsi_put_text(data, 8, unit->identity.vendor); /* a directory of no entries */
	scsi_put_data(cmd, data, sizeof(data), get_be24(cmd->cdb + 6));
	return SCSI_GOOD;
}

enum scsi_status scsi_read_buffer(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	switch (cmd->cdb[1] & 0x1f) {
	case MODE_COMBINED:
		return read_combined(unit, cmd);
	case MODE_DATA:
		return read_data(unit, cmd);
	case MODE_DESCRIPTOR:
		return read_descriptor(unit, cmd);
	case MODE_ECHO:
		return read_echo(unit, cmd);
	case MODE_ECHO_DESCRIPTOR:
		return read_echo_descriptor(unit, cmd);
	case MODE_ERROR_HISTORY:
		return read_history(unit, cmd);
	default:
		return scsi_check_field(unit, cmd, 1, 4);
	}
}

static enum scsi_status write_data(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	uint32_t offset = get_be24(cmd->cdb + 3), size = get_be24(cmd->cdb + 6);
	enum scsi_status s = check_place(unit, cmd);

	if (s != SCSI_GOOD)
		return s;
	if (size > SERVICE_BUFFER_BYTES - offset)
		return scsi_check_field(unit, cmd, 6, 7);
	if (cmd->iov_len < size)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	(void)scsi_get_data(cmd, unit->service->buffer + offset, size); /* all of it is there */
	return SCSI_GOOD;
}

static enum scsi_status write_echo(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct unit_service *service = unit->service;
	uint32_t size = get_be24(cmd->cdb + 6);
	enum scsi_status s = check_unused(unit, cmd, false);

	if (s != SCSI_GOOD)
		return s;
	if (size > SERVICE_ECHO_BYTES)
		return scsi_check_field(unit, cmd, 6, 7);
	if (cmd->iov_len < size)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	if (size == 0)
		return SCSI_GOOD;
	service->echo_size = scsi_get_data(cmd, service->echo, size);
	service->has_echo = true;
	return SCSI_GOOD;
}

enum scsi_status scsi_write_buffer(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	switch (cmd->cdb[1] & 0x1f) {
	case MODE_DATA:
		return write_data(unit, cmd);
	case MODE_ECHO:
		return write_echo(unit, cmd);
	default: /* among them all that download microcode */
		return scsi_check_field(unit, cmd, 1, 4);
	}
}
