/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.h: jobs, volumes and copies in one SQLite file (WAL).
 *
 * What it can lose.  Copies are an index of the cartridges' headers and are made anew from them;
 * the marks of volumes come back as far as headers name them; the history of jobs is gone, and a
 * job that was under way begins again by its rule or by the mount that wanted it.  A file that is
 * damaged is put aside as NAME.damaged and a new one is begun; the caller logs *ret_note.
 *
 * Threads: one connection, locked inside; any thread may call.  Errors are of POLICY_ERROR.
 */
#ifndef VTL_POLICY_CATALOG_H
#define VTL_POLICY_CATALOG_H

#include "policy/error.h"
#include "policy/job.h"

/* What is known about a volume. */
enum volume_use {
	VOLUME_UNKNOWN = 0, /* nothing */
	VOLUME_WRITING, /* a job is writing to it, or was when it failed: its content is undefined
			 */
	VOLUME_COPIES,  /* was written to the end and read back well */
	VOLUME_FULL,    /* ended before the recording; its content is undefined */
	VOLUME_FAILED,  /* could not be written or read */
};

const char *volume_use_name(enum volume_use use); /* "unknown" ...; static */

struct volume_row {
	enum volume_use use;
	uint64_t job;   /* the last that changed it */
	char note[160]; /* why */
	int64_t changed_s;
};

/* One copy that a header names, or named when its cartridge was seen last. */
struct copy_row {
	char library[LIBRARY_NAME_SIZE];
	char barcode[BARCODE_SIZE];
	bool current; /* of the generation that the cartridge has */
	struct cart_copy copy;
};

struct catalog;

/* Opens, or makes, the file at @path. *ret_note (g_free()) is NULL or says what was lost. */
struct catalog *catalog_open(const char *path, char **ret_note, GError **error);
void catalog_close(struct catalog *c); /* NULL is allowed */

/* ---- jobs ---- */

/* Adds a job and gives it its number; the oldest of very many finished ones are forgotten. */
gboolean catalog_job_add(struct catalog *c, struct job *job, GError **error);
/* Keeps everything about @job, durably. */
gboolean catalog_job_keep(struct catalog *c, const struct job *job, GError **error);
/* NULL without @error where there is no such job. */
struct job *catalog_job(struct catalog *c, uint64_t id, GError **error);
/* struct job *, newest first; @limit 0 = all; @open_only: those that are not final. */
GPtrArray *catalog_jobs(struct catalog *c, unsigned limit, gboolean open_only, GError **error);

/* ---- volumes and drives ---- */

/* VOLUME_UNKNOWN where the catalogue has none. */
gboolean catalog_volume(struct catalog *c, const char *volume, struct volume_row *ret_row,
			GError **error);
gboolean catalog_volume_set(struct catalog *c, const char *volume, enum volume_use use,
			    uint64_t job, const char *note, int64_t now_s, GError **error);

/*
 * Which volume is in the drive @name: what the operator said last.  @configured is what the
 * configuration says now; where that differs from what it said then, it wins.
 */
gboolean catalog_drive(struct catalog *c, const char *name, const char *configured,
		       char ret_volume[BARCODE_SIZE], GError **error);
gboolean catalog_drive_set(struct catalog *c, const char *name, const char *configured,
			   const char *volume, GError **error);

/* ---- copies ---- */

/*
 * Takes over what a cartridge's header says of its copies.  Copies that it does not name any more
 * stay as they were: a header forgets one only where it was lost and made anew, and the volume is
 * then perhaps the last one with the data.  catalog_forget() is the operator's.
 */
gboolean catalog_copies_sync(struct catalog *c, const char *library, const struct cart_info *info,
			     GError **error);

/*
 * A current copy on @volume, or one whose first block has the hash @first_block; the other is NULL.
 * *ret_found is FALSE where there is none.  Copies of cartridges that are not seen any more count:
 * their pool may be away for a while.
 */
gboolean catalog_find_copy(struct catalog *c, const char *volume,
			   const uint8_t first_block[CART_DIGEST_SIZE], struct copy_row *ret_row,
			   gboolean *ret_found, GError **error);

/* Forgets the copies on @volume, and its mark: the operator wants it free. */
gboolean catalog_forget(struct catalog *c, const char *volume, GError **error);

#endif
