/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.c: the changer's commands.  Bits 7-5 of byte 1 are free in each (hosts put the LUN
 * there): scsi_tables.lun_in_cdb.
 */
#include "handlers/changer/internal.h"

/* clang-format off */
static const struct scsi_command commands[] = {
	/* opcode               sa       len data       needs         timeout s  name  handler  allowed bits of bytes 1..  features */
	{ OP_TEST_UNIT_READY,   SA_NONE, 6,  DATA_NONE, NEEDS_MEDIUM, 60,  "TEST UNIT READY",   scsi_good,             { 0 }, 0 },
	{ OP_REQUEST_SENSE,     SA_NONE, 6,  DATA_IN,   UA_EXEMPT,    60,  "REQUEST SENSE",     scsi_request_sense,    { 0x01, 0, 0, 0xff }, 0 },
	{ OP_INITIALIZE_ELEMENT_STATUS, SA_NONE, 6, DATA_NONE, NEEDS_MEDIUM, 3600, "INITIALIZE ELEMENT STATUS", changer_initialize, { 0 }, 0 },
	{ OP_INQUIRY,           SA_NONE, 6,  DATA_IN,   UA_EXEMPT | LUN_IGNORED, 60,  "INQUIRY",           scsi_inquiry,          { 0x01, 0xff, 0xff, 0xff }, 0 },
	{ OP_MODE_SELECT_6,     SA_NONE, 6,  DATA_OUT,  0,            60,  "MODE SELECT(6)",    scsi_mode_select,      { 0x11, 0, 0, 0xff }, 0 },
	{ OP_MODE_SENSE_6,      SA_NONE, 6,  DATA_IN,   0,            60,  "MODE SENSE(6)",     scsi_mode_sense,       { 0x08, 0xff, 0xff, 0xff }, 0 },
	{ OP_PREVENT_ALLOW,     SA_NONE, 6,  DATA_NONE, 0,            60,  "PREVENT ALLOW MEDIUM REMOVAL", changer_prevent_allow, { 0, 0, 0, 0x03 }, 0 },
	{ OP_POSITION_TO_ELEMENT, SA_NONE, 10, DATA_NONE, NEEDS_MEDIUM, 600, "POSITION TO ELEMENT", changer_position,  { 0, 0xff, 0xff, 0xff, 0xff }, 0 },
	{ OP_INITIALIZE_ELEMENT_STATUS_WITH_RANGE, SA_NONE, 10, DATA_NONE, NEEDS_MEDIUM, 3600, "INITIALIZE ELEMENT STATUS WITH RANGE", changer_initialize_range, { 0x03, 0xff, 0xff, 0, 0, 0xff, 0xff }, 0 },
	{ OP_LOG_SELECT,        SA_NONE, 10, DATA_OUT,  0,            60,  "LOG SELECT",        scsi_log_select,       { 0x03, 0xff, 0xff, 0, 0, 0, 0xff, 0xff }, 0 },
	{ OP_LOG_SENSE,         SA_NONE, 10, DATA_IN,   0,            60,  "LOG SENSE",         scsi_log_sense,        { 0x03, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff }, 0 },
	{ OP_MODE_SELECT_10,    SA_NONE, 10, DATA_OUT,  0,            60,  "MODE SELECT(10)",   scsi_mode_select,      { 0x11, 0, 0, 0, 0, 0, 0xff, 0xff }, 0 },
	{ OP_MODE_SENSE_10,     SA_NONE, 10, DATA_IN,   0,            60,  "MODE SENSE(10)",    scsi_mode_sense,       { 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff }, 0 },
	SCSI_SERVICE_ROWS,
	SCSI_CORE_ROWS,
	{ OP_MOVE_MEDIUM,       SA_NONE, 12, DATA_NONE, NEEDS_MEDIUM, 900, "MOVE MEDIUM",       changer_move,          { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0 },
	{ OP_EXCHANGE_MEDIUM,   SA_NONE, 12, DATA_NONE, NEEDS_MEDIUM, 900, "EXCHANGE MEDIUM",   changer_exchange,      { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0 },
	{ OP_READ_ELEMENT_STATUS, SA_NONE, 12, DATA_IN, NEEDS_MEDIUM, 600, "READ ELEMENT STATUS", changer_read_status, { 0x1f, 0xff, 0xff, 0xff, 0xff, 0x03, 0xff, 0xff, 0xff }, 0 },
};
/* clang-format on */

struct scsi_tables changer_tables(void)
{
	return (struct scsi_tables){
		.commands = commands,
		.commands_cnt = sizeof(commands) / sizeof(commands[0]),
		.mode_pages = changer_mode_pages,
		.mode_pages_cnt = changer_mode_pages_cnt,
		.log_pages = changer_log_pages,
		.log_pages_cnt = changer_log_pages_cnt,
		.vpd_pages = changer_vpd_pages,
		.vpd_pages_cnt = changer_vpd_pages_cnt,
		.lun_in_cdb = true,
	};
}
