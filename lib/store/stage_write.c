/* SPDX-License-Identifier: Apache-2.0 */
/* stage_write.c: accepting blocks into the buffer, and writing them behind. */
#include <errno.h>
#include <string.h>

#include "lib/base/copy.h"
#include "lib/store/stage_internal.h"

#define FRAME_BYTES 128u                 /* more than a block costs beside its data */
#define ROOM_MARGIN (64u * 1024 * 1024)  /* in the file system, before writes are buffered */
#define ROOM_LOOK   (256u * 1024 * 1024) /* written, before the file system is asked again */

/* Upper bound of what a block costs; the same while it is in the queue. */
static uint64_t cost(const struct stage *s, uint64_t size)
{
	return size + FRAME_BYTES + block_overhead(s->cart);
}

/* ---- the worker's half ---- */

/*
 * Everything in the queue is lost, with what a sync that failed on the way has cut of what was
 * written since the one before it; the next call of the caller hears of it.
 */
static void fail(struct stage *s, int outcome, const struct totals *before)
{
	struct totals now = cart_totals(s->cart);

	packing_cancel(s); /* their places in the buffer are not free before */
	s->failure = (struct stage_failure){
		.outcome = outcome,
		.objects = before->objects - now.objects,
		.blocks = (before->objects - before->filemarks) - (now.objects - now.filemarks),
		.bytes = before->logical_bytes - now.logical_bytes,
	};
	s->failure.objects += s->count;
	while (s->count > 0) {
		s->failure.blocks += s->slots[s->first].size > 0;
		s->failure.bytes += s->slots[s->first].size;
		ring_pop(s);
	}
	s->queued_bytes = 0;
	s->failed = true;
}

/* Under the lock, and nobody has it in hand. */
static bool is_to_be_packed(const struct stage *s, const struct slot *slot)
{
	return (s->codec != CART_CODEC_NONE || s->cart->crypt.encrypt) && slot->size > 0 &&
	       slot->block.size == 0;
}

/* Under the lock: the slots that go with the next write, in s->items.  At most one of them is to be
 * packed on the way, the first. */
static unsigned take_batch(struct stage *s)
{
	uint32_t bytes = 0;
	unsigned n;

	for (n = 0; n < s->count && n < WRITE_BATCH; n++) {
		struct slot *slot = ring_slot(s, n);

		if (n > 0 && (slot->state == SLOT_PACKING || bytes + slot->size > BATCH_MAX ||
			      is_to_be_packed(s, slot)))
			break;
		slot->state = SLOT_READY;
		bytes += slot->size;
		s->vectors[n] = (struct iovec){ s->buffer + slot->offset, slot->size };
		s->expected[n] = slot->expected;
		s->items[n] = (struct write_item){ slot->block, &s->vectors[n], slot->size > 0 };
		s->items[n].block.object = slot->object;
	}
	return n;
}

/* Without the lock: sums up what nobody did before, and writes. */
static int write_batch(struct stage *s, unsigned cnt, unsigned *ret_done)
{
	int r = 0;

	*ret_done = 0;
	for (unsigned i = 0; r == 0 && i < cnt; i++) {
		struct write_item *item = &s->items[i];
		const struct pack_job job = { s->cart,
					      s->codec,
					      item->block.object,
					      item->iov,
					      1,
					      s->vectors[i].iov_len,
					      s->expected[i].known };

		if (job.size > 0 && item->block.size == 0)
			r = block_pack(s->own_codec, &job, &item->block);
		if (r == 0 && job.size > 0 && !sum_is(&s->expected[i], &item->block))
			r = -EIO; /* it is not what the host sent any more */
	}
	return r != 0 ? r : cart_write_items(s->cart, s->items, cnt, ret_done);
}

void write_some(struct stage *s)
{
	struct totals before = cart_totals(s->cart);
	unsigned cnt = take_batch(s), done;
	uint64_t stored, grown;
	int r;

	s->busy = true;
	(void)pthread_mutex_unlock(&s->lock);
	r = write_batch(s, cnt, &done);
	stored = cart_stored_bytes(s->cart);
	(void)pthread_mutex_lock(&s->lock);
	if (r != 0 && r != CART_E_EARLY_WARNING) {
		fail(s, r, &before);
	} else {
		grown = stored - s->stored_bytes + (uint64_t)done * FRAME_BYTES;
		s->room_bytes -= s->room_bytes < grown ? s->room_bytes : grown;
		s->stored_bytes = stored;
		for (; done > 0; done--) {
			s->queued_bytes -= cost(s, s->slots[s->first].size);
			ring_pop(s);
		}
	}
	s->busy = false;
	wake_caller(s);
}

/* ---- the caller's half ---- */

/* Stored bytes at which early warning is, less @margin; UINT64_MAX: there is none. */
static uint64_t warning_at(const struct cart_info *info, uint64_t margin)
{
	uint64_t distance = info->early_warning_bytes + margin;

	if (info->capacity_bytes == 0)
		return UINT64_MAX;
	return info->capacity_bytes > distance ? info->capacity_bytes - distance : 0;
}

void limits_refresh(struct stage *s)
{
	const struct cart_info *info = cart_info(s->cart);
	uint64_t room = cart_room(s->cart);

	s->limit = warning_at(info, s->margin);
	s->codec = info->codec;
	packers_start(s, s->codec != CART_CODEC_NONE || s->cart->crypt.encrypt);
	(void)pthread_mutex_lock(&s->lock);
	s->stored_bytes = info->stored_bytes;
	/* what is left over is asked for again: the file system belongs to others, too */
	s->room_bytes = room > ROOM_LOOK + ROOM_MARGIN ? ROOM_LOOK + ROOM_MARGIN : room;
	(void)pthread_mutex_unlock(&s->lock);
}

/* Capacity and early warning never change while the worker has the cartridge. */
void stage_set_margin(struct stage *s, uint64_t bytes)
{
	if (s->margin == bytes)
		return;
	s->margin = bytes;
	s->limit = warning_at(cart_info(s->cart), bytes);
}

bool stage_is_near_end(struct stage *s, uint64_t bytes)
{
	uint64_t at = warning_at(cart_info(s->cart), bytes);
	uint64_t stored;

	(void)pthread_mutex_lock(&s->lock);
	stored = s->count == 0 && !s->busy ? cart_stored_bytes(s->cart) : s->stored_bytes;
	(void)pthread_mutex_unlock(&s->lock);
	return at != UINT64_MAX && stored >= at;
}

bool stage_stands_near_end(struct stage *s, uint64_t bytes)
{
	struct cart_position p;
	uint64_t stored;

	stage_position(s, &p);
	if (!stage_is_near_end(s, bytes) || p.bop)
		return false;
	if (p.eod)
		return true;
	return stage_settle(s) == 0 && cart_stored_before(s->cart, &stored) == 0 &&
	       stored >= warning_at(cart_info(s->cart), bytes);
}

/* Under the lock: nothing that is queued, or @size more, can meet an end. */
static bool is_safe(const struct stage *s, uint64_t size)
{
	uint64_t more = s->queued_bytes + cost(s, size);

	return s->stored_bytes + more < s->limit && more + ROOM_MARGIN < s->room_bytes;
}

/* Straight through; from then on appends may be buffered. */
static int write_through(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size)
{
	int r = stage_settle(s);

	if (r != 0)
		return r;
	s->cart->expected_sum = s->expected_sum;
	r = cart_write(s->cart, iov, iov_cnt, size);
	take_position(s);
	if (r == 0 && s->has_worker) {
		limits_refresh(s);
		s->streaming = true;
	}
	return r;
}

static void copy_in(uint8_t *to, const struct iovec *iov, int iov_cnt, size_t size)
{
	for (int i = 0; i < iov_cnt && size > 0; i++) {
		size_t n = iov[i].iov_len < size ? iov[i].iov_len : size;

		copy_bytes(to, iov[i].iov_base, n);
		to += n;
		size -= n;
	}
}

/* A place in the buffer, waiting for one while the worker is behind.  1: none can be had safely,
 * the block must go straight through.  0, STAGE_E_DEFERRED. */
static int reserve(struct stage *s, uint32_t size, struct slot *ret_slot)
{
	int r = 0;

	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		if (s->failed)
			r = STAGE_E_DEFERRED;
		else if (!is_safe(s, size))
			r = 1;
		else if (!ring_reserve(s, size > 0 ? size + block_overhead(s->cart) : 0,
				       ret_slot)) {
			wake_worker(s);
			wait_room(s);
			continue;
		}
		break;
	}
	(void)pthread_mutex_unlock(&s->lock);
	ret_slot->size = size;
	ret_slot->object = s->position.object;
	return r;
}

/*
 * Puts the filled slot into the queue.  Where the worker failed since reserve(), this object must
 * not be written behind the gap: it is lost with those before it, and the caller hears of them now.
 */
static int queue(struct stage *s, const struct slot *slot)
{
	bool failed;

	(void)pthread_mutex_lock(&s->lock);
	failed = s->failed;
	if (!failed) {
		bool idle = s->mode != STAGE_WRITING;

		s->mode = STAGE_WRITING;
		ring_push(s, slot);
		if (slot->state == SLOT_RAW)
			(void)pthread_cond_signal(&s->pack);
		s->queued_bytes += cost(s, slot->size);
		if (idle || s->used >= WAKE_BYTES || s->count >= 2 * WRITE_BATCH)
			wake_worker(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (failed)
		return STAGE_E_DEFERRED;
	s->position.object++;
	s->position.file += slot->size == 0;
	s->position.bop = false;
	s->position.eod = true;
	return 0;
}

static int write_block(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size)
{
	struct slot slot;
	int r;

	if (!s->streaming || size == 0 || size > BLOCK_MAX || iov_size(iov, iov_cnt) < size)
		return write_through(s, iov, iov_cnt, size);
	r = reserve(s, (uint32_t)size, &slot);
	if (r == 1)
		return write_through(s, iov, iov_cnt, size);
	if (r != 0)
		return r;
	slot.expected = s->expected_sum;
	if (s->packers_cnt > 0)
		slot.state = SLOT_RAW;
	copy_in(s->buffer + slot.offset, iov, iov_cnt,
		size); /* the only copy; nobody else looks there */
	return queue(s, &slot);
}

int stage_write(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size)
{
	int r = write_block(s, iov, iov_cnt, size);

	s->unsynced = true;
	s->expected_sum.known = false; /* it was of this one */
	return r;
}

static int marks_through(struct stage *s, uint32_t count, uint32_t *ret_written)
{
	int r = stage_settle(s);

	if (r != 0)
		return r;
	r = cart_write_filemarks(s->cart, count, ret_written);
	take_position(s);
	if (r == 0 && count > 0 && s->has_worker) {
		limits_refresh(s);
		s->streaming = true;
	}
	return r;
}

int stage_write_filemarks(struct stage *s, uint32_t count, uint32_t *ret_written)
{
	struct slot slot;
	int r = 0;

	*ret_written = 0;
	s->unsynced = s->unsynced || count > 0;
	if (!s->streaming || count == 0 || count > SLOTS_MAX / 4)
		return marks_through(s, count, ret_written);
	while (r == 0 && *ret_written < count) {
		r = reserve(s, 0, &slot);
		if (r == 0)
			r = queue(s, &slot);
		if (r == 0)
			++*ret_written;
	}
	if (r == 1) {
		uint32_t rest = 0;

		r = marks_through(s, count - *ret_written, &rest);
		*ret_written += rest;
	}
	return r;
}
