/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A medium is divided anew, and the power goes, the process dies or a call fails: at each call, the
 * medium is divided as before and holds all that was on it, its attributes too, or it is divided
 * anew; and it goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/cart.h"
#include "tests/fault/calls.h"
#include "tests/fault/disk.h"
#include "tests/fault/replay.h"

#define LOSSES ROUNDS_OF(6) /* behind each call */

#define DIVIDED  9     /* attribute of the medium: the number of its partitions */
#define OF_FIRST 0x80c /* attribute of the partitions that begin() makes */

static int format_to(struct cart *c, unsigned partitions)
{
	const uint8_t value = (uint8_t)partitions;
	const struct cart_attribute attributes[] = { { DIVIDED, 0, 0, 1, &value },
						     { OF_FIRST, 0, 0, 0, NULL } };
	const struct cart_format f = { .partitions = partitions,
				       .proportion = CART_WHOLE,
				       .attributes = attributes,
				       .attributes_cnt = 2 };

	return cart_format(c, &f);
}

/* They are those of the medium as it is divided. */
static void examine_attributes(const struct cart *c, unsigned partitions)
{
	struct cart_attribute a;

	if (!cart_attributes_find(cart_attributes(c), 0, DIVIDED, &a) || a.size != 1 ||
	    *a.value != partitions)
		fail_msg("%s: %u partitions, attributes of another number", disk_story(),
			 partitions);
	for (unsigned n = 0; n < 2; n++)
		if (cart_attributes_find(cart_attributes(c), n, OF_FIRST, &a) != (partitions == 2))
			fail_msg("%s: %u partitions: attribute of %u", disk_story(), partitions, n);
}

/* Blocks of 3000 bytes and the seeds @seed ... in partition @n of @c, synced. */
static int record(struct cart *c, unsigned n, uint64_t seed, unsigned count)
{
	struct cart *p = c;
	int r = n == 0 ? 0 : cart_open_partition(c, n, &p), closed;

	for (unsigned i = 0; r == 0 && i < count; i++)
		r = put_block(p, seed + i, 3000);
	if (r == 0)
		r = cart_sync(p);
	if (n == 0 || r == CART_E_ABSENT)
		return r;
	closed = cart_close(p);
	return r != 0 ? r : closed;
}

/* Two partitions: 3 blocks from seed 10 on, and 2 from seed 20 on. */
static void begin(struct pool *p)
{
	const uint8_t value = 1;
	const struct cart_attribute of_both[] = { { OF_FIRST, 0, 0, 1, &value },
						  { OF_FIRST, 1, 0, 1, &value } };
	struct cart *c;

	if (access(p->path, F_OK) == 0)
		assert_int_equal(fs_remove_tree(AT_FDCWD, p->path), 0);
	assert_int_equal(mkdir(p->path, 0770), 0);
	pool_create(p, "T1", 0);
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(format_to(c, 2), 0);
	assert_int_equal(record(c, 0, 10, 3), 0);
	assert_int_equal(record(c, 1, 20, 2), 0);
	assert_int_equal(cart_attributes_set(c, of_both, 2, CART_ATTRIBUTES_NOW), 0);
	pool_close(c);
}

/* How many blocks there are; all must be those from @seed on. */
static unsigned count_blocks(struct cart *c, uint64_t seed)
{
	unsigned n = (unsigned)cart_info(c)->objects;

	assert_int_equal(cart_locate(c, 0), 0);
	for (unsigned i = 0; i < n; i++)
		expect_block(c, seed + i, 3000);
	assert_int_equal(read_object(c), CART_E_EOD);
	return n;
}

static unsigned count_in(struct cart *c, unsigned n, uint64_t seed)
{
	struct cart *p;
	unsigned count;
	int r = cart_open_partition(c, n, &p);

	if (r != 0)
		fail_msg("%s: partition %u: %s", disk_story(), n, cart_outcome_name(r));
	count = count_blocks(p, seed);
	assert_int_equal(cart_close(p), 0);
	return count;
}

/* It is whole and takes new blocks; returns the number of partitions. */
static unsigned examine(struct pool *p, unsigned found[CART_PARTITIONS])
{
	struct cart *c = NULL;
	unsigned partitions;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r != 0)
		fail_msg("%s: open: %s", disk_story(), cart_outcome_name(r));
	partitions = cart_info(c)->layout.partitions;
	examine_attributes(c, partitions);
	found[0] = count_blocks(c, partitions == 1 ? 50 : partitions == 2 ? 10 : 30);
	for (unsigned n = 1; n < partitions; n++)
		found[n] = count_in(c, n, partitions == 2 ? 20 : 40);
	for (unsigned n = 0; n < partitions; n++)
		assert_int_equal(record(c, n, 90, 1), 0);
	pool_close(c);
	return partitions;
}

/* ---- the power goes ---- */

static struct {
	unsigned opened, three, first, second, one, last, closed;
} at;

static void play(struct pool *p)
{
	struct cart *c;

	disk_watch(p->path);
	c = pool_open(p, CART_OPEN_WRITE);
	at.opened = disk_calls();
	assert_int_equal(format_to(c, 3), 0);
	at.three = disk_calls();
	assert_int_equal(record(c, 0, 30, 4), 0);
	at.first = disk_calls();
	assert_int_equal(record(c, 2, 40, 2), 0);
	at.second = disk_calls();
	assert_int_equal(format_to(c, 1), 0);
	at.one = disk_calls();
	assert_int_equal(record(c, 0, 50, 1), 0);
	at.last = disk_calls();
	pool_close(c);
	at.closed = disk_calls();
	disk_stop();
}

static void expect_counts(unsigned call, unsigned partitions, const unsigned found[])
{
	if (partitions == 2) {
		assert_true(call < at.three);
		assert_int_equal(found[0], 3);
		assert_int_equal(found[1], 2);
	} else if (partitions == 3) {
		assert_true(call >= at.opened && call < at.one);
		assert_in_range(found[0], call >= at.first ? 4 : 0, 4);
		assert_int_equal(found[1], 0);
		assert_in_range(found[2], call >= at.second ? 2 : 0, 2);
	} else {
		assert_int_equal(partitions, 1);
		assert_true(call >= at.second);
		assert_in_range(found[0], call >= at.last, 1);
	}
}

static void a_loss_of_power_leaves_the_old_or_the_new_partitions(void **state)
{
	unsigned found[CART_PARTITIONS] = { 0 }, seen[CART_PARTITIONS] = { 0 };
	struct pool *p = *state, lost;

	assert_true(asprintf(&lost.path, "%s.lost", p->path) > 0);
	begin(p);
	play(p);
	for (unsigned call = 0; call <= at.closed; call++) {
		for (unsigned i = 0; i < LOSSES; i++) {
			unsigned partitions;

			disk_lose(call, call * LOSSES + i + 1, lost.path);
			partitions = examine(&lost, found);
			expect_counts(call, partitions, found);
			seen[partitions]++;
			assert_int_equal(fs_remove_tree(AT_FDCWD, lost.path), 0);
		}
	}
	print_message("%u calls; two partitions %u times, three %u, one %u\n", at.closed, seen[2],
		      seen[3], seen[1]);
	assert_true(seen[1] > 0 && seen[2] > 0 && seen[3] > 0);
	free(lost.path);
}

/* ---- the process dies, or a call fails ---- */

static int format_and_write(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c), closed;

	if (r != 0)
		return r;
	r = format_to(c, 3);
	if (r == 0)
		r = record(c, 0, 30, 2);
	closed = cart_close(c);
	return r != 0 ? r : closed;
}

static bool expect_either(struct pool *p)
{
	unsigned found[CART_PARTITIONS] = { 0 }, partitions = examine(p, found);

	assert_true(partitions == 2 || partitions == 3);
	assert_false(partitions == 2 && (found[0] != 3 || found[1] != 2));
	assert_false(partitions == 3 && (found[0] > 2 || found[1] + found[2] > 0));
	return partitions == 3;
}

static void dying_in_a_format_leaves_the_old_or_the_new_partitions(void **state)
{
	unsigned i = 0, new = 0;
	int status;

	do {
		pid_t pid;

		begin(*state);
		i++;
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			fault_arm(CALLS_ALL, FAULT_DIE, 0, i);
			fault.on = true;
			_exit(format_and_write(*state) == 0 ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		new += expect_either(*state);
	} while (WEXITSTATUS(status) == FAULT_EXIT);
	print_message("%u calls\n", i - 1);
	assert_true(i > 40 && new > 5 && new < i - 20);
}

static void fail_each(struct pool *p, int error)
{
	for (enum fault_mode mode = FAULT_ONCE; mode <= FAULT_LASTING; mode++) {
		unsigned i = 0;
		int r;

		do {
			begin(p);
			fault_arm(CALLS_ALL, mode, error, ++i);
			fault.on = true;
			r = format_and_write(p);
			fault.on = false;
			assert_true(expect_either(p) || r != 0);
		} while (fault.met > 0);
	}
}

static void a_failing_call_leaves_the_old_or_the_new_partitions(void **state)
{
	fail_each(*state, EIO);
	fail_each(*state, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_loss_of_power_leaves_the_old_or_the_new_partitions),
		TEST(dying_in_a_format_leaves_the_old_or_the_new_partitions),
		TEST(a_failing_call_leaves_the_old_or_the_new_partitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
