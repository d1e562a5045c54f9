/* SPDX-License-Identifier: Apache-2.0 */
/* support_pages.h: the tables of pages in docs/scsi-support.md, printed for support_table.c. */
#ifndef VTL_TESTS_SUPPORT_PAGES_H
#define VTL_TESTS_SUPPORT_PAGES_H

#include <stdbool.h>

#include "handlers/scsi/unit.h"

/* "compression, WORM": what a row needs a drive to have. Prints it. */
void print_features(unsigned features);

/* The pages of all the rows of @t, and those of the standards that are not among them, with the
 * reason.  false: a page has no name in support_pages.c. */
bool print_pages(const char *what, const struct scsi_tables *t);

/* Pages that are bytes of a model's data, and which models have them. */
void print_model_pages(void);

#endif
