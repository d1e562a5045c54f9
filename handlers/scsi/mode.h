/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode.h: mode pages as rows (SPC-5, Mode parameters).
 *
 * A page has default bytes and a mask of the bits that MODE SELECT may change.  A unit has three
 * copies of each page: the defaults (the row), the saved values and the current ones.  Power on
 * makes the saved values current; MODE SELECT with SP saves the current values of all saveable
 * pages, before it changes anything, so that a list is taken over and saved or neither.
 *
 * A page is saveable (PS bit) where it has changeable bits, is no MODE_VOLATILE row, and the unit
 * has a place (ops->save).  A unit without one refuses PC 3 and SP.
 *
 * All of this is called with the unit's mutex held.
 */
#ifndef VTL_SCSI_MODE_H
#define VTL_SCSI_MODE_H

#include "handlers/scsi/unit.h"

#define MODE_PAGE_CONTROL 0x0a

enum mode_page_flags {
	MODE_VOLATILE = 0x1, /* never saved: the page describes the medium, or an I_T nexus */
	/*
	 * The page (page_0 format) may be shorter than the row: the sense hook says in byte 1 how
	 * long it is, in every copy; MODE SELECT takes less, 8 bytes at least: what is missing
	 * stays as it is.
	 */
	MODE_SHORTER = 0x2,
};

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
	 * of the page in the parameter list, for scsi_check_list().  Where it takes over it may
	 * answer RECOVERED ERROR (rounded parameter), which the host is told when all is done.
	 */
	enum scsi_status (*select)(struct scsi_unit *unit, struct scsi_cmd *cmd,
				   const uint8_t *page, unsigned offset, bool apply);
	/* The row is there only for a unit with all of these; of several rows for one page the
	 * first one is taken. */
	unsigned features;
	unsigned flags; /* enum mode_page_flags */
};

/* All pages to their saved values: power on, reset. */
void mode_reset(struct scsi_unit *unit);

/*
 * Reads the saved values (ops->load), and makes them current.  What does not fit the unit's pages
 * any more (another personality, an older version) keeps its defaults.
 */
void mode_restore(struct scsi_unit *unit);

/* Whether a host has ever saved this page. */
bool mode_is_saved(const struct scsi_unit *unit, uint8_t code, uint8_t subpage);

/* Current bytes of a page, its header included; NULL where the unit has no such page. */
uint8_t *mode_current(struct scsi_unit *unit, uint8_t code, uint8_t subpage);

#endif
