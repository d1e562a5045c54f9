/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that writes is killed at a random moment, again and again, on one cartridge. Everything
 * whose call returned is there afterwards; of the call under way a beginning may be.
 *
 *   test_fault_kill [SEED [ROUNDS]]
 */
#include "tests/fault/replay.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_MAX 3000u

/* Shared with the child: what it began, and how much of that returned. */
struct log {
	struct replay_op ops[LOG_MAX];
	volatile unsigned begun, done;
};

static uint64_t state_of_random;
static unsigned rounds = 100;

static uint64_t draw(uint64_t below)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (state_of_random >> 11) % below;
}

static struct replay_op next_op(uint64_t objects, unsigned n, unsigned round)
{
	static const enum replay_kind kinds[] = {
		OP_WRITE, OP_WRITE, OP_WRITE,  OP_WRITE, OP_MARKS,
		OP_SYNC,  OP_SYNC,  OP_LOCATE, OP_ERASE, OP_REOPEN
	};
	struct replay_op op = { .kind = n == 0 ? OP_LOCATE : kinds[draw(10)] };

	op.seed = round * 10000 + n;
	op.size = 1 + draw(draw(4) == 0 ? 30000 : 500);
	if (op.kind == OP_MARKS)
		op.size = draw(5);
	else if (op.kind == OP_LOCATE) /* mostly far behind, so that the recording grows */
		op.size = objects - draw(objects / 4 + 1);
	return op;
}

/* Until it is killed, or the log is full. */
static void write_for_ever(struct pool *p, struct log *log, unsigned round)
{
	struct cart *c;

	if (cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0)
		_exit(1);
	for (unsigned n = 0; n < LOG_MAX; n++) {
		log->ops[n] = next_op(cart_info(c)->objects, n, round);
		log->begun = n + 1;
		if (replay_on_cart(p, &c, &log->ops[n]) != 0)
			_exit(1);
		log->done = n + 1;
	}
	pause();
}

static void kill_after(struct pool *p, struct log *log, unsigned round, unsigned microseconds)
{
	const struct timespec t = { .tv_nsec = (long)microseconds * 1000 };
	uint64_t of_child = draw(UINT32_MAX) + 1;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		state_of_random = of_child;
		write_for_ever(p, log, round);
		_exit(1);
	}
	(void)nanosleep(&t, NULL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* it did not fail by itself */
}

/* What the new open found is what the next round begins with. */
static void adopt(struct pool *p, struct model_tape *before, const struct model_tape *after)
{
	struct cart *c = pool_open(p, CART_OPEN_READ);
	uint64_t count = cart_info(c)->objects;

	pool_close(c);
	if (count != before->count)
		*before = *after;
	before->count = before->synced = count;
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
		memset(log, 0, sizeof(*log));
		kill_after(*state, log, round, (unsigned)draw(20000));
		for (unsigned i = 0; i < log->done; i++)
			replay_on_model(&before, &log->ops[i]);
		after = before;
		if (log->begun > log->done)
			replay_on_model(&after, &log->ops[log->done]);
		print_message("round %u: %u operations, %" PRIu64 " objects\n", round, log->done,
			      before.count);
		replay_expect(*state, &before, &after, true);
		adopt(*state, &before, &after);
		operations += log->done;
	}
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
