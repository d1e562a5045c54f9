/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of every model that is built in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/personality/personality.h"

static void each_built_in_personality_is_whole(void **state)
{
	g_auto(GStrv) names = personality_names();

	(void)state;
	assert_true(g_strv_length(names) >= 3);
	for (char **name = names; *name != NULL; name++) {
		const struct personality *p = personality_find(*name);

		assert_non_null(p);
		assert_true(p->builtin);
		assert_string_equal(p->name, *name);
		assert_true(p->description[0] != '\0');
		assert_true(g_str_has_prefix(p->source, "built in: "));
	}
}

static void the_names_of_the_first_release_are_there(void **state)
{
	const struct drive_model *d = personality_find("ibm-lto8")->drive;

	(void)state;
	assert_non_null(personality_find("generic-lto8"));
	assert_non_null(personality_find("hpe-lto8"));
	assert_string_equal(d->vendor, "IBM");
	assert_string_equal(d->product, "ULT3580-TD8");
	assert_string_equal(personality_find("hpe-lto8")->drive->product, "Ultrium 8-SCSI");
}

static void each_drive_is_sound(void **state)
{
	g_auto(GStrv) names = drive_model_names();

	(void)state;
	for (char **name = names; *name != NULL; name++) {
		const struct drive_model *m = drive_model_get(*name, NULL);

		if (m->media[0].access != MEDIUM_READ_WRITE || !m->densities[0].writable)
			fail_msg("%s does not write its native medium", *name);
		if (m->media[0].medium->density != m->densities[0].code)
			fail_msg("%s: the first medium is not of the first density", *name);
		for (unsigned i = 0; i < m->media_cnt; i++)
			if (m->media[i].medium->kind == MEDIUM_WORM &&
			    (m->features & DRIVE_WORM) == 0)
				fail_msg("%s takes %s without the feature worm", *name,
					 m->media[i].medium->name);
		for (unsigned i = 0; i < m->media_cnt; i++)
			for (unsigned j = 0; j < i; j++)
				if (m->media[i].medium->density == m->media[j].medium->density &&
				    m->media[i].medium->medium_type != 0 &&
				    m->media[i].medium->medium_type ==
					    m->media[j].medium->medium_type &&
				    /* the cartridge itself knows whether it is write once */
				    (m->media[i].medium->kind == m->media[j].medium->kind ||
				     m->media[i].access != m->media[j].access))
					fail_msg("%s cannot tell %s from %s", *name,
						 m->media[i].medium->name,
						 m->media[j].medium->name);
		assert_true(m->max_block_bytes <= 0xffffff);
		assert_true(m->min_block_bytes <= m->max_block_bytes);
	}
}

static void each_library_has_four_ranges_of_addresses(void **state)
{
	g_auto(GStrv) names = library_model_names();

	(void)state;
	for (char **name = names; *name != NULL; name++) {
		const struct library_model *m = library_model_get(*name, NULL);

		assert_true(m->slot_address != m->drive_address);
		assert_true(m->vendor[0] != '\0' && m->product[0] != '\0');
	}
}

static gpointer find_all(gpointer data)
{
	for (unsigned i = 0; i < 200; i++)
		if (personality_find("ibm-lto8") != data || personality_find("no-such") != NULL)
			return GINT_TO_POINTER(1);
	return NULL;
}

static void threads_find_the_same(void **state)
{
	gpointer same = (gpointer)(guintptr)personality_find("ibm-lto8");
	GThread *threads[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		threads[i] = g_thread_new("find", find_all, same);
	for (unsigned i = 0; i < 4; i++)
		assert_null(g_thread_join(threads[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_built_in_personality_is_whole),
		cmocka_unit_test(the_names_of_the_first_release_are_there),
		cmocka_unit_test(each_drive_is_sound),
		cmocka_unit_test(each_library_has_four_ranges_of_addresses),
		cmocka_unit_test(threads_find_the_same),
	};

	(void)g_setenv("TCMU_VTL_PERSONALITIES", "/nonexistent", TRUE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
