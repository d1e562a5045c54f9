/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c: the thread, the bus and the published libraries; methods.c answers the methods.
 *
 * The thread's context runs everything that talks to the bus.  Publishing and listening come from
 * other threads: they change the table under its mutex, or queue a source on the context.
 */
#include "lib/control/server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "lib/control/bus.h"
#include "lib/control/internal.h"

#define RETRY_S 10

struct published {
	struct library *library; /* a reference */
	unsigned cnt;            /* units that are open */
};

static struct server {
	GMutex lock;           /* of the table and the thread's life */
	GHashTable *libraries; /* name -> struct published; owned */
	GThread *thread;
	GMainContext *context;
	GMainLoop *loop;
	/* of the thread */
	GThreadPool *pool; /* of calls that wait for drives */
	GDBusConnection *bus;
	VtlLibrary1 *skeleton;
	guint name;
	bool warned;
} server;

/* ---- the table ---- */

static void published_free(gpointer data)
{
	struct published *p = data;

	library_set_listener(p->library, NULL, NULL);
	library_unref(p->library);
	g_free(p);
}

struct library *server_find(const char *name)
{
	struct library *library = NULL;
	const struct published *p;

	g_mutex_lock(&server.lock);
	p = server.libraries == NULL ? NULL : g_hash_table_lookup(server.libraries, name);
	if (p != NULL)
		library = library_ref(p->library);
	g_mutex_unlock(&server.lock);
	return library;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **server_names(void)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	gpointer name;

	g_mutex_lock(&server.lock);
	if (server.libraries != NULL) {
		g_hash_table_iter_init(&iter, server.libraries);
		while (g_hash_table_iter_next(&iter, &name, NULL))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_mutex_unlock(&server.lock);
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

GThreadPool *server_pool(void)
{
	return server.pool;
}

/* ---- events: from whichever thread moved, to the thread of the bus ---- */

struct event {
	struct library *library; /* a reference */
	char barcode[BARCODE_SIZE];
	uint16_t source, destination;
};

static void event_free(gpointer data)
{
	struct event *e = data;

	library_unref(e->library);
	g_free(e);
}

static void emit_drive(const struct event *e)
{
	unsigned first = library_first_address(e->library, ELEMENT_DRIVE);
	struct library_element element;

	if (!library_element(e->library, e->source, &element) || element.type != ELEMENT_DRIVE)
		return;
	vtl_library1_emit_drive_changed(server.skeleton, library_name(e->library),
					e->source - first + 1, element.drive_state,
					element.barcode);
}

static gboolean emit_event(gpointer data)
{
	const struct event *e = data;
	char source[LIBRARY_LABEL_SIZE], destination[LIBRARY_LABEL_SIZE];

	if (server.skeleton == NULL)
		return G_SOURCE_REMOVE;
	if (e->barcode[0] == '\0' && e->source == e->destination) {
		emit_drive(e);
		return G_SOURCE_REMOVE;
	}
	library_label(e->source, source);
	library_label(e->destination, destination);
	vtl_library1_emit_moved(server.skeleton, library_name(e->library), e->barcode, source,
				destination);
	return G_SOURCE_REMOVE;
}

/* Runs with locks of the library held: only queues. */
static void on_moved(void *ctx, struct library *library, const char *barcode, uint16_t source,
		     uint16_t destination)
{
	struct event *e = g_new0(struct event, 1);
	GSource *idle = g_idle_source_new();

	e->library = library_ref(library);
	g_strlcpy(e->barcode, barcode, sizeof(e->barcode));
	e->source = source;
	e->destination = destination;
	g_source_set_priority(idle, G_PRIORITY_DEFAULT);
	g_source_set_callback(idle, emit_event, e, event_free);
	(void)g_source_attach(idle, ctx);
	g_source_unref(idle);
}

void control_server_publish(struct library *library)
{
	struct published *p;

	g_mutex_lock(&server.lock);
	if (server.libraries == NULL)
		server.libraries =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, published_free);
	p = g_hash_table_lookup(server.libraries, library_name(library));
	if (p == NULL) {
		p = g_new0(struct published, 1);
		p->library = library_ref(library);
		(void)g_hash_table_insert(server.libraries, g_strdup(library_name(library)), p);
		if (server.context != NULL)
			library_set_listener(library, on_moved, server.context);
	}
	p->cnt++;
	g_mutex_unlock(&server.lock);
}

void control_server_withdraw(struct library *library)
{
	struct published *p = NULL;

	g_mutex_lock(&server.lock);
	if (server.libraries != NULL)
		p = g_hash_table_lookup(server.libraries, library_name(library));
	if (p != NULL && --p->cnt == 0)
		(void)g_hash_table_remove(server.libraries, library_name(library));
	g_mutex_unlock(&server.lock);
}

/* ---- the bus ---- */

static void disconnect(void)
{
	if (server.name != 0)
		g_bus_unown_name(server.name);
	server.name = 0;
	if (server.skeleton != NULL)
		g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(server.skeleton));
	g_clear_object(&server.skeleton);
	if (server.bus != NULL)
		(void)g_dbus_connection_close_sync(server.bus, NULL, NULL); /* or closed already */
	g_clear_object(&server.bus);
}

static void warn_once(const char *why)
{
	if (!server.warned)
		g_warning("%s is not on D-Bus: %s; drives and changers work, \"vtl\" cannot reach "
			  "them; trying again every %d s",
			  CONTROL_LIBRARY_NAME, why, RETRY_S);
	server.warned = true;
}

static gboolean connect_bus(gpointer data);

static void retry_later(void)
{
	GSource *timer = g_timeout_source_new_seconds(RETRY_S);

	g_source_set_callback(timer, connect_bus, NULL, NULL);
	(void)g_source_attach(timer, server.context);
	g_source_unref(timer);
}

static void on_name_lost(GDBusConnection *bus, const char *name, gpointer data)
{
	(void)bus, (void)name, (void)data;
	warn_once("the name is taken, or the bus policy forbids it (is the package's file in "
		  "/usr/share/dbus-1/system.d?)");
	disconnect();
	retry_later();
}

static void on_name_acquired(GDBusConnection *bus, const char *name, gpointer data)
{
	(void)bus, (void)name, (void)data;
	server.warned = false;
}

static gboolean connect_bus(gpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	disconnect();
	server.bus = control_bus_connect(&error);
	if (server.bus != NULL) {
		server.skeleton = methods_new();
		if (!g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(server.skeleton),
						      server.bus, CONTROL_LIBRARY_PATH, &error))
			disconnect();
	}
	if (server.bus == NULL) {
		warn_once(error->message);
		retry_later();
		return G_SOURCE_REMOVE;
	}
	server.name = g_bus_own_name_on_connection(server.bus, CONTROL_LIBRARY_NAME,
						   G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
						   on_name_acquired, on_name_lost, NULL, NULL);
	return G_SOURCE_REMOVE;
}

static gpointer serve(gpointer data)
{
	(void)data;
	g_main_context_push_thread_default(server.context);
	server.pool = methods_pool();
	(void)connect_bus(NULL);
	g_main_loop_run(server.loop);
	g_thread_pool_free(server.pool, FALSE, TRUE); /* all that was asked is answered */
	server.pool = NULL;
	disconnect();
	g_main_context_pop_thread_default(server.context);
	return NULL;
}

/* A thread without signals: those of the process are for the threads of tcmu-runner. */
static GThread *start_thread(void)
{
	GThread *thread;
	sigset_t all, old;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	thread = g_thread_try_new("vtl-control", serve, NULL, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return thread;
}

/* Libraries that were published before the thread was there. Called with the lock held. */
static void listen_to_all(void)
{
	GHashTableIter iter;
	gpointer p;

	if (server.libraries == NULL)
		return;
	g_hash_table_iter_init(&iter, server.libraries);
	while (g_hash_table_iter_next(&iter, NULL, &p))
		library_set_listener(((struct published *)p)->library, on_moved, server.context);
}

int control_server_start(void)
{
	int r = 0;

	g_mutex_lock(&server.lock);
	if (server.thread == NULL) {
		server.context = g_main_context_new();
		server.loop = g_main_loop_new(server.context, FALSE);
		server.thread = start_thread();
		if (server.thread == NULL) {
			g_clear_pointer(&server.loop, g_main_loop_unref);
			g_clear_pointer(&server.context, g_main_context_unref);
			r = -EAGAIN;
		} else {
			listen_to_all();
		}
	}
	g_mutex_unlock(&server.lock);
	return r;
}

static gboolean quit(gpointer data)
{
	g_main_loop_quit(data);
	return G_SOURCE_REMOVE;
}

/* A source of the loop ends it also where it does not run yet, which g_main_loop_quit() does not.
 */
static void end_thread(GThread *thread)
{
	GSource *idle = g_idle_source_new();

	g_source_set_callback(idle, quit, server.loop, NULL);
	(void)g_source_attach(idle, server.context);
	g_source_unref(idle);
	(void)g_thread_join(thread);
}

void control_server_stop(void)
{
	GThread *thread;

	g_mutex_lock(&server.lock);
	thread = server.thread;
	server.thread = NULL;
	g_clear_pointer(&server.libraries, g_hash_table_unref);
	g_mutex_unlock(&server.lock);
	if (thread == NULL)
		return;
	end_thread(thread);
	g_clear_pointer(&server.loop, g_main_loop_unref);
	g_clear_pointer(&server.context, g_main_context_unref);
	server.warned = false;
}
