/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c: the description of a library.  Every key is a row; a key or group that has no row is
 * an error, so that a misspelt "mail_slot" is not silently a library without mail slots.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/library/internal.h"
#include "lib/personality/personality.h"

#define MAX_SERIAL 10

G_DEFINE_QUARK(vtl - library - error - quark, library_error)

/* What a description is being read into. */
struct reader {
	const char *where;
	GKeyFile *file;
	struct library_config *config;
	const struct drive_model *drive; /* of the personality */
};

/* NULL, or why @value cannot be (g_free()); it names the remedy. */
typedef char *(*key_fn)(struct reader *r, const char *value);

struct key_row {
	const char *group, *key;
	const char *example; /* of a required key; NULL: optional */
	key_fn read;
};

bool library_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGTP";
	uint64_t unit = 1, value = 0, scale = 1;
	const char *p = text, *u;
	bool fraction = false;

	if (!g_ascii_isdigit(*p))
		return false;
	for (; g_ascii_isdigit(*p) || (*p == '.' && !fraction && g_ascii_isdigit(p[1])); p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		if (fraction && scale >= 1000)
			return false; /* finer than any unit below */
		if (fraction)
			scale *= 10;
		if (!g_uint64_checked_mul(&value, value, 10) ||
		    !g_uint64_checked_add(&value, value, (uint64_t)(*p - '0')))
			return false;
	}
	u = *p == '\0' ? NULL : strchr(units, *p);
	if (*p != '\0' && (u == NULL || p[1] != '\0'))
		return false;
	for (const char *i = units; u != NULL && i <= u; i++)
		unit *= 1000;
	if (unit % scale != 0 || !g_uint64_checked_mul(&value, value, unit / scale) ||
	    value > INT64_MAX)
		return false;
	*ret_bytes = value;
	return true;
}

static char *read_count(const char *value, unsigned min, unsigned max, unsigned *ret)
{
	guint64 n = 0;

	if (!g_ascii_string_to_unsigned(value, 10, min, max, &n, NULL))
		return g_strdup_printf("is not a number from %u to %u", min, max);
	*ret = (unsigned)n;
	return NULL;
}

static char *read_name(struct reader *r, const char *value)
{
	if (strcmp(value, "policy") == 0)
		return g_strdup("is where vtl-policyd keeps its catalogue: choose another name");
	if (!library_name_is_valid(value))
		return g_strdup("is no name: use 1 to 31 of A-Z a-z 0-9 _, beginning with a "
				"letter, as name=lib0");
	g_strlcpy(r->config->name, value, sizeof(r->config->name));
	return NULL;
}

/* What new cartridges are, unless the description says more. */
static void use_medium(struct library_config *config, const struct medium_row *medium)
{
	g_strlcpy(config->type, medium->name, sizeof(config->type));
	config->density = medium->density;
	config->medium_type = medium->medium_type;
	config->capacity_bytes = medium->capacity_bytes;
	config->early_warning_bytes = medium->early_warning_bytes;
}

static void use_personality(struct reader *r, const struct personality *persona)
{
	g_strlcpy(r->config->personality, persona->name, sizeof(r->config->personality));
	r->drive = persona->drive;
	use_medium(r->config, drive_default_medium(persona->drive));
}

static char *read_personality(struct reader *r, const char *value)
{
	g_autoptr(GError) cause = NULL;
	const struct personality *persona = personality_get(value, &cause);

	if (persona == NULL)
		return g_strdup_printf("is no personality: %s", cause->message);
	use_personality(r, persona);
	return NULL;
}

static char *read_drive_model(struct reader *r, const char *value)
{
	g_autoptr(GError) cause = NULL;
	const struct drive_model *drive = drive_model_get(value, &cause);

	if (drive == NULL)
		return g_strdup_printf("is no model of drive: %s", cause->message);
	g_strlcpy(r->config->drive_model, drive->name, sizeof(r->config->drive_model));
	r->drive = drive;
	use_medium(r->config, drive_default_medium(drive));
	return NULL;
}

const struct personality *library_personality(const struct library_config *config)
{
	const struct personality *persona = personality_find(config->personality);
	const struct drive_model *drive = NULL;

	if (persona == NULL || config->drive_model[0] == '\0')
		return persona;
	drive = drive_model_get(config->drive_model, NULL);
	return drive == NULL ? NULL : personality_with_drive(persona, drive);
}

static char *read_slots(struct reader *r, const char *value)
{
	return read_count(value, 1, LIBRARY_MAX_SLOTS, &r->config->slots);
}

static char *read_mail_slots(struct reader *r, const char *value)
{
	return read_count(value, 0, LIBRARY_MAX_MAIL_SLOTS, &r->config->mail_slots);
}

static char *read_drives(struct reader *r, const char *value)
{
	return read_count(value, 1, LIBRARY_MAX_DRIVES, &r->config->drives);
}

/* "3" or "3-7" */
static bool add_drives(const char *item, unsigned most, struct library_drives *drives)
{
	g_auto(GStrv) ends = g_strsplit(item, "-", 2);
	guint64 first, last;

	if (ends[0] == NULL || !g_ascii_string_to_unsigned(ends[0], 10, 1, most, &first, NULL))
		return false;
	last = first;
	if (ends[1] != NULL &&
	    (!g_ascii_string_to_unsigned(ends[1], 10, 1, most, &last, NULL) || last < first))
		return false;
	for (guint64 n = first - 1; n < last; n++)
		drives->bits[n / 8] |= (uint8_t)(1u << n % 8);
	return true;
}

/* Behind drives=: its numbers go up to that. */
static char *read_some_drives(struct reader *r, const char *value, struct library_drives *ret)
{
	g_auto(GStrv) items = g_strsplit(value, ";", -1);
	struct library_drives drives = { { 0 } };
	bool good = items[0] != NULL;

	if (strcmp(value, "yes") == 0)
		memset(&drives, 0xff, sizeof(drives));
	else if (strcmp(value, "no") != 0)
		for (char **i = items; good && *i != NULL; i++)
			good = add_drives(g_strstrip(*i), r->config->drives, &drives);
	if (!good)
		return g_strdup_printf("names no drives: use yes, no, or numbers from 1 to %u as "
				       "1;3-4",
				       r->config->drives);
	*ret = drives;
	return NULL;
}

static char *read_realistic(struct reader *r, const char *value)
{
	return read_some_drives(r, value, &r->config->realistic);
}

static char *read_cleaning(struct reader *r, const char *value)
{
	return read_some_drives(r, value, &r->config->cleaning);
}

static char *read_pool(struct reader *r, const char *value)
{
	if (!g_path_is_absolute(value))
		return g_strdup("is no absolute path: begin it with /, as pool=/srv/vtl/lib0");
	g_free(r->config->pool);
	r->config->pool = g_canonicalize_filename(value, "/");
	if (r->config->pool[1] != '\0')
		return NULL;
	return g_strdup("is the root folder: name one of its own, as pool=/srv/vtl/lib0");
}

static char *read_serial(struct reader *r, const char *value)
{
	size_t length = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	if (length == 0 || value[length] != '\0' || length > MAX_SERIAL)
		return g_strdup("is no serial: use 1 to 10 of A-Z 0-9, or leave it out");
	g_strlcpy(r->config->serial, value, sizeof(r->config->serial));
	return NULL;
}

static char *read_barcodes(struct reader *r, const char *value)
{
	g_autoptr(GPtrArray) barcodes = g_ptr_array_new_with_free_func(g_free);
	char *why = barcodes_expand(value, LIBRARY_MAX_SLOTS, barcodes);

	if (why != NULL) {
		char *message = g_strdup_printf("is wrong: %s", why);

		g_free(why);
		return message;
	}
	g_ptr_array_add(barcodes, NULL);
	g_strfreev(r->config->barcodes);
	r->config->barcodes = (char **)g_ptr_array_free(g_steal_pointer(&barcodes), FALSE);
	return NULL;
}

/* Any data medium that there is: those that the drives cannot use are for other drives of the pool.
 */
static char *read_type(struct reader *r, const char *value)
{
	const struct medium_row *medium = medium_find(value);
	g_autofree char *known = NULL;

	if (medium != NULL && medium->kind != MEDIUM_CLEANING) {
		use_medium(r->config, medium);
		r->config->type_given = true;
		return NULL;
	}
	known = drive_media_text(r->drive);
	return g_strdup_printf("is no medium that is known: use one of %s", known);
}

static char *read_size(const char *value, uint64_t *ret)
{
	if (library_parse_size(value, ret))
		return NULL;
	return g_strdup("is no size: write a number with K, M, G, T or P (powers of 1000), as 12T "
			"or 1.5T");
}

static char *read_capacity(struct reader *r, const char *value)
{
	r->config->capacity_given = true;
	return read_size(value, &r->config->capacity_bytes);
}

static char *read_early_warning(struct reader *r, const char *value)
{
	r->config->early_warning_given = true;
	return read_size(value, &r->config->early_warning_bytes);
}

static char *read_codec(struct reader *r, const char *value)
{
	if (!cart_codec_parse(value, &r->config->codec))
		return g_strdup("is no codec: use none, lz4, zstd or zlib");
	return NULL;
}

/* In the order in which they are read: type sets the capacity that capacity= then overrules. */
/* clang-format off */
static const struct key_row key_rows[] = {
	/* group      key              example            read */
	{ "library",  "name",          "lib0",            read_name },
	{ "library",  "personality",   NULL,              read_personality },
	{ "library",  "drive_model",   NULL,              read_drive_model },
	{ "library",  "slots",         "20",              read_slots },
	{ "library",  "mail_slots",    NULL,              read_mail_slots },
	{ "library",  "drives",        "2",               read_drives },
	{ "library",  "realistic",     NULL,              read_realistic },
	{ "library",  "cleaning",      NULL,              read_cleaning },
	{ "library",  "pool",          "/srv/vtl/lib0",   read_pool },
	{ "library",  "serial",        NULL,              read_serial },
	{ "media",    "barcodes",      NULL,              read_barcodes },
	{ "media",    "type",          NULL,              read_type },
	{ "media",    "capacity",      NULL,              read_capacity },
	{ "media",    "early_warning", NULL,              read_early_warning },
	{ "media",    "codec",         NULL,              read_codec },
};
static const char *const group_names[] = { "library", "media" };
/* clang-format on */

static gboolean suggest(const char *where, const char *what, const char *word,
			const char *const *words, size_t count, GError **error)
{
	const char *near = library_nearest(word, words, count);
	g_autofree char *all = NULL;
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (size_t i = 0; i < count; i++)
		g_ptr_array_add(list, (gpointer)(guintptr)words[i]);
	g_ptr_array_add(list, NULL);
	all = g_strjoinv(", ", (char **)list->pdata);
	if (near != NULL)
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "%s: %s is not known; did you mean %s?", where, what, near);
	else
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "%s: %s is not known; use one of %s", where, what, all);
	return FALSE;
}

/* Refuses keys of @group that have no row. */
static gboolean check_keys(const struct reader *r, const char *group, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(r->file, group, NULL, NULL);
	const char *known[G_N_ELEMENTS(key_rows)];
	size_t count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(key_rows); i++)
		if (strcmp(key_rows[i].group, group) == 0)
			known[count++] = key_rows[i].key;
	for (char **key = keys; key != NULL && *key != NULL; key++) {
		bool found = false;

		for (size_t i = 0; i < count && !found; i++)
			found = strcmp(known[i], *key) == 0;
		if (!found) {
			g_autofree char *what = g_strdup_printf("group [%s], key %s", group, *key);

			return suggest(r->where, what, *key, known, count, error);
		}
	}
	return TRUE;
}

static gboolean check_names(const struct reader *r, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(r->file, NULL);

	for (char **group = groups; *group != NULL; group++) {
		bool found = false;

		for (size_t i = 0; i < G_N_ELEMENTS(group_names); i++)
			found = found || strcmp(group_names[i], *group) == 0;
		if (!found) {
			g_autofree char *what = g_strdup_printf("group [%s]", *group);

			return suggest(r->where, what, *group, group_names,
				       G_N_ELEMENTS(group_names), error);
		}
		if (!check_keys(r, *group, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean read_row(struct reader *r, const struct key_row *row, GError **error)
{
	g_autofree char *value = g_key_file_get_string(r->file, row->group, row->key, NULL);
	g_autofree char *why = NULL;

	if (value == NULL && row->example == NULL &&
	    !g_key_file_has_key(r->file, row->group, row->key, NULL))
		return TRUE;
	if (value == NULL) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "%s: group [%s] lacks the key %s, or its value is no text: add %s=%s",
			    r->where, row->group, row->key, row->key,
			    row->example == NULL ? "..." : row->example);
		return FALSE;
	}
	why = row->read(r, g_strstrip(value));
	if (why == NULL)
		return TRUE;
	g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
		    "%s: group [%s], key %s: '%.60s%s' %s", r->where, row->group, row->key, value,
		    strlen(value) > 60 ? "..." : "", why);
	return FALSE;
}

/* A serial that another library, here or on another machine of the same SAN, hardly has. */
static void derive_serial(struct library_config *config)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	g_autofree char *machine = NULL;
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize size = sizeof(digest);

	if (g_file_get_contents("/etc/machine-id", &machine, NULL, NULL))
		g_checksum_update(sum, (const guchar *)g_strstrip(machine), -1);
	g_checksum_update(sum, (const guchar *)config->name, -1);
	g_checksum_get_digest(sum, digest, &size);
	config->serial[0] = 'V';
	for (unsigned i = 1; i < MAX_SERIAL; i++)
		config->serial[i] = digits[digest[i] % 32];
	config->serial[MAX_SERIAL] = '\0';
}

/* What no single key can tell. */
static gboolean check_whole(struct reader *r, GError **error)
{
	struct library_config *c = r->config;
	unsigned cartridges = g_strv_length(c->barcodes);

	if (cartridges > c->slots) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "%s: group [media], key barcodes names %u cartridges, but the library "
			    "has %u slots; raise slots or shorten barcodes",
			    r->where, cartridges, c->slots);
		return FALSE;
	}
	/* the medium's own is of its own capacity */
	if ((!c->early_warning_given && (c->capacity_given || c->early_warning_bytes == 0)) ||
	    c->capacity_bytes == 0)
		c->early_warning_bytes = c->capacity_bytes / 100;
	if (c->capacity_bytes > 0 && c->early_warning_bytes >= c->capacity_bytes) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "%s: group [media], key early_warning: it must be smaller than the "
			    "capacity; lower it or leave it out",
			    r->where);
		return FALSE;
	}
	if (c->serial[0] == '\0')
		derive_serial(c);
	return TRUE;
}

#define DEFAULT_PERSONALITY "generic-lto8"

/* NULL only where the built-in personalities are missing. */
static struct library_config *config_new(struct reader *r)
{
	const struct personality *persona = personality_find(DEFAULT_PERSONALITY);
	struct library_config *config;

	if (persona == NULL)
		return NULL;
	config = g_new0(struct library_config, 1);
	config->barcodes = g_new0(char *, 1);
	r->config = config;
	use_personality(r, persona);
	return config;
}

gboolean config_parse(const char *text, gsize size, const char *where,
		      struct library_config **ret_config, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) cause = NULL;
	struct reader r = { .where = where, .file = file };
	gboolean good;

	if (!g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, &cause)) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "%s: %s; write groups as [library] and keys as name=lib0", where,
			    cause->message);
		return FALSE;
	}
	if (config_new(&r) == NULL) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED,
			    "the personality " DEFAULT_PERSONALITY " is missing: this program is "
			    "damaged; install it again");
		return FALSE;
	}
	good = check_names(&r, error);
	for (size_t i = 0; good && i < G_N_ELEMENTS(key_rows); i++)
		good = read_row(&r, &key_rows[i], error);
	good = good && check_whole(&r, error);
	if (good)
		*ret_config = r.config;
	else
		library_config_free(r.config);
	return good;
}

gboolean library_config_load(const char *path, struct library_config **ret_config, GError **error)
{
	void *text = NULL;
	size_t size = 0;
	gboolean good;
	int r = fs_read(AT_FDCWD, path, CONFIG_MAX_BYTES, &text, &size);

	if (r < 0) {
		g_set_error(error, LIBRARY_ERROR,
			    r == -ENOENT ? LIBRARY_ERROR_NOT_FOUND : LIBRARY_ERROR_FAILED,
			    "cannot read %s: %s", path, g_strerror(-r));
		return FALSE;
	}
	good = config_parse(text, size, path, ret_config, error);
	free(text);
	return good;
}

void library_config_free(struct library_config *config)
{
	if (config == NULL)
		return;
	g_free(config->pool);
	g_strfreev(config->barcodes);
	g_free(config);
}

/* As read_some_drives() reads them; nothing where there are none. */
static void put_drives(GKeyFile *file, const char *key, const struct library_drives *drives,
		       unsigned cnt)
{
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned have = 0;

	for (unsigned n = 1; n <= cnt; n++) {
		if (!library_drives_have(drives, n))
			continue;
		g_string_append_printf(text, "%s%u", have++ > 0 ? ";" : "", n);
	}
	if (have > 0)
		g_key_file_set_string(file, "library", key, have == cnt ? "yes" : text->str);
}

char *config_text(const struct library_config *c)
{
	g_autofree char *barcodes = g_strjoinv(";", c->barcodes);
	g_autoptr(GKeyFile) file = g_key_file_new();

	g_key_file_set_string(file, "library", "name", c->name);
	g_key_file_set_string(file, "library", "personality", c->personality);
	if (c->drive_model[0] != '\0')
		g_key_file_set_string(file, "library", "drive_model", c->drive_model);
	g_key_file_set_integer(file, "library", "slots", (int)c->slots);
	g_key_file_set_integer(file, "library", "mail_slots", (int)c->mail_slots);
	g_key_file_set_integer(file, "library", "drives", (int)c->drives);
	put_drives(file, "realistic", &c->realistic, c->drives);
	put_drives(file, "cleaning", &c->cleaning, c->drives);
	g_key_file_set_string(file, "library", "pool", c->pool);
	g_key_file_set_string(file, "library", "serial", c->serial);
	g_key_file_set_string(file, "media", "barcodes", barcodes);
	if (c->type_given)
		g_key_file_set_string(file, "media", "type", c->type);
	if (c->capacity_given)
		g_key_file_set_uint64(file, "media", "capacity", c->capacity_bytes);
	if (c->early_warning_given)
		g_key_file_set_uint64(file, "media", "early_warning", c->early_warning_bytes);
	g_key_file_set_string(file, "media", "codec", cart_codec_name(c->codec));
	return g_key_file_to_data(file, NULL, NULL);
}
