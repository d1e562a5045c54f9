/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repair.h: what the files of cart_repair() share.
 *
 * A repair is first carried out on a shadow (shadow.h).  So it is the ordinary code of an open that
 * decides what is right, and a dry run is a repair that stops there.  What
 * differs between shadow and cartridge is then backed up and carried over, the header last.
 */
#ifndef VTL_STORE_REPAIR_H
#define VTL_STORE_REPAIR_H

#include "lib/store/cart.h"
#include "lib/store/shadow.h"

#define REPAIR_NAME_BYTES (BARCODE_SIZE + 16)

struct repair_segment {
	uint32_t stream;
	uint64_t number;
	uint64_t size; /* of the file */
	bool dead;     /* nothing in it counts: repair_mark_dead() */
};

struct division;

struct repair {
	const char *pool, *barcode;
	const struct member *member; /* what it is a partition of; NULL: a medium of its own */
	const struct cart_repair_options *options;
	struct cart_repair report;

	int pool_fd, folder;
	char name[REPAIR_NAME_BYTES]; /* of the folder */
	struct backend *real;
	struct cart *c; /* works on the shadow */

	void *header; /* as it was found; NULL: none */
	size_t header_size;
	bool header_foreign; /* of another cartridge: it tells nothing of this one */
	struct repair_segment *segments;
	size_t segments_cnt;
	struct division *division; /* what is in the folder of partitions; owned */
	uint32_t hollow_stream;    /* higher than the recording's, without data; 0: none */

	/* the plan */
	bool header_changes, tables_change;
	bool cuts;
	uint64_t cut_address;
};

/* Tells the caller; a sentence without an end of line. */
void repair_say(struct repair *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- repair_header.c ---- */

/*
 * Gives r->c and its shadow a header: the one that was found, healed, or made anew (then the
 * recording has been recovered, too).  As cart_repair().
 */
MUST_CHECK int repair_header(struct repair *r);
/* Makes it anew from the frames, whatever was found; @why: for people. */
MUST_CHECK int repair_header_anew(struct repair *r, const char *why);
/*
 * Finds the segments that prove themselves dead: begun before the epoch of r->c, behind where that
 * began (I2).  An overwrite leaves them to be deleted; they are worth no backup.
 */
MUST_CHECK int repair_mark_dead(struct repair *r);

/* ---- repair_remains.c ---- */

/* The fixed part of the damaged header, with zeros where it was cut; false: it is none of ours.
 * Below, NULL stands for that. */
bool remains_header(const struct repair *r, struct disk_header *ret_header);
/*
 * 0: the data of r->c->stream is the recording, as far as anybody can say.  CART_E_NOT_RESIDENT: it
 * may be a part of it.
 */
MUST_CHECK int remains_check_resident(struct repair *r, const struct disk_header *h);
/* There is no data. 0: a blank cartridge, whose uuid r->c has now; CART_E_NOT_RESIDENT. */
MUST_CHECK int remains_without_data(struct repair *r, const struct disk_header *h);
void remains_take_counters(struct cart_info *i, const struct disk_header *h);
/* What kind of medium it is. */
void remains_take_medium(struct repair *r, const struct disk_header *h);
/* When r->c has its new generation: copies of earlier ones. */
void remains_take_copies(struct repair *r);
/* When r->c knows how many objects there are. */
void remains_take_tab(struct repair *r, const struct disk_header *h);

/* ---- repair_partition.c ---- */

/* cart_repair() where options->partition is not 0. */
MUST_CHECK int repair_one_partition(const char *pool, const char *barcode,
				    const struct cart_repair_options *options,
				    struct cart_repair *ret_repair);
/* cart_repair() of the recording in one folder; @member: as in struct repair. */
MUST_CHECK int repair_folder(const char *pool, const char *barcode,
			     const struct cart_repair_options *options, const struct member *member,
			     struct cart_repair *ret_repair);

/* ---- repair_division.c ---- */

/*
 * The header is lost: finds out how the medium is divided, from the folders of partitions and their
 * headers.  r->c->stream is the highest one with data, 0 where there is none; afterwards the one of
 * partition 0, which is blank where it is another one.  CART_E_PARTITIONED, after saying why: that
 * cannot be told for certain; -errno.
 */
MUST_CHECK int division_find(struct repair *r);
/* It is divided; and each of these is false, or nothing, where it is not. */
bool division_is_divided(const struct repair *r);
/* Something is on a partition above 0. */
bool division_is_recorded(const struct repair *r);
/* The medium's uuid, as its partitions have it; NULL: they do not know it. */
const uint8_t *division_uuid(const struct repair *r);
/* When r->c knows uuid and kind of medium: refuses partitions of another one, and gives r->c the
 * division. CART_E_PARTITIONED. @h: what is left of the header, or NULL. */
MUST_CHECK int division_take(struct repair *r, const struct disk_header *h);
void division_free(struct division *d);

/* ---- repair_backup.c ---- */

/* Copies all that the plan changes into a folder of its own, durably; r->report.backup names it. */
MUST_CHECK int repair_backup(struct repair *r);

#endif
