/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair_header.c: from whatever is left of a header to one that is true.
 *
 * A header whose checksum fits is believed.  One where a single byte is wrong is healed: of all
 * headers that differ from it in one byte, at most one fits the checksum (chance apart: one in
 * 20000 where everything is damaged, and then the header must still make sense).  Else the frames
 * say what the recording is:
 *
 *   uuid        from a segment's header, or the damaged header: the one that the frames' checksums
 *               confirm
 *
 *   epoch       the latest of any frame: its first frame's number is epoch_object, and what lies
 *               behind that of another epoch is dead.  After the ordinary recovery a new epoch
 *               begins at the end, with a number that nothing has used
 *
 *   generation  that epoch's number: each generation began with an epoch, so it is a new one
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/store/repair.h"

#define HEAL_MAX    4096u /* bytes: in a longer one more bytes would fit by chance */
#define EPOCH_SLACK 65536u

static bool crc_fits(const uint8_t *data, size_t size)
{
	le32 crc;

	memcpy(&crc, data + size - sizeof(crc), sizeof(crc));
	return crc32c(0, data, size - sizeof(crc)) == le32_get(crc);
}

/* Loads @data into r->c. 0, CART_E_INVALID, CART_E_UNSUPPORTED, -errno. */
static int load(struct repair *r, const void *data, size_t size)
{
	int o = shadow_set_header(r->c->backend, data, size);

	r->c->last_epoch = 0;
	return o == 0 ? header_load(r->c) : o;
}

/* ---- one byte ---- */

/* The CRC's register behind one more byte, without the inversions before and after. */
static uint32_t crc_step(uint32_t state, uint8_t byte)
{
	return ~crc32c(~state, &byte, 1);
}

struct wrong_byte {
	unsigned found;
	size_t offset;
	uint8_t pattern;
};

/* The patterns of one byte that change the CRC by @wanted; @bits: what each of its bits does to it.
 */
static void try_byte(const uint32_t bits[8], uint32_t wanted, size_t offset,
		     struct wrong_byte *byte)
{
	uint32_t change[256] = { 0 };

	for (unsigned p = 1; p < 256; p++) {
		change[p] = change[p & (p - 1)] ^ bits[__builtin_ctz(p)];
		if (change[p] == wanted)
			*byte = (struct wrong_byte){ byte->found + 1, offset, (uint8_t)p };
	}
}

/*
 * The byte that makes the checksum fit when it is changed; *ret_byte says how many there are.  The
 * CRC is linear: what a changed byte does to it depends on nothing but its distance from the end.
 */
static void find_byte(const uint8_t *data, size_t size, struct wrong_byte *ret_byte)
{
	uint32_t bits[8], wanted;
	le32 crc;

	size -= sizeof(crc);
	memcpy(&crc, data + size, sizeof(crc));
	wanted = crc32c(0, data, size) ^ le32_get(crc);
	*ret_byte = (struct wrong_byte){ 0 };
	for (unsigned i = 0; i < sizeof(crc); i++) { /* a byte of the checksum itself */
		for (unsigned b = 0; b < 8; b++)
			bits[b] = UINT32_C(1) << (8 * i + b);
		try_byte(bits, wanted, size + i, ret_byte);
	}
	for (unsigned b = 0; b < 8; b++)
		bits[b] = crc_step(0, (uint8_t)(1u << b));
	for (size_t i = size; i > 0; i--) {
		try_byte(bits, wanted, i - 1, ret_byte);
		for (unsigned b = 0; b < 8; b++)
			bits[b] = crc_step(bits[b], 0);
	}
}

/* 0: healed and loaded; CART_E_INVALID: that is not what is wrong. */
static int heal(struct repair *r)
{
	size_t size = r->header_size;
	struct wrong_byte byte;
	uint8_t *data;
	int o = CART_E_INVALID;

	if (size < sizeof(struct disk_header) + sizeof(le32) || size > HEAL_MAX)
		return CART_E_INVALID;
	data = malloc(size);
	if (data == NULL)
		return -ENOMEM;
	memcpy(data, r->header, size);
	find_byte(data, size, &byte);
	if (byte.found == 1) { /* more: nobody knows which */
		data[byte.offset] ^= byte.pattern;
		o = load(r, data, size);
		if (o == 0 && strcmp(r->c->info.barcode, r->barcode) != 0)
			o = CART_E_INVALID;
	}
	free(data);
	if (o != 0)
		return o < 0 ? o : CART_E_INVALID;
	repair_say(r, "header: byte %zu is wrong; the checksum tells what it was", byte.offset);
	r->report.header_healed = true;
	return 0;
}

/* ---- made anew: the recording ---- */

struct found {
	struct cart *c;
	uint64_t frames;
	uint64_t epoch;          /* the latest */
	uint64_t first, address; /* its first frame */
	uint64_t stable;         /* objects that any frame of the recording vouches for */
	struct totals end;       /* behind the last object */
	uint64_t end_address;
	int error;
};

static void see_frame(void *ctx, const struct disk_frame *f, uint64_t address)
{
	struct found *found = ctx;

	found->frames++;
	if (f->cipher != CIPHER_NONE)
		found->c->encrypted = true;
	if (le64_get(f->epoch) <= found->epoch)
		return;
	found->epoch = le64_get(f->epoch);
	found->first = le64_get(f->object);
	found->address = address;
}

/* Once it is known which frames count: those of what was overwritten vouch for nothing. */
static void see_stable(void *ctx, const struct disk_frame *f, uint64_t address)
{
	struct found *found = ctx;

	(void)address;
	if (le64_get(f->stable) > found->stable)
		found->stable = le64_get(f->stable);
}

/* 0, CART_E_DAMAGED, -errno */
static int check_data(struct cart *c, const struct disk_frame *f, uint64_t address)
{
	size_t size = le32_get(f->stored_size), got = 0;
	int o = buffer_reserve(&c->buffer, &c->buffer_size, size + 1);

	if (o == 0 && size > 0)
		o = c->backend->ops->read(c->backend, c->stream, address + sizeof(*f), c->buffer,
					  size, &got);
	if (o == -EIO)
		return CART_E_DAMAGED;
	if (o < 0)
		return o;
	return got == size && crc32c(0, c->buffer, size) == le32_get(f->stored_crc)
		       ? 0
		       : CART_E_DAMAGED;
}

static void see_end(void *ctx, const struct disk_frame *f, uint64_t address)
{
	struct found *found = ctx;
	int o = 0;

	if (le64_get(f->object) >= found->stable && found->error == 0)
		o = check_data(found->c, f, address);
	if (o < 0)
		found->error = o;
	if (o != 0 || found->error != 0)
		return;
	found->end = frame_totals_after(f);
	found->end_address = address + sizeof(*f) + le32_get(f->stored_size);
}

static bool segment_is_whole(const struct disk_segment *s)
{
	return memcmp(s->magic, SEGMENT_MAGIC, sizeof(s->magic)) == 0 &&
	       le32_get(s->crc) == crc32c(0, s, offsetof(struct disk_segment, crc));
}

static int read_segment(struct repair *r, const struct repair_segment *file,
			struct disk_segment *ret_segment)
{
	size_t got = 0;
	int o = r->real->ops->read(r->real, file->stream, file->number << SEGMENT_SHIFT,
				   ret_segment, sizeof(*ret_segment), &got);

	if (o < 0 && o != -EIO)
		return o;
	return o == 0 && got == sizeof(*ret_segment) && segment_is_whole(ret_segment)
		       ? 0
		       : CART_E_DAMAGED;
}

int repair_mark_dead(struct repair *r)
{
	const struct cart *c = r->c;

	for (size_t i = 0; i < r->segments_cnt; i++) {
		struct repair_segment *file = &r->segments[i];
		struct disk_segment s;
		int o;

		if (file->stream != c->stream || file->number <= c->epoch_address >> SEGMENT_SHIFT)
			continue;
		o = read_segment(r, file, &s);
		if (o < 0)
			return o;
		file->dead = o == 0 && memcmp(s.uuid, c->info.uuid, sizeof(s.uuid)) == 0 &&
			     le32_get(s.stream) == file->stream &&
			     le32_get(s.number) == file->number &&
			     le64_get(s.epoch) < c->info.epoch;
	}
	return 0;
}

/* Looks for frames of the cartridge @uuid. */
static int find_frames(struct repair *r, const uint8_t uuid[16], struct found *ret_found)
{
	struct cart *c = r->c;

	*ret_found = (struct found){ .c = c, .address = DATA_START };
	memcpy(c->info.uuid, uuid, sizeof(c->info.uuid));
	c->info.epoch = c->epoch_object = UINT64_MAX; /* every epoch counts */
	return each_frame(c, UINT64_MAX, see_frame, ret_found);
}

/* A file that a crash, or a stranger, left with nothing in it. */
static int is_hollow(struct repair *r, const struct repair_segment *file, bool *ret_hollow)
{
	struct disk_segment s;
	int o = file->size > DATA_START ? 0 : read_segment(r, file, &s);

	*ret_hollow = o == CART_E_DAMAGED;
	return o < 0 ? o : 0;
}

/*
 * The stream that is the recording: there is never more than one with data, but for the rest of
 * one that was being deleted, which has the lower number.  Files with nothing in them tell little:
 * r->hollow_stream is one that they would have made the recording.
 */
static int choose_stream(struct repair *r, uint32_t *ret_stream)
{
	uint32_t stream = 0, highest = 0;

	for (size_t i = 0; i < r->segments_cnt; i++) {
		bool hollow;
		int o;

		if (r->segments[i].stream <= stream)
			continue;
		o = is_hollow(r, &r->segments[i], &hollow);
		if (o < 0)
			return o;
		if (!hollow)
			stream = r->segments[i].stream;
		if (r->segments[i].stream > highest)
			highest = r->segments[i].stream;
	}
	r->hollow_stream = stream > 0 && highest > stream ? highest : 0;
	*ret_stream = stream > 0 ? stream : highest;
	return 0;
}

/*
 * Finds the uuid that the frames confirm, from the segments' headers, then @damaged (NULL: none).
 * *ret_epoch is the latest epoch of a segment's header. CART_E_INVALID: there is none.
 */
static int identify(struct repair *r, const struct disk_header *damaged, struct found *ret_found,
		    uint64_t *ret_epoch)
{
	uint8_t uuid[16];
	bool known = false;
	int o;

	*ret_epoch = 0;
	*ret_found = (struct found){ .address = DATA_START };
	for (size_t i = 0; i < r->segments_cnt; i++) {
		struct disk_segment s;

		if (r->segments[i].stream != r->c->stream)
			continue;
		o = read_segment(r, &r->segments[i], &s);
		if (o < 0)
			return o;
		if (o != 0)
			continue;
		if (strncmp((const char *)s.barcode, r->barcode, sizeof(s.barcode)) != 0) {
			repair_say(r, "the data is of cartridge %.32s: this folder was renamed",
				   (const char *)s.barcode);
			return CART_E_INVALID;
		}
		if (le64_get(s.epoch) > *ret_epoch)
			*ret_epoch = le64_get(s.epoch);
		memcpy(uuid, s.uuid, sizeof(uuid));
		known = true;
	}
	if (known) {
		o = find_frames(r, uuid, ret_found);
		if (o != 0 || ret_found->frames > 0 || damaged == NULL)
			return o;
	}
	if (damaged != NULL) {
		o = find_frames(r, damaged->uuid, ret_found);
		known = true;
	} else {
		o = 0;
	}
	return o == 0 && !known ? CART_E_INVALID : o;
}

/* ---- made anew: the whole ---- */

static uint64_t data_end(const struct repair *r, bool *ret_frames_expected)
{
	uint64_t end = DATA_START;

	*ret_frames_expected = false;
	for (size_t i = 0; i < r->segments_cnt; i++) {
		const struct repair_segment *s = &r->segments[i];
		uint64_t behind = (s->number << SEGMENT_SHIFT) + s->size;

		if (s->stream != r->c->stream)
			continue;
		*ret_frames_expected |= s->size > DATA_START;
		if (behind > end)
			end = behind;
	}
	return end;
}

/*
 * Whether an object that nothing vouches for is lost.  After a crash bytes of an older recording
 * may lie in such a gap, which only the epoch keeps out.
 */
static bool has_loose_gap(struct cart *c, const struct found *found)
{
	uint64_t sure = found->stable > found->first ? found->stable : found->first;
	struct object o;

	for (uint64_t n = sure; n < c->end_totals.objects; n++)
		if (index_get(c, n, &o) != 0 || o.address == INDEX_DAMAGED)
			return true;
	return false;
}

/* Recovers the recording of the frames found; where that is safe, begins an epoch at its end. */
static int recover(struct repair *r, const struct disk_header *h, struct found *found,
		   uint64_t newest)
{
	struct cart *c = r->c;
	int o = 0;

	c->info.epoch = c->last_epoch = found->epoch;
	c->epoch_object = found->first;
	c->epoch_address = found->address;
	found->end_address = DATA_START;
	if (found->frames > 0)
		o = each_frame(c, UINT64_MAX, see_stable, found);
	if (o == 0 && found->frames > 0)
		o = each_frame(c, found->stable, see_end, found);
	if (o == 0)
		o = found->error;
	if (o != 0)
		return o;
	if (found->end.objects < c->epoch_object) { /* its first frames were torn */
		c->epoch_object = found->end.objects;
		c->epoch_address = found->end_address;
	}
	c->clean = true;
	stream_select(c, c->live_stream, &found->end, found->end_address);
	o = rebuild_index(c);
	if (o == 0)
		o = repair_mark_dead(r); /* by the epoch of the frames */
	if (o != 0)
		return o;
	info_update(c);
	c->info.generation = newest + 1;
	remains_take_copies(r);
	remains_take_tab(r, h);
	if (!has_loose_gap(c, found)) {
		c->info.epoch = newest + 1;
		c->epoch_object = c->end_totals.objects;
		c->epoch_address = c->end;
	}
	return header_store(c);
}

/* A segment's header that is whole: whose data it is. CART_E_DAMAGED: there is none. */
static int find_owner(struct repair *r, struct disk_segment *ret_segment)
{
	int o = CART_E_DAMAGED;

	for (size_t i = 0; o == CART_E_DAMAGED && i < r->segments_cnt; i++)
		o = read_segment(r, &r->segments[i], ret_segment);
	return o;
}

/* The recording is blank: its uuid, where anything tells for certain. */
static int identify_blank(struct repair *r, const struct disk_header *h)
{
	const uint8_t *uuid = division_uuid(r);
	struct disk_segment s;
	int o;

	if (r->c->stream == 0)
		r->c->live_stream = r->c->stream = STREAM_FIRST;
	if (uuid == NULL)
		return remains_without_data(r, h);
	memcpy(r->c->info.uuid, uuid, sizeof(r->c->info.uuid));
	o = find_owner(r, &s); /* of what was there before the medium was divided */
	if (o == 0 && memcmp(s.uuid, uuid, sizeof(s.uuid)) != 0)
		return CART_E_INVALID;
	return o < 0 ? o : 0;
}

/* A partition says again what it is one of. */
static int take_member(struct repair *r)
{
	struct cart *c = r->c;

	if (r->member == NULL)
		return 0;
	free(c->unknown_records);
	c->unknown_records = malloc(MEMBER_MAX);
	if (c->unknown_records == NULL)
		return -ENOMEM;
	c->unknown_size = member_put(c->unknown_records, r->member);
	return 0;
}

int repair_header_anew(struct repair *r, const char *why)
{
	struct disk_header damaged, *h = remains_header(r, &damaged) ? &damaged : NULL;
	struct cart *c = r->c;
	struct found found;
	uint64_t newest = 0;
	uint32_t data;
	bool expected;
	int o = 0;

	repair_say(r, "header: %s", why);
	c->info = (struct cart_info){ .state = CART_RESIDENT };
	memcpy(c->info.barcode, r->barcode, strlen(r->barcode));
	c->recall_stream = 0;
	c->unknown_size = 0;
	cart_attributes_clear(&c->attributes); /* one that may be wrong is worse than none */
	c->encrypted = false;
	o = choose_stream(r, &c->stream);
	data = c->stream;
	/* a partition that the new header did not name would be deleted by the next writer */
	if (o == 0)
		o = division_find(r);
	if (o == 0)
		o = take_member(r);
	if (o != 0)
		return o;
	c->live_stream = c->stream;
	c->end = c->epoch_address = data_end(r, &expected);
	found = (struct found){ .c = c, .address = DATA_START };
	if (c->stream == 0 || c->stream != data) {
		o = identify_blank(r, h);
	} else {
		/* one that is divided never is anywhere else */
		o = division_is_divided(r) ? 0 : remains_check_resident(r, h);
		if (o == 0)
			o = identify(r, h, &found, &newest);
	}
	if (o == 0 && expected && found.frames == 0)
		o = CART_E_INVALID;
	if (o == CART_E_INVALID)
		repair_say(r, "nothing in the data can be identified: it is left as it is");
	if (o != 0)
		return o;
	if (found.epoch > newest)
		newest = found.epoch;
	if (h != NULL && le64_get(h->epoch) > newest && le64_get(h->epoch) - newest < EPOCH_SLACK)
		newest = le64_get(h->epoch);
	if (h != NULL)
		remains_take_counters(&c->info, h);
	remains_take_medium(r, h);
	o = division_take(r, h);
	if (o != 0)
		return o;
	r->report.header_rebuilt = r->report.recovered = true;
	return recover(r, h, &found, newest);
}

/* A header that is good in itself. *ret_why: what speaks against believing it, or NULL. */
static int check_owner(struct repair *r, const char **ret_why)
{
	struct cart *c = r->c;
	bool named = strcmp(c->info.barcode, r->barcode) == 0;
	struct disk_segment s;
	int o;

	*ret_why = NULL;
	stream_select(c, c->live_stream, &c->end_totals, c->end);
	if (named && header_matches_data(c))
		return 0;
	o = find_owner(r, &s);
	if (o < 0)
		return o;
	if (o != 0 || strncmp((const char *)s.barcode, r->barcode, sizeof(s.barcode)) != 0) {
		repair_say(r, "the header is of cartridge %s: this folder was renamed",
			   c->info.barcode);
		return CART_E_INVALID;
	}
	r->header_foreign = memcmp(s.uuid, c->info.uuid, sizeof(s.uuid)) != 0;
	*ret_why = r->header_foreign ? "it is of another cartridge than the data"
				     : "it is older than the data";
	return 0;
}

int repair_header(struct repair *r)
{
	const char *why = NULL;
	int o = CART_E_INVALID;

	if (r->header != NULL) {
		o = load(r, r->header, r->header_size);
		if (o < 0)
			return o;
		if (o == CART_E_UNSUPPORTED && crc_fits(r->header, r->header_size))
			return o;
	}
	if (o == 0) {
		o = check_owner(r, &why);
		if (o != 0)
			return o;
	}
	if (o != 0 && r->header != NULL)
		o = heal(r);
	if (o > 0)
		why = r->header == NULL ? "lost" : "damaged beyond one byte";
	if (why != NULL)
		o = repair_header_anew(r, why);
	if (o == 0 && (r->options->insist & CART_REPAIR_WRITABLE) != 0 &&
	    r->c->info.write_protect) {
		r->c->info.write_protect = false;
		repair_say(r, "header: the write protect tab is taken off");
		o = header_store(r->c);
	}
	return o;
}
