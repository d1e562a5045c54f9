/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h: what is known of rows of filemarks, ROWS_BATCH filemarks at a time, so that a search for
 * some in a row (SSC-5, SPACE with code 2h) need not look at all of them: 24 bytes of memory a
 * batch, 48 KiB for 10^6 filemarks.
 *
 * It follows what is appended and cut, is kept beside the recording in rows.STREAM when a cartridge
 * is closed, and counts again only where the header that is then there is still the same
 * (docs/cartridge-format.md section 5).  A batch may be unknown: whoever looks at it enters it.
 */
#ifndef VTL_STORE_ROWS_H
#define VTL_STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/bytes.h"

#define ROWS_BATCH 512u

struct cart;

/* Filemarks number N * ROWS_BATCH and on. */
struct rows_batch {
	uint64_t first, last; /* objects of the first and the last one */
	uint16_t count;       /* 1 to ROWS_BATCH; 0: the batch is unknown */
	uint16_t head, tail;  /* filemarks in a row from the first on, up to the last */
	uint16_t longest;     /* ... anywhere in it */
};

struct rows {
	struct rows_batch *batches; /* owned */
	size_t cnt, room;
	bool changed; /* since it was loaded or stored */
};

/* Everything is unknown. */
void rows_clear(struct rows *rows);
/* Filemark @n is object @object; those before it were put, or are unknown. */
void rows_put(struct rows *rows, uint64_t n, uint64_t object);
/* There are only @count filemarks. */
void rows_cut(struct rows *rows, uint64_t count);
/* Batch @n, whose @count filemarks are the objects @marks. */
void rows_set(struct rows *rows, uint64_t n, const le64 *marks, unsigned count);
/* CART_NOTE_ROWS_*: what is wrong with rows.STREAM; one of another recording is not. */
unsigned rows_check(struct cart *c);
/* NULL: unknown. Valid until the next change. */
const struct rows_batch *rows_get(const struct rows *rows, uint64_t n);

/* Of an open cartridge whose header is clean: what was kept, where it is of this recording. */
void rows_load(struct cart *c);
/* The other way; nothing hangs on its success. */
void rows_store(struct cart *c);

#endif
