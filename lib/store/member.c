/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member.c: the record in the header of a partition above 0 that says which medium it belongs to
 * and how that is divided.  It is written when the partition is made, before any header names it,
 * and never changed: so whatever becomes of the medium's header, each partition has a copy of what
 * it said of the division.
 */
#include <string.h>

#include "lib/store/cart.h"

static_assert(MEMBER_MAX <= HEADER_MAX, "what a header has room for");

size_t member_put(uint8_t *p, const struct member *m)
{
	uint8_t layout[MEMBER_MAX] = { 0 };
	size_t size = layout_size(&m->layout) - sizeof(struct disk_record);
	const struct disk_record rec = { le16_from(RECORD_MEMBER),
					 le16_from((uint16_t)(sizeof(struct disk_member) + size)) };
	struct disk_member d = { .stream = le32_from(m->stream),
				 .partition = (uint8_t)m->partition,
				 .capacity = le64_from(m->capacity_bytes) };

	memcpy(d.uuid, m->uuid, sizeof(d.uuid));
	layout_put(layout, &m->layout);
	memcpy(p, &rec, sizeof(rec));
	memcpy(p + sizeof(rec), &d, sizeof(d));
	memcpy(p + sizeof(rec) + sizeof(d), layout + sizeof(rec), size);
	return sizeof(rec) + sizeof(d) + size;
}

/* The content of the record. */
static bool get(struct member *m, const uint8_t *p, size_t size)
{
	struct disk_member d;

	if (size < sizeof(d) || layout_get(&m->layout, p + sizeof(d), size - sizeof(d)) != 0)
		return false;
	memcpy(&d, p, sizeof(d));
	memcpy(m->uuid, d.uuid, sizeof(m->uuid));
	m->stream = le32_get(d.stream);
	m->partition = d.partition;
	m->capacity_bytes = le64_get(d.capacity);
	return m->stream != 0 && m->partition > 0 && m->partition < m->layout.partitions;
}

bool member_find(const uint8_t *records, size_t size, struct member *ret_member)
{
	size_t at = 0;

	while (size - at >= sizeof(struct disk_record)) {
		struct disk_record rec;

		memcpy(&rec, records + at, sizeof(rec));
		at += sizeof(rec);
		if (le16_get(rec.size) > size - at)
			return false;
		if (le16_get(rec.type) == RECORD_MEMBER)
			return get(ret_member, records + at, le16_get(rec.size));
		at += le16_get(rec.size);
	}
	return false;
}

bool member_agrees(const struct member *a, const struct member *b)
{
	uint8_t one[MEMBER_MAX], other[MEMBER_MAX];
	struct member same = *b;
	size_t size = member_put(one, a);

	same.partition = a->partition;
	return member_put(other, &same) == size && memcmp(one, other, size) == 0;
}
