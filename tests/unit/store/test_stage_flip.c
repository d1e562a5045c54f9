/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bit of a block flips in the buffer, between the host's copy and what is compressed, encrypted
 * and written: where the host's own checksum of the block is known, the block is never written.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"
#include "lib/store/stage.h"
#include "tests/support/pool.h"

#define BLOCK  10000u
#define BLOCKS 8u
#define NONE   1000u /* no block is flipped */

static uint8_t data[BLOCK];
static atomic_uint flipped; /* which block, by its first byte; NONE */

/* The bytes that are packed next are those of the buffer: one of them changes. */
static void flip(const struct iovec *iov, size_t size)
{
	uint8_t *bytes = iov->iov_base;

	if (size == BLOCK && bytes[0] == flipped)
		bytes[BLOCK / 2] ^= 0x10;
}

int __real_crypt_seal(const struct cart_crypt *crypt, const struct crypt_envelope *envelope,
		      const struct iovec *iov, int iov_cnt, uint8_t *out);
int __wrap_crypt_seal(const struct cart_crypt *crypt, const struct crypt_envelope *envelope,
		      const struct iovec *iov, int iov_cnt, uint8_t *out);

int __wrap_crypt_seal(const struct cart_crypt *crypt, const struct crypt_envelope *envelope,
		      const struct iovec *iov, int iov_cnt, uint8_t *out)
{
	if (envelope->codec == CART_CODEC_NONE)
		flip(iov, iov->iov_len);
	return __real_crypt_seal(crypt, envelope, iov, iov_cnt, out);
}

int __real_codec_pack(struct codec *codec, enum cart_codec which, const struct iovec *iov,
		      int iov_cnt, size_t size, const uint8_t **ret_packed, size_t *ret_size);
int __wrap_codec_pack(struct codec *codec, enum cart_codec which, const struct iovec *iov,
		      int iov_cnt, size_t size, const uint8_t **ret_packed, size_t *ret_size);

int __wrap_codec_pack(struct codec *codec, enum cart_codec which, const struct iovec *iov,
		      int iov_cnt, size_t size, const uint8_t **ret_packed, size_t *ret_size)
{
	flip(iov, size);
	return __real_codec_pack(codec, which, iov, iov_cnt, size, ret_packed, ret_size);
}

/* Blocks of one byte shrink, the others do not. */
static void fill(uint8_t *block, unsigned n, bool shrinks)
{
	fill_block(block, n, BLOCK);
	memset(block, (int)n, shrinks ? BLOCK : 1);
}

static struct stage *open_t1(void **state, enum cart_codec codec)
{
	static const uint8_t secret[CRYPT_KEY_SIZE] = { 1, 2, 3 };
	struct cart_crypt crypt = { .encrypt = true, .decrypt = CART_DECRYPT_ON };
	struct pool *p = *state;
	struct stage *s;

	assert_int_equal(crypt_key_new(secret, &crypt.key), 0);
	assert_int_equal(stage_open(p->path, "T1", CART_OPEN_WRITE, &s), 0);
	assert_int_equal(stage_set_codec(s, codec), 0);
	assert_int_equal(stage_set_crypt(s, &crypt), 0);
	crypt_key_unref(crypt.key);
	assert_int_equal(stage_locate(s, 0), 0);
	return s;
}

static int put(struct stage *s, unsigned n, bool shrinks)
{
	const struct iovec iov = { data, BLOCK };

	fill(data, n, shrinks);
	stage_expect_crc32c(s, crc32c(0, data, BLOCK));
	return stage_write(s, &iov, 1, BLOCK);
}

/* The blocks 0 to @count - 1, and nothing behind them. */
static void expect_blocks(struct stage *s, unsigned count, bool shrinks)
{
	const struct iovec iov = { data, BLOCK };
	static uint8_t wanted[BLOCK];
	size_t length;

	assert_int_equal(stage_locate(s, 0), 0);
	for (unsigned n = 0; n < count; n++) {
		assert_int_equal(stage_read(s, &iov, 1, BLOCK, &length), 0);
		fill(wanted, n, shrinks);
		assert_memory_equal(data, wanted, BLOCK);
	}
	assert_int_equal(stage_read(s, &iov, 1, BLOCK, &length), CART_E_EOD);
}

static void blocks_that_did_not_change_are_written(void **state)
{
	for (unsigned codec = CART_CODEC_NONE; codec <= CART_CODEC_ZSTD; codec++) {
		struct stage *s = open_t1(state, (enum cart_codec)codec);

		flipped = NONE;
		for (unsigned n = 0; n < BLOCKS; n++)
			assert_int_equal(put(s, n, codec % 2 == 0), 0);
		expect_blocks(s, BLOCKS, codec % 2 == 0);
		assert_int_equal(stage_close(s), 0);
	}
}

/* With and without compression, of blocks that shrink and others. */
static void a_block_that_flips_in_the_buffer_is_never_written(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		struct stage *s = open_t1(state, i == 0 ? CART_CODEC_NONE : CART_CODEC_LZ4);
		struct stage_failure failure;
		uint64_t written;

		flipped = 5;
		for (unsigned n = 0; n < BLOCKS; n++)
			if (put(s, n, i == 1) != 0)
				break; /* it may be told as early as that */
		assert_int_equal(stage_sync(s), STAGE_E_DEFERRED);
		assert_true(stage_take_failure(s, &failure));
		assert_int_equal(failure.outcome, -EIO);
		written = stage_info(s)->objects;
		assert_in_range(written, 1, 5);
		assert_in_range(failure.blocks, 1, BLOCKS - written);
		expect_blocks(s, (unsigned)written, i == 1);
		flipped = NONE;
		for (unsigned n = (unsigned)written; n < BLOCKS; n++)
			assert_int_equal(put(s, n, i == 1), 0);
		expect_blocks(s, BLOCKS, i == 1);
		assert_int_equal(stage_close(s), 0);
	}
}

static void a_block_that_goes_straight_through_is_looked_at_too(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct stage *s = open_t1(state, i == 0 ? CART_CODEC_NONE : CART_CODEC_ZSTD);

		flipped = 0;
		assert_int_equal(put(s, 0, i == 1), -EIO);
		expect_blocks(s, 0, i == 1);
		assert_int_equal(stage_close(s), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(blocks_that_did_not_change_are_written),
		TEST(a_block_that_flips_in_the_buffer_is_never_written),
		TEST(a_block_that_goes_straight_through_is_looked_at_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
