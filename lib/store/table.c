/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c: the index (an entry per object) and the marks (an entry per filemark).  Entries are
 * gathered and written behind in batches; a lookup reads a batch around it, so that sequential
 * access costs one system call in 256 objects. Memory is bounded whatever the length of the
 * recording.
 */
#include <errno.h>
#include <string.h>

#include "lib/store/cart.h"

void table_init(struct table *t, enum backend_table which, size_t entry_size, uint64_t count)
{
	t->which = which;
	t->entry_size = entry_size;
	t->count = t->written = count;
	t->cached_first = t->cached_count = 0;
}

/* Fills the cache with the batch that contains @n, which the backend has. */
static int fill_cache(struct cart *c, struct table *t, uint64_t n)
{
	uint64_t first = n - n % INDEX_BATCH;
	uint64_t count = t->written - first < INDEX_BATCH ? t->written - first : INDEX_BATCH;
	size_t size;
	int r = c->backend->ops->table_read(c->backend, t->which, c->stream, first * t->entry_size,
					    t->cache, (size_t)count * t->entry_size, &size);

	if (r == -EIO)
		return CART_E_DAMAGED; /* a bad sector in what can be made anew */
	if (r < 0)
		return r;
	t->cached_first = first;
	t->cached_count = size / t->entry_size;
	return n < first + t->cached_count
		       ? 0
		       : CART_E_DAMAGED; /* the table is shorter than it should be */
}

int table_get(struct cart *c, struct table *t, uint64_t n, void *ret_entry)
{
	int r;

	if (n >= t->count)
		return CART_E_DAMAGED;
	if (n >= t->written) {
		memcpy(ret_entry, t->pending + (n - t->written) * t->entry_size, t->entry_size);
		return 0;
	}
	if (n < t->cached_first || n >= t->cached_first + t->cached_count) {
		r = fill_cache(c, t, n);
		if (r != 0)
			return r;
	}
	memcpy(ret_entry, t->cache + (n - t->cached_first) * t->entry_size, t->entry_size);
	return 0;
}

int table_flush(struct cart *c, struct table *t)
{
	uint64_t n = t->count - t->written;
	int r;

	if (n == 0)
		return 0;
	r = c->backend->ops->table_write(c->backend, t->which, c->stream,
					 t->written * t->entry_size, t->pending,
					 (size_t)n * t->entry_size);
	if (r < 0)
		return r;
	if (t->cached_first + t->cached_count > t->written || t->cached_count < INDEX_BATCH)
		t->cached_count = 0; /* the last batch grew */
	t->written = t->count;
	return 0;
}

int table_put(struct cart *c, struct table *t, const void *entry)
{
	int r;

	if (t->count - t->written == INDEX_BATCH) {
		r = table_flush(c, t);
		if (r < 0)
			return r;
	}
	memcpy(t->pending + (t->count - t->written) * t->entry_size, entry, t->entry_size);
	t->count++;
	return 0;
}

int table_cut(struct cart *c, struct table *t, uint64_t count)
{
	if (count >= t->count)
		return 0;
	t->cached_count = 0;
	t->count = count;
	if (count >= t->written)
		return 0;
	t->written = count;
	return c->backend->ops->table_truncate(c->backend, t->which, c->stream,
					       count * t->entry_size);
}

int index_get(struct cart *c, uint64_t object, struct object *ret_object)
{
	struct disk_index_entry e;
	int r = table_get(c, &c->index, object, &e);

	if (r != 0)
		return r;
	*ret_object = (struct object){ le64_get(e.address), le32_get(e.logical_size),
				       le32_get(e.stored_size) };
	if (ret_object->stored_size > CART_MAX_BLOCK || ret_object->logical_size > CART_MAX_BLOCK)
		ret_object->stored_size = ret_object->logical_size = 0; /* a lie; the frame knows */
	return 0;
}

int index_put(struct cart *c, const struct object *o, uint64_t number)
{
	struct disk_index_entry e = { le64_from(o->address), le32_from(o->logical_size),
				      le32_from(o->stored_size) };
	int r = table_put(c, &c->index, &e);

	if (r == 0 && o->logical_size == 0 && o->address != INDEX_DAMAGED)
		r = marks_put(c, number);
	return r;
}

void marks_init(struct cart *c, uint64_t count)
{
	table_init(&c->marks, TABLE_MARKS, sizeof(le64), count);
	rows_clear(&c->rows);
}

int marks_put(struct cart *c, uint64_t object)
{
	le64 mark = le64_from(object);
	uint64_t n = c->marks.count;
	int r = table_put(c, &c->marks, &mark);

	if (r == 0)
		rows_put(&c->rows, n, object);
	return r;
}

int marks_cut(struct cart *c, uint64_t count)
{
	rows_cut(&c->rows, count);
	return table_cut(c, &c->marks, count);
}

int marks_fit(struct cart *c, const struct totals *totals)
{
	int r = marks_cut(c, totals->filemarks);

	while (r == 0 && c->marks.count < totals->filemarks)
		r = marks_put(c, totals->objects - 1);
	return r;
}

int marks_get(struct cart *c, uint64_t n, uint64_t *ret_object)
{
	le64 mark;
	int r = table_get(c, &c->marks, n, &mark);

	if (r == 0)
		*ret_object = le64_get(mark);
	return r;
}

/* @count entries from @first on, past the cache. */
static int read_many(struct cart *c, struct table *t, uint64_t first, size_t count, void *ret)
{
	uint8_t *to = ret;
	size_t stored = 0, size = 0;
	int r = 0;

	if (first + count > t->count)
		return CART_E_DAMAGED;
	if (first < t->written)
		stored = t->written - first < count ? (size_t)(t->written - first) : count;
	if (stored > 0)
		r = c->backend->ops->table_read(c->backend, t->which, c->stream,
						first * t->entry_size, to, stored * t->entry_size,
						&size);
	if (r == -EIO || (r == 0 && size < stored * t->entry_size))
		return CART_E_DAMAGED;
	if (r < 0)
		return r;
	if (stored < count)
		memcpy(to + stored * t->entry_size,
		       t->pending + (first + stored - t->written) * t->entry_size,
		       (count - stored) * t->entry_size);
	return 0;
}

int marks_read(struct cart *c, uint64_t first, size_t count, le64 *ret_marks)
{
	return read_many(c, &c->marks, first, count, ret_marks);
}

int index_read(struct cart *c, uint64_t first, size_t count, struct disk_index_entry *ret_entries)
{
	return read_many(c, &c->index, first, count, ret_entries);
}

int marks_before(struct cart *c, uint64_t object, uint64_t *ret_file)
{
	uint64_t low = 0, high = c->marks.count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2, mark;
		int r = marks_get(c, middle, &mark);

		if (r != 0)
			return r;
		if (mark < object)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_file = low;
	return 0;
}
