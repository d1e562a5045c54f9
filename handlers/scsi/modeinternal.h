/* SPDX-License-Identifier: Apache-2.0 */
/* modeinternal.h: what mode.c and modeselect.c share; called with the unit's mutex held. */
#ifndef VTL_SCSI_MODEINTERNAL_H
#define VTL_SCSI_MODEINTERNAL_H

#include "handlers/scsi/mode.h"

#define PS              0x80 /* of byte 0 of a page: it can be saved */
#define SPF             0x40 /* the same: it has a subpage code, and a length of two bytes */
#define DESCRIPTOR_SIZE 8    /* of a block descriptor */

#define SAVED_NAME "mode-pages"
/* Saved pages, one behind the other: page code, subpage, size, then the page's bytes. */
#define RECORD_HEADER 3
#define SAVED_MAX     (UNIT_MODE_PAGES * (RECORD_HEADER + UNIT_MODE_PAGE_MAX))

/* Bytes of the page before its parameters: 2, or 4 with a subpage. */
unsigned mode_header_size(const struct mode_page *row);
/* The bits of @byte that a host can set. */
uint8_t mode_changeable(const struct mode_page *row, unsigned byte);
bool mode_is_saveable(const struct scsi_unit *unit, const struct mode_page *row);
/* Which of the unit's rows; -1 where it has no such page. */
int mode_page_index(const struct scsi_unit *unit, uint8_t code, uint8_t subpage);
/* Whether there is a page of this code, with whatever subpage. */
bool mode_has_code(const struct scsi_unit *unit, uint8_t code);
/* PAGE LENGTH of row @i, which may be shorter (MODE_SHORTER). */
uint8_t mode_length_now(struct scsi_unit *unit, unsigned i);
/* Takes what was saved of row @i into the saved values. */
void mode_restore_page(struct scsi_unit *unit, unsigned i, const uint8_t *page);

#endif
