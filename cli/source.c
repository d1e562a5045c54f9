/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.c: where the facts come from.
 *
 * Where tcmu-runner serves a library, only it knows the truth of this moment, and it is asked.
 * Where it does not, the inventory on disk is read; then nobody moves anything either.
 */
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"

struct control_client *source_client(struct vtl *vtl, GError **error)
{
	if (!vtl->tried)
		vtl->client = control_client_new(&vtl->unreachable);
	vtl->tried = true;
	if (vtl->client == NULL && error != NULL)
		*error = g_error_copy(vtl->unreachable);
	return vtl->client;
}

bool source_is_online(struct vtl *vtl, const char *library)
{
	struct control_client *client = source_client(vtl, NULL);

	if (client == NULL)
		return false;
	if (vtl->online == NULL && control_is_served(client, CONTROL_LIBRARY_NAME))
		(void)control_list_libraries(client, &vtl->online, NULL);
	return vtl->online != NULL && g_strv_contains((const char *const *)vtl->online, library);
}

void source_note_offline(const struct vtl *vtl, const char *library)
{
	(void)fflush(stdout);
	(void)fprintf(stderr,
		      "vtl: tcmu-runner does not serve library %s%s; this was read from the disk\n",
		      library, vtl->client == NULL ? " (no bus)" : "");
}

/* ---- which library ---- */

static gboolean holds(const char *library, const char *barcode)
{
	struct library *l = library_open(library, LIBRARY_OPEN_READ, NULL);
	struct cart_info info;
	gboolean found = l != NULL && cart_stat(library_pool(l), barcode, &info) != CART_E_ABSENT;

	library_unref(l);
	return found;
}

char *source_library(struct vtl *vtl, const char *barcode, GError **error)
{
	g_auto(GStrv) names = library_list();
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	g_autofree char *list = g_strjoinv(", ", names);

	if (vtl_option(vtl, "library") != NULL)
		return g_strdup(vtl_option(vtl, "library"));
	if (names[0] == NULL) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_NOT_FOUND,
			    "there is no library in %s (vtl library create makes one)",
			    library_state_dir());
		return NULL;
	}
	if (names[1] == NULL)
		return g_strdup(names[0]);
	for (char **name = names; barcode != NULL && *name != NULL; name++)
		if (holds(*name, barcode))
			g_ptr_array_add(found, *name);
	if (found->len == 1)
		return g_strdup(found->pdata[0]);
	if (barcode != NULL && found->len == 0)
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_NOT_FOUND,
			    "none of the libraries %s has a cartridge %s", list, barcode);
	else
		g_set_error(
			error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
			"there are the libraries %s: say which, as the argument of vtl library, "
			"or with --library elsewhere",
			list);
	return NULL;
}

/* ---- elements ---- */

static void add_from_disk(GArray *elements, struct library *library, enum library_element_type type)
{
	uint16_t address;

	for (unsigned n = 1; library_address(library, type, n, &address); n++) {
		struct element out = { .type = type, .number = n, .address = address };
		struct library_element e;

		if (!library_element(library, address, &e))
			continue;
		(void)g_strlcpy(out.barcode, e.barcode, sizeof(out.barcode));
		if (e.full && e.source_valid)
			library_label(e.source, out.source);
		if (type == ELEMENT_DRIVE)
			(void)library_drive_serial(library, n, out.serial);
		g_array_append_val(elements, out);
	}
}

static GArray *elements_on_disk(const char *name, GError **error)
{
	struct library *library = library_open(name, LIBRARY_OPEN_READ, error);
	GArray *elements;

	if (library == NULL)
		return NULL;
	elements = g_array_new(FALSE, TRUE, sizeof(struct element));
	add_from_disk(elements, library, ELEMENT_DRIVE);
	add_from_disk(elements, library, ELEMENT_MAIL);
	add_from_disk(elements, library, ELEMENT_STORAGE);
	library_unref(library);
	return elements;
}

static bool type_of(const char *word, enum library_element_type *ret_type)
{
	if (strcmp(word, "drive") == 0)
		*ret_type = ELEMENT_DRIVE;
	else if (strcmp(word, "slot") == 0)
		*ret_type = ELEMENT_STORAGE;
	else if (strcmp(word, "mail-slot") == 0)
		*ret_type = ELEMENT_MAIL;
	else
		return false;
	return true;
}

static void copy_string(char *to, size_t size, GVariant *entry, const char *key)
{
	(void)g_strlcpy(to, control_entry_string(entry, key), size);
}

static GArray *elements_of_service(struct vtl *vtl, const char *name, GError **error)
{
	g_autoptr(GVariant) list = NULL;
	GArray *elements;

	if (!control_list_elements(vtl->client, name, &list, error))
		return NULL;
	elements = g_array_new(FALSE, TRUE, sizeof(struct element));
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
		struct element e = { .type = ELEMENT_TRANSPORT };

		if (!type_of(control_entry_string(entry, "type"), &e.type))
			continue;
		e.number = (unsigned)control_entry_uint(entry, "number");
		e.address = (uint16_t)control_entry_uint(entry, "address");
		copy_string(e.barcode, sizeof(e.barcode), entry, "barcode");
		copy_string(e.source, sizeof(e.source), entry, "source");
		copy_string(e.state, sizeof(e.state), entry, "state");
		copy_string(e.serial, sizeof(e.serial), entry, "serial");
		e.prevented = control_entry_bool(entry, "prevented");
		g_array_append_val(elements, e);
	}
	return elements;
}

GArray *source_elements(struct vtl *vtl, const char *library, GError **error)
{
	return source_is_online(vtl, library) ? elements_of_service(vtl, library, error)
					      : elements_on_disk(library, error);
}

void source_location(const GArray *elements, const char *barcode,
		     char ret_label[LIBRARY_LABEL_SIZE])
{
	ret_label[0] = '\0';
	for (guint i = 0; i < elements->len; i++) {
		const struct element *e = &g_array_index(elements, struct element, i);

		if (strcmp(e->barcode, barcode) == 0) {
			library_label(e->address, ret_label);
			return;
		}
	}
}

/* ---- lists of the policy's service ---- */

static void add_field(struct table *table, GVariant *entry, const struct column *column)
{
	g_autoptr(GVariant) value = g_variant_lookup_value(entry, column->key, NULL);

	if (value == NULL)
		table_absent(table);
	else if (column->kind == COLUMN_TEXT)
		table_text(table, control_entry_string(entry, column->key));
	else if (column->kind == COLUMN_TIME)
		table_number(table, (uint64_t)control_entry_time(entry, column->key));
	else
		table_number(table, control_entry_uint(entry, column->key));
}

struct table *source_table(GVariant *list, const struct column *columns, size_t count)
{
	struct table *table = table_new(columns, count);

	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);

		table_row(table);
		for (size_t c = 0; c < count; c++)
			add_field(table, entry, &columns[c]);
	}
	return table;
}
