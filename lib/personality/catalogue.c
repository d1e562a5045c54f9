/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.c: files, the objects in them and their inheritance; every mistake gets file and line.
 */
#include <string.h>

#include "lib/personality/internal.h"

#define BASE_KEY   "base"
#define GROUPS_MAX 4096 /* of one file */
#define DEPTH_MAX  24   /* of bases of bases */

G_DEFINE_QUARK(vtl - personality - error - quark, personality_error)

struct source {
	char *where, *text;
	GKeyFile *file;
};

struct object {
	enum kind kind;
	char *name, *group;
	const struct source *source;
	void *data;   /* NULL until read; of the catalogue's memory */
	bool reading; /* meets itself: its base is itself */
};

struct catalogue {
	const struct catalogue *parent;
	GPtrArray *sources, *objects; /* owned, in the order of the files */
	GHashTable *by_group;         /* "drive NAME" to struct object */
	GPtrArray *memory;
	unsigned depth; /* of objects that are being read, one because of another */
};

static void source_free(gpointer p)
{
	struct source *s = p;

	g_free(s->where);
	g_free(s->text);
	g_key_file_free(s->file);
	g_free(s);
}

static void object_free(gpointer p)
{
	struct object *o = p;

	g_free(o->name);
	g_free(o->group);
	g_free(o);
}

struct catalogue *catalogue_new(const struct catalogue *parent)
{
	struct catalogue *c = g_new0(struct catalogue, 1);

	c->parent = parent;
	c->sources = g_ptr_array_new_with_free_func(source_free);
	c->objects = g_ptr_array_new_with_free_func(object_free);
	c->by_group = g_hash_table_new(g_str_hash, g_str_equal);
	c->memory = g_ptr_array_new_with_free_func(g_free);
	return c;
}

void catalogue_free(struct catalogue *c)
{
	if (c == NULL)
		return;
	g_hash_table_unref(c->by_group);
	g_ptr_array_unref(c->objects);
	g_ptr_array_unref(c->sources);
	g_ptr_array_unref(c->memory);
	g_free(c);
}

void *catalogue_alloc(struct catalogue *c, size_t size)
{
	void *p = g_malloc0(size > 0 ? size : 1);

	g_ptr_array_add(c->memory, p);
	return p;
}

/* ---- where a mistake is ---- */

/* The line of @key in @group, or of the group itself; 1 where it cannot be found. */
static unsigned line_of(const struct source *s, const char *group, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(s->text, "\n", -1);
	g_autofree char *head = g_strdup_printf("[%s]", group);
	size_t length = key == NULL ? 0 : strlen(key);
	unsigned found = 1;
	bool inside = false;

	for (unsigned i = 0; lines[i] != NULL; i++) {
		const char *line = g_strstrip(lines[i]);

		if (line[0] == '[') {
			inside = strcmp(line, head) == 0;
			if (inside)
				found = i + 1;
		} else if (inside && key != NULL && strncmp(line, key, length) == 0 &&
			   line[length + strspn(line + length, " \t")] == '=') {
			return i + 1;
		}
	}
	return found;
}

static gboolean fail(GError **error, const struct source *s, const char *group, const char *key,
		     const char *why)
{
	g_set_error(error, PERSONALITY_ERROR, PERSONALITY_ERROR_INVALID, "%s:%u: [%s]%s%s: %s",
		    s->where, line_of(s, group, key), group, key == NULL ? "" : ", key ",
		    key == NULL ? "" : key, why);
	return FALSE;
}

/* ---- taking files in ---- */

static bool name_is_valid(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_");

	return length > 0 && name[length] == '\0' && length <= PERSONALITY_NAME_MAX &&
	       g_ascii_isalnum(name[0]);
}

static struct object *find_object(const struct catalogue *c, enum kind kind, const char *name)
{
	g_autofree char *group = g_strdup_printf("%s %s", kind_rows[kind].word, name);

	return g_hash_table_lookup(c->by_group, group);
}

static gboolean add_group(struct catalogue *c, const struct source *s, const char *group,
			  GError **error)
{
	const char *space = strchr(group, ' ');
	unsigned kind = 0;
	struct object *o;

	while (kind < KINDS &&
	       (space == NULL ||
		strncmp(group, kind_rows[kind].word, (size_t)(space - group)) != 0 ||
		kind_rows[kind].word[space - group] != '\0'))
		kind++;
	if (kind == KINDS)
		return fail(error, s, group, NULL,
			    "is no group that is known; write [personality NAME], [drive NAME], "
			    "[library NAME], [medium NAME] or [density NAME]");
	if (!name_is_valid(space + 1))
		return fail(error, s, group, NULL,
			    "has no usable name: use 1 to 31 of A-Z a-z 0-9 - _, beginning with a "
			    "letter or digit");
	if (find_object(c, (enum kind)kind, space + 1) != NULL)
		return fail(error, s, group, NULL, "is there already; choose another name");
	for (const struct catalogue *up = c->parent; up != NULL; up = up->parent)
		if (find_object(up, (enum kind)kind, space + 1) != NULL)
			return fail(error, s, group, NULL,
				    "is built in; choose another name and write base= to begin "
				    "with the built-in one");
	o = g_new0(struct object, 1);
	o->kind = (enum kind)kind;
	o->name = g_strdup(space + 1);
	o->group = g_strdup(group);
	o->source = s;
	g_ptr_array_add(c->objects, o);
	g_hash_table_insert(c->by_group, o->group, o);
	return TRUE;
}

/* GKeyFile makes one group of two that have one name, and the last of two equal keys wins: a
 * mistake that nobody would find. */
static gboolean check_repeats(const struct source *s, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(s->text, "\n", -1);
	const char *group = "";

	for (unsigned i = 0; lines[i] != NULL; i++) {
		char *line = g_strstrip(lines[i]);
		char *equals = strchr(line, '=');

		if (line[0] == '#' || line[0] == '\0' || (line[0] != '[' && equals == NULL))
			continue;
		if (line[0] == '[')
			group = line;
		else
			*equals = '\0';
		if (!g_hash_table_add(seen, line[0] == '[' ? g_strdup(line)
							   : g_strdup_printf("%s %s", group,
									     g_strchomp(line)))) {
			g_set_error(error, PERSONALITY_ERROR, PERSONALITY_ERROR_INVALID,
				    "%s:%u: %s stands here for the second time; write it once",
				    s->where, i + 1, line);
			return FALSE;
		}
	}
	return TRUE;
}

gboolean catalogue_add(struct catalogue *c, const char *where, const char *text, gsize size,
		       GError **error)
{
	struct source *s = g_new0(struct source, 1);
	g_autoptr(GError) cause = NULL;
	g_auto(GStrv) groups = NULL;
	gsize cnt = 0;

	s->where = g_strdup(where);
	s->text = g_strndup(text, size);
	s->file = g_key_file_new();
	g_ptr_array_add(c->sources, s);
	if (strlen(s->text) != size || !g_utf8_validate(s->text, -1, NULL)) {
		g_set_error(error, PERSONALITY_ERROR, PERSONALITY_ERROR_INVALID,
			    "%s: is no text; write it in ASCII or UTF-8", where);
		return FALSE;
	}
	if (!g_key_file_load_from_data(s->file, text, size, G_KEY_FILE_NONE, &cause)) {
		g_set_error(error, PERSONALITY_ERROR, PERSONALITY_ERROR_INVALID,
			    "%s: %s; write groups as [drive NAME] and keys as revision=AB12", where,
			    cause->message);
		return FALSE;
	}
	if (!check_repeats(s, error))
		return FALSE;
	groups = g_key_file_get_groups(s->file, &cnt);
	if (cnt > GROUPS_MAX) {
		g_set_error(error, PERSONALITY_ERROR, PERSONALITY_ERROR_INVALID,
			    "%s: has more than %d groups", where, GROUPS_MAX);
		return FALSE;
	}
	for (gsize i = 0; i < cnt; i++)
		if (!add_group(c, s, groups[i], error))
			return FALSE;
	return TRUE;
}

/* ---- reading ---- */

static const struct key_row *find_key(const struct kind_row *kind, const char *key,
				      const char **ret_rest)
{
	for (unsigned i = 0; i < kind->keys_cnt; i++) {
		const char *name = kind->keys[i].key;
		size_t length = strlen(name);

		*ret_rest = key + length;
		if (name[length - 1] == '.' ? g_str_has_prefix(key, name) : strcmp(key, name) == 0)
			return &kind->keys[i];
	}
	return NULL;
}

static char *unknown_key(const struct kind_row *kind)
{
	GString *text = g_string_new("is not known; the keys of a ");

	g_string_append_printf(text, "%s are %s", kind->word, BASE_KEY);
	for (unsigned i = 0; i < kind->keys_cnt; i++) {
		const char *key = kind->keys[i].key;

		g_string_append_printf(text, ", %s%s", key, g_str_has_suffix(key, ".") ? "XX" : "");
	}
	return g_string_free(text, FALSE);
}

static gboolean read_key(struct catalogue *c, struct object *o, void *data, const char *key,
			 GError **error)
{
	const struct kind_row *kind = &kind_rows[o->kind];
	g_autofree char *value = g_key_file_get_value(o->source->file, o->group, key, NULL);
	g_autofree char *why = NULL;
	const char *rest = NULL;
	const struct key_row *row = find_key(kind, key, &rest);

	if (row == NULL) {
		why = unknown_key(kind);
		return fail(error, o->source, o->group, key, why);
	}
	why = row->read(c, row, data, rest, g_strstrip(value));
	if (why != NULL) {
		g_autofree char *text = g_strdup_printf("'%.60s%s' %s", value,
							strlen(value) > 60 ? "..." : "", why);

		return fail(error, o->source, o->group, key, text);
	}
	return TRUE;
}

static gboolean read_object(struct catalogue *c, struct object *o, GError **error);

/* Begins @data as a copy of the base, where there is one. */
static gboolean read_base(struct catalogue *c, struct object *o, void *data, GError **error)
{
	g_autofree char *base = g_key_file_get_value(o->source->file, o->group, BASE_KEY, NULL);
	g_autofree char *why = NULL;
	const void *from;

	if (base == NULL)
		return TRUE;
	from = catalogue_use(c, o->kind, g_strstrip(base), &why);
	if (from == NULL)
		return fail(error, o->source, o->group, BASE_KEY, why);
	memcpy(data, from, kind_rows[o->kind].size);
	return TRUE;
}

static gboolean read_object(struct catalogue *c, struct object *o, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(o->source->file, o->group, NULL, NULL);
	g_autofree char *why = NULL;
	gboolean good;
	void *data;

	if (o->data != NULL)
		return TRUE;
	if (o->reading || c->depth == DEPTH_MAX)
		return fail(error, o->source, o->group, BASE_KEY,
			    "leads back to this group, or through too many others; a chain of "
			    "base= must end");
	data = catalogue_alloc(c, kind_rows[o->kind].size);
	o->reading = true;
	c->depth++;
	good = read_base(c, o, data, error);
	for (char **key = keys; good && key != NULL && *key != NULL; key++)
		if (strcmp(*key, BASE_KEY) != 0)
			good = read_key(c, o, data, *key, error);
	if (good) {
		why = kind_rows[o->kind].finish(c, data, o->name, o->source->where);
		good = why == NULL || fail(error, o->source, o->group, NULL, why);
	}
	o->reading = false;
	c->depth--;
	if (good)
		o->data = data;
	return good;
}

gboolean catalogue_read(struct catalogue *c, GError **error)
{
	for (guint i = 0; i < c->objects->len; i++)
		if (!read_object(c, c->objects->pdata[i], error))
			return FALSE;
	return TRUE;
}

const void *catalogue_find(const struct catalogue *c, enum kind kind, const char *name)
{
	for (; c != NULL; c = c->parent) {
		const struct object *o = find_object(c, kind, name);

		if (o != NULL)
			return o->data;
	}
	return NULL;
}

const void *catalogue_use(struct catalogue *c, enum kind kind, const char *name, char **ret_why)
{
	struct object *o = find_object(c, kind, name);
	g_autoptr(GError) cause = NULL;
	const void *found;

	if (o != NULL && read_object(c, o, &cause))
		return o->data;
	if (o != NULL) {
		*ret_why = g_strdup(cause->message);
		return NULL;
	}
	found = catalogue_find(c->parent, kind, name);
	if (found == NULL)
		*ret_why = g_strdup_printf("there is no [%s %s]; define it in this file, or see "
					   "vtl personality list",
					   kind_rows[kind].word, name);
	return found;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void catalogue_names(const struct catalogue *c, enum kind kind, GPtrArray *names)
{
	g_autoptr(GPtrArray) own = g_ptr_array_new();

	for (guint i = 0; i < c->objects->len; i++) {
		const struct object *o = c->objects->pdata[i];

		if (o->kind == kind)
			g_ptr_array_add(own, o->name);
	}
	g_ptr_array_sort(own, compare_names);
	for (guint i = 0; i < own->len; i++)
		g_ptr_array_add(names, own->pdata[i]);
}
