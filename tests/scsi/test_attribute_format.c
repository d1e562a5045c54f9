/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of a medium with several partitions: what a FORMAT MEDIUM takes away, and what a
 * partition that cannot be opened has.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/mam.h"
#include "lib/store/cartridge.h"
#include "tests/support/partitions.h"

#define VCI 70 /* LTFS 2.4, Annex B: bytes of coherency information */

static void read_attributes(struct rig *r, uint8_t partition, uint16_t first)
{
	run(r, 64u * KIB, OP_READ_ATTRIBUTE, 0, 0, 0, 0, 0, 0, partition, (uint8_t)(first >> 8),
	    (uint8_t)first, 0, 1, 0, 0, 0, 0);
}

/* The attribute in the answer; NULL: it is not there. */
static const uint8_t *find(const struct rig *r, uint16_t id)
{
	size_t size = 4 + (size_t)get_be32(r->data);

	for (size_t at = 4; at < size; at += 5u + get_be16(r->data + at + 3))
		if (get_be16(r->data + at) == id)
			return r->data + at + 5;
	return NULL;
}

static const uint8_t *value_of(struct rig *r, uint8_t partition, uint16_t id)
{
	const uint8_t *p;

	read_attributes(r, partition, id);
	expect_good(r);
	p = find(r, id);
	assert_non_null(p);
	return p;
}

static uint32_t reference(struct rig *r)
{
	return get_be32(value_of(r, 0, MAM_CHANGE_REFERENCE));
}

/* Coherency information of VCI bytes that are all @fill. */
static void write_coherency(struct rig *r, uint8_t partition, uint8_t fill)
{
	put_be32(r->data, 5 + VCI);
	put_be16(r->data + 4, MAM_COHERENCY);
	r->data[6] = 0;
	put_be16(r->data + 7, VCI);
	memset(r->data + 9, fill, VCI);
	run(r, 9 + VCI, OP_WRITE_ATTRIBUTE, 0, 0, 0, 0, 0, 0, partition, 0, 0, 0, 0, 0, 9 + VCI, 0,
	    0);
	expect_good(r);
}

static void expect_coherency(struct rig *r, uint8_t partition, uint8_t fill)
{
	const uint8_t *p = value_of(r, partition, MAM_COHERENCY);

	for (unsigned i = 0; i < VCI; i++)
		assert_int_equal(p[i], fill);
}

static void reload(struct rig *r)
{
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	r->unit = drive_unit(r->drive);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
}

/* T1 with two partitions, a block and coherency information in each. */
static void make_volume(struct rig *r)
{
	divide(r, 2);
	write_block(r, 1, 100);
	write_coherency(r, 0, 10);
	enter(r, 1);
	write_block(r, 2, 100);
	write_coherency(r, 1, 11);
	enter(r, 0);
}

/* ---- FORMAT MEDIUM ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void expect_volume(struct rig *r, uint16_t initializations)
{
	expect_coherency(r, 0, 10);
	expect_coherency(r, 1, 11);
	assert_int_equal(get_be16(value_of(r, 0, MAM_INITIALIZATIONS)), initializations);
	expect_block(r, 1, 100);
	enter(r, 1);
	expect_block(r, 2, 100);
	enter(r, 0);
}

/* Neither one that makes partitions, nor one that has only the header to write. */
static void a_format_that_fails_takes_no_attribute(void **state)
{
	struct rig *r = *state;
	uint16_t initializations;
	uint32_t before;

	rig_inside("makes system calls fail");
	make_volume(r);
	before = reference(r);
	initializations = get_be16(value_of(r, 0, MAM_INITIALIZATIONS));
	for (uint8_t format = 0; format <= 1; format++) {
		limit_files(1);
		format_medium(r, format);
		limit_files(0);
		expect_sense(r, SENSE_FORMAT_FAILED);
		assert_int_equal(reference(r), before);
		expect_volume(r, initializations);
		reload(r);
		expect_volume(r, initializations);
		before = reference(r); /* a header that may be on the disk is another change */
	}
}

static void a_format_takes_those_of_partitions_and_leaves_the_others(void **state)
{
	struct rig *r = *state;
	uint16_t initializations;
	uint32_t before;

	for (uint8_t format = 0; format <= 1; format++) {
		make_volume(r);
		before = reference(r);
		initializations = get_be16(value_of(r, 0, MAM_INITIALIZATIONS));
		format_medium(r, format);
		expect_good(r);
		for (unsigned again = 0; again < 2; again++) {
			for (uint8_t n = 0; n <= format; n++) {
				read_attributes(r, n, 0);
				expect_good(r);
				assert_null(find(r, MAM_COHERENCY));
			}
			assert_int_not_equal(reference(r), before);
			assert_int_equal(get_be16(value_of(r, 0, MAM_INITIALIZATIONS)),
					 initializations + 1);
			assert_non_null(value_of(r, 0, MAM_LAST_LOAD));
			reload(r);
		}
	}
}

/* ---- a partition that cannot be opened ---- */

/* Breaks, or mends again, the header of each partition above 0 of T1. */
static void flip_headers(struct rig *r)
{
	char *folder = g_strdup_printf("%s/T1.cart/partitions", r->pool);
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	assert_non_null(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		char *path = g_strdup_printf("%s/%s/header", folder, name);
		uint8_t byte[2];
		int fd = open(path, O_RDWR | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_int_equal(pread(fd, byte, 2, 100), 2);
		byte[0] ^= 0x10;
		byte[1] ^= 0x20;
		assert_int_equal(pwrite(fd, byte, 2, 100), 2);
		(void)close(fd);
		g_free(path);
	}
	g_dir_close(dir);
	g_free(folder);
}

/* The volume as it was left, with a partition 1 that nobody can open. */
static void load_broken(struct rig *r)
{
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	flip_headers(r);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	r->unit = drive_unit(r->drive);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
}

/* Of partition 1, or sums that it is a part of. */
static void a_broken_partition_has_no_values_of_another(void **state)
{
	static const struct {
		uint8_t partition;
		uint16_t id;
	} gone[] = {
		{ 1, MAM_REMAINING_CAPACITY }, { 1, MAM_MAXIMUM_CAPACITY },
		{ 1, MAM_PARTITION_USAGE },    { 1, MAM_FIRST_ENCRYPTED },
		{ 0, MAM_CHANGE_REFERENCE },   { 1, MAM_CHANGE_REFERENCE },
		{ 0, MAM_LIFE_WRITTEN },       { 0, MAM_LIFE_READ },
		{ 0, MAM_LOAD_WRITTEN },       { 0, MAM_LOAD_READ },
		{ 0, MAM_MEDIUM_USAGE },
	};
	struct rig *r = *state;

	rig_inside("breaks files of the pool");
	make_volume(r);
	load_broken(r);
	for (unsigned i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		read_attributes(r, gone[i].partition, gone[i].id);
		if (gone[i].id != 0) /* which stands for all */
			expect_sense(r, SENSE_AUXILIARY_MEMORY_READ_ERROR);
		read_attributes(r, gone[i].partition, 0);
		expect_good(r);
		assert_null(find(r, gone[i].id));
	}
	assert_non_null(value_of(r, 0, MAM_REMAINING_CAPACITY));
	assert_non_null(value_of(r, 0, MAM_PARTITION_USAGE));
	expect_coherency(r, 0, 10);
	expect_coherency(r, 1, 11); /* what hosts wrote is in the cartridge's own header */
	read_attributes(r, 1, 0x0809);
	expect_field(r, 8); /* not there, as ever */
}

/* What is kept of a load is not written over, or deleted, by one that knows nothing. */
static void a_partition_that_can_be_opened_again_has_its_values_again(void **state)
{
	struct cart_attributes kept;
	struct cart_attribute one;
	struct rig *r = *state;
	uint32_t before;

	rig_inside("breaks files of the pool");
	make_volume(r);
	before = reference(r);
	load_broken(r);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	assert_int_equal(cart_stat_attributes(r->pool, "T1", &kept), 0);
	assert_true(cart_attributes_find(&kept, 0, MAM_MEDIUM_USAGE, &one));
	assert_true(cart_attributes_find(&kept, 0, MAM_PARTITION_USAGE, &one));
	assert_true(cart_attributes_find(&kept, 1, MAM_PARTITION_USAGE, &one));
	cart_attributes_clear(&kept);
	flip_headers(r);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	assert_int_equal(reference(r), before);
	assert_non_null(value_of(r, 1, MAM_PARTITION_USAGE));
}

/* Nobody knows how often it had changed: more than that is added. */
static void a_broken_partition_can_be_formatted_away(void **state)
{
	struct rig *r = *state;
	uint32_t before;

	rig_inside("breaks files of the pool");
	make_volume(r);
	before = reference(r);
	load_broken(r);
	enter(r, 0);
	format_medium(r, 0);
	expect_good(r);
	assert_true(reference(r) > before);
	reload(r);
	assert_true(reference(r) > before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		rig_test(a_format_that_fails_takes_no_attribute),
		rig_test(a_format_takes_those_of_partitions_and_leaves_the_others),
		rig_test(a_broken_partition_has_no_values_of_another),
		rig_test(a_partition_that_can_be_opened_again_has_its_values_again),
		rig_test(a_broken_partition_can_be_formatted_away),
	};

	return rig_main(tests);
}
