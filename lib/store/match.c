/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c: whether a header and the data beside it are of one recording.
 *
 * A restore from a backup, or a hand that copied the wrong file, may leave another cartridge's
 * header in a folder, or an older one of this cartridge.  Believed, it would make all of the data
 * bytes that do not count, and the next open for writing would cut them.  So before anything is
 * changed the segments' headers and the frame at the end are asked: they name the cartridge, and
 * the epoch that began them, which no true header is behind (P5: a header is on the disk before
 * the first frame of its epoch).
 */
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

#define OTHERS_MAX 64u

static bool segment_objects(struct cart *c, uint32_t stream, uint64_t number)
{
	struct disk_segment s;
	size_t got = 0;

	if (c->backend->ops->read(c->backend, stream, number << SEGMENT_SHIFT, &s, sizeof(s),
				  &got) < 0 ||
	    got != sizeof(s) || memcmp(s.magic, SEGMENT_MAGIC, sizeof(s.magic)) != 0 ||
	    le32_get(s.crc) != crc32c(0, &s, offsetof(struct disk_segment, crc)))
		return false; /* it says nothing */
	return memcmp(s.uuid, c->info.uuid, sizeof(s.uuid)) != 0 ||
	       (le32_get(s.stream) == stream && le64_get(s.epoch) > c->info.epoch);
}

bool frame_is_newer(const struct cart *c, const struct disk_frame *f)
{
	return frame_is_ours(c, f) && le64_get(f->epoch) > c->info.epoch;
}

/* A folder being walked. */
struct walk {
	struct cart *c;
	uint64_t epoch_segment, end_segment; /* of the header's stream */
	uint64_t highest;
	unsigned others; /* files of other streams that were asked */
	bool objects;
};

/*
 * Of the header's stream those segments are asked that must be there, and those behind, where a
 * later writer went on; of other streams, which hardly ever are there, some: each of a stream that
 * a later format began would do.
 */
static void see_segment(void *ctx, uint32_t stream, uint64_t number)
{
	struct walk *w = ctx;

	if (w->objects)
		return;
	if (stream != w->c->stream)
		w->objects = w->others++ < OTHERS_MAX && segment_objects(w->c, stream, number);
	else if (number == 0 || number == w->epoch_segment || number == w->end_segment ||
		 number == w->end_segment + 1)
		w->objects = segment_objects(w->c, stream, number);
	else if (number > w->highest)
		w->highest = number;
}

static bool frame_objects(struct cart *c, uint64_t address)
{
	struct disk_frame f;
	size_t got = 0;

	return c->backend->ops->read(c->backend, c->stream, address, &f, sizeof(f), &got) == 0 &&
	       got == sizeof(f) && frame_is_newer(c, &f);
}

bool header_matches_data(struct cart *c)
{
	bool has_data = c->info.state != CART_MIGRATED && c->info.state != CART_RECALLING;
	uint64_t end = c->clean ? c->end : c->epoch_address;
	struct walk w = { .c = c,
			  .epoch_segment = c->epoch_address >> SEGMENT_SHIFT,
			  .end_segment = end >> SEGMENT_SHIFT };

	if (c->backend->ops->walk(c->backend, see_segment, &w) < 0)
		return true; /* nobody objects */
	if (w.objects || (w.highest > 0 && segment_objects(c, c->stream, w.highest)))
		return false;
	return (!has_data || !frame_objects(c, end)) && !partitions_object(c);
}
