/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartridge_repair.h: cart_repair(): from a damaged cartridge (cartridge.h) to one that can be
 * used.
 */
#ifndef VTL_STORE_CARTRIDGE_REPAIR_H
#define VTL_STORE_CARTRIDGE_REPAIR_H

#include "lib/store/cartridge.h"

/*
 * Makes a damaged cartridge usable again, from nothing but its own data.
 *
 * What it does, each where it is needed:
 *   - a header with one wrong byte is healed: its checksum tells which byte and what it was;
 *   - a header that is lost or damaged beyond that is made anew.  The recording, with its counts,
 *     comes from the frames; what frames do not know (density, medium type, capacity, codec,
 *     counters) from the damaged header where it is plausible there, else from the options.  Copies
 *     that a damaged header names are kept with CART_GENERATION_UNKNOWN: nothing is ever released
 *     because of them, and nobody takes their volumes for free.  The write protect tab is set,
 *     since nothing tells for certain how it was;
 *   - a medium that is divided gets its division back, which its partitions know;
 *   - after a crash: what cart_open() would do, the torn tail is cut;
 *   - bytes behind the end of the recording are cut;
 *   - index and marks are compared with the data, and made anew where they are wrong.  Objects that
 *     cannot be found, also those of a segment that is lost, are entered as damaged; a block whose
 *     data fails its checksum stays where it is.  Both read as CART_E_DAMAGED, everything else as
 * it was written.
 *
 * It never writes a frame.  Before it changes anything, everything that will change (header,
 * tables, the bytes that are cut) is copied, synced, into the folder
 * POOL/.BARCODE.cart.backup-TIME, whose README says how to go back.  The header is written last: a
 * repair that was interrupted is finished by the next one, and one that was finished finds nothing
 * to do.
 *
 * 0, and *ret_repair (written only then) says what was done, which may be nothing.
 * CART_E_ABSENT; CART_E_BUSY; CART_E_UNSUPPORTED: written by a later version; CART_E_NO_SPACE: not
 * even for the backup.  CART_E_NOT_RESIDENT: the header is lost, and there is no data to make
 * it from: the recording may be migrated, and only its header knew where to.  Or there is data,
 * but the damaged header says that the recording was migrated or being recalled, or no header says
 * otherwise of data that a recall wrote: then it may be a part, and the copy the only whole one
 * (CART_REPAIR_RESIDENT insists that it is the recording).  CART_E_INVALID: there
 * is nothing that could be identified as this cartridge, or a partition is to be repaired and the
 * medium's own header is damaged.  CART_E_PARTITIONED: the header is lost, and which folders are
 * its partitions cannot be told for certain.  -ERANGE: there are not so many.  In all these cases,
 * and after -errno while the backup was made, nothing is changed.
 */
struct cart_repair_options {
	bool dry_run; /* only say what would be done */
	/* Which recording: 0 is that of the cartridge itself.  Another one is repaired as the
	 * cartridge that it is, with a backup in the folder of the partitions; what its lost header
	 * knew comes from the medium's, whatever the next two say. */
	unsigned partition;
	/* Of a header that is made anew; barcode is ignored.  NULL: LTO-8 without a limit. */
	const struct cart_params *params;
	unsigned insist; /* CART_REPAIR_*: these, even where the damaged header seems to know better
			  */
	/* What is found and done, a sentence each, for people; may be NULL. */
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

enum cart_repair_insist {
	CART_REPAIR_DENSITY = 1,
	CART_REPAIR_MEDIUM_TYPE = 2,
	CART_REPAIR_CAPACITY = 4,
	CART_REPAIR_EARLY_WARNING = 8,
	CART_REPAIR_CODEC = 16,
	CART_REPAIR_RESIDENT = 32, /* the data that is there is the recording: see above */
	CART_REPAIR_KIND = 128,
	CART_REPAIR_WRITABLE = 64, /* the tab is taken off, also of a header that is good */
};

struct cart_repair {
	bool header_changed; /* in any way */
	bool header_healed;  /* one byte of it */
	bool header_rebuilt; /* from the data */
	bool recovered;      /* after a crash, or of a rebuilt header */
	bool tables_rebuilt; /* index and marks */
	uint64_t cut_bytes;
	uint64_t objects; /* of the recording */
	uint64_t lost;    /* objects among them that cannot be found */
	char backup[80];  /* folder in the pool; "" where nothing was changed */
};

/* True where something was done, or has to be. */
bool cart_repair_changed(const struct cart_repair *repair);

MUST_CHECK int cart_repair(const char *pool, const char *barcode,
			   const struct cart_repair_options *options,
			   struct cart_repair *ret_repair);

#endif
