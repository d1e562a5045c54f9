/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.c: see scheduler.h. */
#include "policy/scheduler.h"

#include <string.h>

static void plan_free(void *data)
{
	struct plan *p = data;

	g_free(p->wait);
	g_free(p->why);
	g_free(p);
}

static struct rule_facts facts_of(const struct scheduler_input *in, const struct world_cart *cart)
{
	int64_t recalled = in->recalled(in->ctx, cart->library, cart->info.barcode);

	return (struct rule_facts){
		.library = cart->library,
		.info = &cart->info,
		.in_drive = cart->drive > 0,
		.used_s = MAX(cart->used_s, recalled),
		.pool_used = cart->pool_used,
		.now_s = in->now_s,
		.minute = in->minute,
	};
}

static bool has_job(const struct scheduler_input *in, const char *library, const char *barcode)
{
	for (guint i = 0; i < in->jobs->len; i++) {
		const struct job *job = g_array_index(in->jobs, struct scheduler_job, i).job;

		if (strcmp(job->barcode, barcode) == 0 && strcmp(job->library, library) == 0)
			return true;
	}
	return false;
}

static struct plan *plan_new(GPtrArray *plans, enum job_kind kind, const char *library,
			     const char *barcode)
{
	struct plan *p = g_new0(struct plan, 1);

	p->kind = kind;
	g_strlcpy(p->library, library, sizeof(p->library));
	g_strlcpy(p->barcode, barcode, sizeof(p->barcode));
	g_ptr_array_add(plans, p);
	return p;
}

static void take(struct plan *p, struct scheduler_drive *drive)
{
	drive->busy = true;
	p->drive = drive;
}

/* ---- drives ---- */

/* The @i-th drive that may be used: of @names in their order, or all where that is empty. NULL: no
 * more. */
static struct scheduler_drive *candidate(struct scheduler_input *in, const char *const *names,
					 size_t i)
{
	if (names == NULL || *names == NULL)
		return i < in->drives_cnt ? &in->drives[i] : NULL;
	if (i >= g_strv_length((char **)(uintptr_t)names))
		return NULL;
	for (size_t d = 0; d < in->drives_cnt; d++)
		if (strcmp(in->drives[d].config->name, names[i]) == 0)
			return &in->drives[d];
	return NULL; /* the configuration was checked: it names drives that exist */
}

/* A drive to write to. NULL: *ret_wait (g_free()) says what is missing. */
static struct scheduler_drive *drive_to_write(struct scheduler_input *in, const char *const *names,
					      char **ret_wait)
{
	const struct scheduler_drive *busy = NULL, *unfit = NULL;
	struct scheduler_drive *d;

	for (size_t i = 0; (d = candidate(in, names, i)) != NULL; i++) {
		if (d->unfit == NULL && !d->busy)
			return d;
		if (d->unfit == NULL && busy == NULL)
			busy = d;
		if (d->unfit != NULL && unfit == NULL)
			unfit = d;
	}
	if (busy != NULL)
		*ret_wait = g_strdup_printf("drive %s is busy", busy->config->name);
	else if (unfit != NULL)
		*ret_wait = g_strdup_printf("drive %s: %s", unfit->config->name, unfit->unfit);
	else
		*ret_wait = g_strdup("no physical drive is configured: add a group [drive NAME] "
				     "with device=");
	return NULL;
}

static struct scheduler_drive *drive_with(struct scheduler_input *in, const char *volume)
{
	for (size_t i = 0; *volume != '\0' && i < in->drives_cnt; i++)
		if (strcmp(in->drives[i].volume, volume) == 0)
			return &in->drives[i];
	return NULL;
}

/* ---- recalls ---- */

/* The copy that can be read soonest: in a free drive, and not on a volume that failed before. */
static const struct cart_copy *choose_copy(struct scheduler_input *in, const struct cart_info *info,
					   struct scheduler_drive **ret_drive)
{
	const struct cart_copy *best = NULL;
	int best_score = -1;

	*ret_drive = NULL;
	for (unsigned i = 0; i < info->copies_cnt; i++) {
		struct scheduler_drive *d = drive_with(in, info->copies[i].volume);
		int score = d == NULL ? 0 : (d->busy ? 1 : (d->failed ? 2 : 3));

		if (info->copies[i].generation != info->generation || score <= best_score)
			continue;
		best = &info->copies[i];
		best_score = score;
		*ret_drive = d;
	}
	return best;
}

static void plan_recall(struct scheduler_input *in, struct plan *p, const struct world_cart *cart)
{
	struct scheduler_drive *drive;
	const struct cart_copy *copy = choose_copy(in, &cart->info, &drive);

	if (cart->info.state != CART_MIGRATED && cart->info.state != CART_RECALLING)
		return; /* nothing to read: the job finds that out */
	if (copy == NULL) {
		p->wait = g_strdup("no volume holds a copy of this recording");
		return;
	}
	p->copy = *copy;
	if (drive == NULL)
		p->wait = g_strdup_printf("waits for volume %s: put it into a drive, then say vtl "
					  "physical set-volume DRIVE %s",
					  copy->volume, copy->volume);
	else if (drive->busy)
		p->wait = g_strdup_printf("waits for drive %s with volume %s", drive->config->name,
					  copy->volume);
	else
		take(p, drive);
}

static bool needs_recall(const struct world_cart *cart)
{
	return cart->drive > 0 &&
	       (cart->info.state == CART_MIGRATED || cart->info.state == CART_RECALLING);
}

static void plan_new_recalls(struct scheduler_input *in, GPtrArray *plans)
{
	for (guint i = 0; i < in->world->carts->len; i++) {
		const struct world_cart *cart = g_ptr_array_index(in->world->carts, i);
		struct plan *p;

		if (!needs_recall(cart) || has_job(in, cart->library, cart->info.barcode) ||
		    in->not_before(in->ctx, cart->library, cart->info.barcode) > in->now_s)
			continue;
		p = plan_new(plans, JOB_RECALL, cart->library, cart->info.barcode);
		p->why = g_strdup_printf("mounted in drive %u", cart->drive);
		p->for_mount = true;
		plan_recall(in, p, cart);
	}
}

/* ---- jobs that wait ---- */

static void plan_migrate_job(struct scheduler_input *in, struct plan *p, const struct job *job,
			     const struct world_cart *cart)
{
	struct scheduler_drive *drive;

	if (job->state == JOB_RELEASING)
		return; /* needs no drive */
	if (job->state == JOB_VERIFYING) {
		drive = drive_with(in, job->volume);
		if (drive != NULL && !drive->busy)
			take(p, drive);
		else
			p->wait =
				g_strdup_printf("waits for volume %s in a free drive", job->volume);
		return;
	}
	if (rule_good_copies(&cart->info) >= job->copies)
		return;
	if (cart->drive > 0) {
		p->wait = g_strdup_printf("waits until drive %u gives the cartridge back",
					  cart->drive);
		return;
	}
	drive = drive_to_write(in, NULL, &p->wait);
	if (drive != NULL)
		take(p, drive);
}

static void plan_import_job(struct scheduler_input *in, struct plan *p, const struct job *job)
{
	struct scheduler_drive *drive = drive_with(in, job->volume);

	if (job->state == JOB_COMMITTING)
		return;
	if (drive != NULL && !drive->busy)
		take(p, drive);
	else
		p->wait = g_strdup_printf("waits for volume %s in a free drive", job->volume);
}

static void plan_job(struct scheduler_input *in, GPtrArray *plans, const struct scheduler_job *sj)
{
	const struct job *job = sj->job;
	const struct world_cart *cart = world_find(in->world, job->library, job->barcode);
	struct plan *p = plan_new(plans, job->kind, job->library, job->barcode);

	p->job = job->id;
	if (job->for_mount && cart != NULL && cart->drive == 0)
		p->drop = true;
	else if (job->kind == JOB_IMPORT)
		plan_import_job(in, p, job);
	else if (cart == NULL)
		p->wait = g_strdup_printf("cartridge %s of library %s cannot be read now",
					  job->barcode, job->library);
	else if (job->kind == JOB_RECALL)
		plan_recall(in, p, cart);
	else
		plan_migrate_job(in, p, job, cart);
}

static bool is_urgent(const struct scheduler_input *in, const struct job *job)
{
	const struct world_cart *cart = world_find(in->world, job->library, job->barcode);

	return job->kind == JOB_RECALL && cart != NULL && cart->drive > 0;
}

/* Jobs that are not running, the urgent first, then the other recalls, then the rest. */
static void plan_jobs(struct scheduler_input *in, GPtrArray *plans, int rank)
{
	for (guint i = 0; i < in->jobs->len; i++) {
		const struct scheduler_job *sj = &g_array_index(in->jobs, struct scheduler_job, i);
		int its = is_urgent(in, sj->job) ? 0 : (sj->job->kind == JOB_RECALL ? 1 : 2);

		if (!sj->running && sj->not_before_s <= in->now_s && its == rank)
			plan_job(in, plans, sj);
	}
}

/* ---- rules ---- */

const struct rule *scheduler_rule(const struct scheduler_input *in, const struct world_cart *cart)
{
	struct rule_facts facts = facts_of(in, cart);

	for (guint i = 0; i < in->config->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(in->config->rules, i);

		if (rule_matches(rule, &facts))
			return rule;
	}
	return NULL;
}

/* Whether the rule leaves something to do. */
static bool is_satisfied(const struct rule *rule, const struct cart_info *info)
{
	return rule_action(rule) == RULE_COPY && rule_good_copies(info) >= rule_copies(rule);
}

static const struct rule *rule_that_wants(struct scheduler_input *in, const struct world_cart *cart)
{
	struct rule_facts facts = facts_of(in, cart);
	const struct rule *rule;

	if (rule_obstacle(&facts) != NULL || has_job(in, cart->library, cart->info.barcode) ||
	    in->not_before(in->ctx, cart->library, cart->info.barcode) > in->now_s)
		return NULL;
	rule = scheduler_rule(in, cart);
	return rule == NULL || is_satisfied(rule, &cart->info) ? NULL : rule;
}

static int by_use(const void *a, const void *b)
{
	const struct world_cart *const *x = a, *const *y = b;

	if ((*x)->used_s != (*y)->used_s)
		return (*x)->used_s < (*y)->used_s ? -1 : 1;
	return strcmp((*x)->info.barcode, (*y)->info.barcode);
}

static void plan_rule(struct scheduler_input *in, GPtrArray *plans, const struct world_cart *cart,
		      const struct rule *rule)
{
	bool enough = rule_good_copies(&cart->info) >= rule_copies(rule);
	struct scheduler_drive *drive = NULL;
	g_autofree char *wait = NULL;
	struct plan *p;

	if (!enough) {
		drive = drive_to_write(in, rule_drives(rule), &wait);
		if (drive == NULL)
			return; /* a rule makes no job that cannot begin; explain tells */
	}
	p = plan_new(plans, JOB_MIGRATE, cart->library, cart->info.barcode);
	p->why = g_strdup_printf("rule %s", rule_name(rule));
	p->copies = rule_copies(rule);
	p->release = rule_action(rule) == RULE_MIGRATE;
	if (drive != NULL)
		take(p, drive);
}

static void plan_rules(struct scheduler_input *in, GPtrArray *plans)
{
	g_autoptr(GPtrArray) carts = g_ptr_array_new();

	for (guint i = 0; i < in->world->carts->len; i++) {
		struct world_cart *cart = g_ptr_array_index(in->world->carts, i);

		if (rule_that_wants(in, cart) != NULL)
			g_ptr_array_add(carts, cart);
	}
	g_ptr_array_sort(carts, by_use);
	for (guint i = 0; i < carts->len; i++) {
		const struct world_cart *cart = g_ptr_array_index(carts, i);

		plan_rule(in, plans, cart, rule_that_wants(in, cart));
	}
}

GPtrArray *scheduler_plan(struct scheduler_input *in)
{
	GPtrArray *plans = g_ptr_array_new_with_free_func(plan_free);

	plan_jobs(in, plans, 0);
	plan_new_recalls(in, plans);
	plan_jobs(in, plans, 1);
	plan_jobs(in, plans, 2);
	plan_rules(in, plans);
	return plans;
}

/* ---- explain ---- */

static void explain_rules(struct scheduler_input *in, const struct rule_facts *facts,
			  const struct rule *deciding, GString *out)
{
	for (guint i = 0; i < in->config->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(in->config->rules, i);

		g_string_append_printf(out, "rule %s: %s\n", rule_name(rule),
				       !rule_matches(rule, facts) ? "does not match"
				       : rule == deciding         ? "matches and decides"
							  : "matches; an earlier one decides");
		rule_explain(rule, facts, out);
	}
	if (in->config->rules->len == 0)
		g_string_append(out, "there is no rule\n");
}

/* The decision, for a cartridge that a rule wants. */
static void explain_wanted(struct scheduler_input *in, const struct world_cart *cart,
			   const struct rule *rule, GString *out)
{
	unsigned good = rule_good_copies(&cart->info);
	g_autofree char *wait = NULL;
	const struct scheduler_drive *drive;

	g_string_append_printf(out, "decision: %s by rule %s, %u of %u copies exist",
			       rule_action(rule) == RULE_MIGRATE ? "migrate" : "copy",
			       rule_name(rule), good, rule_copies(rule));
	if (good >= rule_copies(rule)) {
		g_string_append(out, rule_action(rule) == RULE_MIGRATE
					     ? "; the disk is freed at the next look\n"
					     : "; nothing is left to do\n");
		return;
	}
	drive = drive_to_write(in, rule_drives(rule), &wait);
	if (drive == NULL)
		g_string_append_printf(out, "; cannot begin: %s\n", wait);
	else
		g_string_append_printf(out, "; to volume %s in drive %s\n", drive->volume,
				       drive->config->name);
}

char *scheduler_explain(struct scheduler_input *in, const struct world_cart *cart)
{
	struct rule_facts facts = facts_of(in, cart);
	const struct rule *rule = scheduler_rule(in, cart);
	const char *obstacle = rule_obstacle(&facts);
	int64_t not_before = in->not_before(in->ctx, cart->library, cart->info.barcode);
	GString *out = g_string_new(NULL);

	g_string_append_printf(out,
			       "cartridge %s of library %s: %s, %" G_GUINT64_FORMAT
			       " bytes, %u current copies\n",
			       cart->info.barcode, cart->library, cart_state_name(cart->info.state),
			       cart->info.stored_bytes, rule_good_copies(&cart->info));
	explain_rules(in, &facts, rule, out);
	if (needs_recall(cart))
		g_string_append_printf(out, "decision: recall, because drive %u holds it\n",
				       cart->drive);
	else if (obstacle != NULL)
		g_string_append_printf(out, "decision: nothing, because %s\n", obstacle);
	else if (has_job(in, cart->library, cart->info.barcode))
		g_string_append(out, "decision: nothing new, because it has a job\n");
	else if (not_before > in->now_s)
		g_string_append_printf(out,
				       "decision: nothing for %" G_GINT64_FORMAT
				       " s, because the last job failed\n",
				       not_before - in->now_s);
	else if (rule == NULL)
		g_string_append(out, "decision: nothing, because no rule matches\n");
	else
		explain_wanted(in, cart, rule, out);
	return g_string_free(out, FALSE);
}
