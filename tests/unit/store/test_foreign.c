/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header that is not of the data beside it, data that cannot be read just now, and looks that
 * must change nothing: whatever happens to be wrong, no byte of a recording is cut.
 */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "tests/unit/store/repairs.h"

/* The header of T1, set aside and put back: free() */
struct kept {
	gchar *data;
	gsize size;
};

static struct kept header_keep(struct pool *p)
{
	char *path = pool_file(p, "header");
	struct kept kept;

	assert_true(g_file_get_contents(path, &kept.data, &kept.size, NULL));
	free(path);
	return kept;
}

static void header_put(struct pool *p, struct kept *kept)
{
	char *path = pool_file(p, "header");

	assert_true(g_file_set_contents(path, kept->data, (gssize)kept->size, NULL));
	free(path);
	g_free(kept->data);
}

/* Opens for writing, for reading and for looking are refused alike, and change nothing. */
static void expect_refused(struct pool *p)
{
	static const unsigned flags[] = { CART_OPEN_READ, CART_OPEN_READ | CART_OPEN_LOOK,
					  CART_OPEN_WRITE, CART_OPEN_WRITE | CART_OPEN_MOUNT };
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart *c;

	repairs_sum(p, before);
	for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++)
		assert_int_equal(cart_open(p->path, "T1", flags[i], &c), CART_E_FOREIGN);
	repairs_sum(p, after);
	assert_memory_equal(before, after, sizeof(before));
}

static int start_and_die(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	return r == 0 ? put_block(c, 7, 100) : r;
}

/* The header of an empty cartridge, that of the same one before it was written. */
static void an_older_header_cuts_nothing(void **state)
{
	struct pool *p = *state;
	struct kept old = header_keep(p);

	repairs_record(p);
	header_put(p, &old);
	expect_refused(p);
	assert_true(repairs_run(p).header_rebuilt);
	repairs_expect(p, OBJECTS, NULL);
}

/* One that a crash left open, which makes every open look for the end. */
static void an_older_header_that_was_left_open_cuts_nothing(void **state)
{
	struct pool *p = *state;
	struct kept old;
	struct cart *c;

	pool_die_after(p, start_and_die);
	old = header_keep(p);
	pool_close(pool_open(p, CART_OPEN_WRITE));
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_erase(c), 0);
	pool_close(c);
	repairs_record(p);
	header_put(p, &old);
	expect_refused(p);
	assert_true(repairs_run(p).header_rebuilt);
	repairs_expect(p, OBJECTS, NULL);
}

/* The older one ends in the middle of the data: only the frame behind its end objects. */
static void an_older_header_of_a_shorter_recording_cuts_nothing(void **state)
{
	struct pool *p = *state;
	struct kept old;
	struct cart *c;
	uint64_t end;

	assert_int_equal(repairs_record_first(p), 0);
	old = header_keep(p);
	end = pool_stat(p)->objects;
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	write_blocks(c, 7, 3, 500);
	pool_close(c);
	header_put(p, &old);
	expect_refused(p);
	(void)repairs_run(p);
	c = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_info(c)->objects, end + 3);
	assert_int_equal(cart_locate(c, end), 0);
	for (unsigned i = 0; i < 3; i++)
		expect_block(c, 7 + i, 500);
	pool_close(c);
}

static void the_header_of_another_cartridge_cuts_nothing(void **state)
{
	struct pool *p = *state;
	g_autofree char *path = g_strdup_printf("%s/T2.cart/header", p->path);
	struct kept other;

	repairs_record(p);
	pool_create(p, "T2", 0);
	assert_true(g_file_get_contents(path, &other.data, &other.size, NULL));
	header_put(p, &other);
	expect_refused(p);
	assert_true(repairs_run(p).header_rebuilt);
	assert_string_equal(pool_stat(p)->barcode, "T1");
	repairs_expect(p, OBJECTS, NULL);
}

/* T1 was deleted and made again, and the header of the first one came back from a backup. */
static void the_header_of_a_namesake_cuts_nothing(void **state)
{
	struct pool *p = *state;
	struct kept first = header_keep(p);

	assert_int_equal(cart_delete(p->path, "T1"), 0);
	pool_create(p, "T1", 0);
	repairs_record(p);
	header_put(p, &first);
	expect_refused(p);
	assert_true(repairs_run(p).header_rebuilt);
	repairs_expect(p, OBJECTS, NULL);
}

/* The format begins another stream, and the header's own is gone. */
static void a_header_from_before_a_format_deletes_nothing(void **state)
{
	const struct cart_format two = { .partitions = 2, .proportion = CART_WHOLE };
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE), *one;
	struct kept old, new;

	write_blocks(c, 1, 3, 100);
	pool_close(c);
	old = header_keep(p);
	for (unsigned partition = 0; partition <= 1; partition++) {
		c = pool_open(p, CART_OPEN_WRITE);
		assert_int_equal(cart_format(c, &two), 0);
		if (partition == 0) {
			write_blocks(c, 5, 2, 200);
		} else {
			assert_int_equal(cart_open_partition(c, 1, &one), 0);
			write_blocks(one, 5, 2, 200);
			pool_close(one);
		}
		pool_close(c);
		new = header_keep(p);
		header_put(p, &(struct kept){ g_memdup2(old.data, old.size), old.size });
		expect_refused(p);
		header_put(p, &new);
		c = pool_open(p, CART_OPEN_READ);
		assert_int_equal(cart_open_partition(c, 1, &one), 0);
		assert_int_equal(cart_info(partition == 0 ? c : one)->objects, 2);
		pool_close(one);
		pool_close(c);
	}
	g_free(old.data);
}

static void release(struct pool *p)
{
	struct cart_copy copy = { .volume = "PHYS01L8" };
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	uint64_t object;

	copy.generation = cart_info(c)->generation;
	copy.blocks = cart_info(c)->blocks;
	copy.filemarks = cart_info(c)->filemarks;
	copy.bytes = cart_info(c)->logical_bytes;
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
}

/* It says that there is no data, and who tidies would believe it. */
static void the_header_of_a_migrated_cartridge_frees_nothing_later(void **state)
{
	struct pool *p = *state;
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart_copy copy;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	struct kept old;

	write_blocks(c, 1, 3, 100);
	pool_close(c);
	release(p);
	old = header_keep(p);
	c = pool_open(p, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	copy = cart_info(c)->copies[0];
	assert_int_equal(cart_recall_begin(c), 0);
	write_blocks(c, 1, 3, 100);
	assert_int_equal(cart_recall_commit(c, &copy), 0);
	pool_close(c);
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	write_blocks(c, 4, 4, 100);
	pool_close(c);
	header_put(p, &old);
	repairs_sum(p, before);
	assert_int_equal(cart_sweep(p->path, "T1", 1000), CART_E_FOREIGN);
	assert_int_equal(cart_open(p->path, "T1", CART_OPEN_WRITE | CART_OPEN_ADMIN, &c),
			 CART_E_FOREIGN);
	repairs_sum(p, after);
	assert_memory_equal(before, after, sizeof(before));
}

/* The first frame of the later epoch did not fit into the segment where the older one ends. */
static void an_older_header_that_ends_with_its_segment_cuts_nothing(void **state)
{
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	struct kept old;

	write_blocks(c, 1, 1, 65536 - 2000); /* a segment of the tests has 64 KiB */
	pool_close(c);
	old = header_keep(p);
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	write_blocks(c, 2, 3, 5000);
	pool_close(c);
	header_put(p, &old);
	expect_refused(p);
}

/* A look at what a crash left shows what an open would recover, and changes nothing. */
static void a_look_changes_nothing(void **state)
{
	struct pool *p = *state;
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart *c;

	pool_die_after(p, repairs_record_and_die);
	assert_true(pool_stat(p)->unclosed);
	pool_unlink(p, "index.00000001");
	repairs_sum(p, before);
	c = pool_open(p, CART_OPEN_READ | CART_OPEN_LOOK);
	assert_true(cart_info(c)->unclosed);
	assert_true(cart_info(c)->objects > 0);
	while (read_object(c) != CART_E_EOD) {
	}
	pool_close(c);
	repairs_sum(p, after);
	assert_memory_equal(before, after, sizeof(before));
	pool_close(pool_open(p, CART_OPEN_WRITE));
	assert_false(pool_stat(p)->unclosed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_older_header_cuts_nothing),
		TEST(an_older_header_that_was_left_open_cuts_nothing),
		TEST(an_older_header_of_a_shorter_recording_cuts_nothing),
		TEST(the_header_of_another_cartridge_cuts_nothing),
		TEST(the_header_of_a_namesake_cuts_nothing),
		TEST(a_header_from_before_a_format_deletes_nothing),
		TEST(the_header_of_a_migrated_cartridge_frees_nothing_later),
		TEST(an_older_header_that_ends_with_its_segment_cuts_nothing),
		TEST(a_look_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
