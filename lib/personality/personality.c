/* SPDX-License-Identifier: Apache-2.0 */
/*
 * personality.c: the catalogues that there are, and finding in them.
 *
 * The built-in files make one catalogue, read once.  Each of an administrator's files makes one of
 * its own on top of it, so that a bad file spoils nothing but itself.  A file that has changed is
 * read anew into a new catalogue; old ones stay, since units point into them.
 */
#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fs.h"
#include "lib/personality/data.h"
#include "lib/personality/internal.h"

#define SUFFIX         ".personality"
#define RESOURCE_DIR   "/org/tcmuvtl/personality"
#define FILE_MAX_BYTES (1u * 1024 * 1024)
#define FILES_MAX      1000

/* One file of PERSONALITY_DIR as it was when it was read. */
struct user_file {
	char *path;
	struct stat stat;
	struct catalogue *catalogue; /* NULL: it is bad */
	char *complaint;             /* why */
};

static struct {
	GMutex lock; /* guards all below */
	struct catalogue *builtin;
	GPtrArray *files; /* struct user_file, sorted by path */
	GPtrArray *old;   /* catalogues of files that have changed since */
	GPtrArray *mixed; /* struct personality, of personality_with_drive() */
} all;

/* ---- reading ---- */

static void read_builtin(void)
{
	g_auto(GStrv) names = NULL;
	g_autoptr(GError) error = NULL;
	GResource *resource;
	bool good;

	personality_data_register_resource();
	resource = personality_data_get_resource();
	names = g_resource_enumerate_children(resource, RESOURCE_DIR, 0, NULL);
	good = names != NULL;
	all.builtin = catalogue_new(NULL);
	for (char **name = names; good && *name != NULL; name++) {
		g_autofree char *path = g_strconcat(RESOURCE_DIR "/", *name, NULL);
		g_autofree char *where = g_strconcat(BUILT_IN, *name, NULL);
		g_autoptr(GBytes) bytes = g_resource_lookup_data(resource, path, 0, NULL);
		gsize size = 0;
		const char *text = bytes == NULL ? NULL : g_bytes_get_data(bytes, &size);

		good = text != NULL && catalogue_add(all.builtin, where, text, size, &error);
	}
	personality_data_unregister_resource();            /* the catalogue has copies */
	if (!good || !catalogue_read(all.builtin, &error)) /* a test sees to it that it is good */
		g_warning("personalities: %s", error != NULL ? error->message : "no data");
}

static struct catalogue *read_file(const char *path, GError **error)
{
	void *text = NULL;
	size_t size = 0;
	int r = fs_read(AT_FDCWD, path, FILE_MAX_BYTES, &text, &size);
	struct catalogue *c;

	if (r < 0) {
		g_set_error(error, PERSONALITY_ERROR, PERSONALITY_ERROR_NOT_FOUND,
			    "cannot read %s: %s", path, g_strerror(-r));
		return NULL;
	}
	c = catalogue_new(all.builtin);
	if (!catalogue_add(c, path, text, size, error) || !catalogue_read(c, error)) {
		catalogue_free(c);
		c = NULL;
	}
	free(text);
	return c;
}

static void user_file_free(gpointer p)
{
	struct user_file *f = p;

	if (f->catalogue != NULL)
		g_ptr_array_add(all.old, f->catalogue);
	g_free(f->path);
	g_free(f->complaint);
	g_free(f);
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Takes the entry over from the list as it was, where the file is still the same. */
static struct user_file *look_at(const char *path, const struct stat *st)
{
	struct user_file *f;
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < all.files->len; i++) {
		f = all.files->pdata[i];
		if (strcmp(f->path, path) == 0 && same_stat(&f->stat, st))
			return g_ptr_array_steal_index(all.files, i);
	}
	f = g_new0(struct user_file, 1);
	f->path = g_strdup(path);
	f->stat = *st;
	f->catalogue = read_file(path, &error);
	if (error != NULL)
		f->complaint = g_strdup(error->message);
	return f;
}

static gint compare_files(gconstpointer a, gconstpointer b)
{
	const struct user_file *const *fa = a, *const *fb = b;

	return strcmp((*fa)->path, (*fb)->path);
}

static void read_user(void)
{
	const char *folder = g_getenv("TCMU_VTL_PERSONALITIES");
	GPtrArray *files = g_ptr_array_new_with_free_func(user_file_free);
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (folder == NULL || *folder == '\0')
		folder = PERSONALITY_DIR;
	dir = g_dir_open(folder, 0, NULL);
	while (dir != NULL && files->len < FILES_MAX && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat st;

		if (g_str_has_suffix(name, SUFFIX) && name[0] != '.' && stat(path, &st) == 0 &&
		    S_ISREG(st.st_mode))
			g_ptr_array_add(files, look_at(path, &st));
	}
	g_ptr_array_sort(files, compare_files);
	g_ptr_array_unref(all.files);
	all.files = files;
}

/* Locks; the built-in ones are there afterwards. */
static void begin(void)
{
	g_mutex_lock(&all.lock);
	if (all.builtin != NULL)
		return;
	all.files = g_ptr_array_new_with_free_func(user_file_free);
	all.old = g_ptr_array_new();
	all.mixed = g_ptr_array_new();
	read_builtin();
}

static void end(void)
{
	g_mutex_unlock(&all.lock);
}

/* ---- finding ---- */

static const void *find(enum kind kind, const char *name)
{
	const void *found = catalogue_find(all.builtin, kind, name);

	if (found != NULL)
		return found;
	read_user();
	for (guint i = 0; i < all.files->len && found == NULL; i++) {
		const struct user_file *f = all.files->pdata[i];

		if (f->catalogue != NULL)
			found = catalogue_find(f->catalogue, kind, name);
	}
	return found;
}

/* "; /etc/...: is bad" for each bad file, since the name that is asked for may stand in it. */
static char *complaints_text(void)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < all.files->len; i++) {
		const struct user_file *f = all.files->pdata[i];

		if (f->complaint != NULL)
			g_string_append_printf(text, "; a file could not be read: %s",
					       f->complaint);
	}
	return g_string_free(text, FALSE);
}

static const void *get(enum kind kind, const char *name, GError **error)
{
	const void *found;

	begin();
	found = find(kind, name);
	if (found == NULL) {
		g_autofree char *bad = complaints_text();

		g_set_error(error, PERSONALITY_ERROR, PERSONALITY_ERROR_NOT_FOUND,
			    "there is no %s %s: see vtl personality list%s", kind_rows[kind].word,
			    name, bad);
	}
	end();
	return found;
}

const struct personality *personality_get(const char *name, GError **error)
{
	return get(KIND_PERSONALITY, name, error);
}

const struct personality *personality_find(const char *name)
{
	return get(KIND_PERSONALITY, name, NULL);
}

const struct drive_model *drive_model_get(const char *name, GError **error)
{
	return get(KIND_DRIVE, name, error);
}

const struct library_model *library_model_get(const char *name, GError **error)
{
	return get(KIND_LIBRARY, name, error);
}

const struct medium_row *medium_find(const char *name)
{
	return get(KIND_MEDIUM, name, NULL);
}

const struct personality *personality_with_drive(const struct personality *persona,
						 const struct drive_model *drive)
{
	struct personality *mixed = NULL;

	if (drive == NULL || drive == persona->drive)
		return persona;
	begin();
	for (guint i = 0; i < all.mixed->len && mixed == NULL; i++) {
		struct personality *p = all.mixed->pdata[i];

		if (p->name == persona->name && p->library == persona->library && p->drive == drive)
			mixed = p;
	}
	if (mixed == NULL) {
		mixed = g_memdup2(persona, sizeof(*persona));
		mixed->drive = drive;
		g_ptr_array_add(all.mixed, mixed);
	}
	end();
	return mixed;
}

static char **names(enum kind kind)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	begin();
	read_user();
	catalogue_names(all.builtin, kind, list);
	for (guint i = 0; i < all.files->len; i++) {
		const struct user_file *f = all.files->pdata[i];

		if (f->catalogue != NULL)
			catalogue_names(f->catalogue, kind, list);
	}
	for (guint i = 0; i < list->len; i++)
		list->pdata[i] = g_strdup(list->pdata[i]);
	end();
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

char **personality_names(void)
{
	return names(KIND_PERSONALITY);
}

char **drive_model_names(void)
{
	return names(KIND_DRIVE);
}

char **library_model_names(void)
{
	return names(KIND_LIBRARY);
}

char **personality_complaints(void)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	begin();
	read_user();
	for (guint i = 0; i < all.files->len; i++) {
		const struct user_file *f = all.files->pdata[i];

		if (f->complaint != NULL)
			g_ptr_array_add(list, g_strdup(f->complaint));
	}
	end();
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

gboolean personality_check_file(const char *path, char ***ret_names, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	struct catalogue *c;

	begin();
	c = read_file(path, error);
	end();
	if (c == NULL)
		return FALSE;
	catalogue_names(c, KIND_PERSONALITY, list);
	for (guint i = 0; i < list->len; i++)
		list->pdata[i] = g_strdup(list->pdata[i]);
	g_ptr_array_add(list, NULL);
	*ret_names = (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
	catalogue_free(c);
	return TRUE;
}
