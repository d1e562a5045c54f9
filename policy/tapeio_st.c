/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tapeio_st.c: a drive of Linux' st driver, /dev/nstN (st(4)).
 *
 * What is needed of the drive is little: variable block length, REWIND, WRITE, WRITE FILEMARKS,
 * READ, and for a tape of unknown length SPACE over one block backwards.  READ POSITION, MODE
 * pages and an honest end-of-data are not needed.
 *
 * How st reports things:
 *   write() fails with ENOSPC behind early warning (the block before it was written);
 *   read() returns 0 at a filemark, and once at end-of-data: MTIOCGET tells them apart;
 *   read() fails with ENOMEM where the block is longer than the buffer, and has passed it then;
 *   read() fails with EOVERFLOW, EINVAL or EBUSY where no such transfer can be made: nothing moved.
 * After a write, a rewind or close writes a filemark where the last object was a block.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mtio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "policy/tapeio.h"

#define TAPE_MAJOR 9
#define NO_REWIND  0x80 /* in the minor number: the nst devices */

#define MIB (1024u * 1024)
#define BUFFER_FIRST \
	(MIB + 64 * 1024) /* longer than a block of 1 MiB, so that one never fills it */
#define BUFFER_LEAST (64u * 1024)
#define BUFFER_MOST  (TAPEIO_MAX_BLOCK + 64 * 1024)

struct st_tape {
	struct tapeio base;
	int fd;
	bool transfers; /* a read of `size` bytes was accepted once */
	uint8_t *buffer;
	size_t size;  /* of the buffer */
	size_t limit; /* no longer transfer can be made */
};

static struct st_tape *self(struct tapeio *t)
{
	return (struct st_tape *)t;
}

static int operate(struct st_tape *s, short operation, int count)
{
	struct mtop op = { .mt_op = operation, .mt_count = count };
	int r;

	do
		r = ioctl(s->fd, MTIOCTOP, &op);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static long general_status(struct st_tape *s)
{
	struct mtget get;

	return ioctl(s->fd, MTIOCGET, &get) < 0 ? 0 : get.mt_gstat;
}

static int st_rewind(struct tapeio *t)
{
	return operate(self(t), MTREW, 1);
}

static int st_write_block(struct tapeio *t, const void *data, size_t size)
{
	ssize_t n;

	do
		n = write(self(t)->fd, data, size);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)size)
		return 0;
	if (n >= 0)
		return -EIO;
	switch (errno) {
	case ENOSPC:
		return TAPEIO_E_FULL;
	case EINVAL:
	case EOVERFLOW:
		return TAPEIO_E_LENGTH;
	case EACCES:
	case EROFS:
		return TAPEIO_E_PROTECTED;
	default:
		return -errno;
	}
}

static int st_write_filemarks(struct tapeio *t, unsigned count)
{
	int r = operate(self(t), MTWEOF, (int)count);

	return r == -ENOSPC ? TAPEIO_E_FULL : r;
}

static int resize(struct st_tape *s, size_t size)
{
	uint8_t *buffer = realloc(s->buffer, size);

	if (buffer == NULL)
		return -ENOMEM;
	s->buffer = buffer;
	s->size = size;
	s->transfers = false;
	return 0;
}

/* One read() of @size bytes. 0, -errno, TAPEIO_E_FILEMARK, TAPEIO_E_EOD. */
static int read_once(struct st_tape *s, size_t size, size_t *ret_size)
{
	ssize_t n;

	do
		n = read(s->fd, s->buffer, size);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EIO)
		return GMT_EOD(general_status(s)) != 0 ? TAPEIO_E_EOD : -EIO;
	if (n < 0)
		return -errno;
	if (n == 0)
		return GMT_EOD(general_status(s)) != 0 ? TAPEIO_E_EOD : TAPEIO_E_FILEMARK;
	*ret_size = (size_t)n;
	return 0;
}

/* The block was longer than the buffer: goes back before it, with a larger one. */
static int make_longer(struct st_tape *s)
{
	int r;

	if (s->size >= s->limit)
		return TAPEIO_E_LENGTH;
	r = operate(s, MTBSR, 1);
	return r < 0 ? r : resize(s, s->size * 2 < s->limit ? s->size * 2 : s->limit);
}

/* The host adapter does not transfer so much at once: tries with less. */
static int make_shorter(struct st_tape *s)
{
	s->limit = s->size > MIB ? MIB : s->size / 2;
	return resize(s, s->limit);
}

static bool transfer_refused(int r)
{
	return r == -EOVERFLOW || r == -EINVAL || r == -EBUSY;
}

/*
 * Looks twice at a block that filled the buffer: a real one does not fit into half of it.
 * Some drives give end-of-data such that st sees a block of whatever length was asked for; before
 * that is a filemark, which stops a movement over blocks, or which such a drive goes over.  What is
 * neither cannot be told: an error is better than an end that is none.
 */
static int doubt(struct st_tape *s, size_t *ret_size)
{
	int r;

	if (operate(s, MTBSR, 1) < 0)
		return TAPEIO_E_EOD;
	r = read_once(s, s->size / 2, ret_size);
	if (r == TAPEIO_E_FILEMARK || r == TAPEIO_E_EOD)
		return TAPEIO_E_EOD;
	if (r != -ENOMEM)
		return r < 0 ? r : -EIO;
	r = operate(s, MTBSR, 1);
	return r < 0 ? r : read_once(s, s->size, ret_size);
}

static int st_read_block(struct tapeio *t, const uint8_t **ret_data, size_t *ret_size)
{
	struct st_tape *s = self(t);
	size_t size = 0;
	int r;

	for (;;) {
		r = read_once(s, s->size, &size);
		if (r == -ENOMEM)
			r = make_longer(s);
		else if (transfer_refused(r) && !s->transfers && s->size > BUFFER_LEAST)
			r = make_shorter(s);
		else
			break;
		if (r != 0)
			return r;
	}
	s->transfers = s->transfers || r >= 0;
	if (r == 0 && size == s->size && t->unknown_end)
		r = doubt(s, &size);
	if (r != 0)
		return r;
	*ret_data = s->buffer;
	*ret_size = size;
	return 0;
}

/* Why a movement ended early: st says only EIO. */
static int stopped(struct st_tape *s, int r, int otherwise)
{
	long status;

	if (r != -EIO)
		return r;
	status = general_status(s);
	if (GMT_EOD(status) != 0)
		return TAPEIO_E_EOD;
	if (GMT_BOT(status) != 0)
		return TAPEIO_E_BOP;
	return GMT_EOF(status) != 0 ? otherwise : -EIO;
}

static int st_space_blocks(struct tapeio *t, int count)
{
	int r = operate(self(t), count < 0 ? MTBSR : MTFSR, abs(count));

	return stopped(self(t), r, TAPEIO_E_FILEMARK);
}

static int st_space_filemarks(struct tapeio *t, int count)
{
	int r = operate(self(t), count < 0 ? MTBSF : MTFSF, abs(count));

	return stopped(self(t), r, -EIO);
}

static int st_status(struct tapeio *t, struct tapeio_status *ret_status)
{
	struct mtget get;

	if (ioctl(self(t)->fd, MTIOCGET, &get) < 0)
		return -errno;
	*ret_status = (struct tapeio_status){
		.online = GMT_ONLINE(get.mt_gstat) != 0,
		.write_protected = GMT_WR_PROT(get.mt_gstat) != 0,
	};
	return 0;
}

static int st_close(struct tapeio *t)
{
	struct st_tape *s = self(t);
	int r = close(s->fd) < 0 ? -errno : 0;

	free(s->buffer);
	free(s);
	return r;
}

static const struct tapeio_ops st_ops = {
	.rewind = st_rewind,
	.write_block = st_write_block,
	.write_filemarks = st_write_filemarks,
	.read_block = st_read_block,
	.space_blocks = st_space_blocks,
	.space_filemarks = st_space_filemarks,
	.status = st_status,
	.close = st_close,
};

static int outcome_of_open(int error)
{
	switch (error) {
	case EBUSY:
		return TAPEIO_E_BUSY;
	case ENOMEDIUM:
		return TAPEIO_E_NO_MEDIUM;
	case EROFS:
		return TAPEIO_E_PROTECTED;
	case ENXIO:
	case ENODEV:
	case ENOENT:
		return TAPEIO_E_NO_DRIVE;
	default:
		return -error;
	}
}

/* Variable block length, and options that make a write's error the error of that write. */
static int set_mode(struct st_tape *s)
{
	struct mtget get;
	int r = 0;

	if (ioctl(s->fd, MTIOCGET, &get) < 0)
		return -errno;
	if ((get.mt_dsreg & MT_ST_BLKSIZE_MASK) >> MT_ST_BLKSIZE_SHIFT != 0)
		r = operate(s, MTSETBLK, 0);
	if (r == 0) /* only root may; without it errors come one write later, and we read back */
		ignore_result(operate(s, MTSETDRVBUFFER,
				      MT_ST_CLEARBOOLEANS | MT_ST_ASYNC_WRITES | MT_ST_TWO_FM));
	return r;
}

int tapeio_st_open(const char *device, bool write, struct tapeio **ret_tape)
{
	struct st_tape *s;
	struct stat st;
	int fd, r;

	/* before it is opened: opening another device may have an effect */
	if (stat(device, &st) < 0)
		return outcome_of_open(errno);
	if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != TAPE_MAJOR ||
	    (minor(st.st_rdev) & NO_REWIND) == 0)
		return TAPEIO_E_NO_DRIVE;
	/* not O_NONBLOCK: st waits for a drive that is still threading its tape */
	fd = open(device, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return outcome_of_open(errno);
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	s->base.ops = &st_ops;
	s->fd = fd;
	s->limit = BUFFER_MOST;
	r = set_mode(s);
	if (r == 0)
		r = resize(s, BUFFER_FIRST);
	if (r == 0)
		r = st_rewind(&s->base);
	if (r != 0) {
		(void)st_close(&s->base);
		return r;
	}
	*ret_tape = &s->base;
	return 0;
}
