/* SPDX-License-Identifier: Apache-2.0 */
/* medium.c: outcomes of lib/store as sense data.  No other file of the drive translates them. */
#include <errno.h>

#include "handlers/tape/internal.h"

struct outcome_row {
	enum sense_id sense;
	uint8_t flags;
};

/* clang-format off */
/* A full file system is the end of the medium: the host goes on with another one, and loses
 * nothing (P6). */
static const struct outcome_row rows[] = {
	[CART_E_FILEMARK]      = { SENSE_FILEMARK_DETECTED,      SENSE_FILEMARK },
	[CART_E_EOD]           = { SENSE_END_OF_DATA,            0 }, /* never EOM: st would take it for data */
	[CART_E_BOP]           = { SENSE_BEGINNING_OF_PARTITION, SENSE_EOM },
	[CART_E_EARLY_WARNING] = { SENSE_END_OF_PARTITION,       SENSE_EOM },
	[CART_E_FULL]          = { SENSE_VOLUME_OVERFLOW,        SENSE_EOM },
	[CART_E_NO_SPACE]      = { SENSE_VOLUME_OVERFLOW,        SENSE_EOM },
	[CART_E_DAMAGED]       = { SENSE_UNRECOVERED_READ_ERROR, 0 },
	[CART_E_BUSY]          = { SENSE_BECOMING_READY,         0 },
	[CART_E_ABSENT]        = { SENSE_LOAD_FAILED,            0 },
	[CART_E_NOT_RESIDENT]  = { SENSE_BECOMING_READY,         0 },
	[CART_E_PROTECTED]     = { SENSE_WRITE_PROTECTED,        0 },
	[CART_E_UNSUPPORTED]   = { SENSE_CANNOT_READ_MEDIUM,     0 },
	[CART_E_INVALID]       = { SENSE_CANNOT_READ_MEDIUM,     0 },
	[CART_E_ENCRYPTED]     = { SENSE_UNABLE_TO_DECRYPT,      0 },
	[CART_E_WRONG_KEY]     = { SENSE_INCORRECT_KEY,          0 },
	[CART_E_TAMPERED]      = { SENSE_CRYPTOGRAPHIC_INTEGRITY, 0 },
	[CART_E_UNENCRYPTED]   = { SENSE_UNENCRYPTED_DATA,       0 },
	[CART_E_NO_RAW]        = { SENSE_NOT_RAW_READ_ENABLED,   0 },
	[CART_E_FOREIGN]       = { SENSE_CANNOT_READ_MEDIUM,     0 },
	[CART_E_CLEANING]      = { SENSE_CLEANING_CARTRIDGE,     0 },
	[CART_E_WORM]          = { SENSE_WORM_OVERWRITE,         0 },
};
/* clang-format on */

#define ROWS (int)(sizeof(rows) / sizeof(rows[0]))

static bool has_row(int outcome)
{
	return outcome > 0 && outcome < ROWS && rows[outcome].sense != SENSE_NO_SENSE;
}

/* Of any partition: the one that was left may have failed behind a power on. */
static bool take_failure(struct drive *d, struct stage_failure *ret_lost)
{
	for (unsigned n = 0; n < CART_PARTITIONS; n++)
		if (d->stages[n] != NULL && stage_take_failure(d->stages[n], ret_lost))
			return true;
	return false;
}

bool drive_deferred(struct scsi_unit *unit, enum sense_id *ret_why, struct sense_extra *extra)
{
	struct drive *d = drive_of(unit);
	struct stage_failure lost = d->lost;

	if (!d->has_lost && !take_failure(d, &lost))
		return drive_take_found(d, ret_why, extra);
	d->has_lost = false;
	/* never EOM or VOLUME OVERFLOW: st would take it for the end of the medium at the command
	 * that hears of it, and go on with the next tape behind the gap */
	*ret_why = SENSE_WRITE_ERROR;
	*extra = (struct sense_extra){
		.deferred = true,
		.valid = true,
		.information = (int64_t)(d->block_size == 0 ? lost.bytes : lost.blocks),
	};
	drive_counters_error(d, *ret_why, NULL);
	return true;
}

int drive_sync(struct stage *s)
{
	int r = stage_sync(s);

	return r == CART_E_NO_SPACE || r == CART_E_FULL ? -EIO : r;
}

struct drive_finding drive_find(struct drive *d, const struct scsi_cmd *cmd, int outcome,
				enum sense_id unexpected, int64_t information)
{
	struct drive_finding f = { .sense = unexpected };

	if (outcome == STAGE_E_DEFERRED && drive_deferred(&d->unit, &f.sense, &f.extra))
		return f;
	if (has_row(outcome)) {
		f.sense = rows[outcome].sense;
		f.extra.flags = rows[outcome].flags;
	}
	f.extra.valid = true;
	f.extra.information = information;
	drive_counters_error(d, f.sense, cmd);
	return f;
}

enum scsi_status drive_outcome(struct drive *d, struct scsi_cmd *cmd, int outcome,
			       enum sense_id unexpected, int64_t information)
{
	struct drive_finding f;

	if (outcome == 0)
		return SCSI_GOOD;
	f = drive_find(d, cmd, outcome, unexpected, information);
	return scsi_check_extra(&d->unit, cmd, f.sense, &f.extra);
}

enum sense_id drive_open_sense(int outcome)
{
	return has_row(outcome) ? rows[outcome].sense : SENSE_LOAD_FAILED;
}

enum drive_alert drive_open_alert(int outcome)
{
	if (outcome == CART_E_UNSUPPORTED)
		return ALERT_UNSUPPORTED_FORMAT;
	return outcome == CART_E_INVALID ? ALERT_MEMORY_CHIP_FAILURE : ALERT_LOAD_FAILURE;
}
