/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import.c: reading a tape that any program wrote into a new cartridge.
 *
 * The recording ends at end-of-data.  Two filemarks in a row are no end by themselves: an ANSI
 * labelled tape has them around an empty file.  Where end-of-data follows them the last one is the
 * mark of the end, which many programs write, and no part of the recording; the same where nothing
 * behind them can be read: old tapes have no other end.  The volume
 * is then noted as a verified copy of the cartridge, so that nothing writes over it; or, where it
 * is not going to be kept, as one that nobody may rely on: nothing is ever released because of it.
 *
 * A block that is the envelope of an encrypted block with this object number is one: the volume is
 * a copy of ours, of a pool that may be lost, and hosts still have its key.
 *
 * The cartridge is made by this job and in no library before it is done: a restart begins it again.
 */
#include <errno.h>
#include <string.h>

#include "policy/step.h"

struct reading {
	struct step *s;
	struct cart *cart;
	struct tapeio *tape;
	struct cart_digest *digest;
	bool after_mark;  /* the object before is a filemark */
	unsigned pending; /* filemarks behind that one, which may be the end */
};

/* Makes the cartridge; one that this job made before a restart is taken again. */
static gboolean make(struct step *s, GError **error)
{
	struct cart_info info;
	int r = cart_create(s->pool, s->params);

	if (r == CART_E_EXISTS && cart_stat(s->pool, s->job->barcode, &info) == 0 &&
	    s->job->attempts > 1 && info.loads == 0 && info.copies_cnt == 0)
		return TRUE;
	if (r == CART_E_EXISTS)
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED,
			    "there is a cartridge %s in %s already: choose another barcode",
			    s->job->barcode, s->pool);
	else if (r != 0)
		step_cart_error(s, r, "create", error);
	return r == 0;
}

static gboolean take_mark(struct reading *i, GError **error)
{
	uint32_t written;
	int r = cart_write_filemarks(i->cart, 1, &written);

	if (r != 0 && r != CART_E_EARLY_WARNING) {
		step_cart_error(i->s, r, "write", error);
		return FALSE;
	}
	cart_digest_filemark(i->digest);
	i->s->job->copy.filemarks++;
	i->after_mark = true;
	return step_progress(i->s, 0, error);
}

static gboolean take_block(struct reading *i, const uint8_t *data, size_t size, GError **error)
{
	struct cart_copy *copy = &i->s->job->copy;
	struct cart_content content;
	int r;

	step_content(CART_FORM_ENVELOPES, copy->blocks + copy->filemarks, data, size, &content);
	if (content.encrypted)
		copy->form = CART_FORM_ENVELOPES;
	r = step_write(i->cart, data, &content);

	if (r != 0 && r != CART_E_EARLY_WARNING) {
		step_cart_error(i->s, r, "write", error);
		return FALSE;
	}
	if (copy->blocks + copy->filemarks == 0)
		step_hash(data, size, copy->first_block);
	cart_digest_content(i->digest, data, &content);
	copy->blocks++;
	copy->bytes += content.logical_size;
	i->after_mark = false;
	return step_progress(i->s, content.logical_size, error);
}

/* The recording goes on, or has ended, behind filemarks in a row: @count of them belong to it. */
static gboolean take_pending(struct reading *i, unsigned count, GError **error)
{
	i->pending = 0;
	for (unsigned n = 0; n < count; n++)
		if (!take_mark(i, error))
			return FALSE;
	return TRUE;
}

static gboolean read_all(struct reading *i, GError **error)
{
	const uint8_t *data;
	size_t size;
	int r;

	i->tape->unknown_end = true;
	for (;;) {
		r = tapeio_read(i->tape, &data, &size);
		if (r == TAPEIO_E_FILEMARK && i->after_mark) {
			i->pending++;
			continue;
		}
		if (r == TAPEIO_E_EOD || (r < 0 && i->pending > 0))
			return take_pending(i, i->pending > 0 ? i->pending - 1 : 0, error);
		if (r != 0 && r != TAPEIO_E_FILEMARK) {
			step_tape_error(i->s, r, "read", error);
			return FALSE;
		}
		if (!take_pending(i, i->pending, error))
			return FALSE;
		if (!(r == 0 ? take_block(i, data, size, error) : take_mark(i, error)))
			return FALSE;
	}
}

static gboolean finish(struct reading *i, GError **error)
{
	struct cart_copy *copy = &i->s->job->copy;
	int r = cart_sync(i->cart);

	if (copy->blocks + copy->filemarks == 0) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED,
			    "there is nothing on volume %s in drive %s", i->s->job->volume,
			    i->s->job->drive);
		return FALSE;
	}
	cart_digest_end(i->digest, copy->digest);
	g_strlcpy(copy->volume, i->s->job->volume, sizeof(copy->volume));
	copy->generation =
		i->s->job->copies > 0 ? cart_info(i->cart)->generation : CART_GENERATION_UNKNOWN;
	copy->verified_s = i->s->now_s();
	if (r == 0)
		r = cart_copy_add(i->cart, copy);
	if (r == 0)
		ignore_result(cart_digest_keep(i->cart, i->digest)); /* can be computed again */
	if (r != 0)
		step_cart_error(i->s, r, "write", error);
	return r == 0;
}

static gboolean reading(struct step *s, GError **error)
{
	struct reading i = { .s = s };
	gboolean ok = FALSE;
	int r = cart_open(s->pool, s->job->barcode, CART_OPEN_WRITE, &i.cart);

	if (r == 0 && cart_info(i.cart)->objects > 0)
		r = cart_erase(i.cart); /* of an attempt that was interrupted; the position is 0 */
	i.digest = cart_digest_new();
	s->job->copy = (struct cart_copy){ 0 };
	if (i.digest == NULL)
		r = -ENOMEM;
	if (r != 0)
		step_cart_error(s, r, "write", error);
	else if ((i.tape = s->ops->tape(s->ctx, false, error)) != NULL)
		ok = read_all(&i, error) && finish(&i, error);
	cart_digest_free(i.digest);
	r = cart_close(i.cart);
	if (ok && r != 0) {
		step_cart_error(s, r, "close", error);
		return FALSE;
	}
	return ok;
}

gboolean import_run(struct step *s, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (s->job->state == JOB_QUEUED) {
		if (!step_enter(s, JOB_READING, error) || !make(s, error))
			return FALSE;
		if (!reading(s, &cause)) {
			/* nobody can have it: no library knows it yet */
			ignore_result(cart_delete(s->pool, s->job->barcode));
			g_propagate_error(error, g_steal_pointer(&cause));
			return FALSE;
		}
		s->ops->drop_tape(s->ctx);
		if (!step_enter(s, JOB_COMMITTING, error))
			return FALSE;
	}
	return s->ops->place(s->ctx, error) && step_enter(s, JOB_DONE, error);
}
