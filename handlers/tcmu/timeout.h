/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeout.h: the kernel's patience with a backstore, what it tells, and who has reserved it: files
 * of configfs.
 */
#ifndef VTL_TCMU_TIMEOUT_H
#define VTL_TCMU_TIMEOUT_H

#include <stdbool.h>

/*
 * Sets cmd_time_out of the backstore that the kernel calls @uio ("uio0") to @seconds, where it is
 * shorter and not "never".  @sys is "/sys" but in tests.  0; -EBUSY where the backstore is exported
 * and keeps its shorter value (so it stays after a restart of the runner); other -errno.
 */
int timeout_set(const char *sys, const char *uio, unsigned seconds);

/*
 * Has the kernel put resets and aborts into the backstore's ring (ring_take_event()).  0; -ENOENT
 * where the kernel cannot (before 5.10); other -errno.
 */
int tmr_notification_set(const char *sys, const char *uio);

/* TRUE where the core holds a reservation of the backstore, by RESERVE or PERSISTENT RESERVE OUT.
 */
bool reservation_held(const char *sys, const char *uio);

#endif
