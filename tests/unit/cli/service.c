/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.c: what tcmu-runner and vtl-policyd are for the tests of vtl: serves the library that is
 * named first, with a fake drive 1 that is ready (cleaned by CLN0..., not taking CLN9...), and a
 * policy whose answers are canned.
 *
 * Prints "ready" once both names are owned, and ends when its standard input does.  Job 1 is done
 * at the second look, job 2 failed.
 */
#include <stdio.h>

#include "lib/control/client.h"
#include "lib/control/org-tcmuvtl.h"
#include "lib/control/server.h"

static struct library *library;
static unsigned looks;

/* ---- drive 1 ---- */

static void drive_load(void *ctx, const char *barcode)
{
	(void)ctx;
	library_drive_note(library, 1,
			   g_str_has_prefix(barcode, "CLN0")   ? DRIVE_UNLOADED
			   : g_str_has_prefix(barcode, "CLN9") ? DRIVE_FAILED
							       : DRIVE_READY,
			   false);
}

static int drive_eject(void *ctx)
{
	(void)ctx;
	library_drive_note(library, 1, DRIVE_EMPTY, false);
	return 0;
}

static void drive_poll(void *ctx)
{
	(void)ctx;
}

static uint64_t drive_alert(void *ctx, uint64_t set, uint64_t clear)
{
	static uint64_t flags;

	(void)ctx;
	flags = (flags & ~clear) | set;
	return flags;
}

static const struct library_drive_ops drive_ops = {
	.load = drive_load, .eject = drive_eject, .poll = drive_poll, .alert = drive_alert
};

/* ---- the policy ---- */

static gboolean on_migrate(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *name,
			   const char *barcode, gpointer data)
{
	(void)name, (void)data;
	vtl_policy1_complete_migrate(object, call, g_str_equal(barcode, "T1") ? 1 : 2);
	return TRUE;
}

static gboolean on_import(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *drive,
			  const char *name, const char *barcode, gboolean is_copy, gpointer data)
{
	(void)data, (void)is_copy;
	if (g_str_equal(drive, "st0") && g_str_equal(name, "lib0") && g_str_equal(barcode, "NEW1"))
		vtl_policy1_complete_import_volume(object, call, 1);
	else
		g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
						      "there is a cartridge %s already", barcode);
	return TRUE;
}

static gboolean on_recall(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *name,
			  const char *barcode, gpointer data)
{
	(void)object, (void)name, (void)data;
	g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
					      "cartridge %s is resident already", barcode);
	return TRUE;
}

static gboolean on_cancel(VtlPolicy1 *object, GDBusMethodInvocation *call, guint64 job,
			  gpointer data)
{
	(void)data;
	if (job == 1)
		vtl_policy1_complete_cancel(object, call);
	else
		g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
						      "there is no job %u", (unsigned)job);
	return TRUE;
}

static gboolean on_list_jobs(VtlPolicy1 *object, GDBusMethodInvocation *call, guint limit,
			     gpointer data)
{
	(void)data, (void)limit;
	vtl_policy1_complete_list_jobs(
		object, call,
		g_variant_new_parsed(
			"@aa{sv} [{'id': <uint64 2>, 'kind': <'migrate'>, 'barcode': <'T2'>,"
			" 'state': <'failed'>, 'error': <'volume \"PHY2\" is full'>},"
			" {'id': <uint64 1>, 'kind': <'migrate'>, 'library': <'lib0'>,"
			" 'barcode': <'T1'>, 'state': <%s>, 'volume': <'PHY1'>,"
			" 'bytes': <uint64 1500000>, 'bytes_total': <uint64 3000000>,"
			" 'created': <int64 1700000000>}]",
			looks++ == 0 ? "copying" : "done"));
	return TRUE;
}

static gboolean on_explain(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *name,
			   const char *barcode, gpointer data)
{
	g_autofree char *text = g_strdup_printf("%s of %s:\n  rule \"old\": no\n", barcode, name);

	(void)data;
	vtl_policy1_complete_explain(object, call, text);
	return TRUE;
}

static gboolean on_list_physical(VtlPolicy1 *object, GDBusMethodInvocation *call, gpointer data)
{
	(void)data;
	vtl_policy1_complete_list_physical(
		object, call,
		g_variant_new_parsed("@aa{sv} [{'name': <'st0'>, 'device': <'/dev/nst0'>,"
				     " 'volume': <'PHY1'>, 'state': <'idle'>, 'job': <uint64 0>,"
				     " 'obstacle': <'not declared scratch'>}]"));
	return TRUE;
}

static gboolean on_set_volume(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *drive,
			      const char *volume, gpointer data)
{
	(void)volume, (void)data;
	if (g_str_equal(drive, "st0"))
		vtl_policy1_complete_set_volume(object, call);
	else
		g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
						      "there is no drive %s", drive);
	return TRUE;
}

static VtlPolicy1 *policy_new(void)
{
	VtlPolicy1 *object = vtl_policy1_skeleton_new();

	(void)g_signal_connect(object, "handle-migrate", G_CALLBACK(on_migrate), NULL);
	(void)g_signal_connect(object, "handle-import-volume", G_CALLBACK(on_import), NULL);
	(void)g_signal_connect(object, "handle-recall", G_CALLBACK(on_recall), NULL);
	(void)g_signal_connect(object, "handle-cancel", G_CALLBACK(on_cancel), NULL);
	(void)g_signal_connect(object, "handle-list-jobs", G_CALLBACK(on_list_jobs), NULL);
	(void)g_signal_connect(object, "handle-explain", G_CALLBACK(on_explain), NULL);
	(void)g_signal_connect(object, "handle-list-physical", G_CALLBACK(on_list_physical), NULL);
	(void)g_signal_connect(object, "handle-set-volume", G_CALLBACK(on_set_volume), NULL);
	return object;
}

/* ---- main ---- */

static gboolean on_ready(gpointer data)
{
	struct control_client *client = data;

	if (!control_is_served(client, CONTROL_LIBRARY_NAME) ||
	    !control_is_served(client, CONTROL_POLICY_NAME))
		return G_SOURCE_CONTINUE;
	(void)puts("ready");
	(void)fflush(stdout);
	return G_SOURCE_REMOVE;
}

static gboolean on_input(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	(void)channel, (void)condition;
	g_main_loop_quit(data);
	return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = control_bus_connect(&error);
	struct control_client *client = bus == NULL ? NULL : control_client_new(&error);
	GIOChannel *input = g_io_channel_unix_new(0);
	VtlPolicy1 *policy = policy_new();

	library =
		client == NULL || argc < 2 ? NULL : library_open(argv[1], LIBRARY_OPEN_OWN, &error);
	if (library == NULL || library_attach_drive(library, 1, &drive_ops, NULL) != 0 ||
	    control_server_start() != 0 ||
	    !g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(policy), bus,
					      CONTROL_POLICY_PATH, &error)) {
		(void)fprintf(stderr, "service: %s\n", error != NULL ? error->message : "failed");
		return 1;
	}
	control_server_publish(library);
	(void)g_bus_own_name_on_connection(bus, CONTROL_POLICY_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
					   NULL, NULL, NULL, NULL);
	(void)g_timeout_add(10, on_ready, client);
	(void)g_io_add_watch(input, (GIOCondition)(G_IO_IN | G_IO_HUP | G_IO_ERR), on_input, loop);
	g_main_loop_run(loop);
	control_client_free(client);
	control_server_withdraw(library);
	control_server_stop();
	library_detach_drive(library, 1);
	library_unref(library);
	g_object_unref(policy);
	g_object_unref(bus);
	g_io_channel_unref(input);
	return 0;
}
