/* SPDX-License-Identifier: Apache-2.0 */
/* served.c: see served.h. */
#include "tests/unit/control/served.h"

#include <string.h>

/* ---- the fake drive ---- */

static void fake_load(void *ctx, const char *barcode)
{
	struct fake_drive *drive = ctx;

	(void)barcode;
	(void)g_atomic_int_add(&drive->loads, 1);
	library_drive_note(drive->library, 1, DRIVE_READY, false);
}

static int fake_eject(void *ctx)
{
	struct fake_drive *drive = ctx;

	(void)g_atomic_int_add(&drive->ejects, 1);
	while (g_atomic_int_get(&drive->held) != 0)
		g_usleep(1000);
	if (drive->eject == 0)
		library_drive_note(drive->library, 1, DRIVE_EMPTY, false);
	return drive->eject;
}

static int fake_take_out(void *ctx, bool force)
{
	struct fake_drive *drive = ctx;

	g_atomic_int_set(&drive->forced, force);
	if (force)
		drive->eject = 0;
	return fake_eject(ctx);
}

static void fake_option(void *ctx, enum library_drive_option option)
{
	struct fake_drive *drive = ctx;

	if (library_drive_option(drive->library, 1, option))
		(void)g_atomic_int_or((guint *)&drive->options, 1u << option);
	else
		(void)g_atomic_int_and((guint *)&drive->options, ~(1u << option));
}

static void fake_poll(void *ctx)
{
	struct fake_drive *drive = ctx;

	(void)g_atomic_int_add(&drive->polls, 1);
}

static const struct library_drive_ops fake_ops = {
	.load = fake_load,
	.eject = fake_eject,
	.poll = fake_poll,
	.take_out = fake_take_out,
	.option = fake_option,
};

/* ---- fixture ---- */

int served_setup_bus(void **state)
{
	struct served *s = g_new0(struct served, 1);
	g_autoptr(GError) error = NULL;

	s->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(s->bus);
	g_setenv("TCMU_VTL_BUS", "session", TRUE);
	s->client = control_client_new(&error);
	if (s->client == NULL)
		fail_msg("%s", error->message);
	*state = s;
	return 0;
}

int served_setup(void **state)
{
	void *place = NULL;
	struct served *s;
	int r = served_setup_bus(state);

	s = *state;
	if (r == 0)
		r = place_setup_lib0(&place);
	if (r != 0)
		return r;
	s->place = place;
	s->library = place_open(LIBRARY_OPEN_OWN);
	s->drive.library = s->library;
	r = library_attach_drive(s->library, 1, &fake_ops, &s->drive);
	if (r == 0)
		r = control_server_start();
	control_server_publish(s->library);
	served_wait(s, CONTROL_LIBRARY_NAME, TRUE);
	return r;
}

int served_teardown(void **state)
{
	struct served *s = *state;
	void *place = s->place;
	int r = 0;

	control_client_free(s->client);
	control_server_stop();
	if (s->library != NULL) {
		library_detach_drive(s->library, 1);
		library_unref(s->library);
	}
	g_test_dbus_down(s->bus);
	g_object_unref(s->bus);
	if (place != NULL)
		r = place_teardown(&place);
	g_free(s);
	return r;
}

void served_wait(struct served *s, const char *name, gboolean served)
{
	/* polled: the answer must not depend on the signals that other tests are about */
	for (int i = 0; i < 2000; i++) {
		if (control_is_served(s->client, name) == served)
			return;
		g_usleep(10000);
	}
	fail_msg("%s is %s after 20 s", name, served ? "not served" : "still served");
}

GVariant *served_element(struct served *s, const char *type, unsigned number)
{
	g_autoptr(GVariant) list = NULL;
	g_autoptr(GError) error = NULL;

	if (!control_list_elements(s->client, "lib0", &list, &error))
		fail_msg("%s", error->message);
	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		GVariant *entry = g_variant_get_child_value(list, i);

		if (strcmp(control_entry_string(entry, "type"), type) == 0 &&
		    control_entry_uint(entry, "number") == number)
			return entry;
		g_variant_unref(entry);
	}
	fail_msg("there is no %s %u", type, number);
	return NULL;
}

void assert_control_error(GError **error, int code, const char *part)
{
	assert_non_null(*error);
	if ((*error)->domain != CONTROL_ERROR || (*error)->code != code ||
	    strstr((*error)->message, part) == NULL)
		fail_msg("%s %d \"%s\" instead of code %d and \"%s\"",
			 g_quark_to_string((*error)->domain), (*error)->code, (*error)->message,
			 code, part);
	g_clear_error(error);
}
