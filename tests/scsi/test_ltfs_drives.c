/* SPDX-License-Identifier: Apache-2.0 */
/* LTFS against the drives that it knows: each makes a volume, writes a file, and mounts it again
 * (tests/support/ltfs_host.h); and what is peculiar to makers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "tests/support/ltfs_host.h"
#include "tests/support/persona_rig.h"

#define INDEX 0u
#define DATA  1u

static size_t persona_run(struct ltfs_host *h, const uint8_t *cdb, size_t len, bool out,
			  size_t size)
{
	struct persona_rig *rig = h->ctx;
	struct iovec iov = { h->data, size };
	struct scsi_cmd cmd = { .cdb_len = len, .iov = &iov, .iov_cnt = 1, .iov_len = size };
	enum scsi_status status;

	(void)out;
	memcpy(cmd.cdb, cdb, len);
	status = unit_execute(drive_unit(rig->drive), &cmd);
	h->sense = status == SCSI_GOOD ? LTFS_GOOD : LTFS_STATUS;
	h->flags = 0;
	h->information = 0;
	if (status != SCSI_CHECK_CONDITION)
		return cmd.in_len;
	memcpy(h->raw, cmd.sense, sizeof(h->raw));
	h->sense = (uint32_t)(cmd.sense[2] & 0x0f) << 16 | get_be16(cmd.sense + 12);
	h->flags = cmd.sense[2] & 0xe0;
	h->information = (int32_t)get_be32(cmd.sense + 3);
	if (h->sense == 0)
		h->sense = LTFS_NO_SENSE;
	return cmd.in_len;
}

static struct ltfs_host *meet(const char *personality)
{
	static uint8_t data[LTFS_DATA];
	static struct ltfs_host host;
	GError *error = NULL;
	struct persona_rig *rig = persona_rig_new(personality, &error);

	if (rig == NULL)
		fail_msg("%s: %s", personality, error->message);
	host = (struct ltfs_host){ .run = persona_run, .ctx = rig, .data = data };
	return &host;
}

static struct persona_rig *rig_of(const struct ltfs_host *h)
{
	return h->ctx;
}

static void leave(struct ltfs_host *h)
{
	persona_rig_free(rig_of(h));
}

/* Puts a cartridge of this medium into the drive. */
static void insert(struct ltfs_host *h, const char *medium, uint64_t capacity)
{
	struct persona_rig *rig = rig_of(h);
	const struct medium_row *row = medium_find(medium);
	const struct cart_params params = {
		.barcode = "OTHER",
		.density = row->density,
		.medium_type = row->medium_type,
		.capacity_bytes = capacity != 0 ? capacity : row->capacity_bytes,
		.kind = row->kind == MEDIUM_WORM ? CART_WORM : CART_DATA,
	};
	uint16_t slot;

	assert_int_equal(cart_create(library_pool(rig->library), &params), 0);
	assert_int_equal(library_import(rig->library, "OTHER", false, &slot), 0);
	assert_int_equal(library_move(rig->library, slot,
				      library_first_address(rig->library, ELEMENT_DRIVE)),
			 0);
}

static void use_volume(struct ltfs_host *h, uint8_t density)
{
	ltfs_open(h);
	ltfs_load(h);
	ltfs_format(h, density);
	assert_true(ltfs_mount(h));
	ltfs_write_file(h, 'x', 3);
	ltfs_unmount(h);
	ltfs_close(h);
	ltfs_open(h);
	assert_true(ltfs_mount(h));
	assert_int_equal(ltfs_read_index(h, INDEX), 2);
	assert_int_equal(ltfs_locate(h, DATA, 9), LTFS_GOOD);
	assert_int_equal(ltfs_read(h, h->block_size), h->block_size);
	assert_int_equal(h->data[h->block_size - 1], 'x');
	ltfs_close(h);
}

static void every_drive_that_ltfs_knows_keeps_a_volume(void **state)
{
	static const char *const names[] = {
		"ibm-lto5",     "ibm-lto6",     "ibm-lto7",     "ibm-lto8",     "ibm-lto9",
		"ibm-lto10",    "hp-lto5",      "hp-lto6",      "hp-lto7",      "hpe-lto8",
		"hpe-lto9",     "quantum-lto5", "quantum-lto6", "quantum-lto7", "quantum-lto8",
		"quantum-lto9", "ibm-3592-e07", "ibm-3592-e08", "ibm-3592-55f", "ibm-3592-60f",
		"ibm-3592-70f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ltfs_host *h = meet(names[i]);

		print_message("# %s\n", names[i]);
		assert_true(persona_rig_load(rig_of(h)));
		use_volume(h, 0);
		leave(h);
	}
}

static void checksums_are_of_the_method_that_the_drive_has(void **state)
{
	static const struct {
		const char *name;
		uint8_t method;
	} rows[] = { { "ibm-lto5", 1 }, { "ibm-lto6", 1 },     { "ibm-lto7", 2 },
		     { "ibm-lto9", 2 }, { "ibm-3592-e07", 1 }, { "ibm-3592-e08", 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ltfs_host *h = meet(rows[i].name);

		assert_true(persona_rig_load(rig_of(h)));
		ltfs_open(h);
		h->lbp = 1; /* asked for on the command line */
		ltfs_load(h);
		assert_int_equal(h->lbp, rows[i].method);
		use_volume(h, 0);
		leave(h);
	}
}

/* ---- the recording format ---- */

static void mkltfs_makes_a_type_m_cartridge_of_an_lto_7_one(void **state)
{
	struct ltfs_host *h = meet("ibm-lto8");

	(void)state;
	insert(h, "LTO-7", 0);
	ltfs_open(h);
	ltfs_load(h);
	assert_int_equal(h->density, 0x5c);
	assert_int_equal(h->maximum[0], 6000000);
	ltfs_format(h, 0x5d);
	assert_int_equal(h->cart_type, 0x78);
	assert_int_equal(h->density, 0x5d);
	assert_true(ltfs_mount(h));
	assert_int_equal(h->density, 0x5d);
	assert_in_range(h->maximum[INDEX], 107000, 107200); /* 9 TB in 84 pairs of wraps */
	assert_in_range(h->maximum[DATA], 8780000, 8790000);
	use_volume(h, 0);
	assert_int_equal(h->density, 0x5d); /* it stays so */
	leave(h);
}

static void a_3592_cartridge_is_formatted_as_the_drive_before(void **state)
{
	struct ltfs_host *h = meet("ibm-3592-e08");

	(void)state;
	insert(h, "3592-JC-E08", 0);
	use_volume(h, 0x54);
	assert_int_equal(h->cart_type, 0x93);
	assert_int_equal(h->density, 0x54);
	ltfs_unformat(h, false);
	assert_int_equal(ltfs_locate(h, 0, 0), LTFS_GOOD);
	ltfs_load(h);
	assert_int_equal(h->maximum[0], 4000000); /* of 7 TB */
	use_volume(h, 0x55);
	assert_int_equal(h->density, 0x55);
	assert_in_range(h->maximum[DATA], 6800000, 6999999);
	leave(h);
}

static void a_format_that_the_drive_does_not_write_is_refused(void **state)
{
	struct ltfs_host *h = meet("ibm-3592-e08");

	(void)state;
	insert(h, "3592-JD-E08", 0);
	ltfs_open(h);
	ltfs_load(h);
	assert_true(ltfs_mode_sense(h, 0x25, 0, 48));
	h->data[26] = 0x54; /* JD is none of the drives before */
	assert_int_equal(ltfs_mode_select(h, 48), 0x052600);
	assert_int_equal(get_be16(h->raw + 16), 26);
	assert_true(ltfs_mode_sense(h, 0x25, 0, 48));
	assert_int_equal(h->data[26], 0);
	h->data[26] = 0x55;
	assert_int_equal(ltfs_mode_select(h, 48), LTFS_GOOD);
	ltfs_unload(h); /* with the medium goes what was to become of it */
	assert_true(ltfs_mode_sense(h, 0x25, 0, 48));
	assert_int_equal(h->data[26], 0);
	h->data[26] = 0x53; /* of no medium that it writes */
	assert_int_equal(ltfs_mode_select(h, 48), 0x052600);
	leave(h);
}

static void a_cartridge_with_a_capacity_of_its_own_keeps_it(void **state)
{
	struct ltfs_host *h = meet("ibm-3592-e08");

	(void)state;
	insert(h, "3592-JC-E08", 1000000000);
	use_volume(h, 0x54);
	assert_in_range(h->maximum[DATA], 960, 999);
	leave(h);
}

/* ---- 3592 ---- */

static void scaling_makes_less_of_a_3592_cartridge_and_all_of_it_again(void **state)
{
	struct ltfs_host *h = meet("ibm-3592-e08");

	(void)state;
	insert(h, "3592-JD-E08", 0);
	ltfs_open(h);
	ltfs_load(h);
	assert_true(ltfs_mode_sense(h, 0x23, 0, 76));
	assert_int_equal(h->data[27], 0);
	h->data[27] = 1;
	h->data[28] = 0x40;
	assert_int_equal(ltfs_mode_select(h, 76), LTFS_GOOD);
	ltfs_load(h);
	assert_in_range(h->maximum[0], 2500000, 2520000); /* a quarter of 10 TB */
	assert_true(ltfs_mode_sense(h, 0x23, 0, 76));
	assert_memory_equal(h->data + 27, "\x01\x40", 2);
	ltfs_format(h, 0); /* begins with all of it */
	assert_true(ltfs_mount(h));
	assert_in_range(h->maximum[DATA], 9700000, 9999999);
	leave(h);
}

static enum scsi_status give(struct persona_rig *rig, size_t size, uint8_t opcode, uint8_t flags,
			     uint32_t length)
{
	uint8_t cdb[6] = { opcode, flags };

	put_be24(cdb + 2, length);
	return persona_rig_send(rig, drive_unit(rig->drive), cdb, sizeof(cdb), size, NULL);
}

/* MODE SENSE(6) of page 23h, as it is sent back: its size. */
static size_t ask_scaling(struct persona_rig *rig)
{
	const uint8_t cdb[6] = { OP_MODE_SENSE_6, 0x08, 0x23, 0, 255, 0 };
	size_t n = persona_rig_ask(rig, drive_unit(rig->drive), cdb, sizeof(cdb));

	assert_int_equal(n, 64);
	memset(rig->data, 0, 4);
	rig->data[4] &= 0x7f;
	return n;
}

/* SET CAPACITY knows 65535ths, the page 256ths: what it says of them is not what it scales to. */
static void page_23h_sent_back_as_it_was_told_leaves_the_data(void **state)
{
	static const uint16_t proportions[] = { 0x8000, 0x8080, 0x0001, 0x0100, 0xff00, 0xffff };
	GError *error = NULL;
	struct persona_rig *rig = persona_rig_new("ibm-3592-e08", &error);
	struct drive *d = rig->drive;

	(void)state;
	assert_true(persona_rig_load(rig));
	for (size_t i = 0; i < G_N_ELEMENTS(proportions); i++) {
		const uint8_t capacity[6] = {
			OP_SET_CAPACITY,         0, 0, (uint8_t)(proportions[i] >> 8),
			(uint8_t)proportions[i], 0
		};

		assert_int_equal(persona_rig_send(rig, drive_unit(d), capacity, 6, 0, NULL),
				 SCSI_GOOD);
		assert_int_equal(give(rig, 0, OP_WRITE_FILEMARKS_6, 0, 2), SCSI_GOOD);
		assert_int_equal(give(rig, 0, OP_REWIND, 0, 0), SCSI_GOOD);
		assert_int_equal(give(rig, ask_scaling(rig), OP_MODE_SELECT_6, 0x10, 64),
				 SCSI_GOOD);
		assert_int_equal(stage_info(d->stages[0])->objects, 2);
		assert_int_equal(stage_info(d->stages[0])->layout.proportion, proportions[i]);
	}
	(void)ask_scaling(rig); /* and another one scales */
	rig->data[4 + 11] = 1;
	rig->data[4 + 12] = 0x80;
	assert_int_equal(give(rig, 64, OP_MODE_SELECT_6, 0x10, 64), SCSI_GOOD);
	assert_int_equal(stage_info(d->stages[0])->objects, 0);
	(void)ask_scaling(rig); /* 0: all of it */
	rig->data[4 + 12] = 0;
	assert_int_equal(give(rig, 64, OP_MODE_SELECT_6, 0x10, 64), SCSI_GOOD);
	assert_int_equal(stage_info(d->stages[0])->layout.proportion, CART_WHOLE);
	persona_rig_free(rig);
}

static uint32_t told_capacity(struct persona_rig *rig)
{
	const uint8_t cdb[10] = { OP_REPORT_DENSITY_SUPPORT, 1, [7] = 1 };

	assert_int_equal(persona_rig_ask(rig, drive_unit(rig->drive), cdb, 10), 4 + 52);
	return get_be32(rig->data + 4 + 12);
}

/* Page 25h announces a format; until FORMAT MEDIUM the cartridge is what it was. */
static void a_format_that_is_only_announced_changes_nothing(void **state)
{
	struct ltfs_host *h = meet("ibm-3592-e08");
	struct persona_rig *rig = rig_of(h);
	struct drive *d = rig->drive;
	uint32_t capacity;
	uint8_t density;
	unsigned pairs;

	(void)state;
	insert(h, "3592-JC-E08", 0);
	ltfs_open(h);
	ltfs_load(h);
	capacity = told_capacity(rig);
	density = rig->data[4];
	pairs = drive_wrap_pairs(d);
	assert_true(ltfs_mode_sense(h, 0x25, 0, 48));
	h->data[26] = 0x54;
	assert_int_equal(ltfs_mode_select(h, 48), LTFS_GOOD);
	assert_int_equal(d->format_density, 0x54);
	assert_int_equal(told_capacity(rig), capacity);
	assert_int_equal(drive_wrap_pairs(d), pairs);
	assert_true(ltfs_mode_sense(h, 0x23, 0, 76));
	h->data[16 + 11] = 1;
	h->data[16 + 12] = 0x80;
	assert_int_equal(ltfs_mode_select(h, 76), LTFS_GOOD); /* it is no FORMAT MEDIUM */
	assert_int_equal(stage_info(d->stages[0])->density, density);
	assert_int_equal(d->format_density, 0);
	assert_in_range(told_capacity(rig), capacity / 2 - 1, capacity / 2 + capacity / 200);
	leave(h);
}

static void a_3592_drive_tells_of_protection_and_encryption(void **state)
{
	struct ltfs_host *h = meet("ibm-3592-e08");
	struct persona_rig *rig = rig_of(h);

	(void)state;
	assert_true(persona_rig_load(rig));
	ltfs_open(h);
	ltfs_load(h);
	assert_false(h->write_protected);
	assert_true(ltfs_mode_sense(h, 0x25, 0, 48));
	assert_int_equal(h->data[16 + 20] & 0x03, 0); /* off */
	assert_int_equal(h->data[16 + 24] & 0x01, 1); /* the medium can be encrypted */
	assert_int_equal(h->data[16 + 27], 0x50);     /* application managed */
	drive_crypt_now(&rig->drive->crypts)->encryption = ENCRYPTION_ENCRYPT;
	assert_true(ltfs_mode_sense(h, 0x25, 0, 48));
	assert_int_equal(h->data[16 + 20] & 0x03, 1);
	drive_crypt_now(&rig->drive->crypts)->encryption = ENCRYPTION_DISABLE;
	leave(h);
}

/* ---- HP ---- */

static void hps_drives_tell_01h_of_a_write_once_cartridge(void **state)
{
	struct ltfs_host *h = meet("hpe-lto8");

	(void)state;
	insert(h, "LTO-8-WORM", 0);
	ltfs_open(h);
	ltfs_load(h);
	assert_true(h->is_worm);
	assert_int_equal(h->density, 0x5e);
	leave(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_drive_that_ltfs_knows_keeps_a_volume),
		cmocka_unit_test(checksums_are_of_the_method_that_the_drive_has),
		cmocka_unit_test(mkltfs_makes_a_type_m_cartridge_of_an_lto_7_one),
		cmocka_unit_test(a_3592_cartridge_is_formatted_as_the_drive_before),
		cmocka_unit_test(a_format_that_the_drive_does_not_write_is_refused),
		cmocka_unit_test(a_cartridge_with_a_capacity_of_its_own_keeps_it),
		cmocka_unit_test(scaling_makes_less_of_a_3592_cartridge_and_all_of_it_again),
		cmocka_unit_test(page_23h_sent_back_as_it_was_told_leaves_the_data),
		cmocka_unit_test(a_format_that_is_only_announced_changes_nothing),
		cmocka_unit_test(a_3592_drive_tells_of_protection_and_encryption),
		cmocka_unit_test(hps_drives_tell_01h_of_a_write_once_cartridge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
