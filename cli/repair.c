/* SPDX-License-Identifier: Apache-2.0 */
/* repair.c: vtl cartridge repair: cart_repair() for people. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"
#include "lib/personality/personality.h"
#include "lib/store/cartridge_repair.h"

static const struct column columns[] = {
	{ "barcode", "CARTRIDGE", COLUMN_TEXT }, { "result", "RESULT", COLUMN_TEXT },
	{ "objects", "OBJECTS", COLUMN_NUMBER }, { "lost", "LOST", COLUMN_NUMBER },
	{ "header", "HEADER", COLUMN_TEXT },     { "recovered", NULL, COLUMN_FLAG },
	{ "index", "INDEX", COLUMN_TEXT },       { "cut", "CUT", COLUMN_SIZE },
	{ "backup", "BACKUP", COLUMN_TEXT },
};

static void say(void *ctx, const char *text)
{
	(void)fprintf(stderr, "%s: %s\n", (const char *)ctx, text);
}

/* The medium type that goes with a density: that of the library's drives' medium of the barcode's
 * kind; 0, "not told", where they know none. */
static uint8_t medium_type_of(const struct personality *persona, const struct cart_params *params)
{
	enum medium_kind kind = params->kind == CART_WORM ? MEDIUM_WORM : MEDIUM_DATA;

	for (unsigned i = 0; persona != NULL && i < persona->drive->media_cnt; i++) {
		const struct medium_row *m = persona->drive->media[i].medium;

		if (m->density == params->density && m->kind == kind)
			return m->medium_type;
	}
	return 0;
}

/* What the cartridges of the library have, changed by the options; false after a message. */
static bool read_options(struct vtl *vtl, const struct library_config *config, const char *barcode,
			 struct cart_params *params, struct cart_repair_options *options)
{
	const char *codec = vtl_option(vtl, "codec"), *density = vtl_option(vtl, "density");
	guint64 number;

	if (!medium_option(vtl, config, barcode, params))
		return false;
	number = params->density;
	*options = (struct cart_repair_options){ .dry_run = vtl_option(vtl, "dry-run") != NULL,
						 .params = params,
						 .say = say };
	if (!cartridge_size_option(vtl, "capacity", &params->capacity_bytes))
		return false;
	if (vtl_option(vtl, "capacity") != NULL) {
		params->early_warning_bytes = params->capacity_bytes / 100;
		options->insist |= CART_REPAIR_CAPACITY;
	}
	if (density != NULL && !g_ascii_string_to_unsigned(density, 16, 1, 0xff, &number, NULL)) {
		(void)vtl_fail_code(VTL_USAGE, "--density %s is no density code: write it as 5e",
				    density);
		return false;
	}
	params->density = (uint8_t)number;
	if (density != NULL) {
		params->medium_type = medium_type_of(library_personality(config), params);
		options->insist |= CART_REPAIR_DENSITY | CART_REPAIR_MEDIUM_TYPE;
	}
	if (codec != NULL && !cart_codec_parse(codec, &params->codec)) {
		(void)vtl_fail_code(VTL_USAGE, "--codec %s is unknown: use none, lz4, zstd or zlib",
				    codec);
		return false;
	}
	if (vtl_option(vtl, "type") != NULL || vtl_option(vtl, "kind") != NULL)
		options->insist |= CART_REPAIR_DENSITY | CART_REPAIR_MEDIUM_TYPE | CART_REPAIR_KIND;
	options->insist |= codec != NULL ? CART_REPAIR_CODEC : 0;
	options->insist |= vtl_option(vtl, "resident") != NULL ? CART_REPAIR_RESIDENT : 0;
	options->insist |= vtl_option(vtl, "writable") != NULL ? CART_REPAIR_WRITABLE : 0;
	return true;
}

static enum vtl_exit refuse(int r, const char *pool, const char *barcode)
{
	if (r == CART_E_ABSENT)
		return vtl_fail_code(VTL_NOT_FOUND, "there is no cartridge %s in the pool %s",
				     barcode, pool);
	if (r == CART_E_BUSY)
		return vtl_fail_code(
			VTL_REFUSED,
			"cartridge %s is in a drive, or being read or moved: unload it, "
			"or wait for the job (vtl drive list, vtl jobs)",
			barcode);
	if (r == CART_E_PARTITIONED)
		return vtl_fail_code(VTL_FAILED,
				     "cartridge %s was not repaired: its header is lost, and which "
				     "folders are its partitions cannot be told for certain",
				     barcode);
	if (r == CART_E_NOT_RESIDENT)
		return vtl_fail_code(
			VTL_FAILED,
			"cartridge %s was not repaired: its header is lost, and what is "
			"on the disk is nothing, or may be a part of the recording; where "
			"it was migrated, vtl physical import reads its volume",
			barcode);
	return vtl_fail_code(VTL_FAILED, "cannot repair cartridge %s in the pool %s: %s%s", barcode,
			     pool, r > 0 ? cart_outcome_name(r) : g_strerror(-r),
			     r == CART_E_NO_SPACE ? " (for the backup of what changes)" : "");
}

/* As verify has it. */
static char *label_of(const char *barcode, unsigned partition)
{
	return partition == 0 ? g_strdup(barcode) : g_strdup_printf("%s/%u", barcode, partition);
}

static const char *result(const struct cart_repair *repair, bool dry_run)
{
	if (!cart_repair_changed(repair))
		return repair->lost > 0 ? "nothing more to do" : "good";
	return dry_run ? "to be repaired" : "repaired";
}

static void add_row(struct table *table, const char *barcode, unsigned partition,
		    const struct cart_repair *repair, bool dry_run)
{
	g_autofree char *label = label_of(barcode, partition);
	g_autofree char *backup =
		g_strdup_printf("%s%s/partitions/%s", barcode, CART_SUFFIX, repair->backup);

	table_row(table);
	table_text(table, label);
	table_text(table, result(repair, dry_run));
	table_number(table, repair->objects);
	table_number(table, repair->lost);
	table_text(table, repair->header_rebuilt   ? "made anew"
			  : repair->header_healed  ? "healed"
			  : repair->header_changed ? "closed"
						   : "good");
	table_number(table, repair->recovered);
	table_text(table, repair->tables_rebuilt ? "made anew" : "good");
	table_number(table, repair->cut_bytes);
	if (repair->backup[0] != '\0')
		table_text(table, partition == 0 ? repair->backup : backup);
	else
		table_absent(table);
}

/* One recording. */
static enum vtl_exit repair_recording(struct table *table, const char *pool, const char *barcode,
				      struct cart_repair_options *options)
{
	g_autofree char *label = label_of(barcode, options->partition);
	struct cart_repair repair;
	int r;

	options->ctx = label;
	r = cart_repair(pool, barcode, options, &repair);
	if (r == -ERANGE)
		return partition_absent(barcode, options->partition);
	if (r != 0)
		return refuse(r, pool, r == CART_E_ABSENT ? barcode : label);
	add_row(table, barcode, options->partition, &repair, options->dry_run);
	return repair.lost > 0 ? VTL_FAILED : VTL_OK;
}

/* How many partitions there are, where that is known: in a dry run the header may still be bad. */
static unsigned count_partitions(const char *pool, const char *barcode)
{
	g_autofree struct cart_info *info = g_new0(struct cart_info, 1);

	return cart_stat(pool, barcode, info) == 0 ? info->layout.partitions : 1;
}

/* The partition that is asked for, or all. */
static enum vtl_exit repair_one(struct vtl *vtl, struct table *table, char *barcode)
{
	GError *error = NULL;
	g_autofree char *name = source_library(vtl, barcode, &error);
	struct library *library =
		name == NULL ? NULL : library_open(name, LIBRARY_OPEN_READ, &error);
	struct cart_repair_options options;
	struct cart_params params;
	enum vtl_exit code = VTL_USAGE, one;
	unsigned partition;
	bool given;

	if (library == NULL)
		return vtl_fail(error);
	if (read_options(vtl, library_config(library), barcode, &params, &options) &&
	    partition_option(vtl, &given, &partition)) {
		const char *pool = library_pool(library);

		options.partition = partition;
		code = repair_recording(table, pool, barcode, &options);
		while (!given && ++options.partition < count_partitions(pool, barcode)) {
			one = repair_recording(table, pool, barcode, &options);
			code = code == VTL_OK ? one : code;
		}
	}
	library_unref(library);
	return code;
}

enum vtl_exit cartridge_repair_run(struct vtl *vtl, char **args)
{
	g_autoptr(table_auto) table = table_new(columns, G_N_ELEMENTS(columns));
	enum vtl_exit worst = VTL_OK;

	for (char **barcode = args; *barcode != NULL; barcode++) {
		enum vtl_exit code =
			vtl_check_barcode(*barcode) ? repair_one(vtl, table, *barcode) : VTL_USAGE;

		if (worst == VTL_OK)
			worst = code;
	}
	vtl_print(vtl, table);
	return worst;
}
