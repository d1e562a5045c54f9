/* SPDX-License-Identifier: Apache-2.0 */
/* motion.c: see motion.h. */
#include "handlers/scsi/motion.h"

#include <time.h>

#include "handlers/scsi/unit.h"
#include "lib/base/clock.h"

#define LOOK_MS 200 /* how soon a wait notices a reset */

void motion_init(struct unit_motion *motion)
{
	pthread_condattr_t attr;

	/* neither fails on Linux with values that exist */
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&motion->over, &attr);
	(void)pthread_condattr_destroy(&attr);
	motion->sense = SENSE_NO_SENSE;
}

void motion_clear(struct unit_motion *motion)
{
	(void)pthread_cond_destroy(&motion->over);
}

void motion_begin(struct scsi_unit *unit, enum sense_id sense, uint64_t ms)
{
	struct unit_motion *m = &unit->motion;

	m->sense = ms == 0 ? SENSE_NO_SENSE : sense;
	m->since_ms = clock_monotonic_ms();
	m->until_ms = m->since_ms + (int64_t)ms;
	m->working = false;
	(void)pthread_cond_broadcast(&m->over); /* there may be another end to wait for */
}

void motion_begin_work(struct scsi_unit *unit, enum sense_id sense, uint64_t least_ms)
{
	motion_begin(unit, sense, least_ms);
	unit->motion.sense = sense;
	unit->motion.working = true;
	unit->motion.done = 0;
}

bool motion_is_work(const struct scsi_unit *unit)
{
	return unit->motion.working;
}

void motion_work_at(struct scsi_unit *unit, uint64_t done, uint64_t total)
{
	double part = (double)done * 65536 / (double)total;

	unit->motion.done = part < UINT16_MAX ? (uint16_t)part : UINT16_MAX;
}

void motion_work_done(struct scsi_unit *unit, uint64_t least_ms)
{
	struct unit_motion *m = &unit->motion;

	m->working = false;
	m->until_ms = m->since_ms + (int64_t)least_ms;
	(void)pthread_cond_broadcast(&m->over);
}

void motion_end(struct scsi_unit *unit)
{
	motion_begin(unit, SENSE_NO_SENSE, 0);
}

static uint16_t progress(const struct unit_motion *m, int64_t now)
{
	uint16_t by_time = UINT16_MAX;

	if (now < m->until_ms)
		by_time = (uint16_t)((now - m->since_ms) * 65536 / (m->until_ms - m->since_ms));
	return m->working && m->done < by_time ? m->done : by_time;
}

enum sense_id motion_sense(struct scsi_unit *unit, struct sense_extra *extra)
{
	struct unit_motion *m = &unit->motion;
	int64_t now;

	if (m->sense == SENSE_NO_SENSE)
		return SENSE_NO_SENSE;
	now = clock_monotonic_ms();
	if (now >= m->until_ms && !m->working) {
		m->sense = SENSE_NO_SENSE;
		return SENSE_NO_SENSE;
	}
	if (extra != NULL) {
		extra->pointer = POINTER_PROGRESS;
		extra->byte = progress(m, now);
	}
	return m->sense;
}

enum sense_id motion_not_ready(struct scsi_unit *unit, struct sense_extra *extra)
{
	enum sense_id id = motion_sense(unit, NULL);

	if (id == SENSE_NO_SENSE || sense_code(id)->key != KEY_NOT_READY)
		return SENSE_NO_SENSE;
	return motion_sense(unit, extra);
}

static void unlock(void *mutex)
{
	(void)pthread_mutex_unlock(mutex);
}

/* A cancelled thread ends in here, and leaves the mutex free. */
static void sleep_until(struct scsi_unit *unit, int64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	int before;

	/* the macro ends in an opening brace */
	/* clang-format off */
	pthread_cleanup_push(unlock, &unit->mutex)
	(void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
	(void)pthread_cond_timedwait(&unit->motion.over, &unit->mutex, &t);
	(void)pthread_setcancelstate(before, &before);
	pthread_cleanup_pop(0);
	/* clang-format on */
}

bool motion_wait(struct scsi_unit *unit)
{
	while (motion_sense(unit, NULL) != SENSE_NO_SENSE) {
		int64_t look = clock_monotonic_ms() + LOOK_MS, end = unit->motion.until_ms;

		if (unit->watch != NULL || unit->motion.working)
			end = end < look && !unit->motion.working ? end : look;
		sleep_until(unit, end);
		if (unit_look(unit) == UNIT_EVENT_ABORT && unit->motion.working)
			return false;
	}
	return true;
}
