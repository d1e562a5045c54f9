/* SPDX-License-Identifier: Apache-2.0 */
/* shadow.c: see shadow.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/shadow.h"

struct shadow {
	struct backend base;
	struct backend *real;
	bool owned; /* the real one is closed with it */
	void *header;
	size_t header_size;
	int table[BACKEND_TABLES]; /* files without a name */
	bool cut;
	uint64_t cut_address;
};

static struct shadow *shadow(struct backend *b)
{
	return (struct shadow *)(void *)b;
}

static int header_read(struct backend *b, void **ret_data, size_t *ret_size)
{
	const struct shadow *s = shadow(b);
	void *copy;

	if (s->header == NULL)
		return -ENOENT;
	copy = malloc(s->header_size + 1);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, s->header, s->header_size);
	*ret_data = copy;
	*ret_size = s->header_size;
	return 0;
}

static int header_write(struct backend *b, const void *data, size_t size)
{
	struct shadow *s = shadow(b);
	void *copy = malloc(size + 1);

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, data, size);
	free(s->header);
	s->header = copy;
	s->header_size = size;
	return 0;
}

static int lock(struct backend *b, bool exclusive)
{
	(void)b;
	(void)exclusive;
	return 0; /* the real one holds it */
}

static int data_read(struct backend *b, uint32_t stream, uint64_t address, void *buf, size_t size,
		     size_t *ret_size)
{
	struct backend *real = shadow(b)->real;

	return real->ops->read(real, stream, address, buf, size, ret_size);
}

static int data_readv(struct backend *b, uint32_t stream, uint64_t address, const struct iovec *iov,
		      int iov_cnt, size_t *ret_size)
{
	struct backend *real = shadow(b)->real;

	return real->ops->readv(real, stream, address, iov, iov_cnt, ret_size);
}

static int data_append(struct backend *b, uint32_t stream, uint64_t address,
		       const struct iovec *iov, int iov_cnt)
{
	(void)b;
	(void)stream;
	(void)address;
	(void)iov;
	(void)iov_cnt;
	return -EROFS; /* a repair writes no data */
}

static int data_truncate(struct backend *b, uint32_t stream, uint64_t address)
{
	struct shadow *s = shadow(b);

	(void)stream;
	s->cut = true;
	s->cut_address = address;
	return 0;
}

static int data_sync(struct backend *b)
{
	(void)b;
	return 0;
}

static int table_read(struct backend *b, enum backend_table table, uint32_t stream, uint64_t offset,
		      void *buf, size_t size, size_t *ret_size)
{
	(void)stream;
	return fs_pread(shadow(b)->table[table], buf, size, offset, ret_size);
}

static int table_write(struct backend *b, enum backend_table table, uint32_t stream,
		       uint64_t offset, const void *buf, size_t size)
{
	(void)stream;
	return fs_pwrite(shadow(b)->table[table], buf, size, offset);
}

static int table_truncate(struct backend *b, enum backend_table table, uint32_t stream,
			  uint64_t size)
{
	(void)stream;
	return ftruncate(shadow(b)->table[table], (off_t)size) < 0 ? -errno : 0;
}

static int table_size(struct backend *b, enum backend_table table, uint32_t stream,
		      uint64_t *ret_size)
{
	struct stat st;

	(void)stream;
	if (fstat(shadow(b)->table[table], &st) < 0)
		return -errno;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static int table_renew(struct backend *b, uint32_t stream)
{
	int r = table_truncate(b, TABLE_INDEX, stream, 0);

	return r == 0 ? table_truncate(b, TABLE_MARKS, stream, 0) : r;
}

static int keep_only(struct backend *b, uint32_t stream, uint64_t address)
{
	(void)b;
	(void)stream;
	(void)address;
	return 0;
}

static int disk_bytes(struct backend *b, uint64_t *ret_bytes)
{
	struct backend *real = shadow(b)->real;

	return real->ops->disk_bytes(real, ret_bytes);
}

static int room(struct backend *b, uint64_t *ret_bytes)
{
	struct backend *real = shadow(b)->real;

	return real->ops->room(real, ret_bytes);
}

static void shadow_close(struct backend *b)
{
	struct shadow *s = shadow(b);

	if (b == NULL)
		return;
	for (int t = 0; t < BACKEND_TABLES; t++)
		if (s->table[t] >= 0)
			(void)close(s->table[t]); /* it had no name: nothing is left */
	if (s->owned)
		s->real->ops->close(s->real);
	free(s->header);
	free(s);
}

static const struct backend_ops shadow_ops = {
	.header_read = header_read,
	.header_write = header_write,
	.lock = lock,
	.read = data_read,
	.readv = data_readv,
	.append = data_append,
	.truncate = data_truncate,
	.sync = data_sync,
	.table_read = table_read,
	.table_write = table_write,
	.table_truncate = table_truncate,
	.table_size = table_size,
	.table_renew = table_renew,
	.keep_only = keep_only,
	.disk_bytes = disk_bytes,
	.room = room,
	.close = shadow_close,
};

/* In the pool, which has room for tables; elsewhere where the file system knows no such files. */
static int nameless_file(int pool_fd)
{
	int fd = openat(pool_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = memfd_create("vtl-tables", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int shadow_open(struct backend *real, int pool_fd, struct backend **ret_shadow)
{
	struct shadow *s = calloc(1, sizeof(*s));
	int r = 0;

	if (s == NULL)
		return -ENOMEM;
	*s = (struct shadow){ .base.ops = &shadow_ops, .real = real };
	for (int t = 0; t < BACKEND_TABLES; t++) {
		s->table[t] = nameless_file(pool_fd);
		if (s->table[t] < 0)
			r = s->table[t];
	}
	if (r < 0) {
		shadow_close(&s->base);
		return r;
	}
	*ret_shadow = &s->base;
	return 0;
}

void shadow_own(struct backend *b)
{
	shadow(b)->owned = true;
}

int shadow_set_header(struct backend *b, const void *data, size_t size)
{
	return header_write(b, data, size);
}

const void *shadow_header(const struct backend *b, size_t *ret_size)
{
	const struct shadow *s = (const struct shadow *)(const void *)b;

	*ret_size = s->header_size;
	return s->header;
}

bool shadow_cut(const struct backend *b, uint64_t *ret_address)
{
	const struct shadow *s = (const struct shadow *)(const void *)b;

	*ret_address = s->cut_address;
	return s->cut;
}
