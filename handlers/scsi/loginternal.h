/* SPDX-License-Identifier: Apache-2.0 */
/* loginternal.h: what logpage.c and logselect.c share. */
#ifndef VTL_SCSI_LOGINTERNAL_H
#define VTL_SCSI_LOGINTERNAL_H

#include "handlers/scsi/logpage.h"

enum log_pc { /* page control of LOG SENSE and LOG SELECT */
	LOG_PC_THRESHOLD = 0,
	LOG_PC_CUMULATIVE = 1,
	LOG_PC_DEFAULT_THRESHOLD = 2,
	LOG_PC_DEFAULT_CUMULATIVE = 3,
};

/* The row of a page; NULL where there is none. */
const struct log_page *log_find(const struct scsi_unit *unit, uint8_t code, uint8_t subpage);
/* Whether there is a page of this code, with whatever subpage. */
bool log_has_code(const struct scsi_unit *unit, uint8_t code);
/* Fills @w, whose data, first and pc are set, with a page; its header is left to the caller. */
void log_fill(struct scsi_unit *unit, const struct log_page *page, struct log_writer *w);
/* What a host has set for a parameter; NULL: the defaults. */
const struct log_threshold *log_threshold_find(const struct scsi_unit *unit, uint8_t code,
					       uint8_t subpage, uint16_t parameter);
/* SP: saves the thresholds, and what the unit counts. 0 or -errno. */
MUST_CHECK int log_save(struct scsi_unit *unit);

#endif
