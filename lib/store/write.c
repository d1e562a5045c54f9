/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.c: appending, syncing, and ending a recording at a new place.
 *
 * The order that makes a crash harmless:
 *   1. A change that is not a plain append in an epoch that this open began, begins an epoch: sync
 * the data, write the header (the old frames at and behind the new end are dead from here on), only
 * then cut files.
 *   2. Frames are appended; nothing else is written, no sync.
 *   3. A sync makes frames stable; the next frame says so in `stable`.
 * An epoch whose header could not be written may be on the disk all the same; the next one heals
 * that. A sync that fails cannot be trusted when repeated (the kernel may have dropped the pages):
 * the recording is cut back to what was stable, and the caller is told.
 */
#include <errno.h>

#include "lib/base/clock.h"
#include "lib/store/cart.h"

#define MARKS_BATCH INDEX_BATCH /* filemarks written with one system call */

void info_update(struct cart *c)
{
	c->info.objects = c->end_totals.objects;
	c->info.filemarks = c->end_totals.filemarks;
	c->info.blocks = c->end_totals.objects - c->end_totals.filemarks;
	c->info.logical_bytes = c->end_totals.logical_bytes;
	c->info.stored_bytes = c->end_totals.stored_bytes;
}

/* The frame of @number is whole: its address, and the sums before it. */
static int place_at(struct cart *c, uint64_t number, struct totals *ret_totals,
		    uint64_t *ret_address)
{
	const struct disk_frame *f;
	const uint8_t *data;
	struct object o;
	int r = object_load(c, number, false, &o, &f, &data);

	if (r != 0)
		return r;
	*ret_totals = frame_totals_before(f);
	*ret_address = o.address;
	return 0;
}

/*
 * Where the recording would end if object @number were the next: the sums before, and the address,
 * which only whole frames prove: a lying index must not decide what is cut.  Where the objects
 * before are damaged, the new end is in a segment of its own (I6); *ret_cut is where the files are
 * cut in any case.
 */
static int end_before(struct cart *c, uint64_t number, struct totals *ret_totals,
		      uint64_t *ret_address, uint64_t *ret_cut)
{
	struct totals t = { 0 };
	uint64_t address = DATA_START, n = number;
	int r = CART_E_DAMAGED;

	if (number == c->end_totals.objects) {
		*ret_totals = c->end_totals;
		*ret_address = *ret_cut = c->end;
		return 0;
	}
	if (number > 0)
		r = place_at(c, number, &t, &address);
	while (r == CART_E_DAMAGED && n > 0) {
		const struct disk_frame *f;
		const uint8_t *data;
		struct object o;

		r = object_load(c, --n, false, &o, &f, &data);
		if (r == 0) {
			t = frame_totals_after(f);
			address = o.address + frame_size(&o);
		}
	}
	if (r < 0)
		return r;
	*ret_cut = address;
	if (t.objects < number) {
		address = next_segment(address + (number - t.objects) * sizeof(struct disk_frame));
		t.objects = number;
		r = marks_before(c, number, &t.filemarks);
		if (r != 0)
			return r == CART_E_DAMAGED ? -EIO : r;
	}
	*ret_totals = t;
	*ret_address = address;
	return 0;
}

void next_generation(struct cart *c)
{
	for (unsigned i = 0; i < c->info.copies_cnt; i++)
		if (c->info.copies[i].generation == CART_GENERATION_UNKNOWN)
			c->info.copies[i].generation = 0; /* of whatever was before */
	c->info.generation++;
}

/* Writes the header of a new epoch that ends at @t and @address. All or nothing. */
static int epoch_header(struct cart *c, const struct totals *t, uint64_t address)
{
	struct cart_info old = c->info;
	struct totals old_totals = c->end_totals;
	uint64_t old_object = c->epoch_object, old_address = c->epoch_address, old_end = c->end;
	bool old_clean = c->clean;
	bool old_encrypted = c->encrypted;
	int r;

	if (t->objects == 0)
		c->encrypted = false; /* blank: any reader may have it again */
	c->info.epoch = c->last_epoch + 1;
	c->epoch_object = t->objects;
	c->epoch_address = c->end = address;
	c->end_totals = *t;
	c->clean = false;
	if (!c->recalling) {
		info_update(c);
		if (!c->changed || c->told)
			next_generation(c);
		c->info.last_write_s = clock_wall_s();
		if (c->info.state == CART_PREMIGRATED)
			c->info.state =
				CART_RESIDENT; /* the copies are of an older generation now */
	}
	r = header_store(c);
	c->unsure = r != 0;
	if (r == 0) {
		c->told = false;
		return 0;
	}
	c->info = old;
	c->end_totals = old_totals;
	c->epoch_object = old_object;
	c->epoch_address = old_address;
	c->end = old_end;
	c->clean = old_clean;
	c->encrypted = old_encrypted;
	c->epoch_open =
		false; /* the disk may have the new one: no frame of the old one counts then */
	return r;
}

/* A sync failed: what was not stable before may be lost, whatever the page cache still shows. */
static int cut_to_stable(struct cart *c, int error)
{
	uint64_t stable = c->stable;
	int r;

	if (c->recalling) {
		c->broken = true; /* the recall is aborted as a whole */
		return error;
	}
	r = epoch_begin(c, stable);
	if (r != 0)
		c->broken = true; /* the next open finds out what is left */
	c->position = c->end_totals.objects;
	c->file = c->end_totals.filemarks;
	return error;
}

/* Makes everything stable. -errno: it is not, and the recording ends at what is. */
int sync_or_cut(struct cart *c)
{
	int r = c->backend->ops->sync(c->backend);

	if (r == -ENOSPC || r == -EDQUOT)
		r = -EIO; /* what was acknowledged is gone: not what "no space" says, that nothing
			     is */
	if (r < 0)
		return cut_to_stable(c, r);
	if (header_check_fence(c) == -ESTALE) { /* nobody will ever count what has been synced */
		c->broken = true;
		return -ESTALE;
	}
	c->stable = c->end_totals.objects;
	return 0;
}

int epoch_begin(struct cart *c, uint64_t end_object)
{
	struct totals t;
	uint64_t address, cut;
	int r = c->stable < end_object ? sync_or_cut(c) : 0; /* I1 */

	if (r == 0)
		r = end_before(c, end_object, &t, &address, &cut);
	if (r != 0)
		return outcome_of(r);
	r = epoch_header(c, &t, address);
	if (r != 0)
		return r;
	c->changed = true;
	c->stable = t.objects;
	/* what lies behind is dead already; cutting it makes room and must be finished before
	 * anything is appended there */
	r = c->backend->ops->truncate(c->backend, c->stream, cut);
	if (r == 0)
		r = table_cut(c, &c->index, t.objects);
	if (r == 0)
		r = marks_fit(c, &t);
	c->broken = r != 0;
	c->epoch_open = r == 0;
	return outcome_of(r);
}

static int prepare(struct cart *c)
{
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (!cart_is_writable(c))
		return CART_E_PROTECTED;
	if (c->broken)
		return -EIO;
	if (c->epoch_open && c->position == c->end_totals.objects)
		return 0;
	if (c->recalling)
		return -EINVAL; /* the digest has counted what would be cut */
	r = medium_check_overwrite(c);
	return r != 0 ? r : epoch_begin(c, c->position);
}

/* Nothing has been cut since the recording had @objects: the next one may follow. */
static bool is_appending(const struct cart *c, uint64_t objects)
{
	return !c->broken && c->epoch_open && c->end_totals.objects == objects;
}

static bool early_warning(const struct cart *c)
{
	return c->info.capacity_bytes > 0 &&
	       c->end_totals.stored_bytes + c->info.early_warning_bytes >= c->info.capacity_bytes;
}

static int done(const struct cart *c)
{
	return early_warning(c) ? CART_E_EARLY_WARNING : 0;
}

size_t iov_size(const struct iovec *iov, int iov_cnt)
{
	size_t size = 0;

	for (int i = 0; i < iov_cnt; i++)
		size += iov[i].iov_len;
	return size;
}

/*
 * What was encrypted as one object cannot be another: the reader would refuse it.  And the header
 * says that there are encrypted blocks before there is one: a reader that does not know of them
 * must not take a frame for damaged.
 */
static int admit_encrypted(struct cart *c, const struct write_item *items, unsigned cnt)
{
	bool encrypted = false;
	int r;

	for (unsigned i = 0; i < cnt; i++) {
		if (items[i].block.cipher == CIPHER_NONE)
			continue;
		if (items[i].block.object != c->end_totals.objects + i)
			return -EINVAL;
		encrypted = true;
	}
	if (!encrypted || cart_has_encrypted(c))
		return 0;
	c->encrypted = true;
	r = header_store(c);
	if (r != 0)
		c->encrypted = false;
	return r;
}

static void digest_items(struct cart *c, const struct write_item *items, unsigned cnt)
{
	for (unsigned i = 0; i < cnt; i++) {
		const struct packed_block *b = &items[i].block;
		const struct cart_content content = { b->stored_size, b->size, true };

		if (b->size == 0)
			cart_digest_filemark(c->recall_digest);
		else if (b->cipher != CIPHER_NONE)
			cart_digest_content(c->recall_digest, b->packed, &content);
		else
			cart_digest_iov(c->recall_digest, items[i].iov, items[i].iov_cnt, b->size);
	}
}

int cart_write_items(struct cart *c, const struct write_item *items, unsigned cnt,
		     unsigned *ret_done)
{
	int r = 0;

	*ret_done = 0;
	while (r == 0 && *ret_done < cnt) {
		uint64_t objects = c->end_totals.objects;
		unsigned n = 0;

		r = prepare(c);
		if (r == 0)
			r = admit_encrypted(c, items + *ret_done, cnt - *ret_done);
		if (r != 0)
			break;
		r = append_items(c, items + *ret_done, cnt - *ret_done, &n);
		if (r < 0 && cnt - *ret_done > 1 && is_appending(c, objects))
			r = append_items(c, items + *ret_done, 1, &n); /* what fits, fits */
		if (r == 0 && c->recall_digest != NULL)
			digest_items(c, items + *ret_done, n);
		*ret_done += n;
	}
	return r != 0 ? outcome_of(r) : done(c);
}

bool sum_is(const struct block_sum *expected, const struct packed_block *block)
{
	if (!expected->known)
		return true;
	if (block->cipher == CIPHER_NONE)
		return expected->crc32c == block->logical_crc;
	return block->plain.known && expected->crc32c == block->plain.crc32c;
}

int cart_write(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size)
{
	struct write_item item = { .iov = iov, .iov_cnt = iov_cnt };
	const struct block_sum expected = c->expected_sum;
	struct pack_job job = { c, c->info.codec, 0, iov, iov_cnt, size, expected.known };
	unsigned n;
	int r;

	c->expected_sum.known = false;
	if (size == 0 || size > CART_MAX_BLOCK || iov_size(iov, iov_cnt) < size ||
	    (c->crypt.encrypt && size > CART_MAX_ENCRYPTED))
		return -EINVAL;
	if ((c->crypt.encrypt || c->info.codec != CART_CODEC_NONE) && cart_own_codec(c) == NULL)
		return -ENOMEM;
	r = prepare(c); /* before the work of packing: it may be refused */
	job.object = c->end_totals.objects;
	if (r == 0)
		r = block_pack(c->codec, &job, &item.block);
	if (r == 0 && !sum_is(&expected, &item.block))
		r = -EIO;
	return r != 0 ? outcome_of(r) : cart_write_items(c, &item, 1, &n);
}

int cart_write_envelope(struct cart *c, const void *envelope, size_t size)
{
	struct write_item item = { 0 };
	unsigned n;
	int r;

	if (!block_from_envelope(envelope, size, &item.block))
		return -EINVAL;
	r = prepare(c);
	return r != 0 ? outcome_of(r) : cart_write_items(c, &item, 1, &n);
}

int cart_write_filemarks(struct cart *c, uint32_t count, uint32_t *ret_written)
{
	int r;

	*ret_written = 0;
	if (count == 0)
		return cart_is_writable(c) ? 0 : CART_E_PROTECTED;
	r = prepare(c);
	while (r == 0 && *ret_written < count) {
		uint32_t n =
			count - *ret_written < MARKS_BATCH ? count - *ret_written : MARKS_BATCH;

		r = append_filemarks(c, n);
		for (uint32_t i = 0; r == 0 && c->recall_digest != NULL && i < n; i++)
			cart_digest_filemark(c->recall_digest);
		if (r == 0)
			*ret_written += n;
	}
	return r != 0 ? outcome_of(r) : done(c);
}

int cart_sync(struct cart *c)
{
	if (!cart_is_writable(c) || !c->resident)
		return 0;
	if (c->broken)
		return -EIO;
	if (c->unsure)
		return epoch_begin(c, c->end_totals.objects); /* which syncs */
	return c->stable == c->end_totals.objects ? 0 : outcome_of(sync_or_cut(c));
}

int cart_erase(struct cart *c)
{
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (!cart_is_writable(c))
		return CART_E_PROTECTED;
	if (c->broken)
		return -EIO;
	if (c->position == c->end_totals.objects)
		return 0;
	if (c->info.kind == CART_WORM)
		return CART_E_WORM;
	return c->recalling ? -EINVAL : epoch_begin(c, c->position);
}
