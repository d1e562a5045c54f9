/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h: the rows that one unit has, chosen from all that there are. */
#ifndef VTL_SCSI_TABLES_H
#define VTL_SCSI_TABLES_H

#include "handlers/scsi/unit.h"

/*
 * Copies of those rows of @all whose features are all among @features, and whose pages are in the
 * lists of @all where it has lists, in the same order; mode pages with the model's bytes, and the
 * vendor's own among them.  tables_free() frees them.  NULL where there is no memory.
 */
struct scsi_tables *tables_choose(const struct scsi_tables *all, unsigned features);
void tables_free(struct scsi_tables *tables);

#endif
