/* SPDX-License-Identifier: Apache-2.0 */
/* handle.c: vtl cartridge export, protect, unprotect, delete: what an operator does with a
 * cartridge in his hand. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/vtl.h"

/* Where one is, and in what state. */
struct handled {
	struct vtl *vtl;
	const char *barcode;
	char *name; /* of its library; owned */
	struct library *library;
	GArray *elements;
	const struct element *element; /* NULL: it is outside */
	const char *pool;
};

static void put_down(struct handled *h)
{
	if (h->elements != NULL)
		(void)g_array_unref(h->elements);
	library_unref(h->library);
	g_free(h->name);
}

static enum vtl_exit take(struct vtl *vtl, const char *barcode, struct handled *h)
{
	GError *error = NULL;

	*h = (struct handled){ .vtl = vtl, .barcode = barcode };
	h->name = source_library(vtl, barcode, &error);
	if (h->name != NULL)
		h->library = library_open(h->name, LIBRARY_OPEN_READ, &error);
	if (h->library != NULL)
		h->elements = source_elements(vtl, h->name, &error);
	if (h->elements == NULL)
		return vtl_fail(error);
	h->pool = library_pool(h->library);
	for (guint i = 0; i < h->elements->len; i++) {
		const struct element *e = &g_array_index(h->elements, struct element, i);

		if (strcmp(e->barcode, barcode) == 0)
			h->element = e;
	}
	if (h->element != NULL && h->element->type == ELEMENT_DRIVE)
		return vtl_fail_code(
			VTL_REFUSED,
			"cartridge %s is in drive %u of library %s: vtl drive unload %u "
			"first",
			barcode, h->element->number, h->name, h->element->number);
	return VTL_OK;
}

static enum vtl_exit for_each(struct vtl *vtl, char **args, enum vtl_exit (*one)(struct handled *h))
{
	enum vtl_exit worst = VTL_OK;

	if (!cartridge_check_barcodes(args))
		return VTL_USAGE;
	for (char **barcode = args; *barcode != NULL; barcode++) {
		struct handled h;
		enum vtl_exit code = take(vtl, *barcode, &h);

		if (code == VTL_OK)
			code = one(&h);
		put_down(&h);
		if (worst == VTL_OK)
			worst = code;
	}
	return worst;
}

/* The one sentence, or the one object, that says what was done. */
static void tell(const struct handled *h, const char *key, const char *text)
{
	struct json json;

	if (!h->vtl->json) {
		(void)printf("Cartridge %s %s.\n", h->barcode, text);
		return;
	}
	json_init(&json);
	json_open(&json, NULL, '{');
	json_string(&json, "barcode", h->barcode);
	json_string(&json, "library", h->name);
	json_string(&json, "done", key);
	json_close(&json, '}');
	json_end(&json);
}

/* ---- export ---- */

/* From a library that no process owns: we own it for the moment. */
static gboolean export_on_disk(const struct handled *h, GError **error)
{
	struct library *library = library_open(h->name, LIBRARY_OPEN_OWN, error);
	int r;

	if (library == NULL)
		return FALSE;
	r = library_export(library, h->barcode);
	if (r != 0)
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_FAILED,
			    "cannot take cartridge %s out of library %s: %s", h->barcode, h->name,
			    library_outcome_name(r));
	library_unref(library);
	return r == 0;
}

static gboolean take_out(const struct handled *h, GError **error)
{
	if (source_is_online(h->vtl, h->name))
		return control_export(h->vtl->client, h->name, h->barcode, error);
	return export_on_disk(h, error);
}

static enum vtl_exit export_one(struct handled *h)
{
	GError *error = NULL;

	if (h->element == NULL)
		return vtl_fail_code(VTL_NOT_FOUND,
				     "library %s holds no cartridge %s (vtl cartridge list shows "
				     "where all are)",
				     h->name, h->barcode);
	if (!take_out(h, &error))
		return vtl_fail(error);
	tell(h, "export", "is out of the library, and stays in the pool");
	return VTL_OK;
}

enum vtl_exit cartridge_export_run(struct vtl *vtl, char **args)
{
	return for_each(vtl, args, export_one);
}

/* ---- the tab ---- */

static enum vtl_exit refuse(const struct handled *h, const char *what, int r)
{
	if (r == CART_E_ABSENT)
		return vtl_fail_code(VTL_NOT_FOUND, "there is no cartridge %s in the pool %s",
				     h->barcode, h->pool);
	if (r == CART_E_BUSY)
		return vtl_fail_code(
			VTL_REFUSED,
			"cartridge %s is being read, copied or repaired: wait for that "
			"(vtl jobs, fuser -v %s/%s%s/lock)",
			h->barcode, h->pool, h->barcode, CART_SUFFIX);
	return vtl_fail_code(VTL_FAILED, "cannot %s cartridge %s in the pool %s: %s%s", what,
			     h->barcode, h->pool, r > 0 ? cart_outcome_name(r) : g_strerror(-r),
			     r == CART_E_INVALID || r == CART_E_FOREIGN ? " (vtl cartridge repair)"
									: "");
}

static enum vtl_exit set_tab(struct handled *h, bool on)
{
	struct cart *c = NULL;
	int closed, r = cart_open(h->pool, h->barcode, CART_OPEN_WRITE | CART_OPEN_ADMIN, &c);

	if (r == 0)
		r = cart_set_write_protect(c, on);
	closed = cart_close(c);
	if (r == 0)
		r = closed;
	if (r != 0)
		return refuse(h, on ? "protect" : "unprotect", r);
	tell(h, on ? "protect" : "unprotect",
	     on ? "is write protected" : "is not write protected any more");
	return VTL_OK;
}

static enum vtl_exit protect_one(struct handled *h)
{
	return set_tab(h, true);
}

static enum vtl_exit unprotect_one(struct handled *h)
{
	return set_tab(h, false);
}

enum vtl_exit cartridge_protect_run(struct vtl *vtl, char **args)
{
	return for_each(vtl, args, protect_one);
}

enum vtl_exit cartridge_unprotect_run(struct vtl *vtl, char **args)
{
	return for_each(vtl, args, unprotect_one);
}

/* ---- delete ---- */

static bool has_current_copy(const struct cart_info *info)
{
	for (unsigned i = 0; i < info->copies_cnt; i++)
		if (info->copies[i].generation == info->generation)
			return true;
	return false;
}

/* Something is on a partition above 0, or may be. */
static bool is_recorded_elsewhere(const struct handled *h, const struct cart_info *info)
{
	g_autofree struct cart_info *one = g_new0(struct cart_info, 1);

	for (unsigned n = 1; n < info->layout.partitions; n++)
		if (cart_stat_partition(h->pool, h->barcode, n, one) != 0 || one->objects > 0 ||
		    one->unclosed)
			return true;
	return false;
}

/* Why nobody should delete it without saying that he knows; NULL: nothing is lost. */
static const char *objection(const struct handled *h, const struct cart_info *info, int r)
{
	if (r != 0)
		return "it is damaged, and may hold data (vtl cartridge repair)";
	if (info->state == CART_MIGRATED || info->state == CART_RECALLING)
		return "its data is only on physical volumes, and only its header says on which "
		       "(vtl recall)";
	if (is_recorded_elsewhere(h, info))
		return "it holds data, and a divided medium has no copies";
	if ((info->objects > 0 || info->unclosed || info->state == CART_DAMAGED) &&
	    (info->unclosed || !has_current_copy(info)))
		return "it holds data of which no current copy is on a physical volume (vtl "
		       "migrate)";
	return NULL;
}

static bool is_confirmed(const struct handled *h, const struct cart_info *info, int r)
{
	g_autofree char *size = r == 0 ? g_format_size(info->logical_bytes) : g_strdup("unknown");
	char answer[16] = "";

	if (vtl_option(h->vtl, "yes") != NULL)
		return true;
	if (isatty(STDIN_FILENO) == 0) {
		(void)vtl_fail_code(VTL_REFUSED,
				    "cartridge %s stays: there is nobody to ask; say --yes",
				    h->barcode);
		return false;
	}
	(void)fprintf(stderr, "Delete cartridge %s of library %s (data: %s) for ever? [y/N] ",
		      h->barcode, h->name, size);
	if (fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	(void)vtl_fail_code(VTL_REFUSED, "cartridge %s stays", h->barcode);
	return false;
}

/* Who may record on it while we ask is asked again when nobody can any more. */
struct last_look {
	const struct handled *h;
	const char *why; /* the objection */
};

static int look_again(void *ctx)
{
	struct last_look *look = ctx;
	const struct handled *h = look->h;
	g_autofree struct cart_info *info = g_new0(struct cart_info, 1);
	int r = cart_stat(h->pool, h->barcode, info);

	if (vtl_option(h->vtl, "force") == NULL)
		look->why = objection(h, info, r);
	return look->why == NULL ? 0 : -ECANCELED;
}

static enum vtl_exit refuse_for(const struct handled *h, const char *why)
{
	return vtl_fail_code(VTL_REFUSED,
			     "cartridge %s was not deleted: %s; --force deletes it all the same",
			     h->barcode, why);
}

static void tell_left(const struct handled *h, const struct cart_deletion *deletion)
{
	if (deletion->left_error == 0)
		return;
	(void)fprintf(stderr, "vtl: cartridge %s is deleted, but %s/%s is still there: %s\n",
		      h->barcode, h->pool, deletion->left, g_strerror(-deletion->left_error));
}

/* First out of the library, so that no drive can load it in between. */
static enum vtl_exit delete_now(struct handled *h)
{
	struct last_look look = { .h = h };
	struct cart_deletion deletion = { .check = look_again, .ctx = &look };
	GError *error = NULL;
	int r = cart_probe(h->pool, h->barcode);

	if (r == CART_E_BUSY)
		return refuse(h, "delete", r);
	if (h->element != NULL && !take_out(h, &error))
		return vtl_fail(error);
	r = cart_delete_if(h->pool, h->barcode, &deletion);
	if (r == 0) {
		tell(h, "delete", "is deleted");
		tell_left(h, &deletion);
		return VTL_OK;
	}
	if (h->element != NULL)
		(void)fprintf(stderr,
			      "vtl: cartridge %s is out of the library now (vtl cartridge import "
			      "%s brings it back)\n",
			      h->barcode, h->barcode);
	return look.why != NULL ? refuse_for(h, look.why) : refuse(h, "delete", r);
}

/* Asking took its time: where is it now? */
static enum vtl_exit delete_wherever(const struct handled *asked)
{
	struct handled h;
	enum vtl_exit code = take(asked->vtl, asked->barcode, &h);

	if (code == VTL_OK)
		code = delete_now(&h);
	put_down(&h);
	return code;
}

static enum vtl_exit delete_one(struct handled *h)
{
	g_autofree struct cart_info *info = g_new0(struct cart_info, 1);
	int r = cart_stat(h->pool, h->barcode, info);
	const char *why;

	if (r == CART_E_ABSENT)
		return refuse(h, "delete", r);
	why = objection(h, info, r);
	if (why != NULL && vtl_option(h->vtl, "force") == NULL)
		return refuse_for(h, why);
	return is_confirmed(h, info, r) ? delete_wherever(h) : VTL_REFUSED;
}

enum vtl_exit cartridge_delete_run(struct vtl *vtl, char **args)
{
	return for_each(vtl, args, delete_one);
}
