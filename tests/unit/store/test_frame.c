/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/frame.c: which bytes are a frame, and which frames count. */
#include "tests/support/pool.h"

#include <stdlib.h>
#include <string.h>

#include "lib/store/cart.h"

/* A cartridge whose epoch 5 began at object 10, in memory only. */
static int setup(void **state)
{
	struct cart *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -1;
	memcpy(c->info.uuid, "0123456789abcdef", 16);
	c->info.epoch = 5;
	c->epoch_object = 10;
	c->stream = 1;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static struct disk_frame block_frame(struct cart *c, uint64_t object, uint64_t epoch)
{
	const struct totals t = { .objects = object };
	struct disk_frame f;

	frame_make(c, &f, FRAME_BLOCK, &t);
	f.epoch = le64_from(epoch);
	f.codec = CART_CODEC_ZLIB;
	f.logical_size = le32_from(100);
	f.stored_size = le32_from(60);
	frame_seal(c, &f);
	return f;
}

static void any_changed_byte_makes_a_frame_none(void **state)
{
	struct cart *c = *state;
	struct disk_frame good = block_frame(c, 3, 4), f;

	assert_true(frame_is_ours(c, &good));
	for (size_t i = 0; i < sizeof(f); i++) {
		f = good;
		((uint8_t *)&f)[i] ^= 0x10;
		assert_false(frame_is_ours(c, &f));
	}
}

static void a_frame_of_another_cartridge_or_stream_is_none(void **state)
{
	struct cart *c = *state;
	struct disk_frame f = block_frame(c, 3, 4);

	c->info.uuid[15] ^= 1;
	assert_false(frame_is_ours(c, &f));
	c->info.uuid[15] ^= 1;
	c->stream = 2;
	assert_false(frame_is_ours(c, &f));
}

static void only_the_right_epoch_counts(void **state)
{
	static const struct {
		const char *label;
		uint64_t object, epoch;
		bool counts;
	} rows[] = {
		{ "stable, older epoch", 9, 4, true },
		{ "stable, much older epoch", 0, 1, true },
		{ "stable, present epoch: cannot be", 9, 5, false },
		{ "behind, older epoch: dead", 10, 4, false },
		{ "behind, present epoch", 10, 5, true },
		{ "behind, later epoch: a fenced writer", 11, 6, false },
	};
	struct cart *c = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct disk_frame f = block_frame(c, rows[i].object, rows[i].epoch);

		if (frame_counts(c, &f, rows[i].object) != rows[i].counts)
			fail_msg("%s", rows[i].label);
		assert_false(frame_counts(c, &f, rows[i].object + 1));
	}
}

static void impossible_frames_are_none(void **state)
{
	static const struct {
		const char *label;
		uint8_t type, codec;
		uint32_t logical, stored;
		uint64_t stable, file;
	} rows[] = {
		{ "unknown type", 3, 1, 100, 60, 0, 0 },
		{ "empty block", FRAME_BLOCK, 0, 0, 0, 0, 0 },
		{ "longer than the longest", FRAME_BLOCK, 1, CART_MAX_BLOCK + 1, 60, 0, 0 },
		{ "stored longer than it is", FRAME_BLOCK, 1, 100, 101, 0, 0 },
		{ "packed, and no shorter", FRAME_BLOCK, 1, 100, 100, 0, 0 },
		{ "not packed, and shorter", FRAME_BLOCK, 0, 100, 60, 0, 0 },
		{ "filemark with data", FRAME_FILEMARK, 0, 0, 1, 0, 0 },
		{ "vouches for itself", FRAME_BLOCK, 1, 100, 60, 4, 0 },
		{ "more filemarks than objects", FRAME_BLOCK, 1, 100, 60, 0, 4 },
	};
	struct cart *c = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct disk_frame f = block_frame(c, 3, 4);

		f.type = rows[i].type;
		f.codec = rows[i].codec;
		f.logical_size = le32_from(rows[i].logical);
		f.stored_size = le32_from(rows[i].stored);
		f.stable = le64_from(rows[i].stable);
		f.file = le64_from(rows[i].file);
		frame_seal(c, &f);
		if (frame_is_ours(c, &f))
			fail_msg("%s", rows[i].label);
	}
}

static void totals_after_count_the_frame_itself(void **state)
{
	struct cart *c = *state;
	const struct totals before = { 7, 2, 1000, 500 };
	struct disk_frame f;
	struct totals t;

	frame_make(c, &f, FRAME_FILEMARK, &before);
	t = frame_totals_after(&f);
	assert_int_equal(t.objects, 8);
	assert_int_equal(t.filemarks, 3);
	assert_int_equal(t.logical_bytes, 1000);
	f.type = FRAME_BLOCK;
	f.logical_size = le32_from(9);
	f.stored_size = le32_from(4);
	t = frame_totals_after(&f);
	assert_int_equal(t.filemarks, 2);
	assert_int_equal(t.logical_bytes, 1009);
	assert_int_equal(t.stored_bytes, 504);
}

static void iov_put_stops_at_the_end_of_the_data(void **state)
{
	char a[3] = "--", b[6] = "-----";
	const struct iovec iov[] = { { a, 2 }, { b, 5 } };

	(void)state;
	iov_put(iov, 2, "12345", 5);
	assert_string_equal(a, "12");
	assert_string_equal(b, "345--");
}

static void next_segment_begins_behind_its_header(void **state)
{
	(void)state;
	assert_int_equal(next_segment(DATA_START), SEGMENT_SIZE + DATA_START);
	assert_int_equal(next_segment(SEGMENT_SIZE - 1), SEGMENT_SIZE + DATA_START);
	assert_int_equal(next_segment(SEGMENT_SIZE), 2 * SEGMENT_SIZE + DATA_START);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_changed_byte_makes_a_frame_none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_frame_of_another_cartridge_or_stream_is_none,
						setup, teardown),
		cmocka_unit_test_setup_teardown(only_the_right_epoch_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(impossible_frames_are_none, setup, teardown),
		cmocka_unit_test_setup_teardown(totals_after_count_the_frame_itself, setup,
						teardown),
		cmocka_unit_test(iov_put_stops_at_the_end_of_the_data),
		cmocka_unit_test(next_segment_begins_behind_its_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
