/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/library/unit_state.c: what units keep over a restart. */
#include "tests/unit/library/place.h"

#include <errno.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/library/unit_state.h"

static bool fail_replace;

int __real_fs_replace(int folder, const char *name, const void *data, size_t size, mode_t mode);
int __wrap_fs_replace(int folder, const char *name, const void *data, size_t size, mode_t mode);

int __wrap_fs_replace(int folder, const char *name, const void *data, size_t size, mode_t mode)
{
	return fail_replace ? -EIO : __real_fs_replace(folder, name, data, size, mode);
}

static void assert_value(struct library *library, unsigned unit, const char *name,
			 const char *expected)
{
	char buf[64];
	size_t size = 0;

	assert_int_equal(library_unit_load(library, unit, name, buf, sizeof(buf), &size), 0);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(buf, expected, size);
}

static void assert_absent(struct library *library, unsigned unit, const char *name)
{
	char buf[64];
	size_t size;

	assert_int_equal(library_unit_load(library, unit, name, buf, sizeof(buf), &size), -ENOENT);
}

static void what_was_saved_is_there_after_a_restart(void **state)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);

	(void)state;
	assert_absent(library, 1, "text");
	assert_int_equal(library_unit_save(library, 1, "text", "one", 3), 0);
	assert_int_equal(library_unit_save(library, UNIT_STATE_CHANGER, "text", "robot", 5), 0);
	library_unref(library);
	library = place_open(LIBRARY_OPEN_OWN);
	assert_value(library, 1, "text", "one");
	assert_value(library, UNIT_STATE_CHANGER, "text", "robot");
	assert_absent(library, 2, "text");
	library_unref(library);
}

static void values_are_saved_together_and_leave_the_others_alone(void **state)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);
	const struct unit_value both[] = { { "a", "A2", 2 }, { "mode-0a-01", "B", 1 } };

	(void)state;
	assert_int_equal(library_unit_save(library, 1, "a", "A1", 2), 0);
	assert_int_equal(library_unit_save(library, 1, "c", "C", 1), 0);
	assert_int_equal(library_unit_save_all(library, 1, both, 2), 0);
	assert_value(library, 1, "a", "A2");
	assert_value(library, 1, "mode-0a-01", "B");
	assert_value(library, 1, "c", "C");
	assert_int_equal(library_unit_save(library, 1, "a", NULL, 0), 0);
	assert_absent(library, 1, "a");
	assert_value(library, 1, "c", "C");
	library_unref(library);
}

static void any_bytes_of_the_greatest_size_come_back(void **state)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);
	static uint8_t data[UNIT_STATE_VALUE_MAX + 1], back[UNIT_STATE_VALUE_MAX];
	size_t size = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	assert_int_equal(library_unit_save(library, 1, "x", data, UNIT_STATE_VALUE_MAX), 0);
	assert_int_equal(library_unit_load(library, 1, "x", back, sizeof(back), &size), 0);
	assert_int_equal(size, UNIT_STATE_VALUE_MAX);
	assert_memory_equal(back, data, size);
	assert_int_equal(library_unit_load(library, 1, "x", back, size - 1, &size), -EFBIG);
	assert_int_equal(library_unit_save(library, 1, "x", data, sizeof(data)), -EINVAL);
	assert_int_equal(library_unit_save(library, 1, "../x", data, 1), -EINVAL);
	assert_int_equal(library_unit_save(library, 1, "", data, 1), -EINVAL);
	library_unref(library);
}

static void a_save_that_fails_leaves_the_old_values(void **state)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);

	(void)state;
	assert_int_equal(library_unit_save(library, 1, "a", "old", 3), 0);
	fail_replace = true;
	assert_int_equal(library_unit_save(library, 1, "a", "new", 3), -EIO);
	fail_replace = false;
	assert_value(library, 1, "a", "old");
	library_unref(library);
}

static void a_damaged_file_counts_as_empty_and_is_made_anew(void **state)
{
	static const char *const bad[] = { "", "]]]\n", "[unit]\na=***\n", "[unit]\na", "a=b\n" };
	struct library *library = place_open(LIBRARY_OPEN_OWN);

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_int_equal(fs_replace(library->folder, "drive-1.state", bad[i],
					    strlen(bad[i]), FILE_MODE),
				 0);
		assert_absent(library, 1, "a");
		assert_int_equal(library_unit_save(library, 1, "a", "new", 3), 0);
		assert_value(library, 1, "a", "new");
	}
	library_unref(library);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_saved_is_there_after_a_restart,
						place_setup_lib0, place_teardown),
		cmocka_unit_test_setup_teardown(
			values_are_saved_together_and_leave_the_others_alone, place_setup_lib0,
			place_teardown),
		cmocka_unit_test_setup_teardown(any_bytes_of_the_greatest_size_come_back,
						place_setup_lib0, place_teardown),
		cmocka_unit_test_setup_teardown(a_save_that_fails_leaves_the_old_values,
						place_setup_lib0, place_teardown),
		cmocka_unit_test_setup_teardown(a_damaged_file_counts_as_empty_and_is_made_anew,
						place_setup_lib0, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
