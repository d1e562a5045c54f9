/* SPDX-License-Identifier: Apache-2.0 */
/* check_tables.c: whether what is derived from the data, beside the index, is as it should be. */
#include <errno.h>
#include <stdlib.h>

#include "lib/store/cart.h"

/* Compares the entry of object @n with mark number *@file, and goes on to the next one. */
static int check_entry(struct cart *c, uint64_t n, const struct disk_index_entry *e, uint64_t *file,
		       bool *ret_wrong)
{
	bool lost = le64_get(e->address) == INDEX_DAMAGED; /* then only the marks say what it was */
	uint64_t mark = 0;
	int r;

	if (le32_get(e->logical_size) != 0 || (lost && *file >= c->end_totals.filemarks))
		return 0;
	r = marks_get(c, *file, &mark);
	if (r == 0 && lost) {
		*file += mark == n;
		return 0;
	}
	*ret_wrong = r == CART_E_DAMAGED || (r == 0 && mark != n);
	(*file)++;
	return r == CART_E_DAMAGED ? 0 : r;
}

/* Compares the marks with the index, which is right. */
static int check_marks(struct cart *c, bool *ret_wrong)
{
	struct disk_index_entry *entries = malloc(INDEX_BATCH * sizeof(*entries));
	uint64_t objects = c->end_totals.objects, file = 0;
	int r = entries == NULL ? -ENOMEM : 0;

	*ret_wrong = false;
	for (uint64_t n = 0; r == 0 && n < objects && !*ret_wrong; n += INDEX_BATCH) {
		size_t cnt = objects - n < INDEX_BATCH ? (size_t)(objects - n) : INDEX_BATCH;

		r = index_read(c, n, cnt, entries);
		for (size_t i = 0; r == 0 && i < cnt && !*ret_wrong; i++)
			r = check_entry(c, n + i, &entries[i], &file, ret_wrong);
	}
	free(entries);
	return r == CART_E_DAMAGED ? 0 : r;
}

int cart_check_tables(struct cart *c, unsigned *ret_notes)
{
	bool wrong = false;
	int r;

	*ret_notes = 0;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (c->aside || c->index_rebuilt)
		return 0; /* what would be looked at is not what is on the disk */
	r = check_marks(c, &wrong);
	if (r < 0)
		return r;
	*ret_notes = (wrong ? CART_NOTE_MARKS : 0) | rows_check(c);
	return 0;
}
