/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and envelopes by themselves: the cipher, the layout, what a changed byte does. */
#include "lib/store/crypt.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/store/cartridge.h"
#include "lib/store/format.h"

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

static struct crypt_key *new_key(const char *hex)
{
	uint8_t bytes[CRYPT_KEY_SIZE];
	struct crypt_key *key;

	assert_int_equal(unhex(hex, bytes), CRYPT_KEY_SIZE);
	assert_int_equal(crypt_key_new(bytes, &key), 0);
	return key;
}

#define ZERO_KEY "0000000000000000000000000000000000000000000000000000000000000000"
#define TEST_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* The test cases 13 to 16 of the specification of GCM (McGrew and Viega), which NIST's test vectors
 * repeat. */
static const struct vector {
	const char *key, *nonce, *aad, *plain, *sealed, *tag;
} vectors[] = {
	{ ZERO_KEY, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
	{ ZERO_KEY, "000000000000000000000000", "", "00000000000000000000000000000000",
	  "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabefacedbaddecaf888", "",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
	  "b094dac5d93471bdec1a502270e3cc6c" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void the_cipher_gives_the_published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		uint8_t nonce[12], aad[64], plain[64], sealed[64], out[64], tag[16], expected[16];
		struct crypt_key *key = new_key(vectors[i].key);
		size_t aad_size = unhex(vectors[i].aad, aad), n = unhex(vectors[i].plain, plain);
		const struct iovec iov[2] = { { plain, n / 3 }, { plain + n / 3, n - n / 3 } };

		(void)unhex(vectors[i].nonce, nonce);
		(void)unhex(vectors[i].sealed, sealed);
		(void)unhex(vectors[i].tag, expected);
		assert_int_equal(crypt_gcm(key, nonce, aad, aad_size, iov, 2, out, tag), 0);
		assert_memory_equal(out, sealed, n);
		assert_memory_equal(tag, expected, sizeof(tag));
		crypt_key_unref(key);
	}
}

/* Made by python3-cryptography from docs/cartridge-format.md. */
static const char FOREIGN[] =
	"56544c454e433031010100001c0000001c0000006465666768696a6b6c6d6e6f0700000000000000"
	"000102030405060708090a0b0c0d0e0f030200000000000000000000000000000000000000000000"
	"6162636465481bde6679e9569e550c309fb4451e9262b67165ab059e02cbb4c12d95d7c43cfd862e"
	"b3b93755df07c7f0bb2e62e1b60ae15e3f";
#define FOREIGN_SIZE 137u

static void an_envelope_that_another_program_made_opens(void **state)
{
	uint8_t data[FOREIGN_SIZE], plain[28];
	struct crypt_key *key = new_key(TEST_KEY);
	struct crypt_envelope e;

	(void)state;
	assert_int_equal(unhex(FOREIGN, data), FOREIGN_SIZE);
	assert_true(crypt_envelope_parse(data, sizeof(data), &e));
	assert_int_equal(e.logical_size, 28);
	assert_int_equal(e.packed_size, 28);
	assert_int_equal(e.object, 7);
	assert_int_equal(e.kad_size[CRYPT_KAD_AUTHENTICATED], 3);
	assert_memory_equal(e.kad[CRYPT_KAD_AUTHENTICATED], "abc", 3);
	assert_int_equal(e.kad_size[CRYPT_KAD_UNAUTHENTICATED], 2);
	assert_memory_equal(e.kad[CRYPT_KAD_UNAUTHENTICATED], "de", 2);
	assert_true(crypt_key_fits(key, data, sizeof(data)));
	assert_int_equal(crypt_open(key, data, sizeof(data), plain), 0);
	assert_memory_equal(plain, "known to two implementations", sizeof(plain));
	crypt_key_unref(key);
}

static void every_changed_byte_of_an_envelope_is_found(void **state)
{
	uint8_t data[FOREIGN_SIZE], plain[64];
	struct crypt_key *key = new_key(TEST_KEY);

	(void)state;
	for (size_t i = 0; i < FOREIGN_SIZE; i++) {
		struct crypt_envelope e;
		int r;

		(void)unhex(FOREIGN, data);
		data[i] ^= 0x40;
		r = crypt_open(key, data, sizeof(data), plain);
		if (i < 20 || (i >= 56 && i < 80 && i != 60)) { /* what the layout follows from */
			assert_int_equal(r, CART_E_DAMAGED);
			assert_false(crypt_envelope_parse(data, sizeof(data), &e));
			continue;
		}
		/* another nonce is as good as another key; so are the eight zeros */
		assert_int_equal(r, i < 32 || (i >= 85 && i < 93) ? CART_E_WRONG_KEY
								  : CART_E_TAMPERED);
	}
	crypt_key_unref(key);
}

static void an_envelope_of_another_length_is_none(void **state)
{
	uint8_t data[FOREIGN_SIZE + 1] = { 0 };
	struct crypt_envelope e;

	(void)state;
	(void)unhex(FOREIGN, data);
	for (size_t size = 0; size <= FOREIGN_SIZE + 1; size++)
		assert_int_equal(crypt_envelope_parse(data, size, &e), size == FOREIGN_SIZE);
}

static void another_key_is_told_from_a_changed_byte(void **state)
{
	uint8_t data[FOREIGN_SIZE], plain[28];
	struct crypt_key *key = new_key(ZERO_KEY);

	(void)state;
	(void)unhex(FOREIGN, data);
	assert_false(crypt_key_fits(key, data, sizeof(data)));
	assert_int_equal(crypt_open(key, data, sizeof(data), plain), CART_E_WRONG_KEY);
	crypt_key_unref(key);
}

#define MANY 20000u

static int compare_nonces(const void *a, const void *b)
{
	return memcmp(a, b, 12);
}

static void no_nonce_comes_twice_with_a_key(void **state)
{
	static uint8_t nonces[2 * MANY][12];
	const struct crypt_envelope e = { .logical_size = 1, .packed_size = 1 };
	const struct iovec iov = { (void *)(uintptr_t) "x", 1 };
	uint8_t out[128];

	(void)state;
	for (unsigned k = 0; k < 2; k++) { /* the same key, set twice */
		struct cart_crypt crypt = { .encrypt = true, .key = new_key(TEST_KEY) };

		for (unsigned i = 0; i < MANY; i++) {
			assert_int_equal(crypt_seal(&crypt, &e, &iov, 1, out), 0);
			memcpy(nonces[k * MANY + i], out + offsetof(struct disk_envelope, nonce),
			       12);
		}
		crypt_key_unref(crypt.key);
	}
	qsort(nonces, 2 * MANY, 12, compare_nonces);
	for (unsigned i = 1; i < 2 * MANY; i++)
		assert_int_not_equal(memcmp(nonces[i - 1], nonces[i], 12), 0);
}

static void all_key_associated_data_fits(void **state)
{
	static struct cart_crypt crypt = { .encrypt = true, .no_raw = true };
	const struct crypt_envelope e = { .codec = CART_CODEC_ZLIB,
					  .logical_size = 100,
					  .packed_size = 10,
					  .object = UINT64_C(0x123456789abcdef0) };
	const struct iovec iov[2] = { { (void *)(uintptr_t) "0123", 4 },
				      { (void *)(uintptr_t) "456789, and no more", 19 } };
	static uint8_t out[CRYPT_OVERHEAD], back[10];
	struct crypt_envelope found;
	size_t size;

	(void)state;
	crypt.key = new_key(TEST_KEY);
	for (unsigned i = 0; i < CRYPT_KADS; i++) {
		crypt.kads.size[i] = CRYPT_KAD_MAX;
		memset(crypt.kads.data[i], 'a' + (int)i, CRYPT_KAD_MAX);
	}
	size = crypt_envelope_size(&crypt.kads, 10);
	assert_in_range(size, 0, sizeof(out));
	assert_int_equal(crypt_seal(&crypt, &e, iov, 2, out), 0);
	assert_true(crypt_envelope_parse(out, size, &found));
	assert_true(found.no_raw);
	assert_int_equal(found.object, e.object);
	assert_int_equal(found.codec, CART_CODEC_ZLIB);
	for (unsigned i = 0; i < CRYPT_KADS; i++)
		assert_memory_equal(found.kad[i], crypt.kads.data[i], CRYPT_KAD_MAX);
	assert_int_equal(crypt_open(crypt.key, out, size, back), 0);
	assert_memory_equal(back, "0123456789", 10);
	crypt_key_unref(crypt.key);
}

/* ---- nothing of a key is left in memory ---- */

/* How often the 32 bytes occur in what this process can write to; they are given in disguise, so
 * that the question is no answer. */
__attribute__((no_sanitize_address)) static unsigned
occurrences(const uint8_t disguised[CRYPT_KEY_SIZE])
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned found = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		uintptr_t from, to;
		char mode[5];

		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r' ||
		    mode[1] != 'w' || strstr(line, "[v") != NULL || to - from > (64u << 20))
			continue;
		for (const uint8_t *p = (const uint8_t *)from;
		     p + CRYPT_KEY_SIZE <= (const uint8_t *)to; p++) {
			unsigned i = 0;

			while (i < CRYPT_KEY_SIZE && (p[i] ^ 0x5a) == disguised[i])
				i++;
			found += i == CRYPT_KEY_SIZE;
		}
	}
	(void)fclose(maps);
	return found;
}

static void a_key_is_in_memory_once_and_then_not_at_all(void **state)
{
	const struct crypt_envelope e = { .logical_size = 4, .packed_size = 4 };
	const struct iovec iov = { (void *)(uintptr_t) "abcd", 4 };
	uint8_t disguised[CRYPT_KEY_SIZE], key[CRYPT_KEY_SIZE], out[128];
	struct cart_crypt crypt = { .encrypt = true };

	(void)state;
	for (unsigned i = 0; i < CRYPT_KEY_SIZE; i++) {
		disguised[i] = (uint8_t)(i * 37 + 11);
		key[i] = disguised[i] ^ 0x5a;
	}
	assert_int_equal(crypt_key_new(key, &crypt.key), 0);
	OPENSSL_cleanse(key, sizeof(key));
	assert_int_equal(crypt_seal(&crypt, &e, &iov, 1, out), 0);
	assert_int_equal(occurrences(disguised), 1);
	crypt_key_unref(crypt_key_ref(crypt.key));
	assert_int_equal(occurrences(disguised), 1);
	crypt_key_unref(crypt.key);
	assert_int_equal(occurrences(disguised), 0);
}

/* What the kernel says of the page: locked, not dumped, not inherited. */
static void a_key_is_locked_and_neither_dumped_nor_inherited(void **state)
{
	struct crypt_key *key = new_key(TEST_KEY);
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool inside = false, seen = false;
	char line[512];

	(void)state;
	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps) != NULL) {
		uintptr_t from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)key >= from && (uintptr_t)key < to;
		if (!inside || strncmp(line, "VmFlags:", 8) != 0)
			continue;
		seen = true;
		assert_non_null(strstr(line, " lo"));
		assert_non_null(strstr(line, " dd"));
		assert_non_null(strstr(line, " dc"));
	}
	(void)fclose(smaps);
	assert_true(seen);
	crypt_key_unref(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cipher_gives_the_published_vectors),
		cmocka_unit_test(an_envelope_that_another_program_made_opens),
		cmocka_unit_test(every_changed_byte_of_an_envelope_is_found),
		cmocka_unit_test(an_envelope_of_another_length_is_none),
		cmocka_unit_test(another_key_is_told_from_a_changed_byte),
		cmocka_unit_test(no_nonce_comes_twice_with_a_key),
		cmocka_unit_test(all_key_associated_data_fits),
		cmocka_unit_test(a_key_is_in_memory_once_and_then_not_at_all),
		cmocka_unit_test(a_key_is_locked_and_neither_dumped_nor_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
