/* SPDX-License-Identifier: Apache-2.0 */
/* Logical block protection (SSC-5): mode page 0Ah/F0h, VPD page B5h, and blocks with checksums. */
#include "tests/support/rig.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/crc32c.h"
#include "lib/base/rs_crc.h"

#define PAGE  16 /* where the page begins in MODE SELECT(10) data with a block descriptor */
#define LBP_W 0x80
#define LBP_R 0x40

static void select_page(struct rig *r, uint8_t method, uint8_t length, uint8_t bits)
{
	memset(r->data, 0, 40);
	r->data[8] = 0x4a;
	r->data[9] = 0xf0;
	r->data[11] = 0x1c;
	r->data[12] = method;
	r->data[13] = length;
	r->data[14] = bits;
	r->data[3] = 0x10; /* buffered */
	run(r, 40, OP_MODE_SELECT_10, 0x10, 0, 0, 0, 0, 0, 0, 40, 0);
}

static void protect(struct rig *r, uint8_t method, uint8_t bits)
{
	select_page(r, method, method != 0 ? 4 : 0, bits);
	expect_good(r);
}

static void put_sum(uint8_t method, uint8_t *data, size_t size)
{
	uint32_t crc = crc32c(0, data, size);

	if (method == 1)
		put_be32(data + size, rs_crc(0, data, size));
	else
		for (unsigned i = 0; i < 4; i++)
			data[size + i] = (uint8_t)(crc >> (8 * i));
}

static void fill(uint8_t *data, uint8_t seed, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(seed + i * 7 + i / 256);
}

/* A block of @size bytes with its checksum behind it. */
static void prepare(struct rig *r, uint8_t method, size_t at, uint8_t seed, size_t size)
{
	fill(r->data + at, seed, size);
	put_sum(method, r->data + at, size);
}

static void write_protected(struct rig *r, uint8_t method, uint8_t seed, uint32_t size)
{
	prepare(r, method, 0, seed, size);
	run_write(r, 0, size + 4, size + 4);
}

/* Byte @at of the answer begins with such a block and its checksum. */
static void expect_protected(struct rig *r, uint8_t method, size_t at, uint8_t seed, size_t size)
{
	static uint8_t right[70000];

	fill(right, seed, size);
	put_sum(method, right, size);
	assert_memory_equal(r->data + at, right, size + 4);
}

/* ---- pages ---- */

static void the_page_takes_what_the_drive_has(void **state)
{
	static const struct {
		uint8_t method, length, bits;
		unsigned byte; /* refused there; 0: good */
	} rows[] = {
		{ 1, 4, 0xc0, 0 },  { 2, 4, 0xc0, 0 },  { 2, 4, 0x80, 0 },  { 1, 4, 0x40, 0 },
		{ 2, 4, 0x00, 0 },  { 0, 0, 0x00, 0 },  { 3, 4, 0xc0, 12 }, { 0xf0, 4, 0xc0, 12 },
		{ 2, 3, 0xc0, 13 }, { 2, 0, 0xc0, 13 }, { 2, 0x44, 0, 13 }, { 0, 4, 0x00, 13 },
		{ 0, 0, 0x80, 14 }, { 2, 4, 0xe0, 14 }, { 2, 4, 0x01, 14 },
	};
	struct rig *r = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		select_page(r, rows[i].method, rows[i].length, rows[i].bits);
		if (rows[i].byte == 0)
			expect_good(r);
		else
			expect_list_field(r, rows[i].byte);
	}
}

static void ltfs_reads_the_page_it_set(void **state)
{
	struct rig *r = *state;

	protect(r, 2, LBP_W | LBP_R);
	run(r, 48, OP_MODE_SENSE_10, 0, 0x0a, 0xf0, 0, 0, 0, 0, 48, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 48);
	assert_int_equal(get_be16(r->data), 46);
	assert_int_equal(r->data[PAGE], 0x4a); /* not saveable: PS is 0 */
	assert_int_equal(r->data[PAGE + 1], 0xf0);
	assert_int_equal(get_be16(r->data + PAGE + 2), 0x1c);
	assert_int_equal(r->data[PAGE + 4], 2);
	assert_int_equal(r->data[PAGE + 5], 4);
	assert_int_equal(r->data[PAGE + 6], 0xc0);
	rig_restart(r);
	run(r, 48, OP_MODE_SENSE_10, 0, 0x0a, 0xf0, 0, 0, 0, 0, 48, 0);
	assert_int_equal(r->data[PAGE + 4], 0); /* power on */
}

static void vital_product_data_name_both_methods(void **state)
{
	static const uint8_t page[] = {
		0x01, 0xb5, 0, 12, 0, 0, 0, 0, 3, 1, 4, 0xc0, 3, 2, 4, 0xc0
	};
	struct rig *r = *state;

	run(r, 255, OP_INQUIRY, 0x01, 0xb5, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, sizeof(page));
	assert_memory_equal(r->data, page, sizeof(page));
}

/* ---- writing ---- */

static void the_checksum_is_checked_and_not_stored(void **state)
{
	struct rig *r = *state;

	for (uint8_t method = 1; method <= 2; method++) {
		rewind_tape(r);
		protect(r, method, LBP_W);
		write_protected(r, method, method, 1000);
		expect_good(r);
		rewind_tape(r);
		run_read(r, 0, 1000, 1000); /* LBP_R is 0: the block alone */
		expect_good(r);
		assert_int_equal(r->cmd.in_len, 1000);
		fill(r->data + 2000, method, 1000);
		assert_memory_equal(r->data, r->data + 2000, 1000);
	}
}

/* LTFS, crc32c_enc() and rs_gf256_enc(): how the checksums lie behind a block. */
static void checksums_stand_as_ltfs_puts_them(void **state)
{
	static const uint8_t rs[] = "123456789\x4b\x4f\x67\x3a";
	static const uint8_t crc[] = "123456789\x83\x92\x06\xe3";
	struct rig *r = *state;

	protect(r, 1, LBP_W | LBP_R);
	memcpy(r->data, rs, 13);
	run_write(r, 0, 13, 13);
	expect_good(r);
	protect(r, 2, LBP_W | LBP_R);
	memcpy(r->data, crc, 13);
	run_write(r, 0, 13, 13);
	expect_good(r);
	rewind_tape(r);
	run_read(r, 0, 13, 13); /* what was protected in one way is read in the other */
	assert_memory_equal(r->data, crc, 13);
	protect(r, 1, LBP_R);
	run_read(r, 0, 13, 13);
	assert_memory_equal(r->data, rs, 13);
}

static void a_wrong_block_is_not_stored_and_does_not_move_the_tape(void **state)
{
	struct rig *r = *state;

	for (uint8_t method = 1; method <= 2; method++) {
		rewind_tape(r);
		protect(r, method, LBP_W);
		write_protected(r, method, 1, 500);
		expect_good(r);
		for (unsigned bit = 0; bit < 504 * 8; bit += 331) {
			prepare(r, method, 0, 2, 500);
			r->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			run_write(r, 0, 504, 504);
			expect_tape(r, SENSE_LOGICAL_BLOCK_GUARD, 0, 504);
			expect_position(r, 1);
		}
		write_protected(r, method, 3, 500);
		expect_good(r);
		expect_position(r, 2);
	}
}

static void fixed_blocks_are_checked_one_by_one(void **state)
{
	struct rig *r = *state;

	set_block_size(r, 104);
	protect(r, 2, LBP_W);
	set_block_size(r, 104);
	for (unsigned i = 0; i < 5; i++)
		prepare(r, 2, 104 * i, (uint8_t)i, 100);
	run_write(r, 1, 5, 520);
	expect_good(r);
	expect_position(r, 5);
	for (unsigned i = 0; i < 5; i++)
		prepare(r, 2, 104 * i, (uint8_t)i, 100);
	r->data[104 * 3 + 50] ^= 1;
	run_write(r, 1, 5, 520);
	expect_tape(r, SENSE_LOGICAL_BLOCK_GUARD, 0, 2);
	expect_position(r, 8);
	protect(r, 0, 0);
	set_block_size(r, 0);
	rewind_tape(r);
	run_read(r, 0, 100, 100);
	expect_good(r); /* 100 bytes each on the medium */
}

static void what_has_no_room_for_a_checksum_is_refused(void **state)
{
	struct rig *r = *state;

	protect(r, 2, LBP_W);
	for (uint32_t size = 1; size <= 4; size++) {
		run_write(r, 0, size, size);
		expect_field(r, 2);
	}
	run_write(r, 0, 0, 0);
	expect_good(r);
	write_protected(r, 2, 9, 1);
	expect_good(r);
}

/* ---- reading ---- */

static void reading_gives_the_checksum(void **state)
{
	struct rig *r = *state;

	for (uint8_t method = 1; method <= 2; method++) {
		protect(r, 0, 0);
		rewind_tape(r);
		for (uint8_t i = 0; i < 6; i++) { /* the last ones are read ahead */
			fill(r->data, i, 60000);
			run_write(r, 0, 60000, 60000);
			expect_good(r);
		}
		rewind_tape(r);
		protect(r, method, LBP_R);
		for (uint8_t i = 0; i < 6; i++) {
			run_read(r, 0, 60004, 60004);
			expect_good(r);
			assert_int_equal(r->cmd.in_len, 60004);
			expect_protected(r, method, 0, i, 60000);
		}
	}
}

/* The length of a block is that of both. */
static void lengths_count_the_checksum(void **state)
{
	struct rig *r = *state;

	protect(r, 2, LBP_W | LBP_R);
	write_protected(r, 2, 5, 100);
	rewind_tape(r);
	run_read(r, 0, 200, 200);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 96);
	assert_int_equal(r->cmd.in_len, 104);
	expect_protected(r, 2, 0, 5, 100);
	for (uint32_t size = 90; size < 104; size++) {
		rewind_tape(r);
		memset(r->data, 0xee, 200);
		run_read(r, 0, size, size);
		expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, (int64_t)size - 104);
		assert_int_equal(r->cmd.in_len, size);
		assert_int_equal(r->data[size], 0xee);
	}
	rewind_tape(r);
	run_read(r, 2, 200, 200); /* SILI */
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 104);
}

static void fixed_blocks_are_read_with_a_checksum_each(void **state)
{
	struct rig *r = *state;

	protect(r, 1, LBP_W | LBP_R);
	set_block_size(r, 104);
	for (unsigned i = 0; i < 4; i++)
		prepare(r, 1, 104 * i, (uint8_t)i, 100);
	run_write(r, 1, 4, 416);
	expect_good(r);
	rewind_tape(r);
	run_read(r, 1, 4, 416);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 416);
	for (unsigned i = 0; i < 4; i++)
		expect_protected(r, 1, 104 * i, (uint8_t)i, 100);
	rewind_tape(r);
	set_block_size(r, 100);
	run_read(r, 1, 2, 200);
	expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 2);
}

static void damage_never_gets_a_fresh_checksum(void **state)
{
	struct rig *r = *state;

	protect(r, 2, LBP_W | LBP_R);
	write_protected(r, 2, 5, 3000);
	write_protected(r, 2, 6, 3000);
	write_filemarks(r, 1);
	rig_damage(r, 20);
	for (uint8_t method = 1; method <= 2; method++) {
		protect(r, method, LBP_R);
		rewind_tape(r);
		run_read(r, 0, 3004, 3004);
		expect_sense(r, SENSE_UNRECOVERED_READ_ERROR);
		assert_int_equal(r->cmd.in_len, 0);
		run_read(r, 0, 3004, 3004);
		expect_good(r);
		expect_protected(r, method, 0, 6, 3000);
	}
}

/* ---- near the end of the medium ---- */

#define MB    1000000u
#define BLOCK 100000u

static const struct cart_params medium = {
	.barcode = "END001L8",
	.density = 0x5e,
	.medium_type = 0x88,
	.capacity_bytes = 5 * MB,
	.early_warning_bytes = MB,
};

/* Mode page 10h/01h: programmable early warning at 2 MB of 5. */
static void warn_early(struct rig *r)
{
	static const uint8_t list[36] = { 0, 0, 0x10, 0, 0x50, 0x01, 0, 0x1c, [11] = 2 };

	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_MODE_SELECT_6, 0x10, 0, 0, sizeof(list), 0);
	expect_good(r);
}

static void a_wrong_block_is_refused_where_a_warning_is_due(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &medium);
	for (unsigned i = 0; i < 25; i++)
		write_block(r, 1, BLOCK);
	write_filemarks(r, 1);
	warn_early(r); /* the recording is in the zone, and nobody has heard of it */
	protect(r, 2, LBP_W);
	prepare(r, 2, 0, 2, 1000);
	r->data[17] ^= 1;
	run_write(r, 0, 1004, 1004);
	expect_tape(r, SENSE_LOGICAL_BLOCK_GUARD, 0, 1004);
	expect_position(r, 26);
	write_protected(r, 2, 2, 1000); /* the warning has waited for a block that is stored */
	expect_tape(r, SENSE_PROGRAMMABLE_EARLY_WARNING, SENSE_EOM, 0);
	expect_position(r, 27);
}

static void write_25_of_which_the_23rd_is_wrong(struct rig *r, uint8_t buffered)
{
	rig_medium_ready(r, &medium);
	warn_early(r);
	protect(r, 2, LBP_W);
	set_block_size(r, BLOCK + 4);
	memset(r->data, 0, 4);
	r->data[2] = buffered;
	run(r, 4, OP_MODE_SELECT_6, 0x10, 0, 0, 4, 0);
	expect_good(r);
	for (unsigned i = 0; i < 25; i++)
		prepare(r, 2, (size_t)i * (BLOCK + 4), (uint8_t)i, BLOCK);
	r->data[22 * (BLOCK + 4) + 9] ^= 1;
	run_write(r, 1, 25, 25 * (BLOCK + 4));
	expect_tape(r, SENSE_LOGICAL_BLOCK_GUARD, 0, 3);
	expect_position(r, 22);
}

static void what_is_behind_a_wrong_block_is_left_where_a_warning_is_due(void **state)
{
	write_25_of_which_the_23rd_is_wrong(*state, 0x10);
}

static void what_is_behind_a_wrong_block_is_left_without_a_buffer_too(void **state)
{
	write_25_of_which_the_23rd_is_wrong(*state, 0);
}

static void marks_and_the_end_are_as_ever(void **state)
{
	struct rig *r = *state;

	protect(r, 2, LBP_W | LBP_R);
	write_filemarks(r, 1);
	rewind_tape(r);
	run_read(r, 0, 104, 104);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 104);
	run_read(r, 0, 104, 104);
	expect_tape(r, SENSE_END_OF_DATA, 0, 104);
}

static void verify_by_the_method_needs_one(void **state)
{
	struct rig *r = *state;

	protect(r, 2, LBP_W);
	write_protected(r, 2, 1, 100);
	rewind_tape(r);
	run(r, 0, OP_VERIFY_6, 0x10, 0, 0, 100, 0);
	expect_good(r);
	protect(r, 0, 0);
	rewind_tape(r);
	run(r, 0, OP_VERIFY_6, 0x10, 0, 0, 100, 0);
	expect_field(r, 1);
}

static void put_key(struct rig *r)
{
	static const uint8_t head[20] = { 0x00, 0x10, 0, 48, 0x40, 0x40, 2, 2, 1, 0,
					  0,    0,    0, 0,  0,    0,    0, 0, 0, 32 };

	memcpy(r->data, head, sizeof(head));
	memset(r->data + 20, 0xa5, 32);
}

static unsigned flips; /* copies in which a bit is to turn over, as in bad memory */

void __real_copy_bytes(void *to, const void *from, size_t size);
void __wrap_copy_bytes(void *to, const void *from, size_t size);

void __wrap_copy_bytes(void *to, const void *from, size_t size)
{
	__real_copy_bytes(to, from, size);
	if (flips > 0 && size > 17) {
		flips--;
		((uint8_t *)to)[17] ^= 0x40;
	}
}

/* Two blocks: the first goes straight through, the second by the buffer, where a bit turns over. */
static void write_two_the_second_bad(struct rig *r)
{
	write_protected(r, 2, 1, 1000);
	flips = 1;
	write_protected(r, 2, 2, 1000);
	assert_int_equal(flips, 0);
}

static void what_turned_over_in_the_buffer_is_found(void **state)
{
	struct rig *r = *state;

	rig_unlimited_ready(r);
	protect(r, 2, LBP_W);
	write_two_the_second_bad(r);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_deferred(r, 1000);
}

static void what_turned_over_in_the_buffer_is_found_when_encrypted(void **state)
{
	struct rig *r = *state;

	rig_unlimited_ready(r);
	protect(r, 2, LBP_W);
	put_key(r);
	run(r, 52, OP_SECURITY_PROTOCOL_OUT, 0x20, 0, 0x10, 0, 0, 0, 0, 0, 52, 0, 0);
	expect_good(r);
	write_two_the_second_bad(r);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_deferred(r, 1000);
}

/* The store's checksum of the block is not of these bytes: with the other method there is none. */
static void what_turned_over_on_the_way_to_the_host_gets_no_checksum(void **state)
{
	struct rig *r = *state;

	protect(r, 2, LBP_W | LBP_R);
	write_protected(r, 2, 5, 3000);
	write_protected(r, 2, 6, 3000);
	write_filemarks(r, 1);
	protect(r, 1, LBP_R);
	rewind_tape(r);
	flips = 1;
	run_read(r, 0, 3004, 3004);
	assert_int_equal(flips, 0);
	expect_tape(r, SENSE_LOGICAL_BLOCK_GUARD, 0, 3004);
	run_read(r, 0, 3004, 3004);
	expect_good(r);
	expect_protected(r, 1, 0, 6, 3000);
}

static void verify(struct rig *r, uint8_t bits, uint8_t length, size_t data)
{
	rewind_tape(r);
	run(r, data, OP_VERIFY_6, bits, 0, 0, length, 0);
}

static void what_reads_right_verifies_right(void **state)
{
	struct rig *r = *state;

	for (uint8_t method = 1; method <= 2; method++) {
		rewind_tape(r);
		protect(r, method, LBP_W | LBP_R);
		set_block_size(r, 104);
		for (unsigned i = 0; i < 2; i++)
			prepare(r, method, (size_t)i * 104, (uint8_t)i, 100);
		run_write(r, 1, 2, 208);
		expect_good(r);
		verify(r, 0x11, 2, 0); /* VLBPM, FIXED */
		expect_good(r);
		verify(r, 0x10, 104, 0);
		expect_good(r);
		verify(r, 0x10, 100, 0);
		expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, -4);
		protect(r, method, LBP_W); /* READ gives the block alone */
		verify(r, 0x10, 100, 0);
		expect_good(r);
		verify(r, 0x11, 2, 0);
		expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, 2);
	}
}

static void verify_compares_the_checksum_too(void **state)
{
	struct rig *r = *state;

	for (uint8_t method = 1; method <= 2; method++) {
		rewind_tape(r);
		protect(r, method, LBP_W | LBP_R);
		set_block_size(r, 104);
		for (unsigned i = 0; i < 2; i++)
			prepare(r, method, (size_t)i * 104, (uint8_t)i, 100);
		run_write(r, 1, 2, 208);
		verify(r, 0x13, 2, 208); /* BYTCMP; what is written is in the buffer still */
		expect_good(r);
		r->data[104 + 103] ^= 1;
		verify(r, 0x13, 2, 208);
		expect_tape(r, SENSE_MISCOMPARE, 0, 1);
		r->data[104 + 103] ^= 1;
		r->data[99] ^= 1;
		verify(r, 0x12, 104, 104);
		expect_tape(r, SENSE_MISCOMPARE, 0, 104);
		verify(r, 0x12, 3, 3); /* not even a checksum */
		expect_tape(r, SENSE_INCORRECT_LENGTH, SENSE_ILI, -101);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(the_page_takes_what_the_drive_has),
		rig_test(ltfs_reads_the_page_it_set),
		rig_test(vital_product_data_name_both_methods),
		rig_test(the_checksum_is_checked_and_not_stored),
		rig_test(checksums_stand_as_ltfs_puts_them),
		rig_test(a_wrong_block_is_not_stored_and_does_not_move_the_tape),
		rig_test(fixed_blocks_are_checked_one_by_one),
		rig_test(what_has_no_room_for_a_checksum_is_refused),
		rig_test(reading_gives_the_checksum),
		rig_test(lengths_count_the_checksum),
		rig_test(fixed_blocks_are_read_with_a_checksum_each),
		rig_test(damage_never_gets_a_fresh_checksum),
		rig_test(a_wrong_block_is_refused_where_a_warning_is_due),
		rig_test(what_is_behind_a_wrong_block_is_left_where_a_warning_is_due),
		rig_test(what_is_behind_a_wrong_block_is_left_without_a_buffer_too),
		rig_test(marks_and_the_end_are_as_ever),
		rig_test(verify_by_the_method_needs_one),
		rig_test(what_reads_right_verifies_right),
		rig_test(verify_compares_the_checksum_too),
		rig_test(what_turned_over_in_the_buffer_is_found),
		rig_test(what_turned_over_in_the_buffer_is_found_when_encrypted),
		rig_test(what_turned_over_on_the_way_to_the_host_gets_no_checksum),
	};

	return rig_main(tests);
}
