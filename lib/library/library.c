/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.c: the one object per library of this process: opening, elements, drives, listeners.
 *
 * Invariants.  `table` holds every struct library that has references, and none else.  What is in
 * library->inv is what the inventory file says: it is changed only where the file was replaced
 * (move.c), or read (here).  Locks, in the order they are taken: the table's, a library's, a
 * drive's, the listener's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/library/internal.h"

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *table; /* name -> struct library, both borrowed; guarded by table_lock */

/* ---- open ---- */

static void library_destroy_object(struct library *library)
{
	if (library->lock_fd >= 0)
		(void)close(library->lock_fd); /* releases the lock; nothing was buffered */
	(void)close(library->folder);
	inventory_clear(&library->inv);
	library_config_free(library->config);
	g_free(library->drives);
	(void)pthread_mutex_destroy(&library->lock);
	(void)pthread_cond_destroy(&library->idle);
	(void)pthread_mutex_destroy(&library->listener_lock);
	g_free(library);
}

static struct library *library_new(const char *name, GError **error)
{
	struct library_config *config = NULL;
	struct library *library;
	int folder = state_open_library(name);

	if (folder == -ENOENT)
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_NOT_FOUND,
			    "there is no library %s in %s (vtl library list shows all)", name,
			    library_state_dir());
	else if (folder < 0)
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED,
			    "cannot open library %s in %s: %s", name, library_state_dir(),
			    g_strerror(-folder));
	if (folder < 0)
		return NULL;
	if (!state_load_config(folder, name, &config, error)) {
		(void)close(folder);
		return NULL;
	}
	library = g_new0(struct library, 1);
	g_strlcpy(library->name, name, sizeof(library->name));
	library->refs = 1;
	library->config = config;
	library->folder = folder;
	library->lock_fd = -1;
	library->drives = g_new0(struct drive_link, config->drives);
	drives_note_options(library);
	(void)pthread_mutex_init(&library->lock, NULL);
	(void)pthread_cond_init(&library->idle, NULL);
	(void)pthread_mutex_init(&library->listener_lock, NULL);
	return library;
}

/* Reads the inventory file anew; what was known before stays where that fails. */
static gboolean library_reload(struct library *library, GError **error)
{
	struct inventory inv = { 0 };

	if (!inventory_init(&inv, library->config)) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED,
			    "no memory for the inventory of library %s", library->name);
		return FALSE;
	}
	if (!state_load_inventory(library->folder, library->name, &inv, error)) {
		inventory_clear(&inv);
		return FALSE;
	}
	(void)pthread_mutex_lock(&library->lock);
	inventory_clear(&library->inv);
	library->inv = inv;
	(void)pthread_mutex_unlock(&library->lock);
	return TRUE;
}

/* The inventory is damaged: makes a new one from the pool and keeps the damaged one aside. */
static gboolean library_rebuild(struct library *library, const char *why, GError **error)
{
	struct inventory inv = { 0 };
	int r = inventory_init(&inv, library->config) ? 0 : -ENOMEM;

	if (r == 0)
		r = inventory_from_pool(&inv, library->config->pool);
	if (r == 0 &&
	    renameat(library->folder, INVENTORY_FILE, library->folder, DAMAGED_FILE) < 0 &&
	    errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = state_save_inventory(library->folder, library->name, &inv);
	if (r != 0) {
		inventory_clear(&inv);
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "the inventory of library %s is damaged (%s) and cannot be made anew "
			    "from the pool %s: %s; mend that and try again",
			    library->name, why, library->config->pool, g_strerror(-r));
		return FALSE;
	}
	g_warning("library %s: the inventory was damaged (%s); its cartridges were put into slots "
		  "in the order of their barcodes, the damaged file is kept as %s/%s/%s",
		  library->name, why, library_state_dir(), library->name, DAMAGED_FILE);
	(void)pthread_mutex_lock(&library->lock);
	inventory_clear(&library->inv);
	library->inv = inv;
	(void)pthread_mutex_unlock(&library->lock);
	return TRUE;
}

static gboolean library_refresh(struct library *library, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (library_reload(library, &cause))
		return TRUE;
	g_set_error(error, LIBRARY_ERROR, cause->code,
		    "cannot read the inventory of library %s: %s%s", library->name, cause->message,
		    cause->code == LIBRARY_ERROR_INVALID
			    ? "; the next process that owns the library makes it anew (start "
			      "tcmu-runner, then: vtl-lio setup)"
			    : "");
	return FALSE;
}

static gboolean library_own(struct library *library, GError **error)
{
	g_autoptr(GError) cause = NULL;
	pid_t pid = 0;
	int fd = -1;
	int r = state_lock(library->folder, &fd, &pid);

	if (r == -EWOULDBLOCK) {
		g_propagate_error(error, state_busy_error(library->name, pid));
		return FALSE;
	}
	if (r < 0) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED,
			    "cannot lock library %s (%s/%s/%s): %s", library->name,
			    library_state_dir(), library->name, LOCK_FILE, g_strerror(-r));
		return FALSE;
	}
	if (!library_reload(library, &cause) &&
	    (cause->code != LIBRARY_ERROR_INVALID ||
	     !library_rebuild(library, cause->message, error))) {
		if (cause->code != LIBRARY_ERROR_INVALID)
			g_set_error(error, LIBRARY_ERROR, cause->code,
				    "cannot read the inventory of library %s: %s", library->name,
				    cause->message);
		(void)close(fd);
		return FALSE;
	}
	(void)pthread_mutex_lock(&library->lock);
	library->lock_fd = fd;
	library->owner = true;
	(void)pthread_mutex_unlock(&library->lock);
	return TRUE;
}

/* Drops a reference; the table is locked. */
static void unref_locked(struct library *library)
{
	if (!g_atomic_int_dec_and_test(&library->refs))
		return;
	if (table != NULL && g_hash_table_lookup(table, library->name) == library)
		g_hash_table_remove(table, library->name);
	if (table != NULL && g_hash_table_size(table) == 0)
		g_clear_pointer(&table, g_hash_table_unref); /* the plugin can be unloaded */
	library_destroy_object(library);
}

struct library *library_open(const char *name, unsigned flags, GError **error)
{
	struct library *library;
	gboolean good = TRUE;

	(void)pthread_mutex_lock(&table_lock);
	library = table == NULL ? NULL : g_hash_table_lookup(table, name);
	if (library != NULL)
		(void)library_ref(library);
	else
		library = library_new(name, error);
	if (library != NULL && !library_is_owned(library)) {
		good = (flags & LIBRARY_OPEN_OWN) != 0 ? library_own(library, error)
						       : library_refresh(library, error);
		if (!good) {
			unref_locked(library);
			library = NULL;
		}
	}
	if (library != NULL) {
		if (table == NULL)
			table = g_hash_table_new(g_str_hash, g_str_equal);
		g_hash_table_replace(table, library->name, library);
	}
	(void)pthread_mutex_unlock(&table_lock);
	return library;
}

struct library *library_ref(struct library *library)
{
	/* no lock: a listener takes references with the library's locks held, and whoever opens a
	 * library has the table's lock before those */
	g_atomic_int_inc(&library->refs);
	return library;
}

void library_unref(struct library *library)
{
	if (library == NULL)
		return;
	(void)pthread_mutex_lock(&table_lock);
	unref_locked(library);
	(void)pthread_mutex_unlock(&table_lock);
}

/* ---- what does not change ---- */

const char *library_name(const struct library *library)
{
	return library->name;
}

const char *library_pool(const struct library *library)
{
	return library->config->pool;
}

const struct library_config *library_config(const struct library *library)
{
	return library->config;
}

void library_changer_serial(const struct library *library, char ret_serial[LIBRARY_SERIAL_SIZE])
{
	(void)g_snprintf(ret_serial, LIBRARY_SERIAL_SIZE, "%s00", library->config->serial);
}

bool library_drive_serial(const struct library *library, unsigned number,
			  char ret_serial[LIBRARY_SERIAL_SIZE])
{
	if (number < 1 || number > library->config->drives)
		return false;
	if (number < 100)
		(void)g_snprintf(ret_serial, LIBRARY_SERIAL_SIZE, "%s%02u", library->config->serial,
				 number);
	else
		(void)g_snprintf(ret_serial, LIBRARY_SERIAL_SIZE, "%s%c%u", library->config->serial,
				 (char)('A' + (number - 100) / 10), number % 10);
	return true;
}

unsigned library_element_count(const struct library *library, enum library_element_type type)
{
	switch (type) {
	case ELEMENT_STORAGE:
		return library->config->slots;
	case ELEMENT_DRIVE:
		return library->config->drives;
	case ELEMENT_MAIL:
		return library->config->mail_slots;
	case ELEMENT_TRANSPORT:
		break;
	}
	return 1;
}

uint16_t library_first_address(const struct library *library, enum library_element_type type)
{
	(void)library; /* the bases are the same in every library: internal.h says why */
	return (uint16_t)element_base(type);
}

bool library_address(const struct library *library, enum library_element_type type, unsigned number,
		     uint16_t *ret_address)
{
	if (number < 1 || number > library_element_count(library, type))
		return false;
	*ret_address = (uint16_t)(element_base(type) + number - 1);
	return true;
}

void library_label(uint16_t address, char ret_label[LIBRARY_LABEL_SIZE])
{
	enum library_element_type type = element_type(address);
	unsigned number = address - element_base(type) + 1;
	static const char *const words[] = {
		[ELEMENT_TRANSPORT] = "transport",
		[ELEMENT_STORAGE] = "slot",
		[ELEMENT_MAIL] = "mail-slot",
		[ELEMENT_DRIVE] = "drive",
	};

	if ((type == ELEMENT_TRANSPORT && number > 1) ||
	    (type == ELEMENT_DRIVE && number > LIBRARY_MAX_DRIVES) ||
	    (type == ELEMENT_STORAGE && number > LIBRARY_MAX_SLOTS))
		(void)g_snprintf(ret_label, LIBRARY_LABEL_SIZE, "element %u", address);
	else
		(void)g_snprintf(ret_label, LIBRARY_LABEL_SIZE, "%s %u", words[type], number);
}

/* ---- elements ---- */

bool library_is_owned(const struct library *library)
{
	/* the lock is part of the object, and taking it changes nothing that const promises */
	struct library *l = (struct library *)(guintptr)library;
	bool owner;

	(void)pthread_mutex_lock(&l->lock);
	owner = l->owner;
	(void)pthread_mutex_unlock(&l->lock);
	return owner;
}

bool library_may_change(const struct library *library)
{
	struct stat st;

	return library->owner && fstat(library->lock_fd, &st) == 0 && st.st_nlink > 0;
}

bool library_element(struct library *library, uint16_t address, struct library_element *ret_element)
{
	struct library_element e = { .address = address,
				     .type = element_type(address),
				     .access = true };
	const struct cell *cell;

	(void)pthread_mutex_lock(&library->lock);
	cell = inventory_cell(&library->inv, address);
	if (cell != NULL) {
		e.full = cell->barcode[0] != '\0';
		memcpy(e.barcode, cell->barcode, sizeof(e.barcode));
		e.source_valid = cell->source_valid;
		e.source = cell->source;
		e.placed_by_operator = cell->placed_by_operator;
		if (e.type == ELEMENT_DRIVE)
			drive_describe(library, &e);
		*ret_element = e;
	}
	(void)pthread_mutex_unlock(&library->lock);
	return cell != NULL;
}

bool library_find(struct library *library, const char *barcode, uint16_t *ret_address)
{
	bool found;

	(void)pthread_mutex_lock(&library->lock);
	found = inventory_find(&library->inv, barcode, ret_address) != NULL;
	(void)pthread_mutex_unlock(&library->lock);
	return found;
}

/* ---- listeners ---- */

void library_set_listener(struct library *library, library_moved_fn moved, void *ctx)
{
	(void)pthread_mutex_lock(&library->listener_lock);
	library->moved = moved;
	library->moved_ctx = ctx;
	(void)pthread_mutex_unlock(&library->listener_lock);
}

void library_tell(struct library *library, const char *barcode, uint16_t source,
		  uint16_t destination)
{
	(void)pthread_mutex_lock(&library->listener_lock);
	if (library->moved != NULL)
		library->moved(library->moved_ctx, library, barcode, source, destination);
	(void)pthread_mutex_unlock(&library->listener_lock);
}
