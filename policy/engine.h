/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h: the daemon's heart: looks at the world, lets the scheduler plan, runs movers, and
 * answers what people ask over D-Bus.
 *
 * Every second it looks at the cartridges in virtual drives (is one wanted back? does a host mount
 * one that is being copied?); at each `look` of the configuration, and whenever something changed,
 * at everything.
 *
 * Threads: everything here belongs to the thread that runs the default GMainContext.  Errors are of
 * POLICY_ERROR.
 */
#ifndef VTL_POLICY_ENGINE_H
#define VTL_POLICY_ENGINE_H

#include "lib/control/client.h"
#include "policy/catalog.h"
#include "policy/config.h"

struct engine;

/* @config, @catalog and @client (NULL: there is no bus) are borrowed. Takes up the jobs that the
 * catalogue has open. */
struct engine *engine_new(const struct policy_config *config, struct catalog *catalog,
			  struct control_client *client, GError **error);
/* Every mover has ended: engine_is_quiet(). */
void engine_free(struct engine *e);

/* @changed is called for each job that changes its state; NULL removes it. */
void engine_set_listener(struct engine *e, void (*changed)(void *ctx, const struct job *job),
			 void *ctx);

/* Looks at everything now, and starts what is to be started. */
void engine_look(struct engine *e);
/* The same, soon: several calls make one look. */
void engine_wake(struct engine *e);
/* Looks again and again until engine_halt(). */
void engine_start(struct engine *e);

/* No new movers; the running ones end at the next block. */
void engine_halt(struct engine *e);
/* No mover runs, and none ended that was not seen to. */
bool engine_is_quiet(const struct engine *e);

/* ---- what people ask ---- */

gboolean engine_migrate(struct engine *e, const char *library, const char *barcode, const char *why,
			uint64_t *ret_job, GError **error);
gboolean engine_recall(struct engine *e, const char *library, const char *barcode, const char *why,
		       uint64_t *ret_job, GError **error);
/* Reads the volume in the physical drive @drive into the new cartridge @barcode.  @is_copy: the
 * volume is kept, and counts as a verified copy of it; else the cartridge has none yet. */
gboolean engine_import(struct engine *e, const char *drive, const char *library,
		       const char *barcode, gboolean is_copy, const char *why, uint64_t *ret_job,
		       GError **error);
gboolean engine_cancel(struct engine *e, uint64_t job, GError **error);

/* struct job *, newest first, with the progress of this moment; @limit 0 = all. */
GPtrArray *engine_jobs(struct engine *e, unsigned limit, GError **error);

/* g_free() */
char *engine_explain(struct engine *e, const char *library, const char *barcode, GError **error);

/* What a look would start now, as text for people, and what could not be read; g_free(). */
char *engine_dry_run(struct engine *e);

struct engine_drive {
	const struct drive_config *config;
	char volume[BARCODE_SIZE];
	const char *state; /* "idle", "busy", "empty"; static */
	uint64_t job;      /* 0 = none */
	char *obstacle;    /* why the volume may not be written over; NULL: it may; owned */
};

/* struct engine_drive * */
GPtrArray *engine_drives(struct engine *e, GError **error);

/* The operator says that @volume ("" = nothing) is in @drive now. A mark that it is full or failed
 * is taken back. */
gboolean engine_set_volume(struct engine *e, const char *drive, const char *volume, GError **error);

#endif
