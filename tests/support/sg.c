/* SPDX-License-Identifier: Apache-2.0 */
/* sg.c: see sg.h. */
#include "tests/support/sg.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include <scsi/sg.h>

#include "handlers/scsi/opcode.h"
#include "lib/base/bytes.h"

#define TIMEOUT_MS 60000u

int sg_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Where the length of an answer stands, what it does not count, and the allocation length. */
static const struct answer {
	uint8_t opcode;
	uint8_t at, width, more;
	uint8_t allocation_at, allocation_width;
} answers[] = {
	{ OP_REQUEST_SENSE, 7, 1, 8, 4, 1 },
	{ OP_MODE_SENSE_6, 0, 1, 1, 4, 1 },
	{ OP_MODE_SENSE_10, 0, 2, 2, 7, 2 },
	{ OP_LOG_SENSE, 2, 2, 4, 7, 2 },
	{ OP_REPORT_DENSITY_SUPPORT, 0, 2, 2, 7, 2 },
	{ OP_READ_ELEMENT_STATUS, 5, 3, 8, 7, 3 },
	{ 0x1c, 2, 2, 4, 3, 2 },  /* RECEIVE DIAGNOSTIC RESULTS */
	{ 0x8c, 0, 4, 4, 10, 4 }, /* READ ATTRIBUTE */
	{ 0xa2, 2, 2, 4, 6, 4 },  /* SECURITY PROTOCOL IN */
	{ 0xab, 0, 4, 4, 6, 4 },  /* SERVICE ACTION IN(12) */
};

static uint32_t get_wide(const uint8_t *p, unsigned width)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v = v << 8 | p[i];
	return v;
}

/* MAINTENANCE IN, INQUIRY, READ POSITION: each answer its own way. */
static size_t odd_length(const uint8_t *cdb, const uint8_t *data, size_t size, size_t *allocation)
{
	size_t whole = size;

	*allocation = size;
	if (cdb[0] == OP_INQUIRY) {
		*allocation = get_be16(cdb + 3);
		whole = (cdb[1] & 1) != 0 ? get_be16(data + 2) + 4u : data[4] + 5u;
	} else if (cdb[0] == OP_READ_BLOCK_LIMITS) {
		whole = 6;
	} else if (cdb[0] == OP_READ_POSITION) {
		unsigned form = cdb[1] & 0x1f;

		whole = form <= SA_READ_POSITION_SHORT_VENDOR ? 20 : 32;
		if (form == SA_READ_POSITION_EXTENDED)
			*allocation = get_be16(cdb + 7);
	} else if (cdb[0] == OP_MAINTENANCE_IN) {
		*allocation = get_be32(cdb + 6);
		if ((cdb[1] & 0x1f) != SA_REPORT_SUPPORTED_OPCODES)
			whole = (cdb[1] & 0x1f) == 0x0d ? 4 : get_be16(data) + 2u;
		else if ((cdb[2] & 7) == 0)
			whole = get_be32(data) + 4u;
		else
			whole = 4u + get_be16(data + 2) + ((data[1] & 0x80) != 0 ? 12 : 0);
	}
	return whole;
}

size_t sg_answer_length(const uint8_t *cdb, const uint8_t *data, size_t size)
{
	size_t allocation, whole;

	if (cdb[0] == OP_READ_6 && get_be24(cdb + 2) == 0)
		return 0;
	if (size < 8) /* not even the length fields: all of it */
		return size;
	whole = odd_length(cdb, data, size, &allocation);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *a = &answers[i];

		if (a->opcode != cdb[0])
			continue;
		allocation = get_wide(cdb + a->allocation_at, a->allocation_width);
		whole = get_wide(data + a->at, a->width) + a->more;
	}
	if (whole > allocation)
		whole = allocation;
	return whole < size ? whole : size;
}

int sg_execute(int fd, struct scsi_cmd *cmd, enum scsi_data direction, uint8_t *data, size_t size)
{
	struct sg_io_hdr io = { .interface_id = 'S',
				.cmd_len = (unsigned char)cmd->cdb_len,
				.cmdp = cmd->cdb,
				.sbp = cmd->sense,
				.mx_sb_len = SCSI_SENSE_SIZE,
				.timeout = TIMEOUT_MS };

	cmd->in_len = 0;
	cmd->sense_len = 0;
	cmd->data = direction;
	io.dxfer_direction = SG_DXFER_NONE;
	if (size > 0 && direction != DATA_NONE) {
		io.dxfer_direction = direction == DATA_IN ? SG_DXFER_FROM_DEV : SG_DXFER_TO_DEV;
		io.dxferp = data;
		io.dxfer_len = (unsigned)size;
	}
	if (ioctl(fd, SG_IO, &io) < 0)
		return -errno;
	if (io.host_status != 0 || (io.driver_status & 0x0f) > 8)
		return io.host_status == 3 ? -ETIMEDOUT : -EIO;
	cmd->sense_len = io.sb_len_wr;
	if (io.resid > (int)size) /* what LIO's core wanted to give beyond the room for it */
		io.resid = 0;
	if (direction == DATA_IN && size > 0 && (io.status == SCSI_GOOD || io.resid > 0))
		cmd->in_len = size - (size_t)(io.resid > 0 ? io.resid : 0);
	if (io.status == SCSI_GOOD && direction == DATA_IN && io.resid == 0)
		cmd->in_len = sg_answer_length(cmd->cdb, data, cmd->in_len);
	return io.status;
}
