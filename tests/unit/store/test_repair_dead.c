/* SPDX-License-Identifier: Apache-2.0 */
/* A repair of a cartridge that was overwritten, while segments of the old recording are still
 * there: they say nothing, and are worth nothing. */
#include "tests/unit/store/repairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OLD_BLOCKS 100u
#define OLD_SIZE   5000u
#define NEW_BLOCKS 5u
#define NEW_SIZE   1000u
#define NEW_SEED   1000u

static void shell(struct pool *p, const char *script)
{
	char *command;

	assert_true(asprintf(&command, "cd %s && %s", p->path, script) > 0);
	assert_int_equal(system(command), 0);
	free(command);
}

/* What a shell script prints. */
static uint64_t count(struct pool *p, const char *script)
{
	char *command, line[32] = "";
	FILE *f;

	assert_true(asprintf(&command, "cd %s && %s", p->path, script) > 0);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	(void)pclose(f);
	free(command);
	return strtoull(line, NULL, 10);
}

static uint64_t segments(struct pool *p)
{
	return count(p, "ls T1.cart | grep -c ^data");
}

static int overwrite(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	for (unsigned i = 0; r == 0 && i < NEW_BLOCKS; i++)
		r = put_block(c, NEW_SEED + i, NEW_SIZE);
	return r;
}

/* The old recording, and over it a new one, whose writer died; the old one's segments are there. */
static void overwrite_and_die(struct pool *p)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	write_blocks(c, 0, OLD_BLOCKS, OLD_SIZE);
	pool_close(c);
	shell(p, "mkdir aside && ln T1.cart/data.* aside/");
	pool_die_after(p, overwrite);
	shell(p,
	      "for f in aside/*; do test -e T1.cart/${f#*/} || ln $f T1.cart/; done; rm -r aside");
	assert_true(segments(p) > 5);
}

static void expect_new(struct pool *p, unsigned blocks)
{
	struct cart *c = pool_open(p, CART_OPEN_READ);

	assert_int_equal(cart_info(c)->objects, blocks);
	for (unsigned i = 0; i < blocks; i++)
		expect_block(c, NEW_SEED + i, NEW_SIZE);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

/* Block 4 did not reach the disk, and nothing ever said that it had. */
static void repair_torn(struct pool *p)
{
	struct cart_repair repair;

	pool_flip(p, DATA_FILE, pool_file_size(p, DATA_FILE) - 1, 1);
	pool_unlink(p, HEADER_NAME);
	repair = repairs_run(p);
	assert_int_equal(repair.objects, NEW_BLOCKS - 1);
	assert_int_equal(repair.lost, 0);
	expect_new(p, NEW_BLOCKS - 1);
	repairs_expect_nothing(p);
}

static void dead_frames_vouch_for_nothing(void **state)
{
	overwrite_and_die(*state);
	repair_torn(*state);
}

/* The same without them. */
static void a_torn_block_of_an_overwrite_is_no_object(void **state)
{
	overwrite_and_die(*state);
	shell(*state, "find T1.cart -name 'data.*' ! -name 'data.*.00000000' -delete");
	repair_torn(*state);
}

/* They are neither cut nor kept aside, and the next writer has them deleted. */
static void expect_dead_left(struct pool *p)
{
	uint64_t before = segments(p);
	struct cart_repair repair = repairs_run(p);
	struct cart *c;

	assert_int_equal(repair.cut_bytes, 0);
	assert_int_equal(count(p, "ls -A .T1* | grep -c ^data || true"), 0);
	assert_int_equal(segments(p), before);
	expect_new(p, NEW_BLOCKS);
	repairs_expect_nothing(p);
	if (pool_stat(p)->write_protect)
		return;
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_locate(c, NEW_BLOCKS), 0);
	write_marks(c, 1);
	pool_close(c);
	assert_int_equal(segments(p), 1);
}

static void dead_segments_are_left_to_the_next_writer(void **state)
{
	overwrite_and_die(*state);
	expect_dead_left(*state);
}

static void so_they_are_where_the_header_is_lost(void **state)
{
	overwrite_and_die(*state);
	pool_unlink(*state, HEADER_NAME);
	expect_dead_left(*state);
}

/* Without a whole header of its own nobody knows when it was begun: it is cut, and kept. */
static void a_segment_that_proves_nothing_is_kept_aside(void **state)
{
	uint64_t size;

	overwrite_and_die(*state);
	pool_flip(*state, SEGMENT_1, 100, 1);
	size = pool_file_size(*state, SEGMENT_1);
	assert_int_equal(repairs_run(*state).cut_bytes, size);
	assert_int_equal(count(*state, "ls -A .T1* | grep -c ^data || true"), 1);
	assert_int_equal(count(*state, "stat -c %s .T1*/" SEGMENT_1), size);
	expect_new(*state, NEW_BLOCKS);
	repairs_expect_nothing(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(dead_frames_vouch_for_nothing),
		TEST(a_torn_block_of_an_overwrite_is_no_object),
		TEST(dead_segments_are_left_to_the_next_writer),
		TEST(so_they_are_where_the_header_is_lost),
		TEST(a_segment_that_proves_nothing_is_kept_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
