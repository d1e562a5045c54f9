/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values.h: how the value of a key is read.  Each is a key_row's read: NULL, or why the value
 * cannot be, which says what is allowed (g_free()).  What is not given keeps what the base had.
 */
#ifndef VTL_PERSONALITY_VALUES_H
#define VTL_PERSONALITY_VALUES_H

#include "lib/personality/internal.h"

#define VALUE_READER(name)                                                               \
	char *name(struct catalogue *catalogue, const struct key_row *row, void *object, \
		   const char *rest, const char *value)

VALUE_READER(value_text);      /* printable ASCII, at most max characters */
VALUE_READER(value_serial);    /* the same, with # and ? as places */
VALUE_READER(value_number);    /* decimal or 0x.., min to max */
VALUE_READER(value_flag);      /* yes or no */
VALUE_READER(value_bytes);     /* a size: 12T, 400G, 800M */
VALUE_READER(value_seconds);   /* 3.5; kept in milliseconds */
VALUE_READER(value_words);     /* up to 8 hexadecimal words of 4 digits */
VALUE_READER(value_pages);     /* 01 0A 0A/01: a struct page_list */
VALUE_READER(value_patch);     /* at:bytes, into struct page_patches; @rest is the page */
VALUE_READER(value_page);      /* bytes of a whole page, into struct page_patches; or none */
VALUE_READER(value_features);  /* words of enum drive_feature */
VALUE_READER(value_kind);      /* enum medium_kind */
VALUE_READER(value_meanwhile); /* enum drive_meanwhile */

#define PAGE_BYTES_MAX 252 /* of one page, or of one patch */

/*
 * Reads the bytes of a page (pagebytes.c) into @row: bytes, size and, where the page is the unit's
 * @own, its places; memory of @catalogue.  false where @text is anything else, or none, or too
 * long; @row is as it was.
 */
bool value_page_bytes(struct catalogue *catalogue, const char *text, bool own,
		      struct page_bytes *row);
/* Splits at blanks; words that are empty are left out. g_strfreev(). */
char **value_split(const char *value);
/* The patches of @old with @row instead of the one at the same place; memory of @catalogue. */
struct page_patches value_patched(struct catalogue *catalogue, struct page_patches old,
				  const struct page_bytes *row);

#endif
