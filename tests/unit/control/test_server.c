/* SPDX-License-Identifier: Apache-2.0 */
/* test_server.c: what is published, signals, and life without a bus. */
#include "tests/unit/control/served.h"

#include <string.h>

#define served_test(f) cmocka_unit_test_setup_teardown(f, served_setup, served_teardown)

/* ---- signals ---- */

struct heard {
	char moved[128], drive[128];
};

static void on_moved(void *ctx, const char *library, const char *barcode, const char *source,
		     const char *destination)
{
	struct heard *heard = ctx;

	(void)g_snprintf(heard->moved, sizeof(heard->moved), "%s %s: %s to %s", library, barcode,
			 source, destination);
}

static void on_drive_changed(void *ctx, const char *library, unsigned drive, const char *state,
			     const char *barcode)
{
	struct heard *heard = ctx;

	(void)g_snprintf(heard->drive, sizeof(heard->drive), "%s %u %s %s", library, drive, state,
			 barcode);
}

static const struct control_watch_ops ops = { .moved = on_moved,
					      .drive_changed = on_drive_changed };

static gboolean on_timeout(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

/* Runs the context until @text says @expected. */
static void expect_heard(const char *text, const char *expected)
{
	bool late = false;
	guint timeout = g_timeout_add_seconds(20, on_timeout, &late);

	while (!late && strcmp(text, expected) != 0)
		(void)g_main_context_iteration(NULL, TRUE);
	if (!late)
		(void)g_source_remove(timeout);
	assert_string_equal(text, expected);
}

static void a_move_is_signalled(void **state)
{
	struct served *s = *state;
	struct heard heard = { 0 };

	control_watch(s->client, &ops, &heard);
	assert_int_equal(library_move(s->library, SLOT_2, MAIL_1), 0);
	expect_heard(heard.moved, "lib0 T2: slot 2 to mail-slot 1");
}

static void a_drives_state_is_signalled(void **state)
{
	struct served *s = *state;
	struct heard heard = { 0 };

	control_watch(s->client, &ops, &heard);
	assert_int_equal(library_move(s->library, SLOT_2, DRIVE_1), 0);
	expect_heard(heard.drive, "lib0 1 ready T2");
	library_drive_note(s->library, 1, DRIVE_LOADING, false);
	expect_heard(heard.drive, "lib0 1 loading T2");
}

/* ---- publish, withdraw ---- */

static unsigned count_libraries(struct served *s)
{
	g_auto(GStrv) names = NULL;

	assert_true(control_list_libraries(s->client, &names, NULL));
	return g_strv_length(names);
}

static void withdrawn_only_as_often_as_published(void **state)
{
	struct served *s = *state;

	control_server_publish(s->library);
	control_server_withdraw(s->library);
	assert_int_equal(count_libraries(s), 1);
	control_server_withdraw(s->library);
	assert_int_equal(count_libraries(s), 0);
	control_server_withdraw(s->library); /* once too often harms nobody */
	assert_int_equal(count_libraries(s), 0);
}

static void a_withdrawn_library_is_let_go(void **state)
{
	struct served *s = *state;

	control_server_withdraw(s->library);
	library_detach_drive(s->library, 1);
	library_unref(s->library);
	s->library = NULL;
	/* the last reference is gone: it can be owned anew, and destroyed */
	assert_true(library_destroy("lib0", FALSE, NULL));
}

static void a_stopped_server_leaves_the_bus_and_can_start_again(void **state)
{
	struct served *s = *state;

	control_server_stop();
	served_wait(s, CONTROL_LIBRARY_NAME, FALSE);
	control_server_stop();
	assert_int_equal(control_server_start(), 0);
	assert_int_equal(control_server_start(), 0);
	control_server_publish(s->library);
	served_wait(s, CONTROL_LIBRARY_NAME, TRUE);
	assert_int_equal(count_libraries(s), 1);
}

/* ---- without a bus ---- */

static gint warnings;

static void count_warning(const gchar *domain, GLogLevelFlags level, const gchar *message,
			  gpointer data)
{
	(void)domain, (void)data;
	if ((level & G_LOG_LEVEL_WARNING) != 0 && strstr(message, CONTROL_LIBRARY_NAME) != NULL)
		g_atomic_int_inc(&warnings);
}

static void without_a_bus_one_warning_and_moves_work(void **state)
{
	GLogFunc old = g_log_set_default_handler(count_warning, NULL);
	struct library *library;

	(void)state;
	g_atomic_int_set(&warnings, 0);
	g_setenv("TCMU_VTL_BUS", "session", TRUE);
	g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
	library = place_open(LIBRARY_OPEN_OWN);
	assert_int_equal(control_server_start(), 0);
	control_server_publish(library);
	assert_int_equal(library_move(library, SLOT_1, DRIVE_1), 0);
	for (int i = 0; i < 2000 && g_atomic_int_get(&warnings) == 0; i++)
		g_usleep(10000);
	control_server_withdraw(library);
	control_server_stop();
	library_unref(library);
	(void)g_log_set_default_handler(old, NULL);
	assert_int_equal(g_atomic_int_get(&warnings), 1);
}

static void a_bus_that_goes_away_does_not_end_the_process(void **state)
{
	struct served *s = *state;
	GLogFunc old = g_log_set_default_handler(count_warning, NULL);

	g_atomic_int_set(&warnings, 0);
	g_test_dbus_stop(s->bus);
	for (int i = 0; i < 2000 && g_atomic_int_get(&warnings) == 0; i++)
		g_usleep(10000);
	assert_int_equal(library_move(s->library, SLOT_1, DRIVE_1), 0);
	(void)g_log_set_default_handler(old, NULL);
	assert_int_equal(g_atomic_int_get(&warnings), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		served_test(a_move_is_signalled),
		served_test(a_drives_state_is_signalled),
		served_test(withdrawn_only_as_often_as_published),
		served_test(a_withdrawn_library_is_let_go),
		served_test(a_stopped_server_leaves_the_bus_and_can_start_again),
		served_test(a_bus_that_goes_away_does_not_end_the_process),
		cmocka_unit_test_setup_teardown(without_a_bus_one_warning_and_moves_work,
						place_setup_lib0, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
