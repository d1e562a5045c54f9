/* SPDX-License-Identifier: Apache-2.0 */
/* service.c: see service.h. Each method is one call of the engine. */
#include "policy/service.h"

#include <pwd.h>

#include "lib/control/org-tcmuvtl.h"
#include "lib/library/library.h"
#include "policy/error.h"

struct service {
	struct engine *engine;
	struct control_client *client; /* may be NULL */
	GDBusConnection *connection;
	VtlPolicy1 *object;
	guint name;
};

/* ---- answers ---- */

static int control_code(const GError *error)
{
	if (g_error_matches(error, POLICY_ERROR, POLICY_ERROR_NOT_FOUND) ||
	    g_error_matches(error, LIBRARY_ERROR, LIBRARY_ERROR_NOT_FOUND))
		return CONTROL_ERROR_NOT_FOUND;
	if (g_error_matches(error, POLICY_ERROR, POLICY_ERROR_BUSY))
		return CONTROL_ERROR_BUSY;
	return CONTROL_ERROR_FAILED;
}

static gboolean refuse(GDBusMethodInvocation *call, const GError *error)
{
	g_dbus_method_invocation_return_error_literal(call, CONTROL_ERROR, control_code(error),
						      error->message);
	return TRUE;
}

/* Who asked: shown as the reason of a job. */
static char *asker(GDBusMethodInvocation *call)
{
	const char *sender = g_dbus_method_invocation_get_sender(call);
	g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
		g_dbus_method_invocation_get_connection(call), "org.freedesktop.DBus",
		"/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixUser",
		g_variant_new("(s)", sender), G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE,
		CONTROL_TIMEOUT_MS, NULL, NULL);
	const struct passwd *user;
	guint uid;

	if (answer == NULL)
		return g_strdup_printf("asked by %s", sender); /* it has left the bus */
	g_variant_get(answer, "(u)", &uid);
	user = getpwuid(uid); /* this process has one thread that asks */
	return user == NULL ? g_strdup_printf("asked by user %u", uid)
			    : g_strdup_printf("asked by %s", user->pw_name);
}

static void add_string(GVariantBuilder *b, const char *key, const char *value)
{
	if (value != NULL && *value != '\0')
		g_variant_builder_add(b, "{sv}", key, g_variant_new_string(value));
}

static void add_u64(GVariantBuilder *b, const char *key, uint64_t value)
{
	g_variant_builder_add(b, "{sv}", key, g_variant_new_uint64(value));
}

static void add_time(GVariantBuilder *b, const char *key, int64_t value)
{
	if (value != 0)
		g_variant_builder_add(b, "{sv}", key, g_variant_new_int64(value));
}

static void add_digest(GVariantBuilder *b, const struct cart_copy *copy)
{
	char hex[2 * CART_DIGEST_SIZE + 1] = "";

	if (copy->blocks + copy->filemarks == 0)
		return;
	for (size_t i = 0; i < CART_DIGEST_SIZE; i++)
		(void)g_snprintf(hex + 2 * i, 3, "%02x", copy->digest[i]);
	add_string(b, "digest", hex);
}

static void add_job(GVariantBuilder *list, const struct job *job)
{
	GVariantBuilder b;

	g_variant_builder_init(&b, G_VARIANT_TYPE("a{sv}"));
	add_u64(&b, "id", job->id);
	add_string(&b, "kind", job_kind_name(job->kind));
	add_string(&b, "library", job->library);
	add_string(&b, "barcode", job->barcode);
	add_string(&b, "state", job_state_name(job->state));
	add_string(&b, "drive", job->drive);
	add_string(&b, "volume", job->volume);
	add_u64(&b, "objects", job->objects);
	add_u64(&b, "objects_total", job->objects_total);
	add_u64(&b, "bytes", job->bytes);
	add_u64(&b, "bytes_total", job->bytes_total);
	add_time(&b, "created", job->created_s);
	add_time(&b, "started", job->started_s);
	add_time(&b, "finished", job->finished_s);
	add_string(&b, "why", job->why);
	add_string(&b, "error", job->error);
	add_digest(&b, &job->copy);
	g_variant_builder_add_value(list, g_variant_builder_end(&b));
}

static void add_drive(GVariantBuilder *list, const struct engine_drive *d)
{
	GVariantBuilder b;

	g_variant_builder_init(&b, G_VARIANT_TYPE("a{sv}"));
	add_string(&b, "name", d->config->name);
	add_string(&b, "device", d->config->device);
	add_string(&b, "volume", d->volume);
	add_string(&b, "state", d->state);
	add_u64(&b, "job", d->job);
	add_string(&b, "obstacle", d->obstacle);
	g_variant_builder_add_value(list, g_variant_builder_end(&b));
}

/* ---- methods ---- */

static gboolean on_migrate(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *library,
			   const char *barcode, struct service *s)
{
	g_autofree char *why = asker(call);
	g_autoptr(GError) error = NULL;
	uint64_t job;

	if (!engine_migrate(s->engine, library, barcode, why, &job, &error))
		return refuse(call, error);
	vtl_policy1_complete_migrate(object, call, job);
	return TRUE;
}

static gboolean on_recall(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *library,
			  const char *barcode, struct service *s)
{
	g_autofree char *why = asker(call);
	g_autoptr(GError) error = NULL;
	uint64_t job;

	if (!engine_recall(s->engine, library, barcode, why, &job, &error))
		return refuse(call, error);
	vtl_policy1_complete_recall(object, call, job);
	return TRUE;
}

static gboolean on_import(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *drive,
			  const char *library, const char *barcode, gboolean is_copy,
			  struct service *s)
{
	g_autofree char *why = asker(call);
	g_autoptr(GError) error = NULL;
	uint64_t job;

	if (!engine_import(s->engine, drive, library, barcode, is_copy, why, &job, &error))
		return refuse(call, error);
	vtl_policy1_complete_import_volume(object, call, job);
	return TRUE;
}

static gboolean on_cancel(VtlPolicy1 *object, GDBusMethodInvocation *call, guint64 job,
			  struct service *s)
{
	g_autoptr(GError) error = NULL;

	if (!engine_cancel(s->engine, job, &error))
		return refuse(call, error);
	vtl_policy1_complete_cancel(object, call);
	return TRUE;
}

static gboolean on_list_jobs(VtlPolicy1 *object, GDBusMethodInvocation *call, guint limit,
			     struct service *s)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) jobs = engine_jobs(s->engine, limit, &error);
	GVariantBuilder list;

	if (jobs == NULL)
		return refuse(call, error);
	g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < jobs->len; i++)
		add_job(&list, g_ptr_array_index(jobs, i));
	vtl_policy1_complete_list_jobs(object, call, g_variant_builder_end(&list));
	return TRUE;
}

static gboolean on_explain(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *library,
			   const char *barcode, struct service *s)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = engine_explain(s->engine, library, barcode, &error);

	if (text == NULL)
		return refuse(call, error);
	vtl_policy1_complete_explain(object, call, text);
	return TRUE;
}

static gboolean on_list_physical(VtlPolicy1 *object, GDBusMethodInvocation *call, struct service *s)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) drives = engine_drives(s->engine, &error);
	GVariantBuilder list;

	if (drives == NULL)
		return refuse(call, error);
	g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < drives->len; i++)
		add_drive(&list, g_ptr_array_index(drives, i));
	vtl_policy1_complete_list_physical(object, call, g_variant_builder_end(&list));
	return TRUE;
}

static gboolean on_set_volume(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *drive,
			      const char *volume, struct service *s)
{
	g_autoptr(GError) error = NULL;

	if (!engine_set_volume(s->engine, drive, volume, &error))
		return refuse(call, error);
	vtl_policy1_complete_set_volume(object, call);
	return TRUE;
}

/* ---- signals ---- */

static void on_job_changed(void *ctx, const struct job *job)
{
	struct service *s = ctx;

	vtl_policy1_emit_job_changed(s->object, job->id, job_state_name(job->state));
}

static void on_moved(void *ctx, const char *library, const char *barcode, const char *source,
		     const char *destination)
{
	(void)library;
	(void)barcode;
	(void)source;
	(void)destination;
	engine_wake(((struct service *)ctx)->engine);
}

static void on_drive_changed(void *ctx, const char *library, unsigned drive, const char *state,
			     const char *barcode)
{
	(void)library;
	(void)drive;
	(void)state;
	(void)barcode;
	engine_wake(((struct service *)ctx)->engine);
}

static void on_name_lost(GDBusConnection *connection, const char *name, void *ctx)
{
	(void)connection;
	(void)ctx;
	g_warning("cannot own the name %s on the bus: another vtl-policyd runs, or the bus does "
		  "not allow it (see /usr/share/dbus-1/system.d/org.tcmuvtl.conf)",
		  name);
}

static void connect_methods(struct service *s)
{
	static const struct {
		const char *signal;
		GCallback method;
	} rows[] = {
		{ "handle-migrate", G_CALLBACK(on_migrate) },
		{ "handle-recall", G_CALLBACK(on_recall) },
		{ "handle-import-volume", G_CALLBACK(on_import) },
		{ "handle-cancel", G_CALLBACK(on_cancel) },
		{ "handle-list-jobs", G_CALLBACK(on_list_jobs) },
		{ "handle-explain", G_CALLBACK(on_explain) },
		{ "handle-list-physical", G_CALLBACK(on_list_physical) },
		{ "handle-set-volume", G_CALLBACK(on_set_volume) },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		(void)g_signal_connect(s->object, rows[i].signal, rows[i].method, s);
}

struct service *service_new(struct engine *e, struct control_client *client, GError **error)
{
	static const struct control_watch_ops watch = {
		.moved = on_moved,
		.drive_changed = on_drive_changed,
	};
	struct service *s = g_new0(struct service, 1);

	s->engine = e;
	s->client = client;
	s->object = vtl_policy1_skeleton_new();
	connect_methods(s);
	s->connection = control_bus_connect(error);
	if (s->connection == NULL ||
	    !g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(s->object), s->connection,
					      CONTROL_POLICY_PATH, error)) {
		service_free(s);
		return NULL;
	}
	s->name = g_bus_own_name_on_connection(s->connection, CONTROL_POLICY_NAME,
					       G_BUS_NAME_OWNER_FLAGS_NONE, NULL, on_name_lost,
					       NULL, NULL);
	engine_set_listener(e, on_job_changed, s);
	if (client != NULL)
		control_watch(client, &watch, s);
	return s;
}

void service_free(struct service *s)
{
	if (s == NULL)
		return;
	if (s->name != 0) {
		engine_set_listener(s->engine, NULL, NULL);
		if (s->client != NULL)
			control_watch_stop(s->client);
		g_bus_unown_name(s->name);
		g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(s->object));
	}
	g_clear_object(&s->connection);
	g_object_unref(s->object);
	g_free(s);
}
