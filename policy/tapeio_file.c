/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tapeio_file.c: a file that stands for a volume, in the format that the SIMH emulators read.
 *
 * A block is its length in 4 bytes little-endian, its data, a 0 byte where the length is odd, and
 * the length again.  A filemark is four 0 bytes.  End-of-data is the end of the file.  A length
 * field with one of its 4 high bits set is no block of ours and is reported as an error.
 *
 * Invariant: t->offset is at the beginning of an object or at the end of the file.  A write cuts
 * off what lies behind it.  Two handles of one volume are kept apart by flock().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/fs.h"
#include "policy/tapeio.h"

#define WORD 4

struct file_tape {
	struct tapeio base;
	int fd;
	bool writable;
	uint64_t offset, capacity; /* bytes of the file */
	uint8_t *buffer;           /* of the block read last; grows */
	size_t buffer_size;
};

static struct file_tape *self(struct tapeio *t)
{
	return (struct file_tape *)t;
}

static uint64_t record_size(uint32_t length)
{
	return length == 0 ? WORD : (uint64_t)length + (length & 1) + 2 * WORD;
}

/* The length word at @offset. TAPEIO_E_EOD at the end of the file. */
static int length_at(struct file_tape *f, uint64_t offset, uint32_t *ret_length)
{
	le32 word;
	size_t got;
	int r = fs_pread(f->fd, &word, sizeof(word), offset, &got);

	if (r < 0)
		return r;
	if (got == 0)
		return TAPEIO_E_EOD;
	if (got < sizeof(word))
		return -EIO;
	*ret_length = le32_get(word);
	if (*ret_length == UINT32_MAX) /* SIMH's mark for the end of the medium */
		return TAPEIO_E_EOD;
	return *ret_length > TAPEIO_MAX_BLOCK ? -EIO : 0;
}

static int file_rewind(struct tapeio *t)
{
	struct file_tape *f = self(t);

	f->offset = 0;
	return f->writable && fdatasync(f->fd) < 0 ? -errno : 0;
}

/* Appends at the position and cuts off what was behind. */
static int append(struct file_tape *f, const struct iovec *iov, int iov_cnt, uint64_t size)
{
	int r;

	if (!f->writable)
		return TAPEIO_E_PROTECTED;
	if (f->capacity > 0 && f->offset + size > f->capacity)
		return TAPEIO_E_FULL;
	if (ftruncate(f->fd, (off_t)f->offset) < 0)
		return -errno;
	r = fs_pwritev(f->fd, iov, iov_cnt, f->offset);
	if (r < 0) {
		/* half an object must not stand there; where even this fails, reading reports it */
		ignore_result(ftruncate(f->fd, (off_t)f->offset));
		return r == -ENOSPC || r == -EDQUOT ? TAPEIO_E_FULL : r;
	}
	f->offset += size;
	return 0;
}

static int file_write_block(struct tapeio *t, const void *data, size_t size)
{
	static uint8_t pad;
	le32 length = le32_from((uint32_t)size);
	struct iovec iov[] = {
		{ .iov_base = &length, .iov_len = sizeof(length) },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = size },
		{ .iov_base = &pad, .iov_len = size & 1 },
		{ .iov_base = &length, .iov_len = sizeof(length) },
	};

	return append(self(t), iov, 4, record_size((uint32_t)size));
}

static int file_write_filemarks(struct tapeio *t, unsigned count)
{
	struct file_tape *f = self(t);
	le32 mark = le32_from(0);
	struct iovec iov = { .iov_base = &mark, .iov_len = sizeof(mark) };
	int r = 0;

	for (; r == 0 && count > 0; count--)
		r = append(f, &iov, 1, WORD);
	if (r == 0 && fdatasync(f->fd) < 0)
		r = -errno;
	return r;
}

static int grow(struct file_tape *f, size_t size)
{
	uint8_t *bigger;

	if (size <= f->buffer_size)
		return 0;
	bigger = realloc(f->buffer, size);
	if (bigger == NULL)
		return -ENOMEM;
	f->buffer = bigger;
	f->buffer_size = size;
	return 0;
}

static int file_read_block(struct tapeio *t, const uint8_t **ret_data, size_t *ret_size)
{
	struct file_tape *f = self(t);
	uint32_t length;
	int r = length_at(f, f->offset, &length);

	if (r != 0)
		return r;
	if (length == 0) {
		f->offset += WORD;
		return TAPEIO_E_FILEMARK;
	}
	r = grow(f, length);
	if (r == 0)
		r = fs_pread_exact(f->fd, f->buffer, length, f->offset + WORD);
	if (r < 0)
		return r == -ENODATA ? -EIO : r; /* the file was cut */
	f->offset += record_size(length);
	*ret_data = f->buffer;
	*ret_size = length;
	return 0;
}

/* Passes one object; *ret_length is 0 for a filemark. */
static int pass(struct file_tape *f, bool back, uint32_t *ret_length)
{
	int r;

	if (back && f->offset == 0)
		return TAPEIO_E_BOP;
	r = length_at(f, back ? f->offset - WORD : f->offset, ret_length);
	if (r != 0)
		return r == TAPEIO_E_EOD && back ? -EIO : r;
	if (!back)
		f->offset += record_size(*ret_length);
	else if (f->offset < record_size(*ret_length))
		return -EIO;
	else
		f->offset -= record_size(*ret_length);
	return 0;
}

static int file_space_blocks(struct tapeio *t, int count)
{
	uint32_t length = 1;
	int r = 0;

	for (int i = count; r == 0 && i != 0 && length != 0; i += i < 0 ? 1 : -1)
		r = pass(self(t), count < 0, &length);
	return r == 0 && length == 0 ? TAPEIO_E_FILEMARK : r;
}

static int file_space_filemarks(struct tapeio *t, int count)
{
	uint32_t length;
	int r = 0;

	for (int i = count; r == 0 && i != 0;) {
		r = pass(self(t), count < 0, &length);
		if (r == 0 && length == 0)
			i += i < 0 ? 1 : -1;
	}
	return r;
}

static int file_status(struct tapeio *t, struct tapeio_status *ret_status)
{
	*ret_status =
		(struct tapeio_status){ .online = true, .write_protected = !self(t)->writable };
	return 0;
}

static int file_close(struct tapeio *t)
{
	struct file_tape *f = self(t);
	int r = f->writable && fdatasync(f->fd) < 0 ? -errno : 0;

	if (close(f->fd) < 0 && r == 0)
		r = -errno;
	free(f->buffer);
	free(f);
	return r;
}

static const struct tapeio_ops file_ops = {
	.rewind = file_rewind,
	.write_block = file_write_block,
	.write_filemarks = file_write_filemarks,
	.read_block = file_read_block,
	.space_blocks = file_space_blocks,
	.space_filemarks = file_space_filemarks,
	.status = file_status,
	.close = file_close,
};

/* Opens VOLUME.tap and locks it; the fd, an outcome, or -errno. */
static int open_volume(const char *folder, const char *volume, bool write, int *ret_fd)
{
	char name[BARCODE_SIZE + sizeof(".tap")];
	int dir, fd, r = 0;

	if (!barcode_is_valid(volume))
		return *volume == '\0' ? TAPEIO_E_NO_MEDIUM : -EINVAL;
	(void)snprintf(name, sizeof(name), "%s.tap", volume);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = openat(dir, name, (write ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW,
		    0660);
	if (fd < 0)
		r = errno == ENOENT ? TAPEIO_E_NO_MEDIUM
				    : (errno == EACCES && write ? TAPEIO_E_PROTECTED : -errno);
	else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = errno == EWOULDBLOCK ? TAPEIO_E_BUSY : -errno;
	if (r == 0 && write)
		r = fs_sync_dir(dir);
	(void)close(dir);
	if (r != 0 && fd >= 0)
		(void)close(fd);
	*ret_fd = fd;
	return r;
}

int tapeio_file_open(const char *folder, const char *volume, uint64_t capacity_bytes, bool write,
		     struct tapeio **ret_tape)
{
	struct file_tape *f;
	int fd = -1, r = open_volume(folder, volume, write, &fd);

	if (r != 0)
		return r;
	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	f->base.ops = &file_ops;
	f->fd = fd;
	f->writable = write;
	f->capacity = capacity_bytes;
	*ret_tape = &f->base;
	return 0;
}
