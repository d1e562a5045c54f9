/* SPDX-License-Identifier: Apache-2.0 */
/* timeout.h: the kernel's patience with a backstore, a configfs attribute. */
#ifndef VTL_TCMU_TIMEOUT_H
#define VTL_TCMU_TIMEOUT_H

/*
 * Sets cmd_time_out of the backstore that the kernel calls @uio ("uio0") to @seconds, where it is
 * shorter and not "never".  @sys is "/sys" but in tests.  0; -EBUSY where the backstore is exported
 * and keeps its shorter value (so it stays after a restart of the runner); other -errno.
 */
int timeout_set(const char *sys, const char *uio, unsigned seconds);

#endif
