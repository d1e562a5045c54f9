/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h: the D-Bus service org.tcmuvtl.Library1 inside tcmu-runner, in a thread of its own with
 * its own GMainContext (the runner's main loop and its command threads are never used, and never
 * wait for it).
 *
 * The bus is the system bus, or the session bus where TCMU_VTL_BUS=session.  Where there is no bus,
 * or the name cannot be owned, the units work all the same: one warning is logged and the server
 * tries again every 10 s.
 */
#ifndef VTL_CONTROL_SERVER_H
#define VTL_CONTROL_SERVER_H

#include "lib/library/library.h"

/* Starts the thread once per process; later calls do nothing. 0 or -errno. */
MUST_CHECK int control_server_start(void);

/* Publishes a library while a unit of it is open; takes a reference. Twice is counted. */
void control_server_publish(struct library *library);
void control_server_withdraw(struct library *library);

/* Stops the thread and drops all libraries; for handler destroy and tests. */
void control_server_stop(void);

#endif
