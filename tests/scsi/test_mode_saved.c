/* SPDX-License-Identifier: Apache-2.0 */
/* Saved mode parameters, and the list forms of MODE SENSE (SPC-5). */
#include <glib/gstdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/library/unit_state.h"
#include "tests/support/rig.h"

#define PC_CURRENT 0x00
#define PC_CHANGES 0x40
#define PC_DEFAULT 0x80
#define PC_SAVED   0xc0
#define SAVE       0x11 /* PF, SP */
#define KEEP       0x10 /* PF */

/* The page is in r->data from byte 8 on. */
static void sense_page(struct rig *r, uint8_t pc, uint8_t page, uint8_t subpage)
{
	run(r, 512, OP_MODE_SENSE_10, 0x08, pc | page, subpage, 0, 0, 0, 2, 0, 0);
	expect_good(r);
}

/* Sends the page that is in r->data from byte 8 on, after a header without a descriptor. */
static void select_page(struct rig *r, uint8_t flags)
{
	uint16_t size = (uint16_t)(8 + ((r->data[8] & 0x40) != 0 ? 4 + get_be16(r->data + 10)
								 : 2 + r->data[9]));

	memset(r->data, 0, 8);
	r->data[3] = 0x10;
	run(r, size, OP_MODE_SELECT_10, flags, 0, 0, 0, 0, 0, (uint8_t)(size >> 8), (uint8_t)size,
	    0);
}

static void set_pews(struct rig *r, uint16_t pews, uint8_t flags)
{
	sense_page(r, PC_CURRENT, 0x10, 0x01);
	put_be16(r->data + 8 + 6, pews);
	select_page(r, flags);
	expect_good(r);
}

static unsigned pews(struct rig *r, uint8_t pc)
{
	sense_page(r, pc, 0x10, 0x01);
	return get_be16(r->data + 8 + 6);
}

static void the_four_values_are_told_apart(void **state)
{
	struct rig *r = *state;

	set_pews(r, 5, SAVE);
	set_pews(r, 7, KEEP);
	assert_int_equal(pews(r, PC_CURRENT), 7);
	assert_int_equal(pews(r, PC_CHANGES), 0xffff);
	assert_int_equal(pews(r, PC_DEFAULT), 0);
	assert_int_equal(pews(r, PC_SAVED), 5);
}

static void saved_values_outlive_a_restart_and_current_ones_do_not(void **state)
{
	struct rig *r = *state;

	set_pews(r, 5, SAVE);
	set_pews(r, 7, KEEP);
	rig_restart(r);
	assert_int_equal(pews(r, PC_CURRENT), 5);
	assert_int_equal(pews(r, PC_SAVED), 5);
	set_pews(r, 9, KEEP);
	unit_power_on(r->unit);
	r->unit->attentions_cnt = 0;
	assert_int_equal(pews(r, PC_CURRENT), 5);
}

static void saving_one_page_saves_all_that_can_be(void **state)
{
	struct rig *r = *state;

	set_pews(r, 7, KEEP);
	sense_page(r, PC_CURRENT, 0x01, 0);
	r->data[8 + 2] |= 0x04; /* PER */
	select_page(r, SAVE);
	expect_good(r);
	rig_restart(r);
	assert_int_equal(pews(r, PC_CURRENT), 7);
	sense_page(r, PC_CURRENT, 0x01, 0);
	assert_int_equal(r->data[8 + 2], 0x04);
}

static void no_list_with_sp_saves_what_is_current(void **state)
{
	struct rig *r = *state;

	set_pews(r, 7, KEEP);
	run(r, 0, OP_MODE_SELECT_10, SAVE, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(pews(r, PC_SAVED), 7);
	rig_restart(r);
	assert_int_equal(pews(r, PC_CURRENT), 7);
}

static void a_list_that_is_refused_saves_nothing(void **state)
{
	struct rig *r = *state;

	set_pews(r, 5, SAVE);
	sense_page(r, PC_CURRENT, 0x10, 0x01);
	put_be16(r->data + 8 + 6, 9);
	r->data[8 + 5] = 0x20; /* WRITE MODE 2 is none */
	select_page(r, SAVE);
	expect_list_field(r, 8 + 5);
	assert_int_equal(pews(r, PC_CURRENT), 5);
	assert_int_equal(pews(r, PC_SAVED), 5);
}

static void what_cannot_be_saved_is_not_taken_over_either(void **state)
{
	struct rig *r = *state;
	g_autofree char *file = g_build_filename(r->root, "state", "lib0", "drive-1.state", NULL);
	g_autofree char *away = g_strconcat(file, ".away", NULL);

	set_pews(r, 5, SAVE);
	sense_page(r, PC_CURRENT, 0x10, 0x01);
	put_be16(r->data + 8 + 6, 9);
	assert_int_equal(g_rename(file, away), 0);
	assert_int_equal(g_mkdir(file, 0700), 0); /* no file can be put there */
	select_page(r, SAVE);
	expect_sense(r, SENSE_INTERNAL_TARGET_FAILURE);
	assert_int_equal(g_rmdir(file), 0);
	assert_int_equal(g_rename(away, file), 0);
	assert_int_equal(pews(r, PC_CURRENT), 5);
	assert_int_equal(pews(r, PC_SAVED), 5);
}

/* Of another personality, of a later version, or damaged. */
static void records_that_fit_no_page_leave_the_defaults(void **state)
{
	static const uint8_t
		records[] = {
			0x23, 0x00, 4,    0xff, 0xff, 0xff, 0xff, /* no such page */
			0x10, 0x01, 4,    0xff, 0xff, 0xff, 0xff, /* another size */
			0x11, 0x00, 10,   1,    1,    1,    1,    1,    1,    1,
			1,    1,    1, /* never saved */
			0x01, 0x00, 12,   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0x10, 0x00, 16,   0xff, /* cut short */
		};
	struct rig *r = *state;

	assert_int_equal(library_unit_save(r->library, 1, "mode-pages", records, sizeof(records)),
			 0);
	rig_restart(r);
	assert_int_equal(pews(r, PC_CURRENT), 0);
	sense_page(r, PC_CURRENT, 0x01, 0); /* only what may be changed comes from there */
	assert_memory_equal(r->data + 8, ((const uint8_t[]){ 0x81, 0x0a, 0x04, 0, 0, 0, 0 }), 7);
}

static void units_save_apart(void **state)
{
	struct rig *r = *state;
	struct scsi_unit *drive = r->unit;

	r->unit = changer_unit(r->changer);
	sense_page(r, PC_CURRENT, 0x0a, 0);
	r->data[8 + 2] = 0x04;
	select_page(r, SAVE);
	expect_good(r);
	sense_page(r, PC_SAVED, 0x0a, 0);
	assert_int_equal(r->data[8 + 2], 0x04);
	r->unit = drive;
	sense_page(r, PC_SAVED, 0x0a, 0);
	assert_int_equal(r->data[8 + 2], 0);
}

static void ps_says_what_can_be_saved(void **state)
{
	static const struct {
		uint8_t page, subpage;
		bool saved;
	} rows[] = {
		{ 0x01, 0, true },  { 0x02, 0, false }, { 0x0a, 0, true },    { 0x0a, 0x01, false },
		{ 0x0f, 0, true },  { 0x10, 0, true },  { 0x10, 0x01, true }, { 0x11, 0, false },
		{ 0x1a, 0, false }, { 0x1c, 0, true },  { 0x1d, 0, false },
	};
	struct rig *r = *state;

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		sense_page(r, PC_CURRENT, rows[i].page, rows[i].subpage);
		assert_int_equal(r->data[8] & 0x80, rows[i].saved ? 0x80 : 0);
		assert_int_equal(r->data[8] & 0x40, rows[i].subpage != 0 ? 0x40 : 0);
	}
}

/* The first bytes are those of a real LTO-8 drive's answer to LTFS (LinearTapeFileSystem issue
 * 474): 48 bytes in all, medium type, buffered mode, one block descriptor, LTO-8's density. */
static void device_configuration_extension_is_as_long_as_ltfs_wants_it(void **state)
{
	static const uint8_t real[] = { 0x00, 0x2e, 0x88, 0x10, 0x00, 0x00, 0x00, 0x08, 0x5e };
	struct rig *r = *state;

	run(r, 512, OP_MODE_SENSE_10, 0, 0x10, 0x01, 0, 0, 0, 2, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 48);
	assert_memory_equal(r->data, real, sizeof(real));
	assert_memory_equal(r->data + 16, ((const uint8_t[]){ 0xd0, 0x01, 0x00, 0x1c }), 4);
}

static void subpage_ff_gives_all_of_one_page_and_3f_ff_all_of_all(void **state)
{
	struct rig *r = *state;
	unsigned subpages = 0;

	run(r, 512, OP_MODE_SENSE_10, 0x08, 0x0a, 0xff, 0, 0, 0, 2, 0, 0);
	expect_good(r);
	assert_int_equal(r->data[8] & 0x7f, 0x0a);
	assert_int_equal(r->data[8 + 12] & 0x7f, 0x4a); /* in the order of the subpages */
	run(r, 2048, OP_MODE_SENSE_10, 0x08, 0x3f, 0xff, 0, 0, 0, 8, 0, 0);
	expect_good(r);
	assert_int_equal(get_be16(r->data), r->cmd.in_len - 2);
	for (size_t at = 8; at < r->cmd.in_len;) {
		bool sub = (r->data[at] & 0x40) != 0;

		subpages += sub;
		at += sub ? 4u + get_be16(r->data + at + 2) : 2u + r->data[at + 1];
	}
	assert_true(subpages >= 2);
}

static void six_bytes_give_whole_pages_or_none(void **state)
{
	struct rig *r = *state;
	size_t at = 12;

	run(r, 255, OP_MODE_SENSE_6, 0, 0x3f, 0xff, 255, 0);
	expect_good(r);
	while (at < (size_t)r->data[0] + 1) {
		bool sub = (r->data[at] & 0x40) != 0;

		at += sub ? 4u + get_be16(r->data + at + 2) : 2u + r->data[at + 1];
	}
	assert_int_equal(at, (size_t)r->data[0] + 1);
}

static void many_pages_in_one_list_are_taken_together(void **state)
{
	struct rig *r = *state;
	uint8_t list[8 + 12 + 32] = { 0, 0, 0, 0x10 };

	sense_page(r, PC_CURRENT, 0x01, 0);
	memcpy(list + 8, r->data + 8, 12);
	sense_page(r, PC_CURRENT, 0x10, 0x01);
	memcpy(list + 20, r->data + 8, 32);
	list[8 + 2] = 0x04;
	list[20 + 7] = 3;
	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_MODE_SELECT_10, SAVE, 0, 0, 0, 0, 0, 0, sizeof(list), 0);
	expect_good(r);
	assert_int_equal(pews(r, PC_SAVED), 3);
	list[20 + 7] = 4;
	list[8 + 3] = 1; /* read retries: not changeable; the last page is checked before the first
			    is set */
	memcpy(r->data, list, sizeof(list));
	run(r, sizeof(list), OP_MODE_SELECT_10, KEEP, 0, 0, 0, 0, 0, 0, sizeof(list), 0);
	expect_list_field(r, 8 + 3);
	assert_int_equal(pews(r, PC_CURRENT), 3);
}

static void wrong_subpages_of_a_list_are_named(void **state)
{
	struct rig *r = *state;

	sense_page(r, PC_CURRENT, 0x10, 0x01);
	r->data[9] = 0x07;
	select_page(r, KEEP);
	expect_list_field(r, 9);
	sense_page(r, PC_CURRENT, 0x01, 0);
	r->data[4] = 0x01; /* LONGLBA */
	r->data[3] = 0x10;
	r->data[0] = r->data[1] = 0;
	run(r, 20, OP_MODE_SELECT_10, KEEP, 0, 0, 0, 0, 0, 0, 20, 0);
	expect_list_field(r, 4);
}

static void saved_compression_rules_over_the_cartridge(void **state)
{
	struct rig *r = *state;

	sense_page(r, PC_CURRENT, 0x0f, 0);
	assert_int_equal(r->data[8 + 2] & 0x80, 0);
	r->data[8 + 2] |= 0x80;
	select_page(r, SAVE);
	expect_good(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	move(r, RIG_SLOT_2, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
	sense_page(r, PC_CURRENT, 0x0f, 0);
	assert_int_equal(r->data[8 + 2] & 0x80, 0x80);
	rig_restart(r);
	sense_page(r, PC_CURRENT, 0x0f, 0);
	assert_int_equal(r->data[8 + 2] & 0x80, 0x80);
}

/* Of page 10h; in 0Fh, too, and in the saved copies of both. */
static void expect_algorithm(struct rig *r, uint8_t pc, uint8_t algorithm)
{
	sense_page(r, pc, 0x10, 0);
	assert_int_equal(r->data[8 + 14], algorithm);
	sense_page(r, pc, 0x0f, 0);
	assert_int_equal(r->data[8 + 2] & 0x80, algorithm != 0 ? 0x80 : 0);
}

static void compression_saved_by_either_page_is_kept(void **state)
{
	struct rig *r = *state;

	for (uint8_t round = 0; round < 4; round++) {
		uint8_t on = round % 2 == 0;

		if (round < 2) {
			sense_page(r, PC_CURRENT, 0x10, 0);
			assert_int_equal(r->data[8 + 14], !on);
			r->data[8 + 14] = on;
		} else {
			sense_page(r, PC_CURRENT, 0x0f, 0);
			r->data[8 + 2] ^= 0x80;
		}
		select_page(r, SAVE);
		expect_good(r);
		expect_algorithm(r, PC_CURRENT, on);
		expect_algorithm(r, PC_SAVED, on);
		rig_restart(r);
		expect_algorithm(r, PC_CURRENT, on);
		expect_algorithm(r, PC_SAVED, on);
	}
}

/* MODE SELECT(10) of 0Fh and 10h, in this order or the other, with these settings of compression.
 */
static void select_both(struct rig *r, uint8_t how, bool first_is_10, bool dce, uint8_t algorithm)
{
	uint8_t pages[2][16], *compression = pages[first_is_10],
			      *configuration = pages[!first_is_10];

	sense_page(r, PC_CURRENT, 0x0f, 0);
	memcpy(compression, r->data + 8, 16);
	sense_page(r, PC_CURRENT, 0x10, 0);
	memcpy(configuration, r->data + 8, 16);
	compression[0] &= 0x3f;
	configuration[0] &= 0x3f;
	compression[2] = (uint8_t)((compression[2] & 0x7f) | (dce ? 0x80 : 0));
	configuration[14] = algorithm;
	memset(r->data, 0, 8);
	r->data[3] = 0x10; /* buffered */
	memcpy(r->data + 8, pages, sizeof(pages));
	run(r, 40, OP_MODE_SELECT_10, how, 0, 0, 0, 0, 0, 0, 40, 0);
	expect_good(r);
}

/* Hosts read all pages, change one bit, and send all back. */
static void a_page_that_repeats_what_was_takes_nothing_back(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < 8; i++) {
		bool first_is_10 = (i & 1) != 0, by_10 = (i & 2) != 0, on = (i & 4) == 0;

		select_both(r, SAVE, false, !on, !on);
		expect_algorithm(r, PC_CURRENT, !on);
		select_both(r, SAVE, first_is_10, by_10 ? !on : on, by_10 ? on : !on);
		expect_algorithm(r, PC_CURRENT, on);
		expect_algorithm(r, PC_SAVED, on);
	}
}

static void set_configuration(struct rig *r, uint8_t byte, uint8_t value)
{
	sense_page(r, PC_CURRENT, 0x10, 0);
	r->data[8 + byte] = (uint8_t)(value | (r->data[8 + byte] & ~0x04));
	select_page(r, KEEP);
	expect_good(r);
}

static void software_write_protection_is_enforced_and_seen(void **state)
{
	struct rig *r = *state;

	set_configuration(r, 10, 0x04); /* SWP */
	run(r, 12, OP_MODE_SENSE_6, 0, 0, 0, 12, 0);
	assert_int_equal(r->data[2] & 0x80, 0x80);
	run_write(r, 0, 100, 100);
	expect_sense(r, SENSE_SOFTWARE_WRITE_PROTECTED);
	set_configuration(r, 10, 0);
	write_block(r, 1, 100);
}

static void associated_protection_ends_with_the_load(void **state)
{
	struct rig *r = *state;

	set_configuration(r, 15, 0x04); /* ASOCWP */
	run_write(r, 0, 100, 100);
	expect_sense(r, SENSE_SOFTWARE_WRITE_PROTECTED);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	expect_good(r);
	sense_page(r, PC_CURRENT, 0x10, 0);
	r->data[8 + 15] |= 0x04;
	select_page(r, KEEP);
	expect_list_field(r, 8 + 15); /* there is no medium to protect */
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	write_block(r, 1, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(the_four_values_are_told_apart),
		rig_test(saved_values_outlive_a_restart_and_current_ones_do_not),
		rig_test(saving_one_page_saves_all_that_can_be),
		rig_test(no_list_with_sp_saves_what_is_current),
		rig_test(a_list_that_is_refused_saves_nothing),
		rig_test(what_cannot_be_saved_is_not_taken_over_either),
		rig_test(records_that_fit_no_page_leave_the_defaults),
		rig_test(units_save_apart),
		rig_test(ps_says_what_can_be_saved),
		rig_test(device_configuration_extension_is_as_long_as_ltfs_wants_it),
		rig_test(subpage_ff_gives_all_of_one_page_and_3f_ff_all_of_all),
		rig_test(six_bytes_give_whole_pages_or_none),
		rig_test(many_pages_in_one_list_are_taken_together),
		rig_test(wrong_subpages_of_a_list_are_named),
		rig_test(saved_compression_rules_over_the_cartridge),
		rig_test(compression_saved_by_either_page_is_kept),
		rig_test(a_page_that_repeats_what_was_takes_nothing_back),
		rig_test(software_write_protection_is_enforced_and_seen),
		rig_test(associated_protection_ends_with_the_load),
	};

	return rig_main(tests);
}
