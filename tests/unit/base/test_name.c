/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/base/name.c: names that would leave a folder, split a cfgstring or overflow a volume
 * tag are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/name.h"

static void barcodes(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "A", true },
		{ "TAP001L8", true },
		{ "0", true },
		{ "A-_$#@9", true },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", true },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456", false },
		{ "", false },
		{ "tap001", false },
		{ "-A", false },
		{ "A B", false },
		{ "A/B", false },
		{ "A.B", false },
		{ "..", false },
		{ "A\xc3\x84", false },
		{ "A\n", false },
	};

	(void)state;
	assert_false(barcode_is_valid(NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (barcode_is_valid(rows[i].name) != rows[i].valid)
			fail_msg("barcode '%s' is judged wrongly", rows[i].name);
}

static void library_names(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "lib0", true },
		{ "Lib_0", true },
		{ "a", true },
		{ "abcdefghijklmnopqrstuvwxyz01234", true },
		{ "abcdefghijklmnopqrstuvwxyz012345", false },
		{ "", false },
		{ "0lib", false },
		{ "_lib", false },
		{ "a-b", false }, /* no D-Bus path element */
		{ "a/b", false },
		{ "a,b", false }, /* the kernel cuts a cfgstring there */
		{ "a:b", false },
		{ "a b", false },
		{ "..", false },
	};

	(void)state;
	assert_false(library_name_is_valid(NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (library_name_is_valid(rows[i].name) != rows[i].valid)
			fail_msg("library name '%s' is judged wrongly", rows[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(barcodes),
		cmocka_unit_test(library_names),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
