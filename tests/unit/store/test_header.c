/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/header.c: what is stored is loaded, and nothing else is taken for a header. */
#include "tests/support/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/base/fs.h"
#include "lib/store/cart.h"

static int stat_t1(struct pool *p)
{
	static struct cart_info info;

	return cart_stat(p->path, "T1", &info);
}

/* Changes @size bytes of the header at @offset and makes its CRC fit again. */
static void forge(struct pool *p, size_t offset, const void *bytes, size_t size)
{
	char *path = pool_file(p, "header");
	int fd = open(path, O_RDWR | O_CLOEXEC);
	static uint8_t data[HEADER_MAX];
	size_t have = 0;
	le32 crc;

	free(path);
	assert_true(fd >= 0);
	assert_int_equal(fs_pread(fd, data, sizeof(data), 0, &have), 0);
	memcpy(data + offset, bytes, size);
	crc = le32_from(crc32c(0, data, have - sizeof(crc)));
	memcpy(data + have - sizeof(crc), &crc, sizeof(crc));
	assert_int_equal(fs_pwrite(fd, data, have, 0), 0);
	(void)close(fd);
}

static void everything_that_is_stored_is_loaded(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE | CART_OPEN_MOUNT);
	const struct cart_copy copy = { .volume = "P00001",
					.file = 3,
					.generation = 1,
					.blocks = 2,
					.filemarks = 1,
					.bytes = 2000,
					.verified_s = 1234567890,
					.digest = { 1, 2, 3 } };
	const struct cart_info *i;

	write_blocks(c, 1, 2, 1000);
	write_marks(c, 1);
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_set_write_protect(c, true), 0);
	pool_close(c);
	i = pool_stat(*state);
	assert_string_equal(i->barcode, "T1");
	assert_int_equal(i->state, CART_PREMIGRATED);
	assert_int_equal(i->density, 0x5e);
	assert_int_equal(i->medium_type, 0x88);
	assert_true(i->write_protect);
	assert_false(i->mounted);
	assert_int_equal(i->loads, 1);
	assert_int_equal(i->generation, 1);
	assert_int_equal(i->objects, 3);
	assert_int_equal(i->blocks, 2);
	assert_int_equal(i->filemarks, 1);
	assert_int_equal(i->logical_bytes, 2000);
	assert_int_equal(i->lifetime_written_bytes, 2000);
	assert_true(i->last_unmount_s >= i->created_s && i->created_s > 0);
	assert_int_equal(i->copies_cnt, 1);
	assert_memory_equal(&i->copies[0], &copy, sizeof(copy));
}

static void any_flipped_bit_makes_it_invalid(void **state)
{

	for (uint64_t offset = 0; offset < pool_file_size(*state, "header"); offset += 7) {
		pool_flip(*state, "header", offset, 1);
		if (offset >= 8 && offset < 12) /* the version */
			assert_int_equal(stat_t1(*state), CART_E_UNSUPPORTED);
		else
			assert_int_equal(stat_t1(*state), CART_E_INVALID);
		pool_flip(*state, "header", offset, 1);
	}
	assert_int_equal(stat_t1(*state), 0);
}

static void any_other_length_makes_it_invalid(void **state)
{
	uint64_t size = pool_file_size(*state, "header");

	pool_truncate(*state, "header", size + 1);
	assert_int_equal(stat_t1(*state), CART_E_INVALID);
	pool_truncate(*state, "header", size - 1);
	assert_int_equal(stat_t1(*state), CART_E_INVALID);
	pool_truncate(*state, "header", 0);
	assert_int_equal(stat_t1(*state), CART_E_INVALID);
	pool_truncate(*state, "header", HEADER_MAX + 1);
	assert_int_equal(stat_t1(*state), CART_E_INVALID);
	pool_unlink(*state, "header");
	assert_int_equal(stat_t1(*state), CART_E_INVALID);
}

static void what_makes_no_sense_is_invalid_and_what_is_new_unsupported(void **state)
{
	static const struct {
		const char *label;
		size_t offset;
		uint8_t bytes[8];
		size_t size;
		int outcome;
	} rows[] = {
		{ "unknown incompatible bit", 16, { 0x80 }, 4, CART_E_UNSUPPORTED },
		{ "later version", 8, { 2 }, 4, CART_E_UNSUPPORTED },
		{ "unknown compatible bit", 20, { 1 }, 4, 0 },
		{ "unknown flag", 74, { 0x84 }, 1, 0 },
		{ "state", 72, { 5 }, 1, CART_E_INVALID },
		{ "codec", 73, { 4 }, 1, CART_E_INVALID },
		{ "barcode", 40, { '/' }, 1, CART_E_INVALID },
		{ "stream 0", 128, { 0 }, 4, CART_E_INVALID },
		{ "counters that do not add up", 152, { 7 }, 8, CART_E_INVALID },
		{ "an end before the beginning", 176, { 5 }, 8, CART_E_INVALID },
		{ "an epoch before the beginning", 112, { 5 }, 8, CART_E_INVALID },
	};

	for (size_t n = 0; n < sizeof(rows) / sizeof(*rows); n++) {
		char *path = pool_file(*state, "header");
		int r;

		assert_int_equal(unlink(path), 0);
		free(path);
		assert_int_equal(cart_delete(((struct pool *)*state)->path, "T1"), 0);
		pool_create(*state, "T1", 0);
		forge(*state, rows[n].offset, rows[n].bytes, rows[n].size);
		r = stat_t1(*state);
		if (r != rows[n].outcome)
			fail_msg("%s: %s", rows[n].label, cart_outcome_name(r));
	}
}

/* A recording of objects that its data could not hold would keep a rebuild busy for ever. */
static void more_objects_than_the_data_can_hold_are_invalid(void **state)
{
	const le64 many[2] = { le64_from(UINT64_C(1) << 40), le64_from(UINT64_C(1) << 40) };

	forge(*state, 136, many, sizeof(many)); /* objects, blocks */
	assert_int_equal(stat_t1(*state), CART_E_INVALID);
}

static void unknown_records_are_kept(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	static const uint8_t record[] = { 0x34, 0x12, 3, 0, 'a', 'b', 'c' };
	char *path = pool_file(*state, "header");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t data[sizeof(struct disk_header) + sizeof(record)];

	memcpy(c->unknown_records, record, sizeof(record));
	c->unknown_size = sizeof(record);
	assert_int_equal(header_store(c), 0);
	pool_close(c);
	(void)close(fd);
	c = pool_open(*state, CART_OPEN_WRITE);
	write_blocks(c, 1, 1, 10);
	pool_close(c);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	assert_int_equal(fs_pread_exact(fd, data, sizeof(data), 0), 0);
	(void)close(fd);
	assert_memory_equal(data + sizeof(struct disk_header), record, sizeof(record));
}

/* The header of @c gets a record of a later version that makes it @size bytes long. */
static void fill_header(struct cart *c, size_t size)
{
	size_t record = size - header_size(c);

	assert_int_equal(c->unknown_size, 0);
	free(c->unknown_records);
	c->unknown_records = calloc(1, record);
	assert_non_null(c->unknown_records);
	memcpy(c->unknown_records,
	       (const uint8_t[]){ 0x34, 0x12, (uint8_t)(record - 4), (uint8_t)((record - 4) >> 8) },
	       4);
	c->unknown_size = record;
	assert_int_equal(header_size(c), size);
}

static void the_longest_header_is_stored_and_loaded(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	fill_header(c, HEADER_MAX);
	assert_int_equal(header_store(c), 0);
	write_blocks(c, 1, 3, 100);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(header_size(c), HEADER_MAX);
	expect_block(c, 1, 100);
	pool_close(c);
}

/* It could not be loaded again. */
static void what_makes_a_header_too_long_is_refused_and_changes_nothing(void **state)
{
	const struct cart_copy copy = { .volume = "PHYS01L8", .generation = 1 };
	const struct cart_format two = { .partitions = 2, .proportion = CART_WHOLE };
	const struct cart_attribute text = { .id = 0x806,
					     .size = 100,
					     .value = (uint8_t[100]){ 1 } };
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	char *folder = pool_file(*state, "partitions");
	uint64_t epoch;

	write_blocks(c, 1, 3, 100);
	fill_header(c, HEADER_MAX - 20);
	assert_int_equal(cart_sync(c), 0);
	epoch = c->last_epoch;
	assert_int_equal(cart_copy_add(c, &copy), -E2BIG);
	assert_int_equal(cart_attributes_set(c, &text, 1, CART_ATTRIBUTES_NOW), CART_E_FULL);
	assert_int_equal(cart_format(c, &two), CART_E_FULL);
	assert_int_equal(access(folder, F_OK), -1);
	free(folder);
	assert_false(c->unsure);
	assert_int_equal(c->last_epoch, epoch);
	assert_int_equal(cart_info(c)->copies_cnt, 0);
	assert_int_equal(cart_info(c)->layout.partitions, 1);
	write_blocks(c, 4, 1, 100);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(c->info.epoch, epoch);
	for (unsigned i = 0; i < 4; i++)
		expect_block(c, 1 + i, 100);
	pool_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_that_is_stored_is_loaded, pool_setup,
						pool_teardown),
		cmocka_unit_test_setup_teardown(any_flipped_bit_makes_it_invalid, pool_setup,
						pool_teardown),
		cmocka_unit_test_setup_teardown(any_other_length_makes_it_invalid, pool_setup,
						pool_teardown),
		cmocka_unit_test_setup_teardown(
			what_makes_no_sense_is_invalid_and_what_is_new_unsupported, pool_setup,
			pool_teardown),
		cmocka_unit_test_setup_teardown(more_objects_than_the_data_can_hold_are_invalid,
						pool_setup, pool_teardown),
		cmocka_unit_test_setup_teardown(unknown_records_are_kept, pool_setup,
						pool_teardown),
		cmocka_unit_test_setup_teardown(the_longest_header_is_stored_and_loaded, pool_setup,
						pool_teardown),
		cmocka_unit_test_setup_teardown(
			what_makes_a_header_too_long_is_refused_and_changes_nothing, pool_setup,
			pool_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
