/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a divided medium is lost and made anew, and the power goes at each call of that:
 * the next repair finishes it, with all partitions and all that is on them.  And a medium is
 * divided anew, the power goes at each call, and then the header is lost too: a repair gives the
 * old or the new division with all that is on it, or refuses and changes nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/cart.h"
#include "tests/fault/calls.h"
#include "tests/fault/disk.h"
#include "tests/fault/replay.h"

#define LOSSES ROUNDS_OF(6) /* behind each call */
#define EACH   50000000u    /* bytes of a partition */

static int format_to(struct cart *c, unsigned partitions)
{
	const struct cart_format f = { .partitions = partitions,
				       .proportion = CART_WHOLE,
				       .capacity_bytes = { EACH, EACH, EACH, EACH } };

	return cart_format(c, &f);
}

/* @count blocks in partition @n, with seeds from @seed on. */
static void record(struct cart *c, unsigned n, uint64_t seed, unsigned count)
{
	struct cart *p = c;

	if (n > 0)
		assert_int_equal(cart_open_partition(c, n, &p), 0);
	write_blocks(p, seed, count, 3000);
	assert_int_equal(cart_sync(p), 0);
	if (n > 0)
		assert_int_equal(cart_close(p), 0);
}

/* Three partitions: 3 blocks from seed 10 on, 2 from seed 20 on, none. */
static void begin(struct pool *p)
{
	struct cart *c;

	if (access(p->path, F_OK) == 0)
		assert_int_equal(fs_remove_tree(AT_FDCWD, p->path), 0);
	assert_int_equal(mkdir(p->path, 0770), 0);
	pool_create(p, "T1", 0);
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(format_to(c, 3), 0);
	record(c, 0, 10, 3);
	record(c, 1, 20, 2);
	pool_close(c);
}

static int repair(struct pool *p)
{
	const struct cart_repair_options options = { .insist = CART_REPAIR_WRITABLE };
	struct cart_repair report;

	return cart_repair(p->path, "T1", &options, &report);
}

static bool may_be_torn; /* what no sync has covered: cart_repair() gives up nothing of it */

static void expect_blocks(struct cart *c, uint64_t seed, unsigned most)
{
	unsigned n = (unsigned)cart_info(c)->objects;

	if (n > most)
		fail_msg("%s: %u blocks", disk_story(), n);
	assert_int_equal(cart_locate(c, 0), 0);
	for (unsigned i = 0; i < n; i++) {
		if (may_be_torn && read_object(c) == CART_E_DAMAGED)
			continue;
		assert_int_equal(cart_locate(c, i), 0);
		expect_block(c, seed + i, 3000);
	}
}

/* Each partition has exact blocks of its own, and takes another one; returns how many there are. */
static unsigned examine(struct pool *p, uint64_t objects[CART_PARTITIONS])
{
	struct cart *c = NULL, *one;
	unsigned partitions;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r != 0)
		fail_msg("%s: open: %s", disk_story(), cart_outcome_name(r));
	partitions = cart_info(c)->layout.partitions;
	objects[0] = cart_info(c)->objects;
	expect_blocks(c, partitions == 3 ? 10 : 30, 4);
	assert_int_equal(cart_info(c)->capacity_bytes, EACH);
	for (unsigned n = 1; n < partitions; n++) {
		r = cart_open_partition(c, n, &one);
		if (r != 0)
			fail_msg("%s: partition %u: %s", disk_story(), n, cart_outcome_name(r));
		objects[n] = cart_info(one)->objects;
		expect_blocks(one, partitions == 3 ? 20 : 40, 2);
		assert_int_equal(put_block(one, 90, 3000), 0);
		assert_int_equal(cart_close(one), 0);
	}
	assert_int_equal(put_block(c, 90, 3000), 0);
	pool_close(c);
	return partitions;
}

static void a_loss_of_power_in_a_repair_is_finished_by_the_next(void **state)
{
	struct pool *p = *state, lost;
	uint64_t found[CART_PARTITIONS] = { 0 };
	unsigned calls;

	assert_true(asprintf(&lost.path, "%s.lost", p->path) > 0);
	begin(p);
	pool_unlink(p, "header");
	disk_watch(p->path);
	assert_int_equal(repair(p), 0);
	calls = disk_calls();
	disk_stop();
	for (unsigned call = 0; call <= calls; call++) {
		for (unsigned i = 0; i < LOSSES; i++) {
			disk_lose(call, call * LOSSES + i + 1, lost.path);
			if (repair(&lost) != 0)
				fail_msg("%s: the next repair fails", disk_story());
			assert_int_equal(examine(&lost, found), 3);
			assert_int_equal(found[0], 3);
			assert_int_equal(found[1], 2);
			assert_int_equal(found[2], 0);
			assert_int_equal(fs_remove_tree(AT_FDCWD, lost.path), 0);
		}
	}
	print_message("%u calls\n", calls);
	assert_true(calls > 5);
	free(lost.path);
}

static struct {
	unsigned formatted, recorded, closed;
} at;

/* Two partitions: 4 blocks from seed 30 on, and 2 from seed 40 on. */
static void play(struct pool *p)
{
	struct cart *c;

	disk_watch(p->path);
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(format_to(c, 2), 0);
	at.formatted = disk_calls();
	record(c, 1, 40, 2);
	record(c, 0, 30, 4);
	at.recorded = disk_calls();
	pool_close(c);
	at.closed = disk_calls();
	disk_stop();
}

/* The header is lost, too. */
static void lose_header(struct pool *p, unsigned call, unsigned seen[CART_PARTITIONS + 1])
{
	uint64_t found[CART_PARTITIONS] = { 0 };
	unsigned partitions;
	int r;

	may_be_torn = call < at.recorded;
	pool_unlink(p, "header");
	r = repair(p);
	if (r == CART_E_PARTITIONED || r == CART_E_INVALID) {
		assert_true(call < at.recorded); /* there is no doubt any more */
		seen[0]++;
		return;
	}
	if (r != 0)
		fail_msg("%s: repair: %s", disk_story(), cart_outcome_name(r));
	partitions = examine(p, found);
	seen[partitions]++;
	if (partitions == 3) {
		assert_true(call < at.recorded);
		assert_int_equal(found[0], 3);
		assert_int_equal(found[1], 2);
	} else {
		assert_int_equal(partitions, 2);
		if (call >= at.recorded)
			assert_true(found[0] == 4 && found[1] == 2);
	}
}

static void a_header_lost_with_the_power_gives_one_division_or_none(void **state)
{
	unsigned seen[CART_PARTITIONS + 1] = { 0 };
	struct pool *p = *state, lost;

	assert_true(asprintf(&lost.path, "%s.lost", p->path) > 0);
	begin(p);
	play(p);
	for (unsigned call = 0; call <= at.closed; call++) {
		for (unsigned i = 0; i < LOSSES; i++) {
			disk_lose(call, call * LOSSES + i + 1, lost.path);
			lose_header(&lost, call, seen);
			assert_int_equal(fs_remove_tree(AT_FDCWD, lost.path), 0);
		}
	}
	print_message("%u calls: the old division %u times, the new one %u, refused %u\n",
		      at.closed, seen[3], seen[2], seen[0]);
	assert_true(seen[0] > 0 && seen[2] > 0 && seen[3] > 0);
	free(lost.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_loss_of_power_in_a_repair_is_finished_by_the_next),
		TEST(a_header_lost_with_the_power_gives_one_division_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
