/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: vtl cartridge verify, dump: they read a cartridge's data, from the disk. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/vtl.h"

static const char *outcome_text(int r)
{
	return r > 0 ? cart_outcome_name(r) : g_strerror(-r);
}

/* Opens it for reading; NULL after the message. */
static struct cart *open_cartridge(struct vtl *vtl, const char *barcode, enum vtl_exit *ret_code)
{
	GError *error = NULL;
	g_autofree char *name = source_library(vtl, barcode, &error);
	struct library *library =
		name == NULL ? NULL : library_open(name, LIBRARY_OPEN_READ, &error);
	struct cart *cart = NULL;
	int r;

	if (library == NULL) {
		*ret_code = vtl_fail(error);
		return NULL;
	}
	r = cart_open(library_pool(library), barcode, CART_OPEN_READ, &cart);
	if (r == 0)
		*ret_code = VTL_OK;
	else if (r == CART_E_ABSENT)
		*ret_code = vtl_fail_code(VTL_NOT_FOUND, "there is no cartridge %s in the pool %s",
					  barcode, library_pool(library));
	else if (r == CART_E_BUSY)
		*ret_code = vtl_fail_code(
			VTL_REFUSED,
			"cartridge %s is in a drive, or being moved: unload it, or wait "
			"for the job (vtl drive list, vtl jobs)",
			barcode);
	else if (r == CART_E_NOT_RESIDENT)
		*ret_code = vtl_fail_code(
			VTL_REFUSED,
			"the data of cartridge %s is not on disk: vtl recall %s brings "
			"it back",
			barcode, barcode);
	else
		*ret_code = vtl_fail_code(VTL_FAILED, "cannot open cartridge %s in the pool %s: %s",
					  barcode, library_pool(library), outcome_text(r));
	library_unref(library);
	return cart;
}

/* ---- verify ---- */

static const struct column verify_columns[] = {
	{ "barcode", "CARTRIDGE", COLUMN_TEXT },
	{ "result", "RESULT", COLUMN_TEXT },
	{ "blocks", "BLOCKS", COLUMN_NUMBER },
	{ "filemarks", "FILEMARKS", COLUMN_NUMBER },
	{ "bytes", "BYTES", COLUMN_SIZE },
	{ "damaged", "DAMAGED", COLUMN_NUMBER },
	{ "digest", "SHA-256 OF THE RECORDING", COLUMN_TEXT },
};

struct verifying {
	const char *barcode;
	uint64_t objects;
	bool bar; /* somebody looks at stderr */
};

static bool tell(void *ctx, uint64_t object, bool damaged)
{
	const struct verifying *v = ctx;

	if (damaged)
		(void)fprintf(stderr, "%s%s: object %" PRIu64 " is damaged\n", v->bar ? "\r" : "",
			      v->barcode, object);
	else if (v->bar && v->objects > 0)
		(void)fprintf(stderr, "\r%s: %3" PRIu64 " %%", v->barcode,
			      object * 100 / v->objects);
	return true;
}

static bool still_going(void *ctx, uint64_t object)
{
	return tell(ctx, object, false);
}

static void add_digest(struct table *table, struct cart *cart, struct verifying *v)
{
	uint8_t digest[CART_DIGEST_SIZE];
	GString *text = g_string_new(NULL);
	uint64_t object;

	if (cart_compute_digest(cart, still_going, v, digest, &object) == 0)
		for (unsigned i = 0; i < sizeof(digest); i++)
			g_string_append_printf(text, "%02x", digest[i]);
	table_text(table, text->str);
	(void)g_string_free(text, TRUE);
}

static enum vtl_exit verify_one(struct vtl *vtl, struct table *table, const char *barcode)
{
	struct verifying v = { .barcode = barcode, .bar = isatty(STDERR_FILENO) != 0 };
	struct cart_check check;
	enum vtl_exit code;
	struct cart *cart = open_cartridge(vtl, barcode, &code);
	int r;

	if (cart == NULL)
		return code;
	v.objects = cart_info(cart)->objects;
	r = cart_verify(cart, tell, &v, &check);
	if (r == 0) {
		table_row(table);
		table_text(table, barcode);
		table_text(table, check.damaged == 0 ? "good" : "damaged");
		table_number(table, check.blocks);
		table_number(table, check.filemarks);
		table_number(table, check.bytes);
		table_number(table, check.damaged);
		if (vtl_option(vtl, "digest") != NULL && check.damaged == 0)
			add_digest(table, cart, &v);
		code = check.damaged == 0 ? VTL_OK : VTL_FAILED;
	} else {
		code = vtl_fail_code(VTL_FAILED, "cannot read cartridge %s: %s", barcode,
				     outcome_text(r));
	}
	if (v.bar)
		(void)fprintf(stderr, "\r%*s\r", (int)strlen(barcode) + 8, "");
	ignore_result(cart_close(cart)); /* it was only read */
	return code;
}

enum vtl_exit cartridge_verify_run(struct vtl *vtl, char **args)
{
	g_autoptr(table_auto) table = table_new(verify_columns, G_N_ELEMENTS(verify_columns));
	enum vtl_exit worst = VTL_OK;

	for (char **barcode = args; *barcode != NULL; barcode++) {
		enum vtl_exit code =
			vtl_check_barcode(*barcode) ? verify_one(vtl, table, *barcode) : VTL_USAGE;

		if (worst == VTL_OK || code == VTL_FAILED)
			worst = code != VTL_OK ? code : worst;
	}
	vtl_print(vtl, table);
	return worst;
}

/* ---- dump ---- */

static void dump_object(const struct vtl *vtl, const struct cart_object *o)
{
	const char *kind = o->damaged ? "damaged" : o->size == 0 ? "filemark" : "block";

	if (vtl->json) /* a line each: nobody wants a hundred million in one array */
		(void)printf(
			"{\"object\":%" PRIu64 ",\"file\":%" PRIu64
			",\"kind\":\"%s\",\"size\":%u,\"stored\":%u,\"codec\":\"%s\",\"address\":%" PRIu64
			"}\n",
			o->number, o->file, kind, o->size, o->stored_size,
			cart_codec_name(o->codec), o->address);
	else if (o->damaged || o->size == 0)
		(void)printf("%10" PRIu64 "  %6" PRIu64 "  %s\n", o->number, o->file, kind);
	else
		(void)printf("%10" PRIu64 "  %6" PRIu64 "  %-8s  %9u  %9u  %-5s  %15" PRIu64 "\n",
			     o->number, o->file, kind, o->size, o->stored_size,
			     cart_codec_name(o->codec), o->address);
}

enum vtl_exit cartridge_dump_run(struct vtl *vtl, char **args)
{
	enum vtl_exit code;
	struct cart *cart;
	int r = 0;

	if (!vtl_check_barcode(args[0]))
		return VTL_USAGE;
	cart = open_cartridge(vtl, args[0], &code);
	if (cart == NULL)
		return code;
	if (!vtl->json)
		(void)printf(
			"    OBJECT    FILE  KIND           SIZE     STORED  CODEC          ADDRESS\n");
	for (uint64_t n = 0; r == 0; n++) {
		struct cart_object object;

		r = cart_object(cart, n, &object);
		if (r == 0)
			dump_object(vtl, &object);
	}
	ignore_result(cart_close(cart));
	if (r == CART_E_EOD)
		return VTL_OK;
	return vtl_fail_code(VTL_FAILED, "cannot read cartridge %s: %s", args[0], outcome_text(r));
}
