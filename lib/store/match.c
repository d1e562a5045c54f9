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

/* Numbers of streams behind the header's that are asked for: each recall and format takes one. */
#define LATER_STREAMS 64u

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

static bool frame_objects(struct cart *c, uint64_t address)
{
	struct disk_frame f;
	size_t got = 0;

	return c->backend->ops->read(c->backend, c->stream, address, &f, sizeof(f), &got) == 0 &&
	       got == sizeof(f) && frame_is_newer(c, &f);
}

/* A recall, or a format, went on in another stream. */
static bool later_stream_objects(struct cart *c)
{
	for (uint32_t n = 1; n <= LATER_STREAMS; n++)
		if (segment_objects(c, c->live_stream + n, 0))
			return true;
	return false;
}

bool header_matches_data(struct cart *c)
{
	bool has_data = c->info.state != CART_MIGRATED && c->info.state != CART_RECALLING;
	uint64_t end = c->clean ? c->end : c->epoch_address;
	uint64_t epoch_segment = c->epoch_address >> SEGMENT_SHIFT, last = end >> SEGMENT_SHIFT;

	if (segment_objects(c, c->live_stream, 0) || later_stream_objects(c) ||
	    partitions_object(c))
		return false;
	if (!has_data)
		return true;
	return !segment_objects(c, c->live_stream, epoch_segment) &&
	       !segment_objects(c, c->live_stream, last) &&
	       !segment_objects(c, c->live_stream, last + 1) && !frame_objects(c, end);
}
