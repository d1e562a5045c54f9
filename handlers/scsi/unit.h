/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h: what every logical unit has, drive and changer alike; embedded as the first member of
 * both.
 *
 * unit_execute() is the one entry for commands.  It takes the unit's mutex, so that a unit runs one
 * command at a time and that other threads (the changer loading a drive, D-Bus) can lock it between
 * commands. Lock order: library, then unit (docs/architecture.md).
 */
#ifndef VTL_SCSI_UNIT_H
#define VTL_SCSI_UNIT_H

#include <pthread.h>

#include "handlers/scsi/cmd.h"

struct scsi_unit;
struct scsi_command; /* handlers/scsi/command.h */

/*
 * Runs one command and fills its answer.  Never fails otherwise: an internal error is HARDWARE
 * ERROR 44/00.
 */
enum scsi_status unit_execute(struct scsi_unit *unit, struct scsi_cmd *cmd);

/*
 * Says power on occurred (unit attention 29h/00h), forgets mode parameters, prevention and position
 * as a reset does. The transport calls it at every open (TCMU: after a restart the kernel replays
 * commands).
 */
void unit_power_on(struct scsi_unit *unit);

#endif
