/* SPDX-License-Identifier: Apache-2.0 */
/* LTFS against an IBM LTO-8 drive: mkltfs, mount, write, sync, unmount, ltfsck, command by command
 * (tests/support/ltfs_host.h). */
#include "tests/support/ltfs_host.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define MEGA  1000000u
#define INDEX 0u
#define DATA  1u

/* ---- the rig as the host sees it ---- */

static void take_descriptors(struct ltfs_host *h, const uint8_t *s)
{
	for (size_t n = 8; n < 8u + s[7]; n += 2u + s[n + 1]) {
		if (s[n] == 0x00)
			h->information = (int64_t)get_be64(s + n + 4);
		else if (s[n] == 0x04)
			h->flags = s[n + 3] & 0xe0;
	}
}

static void take_sense(struct ltfs_host *h, const uint8_t *s)
{
	bool descriptors = (s[0] & 0x7e) == 0x72;

	memcpy(h->raw, s, sizeof(h->raw));
	if (descriptors) {
		h->sense = (uint32_t)(s[1] & 0x0f) << 16 | get_be16(s + 2);
		take_descriptors(h, s);
	} else {
		h->sense = (uint32_t)(s[2] & 0x0f) << 16 | get_be16(s + 12);
		h->flags = s[2] & 0xe0;
		h->information = (int32_t)get_be32(s + 3);
	}
	if (h->sense == 0)
		h->sense = LTFS_NO_SENSE;
}

static size_t rig_run(struct ltfs_host *h, const uint8_t *cdb, size_t len, bool out, size_t size)
{
	struct rig *r = h->ctx;

	if (out)
		memcpy(r->data, h->data, size);
	else
		memset(r->data, 0, size);
	run_cdb(r, cdb, len, size);
	h->sense = LTFS_GOOD;
	h->flags = 0;
	h->information = 0;
	if (r->status == SCSI_CHECK_CONDITION)
		take_sense(h, r->cmd.sense);
	else if (r->status != SCSI_GOOD)
		h->sense = LTFS_STATUS;
	if (!out)
		memcpy(h->data, r->data, size);
	return r->cmd.in_len;
}

static struct ltfs_host host;

static struct ltfs_host *meet(struct rig *r)
{
	static uint8_t data[LTFS_DATA];

	host = (struct ltfs_host){ .run = rig_run, .ctx = r, .data = data };
	return &host;
}

/* A cartridge of @capacity bytes is in the drive, and the drive is open. */
static struct ltfs_host *opened(struct rig *r, uint64_t capacity)
{
	const struct cart_params params = { .barcode = "LTFS01L8",
					    .density = 0x5e,
					    .medium_type = 0x88,
					    .capacity_bytes = capacity,
					    .early_warning_bytes = capacity / 50 };
	struct ltfs_host *h = meet(r);

	rig_medium_ready(r, &params);
	ltfs_open(h);
	return h;
}

static struct ltfs_host *formatted(struct rig *r, uint64_t capacity)
{
	struct ltfs_host *h = opened(r, capacity);

	ltfs_load(h);
	ltfs_format(h, 0);
	return h;
}

/* Without a host: out of the drive, and back. */
static void change_cartridge(struct rig *r)
{
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
	expect_good(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_5);
	move(r, RIG_SLOT_5, RIG_DRIVE_1);
}

/* ---- mkltfs ---- */

static void mkltfs_makes_a_volume(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);

	assert_int_equal(h->cart_type, 0x88);
	assert_int_equal(h->density, 0x5e);
	assert_true(ltfs_mount(h));
	/* 104 pairs of wraps: one is the index partition's, one lies between the two */
	assert_int_equal(h->maximum[INDEX], 9);
	assert_int_equal(h->maximum[DATA], 980);
	assert_true(h->remaining[DATA] > 900);
	assert_int_equal(h->coherency[INDEX].place, 5);
	assert_int_equal(h->coherency[DATA].place, 5);
	assert_int_equal(ltfs_read_index(h, INDEX), 1);
	assert_int_equal(ltfs_read_index(h, DATA), 1);
}

static void a_volume_is_made_anew_of_one_that_has_files(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);

	ltfs_write_file(h, 'f', 20);
	ltfs_unmount(h);
	ltfs_load(h);
	ltfs_format(h, 0);
	assert_true(ltfs_mount(h));
	assert_int_equal(ltfs_locate(h, DATA, UINT64_MAX), LTFS_GOOD);
	assert_int_equal(h->block, 9); /* label, index, and no file */
}

static void unformat_leaves_one_partition(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);

	ltfs_unformat(h, true);
	ltfs_load(h);
	assert_int_equal(h->maximum[INDEX], 1000);
	assert_int_equal(h->maximum[DATA], 0);
	assert_int_equal(ltfs_read(h, LTFS_DATA), -1); /* no label: no volume */
	assert_int_equal(h->sense, LTFS_EOD);
	assert_int_equal(ltfs_eod_status(h, DATA), 2);
}

/* ---- mount ---- */

static void what_was_synced_mounts_without_a_check_in_another_load(void **state)
{
	struct rig *r = *state;
	struct ltfs_host *h = formatted(r, 1000 * MEGA);
	uint64_t begins;

	begins = h->append[DATA];
	ltfs_write_file(h, 'a', 17);
	ltfs_unmount(h);
	ltfs_unload(h);
	change_cartridge(r);
	h = meet(r);
	ltfs_open(h);
	assert_true(ltfs_mount(h));
	assert_int_equal(h->index_generation, 2);
	assert_int_equal(ltfs_read_index(h, INDEX), 2);
	assert_int_equal(ltfs_locate(h, DATA, begins), LTFS_GOOD);
	for (unsigned i = 0; i < 17; i++) {
		assert_int_equal(ltfs_read(h, h->block_size), h->block_size);
		assert_int_equal(h->data[i], 'a');
	}
	assert_int_equal(ltfs_read(h, h->block_size), 0);
}

static void looking_changes_no_reference(void **state)
{
	struct rig *r = *state;
	struct ltfs_host *h = formatted(r, 1000 * MEGA);

	for (unsigned i = 0; i < 3; i++) {
		assert_true(ltfs_mount(h));
		ltfs_unmount(h);
		ltfs_close(h);
		change_cartridge(r);
		ltfs_open(h);
	}
}

static void a_write_after_the_last_sync_is_seen(void **state)
{
	struct rig *r = *state;
	struct ltfs_host *h = formatted(r, 1000 * MEGA);

	assert_true(ltfs_mount(h));
	ltfs_write_file(h, 'b', 1);
	ltfs_write_filemarks(h, 0, false);
	change_cartridge(r);
	ltfs_open(h);
	assert_false(ltfs_mount(h));
}

/* LTFS finds indexes by going back over filemarks from the end. */
static void indexes_are_found_backwards_and_forwards(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);
	uint64_t places[4];

	assert_true(ltfs_mount(h));
	places[0] = h->coherency[DATA].place;
	for (unsigned i = 1; i < 4; i++) {
		ltfs_write_file(h, (uint8_t)i, 3);
		h->index_generation++;
		ltfs_write_index(h, DATA);
		places[i] = h->coherency[DATA].place;
	}
	assert_int_equal(ltfs_locate(h, DATA, UINT64_MAX), LTFS_GOOD);
	ltfs_space_filemarks(h, -2);
	ltfs_space_filemarks(h, 1);
	assert_int_equal(h->block, places[3]); /* the last one */
	for (unsigned i = 4; i-- > 0;) {
		h->coherency[DATA].place = h->block;
		assert_int_equal(h->block, places[i]);
		assert_int_equal(ltfs_read_index(h, DATA), i + 1);
		if (i == 0)
			break;
		ltfs_space_filemarks(h, -4);
		ltfs_space_filemarks(h, 1);
	}
	assert_int_equal(ltfs_locate(h, DATA, 4), LTFS_GOOD); /* the first: label, then filemark */
	ltfs_space_filemarks(h, 1);
	assert_int_equal(h->block, places[0]);
	h->coherency[DATA].place = h->block;
	assert_int_equal(ltfs_read_index(h, DATA), 1);
}

static void a_reference_behind_the_end_is_told_as_one(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);

	assert_true(ltfs_mount(h));
	assert_int_equal(ltfs_locate(h, DATA, 5000), LTFS_EOD);
	assert_int_equal(h->partition, DATA);
}

/* ---- append-only mode ---- */

static void an_index_is_replaced_in_append_only_mode_when_ltfs_says_so(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);

	ltfs_set_append_only(h, true);
	assert_true(ltfs_mount(h));
	ltfs_write_file(h, 'c', 5);
	ltfs_unmount(h); /* writes over the index of the index partition */
	assert_int_equal(h->coherency[INDEX].place, 5);
	assert_int_equal(ltfs_read_index(h, INDEX), 2);
	ltfs_close(h); /* unloads, since the mode cannot end otherwise, and loads again */
	assert_false(h->append_only);
	ltfs_open(h);
	assert_true(ltfs_mount(h));
}

static void append_only_mode_ends_without_a_medium_too(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);

	ltfs_set_append_only(h, true);
	ltfs_unload(h); /* and turns it off, in an empty drive */
	assert_false(h->append_only);
	assert_int_equal(ltfs_test_unit_ready(h), LTFS_NO_MEDIUM);
	assert_true(ltfs_mode_sense(h, 0x10, 0x01, 48));
	assert_int_equal(h->data[21] & 0xf0, 0);
}

/* ---- early warning ---- */

static void ltfs_hears_of_less_space_and_then_of_none(void **state)
{
	struct ltfs_host *h = formatted(*state, 40 * MEGA);
	uint16_t pews;
	unsigned less = 0, blocks = 0;

	ltfs_set_compression(h, false);
	assert_true(ltfs_mount(h));
	ltfs_set_compression(h, false);
	pews = ltfs_set_pews(h, true);
	assert_int_equal(pews, 0); /* half of an index partition of 0.4 MB */
	assert_true(ltfs_mode_sense(h, 0x10, 0x01, 48));
	h->data[16] &= 0x7f;
	put_be16(h->data + 22, 5);
	assert_int_equal(ltfs_mode_select(h, 48), LTFS_GOOD);
	h->block_size = 500000;
	assert_int_equal(ltfs_locate(h, DATA, UINT64_MAX), LTFS_GOOD);
	do {
		ltfs_write(h, (uint8_t)blocks, h->block_size);
		less += h->programmable && !h->early;
		blocks++;
		assert_true(blocks < 80);
	} while (!h->early);
	assert_int_equal(less, 1); /* told once: LTFS remembers */
	ltfs_read_position(h);
	assert_true(h->early && h->programmable);
	/* the index still fits, and its place tells the same after a move */
	h->block_size = 65536;
	ltfs_write_filemarks(h, 1, true);
	ltfs_write(h, 'i', h->block_size);
	ltfs_write_filemarks(h, 1, false);
	assert_int_equal(ltfs_locate(h, INDEX, 0), LTFS_GOOD);
	assert_false(h->early || h->programmable);
	assert_int_equal(ltfs_locate(h, DATA, UINT64_MAX), LTFS_GOOD);
	assert_true(h->early && h->programmable);
}

static void remaining_capacity_counts_down_to_the_early_warning(void **state)
{
	struct ltfs_host *h = formatted(*state, 100 * MEGA);
	uint32_t before;

	assert_true(ltfs_mount(h));
	ltfs_set_compression(h, false);
	before = h->remaining[DATA];
	assert_int_equal(ltfs_locate(h, DATA, UINT64_MAX), LTFS_GOOD);
	for (unsigned i = 0; i < 20; i++)
		ltfs_write(h, (uint8_t)i, 1000000);
	ltfs_load(h);
	assert_in_range(before - h->remaining[DATA], 19, 22);
	assert_true(h->remaining[DATA] < h->maximum[DATA]);
}

/* ---- protection, attributes, health ---- */

static void a_volume_is_written_and_read_with_checksums(void **state)
{
	struct ltfs_host *h = opened(*state, 1000 * MEGA);

	h->lbp = 2;
	ltfs_load(h);
	assert_int_equal(h->lbp, 2); /* generation 7 and later: CRC32C */
	ltfs_format(h, 0);
	assert_true(ltfs_mount(h));
	ltfs_write_file(h, 'd', 4);
	ltfs_unmount(h);
	assert_int_equal(ltfs_read_index(h, INDEX), 2);
	ltfs_set_lbp(h, false);
	assert_int_equal(ltfs_read_index(h, DATA), 2);
	ltfs_close(h);
}

static void attributes_that_nobody_wrote_are_not_there(void **state)
{
	static const struct {
		uint16_t id, size;
	} rows[] = { { 0x0800, 8 },  { 0x0803, 160 }, { 0x0806, 32 },
		     { 0x080b, 16 }, { 0x080c, 70 },  { 0x1623, 1 } };
	struct ltfs_host *h = opened(*state, 1000 * MEGA);
	uint8_t value[160];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(ltfs_read_attribute(h, 0, rows[i].id, value, rows[i].size));
}

static void a_new_division_forgets_the_indexes(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);
	uint8_t value[70];

	ltfs_unformat(h, false);
	assert_false(ltfs_read_attribute(h, 0, 0x080c, value, sizeof(value)));
}

static void health_is_told(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);

	assert_int_equal(ltfs_tape_alert(h), 0);
	ltfs_health(h);
	/* media efficiency, which LTFS asks IBM's drives for: refused, it would take a dump */
	assert_true(ltfs_log_sense(h, 0x37, 0));
}

static void a_write_protected_cartridge_is_known(void **state)
{
	struct rig *r = *state;
	const struct cart_params params = { .barcode = "LTFS02L8",
					    .density = 0x5e,
					    .medium_type = 0x88,
					    .capacity_bytes = 1000 * MEGA,
					    .write_protect = true };
	struct ltfs_host *h = meet(r);

	rig_medium_ready(r, &params);
	ltfs_open(h);
	ltfs_load(h);
	assert_true(h->write_protected);
}

/* ---- ltfsck ---- */

static void the_end_of_data_is_made_anew(void **state)
{
	struct ltfs_host *h = formatted(*state, 1000 * MEGA);

	assert_true(ltfs_mount(h));
	ltfs_write_file(h, 'e', 6);
	ltfs_write_filemarks(h, 0, false);
	assert_int_equal(ltfs_locate(h, DATA, 9), LTFS_GOOD);
	ltfs_recover_eod(h, DATA);
	assert_int_equal(ltfs_eod_status(h, DATA), 0);
	h->index_generation = 7;
	h->append[DATA] = 0;
	ltfs_write_index(h, DATA);
	assert_int_equal(h->coherency[DATA].place, 9 + 6 + 1);
	assert_int_equal(ltfs_read_index(h, DATA), 7);
	ltfs_close(h);
}

/* What it does with a drive that fails: it wants its dump. */
static void a_dump_can_be_asked_for(void **state)
{
	static const uint8_t page[8] = { 0x80, 0, 0, 4, 0x01, 0x60 };
	struct rig *r = *state;

	memcpy(r->data, page, sizeof(page));
	run(r, sizeof(page), OP_SEND_DIAGNOSTIC, 0x10, 0, 0, sizeof(page), 0);
	expect_good(r);
	run(r, 4, OP_READ_BUFFER, 0x03, 1, 0, 0, 0, 0, 0, 4, 0);
	expect_good(r);
	assert_int_equal(get_be24(r->data + 1), 0); /* there is nothing in it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(mkltfs_makes_a_volume),
		rig_test(a_volume_is_made_anew_of_one_that_has_files),
		rig_test(unformat_leaves_one_partition),
		rig_test(what_was_synced_mounts_without_a_check_in_another_load),
		rig_test(looking_changes_no_reference),
		rig_test(a_write_after_the_last_sync_is_seen),
		rig_test(indexes_are_found_backwards_and_forwards),
		rig_test(a_reference_behind_the_end_is_told_as_one),
		rig_test(an_index_is_replaced_in_append_only_mode_when_ltfs_says_so),
		rig_test(append_only_mode_ends_without_a_medium_too),
		rig_test(ltfs_hears_of_less_space_and_then_of_none),
		rig_test(remaining_capacity_counts_down_to_the_early_warning),
		rig_test(a_volume_is_written_and_read_with_checksums),
		rig_test(attributes_that_nobody_wrote_are_not_there),
		rig_test(a_new_division_forgets_the_indexes),
		rig_test(health_is_told),
		rig_test(a_write_protected_cartridge_is_known),
		rig_test(the_end_of_data_is_made_anew),
		rig_test(a_dump_can_be_asked_for),
	};

	return rig_main(tests);
}
