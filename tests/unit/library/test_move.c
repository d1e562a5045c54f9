/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of lib/library/move.c: who is asked, what is saved, and that a failure at any step leaves
 * memory, file and drives as they were.
 */
#include "tests/unit/library/place.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fs.h"

/* ---- a drive that writes down what it is told ---- */

struct fake_drive {
	GString *log; /* "load T1; eject; " */
	int eject_result;
	const char *refuses; /* barcode */
};

static void fake_load(void *ctx, const char *barcode)
{
	struct fake_drive *d = ctx;

	g_string_append_printf(d->log, "load %s; ", barcode);
}

static int fake_eject(void *ctx)
{
	struct fake_drive *d = ctx;

	g_string_append(d->log, "eject; ");
	return d->eject_result;
}

static void fake_poll(void *ctx)
{
	(void)ctx;
}

static bool fake_accepts(void *ctx, const char *barcode)
{
	const struct fake_drive *d = ctx;

	return d->refuses == NULL || strcmp(d->refuses, barcode) != 0;
}

static const struct library_drive_ops fake_ops = {
	.load = fake_load, .eject = fake_eject, .poll = fake_poll, .accepts = fake_accepts
};

/* lib0, owned, with both drives attached. */
struct bench {
	struct place *place;
	struct library *library;
	struct fake_drive drive[2];
};

static int setup(void **state)
{
	struct bench *b = g_new0(struct bench, 1);
	void *place = NULL;

	if (place_setup_lib0(&place) != 0)
		return -1;
	b->place = place;
	b->library = place_open(LIBRARY_OPEN_OWN);
	for (unsigned i = 0; i < 2; i++) {
		b->drive[i].log = g_string_new(NULL);
		if (library_attach_drive(b->library, i + 1, &fake_ops, &b->drive[i]) != 0)
			return -1;
	}
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	void *place = b->place;

	for (unsigned i = 0; i < 2; i++) {
		library_detach_drive(b->library, i + 1);
		g_string_free(b->drive[i].log, TRUE);
	}
	library_unref(b->library);
	g_free(b);
	return place_teardown(&place);
}

static void assert_log(struct fake_drive *d, const char *expected)
{
	assert_string_equal(d->log->str, expected);
	g_string_truncate(d->log, 0);
}

/* ---- fs_replace() can be told to fail ---- */

int __real_fs_replace(int folder, const char *name, const void *data, size_t size, mode_t mode);
int __wrap_fs_replace(int folder, const char *name, const void *data, size_t size, mode_t mode);

static int replace_result; /* 0: for real */

int __wrap_fs_replace(int folder, const char *name, const void *data, size_t size, mode_t mode)
{
	if (replace_result != 0)
		return replace_result;
	return __real_fs_replace(folder, name, data, size, mode);
}

/* The inventory file as another process would read it. */
static void assert_saved(struct bench *b, uint16_t address, const char *barcode)
{
	struct inventory inv = { 0 };
	int folder = state_open_library("lib0");

	assert_true(folder >= 0);
	assert_true(inventory_init(&inv, library_config(b->library)));
	assert_true(state_load_inventory(folder, "lib0", &inv, NULL));
	assert_string_equal(inventory_cell(&inv, address)->barcode, barcode);
	inventory_clear(&inv);
	close(folder);
}

static void a_move_to_a_drive_is_saved_and_loads(void **state)
{
	struct bench *b = *state;
	struct library_element e;

	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), 0);
	assert_holds(b->library, SLOT_1, "");
	assert_holds(b->library, DRIVE_1, "T1");
	assert_saved(b, DRIVE_1, "T1");
	assert_saved(b, SLOT_1, "");
	assert_log(&b->drive[0], "load T1; ");
	assert_log(&b->drive[1], "");
	assert_true(library_element(b->library, DRIVE_1, &e));
	assert_true(e.source_valid);
	assert_int_equal(e.source, SLOT_1);
}

static void a_move_from_a_drive_ejects_first(void **state)
{
	struct bench *b = *state;
	struct library_element e;

	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), 0);
	assert_log(&b->drive[0], "load T1; ");
	assert_int_equal(library_move(b->library, DRIVE_1, SLOT_5), 0);
	assert_log(&b->drive[0], "eject; ");
	assert_saved(b, SLOT_5, "T1");
	assert_true(library_element(b->library, SLOT_5, &e));
	assert_int_equal(e.source, SLOT_1); /* a drive is no storage element */
}

static void a_move_between_drives_ejects_and_loads(void **state)
{
	struct bench *b = *state;

	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), 0);
	assert_log(&b->drive[0], "load T1; ");
	assert_int_equal(library_move(b->library, DRIVE_1, DRIVE_2), 0);
	assert_log(&b->drive[0], "eject; ");
	assert_log(&b->drive[1], "load T1; ");
}

static void wrong_moves_are_refused_and_ask_nobody(void **state)
{
	struct bench *b = *state;

	assert_int_equal(library_move(b->library, SLOT_4, DRIVE_1), LIBRARY_E_SOURCE_EMPTY);
	assert_int_equal(library_move(b->library, SLOT_1, SLOT_2), LIBRARY_E_DESTINATION_FULL);
	assert_int_equal(library_move(b->library, SLOT_1, 0), LIBRARY_E_NO_ELEMENT);
	assert_int_equal(library_move(b->library, 0, SLOT_1), LIBRARY_E_NO_ELEMENT);
	assert_int_equal(library_move(b->library, SLOT_1, 999), LIBRARY_E_NO_ELEMENT);
	assert_int_equal(library_move(b->library, 65535, SLOT_5), LIBRARY_E_NO_ELEMENT);
	assert_int_equal(library_move(b->library, SLOT_1, SLOT_1), 0);
	b->drive[0].refuses = "T1";
	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), LIBRARY_E_INCOMPATIBLE);
	assert_log(&b->drive[0], "");
	assert_saved(b, SLOT_1, "T1");
}

static void a_full_drive_is_not_ejected_for_a_refused_move(void **state)
{
	struct bench *b = *state;

	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), 0);
	assert_log(&b->drive[0], "load T1; ");
	assert_int_equal(library_move(b->library, DRIVE_1, SLOT_2), LIBRARY_E_DESTINATION_FULL);
	assert_int_equal(library_move(b->library, SLOT_2, DRIVE_1), LIBRARY_E_DESTINATION_FULL);
	assert_log(&b->drive[0], "");
}

static void a_drive_that_keeps_its_cartridge_stops_the_move(void **state)
{
	struct bench *b = *state;

	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), 0);
	b->drive[0].eject_result = LIBRARY_E_PREVENTED;
	assert_int_equal(library_move(b->library, DRIVE_1, SLOT_1), LIBRARY_E_PREVENTED);
	b->drive[0].eject_result = LIBRARY_E_DRIVE_FAILED;
	assert_int_equal(library_move(b->library, DRIVE_1, SLOT_1), LIBRARY_E_DRIVE_FAILED);
	b->drive[0].eject_result = -EIO;
	assert_int_equal(library_move(b->library, DRIVE_1, SLOT_1), LIBRARY_E_DRIVE_FAILED);
	assert_holds(b->library, DRIVE_1, "T1");
	assert_saved(b, DRIVE_1, "T1");
	assert_log(&b->drive[0], "load T1; eject; eject; eject; ");
}

static void a_save_that_fails_puts_everything_back(void **state)
{
	struct bench *b = *state;

	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), 0);
	assert_log(&b->drive[0], "load T1; ");
	replace_result = -ENOSPC;
	assert_int_equal(library_move(b->library, DRIVE_1, SLOT_5), -ENOSPC);
	assert_log(&b->drive[0], "eject; load T1; ");
	assert_int_equal(library_move(b->library, SLOT_2, DRIVE_2), -ENOSPC);
	assert_log(&b->drive[1], "");
	replace_result = 0;
	assert_holds(b->library, DRIVE_1, "T1");
	assert_holds(b->library, SLOT_2, "T2");
	assert_saved(b, DRIVE_1, "T1");
	assert_int_equal(library_move(b->library, DRIVE_1, SLOT_5), 0);
	assert_saved(b, SLOT_5, "T1");
}

static void an_exchange_is_one_change(void **state)
{
	struct bench *b = *state;

	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), 0);
	assert_log(&b->drive[0], "load T1; ");
	assert_int_equal(library_exchange(b->library, SLOT_2, DRIVE_1, SLOT_2), 0);
	assert_log(&b->drive[0], "eject; load T2; ");
	assert_saved(b, SLOT_2, "T1");
	assert_saved(b, DRIVE_1, "T2");
	assert_int_equal(library_exchange(b->library, SLOT_3, DRIVE_1, SLOT_5), 0);
	assert_saved(b, SLOT_3, "");
	assert_saved(b, DRIVE_1, "T3");
	assert_saved(b, SLOT_5, "T2");
}

static void wrong_exchanges_are_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(library_exchange(b->library, SLOT_1, SLOT_4, SLOT_1),
			 LIBRARY_E_SOURCE_EMPTY);
	assert_int_equal(library_exchange(b->library, SLOT_4, SLOT_1, SLOT_4),
			 LIBRARY_E_SOURCE_EMPTY);
	assert_int_equal(library_exchange(b->library, SLOT_1, SLOT_2, SLOT_3),
			 LIBRARY_E_DESTINATION_FULL);
	assert_int_equal(library_exchange(b->library, SLOT_1, SLOT_1, SLOT_4),
			 LIBRARY_E_DESTINATION_FULL);
	assert_int_equal(library_exchange(b->library, SLOT_1, SLOT_2, SLOT_2),
			 LIBRARY_E_DESTINATION_FULL);
	assert_int_equal(library_exchange(b->library, SLOT_1, SLOT_2, 3), LIBRARY_E_NO_ELEMENT);
	assert_saved(b, SLOT_1, "T1");
	assert_saved(b, SLOT_2, "T2");
}

static void an_exchange_that_fails_halfway_puts_everything_back(void **state)
{
	struct bench *b = *state;

	assert_int_equal(library_move(b->library, SLOT_1, DRIVE_1), 0);
	assert_int_equal(library_move(b->library, SLOT_2, DRIVE_2), 0);
	g_string_truncate(b->drive[0].log, 0);
	g_string_truncate(b->drive[1].log, 0);
	b->drive[1].eject_result = LIBRARY_E_PREVENTED;
	assert_int_equal(library_exchange(b->library, DRIVE_1, DRIVE_2, DRIVE_1),
			 LIBRARY_E_PREVENTED);
	assert_log(&b->drive[0], "eject; load T1; ");
	assert_log(&b->drive[1], "eject; ");
	b->drive[1].eject_result = 0;
	replace_result = -EIO;
	assert_int_equal(library_exchange(b->library, DRIVE_1, DRIVE_2, DRIVE_1), -EIO);
	replace_result = 0;
	assert_log(&b->drive[0], "eject; load T1; ");
	assert_log(&b->drive[1], "eject; load T2; ");
	assert_holds(b->library, DRIVE_1, "T1");
	assert_holds(b->library, DRIVE_2, "T2");
}

static void an_import_takes_the_first_free_place(void **state)
{
	struct bench *b = *state;
	struct cart_params params = { .barcode = "NEW1", .density = 0x5e, .medium_type = 0x88 };
	struct library_element e;
	uint16_t address = 0;

	assert_int_equal(library_import(b->library, "NEW1", false, &address),
			 LIBRARY_E_SOURCE_EMPTY);
	assert_int_equal(library_import(b->library, "../x", false, &address),
			 LIBRARY_E_SOURCE_EMPTY);
	assert_int_equal(library_import(b->library, "T1", false, &address), -EEXIST);
	assert_int_equal(cart_create(b->place->pool, &params), 0);
	replace_result = -EIO;
	assert_int_equal(library_import(b->library, "NEW1", false, &address), -EIO);
	replace_result = 0;
	assert_false(library_find(b->library, "NEW1", &address));
	assert_int_equal(library_import(b->library, "NEW1", true, &address), 0);
	assert_int_equal(address, MAIL_1);
	assert_true(library_element(b->library, MAIL_1, &e));
	assert_true(e.placed_by_operator);
	assert_saved(b, MAIL_1, "NEW1");
	assert_int_equal(library_move(b->library, MAIL_1, MAIL_2), 0);
	assert_true(library_element(b->library, MAIL_2, &e));
	assert_false(e.placed_by_operator);
}

static void an_export_frees_the_place_or_changes_nothing(void **state)
{
	struct bench *b = *state;
	uint16_t address;

	assert_int_equal(library_export(b->library, "NOPE"), LIBRARY_E_SOURCE_EMPTY);
	assert_int_equal(library_export(b->library, "../x"), LIBRARY_E_SOURCE_EMPTY);
	replace_result = -EIO;
	assert_int_equal(library_export(b->library, "T1"), -EIO);
	replace_result = 0;
	assert_holds(b->library, SLOT_1, "T1");
	assert_int_equal(library_export(b->library, "T1"), 0);
	assert_holds(b->library, SLOT_1, "");
	assert_false(library_find(b->library, "T1", &address));
	assert_int_equal(library_move(b->library, SLOT_2, DRIVE_1), 0);
	assert_int_equal(library_export(b->library, "T2"), -EBUSY);
	assert_holds(b->library, DRIVE_1, "T2");
	assert_int_equal(library_import(b->library, "T1", true, &address), 0);
	assert_int_equal(library_export(b->library, "T1"), 0);
	assert_holds(b->library, MAIL_1, "");
}

static void a_full_library_imports_nothing(void **state)
{
	struct bench *b = *state;
	static const char *const names[] = { "N1", "N2", "N3" };
	uint16_t address = 0;

	for (size_t i = 0; i < 3; i++) {
		struct cart_params params = { .barcode = names[i] };

		assert_int_equal(cart_create(b->place->pool, &params), 0);
		assert_int_equal(library_import(b->library, names[i], false, &address),
				 i < 2 ? 0 : LIBRARY_E_DESTINATION_FULL);
	}
}

static void an_owner_whose_library_was_removed_moves_nothing(void **state)
{
	struct bench *b = *state;
	g_autofree char *lock = place_file(b->place, LOCK_FILE);

	assert_int_equal(unlink(lock), 0);
	assert_int_equal(library_move(b->library, SLOT_1, SLOT_5), LIBRARY_E_NOT_OWNER);
}

static void an_option_that_cannot_be_saved_stays_as_it_was(void **state)
{
	struct bench *b = *state;

	replace_result = -ENOSPC;
	assert_int_equal(library_set_drive_option(b->library, 1, LIBRARY_REALISTIC, true), -ENOSPC);
	replace_result = 0;
	assert_false(library_drive_option(b->library, 1, LIBRARY_REALISTIC));
	assert_int_equal(library_set_drive_option(b->library, 3, LIBRARY_REALISTIC, true),
			 LIBRARY_E_NO_ELEMENT);
	assert_int_equal(library_set_drive_option(b->library, 0, LIBRARY_REALISTIC, true),
			 LIBRARY_E_NO_ELEMENT);
	assert_int_equal(library_set_drive_option(b->library, 2, LIBRARY_REALISTIC, true), 0);
	assert_true(library_drive_option(b->library, 2, LIBRARY_REALISTIC));
	assert_false(library_drive_option(b->library, 1, LIBRARY_REALISTIC));
	assert_false(library_drive_option(b->library, 2, LIBRARY_CLEANING));
}

static void every_outcome_has_a_name(void **state)
{
	(void)state;
	for (int i = LIBRARY_E_NO_ELEMENT; i <= LIBRARY_E_RESERVED; i++)
		assert_string_not_equal(library_outcome_name(i), "done");
	assert_string_equal(library_outcome_name(0), "done");
	assert_string_equal(library_outcome_name(-ENOSPC), g_strerror(ENOSPC));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_move_to_a_drive_is_saved_and_loads),
		T(a_move_from_a_drive_ejects_first),
		T(a_move_between_drives_ejects_and_loads),
		T(wrong_moves_are_refused_and_ask_nobody),
		T(a_full_drive_is_not_ejected_for_a_refused_move),
		T(a_drive_that_keeps_its_cartridge_stops_the_move),
		T(a_save_that_fails_puts_everything_back),
		T(an_exchange_is_one_change),
		T(wrong_exchanges_are_refused),
		T(an_exchange_that_fails_halfway_puts_everything_back),
		T(an_import_takes_the_first_free_place),
		T(an_export_frees_the_place_or_changes_nothing),
		T(a_full_library_imports_nothing),
		T(an_owner_whose_library_was_removed_moves_nothing),
		T(an_option_that_cannot_be_saved_stays_as_it_was),
		cmocka_unit_test(every_outcome_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
