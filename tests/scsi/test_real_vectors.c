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

/*
 * sg3_utils, inhex/rep_density.hex, _media.hex, _typem.hex and _media_typem.hex: what an LTO-5
 * drive of HP answered to REPORT DENSITY SUPPORT, with a data cartridge in it.
 */
static const struct hp_density {
	uint8_t code, flags;
	uint32_t bits_per_mm;
	uint16_t tracks;
	uint32_t capacity_mb;
	const char *name, *description;
} hp_densities[] = {
	{ 0x44, 0x00, 9638, 704, 400000, "U-316   ", "Ultrium 3/16T       " },
	{ 0x46, 0x80, 12725, 896, 800000, "U-416   ", "Ultrium 4/16T       " },
	{ 0x58, 0xa0, 15142, 1280, 1500000, "U-516   ", "Ultrium 5/16T       " },
};

static void expect_hp_density(const uint8_t *p, const struct hp_density *real, uint32_t capacity_mb)
{
	assert_int_equal(p[0], real->code);
	assert_int_equal(p[1], real->code);
	assert_int_equal(p[2], real->flags);
	assert_memory_equal(p + 3, "\x00\x00", 2);
	assert_int_equal(get_be24(p + 5), real->bits_per_mm);
	assert_int_equal(get_be16(p + 8), 127);
	assert_int_equal(get_be16(p + 10), real->tracks);
	assert_int_equal(get_be32(p + 12), capacity_mb);
	assert_memory_equal(p + 16, "LTO-CVE ", 8);
	assert_memory_equal(p + 24, real->name, 8);
	assert_memory_equal(p + 32, real->description, 20);
}

/* There the cartridge holds 1541438 MB, and not the format's 1500000; here X1 has 1 GB. */
static void densities_of_an_hp_lto_5_drive(void **state)
{
	struct persona_rig *rig = open_rig("hp-lto5");

	(void)state;
	assert_int_equal(ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 0, 0, 0, 0, 0, 0, 4, 0, 0), 160);
	assert_memory_equal(rig->data, "\x00\x9e\x00\x00", 4);
	for (unsigned i = 0; i < G_N_ELEMENTS(hp_densities); i++)
		expect_hp_density(rig->data + 4 + 52 * (size_t)i, &hp_densities[i],
				  hp_densities[i].capacity_mb);
	assert_true(persona_rig_load(rig));
	assert_int_equal(ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 1, 0, 0, 0, 0, 0, 4, 0, 0), 56);
	assert_memory_equal(rig->data, "\x00\x36\x00\x00", 4);
	expect_hp_density(rig->data + 4, &hp_densities[2], 1000);
	persona_rig_free(rig);
}

static const struct hp_type {
	uint8_t type, density;
	uint16_t length;
	const char *name, *description;
} hp_types[] = {
	{ 0x00, 0x44, 680, "LTO3Data", "Ultrium 3 Data Tape " },
	{ 0x00, 0x46, 820, "LTO4Data", "Ultrium 4 Data Tape " },
	{ 0x00, 0x58, 846, "LTO5Data", "Ultrium 5 Data Tape " },
	{ 0x01, 0x44, 680, "LTO3WORM", "Ultrium 3 WORM Tape " },
	{ 0x01, 0x46, 820, "LTO4WORM", "Ultrium 4 WORM Tape " },
	{ 0x01, 0x58, 846, "LTO5WORM", "Ultrium 5 WORM Tape " },
};

static void expect_hp_type(const uint8_t *p, const struct hp_type *real)
{
	static const uint8_t zeros[8];

	assert_int_equal(p[0], real->type);
	assert_memory_equal(p + 1, "\x00\x00\x34\x01", 4);
	assert_int_equal(p[5], real->density);
	assert_memory_equal(p + 6, zeros, 8);
	assert_int_equal(get_be16(p + 14), 127);
	assert_int_equal(get_be16(p + 16), real->length);
	assert_memory_equal(p + 20, "HP      ", 8);
	assert_memory_equal(p + 28, real->name, 8);
	assert_memory_equal(p + 36, real->description, 20);
}

static void medium_types_of_an_hp_lto_5_drive(void **state)
{
	struct persona_rig *rig = open_rig("hp-lto5");

	(void)state;
	assert_int_equal(ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 2, 0, 0, 0, 0, 0, 4, 0, 0), 340);
	assert_memory_equal(rig->data, "\x01\x52\x00\x00", 4);
	for (unsigned i = 0; i < G_N_ELEMENTS(hp_types); i++)
		expect_hp_type(rig->data + 4 + 56 * (size_t)i, &hp_types[i]);
	assert_true(persona_rig_load(rig));
	assert_int_equal(ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 3, 0, 0, 0, 0, 0, 4, 0, 0), 60);
	assert_memory_equal(rig->data, "\x00\x3a\x00\x00", 4);
	expect_hp_type(rig->data + 4, &hp_types[2]);
	persona_rig_free(rig);
}

/* LTFS, tape_drivers/linux/sg/sg_tape.c: of an HP drive medium type 01h in the mode parameter
 * header is WORM, and not 5Ch. */
static void ltfs_sees_write_once_media_in_an_hp_drive(void **state)
{
	struct persona_rig *rig = open_rig("hp-lto5");

	(void)state;
	assert_true(persona_rig_load(rig));
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_10, 0, 0x1d, 0, 0, 0, 0, 0, 64, 0), 48);
	assert_int_equal(rig->data[2], 0x00);
	assert_true(persona_rig_load_medium(rig, "LTO-5-WORM"));
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_10, 0, 0x1d, 0, 0, 0, 0, 0, 64, 0), 48);
	assert_int_equal(rig->data[2], 0x01);
	assert_int_equal(rig->data[16 + 2], 0x01); /* WORMM */
	assert_int_equal(ANSWER(rig, OP_REPORT_DENSITY_SUPPORT, 3, 0, 0, 0, 0, 0, 4, 0, 0), 60);
	expect_hp_type(rig->data + 4, &hp_types[5]);
	persona_rig_free(rig);
}

/* The parameter, whole, of a page of the drive; NULL where it is not there. */
static const uint8_t *parameter(struct persona_rig *rig, uint8_t page, uint16_t code)
{
	size_t size = ANSWER(rig, OP_LOG_SENSE, 0, 0x40 | page, 0, 0, (uint8_t)(code >> 8),
			     (uint8_t)code, 4, 0, 0);

	return size > 8 && get_be16(rig->data + 4) == code ? rig->data + 4 : NULL;
}

/*
 * sg_logs of an IBM ULT3580-TD6, as python-scsi's issue quotes it.  Page 0Ch: 8001h is 419, as are
 * the loads of page 14h; 8002h 0, its cleanings; 8003h 247318918, the seconds of its 68700 hours of
 * power.  Page 17h with two partitions, none encrypted: FFFFFFFFFFFFh in 0200h and 0201h for each,
 * and no 0018h, 0019h.
 */
static void lifetime_and_encryption_of_an_ibm_lto_6_drive(void **state)
{
	static const uint8_t none[] = { 0x02, 0x00, 0x03, 0x0a, 0x09, 0,    0,
					0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct persona_rig *rig = open_rig("ibm-lto6");
	uint32_t loads;

	(void)state;
	assert_true(persona_rig_load(rig));
	assert_non_null(parameter(rig, 0x14, 0));
	loads = get_be32(rig->data + 8);
	assert_int_equal(loads, 1);
	for (uint16_t code = 0x8000; code <= 0x8003; code++) {
		assert_non_null(parameter(rig, 0x0c, code));
		assert_int_equal(rig->data[4 + 3], 4);
		if (code == 0x8001)
			assert_int_equal(get_be32(rig->data + 8), loads);
	}
	assert_null(parameter(rig, 0x17, 0x0018));
	assert_non_null(parameter(rig, 0x17, 0x0200));
	assert_memory_equal(rig->data + 4, none, sizeof(none));
	assert_non_null(parameter(rig, 0x17, 0x0201));
	persona_rig_free(rig);
	rig = open_rig("hp-lto6");
	assert_null(parameter(rig, 0x0c, 0x8000));
	persona_rig_free(rig);
}

/* pastebin.com/F7KKiFXT: of an LTO-6 cartridge in an HP drive sg_logs says "Volume personality:
 * Ultrium-6". */
static void volume_personality_of_an_lto_6_cartridge(void **state)
{
	struct persona_rig *rig = open_rig("hp-lto6");

	(void)state;
	assert_true(persona_rig_load(rig));
	assert_int_equal(ANSWER(rig, OP_LOG_SENSE, 0, 0x40 | 0x17, 0, 0, 0, 0x45, 0, 4 + 4 + 9, 0),
			 17);
	assert_memory_equal(rig->data + 4, "\x00\x45\x01\x09Ultrium-6", 13);
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

/* IBM Ultrium T200 and 3580 SCSI reference (WB1109-02), table 4, standard INQUIRY data: version 3,
 * response data format 2, additional length 33, no queueing; 38 bytes. */
static void inquiry_of_a_first_generation_ibm_drive(void **state)
{
	static const uint8_t head[8] = { 0x01, 0x80, 0x03, 0x02, 33, 0x00, 0x00, 0x00 };
	struct persona_rig *rig = open_rig("ibm-lto1");

	(void)state;
	assert_int_equal(ANSWER(rig, OP_INQUIRY, 0, 0, 0, 0xff, 0), 38);
	assert_memory_equal(rig->data, head, 8);
	assert_memory_equal(rig->data + 8, "IBM     ULT3580-TD1     ", 24);
	assert_memory_equal(rig->data + 36, "\x00\x00", 2);
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

/* Algorithm of data compression, mode page 0Fh, bytes 4 to 7 and 8 to 11.  IBM: LTFS issue 474, a
 * real LTO-8 drive.  HP LTO-2: C7379-90900.  T10000: E20425-06.  Sony: specification of SDX-1100V.
 * DLT 7000 and DLT-S4: their manuals. */
static void compression_algorithms(void **state)
{
	static const struct {
		const char *personality;
		uint8_t algorithm;
	} real[] = { { "ibm-lto8", 0xff },        { "hp-lto2", 1 },
		     { "stk-t10000c", 1 },        { "sony-ait5", 3 },
		     { "quantum-dlt7000", 0x10 }, { "quantum-dlt-s4", 0x10 } };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		struct persona_rig *rig = open_rig(real[i].personality);

		assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x0f, 0, 64, 0), 4 + 16);
		assert_int_equal(get_be32(rig->data + 4 + 4), real[i].algorithm);
		assert_int_equal(get_be32(rig->data + 4 + 8), real[i].algorithm);
		persona_rig_free(rig);
	}
}

/* DLT-S4 Interface Reference Guide: READ BLOCK LIMITS (figure 127), MODE SENSE (tables 90 and 91).
 */
static void a_dlt_s4_drive(void **state)
{
	static const struct {
		uint8_t code;
		uint32_t bits_per_inch;
		uint16_t tracks;
	} real[] = { { 0x49, 190000, 56 }, { 0x4a, 233000, 40 }, { 0x4b, 256000, 80 } };
	struct persona_rig *rig = open_rig("quantum-dlt-s4");

	(void)state;
	assert_int_equal(ANSWER(rig, OP_READ_BLOCK_LIMITS, 0, 0, 0, 0, 0), 6);
	assert_memory_equal(rig->data, "\x00\xff\xff\xfc\x00\x04", 6);
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		const struct density_row *row =
			drive_density(personality_find("quantum-dlt-s4")->drive, real[i].code);

		assert_int_equal(row->bits_per_mm, (real[i].bits_per_inch * 10 + 127) / 254);
		assert_int_equal(row->tracks, real[i].tracks);
	}
	assert_true(persona_rig_load(rig));
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 0, 0, 0, 12, 0), 12);
	assert_int_equal(rig->data[1], 0x91);
	persona_rig_free(rig);
}

/* DLT 4000, DX-series, SDLT 600 and DLT-S4 guides, MODE SENSE, medium type. */
static void medium_types_of_dlt(void **state)
{
	static const struct {
		const char *medium;
		uint8_t type;
	} real[] = { { "DLT-CLEAN", 0x81 },  { "DLT-III", 0x83 },    { "DLT-IIIXT", 0x84 },
		     { "DLT-IV-20", 0x85 },  { "DLT-IV-35", 0x85 },  { "DLT-IV-40", 0x85 },
		     { "SDLT-I-110", 0x86 }, { "SDLT-I-160", 0x86 }, { "SDLT-II", 0x87 },
		     { "DLT-S4", 0x91 } };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++)
		assert_int_equal(medium_find(real[i].medium)->medium_type, real[i].type);
}

/* WRITE(6) of a block of 4 bytes, @first and three more, where the tape is. */
static void write_4(struct persona_rig *rig, uint8_t first)
{
	static const uint8_t cdb[6] = { OP_WRITE_6, 0, 0, 0, 4, 0 };

	for (uint8_t i = 0; i < 4; i++)
		rig->data[i] = (uint8_t)(first + i);
	assert_int_equal(persona_rig_send(rig, drive_unit(rig->drive), cdb, 6, 4, NULL), SCSI_GOOD);
}

/* LTFS, tape_drivers/ibm_tape.h: READ REVERSE is a command of enterprise drives. */
static void a_3592_drive_reads_backwards_and_an_lto_drive_does_not(void **state)
{
	static const char *const names[] = { "ibm-3592-j1a", "ibm-3592-e05", "ibm-3592-e07",
					     "ibm-3592-70f", "ibm-3490e" };
	struct persona_rig *rig;

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		rig = open_rig(names[i]);
		assert_true(persona_rig_load(rig));
		write_4(rig, 0x10);
		write_4(rig, 0x20);
		assert_int_equal(ANSWER(rig, OP_READ_REVERSE_6, 0, 0, 0, 4, 0), 4);
		assert_memory_equal(rig->data, "\x23\x22\x21\x20", 4);
		assert_int_equal(ANSWER(rig, OP_READ_REVERSE_6, 4, 0, 0, 4, 0), 4); /* BYTORD */
		assert_memory_equal(rig->data, "\x10\x11\x12\x13", 4);
		persona_rig_free(rig);
	}
	rig = open_rig("ibm-lto8");
	assert_true(persona_rig_load(rig));
	write_4(rig, 0x10);
	assert_int_equal(ANSWER(rig, OP_READ_REVERSE_6, 0, 0, 0, 4, 0), 0);
	persona_rig_free(rig);
}

/* What docs/coming-from-mhvtl.md says of the drive that is nobody's.  A rewind is between the two
 * address modes. */
static void the_generic_drive_has_explicit_addresses_and_reads_backwards(void **state)
{
	static const uint8_t cdb[16] = { [0] = OP_WRITE_16, 0x0c, [14] = 4 }; /* FCS, LCS */
	struct persona_rig *rig = open_rig("generic-lto8");

	(void)state;
	assert_true(persona_rig_load(rig));
	memcpy(rig->data, "\x30\x31\x32\x33", 4);
	assert_int_equal(persona_rig_send(rig, drive_unit(rig->drive), cdb, 16, 4, NULL),
			 SCSI_GOOD);
	assert_int_equal(ANSWER(rig, OP_READ_16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0), 4);
	assert_memory_equal(rig->data, "\x30\x31\x32\x33", 4);
	(void)ANSWER(rig, OP_REWIND, 0, 0, 0, 0, 0); /* and back to implicit addresses */
	assert_int_equal(ANSWER(rig, OP_READ_6, 0, 0, 0, 4, 0), 4);
	assert_int_equal(ANSWER(rig, OP_READ_REVERSE_6, 0, 0, 0, 4, 0), 4);
	assert_memory_equal(rig->data, "\x33\x32\x31\x30", 4);
	persona_rig_free(rig);
}

/* Data encryption capabilities: Quantum LTO-4 SCSI reference (0020h and 000Ch), T10000 Fibre
 * Channel Interface Reference Manual (table 3-168: up to 1Eh, and no A-KAD). */
static void key_associated_data(void **state)
{
	static const struct {
		const char *personality;
		uint16_t unauthenticated, authenticated;
	} real[] = {
		{ "quantum-lto4", 32, 12 }, { "ibm-lto4", 32, 12 },   { "hp-lto4", 32, 12 },
		{ "ibm-lto5", 32, 60 },     { "stk-t10000c", 30, 0 }, { "ibm-3592-e07", 0, 60 }
	};

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		struct persona_rig *rig = open_rig(real[i].personality);

		assert_int_equal(ANSWER(rig, OP_SECURITY_PROTOCOL_IN, 0x20, 0, 0x10, 0, 0, 0, 0, 0,
					255, 0, 0),
				 44);
		assert_int_equal(get_be16(rig->data + 26), real[i].unauthenticated);
		assert_int_equal(get_be16(rig->data + 28), real[i].authenticated);
		persona_rig_free(rig);
	}
}

/* Wraps of LTO, and of formats of others that have the same density codes. */
static void a_density_code_means_something_else_to_each_maker(void **state)
{
	(void)state;
	assert_int_equal(drive_density(personality_find("ibm-lto2")->drive, 0x42)->wraps, 64);
	assert_int_equal(drive_density(personality_find("stk-t9840a")->drive, 0x42)->wraps, 18);
	assert_int_equal(drive_density(personality_find("ibm-lto8")->drive, 0x5e)->wraps, 208);
	assert_int_equal(drive_density(personality_find("ibm-lto8")->drive, 0x5d)->wraps, 168);
	assert_int_equal(drive_density(personality_find("ibm-3592-e08")->drive, 0x55)->wraps, 0);
}

/* The codes of a page that lists pages, from data[4] on, are @codes, hexadecimal, in order. */
static void expect_codes(const struct persona_rig *rig, const char *personality, const char *what,
			 size_t size, const char *codes)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 4; i < size; i++)
		g_string_append_printf(text, i == 4 ? "%02X" : " %02X", rig->data[i]);
	if (strcmp(text->str, codes) != 0)
		fail_msg("%s, %s pages: %s, not %s", personality, what, text->str, codes);
	g_string_free(text, TRUE);
}

/*
 * Pages that models have, of those that there are: WB1109-02 (LTO-1), Q1530-90901 (HP LTO-3), LTFS
 * issue 441 (HPE LTO-8), E20425-06 (T10000), DLT 7000 and DLT-S4 manuals, EXB-8505 reference; what
 * is of SCSI-2 or SPC has nothing that came with SPC-3.  NULL: no source.
 */
static void models_have_the_pages_of_their_manuals(void **state)
{
	static const struct {
		const char *personality, *vpd, *log;
	} real[] = {
		{ "ibm-lto1", "00 80 83 C0 C1", "00 02 03 0C 2E 30 31 32" },
		{ "hp-lto3", "00 80 83 86 B0 C0 C1 C2 C3 C4 C5",
		  "00 02 03 0C 0D 11 2E 30 31 32 3E" },
		{ "hpe-lto8", "00 80 83 86 87 B0 B1 B2 B3 B4 C0 C1 C2 C3 C4", NULL },
		{ "cart3480", "00 80 83", "00 02 03" },
		{ "exabyte-8500", "00 80 83", "00 02 03" },
		{ "quantum-dlt7000", "00 80 83 C0", "00 02 03 2E 32 3E" },
		{ "quantum-dlt-s4", "00 80 83 B0 B1 C0", NULL },
		{ "stk-t10000a", NULL, "00 02 03 0C 2E 31" },
		{ "stk-t10000d", NULL, "00 02 03 0C 17 2E 31" },
		{ "sony-ait4", "00 80 83", "00 02 03 2E 31" },
	};

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		struct persona_rig *rig = open_rig(real[i].personality);

		if (real[i].vpd != NULL)
			expect_codes(rig, real[i].personality, "VPD",
				     ANSWER(rig, OP_INQUIRY, 1, 0, 0, 255, 0), real[i].vpd);
		if (real[i].log != NULL)
			expect_codes(rig, real[i].personality, "log",
				     ANSWER(rig, OP_LOG_SENSE, 0, 0x40, 0, 0, 0, 0, 0, 255, 0),
				     real[i].log);
		persona_rig_free(rig);
	}
}

/* Q1530-90901, INQUIRY: version 5, no HISUP, additional length 5Bh. */
static void inquiry_of_an_hp_lto_3_drive(void **state)
{
	struct persona_rig *rig = open_rig("hp-lto3");

	(void)state;
	assert_int_equal(ANSWER(rig, OP_INQUIRY, 0, 0, 0, 0xff, 0), 96);
	assert_memory_equal(rig->data, "\x01\x80\x05\x02\x5b", 5);
	persona_rig_free(rig);
}

/* DLT 7000 product manual, medium partition page: no field of SSC. */
static void medium_partition_page_of_a_dlt_7000_drive(void **state)
{
	static const uint8_t real[8] = { 0x11, 0x06, 0, 0, 0, 0x01, 0, 0 };
	struct persona_rig *rig = open_rig("quantum-dlt7000");

	(void)state;
	assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x11, 0, 64, 0), 4 + 8);
	assert_memory_equal(rig->data + 4, real, 8);
	persona_rig_free(rig);
}

/* FORMAT MEDIUM, and POFM of mode page 11h, are of drives that can divide a medium. */
static void only_drives_with_partitions_format_a_medium(void **state)
{
	static const struct {
		const char *personality;
		bool formats;
	} real[] = { { "hp-lto2", false },     { "ibm-lto4", false },   { "ibm-lto5", true },
		     { "stk-t10000b", false }, { "stk-t10000c", true }, { "ibm-3592-e06", false },
		     { "ibm-3592-e07", true } };
	static const uint8_t format[6] = { OP_FORMAT_MEDIUM };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		struct persona_rig *rig = open_rig(real[i].personality);
		uint8_t sense[18] = { 0 };

		assert_true(persona_rig_load(rig));
		for (uint8_t pc = 0; pc <= 0x80; pc = (uint8_t)(pc + 0x80)) { /* default too */
			assert_true(ANSWER(rig, OP_MODE_SENSE_6, 8, pc | 0x11, 0, 64, 0) > 12);
			assert_int_equal((rig->data[4 + 4] & 0x04) != 0, real[i].formats);
			if (pc == 0x80)
				break;
		}
		(void)persona_rig_send(rig, drive_unit(rig->drive), format, 6, 0, sense);
		assert_int_equal(sense[12], real[i].formats ? 0 : 0x20); /* no such command */
		persona_rig_free(rig);
	}
}

/* E20425-06, mode page 11h: two partitions of T10000C, ten of T10000D, of which ours has four. */
static void partitions_of_t10000_drives(void **state)
{
	static const struct {
		const char *personality;
		uint8_t length, additional;
	} real[] = { { "stk-t10000c", 0x0a, 1 }, { "stk-t10000d", 0x0e, 3 } };
	static const uint8_t locate[16] = { OP_LOCATE_16 };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(real); i++) {
		struct persona_rig *rig = open_rig(real[i].personality);

		assert_true(persona_rig_load(rig));
		assert_true(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x11, 0, 64, 0) > 12);
		assert_int_equal(rig->data[4 + 1], real[i].length);
		assert_int_equal(rig->data[4 + 2], real[i].additional);
		assert_int_equal(persona_rig_send(rig, drive_unit(rig->drive), locate, 16, 0, NULL),
				 SCSI_GOOD);
		persona_rig_free(rig);
	}
}

/* Mode page 1Dh is of drives that take write once cartridges; each has one to take. */
static void write_once_cartridges_of_other_makers(void **state)
{
	static const char *const names[] = { "stk-t10000a",    "stk-t10000d", "quantum-sdlt600",
					     "quantum-dlt-s4", "sony-ait3",   "sony-ait5" };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		struct persona_rig *rig = open_rig(names[i]);
		const struct drive_model *drive = personality_find(names[i])->drive;
		bool found = false;

		assert_int_equal(ANSWER(rig, OP_MODE_SENSE_6, 8, 0x1d, 0, 64, 0), 4 + 32);
		for (unsigned m = 0; m < drive->media_cnt; m++)
			found = found || (drive->media[m].medium->kind == MEDIUM_WORM &&
					  drive->media[m].access == MEDIUM_READ_WRITE);
		assert_true(found);
		persona_rig_free(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mode_sense_of_an_lto_8_drive),
		cmocka_unit_test(densities_of_an_hp_lto_5_drive),
		cmocka_unit_test(medium_types_of_an_hp_lto_5_drive),
		cmocka_unit_test(ltfs_sees_write_once_media_in_an_hp_drive),
		cmocka_unit_test(lifetime_and_encryption_of_an_ibm_lto_6_drive),
		cmocka_unit_test(volume_personality_of_an_lto_6_cartridge),
		cmocka_unit_test(densities_of_a_quantum_lto_4_drive),
		cmocka_unit_test(a_dlt_7000_drive),
		cmocka_unit_test(inquiry_of_a_first_generation_ibm_drive),
		cmocka_unit_test(densities_of_a_sony_ait_5_drive),
		cmocka_unit_test(ltfs_knows_these_drives),
		cmocka_unit_test(ltfs_takes_the_firmware),
		cmocka_unit_test(an_lto_6_drive_has_four_partitions_and_an_lto_5_two),
		cmocka_unit_test(densities_that_freebsd_knows),
		cmocka_unit_test(lengths_of_lto_10_cartridges),
		cmocka_unit_test(compression_algorithms),
		cmocka_unit_test(key_associated_data),
		cmocka_unit_test(models_have_the_pages_of_their_manuals),
		cmocka_unit_test(inquiry_of_an_hp_lto_3_drive),
		cmocka_unit_test(medium_partition_page_of_a_dlt_7000_drive),
		cmocka_unit_test(only_drives_with_partitions_format_a_medium),
		cmocka_unit_test(partitions_of_t10000_drives),
		cmocka_unit_test(write_once_cartridges_of_other_makers),
		cmocka_unit_test(a_density_code_means_something_else_to_each_maker),
		cmocka_unit_test(a_dlt_s4_drive),
		cmocka_unit_test(medium_types_of_dlt),
		cmocka_unit_test(a_3592_drive_reads_backwards_and_an_lto_drive_does_not),
		cmocka_unit_test(the_generic_drive_has_explicit_addresses_and_reads_backwards),
	};

	(void)g_setenv("TCMU_VTL_PERSONALITIES", "/nonexistent", TRUE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
