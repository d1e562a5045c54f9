/* SPDX-License-Identifier: Apache-2.0 */
/* test_entry.c: fields of entries, also absent ones and those of another type. */
#include "tests/unit/control/served.h"

static GVariant *sample(void)
{
	return g_variant_ref_sink(g_variant_new_parsed(
		"{'s': <'text'>, 'q': <uint16 16>, 'u': <uint32 4294967295>,"
		" 't': <uint64 18446744073709551615>, 'y': <byte 0x07>, 'x': <int64 -5>,"
		" 'b': <true>}"));
}

static void strings_and_absent_ones(void **state)
{
	g_autoptr(GVariant) entry = sample();

	(void)state;
	assert_string_equal(control_entry_string(entry, "s"), "text");
	assert_string_equal(control_entry_string(entry, "absent"), "");
	assert_string_equal(control_entry_string(entry, "u"), "");
}

static void numbers_of_every_width(void **state)
{
	g_autoptr(GVariant) entry = sample();

	(void)state;
	assert_int_equal(control_entry_uint(entry, "q"), 16);
	assert_int_equal(control_entry_uint(entry, "u"), UINT32_MAX);
	assert_true(control_entry_uint(entry, "t") == UINT64_MAX);
	assert_int_equal(control_entry_uint(entry, "y"), 7);
	assert_int_equal(control_entry_uint(entry, "s"), 0);
	assert_int_equal(control_entry_uint(entry, "absent"), 0);
}

static void times_and_flags(void **state)
{
	g_autoptr(GVariant) entry = sample();

	(void)state;
	assert_int_equal(control_entry_time(entry, "x"), -5);
	assert_int_equal(control_entry_time(entry, "t"), 0);
	assert_true(control_entry_bool(entry, "b"));
	assert_false(control_entry_bool(entry, "s"));
	assert_false(control_entry_bool(entry, "absent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_and_absent_ones),
		cmocka_unit_test(numbers_of_every_width),
		cmocka_unit_test(times_and_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
