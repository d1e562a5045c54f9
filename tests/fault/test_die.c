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

static void blank_recording(struct pool *p)
{
	replay_begin(p, &before);
	replay_record(p);
}

static void dying_in_a_migration_loses_nothing(void **state)
{
	unsigned i = 0;
	bool died;

	do {
		blank_recording(*state);
		died = dies_in_call(*state, ++i, replay_migrate);
		replay_expect_recalled(*state);
	} while (died);
	assert_true(i > 10);
}

static void dying_in_a_recall_loses_nothing(void **state)
{
	unsigned i = 0;
	bool died;

	do {
		blank_recording(*state);
		assert_int_equal(replay_migrate(*state), 0);
		died = dies_in_call(*state, ++i, replay_recall);
		replay_expect_recalled(*state);
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
				assert_int_equal(replay_migrate(p), 0);
			fault_arm(CALLS_ALL, mode, error, ++i);
			fault.on = true;
			ignore_result(fn(p)); /* right is what leaves the right thing */
			fault.on = false;
			replay_expect_recalled(p);
		} while (fault.met > 0);
	}
}

static void a_failing_call_in_a_migration_loses_nothing(void **state)
{
	fail_each(*state, replay_migrate, false, EIO);
	fail_each(*state, replay_migrate, false, ENOSPC);
}

static void a_failing_call_in_a_recall_loses_nothing(void **state)
{
	fail_each(*state, replay_recall, true, EIO);
	fail_each(*state, replay_recall, true, ENOSPC);
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
