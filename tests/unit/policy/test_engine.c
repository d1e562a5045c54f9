/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine.c: rules, jobs, movers and the catalogue together, without a bus: a library in a
 * folder, physical drives that are folders, and the main loop run until nothing is left to do.
 */
#include "tests/unit/policy/scene.h"

#include <stdio.h>
#include <string.h>

#include "policy/engine.h"

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

#define RECORDING "b10240 F b512 F"
#define DRIVES    "[drive phys1]\ndevice=TAPES\nvolume=V1\n"
#define SCRATCH   "[policyd]\nscratch=V*\nlook=1s\n"
#define RULE      "[rule all]\nif=not-mounted-for 0s\nthen=migrate\n"

struct play {
	struct scene *scene;
	struct policy_config *config;
	struct engine *engine;
};

static void begin(struct play *p, struct scene *s, const char *config)
{
	g_autoptr(GError) error = NULL;

	p->scene = s;
	p->config = scene_config(s, config);
	p->engine = engine_new(p->config, s->catalog, NULL, &error);
	assert_non_null(p->engine);
}

static void end(struct play *p)
{
	engine_free(p->engine);
	policy_config_free(p->config);
}

/* Looks, and lets everything that was started come to its end. */
static void look(struct play *p)
{
	engine_look(p->engine);
	while (!engine_is_quiet(p->engine))
		(void)g_main_context_iteration(NULL, TRUE);
}

/* The newest job; job_free(). */
static struct job *newest(struct play *p)
{
	g_autoptr(GPtrArray) jobs = engine_jobs(p->engine, 1, NULL);

	assert_non_null(jobs);
	assert_int_equal(jobs->len, 1);
	return job_copy(g_ptr_array_index(jobs, 0));
}

static void expect_newest(struct play *p, enum job_kind kind, enum job_state state,
			  const char *error_part)
{
	g_autoptr(Job) job = newest(p);

	if (job->kind != kind || job->state != state ||
	    (error_part != NULL && (job->error == NULL || strstr(job->error, error_part) == NULL)))
		fail_msg("%s is %s: %s", job_kind_name(job->kind), job_state_name(job->state),
			 job->error == NULL ? "" : job->error);
}

static void mount_in_drive(const char *barcode)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);
	uint16_t address;

	assert_true(library_find(library, barcode, &address));
	assert_int_equal(library_move(library, address, DRIVE_1), 0);
	library_unref(library);
}

static void unmount(void)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);

	assert_int_equal(library_move(library, DRIVE_1, SLOT_5), 0);
	library_unref(library);
}

static void a_rule_migrates_what_it_matches(void **state)
{
	struct scene *s = *state;
	g_autofree char *volume = NULL;
	struct play p;

	scene_record(s, "T2", RECORDING);
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	expect_newest(&p, JOB_MIGRATE, JOB_DONE, NULL);
	end(&p);
	assert_int_equal(scene_stat(s, "T2")->state, CART_MIGRATED);
	volume = scene_volume(s, "V1");
	assert_string_equal(volume, RECORDING);
}

static void one_volume_takes_one_cartridge(void **state)
{
	struct scene *s = *state;
	struct play p;

	scene_record(s, "T1", RECORDING);
	scene_record(s, "T2", RECORDING);
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	look(&p);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	assert_int_equal(scene_stat(s, "T2")->state, CART_RESIDENT);
	assert_true(engine_set_volume(p.engine, "phys1", "V2", NULL));
	look(&p);
	assert_int_equal(scene_stat(s, "T2")->state, CART_MIGRATED);
	end(&p);
}

static void a_volume_that_was_not_declared_is_not_written(void **state)
{
	struct scene *s = *state;
	g_autofree char *text = NULL, *volume = NULL;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, DRIVES RULE);
	look(&p);
	text = engine_explain(p.engine, "lib0", "T1", NULL);
	assert_non_null(strstr(text, "unknown: declare it"));
	end(&p);
	volume = scene_volume(s, "V1");
	assert_string_equal(volume, "absent");
}

/* The operator put the tape that is V1 into the drive and says that it is V2. */
static void a_mislabelled_volume_is_not_written_over(void **state)
{
	struct scene *s = *state;
	g_autofree char *v1 = NULL, *v2 = NULL, *after = NULL;
	struct play p;

	scene_record(s, "T1", RECORDING);
	scene_record(s, "T2", "b77 F");
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	v1 = scene_volume_path(s, "V1");
	v2 = scene_volume_path(s, "V2");
	assert_int_equal(rename(v1, v2), 0);
	assert_true(engine_set_volume(p.engine, "phys1", "V2", NULL));
	look(&p);
	expect_newest(&p, JOB_MIGRATE, JOB_FAILED, "begins like the copy of cartridge T1");
	end(&p);
	after = scene_volume(s, "V2");
	assert_string_equal(after, RECORDING);
	assert_int_equal(scene_stat(s, "T2")->state, CART_RESIDENT);
}

static void a_mount_brings_the_data_back(void **state)
{
	struct scene *s = *state;
	g_autofree char *recorded = NULL;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	mount_in_drive("T1");
	look(&p);
	expect_newest(&p, JOB_RECALL, JOB_DONE, NULL);
	end(&p);
	recorded = scene_recorded(s, "T1");
	assert_string_equal(recorded, RECORDING);
}

static void a_recall_waits_for_its_volume_and_says_so(void **state)
{
	struct scene *s = *state;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	assert_true(engine_set_volume(p.engine, "phys1", "", NULL));
	mount_in_drive("T1");
	look(&p);
	expect_newest(&p, JOB_RECALL, JOB_QUEUED, "waits for volume V1");
	assert_true(engine_set_volume(p.engine, "phys1", "V1", NULL));
	look(&p);
	expect_newest(&p, JOB_RECALL, JOB_DONE, NULL);
	end(&p);
}

static void a_recall_that_waits_ends_with_the_mount(void **state)
{
	struct scene *s = *state;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	assert_true(engine_set_volume(p.engine, "phys1", "", NULL));
	mount_in_drive("T1");
	look(&p);
	expect_newest(&p, JOB_RECALL, JOB_QUEUED, "waits for volume V1");
	unmount();
	look(&p);
	expect_newest(&p, JOB_RECALL, JOB_CANCELLED, "unmounted");
	end(&p);
}

static void a_mounted_cartridge_is_not_migrated(void **state)
{
	struct scene *s = *state;
	struct play p;

	scene_record(s, "T1", RECORDING);
	mount_in_drive("T1");
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
	unmount();
	look(&p);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	end(&p);
}

static void a_full_volume_is_marked_until_the_operator_says_again(void **state)
{
	struct scene *s = *state;
	struct volume_row row;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, SCRATCH DRIVES "capacity=1K\n" RULE);
	look(&p);
	expect_newest(&p, JOB_MIGRATE, JOB_FAILED, "end of the volume");
	assert_true(catalog_volume(s->catalog, "V1", &row, NULL));
	assert_int_equal(row.use, VOLUME_FULL);
	assert_true(engine_set_volume(p.engine, "phys1", "V1", NULL));
	assert_true(catalog_volume(s->catalog, "V1", &row, NULL));
	assert_int_equal(row.use, VOLUME_UNKNOWN);
	end(&p);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
}

static void a_failed_job_is_not_tried_again_at_once(void **state)
{
	struct scene *s = *state;
	g_autofree char *text = NULL;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, SCRATCH DRIVES "capacity=1K\n[drive phys2]\ndevice=TAPES\nvolume=V2\n" RULE);
	look(&p);
	look(&p);
	text = engine_explain(p.engine, "lib0", "T1", NULL);
	assert_non_null(strstr(text, "because the last job failed"));
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
	end(&p);
}

static void people_can_migrate_recall_and_import(void **state)
{
	struct scene *s = *state;
	g_autofree char *recorded = NULL;
	uint64_t job;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, SCRATCH DRIVES);
	assert_true(engine_migrate(p.engine, "lib0", "T1", "test", &job, NULL));
	look(&p);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	assert_true(engine_recall(p.engine, "lib0", "T1", "test", &job, NULL));
	look(&p);
	assert_int_equal(scene_stat(s, "T1")->state, CART_PREMIGRATED);
	assert_true(engine_import(p.engine, "phys1", "lib0", "NEW1", TRUE, "test", &job, NULL));
	look(&p);
	expect_newest(&p, JOB_IMPORT, JOB_DONE, "not in a slot yet");
	end(&p);
	recorded = scene_recorded(s, "NEW1");
	assert_string_equal(recorded, RECORDING);
}

static void expect_refused(gboolean ok, GError **error, int code, const char *part)
{
	assert_false(ok);
	if ((*error)->code != code || strstr((*error)->message, part) == NULL)
		fail_msg("got code %d and '%s'", (*error)->code, (*error)->message);
	g_clear_error(error);
}

static void mistakes_of_people_are_refused(void **state)
{
	struct scene *s = *state;
	GError *error = NULL;
	uint64_t job;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, DRIVES);
	expect_refused(engine_migrate(p.engine, "lib0", "T9", "", &job, &error), &error,
		       POLICY_ERROR_NOT_FOUND, "T9");
	expect_refused(engine_migrate(p.engine, "lib0", "T2", "", &job, &error), &error,
		       POLICY_ERROR_BUSY, "blank");
	expect_refused(engine_recall(p.engine, "lib0", "T1", "", &job, &error), &error,
		       POLICY_ERROR_BUSY, "on disk");
	expect_refused(engine_cancel(p.engine, 7, &error), &error, POLICY_ERROR_NOT_FOUND, "7");
	expect_refused(engine_set_volume(p.engine, "phys9", "V1", &error), &error,
		       POLICY_ERROR_NOT_FOUND, "phys9");
	expect_refused(engine_set_volume(p.engine, "phys1", "v 1", &error), &error,
		       POLICY_ERROR_INVALID, "v 1");
	expect_refused(engine_import(p.engine, "phys1", "lib9", "N1", TRUE, "", &job, &error),
		       &error, LIBRARY_ERROR_NOT_FOUND, "lib9");
	expect_refused(engine_import(p.engine, "phys1", "lib0", "n 1", TRUE, "", &job, &error),
		       &error, POLICY_ERROR_INVALID, "n 1");
	assert_true(engine_migrate(p.engine, "lib0", "T1", "", &job, NULL));
	expect_refused(engine_migrate(p.engine, "lib0", "T1", "", &job, &error), &error,
		       POLICY_ERROR_BUSY, "job 1");
	end(&p);
}

static void a_waiting_job_can_be_cancelled(void **state)
{
	struct scene *s = *state;
	uint64_t job;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, DRIVES); /* nothing is declared scratch: it waits */
	assert_true(engine_migrate(p.engine, "lib0", "T1", "", &job, NULL));
	look(&p);
	expect_newest(&p, JOB_MIGRATE, JOB_QUEUED, "declare it");
	assert_true(engine_cancel(p.engine, job, NULL));
	expect_newest(&p, JOB_MIGRATE, JOB_CANCELLED, "by a person");
	end(&p);
}

static void a_restart_goes_on_with_open_jobs(void **state)
{
	struct scene *s = *state;
	struct play p;
	uint64_t job;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, DRIVES);
	assert_true(engine_migrate(p.engine, "lib0", "T1", "", &job, NULL));
	end(&p);
	scene_restart(s);
	begin(&p, s, SCRATCH DRIVES);
	look(&p);
	expect_newest(&p, JOB_MIGRATE, JOB_DONE, NULL);
	end(&p);
}

static void a_halt_leaves_the_job_to_the_next_start(void **state)
{
	struct scene *s = *state;
	g_autoptr(Job) job = NULL;
	struct play p;

	scene_record_long(s, "T1");
	begin(&p, s, SCRATCH DRIVES RULE);
	engine_look(p.engine); /* starts the mover */
	engine_halt(p.engine);
	while (!engine_is_quiet(p.engine))
		(void)g_main_context_iteration(NULL, TRUE);
	job = newest(&p);
	assert_false(job_is_final(job->state));
	end(&p);
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	expect_newest(&p, JOB_MIGRATE, JOB_DONE, NULL);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	end(&p);
}

/* As life is: nobody calls engine_look(), nothing is signalled. */
static void a_mount_is_found_by_looking(void **state)
{
	struct scene *s = *state;
	struct play p;
	int64_t until;

	scene_record(s, "T1", RECORDING);
	scene_migrate(s, "T1", "V1");
	begin(&p, s, "[policyd]\nlook=1h\n" DRIVES);
	engine_start(p.engine);
	mount_in_drive("T1");
	until = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
	while (scene_stat(s, "T1")->state != CART_PREMIGRATED && g_get_monotonic_time() < until)
		(void)g_main_context_iteration(NULL, TRUE);
	assert_int_equal(scene_stat(s, "T1")->state, CART_PREMIGRATED);
	engine_halt(p.engine);
	while (!engine_is_quiet(p.engine))
		(void)g_main_context_iteration(NULL, TRUE);
	end(&p);
}

static void a_lost_catalogue_does_not_lose_copies(void **state)
{
	struct scene *s = *state;
	g_autofree char *v1 = NULL;
	struct play p;

	scene_record(s, "T1", RECORDING);
	scene_record(s, "T2", "b99 F");
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p);
	end(&p);
	catalog_close(s->catalog);
	assert_int_equal(remove(s->catalog_path), 0);
	s->catalog = NULL;
	scene_restart(s);
	begin(&p, s, SCRATCH DRIVES RULE);
	look(&p); /* T2 must not go to V1 */
	mount_in_drive("T1");
	look(&p);
	expect_newest(&p, JOB_RECALL, JOB_DONE, NULL);
	end(&p);
	v1 = scene_volume(s, "V1");
	assert_string_equal(v1, RECORDING);
}

static void nothing_is_written_while_a_pool_is_away(void **state)
{
	struct scene *s = *state;
	g_autofree char *aside = g_strconcat(s->place->pool, ".away", NULL);
	g_autofree char *text = NULL;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, SCRATCH DRIVES RULE);
	assert_int_equal(rename(s->place->pool, aside), 0);
	text = engine_dry_run(p.engine);
	assert_non_null(strstr(text, "problem: pool "));
	look(&p);
	assert_int_equal(rename(aside, s->place->pool), 0);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
	look(&p);
	assert_int_equal(scene_stat(s, "T1")->state, CART_MIGRATED);
	end(&p);
}

static void a_dry_run_says_what_and_does_nothing(void **state)
{
	struct scene *s = *state;
	g_autofree char *text = NULL;
	struct play p;

	scene_record(s, "T1", RECORDING);
	begin(&p, s, SCRATCH DRIVES RULE);
	text = engine_dry_run(p.engine);
	assert_non_null(strstr(text, "migrate lib0/T1, drive phys1, volume V1 (rule all)"));
	assert_non_null(strstr(text, "decision: nothing, because it is blank"));
	end(&p);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(a_rule_migrates_what_it_matches),
		scene_test(one_volume_takes_one_cartridge),
		scene_test(a_volume_that_was_not_declared_is_not_written),
		scene_test(a_mislabelled_volume_is_not_written_over),
		scene_test(a_mount_brings_the_data_back),
		scene_test(a_recall_waits_for_its_volume_and_says_so),
		scene_test(a_recall_that_waits_ends_with_the_mount),
		scene_test(a_mounted_cartridge_is_not_migrated),
		scene_test(a_full_volume_is_marked_until_the_operator_says_again),
		scene_test(a_failed_job_is_not_tried_again_at_once),
		scene_test(people_can_migrate_recall_and_import),
		scene_test(mistakes_of_people_are_refused),
		scene_test(a_waiting_job_can_be_cancelled),
		scene_test(a_restart_goes_on_with_open_jobs),
		scene_test(a_halt_leaves_the_job_to_the_next_start),
		scene_test(a_mount_is_found_by_looking),
		scene_test(a_lost_catalogue_does_not_lose_copies),
		scene_test(nothing_is_written_while_a_pool_is_away),
		scene_test(a_dry_run_says_what_and_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
