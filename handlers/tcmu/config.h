/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h: the cfgstring of a backstore: "changer/LIBRARY/changer" or "tape/LIBRARY/drive/N" (N
 * from 1).  LIO's tools write the subtype in front of what a person types.
 */
#ifndef VTL_TCMU_CONFIG_H
#define VTL_TCMU_CONFIG_H

#include <glib.h>

#include "lib/base/name.h"

struct unit_config {
	char library[LIBRARY_NAME_SIZE];
	unsigned drive; /* 0: the changer */
};

/* @subtype is "tape" or "changer".  FALSE and a message that names what is wrong and what would be
 * right. Looks at nothing but the text. */
gboolean unit_config_parse(const char *cfgstring, const char *subtype,
			   struct unit_config *ret_config, GError **error);

/* As above, and the library must exist and have such a unit. */
gboolean unit_config_check(const char *cfgstring, const char *subtype, GError **error);

#endif
