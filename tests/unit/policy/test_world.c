/* SPDX-License-Identifier: Apache-2.0 */
/* test_world.c: what a look finds. */
#include "policy/world.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/policy/scene.h"

#define scene_test(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

static void move(uint16_t from, uint16_t to)
{
	struct library *library = place_open(LIBRARY_OPEN_OWN);

	assert_int_equal(library_move(library, from, to), 0);
	library_unref(library);
}

static void every_cartridge_of_every_library_is_seen(void **state)
{
	struct watcher *w = watcher_new();
	struct world *world = world_look(w, false, 5000);

	(void)state;
	assert_int_equal(world->carts->len, 3);
	assert_int_equal(world->problems->len, 0);
	assert_non_null(world_find(world, "lib0", "T3"));
	assert_null(world_find(world, "lib1", "T3"));
	assert_null(world_find(world, "lib0", "T4"));
	world_free(world);
	watcher_free(w);
}

static void a_move_into_a_drive_is_seen_at_the_next_look(void **state)
{
	struct watcher *w = watcher_new();
	struct world *before = world_look(w, false, 5000), *after, *drives;

	(void)state;
	assert_int_equal(world_find(before, "lib0", "T2")->drive, 0);
	move(SLOT_2, DRIVE_2);
	after = world_look(w, false, 5001);
	drives = world_look(w, true, 5002);
	assert_int_equal(world_find(after, "lib0", "T2")->drive, 2);
	assert_int_equal(drives->carts->len, 1);
	assert_int_equal(world_find(drives, "lib0", "T2")->drive, 2);
	world_free(before);
	world_free(after);
	world_free(drives);
	watcher_free(w);
}

/* A write protected cartridge keeps no trace of a mount; having been in a drive is one. */
static void having_been_in_a_drive_is_a_use(void **state)
{
	const int64_t later = INT64_C(1) << 40; /* than any time in a header */
	struct watcher *w = watcher_new();
	struct world *world;

	(void)state;
	move(SLOT_1, DRIVE_1);
	world_free(world_look(w, true, later));
	move(DRIVE_1, SLOT_1);
	world = world_look(w, false, later + 50);
	assert_true(world_find(world, "lib0", "T1")->used_s == later);
	assert_true(world_find(world, "lib0", "T2")->used_s < later);
	world_free(world);
	watcher_free(w);
}

static void what_cannot_be_read_is_a_problem(void **state)
{
	struct scene *s = *state;
	g_autofree char *header = g_build_filename(s->place->pool, "T2.cart", "header", NULL);
	g_autofree char *inventory = place_file(s->place, "inventory");
	struct watcher *w = watcher_new();
	struct world *world;

	assert_true(g_file_set_contents(header, "nonsense", -1, NULL));
	world = world_look(w, false, 5000);
	assert_int_equal(world->carts->len, 2);
	assert_int_equal(world->problems->len, 1);
	assert_non_null(strstr(g_ptr_array_index(world->problems, 0), "cartridge T2"));
	world_free(world);
	assert_true(g_file_set_contents(inventory, "nonsense", -1, NULL));
	world = world_look(w, false, 5000);
	assert_int_equal(world->carts->len, 0);
	assert_non_null(strstr(g_ptr_array_index(world->problems, 0), "lib0"));
	world_free(world);
	watcher_free(w);
}

static void without_libraries_the_world_is_empty_and_complete(void **state)
{
	struct watcher *w = watcher_new();
	struct world *world;

	(void)state;
	g_setenv("TCMU_VTL_STATE", "/nonexistent", TRUE);
	world = world_look(w, false, 5000);
	assert_int_equal(world->carts->len, 0);
	assert_int_equal(world->problems->len, 0);
	world_free(world);
	watcher_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(every_cartridge_of_every_library_is_seen),
		scene_test(a_move_into_a_drive_is_seen_at_the_next_look),
		scene_test(having_been_in_a_drive_is_a_use),
		scene_test(what_cannot_be_read_is_a_problem),
		scene_test(without_libraries_the_world_is_empty_and_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
