/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lbp.h: logical block protection (SSC-5): a host sends each block with a checksum of 4 bytes
 * behind it, and gets one with each block that it reads.  The block's length on the wire, in the
 * CDB or as the block length of the mode parameters, is that of both; on the medium it is the
 * block's own.
 *
 * Control data protection, mode page 0Ah/F0h, says which checksum, and for which direction.  All of
 * this is with the unit's mutex held.
 */
#ifndef VTL_TAPE_LBP_H
#define VTL_TAPE_LBP_H

#include "handlers/tape/internal.h"

#define LBP_SIZE 4u /* bytes of a checksum */

enum lbp_method {
	LBP_NONE = 0,
	LBP_RS = 1,     /* Reed-Solomon, lib/base/rs_crc.h; its highest byte first */
	LBP_CRC32C = 2, /* its lowest byte first */
};

/* Of the mode page, whatever the direction: what VERIFY with VLBPM asks for. */
enum lbp_method lbp_method(struct drive *d);
/* What blocks carry that a host writes, or reads. */
enum lbp_method lbp_of_writes(struct drive *d);
enum lbp_method lbp_of_reads(struct drive *d);

/*
 * Whether the last LBP_SIZE of the @size bytes (more than LBP_SIZE) of @iov are the checksum of the
 * others.  *ret_crc32c gets the CRC32C of these, computed from the same bytes: for the store, which
 * has to find the same one.
 */
bool lbp_is_right(enum lbp_method method, const struct iovec *iov, int iov_cnt, size_t size,
		  uint32_t *ret_crc32c);

/*
 * The checksum of a block of @size bytes that is in @iov and was the last one that the drive's
 * store gave.  False where the bytes are not those that the store has checked.
 */
bool lbp_make(struct drive *d, enum lbp_method method, const struct iovec *iov, int iov_cnt,
	      size_t size, uint8_t ret_bytes[LBP_SIZE]);

/* Mode page 0Ah/F0h. */
enum scsi_status lbp_select(struct scsi_unit *unit, struct scsi_cmd *cmd, const uint8_t *page,
			    unsigned offset, bool apply);
/* VPD page B5h. */
size_t lbp_fill_vpd(struct scsi_unit *unit, uint8_t *content);

#endif
