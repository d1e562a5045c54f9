/* SPDX-License-Identifier: Apache-2.0 */
/*
 * position.c: moving without reading.  All moves are made on the tables, and proven by the one
 * frame that they lead to: O(log n) whatever the length of the recording.  Only the search for
 * filemarks in a row looks at all marks on its way, and at what the index says of each: a mark that
 * lies could hide the row.  It reads 64 KiB of either with each system call, but for marks that are
 * farther apart.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/store/cart.h"

#define MARKS_AT_ONCE   8192u /* read in one call where many are looked at: 64 KiB */
#define ENTRIES_AT_ONCE 4096u /* of the index: 64 KiB */
#define ENTRIES_FIRST   64u   /* the row may be near */

static bool past_early_warning(const struct cart *c)
{
	struct totals t = c->end_totals;

	/* only the end is compared: in the middle of the recording a host is told nothing */
	if (c->info.capacity_bytes == 0 || c->position != t.objects)
		return false;
	return t.stored_bytes + c->info.early_warning_bytes >= c->info.capacity_bytes;
}

void cart_position(const struct cart *c, struct cart_position *ret_position)
{
	*ret_position = (struct cart_position){
		.object = c->position,
		.file = c->file,
		.bop = c->position == 0,
		.eod = c->position == c->end_totals.objects,
		.early_warning = past_early_warning(c),
	};
}

void cart_seek(struct cart *c, uint64_t object, uint64_t file)
{
	c->position = object;
	c->file = file;
}

static void go_eod(struct cart *c)
{
	cart_seek(c, c->end_totals.objects, c->end_totals.filemarks);
}

/* Every public move begins here: a damaged index is made anew once, then tried again by @move. */
static int repair_and_retry(struct cart *c, int r)
{
	if (r != CART_E_DAMAGED || c->index_rebuilt)
		return r == CART_E_DAMAGED ? -EIO : r;
	r = rebuild_index(c);
	return r == 0 ? -EAGAIN : r;
}

int cart_locate(struct cart *c, uint64_t object)
{
	uint64_t file;
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (object >= c->end_totals.objects) {
		go_eod(c);
		return object == c->end_totals.objects ? 0 : CART_E_EOD;
	}
	do {
		r = repair_and_retry(c, file_before(c, object, &file));
	} while (r == -EAGAIN);
	if (r == 0)
		cart_seek(c, object, file);
	return r;
}

/*
 * The object of filemark @n.  The marks are derived data: the frame that they lead to must be that
 * filemark (I4). Where the frame is damaged they are believed, as far as the index does not object.
 */
static int mark_get(struct cart *c, uint64_t n, uint64_t *ret_object)
{
	const struct disk_frame *f;
	const uint8_t *data;
	bool rebuilt = c->index_rebuilt;
	struct object o;
	int r = marks_get(c, n, ret_object);

	if (r != 0)
		return r;
	if (*ret_object < n || *ret_object >= c->end_totals.objects)
		return CART_E_DAMAGED;
	r = object_load(c, *ret_object, false, &o, &f, &data);
	if (c->index_rebuilt != rebuilt)
		return mark_get(c, n, ret_object); /* once: the marks are new ones now, too */
	if (r == 0 && (f->type != FRAME_FILEMARK || le64_get(f->file) != n))
		return CART_E_DAMAGED;
	if (r == CART_E_DAMAGED && (o.address == INDEX_DAMAGED || o.logical_size == 0))
		return 0;
	return r;
}

/* The object behind filemark number @file (from 1), or 0 for file 0. */
static int file_start(struct cart *c, uint64_t file, uint64_t *ret_object)
{
	int r;

	*ret_object = 0;
	if (file == 0)
		return 0;
	do {
		r = repair_and_retry(c, mark_get(c, file - 1, ret_object));
	} while (r == -EAGAIN);
	if (r == 0)
		(*ret_object)++;
	return r;
}

int cart_locate_file(struct cart *c, uint64_t file)
{
	uint64_t object;
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (file > c->end_totals.filemarks) {
		go_eod(c);
		return CART_E_EOD;
	}
	r = file_start(c, file, &object);
	if (r == 0)
		cart_seek(c, object, file);
	return r;
}

int cart_space_eod(struct cart *c)
{
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	go_eod(c);
	return 0;
}

static int space_forward(struct cart *c, uint64_t count, uint64_t *ret_residual)
{
	uint64_t mark = c->end_totals.objects; /* the next filemark, or end-of-data */
	bool is_mark = c->file < c->end_totals.filemarks;
	int r;

	if (is_mark) {
		r = file_start(c, c->file + 1, &mark);
		if (r != 0)
			return r;
		mark--;
	}
	if (count <= mark - c->position) {
		cart_seek(c, c->position + count, c->file);
		return 0;
	}
	*ret_residual = count - (mark - c->position);
	if (!is_mark) {
		go_eod(c);
		return CART_E_EOD;
	}
	cart_seek(c, mark + 1, c->file + 1);
	return CART_E_FILEMARK;
}

static int space_backward(struct cart *c, uint64_t count, uint64_t *ret_residual)
{
	uint64_t start; /* of the logical file that we are in */
	int r = file_start(c, c->file, &start);

	if (r != 0)
		return r;
	if (count <= c->position - start) {
		cart_seek(c, c->position - count, c->file);
		return 0;
	}
	*ret_residual = count - (c->position - start);
	if (c->file == 0) {
		cart_seek(c, 0, 0);
		return CART_E_BOP;
	}
	cart_seek(c, start - 1, c->file - 1);
	return CART_E_FILEMARK;
}

static uint64_t magnitude(int64_t count)
{
	return count < 0 ? (uint64_t)0 - (uint64_t)count : (uint64_t)count;
}

int cart_space_blocks(struct cart *c, int64_t count, uint64_t *ret_residual)
{
	*ret_residual = 0;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	return count < 0 ? space_backward(c, magnitude(count), ret_residual)
			 : space_forward(c, magnitude(count), ret_residual);
}

int cart_space_filemarks(struct cart *c, int64_t count, uint64_t *ret_residual)
{
	uint64_t n = magnitude(count), object;
	uint64_t left = c->end_totals.filemarks - c->file;
	int r;

	*ret_residual = 0;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (n == 0)
		return 0;
	if (count > 0 && n > left) {
		*ret_residual = n - left;
		go_eod(c);
		return CART_E_EOD;
	}
	if (count < 0 && n > c->file) {
		*ret_residual = n - c->file;
		cart_seek(c, 0, 0);
		return CART_E_BOP;
	}
	if (count > 0) {
		r = file_start(c, c->file + n, &object);
		if (r == 0)
			cart_seek(c, object, c->file + n);
		return r;
	}
	r = file_start(c, c->file - n + 1, &object);
	if (r == 0)
		cart_seek(c, object - 1, c->file - n);
	return r;
}

/* A row of filemarks being looked for. */
struct run {
	int step;        /* 1 or -1 */
	uint64_t want;   /* filemarks in a row */
	uint64_t length; /* of the row that the last one looked at belongs to */
	uint64_t last;   /* object of that one; at first that of the position, or before it */
	bool begun;

	uint64_t low, high; /* numbers of the marks in .marks */
	le64 marks[MARKS_AT_ONCE];

	uint64_t first;      /* object of the first of .entries */
	size_t count, reach; /* of .entries; the next time at most .reach */
	struct disk_index_entry entries[ENTRIES_AT_ONCE];
};

/* The batch of marks with number @n, in the direction of the search. */
static int run_load_marks(struct cart *c, struct run *run, uint64_t n)
{
	const uint64_t count = c->end_totals.filemarks;

	if (n >= run->low && n < run->high)
		return 0;
	run->low = n;
	run->high = n + 1;
	if (run->step > 0)
		run->high = count - n < MARKS_AT_ONCE ? count : n + MARKS_AT_ONCE;
	else
		run->low = run->high < MARKS_AT_ONCE ? 0 : run->high - MARKS_AT_ONCE;
	return marks_read(c, run->low, (size_t)(run->high - run->low), run->marks);
}

/* The index entries of mark @n and of those that come next in the batch, as far as they are near.
 */
static int run_load_entries(struct cart *c, struct run *run, uint64_t n)
{
	uint64_t object = le64_get(run->marks[n - run->low]), end = object;

	for (; n >= run->low && n < run->high; n += (uint64_t)(int64_t)run->step) {
		uint64_t next = le64_get(run->marks[n - run->low]);
		uint64_t distance = run->step > 0 ? next - object : object - next;

		if (distance >= run->reach || next >= c->end_totals.objects)
			break;
		if (run->step > 0 ? next > end : next < end)
			end = next;
	}
	run->first = run->step > 0 ? object : end;
	run->count = (size_t)(run->step > 0 ? end - object : object - end) + 1;
	run->reach = run->reach * 2 < ENTRIES_AT_ONCE ? run->reach * 2 : ENTRIES_AT_ONCE;
	return index_read(c, run->first, run->count, run->entries);
}

/* Mark @n, of object @object: the index says that this is a filemark, or its frame does. */
static int run_check_mark(struct cart *c, struct run *run, uint64_t n, uint64_t object)
{
	const struct disk_index_entry *e;
	int r = 0;

	if (object < run->first || object - run->first >= run->count)
		r = run_load_entries(c, run, n);
	if (r != 0)
		return r;
	e = &run->entries[object - run->first];
	if (le32_get(e->logical_size) == 0 && le32_get(e->stored_size) == 0 &&
	    le64_get(e->address) != INDEX_DAMAGED)
		return 0;
	return mark_get(c, n, &object); /* either lies */
}

/* Takes mark @n. 0: the row is complete; CART_E_EOD: not yet; CART_E_DAMAGED: it cannot be there.
 */
static int run_next(struct cart *c, struct run *run, uint64_t n)
{
	uint64_t object;
	int r = run_load_marks(c, run, n);

	if (r != 0)
		return r;
	object = le64_get(run->marks[n - run->low]);
	if (object >= c->end_totals.objects)
		return CART_E_DAMAGED;
	if (run->begun || run->step < 0) {
		if (run->step > 0 ? object <= run->last : object >= run->last)
			return CART_E_DAMAGED;
	} else if (object < run->last) {
		return CART_E_DAMAGED;
	}
	r = run_check_mark(c, run, n, object);
	if (r != 0)
		return r;
	if (run->begun && object == run->last + (uint64_t)(int64_t)run->step)
		run->length++;
	else
		run->length = 1;
	run->begun = true;
	run->last = object;
	return run->length == run->want ? 0 : CART_E_EOD;
}

/*
 * Looks for @n marks whose objects follow each other, from the position on in steps of @step;
 * *ret_mark is the last one looked at of the row.  CART_E_EOD where there is none.
 */
static int find_run(struct cart *c, int step, uint64_t n, uint64_t *ret_mark)
{
	uint64_t mark = step > 0 ? c->file : c->file - 1; /* backwards it wraps below 0 */
	struct run *run = calloc(1, sizeof(*run));
	int r = run == NULL ? -ENOMEM : CART_E_EOD;

	if (run != NULL) {
		run->step = step;
		run->want = n;
		run->last = c->position;
		run->reach = ENTRIES_FIRST;
	}
	for (; r == CART_E_EOD && mark < c->end_totals.filemarks; mark += (uint64_t)(int64_t)step) {
		r = run_next(c, run, mark);
		*ret_mark = mark;
	}
	free(run);
	return r;
}

/*
 * The same, proven by the frames of the first and the last filemark of the row: each says how many
 * filemarks are before it, so that all between them are, and that none was passed unseen.  -EAGAIN
 * where the tables were made anew meanwhile.
 */
static int find_proven_run(struct cart *c, int step, uint64_t n, uint64_t *ret_mark)
{
	bool rebuilt = c->index_rebuilt;
	uint64_t begun, ended;
	int r = find_run(c, step, n, ret_mark);

	if (r == 0)
		r = mark_get(c, *ret_mark, &ended);
	if (r == 0)
		r = mark_get(c, step > 0 ? *ret_mark - (n - 1) : *ret_mark + (n - 1), &begun);
	if (r >= 0 && c->index_rebuilt != rebuilt)
		return -EAGAIN;
	if (r == 0 && (step > 0 ? ended - begun : begun - ended) != n - 1)
		return CART_E_DAMAGED;
	return r;
}

int cart_space_sequential_filemarks(struct cart *c, int64_t count, uint64_t *ret_residual)
{
	uint64_t n = magnitude(count), mark = 0, object;
	int r;

	*ret_residual = 0;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (n == 0)
		return 0;
	do {
		r = repair_and_retry(c, find_proven_run(c, count > 0 ? 1 : -1, n, &mark));
	} while (r == -EAGAIN);
	if (r == CART_E_EOD) {
		*ret_residual = n;
		if (count > 0) {
			go_eod(c);
			return CART_E_EOD;
		}
		cart_seek(c, 0, 0);
		return CART_E_BOP;
	}
	if (r != 0)
		return r;
	r = file_start(c, mark + 1, &object);
	if (r == 0 && count > 0)
		cart_seek(c, object, mark + 1);
	else if (r == 0)
		cart_seek(c, object - 1, mark);
	return r;
}
