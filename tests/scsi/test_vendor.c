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
	rig->data[26] = 0x54; /* of no medium */
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
		cmocka_unit_test(ltfs_turns_off_reading_across_the_end_of_data),
		cmocka_unit_test(the_ait_page_tells_of_the_cassette),
		cmocka_unit_test(hps_status_follows_cleaning_medium_and_loads),
		cmocka_unit_test(dlts_status_follows_cleaning_and_loads),
		cmocka_unit_test(quantums_statistics_are_the_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
