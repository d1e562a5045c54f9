/* SPDX-License-Identifier: Apache-2.0 */
/* config.c: see config.h. Each kind of group is a row with the keys that it knows. */
#include "policy/config.h"

#include <string.h>

#include "lib/library/library.h"
#include "policy/error.h"

struct reader {
	const char *where;
	GKeyFile *file;
	struct policy_config *config;
};

static const char *const policyd_keys[] = { "catalog", "look", "scratch" };
static const char *const drive_keys[] = { "device", "volume", "capacity" };
static const char *const rule_keys[] = { "library", "when", "at", "if", "then", "to", "copies" };

static gboolean invalid(const struct reader *r, GError **error, const char *group, const char *key,
			const char *value, const char *remedy)
{
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID, "%s: [%s] %s=%s is wrong: use %s",
		    r->where, group, key, value, remedy);
	return FALSE;
}

static gboolean check_keys(const struct reader *r, const char *group, const char *const *known,
			   size_t count, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(r->file, group, NULL, NULL);

	for (char **key = keys; *key != NULL; key++) {
		const char *nearest = library_nearest(*key, known, count);
		size_t i = 0;

		while (i < count && strcmp(*key, known[i]) != 0)
			i++;
		if (i < count)
			continue;
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID,
			    "%s: [%s] has an unknown key %s%s%s%s", r->where, group, *key,
			    nearest == NULL ? "" : "; did you mean ",
			    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
		return FALSE;
	}
	return TRUE;
}

/* NULL where the key is absent; g_free(). */
static char *value_of(const struct reader *r, const char *group, const char *key)
{
	char *value = g_key_file_get_value(r->file, group, key, NULL);

	return value == NULL ? NULL : g_strstrip(value);
}

static gboolean read_policyd(struct reader *r, const char *group, const char *name, GError **error)
{
	g_autofree char *catalog = value_of(r, group, "catalog");
	g_autofree char *look = value_of(r, group, "look");
	g_autofree char *scratch = value_of(r, group, "scratch");

	(void)name; /* this group has none */
	if (!check_keys(r, group, policyd_keys, G_N_ELEMENTS(policyd_keys), error))
		return FALSE;
	if (catalog != NULL && !g_path_is_absolute(catalog))
		return invalid(r, error, group, "catalog", catalog, "an absolute path");
	if (look != NULL &&
	    (!rule_parse_duration(look, &r->config->look_s) || r->config->look_s < 1))
		return invalid(r, error, group, "look", look, "one second or more, as 10s");
	if (catalog != NULL) {
		g_free(r->config->catalog);
		r->config->catalog = g_steal_pointer(&catalog);
	}
	if (scratch != NULL) {
		g_strfreev(r->config->scratch);
		r->config->scratch = g_strsplit(scratch, ";", -1);
		for (char **p = r->config->scratch; *p != NULL; p++)
			(void)g_strstrip(*p);
	}
	return TRUE;
}

static bool is_drive_name(const char *name)
{
	size_t length =
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			     "_-");

	return length > 0 && name[length] == '\0' && length < DRIVE_NAME_SIZE;
}

static void drive_config_free(void *data)
{
	struct drive_config *d = data;

	g_free(d->device);
	g_free(d);
}

static gboolean read_drive(struct reader *r, const char *group, const char *name, GError **error)
{
	struct drive_config *d = g_new0(struct drive_config, 1);
	g_autofree char *volume = value_of(r, group, "volume");
	g_autofree char *capacity = value_of(r, group, "capacity");

	g_ptr_array_add(r->config->drives, d);
	d->device = value_of(r, group, "device");
	g_strlcpy(d->name, name, sizeof(d->name));
	if (!check_keys(r, group, drive_keys, G_N_ELEMENTS(drive_keys), error))
		return FALSE;
	if (!is_drive_name(name))
		return invalid(r, error, group, "drive", name, "1 to 31 of A-Z a-z 0-9 _ -");
	if (d->device == NULL || !g_path_is_absolute(d->device))
		return invalid(r, error, group, "device", d->device == NULL ? "" : d->device,
			       "a non-rewinding tape device or a folder, as /dev/nst0");
	if (volume != NULL && *volume != '\0' && !barcode_is_valid(volume))
		return invalid(r, error, group, "volume", volume,
			       "1 to 32 of A-Z 0-9 - _ $ # @, as PHY001L8");
	if (capacity != NULL && !library_parse_size(capacity, &d->capacity_bytes))
		return invalid(r, error, group, "capacity", capacity, "a size, as 1T");
	g_strlcpy(d->volume, volume == NULL ? "" : volume, sizeof(d->volume));
	return TRUE;
}

static gboolean read_rule(struct reader *r, const char *group, const char *name, GError **error)
{
	g_autofree char *library = value_of(r, group, "library");
	g_autofree char *when = value_of(r, group, "when");
	g_autofree char *at = value_of(r, group, "at");
	g_autofree char *condition = value_of(r, group, "if");
	g_autofree char *then = value_of(r, group, "then");
	g_autofree char *to = value_of(r, group, "to");
	g_autofree char *copies = value_of(r, group, "copies");
	struct rule_text text = { .library = library,
				  .when = when,
				  .at = at,
				  .condition = condition,
				  .then = then,
				  .to = to,
				  .copies = copies };
	struct rule *rule;

	if (!check_keys(r, group, rule_keys, G_N_ELEMENTS(rule_keys), error))
		return FALSE;
	rule = rule_parse(name, &text, error);
	if (rule == NULL) {
		g_prefix_error(error, "%s: ", r->where);
		return FALSE;
	}
	g_ptr_array_add(r->config->rules, rule);
	return TRUE;
}

/* clang-format off */
static const struct {
	const char *kind;
	bool named;
	gboolean (*read)(struct reader *r, const char *group, const char *name, GError **error);
} groups[] = {
	{ "policyd", false, read_policyd },
	{ "drive",   true,  read_drive },
	{ "rule",    true,  read_rule },
};
/* clang-format on */

static gboolean read_group(struct reader *r, const char *group, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
		size_t n = strlen(groups[i].kind);

		if (!groups[i].named && strcmp(group, groups[i].kind) == 0)
			return groups[i].read(r, group, "", error);
		if (groups[i].named && g_str_has_prefix(group, groups[i].kind) && group[n] == ' ')
			return groups[i].read(r, group, group + n + strspn(group + n, " "), error);
	}
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID,
		    "%s: unknown group [%s]: use [policyd], [drive NAME] or [rule NAME]", r->where,
		    group);
	return FALSE;
}

/* Rules name drives that exist. */
static gboolean check_rules(const struct reader *r, GError **error)
{
	for (guint i = 0; i < r->config->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(r->config->rules, i);

		for (const char *const *d = rule_drives(rule); *d != NULL; d++) {
			if (policy_config_drive(r->config, *d) != NULL)
				continue;
			g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID,
				    "%s: rule %s: to=%s names no drive: add a group [drive %s]",
				    r->where, rule_name(rule), *d, *d);
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean read_all(struct reader *r, GError **error)
{
	g_auto(GStrv) names = g_key_file_get_groups(r->file, NULL);

	for (char **name = names; *name != NULL; name++)
		if (!read_group(r, *name, error))
			return FALSE;
	return check_rules(r, error);
}

struct policy_config *policy_config_parse(const char *text, gsize size, const char *where,
					  GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) cause = NULL;
	struct reader r = { .where = where, .file = file };

	if (!g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, &cause)) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID, "%s: %s", where,
			    cause->message);
		return NULL;
	}
	r.config = g_new0(struct policy_config, 1);
	r.config->catalog =
		g_build_filename(library_state_dir(), "policy", "catalogue.sqlite", NULL);
	r.config->look_s = 10;
	r.config->scratch = g_new0(char *, 1);
	r.config->drives = g_ptr_array_new_with_free_func(drive_config_free);
	r.config->rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	if (read_all(&r, error))
		return r.config;
	policy_config_free(r.config);
	return NULL;
}

struct policy_config *policy_config_load(const char *path, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;
	gsize size;

	if (g_file_get_contents(path, &text, &size, &cause))
		return policy_config_parse(text, size, path, error);
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID, "cannot read the configuration: %s",
		    cause->message);
	return NULL;
}

void policy_config_free(struct policy_config *config)
{
	if (config == NULL)
		return;
	g_free(config->catalog);
	g_strfreev(config->scratch);
	g_ptr_array_unref(config->drives);
	g_ptr_array_unref(config->rules);
	g_free(config);
}

const struct drive_config *policy_config_drive(const struct policy_config *config, const char *name)
{
	for (guint i = 0; i < config->drives->len; i++) {
		const struct drive_config *d = g_ptr_array_index(config->drives, i);

		if (strcmp(d->name, name) == 0)
			return d;
	}
	return NULL;
}

bool policy_config_is_scratch(const struct policy_config *config, const char *volume)
{
	for (char **p = config->scratch; *p != NULL; p++)
		if (**p != '\0' && g_pattern_match_simple(*p, volume))
			return true;
	return false;
}
