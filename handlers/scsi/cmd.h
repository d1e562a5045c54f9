/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h: one SCSI command on its way through a unit.
 *
 * The transport (handlers/tcmu, or a test) fills the first part and calls unit_execute(); it finds
 * the answer in the second part.  Nothing here knows tcmu.
 */
#ifndef VTL_SCSI_CMD_H
#define VTL_SCSI_CMD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define SCSI_SENSE_SIZE 96
#define SCSI_CDB_MAX    16

/* SAM-5 status codes that a unit gives. */
enum scsi_status {
	SCSI_GOOD = 0x00,
	SCSI_CHECK_CONDITION = 0x02,
	SCSI_BUSY = 0x08,
};

struct scsi_cmd {
	/* from the transport */
	uint8_t cdb[SCSI_CDB_MAX]; /* zero behind cdb_len */
	size_t cdb_len; /* 6, 10, 12, 16 by the opcode's group; 0 for a vendor group: unit_execute()
			   refuses it */
	struct iovec *iov; /* borrowed; the data buffer, not consumed */
	int iov_cnt;
	size_t iov_len; /* sum of iov, the length that the fabric offers (may differ from the CDB's)
			 */

	/* to the transport */
	uint8_t sense[SCSI_SENSE_SIZE]; /* valid with SCSI_CHECK_CONDITION */
	size_t sense_len;
	size_t in_len; /* data-in bytes valid in iov, with GOOD and with CHECK CONDITION alike (a
			  short block with ILI); 0: the transport zero-fills the buffer before it
			  gives GOOD */
};

/* Sum of the lengths. */
size_t scsi_iov_length(const struct iovec *iov, int iov_cnt);

/*
 * Data-in: copies @size bytes of @data to the buffer, cut at @allocation and at the fabric's
 * length, and sets in_len.
 */
void scsi_put_data(struct scsi_cmd *cmd, const void *data, size_t size, size_t allocation);

/* Data-out: copies up to @size bytes into @buf and returns how many the fabric offered of them. */
size_t scsi_get_data(const struct scsi_cmd *cmd, void *buf, size_t size);

#endif
