/* SPDX-License-Identifier: Apache-2.0 */
/* table.c: rows of values, for people and as JSON, see output.h. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/output.h"

struct cell {
	bool present;
	char *text;      /* COLUMN_TEXT; owned */
	uint64_t number; /* of the other kinds */
};

struct table {
	const struct column *columns;
	size_t width;
	GArray *cells; /* struct cell, row after row */
};

static void cell_clear(gpointer data)
{
	g_free(((struct cell *)data)->text);
}

struct table *table_new(const struct column *columns, size_t count)
{
	struct table *table = g_new(struct table, 1);

	*table = (struct table){ columns, count, g_array_new(FALSE, TRUE, sizeof(struct cell)) };
	g_array_set_clear_func(table->cells, cell_clear);
	return table;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	g_array_unref(table->cells);
	g_free(table);
}

size_t table_rows(const struct table *table)
{
	return (table->cells->len + table->width - 1) / table->width;
}

static const struct cell *cell_at(const struct table *table, size_t row, size_t column)
{
	size_t i = row * table->width + column;

	return i < table->cells->len ? &g_array_index(table->cells, struct cell, i) : NULL;
}

void table_row(struct table *table)
{
	while (table->cells->len % table->width != 0)
		table_absent(table);
}

static void add_cell(struct table *table, struct cell cell)
{
	g_array_append_val(table->cells, cell);
}

void table_absent(struct table *table)
{
	add_cell(table, (struct cell){ .present = false });
}

void table_text(struct table *table, const char *text)
{
	if (text == NULL || *text == '\0')
		table_absent(table);
	else
		add_cell(table, (struct cell){ .present = true, .text = g_strdup(text) });
}

void table_number(struct table *table, uint64_t number)
{
	enum column_kind kind = table->columns[table->cells->len % table->width].kind;

	add_cell(table, (struct cell){ .present = number != 0 ||
						  (kind != COLUMN_TIME && kind != COLUMN_ID),
				       .number = number });
}

/* ---- for people ---- */

char *format_size(uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000)
		return g_strdup_printf("%" PRIu64 " B", bytes);
	/* 999.95 would be printed as 1000.0 */
	for (; value >= 999.95 && unit + 1 < G_N_ELEMENTS(units); unit++)
		value /= 1000;
	return g_strdup_printf("%.1f %s", value, units[unit]);
}

static char *format_time(uint64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local((gint64)seconds);

	return time == NULL ? g_strdup("?") : g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
}

/* What people see in a cell; g_free(). */
static char *cell_text(const struct cell *cell, enum column_kind kind)
{
	if (cell == NULL || !cell->present)
		return g_strdup("-");
	switch (kind) {
	case COLUMN_TEXT:
		return g_strdup(cell->text);
	case COLUMN_SIZE:
		return format_size(cell->number);
	case COLUMN_TIME:
		return format_time(cell->number);
	case COLUMN_FLAG:
		return g_strdup(cell->number != 0 ? "yes" : "no");
	case COLUMN_NUMBER:
	case COLUMN_ID:
		break;
	}
	return g_strdup_printf("%" PRIu64, cell->number);
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = (size_t)g_utf8_strlen(table->columns[column].heading, -1);

	for (size_t row = 0; row < table_rows(table); row++) {
		g_autofree char *text =
			cell_text(cell_at(table, row, column), table->columns[column].kind);

		width = MAX(width, (size_t)g_utf8_strlen(text, -1));
	}
	return width;
}

/* Numbers stand at the right end of their column, all else at the left. */
static void append_cell(GString *line, const char *text, size_t width, enum column_kind kind)
{
	size_t blanks = width - (size_t)g_utf8_strlen(text, -1);
	bool right = kind == COLUMN_NUMBER || kind == COLUMN_ID || kind == COLUMN_SIZE;

	if (line->len > 0)
		g_string_append(line, "  ");
	g_string_append_printf(line, "%*s%s%*s", right ? (int)blanks : 0, "", text,
			       right ? 0 : (int)blanks, "");
}

static void print_line(GString *line)
{
	(void)puts(g_strchomp(line->str));
	g_string_truncate(line, 0);
}

void table_print(const struct table *table)
{
	g_autofree size_t *widths = g_new0(size_t, table->width);
	g_autoptr(GString) line = g_string_new(NULL);

	if (table_rows(table) == 0)
		return;
	for (size_t c = 0; c < table->width; c++) {
		if (table->columns[c].heading == NULL)
			continue;
		widths[c] = column_width(table, c);
		append_cell(line, table->columns[c].heading, widths[c], table->columns[c].kind);
	}
	print_line(line);
	for (size_t row = 0; row < table_rows(table); row++) {
		for (size_t c = 0; c < table->width; c++) {
			enum column_kind kind = table->columns[c].kind;
			g_autofree char *text = cell_text(cell_at(table, row, c), kind);

			if (table->columns[c].heading != NULL)
				append_cell(line, text, widths[c], kind);
		}
		print_line(line);
	}
}

void table_print_record(const struct table *table)
{
	int width = 0;

	for (size_t c = 0; c < table->width; c++)
		if (table->columns[c].heading != NULL)
			width = MAX(width, (int)g_utf8_strlen(table->columns[c].heading, -1));
	for (size_t c = 0; c < table->width; c++) {
		const struct cell *cell = cell_at(table, 0, c);
		g_autofree char *text = cell_text(cell, table->columns[c].kind);

		if (cell == NULL || !cell->present || table->columns[c].heading == NULL)
			continue;
		(void)printf("%-*s  %s", width, table->columns[c].heading, text);
		/* one cartridge is looked at to the byte */
		if (table->columns[c].kind == COLUMN_SIZE && cell->number >= 1000)
			(void)printf(" (%" PRIu64 " bytes)", cell->number);
		(void)putchar('\n');
	}
}

/* ---- for programs ---- */

static void json_row(const struct table *table, struct json *json, size_t row)
{
	for (size_t c = 0; c < table->width; c++) {
		const struct cell *cell = cell_at(table, row, c);
		const char *key = table->columns[c].key;

		if (cell == NULL || !cell->present)
			json_string(json, key, NULL);
		else if (table->columns[c].kind == COLUMN_TEXT)
			json_string(json, key, cell->text);
		else if (table->columns[c].kind == COLUMN_FLAG)
			json_bool(json, key, cell->number != 0);
		else
			json_number(json, key, cell->number);
	}
}

void table_json(const struct table *table, struct json *json, const char *key)
{
	json_open(json, key, '[');
	for (size_t row = 0; row < table_rows(table); row++) {
		json_open(json, NULL, '{');
		json_row(table, json, row);
		json_close(json, '}');
	}
	json_close(json, ']');
}

void table_json_record(const struct table *table, struct json *json)
{
	json_row(table, json, 0);
}
