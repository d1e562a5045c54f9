/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/read.c: exact lengths, exact damage, and an index that lies. */
#include "tests/support/pool.h"

#include <errno.h>
#include <string.h>

#include "lib/store/cart.h"

#define FRAME_BYTES sizeof(struct disk_frame)

/* Ten blocks of 1000 bytes with the seeds 0 to 9: frame N is at DATA_START + 1080 * N. */
static int setup(void **state)
{
	struct cart *c;
	int r = pool_setup(state);

	if (r != 0)
		return r;
	c = pool_open(*state, CART_OPEN_WRITE);
	write_blocks(c, 0, 10, 1000);
	pool_close(c);
	return 0;
}

static uint64_t frame_of(uint64_t object)
{
	return DATA_START + 1080 * object;
}

static void expect_all_but(struct cart *c, uint64_t damaged)
{
	for (uint64_t i = 0; i < 10; i++) {
		if (i == damaged)
			assert_int_equal(read_object(c), CART_E_DAMAGED);
		else
			expect_block(c, i, 1000);
	}
	assert_int_equal(read_object(c), CART_E_EOD);
}

static void lengths_are_exact_for_any_buffer(void **state)
{
	static const size_t sizes[] = { 0, 1, 999, 1000, 1001, 4096 };
	struct cart *c = pool_open(*state, CART_OPEN_READ);
	static uint8_t block[1000], got[4096];

	fill_block(block, 5, sizeof(block));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		const struct iovec iov[] = { { got, 7 }, { got + 7, sizeof(got) - 7 } };
		size_t length = 0, common = sizes[i] < 1000 ? sizes[i] : 1000;

		memset(got, 0xee, sizeof(got));
		assert_int_equal(cart_locate(c, 5), 0);
		assert_int_equal(cart_read(c, iov, 2, sizes[i], &length), 0);
		assert_int_equal(length, 1000);
		assert_memory_equal(got, block, common);
		assert_int_equal(got[common], 0xee);
	}
	pool_close(c);
}

static void damage_is_told_at_exactly_the_block_that_has_it(void **state)
{
	static const struct {
		const char *label;
		uint64_t offset;
	} rows[] = {
		{ "magic", 0 }, { "object", 8 },      { "epoch", 17 },      { "size", 60 },
		{ "crc", 65 },  { "header crc", 79 }, { "first byte", 80 }, { "last byte", 1079 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cart *c;

		print_message("%s\n", rows[i].label);
		pool_flip(*state, DATA_FILE, frame_of(4) + rows[i].offset, 0x20);
		c = pool_open(*state, CART_OPEN_READ);
		expect_all_but(c, 4);
		pool_close(c);
		pool_flip(*state, DATA_FILE, frame_of(4) + rows[i].offset, 0x20);
	}
}

static void a_damaged_block_can_be_spaced_over(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_READ);
	uint64_t residual;

	pool_flip(*state, DATA_FILE, frame_of(4) + 2, 1);
	assert_int_equal(cart_space_blocks(c, 5, &residual), 0);
	expect_block(c, 5, 1000);
	assert_int_equal(cart_space_blocks(c, -3, &residual), 0);
	expect_block(c, 3, 1000);
	pool_close(c);
}

static void a_lost_tail_damages_what_it_held(void **state)
{
	struct cart *c;

	pool_truncate(*state, DATA_FILE, frame_of(9) + 500);
	c = pool_open(*state, CART_OPEN_READ);
	expect_all_but(c, 9);
	pool_close(c);
	pool_truncate(*state, DATA_FILE, frame_of(9));
	c = pool_open(*state, CART_OPEN_READ);
	expect_all_but(c, 9);
	pool_close(c);
}

/* One byte of each entry at a time, found out by a reader that has it open already. */
static void a_lying_index_is_found_out(void **state)
{
	for (uint64_t byte = 0; byte < sizeof(struct disk_index_entry); byte++) {
		struct cart *c = pool_open(*state, CART_OPEN_READ);

		print_message("byte %u\n", (unsigned)byte);
		pool_flip(*state, INDEX_FILE, 4 * sizeof(struct disk_index_entry) + byte, 0x81);
		expect_all_but(c, 99);
		pool_close(c);
		c = pool_open(*state, CART_OPEN_READ); /* repaired, or not minded */
		expect_all_but(c, 99);
		pool_close(c);
	}
}

static void a_lying_index_is_found_out_by_a_writer_too(void **state)
{
	struct cart *c;

	pool_flip(*state, INDEX_FILE, 4 * sizeof(struct disk_index_entry), 0x10);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	write_blocks(c, 10, 1, 1000);
	assert_int_equal(cart_locate(c, 0), 0);
	for (uint64_t i = 0; i <= 10; i++)
		expect_block(c, i, 1000);
	write_blocks(c, 11, 1, 1000);
	pool_close(c);
}

static void a_lying_index_does_not_decide_what_is_cut(void **state)
{
	struct cart *c;

	pool_flip(*state, INDEX_FILE, 4 * sizeof(struct disk_index_entry), 0x10);
	pool_flip(*state, INDEX_FILE, 3 * sizeof(struct disk_index_entry) + 1, 0x10);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_locate(c, 4), 0);
	write_blocks(c, 70, 1, 1000);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	for (uint64_t i = 0; i < 4; i++)
		expect_block(c, i, 1000);
	expect_block(c, 70, 1000);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

static struct backend_ops failing;
static int (*sound_table_read)(struct backend *b, enum backend_table table, uint32_t stream,
			       uint64_t offset, void *buf, size_t size, size_t *ret_size);
static unsigned bad_reads;

static int bad_table_read(struct backend *b, enum backend_table table, uint32_t stream,
			  uint64_t offset, void *buf, size_t size, size_t *ret_size)
{
	if (bad_reads > 0) {
		bad_reads--;
		return -EIO;
	}
	return sound_table_read(b, table, stream, offset, buf, size, ret_size);
}

static void an_index_on_bad_sectors_is_made_anew(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_READ);

	failing = *c->backend->ops;
	sound_table_read = failing.table_read;
	failing.table_read = bad_table_read;
	c->backend->ops = &failing;
	c->index.cached_count = 0;
	bad_reads = 1;
	expect_all_but(c, 99);
	assert_int_equal(bad_reads, 0);
	assert_true(c->index_rebuilt);
	pool_close(c);
}

static void a_compressed_block_is_checked_after_unpacking(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	assert_int_equal(cart_set_codec(c, CART_CODEC_ZLIB), 0);
	write_blocks(c, 3, 2, 50000);
	assert_true(cart_info(c)->stored_bytes < 100000);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect_block(c, 3, 50000);
	expect_block(c, 4, 50000);
	pool_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_teardown)
		TEST(lengths_are_exact_for_any_buffer),
		TEST(damage_is_told_at_exactly_the_block_that_has_it),
		TEST(a_damaged_block_can_be_spaced_over),
		TEST(a_lost_tail_damages_what_it_held),
		TEST(a_lying_index_is_found_out),
		TEST(a_lying_index_is_found_out_by_a_writer_too),
		TEST(a_lying_index_does_not_decide_what_is_cut),
		TEST(an_index_on_bad_sectors_is_made_anew),
		TEST(a_compressed_block_is_checked_after_unpacking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
