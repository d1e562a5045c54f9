/* SPDX-License-Identifier: Apache-2.0 */
/* ltfs_host.c: see ltfs_host.h. This file has the commands; ltfs_volume.c what is made of them. */
#include "tests/support/ltfs_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/bytes.h"
#include "lib/base/crc32c.h"
#include "lib/base/rs_crc.h"

#define CRC_SIZE 4u

#define send(h, out, size, ...)                                                                    \
	((h)->run((h), (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), \
		  (out), (size)))

static void expect_good(const struct ltfs_host *h, const char *what)
{
	if (h->sense != LTFS_GOOD)
		fail_msg("%s: sense %06x, information %lld, bytes 15 to 17 %02x %02x %02x", what,
			 h->sense, (long long)h->information, h->raw[15], h->raw[16], h->raw[17]);
}

uint32_t ltfs_test_unit_ready(struct ltfs_host *h)
{
	send(h, false, 0, 0x00, 0, 0, 0, 0, 0);
	return h->sense;
}

void ltfs_read_position(struct ltfs_host *h)
{
	send(h, false, 32, 0x34, 0x06, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good(h, "READ POSITION, long form");
	h->partition = get_be32(h->data + 4);
	h->block = get_be64(h->data + 8);
	h->filemark = get_be64(h->data + 16);
	h->early = (h->data[0] & 0x40) != 0;
	h->programmable = (h->data[0] & 0x01) != 0;
}

uint32_t ltfs_locate(struct ltfs_host *h, uint32_t partition, uint64_t block)
{
	uint8_t cdb[16] = { 0x92, partition != h->partition ? 0x02 : 0, 0, (uint8_t)partition };
	uint32_t sense;

	put_be64(cdb + 4, block);
	(void)h->run(h, cdb, sizeof(cdb), false, 0);
	sense = h->sense;
	if (block == UINT64_MAX && sense == LTFS_EOD)
		sense = LTFS_GOOD;
	ltfs_read_position(h);
	if (sense == LTFS_GOOD) {
		assert_int_equal(h->partition, partition);
		if (block != UINT64_MAX)
			assert_int_equal(h->block, block);
	}
	return sense;
}

void ltfs_space_filemarks(struct ltfs_host *h, int64_t count)
{
	uint8_t cdb[16] = { 0x91, 0x01 };

	put_be64(cdb + 4, (uint64_t)count);
	(void)h->run(h, cdb, sizeof(cdb), false, 0);
	expect_good(h, "SPACE(16) over filemarks");
	ltfs_read_position(h);
}

static void put_crc(struct ltfs_host *h, uint32_t size)
{
	uint32_t crc = h->lbp == 1 ? rs_crc(0, h->data, size) : crc32c(0, h->data, size);
	le32 low_first = le32_from(crc);

	if (h->lbp == 1)
		put_be32(h->data + size, crc);
	else
		memcpy(h->data + size, &low_first, CRC_SIZE);
}

void ltfs_write(struct ltfs_host *h, uint8_t fill, uint32_t size)
{
	uint8_t cdb[6] = { 0x0a };
	uint32_t all = size;

	memset(h->data, fill, size);
	if (h->lbp != 0) {
		put_crc(h, size);
		all += CRC_SIZE;
	}
	put_be24(cdb + 2, all);
	(void)h->run(h, cdb, sizeof(cdb), true, all);
	h->early = h->sense == LTFS_EARLY_WARNING;
	h->programmable = h->early || h->sense == LTFS_PROG_WARNING;
	if (!h->programmable)
		expect_good(h, "WRITE(6)");
	h->block++;
}

void ltfs_write_filemarks(struct ltfs_host *h, uint32_t count, bool immed)
{
	uint8_t cdb[6] = { 0x10, immed };
	bool early, programmable;

	put_be24(cdb + 2, count);
	(void)h->run(h, cdb, sizeof(cdb), false, 0);
	early = h->sense == LTFS_EARLY_WARNING;
	programmable = early || h->sense == LTFS_PROG_WARNING;
	if (!programmable)
		expect_good(h, "WRITE FILEMARKS(6)");
	ltfs_read_position(h);
	h->early = h->early || early;
	h->programmable = h->programmable || programmable;
}

/* READ(6): as ltfs_read(). */
static long read_once(struct ltfs_host *h, uint32_t size, bool sili)
{
	uint8_t cdb[6] = { 0x08, sili ? 0x02 : 0 };
	size_t in;

	put_be24(cdb + 2, size);
	in = h->run(h, cdb, sizeof(cdb), false, size);
	if (h->sense == LTFS_GOOD)
		return sili ? (long)in : (long)size;
	if (h->sense == LTFS_NO_SENSE && (h->flags & 0x20) != 0) {
		assert_true(h->information >= 0); /* longer than the buffer: LTFS gives up */
		return (long)size - (long)h->information;
	}
	return h->sense == LTFS_FILEMARK ? 0 : -1;
}

static void check_crc(struct ltfs_host *h, long size)
{
	uint8_t sent[CRC_SIZE];

	memcpy(sent, h->data + size, CRC_SIZE);
	put_crc(h, (uint32_t)size);
	assert_memory_equal(h->data + size, sent, CRC_SIZE);
}

long ltfs_read(struct ltfs_host *h, uint32_t size)
{
	uint32_t all = h->lbp != 0 && size < LTFS_DATA ? size + CRC_SIZE : size;
	long n = read_once(h, all, !h->no_sili);

	if (h->block == 0 && !h->no_sili && n == (long)all) {
		/* the first label is never so long: a fabric that tells no residue */
		assert_int_equal(ltfs_locate(h, h->partition, 0), LTFS_GOOD);
		h->no_sili = true;
		n = read_once(h, all, false);
	}
	if (n < 0)
		return n;
	h->block++;
	if (n == 0)
		h->filemark++;
	if (h->lbp == 0 || n <= (long)CRC_SIZE)
		return n;
	check_crc(h, n - (long)CRC_SIZE);
	return n - (long)CRC_SIZE;
}

bool ltfs_mode_sense(struct ltfs_host *h, uint8_t page, uint8_t subpage, uint32_t size)
{
	memset(h->data, 0, size);
	send(h, false, size, 0x5a, 0, page, subpage, 0, 0, 0, (uint8_t)(size >> 8), (uint8_t)size,
	     0);
	return h->sense == LTFS_GOOD;
}

uint32_t ltfs_mode_select(struct ltfs_host *h, uint32_t size)
{
	h->data[0] = h->data[1] = 0;
	send(h, true, size, 0x55, 0x10, 0, 0, 0, 0, 0, (uint8_t)(size >> 8), (uint8_t)size, 0);
	return h->sense;
}

bool ltfs_log_sense(struct ltfs_host *h, uint8_t page, uint8_t subpage)
{
	memset(h->data, 0, 0xffff);
	send(h, false, 0xffff, 0x4d, 0, 0x40 | page, subpage, 0, 0, 0, 0xff, 0xff, 0);
	if (h->sense != LTFS_GOOD)
		return false;
	/* it keeps the first 1024 bytes of a page */
	assert_true(get_be16(h->data + 2) + 4u <= 1024);
	return true;
}

/* With the mistake that LTFS makes: the last four bytes of a page are not looked at. */
const uint8_t *ltfs_log_parameter(const struct ltfs_host *h, uint16_t code, uint8_t *ret_size)
{
	size_t length = get_be16(h->data + 2);

	for (size_t at = 4; at < length; at += 4u + h->data[at + 3]) {
		if (get_be16(h->data + at) != code)
			continue;
		*ret_size = h->data[at + 3];
		return h->data + at + 4;
	}
	return NULL;
}

bool ltfs_read_attribute(struct ltfs_host *h, uint8_t partition, uint16_t id, uint8_t *value,
			 uint16_t size)
{
	uint8_t cdb[16] = { 0x8c, [7] = partition };
	uint32_t all = size + 5u + 4u;

	put_be16(cdb + 8, id);
	put_be32(cdb + 10, all);
	(void)h->run(h, cdb, sizeof(cdb), false, all);
	if (h->sense == LTFS_INVALID_CDB)
		return false;
	expect_good(h, "READ ATTRIBUTE");
	assert_int_equal(get_be16(h->data + 4), id);
	assert_int_equal(get_be16(h->data + 7), size);
	memcpy(value, h->data + 9, size);
	return true;
}

/* The list's own length is 4 too large: so LTFS sends it. */
void ltfs_write_attribute(struct ltfs_host *h, uint8_t partition, uint16_t id, uint8_t format,
			  const void *value, uint16_t size)
{
	uint8_t cdb[16] = { 0x8d, 0x01, [7] = partition };
	uint32_t all = size + 5u + 4u;

	put_be32(cdb + 10, all);
	put_be32(h->data, all);
	put_be16(h->data + 4, id);
	h->data[6] = format;
	put_be16(h->data + 7, size);
	memcpy(h->data + 9, value, size);
	(void)h->run(h, cdb, sizeof(cdb), true, all);
	expect_good(h, "WRITE ATTRIBUTE");
}
