/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/write.c, in segments of 64 KiB. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/store/cart.h"

static void a_write_in_the_middle_ends_the_recording(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 0, 8, 300);
	assert_int_equal(cart_locate(c, 3), 0);
	write_blocks(c, 50, 1, 300);
	assert_int_equal(read_object(c), CART_E_EOD);
	expect_position(c, 4, 0);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->objects, 4);
	assert_int_equal(pool_stat(*state)->logical_bytes, 1200);
}

static void an_erase_ends_the_recording_at_the_position(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 0, 5, 300);
	write_marks(c, 3);
	assert_int_equal(cart_locate(c, 2), 0);
	assert_int_equal(cart_erase(c), 0);
	assert_int_equal(read_object(c), CART_E_EOD);
	assert_int_equal(cart_info(c)->filemarks, 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect_block(c, 0, 300);
	expect_block(c, 1, 300);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

static void sizes_outside_the_limits_are_refused(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint8_t byte = 0;
	const struct iovec iov = { &byte, 1 };

	assert_int_equal(cart_write(c, &iov, 1, 0), -EINVAL);
	assert_int_equal(cart_write(c, &iov, 1, CART_MAX_BLOCK + 1), -EINVAL);
	assert_int_equal(cart_write(c, &iov, 1, 2), -EINVAL); /* more than there is */
	assert_int_equal(cart_set_codec(c, CART_CODEC_ZLIB), 0);
	assert_int_equal(cart_write(c, &iov, 1, 2000), -EINVAL);
	assert_int_equal(cart_info(c)->objects, 0);
	pool_close(c);
}

static void the_medium_has_an_early_warning_and_an_end(void **state)
{
	struct cart *c;
	struct cart_position at;

	assert_int_equal(cart_delete(((struct pool *)*state)->path, "T1"), 0);
	pool_create(*state, "T1", 8000); /* early warning 2000 before the end */
	c = pool_open(*state, CART_OPEN_WRITE);
	write_blocks(c, 0, 5, 1000);
	assert_int_equal(put_block(c, 5, 1000), CART_E_EARLY_WARNING);
	cart_position(c, &at);
	assert_true(at.early_warning);
	assert_int_equal(put_block(c, 6, 1000), CART_E_EARLY_WARNING);
	assert_int_equal(put_block(c, 7, 1001), CART_E_FULL);
	expect_position(c, 7, 0);
	assert_int_equal(put_block(c, 7, 1000), CART_E_EARLY_WARNING);
	assert_int_equal(put_block(c, 8, 1), CART_E_FULL);
	assert_int_equal(put_marks(c, 2), CART_E_EARLY_WARNING);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	for (uint64_t i = 0; i < 8; i++)
		expect_block(c, i, 1000);
	pool_close(c);
}

static void many_filemarks_fill_many_segments(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint32_t written = 0;

	assert_int_equal(cart_write_filemarks(c, 3000, &written), 0); /* 240000 bytes */
	assert_int_equal(written, 3000);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_locate_file(c, 2999), 0);
	expect_position(c, 2999, 2999);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	pool_close(c);
}

static void an_overwrite_removes_later_segments(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	char *third = pool_file(*state, "data.00000001.00000002");

	write_blocks(c, 0, 20, 10000);
	assert_int_equal(access(third, F_OK), 0);
	assert_int_equal(cart_locate(c, 2), 0);
	write_blocks(c, 90, 1, 10000);
	assert_int_equal(access(third, F_OK), -1);
	free(third);
	write_blocks(c, 91, 18, 10000);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect_block(c, 0, 10000);
	expect_block(c, 1, 10000);
	for (uint64_t i = 90; i <= 108; i++)
		expect_block(c, i, 10000);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

/* ---- a disk that loses what it could not sync ---- */

static struct backend_ops failing;
static unsigned sound_syncs; /* before the one that fails */
static int sync_error;
static int (*sound_sync)(struct backend *b);

static int failing_sync(struct backend *b)
{
	if (sound_syncs-- > 0)
		return sound_sync(b);
	sound_syncs = 1000; /* the kernel reports a lost page once */
	return sync_error;
}

static struct cart *with_failing_sync(void **state, unsigned sound, int error)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	failing = *c->backend->ops;
	sound_sync = failing.sync;
	failing.sync = failing_sync;
	c->backend->ops = &failing;
	sound_syncs = sound;
	sync_error = error;
	return c;
}

static void a_failed_sync_takes_back_what_was_not_stable(void **state)
{
	struct cart *c = with_failing_sync(state, 1, -EIO);

	write_blocks(c, 0, 3, 500);
	assert_int_equal(cart_sync(c), 0);
	write_blocks(c, 3, 4, 500);
	assert_int_equal(cart_sync(c), -EIO);
	expect_position(c, 3, 0);
	assert_int_equal(cart_sync(c), 0);
	write_blocks(c, 70, 1, 500);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	for (uint64_t i = 0; i < 3; i++)
		expect_block(c, i, 500);
	expect_block(c, 70, 500);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

/* "No space" says that nothing is lost; here what was acknowledged is. */
static void a_sync_without_space_is_an_error_like_any(void **state)
{
	struct cart *c = with_failing_sync(state, 0, -ENOSPC);

	write_blocks(c, 0, 3, 500);
	assert_int_equal(cart_sync(c), -EIO);
	expect_position(c, 0, 0);
	write_blocks(c, 0, 3, 500);
	assert_int_equal(cart_sync(c), 0);
	pool_close(c);
}

/* A write in the middle must not begin over data whose sync failed. */
static void an_epoch_does_not_begin_over_a_failed_sync(void **state)
{
	struct cart *c = with_failing_sync(state, 1, -EIO);

	write_blocks(c, 0, 2, 500);
	assert_int_equal(cart_sync(c), 0);
	write_blocks(c, 2, 4, 500);
	assert_int_equal(cart_locate(c, 5), 0);
	assert_int_equal(put_block(c, 99, 500), -EIO);
	assert_int_equal(cart_info(c)->objects, 2);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->objects, 2);
}

/* Nor does a segment: its first frames would vouch for the one before. */
static void a_segment_does_not_begin_over_a_failed_sync(void **state)
{
	struct cart *c = with_failing_sync(state, 1, -EIO);

	write_blocks(c, 0, 2, 20000);
	assert_int_equal(cart_sync(c), 0);
	write_blocks(c, 2, 1, 20000);
	assert_int_equal(put_block(c, 3, 20000), -EIO); /* the first of the next segment */
	expect_position(c, 2, 0);
	write_blocks(c, 52, 3, 20000);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect_block(c, 0, 20000);
	expect_block(c, 1, 20000);
	for (uint64_t i = 52; i < 55; i++)
		expect_block(c, i, 20000);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

/* ---- a write that fails, and leaves nobody knows what ---- */

static const struct backend_ops *real_ops;

/* Everything arrives, but the system says otherwise and cannot take it back. */
static int append_and_fail(struct backend *b, uint32_t stream, uint64_t address,
			   const struct iovec *iov, int iov_cnt)
{
	int r = real_ops->append(b, stream, address, iov, iov_cnt);

	return r < 0 ? r : -EUCLEAN;
}

/* Three blocks with one write, of which the host hears that they are not there. */
static int refuse_three(struct cart *c)
{
	static uint8_t blocks[3][1000];
	struct iovec iov[3];
	struct write_item items[3];
	unsigned done;

	for (unsigned i = 0; i < 3; i++) {
		fill_block(blocks[i], 101 + i, 1000);
		iov[i] = (struct iovec){ blocks[i], 1000 };
		items[i] = (struct write_item){ .iov = &iov[i], .iov_cnt = 1 };
		const struct pack_job job = { c, CART_CODEC_NONE, 0, &iov[i], 1, 1000, false };

		if (block_pack(NULL, &job, &items[i].block) != 0)
			return -1;
	}
	return cart_write_items(c, items, 3, &done) == -EIO && done == 0 ? 0 : -1;
}

static int refuse_some(struct pool *p)
{
	static struct backend_ops ops;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	if (put_block(c, 1, 1000) != 0)
		return 1;
	real_ops = c->backend->ops;
	ops = *real_ops;
	ops.append = append_and_fail;
	c->backend->ops = &ops;
	if (refuse_three(c) != 0)
		return 2;
	c->backend->ops = real_ops;
	return put_block(c, 2, 1000) != 0 || cart_sync(c) != 0;
}

static void what_was_refused_never_comes_back(void **state)
{
	struct pool *p = *state;
	struct cart *c;

	pool_die_after(p, refuse_some);
	c = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_info(c)->objects, 2);
	expect_block(c, 1, 1000);
	expect_block(c, 2, 1000);
	pool_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_write_in_the_middle_ends_the_recording),
		TEST(an_erase_ends_the_recording_at_the_position),
		TEST(sizes_outside_the_limits_are_refused),
		TEST(the_medium_has_an_early_warning_and_an_end),
		TEST(many_filemarks_fill_many_segments),
		TEST(an_overwrite_removes_later_segments),
		TEST(a_failed_sync_takes_back_what_was_not_stable),
		TEST(a_sync_without_space_is_an_error_like_any),
		TEST(an_epoch_does_not_begin_over_a_failed_sync),
		TEST(a_segment_does_not_begin_over_a_failed_sync),
		TEST(what_was_refused_never_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
