/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tapeio.h: a physical tape drive with a volume in it, as the movers use one.
 *
 * Two kinds, one contract (tests/unit/policy/tapeio_contract.c runs over both):
 *   /dev/nstN   a drive of Linux' st driver (tapeio_st.c);
 *   a folder    each file VOLUME.tap in it stands for a volume, in SIMH's tape format: for tests,
 *               and as a disk target (tapeio_file.c).
 *
 * Blocks have variable length, 1..TAPEIO_MAX_BLOCK bytes.  A write makes what it wrote the end of
 * the recording, as a tape does.  The callers know by themselves how many blocks and filemarks they
 * wrote; nothing here asks the drive for a position, and only tapeio_read() at an unknown end needs
 * the drive to tell end-of-data.
 *
 * Threads: one struct tapeio belongs to one thread at a time.  Errors: lib/base/outcome.h.
 */
#ifndef VTL_POLICY_TAPEIO_H
#define VTL_POLICY_TAPEIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/outcome.h"
#include "lib/store/cartridge.h"

#define TAPEIO_MAX_BLOCK CART_MAX_BLOCK

enum tapeio_outcome {
	TAPEIO_E_FILEMARK = 1, /* a filemark stood where a block was asked for; it is passed */
	TAPEIO_E_EOD,          /* end-of-data, or a blank tape */
	TAPEIO_E_BOP,          /* the beginning of the tape stopped a movement */
	TAPEIO_E_FULL,      /* early warning or the end of the medium: take the volume for full */
	TAPEIO_E_NO_MEDIUM, /* the drive is empty */
	TAPEIO_E_PROTECTED, /* the volume is write protected */
	TAPEIO_E_BUSY,      /* another program has the drive */
	TAPEIO_E_LENGTH,    /* the drive does not transfer blocks of this length */
	TAPEIO_E_NO_DRIVE,  /* no such device, or it is none that can be used so */
};

const char *tapeio_outcome_name(int outcome); /* a phrase for people; static */

struct tapeio_status {
	bool online;          /* a volume is in the drive and threaded */
	bool write_protected; /* its tab */
};

struct tapeio; /* embedded at the beginning of each kind's own structure */

struct tapeio_ops {
	int (*rewind)(struct tapeio *t);
	int (*write_block)(struct tapeio *t, const void *data, size_t size);
	int (*write_filemarks)(struct tapeio *t, unsigned count);
	int (*read_block)(struct tapeio *t, const uint8_t **ret_data, size_t *ret_size);
	int (*space_blocks)(struct tapeio *t, int count);
	int (*space_filemarks)(struct tapeio *t, int count);
	int (*status)(struct tapeio *t, struct tapeio_status *ret_status);
	int (*close)(struct tapeio *t); /* frees @t */
};

struct tapeio {
	const struct tapeio_ops *ops;
	/*
	 * Set by whoever reads to an end that it does not know: tapeio_read() then doubts a block
	 * that fills its buffer exactly, which is what some drives give for end-of-data, and looks
	 * twice.
	 */
	bool unknown_end;
};

/*
 * Opens the drive @device and the volume @volume in it, rewound, with variable block length.  A
 * folder holds the volume VOLUME.tap, which is made where @write; st takes what is in the drive:
 * its caller makes sure what that is.  @capacity_bytes, of a folder only: where the volume is full;
 * 0 = never.
 *
 * TAPEIO_E_NO_MEDIUM, TAPEIO_E_PROTECTED, TAPEIO_E_BUSY, TAPEIO_E_NO_DRIVE, -errno.
 */
MUST_CHECK int tapeio_open(const char *device, const char *volume, uint64_t capacity_bytes,
			   bool write, struct tapeio **ret_tape);

/* Takes part in tapeio_open(): one kind each. */
MUST_CHECK int tapeio_st_open(const char *device, bool write, struct tapeio **ret_tape);
MUST_CHECK int tapeio_file_open(const char *folder, const char *volume, uint64_t capacity_bytes,
				bool write, struct tapeio **ret_tape);

/* To the beginning of the tape.  What was written is on the medium then. */
MUST_CHECK int tapeio_rewind(struct tapeio *t);

/* TAPEIO_E_FULL: written or not, the volume must be taken for full. TAPEIO_E_LENGTH: not written.
 */
MUST_CHECK int tapeio_write(struct tapeio *t, const void *data, size_t size);

/* Writes @count filemarks (0: none) and returns when everything before is on the medium.
 * TAPEIO_E_FULL as above. */
MUST_CHECK int tapeio_write_filemarks(struct tapeio *t, unsigned count);

/*
 * Reads the block at the position; *ret_data is borrowed until the next call with @t.
 * TAPEIO_E_FILEMARK (moved behind it), TAPEIO_E_EOD, TAPEIO_E_LENGTH, -errno.
 */
MUST_CHECK int tapeio_read(struct tapeio *t, const uint8_t **ret_data, size_t *ret_size);

/* Moves over blocks or filemarks, backwards where @count is negative.  TAPEIO_E_FILEMARK (blocks
 * only), TAPEIO_E_EOD, TAPEIO_E_BOP: stopped there. */
MUST_CHECK int tapeio_space_blocks(struct tapeio *t, int count);
MUST_CHECK int tapeio_space_filemarks(struct tapeio *t, int count);

MUST_CHECK int tapeio_status(struct tapeio *t, struct tapeio_status *ret_status);

/* Closes the drive, and frees @t whatever happens; NULL is allowed.  Errors of writes that were
 * not followed by write_filemarks or rewind show up here. */
int tapeio_close(struct tapeio *t);

#endif
