/* SPDX-License-Identifier: Apache-2.0 */
/* What a personality of one's own changes in the answers of a drive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "lib/personality/personality.h"
#include "tests/support/persona_rig.h"

#define FILE_TEXT                                                                              \
	"[drive own]\nbase=ibm-ult3580-td8\nvendor=ACME\nansi_version=5\nversions=0077 0314\n" \
	"mode_pages=01 0A 0F 10 1C\nlog_pages=02 2E\nvpd_pages=B0 B1\n"                        \
	"mode_bytes.0A=8:12 34\nmode_bytes.10=200:01\nmode.2F=none\nmode.25=25 03 AA BB CC\n"  \
	"vpd.C0=01 02 03\nvpd.B1=58 59\ninquiry=36:41 42;100:43\n"                             \
	"vpd.C1=<vendor:8> \"|\" <product:16><revision:3><serial:20><serial:3> 00\n"           \
	"min_block=4\ngranularity=2\nmax_block=65536\n"                                        \
	"[library own]\nbase=ibm-3573-tl\nvpd.C0=<serial:2> <revision:5>\nmode.20=20 01 07\n"  \
	"[personality own]\nlibrary=own\ndrive=own\n"                                          \
	"[drive old]\nbase=own\nansi_version=2\ninquiry=36:41\n"                               \
	"[personality old]\nbase=own\ndrive=old\n"

static char *folder, *file;

#define ANSWER(rig, ...)                                                                 \
	persona_rig_ask(rig, drive_unit((rig)->drive), (const uint8_t[]){ __VA_ARGS__ }, \
			sizeof((const uint8_t[]){ __VA_ARGS__ }))

static int setup(void **state)
{
	GError *error = NULL;

	folder = g_dir_make_tmp("personality-XXXXXX", NULL);
	if (folder == NULL)
		return -1;
	file = g_build_filename(folder, "own.personality", NULL);
	(void)g_setenv("TCMU_VTL_PERSONALITIES", folder, TRUE);
	if (!g_file_set_contents(file, FILE_TEXT, -1, NULL))
		return -1;
	*state = persona_rig_new("own", &error);
	if (error != NULL)
		print_error("%s\n", error->message);
	return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	persona_rig_free(*state);
	(void)g_unlink(file);
	(void)g_rmdir(folder);
	g_free(file);
	g_free(folder);
	return 0;
}

/* Linux puts the LUN into byte 1 of every CDB to a unit that says SCSI-2. */
static void a_scsi_2_drive_takes_the_lun_in_the_cdb_and_no_other_does(void **state)
{
	static const struct {
		const char *personality;
		bool takes;
	} rows[] = { { "quantum-dlt7000", true }, { "ibm-3490e", true },     { "cart3480", true },
		     { "exabyte-8500", true },    { "ibm-3590-b1a", false }, { "ibm-lto1", false },
		     { "ibm-lto8", false } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct persona_rig *rig = persona_rig_new(rows[i].personality, NULL);

		assert_non_null(rig);
		persona_rig_settle(rig, drive_unit(rig->drive));
		/* a page's DBD is bit 3 of that byte, SEND DIAGNOSTIC's code is in bits 7-5 */
		assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 0x28, 0, 0, 255, 0) > 0,
				 rows[i].takes);
		assert_int_equal(ANSWER(rig, OP_READ_BLOCK_LIMITS, 0x20, 0, 0, 0, 0) > 0,
				 rows[i].takes);
		persona_rig_free(rig);
	}
}

static void only_listed_mode_pages_are_there(void **state)
{
	struct persona_rig *rig = *state;

	assert_true(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x01, 0, 255, 0) > 0);
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x11, 0, 255, 0), 0);
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x10, 1, 255, 0), 0);
}

static void bytes_of_a_mode_page_are_the_models_in_current_and_default_values(void **state)
{
	struct persona_rig *rig = *state;

	for (uint8_t pc = 0; pc <= 2; pc = (uint8_t)(pc + 2)) {
		assert_true(ANSWER(rig, OP_MODE_SENSE_6, 8, (uint8_t)(pc << 6 | 0x0a), 0, 255, 0) >
			    14);
		assert_memory_equal(rig->data + 4 + 8, "\x12\x34", 2);
	}
	/* bytes behind a page's end are left out */
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x10, 0, 255, 0), 4 + 16);
}

static void a_mode_page_of_the_vendors_own_stands_at_its_place(void **state)
{
	struct persona_rig *rig = *state;
	size_t size = ANSWER(rig, OP_MODE_SENSE_6, 8, 0x3f, 0, 255, 0);

	assert_true(size > 5);
	assert_memory_equal(rig->data + size - 5, "\x25\x03\xaa\xbb\xcc", 5);
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x65, 0, 255, 0), 4 + 5);
	assert_memory_equal(rig->data + 4 + 2, "\0\0\0", 3); /* nothing can be changed */
}

static void only_listed_log_pages_are_there(void **state)
{
	struct persona_rig *rig = *state;

	assert_int_equal(ANSWER(rig, OP_LOG_SENSE, 0, 0x40, 0, 0, 0, 0, 1, 0, 0), 4 + 3);
	assert_memory_equal(rig->data + 4, "\x00\x02\x2e", 3);
}

static void vital_product_data_has_listed_pages_and_the_vendors_own(void **state)
{
	struct persona_rig *rig = *state;

	assert_true(ANSWER(rig, OP_INQUIRY, 1, 0x00, 0, 255, 0) == 4 + 7);
	assert_memory_equal(rig->data + 4, "\x00\x80\x83\xb0\xb1\xc0\xc1", 7);
	assert_int_equal(ANSWER(rig, OP_INQUIRY, 1, 0xc0, 0, 255, 0), 4 + 3);
	assert_memory_equal(rig->data, "\x01\xc0\x00\x03\x01\x02\x03", 7);
	assert_int_equal(ANSWER(rig, OP_INQUIRY, 1, 0xb1, 0, 255, 0), 4 + 2);
	assert_memory_equal(rig->data + 4, "XY", 2);
	assert_int_equal(ANSWER(rig, OP_INQUIRY, 1, 0xb2, 0, 255, 0), 0);
}

static void places_in_a_page_have_what_the_unit_has(void **state)
{
	struct persona_rig *rig = *state;
	const char *serial = drive_unit(rig->drive)->identity.serial;
	size_t n = strlen(serial);

	assert_true(n > 3 && n < 20);
	assert_int_equal(ANSWER(rig, OP_INQUIRY, 1, 0xc1, 0, 255, 0), 4 + 52);
	assert_memory_equal(rig->data + 4, "ACME    |ULT3580-TD8     HB8", 28);
	assert_memory_equal(rig->data + 32, serial, n);
	assert_memory_equal(rig->data + 32 + n, "                    ", 20 - n);
	assert_memory_equal(rig->data + 52, serial + n - 3, 3); /* its end */
	assert_int_equal(rig->data[55], 0);
}

static void a_changer_has_the_pages_of_its_model_too(void **state)
{
	struct persona_rig *rig = *state;
	struct scsi_unit *unit = changer_unit(rig->changer);
	const char *serial = unit->identity.serial;
	const uint8_t inquiry[6] = { OP_INQUIRY, 1, 0xc0, 0, 255 };
	const uint8_t mode[6] = { OP_MODE_SENSE_6, 8, 0x20, 0, 255 };

	persona_rig_settle(rig, unit);
	assert_int_equal(persona_rig_ask(rig, unit, inquiry, sizeof(inquiry)), 4 + 7);
	assert_memory_equal(rig->data + 4, serial + strlen(serial) - 2, 2);
	assert_memory_equal(rig->data + 6, "B.60 ", 5);
	assert_int_equal(persona_rig_ask(rig, unit, mode, sizeof(mode)), 4 + 3);
	assert_memory_equal(rig->data + 4, "\x20\x01\x07", 3);
}

static void inquiry_has_version_descriptors_and_bytes_of_the_model(void **state)
{
	struct persona_rig *rig = *state;

	assert_int_equal(ANSWER(rig, OP_INQUIRY, 0, 0, 0, 255, 0), 101);
	assert_int_equal(rig->data[2], 5);
	assert_int_equal(rig->data[4], 96);
	assert_memory_equal(rig->data + 8, "ACME    ULT3580-TD8     ", 24);
	assert_memory_equal(rig->data + 36, "AB", 2);
	assert_memory_equal(rig->data + 58, "\x00\x77\x03\x14\x00\x00", 6);
	assert_int_equal(rig->data[100], 0x43);
}

static void a_scsi_2_drive_has_no_version_descriptors(void **state)
{
	struct persona_rig *rig = persona_rig_new("old", NULL);

	(void)state;
	assert_non_null(rig);
	assert_int_equal(ANSWER(rig, OP_INQUIRY, 0, 0, 0, 255, 0), 101); /* the base's byte 100 */
	assert_int_equal(rig->data[2], 2);
	assert_int_equal(rig->data[3], 2);
	assert_memory_equal(rig->data + 36, "A", 1);
	assert_memory_equal(rig->data + 58, "\0\0", 2);
	persona_rig_free(rig);
}

static void block_limits_are_the_models(void **state)
{
	struct persona_rig *rig = *state;

	assert_int_equal(ANSWER(rig, OP_READ_BLOCK_LIMITS, 0, 0, 0, 0, 0), 6);
	assert_memory_equal(rig->data, "\x02\x01\x00\x00\x00\x04", 6);
}

/* A 3592 E07 drive writes JB media in the format of the E06, and JA media only reads so. */
static void a_medium_that_is_only_read_says_so_in_a_density_that_others_are_written_in(void **state)
{
	struct persona_rig *rig = persona_rig_new("ibm-3592-e07", NULL);

	(void)state;
	assert_non_null(rig);
	assert_true(persona_rig_load_medium(rig, "3592-JB-E06"));
	assert_int_equal(ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 1, 0, 0, 0, 0, 0, 0, 200, 0), 56);
	assert_memory_equal(rig->data + 4, "\x53\x53\xa0", 3);
	assert_int_equal(get_be32(rig->data + 4 + 12),
			 medium_find("3592-JB-E06")->capacity_bytes / 1000000);
	assert_true(persona_rig_load_medium(rig, "3592-JA-E06"));
	assert_int_equal(ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 1, 0, 0, 0, 0, 0, 0, 200, 0), 56);
	assert_memory_equal(rig->data + 4, "\x53\x53\x20", 3);
	assert_int_equal(get_be32(rig->data + 4 + 12),
			 medium_find("3592-JA-E06")->capacity_bytes / 1000000);
	persona_rig_free(rig);
}

/* 3592 media have other types than LTO media: A3h is JY, write once. */
static void a_write_once_medium_of_any_maker_says_so_in_its_statistics(void **state)
{
	struct persona_rig *rig = persona_rig_new("ibm-3592-e07", NULL);

	(void)state;
	assert_non_null(rig);
	assert_true(persona_rig_load_medium(rig, "3592-JY-E07"));
	assert_int_equal(ANSWER(rig, OP_LOG_SENSE, 0, 0x57, 0, 0, 0, 0x81, 0, 9, 0), 9);
	assert_memory_equal(rig->data + 4, "\x00\x81\x03\x01\x01", 5);
	assert_true(persona_rig_load_medium(rig, "3592-JC-E07"));
	assert_int_equal(ANSWER(rig, OP_LOG_SENSE, 0, 0x57, 0, 0, 0, 0x81, 0, 9, 0), 9);
	assert_memory_equal(rig->data + 4, "\x00\x81\x03\x01\x00", 5);
	persona_rig_free(rig);
}

#define HEADER_10 8

/* A write, and a rewind; the objects of the tape. */
static uint64_t record(struct persona_rig *rig)
{
	static const uint8_t write[6] = { OP_WRITE_6, 0, 0, 0x10, 0, 0 };
	static const uint8_t filemark[6] = { OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0 };
	static const uint8_t rewind[6] = { OP_REWIND };
	static const uint8_t half[6] = { OP_SET_CAPACITY, 0, 0, 0x80, 0, 0 };
	struct scsi_unit *unit = drive_unit(rig->drive);

	/* where there are parts of a medium: one that is no whole number of page 23h's */
	(void)persona_rig_send(rig, unit, half, 6, 0, NULL);
	assert_int_equal(persona_rig_send(rig, unit, write, 6, 4096, NULL), SCSI_GOOD);
	assert_int_equal(persona_rig_send(rig, unit, filemark, 6, 0, NULL), SCSI_GOOD);
	assert_int_equal(persona_rig_send(rig, unit, rewind, 6, 0, NULL), SCSI_GOOD);
	return stage_info(rig->drive->stages[0])->objects;
}

/* MODE SELECT(10) of all pages as MODE SENSE(10) tells them, but for what it reserves. */
static void send_all_pages_back(struct persona_rig *rig, const char *name, uint8_t subpage)
{
	const uint8_t sense[10] = { OP_MODE_SENSE_10, 0, 0x3f, subpage, [7] = 0x10 };
	uint8_t select[10] = { OP_MODE_SELECT_10, 0x10 }, why[18] = { 0 };
	struct scsi_unit *unit = drive_unit(rig->drive);
	size_t size = persona_rig_ask(rig, unit, sense, sizeof(sense));
	enum scsi_status status;

	assert_true(size > HEADER_10);
	put_be16(rig->data, 0);
	rig->data[2] = 0;
	rig->data[3] &= 0x7f;
	for (size_t at = HEADER_10 + get_be16(rig->data + 6); at < size;) {
		rig->data[at] &= 0x7f;
		at += (rig->data[at] & 0x40) != 0 ? 4u + get_be16(rig->data + at + 2)
						  : 2u + rig->data[at + 1];
	}
	put_be16(select + 7, (uint16_t)size);
	status = persona_rig_send(rig, unit, select, sizeof(select), size, why);
	if (status != SCSI_GOOD)
		fail_msg("%s: %x/%02x/%02x, byte %u", name, why[2] & 0xf, why[12], why[13],
			 get_be16(why + 16));
}

static void mode_pages_sent_back_as_they_were_told_leave_the_data(void **state)
{
	g_auto(GStrv) names = personality_names();

	(void)state;
	for (char **name = names; *name != NULL; name++) {
		GError *error = NULL;
		struct persona_rig *rig = persona_rig_new(*name, &error);
		uint64_t objects;

		assert_non_null(rig);
		assert_true(persona_rig_load(rig));
		objects = record(rig);
		assert_int_equal(objects, 2);
		send_all_pages_back(rig, *name, 0);
		send_all_pages_back(rig, *name, 0xff);
		assert_int_equal(stage_info(rig->drive->stages[0])->objects, objects);
		persona_rig_free(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scsi_2_drive_takes_the_lun_in_the_cdb_and_no_other_does),
		cmocka_unit_test(only_listed_mode_pages_are_there),
		cmocka_unit_test(bytes_of_a_mode_page_are_the_models_in_current_and_default_values),
		cmocka_unit_test(a_mode_page_of_the_vendors_own_stands_at_its_place),
		cmocka_unit_test(only_listed_log_pages_are_there),
		cmocka_unit_test(vital_product_data_has_listed_pages_and_the_vendors_own),
		cmocka_unit_test(places_in_a_page_have_what_the_unit_has),
		cmocka_unit_test(a_changer_has_the_pages_of_its_model_too),
		cmocka_unit_test(inquiry_has_version_descriptors_and_bytes_of_the_model),
		cmocka_unit_test(a_scsi_2_drive_has_no_version_descriptors),
		cmocka_unit_test(block_limits_are_the_models),
		cmocka_unit_test(
			a_medium_that_is_only_read_says_so_in_a_density_that_others_are_written_in),
		cmocka_unit_test(a_write_once_medium_of_any_maker_says_so_in_its_statistics),
		cmocka_unit_test(mode_pages_sent_back_as_they_were_told_leave_the_data),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
