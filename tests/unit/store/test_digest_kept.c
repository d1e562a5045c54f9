/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/digest_kept.c: what is kept counts exactly as long as it is true. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/store/cart.h"

#define DIGESTS_FILE "digests.00000001"
#define GROUP        CART_GROUP_OBJECTS /* filemarks: the cheapest group */

/* Two groups of filemarks and @rest more, with the digests kept. */
static void record_groups(struct pool *p, uint32_t rest)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	uint8_t digest[CART_DIGEST_SIZE];
	uint64_t object;

	write_marks(c, 2 * GROUP + rest);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, digest, &object), 0);
	pool_close(c);
	assert_int_equal(pool_file_size(p, DIGESTS_FILE), 128);
}

/* How many kept groups count now. */
static unsigned groups_that_count(struct cart *c)
{
	struct cart_group group = { 0 };
	unsigned n = 0;

	while (digest_kept(c, n, group.end, &group) == 0)
		n++;
	return n;
}

static void expect_kept(struct pool *p, unsigned count)
{
	struct cart *c = pool_open(p, CART_OPEN_READ);

	assert_int_equal(groups_that_count(c), count);
	pool_close(c);
}

/* The quick digest is the true one, whatever is kept. */
static void expect_quick_digest_is_right(struct pool *p)
{
	uint8_t quick[CART_DIGEST_SIZE], whole[CART_DIGEST_SIZE];
	struct cart *c = pool_open(p, CART_OPEN_READ);
	uint64_t object;

	assert_int_equal(cart_locate(c, 1), 0);
	assert_int_equal(cart_quick_digest(c, NULL, NULL, quick, &object), 0);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, whole, &object), 0);
	assert_memory_equal(quick, whole, sizeof(whole));
	assert_int_equal(c->position, 1);
	pool_close(c);
}

static void complete_groups_are_kept(void **state)
{
	record_groups(*state, 7);
	expect_kept(*state, 2);
	expect_quick_digest_is_right(*state);
}

static void a_recording_that_ends_with_a_group_is_kept_whole(void **state)
{
	record_groups(*state, 0);
	expect_kept(*state, 2);
}

static void a_reader_keeps_nothing(void **state)
{
	uint8_t digest[CART_DIGEST_SIZE];
	struct cart *c;
	uint64_t object;
	char *path = pool_file(*state, DIGESTS_FILE);

	record_groups(*state, 0);
	pool_unlink(*state, DIGESTS_FILE);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, digest, &object), 0);
	pool_close(c);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

static void a_quick_digest_does_not_read_what_is_kept(void **state)
{
	struct cart *c;
	uint8_t digest[CART_DIGEST_SIZE];
	uint64_t object = 0;

	record_groups(*state, 1);
	pool_flip(*state, DATA_FILE, DATA_START + 5 * 80 + 20, 1); /* the frame of object 5 */
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_quick_digest(c, NULL, NULL, digest, &object), 0);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, digest, &object), CART_E_DAMAGED);
	assert_int_equal(object, 5);
	pool_close(c);
}

static void what_is_appended_leaves_the_groups_before_it(void **state)
{
	struct cart *c;

	record_groups(*state, 3);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	write_marks(c, GROUP);
	assert_int_equal(groups_that_count(c), 2);
	pool_close(c);
	expect_quick_digest_is_right(*state);
}

/* Overwrites from @object on with @count filemarks and one block. */
static void overwrite(struct pool *p, uint64_t object, uint32_t count)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	assert_int_equal(cart_locate(c, object), 0);
	write_blocks(c, 1, 1, 10);
	write_marks(c, count);
	pool_close(c);
}

static void what_is_overwritten_counts_no_more(void **state)
{
	record_groups(*state, 3);
	overwrite(*state, GROUP + 100, 2 * GROUP); /* in the middle of the second group */
	assert_int_equal(pool_file_size(*state, DIGESTS_FILE), 128); /* nobody cuts the table */
	expect_kept(*state, 1);
	expect_quick_digest_is_right(*state);
}

static void the_last_object_of_a_group_overwritten_is_enough(void **state)
{
	record_groups(*state, 3);
	overwrite(*state, 2 * GROUP - 1, 10);
	expect_kept(*state, 1);
}

static void the_first_object_overwritten_leaves_nothing(void **state)
{
	record_groups(*state, 3);
	overwrite(*state, 0, 3 * GROUP);
	expect_kept(*state, 0);
}

static void an_erased_group_counts_no_more(void **state)
{
	struct cart *c;

	record_groups(*state, 3);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_locate(c, 2 * GROUP - 1), 0);
	assert_int_equal(cart_erase(c), 0);
	assert_int_equal(groups_that_count(c), 1);
	pool_close(c);
}

static int overwrite_and_die(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r == 0)
		r = cart_locate(c, GROUP / 2);
	if (r == 0)
		r = put_block(c, 1, 10);
	if (r == 0)
		r = put_marks(c, 2 * GROUP);
	return r == 0 ? cart_sync(c) : r;
}

static void a_writer_that_dies_leaves_nothing_wrong(void **state)
{
	record_groups(*state, 3);
	pool_die_after(*state, overwrite_and_die);
	expect_kept(*state, 0);
	expect_quick_digest_is_right(*state);
}

static void what_is_kept_again_replaces_what_is_stale(void **state)
{
	struct cart *c;
	uint8_t digest[CART_DIGEST_SIZE];
	uint64_t object;

	record_groups(*state, 3);
	overwrite(*state, GROUP + 100, 2 * GROUP);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_quick_digest(c, NULL, NULL, digest, &object), 0);
	assert_int_equal(groups_that_count(c), 3);
	pool_close(c);
	expect_quick_digest_is_right(*state);
}

/* The same changes by somebody else's hands: a flipped bit in each byte of an entry. */
static void a_flipped_bit_makes_an_entry_nothing(void **state)
{
	record_groups(*state, 3);
	for (unsigned byte = 0; byte < 64; byte++) {
		pool_flip(*state, DIGESTS_FILE, 64 + byte, 0x10);
		expect_kept(*state, 1);
		pool_flip(*state, DIGESTS_FILE, 64 + byte, 0x10);
	}
	pool_flip(*state, DIGESTS_FILE, 30, 1);
	expect_kept(*state, 0);
}

static void a_cut_table_has_fewer_groups(void **state)
{
	record_groups(*state, 3);
	pool_truncate(*state, DIGESTS_FILE, 127);
	expect_kept(*state, 1);
	pool_truncate(*state, DIGESTS_FILE, 0);
	expect_kept(*state, 0);
}

/* An entry at another's place does not count: each begins where the one before ends. */
static void entries_out_of_order_do_not_count(void **state)
{
	struct backend *b;
	uint8_t entries[128];
	size_t got;

	record_groups(*state, 3);
	assert_int_equal(backend_local_open(((struct pool *)*state)->path, "T1.cart", true, &b), 0);
	assert_int_equal(b->ops->table_read(b, TABLE_DIGESTS, 1, 0, entries, 128, &got), 0);
	assert_int_equal(b->ops->table_write(b, TABLE_DIGESTS, 1, 0, entries + 64, 64), 0);
	b->ops->close(b);
	expect_kept(*state, 0);
}

/* Somebody changed the data and every checksum with it: only the kept digest tells. */
static void data_that_is_another_one_is_found(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_group group;
	struct cart_digest *other = cart_digest_new();
	uint8_t digest[CART_DIGEST_SIZE];
	uint64_t object = 99;

	write_marks(c, 2 * GROUP + 3);
	for (unsigned i = 0; i < 2 * GROUP; i++)
		if (i == GROUP + 1)
			cart_digest_block(other, "x", 1);
		else
			cart_digest_filemark(other);
	assert_int_equal(cart_digest_keep(c, other), 0);
	cart_digest_free(other);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, digest, &object), CART_E_DAMAGED);
	assert_int_equal(object, GROUP);
	/* and it is not overwritten by that */
	assert_int_equal(digest_kept(c, 1, GROUP, &group), 0);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, digest, &object), CART_E_DAMAGED);
	pool_close(c);
}

static void only_who_may_write_keeps(void **state)
{
	struct cart_digest *d = cart_digest_new();
	struct cart *c;

	record_groups(*state, 3);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_digest_keep(c, d), CART_E_PROTECTED);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	for (unsigned i = 0; i < 3 * GROUP; i++)
		cart_digest_filemark(d);
	assert_int_equal(cart_digest_keep(c, d), -EINVAL); /* of a longer recording */
	pool_close(c);
	cart_digest_free(d);
}

/* Groups of blocks: 64 MiB, reached exactly, and by one byte less and more. */
static void groups_of_blocks_are_kept(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint8_t digest[CART_DIGEST_SIZE];
	struct cart_group group;
	uint64_t object;

	assert_int_equal(cart_set_codec(c, CART_CODEC_LZ4), 0);
	write_blocks(c, 1, 4, CART_MAX_BLOCK);
	write_blocks(c, 5, 3, CART_MAX_BLOCK);
	write_blocks(c, 8, 1, CART_MAX_BLOCK - 1);
	write_blocks(c, 9, 1, 2);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, digest, &object), 0);
	assert_int_equal(digest_kept(c, 0, 0, &group), 0);
	assert_int_equal(group.end, 4);
	assert_int_equal(digest_kept(c, 1, 4, &group), 0);
	assert_int_equal(group.end, 9);
	pool_close(c);
	expect_quick_digest_is_right(*state);
}

static void a_recall_keeps_what_it_computed(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy = { .volume = "PHYS01L8" };
	uint64_t object;

	write_marks(c, GROUP);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	copy.filemarks = GROUP;
	copy.generation = cart_info(c)->generation;
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	assert_int_equal(cart_recall_begin(c), 0);
	write_marks(c, GROUP);
	assert_int_equal(cart_recall_commit(c, &copy), 0);
	assert_int_equal(groups_that_count(c), 1);
	pool_close(c);
	expect_kept(*state, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(complete_groups_are_kept),
		TEST(a_recording_that_ends_with_a_group_is_kept_whole),
		TEST(a_reader_keeps_nothing),
		TEST(a_quick_digest_does_not_read_what_is_kept),
		TEST(what_is_appended_leaves_the_groups_before_it),
		TEST(what_is_overwritten_counts_no_more),
		TEST(the_last_object_of_a_group_overwritten_is_enough),
		TEST(the_first_object_overwritten_leaves_nothing),
		TEST(an_erased_group_counts_no_more),
		TEST(a_writer_that_dies_leaves_nothing_wrong),
		TEST(what_is_kept_again_replaces_what_is_stale),
		TEST(a_flipped_bit_makes_an_entry_nothing),
		TEST(a_cut_table_has_fewer_groups),
		TEST(entries_out_of_order_do_not_count),
		TEST(data_that_is_another_one_is_found),
		TEST(only_who_may_write_keeps),
		TEST(groups_of_blocks_are_kept),
		TEST(a_recall_keeps_what_it_computed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
