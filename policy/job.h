/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h: one job: a migration, a recall or an import, and the states it goes through.
 *
 *   migrate   queued -> copying -> verifying -> releasing -> done
 *   recall    queued -> reading -> committing -> done
 *   import    queued -> reading -> committing -> done
 *
 * Every state but done leads to failed and to cancelled too; done, failed and cancelled are final.
 *
 * What a state promises when the daemon dies in it, and job_restart() relies on:
 *   copying     the volume holds part of a recording and is marked as this job's; no header names
 *               it.  Begins again.
 *   verifying   the volume holds the whole recording; job->copy says what must be found on it.
 *               Goes on: reading it back needs nothing else.
 *   releasing   job->copy was verified.  Goes on: to note it and to release can both be done twice.
 *   reading     recall: the header says recalling, what is written is no recording yet.  Begins
 *               again.  Import: the cartridge was made by this job and no library knows it. Begins
 *               again.
 *   committing  recall: the header says either recalling or premigrated.  Begins again, which finds
 *               nothing to do in the second case.  Import: goes on.
 *
 * The functions are pure; who keeps jobs on disk is catalog.h, who runs them is mover.h.
 */
#ifndef VTL_POLICY_JOB_H
#define VTL_POLICY_JOB_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/store/cartridge.h"

enum job_kind {
	JOB_MIGRATE,
	JOB_RECALL,
	JOB_IMPORT,
};

enum job_state {
	JOB_QUEUED,
	JOB_COPYING,
	JOB_VERIFYING,
	JOB_RELEASING,
	JOB_READING,
	JOB_COMMITTING,
	JOB_DONE,
	JOB_FAILED,
	JOB_CANCELLED,
};

#define DRIVE_NAME_SIZE 32

struct job {
	uint64_t id; /* from 1; 0 until catalog_job_add() */
	enum job_kind kind;
	enum job_state state;
	char library[LIBRARY_NAME_SIZE];
	char barcode[BARCODE_SIZE];  /* of the cartridge */
	char drive[DRIVE_NAME_SIZE]; /* physical; "" until one is chosen */
	char volume[BARCODE_SIZE];   /* physical; "" until one is chosen */
	char *why;                   /* the rule or person that asked; owned */
	char *error;           /* why it failed or was cancelled, or what it waits for; owned, may
				  be NULL */
	unsigned copies;       /* migrate: verified copies that must exist; import: 1, the volume
				* counts as one, or 0 */
	bool release;          /* migrate: free the disk then */
	bool for_mount;        /* recall: a mount wanted it; withdrawn where the mount ends first */
	struct cart_copy copy; /* what is on the volume; true from verifying on (recall: from the
				  start) */
	uint64_t objects, objects_total, bytes, bytes_total; /* progress of the state */
	int64_t created_s, started_s, finished_s;            /* wall time; 0 = not yet */
	unsigned attempts; /* times that it was started; more than one after a restart */
};

struct job *job_new(enum job_kind kind, const char *library, const char *barcode, const char *why,
		    int64_t now_s);
struct job *job_copy(const struct job *job);
void job_free(struct job *job); /* NULL is allowed */
typedef struct job Job;         /* for g_autoptr(Job) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_free)

const char *job_kind_name(enum job_kind kind);    /* "migrate"; static */
const char *job_state_name(enum job_state state); /* "queued"; static */
/* FALSE where @name is none. */
bool job_kind_parse(const char *name, enum job_kind *ret_kind);
bool job_state_parse(const char *name, enum job_state *ret_state);

bool job_is_final(enum job_state state);

/* Whether a job of @kind may go from @from to @to. */
bool job_may_go(enum job_kind kind, enum job_state from, enum job_state to);

/* The state in which a job goes on that was in @state when the daemon died. */
enum job_state job_restart(enum job_kind kind, enum job_state state);

/* Replaces job->error; NULL removes it. */
void job_set_error(struct job *job, const char *text);

#endif
