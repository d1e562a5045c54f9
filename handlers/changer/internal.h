/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: what the files of handlers/changer share; called with the unit's mutex held. */
#ifndef VTL_CHANGER_INTERNAL_H
#define VTL_CHANGER_INTERNAL_H

#include "handlers/changer/changer.h"
#include "handlers/scsi/command.h"
#include "handlers/scsi/logpage.h"
#include "handlers/scsi/mode.h"
#include "handlers/scsi/vpd.h"
#include "lib/personality/personality.h"

struct changer {
	struct scsi_unit unit;             /* first */
	struct library *library;           /* a reference */
	const struct personality *persona; /* const data */
	bool prevented; /* PREVENT ALLOW: the operator's mail slot door; nothing else depends on it
			 */
};

static inline struct changer *changer_of(struct scsi_unit *unit)
{
	return (struct changer *)(void *)unit;
}

enum scsi_status changer_move(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status changer_exchange(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status changer_position(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status changer_initialize(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status changer_initialize_range(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status changer_read_status(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status changer_prevent_allow(struct scsi_unit *unit, struct scsi_cmd *cmd);

struct scsi_tables changer_tables(void);
extern const struct mode_page changer_mode_pages[];
extern const unsigned changer_mode_pages_cnt;
extern const struct vpd_page changer_vpd_pages[];
extern const unsigned changer_vpd_pages_cnt;
extern const struct log_page changer_log_pages[];
extern const unsigned changer_log_pages_cnt;

#endif
