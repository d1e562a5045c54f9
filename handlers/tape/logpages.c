/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logpages.c: the drive's log pages: the rows, and those that fit nowhere else (SSC-5, SPC-5).
 * Statistics are in logstatistics.c, capacity and compression in logusage.c, TapeAlert in alert.c,
 * pages of makers in vendor.c.
 *
 * A value here is counted, or known, or absent.  Two are fixed because there is nothing to measure:
 * the temperature is FFh, "not known", and what wears or is retried is 0.
 */
#include <string.h>

#include "handlers/tape/internal.h"

#define MEGABYTE 1000000u

/* ---- 02h and 03h, error counters ---- */

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

static uint64_t *write_counter(struct scsi_unit *unit, uint16_t code)
{
	struct drive_counters *c = &drive_of(unit)->counters;

	return code == COUNTER_BYTES         ? &c->written_bytes
	       : code == COUNTER_UNCORRECTED ? &c->write_errors
					     : NULL;
}

static uint64_t *read_counter(struct scsi_unit *unit, uint16_t code)
{
	struct drive_counters *c = &drive_of(unit)->counters;

	return code == COUNTER_BYTES         ? &c->read_bytes
	       : code == COUNTER_UNCORRECTED ? &c->read_errors
					     : NULL;
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

/* ---- 0Ch, sequential-access device ---- */

/*
 * Of IBM's drives: 10^6 bytes moved since the last cleaning, loads, cleanings, seconds of power.  A
 * real LTO-6 drive's values agree with those of its page 14h (tests/scsi/test_real_vectors.c).
 */
static void put_ibm_lifetime(struct drive *d, struct log_writer *w)
{
	uint64_t written = drive_life(d, LIFE_WRITTEN), cleaned = d->life[LIFE_CLEANED_WRITTEN];

	log_put_number(w, 0x8000, LOG_COUNTER,
		       written > cleaned ? (written - cleaned) / MEGABYTE : 0, 4);
	log_put_number(w, 0x8001, LOG_COUNTER, d->life[LIFE_LOADS], 4);
	log_put_number(w, 0x8002, LOG_COUNTER, d->life[LIFE_CLEANINGS], 4);
	log_put_number(w, 0x8003, LOG_COUNTER, drive_life(d, LIFE_POWER_ON_S), 4);
}

/* The four ways of data, of this load or the last one; and where things stand, in 10^6 bytes. */
static void fill_sequential(struct scsi_unit *unit, struct log_writer *w)
{
	struct drive *d = drive_of(unit);
	struct cart_traffic t;

	drive_traffic(d, &t);
	log_put_number(w, 0x0000, LOG_COUNTER, t.open_written, 8);
	log_put_number(w, 0x0001, LOG_COUNTER, t.open_written_stored, 8);
	log_put_number(w, 0x0002, LOG_COUNTER, t.open_read_stored, 8);
	log_put_number(w, 0x0003, LOG_COUNTER, t.open_read, 8);
	if (d->state == DRIVE_READY) {
		const struct cart_info *info = stage_info(d->stage);
		uint64_t early = info->early_warning_bytes;

		log_put_number(w, 0x0004, LOG_BINARY, info->stored_bytes / MEGABYTE, 4);
		log_put_number(w, 0x0005, LOG_BINARY, (drive_capacity_bytes(d) - early) / MEGABYTE,
			       4);
		log_put_number(w, 0x0006, LOG_BINARY, early / MEGABYTE, 4);
	}
	log_put_number(w, 0x0008, LOG_BINARY, STAGE_BUFFER_BYTES / MEGABYTE, 4);
	log_put_number(w, 0x0100, LOG_COUNTER, drive_wants_cleaning(d), 8);
	if ((unit->features & DRIVE_IBM_SERVICE) != 0)
		put_ibm_lifetime(d, w);
}

/* ---- 0Dh, temperature ---- */

static void fill_temperature(struct scsi_unit *unit, struct log_writer *w)
{
	static const uint8_t not_known[2] = { 0x00, 0xff };

	(void)unit;
	log_put(w, 0x0000, LOG_BINARY, not_known, 2);
	log_put(w, 0x0001, LOG_BINARY, not_known, 2);
}

/* ---- 11h, DT device status ---- */

#define VHF_CMPR    0x10 /* byte 0: compression is on */
#define VHF_WRTP    0x08 /* the medium is write protected */
#define VHF_CRQST   0x04 /* cleaning is requested */
#define VHF_CRQRD   0x02 /* cleaning is required */
#define VHF_DINIT   0x01 /* the drive is initialised */
#define VHF_PAMR    0x80 /* byte 0: prevent/allow medium removal */
#define VHF_MACC    0x20 /* byte 0: the auxiliary memory can be accessed */
#define VHF_INXTN   0x80 /* byte 1: between two states */
#define VHF_RAA     0x20 /* the robot can take the medium, or put one in */
#define VHF_MPRSNT  0x10
#define VHF_MSTD    0x04 /* seated */
#define VHF_MTHRD   0x02 /* threaded */
#define VHF_MOUNTED 0x01
#define VHF_LOADING 0x02 /* byte 2, activity */
#define VHF_RRQST   0x04 /* byte 3: recovery is requested */
#define VHF_TAFC    0x01 /* TapeAlert flags have changed since page 12h was read */

static void very_high_frequency(struct drive *d, uint8_t data[4])
{
	const uint8_t *compression = mode_current(&d->unit, MODE_PAGE_COMPRESSION, 0);
	bool ready = d->state == DRIVE_READY, full = d->state != DRIVE_EMPTY;

	memset(data, 0, 4);
	data[0] = VHF_DINIT;
	if (d->prevented)
		data[0] |= VHF_PAMR;
	if (ready)
		data[0] |= VHF_MACC;
	if (compression != NULL && (compression[2] & 0x80) != 0)
		data[0] |= VHF_CMPR;
	if (drive_medium_is_protected(d))
		data[0] |= VHF_WRTP;
	if (drive_wants_cleaning(d))
		data[0] |= VHF_CRQST;
	if (drive_needs_cleaning(d))
		data[0] |= VHF_CRQRD;
	if (!d->prevented)
		data[1] |= VHF_RAA;
	if (full)
		data[1] |= VHF_MPRSNT | VHF_MSTD;
	if (ready)
		data[1] |= VHF_MTHRD | VHF_MOUNTED;
	if (d->state == DRIVE_LOADING) {
		data[1] |= VHF_INXTN;
		data[2] = VHF_LOADING;
	}
	if (d->alerts != d->alerts_told)
		data[3] |= VHF_TAFC;
}

static void fill_status(struct scsi_unit *unit, struct log_writer *w)
{
	uint8_t data[4];

	very_high_frequency(drive_of(unit), data);
	log_put(w, 0x0000, LOG_BINARY, data, 4);
	log_put_number(w, 0x0001, LOG_BINARY, 500, 2); /* milliseconds between two polls */
}

/* ---- 12h, TapeAlert response; 13h, requested recovery ---- */

void drive_alert_bytes(const struct drive *d, uint8_t flags[8])
{
	memset(flags, 0, 8);
	for (unsigned flag = 0; flag < 64; flag++)
		if ((d->alerts >> flag & 1) != 0)
			flags[flag / 8] |= (uint8_t)(0x80 >> flag % 8);
}

/* Nothing is cleared by looking here. */
static void fill_response(struct scsi_unit *unit, struct log_writer *w)
{
	uint8_t flags[8];

	drive_alert_bytes(drive_of(unit), flags);
	log_put(w, 0x0000, LOG_BINARY, flags, 8);
}

static void told_response(struct scsi_unit *unit)
{
	drive_of(unit)->alerts_told = drive_of(unit)->alerts;
}

/* No recovery is asked for. */
static void fill_recovery(struct scsi_unit *unit, struct log_writer *w)
{
	(void)unit;
	log_put_number(w, 0x0000, LOG_BINARY, 0, 1);
}

/* ---- the rows ---- */

/* clang-format off */
const struct log_page drive_log_pages[] = {
	/* code sub  fill                    reset                   told                  features          counter */
	{ 0x02, 0,   fill_write_errors,      reset_write_errors,     NULL,                 0,                write_counter },
	{ 0x03, 0,   fill_read_errors,       reset_read_errors,      NULL,                 0,                read_counter },
	{ 0x0c, 0,   fill_sequential,        NULL,                   NULL,                 0,                NULL },
	{ 0x0d, 0,   fill_temperature,       NULL,                   NULL,                 0,                NULL },
	{ 0x10, 0,   log_fill_selftests,     NULL,                   NULL,                 0,                NULL },
	{ 0x11, 0,   fill_status,            NULL,                   NULL,                 DRIVE_MAM,        NULL },
	{ 0x12, 0,   fill_response,          NULL,                   told_response,        DRIVE_TAPE_ALERT, NULL },
	{ 0x13, 0,   fill_recovery,          NULL,                   NULL,                 DRIVE_MAM,        NULL },
	{ 0x14, 0,   drive_fill_statistics,  drive_reset_statistics, NULL,                 DRIVE_MAM,        NULL },
	{ 0x16, 0,   drive_fill_diagnostics, NULL,                   NULL,                 DRIVE_MAM,        NULL },
	{ 0x17, 0,   drive_fill_volume,      NULL,                   NULL,                 DRIVE_MAM,        NULL },
	{ 0x1b, 0,   drive_fill_compression, NULL,                   NULL,                 DRIVE_COMPRESSION, NULL },
	{ 0x2e, 0,   drive_fill_tapealert,   drive_reset_tapealert,  drive_told_tapealert, DRIVE_TAPE_ALERT, NULL },
	{ 0x30, 0,   drive_fill_usage,       NULL,                   NULL,                 DRIVE_MAM,        NULL },
	{ 0x31, 0,   drive_fill_capacity,    NULL,                   NULL,                 0,                NULL },
	{ 0x32, 0,   drive_fill_compression, NULL,                   NULL,                 DRIVE_COMPRESSION, NULL },
	/* of makers */
	{ 0x37, 0,   drive_fill_performance, NULL,                   NULL,                 DRIVE_IBM_SERVICE, NULL },
	{ 0x37, 0x64, drive_fill_mount_capacity, NULL,               NULL,                 DRIVE_IBM_SERVICE, NULL },
	/* and a drive has one of them */
	{ 0x3e, 0,   drive_fill_hp_status,   NULL,                   NULL,                 DRIVE_HP_STATUS,  NULL },
	{ 0x3e, 0,   drive_fill_dlt_status,  NULL,                   NULL,                 DRIVE_DLT_STATUS, NULL },
	{ 0x3e, 0,   drive_fill_quantum_statistics, NULL,            NULL,                 DRIVE_QUANTUM_STATISTICS, NULL },
};
/* clang-format on */
const unsigned drive_log_pages_cnt = sizeof(drive_log_pages) / sizeof(drive_log_pages[0]);
