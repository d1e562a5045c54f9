/* SPDX-License-Identifier: Apache-2.0 */
/* test_table.c: the two forms of a table, JSON's hard cases, and sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/output.h"

static const struct column columns[] = {
	{ "name", "NAME", COLUMN_TEXT },   { "count", "COUNT", COLUMN_NUMBER },
	{ "hidden", NULL, COLUMN_NUMBER }, { "size", "SIZE", COLUMN_SIZE },
	{ "when", "WHEN", COLUMN_TIME },   { "flag", "FLAG", COLUMN_FLAG },
};

static struct table *sample(void)
{
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));

	table_row(table);
	table_text(table, "long name");
	table_number(table, 7);
	table_number(table, 99);
	table_number(table, 1500000);
	table_number(table, 86400);
	table_number(table, 1);
	table_row(table);
	table_text(table, "x"); /* and nothing more */
	return table;
}

/* What @print writes to stdout; free(). */
static char *printed(void (*print)(const struct table *table), const struct table *table)
{
	FILE *file = tmpfile();
	char *text = calloc(1, 4096);
	int saved = dup(1);

	assert_non_null(file);
	assert_non_null(text);
	(void)fflush(stdout);
	assert_int_equal(dup2(fileno(file), 1), 1);
	print(table);
	(void)fflush(stdout);
	assert_int_equal(dup2(saved, 1), 1);
	(void)close(saved);
	rewind(file);
	assert_true(fread(text, 1, 4095, file) > 0 || feof(file));
	(void)fclose(file);
	return text;
}

static void columns_are_aligned_and_absent_cells_are_dashes(void **state)
{
	g_autoptr(table_auto) table = sample();
	char *text = printed(table_print, table);

	(void)state;
	assert_string_equal(text, "NAME       COUNT    SIZE  WHEN                 FLAG\n"
				  "long name      7  1.5 MB  1970-01-02 00:00:00  yes\n"
				  "x              -       -  -                    -\n");
	free(text);
}

static void a_table_without_rows_prints_nothing(void **state)
{
	g_autoptr(table_auto) table = table_new(columns, G_N_ELEMENTS(columns));
	char *text = printed(table_print, table);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void a_record_leaves_out_what_is_absent(void **state)
{
	g_autoptr(table_auto) table = table_new(columns, G_N_ELEMENTS(columns));
	char *text;

	(void)state;
	table_row(table);
	table_text(table, "x");
	table_absent(table);
	table_absent(table);
	table_number(table, 4096);
	text = printed(table_print_record, table);
	assert_string_equal(text, "NAME   x\nSIZE   4.1 kB (4096 bytes)\n");
	free(text);
}

static void json_of_a_table_is_exact(void **state)
{
	g_autoptr(table_auto) table = sample();
	struct json json;

	(void)state;
	json_init(&json);
	table_json(table, &json, NULL);
	assert_string_equal(json.text->str,
			    "[{\"name\": \"long name\", \"count\": 7, \"hidden\": 99, "
			    "\"size\": 1500000, \"when\": 86400, \"flag\": true}, "
			    "{\"name\": \"x\", \"count\": null, \"hidden\": null, "
			    "\"size\": null, \"when\": null, \"flag\": null}]");
	(void)g_string_free(json.text, TRUE);
}

static void json_strings_are_quoted_and_always_utf8(void **state)
{
	struct json json;

	(void)state;
	json_init(&json);
	json_open(&json, NULL, '[');
	json_string(&json, NULL,
		    "a\"b\\c\nd\te\x01"
		    "f\x7f");
	json_string(&json, NULL, "caf\xc3\xa9 \xff");
	json_string(&json, NULL, NULL);
	json_close(&json, ']');
	assert_string_equal(json.text->str, "[\"a\\\"b\\\\c\\nd\\te\\u0001f\\u007f\", "
					    "\"caf\xc3\xa9 \xef\xbf\xbd\", null]");
	(void)g_string_free(json.text, TRUE);
}

static void json_numbers_and_nesting(void **state)
{
	struct json json;

	(void)state;
	json_init(&json);
	json_open(&json, NULL, '{');
	json_number(&json, "n", UINT64_MAX);
	json_open(&json, "empty", '[');
	json_close(&json, ']');
	json_bool(&json, "b", false);
	json_close(&json, '}');
	assert_string_equal(json.text->str,
			    "{\"n\": 18446744073709551615, \"empty\": [], \"b\": false}");
	(void)g_string_free(json.text, TRUE);
}

static void sizes_are_rounded_to_four_digits_at_most(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1.0 kB" },
		{ 999949, "999.9 kB" },
		{ 999950, "1.0 MB" },
		{ 12000000000000, "12.0 TB" },
		{ UINT64_MAX, "18.4 EB" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = format_size(rows[i].bytes);

		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned_and_absent_cells_are_dashes),
		cmocka_unit_test(a_table_without_rows_prints_nothing),
		cmocka_unit_test(a_record_leaves_out_what_is_absent),
		cmocka_unit_test(json_of_a_table_is_exact),
		cmocka_unit_test(json_strings_are_quoted_and_always_utf8),
		cmocka_unit_test(json_numbers_and_nesting),
		cmocka_unit_test(sizes_are_rounded_to_four_digits_at_most),
	};

	(void)setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
