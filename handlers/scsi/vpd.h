/* SPDX-License-Identifier: Apache-2.0 */
/* vpd.h: vital product data pages as rows (SPC-5, Vital product data parameters). */
#ifndef VTL_SCSI_VPD_H
#define VTL_SCSI_VPD_H

#include "handlers/scsi/unit.h"

#define VPD_PAGE_MAX 252 /* bytes of content */

struct vpd_page {
	uint8_t code;
	/* Writes the content behind the 4 byte header and returns its length, at most VPD_PAGE_MAX.
	 */
	size_t (*fill)(struct scsi_unit *unit, uint8_t *content);
	unsigned features; /* the row is there only for a unit with all of these */
};

/*
 * A locally assigned NAA designator (8 bytes, NAA 3) made from vendor, product and serial: the same
 * for the same unit, on every machine and at every start.
 */
void vpd_naa(const struct scsi_identity *identity, uint8_t naa[8]);

/* ---- fills for the rows of every unit ---- */

/* 86h, extended INQUIRY data. */
size_t vpd_fill_extended(struct scsi_unit *unit, uint8_t *content);
/* 87h, mode page policy: one set of all pages, for all ports and initiators. */
size_t vpd_fill_policy(struct scsi_unit *unit, uint8_t *content);

#endif
