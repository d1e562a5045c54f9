/* SPDX-License-Identifier: Apache-2.0 */
/* drive.c: vtl drive list, load, unload, set, alert. */
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"
#include "lib/base/tapealert.h"

static const struct column drive_columns[] = {
	{ "number", "DRIVE", COLUMN_NUMBER }, { "address", "ADDRESS", COLUMN_NUMBER },
	{ "state", "STATE", COLUMN_TEXT },    { "barcode", "CARTRIDGE", COLUMN_TEXT },
	{ "source", "FROM", COLUMN_TEXT },    { "prevented", "LOCKED", COLUMN_FLAG },
	{ "serial", "SERIAL", COLUMN_TEXT },
};

/* What a drive does with a cleaning cartridge looks like a cartridge that it does not take. */
static const char *state_word(const struct element *e, const char *pool)
{
	g_autofree struct cart_info *info = NULL;

	if (e->barcode[0] == '\0' ||
	    (strcmp(e->state, "unloaded") != 0 && strcmp(e->state, "failed") != 0))
		return e->state;
	info = g_new0(struct cart_info, 1);
	if (cart_stat(pool, e->barcode, info) != 0 || info->kind != CART_CLEANING)
		return e->state;
	if (strcmp(e->state, "unloaded") == 0)
		return "cleaning";
	return info->cleanings_used >= info->cleanings ? "used up" : e->state;
}

struct table *drive_table(const GArray *elements, const char *pool)
{
	struct table *table = table_new(drive_columns, G_N_ELEMENTS(drive_columns));

	for (guint i = 0; i < elements->len; i++) {
		const struct element *e = &g_array_index(elements, struct element, i);

		if (e->type != ELEMENT_DRIVE)
			continue;
		table_row(table);
		table_number(table, e->number);
		table_number(table, e->address);
		table_text(table, state_word(e, pool));
		table_text(table, e->barcode);
		table_text(table, e->source);
		if (e->state[0] != '\0')
			table_number(table, e->prevented);
		else
			table_absent(table);
		table_text(table, e->serial);
	}
	return table;
}

static enum vtl_exit drive_list_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *library = source_library(vtl, NULL, &error);
	struct library *l = NULL;
	g_autoptr(GArray) elements = NULL;
	g_autoptr(table_auto) table = NULL;

	(void)args;
	if (library != NULL)
		l = library_open(library, LIBRARY_OPEN_READ, &error);
	if (l != NULL)
		elements = source_elements(vtl, library, &error);
	if (elements != NULL)
		table = drive_table(elements, library_pool(l));
	library_unref(l);
	if (table == NULL)
		return vtl_fail(error);
	vtl_print(vtl, table);
	if (!source_is_online(vtl, library))
		source_note_offline(vtl, library);
	return VTL_OK;
}

/* The cartridge is one that cleans: what it did. FALSE: it is another one. */
static bool tell_cleaning(const char *library, const char *barcode, const struct element *e,
			  enum vtl_exit *ret_code)
{
	g_autofree struct cart_info *info = g_new0(struct cart_info, 1);
	struct library *l = library_open(library, LIBRARY_OPEN_READ, NULL);
	bool cleans = l != NULL && cart_stat(library_pool(l), barcode, info) == 0 &&
		      info->kind == CART_CLEANING;

	library_unref(l);
	if (!cleans || e == NULL || strcmp(e->barcode, barcode) != 0)
		return false;
	*ret_code = VTL_OK;
	if (strcmp(e->state, "failed") == 0)
		*ret_code = vtl_fail_code(VTL_FAILED,
					  "cleaning cartridge %s could not clean drive %u: %s; vtl "
					  "drive unload %u takes it out",
					  barcode, e->number,
					  info->cleanings_used >= info->cleanings
						  ? "it is used up"
						  : "the drive does not take it",
					  e->number);
	else
		(void)fprintf(stderr,
			      "%s is a cleaning cartridge: drive %u is cleaned, and %u cleanings "
			      "are left; vtl drive unload %u takes it out\n",
			      barcode, e->number, info->cleanings - info->cleanings_used,
			      e->number);
	return true;
}

/* A drive that holds what it cannot use is no success, though the robot did its part. */
static enum vtl_exit after_load(const struct element *e, uint64_t drive)
{
	if (e == NULL || strcmp(e->state, "failed") != 0)
		return VTL_OK;
	return vtl_fail_code(VTL_FAILED,
			     "drive %u cannot use cartridge %s: vtl cartridge verify %s, and the "
			     "log of tcmu-runner, say why",
			     (unsigned)drive, e->barcode, e->barcode);
}

/* Tells what the drive holds after a load or an unload. */
static enum vtl_exit tell_drive(struct vtl *vtl, const char *library, uint64_t drive,
				const char *barcode)
{
	GError *error = NULL;
	g_autoptr(GArray) elements = source_elements(vtl, library, &error);
	const struct element *e = NULL;
	char location[LIBRARY_LABEL_SIZE];
	enum vtl_exit code;
	struct json json;

	if (elements == NULL)
		return vtl_fail(error);
	for (guint i = 0; i < elements->len; i++) {
		const struct element *candidate = &g_array_index(elements, struct element, i);

		if (candidate->type == ELEMENT_DRIVE && candidate->number == drive)
			e = candidate;
	}
	source_location(elements, barcode, location);
	if (!vtl->json) {
		(void)printf("%s is in %s of library %s", barcode, location, library);
		(void)printf("; drive %u is %s\n", (unsigned)drive, e != NULL ? e->state : "gone");
		return tell_cleaning(library, barcode, e, &code) ? code : after_load(e, drive);
	}
	json_init(&json);
	json_open(&json, NULL, '{');
	json_string(&json, "library", library);
	json_string(&json, "barcode", barcode);
	json_string(&json, "location", location[0] != '\0' ? location : NULL);
	json_number(&json, "drive", drive);
	json_string(&json, "state", e != NULL ? e->state : NULL);
	json_close(&json, '}');
	json_end(&json);
	return tell_cleaning(library, barcode, e, &code) ? code : after_load(e, drive);
}

static enum vtl_exit drive_load_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *library = NULL;
	struct control_client *client;
	uint64_t drive;

	if (!vtl_check_barcode(args[0]) ||
	    !vtl_parse_number("drive", args[1], LIBRARY_MAX_DRIVES, &drive))
		return VTL_USAGE;
	library = source_library(vtl, args[0], &error);
	client = library == NULL ? NULL : source_client(vtl, &error);
	if (client == NULL || !control_load(client, library, args[0], (unsigned)drive, &error))
		return vtl_fail(error);
	return tell_drive(vtl, library, drive, args[0]);
}

static enum vtl_exit drive_unload_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *library = NULL;
	g_autoptr(GArray) elements = NULL;
	char barcode[BARCODE_SIZE] = "";
	struct control_client *client;
	uint64_t drive;

	if (!vtl_parse_number("drive", args[0], LIBRARY_MAX_DRIVES, &drive))
		return VTL_USAGE;
	library = source_library(vtl, NULL, &error);
	client = library == NULL ? NULL : source_client(vtl, &error);
	if (client == NULL)
		return vtl_fail(error);
	/* what is in it now is what is told about afterwards */
	elements = source_elements(vtl, library, NULL);
	for (guint i = 0; elements != NULL && i < elements->len; i++) {
		const struct element *e = &g_array_index(elements, struct element, i);

		if (e->type == ELEMENT_DRIVE && e->number == drive)
			(void)g_strlcpy(barcode, e->barcode, sizeof(barcode));
	}
	if (!control_unload(client, library, (unsigned)drive, vtl_option(vtl, "force") != NULL,
			    &error))
		return vtl_fail(error);
	return tell_drive(vtl, library, drive, barcode);
}

static const struct column set_columns[] = {
	{ "number", "DRIVE", COLUMN_NUMBER },
	{ "realistic", "REALISTIC", COLUMN_FLAG },
	{ "cleaning", "CLEANING", COLUMN_FLAG },
};

/* "realistic=on" to its parts; false after the message. */
static bool parse_setting(const char *text, char *ret_option, size_t size, gboolean *ret_on)
{
	const char *value = strchr(text, '=');
	size_t length = value == NULL ? 0 : (size_t)(value - text);
	bool known = false;

	for (unsigned o = 0; library_option_name(o) != NULL; o++)
		known = known || (strlen(library_option_name(o)) == length &&
				  strncmp(library_option_name(o), text, length) == 0);
	if (!known || (strcmp(value, "=on") != 0 && strcmp(value, "=off") != 0)) {
		(void)vtl_fail_code(VTL_USAGE,
				    "\"%s\" is no setting of a drive: use realistic=on, "
				    "realistic=off, cleaning=on or cleaning=off",
				    text);
		return false;
	}
	(void)g_strlcpy(ret_option, text, MIN(size, length + 1));
	*ret_on = strcmp(value, "=on") == 0;
	return true;
}

static enum vtl_exit print_settings(struct vtl *vtl, struct control_client *client,
				    const char *library, uint64_t drive)
{
	g_autoptr(table_auto) table = table_new(set_columns, G_N_ELEMENTS(set_columns));
	g_autoptr(GVariant) list = NULL;
	GError *error = NULL;

	if (!control_list_elements(client, library, &list, &error))
		return vtl_fail(error);
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) e = g_variant_get_child_value(list, i);

		if (strcmp(control_entry_string(e, "type"), "drive") != 0 ||
		    control_entry_uint(e, "number") != drive)
			continue;
		table_row(table);
		table_number(table, drive);
		table_number(table, control_entry_bool(e, "realistic") ? 1 : 0);
		table_number(table, control_entry_bool(e, "cleaning") ? 1 : 0);
	}
	vtl_print(vtl, table);
	return VTL_OK;
}

static enum vtl_exit drive_set_run(struct vtl *vtl, char **args)
{
	g_autofree char *library = NULL;
	struct control_client *client;
	GError *error = NULL;
	char option[16];
	uint64_t drive;
	gboolean on;

	if (!vtl_parse_number("drive", args[0], LIBRARY_MAX_DRIVES, &drive))
		return VTL_USAGE;
	for (char **a = args + 1; *a != NULL; a++) /* all are good before one is done */
		if (!parse_setting(*a, option, sizeof(option), &on))
			return VTL_USAGE;
	library = source_library(vtl, NULL, &error);
	client = library == NULL ? NULL : source_client(vtl, &error);
	if (client == NULL)
		return vtl_fail(error);
	for (char **a = args + 1; *a != NULL; a++)
		if (!parse_setting(*a, option, sizeof(option), &on) ||
		    !control_set_drive(client, library, (unsigned)drive, option, on, &error))
			return vtl_fail(error);
	return print_settings(vtl, client, library, drive);
}

static const struct column alert_columns[] = {
	{ "flag", "FLAG", COLUMN_NUMBER },
	{ "name", "MEANING", COLUMN_TEXT },
};

static enum vtl_exit drive_alert_run(struct vtl *vtl, char **args)
{
	bool clear = vtl_option(vtl, "clear") != NULL;
	g_autofree char *library = NULL;
	g_autoptr(table_auto) table = NULL;
	struct control_client *client;
	uint64_t drive, flag, named = 0, on = 0;
	GError *error = NULL;

	if (!vtl_parse_number("drive", args[0], LIBRARY_MAX_DRIVES, &drive))
		return VTL_USAGE;
	for (unsigned i = 1; args[i] != NULL; i++) {
		if (!vtl_parse_number("flag", args[i], TAPEALERT_FLAGS, &flag))
			return VTL_USAGE;
		named |= tapealert_bit((unsigned)flag);
	}
	library = source_library(vtl, NULL, &error);
	client = library == NULL ? NULL : source_client(vtl, &error);
	if (clear && named == 0)
		named = UINT64_MAX;
	if (client == NULL || !control_alert(client, library, (unsigned)drive, clear ? 0 : named,
					     clear ? named : 0, &on, &error))
		return vtl_fail(error);
	table = table_new(alert_columns, G_N_ELEMENTS(alert_columns));
	for (unsigned n = 1; n <= TAPEALERT_FLAGS; n++) {
		if ((on & tapealert_bit(n)) == 0)
			continue;
		table_row(table);
		table_number(table, n);
		table_text(table, tapealert_name(n));
	}
	vtl_print(vtl, table);
	return VTL_OK;
}

const struct vtl_command drive_commands[] = {
	{ .noun = "drive",
	  .verb = "list",
	  .args = "",
	  .summary = "drives and what is in them",
	  .run = drive_list_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "drive",
	  .verb = "load",
	  .args = "BARCODE DRIVE",
	  .min = 2,
	  .max = 2,
	  .summary = "put a cartridge into a drive",
	  .details = "Returns at once.  A migrated cartridge is recalled first: the drive is "
		     "\"loading\" meanwhile.",
	  .run = drive_load_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "drive",
	  .verb = "unload",
	  .args = "DRIVE",
	  .min = 1,
	  .max = 1,
	  .summary = "put a drive's cartridge back into its slot",
	  .details = "It goes where it came from, else to the first free slot.  Refused while a "
		     "host is at work on the drive, has reserved it or prevents the removal.  What "
		     "was written is on the cartridge in any case.",
	  .run = drive_unload_run,
	  .options = { OPTION_LIBRARY,
		       { .name = "force",
			 .letter = 'f',
			 .help = "take it out all the same: the host's job fails" } } },
	{ .noun = "drive",
	  .verb = "set",
	  .args = "DRIVE [OPTION=on|off...]",
	  .min = 1,
	  .max = 1 + LIBRARY_DRIVE_OPTIONS,
	  .summary = "switch options of a drive that is in use",
	  .details =
		  "OPTION is realistic (the drive takes the times of its model) or cleaning (it "
		  "asks to be cleaned when it was used enough).  Kept over restarts.  Shows what "
		  "is on afterwards.",
	  .run = drive_set_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "drive",
	  .verb = "alert",
	  .args = "DRIVE [FLAG...]",
	  .min = 1,
	  .max = 1 + TAPEALERT_FLAGS,
	  .summary = "raise TapeAlert flags of a drive",
	  .details = "FLAG is 1 to 64.  Hosts see them as from a real drive, and take them away by "
		     "reading.  Lists the flags that are on afterwards.",
	  .run = drive_alert_run,
	  .options = { OPTION_LIBRARY,
		       { .name = "clear",
			 .letter = 'c',
			 .help = "take the flags away; all where none is named" } } },
	{ .noun = NULL },
};
