/* SPDX-License-Identifier: Apache-2.0 */
/* place.c: see place.h. */
#include "tests/unit/library/place.h"

#include <fcntl.h>
#include <string.h>

#include "lib/base/fs.h"

int place_setup(void **state)
{
	struct place *p = g_new0(struct place, 1);

	p->root = g_dir_make_tmp("vtl-library-XXXXXX", NULL);
	if (p->root == NULL)
		return -1;
	p->state = g_build_filename(p->root, "state", NULL);
	p->pool = g_build_filename(p->root, "pool", NULL);
	g_setenv("TCMU_VTL_STATE", p->state, TRUE);
	*state = p;
	return 0;
}

void place_create(const struct place *p, const char *media)
{
	g_autofree char *text = g_strdup_printf("%spool=%s\n%s", LIB0_HEAD, p->pool, media);
	struct library_config *config = NULL;
	g_autoptr(GError) error = NULL;

	if (!config_parse(text, strlen(text), "lib0.conf", &config, &error) ||
	    !library_create(config, &error))
		fail_msg("%s", error->message);
	library_config_free(config);
}

int place_setup_lib0(void **state)
{
	int r = place_setup(state);

	if (r == 0)
		place_create(*state, "[media]\nbarcodes=T1-T3\ncapacity=1M\n");
	return r;
}

int place_teardown(void **state)
{
	struct place *p = *state;
	int r = fs_remove_tree(AT_FDCWD, p->root);

	g_free(p->root);
	g_free(p->state);
	g_free(p->pool);
	g_free(p);
	return r;
}

struct library *place_open(unsigned flags)
{
	g_autoptr(GError) error = NULL;
	struct library *library = library_open("lib0", flags, &error);

	if (library == NULL)
		fail_msg("%s", error->message);
	return library;
}

void assert_holds(struct library *library, uint16_t address, const char *barcode)
{
	struct library_element e;

	assert_true(library_element(library, address, &e));
	assert_string_equal(e.barcode, barcode);
	assert_int_equal(e.full, *barcode != '\0');
}

void assert_error(GError **error, int code, const char *part)
{
	assert_non_null(*error);
	if ((*error)->domain != LIBRARY_ERROR || (*error)->code != code ||
	    strstr((*error)->message, part) == NULL)
		fail_msg("expected code %d and '%s', got code %d and '%s'", code, part,
			 (*error)->code, (*error)->message);
	g_clear_error(error);
}

char *place_file(const struct place *p, const char *name)
{
	return g_build_filename(p->state, "lib0", name, NULL);
}
