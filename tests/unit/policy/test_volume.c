/* SPDX-License-Identifier: Apache-2.0 */
/* test_volume.c: which volume may be written over. */
#include "policy/volume.h"

#include <string.h>

#include "tests/unit/policy/scene.h"

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

/* The obstacle has @part; "" = there is none. */
static void expect_obstacle(struct scene *s, const char *volume, const char *part)
{
	struct policy_config *config = scene_config(s, "[policyd]\nscratch=V*\n");
	g_autofree char *obstacle = volume_obstacle(s->catalog, config, volume);

	policy_config_free(config);
	if (*part == '\0')
		assert_null(obstacle);
	else if (obstacle == NULL || strstr(obstacle, part) == NULL)
		fail_msg("expected '%s', got '%s'", part, obstacle);
}

/* What a look does. */
static void note(struct scene *s, const char *barcode)
{
	assert_true(catalog_copies_sync(s->catalog, "lib0", scene_stat(s, barcode), NULL));
}

static void a_declared_volume_without_copies_may_be(void **state)
{
	expect_obstacle(*state, "V1", "");
}

static void an_undeclared_or_absent_volume_may_not(void **state)
{
	expect_obstacle(*state, "X1", "declare it");
	expect_obstacle(*state, "", "no volume");
}

static void a_current_copy_protects_its_volume(void **state)
{
	struct scene *s = *state;

	scene_record(s, "T1", "b10 F");
	scene_migrate(s, "T1", "V1");
	note(s, "T1");
	expect_obstacle(s, "V1", "holds cartridge T1");
	expect_obstacle(s, "V2", "");
}

static void a_copy_of_what_was_overwritten_protects_nothing(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", "b10 F");
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.job->release = false;
	stage_run(&g);
	stage_clear(&g);
	scene_record(s, "T1", "b11 F");
	note(s, "T1");
	expect_obstacle(s, "V1", "");
}

static void a_marked_volume_may_not(void **state)
{
	struct scene *s = *state;

	assert_true(catalog_volume_set(s->catalog, "V1", VOLUME_FULL, 1, "too short", 1, NULL));
	expect_obstacle(s, "V1", "marked full (too short)");
	assert_true(catalog_volume_set(s->catalog, "V1", VOLUME_FAILED, 1, "", 1, NULL));
	expect_obstacle(s, "V1", "marked failed");
	assert_true(catalog_volume_set(s->catalog, "V1", VOLUME_WRITING, 1, "", 1, NULL));
	expect_obstacle(s, "V1", ""); /* what was interrupted may be begun again */
}

static gboolean check(struct scene *s, const char *volume, GError **error)
{
	struct tapeio *t;
	gboolean ok;

	assert_int_equal(tapeio_open(s->tapes, volume, 0, true, &t), 0);
	ok = volume_check_tape(s->catalog, t, volume, error);
	assert_int_equal(tapeio_close(t), 0);
	return ok;
}

static void a_tape_that_begins_like_a_copy_is_recognized(void **state)
{
	struct scene *s = *state;
	g_autoptr(GError) error = NULL;

	scene_record(s, "T1", "b10 F");
	scene_migrate(s, "T1", "V1");
	note(s, "T1");
	scene_write_volume(s, "V2", "b10 F"); /* the same first block */
	assert_false(check(s, "V2", &error));
	assert_int_equal(error->code, POLICY_ERROR_WRONG_VOLUME);
	assert_non_null(strstr(error->message, "cartridge T1 on volume V1"));
}

static void blank_and_foreign_tapes_pass(void **state)
{
	struct scene *s = *state;

	scene_record(s, "T1", "b10 F");
	scene_migrate(s, "T1", "V1");
	note(s, "T1");
	assert_true(check(s, "V2", NULL));
	scene_write_volume(s, "V3", "b99 F");
	assert_true(check(s, "V3", NULL));
	scene_write_volume(s, "V4", "F b10");
	assert_true(check(s, "V4", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(a_declared_volume_without_copies_may_be),
		scene_test(an_undeclared_or_absent_volume_may_not),
		scene_test(a_current_copy_protects_its_volume),
		scene_test(a_copy_of_what_was_overwritten_protects_nothing),
		scene_test(a_marked_volume_may_not),
		scene_test(a_tape_that_begins_like_a_copy_is_recognized),
		scene_test(blank_and_foreign_tapes_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
