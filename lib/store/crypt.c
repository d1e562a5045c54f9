/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypt.c: see crypt.h; docs/cartridge-format.md section 14 has the layout and its reasons.
 *
 * The message that GCM encrypts begins with eight zero bytes: whoever has a key can tell by them at
 * once whether it is the right one, so a wrong key and a changed byte are told apart.  They give
 * nothing away: GCM is a stream cipher, and one that known plaintext harms would be none.
 */
#include "lib/store/crypt.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/bytes.h"
#include "lib/store/cartridge.h"
#include "lib/store/codec.h"
#include "lib/store/format.h"

#define NONCE_SIZE 12u
#define TAG_SIZE   16u
#define CHECK_SIZE 8u
#define BLOCKS_MAX (UINT64_C(1) << 48) /* with one key: the random beginnings stay far apart */
#define PAGE_BYTES 4096u

/* In a page of its own. */
struct crypt_key {
	atomic_uint refs;
	_Atomic uint64_t blocks;   /* nonces given out */
	uint8_t nonce[NONCE_SIZE]; /* the first */
	uint8_t key[CRYPT_KEY_SIZE];
};

static_assert(sizeof(struct crypt_key) <= PAGE_BYTES, "a key fits into its page");
static_assert(sizeof(struct disk_envelope) + CRYPT_KADS * CRYPT_KAD_MAX + CHECK_SIZE + TAG_SIZE <=
		      CRYPT_OVERHEAD,
	      "the overhead is an upper bound");

/* ---- keys ---- */

static struct crypt_key *page_get(void)
{
	void *page =
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (mlock2(page, PAGE_BYTES, 0) == 0 && madvise(page, PAGE_BYTES, MADV_DONTDUMP) == 0 &&
	    madvise(page, PAGE_BYTES, MADV_DONTFORK) == 0)
		return page;
	(void)munmap(page, PAGE_BYTES);
	return NULL;
}

static void page_put(struct crypt_key *key)
{
	OPENSSL_cleanse(key, PAGE_BYTES);
	(void)munmap(key, PAGE_BYTES); /* which unlocks it */
}

int crypt_key_new(const uint8_t key[CRYPT_KEY_SIZE], struct crypt_key **ret_key)
{
	struct crypt_key *k = page_get();

	if (k == NULL)
		return -ENOMEM;
	if (RAND_bytes(k->nonce, sizeof(k->nonce)) != 1) {
		page_put(k);
		return -EIO;
	}
	memcpy(k->key, key, sizeof(k->key));
	atomic_init(&k->refs, 1);
	*ret_key = k;
	return 0;
}

struct crypt_key *crypt_key_ref(struct crypt_key *key)
{
	if (key != NULL)
		atomic_fetch_add(&key->refs, 1);
	return key;
}

void crypt_key_unref(struct crypt_key *key)
{
	if (key != NULL && atomic_fetch_sub(&key->refs, 1) == 1)
		page_put(key);
}

/* The next nonce: big-endian, modulo 2^96. */
static bool next_nonce(struct crypt_key *key, uint8_t ret_nonce[NONCE_SIZE])
{
	uint64_t carry = atomic_fetch_add(&key->blocks, 1);

	if (carry >= BLOCKS_MAX)
		return false;
	for (unsigned i = NONCE_SIZE; i > 0; i--) {
		carry += key->nonce[i - 1];
		ret_nonce[i - 1] = (uint8_t)carry;
		carry >>= 8;
	}
	return true;
}

/* ---- the cipher ---- */

/* A context for one message; EVP_CIPHER_CTX_free() wipes what it knew of the key. */
static EVP_CIPHER_CTX *begin(const struct crypt_key *key, const uint8_t nonce[NONCE_SIZE],
			     bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx != NULL &&
	    EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key->key, nonce, encrypt ? 1 : 0, NULL) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/* @out NULL: additional data. */
static bool update(EVP_CIPHER_CTX *ctx, uint8_t *out, const void *in, size_t size)
{
	int n = 0;

	return size == 0 || EVP_CipherUpdate(ctx, out, &n, in, (int)size) == 1;
}

static bool finish_tag(EVP_CIPHER_CTX *ctx, uint8_t ret_tag[TAG_SIZE])
{
	uint8_t none[TAG_SIZE];
	int n = 0;

	return EVP_CipherFinal_ex(ctx, none, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, ret_tag) == 1;
}

int crypt_gcm(const struct crypt_key *key, const uint8_t nonce[NONCE_SIZE], const void *aad,
	      size_t aad_size, const struct iovec *iov, int iov_cnt, uint8_t *out,
	      uint8_t ret_tag[TAG_SIZE])
{
	EVP_CIPHER_CTX *ctx = begin(key, nonce, true);
	bool ok = ctx != NULL && update(ctx, NULL, aad, aad_size);

	for (int i = 0; ok && i < iov_cnt; i++) {
		ok = update(ctx, out, iov[i].iov_base, iov[i].iov_len);
		out += iov[i].iov_len;
	}
	ok = ok && finish_tag(ctx, ret_tag);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

/* ---- envelopes ---- */

static size_t kads_size(const uint8_t size[CRYPT_KADS])
{
	size_t sum = 0;

	for (unsigned i = 0; i < CRYPT_KADS; i++)
		sum += size[i];
	return sum;
}

size_t crypt_envelope_size(const struct crypt_kads *kads, size_t packed_size)
{
	return sizeof(struct disk_envelope) + kads_size(kads->size) + CHECK_SIZE + packed_size +
	       TAG_SIZE;
}

static bool sizes_make_sense(const struct crypt_envelope *e)
{
	if (e->codec > CODEC_LAST || e->logical_size == 0 || e->logical_size > CART_MAX_ENCRYPTED ||
	    e->packed_size == 0)
		return false;
	return e->codec == CART_CODEC_NONE ? e->packed_size == e->logical_size
					   : e->packed_size < e->logical_size;
}

static bool zeros(const uint8_t *data, size_t size)
{
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= data[i];
	return any == 0;
}

bool crypt_envelope_parse(const void *data, size_t size, struct crypt_envelope *ret_envelope)
{
	struct crypt_envelope e = { .head_size = sizeof(struct disk_envelope) };
	struct disk_envelope d;

	if (size < sizeof(d))
		return false;
	memcpy(&d, data, sizeof(d));
	if (memcmp(d.magic, ENVELOPE_MAGIC, sizeof(d.magic)) != 0 ||
	    d.version != ENVELOPE_VERSION || d.cipher != CIPHER_AES_256_GCM ||
	    (d.flags & ~ENVELOPE_NO_RAW) != 0 || !zeros(d.reserved, sizeof(d.reserved)))
		return false;
	e.codec = d.codec;
	e.kad_format = d.kad_format;
	e.no_raw = (d.flags & ENVELOPE_NO_RAW) != 0;
	e.logical_size = le32_get(d.logical_size);
	e.packed_size = le32_get(d.packed_size);
	e.object = le64_get(d.object);
	memcpy(e.uuid, d.uuid, sizeof(e.uuid));
	if (!sizes_make_sense(&e) ||
	    size != sizeof(d) + kads_size(d.kad_size) + CHECK_SIZE + e.packed_size + TAG_SIZE)
		return false;
	for (unsigned i = 0; i < CRYPT_KADS; i++) {
		e.kad_size[i] = d.kad_size[i];
		e.kad[i] = (const uint8_t *)data + e.head_size;
		e.head_size += d.kad_size[i];
	}
	*ret_envelope = e;
	return true;
}

/* Everything before the ciphertext. */
static uint8_t *put_head(const struct cart_crypt *crypt, const struct crypt_envelope *e,
			 const uint8_t nonce[NONCE_SIZE], uint8_t *out)
{
	struct disk_envelope d = {
		.version = ENVELOPE_VERSION,
		.cipher = CIPHER_AES_256_GCM,
		.codec = e->codec,
		.kad_format = crypt->kads.format,
		.flags = crypt->no_raw ? ENVELOPE_NO_RAW : 0,
		.logical_size = le32_from(e->logical_size),
		.packed_size = le32_from(e->packed_size),
		.object = le64_from(e->object),
	};

	memcpy(d.magic, ENVELOPE_MAGIC, sizeof(d.magic));
	memcpy(d.nonce, nonce, sizeof(d.nonce));
	memcpy(d.uuid, e->uuid, sizeof(d.uuid));
	memcpy(d.kad_size, crypt->kads.size, sizeof(d.kad_size));
	memcpy(out, &d, sizeof(d));
	out += sizeof(d);
	for (unsigned i = 0; i < CRYPT_KADS; i++) {
		memcpy(out, crypt->kads.data[i], crypt->kads.size[i]);
		out += crypt->kads.size[i];
	}
	return out;
}

int crypt_seal(const struct cart_crypt *crypt, const struct crypt_envelope *envelope,
	       const struct iovec *iov, int iov_cnt, uint8_t *out)
{
	static const uint8_t check[CHECK_SIZE];
	size_t left = envelope->packed_size;
	uint8_t nonce[NONCE_SIZE], *p;
	EVP_CIPHER_CTX *ctx;
	bool ok;

	if (!next_nonce(crypt->key, nonce))
		return -EOVERFLOW;
	p = put_head(crypt, envelope, nonce, out);
	ctx = begin(crypt->key, nonce, true);
	ok = ctx != NULL && update(ctx, NULL, out, (size_t)(p - out)) &&
	     update(ctx, p, check, CHECK_SIZE);
	p += CHECK_SIZE;
	for (int i = 0; ok && i < iov_cnt && left > 0; i++) {
		size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;

		ok = update(ctx, p, iov[i].iov_base, n);
		p += n;
		left -= n;
	}
	ok = ok && left == 0 && finish_tag(ctx, p);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

/* A context that has seen everything before the block itself; *ret_fits: the check came out right.
 * NULL: OpenSSL refuses. */
static EVP_CIPHER_CTX *open_head(const struct crypt_key *key, const uint8_t *data,
				 const struct crypt_envelope *e, bool *ret_fits)
{
	EVP_CIPHER_CTX *ctx = begin(key, data + offsetof(struct disk_envelope, nonce), false);
	uint8_t check[CHECK_SIZE];

	if (ctx == NULL || !update(ctx, NULL, data, e->head_size) ||
	    !update(ctx, check, data + e->head_size, CHECK_SIZE)) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	*ret_fits = zeros(check, sizeof(check));
	return ctx;
}

bool crypt_key_fits(const struct crypt_key *key, const void *data, size_t size)
{
	struct crypt_envelope e;
	bool fits = false;

	if (!crypt_envelope_parse(data, size, &e))
		return false;
	EVP_CIPHER_CTX_free(open_head(key, data, &e, &fits));
	return fits;
}

/* The rest of the message, and its tag. */
static int open_rest(EVP_CIPHER_CTX *ctx, const uint8_t *sealed, size_t size, uint8_t *ret_data)
{
	uint8_t tag[TAG_SIZE], none[TAG_SIZE];
	int n = 0;

	memcpy(tag, sealed + size, sizeof(tag));
	if (!update(ctx, ret_data, sealed, size) ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) != 1)
		return -EIO;
	return EVP_CipherFinal_ex(ctx, none, &n) == 1 ? 0 : CART_E_TAMPERED;
}

int crypt_open(const struct crypt_key *key, const void *data, size_t size, uint8_t *ret_data)
{
	struct crypt_envelope e;
	EVP_CIPHER_CTX *ctx;
	bool fits = false;
	int r;

	if (!crypt_envelope_parse(data, size, &e))
		return CART_E_DAMAGED;
	ctx = open_head(key, data, &e, &fits);
	if (ctx == NULL)
		return -EIO;
	r = fits ? open_rest(ctx, (const uint8_t *)data + e.head_size + CHECK_SIZE, e.packed_size,
			     ret_data)
		 : CART_E_WRONG_KEY;
	EVP_CIPHER_CTX_free(ctx);
	return r;
}
