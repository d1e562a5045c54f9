/* SPDX-License-Identifier: Apache-2.0 */
/* READ ATTRIBUTE and WRITE ATTRIBUTE (SPC-5; SSC-5, medium auxiliary memory). */
#include "tests/support/rig.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/store/cartridge.h"

#define ALL 0x100000u

/* LTFS 2.4, Annex B: 70 bytes of coherency information. */
#define VCI 70

static void read_attribute(struct rig *r, uint8_t sa, uint8_t partition, uint16_t first,
			   uint32_t allocation)
{
	run(r, allocation < RIG_DATA ? allocation : RIG_DATA, OP_READ_ATTRIBUTE, sa, 0, 0, 0, 0, 0,
	    partition, (uint8_t)(first >> 8), (uint8_t)first, (uint8_t)(allocation >> 24),
	    (uint8_t)(allocation >> 16), (uint8_t)(allocation >> 8), (uint8_t)allocation, 0, 0);
}

/* The attribute in the answer of the last READ ATTRIBUTE; NULL: it is not there. */
static const uint8_t *in_answer(const struct rig *r, uint16_t id)
{
	size_t size = 4 + (size_t)get_be32(r->data);

	assert_int_equal(r->cmd.in_len, size);
	for (size_t at = 4; at < size; at += 5u + get_be16(r->data + at + 3))
		if (get_be16(r->data + at) == id)
			return r->data + at;
	return NULL;
}

/* The value, which must be there, of so many bytes. */
static const uint8_t *value_of(struct rig *r, uint16_t id, uint16_t size)
{
	const uint8_t *p;

	read_attribute(r, 0, 0, id, ALL);
	expect_good(r);
	p = in_answer(r, id);
	assert_non_null(p);
	assert_ptr_equal(p, r->data + 4); /* the first one */
	assert_int_equal(get_be16(p + 3), size);
	return p + 5;
}

static uint64_t number_of(struct rig *r, uint16_t id)
{
	return get_be64(value_of(r, id, 8));
}

static uint32_t reference(struct rig *r)
{
	return get_be32(value_of(r, 0x0009, 4));
}

static void expect_absent(struct rig *r, uint8_t partition, uint16_t id)
{
	read_attribute(r, 0, partition, id, ALL);
	expect_field(r, 8);
}

/* Puts one attribute at byte @at of the list, and returns the next place. */
static size_t put(struct rig *r, size_t at, uint16_t id, uint8_t format, const void *value,
		  uint16_t size)
{
	uint8_t *p = r->data + at;

	put_be16(p, id);
	p[2] = format;
	put_be16(p + 3, size);
	if (size > 0)
		memcpy(p + 5, value, size);
	return at + 5 + size;
}

static void write_list(struct rig *r, uint8_t partition, size_t size)
{
	put_be32(r->data, (uint32_t)(size - 4));
	run(r, size, OP_WRITE_ATTRIBUTE, 0, 0, 0, 0, 0, 0, partition, 0, 0, (uint8_t)(size >> 24),
	    (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size, 0, 0);
}

static void write_one(struct rig *r, uint8_t partition, uint16_t id, uint8_t format,
		      const void *value, uint16_t size)
{
	write_list(r, partition, put(r, 4, id, format, value, size));
}

static const char barcode[] = "TAPE01L8                        ";

static void reload(struct rig *r)
{
	move(r, RIG_DRIVE_1, (RIG_SLOT_4 + 1));
	move(r, (RIG_SLOT_4 + 1), RIG_DRIVE_1);
	r->unit = drive_unit(r->drive);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
}

/* Another cartridge is in the drive, with that capacity. */
static void load_big(struct rig *r, uint64_t capacity)
{
	uint16_t at;

	rig_cartridge(r, "BIG", 0x5e, capacity);
	assert_int_equal(library_import(r->library, "BIG", false, &at), 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, at, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

/* ---- READ ATTRIBUTE ---- */

static void every_value_is_as_the_standard_has_it(void **state)
{
	static const struct {
		uint16_t id;
		uint8_t format;
		uint16_t size;
	} rows[] = {
		{ 0x0000, 0x80, 8 },  { 0x0001, 0x80, 8 },  { 0x0002, 0x80, 8 },
		{ 0x0003, 0x80, 8 },  { 0x0004, 0x80, 8 },  { 0x0005, 0x81, 8 },
		{ 0x0006, 0x80, 1 },  { 0x0007, 0x80, 2 },  { 0x0008, 0x81, 32 },
		{ 0x0009, 0x80, 4 },  { 0x020a, 0x81, 40 }, { 0x0220, 0x80, 8 },
		{ 0x0221, 0x80, 8 },  { 0x0222, 0x80, 8 },  { 0x0223, 0x80, 8 },
		{ 0x0224, 0x80, 8 },  { 0x0225, 0x80, 8 },  { 0x0340, 0x80, 90 },
		{ 0x0341, 0x80, 60 }, { 0x0400, 0x81, 8 },  { 0x0401, 0x81, 32 },
		{ 0x0402, 0x80, 4 },  { 0x0403, 0x80, 4 },  { 0x0404, 0x81, 8 },
		{ 0x0405, 0x80, 1 },  { 0x0406, 0x81, 8 },  { 0x0407, 0x80, 8 },
		{ 0x0408, 0x80, 1 },  { 0x0409, 0x80, 2 },
	};
	struct rig *r = *state;
	const uint8_t *p = r->data + 4;

	read_attribute(r, 0, 0, 0, ALL);
	expect_good(r);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(get_be16(p), rows[i].id);
		assert_int_equal(p[2], rows[i].format);
		assert_int_equal(get_be16(p + 3), rows[i].size);
		p += 5 + rows[i].size;
	}
	assert_int_equal(p - r->data, r->cmd.in_len); /* and nothing else */
}

static void the_medium_says_what_it_is(void **state)
{
	struct rig *r = *state;

	assert_int_equal(number_of(r, 0x0003), 1);
	assert_int_equal(value_of(r, 0x0006, 1)[0], 0x5e);
	assert_int_equal(value_of(r, 0x0405, 1)[0], 0x5e);
	assert_memory_equal(value_of(r, 0x0005, 8), "LTO-CVE ", 8);
	assert_memory_equal(value_of(r, 0x0008, 32), "T1                              ", 32);
	assert_int_equal(get_be32(value_of(r, 0x0403, 4)), 127);
	assert_memory_equal(value_of(r, 0x0406, 2 + 6), "20", 2);
	assert_int_equal(value_of(r, 0x0408, 1)[0], 0);
	assert_int_equal(get_be16(value_of(r, 0x0007, 2)), 1);
	assert_int_equal(number_of(r, 0x0002), 0);
	assert_int_equal(number_of(r, 0x0224), UINT64_MAX);
}

static void capacity_goes_down_as_blocks_are_written(void **state)
{
	struct rig *r = *state;
	uint64_t before;

	load_big(r, 64u << 20);
	assert_int_equal(number_of(r, 0x0001), 64);
	before = number_of(r, 0x0000);
	assert_int_equal(before, 64);
	for (unsigned i = 0; i < 5; i++)
		write_block(r, (uint8_t)i, 1u << 20);
	assert_int_equal(number_of(r, 0x0222), 5);
	assert_int_equal(number_of(r, 0x0220), 5);
	rewind_tape(r);
	expect_block(r, 0, 1u << 20);
	assert_int_equal(number_of(r, 0x0223), 1);
	assert_int_equal(number_of(r, 0x0221), 1);
	assert_in_range(number_of(r, 0x0000), before - 5, before);
}

static void an_attribute_that_is_not_there_is_an_invalid_field(void **state)
{
	static const uint16_t ids[] = { 0x0806, 0x080c, 0x1623, 0x000a, 0x020b,
					0x0c00, 0x1000, 0x1800, 0xffff };
	struct rig *r = *state;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		expect_absent(r, 0, ids[i]);
}

static void the_first_identifier_is_where_values_begin(void **state)
{
	struct rig *r = *state;

	read_attribute(r, 0, 0, 0x0405, ALL);
	expect_good(r);
	assert_int_equal(get_be16(r->data + 4), 0x0405);
	assert_non_null(in_answer(r, 0x0409));
	assert_null(in_answer(r, 0x0401));
}

static void the_answer_is_cut_and_its_length_is_not(void **state)
{
	struct rig *r = *state;
	uint32_t whole;

	read_attribute(r, 0, 0, 0, ALL);
	whole = get_be32(r->data);
	for (uint32_t n = 0; n <= 23; n++) {
		memset(r->data, 0xee, 64);
		read_attribute(r, 0, 0, 0, n);
		expect_good(r);
		assert_int_equal(r->cmd.in_len, n);
		if (n >= 4)
			assert_int_equal(get_be32(r->data), whole);
		assert_int_equal(r->data[n], 0xee);
	}
	read_attribute(r, 0, 0, 0, whole + 4);
	assert_int_equal(r->cmd.in_len, whole + 4);
	read_attribute(r, 0, 0, 0, 0xffffffff);
	assert_int_equal(r->cmd.in_len, whole + 4);
}

static void the_list_names_what_is_there_and_supported_all(void **state)
{
	struct rig *r = *state;

	write_one(r, 0, 0x0806, 1, barcode, 32);
	expect_good(r);
	read_attribute(r, 1, 0, 0xffff, ALL); /* the first identifier means nothing here */
	expect_good(r);
	assert_int_equal(get_be32(r->data), 2 * 30);
	assert_int_equal(get_be16(r->data + 4), 0x0000);
	assert_int_equal(get_be16(r->data + 4 + 2 * 29), 0x0806);
	read_attribute(r, 5, 0, 0, ALL);
	expect_good(r);
	assert_int_equal(get_be32(r->data), 2 * (47 + 0x400)); /* rows, and the hosts' own range */
	assert_int_equal(get_be16(r->data + r->cmd.in_len - 2), 0x17ff);
}

static void there_is_one_volume_with_one_partition(void **state)
{
	static const uint8_t one[] = { 0, 2, 0, 1 };
	struct rig *r = *state;

	for (uint8_t sa = 2; sa <= 3; sa++) {
		read_attribute(r, sa, 0, 0, 255);
		expect_good(r);
		assert_int_equal(r->cmd.in_len, 4);
		assert_memory_equal(r->data, one, 4);
		read_attribute(r, sa, 0, 0, 3);
		assert_int_equal(r->cmd.in_len, 3);
	}
	read_attribute(r, 4, 0, 0, 255);
	expect_field(r, 1);
}

static void other_volumes_partitions_and_elements_are_refused(void **state)
{
	struct rig *r = *state;

	run(r, 64, OP_READ_ATTRIBUTE, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0);
	expect_field(r, 5);
	read_attribute(r, 0, 1, 0, 64);
	expect_field(r, 7);
	run(r, 64, OP_READ_ATTRIBUTE, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0);
	expect_field(r, 2);
	run(r, 64, OP_READ_ATTRIBUTE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0); /* CACHE */
	expect_good(r);
	run(r, 0, OP_WRITE_ATTRIBUTE, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_field(r, 5);
	run(r, 0, OP_WRITE_ATTRIBUTE, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_field(r, 7);
}

static void without_a_medium_there_is_no_memory(void **state)
{
	struct rig *r = *state;

	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	read_attribute(r, 0, 0, 0, 64);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	write_one(r, 0, 0x0806, 1, barcode, 32);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
}

/* ---- WRITE ATTRIBUTE ---- */

static void what_a_host_writes_is_read_again_and_deleted(void **state)
{
	struct rig *r = *state;
	size_t size = put(r, 4, 0x0800, 1, "TCMU-VTL", 8);

	size = put(r, size, 0x0806, 1, barcode, 32);
	size = put(r, size, 0x1623, 0, "\x01", 1);
	write_list(r, 0, size);
	expect_good(r);
	assert_memory_equal(value_of(r, 0x0806, 32), barcode, 32);
	read_attribute(r, 0, 0, 0x0800, ALL);
	assert_int_equal(in_answer(r, 0x0800)[2], 0x01); /* ASCII, and writable */
	assert_int_equal(in_answer(r, 0x1623)[2], 0x00);
	write_one(r, 0, 0x0806, 1, NULL, 0);
	expect_good(r);
	expect_absent(r, 0, 0x0806);
	write_one(r, 0, 0x0806, 1, NULL, 0); /* it was not there */
	expect_good(r);
	assert_memory_equal(value_of(r, 0x0800, 8), "TCMU-VTL", 8);
}

static void it_stays_with_the_cartridge(void **state)
{
	struct rig *r = *state;

	write_one(r, 0, 0x0806, 1, barcode, 32);
	reload(r);
	assert_memory_equal(value_of(r, 0x0806, 32), barcode, 32);
}

/* As a reader of the pool sees it while the drive has the cartridge open. */
static void good_means_that_it_is_on_the_disk(void **state)
{
	struct rig *r = *state;
	struct cart_attributes all;
	struct cart_attribute one;

	write_block(r, 7, 1000);
	write_one(r, 0, 0x0806, 1, barcode, 32);
	expect_good(r);
	assert_int_equal(cart_stat_attributes(r->pool, "T1", &all), 0);
	assert_true(cart_attributes_find(&all, 0, 0x0806, &one));
	assert_memory_equal(one.value, barcode, 32);
	cart_attributes_clear(&all);
}

static void each_mistake_is_named_and_nothing_is_written(void **state)
{
	static const struct {
		uint16_t id;
		uint8_t format;
		uint16_t size;
		unsigned byte; /* behind the beginning of the attribute */
	} rows[] = {
		{ 0x0000, 0, 8, 0 },    { 0x0408, 0, 1, 0 },  { 0x0408, 0, 0, 0 },
		{ 0x000a, 0, 1, 0 },    { 0x0c00, 0, 1, 0 },  { 0x1800, 0, 1, 0 },
		{ 0x0800, 1, 8, 0 },    { 0x0806, 0, 32, 2 }, { 0x0806, 2, 32, 2 },
		{ 0x0806, 5, 32, 2 },   { 0x1623, 3, 1, 2 },  { 0x0806, 1, 31, 3 },
		{ 0x0806, 1, 33, 3 },   { 0x080c, 0, 22, 3 }, { 0x080c, 0, 1025, 3 },
		{ 0x1400, 0, 1025, 3 },
	};
	static uint8_t value[2000];
	struct rig *r = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t at = put(r, 4, 0x0800, 1, "TCMU-VTL", 8);

		write_list(r, 0, put(r, at, rows[i].id, rows[i].format, value, rows[i].size));
		expect_list_field(r, (unsigned)at + rows[i].byte);
		expect_absent(r, 0, 0x0800);
	}
}

static void lists_of_a_wrong_length_are_refused(void **state)
{
	struct rig *r = *state;
	size_t size = put(r, 4, 0x0806, 1, barcode, 32);

	write_list(r, 0, size - 1); /* cuts the value */
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	write_list(r, 0, 4 + 4); /* cuts the head */
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	run(r, 3, OP_WRITE_ATTRIBUTE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0);
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	run(r, 16, OP_WRITE_ATTRIBUTE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0);
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	run(r, 8, OP_WRITE_ATTRIBUTE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41, 0, 0);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	run(r, 0, OP_WRITE_ATTRIBUTE, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); /* WTC */
	expect_good(r);
	write_list(r, 0, 4); /* an empty list */
	expect_good(r);
	expect_absent(r, 0, 0x0806);
}

static void the_memory_has_an_end(void **state)
{
	static uint8_t value[1024];
	struct rig *r = *state;
	uint64_t free_bytes = number_of(r, 0x0004);

	for (uint16_t i = 0; i < 3; i++) {
		write_one(r, 0, 0x1400 + i, 0, value, sizeof(value));
		expect_good(r);
		free_bytes -= 5 + sizeof(value);
		assert_int_equal(number_of(r, 0x0004), free_bytes);
	}
	write_list(r, 0,
		   put(r, put(r, 4, 0x0806, 1, barcode, 32), 0x1500, 0, value, sizeof(value)));
	expect_sense(r, SENSE_AUXILIARY_MEMORY_OUT_OF_SPACE);
	expect_absent(r, 0, 0x0806);
	write_one(r, 0, 0x1500, 0, value, (uint16_t)(free_bytes - 5)); /* just fits */
	expect_good(r);
	assert_int_equal(number_of(r, 0x0004), 0);
	write_one(r, 0, 0x1400, 0, value, sizeof(value)); /* takes the place of itself */
	expect_good(r);
}

static void a_protected_medium_keeps_its_attributes(void **state)
{
	struct rig *r = *state;
	struct cart *c;

	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	assert_int_equal(cart_open(r->pool, "T1", CART_OPEN_WRITE, &c), 0);
	assert_int_equal(cart_set_write_protect(c, true), 0);
	assert_int_equal(cart_close(c), 0);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	write_one(r, 0, 0x0806, 1, barcode, 32);
	expect_sense(r, SENSE_WRITE_PROTECTED);
	assert_int_equal(number_of(r, 0x0003), 2); /* the drive's own are kept up */
}

/* ---- what the drive notes ---- */

static void the_last_four_loads_are_known(void **state)
{
	struct rig *r = *state;
	uint8_t who[40];

	memcpy(who, value_of(r, 0x020a, 40), 40);
	assert_memory_equal(who, r->unit->identity.vendor, strlen(r->unit->identity.vendor));
	assert_memory_equal(who + 8, r->unit->identity.serial, strlen(r->unit->identity.serial));
	expect_absent(r, 0, 0x020b);
	for (unsigned i = 0; i < 4; i++)
		reload(r);
	for (uint16_t i = 0; i < 4; i++)
		assert_memory_equal(value_of(r, 0x020a + i, 40), who, 40);
	assert_int_equal(number_of(r, 0x0003), 5);
	read_attribute(r, 1, 0, 0, ALL);
	assert_int_equal(get_be32(r->data), 2 * 32);
}

static void usage_of_the_load_before_is_kept(void **state)
{
	static const uint8_t two_mib[6] = { 0, 0, 0, 0, 0, 2 };
	struct rig *r = *state;
	const uint8_t *p;

	load_big(r, 0);
	write_block(r, 1, 2u << 20);
	assert_memory_equal(value_of(r, 0x0340, 90), two_mib, 6);
	reload(r);
	p = value_of(r, 0x0340, 90);
	assert_int_equal(get_be32(p + 2), 0);      /* this load */
	assert_memory_equal(p + 24, two_mib, 6);   /* the one before */
	assert_memory_equal(p + 48, two_mib, 6);   /* all */
	assert_int_equal(get_be32(p + 72 + 2), 2); /* loads */
	assert_int_equal(get_be32(p + 84 + 2), 1); /* initializations */
	p = value_of(r, 0x0341, 60);
	assert_int_equal(get_be32(p + 16), 2);
	assert_int_equal(get_be32(p + 32), 2);
	assert_int_equal(get_be32(p + 48), 2);
}

static void tape_alerts_of_the_load_before_are_kept(void **state)
{
	struct rig *r = *state;
	struct cart *c;

	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	assert_int_equal(cart_open(r->pool, "T1", CART_OPEN_WRITE, &c), 0);
	assert_int_equal(cart_set_write_protect(c, true), 0);
	assert_int_equal(cart_close(c), 0);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	run_write(r, 0, 10, 10); /* raises flag 9, write protect */
	expect_sense(r, SENSE_WRITE_PROTECTED);
	assert_int_equal(number_of(r, 0x0002), 0);
	reload(r);
	assert_int_equal(number_of(r, 0x0002), UINT64_C(1) << (64 - 9));
	reload(r);
	assert_int_equal(number_of(r, 0x0002), 0);
}

/* ---- LTFS: volume change reference and coherency ---- */

static void the_reference_changes_with_the_first_write_only(void **state)
{
	struct rig *r = *state;
	uint32_t first = reference(r), second;

	assert_true(first != 0 && first != UINT32_MAX);
	assert_int_equal(reference(r), first);
	rewind_tape(r);
	assert_int_equal(reference(r), first);
	write_block(r, 1, 100);
	second = reference(r);
	assert_int_not_equal(second, first);
	assert_int_equal(reference(r), second);
	reload(r);
	assert_int_equal(reference(r), second); /* a load alone changes nothing */
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_good(r);
	assert_int_not_equal(reference(r), second);
}

/* A host that has read it, and noted what it stands for, must see a later change. */
static void a_reference_that_was_told_ends_with_the_next_write(void **state)
{
	struct rig *r = *state;
	uint32_t before, after;

	write_block(r, 1, 100);
	before = reference(r);
	write_block(r, 2, 100);
	after = reference(r);
	assert_int_not_equal(after, before);
	write_one(r, 0, 0x0806, 1, barcode, 32); /* no change of the medium */
	assert_int_equal(reference(r), after);
	rewind_tape(r);
	expect_block(r, 1, 100);
	expect_block(r, 2, 100);
	assert_int_equal(reference(r), after);
}

static void an_erase_changes_the_reference(void **state)
{
	struct rig *r = *state;
	uint32_t before;

	write_sample(r);
	before = reference(r);
	run(r, 0, OP_ERASE_6, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_not_equal(reference(r), before);
}

/* What LTFS does at each index: sync, read the reference, write the coherency information. */
static void coherency_information_fits_after_a_reload_and_not_after_a_write(void **state)
{
	uint8_t vci[VCI] = { 4 };
	struct rig *r = *state;

	write_block(r, 1, 1000);
	write_filemarks(r, 1);
	put_be32(vci + 1, reference(r));
	write_one(r, 0, 0x080c, 0, vci, VCI);
	expect_good(r);
	reload(r);
	assert_memory_equal(value_of(r, 0x080c, VCI), vci, VCI);
	assert_int_equal(reference(r), get_be32(vci + 1));
	run_space(r, 3, 0);
	write_block(r, 2, 1000);
	reload(r);
	assert_int_not_equal(reference(r), get_be32(vci + 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(every_value_is_as_the_standard_has_it),
		rig_test(the_medium_says_what_it_is),
		rig_test(capacity_goes_down_as_blocks_are_written),
		rig_test(an_attribute_that_is_not_there_is_an_invalid_field),
		rig_test(the_first_identifier_is_where_values_begin),
		rig_test(the_answer_is_cut_and_its_length_is_not),
		rig_test(the_list_names_what_is_there_and_supported_all),
		rig_test(there_is_one_volume_with_one_partition),
		rig_test(other_volumes_partitions_and_elements_are_refused),
		rig_test(without_a_medium_there_is_no_memory),
		rig_test(what_a_host_writes_is_read_again_and_deleted),
		rig_test(it_stays_with_the_cartridge),
		rig_test(good_means_that_it_is_on_the_disk),
		rig_test(each_mistake_is_named_and_nothing_is_written),
		rig_test(lists_of_a_wrong_length_are_refused),
		rig_test(the_memory_has_an_end),
		rig_test(a_protected_medium_keeps_its_attributes),
		rig_test(the_last_four_loads_are_known),
		rig_test(usage_of_the_load_before_is_kept),
		rig_test(tape_alerts_of_the_load_before_are_kept),
		rig_test(the_reference_changes_with_the_first_write_only),
		rig_test(a_reference_that_was_told_ends_with_the_next_write),
		rig_test(an_erase_changes_the_reference),
		rig_test(coherency_information_fits_after_a_reload_and_not_after_a_write),
	};

	return rig_main(tests);
}
