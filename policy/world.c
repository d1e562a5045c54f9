/* SPDX-License-Identifier: Apache-2.0 */
/* world.c: see world.h. */
#include "policy/world.h"

#include <string.h>
#include <sys/statvfs.h>

struct watcher {
	GHashTable *libraries; /* name -> struct library, with a reference */
	GHashTable *seen;      /* "library/barcode" -> int64_t *: last seen in a drive */
};

struct looking {
	struct watcher *watcher;
	struct world *world;
	struct library *library;
	unsigned pool_used;
	int64_t now_s;
};

static void library_unref_void(void *library)
{
	library_unref(library);
}

struct watcher *watcher_new(void)
{
	struct watcher *w = g_new0(struct watcher, 1);

	w->libraries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, library_unref_void);
	w->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return w;
}

void watcher_free(struct watcher *w)
{
	if (w == NULL)
		return;
	g_hash_table_unref(w->libraries);
	g_hash_table_unref(w->seen);
	g_free(w);
}

static void world_cart_free(void *data)
{
	struct world_cart *cart = data;

	g_free(cart->pool);
	g_free(cart);
}

void world_free(struct world *world)
{
	if (world == NULL)
		return;
	g_ptr_array_unref(world->carts);
	g_ptr_array_unref(world->problems);
	g_free(world);
}

static unsigned used_percent(const char *path)
{
	struct statvfs v;

	if (statvfs(path, &v) < 0 || v.f_blocks == 0)
		return 0;
	return (unsigned)((v.f_blocks - v.f_bavail) * 100 / v.f_blocks);
}

/* Remembers when the cartridge was last seen in a drive; 0 = never. */
static int64_t seen_in_drive(struct looking *l, const char *barcode, bool in_drive)
{
	g_autofree char *key = g_strconcat(library_name(l->library), "/", barcode, NULL);
	int64_t *seen = g_hash_table_lookup(l->watcher->seen, key);

	if (in_drive && seen == NULL) {
		seen = g_new(int64_t, 1);
		g_hash_table_insert(l->watcher->seen, g_steal_pointer(&key), seen);
	}
	if (in_drive)
		*seen = l->now_s;
	return seen == NULL ? 0 : *seen;
}

static void look_at_cart(struct looking *l, const char *barcode, unsigned drive)
{
	struct world_cart *cart = g_new0(struct world_cart, 1);
	int r = cart_stat(library_pool(l->library), barcode, &cart->info);

	if (r != 0) {
		g_free(cart);
		g_ptr_array_add(l->world->problems,
				g_strdup_printf("cartridge %s of library %s cannot be read: %s",
						barcode, library_name(l->library),
						r < 0 ? g_strerror(-r) : cart_outcome_name(r)));
		return;
	}
	g_strlcpy(cart->library, library_name(l->library), sizeof(cart->library));
	cart->pool = g_strdup(library_pool(l->library));
	cart->drive = drive;
	cart->pool_used = l->pool_used;
	cart->used_s = MAX(cart->info.created_s, cart->info.last_write_s);
	cart->used_s = MAX(cart->used_s, cart->info.last_mount_s);
	cart->used_s = MAX(cart->used_s, cart->info.last_unmount_s);
	cart->used_s = MAX(cart->used_s, seen_in_drive(l, barcode, drive > 0));
	g_ptr_array_add(l->world->carts, cart);
}

/* barcode -> number of the drive that holds it */
static GHashTable *look_at_drives(struct looking *l)
{
	GHashTable *held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	unsigned count = library_element_count(l->library, ELEMENT_DRIVE);
	uint16_t address;

	for (unsigned n = 1; n <= count; n++) {
		struct library_element e;

		if (library_address(l->library, ELEMENT_DRIVE, n, &address) &&
		    library_element(l->library, address, &e) && e.full)
			g_hash_table_insert(held, g_strdup(e.barcode), GUINT_TO_POINTER(n));
	}
	return held;
}

static void look_at_pool(struct looking *l, GHashTable *held)
{
	char **barcodes;
	int r = cart_list(library_pool(l->library), &barcodes);

	if (r != 0) {
		g_ptr_array_add(l->world->problems,
				g_strdup_printf("pool %s of library %s cannot be read: %s",
						library_pool(l->library), library_name(l->library),
						r < 0 ? g_strerror(-r) : cart_outcome_name(r)));
		return;
	}
	for (char **b = barcodes; *b != NULL; b++)
		look_at_cart(l, *b, GPOINTER_TO_UINT(g_hash_table_lookup(held, *b)));
	cart_list_free(barcodes);
}

static void look_at_library(struct looking *l, bool only_drives)
{
	g_autoptr(GHashTable) held = look_at_drives(l);
	GHashTableIter iter;
	void *barcode, *drive;

	l->pool_used = used_percent(library_pool(l->library));
	if (!only_drives) {
		look_at_pool(l, held);
		return;
	}
	g_hash_table_iter_init(&iter, held);
	while (g_hash_table_iter_next(&iter, &barcode, &drive))
		look_at_cart(l, barcode, GPOINTER_TO_UINT(drive));
}

struct world *world_look(struct watcher *w, bool only_drives, int64_t now_s)
{
	struct world *world = g_new0(struct world, 1);
	struct looking l = { .watcher = w, .world = world, .now_s = now_s };
	g_auto(GStrv) names = library_list();

	world->carts = g_ptr_array_new_with_free_func(world_cart_free);
	world->problems = g_ptr_array_new_with_free_func(g_free);
	for (char **name = names; *name != NULL; name++) {
		g_autoptr(GError) error = NULL;

		/* opening again for reading reads the inventory anew */
		l.library = library_open(*name, LIBRARY_OPEN_READ, &error);
		if (l.library == NULL) {
			g_ptr_array_add(world->problems, g_strdup(error->message));
			continue;
		}
		look_at_library(&l, only_drives);
		g_hash_table_replace(w->libraries, g_strdup(*name), l.library);
	}
	return world;
}

const struct world_cart *world_find(const struct world *world, const char *library,
				    const char *barcode)
{
	for (guint i = 0; i < world->carts->len; i++) {
		const struct world_cart *cart = g_ptr_array_index(world->carts, i);

		if (strcmp(cart->info.barcode, barcode) == 0 && strcmp(cart->library, library) == 0)
			return cart;
	}
	return NULL;
}
