/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mover.h: one job being run, in a thread of its own.
 *
 * The mover has its own copy of the job; everybody else sees snapshots of it.  Each change of state
 * is in the catalogue before the mover acts on it.
 *
 * Threads: mover_start(), mover_stop(), mover_job() and mover_join() are of one thread, the
 * starter's; the callbacks of the task run in the mover's.
 */
#ifndef VTL_POLICY_MOVER_H
#define VTL_POLICY_MOVER_H

#include "lib/control/client.h"
#include "lib/library/library.h"
#include "policy/catalog.h"
#include "policy/config.h"

/* What is needed to run a job; all is borrowed until mover_join(). */
struct mover_task {
	struct catalog *catalog;
	const struct policy_config *config;
	struct control_client *client;    /* NULL: there is no bus */
	const struct drive_config *drive; /* NULL: the job needs none in its state */
	struct library *library;
	const struct job *job;       /* as it is in the catalogue */
	void (*changed)(void *ctx);  /* the job went into another state */
	void (*finished)(void *ctx); /* the last that the thread does; join it */
	void *ctx;
};

enum mover_stop {
	MOVER_RUN = 0,
	MOVER_CANCEL,  /* somebody cancelled the job */
	MOVER_MOUNTED, /* a host mounted the cartridge */
	MOVER_HALT,    /* the daemon ends: the job goes on with its next start */
};

struct mover;

struct mover *mover_start(const struct mover_task *task);

/* Asks the mover to end soon; the first reason counts. */
void mover_stop(struct mover *mover, enum mover_stop why);

/* A snapshot; job_free(). */
struct job *mover_job(struct mover *mover);

/* Waits for the thread, frees @mover. The job as it ended, final or not (it waits, or was halted):
 * job_free(). */
struct job *mover_join(struct mover *mover);

#endif
