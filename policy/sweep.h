/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.h: frees the disk space of old recordings.
 *
 * An overwrite deletes behind what it overwrites; a drive that unloads waits only some seconds for
 * it (cart_close()).  What is left then takes space until the next mount, which may be years away:
 * so who looks at all cartridges anyway asks cart_sweep() to go on with it.
 */
#ifndef VTL_POLICY_SWEEP_H
#define VTL_POLICY_SWEEP_H

#include "policy/world.h"

struct sweeper;

struct sweeper *sweeper_new(void);
void sweeper_free(struct sweeper *s); /* NULL is allowed */

/* It takes much more space than its recording does, and nobody has it. */
bool sweep_is_due(const struct world_cart *cart);

/*
 * Sweeps the cartridges of @world that need it, for at most that time all together: a drive that
 * loads one of them waits as long.  A cartridge that could be swept to its end and takes as much
 * space all the same is left alone from then on.
 */
void sweeper_run(struct sweeper *s, const struct world *world, unsigned milliseconds);

#endif
