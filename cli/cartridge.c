/* SPDX-License-Identifier: Apache-2.0 */
/* cartridge.c: vtl cartridge list, show, import, and the rows of all its verbs; create.c, handle.c,
 * verify.c, repair.c, check.c, attributes.c have the others. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"

static const char *outcome_text(int r)
{
	return r > 0 ? cart_outcome_name(r) : g_strerror(-r);
}

/* ---- import ---- */

/* Into a library that no process owns: we own it for the moment. */
static gboolean import_on_disk(const char *name, const char *barcode, bool mail_slot,
			       GError **error)
{
	struct library *library = library_open(name, LIBRARY_OPEN_OWN, error);
	uint16_t address;
	int r;

	if (library == NULL)
		return FALSE;
	r = library_import(library, barcode, mail_slot, &address);
	if (r == LIBRARY_E_SOURCE_EMPTY)
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
			    "there is no cartridge %s in the pool %s (vtl cartridge create makes "
			    "one)",
			    barcode, library_pool(library));
	else if (r == LIBRARY_E_DESTINATION_FULL)
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_BUSY,
			    "library %s has no free %s for %s", name,
			    mail_slot ? "mail slot" : "slot", barcode);
	else if (r == -EEXIST)
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_BUSY,
			    "cartridge %s is in library %s already", barcode, name);
	else if (r != 0)
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_FAILED,
			    "cannot take cartridge %s into library %s: %s", barcode, name,
			    library_outcome_name(r));
	library_unref(library);
	return r == 0;
}

/* A folder in which nothing is that could be a cartridge's. */
static gboolean is_hollow(const char *pool, const char *barcode)
{
	g_autofree char *path = g_strdup_printf("%s/%s%s", pool, barcode, CART_SUFFIX);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
		if (strcmp(name, "lock") != 0)
			return FALSE;
	return dir != NULL;
}

/* The folder of that name holds the cartridge of that name; a damaged one is one too. */
static gboolean check_folder(const char *library, const char *barcode, GError **error)
{
	g_autofree struct cart_info *info = g_new0(struct cart_info, 1);
	struct library *l = library_open(library, LIBRARY_OPEN_READ, error);
	gboolean good = l != NULL;
	int r;

	if (l == NULL)
		return FALSE;
	r = cart_stat(library_pool(l), barcode, info);
	if (r == 0 && strcmp(info->barcode, barcode) != 0) {
		good = FALSE;
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_FAILED,
			    "folder %s%s in the pool %s holds cartridge %s: somebody renamed or "
			    "copied it; give it the name %s%s, and import that",
			    barcode, CART_SUFFIX, library_pool(l), info->barcode, info->barcode,
			    CART_SUFFIX);
	} else if (r == CART_E_INVALID && is_hollow(library_pool(l), barcode)) {
		good = FALSE;
		g_set_error(error, CONTROL_ERROR, CONTROL_ERROR_FAILED,
			    "folder %s%s in the pool %s is empty, and no cartridge: put its files "
			    "back from a backup, or delete it and make a new one (vtl cartridge "
			    "create %s)",
			    barcode, CART_SUFFIX, library_pool(l), barcode);
	}
	library_unref(l);
	return good;
}

gboolean cartridge_take_in(struct vtl *vtl, const char *library, const char *barcode,
			   bool mail_slot, GError **error)
{
	if (source_is_online(vtl, library))
		return control_import(vtl->client, library, barcode, mail_slot, error);
	return import_on_disk(library, barcode, mail_slot, error);
}

enum vtl_exit cartridge_tell(struct vtl *vtl, const char *library, char **barcodes)
{
	static const struct column columns[] = {
		{ "barcode", "CARTRIDGE", COLUMN_TEXT },
		{ "library", "LIBRARY", COLUMN_TEXT },
		{ "location", "LOCATION", COLUMN_TEXT },
	};
	g_autoptr(table_auto) table = table_new(columns, G_N_ELEMENTS(columns));
	GError *error = NULL;
	g_autoptr(GArray) elements = source_elements(vtl, library, &error);

	if (elements == NULL)
		return vtl_fail(error);
	for (char **barcode = barcodes; *barcode != NULL; barcode++) {
		char location[LIBRARY_LABEL_SIZE];

		source_location(elements, *barcode, location);
		table_row(table);
		table_text(table, *barcode);
		table_text(table, library);
		table_text(table, location);
	}
	vtl_print(vtl, table);
	return VTL_OK;
}

bool cartridge_check_barcodes(char **barcodes)
{
	for (char **barcode = barcodes; *barcode != NULL; barcode++)
		if (!vtl_check_barcode(*barcode))
			return false;
	return true;
}

static enum vtl_exit cartridge_import_run(struct vtl *vtl, char **args)
{
	bool mail_slot = vtl_option(vtl, "mail-slot") != NULL;
	GError *error = NULL;
	g_autofree char *library = NULL;

	if (!cartridge_check_barcodes(args))
		return VTL_USAGE;
	library = source_library(vtl, args[0], &error);
	if (library == NULL)
		return vtl_fail(error);
	for (char **barcode = args; *barcode != NULL; barcode++)
		if (!check_folder(library, *barcode, &error) ||
		    !cartridge_take_in(vtl, library, *barcode, mail_slot, &error))
			return vtl_fail(error);
	return cartridge_tell(vtl, library, args);
}

/* ---- list ---- */

static const struct column list_columns[] = {
	{ "barcode", "CARTRIDGE", COLUMN_TEXT },     { "location", "LOCATION", COLUMN_TEXT },
	{ "state", "STATE", COLUMN_TEXT },           { "blocks", "BLOCKS", COLUMN_NUMBER },
	{ "filemarks", "FILEMARKS", COLUMN_NUMBER }, { "logical_bytes", "WRITTEN", COLUMN_SIZE },
	{ "stored_bytes", "STORED", COLUMN_SIZE },   { "disk_bytes", "ON DISK", COLUMN_SIZE },
	{ "copies", "COPIES", COLUMN_NUMBER },       { "last_write", "LAST WRITE", COLUMN_TIME },
};

/* Whoever wrote last has it open, or died: what is recorded is not counted in the header. */
static bool is_unclosed(const struct cart_info *info)
{
	return info->unclosed && (info->state == CART_RESIDENT || info->state == CART_PREMIGRATED);
}

static void add_cartridge(struct table *table, const GArray *elements, const char *pool,
			  const char *barcode)
{
	char location[LIBRARY_LABEL_SIZE];
	struct cart_info info;
	int r = cart_stat(pool, barcode, &info);

	source_location(elements, barcode, location);
	table_row(table);
	table_text(table, barcode);
	table_text(table, location[0] != '\0' ? location : "pool");
	if (r == 0 && is_unclosed(&info)) {
		table_text(table, "unclosed");
		for (unsigned i = 0; i < 4; i++)
			table_absent(table);
	} else {
		table_text(table, r == 0 ? cart_state_name(info.state) : outcome_text(r));
		if (r != 0)
			return;
		table_number(table, info.blocks);
		table_number(table, info.filemarks);
		table_number(table, info.logical_bytes);
		table_number(table, info.stored_bytes);
	}
	table_number(table, info.disk_bytes);
	table_number(table, info.copies_cnt);
	table_number(table, (uint64_t)info.last_write_s);
}

/* Cartridges of the inventory that the pool lost must be seen too. */
static void add_lost(struct table *table, const GArray *elements, const char *pool, char **barcodes)
{
	for (guint i = 0; i < elements->len; i++) {
		const struct element *e = &g_array_index(elements, struct element, i);

		if (e->barcode[0] != '\0' &&
		    !g_strv_contains((const char *const *)barcodes, e->barcode))
			add_cartridge(table, elements, pool, e->barcode);
	}
}

static enum vtl_exit list_of(struct vtl *vtl, const GArray *elements, const char *pool)
{
	g_autoptr(table_auto) table = table_new(list_columns, G_N_ELEMENTS(list_columns));
	char **barcodes = NULL;
	int r = cart_list(pool, &barcodes);

	if (r != 0)
		return vtl_fail_code(VTL_FAILED, "cannot read the pool %s: %s%s", pool,
				     outcome_text(r),
				     r == -EACCES ? "; be root or a member of the group vtl" : "");
	for (char **barcode = barcodes; *barcode != NULL; barcode++)
		add_cartridge(table, elements, pool, *barcode);
	add_lost(table, elements, pool, barcodes);
	cart_list_free(barcodes);
	vtl_print(vtl, table);
	return VTL_OK;
}

static enum vtl_exit cartridge_list_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *name = source_library(vtl, NULL, &error);
	g_autoptr(GArray) elements = NULL;
	struct library *library = NULL;
	enum vtl_exit code;

	(void)args;
	if (name != NULL)
		library = library_open(name, LIBRARY_OPEN_READ, &error);
	if (library != NULL)
		elements = source_elements(vtl, name, &error);
	code = elements == NULL ? vtl_fail(error) : list_of(vtl, elements, library_pool(library));
	library_unref(library);
	if (code == VTL_OK && !source_is_online(vtl, name))
		source_note_offline(vtl, name);
	return code;
}

/* ---- show ---- */

static const struct column show_columns[] = {
	{ "barcode", "Barcode", COLUMN_TEXT },
	{ "library", "Library", COLUMN_TEXT },
	{ "location", "Location", COLUMN_TEXT },
	{ "state", "State", COLUMN_TEXT },
	{ "damage", "Damage", COLUMN_TEXT },
	{ "generation", "Generation", COLUMN_NUMBER },
	{ "epoch", "Epoch", COLUMN_NUMBER },
	{ "blocks", "Blocks", COLUMN_NUMBER },
	{ "filemarks", "Filemarks", COLUMN_NUMBER },
	{ "logical_bytes", "Written by hosts", COLUMN_SIZE },
	{ "stored_bytes", "Stored", COLUMN_SIZE },
	{ "disk_bytes", "On disk now", COLUMN_SIZE },
	{ "capacity_bytes", "Capacity", COLUMN_SIZE },
	{ "early_warning_bytes", "Early warning", COLUMN_SIZE },
	{ "codec", "Codec", COLUMN_TEXT },
	{ "density", "Density code", COLUMN_TEXT },
	{ "medium_type", "Medium type", COLUMN_TEXT },
	{ "kind", "Kind", COLUMN_TEXT },
	{ "cleanings_left", "Cleanings left", COLUMN_NUMBER },
	{ "write_protect", "Write protected", COLUMN_FLAG },
	{ "mounted", "Mounted", COLUMN_FLAG },
	{ "unclosed", "Unclosed", COLUMN_FLAG },
	{ "loads", "Loads", COLUMN_NUMBER },
	{ "created", "Created", COLUMN_TIME },
	{ "last_mount", "Last mount", COLUMN_TIME },
	{ "last_unmount", "Last unmount", COLUMN_TIME },
	{ "last_write", "Last write", COLUMN_TIME },
	{ "lifetime_written_bytes", "Written ever", COLUMN_SIZE },
	{ "lifetime_read_bytes", "Read ever", COLUMN_SIZE },
	{ "uuid", "UUID", COLUMN_TEXT },
};

static const struct column partition_columns[] = {
	{ "partition", "PARTITION", COLUMN_NUMBER }, { "state", "STATE", COLUMN_TEXT },
	{ "blocks", "BLOCKS", COLUMN_NUMBER },       { "filemarks", "FILEMARKS", COLUMN_NUMBER },
	{ "logical_bytes", "WRITTEN", COLUMN_SIZE }, { "stored_bytes", "STORED", COLUMN_SIZE },
	{ "disk_bytes", "ON DISK", COLUMN_SIZE },    { "capacity_bytes", "CAPACITY", COLUMN_SIZE },
};

static const struct column copy_columns[] = {
	{ "volume", "VOLUME", COLUMN_TEXT },
	{ "file", "FILE", COLUMN_NUMBER },
	{ "form", NULL, COLUMN_TEXT },
	{ "generation", "GENERATION", COLUMN_NUMBER },
	{ "current", "CURRENT", COLUMN_FLAG },
	{ "blocks", "BLOCKS", COLUMN_NUMBER },
	{ "filemarks", "FILEMARKS", COLUMN_NUMBER },
	{ "bytes", "BYTES", COLUMN_SIZE },
	{ "verified", "VERIFIED", COLUMN_TIME },
	{ "digest", "SHA-256 OF THE RECORDING", COLUMN_TEXT },
};

static char *hex(const uint8_t *data, size_t size)
{
	GString *text = g_string_sized_new(2 * size);

	for (size_t i = 0; i < size; i++)
		g_string_append_printf(text, "%02x", data[i]);
	return g_string_free(text, FALSE);
}

static void add_identity(struct table *table, const struct cart_info *info)
{
	g_autofree char *density = g_strdup_printf("%02xh", info->density);
	g_autofree char *medium = g_strdup_printf("%02xh", info->medium_type);

	table_text(table, cart_codec_name(info->codec));
	table_text(table, density);
	table_text(table, medium);
	table_text(table, cart_kind_name(info->kind));
	if (info->kind == CART_CLEANING)
		table_number(table, info->cleanings - info->cleanings_used);
	else
		table_absent(table);
	table_number(table, info->write_protect);
	table_number(table, info->mounted);
	table_number(table, info->unclosed);
	table_number(table, info->loads);
	table_number(table, (uint64_t)info->created_s);
	table_number(table, (uint64_t)info->last_mount_s);
	table_number(table, (uint64_t)info->last_unmount_s);
	table_number(table, (uint64_t)info->last_write_s);
}

/* What was written since the header knows nobody has counted yet: the next mount does. */
static void add_extent(struct table *table, const struct cart_info *info)
{
	if (is_unclosed(info)) {
		for (unsigned i = 0; i < 4; i++)
			table_absent(table);
		return;
	}
	table_number(table, info->blocks);
	table_number(table, info->filemarks);
	table_number(table, info->logical_bytes);
	table_number(table, info->stored_bytes);
}

static struct table *show_table(const char *library, const char *location,
				const struct cart_info *info)
{
	struct table *table = table_new(show_columns, G_N_ELEMENTS(show_columns));
	g_autofree char *uuid = hex(info->uuid, sizeof(info->uuid));

	table_row(table);
	table_text(table, info->barcode);
	table_text(table, library);
	table_text(table, location[0] != '\0' ? location : "pool");
	table_text(table, cart_state_name(info->state));
	table_text(table, info->damage);
	table_number(table, info->generation);
	table_number(table, info->epoch);
	add_extent(table, info);
	table_number(table, info->disk_bytes);
	if (info->capacity_bytes != 0)
		table_number(table, info->capacity_bytes);
	else
		table_absent(table); /* no limit */
	table_number(table, info->early_warning_bytes);
	add_identity(table, info);
	table_number(table, info->lifetime_written_bytes);
	table_number(table, info->lifetime_read_bytes);
	table_text(table, uuid);
	return table;
}

static struct table *copy_table(const struct cart_info *info)
{
	struct table *table = table_new(copy_columns, G_N_ELEMENTS(copy_columns));

	for (unsigned i = 0; i < info->copies_cnt && i < CART_MAX_COPIES; i++) {
		const struct cart_copy *copy = &info->copies[i];
		g_autofree char *digest = hex(copy->digest, sizeof(copy->digest));

		table_row(table);
		table_text(table, copy->volume);
		table_number(table, copy->file);
		table_text(table, copy->form == 0 ? "native" : "unknown");
		if (copy->generation == CART_GENERATION_UNKNOWN)
			table_absent(table);
		else
			table_number(table, copy->generation);
		table_number(table, copy->generation == info->generation);
		table_number(table, copy->blocks);
		table_number(table, copy->filemarks);
		table_number(table, copy->bytes);
		table_number(table, (uint64_t)copy->verified_s);
		table_text(table, digest);
	}
	return table;
}

/* Of a medium that is divided; one row for each, as far as it can be read. */
static struct table *partition_table(const char *pool, const struct cart_info *info)
{
	struct table *table = table_new(partition_columns, G_N_ELEMENTS(partition_columns));
	g_autofree struct cart_info *one = g_new0(struct cart_info, 1);

	for (unsigned n = 0; info->layout.partitions > 1 && n < info->layout.partitions; n++) {
		int r = cart_stat_partition(pool, info->barcode, n, one);

		table_row(table);
		table_number(table, n);
		table_text(table, r == 0 ? cart_state_name(one->state) : outcome_text(r));
		if (r != 0)
			continue;
		add_extent(table, one);
		table_number(table,
			     n == 0 ? one->disk_bytes - one->partition_bytes : one->disk_bytes);
		if (one->capacity_bytes != 0)
			table_number(table, one->capacity_bytes);
		else
			table_absent(table); /* no limit */
	}
	return table;
}

static void show(const struct vtl *vtl, const char *library, const char *location, const char *pool,
		 const struct cart_info *info)
{
	g_autoptr(table_auto) record = show_table(library, location, info);
	g_autoptr(table_auto) copies = copy_table(info);
	g_autoptr(table_auto) partitions = partition_table(pool, info);
	struct json json;

	if (!vtl->json) {
		table_print_record(record);
		if (table_rows(partitions) > 0) {
			(void)printf("\nPartitions: %zu (above: partition 0)\n",
				     table_rows(partitions));
			table_print(partitions);
		}
		(void)printf("\nVerified copies: %zu\n", table_rows(copies));
		table_print(copies);
		return;
	}
	json_init(&json);
	json_open(&json, NULL, '{');
	table_json_record(record, &json);
	table_json(copies, &json, "copies");
	table_json(partitions, &json, "partitions");
	json_close(&json, '}');
	json_end(&json);
}

static enum vtl_exit cartridge_show_run(struct vtl *vtl, char **args)
{
	GError *error = NULL;
	g_autofree char *name = NULL;
	g_autoptr(GArray) elements = NULL;
	char location[LIBRARY_LABEL_SIZE];
	struct library *library;
	struct cart_info info;
	int r;

	if (!vtl_check_barcode(args[0]))
		return VTL_USAGE;
	name = source_library(vtl, args[0], &error);
	library = name == NULL ? NULL : library_open(name, LIBRARY_OPEN_READ, &error);
	if (library != NULL)
		elements = source_elements(vtl, name, &error);
	if (elements == NULL) {
		library_unref(library);
		return vtl_fail(error);
	}
	r = cart_stat(library_pool(library), args[0], &info);
	if (r == 0) {
		source_location(elements, args[0], location);
		show(vtl, name, location, library_pool(library), &info);
		if (!source_is_online(vtl, name))
			source_note_offline(vtl, name);
	} else {
		(void)vtl_fail_code(VTL_FAILED, "cartridge %s in the pool %s: %s", args[0],
				    library_pool(library), outcome_text(r));
	}
	library_unref(library);
	if (r == CART_E_ABSENT)
		return VTL_NOT_FOUND;
	return r == 0 ? VTL_OK : VTL_FAILED;
}

const struct vtl_command cartridge_commands[] = {
	{ .noun = "cartridge",
	  .verb = "create",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "make blank cartridges and put them into free slots",
	  .details =
		  "They are of the type that the library's description names, else of what the end "
		  "of the barcode says. A range is written as in a description: "
		  "TAP011L8-TAP020L8. Where one of them exists, or there are too few free slots, "
		  "none is made (exit code 4). Where the making stops in the middle, those that "
		  "are made stay and are listed, and those that are not are named.",
	  .run = cartridge_create_run,
	  .options = { OPTION_LIBRARY,
		       { "capacity", '\0', "SIZE", "12T, 1.5G ..., 0 for no limit" },
		       { "early-warning", '\0', "SIZE",
			 "distance of early warning from the end of the medium" },
		       { "codec", '\0', "CODEC", "none, lz4, zstd or zlib" },
		       OPTION_TYPE,
		       OPTION_KIND,
		       { "write-protect", '\0', NULL, "set the write protect tab" } } },
	{ .noun = "cartridge",
	  .verb = "list",
	  .args = "",
	  .summary = "all cartridges of the pool, and where they are",
	  .details =
		  "One that is being written, or whose last writer died, is \"unclosed\": what is "
		  "on it is counted when it is closed, or mounted again.",
	  .run = cartridge_list_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "cartridge",
	  .verb = "show",
	  .args = "BARCODE",
	  .min = 1,
	  .max = 1,
	  .summary = "everything about one cartridge and its copies",
	  .run = cartridge_show_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "cartridge",
	  .verb = "attributes",
	  .args = "BARCODE",
	  .min = 1,
	  .max = 1,
	  .summary = "what its auxiliary memory (MAM) keeps: of hosts, and of its loads",
	  .run = cartridge_attributes_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "cartridge",
	  .verb = "verify",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "read everything and check every checksum",
	  .details =
		  "Each damaged object is named on stderr, with the file and the offset of its "
		  "frame. Exit code 0: all is good; 1: something is "
		  "damaged; 3: there is no such cartridge; 4: it cannot be checked now (in a drive, "
		  "not on disk, unreadable); 130: interrupted. Nothing is changed in the cartridge: "
		  "how far it came is kept in $XDG_STATE_HOME/vtl (~/.local/state/vtl). A lost or "
		  "damaged index is a note, no damage: it is made anew from the data. Where a copy "
		  "on a physical volume has what is damaged, a message says how it comes back.",
	  .run = cartridge_verify_run,
	  .options = { OPTION_LIBRARY,
		       { "digest", '\0', NULL,
			 "print the SHA-256 of the recording, too, and compare it with what is kept "
			 "of an earlier one" },
		       { "jobs", 'n', "N", "threads that read; one per processor, at most 8" },
		       { "resume", 'r', NULL,
			 "go on where the last verify was interrupted or killed" } } },
	{ .noun = "cartridge",
	  .verb = "repair",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "make a damaged cartridge usable: header, index, torn end",
	  .details =
		  "Data is never invented: what is lost reads as damaged, everything else as it was "
		  "written. All that changes is copied first into a folder of the pool, "
		  ".BARCODE.cart.backup-TIME, whose README says how to go back. It looks at where "
		  "the blocks are, not at what is in them: verify does that, and a block with "
		  "wrong data stays where it is. Exit code 1 where objects are lost, or nothing can "
		  "be done.",
	  .run = cartridge_repair_run,
	  .options = { OPTION_LIBRARY,
		       { "partition", 'p', "N", "only this partition; without it all" },
		       { "dry-run", '\0', NULL, "only say what would be done" },
		       { "capacity", '\0', "SIZE",
			 "of the medium, where the header is lost (0: no limit)" },
		       OPTION_TYPE,
		       OPTION_KIND,
		       { "density", '\0', "CODE",
			 "density code of the medium, hexadecimal, where the header is lost" },
		       { "codec", '\0', "NAME",
			 "compression for new blocks, where the header is lost" },
		       { "resident", '\0', NULL,
			 "what lies on the disk is the recording, although the header is lost or "
			 "says something else" },
		       { "writable", '\0', NULL,
			 "take the write protect tab off: it is set where the header is lost" } } },
	{ .noun = "cartridge",
	  .verb = "dump",
	  .args = "BARCODE",
	  .min = 1,
	  .max = 1,
	  .summary = "the recording as a table: blocks, filemarks, where they lie",
	  .details =
		  "With --json a line for each object. The blocks' data is not read: verify does.",
	  .run = cartridge_dump_run,
	  .options = { OPTION_LIBRARY,
		       { "partition", 'p', "N", "the recording of this partition; without it 0" },
		       { "from", '\0', "OBJECT", "begin with this object; the first one is 0" },
		       { "count", '\0', "N", "so many objects" } } },
	{ .noun = "cartridge",
	  .verb = "import",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "take cartridges of the pool into the library",
	  .details = "The way back of export.",
	  .run = cartridge_import_run,
	  .options = { OPTION_LIBRARY,
		       { "mail-slot", 'm', NULL, "into a mail slot, not into a slot" } } },
	{ .noun = "cartridge",
	  .verb = "export",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "take cartridges out of the library; they stay in the pool",
	  .details = "From a slot or a mail slot; one that is in a drive is refused (vtl drive "
		     "unload). No host sees it any more; vtl cartridge import brings it back.",
	  .run = cartridge_export_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "cartridge",
	  .verb = "protect",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "set the write protect tab",
	  .details =
		  "Refused for one that is in a drive or in use, as the tab of a real one is out "
		  "of reach there.",
	  .run = cartridge_protect_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "cartridge",
	  .verb = "unprotect",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "take the write protect tab off",
	  .details = "Write once cartridges stay write once.",
	  .run = cartridge_unprotect_run,
	  .options = { OPTION_LIBRARY } },
	{ .noun = "cartridge",
	  .verb = "delete",
	  .args = "BARCODE...",
	  .min = 1,
	  .max = LIBRARY_MAX_SLOTS,
	  .summary = "delete cartridges for ever, with their data and backups of repairs",
	  .details =
		  "It asks for each, unless --yes says it. Refused for one that is in a drive or in "
		  "use; and, without --force, for one that holds data of which no current copy is on "
		  "a physical volume, that is damaged, or of which only its header says on which "
		  "volume the data is. Copies on volumes stay; vtl physical import reads them.",
	  .run = cartridge_delete_run,
	  .options = { OPTION_LIBRARY,
		       { "yes", 'y', NULL, "do not ask" },
		       { "force", '\0', NULL, "also where data is lost by it" } } },
	{ .noun = NULL },
};
