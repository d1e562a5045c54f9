/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: what engine.c and requests.c share. */
#ifndef VTL_POLICY_INTERNAL_H
#define VTL_POLICY_INTERNAL_H

#include "policy/engine.h"
#include "policy/mover.h"
#include "policy/scheduler.h"
#include "policy/volume.h"

/* What happened to a cartridge before. */
struct history {
	unsigned failures; /* in a row */
	int64_t not_before_s, recalled_s;
};

/* A job that is not final. */
struct entry {
	struct engine *engine;
	struct job *job;
	struct mover *mover;              /* NULL: not being run */
	struct library *library;          /* while it is run */
	const struct drive_config *drive; /* while it is run; NULL: none */
	enum job_state told;              /* to the listener */
	int64_t not_before_s;
};

struct engine {
	const struct policy_config *config;
	struct catalog *catalog;
	struct control_client *client; /* may be NULL */
	struct watcher *watcher;
	struct sweeper *sweeper;
	GPtrArray *open;     /* struct entry * */
	GHashTable *history; /* "library/barcode" -> struct history */
	GHashTable *synced;  /* "library/barcode" -> what of its header is in the catalogue */
	char *problems;      /* that were told last */
	void (*changed)(void *ctx, const struct job *job);
	void *changed_ctx;
	guint tick, wake; /* GLib sources; 0 = none */
	int64_t looked_ms, swept_ms;
	bool halted;
};

struct entry *engine_entry(struct engine *e, uint64_t id); /* NULL: it is not open */
/* Takes @job. NULL: it could not be kept. */
struct entry *engine_add(struct engine *e, struct job *job, GError **error);
void engine_tell(struct engine *e, const struct job *job);
/* Remembers how a job of a cartridge ended. */
void engine_note(struct engine *e, const struct job *job);

/* Everything, now; world_free(). */
struct world *engine_world(struct engine *e);
/* What the scheduler needs; engine_input_clear(). */
void engine_input(struct engine *e, const struct world *world, struct scheduler_input *in);
void engine_input_clear(struct scheduler_input *in);

#endif
