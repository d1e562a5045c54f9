/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig_sg.h: the rig's words over /dev/sg: the same bodies of tests against the units of a library
 * that tcmu-runner serves on the real kernel.
 *
 *   RIG_SG=/dev/sgDRIVE:/dev/sgCHANGER:POOL test_scsi_read
 *
 * with sense data in fixed format; RIG_SG_BOTH=1: and once more in descriptor format.
 *
 * The library is one as rig_setup() makes it: lib0 with the same slots, serial numbers and
 * cartridges (tests/system/cases/15-scsi-over-sg.sh).  Before each test what the last one changed
 * is put back by commands: cartridges, prevention, mode pages, encryption, counters; a cartridge
 * that was used is deleted from the pool and made anew (rig_sg_pool.h).
 *
 * A test that reaches into the process (calls a unit, the library or a cartridge by itself, makes
 * system calls fail) cannot be had this way: it says so, and is SKIPPED.  Most are found at the
 * first such call, without being told (the calls are wrapped); the others begin with rig_inside(),
 * or are listed with their reason in the file that RIG_SG_EXCEPT names (tests/scsi/not-over-sg).
 */
#ifndef VTL_TESTS_RIG_SG_H
#define VTL_TESTS_RIG_SG_H

#include "tests/support/rig.h"

enum {
	RIG_SG_DRIVE,
	RIG_SG_CHANGER
};

/* The body of a test runs, over /dev/sg: what is called now, the test calls. */
bool rig_sg_in_body(void);
/* A command of the rig's own; @cmd may be NULL.  Fails the test where the kernel gives no answer.
 */
enum scsi_status rig_sg_raw(int unit, const uint8_t *cdb, size_t len, enum scsi_data direction,
			    uint8_t *data, size_t size, struct scsi_cmd *cmd);

int rig_sg_setup(void **state);
int rig_sg_teardown(void **state);
/* r->cmd with the first @size bytes of r->data. */
void rig_sg_run(struct rig *r, size_t size);
/* Runs @tests one by one; @make_twin makes a rig in this process, for what tests ask of its tables.
 * How many failed. */
int rig_sg_main(const char *name, const struct CMUnitTest *tests, size_t cnt, bool descriptor,
		int (*make_twin)(void **state));

#endif
