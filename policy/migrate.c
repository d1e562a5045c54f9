/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate.c: copying a cartridge onto a volume in native form, reading it back, releasing the disk.
 *
 *   copying     holds the cartridge open for reading, which no drive can load for writing meanwhile
 *               (it is told to wait); a mount cancels the job within a few MiB.
 *   verifying   needs only the tape: it must give the counts and the digest of what was read from
 *               the cartridge.
 *   releasing   needs only the cartridge, for a moment.
 *
 * The mover counts; the drive is never asked where it is or whether the tape has ended.  Where the
 * recording ends with a block, one filemark is written behind it: st would do so anyway at the
 * rewind, and every kind of drive shall hold the same.
 *
 * Encrypted blocks go as their envelopes, which need no key.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/step.h"

struct copying {
	struct step *s;
	struct cart *cart;
	struct tapeio *tape;
	struct cart_digest *digest;
	uint8_t *buffer; /* CART_MAX_BLOCK */
	unsigned marks;  /* filemarks read and not yet written */
	bool first;      /* the next object is number 0 */
	struct cart_copy copy;
};

/* ---- copying ---- */

static gboolean write_marks(struct copying *c, GError **error)
{
	int r = c->marks == 0 ? 0 : tapeio_write_filemarks(c->tape, c->marks);

	c->marks = 0;
	if (r != 0)
		step_tape_error(c->s, r, "write filemarks to", error);
	return r == 0;
}

/* Whoever reads the volume will take the block for what it is. */
static gboolean is_clear(struct copying *c, const struct cart_content *content, GError **error)
{
	uint64_t object = c->copy.blocks + c->copy.filemarks;
	struct cart_content found;

	step_content(c->copy.form, object, c->buffer, content->size, &found);
	if (found.encrypted == content->encrypted)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID,
		    "object %" G_GUINT64_FORMAT
		    " of cartridge %s looks like an encrypted block and is "
		    "none: on a volume nobody could tell",
		    object, c->s->job->barcode);
	return FALSE;
}

static gboolean copy_block(struct copying *c, const struct cart_content *content, GError **error)
{
	int r;

	if (!is_clear(c, content, error) || !write_marks(c, error))
		return FALSE;
	if (c->first)
		step_hash(c->buffer, content->size, c->copy.first_block);
	cart_digest_content(c->digest, c->buffer, content);
	c->copy.blocks++;
	c->copy.bytes += content->logical_size;
	r = tapeio_write(c->tape, c->buffer, content->size);
	if (r != 0)
		step_tape_error(c->s, r, "write to", error);
	return r == 0;
}

/* One object. *ret_more is FALSE at the end of the recording. */
static gboolean copy_object(struct copying *c, gboolean *ret_more, GError **error)
{
	struct iovec iov = { .iov_base = c->buffer, .iov_len = CART_MAX_BLOCK };
	struct cart_content content;
	int r = cart_read_content(c->cart, &iov, 1, CART_MAX_BLOCK, &content);

	*ret_more = r != CART_E_EOD;
	if (r == CART_E_EOD)
		return TRUE;
	if (r == CART_E_FILEMARK) {
		cart_digest_filemark(c->digest);
		c->copy.filemarks++;
		c->marks++;
	} else if (r != 0) {
		step_cart_error(c->s, r, "read", error);
		return FALSE;
	} else if (!copy_block(c, &content, error)) {
		return FALSE;
	}
	c->first = false;
	return step_progress(c->s, content.logical_size, error);
}

static gboolean copy_all(struct copying *c, GError **error)
{
	gboolean more = TRUE;
	int r;

	c->first = true;
	while (more)
		if (!copy_object(c, &more, error))
			return FALSE;
	if (c->marks == 0)
		c->marks = 1; /* behind a block: see above */
	if (!write_marks(c, error))
		return FALSE;
	r = tapeio_rewind(c->tape);
	if (r != 0)
		step_tape_error(c->s, r, "rewind", error);
	return r == 0;
}

static gboolean copying_run(struct copying *c, GError **error)
{
	struct job *job = c->s->job;
	const struct cart_info *info = cart_info(c->cart);
	int r;

	job->objects_total = info->objects;
	job->bytes_total = info->logical_bytes;
	c->copy.generation = info->generation;
	c->copy.form = cart_has_encrypted(c->cart) ? CART_FORM_ENVELOPES : CART_FORM_NATIVE;
	g_strlcpy(c->copy.volume, job->volume, sizeof(c->copy.volume));
	if (info->objects == 0) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_INVALID,
			    "cartridge %s is blank: there is nothing to migrate", job->barcode);
		return FALSE;
	}
	c->tape = c->s->ops->tape(c->s->ctx, true, error);
	if (c->tape == NULL || !step_enter(c->s, JOB_COPYING, error) || !copy_all(c, error))
		return FALSE;
	r = cart_digest_compare(c->cart, c->digest, NULL, NULL);
	if (r != 0) {
		step_cart_error(c->s, r, "read", error); /* it was another one once */
		return FALSE;
	}
	cart_digest_end(c->digest, c->copy.digest);
	job->copy = c->copy;
	return TRUE;
}

static gboolean copying(struct step *s, GError **error)
{
	struct copying c = { .s = s };
	gboolean ok = FALSE;
	int r = cart_open(s->pool, s->job->barcode, CART_OPEN_READ, &c.cart);

	if (r != 0) {
		step_cart_error(s, r, "open", error);
		return FALSE;
	}
	c.digest = cart_digest_new();
	c.buffer = malloc(CART_MAX_BLOCK);
	if (c.digest == NULL || c.buffer == NULL)
		step_cart_error(s, -ENOMEM, "read", error);
	else
		ok = copying_run(&c, error);
	cart_digest_free(s->digest);
	s->digest = c.digest; /* it may be kept when the cartridge is open for writing */
	free(c.buffer);
	ignore_result(cart_close(c.cart)); /* it was only read */
	return ok && step_enter(s, JOB_VERIFYING, error);
}

/* ---- verifying ---- */

static gboolean read_back_object(struct step *s, struct tapeio *tape, struct cart_digest *digest,
				 struct cart_copy *found, GError **error)
{
	struct cart_content content = { 0 };
	const uint8_t *data;
	size_t size = 0;
	int r = tapeio_read(tape, &data, &size);

	if (r == TAPEIO_E_FILEMARK) {
		cart_digest_filemark(digest);
		found->filemarks++;
	} else if (r == 0) {
		step_content(s->job->copy.form, found->blocks + found->filemarks, data, size,
			     &content);
		cart_digest_content(digest, data, &content);
		found->blocks++;
		found->bytes += content.logical_size;
	} else {
		step_tape_error(s, r, "read back", error);
		return FALSE;
	}
	return step_progress(s, content.logical_size, error);
}

static gboolean read_back(struct step *s, struct tapeio *tape, struct cart_digest *digest,
			  GError **error)
{
	const struct cart_copy *copy = &s->job->copy;
	struct cart_copy found = { 0 };

	for (uint64_t i = 0; i < copy->blocks + copy->filemarks; i++)
		if (!read_back_object(s, tape, digest, &found, error))
			return FALSE;
	cart_digest_end(digest, found.digest);
	if (found.blocks == copy->blocks && found.filemarks == copy->filemarks &&
	    found.bytes == copy->bytes &&
	    memcmp(found.digest, copy->digest, sizeof(found.digest)) == 0)
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_VOLUME_BAD,
		    "volume %s does not read back what was written: %" G_GUINT64_FORMAT
		    " blocks, %" G_GUINT64_FORMAT " filemarks and %" G_GUINT64_FORMAT
		    " bytes were found where %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
		    " and %" G_GUINT64_FORMAT " were written%s",
		    copy->volume, found.blocks, found.filemarks, found.bytes, copy->blocks,
		    copy->filemarks, copy->bytes,
		    found.bytes == copy->bytes ? "; the digests differ" : "");
	return FALSE;
}

static gboolean verifying(struct step *s, GError **error)
{
	struct tapeio *tape = s->ops->tape(s->ctx, false, error);
	struct cart_digest *digest;
	gboolean ok;

	if (tape == NULL)
		return FALSE;
	s->job->objects_total = s->job->copy.blocks + s->job->copy.filemarks;
	s->job->bytes_total = s->job->copy.bytes;
	digest = cart_digest_new();
	if (digest == NULL) {
		step_tape_error(s, -ENOMEM, "read back", error);
		return FALSE;
	}
	ok = read_back(s, tape, digest, error);
	cart_digest_free(digest);
	if (!ok)
		return FALSE;
	s->job->copy.verified_s = s->now_s();
	return step_enter(s, JOB_RELEASING, error);
}

/* ---- releasing ---- */

/* Notes the copy in the cartridge's header, where it is still one of what is recorded. */
static gboolean note_copy(struct step *s, struct cart *cart, GError **error)
{
	const struct job *job = s->job;
	int r;

	if (job->copy.volume[0] == '\0')
		return TRUE; /* enough copies existed before */
	if (job->copy.generation != cart_info(cart)->generation) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_CANCELLED,
			    "a host wrote to cartridge %s while it was copied", job->barcode);
		return FALSE;
	}
	if (cart_info(cart)->state == CART_MIGRATED)
		return TRUE; /* noted and released before a restart */
	r = cart_copy_add(cart, &job->copy);
	if (r == 0 && s->digest != NULL)                          /* not after a restart */
		ignore_result(cart_digest_keep(cart, s->digest)); /* can be computed again */
	if (r != 0)
		step_cart_error(s, r, "note the copy of", error);
	return r == 0;
}

static gboolean release(struct step *s, struct cart *cart, GError **error)
{
	const struct job *job = s->job;
	const struct cart_info *info = cart_info(cart);
	int r;

	if (!job->release || info->state == CART_MIGRATED)
		return TRUE;
	/* a mount in the very second of the order came before it, or it cancels the job by itself;
	 * the generation says in any case whether the copy is of what is recorded now */
	if (info->last_mount_s > job->created_s) {
		job_set_error(s->job, "copied; the data stays on disk because a host mounted the "
				      "cartridge meanwhile");
		return TRUE;
	}
	r = cart_release(cart, job->copies);
	if (r == CART_E_TOO_FEW_COPIES) {
		job_set_error(s->job, "copied; the data stays on disk until there are enough "
				      "copies");
		return TRUE;
	}
	if (r != 0)
		step_cart_error(s, r, "release", error);
	return r == 0;
}

static gboolean releasing(struct step *s, GError **error)
{
	struct cart *cart;
	gboolean ok;
	int r;

	s->ops->drop_tape(s->ctx);
	r = cart_open(s->pool, s->job->barcode, CART_OPEN_WRITE | CART_OPEN_ADMIN, &cart);
	if (r != 0) {
		step_cart_error(s, r, "open", error);
		return FALSE;
	}
	ok = note_copy(s, cart, error) && release(s, cart, error);
	r = cart_close(cart);
	if (ok && r != 0) {
		step_cart_error(s, r, "close", error);
		return FALSE;
	}
	return ok && step_enter(s, JOB_DONE, error);
}

/* ---- the run ---- */

static gboolean has_enough_copies(const struct step *s)
{
	struct cart_info info;
	unsigned good = 0;

	if (cart_stat(s->pool, s->job->barcode, &info) != 0)
		return FALSE;
	for (unsigned i = 0; i < info.copies_cnt; i++)
		good += info.copies[i].generation == info.generation;
	return good >= s->job->copies;
}

static gboolean run_states(struct step *s, GError **error)
{
	if (s->job->state == JOB_QUEUED && has_enough_copies(s)) {
		s->job->copy = (struct cart_copy){ 0 };
		if (!step_enter(s, JOB_RELEASING, error))
			return FALSE;
	}
	if (s->job->state == JOB_QUEUED && !copying(s, error))
		return FALSE;
	if (s->job->state == JOB_VERIFYING && !verifying(s, error))
		return FALSE;
	return releasing(s, error);
}

gboolean migrate_run(struct step *s, GError **error)
{
	gboolean ok = run_states(s, error);

	cart_digest_free(s->digest);
	s->digest = NULL;
	return ok;
}
