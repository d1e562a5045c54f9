/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit_state.h: what a unit (a drive, the changer) keeps over a restart and has no other place for:
 * identifying information, saved mode pages, counters.
 *
 * Each unit has one small file in the library's folder, "drive-1.state" or "changer.state", with
 * named values: a GKeyFile of base64 text, so that a value of any bytes fits.  A save replaces the
 * file atomically and durably (fs_replace()): after a power loss a unit has all of the old values
 * or all of the new ones.  It costs a sync: save what a host asked to be saved, not what changes
 * with every command.
 *
 * A file that cannot be understood counts as empty, and the next save makes it anew: what is in it
 * has defaults.
 *
 * Locking: none here.  A unit saves and loads its own values with its own mutex held; the library's
 * lock is neither needed nor taken (docs/architecture.md, locks).
 */
#ifndef VTL_LIBRARY_UNIT_STATE_H
#define VTL_LIBRARY_UNIT_STATE_H

#include "lib/library/library.h"

#define UNIT_STATE_CHANGER   0u    /* the unit's key; drives have their number, from 1 */
#define UNIT_STATE_VALUE_MAX 4096u /* bytes of one value */

/* One value; @data is borrowed. @size 0 takes the value away. */
struct unit_value {
	const char *name; /* letters, digits and '-': "identifying-information", "mode-0a-01" */
	const void *data;
	size_t size; /* at most UNIT_STATE_VALUE_MAX */
};

/*
 * Saves one value, or @cnt of them together; the others stay as they are.  0 or -errno (then the
 * old values are still there); -EINVAL for a name or size that is not allowed.
 */
MUST_CHECK int library_unit_save(struct library *library, unsigned unit, const char *name,
				 const void *data, size_t size);
MUST_CHECK int library_unit_save_all(struct library *library, unsigned unit,
				     const struct unit_value *values, unsigned cnt);

/*
 * Loads a value into @buf of @max bytes and says how long it is in *ret_size.  -ENOENT: it was
 * never saved (or its file cannot be understood); -EFBIG: it is longer than @max; -errno.  @buf is
 * undefined after a failure.
 */
MUST_CHECK int library_unit_load(struct library *library, unsigned unit, const char *name,
				 void *buf, size_t max, size_t *ret_size);

#endif
