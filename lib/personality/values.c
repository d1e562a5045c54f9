/* SPDX-License-Identifier: Apache-2.0 */
/* values.c: see values.h. */
#include "lib/personality/values.h"

#include <stdlib.h>
#include <string.h>

#define PATCHES_MAX  64 /* of one model */
#define PAGES_MAX    96
#define VERSIONS_MAX 8

static void *field(const struct key_row *row, void *object)
{
	return (char *)object + row->at;
}

static void store(const struct key_row *row, void *object, uint64_t value)
{
	void *at = field(row, object);

	switch (row->size) {
	case 1:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(uint64_t *)at = value;
		break;
	}
}

char **value_split(const char *value)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();

	for (char **word = words; *word != NULL; word++)
		if (**word != '\0')
			g_ptr_array_add(kept, g_strdup(*word));
	g_ptr_array_add(kept, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&kept), FALSE);
}

static char *keep_text(struct catalogue *catalogue, const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(catalogue_alloc(catalogue, size), text, size);
}

VALUE_READER(value_text)
{
	(void)rest;
	for (const char *p = value; *p != '\0'; p++)
		if (!g_ascii_isprint(*p))
			return g_strdup("has a character that is not printable ASCII");
	if (strlen(value) > row->max)
		return g_strdup_printf("is longer than %u characters", (unsigned)row->max);
	if (strlen(value) < row->min)
		return g_strdup("is empty; write a text, or leave the key out");
	*(const char **)field(row, object) = keep_text(catalogue, value);
	return NULL;
}

VALUE_READER(value_serial)
{
	if (strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#?") != strlen(value))
		return g_strdup("is no form of a serial number: use A-Z and 0-9 as they stand, # "
				"for a digit and ? for a letter or digit, as HU########");
	return value_text(catalogue, row, object, rest, value);
}

static bool parse_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret)
{
	bool hex = g_str_has_prefix(value, "0x");

	return g_ascii_string_to_unsigned(hex ? value + 2 : value, hex ? 16 : 10, min, max, ret,
					  NULL);
}

VALUE_READER(value_number)
{
	guint64 n = 0;

	(void)catalogue;
	(void)rest;
	if (!parse_number(value, row->min, row->max, &n))
		return g_strdup_printf("is no number from %" G_GUINT64_FORMAT
				       " to %" G_GUINT64_FORMAT ", in decimal or as 0x..",
				       row->min, row->max);
	store(row, object, n);
	return NULL;
}

VALUE_READER(value_flag)
{
	bool yes = strcmp(value, "yes") == 0;

	(void)catalogue;
	(void)rest;
	if (!yes && strcmp(value, "no") != 0)
		return g_strdup("is neither yes nor no");
	*(bool *)field(row, object) = yes;
	return NULL;
}

/* A number with a fraction of up to 6 digits, in millionths; NULL where it is none. */
static const char *parse_decimal(const char *p, uint64_t *ret_millionths)
{
	uint64_t value = 0;
	unsigned digits = 0;

	if (!g_ascii_isdigit(*p))
		return NULL;
	for (; g_ascii_isdigit(*p) && digits < 9; p++, digits++)
		value = value * 10 + (uint64_t)(*p - '0');
	digits = 6;
	if (*p == '.')
		for (p++; g_ascii_isdigit(*p) && digits > 0; p++, digits--)
			value = value * 10 + (uint64_t)(*p - '0');
	for (; digits > 0; digits--)
		value *= 10;
	*ret_millionths = value;
	return g_ascii_isdigit(*p) ? NULL : p;
}

VALUE_READER(value_bytes)
{
	static const char units[] = "MGT"; /* millionths of 10^6 bytes are bytes */
	uint64_t bytes = 0;
	const char *p = parse_decimal(value, &bytes), *unit = NULL;

	(void)catalogue;
	(void)rest;
	if (p != NULL && *p != '\0' && p[1] == '\0')
		unit = strchr(units, *p);
	for (const char *u = units; unit != NULL && u < unit; u++)
		if (!g_uint64_checked_mul(&bytes, bytes, 1000))
			unit = NULL;
	if (unit == NULL || bytes > INT64_MAX / 16)
		return g_strdup("is no size: write a number with M, G or T (powers of 1000), as "
				"12T or 1.5T");
	store(row, object, row->size == 4 ? bytes / 1000000 : bytes); /* 4: in 10^6 bytes */
	return NULL;
}

VALUE_READER(value_seconds)
{
	uint64_t millionths = 0;
	const char *p = parse_decimal(value, &millionths);

	(void)catalogue;
	(void)rest;
	if (p == NULL || *p != '\0' || millionths > 86400000000)
		return g_strdup("is no time: write seconds up to 86400, as 17 or 3.5");
	store(row, object, millionths / 1000);
	return NULL;
}

static bool parse_hex(const char *text, unsigned digits, unsigned max, unsigned *ret)
{
	guint64 n = 0;
	size_t length = strlen(text);

	if (length == 0 || length > digits ||
	    !g_ascii_string_to_unsigned(text, 16, 0, max, &n, NULL))
		return false;
	*ret = (unsigned)n;
	return true;
}

VALUE_READER(value_words)
{
	g_auto(GStrv) words = value_split(value);
	uint16_t list[VERSIONS_MAX] = { 0 };
	unsigned n = 0;

	(void)catalogue;
	(void)rest;
	for (; words[n] != NULL; n++) {
		unsigned word = 0;

		if (n == VERSIONS_MAX || !parse_hex(words[n], 4, 0xffff, &word) || word == 0)
			return g_strdup("is no list of up to 8 version descriptors: write 4 "
					"hexadecimal digits each, as 0077 0314");
		list[n] = (uint16_t)word;
	}
	memcpy(field(row, object), list, sizeof(list));
	return NULL;
}

/* "0A" or "0A/01". */
static bool parse_page(const char *text, unsigned max_page, uint16_t *ret_code)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", 2);
	unsigned page = 0, subpage = 0;

	if (parts[0] == NULL || !parse_hex(parts[0], 2, max_page, &page) ||
	    (parts[1] != NULL && !parse_hex(parts[1], 2, 0xfe, &subpage)))
		return false;
	*ret_code = (uint16_t)(page << 8 | subpage);
	return true;
}

static int compare_codes(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

VALUE_READER(value_pages)
{
	g_auto(GStrv) words = value_split(value);
	struct page_list *list = field(row, object);
	unsigned cnt = g_strv_length(words);
	uint16_t *codes;

	(void)rest;
	if (strcmp(value, "all") == 0) {
		*list = (struct page_list){ 0 };
		return NULL;
	}
	if (strcmp(value, "none") == 0)
		cnt = 0;
	if (cnt > PAGES_MAX)
		return g_strdup_printf("has more than %d pages", PAGES_MAX);
	codes = catalogue_alloc(catalogue, cnt * sizeof(*codes));
	for (unsigned i = 0; i < cnt; i++)
		if (!parse_page(words[i], (unsigned)row->max, &codes[i]))
			return g_strdup_printf("has '%s', which is no page: write hexadecimal "
					       "codes up to %X, with /SUBPAGE where there is one, "
					       "as 0A 0A/01; or write all, or none",
					       words[i], (unsigned)row->max);
	qsort(codes, cnt, sizeof(*codes), compare_codes);
	*list = (struct page_list){ .codes = codes, .cnt = cnt };
	return NULL;
}

/* ---- bytes of pages ---- */

struct page_patches value_patched(struct catalogue *catalogue, struct page_patches old,
				  const struct page_bytes *row)
{
	struct page_bytes *rows =
		catalogue_alloc(catalogue, (old.cnt + 1) * sizeof(struct page_bytes));
	unsigned n = 0;

	for (unsigned i = 0; i < old.cnt; i++)
		if (old.rows[i].page != row->page || old.rows[i].subpage != row->subpage ||
		    old.rows[i].whole != row->whole || old.rows[i].mask != row->mask ||
		    old.rows[i].at != row->at)
			rows[n++] = old.rows[i];
	rows[n++] = *row;
	return (struct page_patches){ .rows = rows, .cnt = n };
}

static char *add_patch(struct catalogue *catalogue, const struct key_row *row, void *object,
		       const struct page_bytes *patch)
{
	struct page_patches *patches = field(row, object);

	if (patches->cnt >= PATCHES_MAX)
		return g_strdup_printf("is one of more than %d", PATCHES_MAX);
	*patches = value_patched(catalogue, *patches, patch);
	return NULL;
}

static char *page_of_key(const struct key_row *row, const char *rest, struct page_bytes *patch)
{
	uint16_t code = 0;

	if (!parse_page(rest, (unsigned)row->max, &code))
		return g_strdup_printf("stands for no page: write the key as %s10, or as %s10/01",
				       row->key, row->key);
	patch->page = (uint8_t)(code >> 8);
	patch->subpage = (uint8_t)code;
	return NULL;
}

/* row->min: of the bits that a host can set. */
VALUE_READER(value_patch)
{
	g_auto(GStrv) parts = g_strsplit(value, ";", -1);
	char *why = NULL;

	for (char **part = parts; why == NULL && *part != NULL; part++) {
		char *text = g_strstrip(*part), *colon = strchr(text, ':');
		struct page_bytes patch = { .mask = row->min != 0 };
		guint64 at = 0;

		if (*text == '\0')
			continue;
		if (colon != NULL)
			*colon = '\0';
		if (colon == NULL || !parse_number(text, 0, PAGE_BYTES_MAX - 1, &at) ||
		    !value_page_bytes(catalogue, colon + 1, false, &patch) ||
		    at + patch.size > PAGE_BYTES_MAX)
			return g_strdup("is no list of bytes: write AT:BYTES;AT:BYTES, AT in "
					"decimal from the page's first byte, BYTES in hexadecimal, "
					"as 8:5E 18;14:01");
		patch.at = (uint16_t)at;
		if (row->max > 0)
			why = page_of_key(row, rest, &patch);
		if (why == NULL)
			why = add_patch(catalogue, row, object, &patch);
	}
	return why;
}

/* The page of a base is not there. */
static void take_away(struct catalogue *catalogue, struct page_patches *patches,
		      const struct page_bytes *page)
{
	struct page_bytes *rows = catalogue_alloc(catalogue, patches->cnt * sizeof(*rows));
	unsigned n = 0;

	for (unsigned i = 0; i < patches->cnt; i++)
		if (!patches->rows[i].whole || patches->rows[i].page != page->page ||
		    patches->rows[i].subpage != page->subpage)
			rows[n++] = patches->rows[i];
	*patches = (struct page_patches){ .rows = rows, .cnt = n };
}

/* row->min: the page may have places for what the unit has. */
VALUE_READER(value_page)
{
	struct page_bytes page = { .whole = true };
	char *why = page_of_key(row, rest, &page);
	bool own = row->min != 0;

	if (why != NULL)
		return why;
	if (strcmp(value, "none") == 0) {
		take_away(catalogue, field(row, object), &page);
		return NULL;
	}
	if (!value_page_bytes(catalogue, value, own, &page))
		return g_strdup_printf("is no page: write up to %d bytes in hexadecimal, a byte "
				       "and how often as 20*12, a text in quotes%s; or none",
				       PAGE_BYTES_MAX,
				       own ? ", <serial:12>, or vendor, product or revision "
					     "for serial"
					   : "");
	return add_patch(catalogue, row, object, &page);
}

/* ---- words ---- */

/* clang-format off */
static const struct { const char *word; unsigned bit; } feature_words[] = {
	{ "compression",   DRIVE_COMPRESSION },
	{ "worm",          DRIVE_WORM },
	{ "encryption",    DRIVE_ENCRYPTION },
	{ "partitions",    DRIVE_PARTITIONS },
	{ "lbp-rs",        DRIVE_LBP_RS },
	{ "lbp-crc32c",    DRIVE_LBP_CRC32C },
	{ "mam",           DRIVE_MAM },
	{ "explicit",      DRIVE_EXPLICIT },
	{ "read-reverse",  DRIVE_READ_REVERSE },
	{ "append-only",   DRIVE_APPEND_ONLY },
	{ "pews",          DRIVE_PEWS },
	{ "cleaning",      DRIVE_CLEANING },
	{ "tape-alert",    DRIVE_TAPE_ALERT },
	{ "locate-16",     DRIVE_LOCATE_16 },
	{ "ibm-mode",      DRIVE_IBM_MODE },
	{ "ait-mode",      DRIVE_AIT_MODE },
	{ "hp-status",     DRIVE_HP_STATUS },
	{ "dlt-status",    DRIVE_DLT_STATUS },
	{ "quantum-statistics", DRIVE_QUANTUM_STATISTICS },
	{ "medium-sense",  DRIVE_MEDIUM_SENSE },
	{ "format-density", DRIVE_FORMAT_DENSITY },
	{ "ibm-service",   DRIVE_IBM_SERVICE },
};
static const char *const kind_words[] = {
	[MEDIUM_DATA] = "data", [MEDIUM_WORM] = "worm", [MEDIUM_CLEANING] = "cleaning",
};
static const char *const meanwhile_words[] = {
	[DRIVE_WAITS] = "waits", [DRIVE_NOT_READY] = "not-ready", [DRIVE_BUSY] = "busy",
};
static const char *const access_words[] = {
	[MEDIUM_REFUSED] = "refused", [MEDIUM_READ_ONLY] = "read-only", [MEDIUM_READ_WRITE] = "read-write",
	[MEDIUM_CLEANS] = "cleaning",
};
/* clang-format on */

const char *drive_feature_name(unsigned feature)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(feature_words); i++)
		if (feature_words[i].bit == feature)
			return feature_words[i].word;
	return NULL;
}

const char *medium_kind_name(enum medium_kind kind)
{
	return (unsigned)kind < G_N_ELEMENTS(kind_words) ? kind_words[kind] : "unknown";
}

const char *medium_access_name(enum medium_access access)
{
	return (unsigned)access < G_N_ELEMENTS(access_words) ? access_words[access] : "unknown";
}

/* A word with + or - changes what is there already, the base's. */
VALUE_READER(value_features)
{
	g_auto(GStrv) words = value_split(value);
	unsigned *features = field(row, object), i;
	GString *known;

	(void)catalogue;
	(void)rest;
	if (words[0] == NULL || strchr("+-", *words[0]) == NULL)
		*features = 0;
	for (char **word = words; *word != NULL; word++) {
		bool signed_word = strchr("+-", **word) != NULL;

		for (i = 0; i < G_N_ELEMENTS(feature_words); i++)
			if (strcmp(feature_words[i].word, *word + signed_word) == 0)
				break;
		if (i < G_N_ELEMENTS(feature_words)) {
			*features |= feature_words[i].bit;
			if (**word == '-')
				*features &= ~feature_words[i].bit;
			continue;
		}
		known = g_string_new(NULL);
		for (i = 0; i < G_N_ELEMENTS(feature_words); i++)
			g_string_append_printf(known, " %s", feature_words[i].word);
		g_string_append_printf(known, "; '%s' is none", *word);
		g_string_prepend(known, "is no list of features: use");
		return g_string_free(known, FALSE);
	}
	return NULL;
}

VALUE_READER(value_kind)
{
	(void)catalogue;
	(void)rest;
	for (unsigned i = 0; i < G_N_ELEMENTS(kind_words); i++) {
		if (strcmp(kind_words[i], value) != 0)
			continue;
		*(enum medium_kind *)field(row, object) = (enum medium_kind)i;
		return NULL;
	}
	return g_strdup("is no kind of medium: use data, worm or cleaning");
}

VALUE_READER(value_meanwhile)
{
	(void)catalogue;
	(void)rest;
	for (unsigned i = 0; i < G_N_ELEMENTS(meanwhile_words); i++) {
		if (strcmp(meanwhile_words[i], value) != 0)
			continue;
		*(enum drive_meanwhile *)field(row, object) = (enum drive_meanwhile)i;
		return NULL;
	}
	return g_strdup("is nothing that a drive does: use waits, not-ready or busy");
}
