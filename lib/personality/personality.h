/* SPDX-License-Identifier: Apache-2.0 */
/*
 * personality.h: what a library of a given make, its drives and its media say of themselves.  Data
 * only: the units read these rows, no unit asks which personality it is.
 *
 * The data are text files, tcmu-vtl-personality(5).  Those of lib/personality/data are part of the
 * program; those of PERSONALITY_DIR are an administrator's own, and are read when a name is asked
 * for that is not built in, and again when a file there has changed.  Everything that is returned
 * is const and stays valid as long as the process lives: a file that changes later, or becomes bad,
 * changes nothing for a unit that exists.  Every function may be called from any thread.
 */
#ifndef VTL_PERSONALITY_PERSONALITY_H
#define VTL_PERSONALITY_PERSONALITY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/personality/pages.h"

/* $TCMU_VTL_PERSONALITIES is another folder, for tests. */
#define PERSONALITY_DIR "/etc/tcmu-vtl/personalities"

#define PERSONALITY_NAME_MAX 31 /* characters of a name of a personality, model or medium */

/* Domain of every GError of this module; its messages name file, line, key and what is allowed. */
enum personality_error {
	PERSONALITY_ERROR_INVALID,   /* a file has a mistake */
	PERSONALITY_ERROR_NOT_FOUND, /* no such personality, model or file */
};

#define PERSONALITY_ERROR personality_error_quark()
GQuark personality_error_quark(void);

/* ---- recording formats and media ---- */

/* A recording format that a drive knows (SSC-5, REPORT DENSITY SUPPORT). */
struct density_row {
	const char *id;      /* how files call it, "LTO-8" */
	uint8_t code;        /* primary density code, 5Eh = LTO-8 */
	uint8_t secondary;   /* the same unless the drive's maker says otherwise */
	uint8_t medium_type; /* of the first of the drive's media that is recorded so */
	bool writable;       /* by this drive; else read only */
	uint32_t bits_per_mm;
	uint16_t media_width; /* tenths of a millimetre */
	uint16_t tracks;
	uint16_t wraps;           /* how often a whole medium passes the head; 0: unknown */
	uint32_t capacity_mb;     /* native, units of 10^6 bytes */
	const char *organization; /* up to 8 characters */
	const char *name;         /* up to 8 characters */
	const char *description;  /* up to 20 characters */
};

enum medium_kind {
	MEDIUM_DATA,
	MEDIUM_WORM,     /* write once */
	MEDIUM_CLEANING, /* has no recording format */
};

/* A cartridge as it is recorded: an LTO-7 cartridge recorded as type M is a row of its own. */
struct medium_row {
	const char *name;   /* "LTO-8", "LTO-8-WORM", "LTO-CLEAN" */
	const char *suffix; /* the last characters of its barcodes, "L8"; "" where there are none */
	enum medium_kind kind;
	uint8_t density;     /* primary density code; 0 of a cleaning cartridge */
	uint8_t medium_type; /* of the mode parameter header; 0: this maker's drives tell none */
	uint64_t capacity_bytes;      /* native; 0 of a cleaning cartridge */
	uint64_t early_warning_bytes; /* what is left there; 0: 1 % of the capacity */
	bool encryptable;             /* by the drives that encrypt at all */
	unsigned max_partitions;      /* at least 1 */
	unsigned cleanings;           /* uses of a cleaning cartridge */
	/* SSC-5, medium type descriptor of REPORT DENSITY SUPPORT */
	uint16_t width;           /* tenths of a millimetre */
	uint16_t length;          /* metres; 0 where unknown */
	const char *organization; /* up to 8 characters */
	const char *type_name;    /* up to 8 */
	const char *description;  /* up to 20 */
	/* VOLUME PERSONALITY of log page 17h, "Ultrium-6": up to 9; the type name where not told */
	const char *personality;
};

/* What a drive makes of a medium: one cell of the generation matrix. */
enum medium_access {
	MEDIUM_REFUSED, /* the drive cannot read it at all: INCOMPATIBLE MEDIUM INSTALLED */
	MEDIUM_READ_ONLY,
	MEDIUM_READ_WRITE,
	MEDIUM_CLEANS, /* it cleans the drive */
};

struct medium_use {
	const struct medium_row *medium;
	enum medium_access access;
};

/* ---- models ---- */

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
	/* pages of a maker's own that say what the drive is at (handlers/tape/vendor.c) */
	DRIVE_IBM_MODE = 0x10000,            /* mode page 24h, where it encrypts */
	DRIVE_AIT_MODE = 0x20000,            /* mode page 31h */
	DRIVE_HP_STATUS = 0x40000,           /* log page 3Eh, device status */
	DRIVE_DLT_STATUS = 0x80000,          /* log page 3Eh, device status */
	DRIVE_QUANTUM_STATISTICS = 0x100000, /* log page 3Eh, tape device statistics */
	/* what makers' drives do in ways of their own (handlers/tape/reformat.c) */
	DRIVE_MEDIUM_SENSE = 0x200000,   /* mode page 23h: write protection, capacity scaling */
	DRIVE_FORMAT_DENSITY = 0x400000, /* mode page 25h: the next FORMAT MEDIUM's format */
	DRIVE_IBM_SERVICE = 0x1000000,   /* log page 37h, diagnostic page 80h */
};

/* How long the mechanism takes, where it is to be as slow as the real one. 0: unknown. */
struct drive_timing {
	uint32_t load_ms, unload_ms;
	uint32_t cleaning_ms; /* a cleaning cartridge is at work */
	uint32_t seek_ms;     /* from the beginning to a place in the middle, on average */
	uint32_t rewind_ms;   /* of a whole tape */
	uint32_t rate_kb_s;   /* native, units of 1000 bytes a second */
	uint32_t wraps; /* how often a whole medium passes the head; 0: as its format has it */
};

/* What a command that needs the tape comes to while another one with IMMED goes on (rewind, locate,
 * erase, verify ...). */
enum drive_meanwhile {
	DRIVE_WAITS,     /* it waits */
	DRIVE_NOT_READY, /* NOT READY, OPERATION IN PROGRESS */
	DRIVE_BUSY,      /* BUSY */
};

struct drive_model {
	const char *name;        /* how files call it, "ibm-ult3580-td8" */
	const char *description; /* for people */
	const char *vendor;      /* up to 8 characters, INQUIRY */
	const char *product;     /* up to 16 */
	const char *revision;    /* up to 4 */
	uint8_t ansi_version;    /* byte 2 of INQUIRY: 2 SCSI-2, 3 SPC, ... 6 SPC-4 */
	uint16_t versions[8];    /* version descriptors, 0-terminated; none: ours */
	const char *serial;      /* form of serial numbers; NULL: the library's own */
	unsigned features;       /* enum drive_feature */
	unsigned max_partitions; /* 1 without DRIVE_PARTITIONS */
	/* The most bytes of key-associated data of an encrypted block; 0: it takes none. */
	uint8_t u_kad_max, a_kad_max;        /* unauthenticated, authenticated */
	uint32_t max_block_bytes;            /* READ BLOCK LIMITS */
	uint16_t min_block_bytes;            /* at least 1 */
	uint8_t granularity;                 /* lengths go in steps of 2 to this power */
	const struct density_row *densities; /* the native one first */
	unsigned densities_cnt;
	const struct medium_use *media; /* the native one first; what is not here is refused */
	unsigned media_cnt;
	/* What it tells of media instead of their own rows: drive_told_medium() */
	const struct medium_row *const *tells;
	unsigned tells_cnt;
	struct page_list mode_pages, log_pages, vpd_pages;
	struct page_patches mode_bytes, vpd_bytes, inquiry_bytes;
	enum drive_meanwhile meanwhile;
	unsigned timeout_percent; /* recommended timeouts against those of an LTO drive, 100 */
	struct drive_timing timing;
	/* When cleaning is due, counted since the last one. 0: not by this. */
	uint32_t clean_loads;
	uint64_t clean_bytes; /* written by hosts */
};

struct library_model {
	const char *name; /* how files call it, "ibm-3573" */
	const char *description;
	const char *vendor, *product, *revision;
	uint8_t ansi_version;
	uint16_t versions[8];
	/* First element addresses (SMC-3) that this make has by default. */
	uint16_t transport_address, slot_address, mail_address, drive_address;
	struct page_patches mode_bytes, vpd_bytes, inquiry_bytes;
};

struct personality {
	const char *name; /* as in library.conf */
	const char *description;
	const char *source; /* of the data: a file's name */
	bool builtin;
	const struct library_model *library;
	const struct drive_model *drive;
};

/* ---- finding ---- */

/* NULL where there is none of that name, or its file has a mistake. */
const struct personality *personality_find(const char *name);

/* The same; @error says why there is none. */
const struct personality *personality_get(const char *name, GError **error);
const struct drive_model *drive_model_get(const char *name, GError **error);
const struct library_model *library_model_get(const char *name, GError **error);

/*
 * @persona with drives of another model; the same pointer for the same two, valid as long as the
 * process lives.  @drive NULL: @persona itself.
 */
const struct personality *personality_with_drive(const struct personality *persona,
						 const struct drive_model *drive);

/* Names of all, the built-in ones first, else sorted; g_strfreev(). */
char **personality_names(void);
char **drive_model_names(void);
char **library_model_names(void);
/* One message for each file of PERSONALITY_DIR that cannot be read; g_strfreev(). */
char **personality_complaints(void);

/*
 * Reads @path as if it stood in PERSONALITY_DIR, and keeps nothing of it.  TRUE, and in *ret_names
 * the personalities that it defines (g_strfreev()); or FALSE and @error.
 */
gboolean personality_check_file(const char *path, char ***ret_names, GError **error);

/* ---- asking ---- */

/*
 * What drives of @model make of a cartridge of this recording format and medium type.  A medium
 * type of 0 (not told) is that of the first of the drive's media with this density.
 */
enum medium_access drive_medium_access(const struct drive_model *model, uint8_t density,
				       uint8_t medium_type);
/* The row that drive_medium_access() judged; NULL where it is none of the drive's. */
const struct medium_row *drive_medium(const struct drive_model *model, uint8_t density,
				      uint8_t medium_type);
/*
 * What drives of @model tell of such a medium as its medium type and in the medium type descriptor:
 * makers number and name the same media differently.  The row that @model has for media of this
 * kind and recording format, else @medium.
 */
const struct medium_row *drive_told_medium(const struct drive_model *model,
					   const struct medium_row *medium);
/* The recording format; NULL where @model does not know it. */
const struct density_row *drive_density(const struct drive_model *model, uint8_t code);
/* What a drive of this model is fed with where nobody says anything else; never NULL. */
const struct medium_row *drive_default_medium(const struct drive_model *model);

/* A medium of any personality that there is, by its name; NULL where there is none. */
const struct medium_row *medium_find(const char *name);
/* Among the media of @model the one whose barcodes end as @barcode does, or, where it begins with
 * CLN, its cleaning cartridge; NULL where there is none. */
const struct medium_row *drive_medium_of_barcode(const struct drive_model *model,
						 const char *barcode);
/* "LTO-10, LTO-9": names of the media that @model writes; g_free(). */
char *drive_media_text(const struct drive_model *model);

/* "read-write", "read-only", "refused", "cleaning". */
const char *medium_access_name(enum medium_access access);
/* "data", "worm", "cleaning". */
const char *medium_kind_name(enum medium_kind kind);
/* The word of a feature, as files write it; NULL where the bit has none. */
const char *drive_feature_name(unsigned feature);

#endif
