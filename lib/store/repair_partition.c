/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair_partition.c: repairs of partitions above 0.
 *
 * A partition above 0 is a whole cartridge, and is repaired as one; that it is there, and what it
 * can hold, is what the medium's header says, which must be good for that: repair_division.c makes
 * it anew.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/repair.h"

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
	struct member member = { .stream = c->live_stream,
				 .partition = options->partition,
				 .capacity_bytes = c->info.capacity_bytes,
				 .layout = c->info.layout };
	struct cart_params params;
	int r;

	if (folder == NULL)
		return -ENOMEM;
	partition_params(&c->info, &c->info.layout, options->partition, &params);
	inner.partition = 0;
	inner.params = &params;
	inner.insist |= CART_REPAIR_DENSITY | CART_REPAIR_MEDIUM_TYPE | CART_REPAIR_CAPACITY |
			CART_REPAIR_EARLY_WARNING | CART_REPAIR_WRITABLE;
	memcpy(member.uuid, c->info.uuid, sizeof(member.uuid));
	r = repair_folder(folder, params.barcode, &inner, &member, ret_repair);
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
