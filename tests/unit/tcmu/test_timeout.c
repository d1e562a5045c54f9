/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_time_out is raised where it is too short, and left alone elsewhere. */
#include "handlers/tcmu/timeout.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "lib/base/fs.h"

#define ATTRIBUTE "kernel/config/target/core/user_3/lib0_drive1/attrib"

static int setup(void **state)
{
	char *root = g_dir_make_tmp("vtl-sys-XXXXXX", NULL);
	g_autofree char *uio = g_build_filename(root, "class/uio/uio0", NULL);
	g_autofree char *attrib = g_build_filename(root, ATTRIBUTE, NULL);
	g_autofree char *name = g_build_filename(uio, "name", NULL);

	assert_int_equal(g_mkdir_with_parents(uio, 0700), 0);
	assert_int_equal(g_mkdir_with_parents(attrib, 0700), 0);
	assert_true(
		g_file_set_contents(name, "tcm-user/3/lib0_drive1/tape/lib0/drive/1\n", -1, NULL));
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	int r = fs_remove_tree(AT_FDCWD, *state);

	g_free(*state);
	return r;
}

static void expect(void **state, const char *before, const char *after)
{
	g_autofree char *file = g_build_filename(*state, ATTRIBUTE, "cmd_time_out", NULL);
	g_autofree char *text = NULL;

	assert_true(g_file_set_contents(file, before, -1, NULL));
	assert_int_equal(timeout_set(*state, "uio0", 7200), 0);
	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	assert_memory_equal(text, after, strlen(after));
}

static void a_short_time_out_is_raised(void **state)
{
	expect(state, "30\n", "7200");
}

static void never_and_longer_ones_stay(void **state)
{
	expect(state, "0\n", "0\n");
	expect(state, "9000\n", "9000\n");
}

static void a_device_that_is_not_there_is_told(void **state)
{
	assert_int_equal(timeout_set(*state, "uio7", 7200), -ENOENT);
}

static void the_kernel_is_asked_to_tell_of_resets(void **state)
{
	g_autofree char *file = g_build_filename(*state, ATTRIBUTE, "tmr_notification", NULL);
	g_autofree char *text = NULL;

	assert_int_equal(tmr_notification_set(*state, "uio0"), -ENOENT); /* before 5.10 */
	assert_true(g_file_set_contents(file, "0\n", -1, NULL));
	assert_int_equal(tmr_notification_set(*state, "uio0"), 0);
	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	assert_memory_equal(text, "1", 1);
	assert_int_equal(tmr_notification_set(*state, "uio7"), -ENOENT);
}

static void who_holds_a_reservation_is_seen(void **state)
{
	static const struct {
		const char *text;
		bool held;
	} rows[] = {
		{ "No SPC-3 Reservation holder\n", false },
		{ "SPC-3 Reservation: tcm_loop Initiator: naa.6001\n", true },
		{ "SPC-2 Reservation: iSCSI Initiator: iqn.x\n", true },
		{ "Passthrough\n", false },
		{ "", false },
	};
	g_autofree char *folder = g_build_filename(*state, ATTRIBUTE, "../pr", NULL);
	g_autofree char *file = g_build_filename(folder, "res_holder", NULL);

	assert_false(reservation_held(*state, "uio0")); /* no such file */
	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		assert_true(g_file_set_contents(file, rows[i].text, -1, NULL));
		assert_int_equal(reservation_held(*state, "uio0"), rows[i].held);
		assert_false(reservation_held(*state, "uio1"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_short_time_out_is_raised, setup, teardown),
		cmocka_unit_test_setup_teardown(never_and_longer_ones_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(the_kernel_is_asked_to_tell_of_resets, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_device_that_is_not_there_is_told, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_holds_a_reservation_is_seen, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
