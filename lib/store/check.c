/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: reading a whole recording: for its digest, and to find what is damaged. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/cart.h"
#include "lib/store/reaper.h"

#define PROGRESS_BYTES (16u << 20)

/*
 * Reads the object at the position as cart_read_content() does, into memory of the caller that
 * grows. 0 (a block), CART_E_FILEMARK, CART_E_EOD, CART_E_DAMAGED, -errno.
 */
static int next_object(struct cart *c, uint8_t **block, size_t *block_size,
		       struct cart_content *ret_content)
{
	uint64_t position = c->position, file = c->file;
	struct iovec iov;
	int r;

	for (;;) {
		iov = (struct iovec){ *block, *block_size };
		r = cart_read_content(c, &iov, 1, *block_size, ret_content);
		if (r != 0 || ret_content->size <= *block_size)
			return r;
		c->position = position; /* longer than any block before: once more, whole */
		c->file = file;
		r = buffer_reserve(block, block_size, ret_content->size);
		if (r < 0)
			return r;
	}
}

/* Adds the objects from the position on to @d. 0; CART_E_DAMAGED: the position is behind it. */
static int add_objects(struct cart *c, struct cart_digest *d,
		       bool (*progress)(void *ctx, uint64_t object), void *ctx)
{
	uint8_t *block = NULL;
	size_t block_size = 0;
	struct cart_content content;
	uint64_t bytes = 0;
	int r = 0;

	while (r == 0 || r == CART_E_FILEMARK) {
		r = next_object(c, &block, &block_size, &content);
		if (r == 0)
			cart_digest_content(d, block, &content);
		else if (r == CART_E_FILEMARK)
			cart_digest_filemark(d);
		bytes += content.size;
		if (bytes >= PROGRESS_BYTES && progress != NULL) {
			bytes = 0;
			if (!progress(ctx, c->position))
				r = -ECANCELED;
		}
	}
	free(block);
	return r == CART_E_EOD ? 0 : r;
}

/* Adds the groups that are kept; the position is behind them then. */
static int add_kept(struct cart *c, struct cart_digest *d)
{
	struct cart_group group = { 0 };
	int r = 0;

	for (uint64_t n = 0; r == 0; n++) {
		r = digest_kept(c, n, group.end, &group);
		if (r == 0)
			cart_digest_group(d, &group);
	}
	return r == CART_E_ABSENT ? cart_locate(c, group.end) : r;
}

static void note_group(void *ctx, const struct cart_group *group)
{
	uint64_t *first = ctx;

	if (group->first < *first)
		*first = group->first;
}

static int find_digest(struct cart *c, struct cart_digest *d, bool quick,
		       bool (*progress)(void *ctx, uint64_t object), void *ctx,
		       uint64_t *ret_object)
{
	uint64_t first = UINT64_MAX;
	int r;

	c->position = c->file = 0;
	r = quick ? add_kept(c, d) : 0;
	if (r == 0)
		r = add_objects(c, d, progress, ctx);
	if (r == CART_E_DAMAGED) {
		*ret_object = c->position - 1;
		return r;
	}
	if (r == 0)
		r = cart_digest_compare(c, d, note_group, &first);
	if (r == CART_E_DAMAGED)
		*ret_object = first;
	return r;
}

static int make_digest(struct cart *c, bool quick, bool (*progress)(void *ctx, uint64_t object),
		       void *ctx, uint8_t ret_digest[CART_DIGEST_SIZE], uint64_t *ret_object)
{
	uint64_t position = c->position, file = c->file;
	struct cart_digest *d;
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	d = cart_digest_new();
	if (d == NULL)
		return -ENOMEM;
	r = find_digest(c, d, quick, progress, ctx, ret_object);
	c->position = position;
	c->file = file;
	if (r == 0) {
		cart_digest_end(d, ret_digest);
		ignore_result(cart_digest_keep(c, d)); /* they can be computed again */
	}
	cart_digest_free(d);
	return r;
}

int cart_compute_digest(struct cart *c, bool (*progress)(void *ctx, uint64_t object), void *ctx,
			uint8_t ret_digest[CART_DIGEST_SIZE], uint64_t *ret_object)
{
	return make_digest(c, false, progress, ctx, ret_digest, ret_object);
}

int cart_quick_digest(struct cart *c, bool (*progress)(void *ctx, uint64_t object), void *ctx,
		      uint8_t ret_digest[CART_DIGEST_SIZE], uint64_t *ret_object)
{
	return make_digest(c, true, progress, ctx, ret_digest, ret_object);
}

/* A verification under way. */
struct verifying {
	struct cart *c;
	struct cart_check check;
	struct cart_digest *digest; /* NULL: nobody asked for it */
	uint8_t *block;
	size_t block_size;
	bool (*tell)(void *ctx, uint64_t object, bool damaged);
	void *ctx;
	uint64_t told; /* bytes */
};

/* One object of a verification. 0, or what ends it. */
static int check_object(struct verifying *v)
{
	struct cart_check *check = &v->check;
	uint64_t at = v->c->position;
	struct cart_content content;
	int r = next_object(v->c, &v->block, &v->block_size, &content);
	bool damaged = r == CART_E_DAMAGED;

	check->blocks += r == 0;
	check->bytes += r == 0 ? content.logical_size : 0;
	check->filemarks += r == CART_E_FILEMARK;
	if (v->digest != NULL && r == 0)
		cart_digest_content(v->digest, v->block, &content);
	else if (v->digest != NULL && r == CART_E_FILEMARK)
		cart_digest_filemark(v->digest);
	if (damaged && check->damaged++ == 0)
		check->first_damaged = at;
	if (r != 0 && r != CART_E_FILEMARK && !damaged)
		return r;
	if (v->tell != NULL && (damaged || check->bytes - v->told >= PROGRESS_BYTES)) {
		v->told = check->bytes;
		if (!v->tell(v->ctx, at, damaged))
			return -ECANCELED;
	}
	return 0;
}

int cart_verify(struct cart *c, bool (*tell)(void *ctx, uint64_t object, bool damaged), void *ctx,
		struct cart_check *ret_check)
{
	struct verifying v = { .c = c, .tell = tell, .ctx = ctx };
	uint64_t position = c->position, file = c->file;
	int r = 0;

	c->position = c->file = 0;
	while (r == 0)
		r = check_object(&v);
	v.check.index_rebuilt = c->index_rebuilt;
	c->position = position;
	c->file = file;
	free(v.block);
	if (r != CART_E_EOD)
		return r;
	*ret_check = v.check;
	return 0;
}

/* ---- a group ---- */

#define PROBES 16u /* objects looked at where frames are damaged */

/* Logical bytes before object @n; where its frame is damaged, before one a little behind. */
static int bytes_before(struct cart *c, uint64_t n, uint64_t *ret_bytes)
{
	for (uint64_t i = n; i < n + PROBES && i < c->end_totals.objects; i++) {
		const struct disk_frame *f;
		const uint8_t *data;
		struct object o;
		int r = object_load(c, i, false, &o, &f, &data);

		if (r == 0)
			*ret_bytes = le64_get(f->logical_before);
		if (r != CART_E_DAMAGED)
			return r;
	}
	*ret_bytes = c->end_totals.logical_bytes;
	return 0;
}

int cart_group_at(struct cart *c, uint64_t first, struct cart_group *ret_group)
{
	uint64_t low = first + 1, high = first + CART_GROUP_OBJECTS, begin, bytes;
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (first >= c->end_totals.objects)
		return CART_E_EOD;
	if (high > c->end_totals.objects)
		high = c->end_totals.objects;
	r = bytes_before(c, first, &begin);
	while (r == 0 && low < high) { /* the first end with which it has enough bytes */
		uint64_t middle = low + (high - low) / 2;

		r = bytes_before(c, middle, &bytes);
		if (r == 0 && bytes - begin >= CART_GROUP_BYTES)
			high = middle;
		else
			low = middle + 1;
	}
	if (r == 0)
		r = bytes_before(c, high, &bytes);
	if (r != 0)
		return r;
	*ret_group = (struct cart_group){ .first = first, .end = high };
	ret_group->complete =
		high - first == CART_GROUP_OBJECTS || bytes - begin >= CART_GROUP_BYTES;
	return 0;
}

static int check_group(struct verifying *v, struct cart_group *group)
{
	const struct cart_group *found;
	uint8_t ignored[CART_DIGEST_SIZE];
	int r = cart_locate(v->c, group->first);

	while (r == 0 && v->c->position < group->end)
		r = check_object(v);
	if (r != 0 || v->digest == NULL || v->check.damaged > 0)
		return r == CART_E_EOD ? -EIO : r; /* it was longer a moment ago */
	cart_digest_end(v->digest, ignored);
	found = cart_digest_last_group(v->digest);
	if (found != NULL && found->first == 0)
		memcpy(group->digest, found->digest, sizeof(group->digest));
	return 0;
}

int cart_verify_group(struct cart *c, struct cart_group *group, bool digest,
		      bool (*tell)(void *ctx, uint64_t object, bool damaged), void *ctx,
		      struct cart_check *ret_check)
{
	struct verifying v = { .c = c, .tell = tell, .ctx = ctx };
	uint64_t position = c->position, file = c->file;
	int r = 0;

	memset(group->digest, 0, sizeof(group->digest));
	if (digest) {
		v.digest = cart_digest_new();
		if (v.digest == NULL)
			return -ENOMEM;
	}
	r = check_group(&v, group);
	v.check.index_rebuilt = c->index_rebuilt;
	cart_digest_free(v.digest);
	c->position = position;
	c->file = file;
	free(v.block);
	if (r == 0)
		*ret_check = v.check;
	return r;
}

static_assert(sizeof(((struct cart_place *)0)->file) >= FILE_NAME_BYTES, "a name fits");

int cart_place(struct cart *c, uint64_t number, struct cart_place *ret_place)
{
	struct object o = { 0 };
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (number >= c->end_totals.objects)
		return CART_E_EOD;
	r = index_get(c, number, &o);
	if (r == 0 && (o.address == INDEX_DAMAGED || o.address >= ADDRESS_LIMIT))
		r = CART_E_DAMAGED;
	if (r != 0)
		return r;
	segment_file_name(ret_place->file, c->stream, o.address >> SEGMENT_SHIFT);
	ret_place->offset = o.address & (SEGMENT_SIZE - 1);
	return 0;
}

int cart_object(struct cart *c, uint64_t number, struct cart_object *ret_object)
{
	struct cart_object object = { .number = number };
	const struct disk_frame *f;
	const uint8_t *data;
	struct object o;
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (number >= c->end_totals.objects)
		return CART_E_EOD;
	r = object_load(c, number, false, &o, &f, &data);
	if (r == 0) {
		object.file = le64_get(f->file);
		object.address = o.address;
		object.size = le32_get(f->logical_size);
		object.stored_size = le32_get(f->stored_size);
		object.codec = (enum cart_codec)f->codec;
		object.encrypted = f->cipher != CIPHER_NONE;
	} else if (r == CART_E_DAMAGED) {
		object.damaged = true;
		r = marks_before(c, number, &object.file);
	}
	if (r == 0)
		*ret_object = object;
	return r;
}
