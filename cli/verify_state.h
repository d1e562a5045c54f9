/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_state.h: how far a verification came, so that the next one can go on.
 *
 * One small text file per cartridge in $XDG_STATE_HOME/vtl (~/.local/state/vtl), never in the
 * cartridge's folder: verifying changes nothing there.  Its first line names the recording (uuid,
 * generation, epoch, number of objects) and whether digests are computed; what was found in another
 * recording is worth nothing.  A line follows for each group that was read, in order, written when
 * it was: a process that is killed has lost only the groups that it was at.
 */
#ifndef VTL_CLI_VERIFY_STATE_H
#define VTL_CLI_VERIFY_STATE_H

#include <glib.h>
#include <stdbool.h>

#include "lib/store/cartridge.h"

/* A group that was read, or will be. */
struct verified_group {
	struct cart_group group;
	struct cart_check check;
	bool done;
};

struct verify_state;

/* False: the file could not be written, and a later run begins anew. */
bool verify_state_is_kept(const struct verify_state *s);

/*
 * Opens the state of @info's recording.  With @resume, what an earlier run found is appended to
 * @groups (of struct verified_group); else that is forgotten.  Never NULL: where no file can be
 * written the run just cannot be resumed.
 */
struct verify_state *verify_state_open(const struct cart_info *info, bool digest, bool resume,
				       GArray *groups);
/* The group behind the last one is done. */
void verify_state_add(struct verify_state *s, const struct verified_group *group);
/* Frees it; all was read, where @finished: then the file goes. */
void verify_state_close(struct verify_state *s, bool finished);

#endif
