/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overwriting, erasing and releasing a cartridge of 1000 segments takes no longer than one of ten:
 * what is thrown away is deleted behind, and is gone when the cartridge is closed; where the
 * process died, when the next one has opened it.
 */
#include "tests/support/pool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/store/backend.h"
#include "lib/store/format.h"
#include "tests/support/big_cartridge.h"
#include "tests/support/counted_calls.h"

#define SEGMENTS 1000u
#define CALLS    800u /* 512 names of the folder among them, and a write with its header */
#define DELETED  20u

struct world {
	struct pool *pool;
	struct big_cartridge big;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL || pool_setup((void **)&w->pool) != 0)
		return -1;
	w->big = (struct big_cartridge){ .blocks = 1000000, .marks = 1000, .block_size = 1 << 20 };
	assert_int_equal(big_create(&w->big, w->pool->path, "T1"), 0);
	assert_in_range(w->big.segments, SEGMENTS - 50, SEGMENTS);
	assert_int_equal(big_make_segments(&w->big, 0, w->big.segments), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	int r = pool_teardown((void **)&w->pool);

	big_free(&w->big);
	free(w);
	return r;
}

/* Goes to object 100000, which a tenth of the segments is before. */
static unsigned go_to_a_tenth(struct world *w, struct cart *c)
{
	assert_int_equal(cart_locate(c, 100000), 0);
	return (unsigned)(big_address(&w->big, 100000) >> SEGMENT_SHIFT) + 1;
}

static struct cart *open_at_a_tenth(struct world *w, unsigned *ret_segments)
{
	struct cart *c;

	assert_int_equal(big_put(&w->big, 99999), 0);
	assert_int_equal(big_put(&w->big, 100000), 0);
	c = pool_open(w->pool, CART_OPEN_WRITE);
	*ret_segments = go_to_a_tenth(w, c);
	(void)counted_take();
	return c;
}

static void expect_bounded(void)
{
	struct counted n = counted_take();

	if (n.calls > CALLS || n.deleted > DELETED)
		fail_msg("%llu system calls, %llu files deleted by the caller",
			 (unsigned long long)n.calls, (unsigned long long)n.deleted);
}

static void an_overwrite_is_bounded_and_frees_what_was_behind(void **state)
{
	struct world *w = *state;
	unsigned segments;
	struct cart *c = open_at_a_tenth(w, &segments);

	assert_int_equal(put_block(c, 1, 10000), 0);
	assert_int_equal(cart_sync(c), 0);
	expect_bounded();
	pool_close(c);
	assert_int_equal(pool_segments(w->pool), segments);
	c = pool_open(w->pool, CART_OPEN_READ);
	assert_int_equal(cart_info(c)->objects, 100001);
	assert_int_equal(cart_locate(c, 100000), 0);
	expect_block(c, 1, 10000);
	pool_close(c);
}

static void an_erase_is_bounded_and_frees_what_was_behind(void **state)
{
	struct world *w = *state;
	unsigned segments;
	struct cart *c = open_at_a_tenth(w, &segments);

	assert_int_equal(cart_erase(c), 0);
	expect_bounded();
	pool_close(c);
	assert_int_equal(pool_segments(w->pool), segments);
}

static void a_release_is_bounded_and_frees_everything(void **state)
{
	struct world *w = *state;
	struct cart *c = pool_open(w->pool, CART_OPEN_WRITE);
	const struct cart_copy copy = { .volume = "V1", .generation = cart_info(c)->generation };

	assert_int_equal(cart_copy_add(c, &copy), 0);
	(void)counted_take();
	assert_int_equal(cart_release(c, 1), 0);
	expect_bounded();
	pool_close(c);
	assert_int_equal(pool_segments(w->pool), 0);
}

static int overwrite_and_die(struct pool *p)
{
	struct cart *c;

	return cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0 || cart_locate(c, 100000) != 0 ||
	       put_block(c, 1, 10000) != 0 || cart_sync(c) != 0;
}

/* However far the thread came: the next files are there again, as if it had not begun. */
static void after_a_crash_the_next_writer_frees_the_rest(void **state)
{
	struct world *w = *state;
	unsigned segments;
	struct cart *c = open_at_a_tenth(w, &segments);
	struct counted n;

	pool_close(c);
	pool_die_after(w->pool, overwrite_and_die);
	assert_int_equal(big_make_segments(&w->big, segments, segments + 1), 0);
	(void)counted_take();
	c = pool_open(w->pool, CART_OPEN_WRITE);
	n = counted_take();
	assert_in_range(n.read_bytes, 1, 4u << 20); /* nobody searched the dead segments */
	assert_int_equal(cart_info(c)->objects, 100001);
	pool_close(c);
	assert_int_equal(pool_segments(w->pool), segments);
}

/* The header was clean already, and the process died while it waited for the thread. */
static void after_a_crash_in_close_the_next_writer_frees_the_rest(void **state)
{
	struct world *w = *state;
	unsigned segments;
	struct cart *c = open_at_a_tenth(w, &segments);

	assert_int_equal(put_block(c, 1, 10000), 0);
	pool_close(c);
	assert_int_equal(big_make_segments(&w->big, segments, w->big.segments), 0);
	c = pool_open(w->pool, CART_OPEN_READ);
	pool_close(c);
	assert_int_equal(pool_segments(w->pool), w->big.segments); /* a reader leaves them */
	pool_close(pool_open(w->pool, CART_OPEN_WRITE));
	assert_int_equal(pool_segments(w->pool), segments);
}

/* What is appended in the meantime is not thrown away with the old file of that name. */
static void a_segment_that_is_used_again_stays(void **state)
{
	struct world *w = *state;
	struct backend *b;
	char text[] = "new", got[4] = "";
	const struct iovec iov = { text, 3 };
	size_t size;

	assert_int_equal(backend_local_open(w->pool->path, "T1.cart", true, &b), 0);
	assert_int_equal(b->ops->truncate(b, 1, (UINT64_C(9) << SEGMENT_SHIFT) + 100), 0);
	for (uint64_t n = 10; n < 400; n++)
		assert_int_equal(b->ops->append(b, 1, n << SEGMENT_SHIFT, &iov, 1), 0);
	b->ops->close(b);
	assert_int_equal(pool_segments(w->pool), 400);
	assert_int_equal(backend_local_open(w->pool->path, "T1.cart", true, &b), 0);
	for (uint64_t n = 10; n < 400; n++) {
		assert_int_equal(b->ops->read(b, 1, n << SEGMENT_SHIFT, got, 4, &size), 0);
		assert_int_equal(size, 3);
		assert_memory_equal(got, "new", 3);
	}
	b->ops->close(b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_overwrite_is_bounded_and_frees_what_was_behind),
		TEST(an_erase_is_bounded_and_frees_what_was_behind),
		TEST(a_release_is_bounded_and_frees_everything),
		TEST(after_a_crash_the_next_writer_frees_the_rest),
		TEST(after_a_crash_in_close_the_next_writer_frees_the_rest),
		TEST(a_segment_that_is_used_again_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
