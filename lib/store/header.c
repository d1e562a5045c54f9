/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header.c: the header file, both ways.  Every length in it is checked before use; a header that is
 * not whole is CART_E_INVALID, never a guess.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

int outcome_of(int r)
{
	return r == -ENOSPC || r == -EDQUOT ? CART_E_NO_SPACE : r;
}

static void text_get(char *to, size_t to_size, const uint8_t *from, size_t from_size)
{
	size_t n = strnlen((const char *)from, from_size);

	if (n >= to_size)
		n = to_size - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

void header_copy_get(struct cart_copy *copy, const struct disk_copy *d)
{
	text_get(copy->volume, sizeof(copy->volume), d->volume, sizeof(d->volume));
	copy->file = le32_get(d->file);
	copy->form = le32_get(d->form);
	copy->generation = le64_get(d->generation);
	copy->blocks = le64_get(d->blocks);
	copy->filemarks = le64_get(d->filemarks);
	copy->bytes = le64_get(d->bytes);
	copy->verified_s = (int64_t)le64_get(d->verified);
	memcpy(copy->digest, d->digest, sizeof(d->digest));
	memcpy(copy->first_block, d->first_block, sizeof(d->first_block));
}

static void copy_put(struct disk_copy *d, const struct cart_copy *copy)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->volume, copy->volume, strnlen(copy->volume, sizeof(d->volume)));
	d->file = le32_from(copy->file);
	d->form = le32_from(copy->form);
	d->generation = le64_from(copy->generation);
	d->blocks = le64_from(copy->blocks);
	d->filemarks = le64_from(copy->filemarks);
	d->bytes = le64_from(copy->bytes);
	d->verified = le64_from((uint64_t)copy->verified_s);
	memcpy(d->digest, copy->digest, sizeof(d->digest));
	memcpy(d->first_block, copy->first_block, sizeof(d->first_block));
}

/* Reads the records in [p, end); what this version does not know is kept. */
static int records_get(struct cart *c, const uint8_t *p, const uint8_t *end)
{
	c->info.copies_cnt = 0;
	c->unknown_size = 0;
	cart_attributes_clear(&c->attributes);
	layout_default(&c->info);
	c->info.kind = CART_DATA;
	c->info.cleanings = c->info.cleanings_used = 0;
	while (p < end) {
		struct disk_record rec;
		size_t size;

		if ((size_t)(end - p) < sizeof(rec))
			return CART_E_INVALID;
		memcpy(&rec, p, sizeof(rec));
		size = sizeof(rec) + le16_get(rec.size);
		if ((size_t)(end - p) < size)
			return CART_E_INVALID;
		if (le16_get(rec.type) == RECORD_COPY) {
			struct disk_copy d;

			if (le16_get(rec.size) != sizeof(d) ||
			    c->info.copies_cnt == CART_MAX_COPIES)
				return CART_E_INVALID;
			memcpy(&d, p + sizeof(rec), sizeof(d));
			header_copy_get(&c->info.copies[c->info.copies_cnt++], &d);
		} else if (le16_get(rec.type) == RECORD_ATTRIBUTE) {
			int r = attributes_load(&c->attributes, p, size);

			if (r != 0)
				return r;
		} else if (le16_get(rec.type) == RECORD_LAYOUT) {
			int r = layout_get(&c->info.layout, p + sizeof(rec), size - sizeof(rec));

			if (r != 0)
				return r;
		} else if (le16_get(rec.type) == RECORD_MEDIUM) {
			int r = medium_get(&c->info, p + sizeof(rec), size - sizeof(rec));

			if (r != 0)
				return r;
		} else {
			memcpy(c->unknown_records + c->unknown_size, p, size);
			c->unknown_size += size;
		}
		p += size;
	}
	return 0;
}

static void fixed_get(struct cart *c, const struct disk_header *h)
{
	struct cart_info *i = &c->info;

	memcpy(i->uuid, h->uuid, sizeof(i->uuid));
	text_get(i->barcode, sizeof(i->barcode), h->barcode, sizeof(h->barcode));
	i->state = (enum cart_state)h->state;
	i->codec = (enum cart_codec)h->codec;
	i->write_protect = (h->flags & HEADER_WRITE_PROTECT) != 0;
	i->mounted = (h->flags & HEADER_MOUNTED) != 0;
	c->clean = (h->flags & HEADER_CLEAN) != 0;
	c->encrypted = (le32_get(h->incompat) & FORMAT_INCOMPAT_ENCRYPTED) != 0;
	c->info.unclosed = !c->clean;
	i->density = h->density;
	i->medium_type = h->medium_type;
	i->capacity_bytes = le64_get(h->capacity);
	i->early_warning_bytes = le64_get(h->early_warning);
	i->epoch = le64_get(h->epoch);
	c->epoch_object = le64_get(h->epoch_object);
	c->epoch_address = le64_get(h->epoch_address);
	i->generation = le64_get(h->generation);
	c->live_stream = le32_get(h->stream);
	c->recall_stream = le32_get(h->recall_stream);
	i->objects = le64_get(h->objects);
	i->blocks = le64_get(h->blocks);
	i->filemarks = le64_get(h->filemarks);
	i->logical_bytes = le64_get(h->logical_bytes);
	i->stored_bytes = le64_get(h->stored_bytes);
	c->end = le64_get(h->end_address);
	i->loads = le64_get(h->loads);
	i->lifetime_written_bytes = le64_get(h->lifetime_written);
	i->lifetime_read_bytes = le64_get(h->lifetime_read);
	i->created_s = (int64_t)le64_get(h->created);
	i->last_mount_s = (int64_t)le64_get(h->last_mount);
	i->last_unmount_s = (int64_t)le64_get(h->last_unmount);
	i->last_write_s = (int64_t)le64_get(h->last_write);
	text_get(i->damage, sizeof(i->damage), h->damage, sizeof(h->damage));
}

/* No more objects than the address space before the end can hold; nothing that takes for ever to
 * search. */
static bool extent_makes_sense(const struct cart *c)
{
	if (c->end < DATA_START || c->end >= ADDRESS_LIMIT || c->epoch_address < DATA_START ||
	    c->epoch_address >= ADDRESS_LIMIT)
		return false;
	if (c->info.state == CART_MIGRATED || c->info.state == CART_RECALLING)
		return true; /* the end is that of something else */
	return c->info.objects <= (c->end - DATA_START) / sizeof(struct disk_frame);
}

/* What a whole header can still get wrong. */
static int check_fixed(const struct cart *c, const struct disk_header *h)
{
	if (le32_get(h->version) != FORMAT_VERSION ||
	    (le32_get(h->incompat) & ~FORMAT_INCOMPAT_KNOWN) != 0)
		return CART_E_UNSUPPORTED;
	if (h->state > CART_DAMAGED || h->codec > CODEC_LAST ||
	    !barcode_is_valid(c->info.barcode) || c->live_stream == 0 ||
	    c->info.blocks > c->info.objects ||
	    c->info.filemarks != c->info.objects - c->info.blocks || !extent_makes_sense(c))
		return CART_E_INVALID;
	return 0;
}

/* The feature bits of what the header says. */
static uint32_t incompat_of(const struct cart_info *info)
{
	return info->layout.partitions > 1 ? FORMAT_INCOMPAT_PARTITIONS : 0;
}

bool header_is_whole(const uint8_t *data, size_t size)
{
	struct disk_header h;
	le32 crc;

	if (size < sizeof(h) + sizeof(crc))
		return false;
	memcpy(&h, data, sizeof(h));
	memcpy(&crc, data + size - sizeof(crc), sizeof(crc));
	return memcmp(h.magic, HEADER_MAGIC, sizeof(h.magic)) == 0 &&
	       le32_get(h.version) == FORMAT_VERSION && le32_get(h.size) == size &&
	       crc32c(0, data, size - sizeof(crc)) == le32_get(crc);
}

static int parse(struct cart *c, const uint8_t *data, size_t size)
{
	struct disk_header h;
	le32 crc;
	int r;

	if (size < sizeof(h) + sizeof(crc))
		return CART_E_INVALID;
	memcpy(&h, data, sizeof(h));
	memcpy(&crc, data + size - sizeof(crc), sizeof(crc));
	if (memcmp(h.magic, HEADER_MAGIC, sizeof(h.magic)) != 0)
		return CART_E_INVALID;
	if (le32_get(h.version) != FORMAT_VERSION)
		return CART_E_UNSUPPORTED; /* its layout is not known */
	if (le32_get(h.size) != size || crc32c(0, data, size - sizeof(crc)) != le32_get(crc))
		return CART_E_INVALID;
	free(c->unknown_records);
	c->unknown_records = malloc(size);
	if (c->unknown_records == NULL)
		return -ENOMEM;
	fixed_get(c, &h);
	r = check_fixed(c, &h);
	if (r == 0)
		r = records_get(c, data + sizeof(h), data + size - sizeof(crc));
	if (r == 0 && (incompat_of(&c->info) & FORMAT_INCOMPAT_PARTITIONS) !=
			      (le32_get(h.incompat) & FORMAT_INCOMPAT_PARTITIONS))
		r = CART_E_INVALID; /* partitions without their record, or the reverse */
	return r;
}

int header_load(struct cart *c)
{
	size_t size;
	void *data;
	int r = c->backend->ops->header_read(c->backend, &data, &size);

	if (r == -ENOENT || r == -EFBIG || r == -EINVAL)
		return CART_E_INVALID;
	if (r < 0)
		return r;
	r = parse(c, data, size);
	free(data);
	if (c->info.epoch > c->last_epoch)
		c->last_epoch = c->info.epoch;
	c->end_totals = (struct totals){ c->info.objects, c->info.filemarks, c->info.logical_bytes,
					 c->info.stored_bytes };
	return r;
}

static void fixed_put(struct disk_header *h, const struct cart *c)
{
	const struct cart_info *i = &c->info;

	*h = (struct disk_header){
		.version = le32_from(FORMAT_VERSION),
		.incompat =
			le32_from(incompat_of(i) | (c->encrypted ? FORMAT_INCOMPAT_ENCRYPTED : 0)),
		.state = (uint8_t)i->state,
		.codec = (uint8_t)i->codec,
		.flags = (uint8_t)((i->write_protect ? HEADER_WRITE_PROTECT : 0) |
				   (i->mounted ? HEADER_MOUNTED : 0) |
				   (c->clean ? HEADER_CLEAN : 0)),
		.density = i->density,
		.medium_type = i->medium_type,
		.capacity = le64_from(i->capacity_bytes),
		.early_warning = le64_from(i->early_warning_bytes),
		.epoch = le64_from(i->epoch),
		.epoch_object = le64_from(c->epoch_object),
		.epoch_address = le64_from(c->epoch_address),
		.generation = le64_from(i->generation),
		.stream = le32_from(c->live_stream),
		.recall_stream = le32_from(c->recall_stream),
		.objects = le64_from(i->objects),
		.blocks = le64_from(i->blocks),
		.filemarks = le64_from(i->filemarks),
		.logical_bytes = le64_from(i->logical_bytes),
		.stored_bytes = le64_from(i->stored_bytes),
		.end_address = le64_from(c->end),
		.loads = le64_from(i->loads),
		.lifetime_written = le64_from(i->lifetime_written_bytes),
		.lifetime_read = le64_from(i->lifetime_read_bytes),
		.created = le64_from((uint64_t)i->created_s),
		.last_mount = le64_from((uint64_t)i->last_mount_s),
		.last_unmount = le64_from((uint64_t)i->last_unmount_s),
		.last_write = le64_from((uint64_t)i->last_write_s),
	};
	memcpy(h->magic, HEADER_MAGIC, sizeof(h->magic));
	memcpy(h->uuid, i->uuid, sizeof(h->uuid));
	memcpy(h->barcode, i->barcode, strnlen(i->barcode, sizeof(h->barcode)));
	memcpy(h->damage, i->damage, strnlen(i->damage, sizeof(h->damage)));
}

/* A header that cannot be understood is not anybody's: ours replaces it. */
int header_check_fence(struct cart *c)
{
	struct disk_header h;
	size_t size;
	void *data;
	int r = c->backend->ops->header_read(c->backend, &data, &size);

	if (r == -ENOENT || r == -EFBIG || r == -EINVAL)
		return 0;
	if (r < 0)
		return r;
	if (header_is_whole(data, size)) {
		memcpy(&h, data, sizeof(h));
		if (le64_get(h.epoch) > c->last_epoch)
			r = -ESTALE;
	}
	free(data);
	return r;
}

size_t header_size(const struct cart *c)
{
	return sizeof(struct disk_header) +
	       c->info.copies_cnt * (sizeof(struct disk_record) + sizeof(struct disk_copy)) +
	       layout_size(&c->info.layout) + medium_size(&c->info) + c->attributes.size +
	       c->unknown_size + sizeof(le32);
}

int header_store(struct cart *c)
{
	size_t size = header_size(c);
	uint8_t *data = size <= HEADER_MAX ? calloc(1, size) : NULL, *p = data;
	struct disk_header h;
	le32 crc;
	int r;

	if (size > HEADER_MAX)
		return -E2BIG;
	if (data == NULL)
		return -ENOMEM;
	fixed_put(&h, c);
	h.size = le32_from((uint32_t)size);
	memcpy(p, &h, sizeof(h));
	p += sizeof(h);
	for (unsigned i = 0; i < c->info.copies_cnt; i++) {
		struct disk_record rec = { le16_from(RECORD_COPY),
					   le16_from(sizeof(struct disk_copy)) };
		struct disk_copy d;

		copy_put(&d, &c->info.copies[i]);
		memcpy(p, &rec, sizeof(rec));
		memcpy(p + sizeof(rec), &d, sizeof(d));
		p += sizeof(rec) + sizeof(d);
	}
	if (c->attributes.size > 0)
		memcpy(p, c->attributes.records, c->attributes.size);
	p += c->attributes.size;
	layout_put(p, &c->info.layout);
	p += layout_size(&c->info.layout);
	medium_put(p, &c->info);
	p += medium_size(&c->info);
	if (c->unknown_size > 0)
		memcpy(p, c->unknown_records, c->unknown_size);
	crc = le32_from(crc32c(0, data, size - sizeof(crc)));
	memcpy(data + size - sizeof(crc), &crc, sizeof(crc));
	r = header_check_fence(c);
	if (r == 0) {
		if (c->info.epoch > c->last_epoch)
			c->last_epoch = c->info.epoch; /* it may get there even if this fails */
		r = c->backend->ops->header_write(c->backend, data, size);
	}
	free(data);
	return outcome_of(r);
}

int header_create(struct backend *b, const struct cart_info *info, const struct member *member)
{
	struct cart *c = calloc(1, sizeof(*c)); /* too large for a stack */
	uint8_t record[MEMBER_MAX];
	int r;

	if (c == NULL)
		return -ENOMEM;
	c->backend = b;
	c->info = *info;
	c->clean = true;
	c->live_stream = STREAM_FIRST;
	c->end = c->epoch_address = DATA_START;
	if (member != NULL) {
		c->unknown_records = record;
		c->unknown_size = member_put(record, member);
	}
	r = header_store(c);
	free(c);
	return r;
}
