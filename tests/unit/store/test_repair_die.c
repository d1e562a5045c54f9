/* SPDX-License-Identifier: Apache-2.0 */
/* A repair that ends, or fails, at its first, second, third ... system call: the next one finishes,
 * and nothing is lost on the way. */
#include "tests/unit/store/repairs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/calls.h"

/* What a repair of everything at once leaves. */
static uint8_t repaired[OBJECTS];

static void damage(struct pool *p)
{
	uint64_t address;
	int r = cart_delete(p->path, "T1");

	assert_true(r == 0 || r == CART_E_ABSENT);
	pool_create(p, "T1", 0);
	repairs_record(p);
	address = repairs_address(p, 7);
	pool_flip(p, DATA_FILE, address + 9, 1);
	pool_unlink(p, SEGMENT_1);
	pool_flip(p, MARKS_FILE, 3, 1);
	for (unsigned i = 0; i < 60; i++)
		pool_flip(p, "header", 96 + i, 1);
}

static int repair(struct pool *p)
{
	struct cart_repair repair;

	return cart_repair(p->path, "T1", NULL, &repair);
}

/* Whatever a repair left: the next one finishes it. */
static void expect_finished(struct pool *p)
{
	(void)repairs_run(p);
	repairs_expect(p, OBJECTS, repaired);
	repairs_expect_nothing(p);
}

static bool dies_in_call(struct pool *p, unsigned i)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fault_arm(CALLS_ALL, FAULT_DIE, 0, i);
		fault.on = true;
		_exit(repair(p) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULT_EXIT);
	return WEXITSTATUS(status) == FAULT_EXIT;
}

/* Backups of the repairs before would only fill the disk. */
static void remove_backups(struct pool *p)
{
	char *command;

	assert_true(asprintf(&command, "rm -rf %s/.T1.cart.backup-*", p->path) > 0);
	assert_int_equal(system(command), 0);
	free(command);
}

static void learn(struct pool *p)
{
	damage(p);
	(void)repairs_run(p);
	assert_true(repairs_find_damaged(p, OBJECTS, repaired) > 5);
}

/* The reads before the first change are many and all alike: only some of them are tried. */
static unsigned next(unsigned i)
{
	return i < 20 || i > 250 ? i + 1 : i + 13;
}

static void a_repair_that_dies_is_finished_by_the_next(void **state)
{
	unsigned tried = 0;

	learn(*state);
	for (unsigned i = 1;; i = next(i)) {
		bool died;

		damage(*state);
		died = dies_in_call(*state, i);
		expect_finished(*state);
		remove_backups(*state);
		if (!died)
			break;
		tried++;
	}
	print_message("%u places\n", tried);
	assert_true(tried > 40);
}

static void fail_each(struct pool *p, int error)
{
	unsigned i = 0;
	bool met;

	do {
		damage(p);
		fault_arm(CALLS_ALL, FAULT_LASTING, error, i = next(i));
		fault.on = true;
		ignore_result(repair(p)); /* right is what it leaves */
		fault.on = false;
		met = fault.met > 0;
		expect_finished(p);
		remove_backups(p);
	} while (met);
}

static void a_failing_call_leaves_work_for_the_next(void **state)
{
	learn(*state);
	fail_each(*state, EIO);
	fail_each(*state, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_repair_that_dies_is_finished_by_the_next),
		TEST(a_failing_call_leaves_work_for_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
