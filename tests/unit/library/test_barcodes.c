/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/library/barcodes.c. */
#include "tests/unit/library/place.h"

#include <string.h>

/* What a list expands to, joined by commas, or "!" and the message. */
static char *expand(const char *list, unsigned max)
{
	g_autoptr(GPtrArray) barcodes = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *why = barcodes_expand(list, max, barcodes);

	if (why != NULL)
		return g_strdup_printf("!%s", why);
	g_ptr_array_add(barcodes, NULL);
	return g_strjoinv(",", (char **)barcodes->pdata);
}

static void assert_expands(const char *list, const char *expected)
{
	g_autofree char *got = expand(list, 200);

	assert_string_equal(got, expected);
}

static void assert_refused(const char *list, const char *part)
{
	g_autofree char *got = expand(list, 200);

	if (got[0] != '!' || strstr(got, part) == NULL)
		fail_msg("'%s' gave '%s', not '%s'", list, got, part);
}

static void a_list_keeps_its_order(void **state)
{
	(void)state;
	assert_expands("B2L8;A1L8", "B2L8,A1L8");
	assert_expands(" B2L8 ; A1L8 ;", "B2L8,A1L8");
	assert_expands("", "");
}

static void a_range_counts_the_digits_that_differ(void **state)
{
	(void)state;
	assert_expands("TAP009L8-TAP011L8", "TAP009L8,TAP010L8,TAP011L8");
	assert_expands("T1-T3;X7", "T1,T2,T3,X7");
	assert_expands("T5-T5", "T5");
	assert_expands("AB-AB", "AB");
}

static void a_range_counts_whole_runs_of_digits(void **state)
{
	g_autofree char *got = expand("TAP010L8-TAP110L8", 200);
	g_auto(GStrv) items = g_strsplit(got, ",", -1);

	(void)state;
	assert_int_equal(g_strv_length(items), 101);
	assert_string_equal(items[90], "TAP100L8");
}

static void bad_ranges_say_what_is_wrong(void **state)
{
	(void)state;
	assert_refused("TAP001L8-TAP10L8", "equally long");
	assert_refused("TAP010L8-TAP001L8", "backwards");
	assert_refused("TAP001L7-TAP009L8", "one run");
	assert_refused("TAPA-TAPC", "one run");
	assert_refused("-TAP1", "no range");
	assert_refused("TAP1-", "no range");
	assert_refused("-", "no range");
	assert_refused("0000000000-9999999999", "up to 9 digits");
}

static void bad_names_and_repeats_are_refused(void **state)
{
	(void)state;
	assert_refused("tap001", "'tap001' is no barcode");
	assert_refused("../X", "is no barcode");
	assert_refused("T1;T2;T1", "'T1' occurs twice");
	assert_refused("T1-T3;T2", "'T2' occurs twice");
}

static void an_expansion_is_bounded(void **state)
{
	g_autofree char *got = expand("T00000001-T99999999", 200);

	(void)state;
	assert_non_null(strstr(got, "more than 200"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_keeps_its_order),
		cmocka_unit_test(a_range_counts_the_digits_that_differ),
		cmocka_unit_test(a_range_counts_whole_runs_of_digits),
		cmocka_unit_test(bad_ranges_say_what_is_wrong),
		cmocka_unit_test(bad_names_and_repeats_are_refused),
		cmocka_unit_test(an_expansion_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
