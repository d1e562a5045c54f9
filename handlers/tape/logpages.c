/* SPDX-License-Identifier: Apache-2.0 */
/* logpages.c: the drive's log pages (SSC-5, Log parameters). */
#include <string.h>

#include "handlers/tape/internal.h"

#define MEGABYTE 1000000u

enum error_counter { /* SPC-5, error counter log pages */
	COUNTER_TOTAL_CORRECTED = 3,
	COUNTER_BYTES = 5,
	COUNTER_UNCORRECTED = 6,
};

/* Nothing is ever corrected or retried here: these counters are true zeros. */
static void fill_errors(struct log_writer *w, uint64_t bytes, uint64_t uncorrected)
{
	for (uint16_t code = 0; code <= COUNTER_UNCORRECTED; code++) {
		uint64_t value = code == COUNTER_BYTES         ? bytes
				 : code == COUNTER_UNCORRECTED ? uncorrected
							       : 0;

		log_put_number(w, code, LOG_COUNTER, value, 8);
	}
}

static void fill_write_errors(struct scsi_unit *unit, struct log_writer *w)
{
	const struct drive_counters *c = &drive_of(unit)->counters;

	fill_errors(w, c->written_bytes, c->write_errors);
}

static void fill_read_errors(struct scsi_unit *unit, struct log_writer *w)
{
	const struct drive_counters *c = &drive_of(unit)->counters;

	fill_errors(w, c->read_bytes, c->read_errors);
}

static void reset_write_errors(struct scsi_unit *unit)
{
	drive_of(unit)->counters.write_errors = 0;
	drive_of(unit)->counters.written_bytes = 0;
}

static void reset_read_errors(struct scsi_unit *unit)
{
	drive_of(unit)->counters.read_errors = 0;
	drive_of(unit)->counters.read_bytes = 0;
}

/* Capacity of the medium, or of the native one where it has no limit or none is there. */
static uint64_t capacity_bytes(struct drive *d)
{
	const struct drive_model *m = drive_model(d);

	if (d->state == DRIVE_READY && stage_info(d->stage)->capacity_bytes != 0)
		return stage_info(d->stage)->capacity_bytes;
	return (uint64_t)m->densities[0].capacity_mb * MEGABYTE;
}

/* 0Ch: bytes from and to the host, and where early warning stands. */
static void fill_sequential(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);
	uint64_t early = 0;

	if (d->state == DRIVE_READY)
		early = stage_info(d->stage)->early_warning_bytes;
	log_put_number(w, 0x0000, LOG_COUNTER, d->counters.written_bytes, 8);
	log_put_number(w, 0x0003, LOG_COUNTER, d->counters.read_bytes, 8);
	if (d->state != DRIVE_READY)
		return;
	log_put_number(w, 0x0004, LOG_BINARY, stage_info(d->stage)->stored_bytes / MEGABYTE, 4);
	log_put_number(w, 0x0005, LOG_BINARY, (capacity_bytes(d) - early) / MEGABYTE, 4);
	log_put_number(w, 0x0006, LOG_BINARY, early / MEGABYTE, 4);
}

/* 31h, tape capacity: units of 2^20 bytes, as LTO drives count; the alternate partition does not
 * exist. */
static void fill_capacity(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);
	uint64_t maximum = 0, used = 0;

	if (d->state == DRIVE_READY) {
		maximum = capacity_bytes(d);
		used = stage_info(d->stage)->stored_bytes;
	}
	log_put_number(w, 1, LOG_BINARY, (used < maximum ? maximum - used : 0) >> 20, 4);
	log_put_number(w, 2, LOG_BINARY, 0, 4);
	log_put_number(w, 3, LOG_BINARY, maximum >> 20, 4);
	log_put_number(w, 4, LOG_BINARY, 0, 4);
}

const struct log_page drive_log_pages[] = {
	{ 0x02, 0, fill_write_errors, reset_write_errors, NULL, 0 },
	{ 0x03, 0, fill_read_errors, reset_read_errors, NULL, 0 },
	{ 0x0c, 0, fill_sequential, NULL, NULL, 0 },
	{ 0x2e, 0, drive_fill_tapealert, drive_reset_tapealert, drive_told_tapealert,
	  DRIVE_TAPE_ALERT },
	{ 0x31, 0, fill_capacity, NULL, NULL, 0 },
};
const unsigned drive_log_pages_cnt = sizeof(drive_log_pages) / sizeof(drive_log_pages[0]);
