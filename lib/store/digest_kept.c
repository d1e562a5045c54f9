/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_kept.c: the table digests.STREAM: digests of complete groups that need not be read again.
 *
 * It is never synced and never believed.  An entry counts where its checksum fits, it begins where
 * the one before ends, and the frame of its last object is whole, counts now and has the epoch that
 * the entry names.  That one frame proves the whole group and all before it:
 * docs/cartridge-format.md section 8 says why.  So nothing has to cut the table when a recording is
 * overwritten, and a process that dies between the two leaves nothing wrong behind.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

#define ENTRY_SIZE sizeof(struct disk_digest_entry)

static uint32_t entry_crc(const struct cart *c, const struct disk_digest_entry *e)
{
	le32 stream = le32_from(c->stream);
	uint32_t crc = crc32c(0, c->info.uuid, sizeof(c->info.uuid));

	crc = crc32c(crc, &stream, sizeof(stream));
	return crc32c(crc, e, offsetof(struct disk_digest_entry, crc));
}

/* The epoch of the frame of @object. CART_E_DAMAGED, -errno. */
static int epoch_of(struct cart *c, uint64_t object, uint64_t *ret_epoch)
{
	const struct disk_frame *f;
	const uint8_t *data;
	struct object o;
	int r = object_load(c, object, false, &o, &f, &data);

	if (r == 0)
		*ret_epoch = le64_get(f->epoch);
	return r;
}

int digest_kept(struct cart *c, uint64_t n, uint64_t first, struct cart_group *ret_group)
{
	struct disk_digest_entry e;
	uint64_t end, epoch;
	size_t got = 0;
	int r = c->backend->ops->table_read(c->backend, TABLE_DIGESTS, c->stream, n * ENTRY_SIZE,
					    &e, sizeof(e), &got);

	if (r == -EIO || (r == 0 && got < sizeof(e)))
		return CART_E_ABSENT;
	if (r < 0)
		return r;
	end = le64_get(e.end);
	if (le32_get(e.crc) != entry_crc(c, &e) || le64_get(e.first) != first || end <= first ||
	    end > c->end_totals.objects)
		return CART_E_ABSENT;
	r = epoch_of(c, end - 1, &epoch);
	if (r == CART_E_DAMAGED || (r == 0 && epoch != le64_get(e.epoch)))
		return CART_E_ABSENT;
	if (r != 0)
		return r;
	*ret_group = (struct cart_group){ .first = first, .end = end, .complete = true };
	memcpy(ret_group->digest, e.digest, sizeof(e.digest));
	return 0;
}

static int keep_group(struct cart *c, uint64_t n, const struct cart_group *group)
{
	struct disk_digest_entry e = { .first = le64_from(group->first),
				       .end = le64_from(group->end) };
	struct cart_group kept;
	uint64_t epoch;
	int r = digest_kept(c, n, group->first, &kept);

	if (r < 0 || (r == 0 && memcmp(kept.digest, group->digest, sizeof(kept.digest)) == 0))
		return r;
	r = epoch_of(c, group->end - 1, &epoch);
	if (r != 0)
		return r;
	e.epoch = le64_from(epoch);
	memcpy(e.digest, group->digest, sizeof(e.digest));
	e.crc = le32_from(entry_crc(c, &e));
	return c->backend->ops->table_write(c->backend, TABLE_DIGESTS, c->stream, n * ENTRY_SIZE,
					    &e, sizeof(e));
}

int cart_digest_keep(struct cart *c, const struct cart_digest *d)
{
	const struct cart_group *group;
	uint64_t n = 0;
	int r = 0;

	if ((c->flags & CART_OPEN_WRITE) == 0 || c->recalling)
		return CART_E_PROTECTED; /* the tab protects the recording, not what is known of it
					  */
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	for (; r == 0 && (group = cart_digest_get_group(d, n)) != NULL; n++) {
		if (group->end > c->end_totals.objects)
			return -EINVAL;
		r = keep_group(c, n, group);
	}
	return outcome_of(r);
}

int cart_digest_compare(struct cart *c, const struct cart_digest *d,
			void (*differs)(void *ctx, const struct cart_group *group), void *ctx)
{
	const struct cart_group *group;
	bool different = false;
	struct cart_group kept;
	int r = 0;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	for (uint64_t n = 0; (group = cart_digest_get_group(d, n)) != NULL; n++) {
		r = digest_kept(c, n, group->first, &kept);
		if (r != 0)
			break; /* what is not kept cannot differ */
		if (kept.end == group->end &&
		    memcmp(kept.digest, group->digest, sizeof(kept.digest)) == 0)
			continue;
		different = true;
		if (differs != NULL)
			differs(ctx, group);
	}
	if (r < 0)
		return r;
	return different ? CART_E_DAMAGED : 0;
}
