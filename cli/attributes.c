/* SPDX-License-Identifier: Apache-2.0 */
/* attributes.c: vtl cartridge attributes: what a cartridge's medium auxiliary memory keeps. */
#include <string.h>

#include "cli/vtl.h"
#include "lib/base/mam.h"
#include "lib/store/cartridge.h"

static const struct column columns[] = {
	{ "id", "NUMBER", COLUMN_TEXT },      { "partition", "PARTITION", COLUMN_NUMBER },
	{ "name", "ATTRIBUTE", COLUMN_TEXT }, { "format", "FORMAT", COLUMN_TEXT },
	{ "bytes", "BYTES", COLUMN_NUMBER },  { "value", "VALUE", COLUMN_TEXT },
};

static const char *format_name(unsigned format)
{
	static const char *const names[] = { "binary", "ascii", "text" };

	return format < G_N_ELEMENTS(names) ? names[format] : "unknown";
}

/* Text without what fills it up, where all of it can be printed; else hexadecimal. */
static char *value_text(const struct cart_attribute *a)
{
	GString *hex;

	if (a->format != MAM_BINARY) {
		g_autofree char *text = g_strndup((const char *)a->value, a->size);
		bool prints = g_utf8_validate(text, -1, NULL);

		for (const char *p = text; *p != '\0'; p++)
			prints = prints && !g_ascii_iscntrl(*p);
		if (prints)
			return g_strchomp(g_steal_pointer(&text));
	}
	hex = g_string_sized_new(2u * a->size);
	for (unsigned i = 0; i < a->size; i++)
		g_string_append_printf(hex, "%02x", a->value[i]);
	return g_string_free(hex, FALSE);
}

/* Numbers of the drive's own accounts are kept under attributes that it tells in another way. */
static bool is_shown(const struct cart_attribute *a)
{
	return a->id != MAM_CHANGE_REFERENCE;
}

static struct table *attributes_table(const struct cart_attributes *all)
{
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));
	struct cart_attribute a;
	size_t at = 0;

	while (cart_attributes_next(all, &at, &a)) {
		const struct mam_row *row = mam_find(a.id);
		g_autofree char *id = g_strdup_printf("%04x", a.id);
		g_autofree char *value = value_text(&a);

		if (!is_shown(&a))
			continue;
		table_row(table);
		table_text(table, id);
		table_number(table, a.partition);
		table_text(table, row != NULL ? row->name : "unknown");
		table_text(table, format_name(a.format));
		table_number(table, a.size);
		table_text(table, value);
	}
	return table;
}

enum vtl_exit cartridge_attributes_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *name = NULL;
	struct cart_attributes all = { 0 };
	struct library *library;
	int r;

	if (!vtl_check_barcode(args[0]))
		return VTL_USAGE;
	name = source_library(vtl, args[0], &error);
	library = name == NULL ? NULL : library_open(name, LIBRARY_OPEN_READ, &error);
	if (library == NULL)
		return vtl_fail(error);
	r = cart_stat_attributes(library_pool(library), args[0], &all);
	if (r == 0) {
		g_autoptr(table_auto) table = attributes_table(&all);

		vtl_print(vtl, table);
	} else {
		(void)vtl_fail_code(VTL_FAILED, "cartridge %s in the pool %s: %s", args[0],
				    library_pool(library),
				    r > 0 ? cart_outcome_name(r) : g_strerror(-r));
	}
	cart_attributes_clear(&all);
	library_unref(library);
	if (r == CART_E_ABSENT)
		return VTL_NOT_FOUND;
	return r == 0 ? VTL_OK : VTL_FAILED;
}
