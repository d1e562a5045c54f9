/* SPDX-License-Identifier: Apache-2.0 */
/* cmd.c: the data buffer of a command. */
#include "handlers/scsi/cmd.h"

#include <string.h>

size_t scsi_iov_length(const struct iovec *iov, int iov_cnt)
{
	size_t n = 0;

	for (int i = 0; i < iov_cnt; i++)
		n += iov[i].iov_len;
	return n;
}

void scsi_put_data(struct scsi_cmd *cmd, const void *data, size_t size, size_t allocation)
{
	const uint8_t *p = data;
	size_t left = size < allocation ? size : allocation;

	if (left > cmd->iov_len)
		left = cmd->iov_len;
	cmd->in_len = left;
	for (int i = 0; i < cmd->iov_cnt && left > 0; i++) {
		size_t n = cmd->iov[i].iov_len < left ? cmd->iov[i].iov_len : left;

		memcpy(cmd->iov[i].iov_base, p, n);
		p += n;
		left -= n;
	}
}

size_t scsi_get_data(const struct scsi_cmd *cmd, void *buf, size_t size)
{
	uint8_t *p = buf;
	size_t done = 0;

	for (int i = 0; i < cmd->iov_cnt && done < size; i++) {
		size_t n = cmd->iov[i].iov_len < size - done ? cmd->iov[i].iov_len : size - done;

		memcpy(p + done, cmd->iov[i].iov_base, n);
		done += n;
	}
	return done;
}
