/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logpage.h: log pages as rows (SPC-5, Log parameters).
 *
 * A page is a function that puts its parameters in order of their codes, with their cumulative
 * values; the common code makes headers, the lists of pages and subpages, the other values (PC),
 * the parameter pointer and the allocation length.  Rows stand in the order of page and subpage.
 *
 * Values.  A counter has a cumulative value, which begins at 0 (its default), and a threshold, all
 * ones (its default): never reached.  A list (flags, text, sizes) has one value, whatever PC asks
 * for.
 *
 * A host may set the counters for which counter() of the row gives the variable: their values,
 * their thresholds, and with ETC and TMC when a comparison is made.  A comparison that is met is a
 * unit attention (5B/01) where RLEC of the control mode page is set.  Thresholds are saved with SP.
 *
 * All of this is called with the unit's mutex held.
 */
#ifndef VTL_SCSI_LOGPAGE_H
#define VTL_SCSI_LOGPAGE_H

#include "handlers/scsi/unit.h"

#define LOG_PAGE_MAX 3072 /* bytes of one page */

struct log_writer {
	uint8_t *data; /* LOG_PAGE_MAX bytes */
	size_t size;
	uint16_t first; /* parameter pointer: parameters of lower codes are left out */
	/* for the common code */
	const struct scsi_unit *unit;
	uint8_t code, subpage;
	unsigned pc;
};

/* Format and linking bits of a parameter. */
enum log_parameter_kind {
	LOG_COUNTER = 0x00, /* a bounded data counter */
	LOG_ASCII = 0x01,   /* a list in ASCII */
	LOG_BINARY = 0x03,  /* a list in binary form */
};

struct log_page {
	uint8_t code;
	uint8_t subpage;
	void (*fill)(struct scsi_unit *unit, struct log_writer *w);
	void (*reset)(struct scsi_unit *unit); /* LOG SELECT, PCR; NULL: nothing to reset */
	void (*told)(
		struct scsi_unit *unit); /* the whole page went to a host; NULL: nothing to do */
	unsigned features;               /* the row is there only for a unit with all of these */
	/* The counter behind a parameter that a host may set; NULL for another.  May be NULL. */
	uint64_t *(*counter)(struct scsi_unit *unit, uint16_t code);
};

/* Adds a parameter of @size bytes. */
void log_put(struct log_writer *w, uint16_t code, enum log_parameter_kind kind, const void *data,
	     uint8_t size);
/* A number in @size bytes, big-endian; saturates. */
void log_put_number(struct log_writer *w, uint16_t code, enum log_parameter_kind kind,
		    uint64_t value, uint8_t size);
/* Text in @size bytes, blank padded, cut. */
void log_put_text(struct log_writer *w, uint16_t code, const char *text, uint8_t size);

/* Page 10h, self-test results: a fill for the rows of every unit. */
void log_fill_selftests(struct scsi_unit *unit, struct log_writer *w);

/* Reads saved thresholds (ops->load): at the unit's start. */
void log_restore(struct scsi_unit *unit);

/* After a command: compares the counters that have a threshold.  Cheap where there is none. */
void log_compare(struct scsi_unit *unit);

#endif
