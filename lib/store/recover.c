/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover.c: finding out what a recording is from its frames alone.
 *
 * One scan walks from a known object to the end, frame by frame.  Where the next frame is not
 * whole, it looks for the next whole one behind and notes the gap.  Which gaps are damage and which
 * are the end is decided last: every whole frame says how many objects were stable when it was
 * written.  A gap below that number lies in what was on stable storage: its objects are damaged,
 * and stay.  A gap at or above it is what a crash left: the recording ends there (P2).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

#define SEARCH_BUFFER (1u << 20)
#define SECTOR        4096u /* what a search steps over where reading fails */

struct scan {
	struct totals at;   /* sums before the next object */
	uint64_t address;   /* where its frame should be */
	uint64_t stable;    /* the most that anything vouches for */
	uint64_t filemarks; /* of the whole recording, where the header knows; else 0 */
	uint64_t
		data_end; /* behind the last whole frame: what is dead behind it is cut from here */
	/* the first gap that nothing vouched for yet: the recording's end, unless a later frame
	 * does */
	bool has_cut;
	struct totals cut;
	uint64_t cut_address, cut_data_end;
};

/* The disk does not give what is there: perhaps the next time. */
static int note_unread(struct cart *c, uint64_t address)
{
	if (address > c->unread)
		c->unread = address;
	return CART_E_DAMAGED;
}

static int read_frame(struct cart *c, uint64_t address, struct disk_frame *ret_frame)
{
	size_t got = 0;
	int r = c->backend->ops->read(c->backend, c->stream, address, ret_frame, sizeof(*ret_frame),
				      &got);

	if (r == -EIO)
		return note_unread(c, address);
	if (r < 0)
		return r;
	return got == sizeof(*ret_frame) ? 0 : CART_E_DAMAGED;
}

/* The data of an object that nobody vouches for must be read: its header may be on the disk without
 * it. */
static int check_data(struct cart *c, uint64_t address, const struct disk_frame *f)
{
	size_t size = le32_get(f->stored_size), got = 0;
	int r = buffer_reserve(&c->buffer, &c->buffer_size, size + sizeof(*f));

	if (r == 0 && size > 0)
		r = c->backend->ops->read(c->backend, c->stream, address + sizeof(*f), c->buffer,
					  size, &got);
	if (r == -EIO)
		return note_unread(c, address);
	if (r < 0)
		return r;
	return got == size && crc32c(0, c->buffer, size) == le32_get(f->stored_crc)
		       ? 0
		       : CART_E_DAMAGED;
}

/*
 * The whole frame of object @number at @address: 0, CART_E_DAMAGED, -errno.  CART_E_FOREIGN: it is
 * of an epoch that this header does not know.
 */
static int frame_at(struct cart *c, uint64_t address, uint64_t number, uint64_t stable,
		    struct disk_frame *ret_frame)
{
	int r = read_frame(c, address, ret_frame);

	if (r == 0 && c->doubts && le64_get(ret_frame->object) == number &&
	    frame_is_newer(c, ret_frame))
		return CART_E_FOREIGN;
	if (r == 0 && !frame_counts(c, ret_frame, number))
		r = CART_E_DAMAGED;
	if (r == 0 && number >= stable && number >= c->epoch_object)
		r = check_data(c, address, ret_frame);
	return r;
}

/* I6: the same for every frame of one segment. */
static uint64_t slope(uint64_t address, uint64_t object, uint64_t stored_before)
{
	return address - object * sizeof(struct disk_frame) - stored_before;
}

static uint64_t slope_of(uint64_t address, const struct disk_frame *f)
{
	return slope(address, le64_get(f->object), le64_get(f->stored_before));
}

/* No more can lie before a frame than there is room for. */
static bool slope_makes_sense(uint64_t address, const struct disk_frame *f)
{
	uint64_t object = le64_get(f->object), room = address - DATA_START;

	return object <= room / sizeof(*f) &&
	       le64_get(f->stored_before) <= room - object * sizeof(*f);
}

/* Looking for a whole frame behind a gap. */
struct search {
	uint64_t from;   /* what is to be looked at next */
	uint64_t number; /* only later objects */
	uint64_t last;   /* segment up to which holes are searched past */
	bool has_slope;  /* false where the segment's first frame is lost */
	uint64_t slope;  /* of the segment of @from */
	bool is_dead;    /* that segment is of an older epoch as a whole */
	bool newer;      /* there is a frame of an epoch that the header does not know */
	size_t step;     /* bytes to read at once */
	uint64_t bad;    /* bytes in a row, up to @from, that could not be read */
	uint8_t *data;   /* SEARCH_BUFFER bytes */
};

/*
 * A whole frame of a later object in @p, which is at @address?  Data of a host may contain old
 * frames of this very cartridge (a backup of its own pool): they are not where their numbers say
 * (I6).
 */
static bool is_later_frame(const struct cart *c, struct search *q, const uint8_t *p,
			   uint64_t address, struct disk_frame *ret_frame)
{
	uint64_t object;
	bool newer;

	memcpy(ret_frame, p, sizeof(*ret_frame));
	if (!frame_is_ours(c, ret_frame))
		return false;
	object = le64_get(ret_frame->object);
	newer = c->doubts && frame_is_newer(c, ret_frame);
	if (object <= q->number || !(newer || frame_counts(c, ret_frame, object)) ||
	    !slope_makes_sense(address, ret_frame) ||
	    (q->has_slope && slope_of(address, ret_frame) != q->slope))
		return false;
	q->newer = q->newer || newer;
	return true;
}

/*
 * A segment behind the one where this epoch began that was begun in an earlier epoch: no frame in
 * it counts (I2).  An overwrite leaves many of them behind for a while; they need not be read.
 */
static bool is_dead_segment(struct cart *c, uint64_t number)
{
	struct disk_segment s;
	size_t got = 0;

	if (number <= c->epoch_address >> SEGMENT_SHIFT ||
	    c->backend->ops->read(c->backend, c->stream, number << SEGMENT_SHIFT, &s, sizeof(s),
				  &got) < 0)
		return false;
	return got == sizeof(s) && memcmp(s.magic, SEGMENT_MAGIC, sizeof(s.magic)) == 0 &&
	       le32_get(s.crc) == crc32c(0, &s, offsetof(struct disk_segment, crc)) &&
	       memcmp(s.uuid, c->info.uuid, sizeof(s.uuid)) == 0 &&
	       le32_get(s.stream) == c->stream && le64_get(s.epoch) < c->info.epoch;
}

/* Goes to the next segment; its first frame, if whole, says where the others must be. */
static void enter_segment(struct cart *c, struct search *q)
{
	struct disk_frame f;

	q->from = next_segment(q->from);
	q->is_dead = is_dead_segment(c, q->from >> SEGMENT_SHIFT);
	q->has_slope = read_frame(c, q->from, &f) == 0 && frame_counts(c, &f, le64_get(f.object));
	if (q->has_slope)
		q->slope = slope_of(q->from, &f);
}

/* The address of the first such frame in the @size bytes read; 0 where there is none. */
static uint64_t find_in_data(const struct cart *c, struct search *q, size_t size,
			     struct disk_frame *ret_frame)
{
	const le32 magic = le32_from(FRAME_MAGIC);
	const uint8_t *p = q->data, *end = q->data + size;

	while ((p = memmem(p, (size_t)(end - p), &magic, sizeof(magic))) != NULL &&
	       (size_t)(end - p) >= sizeof(*ret_frame)) {
		uint64_t address = q->from + (uint64_t)(p - q->data);

		if (is_later_frame(c, q, p, address, ret_frame))
			return address;
		p++;
	}
	return 0;
}

/*
 * Reading failed at @q->from: once more in smaller steps, then past this sector.  *missing as in
 * search_frame(): a segment of which nothing can be read is like one that does not exist.
 */
static void skip_bad(struct cart *c, struct search *q, unsigned *missing)
{
	uint64_t next = (q->from | (SECTOR - 1)) + 1;

	ignore_result(note_unread(c, q->from));
	if (q->step != SECTOR) {
		q->step = SECTOR;
		return;
	}
	q->bad += next - q->from;
	if ((next & (SEGMENT_SIZE - 1)) != 0) {
		q->from = next;
		return;
	}
	*missing = q->bad >= SEGMENT_SIZE - DATA_START ? *missing + 1 : 0;
	q->bad = 0;
	enter_segment(c, q);
}

/*
 * The next whole frame of a later object. 0; CART_E_EOD where there is none; CART_E_FOREIGN. Two
 * segments in a row that do not exist end the search, but not before the segment that the header
 * speaks of.
 */
static int search_frame(struct cart *c, struct search *q, uint64_t *ret_address,
			struct disk_frame *ret_frame)
{
	unsigned missing = 0;

	while (missing < 2 || q->from >> SEGMENT_SHIFT <= q->last) {
		size_t got = 0;
		int r = 0;

		if (!q->is_dead)
			r = c->backend->ops->read(c->backend, c->stream, q->from, q->data, q->step,
						  &got);
		if (r < 0 && r != -EIO)
			return r;
		if (r == 0)
			q->bad = 0;
		if (r < 0) {
			skip_bad(c, q, &missing);
		} else if (got < sizeof(*ret_frame)) {
			bool at_start = (q->from & (SEGMENT_SIZE - 1)) == DATA_START;

			missing = at_start && got == 0 ? missing + 1 : 0;
			enter_segment(c, q);
		} else {
			*ret_address = find_in_data(c, q, got, ret_frame);
			if (*ret_address != 0)
				return q->newer ? CART_E_FOREIGN : 0;
			missing = 0;
			q->step = SEARCH_BUFFER;
			q->from +=
				got - (sizeof(*ret_frame) - 1); /* one may lie across two reads */
		}
	}
	return CART_E_EOD;
}

/* The same, for what comes behind the gap at @s. */
static int search_behind(struct cart *c, const struct scan *s, uint8_t *data, uint64_t *ret_address,
			 struct disk_frame *ret_frame)
{
	uint64_t known = c->end > c->epoch_address ? c->end : c->epoch_address;
	struct search q = {
		.from = s->address + 1,
		.number = s->at.objects,
		.last = known >> SEGMENT_SHIFT,
		.has_slope = true,
		.slope = slope(s->address, s->at.objects, s->at.stored_bytes),
		.step = SEARCH_BUFFER,
		.data = data,
	};

	return search_frame(c, &q, ret_address, ret_frame);
}

/* Enters objects that cannot be found, up to @until with @filemarks among them, as damaged. */
static int put_damaged(struct cart *c, struct scan *s, uint64_t until, uint64_t filemarks)
{
	const struct object lost = { .address = INDEX_DAMAGED };
	int r = 0;

	while (r == 0 && s->at.objects < until) {
		bool mark = filemarks > s->at.filemarks &&
			    until - s->at.objects <= filemarks - s->at.filemarks;

		r = index_put(c, &lost, s->at.objects);
		if (r == 0 && mark)
			r = marks_put(c, s->at.objects);
		s->at.objects++;
		s->at.filemarks += mark;
	}
	return r;
}

static int put_frame(struct cart *c, struct scan *s, const struct disk_frame *f, uint64_t address)
{
	struct object o = { address, le32_get(f->logical_size), le32_get(f->stored_size) };
	int r = index_put(c, &o, s->at.objects);

	if (le64_get(f->stable) > s->stable)
		s->stable = le64_get(f->stable);
	s->at = frame_totals_after(f);
	s->address = s->data_end = address + frame_size(&o);
	return r;
}

/*
 * Objects that were stable once, and are gone with the end of the data (R3).  What comes behind
 * them begins a segment of its own, since nobody knows how long they were (I6).
 */
static int put_lost_tail(struct cart *c, struct scan *s)
{
	uint64_t first = s->at.objects, filemarks = s->at.filemarks;
	int r = put_damaged(c, s, s->stable, s->filemarks > filemarks ? s->filemarks : filemarks);

	if (s->at.objects > first)
		s->address = next_segment(s->address +
					  (s->at.objects - first) * sizeof(struct disk_frame));
	return r;
}

static void note_cut(struct scan *s)
{
	if (s->has_cut || s->at.objects < s->stable)
		return;
	s->has_cut = true;
	s->cut = s->at;
	s->cut_address = s->address;
	s->cut_data_end = s->data_end;
}

/* The frame that should be next, where it should be. CART_E_DAMAGED where it is not. */
static int next_frame(struct cart *c, struct scan *s, uint64_t *ret_address,
		      struct disk_frame *ret_frame)
{
	int r = frame_at(c, s->address, s->at.objects, s->stable, ret_frame);

	*ret_address = s->address;
	if (r != CART_E_DAMAGED)
		return r;
	*ret_address = next_segment(s->address); /* it may not have fitted into this one */
	return frame_at(c, *ret_address, s->at.objects, s->stable, ret_frame);
}

/* One frame further. 0; CART_E_EOD at the end of what can be found; -errno. */
static int scan_step(struct cart *c, struct scan *s, uint8_t *data)
{
	struct disk_frame f;
	struct totals before;
	uint64_t address;
	int r = next_frame(c, s, &address, &f);

	if (r == 0)
		return put_frame(c, s, &f, address);
	if (r != CART_E_DAMAGED)
		return r;
	note_cut(s);
	r = search_behind(c, s, data, &address, &f);
	if (r != 0)
		return r;
	before = frame_totals_before(&f);
	if (le64_get(f.stable) > s->stable)
		s->stable = le64_get(f.stable);
	if (!s->has_cut && before.objects > s->stable) {
		/* of the objects that are missing, nothing vouches for the last ones yet */
		r = put_lost_tail(c, s);
		note_cut(s);
	}
	if (r == 0)
		r = put_damaged(c, s, before.objects, before.filemarks);
	return r != 0 ? r : put_frame(c, s, &f, address);
}

/* Scans once. A frame found behind a gap may vouch for more: then the whole scan is made again,
 * knowing it. */
static int scan_once(struct cart *c, struct scan *s)
{
	uint8_t *data = malloc(SEARCH_BUFFER);
	int r = 0;

	if (data == NULL)
		return -ENOMEM;
	while (r == 0)
		r = scan_step(c, s, data);
	free(data);
	return r == CART_E_EOD ? 0 : r;
}

/* Scans from @s to the end; then @s says where the recording ends, and the tables have its objects.
 */
static int scan_all(struct cart *c, struct scan *s)
{
	const struct scan start = *s;
	int r = scan_once(c, s);

	while (r == 0 && s->has_cut && s->stable > s->cut.objects) {
		uint64_t stable = s->stable;

		*s = start;
		s->stable = stable;
		r = table_cut(c, &c->index, start.at.objects);
		if (r == 0)
			r = marks_cut(c, start.at.filemarks);
		if (r == 0)
			r = scan_once(c, s);
	}
	if (r != 0)
		return r;
	if (s->has_cut) {
		s->at = s->cut;
		s->address = s->cut_address;
		s->data_end = s->cut_data_end;
	}
	r = put_lost_tail(c, s);
	if (r == 0)
		r = table_cut(c, &c->index, s->at.objects);
	if (r == 0)
		r = marks_cut(c, s->at.filemarks);
	if (r == 0)
		r = table_flush(c, &c->index);
	return r == 0 ? table_flush(c, &c->marks) : r;
}

static int open_tables(struct cart *c)
{
	uint64_t index_bytes = 0, marks_bytes = 0;
	int r = c->backend->ops->table_size(c->backend, TABLE_INDEX, c->stream, &index_bytes);

	if (r == 0)
		r = c->backend->ops->table_size(c->backend, TABLE_MARKS, c->stream, &marks_bytes);
	table_init(&c->index, TABLE_INDEX, sizeof(struct disk_index_entry),
		   index_bytes / sizeof(struct disk_index_entry));
	marks_init(c, marks_bytes / sizeof(le64));
	return r;
}

/* The whole frame of object @number as the index names it. */
static bool indexed_frame(struct cart *c, uint64_t number, struct object *ret_object,
			  struct disk_frame *ret_frame)
{
	return index_get(c, number, ret_object) == 0 && ret_object->address != INDEX_DAMAGED &&
	       read_frame(c, ret_object->address, ret_frame) == 0 &&
	       frame_counts(c, ret_frame, number) &&
	       le32_get(ret_frame->stored_size) == ret_object->stored_size;
}

/*
 * Where to begin: behind the last object that is known to be stable, if the tables lead there; else
 * at the beginning.  The last frame that the index names tells how far that is; so the scan covers
 * what was written since the last sync or so.
 */
static int scan_start(struct cart *c, struct scan *s)
{
	uint64_t start = c->epoch_object;
	struct disk_frame f;
	struct object o;
	int r = open_tables(c);

	if (r < 0)
		return r;
	if (c->index.count > start && indexed_frame(c, c->index.count - 1, &o, &f) &&
	    le64_get(f.stable) > start)
		start = le64_get(f.stable);
	*s = (struct scan){ .address = DATA_START, .data_end = DATA_START, .stable = start };
	if (start > 0 && c->index.count >= start && indexed_frame(c, start - 1, &o, &f) &&
	    c->marks.count >= frame_totals_after(&f).filemarks) {
		s->at = frame_totals_after(&f);
		s->address = s->data_end = o.address + frame_size(&o);
	}
	r = table_cut(c, &c->index, s->at.objects);
	return r == 0 ? marks_cut(c, s->at.filemarks) : r;
}

int recover_tail(struct cart *c)
{
	struct scan s;
	int r = scan_start(c, &s);

	c->unread = 0;
	if (r == 0)
		r = scan_all(c, &s);
	if (r == 0 && s.has_cut && c->unread >= s.cut_data_end)
		r = -EIO; /* the end cannot be told from what cannot be read: nothing is cut */
	if (r == 0)
		r = c->backend->ops->truncate(c->backend, c->stream, s.data_end);
	if (r == 0)
		r = c->backend->ops->sync(c->backend);
	if (r != 0)
		return outcome_of(r);
	c->end_totals = s.at;
	c->end = s.address;
	c->stable = s.at.objects;
	c->clean = true;
	info_update(c);
	return header_store(c);
}

int rebuild_index(struct cart *c)
{
	struct totals exact = c->end_totals;
	struct scan s = { .address = DATA_START, .data_end = DATA_START };
	int r = step_aside(c);

	c->index_rebuilt = true; /* once per open, whatever comes out */
	if (r == 0)
		r = c->backend->ops->table_renew(c->backend, c->stream);
	if (r < 0)
		return outcome_of(r);
	table_init(&c->index, TABLE_INDEX, sizeof(struct disk_index_entry), 0);
	marks_init(c, 0);
	s.stable = exact.objects; /* the header vouches for all of it */
	s.filemarks = exact.filemarks;
	r = scan_all(c, &s);
	if (r != 0)
		return outcome_of(r);
	/* the header is the judge of how much there is */
	r = table_cut(c, &c->index, exact.objects);
	return r == 0 ? outcome_of(marks_fit(c, &exact)) : outcome_of(r);
}

bool index_agrees(struct cart *c)
{
	uint64_t index_bytes, marks_bytes, last = c->end_totals.objects - 1;
	struct disk_frame f;
	struct object o;

	if (c->backend->ops->table_size(c->backend, TABLE_INDEX, c->stream, &index_bytes) < 0 ||
	    c->backend->ops->table_size(c->backend, TABLE_MARKS, c->stream, &marks_bytes) < 0 ||
	    index_bytes < c->end_totals.objects * sizeof(struct disk_index_entry) ||
	    marks_bytes < c->end_totals.filemarks * sizeof(le64))
		return false;
	if (c->end_totals.objects == 0)
		return true;
	if (index_get(c, last, &o) != 0)
		return false;
	if (o.address == INDEX_DAMAGED)
		return true; /* a rebuild said so; it would say the same again */
	return read_frame(c, o.address, &f) == 0 && frame_counts(c, &f, last) &&
	       o.address + frame_size(&o) == c->end;
}

int each_frame(struct cart *c, uint64_t stable,
	       void (*see)(void *ctx, const struct disk_frame *frame, uint64_t address), void *ctx)
{
	struct scan s = { .address = DATA_START, .stable = stable };
	uint8_t *data = malloc(SEARCH_BUFFER);
	struct disk_frame f;
	uint64_t address;
	int r = data == NULL ? -ENOMEM : 0;

	while (r == 0) {
		r = next_frame(c, &s, &address, &f);
		if (r == CART_E_DAMAGED)
			r = search_behind(c, &s, data, &address, &f);
		if (r != 0)
			break;
		see(ctx, &f, address);
		s.at = frame_totals_after(&f);
		s.address = address + sizeof(f) + le32_get(f.stored_size);
	}
	free(data);
	return r == CART_E_EOD ? 0 : r;
}
