/* SPDX-License-Identifier: Apache-2.0 */
/*
 * append.c: objects become frames behind the end of the recording, as many as possible with one
 * write.  write.c says when that is allowed; nothing here syncs, but at the end of a segment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

/* ---- a place on the medium ---- */

static void segment_header(const struct cart *c, uint64_t number, struct disk_segment *s)
{
	*s = (struct disk_segment){
		.version = le32_from(FORMAT_VERSION),
		.number = le32_from((uint32_t)number),
		.stream = le32_from(c->stream),
		.epoch = le64_from(c->info.epoch),
		.first_object = le64_from(c->end_totals.objects),
	};
	memcpy(s->magic, SEGMENT_MAGIC, sizeof(s->magic));
	memcpy(s->uuid, c->info.uuid, sizeof(s->uuid));
	memcpy(s->barcode, c->info.barcode, strnlen(c->info.barcode, sizeof(s->barcode)));
	s->crc = le32_from(crc32c(0, s, offsetof(struct disk_segment, crc)));
}

/* Bytes that frames may take from @offset on: one that ended exactly with the segment would leave
 * no trace of the next. */
static uint64_t segment_room(uint64_t offset)
{
	return SEGMENT_SIZE - 1 - offset;
}

/*
 * Appends @size bytes that begin with a frame header; @iov[0] is left free by the caller for the
 * header of a new segment. Moves c->end.  0 or -errno; then nothing was appended.
 */
static int append(struct cart *c, struct iovec *iov, int iov_cnt, size_t size)
{
	uint64_t address = c->end, offset = address & (SEGMENT_SIZE - 1);
	struct disk_segment s;
	int r;

	if (size > segment_room(offset)) {
		address = next_segment(address);
		offset = DATA_START;
	}
	if (offset == DATA_START) {
		r = c->stable < c->end_totals.objects ? sync_or_cut(c) : 0;
		if (r < 0)
			return r;
		segment_header(c, address >> SEGMENT_SHIFT, &s);
		iov[0] = (struct iovec){ &s, sizeof(s) };
		r = c->backend->ops->append(c->backend, c->stream, address - DATA_START, iov,
					    iov_cnt);
	} else {
		r = c->backend->ops->append(c->backend, c->stream, address, iov + 1, iov_cnt - 1);
	}
	if (r == -EUCLEAN) { /* what was refused must not come back: another epoch kills it */
		c->epoch_open = false;
		c->unsure = true;
		r = -EIO;
	}
	if (r < 0)
		return r;
	c->end = address + size;
	return 0;
}

/* Makes sure that @n entries fit into both tables, so that nothing can fail once a frame is on the
 * medium. */
static int make_room(struct cart *c, uint64_t n)
{
	int r = 0;

	if (c->index.count - c->index.written + n > INDEX_BATCH)
		r = table_flush(c, &c->index);
	if (r == 0 && c->marks.count - c->marks.written + n > INDEX_BATCH)
		r = table_flush(c, &c->marks);
	return r;
}

/* Books @cnt appended frames that end at c->end; make_room() came before. */
static void account(struct cart *c, const struct disk_frame *frames, unsigned cnt, size_t size)
{
	uint64_t address = c->end - size;

	for (unsigned i = 0; i < cnt; i++) {
		const struct disk_frame *f = &frames[i];
		struct object o = { address, le32_get(f->logical_size), le32_get(f->stored_size) };

		(void)index_put(c, &o, c->end_totals.objects);
		c->end_totals = frame_totals_after(f);
		c->written_bytes += o.logical_size;
		c->written_stored += o.stored_size;
		address += frame_size(&o);
	}
	c->position = c->end_totals.objects;
	c->file = c->end_totals.filemarks;
	if (!c->recalling)
		info_update(c);
}

/* ---- blocks ---- */

/* One write under way: iovecs in c->list (the first is left for a segment's header), frames in
 * c->frames. */
struct batch {
	unsigned cnt; /* objects */
	int iov_cnt;
	size_t size;          /* bytes, all frames with their data */
	struct totals totals; /* behind them */
};

static int list_reserve(struct cart *c, int cnt)
{
	struct iovec *list;

	if (c->list_size >= cnt)
		return 0;
	list = realloc(c->list, (size_t)cnt * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	c->list = list;
	c->list_size = cnt;
	return 0;
}

/* Exactly @size bytes of @iov. */
static void list_payload(struct cart *c, struct batch *b, const struct iovec *iov, int iov_cnt,
			 size_t size)
{
	for (int i = 0; i < iov_cnt && size > 0; i++) {
		size_t part = iov[i].iov_len < size ? iov[i].iov_len : size;

		c->list[b->iov_cnt++] = (struct iovec){ iov[i].iov_base, part };
		size -= part;
	}
}

static void describe(struct cart *c, struct disk_frame *f, const struct packed_block *b,
		     const struct totals *before)
{
	frame_make(c, f, b->size > 0 ? FRAME_BLOCK : FRAME_FILEMARK, before);
	f->codec = (uint8_t)b->codec;
	f->cipher = (uint8_t)b->cipher;
	f->logical_size = le32_from(b->size);
	f->stored_size = le32_from(b->stored_size);
	f->logical_crc = le32_from(b->logical_crc);
	f->stored_crc = le32_from(b->stored_crc);
	frame_seal(c, f);
}

/* Adds an object to the batch. */
static int batch_add(struct cart *c, struct batch *b, const struct write_item *item)
{
	const struct packed_block *p = &item->block;
	struct disk_frame *f = &c->frames[b->cnt];
	int r = list_reserve(c, b->iov_cnt + item->iov_cnt + 2);

	if (r < 0)
		return r;
	describe(c, f, p, &b->totals);
	c->list[b->iov_cnt++] = (struct iovec){ f, sizeof(*f) };
	if (p->packed != NULL)
		c->list[b->iov_cnt++] =
			(struct iovec){ (void *)(uintptr_t)p->packed, p->stored_size };
	else
		list_payload(c, b, item->iov, item->iov_cnt, p->size);
	b->cnt++;
	b->size += sizeof(*f) + p->stored_size;
	b->totals = frame_totals_after(f);
	return 0;
}

/* How many of @items go into one write: one segment, no more vectors than a call takes, and not
 * past the end of the medium. */
static unsigned batch_length(const struct cart *c, const struct write_item *items, unsigned cnt)
{
	uint64_t stored = c->end_totals.stored_bytes;
	uint64_t room = segment_room(c->end & (SEGMENT_SIZE - 1));
	int vectors = 1;
	unsigned n;

	if (sizeof(struct disk_frame) + items[0].block.stored_size > room)
		room = segment_room(DATA_START);
	for (n = 0; n < cnt && n < WRITE_BATCH; n++) {
		const struct packed_block *b = &items[n].block;
		size_t size = sizeof(struct disk_frame) + b->stored_size;

		vectors += 1 + items[n].iov_cnt;
		stored += b->stored_size;
		if (size > room || (n > 0 && vectors > WRITE_VECTORS))
			break;
		if (b->size > 0 && c->info.capacity_bytes > 0 && stored > c->info.capacity_bytes)
			break;
		room -= size;
	}
	return n;
}

int append_items(struct cart *c, const struct write_item *items, unsigned cnt, unsigned *ret_done)
{
	struct batch b = { .iov_cnt = 1, .totals = c->end_totals };
	unsigned n = batch_length(c, items, cnt);
	int r = n == 0 ? CART_E_FULL : make_room(c, n);

	*ret_done = 0;
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = batch_add(c, &b, &items[i]);
	if (r == 0)
		r = append(c, c->list, b.iov_cnt, b.size);
	if (r != 0)
		return r;
	account(c, c->frames, n, b.size);
	*ret_done = n;
	return 0;
}

/* ---- filemarks ---- */

int append_filemarks(struct cart *c, uint32_t count)
{
	struct totals t = c->end_totals;
	struct disk_frame *f;
	struct iovec iov[2];
	int r = buffer_reserve(&c->packed, &c->packed_size, count * sizeof(*f));

	if (r == 0)
		r = make_room(c, count);
	if (r < 0)
		return r;
	f = (struct disk_frame *)(void *)c->packed;
	for (uint32_t i = 0; i < count; i++) {
		frame_make(c, &f[i], FRAME_FILEMARK, &t);
		frame_seal(c, &f[i]);
		t = frame_totals_after(&f[i]);
	}
	iov[1] = (struct iovec){ f, count * sizeof(*f) };
	r = append(c, iov, 2, count * sizeof(*f));
	if (r == 0)
		account(c, f, count, count * sizeof(*f));
	return r;
}
