/* SPDX-License-Identifier: Apache-2.0 */
/* test_bus.c: which bus, and errors that keep their names on it. */
#include "tests/unit/control/served.h"

static void system_bus_unless_the_environment_says_session(void **state)
{
	(void)state;
	g_unsetenv("TCMU_VTL_BUS");
	assert_int_equal(control_bus_type(), G_BUS_TYPE_SYSTEM);
	g_setenv("TCMU_VTL_BUS", "session", TRUE);
	assert_int_equal(control_bus_type(), G_BUS_TYPE_SESSION);
	g_setenv("TCMU_VTL_BUS", "other", TRUE);
	assert_int_equal(control_bus_type(), G_BUS_TYPE_SYSTEM);
}

static void each_error_has_its_name_on_the_bus(void **state)
{
	static const char *const names[] = {
		[CONTROL_ERROR_FAILED] = "org.tcmuvtl.Error.Failed",
		[CONTROL_ERROR_NOT_FOUND] = "org.tcmuvtl.Error.NotFound",
		[CONTROL_ERROR_BUSY] = "org.tcmuvtl.Error.Busy",
	};

	(void)state;
	for (int code = 0; code < (int)G_N_ELEMENTS(names); code++) {
		g_autoptr(GError) error = g_error_new(CONTROL_ERROR, code, "x");
		g_autofree char *name = g_dbus_error_encode_gerror(error);

		assert_string_equal(name, names[code]);
	}
}

static void no_bus_is_an_error_that_says_so(void **state)
{
	GError *error = NULL;

	(void)state;
	g_setenv("TCMU_VTL_BUS", "session", TRUE);
	g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
	assert_null(control_bus_connect(&error));
	assert_control_error(&error, CONTROL_ERROR_UNREACHABLE, "session bus");
}

static void connection_is_not_the_shared_one_and_survives_a_close(void **state)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *ours = control_bus_connect(&error);
	GDBusConnection *shared = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);

	(void)state;
	assert_non_null(ours);
	assert_ptr_not_equal(ours, shared);
	assert_false(g_dbus_connection_get_exit_on_close(ours));
	g_clear_object(&shared);
	g_object_unref(ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_bus_unless_the_environment_says_session),
		cmocka_unit_test(each_error_has_its_name_on_the_bus),
		cmocka_unit_test_setup_teardown(
			connection_is_not_the_shared_one_and_survives_a_close, served_setup_bus,
			served_teardown),
		cmocka_unit_test(no_bus_is_an_error_that_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
