/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair.c: cart_repair(): plan on a shadow, compare, back up, carry over.  repair.h says how the
 * parts fit together; cartridge.h what is promised.
 *
 * Order of the carrying over: tables, which nobody believes; then the cut, of bytes that no header
 * counts, neither the old nor the new one; the header last.  So whatever interrupts it, the next
 * repair makes the same plan out of the same data.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/reaper.h"
#include "lib/store/repair.h"

#define BATCH       4096u /* index entries compared at a time */
#define TABLE_CHUNK (64u * 1024)
#define TAIL_CHUNK  (64u * 1024)

bool cart_repair_changed(const struct cart_repair *repair)
{
	return repair->header_changed || repair->tables_rebuilt || repair->cut_bytes > 0;
}

void repair_say(struct repair *r, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	if (r->options->say == NULL)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0) {
		r->options->say(r->options->ctx, text);
		free(text);
	}
	va_end(args);
}

/* ---- what is there ---- */

static int add_segment(struct repair *r, const struct repair_segment *segment)
{
	struct repair_segment *more =
		realloc(r->segments, (r->segments_cnt + 1) * sizeof(*r->segments));

	if (more == NULL)
		return -ENOMEM;
	r->segments = more;
	r->segments[r->segments_cnt++] = *segment;
	return 0;
}

/* Exactly the names that the format has: a stray file of a similar one is nobody's data. */
static bool parse_name(const char *name, struct repair_segment *ret_segment)
{
	char exact[FILE_NAME_BYTES];
	uint32_t stream;
	uint64_t number;

	if (sscanf(name, "data.%8" SCNx32 ".%8" SCNx64, &stream, &number) != 2 || stream == 0 ||
	    number >= ADDRESS_LIMIT >> SEGMENT_SHIFT)
		return false;
	segment_file_name(exact, stream, number);
	*ret_segment = (struct repair_segment){ .stream = stream, .number = number };
	return strcmp(name, exact) == 0;
}

static int list_segments(struct repair *r)
{
	int fd = openat(r->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), o = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (dir == NULL) {
		o = -errno;
		if (fd >= 0)
			(void)close(fd);
		return o;
	}
	while (o == 0 && (e = readdir(dir)) != NULL) {
		struct stat st;
		struct repair_segment segment;

		if (!parse_name(e->d_name, &segment))
			continue;
		if (fstatat(r->folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			o = -errno;
		} else if (S_ISREG(st.st_mode)) {
			segment.size = (uint64_t)st.st_size;
			o = add_segment(r, &segment);
		}
	}
	(void)closedir(dir);
	return o;
}

static int open_all(struct repair *r)
{
	int o;

	(void)snprintf(r->name, sizeof(r->name), "%s%s", r->barcode, CART_SUFFIX);
	r->pool_fd = open(r->pool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->pool_fd < 0)
		return -errno;
	r->folder = openat(r->pool_fd, r->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (r->folder < 0)
		return errno == ENOENT || errno == ENOTDIR ? CART_E_ABSENT : -errno;
	o = backend_local_open(r->pool, r->name, !r->options->dry_run, &r->real);
	if (o < 0)
		return o;
	o = r->real->ops->lock(r->real, true);
	if (o == -EBADF &&
	    r->options->dry_run) /* the lock's file cannot be written: nor can others */
		o = r->real->ops->lock(r->real, false);
	if (o < 0)
		return o == -EAGAIN ? CART_E_BUSY : o;
	o = r->real->ops->header_read(r->real, &r->header, &r->header_size);
	if (o < 0) {
		r->header = NULL;
		r->header_size = 0;
		if (o != -ENOENT && o != -EIO && o != -EFBIG && o != -EINVAL)
			return o; /* it may be there, and good */
	}
	o = list_segments(r);
	r->c = o == 0 ? calloc(1, sizeof(*r->c)) : NULL;
	if (o == 0 && r->c == NULL)
		o = -ENOMEM;
	if (o == 0)
		o = shadow_open(r->real, r->pool_fd, &r->c->backend);
	if (o == 0)
		r->c->flags = CART_OPEN_WRITE | CART_OPEN_ADMIN;
	if (o == 0)
		r->c->doubts = true;
	return o;
}

static void close_all(struct repair *r)
{
	if (r->c != NULL) {
		if (r->c->backend != NULL)
			r->c->backend->ops->close(r->c->backend);
		rows_clear(&r->c->rows);
		free(r->c->unknown_records);
		cart_attributes_clear(&r->c->attributes);
		free(r->c->buffer);
		free(r->c);
	}
	if (r->real != NULL)
		r->real->ops->close(r->real);
	free(r->header);
	free(r->segments);
	division_free(r->division);
	if (r->folder >= 0)
		(void)close(r->folder);
	if (r->pool_fd >= 0)
		(void)close(r->pool_fd);
}

/* ---- the plan ---- */

/* A header says that it is damaged in a way of which nothing knows any more. */
static int leave_damaged_state(struct repair *r)
{
	struct cart *c = r->c;

	if (c->info.state != CART_DAMAGED)
		return 0;
	repair_say(r, "header: the state was damaged (%s)", c->info.damage);
	c->info.state = CART_RESIDENT;
	for (unsigned i = 0; i < c->info.copies_cnt; i++)
		if (c->info.copies[i].generation == c->info.generation)
			c->info.state = CART_PREMIGRATED;
	memset(c->info.damage, 0, sizeof(c->info.damage));
	return header_store(c);
}

/* The shadow gets the recording of a header that is true. */
static int plan_recording(struct repair *r)
{
	struct cart *c = r->c;
	int o;

	if (r->report.header_rebuilt)
		return 0; /* recovered already */
	stream_select(c, c->live_stream, &c->end_totals, c->end);
	if (c->clean) {
		o = rebuild_index(c);
		return o == 0 ? leave_damaged_state(r) : o;
	}
	r->report.recovered = true;
	repair_say(r, "the last writer did not close the cartridge: its end is looked for");
	o = recover_tail(c);
	return o == 0 ? leave_damaged_state(r) : o;
}

/* Whether any byte of the file behind @offset is not 0. */
static int tail_matters(const struct repair *r, const struct repair_segment *s, uint64_t offset,
			bool *ret_matters)
{
	uint8_t *data = malloc(TAIL_CHUNK);
	size_t got = 1;
	int o = data == NULL ? -ENOMEM : 0;

	*ret_matters = false;
	while (o == 0 && got > 0 && !*ret_matters) {
		o = r->real->ops->read(r->real, s->stream, (s->number << SEGMENT_SHIFT) + offset,
				       data, TAIL_CHUNK, &got);
		for (size_t i = 0; o == 0 && i < got; i++)
			*ret_matters |= data[i] != 0;
		offset += got;
		if (offset >= SEGMENT_SIZE)
			break;
	}
	free(data);
	if (o == -EIO) {
		*ret_matters = true; /* it goes away, and cannot be kept */
		o = 0;
	}
	return o;
}

/* Bytes that lie behind the end: zeros are only room that was reserved. */
static int plan_cut(struct repair *r)
{
	uint64_t number, offset;
	bool matters = false, zeros = true;
	int o = 0;

	if (!shadow_cut(r->c->backend, &r->cut_address))
		r->cut_address = r->c->end;
	number = r->cut_address >> SEGMENT_SHIFT;
	offset = r->cut_address & (SEGMENT_SIZE - 1);
	for (size_t i = 0; o == 0 && i < r->segments_cnt; i++) {
		const struct repair_segment *s = &r->segments[i];
		uint64_t from = s->number == number ? offset : 0;

		if (s->stream != r->c->stream || s->number < number || s->size <= from || s->dead)
			continue; /* the dead ones are the next writer's to delete */
		r->report.cut_bytes += s->size - from;
		if (!matters)
			o = tail_matters(r, s, from, &matters);
		zeros = zeros && !matters;
	}
	r->cuts = !zeros;
	if (zeros)
		r->report.cut_bytes = 0;
	else if (o == 0)
		repair_say(r, "data: %" PRIu64 " bytes behind the end of the recording are cut",
			   r->report.cut_bytes);
	return o;
}

/* ---- index and marks ---- */

static int real_read(struct repair *r, enum backend_table table, uint64_t offset, void *data,
		     size_t size, size_t *ret_size)
{
	int o = r->real->ops->table_read(r->real, table, r->c->stream, offset, data, size,
					 ret_size);

	if (o == -EIO) { /* it can be made anew */
		*ret_size = 0;
		return 0;
	}
	return o;
}

/*
 * A single object that cannot be found, between two that can: where the entry that is there fills
 * the gap exactly, it is right, and knows more than the data does.
 */
static bool entry_fills_gap(struct repair *r, uint64_t n, const struct disk_index_entry *e)
{
	struct cart *c = r->c;
	uint64_t address = le64_get(e->address), begin = DATA_START, end = c->end;
	uint32_t logical = le32_get(e->logical_size), stored = le32_get(e->stored_size);
	struct object o;

	if (address == INDEX_DAMAGED || logical > CART_MAX_BLOCK ||
	    stored > logical + (cart_has_encrypted(c) ? CRYPT_OVERHEAD : 0) ||
	    (stored == 0) != (logical == 0))
		return false;
	if (n > 0) {
		if (index_get(c, n - 1, &o) != 0 || o.address == INDEX_DAMAGED)
			return false;
		begin = o.address + frame_size(&o);
	}
	if (n + 1 < c->end_totals.objects) {
		if (index_get(c, n + 1, &o) != 0 || o.address == INDEX_DAMAGED)
			return false;
		end = o.address;
	}
	return address == begin && address + sizeof(struct disk_frame) + stored == end;
}

/* Is object @n among the marks of the shadow? */
static bool is_mark(struct cart *c, uint64_t n)
{
	uint64_t file, object;

	return marks_before(c, n, &file) == 0 && marks_get(c, file, &object) == 0 && object == n;
}

/* Compares entry @n; one that is right although the data does not tell is taken over. */
static int compare_entry(struct repair *r, uint64_t n, const struct disk_index_entry *wanted,
			 const struct disk_index_entry *there, bool *ret_equal)
{
	struct backend *shadow = r->c->backend;

	*ret_equal = memcmp(wanted, there, sizeof(*wanted)) == 0;
	if (*ret_equal || le64_get(wanted->address) != INDEX_DAMAGED ||
	    !entry_fills_gap(r, n, there) ||
	    (le32_get(there->logical_size) == 0) != is_mark(r->c, n))
		return 0;
	*ret_equal = true;
	return shadow->ops->table_write(shadow, TABLE_INDEX, r->c->stream, n * sizeof(*there),
					there, sizeof(*there));
}

static int compare_batch(struct repair *r, uint64_t first, size_t count,
			 struct disk_index_entry *wanted, struct disk_index_entry *there)
{
	struct backend *shadow = r->c->backend;
	size_t bytes = count * sizeof(*wanted), got = 0, entries;
	int o = shadow->ops->table_read(shadow, TABLE_INDEX, r->c->stream, first * sizeof(*wanted),
					wanted, bytes, &got);

	if (o == 0 && got != bytes)
		o = -EIO;
	if (o == 0)
		o = real_read(r, TABLE_INDEX, first * sizeof(*wanted), there, bytes, &got);
	entries = got / sizeof(*there);
	for (size_t i = 0; o == 0 && i < count; i++) {
		bool equal = false;

		r->report.lost += le64_get(wanted[i].address) == INDEX_DAMAGED;
		if (i < entries)
			o = compare_entry(r, first + i, &wanted[i], &there[i], &equal);
		if (o == 0 && !equal && !r->tables_change) {
			r->tables_change = true;
			repair_say(r,
				   "index: wrong from object %" PRIu64 " on, or missing; it is "
				   "made anew from the data",
				   first + i);
		}
	}
	return o;
}

static int compare_index(struct repair *r)
{
	struct disk_index_entry *wanted = malloc(2 * BATCH * sizeof(*wanted));
	uint64_t objects = r->c->end_totals.objects;
	int o = wanted == NULL ? -ENOMEM : 0;

	for (uint64_t n = 0; o == 0 && n < objects; n += BATCH) {
		size_t count = objects - n < BATCH ? (size_t)(objects - n) : BATCH;

		o = compare_batch(r, n, count, wanted, wanted + BATCH);
	}
	free(wanted);
	return o;
}

static int compare_marks(struct repair *r)
{
	struct backend *shadow = r->c->backend;
	uint64_t size = r->c->end_totals.filemarks * sizeof(le64);
	uint8_t *data = malloc(2 * TABLE_CHUNK);
	int o = data == NULL ? -ENOMEM : 0;

	for (uint64_t at = 0; o == 0 && at < size && !r->tables_change; at += TABLE_CHUNK) {
		size_t want = size - at < TABLE_CHUNK ? (size_t)(size - at) : TABLE_CHUNK;
		size_t got = 0, found = 0;

		o = shadow->ops->table_read(shadow, TABLE_MARKS, r->c->stream, at, data, want,
					    &got);
		if (o == 0)
			o = real_read(r, TABLE_MARKS, at, data + TABLE_CHUNK, want, &found);
		if (o == 0 && (found != want || memcmp(data, data + TABLE_CHUNK, want) != 0)) {
			r->tables_change = true;
			repair_say(r, "marks: wrong or missing; made anew from the data");
		}
	}
	free(data);
	return o;
}

static int make_plan(struct repair *r)
{
	const void *header;
	size_t size;
	int o = repair_header(r);

	if (o == 0 && r->c->info.state != CART_MIGRATED && r->c->info.state != CART_RECALLING) {
		o = plan_recording(r);
		if (o == CART_E_FOREIGN && !r->report.header_rebuilt)
			o = repair_header_anew(r, "it is older than the data");
		if (o == 0 && !r->report.header_rebuilt)
			o = repair_mark_dead(r);
		if (o == 0)
			o = plan_cut(r);
		if (o == 0)
			o = compare_index(r);
		if (o == 0)
			o = compare_marks(r);
	}
	if (o != 0)
		return o;
	header = shadow_header(r->c->backend, &size);
	r->header_changes =
		r->header == NULL || size != r->header_size || memcmp(header, r->header, size) != 0;
	r->report.header_changed = r->header_changes;
	r->report.tables_rebuilt = r->tables_change;
	r->report.objects = r->c->end_totals.objects;
	return 0;
}

/* ---- carrying it over ---- */

static int carry_table(struct repair *r, enum backend_table table, uint64_t size)
{
	struct backend *shadow = r->c->backend;
	uint8_t *data = malloc(TABLE_CHUNK);
	int o = data == NULL ? -ENOMEM : 0;

	for (uint64_t at = 0; o == 0 && at < size; at += TABLE_CHUNK) {
		size_t want = size - at < TABLE_CHUNK ? (size_t)(size - at) : TABLE_CHUNK, got = 0;

		o = shadow->ops->table_read(shadow, table, r->c->stream, at, data, want, &got);
		if (o == 0)
			o = r->real->ops->table_write(r->real, table, r->c->stream, at, data, got);
	}
	free(data);
	return o;
}

static int carry_over(struct repair *r)
{
	struct cart *c = r->c;
	size_t size;
	const void *header = shadow_header(c->backend, &size);
	uint64_t digests = 0, rows = 0;
	int o = 0;

	if (r->tables_change) {
		o = r->real->ops->table_renew(r->real, c->stream);
		if (o == 0)
			o = carry_table(r, TABLE_INDEX,
					c->end_totals.objects * sizeof(struct disk_index_entry));
		if (o == 0)
			o = carry_table(r, TABLE_MARKS, c->end_totals.filemarks * sizeof(le64));
	}
	/* they hang on epochs, and the one of a header that is lost may have been used */
	if (o == 0 && r->report.header_rebuilt)
		o = r->real->ops->table_size(r->real, TABLE_DIGESTS, c->stream, &digests);
	if (o == 0 && digests > 0)
		o = r->real->ops->table_truncate(r->real, TABLE_DIGESTS, c->stream, 0);
	if (o == 0)
		o = r->real->ops->table_size(r->real, TABLE_ROWS, c->stream, &rows);
	if (o == 0 && rows > 0)
		o = r->real->ops->table_truncate(r->real, TABLE_ROWS, c->stream, 0);
	if (o == 0 && r->cuts)
		o = r->real->ops->truncate(r->real, c->stream, r->cut_address);
	if (o == 0)
		o = r->real->ops->sync(r->real);
	if (o == 0 && r->header_changes)
		o = r->real->ops->header_write(r->real, header, size);
	return o;
}

static int run(struct repair *r)
{
	int o = open_all(r);

	if (o == 0)
		o = make_plan(r);
	if (o != 0 || r->options->dry_run || !(r->header_changes || r->tables_change || r->cuts))
		return o;
	o = repair_backup(r);
	if (o == 0)
		o = carry_over(r);
	return o;
}

int repair_folder(const char *pool, const char *barcode, const struct cart_repair_options *options,
		  const struct member *member, struct cart_repair *ret_repair)
{
	struct repair r = { .pool = pool,
			    .barcode = barcode,
			    .member = member,
			    .options = options,
			    .pool_fd = -1,
			    .folder = -1 };
	int o = run(&r);

	if (o == 0)
		*ret_repair = r.report;
	close_all(&r);
	return outcome_of(o);
}

int cart_repair(const char *pool, const char *barcode, const struct cart_repair_options *options,
		struct cart_repair *ret_repair)
{
	static const struct cart_repair_options none = { 0 };

	if (options == NULL)
		options = &none;
	if (!barcode_is_valid(barcode))
		return -EINVAL;
	if (options->partition > 0)
		return repair_one_partition(pool, barcode, options, ret_repair);
	return repair_folder(pool, barcode, options, NULL, ret_repair);
}
