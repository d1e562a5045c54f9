/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/digest.c: the digest is the one that docs/cartridge-format.md section 8
 * defines. */
#include "tests/support/pool.h"

#include <openssl/evp.h>

#include "lib/store/cart.h"

static void sha256(const void *data, size_t size, uint8_t digest[CART_DIGEST_SIZE])
{
	assert_int_equal(EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL), 1);
}

static void digest_covers_kinds_lengths_and_data(void **state)
{
	struct cart_digest *d = cart_digest_new();
	uint8_t got[CART_DIGEST_SIZE], wanted[CART_DIGEST_SIZE];

	(void)state;
	assert_non_null(d);
	cart_digest_block(d, "abc", 3);
	cart_digest_filemark(d);
	cart_digest_block(d, "x", 1);
	cart_digest_end(d, got);
	cart_digest_free(d);
	sha256("B\0\0\0\3abcF\0\0\0\0B\0\0\0\1x", 19, wanted);
	assert_memory_equal(got, wanted, sizeof(got));
}

static void pieces_make_the_digest_of_the_whole(void **state)
{
	char text[] = "hello";
	const struct iovec iov[] = { { text, 2 }, { text + 2, 100 } };
	struct cart_digest *d = cart_digest_new();
	uint8_t got[CART_DIGEST_SIZE], wanted[CART_DIGEST_SIZE];

	(void)state;
	assert_non_null(d);
	cart_digest_iov(d, iov, 2, 5);
	cart_digest_end(d, got);
	cart_digest_free(d);
	sha256("B\0\0\0\5hello", 10, wanted);
	assert_memory_equal(got, wanted, sizeof(got));
}

static void nothing_can_be_freed(void **state)
{
	(void)state;
	cart_digest_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_covers_kinds_lengths_and_data),
		cmocka_unit_test(pieces_make_the_digest_of_the_whole),
		cmocka_unit_test(nothing_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
