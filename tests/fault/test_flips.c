/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bit of one file is flipped, at random places: it is never returned as data, costs one object
 * at the most, which is named by reading and by cart_verify(), and the rest of the recording reads
 * as before, block by block and through the buffer (P3, P4).
 *
 *   test_fault_flips [SEED [ROUNDS]]
 */
#include "tests/fault/replay.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/cart.h"
#include "lib/store/stage.h"

#define OBJECTS 60u

static uint64_t state_of_random;
static unsigned rounds = ROUNDS_OF(2000);

static uint64_t draw(uint64_t below)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (state_of_random >> 11) % below;
}

static uint64_t begins[OBJECTS]; /* address of the frame of each object */

/* Object i: a filemark where i % 6 is 5; from the second quarter on blocks are compressed. */
static size_t size_of(unsigned i)
{
	return i % 6 == 5 ? 0 : 1 + i * 160;
}

static void record(struct pool *p)
{
	static const enum cart_codec codecs[] = { CART_CODEC_NONE, CART_CODEC_ZLIB, CART_CODEC_LZ4,
						  CART_CODEC_ZSTD };
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	for (unsigned i = 0; i < OBJECTS; i++) {
		struct cart_object o;

		assert_int_equal(cart_set_codec(c, codecs[i / (OBJECTS / 4)]), 0);
		if (size_of(i) == 0)
			write_marks(c, 1);
		else
			write_blocks(c, i, 1, size_of(i));
		assert_int_equal(cart_object(c, i, &o), 0);
		begins[i] = o.address;
	}
	pool_close(c);
}

/* The object of whose frame or data the byte at @address is part; OBJECTS where there is none. */
static unsigned object_at(uint64_t address)
{
	unsigned i = OBJECTS;

	if ((address & (SEGMENT_SIZE - 1)) < DATA_START)
		return OBJECTS; /* a segment's header, which nobody needs */
	while (i > 0 && begins[i - 1] > address)
		i--;
	return i == 0 ? OBJECTS : i - 1;
}

static void expect_whole(struct cart *c, unsigned i)
{
	if (size_of(i) == 0)
		assert_int_equal(read_object(c), CART_E_FILEMARK);
	else
		expect_block(c, i, size_of(i));
}

/* In an order of its own: @damaged, and nothing else, cannot be read. */
static void read_all(struct cart *c, unsigned damaged)
{
	unsigned first = (unsigned)draw(OBJECTS), step = draw(2) == 0 ? 1 : 7;

	for (unsigned n = 0; n < OBJECTS; n++) {
		unsigned i = (first + n * step) % OBJECTS;

		if (step != 1 || n == 0 || i == 0)
			assert_int_equal(cart_locate(c, i), 0);
		if (i == damaged)
			assert_int_equal(read_object(c), CART_E_DAMAGED);
		else
			expect_whole(c, i);
	}
	assert_int_equal(cart_info(c)->objects, OBJECTS);
}

static void verify(struct cart *c, unsigned damaged)
{
	struct cart_check check;

	assert_int_equal(cart_verify(c, NULL, NULL, &check), 0);
	assert_int_equal(check.damaged, damaged < OBJECTS);
	if (damaged < OBJECTS)
		assert_int_equal(check.first_damaged, damaged);
}

/* What a host reads through the buffer, which reads ahead over the damage. */
static void read_staged(struct pool *p, unsigned damaged)
{
	static uint8_t block[OBJECTS * 160], expected[OBJECTS * 160];
	const struct iovec iov = { block, sizeof(block) };
	struct stage *s;

	assert_int_equal(stage_open(p->path, "T1", CART_OPEN_READ, &s), 0);
	for (unsigned i = 0; i < OBJECTS; i++) {
		size_t length = 0;
		int r = stage_read(s, &iov, 1, sizeof(block), &length);

		if (i == damaged) {
			assert_int_equal(r, CART_E_DAMAGED);
			continue;
		}
		assert_int_equal(r, size_of(i) == 0 ? CART_E_FILEMARK : 0);
		assert_int_equal(length, size_of(i));
		fill_block(expected, i, length);
		assert_memory_equal(block, expected, length);
	}
	assert_int_equal(stage_close(s), 0);
}

static void flip_and_look(struct pool *p, const char *name, uint64_t segment)
{
	uint64_t at = draw(pool_file_size(p, name));
	uint8_t mask = (uint8_t)(1u << draw(8));
	bool is_data = strncmp(name, "data", 4) == 0;
	unsigned damaged = is_data ? object_at((segment << SEGMENT_SHIFT) + at) : OBJECTS;
	struct cart *c;

	print_message("%s, byte %" PRIu64 ", mask %02x: object %u\n", name, at, mask, damaged);
	pool_flip(p, name, at, mask);
	if (draw(4) == 0)
		pool_unlink(p, INDEX_FILE); /* nothing but the data says what there is */
	c = pool_open(p, draw(2) == 0 ? CART_OPEN_READ : CART_OPEN_WRITE);
	if (draw(4) != 0)
		read_all(c, damaged);
	else
		verify(c, damaged);
	pool_close(c);
	if (draw(4) == 0)
		read_staged(p, damaged);
	if (is_data) {
		pool_flip(p, name, at, mask);
		pool_unlink(p, INDEX_FILE); /* it may know of the damage */
	}
	pool_close(pool_open(p, CART_OPEN_READ));
}

/* A frame may be in one of two places, behind the one before or first in the next segment. */
static void an_index_that_names_the_other_place_is_a_lie(void **state)
{
	unsigned i = 1, lies = 0;

	record(*state);
	for (; i < OBJECTS; i++) {
		struct disk_index_entry e = { .logical_size = le32_from((uint32_t)size_of(i)) };
		bool first = (begins[i] & (SEGMENT_SIZE - 1)) == DATA_START;
		struct cart *c = pool_open(*state, CART_OPEN_READ);
		struct cart_object before;
		uint64_t end;
		char *path;
		int fd;

		assert_int_equal(cart_object(c, i - 1, &before), 0);
		pool_close(c);
		end = before.address + sizeof(struct disk_frame) + before.stored_size;
		e.address = le64_from(
			first ? end : ((end >> SEGMENT_SHIFT) + 1) << SEGMENT_SHIFT | DATA_START);
		e.stored_size = le32_from((uint32_t)size_of(i));
		path = pool_file(*state, INDEX_FILE);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		assert_int_equal(pwrite(fd, &e, sizeof(e), (off_t)(i * sizeof(e))), sizeof(e));
		(void)close(fd);
		free(path);
		c = pool_open(*state, CART_OPEN_READ);
		assert_int_equal(cart_locate(c, i), 0);
		expect_whole(c, i);
		pool_close(c);
		lies += first;
	}
	assert_true(lies > 0); /* it did come to a segment's end */
}

/* The header has no second copy; its checksum tells which byte it was. */
static void flip_header_and_repair(struct pool *p)
{
	uint64_t at = draw(pool_file_size(p, HEADER_NAME));
	uint8_t mask = (uint8_t)(1u << draw(8));
	struct cart_repair repair;
	struct cart *c = NULL;
	char *path;
	int r;

	print_message("header, byte %" PRIu64 ", mask %02x\n", at, mask);
	pool_flip(p, HEADER_NAME, at, mask);
	r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);
	assert_true(r == CART_E_INVALID || r == CART_E_UNSUPPORTED); /* never a guess */
	assert_int_equal(cart_repair(p->path, "T1", NULL, &repair), 0);
	assert_true(repair.header_healed);
	assert_int_equal(repair.lost, 0);
	assert_true(asprintf(&path, "%s/%s", p->path, repair.backup) > 0);
	assert_int_equal(fs_remove_tree(AT_FDCWD, path), 0);
	free(path);
	c = pool_open(p, CART_OPEN_READ);
	read_all(c, OBJECTS);
	pool_close(c);
}

static void a_flipped_bit_of_the_header_is_repaired(void **state)
{
	record(*state);
	for (unsigned i = 0; i < rounds / 10; i++)
		flip_header_and_repair(*state);
}

static void a_flipped_bit_costs_one_object_at_most(void **state)
{
	static const char *const names[] = { DATA_FILE, "data.00000001.00000001", INDEX_FILE,
					     MARKS_FILE };

	record(*state);
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t n = draw(4);

		flip_and_look(*state, names[n], n);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_flipped_bit_costs_one_object_at_most, pool_setup,
						pool_teardown),
		cmocka_unit_test_setup_teardown(an_index_that_names_the_other_place_is_a_lie,
						pool_setup, pool_teardown),
		cmocka_unit_test_setup_teardown(a_flipped_bit_of_the_header_is_repaired, pool_setup,
						pool_teardown),
	};

	state_of_random = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	state_of_random = state_of_random * 2 + 1;
	if (argc > 2)
		rounds = (unsigned)strtoul(argv[2], NULL, 0);
	print_message("seed %" PRIu64 "\n", state_of_random / 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
