/* SPDX-License-Identifier: Apache-2.0 */
/* A repair of a cartridge whose recording is, or was, on a copy: a part is never taken for it. */
#include "tests/unit/store/repairs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fs.h"

#define BLOCKS 60u
#define SIZE   2000u
#define PART   20u /* blocks that a recall brought back before it died */

/* Records BLOCKS blocks in T1, and migrates it. */
static struct cart_copy migrate(struct pool *p)
{
	struct cart_copy copy = { .volume = "PHYS01L8", .blocks = BLOCKS, .bytes = BLOCKS * SIZE };
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	uint64_t objects;

	write_blocks(c, 0, BLOCKS, SIZE);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &objects), 0);
	pool_close(c);
	copy.generation = pool_stat(p)->generation;
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
	return copy;
}

static int recall(struct pool *p, unsigned blocks, struct cart **ret_cart)
{
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE | CART_OPEN_ADMIN, ret_cart);

	if (r == 0)
		r = cart_recall_begin(*ret_cart);
	for (unsigned i = 0; r == 0 && i < blocks; i++)
		r = put_block(*ret_cart, i, SIZE);
	return r == 0 ? cart_sync(*ret_cart) : r;
}

static int recall_a_part(struct pool *p)
{
	struct cart *c;

	return recall(p, PART, &c);
}

/* Two bits of fields that do not matter: a text, and reserved bytes. */
static void spoil_header(struct pool *p)
{
	pool_flip(p, HEADER_NAME, 300, 1);
	pool_flip(p, HEADER_NAME, 400, 1);
}

static void expect_refused(struct pool *p)
{
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart_repair repair;

	repairs_sum(p, before);
	assert_int_equal(cart_repair(p->path, "T1", NULL, &repair), CART_E_NOT_RESIDENT);
	repairs_sum(p, after);
	assert_memory_equal(before, after, sizeof(before));
}

static void insist(struct pool *p, uint64_t objects)
{
	const struct cart_repair_options options = { .insist = CART_REPAIR_RESIDENT };
	struct cart_repair repair;

	assert_int_equal(cart_repair(p->path, "T1", &options, &repair), 0);
	assert_int_equal(repair.objects, objects);
	assert_int_equal(pool_stat(p)->objects, objects);
	assert_int_equal(pool_stat(p)->state, CART_RESIDENT);
}

/* The copy is still known, and none that anything relies on. */
static void expect_old_copy(struct pool *p)
{
	const struct cart_info *info = pool_stat(p);

	assert_int_equal(info->state, CART_RESIDENT);
	assert_int_equal(info->copies_cnt, 1);
	assert_string_equal(info->copies[0].volume, "PHYS01L8");
	assert_int_equal(info->copies[0].blocks, BLOCKS);
	assert_true(info->copies[0].generation == CART_GENERATION_UNKNOWN);
}

static void an_unfinished_recall_is_not_the_recording(void **state)
{
	(void)migrate(*state);
	pool_die_after(*state, recall_a_part);
	spoil_header(*state);
	expect_refused(*state);
	insist(*state, PART);
	expect_old_copy(*state);
}

static void an_unfinished_recall_without_a_header_is_refused(void **state)
{
	(void)migrate(*state);
	pool_die_after(*state, recall_a_part);
	pool_unlink(*state, HEADER_NAME);
	expect_refused(*state);
	insist(*state, PART);
}

/* Its state byte is gone with others; another field tells the same. */
static void a_recall_with_a_wrong_state_is_refused(void **state)
{
	static const uint8_t masks[] = { CART_RECALLING ^ CART_RESIDENT,
					 CART_RECALLING ^ CART_PREMIGRATED,
					 CART_RECALLING ^ CART_DAMAGED, 0x80 };

	(void)migrate(*state);
	pool_die_after(*state, recall_a_part);
	spoil_header(*state);
	for (size_t i = 0; i < sizeof(masks); i++) {
		pool_flip(*state, HEADER_NAME, 72, masks[i]);
		expect_refused(*state);
		pool_flip(*state, HEADER_NAME, 72, masks[i]);
	}
}

static void a_whole_recall_is_the_recording_where_a_header_says_so(void **state)
{
	struct cart_copy copy = migrate(*state);
	struct cart *c;

	assert_int_equal(recall(*state, BLOCKS, &c), 0);
	assert_int_equal(cart_recall_commit(c, &copy), 0);
	pool_close(c);
	spoil_header(*state);
	assert_int_equal(repairs_run(*state).objects, BLOCKS);
	expect_old_copy(*state);
	pool_unlink(*state, HEADER_NAME); /* nothing says that any more */
	expect_refused(*state);
	insist(*state, BLOCKS);
}

/* The first segment of a recording that was released lies there still. */
static void what_a_release_left_is_not_the_recording(void **state)
{
	static const uint8_t masks[] = { 0, CART_MIGRATED ^ CART_RESIDENT };
	char *segment = pool_file(*state, DATA_FILE), *aside = pool_file(*state, "aside");
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 0, 1, SIZE);
	pool_close(c);
	assert_int_equal(link(segment, aside), 0);
	(void)migrate(*state);
	assert_int_equal(rename(aside, segment), 0);
	spoil_header(*state);
	for (size_t i = 0; i < sizeof(masks); i++) {
		pool_flip(*state, HEADER_NAME, 72, masks[i]);
		expect_refused(*state);
		pool_flip(*state, HEADER_NAME, 72, masks[i]);
	}
	free(segment);
	free(aside);
}

static void make_empty(struct pool *p, const char *name)
{
	char *path = pool_file(p, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
	free(path);
}

/* The format's names are exact: none of these is a stream of its own. */
static void stray_files_are_no_streams(void **state)
{
	static const char *const names[] = { "data.7.0",
					     "data.0x7.0",
					     "data.0000000A.00000000",
					     "data. 000007.00000000",
					     "data.+0000007.00000000",
					     "data.00000007.0000000",
					     "data.00000007.00000000.old",
					     "data.000000007.00000000" };

	repairs_record(*state);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		make_empty(*state, names[i]);
	pool_unlink(*state, HEADER_NAME);
	assert_int_equal(repairs_run(*state).objects, OBJECTS);
	repairs_expect(*state, OBJECTS, NULL);
	repairs_expect_nothing(*state);
}

/* Nor is one with a right name and nothing in it, as far as a header says which is the recording;
 * else somebody must. */
static void an_empty_stream_does_not_hide_the_recording(void **state)
{
	repairs_record(*state);
	make_empty(*state, "data.ffffffff.00000000");
	spoil_header(*state);
	assert_int_equal(repairs_run(*state).objects, OBJECTS);
	repairs_expect(*state, OBJECTS, NULL);
	pool_unlink(*state, HEADER_NAME);
	expect_refused(*state);
	insist(*state, OBJECTS);
	repairs_expect(*state, OBJECTS, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(an_unfinished_recall_is_not_the_recording),
		TEST(an_unfinished_recall_without_a_header_is_refused),
		TEST(a_recall_with_a_wrong_state_is_refused),
		TEST(a_whole_recall_is_the_recording_where_a_header_says_so),
		TEST(what_a_release_left_is_not_the_recording),
		TEST(stray_files_are_no_streams),
		TEST(an_empty_stream_does_not_hide_the_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
