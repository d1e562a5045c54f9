/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_pack.c: threads that compress queued blocks, or check and unpack what was read ahead, each
 * with a codec of its own.  A packed block takes the place of the block in the buffer, which is
 * block_overhead() longer.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/store/stage_internal.h"

/* Under the lock: the first raw slot, or NULL. */
static struct slot *next_raw(struct stage *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct slot *slot = ring_slot(s, i);

		if (slot->state == SLOT_RAW)
			return slot;
	}
	return NULL;
}

/* Without the lock. */
static void pack_slot(const struct stage *s, struct codec *codec, struct slot *slot)
{
	uint8_t *data = s->buffer + slot->offset;
	const struct iovec iov = { data, slot->size };
	const struct pack_job job = { s->cart, s->codec,   slot->object,        &iov,
				      1,       slot->size, slot->expected.known };
	struct packed_block b = { 0 };

	if (block_pack(codec, &job, &b) != 0) {
		b.size = 0; /* no memory: whoever writes it tries for himself */
	} else if (b.packed != NULL) {
		memcpy(data, b.packed, b.stored_size);
		b.packed = data;
	}
	slot->block = b;
}

bool pack_next(struct stage *s, struct codec *codec)
{
	struct slot *slot = next_raw(s);
	bool reading = s->mode == STAGE_READING;

	if (slot == NULL)
		return false;
	slot->state = SLOT_PACKING;
	s->packing++;
	(void)pthread_mutex_unlock(&s->lock);
	if (reading) /* the mode stays while we have a slot in hand */
		read_slot(s, codec, slot);
	else
		pack_slot(s, codec, slot);
	(void)pthread_mutex_lock(&s->lock);
	slot->state = SLOT_READY;
	s->packing--;
	(void)pthread_cond_broadcast(&s->packed);
	if (!reading)
		wake_worker(s);
	wake_caller(s);
	return true;
}

void packing_cancel(struct stage *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (ring_slot(s, i)->state == SLOT_RAW)
			ring_slot(s, i)->state = SLOT_READY;
	while (s->packing > 0)
		(void)pthread_cond_wait(&s->packed, &s->lock);
}

static void *pack(void *arg)
{
	struct stage *s = arg;
	struct codec *codec = codec_new();

	(void)pthread_mutex_lock(&s->lock);
	while (!s->stop && codec != NULL) {
		if (!pack_next(s, codec))
			(void)pthread_cond_wait(&s->pack, &s->lock);
	}
	(void)pthread_mutex_unlock(&s->lock);
	codec_free(codec);
	return NULL;
}

void packers_start(struct stage *s, bool packs)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = cpus > (long)PACKERS_MAX ? PACKERS_MAX
			  : cpus > 2               ? (unsigned)cpus - 1
						   : 1;
	sigset_t all, old;

	if (s->packers_cnt > 0 || (!packs && cpus <= 2))
		return;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	while (s->packers_cnt < wanted &&
	       pthread_create(&s->packers[s->packers_cnt], NULL, pack, s) == 0)
		s->packers_cnt++;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* s->stop is set. */
void packers_stop(struct stage *s)
{
	(void)pthread_mutex_lock(&s->lock);
	(void)pthread_cond_broadcast(&s->pack);
	(void)pthread_mutex_unlock(&s->lock);
	for (unsigned i = 0; i < s->packers_cnt; i++)
		(void)pthread_join(s->packers[i], NULL);
	s->packers_cnt = 0;
}
