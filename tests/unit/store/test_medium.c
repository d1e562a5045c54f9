/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/medium.c: write once media that nothing writes over, cleaning cartridges. */
#include "tests/support/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/cart.h"

static void make(struct pool *p, enum cart_kind kind, uint32_t cleanings)
{
	const struct cart_params params = { .barcode = "T1",
					    .density = 0x5e,
					    .medium_type = 0x8c,
					    .kind = kind,
					    .cleanings = cleanings };

	assert_int_equal(cart_delete(p->path, "T1"), 0);
	assert_int_equal(cart_create(p->path, &params), 0);
}

static int worm_setup(void **state)
{
	if (pool_setup(state) != 0)
		return -1;
	make(*state, CART_WORM, 0);
	return 0;
}

/* 2 blocks (seeds 1 2), a filemark, 1 block (3), 2 filemarks: objects 0 1 | 2 | 3 | 4 5. */
static struct cart *recorded(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_blocks(c, 1, 2, 1000);
	write_marks(c, 1);
	write_blocks(c, 3, 1, 1000);
	write_marks(c, 2);
	return c;
}

static void expect_recorded(struct cart *c)
{
	assert_int_equal(cart_info(c)->objects, 6);
	assert_int_equal(cart_locate(c, 0), 0);
	expect_block(c, 1, 1000);
	expect_block(c, 2, 1000);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	expect_block(c, 3, 1000);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	assert_int_equal(read_object(c), CART_E_EOD);
}

static void the_kind_is_kept(void **state)
{
	struct cart *c = recorded(state);

	assert_int_equal(cart_info(c)->kind, CART_WORM);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->kind, CART_WORM);
	assert_string_equal(cart_kind_name(CART_WORM), "worm");
	assert_string_equal(cart_kind_name((enum cart_kind)77), "unknown");
}

static void a_write_once_medium_is_appended_to(void **state)
{
	struct cart *c = recorded(state);

	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(cart_space_eod(c), 0);
	assert_int_equal(put_block(c, 9, 500), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_space_eod(c), 0);
	write_marks(c, 1);
	assert_int_equal(cart_info(c)->objects, 8);
	pool_close(c);
}

static void nothing_recorded_is_written_over(void **state)
{
	struct cart *c = recorded(state);
	uint64_t epoch = cart_info(c)->epoch;

	for (uint64_t n = 0; n < 5; n++) { /* 4: the first of two filemarks */
		assert_int_equal(cart_locate(c, n), 0);
		assert_int_equal(put_block(c, 9, 500), CART_E_WORM);
		assert_int_equal(put_marks(c, 1), CART_E_WORM);
		assert_int_equal(cart_erase(c), CART_E_WORM);
		expect_position(c, n, n < 3 ? 0 : 1);
	}
	assert_int_equal(cart_info(c)->epoch, epoch);
	expect_recorded(c);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(put_block(c, 9, 500), CART_E_WORM);
	expect_recorded(c);
	pool_close(c);
}

static void filemarks_at_the_end_go_but_for_the_first(void **state)
{
	struct cart *c = recorded(state);

	assert_int_equal(cart_locate(c, 5), 0);
	assert_int_equal(cart_erase(c), CART_E_WORM); /* an erase erases */
	assert_int_equal(put_block(c, 9, 500), 0);
	assert_int_equal(cart_info(c)->objects, 6);
	assert_int_equal(cart_locate(c, 5), 0);
	assert_int_equal(put_block(c, 9, 500), CART_E_WORM); /* it is data now */
	pool_close(c);
}

static void a_medium_of_filemarks_keeps_the_first(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	write_marks(c, 3);
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(put_block(c, 1, 500), CART_E_WORM);
	assert_int_equal(cart_locate(c, 1), 0);
	assert_int_equal(put_block(c, 1, 500), 0);
	assert_int_equal(cart_info(c)->objects, 2);
	pool_close(c);
}

static void what_is_damaged_at_the_end_stays(void **state)
{
	struct cart *c = recorded(state);

	pool_close(c);
	/* the frame of object 5 is the last 80 bytes */
	pool_flip(*state, DATA_FILE, pool_file_size(*state, DATA_FILE) - 80, 0xff);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_locate(c, 5), 0);
	assert_int_equal(put_block(c, 9, 500), CART_E_WORM);
	pool_close(c);
}

static void an_erase_at_the_end_erases_nothing(void **state)
{
	struct cart *c = recorded(state);

	assert_int_equal(cart_space_eod(c), 0);
	assert_int_equal(cart_erase(c), 0);
	expect_recorded(c);
	pool_close(c);
}

static void it_is_not_formatted(void **state)
{
	struct cart *c = recorded(state);
	const struct cart_format f = { .partitions = 1, .proportion = CART_WHOLE };

	assert_int_equal(cart_format(c, &f), CART_E_WORM);
	expect_recorded(c);
	pool_close(c);
}

static int write_and_sync(struct pool *p)
{
	struct cart *c;

	return cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0 || put_block(c, 1, 1000) != 0 ||
	       put_block(c, 2, 1000) != 0 || cart_sync(c) != 0 || put_block(c, 3, 1000) != 0;
}

static void after_a_crash_what_was_acknowledged_cannot_be_written_over(void **state)
{
	struct cart *c;

	pool_die_after(*state, write_and_sync);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_true(cart_info(c)->objects >= 2);
	for (uint64_t n = 0; n < 2; n++) {
		assert_int_equal(cart_locate(c, n), 0);
		assert_int_equal(put_block(c, 9, 500), CART_E_WORM);
	}
	assert_int_equal(cart_space_eod(c), 0);
	assert_int_equal(put_block(c, 9, 500), 0);
	assert_int_equal(cart_locate(c, 0), 0);
	expect_block(c, 1, 1000);
	expect_block(c, 2, 1000);
	pool_close(c);
}

static void it_is_migrated_and_comes_back_as_it_was(void **state)
{
	struct cart_copy copy = { .volume = "P1" };
	struct cart *c = recorded(state);
	uint64_t object;

	assert_int_equal(cart_sync(c), 0);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	copy.generation = cart_info(c)->generation;
	copy.blocks = 3;
	copy.filemarks = 3;
	copy.bytes = 3000;
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	assert_int_equal(cart_recall_begin(c), 0);
	write_blocks(c, 1, 2, 1000);
	write_marks(c, 1);
	write_blocks(c, 3, 1, 1000);
	write_marks(c, 2);
	assert_int_equal(cart_recall_commit(c, &copy), 0);
	expect_recorded(c);
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(put_block(c, 9, 500), CART_E_WORM);
	pool_close(c);
	assert_int_equal(pool_stat(*state)->kind, CART_WORM);
}

static void a_lost_header_is_made_anew_as_what_the_caller_says(void **state)
{
	const struct cart_params params = { .density = 0x5e,
					    .medium_type = 0x8c,
					    .kind = CART_WORM };
	const struct cart_repair_options options = { .params = &params };
	struct pool *p = *state;
	struct cart_repair report;

	pool_close(recorded(state));
	pool_unlink(p, "header");
	assert_int_equal(cart_repair(p->path, "T1", &options, &report), 0);
	assert_int_equal(pool_stat(p)->kind, CART_WORM);
}

static void a_damaged_header_still_tells_what_it_was(void **state)
{
	const struct cart_repair_options options = { 0 };
	struct pool *p = *state;
	struct cart_repair report;
	struct cart *c;

	pool_close(recorded(state));
	pool_flip(p, "header", 90, 0xff); /* two bytes: more than can be healed */
	pool_flip(p, "header", 200, 0xff);
	assert_int_equal(cart_repair(p->path, "T1", &options, &report), 0);
	assert_true(report.header_rebuilt);
	assert_int_equal(pool_stat(p)->kind, CART_WORM);
	c = pool_open(p, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	assert_int_equal(cart_set_write_protect(c, false), 0);
	assert_int_equal(put_block(c, 9, 500), CART_E_WORM);
	pool_close(c);
}

#define HOSTILE 160 /* bytes of a value that a host wrote */

/*
 * An attribute whose value is nothing but records of cleaning cartridges, to whoever looks at the
 * right byte; behind it nothing but the checksum, or the cartridge's own record.
 */
static void write_hostile_value(struct cart *c)
{
	const struct cart_info lie = { .kind = CART_CLEANING, .cleanings = 50 };
	uint8_t value[HOSTILE];
	const struct cart_attribute one = { 0x1400, 0, 0, sizeof(value), value };

	assert_int_equal(HOSTILE % medium_size(&lie), 0);
	for (size_t at = 0; at < sizeof(value); at += medium_size(&lie))
		medium_put(value + at, &lie);
	assert_int_equal(cart_attributes_set(c, &one, 1, CART_ATTRIBUTES_NOW), 0);
}

/* Two bytes of the header are changed, and it is made anew: what it is then. */
static enum cart_kind kind_after(struct pool *p, uint64_t first, uint64_t second,
				 const struct cart_params *params)
{
	const struct cart_repair_options options = { .params = params };
	struct cart_repair report;

	pool_flip(p, "header", first, 0x21);
	pool_flip(p, "header", second, 0x42);
	assert_int_equal(cart_repair(p->path, "T1", &options, &report), 0);
	assert_true(report.header_rebuilt);
	return pool_stat(p)->kind;
}

static void a_value_of_a_host_makes_it_no_other_kind(void **state)
{
	const struct cart_params params = { .density = 0x5e };
	struct pool *p = *state;

	for (enum cart_kind kind = CART_DATA; kind <= CART_WORM; kind++) {
		struct cart *c;

		make(p, kind, 0);
		c = recorded(state);
		write_hostile_value(c);
		pool_close(c);
		assert_int_equal(kind_after(p, 90, 200, &params), kind);
	}
}

/* A length is wrong, of a host's value or of what follows our record: it is what the caller says.
 */
static void records_that_do_not_fit_tell_nothing(void **state)
{
	static const uint8_t later[] = { 0x34, 0x12, 3, 0, 'a', 'b', 'c' };
	const struct cart_params params[] = { { .kind = CART_DATA }, { .kind = CART_WORM } };
	const uint64_t value = sizeof(struct disk_header) + 2;
	const uint64_t lengths[] = { value, value + 2 + 4 + HOSTILE + 16 + 2 };
	struct pool *p = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct cart *c;

		make(p, CART_WORM, 0);
		c = recorded(state);
		memcpy(c->unknown_records, later, sizeof(later));
		c->unknown_size = sizeof(later);
		write_hostile_value(c);
		pool_close(c);
		assert_int_equal(kind_after(p, lengths[i / 2], lengths[i / 2] + 1, &params[i % 2]),
				 params[i % 2].kind);
	}
}

/* The head of the value becomes that of a record of its kind: such a record stands last. */
static void what_is_not_where_it_belongs_is_no_record(void **state)
{
	static const uint8_t first[8] = { 2, 0, 0, 0, 9, 0, 0, 0 }, last[8] = { 1 };
	const struct cart_attribute two[] = { { 2, 0, 0, 8, first }, { 0x800, 0, 0, 8, last } };
	const struct cart_params params = { .density = 0x5e };
	struct pool *p = *state;
	struct cart *c;

	make(p, CART_DATA, 0);
	c = recorded(state);
	assert_int_equal(cart_attributes_set(c, two, 2, CART_ATTRIBUTES_NOW), 0);
	pool_close(c);
	pool_flip(p, "header", sizeof(struct disk_header), RECORD_ATTRIBUTE ^ RECORD_MEDIUM);
	assert_int_equal(kind_after(p, 90, 200, &params), CART_DATA);
}

/* Not one that was cut off behind it, either. */
static void a_header_that_was_cut_tells_what_it_still_has(void **state)
{
	const struct cart_params params = { .density = 0x5e };
	const struct cart_repair_options options = { .params = &params };
	struct pool *p = *state;
	struct cart_repair report;

	pool_close(recorded(state));
	pool_truncate(p, "header", sizeof(struct disk_header) + 16);
	assert_int_equal(cart_repair(p->path, "T1", &options, &report), 0);
	assert_int_equal(pool_stat(p)->kind, CART_WORM);
}

static void a_kind_that_is_not_known_is_refused(void **state)
{
	struct pool *p = *state;
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	c->info.kind = (enum cart_kind)9;
	assert_int_equal(header_store(c), 0);
	pool_close(c);
	assert_int_equal(cart_open(p->path, "T1", CART_OPEN_WRITE, &c), CART_E_UNSUPPORTED);
	assert_int_equal(cart_open(p->path, "T1", CART_OPEN_ADMIN, &c), CART_E_UNSUPPORTED);
}

/* ---- cleaning ---- */

static void a_cleaning_cartridge_is_used_up(void **state)
{
	struct pool *p = *state;
	uint32_t left = 99;

	make(p, CART_CLEANING, 2);
	assert_int_equal(cart_use_cleaning(p->path, "T1", &left), 0);
	assert_int_equal(left, 1);
	assert_int_equal(pool_stat(p)->cleanings_used, 1);
	assert_int_equal(cart_use_cleaning(p->path, "T1", &left), 0);
	assert_int_equal(left, 0);
	assert_int_equal(cart_use_cleaning(p->path, "T1", &left), CART_E_EXPIRED);
	assert_int_equal(left, 0);
	assert_int_equal(pool_stat(p)->cleanings, 2);
	assert_int_equal(pool_stat(p)->cleanings_used, 2);
	assert_int_equal(pool_stat(p)->loads, 3);
	assert_false(pool_stat(p)->mounted);
}

static int use_and_die(struct pool *p)
{
	uint32_t left;

	return cart_use_cleaning(p->path, "T1", &left);
}

static void a_use_counts_when_the_process_dies(void **state)
{
	make(*state, CART_CLEANING, 50);
	pool_die_after(*state, use_and_die);
	assert_int_equal(pool_stat(*state)->cleanings_used, 1);
}

static void a_cleaning_cartridge_is_no_medium(void **state)
{
	struct pool *p = *state;
	struct cart *c;
	uint32_t left;

	assert_int_equal(cart_use_cleaning(p->path, "T1", &left), -EINVAL); /* T1 is data */
	make(p, CART_CLEANING, 50);
	assert_int_equal(cart_open(p->path, "T1", CART_OPEN_WRITE, &c), CART_E_CLEANING);
	assert_int_equal(cart_open(p->path, "T1", CART_OPEN_READ, &c), CART_E_CLEANING);
	c = pool_open(p, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	assert_int_equal(put_block(c, 1, 100), CART_E_NOT_RESIDENT);
	assert_int_equal(cart_release(c, 1), CART_E_NOT_RESIDENT);
	pool_close(c);
}

#define worm_test(f) cmocka_unit_test_setup_teardown(f, worm_setup, pool_teardown)
#define pool_test(f) cmocka_unit_test_setup_teardown(f, pool_setup, pool_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		worm_test(the_kind_is_kept),
		worm_test(a_write_once_medium_is_appended_to),
		worm_test(nothing_recorded_is_written_over),
		worm_test(filemarks_at_the_end_go_but_for_the_first),
		worm_test(a_medium_of_filemarks_keeps_the_first),
		worm_test(what_is_damaged_at_the_end_stays),
		worm_test(an_erase_at_the_end_erases_nothing),
		worm_test(it_is_not_formatted),
		worm_test(after_a_crash_what_was_acknowledged_cannot_be_written_over),
		worm_test(it_is_migrated_and_comes_back_as_it_was),
		worm_test(a_lost_header_is_made_anew_as_what_the_caller_says),
		worm_test(a_damaged_header_still_tells_what_it_was),
		worm_test(a_value_of_a_host_makes_it_no_other_kind),
		worm_test(records_that_do_not_fit_tell_nothing),
		worm_test(what_is_not_where_it_belongs_is_no_record),
		worm_test(a_header_that_was_cut_tells_what_it_still_has),
		worm_test(a_kind_that_is_not_known_is_refused),
		pool_test(a_cleaning_cartridge_is_used_up),
		pool_test(a_use_counts_when_the_process_dies),
		pool_test(a_cleaning_cartridge_is_no_medium),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
