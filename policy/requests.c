/* SPDX-License-Identifier: Apache-2.0 */
/* requests.c: what people ask of the engine. See engine.h. */
#include "policy/internal.h"

#include <string.h>

#include "lib/base/clock.h"

/* ---- new jobs ---- */

static gboolean find_cart(struct engine *e, const char *library, const char *barcode,
			  struct world **ret_world, const struct world_cart **ret_cart,
			  GError **error)
{
	*ret_world = engine_world(e);
	*ret_cart = world_find(*ret_world, library, barcode);
	if (*ret_cart != NULL)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_NOT_FOUND,
		    "library %s has no cartridge %s (vtl cartridge list shows all)", library,
		    barcode);
	world_free(*ret_world);
	return FALSE;
}

static gboolean has_no_job(const struct engine *e, const char *library, const char *barcode,
			   GError **error)
{
	for (guint i = 0; i < e->open->len; i++) {
		const struct job *job = ((struct entry *)g_ptr_array_index(e->open, i))->job;

		if (strcmp(job->barcode, barcode) != 0 || strcmp(job->library, library) != 0)
			continue;
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_BUSY,
			    "cartridge %s has job %" G_GUINT64_FORMAT
			    " (%s) already: wait for it, or cancel it",
			    barcode, job->id, job_kind_name(job->kind));
		return FALSE;
	}
	return TRUE;
}

static gboolean add(struct engine *e, struct job *job, uint64_t *ret_job, GError **error)
{
	struct entry *entry = engine_add(e, job, error);

	if (entry == NULL)
		return FALSE;
	*ret_job = entry->job->id;
	engine_wake(e);
	return TRUE;
}

static gboolean can_migrate(const struct world_cart *cart, GError **error)
{
	const struct rule_facts facts = { .info = &cart->info, .in_drive = cart->drive > 0 };
	const char *obstacle = rule_obstacle(&facts);

	if (obstacle == NULL)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_BUSY, "cartridge %s cannot be migrated: %s",
		    cart->info.barcode, obstacle);
	return FALSE;
}

/* As many copies as the rules want that speak of this library; one where none does. */
static unsigned copies_for(struct engine *e, const struct world *world,
			   const struct world_cart *cart)
{
	struct scheduler_input in;
	const struct rule *rule;

	engine_input(e, world, &in);
	rule = scheduler_rule(&in, cart);
	engine_input_clear(&in);
	return rule == NULL ? 1 : rule_copies(rule);
}

gboolean engine_migrate(struct engine *e, const char *library, const char *barcode, const char *why,
			uint64_t *ret_job, GError **error)
{
	const struct world_cart *cart;
	struct world *world;
	struct job *job;
	gboolean ok;

	if (!has_no_job(e, library, barcode, error) ||
	    !find_cart(e, library, barcode, &world, &cart, error))
		return FALSE;
	ok = can_migrate(cart, error);
	if (ok) {
		job = job_new(JOB_MIGRATE, library, barcode, why, clock_wall_s());
		job->copies = copies_for(e, world, cart);
		job->release = true;
		ok = add(e, job, ret_job, error);
	}
	world_free(world);
	return ok;
}

gboolean engine_recall(struct engine *e, const char *library, const char *barcode, const char *why,
		       uint64_t *ret_job, GError **error)
{
	const struct world_cart *cart;
	struct world *world;
	gboolean ok;

	if (!has_no_job(e, library, barcode, error) ||
	    !find_cart(e, library, barcode, &world, &cart, error))
		return FALSE;
	ok = cart->info.state == CART_MIGRATED || cart->info.state == CART_RECALLING;
	if (!ok)
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_BUSY,
			    "cartridge %s is on disk: there is nothing to recall", barcode);
	else
		ok = add(e, job_new(JOB_RECALL, library, barcode, why, clock_wall_s()), ret_job,
			 error);
	world_free(world);
	return ok;
}

static gboolean volume_in(struct engine *e, const char *name, const struct drive_config **ret_drive,
			  char ret_volume[BARCODE_SIZE], GError **error)
{
	*ret_drive = policy_config_drive(e->config, name);
	if (*ret_drive == NULL) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_NOT_FOUND,
			    "there is no physical drive %s (vtl physical list shows all)", name);
		return FALSE;
	}
	return catalog_drive(e->catalog, name, (*ret_drive)->volume, ret_volume, error);
}

gboolean engine_import(struct engine *e, const char *drive, const char *library,
		       const char *barcode, gboolean is_copy, const char *why, uint64_t *ret_job,
		       GError **error)
{
	const struct drive_config *config;
	char volume[BARCODE_SIZE];
	struct library *opened;
	struct job *job;

	if (!barcode_is_valid(barcode)) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID,
			    "%s is no barcode: use 1 to 32 of A-Z 0-9 - _ $ # @", barcode);
		return FALSE;
	}
	if (!has_no_job(e, library, barcode, error) || !volume_in(e, drive, &config, volume, error))
		return FALSE;
	if (volume[0] == '\0') {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_NOT_FOUND,
			    "no volume is in drive %s: say which is, with vtl physical set-volume",
			    drive);
		return FALSE;
	}
	opened = library_open(library, LIBRARY_OPEN_READ, error);
	if (opened == NULL) {
		g_prefix_error(error, "cannot import: ");
		return FALSE;
	}
	library_unref(opened);
	job = job_new(JOB_IMPORT, library, barcode, why, clock_wall_s());
	job->copies = is_copy ? 1 : 0;
	g_strlcpy(job->drive, drive, sizeof(job->drive));
	g_strlcpy(job->volume, volume, sizeof(job->volume));
	return add(e, job, ret_job, error);
}

/* ---- jobs ---- */

gboolean engine_cancel(struct engine *e, uint64_t id, GError **error)
{
	struct entry *entry = engine_entry(e, id);

	if (entry == NULL) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_NOT_FOUND,
			    "there is no open job %" G_GUINT64_FORMAT " (vtl jobs shows all)", id);
		return FALSE;
	}
	if (entry->mover != NULL) {
		mover_stop(entry->mover, MOVER_CANCEL);
		return TRUE;
	}
	entry->job->state = JOB_CANCELLED;
	entry->job->finished_s = clock_wall_s();
	job_set_error(entry->job, "cancelled by a person");
	if (!catalog_job_keep(e->catalog, entry->job, error))
		return FALSE;
	engine_tell(e, entry->job);
	(void)g_ptr_array_remove(e->open, entry);
	return TRUE;
}

/* A job of the catalogue as it is at this moment. */
static struct job *now_of(struct engine *e, const struct job *job)
{
	struct entry *entry = job_is_final(job->state) ? NULL : engine_entry(e, job->id);

	if (entry == NULL)
		return job_copy(job);
	return entry->mover == NULL ? job_copy(entry->job) : mover_job(entry->mover);
}

GPtrArray *engine_jobs(struct engine *e, unsigned limit, GError **error)
{
	g_autoptr(GPtrArray) kept = catalog_jobs(e->catalog, limit, FALSE, error);
	GPtrArray *jobs;

	if (kept == NULL)
		return NULL;
	jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_free);
	for (guint i = 0; i < kept->len; i++)
		g_ptr_array_add(jobs, now_of(e, g_ptr_array_index(kept, i)));
	return jobs;
}

/* ---- explain ---- */

char *engine_explain(struct engine *e, const char *library, const char *barcode, GError **error)
{
	const struct world_cart *cart;
	struct scheduler_input in;
	struct world *world;
	char *text;

	if (!find_cart(e, library, barcode, &world, &cart, error))
		return NULL;
	engine_input(e, world, &in);
	text = scheduler_explain(&in, cart);
	engine_input_clear(&in);
	world_free(world);
	return text;
}

static void describe(const struct plan *p, GString *out)
{
	g_string_append_printf(out, "%s %s/%s", job_kind_name(p->kind), p->library, p->barcode);
	if (p->drive != NULL)
		g_string_append_printf(out, ", drive %s, volume %s", p->drive->config->name,
				       p->drive->volume);
	if (p->job != 0)
		g_string_append_printf(out, ", job %" G_GUINT64_FORMAT, p->job);
	if (p->why != NULL)
		g_string_append_printf(out, " (%s)", p->why);
	if (p->drop)
		g_string_append(out, ": not wanted any more");
	if (p->wait != NULL)
		g_string_append_printf(out, ": %s", p->wait);
	g_string_append_c(out, '\n');
}

char *engine_dry_run(struct engine *e)
{
	GString *out = g_string_new(NULL);
	struct world *world = engine_world(e);
	struct scheduler_input in;
	GPtrArray *plans;

	engine_input(e, world, &in);
	plans = scheduler_plan(&in);
	for (guint i = 0; i < plans->len; i++)
		describe(g_ptr_array_index(plans, i), out);
	if (plans->len == 0)
		g_string_append(out, "nothing is to be done now\n");
	for (guint i = 0; i < world->problems->len; i++)
		g_string_append_printf(out, "problem: %s\n",
				       (const char *)g_ptr_array_index(world->problems, i));
	for (guint i = 0; i < world->carts->len; i++) {
		g_autofree char *text = scheduler_explain(&in, g_ptr_array_index(world->carts, i));

		g_string_append_printf(out, "\n%s", text);
	}
	g_ptr_array_unref(plans);
	engine_input_clear(&in);
	world_free(world);
	return g_string_free(out, FALSE);
}

/* ---- physical drives ---- */

static void engine_drive_free(void *data)
{
	struct engine_drive *d = data;

	g_free(d->obstacle);
	g_free(d);
}

static const struct entry *entry_with(const struct engine *e, const struct drive_config *drive)
{
	for (guint i = 0; i < e->open->len; i++) {
		const struct entry *entry = g_ptr_array_index(e->open, i);

		if (entry->drive == drive)
			return entry;
	}
	return NULL;
}

GPtrArray *engine_drives(struct engine *e, GError **error)
{
	g_autoptr(GPtrArray) drives = g_ptr_array_new_with_free_func(engine_drive_free);

	for (guint i = 0; i < e->config->drives->len; i++) {
		struct engine_drive *d = g_new0(struct engine_drive, 1);
		const struct entry *entry;

		g_ptr_array_add(drives, d);
		d->config = g_ptr_array_index(e->config->drives, i);
		entry = entry_with(e, d->config);
		if (!catalog_drive(e->catalog, d->config->name, d->config->volume, d->volume,
				   error))
			return NULL;
		d->state = entry != NULL ? "busy" : (d->volume[0] == '\0' ? "empty" : "idle");
		d->job = entry == NULL ? 0 : entry->job->id;
		d->obstacle = volume_obstacle(e->catalog, e->config, d->volume);
	}
	return g_steal_pointer(&drives);
}

/* The volume is in one drive only: takes it out of the others. */
static gboolean take_out(struct engine *e, const char *volume, GError **error)
{
	for (guint i = 0; *volume != '\0' && i < e->config->drives->len; i++) {
		const struct drive_config *d = g_ptr_array_index(e->config->drives, i);
		char there[BARCODE_SIZE];

		if (!catalog_drive(e->catalog, d->name, d->volume, there, error))
			return FALSE;
		if (strcmp(there, volume) != 0)
			continue;
		if (entry_with(e, d) != NULL) {
			g_set_error(error, POLICY_ERROR, POLICY_ERROR_BUSY,
				    "volume %s is in drive %s, which is busy", volume, d->name);
			return FALSE;
		}
		if (!catalog_drive_set(e->catalog, d->name, d->volume, "", error))
			return FALSE;
	}
	return TRUE;
}

static gboolean take_mark_back(struct engine *e, const char *volume, GError **error)
{
	struct volume_row row;

	if (*volume == '\0')
		return TRUE;
	if (!catalog_volume(e->catalog, volume, &row, error))
		return FALSE;
	if (row.use != VOLUME_FULL && row.use != VOLUME_FAILED)
		return TRUE;
	return catalog_volume_set(e->catalog, volume, VOLUME_UNKNOWN, 0, "", clock_wall_s(), error);
}

gboolean engine_set_volume(struct engine *e, const char *drive, const char *volume, GError **error)
{
	const struct drive_config *config;
	char there[BARCODE_SIZE];

	if (*volume != '\0' && !barcode_is_valid(volume)) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID,
			    "%s is no volume: use 1 to 32 of A-Z 0-9 - _ $ # @", volume);
		return FALSE;
	}
	if (!volume_in(e, drive, &config, there, error))
		return FALSE;
	if (entry_with(e, config) != NULL) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_BUSY,
			    "drive %s is busy: wait for its job, or cancel it", drive);
		return FALSE;
	}
	if (!take_out(e, volume, error) || !take_mark_back(e, volume, error) ||
	    !catalog_drive_set(e->catalog, drive, config->volume, volume, error))
		return FALSE;
	engine_wake(e);
	return TRUE;
}
