/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair_backup.c: what a repair changes, copied before it does.  The folder gets its name when it
 * is whole and synced: one that ends in .part is of a repair that was interrupted before it changed
 * anything, and may be deleted.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/store/repair.h"

#define FOLDER_MODE 02770
#define FILE_MODE   0660
#define NAME_BYTES  64
#define COPY_BYTES  ((size_t)1 << 20)
#define SECTOR      ((size_t)4096) /* read one by one where something cannot be read */
#define TRIES       10000u

/* A backup under way. */
struct backup {
	struct repair *r;
	int folder;
	char *holes; /* lines of the README about what could not be read; NULL: all was. Owned */
};

/* How far to read from @at on, after the last step was @step and went well: sectors up to the next
 * place where a whole piece fits again. */
static size_t next_step(uint64_t at, size_t step)
{
	return step == COPY_BYTES || at % COPY_BYTES == 0 ? COPY_BYTES : SECTOR - at % SECTOR;
}

/*
 * Copies what lies from @offset on.  A bad sector is what a repair may have been called for: it
 * becomes a hole, and *ret_bad counts its bytes.
 */
static int copy_bytes(int from, int to, uint64_t offset, uint64_t *ret_bad)
{
	uint8_t *data = malloc(COPY_BYTES);
	uint64_t at = offset, end;
	size_t step = COPY_BYTES;
	struct stat st;
	int r = data == NULL ? -ENOMEM : 0;

	*ret_bad = 0;
	if (r == 0 && fstat(from, &st) < 0)
		r = -errno;
	end = r == 0 ? (uint64_t)st.st_size : 0;
	while (r == 0 && at < end) {
		size_t got = 0;
		int one = fs_pread(from, data, step, at, &got);

		if (one == -EIO && step == COPY_BYTES) {
			step = SECTOR - at % SECTOR;
			continue;
		}
		if (one == -EIO) {
			got = step < end - at ? step : (size_t)(end - at);
			*ret_bad += got;
		} else {
			r = one == 0 ? fs_pwrite(to, data, got, at - offset) : one;
		}
		if (got == 0)
			break; /* it became shorter */
		at += got;
		step = next_step(at, step);
	}
	free(data);
	if (r == 0 && end > offset && ftruncate(to, (off_t)(end - offset)) < 0)
		r = -errno;
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	return r;
}

static int note_holes(struct backup *b, const char *name, uint64_t bytes)
{
	char *more = NULL;

	if (asprintf(&more, "%s  %s: %" PRIu64 " bytes\n", b->holes != NULL ? b->holes : "", name,
		     bytes) < 0)
		return -ENOMEM;
	free(b->holes);
	b->holes = more;
	repair_say(b->r, "backup: %" PRIu64 " bytes of %s cannot be read, and are zeros there",
		   bytes, name);
	return 0;
}

/* Copies @from_name of the cartridge's folder from @offset on to @to_name. */
static int copy_file(struct backup *b, const char *from_name, const char *to_name, uint64_t offset)
{
	int from = openat(b->r->folder, from_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out, o;
	uint64_t bad = 0;

	if (from < 0)
		return errno == ENOENT ? 0 : -errno;
	out = openat(b->folder, to_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	o = out < 0 ? -errno : copy_bytes(from, out, offset, &bad);
	if (out >= 0 && close(out) < 0 && o == 0)
		o = -errno;
	(void)close(from);
	return o == 0 && bad > 0 ? note_holes(b, to_name, bad) : o;
}

static int copy_tables(struct backup *b)
{
	static const char *const names[] = { "index", "marks", "digests" };
	int o = 0;

	for (size_t i = 0; o == 0 && i < sizeof(names) / sizeof(*names); i++) {
		char name[NAME_BYTES];

		(void)snprintf(name, sizeof(name), "%s.%08" PRIx32, names[i], b->r->c->stream);
		o = copy_file(b, name, name, 0);
	}
	return o;
}

/* The bytes that are cut: the tail of one segment, and whole ones behind it. */
static int copy_tail(struct backup *b)
{
	const struct repair *r = b->r;
	uint64_t number = r->cut_address >> SEGMENT_SHIFT;
	uint64_t offset = r->cut_address & (SEGMENT_SIZE - 1);
	int o = 0;

	for (size_t i = 0; o == 0 && i < r->segments_cnt; i++) {
		const struct repair_segment *s = &r->segments[i];
		char name[NAME_BYTES], tail[NAME_BYTES + 32];

		if (s->stream != r->c->stream || s->number < number || s->dead)
			continue;
		(void)snprintf(name, sizeof(name), "data.%08" PRIx32 ".%08" PRIx64, s->stream,
			       s->number);
		(void)snprintf(tail, sizeof(tail), "%s.from-%" PRIu64, name, offset);
		if (s->number > number)
			o = copy_file(b, name, name, 0);
		else if (s->size > offset)
			o = copy_file(b, name, tail, offset);
	}
	return o;
}

static int write_readme(const struct backup *b)
{
	const struct repair *r = b->r;
	char *text = NULL;
	int n = asprintf(
		&text,
		"What cart_repair (vtl cartridge repair) changed in %s, as it was before.\n\n"
		"To go back, but only while nothing has been written to the cartridge since (what was\n"
		"written later would be lost), with the cartridge in no drive, in the folder %s/%s:\n"
		"  rm -f digests.* rows.*\n"
		"first: those made since are of epochs that come again.  Then\n"
		"  cp header index.* marks.* digests.* of this folder over those there, as far as "
		"they are here; header, index.* or marks.* that are there and not here were made new: "
		"rm them;\n"
		"  for data.STREAM.SEGMENT.from-OFFSET: truncate -s OFFSET data.STREAM.SEGMENT, then\n"
		"  cat data.STREAM.SEGMENT.from-OFFSET >> data.STREAM.SEGMENT;\n"
		"  cp data.STREAM.SEGMENT without .from as it is.\n"
		"%s%s"
		"This folder may be deleted when nobody wants that any more.\n",
		r->name, r->pool, r->name,
		b->holes != NULL ? "Could not be read, and are zeros in these copies:\n" : "",
		b->holes != NULL ? b->holes : "");
	int o = n < 0 ? -ENOMEM : fs_replace(b->folder, "README", text, (size_t)n, FILE_MODE);

	if (n >= 0)
		free(text);
	return o;
}

static int fill(struct repair *r, const char *part)
{
	int to = openat(r->pool_fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct backup b = { .r = r, .folder = to };
	int o = to < 0 ? -errno : 0;

	if (o == 0 && r->header_changes)
		o = copy_file(&b, HEADER_NAME, HEADER_NAME, 0);
	if (o == 0)
		o = copy_tables(&b);
	if (o == 0 && r->cuts)
		o = copy_tail(&b);
	if (o == 0)
		o = write_readme(&b);
	if (o == 0)
		o = fs_sync_dir(to);
	if (to >= 0)
		(void)close(to); /* synced */
	free(b.holes);
	return o;
}

/* A folder with a name of its own: the time, and a number where that is taken. */
static int make_folder(struct repair *r, char part[sizeof(r->report.backup) + 8])
{
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &tm) == 0)
		return -EINVAL;
	for (unsigned n = 0; n < TRIES; n++) {
		int size = snprintf(r->report.backup, sizeof(r->report.backup), ".%s.backup-%s",
				    r->name, stamp);

		if (n > 0)
			(void)snprintf(r->report.backup + size,
				       sizeof(r->report.backup) - (size_t)size, ".%u", n);
		(void)snprintf(part, sizeof(r->report.backup) + 8, "%s.part", r->report.backup);
		if (faccessat(r->pool_fd, r->report.backup, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (mkdirat(r->pool_fd, part, FOLDER_MODE) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int repair_backup(struct repair *r)
{
	char part[sizeof(r->report.backup) + 8];
	int o = make_folder(r, part);

	if (o < 0) {
		r->report.backup[0] = '\0';
		return o;
	}
	o = fill(r, part);
	if (o == 0 && renameat(r->pool_fd, part, r->pool_fd, r->report.backup) < 0)
		o = -errno;
	if (o == 0)
		o = fs_sync_dir(r->pool_fd);
	if (o < 0) {
		ignore_result(fs_remove_tree(r->pool_fd, part)); /* the first error counts */
		r->report.backup[0] = '\0';
	}
	return o;
}
