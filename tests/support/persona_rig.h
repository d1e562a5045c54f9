/* SPDX-License-Identifier: Apache-2.0 */
/*
 * persona_rig.h: a library of any personality in this process: one drive with a cartridge X1 of its
 * native medium in the first slot, 1 GB, and its changer.  Serial numbers begin with GOLDEN.
 */
#ifndef VTL_TESTS_PERSONA_RIG_H
#define VTL_TESTS_PERSONA_RIG_H

#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "handlers/changer/changer.h"
#include "handlers/scsi/opcode.h"
#include "handlers/tape/drive.h"

#define PERSONA_DATA 65536u

struct persona_rig {
	char *root;
	struct library *library;
	struct drive *drive;
	struct changer *changer;
	unsigned media;             /* cartridges of persona_rig_load_medium() */
	uint8_t data[PERSONA_DATA]; /* of the last command */
};

/* NULL and @error where it cannot be made.  Sets TCMU_VTL_STATE. */
struct persona_rig *persona_rig_new(const char *personality, GError **error);
void persona_rig_free(struct persona_rig *rig); /* NULL is allowed; removes all files */

/* Moves X1 into the drive. */
gboolean persona_rig_load(struct persona_rig *rig);

/* Puts a new cartridge into the drive, of this medium (lib/personality/data) and of its capacity,
 * and what is there into a free element: there is room for three. */
gboolean persona_rig_load_medium(struct persona_rig *rig, const char *medium);

/* Takes the unit attentions away. */
void persona_rig_settle(struct persona_rig *rig, struct scsi_unit *unit);

/* Runs a command that reads; the number of bytes, 0 where it was refused. */
size_t persona_rig_ask(struct persona_rig *rig, struct scsi_unit *unit, const uint8_t *cdb,
		       size_t cdb_len);
/* Runs a command that sends the first @size bytes of rig->data; the status, its sense in @ret_sense
 * (18 bytes), which may be NULL. */
enum scsi_status persona_rig_send(struct persona_rig *rig, struct scsi_unit *unit,
				  const uint8_t *cdb, size_t cdb_len, size_t size,
				  uint8_t *ret_sense);

#endif
