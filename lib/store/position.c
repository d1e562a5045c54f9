/* SPDX-License-Identifier: Apache-2.0 */
/*
 * position.c: moving without reading.  All moves are made on the tables, and proven by the one
 * frame that they lead to: O(log n) whatever the length of the recording.
 */
#include <errno.h>

#include "lib/store/cart.h"

static bool past_early_warning(const struct cart *c)
{
	struct totals t = c->end_totals;

	/* only the end is known without a look at the medium */
	if (c->info.capacity_bytes == 0 || c->position != t.objects)
		return false;
	return t.stored_bytes + c->info.early_warning_bytes >= c->info.capacity_bytes;
}

void cart_position(const struct cart *c, struct cart_position *ret_position)
{
	*ret_position = (struct cart_position){
		.object = c->position,
		.file = c->file,
		.bop = c->position == 0,
		.eod = c->position == c->end_totals.objects,
		.early_warning = past_early_warning(c),
	};
}

int cart_stored_before(struct cart *c, uint64_t *ret_bytes)
{
	const struct disk_frame *f;
	const uint8_t *data;
	struct object o;
	int r;

	*ret_bytes = c->end_totals.stored_bytes;
	if (!c->resident || c->position >= c->end_totals.objects)
		return 0;
	r = object_load(c, c->position, false, &o, &f, &data);
	if (r == 0)
		*ret_bytes = frame_totals_before(f).stored_bytes;
	return r;
}

void cart_seek(struct cart *c, uint64_t object, uint64_t file)
{
	c->position = object;
	c->file = file;
}

void go_eod(struct cart *c)
{
	cart_seek(c, c->end_totals.objects, c->end_totals.filemarks);
}

int repair_and_retry(struct cart *c, int r)
{
	if (r != CART_E_DAMAGED || c->index_rebuilt)
		return r == CART_E_DAMAGED ? -EIO : r;
	r = rebuild_index(c);
	return r == 0 ? -EAGAIN : r;
}

int cart_locate(struct cart *c, uint64_t object)
{
	uint64_t file;
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (object >= c->end_totals.objects) {
		go_eod(c);
		return object == c->end_totals.objects ? 0 : CART_E_EOD;
	}
	do {
		r = repair_and_retry(c, file_before(c, object, &file));
	} while (r == -EAGAIN);
	if (r == 0)
		cart_seek(c, object, file);
	return r;
}

int mark_get(struct cart *c, uint64_t n, uint64_t *ret_object)
{
	const struct disk_frame *f;
	const uint8_t *data;
	bool rebuilt = c->index_rebuilt;
	struct object o;
	int r = marks_get(c, n, ret_object);

	if (r != 0)
		return r;
	if (*ret_object < n || *ret_object >= c->end_totals.objects)
		return CART_E_DAMAGED;
	r = object_load(c, *ret_object, false, &o, &f, &data);
	if (c->index_rebuilt != rebuilt)
		return mark_get(c, n, ret_object); /* once: the marks are new ones now, too */
	if (r == 0 && (f->type != FRAME_FILEMARK || le64_get(f->file) != n))
		return CART_E_DAMAGED;
	if (r == CART_E_DAMAGED && (o.address == INDEX_DAMAGED || o.logical_size == 0))
		return 0;
	return r;
}

int file_start(struct cart *c, uint64_t file, uint64_t *ret_object)
{
	int r;

	*ret_object = 0;
	if (file == 0)
		return 0;
	do {
		r = repair_and_retry(c, mark_get(c, file - 1, ret_object));
	} while (r == -EAGAIN);
	if (r == 0)
		(*ret_object)++;
	return r;
}

int cart_locate_file(struct cart *c, uint64_t file)
{
	uint64_t object;
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (file > c->end_totals.filemarks) {
		go_eod(c);
		return CART_E_EOD;
	}
	r = file_start(c, file, &object);
	if (r == 0)
		cart_seek(c, object, file);
	return r;
}

int cart_space_eod(struct cart *c)
{
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	go_eod(c);
	return 0;
}

static int space_forward(struct cart *c, uint64_t count, uint64_t *ret_residual)
{
	uint64_t mark = c->end_totals.objects; /* the next filemark, or end-of-data */
	bool is_mark = c->file < c->end_totals.filemarks;
	int r;

	if (is_mark) {
		r = file_start(c, c->file + 1, &mark);
		if (r != 0)
			return r;
		mark--;
	}
	if (count <= mark - c->position) {
		cart_seek(c, c->position + count, c->file);
		return 0;
	}
	*ret_residual = count - (mark - c->position);
	if (!is_mark) {
		go_eod(c);
		return CART_E_EOD;
	}
	cart_seek(c, mark + 1, c->file + 1);
	return CART_E_FILEMARK;
}

static int space_backward(struct cart *c, uint64_t count, uint64_t *ret_residual)
{
	uint64_t start; /* of the logical file that we are in */
	int r = file_start(c, c->file, &start);

	if (r != 0)
		return r;
	if (count <= c->position - start) {
		cart_seek(c, c->position - count, c->file);
		return 0;
	}
	*ret_residual = count - (c->position - start);
	if (c->file == 0) {
		cart_seek(c, 0, 0);
		return CART_E_BOP;
	}
	cart_seek(c, start - 1, c->file - 1);
	return CART_E_FILEMARK;
}

uint64_t magnitude(int64_t count)
{
	return count < 0 ? (uint64_t)0 - (uint64_t)count : (uint64_t)count;
}

int cart_space_blocks(struct cart *c, int64_t count, uint64_t *ret_residual)
{
	*ret_residual = 0;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	return count < 0 ? space_backward(c, magnitude(count), ret_residual)
			 : space_forward(c, magnitude(count), ret_residual);
}

int cart_space_filemarks(struct cart *c, int64_t count, uint64_t *ret_residual)
{
	uint64_t n = magnitude(count), object;
	uint64_t left = c->end_totals.filemarks - c->file;
	int r;

	*ret_residual = 0;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (n == 0)
		return 0;
	if (count > 0 && n > left) {
		*ret_residual = n - left;
		go_eod(c);
		return CART_E_EOD;
	}
	if (count < 0 && n > c->file) {
		*ret_residual = n - c->file;
		cart_seek(c, 0, 0);
		return CART_E_BOP;
	}
	if (count > 0) {
		r = file_start(c, c->file + n, &object);
		if (r == 0)
			cart_seek(c, object, c->file + n);
		return r;
	}
	r = file_start(c, c->file - n + 1, &object);
	if (r == 0)
		cart_seek(c, object - 1, c->file - n);
	return r;
}
