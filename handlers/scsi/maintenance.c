/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maintenance.c: REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS, REPORT TARGET PORT GROUPS, REPORT
 * TIMESTAMP and SET TIMESTAMP (SPC-5).
 *
 * Task management itself, and the ports, are LIO core's.  Its pass-through devices leave these
 * commands to us (passthrough_parse_cdb()), and tell us neither ports nor initiators: so the answer
 * is what holds for every unit of ours.
 */
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/mode.h"
#include "handlers/scsi/service.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"

/* ---- task management ---- */

#define TMF_ABORT_TASK         0x80 /* ATS */
#define TMF_LOGICAL_UNIT_RESET 0x08 /* LURS */

/* What LIO core does: it answers the others with FUNCTION NOT SUPPORTED. */
enum scsi_status scsi_report_task_management(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	bool extended = (cmd->cdb[2] & 0x80) != 0; /* REPD */
	uint8_t data[16] = { TMF_ABORT_TASK | TMF_LOGICAL_UNIT_RESET };

	(void)unit;
	if (extended)
		data[3] = 12; /* no timeouts are said: TMFTMOV is 0 */
	scsi_put_data(cmd, data, extended ? 16 : 4, get_be32(cmd->cdb + 6));
	return SCSI_GOOD;
}

/* ---- target port groups ---- */

/* One group with one port, active/optimized: every path leads to the same unit. */
enum scsi_status scsi_report_target_ports(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	unsigned format = cmd->cdb[1] >> 5;
	uint8_t data[8 + 12] = { 0 }, *group;
	size_t header = format == 1 ? 8 : 4;

	if (format > 1)
		return scsi_check_field(unit, cmd, 1, 7);
	put_be32(data, (uint32_t)(header - 4 + 12));
	if (format == 1)
		data[4] = 0x10; /* RETURN DATA FORMAT 1; no implicit transition takes time */
	group = data + header;
	group[1] = 0x01; /* AO_SUP; the state in byte 0 is 0 */
	group[7] = 1;
	put_be16(group + 10, 1); /* relative target port identifier */
	scsi_put_data(cmd, data, header + 12, get_be32(cmd->cdb + 6));
	return SCSI_GOOD;
}

/* ---- the timestamp ---- */

#define TIMESTAMP_SIZE 12

/* Control extension mode page, byte 4. */
#define TCMOS 0x04 /* the timestamp may be changed outside the standard: the machine's clock */
#define SCSIP 0x02 /* SET TIMESTAMP goes before that */

/* Where the unit has no such page the clock is a host's alone. */
static uint8_t clock_bits(struct scsi_unit *unit)
{
	const uint8_t *page = mode_current(unit, MODE_PAGE_CONTROL, 0x01);

	return page == NULL ? SCSIP : page[4];
}

enum scsi_status scsi_report_timestamp(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const struct unit_service *s = unit->service;
	uint8_t data[TIMESTAMP_SIZE] = { 0, TIMESTAMP_SIZE - 2 };
	enum timestamp_origin origin = s->origin;
	int64_t now = s->stamp_ms + clock_monotonic_ms() - s->stamped_ms;

	if ((clock_bits(unit) & TCMOS) != 0 && origin != TIMESTAMP_SET) {
		origin = TIMESTAMP_OUTSIDE;
		now = clock_wall_s() * 1000;
	}
	data[2] = (uint8_t)origin;
	put_be16(data + 4, (uint16_t)((uint64_t)now >> 32));
	put_be32(data + 6, (uint32_t)now);
	scsi_put_data(cmd, data, sizeof(data), get_be32(cmd->cdb + 6));
	return SCSI_GOOD;
}

enum scsi_status scsi_set_timestamp(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct unit_service *s = unit->service;
	uint32_t size = get_be32(cmd->cdb + 6);
	uint8_t list[TIMESTAMP_SIZE] = { 0 };

	if ((clock_bits(unit) & SCSIP) == 0) /* SPC-5: then the command is illegal */
		return scsi_check_field(unit, cmd, 1, 4);
	if (size == 0)
		return SCSI_GOOD;
	if (size != TIMESTAMP_SIZE)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	if (scsi_get_data(cmd, list, sizeof(list)) < sizeof(list))
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	for (unsigned byte = 0; byte < sizeof(list); byte++)
		if ((byte < 4 || byte >= 10) && list[byte] != 0)
			return scsi_check_list(unit, cmd, byte, 31 - __builtin_clz(list[byte]));
	if (list[4] > 0xf0) /* SPC-5: it would not last */
		return scsi_check_list(unit, cmd, 4, 7);
	s->origin = TIMESTAMP_SET;
	s->stamp_ms = (int64_t)((uint64_t)get_be16(list + 4) << 32 | get_be32(list + 6));
	s->stamped_ms = clock_monotonic_ms();
	return SCSI_GOOD;
}
