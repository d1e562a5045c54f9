/* SPDX-License-Identifier: Apache-2.0 */
/* test_recall.c: from a volume back to disk. */
#include "tests/unit/policy/scene.h"

#define RECORDING "b10240 b1 b65536 F b3 FF b262144 F"

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

/* T1 is migrated to V1, and @g is the job that brings it back. */
static void migrated(struct stage *g, struct scene *s)
{
	scene_record(s, "T1", RECORDING);
	scene_migrate(s, "T1", "V1");
	stage_init(g, s, JOB_RECALL, "T1");
	g->job->copy = scene_stat(s, "T1")->copies[0];
}

static void what_comes_back_is_what_was_there(void **state)
{
	struct scene *s = *state;
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	g_autofree char *recorded = NULL;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	scene_digest(s, "T1", before);
	scene_migrate(s, "T1", "V1");
	stage_init(&g, s, JOB_RECALL, "T1");
	g.job->copy = scene_stat(s, "T1")->copies[0];
	stage_run(&g);
	stage_clear(&g);
	scene_digest(s, "T1", after);
	assert_memory_equal(before, after, sizeof(before));
	recorded = scene_recorded(s, "T1");
	assert_string_equal(recorded, RECORDING);
	assert_int_equal(scene_stat(s, "T1")->state, CART_PREMIGRATED);
}

static void a_recording_that_begins_with_a_filemark_comes_back(void **state)
{
	struct scene *s = *state;
	g_autofree char *recorded = NULL;
	struct stage g;

	scene_record(s, "T1", "F b100");
	scene_migrate(s, "T1", "V1");
	stage_init(&g, s, JOB_RECALL, "T1");
	g.job->copy = scene_stat(s, "T1")->copies[0];
	stage_run(&g);
	stage_clear(&g);
	recorded = scene_recorded(s, "T1");
	assert_string_equal(recorded, "F b100");
}

static void another_tape_is_told_at_its_first_block(void **state)
{
	struct scene *s = *state;
	struct stage g;

	migrated(&g, s);
	scene_write_volume(s, "V1", "b99 F");
	stage_run_fails(&g, POLICY_ERROR_WRONG_VOLUME, "not volume V1");
	assert_int_equal(g.entered_cnt, 0);
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
}

static void a_changed_tape_leaves_the_cartridge_migrated(void **state)
{
	struct scene *s = *state;
	struct stage g;

	migrated(&g, s);
	scene_flip(s, "V1", 20000);
	stage_run_fails(&g, POLICY_ERROR_VOLUME_BAD, "differ");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
}

static void a_cut_tape_leaves_the_cartridge_migrated(void **state)
{
	struct scene *s = *state;
	struct stage g;

	migrated(&g, s);
	scene_write_volume(s, "V1", "b10240 b1");
	stage_run_fails(&g, POLICY_ERROR_VOLUME_BAD, "end of data");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
}

static void a_cartridge_on_disk_needs_no_drive(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_RECALL, "T1");
	stage_run(&g);
	assert_null(g.tape);
	assert_int_equal(g.job->state, JOB_DONE);
	stage_clear(&g);
}

static void dead_in_any_state_comes_back_all_the_same(void **state)
{
	struct scene *s = *state;

	for (int at = 0; at < 3; at++) {
		g_autofree char *recorded = NULL;
		struct stage g;

		if (at == 0)
			scene_record(s, "T1", RECORDING);
		scene_migrate(s, "T1", "V1");
		stage_init(&g, s, JOB_RECALL, "T1");
		g.job->copy = scene_stat(s, "T1")->copies[0];
		g.crash_at = at;
		stage_run_fails(&g, POLICY_ERROR_FAILED, "died");
		if (g.job->state == JOB_DONE)
			g.job->state = JOB_COMMITTING; /* what is in the catalogue */
		stage_restart(&g);
		assert_int_equal(g.job->state, JOB_QUEUED);
		stage_run(&g);
		stage_clear(&g);
		recorded = scene_recorded(s, "T1");
		assert_string_equal(recorded, RECORDING);
	}
}

static void a_cancelled_recall_leaves_the_cartridge_migrated(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record_long(s, "T2");
	scene_migrate(s, "T2", "V1");
	stage_init(&g, s, JOB_RECALL, "T2");
	g.job->copy = scene_stat(s, "T2")->copies[0];
	g.stop = true;
	stage_run_fails(&g, POLICY_ERROR_CANCELLED, "cancelled");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T2")->state, CART_MIGRATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(what_comes_back_is_what_was_there),
		scene_test(a_recording_that_begins_with_a_filemark_comes_back),
		scene_test(another_tape_is_told_at_its_first_block),
		scene_test(a_changed_tape_leaves_the_cartridge_migrated),
		scene_test(a_cut_tape_leaves_the_cartridge_migrated),
		scene_test(a_cartridge_on_disk_needs_no_drive),
		scene_test(dead_in_any_state_comes_back_all_the_same),
		scene_test(a_cancelled_recall_leaves_the_cartridge_migrated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
