/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_read.c: reading ahead, and giving out what was read.
 *
 * The worker reads runs of frames as they lie on the medium straight into the buffer; a block that
 * is not packed is given to the host from there.  Whatever is out of the ordinary there (the end, a
 * damaged frame, an index that lies) ends reading ahead: the caller comes to it in his own time and
 * finds out with cart_read().
 */
#include <errno.h>
#include <string.h>

#include "lib/store/stage_internal.h"

#define ROW_TO_READ_AHEAD 2u

/* ---- the worker's half ---- */

static bool is_stop(const struct slot *slot)
{
	return slot->outcome != 0 && slot->outcome != CART_E_FILEMARK;
}

static bool has_stopped(struct stage *s)
{
	return s->count > 0 && is_stop(ring_slot(s, s->count - 1));
}

/* The kernel copies much faster between places that are as far from the beginning of a page. */
#define PAGE 4096u

/* Whether the block is not what is stored; where some are encrypted, only the frame tells. */
static bool is_packed(const struct stage *s, uint32_t size, uint32_t stored_size)
{
	return size > 0 && (stored_size != size || cart_has_encrypted(s->cart));
}

/* With what it takes to put it there. Blocks that must be unpacked go behind the frames. */
static uint32_t run_bytes(const struct stage *s, const struct read_run *run)
{
	uint32_t bytes = (uint32_t)run->size + PAGE - 1;

	for (unsigned i = 0; i < run->cnt; i++)
		if (is_packed(s, run->objects[i].logical_size, run->objects[i].stored_size))
			bytes += run->objects[i].logical_size;
	return bytes;
}

void read_slot(const struct stage *s, struct codec *codec, struct slot *slot)
{
	const uint8_t *frame = s->buffer + slot->raw;
	const struct object o = { 0, slot->size, slot->stored_size };

	if (!run_check(s->cart, slot->object, &o, frame) ||
	    (is_packed(s, slot->size, slot->stored_size) &&
	     block_unpack(&s->cart->crypt, codec, frame, s->buffer + slot->offset) != 0))
		slot->outcome = OUTCOME_STOP;
}

/* Packed blocks are left to the packers; the others are checked here. */
static void fill_slot(struct stage *s, struct slot *slot, bool is_there)
{
	if (!is_there)
		slot->outcome = OUTCOME_STOP;
	else if (is_packed(s, slot->size, slot->stored_size) && s->packers_cnt > 0)
		slot->state = SLOT_RAW;
	else
		read_slot(s, s->own_codec, slot);
}

/*
 * Fills the slots behind the queue, which nobody else looks at yet, with the run, of which @got
 * bytes are in the buffer at @region.
 */
static void fill_run(struct stage *s, unsigned tail, const struct slot *region, size_t got)
{
	const struct read_run *run = &s->run;
	uint32_t raw = 0, unpacked = (uint32_t)run->size;

	for (unsigned i = 0; i < run->cnt; i++) {
		const struct object *o = &run->objects[i];
		bool packed = is_packed(s, o->logical_size, o->stored_size);
		struct slot *slot = &s->slots[(tail + i) % SLOTS_MAX];

		*slot = (struct slot){
			.offset = region->offset +
				  (packed ? unpacked : raw + (uint32_t)sizeof(struct disk_frame)),
			.size = o->logical_size,
			.stored_size = o->stored_size,
			.raw = region->offset + raw,
			.object = run->first + i,
			.outcome = o->logical_size == 0 ? CART_E_FILEMARK : 0,
		};
		raw += (uint32_t)frame_size(o);
		unpacked += packed ? o->logical_size : 0;
		fill_slot(s, slot, raw <= got);
	}
	s->slots[(tail + run->cnt - 1) % SLOTS_MAX].room = region->room;
}

static void push_stop(struct stage *s)
{
	const struct slot stop = { .outcome = OUTCOME_STOP };

	if (s->mode == STAGE_READING)
		ring_push(s, &stop);
}

/* Without the lock: the next run, of which the last block is one that the buffer may take. */
static bool plan(struct stage *s)
{
	struct read_run *run = &s->run;

	return run_plan(s->cart, s->ahead, BATCH_MAX, run) == 0 &&
	       run->objects[0].logical_size <= BLOCK_MAX &&
	       run->objects[0].stored_size <= BLOCK_MAX;
}

/* Without the lock: @region is big enough for the run. */
static void load(struct stage *s, unsigned tail, const struct slot *region)
{
	size_t got = 0;

	if (run_load(s->cart, &s->run, s->buffer + region->offset, &got) != 0)
		got = 0;
	fill_run(s, tail, region, got);
}

/* Under the lock. */
static void push_run(struct stage *s, const struct slot *region)
{
	if (s->mode != STAGE_READING) /* cancelled meanwhile */
		return;
	s->count += s->run.cnt;
	s->used += region->room;
	s->ahead += s->run.cnt;
	(void)pthread_cond_broadcast(&s->pack);
}

bool read_some(struct stage *s)
{
	bool planned, did = true;
	struct slot region;
	unsigned tail;

	if (has_stopped(s) || s->count + READ_RUN > SLOTS_MAX)
		return false;
	s->busy = true;
	(void)pthread_mutex_unlock(&s->lock);
	planned = plan(s);
	(void)pthread_mutex_lock(&s->lock);
	if (!planned) {
		push_stop(s);
	} else if (ring_reserve(s, run_bytes(s, &s->run), &region)) {
		region.offset += (uint32_t)(s->run.objects[0].address - region.offset) % PAGE;
		tail = (s->first + s->count) % SLOTS_MAX;
		(void)pthread_mutex_unlock(&s->lock);
		load(s, tail, &region);
		(void)pthread_mutex_lock(&s->lock);
		push_run(s, &region);
	} else {
		did = false;
	}
	s->busy = false;
	wake_caller(s);
	return did;
}

/* ---- the caller's half ---- */

static bool packs(const struct stage *s)
{
	const struct totals t = cart_totals(s->cart);

	return t.stored_bytes != t.logical_bytes;
}

/* Whatever the next blocks are, reading ahead can give them out. */
static bool may_read_ahead(const struct stage *s)
{
	enum cart_decrypt decrypt = s->cart->crypt.decrypt;

	if (!cart_has_encrypted(s->cart))
		return decrypt != CART_DECRYPT_ON;
	return decrypt == CART_DECRYPT_ON || decrypt == CART_DECRYPT_MIXED;
}

static int read_through(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size,
			size_t *ret_length)
{
	unsigned row = s->reads_in_row;
	int r = stage_settle(s);

	*ret_length = 0;
	if (r != 0)
		return r;
	r = cart_read(s->cart, iov, iov_cnt, size, ret_length);
	s->read_sum = s->cart->read_sum;
	take_position(s);
	if (r != 0)
		return r;
	s->reads_in_row = row + 1;
	if (s->reads_in_row >= ROW_TO_READ_AHEAD && s->has_worker && may_read_ahead(s)) {
		packers_start(s, packs(s));
		(void)pthread_mutex_lock(&s->lock);
		s->mode = STAGE_READING;
		s->ahead = s->position.object;
		wake_worker(s);
		(void)pthread_mutex_unlock(&s->lock);
	}
	return 0;
}

/* The next slot, waited for. False where the caller must read by himself. */
static bool next_slot(struct stage *s, struct slot *ret_slot)
{
	(void)pthread_mutex_lock(&s->lock);
	while (s->count == 0 || ring_slot(s, 0)->state != SLOT_READY) {
		wake_worker(s);
		wait_done(s);
	}
	*ret_slot = *ring_slot(s, 0);
	(void)pthread_mutex_unlock(&s->lock);
	return !is_stop(ret_slot);
}

static void release_slot(struct stage *s)
{
	(void)pthread_mutex_lock(&s->lock);
	ring_pop(s);
	if (ring_is_roomy(s))
		wake_worker(s);
	(void)pthread_mutex_unlock(&s->lock);
}

int stage_read(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size,
	       size_t *ret_length)
{
	struct disk_frame frame;
	struct slot slot;

	if (s->mode != STAGE_READING || !next_slot(s, &slot))
		return read_through(s, iov, iov_cnt, size, ret_length);
	*ret_length = slot.size;
	memcpy(&frame, s->buffer + slot.raw, sizeof(frame));
	s->read_sum = frame_sum(&frame);
	iov_put(iov, iov_cnt, s->buffer + slot.offset, slot.size < size ? slot.size : size);
	release_slot(s);
	s->read_bytes += slot.size;
	s->read_stored += slot.stored_size;
	s->position.object++;
	s->position.bop = false;
	if (slot.outcome == CART_E_FILEMARK)
		s->position.file++;
	return slot.outcome;
}
