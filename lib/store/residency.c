/* SPDX-License-Identifier: Apache-2.0 */
/*
 * residency.c: where the data of a cartridge is: copies, release, recall.
 *
 * The header decides, and is always changed first when something is going to be deleted, last when
 * something was added.
 */
#include <errno.h>
#include <string.h>

#include "lib/store/cart.h"

static int find_copy(const struct cart_info *info, const char *volume)
{
	for (unsigned i = 0; i < info->copies_cnt; i++)
		if (strcmp(info->copies[i].volume, volume) == 0)
			return (int)i;
	return -1;
}

/* Stores the header; puts the old one back in memory where that fails. */
static int store_or_undo(struct cart *c, const struct cart_info *old)
{
	int r = header_store(c);

	if (r != 0)
		c->info = *old;
	return r;
}

static unsigned good_copies(const struct cart_info *info)
{
	unsigned n = 0;

	for (unsigned i = 0; i < info->copies_cnt; i++)
		n += info->copies[i].generation == info->generation;
	return n;
}

int cart_copy_add(struct cart *c, const struct cart_copy *copy)
{
	struct cart_info old = c->info;
	int i = find_copy(&c->info, copy->volume);

	if ((c->flags & CART_OPEN_WRITE) == 0)
		return CART_E_PROTECTED; /* the tab protects the recording, not what is known of it
					  */
	if (!barcode_is_valid(copy->volume))
		return -EINVAL;
	if (c->info.layout.partitions > 1)
		return CART_E_PARTITIONED;
	if (i < 0 && c->info.copies_cnt == CART_MAX_COPIES)
		return -ENOSPC;
	if (i < 0)
		i = (int)c->info.copies_cnt++;
	c->info.copies[i] = *copy;
	if (c->info.state == CART_RESIDENT && copy->generation == c->info.generation)
		c->info.state = CART_PREMIGRATED;
	return store_or_undo(c, &old);
}

int cart_copy_forget(struct cart *c, const char *volume)
{
	struct cart_info old = c->info;
	int i = find_copy(&c->info, volume);
	unsigned behind;

	if ((c->flags & CART_OPEN_WRITE) == 0)
		return CART_E_PROTECTED;
	if (i < 0)
		return CART_E_ABSENT;
	behind = c->info.copies_cnt - (unsigned)i - 1;
	memmove(&c->info.copies[i], &c->info.copies[i + 1], behind * sizeof(struct cart_copy));
	c->info.copies_cnt--;
	if (good_copies(&c->info) == 0) {
		if (c->info.state == CART_MIGRATED || c->info.state == CART_RECALLING) {
			c->info = old;
			return CART_E_TOO_FEW_COPIES;
		}
		if (c->info.state == CART_PREMIGRATED)
			c->info.state = CART_RESIDENT;
	}
	return store_or_undo(c, &old);
}

int cart_release(struct cart *c, unsigned min_copies)
{
	struct cart_info old = c->info;
	int r;

	if ((c->flags & CART_OPEN_WRITE) == 0)
		return CART_E_PROTECTED;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (min_copies == 0 || good_copies(&c->info) < min_copies ||
	    c->info.state != CART_PREMIGRATED)
		return CART_E_TOO_FEW_COPIES;
	c->info.state = CART_MIGRATED;
	r = store_or_undo(c, &old);
	if (r != 0)
		return r;
	c->resident = false;
	/* the rest is cleaning, which the next open for writing does too */
	return c->backend->ops->keep_only(c->backend, 0, 0);
}

int cart_recall_begin(struct cart *c)
{
	struct cart_info old = c->info;
	uint64_t old_object = c->epoch_object, old_address = c->epoch_address;
	uint32_t newest = c->live_stream > c->recall_stream ? c->live_stream : c->recall_stream;
	int r;

	if ((c->flags & CART_OPEN_WRITE) == 0)
		return CART_E_PROTECTED;
	if (c->info.state != CART_MIGRATED && c->info.state != CART_RECALLING)
		return -EINVAL;
	r = c->backend->ops->keep_only(c->backend, 0, 0); /* an unfinished one */
	if (r < 0)
		return r;
	c->info.state = CART_RECALLING;
	c->info.epoch = c->last_epoch + 1;
	c->epoch_object = 0;
	c->epoch_address = DATA_START;
	c->recall_stream = newest + 1;
	r = store_or_undo(c, &old);
	if (r != 0) {
		c->epoch_object = old_object;
		c->epoch_address = old_address;
		c->recall_stream = 0;
		return r;
	}
	stream_select(c, c->recall_stream, &(struct totals){ 0 }, DATA_START);
	c->recall_digest = cart_digest_new();
	if (c->recall_digest == NULL)
		return -ENOMEM;
	c->recalling = c->resident = c->epoch_open = true;
	c->broken = false;
	return 0;
}

static bool recalled_as_promised(struct cart *c, const struct cart_copy *copy)
{
	uint8_t digest[CART_DIGEST_SIZE];

	cart_digest_end(c->recall_digest, digest);
	return c->end_totals.filemarks == copy->filemarks &&
	       c->end_totals.objects - c->end_totals.filemarks == copy->blocks &&
	       c->end_totals.logical_bytes == copy->bytes &&
	       memcmp(digest, copy->digest, sizeof(digest)) == 0;
}

static void recall_end(struct cart *c)
{
	cart_digest_free(c->recall_digest);
	c->recall_digest = NULL;
	c->recalling = false;
}

int cart_recall_commit(struct cart *c, const struct cart_copy *copy)
{
	struct cart_info old = c->info;
	uint32_t old_stream = c->live_stream;
	int r;

	if (!c->recalling)
		return -EINVAL;
	if (copy->generation != c->info.generation || !recalled_as_promised(c, copy))
		return CART_E_DAMAGED;
	r = cart_sync(c);
	if (r == 0)
		r = table_flush(c, &c->index);
	if (r == 0)
		r = table_flush(c, &c->marks);
	if (r != 0)
		return outcome_of(r);
	info_update(c);
	c->info.state = CART_PREMIGRATED;
	c->live_stream = c->recall_stream;
	c->recall_stream = 0;
	c->clean = true;
	r = store_or_undo(c, &old);
	if (r != 0) {
		c->recall_stream = c->live_stream;
		c->live_stream = old_stream;
		return r;
	}
	c->recalling = false;
	ignore_result(cart_digest_keep(c, c->recall_digest)); /* they can be computed again */
	recall_end(c);
	/* what comes next is an ordinary change: a new epoch and generation */
	c->epoch_open = c->changed = false;
	return 0;
}

int cart_recall_abort(struct cart *c)
{
	struct cart_info old = c->info;
	uint32_t recall_stream = c->recall_stream;
	int r;

	if (c->info.state != CART_RECALLING)
		return -EINVAL;
	c->info.state = CART_MIGRATED;
	c->live_stream = recall_stream > c->live_stream ? recall_stream : c->live_stream;
	c->recall_stream = 0;
	c->clean = true;
	r = store_or_undo(c, &old);
	if (r != 0) {
		c->recall_stream = recall_stream;
		return r;
	}
	recall_end(c);
	c->resident = false;
	return c->backend->ops->keep_only(c->backend, 0, 0);
}
