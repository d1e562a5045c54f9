/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What real drives answered, as others wrote it down: nobody here made these bytes up.  Each test
 * names where they stand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/bytes.h"
#include "lib/personality/personality.h"
#include "tests/support/persona_rig.h"

#define ANSWER(rig, ...)                                                                 \
	persona_rig_ask(rig, drive_unit((rig)->drive), (const uint8_t[]){ __VA_ARGS__ }, \
			sizeof((const uint8_t[]){ __VA_ARGS__ }))

static struct persona_rig *open_rig(const char *personality)
{
	GError *error = NULL;
	struct persona_rig *rig = persona_rig_new(personality, &error);

	if (rig == NULL)
		fail_msg("%s: %s", personality, error->message);
	return rig;
}

/* LTFS issue 474: MODE SENSE(10) of page 10h/01h from an IBM LTO-8 drive with an LTO-8 cartridge
 * begins so: 48 bytes, medium type, buffered mode, block descriptor of density 5Eh. */
static void mode_sense_of_an_lto_8_drive(void **state)
{
	static const uint8_t real[] = { 0x00, 0x2e, 0x88, 0x10, 0x00, 0x00, 0x00, 0x08, 0x5e };
	struct persona_rig *rig = open_rig("ibm-lto8");

	(void)state;
	assert_true(persona_rig_load(rig));
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_10, 0, 0x10, 1, 0, 0, 0, 0, 48, 0), 48);
	assert_memory_equal(rig->data, real, sizeof(real));
	persona_rig_free(rig);
}

/* Quantum LTO-4 SCSI reference, REPORT DENSITY SUPPORT, field descriptions. */
static void densities_of_a_quantum_lto_4_drive(void **state)
{
	static const struct {
		uint8_t code, flags;
		uint32_t bits_per_mm;
		uint16_t tracks;
		uint32_t capacity_mb;
		const char *name;
	} real[] = { { 0x42, 0x00, 7398, 512, 200000, "U-28    " },
		     { 0x44, 0x80, 9638, 704, 400000, "U-316   " },
		     { 0x46, 0xa0, 12725, 896, 800000, "U-416   " } };
	struct persona_rig *rig = open_rig("quantum-lto4");

	(void)state;
	assert_int_equal(ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 0, 0, 0, 0, 0, 0, 4, 0, 0),
			 4 + 3 * 52);
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		const uint8_t *p = rig->data + 4 + 52 * (size_t)i;

		assert_int_equal(p[0], real[i].code);
		assert_int_equal(p[1], real[i].code);
		assert_int_equal(p[2], real[i].flags);
		assert_int_equal(get_be24(p + 5), real[i].bits_per_mm);
		assert_int_equal(get_be16(p + 8), 127);
		assert_int_equal(get_be16(p + 10), real[i].tracks);
		assert_int_equal(get_be32(p + 12), real[i].capacity_mb);
		assert_memory_equal(p + 16, "LTO-CVE ", 8);
		assert_memory_equal(p + 24, real[i].name, 8);
	}
	persona_rig_free(rig);
}

/* Quantum DLT 7000 product manual, READ BLOCK LIMITS (16 MB - 1, and 0001h), MODE SENSE (1Bh:
 * 85937 bpi, 35.0 GB), INQUIRY. */
static void a_dlt_7000_drive(void **state)
{
	struct persona_rig *rig = open_rig("quantum-dlt7000");

	(void)state;
	assert_int_equal(ANSWER(rig, OP_READ_BLOCK_LIMITS, 0, 0, 0, 0, 0), 6);
	assert_memory_equal(rig->data, "\x00\xff\xff\xff\x00\x01", 6);
	assert_true(ANSWER(rig, OP_INQUIRY, 0, 0, 0, 0xff, 0) >= 36);
	assert_int_equal(rig->data[2], 2);
	assert_memory_equal(rig->data + 8, "QUANTUM DLT7000         ", 24);
	assert_true(persona_rig_load(rig));
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 0, 0, 0, 12, 0), 12);
	assert_int_equal(rig->data[4], 0x1b);
	persona_rig_free(rig);
}

/* IBM Ultrium T200 and 3580 SCSI reference (WB1109), standard INQUIRY data: version 3, response
 * data format 2. */
static void inquiry_of_a_first_generation_ibm_drive(void **state)
{
	struct persona_rig *rig = open_rig("ibm-lto1");

	(void)state;
	assert_true(ANSWER(rig, OP_INQUIRY, 0, 0, 0, 0xff, 0) >= 36);
	assert_memory_equal(rig->data, "\x01\x80\x03\x02", 4);
	assert_memory_equal(rig->data + 8, "IBM     ULT3580-TD1     ", 24);
	persona_rig_free(rig);
}

/* Sony SDX-1100V specification, REPORT DENSITY SUPPORT: ascending codes, AIT-4 before AIT-5, whose
 * secondary code is 30h. */
static void densities_of_a_sony_ait_5_drive(void **state)
{
	struct persona_rig *rig = open_rig("sony-ait5");
	size_t size;

	(void)state;
	size = ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 0, 0, 0, 0, 0, 0, 4, 0, 0);
	assert_int_equal(size, 4 + 3 * 52);
	assert_memory_equal(rig->data + size - 52, "\x34\x30\xa0", 3);
	assert_memory_equal(rig->data + size - 52 + 16, "SONY    ", 8);
	assert_memory_equal(rig->data + size - 52 + 32, "AdvIntelligentTape5 ", 20);
	assert_memory_equal(rig->data + size - 104 + 32, "AdvIntelligentTape4 ", 20);
	persona_rig_free(rig);
}

/* LTFS, tables of supported drives: the product string that each must begin with. */
static void ltfs_knows_these_drives(void **state)
{
	static const char *const real[][3] = {
		{ "ibm-lto5", "IBM", "ULT3580-TD5" },
		{ "ibm-lto6-hh", "IBM", "ULT3580-HH6" },
		{ "ibm-lto9", "IBM", "ULT3580-TD9" },
		{ "ibm-lto10", "IBM", "ULT3580-TDA" },
		{ "ibm-3592-e07", "IBM", "03592E07" },
		{ "ibm-3592-e08", "IBM", "03592E08" },
		{ "ibm-3592-55f", "IBM", "0359255F" },
		{ "ibm-3592-70f", "IBM", "0359270F" },
		{ "hp-lto5", "HP", "Ultrium 5-SCSI" },
		{ "hp-lto7", "HP", "Ultrium 7-SCSI" },
		{ "hpe-lto9", "HPE", "Ultrium 9-SCSI" },
		{ "quantum-lto5", "QUANTUM", "ULTRIUM 5" },
		{ "quantum-lto9", "QUANTUM", "ULTRIUM-HH9" },
	};

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		const struct personality *p = personality_find(real[i][0]);

		assert_non_null(p);
		assert_string_equal(p->drive->vendor, real[i][1]);
		assert_string_equal(p->drive->product, real[i][2]);
	}
}

/* LTFS, firmware floors of IBM drives, compared as text. */
static void ltfs_takes_the_firmware(void **state)
{
	(void)state;
	assert_true(strcmp(personality_find("ibm-lto5")->drive->revision, "B170") >= 0);
	assert_true(strcmp(personality_find("ibm-lto8")->drive->revision, "HB81") >= 0);
	assert_true(strcmp(personality_find("ibm-3592-e07")->drive->revision, "3694") >= 0);
}

/* LTFS issue 183: log page 17h of an IBM LTO-6 drive has records of four partitions (parameter
 * 0203h, 32 bytes), that of an LTO-5 drive of two; LTFS drives every maker's alike. */
static void an_lto_6_drive_has_four_partitions_and_an_lto_5_two(void **state)
{
	static const struct {
		const char *personality;
		uint8_t additional;
	} real[] = { { "ibm-lto5", 1 }, { "ibm-lto6", 3 },     { "ibm-lto6-hh", 3 },
		     { "hp-lto6", 3 },  { "quantum-lto6", 3 }, { "ibm-lto7", 3 } };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		struct persona_rig *rig = open_rig(real[i].personality);

		assert_true(persona_rig_load(rig));
		assert_true(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x11, 0, 64, 0) > 4 + 8);
		assert_int_equal(rig->data[4 + 2], real[i].additional);
		assert_int_equal(rig->data[4 + 1], 6 + 2 * (real[i].additional + 1));
		persona_rig_free(rig);
	}
}

/* FreeBSD, libmt: density codes and bits per mm as drives report them.  0: found nowhere. */
static void densities_that_freebsd_knows(void **state)
{
	static const struct {
		const char *personality;
		uint8_t code;
		uint32_t bits_per_mm;
	} real[] = {
		{ "ibm-3592-j1a", 0x51, 11800 }, { "ibm-3592-e05", 0x52, 11800 },
		{ "ibm-3592-e06", 0x53, 13452 }, { "ibm-3592-e07", 0x54, 19686 },
		{ "ibm-3592-e08", 0x55, 20670 }, { "ibm-3592-55f", 0x56, 20670 },
		{ "ibm-3592-60f", 0x57, 21850 }, { "ibm-3592-70f", 0x59, 0 },
		{ "ibm-lto6", 0x5a, 15142 },     { "ibm-lto8", 0x5e, 20669 },
		{ "ibm-lto10", 0x62, 21657 },
	};

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		const struct drive_model *drive = personality_find(real[i].personality)->drive;

		assert_int_equal(drive->densities[0].code, real[i].code);
		assert_int_equal(drive->densities[0].bits_per_mm, real[i].bits_per_mm);
	}
}

/* FreeBSD commit 930486f9be5c: from the auxiliary memory of real cartridges. */
static void lengths_of_lto_10_cartridges(void **state)
{
	(void)state;
	assert_int_equal(medium_find("LTO-10")->length, 1035);
	assert_int_equal(medium_find("LTO-10-WORM")->length, 1035);
	assert_int_equal(medium_find("LTO-10P")->length, 1337);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mode_sense_of_an_lto_8_drive),
		cmocka_unit_test(densities_of_a_quantum_lto_4_drive),
		cmocka_unit_test(a_dlt_7000_drive),
		cmocka_unit_test(inquiry_of_a_first_generation_ibm_drive),
		cmocka_unit_test(densities_of_a_sony_ait_5_drive),
		cmocka_unit_test(ltfs_knows_these_drives),
		cmocka_unit_test(ltfs_takes_the_firmware),
		cmocka_unit_test(an_lto_6_drive_has_four_partitions_and_an_lto_5_two),
		cmocka_unit_test(densities_that_freebsd_knows),
		cmocka_unit_test(lengths_of_lto_10_cartridges),
	};

	(void)g_setenv("TCMU_VTL_PERSONALITIES", "/nonexistent", TRUE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
