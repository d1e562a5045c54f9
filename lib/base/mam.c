/* SPDX-License-Identifier: Apache-2.0 */
/* mam.c: see mam.h. */
#include "lib/base/mam.h"

#define ONE(id) id, id

/* clang-format off */
const struct mam_row mam_rows[] = {
	/* number                   name                                         class       format      min  max  per partition */
	{ ONE(MAM_REMAINING_CAPACITY), "remaining capacity in partition",        MAM_DEVICE, MAM_BINARY, 8,   8,   true },
	{ ONE(MAM_MAXIMUM_CAPACITY), "maximum capacity in partition",            MAM_DEVICE, MAM_BINARY, 8,   8,   true },
	{ ONE(MAM_TAPE_ALERT),      "TapeAlert flags",                           MAM_DEVICE, MAM_BINARY, 8,   8,   false },
	{ ONE(MAM_LOAD_COUNT),      "load count",                                MAM_DEVICE, MAM_BINARY, 8,   8,   false },
	{ ONE(MAM_SPACE_REMAINING), "MAM space remaining",                       MAM_DEVICE, MAM_BINARY, 8,   8,   false },
	{ ONE(MAM_ORGANIZATION),    "assigning organization",                    MAM_DEVICE, MAM_ASCII,  8,   8,   false },
	{ ONE(MAM_FORMATTED_DENSITY), "formatted density code",                  MAM_DEVICE, MAM_BINARY, 1,   1,   false },
	{ ONE(MAM_INITIALIZATIONS), "initialization count",                      MAM_DEVICE, MAM_BINARY, 2,   2,   false },
	{ ONE(MAM_VOLUME_IDENTIFIER), "volume identifier",                       MAM_DEVICE, MAM_ASCII,  32,  32,  false },
	{ ONE(MAM_CHANGE_REFERENCE), "volume change reference",                  MAM_DEVICE, MAM_BINARY, 4,   4,   false },
	{ ONE(MAM_LAST_LOAD),       "device vendor/serial number at last load",  MAM_DEVICE, MAM_ASCII,  40,  40,  false },
	{ ONE(MAM_LAST_LOAD + 1),   "device vendor/serial number at load-1",     MAM_DEVICE, MAM_ASCII,  40,  40,  false },
	{ ONE(MAM_LAST_LOAD + 2),   "device vendor/serial number at load-2",     MAM_DEVICE, MAM_ASCII,  40,  40,  false },
	{ ONE(MAM_LAST_LOAD + 3),   "device vendor/serial number at load-3",     MAM_DEVICE, MAM_ASCII,  40,  40,  false },
	{ ONE(MAM_LIFE_WRITTEN),    "total MiB written in medium life",          MAM_DEVICE, MAM_BINARY, 8,   8,   false },
	{ ONE(MAM_LIFE_READ),       "total MiB read in medium life",             MAM_DEVICE, MAM_BINARY, 8,   8,   false },
	{ ONE(MAM_LOAD_WRITTEN),    "total MiB written in current/last load",    MAM_DEVICE, MAM_BINARY, 8,   8,   false },
	{ ONE(MAM_LOAD_READ),       "total MiB read in current/last load",       MAM_DEVICE, MAM_BINARY, 8,   8,   false },
	{ ONE(MAM_FIRST_ENCRYPTED), "logical position of first encrypted block", MAM_DEVICE, MAM_BINARY, 8,   8,   true },
	{ ONE(MAM_FIRST_UNENCRYPTED), "logical position of first unencrypted block after the first encrypted block", MAM_DEVICE, MAM_BINARY, 8, 8, true },
	{ ONE(MAM_MEDIUM_USAGE),    "medium usage history",                      MAM_DEVICE, MAM_BINARY, 90,  90,  false },
	{ ONE(MAM_PARTITION_USAGE), "partition usage history",                   MAM_DEVICE, MAM_BINARY, 60,  60,  true },
	{ ONE(MAM_MANUFACTURER),    "medium manufacturer",                       MAM_MEDIUM, MAM_ASCII,  8,   8,   false },
	{ ONE(MAM_SERIAL),          "medium serial number",                      MAM_MEDIUM, MAM_ASCII,  32,  32,  false },
	{ ONE(MAM_LENGTH),          "medium length, m",                          MAM_MEDIUM, MAM_BINARY, 4,   4,   false },
	{ ONE(MAM_WIDTH),           "medium width, 0.1 mm",                      MAM_MEDIUM, MAM_BINARY, 4,   4,   false },
	{ ONE(MAM_MEDIUM_ORGANIZATION), "assigning organization of the medium",  MAM_MEDIUM, MAM_ASCII,  8,   8,   false },
	{ ONE(MAM_MEDIUM_DENSITY),  "medium density code",                       MAM_MEDIUM, MAM_BINARY, 1,   1,   false },
	{ ONE(MAM_MANUFACTURE_DATE), "medium manufacture date",                  MAM_MEDIUM, MAM_ASCII,  8,   8,   false },
	{ ONE(MAM_CAPACITY),        "MAM capacity",                              MAM_MEDIUM, MAM_BINARY, 8,   8,   false },
	{ ONE(MAM_MEDIUM_TYPE),     "medium type",                               MAM_MEDIUM, MAM_BINARY, 1,   1,   false },
	{ ONE(MAM_MEDIUM_TYPE_INFO), "medium type information",                  MAM_MEDIUM, MAM_BINARY, 2,   2,   false },
	{ ONE(0x0800),              "application vendor",                        MAM_HOST,   MAM_ASCII,  8,   8,   false },
	{ ONE(0x0801),              "application name",                          MAM_HOST,   MAM_ASCII,  32,  32,  false },
	{ ONE(0x0802),              "application version",                       MAM_HOST,   MAM_ASCII,  8,   8,   false },
	{ ONE(0x0803),              "user medium text label",                    MAM_HOST,   MAM_TEXT,   160, 160, false },
	{ ONE(0x0804),              "date and time last written",                MAM_HOST,   MAM_ASCII,  12,  12,  false },
	{ ONE(0x0805),              "text localization identifier",              MAM_HOST,   MAM_BINARY, 1,   1,   false },
	{ ONE(0x0806),              "barcode",                                   MAM_HOST,   MAM_ASCII,  32,  32,  false },
	{ ONE(0x0807),              "owning host textual name",                  MAM_HOST,   MAM_TEXT,   80,  80,  false },
	{ ONE(0x0808),              "media pool",                                MAM_HOST,   MAM_TEXT,   160, 160, false },
	{ ONE(0x0809),              "partition user text label",                 MAM_HOST,   MAM_ASCII,  16,  16,  true },
	{ ONE(0x080a),              "load/unload at partition",                  MAM_HOST,   MAM_BINARY, 1,   1,   false },
	{ ONE(0x080b),              "application format version",                MAM_HOST,   MAM_ASCII,  16,  16,  false },
	/* a reference of any length, two numbers of 8 bytes, a length and what the application adds: 23 with our reference */
	{ ONE(MAM_COHERENCY),       "volume coherency information",              MAM_HOST,   MAM_BINARY, 23,  1024, true },
	{ ONE(0x0820),              "medium globally unique identifier",         MAM_HOST,   MAM_BINARY, 36,  36,  false },
	{ ONE(0x0821),              "media pool globally unique identifier",     MAM_HOST,   MAM_BINARY, 36,  36,  false },
	{ 0x1400, 0x17ff,           "vendor specific host attribute",            MAM_HOST,   MAM_ANY,    1,   1024, false },
};
/* clang-format on */

const unsigned mam_rows_cnt = sizeof(mam_rows) / sizeof(mam_rows[0]);

const struct mam_row *mam_find(uint16_t id)
{
	for (unsigned i = 0; i < mam_rows_cnt; i++)
		if (id >= mam_rows[i].first && id <= mam_rows[i].last)
			return &mam_rows[i];
	return NULL;
}
