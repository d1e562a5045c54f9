/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logpage.h: log pages as rows (SPC-5, Log parameters). A page is a function that puts its
 * parameters in order of their codes; the common code makes headers, supported pages lists, the
 * parameter pointer and the allocation length.
 */
#ifndef VTL_SCSI_LOGPAGE_H
#define VTL_SCSI_LOGPAGE_H

#include "handlers/scsi/unit.h"

#define LOG_PAGE_MAX 1024 /* bytes of one page */

struct log_writer {
	uint8_t data[LOG_PAGE_MAX];
	size_t size;
	uint16_t first; /* parameter pointer: parameters of lower codes are left out */
};

/* Format and linking bits of a parameter. */
enum log_parameter_kind {
	LOG_COUNTER = 0x00, /* a bounded data counter */
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
};

/* Adds a parameter of @size bytes. */
void log_put(struct log_writer *w, uint16_t code, enum log_parameter_kind kind, const void *data,
	     uint8_t size);
/* A number in @size bytes, big-endian; saturates. */
void log_put_number(struct log_writer *w, uint16_t code, enum log_parameter_kind kind,
		    uint64_t value, uint8_t size);

#endif
