/* SPDX-License-Identifier: Apache-2.0 */
/* test_import.c: a tape that another program wrote becomes a cartridge. */
#include "tests/unit/policy/scene.h"

#include <string.h>

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

static const struct cart_params params = { .barcode = "NEW1", .density = 0x5e };

static void importing(struct stage *g, struct scene *s)
{
	stage_init(g, s, JOB_IMPORT, "NEW1");
	g->job->copies = 1;
	g->step.params = &params;
}

static void expect_import(struct scene *s, const char *tape, const char *cartridge)
{
	g_autofree char *recorded = NULL;
	struct stage g;

	scene_write_volume(s, "V1", tape);
	importing(&g, s);
	stage_run(&g);
	stage_clear(&g);
	recorded = scene_recorded(s, "NEW1");
	assert_string_equal(recorded, cartridge);
}

static void everything_up_to_end_of_data_is_read(void **state)
{
	expect_import(*state, "b10240 b10240 F b512 F b7", "b10240 b10240 F b512 F b7");
}

static void two_filemarks_before_end_of_data_are_its_mark(void **state)
{
	expect_import(*state, "b10240 F b512 FF", "b10240 F b512 F");
}

/* VOL1 HDR1 TM TM EOF1 TM ...: an empty file of an ANSI labelled tape. */
static void two_filemarks_are_no_end_where_data_follows(void **state)
{
	expect_import(*state, "b80 b80 FF b80 F b80 F b2048 b2048 F b80 FF",
		      "b80 b80 FF b80 F b80 F b2048 b2048 F b80 F");
}

static void a_tape_that_begins_with_a_filemark_is_read(void **state)
{
	expect_import(*state, "F b512 F", "F b512 F");
}

static void the_volume_becomes_a_copy_that_can_be_recalled(void **state)
{
	struct scene *s = *state;
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart *c;
	struct stage g;

	expect_import(s, "b10240 F b512 FF", "b10240 F b512 F");
	assert_int_equal(scene_stat(s, "NEW1")->state, CART_PREMIGRATED);
	scene_digest(s, "NEW1", before);
	assert_int_equal(cart_open(s->place->pool, "NEW1", CART_OPEN_WRITE, &c), 0);
	assert_int_equal(cart_release(c, 1), 0);
	assert_int_equal(cart_close(c), 0);
	stage_init(&g, s, JOB_RECALL, "NEW1");
	g.job->copy = scene_stat(s, "NEW1")->copies[0];
	stage_run(&g);
	stage_clear(&g);
	scene_digest(s, "NEW1", after);
	assert_memory_equal(before, after, sizeof(before));
}

static void a_volume_that_is_not_kept_is_no_copy(void **state)
{
	struct scene *s = *state;
	struct cart *c;
	struct stage g;

	scene_write_volume(s, "V1", "b10240 F");
	importing(&g, s);
	g.job->copies = 0;
	stage_run(&g);
	stage_clear(&g);
	assert_int_equal(cart_open(s->place->pool, "NEW1", CART_OPEN_WRITE, &c), 0);
	assert_int_equal(cart_release(c, 1), CART_E_TOO_FEW_COPIES);
	assert_int_equal(cart_close(c), 0);
	assert_int_equal(scene_stat(s, "NEW1")->state, CART_RESIDENT);
}

static void a_blank_tape_makes_no_cartridge(void **state)
{
	struct scene *s = *state;
	struct cart_info info;
	struct stage g;

	scene_write_volume(s, "V1", "");
	importing(&g, s);
	stage_run_fails(&g, POLICY_ERROR_FAILED, "nothing on volume V1");
	stage_clear(&g);
	assert_int_equal(cart_stat(s->place->pool, "NEW1", &info), CART_E_ABSENT);
}

static void an_existing_cartridge_is_not_touched(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_write_volume(s, "V1", "b10240 F");
	stage_init(&g, s, JOB_IMPORT, "T1");
	g.step.params = &(struct cart_params){ .barcode = "T1" };
	stage_run_fails(&g, POLICY_ERROR_FAILED, "already");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->objects, 0);
}

static void dead_in_any_state_ends_with_the_whole_tape(void **state)
{
	struct scene *s = *state;

	scene_write_volume(s, "V1", "b10240 F b512 F");
	for (int at = 0; at < 3; at++) {
		g_autofree char *recorded = NULL;
		struct stage g;

		importing(&g, s);
		g.crash_at = at;
		stage_run_fails(&g, POLICY_ERROR_FAILED, "died");
		if (g.job->state == JOB_DONE)
			g.job->state = JOB_COMMITTING; /* what is in the catalogue */
		stage_restart(&g);
		stage_run(&g);
		stage_clear(&g);
		recorded = scene_recorded(s, "NEW1");
		assert_string_equal(recorded, "b10240 F b512 F");
		assert_int_equal(cart_delete(s->place->pool, "NEW1"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(everything_up_to_end_of_data_is_read),
		scene_test(two_filemarks_before_end_of_data_are_its_mark),
		scene_test(two_filemarks_are_no_end_where_data_follows),
		scene_test(a_tape_that_begins_with_a_filemark_is_read),
		scene_test(the_volume_becomes_a_copy_that_can_be_recalled),
		scene_test(a_volume_that_is_not_kept_is_no_copy),
		scene_test(a_blank_tape_makes_no_cartridge),
		scene_test(an_existing_cartridge_is_not_touched),
		scene_test(dead_in_any_state_ends_with_the_whole_tape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
