/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/partition.c: a medium that is divided. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

#define MB 1000000u

static int format_to(struct cart *c, unsigned partitions, uint64_t each)
{
	struct cart_format f = { .partitions = partitions, .proportion = CART_WHOLE };

	for (unsigned n = 0; n < partitions && n < CART_PARTITIONS; n++)
		f.capacity_bytes[n] = each;
	return cart_format(c, &f);
}

/* T1 with two partitions; 3 blocks from seed 10 in the first, 2 from seed 20 in the second. */
static struct cart *divided(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE), *p;

	assert_int_equal(format_to(c, 2, 0), 0);
	write_blocks(c, 10, 3, 500);
	assert_int_equal(cart_open_partition(c, 1, &p), 0);
	write_blocks(p, 20, 2, 700);
	assert_int_equal(cart_close(p), 0);
	return c;
}

/* How many folders there are of partitions of T1. */
static unsigned folders(void **state)
{
	struct pool *p = *state;
	char *path, **list;
	unsigned n = 0;

	assert_true(asprintf(&path, "%s/T1.cart/partitions", p->path) > 0);
	if (access(path, F_OK) != 0) {
		free(path);
		return 0;
	}
	assert_int_equal(cart_list(path, &list), 0);
	while (list[n] != NULL)
		n++;
	cart_list_free(list);
	free(path);
	return n;
}

static void partitions_are_recordings_of_their_own(void **state)
{
	struct cart *c = divided(state), *p;

	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_info(c)->layout.partitions, 2);
	assert_int_equal(cart_info(c)->objects, 3);
	expect_block(c, 10, 500);
	assert_int_equal(cart_open_partition(c, 1, &p), 0);
	assert_int_equal(cart_info(p)->objects, 2);
	expect_block(p, 20, 700);
	expect_block(p, 21, 700);
	assert_int_equal(read_object(p), CART_E_EOD);
	expect_block(c, 11, 500);
	assert_int_equal(cart_close(p), 0);
	pool_close(c);
}

static void a_format_throws_all_away(void **state)
{
	struct cart *c = divided(state), *p;

	assert_int_equal(format_to(c, 3, 0), 0);
	expect_position(c, 0, 0);
	assert_int_equal(cart_info(c)->objects, 0);
	assert_int_equal(read_object(c), CART_E_EOD);
	for (unsigned n = 1; n < 3; n++) {
		assert_int_equal(cart_open_partition(c, n, &p), 0);
		assert_int_equal(cart_info(p)->objects, 0);
		assert_int_equal(cart_close(p), 0);
	}
	assert_int_equal(cart_open_partition(c, 3, &p), CART_E_ABSENT);
	pool_close(c);
	assert_int_equal(folders(state), 2);
}

static void one_partition_is_an_ordinary_cartridge_again(void **state)
{
	struct cart *c = divided(state);

	assert_int_equal(format_to(c, 1, 0), 0);
	write_blocks(c, 1, 1, 100);
	pool_close(c);
	assert_int_equal(folders(state), 0);
	assert_int_equal(pool_stat(*state)->layout.partitions, 1);
	assert_int_equal(layout_size(&pool_stat(*state)->layout), 0);
	c = pool_open(*state, CART_OPEN_READ);
	expect_block(c, 1, 100);
	pool_close(c);
}

static void what_is_written_behind_a_format_is_found_after_a_kill(void **state)
{
	struct cart *c = divided(state);

	write_blocks(c, 13, 1, 500);
	assert_int_equal(cart_sync(c), 0);
	c->backend->ops->close(c->backend); /* as a process that dies: no header is written */
	free(c->partitions);
	free(c->buffer);
	free(c->packed);
	free(c->list);
	codec_free(c->codec);
	free(c->unknown_records);
	cart_attributes_clear(&c->attributes);
	free(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_info(c)->objects, 4);
	expect_block(c, 10, 500);
	pool_close(c);
}

static void each_partition_has_a_capacity_of_its_own(void **state)
{
	struct pool *pool = *state;
	struct cart_format f = { .partitions = 2,
				 .proportion = CART_WHOLE,
				 .capacity_bytes = { 3 * MB, MB } };
	struct cart *c, *p;
	int r = 0;

	assert_int_equal(cart_delete(pool->path, "T1"), 0);
	pool_create(pool, "T1", 4 * MB);
	c = pool_open(pool, CART_OPEN_WRITE);
	assert_int_equal(cart_format(c, &f), 0);
	assert_int_equal(cart_info(c)->capacity_bytes, 3 * MB);
	assert_int_equal(cart_info(c)->layout.capacity_bytes, 4 * MB);
	assert_int_equal(cart_open_partition(c, 1, &p), 0);
	assert_int_equal(cart_info(p)->capacity_bytes, MB);
	assert_int_equal(cart_info(p)->early_warning_bytes, MB / 4);
	for (unsigned n = 0; n < 100 && r != CART_E_FULL; n++)
		r = put_block(p, n, 20000);
	assert_int_equal(r, CART_E_FULL);
	assert_int_equal(put_block(c, 1, 20000), 0);
	assert_int_equal(cart_close(p), 0);
	f.capacity_bytes[1] = 5 * MB;
	assert_int_equal(cart_format(c, &f), -EINVAL);
	f.capacity_bytes[1] = 0;
	assert_int_equal(cart_format(c, &f), -EINVAL);
	pool_close(c);
}

static void a_part_of_the_medium_is_remembered(void **state)
{
	struct pool *pool = *state;
	struct cart_format f = { .partitions = 1, .proportion = 0x4000, .capacity_bytes = { MB } };
	struct cart *c;

	assert_int_equal(cart_delete(pool->path, "T1"), 0);
	pool_create(pool, "T1", 4 * MB);
	c = pool_open(pool, CART_OPEN_WRITE);
	assert_int_equal(cart_format(c, &f), 0);
	pool_close(c);
	assert_int_equal(pool_stat(pool)->capacity_bytes, MB);
	assert_int_equal(pool_stat(pool)->layout.capacity_bytes, 4 * MB);
	assert_int_equal(pool_stat(pool)->layout.proportion, 0x4000);
	c = pool_open(pool, CART_OPEN_WRITE);
	f.proportion = CART_WHOLE;
	f.capacity_bytes[0] = 4 * MB;
	assert_int_equal(cart_format(c, &f), 0);
	pool_close(c);
	assert_int_equal(pool_stat(pool)->capacity_bytes, 4 * MB);
	assert_int_equal(layout_size(&pool_stat(pool)->layout), 0);
}

static void a_format_that_is_not_allowed_changes_nothing(void **state)
{
	struct cart *c = divided(state);

	assert_int_equal(format_to(c, 0, 0), -EINVAL);
	assert_int_equal(format_to(c, 5, 0), -EINVAL);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(format_to(c, 1, 0), CART_E_PROTECTED);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_set_write_protect(c, true), 0);
	assert_int_equal(format_to(c, 1, 0), CART_E_PROTECTED);
	assert_int_equal(cart_set_write_protect(c, false), 0);
	expect_block(c, 10, 500);
	assert_int_equal(cart_info(c)->layout.partitions, 2);
	pool_close(c);
}

static void the_tab_protects_all_partitions(void **state)
{
	struct cart *c = divided(state), *p;

	assert_int_equal(cart_set_write_protect(c, true), 0);
	assert_int_equal(cart_open_partition(c, 1, &p), 0);
	assert_false(cart_is_writable(p));
	assert_int_equal(put_block(p, 1, 100), CART_E_PROTECTED);
	assert_int_equal(cart_close(p), 0);
	pool_close(c);
}

static void leftovers_are_deleted_by_the_next_writer(void **state)
{
	struct pool *pool = *state;
	const struct cart_params params = { .barcode = "P1-00000009-00000000" };
	struct cart *c = divided(state);
	char *path, *half;

	pool_close(c);
	assert_true(asprintf(&path, "%s/T1.cart/partitions", pool->path) > 0);
	assert_true(asprintf(&half, "%s/.P1-00000009-00000001.cart.new", path) > 0);
	assert_int_equal(cart_create(path, &params), 0);
	assert_int_equal(mkdir(half, 0700), 0);
	assert_int_equal(folders(state), 2);
	pool_close(pool_open(*state, CART_OPEN_READ));
	assert_int_equal(folders(state), 2);
	pool_close(pool_open(*state, CART_OPEN_WRITE));
	assert_int_equal(folders(state), 1);
	assert_int_equal(access(half, F_OK), -1);
	free(half);
	free(path);
}

static void the_bytes_of_all_partitions_count(void **state)
{
	struct cart *c = divided(state), *p;
	uint64_t before = pool_stat(*state)->disk_bytes;
	struct cart_info info;

	assert_int_equal(cart_open_partition(c, 1, &p), 0);
	write_blocks(p, 1, 10, 100000);
	assert_int_equal(cart_close(p), 0);
	pool_close(c);
	assert_true(pool_stat(*state)->disk_bytes >= before + 900000);
	assert_true(pool_stat(*state)->partition_bytes >= 900000);
	assert_int_equal(cart_stat_partition(((struct pool *)*state)->path, "T1", 1, &info), 0);
	assert_int_equal(info.blocks, 10);
	assert_int_equal(cart_stat_partition(((struct pool *)*state)->path, "T1", 2, &info),
			 CART_E_ABSENT);
}

static void a_partitioned_cartridge_takes_no_copy(void **state)
{
	struct cart *c = divided(state);
	const struct cart_copy copy = { .volume = "P1", .generation = cart_info(c)->generation };

	assert_int_equal(cart_copy_add(c, &copy), CART_E_PARTITIONED);
	pool_close(c);
}

static void a_copied_recording_is_resident_again_behind_a_format(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy = { .volume = "P1" };

	write_blocks(c, 1, 1, 100);
	copy.generation = cart_info(c)->generation;
	assert_int_equal(cart_copy_add(c, &copy), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_info(c)->state, CART_PREMIGRATED);
	assert_int_equal(format_to(c, 2, 0), 0);
	assert_int_equal(cart_info(c)->state, CART_RESIDENT);
	assert_int_equal(cart_release(c, 1), CART_E_TOO_FEW_COPIES);
	pool_close(c);
}

/* Every byte of the record, and the feature bit. */
static void a_header_with_a_wrong_layout_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {
		{ 16, 0 },                   /* no feature bit, and the record */
		{ 512 + 2, 24 },             /* the record is shorter: a record of type 0 follows */
		{ 512 + 4 + 24, '.' },       /* a name that is none */
		{ 512 + 4 + 24 + 31, 0xff }, /* and behind its end */
		{ 512, 99 },                 /* the feature bit, and no record */
	};
	struct cart *c = divided(state);
	uint8_t *data;
	void *raw;
	size_t size;
	le32 crc;

	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(c->backend->ops->header_read(c->backend, &raw, &size), 0);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct cart_info info;

		data = malloc(size);
		memcpy(data, raw, size);
		data[wrong[i].at] = wrong[i].value;
		if (i == 3)
			memset(data + 512 + 4 + 24, 'X', 31);
		crc = le32_from(crc32c(0, data, size - sizeof(crc)));
		memcpy(data + size - sizeof(crc), &crc, sizeof(crc));
		assert_int_equal(c->backend->ops->header_write(c->backend, data, size), 0);
		assert_int_equal(cart_stat(((struct pool *)*state)->path, "T1", &info),
				 CART_E_INVALID);
		free(data);
	}
	assert_int_equal(c->backend->ops->header_write(c->backend, raw, size), 0);
	free(raw);
	pool_close(c);
}

static void a_lost_header_is_no_reason_to_lose_partitions(void **state)
{
	struct cart_repair report;

	pool_close(divided(state));
	pool_truncate(*state, "header", 0);
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", NULL, &report), 0);
	assert_int_equal(folders(state), 1);
	assert_int_equal(pool_stat(*state)->layout.partitions, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(partitions_are_recordings_of_their_own),
		TEST(a_format_throws_all_away),
		TEST(one_partition_is_an_ordinary_cartridge_again),
		TEST(what_is_written_behind_a_format_is_found_after_a_kill),
		TEST(each_partition_has_a_capacity_of_its_own),
		TEST(a_part_of_the_medium_is_remembered),
		TEST(a_format_that_is_not_allowed_changes_nothing),
		TEST(the_tab_protects_all_partitions),
		TEST(leftovers_are_deleted_by_the_next_writer),
		TEST(the_bytes_of_all_partitions_count),
		TEST(a_partitioned_cartridge_takes_no_copy),
		TEST(a_copied_recording_is_resident_again_behind_a_format),
		TEST(a_lost_header_is_no_reason_to_lose_partitions),
		TEST(a_header_with_a_wrong_layout_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
