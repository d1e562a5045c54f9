/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client.c: the client half: nobody served, a policy service of the test's own, the watch.
 *
 * The fake org.tcmuvtl.Policy1 runs in a thread, since the client's calls wait.
 */
#include "tests/unit/control/served.h"

#include <string.h>

#include "lib/control/org-tcmuvtl.h"

#define bus_test(f)    cmocka_unit_test_setup_teardown(f, served_setup_bus, served_teardown)
#define policy_test(f) cmocka_unit_test_setup_teardown(f, policy_setup, policy_teardown)

/* ---- the fake service ---- */

static struct {
	GThread *thread;
	GMainContext *context;
	GMainLoop *loop;
	VtlPolicy1 *object;
	char said[128]; /* the last call's arguments; read when the call has been answered */
} policy;

static gboolean on_migrate(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *library,
			   const char *barcode, gpointer data)
{
	(void)data;
	(void)g_snprintf(policy.said, sizeof(policy.said), "migrate %s %s", library, barcode);
	vtl_policy1_complete_migrate(object, call, G_GUINT64_CONSTANT(0x1122334455667788));
	return TRUE;
}

static gboolean on_import(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *drive,
			  const char *library, const char *barcode, gboolean is_copy, gpointer data)
{
	(void)data;
	(void)g_snprintf(policy.said, sizeof(policy.said), "import %s %s %s%s", drive, library,
			 barcode, is_copy ? "" : " no copy");
	vtl_policy1_complete_import_volume(object, call, 3);
	return TRUE;
}

static gboolean on_recall(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *library,
			  const char *barcode, gpointer data)
{
	(void)object, (void)library, (void)data;
	g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
					      "cartridge %s is resident", barcode);
	return TRUE;
}

static gboolean on_cancel(VtlPolicy1 *object, GDBusMethodInvocation *call, guint64 job,
			  gpointer data)
{
	(void)object, (void)data;
	g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
					      "no job %u", (unsigned)job);
	return TRUE;
}

static gboolean on_list_jobs(VtlPolicy1 *object, GDBusMethodInvocation *call, guint limit,
			     gpointer data)
{
	(void)data;
	(void)g_snprintf(policy.said, sizeof(policy.said), "jobs %u", limit);
	vtl_policy1_complete_list_jobs(object, call,
				       g_variant_new_parsed("@aa{sv} [{'id': <uint64 7>}]"));
	return TRUE;
}

static gboolean on_explain(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *library,
			   const char *barcode, gpointer data)
{
	(void)library, (void)barcode, (void)data;
	vtl_policy1_complete_explain(object, call, "because");
	return TRUE;
}

static gboolean on_list_physical(VtlPolicy1 *object, GDBusMethodInvocation *call, gpointer data)
{
	(void)data;
	vtl_policy1_complete_list_physical(object, call,
					   g_variant_new_parsed("@aa{sv} [{'name': <'st0'>}]"));
	return TRUE;
}

static gboolean on_set_volume(VtlPolicy1 *object, GDBusMethodInvocation *call, const char *drive,
			      const char *volume, gpointer data)
{
	(void)data;
	(void)g_snprintf(policy.said, sizeof(policy.said), "volume %s %s", drive, volume);
	vtl_policy1_complete_set_volume(object, call);
	return TRUE;
}

static void connect_methods(VtlPolicy1 *object)
{
	(void)g_signal_connect(object, "handle-migrate", G_CALLBACK(on_migrate), NULL);
	(void)g_signal_connect(object, "handle-import-volume", G_CALLBACK(on_import), NULL);
	(void)g_signal_connect(object, "handle-recall", G_CALLBACK(on_recall), NULL);
	(void)g_signal_connect(object, "handle-cancel", G_CALLBACK(on_cancel), NULL);
	(void)g_signal_connect(object, "handle-list-jobs", G_CALLBACK(on_list_jobs), NULL);
	(void)g_signal_connect(object, "handle-explain", G_CALLBACK(on_explain), NULL);
	(void)g_signal_connect(object, "handle-list-physical", G_CALLBACK(on_list_physical), NULL);
	(void)g_signal_connect(object, "handle-set-volume", G_CALLBACK(on_set_volume), NULL);
}

static gpointer serve_policy(gpointer data)
{
	GDBusConnection *bus;
	guint name;

	g_main_context_push_thread_default(policy.context);
	bus = control_bus_connect(NULL);
	policy.object = vtl_policy1_skeleton_new();
	connect_methods(policy.object);
	(void)g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(policy.object), bus,
					       CONTROL_POLICY_PATH, NULL);
	name = g_bus_own_name_on_connection(bus, CONTROL_POLICY_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
					    NULL, NULL, NULL, NULL);
	g_main_loop_run(policy.loop);
	g_bus_unown_name(name);
	g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(policy.object));
	g_object_unref(policy.object);
	(void)g_dbus_connection_close_sync(bus, NULL, NULL);
	g_object_unref(bus);
	g_main_context_pop_thread_default(policy.context);
	return data;
}

static int policy_setup(void **state)
{
	int r = served_setup_bus(state);

	policy.context = g_main_context_new();
	policy.loop = g_main_loop_new(policy.context, FALSE);
	policy.thread = g_thread_new("policy", serve_policy, NULL);
	served_wait(*state, CONTROL_POLICY_NAME, TRUE);
	return r;
}

static void policy_stop(void)
{
	g_main_loop_quit(policy.loop); /* it runs: its name was seen, and calls were answered */
	(void)g_thread_join(policy.thread);
	g_main_loop_unref(policy.loop);
	g_main_context_unref(policy.context);
	policy.thread = NULL;
}

static int policy_teardown(void **state)
{
	if (policy.thread != NULL)
		policy_stop();
	return served_teardown(state);
}

/* ---- calls ---- */

static void a_service_that_nobody_serves_is_unreachable(void **state)
{
	struct served *s = *state;
	g_auto(GStrv) names = NULL;
	g_autoptr(GVariant) jobs = NULL;
	GError *error = NULL;

	assert_false(control_is_served(s->client, CONTROL_LIBRARY_NAME));
	assert_false(control_list_libraries(s->client, &names, &error));
	assert_control_error(&error, CONTROL_ERROR_UNREACHABLE, "tcmu-runner");
	assert_false(control_list_jobs(s->client, 0, &jobs, &error));
	assert_control_error(&error, CONTROL_ERROR_UNREACHABLE, "vtl-policyd");
}

static void a_job_comes_back_with_its_whole_number(void **state)
{
	struct served *s = *state;
	uint64_t job = 0;

	assert_true(control_migrate(s->client, "lib0", "T1", &job, NULL));
	assert_true(job == G_GUINT64_CONSTANT(0x1122334455667788));
	assert_string_equal(policy.said, "migrate lib0 T1");
	assert_true(control_import_volume(s->client, "st0", "lib0", "N1", FALSE, &job, NULL));
	assert_int_equal(job, 3);
	assert_string_equal(policy.said, "import st0 lib0 N1 no copy");
}

static void errors_keep_code_and_words(void **state)
{
	struct served *s = *state;
	GError *error = NULL;
	uint64_t job = 0;

	assert_false(control_recall(s->client, "lib0", "T1", &job, &error));
	assert_string_equal(error->message, "cartridge T1 is resident");
	assert_control_error(&error, CONTROL_ERROR_BUSY, "resident");
	assert_false(control_cancel(s->client, 9, &error));
	assert_control_error(&error, CONTROL_ERROR_NOT_FOUND, "no job 9");
	assert_int_equal(job, 0);
}

static void lists_and_texts_arrive(void **state)
{
	struct served *s = *state;
	g_autoptr(GVariant) jobs = NULL, drives = NULL;
	g_autoptr(GVariant) job = NULL, drive = NULL;
	g_autofree char *text = NULL;

	assert_true(control_list_jobs(s->client, 5, &jobs, NULL));
	assert_string_equal(policy.said, "jobs 5");
	job = g_variant_get_child_value(jobs, 0);
	assert_int_equal(control_entry_uint(job, "id"), 7);
	assert_true(control_explain(s->client, "lib0", "T1", &text, NULL));
	assert_string_equal(text, "because");
	assert_true(control_list_physical(s->client, &drives, NULL));
	drive = g_variant_get_child_value(drives, 0);
	assert_string_equal(control_entry_string(drive, "name"), "st0");
	assert_true(control_set_volume(s->client, "st0", "PHY001", NULL));
	assert_string_equal(policy.said, "volume st0 PHY001");
}

/* ---- the watch ---- */

struct seen {
	bool here, gone, late;
	uint64_t job;
	char state[32];
};

static void on_served(void *ctx, const char *name, gboolean served)
{
	struct seen *seen = ctx;

	if (strcmp(name, CONTROL_POLICY_NAME) != 0)
		return;
	if (served)
		seen->here = true;
	else
		seen->gone = true;
}

static void on_job(void *ctx, uint64_t job, const char *state)
{
	struct seen *seen = ctx;

	seen->job = job;
	(void)g_strlcpy(seen->state, state, sizeof(seen->state));
}

static const struct control_watch_ops ops = { .served = on_served, .job_changed = on_job };

static gboolean on_timeout(gpointer data)
{
	((struct seen *)data)->late = true;
	return G_SOURCE_REMOVE;
}

static void run_until(const struct seen *seen, const bool *flag, const uint64_t *number)
{
	while (!seen->late && !(flag != NULL && *flag) && !(number != NULL && *number != 0))
		(void)g_main_context_iteration(NULL, TRUE);
	assert_false(seen->late);
}

static gboolean emit_job(gpointer data)
{
	(void)data;
	vtl_policy1_emit_job_changed(policy.object, 7, "copying");
	return G_SOURCE_REMOVE;
}

static void watch_sees_the_service_its_jobs_and_its_end(void **state)
{
	struct served *s = *state;
	struct seen seen = { 0 };
	guint timeout = g_timeout_add_seconds(20, on_timeout, &seen);

	control_watch(s->client, &ops, &seen);
	run_until(&seen, &seen.here, NULL);
	g_main_context_invoke(policy.context, emit_job, NULL);
	run_until(&seen, NULL, &seen.job);
	assert_int_equal(seen.job, 7);
	assert_string_equal(seen.state, "copying");
	policy_stop();
	run_until(&seen, &seen.gone, NULL);
	(void)g_source_remove(timeout);
	control_watch_stop(s->client);
	control_watch_stop(s->client); /* twice harms nobody */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bus_test(a_service_that_nobody_serves_is_unreachable),
		policy_test(a_job_comes_back_with_its_whole_number),
		policy_test(errors_keep_code_and_words),
		policy_test(lists_and_texts_arrive),
		policy_test(watch_sees_the_service_its_jobs_and_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
