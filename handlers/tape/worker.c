/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.c: the drive's own thread, which does what a command with IMMED has left to do on the
 * medium (verify.c).
 *
 * It works in slices with the unit's mutex held, as a command would, and frees it between them for
 * long enough that whoever waits for it gets it.  So nothing on the medium has a second owner, and
 * who ends the motion (a reset, the robot, the end of the drive) has ended the work by that: the
 * next slice does not come.
 */
#include <signal.h>
#include <time.h>

#include "handlers/tape/internal.h"
#include "lib/base/clock.h"

#define PAUSE_MS 1

static void pause_between(struct drive *d)
{
	int64_t end = clock_monotonic_ms() + PAUSE_MS;
	const struct timespec t = { .tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000 };

	(void)pthread_cond_timedwait(&d->worker.todo, &d->unit.mutex, &t);
}

static void *work(void *drive)
{
	struct drive *d = drive;

	unit_lock(&d->unit);
	while (!d->worker.stop) {
		if (!motion_is_work(&d->unit)) {
			(void)pthread_cond_wait(&d->worker.todo, &d->unit.mutex);
			continue;
		}
		drive_verify_some(d);
		pause_between(d);
	}
	unit_unlock(&d->unit);
	return NULL;
}

/* The process's signals are for the threads of the program that loaded us. */
static bool start(struct drive *d)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	int r;

	/* neither fails on Linux with values that exist */
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&d->worker.todo, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&d->worker.thread, NULL, work, d);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0)
		(void)pthread_cond_destroy(&d->worker.todo);
	return r == 0;
}

bool drive_worker_is_there(struct drive *d)
{
	if (!d->worker.exists)
		d->worker.exists = start(d);
	return d->worker.exists;
}

void drive_worker_wake(struct drive *d)
{
	(void)pthread_cond_signal(&d->worker.todo);
}

void drive_worker_end(struct drive *d)
{
	if (!d->worker.exists)
		return;
	unit_lock(&d->unit);
	d->worker.stop = true;
	drive_worker_wake(d);
	unit_unlock(&d->unit);
	(void)pthread_join(d->worker.thread, NULL);
	(void)pthread_cond_destroy(&d->worker.todo);
	d->worker.exists = false;
}
