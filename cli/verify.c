/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: vtl cartridge verify: reads everything that is recorded, in several threads.
 *
 * Each thread has the cartridge open by itself and takes one group of objects (cartridge.h) after
 * the other; the groups are numbered by one cartridge that all share under the lock.  What was
 * found is kept in the order of the groups, so that a run that ended early can be resumed.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/verify_state.h"
#include "cli/vtl.h"

#define JOBS_DEFAULT 8u
#define JOBS_MAX     64u
#define REDRAW_US    (200 * 1000)
#define TELL_BYTES   (16u << 20) /* between two calls of tell(), about */

static const struct column columns[] = {
	{ "barcode", "CARTRIDGE", COLUMN_TEXT },
	{ "result", "RESULT", COLUMN_TEXT },
	{ "blocks", "BLOCKS", COLUMN_NUMBER },
	{ "filemarks", "FILEMARKS", COLUMN_NUMBER },
	{ "bytes", "BYTES", COLUMN_SIZE },
	{ "damaged", "DAMAGED", COLUMN_NUMBER },
	{ "digest", "SHA-256 OF THE RECORDING", COLUMN_TEXT },
	{ "notes", NULL, COLUMN_TEXT },
};

struct verifying {
	const char *barcode; /* for people, with the partition where there are several */
	const char *folder;  /* in the pool */
	const char *pool;
	bool digest;
	bool bar; /* somebody looks at stderr */
	uint64_t total;
	int64_t began_us;

	GMutex lock; /* for all below */
	GCond ended; /* a thread has */
	struct cart *cart;
	struct verify_state *state;
	GArray *groups; /* struct verified_group */
	unsigned next;  /* group to be taken */
	unsigned kept;  /* groups done, in order, which the state knows */
	unsigned running;
	uint64_t bytes, resumed_bytes;
	int error;    /* the first one */
	bool changed; /* a digest differs from the kept one */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static const char *outcome_text(int r)
{
	return r > 0 ? cart_outcome_name(r) : g_strerror(-r);
}

/* ---- the bar ---- */

static void clear_bar(const struct verifying *v)
{
	if (v->bar)
		(void)fputs("\r\033[K", stderr);
}

static void draw_bar(const struct verifying *v)
{
	double seconds = (double)(g_get_monotonic_time() - v->began_us) / G_USEC_PER_SEC;
	double rate = seconds > 0 ? (double)(v->bytes - v->resumed_bytes) / seconds : 0;
	uint64_t left = v->bytes < v->total && rate > 0
				? (uint64_t)((double)(v->total - v->bytes) / rate)
				: 0;

	if (!v->bar || v->total == 0)
		return;
	(void)fprintf(stderr,
		      "\r\033[K%s: %3" PRIu64 " %%  %.1f MB/s  %" PRIu64 ":%02" PRIu64 ":%02" PRIu64
		      " left",
		      v->barcode, MIN(v->bytes, v->total) * 100 / v->total, rate / 1e6, left / 3600,
		      left / 60 % 60, left % 60);
}

/* ---- threads ---- */

struct worker {
	struct verifying *v;
	uint64_t told; /* bytes of the group at hand that the bar knows */
};

/* Under the lock, which also keeps v->cart. */
static void tell_damaged(struct verifying *v, uint64_t object)
{
	struct cart_place place;
	int r = cart_place(v->cart, object, &place);

	clear_bar(v);
	if (r == 0)
		(void)fprintf(stderr,
			      "%s: object %" PRIu64 " is damaged: %s/%s%s/%s, offset %" PRIu64 "\n",
			      v->barcode, object, v->pool, v->folder, CART_SUFFIX, place.file,
			      place.offset);
	else
		(void)fprintf(stderr, "%s: object %" PRIu64 " is damaged: no frame of it is left\n",
			      v->barcode, object);
}

static bool tell(void *ctx, uint64_t object, bool damaged)
{
	struct worker *w = ctx;
	struct verifying *v = w->v;
	bool go_on;

	g_mutex_lock(&v->lock);
	if (damaged) {
		tell_damaged(v, object);
	} else {
		v->bytes += TELL_BYTES;
		w->told += TELL_BYTES;
	}
	go_on = v->error == 0 && interrupted == 0;
	g_mutex_unlock(&v->lock);
	return go_on;
}

/* The next group for a thread; false: there is no more, or no use in it. */
static bool take(struct verifying *v, unsigned *ret_number, struct cart_group *ret_group)
{
	struct verified_group g = { 0 };
	uint64_t first = 0;
	bool taken = false;
	int r;

	g_mutex_lock(&v->lock);
	if (v->next > 0)
		first = g_array_index(v->groups, struct verified_group, v->next - 1).group.end;
	if (v->error == 0 && interrupted == 0) {
		r = cart_group_at(v->cart, first, &g.group);
		taken = r == 0;
		if (r != 0 && r != CART_E_EOD)
			v->error = r;
	}
	if (taken) {
		g_array_append_val(v->groups, g);
		*ret_number = v->next++;
		*ret_group = g.group;
	}
	g_mutex_unlock(&v->lock);
	return taken;
}

static void put(struct worker *w, unsigned number, const struct verified_group *found, int r)
{
	struct verifying *v = w->v;
	struct verified_group *g;

	g_mutex_lock(&v->lock);
	if (r != 0 && r != -ECANCELED && v->error == 0)
		v->error = r;
	if (r == 0) {
		g_array_index(v->groups, struct verified_group, number) = *found;
		v->bytes += found->check.bytes - w->told;
	}
	w->told = 0;
	while (v->kept < v->groups->len &&
	       (g = &g_array_index(v->groups, struct verified_group, v->kept))->done) {
		verify_state_add(v->state, g);
		v->kept++;
	}
	g_mutex_unlock(&v->lock);
}

static void *work(void *data)
{
	struct worker w = { .v = data };
	struct verifying *v = w.v;
	struct cart *cart = NULL;
	unsigned number;
	struct verified_group g = { 0 };
	int r = cart_open(v->pool, v->folder, CART_OPEN_READ | CART_OPEN_LOOK, &cart);

	while (r == 0 && take(v, &number, &g.group)) {
		r = cart_verify_group(cart, &g.group, v->digest, tell, &w, &g.check);
		g.done = r == 0;
		put(&w, number, &g, r);
	}
	ignore_result(cart_close(cart)); /* it was only read */
	g_mutex_lock(&v->lock);
	if (r != 0 && r != -ECANCELED && v->error == 0)
		v->error = r;
	v->running--;
	g_cond_signal(&v->ended);
	g_mutex_unlock(&v->lock);
	return NULL;
}

static void run_threads(struct verifying *v, unsigned jobs)
{
	GThread *threads[JOBS_MAX];

	v->began_us = g_get_monotonic_time();
	v->running = jobs;
	for (unsigned i = 0; i < jobs; i++)
		threads[i] = g_thread_new("verify", work, v);
	g_mutex_lock(&v->lock);
	while (v->running > 0) {
		draw_bar(v);
		(void)g_cond_wait_until(&v->ended, &v->lock, g_get_monotonic_time() + REDRAW_US);
	}
	g_mutex_unlock(&v->lock);
	for (unsigned i = 0; i < jobs; i++)
		(void)g_thread_join(threads[i]);
	clear_bar(v);
}

/* ---- the result ---- */

static void differs(void *ctx, const struct cart_group *group)
{
	struct verifying *v = ctx;

	v->changed = true;
	(void)fprintf(stderr,
		      "%s: objects %" PRIu64 " to %" PRIu64
		      " are not what they were when their digest was kept, though every checksum "
		      "fits\n",
		      v->barcode, group->first, group->end - 1);
}

/* The digest as text; "" where there is none. */
static char *find_digest(struct verifying *v)
{
	struct cart_digest *d = cart_digest_new();
	GString *text = g_string_new(NULL);
	uint8_t digest[CART_DIGEST_SIZE];

	for (unsigned i = 0; d != NULL && i < v->groups->len; i++)
		cart_digest_group(d, &g_array_index(v->groups, struct verified_group, i).group);
	if (d != NULL && cart_digest_compare(v->cart, d, differs, v) >= 0) {
		cart_digest_end(d, digest);
		for (unsigned i = 0; i < sizeof(digest); i++)
			g_string_append_printf(text, "%02x", digest[i]);
	}
	cart_digest_free(d);
	return g_string_free(text, FALSE);
}

/* What is derived from the data and lost or wrong: a note, since nothing is lost with it. NULL:
 * nothing is. */
static const char *find_note(struct verifying *v, bool index_rebuilt)
{
	unsigned notes = 0;

	if (index_rebuilt)
		return "the index, or the list of filemarks beside it, is lost or damaged";
	if (cart_check_tables(v->cart, &notes) != 0)
		return NULL;
	if ((notes & CART_NOTE_MARKS) != 0)
		return "the list of filemarks (marks) is lost or damaged";
	if ((notes & CART_NOTE_ROWS_DAMAGED) != 0)
		return "the list of rows of filemarks (rows) is damaged";
	if ((notes & CART_NOTE_ROWS_LOST) != 0)
		return "the list of rows of filemarks (rows) is not there";
	return NULL;
}

static void tell_note(const struct verifying *v, const char *note)
{
	(void)fprintf(
		stderr,
		"%s: note: %s; it only repeats what the data says, so nothing is lost, and it "
		"is made anew when it is needed (at the next load, or by vtl cartridge repair "
		"%.*s)\n",
		v->barcode, note, (int)strcspn(v->barcode, "/"), v->barcode);
}

/* Where a physical volume has what is damaged here. */
static void tell_copies(const struct verifying *v)
{
	const struct cart_info *info = cart_info(v->cart);
	GString *volumes = g_string_new(NULL);

	for (unsigned i = 0; i < info->copies_cnt; i++)
		if (info->copies[i].generation == info->generation)
			g_string_append_printf(volumes, "%s%s", volumes->len > 0 ? ", " : "",
					       info->copies[i].volume);
	if (volumes->len > 0 && info->state == CART_PREMIGRATED)
		(void)fprintf(
			stderr,
			"%s: the copy on volume %s is of this recording, and was verified; this "
			"frees the damaged data on disk and brings it back from there:\n"
			"  vtl migrate --wait %s && vtl recall --wait %s\n",
			v->barcode, volumes->str, v->barcode, v->barcode);
	(void)g_string_free(volumes, TRUE);
}

static enum vtl_exit add_row(struct verifying *v, struct table *table)
{
	bool rebuilt = false;
	const char *note;
	g_autofree char *digest = NULL;
	struct cart_check sum = { 0 };

	for (unsigned i = 0; i < v->groups->len; i++) {
		const struct cart_check *c =
			&g_array_index(v->groups, struct verified_group, i).check;

		sum.blocks += c->blocks;
		sum.filemarks += c->filemarks;
		sum.bytes += c->bytes;
		sum.damaged += c->damaged;
		rebuilt |= c->index_rebuilt;
	}
	note = find_note(v, rebuilt);
	if (note != NULL)
		tell_note(v, note);
	if (sum.damaged > 0)
		tell_copies(v);
	if (v->digest && sum.damaged == 0)
		digest = find_digest(v);
	table_row(table);
	table_text(table, v->barcode);
	table_text(table, sum.damaged > 0 ? "damaged" : v->changed ? "changed" : "good");
	table_number(table, sum.blocks);
	table_number(table, sum.filemarks);
	table_number(table, sum.bytes);
	table_number(table, sum.damaged);
	if (digest != NULL)
		table_text(table, digest);
	else
		table_absent(table);
	if (note != NULL)
		table_text(table, note);
	return sum.damaged > 0 || v->changed ? VTL_FAILED : VTL_OK;
}

static void resume(struct verifying *v)
{
	for (unsigned i = 0; i < v->groups->len; i++)
		v->bytes += g_array_index(v->groups, struct verified_group, i).check.bytes;
	v->resumed_bytes = v->bytes;
	v->next = v->kept = v->groups->len;
	if (v->groups->len > 0)
		(void)fprintf(
			stderr, "%s: goes on behind object %" PRIu64 "\n", v->barcode,
			g_array_index(v->groups, struct verified_group, v->kept - 1).group.end - 1);
}

static enum vtl_exit verify_open(struct vtl *vtl, struct verifying *v, struct table *table,
				 unsigned jobs)
{
	const struct cart_info *info = cart_info(v->cart);
	enum vtl_exit code;
	bool finished, kept;

	if (info->unclosed)
		g_printerr("vtl: the last writer of cartridge %s did not close it; read is what "
			   "the next mount will find\n",
			   v->barcode);
	v->total = info->logical_bytes;
	v->state = verify_state_open(info, v->digest, vtl_option(vtl, "resume") != NULL, v->groups);
	resume(v);
	run_threads(v, jobs);
	finished = v->error == 0 && interrupted == 0;
	kept = verify_state_is_kept(v->state);
	verify_state_close(v->state, finished);
	if (finished)
		return add_row(v, table);
	if (v->error != 0)
		code = vtl_fail_code(VTL_REFUSED, "cartridge %s cannot be checked: %s", v->barcode,
				     outcome_text(v->error));
	else
		code = vtl_fail_code(
			VTL_INTERRUPTED, "stopped; vtl cartridge verify --resume%s %.*s %s",
			v->digest ? " --digest" : "", (int)strcspn(v->barcode, "/"), v->barcode,
			kept ? "goes on there" : "will begin anew: where it was could not be kept");
	return code;
}

/* One recording. */
static enum vtl_exit verify_recording(struct vtl *vtl, struct table *table, struct verifying *v,
				      unsigned jobs)
{
	enum vtl_exit code;

	v->digest = vtl_option(vtl, "digest") != NULL;
	v->bar = isatty(STDERR_FILENO) != 0;
	g_mutex_init(&v->lock);
	g_cond_init(&v->ended);
	v->groups = g_array_new(FALSE, TRUE, sizeof(struct verified_group));
	code = verify_open(vtl, v, table, jobs);
	(void)g_array_unref(v->groups);
	g_cond_clear(&v->ended);
	g_mutex_clear(&v->lock);
	return code;
}

static enum vtl_exit verify_partition(struct vtl *vtl, struct table *table, struct cart *cart,
				      const char *pool, unsigned n, unsigned jobs)
{
	const struct cart_info *info = cart_info(cart);
	g_autofree char *folder =
		g_strdup_printf("%s/%s%s/partitions", pool, info->barcode, CART_SUFFIX);
	g_autofree char *label = g_strdup_printf("%s/%u", info->barcode, n);
	struct verifying v = { .barcode = label, .folder = info->layout.names[n], .pool = folder };
	enum vtl_exit code;
	int r = cart_open_partition(cart, n, &v.cart);

	if (r != 0)
		return vtl_fail_code(VTL_FAILED, "partition %u of cartridge %s: %s", n,
				     info->barcode, outcome_text(r));
	code = verify_recording(vtl, table, &v, jobs);
	ignore_result(cart_close(v.cart)); /* it was only read */
	return code;
}

/* All partitions, while the cartridge is held open. */
static enum vtl_exit verify_one(struct vtl *vtl, struct table *table, const char *barcode,
				unsigned jobs)
{
	struct verifying v = { .barcode = barcode, .folder = barcode };
	g_autofree char *pool = NULL;
	enum vtl_exit code, one;

	v.cart = check_open(vtl, barcode, &pool, &code);
	if (v.cart == NULL)
		return code;
	v.pool = pool;
	code = verify_recording(vtl, table, &v, jobs);
	for (unsigned n = 1; n < cart_info(v.cart)->layout.partitions && interrupted == 0; n++) {
		one = verify_partition(vtl, table, v.cart, pool, n, jobs);
		if (code == VTL_OK || one == VTL_INTERRUPTED)
			code = one;
	}
	ignore_result(cart_close(v.cart)); /* it was only read */
	return code;
}

enum vtl_exit cartridge_verify_run(struct vtl *vtl, char **args)
{
	g_autoptr(table_auto) table = table_new(columns, G_N_ELEMENTS(columns));
	const struct sigaction stop = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND };
	const char *text = vtl_option(vtl, "jobs");
	uint64_t jobs = MIN(g_get_num_processors(), JOBS_DEFAULT);
	enum vtl_exit worst = VTL_OK;

	if (text != NULL && !vtl_parse_number("--jobs", text, JOBS_MAX, &jobs))
		return VTL_USAGE;
	(void)sigaction(SIGINT, &stop, NULL); /* the second one ends it at once */
	(void)sigaction(SIGTERM, &stop, NULL);
	for (char **barcode = args; *barcode != NULL && interrupted == 0; barcode++) {
		enum vtl_exit code = vtl_check_barcode(*barcode)
					     ? verify_one(vtl, table, *barcode, (unsigned)jobs)
					     : VTL_USAGE;

		if (worst == VTL_OK || code == VTL_FAILED || code == VTL_INTERRUPTED)
			worst = code != VTL_OK ? code : worst;
	}
	vtl_print(vtl, table);
	return worst;
}
