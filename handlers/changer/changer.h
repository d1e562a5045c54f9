/* SPDX-License-Identifier: Apache-2.0 */
/* changer.h: a media changer unit (SMC-3): the robot of a library. */
#ifndef VTL_CHANGER_CHANGER_H
#define VTL_CHANGER_CHANGER_H

#include "handlers/scsi/unit.h"
#include "lib/library/library.h"

struct changer;

/* @library is referenced. 0 or -ENOMEM. */
MUST_CHECK int changer_new(struct library *library, struct changer **ret_changer);

/* NULL is allowed. */
void changer_free(struct changer *changer);

/* Borrowed. */
struct scsi_unit *changer_unit(struct changer *changer);

#endif
