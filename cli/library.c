/* SPDX-License-Identifier: Apache-2.0 */
/* library.c: vtl library create, list, status, destroy. */
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"

static enum vtl_exit library_create_run(struct vtl *vtl, char **args)
{
	struct library_config *config = NULL;
	GError *error = NULL;

	if (!library_config_load(args[0], &config, &error))
		return vtl_fail(error);
	if (!library_create(config, &error)) {
		library_config_free(config);
		return vtl_fail(error);
	}
	if (vtl->json) {
		struct json json;

		json_init(&json);
		json_open(&json, NULL, '{');
		json_string(&json, "library", config->name);
		json_string(&json, "pool", config->pool);
		json_number(&json, "cartridges", g_strv_length(config->barcodes));
		json_close(&json, '}');
		json_end(&json);
	} else {
		(void)printf("Library %s is made: %u slots, %u mail slots, %u drives, %u "
			     "cartridges in %s.\nTo export it: vtl-lio setup %s\n",
			     config->name, config->slots, config->mail_slots, config->drives,
			     g_strv_length(config->barcodes), config->pool, config->name);
	}
	library_config_free(config);
	return VTL_OK;
}

/* ---- list ---- */

static const struct column list_columns[] = {
	{ "name", "NAME", COLUMN_TEXT },       { "online", "ONLINE", COLUMN_FLAG },
	{ "slots", "SLOTS", COLUMN_NUMBER },   { "mail_slots", "MAIL", COLUMN_NUMBER },
	{ "drives", "DRIVES", COLUMN_NUMBER }, { "cartridges", "CARTRIDGES", COLUMN_NUMBER },
	{ "serial", "SERIAL", COLUMN_TEXT },   { "pool", "POOL", COLUMN_TEXT },
};

static unsigned count_full(const GArray *elements)
{
	unsigned count = 0;

	for (guint i = 0; i < elements->len; i++)
		count += g_array_index(elements, struct element, i).barcode[0] != '\0';
	return count;
}

/* The fields of list_columns, for one library. */
static gboolean add_library(struct vtl *vtl, struct table *table, const char *name, GError **error)
{
	struct library *library = library_open(name, LIBRARY_OPEN_READ, error);
	g_autoptr(GArray) elements = NULL;
	const struct library_config *config;

	if (library == NULL)
		return FALSE;
	elements = source_elements(vtl, name, error);
	if (elements != NULL) {
		config = library_config(library);
		table_row(table);
		table_text(table, name);
		table_number(table, source_is_online(vtl, name));
		table_number(table, config->slots);
		table_number(table, config->mail_slots);
		table_number(table, config->drives);
		table_number(table, count_full(elements));
		table_text(table, config->serial);
		table_text(table, config->pool);
	}
	library_unref(library);
	return elements != NULL;
}

static enum vtl_exit library_list_run(struct vtl *vtl, char **args)
{
	g_autoptr(table_auto) table = table_new(list_columns, G_N_ELEMENTS(list_columns));
	g_auto(GStrv) names = library_list();
	enum vtl_exit code = VTL_OK;

	(void)args;
	for (char **name = names; *name != NULL; name++) {
		GError *error = NULL;

		/* one that is damaged must not hide the others */
		if (!add_library(vtl, table, *name, &error))
			code = vtl_fail(error);
	}
	vtl_print(vtl, table);
	if (names[0] == NULL)
		(void)fprintf(stderr,
			      "vtl: there is no library in %s (vtl library create makes one)\n",
			      library_state_dir());
	return code;
}

/* ---- status ---- */

static const struct column slot_columns[] = {
	{ "number", "SLOT", COLUMN_NUMBER },       { "address", "ADDRESS", COLUMN_NUMBER },
	{ "barcode", "CARTRIDGE", COLUMN_TEXT },   { "state", "STATE", COLUMN_TEXT },
	{ "stored_bytes", "STORED", COLUMN_SIZE }, { "disk_bytes", "ON DISK", COLUMN_SIZE },
	{ "copies", "COPIES", COLUMN_NUMBER },
};

static const struct column mail_columns[] = {
	{ "number", "MAIL SLOT", COLUMN_NUMBER },  { "address", "ADDRESS", COLUMN_NUMBER },
	{ "barcode", "CARTRIDGE", COLUMN_TEXT },   { "state", "STATE", COLUMN_TEXT },
	{ "stored_bytes", "STORED", COLUMN_SIZE }, { "disk_bytes", "ON DISK", COLUMN_SIZE },
	{ "copies", "COPIES", COLUMN_NUMBER },
};

/* Slots or mail slots and what their cartridges' headers say. */
static struct table *slot_table(const GArray *elements, const char *pool,
				enum library_element_type type, bool all)
{
	struct table *table = table_new(type == ELEMENT_MAIL ? mail_columns : slot_columns,
					G_N_ELEMENTS(slot_columns));

	for (guint i = 0; i < elements->len; i++) {
		const struct element *e = &g_array_index(elements, struct element, i);
		struct cart_info info;
		int r;

		if (e->type != type || (e->barcode[0] == '\0' && !all))
			continue;
		table_row(table);
		table_number(table, e->number);
		table_number(table, e->address);
		table_text(table, e->barcode);
		if (e->barcode[0] == '\0')
			continue;
		r = cart_stat(pool, e->barcode, &info);
		table_text(table, r == 0 ? cart_state_name(info.state)
					 : (r > 0 ? cart_outcome_name(r) : g_strerror(-r)));
		if (r != 0)
			continue;
		table_number(table, info.stored_bytes);
		table_number(table, info.disk_bytes);
		table_number(table, info.copies_cnt);
	}
	return table;
}

static void status_print(const char *name, bool online, const struct library_config *config,
			 const struct table *drives, const struct table *mail,
			 const struct table *slots, unsigned full)
{
	(void)printf("Library %s (%s, serial %s), %s\n", name,
		     config->personality[0] != '\0' ? config->personality : "generic",
		     config->serial, online ? "online" : "offline");
	(void)printf("%u drives, %u slots, %u mail slots, %u cartridges; pool %s\n\n",
		     config->drives, config->slots, config->mail_slots, full, config->pool);
	table_print(drives);
	(void)putchar('\n');
	table_print(mail);
	if (table_rows(mail) > 0)
		(void)putchar('\n');
	table_print(slots);
}

static void status_json(const char *name, bool online, const struct library_config *config,
			const struct table *drives, const struct table *mail,
			const struct table *slots)
{
	struct json json;

	json_init(&json);
	json_open(&json, NULL, '{');
	json_string(&json, "name", name);
	json_bool(&json, "online", online);
	json_string(&json, "personality",
		    config->personality[0] != '\0' ? config->personality : NULL);
	json_string(&json, "serial", config->serial);
	json_string(&json, "pool", config->pool);
	table_json(drives, &json, "drives");
	table_json(mail, &json, "mail_slots");
	table_json(slots, &json, "slots");
	json_close(&json, '}');
	json_end(&json);
}

static enum vtl_exit status_of(struct vtl *vtl, const char *name)
{
	GError *error = NULL;
	struct library *library = library_open(name, LIBRARY_OPEN_READ, &error);
	g_autoptr(GArray) elements = NULL;
	g_autoptr(table_auto) drives = NULL, mail = NULL, slots = NULL;
	bool all = vtl->json || vtl_option(vtl, "all") != NULL;
	bool online = source_is_online(vtl, name);

	if (library != NULL)
		elements = source_elements(vtl, name, &error);
	if (elements == NULL) {
		library_unref(library);
		return vtl_fail(error);
	}
	drives = drive_table(elements, library_pool(library));
	mail = slot_table(elements, library_pool(library), ELEMENT_MAIL, all);
	slots = slot_table(elements, library_pool(library), ELEMENT_STORAGE, all);
	if (vtl->json)
		status_json(name, online, library_config(library), drives, mail, slots);
	else
		status_print(name, online, library_config(library), drives, mail, slots,
			     count_full(elements));
	if (!online)
		source_note_offline(vtl, name);
	library_unref(library);
	return VTL_OK;
}

static enum vtl_exit library_status_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *name =
		args[0] != NULL ? g_strdup(args[0]) : source_library(vtl, NULL, &error);

	return name == NULL ? vtl_fail(error) : status_of(vtl, name);
}

/* ---- destroy ---- */

static enum vtl_exit library_destroy_run(struct vtl *vtl, char **args)
{
	bool delete = vtl_option(vtl, "delete-cartridges") != NULL;
	GError *error = NULL;

	if (!library_destroy(args[0], delete, &error))
		return vtl_fail(error);
	if (vtl->json) {
		struct json json;

		json_init(&json);
		json_open(&json, NULL, '{');
		json_string(&json, "library", args[0]);
		json_bool(&json, "cartridges_deleted", delete);
		json_close(&json, '}');
		json_end(&json);
	} else {
		(void)printf("Library %s is forgotten; its cartridges %s.\n", args[0],
			     delete ? "are deleted" : "stay in the pool");
	}
	return VTL_OK;
}

const struct vtl_command library_commands[] = {
	{ .noun = "library",
	  .verb = "create",
	  .args = "FILE",
	  .min = 1,
	  .max = 1,
	  .summary = "make a library and its cartridges from a description",
	  .details = "vtl-library.conf(5) tells what FILE holds.  All of it is made, or nothing.",
	  .run = library_create_run },
	{ .noun = "library",
	  .verb = "list",
	  .args = "",
	  .summary = "all libraries of this machine",
	  .run = library_list_run },
	{ .noun = "library",
	  .verb = "status",
	  .args = "[LIBRARY]",
	  .max = 1,
	  .summary = "drives, slots and what is in them",
	  .details = "Where tcmu-runner does not serve the library, the disk is read.",
	  .run = library_status_run,
	  .options = { { "all", 'a', NULL, "show empty slots too" } } },
	{ .noun = "library",
	  .verb = "destroy",
	  .args = "LIBRARY",
	  .min = 1,
	  .max = 1,
	  .summary = "forget a library that is not in use",
	  .details = "The cartridges stay in the pool, unless you ask for their deletion. Refused "
		     "while any of them is in use, also without the library: by a check, a repair, "
		     "a copy.",
	  .run = library_destroy_run,
	  .options = { { "delete-cartridges", '\0', NULL,
			 "delete every cartridge of the pool with its data" } } },
	{ .noun = NULL },
};
