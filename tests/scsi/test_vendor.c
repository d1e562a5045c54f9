/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of drives' makers: what in them follows the drive, and what hosts do with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "tests/support/persona_rig.h"

static struct persona_rig *start(const char *personality)
{
	GError *error = NULL;
	struct persona_rig *rig = persona_rig_new(personality, &error);

	if (error != NULL)
		print_error("%s\n", error->message);
	assert_non_null(rig);
	persona_rig_settle(rig, drive_unit(rig->drive));
	return rig;
}

/* The current values of a mode page, without header and descriptor; NULL where there is none. */
static const uint8_t *mode(struct persona_rig *rig, uint8_t page, size_t size)
{
	const uint8_t cdb[10] = { OP_MODE_SENSE_10, 0x08, page, 0, 0, 0, 0, 0, 255 };
	size_t n = persona_rig_ask(rig, drive_unit(rig->drive), cdb, sizeof(cdb));

	if (n == 0)
		return NULL;
	assert_int_equal(n, 8 + size);
	return rig->data + 8;
}

/* The value of a parameter of log page 3Eh, of @size bytes; NULL where it is not there. */
static const uint8_t *status(struct persona_rig *rig, uint16_t code, uint8_t size)
{
	static const uint8_t cdb[10] = { OP_LOG_SENSE, 0, 0x40 | 0x3e, 0, 0, 0, 0, 1, 0 };
	size_t n = persona_rig_ask(rig, drive_unit(rig->drive), cdb, sizeof(cdb));

	for (size_t at = 4; at + 4 <= n; at += 4u + rig->data[at + 3]) {
		if (get_be16(rig->data + at) != code)
			continue;
		assert_int_equal(rig->data[at + 3], size);
		return rig->data + at + 4;
	}
	return NULL;
}

static void an_ibm_drive_says_whether_it_encrypts(void **state)
{
	struct persona_rig *rig = start("ibm-lto8");

	(void)state;
	assert_memory_equal(mode(rig, 0x24, 8), "\x24\x06\0\0\0\0\0\x01", 8);
	drive_crypt_now(&rig->drive->crypts)->encryption = ENCRYPTION_ENCRYPT;
	assert_memory_equal(mode(rig, 0x24, 8), "\x24\x06\0\0\0\x04\0\x01", 8);
	drive_crypt_now(&rig->drive->crypts)->encryption = ENCRYPTION_DISABLE;
	persona_rig_free(rig);
}

static void drives_of_others_have_no_pages_of_ibms(void **state)
{
	static const char *const others[] = { "ibm-lto3", "generic-lto8", "hpe-lto8",
					      "quantum-lto5", "stk-t10000c" };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
		struct persona_rig *rig = start(others[i]);

		assert_null(mode(rig, 0x24, 8));
		assert_true((mode(rig, 0x2f, 10) != NULL) == (i == 0)); /* LTO-3 is IBM's */
		persona_rig_free(rig);
	}
}

/* A page as sg_wr_mode reads it, header and descriptor before it. */
static void read_page(struct persona_rig *rig, const uint8_t *contents, size_t size)
{
	const bool sub = (contents[0] & 0x40) != 0;
	const uint8_t cdb[10] = { OP_MODE_SENSE_10, 0, contents[0] & 0x3f,
				  sub ? contents[1] : 0, [7] = 1 };

	assert_int_equal(persona_rig_ask(rig, drive_unit(rig->drive), cdb, 10), 16 + size);
	assert_memory_equal(rig->data + 16 + 1, contents + 1, sub ? 3 : 1);
}

/* sg_wr_mode --page=.. --contents=..: the whole page, then what the drive has. */
static void write_page(struct persona_rig *rig, const uint8_t *contents, size_t size)
{
	const uint8_t cdb[10] = { OP_MODE_SELECT_10, 0x10, [8] = (uint8_t)(16 + size) };
	uint8_t why[18] = { 0 };

	read_page(rig, contents, size);
	rig->data[0] = rig->data[1] = 0;
	memcpy(rig->data + 16, contents, size);
	rig->data[16] &= 0x7f;
	if (persona_rig_send(rig, drive_unit(rig->drive), cdb, 10, 16 + size, why) != SCSI_GOOD)
		fail_msg("page %02Xh: %X/%02X%02X at %u", contents[0], why[2] & 0x0f, why[12],
			 why[13], get_be16(why + 16));
	read_page(rig, contents, size);
	assert_memory_equal(rig->data + 17, contents + 1, size < 24 ? size - 1 : 23);
}

/* CERN's script that configures drives before its tape servers start, page by page. */
static void cerns_script_configures_drives(void **state)
{
	static const uint8_t skip_sync[20] = { 0xf0, 0x40, 0, 0x10 };
	static const uint8_t archive[20] = { 0xf0, 0x43, 0, 0x10 };
	static const uint8_t ibm_10[16] = { 0x90, 0x0e, [7] = 0x14, 0xc0, 0, 0x18, [14] = 1 };
	static const uint8_t ibm_25[32] = {
		0x25, 0x1e, [3] = 7, [5] = 1, [8] = 0xc0, 0, 0x55, [22] = 0x28
	};
	static const uint8_t stk_10[16] = { 0x10, 0x0e, [7] = 0x64, 0x50, 0, 0x18, [14] = 1 };
	static const uint8_t stk_25[32] = { 0x25, 0x1e, [5] = 1, [8] = 0xc0 };
	static const struct {
		const char *personality;
		const uint8_t *contents;
		size_t size;
	} pages[] = {
		{ "ibm-lto8", skip_sync, 20 },   { "ibm-3592-e08", ibm_10, 16 },
		{ "ibm-3592-e08", ibm_25, 32 },  { "ibm-3592-e08", archive, 20 },
		{ "ibm-3592-55f", ibm_10, 16 },  { "ibm-3592-55f", ibm_25, 32 },
		{ "ibm-3592-55f", archive, 20 }, { "ibm-3592-60f", ibm_10, 16 },
		{ "ibm-3592-60f", ibm_25, 32 },  { "stk-t10000d", stk_10, 16 },
		{ "stk-t10000d", stk_25, 32 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct persona_rig *rig = start(pages[i].personality);

		write_page(rig, pages[i].contents, pages[i].size);
		assert_true(persona_rig_load(rig));
		persona_rig_settle(rig, drive_unit(rig->drive));
		read_page(rig, pages[i].contents, pages[i].size);
		/* And stays, but the density, and compression, which is the cartridge's. */
		assert_memory_equal(rig->data + 17, pages[i].contents + 1, 9);
		persona_rig_free(rig);
	}
}

/* Bits that no mask names stay as the model has them; what was set goes with a reset. */
static void a_vendors_page_changes_where_its_mask_says(void **state)
{
	static const uint8_t cdb[10] = { OP_MODE_SELECT_10, 0x10, [8] = 36 };
	static const uint8_t masks[10] = { OP_MODE_SENSE_10, 8, 0x70, 0x40, [7] = 1 };
	static const uint8_t page[20] = { 0x70, 0x40, 0, 0x10 };
	struct persona_rig *rig = start("ibm-lto8");
	struct scsi_unit *unit = drive_unit(rig->drive);
	uint8_t why[18];

	(void)state;
	read_page(rig, page, sizeof(page));
	assert_int_equal(rig->data[16], 0xf0); /* can be saved */
	assert_int_equal(rig->data[20], 0x01);
	rig->data[0] = rig->data[1] = 0;
	rig->data[20] = 0x03;
	assert_int_equal(persona_rig_send(rig, unit, cdb, 10, 36, why), SCSI_CHECK_CONDITION);
	assert_memory_equal(why + 12, "\x26\x00", 2);
	assert_memory_equal(why + 15, "\x89\x00\x14", 3); /* bit 1 of byte 20 */
	assert_int_equal(persona_rig_ask(rig, unit, masks, 10), 28);
	assert_memory_equal(rig->data + 8, "\xf0\x40\x00\x10\x01\0\0\0", 8);
	write_page(rig, page, sizeof(page));
	unit_reset(unit);
	persona_rig_settle(rig, unit);
	read_page(rig, page, sizeof(page));
	assert_int_equal(rig->data[20], 0x01);
	persona_rig_free(rig);
}

/* What LTFS does when it opens a 3592 drive: sg_set_default(). */
static void ltfs_turns_off_reading_across_the_end_of_data(void **state)
{
	static const uint8_t sense[10] = { OP_MODE_SENSE_10, 0, 0x25, 0, 0, 0, 0, 0, 48 };
	static const uint8_t select[10] = { OP_MODE_SELECT_10, 0x10, 0, 0, 0, 0, 0, 0, 48 };
	struct persona_rig *rig = start("ibm-3592-e08");
	struct scsi_unit *unit = drive_unit(rig->drive);
	uint8_t why[18];

	(void)state;
	assert_int_equal(persona_rig_ask(rig, unit, sense, sizeof(sense)), 48);
	assert_memory_equal(rig->data + 16, "\x25\x1e", 2);
	rig->data[0] = rig->data[1] = 0;
	rig->data[24] = 0x0c;
	assert_int_equal(persona_rig_send(rig, unit, select, sizeof(select), 48, why), SCSI_GOOD);
	rig->data[26] = 0x53; /* it records none */
	assert_int_equal(persona_rig_send(rig, unit, select, sizeof(select), 48, why),
			 SCSI_CHECK_CONDITION);
	assert_int_equal(why[2] & 0x0f, 0x05);
	assert_memory_equal(why + 12, "\x26\x00", 2);
	assert_int_equal(get_be16(why + 16), 26);
	persona_rig_free(rig);
}

static void the_ait_page_tells_of_the_cassette(void **state)
{
	struct persona_rig *rig = start("sony-ait3");

	(void)state;
	assert_memory_equal(mode(rig, 0x31, 10), "\x31\x08\x10\x0a\0\x01\0\0\0\0", 10);
	assert_true(persona_rig_load(rig));
	assert_memory_equal(mode(rig, 0x31, 10), "\x31\x08\xb3\x0a\x80\x01\0\0\0\0", 10);
	persona_rig_free(rig);
}

static void hps_status_follows_cleaning_medium_and_loads(void **state)
{
	struct persona_rig *rig = start("hp-lto5");

	(void)state;
	assert_memory_equal(status(rig, 0, 4), "\0\0\0\0", 4);
	assert_memory_equal(status(rig, 1, 4), "\x00\x01\x00\x00", 4); /* no medium */
	assert_memory_equal(status(rig, 2, 4), "\0\0\0\0", 4);
	assert_memory_equal(status(rig, 3, 4), "\xff\xff\xff\xff", 4); /* not known */
	assert_true(persona_rig_load(rig));
	assert_memory_equal(status(rig, 1, 4), "\x00\x01\x01\x00", 4);
	assert_memory_equal(status(rig, 2, 4), "\0\0\0\x01", 4);
	drive_alert(rig->drive, ALERT_CLEAN_PERIODIC);
	assert_memory_equal(status(rig, 1, 4), "\x02\x01\x01\x00", 4);
	drive_alert(rig->drive, ALERT_CLEAN_NOW);
	drive_alert(rig->drive, ALERT_CLEANING_EXPIRED);
	drive_alert(rig->drive, ALERT_HARDWARE_A);
	assert_memory_equal(status(rig, 1, 4), "\x07\x03\x01\x00", 4);
	persona_rig_free(rig);
}

static void dlts_status_follows_cleaning_and_loads(void **state)
{
	struct persona_rig *rig = start("quantum-dlt8000");

	(void)state;
	assert_memory_equal(status(rig, 0, 4), "\0\x01\0\0", 4);
	assert_memory_equal(status(rig, 1, 4), "\0\0\0\0", 4);
	drive_alert(rig->drive, ALERT_CLEAN_NOW);
	assert_memory_equal(status(rig, 1, 4), "\x06\0\0\0", 4);
	assert_true(persona_rig_load(rig));
	assert_memory_equal(status(rig, 2, 4), "\0\0\0\x01", 4);
	persona_rig_free(rig);
}

static void quantums_statistics_are_the_counters(void **state)
{
	struct persona_rig *rig = start("quantum-lto4");

	(void)state;
	assert_memory_equal(status(rig, 0x7000, 8), "\0\0\0\0\0\0\0\0", 8);
	drive_alert(rig->drive, ALERT_HARD_ERROR);
	assert_memory_equal(status(rig, 0x7000, 8), "\x20\0\0\0\0\0\0\0", 8);
	assert_null(status(rig, 0x9000, 4)); /* no medium */
	rig->drive->life[LIFE_LOADED_S] = 3 * 3600 + 5;
	rig->drive->life[LIFE_CLEANED_S] = 3600;
	rig->drive->life[LIFE_WRITTEN_STORED] = 7000000000;
	rig->drive->life[LIFE_READ_STORED] = 1999999999;
	assert_memory_equal(status(rig, 0x8001, 4), "\0\0\0\x03", 4);
	assert_memory_equal(status(rig, 0x8002, 4), "\0\0\0\x02", 4);
	assert_memory_equal(status(rig, 0x8004, 4), "\0\0\0\x07", 4);
	assert_memory_equal(status(rig, 0x8005, 4), "\0\0\0\x01", 4);
	assert_null(status(rig, 0x8003, 4)); /* cleaning goes by no interval */
	assert_true(persona_rig_load(rig));
	assert_memory_equal(status(rig, 0x8000, 4), "\0\0\0\x01", 4);
	assert_memory_equal(status(rig, 0x9000, 4), "\0\0\0\x01", 4);
	persona_rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ibm_drive_says_whether_it_encrypts),
		cmocka_unit_test(drives_of_others_have_no_pages_of_ibms),
		cmocka_unit_test(cerns_script_configures_drives),
		cmocka_unit_test(a_vendors_page_changes_where_its_mask_says),
		cmocka_unit_test(ltfs_turns_off_reading_across_the_end_of_data),
		cmocka_unit_test(the_ait_page_tells_of_the_cassette),
		cmocka_unit_test(hps_status_follows_cleaning_medium_and_loads),
		cmocka_unit_test(dlts_status_follows_cleaning_and_loads),
		cmocka_unit_test(quantums_statistics_are_the_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
