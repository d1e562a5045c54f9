/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.c: the SHA-256 of a logical recording, see cartridge.h.  It remembers the complete groups,
 * 72 bytes for 64 MiB or 65536 objects, so that they can be kept; where there is no memory for that
 * it only forgets them.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/cart.h"

struct cart_digest {
	EVP_MD_CTX *group, *whole;
	uint64_t first, next; /* the first object of the group at hand; the next object */
	uint64_t bytes;       /* lengths of its blocks */
	bool failed;    /* OpenSSL refused: the digest comes out as zeros, which equals no other */
	bool forgetful; /* the groups could not all be remembered */
	struct cart_group *groups;
	size_t groups_cnt, groups_size;
	struct cart_group last; /* whether it is complete or not */
};

static bool start(EVP_MD_CTX *ctx)
{
	return ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
}

struct cart_digest *cart_digest_new(void)
{
	struct cart_digest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->group = EVP_MD_CTX_new();
	d->whole = EVP_MD_CTX_new();
	if (!start(d->group) || !start(d->whole)) {
		cart_digest_free(d);
		return NULL;
	}
	return d;
}

void cart_digest_free(struct cart_digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->group);
	EVP_MD_CTX_free(d->whole);
	free(d->groups);
	free(d);
}

static void remember(struct cart_digest *d, const struct cart_group *group)
{
	if (d->groups_cnt == d->groups_size && !d->forgetful) {
		size_t size = d->groups_size * 2 + 16;
		struct cart_group *more = realloc(d->groups, size * sizeof(*more));

		d->forgetful = more == NULL;
		if (more != NULL) {
			d->groups = more;
			d->groups_size = size;
		}
	}
	if (!d->forgetful)
		d->groups[d->groups_cnt++] = *group;
}

void cart_digest_group(struct cart_digest *d, const struct cart_group *group)
{
	if (group->first != d->next || d->next != d->first ||
	    EVP_DigestUpdate(d->whole, group->digest, CART_DIGEST_SIZE) != 1)
		d->failed = true;
	if (group->complete)
		remember(d, group);
	d->last = *group;
	d->first = d->next = group->end;
}

static void end_group(struct cart_digest *d, bool complete)
{
	struct cart_group group = { .first = d->first, .end = d->next, .complete = complete };

	if (EVP_DigestFinal_ex(d->group, group.digest, NULL) != 1 || !start(d->group))
		d->failed = true;
	d->next = d->first; /* the group comes in as a whole */
	d->bytes = 0;
	cart_digest_group(d, &group);
}

static void begin_object(struct cart_digest *d, char type, size_t size)
{
	uint8_t head[5] = { (uint8_t)type };

	put_be32(head + 1, (uint32_t)size);
	if (EVP_DigestUpdate(d->group, head, sizeof(head)) != 1)
		d->failed = true;
}

static void end_object(struct cart_digest *d, size_t size)
{
	d->bytes += size;
	d->next++;
	if (d->bytes >= CART_GROUP_BYTES || d->next - d->first == CART_GROUP_OBJECTS)
		end_group(d, true);
}

/* @logical counts for the length of the group. */
static void add_data(struct cart_digest *d, char type, const struct iovec *iov, int iov_cnt,
		     size_t size, size_t logical)
{
	size_t left = size;

	begin_object(d, type, size);
	for (int i = 0; i < iov_cnt && left > 0; i++) {
		size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;

		if (EVP_DigestUpdate(d->group, iov[i].iov_base, n) != 1)
			d->failed = true;
		left -= n;
	}
	end_object(d, logical);
}

void cart_digest_iov(struct cart_digest *d, const struct iovec *iov, int iov_cnt, size_t size)
{
	add_data(d, 'B', iov, iov_cnt, size, size);
}

void cart_digest_content(struct cart_digest *d, const void *data,
			 const struct cart_content *content)
{
	const struct iovec iov = { (void *)(uintptr_t)data, content->size };

	add_data(d, content->encrypted ? 'E' : 'B', &iov, 1, content->size, content->logical_size);
}

void cart_digest_block(struct cart_digest *d, const void *data, size_t size)
{
	const struct iovec iov = { (void *)(uintptr_t)data, size };

	cart_digest_iov(d, &iov, 1, size);
}

void cart_digest_filemark(struct cart_digest *d)
{
	begin_object(d, 'F', 0);
	end_object(d, 0);
}

void cart_digest_end(struct cart_digest *d, uint8_t ret_digest[CART_DIGEST_SIZE])
{
	if (d->next > d->first)
		end_group(d, false);
	if (EVP_DigestFinal_ex(d->whole, ret_digest, NULL) != 1 || d->failed)
		memset(ret_digest, 0, CART_DIGEST_SIZE);
}

const struct cart_group *cart_digest_get_group(const struct cart_digest *d, uint64_t n)
{
	return n < d->groups_cnt ? &d->groups[n] : NULL;
}

const struct cart_group *cart_digest_last_group(const struct cart_digest *d)
{
	return d->failed || d->last.end == 0 ? NULL : &d->last;
}
