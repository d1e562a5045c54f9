/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.c: the tables behind catalog.h.
 *
 * Every public function takes the lock, runs one statement or one transaction, and leaves no
 * statement open.  bind() and the column helpers keep the statements one line each.
 */
#include "policy/catalog.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA_VERSION 1
#define KEEP_JOBS      20000

struct catalog {
	sqlite3 *db;
	GMutex lock;
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS jobs ("
	" id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, library TEXT NOT NULL,"
	" barcode TEXT NOT NULL, drive TEXT NOT NULL, volume TEXT NOT NULL, why TEXT, error TEXT,"
	" copies INTEGER, release INTEGER, for_mount INTEGER, objects INTEGER, objects_total INTEGER, bytes INTEGER,"
	" bytes_total INTEGER, created INTEGER, started INTEGER, finished INTEGER,"
	" attempts INTEGER, copy_volume TEXT, copy_file INTEGER, copy_form INTEGER,"
	" copy_generation INTEGER, copy_blocks INTEGER, copy_filemarks INTEGER,"
	" copy_bytes INTEGER, copy_verified INTEGER, copy_digest BLOB, copy_first_block BLOB);"
	"CREATE TABLE IF NOT EXISTS volumes ("
	" volume TEXT PRIMARY KEY, use INTEGER NOT NULL, job INTEGER, note TEXT,"
	" changed INTEGER) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS drives ("
	" name TEXT PRIMARY KEY, configured TEXT NOT NULL, volume TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS copies ("
	" library TEXT NOT NULL, barcode TEXT NOT NULL, current INTEGER NOT NULL,"
	" volume TEXT NOT NULL, file INTEGER, form INTEGER, generation INTEGER, blocks INTEGER,"
	" filemarks INTEGER, bytes INTEGER, verified INTEGER, digest BLOB, first_block BLOB,"
	" PRIMARY KEY (library, barcode, volume)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS copies_volume ON copies (volume);"
	"CREATE INDEX IF NOT EXISTS copies_first_block ON copies (first_block);";

/* ---- statements ---- */

static gboolean fail(struct catalog *c, GError **error)
{
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED, "the catalogue %s failed: %s",
		    sqlite3_db_filename(c->db, "main"), sqlite3_errmsg(c->db));
	return FALSE;
}

static gboolean run(struct catalog *c, const char *sql, GError **error)
{
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? TRUE : fail(c, error);
}

static int bind_one(sqlite3_stmt *stmt, int i, char type, va_list *args)
{
	if (type == 's')
		return sqlite3_bind_text(stmt, i, va_arg(*args, const char *), -1,
					 SQLITE_TRANSIENT);
	if (type == 'd') /* a digest */
		return sqlite3_bind_blob(stmt, i, va_arg(*args, const uint8_t *), CART_DIGEST_SIZE,
					 SQLITE_TRANSIENT);
	return sqlite3_bind_int64(stmt, i, va_arg(*args, int64_t));
}

/* Prepares @sql and binds its parameters: 's' const char *, 'd' a digest, 'i' int64_t. NULL:
 * failed. */
static sqlite3_stmt *prepare(struct catalog *c, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt = NULL;
	va_list args;
	int r = sqlite3_prepare_v2(c->db, sql, -1, &stmt, NULL);

	va_start(args, types);
	for (int i = 1; r == SQLITE_OK && types[i - 1] != '\0'; i++)
		r = bind_one(stmt, i, types[i - 1], &args);
	va_end(args);
	if (r == SQLITE_OK)
		return stmt;
	(void)sqlite3_finalize(stmt);
	return NULL;
}

/* Runs a prepared statement that gives no rows, and frees it. */
static gboolean finish(struct catalog *c, sqlite3_stmt *stmt, GError **error)
{
	gboolean ok = stmt != NULL && sqlite3_step(stmt) == SQLITE_DONE;

	if (!ok)
		(void)fail(c, error);
	(void)sqlite3_finalize(stmt); /* its error was step's */
	return ok;
}

static const char *column_string(sqlite3_stmt *stmt, int i)
{
	const char *text = (const char *)sqlite3_column_text(stmt, i);

	return text == NULL ? "" : text;
}

static uint64_t column_u64(sqlite3_stmt *stmt, int i)
{
	return (uint64_t)sqlite3_column_int64(stmt, i);
}

static void column_digest(sqlite3_stmt *stmt, int i, uint8_t ret_digest[CART_DIGEST_SIZE])
{
	const void *blob = sqlite3_column_blob(stmt, i);

	if (blob != NULL && sqlite3_column_bytes(stmt, i) == CART_DIGEST_SIZE)
		memcpy(ret_digest, blob, CART_DIGEST_SIZE);
	else
		memset(ret_digest, 0, CART_DIGEST_SIZE);
}

/* ---- open ---- */

static int read_version(struct catalog *c)
{
	sqlite3_stmt *stmt = prepare(c, "PRAGMA user_version", "");
	int version = -1;

	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		version = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return version;
}

static gboolean is_sound(struct catalog *c)
{
	sqlite3_stmt *stmt = prepare(c, "PRAGMA quick_check(1)", "");
	gboolean sound = stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW &&
			 strcmp(column_string(stmt, 0), "ok") == 0;

	(void)sqlite3_finalize(stmt);
	return sound;
}

static gboolean open_file(struct catalog *c, const char *path, gboolean *ret_damaged,
			  GError **error)
{
	int version;

	*ret_damaged = FALSE;
	if (sqlite3_open_v2(path, &c->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
			    NULL) != SQLITE_OK)
		return fail(c, error);
	(void)sqlite3_busy_timeout(c->db, 5000);
	if (!is_sound(c)) {
		*ret_damaged = sqlite3_errcode(c->db) == SQLITE_NOTADB ||
			       sqlite3_errcode(c->db) == SQLITE_CORRUPT ||
			       sqlite3_errcode(c->db) == SQLITE_OK;
		return fail(c, error);
	}
	version = read_version(c);
	if (version > SCHEMA_VERSION) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED,
			    "the catalogue %s is of version %d, this program knows %d: install "
			    "the newer one",
			    path, version, SCHEMA_VERSION);
		return FALSE;
	}
	if (!run(c, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", error))
		return FALSE;
	/* an existing one is not written to: another process may have it open */
	return version == SCHEMA_VERSION ||
	       (run(c, "BEGIN IMMEDIATE", error) && run(c, schema, error) &&
		run(c, "PRAGMA user_version=1; COMMIT", error));
}

static void put_aside(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *from = g_strconcat(path, suffixes[i], NULL);
		g_autofree char *to = g_strconcat(path, ".damaged", suffixes[i], NULL);

		(void)rename(from, to); /* the journal's files may not exist */
	}
}

struct catalog *catalog_open(const char *path, char **ret_note, GError **error)
{
	struct catalog *c = g_new0(struct catalog, 1);
	g_autoptr(GError) cause = NULL;
	gboolean damaged;

	g_mutex_init(&c->lock);
	*ret_note = NULL;
	if (open_file(c, path, &damaged, &cause))
		return c;
	if (damaged) {
		(void)sqlite3_close(c->db);
		c->db = NULL;
		put_aside(path);
		*ret_note = g_strdup_printf("%s; it was put aside as %s.damaged and begun anew: "
					    "the history of jobs is lost",
					    cause->message, path);
		g_clear_error(&cause);
		if (open_file(c, path, &damaged, &cause))
			return c;
		g_clear_pointer(ret_note, g_free);
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	catalog_close(c);
	return NULL;
}

void catalog_close(struct catalog *c)
{
	if (c == NULL)
		return;
	(void)sqlite3_close(c->db); /* no statement is open */
	g_mutex_clear(&c->lock);
	g_free(c);
}

/* ---- jobs ---- */

#define JOB_COLUMNS                                                                                          \
	"id, kind, state, library, barcode, drive, volume, why, error, copies, release, for_mount, objects," \
	" objects_total, bytes, bytes_total, created, started, finished, attempts, copy_volume,"             \
	" copy_file, copy_form, copy_generation, copy_blocks, copy_filemarks, copy_bytes,"                   \
	" copy_verified, copy_digest, copy_first_block"

static gboolean job_replace(struct catalog *c, const struct job *j, GError **error)
{
	const struct cart_copy *p = &j->copy;

	return finish(c,
		      prepare(c,
			      "REPLACE INTO jobs (" JOB_COLUMNS ") VALUES "
			      "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			      "issssssssiiiiiiiiiiisiiiiiiidd", (int64_t)j->id,
			      job_kind_name(j->kind), job_state_name(j->state), j->library,
			      j->barcode, j->drive, j->volume, j->why, j->error, (int64_t)j->copies,
			      (int64_t)j->release, (int64_t)j->for_mount, (int64_t)j->objects,
			      (int64_t)j->objects_total, (int64_t)j->bytes, (int64_t)j->bytes_total,
			      j->created_s, j->started_s, j->finished_s, (int64_t)j->attempts,
			      p->volume, (int64_t)p->file, (int64_t)p->form, (int64_t)p->generation,
			      (int64_t)p->blocks, (int64_t)p->filemarks, (int64_t)p->bytes,
			      p->verified_s, p->digest, p->first_block),
		      error);
}

static void job_copy_from_row(sqlite3_stmt *s, struct cart_copy *p)
{
	g_strlcpy(p->volume, column_string(s, 20), sizeof(p->volume));
	p->file = (uint32_t)column_u64(s, 21);
	p->form = (uint32_t)column_u64(s, 22);
	p->generation = column_u64(s, 23);
	p->blocks = column_u64(s, 24);
	p->filemarks = column_u64(s, 25);
	p->bytes = column_u64(s, 26);
	p->verified_s = sqlite3_column_int64(s, 27);
	column_digest(s, 28, p->digest);
	column_digest(s, 29, p->first_block);
}

/* NULL where a newer program wrote a kind or state that we do not know. */
static struct job *job_from_row(sqlite3_stmt *s)
{
	g_autoptr(Job) j = NULL;
	enum job_kind kind;
	enum job_state state;

	if (!job_kind_parse(column_string(s, 1), &kind) ||
	    !job_state_parse(column_string(s, 2), &state))
		return NULL;
	j = job_new(kind, column_string(s, 3), column_string(s, 4), column_string(s, 7),
		    sqlite3_column_int64(s, 16));
	j->id = column_u64(s, 0);
	j->state = state;
	g_strlcpy(j->drive, column_string(s, 5), sizeof(j->drive));
	g_strlcpy(j->volume, column_string(s, 6), sizeof(j->volume));
	if (sqlite3_column_type(s, 8) != SQLITE_NULL)
		job_set_error(j, column_string(s, 8));
	j->copies = (unsigned)column_u64(s, 9);
	j->release = sqlite3_column_int(s, 10) != 0;
	j->for_mount = sqlite3_column_int(s, 11) != 0;
	j->objects = column_u64(s, 12);
	j->objects_total = column_u64(s, 13);
	j->bytes = column_u64(s, 14);
	j->bytes_total = column_u64(s, 15);
	j->started_s = sqlite3_column_int64(s, 17);
	j->finished_s = sqlite3_column_int64(s, 18);
	j->attempts = (unsigned)column_u64(s, 19);
	job_copy_from_row(s, &j->copy);
	return g_steal_pointer(&j);
}

gboolean catalog_job_add(struct catalog *c, struct job *job, GError **error)
{
	sqlite3_stmt *stmt;
	gboolean ok = FALSE;

	g_mutex_lock(&c->lock);
	/* a number is never used twice: the highest row is never among the forgotten */
	stmt = prepare(c, "SELECT coalesce(max(id), 0) + 1 FROM jobs", "");
	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
		job->id = column_u64(stmt, 0);
		ok = TRUE;
	} else {
		(void)fail(c, error);
	}
	(void)sqlite3_finalize(stmt);
	ok = ok && job_replace(c, job, error);
	if (ok && job->id > KEEP_JOBS)
		ok = finish(c,
			    prepare(c,
				    "DELETE FROM jobs WHERE id < ? AND state IN "
				    "('done', 'failed', 'cancelled')",
				    "i", (int64_t)(job->id - KEEP_JOBS)),
			    error);
	g_mutex_unlock(&c->lock);
	return ok;
}

gboolean catalog_job_keep(struct catalog *c, const struct job *job, GError **error)
{
	gboolean ok;

	g_mutex_lock(&c->lock);
	ok = job_replace(c, job, error);
	g_mutex_unlock(&c->lock);
	return ok;
}

/* Collects the jobs of @stmt, and frees it. NULL: failed. */
static GPtrArray *collect_jobs(struct catalog *c, sqlite3_stmt *stmt, GError **error)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_free);
	int r = SQLITE_ERROR;

	while (stmt != NULL && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct job *job = job_from_row(stmt);

		if (job != NULL)
			g_ptr_array_add(jobs, job);
	}
	if (r != SQLITE_DONE)
		(void)fail(c, error);
	(void)sqlite3_finalize(stmt);
	return r == SQLITE_DONE ? g_steal_pointer(&jobs) : NULL;
}

GPtrArray *catalog_jobs(struct catalog *c, unsigned limit, gboolean open_only, GError **error)
{
	const char *sql = open_only ? "SELECT " JOB_COLUMNS " FROM jobs WHERE state NOT IN ('done',"
				      " 'failed', 'cancelled') ORDER BY id DESC LIMIT ?"
				    : "SELECT " JOB_COLUMNS " FROM jobs ORDER BY id DESC LIMIT ?";
	GPtrArray *jobs;

	g_mutex_lock(&c->lock);
	jobs = collect_jobs(c, prepare(c, sql, "i", limit == 0 ? INT64_C(-1) : (int64_t)limit),
			    error);
	g_mutex_unlock(&c->lock);
	return jobs;
}

struct job *catalog_job(struct catalog *c, uint64_t id, GError **error)
{
	g_autoptr(GPtrArray) jobs = NULL;

	g_mutex_lock(&c->lock);
	jobs = collect_jobs(
		c, prepare(c, "SELECT " JOB_COLUMNS " FROM jobs WHERE id = ?", "i", (int64_t)id),
		error);
	g_mutex_unlock(&c->lock);
	return jobs == NULL || jobs->len == 0 ? NULL : job_copy(g_ptr_array_index(jobs, 0));
}

/* ---- volumes and drives ---- */

const char *volume_use_name(enum volume_use use)
{
	static const char *const names[] = {
		[VOLUME_UNKNOWN] = "unknown", [VOLUME_WRITING] = "writing",
		[VOLUME_COPIES] = "copies",   [VOLUME_FULL] = "full",
		[VOLUME_FAILED] = "failed",
	};

	return names[use];
}

gboolean catalog_volume(struct catalog *c, const char *volume, struct volume_row *ret_row,
			GError **error)
{
	struct volume_row row = { .use = VOLUME_UNKNOWN };
	sqlite3_stmt *stmt;
	int r = SQLITE_ERROR;

	g_mutex_lock(&c->lock);
	stmt = prepare(c, "SELECT use, job, note, changed FROM volumes WHERE volume = ?", "s",
		       volume);
	if (stmt != NULL && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
		int use = sqlite3_column_int(stmt, 0);

		/* what a newer program knows is no reason to write */
		row.use = use >= 0 && use <= VOLUME_FAILED ? (enum volume_use)use : VOLUME_FAILED;
		row.job = column_u64(stmt, 1);
		g_strlcpy(row.note, column_string(stmt, 2), sizeof(row.note));
		row.changed_s = sqlite3_column_int64(stmt, 3);
	}
	if (r != SQLITE_ROW && r != SQLITE_DONE)
		(void)fail(c, error);
	(void)sqlite3_finalize(stmt);
	g_mutex_unlock(&c->lock);
	*ret_row = row;
	return r == SQLITE_ROW || r == SQLITE_DONE;
}

gboolean catalog_volume_set(struct catalog *c, const char *volume, enum volume_use use,
			    uint64_t job, const char *note, int64_t now_s, GError **error)
{
	gboolean ok;

	g_mutex_lock(&c->lock);
	ok = finish(c,
		    prepare(c,
			    "REPLACE INTO volumes (volume, use, job, note, changed) VALUES "
			    "(?,?,?,?,?)",
			    "siisi", volume, (int64_t)use, (int64_t)job, note, now_s),
		    error);
	g_mutex_unlock(&c->lock);
	return ok;
}

gboolean catalog_drive(struct catalog *c, const char *name, const char *configured,
		       char ret_volume[BARCODE_SIZE], GError **error)
{
	sqlite3_stmt *stmt;
	int r = SQLITE_ERROR;

	g_mutex_lock(&c->lock);
	stmt = prepare(c, "SELECT volume FROM drives WHERE name = ? AND configured = ?", "ss", name,
		       configured);
	if (stmt != NULL)
		r = sqlite3_step(stmt);
	g_strlcpy(ret_volume, r == SQLITE_ROW ? column_string(stmt, 0) : configured, BARCODE_SIZE);
	if (r != SQLITE_ROW && r != SQLITE_DONE)
		(void)fail(c, error);
	(void)sqlite3_finalize(stmt);
	g_mutex_unlock(&c->lock);
	return r == SQLITE_ROW || r == SQLITE_DONE;
}

gboolean catalog_drive_set(struct catalog *c, const char *name, const char *configured,
			   const char *volume, GError **error)
{
	gboolean ok;

	g_mutex_lock(&c->lock);
	ok = finish(c,
		    prepare(c, "REPLACE INTO drives (name, configured, volume) VALUES (?,?,?)",
			    "sss", name, configured, volume),
		    error);
	g_mutex_unlock(&c->lock);
	return ok;
}

/* ---- copies ---- */

static gboolean copy_insert(struct catalog *c, const char *library, const struct cart_info *info,
			    const struct cart_copy *p, GError **error)
{
	return finish(
		c,
		prepare(c,
			"REPLACE INTO copies (library, barcode, current, volume, file, form, "
			"generation, blocks, filemarks, bytes, verified, digest, first_block) "
			"VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
			"ssisiiiiiiidd", library, info->barcode,
			(int64_t)(p->generation == info->generation ||
				  p->generation == CART_GENERATION_UNKNOWN),
			p->volume, (int64_t)p->file, (int64_t)p->form, (int64_t)p->generation,
			(int64_t)p->blocks, (int64_t)p->filemarks, (int64_t)p->bytes, p->verified_s,
			p->digest, p->first_block),
		error);
}

gboolean catalog_copies_sync(struct catalog *c, const char *library, const struct cart_info *info,
			     GError **error)
{
	gboolean ok;

	g_mutex_lock(&c->lock);
	ok = run(c, "BEGIN IMMEDIATE", error);
	if (ok) {
		for (unsigned i = 0; ok && i < info->copies_cnt; i++)
			ok = copy_insert(c, library, info, &info->copies[i], error);
		if (ok)
			ok = run(c, "COMMIT", error);
		if (!ok) /* where even this fails, SQLite undoes it at the next open */
			(void)run(c, "ROLLBACK", NULL);
	}
	g_mutex_unlock(&c->lock);
	return ok;
}

static void copy_from_row(sqlite3_stmt *s, struct copy_row *row)
{
	struct cart_copy *p = &row->copy;

	*row = (struct copy_row){ .current = sqlite3_column_int(s, 2) != 0 };
	g_strlcpy(row->library, column_string(s, 0), sizeof(row->library));
	g_strlcpy(row->barcode, column_string(s, 1), sizeof(row->barcode));
	g_strlcpy(p->volume, column_string(s, 3), sizeof(p->volume));
	p->file = (uint32_t)column_u64(s, 4);
	p->form = (uint32_t)column_u64(s, 5);
	p->generation = column_u64(s, 6);
	p->blocks = column_u64(s, 7);
	p->filemarks = column_u64(s, 8);
	p->bytes = column_u64(s, 9);
	p->verified_s = sqlite3_column_int64(s, 10);
	column_digest(s, 11, p->digest);
	column_digest(s, 12, p->first_block);
}

#define COPY_COLUMNS                                                                           \
	"library, barcode, current, volume, file, form, generation, blocks, filemarks, bytes," \
	" verified, digest, first_block"

gboolean catalog_find_copy(struct catalog *c, const char *volume,
			   const uint8_t first_block[CART_DIGEST_SIZE], struct copy_row *ret_row,
			   gboolean *ret_found, GError **error)
{
	sqlite3_stmt *stmt;
	int r = SQLITE_ERROR;

	g_mutex_lock(&c->lock);
	if (volume != NULL)
		stmt = prepare(c,
			       "SELECT " COPY_COLUMNS " FROM copies WHERE current = 1 AND "
			       "volume = ? LIMIT 1",
			       "s", volume);
	else
		stmt = prepare(c,
			       "SELECT " COPY_COLUMNS " FROM copies WHERE current = 1 AND "
			       "first_block = ? LIMIT 1",
			       "d", first_block);
	if (stmt != NULL)
		r = sqlite3_step(stmt);
	if (r == SQLITE_ROW)
		copy_from_row(stmt, ret_row);
	else if (r != SQLITE_DONE)
		(void)fail(c, error);
	*ret_found = r == SQLITE_ROW;
	(void)sqlite3_finalize(stmt);
	g_mutex_unlock(&c->lock);
	return r == SQLITE_ROW || r == SQLITE_DONE;
}

gboolean catalog_forget(struct catalog *c, const char *volume, GError **error)
{
	gboolean ok;

	g_mutex_lock(&c->lock);
	ok = finish(c, prepare(c, "DELETE FROM copies WHERE volume = ?", "s", volume), error) &&
	     finish(c, prepare(c, "DELETE FROM volumes WHERE volume = ?", "s", volume), error);
	g_mutex_unlock(&c->lock);
	return ok;
}
