/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reaper.h: deletes the files of a cartridge that no header names any more.
 *
 * A header kills what lies behind a new end of the recording (docs/cartridge-format.md, I2), a
 * stream that was released, a recall that was given up.  Their files only take up space.  A few of
 * them are deleted at once; many are left to a thread, so that neither an overwrite nor an open
 * takes time that depends on what is thrown away.  A process that dies, or cannot wait for the end,
 * leaves the rest to the next one that opens the cartridge for writing.
 *
 * Threads: all functions belong to the one thread that has the backend.
 */
#ifndef VTL_STORE_REAPER_H
#define VTL_STORE_REAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/outcome.h"

#define FILE_NAME_BYTES 40

struct fence;
struct reaper;

/* "data.STREAM.SEGMENT" */
void segment_file_name(char name[FILE_NAME_BYTES], uint32_t stream, uint64_t segment);

/*
 * For the folder of @fence, borrowed, which is asked before each deletion: where it says -ESTALE
 * nothing more is deleted, and the functions below return that.  NULL: no memory.
 */
struct reaper *reaper_new(struct fence *fence);
/* The thread ends after the file that it is deleting; NULL is allowed. */
void reaper_free(struct reaper *r);

/*
 * The files of all streams but @stream (0: of all) are to be deleted, and its segments behind
 * @last.  0, or -errno where a file that could be deleted at once could not.
 */
MUST_CHECK int reaper_keep_only(struct reaper *r, uint32_t stream, uint64_t last);

/* The segments of @stream behind @last are to be deleted. As above. */
MUST_CHECK int reaper_cut(struct reaper *r, uint32_t stream, uint64_t last);

/*
 * The segment @segment of @stream is going to be used: it is none of those to be deleted any more.
 * An old file of this name is gone after that.  0 or -errno.
 */
MUST_CHECK int reaper_claim(struct reaper *r, uint32_t stream, uint64_t segment);

/* Waits until everything is deleted, but not longer. True: nothing is left. */
bool reaper_finish(struct reaper *r, unsigned milliseconds);

/*
 * For who found no space: reaper_gone() before the try says how many files are deleted so far;
 * reaper_wait() waits until there are more than *@gone and updates it.  False: there are none, and
 * nothing is being deleted, so that another try would find what the last one found.
 */
uint64_t reaper_gone(struct reaper *r);
bool reaper_wait(struct reaper *r, uint64_t *gone);

#endif
