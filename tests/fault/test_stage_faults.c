/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first, the second, the third ... system call of a session behind the buffer fails: in the
 * host's call or in the worker's.  What is told, at once or deferred, must be exactly what was
 * lost: objects, blocks and bytes; nothing that a sync covered; and what is left goes on.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/store/stage.h"
#include "tests/fault/calls.h"
#include "tests/fault/replay.h"

/* Segments have 64 KiB; the runs of writes are longer than one of the worker's batches. */
static const struct replay_op session[] = {
	{ OP_WRITE, 1000, 1 },   { OP_WRITE, 50000, 2 }, { OP_WRITE, 20000, 3 },
	{ OP_MARKS, 2, 0 },      { OP_SYNC, 0, 0 },      { OP_WRITE, 30000, 4 },
	{ OP_WRITE, 40000, 5 },  { OP_WRITE, 100, 6 },   { OP_WRITE, 60000, 7 },
	{ OP_MARKS, 1, 0 },      { OP_WRITE, 50000, 8 }, { OP_LOCATE, 2, 0 },
	{ OP_WRITE, 700, 9 },    { OP_CODEC, 2, 0 },     { OP_WRITE, 800, 10 },
	{ OP_WRITE, 60000, 11 }, { OP_MARKS, 300, 0 },   { OP_WRITE, 60000, 12 },
	{ OP_WRITE, 60000, 13 }, { OP_SYNC, 0, 0 },      { OP_CODEC, 3, 0 },
	{ OP_WRITE, 40000, 14 }, { OP_WRITE, 300, 15 },  { OP_WRITE, 60000, 16 },
	{ OP_REOPEN, 0, 0 },     { OP_LOCATE, 100, 0 },  { OP_ERASE, 0, 0 },
	{ OP_WRITE, 50000, 17 }, { OP_CODEC, 1, 0 },     { OP_WRITE, 60000, 18 },
	{ OP_WRITE, 60000, 19 },
};

#define OPS (sizeof(session) / sizeof(*session))

#define EACH (ROUNDS_OF(5) == 5 ? 1u : 3u)

static struct model_tape tape, other;
static bool two; /* the recording may be a beginning of `other`, too */
static unsigned deferred, direct;

/* ---- what may be left ---- */

static uint64_t bytes_behind(uint64_t object, uint64_t *ret_blocks)
{
	uint64_t bytes = 0;

	*ret_blocks = 0;
	for (uint64_t i = object; i < tape.count; i++) {
		bytes += tape.objects[i].size;
		*ret_blocks += tape.objects[i].size > 0;
	}
	return bytes;
}

/* The worker's failure: everything that is not there any more has been told. */
static void take_deferred(struct stage *s)
{
	struct stage_failure f;
	struct cart_position at;
	uint64_t objects, blocks, bytes;

	deferred++;
	assert_true(stage_take_failure(s, &f));
	objects = stage_info(s)->objects;
	assert_true(f.outcome != 0 && f.outcome != CART_E_EARLY_WARNING);
	if (objects < tape.synced || objects > tape.count)
		fail_msg("%llu objects left of %llu, %llu of them synced",
			 (unsigned long long)objects, (unsigned long long)tape.count,
			 (unsigned long long)tape.synced);
	bytes = bytes_behind(objects, &blocks);
	assert_int_equal(f.objects, tape.count - objects);
	assert_int_equal(f.blocks, blocks);
	assert_int_equal(f.bytes, bytes);
	stage_position(s, &at);
	assert_int_equal(at.object, objects);
	replay_cut(&tape, objects);
	assert_false(stage_take_failure(s, &f)); /* told once */
}

/* The failure of the call itself: it was done, or not, or only what was stable is left. */
static void take_direct(struct stage *s, const struct replay_op *op)
{
	uint64_t objects = stage_info(s)->objects, before = tape.position;
	struct stage_failure f;
	struct cart_position at;

	direct++;
	assert_false(stage_take_failure(s, &f));
	replay_copy(&other, &tape);
	replay_on_model(&other, op);
	two = true;
	if (stage_sync(s) != 0)
		return;
	two = false;
	assert_int_equal(stage_info(s)->objects, objects);
	if (objects != tape.count && objects > before)
		replay_copy(&tape, &other);
	assert_true(objects >= tape.synced || objects >= other.synced);
	replay_cut(&tape, objects);
	assert_int_equal(tape.count, objects);
	model_sync(&tape);
	stage_position(s, &at);
	tape.position = at.object;
}

/* ---- a session ---- */

/* Does one operation. False where the session is over. */
static bool step(struct pool *p, struct stage **s, const struct replay_op *op, bool *failed)
{
	int r = replay_on_stage(p, s, op);

	if (*s == NULL && r != 0) { /* a close or an open that failed: what was synced is there */
		*failed = true;
		return false;
	}
	if (r == 0) {
		replay_on_model(&tape, op);
		return true;
	}
	*failed = true;
	if (r == STAGE_E_DEFERRED)
		take_deferred(*s);
	else
		take_direct(*s, op);
	return !two;
}

static bool run_session(struct pool *p)
{
	struct stage *s = NULL;
	bool failed = false;
	int r;

	replay_begin(p, &tape);
	two = false;
	fault.on = true;
	if (stage_open(p->path, "T1", CART_OPEN_WRITE, &s) == 0) {
		for (unsigned i = 0; i < OPS; i++)
			if (!step(p, &s, &session[i], &failed))
				break;
		r = stage_close(s);
		if (r == 0 && !two && s != NULL)
			model_sync(&tape);
		failed = failed || r != 0;
	} else {
		failed = true;
	}
	fault.on = false;
	return !failed;
}

static void fail_each(struct pool *p, enum calls which, enum fault_mode mode, int error)
{
	unsigned i = 0;

	deferred = direct = 0;
	do {
		i += EACH; /* every so many calls fails */
		fault_arm(which, mode, error, i);
		(void)run_session(p); /* any result is right as long as what is left is */
		replay_expect(p, &tape, two ? &other : NULL, false);
	} while (fault.met > 0);
	print_message("%u calls, %u deferred failures, %u direct ones\n", i - EACH, deferred,
		      direct);
	assert_true(i > 20 && deferred > 0 && direct > 0);
}

static void a_full_disk_behind_the_buffer_is_told_exactly(void **state)
{
	fail_each(*state, CALLS_ALL, FAULT_ONCE, ENOSPC);
	fail_each(*state, CALLS_WRITE, FAULT_LASTING, ENOSPC);
}

static void a_quota_behind_the_buffer_is_told_exactly(void **state)
{
	fail_each(*state, CALLS_ALL, FAULT_LASTING, EDQUOT);
}

static void an_io_error_behind_the_buffer_is_told_exactly(void **state)
{
	fail_each(*state, CALLS_ALL, FAULT_ONCE, EIO);
	fail_each(*state, CALLS_ALL, FAULT_LASTING, EIO);
}

/* Interrupted and short transfers are nobody's business but lib/base's. */
static void pass_each(struct pool *p, int error)
{
	unsigned i = 0;

	do {
		fault_arm(CALLS_DATA, FAULT_ONCE, error, ++i);
		assert_true(run_session(p));
		replay_expect(p, &tape, NULL, true);
	} while (fault.met > 0);
	assert_true(i > 20);
}

static void an_interrupted_call_behind_the_buffer_is_repeated(void **state)
{
	pass_each(*state, EINTR);
}

static void a_short_transfer_behind_the_buffer_is_continued(void **state)
{
	pass_each(*state, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_full_disk_behind_the_buffer_is_told_exactly),
		TEST(a_quota_behind_the_buffer_is_told_exactly),
		TEST(an_io_error_behind_the_buffer_is_told_exactly),
		TEST(an_interrupted_call_behind_the_buffer_is_repeated),
		TEST(a_short_transfer_behind_the_buffer_is_continued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
