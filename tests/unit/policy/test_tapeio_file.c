/* SPDX-License-Identifier: Apache-2.0 */
/* test_tapeio_file.c: the contract over a folder, and what is special about its files. */
#include "tests/unit/policy/scene.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "tests/unit/policy/tapeio_contract.h"

struct folder {
	struct contract contract; /* first: the contract's tests see only it */
	char *path;
};

static int folder_setup(void **state)
{
	struct folder *f = g_new0(struct folder, 1);

	f->path = g_dir_make_tmp("vtl-tapes-XXXXXX", NULL);
	if (f->path == NULL)
		return -1;
	f->contract =
		(struct contract){ .device = f->path, .volume = "V1", .longest = TAPEIO_MAX_BLOCK };
	*state = f;
	return 0;
}

static int folder_teardown(void **state)
{
	struct folder *f = *state;
	int r = fs_remove_tree(AT_FDCWD, f->path);

	g_free(f->path);
	g_free(f);
	return r;
}

static struct tapeio *open_volume(struct folder *f, uint64_t capacity)
{
	struct tapeio *t;

	assert_int_equal(tapeio_open(f->path, "V1", capacity, true, &t), 0);
	return t;
}

static void the_file_is_in_simh_format(void **state)
{
	static const uint8_t expected[] = {
		3, 0, 0, 0, 'x', 'y', 'z', 0, 3, 0, 0, 0, /* odd: padded */
		0, 0, 0, 0,                               /* filemark */
		2, 0, 0, 0, 'a', 'b', 2,   0, 0, 0,
	};
	struct folder *f = *state;
	g_autofree char *path = g_build_filename(f->path, "V1.tap", NULL);
	struct tapeio *t = open_volume(f, 0);
	g_autofree char *content = NULL;
	gsize size;

	assert_int_equal(tapeio_write(t, "xyz", 3), 0);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	assert_int_equal(tapeio_write(t, "ab", 2), 0);
	assert_int_equal(tapeio_close(t), 0);
	assert_true(g_file_get_contents(path, &content, &size, NULL));
	assert_int_equal(size, sizeof(expected));
	assert_memory_equal(content, expected, size);
}

static void end_of_data_is_told(void **state)
{
	struct tapeio *t = open_volume(*state, 0);
	const uint8_t *data;
	size_t size;

	assert_int_equal(tapeio_read(t, &data, &size), TAPEIO_E_EOD);
	assert_int_equal(tapeio_write(t, "x", 1), 0);
	assert_int_equal(tapeio_read(t, &data, &size), TAPEIO_E_EOD);
	assert_int_equal(tapeio_space_blocks(t, -2), TAPEIO_E_BOP);
	assert_int_equal(tapeio_space_filemarks(t, 1), TAPEIO_E_EOD);
	assert_int_equal(tapeio_close(t), 0);
}

static void spacing_over_blocks_stops_at_a_filemark(void **state)
{
	struct tapeio *t = open_volume(*state, 0);

	assert_int_equal(tapeio_write(t, "x", 1), 0);
	assert_int_equal(tapeio_write_filemarks(t, 1), 0);
	assert_int_equal(tapeio_rewind(t), 0);
	assert_int_equal(tapeio_space_blocks(t, 5), TAPEIO_E_FILEMARK);
	assert_int_equal(tapeio_space_filemarks(t, -1), 0);
	assert_int_equal(tapeio_space_blocks(t, -1), 0);
	assert_int_equal(tapeio_space_blocks(t, -1), TAPEIO_E_BOP);
	assert_int_equal(tapeio_close(t), 0);
}

static void a_full_volume_takes_nothing_more(void **state)
{
	struct tapeio *t = open_volume(*state, 30);

	assert_int_equal(tapeio_write(t, "0123456789", 10), 0); /* 18 bytes of the file */
	assert_int_equal(tapeio_write(t, "0123456789", 10), TAPEIO_E_FULL);
	assert_int_equal(tapeio_write_filemarks(t, 4), TAPEIO_E_FULL);
	assert_int_equal(tapeio_close(t), 0);
}

static void an_absent_volume_is_an_empty_drive(void **state)
{
	struct folder *f = *state;
	struct tapeio *t;

	assert_int_equal(tapeio_open(f->path, "V1", 0, false, &t), TAPEIO_E_NO_MEDIUM);
	assert_int_equal(tapeio_open(f->path, "", 0, true, &t), TAPEIO_E_NO_MEDIUM);
	assert_true(tapeio_open(f->path, "../V1", 0, true, &t) < 0);
}

static void a_volume_open_for_reading_is_not_written(void **state)
{
	struct folder *f = *state;
	struct tapeio *t = open_volume(f, 0);

	assert_int_equal(tapeio_close(t), 0);
	assert_int_equal(tapeio_open(f->path, "V1", 0, false, &t), 0);
	assert_int_equal(tapeio_write(t, "x", 1), TAPEIO_E_PROTECTED);
	assert_int_equal(tapeio_write_filemarks(t, 1), TAPEIO_E_PROTECTED);
	assert_int_equal(tapeio_close(t), 0);
}

static void damage_is_an_error_and_no_data(void **state)
{
	static const uint8_t cut[] = { 100, 0, 0, 0, 'x' };
	static const uint8_t nonsense[] = { 1, 2, 3, 0x44, 5, 6, 7, 8 };
	struct folder *f = *state;
	g_autofree char *path = g_build_filename(f->path, "V1.tap", NULL);
	const struct {
		const void *data;
		gssize size;
	} files[] = { { cut, sizeof(cut) }, { nonsense, sizeof(nonsense) }, { cut, 2 } };

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		struct tapeio *t;
		const uint8_t *data;
		size_t size;

		assert_true(g_file_set_contents(path, files[i].data, files[i].size, NULL));
		t = open_volume(f, 0);
		assert_true(tapeio_read(t, &data, &size) < 0);
		assert_int_equal(tapeio_close(t), 0);
	}
}

static void impossible_lengths_are_refused(void **state)
{
	struct tapeio *t = open_volume(*state, 0);

	assert_true(tapeio_write(t, "", 0) < 0);
	assert_int_equal(tapeio_write(t, "", TAPEIO_MAX_BLOCK + 1), TAPEIO_E_LENGTH);
	assert_int_equal(tapeio_close(t), 0);
}

int main(void)
{
	const struct CMUnitTest contract[] = { CONTRACT_TESTS };
	const struct CMUnitTest own[] = {
		cmocka_unit_test(the_file_is_in_simh_format),
		cmocka_unit_test(end_of_data_is_told),
		cmocka_unit_test(spacing_over_blocks_stops_at_a_filemark),
		cmocka_unit_test(a_full_volume_takes_nothing_more),
		cmocka_unit_test(an_absent_volume_is_an_empty_drive),
		cmocka_unit_test(a_volume_open_for_reading_is_not_written),
		cmocka_unit_test(damage_is_an_error_and_no_data),
		cmocka_unit_test(impossible_lengths_are_refused),
	};
	struct CMUnitTest tests[G_N_ELEMENTS(contract) + G_N_ELEMENTS(own)];

	memcpy(tests, contract, sizeof(contract));
	memcpy(tests + G_N_ELEMENTS(contract), own, sizeof(own));
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		tests[i].setup_func = folder_setup;
		tests[i].teardown_func = folder_teardown;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
