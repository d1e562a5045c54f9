/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process ends in front of its first, second, third ... system call, or in the middle of a write;
 * until it comes to its end alive.  What test_kill.c tries at random, at every point.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/replay.h"

static struct model_tape before, after;

/* Runs @fn in a child that dies in its call number @i; true while it did. */
static bool dies_in_call(struct pool *p, unsigned i, int (*fn)(struct pool *p))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fault_arm(CALLS_ALL, FAULT_DIE, 0, i);
		fault.on = true;
		_exit(fn(p) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULT_EXIT);
	return WEXITSTATUS(status) == FAULT_EXIT;
}

static volatile unsigned *begun; /* shared with the child */

static int write_session(struct pool *p)
{
	return replay_session(p, &before, &after, begun);
}

static void dying_anywhere_leaves_all_that_returned(void **state)
{
	unsigned i = 0;
	bool died;

	begun = mmap(NULL, sizeof(*begun), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	assert_true(begun != MAP_FAILED);
	do {
		replay_begin(*state, &before);
		*begun = 0;
		died = dies_in_call(*state, ++i, write_session);
		memset(&before, 0, sizeof(before));
		memset(&after, 0, sizeof(after));
		replay_session_model(*begun, &before, &after);
		replay_expect(*state, &before, &after, true);
	} while (died);
	print_message("%u calls\n", i - 1);
	assert_true(i > 50);
}

/* ---- migration and recall ---- */

static struct cart_copy copy;

static int write_recording(struct cart *c)
{
	int r = put_block(c, 1, 40000);

	if (r == 0)
		r = put_marks(c, 1);
	return r == 0 ? put_block(c, 2, 40000) : r;
}

static void record(struct pool *p)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	uint64_t object;

	assert_int_equal(write_recording(c), 0);
	copy = (struct cart_copy){ .volume = "P1",
				   .generation = cart_info(c)->generation,
				   .blocks = 2,
				   .filemarks = 1,
				   .bytes = 80000 };
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	pool_close(c);
}

static int migrate(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c), closed;

	if (r == 0)
		r = cart_copy_add(c, &copy);
	if (r == 0)
		r = cart_release(c, 1);
	closed = cart_close(c);
	return r != 0 ? r : closed;
}

static int recall(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE | CART_OPEN_ADMIN, &c), closed;

	if (r == 0)
		r = cart_recall_begin(c);
	if (r == 0)
		r = write_recording(c);
	if (r == 0)
		r = cart_recall_commit(c, &copy);
	closed = cart_close(c);
	return r != 0 ? r : closed;
}

/* The data is on disk whole, or the header says that it is not, and a recall brings it back. */
static void expect_recording_or_recall(struct pool *p)
{
	const struct cart_info *i = pool_stat(p);
	struct cart *c;

	assert_int_equal(i->generation, copy.generation);
	assert_int_equal(i->objects, 3);
	if (i->state == CART_MIGRATED || i->state == CART_RECALLING) {
		assert_int_equal(i->copies_cnt, 1);
		assert_int_equal(recall(p), 0);
	} else {
		assert_true(i->state == CART_RESIDENT || i->state == CART_PREMIGRATED);
	}
	c = pool_open(p, CART_OPEN_READ);
	expect_block(c, 1, 40000);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	expect_block(c, 2, 40000);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

static void blank_recording(struct pool *p)
{
	replay_begin(p, &before);
	record(p);
}

static void dying_in_a_migration_loses_nothing(void **state)
{
	unsigned i = 0;
	bool died;

	do {
		blank_recording(*state);
		died = dies_in_call(*state, ++i, migrate);
		expect_recording_or_recall(*state);
	} while (died);
	assert_true(i > 10);
}

static void dying_in_a_recall_loses_nothing(void **state)
{
	unsigned i = 0;
	bool died;

	do {
		blank_recording(*state);
		assert_int_equal(migrate(*state), 0);
		died = dies_in_call(*state, ++i, recall);
		expect_recording_or_recall(*state);
	} while (died);
	assert_true(i > 20);
}

static void fail_each(struct pool *p, int (*fn)(struct pool *p), bool migrated, int error)
{
	for (enum fault_mode mode = FAULT_ONCE; mode <= FAULT_LASTING; mode++) {
		unsigned i = 0;

		do {
			blank_recording(p);
			if (migrated)
				assert_int_equal(migrate(p), 0);
			fault_arm(CALLS_ALL, mode, error, ++i);
			fault.on = true;
			ignore_result(fn(p)); /* right is what leaves the right thing */
			fault.on = false;
			expect_recording_or_recall(p);
		} while (fault.met > 0);
	}
}

static void a_failing_call_in_a_migration_loses_nothing(void **state)
{
	fail_each(*state, migrate, false, EIO);
	fail_each(*state, migrate, false, ENOSPC);
}

static void a_failing_call_in_a_recall_loses_nothing(void **state)
{
	fail_each(*state, recall, true, EIO);
	fail_each(*state, recall, true, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(dying_anywhere_leaves_all_that_returned),
		TEST(dying_in_a_migration_loses_nothing),
		TEST(dying_in_a_recall_loses_nothing),
		TEST(a_failing_call_in_a_migration_loses_nothing),
		TEST(a_failing_call_in_a_recall_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
