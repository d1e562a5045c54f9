/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identify.c: REPORT IDENTIFYING INFORMATION and SET IDENTIFYING INFORMATION (SPC-5): a few bytes
 * by which a host or an operator names the unit; kept over restarts.
 */
#include <errno.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/service.h"
#include "lib/base/bytes.h"

enum information_type {
	INFORMATION_DEVICE = 0x00, /* any bytes */
	INFORMATION_TEXT = 0x02,   /* UTF-8, closed with a 0 */
	INFORMATION_SUPPORTED = 0x7f,
};

static const struct information_row {
	uint8_t type;
	uint16_t max;
	const char *name; /* as it is saved */
} rows[] = {
	{ INFORMATION_DEVICE, SERVICE_IDENTITY_BYTES, "identifying-information" },
	{ INFORMATION_TEXT, SERVICE_TEXT_BYTES, "identifying-text" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct information_row *find(const struct scsi_cmd *cmd)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (rows[i].type == cmd->cdb[10] >> 1)
			return &rows[i];
	return NULL;
}

static void report_types(struct scsi_cmd *cmd)
{
	uint8_t data[4 + 4 * ROWS] = { 0 };

	put_be16(data + 2, 4 * ROWS);
	for (unsigned i = 0; i < ROWS; i++) {
		data[4 + 4 * i] = (uint8_t)(rows[i].type << 1);
		put_be16(data + 6 + 4 * i, rows[i].max);
	}
	scsi_put_data(cmd, data, sizeof(data), get_be32(cmd->cdb + 6));
}

enum scsi_status scsi_report_identity(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const struct information_row *row = find(cmd);
	uint8_t data[4 + SERVICE_TEXT_BYTES] = { 0 };
	size_t size = 0;
	int r = -ENOENT;

	if (cmd->cdb[10] >> 1 == INFORMATION_SUPPORTED) {
		report_types(cmd);
		return SCSI_GOOD;
	}
	if (row == NULL)
		return scsi_check_field(unit, cmd, 10, 7);
	if (unit->ops->load != NULL)
		r = unit->ops->load(unit, row->name, data + 4, row->max, &size);
	if (r != 0 && r != -ENOENT)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	if (r != 0)
		size = 0; /* SPC-5: never set, so of no length */
	put_be16(data + 2, (uint16_t)size);
	scsi_put_data(cmd, data, 4 + size, get_be32(cmd->cdb + 6));
	return SCSI_GOOD;
}

enum scsi_status scsi_set_identity(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const struct information_row *row = find(cmd);
	uint32_t size = get_be32(cmd->cdb + 6);
	uint8_t list[SERVICE_TEXT_BYTES];

	if (row == NULL)
		return scsi_check_field(unit, cmd, 10, 7);
	if (size > row->max)
		return scsi_check_field(unit, cmd, 6, 7);
	if (scsi_get_data(cmd, list, size) < size)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	if (row->type == INFORMATION_TEXT && size > 0 && list[size - 1] != 0)
		return scsi_check_list(unit, cmd, size - 1, 7);
	if (unit->ops->save == NULL || unit->ops->save(unit, row->name, list, size) != 0)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	return SCSI_GOOD;
}
