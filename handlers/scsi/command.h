/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h: a command as a row of a table.  One pipeline (unit_execute) reads the row and refuses
 * what the row refuses, so that a handler holds no precondition; REPORT SUPPORTED OPERATION CODES
 * and docs/scsi-support.md come from the same rows.
 */
#ifndef VTL_SCSI_COMMAND_H
#define VTL_SCSI_COMMAND_H

#include "handlers/scsi/opcode.h"
#include "handlers/scsi/sense.h"
#include "handlers/scsi/unit.h"

enum scsi_needs {
	NEEDS_MEDIUM = 0x01,   /* a medium, ready; asked of the unit's ops */
	NEEDS_WRITABLE = 0x02, /* and not write protected */
	UA_EXEMPT = 0x04, /* served although a unit attention is pending (INQUIRY, REQUEST SENSE) */
	TELLS_DEFERRED =
		0x10, /* of the stream of data: hears first what an earlier write came to */
	WAITS = 0x20, /* until a motion (motion.h) is over; so do all that have NEEDS_MEDIUM and
			 TELLS_DEFERRED */
	LUN_IGNORED =
		0x40, /* bits 7-5 of byte 1, where SCSI-2 has the LUN, mean nothing: Linux
			 fills them in its first INQUIRY at a LUN of a target it does not know */
	/* Of one of the two sets of commands of SSC (handlers/tape/explicit.c): at the position, at
	 * the object that the CDB names, or of the set that BAM of the CDB says. */
	IMPLICIT_ADDRESS = 0x80,
	EXPLICIT_ADDRESS = 0x100,
	ADDRESS_BY_BAM = 0x200,
	BY_CORE = 0x08, /* LIO answers it before us: listed, never handled */
};

struct scsi_command {
	uint8_t opcode;
	uint16_t sa; /* service action in bits 4-0 of byte 1, or SA_NONE */
	uint8_t len; /* of the CDB */
	enum scsi_data data;
	unsigned needs;     /* enum scsi_needs */
	uint32_t timeout_s; /* recommended, as RSOC reports it */
	const char *name;
	enum scsi_status (*handler)(struct scsi_unit *unit, struct scsi_cmd *cmd);
	uint8_t bits[SCSI_CDB_MAX - 1]; /* bits that may be set in bytes 1..len-1; a service action
					   counts as allowed */
	/* The row is there only for a unit with all of these; of several rows for one command the
	 * first one is taken. */
	unsigned features;
};

/* The row for @cdb; NULL, with *ret_known_opcode saying whether only the service action is unknown.
 */
const struct scsi_command *command_find(const struct scsi_unit *unit, const uint8_t *cdb,
					bool *ret_known_opcode);

/*
 * What LIO's core answers before any unit of ours: every unit lists it, for hosts that ask what
 * there is.
 */
/* clang-format off */
#define SCSI_CORE_ROWS \
	{ OP_RESERVE_6, SA_NONE, 6, DATA_NONE, BY_CORE, 60, "RESERVE(6)", NULL, { 0 }, 0 },\
	{ OP_RELEASE_6, SA_NONE, 6, DATA_NONE, BY_CORE, 60, "RELEASE(6)", NULL, { 0 }, 0 },\
	{ OP_RESERVE_10, SA_NONE, 10, DATA_NONE, BY_CORE, 60, "RESERVE(10)", NULL, { 0 }, 0 },\
	{ OP_RELEASE_10, SA_NONE, 10, DATA_NONE, BY_CORE, 60, "RELEASE(10)", NULL, { 0 }, 0 },\
	{ OP_REPORT_LUNS, SA_NONE, 12, DATA_IN, BY_CORE, 60, "REPORT LUNS", NULL, { 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_IN, 0, 10, DATA_IN, BY_CORE, 60, "PERSISTENT RESERVE IN, READ KEYS", NULL, { 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_IN, 1, 10, DATA_IN, BY_CORE, 60, "PERSISTENT RESERVE IN, READ RESERVATION", NULL, { 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_IN, 2, 10, DATA_IN, BY_CORE, 60, "PERSISTENT RESERVE IN, REPORT CAPABILITIES", NULL, { 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_IN, 3, 10, DATA_IN, BY_CORE, 60, "PERSISTENT RESERVE IN, READ FULL STATUS", NULL, { 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_OUT, 0, 10, DATA_OUT, BY_CORE, 60, "PERSISTENT RESERVE OUT, REGISTER", NULL, { 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_OUT, 1, 10, DATA_OUT, BY_CORE, 60, "PERSISTENT RESERVE OUT, RESERVE", NULL, { 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_OUT, 2, 10, DATA_OUT, BY_CORE, 60, "PERSISTENT RESERVE OUT, RELEASE", NULL, { 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_OUT, 3, 10, DATA_OUT, BY_CORE, 60, "PERSISTENT RESERVE OUT, CLEAR", NULL, { 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_OUT, 4, 10, DATA_OUT, BY_CORE, 60, "PERSISTENT RESERVE OUT, PREEMPT", NULL, { 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_OUT, 5, 10, DATA_OUT, BY_CORE, 60, "PERSISTENT RESERVE OUT, PREEMPT AND ABORT", NULL, { 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_OUT, 6, 10, DATA_OUT, BY_CORE, 60, "PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY", NULL, { 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_PERSISTENT_RESERVE_OUT, 7, 10, DATA_OUT, BY_CORE, 60, "PERSISTENT RESERVE OUT, REGISTER AND MOVE", NULL, { 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 }
/* clang-format on */

/*
 * The commands that each unit of SPC-5 has alike, drive and changer: handlers of service.h's files.
 */
/* clang-format off */
#define SCSI_SERVICE_ROWS \
	{ OP_RECEIVE_DIAGNOSTIC, SA_NONE, 6, DATA_IN, 0, 60, "RECEIVE DIAGNOSTIC RESULTS", scsi_receive_diagnostic, { 0x01, 0xff, 0xff, 0xff }, 0 },\
	{ OP_SEND_DIAGNOSTIC, SA_NONE, 6, DATA_OUT, 0, 300, "SEND DIAGNOSTIC", scsi_send_diagnostic, { 0xf7, 0, 0xff, 0xff }, 0 },\
	{ OP_WRITE_BUFFER, SA_NONE, 10, DATA_OUT, 0, 60, "WRITE BUFFER", scsi_write_buffer, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_READ_BUFFER, SA_NONE, 10, DATA_IN, 0, 60, "READ BUFFER", scsi_read_buffer, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_MAINTENANCE_IN, SA_REPORT_IDENTIFYING_INFORMATION, 12, DATA_IN, 0, 60, "REPORT IDENTIFYING INFORMATION", scsi_report_identity, { 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe }, 0 },\
	{ OP_MAINTENANCE_IN, SA_REPORT_TARGET_PORT_GROUPS, 12, DATA_IN, 0, 60, "REPORT TARGET PORT GROUPS", scsi_report_target_ports, { 0xe0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_MAINTENANCE_IN, SA_REPORT_SUPPORTED_OPCODES, 12, DATA_IN, 0, 60, "REPORT SUPPORTED OPERATION CODES", scsi_report_opcodes, { 0, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_MAINTENANCE_IN, SA_REPORT_TASK_MANAGEMENT, 12, DATA_IN, 0, 60, "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", scsi_report_task_management, { 0, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_MAINTENANCE_IN, SA_REPORT_TIMESTAMP, 12, DATA_IN, 0, 60, "REPORT TIMESTAMP", scsi_report_timestamp, { 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 },\
	{ OP_MAINTENANCE_OUT, SA_SET_IDENTIFYING_INFORMATION, 12, DATA_OUT, 0, 60, "SET IDENTIFYING INFORMATION", scsi_set_identity, { 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe }, 0 },\
	{ OP_MAINTENANCE_OUT, SA_SET_TIMESTAMP, 12, DATA_OUT, 0, 60, "SET TIMESTAMP", scsi_set_timestamp, { 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, 0 }
/* clang-format on */

/* ---- for handlers ---- */

/*
 * A command whose row is not of the data stream turns out to format the medium: what the pipeline
 * does before one that is (NEEDS_MEDIUM, NEEDS_WRITABLE, TELLS_DEFERRED).  SCSI_GOOD, or what the
 * command ends with.  May free the mutex while it waits: what was seen of the unit, and is in its
 * scratch, is to be looked at anew.
 */
MUST_CHECK enum scsi_status command_joins_stream(struct scsi_unit *unit, struct scsi_cmd *cmd);

/* ---- handlers that both units put into their rows ---- */

enum scsi_status scsi_inquiry(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_request_sense(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_mode_sense(struct scsi_unit *unit, struct scsi_cmd *cmd);  /* 6 and 10 */
enum scsi_status scsi_mode_select(struct scsi_unit *unit, struct scsi_cmd *cmd); /* 6 and 10 */
enum scsi_status scsi_log_sense(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_log_select(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_report_opcodes(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_send_diagnostic(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_receive_diagnostic(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_read_buffer(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_write_buffer(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_report_task_management(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_report_target_ports(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_report_timestamp(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_set_timestamp(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_report_identity(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_set_identity(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status scsi_good(struct scsi_unit *unit,
			   struct scsi_cmd *cmd); /* TEST UNIT READY: the row did it all */

#endif
