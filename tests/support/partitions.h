/* SPDX-License-Identifier: Apache-2.0 */
/* partitions.h: words of the tests about partitions, for a rig. */
#ifndef VTL_TESTS_PARTITIONS_H
#define VTL_TESTS_PARTITIONS_H

#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define PAGE_11     0x11
#define SIZE_11     16u /* of the page of a drive with four partitions */
#define FDP         0x80
#define SDP         0x40
#define IDP         0x20
#define PSUM_BYTES  0x00
#define PSUM_KB     0x08
#define PSUM_MB     0x10
#define PSUM_UNITS  0x18
#define POFM        0x04
#define REST        0xffff
#define MODE_HEADER 16u /* of MODE SENSE(10), with its block descriptor */

static inline void format_medium(struct rig *r, uint8_t format)
{
	run(r, 0, OP_FORMAT_MEDIUM, 0, format, 0, 0, 0);
}

/* MODE SENSE(10) of page 11h: where it begins. */
static inline const uint8_t *sense_11(struct rig *r)
{
	run(r, 255, OP_MODE_SENSE_10, 0, PAGE_11, 0, 0, 0, 0, 0, 255, 0);
	expect_good(r);
	assert_int_equal(r->data[MODE_HEADER] & 0x3f, PAGE_11);
	return r->data + MODE_HEADER;
}

/* MODE SELECT(10) of page 11h, with the sizes of four partitions. */
static inline void select_11(struct rig *r, uint8_t added, uint8_t flags, uint8_t units,
			     const uint16_t sizes[4])
{
	const uint8_t *now = sense_11(r);
	uint8_t *page = r->data + 8, most = now[2], length = now[1];

	memset(r->data, 0, 8 + SIZE_11);
	r->data[3] = 0x10; /* buffered */
	page[0] = PAGE_11;
	page[1] = length;
	page[2] = most;
	page[3] = added;
	page[4] = flags | POFM;
	page[5] = 3;
	page[6] = units;
	for (unsigned i = 0; i < 4; i++)
		put_be16(page + 8 + 2 * (size_t)i, sizes[i]);
	length = (uint8_t)(length + 10);
	run(r, length, OP_MODE_SELECT_10, 0x10, 0, 0, 0, 0, 0, 0, length, 0);
}

static inline void locate_16(struct rig *r, uint8_t flags, uint8_t partition, uint64_t target)
{
	uint8_t cdb[16] = { OP_LOCATE_16, flags, 0, partition };

	put_be64(cdb + 4, target);
	run_cdb(r, cdb, sizeof(cdb), 0);
}

#define CP 0x02

/* Partition @partition, its beginning. */
static inline void enter(struct rig *r, uint8_t partition)
{
	locate_16(r, CP, partition, 0);
	expect_good(r);
}

/* T1 gets @partitions of one size. */
static inline void divide(struct rig *r, uint8_t partitions)
{
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	select_11(r, (uint8_t)(partitions - 1), SDP | PSUM_UNITS, 9, (const uint16_t[4]){ 0 });
	expect_good(r);
	format_medium(r, 1);
	expect_good(r);
}

/* READ POSITION says partition and object, in all its forms. */
static inline void expect_at(struct rig *r, unsigned partition, uint64_t object)
{
	run(r, 20, OP_READ_POSITION, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(r->data[1], partition);
	assert_int_equal(get_be32(r->data + 4), object);
	assert_int_equal(r->data[0] >> 7, object == 0);
	run(r, 32, OP_READ_POSITION, 6, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(get_be32(r->data + 4), partition);
	assert_int_equal(get_be64(r->data + 8), object);
	run(r, 32, OP_READ_POSITION, 8, 0, 0, 0, 0, 0, 0, 32, 0);
	expect_good(r);
	assert_int_equal(r->data[1], partition);
	assert_int_equal(get_be64(r->data + 8), object);
}

#endif
