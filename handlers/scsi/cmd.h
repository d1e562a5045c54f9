/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h: one SCSI command on its way through a unit.
 *
 * The transport (handlers/tcmu, or a test) fills the first part and calls unit_execute(); it finds
 * the answer in the second. Nothing here knows tcmu.
 */
#ifndef VTL_SCSI_CMD_H
#define VTL_SCSI_CMD_H

#include <stdbool.h>
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

/* Which way a command's data goes, as its row says. */
enum scsi_data {
	DATA_NONE = 0,
	DATA_IN,  /* to the host */
	DATA_OUT, /* from the host */
};

struct scsi_cmd {
	/* from the transport */
	uint8_t cdb[SCSI_CDB_MAX]; /* zero behind cdb_len */
	size_t cdb_len;    /* 6, 10, 12, 16 by the opcode's group; 0 for a group of unknown length:
			      refused */
	struct iovec *iov; /* borrowed; the data buffer, not consumed */
	int iov_cnt;
	size_t iov_len; /* sum of iov, the length that the fabric offers (may differ from the CDB's)
			 */

	/* to the transport */
	uint8_t sense[SCSI_SENSE_SIZE]; /* valid with SCSI_CHECK_CONDITION */
	size_t sense_len;
	enum scsi_data data; /* DATA_NONE for a command without a row */
	size_t in_len; /* data-in bytes valid in iov, with GOOD and with CHECK CONDITION (a short
			  block with ILI).  With GOOD and DATA_IN the transport fills what lies
			  behind with zeros, so that no old data leaks */
};

/* Sum of the lengths. */
size_t scsi_iov_length(const struct iovec *iov, int iov_cnt);

/* Data-in: copies @size bytes of @data, cut at @allocation and at the fabric's length, and sets
 * in_len. */
void scsi_put_data(struct scsi_cmd *cmd, const void *data, size_t size, size_t allocation);

/* The same at byte @offset of the data, up to which the data is there already; nothing where the
 * fabric's length ends before that. */
void scsi_put_data_at(struct scsi_cmd *cmd, size_t offset, const void *data, size_t size);

/* Data-out: copies up to @size bytes into @buf and returns how many the fabric offered of them. */
size_t scsi_get_data(const struct scsi_cmd *cmd, void *buf, size_t size);

/* Data-out: whether the @size bytes from @offset on are those of @data; false where there are
 * fewer.
 */
bool scsi_data_equals(const struct scsi_cmd *cmd, size_t offset, const void *data, size_t size);

#endif
