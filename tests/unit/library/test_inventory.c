/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/library/inventory.c: the text is strict. */
#include "tests/unit/library/place.h"

#include <string.h>

static const struct library_config small = {
	.name = "lib0", .slots = 5, .mail_slots = 2, .drives = 2
};

#define END     "[end]\n"
#define HEAD(n) "[inventory]\nversion=1\nlibrary=lib0\ncartridges=" n "\n[elements]\n"

static int setup(void **state)
{
	struct inventory *inv = g_new0(struct inventory, 1);

	*state = inv;
	return inventory_init(inv, &small) ? 0 : -1;
}

static int teardown(void **state)
{
	inventory_clear(*state);
	g_free(*state);
	return 0;
}

static void addresses_have_fixed_bases(void **state)
{
	const struct inventory *inv = *state;

	assert_ptr_equal(inventory_cell(inv, 0), &inv->cells[0]);
	assert_ptr_equal(inventory_cell(inv, MAIL_2), &inv->cells[2]);
	assert_ptr_equal(inventory_cell(inv, DRIVE_1), &inv->cells[3]);
	assert_ptr_equal(inventory_cell(inv, SLOT_5), &inv->cells[9]);
	assert_int_equal(inv->cnt, 10);
	for (size_t i = 0; i < inv->cnt; i++)
		assert_ptr_equal(inventory_cell(inv, inventory_address(inv, i)), &inv->cells[i]);
}

static void addresses_between_the_types_are_no_elements(void **state)
{
	static const unsigned none[] = { 1, 15, 18, 255, 258, 1023, 1029, 65535 };

	for (size_t i = 0; i < G_N_ELEMENTS(none); i++)
		assert_null(inventory_cell(*state, none[i]));
}

static void the_largest_library_fits_into_16_bits(void **state)
{
	const struct library_config big = { .slots = LIBRARY_MAX_SLOTS,
					    .mail_slots = LIBRARY_MAX_MAIL_SLOTS,
					    .drives = LIBRARY_MAX_DRIVES };
	struct inventory inv = { 0 };

	(void)state;
	assert_true(inventory_init(&inv, &big));
	assert_int_equal(inventory_address(&inv, inv.cnt - 1), SLOT_BASE + LIBRARY_MAX_SLOTS - 1);
	for (size_t i = 0; i < inv.cnt; i++)
		assert_ptr_equal(inventory_cell(&inv, inventory_address(&inv, i)), &inv.cells[i]);
	inventory_clear(&inv);
}

static void the_text_reads_back_to_the_same(void **state)
{
	static const char text[] =
		HEAD("3") "16=SYS001L8;;operator\n256=TAP001L8;1024\n1028=A\n" END;
	GString *again;

	assert_true(inventory_parse(*state, "lib0", text, strlen(text), NULL));
	again = inventory_text(*state, "lib0");
	assert_string_equal(again->str, text);
	g_string_free(again, TRUE);
}

static void whatever_does_not_fit_is_damage(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "", "end" },
		{ "garbage", "inventory" },
		{ HEAD("1") "1024=A\n", "end" },
		{ "[inventory]\nversion=2\nlibrary=lib0\ncartridges=0\n[elements]\n" END,
		  "version" },
		{ "[inventory]\nversion=1\nlibrary=lib9\ncartridges=0\n[elements]\n" END,
		  "library" },
		{ "[inventory]\nversion=1\nlibrary=lib0\n[elements]\n" END, "cartridges" },
		{ "[inventory]\nversion=1\nlibrary=lib0\ncartridges=0\n" END, "elements" },
		{ HEAD("1") END, "another number" },
		{ HEAD("0") "1024=A\n" END, "another number" },
		{ HEAD("2") "1024=A\n1024=B\n" END, "in another element too" },
		{ HEAD("2") "1024=A\n1025=A\n" END, "in another element too" },
		{ HEAD("1") "1029=A\n" END, "1029: no element" },
		{ HEAD("1") "0=A\n" END, "0: no element" },
		{ HEAD("1") "01024=A\n" END, "no element address" },
		{ HEAD("1") "slot=A\n" END, "no element address" },
		{ HEAD("1") "1024=a\n" END, "no valid barcode" },
		{ HEAD("1") "1024=\n" END, "no valid barcode" },
		{ HEAD("1") "1024=../../A\n" END, "no valid barcode" },
		{ HEAD("1") "1024=A;99\n" END, "a source" },
		{ HEAD("1") "1024=A;x\n" END, "a source" },
		{ HEAD("1") "1024=A;;robot\n" END, "an unknown mark" },
		{ HEAD("1") "1024=A;;operator;\n" END, "no valid barcode" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct inventory inv = { 0 };
		GError *error = NULL;

		assert_true(inventory_init(&inv, &small));
		if (inventory_parse(&inv, "lib0", rows[i].text, strlen(rows[i].text), &error))
			fail_msg("'%s' was accepted", rows[i].text);
		assert_error(&error, LIBRARY_ERROR_INVALID, rows[i].part);
		inventory_clear(&inv);
	}
}

static void a_zero_byte_is_damage(void **state)
{
	static const char text[] = HEAD("1") "1024=A\n\0001025=B\n" END;
	GError *error = NULL;

	assert_false(inventory_parse(*state, "lib0", text, sizeof(text) - 1, &error));
	assert_error(&error, LIBRARY_ERROR_INVALID, "inventory");
}

static void every_truncation_is_damage(void **state)
{
	static const char text[] = HEAD("2") "1024=TAP001L8\n1025=TAP002L8\n" END;

	(void)state;
	for (size_t size = 0; size < strlen(text); size++) {
		g_autofree char *cut = g_strndup(text, size);
		struct inventory inv = { 0 };

		assert_true(inventory_init(&inv, &small));
		if (inventory_parse(&inv, "lib0", cut, size, NULL))
			fail_msg("%zu bytes were accepted", size);
		inventory_clear(&inv);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(addresses_have_fixed_bases, setup, teardown),
		cmocka_unit_test_setup_teardown(addresses_between_the_types_are_no_elements, setup,
						teardown),
		cmocka_unit_test(the_largest_library_fits_into_16_bits),
		cmocka_unit_test_setup_teardown(the_text_reads_back_to_the_same, setup, teardown),
		cmocka_unit_test(whatever_does_not_fit_is_damage),
		cmocka_unit_test_setup_teardown(a_zero_byte_is_damage, setup, teardown),
		cmocka_unit_test(every_truncation_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
