/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h: the configuration of vtl-policyd, a GKeyFile (vtl-policy.conf(5) has every key):
 *
 *   [policyd]
 *   catalog=/var/lib/tcmu-vtl/policy/catalogue.sqlite    optional, this
 *   look=10s                                             optional; how often rules are tried
 *   scratch=PHY*;OLD001L8                                volumes that may be written over
 *   [drive phys1]
 *   device=/dev/nst4
 *   volume=PHY001L8                                      optional; what is in it at the beginning
 *   capacity=1T                                          optional; of volumes in a folder
 *   [rule aged]
 *   ...                                                  see rule.h
 *
 * A group or key that is not known is an error.
 */
#ifndef VTL_POLICY_CONFIG_H
#define VTL_POLICY_CONFIG_H

#include <glib.h>

#include "policy/job.h"
#include "policy/rule.h"

#define POLICY_CONFIG_FILE "/etc/tcmu-vtl/policy.conf"

struct drive_config {
	char name[DRIVE_NAME_SIZE];
	char *device;              /* /dev/nstN or a folder; owned */
	char volume[BARCODE_SIZE]; /* "" = nothing */
	uint64_t capacity_bytes;   /* 0 = no limit */
};

struct policy_config {
	char *catalog;     /* path; owned */
	int64_t look_s;    /* 1.. */
	char **scratch;    /* patterns; NULL-terminated, owned */
	GPtrArray *drives; /* struct drive_config *, in the order of the file */
	GPtrArray *rules;  /* struct rule *, in the order of the file */
};

/* NULL and @error, of POLICY_ERROR, naming file, group, key, value and remedy. */
struct policy_config *policy_config_load(const char *path, GError **error);
struct policy_config *policy_config_parse(const char *text, gsize size, const char *where,
					  GError **error);
void policy_config_free(struct policy_config *config); /* NULL is allowed */

/* NULL where there is no such drive. */
const struct drive_config *policy_config_drive(const struct policy_config *config,
					       const char *name);

/* Whether the operator declared that @volume may be written over. */
bool policy_config_is_scratch(const struct policy_config *config, const char *volume);

#endif
