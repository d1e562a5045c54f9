/* SPDX-License-Identifier: Apache-2.0 */
/* ltfs_volume.c: what LTFS makes of its commands: ltfs_host.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/bytes.h"
#include "tests/support/ltfs_host.h"

#define INDEX 0u /* partitions */
#define DATA  1u

#define MEDIUM_SENSE  76u /* of MODE SENSE(10): header, descriptor and the page */
#define INIT_EXT      40u
#define READ_WRITE    48u
#define EXTENSION     48u
#define PROTECTION    48u
#define PARTITIONS    28u
#define COMPRESSION   32u
#define CONFIGURATION 32u
#define ALL_PAGES     255u

#define send(h, out, size, ...)                                                                    \
	((h)->run((h), (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), \
		  (out), (size)))

static void expect_good(const struct ltfs_host *h, const char *what)
{
	if (h->sense != LTFS_GOOD)
		fail_msg("%s: sense %06x", what, h->sense);
}

/* ---- open ---- */

/* clang-format off */
static const struct drive {
	const char *vendor, *product; /* as they begin */
	enum ltfs_vendor of;
	bool enterprise;
	unsigned generation;
	const char *firmware; /* not below; NULL: any */
} drives[] = {
	{ "IBM", "ULTRIUM-TD5", LTFS_IBM, false, 5, "B170" }, { "IBM", "ULT3580-TD5", LTFS_IBM, false, 5, "B170" },
	{ "IBM", "ULT3580-HH5", LTFS_IBM, false, 5, "B170" }, { "IBM", "ULT3580-TD6", LTFS_IBM, false, 6, NULL },
	{ "IBM", "ULT3580-HH6", LTFS_IBM, false, 6, NULL },   { "IBM", "ULT3580-TD7", LTFS_IBM, false, 7, NULL },
	{ "IBM", "ULT3580-HH7", LTFS_IBM, false, 7, NULL },   { "IBM", "ULT3580-TD8", LTFS_IBM, false, 8, "HB81" },
	{ "IBM", "ULT3580-HH8", LTFS_IBM, false, 8, "HB81" }, { "IBM", "ULT3580-TD9", LTFS_IBM, false, 9, NULL },
	{ "IBM", "ULT3580-HH9", LTFS_IBM, false, 9, NULL },   { "IBM", "ULT3580-TDA", LTFS_IBM, false, 10, NULL },
	{ "IBM", "ULT3580-HHA", LTFS_IBM, false, 10, NULL },
	{ "IBM", "03592E07", LTFS_IBM, true, 4, "3694" },     { "IBM", "03592E08", LTFS_IBM, true, 5, NULL },
	{ "IBM", "0359255F", LTFS_IBM, true, 5, NULL },       { "IBM", "0359260F", LTFS_IBM, true, 6, NULL },
	{ "IBM", "0359270F", LTFS_IBM, true, 7, NULL },
	{ "HP", "Ultrium 5-SCSI", LTFS_HP, false, 5, NULL },  { "HP", "Ultrium 6-SCSI", LTFS_HP, false, 6, NULL },
	{ "HP", "Ultrium 7-SCSI", LTFS_HP, false, 7, NULL },  { "HPE", "Ultrium 8-SCSI", LTFS_HP, false, 8, NULL },
	{ "HPE", "Ultrium 9-SCSI", LTFS_HP, false, 9, NULL },
	{ "QUANTUM", "ULTRIUM 5", LTFS_QUANTUM, false, 5, NULL }, { "QUANTUM", "ULTRIUM-HH6", LTFS_QUANTUM, false, 6, NULL },
	{ "QUANTUM", "ULTRIUM-HH7", LTFS_QUANTUM, false, 7, NULL }, { "QUANTUM", "ULTRIUM-HH8", LTFS_QUANTUM, false, 8, NULL },
	{ "QUANTUM", "ULTRIUM-HH9", LTFS_QUANTUM, false, 9, NULL },
};

/* Medium types and densities that LTFS writes with a drive of the generation. */
static const struct medium {
	bool enterprise;
	unsigned generation;
	uint8_t type, density;
} media[] = {
	{ false, 5, 0x58, 0x58 }, { false, 6, 0x68, 0x5a }, { false, 6, 0x58, 0x58 }, { false, 7, 0x78, 0x5c },
	{ false, 7, 0x68, 0x5a }, { false, 8, 0x88, 0x5e }, { false, 8, 0x78, 0x5d }, { false, 8, 0x78, 0x5c },
	{ false, 9, 0x98, 0x60 }, { false, 9, 0x88, 0x5e }, { false, 10, 0xa8, 0x62 }, { false, 10, 0xa9, 0x63 },
	{ true, 4, 0x93, 0x54 }, { true, 4, 0xb2, 0x54 }, { true, 4, 0x92, 0x54 },
	{ true, 5, 0x94, 0x55 }, { true, 5, 0x94, 0x56 }, { true, 5, 0xb3, 0x55 }, { true, 5, 0xb3, 0x56 },
	{ true, 5, 0x93, 0x55 }, { true, 5, 0x93, 0x54 }, { true, 5, 0xb2, 0x55 }, { true, 5, 0xb2, 0x54 },
	{ true, 6, 0x95, 0x57 }, { true, 6, 0xb4, 0x57 }, { true, 6, 0x94, 0x56 }, { true, 6, 0x94, 0x55 },
	{ true, 7, 0x96, 0x59 },
};
/* clang-format on */

static bool begins(const uint8_t *text, const char *with)
{
	return strncmp((const char *)text, with, strlen(with)) == 0;
}

static void identify(struct ltfs_host *h)
{
	const struct drive *found = NULL;

	send(h, false, 240, 0x12, 0, 0, 0, 240, 0);
	expect_good(h, "INQUIRY");
	assert_int_equal(h->data[0] & 0x1f, 0x01);
	for (size_t i = 0; i < sizeof(drives) / sizeof(drives[0]); i++)
		if (begins(h->data + 8, drives[i].vendor) &&
		    begins(h->data + 16, drives[i].product))
			found = &drives[i];
	if (found == NULL)
		fail_msg("LTFS does not know %.28s", (const char *)h->data + 8);
	if (found->firmware != NULL)
		assert_true(memcmp(h->data + 32, found->firmware, 4) >= 0);
	h->vendor = found->of;
	h->enterprise = found->enterprise;
	h->generation = found->generation;
	send(h, false, 240, 0x12, 0x01, 0x80, 0, 240, 0);
	expect_good(h, "the serial number");
	assert_in_range(h->data[3], 1, 32);
}

/* Timeouts of all commands, in descriptors of 20 bytes that fit its buffer.  A unit attention is
 * nothing to it: it has a table of its own then. */
static void timeouts(struct ltfs_host *h)
{
	uint32_t length;

	do
		send(h, false, 4096, 0xa3, 0x0c, 0x80, 0, 0, 0, 0, 0, 0x10, 0, 0, 0);
	while (h->sense >> 16 == 6);
	expect_good(h, "REPORT SUPPORTED OPERATION CODES");
	length = get_be32(h->data);
	assert_true(length > 0 && length < 4096 && length % 20 == 0);
	for (uint32_t at = 4; at < 4 + length; at += 20) {
		uint32_t timeout = get_be32(h->data + at + 16);

		assert_true(timeout > 0 && timeout < 1000000); /* all ones: unsupported */
	}
}

void ltfs_open(struct ltfs_host *h)
{
	identify(h);
	timeouts(h);
	for (unsigned i = 0; i < 3; i++)
		if (ltfs_test_unit_ready(h) == LTFS_GOOD)
			break;
	send(h, false, 0, 0x1e, 0, 0, 0, 0, 0);
	expect_good(h, "ALLOW MEDIUM REMOVAL");
	h->block_size = h->block_size == 0 ? 65536 : h->block_size;
}

/* ---- mode pages ---- */

void ltfs_set_lbp(struct ltfs_host *h, bool on)
{
	uint8_t method = h->generation >= 7 ? 2 : 1;

	if (h->enterprise) {
		assert_true(ltfs_mode_sense(h, 0x24, 0, INIT_EXT));
		method = (h->data[0x12] & 0x20) != 0 ? 2 : 1;
	}
	assert_true(ltfs_mode_sense(h, 0x0a, 0xf0, PROTECTION));
	h->data[20] = on ? method : 0;
	h->data[21] = on ? 4 : 0;
	h->data[22] = on ? 0xc0 : 0;
	assert_int_equal(ltfs_mode_select(h, PROTECTION), LTFS_GOOD);
	h->lbp = on ? method : 0;
}

void ltfs_set_compression(struct ltfs_host *h, bool on)
{
	assert_true(ltfs_mode_sense(h, 0x0f, 0, COMPRESSION));
	h->data[18] = on ? h->data[18] | 0x80 : h->data[18] & 0x7e;
	assert_int_equal(ltfs_mode_select(h, COMPRESSION), LTFS_GOOD);
	assert_true(ltfs_mode_sense(h, 0x0f, 0, COMPRESSION));
	assert_int_equal(h->data[18] >> 7, on);
}

/* The page, exactly as long as LTFS wants it. */
static void extension(struct ltfs_host *h)
{
	assert_true(ltfs_mode_sense(h, 0x10, 0x01, EXTENSION));
	assert_int_equal(get_be16(h->data) + 2u, EXTENSION);
}

static void capacities(struct ltfs_host *h);

uint16_t ltfs_set_pews(struct ltfs_host *h, bool on)
{
	uint16_t pews;

	capacities(h);
	pews = on ? (uint16_t)(((uint64_t)h->maximum[INDEX] * 1000000 >> 20) / 2) : 0;
	extension(h);
	h->data[16] &= 0x7f;
	put_be16(h->data + 22, pews);
	assert_int_equal(ltfs_mode_select(h, EXTENSION), LTFS_GOOD);
	extension(h);
	assert_int_equal(get_be16(h->data + 22), pews);
	return pews;
}

static void load(struct ltfs_host *h)
{
	send(h, false, 0, 0x1b, 0, 0, 0, 0x01, 0);
	if (h->sense != LTFS_MAY_CHANGE)
		expect_good(h, "LOAD");
	while (ltfs_test_unit_ready(h) == LTFS_MAY_CHANGE)
		;
	ltfs_read_position(h);
	assert_int_equal(h->partition, 0);
	assert_int_equal(h->block, 0);
}

static void unload(struct ltfs_host *h)
{
	send(h, false, 0, 0x1b, 0, 0, 0, 0, 0);
	expect_good(h, "UNLOAD");
	h->partition = 0;
	h->block = 0;
}

void ltfs_set_append_only(struct ltfs_host *h, bool on)
{
	uint32_t ready = LTFS_STATUS;
	bool reload = false;

	for (unsigned i = 0; i < 3 && ready != LTFS_GOOD; i++)
		ready = ltfs_test_unit_ready(h);
	extension(h);
	if (ready == LTFS_GOOD && !on && (h->data[21] & 0xf0) == 0x10) {
		unload(h);
		reload = true;
	} else if (ready == LTFS_GOOD && on) {
		load(h);
	}
	extension(h);
	h->data[16] &= 0x7f;
	h->data[21] = (uint8_t)((h->data[21] & 0x0f) | (on ? 0x10 : 0));
	assert_int_equal(ltfs_mode_select(h, EXTENSION), LTFS_GOOD);
	if (reload)
		load(h);
	h->append_only = on;
}

/* ---- load ---- */

/* Medium type and density, and whether LTFS takes them. */
static void look_at_medium(struct ltfs_host *h)
{
	bool found = false;

	assert_true(ltfs_mode_sense(h, 0x3f, 0, ALL_PAGES));
	h->density = h->data[8];
	h->cart_type = h->data[2];
	if (h->vendor == LTFS_HP) { /* it knows media of HP's drives by their density */
		h->is_worm = h->cart_type == 0x01;
		assert_in_range(h->cart_type, 0, 1);
	}
	for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++)
		found = found ||
			(media[i].enterprise == h->enterprise &&
			 media[i].generation == h->generation && media[i].density == h->density &&
			 (h->vendor == LTFS_HP || media[i].type == h->cart_type));
	if (!found)
		fail_msg("LTFS does not write type %02x, density %02x", h->cart_type, h->density);
}

static void take_records(const struct ltfs_host *h, uint16_t code, uint32_t values[2])
{
	uint8_t size = 0;
	const uint8_t *p = ltfs_log_parameter(h, code, &size);

	values[0] = values[1] = 0;
	assert_non_null(p);
	assert_true(size >= 8 && size <= 32);
	values[0] = get_be32(p + 4);
	if (p[0] + 1 + p[p[0] + 1] + 1 <= size)
		values[1] = get_be32(p + p[0] + 1 + 4);
}

/* Generation 5 is asked for tape capacity, all others for volume statistics. */
static void capacities(struct ltfs_host *h)
{
	if (!h->enterprise && h->generation == 5) {
		assert_true(ltfs_log_sense(h, 0x31, 0));
		for (uint16_t code = 1; code <= 4; code++) {
			uint8_t size = 0;
			const uint8_t *p = ltfs_log_parameter(h, code, &size);

			assert_non_null(p);
			assert_int_equal(size, 4);
			(code <= 2 ? h->remaining : h->maximum)[(code - 1) % 2] = get_be32(p);
		}
		return;
	}
	assert_true(ltfs_log_sense(h, 0x17, 0));
	take_records(h, 0x0202, h->maximum);
	take_records(h, 0x0204, h->remaining);
}

static void set_default(struct ltfs_host *h)
{
	if (h->enterprise) { /* never read across the end of data */
		assert_true(ltfs_mode_sense(h, 0x25, 0, READ_WRITE));
		h->data[24] = 0x0c;
		assert_int_equal(ltfs_mode_select(h, READ_WRITE), LTFS_GOOD);
	}
	if (h->vendor == LTFS_IBM)
		ltfs_set_lbp(h, h->lbp != 0);
}

static void parameters(struct ltfs_host *h)
{
	if (h->enterprise) {
		assert_true(ltfs_mode_sense(h, 0x23, 0, MEDIUM_SENSE));
		assert_int_equal(get_be16(h->data) + 2u, MEDIUM_SENSE);
		h->write_protected = (h->data[26] & 0x91) != 0;
	} else {
		assert_true(ltfs_mode_sense(h, 0x10, 0, CONFIGURATION));
		h->write_protected = (h->data[3] & 0x80) != 0;
	}
	send(h, false, 6, 0x05, 0, 0, 0, 0, 0);
	expect_good(h, "READ BLOCK LIMITS");
	assert_true(get_be24(h->data + 1) >= 512 * 1024); /* its default block */
}

void ltfs_load(struct ltfs_host *h)
{
	while (ltfs_test_unit_ready(h) != LTFS_GOOD)
		if (h->sense >> 16 != 6) /* it waits for nothing else here */
			fail_msg("not loadable: %06x", h->sense);
	load(h);
	look_at_medium(h);
	assert_int_equal(ltfs_test_unit_ready(h), LTFS_GOOD);
	send(h, false, 0, 0x1e, 0, 0, 0, 1, 0);
	expect_good(h, "PREVENT MEDIUM REMOVAL");
	ltfs_read_position(h);
	set_default(h);
	capacities(h);
	parameters(h);
	extension(h);
	h->append[0] = h->append[1] = 0;
}

void ltfs_unload(struct ltfs_host *h)
{
	send(h, false, 0, 0x1e, 0, 0, 0, 0, 0);
	expect_good(h, "ALLOW MEDIUM REMOVAL");
	send(h, false, 0, 0x01, 0, 0, 0, 0, 0);
	expect_good(h, "REWIND");
	ltfs_read_position(h);
	unload(h);
	ltfs_set_append_only(h, false);
}

void ltfs_close(struct ltfs_host *h)
{
	send(h, false, 0, 0x1e, 0, 0, 0, 0, 0);
	expect_good(h, "ALLOW MEDIUM REMOVAL");
	ltfs_set_append_only(h, false);
	if (h->vendor == LTFS_IBM)
		ltfs_set_lbp(h, false);
}

/* ---- mkltfs ---- */

/* Not of 3592 drives: those scale the medium. */
static void reset_capacity(struct ltfs_host *h)
{
	load(h);
	if (!h->enterprise) {
		send(h, false, 0, 0x0b, 0, 0, 0xff, 0xff, 0);
		expect_good(h, "SET CAPACITY");
	} else {
		assert_true(ltfs_mode_sense(h, 0x23, 0, MEDIUM_SENSE));
		h->data[27] |= 0x01;
		h->data[28] = 0;
		assert_int_equal(ltfs_mode_select(h, MEDIUM_SENSE), LTFS_GOOD);
	}
	(void)ltfs_test_unit_ready(h);
}

static void choose_density(struct ltfs_host *h, uint8_t density)
{
	assert_true(ltfs_mode_sense(h, 0x25, 0, READ_WRITE));
	h->data[26] = density;
	assert_int_equal(ltfs_mode_select(h, READ_WRITE), LTFS_GOOD);
}

static void divide(struct ltfs_host *h, uint8_t density)
{
	uint8_t page[PARTITIONS + 4] = { 0 };
	uint32_t size = PARTITIONS;

	load(h);
	assert_true(ltfs_mode_sense(h, 0x11, 0, PARTITIONS));
	memcpy(page, h->data, PARTITIONS);
	if (density != 0)
		choose_density(h, density);
	page[19] = 1;
	page[20] = (uint8_t)(0x20 | (page[20] & 0x1f)); /* IDP */
	page[22] = 0;
	put_be16(page + 24, 1); /* as small as can be */
	put_be16(page + 26, 0xffff);
	if (page[17] > 0x0a)
		size += page[17] - 0x0au;
	assert_true(size <= sizeof(page));
	memcpy(h->data, page, size);
	(void)ltfs_mode_select(h, size); /* it does not look: rounded, on real drives */
	assert_true(h->sense == LTFS_GOOD || h->sense == LTFS_ROUNDED);
	send(h, false, 0, 0x04, 0, 0x02, 0, 0, 0);
	expect_good(h, "FORMAT MEDIUM");
	assert_true(ltfs_mode_sense(h, 0x3f, 0, ALL_PAGES));
	h->cart_type = h->data[2];
	h->density = h->data[8];
}

static void seek(struct ltfs_host *h, uint32_t partition, uint64_t block)
{
	if ((partition == 0 && block == 0) || partition != h->partition || block != h->block)
		assert_int_equal(ltfs_locate(h, partition, block), LTFS_GOOD);
}

static void write_label(struct ltfs_host *h, uint32_t partition)
{
	seek(h, partition, 0);
	ltfs_write(h, 'V', 80);
	ltfs_write_filemarks(h, 1, true);
	ltfs_write(h, 'L', 700);
	ltfs_write_filemarks(h, 1, true);
	assert_int_equal(h->block, 4);
	h->append[partition] = h->block;
}

static void write_attributes(struct ltfs_host *h)
{
	static const struct {
		uint16_t id, size;
		uint8_t format;
	} rows[] = {
		{ 0x0800, 8, 1 },   { 0x0801, 32, 1 }, { 0x0802, 8, 1 },
		{ 0x0803, 160, 2 }, { 0x0805, 1, 0 },  { 0x0806, 32, 1 },
		{ 0x080b, 16, 1 },  { 0x1623, 1, 0 },  { 0x0808, 160, 2 },
	};
	char text[160], back[160];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(text, rows[i].format == 0 ? 0 : ' ', sizeof(text));
		text[0] = rows[i].format == 0 ? 0 : 'L';
		ltfs_write_attribute(h, 0, rows[i].id, rows[i].format, text, rows[i].size);
		assert_true(ltfs_read_attribute(h, 0, rows[i].id, (uint8_t *)back, rows[i].size));
		assert_memory_equal(text, back, rows[i].size);
	}
}

void ltfs_format(struct ltfs_host *h, uint8_t density)
{
	assert_false(h->write_protected);
	reset_capacity(h);
	divide(h, density);
	ltfs_set_compression(h, true);
	h->index_generation = 1;
	h->index_ends[0] = h->index_ends[1] = false;
	h->append[0] = h->append[1] = 0;
	write_label(h, DATA);
	ltfs_write_index(h, DATA);
	write_label(h, INDEX);
	ltfs_write_index(h, INDEX);
	write_attributes(h);
}

void ltfs_unformat(struct ltfs_host *h, bool erase)
{
	assert_int_equal(ltfs_locate(h, 0, 0), LTFS_GOOD);
	send(h, false, 0, 0x04, 0, 0x00, 0, 0, 0);
	expect_good(h, "FORMAT MEDIUM");
	if (!erase)
		return;
	send(h, false, 0, 0x19, 0x03, 0, 0, 0, 0);
	expect_good(h, "ERASE, long");
	for (;;) {
		send(h, false, 255, 0x03, 0, 0, 0, 255, 0);
		expect_good(h, "REQUEST SENSE");
		if ((h->data[2] & 0x0f) != 0 || h->data[12] != 0 ||
		    (h->data[13] != 0x16 && h->data[13] != 0x18))
			break;
	}
	assert_int_equal(h->data[2] & 0x0f, 0);
}

/* ---- indexes ---- */

static void write_coherency(struct ltfs_host *h)
{
	uint8_t vcr[4];
	uint64_t reference;

	assert_true(ltfs_read_attribute(h, 0, 0x0009, vcr, 4));
	reference = get_be32(vcr);
	assert_true(reference != 0 && reference != UINT32_MAX);
	for (uint8_t p = 0; p < 2; p++) {
		struct ltfs_coherency *c = &h->coherency[p];
		uint8_t value[70] = { 0x08 };

		c->reference = reference;
		put_be64(value + 1, c->reference);
		put_be64(value + 9, c->generation);
		put_be64(value + 17, c->place);
		put_be16(value + 25, 43);
		(void)snprintf((char *)value + 27, 43, "LTFS%c%s", '\0', "uuid");
		memcpy(value + 32, "30a91a08-daae-48d1-ae75-69804e61d2ea", 37);
		value[69] = 1;
		ltfs_write_attribute(h, p, 0x080c, 0, value, sizeof(value));
	}
}

/* At the end of the partition, or where the last index of the index partition begins. */
static void seek_append(struct ltfs_host *h, uint32_t partition, bool unlock)
{
	uint64_t place = h->append[partition];
	uint8_t cdb[16] = { 0x82, 0, 0x01, (uint8_t)partition };

	if (place == 0)
		assert_int_equal(ltfs_locate(h, partition, UINT64_MAX), LTFS_GOOD);
	else
		seek(h, partition, place);
	if (unlock && h->append_only && place != 0) {
		put_be64(cdb + 4, h->block);
		(void)h->run(h, cdb, sizeof(cdb), false, 0);
		expect_good(h, "ALLOW OVERWRITE");
	}
	if (h->append[partition] == 0)
		h->append[partition] = h->block;
}

/* Two blocks and a short one. */
static void write_index_file(struct ltfs_host *h)
{
	uint8_t fill = (uint8_t)h->index_generation;

	ltfs_write(h, fill, h->block_size);
	ltfs_write(h, fill, h->block_size);
	ltfs_write(h, fill, 321);
}

void ltfs_write_index(struct ltfs_host *h, uint32_t partition)
{
	uint64_t place;

	seek_append(h, partition, partition == INDEX);
	place = h->block + 1; /* behind the filemark */
	if (partition == INDEX && !h->index_ends[INDEX])
		ltfs_write_filemarks(h, 0, false);
	ltfs_write_filemarks(h, 1, true);
	assert_int_equal(h->block, place);
	write_index_file(h);
	ltfs_write_filemarks(h, 1, false);
	h->index_ends[partition] = true;
	h->append[partition] = partition == INDEX ? place - 1 : h->block;
	h->coherency[partition].generation = h->index_generation;
	h->coherency[partition].place = place;
	write_coherency(h);
}

uint64_t ltfs_read_index(struct ltfs_host *h, uint32_t partition)
{
	uint8_t fill;
	long n;

	seek(h, partition, h->coherency[partition].place);
	n = ltfs_read(h, h->block_size);
	assert_int_equal(n, h->block_size);
	fill = h->data[0];
	assert_int_equal(ltfs_read(h, h->block_size), h->block_size);
	assert_int_equal(ltfs_read(h, h->block_size), 321);
	assert_int_equal(h->data[320], fill);
	assert_int_equal(ltfs_read(h, h->block_size), 0);
	return fill;
}

void ltfs_write_file(struct ltfs_host *h, uint8_t fill, unsigned blocks)
{
	seek_append(h, DATA, false);
	for (unsigned i = 0; i < blocks; i++)
		ltfs_write(h, fill, h->block_size);
	h->index_ends[DATA] = false;
	h->append[DATA] = h->block;
}

/* ---- mount ---- */

static void read_label(struct ltfs_host *h, uint32_t partition)
{
	uint32_t most = h->lbp != 0 ? LTFS_DATA - 4 : LTFS_DATA;

	seek(h, partition, 0);
	assert_int_equal(ltfs_read(h, most), 80);
	assert_int_equal(h->data[79], 'V');
	assert_int_equal(ltfs_read(h, most), 0);
	assert_int_equal(ltfs_read(h, most), 700);
	assert_int_equal(ltfs_read(h, most), 0);
}

int ltfs_eod_status(struct ltfs_host *h, uint32_t partition)
{
	uint8_t size = 0;
	const uint8_t *p;

	assert_true(ltfs_log_sense(h, 0x17, 0));
	p = ltfs_log_parameter(h, 0x0203, &size);
	if (p == NULL || size != 16) /* two partitions, nothing else */
		return 2;
	for (unsigned at = 0; at < 16; at += p[at] + 1u)
		if (p[at] == 7 && get_be16(p + at + 2) == partition)
			return get_be32(p + at + 4) == UINT32_MAX;
	return 2;
}

static bool read_coherency(struct ltfs_host *h, uint8_t partition)
{
	struct ltfs_coherency *c = &h->coherency[partition];
	uint8_t value[70];

	if (!ltfs_read_attribute(h, partition, 0x080c, value, sizeof(value)))
		return false;
	assert_int_equal(value[0], 8);
	assert_int_equal(get_be16(value + 25), 43);
	assert_memory_equal(value + 27, "LTFS", 5);
	c->reference = get_be64(value + 1);
	c->generation = get_be64(value + 9);
	c->place = get_be64(value + 17);
	return true;
}

bool ltfs_mount(struct ltfs_host *h)
{
	uint8_t vcr[4];
	bool same;

	ltfs_load(h);
	read_label(h, INDEX);
	read_label(h, DATA);
	ltfs_set_compression(h, true);
	assert_int_equal(ltfs_eod_status(h, INDEX), 0);
	assert_int_equal(ltfs_eod_status(h, DATA), 0);
	same = read_coherency(h, INDEX);
	same = read_coherency(h, DATA) && same;
	assert_true(ltfs_read_attribute(h, 0, 0x0009, vcr, 4));
	same = same && get_be32(vcr) == h->coherency[INDEX].reference &&
	       get_be32(vcr) == h->coherency[DATA].reference;
	h->index_generation = h->coherency[INDEX].generation > h->coherency[DATA].generation
				      ? h->coherency[INDEX].generation
				      : h->coherency[DATA].generation;
	h->append[INDEX] = h->coherency[INDEX].place - 1;
	h->index_ends[INDEX] = h->index_ends[DATA] = true;
	return same;
}

void ltfs_unmount(struct ltfs_host *h)
{
	if (!h->index_ends[DATA]) {
		h->index_generation++;
		ltfs_write_index(h, DATA);
		ltfs_write_index(h, INDEX);
	}
	ltfs_health(h);
}

/* ---- ltfsck ---- */

void ltfs_recover_eod(struct ltfs_host *h, uint32_t partition)
{
	uint64_t place;
	long n;

	do /* nothing says where the end is */
		n = ltfs_read(h, LTFS_DATA);
	while (n >= 0);
	assert_true(h->sense == LTFS_EOD || h->sense == 0x031100);
	ltfs_read_position(h);
	assert_int_equal(h->partition, partition);
	place = h->block;
	ltfs_unload(h);
	load(h);
	send(h, false, 0, 0x1e, 0, 0, 0, 1, 0);
	assert_int_equal(ltfs_locate(h, partition, place), LTFS_GOOD);
	send(h, false, 0, 0x19, 0, 0, 0, 0, 0);
	expect_good(h, "ERASE, short");
}

/* ---- health ---- */

static const uint16_t statistics[] = { 0x0001, 0x0002, 0x0003, 0x0004, 0x0007, 0x0008, 0x0009,
				       0x000c, 0x000d, 0x0010, 0x0011, 0x0101, 0x0102 };

void ltfs_health(struct ltfs_host *h)
{
	assert_true(ltfs_log_sense(h, 0x17, 0));
	for (size_t i = 0; i < sizeof(statistics) / sizeof(statistics[0]); i++) {
		uint8_t size = 0;

		assert_non_null(ltfs_log_parameter(h, statistics[i], &size));
		assert_true(size == 1 || size == 2 || size == 4 || size == 8);
	}
}

uint64_t ltfs_tape_alert(struct ltfs_host *h)
{
	uint64_t flags = 0;

	assert_true(ltfs_log_sense(h, 0x2e, 0));
	for (uint16_t code = 1; code <= 64; code++) {
		uint8_t size = 0;
		const uint8_t *p = ltfs_log_parameter(h, code, &size);

		assert_non_null(p);
		assert_int_equal(size, 1);
		flags |= (uint64_t)(p[0] != 0) << (code - 1);
	}
	return flags;
}
