/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first, the second, the third ... system call of a session fails, once or from then on, until
 * the session runs without meeting the fault.  After each the cartridge must open and hold what was
 * acknowledged, and no descriptor may be left open.
 */
#include <dirent.h>
#include <errno.h>

#include "tests/fault/calls.h"
#include "tests/fault/replay.h"

static struct model_tape before, after;

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static void begin(struct pool *p)
{
	replay_begin(p, &before);
}

static int run_session(struct pool *p)
{
	int r;

	fault.on = true;
	r = replay_session(p, &before, &after, NULL);
	fault.on = false;
	return r;
}

static void fail_each(struct pool *p, enum fault_mode mode, int error)
{
	unsigned i = 0, descriptors = open_descriptors();

	do {
		begin(p);
		fault_arm(CALLS_ALL, mode, error, ++i);
		(void)run_session(p); /* any result is right as long as what is left is */
		replay_expect(p, &before, &after, false);
		if (open_descriptors() != descriptors)
			fail_msg("call %u: a descriptor is left open", i);
	} while (fault.met > 0);
	print_message("%u calls\n", i - 1);
	assert_true(i > 20);
}

static void a_full_disk_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, FAULT_ONCE, ENOSPC);
}

static void a_disk_that_stays_full_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, FAULT_LASTING, ENOSPC);
}

static void one_io_error_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, FAULT_ONCE, EIO);
}

static void a_dying_disk_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, FAULT_LASTING, EIO);
}

/* Interrupted and short transfers are nobody's business but lib/base's. */
static void pass_each(struct pool *p, int error)
{
	unsigned i = 0;

	do {
		begin(p);
		fault_arm(CALLS_DATA, FAULT_ONCE, error, ++i);
		assert_int_equal(run_session(p), 0);
		replay_expect(p, &before, NULL, true);
	} while (fault.met > 0);
	assert_true(i > 20);
}

static void an_interrupted_call_is_repeated(void **state)
{
	pass_each(*state, EINTR);
}

static void a_short_transfer_is_continued(void **state)
{
	pass_each(*state, 0);
}

/* Space returns after the i-th call: the same operation then succeeds, in the same open (P6). */
static void writing_goes_on_when_space_returns(void **state)
{
	static const struct replay_op ops[] = {
		{ OP_WRITE, 1000, 1 }, { OP_WRITE, 60000, 2 }, { OP_WRITE, 30000, 3 },
		{ OP_MARKS, 300, 0 },  { OP_WRITE, 10, 4 },
	};
	unsigned i = 0;

	do {
		struct cart *c;

		begin(*state);
		c = pool_open(*state, CART_OPEN_WRITE);
		fault_arm(CALLS_DATA, FAULT_ONCE, ENOSPC, ++i);
		fault.on = true;
		for (size_t k = 0; k < sizeof(ops) / sizeof(*ops); k++) {
			int r = replay_on_cart(*state, &c, &ops[k]);

			if (r == CART_E_NO_SPACE && ops[k].kind == OP_WRITE)
				r = replay_on_cart(*state, &c, &ops[k]);
			if (r == CART_E_NO_SPACE) { /* some filemarks may be there */
				struct replay_op rest = { OP_MARKS, 0, 0 };

				rest.size = ops[k].size - cart_info(c)->filemarks;
				r = replay_on_cart(*state, &c, &rest);
			}
			assert_int_equal(r, 0);
			replay_on_model(&before, &ops[k]);
		}
		fault.on = false;
		pool_close(c);
		replay_expect(*state, &before, NULL, true);
	} while (fault.met > 0);
	assert_true(i > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_full_disk_loses_nothing_acknowledged),
		TEST(a_disk_that_stays_full_loses_nothing_acknowledged),
		TEST(one_io_error_loses_nothing_acknowledged),
		TEST(a_dying_disk_loses_nothing_acknowledged),
		TEST(an_interrupted_call_is_repeated),
		TEST(a_short_transfer_is_continued),
		TEST(writing_goes_on_when_space_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
