/* SPDX-License-Identifier: Apache-2.0 */
/*
 * motion.h: what a unit is at when a command has done its work and the mechanism would still run.
 *
 * The work of a command is done at once, and is durable and exact as of then.  A unit that is to be
 * as slow as a real one then begins a motion, which only takes time.  With IMMED the command is
 * GOOD at once and the motion goes on; else the command waits for its end.  While it lasts:
 *
 * - REQUEST SENSE tells its sense with a progress indication (SPC-5, sense key specific data);
 * - where its sense key is NOT READY, whatever needs a medium is refused with it, TEST UNIT READY
 *   too (SSC-5: becoming ready, format, unload);
 * - else (rewind, locate, erase, verify ...) makers differ, and unit->meanwhile says what this one
 *   does: the unit is ready, and the next command that moves or transfers waits for the end of the
 *   motion; or whatever needs a medium is refused, NOT READY 04/07 with the progress, or BUSY;
 * - everything else (INQUIRY, LOG SENSE, MODE SENSE ...) goes on.
 *
 * A reset, a power on, and a robot that takes the medium end it early; nothing is undone by that.
 *
 * Work.  A motion can also stand for something that is really being done, by a thread of the unit's
 * own that takes the mutex for a short while, again and again, as long as motion_is_work().  Then
 * it ends when that thread says so; whoever ends it early has cancelled the work by that.
 *
 * A wait is with the unit's mutex released, so that the robot, D-Bus, the work and another thread's
 * commands find the unit free.  It lets its thread be cancelled (tcmu-runner ends a unit's thread
 * so): the command is then never answered, as after a kill.
 *
 * Everything here is called with the unit's mutex held.
 */
#ifndef VTL_SCSI_MOTION_H
#define VTL_SCSI_MOTION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "handlers/scsi/sense.h"

struct scsi_unit;

struct unit_motion {
	pthread_cond_t over;
	enum sense_id sense; /* SENSE_NO_SENSE: none is under way */
	int64_t since_ms,
		until_ms; /* monotonic clock; of work: it does not seem over before that */
	bool working;     /* it is work, and not done */
	uint16_t done;    /* so much of it, in 65536ths */
};

/* What a command that needs the medium comes to while the unit is ready but for a motion. */
enum motion_meanwhile {
	MEANWHILE_WAIT,      /* it waits; TEST UNIT READY is GOOD */
	MEANWHILE_NOT_READY, /* NOT READY, OPERATION IN PROGRESS; TEST UNIT READY too */
	MEANWHILE_BUSY,      /* BUSY; TEST UNIT READY too, and also while the medium is unloaded */
};

void motion_init(struct unit_motion *motion);
void motion_clear(struct unit_motion *motion);

/* Begins one of @ms milliseconds, in place of any that is under way; none with @ms 0. */
void motion_begin(struct scsi_unit *unit, enum sense_id sense, uint64_t ms);
/* Ends it at once, and wakes who waits for it.  Work is cancelled. */
void motion_end(struct scsi_unit *unit);

/* Begins one that is work, and seems to take @least_ms at least. */
void motion_begin_work(struct scsi_unit *unit, enum sense_id sense, uint64_t least_ms);
/* The work was not cancelled, and is not done. */
bool motion_is_work(const struct scsi_unit *unit);
/* So far @done of @total (not 0) are done. */
void motion_work_at(struct scsi_unit *unit, uint64_t done, uint64_t total);
/* The work is done; what is left of @least_ms since it began is a motion like others. */
void motion_work_done(struct scsi_unit *unit, uint64_t least_ms);

/*
 * What is under way, SENSE_NO_SENSE: nothing.  Where there is something, and @extra is not NULL,
 * the progress is put into it.
 */
enum sense_id motion_sense(struct scsi_unit *unit, struct sense_extra *extra);
/* The same where the unit is not ready by it; else SENSE_NO_SENSE. */
enum sense_id motion_not_ready(struct scsi_unit *unit, struct sense_extra *extra);

/*
 * Waits until nothing is under way; at once where that is so.  A reset of the unit, or an abort of
 * the command, ends it (unit_set_watch()); but work goes on when a command that waits for it is
 * aborted: then the answer is false, and that command is to end without having done anything.  The
 * mutex is released meanwhile: whatever was known of the unit may have changed.
 */
bool motion_wait(struct scsi_unit *unit);

#endif
