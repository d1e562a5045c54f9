/* SPDX-License-Identifier: Apache-2.0 */
/* tapeio.c: which kind of drive it is, and what both kinds share. See tapeio.h. */
#include "policy/tapeio.h"

#include <errno.h>
#include <sys/stat.h>

static const char *const names[] = {
	[TAPEIO_E_FILEMARK] = "filemark",
	[TAPEIO_E_EOD] = "end of data",
	[TAPEIO_E_BOP] = "beginning of the tape",
	[TAPEIO_E_FULL] = "end of the volume",
	[TAPEIO_E_NO_MEDIUM] = "no volume in the drive",
	[TAPEIO_E_PROTECTED] = "the volume is write protected",
	[TAPEIO_E_BUSY] = "another program uses the drive",
	[TAPEIO_E_LENGTH] = "the drive does not transfer blocks of this length",
	[TAPEIO_E_NO_DRIVE] = "no tape drive: use /dev/nstN, or a folder",
};

const char *tapeio_outcome_name(int outcome)
{
	if (outcome <= 0 || (size_t)outcome >= sizeof(names) / sizeof(names[0]))
		return "unknown outcome";
	return names[outcome];
}

int tapeio_open(const char *device, const char *volume, uint64_t capacity_bytes, bool write,
		struct tapeio **ret_tape)
{
	struct stat st;

	if (stat(device, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? TAPEIO_E_NO_DRIVE : -errno;
	if (S_ISDIR(st.st_mode))
		return tapeio_file_open(device, volume, capacity_bytes, write, ret_tape);
	if (S_ISCHR(st.st_mode))
		return tapeio_st_open(device, write, ret_tape);
	return TAPEIO_E_NO_DRIVE;
}

int tapeio_rewind(struct tapeio *t)
{
	return t->ops->rewind(t);
}

int tapeio_write(struct tapeio *t, const void *data, size_t size)
{
	if (size == 0 || size > TAPEIO_MAX_BLOCK)
		return size == 0 ? -EINVAL : TAPEIO_E_LENGTH;
	return t->ops->write_block(t, data, size);
}

int tapeio_write_filemarks(struct tapeio *t, unsigned count)
{
	return t->ops->write_filemarks(t, count);
}

int tapeio_read(struct tapeio *t, const uint8_t **ret_data, size_t *ret_size)
{
	return t->ops->read_block(t, ret_data, ret_size);
}

int tapeio_space_blocks(struct tapeio *t, int count)
{
	return t->ops->space_blocks(t, count);
}

int tapeio_space_filemarks(struct tapeio *t, int count)
{
	return t->ops->space_filemarks(t, count);
}

int tapeio_status(struct tapeio *t, struct tapeio_status *ret_status)
{
	return t->ops->status(t, ret_status);
}

int tapeio_close(struct tapeio *t)
{
	return t == NULL ? 0 : t->ops->close(t);
}
