/* SPDX-License-Identifier: Apache-2.0 */
/* step.c: see step.h. */
#include "policy/step.h"

#include <string.h>

#define TELL_BYTES (4u * 1024 * 1024)

gboolean step_enter(struct step *s, enum job_state state, GError **error)
{
	if (state != s->job->state && !job_may_go(s->job->kind, s->job->state, state)) {
		g_set_error(error, POLICY_ERROR, POLICY_ERROR_FAILED,
			    "a %s cannot go from %s to %s", job_kind_name(s->job->kind),
			    job_state_name(s->job->state), job_state_name(state));
		return FALSE;
	}
	s->job->state = state;
	s->told_bytes = 0;
	if (state == JOB_COPYING || state == JOB_VERIFYING || state == JOB_READING) {
		s->job->objects = s->job->bytes = 0;
	} else { /* nothing moves any more: people want to see all of it */
		s->job->objects = s->job->objects_total;
		s->job->bytes = s->job->bytes_total;
	}
	return s->ops->keep(s->ctx, error);
}

gboolean step_progress(struct step *s, uint64_t bytes, GError **error)
{
	s->job->objects++;
	s->job->bytes += bytes;
	/* a filemark counts too: a thousand of them take a drive some time */
	s->told_bytes += bytes + 4096;
	if (s->told_bytes < TELL_BYTES)
		return TRUE;
	s->told_bytes = 0;
	if (s->ops->go_on(s->ctx))
		return TRUE;
	g_set_error(error, POLICY_ERROR, POLICY_ERROR_CANCELLED, "cancelled");
	return FALSE;
}

void step_cart_error(const struct step *s, int r, const char *what, GError **error)
{
	enum policy_error code = r == CART_E_BUSY ? POLICY_ERROR_WAIT : POLICY_ERROR_FAILED;

	g_set_error(error, POLICY_ERROR, (gint)code, "cannot %s cartridge %s in %s: %s%s", what,
		    s->job->barcode, s->pool, r < 0 ? g_strerror(-r) : cart_outcome_name(r),
		    r == CART_E_DAMAGED ? " (see vtl cartridge show)" : "");
}

void step_tape_error(const struct step *s, int r, const char *what, GError **error)
{
	enum policy_error code = POLICY_ERROR_VOLUME_BAD;

	if (r == TAPEIO_E_FULL)
		code = POLICY_ERROR_VOLUME_FULL;
	else if (r == TAPEIO_E_BUSY)
		code = POLICY_ERROR_WAIT;
	else if (r == TAPEIO_E_NO_MEDIUM || r == TAPEIO_E_NO_DRIVE || r == TAPEIO_E_PROTECTED ||
		 r == TAPEIO_E_LENGTH)
		code = POLICY_ERROR_FAILED; /* not the volume's fault */
	g_set_error(error, POLICY_ERROR, (gint)code, "cannot %s volume %s in drive %s: %s", what,
		    s->job->volume, s->job->drive, r < 0 ? g_strerror(-r) : tapeio_outcome_name(r));
}

void step_content(uint32_t form, uint64_t object, const void *data, size_t size,
		  struct cart_content *ret_content)
{
	struct crypt_envelope e;

	*ret_content = (struct cart_content){ .size = size, .logical_size = (uint32_t)size };
	if (form != CART_FORM_ENVELOPES || !crypt_envelope_parse(data, size, &e) ||
	    e.object != object)
		return;
	ret_content->encrypted = true;
	ret_content->logical_size = e.logical_size;
}

int step_write(struct cart *cart, const void *data, const struct cart_content *content)
{
	const struct iovec iov = { (void *)(uintptr_t)data, content->size };

	return content->encrypted ? cart_write_envelope(cart, data, content->size)
				  : cart_write(cart, &iov, 1, content->size);
}

void step_hash(const void *data, size_t size, uint8_t ret_digest[CART_DIGEST_SIZE])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize length = CART_DIGEST_SIZE;

	for (size_t done = 0; done < size;) { /* its length is signed */
		size_t n = MIN(size - done, (size_t)G_MAXINT);

		g_checksum_update(sum, (const guchar *)data + done, (gssize)n);
		done += n;
	}
	g_checksum_get_digest(sum, ret_digest, &length);
}

int step_first_block(struct tapeio *t, uint8_t ret_digest[CART_DIGEST_SIZE])
{
	uint8_t digest[CART_DIGEST_SIZE];
	const uint8_t *data;
	size_t size;
	int rewound, r = tapeio_read(t, &data, &size);

	if (r == 0)
		step_hash(data, size, digest);
	rewound = tapeio_rewind(t);
	if (rewound != 0)
		return rewound;
	if (r == 0)
		memcpy(ret_digest, digest, sizeof(digest));
	return r;
}
