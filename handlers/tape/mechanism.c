/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mechanism.c: how long the mechanism of this model takes, where the library's description asks for
 * it (realistic=); else nothing takes time.  The times are the personality's; what they are made
 * of:
 *
 *   load, unload   as published; an unload first rewinds
 *   locate, rewind, space: published are the average from the beginning to any place (seek_time)
 *                  and that of a whole length of tape (rewind_time).  The former is half a length
 *                  and what starting and stopping costs: so start = seek_time - rewind_time / 2,
 *                  and each piece of tape its part of rewind_time
 *   format         once through each partition's beginning, a seek for each and one back
 *   erase          long: what is left of the medium at the drive's native rate
 *   verify         what was verified, at that rate
 *
 * Where a block lies is computed from its number, as if all were of one size.  On serpentine media
 * the tape passes the head once for each wrap, so that the place along the tape goes to and fro;
 * the drive's key wraps= says 1 for helical scan, where the whole medium is one pass.
 */
#include "handlers/tape/internal.h"

static const struct drive_timing *timing(const struct drive *d)
{
	return &drive_model(d)->timing;
}

/* Stored bytes between the beginning of the partition and the position: about. */
static uint64_t bytes_before(struct drive *d)
{
	const struct cart_info *info = stage_info(d->stage);
	struct cart_position p;

	stage_position(d->stage, &p);
	if (info->objects == 0)
		return 0;
	return (uint64_t)((double)info->stored_bytes * (double)p.object / (double)info->objects);
}

/* 0 the beginning of the tape, 1 its end. */
static double along_the_tape(struct drive *d, uint64_t bytes)
{
	uint64_t capacity = drive_capacity_bytes(d);
	uint32_t wraps = timing(d)->wraps != 0 ? timing(d)->wraps : 2 * drive_wrap_pairs(d);
	double passes;

	if (capacity == 0)
		return 0;
	passes = (double)bytes / (double)capacity * wraps;
	if (passes > wraps)
		passes = wraps;
	return (uint64_t)passes % 2 == 0 ? passes - (double)(uint64_t)passes
					 : 1 - (passes - (double)(uint64_t)passes);
}

struct drive_place drive_place(struct drive *d)
{
	struct cart_position p;

	if (!d->slow || d->state != DRIVE_READY)
		return (struct drive_place){ .bytes = 0 };
	stage_position(d->stage, &p);
	return (struct drive_place){ .bytes = bytes_before(d),
				     .object = p.object,
				     .partition = d->partition };
}

static uint64_t move_ms(struct drive *d, const struct drive_place *from,
			const struct drive_place *to)
{
	const struct drive_timing *t = timing(d);
	double way = along_the_tape(d, to->bytes) - along_the_tape(d, from->bytes);
	uint32_t start = t->seek_ms > t->rewind_ms / 2 ? t->seek_ms - t->rewind_ms / 2 : 0;

	if (from->object == to->object && from->partition == to->partition)
		return 0;
	return start + (uint64_t)((way < 0 ? -way : way) * t->rewind_ms);
}

/* The rest of a command: where it is not to be over at once, it waits here. */
static void takes(struct drive *d, enum sense_id what, uint64_t ms, bool immed)
{
	motion_begin(&d->unit, what, ms);
	if (!immed)
		motion_wait(&d->unit);
}

void drive_moved(struct drive *d, enum sense_id what, const struct drive_place *from, bool immed)
{
	struct drive_place now;

	if (!d->slow || d->state != DRIVE_READY)
		return;
	now = drive_place(d);
	takes(d, what, move_ms(d, from, &now), immed);
}

void drive_loading(struct drive *d)
{
	if (d->slow && !d->attaching)
		motion_begin(&d->unit, SENSE_BECOMING_READY, timing(d)->load_ms);
}

void drive_unloaded(struct drive *d, const struct drive_place *from, bool immed)
{
	const struct drive_place beginning = { .bytes = 0 };

	if (d->slow)
		takes(d, SENSE_UNLOAD_UNDER_WAY,
		      move_ms(d, from, &beginning) + timing(d)->unload_ms, immed);
}

void drive_formatted(struct drive *d, enum sense_id what, bool immed)
{
	if (d->slow)
		takes(d, what, (uint64_t)timing(d)->seek_ms * (drive_partitions(d) + 1), immed);
}

/* @bytes at the native rate. */
static uint64_t pass_ms(struct drive *d, uint64_t bytes)
{
	return timing(d)->rate_kb_s == 0 ? 0 : bytes / timing(d)->rate_kb_s;
}

void drive_erased(struct drive *d, bool immed)
{
	uint64_t capacity, before;

	if (!d->slow)
		return;
	capacity = drive_capacity_bytes(d);
	before = bytes_before(d);
	takes(d, SENSE_ERASE_UNDER_WAY, pass_ms(d, capacity > before ? capacity - before : 0),
	      immed);
}

uint64_t drive_verify_ms(struct drive *d, uint64_t bytes)
{
	return d->slow ? pass_ms(d, bytes) : 0;
}

uint64_t drive_bytes_behind(struct drive *d, const struct drive_place *from)
{
	uint64_t before = drive_place(d).bytes;

	return before > from->bytes ? before - from->bytes : 0;
}

void drive_verified(struct drive *d, const struct drive_place *from, bool immed)
{
	if (d->slow && d->state == DRIVE_READY)
		takes(d, SENSE_VERIFY_UNDER_WAY, pass_ms(d, drive_bytes_behind(d, from)), immed);
}
