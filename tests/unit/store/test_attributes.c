/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/attributes.c: values beside the recording, that survive what it survives. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/cart.h"

static struct cart_attribute text(unsigned partition, uint16_t id, const char *value)
{
	return (struct cart_attribute){ .id = id,
					.partition = (uint8_t)partition,
					.format = 1,
					.size = (uint16_t)strlen(value),
					.value = (const uint8_t *)value };
}

static int set(struct cart *c, unsigned partition, uint16_t id, const char *value)
{
	const struct cart_attribute one = text(partition, id, value);

	return cart_attributes_set(c, &one, 1, CART_ATTRIBUTES_NOW);
}

/* NULL: there is none. */
static void expect(const struct cart_attributes *a, unsigned partition, uint16_t id,
		   const char *value)
{
	struct cart_attribute one;
	bool found = cart_attributes_find(a, partition, id, &one);

	assert_int_equal(found, value != NULL);
	if (!found)
		return;
	assert_int_equal(one.id, id);
	assert_int_equal(one.partition, partition);
	assert_int_equal(one.format, 1);
	assert_int_equal(one.size, strlen(value));
	assert_memory_equal(one.value, value, one.size);
}

static void expect_on_disk(struct pool *p, unsigned partition, uint16_t id, const char *value)
{
	struct cart_attributes a;

	assert_int_equal(cart_stat_attributes(p->path, "T1", &a), 0);
	expect(&a, partition, id, value);
	cart_attributes_clear(&a);
}

static void what_is_set_is_found_replaced_and_deleted(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	assert_int_equal(set(c, 0, 0x806, "T1"), 0);
	assert_int_equal(set(c, 1, 0x806, "other partition"), 0);
	assert_int_equal(set(c, 0, 0x800, "VENDOR"), 0);
	expect(cart_attributes(c), 0, 0x806, "T1");
	expect(cart_attributes(c), 1, 0x806, "other partition");
	expect(cart_attributes(c), 0, 0x801, NULL);
	assert_int_equal(set(c, 0, 0x806, "a longer one"), 0);
	assert_int_equal(set(c, 0, 0x800, ""), 0);
	assert_int_equal(set(c, 0, 0x777, ""), 0); /* was not there */
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	expect(cart_attributes(c), 0, 0x806, "a longer one");
	expect(cart_attributes(c), 1, 0x806, "other partition");
	expect(cart_attributes(c), 0, 0x800, NULL);
	pool_close(c);
}

static void they_come_in_order_of_partition_and_number(void **state)
{
	static const struct {
		unsigned partition;
		uint16_t id;
	} order[] = { { 0, 9 }, { 0, 0x800 }, { 0, 0x1623 }, { 2, 1 }, { 2, 0x80c } };
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_attribute one;
	size_t at = 0;

	for (unsigned i = 0; i < 5; i++) {
		unsigned n = i * 3 % 5;

		assert_int_equal(set(c, order[n].partition, order[n].id, "x"), 0);
	}
	for (unsigned i = 0; i < 5; i++) {
		assert_true(cart_attributes_next(cart_attributes(c), &at, &one));
		assert_int_equal(one.partition, order[i].partition);
		assert_int_equal(one.id, order[i].id);
	}
	assert_false(cart_attributes_next(cart_attributes(c), &at, &one));
	pool_close(c);
}

static int set_and_die(struct pool *p)
{
	struct cart *c;

	return cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0 ||
	       set(c, 0, 0x806, "durable") != 0;
}

static void what_was_set_is_there_when_the_process_dies(void **state)
{
	pool_die_after(*state, set_and_die);
	expect_on_disk(*state, 0, 0x806, "durable");
}

/* The blocks are not synced by anybody else. */
static int write_and_set(struct pool *p)
{
	struct cart *c;

	return cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0 || put_block(c, 1, 1000) != 0 ||
	       put_block(c, 2, 1000) != 0 || set(c, 0, 0x80c, "two blocks") != 0 || c->stable != 2;
}

static void an_attribute_never_tells_of_blocks_that_are_not_stable(void **state)
{
	struct cart *c;

	pool_die_after(*state, write_and_set);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_info(c)->objects, 2);
	expect(cart_attributes(c), 0, 0x80c, "two blocks");
	pool_close(c);
}

static void all_are_set_or_none(void **state)
{
	static uint8_t large[30000];
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	const struct cart_attribute list[] = {
		text(0, 0x800, "first"),
		{ .id = 0x1400, .size = sizeof(large), .value = large },
		{ .id = 0x1401, .size = sizeof(large), .value = large },
	};

	assert_int_equal(set(c, 0, 0x800, "before"), 0);
	assert_int_equal(cart_attributes_set(c, list, 3, CART_ATTRIBUTES_NOW), CART_E_FULL);
	expect(cart_attributes(c), 0, 0x800, "before");
	expect_on_disk(*state, 0, 0x800, "before");
	assert_int_equal(cart_attributes_set(c, list, 2, CART_ATTRIBUTES_NOW), 0);
	expect(cart_attributes(c), 0, 0x800, "first");
	pool_close(c);
	expect_on_disk(*state, 0, 0x800, "first");
}

static void a_value_may_be_one_of_those_that_are_replaced(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_attribute list[2];

	assert_int_equal(set(c, 0, 0x20a, "older drive"), 0);
	assert_true(cart_attributes_find(cart_attributes(c), 0, 0x20a, &list[1]));
	list[0] = text(0, 0x20a, "newer drive");
	list[1].id = 0x20b;
	assert_int_equal(cart_attributes_set(c, list, 2, CART_ATTRIBUTES_NOW), 0);
	expect(cart_attributes(c), 0, 0x20a, "newer drive");
	expect(cart_attributes(c), 0, 0x20b, "older drive");
	pool_close(c);
}

static void at_close_they_go_with_the_header(void **state)
{
	const struct cart_attribute one = text(0, 0x340, "history");
	struct cart *c = pool_open(*state, CART_OPEN_WRITE | CART_OPEN_MOUNT);

	assert_int_equal(cart_attributes_set(c, &one, 1, CART_ATTRIBUTES_AT_CLOSE), 0);
	expect_on_disk(*state, 0, 0x340, NULL);
	pool_close(c);
	expect_on_disk(*state, 0, 0x340, "history");
}

static void the_tab_protects_the_recording_only_and_readers_set_nothing(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	assert_int_equal(cart_set_write_protect(c, true), 0);
	assert_int_equal(set(c, 0, 0x806, "T1"), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(set(c, 0, 0x806, "no"), CART_E_PROTECTED);
	pool_close(c);
	expect_on_disk(*state, 0, 0x806, "T1");
}

static void they_survive_migration_and_recall(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_copy copy = { .volume = "P1" };
	uint64_t object;

	write_blocks(c, 1, 2, 500);
	assert_int_equal(set(c, 0, 0x80c, "coherent"), 0);
	assert_int_equal(cart_sync(c), 0);
	copy.generation = cart_info(c)->generation;
	copy.blocks = 2;
	copy.bytes = 1000;
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
	expect_on_disk(*state, 0, 0x80c, "coherent");
	c = pool_open(*state, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	assert_int_equal(set(c, 0, 0x806, "while away"), 0);
	assert_int_equal(cart_recall_begin(c), 0);
	write_blocks(c, 1, 2, 500);
	assert_int_equal(cart_recall_commit(c, &copy), 0);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->state, CART_PREMIGRATED);
	expect_on_disk(*state, 0, 0x80c, "coherent");
	expect_on_disk(*state, 0, 0x806, "while away");
}

/* The header that an older program would write keeps our records, as unknown ones; ours keeps
 * theirs. */
static void records_of_others_stay_beside_them(void **state)
{
	static const uint8_t record[] = { 0x34, 0x12, 3, 0, 'a', 'b', 'c' };
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	memcpy(c->unknown_records, record, sizeof(record));
	c->unknown_size = sizeof(record);
	assert_int_equal(set(c, 0, 0x806, "T1"), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(c->unknown_size, sizeof(record));
	assert_memory_equal(c->unknown_records, record, sizeof(record));
	expect(cart_attributes(c), 0, 0x806, "T1");
	pool_close(c);
}

static void a_header_that_has_no_room_is_not_written(void **state)
{
	static uint8_t large[32000];
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	const struct cart_attribute one = { .id = 0x1400, .size = sizeof(large), .value = large };

	free(c->unknown_records);
	c->unknown_records = calloc(1, 33100);
	c->unknown_size = 33100;
	assert_int_equal(cart_attributes_set(c, &one, 1, CART_ATTRIBUTES_NOW), CART_E_FULL);
	c->unknown_size = 0;
	pool_close(c);
}

static void a_record_without_a_value_makes_the_header_invalid(void **state)
{
	static const uint8_t record[] = { RECORD_ATTRIBUTE, 0, 4, 0, 6, 8, 0, 1 };
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_attributes a;

	memcpy(c->unknown_records, record, sizeof(record));
	c->unknown_size = sizeof(record);
	assert_int_equal(header_store(c), 0);
	c->unknown_size = 0;
	assert_int_equal(cart_stat_attributes(((struct pool *)*state)->path, "T1", &a),
			 CART_E_INVALID);
	pool_close(c);
}

static void absent_cartridges_have_none(void **state)
{
	struct cart_attributes a;

	assert_int_equal(cart_stat_attributes(((struct pool *)*state)->path, "T9", &a),
			 CART_E_ABSENT);
	assert_int_equal(cart_stat_attributes(((struct pool *)*state)->path, "t 9", &a), -EINVAL);
}

static void a_told_generation_ends_with_the_next_change(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint64_t told = cart_tell_generation(c);

	write_blocks(c, 1, 2, 100);
	assert_int_equal(cart_info(c)->generation, told + 1);
	write_blocks(c, 3, 1, 100);
	assert_int_equal(cart_tell_generation(c), told + 1);
	assert_int_equal(cart_tell_generation(c), told + 1); /* reading changes nothing */
	write_blocks(c, 4, 1, 100);
	assert_int_equal(cart_tell_generation(c), told + 2);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_tell_generation(c), told + 2);
	for (uint64_t seed = 1; seed <= 4; seed++)
		expect_block(c, seed, 100);
	write_marks(c, 1);
	assert_int_equal(cart_info(c)->generation, told + 3);
	pool_close(c);
}

static int tell_write_and_die(struct pool *p)
{
	struct cart *c;

	if (cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0 || put_block(c, 1, 100) != 0 ||
	    cart_sync(c) != 0 || cart_tell_generation(c) != 1)
		return 1;
	return put_block(c, 2, 100); /* not synced */
}

static void a_crash_behind_a_change_leaves_another_generation(void **state)
{
	pool_die_after(*state, tell_write_and_die);
	assert_int_equal(pool_stat(*state)->generation, 2);
}

static void traffic_counts_this_open_and_all(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_traffic t;

	write_blocks(c, 1, 2, 100);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	expect_block(c, 1, 100);
	write_blocks(c, 7, 1, 50);
	cart_traffic(c, &t);
	assert_int_equal(t.life_written, 250);
	assert_int_equal(t.open_written, 50);
	assert_int_equal(t.life_read, 100);
	assert_int_equal(t.open_read, 100);
	pool_close(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_set_is_found_replaced_and_deleted),
		TEST(they_come_in_order_of_partition_and_number),
		TEST(what_was_set_is_there_when_the_process_dies),
		TEST(an_attribute_never_tells_of_blocks_that_are_not_stable),
		TEST(all_are_set_or_none),
		TEST(a_value_may_be_one_of_those_that_are_replaced),
		TEST(at_close_they_go_with_the_header),
		TEST(the_tab_protects_the_recording_only_and_readers_set_nothing),
		TEST(they_survive_migration_and_recall),
		TEST(records_of_others_stay_beside_them),
		TEST(a_header_that_has_no_room_is_not_written),
		TEST(a_record_without_a_value_makes_the_header_invalid),
		TEST(absent_cartridges_have_none),
		TEST(a_told_generation_ends_with_the_next_change),
		TEST(a_crash_behind_a_change_leaves_another_generation),
		TEST(traffic_counts_this_open_and_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
