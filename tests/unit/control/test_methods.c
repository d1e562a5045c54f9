/* SPDX-License-Identifier: Apache-2.0 */
/* test_methods.c: the methods of org.tcmuvtl.Library1, asked over a bus. */
#include "tests/unit/control/served.h"

#define served_test(f) cmocka_unit_test_setup_teardown(f, served_setup, served_teardown)

static void load_or_fail(struct served *s, const char *barcode, unsigned drive)
{
	g_autoptr(GError) error = NULL;

	if (!control_load(s->client, "lib0", barcode, drive, &error))
		fail_msg("%s", error->message);
}

static void new_cartridge(struct served *s, const char *barcode)
{
	const struct cart_params params = { .barcode = barcode, .density = 0x5e };

	assert_int_equal(cart_create(s->place->pool, &params), 0);
}

/* ---- lists ---- */

static void lists_the_published_libraries(void **state)
{
	struct served *s = *state;
	g_auto(GStrv) names = NULL;

	assert_true(control_list_libraries(s->client, &names, NULL));
	assert_int_equal(g_strv_length(names), 1);
	assert_string_equal(names[0], "lib0");
}

static void lists_every_element_once(void **state)
{
	struct served *s = *state;
	g_autoptr(GVariant) list = NULL;

	assert_true(control_list_elements(s->client, "lib0", &list, NULL));
	assert_int_equal(g_variant_n_children(list), 1 + 2 + 2 + 5);
}

static void a_drive_has_state_serial_and_source(void **state)
{
	struct served *s = *state;
	g_autoptr(GVariant) drive = NULL;
	char serial[LIBRARY_SERIAL_SIZE];

	load_or_fail(s, "T2", 1);
	drive = served_element(s, "drive", 1);
	assert_true(library_drive_serial(s->library, 1, serial));
	assert_int_equal(control_entry_uint(drive, "address"), DRIVE_1);
	assert_string_equal(control_entry_string(drive, "barcode"), "T2");
	assert_string_equal(control_entry_string(drive, "source"), "slot 2");
	assert_string_equal(control_entry_string(drive, "state"), "ready");
	assert_string_equal(control_entry_string(drive, "serial"), serial);
	assert_false(control_entry_bool(drive, "prevented"));
}

static void an_empty_slot_has_no_barcode(void **state)
{
	g_autoptr(GVariant) slot = served_element(*state, "slot", 4);

	assert_int_equal(control_entry_uint(slot, "address"), SLOT_4);
	assert_null(g_variant_lookup_value(slot, "barcode", NULL));
	assert_null(g_variant_lookup_value(slot, "state", NULL));
}

static void every_method_refuses_an_unknown_library(void **state)
{
	struct served *s = *state;
	g_autoptr(GVariant) list = NULL;
	GError *error = NULL;

	assert_false(control_list_elements(s->client, "lib9", &list, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "lib9");
	assert_false(control_load(s->client, "lib9", "T1", 1, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "lib9");
	assert_false(control_unload(s->client, "lib9", 1, FALSE, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "lib9");
	assert_false(control_move(s->client, "lib9", SLOT_1, SLOT_4, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "lib9");
	assert_false(control_import(s->client, "lib9", "T1", FALSE, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "lib9");
	assert_false(control_export(s->client, "lib9", "T1", &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "lib9");
	assert_false(control_poll(s->client, "lib9", &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "lib9");
}

/* ---- load, unload ---- */

static void load_moves_and_tells_the_drive(void **state)
{
	struct served *s = *state;

	load_or_fail(s, "T1", 1);
	assert_holds(s->library, DRIVE_1, "T1");
	assert_holds(s->library, SLOT_1, "");
	assert_int_equal(g_atomic_int_get(&s->drive.loads), 1);
}

static void load_names_what_is_not_there(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	assert_false(control_load(s->client, "lib0", "NOPE", 1, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "NOPE");
	assert_false(control_load(s->client, "lib0", "T1", 3, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "drive 3");
	assert_false(control_load(s->client, "lib0", "T1", 0, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "drive 0");
	assert_int_equal(g_atomic_int_get(&s->drive.loads), 0);
}

static void load_into_a_full_drive_is_refused(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	load_or_fail(s, "T1", 1);
	assert_false(control_load(s->client, "lib0", "T2", 1, &error));
	assert_control_error(&error, CONTROL_ERROR_BUSY, "drive 1");
	assert_holds(s->library, SLOT_2, "T2");
}

static void unload_goes_back_to_its_slot(void **state)
{
	struct served *s = *state;

	load_or_fail(s, "T3", 1);
	assert_true(control_unload(s->client, "lib0", 1, FALSE, NULL));
	assert_holds(s->library, SLOT_3, "T3");
	assert_holds(s->library, DRIVE_1, "");
}

static void unload_takes_the_first_free_slot_where_its_own_is_taken(void **state)
{
	struct served *s = *state;

	load_or_fail(s, "T2", 1);
	assert_int_equal(library_move(s->library, SLOT_3, SLOT_2), 0);
	assert_true(control_unload(s->client, "lib0", 1, FALSE, NULL));
	assert_holds(s->library, SLOT_3, "T2");
}

static void unload_of_an_empty_drive_is_an_error(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	assert_false(control_unload(s->client, "lib0", 2, FALSE, &error));
	assert_non_null(strstr(error->message, "drive 2"));
	assert_true(error->domain == CONTROL_ERROR);
	g_clear_error(&error);
}

static void unload_is_refused_while_a_host_prevents_it(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	load_or_fail(s, "T1", 1);
	s->drive.eject = LIBRARY_E_PREVENTED;
	assert_false(control_unload(s->client, "lib0", 1, FALSE, &error));
	assert_control_error(&error, CONTROL_ERROR_BUSY, "prevent");
	assert_holds(s->library, DRIVE_1, "T1");
	s->drive.eject = 0;
}

static void unload_without_a_free_slot_is_refused(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	load_or_fail(s, "T1", 1);
	new_cartridge(s, "N1");
	new_cartridge(s, "N2");
	new_cartridge(s, "N3");
	assert_true(control_import(s->client, "lib0", "N1", FALSE, NULL));
	assert_true(control_import(s->client, "lib0", "N2", FALSE, NULL));
	assert_true(control_import(s->client, "lib0", "N3", FALSE, NULL));
	assert_false(control_unload(s->client, "lib0", 1, FALSE, &error));
	assert_control_error(&error, CONTROL_ERROR_BUSY, "slot");
	assert_holds(s->library, DRIVE_1, "T1");
}

static void unload_by_force_does_not_ask(void **state)
{
	static const struct {
		int why;
		const char *part;
	} rows[] = { { LIBRARY_E_PREVENTED, "prevents" },
		     { LIBRARY_E_BUSY, "at work on drive 1" },
		     { LIBRARY_E_RESERVED, "reserved drive 1" } };
	struct served *s = *state;
	GError *error = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		load_or_fail(s, "T1", 1);
		s->drive.eject = rows[i].why;
		assert_false(control_unload(s->client, "lib0", 1, FALSE, &error));
		assert_non_null(strstr(error->message, "--force")); /* the remedy */
		assert_control_error(&error, CONTROL_ERROR_BUSY, rows[i].part);
		assert_int_equal(g_atomic_int_get(&s->drive.forced), 0);
		assert_true(control_unload(s->client, "lib0", 1, TRUE, NULL));
		assert_int_equal(g_atomic_int_get(&s->drive.forced), 1);
		assert_holds(s->library, SLOT_1, "T1");
	}
}

static void options_of_a_drive_are_switched_and_kept(void **state)
{
	struct served *s = *state;
	g_autofree char *file = place_file(s->place, CONFIG_FILE);
	g_autofree char *text = NULL;
	g_autoptr(GVariant) drive = NULL;

	assert_true(control_set_drive(s->client, "lib0", 1, "realistic", TRUE, NULL));
	assert_true(control_set_drive(s->client, "lib0", 1, "cleaning", TRUE, NULL));
	assert_true(control_set_drive(s->client, "lib0", 1, "cleaning", FALSE, NULL));
	assert_true(control_set_drive(s->client, "lib0", 2, "cleaning", TRUE, NULL)); /* nobody */
	assert_int_equal(g_atomic_int_get(&s->drive.options), 1 << LIBRARY_REALISTIC);
	drive = served_element(s, "drive", 1);
	assert_true(control_entry_bool(drive, "realistic"));
	assert_false(control_entry_bool(drive, "cleaning"));
	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	assert_non_null(strstr(text, "\nrealistic=1\n"));
	assert_non_null(strstr(text, "\ncleaning=2\n"));
}

static void wrong_options_are_refused_by_name(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	assert_false(control_set_drive(s->client, "lib0", 1, "slow", TRUE, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "\"slow\": use realistic");
	assert_false(control_set_drive(s->client, "lib0", 3, "realistic", TRUE, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "drive 3");
	assert_false(control_set_drive(s->client, "lib9", 1, "realistic", TRUE, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "lib9");
	assert_int_equal(g_atomic_int_get(&s->drive.options), 0);
}

static gpointer unload_by_another(gpointer data)
{
	struct control_client *other = control_client_new(NULL);
	gboolean good;

	(void)data;
	good = control_unload(other, "lib0", 1, FALSE, NULL);
	control_client_free(other);
	return GINT_TO_POINTER(good);
}

static void others_are_served_while_a_drive_is_waited_for(void **state)
{
	struct served *s = *state;
	g_autoptr(GVariant) drive = NULL;
	GThread *waiting;

	load_or_fail(s, "T3", 1);
	g_atomic_int_set(&s->drive.held, 1);
	waiting = g_thread_new("unload", unload_by_another, NULL);
	while (g_atomic_int_get(&s->drive.ejects) == 0)
		g_usleep(1000);
	drive = served_element(s, "drive", 1);
	assert_string_equal(control_entry_string(drive, "barcode"), "T3");
	assert_true(control_move(s->client, "lib0", SLOT_1, SLOT_4, NULL));
	assert_true(control_poll(s->client, "lib0", NULL));
	load_or_fail(s, "T2", 2);
	g_atomic_int_set(&s->drive.held, 0);
	assert_true(GPOINTER_TO_INT(g_thread_join(waiting)));
	assert_holds(s->library, SLOT_3, "T3");
}

static void calls_that_wait_for_one_drive_stop_no_other(void **state)
{
	struct served *s = *state;
	g_autoptr(GDBusConnection) bus = control_bus_connect(NULL);
	g_autoptr(GError) refusal = NULL;

	load_or_fail(s, "T3", 1);
	g_atomic_int_set(&s->drive.held, 1);
	for (unsigned i = 0; i < 64; i++)
		g_dbus_connection_call(bus, CONTROL_LIBRARY_NAME, CONTROL_LIBRARY_PATH,
				       CONTROL_LIBRARY_NAME, "Move",
				       g_variant_new("(sqq)", "lib0", DRIVE_1, SLOT_4), NULL,
				       G_DBUS_CALL_FLAGS_NONE, 1000, NULL, NULL, NULL);
	(void)g_dbus_connection_flush_sync(bus, NULL, NULL);
	while (g_atomic_int_get(&s->drive.ejects) == 0)
		g_usleep(1000);
	while (control_set_drive(s->client, "lib0", 1, "cleaning", FALSE, NULL))
		g_usleep(1000); /* the calls are on their way */
	assert_false(control_unload(s->client, "lib0", 1, FALSE, &refusal));
	assert_control_error(&refusal, CONTROL_ERROR_BUSY, "calls wait for drive 1 already");
	load_or_fail(s, "T2", 2);
	g_atomic_int_set(&s->drive.held, 0);
}

static void a_call_that_has_no_answer_in_time_goes_on_and_says_so(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	load_or_fail(s, "T3", 1);
	g_atomic_int_set(&s->drive.held, 1);
	control_client_set_timeout(s->client, 100);
	assert_false(control_unload(s->client, "lib0", 1, FALSE, &error));
	assert_control_error(&error, CONTROL_ERROR_TIMED_OUT,
			     "the drive is at a command that takes long; the call goes on");
	control_client_set_timeout(s->client, CONTROL_TIMEOUT_MS);
	g_atomic_int_set(&s->drive.held, 0);
	for (unsigned i = 0; i < 2000; i++) {
		struct library_element e;

		if (library_element(s->library, DRIVE_1, &e) && !e.full)
			break;
		g_usleep(1000);
	}
	assert_holds(s->library, SLOT_3, "T3");
}

/* ---- move, import, poll ---- */

static void move_goes_by_addresses(void **state)
{
	struct served *s = *state;

	assert_true(control_move(s->client, "lib0", SLOT_1, MAIL_2, NULL));
	assert_holds(s->library, MAIL_2, "T1");
}

static void move_refuses_an_address_that_is_none(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	assert_false(control_move(s->client, "lib0", SLOT_1, 9999, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "9999");
	assert_holds(s->library, SLOT_1, "T1");
}

static void import_takes_the_first_free_slot_or_a_mail_slot(void **state)
{
	struct served *s = *state;

	new_cartridge(s, "N1");
	new_cartridge(s, "N2");
	assert_true(control_import(s->client, "lib0", "N1", FALSE, NULL));
	assert_true(control_import(s->client, "lib0", "N2", TRUE, NULL));
	assert_holds(s->library, SLOT_4, "N1");
	assert_holds(s->library, MAIL_1, "N2");
}

static void export_empties_a_slot_and_refuses_a_drive(void **state)
{
	struct served *s = *state;
	struct cart_info info;
	GError *error = NULL;

	assert_true(control_export(s->client, "lib0", "T1", NULL));
	assert_holds(s->library, SLOT_1, "");
	assert_int_equal(cart_stat(s->place->pool, "T1", &info), 0);
	assert_false(control_export(s->client, "lib0", "T1", &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "T1");
	load_or_fail(s, "T2", 1);
	assert_false(control_export(s->client, "lib0", "T2", &error));
	assert_control_error(&error, CONTROL_ERROR_BUSY, "drive");
	assert_holds(s->library, DRIVE_1, "T2");
}

static void import_names_a_cartridge_that_is_not_in_the_pool(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	assert_false(control_import(s->client, "lib0", "NOPE", FALSE, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "NOPE");
}

static void import_of_one_that_is_there_changes_nothing(void **state)
{
	struct served *s = *state;
	GError *error = NULL;

	assert_false(control_import(s->client, "lib0", "T1", FALSE, &error));
	assert_true(error->domain == CONTROL_ERROR);
	assert_non_null(strstr(error->message, "T1"));
	g_clear_error(&error);
	assert_holds(s->library, SLOT_4, "");
}

static void poll_reaches_the_drive(void **state)
{
	struct served *s = *state;

	library_drive_note(s->library, 1, DRIVE_LOADING, false); /* others are not asked */
	assert_true(control_poll(s->client, "lib0", NULL));
	assert_int_equal(g_atomic_int_get(&s->drive.polls), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		served_test(lists_the_published_libraries),
		served_test(lists_every_element_once),
		served_test(a_drive_has_state_serial_and_source),
		served_test(an_empty_slot_has_no_barcode),
		served_test(every_method_refuses_an_unknown_library),
		served_test(load_moves_and_tells_the_drive),
		served_test(load_names_what_is_not_there),
		served_test(load_into_a_full_drive_is_refused),
		served_test(unload_goes_back_to_its_slot),
		served_test(unload_takes_the_first_free_slot_where_its_own_is_taken),
		served_test(unload_of_an_empty_drive_is_an_error),
		served_test(unload_is_refused_while_a_host_prevents_it),
		served_test(unload_without_a_free_slot_is_refused),
		served_test(unload_by_force_does_not_ask),
		served_test(options_of_a_drive_are_switched_and_kept),
		served_test(wrong_options_are_refused_by_name),
		served_test(others_are_served_while_a_drive_is_waited_for),
		served_test(calls_that_wait_for_one_drive_stop_no_other),
		served_test(a_call_that_has_no_answer_in_time_goes_on_and_says_so),
		served_test(move_goes_by_addresses),
		served_test(move_refuses_an_address_that_is_none),
		served_test(import_takes_the_first_free_slot_or_a_mail_slot),
		served_test(export_empties_a_slot_and_refuses_a_drive),
		served_test(import_names_a_cartridge_that_is_not_in_the_pool),
		served_test(import_of_one_that_is_there_changes_nothing),
		served_test(poll_reaches_the_drive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
