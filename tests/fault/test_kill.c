/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that writes is killed at a random moment, again and again, on one cartridge. Everything
 * whose call returned is there afterwards; of the call under way a beginning may be.  Every other
 * one writes through the buffer: then everything is there that a sync covered, and a beginning of
 * what was accepted since.
 *
 *   test_fault_kill [SEED [ROUNDS]]
 */
#include "tests/fault/replay.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_MAX 500u

/* Shared with the child: what it began, and how much of that returned. */
struct log {
	struct replay_op ops[LOG_MAX];
	volatile unsigned begun, done;
};

static uint64_t state_of_random;
static unsigned rounds = ROUNDS_OF(500);
static uint64_t lost;

static uint64_t draw(uint64_t below)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (state_of_random >> 11) % below;
}

static struct replay_op next_op(uint64_t objects, unsigned n, unsigned round)
{
	static const enum replay_kind kinds[] = { OP_WRITE,  OP_WRITE, OP_WRITE, OP_WRITE, OP_WRITE,
						  OP_WRITE,  OP_MARKS, OP_SYNC,  OP_SYNC,  OP_CODEC,
						  OP_LOCATE, OP_ERASE, OP_REOPEN };
	struct replay_op op = { .kind = n == 0 ? OP_LOCATE : kinds[draw(13)] };

	op.seed = round * 10000 + n;
	op.size = 1 + draw(draw(4) == 0 ? 30000 : 500);
	if (op.kind == OP_MARKS)
		op.size = draw(5);
	else if (op.kind == OP_CODEC)
		op.size = draw(4);
	else if (op.kind == OP_LOCATE) /* mostly far behind, so that the recording grows */
		op.size = objects - draw(draw(8) == 0 ? objects + 1 : objects / 4 + 1);
	return op;
}

static bool is_staged(unsigned round)
{
	return round % 2 == 0;
}

/* Until it is killed, or the log is full. @tape is this process's own. */
static void write_for_ever(struct pool *p, struct log *log, struct model_tape *tape, unsigned round)
{
	struct cart *c = NULL;
	struct stage *s = NULL;
	int r = is_staged(round) ? stage_open(p->path, "T1", CART_OPEN_WRITE, &s)
				 : cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	for (unsigned n = 0; r == 0 && n < LOG_MAX; n++) {
		log->ops[n] = next_op(tape->count, n, round);
		log->begun = n + 1;
		r = is_staged(round) ? replay_on_stage(p, &s, &log->ops[n])
				     : replay_on_cart(p, &c, &log->ops[n]);
		if (r == 0)
			log->done = n + 1;
		replay_on_model(tape, &log->ops[n]);
	}
	if (r != 0)
		_exit(1);
	pause();
}

static void kill_after(struct pool *p, struct log *log, struct model_tape *tape, unsigned round)
{
	const struct timespec t = { .tv_nsec = (long)draw(draw(4) == 0 ? 20000000 : 5000000) };
	uint64_t of_child = draw(UINT32_MAX) + 1;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		state_of_random = of_child;
		write_for_ever(p, log, tape, round);
		_exit(1);
	}
	(void)nanosleep(&t, NULL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* it did not fail by itself */
}

/* What a new open finds is what the next round begins with. */
static void examine(struct pool *p, struct model_tape *before, const struct model_tape *after,
		    bool everything)
{
	struct cart *c = pool_open(p, draw(2) == 0 ? CART_OPEN_READ : CART_OPEN_WRITE);
	uint64_t count = cart_info(c)->objects;

	if (!replay_holds(c, before, everything ? before->count : before->synced)) {
		if (!replay_holds(c, after, after->synced))
			fail_msg("%" PRIu64 " objects: neither a recording before (%" PRIu64
				 ", %" PRIu64 " synced) nor one after the kill",
				 count, before->count, before->synced);
		replay_copy(before, after);
	}
	pool_close(c);
	lost += before->count - count;
	replay_cut(before, count);
	model_sync(before);
	before->position = 0;
}

static void a_killed_writer_leaves_all_that_returned(void **state)
{
	static struct model_tape before, after;
	struct log *log =
		mmap(NULL, sizeof(*log), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned operations = 0;

	assert_true(log != MAP_FAILED);
	for (unsigned round = 1; round <= rounds; round++) {
		log->begun = log->done = 0;
		kill_after(*state, log, &before, round);
		for (unsigned i = 0; i < log->done; i++)
			replay_on_model(&before, &log->ops[i]);
		replay_copy(&after, &before);
		if (log->begun > log->done)
			replay_on_model(&after, &log->ops[log->done]);
		examine(*state, &before, &after, !is_staged(round));
		operations += log->done;
	}
	print_message("%u kills, %u operations before them, %" PRIu64
		      " accepted objects lost with the buffer\n",
		      rounds, operations, lost);
	assert_true(operations > rounds); /* they did get somewhere */
	(void)munmap(log, sizeof(*log));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_killed_writer_leaves_all_that_returned,
						pool_setup, pool_teardown),
	};

	state_of_random = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	state_of_random = state_of_random * 2 + 1;
	if (argc > 2)
		rounds = (unsigned)strtoul(argv[2], NULL, 0);
	print_message("seed %" PRIu64 "\n", state_of_random / 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
