/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.c: libraries come and go.
 *
 * A library is made as STATE/.new-NAME and then renamed: STATE/NAME is whole or absent.  Destroying
 * renames it to STATE/.old-NAME first.  What a killed process left under these names is removed by
 * the next one; a flock on STATE itself keeps two of them apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/library/internal.h"
#include "lib/personality/personality.h"

#define POOL_GROUP "vtl"

/* What is being created, and what to undo. */
struct creation {
	const struct library_config *config;
	int state;          /* descriptor of STATE, locked */
	bool pool_made;     /* the pool folder is ours */
	GPtrArray *created; /* barcodes of cartridges that are ours; borrowed from the config */
	char *folder;       /* ".new-NAME"; owned */
};

static gboolean failed(GError **error, int r, const char *what, const char *name)
{
	g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED, "cannot %s %s: %s%s", what, name,
		    g_strerror(-r), r == -EACCES || r == -EPERM ? "; run this as root" : "");
	return FALSE;
}

/* Opens STATE, making it where @make, and waits until no other process creates or destroys. */
static int state_open_locked(bool make)
{
	int fd;

	if (make && g_mkdir_with_parents(library_state_dir(), 0755) < 0)
		return -errno;
	fd = state_open_dir();
	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX) < 0) {
		int r = -errno;

		if (r == -EINTR)
			continue;
		(void)close(fd);
		return r;
	}
	return fd;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **library_list(void)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GDir) dir = g_dir_open(library_state_dir(), 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *file =
			g_build_filename(library_state_dir(), name, CONFIG_FILE, NULL);

		if (library_name_is_valid(name) && g_file_test(file, G_FILE_TEST_IS_REGULAR))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* By whatever way they are reached: two libraries on one pool would delete each other's cartridges.
 */
static bool same_folder(const char *a, const char *b)
{
	struct stat sa, sb;

	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

/* No other library may have this name, serial or pool: two drives with one serial number are one
 * drive to a host's multipath, and two inventories would both claim the pool's cartridges. */
static gboolean check_taken(const struct library_config *config, GError **error)
{
	g_auto(GStrv) names = library_list();

	for (char **name = names; *name != NULL; name++) {
		struct library_config *other = NULL;
		const char *what = NULL;
		int folder;

		if (strcmp(*name, config->name) == 0) {
			g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_EXISTS,
				    "library %s exists already; choose another name, or remove it "
				    "first (vtl library destroy %s)",
				    config->name, config->name);
			return FALSE;
		}
		folder = state_open_library(*name);
		if (folder < 0)
			continue; /* it went away meanwhile */
		if (state_load_config(folder, *name, &other, NULL)) {
			if (strcmp(other->serial, config->serial) == 0)
				what = "serial";
			else if (same_folder(other->pool, config->pool))
				what = "pool";
		}
		(void)close(folder);
		if (what != NULL)
			g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_EXISTS,
				    "library %s has the %s %s already; write another %s= for "
				    "library %s",
				    *name, what, *what == 's' ? other->serial : other->pool, what,
				    config->name);
		library_config_free(other);
		if (what != NULL)
			return FALSE;
	}
	return TRUE;
}

/* vtl-policyd runs as user vtl and copies from the pool: new cartridges inherit the group. */
static int share_pool(const char *pool)
{
	const struct group *group = geteuid() == 0 ? getgrnam(POOL_GROUP) : NULL;

	if (group == NULL)
		return 0;
	if (chown(pool, (uid_t)-1, group->gr_gid) < 0 || chmod(pool, 02770) < 0)
		return -errno;
	return 0;
}

static gboolean make_pool(struct creation *c, GError **error)
{
	const char *pool = c->config->pool;
	struct stat st;
	int r = 0;

	if (stat(pool, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return TRUE;
		return failed(error, -ENOTDIR, "use the pool", pool);
	}
	if (g_mkdir_with_parents(pool, 0750) < 0)
		return failed(error, -errno, "make the pool", pool);
	c->pool_made = true;
	r = share_pool(pool);
	return r == 0 ? TRUE : failed(error, r, "share the pool", pool);
}

static void make_cleaning(const struct medium_row *medium, struct cart_params *params)
{
	*params = (struct cart_params){ .barcode = params->barcode,
					.density = medium->density,
					.medium_type = medium->medium_type,
					.kind = CART_CLEANING,
					.cleanings = medium->cleanings };
}

/* Where the description does not say, the end of the barcode does: "L7" is an LTO-7 cartridge; "LY"
 * is write once, and "CLN" a cleaning one, also among those of type=. */
void library_cartridge_params(const struct library_config *config, const char *barcode,
			      struct cart_params *ret_params)
{
	const struct personality *persona = library_personality(config);
	const struct medium_row *medium = NULL;

	*ret_params = (struct cart_params){ .barcode = barcode,
					    .density = config->density,
					    .medium_type = config->medium_type,
					    .capacity_bytes = config->capacity_bytes,
					    .early_warning_bytes = config->early_warning_bytes,
					    .codec = config->codec };
	if (persona != NULL)
		medium = drive_medium_of_barcode(persona->drive, barcode);
	if (medium != NULL && medium->kind == MEDIUM_CLEANING) {
		make_cleaning(medium, ret_params); /* among those of type= too */
		return;
	}
	if (config->type_given) {
		const struct medium_row *given = medium_find(config->type);

		if (given != NULL && given->kind == MEDIUM_WORM)
			ret_params->kind = CART_WORM;
		/* type=LTO-8 says the format: what the barcode says to be write once stays so */
		if (medium != NULL && medium->kind == MEDIUM_WORM &&
		    medium->density == config->density) {
			ret_params->kind = CART_WORM;
			ret_params->medium_type = medium->medium_type;
		}
		return;
	}
	if (medium == NULL)
		return;
	if (medium->kind == MEDIUM_WORM)
		ret_params->kind = CART_WORM;
	ret_params->density = medium->density;
	ret_params->medium_type = medium->medium_type;
	if (config->capacity_given)
		return;
	ret_params->capacity_bytes = medium->capacity_bytes;
	ret_params->early_warning_bytes = medium->early_warning_bytes > 0
						  ? medium->early_warning_bytes
						  : medium->capacity_bytes / 100;
}

static gboolean make_cartridges(struct creation *c, GError **error)
{
	const struct library_config *config = c->config;

	for (char **barcode = config->barcodes; *barcode != NULL; barcode++) {
		struct cart_params params;
		int r;

		library_cartridge_params(config, *barcode, &params);
		r = cart_create(config->pool, &params);
		if (r == CART_E_EXISTS)
			continue;
		if (r != 0) {
			g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED,
				    "cannot make cartridge %s in the pool %s: %s", *barcode,
				    config->pool, r > 0 ? cart_outcome_name(r) : g_strerror(-r));
			return FALSE;
		}
		g_ptr_array_add(c->created, *barcode);
	}
	return TRUE;
}

static int fill_folder(const struct creation *c, int folder)
{
	const struct library_config *config = c->config;
	struct inventory inv = { 0 };
	uint16_t address = 0;
	int r = state_save_config(folder, config);

	if (r == 0 && !inventory_init(&inv, config))
		r = -ENOMEM;
	for (char **barcode = config->barcodes; r == 0 && *barcode != NULL; barcode++) {
		struct cell *cell = inventory_cell(&inv, SLOT_BASE + address++);

		if (cell == NULL)
			r = -ENOSPC; /* config_parse() lets no such description in */
		else
			(void)g_strlcpy(cell->barcode, *barcode, sizeof(cell->barcode));
	}
	if (r == 0)
		r = state_save_inventory(folder, config->name, &inv);
	inventory_clear(&inv);
	return r;
}

static gboolean make_folder(struct creation *c, GError **error)
{
	int folder, r = fs_remove_tree(c->state, c->folder);

	if (r == -ENOENT)
		r = 0;
	if (r == 0 && mkdirat(c->state, c->folder, 0755) < 0)
		r = -errno;
	if (r == 0) {
		folder = openat(c->state, c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = folder < 0 ? -errno : fill_folder(c, folder);
		if (folder >= 0)
			(void)close(folder);
	}
	if (r == 0 && renameat(c->state, c->folder, c->state, c->config->name) < 0)
		r = -errno;
	if (r != 0)
		return failed(error, r, "write the state of library", c->config->name);
	r = fs_sync_dir(c->state);
	if (r != 0 && renameat(c->state, c->config->name, c->state, c->folder) < 0)
		return TRUE; /* it is there, and can be used, but we cannot take it back */
	return r == 0 ? TRUE : failed(error, r, "sync the folder", library_state_dir());
}

/* What cannot be removed now is removed, or taken as it is, by the next creation; @error tells. */
static void creation_undo(struct creation *c, GError **error)
{
	int r = fs_remove_tree(c->state, c->folder);

	if (r == -ENOENT)
		r = 0;
	for (guint i = 0; i < c->created->len; i++) {
		int deleted = cart_delete(c->config->pool, c->created->pdata[i]);

		if (r == 0)
			r = deleted;
	}
	if (c->pool_made && rmdir(c->config->pool) < 0 && r == 0)
		r = -errno;
	if (r != 0)
		g_prefix_error(error, "(not everything that was begun could be removed) ");
}

gboolean library_create(const struct library_config *config, GError **error)
{
	struct creation c = { .config = config, .state = state_open_locked(true) };
	gboolean good;

	if (c.state < 0)
		return failed(error, c.state, "make the state folder", library_state_dir());
	c.created = g_ptr_array_new();
	c.folder = g_strdup_printf(".new-%s", config->name);
	good = check_taken(config, error);
	if (good) {
		good = make_pool(&c, error) && make_cartridges(&c, error) && make_folder(&c, error);
		if (!good)
			creation_undo(&c, error);
	}
	g_ptr_array_unref(c.created);
	g_free(c.folder);
	(void)close(c.state); /* releases the lock */
	return good;
}

/* ---- destroy ---- */

/* The header of a migrated cartridge is all that says on which volume its data is. */
static gboolean check_migrated(const char *pool, char **barcodes, GError **error)
{
	struct cart_info *info = g_new0(struct cart_info, 1);
	GString *list = g_string_new(NULL);
	gboolean good;

	for (char **barcode = barcodes; *barcode != NULL; barcode++)
		if (cart_stat(pool, *barcode, info) == 0 &&
		    (info->state == CART_MIGRATED || info->state == CART_RECALLING))
			g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", *barcode);
	good = list->len == 0;
	if (!good)
		g_set_error(
			error, LIBRARY_ERROR, LIBRARY_ERROR_BUSY,
			"nothing was deleted: the data of %s is only on physical volumes, and their "
			"headers in %s say on which; recall them first (vtl recall), or destroy "
			"the library without deleting its cartridges",
			list->str, pool);
	(void)g_string_free(list, TRUE);
	g_free(info);
	return good;
}

/* A job that needs no library (a check, a repair, a copy) has a cartridge open by itself. */
static gboolean check_in_use(const char *pool, char **barcodes, GError **error)
{
	GString *list = g_string_new(NULL);
	gboolean good;

	for (char **barcode = barcodes; *barcode != NULL; barcode++)
		if (cart_probe(pool, *barcode) == CART_E_BUSY)
			g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", *barcode);
	good = list->len == 0;
	if (!good)
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_BUSY,
			    "nothing was done: %s is in use by another process; wait until it is "
			    "done (vtl jobs, fuser -v %s/*.cart/lock)",
			    list->str, pool);
	(void)g_string_free(list, TRUE);
	return good;
}

static gboolean delete_cartridges(const char *pool, char **barcodes, GError **error)
{
	gboolean good = check_migrated(pool, barcodes, error);

	for (char **barcode = barcodes; good && *barcode != NULL; barcode++) {
		int r = cart_delete(pool, *barcode);

		if (r == 0 || r == CART_E_ABSENT)
			continue;
		g_set_error(error, LIBRARY_ERROR,
			    r == CART_E_BUSY ? LIBRARY_ERROR_BUSY : LIBRARY_ERROR_FAILED,
			    "cannot delete cartridge %s: %s", *barcode,
			    r > 0 ? cart_outcome_name(r) : g_strerror(-r));
		good = FALSE;
	}
	if (good)
		ignore_result(cart_delete_backups(pool, NULL)); /* of cartridges that went before */
	if (good)
		(void)rmdir(pool); /* a pool that holds more stays */
	return good;
}

/* Nobody uses them; and they are gone, where @delete. */
static gboolean leave_cartridges(const char *pool, gboolean delete, GError **error)
{
	char **barcodes = NULL;
	gboolean good;
	int r = cart_list(pool, &barcodes);

	if (r == -ENOENT || (r != 0 && !delete))
		return TRUE;
	if (r != 0)
		return failed(error, r < 0 ? r : -EIO, "list the pool", pool);
	good = check_in_use(pool, barcodes, error) &&
	       (!delete || delete_cartridges(pool, barcodes, error));
	cart_list_free(barcodes);
	return good;
}

static gboolean destroy_owned(int state, int folder, const char *name, gboolean delete,
			      GError **error)
{
	g_autofree char *old = g_strdup_printf(".old-%s", name);
	struct library_config *config = NULL;
	/* one whose description cannot be read any more can still be forgotten */
	gboolean good = state_load_config(folder, name, &config, delete ? error : NULL)
				? leave_cartridges(config->pool, delete, error)
				: !delete;
	int r;

	library_config_free(config);
	if (!good)
		return FALSE;
	r = fs_remove_tree(state, old);
	if (r == -ENOENT)
		r = 0;
	if (r == 0 && renameat(state, name, state, old) < 0)
		r = -errno;
	if (r == 0)
		r = fs_sync_dir(state);
	if (r == 0)
		r = fs_remove_tree(state, old);
	return r == 0 ? TRUE : failed(error, r, "remove the state of library", name);
}

gboolean library_destroy(const char *name, gboolean delete_cartridges, GError **error)
{
	int state = state_open_locked(false);
	int folder = state_open_library(name);
	int lock = -1, r = folder < 0 ? folder : 0;
	pid_t pid = 0;
	gboolean good = FALSE;

	if (r == 0)
		r = state < 0 ? state : state_lock(folder, &lock, &pid);
	if (r == -ENOENT)
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_NOT_FOUND,
			    "there is no library %s in %s", name, library_state_dir());
	else if (r == -EWOULDBLOCK)
		g_propagate_error(error, state_busy_error(name, pid));
	else if (r < 0)
		(void)failed(error, r, "lock library", name);
	else
		good = destroy_owned(state, folder, name, delete_cartridges, error);
	if (lock >= 0)
		(void)close(lock);
	if (folder >= 0)
		(void)close(folder);
	if (state >= 0)
		(void)close(state);
	return good;
}
