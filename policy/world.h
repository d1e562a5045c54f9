/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h: what the libraries and the headers of their cartridges say at one moment.
 *
 * A watcher keeps what must be remembered between looks: the libraries that are open for reading,
 * and when a cartridge was last seen in a drive (a mount that cannot write to the cartridge leaves
 * no trace in its header).
 */
#ifndef VTL_POLICY_WORLD_H
#define VTL_POLICY_WORLD_H

#include "lib/library/library.h"

struct world_cart {
	char library[LIBRARY_NAME_SIZE];
	char *pool; /* owned */
	struct cart_info info;
	unsigned drive;     /* virtual drive that holds it, from 1; 0 = none */
	int64_t used_s;     /* as rule_facts.used_s, without recalls */
	unsigned pool_used; /* per cent */
};

struct world {
	GPtrArray *carts;    /* struct world_cart * */
	GPtrArray *problems; /* char *: what could not be read; empty: the world is complete */
};

struct watcher;

struct watcher *watcher_new(void);
void watcher_free(struct watcher *w); /* NULL is allowed */

/* Looks at all cartridges of all libraries, or only at those that are in a virtual drive. */
struct world *world_look(struct watcher *w, bool only_drives, int64_t now_s);
void world_free(struct world *world); /* NULL is allowed */

/* NULL where there is none. */
const struct world_cart *world_find(const struct world *world, const char *library,
				    const char *barcode);

#endif
