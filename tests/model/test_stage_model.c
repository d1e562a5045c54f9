/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as test_model.c for a cartridge behind its buffer: random operations, long runs of
 * writes and of reads, drains at random moments.  What the host sees must be what the reference
 * tape says.  Three kinds of runs:
 *
 *   limited    a small medium without compression: early warning and the end of the medium come
 *              exactly where the reference has them
 *   unlimited  every codec, with and without encryption, changed in between; now and then a block
 * on the medium goes bad packed     a small medium with every codec: the reference does not know
 * how well data packs, so the cartridge's own count of stored bytes is the judge of early warning
 * and end
 *
 * Built twice: with segments of 64 KiB and small blocks, and (LARGE_BLOCKS) with blocks of up to 6
 * MiB, which fill the buffer, wrap in it, and do not fit into it.
 *
 *   test_stage_model [SEED [RUNS]]
 */
#include "tests/support/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/store/format.h"
#include "lib/store/stage.h"
#include "tests/support/model_tape.h"

#ifdef LARGE_BLOCKS
#define OPERATIONS 40
#define LONGEST    (6u * 1024 * 1024)
#define USUAL      400000u
#define CAPACITY   40000000u
#define ALL_RUNS   9
#else
#define OPERATIONS 200
#define LONGEST    30000u
#define USUAL      2000u
#define CAPACITY   400000u
#define ALL_RUNS   45
#endif

/* Programs under a sanitizer are so much slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RUNS (ALL_RUNS / 3)
#else
#define RUNS ALL_RUNS
#endif

enum kind {
	LIMITED,
	UNLIMITED,
	PACKED,
	KINDS,
};

static uint64_t first_seed;
static unsigned runs = RUNS;

struct run {
	struct pool *pool;
	struct stage *s;
	struct model_tape *tape;
	enum kind kind;
	uint64_t capacity, early_warning; /* PACKED */
	uint64_t random, next_block;
	unsigned operation;
	bool damaged[MODEL_OBJECTS]; /* where the medium is bad */
	uint64_t buffered;           /* objects seen in the buffer: it is used at all */
	uint64_t early, full;        /* outcomes met */
};

static uint8_t block[LONGEST], expected_block[LONGEST];
static uint64_t all_buffered, all_early, all_full, all_damaged;

static uint64_t draw(struct run *r, uint64_t below)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return (r->random >> 11) % below;
}

/* Zeros, text, noise, and half of each: what codecs pack well, badly and not at all. */
static void fill(uint8_t *to, uint64_t seed, size_t size)
{
	static const char text[] = "the quick brown fox jumps over the lazy dog; ";
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	if (seed % 4 == 0) {
		fill_block(to, seed, size);
		return;
	}
	memset(to, (int)(seed & 0xff), size);
	for (size_t i = 0; i < size && seed % 4 != 1; i += 8) {
		size_t n = size - i < 8 ? size - i : 8;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (seed % 4 == 2)
			memcpy(to + i, text + x % (sizeof(text) - 8), n);
		else
			memcpy(to + i, &x, n);
	}
}

static bool expects_warning(const struct run *r)
{
	uint64_t stored = 0;

	if (r->tape->capacity == 0 || r->tape->position != r->tape->count)
		return false;
	for (uint64_t i = 0; i < r->tape->count; i++)
		stored += r->tape->objects[i].size;
	return stored + r->tape->early_warning >= r->tape->capacity;
}

static void compare(struct run *r, const char *what, int got, int expected)
{
	struct cart_position at;

	stage_position(r->s, &at);
	if (got == expected && at.object == r->tape->position && at.file == model_file(r->tape) &&
	    at.eod == (r->tape->position == r->tape->count) && at.bop == (r->tape->position == 0) &&
	    (r->kind == PACKED || at.early_warning == expects_warning(r)))
		return;
	fail_msg("operation %u, %s: '%s' at %" PRIu64 " of file %" PRIu64
		 ", expected '%s' at %" PRIu64 " of file %" PRIu64 " of %" PRIu64,
		 r->operation, what, cart_outcome_name(got), at.object, at.file,
		 cart_outcome_name(expected), r->tape->position, model_file(r->tape),
		 r->tape->count);
}

/* ---- what may come at any moment and must change nothing ---- */

static void check_info(struct run *r)
{
	const struct cart_info *info = stage_info(r->s);
	uint64_t bytes = 0, marks = 0;

	for (uint64_t i = 0; i < r->tape->count; i++) {
		bytes += r->tape->objects[i].size;
		marks += r->tape->objects[i].size == 0;
	}
	assert_int_equal(info->objects, r->tape->count);
	assert_int_equal(info->filemarks, marks);
	assert_int_equal(info->logical_bytes, bytes);
	assert_true(info->stored_bytes <= bytes + info->blocks * CRYPT_OVERHEAD);
}

static void sync_now(struct run *r)
{
	model_sync(r->tape);
	compare(r, "sync", stage_sync(r->s), 0);
}

static void check_no_failure(struct run *r)
{
	struct stage_failure f;

	assert_false(stage_take_failure(r->s, &f));
}

static void check_buffered(struct run *r)
{
	uint64_t objects, bytes;

	stage_buffered(r->s, &objects, &bytes);
	assert_true(objects <= r->tape->count);
	assert_true(bytes <= STAGE_BUFFER_BYTES);
	r->buffered += objects;
}

/* @rarely: one in so many calls does something. */
static void interrupt(struct run *r, uint64_t rarely)
{
	static void (*const calls[])(struct run * r) = { check_info, sync_now, check_no_failure,
							 check_buffered, check_buffered };

	if (draw(r, rarely) == 0)
		calls[draw(r, sizeof(calls) / sizeof(calls[0]))](r);
}

/* ---- writing ---- */

/* What was told of early warning or the end is what the cartridge's own numbers say. */
static int judge(struct run *r, int got, size_t size)
{
	const struct cart_info *info;

	if (got == 0 && draw(r, 16) != 0)
		return 0; /* asking drains the buffer: mostly not */
	info = stage_info(r->s);
	if (got == CART_E_FULL)
		return info->stored_bytes + size > r->capacity ? got : 0;
	return info->stored_bytes + r->early_warning >= r->capacity ? CART_E_EARLY_WARNING : 0;
}

static void cover(struct run *r, uint64_t from)
{
	for (uint64_t i = from; i < r->tape->count; i++)
		r->damaged[i] = false;
}

static size_t some_size(struct run *r)
{
	return 1 + (size_t)draw(r, draw(r, 8) == 0 ? LONGEST : USUAL);
}

/* @parts: 1 to 3 pieces of @data. */
static int split(struct run *r, uint8_t *data, size_t size, struct iovec iov[3])
{
	size_t a = draw(r, size + 1), b = a + draw(r, size - a + 1);

	if (draw(r, 3) == 0) {
		iov[0] = (struct iovec){ data, size };
		return 1;
	}
	iov[0] = (struct iovec){ data, a };
	iov[1] = (struct iovec){ data + a, b - a };
	iov[2] = (struct iovec){ data + b, size - b };
	return 3;
}

static void write_one(struct run *r)
{
	size_t size = some_size(r);
	uint64_t seed = r->next_block++, from = r->tape->position;
	struct iovec iov[3];
	int cnt = split(r, block, size, iov), got, expected;

	fill(block, seed, size);
	got = stage_write(r->s, iov, cnt, size);
	memset(block, 0xdb, size); /* the buffer has its own copy */
	if (got == CART_E_FULL && r->kind == PACKED) {
		model_erase(r->tape);
		expected = judge(r, got, size);
	} else {
		expected = model_write(r->tape, seed, size);
		if (r->kind == PACKED)
			expected = judge(r, got, size);
	}
	cover(r, from);
	r->early += got == CART_E_EARLY_WARNING;
	r->full += got == CART_E_FULL;
	compare(r, "write", got, expected);
}

static void write_marks_staged(struct run *r)
{
	uint32_t count = (uint32_t)draw(r, draw(r, 20) == 0 ? 1500 : 4), written;
	uint64_t from = r->tape->position;
	int expected = model_write_filemarks(r->tape, count);
	int got = stage_write_filemarks(r->s, count, &written);

	assert_int_equal(written, count);
	if (count > 0)
		cover(r, from);
	if (r->kind == PACKED)
		expected = count == 0 ? got : judge(r, got, 0);
	if (count == 0) /* the reference does not say what a sync near the end does */
		expected = got == CART_E_EARLY_WARNING ? got : 0;
	compare(r, "write filemarks", got, expected);
}

static void do_writes(struct run *r)
{
	for (uint64_t n = draw(r, 60); n > 0 && r->tape->count < MODEL_OBJECTS - 2000; n--) {
		draw(r, 10) == 0 ? write_marks_staged(r) : write_one(r);
		interrupt(r, 30);
	}
}

/* One row of filemarks, then small blocks: the queue has many slots and few bytes. */
static void do_small_writes(struct run *r)
{
	uint32_t written;

	if (r->tape->count > MODEL_OBJECTS - 4000 || r->kind != UNLIMITED)
		return;
	for (uint64_t n = draw(r, 1500); n > 0; n--) {
		const struct iovec iov = { block, 1 + (size_t)(n % 7) };
		uint64_t seed = r->next_block++, from = r->tape->position;

		if (n % 9 == 0) {
			(void)model_write_filemarks(r->tape, 1);
			assert_int_equal(stage_write_filemarks(r->s, 1, &written), 0);
		} else {
			fill(block, seed, iov.iov_len);
			(void)model_write(r->tape, seed, iov.iov_len);
			assert_int_equal(stage_write(r->s, &iov, 1, iov.iov_len), 0);
		}
		cover(r, from);
	}
	check_buffered(r);
	compare(r, "small writes", 0, 0);
}

/* As fast as the host can: the buffer fills, wraps, and holds it back. */
static void do_burst(struct run *r)
{
	uint64_t seed = r->next_block + 4 - r->next_block % 4 + 1 + draw(r, 3);

	if (r->kind != UNLIMITED || r->tape->count > MODEL_OBJECTS - 4000)
		return;
	r->next_block = seed + 1;
	fill(block, seed, LONGEST); /* one content, of which each block is a beginning */
	for (uint64_t n = draw(r, 60); n > 0; n--) {
		const struct iovec iov = { block, 1 + (size_t)draw(r, LONGEST / 6) };
		uint64_t from = r->tape->position;

		(void)model_write(r->tape, seed, iov.iov_len);
		assert_int_equal(stage_write(r->s, &iov, 1, iov.iov_len), 0);
		cover(r, from);
	}
	check_buffered(r);
	compare(r, "burst", 0, 0);
}

static void do_refused(struct run *r)
{
	const struct iovec iov = { block, 10 };

	compare(r, "write of nothing", stage_write(r->s, &iov, 1, 0), -EINVAL);
	compare(r, "write of less", stage_write(r->s, &iov, 1, 11), -EINVAL);
}

/* ---- reading ---- */

static void read_one_object(struct run *r)
{
	const struct model_object *o = NULL;
	uint64_t at = r->tape->position;
	int expected = model_read(r->tape, &o);
	size_t want = draw(r, 5) == 0 ? 1 + (size_t)draw(r, LONGEST) : LONGEST, length = 0;
	struct iovec iov[3];
	int cnt = split(r, block, want, iov);
	int got = stage_read(r->s, iov, cnt, want, &length);

	if (expected == 0 && r->damaged[at])
		expected = CART_E_DAMAGED;
	all_damaged += got == CART_E_DAMAGED;
	if (got != expected)
		compare(r, "read", got, expected);
	if (expected != 0)
		return;
	assert_int_equal(length, o->size);
	fill(expected_block, o->seed, o->size);
	assert_memory_equal(block, expected_block, o->size < want ? o->size : want);
}

static void do_reads(struct run *r)
{
	for (uint64_t n = draw(r, 80); n > 0; n--) {
		read_one_object(r);
		interrupt(r, 60);
	}
	if (draw(r, 2) == 0)
		compare(r, "reads", 0,
			0); /* READ POSITION cancels reading ahead; else it goes on */
}

static void space_blocks(struct run *r, int64_t count)
{
	uint64_t residual = 99, expected = 98;
	int got = stage_space_blocks(r->s, count, &residual);

	compare(r, "space blocks", got, model_space_blocks(r->tape, count, &expected));
	assert_int_equal(residual, expected);
}

static void space_marks(struct run *r, int64_t count)
{
	uint64_t residual = 99, expected = 98;
	int got = stage_space_filemarks(r->s, count, &residual);

	compare(r, "space filemarks", got, model_space_filemarks(r->tape, count, &expected));
	assert_int_equal(residual, expected);
}

static void space_rows(struct run *r, int64_t count)
{
	uint64_t residual = 99, expected = 98;
	int got = stage_space_sequential_filemarks(r->s, count, &residual);

	compare(r, "space rows of filemarks", got,
		model_space_sequential_filemarks(r->tape, count, &expected));
	assert_int_equal(residual, expected);
}

/* Reading is on its way, and the host turns round: what was read ahead must not be seen. */
static void do_turns(struct run *r)
{
	for (uint64_t n = draw(r, 12); n > 0; n--) {
		for (uint64_t k = 2 + draw(r, 5); k > 0; k--)
			read_one_object(r);
		switch (draw(r, 6)) {
		case 0:
			space_blocks(r, -(int64_t)(1 + draw(r, 4)));
			break;
		case 1:
			space_blocks(r, (int64_t)draw(r, 4));
			break;
		case 2:
			space_marks(r, (int64_t)draw(r, 5) - 2);
			break;
		case 3:
			space_rows(r, (int64_t)draw(r, 5) - 2);
			break;
		case 4:
			interrupt(r, 1);
			break;
		default:
			break; /* goes on reading */
		}
	}
}

/* ---- moving ---- */

static void do_locate(struct run *r)
{
	uint64_t object = draw(r, r->tape->count + 3);

	compare(r, "locate", stage_locate(r->s, object), model_locate(r->tape, object));
}

static void do_locate_file(struct run *r)
{
	uint64_t file = draw(r, model_file(r->tape) + 4);

	compare(r, "locate file", stage_locate_file(r->s, file), model_locate_file(r->tape, file));
}

static void do_space(struct run *r)
{
	space_blocks(r, (int64_t)draw(r, 40) - 20);
	space_marks(r, (int64_t)draw(r, 9) - 4);
	space_rows(r, (int64_t)draw(r, 7) - 3);
}

static void do_eod(struct run *r)
{
	r->tape->position = r->tape->count;
	compare(r, "space to end of data", stage_space_eod(r->s), 0);
}

static void do_erase(struct run *r)
{
	uint64_t from = r->tape->position;

	if (draw(r, 6) != 0)
		return;
	model_erase(r->tape);
	compare(r, "erase", stage_erase(r->s), 0);
	cover(r, from);
}

static void do_interrupt(struct run *r)
{
	interrupt(r, 1);
}

/* One key for all: whatever is encrypted can be read. */
static void set_crypt(struct run *r, bool encrypt)
{
	static const uint8_t bytes[CRYPT_KEY_SIZE] = "the key of the model";
	struct cart_crypt crypt = { .encrypt = encrypt, .decrypt = CART_DECRYPT_MIXED };

	assert_int_equal(crypt_key_new(bytes, &crypt.key), 0);
	assert_int_equal(stage_set_crypt(r->s, &crypt), 0);
	crypt_key_unref(crypt.key);
}

static void do_set_codec(struct run *r)
{
	if (r->kind != LIMITED)
		assert_int_equal(stage_set_codec(r->s, (enum cart_codec)draw(r, 4)), 0);
	if (r->kind == UNLIMITED)
		set_crypt(r, draw(r, 2) == 0);
}

/* ---- opening again ---- */

static void reopen(struct run *r, unsigned flags)
{
	assert_int_equal(stage_open(r->pool->path, "T1", flags, &r->s), 0);
	set_crypt(r, false);
	r->tape->position = 0;
	compare(r, "open", 0, 0);
}

/* One bit of the data of a block turns on the closed cartridge. */
static void damage_one(struct run *r)
{
	struct cart *c = pool_open(r->pool, CART_OPEN_READ);
	uint64_t number = draw(r, r->tape->count);
	struct cart_object o;
	char name[40];

	assert_int_equal(cart_object(c, number, &o), 0);
	pool_close(c);
	if (o.size == 0 || r->damaged[number])
		return;
	(void)snprintf(name, sizeof(name), "data.00000001.%08" PRIx64, o.address >> SEGMENT_SHIFT);
	pool_flip(r->pool, name,
		  (o.address & (SEGMENT_SIZE - 1)) + sizeof(struct disk_frame) +
			  draw(r, o.stored_size),
		  (uint8_t)(1u << draw(r, 8)));
	r->damaged[number] = true;
}

static void do_close(struct run *r)
{
	const struct iovec iov = { block, 10 };

	assert_int_equal(stage_close(r->s), 0);
	model_sync(r->tape);
	if (r->kind == UNLIMITED && r->tape->count > 0 && draw(r, 2) == 0)
		damage_one(r);
	if (draw(r, 3) == 0) { /* once through for reading only */
		reopen(r, CART_OPEN_READ);
		assert_false(stage_is_writable(r->s));
		do_reads(r);
		compare(r, "write to a reader", stage_write(r->s, &iov, 1, 10), CART_E_PROTECTED);
		do_turns(r);
		assert_int_equal(stage_close(r->s), 0);
	}
	reopen(r, CART_OPEN_WRITE);
	assert_true(stage_is_writable(r->s));
}

static void one_run(struct run *r)
{
	static void (*const operations[])(struct run * r) = {
		do_writes,  do_writes, do_writes,    do_writes,       do_reads,     do_reads,
		do_turns,   do_turns,  do_locate,    do_locate_file,  do_space,     do_eod,
		do_eod,     do_erase,  do_interrupt, do_small_writes, do_set_codec, do_close,
		do_refused, do_burst,  do_burst,
	};

	assert_int_equal(stage_open(r->pool->path, "T1", CART_OPEN_WRITE, &r->s), 0);
	for (r->operation = 0; r->operation < OPERATIONS; r->operation++) {
		if (r->tape->count > MODEL_OBJECTS - 4000)
			break;
		operations[draw(r, sizeof(operations) / sizeof(operations[0]))](r);
	}
	do_close(r);
	for (uint64_t i = 0; i <= r->tape->count; i++)
		read_one_object(r);
	assert_int_equal(stage_close(r->s), 0);
	all_buffered += r->buffered;
	all_early += r->early;
	all_full += r->full;
}

static void limit_medium(struct run *r)
{
	assert_int_equal(cart_delete(r->pool->path, "T1"), 0);
	pool_create(r->pool, "T1", CAPACITY);
	r->capacity = CAPACITY;
	r->early_warning = pool_stat(r->pool)->early_warning_bytes;
	if (r->kind == LIMITED) {
		r->tape->capacity = r->capacity;
		r->tape->early_warning = r->early_warning;
	}
}

static void play(uint64_t seed, enum kind kind)
{
	struct run *r = calloc(1, sizeof(*r));
	void *pool;

	assert_non_null(r);
	r->random = seed * 2654435761u + 1;
	r->kind = kind;
	assert_int_equal(pool_setup(&pool), 0);
	r->pool = pool;
	r->tape = calloc(1, sizeof(*r->tape));
	assert_non_null(r->tape);
	if (kind != UNLIMITED)
		limit_medium(r);
	one_run(r);
	free(r->tape);
	free(r);
	assert_int_equal(pool_teardown(&pool), 0);
}

/* Else nothing of all this was shown. */
static bool was_shown(void)
{
	return all_buffered > 0 && all_early > 0 && all_full > 0;
}

static void the_buffer_is_never_seen(void **state)
{
	(void)state;
	/* chance may keep a few runs from the end of the medium: then there are more of them */
	for (unsigned i = 0; i < runs || (runs >= RUNS && i < 8 * RUNS && !was_shown()); i++) {
		print_message("seed %" PRIu64 "\n", first_seed + i);
		play(first_seed + i, (enum kind)((first_seed + i) % KINDS));
	}
	print_message("%" PRIu64 " objects seen in the buffer, %" PRIu64 " early warnings, %" PRIu64
		      " ends of the medium, %" PRIu64 " damaged blocks read\n",
		      all_buffered, all_early, all_full, all_damaged);
	if (runs < RUNS)
		return;
	assert_true(was_shown());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_buffer_is_never_seen) };

	first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL) * 1000;
	if (argc > 2)
		runs = (unsigned)strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
