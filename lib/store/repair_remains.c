/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair_remains.c: what is left of a damaged header, and what it is worth when a header is made
 * anew.  Nothing in it is certain: it may only make a repair more careful, or tell what nothing
 * else tells and the operator can check.
 */
#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/store/repair.h"

#define DAY          86400
#define MAX_CAPACITY ADDRESS_LIMIT

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
void remains_take_tab(struct repair *r, const struct disk_header *h)
{
	struct cart_info *i = &r->c->info;

	i->write_protect = r->c->end_totals.objects > 0 || division_is_recorded(r) ||
			   (h != NULL && (h->flags & HEADER_WRITE_PROTECT) != 0);
	if (i->write_protect && (r->options->insist & CART_REPAIR_WRITABLE) == 0)
		repair_say(r, "header: nothing tells for certain how the write protect tab was: "
			      "it is set (--writable takes it off)");
}

void remains_take_counters(struct cart_info *i, const struct disk_header *h)
{
	i->loads = plausible(h->loads, UINT32_MAX);
	i->lifetime_written_bytes = plausible(h->lifetime_written, UINT64_C(1) << 60);
	i->lifetime_read_bytes = plausible(h->lifetime_read, UINT64_C(1) << 60);
	i->created_s = plausible_time(h->created);
	i->last_mount_s = plausible_time(h->last_mount);
	i->last_unmount_s = plausible_time(h->last_unmount);
	i->last_write_s = plausible_time(h->last_write);
}

/* How many bytes the damaged header had: as it says itself where it was cut. */
static size_t whole_size(const struct repair *r, const struct disk_header *h)
{
	size_t said = h != NULL ? le32_get(h->size) : 0;

	return said > r->header_size && said <= HEADER_MAX ? said : r->header_size;
}

/* The record whose content is at @p says what kind of medium it is, and says nothing else. */
static bool is_medium(const uint8_t *p, size_t size, struct cart_info *ret_found)
{
	struct disk_medium d;

	if (size != sizeof(d) || medium_get(ret_found, p, size) != 0)
		return false;
	memcpy(&d, p, sizeof(d));
	return d.reserved[0] == 0 && d.reserved[1] == 0 && d.reserved[2] == 0;
}

/*
 * The record of the damaged header that says it is no ordinary cartridge.  Values that hosts wrote
 * stand among the records, and may look like anything: so they are read in order, from where the
 * first one begins, and all of them must fit in front of the checksum, or in what is left of a
 * header that was cut; and ours must be where it is written, with no other that is known behind it.
 * False: there is no telling.
 */
static bool find_medium(const struct repair *r, const struct disk_header *h,
			struct cart_info *ret_found)
{
	size_t whole = whole_size(r, h), end = whole, at = sizeof(struct disk_header);

	*ret_found = (struct cart_info){ .kind = CART_DATA };
	if (r->header_foreign || end < at + sizeof(le32))
		return false;
	end -= sizeof(le32);
	while (at < end) {
		const uint8_t *p = (const uint8_t *)r->header + at;
		struct disk_record rec;
		size_t size;

		if (at + sizeof(rec) > end)
			return false;
		if (at + sizeof(rec) > r->header_size)
			return true;
		memcpy(&rec, p, sizeof(rec));
		size = sizeof(rec) + le16_get(rec.size);
		if (size > end - at)
			return false;
		if (at + size > r->header_size)
			return true;
		if (le16_get(rec.type) <= RECORD_MEDIUM && ret_found->kind != CART_DATA)
			return false;
		if (le16_get(rec.type) == RECORD_MEDIUM &&
		    !is_medium(p + sizeof(rec), size - sizeof(rec), ret_found))
			return false;
		at += size;
	}
	return true;
}

static void take_kind(struct repair *r, const struct disk_header *h, const struct cart_params *p)
{
	struct cart_info *i = &r->c->info, found;
	bool known = find_medium(r, h, &found);

	i->kind = p->kind;
	i->cleanings = p->kind == CART_CLEANING ? p->cleanings : 0;
	i->cleanings_used = 0;
	if (known && found.kind != CART_DATA && (r->options->insist & CART_REPAIR_KIND) == 0) {
		i->kind = found.kind;
		i->cleanings = found.cleanings;
		i->cleanings_used = found.cleanings_used;
	}
	if (!known && r->header != NULL && !r->header_foreign)
		repair_say(r, "header: its records are damaged: none of them is believed");
	if (i->kind != CART_DATA || !known)
		repair_say(r, "header: it is a %s cartridge%s", cart_kind_name(i->kind),
			   known && found.kind == i->kind ? "" : ", as given; please check that");
}

/* What kind of medium it is: of the damaged header where it is plausible, unless the caller insists
 * otherwise. */
void remains_take_medium(struct repair *r, const struct disk_header *h)
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
	take_kind(r, h, p);
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
		struct disk_record rec;
		struct disk_copy d;
		bool known = false;

		memcpy(&rec, (const uint8_t *)r->header + at - sizeof(rec), sizeof(rec));
		if (le16_get(rec.type) > RECORD_COPY && le16_get(rec.type) <= RECORD_MEDIUM)
			break; /* copies come first */
		memcpy(&d, (const uint8_t *)r->header + at, sizeof(d));
		header_copy_get(&copies[cnt], &d);
		for (unsigned i = 0; i < cnt; i++)
			known |= strcmp(copies[i].volume, copies[cnt].volume) == 0;
		cnt += !known && barcode_is_valid(copies[cnt].volume);
	}
	return cnt;
}

/*
 * The volumes keep their names here, so that nobody takes them for free; but the generation is
 * unknown: nothing is released for a copy that is only known from a damaged header.
 */
void remains_take_copies(struct repair *r)
{
	struct cart_info *i = &r->c->info;

	i->copies_cnt = read_copies(r, i->copies);
	for (unsigned n = 0; n < i->copies_cnt; n++) {
		struct cart_copy *copy = &i->copies[n];

		copy->generation = CART_GENERATION_UNKNOWN;
		repair_say(r,
			   "header: a copy on volume %s is named there: it is kept, and its volume "
			   "with it, but nothing relies on it",
			   copy->volume);
	}
}

/* The fixed part of the damaged header, with zeros where it was cut; false: it is none of ours. */
bool remains_header(const struct repair *r, struct disk_header *ret_header)
{
	size_t size = r->header_size < sizeof(*ret_header) ? r->header_size : sizeof(*ret_header);

	memset(ret_header, 0, sizeof(*ret_header));
	if (r->header == NULL || size <= offsetof(struct disk_header, barcode) + BARCODE_SIZE)
		return false;
	memcpy(ret_header, r->header, size);
	if (r->header_foreign)
		return false;
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
int remains_check_resident(struct repair *r, const struct disk_header *h)
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
int remains_without_data(struct repair *r, const struct disk_header *h)
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
