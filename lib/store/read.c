/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c: from an object's number to its data, with every check on the way.
 *
 * The index is believed only where the frame that it names is whole and says the same number (I4).
 * Where it does not, either the frame is damaged or the index lies; the frame before decides: when
 * it is whole and ends where the index says that this one begins, the index is right.  A lying
 * index is made anew once per open (P4).
 */
#include <errno.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

/*
 * Reads the frame that @o names into c->buffer.  Where the frame is whole, its own sizes are the
 * true ones: the index may lie about them.  CART_E_DAMAGED where there is no such frame or its data
 * ends early.
 */
static int load_frame(struct cart *c, uint64_t number, bool with_data, struct object *o)
{
	for (;;) {
		size_t size = sizeof(struct disk_frame) + (with_data ? o->stored_size : 0), got = 0;
		int r = buffer_reserve(&c->buffer, &c->buffer_size, size);
		struct disk_frame f;

		if (r == 0)
			r = c->backend->ops->read(c->backend, c->stream, o->address, c->buffer,
						  size, &got);
		if (r == -EIO)
			return CART_E_DAMAGED; /* a bad sector below: this block, not the medium */
		if (r < 0)
			return r;
		if (got < sizeof(f))
			return CART_E_DAMAGED;
		memcpy(&f, c->buffer, sizeof(f));
		if (!frame_counts(c, &f, number))
			return CART_E_DAMAGED;
		if (le32_get(f.logical_size) == o->logical_size &&
		    le32_get(f.stored_size) == o->stored_size)
			return got == size ? 0 : CART_E_DAMAGED;
		o->logical_size = le32_get(f.logical_size);
		o->stored_size = le32_get(f.stored_size);
	}
}

static bool is_frame_at(struct cart *c, uint64_t number, uint64_t address)
{
	struct object o = { .address = address };

	return load_frame(c, number, false, &o) == 0;
}

/*
 * The frame of @number - 1 is whole and ends where @o begins; in the next segment only where it is
 * not in this one all the same: an entry may be left of an older, longer object.
 */
static bool index_fits_before(struct cart *c, uint64_t number, const struct object *o)
{
	struct object before;
	uint64_t end;

	if (number == 0)
		return o->address == DATA_START;
	if (index_get(c, number - 1, &before) != 0 || before.address == INDEX_DAMAGED ||
	    load_frame(c, number - 1, false, &before) != 0)
		return false;
	end = before.address + frame_size(&before);
	if (end == o->address)
		return !is_frame_at(c, number, next_segment(end));
	return next_segment(end) == o->address && !is_frame_at(c, number, end);
}

/* Loads the frame as the index has it now. */
static int load_once(struct cart *c, uint64_t number, bool with_data, struct object *o)
{
	int r = index_get(c, number, o);

	if (r != 0)
		return r;
	return o->address == INDEX_DAMAGED ? CART_E_DAMAGED : load_frame(c, number, with_data, o);
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
	if (r == CART_E_DAMAGED && !c->index_rebuilt) {
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

int file_before(struct cart *c, uint64_t object, uint64_t *ret_file)
{
	const struct disk_frame *f;
	const uint8_t *data;
	struct object o;
	int r;

	if (object == c->end_totals.objects) {
		*ret_file = c->end_totals.filemarks;
		return 0;
	}
	r = object_load(c, object, false, &o, &f, &data);
	if (r == CART_E_DAMAGED)
		return marks_before(c, object, ret_file); /* the best that is left */
	if (r == 0)
		*ret_file = le64_get(f->file);
	return r;
}

/* ---- runs of objects ---- */

int run_plan(struct cart *c, uint64_t first, size_t max, struct read_run *ret_run)
{
	struct read_run *run = ret_run;
	size_t blocks = 0;
	uint64_t next = 0;
	int r = 0;

	run->first = first;
	run->cnt = 0;
	run->size = 0;
	if (first >= c->end_totals.objects)
		return CART_E_EOD;
	while (run->cnt < READ_RUN && first + run->cnt < c->end_totals.objects) {
		struct object *o = &run->objects[run->cnt];

		r = index_get(c, first + run->cnt, o);
		if (r == 0 && o->address == INDEX_DAMAGED)
			r = CART_E_DAMAGED;
		if (r != 0 || (run->cnt > 0 && o->address != next))
			break;
		run->size += frame_size(o);
		blocks += o->logical_size;
		if (run->cnt > 0 && (run->size > max || blocks > max)) {
			run->size -= frame_size(o);
			break;
		}
		next = o->address + frame_size(o);
		run->cnt++;
	}
	return run->cnt > 0 ? 0 : r;
}

int run_load(struct cart *c, const struct read_run *run, void *buf, size_t *ret_size)
{
	int r = c->backend->ops->read(c->backend, c->stream, run->objects[0].address, buf,
				      run->size, ret_size);

	return r == -EIO ? CART_E_DAMAGED : r;
}

bool run_check(const struct cart *c, uint64_t number, const struct object *o, const void *frame)
{
	struct disk_frame f;

	memcpy(&f, frame, sizeof(f));
	return frame_counts(c, &f, number) && le32_get(f.logical_size) == o->logical_size &&
	       le32_get(f.stored_size) == o->stored_size &&
	       crc32c(0, (const uint8_t *)frame + sizeof(f), o->stored_size) ==
		       le32_get(f.stored_crc);
}

/* ---- one block ---- */

/* Brings a whole frame's block into the caller's buffer; *ret_length is its length. */
static int deliver(struct cart *c, const struct cart_crypt *crypt, const struct disk_frame *f,
		   const struct iovec *iov, int iov_cnt, size_t size, size_t *ret_length)
{
	size_t logical = le32_get(f->logical_size), stored = le32_get(f->stored_size);
	const uint8_t *data = (const uint8_t *)f + sizeof(*f);
	struct crypt_envelope e;
	int r;

	if (f->cipher != CIPHER_NONE && crypt->decrypt == CART_DECRYPT_RAW) {
		if (!crypt_envelope_parse(data, stored, &e))
			return CART_E_DAMAGED;
		if (e.no_raw)
			return CART_E_NO_RAW;
		logical = stored;
	} else if (f->codec != CART_CODEC_NONE || f->cipher != CIPHER_NONE ||
		   crypt->decrypt == CART_DECRYPT_ON) {
		r = buffer_reserve(&c->packed, &c->packed_size, logical);
		if (r == 0 && cart_own_codec(c) == NULL)
			r = -ENOMEM;
		if (r == 0)
			r = block_unpack(crypt, c->codec, f, c->packed);
		if (r != 0)
			return r;
		data = c->packed;
	}
	iov_put(iov, iov_cnt, data, size < logical ? size : logical);
	*ret_length = logical;
	return 0;
}

/* The same for what is carried about. */
static int deliver_content(struct cart *c, const struct disk_frame *f, const struct iovec *iov,
			   int iov_cnt, size_t size, struct cart_content *ret_content)
{
	const uint8_t *data = (const uint8_t *)f + sizeof(*f);
	static const struct cart_crypt none;

	ret_content->logical_size = le32_get(f->logical_size);
	ret_content->encrypted = f->cipher != CIPHER_NONE;
	if (ret_content->encrypted) {
		ret_content->size = le32_get(f->stored_size);
		iov_put(iov, iov_cnt, data, size < ret_content->size ? size : ret_content->size);
		return 0;
	}
	return deliver(c, &none, f, iov, iov_cnt, size, &ret_content->size);
}

/* The outcomes that only another key, or none, can change. */
static bool is_about_keys(int r)
{
	return r == CART_E_ENCRYPTED || r == CART_E_WRONG_KEY || r == CART_E_TAMPERED ||
	       r == CART_E_UNENCRYPTED || r == CART_E_NO_RAW;
}

/* One of the two is wanted: @ret_length or @ret_content. */
static int read_object(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size,
		       size_t *ret_length, struct cart_content *ret_content)
{
	const struct disk_frame *f = NULL;
	const uint8_t *data = NULL;
	struct object o;
	int r;

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
		r = ret_content != NULL ? deliver_content(c, f, iov, iov_cnt, size, ret_content)
					: deliver(c, &c->crypt, f, iov, iov_cnt, size, ret_length);
	if (r < 0 || is_about_keys(r))
		return r;
	c->position++;
	if (r == CART_E_DAMAGED) { /* it may have been a filemark */
		int m = file_before(c, c->position, &c->file);

		*(ret_content != NULL ? &ret_content->size : ret_length) = o.logical_size;
		return m < 0 ? m : r;
	}
	c->read_bytes += o.logical_size;
	c->read_stored += o.stored_size;
	c->read_sum = frame_sum(f);
	return r;
}

int cart_read(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size, size_t *ret_length)
{
	*ret_length = 0;
	return read_object(c, iov, iov_cnt, size, ret_length, NULL);
}

int cart_read_content(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size,
		      struct cart_content *ret_content)
{
	*ret_content = (struct cart_content){ 0 };
	return read_object(c, iov, iov_cnt, size, NULL, ret_content);
}

/* ---- what comes next ---- */

static void describe_envelope(const struct cart *c, const uint8_t *data, size_t size,
			      struct cart_next *next)
{
	struct crypt_envelope e;

	if (!crypt_envelope_parse(data, size, &e))
		return;
	next->kind = CART_NEXT_ENCRYPTED;
	next->codec = e.codec;
	next->no_raw = e.no_raw;
	next->kads.format = e.kad_format;
	for (unsigned i = 0; i < CRYPT_KADS; i++) {
		next->kads.size[i] = e.kad_size[i];
		memcpy(next->kads.data[i], e.kad[i], e.kad_size[i]);
	}
	next->key_fits =
		(c->crypt.decrypt == CART_DECRYPT_ON || c->crypt.decrypt == CART_DECRYPT_MIXED) &&
		crypt_key_fits(c->crypt.key, data, size);
}

int cart_next(struct cart *c, struct cart_next *ret_next)
{
	const struct disk_frame *f = NULL;
	const uint8_t *data = NULL;
	struct object o;
	int r;

	memset(ret_next, 0, sizeof(*ret_next));
	if (!c->resident || c->position >= c->end_totals.objects)
		return 0;
	r = object_load(c, c->position, true, &o, &f, &data);
	if (r != 0)
		return r < 0 ? r : 0;
	if (f->type == FRAME_FILEMARK) {
		ret_next->kind = CART_NEXT_FILEMARK;
	} else if (f->cipher == CIPHER_NONE) {
		ret_next->kind = CART_NEXT_PLAIN;
		ret_next->codec = f->codec;
	} else {
		describe_envelope(c, data, o.stored_size, ret_next);
	}
	return 0;
}
