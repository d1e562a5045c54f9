/* SPDX-License-Identifier: Apache-2.0 */
/* big_cartridge.c: see big_cartridge.h. */
#include "tests/support/big_cartridge.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/base/fs.h"
#include "lib/store/cart.h"

#define MARKS_AT_ONCE 8192u

static struct totals totals_before(const struct big_cartridge *b, uint64_t object)
{
	uint64_t file = big_files_before(b, object), bytes = (object - file) * b->block_size;

	return (struct totals){ object, file, bytes, bytes };
}

uint64_t big_files_before(const struct big_cartridge *b, uint64_t object)
{
	uint64_t last =
		(b->marks - 1) * (b->per_file + 1); /* the filemark that ends an empty file */

	return object <= last ? object / (b->per_file + 1) : b->marks;
}

uint64_t big_mark(const struct big_cartridge *b, uint64_t mark)
{
	if (mark == b->marks - 1)
		return mark * (b->per_file + 1);
	return mark * (b->per_file + 1) + b->per_file;
}

static bool is_mark(const struct big_cartridge *b, uint64_t object)
{
	return big_files_before(b, object + 1) > big_files_before(b, object);
}

/* Bytes of all frames before @object, segments apart. */
static uint64_t bytes_before(const struct big_cartridge *b, uint64_t object)
{
	return object * sizeof(struct disk_frame) + totals_before(b, object).stored_bytes;
}

uint64_t big_address(const struct big_cartridge *b, uint64_t object)
{
	uint64_t low = 0, high = b->segments;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (b->segment_first[middle] <= object)
			low = middle;
		else
			high = middle;
	}
	return (low << SEGMENT_SHIFT) + DATA_START + bytes_before(b, object) -
	       bytes_before(b, b->segment_first[low]);
}

/* The first object that has no room any more in a segment that begins with @first. */
static uint64_t segment_end(const struct big_cartridge *b, uint64_t first)
{
	uint64_t low = first + 1, high = b->objects + 1, start = bytes_before(b, first);

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (bytes_before(b, middle) - start <= SEGMENT_SIZE - 1 - DATA_START)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int lay_out(struct big_cartridge *b)
{
	uint64_t most = bytes_before(b, b->objects) / (SEGMENT_SIZE - CART_MAX_BLOCK) + 2;

	b->segment_first = calloc((size_t)most, sizeof(*b->segment_first));
	if (b->segment_first == NULL)
		return -ENOMEM;
	for (uint64_t o = 0; o < b->objects; o = segment_end(b, o))
		b->segment_first[b->segments++] = o;
	b->end = big_address(b, b->objects - 1);
	b->end += sizeof(struct disk_frame) + (is_mark(b, b->objects - 1) ? 0 : b->block_size);
	return 0;
}

static int put_segment_header(const struct big_cartridge *b, int fd, uint64_t number)
{
	struct disk_segment s = {
		.version = le32_from(FORMAT_VERSION),
		.number = le32_from((uint32_t)number),
		.stream = le32_from(STREAM_FIRST),
		.epoch = le64_from(b->maker->info.epoch),
		.first_object = le64_from(b->segment_first[number]),
	};

	memcpy(s.magic, SEGMENT_MAGIC, sizeof(s.magic));
	memcpy(s.uuid, b->maker->info.uuid, sizeof(s.uuid));
	memcpy(s.barcode, b->maker->info.barcode, strlen(b->maker->info.barcode));
	s.crc = le32_from(crc32c(0, &s, offsetof(struct disk_segment, crc)));
	return fs_pwrite(fd, &s, sizeof(s), 0);
}

static int data_file(const struct big_cartridge *b, uint64_t number)
{
	char name[40];
	uint64_t last = number + 1 < b->segments ? b->segment_first[number + 1] : b->objects;
	uint64_t size =
		DATA_START + bytes_before(b, last) - bytes_before(b, b->segment_first[number]);
	struct stat st;
	int fd;

	(void)snprintf(name, sizeof(name), "data.%08x.%08" PRIx64, STREAM_FIRST, number);
	fd = openat(b->folder, name, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || (st.st_size == 0 && (ftruncate(fd, (off_t)size) < 0 ||
						       put_segment_header(b, fd, number) < 0))) {
		(void)close(fd);
		return -EIO;
	}
	return fd;
}

int big_make_segments(const struct big_cartridge *b, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++) {
		int fd = data_file(b, n);

		if (fd < 0)
			return fd;
		(void)close(fd);
	}
	return 0;
}

static int table_file(const struct big_cartridge *b, const char *kind, uint64_t size)
{
	char name[40];
	int fd;

	(void)snprintf(name, sizeof(name), "%s.%08x", kind, STREAM_FIRST);
	fd = openat(b->folder, name, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (fd < 0)
		return -errno;
	if (size > 0 && ftruncate(fd, (off_t)size) < 0) {
		(void)close(fd);
		return -EIO;
	}
	return fd;
}

static int put_frame(const struct big_cartridge *b, uint64_t object, uint64_t address)
{
	struct totals before = totals_before(b, object);
	bool mark = is_mark(b, object);
	struct disk_frame f;
	int fd = data_file(b, address >> SEGMENT_SHIFT), r;

	if (fd < 0)
		return fd;
	b->maker->stable = object; /* as if each was synced */
	frame_make(b->maker, &f, mark ? FRAME_FILEMARK : FRAME_BLOCK, &before);
	if (!mark) {
		f.logical_size = f.stored_size = le32_from(b->block_size);
		f.logical_crc = f.stored_crc = le32_from(b->data_crc);
	}
	frame_seal(b->maker, &f);
	r = fs_pwrite(fd, &f, sizeof(f), address & (SEGMENT_SIZE - 1));
	(void)close(fd);
	return r;
}

int big_put(const struct big_cartridge *b, uint64_t object)
{
	uint64_t address = big_address(b, object);
	uint32_t size = is_mark(b, object) ? 0 : b->block_size;
	const struct disk_index_entry e = { le64_from(address), le32_from(size), le32_from(size) };
	int fd = table_file(b, "index", 0), r;

	if (fd < 0)
		return fd;
	r = fs_pwrite(fd, &e, sizeof(e), object * sizeof(e));
	(void)close(fd);
	return r < 0 ? r : put_frame(b, object, address);
}

int big_put_range(const struct big_cartridge *b, uint64_t from, uint64_t to)
{
	int r = 0;

	while (r == 0 && from < to)
		r = big_put(b, from++);
	return r;
}

static int put_tables(const struct big_cartridge *b)
{
	int fd = table_file(b, "index", b->objects * sizeof(struct disk_index_entry)), r = 0;
	le64 *marks = malloc(MARKS_AT_ONCE * sizeof(*marks));

	if (fd >= 0)
		(void)close(fd);
	fd = table_file(b, "marks", b->marks * sizeof(le64));
	for (uint64_t m = 0; fd >= 0 && marks != NULL && r == 0 && m < b->marks;
	     m += MARKS_AT_ONCE) {
		uint64_t n = b->marks - m < MARKS_AT_ONCE ? b->marks - m : MARKS_AT_ONCE;

		for (uint64_t i = 0; i < n; i++)
			marks[i] = le64_from(big_mark(b, m + i));
		r = fs_pwrite(fd, marks, (size_t)n * sizeof(*marks), m * sizeof(*marks));
	}
	if (marks == NULL)
		r = -ENOMEM;
	free(marks);
	if (fd >= 0)
		(void)close(fd);
	return fd < 0 ? fd : r;
}

/* The header that a writer of all this would have left. */
static int put_header(struct big_cartridge *b, const char *pool, const char *barcode)
{
	struct cart *c;
	int r = cart_open(pool, barcode, CART_OPEN_WRITE, &c);

	if (r != 0)
		return r < 0 ? r : -EINVAL;
	c->info.epoch = c->info.generation = 1;
	c->end_totals = totals_before(b, b->objects);
	c->stable = b->objects;
	c->end = b->end;
	info_update(c);
	r = header_store(c);
	b->maker->info = c->info;
	b->maker->stream = STREAM_FIRST;
	ignore_result(cart_close(c)); /* nothing is left to do */
	return r > 0 ? -ENOSPC : r;
}

static int open_folder(struct big_cartridge *b, const char *pool, const char *barcode)
{
	char path[512];
	uint8_t *zeros = calloc(1, b->block_size);

	(void)snprintf(path, sizeof(path), "%s/%s" CART_SUFFIX, pool, barcode);
	b->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b->maker = calloc(1, sizeof(*b->maker));
	if (zeros == NULL || b->maker == NULL || b->folder < 0) {
		free(zeros);
		return b->folder < 0 ? -ENOENT : -ENOMEM;
	}
	b->data_crc = crc32c(0, zeros, b->block_size);
	free(zeros);
	return 0;
}

int big_create(struct big_cartridge *b, const char *pool, const char *barcode)
{
	int r;

	b->objects = b->blocks + b->marks;
	b->per_file = b->blocks / (b->marks - 1);
	r = open_folder(b, pool, barcode);
	if (r == 0)
		r = lay_out(b);
	if (r == 0)
		r = put_header(b, pool, barcode);
	if (r == 0)
		r = put_tables(b);
	if (r == 0)
		r = big_put(b, 0);
	return r == 0 ? big_put(b, b->objects - 1) : r;
}

void big_free(struct big_cartridge *b)
{
	if (b->folder >= 0)
		(void)close(b->folder);
	free(b->segment_first);
	free(b->maker);
	*b = (struct big_cartridge){ .folder = -1 };
}
