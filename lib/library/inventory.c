/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory.c: which element holds which cartridge, in memory and as text.
 *
 * The text, in the order of the elements:
 *
 *   [inventory]
 *   version=1
 *   library=lib0
 *   cartridges=2
 *   [elements]
 *   16=SYS001L8;;operator
 *   256=TAP001L8;1024
 *   [end]
 *
 * An element's line is its address, the barcode, the source element's address (where known) and
 * "operator" (where an operator, not the robot, put it into a mail slot).  Invariants: a cartridge
 * is in at most one element; the transport is empty; cartridges= counts the lines, so that a
 * doubled line is noticed, and [end] is the last line, so that a cut is.
 */
#include <errno.h>
#include <string.h>

#include "lib/library/internal.h"

#define END_LINE "[end]\n"

gboolean inventory_init(struct inventory *inv, const struct library_config *config)
{
	inv->slots = config->slots;
	inv->mail_slots = config->mail_slots;
	inv->drives = config->drives;
	inv->cnt = (size_t)1 + inv->mail_slots + inv->drives + inv->slots;
	inv->cells = g_try_new0(struct cell, inv->cnt);
	return inv->cells != NULL;
}

void inventory_clear(struct inventory *inv)
{
	g_free(inv->cells);
	*inv = (struct inventory){ 0 };
}

enum library_element_type element_type(unsigned address)
{
	if (address >= SLOT_BASE)
		return ELEMENT_STORAGE;
	if (address >= DRIVE_BASE)
		return ELEMENT_DRIVE;
	return address >= MAIL_BASE ? ELEMENT_MAIL : ELEMENT_TRANSPORT;
}

unsigned element_base(enum library_element_type type)
{
	switch (type) {
	case ELEMENT_STORAGE:
		return SLOT_BASE;
	case ELEMENT_DRIVE:
		return DRIVE_BASE;
	case ELEMENT_MAIL:
		return MAIL_BASE;
	case ELEMENT_TRANSPORT:
		break;
	}
	return TRANSPORT_BASE;
}

/* The cells of a type are [*ret_first, *ret_first + the result). */
static size_t cells_of(const struct inventory *inv, enum library_element_type type,
		       size_t *ret_first)
{
	switch (type) {
	case ELEMENT_STORAGE:
		*ret_first = (size_t)1 + inv->mail_slots + inv->drives;
		return inv->slots;
	case ELEMENT_DRIVE:
		*ret_first = (size_t)1 + inv->mail_slots;
		return inv->drives;
	case ELEMENT_MAIL:
		*ret_first = 1;
		return inv->mail_slots;
	case ELEMENT_TRANSPORT:
		break;
	}
	*ret_first = 0;
	return 1;
}

struct cell *inventory_cell(const struct inventory *inv, unsigned address)
{
	enum library_element_type type = element_type(address);
	size_t first, count = cells_of(inv, type, &first);
	size_t index = address - element_base(type);

	return index < count ? &inv->cells[first + index] : NULL;
}

uint16_t inventory_address(const struct inventory *inv, size_t index)
{
	static const enum library_element_type types[] = { ELEMENT_STORAGE, ELEMENT_DRIVE,
							   ELEMENT_MAIL };

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		size_t first;

		(void)cells_of(inv, types[i], &first);
		if (index >= first)
			return (uint16_t)(element_base(types[i]) + (index - first));
	}
	return TRANSPORT_BASE;
}

struct cell *inventory_find(const struct inventory *inv, const char *barcode, uint16_t *ret_address)
{
	if (*barcode == '\0')
		return NULL;
	for (size_t i = 0; i < inv->cnt; i++) {
		if (strcmp(inv->cells[i].barcode, barcode) != 0)
			continue;
		if (ret_address != NULL)
			*ret_address = inventory_address(inv, i);
		return &inv->cells[i];
	}
	return NULL;
}

GString *inventory_text(const struct inventory *inv, const char *library)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	GString *text = g_string_new(NULL);
	unsigned cartridges = 0;

	for (size_t i = 0; i < inv->cnt; i++) {
		const struct cell *cell = &inv->cells[i];

		if (cell->barcode[0] == '\0')
			continue;
		cartridges++;
		g_string_append_printf(lines, "%u=%s", inventory_address(inv, i), cell->barcode);
		if (cell->source_valid)
			g_string_append_printf(lines, ";%u", cell->source);
		if (cell->placed_by_operator)
			g_string_append(lines, cell->source_valid ? ";operator" : ";;operator");
		g_string_append_c(lines, '\n');
	}
	g_string_printf(
		text, "[inventory]\nversion=1\nlibrary=%s\ncartridges=%u\n[elements]\n%s" END_LINE,
		library, cartridges, lines->str);
	return text;
}

static gboolean damaged(GError **error, const char *key, const char *why)
{
	g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID, "%s: %s", key, why);
	return FALSE;
}

static bool parse_address(const char *text, uint16_t *ret_address)
{
	guint64 n = 0;

	/* "016" and "16" are one address, but two keys: only the plain form is allowed */
	if ((text[0] == '0' && text[1] != '\0') ||
	    !g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &n, NULL))
		return false;
	*ret_address = (uint16_t)n;
	return true;
}

static gboolean parse_line(struct inventory *inv, const char *key, const char *value,
			   GHashTable *seen, GError **error)
{
	g_auto(GStrv) fields = g_strsplit(value, ";", -1);
	unsigned count = g_strv_length(fields);
	uint16_t address = 0;
	struct cell *cell;

	if (!parse_address(key, &address))
		return damaged(error, key, "no element address");
	cell = inventory_cell(inv, address);
	if (cell == NULL || element_type(address) == ELEMENT_TRANSPORT)
		return damaged(error, key, "no element of this library");
	if (count < 1 || count > 3 || !barcode_is_valid(fields[0]))
		return damaged(error, key, "no valid barcode");
	if (g_hash_table_contains(seen, fields[0]))
		return damaged(error, key, "a cartridge that is in another element too");
	if (count > 1 && *fields[1] != '\0') {
		if (!parse_address(fields[1], &cell->source) ||
		    inventory_cell(inv, cell->source) == NULL)
			return damaged(error, key, "a source that is no element of this library");
		cell->source_valid = true;
	}
	if (count > 2 && strcmp(fields[2], "operator") != 0)
		return damaged(error, key, "an unknown mark");
	cell->placed_by_operator = count > 2;
	g_strlcpy(cell->barcode, fields[0], sizeof(cell->barcode));
	g_hash_table_add(seen, cell->barcode);
	return TRUE;
}

static gboolean parse_head(GKeyFile *file, const char *library, unsigned *ret_cartridges,
			   GError **error)
{
	g_autofree char *version = g_key_file_get_string(file, "inventory", "version", NULL);
	g_autofree char *name = g_key_file_get_string(file, "inventory", "library", NULL);
	g_autofree char *count = g_key_file_get_string(file, "inventory", "cartridges", NULL);
	guint64 n = 0;

	if (g_strcmp0(version, "1") != 0)
		return damaged(error, "version", "not 1");
	if (g_strcmp0(name, library) != 0)
		return damaged(error, "library", "of another library");
	if (count == NULL || !g_ascii_string_to_unsigned(count, 10, 0, UINT16_MAX, &n, NULL))
		return damaged(error, "cartridges", "no number");
	*ret_cartridges = (unsigned)n;
	return TRUE;
}

gboolean inventory_parse(struct inventory *inv, const char *library, const char *text, gsize size,
			 GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_auto(GStrv) keys = NULL;
	unsigned cartridges = 0;

	if (memchr(text, '\0', size) != NULL ||
	    !g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, NULL))
		return damaged(error, "inventory", "no text of groups and keys");
	if (!g_str_has_suffix(text, "\n" END_LINE))
		return damaged(error, "end", "missing: the file was cut");
	if (!parse_head(file, library, &cartridges, error))
		return FALSE;
	keys = g_key_file_get_keys(file, "elements", NULL, NULL);
	if (keys == NULL)
		return damaged(error, "elements", "missing");
	for (char **key = keys; *key != NULL; key++) {
		g_autofree char *value = g_key_file_get_value(file, "elements", *key, NULL);

		if (value == NULL || !parse_line(inv, *key, value, seen, error))
			return value == NULL ? damaged(error, *key, "no value") : FALSE;
	}
	if (g_hash_table_size(seen) != cartridges)
		return damaged(error, "cartridges", "another number than there are lines");
	return TRUE;
}

int inventory_from_pool(struct inventory *inv, const char *pool)
{
	char **barcodes = NULL;
	uint16_t address = SLOT_BASE;
	int r = cart_list(pool, &barcodes);

	if (r != 0)
		return r < 0 ? r : -EIO;
	memset(inv->cells, 0, inv->cnt * sizeof(*inv->cells));
	for (char **b = barcodes; *b != NULL; b++, address++) {
		struct cell *cell = inventory_cell(inv, address);

		if (cell == NULL)
			break; /* more cartridges than slots: the rest waits in the pool */
		g_strlcpy(cell->barcode, *b, sizeof(cell->barcode));
	}
	cart_list_free(barcodes);
	return 0;
}
