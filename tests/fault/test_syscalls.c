/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first, the second, the third ... system call of a session fails, once or from then on, until
 * the session runs without meeting the fault.  After each the cartridge must open and hold what was
 * acknowledged, and no descriptor may be left open.
 */
#include <dirent.h>
#include <errno.h>

#include "lib/store/cart.h"
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

static void a_quota_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, FAULT_ONCE, EDQUOT);
	fail_each(*state, FAULT_LASTING, EDQUOT);
}

/* Syncs, opens and renames may be interrupted on some file systems: a failure like others. */
static void a_signal_in_any_call_loses_nothing_acknowledged(void **state)
{
	fail_each(*state, FAULT_ONCE, EINTR);
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

/*
 * A header whose writing failed may be on the disk all the same, and end the recording where a
 * failed overwrite wanted to.  What is acknowledged afterwards must not depend on it.
 */
static bool overwrite_meets(struct pool *p, unsigned i, bool append)
{
	const struct replay_op overwrite = { OP_WRITE, 500, 99 }, more = { OP_WRITE, 500, 4 };
	struct cart *c;

	replay_begin(p, &before);
	c = pool_open(p, CART_OPEN_WRITE);
	for (uint64_t seed = 1; seed <= 3; seed++) {
		const struct replay_op op = { OP_WRITE, 500, seed };

		assert_int_equal(replay_on_cart(p, &c, &op), 0);
		replay_on_model(&before, &op);
	}
	assert_int_equal(cart_sync(c), 0);
	assert_int_equal(cart_locate(c, 1), 0);
	fault_arm(CALLS_ALL, FAULT_ONCE, EIO, i);
	fault.on = true;
	ignore_result(replay_on_cart(p, &c, &overwrite)); /* right is what is left behind */
	fault.on = false;
	assert_int_equal(cart_space_eod(c), 0);
	if (cart_info(c)->objects == 3 && append) {
		assert_int_equal(replay_on_cart(p, &c, &more), 0);
		replay_on_model(&before, &more);
	}
	if (cart_info(c)->objects >= 3) {
		assert_int_equal(cart_sync(c), 0);
		c->flags = CART_OPEN_READ; /* dies */
		assert_int_equal(cart_close(c), 0);
		replay_expect(p, &before, NULL, true);
	} else {
		(void)cart_close(c); /* the overwrite did begin */
	}
	return fault.met > 0;
}

static void a_header_that_may_be_on_the_disk_is_not_forgotten(void **state)
{
	for (unsigned append = 0; append <= 1; append++) {
		unsigned i = 1;

		while (overwrite_meets(*state, i, append != 0))
			i++;
		assert_true(i > 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_full_disk_loses_nothing_acknowledged),
		TEST(a_disk_that_stays_full_loses_nothing_acknowledged),
		TEST(one_io_error_loses_nothing_acknowledged),
		TEST(a_dying_disk_loses_nothing_acknowledged),
		TEST(a_quota_loses_nothing_acknowledged),
		TEST(a_signal_in_any_call_loses_nothing_acknowledged),
		TEST(an_interrupted_call_is_repeated),
		TEST(a_short_transfer_is_continued),
		TEST(writing_goes_on_when_space_returns),
		TEST(a_header_that_may_be_on_the_disk_is_not_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
