/* SPDX-License-Identifier: Apache-2.0 */
/* job.c: the table of states. See job.h. */
#include "policy/job.h"

#include <string.h>

static const char *const kind_names[] = {
	[JOB_MIGRATE] = "migrate",
	[JOB_RECALL] = "recall",
	[JOB_IMPORT] = "import",
};

static const char *const state_names[] = {
	[JOB_QUEUED] = "queued",       [JOB_COPYING] = "copying", [JOB_VERIFYING] = "verifying",
	[JOB_RELEASING] = "releasing", [JOB_READING] = "reading", [JOB_COMMITTING] = "committing",
	[JOB_DONE] = "done",           [JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
};

/* The way of a kind, and where it goes on after a restart. */
struct step {
	enum job_state from, to, restart;
};

/* clang-format off */
static const struct step migrate_steps[] = {
	/* from            to              after a restart */
	{ JOB_QUEUED,      JOB_COPYING,    JOB_QUEUED },
	{ JOB_QUEUED,      JOB_RELEASING,  JOB_QUEUED },    /* enough copies exist already */
	{ JOB_COPYING,     JOB_VERIFYING,  JOB_QUEUED },
	{ JOB_VERIFYING,   JOB_RELEASING,  JOB_VERIFYING },
	{ JOB_RELEASING,   JOB_DONE,       JOB_RELEASING },
};

static const struct step recall_steps[] = {
	{ JOB_QUEUED,      JOB_READING,    JOB_QUEUED },
	{ JOB_QUEUED,      JOB_DONE,       JOB_QUEUED },    /* the data is on disk already */
	{ JOB_READING,     JOB_COMMITTING, JOB_QUEUED },
	{ JOB_COMMITTING,  JOB_DONE,       JOB_QUEUED },
};

static const struct step import_steps[] = {
	{ JOB_QUEUED,      JOB_READING,    JOB_QUEUED },
	{ JOB_READING,     JOB_COMMITTING, JOB_QUEUED },
	{ JOB_COMMITTING,  JOB_DONE,       JOB_COMMITTING },
};

static const struct {
	const struct step *steps;
	size_t count;
} kinds[] = {
	[JOB_MIGRATE] = { migrate_steps, G_N_ELEMENTS(migrate_steps) },
	[JOB_RECALL]  = { recall_steps, G_N_ELEMENTS(recall_steps) },
	[JOB_IMPORT]  = { import_steps, G_N_ELEMENTS(import_steps) },
};
/* clang-format on */

struct job *job_new(enum job_kind kind, const char *library, const char *barcode, const char *why,
		    int64_t now_s)
{
	struct job *job = g_new0(struct job, 1);

	job->kind = kind;
	job->state = JOB_QUEUED;
	g_strlcpy(job->library, library, sizeof(job->library));
	g_strlcpy(job->barcode, barcode, sizeof(job->barcode));
	job->why = g_strdup(why);
	job->created_s = now_s;
	return job;
}

struct job *job_copy(const struct job *job)
{
	struct job *copy = g_new(struct job, 1);

	*copy = *job;
	copy->why = g_strdup(job->why);
	copy->error = g_strdup(job->error);
	return copy;
}

void job_free(struct job *job)
{
	if (job == NULL)
		return;
	g_free(job->why);
	g_free(job->error);
	g_free(job);
}

const char *job_kind_name(enum job_kind kind)
{
	return kind_names[kind];
}

const char *job_state_name(enum job_state state)
{
	return state_names[state];
}

bool job_kind_parse(const char *name, enum job_kind *ret_kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kind_names); i++) {
		if (g_strcmp0(name, kind_names[i]) == 0) {
			*ret_kind = (enum job_kind)i;
			return true;
		}
	}
	return false;
}

bool job_state_parse(const char *name, enum job_state *ret_state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(state_names); i++) {
		if (g_strcmp0(name, state_names[i]) == 0) {
			*ret_state = (enum job_state)i;
			return true;
		}
	}
	return false;
}

bool job_is_final(enum job_state state)
{
	return state == JOB_DONE || state == JOB_FAILED || state == JOB_CANCELLED;
}

bool job_may_go(enum job_kind kind, enum job_state from, enum job_state to)
{
	if (job_is_final(from))
		return false;
	if (to == JOB_FAILED || to == JOB_CANCELLED)
		return true;
	for (size_t i = 0; i < kinds[kind].count; i++)
		if (kinds[kind].steps[i].from == from && kinds[kind].steps[i].to == to)
			return true;
	return false;
}

enum job_state job_restart(enum job_kind kind, enum job_state state)
{
	for (size_t i = 0; i < kinds[kind].count; i++)
		if (kinds[kind].steps[i].from == state)
			return kinds[kind].steps[i].restart;
	return state; /* final */
}

void job_set_error(struct job *job, const char *text)
{
	char *error = g_strdup(text); /* first: @text may be the old one */

	g_free(job->error);
	job->error = error;
}
