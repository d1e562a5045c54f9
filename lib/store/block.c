/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block.c: a block between what the host wrote and what a frame stores: compressed, then encrypted,
 * then summed up; and back.  Whoever packs or unpacks may be any thread.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/copy.h"
#include "lib/base/crc32c.h"
#include "lib/store/cart.h"

/* ---- to the medium ---- */

/* @packed, or the block itself where that is NULL, becomes an envelope. */
static int seal(struct codec *codec, const struct pack_job *job, struct packed_block *b)
{
	const struct iovec packed = { (void *)(uintptr_t)b->packed, b->stored_size };
	const struct cart *c = job->cart;
	struct crypt_envelope e = {
		.codec = (uint8_t)b->codec,
		.logical_size = b->size,
		.packed_size = b->stored_size,
		.object = job->object,
	};
	size_t size = crypt_envelope_size(&c->crypt.kads, b->stored_size);
	uint8_t *out = codec_scratch(codec, size);
	int r;

	if (out == NULL)
		return -ENOMEM;
	memcpy(e.uuid, c->info.uuid, sizeof(e.uuid));
	r = b->packed != NULL ? crypt_seal(&c->crypt, &e, &packed, 1, out)
			      : crypt_seal(&c->crypt, &e, job->iov, job->iov_cnt, out);
	if (r < 0)
		return r;
	b->cipher = CIPHER_AES_256_GCM;
	b->object = job->object;
	b->packed = out;
	b->stored_size = (uint32_t)size;
	b->stored_crc = b->logical_crc = crc32c(0, out, size); /* nothing of the block shows */
	/* behind the cipher: what had changed before it read the block is still changed */
	if (job->sums)
		b->plain =
			(struct block_sum){ true, iov_crc32c(job->iov, job->iov_cnt, job->size) };
	return 0;
}

int block_pack(struct codec *codec, const struct pack_job *job, struct packed_block *ret_block)
{
	struct packed_block b = { .codec = job->codec, .size = (uint32_t)job->size };
	size_t packed = 0;
	int r = 0;

	if (job->codec != CART_CODEC_NONE)
		r = codec_pack(codec, job->codec, job->iov, job->iov_cnt, job->size, &b.packed,
			       &packed);
	if (r < 0)
		return r;
	b.stored_size = packed > 0 ? (uint32_t)packed : b.size;
	if (packed == 0) {
		b.codec = CART_CODEC_NONE;
		b.packed = NULL;
	}
	if (job->cart->crypt.encrypt) {
		r = seal(codec, job, &b);
		if (r < 0)
			return r;
	} else {
		b.logical_crc = iov_crc32c(job->iov, job->iov_cnt, job->size);
		b.stored_crc = packed > 0 ? crc32c(0, b.packed, packed) : b.logical_crc;
	}
	*ret_block = b;
	return 0;
}

bool block_from_envelope(const void *data, size_t size, struct packed_block *ret_block)
{
	struct crypt_envelope e;

	if (!crypt_envelope_parse(data, size, &e))
		return false;
	*ret_block = (struct packed_block){
		.codec = (enum cart_codec)e.codec,
		.cipher = CIPHER_AES_256_GCM,
		.size = e.logical_size,
		.stored_size = (uint32_t)size,
		.object = e.object,
		.packed = data,
	};
	ret_block->stored_crc = ret_block->logical_crc = crc32c(0, data, size);
	return true;
}

uint32_t block_overhead(const struct cart *c)
{
	return c->crypt.encrypt ? CRYPT_OVERHEAD : 0;
}

/* ---- from the medium ---- */

static int unpack_plain(struct codec *codec, const struct disk_frame *f, const uint8_t *stored,
			void *data)
{
	size_t size = le32_get(f->stored_size), logical = le32_get(f->logical_size);
	int r;

	if (f->codec == CART_CODEC_NONE) { /* its checksum is the one of what is stored */
		copy_bytes(data, stored, logical);
		return 0;
	}
	r = codec_unpack(codec, f->codec, stored, size, data, logical);
	if (r == 0 && crc32c(0, data, logical) != le32_get(f->logical_crc))
		r = CART_E_DAMAGED;
	return r;
}

static int unseal(const struct crypt_key *key, struct codec *codec, const struct disk_frame *f,
		  const uint8_t *stored, void *data)
{
	size_t size = le32_get(f->stored_size), logical = le32_get(f->logical_size);
	struct crypt_envelope e;
	uint8_t *packed;
	int r;

	if (!crypt_envelope_parse(stored, size, &e) || e.codec != f->codec ||
	    e.logical_size != logical)
		return CART_E_DAMAGED;
	if (e.codec == CART_CODEC_NONE) {
		r = crypt_open(key, stored, size, data);
	} else {
		packed = codec_scratch(codec, e.packed_size);
		if (packed == NULL)
			return -ENOMEM;
		r = crypt_open(key, stored, size, packed);
		if (r == 0)
			r = codec_unpack(codec, e.codec, packed, e.packed_size, data, logical);
	}
	if (r == 0 && e.object != le64_get(f->object))
		return CART_E_TAMPERED; /* it is genuine, but not here */
	return r;
}

int block_unpack(const struct cart_crypt *crypt, struct codec *codec, const void *frame, void *data)
{
	const uint8_t *stored = (const uint8_t *)frame + sizeof(struct disk_frame);
	enum cart_decrypt decrypt = crypt->decrypt;
	struct disk_frame f;

	memcpy(&f, frame, sizeof(f));
	if (f.cipher == CIPHER_NONE)
		return decrypt == CART_DECRYPT_ON ? CART_E_UNENCRYPTED
						  : unpack_plain(codec, &f, stored, data);
	if (decrypt != CART_DECRYPT_ON && decrypt != CART_DECRYPT_MIXED)
		return CART_E_ENCRYPTED;
	return unseal(crypt->key, codec, &f, stored, data);
}

/* ---- what is done with blocks ---- */

void block_forget_crypt(struct cart *c)
{
	crypt_key_unref(c->crypt.key);
	memset(&c->crypt, 0, sizeof(c->crypt));
}

int cart_set_crypt(struct cart *c, const struct cart_crypt *crypt)
{
	if (crypt != NULL && crypt->key == NULL &&
	    (crypt->encrypt || crypt->decrypt == CART_DECRYPT_ON ||
	     crypt->decrypt == CART_DECRYPT_MIXED))
		return -EINVAL;
	if (crypt == NULL) {
		block_forget_crypt(c);
		return 0;
	}
	(void)crypt_key_ref(crypt->key);
	crypt_key_unref(c->crypt.key);
	c->crypt = *crypt;
	return 0;
}

bool cart_has_encrypted(const struct cart *c)
{
	return c->encrypted;
}
