/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reaper.c: see reaper.h.
 *
 * What is garbage follows from a file's name and from `keep`, at any time: so a listing of the
 * folder finds all of it, whoever left it there.  The thread names the file that it is deleting;
 * who wants to make a file of that name waits for this one, and deletes it itself otherwise.
 */
#include "lib/store/reaper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/store/fence.h"

#define NAMES_AT_ONCE 512u       /* looked at by the caller; more are the thread's */
#define FILES_AT_ONCE 16u        /* deleted by the caller */
#define NO_SEGMENT    UINT64_MAX /* a side table */

/* A file of a stream. */
struct file {
	uint32_t stream; /* 0: not ours */
	uint64_t segment;
};

struct reaper {
	struct fence *fence;
	int folder;
	pthread_t thread;
	bool has_thread; /* to be joined */

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t moved; /* a file is gone, or the thread has ended */
	bool running;
	bool stop;     /* the thread is to end */
	uint64_t gone; /* files deleted by it */
	bool only;     /* streams other than .keep are garbage */
	uint32_t keep; /* its segments behind .last are garbage; 0: nobody said so */
	uint64_t last;
	unsigned orders; /* changes of the above that a listing may have missed */
	bool dirty;      /* there may be garbage */
	bool kept;       /* a listing came by garbage that the fence does not let us delete */
	struct file at;  /* what the thread is deleting */
};

void segment_file_name(char name[FILE_NAME_BYTES], uint32_t stream, uint64_t segment)
{
	(void)snprintf(name, FILE_NAME_BYTES, "data.%08" PRIx32 ".%08" PRIx64, stream, segment);
}

/* @digits hexadecimal digits at *@p, which moves behind them. */
static bool take_number(const char **p, unsigned digits, uint64_t *ret_number)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t n = 0;

	for (unsigned i = 0; i < digits; i++) {
		const char *digit = **p == '\0' ? NULL : strchr(hex, **p);

		if (digit == NULL)
			return false;
		n = n << 4 | (uint64_t)(digit - hex);
		(*p)++;
	}
	*ret_number = n;
	return true;
}

static struct file file_of(const char *name)
{
	static const char *const kinds[] = { "data.", "index.", "marks.", "digests.", "rows." };
	const struct file none = { 0 };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *p = name + strlen(kinds[i]);
		uint64_t stream, segment = NO_SEGMENT;

		if (strncmp(name, kinds[i], strlen(kinds[i])) != 0)
			continue;
		if (!take_number(&p, 8, &stream))
			return none;
		if (i == 0 && (*p++ != '.' || !take_number(&p, 8, &segment)))
			return none;
		return *p == '\0' ? (struct file){ (uint32_t)stream, segment } : none;
	}
	return none;
}

/* Under the lock. */
static bool is_garbage(const struct reaper *r, struct file f)
{
	if (f.stream == 0)
		return false;
	if (f.stream == r->keep)
		return f.segment != NO_SEGMENT && f.segment > r->last;
	return r->only;
}

/* Under the lock. */
static bool same_file(struct file a, struct file b)
{
	return a.stream == b.stream && a.segment == b.segment;
}

static int unlink_name(const struct reaper *r, const char *name)
{
	return unlinkat(r->folder, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* 1: deleted; 0: the fence objects to this one; -ESTALE: to everything; -errno. */
static int delete_garbage(const struct reaper *r, const char *name, struct file f, bool current)
{
	int result = fence_may_delete(r->fence, name, f.segment != NO_SEGMENT, current);

	if (result <= 0)
		return result;
	result = unlink_name(r, name);
	return result < 0 ? result : 1;
}

/* 1: deleted; 0: not to be deleted; -errno. */
static int reap(struct reaper *r, const char *name)
{
	struct file f = file_of(name);
	bool current;
	int result;

	(void)pthread_mutex_lock(&r->lock);
	if (r->stop || !is_garbage(r, f)) {
		result = r->stop ? -ECANCELED : 0;
		(void)pthread_mutex_unlock(&r->lock);
		return result;
	}
	r->at = f;
	current = f.stream == r->keep;
	(void)pthread_mutex_unlock(&r->lock);
	result = delete_garbage(r, name, f, current);
	(void)pthread_mutex_lock(&r->lock);
	r->at = (struct file){ 0 };
	r->kept = r->kept || result == 0;
	r->gone += result > 0;
	(void)pthread_cond_broadcast(&r->moved);
	(void)pthread_mutex_unlock(&r->lock);
	return result;
}

/*
 * Goes through the folder once.  *ret_deleted files are gone; -EAGAIN where @names or @files were
 * not enough; else 0, or -errno of the first that could not be deleted.
 */
static int sweep(struct reaper *r, unsigned names, unsigned files, unsigned *ret_deleted)
{
	int fd = openat(r->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int result = 0;

	*ret_deleted = 0;
	if (dir == NULL) {
		result = -errno;
		if (fd >= 0)
			(void)close(fd);
		return result;
	}
	while ((e = readdir(dir)) != NULL) {
		int one;

		if (names-- == 0 || *ret_deleted == files) {
			result = -EAGAIN;
			break;
		}
		one = reap(r, e->d_name);
		*ret_deleted += one > 0;
		if (one < 0 && result == 0)
			result = one;
		if (one == -ESTALE || one == -ECANCELED)
			break;
	}
	(void)closedir(dir);
	return result;
}

/* Until a listing shows nothing more to delete. */
static void *reap_all(void *ctx)
{
	struct reaper *r = ctx;
	bool done = false;

	while (!done) {
		unsigned orders, deleted;
		int result;

		(void)pthread_mutex_lock(&r->lock);
		orders = r->orders;
		(void)pthread_mutex_unlock(&r->lock);
		result = sweep(r, UINT32_MAX, UINT32_MAX, &deleted);
		(void)pthread_mutex_lock(&r->lock);
		done = result == -ESTALE || result == -ECANCELED ||
		       (r->orders == orders && deleted == 0);
		if (done) { /* what cannot be deleted now is left to the next open */
			r->dirty = result < 0 || r->kept;
			r->running = false;
			(void)pthread_cond_broadcast(&r->moved);
		}
		(void)pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

/* The thread takes no signals: they are the process's. */
static int start_thread(struct reaper *r)
{
	sigset_t all, old;
	int e;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	e = pthread_create(&r->thread, NULL, reap_all, r);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return e;
}

static void start(struct reaper *r)
{
	bool running;

	(void)pthread_mutex_lock(&r->lock);
	running = r->running;
	r->running = true;
	(void)pthread_mutex_unlock(&r->lock);
	if (running)
		return;
	if (r->has_thread)
		(void)pthread_join(r->thread, NULL);
	r->has_thread = start_thread(r) == 0;
	if (!r->has_thread)
		(void)reap_all(r);
}

/* After an order: a little at once, what is more is the thread's. */
static int sweep_or_start(struct reaper *r)
{
	unsigned deleted;
	bool running;
	int result;

	(void)pthread_mutex_lock(&r->lock);
	r->orders++;
	r->dirty = true;
	running = r->running;
	if (!running)
		r->kept = false;
	(void)pthread_mutex_unlock(&r->lock);
	if (running)
		return 0; /* it sees that there is a new order */
	result = sweep(r, NAMES_AT_ONCE, FILES_AT_ONCE, &deleted);
	if (result == -EAGAIN) {
		start(r);
		return 0;
	}
	r->dirty = result < 0 || r->kept; /* nobody else is there */
	return result;
}

int reaper_keep_only(struct reaper *r, uint32_t stream, uint64_t last)
{
	(void)pthread_mutex_lock(&r->lock);
	r->only = true;
	r->keep = stream;
	r->last = last;
	(void)pthread_mutex_unlock(&r->lock);
	return sweep_or_start(r);
}

/* Where all that can be there is known: by name, without a listing. */
static int delete_range(struct reaper *r, uint32_t stream, uint64_t from, uint64_t to)
{
	char name[FILE_NAME_BYTES];
	int result = 0;

	for (; result >= 0 && from <= to; from++) {
		segment_file_name(name, stream, from);
		result = delete_garbage(r, name, (struct file){ stream, from }, true);
		if (result <= 0)
			r->dirty = true; /* no thread is there */
	}
	return result < 0 ? result : 0;
}

int reaper_cut(struct reaper *r, uint32_t stream, uint64_t last)
{
	uint64_t highest;
	bool known;

	(void)pthread_mutex_lock(&r->lock);
	known = r->keep == stream && !r->dirty;
	highest = r->last;
	if (r->keep != stream)
		r->only = false; /* of another stream nobody said anything */
	if (r->keep != stream || last < highest) {
		r->keep = stream;
		r->last = last;
	}
	(void)pthread_mutex_unlock(&r->lock);
	if (known && last >= highest)
		return 0;
	if (known && highest - last <= FILES_AT_ONCE)
		return delete_range(r, stream, last + 1, highest);
	return sweep_or_start(r);
}

/* Under the lock: the old file is gone, as long as nothing else is between. */
static int make_place(struct reaper *r, struct file f)
{
	char name[FILE_NAME_BYTES];
	int result;

	while (same_file(r->at, f))
		(void)pthread_cond_wait(&r->moved, &r->lock);
	segment_file_name(name, f.stream, f.segment);
	result = fence_check_epoch(r->fence);
	return result == 0 ? unlink_name(r, name) : result;
}

int reaper_claim(struct reaper *r, uint32_t stream, uint64_t segment)
{
	const struct file f = { stream, segment };
	int result = 0;

	(void)pthread_mutex_lock(&r->lock);
	if (r->keep == 0 && r->only) { /* the first of a new stream */
		r->keep = stream;
		r->last = segment;
	} else if (r->keep == stream && segment > r->last) {
		bool gap = r->dirty && segment - r->last > 1;

		if (gap) {
			(void)pthread_mutex_unlock(&r->lock);
			(void)reaper_finish(r, UINT_MAX);
			(void)pthread_mutex_lock(&r->lock);
		}
		if (r->dirty)
			result = make_place(r, f);
		if (result == 0)
			r->last = segment;
	}
	(void)pthread_mutex_unlock(&r->lock);
	return result;
}

bool reaper_finish(struct reaper *r, unsigned milliseconds)
{
	struct timespec until;
	bool done;
	int e = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(milliseconds / 1000);
	until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&r->lock);
	while (r->running && e == 0)
		e = pthread_cond_timedwait(&r->moved, &r->lock, &until);
	done = !r->running && !r->dirty;
	(void)pthread_mutex_unlock(&r->lock);
	return done;
}

uint64_t reaper_gone(struct reaper *r)
{
	uint64_t gone;

	(void)pthread_mutex_lock(&r->lock);
	gone = r->gone;
	(void)pthread_mutex_unlock(&r->lock);
	return gone;
}

bool reaper_wait(struct reaper *r, uint64_t *gone)
{
	bool more;

	(void)pthread_mutex_lock(&r->lock);
	while (r->running && r->gone == *gone)
		(void)pthread_cond_wait(&r->moved, &r->lock);
	more = r->gone != *gone;
	*gone = r->gone;
	(void)pthread_mutex_unlock(&r->lock);
	return more;
}

struct reaper *reaper_new(struct fence *fence)
{
	struct reaper *r = calloc(1, sizeof(*r));
	pthread_condattr_t monotonic;

	if (r == NULL)
		return NULL;
	r->fence = fence;
	r->folder = fence->folder;
	r->dirty = true; /* nobody has looked yet */
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&r->moved, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return r;
}

void reaper_free(struct reaper *r)
{
	if (r == NULL)
		return;
	(void)pthread_mutex_lock(&r->lock);
	r->stop = true;
	(void)pthread_mutex_unlock(&r->lock);
	if (r->has_thread)
		(void)pthread_join(r->thread, NULL);
	(void)pthread_cond_destroy(&r->moved);
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
}
