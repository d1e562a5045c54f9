/* SPDX-License-Identifier: Apache-2.0 */
/* stage_read.c: reading ahead, and giving out what was read. */
#include <errno.h>
#include <string.h>

#include "lib/store/stage_internal.h"

#define ROW_TO_READ_AHEAD 2u

/* Says that nothing more is to be read ahead: the caller goes on by himself behind the queue. */
#define OUTCOME_STOP 1000

/* ---- the worker's half ---- */

static bool has_stopped(const struct stage *s)
{
	const struct slot *last;

	if (s->count == 0)
		return false;
	last = &s->slots[(s->first + s->count - 1) % SLOTS_MAX];
	return last->outcome != 0 && last->outcome != CART_E_FILEMARK;
}

/* Reads the next object of the cartridge into its place; the length that the index gave for the
 * place may lie, and then the caller reads it himself. */
static void fetch(struct stage *s, struct slot *slot)
{
	const struct iovec iov = { s->buffer + slot->offset, slot->size };
	size_t length = 0;

	slot->outcome = cart_read(s->cart, &iov, 1, slot->size, &length);
	if (slot->outcome == 0 && length == slot->size)
		return;
	if (slot->outcome == CART_E_FILEMARK && slot->size == 0)
		return;
	slot->outcome = OUTCOME_STOP;
}

bool read_one(struct stage *s)
{
	struct slot slot = { .outcome = OUTCOME_STOP };
	uint32_t size = 0;
	int r;

	if (has_stopped(s) || s->count == SLOTS_MAX)
		return false;
	s->busy = true;
	(void)pthread_mutex_unlock(&s->lock);
	r = cart_next_size(s->cart, &size);
	(void)pthread_mutex_lock(&s->lock);
	if (r == 0 && size <= BLOCK_MAX) {
		if (!ring_reserve(s, size, &slot)) {
			s->busy = false;
			wake_caller(s);
			return false;
		}
		(void)pthread_mutex_unlock(&s->lock);
		fetch(s, &slot);
		(void)pthread_mutex_lock(&s->lock);
	}
	s->busy = false;
	if (s->mode == STAGE_READING)
		ring_push(s, &slot);
	wake_caller(s);
	return true;
}

/* ---- the caller's half ---- */

static int read_through(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size,
			size_t *ret_length)
{
	unsigned row = s->reads_in_row;
	int r = stage_settle(s);

	*ret_length = 0;
	if (r != 0)
		return r;
	r = cart_read(s->cart, iov, iov_cnt, size, ret_length);
	take_position(s);
	if (r != 0)
		return r;
	s->reads_in_row = row + 1;
	if (s->reads_in_row >= ROW_TO_READ_AHEAD && s->has_worker) {
		(void)pthread_mutex_lock(&s->lock);
		s->mode = STAGE_READING;
		wake_worker(s);
		(void)pthread_mutex_unlock(&s->lock);
	}
	return 0;
}

/* The next slot, waited for. False where the caller must read by himself. */
static bool next_slot(struct stage *s, struct slot *ret_slot)
{
	bool there;

	(void)pthread_mutex_lock(&s->lock);
	while (s->count == 0) {
		wake_worker(s);
		wait_done(s);
	}
	*ret_slot = s->slots[s->first];
	there = ret_slot->outcome == 0 || ret_slot->outcome == CART_E_FILEMARK;
	(void)pthread_mutex_unlock(&s->lock);
	return there;
}

static void release_slot(struct stage *s)
{
	(void)pthread_mutex_lock(&s->lock);
	ring_pop(s);
	if (STAGE_BUFFER_BYTES - s->used >= WAKE_BYTES)
		wake_worker(s);
	(void)pthread_mutex_unlock(&s->lock);
}

int stage_read(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size,
	       size_t *ret_length)
{
	struct slot slot;

	if (s->mode != STAGE_READING || !next_slot(s, &slot))
		return read_through(s, iov, iov_cnt, size, ret_length);
	*ret_length = slot.size;
	iov_put(iov, iov_cnt, s->buffer + slot.offset, slot.size < size ? slot.size : size);
	release_slot(s);
	s->position.object++;
	s->position.bop = false;
	if (slot.outcome == CART_E_FILEMARK)
		s->position.file++;
	return slot.outcome;
}
