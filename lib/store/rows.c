/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.c: rows of filemarks, summed up in batches: in memory while a cartridge is open, in
 * rows.STREAM between.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

#define ROWS_FILE_MAX (64u << 20) /* bytes that are worth checking: 10^9 filemarks */

static const uint8_t rows_magic[8] = "VTLROWS";

void rows_clear(struct rows *rows)
{
	free(rows->batches);
	*rows = (struct rows){ 0 };
}

/* Makes room for batch @n; what is between is unknown. */
static struct rows_batch *reach(struct rows *rows, uint64_t n)
{
	if (n >= rows->room) {
		size_t room = rows->room < 64 ? 64 : rows->room;
		struct rows_batch *grown;

		while (room <= n && room <= SIZE_MAX / 2 / sizeof(*grown))
			room *= 2;
		grown = room <= n ? NULL : reallocarray(rows->batches, room, sizeof(*grown));
		if (grown == NULL)
			return NULL; /* unknown, then */
		rows->batches = grown;
		rows->room = room;
	}
	if (n >= rows->cnt) {
		memset(&rows->batches[rows->cnt], 0, (n + 1 - rows->cnt) * sizeof(*rows->batches));
		rows->cnt = n + 1;
	}
	return &rows->batches[n];
}

static void batch_add(struct rows_batch *b, uint64_t object)
{
	bool joins = b->count > 0 && object == b->last + 1;

	b->tail = joins ? b->tail + 1 : 1;
	if (b->count == 0)
		b->first = object;
	if (b->count == 0 || (joins && b->head == b->count))
		b->head++;
	if (b->tail > b->longest)
		b->longest = b->tail;
	b->last = object;
	b->count++;
}

void rows_put(struct rows *rows, uint64_t n, uint64_t object)
{
	const unsigned offset = (unsigned)(n % ROWS_BATCH);
	struct rows_batch *b = reach(rows, n / ROWS_BATCH);

	rows->changed = true;
	if (b == NULL)
		return;
	if (offset == 0)
		*b = (struct rows_batch){ 0 };
	if (b->count == offset)
		batch_add(b, object);
	else
		*b = (struct rows_batch){ 0 };
}

void rows_cut(struct rows *rows, uint64_t count)
{
	const uint64_t whole = count / ROWS_BATCH;
	const unsigned rest = (unsigned)(count % ROWS_BATCH);

	rows->changed = true;
	if (whole < rows->cnt) {
		rows->cnt = whole + (rest > 0);
		if (rest > 0 && rows->batches[whole].count != rest)
			rows->batches[whole] = (struct rows_batch){ 0 };
	}
}

void rows_set(struct rows *rows, uint64_t n, const le64 *marks, unsigned count)
{
	struct rows_batch *b = reach(rows, n);

	if (b == NULL || b->count == count)
		return;
	*b = (struct rows_batch){ 0 };
	for (unsigned i = 0; i < count; i++)
		batch_add(b, le64_get(marks[i]));
	rows->changed = true;
}

const struct rows_batch *rows_get(const struct rows *rows, uint64_t n)
{
	return n < rows->cnt && rows->batches[n].count > 0 ? &rows->batches[n] : NULL;
}

/* ---- rows.STREAM ---- */

static size_t batches_of(const struct cart *c)
{
	return (size_t)((c->end_totals.filemarks + ROWS_BATCH - 1) / ROWS_BATCH);
}

/* What must be the same for the rows to count, sealed together with the entries. */
static struct disk_rows head_of(const struct cart *c, const struct disk_rows_entry *e, size_t cnt)
{
	struct disk_rows d = {
		.epoch = le64_from(c->info.epoch),
		.generation = le64_from(c->info.generation),
		.objects = le64_from(c->end_totals.objects),
		.filemarks = le64_from(c->end_totals.filemarks),
		.stream = le32_from(c->stream),
		.batch = le32_from(ROWS_BATCH),
	};

	memcpy(d.magic, rows_magic, sizeof(d.magic));
	memcpy(d.uuid, c->info.uuid, sizeof(d.uuid));
	d.crc = le32_from(
		crc32c(crc32c(0, &d, offsetof(struct disk_rows, crc)), e, cnt * sizeof(*e)));
	return d;
}

static struct rows_batch entry_get(const struct disk_rows_entry *e)
{
	return (struct rows_batch){
		.first = le64_get(e->first),
		.last = le64_get(e->last),
		.count = le16_get(e->count),
		.head = le16_get(e->head),
		.tail = le16_get(e->tail),
		.longest = le16_get(e->longest),
	};
}

static struct disk_rows_entry entry_of(const struct rows_batch *b)
{
	return (struct disk_rows_entry){
		.first = le64_from(b->first),
		.last = le64_from(b->last),
		.count = le16_from(b->count),
		.head = le16_from(b->head),
		.tail = le16_from(b->tail),
		.longest = le16_from(b->longest),
	};
}

/* False: there is no such file, or it is of another recording, or damaged. */
static bool entries_read(struct cart *c, struct disk_rows_entry *e, size_t cnt)
{
	struct disk_rows d, wanted;
	size_t got = 0;

	if (c->backend->ops->table_read(c->backend, TABLE_ROWS, c->stream, 0, &d, sizeof(d),
					&got) != 0 ||
	    got != sizeof(d) ||
	    c->backend->ops->table_read(c->backend, TABLE_ROWS, c->stream, sizeof(d), e,
					cnt * sizeof(*e), &got) != 0 ||
	    got != cnt * sizeof(*e))
		return false;
	wanted = head_of(c, e, cnt);
	return memcmp(&d, &wanted, sizeof(d)) == 0;
}

void rows_load(struct cart *c)
{
	const size_t cnt = batches_of(c);
	struct disk_rows_entry *e;
	uint64_t size;

	rows_clear(&c->rows);
	if (cnt < 2)
		return; /* looked at faster than loaded */
	if (c->backend->ops->table_size(c->backend, TABLE_ROWS, c->stream, &size) != 0 ||
	    size != sizeof(struct disk_rows) + cnt * sizeof(*e))
		return;
	e = calloc(cnt, sizeof(*e));
	if (e != NULL && entries_read(c, e, cnt) && reach(&c->rows, cnt - 1) != NULL)
		for (size_t i = 0; i < cnt; i++)
			c->rows.batches[i] = entry_get(&e[i]);
	free(e);
}

unsigned rows_check(struct cart *c)
{
	uint8_t *data = NULL;
	uint64_t size = 0;
	struct disk_rows d;
	size_t got = 0;
	unsigned notes = 0;

	if (c->backend->ops->table_size(c->backend, TABLE_ROWS, c->stream, &size) != 0)
		return 0;
	if (size == 0)
		return batches_of(c) >= 2 && c->clean ? CART_NOTE_ROWS_LOST : 0;
	if (size < sizeof(d) || size > ROWS_FILE_MAX)
		return CART_NOTE_ROWS_DAMAGED;
	data = malloc(size);
	if (data == NULL)
		return 0;
	if (c->backend->ops->table_read(c->backend, TABLE_ROWS, c->stream, 0, data, size, &got) !=
		    0 ||
	    got != size) {
		notes = CART_NOTE_ROWS_DAMAGED;
	} else {
		memcpy(&d, data, sizeof(d));
		if (memcmp(d.magic, rows_magic, sizeof(d.magic)) != 0 ||
		    crc32c(crc32c(0, data, offsetof(struct disk_rows, crc)), data + sizeof(d),
			   size - sizeof(d)) != le32_get(d.crc))
			notes = CART_NOTE_ROWS_DAMAGED;
	}
	free(data);
	return notes;
}

void rows_store(struct cart *c)
{
	const size_t cnt = batches_of(c);
	struct disk_rows_entry *e;
	struct disk_rows d;
	int r;

	if (!c->rows.changed || cnt < 2)
		return;
	e = calloc(cnt, sizeof(*e));
	if (e == NULL)
		return;
	for (size_t i = 0; i < cnt && i < c->rows.cnt; i++)
		e[i] = entry_of(&c->rows.batches[i]);
	d = head_of(c, e, cnt);
	r = c->backend->ops->table_truncate(c->backend, TABLE_ROWS, c->stream, 0);
	if (r == 0)
		r = c->backend->ops->table_write(c->backend, TABLE_ROWS, c->stream, sizeof(d), e,
						 cnt * sizeof(*e));
	if (r == 0)
		r = c->backend->ops->table_write(c->backend, TABLE_ROWS, c->stream, 0, &d,
						 sizeof(d));
	free(e);
	c->rows.changed = r != 0;
}
