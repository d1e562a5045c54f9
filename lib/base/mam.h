/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mam.h: the attributes of a medium auxiliary memory, as data (SPC-5, Medium auxiliary memory
 * attributes; SSC-5): who may write each, and what a value looks like.  A drive, and the command
 * line without one, read the same rows.
 *
 * An attribute has a number of 16 bits.  Some belong to one partition, the others to the whole
 * medium: these are kept with partition 0 and told for each.
 */
#ifndef VTL_BASE_MAM_H
#define VTL_BASE_MAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mam_format { /* of a value, as it goes over the wire */
	MAM_BINARY = 0,
	MAM_ASCII = 1, /* 20h to 7Eh, filled up with blanks */
	MAM_TEXT = 2,  /* in the code that attribute 0805h names */
	MAM_ANY = 3,   /* whatever whoever writes it says */
};

enum mam_class {
	MAM_DEVICE, /* kept by the drive */
	MAM_MEDIUM, /* by the medium's maker */
	MAM_HOST,   /* by the host, which alone can write and delete these */
};

struct mam_row {
	uint16_t first, last; /* numbers; equal, but for the range that is the hosts' own */
	const char *name;
	enum mam_class class;
	enum mam_format format;
	uint16_t min, max; /* bytes of a value */
	bool per_partition;
};

/* In order of their numbers. */
extern const struct mam_row mam_rows[];
extern const unsigned mam_rows_cnt;

/* NULL: no drive of ours knows such an attribute. */
const struct mam_row *mam_find(uint16_t id);

#define MAM_REMAINING_CAPACITY  0x0000
#define MAM_MAXIMUM_CAPACITY    0x0001
#define MAM_TAPE_ALERT          0x0002
#define MAM_LOAD_COUNT          0x0003
#define MAM_SPACE_REMAINING     0x0004
#define MAM_ORGANIZATION        0x0005
#define MAM_FORMATTED_DENSITY   0x0006
#define MAM_INITIALIZATIONS     0x0007
#define MAM_VOLUME_IDENTIFIER   0x0008
#define MAM_CHANGE_REFERENCE    0x0009
#define MAM_LAST_LOAD           0x020a /* and the three before it */
#define MAM_LOADS_KEPT          4u
#define MAM_LIFE_WRITTEN        0x0220
#define MAM_LIFE_READ           0x0221
#define MAM_LOAD_WRITTEN        0x0222
#define MAM_LOAD_READ           0x0223
#define MAM_FIRST_ENCRYPTED     0x0224
#define MAM_FIRST_UNENCRYPTED   0x0225
#define MAM_MEDIUM_USAGE        0x0340
#define MAM_PARTITION_USAGE     0x0341
#define MAM_MANUFACTURER        0x0400
#define MAM_SERIAL              0x0401
#define MAM_LENGTH              0x0402
#define MAM_WIDTH               0x0403
#define MAM_MEDIUM_ORGANIZATION 0x0404
#define MAM_MEDIUM_DENSITY      0x0405
#define MAM_MANUFACTURE_DATE    0x0406
#define MAM_CAPACITY            0x0407
#define MAM_MEDIUM_TYPE         0x0408
#define MAM_MEDIUM_TYPE_INFO    0x0409
#define MAM_COHERENCY           0x080c

#endif
