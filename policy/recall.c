/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall.c: bringing the data of a migrated cartridge back from a volume.
 *
 * The cartridge stays migrated until lib/store has compared counts and digest of everything that
 * was written with the copy that is recalled; until then nothing else can read it, and whatever
 * ends the run throws the half recall away.
 */
#include <string.h>

#include "policy/step.h"

/* Looks whether the tape in the drive is the one that it is said to be, before hours are spent. */
static gboolean is_the_volume(struct step *s, struct tapeio *tape, GError **error)
{
	static const uint8_t none[CART_DIGEST_SIZE];
	uint8_t found[CART_DIGEST_SIZE];
	int r;

	if (memcmp(s->job->copy.first_block, none, sizeof(none)) == 0)
		return TRUE; /* it begins with a filemark */
	r = step_first_block(tape, found);
	if (r == 0 && memcmp(found, s->job->copy.first_block, sizeof(found)) == 0)
		return TRUE;
	if (r < 0) {
		step_tape_error(s, r, "read", error);
		return FALSE;
	}
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_WRONG_VOLUME,
		    "the tape in drive %s is not volume %s: its first block is not that of "
		    "cartridge %s; put in the right one",
		    s->job->drive, s->job->volume, s->job->barcode);
	return FALSE;
}

static gboolean recall_object(struct step *s, struct cart *cart, struct tapeio *tape,
			      uint64_t object, GError **error)
{
	struct cart_content content = { 0 };
	const uint8_t *data;
	uint32_t written;
	size_t size = 0;
	int r = tapeio_read(tape, &data, &size);

	if (r != 0 && r != TAPEIO_E_FILEMARK) {
		step_tape_error(s, r, "read", error);
		return FALSE;
	}
	if (r == TAPEIO_E_FILEMARK) {
		r = cart_write_filemarks(cart, 1, &written);
	} else {
		step_content(s->job->copy.form, object, data, size, &content);
		r = step_write(cart, data, &content);
	}
	if (r != 0 && r != CART_E_EARLY_WARNING) {
		step_cart_error(s, r, "write", error);
		return FALSE;
	}
	return step_progress(s, content.logical_size, error);
}

static gboolean recall_all(struct step *s, struct cart *cart, struct tapeio *tape, GError **error)
{
	const struct cart_copy *copy = &s->job->copy;
	int r = cart_recall_begin(cart);

	if (r != 0) {
		step_cart_error(s, r, "begin the recall of", error);
		return FALSE;
	}
	s->job->objects_total = copy->blocks + copy->filemarks;
	s->job->bytes_total = copy->bytes;
	for (uint64_t i = 0; i < copy->blocks + copy->filemarks; i++)
		if (!recall_object(s, cart, tape, i, error))
			return FALSE;
	s->ops->drop_tape(s->ctx);
	if (!step_enter(s, JOB_COMMITTING, error))
		return FALSE;
	r = cart_recall_commit(cart, copy);
	if (r == CART_E_DAMAGED)
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_VOLUME_BAD,
			    "what was read from volume %s is not what was copied from cartridge "
			    "%s: counts or digest differ",
			    copy->volume, s->job->barcode);
	else if (r != 0)
		step_cart_error(s, r, "commit the recall of", error);
	return r == 0;
}

static bool is_on_disk(const struct cart_info *info)
{
	return info->state == CART_RESIDENT || info->state == CART_PREMIGRATED;
}

static gboolean recall_open(struct step *s, struct cart *cart, GError **error)
{
	struct tapeio *tape;

	if (is_on_disk(cart_info(cart)))
		return TRUE; /* nothing to do; or done, before a restart */
	if (cart_info(cart)->generation != s->job->copy.generation) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED,
			    "volume %s holds an older recording of cartridge %s",
			    s->job->copy.volume, s->job->barcode);
		return FALSE;
	}
	tape = s->ops->tape(s->ctx, false, error);
	return tape != NULL && is_the_volume(s, tape, error) && step_enter(s, JOB_READING, error) &&
	       recall_all(s, cart, tape, error);
}

gboolean recall_run(struct step *s, GError **error)
{
	struct cart *cart;
	gboolean ok;
	int r = cart_open(s->pool, s->job->barcode, CART_OPEN_WRITE | CART_OPEN_ADMIN, &cart);

	if (r != 0) {
		step_cart_error(s, r, "open", error);
		return FALSE;
	}
	ok = recall_open(s, cart, error);
	r = cart_close(cart); /* without a commit this undoes the recall */
	if (ok && r != 0) {
		step_cart_error(s, r, "close", error);
		return FALSE;
	}
	return ok && step_enter(s, JOB_DONE, error);
}
