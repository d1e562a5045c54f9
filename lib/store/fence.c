/* SPDX-License-Identifier: Apache-2.0 */
/* fence.c: see fence.h. */
#include "lib/store/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/base/fs.h"
#include "lib/store/cart.h"

/* What a fence compares with; a copy, so that no system call is made under its lock. */
struct known {
	bool locked, known;
	dev_t device;
	ino_t inode;
	uint64_t epoch;
	uint8_t uuid[16];
};

void fence_init(struct fence *f, int folder)
{
	*f = (struct fence){ .folder = folder };
	(void)pthread_mutex_init(&f->lock, NULL);
}

void fence_destroy(struct fence *f)
{
	(void)pthread_mutex_destroy(&f->lock);
}

int fence_note_lock(struct fence *f, int lock_fd)
{
	struct stat ours, named;

	if (fstat(lock_fd, &ours) < 0)
		return -errno;
	if (fstatat(f->folder, LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (named.st_dev != ours.st_dev || named.st_ino != ours.st_ino)
		return -EAGAIN;
	(void)pthread_mutex_lock(&f->lock);
	f->locked = true;
	f->device = ours.st_dev;
	f->inode = ours.st_ino;
	f->known = false;
	(void)pthread_mutex_unlock(&f->lock);
	return 0;
}

/* Takes over whose cartridge it is, and its epoch: the first time, or where @raise a later one. */
static void note(struct fence *f, const void *header, size_t size, bool raise)
{
	struct disk_header h;

	if (!header_is_whole(header, size))
		return;
	memcpy(&h, header, sizeof(h));
	(void)pthread_mutex_lock(&f->lock);
	if (f->locked && (!f->known || (raise && le64_get(h.epoch) > f->epoch))) {
		f->known = true;
		f->epoch = le64_get(h.epoch);
		memcpy(f->uuid, h.uuid, sizeof(f->uuid));
	}
	(void)pthread_mutex_unlock(&f->lock);
}

void fence_note_read(struct fence *f, const void *header, size_t size)
{
	note(f, header, size, false);
}

/* Also where the write fails then: it may be on the disk all the same. */
void fence_note_write(struct fence *f, const void *header, size_t size)
{
	note(f, header, size, true);
}

static int what_is_known(struct fence *f, struct known *ret_known)
{
	int r;

	(void)pthread_mutex_lock(&f->lock);
	r = f->stale ? -ESTALE : 0;
	*ret_known = (struct known){ f->locked, f->known, f->device, f->inode, f->epoch, { 0 } };
	memcpy(ret_known->uuid, f->uuid, sizeof(f->uuid));
	(void)pthread_mutex_unlock(&f->lock);
	return r;
}

static int fenced(struct fence *f)
{
	(void)pthread_mutex_lock(&f->lock);
	f->stale = true;
	(void)pthread_mutex_unlock(&f->lock);
	return -ESTALE;
}

static int check_lock(struct fence *f, const struct known *k)
{
	struct stat st;

	if (!k->locked)
		return 0;
	if (fstatat(f->folder, LOCK_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? fenced(f) : -errno;
	return st.st_dev == k->device && st.st_ino == k->inode ? 0 : fenced(f);
}

int fence_check(struct fence *f)
{
	struct known k;
	int r = what_is_known(f, &k);

	return r < 0 ? r : check_lock(f, &k);
}

/* 1: the header on disk is one that we know, or there is nothing to compare with; 0: it says
 * nothing; -ESTALE. */
static int check_epoch(struct fence *f, const struct known *k)
{
	struct disk_header h;
	size_t size;
	void *data;
	int r = 0;

	if (!k->known)
		return 1;
	if (fs_read(f->folder, HEADER_NAME, HEADER_MAX, &data, &size) < 0)
		return 0;
	if (header_is_whole(data, size)) {
		memcpy(&h, data, sizeof(h));
		r = le64_get(h.epoch) <= k->epoch ? 1 : fenced(f);
	}
	free(data);
	return r;
}

int fence_check_epoch(struct fence *f)
{
	struct known k;
	int r = what_is_known(f, &k);

	if (r == 0)
		r = check_lock(f, &k);
	if (r == 0)
		r = check_epoch(f, &k);
	return r < 0 ? r : 0;
}

/* The header of the segment @name says that it is none of another writer's. */
static bool segment_is_old(const struct fence *f, const struct known *k, const char *name,
			   bool current)
{
	struct disk_segment s;
	int fd = openat(f->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool has_header;

	if (fd < 0)
		return false;
	has_header = fs_pread_exact(fd, &s, sizeof(s), 0) == 0 &&
		     memcmp(s.magic, SEGMENT_MAGIC, sizeof(s.magic)) == 0 &&
		     memcmp(s.uuid, k->uuid, sizeof(s.uuid)) == 0 &&
		     crc32c(0, &s, offsetof(struct disk_segment, crc)) == le32_get(s.crc);
	(void)close(fd);
	return has_header && k->known ? le64_get(s.epoch) <= k->epoch : !current;
}

int fence_may_delete(struct fence *f, const char *name, bool is_segment, bool current)
{
	struct known k;
	int r = what_is_known(f, &k);

	if (r == 0)
		r = check_lock(f, &k);
	if (r == 0)
		r = check_epoch(f, &k);
	if (r < 0 || !is_segment)
		return r < 0 ? r : 1;
	/* also with the header that we know: it may be an older one that somebody put there */
	return segment_is_old(f, &k, name, current && r == 0);
}
