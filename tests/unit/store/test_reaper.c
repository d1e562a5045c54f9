/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is deleted behind: a write waits for the space that it makes, a close does not wait for
 * ever, and what was left is found again.  The thread that deletes is held up between two names of
 * the folder, and time passes when the test says so.
 */
#include "tests/support/pool.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"

#define SEGMENTS 1200u  /* of 64 KiB; more than an overwrite looks at */
#define SIZE     60000u /* of a block: one fills a segment */

static pthread_t test_thread;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool closed; /* the thread waits at it; nobody waits for the thread */
	unsigned deleted;
	unsigned needed; /* there is no space until so many are deleted */
	unsigned refused;
	bool finish;        /* a write that finds no space returns when all is deleted */
	int64_t longest_ms; /* that somebody wanted to wait */
} world = { .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };

/* clang-format off */
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset);
int __real_pthread_join(pthread_t thread, void **ret);
int __wrap_pthread_join(pthread_t thread, void **ret);
int __real_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *t);
int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *t);
/* clang-format on */

static void gate_set(bool closed)
{
	(void)pthread_mutex_lock(&world.lock);
	world.closed = closed;
	(void)pthread_cond_broadcast(&world.moved);
	(void)pthread_mutex_unlock(&world.lock);
}

static unsigned deleted(void)
{
	unsigned n;

	(void)pthread_mutex_lock(&world.lock);
	n = world.deleted;
	(void)pthread_mutex_unlock(&world.lock);
	return n;
}

struct dirent *__wrap_readdir(DIR *dir)
{
	if (!pthread_equal(pthread_self(), test_thread)) {
		(void)pthread_mutex_lock(&world.lock);
		while (world.closed)
			(void)pthread_cond_wait(&world.moved, &world.lock);
		(void)pthread_mutex_unlock(&world.lock);
	}
	return __real_readdir(dir);
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	int r = __real_unlinkat(fd, name, flags);

	(void)pthread_mutex_lock(&world.lock);
	world.deleted += r == 0 && strncmp(name, "data.", 5) == 0;
	(void)pthread_mutex_unlock(&world.lock);
	return r;
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int cnt, off_t offset)
{
	bool full;

	(void)pthread_mutex_lock(&world.lock);
	full = world.deleted < world.needed;
	world.refused += full;
	(void)pthread_mutex_unlock(&world.lock);
	if (!full)
		return __real_pwritev(fd, iov, cnt, offset);
	gate_set(false);
	while (world.finish && deleted() < SEGMENTS - 1)
		(void)sched_yield();
	errno = ENOSPC;
	return -1;
}

int __wrap_pthread_join(pthread_t thread, void **ret)
{
	bool closed = world.closed;
	int r;

	gate_set(false);
	r = __real_pthread_join(thread, ret);
	gate_set(closed);
	return r;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *t)
{
	int64_t wait_ms = (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000 - clock_monotonic_ms();

	if (wait_ms > world.longest_ms)
		world.longest_ms = wait_ms;
	return world.closed ? ETIMEDOUT : __real_pthread_cond_timedwait(c, m, t);
}

static int setup(void **state)
{
	int r = pool_setup(state);
	struct cart *c;

	test_thread = pthread_self();
	gate_set(false);
	world.deleted = world.needed = world.refused = 0;
	world.longest_ms = 0;
	world.finish = false;
	if (r != 0)
		return r;
	c = pool_open(*state, CART_OPEN_WRITE);
	write_blocks(c, 0, SEGMENTS, SIZE);
	pool_close(c);
	return 0;
}

/* A full file system: the overwrite gets the space of what it overwrites. */
static void a_write_waits_for_the_space_that_deleting_makes(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	gate_set(true);
	world.needed = 100;
	assert_int_equal(put_block(c, 5, SIZE), 0);
	assert_in_range(world.refused, 1, 100);
	world.needed = SEGMENTS - 10;
	assert_int_equal(put_block(c, 6, SIZE), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_info(c)->objects, 2);
	expect_block(c, 5, SIZE);
	expect_block(c, 6, SIZE);
	pool_close(c);
}

/* The last file goes between the write that found no space and the look who is deleting. */
static void space_that_came_meanwhile_is_used(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	gate_set(true);
	world.needed = SEGMENTS - 1; /* the first one is cut */
	world.finish = true;
	assert_int_equal(put_block(c, 5, SIZE), 0);
	assert_int_equal(world.refused, 1);
	pool_close(c);
}

static void where_deleting_makes_no_space_there_is_none(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	world.needed = UINT32_MAX;
	assert_int_equal(put_block(c, 5, SIZE), CART_E_NO_SPACE);
	assert_int_equal(put_block(c, 5, SIZE), CART_E_NO_SPACE);
	world.needed = 0;
	assert_int_equal(put_block(c, 5, SIZE), 0);
	pool_close(c);
	assert_int_equal(pool_segments(*state), 1);
}

static void close_with_much_to_delete(struct pool *p)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	gate_set(true);
	assert_int_equal(put_block(c, 5, SIZE), 0);
	pool_close(c);
	assert_in_range(pool_segments(p), SEGMENTS - 20, SEGMENTS);
}

static void a_close_waits_five_seconds_at_most(void **state)
{
	close_with_much_to_delete(*state);
	assert_in_range(world.longest_ms, 4000, 5000);
}

static void the_next_writer_deletes_what_a_close_left(void **state)
{
	struct pool *p = *state;
	struct cart *c;

	close_with_much_to_delete(p);
	gate_set(false);
	pool_close(pool_open(p, CART_OPEN_READ));
	assert_in_range(pool_segments(p), SEGMENTS - 20, SEGMENTS);
	pool_close(pool_open(p, CART_OPEN_WRITE));
	assert_int_equal(pool_segments(p), 1);
	c = pool_open(p, CART_OPEN_READ);
	expect_block(c, 5, SIZE);
	pool_close(c);
}

static void a_sweep_deletes_what_a_close_left(void **state)
{
	struct pool *p = *state;
	uint64_t generation;
	struct cart *c;

	close_with_much_to_delete(p);
	generation = pool_stat(p)->generation;
	world.longest_ms = 0;
	assert_int_equal(cart_sweep(p->path, "T1", 1000), 1); /* a part at once */
	assert_in_range(world.longest_ms, 1, 1000);
	gate_set(false);
	assert_int_equal(cart_sweep(p->path, "T1", 60000), 0);
	assert_int_equal(pool_segments(p), 1);
	assert_int_equal(cart_sweep(p->path, "T1", 1000), 0);
	assert_int_equal(pool_stat(p)->generation, generation);
	c = pool_open(p, CART_OPEN_READ);
	expect_block(c, 5, SIZE);
	pool_close(c);
}

static void a_sweep_takes_a_cartridge_from_nobody(void **state)
{
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	gate_set(true);
	assert_int_equal(put_block(c, 5, SIZE), 0);
	assert_int_equal(cart_sweep(p->path, "T1", 1000), CART_E_BUSY);
	gate_set(false);
	pool_close(c);
	c = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_sweep(p->path, "T1", 1000), CART_E_BUSY);
	pool_close(c);
	assert_int_equal(cart_sweep(p->path, "T7", 1000), CART_E_ABSENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_write_waits_for_the_space_that_deleting_makes),
		TEST(space_that_came_meanwhile_is_used),
		TEST(where_deleting_makes_no_space_there_is_none),
		TEST(a_close_waits_five_seconds_at_most),
		TEST(the_next_writer_deletes_what_a_close_left),
		TEST(a_sweep_deletes_what_a_close_left),
		TEST(a_sweep_takes_a_cartridge_from_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
