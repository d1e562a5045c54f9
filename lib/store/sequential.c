/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sequential.c: SPACE over filemarks in a row.  Batches of marks of which rows.c knows that no such
 * row is in them are passed over; of the others each mark is looked at, and what the index says of
 * it: a mark that lies could hide the row.  What was looked at whole is known from then on, so that
 * the second search of a recording whose rows nobody kept costs no more than any.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/store/cart.h"

#define MARKS_AT_ONCE   (16 * ROWS_BATCH) /* read in one call where many are looked at: 64 KiB */
#define ENTRIES_AT_ONCE 4096u             /* of the index: 64 KiB */
#define ENTRIES_FIRST   64u               /* the row may be near */

/* A row of filemarks being looked for. */
struct run {
	int step;        /* 1 or -1 */
	uint64_t want;   /* filemarks in a row */
	uint64_t length; /* of the row that the last one looked at belongs to */
	uint64_t last;   /* object of that one; at first that of the position, or before it */
	bool begun;

	uint64_t inside;  /* the batch that is being looked at, from 1 */
	uint64_t checked; /* marks of it, all from where it was entered */

	uint64_t low, high; /* numbers of the marks in .marks: whole batches */
	le64 marks[MARKS_AT_ONCE];

	uint64_t first;      /* object of the first of .entries */
	size_t count, reach; /* of .entries; the next time at most .reach */
	struct disk_index_entry entries[ENTRIES_AT_ONCE];
};

static uint64_t step_by(const struct run *run, uint64_t n)
{
	return run->step > 0 ? n : (uint64_t)0 - n;
}

/* Mark @n with those that come next in the direction of the search. */
static int run_load_marks(struct cart *c, struct run *run, uint64_t n)
{
	const uint64_t count = c->end_totals.filemarks, batch = n - n % ROWS_BATCH;

	if (n >= run->low && n < run->high)
		return 0;
	if (run->step > 0) {
		run->low = batch;
		run->high = batch + MARKS_AT_ONCE;
	} else {
		run->high = batch + ROWS_BATCH;
		run->low = run->high < MARKS_AT_ONCE ? 0 : run->high - MARKS_AT_ONCE;
	}
	if (run->high > count)
		run->high = count;
	return marks_read(c, run->low, (size_t)(run->high - run->low), run->marks);
}

/*
 * Passes over the rest of the batch of *@mark where the row cannot be in it or end in it, and says
 * so; else *@mark is to be looked at.
 */
static bool run_pass(const struct cart *c, struct run *run, uint64_t *mark)
{
	const uint64_t batch = *mark / ROWS_BATCH, offset = *mark % ROWS_BATCH;
	const struct rows_batch *known = rows_get(&c->rows, batch);
	uint64_t ahead, near, far, joined = 0, edge;

	if (run->inside == batch + 1 || known == NULL || known->longest >= run->want)
		return false;
	ahead = run->step > 0 ? known->count - offset : offset + 1;
	near = run->step > 0 ? known->head : known->tail;
	far = run->step > 0 ? known->tail : known->head;
	edge = run->step > 0 ? known->first : known->last;
	if (offset >= known->count || (run->begun && ahead != known->count))
		return false;
	if (run->begun && edge == run->last + step_by(run, 1))
		joined = run->length;
	if (near + joined >= run->want)
		return false;
	if (near == known->count && ahead == near)
		far = near + joined; /* one row from edge to edge */
	run->length = far < ahead + joined ? far : ahead + joined;
	run->last = run->step > 0 ? known->last : known->first;
	run->begun = true;
	*mark += step_by(run, ahead);
	return true;
}

/* Mark @n was looked at; where it was the last one of its batch, the batch is known now. */
static void run_learn(struct cart *c, struct run *run, uint64_t n)
{
	const uint64_t batch = n / ROWS_BATCH, first = batch * ROWS_BATCH;
	uint64_t left = c->end_totals.filemarks - first;
	uint64_t count = left < ROWS_BATCH ? left : ROWS_BATCH;

	if (run->inside != batch + 1)
		run->checked = 0;
	run->inside = batch + 1;
	if (++run->checked == count && first >= run->low && first + count <= run->high)
		rows_set(&c->rows, batch, &run->marks[first - run->low], (unsigned)count);
}

/* The index entries of mark @n and of those that come next in the batch, as far as they are near.
 */
static int run_load_entries(struct cart *c, struct run *run, uint64_t n)
{
	uint64_t object = le64_get(run->marks[n - run->low]), end = object;

	for (; n >= run->low && n < run->high; n += step_by(run, 1)) {
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
	if (run->begun && object == run->last + step_by(run, 1))
		run->length++;
	else
		run->length = 1;
	run->begun = true;
	run->last = object;
	run_learn(c, run, n);
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
	while (r == CART_E_EOD && mark < c->end_totals.filemarks) {
		if (run_pass(c, run, &mark))
			continue;
		r = run_next(c, run, mark);
		*ret_mark = mark;
		mark += step_by(run, 1);
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
