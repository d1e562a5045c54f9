/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer's own promises: what is told when, and what a failure behind it leaves. */
#include "lib/store/stage_internal.h"

#include "tests/support/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/crc32c.h"

#define BLOCK 10000u

static uint8_t data[BLOCK];

static int put(struct stage *s, uint64_t seed)
{
	const struct iovec iov = { data, BLOCK };

	fill_block(data, seed, BLOCK);
	return stage_write(s, &iov, 1, BLOCK);
}

static void expect(struct stage *s, uint64_t seed)
{
	static uint8_t expected[BLOCK];
	const struct iovec iov = { data, BLOCK };
	size_t length;

	assert_int_equal(stage_read(s, &iov, 1, BLOCK, &length), 0);
	assert_int_equal(length, BLOCK);
	fill_block(expected, seed, BLOCK);
	assert_memory_equal(data, expected, BLOCK);
}

static struct stage *open_t1(void **state)
{
	struct pool *p = *state;
	struct stage *s;

	assert_int_equal(stage_open(p->path, "T1", CART_OPEN_WRITE, &s), 0);
	return s;
}

static uint64_t object(struct stage *s)
{
	struct cart_position at;

	stage_position(s, &at);
	return at.object;
}

static void the_position_counts_what_is_in_the_buffer(void **state)
{
	struct stage *s = open_t1(state);
	uint32_t written;

	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(put(s, i), 0);
		assert_int_equal(object(s), i + 1);
	}
	assert_int_equal(stage_write_filemarks(s, 2, &written), 0);
	assert_int_equal(object(s), 102);
	assert_int_equal(stage_info(s)->objects, 102);
	assert_int_equal(stage_close(s), 0);
}

static void what_was_buffered_comes_back(void **state)
{
	struct stage *s = open_t1(state);

	for (unsigned i = 0; i < 3000; i++) /* more than the buffer holds */
		assert_int_equal(put(s, i), 0);
	assert_int_equal(stage_locate(s, 0), 0);
	for (unsigned i = 0; i < 3000; i++)
		expect(s, i);
	assert_int_equal(stage_locate(s, 1500), 0);
	expect(s, 1500);
	assert_int_equal(stage_close(s), 0);
}

static void a_write_while_reading_ahead_ends_the_recording_there(void **state)
{
	struct stage *s = open_t1(state);
	const struct iovec iov = { data, BLOCK };
	size_t length;

	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(put(s, i), 0);
	assert_int_equal(stage_locate(s, 0), 0);
	for (unsigned i = 0; i < 10; i++)
		expect(s, i);
	assert_int_equal(put(s, 777), 0);
	assert_int_equal(stage_read(s, &iov, 1, BLOCK, &length), CART_E_EOD);
	assert_int_equal(stage_locate(s, 9), 0);
	expect(s, 9);
	expect(s, 777);
	assert_int_equal(object(s), 11);
	assert_int_equal(stage_close(s), 0);
}

/* Files of this process can have so many bytes from now on; 0: as many as they like. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_failure_behind_the_buffer_is_told_once_with_what_is_lost(void **state)
{
	struct stage *s = open_t1(state);
	struct stage_failure lost;
	uint64_t there;
	int r = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(50 * BLOCK);
	for (unsigned i = 0; i < 100 && r == 0; i++)
		r = put(s, i);
	if (r == 0)
		r = stage_sync(s);
	assert_int_equal(r, STAGE_E_DEFERRED);
	limit_files(0);
	assert_int_equal(stage_locate(s, 0),
			 STAGE_E_DEFERRED); /* nothing runs before it was told */
	assert_true(stage_take_failure(s, &lost));
	assert_int_equal(lost.outcome, -EFBIG);
	assert_int_equal(lost.objects, lost.blocks);
	assert_int_equal(lost.bytes, lost.blocks * BLOCK);
	assert_false(stage_take_failure(s, &lost));
	there = object(s);
	assert_in_range(there, 41, 49);
	assert_int_equal(put(s, 1000), 0); /* it goes on where the recording ends */
	assert_int_equal(stage_sync(s), 0);
	assert_int_equal(stage_locate(s, 0), 0);
	for (unsigned i = 0; i < there; i++)
		expect(s, i);
	expect(s, 1000);
	assert_int_equal(stage_close(s), 0);
}

static void packed_by_other_threads_it_comes_back_in_order(void **state)
{
	struct stage *s = open_t1(state);
	uint32_t written;

	for (unsigned codec = 1; codec <= 3; codec++) {
		assert_int_equal(stage_locate(s, 0), 0);
		assert_int_equal(stage_set_codec(s, (enum cart_codec)codec), 0);
		for (unsigned i = 0; i < 400; i++) {
			const struct iovec iov = { data, BLOCK };

			memset(data, (int)i, BLOCK);
			assert_int_equal(stage_write(s, &iov, 1, BLOCK), 0);
			if (i % 100 == 0)
				assert_int_equal(stage_write_filemarks(s, 1, &written), 0);
		}
		assert_true(stage_info(s)->stored_bytes < 400 * 200);
		assert_int_equal(stage_locate(s, 0), 0);
		for (unsigned i = 0; i < 400; i++) {
			const struct iovec iov = { data, BLOCK };
			size_t length;

			assert_int_equal(stage_read(s, &iov, 1, BLOCK, &length), 0);
			assert_int_equal(data[0], i & 0xff);
			assert_int_equal(data[BLOCK - 1], i & 0xff);
			if (i % 100 == 0)
				assert_int_equal(stage_read(s, &iov, 1, BLOCK, &length),
						 CART_E_FILEMARK);
		}
	}
	assert_int_equal(stage_close(s), 0);
}

/* Straight through, behind the buffer, with and without packing: the CRC32C of the block comes back
 * with it. */
static void a_block_has_the_checksum_that_it_was_written_with(void **state)
{
	struct stage *s = open_t1(state);
	uint32_t kept;

	for (unsigned codec = CART_CODEC_NONE; codec <= CART_CODEC_LZ4; codec += CART_CODEC_LZ4) {
		assert_int_equal(stage_set_codec(s, (enum cart_codec)codec), 0);
		for (uint64_t seed = 0; seed < 20; seed++) {
			fill_block(data, seed, BLOCK);
			stage_expect_crc32c(s, crc32c(0, data, BLOCK));
			assert_int_equal(put(s, seed), 0);
		}
	}
	assert_int_equal(stage_locate(s, 0), 0);
	for (uint64_t seed = 0; seed < 40; seed++) {
		expect(s, seed % 20);
		assert_true(stage_block_crc32c(s, &kept));
		assert_int_equal(kept, crc32c(0, data, BLOCK));
	}
	assert_int_equal(stage_close(s), 0);
}

static void a_block_that_changed_on_its_way_is_not_written(void **state)
{
	struct stage *s = open_t1(state);
	struct stage_failure failure;

	stage_expect_crc32c(s, 1);
	assert_int_equal(put(s, 1), -EIO); /* the first goes straight through */
	assert_int_equal(object(s), 0);
	assert_int_equal(put(s, 1), 0); /* what was expected was of the one before */
	assert_int_equal(put(s, 2), 0);
	stage_expect_crc32c(s, 1);
	assert_int_equal(put(s, 3), 0); /* accepted; */
	assert_int_equal(stage_sync(s), STAGE_E_DEFERRED);
	assert_true(stage_take_failure(s, &failure));
	assert_int_equal(failure.outcome, -EIO);
	assert_in_range(failure.blocks, 1, 2); /* and those that go with the same write */
	assert_int_equal(object(s), 3 - failure.blocks);
	assert_int_equal(stage_close(s), 0);
}

static void early_warning_and_the_end_are_told_at_once(void **state)
{
	struct pool *p = *state;
	struct stage *s;
	unsigned n = 0, early = 0;
	int r = 0;

	pool_create(p, "T2", 100 * BLOCK);
	assert_int_equal(stage_open(p->path, "T2", CART_OPEN_WRITE, &s), 0);
	while (n < 200 && (r == 0 || r == CART_E_EARLY_WARNING)) {
		r = put(s, n);
		n += r == 0 || r == CART_E_EARLY_WARNING;
		if (r == CART_E_EARLY_WARNING && early == 0)
			early = n;
	}
	assert_int_equal(r, CART_E_FULL);
	assert_int_equal(n, 100);
	assert_true(early > 0 && early <= 100);
	assert_int_equal(object(s), 100);
	assert_int_equal(stage_close(s), 0);
}

static void a_read_only_cartridge_refuses_at_once(void **state)
{
	struct pool *p = *state;
	struct stage *s;
	uint32_t written;

	assert_int_equal(stage_open(p->path, "T1", CART_OPEN_READ, &s), 0);
	assert_false(stage_is_writable(s));
	assert_int_equal(put(s, 1), CART_E_PROTECTED);
	assert_int_equal(stage_write_filemarks(s, 1, &written), CART_E_PROTECTED);
	assert_int_equal(stage_close(s), 0);
}

static void noise(uint8_t *block)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < BLOCK_MAX; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(block + i, &x, sizeof(x));
	}
}

/* A block of the greatest size that shrinks by @saves bytes or very few more: noise behind so many
 * zeros as it takes. */
static void nearly_noise(uint8_t *block, unsigned saves)
{
	struct codec *codec = codec_new();
	const struct iovec iov = { block, BLOCK_MAX };
	unsigned low = 0, high = 65536;
	const uint8_t *packed;
	size_t size;

	assert_non_null(codec);
	while (low < high) {
		unsigned middle = (low + high) / 2;

		noise(block);
		memset(block, 0, middle);
		assert_int_equal(
			codec_pack(codec, CART_CODEC_LZ4, &iov, 1, BLOCK_MAX, &packed, &size), 0);
		if (size == 0 || BLOCK_MAX - size < saves)
			low = middle + 1;
		else
			high = middle;
	}
	noise(block);
	memset(block, 0, high);
	assert_int_equal(codec_pack(codec, CART_CODEC_LZ4, &iov, 1, BLOCK_MAX, &packed, &size), 0);
	assert_in_range(BLOCK_MAX - size, saves, saves + 10);
	codec_free(codec);
}

/* Frames and unpacked blocks of these together are more than half of the ring: wherever its empty
 * middle was, there has to be room for the next. */
static void the_largest_blocks_that_hardly_shrink_are_read_ahead(void **state)
{
	static const unsigned saves[] = { 1, 1, 60, 60, 4, 1 };
	struct stage *s = open_t1(state);
	uint8_t *written = malloc(BLOCK_MAX), *read = malloc(BLOCK_MAX);
	const struct iovec in = { written, BLOCK_MAX }, out = { read, BLOCK_MAX };
	size_t length;

	assert_true(written != NULL && read != NULL);
	assert_int_equal(stage_set_codec(s, CART_CODEC_LZ4), 0);
	for (size_t i = 0; i < sizeof(saves) / sizeof(*saves); i++) {
		nearly_noise(written, saves[i]);
		assert_int_equal(stage_write(s, &in, 1, BLOCK_MAX), 0);
	}
	assert_int_equal(stage_locate(s, 0), 0);
	(void)alarm(60); /* it would wait for ever */
	for (size_t i = 0; i < sizeof(saves) / sizeof(*saves); i++) {
		nearly_noise(written, saves[i]);
		assert_int_equal(stage_read(s, &out, 1, BLOCK_MAX, &length), 0);
		assert_memory_equal(read, written, BLOCK_MAX);
	}
	(void)alarm(0);
	assert_int_equal(stage_close(s), 0);
	free(written);
	free(read);
}

static void what_cannot_be_opened_leaves_nothing_behind(void **state)
{
	struct pool *p = *state;
	struct stage *s = NULL;

	assert_int_equal(stage_open(p->path, "NONE", CART_OPEN_WRITE, &s), CART_E_ABSENT);
	assert_null(s);
	assert_int_equal(stage_close(NULL), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_position_counts_what_is_in_the_buffer),
		T(what_was_buffered_comes_back),
		T(a_write_while_reading_ahead_ends_the_recording_there),
		T(a_failure_behind_the_buffer_is_told_once_with_what_is_lost),
		T(packed_by_other_threads_it_comes_back_in_order),
		T(a_block_has_the_checksum_that_it_was_written_with),
		T(a_block_that_changed_on_its_way_is_not_written),
		T(early_warning_and_the_end_are_told_at_once),
		T(a_read_only_cartridge_refuses_at_once),
		T(the_largest_blocks_that_hardly_shrink_are_read_ahead),
		T(what_cannot_be_opened_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
