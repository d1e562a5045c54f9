/* SPDX-License-Identifier: Apache-2.0 */
/* json.c: a writer of JSON (RFC 8259), see output.h. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/output.h"

void json_init(struct json *json)
{
	*json = (struct json){ .text = g_string_new(NULL) };
}

void json_end(struct json *json)
{
	g_string_append_c(json->text, '\n');
	(void)fputs(json->text->str, stdout); /* main() looks at stdout's errors */
	(void)g_string_free(json->text, TRUE);
	json->text = NULL;
}

static void append_quoted(GString *text, const char *value)
{
	/* names of files may hold anything; JSON is UTF-8 */
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	g_string_append_c(text, '"');
	for (const char *p = valid; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(text, '\\');
		if (*p == '\n')
			g_string_append(text, "\\n");
		else if (*p == '\t')
			g_string_append(text, "\\t");
		else if (g_ascii_iscntrl(*p))
			g_string_append_printf(text, "\\u%04x", (unsigned)*p);
		else
			g_string_append_c(text, *p);
	}
	g_string_append_c(text, '"');
}

static void begin_value(struct json *json, const char *key)
{
	if (json->comma)
		g_string_append(json->text, ", ");
	json->comma = true;
	if (key == NULL)
		return;
	append_quoted(json->text, key);
	g_string_append(json->text, ": ");
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin_value(json, key);
	g_string_append_c(json->text, bracket);
	json->comma = false;
}

void json_close(struct json *json, char bracket)
{
	g_string_append_c(json->text, bracket);
	json->comma = true;
}

void json_string(struct json *json, const char *key, const char *value)
{
	begin_value(json, key);
	if (value == NULL)
		g_string_append(json->text, "null");
	else
		append_quoted(json->text, value);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	begin_value(json, key);
	g_string_append_printf(json->text, "%" PRIu64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	g_string_append(json->text, value ? "true" : "false");
}
