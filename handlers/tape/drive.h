/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drive.h: a sequential-access unit (SSC-5): one tape drive of a library.
 *
 * drive_new() finds its identity, model and cartridge in @library, attaches itself there (so that
 * MOVE MEDIUM, D-Bus and this unit agree on what is in the drive) and loads what the inventory says
 * is in it.
 */
#ifndef VTL_TAPE_DRIVE_H
#define VTL_TAPE_DRIVE_H

#include "handlers/scsi/unit.h"
#include "lib/library/library.h"

struct drive;

/*
 * @library is referenced; @number counts drives from 1 as the cfgstring LIBRARY/drive/N does.
 * 0; -ENOENT no such drive in the library; -EBUSY already attached; -ENOMEM.
 */
MUST_CHECK int drive_new(struct library *library, unsigned number, struct drive **ret_drive);

/* Detaches, closes the cartridge (syncing it) and frees; NULL is allowed. */
void drive_free(struct drive *drive);

/*
 * Who knows whether a host has reserved the drive, which the core does without telling us: asked
 * when an operator wants the cartridge, with the drive's mutex held.  Nobody: it is never reserved.
 */
void drive_set_reserved(struct drive *drive, bool (*reserved)(void *ctx), void *ctx);

/* Borrowed. */
struct scsi_unit *drive_unit(struct drive *drive);

#endif
