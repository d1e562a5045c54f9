/* SPDX-License-Identifier: Apache-2.0 */
/* personality.c: vtl personality list, show, check: what libraries can pretend to be. */
#include <stdio.h>

#include "cli/vtl.h"
#include "lib/personality/personality.h"

/* ---- list ---- */

static const struct column list_columns[] = {
	{ "name", "PERSONALITY", COLUMN_TEXT }, { "drive", "DRIVE", COLUMN_TEXT },
	{ "library", "LIBRARY", COLUMN_TEXT },  { "media", "WRITES", COLUMN_TEXT },
	{ "description", NULL, COLUMN_TEXT },   { "drive_model", NULL, COLUMN_TEXT },
	{ "library_model", NULL, COLUMN_TEXT }, { "source", NULL, COLUMN_TEXT },
	{ "builtin", NULL, COLUMN_FLAG },
};

static void add_personality(struct table *table, const struct personality *p)
{
	g_autofree char *drive = g_strdup_printf("%s %s", p->drive->vendor, p->drive->product);
	g_autofree char *library =
		g_strdup_printf("%s %s", p->library->vendor, p->library->product);

	table_row(table);
	table_text(table, p->name);
	table_text(table, drive);
	table_text(table, library);
	table_text(table, drive_default_medium(p->drive)->name);
	table_text(table, p->description);
	table_text(table, p->drive->name);
	table_text(table, p->library->name);
	table_text(table, p->source);
	table_number(table, p->builtin);
}

static enum vtl_exit list_run(struct vtl *vtl, char **args)
{
	g_autoptr(table_auto) table = table_new(list_columns, G_N_ELEMENTS(list_columns));
	g_auto(GStrv) names = personality_names();
	g_auto(GStrv) complaints = personality_complaints();

	(void)args;
	for (char **name = names; *name != NULL; name++) {
		const struct personality *p = personality_find(*name);

		if (p != NULL) /* its file may have gone meanwhile */
			add_personality(table, p);
	}
	vtl_print(vtl, table);
	for (char **complaint = complaints; *complaint != NULL; complaint++)
		(void)vtl_fail_code(VTL_FAILED, "not listed: %s", *complaint);
	return VTL_OK;
}

/* ---- show ---- */

static const struct column show_columns[] = {
	{ "name", "Personality", COLUMN_TEXT },
	{ "description", "Description", COLUMN_TEXT },
	{ "source", "From", COLUMN_TEXT },
	{ "library", "Library", COLUMN_TEXT },
	{ "library_model", "Library model", COLUMN_TEXT },
	{ "addresses", "First addresses of the real one", COLUMN_TEXT },
	{ "own_addresses", "First addresses here", COLUMN_TEXT },
	{ "drive", "Drive", COLUMN_TEXT },
	{ "drive_model", "Drive model", COLUMN_TEXT },
	{ "ansi_version", "INQUIRY version", COLUMN_NUMBER },
	{ "features", "Features", COLUMN_TEXT },
	{ "partitions", "Partitions", COLUMN_NUMBER },
	{ "min_block", "Shortest block", COLUMN_NUMBER },
	{ "max_block", "Longest block", COLUMN_NUMBER },
	{ "load_ms", "Load time, ms", COLUMN_ID },
	{ "rewind_ms", "Rewind time, ms", COLUMN_ID },
	{ "rate_kb_s", "Rate, kB/s", COLUMN_ID },
};

static const struct column media_columns[] = {
	{ "medium", "MEDIUM", COLUMN_TEXT },     { "access", "ACCESS", COLUMN_TEXT },
	{ "kind", "KIND", COLUMN_TEXT },         { "barcode", "BARCODE", COLUMN_TEXT },
	{ "density", "DENSITY", COLUMN_TEXT },   { "medium_type", "TYPE", COLUMN_TEXT },
	{ "capacity", "CAPACITY", COLUMN_SIZE }, { "partitions", NULL, COLUMN_NUMBER },
	{ "encryptable", NULL, COLUMN_FLAG },
};

static char *features_text(unsigned features)
{
	GString *text = g_string_new(NULL);

	for (unsigned bit = 1; bit != 0; bit <<= 1) {
		const char *word = (features & bit) != 0 ? drive_feature_name(bit) : NULL;

		if (word != NULL)
			g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", word);
	}
	return g_string_free(text, FALSE);
}

static char *addresses_text(unsigned transport, unsigned slot, unsigned mail, unsigned drive)
{
	return g_strdup_printf("transport %u, slots %u, mail slots %u, drives %u", transport, slot,
			       mail, drive);
}

static struct table *record_of(const struct personality *p)
{
	const struct drive_model *d = p->drive;
	const struct library_model *l = p->library;
	g_autofree char *drive = g_strdup_printf("%s %s %s", d->vendor, d->product, d->revision);
	g_autofree char *library = g_strdup_printf("%s %s %s", l->vendor, l->product, l->revision);
	g_autofree char *features = features_text(d->features);
	g_autofree char *addresses = addresses_text(l->transport_address, l->slot_address,
						    l->mail_address, l->drive_address);
	/* the changer does not use the model's */
	g_autofree char *own = addresses_text(library_first_address(NULL, ELEMENT_TRANSPORT),
					      library_first_address(NULL, ELEMENT_STORAGE),
					      library_first_address(NULL, ELEMENT_MAIL),
					      library_first_address(NULL, ELEMENT_DRIVE));
	struct table *table = table_new(show_columns, G_N_ELEMENTS(show_columns));

	table_row(table);
	table_text(table, p->name);
	table_text(table, p->description);
	table_text(table, p->source);
	table_text(table, library);
	table_text(table, l->name);
	table_text(table, addresses);
	table_text(table, own);
	table_text(table, drive);
	table_text(table, d->name);
	table_number(table, d->ansi_version);
	table_text(table, features);
	table_number(table, d->max_partitions);
	table_number(table, d->min_block_bytes);
	table_number(table, d->max_block_bytes);
	table_number(table, d->timing.load_ms);
	table_number(table, d->timing.rewind_ms);
	table_number(table, d->timing.rate_kb_s);
	return table;
}

static struct table *media_of(const struct drive_model *d)
{
	struct table *table = table_new(media_columns, G_N_ELEMENTS(media_columns));

	for (unsigned i = 0; i < d->media_cnt; i++) {
		const struct medium_row *m = d->media[i].medium;
		g_autofree char *density = g_strdup_printf("%02Xh", m->density);
		g_autofree char *type = g_strdup_printf("%02Xh", m->medium_type);

		table_row(table);
		table_text(table, m->name);
		table_text(table, medium_access_name(d->media[i].access));
		table_text(table, medium_kind_name(m->kind));
		table_text(table, m->suffix);
		table_text(table, m->kind == MEDIUM_CLEANING ? NULL : density);
		table_text(table, m->medium_type == 0 ? NULL : type);
		table_number(table, m->capacity_bytes);
		table_number(table, m->max_partitions);
		table_number(table, m->encryptable);
	}
	return table;
}

static enum vtl_exit show_run(struct vtl *vtl, char **args)
{
	g_autoptr(GError) error = NULL;
	const struct personality *p = personality_get(args[0], &error);
	g_autoptr(table_auto) record = NULL;
	g_autoptr(table_auto) media = NULL;
	struct json json;

	if (p == NULL)
		return vtl_fail_code(VTL_NOT_FOUND, "%s", error->message);
	record = record_of(p);
	media = media_of(p->drive);
	if (!vtl->json) {
		table_print_record(record);
		(void)fputc('\n', stdout);
		table_print(media);
		return VTL_OK;
	}
	json_init(&json);
	json_open(&json, NULL, '{');
	table_json_record(record, &json);
	table_json(media, &json, "media");
	json_close(&json, '}');
	json_end(&json);
	return VTL_OK;
}

/* ---- check ---- */

static const struct column check_columns[] = {
	{ "file", "FILE", COLUMN_TEXT },
	{ "good", NULL, COLUMN_FLAG },
	{ "personalities", "PERSONALITIES", COLUMN_TEXT },
	{ "mistake", NULL, COLUMN_TEXT },
};

static enum vtl_exit check_run(struct vtl *vtl, char **args)
{
	g_autoptr(table_auto) table = table_new(check_columns, G_N_ELEMENTS(check_columns));
	enum vtl_exit code = VTL_OK;

	for (char **file = args; *file != NULL; file++) {
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) names = NULL;
		g_autofree char *all = NULL;
		bool good = personality_check_file(*file, &names, &error);

		if (good)
			all = g_strjoinv(" ", names);
		else
			code = vtl_fail_code(VTL_FAILED, "%s", error->message);
		if (!good && !vtl->json)
			continue;
		table_row(table);
		table_text(table, *file);
		table_number(table, good);
		table_text(table, all);
		table_text(table, good ? NULL : error->message);
	}
	vtl_print(vtl, table);
	return code;
}

const struct vtl_command personality_commands[] = {
	{ .noun = "personality",
	  .verb = "list",
	  .args = "",
	  .summary = "what libraries and drives can pretend to be",
	  .run = list_run },
	{ .noun = "personality",
	  .verb = "show",
	  .args = "NAME",
	  .min = 1,
	  .max = 1,
	  .summary = "a personality: its drive, its library and the media that it takes",
	  .run = show_run },
	{ .noun = "personality",
	  .verb = "check",
	  .args = "FILE...",
	  .min = 1,
	  .max = G_MAXUINT,
	  .summary = "check files that define personalities",
	  .details =
		  "Nothing is kept; a file is used where it stands in /etc/tcmu-vtl/personalities.",
	  .run = check_run },
	{ .noun = NULL },
};
