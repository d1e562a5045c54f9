/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h: which names are allowed.  Both kinds become file names, D-Bus path elements, parts of a
 * TCMU cfgstring or of a SCSI volume tag, so the check is strict and made once, where a name
 * enters.
 */
#ifndef VTL_BASE_NAME_H
#define VTL_BASE_NAME_H

#include <stdbool.h>

/* A volume identifier has at most 32 characters (SMC-3, primary volume tag), plus the 0 byte. */
#define BARCODE_SIZE 33
/* A library's name has at most 31 characters, plus the 0 byte. */
#define LIBRARY_NAME_SIZE 32

/* 1 to 32 of A-Z 0-9 '-' '_' '$' '#' '@', beginning with a letter or digit. */
bool barcode_is_valid(const char *barcode);

/* 1 to 31 of A-Z a-z 0-9 '_', beginning with a letter. */
bool library_name_is_valid(const char *name);

#endif
