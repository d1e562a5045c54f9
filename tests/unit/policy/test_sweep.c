/* SPDX-License-Identifier: Apache-2.0 */
/* test_sweep.c: what old recordings take on disk is freed, where nobody has the cartridge. */
#include "policy/sweep.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/engine.h"
#include "tests/unit/policy/scene.h"

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

#define MIB      (UINT64_C(1) << 20)
#define LEFTOVER (65 * MIB)

static void what_takes_much_more_than_its_recording_is_due(void **state)
{
	static const struct {
		uint64_t stored_mib, objects, disk_mib;
		enum cart_state state;
		bool mounted;
		unsigned drive;
		bool due;
	} rows[] = {
		{ 0, 0, 64, CART_RESIDENT, false, 0, false },
		{ 0, 0, 65, CART_RESIDENT, false, 0, true },
		{ 0, 0, 65, CART_RESIDENT, true, 0, false },
		{ 0, 0, 65, CART_RESIDENT, false, 1, false },
		{ 0, 0, 65, CART_DAMAGED, false, 0, false },
		{ 0, 0, 65, CART_RECALLING, false, 0, false },
		{ 100000, 400000, 102000, CART_RESIDENT, false, 0, false },
		{ 100000, 400000, 102200, CART_PREMIGRATED, false, 0, true },
		{ 100000, 400000, 60, CART_MIGRATED, false, 0, false },
		{ 100000, 400000, 65, CART_MIGRATED, false, 0, true },
		{ 5000, 10 * MIB, 6000, CART_RESIDENT, false, 0, false }, /* short blocks */
	};
	g_autofree struct world_cart *cart = g_new0(struct world_cart, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		print_message("row %zu\n", i);
		cart->drive = rows[i].drive;
		cart->info.stored_bytes = rows[i].stored_mib * MIB;
		cart->info.objects = rows[i].objects;
		cart->info.disk_bytes = rows[i].disk_mib * MIB;
		cart->info.state = rows[i].state;
		cart->info.mounted = rows[i].mounted;
		assert_int_equal(sweep_is_due(cart), rows[i].due);
	}
}

static char *segment(struct scene *s, const char *barcode)
{
	return g_strdup_printf("%s/%s.cart/data.00000001.00000007", s->place->pool, barcode);
}

/* A dead segment, as an overwrite leaves it. */
static void leave(struct scene *s, const char *barcode)
{
	g_autofree char *path = segment(s, barcode);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0660);

	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, (off_t)LEFTOVER), 0);
	assert_int_equal(close(fd), 0);
}

static bool is_left(struct scene *s, const char *barcode)
{
	g_autofree char *path = segment(s, barcode);

	return access(path, F_OK) == 0;
}

static void a_look_frees_what_nobody_has(void **state)
{
	struct scene *s = *state;
	struct policy_config *config = scene_config(s, "[policyd]\nscratch=V*\nlook=1s\n");
	g_autoptr(GError) error = NULL;
	struct engine *e = engine_new(config, s->catalog, NULL, &error);
	g_autofree char *text = NULL;
	struct cart *c;

	assert_non_null(e);
	scene_record(s, "T1", "b100 F b65536");
	leave(s, "T1");
	assert_int_equal(cart_open(s->place->pool, "T2", CART_OPEN_WRITE, &c), 0);
	leave(s, "T2"); /* somebody has it */
	engine_look(e);
	assert_false(is_left(s, "T1"));
	assert_true(is_left(s, "T2"));
	assert_int_equal(cart_close(c), 0);
	engine_free(e);
	policy_config_free(config);
	text = scene_recorded(s, "T1");
	assert_string_equal(text, "b100 F b65536");
}

/* What is no file of a recording stays, and is asked for once. */
static void what_a_sweep_cannot_free_is_left_alone(void **state)
{
	struct scene *s = *state;
	g_autofree char *path = segment(s, "T1"), *other = g_strconcat(path, ".saved", NULL);
	struct sweeper *sweeper = sweeper_new();
	struct watcher *w = watcher_new();
	struct world *world;

	leave(s, "T1");
	assert_int_equal(rename(path, other), 0);
	world = world_look(w, false, 5000);
	assert_true(sweep_is_due(world_find(world, "lib0", "T1")));
	sweeper_run(sweeper, world, 1000);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(rename(other, path), 0);
	sweeper_run(sweeper, world, 1000); /* as many bytes as before: not even looked at */
	assert_true(is_left(s, "T1"));
	sweeper_free(sweeper);
	sweeper = sweeper_new();
	sweeper_run(sweeper, world, 0); /* no time */
	assert_true(is_left(s, "T1"));
	sweeper_run(sweeper, world, 1000);
	assert_false(is_left(s, "T1"));
	world_free(world);
	watcher_free(w);
	sweeper_free(sweeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_takes_much_more_than_its_recording_is_due),
		scene_test(a_look_frees_what_nobody_has),
		scene_test(what_a_sweep_cannot_free_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
