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
#define COPY_BYTES  (1u << 20)
#define TRIES       10000u

/* Copies @from_name below the cartridge's folder from @offset on to @to_name in the folder @to. */
static int copy_bytes(int from, int to, uint64_t offset)
{
	uint8_t *data = malloc(COPY_BYTES);
	uint64_t done = 0;
	size_t got = 1;
	int r = data == NULL ? -ENOMEM : 0;

	while (r == 0 && got > 0) {
		r = fs_pread(from, data, COPY_BYTES, offset + done, &got);
		if (r == 0 && got > 0)
			r = fs_pwrite(to, data, got, done);
		done += got;
	}
	free(data);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	return r;
}

static int copy_file(const struct repair *r, int to, const char *from_name, const char *to_name,
		     uint64_t offset)
{
	int from = openat(r->folder, from_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out, o;

	if (from < 0)
		return errno == ENOENT ? 0 : -errno;
	out = openat(to, to_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	o = out < 0 ? -errno : copy_bytes(from, out, offset);
	if (out >= 0 && close(out) < 0 && o == 0)
		o = -errno;
	(void)close(from);
	return o;
}

static int copy_tables(const struct repair *r, int to)
{
	static const char *const names[] = { "index", "marks", "digests" };
	int o = 0;

	for (size_t i = 0; o == 0 && i < sizeof(names) / sizeof(*names); i++) {
		char name[NAME_BYTES];

		(void)snprintf(name, sizeof(name), "%s.%08" PRIx32, names[i], r->c->stream);
		o = copy_file(r, to, name, name, 0);
	}
	return o;
}

/* The bytes that are cut: the tail of one segment, and whole ones behind it. */
static int copy_tail(const struct repair *r, int to)
{
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
			o = copy_file(r, to, name, name, 0);
		else if (s->size > offset)
			o = copy_file(r, to, name, tail, offset);
	}
	return o;
}

static int write_readme(const struct repair *r, int to)
{
	char *text = NULL;
	int n = asprintf(
		&text,
		"What cart_repair (vtl cartridge repair) changed in %s, as it was before.\n\n"
		"To go back, with the cartridge in no drive, in the folder %s/%s:\n"
		"  cp header index.* marks.* digests.* of this folder over those there, as far as "
		"they are here;\n"
		"  for data.STREAM.SEGMENT.from-OFFSET: truncate -s OFFSET data.STREAM.SEGMENT, then\n"
		"  cat data.STREAM.SEGMENT.from-OFFSET >> data.STREAM.SEGMENT;\n"
		"  cp data.STREAM.SEGMENT without .from as it is.\n"
		"This folder may be deleted when nobody wants that any more.\n",
		r->name, r->pool, r->name);
	int o = n < 0 ? -ENOMEM : fs_replace(to, "README", text, (size_t)n, FILE_MODE);

	if (n >= 0)
		free(text);
	return o;
}

static int fill(struct repair *r, const char *part)
{
	int to = openat(r->pool_fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int o = to < 0 ? -errno : 0;

	if (o == 0 && r->header_changes)
		o = copy_file(r, to, HEADER_NAME, HEADER_NAME, 0);
	if (o == 0)
		o = copy_tables(r, to);
	if (o == 0 && r->cuts)
		o = copy_tail(r, to);
	if (o == 0)
		o = write_readme(r, to);
	if (o == 0)
		o = fs_sync_dir(to);
	if (to >= 0)
		(void)close(to); /* synced */
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
