/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c: vtl-policyd, the policy daemon (vtl-policyd(8)).
 *
 * It never goes to the background by itself.  Without a bus it works all the same: it finds what
 * to do by looking.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/service.h"

#ifndef VTL_VERSION
#define VTL_VERSION "unknown"
#endif

enum {
	EXIT_RAN = 0,
	EXIT_FAILED = 1, /* the system, or a job of --once, failed */
	EXIT_USAGE = 2,  /* the command line or the configuration is wrong */
};

struct options {
	char *config;
	char *forget;
	gboolean foreground, once, dry_run, version;
};

struct daemon {
	GMainLoop *loop;
	struct policy_config *config;
	struct catalog *catalog;
	struct control_client *client; /* NULL: no bus */
	struct engine *engine;
	struct service *service; /* NULL: no bus, or --once */
	bool failed;             /* --once: a job did */
	int lock;                /* held while the catalogue is ours; dies with the process */
};

static gboolean parse(int *argc, char ***argv, struct options *o, GError **error)
{
	const GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &o->config,
		  "Read FILE instead of " POLICY_CONFIG_FILE, "FILE" },
		{ "foreground", 'f', 0, G_OPTION_ARG_NONE, &o->foreground,
		  "Write messages to standard error, not to the journal", NULL },
		{ "once", 0, 0, G_OPTION_ARG_NONE, &o->once, "Do what is to be done now, then end",
		  NULL },
		{ "dry-run", 'n', 0, G_OPTION_ARG_NONE, &o->dry_run,
		  "Print what would be done now and why, do nothing", NULL },
		{ "forget", 0, 0, G_OPTION_ARG_STRING, &o->forget,
		  "Forget the copies on VOLUME of cartridges that are gone", "VOLUME" },
		{ "version", 'V', 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL },
		G_OPTION_ENTRY_NULL,
	};
	GOptionContext *context = g_option_context_new("");
	gboolean ok;

	g_option_context_set_summary(context,
				     "Copies virtual cartridges to physical tape by rules, and "
				     "brings them back.");
	g_option_context_set_description(context, "See vtl-policyd(8) and vtl-policy.conf(5).");
	g_option_context_add_main_entries(context, entries, NULL);
	ok = g_option_context_parse(context, argc, argv, error);
	if (ok && *argc > 1) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unexpected argument %s",
			    (*argv)[1]);
		ok = FALSE;
	}
	g_option_context_free(context);
	return ok;
}

/* ---- the daemon ---- */

/* Two daemons would write to the same tapes: one catalogue, one process. */
static gboolean lock_catalog(struct daemon *d, GError **error)
{
	g_autofree char *path = g_strconcat(d->config->catalog, ".lock", NULL);

	d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (d->lock >= 0 && flock(d->lock, LOCK_EX | LOCK_NB) == 0)
		return TRUE;
	if (errno == EWOULDBLOCK)
		g_set_error(
			error, POLICY_ERROR, POLICY_ERROR_BUSY,
			"another vtl-policyd uses the catalogue %s: ask it with vtl, or stop it",
			d->config->catalog);
	else
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED, "cannot lock %s: %s", path,
			    g_strerror(errno));
	return FALSE;
}

static gboolean open_catalog(struct daemon *d, bool dry_run, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(d->config->catalog);
	g_autofree char *note = NULL;
	/* a dry run leaves nothing behind, a file that the daemon could not open least of all */
	bool transient = dry_run && access(d->config->catalog, F_OK) < 0;

	if (!transient && g_mkdir_with_parents(folder, 0750) < 0) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED, "cannot make %s: %s", folder,
			    g_strerror(errno));
		return FALSE;
	}
	if (!dry_run && !lock_catalog(d, error))
		return FALSE;
	d->catalog = catalog_open(transient ? ":memory:" : d->config->catalog, &note, error);
	if (note != NULL)
		g_warning("%s", note);
	return d->catalog != NULL;
}

static gboolean daemon_open(struct daemon *d, const struct options *o, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (!open_catalog(d, o->dry_run, error))
		return FALSE;
	d->client = control_client_new(&cause);
	if (d->client == NULL && !o->dry_run)
		g_warning("%s; working without", cause->message);
	d->engine = engine_new(d->config, d->catalog, d->client, error);
	return d->engine != NULL;
}

static void daemon_close(struct daemon *d)
{
	service_free(d->service);
	engine_free(d->engine);
	control_client_free(d->client);
	catalog_close(d->catalog);
	if (d->lock >= 0)
		(void)close(d->lock);
	policy_config_free(d->config);
}

static gboolean end_if_quiet(void *data)
{
	struct daemon *d = data;

	if (!engine_is_quiet(d->engine))
		return G_SOURCE_CONTINUE;
	g_main_loop_quit(d->loop);
	return G_SOURCE_REMOVE;
}

/* The step that runs ends at its next block, which for a drive may be a rewind away. */
static gboolean on_signal(void *data)
{
	struct daemon *d = data;

	g_message("ending: waiting for the movers");
	engine_halt(d->engine);
	(void)g_timeout_add(50, end_if_quiet, d);
	return G_SOURCE_CONTINUE;
}

static void on_job_changed(void *ctx, const struct job *job)
{
	struct daemon *d = ctx;

	if (job->state == JOB_FAILED)
		d->failed = true;
}

static void run(struct daemon *d, bool once)
{
	g_autoptr(GError) error = NULL;
	guint term = g_unix_signal_add(SIGTERM, on_signal, d);
	guint interrupt = g_unix_signal_add(SIGINT, on_signal, d);

	if (once) {
		engine_set_listener(d->engine, on_job_changed, d);
		engine_look(d->engine);
		(void)g_timeout_add(50, end_if_quiet, d);
	} else {
		d->service = service_new(d->engine, d->client, &error);
		if (d->service == NULL)
			g_warning("%s; nobody can ask for anything", error->message);
		engine_start(d->engine);
	}
	g_main_loop_run(d->loop);
	(void)g_source_remove(term);
	(void)g_source_remove(interrupt);
}

static int work(struct daemon *d, const struct options *o, GError **error)
{
	g_autofree char *text = NULL;

	if (!daemon_open(d, o, error))
		return EXIT_FAILED;
	if (o->forget != NULL)
		return catalog_forget(d->catalog, o->forget, error) ? EXIT_RAN : EXIT_FAILED;
	if (o->dry_run) {
		text = engine_dry_run(d->engine);
		return fputs(text, stdout) == EOF || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_RAN;
	}
	d->loop = g_main_loop_new(NULL, FALSE);
	run(d, o->once);
	g_main_loop_unref(d->loop);
	return d->failed ? EXIT_FAILED : EXIT_RAN;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct daemon d = { .lock = -1 };
	g_autoptr(GError) error = NULL;
	int status = EXIT_USAGE;

	(void)setlocale(LC_ALL, "");
	(void)umask(007); /* files are for the user and the group vtl */
	if (parse(&argc, &argv, &o, &error)) {
		if (o.foreground || o.once || o.dry_run)
			g_log_set_writer_func(g_log_writer_standard_streams, NULL, NULL);
		if (o.version) {
			(void)puts("vtl-policyd " VTL_VERSION);
			status = EXIT_RAN;
		} else {
			d.config = policy_config_load(
				o.config == NULL ? POLICY_CONFIG_FILE : o.config, &error);
			if (d.config != NULL)
				status = work(&d, &o, &error);
		}
	}
	if (error != NULL)
		(void)fprintf(stderr, "vtl-policyd: %s\n", error->message);
	if (d.config != NULL)
		daemon_close(&d);
	g_free(o.config);
	g_free(o.forget);
	return status;
}
