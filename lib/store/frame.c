/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c: frames, and the small things about buffers that readers and writers of frames share. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/copy.h"
#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

static uint32_t header_crc(const struct cart *c, const struct disk_frame *f)
{
	/* the uuid comes first, so that a frame of another cartridge never fits */
	uint32_t crc = crc32c(0, c->info.uuid, sizeof(c->info.uuid));

	return crc32c(crc, f, offsetof(struct disk_frame, header_crc));
}

void frame_make(struct cart *c, struct disk_frame *f, enum frame_type type,
		const struct totals *before)
{
	*f = (struct disk_frame){
		.magic = le32_from(FRAME_MAGIC),
		.type = (uint8_t)type,
		.object = le64_from(before->objects),
		.epoch = le64_from(c->info.epoch),
		.stable = le64_from(c->stable),
		.file = le64_from(before->filemarks),
		.logical_before = le64_from(before->logical_bytes),
		.stored_before = le64_from(before->stored_bytes),
		.stream = le32_from(c->stream),
	};
}

void frame_seal(const struct cart *c, struct disk_frame *f)
{
	f->header_crc = le32_from(header_crc(c, f));
}

static bool sizes_make_sense(const struct disk_frame *f, uint32_t logical, uint32_t stored)
{
	if (f->cipher == CIPHER_AES_256_GCM) /* the envelope knows the rest */
		return logical <= CART_MAX_ENCRYPTED && stored > sizeof(struct disk_envelope) &&
		       stored <= logical + CRYPT_OVERHEAD;
	return f->cipher == CIPHER_NONE &&
	       (f->codec == CART_CODEC_NONE ? stored == logical : stored < logical);
}

static bool numbers_make_sense(const struct disk_frame *f)
{
	uint32_t logical = le32_get(f->logical_size), stored = le32_get(f->stored_size);
	uint64_t object = le64_get(f->object);

	if (le64_get(f->stable) > object || le64_get(f->file) > object)
		return false; /* nobody vouches for himself (I3) */
	if (f->type == FRAME_FILEMARK)
		return logical == 0 && stored == 0;
	return f->type == FRAME_BLOCK && logical > 0 && logical <= CART_MAX_BLOCK && stored > 0 &&
	       sizes_make_sense(f, logical, stored);
}

bool frame_is_ours(const struct cart *c, const struct disk_frame *f)
{
	return le32_get(f->magic) == FRAME_MAGIC && le32_get(f->stream) == c->stream &&
	       le32_get(f->header_crc) == header_crc(c, f) && numbers_make_sense(f);
}

bool frame_counts(const struct cart *c, const struct disk_frame *f, uint64_t object)
{
	uint64_t epoch = le64_get(f->epoch);

	if (!frame_is_ours(c, f) || le64_get(f->object) != object)
		return false;
	return object >= c->epoch_object ? epoch == c->info.epoch : epoch < c->info.epoch;
}

size_t frame_size(const struct object *o)
{
	return sizeof(struct disk_frame) + o->stored_size;
}

struct totals frame_totals_before(const struct disk_frame *f)
{
	return (struct totals){
		.objects = le64_get(f->object),
		.filemarks = le64_get(f->file),
		.logical_bytes = le64_get(f->logical_before),
		.stored_bytes = le64_get(f->stored_before),
	};
}

struct totals frame_totals_after(const struct disk_frame *f)
{
	struct totals t = frame_totals_before(f);

	t.objects++;
	t.filemarks += f->type == FRAME_FILEMARK;
	t.logical_bytes += le32_get(f->logical_size);
	t.stored_bytes += le32_get(f->stored_size);
	return t;
}

struct block_sum frame_sum(const struct disk_frame *f)
{
	return (struct block_sum){ f->type == FRAME_BLOCK && f->cipher == CIPHER_NONE,
				   le32_get(f->logical_crc) };
}

uint64_t next_segment(uint64_t address)
{
	return (((address >> SEGMENT_SHIFT) + 1) << SEGMENT_SHIFT) + DATA_START;
}

uint32_t iov_crc32c(const struct iovec *iov, int iov_cnt, size_t size)
{
	uint32_t crc = 0;

	for (int i = 0; i < iov_cnt && size > 0; i++) {
		size_t n = iov[i].iov_len < size ? iov[i].iov_len : size;

		crc = crc32c(crc, iov[i].iov_base, n);
		size -= n;
	}
	return crc;
}

void iov_put(const struct iovec *iov, int iov_cnt, const void *data, size_t size)
{
	const uint8_t *p = data;

	for (int i = 0; i < iov_cnt && size > 0; i++) {
		size_t n = iov[i].iov_len < size ? iov[i].iov_len : size;

		copy_bytes(iov[i].iov_base, p, n);
		p += n;
		size -= n;
	}
}

int buffer_reserve(uint8_t **buffer, size_t *have, size_t size)
{
	uint8_t *p;

	if (*have >= size)
		return 0;
	size = (size + 65535) &
	       ~(size_t)65535; /* grows in steps, so that odd blocks do not reallocate each time */
	p = realloc(*buffer, size);
	if (p == NULL)
		return -ENOMEM;
	*buffer = p;
	*have = size;
	return 0;
}
