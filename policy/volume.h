/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volume.h: which volume may be written over.
 *
 * All of it must hold: the operator declared it scratch (policy.conf, scratch=), no header names a
 * current copy on it, it is not marked full or failed, and the tape in the drive does not begin
 * like a current copy that is known to be on another volume.
 */
#ifndef VTL_POLICY_VOLUME_H
#define VTL_POLICY_VOLUME_H

#include "policy/catalog.h"
#include "policy/config.h"
#include "policy/tapeio.h"

/* Why @volume may not be written over (g_free()); NULL: it may be. A catalogue that fails is a
 * reason too. */
char *volume_obstacle(struct catalog *catalog, const struct policy_config *config,
		      const char *volume);

/* Looks at the tape itself, which is at its beginning, and is left there. POLICY_ERROR_WRONG_VOLUME
 * where it holds a current copy after all. */
gboolean volume_check_tape(struct catalog *catalog, struct tapeio *tape, const char *volume,
			   GError **error);

#endif
