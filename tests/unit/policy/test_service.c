/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_service.c: org.tcmuvtl.Policy1 on a bus of its own.  The client asks from a second thread
 * while the first runs the service, as two processes would.
 */
#include "policy/service.h"

#include <string.h>

#include "tests/unit/policy/scene.h"

#define CONFIG                                                            \
	"[policyd]\nscratch=V*\n[drive phys1]\ndevice=TAPES\nvolume=V1\n" \
	"[rule all]\nif=not-mounted-for 1h\nthen=migrate\n"

struct served {
	struct scene *scene;
	GTestDBus *bus;
	struct policy_config *config;
	struct engine *engine;
	struct service *service;
	struct control_client *asker; /* of the second thread */
};

typedef void (*ask_fn)(struct control_client *client, void *answer);

struct asking {
	struct control_client *client;
	ask_fn ask;
	void *answer;
	gint done;
};

static void *ask_thread(void *data)
{
	struct asking *a = data;

	a->ask(a->client, a->answer);
	g_atomic_int_set(&a->done, 1);
	g_main_context_wakeup(NULL);
	return NULL;
}

/* Runs @ask in the second thread, and the service until it has its answers. */
static void asked(struct served *s, ask_fn ask, void *answer)
{
	struct asking a = { .client = s->asker, .ask = ask, .answer = answer };
	GThread *thread = g_thread_new("asker", ask_thread, &a);

	while (g_atomic_int_get(&a.done) == 0)
		(void)g_main_context_iteration(NULL, TRUE);
	(void)g_thread_join(thread);
}

static int served_setup(void **state)
{
	struct served *s = g_new0(struct served, 1);
	g_autoptr(GError) error = NULL;
	void *scene = NULL;

	if (scene_setup(&scene) != 0)
		return -1;
	s->scene = scene;
	s->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
	g_test_dbus_up(s->bus);
	g_setenv("TCMU_VTL_BUS", "session", TRUE);
	s->asker = control_client_new(&error);
	s->config = scene_config(s->scene, CONFIG);
	s->engine = engine_new(s->config, s->scene->catalog, NULL, &error);
	s->service = service_new(s->engine, NULL, &error);
	if (s->asker == NULL || s->engine == NULL || s->service == NULL)
		fail_msg("%s", error->message);
	*state = s;
	return 0;
}

static int served_teardown(void **state)
{
	struct served *s = *state;
	void *scene = s->scene;

	while (!engine_is_quiet(s->engine))
		(void)g_main_context_iteration(NULL, TRUE);
	service_free(s->service);
	engine_free(s->engine);
	policy_config_free(s->config);
	control_client_free(s->asker);
	g_test_dbus_down(s->bus);
	g_object_unref(s->bus);
	g_free(s);
	return scene_teardown(&scene);
}

struct answer {
	gboolean ok;
	uint64_t job;
	GVariant *list;
	char *text;
	GError *error;
};

static void answer_clear(struct answer *a)
{
	g_clear_pointer(&a->list, g_variant_unref);
	g_clear_pointer(&a->text, g_free);
	g_clear_error(&a->error);
}

static void ask_migrate(struct control_client *client, void *data)
{
	struct answer *a = data;

	a->ok = control_migrate(client, "lib0", "T1", &a->job, &a->error);
}

static void ask_recall(struct control_client *client, void *data)
{
	struct answer *a = data;

	a->ok = control_recall(client, "lib0", "T1", &a->job, &a->error);
}

static void ask_jobs(struct control_client *client, void *data)
{
	struct answer *a = data;

	a->ok = control_list_jobs(client, 0, &a->list, &a->error);
}

static void ask_explain(struct control_client *client, void *data)
{
	struct answer *a = data;

	a->ok = control_explain(client, "lib0", "T1", &a->text, &a->error);
}

static void ask_physical(struct control_client *client, void *data)
{
	struct answer *a = data;

	a->ok = control_list_physical(client, &a->list, &a->error);
}

static void ask_set_volume(struct control_client *client, void *data)
{
	struct answer *a = data;

	a->ok = control_set_volume(client, "phys1", "V2", &a->error);
}

static void ask_cancel(struct control_client *client, void *data)
{
	struct answer *a = data;

	a->ok = control_cancel(client, a->job, &a->error);
}

static void quiet(struct served *s)
{
	while (!engine_is_quiet(s->engine))
		(void)g_main_context_iteration(NULL, TRUE);
}

static void a_migration_can_be_asked_for_and_followed(void **state)
{
	struct served *s = *state;
	struct answer a = { 0 };
	g_autoptr(GVariant) entry = NULL;

	scene_record(s->scene, "T1", "b100 F");
	asked(s, ask_migrate, &a);
	if (!a.ok)
		fail_msg("%s", a.error->message);
	assert_int_equal(a.job, 1);
	quiet(s);
	asked(s, ask_jobs, &a);
	assert_true(a.ok);
	assert_int_equal(g_variant_n_children(a.list), 1);
	entry = g_variant_get_child_value(a.list, 0);
	assert_string_equal(control_entry_string(entry, "kind"), "migrate");
	assert_string_equal(control_entry_string(entry, "state"), "done");
	assert_string_equal(control_entry_string(entry, "volume"), "V1");
	assert_int_equal(strlen(control_entry_string(entry, "digest")), 64);
	assert_true(g_str_has_prefix(control_entry_string(entry, "why"), "asked by "));
	assert_true(control_entry_time(entry, "finished") > 0);
	answer_clear(&a);
}

static void mistakes_travel_with_their_codes(void **state)
{
	struct served *s = *state;
	struct answer a = { 0 };

	asked(s, ask_migrate, &a);
	assert_false(a.ok);
	assert_int_equal(a.error->code, CONTROL_ERROR_BUSY);
	assert_non_null(strstr(a.error->message, "blank"));
	answer_clear(&a);
	a.job = 77;
	asked(s, ask_cancel, &a);
	assert_false(a.ok);
	assert_int_equal(a.error->code, CONTROL_ERROR_NOT_FOUND);
	answer_clear(&a);
	asked(s, ask_recall, &a);
	assert_false(a.ok);
	assert_int_equal(a.error->code, CONTROL_ERROR_BUSY);
	answer_clear(&a);
}

static void the_explanation_travels(void **state)
{
	struct served *s = *state;
	struct answer a = { 0 };

	asked(s, ask_explain, &a);
	assert_true(a.ok);
	assert_non_null(strstr(a.text, "rule all: does not match\n"));
	answer_clear(&a);
}

static void the_operator_says_what_is_in_a_drive(void **state)
{
	struct served *s = *state;
	struct answer a = { 0 };
	g_autoptr(GVariant) entry = NULL;

	asked(s, ask_set_volume, &a);
	assert_true(a.ok);
	asked(s, ask_physical, &a);
	assert_true(a.ok);
	entry = g_variant_get_child_value(a.list, 0);
	assert_string_equal(control_entry_string(entry, "name"), "phys1");
	assert_string_equal(control_entry_string(entry, "volume"), "V2");
	assert_string_equal(control_entry_string(entry, "state"), "idle");
	assert_string_equal(control_entry_string(entry, "obstacle"), "");
	answer_clear(&a);
}

int main(void)
{
#define served_test(f) cmocka_unit_test_setup_teardown(f, served_setup, served_teardown)
	const struct CMUnitTest tests[] = {
		served_test(a_migration_can_be_asked_for_and_followed),
		served_test(mistakes_travel_with_their_codes),
		served_test(the_explanation_travels),
		served_test(the_operator_says_what_is_in_a_drive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
