/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h: a rule: of which cartridges, when, if what, then what.  docs/policy-rules.md is the
 * manual.
 *
 * Pure: everything that a rule looks at is in struct rule_facts, the time included.
 */
#ifndef VTL_POLICY_RULE_H
#define VTL_POLICY_RULE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/store/cartridge.h"

/* What conditions look at. */
struct rule_facts {
	const char *library;
	const struct cart_info *info;
	bool in_drive;      /* a virtual drive holds it */
	int64_t used_s;     /* wall time of the last use: mount, unmount, write, recall, creation */
	unsigned pool_used; /* per cent of the pool's file system */
	int64_t now_s;      /* wall time */
	unsigned minute;    /* of the local day, 0..1439 */
};

enum rule_action {
	RULE_MIGRATE, /* copy, then free the disk */
	RULE_COPY,    /* copy, and keep the data on disk */
};

struct rule;

/* The keys of a [rule NAME] group, as they stand in the file; NULL: absent. */
struct rule_text {
	const char *library, *when, *at, *condition, *then, *to, *copies;
};

/* NULL and @error (of POLICY_ERROR, naming key, value and remedy). */
struct rule *rule_parse(const char *name, const struct rule_text *text, GError **error);
void rule_free(struct rule *rule); /* NULL is allowed */

const char *rule_name(const struct rule *rule);
enum rule_action rule_action(const struct rule *rule);
unsigned rule_copies(const struct rule *rule); /* 1.. */
/* Physical drives that may be used, in order; NULL-terminated, borrowed; empty: all. */
const char *const *rule_drives(const struct rule *rule);

bool rule_matches(const struct rule *rule, const struct rule_facts *facts);

/* Appends one line for each condition, with the value that it met and whether it holds. */
void rule_explain(const struct rule *rule, const struct rule_facts *facts, GString *out);

/*
 * What no rule can override: why this cartridge cannot be migrated now (a phrase, static), or NULL.
 */
const char *rule_obstacle(const struct rule_facts *facts);

/* Copies of the recording that the cartridge has now. */
unsigned rule_good_copies(const struct cart_info *info);

/* "90s", "15m", "12h", "30d", "4w": seconds. FALSE where it is anything else. */
bool rule_parse_duration(const char *text, int64_t *ret_s);

#endif
