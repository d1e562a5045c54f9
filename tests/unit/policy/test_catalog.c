/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog.c: what is kept, and what a damaged file costs. */
#include "tests/unit/policy/scene.h"

#include <string.h>

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

static struct job *add_job(struct scene *s, enum job_state state)
{
	struct job *job = job_new(JOB_MIGRATE, "lib0", "T1", "rule r", 100);

	job->state = state;
	assert_true(catalog_job_add(s->catalog, job, NULL));
	return job;
}

/* Every field different from 0 and from its neighbours. */
static void fill_job(struct job *job)
{
	job->state = JOB_VERIFYING;
	g_strlcpy(job->drive, "phys1", sizeof(job->drive));
	g_strlcpy(job->volume, "V1", sizeof(job->volume));
	job_set_error(job, "e");
	job->copies = 2;
	job->release = job->for_mount = true;
	job->objects = 3;
	job->objects_total = UINT64_MAX / 2;
	job->bytes = 5;
	job->bytes_total = 6;
	job->started_s = 101;
	job->finished_s = 102;
	job->attempts = 7;
	job->copy = (struct cart_copy){ .volume = "V1",
					.file = 8,
					.form = 1,
					.generation = 9,
					.blocks = 10,
					.filemarks = 11,
					.bytes = 12,
					.verified_s = 13 };
	memset(job->copy.digest, 0xd1, CART_DIGEST_SIZE);
	memset(job->copy.first_block, 0xf1, CART_DIGEST_SIZE);
}

static void assert_same_copy(const struct cart_copy *a, const struct cart_copy *b)
{
	assert_string_equal(a->volume, b->volume);
	assert_int_equal(a->file, b->file);
	assert_int_equal(a->form, b->form);
	assert_int_equal(a->generation, b->generation);
	assert_int_equal(a->blocks, b->blocks);
	assert_int_equal(a->filemarks, b->filemarks);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->verified_s, b->verified_s);
	assert_memory_equal(a->digest, b->digest, CART_DIGEST_SIZE);
	assert_memory_equal(a->first_block, b->first_block, CART_DIGEST_SIZE);
}

static void assert_same_job(const struct job *a, const struct job *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->state, b->state);
	assert_string_equal(a->library, b->library);
	assert_string_equal(a->barcode, b->barcode);
	assert_string_equal(a->drive, b->drive);
	assert_string_equal(a->volume, b->volume);
	assert_string_equal(a->why, b->why);
	assert_string_equal(a->error, b->error);
	assert_int_equal(a->copies, b->copies);
	assert_int_equal(a->release, b->release);
	assert_int_equal(a->for_mount, b->for_mount);
	assert_int_equal(a->objects, b->objects);
	assert_true(a->objects_total == b->objects_total);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->bytes_total, b->bytes_total);
	assert_int_equal(a->created_s, b->created_s);
	assert_int_equal(a->started_s, b->started_s);
	assert_int_equal(a->finished_s, b->finished_s);
	assert_int_equal(a->attempts, b->attempts);
}

static void a_job_comes_back_as_it_was_kept(void **state)
{
	struct scene *s = *state;
	g_autoptr(Job) job = add_job(s, JOB_QUEUED);
	g_autoptr(Job) kept = NULL;

	fill_job(job);
	assert_true(catalog_job_keep(s->catalog, job, NULL));
	scene_restart(s);
	kept = catalog_job(s->catalog, job->id, NULL);
	assert_same_job(kept, job);
	assert_same_copy(&kept->copy, &job->copy);
}

static void jobs_are_listed_newest_first(void **state)
{
	struct scene *s = *state;
	g_autoptr(GPtrArray) all = NULL, two = NULL, open = NULL;
	static const enum job_state states[] = { JOB_DONE, JOB_QUEUED, JOB_FAILED, JOB_CANCELLED,
						 JOB_READING };

	for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
		job_free(add_job(s, states[i]));
	all = catalog_jobs(s->catalog, 0, FALSE, NULL);
	two = catalog_jobs(s->catalog, 2, FALSE, NULL);
	open = catalog_jobs(s->catalog, 0, TRUE, NULL);
	assert_int_equal(all->len, 5);
	assert_int_equal(((struct job *)g_ptr_array_index(all, 0))->id, 5);
	assert_int_equal(((struct job *)g_ptr_array_index(all, 4))->id, 1);
	assert_int_equal(two->len, 2);
	assert_int_equal(open->len, 2);
	assert_int_equal(((struct job *)g_ptr_array_index(open, 0))->state, JOB_READING);
	assert_null(catalog_job(s->catalog, 77, NULL));
}

static void the_operators_word_outlives_a_restart(void **state)
{
	struct scene *s = *state;
	char volume[BARCODE_SIZE];

	assert_true(catalog_drive(s->catalog, "d", "V1", volume, NULL));
	assert_string_equal(volume, "V1");
	assert_true(catalog_drive_set(s->catalog, "d", "V1", "V2", NULL));
	scene_restart(s);
	assert_true(catalog_drive(s->catalog, "d", "V1", volume, NULL));
	assert_string_equal(volume, "V2");
}

static void a_changed_configuration_wins_over_the_operators_word(void **state)
{
	struct scene *s = *state;
	char volume[BARCODE_SIZE];

	assert_true(catalog_drive_set(s->catalog, "d", "V1", "V2", NULL));
	assert_true(catalog_drive(s->catalog, "d", "V3", volume, NULL));
	assert_string_equal(volume, "V3");
}

static void a_volumes_mark_is_kept(void **state)
{
	struct scene *s = *state;
	struct volume_row row;

	assert_true(catalog_volume(s->catalog, "V1", &row, NULL));
	assert_int_equal(row.use, VOLUME_UNKNOWN);
	assert_true(catalog_volume_set(s->catalog, "V1", VOLUME_FAILED, 4, "bad spot", 50, NULL));
	scene_restart(s);
	assert_true(catalog_volume(s->catalog, "V1", &row, NULL));
	assert_int_equal(row.use, VOLUME_FAILED);
	assert_int_equal(row.job, 4);
	assert_string_equal(row.note, "bad spot");
	assert_int_equal(row.changed_s, 50);
}

static struct cart_info info_with_copy(uint64_t generation)
{
	struct cart_info info = { .barcode = "T1", .generation = generation, .copies_cnt = 1 };

	g_strlcpy(info.copies[0].volume, "V1", BARCODE_SIZE);
	info.copies[0].generation = 5;
	memset(info.copies[0].first_block, 0xab, CART_DIGEST_SIZE);
	return info;
}

static bool finds(struct scene *s, const char *volume, const uint8_t *first)
{
	struct copy_row row;
	gboolean found;

	assert_true(catalog_find_copy(s->catalog, volume, first, &row, &found, NULL));
	if (found)
		assert_string_equal(row.barcode, "T1");
	return found;
}

static void a_current_copy_is_found_by_volume_and_by_first_block(void **state)
{
	struct scene *s = *state;
	struct cart_info info = info_with_copy(5);
	uint8_t other[CART_DIGEST_SIZE] = { 0 };

	assert_true(catalog_copies_sync(s->catalog, "lib0", &info, NULL));
	scene_restart(s);
	assert_true(finds(s, "V1", NULL));
	assert_false(finds(s, "V2", NULL));
	assert_true(finds(s, NULL, info.copies[0].first_block));
	assert_false(finds(s, NULL, other));
}

static void an_older_copy_is_not_found(void **state)
{
	struct scene *s = *state;
	struct cart_info info = info_with_copy(6);

	assert_true(catalog_copies_sync(s->catalog, "lib0", &info, NULL));
	assert_false(finds(s, "V1", NULL));
	assert_false(finds(s, NULL, info.copies[0].first_block));
}

/* Its header was lost and made anew: the volume is perhaps the last one with the data. */
static void a_copy_that_its_header_forgot_is_kept(void **state)
{
	struct scene *s = *state;
	struct cart_info info = info_with_copy(5);

	assert_true(catalog_copies_sync(s->catalog, "lib0", &info, NULL));
	info.copies_cnt = 0;
	info.generation = 9;
	assert_true(catalog_copies_sync(s->catalog, "lib0", &info, NULL));
	assert_true(finds(s, "V1", NULL));
}

static void a_copy_of_an_unknown_generation_is_kept(void **state)
{
	struct scene *s = *state;
	struct cart_info info = info_with_copy(9);

	info.copies[0].generation = CART_GENERATION_UNKNOWN;
	assert_true(catalog_copies_sync(s->catalog, "lib0", &info, NULL));
	assert_true(finds(s, "V1", NULL));
}

static void forgetting_a_volume_frees_it(void **state)
{
	struct scene *s = *state;
	struct cart_info info = info_with_copy(5);

	assert_true(catalog_copies_sync(s->catalog, "lib0", &info, NULL));
	assert_true(catalog_forget(s->catalog, "V1", NULL));
	assert_false(finds(s, "V1", NULL));
}

static void a_damaged_file_is_put_aside(void **state)
{
	struct scene *s = *state;
	g_autofree char *aside = g_strconcat(s->catalog_path, ".damaged", NULL);
	g_autofree char *note = NULL;
	struct volume_row row;

	assert_true(catalog_volume_set(s->catalog, "V1", VOLUME_FULL, 1, "", 1, NULL));
	catalog_close(s->catalog);
	assert_true(g_file_set_contents(s->catalog_path, "this is no database at all, is it?", -1,
					NULL));
	s->catalog = catalog_open(s->catalog_path, &note, NULL);
	assert_non_null(s->catalog);
	assert_non_null(strstr(note, "put aside"));
	assert_true(g_file_test(aside, G_FILE_TEST_EXISTS));
	assert_true(catalog_volume(s->catalog, "V1", &row, NULL));
	assert_int_equal(row.use, VOLUME_UNKNOWN);
}

static void a_file_that_cannot_be_opened_is_an_error(void **state)
{
	g_autoptr(GError) error = NULL;
	char *note;

	(void)state;
	assert_null(catalog_open("/nonexistent/folder/c.sqlite", &note, &error));
	assert_non_null(error);
	assert_null(note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(a_job_comes_back_as_it_was_kept),
		scene_test(jobs_are_listed_newest_first),
		scene_test(the_operators_word_outlives_a_restart),
		scene_test(a_changed_configuration_wins_over_the_operators_word),
		scene_test(a_volumes_mark_is_kept),
		scene_test(a_current_copy_is_found_by_volume_and_by_first_block),
		scene_test(an_older_copy_is_not_found),
		scene_test(a_copy_that_its_header_forgot_is_kept),
		scene_test(a_copy_of_an_unknown_generation_is_kept),
		scene_test(forgetting_a_volume_frees_it),
		scene_test(a_damaged_file_is_put_aside),
		scene_test(a_file_that_cannot_be_opened_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
