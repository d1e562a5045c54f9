/* SPDX-License-Identifier: Apache-2.0 */
/*
 * served.h: a bus of one test, the library lib0 of place.h, and the server that serves it there.
 */
#ifndef VTL_TESTS_CONTROL_SERVED_H
#define VTL_TESTS_CONTROL_SERVED_H

#include "lib/control/client.h"
#include "lib/control/server.h"
#include "tests/unit/library/place.h"

/* What the fake drive 1 was asked, and what it answers. */
struct fake_drive {
	struct library *library;
	int eject;    /* what eject() returns */
	gint forced;  /* atomic: take_out() was told to force */
	gint options; /* atomic: bits of enum library_drive_option that are on */
	gint held;    /* atomic: eject() waits while it is 1 */
	gint ejects;  /* atomic counts of calls */
	gint loads;
	gint polls;
};

struct served {
	struct place *place;
	GTestDBus *bus;
	struct library *library; /* opened to be owned; published */
	struct fake_drive drive; /* attached as drive 1 */
	struct control_client *client;
};

/* A bus and nothing else: *state is a struct served with bus and client. */
int served_setup_bus(void **state);
/* And lib0 served on it. */
int served_setup(void **state);
int served_teardown(void **state); /* of both */

/* Waits until the name is served, or is not; fails the test after 20 s. */
void served_wait(struct served *s, const char *name, gboolean served);

/* The element of a type and number in the list of lib0; g_variant_unref(). */
GVariant *served_element(struct served *s, const char *type, unsigned number);

/* Asserts that @error is of CONTROL_ERROR, this code and its message contains @part; clears it. */
void assert_control_error(GError **error, int code, const char *part);

#endif
