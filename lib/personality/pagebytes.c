/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pagebytes.c: the bytes of a page as a personality file writes them: hexadecimal bytes, runs of
 * one (20*12), texts ("Firmware"), and places for what the unit itself has (<serial:12>).
 */
#include <string.h>

#include "lib/personality/values.h"

#define FIELDS_MAX 16 /* places in one page */

/* clang-format off */
static const struct { const char *word; enum page_text what; } places[] = {
	{ "vendor",   PAGE_TEXT_VENDOR },
	{ "product",  PAGE_TEXT_PRODUCT },
	{ "revision", PAGE_TEXT_REVISION },
	{ "serial",   PAGE_TEXT_SERIAL },
};
/* clang-format on */

struct reading {
	uint8_t bytes[PAGE_BYTES_MAX];
	unsigned size;
	struct page_field fields[FIELDS_MAX];
	unsigned fields_cnt;
};

static bool put(struct reading *r, uint8_t byte, unsigned cnt)
{
	if (cnt == 0 || cnt > PAGE_BYTES_MAX - r->size)
		return false;
	memset(r->bytes + r->size, byte, cnt);
	r->size += cnt;
	return true;
}

/* A number of 1 to 3 digits at @p; 0 where there is none. *ret_end: behind it. */
static unsigned count_at(const char *p, const char **ret_end)
{
	unsigned n = 0;
	const char *end = p;

	while (g_ascii_isdigit(*end) && end - p < 3)
		n = n * 10 + (unsigned)(*end++ - '0');
	*ret_end = end;
	return n;
}

/* Each reads what stands at @p and returns what is behind it; NULL: it is nothing of the kind. */

static const char *read_text(struct reading *r, const char *p)
{
	for (p++; *p != '"'; p++)
		if (!g_ascii_isprint(*p) || !put(r, (uint8_t)*p, 1))
			return NULL;
	return p + 1;
}

static const char *read_place(struct reading *r, const char *p)
{
	const char *colon = strchr(p, ':'), *end;
	unsigned at = r->size, size;

	if (colon == NULL || r->fields_cnt == FIELDS_MAX)
		return NULL;
	size = count_at(colon + 1, &end);
	if (*end != '>' || !put(r, ' ', size))
		return NULL;
	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		if (strlen(places[i].word) != (size_t)(colon - p - 1) ||
		    strncmp(places[i].word, p + 1, strlen(places[i].word)) != 0)
			continue;
		r->fields[r->fields_cnt++] = (struct page_field){ .at = (uint16_t)at,
								  .size = (uint8_t)size,
								  .what = places[i].what };
		return end + 1;
	}
	return NULL;
}

static const char *read_byte(struct reading *r, const char *p)
{
	unsigned cnt = 1;
	uint8_t byte;

	if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1]))
		return NULL;
	byte = (uint8_t)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
	p += 2;
	if (*p == '*')
		cnt = count_at(p + 1, &p);
	return put(r, byte, cnt) ? p : NULL;
}

bool value_page_bytes(struct catalogue *catalogue, const char *text, bool own,
		      struct page_bytes *row)
{
	struct reading r = { .size = 0 };
	uint8_t *bytes;
	struct page_field *fields;

	for (const char *p = text; p != NULL && *p != '\0';) {
		if (*p == ' ' || *p == '\t')
			p++;
		else if (*p == '"')
			p = read_text(&r, p);
		else if (*p == '<')
			p = own ? read_place(&r, p) : NULL;
		else
			p = read_byte(&r, p);
		if (p == NULL)
			return false;
	}
	if (r.size == 0)
		return false;
	bytes = catalogue_alloc(catalogue, r.size);
	fields = catalogue_alloc(catalogue, r.fields_cnt * sizeof(*fields));
	memcpy(bytes, r.bytes, r.size);
	memcpy(fields, r.fields, r.fields_cnt * sizeof(*fields));
	row->bytes = bytes;
	row->size = (uint16_t)r.size;
	row->fields = fields;
	row->fields_cnt = r.fields_cnt;
	return true;
}
