/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attribute.h: the medium auxiliary memory as a drive sees it: what attribute.c (the commands) asks
 * of attribute_values.c (the values).  The rows are in lib/base/mam.h, what is kept is in the
 * cartridge.  All of this is for a READY drive, with the unit's mutex held.
 */
#ifndef VTL_TAPE_ATTRIBUTE_H
#define VTL_TAPE_ATTRIBUTE_H

#include "handlers/tape/internal.h"
#include "lib/base/mam.h"

#define MAM_BYTES      16352u /* MAM CAPACITY, as LTO-6 and later have */
#define MAM_HOST_BYTES 4096u  /* of these for hosts, each attribute with 5 bytes of its own */
#define MAM_VALUE_MAX  1024u

/* Partitions of the loaded medium. */
unsigned attribute_partitions(struct drive *d);

/* Whether a drive of this model has attributes of @row. */
bool attribute_is_supported(const struct drive *d, const struct mam_row *row);

/*
 * The value of attribute @id of @row as @partition has it, in @value (MAM_VALUE_MAX bytes); 0
 * where there is none now, or it cannot be told: a partition that it is of, or that it sums up,
 * cannot be opened.
 */
size_t attribute_value(struct drive *d, const struct mam_row *row, uint16_t id, unsigned partition,
		       uint8_t *value, uint8_t *ret_format);

/* The drive works it out, so there always is one: where there is not, it cannot be told. */
bool attribute_is_worked_out(const struct mam_row *row);

/* Bytes that hosts use of the memory. */
unsigned attribute_host_bytes(struct drive *d);

#endif
