/* SPDX-License-Identifier: Apache-2.0 */
/* test_migrate.c: a cartridge to a volume, and every way in which that ends. */
#include "tests/unit/policy/scene.h"

#include <stdio.h>

#include <string.h>

#define RECORDING "b10240 b1 b65536 F b3 FF b262144 F"

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

static void the_volume_holds_the_recording_and_the_disk_is_free(void **state)
{
	struct scene *s = *state;
	uint8_t digest[CART_DIGEST_SIZE];
	g_autofree char *volume = NULL;
	const struct cart_info *info;

	scene_record(s, "T1", RECORDING);
	scene_digest(s, "T1", digest);
	scene_migrate(s, "T1", "V1");
	volume = scene_volume(s, "V1");
	assert_string_equal(volume, RECORDING);
	info = scene_stat(s, "T1");
	assert_int_equal(info->state, CART_MIGRATED);
	assert_true(info->disk_bytes < 65536);
	assert_int_equal(info->copies_cnt, 1);
	assert_string_equal(info->copies[0].volume, "V1");
	assert_int_equal(info->copies[0].blocks, 5);
	assert_int_equal(info->copies[0].filemarks, 4);
	assert_memory_equal(info->copies[0].digest, digest, sizeof(digest));
	assert_true(info->copies[0].verified_s > 0);
}

static void a_recording_that_ends_with_a_block_gets_one_filemark(void **state)
{
	struct scene *s = *state;
	g_autofree char *volume = NULL;

	scene_record(s, "T1", "b100 F b200");
	scene_migrate(s, "T1", "V1");
	volume = scene_volume(s, "V1");
	assert_string_equal(volume, "b100 F b200 F");
	assert_int_equal(scene_stat(s, "T1")->copies[0].filemarks, 1);
}

static void a_blank_cartridge_is_refused(void **state)
{
	struct scene *s = *state;
	g_autofree char *volume = NULL;
	struct stage g;

	stage_init(&g, s, JOB_MIGRATE, "T1");
	stage_run_fails(&g, POLICY_ERROR_INVALID, "blank");
	stage_clear(&g);
	volume = scene_volume(s, "V1");
	assert_string_equal(volume, "absent");
}

static void without_release_the_data_stays(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.job->release = false;
	stage_run(&g);
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_PREMIGRATED);
}

static void two_copies_are_made_before_the_disk_is_freed(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	for (int i = 0; i < 2; i++) {
		assert_int_not_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
		stage_init(&g, s, JOB_MIGRATE, "T1");
		g.job->copies = 2;
		g.job->volume[1] = (char)('1' + i);
		stage_run(&g);
		stage_clear(&g);
	}
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	assert_int_equal(scene_stat(s, "T1")->copies_cnt, 2);
}

static void with_enough_copies_nothing_is_copied(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.job->release = false;
	stage_run(&g);
	stage_clear(&g);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	stage_run(&g);
	assert_int_equal(g.entered[0], JOB_RELEASING);
	assert_null(g.tape);
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
}

/* What vtl cartridge verify advises: migrate, then recall. */
static void data_that_got_damaged_on_disk_comes_back_from_its_copy(void **state)
{
	struct scene *s = *state;
	g_autofree char *recorded = NULL, *file = NULL;
	struct stage g;
	FILE *data;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.job->release = false;
	stage_run(&g);
	stage_clear(&g);
	file = g_strdup_printf("%s/T1.cart/data.00000001.00000000", s->place->pool);
	data = fopen(file, "r+");
	assert_non_null(data);
	assert_int_equal(fseek(data, 300, SEEK_SET), 0);
	assert_true(fwrite("damage", 6, 1, data) == 1);
	assert_int_equal(fclose(data), 0);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	stage_run(&g);
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	stage_init(&g, s, JOB_RECALL, "T1");
	g.job->copy = scene_stat(s, "T1")->copies[0];
	stage_run(&g);
	stage_clear(&g);
	recorded = scene_recorded(s, "T1");
	assert_string_equal(recorded, RECORDING);
}

static void a_full_volume_fails_the_job_and_nothing_is_freed(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.capacity = 100000;
	stage_run_fails(&g, POLICY_ERROR_VOLUME_FULL, "V1");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
	assert_int_equal(scene_stat(s, "T1")->copies_cnt, 0);
}

static void a_volume_that_reads_back_wrong_is_no_copy(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.crash_at = 1; /* copied, and about to verify */
	stage_run_fails(&g, POLICY_ERROR_FAILED, "died");
	stage_restart(&g);
	scene_flip(s, "V1", 5000);
	stage_run_fails(&g, POLICY_ERROR_VOLUME_BAD, "digests differ");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
}

static void a_volume_that_is_too_short_is_no_copy(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.crash_at = 1;
	stage_run_fails(&g, POLICY_ERROR_FAILED, "died");
	stage_restart(&g);
	scene_write_volume(s, "V1", "b10240 b1");
	stage_run_fails(&g, POLICY_ERROR_VOLUME_BAD, "end of data");
	stage_clear(&g);
}

/* Dies when it is about to enter the @at-th state; the restart must end the job well. */
static void dies_and_goes_on(struct scene *s, int at, enum job_state restarts_in)
{
	g_autofree char *volume = NULL;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.crash_at = at;
	stage_run_fails(&g, POLICY_ERROR_FAILED, "died");
	stage_restart(&g);
	assert_int_equal(g.job->state, restarts_in);
	stage_run(&g);
	stage_clear(&g);
	volume = scene_volume(s, "V1");
	assert_string_equal(volume, RECORDING);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	assert_int_equal(scene_stat(s, "T1")->copies_cnt, 1);
}

static void dead_while_copying_begins_again(void **state)
{
	dies_and_goes_on(*state, 0, JOB_QUEUED);
}

static void dead_while_verifying_verifies(void **state)
{
	dies_and_goes_on(*state, 1, JOB_VERIFYING);
}

static void dead_while_releasing_releases(void **state)
{
	dies_and_goes_on(*state, 2, JOB_RELEASING);
}

static void dead_after_the_release_is_done(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.crash_at = 3; /* released, and done could not be kept */
	stage_run_fails(&g, POLICY_ERROR_FAILED, "died");
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	g.job->state = JOB_RELEASING; /* what is in the catalogue */
	stage_restart(&g);
	stage_run(&g);
	assert_int_equal(g.job->state, JOB_DONE);
	stage_clear(&g);
}

static void a_cancelled_copy_changes_nothing(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record_long(s, "T1");
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.stop = true;
	stage_run_fails(&g, POLICY_ERROR_CANCELLED, "cancelled");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
}

static void a_cartridge_that_a_host_writes_waits(void **state)
{
	struct scene *s = *state;
	struct cart *host;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	assert_int_equal(cart_open(s->place->pool, "T1", CART_OPEN_WRITE, &host), 0);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	stage_run_fails(&g, POLICY_ERROR_WAIT, "T1");
	assert_int_equal(cart_close(host), 0);
	stage_run(&g);
	stage_clear(&g);
}

static void a_copy_of_what_was_overwritten_is_not_noted(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.crash_at = 2; /* verified */
	stage_run_fails(&g, POLICY_ERROR_FAILED, "died");
	scene_record(s, "T1", "b5 F");
	stage_restart(&g);
	stage_run_fails(&g, POLICY_ERROR_CANCELLED, "wrote");
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
	assert_int_equal(scene_stat(s, "T1")->copies_cnt, 0);
}

static void a_cartridge_mounted_meanwhile_keeps_its_data(void **state)
{
	struct scene *s = *state;
	struct stage g;

	scene_record(s, "T1", RECORDING);
	stage_init(&g, s, JOB_MIGRATE, "T1");
	g.job->created_s -= 10;
	g.crash_at = 2;
	stage_run_fails(&g, POLICY_ERROR_FAILED, "died");
	scene_mount(s, "T1");
	stage_restart(&g);
	stage_run(&g);
	assert_non_null(strstr(g.job->error, "stays on disk"));
	stage_clear(&g);
	assert_int_equal(scene_stat(s, "T1")->state, CART_PREMIGRATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(the_volume_holds_the_recording_and_the_disk_is_free),
		scene_test(a_recording_that_ends_with_a_block_gets_one_filemark),
		scene_test(a_blank_cartridge_is_refused),
		scene_test(without_release_the_data_stays),
		scene_test(two_copies_are_made_before_the_disk_is_freed),
		scene_test(with_enough_copies_nothing_is_copied),
		scene_test(data_that_got_damaged_on_disk_comes_back_from_its_copy),
		scene_test(a_full_volume_fails_the_job_and_nothing_is_freed),
		scene_test(a_volume_that_reads_back_wrong_is_no_copy),
		scene_test(a_volume_that_is_too_short_is_no_copy),
		scene_test(dead_while_copying_begins_again),
		scene_test(dead_while_verifying_verifies),
		scene_test(dead_while_releasing_releases),
		scene_test(dead_after_the_release_is_done),
		scene_test(a_cancelled_copy_changes_nothing),
		scene_test(a_cartridge_that_a_host_writes_waits),
		scene_test(a_copy_of_what_was_overwritten_is_not_noted),
		scene_test(a_cartridge_mounted_meanwhile_keeps_its_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
