/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power goes: behind any system call of random operations, of an open that recovers from the
 * loss before, of a close, a migration, a recall, the making and deleting of a cartridge.  What
 * disk.h then leaves must open, hold all that was acknowledged by a sync and then an exact
 * beginning of what was written, and go on.  Half of the recordings are written through the buffer;
 * syncs fail now and then.
 *
 *   test_fault_power [SEED [CASES]]
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/cart.h"
#include "tests/fault/calls.h"
#include "tests/fault/disk.h"
#include "tests/fault/replay.h"

#define STEPS_MAX       24u
#define CASES_PER_ROUND 100u
#define ROUNDS          8u /* on one cartridge */

static uint64_t state_of_random;
static unsigned cases = ROUNDS_OF(10000);

static uint64_t draw(uint64_t below)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (state_of_random >> 11) % below;
}

/* An operation, and the calls that it made. */
struct step {
	struct replay_op op;
	unsigned begun, done; /* numbers of calls */
	int result;
	uint64_t at;             /* the position before */
	uint64_t left, position; /* where it failed: objects and position behind it */
};

/* What a new open may find: a beginning of either. */
struct allowed {
	struct model_tape a, b;
	bool two;     /* b counts */
	bool found_b; /* what examine() found was one of b only */
};

static struct {
	struct pool *pool;
	bool staged, closed_well;
	struct cart *c;
	struct stage *s;
	struct step steps[STEPS_MAX];
	unsigned steps_cnt, opened, closed;
	struct allowed found; /* what the open that began the round could find */
	uint64_t objects;     /* what it did find */
	uint64_t next_seed;
	struct pool scratch;
} t;

static struct allowed now; /* at the call of the case */
static unsigned made, losses, recalled;

/* ---- a round of operations ---- */

static struct replay_op draw_op(uint64_t objects)
{
	static const enum replay_kind kinds[] = { OP_WRITE,  OP_WRITE, OP_WRITE, OP_WRITE, OP_WRITE,
						  OP_MARKS,  OP_MARKS, OP_SYNC,  OP_SYNC,  OP_SYNC,
						  OP_LOCATE, OP_ERASE, OP_CODEC, OP_REOPEN };
	struct replay_op op = { .kind = kinds[draw(sizeof(kinds) / sizeof(*kinds))] };

	op.seed = t.next_seed++;
	op.size = 1 + draw(draw(3) == 0 ? 60000 : 3000);
	if (op.kind == OP_MARKS)
		op.size = draw(10) == 0 ? 300 : draw(4);
	else if (op.kind == OP_LOCATE) /* mostly near the end, so that the recording grows */
		op.size = objects - draw(draw(3) == 0 ? objects + 1 : objects / 8 + 1);
	else if (op.kind == OP_CODEC)
		op.size = draw(4);
	return op;
}

static uint64_t objects_now(void)
{
	return t.staged ? stage_info(t.s)->objects : cart_info(t.c)->objects;
}

static uint64_t position_now(void)
{
	struct cart_position at;

	if (t.staged)
		stage_position(t.s, &at);
	else
		cart_position(t.c, &at);
	return at.object;
}

static bool do_step(struct step *step)
{
	step->at = position_now();
	step->begun = disk_calls();
	step->result = t.staged ? replay_on_stage(t.pool, &t.s, &step->op)
				: replay_on_cart(t.pool, &t.c, &step->op);
	step->done = disk_calls();
	if (step->result == 0)
		return true;
	assert_false(t.staged); /* nothing fails there */
	assert_true(fault.met > 0);
	if (t.c != NULL) {
		step->left = objects_now();
		step->position = position_now();
	}
	return false;
}

/* The recording at hand is written to; its length is known without asking, which would drain. */
static void do_steps(void)
{
	static struct model_tape tape;
	unsigned wanted = 4 + (unsigned)draw(STEPS_MAX - 5);

	tape.count = tape.position = t.objects;
	tape.position = 0;
	t.steps_cnt = 0;
	while (t.steps_cnt < wanted) {
		struct step *step = &t.steps[t.steps_cnt++];

		step->op = draw_op(tape.count);
		if (t.steps_cnt == 1 && draw(4) != 0) /* else from the beginning */
			step->op = (struct replay_op){ OP_LOCATE, tape.count, 0 };
		if (do_step(step)) {
			replay_on_model(&tape, &step->op);
			continue;
		}
		if (t.c == NULL) /* a close that failed */
			return;
		tape.count = step->left;
		tape.position = step->position;
		step = &t.steps[t.steps_cnt++];
		step->op = (struct replay_op){ OP_SYNC, 0, 0 };
		if (!do_step(step))
			return;
	}
}

static void open_round(void)
{
	unsigned flags = CART_OPEN_WRITE | (draw(3) == 0 ? CART_OPEN_MOUNT : 0);
	int r = t.staged ? stage_open(t.pool->path, "T1", flags, &t.s)
			 : cart_open(t.pool->path, "T1", flags, &t.c);

	if (r != 0)
		fail_msg("%s: open: %s", disk_story(), cart_outcome_name(r));
	t.opened = disk_calls();
	if (objects_now() != t.objects)
		fail_msg("%s: %" PRIu64 " objects, and %" PRIu64 " when it was opened before",
			 disk_story(), objects_now(), t.objects);
}

static void play_round(void)
{
	disk_watch(t.pool->path);
	t.staged = draw(2) == 0;
	t.closed_well = false;
	open_round();
	if (!t.staged && draw(3) == 0) {
		fault_arm(CALLS_SYNC, FAULT_ONCE, EIO, 1 + (unsigned)draw(8));
		fault.on = true;
	}
	do_steps();
	if (t.staged)
		assert_int_equal(stage_close(t.s), 0);
	else if (cart_close(t.c) == 0)
		t.closed_well = t.steps[t.steps_cnt - 1].result == 0;
	else
		assert_true(fault.met > 0);
	if (t.staged)
		t.closed_well = true;
	t.c = NULL;
	t.s = NULL;
	fault.on = false;
	t.closed = disk_calls();
	disk_stop();
}

/* ---- what may be there behind a call ---- */

/* A failed operation was done, or was not, or cut what was not stable; nobody acknowledged which.
 */
static void allow_failed(const struct step *step)
{
	replay_copy(&now.b, &now.a);
	replay_on_model(&now.b, &step->op);
	if (step->left != now.a.count && step->left > step->at)
		replay_cut(&now.b, step->left);
	now.two = true;
}

/* The sync behind it was good: what the failed one left is the recording. */
static void allow_left(const struct step *failed)
{
	if (failed->left != now.a.count && failed->left > failed->at)
		replay_copy(&now.a, &now.b);
	else if (failed->left < now.a.synced && failed->left < now.b.synced)
		fail_msg("a failed call took %" PRIu64 " synced objects with it",
			 now.a.synced - failed->left);
	replay_cut(&now.a, failed->left);
	model_sync(&now.a);
	now.a.position = failed->position;
	now.two = false;
}

static void allow_step(unsigned i)
{
	const struct step *step = &t.steps[i];

	if (i > 0 && t.steps[i - 1].result != 0) {
		if (step->result == 0)
			allow_left(&t.steps[i - 1]);
	} else if (step->result != 0) {
		allow_failed(step);
	} else {
		replay_on_model(&now.a, &step->op);
	}
}

/* Fills `now` for a loss behind call @call. */
static void allow(unsigned call)
{
	unsigned i = 0;

	replay_copy(&now.a, &t.found.a);
	now.two = t.found.two;
	if (now.two)
		replay_copy(&now.b, &t.found.b);
	if (call < t.opened)
		return;
	if (t.found.found_b)
		replay_copy(&now.a, &now.b);
	now.two = false;
	replay_cut(&now.a, t.objects);
	model_sync(&now.a);
	now.a.position = 0;
	for (; i < t.steps_cnt && t.steps[i].done <= call; i++)
		allow_step(i);
	if (i < t.steps_cnt && t.steps[i].begun < call && !now.two) { /* in the middle of it */
		replay_copy(&now.b, &now.a);
		replay_on_model(&now.b, &t.steps[i].op);
		now.b.synced = now.b.synced < now.a.synced ? now.b.synced : now.a.synced;
		now.two = true;
	}
	if (call >= t.closed && t.closed_well)
		model_sync(&now.a);
}

/* ---- one case ---- */

static void remove_tree(const char *path)
{
	int r = fs_remove_tree(AT_FDCWD, path);

	assert_true(r == 0 || r == -ENOENT);
}

/* Writes at the end or anywhere, closes, and reads all of it. */
static void go_on(struct model_tape *tape)
{
	static const struct replay_op ends[] = { { OP_MARKS, 1, 0 }, { OP_SYNC, 0, 0 } };
	struct replay_op op = { OP_LOCATE, draw(2) == 0 ? tape->count : draw(tape->count + 1), 0 };
	struct cart *c = pool_open(&t.scratch, CART_OPEN_WRITE);
	struct cart_check check;

	assert_int_equal(cart_info(c)->objects, tape->count);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(replay_on_cart(&t.scratch, &c, &op), 0);
		replay_on_model(tape, &op);
		op = (struct replay_op){ OP_WRITE, 1 + draw(20000), UINT64_MAX - i };
		if (i >= 2)
			op = ends[i - 2];
	}
	pool_close(c);
	c = pool_open(&t.scratch, CART_OPEN_READ);
	if (!replay_holds(c, tape, tape->count))
		fail_msg("%s: what was written afterwards is not there", disk_story());
	assert_int_equal(cart_verify(c, NULL, NULL, &check), 0);
	assert_int_equal(check.damaged, 0);
	pool_close(c);
}

/* For people who look for the reason. */
static void tell_round(void)
{
	static const char *const words[] = { "write", "filemarks", "locate", "erase",
					     "sync",  "reopen",    "codec" };

	print_error("%s, found %" PRIu64 " objects, open until call %u\n",
		    t.staged ? "buffered" : "unbuffered", t.objects, t.opened);
	for (unsigned i = 0; i < t.steps_cnt; i++) {
		const struct step *step = &t.steps[i];

		print_error("calls %u to %u: %s %zu", step->begun, step->done, words[step->op.kind],
			    step->op.size);
		if (step->result != 0)
			print_error(": %s, %" PRIu64 " objects left",
				    cart_outcome_name(step->result), step->left);
		print_error("\n");
	}
	print_error("closed with call %u, %s\n", t.closed, t.closed_well ? "well" : "not well");
}

/* Opens what is left; `now` becomes what was found. */
static void examine(bool goes_on)
{
	struct cart *c;
	int r = cart_open(t.scratch.path, "T1", draw(2) == 0 ? CART_OPEN_READ : CART_OPEN_WRITE,
			  &c);

	if (r != 0)
		fail_msg("%s: open: %s", disk_story(), cart_outcome_name(r));
	now.found_b = !replay_holds(c, &now.a, now.a.synced);
	if (now.found_b && !(now.two && replay_holds(c, &now.b, now.b.synced))) {
		tell_round();
		fail_msg("%s: %" PRIu64 " objects, which is no recording that may be here "
			 "(%" PRIu64 " synced of %" PRIu64 "; %" PRIu64 " of %" PRIu64 ")",
			 disk_story(), cart_info(c)->objects, now.a.synced, now.a.count,
			 now.two ? now.b.synced : 0, now.two ? now.b.count : 0);
	}
	t.objects = cart_info(c)->objects;
	losses += t.objects < now.a.count;
	pool_close(c);
	if (goes_on) {
		static struct model_tape tape;

		replay_copy(&tape, now.found_b ? &now.b : &now.a);
		replay_cut(&tape, t.objects);
		go_on(&tape);
	}
}

static void lose_power(void)
{
	unsigned call = (unsigned)draw(t.closed + 1);
	uint64_t objects = t.objects, seed = draw(UINT32_MAX);

	if (draw(8) == 0)
		call = t.closed;
	allow(call);
	disk_lose(call, seed, t.scratch.path);
	examine(draw(2) == 0);
	remove_tree(t.scratch.path);
	t.objects = objects;
	made++;
}

/* One more, which the next round begins with. */
static void lose_power_and_stay(void)
{
	unsigned call = (unsigned)draw(t.closed + 1);
	uint64_t seed = draw(UINT32_MAX);

	allow(call);
	disk_lose(call, seed, t.scratch.path);
	examine(false);
	remove_tree(t.scratch.path);
	remove_tree(t.pool->path);
	disk_lose(call, seed, t.pool->path);
	replay_copy(&t.found.a, &now.a);
	t.found.two = now.two;
	t.found.found_b = now.found_b;
	if (now.two)
		replay_copy(&t.found.b, &now.b);
	made++;
}

static void a_loss_of_power_leaves_all_that_was_synced(void **state)
{
	t.pool = *state;
	assert_true(asprintf(&t.scratch.path, "%s.lost", t.pool->path) > 0);
	for (unsigned round = 0; made < cases; round++) {
		if (round % ROUNDS == 0) {
			remove_tree(t.pool->path);
			assert_int_equal(mkdir(t.pool->path, 0770), 0);
			pool_create(t.pool, "T1", 0);
			memset(&t.found, 0, sizeof(t.found));
			t.objects = 0;
		}
		play_round();
		for (unsigned i = 1; i < CASES_PER_ROUND; i++)
			lose_power();
		lose_power_and_stay();
	}
	print_message("%u losses of power, %u of which cost what was not synced\n", made, losses);
	assert_true(losses > cases / 20); /* else nothing was lost at all */
	free(t.scratch.path);
}

/* ---- migration and recall ---- */

static void a_loss_of_power_in_a_migration_or_recall_loses_nothing(void **state)
{
	static struct model_tape blank;
	unsigned migrated = 0;

	t.pool = *state;
	assert_true(asprintf(&t.scratch.path, "%s.lost", t.pool->path) > 0);
	for (unsigned n = 0; n < cases / 20; n++) {
		unsigned all, call;
		const struct cart_info *info;

		if (n % 50 == 0) {
			replay_begin(t.pool, &blank);
			replay_record(t.pool);
			disk_watch(t.pool->path);
			assert_int_equal(replay_migrate(t.pool), 0);
			migrated = disk_calls();
			assert_int_equal(replay_recall(t.pool), 0);
			disk_stop();
		}
		all = disk_calls();
		call = (unsigned)draw(all + 1);
		disk_lose(call, draw(UINT32_MAX), t.scratch.path);
		info = pool_stat(&t.scratch);
		if (call == all)
			assert_int_equal(info->state, CART_PREMIGRATED);
		if (call == migrated)
			assert_int_equal(info->state, CART_MIGRATED);
		recalled += info->state == CART_MIGRATED || info->state == CART_RECALLING;
		replay_expect_recalled(&t.scratch);
		remove_tree(t.scratch.path);
	}
	print_message("%u losses of power, %u of which needed a recall\n", cases / 20, recalled);
	assert_true(recalled > 0);
	free(t.scratch.path);
}

/* ---- making and deleting ---- */

static void expect_whole_or_absent(const unsigned at[3], unsigned call)
{
	struct cart_info info;
	struct cart *c = NULL;
	int r = cart_stat(t.scratch.path, "T2", &info);

	if (call >= at[0] && call <= at[1] && r != 0)
		fail_msg("%s: a cartridge that was made: %s", disk_story(), cart_outcome_name(r));
	if (call == at[2])
		assert_int_equal(r, CART_E_ABSENT);
	if (r == CART_E_ABSENT)
		return;
	r = r == 0 ? cart_open(t.scratch.path, "T2", CART_OPEN_WRITE, &c) : r;
	if (r != 0)
		fail_msg("%s: %s", disk_story(), cart_outcome_name(r));
	write_blocks(c, 1, 1, 100);
	pool_close(c);
}

static void a_loss_of_power_leaves_whole_cartridges_or_none(void **state)
{
	const struct cart_params params = { .barcode = "T2" };
	unsigned at[3]; /* made; written to; deleted */
	struct cart *c;

	t.pool = *state;
	assert_true(asprintf(&t.scratch.path, "%s.lost", t.pool->path) > 0);
	disk_watch(t.pool->path);
	assert_int_equal(cart_create(t.pool->path, &params), 0);
	at[0] = disk_calls();
	assert_int_equal(cart_open(t.pool->path, "T2", CART_OPEN_WRITE, &c), 0);
	write_blocks(c, 1, 3, 30000);
	pool_close(c);
	at[1] = disk_calls();
	assert_int_equal(cart_delete(t.pool->path, "T2"), 0);
	at[2] = disk_calls();
	disk_stop();
	for (unsigned n = 0; n < cases / 20; n++) {
		unsigned call = (unsigned)draw(at[2] + 1);

		disk_lose(call, draw(UINT32_MAX), t.scratch.path);
		expect_whole_or_absent(at, call);
		remove_tree(t.scratch.path);
	}
	free(t.scratch.path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_loss_of_power_leaves_all_that_was_synced),
		TEST(a_loss_of_power_in_a_migration_or_recall_loses_nothing),
		TEST(a_loss_of_power_leaves_whole_cartridges_or_none),
	};

	state_of_random = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	print_message("seed %" PRIu64 "\n", state_of_random);
	state_of_random = state_of_random * 2 + 1;
	if (argc > 2)
		cases = (unsigned)strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
