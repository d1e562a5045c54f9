/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.h: names, errors and connections that both ends of the D-Bus interfaces share.
 *
 * gdbus-codegen makes lib/control/org-tcmuvtl.h and its code in the build folder from
 * lib/control/org.tcmuvtl.xml; include it as "lib/control/org-tcmuvtl.h".  Types are VtlLibrary1,
 * VtlPolicy1 and their skeletons.  vtl-policyd owns CONTROL_POLICY_NAME on a connection from
 * control_bus_connect() and exports a VtlPolicy1Skeleton at CONTROL_POLICY_PATH.
 *
 * Errors of methods.  A method answers a caller's mistake with a GError of CONTROL_ERROR
 * (g_dbus_method_invocation_return_gerror); it travels as org.tcmuvtl.Error.Failed, .NotFound or
 * .Busy and arrives at the client with the same domain, code and message.
 */
#ifndef VTL_CONTROL_BUS_H
#define VTL_CONTROL_BUS_H

#include <gio/gio.h>

#define CONTROL_LIBRARY_NAME "org.tcmuvtl.Library1"
#define CONTROL_LIBRARY_PATH "/org/tcmuvtl/Library1"
#define CONTROL_POLICY_NAME  "org.tcmuvtl.Policy1"
#define CONTROL_POLICY_PATH  "/org/tcmuvtl/Policy1"

/* Codes of CONTROL_ERROR. */
enum control_error {
	CONTROL_ERROR_FAILED,      /* org.tcmuvtl.Error.Failed */
	CONTROL_ERROR_NOT_FOUND,   /* org.tcmuvtl.Error.NotFound: no such library, cartridge, job */
	CONTROL_ERROR_BUSY,        /* org.tcmuvtl.Error.Busy: refused now; the message says why */
	CONTROL_ERROR_UNREACHABLE, /* made by the client: no bus, or nobody serves the name */
	CONTROL_ERROR_TIMED_OUT,   /* made by the client: no answer yet; the call goes on */
};

#define CONTROL_ERROR control_error_quark()
GQuark control_error_quark(void);

/* The system bus, or the session bus where the environment has TCMU_VTL_BUS=session. */
GBusType control_bus_type(void);

/*
 * A connection of our own (never the process-wide shared one, which belongs to tcmu-runner or to
 * GLib), that does not end the process when the bus goes away.  CONTROL_ERROR_UNREACHABLE.
 */
GDBusConnection *control_bus_connect(GError **error);

#endif
