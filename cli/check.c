/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: vtl cartridge dump, and opening a cartridge to read its data, from the disk. */
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

struct cart *check_open(struct vtl *vtl, const char *barcode, char **ret_pool,
			enum vtl_exit *ret_code)
{
	GError *error = NULL;
	g_autofree char *name = source_library(vtl, barcode, &error);
	struct library *library =
		name == NULL ? NULL : library_open(name, LIBRARY_OPEN_READ, &error);
	struct cart *cart = NULL;
	bool repairable;
	int r;

	if (library == NULL) {
		*ret_code = vtl_fail(error);
		return NULL;
	}
	r = cart_open(library_pool(library), barcode, CART_OPEN_READ | CART_OPEN_LOOK, &cart);
	repairable = r == CART_E_INVALID || r == CART_E_FOREIGN || r == -EIO;
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
	else if (r == CART_E_CLEANING) {
		g_printerr("vtl: %s is a cleaning cartridge: there is nothing to read on it\n",
			   barcode);
		*ret_code = VTL_OK; /* one among many that are checked is no damage */
	} else if (r == CART_E_NOT_RESIDENT)
		*ret_code = vtl_fail_code(
			VTL_REFUSED,
			"the data of cartridge %s is not on disk: vtl recall %s brings "
			"it back",
			barcode, barcode);
	else
		*ret_code = vtl_fail_code(r < 0 ? VTL_REFUSED : VTL_FAILED,
					  "cannot open cartridge %s in the pool %s: %s%s%s%s",
					  barcode, library_pool(library), outcome_text(r),
					  repairable ? " (vtl cartridge repair --dry-run " : "",
					  repairable ? barcode : "",
					  repairable ? " says what can be done)" : "");
	if (r == 0 && ret_pool != NULL)
		*ret_pool = g_strdup(library_pool(library));
	library_unref(library);
	return cart;
}

bool partition_option(struct vtl *vtl, bool *ret_given, unsigned *ret_partition)
{
	const char *text = vtl_option(vtl, "partition");
	guint64 number = 0;

	*ret_given = text != NULL;
	if (text != NULL &&
	    !g_ascii_string_to_unsigned(text, 10, 0, CART_PARTITIONS - 1, &number, NULL)) {
		(void)vtl_fail_code(VTL_USAGE, "--partition %s is not a number from 0 to %d", text,
				    CART_PARTITIONS - 1);
		return false;
	}
	*ret_partition = (unsigned)number;
	return true;
}

enum vtl_exit partition_absent(const char *barcode, unsigned partition)
{
	return vtl_fail_code(VTL_NOT_FOUND,
			     "cartridge %s has no partition %u: vtl cartridge show %s tells which "
			     "it has",
			     barcode, partition, barcode);
}

/* ---- dump ---- */

static void dump_object(const struct vtl *vtl, const struct cart_object *o)
{
	const char *kind = o->damaged     ? "damaged"
			   : o->size == 0 ? "filemark"
			   : o->encrypted ? "encrypted"
					  : "block";

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
		(void)printf("%10" PRIu64 "  %6" PRIu64 "  %-9s  %9u  %9u  %-5s  %15" PRIu64 "\n",
			     o->number, o->file, kind, o->size, o->stored_size,
			     cart_codec_name(o->codec), o->address);
}

/* The objects that are asked for: *ret_end is behind the last one. */
static bool dump_range(struct vtl *vtl, uint64_t *ret_first, uint64_t *ret_end)
{
	const char *from = vtl_option(vtl, "from"), *count = vtl_option(vtl, "count");
	uint64_t objects = UINT64_MAX;

	*ret_first = 0;
	if (from != NULL && !g_ascii_string_to_unsigned(from, 10, 0, UINT64_MAX, ret_first, NULL)) {
		(void)vtl_fail_code(VTL_USAGE, "--from %s is not the number of an object", from);
		return false;
	}
	if (count != NULL && !vtl_parse_number("--count", count, UINT64_MAX, &objects))
		return false;
	*ret_end = objects < UINT64_MAX - *ret_first ? *ret_first + objects : UINT64_MAX;
	return true;
}

static int dump_objects(const struct vtl *vtl, struct cart *cart, uint64_t first, uint64_t end)
{
	int r = 0;

	if (!vtl->json)
		(void)printf(
			"    OBJECT    FILE  KIND            SIZE     STORED  CODEC          ADDRESS\n");
	for (uint64_t n = first; r == 0 && n < end && ferror(stdout) == 0; n++) {
		struct cart_object object;

		r = cart_object(cart, n, &object);
		if (r == 0)
			dump_object(vtl, &object);
	}
	return r == CART_E_EOD ? 0 : r;
}

enum vtl_exit cartridge_dump_run(struct vtl *vtl, char **args)
{
	struct cart *cart, *one = NULL;
	uint64_t first, end;
	unsigned partition;
	enum vtl_exit code;
	bool given;
	int r = 0;

	if (!vtl_check_barcode(args[0]) || !dump_range(vtl, &first, &end) ||
	    !partition_option(vtl, &given, &partition))
		return VTL_USAGE;
	cart = check_open(vtl, args[0], NULL, &code);
	if (cart == NULL)
		return code;
	if (partition > 0)
		r = cart_open_partition(cart, partition, &one);
	if (r == CART_E_ABSENT)
		code = partition_absent(args[0], partition);
	else if (r != 0)
		code = vtl_fail_code(VTL_FAILED,
				     "cannot open partition %u of cartridge %s: %s (vtl cartridge "
				     "repair --partition %u --dry-run %s says what can be done)",
				     partition, args[0], outcome_text(r), partition, args[0]);
	else
		r = dump_objects(vtl, one != NULL ? one : cart, first, end);
	if (code == VTL_OK && r != 0)
		code = vtl_fail_code(VTL_FAILED, "cannot read cartridge %s: %s", args[0],
				     outcome_text(r));
	ignore_result(cart_close(one)); /* they were only read */
	ignore_result(cart_close(cart));
	return code;
}
