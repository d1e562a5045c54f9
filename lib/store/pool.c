/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c: cartridges as folders of a pool.  A folder gets its name only when it is whole, and loses
 * it before it is taken apart: whatever is interrupted, every BARCODE.cart is a cartridge.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fs.h"
#include "lib/store/cart.h"

#define FOLDER_MODE  02770
#define NAME_BYTES   (BARCODE_SIZE + 16)
#define HIDDEN_BYTES (NAME_BYTES + 8) /* .NAME.new, .NAME.old */
#define LIST_MAX     1000000u
#define BACKUP       ".backup-"

uint64_t pool_early_warning(uint64_t capacity)
{
	uint64_t distance = capacity / 100;

	if (distance < (16u << 20))
		distance = 16u << 20;
	return distance < capacity / 4 ? distance : capacity / 4;
}

static int make_info(const struct cart_params *p, struct cart_info *info)
{
	*info = (struct cart_info){
		.state = CART_RESIDENT,
		.codec = p->codec,
		.write_protect = p->write_protect,
		.kind = p->kind,
		.cleanings = p->kind == CART_CLEANING ? p->cleanings : 0,
		.density = p->density,
		.medium_type = p->medium_type,
		.capacity_bytes = p->capacity_bytes,
		.early_warning_bytes = p->early_warning_bytes > 0
					       ? p->early_warning_bytes
					       : pool_early_warning(p->capacity_bytes),
		.created_s = clock_wall_s(),
	};
	(void)snprintf(info->barcode, sizeof(info->barcode), "%s", p->barcode);
	return RAND_bytes(info->uuid, sizeof(info->uuid)) == 1 ? 0 : -EIO;
}

static int fill_folder(const char *pool, const char *name, const struct cart_info *info,
		       const struct member *member)
{
	struct backend *b;
	int r = backend_local_open(pool, name, true, &b);

	if (r < 0)
		return r;
	r = header_create(b, info, member);
	b->ops->close(b);
	return r;
}

static int create_in(int pool_fd, const char *pool, const struct cart_info *info,
		     const struct member *member)
{
	char name[NAME_BYTES], temporary[HIDDEN_BYTES];
	int r;

	(void)snprintf(name, sizeof(name), "%s%s", info->barcode, CART_SUFFIX);
	(void)snprintf(temporary, sizeof(temporary), ".%s.new", name);
	if (faccessat(pool_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return CART_E_EXISTS;
	r = fs_remove_tree(pool_fd, temporary); /* of a creation that was interrupted */
	if (r < 0 && r != -ENOENT)
		return r;
	if (mkdirat(pool_fd, temporary, FOLDER_MODE) < 0)
		return -errno;
	/* the umask and a set-group bit of the pool both have a say in mkdir */
	if (fchmodat(pool_fd, temporary, FOLDER_MODE, 0) < 0)
		r = -errno;
	else
		r = fill_folder(pool, temporary, info, member);
	if (r == 0 && renameat2(pool_fd, temporary, pool_fd, name, RENAME_NOREPLACE) < 0)
		r = errno == EEXIST ? CART_E_EXISTS : -errno;
	if (r != 0) {
		ignore_result(fs_remove_tree(pool_fd,
					     temporary)); /* the first error is the one to report */
		return r;
	}
	return fs_sync_dir(pool_fd);
}

static int open_pool(const char *pool)
{
	int fd = open(pool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cart_create(const char *pool, const struct cart_params *params)
{
	return pool_create_partition(pool, params, NULL);
}

int pool_create_partition(const char *pool, const struct cart_params *params,
			  const struct member *member)
{
	struct cart_info info;
	int fd, r;

	if (!barcode_is_valid(params->barcode) || params->codec > CODEC_LAST ||
	    params->kind > CART_CLEANING ||
	    (params->capacity_bytes > 0 && params->early_warning_bytes >= params->capacity_bytes))
		return -EINVAL;
	r = make_info(params, &info);
	if (r < 0)
		return r;
	fd = open_pool(pool);
	if (fd < 0)
		return fd;
	r = create_in(fd, pool, &info, member);
	(void)close(fd);
	return outcome_of(r);
}

/* Somebody has the cartridge open for writing now: the mark in the header is not just left over
 * from a crash. */
static bool has_writer(const char *pool, const char *name)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int pool_fd = open_pool(pool), folder, fd;
	bool held = false;

	if (pool_fd < 0)
		return false;
	folder = openat(pool_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)close(pool_fd);
	if (folder < 0)
		return false;
	fd = openat(folder, "lock", O_RDONLY | O_CLOEXEC);
	(void)close(folder);
	if (fd >= 0) {
		held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
		(void)close(fd);
	}
	return held;
}

/* 0 where storage cannot tell. */
static uint64_t disk_bytes(struct backend *b)
{
	uint64_t bytes;

	return b->ops->disk_bytes(b, &bytes) == 0 ? bytes : 0;
}

/* The same of the partitions above 0. */
static uint64_t partition_bytes(const char *pool, const char *name, const struct cart_layout *l)
{
	char folder[sizeof(PARTITIONS_FOLDER) + BARCODE_SIZE + sizeof(CART_SUFFIX)];
	uint64_t sum = 0, bytes;
	int fd, pool_fd = open_pool(pool);

	if (pool_fd < 0)
		return 0;
	fd = openat(pool_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)close(pool_fd);
	for (unsigned n = 1; fd >= 0 && n < l->partitions; n++) {
		(void)snprintf(folder, sizeof(folder), PARTITIONS_FOLDER "/%s%s", l->names[n],
			       CART_SUFFIX);
		if (fs_disk_usage(fd, folder, &bytes) == 0)
			sum += bytes;
	}
	if (fd >= 0)
		(void)close(fd);
	return sum;
}

int cart_stat(const char *pool, const char *barcode, struct cart_info *ret_info)
{
	char name[NAME_BYTES];
	struct cart *c;
	int r;

	if (!barcode_is_valid(barcode))
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%s%s", barcode, CART_SUFFIX);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	r = backend_local_open(pool, name, false, &c->backend);
	if (r == -ENOENT || r == -ENOTDIR)
		r = CART_E_ABSENT;
	if (r == 0)
		r = header_load(c);
	if (r == 0) {
		*ret_info = *cart_info(c);
		ret_info->disk_bytes = disk_bytes(c->backend);
		ret_info->partition_bytes = c->info.layout.partitions == 1
						    ? 0
						    : partition_bytes(pool, name, &c->info.layout);
		ret_info->mounted = ret_info->mounted && has_writer(pool, name);
	}
	if (c->backend != NULL)
		c->backend->ops->close(c->backend);
	free(c->unknown_records);
	cart_attributes_clear(&c->attributes);
	free(c);
	return r;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The barcode in the folder name @name, fresh; NULL where it is none. */
static char *barcode_of(const char *name)
{
	size_t n = strlen(name), suffix = strlen(CART_SUFFIX);
	char barcode[BARCODE_SIZE];

	if (n <= suffix || n - suffix >= sizeof(barcode) ||
	    strcmp(name + n - suffix, CART_SUFFIX) != 0)
		return NULL;
	memcpy(barcode, name, n - suffix);
	barcode[n - suffix] = '\0';
	return barcode_is_valid(barcode) ? strdup(barcode) : NULL;
}

static int list_dir(DIR *dir, char ***ret_list, size_t *ret_count)
{
	size_t have = 0, count = 0;
	char **list = NULL;
	struct dirent *e;

	while ((e = readdir(dir)) != NULL && count < LIST_MAX) {
		char *barcode = barcode_of(e->d_name);

		if (barcode == NULL)
			continue;
		if (count + 1 >= have) {
			char **more = realloc(list, (have * 2 + 64) * sizeof(*list));

			if (more == NULL) {
				free(barcode);
				break;
			}
			list = more;
			have = have * 2 + 64;
		}
		list[count++] = barcode;
		list[count] = NULL;
	}
	*ret_list = list;
	*ret_count = count;
	return e == NULL ? 0 : -ENOMEM;
}

int cart_list(const char *pool, char ***ret_barcodes)
{
	int fd = open_pool(pool), r;
	char **list = NULL;
	size_t count = 0;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (dir == NULL) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	r = list_dir(dir, &list, &count);
	(void)closedir(dir);
	if (r == 0 && list == NULL) {
		list = calloc(1, sizeof(*list));
		r = list == NULL ? -ENOMEM : 0;
	}
	if (r < 0) {
		cart_list_free(list);
		return r;
	}
	qsort(list, count, sizeof(*list), compare);
	*ret_barcodes = list;
	return 0;
}

void cart_list_free(char **barcodes)
{
	for (char **p = barcodes; p != NULL && *p != NULL; p++)
		free(*p);
	free(barcodes);
}

int cart_probe(const char *pool, const char *barcode)
{
	char name[NAME_BYTES];
	struct backend *b;
	int r;

	if (!barcode_is_valid(barcode))
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%s%s", barcode, CART_SUFFIX);
	r = backend_local_open(pool, name, false, &b);
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? CART_E_ABSENT : r;
	r = b->ops->lock(b, true);
	if (r == -EBADF) /* we may only read: at least no writer has it */
		r = b->ops->lock(b, false);
	b->ops->close(b);
	return r == -EAGAIN ? CART_E_BUSY : r;
}

static bool is_backup(const char *name, const char *barcode)
{
	const size_t n = barcode == NULL ? 0 : strlen(barcode);

	if (name[0] != '.' || (barcode != NULL && strncmp(name + 1, barcode, n) != 0))
		return false;
	if (barcode != NULL)
		return strncmp(name + 1 + n, CART_SUFFIX BACKUP, strlen(CART_SUFFIX BACKUP)) == 0;
	return strstr(name, CART_SUFFIX BACKUP) != NULL;
}

/* What is in the way of nothing but should be gone. */
static void note_left(struct cart_deletion *d, const char *name, int error)
{
	d->left_error = error;
	(void)snprintf(d->left, sizeof(d->left), "%s", name);
}

static void delete_backups(const char *pool, const char *barcode, struct cart_deletion *d)
{
	int fd = open_pool(pool), r;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (dir == NULL) {
		d->left_error = fd < 0 ? fd : -ENOMEM;
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(dir)) != NULL) {
		if (!is_backup(e->d_name, barcode))
			continue;
		r = fs_remove_tree(dirfd(dir), e->d_name);
		if (r < 0 && r != -ENOENT)
			note_left(d, e->d_name, r);
	}
	(void)closedir(dir);
}

int cart_delete_backups(const char *pool, const char *barcode)
{
	struct cart_deletion d = { .left_error = 0 };

	delete_backups(pool, barcode, &d);
	return d.left_error;
}

/* The name first, durably, then what it named; the cartridge is locked. */
static int delete_locked(const char *pool, const char *name, struct cart_deletion *d)
{
	char doomed[HIDDEN_BYTES];
	int fd = open_pool(pool), r, left;

	if (fd < 0)
		return fd;
	(void)snprintf(doomed, sizeof(doomed), ".%s.old", name);
	r = fs_remove_tree(fd, doomed);
	r = r == -ENOENT ? 0 : r;
	if (r == 0 && renameat(fd, name, fd, doomed) < 0)
		r = -errno;
	if (r == 0)
		r = fs_sync_dir(fd); /* the name is gone for ever before its files are */
	if (r == 0) {
		left = fs_remove_tree(fd, doomed);
		if (left < 0)
			note_left(d, doomed, left);
	}
	(void)close(fd);
	return r;
}

int cart_delete_if(const char *pool, const char *barcode, struct cart_deletion *deletion)
{
	char name[NAME_BYTES];
	struct backend *b;
	int r;

	deletion->left_error = 0;
	deletion->left[0] = '\0';
	if (!barcode_is_valid(barcode))
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%s%s", barcode, CART_SUFFIX);
	r = backend_local_open(pool, name, true, &b);
	if (r == -ENOENT || r == -ENOTDIR)
		return CART_E_ABSENT;
	if (r < 0)
		return r;
	r = b->ops->lock(b, true);
	r = r == -EAGAIN ? CART_E_BUSY : r;
	if (r == 0 && deletion->check != NULL)
		r = deletion->check(deletion->ctx);
	if (r == 0)
		r = delete_locked(pool, name, deletion);
	b->ops->close(b);
	if (r == 0)
		delete_backups(pool, barcode, deletion); /* of what is nowhere any more */
	return r;
}

int cart_delete(const char *pool, const char *barcode)
{
	struct cart_deletion deletion = { .check = NULL };

	return cart_delete_if(pool, barcode, &deletion);
}
