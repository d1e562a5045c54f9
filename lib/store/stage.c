/* SPDX-License-Identifier: Apache-2.0 */
/* stage.c: the buffer, the worker, and everything that first needs the buffer empty. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/store/stage_internal.h"

#define LINGER_NS 20000000L /* a block that comes alone waits so long for company */

/* ---- the ring ---- */

bool ring_reserve(struct stage *s, uint32_t size, struct slot *ret_slot)
{
	uint32_t tail, skip = 0;

	/* An empty ring begins anew, so that all of it is there in one piece; only here, where
	 * nobody holds a place that is not queued yet. */
	if (s->used == 0)
		s->head = 0;
	tail = (s->head + s->used) % STAGE_BUFFER_BYTES;
	if (s->count == SLOTS_MAX)
		return false;
	if (tail + size > STAGE_BUFFER_BYTES) { /* no block wraps */
		skip = STAGE_BUFFER_BYTES - tail;
		tail = 0;
	}
	if (s->used + skip + size > STAGE_BUFFER_BYTES)
		return false;
	*ret_slot = (struct slot){ .offset = tail, .size = size, .room = skip + size };
	return true;
}

void ring_push(struct stage *s, const struct slot *slot)
{
	s->slots[(s->first + s->count++) % SLOTS_MAX] = *slot;
	s->used += slot->room;
}

void ring_pop(struct stage *s)
{
	const struct slot *slot = &s->slots[s->first];

	s->head = (s->head + slot->room) % STAGE_BUFFER_BYTES;
	s->used -= slot->room;
	s->first = (s->first + 1) % SLOTS_MAX;
	s->count--;
}

struct slot *ring_slot(struct stage *s, unsigned n)
{
	return &s->slots[(s->first + n) % SLOTS_MAX];
}

bool ring_is_roomy(const struct stage *s)
{
	return STAGE_BUFFER_BYTES - s->used >= WAKE_ROOM && s->count <= SLOTS_MAX - SLOTS_MAX / 4;
}

static void ring_clear(struct stage *s)
{
	s->first = s->count = 0;
	s->head = s->used = 0;
	s->queued_bytes = 0;
}

/* ---- waiting ---- */

void wait_done(struct stage *s)
{
	s->caller_waits = true;
	(void)pthread_cond_wait(&s->done, &s->lock);
	s->caller_waits = false;
}

void wait_room(struct stage *s)
{
	s->wants_room = true;
	wait_done(s);
	s->wants_room = false;
}

void wake_worker(struct stage *s)
{
	if (s->worker_waits)
		(void)pthread_cond_signal(&s->work);
}

void wake_caller(struct stage *s)
{
	if (s->caller_waits && (!s->wants_room || s->failed || ring_is_roomy(s)))
		(void)pthread_cond_signal(&s->done);
}

/* ---- the worker ---- */

/* While a host writes the worker looks by itself now and then, so that nobody need wake it for
 * each small block. */
static void worker_wait(struct stage *s)
{
	struct timespec until;

	s->worker_waits = true;
	if (s->mode == STAGE_WRITING) {
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LINGER_NS;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_nsec -= 1000000000L;
			until.tv_sec++;
		}
		(void)pthread_cond_timedwait(&s->work, &s->lock, &until);
	} else {
		(void)pthread_cond_wait(&s->work, &s->lock);
	}
	s->worker_waits = false;
}

static void *work(void *arg)
{
	struct stage *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		bool did = false;

		if (!s->busy && s->mode == STAGE_WRITING && s->count > 0 &&
		    s->slots[s->first].state != SLOT_PACKING) {
			write_some(s);
			did = true;
		} else if (!s->busy && s->mode == STAGE_READING) {
			did = read_some(s) || pack_next(s, s->own_codec);
		}
		if (!did)
			worker_wait(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* The process's signals are for the threads of the program that loaded us. */
static int start_worker(struct stage *s)
{
	sigset_t all, old;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&s->worker, NULL, work, s);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

static void stop_worker(struct stage *s)
{
	if (!s->has_worker)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->stop = true;
	(void)pthread_cond_signal(&s->work);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->worker, NULL);
	packers_stop(s);
	s->has_worker = false;
}

/* ---- open and close ---- */

/* None of these can fail with these attributes on Linux. */
static void init_locks(struct stage *s)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->work, &attr);
	(void)pthread_cond_init(&s->done, &attr);
	(void)pthread_cond_init(&s->pack, &attr);
	(void)pthread_cond_init(&s->packed, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static void stage_free(struct stage *s)
{
	stop_worker(s);
	(void)pthread_cond_destroy(&s->work);
	(void)pthread_cond_destroy(&s->done);
	(void)pthread_cond_destroy(&s->pack);
	(void)pthread_cond_destroy(&s->packed);
	(void)pthread_mutex_destroy(&s->lock);
	codec_free(s->own_codec);
	if (s->buffer != NULL)
		(void)munmap(s->buffer, STAGE_BUFFER_BYTES);
	free(s);
}

/* Without a buffer or a worker everything goes straight through. */
static void make_buffer(struct stage *s)
{
	void *buffer = mmap(NULL, STAGE_BUFFER_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (buffer == MAP_FAILED)
		return;
	s->buffer = buffer;
	s->own_codec = codec_new();
	s->has_worker = s->own_codec != NULL && start_worker(s) == 0;
}

/* Takes @c. */
static int stage_of(struct cart *c, struct stage **ret_stage)
{
	struct stage *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		ignore_result(cart_close(c)); /* nothing was done with it */
		return -ENOMEM;
	}
	s->cart = c;
	init_locks(s);
	make_buffer(s);
	take_position(s);
	*ret_stage = s;
	return 0;
}

int stage_open(const char *pool, const char *barcode, unsigned flags, struct stage **ret_stage)
{
	struct cart *c;
	int r = cart_open(pool, barcode, flags, &c);

	return r != 0 ? r : stage_of(c, ret_stage);
}

int stage_open_partition(struct stage *s, unsigned partition, struct stage **ret_stage)
{
	struct cart *c;
	int r = stage_settle(s);

	if (r == 0)
		r = cart_open_partition(s->cart, partition, &c);
	return r != 0 ? r : stage_of(c, ret_stage);
}

int stage_close(struct stage *s)
{
	int r, closed;

	if (s == NULL)
		return 0;
	r = stage_settle(s);
	stop_worker(s);
	closed = cart_close(s->cart);
	stage_free(s);
	return r != 0 ? r : closed;
}

/* ---- settling ---- */

void take_position(struct stage *s)
{
	cart_position(s->cart, &s->position);
}

/* Helps the worker: whoever is free takes the next slot. */
static void empty_queue(struct stage *s)
{
	while (s->count > 0 || s->busy) {
		if (s->busy || s->slots[s->first].state == SLOT_PACKING)
			wait_done(s);
		else
			write_some(s);
	}
}

static void cancel_reading(struct stage *s)
{
	s->mode = STAGE_IDLE;
	while (s->busy)
		wait_done(s);
	packing_cancel(s);
	ring_clear(s);
}

int stage_settle(struct stage *s)
{
	enum stage_mode mode;
	bool failed;

	(void)pthread_mutex_lock(&s->lock);
	mode = s->mode;
	if (mode == STAGE_WRITING)
		empty_queue(s);
	else if (mode == STAGE_READING)
		cancel_reading(s);
	s->mode = STAGE_IDLE;
	failed = s->failed;
	(void)pthread_mutex_unlock(&s->lock);
	s->streaming = false;
	s->reads_in_row = 0;
	if (mode == STAGE_READING) { /* the cartridge is where reading ahead began */
		cart_seek(s->cart, s->position.object, s->position.file);
		s->cart->read_bytes += s->read_bytes;
		s->cart->read_stored += s->read_stored;
		s->read_bytes = s->read_stored = 0;
	}
	take_position(s);
	return failed ? STAGE_E_DEFERRED : 0;
}

bool stage_take_failure(struct stage *s, struct stage_failure *ret_failure)
{
	bool failed;

	(void)pthread_mutex_lock(&s->lock);
	failed = s->failed;
	*ret_failure = s->failure;
	(void)pthread_mutex_unlock(&s->lock);
	if (!failed)
		return false;
	ignore_result(stage_settle(s)); /* the queue is empty; the position becomes the true one */
	(void)pthread_mutex_lock(&s->lock);
	s->failed = false;
	s->failure = (struct stage_failure){ 0 };
	(void)pthread_mutex_unlock(&s->lock);
	return true;
}

/* ---- what needs the cartridge itself ---- */

/* Runs @call on the cartridge when it is the caller's, and takes over the position. */
#define SETTLED(s, call)         \
	int r = stage_settle(s); \
	if (r != 0)              \
		return r;        \
	r = call;                \
	take_position(s);        \
	return r

int stage_sync(struct stage *s)
{
	bool streaming = s->streaming;
	int r = stage_settle(s);

	if (r == 0)
		r = cart_sync(s->cart);
	s->unsynced = s->unsynced && r != 0;
	take_position(s); /* a failed sync cuts the recording */
	s->streaming = streaming && r == 0;
	return r;
}

bool stage_is_synced(const struct stage *s)
{
	return !s->unsynced;
}

int stage_erase(struct stage *s)
{
	SETTLED(s, cart_erase(s->cart));
}

/* What is buffered is at the end of the recording. */
int stage_is_append(struct stage *s, bool *ret_append)
{
	*ret_append = true;
	if (s->position.eod)
		return 0;
	SETTLED(s, cart_is_append(s->cart, ret_append));
}

int stage_format(struct stage *s, const struct cart_format *format)
{
	SETTLED(s, cart_format(s->cart, format));
}

int stage_locate(struct stage *s, uint64_t object)
{
	SETTLED(s, cart_locate(s->cart, object));
}

int stage_locate_file(struct stage *s, uint64_t file)
{
	SETTLED(s, cart_locate_file(s->cart, file));
}

int stage_space_eod(struct stage *s)
{
	SETTLED(s, cart_space_eod(s->cart));
}

int stage_space_blocks(struct stage *s, int64_t count, uint64_t *ret_residual)
{
	*ret_residual = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
	SETTLED(s, cart_space_blocks(s->cart, count, ret_residual));
}

int stage_space_filemarks(struct stage *s, int64_t count, uint64_t *ret_residual)
{
	*ret_residual = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
	SETTLED(s, cart_space_filemarks(s->cart, count, ret_residual));
}

int stage_space_sequential_filemarks(struct stage *s, int64_t count, uint64_t *ret_residual)
{
	*ret_residual = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
	SETTLED(s, cart_space_sequential_filemarks(s->cart, count, ret_residual));
}

int stage_set_codec(struct stage *s, enum cart_codec codec)
{
	SETTLED(s, cart_set_codec(s->cart, codec));
}

bool stage_block_crc32c(const struct stage *s, uint32_t *ret_crc32c)
{
	*ret_crc32c = s->read_sum.crc32c;
	return s->read_sum.known;
}

void stage_expect_crc32c(struct stage *s, uint32_t crc32c)
{
	s->expected_sum = (struct block_sum){ true, crc32c };
}

const struct cart_attributes *stage_attributes(const struct stage *s)
{
	return cart_attributes(s->cart); /* nobody but the caller changes them */
}

int stage_attributes_set(struct stage *s, const struct cart_attribute *list, unsigned cnt,
			 enum cart_attributes_when when)
{
	SETTLED(s, cart_attributes_set(s->cart, list, cnt, when));
}

uint64_t stage_tell_generation(struct stage *s)
{
	ignore_result(stage_settle(s)); /* as stage_info() */
	return cart_tell_generation(s->cart);
}

void stage_traffic(struct stage *s, struct cart_traffic *ret_traffic)
{
	ignore_result(stage_settle(s)); /* as stage_info() */
	cart_traffic(s->cart, ret_traffic);
}

int stage_set_crypt(struct stage *s, const struct cart_crypt *crypt)
{
	SETTLED(s, cart_set_crypt(s->cart, crypt));
}

void stage_forget_crypt(struct stage *s)
{
	ignore_result(stage_settle(s)); /* a failure stays for the next call to tell */
	ignore_result(cart_set_crypt(s->cart, NULL)); /* without a key it cannot fail */
}

int stage_next(struct stage *s, struct cart_next *ret_next)
{
	SETTLED(s, cart_next(s->cart, ret_next));
}

bool stage_has_encrypted(struct stage *s)
{
	ignore_result(stage_settle(s)); /* a failure stays for the next call to tell */
	return cart_has_encrypted(s->cart);
}

const struct cart_info *stage_info(struct stage *s)
{
	ignore_result(stage_settle(s)); /* a failure stays for the next call to tell */
	return cart_info(s->cart);
}

void stage_medium(const struct stage *s, uint8_t *ret_density, uint8_t *ret_medium_type)
{
	*ret_density = cart_info(s->cart)->density;
	*ret_medium_type = cart_info(s->cart)->medium_type;
}

bool stage_is_writable(const struct stage *s)
{
	return cart_is_writable(s->cart); /* does not change while it is open, but in a recall */
}

void stage_buffered(struct stage *s, uint64_t *ret_objects, uint64_t *ret_bytes)
{
	*ret_objects = *ret_bytes = 0;
	(void)pthread_mutex_lock(&s->lock);
	if (s->mode == STAGE_WRITING) {
		*ret_objects = s->count;
		for (unsigned i = 0; i < s->count; i++)
			*ret_bytes += s->slots[(s->first + i) % SLOTS_MAX].size;
	}
	(void)pthread_mutex_unlock(&s->lock);
}

void stage_position(struct stage *s, struct cart_position *ret_position)
{
	bool failed;

	(void)pthread_mutex_lock(&s->lock);
	failed = s->failed;
	(void)pthread_mutex_unlock(&s->lock);
	/* only the cartridge knows about early warning and the end, and what has become of blocks
	 * that were lost behind the buffer */
	if (s->mode == STAGE_READING || (failed && s->mode == STAGE_WRITING))
		ignore_result(stage_settle(s));
	*ret_position = s->position;
}
