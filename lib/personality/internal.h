/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: what the files of lib/personality share.
 *
 * A catalogue is a set of files that were read together: all the built-in ones, or one of an
 * administrator's own on top of them.  A group "[drive NAME]" is an object; base=NAME makes it a
 * copy of another object of its kind, whose keys it then overrides.  An object is one of the
 * structs of personality.h.
 */
#ifndef VTL_PERSONALITY_INTERNAL_H
#define VTL_PERSONALITY_INTERNAL_H

#include "lib/personality/personality.h"

#define BUILT_IN "built in: " /* before the name of a file that is part of the program */

enum kind {
	KIND_DENSITY,
	KIND_MEDIUM,
	KIND_DRIVE,
	KIND_LIBRARY,
	KIND_PERSONALITY,
	KINDS,
};

/* What stands in a [drive] group, with what is only needed while reading. */
struct drive_draft {
	struct drive_model model; /* first */
	const struct density_row **formats;
	unsigned formats_cnt;
	const struct medium_row **writes, **reads, **cleans;
	unsigned writes_cnt, reads_cnt, cleans_cnt;
};

/* As above; a medium is read before its format is known to be one of a drive's. */
struct medium_draft {
	struct medium_row row; /* first */
	const struct density_row *format;
};

struct catalogue;

/* @parent (borrowed, NULL: none) is asked for what is not defined here. */
struct catalogue *catalogue_new(const struct catalogue *parent);
void catalogue_free(struct catalogue *catalogue); /* NULL is allowed; frees what it gave out */

/* Takes in a file; @where names it in messages.  Objects are read by catalogue_read(). */
gboolean catalogue_add(struct catalogue *catalogue, const char *where, const char *text, gsize size,
		       GError **error);
/* Reads every object; FALSE and @error at the first mistake. */
gboolean catalogue_read(struct catalogue *catalogue, GError **error);

/* The struct; NULL where there is none, or it has not been read. */
const void *catalogue_find(const struct catalogue *catalogue, enum kind kind, const char *name);
/* Adds the names of this catalogue's own objects of @kind, sorted. Borrowed strings. */
void catalogue_names(const struct catalogue *catalogue, enum kind kind, GPtrArray *names);

/* ---- for keys.c ---- */

/* Memory that lives as long as the catalogue; zeroed. */
void *catalogue_alloc(struct catalogue *catalogue, size_t size);

/* A key as a row. */
struct key_row {
	const char *key; /* one that ends with '.' is followed by what the bytes are for */
	/* NULL, or why @value cannot be (g_free()); it says what is allowed. */
	char *(*read)(struct catalogue *catalogue, const struct key_row *row, void *object,
		      const char *rest, const char *value);
	size_t at, size; /* the field */
	uint64_t min, max;
};

struct kind_row {
	const char *word; /* of the group's name */
	size_t size;      /* of the object */
	const struct key_row *keys;
	unsigned keys_cnt;
	/* What no single key can tell, and defaults. NULL, or what is wrong (g_free()). */
	char *(*finish)(struct catalogue *catalogue, void *object, const char *name,
			const char *where);
};

extern const struct kind_row kind_rows[KINDS];

/* As catalogue_find(), and reads it first where it must be; *ret_why (g_free()) where that fails.
 */
const void *catalogue_use(struct catalogue *catalogue, enum kind kind, const char *name,
			  char **ret_why);

#endif
