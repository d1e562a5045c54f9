/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One writer in the world (P7): who opens a cartridge that another has is told so, whoever the
 * other is; a dead one does not count.  A writer that sleeps while its lock gets lost and another
 * writes wakes up to a clear outcome: nothing of what it does then is acknowledged or ever counted.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/store/cart.h"
#include "lib/store/stage.h"
#include "tests/fault/replay.h"

#define SIZE 3000u

/* ---- a reaper that is slow ---- */

/* The thread that deletes what an overwrite left is held up between two names of the folder. */
static struct gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool closed;
	unsigned waiting;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0 };

static pthread_t test_thread;

/* clang-format off */
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
/* clang-format on */

struct dirent *__wrap_readdir(DIR *dir)
{
	if (!pthread_equal(pthread_self(), test_thread)) {
		(void)pthread_mutex_lock(&gate.lock);
		gate.waiting++;
		(void)pthread_cond_broadcast(&gate.moved);
		while (gate.closed)
			(void)pthread_cond_wait(&gate.moved, &gate.lock);
		gate.waiting--;
		(void)pthread_mutex_unlock(&gate.lock);
	}
	return __real_readdir(dir);
}

static void gate_set(bool closed)
{
	(void)pthread_mutex_lock(&gate.lock);
	gate.closed = closed;
	(void)pthread_cond_broadcast(&gate.moved);
	(void)pthread_mutex_unlock(&gate.lock);
}

static void gate_wait(unsigned threads)
{
	(void)pthread_mutex_lock(&gate.lock);
	while (gate.waiting < threads)
		(void)pthread_cond_wait(&gate.moved, &gate.lock);
	(void)pthread_mutex_unlock(&gate.lock);
}

/* ---- the other process ---- */

enum after {
	APPENDS,
	OVERWRITES,
	ERASES,
	CLOSES,
	AFTERS,
};

static const char *const names_of_after[] = { "appends", "overwrites", "erases", "closes" };

/* Shared with it: what it was told after it woke up. */
static struct told {
	int acted, synced, closed;
} * told;

static int put_staged(struct stage *s, uint64_t seed)
{
	const struct replay_op op = { OP_WRITE, SIZE, seed };

	return replay_on_stage(NULL, &s, &op);
}

/* As a lock manager that restarts, or a network file system that was away too long. */
static void lose_own_lock(void)
{
	struct flock none = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	for (int fd = 3; fd < 100; fd++)
		(void)fcntl(fd, F_OFD_SETLK, &none);
}

static int act(struct cart *c, enum after after)
{
	int r = 0;

	if (after == APPENDS)
		for (uint64_t i = 0; r == 0 && i < 3; i++)
			r = put_block(c, 900 + i, SIZE);
	if (after == OVERWRITES || after == ERASES)
		r = cart_locate(c, 1);
	if (r == 0 && after == OVERWRITES)
		r = put_block(c, 910, SIZE);
	if (r == 0 && after == ERASES)
		r = cart_erase(c);
	return r;
}

/* Writes three blocks that are synced and two that are not, sleeps, wakes up and acts. */
static void sleeper(struct pool *p, enum after after, bool unlocks)
{
	struct cart *c;

	if (cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0)
		_exit(1);
	for (uint64_t i = 0; i < 5; i++)
		if (put_block(c, i, SIZE) != 0 || (i == 2 && cart_sync(c) != 0))
			_exit(1);
	if (unlocks)
		lose_own_lock();
	(void)raise(SIGSTOP);
	told->acted = act(c, after);
	told->synced = cart_sync(c);
	told->closed = cart_close(c);
	_exit(0);
}

static void staged_sleeper(struct pool *p)
{
	struct stage_failure f;
	struct stage *s;

	if (stage_open(p->path, "T1", CART_OPEN_WRITE, &s) != 0)
		_exit(1);
	for (uint64_t i = 0; i < 5; i++)
		if (put_staged(s, i) != 0 || (i == 2 && stage_sync(s) != 0))
			_exit(1);
	if (stage_info(s)->objects != 5) /* the buffer is empty: nothing is under way */
		_exit(1);
	lose_own_lock();
	(void)raise(SIGSTOP);
	for (uint64_t i = 0; told->acted == 0 && i < 3; i++)
		told->acted = put_staged(s, 900 + i);
	told->synced = stage_sync(s);
	if (told->synced == STAGE_E_DEFERRED && stage_take_failure(s, &f))
		told->synced = f.outcome;
	told->closed = stage_close(s);
	_exit(0);
}

static pid_t sleeping(struct pool *p, enum after after, bool unlocks, bool staged)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (staged)
			staged_sleeper(p);
		sleeper(p, after, unlocks);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static void wake_up(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void put_to_death(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* ---- busy ---- */

static void expect_busy(struct pool *p, unsigned flags)
{
	struct cart *c = NULL;
	struct stage *s = NULL;

	assert_int_equal(cart_open(p->path, "T1", flags, &c), CART_E_BUSY);
	assert_int_equal(stage_open(p->path, "T1", flags, &s), CART_E_BUSY);
	assert_null(c);
	assert_null(s);
}

static void a_second_open_in_this_process_is_busy(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE), *reader;
	struct stage *s;

	expect_busy(*state, CART_OPEN_WRITE);
	expect_busy(*state, CART_OPEN_READ);
	expect_busy(*state, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	write_blocks(c, 1, 1, SIZE); /* nobody took anything from it */
	pool_close(c);
	assert_int_equal(stage_open(((struct pool *)*state)->path, "T1", CART_OPEN_WRITE, &s), 0);
	expect_busy(*state, CART_OPEN_WRITE);
	expect_busy(*state, CART_OPEN_READ);
	assert_int_equal(stage_close(s), 0);
	reader = pool_open(*state, CART_OPEN_READ);
	expect_busy(*state, CART_OPEN_WRITE);
	c = pool_open(*state, CART_OPEN_READ); /* readers share */
	pool_close(c);
	pool_close(reader);
}

/* Asleep is not dead. */
static void a_second_open_in_another_process_is_busy(void **state)
{
	struct pool *p = *state;
	pid_t pid = sleeping(p, CLOSES, false, false);

	expect_busy(p, CART_OPEN_WRITE);
	expect_busy(p, CART_OPEN_READ);
	assert_int_equal(cart_delete(p->path, "T1"), CART_E_BUSY);
	wake_up(pid);
	assert_int_equal(told->acted, 0);
	assert_int_equal(told->synced, 0);
	assert_int_equal(told->closed, 0);
	pool_close(pool_open(p, CART_OPEN_WRITE));
}

static void a_killed_writer_does_not_block(void **state)
{
	struct pool *p = *state;
	struct cart *c;

	put_to_death(sleeping(p, CLOSES, false, false));
	c = pool_open(p, CART_OPEN_WRITE); /* at once */
	for (uint64_t i = 0; i < 5; i++)
		expect_block(c, i, SIZE);
	pool_close(c);
}

/* ---- fenced ---- */

/* Another writer appends to, or replaces, what the sleeper left, and ends at the same place or
 * behind it. */
static void overtake(struct pool *p, struct model_tape *tape, bool appends, bool closes)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	memset(tape, 0, sizeof(*tape));
	for (uint64_t i = 0; i < 5; i++)
		(void)model_write(tape, i, SIZE);
	assert_int_equal(cart_info(c)->objects, 5);
	tape->position = appends ? 5 : 2;
	assert_int_equal(cart_locate(c, tape->position), 0);
	for (uint64_t i = 0; i < 6; i++) {
		assert_int_equal(put_block(c, 500 + i, SIZE), 0);
		(void)model_write(tape, 500 + i, SIZE);
	}
	assert_int_equal(cart_sync(c), 0);
	if (!closes)
		c->flags = CART_OPEN_READ; /* dies */
	pool_close(c);
}

/* Everything of @tape is there, and reads. */
static void expect_recording(struct pool *p, const struct model_tape *tape)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	assert_int_equal(cart_info(c)->objects, tape->count);
	assert_true(replay_holds(c, tape, tape->count));
	pool_close(c);
}

/*
 * Only the lock was lost, not its file: nothing but the epoch of the next header tells the sleeper,
 * and its blocks went to where the other one's are.  They are never taken for objects; what they
 * fell upon is damaged, and where the other one did not close its recording, it ends there.
 */
static void expect_no_old_block(struct pool *p, const struct model_tape *tape, bool closed)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	uint64_t count = cart_info(c)->objects;

	assert_true(count <= tape->count && (count == tape->count || !closed));
	for (uint64_t i = 0; i < count; i++) {
		static uint8_t block[SIZE], expected[SIZE];
		const struct iovec iov = { block, SIZE };
		size_t length = 0;
		int r = cart_read(c, &iov, 1, SIZE, &length);

		if (r == CART_E_DAMAGED)
			continue;
		assert_int_equal(r, 0);
		fill_block(expected, tape->objects[i].seed, SIZE);
		assert_memory_equal(block, expected, SIZE);
	}
	pool_close(c);
}

static void expect_told(const char *what)
{
	if (told->acted == 0 && told->synced == 0)
		fail_msg("%s: what a fenced writer wrote was acknowledged", what);
	if (told->closed == 0)
		fail_msg("%s: a fenced writer could close as if nothing had happened", what);
	assert_true(told->acted == 0 || told->acted == -ESTALE || told->acted == -EIO ||
		    told->acted == STAGE_E_DEFERRED);
}

static void fence(struct pool *p, enum after after, unsigned how, bool appends, bool closes)
{
	static struct model_tape tape;
	pid_t pid;

	ignore_result(cart_delete(p->path, "T1"));
	pool_create(p, "T1", 0);
	memset(told, 0, sizeof(*told));
	pid = sleeping(p, after, how == 1, how == 2);
	if (how == 0)
		pool_unlink(p, "lock");
	overtake(p, &tape, appends, closes);
	wake_up(pid);
	print_message("%s, case %u: %s, %s, %s\n", names_of_after[after], how,
		      cart_outcome_name(told->acted), cart_outcome_name(told->synced),
		      cart_outcome_name(told->closed));
	expect_told(names_of_after[after]);
	if (after == APPENDS && how > 0)
		expect_no_old_block(p, &tape, closes);
	else
		expect_recording(p, &tape);
}

static void a_writer_that_slept_is_fenced(void **state)
{
	for (unsigned after = 0; after < AFTERS; after++)
		for (unsigned i = 0; i < 8; i++)
			fence(*state, (enum after)after, i & 1, (i & 2) != 0, (i & 4) != 0);
}

static void a_writer_that_slept_behind_its_buffer_is_fenced(void **state)
{
	for (unsigned i = 0; i < 4; i++)
		fence(*state, APPENDS, 2, (i & 1) != 0, (i & 2) != 0);
}

/* How a writer, which is still there, loses its lock. */
static void lose_lock(struct pool *p, bool replaced)
{
	if (replaced)
		pool_unlink(p, "lock");
	else
		lose_own_lock();
}

#define SEGMENTS   1200u  /* more than an overwrite deletes at once */
#define LONG_BLOCK 60000u /* one fills a segment */

/* The overwrite of a long tape deletes behind; another writer comes in the middle of it. */
static void let_a_reaper_wake_up(struct pool *p, bool replaced)
{
	struct cart *a = pool_open(p, CART_OPEN_WRITE), *b;
	struct cart_check found = { 0 };

	write_blocks(a, 0, SEGMENTS, LONG_BLOCK);
	pool_close(a);
	gate_set(true);
	a = pool_open(p, CART_OPEN_WRITE);
	gate_wait(1); /* it looks at what the last one may have left */
	assert_int_equal(put_block(a, 5, SIZE), 0);
	lose_lock(p, replaced);
	b = pool_open(p, CART_OPEN_WRITE);
	write_blocks(b, 100, 300, LONG_BLOCK);
	assert_int_equal(cart_sync(b), 0);
	gate_set(false);
	assert_int_not_equal(cart_close(a), 0); /* when its thread has ended */
	pool_close(b);
	b = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_verify(b, NULL, NULL, &found), 0);
	assert_int_equal(found.damaged, 0);
	assert_int_equal(found.blocks, 300);
	pool_close(b);
}

static void a_fenced_writer_deletes_nothing(void **state)
{
	struct pool *p = *state;

	for (unsigned replaced = 0; replaced < 2; replaced++) {
		let_a_reaper_wake_up(p, replaced == 1);
		assert_int_equal(cart_delete(p->path, "T1"), 0);
		pool_create(p, "T1", 0);
	}
}

/* The other one has written nothing yet: there is no epoch that tells of it. */
static void a_fenced_writer_writes_and_cuts_nothing(void **state)
{
	struct pool *p = *state;
	struct cart *a = pool_open(p, CART_OPEN_WRITE), *b;
	uint64_t size;

	write_blocks(a, 0, 5, SIZE);
	assert_int_equal(cart_sync(a), 0);
	pool_unlink(p, "lock");
	b = pool_open(p, CART_OPEN_WRITE);
	size = pool_file_size(p, DATA_FILE);
	assert_int_equal(put_block(a, 900, SIZE), -ESTALE);
	assert_int_equal(put_marks(a, 1), -ESTALE);
	assert_int_equal(cart_locate(a, 1), 0);
	assert_int_equal(put_block(a, 901, SIZE), -ESTALE);
	assert_int_equal(cart_erase(a), -ESTALE);
	assert_int_equal(cart_close(a), -ESTALE);
	assert_int_equal(pool_file_size(p, DATA_FILE), size);
	assert_int_equal(cart_info(b)->objects, 5);
	pool_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_second_open_in_this_process_is_busy),
		TEST(a_second_open_in_another_process_is_busy),
		TEST(a_killed_writer_does_not_block),
		TEST(a_writer_that_slept_is_fenced),
		TEST(a_writer_that_slept_behind_its_buffer_is_fenced),
		TEST(a_fenced_writer_deletes_nothing),
		TEST(a_fenced_writer_writes_and_cuts_nothing),
	};

	test_thread = pthread_self();
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
