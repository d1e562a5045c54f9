/* SPDX-License-Identifier: Apache-2.0 */
/* The generation matrix, as the makers of drives publish it: what a drive makes of a medium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/personality/personality.h"

struct cell {
	const char *drive, *medium;
	enum medium_access access;
};

/* clang-format off */
static const struct cell cells[] = {
	{ "ibm-ult3580-td1",  "LTO-1",         MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td1",  "LTO-2",         MEDIUM_REFUSED },
	{ "ibm-ult3580-td2",  "LTO-1",         MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td3",  "LTO-1",         MEDIUM_READ_ONLY },
	{ "ibm-ult3580-td3",  "LTO-2",         MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td3",  "LTO-3-WORM",    MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td4",  "LTO-1",         MEDIUM_REFUSED },
	{ "ibm-ult3580-td4",  "LTO-2",         MEDIUM_READ_ONLY },
	{ "ibm-ult3580-td5",  "LTO-3-WORM",    MEDIUM_READ_ONLY },
	{ "ibm-ult3580-td5",  "LTO-4-WORM",    MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td6",  "LTO-4",         MEDIUM_READ_ONLY },
	{ "ibm-ult3580-td7",  "LTO-5",         MEDIUM_READ_ONLY },
	{ "ibm-ult3580-td7",  "LTO-4",         MEDIUM_REFUSED },
	{ "ibm-ult3580-td7",  "LTO-8M",        MEDIUM_REFUSED },
	{ "ibm-ult3580-td8",  "LTO-8",         MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td8",  "LTO-8M",        MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td8",  "LTO-7-WORM",    MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td8",  "LTO-6",         MEDIUM_REFUSED }, /* the first that skips n - 2 */
	{ "ibm-ult3580-td8",  "LTO-9",         MEDIUM_REFUSED },
	{ "ibm-ult3580-td9",  "LTO-8-WORM",    MEDIUM_READ_WRITE },
	{ "ibm-ult3580-td9",  "LTO-8M",        MEDIUM_REFUSED },
	{ "ibm-ult3580-td9",  "LTO-7",         MEDIUM_REFUSED },
	{ "ibm-ult3580-tda",  "LTO-10",        MEDIUM_READ_WRITE },
	{ "ibm-ult3580-tda",  "LTO-10P",       MEDIUM_READ_WRITE },
	{ "ibm-ult3580-tda",  "LTO-9",         MEDIUM_REFUSED }, /* reads nothing but itself */
	{ "ibm-ult3580-td1",  "LTO-CLEAN",     MEDIUM_CLEANS },
	{ "ibm-ult3580-tda",  "LTO-CLEAN",     MEDIUM_CLEANS },
	{ "hp-ultrium-4",     "LTO-2",         MEDIUM_READ_ONLY },
	{ "hpe-ultrium-9",    "LTO-8",         MEDIUM_READ_WRITE },
	{ "hpe-ultrium-9",    "LTO-7",         MEDIUM_REFUSED },
};
/* clang-format on */

static void each_drive_takes_what_its_maker_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cells); i++) {
		const struct drive_model *drive = drive_model_get(cells[i].drive, NULL);
		const struct medium_row *medium = medium_find(cells[i].medium);
		enum medium_access access;

		if (drive == NULL || medium == NULL)
			fail_msg("%s or %s is missing", cells[i].drive, cells[i].medium);
		access = drive_medium_access(drive, medium->density, medium->medium_type);
		if (access != cells[i].access)
			fail_msg("%s in %s: %s", medium->name, drive->name,
				 medium_access_name(access));
	}
}

static void a_medium_type_that_is_not_told_is_the_first_of_its_density(void **state)
{
	const struct drive_model *drive = drive_model_get("ibm-ult3580-td8", NULL);

	(void)state;
	assert_string_equal(drive_medium(drive, 0x5e, 0)->name, "LTO-8");
	assert_string_equal(drive_medium(drive, 0x5e, 0x8c)->name, "LTO-8-WORM");
	assert_null(drive_medium(drive, 0x5e, 0x78));
	assert_null(drive_medium(drive, 0x46, 0));
}

static void a_drive_writes_a_density_of_which_it_writes_a_medium(void **state)
{
	const struct drive_model *drive = drive_model_get("ibm-ult3580-td7", NULL);

	(void)state;
	assert_int_equal(drive->densities[0].code, 0x5c);
	assert_int_equal(drive->densities[0].medium_type, 0x78);
	assert_true(drive_density(drive, 0x5c)->writable);
	assert_true(drive_density(drive, 0x5a)->writable);
	assert_false(drive_density(drive, 0x58)->writable);
	assert_null(drive_density(drive, 0x46));
}

static void the_end_of_a_barcode_tells_the_medium(void **state)
{
	const struct drive_model *drive = drive_model_get("ibm-ult3580-td8", NULL);

	(void)state;
	assert_string_equal(drive_medium_of_barcode(drive, "TAP001L7")->name, "LTO-7");
	assert_string_equal(drive_medium_of_barcode(drive, "TAP001M8")->name, "LTO-8M");
	assert_string_equal(drive_medium_of_barcode(drive, "TAP001LY")->name, "LTO-8-WORM");
	assert_string_equal(drive_medium_of_barcode(drive, "CLNU01CU")->name, "LTO-CLEAN");
	assert_null(drive_medium_of_barcode(drive, "TAP001L6"));
	assert_null(drive_medium_of_barcode(drive, "L8"));
	assert_null(drive_medium_of_barcode(drive, "T1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_drive_takes_what_its_maker_says),
		cmocka_unit_test(a_medium_type_that_is_not_told_is_the_first_of_its_density),
		cmocka_unit_test(a_drive_writes_a_density_of_which_it_writes_a_medium),
		cmocka_unit_test(the_end_of_a_barcode_tells_the_medium),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
