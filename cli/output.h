/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h: what vtl prints: one set of values, as columns for people or as JSON for programs.
 *
 * A table has columns and rows.  A row is begun by table_row() and then gets one cell per column,
 * in their order.  Printed for people, absent values are "-", sizes are rounded ("12.0 TB", powers
 * of 1000), times are local; in JSON absent values are null, sizes are bytes and times are seconds
 * since 1970 (UTC), all as numbers.
 */
#ifndef VTL_CLI_OUTPUT_H
#define VTL_CLI_OUTPUT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- JSON ---- */

/* Text that grows; commas are set by themselves.  @key is NULL inside an array and at the top. */
struct json {
	GString *text;
	bool comma; /* something stands in the open object or array */
};

void json_init(struct json *json);
/* Prints the text and a line end to stdout, and frees it. */
void json_end(struct json *json);
void json_open(struct json *json, const char *key, char bracket);        /* '{' or '[' */
void json_close(struct json *json, char bracket);                        /* '}' or ']' */
void json_string(struct json *json, const char *key, const char *value); /* NULL: null */
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);

/* ---- tables ---- */

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_ID, /* a number from 1; 0 is absent */
	COLUMN_SIZE,
	COLUMN_TIME, /* 0 is never, absent */
	COLUMN_FLAG,
};

struct column {
	const char *key;     /* in JSON */
	const char *heading; /* for people; NULL: only in JSON */
	enum column_kind kind;
};

struct table;

/* @columns is borrowed. */
struct table *table_new(const struct column *columns, size_t count);
void table_free(struct table *table); /* NULL is allowed */
typedef struct table table_auto;      /* for g_autoptr(), which needs one word */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(table_auto, table_free)

size_t table_rows(const struct table *table);

/* Begins a row; cells that the one before lacks are absent. */
void table_row(struct table *table);
void table_text(struct table *table, const char *text); /* "" and NULL: absent */
/* What the column says; of the kinds where 0 means nothing, 0 is absent. */
void table_number(struct table *table, uint64_t number);
void table_absent(struct table *table);

/* Columns with headings for people; nothing at all where there is no row. */
void table_print(const struct table *table);
/* "Heading   value", a line per column, of the first row; absent ones are left out. */
void table_print_record(const struct table *table);
/* An array of objects. */
void table_json(const struct table *table, struct json *json, const char *key);
/* The fields of the first row, into the open object. */
void table_json_record(const struct table *table, struct json *json);

/* "209.7 MB"; g_free(). */
char *format_size(uint64_t bytes);

#endif
