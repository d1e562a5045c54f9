/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/library/create.c: a library is there whole or not at all. */
#include "tests/unit/library/place.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct library_config *config_of(const char *text, ...) G_GNUC_PRINTF(1, 2);

static struct library_config *config_of(const char *format, ...)
{
	struct library_config *config = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	if (!config_parse(text, strlen(text), "x.conf", &config, &error))
		fail_msg("%s", error->message);
	return config;
}

static unsigned count_names(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	unsigned n = 0;

	while (dir != NULL && g_dir_read_name(dir) != NULL)
		n++;
	return n;
}

static void creation_fills_slots_in_the_order_of_the_barcodes(void **state)
{
	struct place *p = *state;
	struct cart_info info;
	struct library *library;

	place_create(p,
		     "[media]\nbarcodes=Z9;A1-A2\ncapacity=2M\nearly_warning=100K\ncodec=zlib\n");
	library = place_open(LIBRARY_OPEN_READ);
	assert_holds(library, SLOT_1, "Z9");
	assert_holds(library, SLOT_2, "A1");
	assert_holds(library, SLOT_3, "A2");
	assert_holds(library, SLOT_4, "");
	library_unref(library);
	assert_int_equal(cart_stat(p->pool, "A2", &info), 0);
	assert_int_equal(info.capacity_bytes, 2000000);
	assert_int_equal(info.early_warning_bytes, 100000);
	assert_int_equal(info.density, 0x5e);
	assert_int_equal(info.codec, CART_CODEC_ZLIB);
}

static void existing_cartridges_are_kept(void **state)
{
	struct place *p = *state;
	struct cart_params params = { .barcode = "T2", .capacity_bytes = 777777 };
	struct cart_info info;

	assert_int_equal(mkdir(p->pool, 0700), 0);
	assert_int_equal(cart_create(p->pool, &params), 0);
	place_create(p, "[media]\nbarcodes=T1-T3\n");
	assert_int_equal(cart_stat(p->pool, "T2", &info), 0);
	assert_int_equal(info.capacity_bytes, 777777);
}

static enum cart_kind kind_of(const struct place *p, const char *barcode, uint8_t medium_type)
{
	struct cart_info info;

	assert_int_equal(cart_stat(p->pool, barcode, &info), 0);
	assert_int_equal(info.medium_type, medium_type);
	assert_int_equal(info.cleanings, info.kind == CART_CLEANING ? 50 : 0);
	return info.kind;
}

static void barcodes_tell_write_once_and_cleaning_cartridges(void **state)
{
	struct place *p = *state;

	place_create(p, "[media]\nbarcodes=A00001LY;A00002L8;CLNU01CU;CLN001L8\n");
	assert_int_equal(kind_of(p, "A00001LY", 0x8c), CART_WORM);
	assert_int_equal(kind_of(p, "A00002L8", 0x88), CART_DATA);
	assert_int_equal(kind_of(p, "CLNU01CU", 0x01), CART_CLEANING);
	assert_int_equal(kind_of(p, "CLN001L8", 0x01), CART_CLEANING);
}

/* type= says the format; that what a barcode calls write once can be written over, nobody meant. */
static void a_type_takes_no_protection_away(void **state)
{
	struct place *p = *state;

	place_create(p, "[media]\ntype=LTO-8\nbarcodes=A00001LY;A00002L8;A00003L7\n");
	assert_int_equal(kind_of(p, "A00001LY", 0x8c), CART_WORM);
	assert_int_equal(kind_of(p, "A00002L8", 0x88), CART_DATA);
	assert_int_equal(kind_of(p, "A00003L7", 0x88), CART_DATA);
}

static void a_type_says_that_media_are_write_once(void **state)
{
	struct place *p = *state;

	place_create(p, "[media]\ntype=LTO-8-WORM\nbarcodes=A00001;CLNU01CU\n");
	assert_int_equal(kind_of(p, "A00001", 0x8c), CART_WORM);
	assert_int_equal(kind_of(p, "CLNU01CU", 0x01), CART_CLEANING);
}

static void a_taken_name_serial_or_pool_is_refused(void **state)
{
	struct place *p = *state;
	struct library_config *name = config_of(LIB0_HEAD "pool=%s/b\n", p->root);
	struct library_config *serial =
		config_of("[library]\nname=b\nslots=1\ndrives=1\npool=%s/b\nserial=%s\n", p->root,
			  name->serial);
	struct library_config *pool =
		config_of("[library]\nname=b\nslots=1\ndrives=1\npool=%s\n", p->pool);
	GError *error = NULL;

	place_create(p, "");
	assert_false(library_create(name, &error));
	assert_error(&error, LIBRARY_ERROR_EXISTS, "library lib0 exists already");
	assert_false(library_create(serial, &error));
	assert_error(&error, LIBRARY_ERROR_EXISTS, "library lib0 has the serial");
	assert_false(library_create(pool, &error));
	assert_error(&error, LIBRARY_ERROR_EXISTS, "library lib0 has the pool");
	assert_int_equal(count_names(p->state), 1);
	library_config_free(name);
	library_config_free(serial);
	library_config_free(pool);
}

static void a_failed_creation_leaves_nothing_behind(void **state)
{
	struct place *p = *state;
	struct library_config *config =
		config_of(LIB0_HEAD "pool=%s\n[media]\nbarcodes=T1-T3\n", p->pool);
	g_autofree char *blocker = g_build_filename(p->state, "lib0", NULL);
	g_autofree char *inside = g_build_filename(blocker, "file", NULL);
	GError *error = NULL;

	/* a folder that is no library stands where the library must go */
	assert_int_equal(g_mkdir_with_parents(blocker, 0700), 0);
	assert_true(g_file_set_contents(inside, "", 0, NULL));
	assert_false(library_create(config, &error));
	assert_error(&error, LIBRARY_ERROR_FAILED, "cannot write the state of library lib0");
	assert_int_equal(access(p->pool, F_OK), -1);
	assert_int_equal(count_names(p->state), 1);
	assert_int_equal(unlink(inside), 0);
	if (!library_create(config, &error))
		fail_msg("%s", error->message);
	library_config_free(config);
}

static void what_a_killed_creation_left_is_removed(void **state)
{
	struct place *p = *state;
	g_autofree char *left = g_build_filename(p->state, ".new-lib0", NULL);
	g_autofree char *file = g_build_filename(left, "inventory", NULL);
	g_auto(GStrv) names = NULL;

	assert_int_equal(g_mkdir_with_parents(left, 0700), 0);
	assert_true(g_file_set_contents(file, "junk", -1, NULL));
	place_create(p, "");
	names = library_list();
	assert_int_equal(g_strv_length(names), 1);
	assert_int_equal(access(left, F_OK), -1);
}

static void a_pool_that_is_a_file_is_refused(void **state)
{
	struct place *p = *state;
	struct library_config *config = config_of(LIB0_HEAD "pool=%s\n", p->pool);
	GError *error = NULL;

	assert_true(g_file_set_contents(p->pool, "", 0, NULL));
	assert_false(library_create(config, &error));
	assert_error(&error, LIBRARY_ERROR_FAILED, "cannot use the pool");
	library_config_free(config);
}

static void the_list_is_sorted_and_holds_libraries_only(void **state)
{
	struct place *p = *state;
	struct library_config *config =
		config_of("[library]\nname=alpha\nslots=1\ndrives=1\npool=%s/a\n", p->root);
	g_autofree char *policy = g_build_filename(p->state, "policy", NULL);
	g_auto(GStrv) none = library_list();
	g_auto(GStrv) names = NULL;

	assert_int_equal(g_strv_length(none), 0);
	place_create(p, "");
	assert_true(library_create(config, NULL));
	assert_int_equal(mkdir(policy, 0700), 0);
	names = library_list();
	assert_int_equal(g_strv_length(names), 2);
	assert_string_equal(names[0], "alpha");
	assert_string_equal(names[1], "lib0");
	library_config_free(config);
}

static void destroying_keeps_cartridges_unless_told(void **state)
{
	struct place *p = *state;
	GError *error = NULL;

	place_create(p, "[media]\nbarcodes=T1-T3\n");
	assert_true(library_destroy("lib0", FALSE, &error));
	assert_int_equal(count_names(p->state), 0);
	assert_int_equal(count_names(p->pool), 3);
	place_create(p, "[media]\nbarcodes=T1-T3\n");
	assert_true(library_destroy("lib0", TRUE, &error));
	assert_int_equal(access(p->pool, F_OK), -1);
	assert_false(library_destroy("lib0", FALSE, &error));
	assert_error(&error, LIBRARY_ERROR_NOT_FOUND, "there is no library lib0");
	assert_false(library_destroy("../lib0", TRUE, &error));
	assert_error(&error, LIBRARY_ERROR_NOT_FOUND, "there is no library");
}

static void an_open_library_is_not_destroyed(void **state)
{
	GError *error = NULL;
	struct library *library;

	place_create(*state, "[media]\nbarcodes=T1\n");
	library = place_open(LIBRARY_OPEN_OWN);
	assert_false(library_destroy("lib0", TRUE, &error));
	assert_error(&error, LIBRARY_ERROR_BUSY, "is owned by process");
	assert_int_equal(library_move(library, SLOT_1, SLOT_2), 0);
	library_unref(library);
}

/* A job without a library, as vtl cartridge verify is one, has a lock of its cartridge alone. */
static void a_cartridge_that_somebody_reads_keeps_its_library(void **state)
{
	struct place *p = *state;
	GError *error = NULL;
	struct cart *c;

	place_create(p, "[media]\nbarcodes=T1-T3\n");
	for (unsigned flags = CART_OPEN_READ; flags <= CART_OPEN_WRITE; flags++) {
		assert_int_equal(cart_open(p->pool, "T2", flags, &c), 0);
		for (int delete = 0; delete <= 1; delete ++) {
			assert_false(library_destroy("lib0", delete != 0, &error));
			assert_error(&error, LIBRARY_ERROR_BUSY, "T2 is in use");
			assert_int_equal(count_names(p->pool), 3);
			assert_int_equal(count_names(p->state), 1);
		}
		assert_int_equal(cart_close(c), 0);
	}
	assert_true(library_destroy("lib0", TRUE, &error));
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(creation_fills_slots_in_the_order_of_the_barcodes),
		T(existing_cartridges_are_kept),
		T(barcodes_tell_write_once_and_cleaning_cartridges),
		T(a_type_takes_no_protection_away),
		T(a_type_says_that_media_are_write_once),
		T(a_taken_name_serial_or_pool_is_refused),
		T(a_failed_creation_leaves_nothing_behind),
		T(what_a_killed_creation_left_is_removed),
		T(a_pool_that_is_a_file_is_refused),
		T(the_list_is_sorted_and_holds_libraries_only),
		T(destroying_keeps_cartridges_unless_told),
		T(an_open_library_is_not_destroyed),
		T(a_cartridge_that_somebody_reads_keeps_its_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
