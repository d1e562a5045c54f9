/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/recover.c, in segments of 64 KiB: the rules R1 to R4 of
 * docs/cartridge-format.md. */
#include "tests/support/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/store/cart.h"

#define SIZE 1000 /* of all blocks here: frame N is at frame_of(N) while they fit in a segment */

static uint64_t frame_of(uint64_t object)
{
	return DATA_START + (80 + SIZE) * object;
}

static int put_blocks(struct cart *c, uint64_t from, uint64_t until)
{
	int r = 0;

	for (uint64_t i = from; r == 0 && i < until; i++)
		r = put_block(c, i, SIZE);
	return r;
}

/* Objects 0 to 9 closed; 10 to 14 synced; 15 to 19 written; then death. */
static int write_20_and_die(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r == 0)
		r = put_blocks(c, 0, 10);
	if (r == 0)
		r = cart_close(c);
	if (r == 0)
		r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);
	if (r == 0)
		r = cart_space_eod(c);
	if (r == 0)
		r = put_blocks(c, 10, 15);
	if (r == 0)
		r = cart_sync(c);
	return r == 0 ? put_blocks(c, 15, 20) : r;
}

/* Objects [from, until) are damaged, the rest is right, and the recording ends at @end. */
static void expect_recording(struct cart *c, uint64_t from, uint64_t until, uint64_t end)
{
	assert_int_equal(cart_info(c)->objects, end);
	for (uint64_t i = 0; i < end; i++) {
		if (i >= from && i < until)
			assert_int_equal(read_object(c), CART_E_DAMAGED);
		else
			expect_block(c, i, SIZE);
	}
	assert_int_equal(read_object(c), CART_E_EOD);
}

/* The writer dies, @hurt does something to the files, and a reader finds this: */
static void expect_after(void **state, void (*hurt)(struct pool *p), uint64_t from, uint64_t until,
			 uint64_t end)
{
	struct cart *c;

	pool_die_after(*state, write_20_and_die);
	if (hurt != NULL)
		hurt(*state);
	c = pool_open(*state, CART_OPEN_READ);
	expect_recording(c, from, until, end);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE); /* and for good: */
	expect_recording(c, from, until, end);
	write_blocks(c, end, 1, SIZE);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect_recording(c, from, until, end + 1);
	pool_close(c);
}

static void a_killed_writer_loses_nothing(void **state)
{
	expect_after(state, NULL, 0, 0, 20);
}

static void lose_tables(struct pool *p)
{
	pool_unlink(p, INDEX_FILE);
	pool_unlink(p, MARKS_FILE);
}

static void a_killed_writer_loses_nothing_without_its_index(void **state)
{
	expect_after(state, lose_tables, 0, 0, 20);
}

static void tear_header(struct pool *p)
{
	pool_truncate(p, DATA_FILE, frame_of(17) + 30);
}

static void tear_data(struct pool *p)
{
	pool_truncate(p, DATA_FILE, frame_of(17) + 500);
}

static void a_torn_tail_ends_the_recording(void **state)
{
	expect_after(state, tear_header, 0, 0, 17);
}

static void a_torn_block_ends_the_recording(void **state)
{
	expect_after(state, tear_data, 0, 0, 17);
}

static void lose_page(struct pool *p)
{
	pool_flip(p, DATA_FILE, frame_of(16) + 600, 0xff);
}

/* What follows a block that did not reach the disk is never shown, however whole it is. */
static void nothing_behind_a_hole_is_shown(void **state)
{
	expect_after(state, lose_page, 0, 0, 16);
}

static void lose_header(struct pool *p)
{
	pool_flip(p, DATA_FILE, frame_of(16) + 20, 0xff);
}

static void nothing_behind_a_lost_header_is_shown(void **state)
{
	expect_after(state, lose_header, 0, 0, 16);
}

static void damage_stable(struct pool *p)
{
	pool_flip(p, DATA_FILE, frame_of(12) + 20, 0xff);
}

/* Object 12 was acknowledged, and the frames of 15 and later vouch for it. */
static void damage_in_what_was_stable_is_damage(void **state)
{
	expect_after(state, damage_stable, 12, 13, 20);
}

static void damage_across_the_epoch(struct pool *p)
{
	for (uint64_t i = 8; i < 13; i++)
		pool_flip(p, DATA_FILE, frame_of(i) + 20, 0xff);
}

static void damage_across_the_epoch_and_lose_tables(struct pool *p)
{
	damage_across_the_epoch(p);
	lose_tables(p);
}

/* The frame found behind the gap is the first to say that the gap was stable. */
static void damage_that_only_later_frames_vouch_for_is_damage(void **state)
{
	expect_after(state, damage_across_the_epoch_and_lose_tables, 8, 13, 20);
}

static int write_tail_and_die(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r == 0)
		r = cart_locate(c, 5);
	return r == 0 ? put_block(c, 5, SIZE) : r;
}

static void an_old_recording_never_comes_back(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 100, 15, SIZE);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	write_blocks(c, 0, 10, SIZE);
	pool_close(c);
	pool_die_after(*state, write_tail_and_die);
	c = pool_open(*state, CART_OPEN_READ);
	expect_recording(c, 0, 0, 6);
	pool_close(c);
}

/* The header of a new epoch reached the disk; nothing that it cuts was cut yet. */
static int begin_epoch_and_die(struct pool *p)
{
	struct cart *c;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r != 0)
		return r;
	c->info.epoch++;
	c->epoch_object = 4;
	c->epoch_address = c->end = frame_of(4);
	c->clean = false;
	return header_store(c);
}

static void a_header_alone_ends_the_recording(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 0, 10, SIZE);
	pool_close(c);
	pool_die_after(*state, begin_epoch_and_die);
	c = pool_open(*state, CART_OPEN_READ);
	expect_recording(c, 0, 0, 4);
	pool_close(c);
}

static void a_lost_index_is_made_anew_over_segments(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint64_t residual;

	write_blocks(c, 0, 300, SIZE); /* five segments */
	write_marks(c, 2);
	pool_close(c);
	lose_tables(*state);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_locate(c, 255), 0);
	expect_block(c, 255, SIZE);
	assert_int_equal(cart_space_filemarks(c, 2, &residual), 0);
	expect_position(c, 302, 2);
	pool_close(c);
}

static void a_lost_segment_damages_what_it_held(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_check check;

	write_blocks(c, 0, 150, SIZE);
	write_marks(c, 1);
	pool_close(c);
	pool_unlink(*state, "data.00000001.00000001"); /* objects 60 to 119 */
	lose_tables(*state);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_verify(c, NULL, NULL, &check), 0);
	assert_int_equal(check.damaged, 60);
	assert_int_equal(check.first_damaged, 60);
	assert_int_equal(cart_locate(c, 120), 0);
	expect_block(c, 120, SIZE);
	pool_close(c);
	c = pool_open(*state,
		      CART_OPEN_WRITE); /* an overwrite among the lost goes on behind them */
	assert_int_equal(cart_locate(c, 100), 0);
	write_blocks(c, 100, 3, SIZE);
	assert_int_equal(cart_locate(c, 99), 0);
	assert_int_equal(read_object(c), CART_E_DAMAGED);
	expect_block(c, 100, SIZE);
	pool_close(c);
	lose_tables(*state);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_locate(c, 99), 0);
	assert_int_equal(read_object(c), CART_E_DAMAGED);
	for (uint64_t i = 100; i < 103; i++)
		expect_block(c, i, SIZE);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

static void filemarks_lost_at_the_end_are_counted(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 0, 3, SIZE);
	write_marks(c, 2);
	pool_close(c);
	pool_truncate(*state, DATA_FILE, frame_of(3) + 10);
	lose_tables(*state);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	expect_position(c, 5, 2);
	write_marks(c, 1);
	write_blocks(c, 6, 1, SIZE);
	assert_int_equal(cart_locate_file(c, 3), 0);
	expect_position(c, 6, 3);
	expect_block(c, 6, SIZE);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	assert_false(c->index_rebuilt);
	pool_close(c);
}

/* A host backs the pool up to the cartridge itself: its data holds old frames of this recording. */
static void frames_in_a_hosts_data_are_not_objects(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	static uint8_t image[20000];
	const struct iovec iov = { image, sizeof(image) };
	size_t got = 0;

	write_blocks(c, 500, 18, SIZE);
	assert_int_equal(c->backend->ops->read(c->backend, 1, 0, image, sizeof(image), &got), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_write(c, &iov, 1, got), 0);
	write_blocks(c, 1, 19, SIZE);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE); /* makes the old frames count by their epoch */
	assert_int_equal(cart_space_eod(c), 0);
	write_blocks(c, 20, 1, SIZE);
	pool_close(c);
	pool_flip(*state, DATA_FILE, DATA_START + 3, 1); /* the frame of the image itself */
	lose_tables(*state);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(read_object(c), CART_E_DAMAGED);
	for (uint64_t i = 1; i < 21; i++)
		expect_block(c, i, SIZE);
	pool_close(c);
}

/*
 * A writer whose lock was lost (somebody deleted the file) wakes up behind another one's back: it
 * writes nothing, and its header does not replace the other's (P7).
 */
static void a_fenced_writer_writes_nothing(void **state)
{
	struct cart *old = pool_open(*state, CART_OPEN_WRITE), *c;

	write_blocks(old, 0, 3, SIZE);
	assert_int_equal(cart_sync(old), 0);
	pool_unlink(*state, "lock");
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	write_blocks(c, 3, 4, SIZE);
	assert_int_equal(cart_sync(c), 0);
	assert_int_equal(put_block(old, 50, SIZE), -ESTALE); /* would be over object 3 */
	assert_int_equal(cart_locate(old, 1), 0);
	assert_int_equal(put_block(old, 60, SIZE), -ESTALE); /* needs a header */
	assert_int_equal(cart_close(old), -ESTALE);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect_recording(c, 0, 0, 7);
	pool_close(c);
}

/* ---- bad sectors ---- */

static struct backend_ops failing;
static uint64_t bad_address;
static int (*sound_read)(struct backend *b, uint32_t stream, uint64_t address, void *buf,
			 size_t size, size_t *ret_size);

static int failing_read(struct backend *b, uint32_t stream, uint64_t address, void *buf,
			size_t size, size_t *ret_size)
{
	if (address <= bad_address && bad_address < address + size)
		return -EIO;
	return sound_read(b, stream, address, buf, size, ret_size);
}

static void a_bad_sector_costs_the_blocks_that_it_touches(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 0, 50, SIZE);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	failing = *c->backend->ops;
	sound_read = failing.read;
	failing.read = failing_read;
	c->backend->ops = &failing;
	bad_address = frame_of(10) + 40;
	assert_int_equal(rebuild_index(c), 0);
	for (uint64_t i = 0; i < 50; i++) {
		int r;

		assert_int_equal(cart_locate(c, i), 0);
		r = read_object(c);
		if (r != (i >= 10 && i <= 13 && r != 0 ? CART_E_DAMAGED : 0))
			fail_msg("object %u: %s", (unsigned)i, cart_outcome_name(r));
	}
	assert_int_equal(cart_locate(c, 10), 0);
	assert_int_equal(read_object(c), CART_E_DAMAGED);
	pool_close(c);
}

/*
 * Object 1 was a block once that began the next segment, and is a filemark now that fitted into
 * this one; a loss of power brought the old entry back.
 */
static void an_old_index_entry_at_the_next_segment_is_no_proof_of_damage(void **state)
{
	const struct disk_index_entry old = { le64_from(SEGMENT_SIZE + DATA_START),
					      le32_from(60000), le32_from(60000) };
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	char *path = pool_file(*state, INDEX_FILE);
	int fd;

	assert_int_equal(put_blocks(c, 0, 1), 0);
	write_marks(c, 1);
	assert_int_equal(put_block(c, 2, 65000), 0);
	pool_close(c);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, &old, sizeof(old), sizeof(old)), sizeof(old));
	(void)close(fd);
	free(path);
	c = pool_open(*state, CART_OPEN_READ);
	expect_block(c, 0, SIZE);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	expect_block(c, 2, 65000);
	pool_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_killed_writer_loses_nothing),
		TEST(a_killed_writer_loses_nothing_without_its_index),
		TEST(a_torn_tail_ends_the_recording),
		TEST(a_torn_block_ends_the_recording),
		TEST(nothing_behind_a_hole_is_shown),
		TEST(nothing_behind_a_lost_header_is_shown),
		TEST(damage_in_what_was_stable_is_damage),
		TEST(damage_that_only_later_frames_vouch_for_is_damage),
		TEST(an_old_recording_never_comes_back),
		TEST(a_header_alone_ends_the_recording),
		TEST(a_lost_index_is_made_anew_over_segments),
		TEST(a_lost_segment_damages_what_it_held),
		TEST(filemarks_lost_at_the_end_are_counted),
		TEST(frames_in_a_hosts_data_are_not_objects),
		TEST(a_fenced_writer_writes_nothing),
		TEST(an_old_index_entry_at_the_next_segment_is_no_proof_of_damage),
		TEST(a_bad_sector_costs_the_blocks_that_it_touches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
