/* SPDX-License-Identifier: Apache-2.0 */
/* physical.c: vtl physical list, set-volume: asks vtl-policyd. */
#include <stdio.h>

#include "cli/vtl.h"

static const struct column physical_columns[] = {
	{ "name", "DRIVE", COLUMN_TEXT },
	{ "device", "DEVICE", COLUMN_TEXT },
	{ "volume", "VOLUME", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ "job", "JOB", COLUMN_ID },
	{ "obstacle", "NOT WRITTEN OVER BECAUSE", COLUMN_TEXT },
};

static enum vtl_exit physical_list_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autoptr(GVariant) list = NULL;
	g_autoptr(table_auto) table = NULL;
	struct control_client *client = source_client(vtl, &error);

	(void)args;
	if (client == NULL || !control_list_physical(client, &list, &error))
		return vtl_fail(error);
	table = source_table(list, physical_columns, G_N_ELEMENTS(physical_columns));
	vtl_print(vtl, table);
	if (table_rows(table) == 0 && !vtl->json)
		(void)puts("vtl-policyd has no physical drives.");
	return VTL_OK;
}

static enum vtl_exit set_volume_run(struct vtl *vtl, char **args)
{
	const char *volume = args[1] != NULL ? args[1] : "";
	GError *error = NULL;
	struct control_client *client;

	if (*volume != '\0' && !vtl_check_barcode(volume))
		return VTL_USAGE;
	client = source_client(vtl, &error);
	if (client == NULL || !control_set_volume(client, args[0], volume, &error))
		return vtl_fail(error);
	return VTL_OK;
}

static enum vtl_exit physical_import_run(struct vtl *vtl, char **args)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
	GError *error = NULL;
	g_autofree char *library = NULL;
	struct control_client *client;
	uint64_t id = 0;

	if (!vtl_check_barcode(args[1]))
		return VTL_USAGE;
	/* the cartridge is new: its barcode cannot tell the library */
	library = source_library(vtl, NULL, &error);
	client = library == NULL ? NULL : source_client(vtl, &error);
	if (client == NULL ||
	    !control_import_volume(client, args[0], library, args[1],
				   vtl_option(vtl, "no-copy") == NULL, &id, &error))
		return vtl_fail(error);
	g_array_append_val(ids, id);
	job_tell(vtl, "import", ids, args + 1);
	return vtl_option(vtl, "wait") != NULL ? job_wait(client, id) : VTL_OK;
}

const struct vtl_command physical_commands[] = {
	{ .noun = "physical",
	  .verb = "list",
	  .args = "",
	  .summary = "physical drives and the volumes in them",
	  .run = physical_list_run },
	{ .noun = "physical",
	  .verb = "set-volume",
	  .args = "DRIVE [VOLUME]",
	  .min = 1,
	  .max = 2,
	  .summary = "say which volume you have put into a physical drive",
	  .details = "Without VOLUME: the drive is empty now.",
	  .run = set_volume_run },
	{ .noun = "physical",
	  .verb = "import",
	  .args = "DRIVE BARCODE",
	  .min = 2,
	  .max = 2,
	  .summary = "read the tape in a physical drive into a new cartridge",
	  .details = "Queues a job and returns.  Any program may have written the tape.  The tape\n"
		     "then counts as a verified copy: keep it, or say --no-copy.",
	  .run = physical_import_run,
	  .options = { OPTION_LIBRARY,
		       OPTION_WAIT,
		       { "no-copy", '\0', NULL,
			 "the tape is not kept: it is no copy of the cartridge" } } },
	{ .noun = NULL },
};
