/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.c: see disk.h.  Each file has two contents: the cache, which every call changes at once, and
 * the disk, to which dirty pages go at random moments, and all of them at a sync.
 */
#include "tests/fault/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault/calls.h"

#define PAGE      4096u
#define FILES     2000u
#define NAMES     500u
#define CALLS     20000u
#define NAME_SIZE 48u
#define NOBODY    (-1)
#define ROOT      0u

struct file {
	ino_t inode;
	bool is_folder;
	uint8_t *base; /* when watching began; owned */
	uint64_t base_size, now_size;
	uint64_t room; /* the largest size that it ever had, in whole pages */
	/* of one loss; owned, room bytes each */
	uint8_t *cache, *disk;
	bool *dirty; /* pages */
	uint64_t cache_size, disk_size;
	bool size_dirty, any_dirty;
};

/* A place in a folder, and the file that has it: NOBODY where there is none. */
struct name {
	unsigned folder;
	char text[NAME_SIZE];
	int base, now;
	int cache, disk; /* of one loss */
	bool dirty;
};

struct event {
	enum call_kind kind;
	unsigned file;
	int name, to_name; /* indexes; NOBODY */
	uint64_t offset, size;
	uint8_t *data; /* owned */
};

static struct {
	char folder[200];
	struct file files[FILES];
	struct name names[NAMES];
	struct event events[CALLS];
	unsigned files_cnt, names_cnt, events_cnt, syncs;
	const char *overflow; /* what was too small */
} d;

/* ---- the one loss that is being made ---- */

static struct {
	uint64_t random;
	unsigned writeback; /* chance of eight that dirty pages go out behind a call */
	unsigned survive;   /* chance of eight of each dirty thing when the power goes */
	bool ordered_names; /* names get to the disk in the order of the calls */
	bool noise;
	char story[300];
} loss;

static uint64_t draw(uint64_t below)
{
	loss.random ^= loss.random << 13;
	loss.random ^= loss.random >> 7;
	loss.random ^= loss.random << 17;
	return (loss.random >> 11) % below;
}

/* ---- recording ---- */

static unsigned add_file(ino_t inode, bool is_folder)
{
	struct file *f = &d.files[d.files_cnt];

	if (d.files_cnt == FILES) {
		d.overflow = "files";
		return FILES - 1;
	}
	*f = (struct file){ .inode = inode, .is_folder = is_folder };
	return d.files_cnt++;
}

static bool is_known(ino_t inode)
{
	for (unsigned i = 0; i < d.files_cnt; i++)
		if (d.files[i].inode == inode)
			return true;
	return false;
}

/* The newest of that number: a file system may use a number again. */
static unsigned find_file(ino_t inode)
{
	for (unsigned i = d.files_cnt; i > 0; i--)
		if (d.files[i - 1].inode == inode)
			return i - 1;
	d.overflow = "knowledge: a call on a file that was never seen";
	return ROOT;
}

static int find_name(unsigned folder, const char *text)
{
	struct name *n;

	for (unsigned i = 0; i < d.names_cnt; i++)
		if (d.names[i].folder == folder && strcmp(d.names[i].text, text) == 0)
			return (int)i;
	if (d.names_cnt == NAMES || strlen(text) >= NAME_SIZE) {
		d.overflow = "names";
		return 0;
	}
	n = &d.names[d.names_cnt];
	*n = (struct name){ .folder = folder, .base = NOBODY, .now = NOBODY };
	(void)snprintf(n->text, sizeof(n->text), "%s", text);
	return (int)d.names_cnt++;
}

static bool is_known_folder(ino_t inode)
{
	for (unsigned i = 0; i < d.files_cnt; i++)
		if (d.files[i].inode == inode && d.files[i].is_folder)
			return true;
	return false;
}

static uint8_t *gather(const struct iovec *iov, uint64_t size)
{
	uint8_t *data = malloc(size);

	for (uint64_t done = 0; data != NULL && done < size; iov++) {
		uint64_t n = iov->iov_len < size - done ? iov->iov_len : size - done;

		memcpy(data + done, iov->iov_base, n);
		done += n;
	}
	return data;
}

static void grow(struct file *f, uint64_t size)
{
	uint64_t room = (size + PAGE - 1) / PAGE * PAGE;

	f->now_size = size;
	if (room > f->room)
		f->room = room;
}

/* What the call did to names; false where it is none of ours. */
static bool note_name(const struct call *call, struct event *e)
{
	struct name *n;

	if (!is_known_folder(call->folder))
		return false;
	e->name = find_name(find_file(call->folder), call->name);
	n = &d.names[e->name];
	if (call->kind == CALL_RENAME) {
		e->to_name = find_name(find_file(call->to_folder), call->to_name);
		d.names[e->to_name].now = n->now;
	} else if (call->kind != CALL_REMOVE) {
		n->now = (int)add_file(call->file, call->kind == CALL_MAKE_FOLDER);
		e->file = (unsigned)n->now;
		return true;
	}
	n->now = NOBODY;
	return true;
}

/* Called below lib/store, maybe by a thread of it: assertions wait until disk_stop(). */
static void watch(const struct call *call)
{
	struct event e = { .kind = call->kind, .name = NOBODY, .to_name = NOBODY };

	if (d.events_cnt == CALLS) {
		d.overflow = "calls";
		return;
	}
	if (call->nameless && !is_known(call->file))
		return; /* it never had a name */
	e.offset = call->offset;
	e.size = call->size;
	if (call->kind >= CALL_MAKE) {
		if (!note_name(call, &e))
			return;
	} else {
		e.file = find_file(call->file);
		d.syncs += call->kind == CALL_SYNC;
	}
	if (call->kind == CALL_WRITE) {
		struct file *f = &d.files[e.file];

		e.data = gather(call->iov, call->size);
		if (call->offset + call->size > f->now_size)
			grow(f, call->offset + call->size);
	} else if (call->kind == CALL_RESIZE) {
		grow(&d.files[e.file], call->size);
	}
	d.events[d.events_cnt++] = e;
}

static uint8_t *read_whole(const char *path, uint64_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*ret_size = (uint64_t)st.st_size;
	data = malloc(*ret_size + 1);
	assert_non_null(data);
	assert_int_equal(pread(fd, data, *ret_size, 0), *ret_size);
	(void)close(fd);
	return data;
}

static void load_folder(unsigned folder, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		char below[400];
		struct stat st;
		unsigned file;
		int name;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		assert_int_equal(lstat(below, &st), 0);
		file = add_file(st.st_ino, S_ISDIR(st.st_mode));
		name = find_name(folder, e->d_name);
		d.names[name].base = d.names[name].now = (int)file;
		if (S_ISDIR(st.st_mode)) {
			load_folder(file, below);
		} else {
			d.files[file].base = read_whole(below, &d.files[file].base_size);
			grow(&d.files[file], d.files[file].base_size);
		}
	}
	(void)closedir(dir);
}

static void forget(void)
{
	for (unsigned i = 0; i < d.files_cnt; i++) {
		free(d.files[i].base);
		free(d.files[i].cache);
		free(d.files[i].disk);
		free(d.files[i].dirty);
	}
	for (unsigned i = 0; i < d.events_cnt; i++)
		free(d.events[i].data);
	d.files_cnt = d.names_cnt = d.events_cnt = d.syncs = 0;
	d.overflow = NULL;
}

void disk_watch(const char *folder)
{
	struct stat st;

	assert_null(calls_observer);
	forget();
	(void)snprintf(d.folder, sizeof(d.folder), "%s", folder);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(add_file(st.st_ino, true), ROOT);
	load_folder(ROOT, folder);
	calls_observer = watch;
}

unsigned disk_calls(void)
{
	return d.events_cnt;
}

unsigned disk_syncs(void)
{
	return d.syncs;
}

/* ---- the cache ---- */

static void touch(struct file *f, uint64_t from, uint64_t to)
{
	for (uint64_t page = from / PAGE; page * PAGE < to; page++)
		f->dirty[page] = true;
	f->any_dirty = true;
}

static void resize(struct file *f, uint64_t size)
{
	if (size < f->cache_size) {
		memset(f->cache + size, 0, f->cache_size - size);
		touch(f, size, f->cache_size);
	}
	f->size_dirty = f->any_dirty = true;
	f->cache_size = size;
}

static void put(struct file *f, uint64_t offset, const uint8_t *data, uint64_t size)
{
	if (size == 0)
		return;
	memcpy(f->cache + offset, data, size);
	touch(f, offset, offset + size);
	if (offset + size > f->cache_size) {
		f->cache_size = offset + size;
		f->size_dirty = true;
	}
}

static void zero(struct file *f, uint64_t offset, uint64_t size)
{
	uint64_t end = offset + size < f->room ? offset + size : f->room;

	if (offset >= end)
		return;
	memset(f->cache + offset, 0, end - offset);
	touch(f, offset, end);
}

static void bind_name(int name, int file)
{
	d.names[name].cache = file;
	d.names[name].dirty = true;
}

/* ---- what gets to the disk ---- */

static void page_out(struct file *f, uint64_t page)
{
	memcpy(f->disk + page * PAGE, f->cache + page * PAGE, PAGE);
	f->dirty[page] = false;
}

/* Each dirty page, and the size, with a chance of @chance in eight. */
static void some_out(struct file *f, unsigned chance)
{
	if (!f->any_dirty)
		return;
	for (uint64_t page = 0; page * PAGE < f->room; page++)
		if (f->dirty[page] && draw(8) < chance)
			page_out(f, page);
	if (f->size_dirty && draw(8) < chance) {
		f->disk_size = f->cache_size;
		f->size_dirty = false;
	}
}

static void sync_file(struct file *f)
{
	some_out(f, 8);
	f->any_dirty = false;
}

/* Nothing is dirty any more, whatever got out. */
static void lose_sync(struct file *f)
{
	some_out(f, (unsigned)draw(9));
	if (f->any_dirty)
		memset(f->dirty, 0, f->room / PAGE);
	f->any_dirty = f->size_dirty = false;
}

static void names_out(unsigned folder, unsigned chance)
{
	for (unsigned i = 0; i < d.names_cnt; i++) {
		struct name *n = &d.names[i];

		if (n->folder != folder || !n->dirty)
			continue;
		if (draw(8) < chance) {
			n->disk = n->cache;
			n->dirty = false;
		}
	}
}

/* With ordered names all that came before goes with each: as a journal does it. */
static void any_names_out(unsigned chance)
{
	if (loss.ordered_names && draw(8) >= chance)
		return;
	for (unsigned i = 0; i < d.files_cnt; i++)
		if (d.files[i].is_folder)
			names_out(i, loss.ordered_names ? 8 : chance);
}

/* ---- one loss ---- */

static void start_file(struct file *f)
{
	if (f->cache == NULL && f->room > 0) {
		f->cache = malloc(f->room);
		f->disk = malloc(f->room);
		f->dirty = malloc(f->room / PAGE);
		assert_true(f->cache != NULL && f->disk != NULL && f->dirty != NULL);
	}
	if (f->room > 0) {
		memset(f->cache + f->base_size, 0, f->room - f->base_size);
		memset(f->disk + f->base_size, 0, f->room - f->base_size);
		memset(f->dirty, 0, f->room / PAGE);
	}
	if (f->base_size > 0) {
		memcpy(f->cache, f->base, f->base_size);
		memcpy(f->disk, f->base, f->base_size);
	}
	f->cache_size = f->disk_size = f->base_size;
	f->size_dirty = f->any_dirty = false;
}

static void start(uint64_t seed)
{
	static const unsigned chances[] = { 0, 0, 1, 4, 7 }, survival[] = { 0, 1, 4, 7, 8 };

	loss.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	(void)draw(1);
	loss.writeback = chances[draw(5)];
	loss.survive = survival[draw(5)];
	loss.ordered_names = draw(2) == 0;
	loss.noise = draw(8) == 0;
	for (unsigned i = 0; i < d.files_cnt; i++)
		start_file(&d.files[i]);
	for (unsigned i = 0; i < d.names_cnt; i++) {
		struct name *n = &d.names[i];

		n->cache = n->disk = n->base;
		n->dirty = false;
	}
}

static void apply_sync(const struct event *e)
{
	struct file *f = &d.files[e->file];
	bool failed = e->kind == CALL_SYNC_FAILED;

	if (f->is_folder)
		names_out(e->file, failed ? (unsigned)draw(9) : 8);
	else if (failed)
		lose_sync(f);
	else
		sync_file(f);
}

/* @size: how much of a write was made. */
static void apply(const struct event *e, uint64_t size)
{
	struct file *f = &d.files[e->file];

	switch (e->kind) {
	case CALL_WRITE:
		put(f, e->offset, e->data, size);
		break;
	case CALL_RESIZE:
		resize(f, e->size);
		break;
	case CALL_ZERO:
		zero(f, e->offset, e->size);
		break;
	case CALL_SYNC:
	case CALL_SYNC_FAILED:
		apply_sync(e);
		break;
	case CALL_MAKE:
	case CALL_MAKE_FOLDER:
		bind_name(e->name, (int)e->file);
		break;
	case CALL_RENAME:
		bind_name(e->to_name, d.names[e->name].cache);
		bind_name(e->name, NOBODY);
		break;
	case CALL_REMOVE:
		bind_name(e->name, NOBODY);
		break;
	}
}

/* The power fails while this page is being written. */
static void tear(struct file *f, uint64_t page)
{
	uint64_t n = draw(PAGE);

	memcpy(f->disk + page * PAGE, f->cache + page * PAGE, n);
	f->dirty[page] = false;
}

/* What was in the sectors before they belonged to this file: noise, or a page of another one. */
static void show_noise(struct file *f, uint64_t page)
{
	const struct file *other = &d.files[draw(d.files_cnt)];
	uint8_t *to = f->disk + page * PAGE;

	if (!f->dirty[page] || page * PAGE < f->disk_size || page * PAGE < f->base_size)
		return;
	if (other->room >= PAGE) {
		memcpy(to, other->cache + draw(other->room / PAGE) * PAGE, PAGE);
		return;
	}
	for (unsigned i = 0; i < PAGE; i++)
		to[i] = (uint8_t)draw(256);
}

static void power_off(struct file *f)
{
	if (!f->any_dirty)
		return;
	for (uint64_t page = 0; page * PAGE < f->room; page++) {
		if (f->dirty[page] && draw(8) == 0)
			tear(f, page);
		if (loss.noise)
			show_noise(f, page);
	}
	some_out(f, loss.survive);
}

static void write_file(const struct file *f, int folder, const char *name)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);

	assert_true(fd >= 0);
	if (f->disk_size > 0)
		assert_int_equal(pwrite(fd, f->disk, f->disk_size, 0), f->disk_size);
	(void)close(fd);
}

static void write_folder(unsigned folder, const char *path)
{
	int fd;

	assert_true(mkdir(path, 0770) == 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < d.names_cnt; i++) {
		const struct name *n = &d.names[i];

		if (n->folder != folder || n->disk == NOBODY)
			continue;
		if (d.files[n->disk].is_folder) {
			char below[400];

			(void)snprintf(below, sizeof(below), "%s/%s", path, n->text);
			write_folder((unsigned)n->disk, below);
		} else {
			write_file(&d.files[n->disk], fd, n->text);
		}
	}
	(void)close(fd);
}

void disk_lose(unsigned calls, uint64_t seed, const char *into)
{
	uint64_t cut = UINT64_MAX;

	assert_null(calls_observer);
	start(seed);
	for (unsigned i = 0; i < calls; i++) {
		const struct event *e = &d.events[i];
		uint64_t size = e->size;

		if (i + 1 == calls && e->kind == CALL_WRITE && draw(2) == 0)
			cut = size = draw(size + 1);
		apply(e, size);
		if (loss.writeback > 0 && draw(8) < loss.writeback) {
			some_out(&d.files[draw(d.files_cnt)], loss.writeback);
			some_out(&d.files[e->file], loss.writeback);
			any_names_out(loss.writeback);
		}
	}
	for (unsigned i = 0; i < d.files_cnt; i++)
		power_off(&d.files[i]);
	any_names_out(loss.survive);
	(void)snprintf(loss.story, sizeof(loss.story),
		       "power lost behind call %u of %u (seed %llu%s%s, last write cut at %lld)",
		       calls, d.events_cnt, (unsigned long long)seed,
		       loss.ordered_names ? ", names in order" : "", loss.noise ? ", noise" : "",
		       (long long)cut);
	write_folder(ROOT, into);
}

const char *disk_story(void)
{
	return loss.story;
}

/* ---- nothing was missed ---- */

static void expect_file(const struct file *f, const char *path)
{
	uint64_t size;
	uint8_t *data = read_whole(path, &size);

	if (size != f->cache_size || (size > 0 && memcmp(data, f->cache, size) != 0))
		fail_msg("%s was changed by a call that calls.c does not know", path);
	free(data);
}

static void expect_folder(unsigned folder, const char *path)
{
	for (unsigned i = 0; i < d.names_cnt; i++) {
		const struct name *n = &d.names[i];
		char below[400];
		struct stat st;
		bool there;

		if (n->folder != folder)
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, n->text);
		there = lstat(below, &st) == 0;
		if (there != (n->cache != NOBODY))
			fail_msg("%s appeared or vanished by a call that calls.c does not know",
				 below);
		if (there && d.files[n->cache].is_folder)
			expect_folder((unsigned)n->cache, below);
		else if (there)
			expect_file(&d.files[n->cache], below);
	}
}

void disk_stop(void)
{
	calls_observer = NULL;
	if (d.overflow != NULL)
		fail_msg("not enough %s", d.overflow);
	start(1);
	for (unsigned i = 0; i < d.events_cnt; i++)
		apply(&d.events[i], d.events[i].size);
	expect_folder(ROOT, d.folder);
}
