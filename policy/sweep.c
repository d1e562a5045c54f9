/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c: see sweep.h. */
#include "policy/sweep.h"

#include "lib/base/clock.h"

#define OBJECT_BYTES   96u /* beside its data: a frame's header and an index entry */
#define MARK_BYTES     8u
#define LEFTOVER_BYTES (UINT64_C(64) << 20) /* not worth an open */
#define LEFTOVER_SHARE 50u                  /* nor is one part in 50 */
#define SWEEP_AT_ONCE  16u                  /* opens are not free either */

struct sweeper {
	GHashTable *done; /* "library/barcode" -> uint64_t *: bytes on disk when nothing was left */
};

struct sweeper *sweeper_new(void)
{
	struct sweeper *s = g_new0(struct sweeper, 1);

	s->done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return s;
}

void sweeper_free(struct sweeper *s)
{
	if (s == NULL)
		return;
	g_hash_table_unref(s->done);
	g_free(s);
}

bool sweep_is_due(const struct world_cart *cart)
{
	const struct cart_info *i = &cart->info;
	uint64_t bytes = i->stored_bytes + i->objects * OBJECT_BYTES + i->filemarks * MARK_BYTES;

	if (cart->drive > 0 || i->mounted || i->state == CART_RECALLING || i->state == CART_DAMAGED)
		return false;
	if (i->state == CART_MIGRATED)
		bytes = 0; /* the counters are those of what is elsewhere */
	return i->disk_bytes - i->partition_bytes > bytes + bytes / LEFTOVER_SHARE + LEFTOVER_BYTES;
}

static void remember(struct sweeper *s, char *key, uint64_t disk_bytes)
{
	uint64_t *done = g_new(uint64_t, 1);

	*done = disk_bytes;
	g_hash_table_replace(s->done, key, done);
}

static void sweep(struct sweeper *s, const struct world_cart *cart, unsigned milliseconds)
{
	g_autofree char *key = g_strconcat(cart->library, "/", cart->info.barcode, NULL);
	const uint64_t *done = g_hash_table_lookup(s->done, key);
	struct cart_info now;

	if (done != NULL && *done == cart->info.disk_bytes)
		return;
	if (cart_sweep(cart->pool, cart->info.barcode, milliseconds) != 0)
		return; /* the next look finds it again */
	if (cart_stat(cart->pool, cart->info.barcode, &now) == 0)
		remember(s, g_steal_pointer(&key), now.disk_bytes);
}

void sweeper_run(struct sweeper *s, const struct world *world, unsigned milliseconds)
{
	int64_t until = clock_monotonic_ms() + milliseconds;
	unsigned opened = 0;

	for (guint i = 0; i < world->carts->len && opened < SWEEP_AT_ONCE; i++) {
		const struct world_cart *cart = g_ptr_array_index(world->carts, i);
		int64_t left = until - clock_monotonic_ms();

		if (left <= 0)
			break;
		if (!sweep_is_due(cart))
			continue;
		sweep(s, cart, (unsigned)left);
		opened++;
	}
}
