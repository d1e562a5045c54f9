/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypt.h: encrypted blocks: keys in locked memory, and the envelope that a block is stored in.
 *
 * Use: crypt_key_new() once for a key; struct cart_crypt says what it is used for;
 * cart_set_crypt() or stage_set_crypt() puts it to work; crypt_key_unref() when it is done with.
 * The rest of this file is for those who look into envelopes: lib/store itself, and whoever moves
 * encrypted blocks about without their key (docs/cartridge-format.md section 14).
 *
 * A key is never written anywhere, and there is no function that gives one back.  It lives in a
 * page of its own that is neither swapped nor dumped nor inherited by a child, and is wiped with
 * the last reference.  OpenSSL's expansion of it exists only while a block is worked on.
 *
 * A block is sealed by AES-256-GCM.  No nonce is used twice with a key: the first one of each
 * struct crypt_key is random, and each further one is the next of 2^96.
 *
 * Threads: all functions may be called from any thread at any time; a struct crypt_key may be used
 * by several.
 */
#ifndef VTL_STORE_CRYPT_H
#define VTL_STORE_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/base/outcome.h"

#define CRYPT_KEY_SIZE 32u   /* bytes: AES-256 */
#define CRYPT_KAD_MAX  255u  /* bytes of one piece of key-associated data */
#define CRYPT_OVERHEAD 2048u /* an envelope is less than that longer than what is in it */

/* A larger block is not encrypted: its envelope must still be a block of a physical tape. */
#define CART_MAX_ENCRYPTED (16u * 1024 * 1024 - CRYPT_OVERHEAD)

/* Key-associated data: recorded with each block, in clear, for who looks for its key (SSC-5). */
enum crypt_kad_kind {
	CRYPT_KAD_AUTHENTICATED,
	CRYPT_KAD_UNAUTHENTICATED,
	CRYPT_KAD_METADATA,
	CRYPT_KAD_NONCE,
	CRYPT_KADS,
};

struct crypt_kads {
	uint8_t format;           /* what kind of name they are (SSC-5, KAD FORMAT) */
	uint8_t size[CRYPT_KADS]; /* 0: there is none */
	uint8_t data[CRYPT_KADS][CRYPT_KAD_MAX];
};

struct crypt_key;

/* Copies @key; the caller wipes his own. -ENOMEM: also where no memory can be locked. -EIO: OpenSSL
 * refuses. */
MUST_CHECK int crypt_key_new(const uint8_t key[CRYPT_KEY_SIZE], struct crypt_key **ret_key);
struct crypt_key *crypt_key_ref(struct crypt_key *key); /* NULL is allowed */
/* Wipes and frees with the last reference; NULL is allowed. */
void crypt_key_unref(struct crypt_key *key);

enum cart_decrypt {
	CART_DECRYPT_OFF,   /* encrypted blocks cannot be read */
	CART_DECRYPT_RAW,   /* they are read as their envelopes */
	CART_DECRYPT_ON,    /* blocks are decrypted; others cannot be read */
	CART_DECRYPT_MIXED, /* blocks are decrypted where they are encrypted */
};

/* What is done with blocks. All zero: nothing is encrypted or decrypted. */
struct cart_crypt {
	bool encrypt;
	bool no_raw; /* encrypted blocks are marked: they must not be read raw */
	enum cart_decrypt decrypt;
	struct crypt_key *key;  /* for both; NULL where neither is wanted */
	struct crypt_kads kads; /* recorded with each encrypted block */
};

/* ---- envelopes ---- */

/* What an envelope says in clear. Pointers are into the envelope. */
struct crypt_envelope {
	uint8_t codec; /* enum cart_codec, applied before encryption */
	bool no_raw;
	uint32_t logical_size; /* of the block as the host wrote it */
	uint32_t packed_size;  /* of what is encrypted */
	uint64_t object;       /* its number */
	uint8_t uuid[16];      /* of the cartridge that it was first written to */
	uint8_t kad_format;
	uint8_t kad_size[CRYPT_KADS];
	const uint8_t *kad[CRYPT_KADS];
	size_t head_size; /* bytes before the ciphertext */
};

/* False where the @size bytes are not exactly one envelope. Nothing is decrypted. */
bool crypt_envelope_parse(const void *data, size_t size, struct crypt_envelope *ret_envelope);

/* Bytes of the envelope of @packed_size bytes. */
size_t crypt_envelope_size(const struct crypt_kads *kads, size_t packed_size);

/*
 * Makes an envelope in @out (crypt_envelope_size() bytes) of the first envelope->packed_size bytes
 * of @iov.  Of @envelope, codec to uuid are used.  -EIO: OpenSSL refuses; -EOVERFLOW: the key has
 * been used for 2^48 blocks.
 */
MUST_CHECK int crypt_seal(const struct cart_crypt *crypt, const struct crypt_envelope *envelope,
			  const struct iovec *iov, int iov_cnt, uint8_t *out);

/*
 * Decrypts into @data (packed_size bytes), which holds nothing of use unless 0 is returned.
 * CART_E_WRONG_KEY; CART_E_TAMPERED: the key is right, but a byte of the envelope was changed;
 * CART_E_DAMAGED: no envelope; -EIO.
 */
MUST_CHECK int crypt_open(const struct crypt_key *key, const void *data, size_t size,
			  uint8_t *ret_data);

/* Whether @key is the one of this envelope, without decrypting it. */
bool crypt_key_fits(const struct crypt_key *key, const void *data, size_t size);

/*
 * AES-256-GCM by itself: @iov to @out, of the same length, and a tag.  0 or -EIO.  For crypt_seal()
 * and for tests with vectors that others have published.
 */
MUST_CHECK int crypt_gcm(const struct crypt_key *key, const uint8_t nonce[12], const void *aad,
			 size_t aad_size, const struct iovec *iov, int iov_cnt, uint8_t *out,
			 uint8_t ret_tag[16]);

#endif
