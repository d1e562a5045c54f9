/* SPDX-License-Identifier: Apache-2.0 */
/* mover.c: see mover.h. */
#include "policy/mover.h"

#include <string.h>

#include "lib/base/clock.h"
#include "policy/step.h"
#include "policy/volume.h"

struct mover {
	struct mover_task task;
	struct job *job; /* the thread's */
	struct cart_params params;
	struct tapeio *tape; /* the thread's */
	GThread *thread;
	GMutex lock;
	struct job *seen; /* what others see; guarded by lock */
	gint stop;        /* enum mover_stop; atomic */
};

/* ---- what others see ---- */

static void show(struct mover *m)
{
	struct job *copy = job_copy(m->job);

	g_mutex_lock(&m->lock);
	job_free(m->seen);
	m->seen = copy;
	g_mutex_unlock(&m->lock);
}

struct job *mover_job(struct mover *m)
{
	struct job *copy;

	g_mutex_lock(&m->lock);
	copy = job_copy(m->seen);
	g_mutex_unlock(&m->lock);
	return copy;
}

void mover_stop(struct mover *m, enum mover_stop why)
{
	(void)g_atomic_int_compare_and_exchange(&m->stop, MOVER_RUN, (gint)why);
}

/* ---- step_ops, in the mover's thread ---- */

static gboolean keep(void *ctx, GError **error)
{
	struct mover *m = ctx;

	if (job_is_final(m->job->state) && m->job->finished_s == 0)
		m->job->finished_s = clock_wall_s();
	show(m);
	if (!catalog_job_keep(m->task.catalog, m->job, error))
		return FALSE;
	m->task.changed(m->task.ctx);
	return TRUE;
}

static bool go_on(void *ctx)
{
	struct mover *m = ctx;

	show(m);
	return g_atomic_int_get(&m->stop) == MOVER_RUN;
}

/* What counts was read back before, so that an error here is only told. */
static void drop_tape(void *ctx)
{
	struct mover *m = ctx;
	int r = tapeio_close(m->tape);

	m->tape = NULL;
	if (r != 0)
		g_warning("job %" G_GUINT64_FORMAT ": closing drive %s: %s", m->job->id,
			  m->job->drive, g_strerror(-r));
}

static gboolean may_write(struct mover *m, GError **error)
{
	g_autofree char *obstacle =
		volume_obstacle(m->task.catalog, m->task.config, m->job->volume);

	if (obstacle == NULL)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED, "drive %s: %s", m->task.drive->name,
		    obstacle);
	return FALSE;
}

static gboolean begin_write(struct mover *m, GError **error)
{
	return volume_check_tape(m->task.catalog, m->tape, m->job->volume, error) &&
	       catalog_volume_set(m->task.catalog, m->job->volume, VOLUME_WRITING, m->job->id, "",
				  clock_wall_s(), error);
}

static struct tapeio *open_tape(struct mover *m, bool write, const struct step *s, GError **error)
{
	const struct drive_config *drive = m->task.drive;
	int r;

	if (drive == NULL) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_WAIT, "waits for a physical drive");
		return NULL;
	}
	if (write && !may_write(m, error))
		return NULL;
	if (m->tape == NULL)
		r = tapeio_open(drive->device, m->job->volume, drive->capacity_bytes, write,
				&m->tape);
	else
		r = tapeio_rewind(m->tape);
	if (r != 0) {
		step_tape_error(s, r, "open", error);
		return NULL;
	}
	return !write || begin_write(m, error) ? m->tape : NULL;
}

static struct tapeio *tape(void *ctx, bool write, GError **error)
{
	struct mover *m = ctx;
	const struct step s = { .job = m->job };

	return open_tape(m, write, &s, error);
}

/* What is in the pool is safe; that the library does not know it yet is no failure of the job. */
static gboolean place(void *ctx, GError **error)
{
	struct mover *m = ctx;
	g_autoptr(GError) cause = NULL;
	g_autofree char *note = NULL;

	(void)error;
	if (m->task.client != NULL &&
	    control_import(m->task.client, m->job->library, m->job->barcode, FALSE, &cause))
		return TRUE;
	note = g_strdup_printf("the cartridge is in the pool, but not in a slot yet (%s)",
			       cause == NULL ? "there is no bus" : cause->message);
	job_set_error(m->job, note);
	return TRUE;
}

static const struct step_ops ops = {
	.tape = tape,
	.drop_tape = drop_tape,
	.keep = keep,
	.go_on = go_on,
	.place = place,
};

/* ---- the end of a run ---- */

static void warn_if(GError **error)
{
	if (*error != NULL)
		g_warning("%s", (*error)->message);
	g_clear_error(error);
}

static void mark_volume(struct mover *m, enum volume_use use, const char *note)
{
	g_autoptr(GError) error = NULL;

	ignore_result(catalog_volume_set(m->task.catalog, m->job->volume, use, m->job->id, note,
					 clock_wall_s(), &error));
	warn_if(&error);
}

/* The tape is another one than the operator said: nothing is done with it until he says again. */
static void forget_volume(struct mover *m)
{
	const struct drive_config *drive = m->task.drive;
	g_autoptr(GError) error = NULL;

	if (drive == NULL)
		return;
	ignore_result(catalog_drive_set(m->task.catalog, drive->name, drive->volume, "", &error));
	warn_if(&error);
}

static void on_stop(struct mover *m)
{
	enum mover_stop why = (enum mover_stop)g_atomic_int_get(&m->stop);

	if (why == MOVER_HALT) {
		m->job->state = job_restart(m->job->kind, m->job->state);
		job_set_error(m->job, "the daemon was stopped");
		return;
	}
	m->job->state = JOB_CANCELLED;
	if (why == MOVER_MOUNTED)
		job_set_error(m->job, "a host mounted the cartridge");
	else if (why == MOVER_CANCEL)
		job_set_error(m->job, "cancelled by a person");
}

static void on_error(struct mover *m, const GError *cause)
{
	job_set_error(m->job, cause->message);
	switch (cause->code) {
	case POLICY_ERROR_WAIT:
		m->job->state = job_restart(m->job->kind, m->job->state);
		return;
	case POLICY_ERROR_CANCELLED:
		on_stop(m);
		return;
	case POLICY_ERROR_VOLUME_FULL:
		mark_volume(m, VOLUME_FULL, cause->message);
		break;
	case POLICY_ERROR_VOLUME_BAD:
		mark_volume(m, VOLUME_FAILED, cause->message);
		break;
	case POLICY_ERROR_WRONG_VOLUME:
		forget_volume(m);
		break;
	default:
		break;
	}
	m->job->state = JOB_FAILED;
}

static void on_done(struct mover *m)
{
	g_autoptr(GError) error = NULL;
	bool copied = m->job->kind != JOB_RECALL && m->job->copy.volume[0] != '\0';

	if (copied)
		mark_volume(m, VOLUME_COPIES, m->job->barcode);
	if (m->job->kind != JOB_RECALL || m->task.client == NULL)
		return;
	/* the drive looks by itself too; this only saves it time */
	ignore_result(control_poll(m->task.client, m->job->library, &error));
}

static gboolean run(struct mover *m, GError **error)
{
	struct step s = {
		.job = m->job,
		.pool = library_pool(m->task.library),
		.params = &m->params,
		.now_s = clock_wall_s,
		.ops = &ops,
		.ctx = m,
	};

	m->job->attempts++;
	if (m->job->started_s == 0)
		m->job->started_s = clock_wall_s();
	job_set_error(m->job, NULL);
	if (m->job->kind == JOB_MIGRATE)
		return migrate_run(&s, error);
	return m->job->kind == JOB_RECALL ? recall_run(&s, error) : import_run(&s, error);
}

static void *work(void *data)
{
	struct mover *m = data;
	g_autoptr(GError) cause = NULL;
	g_autoptr(GError) error = NULL;
	gboolean ok = run(m, &cause);

	drop_tape(m);
	if (ok)
		on_done(m);
	else
		on_error(m, cause);
	if (!keep(m, &error))
		warn_if(&error); /* the next start finds the state before */
	m->task.finished(m->task.ctx);
	return NULL;
}

struct mover *mover_start(const struct mover_task *task)
{
	const struct library_config *config = library_config(task->library);
	struct mover *m = g_new0(struct mover, 1);

	m->task = *task;
	m->job = job_copy(task->job);
	m->seen = job_copy(task->job);
	m->params = (struct cart_params){
		.barcode = m->job->barcode,
		.density = config->density,
		.medium_type = config->medium_type,
		.capacity_bytes = config->capacity_bytes,
		.early_warning_bytes = config->early_warning_bytes,
		.codec = config->codec,
	};
	g_mutex_init(&m->lock);
	m->thread = g_thread_new("mover", work, m);
	return m;
}

struct job *mover_join(struct mover *m)
{
	struct job *job;

	(void)g_thread_join(m->thread);
	job = m->job;
	job_free(m->seen);
	g_mutex_clear(&m->lock);
	g_free(m);
	return job;
}
