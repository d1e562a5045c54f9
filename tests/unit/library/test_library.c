/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/library/library.c and state.c: opening, owning, elements, drives' notes. */
#include "tests/unit/library/place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void opening_twice_gives_the_same_object(void **state)
{
	struct library *a = place_open(LIBRARY_OPEN_OWN), *b = place_open(LIBRARY_OPEN_OWN);

	(void)state;
	assert_ptr_equal(a, b);
	library_unref(a);
	assert_holds(b, SLOT_1, "T1");
	library_unref(b);
	library_unref(NULL);
}

static void a_reader_becomes_the_owner_in_place(void **state)
{
	struct library *a = place_open(LIBRARY_OPEN_READ), *b;

	(void)state;
	assert_false(library_is_owned(a));
	b = place_open(LIBRARY_OPEN_OWN);
	assert_ptr_equal(a, b);
	assert_true(library_is_owned(a));
	library_unref(a);
	library_unref(b);
}

static void a_library_that_does_not_exist_is_named(void **state)
{
	GError *error = NULL;

	(void)state;
	assert_null(library_open("lib9", LIBRARY_OPEN_READ, &error));
	assert_error(&error, LIBRARY_ERROR_NOT_FOUND, "there is no library lib9 in ");
	assert_null(library_open("../lib0", LIBRARY_OPEN_READ, &error));
	assert_error(&error, LIBRARY_ERROR_NOT_FOUND, "../lib0");
	assert_null(library_open("", LIBRARY_OPEN_OWN, &error));
	assert_error(&error, LIBRARY_ERROR_NOT_FOUND, "there is no library");
}

/* A child that owns lib0 until its standard input is closed. */
static pid_t owner_start(int *ret_hold)
{
	int hold[2], ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(hold), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct library *library = library_open("lib0", LIBRARY_OPEN_OWN, NULL);

		close(hold[1]);
		if (library != NULL && write(ready[1], "x", 1) == 1)
			while (read(hold[0], &byte, 1) > 0)
				;
		_exit(0); /* as a killed process: nothing is tidied */
	}
	close(hold[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*ret_hold = hold[1];
	return pid;
}

static void another_owner_is_named_and_readers_come_in(void **state)
{
	g_autofree char *part = NULL;
	GError *error = NULL;
	struct library *library;
	int hold, status;
	pid_t pid = owner_start(&hold);

	(void)state;
	part = g_strdup_printf("owned by process %ld", (long)pid);
	assert_null(library_open("lib0", LIBRARY_OPEN_OWN, &error));
	assert_error(&error, LIBRARY_ERROR_BUSY, part);
	assert_false(library_destroy("lib0", FALSE, &error));
	assert_error(&error, LIBRARY_ERROR_BUSY, part);
	library = place_open(LIBRARY_OPEN_READ);
	assert_holds(library, SLOT_1, "T1");
	assert_int_equal(library_move(library, SLOT_1, DRIVE_1), LIBRARY_E_NOT_OWNER);
	close(hold);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	library_unref(library);
	library_unref(place_open(LIBRARY_OPEN_OWN)); /* the lock died with its process */
}

static void a_new_reader_refreshes_the_snapshot(void **state)
{
	struct place *p = *state;
	g_autofree char *file = place_file(p, INVENTORY_FILE);
	struct library *a = place_open(LIBRARY_OPEN_READ), *b;

	assert_holds(a, SLOT_5, "");
	assert_true(g_file_set_contents(file,
					"[inventory]\nversion=1\nlibrary=lib0\ncartridges=1\n"
					"[elements]\n1028=T1\n[end]\n",
					-1, NULL));
	b = place_open(LIBRARY_OPEN_READ);
	assert_holds(a, SLOT_5, "T1");
	library_unref(a);
	library_unref(b);
}

static void a_damaged_inventory_is_kept_and_made_anew(void **state)
{
	struct place *p = *state;
	g_autofree char *file = place_file(p, INVENTORY_FILE);
	g_autofree char *kept = place_file(p, DAMAGED_FILE);
	g_autofree char *text = NULL;
	GError *error = NULL;
	struct library *library;

	assert_true(g_file_set_contents(file, "1024=T1\n", -1, NULL));
	assert_null(library_open("lib0", LIBRARY_OPEN_READ, &error));
	assert_error(&error, LIBRARY_ERROR_INVALID, "cannot read the inventory of library lib0");
	library = place_open(LIBRARY_OPEN_OWN);
	assert_holds(library, SLOT_1, "T1");
	assert_holds(library, SLOT_3, "T3");
	assert_true(g_file_get_contents(kept, &text, NULL, NULL));
	assert_string_equal(text, "1024=T1\n");
	assert_int_equal(library_move(library, SLOT_3, DRIVE_2), 0);
	library_unref(library);
	library = place_open(LIBRARY_OPEN_READ);
	assert_holds(library, DRIVE_2, "T3");
	library_unref(library);
}

static void an_absent_inventory_without_a_pool_is_refused(void **state)
{
	struct place *p = *state;
	g_autofree char *file = place_file(p, INVENTORY_FILE);
	g_autofree char *aside = g_build_filename(p->root, "aside", NULL);
	GError *error = NULL;

	assert_int_equal(unlink(file), 0);
	assert_int_equal(rename(p->pool, aside), 0);
	assert_null(library_open("lib0", LIBRARY_OPEN_OWN, &error));
	assert_error(&error, LIBRARY_ERROR_INVALID, "cannot be made anew from the pool");
	assert_int_equal(rename(aside, p->pool), 0);
	library_unref(place_open(LIBRARY_OPEN_OWN));
}

static void elements_say_what_they_are(void **state)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);
	struct library_element e;
	uint16_t address = 0;

	(void)state;
	assert_int_equal(library_element_count(library, ELEMENT_TRANSPORT), 1);
	assert_int_equal(library_element_count(library, ELEMENT_STORAGE), 5);
	assert_int_equal(library_element_count(library, ELEMENT_MAIL), 2);
	assert_int_equal(library_element_count(library, ELEMENT_DRIVE), 2);
	assert_int_equal(library_first_address(library, ELEMENT_DRIVE), 256);
	assert_true(library_element(library, DRIVE_1, &e));
	assert_int_equal(e.type, ELEMENT_DRIVE);
	assert_string_equal(e.drive_state, "empty");
	assert_true(e.access);
	assert_false(library_element(library, 1029, &e));
	assert_false(library_element(library, 1, &e));
	assert_true(library_find(library, "T2", &address));
	assert_int_equal(address, SLOT_2);
	assert_false(library_find(library, "T9", &address));
	assert_false(library_find(library, "", &address));
	assert_true(library_address(library, ELEMENT_MAIL, 2, &address));
	assert_int_equal(address, MAIL_2);
	assert_false(library_address(library, ELEMENT_MAIL, 3, &address));
	assert_false(library_address(library, ELEMENT_MAIL, 0, &address));
	library_unref(library);
}

static void labels_are_for_people(void **state)
{
	static const struct {
		uint16_t address;
		const char *label;
	} rows[] = { { 0, "transport 1" }, { 16, "mail-slot 1" },   { 256, "drive 1" },
		     { 1024, "slot 1" },   { 61023, "slot 60000" }, { 61024, "element 61024" },
		     { 7, "element 7" },   { 500, "element 500" } };
	char label[LIBRARY_LABEL_SIZE];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		library_label(rows[i].address, label);
		assert_string_equal(label, rows[i].label);
	}
}

static void serials_of_units_are_unlike(void **state)
{
	struct library *library = place_open(LIBRARY_OPEN_READ);
	struct library_config *config = (struct library_config *)(guintptr)library_config(library);
	char changer[LIBRARY_SERIAL_SIZE], drive[LIBRARY_SERIAL_SIZE];
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	(void)state;
	library_changer_serial(library, changer);
	assert_int_equal(strlen(changer), 12);
	assert_true(library_drive_serial(library, 1, drive));
	assert_memory_equal(changer, drive, 10);
	assert_string_equal(changer + 10, "00");
	assert_string_equal(drive + 10, "01");
	assert_false(library_drive_serial(library, 3, drive));
	assert_false(library_drive_serial(library, 0, drive));
	config->drives = LIBRARY_MAX_DRIVES;
	for (unsigned n = 1; n <= LIBRARY_MAX_DRIVES; n++) {
		assert_true(library_drive_serial(library, n, drive));
		assert_true(g_hash_table_add(seen, g_strdup(drive)));
		assert_int_equal(strlen(drive), 12);
	}
	config->drives = 2;
	library_unref(library);
}

struct heard {
	unsigned count;
	char barcode[BARCODE_SIZE];
	uint16_t source, destination;
};

static void hear(void *ctx, struct library *library, const char *barcode, uint16_t source,
		 uint16_t destination)
{
	struct heard *h = ctx;

	(void)library;
	h->count++;
	g_strlcpy(h->barcode, barcode, sizeof(h->barcode));
	h->source = source;
	h->destination = destination;
}

static void no_load(void *ctx, const char *barcode)
{
	(void)barcode;
	++*(unsigned *)ctx;
}

static int no_eject(void *ctx)
{
	(void)ctx;
	return 0;
}

static void count_poll(void *ctx)
{
	*(unsigned *)ctx += 100;
}

static const struct library_drive_ops quiet = { .load = no_load,
						.eject = no_eject,
						.poll = count_poll };

static void a_drive_tells_its_state(void **state)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);
	struct library_element e;
	struct heard heard = { 0 };
	unsigned calls = 0;

	(void)state;
	library_set_listener(library, hear, &heard);
	assert_int_equal(library_move(library, SLOT_1, DRIVE_1), 0);
	assert_int_equal(heard.count, 1);
	assert_string_equal(heard.barcode, "T1");
	assert_true(library_element(library, DRIVE_1, &e));
	assert_string_equal(e.drive_state, "unloaded"); /* nobody is there to load it */
	assert_int_equal(library_attach_drive(library, 1, &quiet, &calls), 0);
	assert_int_equal(calls, 1);
	library_drive_note(library, 1, DRIVE_LOADING, false);
	library_drive_note(library, 1, DRIVE_LOADING, false);
	assert_int_equal(heard.count, 2); /* the same again is no change */
	assert_string_equal(heard.barcode, "");
	assert_int_equal(heard.source, DRIVE_1);
	assert_int_equal(heard.destination, DRIVE_1);
	library_drive_note(library, 1, DRIVE_READY, true);
	assert_true(library_element(library, DRIVE_1, &e));
	assert_string_equal(e.drive_state, "ready");
	assert_true(e.prevented);
	assert_false(e.access);
	library_poll(library); /* it has nothing to tell */
	assert_int_equal(calls, 1);
	library_drive_note(library, 1, DRIVE_LOADING, true);
	library_poll(library);
	assert_int_equal(calls, 101);
	library_set_listener(library, NULL, NULL);
	library_detach_drive(library, 1);
	library_poll(library);
	assert_int_equal(calls, 101);
	assert_int_equal(heard.count, 4);
	library_unref(library);
}

static void attaching_is_for_the_owner_and_once(void **state)
{
	struct library *library = place_open(LIBRARY_OPEN_READ);
	unsigned calls = 0;

	(void)state;
	assert_int_equal(library_attach_drive(library, 1, &quiet, &calls), -EPERM);
	library_unref(place_open(LIBRARY_OPEN_OWN));
	assert_int_equal(library_attach_drive(library, 0, &quiet, &calls), -ENOENT);
	assert_int_equal(library_attach_drive(library, 3, &quiet, &calls), -ENOENT);
	assert_int_equal(library_attach_drive(library, 2, &quiet, &calls), 0);
	assert_int_equal(library_attach_drive(library, 2, &quiet, &calls), -EBUSY);
	library_detach_drive(library, 2);
	assert_int_equal(library_attach_drive(library, 2, &quiet, &calls), 0);
	library_detach_drive(library, 2);
	library_detach_drive(library, 99);
	library_unref(library);
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup_lib0, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(opening_twice_gives_the_same_object),
		T(a_reader_becomes_the_owner_in_place),
		T(a_library_that_does_not_exist_is_named),
		T(another_owner_is_named_and_readers_come_in),
		T(a_new_reader_refreshes_the_snapshot),
		T(a_damaged_inventory_is_kept_and_made_anew),
		T(an_absent_inventory_without_a_pool_is_refused),
		T(elements_say_what_they_are),
		cmocka_unit_test(labels_are_for_people),
		T(serials_of_units_are_unlike),
		T(a_drive_tells_its_state),
		T(attaching_is_for_the_owner_and_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
