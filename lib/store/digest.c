/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c: the SHA-256 of a logical recording, see cartridge.h. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/cart.h"

struct cart_digest {
	EVP_MD_CTX *ctx;
	bool failed; /* OpenSSL refused: the digest comes out as zeros, which equals no other */
};

struct cart_digest *cart_digest_new(void)
{
	struct cart_digest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL || EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1) {
		cart_digest_free(d);
		return NULL;
	}
	return d;
}

void cart_digest_free(struct cart_digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

static void update(struct cart_digest *d, const void *data, size_t size)
{
	if (EVP_DigestUpdate(d->ctx, data, size) != 1)
		d->failed = true;
}

static void begin_object(struct cart_digest *d, char type, size_t size)
{
	uint8_t head[5] = { (uint8_t)type };

	put_be32(head + 1, (uint32_t)size);
	update(d, head, sizeof(head));
}

void cart_digest_iov(struct cart_digest *d, const struct iovec *iov, int iov_cnt, size_t size)
{
	begin_object(d, 'B', size);
	for (int i = 0; i < iov_cnt && size > 0; i++) {
		size_t n = iov[i].iov_len < size ? iov[i].iov_len : size;

		update(d, iov[i].iov_base, n);
		size -= n;
	}
}

void cart_digest_block(struct cart_digest *d, const void *data, size_t size)
{
	begin_object(d, 'B', size);
	update(d, data, size);
}

void cart_digest_filemark(struct cart_digest *d)
{
	begin_object(d, 'F', 0);
}

void cart_digest_end(struct cart_digest *d, uint8_t ret_digest[CART_DIGEST_SIZE])
{
	if (d->failed || EVP_DigestFinal_ex(d->ctx, ret_digest, NULL) != 1)
		memset(ret_digest, 0, CART_DIGEST_SIZE);
}
