/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_table.c: prints the tables of docs/scsi-support.md from the rows that the units obey. The
 * test scsi_support compares; "cmake --build build/dev --target scsi-support" writes the document
 * anew.
 */
#include <stdio.h>
#include <string.h>

#include "handlers/changer/internal.h"
#include "handlers/tape/internal.h"

static const char *who(const struct scsi_command *row)
{
	return (row->needs & BY_CORE) != 0 ? "LIO" : "yes";
}

static void print_commands(const char *title, const struct scsi_command *rows, unsigned cnt)
{
	printf("\n## %s\n\n| code | action | CDB | command | served by | needs | timeout, s |\n"
	       "|---|---|---|---|---|---|---|\n",
	       title);
	for (unsigned i = 0; i < cnt; i++) {
		const struct scsi_command *row = &rows[i];
		const char *needs = (row->needs & NEEDS_WRITABLE) != 0 ? "writable medium"
				    : (row->needs & NEEDS_MEDIUM) != 0 ? "ready"
								       : "";

		printf("| %02Xh |", (unsigned)row->opcode);
		if (row->sa == SA_NONE)
			printf("  |");
		else
			printf(" %02Xh |", (unsigned)row->sa);
		printf(" %u | %s | %s | %s | %u |\n", (unsigned)row->len, row->name, who(row),
		       needs, (unsigned)row->timeout_s);
	}
}

static bool any_changeable(const struct mode_page *page)
{
	for (unsigned i = page->subpage == 0 ? 2 : 4; page->changeable != NULL && i < page->size;
	     i++)
		if (page->changeable[i] != 0)
			return true;
	return false;
}

static void print_page(const char *kind, unsigned code, unsigned subpage)
{
	if (subpage == 0)
		printf("| %s | %02Xh |", kind, code);
	else
		printf("| %s | %02Xh/%02Xh |", kind, code, subpage);
}

static void print_pages(const char *what, const struct mode_page *modes, unsigned modes_cnt,
			const struct log_page *logs, unsigned logs_cnt)
{
	printf("\n### Pages of the %s\n\n| kind | page | bytes | changeable bits |\n|---|---|---|---|\n",
	       what);
	for (unsigned i = 0; i < modes_cnt; i++) {
		print_page("mode", modes[i].code, modes[i].subpage);
		printf(" %u |", (unsigned)modes[i].size);
		for (unsigned b = modes[i].subpage == 0 ? 2 : 4;
		     any_changeable(&modes[i]) && b < modes[i].size; b++)
			if (modes[i].changeable[b] != 0)
				printf(" byte %u: %02Xh", b, (unsigned)modes[i].changeable[b]);
		printf(" |\n");
	}
	printf("| log | 00h | | |\n");
	for (unsigned i = 0; i < logs_cnt; i++) {
		print_page("log", logs[i].code, logs[i].subpage);
		printf(" |%s |\n", logs[i].reset != NULL ? " reset by LOG SELECT" : "");
	}
}

int main(void)
{
	const struct scsi_tables drive = drive_tables(), changer = changer_tables();

	print_commands("Drive (SSC-5)", drive.commands, drive.commands_cnt);
	print_pages("drive", drive_mode_pages, drive_mode_pages_cnt, drive_log_pages,
		    drive_log_pages_cnt);
	printf("| VPD | 00h 80h 83h");
	for (unsigned i = 0; i < drive_vpd_pages_cnt; i++)
		printf(" %02Xh", (unsigned)drive_vpd_pages[i].code);
	printf(" | | |\n");
	print_commands("Changer (SMC-3)", changer.commands, changer.commands_cnt);
	print_pages("changer", changer_mode_pages, changer_mode_pages_cnt, changer_log_pages,
		    changer_log_pages_cnt);
	printf("| VPD | 00h 80h 83h | | |\n");
	return 0;
}
