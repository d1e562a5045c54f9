/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_table.c: prints the tables of docs/scsi-support.md from the rows that the units obey. The
 * test scsi_support compares; "cmake --build build/dev --target scsi-support" writes the document
 * anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/changer/internal.h"
#include "handlers/tape/internal.h"
#include "tests/scsi/support_pages.h"

/* ---- commands of the standards that a unit has not, and why ---- */

struct absent {
	uint8_t opcode;
	uint16_t sa;
	const char *name, *why;
};

#define NO_THIRD \
	"third-party copies need a copy manager that reaches other units: TCMU gives no way to them"
#define NO_ACL   "access controls are LIO's own (ACLs of its target port groups)"
#define NO_NEXUS "needs to know the initiator, whom TCMU does not tell"
#define NO_TPG   "LIO keeps the ports; every path is active/optimized"
#define NO_ALIAS "aliases serve third-party copies, which there are not"

/* clang-format off */
static const struct absent of_both[] = { /* SPC-5 */
	{ 0x18, SA_NONE, "COPY", NO_THIRD },
	{ 0x39, SA_NONE, "COMPARE", NO_THIRD },
	{ 0x3a, SA_NONE, "COPY AND VERIFY", NO_THIRD },
	{ 0x40, SA_NONE, "CHANGE DEFINITION", "obsolete: there is one definition" },
	{ 0x7f, 0x1800, "RECEIVE CREDENTIAL", "capability based security is for object storage" },
	{ 0x83, 0x00, "EXTENDED COPY(LID1)", NO_THIRD },
	{ 0x83, 0x01, "EXTENDED COPY(LID4)", NO_THIRD },
	{ 0x83, 0x10, "POPULATE TOKEN", NO_THIRD },
	{ 0x83, 0x11, "WRITE USING TOKEN", NO_THIRD },
	{ 0x83, 0x1c, "COPY OPERATION ABORT", NO_THIRD },
	{ 0x84, 0x00, "RECEIVE COPY STATUS(LID1)", NO_THIRD },
	{ 0x84, 0x01, "RECEIVE COPY DATA(LID1)", NO_THIRD },
	{ 0x84, 0x03, "RECEIVE COPY OPERATING PARAMETERS", NO_THIRD },
	{ 0x84, 0x04, "RECEIVE COPY FAILURE DETAILS(LID1)", NO_THIRD },
	{ 0x84, 0x05, "RECEIVE COPY STATUS(LID4)", NO_THIRD },
	{ 0x84, 0x06, "RECEIVE COPY DATA(LID4)", NO_THIRD },
	{ 0x84, 0x07, "RECEIVE ROD TOKEN INFORMATION", NO_THIRD },
	{ 0x84, 0x08, "REPORT ALL ROD TOKENS", NO_THIRD },
	{ 0x86, SA_NONE, "ACCESS CONTROL IN", NO_ACL },
	{ 0x87, SA_NONE, "ACCESS CONTROL OUT", NO_ACL },
	{ 0x9b, SA_NONE, "READ BUFFER(16)", "the buffer is within reach of READ BUFFER" },
	{ 0xa3, 0x0b, "REPORT ALIASES", NO_ALIAS },
	{ 0xa3, 0x0e, "REPORT PRIORITY", NO_NEXUS },
	{ 0xa3, 0x10, "MANAGEMENT PROTOCOL IN", "no management protocol is specified for tape" },
	{ 0xa4, 0x0a, "SET TARGET PORT GROUPS", NO_TPG },
	{ 0xa4, 0x0b, "CHANGE ALIASES", NO_ALIAS },
	{ 0xa4, 0x0c, "REMOVE I_T NEXUS", NO_NEXUS },
	{ 0xa4, 0x0e, "SET PRIORITY", NO_NEXUS },
	{ 0xa4, 0x10, "MANAGEMENT PROTOCOL OUT", "no management protocol is specified for tape" },
};

static const struct absent of_drive[] = { /* SSC-5 */
	{ 0x02, SA_NONE, "REQUEST BLOCK ADDRESS", "of before SCSI-2: READ POSITION says it" },
	{ 0x06, SA_NONE, "LOAD DISPLAY (StorageTek, IBM 3590 and 3490E)", "a drive here has no panel that anybody could look at" },
	{ 0x0c, SA_NONE, "SEEK BLOCK", "of before SCSI-2: LOCATE does it" },
	{ 0x14, SA_NONE, "RECOVER BUFFERED DATA", "what a failed write leaves in the buffer is given up when the host is told; the deferred error says how much, and a host has it still" },
	{ 0x83, 0x16, "SET TAPE STREAM MIRRORING", NO_THIRD },
	{ 0x84, 0x16, "REPORT TAPE STREAM MIRRORING", NO_THIRD },
	{ 0xa3, 0x1d, "RECEIVE RECOMMENDED ACCESS ORDER", "there are no wraps to go along: every order is as good" },
	{ 0xa3, 0x1e, "READ DYNAMIC RUNTIME ATTRIBUTE", NO_NEXUS },
	{ 0xa3, 0x1f, "READ LOGGED-IN HOST TABLE", NO_NEXUS },
	{ 0xa4, 0x1e, "WRITE DYNAMIC RUNTIME ATTRIBUTE", NO_NEXUS },
	{ 0xa4, 0x1d, "GENERATE RECOMMENDED ACCESS ORDER", "there are no wraps to go along: every order is as good" },
	{ 0xa7, SA_NONE, "MOVE MEDIUM ATTACHED", "the changer is a unit of its own (MCHNGR is 0)" },
	{ 0xb4, SA_NONE, "READ ELEMENT STATUS ATTACHED", "the changer is a unit of its own (MCHNGR is 0)" },
};

static const struct absent of_changer[] = { /* SMC-3 */
	{ 0x1b, SA_NONE, "OPEN/CLOSE IMPORT/EXPORT ELEMENT", "mail slots have no door: `vtl` puts in and takes out at any time" },
	{ 0x44, SA_NONE, "REPORT VOLUME TYPES SUPPORTED", "the drives say what they take: REPORT DENSITY SUPPORT" },
	{ 0x8c, SA_NONE, "READ ATTRIBUTE", "the drive reads the memory of a cartridge; the robot has no reader" },
	{ 0x8d, SA_NONE, "WRITE ATTRIBUTE", "the drive writes the memory of a cartridge; the robot has no reader" },
	{ 0x9e, 0x10, "REPORT ELEMENT INFORMATION", "READ ELEMENT STATUS has it all" },
	{ 0xa2, SA_NONE, "SECURITY PROTOCOL IN", "keys are the drives' business" },
	{ 0xb5, SA_NONE, "REQUEST VOLUME ELEMENT ADDRESS", "READ ELEMENT STATUS with VOLTAG finds a volume at once" },
	{ 0xb6, SA_NONE, "SEND VOLUME TAG", "the barcode is the cartridge's name and cannot be rewritten" },
};

/* What a drive must have; the names stand in docs/scsi-support.md. */
static const struct {
	unsigned feature;
	const char *name;
} features[] = {
	{ DRIVE_COMPRESSION, "compression" }, { DRIVE_WORM, "WORM" }, { DRIVE_ENCRYPTION, "encryption" },
	{ DRIVE_PARTITIONS, "partitions" }, { DRIVE_LBP_RS, "LBP" }, { DRIVE_LBP_CRC32C, "LBP CRC32C" },
	{ DRIVE_MAM, "MAM" }, { DRIVE_EXPLICIT, "explicit addresses" }, { DRIVE_READ_REVERSE, "read reverse" },
	{ DRIVE_APPEND_ONLY, "append-only mode" }, { DRIVE_PEWS, "programmable early warning" },
	{ DRIVE_CLEANING, "cleaning" }, { DRIVE_TAPE_ALERT, "TapeAlert" }, { DRIVE_LOCATE_16, "16 byte positioning" },
	{ DRIVE_IBM_MODE, "ibm-mode" }, { DRIVE_AIT_MODE, "ait-mode" }, { DRIVE_HP_STATUS, "hp-status" },
	{ DRIVE_DLT_STATUS, "dlt-status" }, { DRIVE_QUANTUM_STATISTICS, "quantum-statistics" },
	{ DRIVE_MEDIUM_SENSE, "medium-sense" }, { DRIVE_FORMAT_DENSITY, "format-density" },
	{ DRIVE_IBM_SERVICE, "ibm-service" },
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A line of the table: a row, or what there is not. */
struct line {
	const struct scsi_command *row;
	const struct absent *absent;
};

#define LINES_MAX 256

struct lines {
	struct line line[LINES_MAX];
	unsigned cnt;
};

static void add_rows(struct lines *l, const struct scsi_command *rows, unsigned cnt)
{
	for (unsigned i = 0; i < cnt && l->cnt < LINES_MAX; i++)
		l->line[l->cnt++].row = &rows[i];
}

static bool is_there(const struct lines *l, const struct absent *a)
{
	for (unsigned i = 0; i < l->cnt; i++)
		if (l->line[i].row != NULL && l->line[i].row->opcode == a->opcode &&
		    (l->line[i].row->sa == a->sa || l->line[i].row->sa == SA_NONE))
			return true;
	return false;
}

/* A command that a unit has meanwhile is no longer absent. */
static void add_absent(struct lines *l, const struct absent *absent, unsigned cnt)
{
	for (unsigned i = 0; i < cnt && l->cnt < LINES_MAX; i++)
		if (!is_there(l, &absent[i]))
			l->line[l->cnt++].absent = &absent[i];
}

static unsigned line_key(const struct line *l)
{
	unsigned opcode = l->row != NULL ? l->row->opcode : l->absent->opcode;
	unsigned sa = l->row != NULL ? l->row->sa : l->absent->sa;

	return opcode << 16 | (sa == SA_NONE ? 0 : sa);
}

static int compare_lines(const void *a, const void *b)
{
	unsigned x = line_key(a), y = line_key(b);

	return x < y ? -1 : x > y;
}

static void print_code(unsigned opcode, unsigned sa)
{
	printf("| %02Xh |", opcode);
	if (sa == SA_NONE)
		printf("  |");
	else
		printf(" %02Xh |", sa);
}

void print_features(unsigned wanted)
{
	const char *comma = "";

	for (unsigned i = 0; i < COUNT(features); i++) {
		if ((wanted & features[i].feature) == 0)
			continue;
		printf("%s%s", comma, features[i].name);
		comma = ", ";
	}
}

static void print_row(const struct scsi_command *row)
{
	print_code(row->opcode, row->sa);
	printf(" %u | %s | %s | %s | ", (unsigned)row->len, row->name,
	       (row->needs & BY_CORE) != 0 ? "LIO" : "yes",
	       (row->needs & NEEDS_WRITABLE) != 0 ? "writable medium"
	       : (row->needs & NEEDS_MEDIUM) != 0 ? "ready"
						  : "");
	print_features(row->features);
	printf(" | %u |\n", (unsigned)row->timeout_s);
}

static void print_commands(const char *title, const struct scsi_tables *t,
			   const struct absent *absent, unsigned absent_cnt)
{
	static struct lines l;

	memset(&l, 0, sizeof(l));
	add_rows(&l, t->commands, t->commands_cnt);
	add_absent(&l, of_both, COUNT(of_both));
	add_absent(&l, absent, absent_cnt);
	qsort(l.line, l.cnt, sizeof(l.line[0]), compare_lines);
	printf("\n## %s\n\n| code | action | CDB | command | served by | needs | only with | timeout, s |\n"
	       "|---|---|---|---|---|---|---|---|\n",
	       title);
	for (unsigned i = 0; i < l.cnt; i++)
		if (l.line[i].row != NULL)
			print_row(l.line[i].row);
	printf("\nThese are not there, and answer 5/20/00, or 5/24/00 where another action of the code is:\n\n"
	       "| code | action | command | why not |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < l.cnt; i++) {
		if (l.line[i].row != NULL)
			continue;
		print_code(l.line[i].absent->opcode, l.line[i].absent->sa);
		printf(" %s | %s |\n", l.line[i].absent->name, l.line[i].absent->why);
	}
}

int main(void)
{
	const struct scsi_tables drive = drive_tables(), changer = changer_tables();
	bool good;

	print_commands("Drive (SSC-5)", &drive, of_drive, COUNT(of_drive));
	good = print_pages("drive", &drive);
	print_commands("Changer (SMC-3)", &changer, of_changer, COUNT(of_changer));
	good &= print_pages("changer", &changer);
	print_model_pages();
	return good ? 0 : 1;
}
