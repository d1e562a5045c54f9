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

/* The piece of entry @v that lies in the @size bytes from byte @offset on, where the entry begins
 * at byte @at; its length, 0 where it has none. */
static size_t piece(const struct iovec *v, size_t at, size_t offset, size_t size, size_t *ret_from)
{
	size_t from = offset > at ? offset - at : 0, end = offset + size;

	*ret_from = from;
	if (from >= v->iov_len || at + from >= end)
		return 0;
	return v->iov_len - from < end - at - from ? v->iov_len - from : end - at - from;
}

void scsi_put_data_at(struct scsi_cmd *cmd, size_t offset, const void *data, size_t size)
{
	size_t at = 0;

	if (offset >= cmd->iov_len)
		return;
	if (size > cmd->iov_len - offset)
		size = cmd->iov_len - offset;
	for (int i = 0; i < cmd->iov_cnt; at += cmd->iov[i++].iov_len) {
		size_t from, n = piece(&cmd->iov[i], at, offset, size, &from);

		if (n > 0)
			memcpy((uint8_t *)cmd->iov[i].iov_base + from,
			       (const uint8_t *)data + (at + from - offset), n);
	}
	cmd->in_len = offset + size;
}

void scsi_put_data(struct scsi_cmd *cmd, const void *data, size_t size, size_t allocation)
{
	cmd->in_len = 0;
	scsi_put_data_at(cmd, 0, data, size < allocation ? size : allocation);
}

bool scsi_data_equals(const struct scsi_cmd *cmd, size_t offset, const void *data, size_t size)
{
	size_t at = 0;

	if (offset > cmd->iov_len || size > cmd->iov_len - offset)
		return false;
	for (int i = 0; i < cmd->iov_cnt; at += cmd->iov[i++].iov_len) {
		size_t from, n = piece(&cmd->iov[i], at, offset, size, &from);

		if (n > 0 && memcmp((const uint8_t *)cmd->iov[i].iov_base + from,
				    (const uint8_t *)data + (at + from - offset), n) != 0)
			return false;
	}
	return true;
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
