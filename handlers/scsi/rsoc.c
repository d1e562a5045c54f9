/* SPDX-License-Identifier: Apache-2.0 */
/* rsoc.c: REPORT SUPPORTED OPERATION CODES (SPC-5), from the same rows that the pipeline obeys. */
#include <string.h>

#include "handlers/scsi/command.h"
#include "lib/base/bytes.h"

#define TIMEOUTS_SIZE 12
#define ROWS_MAX      ((UNIT_SCRATCH_SIZE - 4) / (8 + TIMEOUTS_SIZE))

#define SUPPORT_NO       0x01
#define SUPPORT_STANDARD 0x03

static size_t put_timeouts(uint8_t *p, const struct scsi_command *row)
{
	memset(p, 0, TIMEOUTS_SIZE);
	put_be16(p, TIMEOUTS_SIZE - 2);
	put_be32(p + 8, row->timeout_s);
	return TIMEOUTS_SIZE;
}

static enum scsi_status report_all(struct scsi_unit *unit, struct scsi_cmd *cmd, bool timeouts)
{
	uint8_t *data = unit->scratch;
	const struct scsi_tables *t = unit->tables;
	size_t n = 4;

	for (unsigned i = 0; i < t->commands_cnt && i < ROWS_MAX; i++) {
		const struct scsi_command *row = &t->commands[i];
		uint8_t *p = data + n;

		memset(p, 0, 8);
		p[0] = row->opcode;
		if (row->sa != SA_NONE) {
			put_be16(p + 2, row->sa);
			p[5] = 0x01; /* SERVACTV */
		}
		p[5] |= timeouts ? 0x02 : 0; /* CTDP */
		put_be16(p + 6, row->len);
		n += 8;
		if (timeouts)
			n += put_timeouts(data + n, row);
	}
	put_be32(data, (uint32_t)(n - 4));
	scsi_put_data(cmd, data, n, get_be32(cmd->cdb + 6));
	return SCSI_GOOD;
}

/* The CDB usage data: a bit map of what may be set. */
static void put_usage(uint8_t *usage, const struct scsi_command *row)
{
	usage[0] = row->opcode;
	memcpy(usage + 1, row->bits, row->len - 1u);
	if (row->sa != SA_NONE)
		usage[1] = (uint8_t)(usage[1] | row->sa);
}

static enum scsi_status report_one(struct scsi_cmd *cmd, const struct scsi_command *row,
				   bool timeouts)
{
	uint8_t data[4 + SCSI_CDB_MAX + TIMEOUTS_SIZE] = { 0 };
	size_t n = 4;

	data[1] = SUPPORT_NO;
	if (row != NULL) {
		data[1] = (uint8_t)(SUPPORT_STANDARD | (timeouts ? 0x80 : 0));
		put_be16(data + 2, row->len);
		put_usage(data + 4, row);
		n += row->len;
		if (timeouts)
			n += put_timeouts(data + n, row);
	}
	scsi_put_data(cmd, data, n, get_be32(cmd->cdb + 6));
	return SCSI_GOOD;
}

static const struct scsi_command *find_row(const struct scsi_unit *unit, uint8_t opcode,
					   unsigned sa, bool *ret_has_sa, bool *ret_known)
{
	const struct scsi_command *found = NULL;

	*ret_has_sa = false;
	*ret_known = false;
	for (unsigned i = 0; i < unit->tables->commands_cnt; i++) {
		const struct scsi_command *row = &unit->tables->commands[i];

		if (row->opcode != opcode)
			continue;
		*ret_known = true;
		*ret_has_sa = row->sa != SA_NONE;
		if (row->sa == SA_NONE || row->sa == sa)
			found = row;
	}
	return found;
}

enum scsi_status scsi_report_opcodes(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	bool timeouts = (cdb[2] & 0x80) != 0;
	unsigned option = cdb[2] & 0x07, sa = get_be16(cdb + 4);
	const struct scsi_command *row;
	bool has_sa, known;

	if (option == 0)
		return report_all(unit, cmd, timeouts);
	if (option > 3)
		return scsi_check_field(unit, cmd, 2, 2);
	row = find_row(unit, cdb[3], sa, &has_sa, &known);
	if (option == 1 && has_sa) /* SPC: the form without a service action, and there is one */
		return scsi_check_field(unit, cmd, 2, 2);
	if (option == 2 && known && !has_sa)
		return scsi_check_field(unit, cmd, 2, 2);
	if (option == 3 && !has_sa && sa != 0)
		row = NULL;
	return report_one(cmd, row, timeouts);
}
