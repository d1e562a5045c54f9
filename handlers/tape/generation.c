/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generation.c: what the drive makes of the cartridge that is put into it: whether it can read and
 * write it (the generation matrix of its model's data), and cleaning.
 *
 * It is judged before anything is opened or recalled.  What it cannot read stays in the drive, not
 * ready, until the robot takes it out: MEDIUM ERROR 30/00 and TapeAlert 12.  What it can only read
 * is write protected (DATA PROTECT 30/05 where somebody writes all the same) with TapeAlert 17.
 * Cleaning is cleaning.c.
 */
#include <stdlib.h>

#include "handlers/tape/internal.h"

static enum medium_access access_of(const struct drive *d, const struct cart_info *info)
{
	enum medium_access access =
		drive_medium_access(drive_model(d), info->density, info->medium_type);

	if (info->kind == CART_CLEANING)
		return (d->unit.features & DRIVE_CLEANING) != 0 && access == MEDIUM_CLEANS
			       ? MEDIUM_CLEANS
			       : MEDIUM_REFUSED;
	if (info->kind == CART_WORM && (d->unit.features & DRIVE_WORM) == 0)
		return MEDIUM_REFUSED;
	return access == MEDIUM_CLEANS ? MEDIUM_REFUSED : access;
}

enum medium_access drive_judge_medium(struct drive *d)
{
	struct cart_info *info = calloc(1, sizeof(*info));
	enum medium_access access = MEDIUM_READ_WRITE; /* what is wrong shows when it is opened */
	bool cleaning = false;

	if (info != NULL && cart_stat(library_pool(d->library), d->barcode, info) == 0) {
		access = access_of(d, info);
		cleaning = info->kind == CART_CLEANING;
	}
	free(info);
	d->read_only = access == MEDIUM_READ_ONLY;
	if (access == MEDIUM_CLEANS) {
		drive_clean(d);
	} else if (access == MEDIUM_REFUSED) {
		d->failure = SENSE_INCOMPATIBLE_MEDIUM_LOADED;
		drive_alert(d, cleaning ? ALERT_CLEANING_INVALID : ALERT_UNSUPPORTED_FORMAT);
	} else if (d->read_only) {
		drive_alert(d, ALERT_READ_ONLY_FORMAT);
	}
	return access;
}
