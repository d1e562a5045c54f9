/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partition.c: a medium of several partitions.
 *
 * Partition 0 is the recording of the cartridge itself.  Each other one is a whole cartridge in a
 * folder in the cartridge's, with a lock, epochs and a recovery of its own, so that nothing of
 * those had to be thought of twice.  What belongs to the medium is what the header names: one
 * replacement of it is the whole change from one division to another.
 *
 *   1. The new partitions are made, under names that never were used: durable and not named yet.
 *   2. The header is replaced: it names them, and a new, blank stream as partition 0.
 *   3. What it does not name any more is deleted: the old stream by the backend, folders here.
 *
 * Whatever is interrupted before 2 leaves folders, and behind it folders and a stream, that nothing
 * names; the next writer deletes them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/store/cart.h"

#define FOLDER_MODE 02770
#define TIDY_MS     5000u /* for the old partitions, by a format: then it goes on behind */

/* ---- the record ---- */

void layout_default(struct cart_info *info)
{
	info->layout = (struct cart_layout){
		.partitions = 1,
		.proportion = CART_WHOLE,
		.capacity_bytes = info->capacity_bytes,
		.early_warning_bytes = info->early_warning_bytes,
	};
}

size_t layout_size(const struct cart_layout *layout)
{
	if (layout->partitions == 0 ||
	    (layout->partitions == 1 && layout->proportion == CART_WHOLE))
		return 0;
	return sizeof(struct disk_record) + sizeof(struct disk_layout) +
	       (layout->partitions - 1) * sizeof(struct disk_partition);
}

void layout_put(uint8_t *p, const struct cart_layout *layout)
{
	size_t size = layout_size(layout);
	struct disk_record rec = { le16_from(RECORD_LAYOUT),
				   le16_from((uint16_t)(size - sizeof(rec))) };
	struct disk_layout d = {
		.capacity = le64_from(layout->capacity_bytes),
		.early_warning = le64_from(layout->early_warning_bytes),
		.proportion = le16_from(layout->proportion),
	};

	if (size == 0)
		return;
	memcpy(p, &rec, sizeof(rec));
	memcpy(p + sizeof(rec), &d, sizeof(d));
	p += sizeof(rec) + sizeof(d);
	for (unsigned n = 1; n < layout->partitions; n++) {
		struct disk_partition one = { .capacity = le64_from(layout->capacities[n]) };

		memcpy(one.name, layout->names[n], strnlen(layout->names[n], sizeof(one.name)));
		memcpy(p, &one, sizeof(one));
		p += sizeof(one);
	}
}

int layout_get(struct cart_layout *layout, const uint8_t *p, size_t size)
{
	struct disk_layout d;
	size_t added;

	if (size < sizeof(d) || (size - sizeof(d)) % sizeof(struct disk_partition) != 0)
		return CART_E_INVALID;
	added = (size - sizeof(d)) / sizeof(struct disk_partition);
	memcpy(&d, p, sizeof(d));
	if (added >= CART_PARTITIONS || le16_get(d.proportion) == 0)
		return CART_E_INVALID;
	*layout = (struct cart_layout){
		.partitions = 1 + (unsigned)added,
		.proportion = le16_get(d.proportion),
		.capacity_bytes = le64_get(d.capacity),
		.early_warning_bytes = le64_get(d.early_warning),
	};
	p += sizeof(d);
	for (unsigned n = 1; n <= added; n++, p += sizeof(struct disk_partition)) {
		struct disk_partition one;

		memcpy(&one, p, sizeof(one));
		memcpy(layout->names[n], one.name, sizeof(one.name));
		layout->capacities[n] = le64_get(one.capacity);
		if (!barcode_is_valid(layout->names[n]))
			return CART_E_INVALID;
		for (unsigned m = 1; m < n; m++)
			if (strcmp(layout->names[m], layout->names[n]) == 0)
				return CART_E_INVALID;
	}
	return 0;
}

/* ---- opening ---- */

int cart_open_partition(struct cart *c, unsigned partition, struct cart **ret_cart)
{
	const struct cart_layout *l = &c->info.layout;
	unsigned flags = (cart_is_writable(c) ? CART_OPEN_WRITE : CART_OPEN_READ) |
			 (c->flags & CART_OPEN_LOOK);
	int r;

	if (partition == 0 || partition >= l->partitions)
		return CART_E_ABSENT;
	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	r = cart_open(c->partitions, l->names[partition], flags, ret_cart);
	return r == CART_E_ABSENT ? CART_E_INVALID : r; /* the header says that it is there */
}

char *partitions_folder(const char *pool, const char *barcode)
{
	char *path;

	return asprintf(&path, "%s/%s%s/%s", pool, barcode, CART_SUFFIX, PARTITIONS_FOLDER) < 0
		       ? NULL
		       : path;
}

static int stat_once(const char *pool, const char *barcode, unsigned partition,
		     struct cart_info *info)
{
	char *folder;
	int r = cart_stat(pool, barcode, info);

	if (r != 0 || partition == 0)
		return r;
	if (partition >= info->layout.partitions)
		return CART_E_ABSENT;
	folder = partitions_folder(pool, barcode);
	if (folder == NULL)
		return -ENOMEM;
	r = cart_stat(folder, info->layout.names[partition], info);
	free(folder);
	return r == CART_E_ABSENT ? -EAGAIN : r;
}

int cart_stat_partition(const char *pool, const char *barcode, unsigned partition,
			struct cart_info *ret_info)
{
	struct cart_info *info = calloc(1, sizeof(*info));
	int r = -EAGAIN;

	if (info == NULL)
		return -ENOMEM;
	/* nobody holds a lock: the medium may be divided anew between two looks */
	for (int i = 0; r == -EAGAIN && i < 3; i++)
		r = stat_once(pool, barcode, partition, info);
	if (r == 0)
		*ret_info = *info;
	free(info);
	return r == -EAGAIN ? CART_E_INVALID : r;
}

/* ---- tidying ---- */

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

/* A partition that the header does not name, or one that was being made or deleted. */
static bool is_leftover(const struct cart_layout *l, const char *name)
{
	if (name[0] == '.')
		return ends_with(name, CART_SUFFIX ".new") || ends_with(name, CART_SUFFIX ".old");
	if (!ends_with(name, CART_SUFFIX))
		return false;
	for (unsigned n = 1; n < l->partitions; n++)
		if (strncmp(name, l->names[n], strlen(l->names[n])) == 0 &&
		    strcmp(name + strlen(l->names[n]), CART_SUFFIX) == 0)
			return false;
	return true;
}

/* Deletes folder @name until that time; false: not all of it. */
static bool remove_until(int folder, const char *name, int64_t until_ms)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return fd < 0 && errno == ENOTDIR; /* a file of that name is nobody's business */
	}
	while ((e = readdir(dir)) != NULL && clock_monotonic_ms() < until_ms)
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), e->d_name, 0); /* what stays shows below */
	(void)closedir(dir);
	return e == NULL && fs_remove_tree(folder, name) == 0; /* hidden files, and itself */
}

/* The folder of partitions where nothing is in it; it may hold what is not ours. */
static void remove_folder(int folder)
{
	int parent = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0)
		return;
	(void)unlinkat(parent, PARTITIONS_FOLDER, AT_REMOVEDIR);
	(void)close(parent);
}

int partitions_tidy(struct cart *c, unsigned milliseconds)
{
	int64_t until = clock_monotonic_ms() + milliseconds;
	struct dirent *e;
	int left = 0;
	DIR *dir;

	if (c->unsure)
		return 1; /* another header than ours may be on the disk, and name them */
	dir = opendir(c->partitions);
	if (dir == NULL)
		return errno != ENOENT;
	if (header_check_fence(c) != 0) {
		(void)closedir(dir);
		return 1;
	}
	while ((e = readdir(dir)) != NULL)
		if (is_leftover(&c->info.layout, e->d_name) &&
		    !remove_until(dirfd(dir), e->d_name, until))
			left = 1;
	if (left == 0 && c->info.layout.partitions == 1)
		remove_folder(dirfd(dir));
	(void)closedir(dir);
	return left;
}

/* What an interrupted format left is blank. */
static bool is_of_later_format(const struct cart *c, const char *name)
{
	char barcode[BARCODE_SIZE];
	struct cart_info *info;
	unsigned n, stream;
	bool objects;

	if (!is_leftover(&c->info.layout, name) || sscanf(name, "P%u-%8X-", &n, &stream) != 2 ||
	    stream <= c->live_stream || strlen(name) - strlen(CART_SUFFIX) >= sizeof(barcode))
		return false;
	(void)snprintf(barcode, sizeof(barcode), "%.*s", (int)(strlen(name) - strlen(CART_SUFFIX)),
		       name);
	info = calloc(1, sizeof(*info));
	objects = info == NULL || cart_stat(c->partitions, barcode, info) != 0 ||
		  info->objects > 0 || info->unclosed;
	free(info);
	return objects;
}

bool partitions_object(const struct cart *c)
{
	DIR *dir = c->partitions == NULL ? NULL : opendir(c->partitions);
	bool objects = false;
	struct dirent *e;

	while (dir != NULL && !objects && (e = readdir(dir)) != NULL)
		objects = is_of_later_format(c, e->d_name);
	if (dir != NULL)
		(void)closedir(dir);
	return objects;
}

/* ---- dividing ---- */

/* Of the whole medium, as it will be. */
static uint64_t medium_capacity(const struct cart *c, const struct cart_format *f)
{
	return f->density != 0 ? f->medium_capacity_bytes : c->info.layout.capacity_bytes;
}

static bool makes_sense(const struct cart *c, const struct cart_format *f)
{
	uint64_t whole = medium_capacity(c, f);

	if (f->partitions == 0 || f->partitions > CART_PARTITIONS || f->proportion == 0)
		return false;
	for (unsigned n = 0; n < f->partitions; n++)
		if (whole > 0 && (f->capacity_bytes[n] == 0 || f->capacity_bytes[n] > whole))
			return false;
	return true;
}

/* As far from the end as on the whole medium, but no more than a quarter. */
uint64_t partition_early_warning(const struct cart_layout *l, uint64_t capacity)
{
	uint64_t distance = l->early_warning_bytes;

	if (capacity == 0 || capacity == l->capacity_bytes)
		return distance;
	return distance < capacity / 4 ? distance : capacity / 4;
}

/* What the header will say. */
static int plan(const struct cart *c, const struct cart_format *f, uint32_t stream,
		struct cart_layout *ret_layout)
{
	uint32_t unique;

	if (RAND_bytes((unsigned char *)&unique, sizeof(unique)) != 1)
		return -EIO;
	*ret_layout = (struct cart_layout){
		.partitions = f->partitions,
		.proportion = f->proportion,
		.capacity_bytes = medium_capacity(c, f),
		.early_warning_bytes = f->density != 0 ? f->medium_early_warning_bytes
						       : c->info.layout.early_warning_bytes,
	};
	for (unsigned n = 1; n < f->partitions; n++) {
		/* with the stream that is partition 0: a repair that has lost the header finds
		 * together what belongs together */
		(void)snprintf(ret_layout->names[n], sizeof(ret_layout->names[n]), PARTITION_NAME,
			       n, stream, unique);
		ret_layout->capacities[n] = f->capacity_bytes[n];
	}
	return 0;
}

/* Durable before anything in it is. */
static int make_folder(const struct cart *c)
{
	char *parent = strndup(c->partitions, strlen(c->partitions) - strlen(PARTITIONS_FOLDER));
	int r = parent == NULL ? -ENOMEM : 0, fd = -1;

	if (r == 0) {
		fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	if (r == 0 && mkdirat(fd, PARTITIONS_FOLDER, FOLDER_MODE) == 0)
		ignore_result(fchmodat(fd, PARTITIONS_FOLDER, FOLDER_MODE, 0)); /* the umask */
	else if (r == 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = fs_sync_dir(fd);
	if (fd >= 0)
		(void)close(fd);
	free(parent);
	return r;
}

void partition_params(const struct cart_info *info, const struct cart_layout *l, unsigned n,
		      struct cart_params *ret_params)
{
	*ret_params = (struct cart_params){
		.barcode = l->names[n],
		.density = info->density,
		.medium_type = info->medium_type,
		.capacity_bytes = l->capacities[n],
		.early_warning_bytes = partition_early_warning(l, l->capacities[n]),
		.codec = info->codec,
	};
	if (ret_params->early_warning_bytes == 0)
		ret_params->early_warning_bytes = pool_early_warning(l->capacities[n]);
}

static int make_partitions(const struct cart *c, const struct cart_layout *l, uint32_t stream,
			   const struct cart_format *f)
{
	struct member member = { .stream = stream,
				 .capacity_bytes = f->capacity_bytes[0],
				 .layout = *l };
	int made = l->partitions > 1 ? make_folder(c) : 0;

	if (made < 0)
		return made;
	memcpy(member.uuid, c->info.uuid, sizeof(member.uuid));
	for (unsigned n = 1; n < l->partitions; n++) {
		struct cart_params params;
		int r;

		partition_params(&c->info, l, n, &params);
		if (f->density != 0)
			params.density = f->density;
		member.partition = n;
		r = pool_create_partition(c->partitions, &params, &member);
		if (r == 0)
			continue;
		while (--n > 0) /* nothing names them yet; else the next writer deletes them */
			ignore_result(cart_delete(c->partitions, l->names[n]));
		return r == CART_E_EXISTS ? -EEXIST : r;
	}
	return 0;
}

/* Replaces the header: partition 0 is @stream, and blank; @attributes become the old ones, which
 * are the caller's then. All or nothing. */
static int switch_layout(struct cart *c, const struct cart_layout *l, uint32_t stream,
			 const struct cart_format *f, struct cart_attributes *attributes)
{
	uint64_t capacity = f->capacity_bytes[0];
	const struct totals none = { 0 };
	struct cart *old = malloc(sizeof(*old)); /* too large for a stack */
	int r;

	if (old == NULL)
		return -ENOMEM;
	*old = *c;
	c->rows = (struct rows){ 0 }; /* they stay those of @old */
	c->attributes = *attributes;
	c->info.layout = *l;
	if (f->density != 0)
		c->info.density = f->density;
	c->info.capacity_bytes = capacity;
	c->info.early_warning_bytes = partition_early_warning(l, capacity);
	c->info.epoch = c->last_epoch + 1;
	if (!c->changed || c->told)
		next_generation(c);
	c->info.last_write_s = clock_wall_s();
	if (c->info.state == CART_PREMIGRATED)
		c->info.state = CART_RESIDENT;
	c->epoch_object = 0;
	c->epoch_address = DATA_START;
	c->live_stream = stream;
	c->clean = false;
	c->encrypted = false;
	stream_select(c, stream, &none, DATA_START);
	info_update(c);
	r = header_store(c);
	if (r != 0) { /* it may be on the disk all the same */
		uint64_t last_epoch = c->last_epoch;

		rows_clear(&c->rows);
		*c = *old;
		c->last_epoch = last_epoch;
		c->unsure = true;
		c->epoch_open = false;
	} else {
		*attributes = old->attributes;
		rows_clear(&old->rows);
		c->changed = c->epoch_open = true;
		c->told = false;
		c->unsure = c->broken = false;
	}
	free(old);
	return r;
}

/* So that no partitions are made that no header can name. */
static int check_room(const struct cart *c, const struct cart_layout *l,
		      const struct cart_attributes *a)
{
	size_t others = header_size(c) - layout_size(&c->info.layout) - c->attributes.size;

	return others + layout_size(l) + a->size > HEADER_MAX ? CART_E_FULL : 0;
}

int cart_format(struct cart *c, const struct cart_format *format)
{
	uint32_t stream = (c->live_stream > c->recall_stream ? c->live_stream : c->recall_stream);
	struct cart_attributes attributes = { 0 };
	struct cart_layout layout;
	int r;

	if (!c->resident)
		return CART_E_NOT_RESIDENT;
	if (!cart_is_writable(c))
		return CART_E_PROTECTED;
	if (c->info.kind == CART_WORM)
		return CART_E_WORM;
	if (c->recalling || !makes_sense(c, format) || stream == UINT32_MAX)
		return -EINVAL;
	stream++;
	r = plan(c, format, stream, &layout);
	if (r == 0)
		r = attributes_after_format(c, format, &attributes);
	if (r == 0)
		r = check_room(c, &layout, &attributes);
	if (r == 0)
		r = header_check_fence(c);
	if (r == 0)
		r = make_partitions(c, &layout, stream, format);
	if (r == 0)
		r = switch_layout(c, &layout, stream, format, &attributes);
	cart_attributes_clear(&attributes);
	if (r != 0)
		return outcome_of(r);
	/* it is done; the rest is cleaning, which the next open for writing does too */
	ignore_result(c->backend->ops->keep_only(c->backend, stream, DATA_START));
	c->untidy = partitions_tidy(c, TIDY_MS) != 0;
	return 0;
}
