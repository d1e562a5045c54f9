/* SPDX-License-Identifier: Apache-2.0 */
/*
 * personality.h: what a library of a given make says of itself.  Data only: the units read these
 * rows, no unit asks which personality it is.
 */
#ifndef VTL_PERSONALITY_PERSONALITY_H
#define VTL_PERSONALITY_PERSONALITY_H

#include <stdbool.h>
#include <stdint.h>

/* A recording format that a drive knows (SSC-5, REPORT DENSITY SUPPORT). */
struct density_row {
	uint8_t code;        /* primary density code, 5Eh = LTO-8 */
	uint8_t medium_type; /* MODE SENSE medium type of such a medium */
	bool writable;       /* by this drive; else read only */
	uint32_t bits_per_mm;
	uint16_t media_width; /* tenths of a millimetre */
	uint16_t tracks;
	uint32_t capacity_mb;     /* native, units of 10^6 bytes */
	const char *organization; /* up to 8 characters */
	const char *name;         /* up to 8 characters */
	const char *description;  /* up to 20 characters */
};

/*
 * What a model of drive can do.  A row of a table (a command, a page) that names features is there
 * only for a drive that has all of them.
 */
enum drive_feature {
	DRIVE_COMPRESSION = 0x1,
	DRIVE_WORM = 0x2,        /* takes write once media */
	DRIVE_ENCRYPTION = 0x4,  /* SECURITY PROTOCOL 20h, AES-256-GCM */
	DRIVE_PARTITIONS = 0x8,  /* more than one: max_partitions */
	DRIVE_LBP_RS = 0x10,     /* logical block protection with the Reed-Solomon CRC */
	DRIVE_LBP_CRC32C = 0x20, /* and with CRC32C */
	DRIVE_MAM = 0x40,        /* medium auxiliary memory */
	DRIVE_EXPLICIT = 0x80,   /* the explicit address commands of 16 bytes */
	DRIVE_READ_REVERSE = 0x100,
	DRIVE_APPEND_ONLY = 0x200, /* append-only mode of device configuration extension */
	DRIVE_PEWS = 0x400,        /* programmable early warning */
	DRIVE_CLEANING = 0x800,    /* asks for and takes cleaning cartridges */
	DRIVE_TAPE_ALERT = 0x1000,
	DRIVE_LOCATE_16 = 0x2000, /* LOCATE(16) and SPACE(16) */
};

struct drive_model {
	const char *vendor;                  /* up to 8 characters, INQUIRY */
	const char *product;                 /* up to 16 */
	const char *revision;                /* up to 4 */
	unsigned features;                   /* enum drive_feature */
	unsigned max_partitions;             /* 1 without DRIVE_PARTITIONS */
	uint32_t max_block_bytes;            /* READ BLOCK LIMITS */
	const struct density_row *densities; /* the native one first */
	unsigned densities_cnt;
};

struct library_model {
	const char *vendor, *product, *revision;
};

struct personality {
	const char *name; /* as in library.conf */
	const struct library_model *library;
	const struct drive_model *drive;
};

/* NULL-name terminated. */
extern const struct personality personalities[];

/* NULL where there is none of that name. */
const struct personality *personality_find(const char *name);

#endif
