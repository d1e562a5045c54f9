/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tapeio_contract.c: see tapeio_contract.h.  Nothing here reads at end-of-data or asks for a
 * position: a mover does not, and some drives cannot.
 */
#include "tests/unit/policy/tapeio_contract.h"

#include <stdlib.h>
#include <string.h>

static struct tapeio *open_tape(void **state, bool write)
{
	const struct contract *c = *state;
	struct tapeio *t;
	int r = tapeio_open(c->device, c->volume, 0, write, &t);

	if (r != 0)
		fail_msg("open %s: %s", c->device, r < 0 ? strerror(-r) : tapeio_outcome_name(r));
	return t;
}

static void write_block(struct tapeio *t, uint8_t fill, size_t size)
{
	uint8_t *data = malloc(size);
	int r;

	assert_non_null(data);
	memset(data, fill, size);
	r = tapeio_write(t, data, size);
	free(data);
	assert_int_equal(r, 0);
}

static void expect_block(struct tapeio *t, uint8_t fill, size_t size)
{
	const uint8_t *data;
	size_t length = 0;

	assert_int_equal(tapeio_read(t, &data, &length), 0);
	assert_int_equal(length, size);
	assert_int_equal(data[0], fill);
	assert_int_equal(data[size - 1], fill);
	assert_memory_equal(data, data + (size > 1), size - (size > 1)); /* all the same */
}

static void expect_filemark(struct tapeio *t)
{
	const uint8_t *data;
	size_t length;

	assert_int_equal(tapeio_read(t, &data, &length), TAPEIO_E_FILEMARK);
}

void contract_blocks_come_back(void **state)
{
	struct tapeio *t = open_tape(state, true);

	write_block(t, 'a', 1000);
	write_block(t, 'b', 65536);
	write_block(t, 'c', 7);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	assert_int_equal(tapeio_rewind(t), 0);
	expect_block(t, 'a', 1000);
	expect_block(t, 'b', 65536);
	expect_block(t, 'c', 7);
	expect_filemark(t);
	assert_int_equal(tapeio_close(t), 0);
}

void contract_filemarks_are_told_from_blocks(void **state)
{
	struct tapeio *t = open_tape(state, true);

	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	write_block(t, 'a', 512);
	assert_int_equal(tapeio_write_filemarks(t, 2), 0);
	write_block(t, 'b', 512);
	assert_int_equal(tapeio_write_filemarks(t, 0), 0);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	assert_int_equal(tapeio_rewind(t), 0);
	expect_filemark(t);
	expect_block(t, 'a', 512);
	expect_filemark(t);
	expect_filemark(t);
	expect_block(t, 'b', 512);
	expect_filemark(t);
	assert_int_equal(tapeio_close(t), 0);
}

void contract_lengths_from_least_to_longest(void **state)
{
	/*
	 * A drive may refuse blocks below 4 bytes.  tgt's, asked for more than the block has, sends
	 * too little of it where that is more than half of what was asked for: nothing between half
	 * of a MiB and the longest here.
	 */
	const size_t longest = ((struct contract *)*state)->longest;
	const size_t sizes[] = { 4, 5, 511, 513, 4096, 65535, 65537, 262144, 499999, longest };
	struct tapeio *t = open_tape(state, true);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		write_block(t, (uint8_t)('a' + i), sizes[i]);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	assert_int_equal(tapeio_rewind(t), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		expect_block(t, (uint8_t)('a' + i), sizes[i]);
	expect_filemark(t);
	assert_int_equal(tapeio_close(t), 0);
}

void contract_a_rewritten_tape_has_only_the_new(void **state)
{
	struct tapeio *t = open_tape(state, true);

	for (unsigned i = 0; i < 5; i++)
		write_block(t, 'o', 1024);
	assert_int_equal(tapeio_write_filemarks(t, 2), 0);
	assert_int_equal(tapeio_rewind(t), 0);
	write_block(t, 'n', 2048);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	assert_int_equal(tapeio_rewind(t), 0);
	expect_block(t, 'n', 2048);
	expect_filemark(t);
	assert_int_equal(tapeio_close(t), 0);
}

void contract_spaces_over_blocks_and_filemarks(void **state)
{
	struct tapeio *t = open_tape(state, true);

	write_block(t, 'a', 100);
	write_block(t, 'b', 100);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	write_block(t, 'c', 100);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	assert_int_equal(tapeio_rewind(t), 0);
	assert_int_equal(tapeio_space_blocks(t, 1), 0);
	expect_block(t, 'b', 100);
	assert_int_equal(tapeio_space_blocks(t, -1), 0);
	expect_block(t, 'b', 100);
	assert_int_equal(tapeio_space_filemarks(t, 1), 0);
	expect_block(t, 'c', 100);
	assert_int_equal(tapeio_close(t), 0);
}

void contract_reads_what_an_earlier_handle_wrote(void **state)
{
	struct tapeio *t = open_tape(state, true);

	write_block(t, 'a', 333);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	assert_int_equal(tapeio_close(t), 0);
	t = open_tape(state, false);
	expect_block(t, 'a', 333);
	expect_filemark(t);
	assert_int_equal(tapeio_close(t), 0);
}

void contract_status_is_online(void **state)
{
	struct tapeio *t = open_tape(state, true);
	struct tapeio_status status;

	assert_int_equal(tapeio_status(t, &status), 0);
	assert_true(status.online);
	assert_false(status.write_protected);
	assert_int_equal(tapeio_close(t), 0);
}

void contract_is_held_by_one_at_a_time(void **state)
{
	const struct contract *c = *state;
	struct tapeio *t = open_tape(state, true), *second;

	assert_int_equal(tapeio_open(c->device, c->volume, 0, true, &second), TAPEIO_E_BUSY);
	assert_int_equal(tapeio_close(t), 0);
}
