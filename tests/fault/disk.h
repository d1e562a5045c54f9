/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.h: what a loss of power leaves of a folder.
 *
 * disk_watch() takes the files below a folder as durable and records every system call that changes
 * them, until disk_stop().  disk_lose() then builds, in another folder, one of the states that a
 * disk may be in when the power goes right behind a given call:
 *
 *   - What a sync of a file covered is there: its data and size.  What a sync of a folder covered
 *     is there: the names in it.  A sync covers nothing else, and not more than came before it.
 *   - Of everything else any page (4 KiB) may have reached the disk or not, at any time, in any
 *     order, and so may sizes and names; a page may be torn at any byte. A size that came without
 *     its pages shows zeros, or what the disk held there before (noise).
 *   - A name is one name or the other: a rename is never half done.
 *   - The last call, where it was a write, may have been cut off at any byte.
 *   - After a sync that failed the kernel believes that the pages are clean: any of them may have
 *     got there or not, and no later sync brings them.  Names are kept for the next sync: a file
 *     system that lost some of those has stopped altogether.
 */
#ifndef VTL_TESTS_DISK_H
#define VTL_TESTS_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* At most one folder is watched at a time. Each of these fails the test where it cannot do what it
 * says. */
void disk_watch(const char *folder);
/* Fails the test, too, where the recorded calls do not explain what is in the folder now: then one
 * was made behind our back. */
void disk_stop(void);

/* Number of calls recorded so far. */
unsigned disk_calls(void);
/* Syncs among them. */
unsigned disk_syncs(void);

/* The state behind the first @calls calls in the new folder @into; @seed chooses among them. */
void disk_lose(unsigned calls, uint64_t seed, const char *into);

/* What the last disk_lose() did: for people who look for the reason of a failure. */
const char *disk_story(void);

#endif
