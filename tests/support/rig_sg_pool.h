/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig_sg_pool.h: cartridges of the real library, for tests over /dev/sg.
 *
 * The program runs on the machine that has the pool: cartridges that tests used are deleted and
 * made anew, and what a test does to files of cartridges out of the drive it does to the real ones.
 * A cartridge that a test makes (cart_create(), library_import()) takes the place of T3, then of
 * T2, and is called so by the units: cart_open(), cart_stat(), library_element() know it by both
 * names.  library_element() and library_find() ask the changer.
 */
#ifndef VTL_TESTS_RIG_SG_POOL_H
#define VTL_TESTS_RIG_SG_POOL_H

#include "tests/support/rig.h"

/* @rig->pool is the real one from now on. */
void rig_pool_use(struct rig *rig);

/* The last test made a cartridge of its own. */
bool rig_pool_used(void);

/* T1, T2, T3 go to their slots; T1, the made ones, and with @all all three are new; then T1 goes
 * into drive 1. */
void rig_pool_home(bool all);

#endif
