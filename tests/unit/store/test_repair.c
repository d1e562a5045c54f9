/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/repair*.c. */
#include "tests/unit/store/repairs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"

/* The whole file @name of T1; free(). */
static void *slurp(struct pool *p, const char *name, size_t *ret_size)
{
	char *path = pool_file(p, name);
	void *data;

	assert_int_equal(fs_read(AT_FDCWD, path, 1u << 24, &data, ret_size), 0);
	free(path);
	return data;
}

/* Flips a bit in @count bytes from @offset on. */
static void spoil(struct pool *p, const char *name, uint64_t offset, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pool_flip(p, name, offset + i, (uint8_t)(1u << (i % 8)));
}

static void spoil_frame(struct pool *p, uint64_t object)
{
	uint64_t address = repairs_address(p, object);
	char name[32];

	(void)snprintf(name, sizeof(name), "data.00000001.%08x",
		       (unsigned)(address >> SEGMENT_SHIFT));
	pool_flip(p, name, (address & (SEGMENT_SIZE - 1)) + 17, 0x40);
}

static void a_good_cartridge_needs_nothing(void **state)
{
	repairs_record(*state);
	repairs_expect_nothing(*state);
}

static void a_blank_cartridge_needs_nothing(void **state)
{
	repairs_expect_nothing(*state);
}

/* ---- the header ---- */

static void any_wrong_byte_of_the_header_is_healed(void **state)
{
	size_t size, now;
	void *header, *healed;

	repairs_record(*state);
	header = slurp(*state, "header", &size);
	for (size_t i = 0; i < size; i += 5) {
		struct cart_repair repair;

		pool_flip(*state, "header", i, (uint8_t)(i * 37 % 255 + 1));
		repair = repairs_run(*state);
		assert_true(repair.header_healed);
		assert_false(repair.header_rebuilt);
		healed = slurp(*state, "header", &now);
		assert_int_equal(now, size);
		assert_memory_equal(healed, header, size);
		free(healed);
	}
	free(header);
	repairs_expect(*state, OBJECTS, NULL);
}

static void take_tab_off(struct pool *p)
{
	const struct cart_repair_options options = { .insist = CART_REPAIR_WRITABLE };
	struct cart_repair repair;

	assert_true(pool_stat(p)->write_protect);
	assert_int_equal(cart_repair(p->path, "T1", &options, &repair), 0);
	assert_true(repair.header_changed);
	assert_false(pool_stat(p)->write_protect);
}

/* The header was rebuilt; everything is there, nothing more to do, and writing goes on where
 * somebody allows it. */
static void expect_rebuilt(struct pool *p)
{
	struct cart_info before = { 0 };
	struct cart_repair repair = repairs_run(p);
	struct cart *c;

	assert_true(repair.header_rebuilt);
	assert_int_equal(repair.objects, OBJECTS);
	assert_int_equal(repair.lost, 0);
	repairs_expect(p, OBJECTS, NULL);
	repairs_expect_nothing(p);
	take_tab_off(p);
	before = *pool_stat(p);
	assert_true(before.epoch > 2 && before.generation > 2); /* no copy is of this one */
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_locate(c, OBJECTS - 1), 0);
	write_marks(c, 1);
	assert_true(cart_info(c)->generation > before.generation);
	pool_close(c);
	repairs_expect(p, OBJECTS, NULL);
}

static void a_lost_header_is_made_from_the_data(void **state)
{
	repairs_record(*state);
	pool_unlink(*state, "header");
	expect_rebuilt(*state);
}

static void a_cut_header_is_made_from_the_data(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 39, 80, 200, 511, 515 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (i > 0) {
			assert_int_equal(cart_delete(((struct pool *)*state)->path, "T1"), 0);
			pool_create(*state, "T1", 0);
		}
		repairs_record(*state);
		pool_truncate(*state, "header", sizes[i]);
		expect_rebuilt(*state);
	}
}

static void each_part_of_a_header_can_be_spoilt(void **state)
{
	for (uint64_t at = 0; at + 16 <= 516; at += 16) {
		if (at > 0) {
			assert_int_equal(cart_delete(((struct pool *)*state)->path, "T1"), 0);
			pool_create(*state, "T1", 0);
		}
		repairs_record(*state);
		spoil(*state, "header", at, 16);
		expect_rebuilt(*state);
	}
}

static void what_makes_sense_in_a_damaged_header_is_kept(void **state)
{
	struct cart_info info;

	assert_int_equal(cart_delete(((struct pool *)*state)->path, "T1"), 0);
	pool_create(*state, "T1", 123456789);
	repairs_record(*state);
	spoil(*state, "header", 100, 30);
	(void)repairs_run(*state);
	info = *pool_stat(*state);
	assert_int_equal(info.density, 0x5e);
	assert_int_equal(info.medium_type, 0x88);
	assert_int_equal(info.capacity_bytes, 123456789);
	assert_true(info.created_s > 0);
}

static void options_say_what_nothing_tells(void **state)
{
	const struct cart_params params = { .density = 0x5c,
					    .medium_type = 0x78,
					    .capacity_bytes = 5000000,
					    .early_warning_bytes = 1000,
					    .codec = CART_CODEC_ZSTD };
	struct cart_repair_options options = { .params = &params };
	struct cart_repair repair;
	struct cart_info info;

	repairs_record(*state);
	pool_unlink(*state, "header");
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", &options, &repair), 0);
	info = *pool_stat(*state);
	assert_int_equal(info.density, 0x5c);
	assert_int_equal(info.capacity_bytes, 5000000);
	assert_int_equal(info.codec, CART_CODEC_ZSTD);
	spoil(*state, "header", 100, 20); /* now it knows, but somebody insists */
	options.insist = CART_REPAIR_CAPACITY | CART_REPAIR_EARLY_WARNING;
	options.params = &(struct cart_params){ .density = 0x5a, .capacity_bytes = 7 };
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", &options, &repair), 0);
	info = *pool_stat(*state);
	assert_int_equal(info.density, 0x5c);
	assert_int_equal(info.capacity_bytes, 7);
}

static void copies_of_a_damaged_header_are_not_current(void **state)
{
	struct cart_copy copy = { .volume = "PHYS01L8" };
	struct cart *c;

	repairs_record(*state);
	c = pool_open(*state, CART_OPEN_WRITE);
	copy.generation = cart_info(c)->generation;
	assert_int_equal(cart_copy_add(c, &copy), 0);
	pool_close(c);
	pool_flip(*state, "header", 100, 1); /* healed: it is as it was */
	(void)repairs_run(*state);
	assert_int_equal(pool_stat(*state)->copies_cnt, 1);
	assert_int_equal(pool_stat(*state)->state, CART_PREMIGRATED);
	spoil(*state, "header", 100, 16);
	(void)repairs_run(*state);
	assert_int_equal(pool_stat(*state)->copies_cnt, 1); /* its volume is not free */
	assert_string_equal(pool_stat(*state)->copies[0].volume, "PHYS01L8");
	assert_true(pool_stat(*state)->copies[0].generation == CART_GENERATION_UNKNOWN);
	assert_int_equal(pool_stat(*state)->state, CART_RESIDENT);
	repairs_expect(*state, OBJECTS, NULL);
	c = pool_open(*state, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	assert_int_equal(cart_set_write_protect(c, false), 0);
	pool_close(c);
	c = pool_open(*state, CART_OPEN_WRITE);
	write_blocks(c, 0, 1, 100); /* from now on the copy is of what was before */
	pool_close(c);
	assert_true(pool_stat(*state)->copies[0].generation < pool_stat(*state)->generation);
}

static void migrate(struct pool *p)
{
	struct cart_copy copy = { .volume = "PHYS01L8" };
	struct cart *c;

	repairs_record(p);
	c = pool_open(p, CART_OPEN_WRITE);
	copy.generation = cart_info(c)->generation;
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
}

static void a_migrated_cartridge_is_healed_or_left_alone(void **state)
{
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart_repair repair;

	migrate(*state);
	repairs_expect_nothing(*state);
	pool_flip(*state, "header", 600, 0x81);
	assert_true(repairs_run(*state).header_healed);
	assert_int_equal(pool_stat(*state)->state, CART_MIGRATED);
	spoil(*state, "header", 600, 3);
	repairs_sum(*state, before);
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", NULL, &repair),
			 CART_E_NOT_RESIDENT);
	repairs_sum(*state, after);
	assert_memory_equal(before, after, sizeof(before));
}

static void a_blank_cartridge_gets_its_header_back(void **state)
{
	spoil(*state, "header", 200, 20);
	assert_true(repairs_run(*state).header_rebuilt);
	assert_int_equal(pool_stat(*state)->objects, 0);
	repairs_expect_nothing(*state);
	repairs_record(*state);
	repairs_expect(*state, OBJECTS, NULL);
}

static void nothing_is_made_of_nothing(void **state)
{
	struct cart_repair repair;

	pool_unlink(*state, "header");
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", NULL, &repair),
			 CART_E_NOT_RESIDENT);
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T2", NULL, &repair),
			 CART_E_ABSENT);
}

static void data_of_nobody_is_left_as_it_is(void **state)
{
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart_repair repair;

	repairs_record(*state);
	pool_unlink(*state, "header");
	for (unsigned i = 0; i < 4;
	     i++) { /* the segments' headers: nothing says whose data it is */
		char name[32];

		(void)snprintf(name, sizeof(name), "data.00000001.%08x", i);
		if (access(name, F_OK) == 0 || i < 3)
			spoil(*state, name, 16, 2);
	}
	repairs_sum(*state, before);
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", NULL, &repair),
			 CART_E_INVALID);
	repairs_sum(*state, after);
	assert_memory_equal(before, after, sizeof(before));
}

static void a_renamed_folder_is_refused(void **state)
{
	struct pool *p = *state;
	struct cart_repair repair;
	char *from = pool_file(p, ""), *to;

	repairs_record(p);
	assert_true(asprintf(&to, "%s/T2.cart", p->path) > 0);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(cart_repair(p->path, "T2", NULL, &repair), CART_E_INVALID);
	assert_int_equal(rename(to, from), 0);
	free(from);
	free(to);
}

static void a_cartridge_in_use_is_refused(void **state)
{
	struct cart_repair repair;
	struct cart *c;

	repairs_record(*state);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", NULL, &repair),
			 CART_E_BUSY);
	pool_close(c);
}

/* Nothing knows how the tab was, so nobody writes over what may have been protected. */
static void a_header_made_anew_is_write_protected(void **state)
{
	const struct cart_repair_options options = { .insist = CART_REPAIR_WRITABLE };
	struct cart_repair repair;
	struct cart *c;

	repairs_record(*state);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_set_write_protect(c, true), 0);
	pool_close(c);
	pool_flip(*state, "header", 400, 1);
	pool_flip(*state, "header", 74, HEADER_WRITE_PROTECT); /* its own bit is one of the wrong */
	assert_true(repairs_run(*state).header_rebuilt);
	assert_true(pool_stat(*state)->write_protect);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(put_block(c, 1, 100), CART_E_PROTECTED);
	pool_close(c);
	pool_unlink(*state, "header");
	assert_true(repairs_run(*state).header_rebuilt);
	assert_true(pool_stat(*state)->write_protect);
	pool_unlink(*state, "header"); /* whoever knows better says so at once */
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", &options, &repair), 0);
	assert_false(pool_stat(*state)->write_protect);
	repairs_expect(*state, OBJECTS, NULL);
}

/* ---- tables ---- */

static void lost_tables_are_made_anew(void **state)
{
	struct cart_repair repair;

	repairs_record(*state);
	pool_unlink(*state, INDEX_FILE);
	pool_unlink(*state, MARKS_FILE);
	repair = repairs_run(*state);
	assert_true(repair.tables_rebuilt);
	assert_false(repair.header_healed || repair.header_rebuilt || repair.recovered);
	repairs_expect_nothing(*state);
	repairs_expect(*state, OBJECTS, NULL);
}

static void a_lie_anywhere_in_the_tables_is_found(void **state)
{
	repairs_record(*state);
	pool_flip(*state, INDEX_FILE, 16 * 44 + 2, 4);
	assert_true(repairs_run(*state).tables_rebuilt);
	pool_flip(*state, MARKS_FILE, 8 * 5, 1);
	assert_true(repairs_run(*state).tables_rebuilt);
	pool_truncate(*state, MARKS_FILE, 8 * 8 + 3);
	assert_true(repairs_run(*state).tables_rebuilt);
	repairs_expect_nothing(*state);
	repairs_expect(*state, OBJECTS, NULL);
}

/* ---- data ---- */

static void one_lost_frame_keeps_what_the_index_knows(void **state)
{
	uint8_t damaged[OBJECTS] = { [33] = 1 };
	struct cart_repair repair;
	size_t length = 0;
	struct cart *c;

	repairs_record(*state);
	spoil_frame(*state, 33);
	repair = repairs_run(*state);
	assert_false(cart_repair_changed(&repair));
	assert_int_equal(repair.lost, 1);
	repairs_expect(*state, OBJECTS, damaged);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_locate(c, 33), 0);
	assert_int_equal(cart_read(c, &(struct iovec){ NULL, 0 }, 1, 0, &length), CART_E_DAMAGED);
	assert_int_equal(length, 2000 + 33 * 13);
	pool_close(c);
	pool_unlink(*state, INDEX_FILE); /* nobody knows any more */
	assert_true(repairs_run(*state).tables_rebuilt);
	repairs_expect(*state, OBJECTS, damaged);
	repairs_expect_nothing(*state);
}

/* An entry for it that does not fit both neighbours is none. */
static void one_lost_frame_with_a_lying_entry_is_lost(void **state)
{
	uint8_t damaged[OBJECTS] = { [22] = 1 };
	struct disk_index_entry e;
	char *path = pool_file(*state, INDEX_FILE);
	int fd;

	repairs_record(*state);
	spoil_frame(*state, 22);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &e, sizeof(e), 22 * sizeof(e)), sizeof(e));
	e.address =
		le64_from(le64_get(e.address) + 16); /* it still ends where the next one begins */
	e.stored_size = le32_from(le32_get(e.stored_size) - 16);
	assert_int_equal(pwrite(fd, &e, sizeof(e), 22 * sizeof(e)), sizeof(e));
	(void)close(fd);
	free(path);
	assert_true(repairs_run(*state).tables_rebuilt);
	repairs_expect(*state, OBJECTS, damaged);
	repairs_expect_nothing(*state);
}

static void damaged_data_stays_and_its_neighbours_read(void **state)
{
	uint8_t damaged[OBJECTS] = { [3] = 1 };
	struct cart_repair repair;

	repairs_record(*state);
	pool_flip(*state, DATA_FILE, repairs_address(*state, 3) + 80 + 100, 2);
	repair = repairs_run(*state);
	assert_false(cart_repair_changed(&repair));
	assert_int_equal(repair.lost, 0);
	repairs_expect(*state, OBJECTS, damaged);
}

/* The objects of segment @number, as the index has them. */
static unsigned mark_segment(struct pool *p, uint64_t number, uint8_t damaged[OBJECTS])
{
	unsigned count = 0;

	for (uint64_t n = 0; n < OBJECTS; n++) {
		damaged[n] = repairs_address(p, n) >> SEGMENT_SHIFT == number;
		count += damaged[n];
	}
	assert_true(count > 5);
	return count;
}

static void a_lost_segment_is_damaged_objects(void **state)
{
	for (unsigned number = 0; number < 3; number++) {
		uint8_t damaged[OBJECTS];
		char name[32];
		unsigned count;
		struct cart_repair repair;

		if (number > 0) {
			assert_int_equal(cart_delete(((struct pool *)*state)->path, "T1"), 0);
			pool_create(*state, "T1", 0);
		}
		repairs_record(*state);
		count = mark_segment(*state, number, damaged);
		(void)snprintf(name, sizeof(name), "data.00000001.%08x", number);
		pool_unlink(*state, name);
		repair = repairs_run(*state);
		assert_int_equal(repair.lost, count);
		repairs_expect(*state, OBJECTS, damaged);
		repairs_expect_nothing(*state);
	}
}

static void a_cut_data_file_is_damaged_objects_at_its_end(void **state)
{
	uint8_t damaged[OBJECTS] = { 0 };
	struct cart_repair repair;
	uint64_t first = 0;

	repairs_record(*state);
	while (repairs_address(*state, first) < SEGMENT_SIZE / 2)
		first++;
	for (uint64_t n = first; n < OBJECTS; n++)
		damaged[n] = repairs_address(*state, n) < SEGMENT_SIZE;
	pool_truncate(*state, DATA_FILE, repairs_address(*state, first) + 100);
	repair = repairs_run(*state);
	assert_true(repair.lost > 3);
	repairs_expect(*state, OBJECTS, damaged);
	repairs_expect_nothing(*state);
}

static void a_torn_tail_is_cut_and_kept_aside(void **state)
{
	struct cart_repair repair;
	uint64_t objects, size;
	uint8_t damaged[OBJECTS];

	pool_die_after(*state, repairs_record_and_die);
	size = pool_file_size(*state, SEGMENT_1);
	(void)size;
	pool_flip(*state, "data.00000001.00000002", 3000, 1); /* not synced: the end is here */
	repair = repairs_run(*state);
	assert_true(repair.recovered);
	assert_true(repair.cut_bytes > 0);
	objects = pool_stat(*state)->objects;
	assert_int_equal(repair.objects, objects);
	assert_true(objects >= 60 && objects < OBJECTS);
	assert_int_equal(repairs_find_damaged(*state, objects, damaged), 0);
	repairs_expect_nothing(*state);
}

static void a_torn_block_at_the_end_is_no_object(void **state)
{
	struct cart_repair repair;
	uint64_t address;

	pool_die_after(*state, repairs_record_and_die);
	address = repairs_address(*state, OBJECTS - 2);
	pool_truncate(*state, "data.00000001.00000002", (address & (SEGMENT_SIZE - 1)) + 1000);
	pool_unlink(*state, "header");
	repair = repairs_run(*state);
	assert_int_equal(repair.objects, OBJECTS - 2);
	assert_int_equal(repair.lost, 0);
	assert_int_equal(repair.cut_bytes, 1000);
	repairs_expect(*state, OBJECTS - 2, NULL);
	repairs_expect_nothing(*state);
}

static int overwrite_unsynced(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r == 0)
		r = cart_locate(c, SECOND_EPOCH);
	return r == 0 ? repairs_write(c, SECOND_EPOCH, 30, 0) : r;
}

/* A page that did not reach the disk shows what lay there before: a whole frame of the same number,
 * of an older recording. */
static void an_older_recording_does_not_show_through_a_gap(void **state)
{
	uint8_t damaged[OBJECTS] = { [25] = 1 };
	size_t size;
	uint8_t *old;
	uint64_t at;
	char *path = pool_file(*state, DATA_FILE);
	int fd;

	assert_int_equal(repairs_record_first(*state), 0);
	at = repairs_address(*state, 25);
	old = slurp(*state, DATA_FILE, &size);
	pool_die_after(*state, overwrite_unsynced);
	assert_int_equal(repairs_address(*state, 25), at);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, old + at, 80 + 2000 + 25 * 13, (off_t)at), 80 + 2000 + 25 * 13);
	(void)close(fd);
	pool_unlink(*state, "header");
	assert_int_equal(repairs_run(*state).objects, 30);
	repairs_expect(*state, 30, damaged);
	pool_unlink(*state, INDEX_FILE); /* nor later */
	repairs_expect(*state, 30, damaged);
	repairs_expect_nothing(*state);
	free(old);
	free(path);
}

static void bytes_behind_the_end_are_cut(void **state)
{
	char *path = pool_file(*state, "data.00000001.00000003");
	struct cart_repair repair;
	FILE *f;

	repairs_record(*state);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_true(fputs("a torn frame", f) >= 0);
	assert_int_equal(fclose(f), 0);
	repair = repairs_run(*state);
	assert_int_equal(repair.cut_bytes, 12);
	repairs_expect_nothing(*state);
	repairs_expect(*state, OBJECTS, NULL);
	free(path);
}

static void everything_at_once(void **state)
{
	uint8_t damaged[OBJECTS], found[OBJECTS];
	struct cart_repair repair;

	repairs_record(*state);
	(void)mark_segment(*state, 1, damaged);
	damaged[5] = damaged[OBJECTS - 8] = 1;
	spoil_frame(*state, 5);
	spoil_frame(*state, OBJECTS - 8);
	pool_unlink(*state, SEGMENT_1);
	pool_unlink(*state, INDEX_FILE);
	pool_flip(*state, MARKS_FILE, 3, 1);
	spoil(*state, "header", 96, 60);
	repair = repairs_run(*state);
	assert_true(repair.header_rebuilt && repair.tables_rebuilt);
	repairs_expect(*state, OBJECTS, damaged);
	assert_int_equal(repairs_find_damaged(*state, OBJECTS, found), repair.lost);
	repairs_expect_nothing(*state);
}

static void a_state_of_damage_is_left(void **state)
{
	struct cart *c;

	repairs_record(*state);
	c = pool_open(*state, CART_OPEN_WRITE);
	c->info.state = CART_DAMAGED;
	assert_int_equal(header_store(c), 0);
	pool_close(c);
	assert_int_equal(cart_open(((struct pool *)*state)->path, "T1", CART_OPEN_READ, &c),
			 CART_E_INVALID);
	(void)repairs_run(*state);
	assert_int_equal(pool_stat(*state)->state, CART_RESIDENT);
	repairs_expect(*state, OBJECTS, NULL);
	repairs_expect_nothing(*state);
}

/* ---- before and after ---- */

static void damage_all(struct pool *p)
{
	repairs_record(p);
	spoil_frame(p, 5);
	spoil_frame(p, 6);
	spoil(p, "header", 96, 60);
	pool_flip(p, INDEX_FILE, 700, 1);
}

static void a_dry_run_changes_nothing_and_tells_the_same(void **state)
{
	struct cart_repair_options options = { .dry_run = true };
	struct cart_repair dry, wet;
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];

	damage_all(*state);
	repairs_sum(*state, before);
	assert_int_equal(cart_repair(((struct pool *)*state)->path, "T1", &options, &dry), 0);
	repairs_sum(*state, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_string_equal(dry.backup, "");
	wet = repairs_run(*state);
	assert_true(strlen(wet.backup) > 0);
	memset(wet.backup, 0, sizeof(wet.backup));
	memset(dry.backup, 0, sizeof(dry.backup));
	assert_memory_equal(&dry, &wet, sizeof(dry));
}

/* Going back by the README. Digests made since are of epochs that come again: they must go. */
static void the_backup_brings_everything_back(void **state)
{
	struct pool *p = *state;
	struct cart_repair repair;
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	char *command, **list;

	damage_all(p);
	repairs_sum(p, before);
	repair = repairs_run(p);
	/* the pool does not take it for a cartridge */
	assert_int_equal(cart_list(p->path, &list), 0);
	assert_string_equal(list[0], "T1");
	assert_null(list[1]);
	cart_list_free(list);
	assert_true(asprintf(&command,
			     "cd %s/T1.cart && touch digests.00000001 digests.00000002 && "
			     "sed -n 's/^  rm/rm/p' ../%s/README | sh && cd ../%s && "
			     "cp header index.* marks.* ../T1.cart",
			     p->path, repair.backup, repair.backup) > 0);
	assert_int_equal(system(command), 0);
	free(command);
	repairs_sum(p, after);
	assert_memory_equal(before, after, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)
		TEST(a_good_cartridge_needs_nothing),
		TEST(a_blank_cartridge_needs_nothing),
		TEST(any_wrong_byte_of_the_header_is_healed),
		TEST(a_lost_header_is_made_from_the_data),
		TEST(a_cut_header_is_made_from_the_data),
		TEST(each_part_of_a_header_can_be_spoilt),
		TEST(what_makes_sense_in_a_damaged_header_is_kept),
		TEST(options_say_what_nothing_tells),
		TEST(copies_of_a_damaged_header_are_not_current),
		TEST(a_migrated_cartridge_is_healed_or_left_alone),
		TEST(a_blank_cartridge_gets_its_header_back),
		TEST(a_header_made_anew_is_write_protected),
		TEST(nothing_is_made_of_nothing),
		TEST(data_of_nobody_is_left_as_it_is),
		TEST(a_renamed_folder_is_refused),
		TEST(a_cartridge_in_use_is_refused),
		TEST(lost_tables_are_made_anew),
		TEST(a_lie_anywhere_in_the_tables_is_found),
		TEST(one_lost_frame_keeps_what_the_index_knows),
		TEST(one_lost_frame_with_a_lying_entry_is_lost),
		TEST(damaged_data_stays_and_its_neighbours_read),
		TEST(a_lost_segment_is_damaged_objects),
		TEST(a_cut_data_file_is_damaged_objects_at_its_end),
		TEST(a_torn_tail_is_cut_and_kept_aside),
		TEST(a_torn_block_at_the_end_is_no_object),
		TEST(an_older_recording_does_not_show_through_a_gap),
		TEST(bytes_behind_the_end_are_cut),
		TEST(everything_at_once),
		TEST(a_state_of_damage_is_left),
		TEST(a_dry_run_changes_nothing_and_tells_the_same),
		TEST(the_backup_brings_everything_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
