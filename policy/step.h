/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step.h: what migrate.c, recall.c and import.c work with, and the helpers that they share.
 *
 * A run begins at job->state and goes on until the job is done: each state is entered through
 * step_enter(), which keeps it on disk, before anything of it is done, and everything in a state
 * may be done again after a restart (job.h).  A run returns FALSE with an error of POLICY_ERROR:
 *
 *   CANCELLED      somebody, or a mount, wanted it to stop; everything is as if it had not run
 *   WAIT           the cartridge or the drive is in use: run again later, from job->state
 *   VOLUME_FULL, VOLUME_BAD, WRONG_VOLUME      something is wrong with the volume
 *   others         failed
 */
#ifndef VTL_POLICY_STEP_H
#define VTL_POLICY_STEP_H

#include "policy/error.h"
#include "policy/job.h"
#include "policy/tapeio.h"

struct step_ops {
	/*
	 * Opens the drive of the job with its volume, once a run; later calls give the same one,
	 * rewound.  With @write it is made sure first that the volume may be written over.
	 */
	struct tapeio *(*tape)(void *ctx, bool write, GError **error);
	/* Closes the drive: what is left of the run needs it no more. */
	void (*drop_tape)(void *ctx);
	/* Keeps job->state (already set) and the rest of the job on disk, and tells the world. */
	gboolean (*keep)(void *ctx, GError **error);
	/* Called every few MiB with the progress in the job; false: stop. */
	bool (*go_on)(void *ctx);
	/* import: puts the finished cartridge into the library. */
	gboolean (*place)(void *ctx, GError **error);
};

struct step {
	struct job *job;
	const char *pool;
	const struct cart_params *params; /* import: of the cartridge to create */
	int64_t (*now_s)(void);           /* wall time */
	const struct step_ops *ops;
	void *ctx;
	uint64_t told_bytes; /* progress at the last go_on() */
	/* migrate: of what was read, until the cartridge is open for writing; owned by the run */
	struct cart_digest *digest;
};

gboolean step_enter(struct step *s, enum job_state state, GError **error);

/* Counts an object of @bytes as done. FALSE: the job was cancelled. */
gboolean step_progress(struct step *s, uint64_t bytes, GError **error);

/* Sets @error for a positive or negative outcome of lib/store (of @what the cartridge was asked) or
 * of tapeio. */
void step_cart_error(const struct step *s, int r, const char *what, GError **error);
void step_tape_error(const struct step *s, int r, const char *what, GError **error);

/* What a block of a volume is, as object number @object of a copy of form @form. */
void step_content(uint32_t form, uint64_t object, const void *data, size_t size,
		  struct cart_content *ret_content);

/* Appends such a block to @cart; as cart_write(). */
MUST_CHECK int step_write(struct cart *cart, const void *data, const struct cart_content *content);

/* SHA-256 of a block's data, as in cart_copy.first_block. */
void step_hash(const void *data, size_t size, uint8_t ret_digest[CART_DIGEST_SIZE]);

/* The hash of the first block of the tape @t, which is at its beginning; rewinds it again. 0 or as
 * tapeio_read(). */
MUST_CHECK int step_first_block(struct tapeio *t, uint8_t ret_digest[CART_DIGEST_SIZE]);

gboolean migrate_run(struct step *s, GError **error);
gboolean recall_run(struct step *s, GError **error);
gboolean import_run(struct step *s, GError **error);

#endif
