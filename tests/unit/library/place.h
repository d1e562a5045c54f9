/* SPDX-License-Identifier: Apache-2.0 */
/* place.h: a state folder and a pool of one test, and a library lib0 in it. */
#ifndef VTL_TESTS_LIBRARY_PLACE_H
#define VTL_TESTS_LIBRARY_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "lib/library/internal.h"

struct place {
	char *root;  /* holds state/ and pool/ */
	char *state; /* $TCMU_VTL_STATE */
	char *pool;
};

/* lib0: 5 slots, 2 mail slots, 2 drives; T1 T2 T3 in slots 1 to 3. */
#define LIB0_HEAD "[library]\nname=lib0\nslots=5\nmail_slots=2\ndrives=2\n"

enum {
	MAIL_1 = 16,
	MAIL_2 = 17,
	DRIVE_1 = 256,
	DRIVE_2 = 257,
	SLOT_1 = 1024,
	SLOT_2 = 1025,
	SLOT_3 = 1026,
	SLOT_4 = 1027,
	SLOT_5 = 1028,
};

int place_setup(void **state);      /* an empty state folder */
int place_setup_lib0(void **state); /* and lib0 */
int place_teardown(void **state);
/* Opens lib0 as its owner; fails the test with the message where that fails. */
struct library *place_open(unsigned flags);
/* Makes lib0 from LIB0_HEAD, the pool and @media. */
void place_create(const struct place *p, const char *media);
/* Asserts what an element holds ("" = empty). */
void assert_holds(struct library *library, uint16_t address, const char *barcode);
/* Asserts that @error is of this code and its message contains @part; clears it. */
void assert_error(GError **error, int code, const char *part);
char *place_file(const struct place *p, const char *name);

#endif
