/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glue.h: one backstore of LIO as one of our units: opens it from its cfgstring, and turns each
 * ring slot into a struct scsi_cmd and back.
 */
#ifndef VTL_TCMU_GLUE_H
#define VTL_TCMU_GLUE_H

#include "handlers/tcmu/abi.h"

/*
 * The kernel gives a command back as failed after so many seconds.  Its default, 30, is too short
 * for tape; 0 (never) would leave a host no way out of a drive that hangs.
 */
#define GLUE_CMD_TIME_OUT_S 7200

bool glue_check(const char *cfgstring, const char *subtype, char **reason);
/* 0 or -errno, with the reason in the runner's log. */
int glue_open(struct tcmu_device *dev, const char *subtype);
void glue_close(struct tcmu_device *dev);
int glue_reconfig(struct tcmu_device *dev, const struct tcmulib_cfg_info *cfg);
int glue_handle(struct tcmu_device *dev, struct tcmur_cmd *cmd);

#endif
