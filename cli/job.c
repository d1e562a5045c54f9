/* SPDX-License-Identifier: Apache-2.0 */
/* job.c: vtl migrate, recall, cancel, jobs: asks vtl-policyd. */
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"

#define WAIT_MS 500 /* between two looks at a job that is waited for */

static const struct column job_columns[] = {
	{ "id", "JOB", COLUMN_ID },
	{ "kind", "KIND", COLUMN_TEXT },
	{ "library", "LIBRARY", COLUMN_TEXT },
	{ "barcode", "CARTRIDGE", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },
	{ "drive", "DRIVE", COLUMN_TEXT },
	{ "volume", "VOLUME", COLUMN_TEXT },
	{ "objects", NULL, COLUMN_NUMBER },
	{ "objects_total", NULL, COLUMN_NUMBER },
	{ "bytes", "DONE", COLUMN_SIZE },
	{ "bytes_total", "OF", COLUMN_SIZE },
	{ "created", "CREATED", COLUMN_TIME },
	{ "started", NULL, COLUMN_TIME },
	{ "finished", "FINISHED", COLUMN_TIME },
	{ "why", "WHY", COLUMN_TEXT },
	{ "error", "ERROR", COLUMN_TEXT },
	{ "digest", NULL, COLUMN_TEXT },
};

static enum vtl_exit jobs_run(struct vtl *vtl, char **args)
{
	const char *text = vtl_option(vtl, "limit");
	GError *error = NULL;
	g_autoptr(GVariant) list = NULL;
	g_autoptr(table_auto) table = NULL;
	struct control_client *client;
	uint64_t limit = 20;

	(void)args;
	if (vtl_option(vtl, "all") != NULL)
		limit = 0;
	else if (text != NULL && !vtl_parse_number("--limit", text, G_MAXUINT32, &limit))
		return VTL_USAGE;
	client = source_client(vtl, &error);
	if (client == NULL || !control_list_jobs(client, (unsigned)limit, &list, &error))
		return vtl_fail(error);
	table = source_table(list, job_columns, G_N_ELEMENTS(job_columns));
	vtl_print(vtl, table);
	if (table_rows(table) == 0 && !vtl->json)
		(void)puts("There are no jobs.");
	return VTL_OK;
}

/* ---- migrate, recall ---- */

/* The job's entry; NULL where the list does not have it. */
static GVariant *find_job(GVariant *list, uint64_t id)
{
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		GVariant *entry = g_variant_get_child_value(list, i);

		if (control_entry_uint(entry, "id") == id)
			return entry;
		g_variant_unref(entry);
	}
	return NULL;
}

/* Why a job waits (for a volume, say, that only a person can put in), whenever it changes. */
static void tell_reason(GVariant *entry, char **told)
{
	const char *reason = control_entry_string(entry, "error");

	if (g_strcmp0(*told, reason) == 0)
		return;
	g_free(*told);
	*told = g_strdup(reason);
	if (reason[0] != '\0')
		(void)fprintf(stderr, "vtl: job %" G_GUINT64_FORMAT " (%s): %s\n",
			      (guint64)control_entry_uint(entry, "id"),
			      control_entry_string(entry, "state"), reason);
}

/* Polls: a signal can be lost with a restart of the service. */
enum vtl_exit job_wait(struct control_client *client, uint64_t id)
{
	g_autofree char *told = g_strdup("");

	for (;;) {
		GError *error = NULL;
		g_autoptr(GVariant) list = NULL;
		g_autoptr(GVariant) entry = NULL;
		const char *state;

		if (!control_list_jobs(client, 0, &list, &error))
			return vtl_fail(error);
		entry = find_job(list, id);
		if (entry == NULL)
			return vtl_fail_code(VTL_NOT_FOUND,
					     "vtl-policyd has no job %" G_GUINT64_FORMAT,
					     (guint64)id);
		state = control_entry_string(entry, "state");
		if (strcmp(state, "failed") != 0 && strcmp(state, "cancelled") != 0)
			tell_reason(entry, &told);
		if (strcmp(state, "done") == 0)
			return VTL_OK;
		if (strcmp(state, "failed") == 0 || strcmp(state, "cancelled") == 0)
			return vtl_fail_code(VTL_FAILED, "job %" G_GUINT64_FORMAT " of %s %s: %s",
					     (guint64)id, control_entry_string(entry, "barcode"),
					     state, control_entry_string(entry, "error"));
		g_usleep((gulong)WAIT_MS * 1000);
	}
}

void job_tell(const struct vtl *vtl, const char *kind, const GArray *ids, char **barcodes)
{
	struct json json;

	if (!vtl->json) {
		for (guint i = 0; i < ids->len; i++)
			(void)printf("Job %" G_GUINT64_FORMAT ": %s %s\n",
				     g_array_index(ids, guint64, i), kind, barcodes[i]);
		(void)fflush(stdout); /* somebody may wait for the number */
		return;
	}
	json_init(&json);
	json_open(&json, NULL, '[');
	for (guint i = 0; i < ids->len; i++) {
		json_open(&json, NULL, '{');
		json_number(&json, "id", g_array_index(ids, guint64, i));
		json_string(&json, "kind", kind);
		json_string(&json, "barcode", barcodes[i]);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
	(void)fflush(stdout);
}

static enum vtl_exit ask(struct vtl *vtl, const char *barcode, guint64 *ret_id)
{
	bool recall = strcmp(vtl->command->noun, "recall") == 0;
	GError *error = NULL;
	g_autofree char *library = NULL;
	struct control_client *client;
	uint64_t id = 0;

	if (!vtl_check_barcode(barcode))
		return VTL_USAGE;
	library = source_library(vtl, barcode, &error);
	client = library == NULL ? NULL : source_client(vtl, &error);
	if (client == NULL || !(recall ? control_recall(client, library, barcode, &id, &error)
				       : control_migrate(client, library, barcode, &id, &error)))
		return vtl_fail(error);
	*ret_id = id;
	return VTL_OK;
}

static enum vtl_exit ask_run(struct vtl *vtl, char **args)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
	enum vtl_exit code = VTL_OK;

	for (char **barcode = args; code == VTL_OK && *barcode != NULL; barcode++) {
		guint64 id = 0;

		code = ask(vtl, *barcode, &id);
		if (code == VTL_OK)
			g_array_append_val(ids, id);
	}
	/* those that were queued before one was refused stay queued: say so */
	if (ids->len > 0)
		job_tell(vtl, vtl->command->noun, ids, args);
	if (vtl_option(vtl, "wait") == NULL)
		return code;
	for (guint i = 0; i < ids->len; i++) {
		enum vtl_exit ended = job_wait(vtl->client, g_array_index(ids, guint64, i));

		if (code == VTL_OK)
			code = ended;
	}
	return code;
}

static enum vtl_exit cancel_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	struct control_client *client;
	uint64_t id;

	for (char **job = args; *job != NULL; job++)
		if (!vtl_parse_number("job", *job, G_MAXUINT64, &id))
			return VTL_USAGE;
	client = source_client(vtl, &error);
	if (client == NULL)
		return vtl_fail(error);
	for (char **job = args; *job != NULL; job++) {
		(void)vtl_parse_number("job", *job, G_MAXUINT64, &id);
		if (!control_cancel(client, id, &error))
			return vtl_fail(error);
	}
	return VTL_OK;
}

const struct vtl_command job_commands[] = {
	{ .noun = "migrate",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "copy to a physical volume, verify, free the disk",
	  .details = "Queues a job and returns.  The disk is freed only when enough copies were "
		     "read back and found equal.",
	  .run = ask_run,
	  .options = { OPTION_LIBRARY, OPTION_WAIT } },
	{ .noun = "recall",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "bring a migrated cartridge back to disk",
	  .details = "Queues a job and returns.  A mount recalls by itself.",
	  .run = ask_run,
	  .options = { OPTION_LIBRARY, OPTION_WAIT } },
	{ .noun = "cancel",
	  .args = "JOB...",
	  .min = 1,
	  .max = 1000,
	  .summary = "end jobs before they are done",
	  .run = cancel_run },
	{ .noun = "jobs",
	  .args = "",
	  .summary = "what is done, waits, runs and failed, newest first",
	  .run = jobs_run,
	  .options = { { "limit", 'n', "COUNT", "show the newest COUNT jobs (20)" },
		       { "all", 'a', NULL, "show all jobs" } } },
	{ .noun = NULL },
};
