/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler.h: what should be done now.  Pure: cartridges, jobs, drives, rules and the time in;
 * plans out.
 *
 * Order: recalls of mounted cartridges, other recalls, imports and migrations that people asked
 * for (oldest first), then what rules want, the cartridge that was not used for the longest time
 * first. A physical drive does one job at a time.
 */
#ifndef VTL_POLICY_SCHEDULER_H
#define VTL_POLICY_SCHEDULER_H

#include "policy/config.h"
#include "policy/world.h"

struct scheduler_drive {
	const struct drive_config *config;
	char volume[BARCODE_SIZE]; /* what is in it; "" = nothing */
	bool busy;                 /* a job has it */
	bool failed;               /* the volume failed before: the last choice for a recall */
	char *unfit; /* why the volume may not be written over; NULL: it may be; owned by the
			caller */
};

struct scheduler_job {
	const struct job *job; /* not final */
	bool running;
	int64_t not_before_s;
};

struct scheduler_input {
	const struct policy_config *config;
	const struct world *world;
	struct scheduler_drive *drives; /* `busy` is set for those that plans take */
	size_t drives_cnt;
	GArray *jobs; /* struct scheduler_job */
	/* Earliest time for new work on a cartridge after a failure, and its last recall; 0: none.
	 */
	int64_t (*not_before)(void *ctx, const char *library, const char *barcode);
	int64_t (*recalled)(void *ctx, const char *library, const char *barcode);
	void *ctx;
	int64_t now_s;
	unsigned minute; /* of the local day */
};

struct plan {
	uint64_t job; /* start this one; 0: make a new one */
	enum job_kind kind;
	char library[LIBRARY_NAME_SIZE];
	char barcode[BARCODE_SIZE];
	const struct scheduler_drive *drive; /* NULL: none is needed, or none can be had now */
	bool drop;                           /* the job is not wanted any more */
	char *wait; /* what it waits for: not to be started; NULL: start it; owned */
	char *why;  /* of a new job; owned */
	unsigned copies;
	bool release, for_mount;
	struct cart_copy copy; /* recall: to be read */
};

/* struct plan *; free with g_ptr_array_unref(). */
GPtrArray *scheduler_plan(struct scheduler_input *in);

/* Every rule, every condition with its value, and the decision, as text for people; g_free(). */
char *scheduler_explain(struct scheduler_input *in, const struct world_cart *cart);

/* The rule that decides about a cartridge: the first that matches; NULL: none does. */
const struct rule *scheduler_rule(const struct scheduler_input *in, const struct world_cart *cart);

#endif
