/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleaning.c: a drive that asks to be cleaned, and the cartridge that does it.
 *
 * Where the library's description says so (cleaning=), a drive that was loaded as often, or has
 * written as much, since its last cleaning as its model allows (personality: clean_loads,
 * clean_bytes) raises TapeAlert 21, at twice that 20 too; the log pages 0Ch and 11h say it, and
 * REQUEST SENSE answers 0/00/17 where it has nothing else to say.  A flag that a host has read is
 * raised again at the next load.  The counters are kept over restarts.
 *
 * A cleaning cartridge cleans the drive at once and then rests in it, NOT READY 30/03 (LTO drives;
 * LTFS knows it as "cleaning in progress"), with TapeAlert 11; TapeAlert 20 and 21, by which the
 * drive asked for it, are over, and the counters begin anew.  In a drive that takes its time
 * (mechanism.c) 30/03 has a progress until the cleaning is over.  One that is used up is NOT READY
 * 30/07 and TapeAlert 22; one that is for other drives is like any other medium that they take, and
 * TapeAlert 23.
 */
#include "handlers/tape/internal.h"

#define BIT(flag) (1ull << ((unsigned)(flag)-1))

static bool has_alert(const struct drive *d, enum drive_alert flag)
{
	return (d->alerts & BIT(flag)) != 0;
}

bool drive_wants_cleaning(const struct drive *d)
{
	return d->dirt != DIRT_NONE || has_alert(d, ALERT_CLEAN_NOW) ||
	       has_alert(d, ALERT_CLEAN_PERIODIC);
}

bool drive_needs_cleaning(const struct drive *d)
{
	return d->dirt == DIRT_CLEAN_NOW || has_alert(d, ALERT_CLEAN_NOW);
}

static uint64_t since_cleaning(struct drive *d, enum drive_life what, enum drive_life then)
{
	uint64_t now = drive_life(d, what);

	return now > d->life[then] ? now - d->life[then] : 0;
}

static enum drive_dirt dirt_of(uint64_t used, uint64_t allowed)
{
	if (allowed == 0 || used < allowed)
		return DIRT_NONE;
	return used / 2 < allowed ? DIRT_CLEAN_PERIODIC : DIRT_CLEAN_NOW;
}

void drive_check_cleaning(struct drive *d, bool again)
{
	const struct drive_model *m = drive_model(d);
	enum drive_dirt by_loads, by_bytes, now;

	if (!d->asks_for_cleaning || (d->unit.features & DRIVE_CLEANING) == 0)
		return;
	by_loads = dirt_of(since_cleaning(d, LIFE_LOADS, LIFE_CLEANED_LOADS), m->clean_loads);
	by_bytes = dirt_of(since_cleaning(d, LIFE_WRITTEN, LIFE_CLEANED_WRITTEN), m->clean_bytes);
	now = by_loads > by_bytes ? by_loads : by_bytes;
	if (now != DIRT_NONE && (again || now > d->dirt)) {
		drive_alert(d, ALERT_CLEAN_PERIODIC);
		if (now == DIRT_CLEAN_NOW)
			drive_alert(d, ALERT_CLEAN_NOW);
	}
	d->dirt = now;
}

void drive_ask_for_cleaning(struct drive *d, bool on)
{
	d->asks_for_cleaning = on;
	if (on) {
		drive_check_cleaning(d, true);
		return;
	}
	d->dirt = DIRT_NONE;
	drive_alerts_change(d, 0, BIT(ALERT_CLEAN_NOW) | BIT(ALERT_CLEAN_PERIODIC));
}

static void cleaned(struct drive *d)
{
	drive_counters_cleaned(d);
	d->dirt = DIRT_NONE;
	if (d->slow)
		motion_begin(&d->unit, SENSE_CLEANING_CARTRIDGE,
			     drive_model(d)->timing.cleaning_ms);
}

void drive_clean(struct drive *d)
{
	uint32_t left;
	int r = 0;

	if (!d->attaching) /* the start of this program is no load of the robot's */
		r = cart_use_cleaning(library_pool(d->library), d->barcode, &left);
	if (r == CART_E_EXPIRED) {
		d->failure = SENSE_CLEANING_FAILURE;
		drive_alert(d, ALERT_CLEANING_EXPIRED);
	} else if (r != 0) {
		d->failure = drive_open_sense(r);
	} else {
		d->failure = SENSE_CLEANING_CARTRIDGE;
		if (!d->attaching)
			cleaned(d);
		drive_alerts_change(d, BIT(ALERT_CLEANING_MEDIUM),
				    BIT(ALERT_CLEAN_NOW) | BIT(ALERT_CLEAN_PERIODIC) |
					    BIT(ALERT_CLEANING_EXPIRED) |
					    BIT(ALERT_CLEANING_INVALID));
	}
}
