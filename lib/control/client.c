/* SPDX-License-Identifier: Apache-2.0 */
/* client.c: see client.h. */
#include "lib/control/client.h"

struct control_client {
	GDBusConnection *bus;
	int timeout_ms;
	guint signals[2], names[2]; /* of the watch; 0: none */
	const struct control_watch_ops *ops;
	void *ctx;
};

struct service {
	const char *name, *path;
	const char *remedy;
	const char *late; /* no answer came in time */
};

static const struct service library_service = {
	CONTROL_LIBRARY_NAME, CONTROL_LIBRARY_PATH,
	"no library is online: is tcmu-runner running, and was \"vtl-lio setup\" done?",
	"no answer yet: the drive is at a command that takes long; the call goes on, and is done when "
	"that has ended (vtl drive list shows it)"
};
static const struct service policy_service = {
	CONTROL_POLICY_NAME, CONTROL_POLICY_PATH,
	"vtl-policyd does not run: \"systemctl start vtl-policyd\", and see its log",
	"no answer yet from vtl-policyd; the call goes on (vtl jobs list shows what came of it)"
};

struct control_client *control_client_new(GError **error)
{
	GDBusConnection *bus;
	struct control_client *client;

	/* GDBus gives an error that arrives its domain only where that was registered before */
	(void)control_error_quark();
	bus = control_bus_connect(error);
	if (bus == NULL)
		return NULL;
	client = g_new0(struct control_client, 1);
	client->bus = bus;
	client->timeout_ms = CONTROL_TIMEOUT_MS;
	return client;
}

void control_client_set_timeout(struct control_client *client, int timeout_ms)
{
	client->timeout_ms = timeout_ms;
}

void control_client_free(struct control_client *client)
{
	if (client == NULL)
		return;
	control_watch_stop(client);
	(void)g_dbus_connection_close_sync(client->bus, NULL, NULL); /* it may be closed already */
	g_object_unref(client->bus);
	g_free(client);
}

gboolean control_is_served(struct control_client *client, const char *name)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		client->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		"org.freedesktop.DBus", "NameHasOwner", g_variant_new("(s)", name),
		G_VARIANT_TYPE("(b)"), G_DBUS_CALL_FLAGS_NONE, CONTROL_TIMEOUT_MS, NULL, NULL);
	gboolean owned = FALSE;

	if (reply != NULL)
		g_variant_get(reply, "(b)", &owned);
	return owned;
}

/* ---- calls ---- */

static void pass_error(const struct service *service, GError *cause, GError **error)
{
	if (cause->domain == CONTROL_ERROR) {
		(void)g_dbus_error_strip_remote_error(cause);
		g_propagate_error(error, cause);
		return;
	}
	(void)g_dbus_error_strip_remote_error(cause);
	if (g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_UNREACHABLE,
			    "not allowed to talk to %s: be root or a member of the group vtl",
			    service->name);
	else if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		g_set_error_literal(error, CONTROL_ERROR, CONTROL_ERROR_TIMED_OUT, service->late);
	else
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_UNREACHABLE, "%s (%s)",
			    service->remedy, cause->message);
	g_error_free(cause);
}

/* Takes @arguments where it floats; the reply is the caller's, or NULL. */
static GVariant *call(struct control_client *client, const struct service *service,
		      const char *method, GVariant *arguments, const char *reply_type,
		      GError **error)
{
	GError *cause = NULL;
	GVariant *reply = g_dbus_connection_call_sync(
		client->bus, service->name, service->path, service->name, method, arguments,
		G_VARIANT_TYPE(reply_type), G_DBUS_CALL_FLAGS_NONE, client->timeout_ms, NULL,
		&cause);

	if (reply == NULL)
		pass_error(service, cause, error);
	return reply;
}

static gboolean call_void(struct control_client *client, const struct service *service,
			  const char *method, GVariant *arguments, GError **error)
{
	g_autoptr(GVariant) reply = call(client, service, method, arguments, "()", error);

	return reply != NULL;
}

gboolean control_list_libraries(struct control_client *client, char ***ret_names, GError **error)
{
	g_autoptr(GVariant) reply =
		call(client, &library_service, "ListLibraries", NULL, "(as)", error);

	if (reply != NULL)
		g_variant_get(reply, "(^as)", ret_names);
	return reply != NULL;
}

gboolean control_list_elements(struct control_client *client, const char *library,
			       GVariant **ret_elements, GError **error)
{
	g_autoptr(GVariant) reply = call(client, &library_service, "ListElements",
					 g_variant_new("(s)", library), "(aa{sv})", error);

	if (reply != NULL)
		*ret_elements = g_variant_get_child_value(reply, 0);
	return reply != NULL;
}

gboolean control_load(struct control_client *client, const char *library, const char *barcode,
		      unsigned drive, GError **error)
{
	return call_void(client, &library_service, "Load",
			 g_variant_new("(ssu)", library, barcode, drive), error);
}

gboolean control_unload(struct control_client *client, const char *library, unsigned drive,
			gboolean force, GError **error)
{
	return call_void(client, &library_service, "Unload",
			 g_variant_new("(sub)", library, drive, force), error);
}

gboolean control_set_drive(struct control_client *client, const char *library, unsigned drive,
			   const char *option, gboolean on, GError **error)
{
	return call_void(client, &library_service, "SetDrive",
			 g_variant_new("(susb)", library, drive, option, on), error);
}

gboolean control_alert(struct control_client *client, const char *library, unsigned drive,
		       uint64_t set, uint64_t clear, uint64_t *ret_flags, GError **error)
{
	g_autoptr(GVariant) reply =
		call(client, &library_service, "Alert",
		     g_variant_new("(sutt)", library, drive, set, clear), "(t)", error);

	if (reply != NULL)
		g_variant_get(reply, "(t)", ret_flags);
	return reply != NULL;
}

gboolean control_move(struct control_client *client, const char *library, uint16_t source,
		      uint16_t destination, GError **error)
{
	return call_void(client, &library_service, "Move",
			 g_variant_new("(sqq)", library, source, destination), error);
}

gboolean control_import(struct control_client *client, const char *library, const char *barcode,
			gboolean mail_slot, GError **error)
{
	return call_void(client, &library_service, "Import",
			 g_variant_new("(ssb)", library, barcode, mail_slot), error);
}

gboolean control_export(struct control_client *client, const char *library, const char *barcode,
			GError **error)
{
	return call_void(client, &library_service, "Export",
			 g_variant_new("(ss)", library, barcode), error);
}

gboolean control_poll(struct control_client *client, const char *library, GError **error)
{
	return call_void(client, &library_service, "Poll", g_variant_new("(s)", library), error);
}

static gboolean call_job(struct control_client *client, const char *method, const char *library,
			 const char *barcode, uint64_t *ret_job, GError **error)
{
	g_autoptr(GVariant) reply = call(client, &policy_service, method,
					 g_variant_new("(ss)", library, barcode), "(t)", error);

	if (reply != NULL)
		g_variant_get(reply, "(t)", ret_job);
	return reply != NULL;
}

gboolean control_migrate(struct control_client *client, const char *library, const char *barcode,
			 uint64_t *ret_job, GError **error)
{
	return call_job(client, "Migrate", library, barcode, ret_job, error);
}

gboolean control_recall(struct control_client *client, const char *library, const char *barcode,
			uint64_t *ret_job, GError **error)
{
	return call_job(client, "Recall", library, barcode, ret_job, error);
}

gboolean control_cancel(struct control_client *client, uint64_t job, GError **error)
{
	return call_void(client, &policy_service, "Cancel", g_variant_new("(t)", job), error);
}

gboolean control_list_jobs(struct control_client *client, unsigned limit, GVariant **ret_jobs,
			   GError **error)
{
	g_autoptr(GVariant) reply = call(client, &policy_service, "ListJobs",
					 g_variant_new("(u)", limit), "(aa{sv})", error);

	if (reply != NULL)
		*ret_jobs = g_variant_get_child_value(reply, 0);
	return reply != NULL;
}

gboolean control_explain(struct control_client *client, const char *library, const char *barcode,
			 char **ret_text, GError **error)
{
	g_autoptr(GVariant) reply = call(client, &policy_service, "Explain",
					 g_variant_new("(ss)", library, barcode), "(s)", error);

	if (reply != NULL)
		g_variant_get(reply, "(s)", ret_text);
	return reply != NULL;
}

gboolean control_list_physical(struct control_client *client, GVariant **ret_drives, GError **error)
{
	g_autoptr(GVariant) reply =
		call(client, &policy_service, "ListPhysical", NULL, "(aa{sv})", error);

	if (reply != NULL)
		*ret_drives = g_variant_get_child_value(reply, 0);
	return reply != NULL;
}

gboolean control_set_volume(struct control_client *client, const char *drive, const char *volume,
			    GError **error)
{
	return call_void(client, &policy_service, "SetVolume", g_variant_new("(ss)", drive, volume),
			 error);
}

/* ---- signals ---- */

static void on_library_signal(GDBusConnection *bus, const char *sender, const char *path,
			      const char *interface, const char *signal, GVariant *arguments,
			      gpointer data)
{
	const struct control_client *client = data;
	const char *library, *barcode, *source, *destination, *state;
	guint drive;

	(void)bus, (void)sender, (void)path, (void)interface;
	if (g_str_equal(signal, "Moved") && client->ops->moved != NULL &&
	    g_variant_is_of_type(arguments, G_VARIANT_TYPE("(ssss)"))) {
		g_variant_get(arguments, "(&s&s&s&s)", &library, &barcode, &source, &destination);
		client->ops->moved(client->ctx, library, barcode, source, destination);
	} else if (g_str_equal(signal, "DriveChanged") && client->ops->drive_changed != NULL &&
		   g_variant_is_of_type(arguments, G_VARIANT_TYPE("(suss)"))) {
		g_variant_get(arguments, "(&su&s&s)", &library, &drive, &state, &barcode);
		client->ops->drive_changed(client->ctx, library, drive, state, barcode);
	}
}

static void on_policy_signal(GDBusConnection *bus, const char *sender, const char *path,
			     const char *interface, const char *signal, GVariant *arguments,
			     gpointer data)
{
	const struct control_client *client = data;
	const char *state;
	guint64 job;

	(void)bus, (void)sender, (void)path, (void)interface;
	if (!g_str_equal(signal, "JobChanged") || client->ops->job_changed == NULL ||
	    !g_variant_is_of_type(arguments, G_VARIANT_TYPE("(ts)")))
		return;
	g_variant_get(arguments, "(t&s)", &job, &state);
	client->ops->job_changed(client->ctx, job, state);
}

static void on_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
	const struct control_client *client = data;

	(void)bus, (void)owner;
	if (client->ops->served != NULL)
		client->ops->served(client->ctx, name, TRUE);
}

static void on_vanished(GDBusConnection *bus, const char *name, gpointer data)
{
	const struct control_client *client = data;

	(void)bus;
	if (client->ops->served != NULL)
		client->ops->served(client->ctx, name, FALSE);
}

void control_watch(struct control_client *client, const struct control_watch_ops *ops, void *ctx)
{
	static const struct service *const services[] = { &library_service, &policy_service };

	control_watch_stop(client);
	client->ops = ops;
	client->ctx = ctx;
	for (unsigned i = 0; i < G_N_ELEMENTS(services); i++) {
		client->signals[i] = g_dbus_connection_signal_subscribe(
			client->bus, services[i]->name, services[i]->name, NULL, services[i]->path,
			NULL, G_DBUS_SIGNAL_FLAGS_NONE,
			i == 0 ? on_library_signal : on_policy_signal, client, NULL);
		client->names[i] = g_bus_watch_name_on_connection(
			client->bus, services[i]->name, G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared,
			on_vanished, client, NULL);
	}
}

void control_watch_stop(struct control_client *client)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(client->signals); i++) {
		if (client->signals[i] != 0)
			g_dbus_connection_signal_unsubscribe(client->bus, client->signals[i]);
		if (client->names[i] != 0)
			g_bus_unwatch_name(client->names[i]);
		client->signals[i] = client->names[i] = 0;
	}
}

/* ---- physical tapes that were not written by us ---- */

gboolean control_import_volume(struct control_client *client, const char *drive,
			       const char *library, const char *barcode, gboolean is_copy,
			       uint64_t *ret_job, GError **error)
{
	g_autoptr(GVariant) reply =
		call(client, &policy_service, "ImportVolume",
		     g_variant_new("(sssb)", drive, library, barcode, is_copy), "(t)", error);

	if (reply != NULL)
		g_variant_get(reply, "(t)", ret_job);
	return reply != NULL;
}
