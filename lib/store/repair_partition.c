/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair_partition.c: repairs of a medium that is divided.
 *
 * A partition above 0 is a whole cartridge, and is repaired as one; that it is there, and what it
 * can hold, is what the medium's header says, which must be good for that.  Where that header is
 * lost, nobody knows how the medium is divided; but folders of partitions can prove that they are
 * of a division before the recording that is there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/store/repair.h"

/* ---- one of them ---- */

/* The exclusive lock, under which partitions are too, and the header. */
static int open_medium(struct cart *c, const char *pool, const char *barcode, bool dry_run)
{
	char name[REPAIR_NAME_BYTES];
	int r;

	(void)snprintf(name, sizeof(name), "%s%s", barcode, CART_SUFFIX);
	r = backend_local_open(pool, name, !dry_run, &c->backend);
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? CART_E_ABSENT : r;
	r = c->backend->ops->lock(c->backend, true);
	if (r == -EBADF && dry_run) /* the lock's file cannot be written: nor can others */
		r = c->backend->ops->lock(c->backend, false);
	if (r < 0)
		return r == -EAGAIN ? CART_E_BUSY : r;
	return header_load(c);
}

static void close_medium(struct cart *c)
{
	if (c->backend != NULL)
		c->backend->ops->close(c->backend);
	cart_attributes_clear(&c->attributes);
	free(c->unknown_records);
	free(c);
}

static int repair_inner(const struct cart *c, const char *pool,
			const struct cart_repair_options *options, struct cart_repair *ret_repair)
{
	struct cart_repair_options inner = *options;
	char *folder = partitions_folder(pool, c->info.barcode);
	struct cart_params params;
	int r;

	if (folder == NULL)
		return -ENOMEM;
	partition_params(&c->info, &c->info.layout, options->partition, &params);
	inner.partition = 0;
	inner.params = &params;
	inner.insist |= CART_REPAIR_DENSITY | CART_REPAIR_MEDIUM_TYPE | CART_REPAIR_CAPACITY |
			CART_REPAIR_EARLY_WARNING | CART_REPAIR_WRITABLE;
	r = cart_repair(folder, params.barcode, &inner, ret_repair);
	free(folder);
	return r == CART_E_ABSENT ? CART_E_INVALID : r; /* the header says that it is there */
}

int repair_one_partition(const char *pool, const char *barcode,
			 const struct cart_repair_options *options, struct cart_repair *ret_repair)
{
	struct cart *c = calloc(1, sizeof(*c)); /* too large for a stack */
	int r;

	if (c == NULL)
		return -ENOMEM;
	r = open_medium(c, pool, barcode, options->dry_run);
	if (r == 0 && strcmp(c->info.barcode, barcode) != 0)
		r = CART_E_INVALID;
	if (r == CART_E_INVALID && options->say != NULL)
		options->say(options->ctx, "only the header of partition 0 knows which partitions "
					   "there are, and it is damaged: repair that one first");
	if (r == 0 && options->partition >= c->info.layout.partitions)
		r = -ERANGE;
	if (r == 0)
		r = repair_inner(c, pool, options, ret_repair);
	close_medium(c);
	return r;
}

/* ---- none, or those of before ---- */

/* The stream that partition 0 of the same division is; false: not a name that a format gives. */
static bool parse_name(const char *name, uint32_t *ret_stream)
{
	char exact[BARCODE_SIZE + sizeof(CART_SUFFIX)];
	uint32_t unique;
	unsigned n;

	if (sscanf(name, "P%1u-%8" SCNx32 "-%8" SCNx32, &n, ret_stream, &unique) != 3)
		return false;
	(void)snprintf(exact, sizeof(exact), PARTITION_NAME CART_SUFFIX, n, *ret_stream, unique);
	return strcmp(name, exact) == 0;
}

/* Numbers of streams only grow, and each division takes a new one. */
static bool may_count(const struct repair *r, const char *name)
{
	const size_t suffix = strlen(CART_SUFFIX), size = strlen(name);
	uint32_t stream;

	if (name[0] == '.' || size <= suffix || strcmp(name + size - suffix, CART_SUFFIX) != 0)
		return false; /* being made or deleted, or a backup */
	return !parse_name(name, &stream) || r->c->stream == 0 || stream >= r->c->stream;
}

int repair_check_undivided(struct repair *r)
{
	int fd = openat(r->folder, PARTITIONS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool counts = false;
	struct dirent *e;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (dir == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	while (!counts && (e = readdir(dir)) != NULL)
		counts = may_count(r, e->d_name);
	(void)closedir(dir);
	if (!counts)
		return 0;
	repair_say(r, "there are partitions, which only the header named: refused; put the header "
		      "back from a copy or a .backup folder, or make it by hand "
		      "(docs/cartridge-format.md, section 12)");
	return CART_E_PARTITIONED;
}
