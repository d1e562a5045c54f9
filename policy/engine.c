/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.c: see engine.h; what people ask is in requests.c.
 *
 * Invariant: e->open holds exactly the jobs that are not final in the catalogue.  An entry whose
 * mover is not NULL is being run; its job is as it was when the mover was started.
 */
#include "policy/internal.h"

#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "policy/sweep.h"

#define TICK_S          1
#define SWEEP_MS        1000u /* a drive that loads the cartridge waits so long at most */
#define BACKOFF_FIRST_S 10
#define BACKOFF_MOST_S  3600

/* ---- the history of a cartridge ---- */

static struct history *history_of(struct engine *e, const char *library, const char *barcode)
{
	g_autofree char *key = g_strconcat(library, "/", barcode, NULL);
	struct history *h = g_hash_table_lookup(e->history, key);

	if (h == NULL) {
		h = g_new0(struct history, 1);
		g_hash_table_insert(e->history, g_steal_pointer(&key), h);
	}
	return h;
}

void engine_note(struct engine *e, const struct job *job)
{
	struct history *h = history_of(e, job->library, job->barcode);
	int64_t wait = BACKOFF_FIRST_S;

	if (job->state == JOB_FAILED) {
		for (unsigned i = 0; i < h->failures && wait < BACKOFF_MOST_S; i++)
			wait *= 2;
		h->failures++;
		h->not_before_s = job->finished_s + MIN(wait, BACKOFF_MOST_S);
	} else if (job->state == JOB_DONE) {
		*h = (struct history){ .recalled_s = h->recalled_s };
		if (job->kind == JOB_RECALL)
			h->recalled_s = job->finished_s;
	}
}

static int64_t not_before(void *ctx, const char *library, const char *barcode)
{
	return history_of(ctx, library, barcode)->not_before_s;
}

static int64_t recalled(void *ctx, const char *library, const char *barcode)
{
	return history_of(ctx, library, barcode)->recalled_s;
}

/* ---- entries ---- */

static void entry_free(void *data)
{
	struct entry *entry = data;

	job_free(entry->job);
	g_free(entry);
}

struct entry *engine_entry(struct engine *e, uint64_t id)
{
	for (guint i = 0; i < e->open->len; i++) {
		struct entry *entry = g_ptr_array_index(e->open, i);

		if (entry->job->id == id)
			return entry;
	}
	return NULL;
}

void engine_tell(struct engine *e, const struct job *job)
{
	if (e->changed != NULL)
		e->changed(e->changed_ctx, job);
}

struct entry *engine_add(struct engine *e, struct job *job, GError **error)
{
	struct entry *entry;

	if (!catalog_job_add(e->catalog, job, error)) {
		job_free(job);
		return NULL;
	}
	entry = g_new0(struct entry, 1);
	entry->engine = e;
	entry->job = job;
	g_ptr_array_add(e->open, entry);
	g_message("job %" G_GUINT64_FORMAT ": %s %s/%s (%s)", job->id, job_kind_name(job->kind),
		  job->library, job->barcode, job->why);
	engine_tell(e, job);
	return entry;
}

/* ---- movers ---- */

/* In the main thread, after the mover's thread said that the job changed. */
static gboolean on_changed(void *data)
{
	struct engine *e = data;

	for (guint i = 0; i < e->open->len; i++) {
		struct entry *entry = g_ptr_array_index(e->open, i);
		g_autoptr(Job) now = NULL;

		if (entry->mover == NULL)
			continue;
		now = mover_job(entry->mover);
		if (now->state == entry->told || job_is_final(now->state))
			continue;
		entry->told = now->state;
		engine_tell(e, now);
	}
	return G_SOURCE_REMOVE;
}

static void mover_changed(void *ctx)
{
	struct entry *entry = ctx;

	(void)g_idle_add(on_changed, entry->engine);
}

static void log_end(const struct job *job)
{
	bool failed = job->state == JOB_FAILED;

	g_log(G_LOG_DOMAIN, failed ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE,
	      "job %" G_GUINT64_FORMAT ": %s %s/%s: %s%s%s", job->id, job_kind_name(job->kind),
	      job->library, job->barcode, job_state_name(job->state),
	      job->error == NULL ? "" : ": ", job->error == NULL ? "" : job->error);
}

/* In the main thread: the mover has ended, with a final job or one that goes on later. */
static gboolean on_finished(void *data)
{
	struct entry *entry = data;
	struct engine *e = entry->engine;

	job_free(entry->job);
	entry->job = mover_join(g_steal_pointer(&entry->mover));
	library_unref(g_steal_pointer(&entry->library));
	entry->drive = NULL;
	entry->not_before_s = clock_wall_s() + TICK_S;
	if (job_is_final(entry->job->state)) {
		log_end(entry->job);
		engine_note(e, entry->job);
	}
	engine_tell(e, entry->job);
	if (job_is_final(entry->job->state))
		(void)g_ptr_array_remove(e->open, entry);
	engine_wake(e);
	return G_SOURCE_REMOVE;
}

static void mover_finished(void *ctx)
{
	(void)g_idle_add(on_finished, ctx);
}

static void entry_run(struct engine *e, struct entry *entry, const struct drive_config *drive)
{
	g_autoptr(GError) error = NULL;
	struct mover_task task = {
		.catalog = e->catalog,
		.config = e->config,
		.client = e->client,
		.drive = drive,
		.job = entry->job,
		.changed = mover_changed,
		.finished = mover_finished,
		.ctx = entry,
	};

	entry->library = library_open(entry->job->library, LIBRARY_OPEN_READ, &error);
	if (entry->library == NULL) {
		job_set_error(entry->job, error->message);
		entry->not_before_s = clock_wall_s() + BACKOFF_FIRST_S;
		return;
	}
	task.library = entry->library;
	entry->drive = drive;
	entry->told = entry->job->state;
	entry->mover = mover_start(&task);
}

/* ---- looking ---- */

static void sync_copies(struct engine *e, const struct world_cart *cart)
{
	g_autofree char *key = g_strconcat(cart->library, "/", cart->info.barcode, NULL);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_MD5); /* to see a change, no more */
	g_autoptr(GError) error = NULL;

	g_checksum_update(sum, (const guchar *)&cart->info.generation,
			  sizeof(cart->info.generation));
	g_checksum_update(sum, (const guchar *)cart->info.copies,
			  (gssize)(cart->info.copies_cnt * sizeof(cart->info.copies[0])));
	if (g_strcmp0(g_hash_table_lookup(e->synced, key), g_checksum_get_string(sum)) == 0)
		return;
	if (!catalog_copies_sync(e->catalog, cart->library, &cart->info, &error)) {
		g_warning("%s", error->message);
		return;
	}
	g_hash_table_insert(e->synced, g_steal_pointer(&key), g_strdup(g_checksum_get_string(sum)));
}

static void tell_problems(struct engine *e, const struct world *world)
{
	g_autofree char *text = NULL;

	g_ptr_array_add(world->problems, NULL);
	text = g_strjoinv("; ", (char **)world->problems->pdata);
	g_ptr_array_remove_index(world->problems, world->problems->len - 1);
	if (g_strcmp0(text, e->problems) == 0)
		return; /* said before */
	if (*text != '\0')
		g_warning("nothing is written to volumes until this is mended: %s", text);
	g_free(e->problems);
	e->problems = g_steal_pointer(&text);
}

struct world *engine_world(struct engine *e)
{
	struct world *world = world_look(e->watcher, false, clock_wall_s());

	for (guint i = 0; i < world->carts->len; i++)
		sync_copies(e, g_ptr_array_index(world->carts, i));
	tell_problems(e, world);
	return world;
}

static unsigned minute_of(int64_t now_s)
{
	time_t t = (time_t)now_s;
	struct tm local;

	return localtime_r(&t, &local) == NULL ? 0 : (unsigned)(local.tm_hour * 60 + local.tm_min);
}

static bool drive_is_busy(const struct engine *e, const struct drive_config *drive)
{
	for (guint i = 0; i < e->open->len; i++)
		if (((const struct entry *)g_ptr_array_index(e->open, i))->drive == drive)
			return true;
	return false;
}

static void fill_drive(struct engine *e, const struct world *world, struct scheduler_drive *d,
		       const struct drive_config *config)
{
	g_autoptr(GError) error = NULL;
	struct volume_row row = { 0 };

	d->config = config;
	d->busy = drive_is_busy(e, config);
	if (!catalog_drive(e->catalog, config->name, config->volume, d->volume, &error) ||
	    !catalog_volume(e->catalog, d->volume, &row, &error))
		d->unfit = g_strdup(error->message);
	else if (world->problems->len > 0)
		d->unfit = g_strdup_printf("not all cartridges can be read: %s",
					   (const char *)g_ptr_array_index(world->problems, 0));
	else
		d->unfit = volume_obstacle(e->catalog, e->config, d->volume);
	d->failed = row.use == VOLUME_FAILED;
}

void engine_input(struct engine *e, const struct world *world, struct scheduler_input *in)
{
	*in = (struct scheduler_input){
		.config = e->config,
		.world = world,
		.drives_cnt = e->config->drives->len,
		.drives = g_new0(struct scheduler_drive, e->config->drives->len),
		.jobs = g_array_new(FALSE, FALSE, sizeof(struct scheduler_job)),
		.not_before = not_before,
		.recalled = recalled,
		.ctx = e,
		.now_s = clock_wall_s(),
	};
	in->minute = minute_of(in->now_s);
	for (guint i = 0; i < e->config->drives->len; i++)
		fill_drive(e, world, &in->drives[i], g_ptr_array_index(e->config->drives, i));
	for (guint i = 0; i < e->open->len; i++) {
		const struct entry *entry = g_ptr_array_index(e->open, i);
		struct scheduler_job job = { .job = entry->job,
					     .running = entry->mover != NULL,
					     .not_before_s = entry->not_before_s };

		g_array_append_val(in->jobs, job);
	}
}

void engine_input_clear(struct scheduler_input *in)
{
	for (size_t i = 0; i < in->drives_cnt; i++)
		g_free(in->drives[i].unfit);
	g_free(in->drives);
	g_array_unref(in->jobs);
}

/* The entry of a plan; a new job is added. NULL: it could not be. */
static struct entry *entry_of(struct engine *e, const struct plan *p)
{
	g_autoptr(GError) error = NULL;
	struct entry *entry;
	struct job *job;

	if (p->job != 0)
		return engine_entry(e, p->job);
	job = job_new(p->kind, p->library, p->barcode, p->why, clock_wall_s());
	job->copies = p->copies;
	job->release = p->release;
	job->for_mount = p->for_mount;
	entry = engine_add(e, job, &error);
	if (entry == NULL)
		g_warning("%s", error->message);
	return entry;
}

static void keep(struct engine *e, const struct job *job)
{
	g_autoptr(GError) error = NULL;

	if (!catalog_job_keep(e->catalog, job, &error))
		g_warning("%s", error->message);
}

static void wait_for(struct engine *e, struct job *job, const char *what)
{
	if (g_strcmp0(job->error, what) == 0)
		return; /* said before */
	job_set_error(job, what);
	g_message("job %" G_GUINT64_FORMAT ": %s", job->id, what);
	keep(e, job);
	engine_tell(e, job);
}

/* The mount that wanted the recall has ended before it began. */
static void drop(struct engine *e, struct entry *entry)
{
	entry->job->state = JOB_CANCELLED;
	entry->job->finished_s = clock_wall_s();
	job_set_error(entry->job, "the host has unmounted the cartridge");
	log_end(entry->job);
	keep(e, entry->job);
	engine_tell(e, entry->job);
	(void)g_ptr_array_remove(e->open, entry);
}

static void follow(struct engine *e, const struct plan *p)
{
	struct entry *entry = entry_of(e, p);
	struct job *job;

	if (entry == NULL)
		return;
	job = entry->job;
	if (p->drop) {
		drop(e, entry);
		return;
	}
	if (p->wait != NULL) {
		wait_for(e, job, p->wait);
		return;
	}
	if (p->drive != NULL) {
		g_strlcpy(job->drive, p->drive->config->name, sizeof(job->drive));
		g_strlcpy(job->volume, p->drive->volume, sizeof(job->volume));
	}
	if (job->kind == JOB_RECALL)
		job->copy = p->copy;
	entry_run(e, entry, p->drive == NULL ? NULL : p->drive->config);
}

/* Before anything is started: what is open already is busy, and left alone. */
static void sweep(struct engine *e, const struct world *world)
{
	int64_t now_ms = clock_monotonic_ms();

	if (e->swept_ms != 0 && now_ms - e->swept_ms < e->config->look_s * 1000)
		return;
	sweeper_run(e->sweeper, world, SWEEP_MS);
	e->swept_ms = now_ms;
}

void engine_look(struct engine *e)
{
	struct world *world;
	struct scheduler_input in;
	GPtrArray *plans;

	if (e->halted)
		return;
	world = engine_world(e);
	sweep(e, world);
	engine_input(e, world, &in);
	plans = scheduler_plan(&in);
	for (guint i = 0; i < plans->len; i++)
		follow(e, g_ptr_array_index(plans, i));
	g_ptr_array_unref(plans);
	engine_input_clear(&in);
	world_free(world);
	e->looked_ms = clock_monotonic_ms();
}

static gboolean on_wake(void *data)
{
	struct engine *e = data;

	e->wake = 0;
	engine_look(e);
	return G_SOURCE_REMOVE;
}

void engine_wake(struct engine *e)
{
	if (e->wake == 0 && !e->halted)
		e->wake = g_idle_add(on_wake, e);
}

/* ---- the tick ---- */

/* A host has a cartridge that is being copied: it comes first. */
static void yield_to_host(struct entry *entry)
{
	g_autoptr(Job) now = mover_job(entry->mover);

	if (now->kind == JOB_MIGRATE && (now->state == JOB_QUEUED || now->state == JOB_COPYING))
		mover_stop(entry->mover, MOVER_MOUNTED);
}

static bool wants_look(struct engine *e, const struct world_cart *cart)
{
	bool migrated = cart->info.state == CART_MIGRATED || cart->info.state == CART_RECALLING;

	for (guint i = 0; i < e->open->len; i++) {
		struct entry *entry = g_ptr_array_index(e->open, i);

		if (strcmp(entry->job->barcode, cart->info.barcode) != 0 ||
		    strcmp(entry->job->library, cart->library) != 0)
			continue;
		if (entry->mover != NULL)
			yield_to_host(entry);
		return false; /* it has a job */
	}
	return migrated && not_before(e, cart->library, cart->info.barcode) <= clock_wall_s();
}

static bool job_is_due(const struct engine *e)
{
	for (guint i = 0; i < e->open->len; i++) {
		const struct entry *entry = g_ptr_array_index(e->open, i);

		/* one that waits was busy a moment ago: it is tried each second */
		if (entry->mover == NULL && entry->not_before_s > 0 &&
		    entry->not_before_s <= clock_wall_s())
			return true;
	}
	return false;
}

static gboolean on_tick(void *data)
{
	struct engine *e = data;
	struct world *world = world_look(e->watcher, true, clock_wall_s());
	bool look =
		job_is_due(e) || clock_monotonic_ms() - e->looked_ms >= e->config->look_s * 1000;

	for (guint i = 0; i < world->carts->len; i++)
		look = wants_look(e, g_ptr_array_index(world->carts, i)) || look;
	world_free(world);
	if (look)
		engine_look(e);
	return G_SOURCE_CONTINUE;
}

void engine_start(struct engine *e)
{
	engine_look(e);
	e->tick = g_timeout_add_seconds(TICK_S, on_tick, e);
}

void engine_halt(struct engine *e)
{
	e->halted = true;
	g_clear_handle_id(&e->tick, g_source_remove);
	g_clear_handle_id(&e->wake, g_source_remove);
	for (guint i = 0; i < e->open->len; i++) {
		struct entry *entry = g_ptr_array_index(e->open, i);

		if (entry->mover != NULL)
			mover_stop(entry->mover, MOVER_HALT);
	}
}

bool engine_is_quiet(const struct engine *e)
{
	for (guint i = 0; i < e->open->len; i++)
		if (((const struct entry *)g_ptr_array_index(e->open, i))->mover != NULL)
			return false;
	return e->wake == 0;
}

/* ---- beginning and end ---- */

/* Jobs of before: open ones go on, all tell something about their cartridges. */
static void take_up(struct engine *e, GPtrArray *jobs)
{
	for (guint i = jobs->len; i > 0; i--) { /* oldest first */
		const struct job *job = g_ptr_array_index(jobs, i - 1);
		struct entry *entry;

		if (job_is_final(job->state)) {
			engine_note(e, job);
			continue;
		}
		entry = g_new0(struct entry, 1);
		entry->engine = e;
		entry->job = job_copy(job);
		entry->job->state = job_restart(job->kind, job->state);
		g_ptr_array_add(e->open, entry);
	}
}

struct engine *engine_new(const struct policy_config *config, struct catalog *catalog,
			  struct control_client *client, GError **error)
{
	g_autoptr(GPtrArray) jobs = catalog_jobs(catalog, 0, FALSE, error);
	struct engine *e;

	if (jobs == NULL)
		return NULL;
	e = g_new0(struct engine, 1);
	e->config = config;
	e->catalog = catalog;
	e->client = client;
	e->watcher = watcher_new();
	e->sweeper = sweeper_new();
	e->open = g_ptr_array_new_with_free_func(entry_free);
	e->history = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	e->synced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	take_up(e, jobs);
	return e;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	engine_halt(e);
	while (g_idle_remove_by_data(e)) /* news of movers that nobody hears any more */
		;
	watcher_free(e->watcher);
	sweeper_free(e->sweeper);
	g_ptr_array_unref(e->open);
	g_hash_table_unref(e->history);
	g_hash_table_unref(e->synced);
	g_free(e->problems);
	g_free(e);
}

void engine_set_listener(struct engine *e, void (*changed)(void *ctx, const struct job *job),
			 void *ctx)
{
	e->changed = changed;
	e->changed_ctx = ctx;
}
