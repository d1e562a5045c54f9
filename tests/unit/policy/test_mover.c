/* SPDX-License-Identifier: Apache-2.0 */
/* test_mover.c: a job in its thread, and how it is stopped. */
#include "policy/mover.h"

#include <string.h>

#include "tests/unit/policy/scene.h"

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

struct run {
	struct scene *scene;
	struct policy_config *config;
	struct library *library;
	struct job *job;
	struct mover *mover;
	GMutex lock; /* held until the mover may go on */
	gint finished;
};

/* In the mover's thread: waits until the test has said what it wants. */
static void changed(void *ctx)
{
	struct run *r = ctx;

	g_mutex_lock(&r->lock);
	g_mutex_unlock(&r->lock);
}

static void finished(void *ctx)
{
	g_atomic_int_set(&((struct run *)ctx)->finished, 1);
}

/* Runs a migration of T1, stopped as @stop says; the job as it ended. */
static struct job *migrate(struct run *r, struct scene *s, enum mover_stop stop)
{
	struct mover_task task;
	struct job *end;

	*r = (struct run){ .scene = s };
	g_mutex_init(&r->lock);
	r->config = scene_config(s, "[policyd]\nscratch=V*\n[drive phys1]\ndevice=TAPES\n");
	r->library = place_open(LIBRARY_OPEN_READ);
	r->job = job_new(JOB_MIGRATE, "lib0", "T1", "test", 1);
	r->job->copies = 1;
	g_strlcpy(r->job->volume, "V1", BARCODE_SIZE);
	assert_true(catalog_job_add(s->catalog, r->job, NULL));
	task = (struct mover_task){ .catalog = s->catalog,
				    .config = r->config,
				    .drive = policy_config_drive(r->config, "phys1"),
				    .library = r->library,
				    .job = r->job,
				    .changed = changed,
				    .finished = finished,
				    .ctx = r };
	g_mutex_lock(&r->lock);
	r->mover = mover_start(&task);
	if (stop != MOVER_RUN)
		mover_stop(r->mover, stop);
	g_mutex_unlock(&r->lock);
	end = mover_join(r->mover);
	assert_int_equal(g_atomic_int_get(&r->finished), 1);
	library_unref(r->library);
	policy_config_free(r->config);
	job_free(r->job);
	g_mutex_clear(&r->lock);
	return end;
}

static void expect_kept(struct scene *s, const struct job *end)
{
	g_autoptr(Job) kept = catalog_job(s->catalog, end->id, NULL);

	assert_int_equal(kept->state, end->state);
	assert_string_equal(kept->error, end->error);
}

static void a_finished_migration_marks_its_volume(void **state)
{
	struct scene *s = *state;
	g_autoptr(Job) end = NULL;
	struct volume_row row;
	struct run r;

	scene_record(s, "T1", "b100 F");
	end = migrate(&r, s, MOVER_RUN);
	assert_int_equal(end->state, JOB_DONE);
	assert_true(end->finished_s > 0);
	assert_true(catalog_volume(s->catalog, "V1", &row, NULL));
	assert_int_equal(row.use, VOLUME_COPIES);
}

static void a_mount_cancels_the_copy(void **state)
{
	struct scene *s = *state;
	g_autoptr(Job) end = NULL;
	struct volume_row row;
	struct run r;

	scene_record_long(s, "T1");
	end = migrate(&r, s, MOVER_MOUNTED);
	assert_int_equal(end->state, JOB_CANCELLED);
	assert_string_equal(end->error, "a host mounted the cartridge");
	expect_kept(s, end);
	assert_true(catalog_volume(s->catalog, "V1", &row, NULL));
	assert_int_equal(row.use, VOLUME_WRITING);
	assert_int_equal(scene_stat(s, "T1")->state, CART_RESIDENT);
}

static void a_person_cancels_the_copy(void **state)
{
	struct scene *s = *state;
	g_autoptr(Job) end = NULL;
	struct run r;

	scene_record_long(s, "T1");
	end = migrate(&r, s, MOVER_CANCEL);
	assert_int_equal(end->state, JOB_CANCELLED);
	assert_string_equal(end->error, "cancelled by a person");
	expect_kept(s, end);
}

static void a_halt_keeps_the_job_for_the_next_start(void **state)
{
	struct scene *s = *state;
	g_autoptr(Job) end = NULL;
	struct run r;

	scene_record_long(s, "T1");
	end = migrate(&r, s, MOVER_HALT);
	assert_int_equal(end->state, JOB_QUEUED);
	assert_int_equal(end->finished_s, 0);
	expect_kept(s, end);
}

static void a_busy_cartridge_is_waited_for(void **state)
{
	struct scene *s = *state;
	g_autoptr(Job) end = NULL;
	struct cart *host;
	struct run r;

	scene_record(s, "T1", "b100 F");
	assert_int_equal(cart_open(s->place->pool, "T1", CART_OPEN_WRITE, &host), 0);
	end = migrate(&r, s, MOVER_RUN);
	assert_int_equal(cart_close(host), 0);
	assert_int_equal(end->state, JOB_QUEUED);
	expect_kept(s, end);
}

static void a_busy_drive_is_waited_for(void **state)
{
	struct scene *s = *state;
	g_autoptr(Job) end = NULL;
	struct tapeio *other;
	struct run r;

	scene_record(s, "T1", "b100 F");
	assert_int_equal(tapeio_open(s->tapes, "V1", 0, true, &other), 0);
	end = migrate(&r, s, MOVER_RUN);
	assert_int_equal(tapeio_close(other), 0);
	assert_int_equal(end->state, JOB_QUEUED);
	assert_non_null(strstr(end->error, "another program"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(a_finished_migration_marks_its_volume),
		scene_test(a_mount_cancels_the_copy),
		scene_test(a_person_cancels_the_copy),
		scene_test(a_halt_keeps_the_job_for_the_next_start),
		scene_test(a_busy_cartridge_is_waited_for),
		scene_test(a_busy_drive_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
