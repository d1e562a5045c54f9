/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.c: vtl cartridge create.
 *
 * What can be known before is asked before: options, names that exist, free slots; then none is
 * made.  What happens in between (no space, a service that goes away) ends it, and those that are
 * made stay: they are whole, and the message says which are and which are not.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"

bool cartridge_size_option(struct vtl *vtl, const char *option, uint64_t *size)
{
	const char *text = vtl_option(vtl, option);

	if (text == NULL || library_parse_size(text, size))
		return true;
	(void)vtl_fail_code(VTL_USAGE, "--%s %s is no size: write it as 12T, 1.5G or 4096", option,
			    text);
	return false;
}

/* What one will be; false after the message. */
static bool read_params(struct vtl *vtl, const struct library_config *config, const char *barcode,
			struct cart_params *params)
{
	const char *codec = vtl_option(vtl, "codec");

	if (!medium_option(vtl, config, barcode, params))
		return false;
	if (codec != NULL && !cart_codec_parse(codec, &params->codec)) {
		(void)vtl_fail_code(VTL_USAGE, "--codec %s is unknown: use none, lz4, zstd or zlib",
				    codec);
		return false;
	}
	params->write_protect = vtl_option(vtl, "write-protect") != NULL;
	if (params->kind == CART_CLEANING)
		return true;
	if (!cartridge_size_option(vtl, "capacity", &params->capacity_bytes))
		return false;
	/* 1 % as for a description, where the capacity is another one */
	if (vtl_option(vtl, "capacity") != NULL)
		params->early_warning_bytes = params->capacity_bytes / 100;
	if (!cartridge_size_option(vtl, "early-warning", &params->early_warning_bytes))
		return false;
	if (params->capacity_bytes == 0 || params->early_warning_bytes < params->capacity_bytes)
		return true;
	(void)vtl_fail_code(VTL_USAGE, "early warning must come before the end of the medium: make "
				       "--early-warning smaller than the capacity");
	return false;
}

/* ---- before ---- */

/* "A, B, C and 7 more" */
static char *some(char **barcodes)
{
	const guint count = g_strv_length(barcodes), shown = count > 6 ? 5 : count;
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < shown; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", barcodes[i]);
	if (count > shown)
		g_string_append_printf(text, " and %u more", count - shown);
	return g_string_free(text, FALSE);
}

static enum vtl_exit check_names(const char *pool, char **barcodes)
{
	g_autoptr(GPtrArray) there = g_ptr_array_new();
	g_autofree char *list = NULL;
	struct cart_info *info = g_new(struct cart_info, 1);

	for (char **barcode = barcodes; *barcode != NULL; barcode++)
		if (cart_stat(pool, *barcode, info) != CART_E_ABSENT)
			g_ptr_array_add(there, *barcode);
	g_free(info);
	if (there->len == 0)
		return VTL_OK;
	g_ptr_array_add(there, NULL);
	list = some((char **)there->pdata);
	return vtl_fail_code(VTL_REFUSED,
			     "nothing was made: the pool %s has %s already (vtl cartridge import "
			     "takes such into the library)",
			     pool, list);
}

static enum vtl_exit check_slots(struct vtl *vtl, const char *library, guint wanted)
{
	GError *error = NULL;
	g_autoptr(GArray) elements = source_elements(vtl, library, &error);
	guint empty = 0;

	if (elements == NULL)
		return vtl_fail(error);
	for (guint i = 0; i < elements->len; i++) {
		const struct element *e = &g_array_index(elements, struct element, i);

		empty += e->type == ELEMENT_STORAGE && e->barcode[0] == '\0';
	}
	if (empty >= wanted)
		return VTL_OK;
	return vtl_fail_code(VTL_REFUSED,
			     "nothing was made: library %s has %u free slot%s for %u cartridge%s "
			     "(vtl cartridge export frees some)",
			     library, empty, empty == 1 ? "" : "s", wanted, wanted == 1 ? "" : "s");
}

/* ---- each ---- */

struct created {
	struct vtl *vtl;
	const char *library, *pool, *barcode;
};

/* Nobody has it in hand, and nothing is on it. */
static int is_blank(void *ctx)
{
	const struct created *created = ctx;
	g_autofree struct cart_info *info = g_new0(struct cart_info, 1);
	g_autoptr(GArray) elements = source_elements(created->vtl, created->library, NULL);
	char location[LIBRARY_LABEL_SIZE];

	if (elements == NULL || cart_stat(created->pool, created->barcode, info) != 0 ||
	    info->objects > 0 || info->unclosed || info->generation > 0)
		return -ECANCELED;
	source_location(elements, created->barcode, location);
	return location[0] == '\0' ? 0 : -ECANCELED;
}

static enum vtl_exit create_one(struct vtl *vtl, struct library *library,
				const struct cart_params *params)
{
	const char *pool = library_pool(library);
	struct created created = { vtl, library_name(library), pool, params->barcode };
	struct cart_deletion deletion = { .check = is_blank, .ctx = &created };
	GError *error = NULL;
	int r = cart_create(pool, params);

	if (r != 0)
		return vtl_fail_code(r == CART_E_EXISTS ? VTL_REFUSED : VTL_FAILED,
				     "cannot make cartridge %s in the pool %s: %s", params->barcode,
				     pool, r > 0 ? cart_outcome_name(r) : g_strerror(-r));
	if (cartridge_take_in(vtl, library_name(library), params->barcode, false, &error))
		return VTL_OK;
	/* A refused one goes again, where it is blank and in no slot; after a failure it may be in
	 * one for all we know, and stays. */
	if (error->domain != CONTROL_ERROR || error->code != CONTROL_ERROR_BUSY ||
	    cart_delete_if(pool, params->barcode, &deletion) != 0)
		g_prefix_error(&error, "cartridge %s is made, but: ", params->barcode);
	return vtl_fail(error);
}

/* It stopped in front of @rest. */
static void tell_stopped(struct vtl *vtl, const char *library, char **barcodes, char **rest)
{
	g_autoptr(GPtrArray) made = g_ptr_array_new();
	g_autofree char *list = NULL;

	for (char **barcode = barcodes; barcode < rest; barcode++)
		g_ptr_array_add(made, *barcode);
	g_ptr_array_add(made, NULL);
	list = some(rest);
	(void)fprintf(stderr, "vtl: it stopped there: %u of %u are made and stay; not made: %s\n",
		      made->len - 1, g_strv_length(barcodes), list);
	if (made->len > 1 || vtl->json)
		(void)cartridge_tell(vtl, library, (char **)made->pdata);
}

static enum vtl_exit create_all(struct vtl *vtl, struct library *library, char **barcodes)
{
	const char *name = library_name(library);
	g_autofree struct cart_params *params = g_new0(struct cart_params, g_strv_length(barcodes));
	enum vtl_exit code;
	guint n = 0;

	for (guint i = 0; barcodes[i] != NULL; i++)
		if (!read_params(vtl, library_config(library), barcodes[i], &params[i]))
			return VTL_USAGE;
	code = check_names(library_pool(library), barcodes);
	if (code == VTL_OK)
		code = check_slots(vtl, name, g_strv_length(barcodes));
	if (code != VTL_OK)
		return code;
	while (code == VTL_OK && barcodes[n] != NULL) {
		code = create_one(vtl, library, &params[n]);
		n += code == VTL_OK;
	}
	if (code == VTL_OK)
		return cartridge_tell(vtl, name, barcodes);
	if (g_strv_length(barcodes) > 1)
		tell_stopped(vtl, name, barcodes, barcodes + n);
	return code;
}

enum vtl_exit cartridge_create_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *name = NULL;
	g_autofree char *list = g_strjoinv(";", args);
	g_auto(GStrv) barcodes = library_expand_barcodes(list, &error);
	struct library *library = NULL;
	enum vtl_exit code;

	if (barcodes == NULL) {
		code = vtl_fail_code(VTL_USAGE, "%s", error->message);
		g_error_free(error);
		return code;
	}
	name = source_library(vtl, NULL, &error);
	if (name != NULL)
		library = library_open(name, LIBRARY_OPEN_READ, &error);
	if (library == NULL)
		return vtl_fail(error);
	code = create_all(vtl, library, barcodes);
	library_unref(library);
	return code;
}
