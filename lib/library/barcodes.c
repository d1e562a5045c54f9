/* SPDX-License-Identifier: Apache-2.0 */
/*
 * barcodes.c: lists of barcodes with ranges.  A '-' always means a range, although a barcode may
 * contain one: "TAP001L8-TAP10L8" is far more likely a slip of the pen than a cartridge's name.
 */
#include <string.h>

#include "lib/library/internal.h"

#define MAX_RUN_DIGITS 9

struct range {
	const char *first, *last;
	size_t length;
	size_t run, run_length; /* the digits that count */
	uint64_t from, to;
};

static uint64_t digits_value(const char *p, size_t length)
{
	uint64_t v = 0;

	for (size_t i = 0; i < length; i++)
		v = v * 10 + (uint64_t)(p[i] - '0');
	return v;
}

static bool both_digits(const struct range *r, size_t i)
{
	return g_ascii_isdigit(r->first[i]) && g_ascii_isdigit(r->last[i]);
}

/* Finds the one run of digits in which the ends differ. FALSE where there is none or more. */
static bool range_find_run(struct range *r)
{
	size_t begin = 0, end = r->length;

	while (begin < r->length && r->first[begin] == r->last[begin])
		begin++;
	while (end > begin && r->first[end - 1] == r->last[end - 1])
		end--;
	for (size_t i = begin; i < end; i++)
		if (!both_digits(r, i))
			return false;
	r->run = begin;
	r->run_length = 0;
	if (begin == end)
		return true; /* equal ends: a range of one, and no digit counts */
	while (begin > 0 && both_digits(r, begin - 1))
		begin--;
	while (end < r->length && both_digits(r, end))
		end++;
	r->run = begin;
	r->run_length = end - begin;
	return r->run_length <= MAX_RUN_DIGITS;
}

static char *add_barcode(const char *barcode, unsigned max, GHashTable *seen, GPtrArray *barcodes)
{
	char *copy;

	if (!barcode_is_valid(barcode))
		return g_strdup_printf("'%s' is no barcode: use 1 to 32 of A-Z 0-9 _ $ # @, "
				       "beginning with a letter or digit",
				       barcode);
	if (g_hash_table_contains(seen, barcode))
		return g_strdup_printf("'%s' occurs twice; name each cartridge once", barcode);
	if (barcodes->len >= max)
		return g_strdup_printf("more than %u barcodes; shorten the list", max);
	copy = g_strdup(barcode);
	g_ptr_array_add(barcodes, copy);
	g_hash_table_add(seen, copy);
	return NULL;
}

static char *add_range(const char *item, const char *dash, unsigned max, GHashTable *seen,
		       GPtrArray *barcodes)
{
	g_autofree char *first = g_strndup(item, (gsize)(dash - item));
	struct range r = { .first = first, .last = dash + 1, .length = strlen(first) };

	if (r.length != strlen(r.last) || r.length == 0 || r.length >= BARCODE_SIZE ||
	    !range_find_run(&r))
		return g_strdup_printf(
			"'%s' is no range: both ends must be equally long and differ only in one "
			"run of up to %d digits, as TAP001L8-TAP010L8",
			item, MAX_RUN_DIGITS);
	r.from = digits_value(r.first + r.run, r.run_length);
	r.to = digits_value(r.last + r.run, r.run_length);
	if (r.from > r.to)
		return g_strdup_printf("'%s' counts backwards; exchange its ends", item);
	for (uint64_t n = r.from; n <= r.to; n++) {
		char barcode[BARCODE_SIZE], digits[MAX_RUN_DIGITS + 16];
		char *why;

		g_snprintf(digits, sizeof(digits), "%0*" G_GUINT64_FORMAT, MAX_RUN_DIGITS, n);
		memcpy(barcode, first, r.length + 1);
		memcpy(barcode + r.run, digits + MAX_RUN_DIGITS - r.run_length, r.run_length);
		why = add_barcode(barcode, max, seen, barcodes);
		if (why != NULL)
			return why;
	}
	return NULL;
}

char *barcodes_expand(const char *list, unsigned max, GPtrArray *barcodes)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_auto(GStrv) items = g_strsplit(list, ";", -1);

	for (guint i = 0; i < barcodes->len; i++)
		g_hash_table_add(seen, barcodes->pdata[i]);
	for (char **item = items; *item != NULL; item++) {
		const char *text = g_strstrip(*item);
		const char *dash = strchr(text, '-');
		char *why;

		if (*text == '\0')
			continue; /* GKeyFile lists may end with the separator */
		why = dash == NULL ? add_barcode(text, max, seen, barcodes)
				   : add_range(text, dash, max, seen, barcodes);
		if (why != NULL)
			return why;
	}
	return NULL;
}

char **library_expand_barcodes(const char *list, GError **error)
{
	GPtrArray *barcodes = g_ptr_array_new_with_free_func(g_free);
	char *why = barcodes_expand(list, LIBRARY_MAX_SLOTS, barcodes);

	if (why != NULL) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID, "%s", why);
		g_free(why);
		g_ptr_array_unref(barcodes);
		return NULL;
	}
	g_ptr_array_add(barcodes, NULL);
	return (char **)g_ptr_array_free(barcodes, FALSE);
}
