/* SPDX-License-Identifier: Apache-2.0 */
/*
 * personality.c: the rows.  Density codes, track counts and bit densities are those that the
 * drives' makers publish for REPORT DENSITY SUPPORT; capacities are native, in 10^6 bytes.
 */
#include "lib/personality/personality.h"

#include <string.h>

/* LTO-7 and later */
#define LTO_FEATURES                                                                           \
	(DRIVE_COMPRESSION | DRIVE_WORM | DRIVE_ENCRYPTION | DRIVE_PARTITIONS | DRIVE_LBP_RS | \
	 DRIVE_LBP_CRC32C | DRIVE_MAM | DRIVE_APPEND_ONLY | DRIVE_PEWS | DRIVE_CLEANING |      \
	 DRIVE_TAPE_ALERT | DRIVE_LOCATE_16)
#define LTO_PARTITIONS 4

#define LTO_MAX_BLOCK 0xffffffu /* bytes: what the 24 bits of READ and WRITE can name */

/* clang-format off */
static const struct density_row lto8_densities[] = {
	/* code  type  write  bits/mm  width tracks  10^6 bytes  org         name     description */
	{ 0x5e,  0x88, true,  20668,   127,  6656,   12000000,   "LTO-CVE",  "U-832", "Ultrium 8/32T" },
	{ 0x5c,  0x78, true,  19107,   127,  3584,    6000000,   "LTO-CVE",  "U-732", "Ultrium 7/28T" },
};

static const struct drive_model generic_lto8 = {
	"TCMU-VTL", "ULTRIUM-8", "0001", LTO_FEATURES, LTO_PARTITIONS, LTO_MAX_BLOCK, lto8_densities, 2,
};
static const struct drive_model ibm_lto8 = {
	"IBM", "ULT3580-TD8", "HB81", LTO_FEATURES, LTO_PARTITIONS, LTO_MAX_BLOCK, lto8_densities, 2,
};
static const struct drive_model hpe_lto8 = {
	"HPE", "Ultrium 8-SCSI", "P381", LTO_FEATURES, LTO_PARTITIONS, LTO_MAX_BLOCK, lto8_densities, 2,
};

static const struct library_model generic_library = { "TCMU-VTL", "LIBRARY", "0001" };
static const struct library_model ibm_3573 = { "IBM", "3573-TL", "B.60" };
static const struct library_model hpe_msl = { "HPE", "MSL G3 Series", "E.00" };

const struct personality personalities[] = {
	{ "generic-lto8", &generic_library, &generic_lto8 },
	{ "ibm-lto8",     &ibm_3573,        &ibm_lto8 },
	{ "hpe-lto8",     &hpe_msl,         &hpe_lto8 },
	{ NULL,           NULL,             NULL },
};
/* clang-format on */

const struct personality *personality_find(const char *name)
{
	for (const struct personality *p = personalities; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}
