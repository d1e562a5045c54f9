/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode.h: mode pages as rows (SPC-5, Mode parameters).
 *
 * A page has default bytes and a mask of the bits that MODE SELECT may change; current values live
 * in the unit and become the defaults again at power on.  Nothing is saved: PC 3 and SP are
 * refused.
 */
#ifndef VTL_SCSI_MODE_H
#define VTL_SCSI_MODE_H

#include "handlers/scsi/unit.h"

#define MODE_PAGE_CONTROL 0x0a

struct mode_page {
	uint8_t code;
	uint8_t subpage;           /* 0: page_0 format */
	uint8_t size;              /* of the whole page with its header */
	const uint8_t *defaults;   /* @size bytes, the header (code, length) included */
	const uint8_t *changeable; /* @size bytes; NULL: nothing */
	/* Brings the page up to date before it is shown; may be NULL. @page: the whole page. */
	void (*sense)(struct scsi_unit *unit, uint8_t *page);
	/*
	 * Checks (@apply false) or takes over (@apply true) what a host set; may be NULL.  @offset:
	 * of the page in the parameter list, for scsi_check_list().
	 */
	enum scsi_status (*select)(struct scsi_unit *unit, struct scsi_cmd *cmd,
				   const uint8_t *page, unsigned offset, bool apply);
	unsigned features; /* the row is there only for a unit with all of these */
};

/* All pages to their defaults. */
void mode_reset(struct scsi_unit *unit);

/* Current bytes of a page; NULL where the unit has no such page. */
uint8_t *mode_current(struct scsi_unit *unit, uint8_t code, uint8_t subpage);

#endif
