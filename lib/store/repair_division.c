/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair_division.c: how a medium is divided whose header is lost.
 *
 * Each partition above 0 has a copy of the division in its header (member.c).  Partitions that were
 * made before there were such copies have their names: the number of the partition, the stream that
 * partition 0 became, and a number that all of one division share; and their own headers know how
 * large they are.
 *
 * A division takes a stream that never was used, so the highest stream tells what came last:
 *   - partitions of a lower stream than the recording's are left over from an earlier division;
 *   - those of the recording's stream are the division;
 *   - those of a higher one are the division if something is on one of them: partition 0 is blank
 *     then.  Where nothing is on any, a format may have been interrupted before it took place, and
 *     nobody can tell.
 *
 * What cannot be told for certain is refused: the next writer deletes what a header does not name.
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

#define FOLDERS_MAX 64u

struct folder {
	char name[BARCODE_SIZE];
	unsigned n; /* what the name says, as the next two */
	uint32_t stream, unique;
	bool readable; /* its header */
	bool recorded; /* something is on it, or may be */
	bool has_record;
	struct member record;
	uint8_t density, medium_type;
	enum cart_codec codec;
	uint64_t capacity_bytes;
};

struct division {
	struct folder folders[FOLDERS_MAX];
	unsigned cnt;
	const struct folder *first; /* one of the division; NULL: it is not divided */
	const struct folder *known; /* one of them that has a record; NULL: none has */
};

static int refuse(struct repair *r, const char *name, const char *why)
{
	repair_say(r, "partitions/%s: %s", name, why);
	repair_say(r,
		   "refused, since the next writer deletes partitions that the header does not "
		   "name: move that folder out of the cartridge's folder and repair again, or put "
		   "the header back from a copy or a .backup folder");
	return CART_E_PARTITIONED;
}

/* ---- what is there ---- */

/* Exactly a name that a format gives. */
static bool parse_name(const char *name, struct folder *ret_folder)
{
	char exact[BARCODE_SIZE + sizeof(CART_SUFFIX)];
	struct folder *f = ret_folder;

	*f = (struct folder){ 0 };
	if (sscanf(name, "P%1u-%8" SCNx32 "-%8" SCNx32, &f->n, &f->stream, &f->unique) != 3 ||
	    f->n == 0 || f->n >= CART_PARTITIONS || f->stream == 0)
		return false;
	(void)snprintf(f->name, sizeof(f->name), PARTITION_NAME, f->n, f->stream, f->unique);
	(void)snprintf(exact, sizeof(exact), "%s%s", f->name, CART_SUFFIX);
	return strcmp(name, exact) == 0;
}

/* What its header says. @path: of the folder of partitions. */
static int look_into(const char *path, struct folder *f)
{
	char name[REPAIR_NAME_BYTES];
	struct cart *c = calloc(1, sizeof(*c)); /* too large for a stack */
	int o;

	if (c == NULL)
		return -ENOMEM;
	(void)snprintf(name, sizeof(name), "%s%s", f->name, CART_SUFFIX);
	o = backend_local_open(path, name, false, &c->backend);
	if (o == 0)
		o = header_load(c);
	f->readable = o == 0 && strcmp(c->info.barcode, f->name) == 0;
	f->recorded = !f->readable || c->info.objects > 0 || c->info.unclosed;
	if (f->readable) {
		f->has_record = member_find(c->unknown_records, c->unknown_size, &f->record);
		f->density = c->info.density;
		f->medium_type = c->info.medium_type;
		f->codec = c->info.codec;
		f->capacity_bytes = c->info.capacity_bytes;
	}
	if (c->backend != NULL)
		c->backend->ops->close(c->backend);
	cart_attributes_clear(&c->attributes);
	free(c->unknown_records);
	free(c);
	return o == -ENOMEM ? o : 0;
}

/* One name in the folder of partitions. */
static int take_name(struct repair *r, const char *path, const char *name)
{
	const size_t suffix = strlen(CART_SUFFIX), size = strlen(name);
	struct division *d = r->division;

	if (name[0] == '.' || size <= suffix || strcmp(name + size - suffix, CART_SUFFIX) != 0)
		return 0; /* being made or deleted, or a backup */
	if (d->cnt == FOLDERS_MAX)
		return refuse(r, name, "there are too many folders of partitions");
	if (!parse_name(name, &d->folders[d->cnt]))
		return refuse(r, name, "no format gives such a name");
	return look_into(path, &d->folders[d->cnt++]);
}

static int list(struct repair *r)
{
	int fd = openat(r->folder, PARTITIONS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC), o = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	char *path;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	path = partitions_folder(r->pool, r->barcode);
	if (dir == NULL)
		(void)close(fd);
	if (dir == NULL || path == NULL)
		o = -ENOMEM;
	while (o == 0 && (e = readdir(dir)) != NULL)
		o = take_name(r, path, e->d_name);
	if (dir != NULL)
		(void)closedir(dir);
	free(path);
	return o;
}

/* ---- which of them count ---- */

static bool is_one(const struct division *d, const struct folder *f)
{
	return d->first != NULL && f->stream == d->first->stream && f->unique == d->first->unique;
}

/* Those of the last division; its copies of the record must agree. */
static int choose(struct repair *r)
{
	struct division *d = r->division;

	for (unsigned i = 0; i < d->cnt; i++) {
		const struct folder *f = &d->folders[i];

		if (f->stream < r->c->stream)
			continue;
		if (d->first == NULL)
			d->first = f;
		if (!is_one(d, f))
			return refuse(r, f->name,
				      "there are partitions of two divisions, and nothing tells "
				      "which came into force");
		if (!f->has_record)
			continue;
		if (d->known == NULL)
			d->known = f;
		if (f->record.partition != f->n || f->record.stream != f->stream ||
		    strcmp(f->record.layout.names[f->n], f->name) != 0 ||
		    !member_agrees(&f->record, &d->known->record))
			return refuse(r, f->name, "its header says that it is another partition");
	}
	return 0;
}

/* Partitions of a stream that has no data are of a format that took place, or of none. */
static int check_later(struct repair *r)
{
	const struct division *d = r->division;
	bool certain = r->c->stream == 0;

	for (unsigned i = 0; i < d->cnt; i++)
		certain |= is_one(d, &d->folders[i]) && d->folders[i].has_record &&
			   d->folders[i].recorded;
	return certain ? 0
		       : refuse(r, d->first->name,
				"it is of a division that may never have come into force: there is "
				"data of before");
}

/* Without a record only the names tell how many there are. */
static int check_complete(struct repair *r)
{
	const struct division *d = r->division;
	unsigned seen = 0;

	for (unsigned i = 0; i < d->cnt; i++)
		if (is_one(d, &d->folders[i]))
			seen |= 1u << d->folders[i].n;
	if (d->known == NULL)
		return seen == 2u || seen == 6u || seen == 14u
			       ? 0
			       : refuse(r, d->first->name, "another partition of it is not there");
	for (unsigned n = 1; n < d->known->record.layout.partitions; n++)
		if ((seen & 1u << n) == 0)
			repair_say(r, "partitions/%s: it belongs to the medium, and is not there",
				   d->known->record.layout.names[n]);
	return 0;
}

int division_find(struct repair *r)
{
	int o;

	division_free(r->division);
	r->division = calloc(1, sizeof(*r->division));
	o = r->division == NULL ? -ENOMEM : list(r);
	if (o == 0)
		o = choose(r);
	if (o != 0 || r->division->first == NULL)
		return o;
	if (r->division->first->stream > r->c->stream)
		o = check_later(r);
	if (o == 0)
		o = check_complete(r);
	if (o == 0)
		r->c->stream = r->division->first->stream;
	return o;
}

/* ---- what they say ---- */

bool division_is_divided(const struct repair *r)
{
	return r->division != NULL && r->division->first != NULL;
}

bool division_is_recorded(const struct repair *r)
{
	const struct division *d = r->division;
	bool recorded = false;

	for (unsigned i = 0; d != NULL && i < d->cnt; i++)
		recorded |= is_one(d, &d->folders[i]) && d->folders[i].recorded;
	return recorded;
}

const uint8_t *division_uuid(const struct repair *r)
{
	return r->division != NULL && r->division->known != NULL ? r->division->known->record.uuid
								 : NULL;
}

static void take_record(struct repair *r)
{
	const struct member *m = &r->division->known->record;
	struct cart_info *i = &r->c->info;

	i->layout = m->layout;
	i->capacity_bytes = m->capacity_bytes;
	i->early_warning_bytes = partition_early_warning(&m->layout, m->capacity_bytes);
	repair_say(r,
		   "header: the medium has %u partitions, with capacities as they were: its "
		   "partitions know that",
		   m->layout.partitions);
}

/* Only names, and what the partitions can hold. i->capacity_bytes is of the damaged header, and so
 * partition 0's; or else as given, of the whole medium. */
static void take_names(struct repair *r, const struct disk_header *h)
{
	const struct division *d = r->division;
	struct cart_info *i = &r->c->info;
	uint64_t others = 0;

	layout_default(i);
	for (unsigned n = 0; n < d->cnt; n++) {
		const struct folder *f = &d->folders[n];

		if (!is_one(d, f))
			continue;
		if (f->n >= i->layout.partitions)
			i->layout.partitions = f->n + 1;
		memcpy(i->layout.names[f->n], f->name, sizeof(f->name));
		i->layout.capacities[f->n] = f->capacity_bytes;
		others += f->capacity_bytes;
	}
	if (h != NULL && i->capacity_bytes > 0 && (r->options->insist & CART_REPAIR_CAPACITY) == 0)
		i->layout.capacity_bytes = i->capacity_bytes + others;
	else if (i->capacity_bytes > others)
		i->capacity_bytes -= others;
	else
		i->layout.capacity_bytes = i->capacity_bytes = 0;
	i->early_warning_bytes = partition_early_warning(&i->layout, i->capacity_bytes);
	repair_say(r,
		   "header: the medium has %u partitions, as the names of their folders say; "
		   "partition 0 holds %" PRIu64 " bytes (0: no limit): please check that",
		   i->layout.partitions, i->capacity_bytes);
}

/* They were made of the same medium. */
static void take_medium(struct repair *r)
{
	const struct division *d = r->division;
	unsigned insist = r->options->insist;
	struct cart_info *i = &r->c->info;

	for (unsigned n = 0; n < d->cnt; n++) {
		const struct folder *f = &d->folders[n];

		if (!is_one(d, f) || !f->readable)
			continue;
		if ((insist & CART_REPAIR_DENSITY) == 0)
			i->density = f->density;
		if ((insist & CART_REPAIR_MEDIUM_TYPE) == 0)
			i->medium_type = f->medium_type;
		if ((insist & CART_REPAIR_CODEC) == 0)
			i->codec = f->codec;
		repair_say(r, "header: density %02Xh, medium type %02Xh, codec %s: as partition %u",
			   i->density, i->medium_type, cart_codec_name(i->codec), f->n);
		return;
	}
}

int division_take(struct repair *r, const struct disk_header *h)
{
	const struct division *d = r->division;

	for (unsigned i = 0; i < d->cnt; i++)
		if (d->folders[i].has_record &&
		    memcmp(d->folders[i].record.uuid, r->c->info.uuid, 16) != 0)
			return refuse(r, d->folders[i].name,
				      "its header says that it is of another cartridge");
	if (d->first == NULL)
		return 0;
	if (d->known != NULL)
		take_record(r);
	else
		take_names(r, h);
	take_medium(r);
	return 0;
}

void division_free(struct division *d)
{
	free(d);
}
