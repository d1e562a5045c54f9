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
 *   epoch       the latest of any frame; all frames of it were written behind all others, so its
 *               first frame's number is epoch_object.  After the ordinary recovery a new epoch
 * begins at the end, with a number that nothing has used generation  that epoch's number: each
 * generation began with an epoch, so it is a new one
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/crc32c.h"
#include "lib/store/repair.h"

#define HEAL_MAX     4096u /* bytes: in a longer one more bytes would fit by chance */
#define EPOCH_SLACK  65536u
#define DAY          86400
#define MAX_CAPACITY ADDRESS_LIMIT

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

/* ---- made anew: the rest ---- */

static uint64_t plausible(le64 value, uint64_t limit)
{
	return le64_get(value) < limit ? le64_get(value) : 0;
}

static int64_t plausible_time(le64 value)
{
	uint64_t now = (uint64_t)clock_wall_s() + DAY;

	return le64_get(value) <= now ? (int64_t)le64_get(value) : 0;
}

/*
 * Nothing tells for certain how the tab was: a bit of a damaged header may be a wrong one.  So it
 * is set, where there is something to protect, and whoever knows better takes it off.
 */
static void take_tab(struct repair *r, const struct disk_header *h)
{
	struct cart_info *i = &r->c->info;

	i->write_protect = r->c->end_totals.objects > 0 ||
			   (h != NULL && (h->flags & HEADER_WRITE_PROTECT) != 0);
	if (i->write_protect && (r->options->insist & CART_REPAIR_WRITABLE) == 0)
		repair_say(r, "header: nothing tells for certain how the write protect tab was: "
			      "it is set (--writable takes it off)");
}

static void take_counters(struct cart_info *i, const struct disk_header *h)
{
	i->loads = plausible(h->loads, UINT32_MAX);
	i->lifetime_written_bytes = plausible(h->lifetime_written, UINT64_C(1) << 60);
	i->lifetime_read_bytes = plausible(h->lifetime_read, UINT64_C(1) << 60);
	i->created_s = plausible_time(h->created);
	i->last_mount_s = plausible_time(h->last_mount);
	i->last_unmount_s = plausible_time(h->last_unmount);
	i->last_write_s = plausible_time(h->last_write);
}

/* What kind of medium it is: of the damaged header where it is plausible, unless the caller insists
 * otherwise. */
static void take_medium(struct repair *r, const struct disk_header *h)
{
	static const struct cart_params lto8 = { .density = 0x5e, .medium_type = 0x88 };
	const struct cart_params *p = r->options->params != NULL ? r->options->params : &lto8;
	unsigned insist = r->options->insist;
	struct cart_info *i = &r->c->info;

	i->density = p->density;
	i->medium_type = p->medium_type;
	i->capacity_bytes = p->capacity_bytes;
	i->early_warning_bytes = p->early_warning_bytes;
	i->codec = p->codec;
	if (h != NULL && h->density != 0 && (insist & CART_REPAIR_DENSITY) == 0)
		i->density = h->density;
	if (h != NULL && h->medium_type != 0 && (insist & CART_REPAIR_MEDIUM_TYPE) == 0)
		i->medium_type = h->medium_type;
	if (h != NULL && le64_get(h->capacity) < MAX_CAPACITY &&
	    le64_get(h->early_warning) <= le64_get(h->capacity) &&
	    (insist & (CART_REPAIR_CAPACITY | CART_REPAIR_EARLY_WARNING)) == 0) {
		i->capacity_bytes = le64_get(h->capacity);
		i->early_warning_bytes = le64_get(h->early_warning);
	}
	if (h != NULL && h->codec <= CODEC_LAST && (insist & CART_REPAIR_CODEC) == 0)
		i->codec = (enum cart_codec)h->codec;
	repair_say(r,
		   "header: density %02Xh, medium type %02Xh, capacity %" PRIu64
		   ", early warning %" PRIu64 ", codec %s: %s; please check them",
		   i->density, i->medium_type, i->capacity_bytes, i->early_warning_bytes,
		   cart_codec_name(i->codec),
		   h != NULL ? "from the damaged header where it makes sense"
			     : "as given, or assumed: nothing in the data tells");
}

/* What a damaged header seems to know of copies: those whose volume can be read. */
static unsigned read_copies(const struct repair *r, struct cart_copy copies[CART_MAX_COPIES])
{
	const size_t step = sizeof(struct disk_record) + sizeof(struct disk_copy);
	size_t at = sizeof(struct disk_header) + sizeof(struct disk_record);
	unsigned cnt = 0;

	for (; at + sizeof(struct disk_copy) <= r->header_size && cnt < CART_MAX_COPIES;
	     at += step) {
		struct disk_copy d;
		bool known = false;

		memcpy(&d, (const uint8_t *)r->header + at, sizeof(d));
		header_copy_get(&copies[cnt], &d);
		for (unsigned i = 0; i < cnt; i++)
			known |= strcmp(copies[i].volume, copies[cnt].volume) == 0;
		cnt += !known && barcode_is_valid(copies[cnt].volume);
	}
	return cnt;
}

/*
 * The volumes keep their names here, so that nobody takes them for free; but of an earlier
 * generation: nothing is released for a copy that is only known from a damaged header.
 */
static void take_copies(struct repair *r)
{
	struct cart_info *i = &r->c->info;

	i->copies_cnt = read_copies(r, i->copies);
	for (unsigned n = 0; n < i->copies_cnt; n++) {
		struct cart_copy *copy = &i->copies[n];

		if (copy->generation >= i->generation)
			copy->generation = i->generation - 1;
		repair_say(r,
			   "header: a copy on volume %s is named there: it is kept as one of an "
			   "earlier generation, on which nothing relies",
			   copy->volume);
	}
}

/* The fixed part of the damaged header, with zeros where it was cut; false: it is none of ours. */
static bool damaged_header(const struct repair *r, struct disk_header *ret_header)
{
	size_t size = r->header_size < sizeof(*ret_header) ? r->header_size : sizeof(*ret_header);

	memset(ret_header, 0, sizeof(*ret_header));
	if (r->header == NULL || size <= offsetof(struct disk_header, barcode) + BARCODE_SIZE)
		return false;
	memcpy(ret_header, r->header, size);
	return memcmp(ret_header->magic, HEADER_MAGIC, sizeof(ret_header->magic)) == 0 ||
	       strncmp((const char *)ret_header->barcode, r->barcode,
		       sizeof(ret_header->barcode)) == 0;
}

static bool has_field(const struct repair *r, size_t offset, size_t size)
{
	return r->header_size >= offset + size;
}

enum witness {
	SAYS_NOTHING,
	SAYS_RESIDENT, /* the data is the recording */
	SAYS_AWAY,     /* the recording is somewhere else: what is here may be a part of it */
};

static bool names_current_copy(const struct repair *r, const struct disk_header *h)
{
	struct cart_copy copies[CART_MAX_COPIES];
	unsigned cnt = read_copies(r, copies);
	bool current = false;

	for (unsigned i = 0; i < cnt; i++)
		current |= copies[i].generation == le64_get(h->generation);
	return current;
}

/* What a damaged header (NULL: it is hardly one) says of the data of r->c->stream. */
static enum witness ask_header(const struct repair *r, const struct disk_header *h)
{
	const size_t at = offsetof(struct disk_header, state);
	uint32_t stream = r->c->stream;
	uint8_t state;

	if (!has_field(r, at, sizeof(state)))
		return SAYS_NOTHING;
	state = *((const uint8_t *)r->header + at);
	if (state == CART_MIGRATED || state == CART_RECALLING)
		return SAYS_AWAY;
	if (h == NULL || (state != CART_RESIDENT && state != CART_PREMIGRATED))
		return SAYS_NOTHING;
	if (state == CART_RESIDENT && names_current_copy(r, h))
		return SAYS_AWAY; /* that is no state: the byte is a wrong one */
	if (!has_field(r, offsetof(struct disk_header, recall_stream), sizeof(le32)) ||
	    le32_get(h->recall_stream) == stream ||
	    (stream != STREAM_FIRST && le32_get(h->stream) != stream))
		return SAYS_NOTHING;
	return SAYS_RESIDENT;
}

static int refuse_away(struct repair *r, const char *why)
{
	struct cart_copy copies[CART_MAX_COPIES];
	unsigned cnt = read_copies(r, copies);

	for (unsigned i = 0; i < cnt; i++)
		repair_say(r, "header: a copy on volume %s is named there", copies[i].volume);
	repair_say(r, "%s", why);
	return CART_E_NOT_RESIDENT;
}

/*
 * Is the data that is there the recording?  An unfinished recall is a part of it, and so is what a
 * release did not delete yet; only a recall makes another stream than the first.
 */
static int check_resident(struct repair *r, const struct disk_header *h)
{
	enum witness says = ask_header(r, h);

	if ((r->options->insist & CART_REPAIR_RESIDENT) != 0 || says == SAYS_RESIDENT ||
	    (says == SAYS_NOTHING && r->c->stream == STREAM_FIRST && r->hollow_stream == 0))
		return 0;
	if (says == SAYS_NOTHING && r->hollow_stream != 0)
		repair_say(r,
			   "there is an empty file of stream %" PRIu32
			   ", which may be of a recall that had just begun",
			   r->hollow_stream);
	return refuse_away(r, says == SAYS_AWAY
				      ? "the damaged header says that the recording is on its "
					"copies: what is on the disk may be a part of it, and is "
					"left as it is; vtl physical import reads a volume"
				      : "there was a recall, and no header says that it was "
					"finished: what is on the disk may be a part of the "
					"recording, and is left as it is; vtl physical import "
					"reads a volume");
}

/* There is no data: a blank cartridge if the damaged header says so; else who knows where the data
 * is. */
static int without_data(struct repair *r, const struct disk_header *h)
{
	if (h != NULL && (h->state == CART_RESIDENT || h->state == CART_PREMIGRATED) &&
	    le64_get(h->objects) == 0 && has_field(r, 0, offsetof(struct disk_header, loads))) {
		memcpy(r->c->info.uuid, h->uuid, sizeof(h->uuid));
		return 0;
	}
	return refuse_away(
		r, "the header is lost and there is no data: if the recording was migrated, its "
		   "volume can be read with vtl physical import; copies are never invented");
}

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
	take_copies(r);
	take_tab(r, h);
	if (!has_loose_gap(c, found)) {
		c->info.epoch = newest + 1;
		c->epoch_object = c->end_totals.objects;
		c->epoch_address = c->end;
	}
	return header_store(c);
}

static int make_anew(struct repair *r)
{
	struct disk_header damaged, *h = damaged_header(r, &damaged) ? &damaged : NULL;
	struct cart *c = r->c;
	struct found found;
	uint64_t newest = 0;
	bool expected;
	int o = 0;

	repair_say(r, r->header == NULL ? "header: lost" : "header: damaged beyond one byte");
	c->info = (struct cart_info){ .state = CART_RESIDENT };
	memcpy(c->info.barcode, r->barcode, strlen(r->barcode));
	c->recall_stream = 0;
	c->unknown_size = 0;
	o = choose_stream(r, &c->stream);
	if (o < 0)
		return o;
	c->live_stream = c->stream;
	c->end = c->epoch_address = data_end(r, &expected);
	found = (struct found){ .c = c, .address = DATA_START };
	if (c->stream == 0) {
		c->live_stream = c->stream = STREAM_FIRST;
		o = without_data(r, h);
	} else {
		o = check_resident(r, h);
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
		take_counters(&c->info, h);
	take_medium(r, h);
	r->report.header_rebuilt = r->report.recovered = true;
	return recover(r, h, &found, newest);
}

int repair_header(struct repair *r)
{
	int o = CART_E_INVALID;

	if (r->header != NULL) {
		o = load(r, r->header, r->header_size);
		if (o < 0)
			return o;
		if (o == CART_E_UNSUPPORTED && crc_fits(r->header, r->header_size))
			return o;
	}
	if (o == 0 && strcmp(r->c->info.barcode, r->barcode) != 0) {
		repair_say(r, "the header is of cartridge %s: this folder was renamed",
			   r->c->info.barcode);
		return CART_E_INVALID;
	}
	if (o != 0 && r->header != NULL)
		o = heal(r);
	if (o > 0)
		o = make_anew(r);
	if (o == 0 && (r->options->insist & CART_REPAIR_WRITABLE) != 0 &&
	    r->c->info.write_protect) {
		r->c->info.write_protect = false;
		repair_say(r, "header: the write protect tab is taken off");
		o = header_store(r->c);
	}
	return o;
}
