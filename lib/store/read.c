/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c: from an object's number to its data, with every check on the way.
 *
 * The index is believed only where the frame that it names is whole and says the same number. Where
 * it does not, either the frame is damaged or the index lies; the frame before decides: when it is
 * whole and ends where the index says that this one begins, the index is right.  A lying index is
 * made anew once per open (P4).
 */
#include <errno.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

/* Reads frame header and data of @o into c->buffer. CART_E_DAMAGED where the data ends before. */
static int load_bytes(struct cart *c, const struct object *o, bool with_data)
{
	size_t size = sizeof(struct disk_frame) + (with_data ? o->stored_size : 0), got = 0;
	int r = buffer_reserve(&c->buffer, &c->buffer_size, size);

	if (r == 0)
		r = c->backend->ops->read(c->backend, c->stream, o->address, c->buffer, size, &got);
	if (r == -EIO)
		return CART_E_DAMAGED; /* a bad sector below: this block, not the whole medium */
	if (r < 0)
		return r;
	return got == size ? 0 : CART_E_DAMAGED;
}

static int check_frame(const struct cart *c, const struct object *o, uint64_t number)
{
	struct disk_frame f;

	memcpy(&f, c->buffer, sizeof(f));
	if (!frame_counts(c, &f, number) || le32_get(f.logical_size) != o->logical_size ||
	    le32_get(f.stored_size) != o->stored_size)
		return CART_E_DAMAGED;
	return 0;
}

/* The frame of @number - 1 is whole and ends where @o begins. */
static bool index_fits_before(struct cart *c, uint64_t number, const struct object *o)
{
	struct object before;

	if (number == 0)
		return o->address == DATA_START;
	if (index_get(c, number - 1, &before) != 0 || before.address == INDEX_DAMAGED ||
	    load_bytes(c, &before, false) != 0 || check_frame(c, &before, number - 1) != 0)
		return false;
	return before.address + frame_size(&before) == o->address ||
	       (o->address & (SEGMENT_SIZE - 1)) == DATA_START;
}

/* Loads the frame as the index has it now. */
static int load_once(struct cart *c, uint64_t number, bool with_data, struct object *o)
{
	int r = index_get(c, number, o);

	if (r != 0)
		return r;
	if (o->address == INDEX_DAMAGED)
		return CART_E_DAMAGED;
	r = load_bytes(c, o, with_data);
	return r != 0 ? r : check_frame(c, o, number);
}

int object_load(struct cart *c, uint64_t number, bool with_data, struct object *ret_object,
		const struct disk_frame **ret_frame, const uint8_t **ret_data)
{
	struct object o = { .address = INDEX_DAMAGED };
	int r = load_once(c, number, with_data, &o);

	if (r == CART_E_DAMAGED && o.address != INDEX_DAMAGED && index_fits_before(c, number, &o)) {
		*ret_object = o; /* the index is right: the frame is damaged */
		return r;
	}
	if (r == CART_E_DAMAGED && !c->index_rebuilt && !c->changed) {
		r = rebuild_index(c);
		if (r == 0)
			r = load_once(c, number, with_data, &o);
	}
	*ret_object = o;
	if (r != 0)
		return r;
	*ret_frame = (const struct disk_frame *)(const void *)c->buffer;
	*ret_data = c->buffer + sizeof(struct disk_frame);
	if (with_data && crc32c(0, *ret_data, o.stored_size) != le32_get((*ret_frame)->stored_crc))
		return CART_E_DAMAGED;
	return 0;
}

int totals_at(struct cart *c, uint64_t number, struct totals *ret_totals)
{
	const struct disk_frame *f;
	const uint8_t *data;
	struct object o;
	int r;

	if (number == 0) {
		*ret_totals = (struct totals){ 0 };
		return 0;
	}
	if (number == c->end_totals.objects) {
		*ret_totals = c->end_totals;
		return 0;
	}
	r = object_load(c, number, false, &o, &f, &data);
	if (r == 0) {
		*ret_totals = frame_totals_before(f);
		return 0;
	}
	if (r < 0)
		return r;
	/* the frame is damaged: from the one before, or further back */
	r = totals_at(c, number - 1, ret_totals);
	if (r != 0 || index_get(c, number - 1, &o) != 0)
		return r;
	ret_totals->objects = number;
	ret_totals->filemarks += o.logical_size == 0;
	ret_totals->logical_bytes += o.logical_size;
	ret_totals->stored_bytes += o.stored_size;
	return 0;
}

/* Brings a whole frame's block into the caller's buffer. */
static int deliver(struct cart *c, const struct disk_frame *f, const uint8_t *data,
		   const struct iovec *iov, int iov_cnt, size_t size)
{
	size_t logical = le32_get(f->logical_size), stored = le32_get(f->stored_size);
	int r;

	if (f->codec != CART_CODEC_NONE) {
		r = buffer_reserve(&c->packed, &c->packed_size, logical);
		if (r == 0)
			r = codec_unpack(f->codec, data, stored, c->packed, logical);
		if (r != 0)
			return r;
		data = c->packed;
		if (crc32c(0, data, logical) != le32_get(f->logical_crc))
			return CART_E_DAMAGED;
	}
	iov_put(iov, iov_cnt, data, size < logical ? size : logical);
	return 0;
}

int cart_read(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size, size_t *ret_length)
{
	const struct disk_frame *f = NULL;
	const uint8_t *data = NULL;
	struct object o;
	int r;

	*ret_length = 0;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (c->position >= c->end_totals.objects)
		return CART_E_EOD;
	r = object_load(c, c->position, true, &o, &f, &data);
	if (r == 0 && f->type == FRAME_FILEMARK) {
		c->position++;
		c->file++;
		return CART_E_FILEMARK;
	}
	if (r == 0)
		r = deliver(c, f, data, iov, iov_cnt, size);
	if (r < 0)
		return r;
	*ret_length = o.logical_size;
	c->position++;
	if (r == CART_E_DAMAGED) { /* it may have been a filemark: the marks know */
		int m = marks_before(c, c->position, &c->file);

		return m < 0 ? m : r;
	}
	c->read_bytes += o.logical_size;
	return r;
}
