/* SPDX-License-Identifier: Apache-2.0 */
/*
 * medium.c: cartridges that are made for something else than being written over and over: write
 * once media, and cleaning cartridges.
 *
 * What a cartridge is, is said once, when it is created, in a record of its header; no record: an
 * ordinary one.  The rule of write once media stands here, below every program that could write.
 */
#include <errno.h>
#include <string.h>

#include "lib/store/cart.h"

/* ---- the record ---- */

size_t medium_size(const struct cart_info *info)
{
	return info->kind == CART_DATA ? 0
				       : sizeof(struct disk_record) + sizeof(struct disk_medium);
}

void medium_put(uint8_t *p, const struct cart_info *info)
{
	const struct disk_record rec = { le16_from(RECORD_MEDIUM),
					 le16_from(sizeof(struct disk_medium)) };
	const struct disk_medium d = {
		.kind = (uint8_t)info->kind,
		.cleanings = le32_from(info->cleanings),
		.cleanings_used = le32_from(info->cleanings_used),
	};

	if (medium_size(info) == 0)
		return;
	memcpy(p, &rec, sizeof(rec));
	memcpy(p + sizeof(rec), &d, sizeof(d));
}

int medium_get(struct cart_info *info, const uint8_t *p, size_t size)
{
	struct disk_medium d;

	if (size != sizeof(d))
		return CART_E_INVALID;
	memcpy(&d, p, sizeof(d));
	if (d.kind == CART_DATA)
		return CART_E_INVALID;
	if (d.kind > CART_CLEANING)
		return CART_E_UNSUPPORTED; /* what may be done with it is not known */
	info->kind = (enum cart_kind)d.kind;
	info->cleanings = le32_get(d.cleanings);
	info->cleanings_used = le32_get(d.cleanings_used);
	return 0;
}

/* ---- write once ---- */

#define MARKS_LOOKED_AT 256u /* of millions that a host may write: their count is proof enough */

/* Nothing but filemarks from object @first to the end.  What a damaged frame was is not known. */
static int only_filemarks(struct cart *c, uint64_t first, bool *ret_only)
{
	uint64_t end = c->end_totals.objects, file;
	int r = file_before(c, first, &file);

	*ret_only = r == 0 && c->end_totals.filemarks - file == end - first;
	for (uint64_t n = first; r == 0 && *ret_only && n < end && n - first < MARKS_LOOKED_AT;
	     n++) {
		const struct disk_frame *f;
		const uint8_t *data;
		struct object o;

		r = object_load(c, n, false, &o, &f, &data);
		*ret_only = r == 0; /* what is damaged may have been a block */
	}
	return r < 0 ? r : 0;
}

/*
 * Something may be written at the end of the recording, and over filemarks that end it, but not
 * over the first of them: a host that ends its data with two filemarks writes the next file over
 * the second.  (HP's LTO drives document this rule; SSC-5 calls it WORM MODE FILEMARKS OVERWRITE
 * 02h.)
 */
int medium_check_overwrite(struct cart *c)
{
	bool may = c->position > 0;
	int r = 0;

	if (c->info.kind != CART_WORM || c->position == c->end_totals.objects)
		return 0;
	if (may)
		r = only_filemarks(c, c->position - 1, &may);
	return r != 0 ? r : may ? 0 : CART_E_WORM;
}

int cart_is_append(struct cart *c, bool *ret_append)
{
	uint64_t first = c->position > 0 ? c->position - 1 : 0;

	*ret_append = true;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	return c->position == c->end_totals.objects ? 0 : only_filemarks(c, first, ret_append);
}

/* ---- cleaning ---- */

int cart_use_cleaning(const char *pool, const char *barcode, uint32_t *ret_left)
{
	struct cart *c;
	int r = cart_open(pool, barcode, CART_OPEN_WRITE | CART_OPEN_ADMIN | CART_OPEN_MOUNT, &c);

	*ret_left = 0;
	if (r != 0)
		return r;
	if (c->info.kind != CART_CLEANING)
		r = -EINVAL;
	else if (c->info.cleanings_used >= c->info.cleanings)
		r = CART_E_EXPIRED;
	if (r == 0) {
		c->info.cleanings_used++;
		r = header_store(c); /* used up before it is used */
		*ret_left = c->info.cleanings - c->info.cleanings_used;
	}
	ignore_result(
		cart_close(c)); /* nothing but the time of the unmount is left to be written */
	return r;
}

const char *cart_kind_name(enum cart_kind kind)
{
	static const char *const names[] = {
		[CART_DATA] = "data", [CART_WORM] = "worm", [CART_CLEANING] = "cleaning"
	};

	return (size_t)kind < sizeof(names) / sizeof(*names) ? names[kind] : "unknown";
}
