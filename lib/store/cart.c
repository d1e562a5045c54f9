/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cart.c: opening and closing.  Opening takes the lock, reads the header, recovers where the last
 * writer did not close, and checks that the index answers; closing syncs and writes the header.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/store/cart.h"
#include "lib/store/shadow.h"

void stream_select(struct cart *c, uint32_t stream, const struct totals *totals, uint64_t end)
{
	c->stream = stream;
	c->end_totals = *totals;
	c->end = end;
	c->stable = totals->objects;
	c->position = c->file = 0;
	table_init(&c->index, TABLE_INDEX, sizeof(struct disk_index_entry), totals->objects);
	marks_init(c, totals->filemarks);
}

static void cart_free(struct cart *c)
{
	if (c == NULL)
		return;
	if (c->backend != NULL)
		c->backend->ops->close(c->backend);
	codec_free(c->codec);
	block_forget_crypt(c);
	cart_digest_free(c->recall_digest);
	rows_clear(&c->rows);
	free(c->unknown_records);
	cart_attributes_clear(&c->attributes);
	free(c->buffer);
	free(c->packed);
	free(c->list);
	free(c->partitions);
	free(c);
}

static bool is_writer(const struct cart *c)
{
	return (c->flags & CART_OPEN_WRITE) != 0;
}

bool cart_is_writable(const struct cart *c)
{
	/* the tab protects the recording; a recall brings the same one back */
	return is_writer(c) && (!c->info.write_protect || c->recalling);
}

/* Takes the lock and reads the header under it. */
static int lock_and_load(struct cart *c, bool exclusive)
{
	int r = c->backend->ops->lock(c->backend, exclusive);

	if (r == -EAGAIN)
		return CART_E_BUSY;
	if (r == 0)
		r = header_load(c);
	if (r == 0 && strcmp(c->info.barcode, c->barcode) != 0)
		r = CART_E_FOREIGN; /* somebody renamed the folder, or copied a header */
	return r;
}

/*
 * A reader that finds an unclean header needs the exclusive lock to recover; where another reader
 * holds the cartridge, that one has recovered it between our two looks, or is about to.
 */
static int recover_as_reader(struct cart *c)
{
	int r = lock_and_load(c, true);

	if (r != 0)
		return r;
	stream_select(c, c->live_stream, &c->end_totals, c->end);
	if (!c->clean)
		r = recover_tail(c);
	return r != 0 ? r : lock_and_load(c, false);
}

int step_aside(struct cart *c)
{
	struct backend *side;
	int r;

	if ((c->flags & CART_OPEN_LOOK) == 0 || c->aside)
		return 0;
	r = shadow_open(c->backend, -1, &side);
	if (r < 0)
		return r;
	shadow_own(side);
	c->backend = side;
	c->aside = true;
	return 0;
}

static int recover_as_asked(struct cart *c)
{
	int r = step_aside(c);

	if (r != 0)
		return r;
	return is_writer(c) || c->aside ? recover_tail(c) : recover_as_reader(c);
}

static int make_usable(struct cart *c)
{
	const bool closed = c->clean;
	int r = 0;

	if (c->info.kind == CART_CLEANING && (c->flags & CART_OPEN_ADMIN) == 0)
		return CART_E_CLEANING;
	if (c->info.state == CART_MIGRATED || c->info.state == CART_RECALLING) {
		if ((c->flags & CART_OPEN_ADMIN) == 0)
			return CART_E_NOT_RESIDENT;
		if (!header_matches_data(c)) /* one from before a recall would free all of it */
			return CART_E_FOREIGN;
		c->clean = true;
		return 0;
	}
	if (c->info.state == CART_DAMAGED && (c->flags & CART_OPEN_ADMIN) == 0)
		return CART_E_INVALID;
	stream_select(c, c->live_stream, &c->end_totals, c->end);
	if (!header_matches_data(c))
		return CART_E_FOREIGN;
	if (!c->clean)
		r = recover_as_asked(c);
	if (r != 0)
		return r;
	stream_select(c, c->live_stream, &c->end_totals, c->end);
	c->resident = c->info.kind != CART_CLEANING;
	if (c->resident && !index_agrees(c))
		return rebuild_index(c);
	if (c->resident && closed)
		rows_load(c);
	return 0;
}

#define ORPHANS_MS 500u /* spent on partitions that are none any more, by an open */

/* Where a recall is under way, or the operator must look, everything may be needed. */
static bool has_orphans(const struct cart *c)
{
	return c->info.state != CART_RECALLING && c->info.state != CART_DAMAGED;
}

/* Files that the header does not name: something was interrupted that it tells the end of. */
static int remove_orphans(struct cart *c)
{
	int r;

	if (!is_writer(c) || !has_orphans(c))
		return 0;
	r = c->backend->ops->keep_only(c->backend, c->resident ? c->live_stream : 0, c->end);
	if (r == 0)
		c->untidy = partitions_tidy(c, ORPHANS_MS) != 0;
	return r;
}

/* Best effort: a mount on a full file system must not fail because it cannot be counted. */
static void note_mount(struct cart *c)
{
	c->info.loads++;
	c->info.last_mount_s = clock_wall_s();
	c->info.mounted = true;
	(void)header_store(c); /* written again at close */
}

static int open_steps(struct cart *c, const char *pool, const char *name)
{
	int r = backend_local_open(pool, name, is_writer(c), &c->backend);

	if (r == -ENOENT || r == -ENOTDIR)
		return CART_E_ABSENT;
	if (r < 0)
		return r;
	r = lock_and_load(c, is_writer(c));
	if (r == 0)
		r = make_usable(c);
	if (r == 0)
		r = remove_orphans(c);
	if (r == 0 && (c->flags & CART_OPEN_MOUNT) != 0 && is_writer(c))
		note_mount(c);
	return r;
}

int cart_open(const char *pool, const char *barcode, unsigned flags, struct cart **ret_cart)
{
	char name[BARCODE_SIZE + sizeof(CART_SUFFIX)];
	struct cart *c;
	int r;

	if (!barcode_is_valid(barcode))
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	(void)snprintf(name, sizeof(name), "%s%s", barcode, CART_SUFFIX);
	c->flags = flags;
	c->partitions = partitions_folder(pool, barcode);
	c->barcode = barcode;
	c->doubts = true;
	r = c->partitions == NULL ? -ENOMEM : open_steps(c, pool, name);
	c->barcode = NULL;
	c->doubts = false;
	if (r != 0) {
		cart_free(c);
		return outcome_of(r);
	}
	*ret_cart = c;
	return 0;
}

/* What a close must write into the header. */
static int close_header(struct cart *c)
{
	if (!c->changed && (c->flags & CART_OPEN_MOUNT) == 0)
		return 0;
	if ((c->flags & CART_OPEN_MOUNT) != 0) {
		c->info.last_unmount_s = clock_wall_s();
		c->info.mounted = false;
	}
	c->info.lifetime_read_bytes += c->read_bytes;
	c->info.lifetime_written_bytes += c->written_bytes;
	if (c->resident && !c->broken)
		c->clean = true;
	return header_store(c);
}

static int close_steps(struct cart *c)
{
	int r;

	if (!is_writer(c))
		return 0;
	if (c->recalling)
		return cart_recall_abort(c);
	r = cart_sync(c);
	if (r == 0 && c->resident && c->changed)
		r = table_flush(c, &c->index);
	if (r == 0 && c->resident && c->changed)
		r = table_flush(c, &c->marks);
	if (r != 0)
		return outcome_of(r); /* the header stays unclean: the next open recovers */
	if (c->resident && (c->clean || c->changed) && !c->broken)
		rows_store(c);
	return close_header(c);
}

int cart_close(struct cart *c)
{
	int r;

	if (c == NULL)
		return 0;
	r = close_steps(c);
	cart_free(c);
	return r;
}

/* An open of each deletes what was left in it. */
static void sweep_partitions(struct cart *c)
{
	for (unsigned n = 1; c->resident && n < c->info.layout.partitions; n++) {
		struct cart *one;

		if (cart_open_partition(c, n, &one) == 0)
			ignore_result(cart_close(one)); /* it was only opened */
	}
}

int cart_sweep(const char *pool, const char *barcode, unsigned milliseconds)
{
	int64_t until = clock_monotonic_ms() + milliseconds, left;
	struct cart *c;
	int r = cart_open(pool, barcode, CART_OPEN_WRITE | CART_OPEN_ADMIN, &c), closed;

	if (r != 0)
		return r;
	left = until - clock_monotonic_ms();
	r = c->backend->ops->tidy(c->backend, left > 0 ? (unsigned)left : 0);
	sweep_partitions(c);
	left = until - clock_monotonic_ms();
	if (c->untidy)
		c->untidy = partitions_tidy(c, left > 0 ? (unsigned)left : 0) != 0;
	r = r == 0 && c->untidy ? 1 : r;
	if (!has_orphans(c))
		r = 0;
	closed = cart_close(c);
	return closed != 0 ? closed : r;
}

const struct cart_info *cart_info(struct cart *c)
{
	return &c->info;
}

int cart_set_write_protect(struct cart *c, bool on)
{
	bool old = c->info.write_protect;
	int r;

	if (!is_writer(c))
		return CART_E_PROTECTED;
	if (on == old)
		return 0;
	r = cart_sync(c); /* what was written before the tab was set counts */
	if (r != 0)
		return r;
	c->info.write_protect = on;
	r = header_store(c);
	if (r != 0)
		c->info.write_protect = old;
	return r;
}

uint64_t cart_tell_generation(struct cart *c)
{
	c->told = c->changed;
	if (c->told)
		c->epoch_open = false; /* the next change writes a header first */
	return c->info.generation;
}

bool cart_block_crc32c(const struct cart *c, uint32_t *ret_crc32c)
{
	*ret_crc32c = c->read_sum.crc32c;
	return c->read_sum.known;
}

void cart_expect_crc32c(struct cart *c, uint32_t crc32c)
{
	c->expected_sum = (struct block_sum){ true, crc32c };
}

void cart_traffic(const struct cart *c, struct cart_traffic *ret_traffic)
{
	*ret_traffic = (struct cart_traffic){
		.life_written = c->info.lifetime_written_bytes + c->written_bytes,
		.life_read = c->info.lifetime_read_bytes + c->read_bytes,
		.open_written = c->written_bytes,
		.open_read = c->read_bytes,
		.open_written_stored = c->written_stored,
		.open_read_stored = c->read_stored,
	};
}

uint64_t cart_stored_bytes(const struct cart *c)
{
	return c->end_totals.stored_bytes;
}

struct totals cart_totals(const struct cart *c)
{
	return c->end_totals;
}

uint64_t cart_room(struct cart *c)
{
	uint64_t bytes;

	return c->backend->ops->room(c->backend, &bytes) == 0 ? bytes : UINT64_MAX;
}

int cart_set_codec(struct cart *c, enum cart_codec codec)
{
	if (codec > CODEC_LAST)
		return -EINVAL;
	c->info.codec = codec;
	return 0;
}

struct codec *cart_own_codec(struct cart *c)
{
	if (c->codec == NULL)
		c->codec = codec_new();
	return c->codec;
}

/* ---- words ---- */

static const char *const codec_names[] = {
	[CART_CODEC_NONE] = "none",
	[CART_CODEC_ZLIB] = "zlib",
	[CART_CODEC_LZ4] = "lz4",
	[CART_CODEC_ZSTD] = "zstd",
};

const char *cart_codec_name(enum cart_codec codec)
{
	return codec <= CODEC_LAST ? codec_names[codec] : "unknown";
}

bool cart_codec_parse(const char *name, enum cart_codec *ret_codec)
{
	for (unsigned i = 0; i <= CODEC_LAST; i++) {
		if (strcmp(name, codec_names[i]) == 0) {
			*ret_codec = (enum cart_codec)i;
			return true;
		}
	}
	return false;
}

static const char *const outcome_names[] = {
	[0] = "done",
	[CART_E_FILEMARK] = "filemark",
	[CART_E_EOD] = "end of data",
	[CART_E_BOP] = "beginning of the partition",
	[CART_E_EARLY_WARNING] = "early warning",
	[CART_E_FULL] = "end of the medium",
	[CART_E_NO_SPACE] = "no space left in the pool's file system",
	[CART_E_DAMAGED] = "damaged data",
	[CART_E_BUSY] = "the cartridge is in use by another drive or job",
	[CART_E_ABSENT] = "no such cartridge",
	[CART_E_NOT_RESIDENT] = "the data is only on copies; recall it first",
	[CART_E_PROTECTED] = "write protected",
	[CART_E_UNSUPPORTED] = "written by a later version",
	[CART_E_INVALID] = "not a cartridge, or its header is damaged",
	[CART_E_EXISTS] = "a cartridge of this barcode exists",
	[CART_E_FOREIGN] = "the header is not of this data, or older than it",
	[CART_E_TOO_FEW_COPIES] = "fewer verified copies than promised",
	[CART_E_PARTITIONED] = "more than one partition: a copy holds one recording",
	[CART_E_ENCRYPTED] = "the block is encrypted, and there is no key",
	[CART_E_WRONG_KEY] = "the block is encrypted with another key",
	[CART_E_TAMPERED] = "the block is not what was encrypted",
	[CART_E_UNENCRYPTED] = "the block is not encrypted",
	[CART_E_NO_RAW] = "the block must not be read raw",
	[CART_E_WORM] = "write once: what is recorded cannot be written over",
	[CART_E_CLEANING] = "a cleaning cartridge: it holds no data",
	[CART_E_EXPIRED] = "the cleaning cartridge is used up",
};

const char *cart_outcome_name(int outcome)
{
	if (outcome < 0) {
		const char *text = strerrordesc_np(-(outcome + 1) + 1);

		return text != NULL ? text : "unknown error";
	}
	if ((size_t)outcome < sizeof(outcome_names) / sizeof(*outcome_names))
		return outcome_names[outcome];
	return "unknown outcome";
}

const char *cart_state_name(enum cart_state state)
{
	static const char *const names[] = {
		[CART_RESIDENT] = "resident", [CART_PREMIGRATED] = "premigrated",
		[CART_MIGRATED] = "migrated", [CART_RECALLING] = "recalling",
		[CART_DAMAGED] = "damaged",
	};

	return (size_t)state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}
