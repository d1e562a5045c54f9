/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lbp.c: see lbp.h.  The store has a CRC32C of each block from the moment it is accepted: with
 * method 2 a host gets that one, never one of what was found on the disk; with method 1 what it
 * gets is computed from bytes that have just been compared with it.
 */
#include "handlers/tape/lbp.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/crc32c.h"
#include "lib/base/rs_crc.h"

#define METHOD 4 /* bytes of the mode page */
#define LENGTH 5
#define BITS   6
#define LBP_W  0x80
#define LBP_R  0x40

static enum lbp_method method_with(struct drive *d, uint8_t bit)
{
	const uint8_t *page = mode_current(&d->unit, MODE_PAGE_CONTROL, MODE_SUB_DATA_PROTECTION);

	return page == NULL || (page[BITS] & bit) != bit ? LBP_NONE : (enum lbp_method)page[METHOD];
}

enum lbp_method lbp_method(struct drive *d)
{
	return method_with(d, 0);
}

enum lbp_method lbp_of_writes(struct drive *d)
{
	return method_with(d, LBP_W);
}

enum lbp_method lbp_of_reads(struct drive *d)
{
	return method_with(d, LBP_R);
}

/* ---- checksums ---- */

static uint32_t rs_of(const struct iovec *iov, int iov_cnt, size_t size)
{
	uint32_t crc = 0;

	for (int i = 0; i < iov_cnt && size > 0; i++) {
		size_t n = iov[i].iov_len < size ? iov[i].iov_len : size;

		crc = rs_crc(crc, iov[i].iov_base, n);
		size -= n;
	}
	return crc;
}

static uint32_t crc32c_of(const struct iovec *iov, int iov_cnt, size_t size)
{
	uint32_t crc = 0;

	for (int i = 0; i < iov_cnt && size > 0; i++) {
		size_t n = iov[i].iov_len < size ? iov[i].iov_len : size;

		crc = crc32c(crc, iov[i].iov_base, n);
		size -= n;
	}
	return crc;
}

/* Bytes @from to @from + LBP_SIZE - 1. */
static void bytes_at(const struct iovec *iov, int iov_cnt, size_t from, uint8_t bytes[LBP_SIZE])
{
	unsigned done = 0;

	for (int i = 0; i < iov_cnt && done < LBP_SIZE; i++) {
		const uint8_t *p = iov[i].iov_base;

		for (size_t n = from < iov[i].iov_len ? from : iov[i].iov_len;
		     n < iov[i].iov_len && done < LBP_SIZE; n++)
			bytes[done++] = p[n];
		from -= from < iov[i].iov_len ? from : iov[i].iov_len;
	}
}

static void put_checksum(enum lbp_method method, uint32_t sum, uint8_t bytes[LBP_SIZE])
{
	le32 low_first = le32_from(sum);

	if (method == LBP_RS)
		put_be32(bytes, sum);
	else
		memcpy(bytes, &low_first, sizeof(low_first));
}

bool lbp_is_right(enum lbp_method method, const struct iovec *iov, int iov_cnt, size_t size,
		  uint32_t *ret_crc32c)
{
	uint8_t sent[LBP_SIZE] = { 0 }, right[LBP_SIZE];
	size_t data = size - LBP_SIZE;

	*ret_crc32c = crc32c_of(iov, iov_cnt, data);
	put_checksum(method, method == LBP_RS ? rs_of(iov, iov_cnt, data) : *ret_crc32c, right);
	bytes_at(iov, iov_cnt, data, sent);
	return memcmp(sent, right, LBP_SIZE) == 0;
}

bool lbp_make(struct drive *d, enum lbp_method method, const struct iovec *iov, int iov_cnt,
	      size_t size, uint8_t ret_bytes[LBP_SIZE])
{
	uint32_t kept, now;

	if (!stage_block_crc32c(d->stage, &kept)) /* the store proved it in another way */
		kept = crc32c_of(iov, iov_cnt, size);
	else if (method == LBP_RS && crc32c_of(iov, iov_cnt, size) != kept)
		return false;
	now = method == LBP_RS ? rs_of(iov, iov_cnt, size) : kept;
	put_checksum(method, now, ret_bytes);
	return true;
}

/* ---- pages ---- */

static unsigned feature_of(unsigned method)
{
	return method == LBP_RS ? DRIVE_LBP_RS : DRIVE_LBP_CRC32C;
}

enum scsi_status lbp_select(struct scsi_unit *unit, struct scsi_cmd *cmd, const uint8_t *page,
			    unsigned offset, bool apply)
{
	uint8_t method = page[METHOD];

	if (apply)
		return SCSI_GOOD;
	if (method > LBP_CRC32C ||
	    (method != LBP_NONE && (unit->features & feature_of(method)) == 0))
		return scsi_check_list(unit, cmd, offset + METHOD, 7);
	if (page[LENGTH] != (method == LBP_NONE ? 0 : LBP_SIZE))
		return scsi_check_list(unit, cmd, offset + LENGTH, 5);
	if (method == LBP_NONE && page[BITS] != 0) /* nothing is protected by nothing */
		return scsi_check_list(unit, cmd, offset + BITS, 31 - __builtin_clz(page[BITS]));
	return SCSI_GOOD;
}

/* Four reserved bytes, then for each method: the length of what follows, the method, the length of
 * its checksum, and for which commands it can be had. */
size_t lbp_fill_vpd(struct scsi_unit *unit, uint8_t *content)
{
	size_t n = 4;

	memset(content, 0, n);
	for (unsigned method = LBP_RS; method <= LBP_CRC32C; method++) {
		if ((unit->features & feature_of(method)) == 0)
			continue;
		content[n] = 3;
		content[n + 1] = (uint8_t)method;
		content[n + 2] = LBP_SIZE;
		content[n + 3] = LBP_W | LBP_R;
		n += 4;
	}
	return n;
}
