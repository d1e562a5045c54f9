/* SPDX-License-Identifier: Apache-2.0 */
/*
 * big_cartridge.h: a recording as large as a test wants, on a disk as small as it is.
 *
 * The address of every frame follows from its number (I6 in docs/cartridge-format.md), so a
 * recording of 10^8 blocks needs bytes only where a test looks: frames that were asked for, with
 * their index entries; everything else is a hole.  All filemarks are in the table of marks.  Data
 * is zeros, stored as it is.  Files may be sparse without end: 64 TiB cost some megabytes.
 *
 * Use: set blocks, marks, block_size; big_create(); big_put() for each object that will be looked
 * at; big_free().
 *
 * The recording: marks - 1 files of the same number of blocks, one filemark behind each; one more
 * filemark, so that the last two follow each other; the rest of the blocks.
 */
#ifndef VTL_TESTS_BIG_CARTRIDGE_H
#define VTL_TESTS_BIG_CARTRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/outcome.h"

struct cart;

struct big_cartridge {
	uint64_t blocks, marks; /* marks: at least 2 */
	uint32_t block_size;

	uint64_t objects;
	uint64_t per_file;       /* blocks in a file */
	uint64_t *segment_first; /* first object of each segment; owned */
	uint64_t segments;
	uint64_t end; /* address behind the last frame */
	int folder;
	struct cart *maker; /* what frames are made with; owned */
	uint32_t data_crc;
};

/*
 * Makes the existing blank cartridge @barcode of @pool one whose recording is @b, with the frames
 * of its first and last object.  0 or -errno.
 */
MUST_CHECK int big_create(struct big_cartridge *b, const char *pool, const char *barcode);
void big_free(struct big_cartridge *b);

uint64_t big_address(const struct big_cartridge *b, uint64_t object);
uint64_t big_files_before(const struct big_cartridge *b, uint64_t object);
/* Number of the object that filemark @mark is. */
uint64_t big_mark(const struct big_cartridge *b, uint64_t mark);

/* The frame and the index entry of @object. */
MUST_CHECK int big_put(const struct big_cartridge *b, uint64_t object);
MUST_CHECK int big_put_range(const struct big_cartridge *b, uint64_t from, uint64_t to);

/* Makes all data files of [@from, @to) as long as they would be, where they are not there. */
MUST_CHECK int big_make_segments(const struct big_cartridge *b, uint64_t from, uint64_t to);

#endif
