/* SPDX-License-Identifier: Apache-2.0 */
/* MODE SENSE and MODE SELECT of the drive.  PEERS rows 2, 14, 15, 16; 3.2: subpages, echoes, all or
 * nothing. */
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

static void what_st_asks_at_open(void **state)
{
	struct rig *r = *state;

	set_block_size(r, 512);
	run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 12);
	assert_int_equal(r->data[0], 11);
	assert_int_equal(r->data[1], 0x88); /* medium type: LTO-8 */
	assert_int_equal(r->data[2], 0x10); /* buffered, not protected */
	assert_int_equal(r->data[3], 8);
	assert_int_equal(r->data[4], 0x5e); /* density: LTO-8 */
	assert_int_equal(get_be24(r->data + 9), 512);
}

static void block_descriptor_alone_sets_the_block_size(void **state)
{
	static const uint8_t densities[] = { 0x00, 0x7f, 0x5e };
	struct rig *r = *state;

	write_sample(r);
	run_space(r, 0, 2);
	for (unsigned i = 0; i < sizeof(densities); i++) {
		memset(r->data, 0, 12);
		r->data[2] = 0x10;
		r->data[3] = 8;
		r->data[4] = densities[i];
		put_be24(r->data + 9, 1000 + i);
		run(r, 12, OP_MODE_SELECT_6, 0x10, 0, 0, 12, 0);
		expect_good(r);
		run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
		assert_int_equal(get_be24(r->data + 9), 1000 + i);
		assert_int_equal(r->data[4], 0x5e);
	}
	expect_position(r, 2); /* it moves nothing */
}

static void what_cannot_be_set_is_refused_with_its_byte(void **state)
{
	static const struct {
		unsigned byte;
		uint8_t value;
	} rows[] = {
		{ 4, 0x46 }, /* another density */
		{ 6, 0x01 }, /* a number of blocks */
		{ 2, 0x20 }, /* buffered mode 2 */
		{ 2, 0x11 }, /* a speed */
		{ 3, 4 },    /* half a block descriptor */
	};
	struct rig *r = *state;

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		memset(r->data, 0, 12);
		r->data[2] = 0x10;
		r->data[3] = 8;
		r->data[rows[i].byte] = rows[i].value;
		run(r, 12, OP_MODE_SELECT_6, 0x10, 0, 0, 12, 0);
		expect_list_field(r, rows[i].byte == 6 ? 5 : rows[i].byte);
	}
}

static void page_3f_has_every_page_and_agrees_with_the_10_byte_form(void **state)
{
	static const uint8_t codes[] = { 0x01, 0x02, 0x0a, 0x0f, 0x10, 0x11,
					 0x1a, 0x1c, 0x1d, 0x24, 0x25, 0x2f };
	struct rig *r = *state;
	uint8_t six[256];
	size_t size, at = 12, n = 0;

	run(r, 255, OP_MODE_SENSE_6, 0, 0x3f, 0, 255, 0);
	expect_good(r);
	size = r->cmd.in_len;
	memcpy(six, r->data, size);
	assert_int_equal(six[0], size - 1);
	for (; at < size; at += 2u + six[at + 1])
		assert_int_equal(six[at] & 0x3f, codes[n++]);
	assert_int_equal(n, sizeof(codes));
	run(r, 1000, OP_MODE_SENSE_10, 0, 0x3f, 0, 0, 0, 0, 3, 0xe8, 0);
	expect_good(r);
	assert_int_equal(get_be16(r->data), r->cmd.in_len - 2);
	assert_int_equal(get_be16(r->data + 6), 8);
	assert_memory_equal(r->data + 16, six + 12, size - 12);
}

static void dbd_leaves_the_block_descriptor_out(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_MODE_SENSE_6, 0x08, 0x0f, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[3], 0);
	assert_int_equal(r->data[4], 0x8f); /* and it can be saved */
	assert_int_equal(r->cmd.in_len, 20);
}

static void unknown_pages_and_subpages_are_refused(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_MODE_SENSE_6, 0, 0x23, 0, 255, 0);
	expect_field(r, 2);
	run(r, 255, OP_MODE_SENSE_6, 0, 0x0a, 0x44, 255, 0);
	expect_field(r, 3);
	run(r, 255, OP_MODE_SENSE_6, 0, 0x23, 0xff, 255, 0); /* the page is what is wrong */
	expect_field(r, 2);
	run(r, 255, OP_MODE_SENSE_6, 0, 0x3f, 0x44, 255, 0);
	expect_field(r, 3);
}

static void allocation_length_cuts_but_lengths_stay(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_MODE_SENSE_6, 0, 0x3f, 0, 7, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 7);
	assert_true(r->data[0] > 60);
	run(r, 255, OP_MODE_SENSE_6, 0, 0x3f, 0, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 0);
}

/* What mt compression does: reads header, descriptor and page, flips DCE, writes all back. */
static void compression_is_switched_by_an_echo(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_MODE_SENSE_6, 0, 0x0f, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[14] & 0xc0, 0x40); /* capable, off */
	r->data[0] = 0;
	r->data[14] |= 0x80;
	run(r, 28, OP_MODE_SELECT_6, 0x10, 0, 0, 28, 0);
	expect_good(r);
	run(r, 255, OP_MODE_SENSE_6, 0, 0x0f, 0, 255, 0);
	assert_int_equal(r->data[14] & 0xc0, 0xc0);
	memset(r->data, 0, 64 * KIB); /* and it compresses */
	run_write(r, 0, 64 * KIB, 64 * KIB);
	expect_good(r);
	run(r, 64, OP_LOG_SENSE, 0, 0x40 | 0x31, 0, 0, 0, 0, 0, 64, 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	struct cart_info *info = g_new0(struct cart_info, 1);

	assert_int_equal(cart_stat(r->pool, "T1", info), 0);
	assert_int_equal(info->logical_bytes, 64 * KIB);
	assert_true(info->stored_bytes < 4 * KIB);
	g_free(info);
}

static void changeable_mask_names_what_may_change(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_MODE_SENSE_6, 0x08, 0x40 | 0x0f, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[4 + 2], 0x80);
	assert_int_equal(r->data[4 + 3], 0);
	run(r, 255, OP_MODE_SENSE_6, 0x08, 0x40 | 0x10, 0, 255, 0);
	for (unsigned i = 2; i < 16; i++) { /* SWP, the algorithm, ROR, ASOCWP */
		static const uint8_t bits[16] = { [10] = 0x04, [14] = 0xff, [15] = 0x1c };

		assert_int_equal(r->data[4 + i], bits[i]);
	}
}

/* DCE of page 0Fh and the algorithm of page 10h; a header and a descriptor come first. */
static void expect_compression(struct rig *r, bool on)
{
	run(r, 255, OP_MODE_SENSE_6, 0, 0x0f, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[12 + 2] & 0x80, on ? 0x80 : 0);
	run(r, 255, OP_MODE_SENSE_6, 0, 0x10, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[12 + 14], on);
}

static void both_compression_pages_are_one_switch(void **state)
{
	struct rig *r = *state;

	expect_compression(r, false);
	r->data[0] = 0;
	r->data[12 + 14] = 1;
	run(r, 28, OP_MODE_SELECT_6, 0x10, 0, 0, 28, 0);
	expect_good(r);
	expect_compression(r, true);
	run(r, 255, OP_MODE_SENSE_6, 0, 0x0f, 0, 255, 0);
	r->data[0] = 0;
	r->data[12 + 2] &= 0x7f;
	run(r, 28, OP_MODE_SELECT_6, 0x10, 0, 0, 28, 0);
	expect_good(r);
	expect_compression(r, false);
	r->data[0] = 0;
	r->data[12 + 14] = 2; /* there is none of that number */
	run(r, 28, OP_MODE_SELECT_6, 0x10, 0, 0, 28, 0);
	expect_list_field(r, 12 + 14);
	expect_compression(r, false);
}

static void a_refused_list_changes_nothing(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0, 64);
	r->data[2] = 0x00; /* unbuffered: would be fine */
	r->data[3] = 8;
	put_be24(r->data + 9, 4096); /* would be fine too */
	memcpy(r->data + 12, (const uint8_t[]){ 0x10, 0x0e, 0, 1 },
	       4); /* active partition 1 is not */
	run(r, 28, OP_MODE_SELECT_6, 0x10, 0, 0, 28, 0);
	expect_list_field(r, 15);
	run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
	assert_int_equal(r->data[2], 0x10);
	assert_int_equal(get_be24(r->data + 9), 0);
}

static void wrong_lists_are_refused(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0, 64);
	run(r, 0, OP_MODE_SELECT_6, 0x10, 0, 0, 0, 0);
	expect_good(r); /* no list: nothing to do */
	run(r, 3, OP_MODE_SELECT_6, 0x10, 0, 0, 3, 0);
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	run(r, 4, OP_MODE_SELECT_6, 0x10, 0, 0, 12, 0);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	r->data[2] = 0x10;
	r->data[4] = 0x0f;
	r->data[5] = 0x0e;
	run(r, 10, OP_MODE_SELECT_6, 0x10, 0, 0, 10, 0); /* half a page */
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	r->data[5] = 0x0c;
	run(r, 18, OP_MODE_SELECT_6, 0x10, 0, 0, 18, 0); /* a page of another length */
	expect_list_field(r, 5);
	r->data[4] = 0x23;
	run(r, 18, OP_MODE_SELECT_6, 0x10, 0, 0, 18, 0); /* an unknown one */
	expect_list_field(r, 4);
}

static void medium_partition_page_says_one_partition_and_its_size(void **state)
{
	struct rig *r = *state;

	rig_cartridge(r, "BIG", 0x5e, 12000000000000ull);
	uint16_t slot;

	assert_int_equal(library_import(r->library, "BIG", false, &slot), 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, slot, RIG_DRIVE_1);
	run(r, 255, OP_MODE_SENSE_6, 0x08, 0x11, 0, 255, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	run(r, 255, OP_MODE_SENSE_6, 0x08, 0x11, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[4 + 3], 0);
	assert_int_equal(get_be16(r->data + 4 + 8), 12000); /* 10^9 bytes */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(what_st_asks_at_open),
		rig_test(block_descriptor_alone_sets_the_block_size),
		rig_test(what_cannot_be_set_is_refused_with_its_byte),
		rig_test(page_3f_has_every_page_and_agrees_with_the_10_byte_form),
		rig_test(dbd_leaves_the_block_descriptor_out),
		rig_test(unknown_pages_and_subpages_are_refused),
		rig_test(allocation_length_cuts_but_lengths_stay),
		rig_test(compression_is_switched_by_an_echo),
		rig_test(changeable_mask_names_what_may_change),
		rig_test(both_compression_pages_are_one_switch),
		rig_test(a_refused_list_changes_nothing),
		rig_test(wrong_lists_are_refused),
		rig_test(medium_partition_page_says_one_partition_and_its_size),
	};

	return rig_main(tests);
}
