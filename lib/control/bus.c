/* SPDX-License-Identifier: Apache-2.0 */
/* bus.c: see bus.h. */
#include "lib/control/bus.h"

GQuark control_error_quark(void)
{
	static const GDBusErrorEntry entries[] = {
		{ CONTROL_ERROR_FAILED, "org.tcmuvtl.Error.Failed" },
		{ CONTROL_ERROR_NOT_FOUND, "org.tcmuvtl.Error.NotFound" },
		{ CONTROL_ERROR_BUSY, "org.tcmuvtl.Error.Busy" },
		{ CONTROL_ERROR_UNREACHABLE, "org.tcmuvtl.Error.Unreachable" },
		{ CONTROL_ERROR_TIMED_OUT, "org.tcmuvtl.Error.TimedOut" },
	};
	static gsize quark;

	g_dbus_error_register_error_domain("control-error-quark", &quark, entries,
					   G_N_ELEMENTS(entries));
	return (GQuark)quark;
}

GBusType control_bus_type(void)
{
	return g_strcmp0(g_getenv("TCMU_VTL_BUS"), "session") == 0 ? G_BUS_TYPE_SESSION
								   : G_BUS_TYPE_SYSTEM;
}

GDBusConnection *control_bus_connect(GError **error)
{
	GBusType type = control_bus_type();
	g_autoptr(GError) cause = NULL;
	GDBusConnection *connection = NULL;
	g_autofree char *address = g_dbus_address_get_for_bus_sync(type, NULL, &cause);

	if (address != NULL)
		connection = g_dbus_connection_new_for_address_sync(
			address,
			(GDBusConnectionFlags)(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
					       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION),
			NULL, NULL, &cause);
	if (connection == NULL) {
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_UNREACHABLE,
			    "cannot connect to the %s bus: %s; is dbus-daemon running?",
			    type == G_BUS_TYPE_SESSION ? "session" : "system", cause->message);
		return NULL;
	}
	/* a new connection does not end the process on close, but say it: the process is not ours
	 */
	g_dbus_connection_set_exit_on_close(connection, FALSE);
	return connection;
}
