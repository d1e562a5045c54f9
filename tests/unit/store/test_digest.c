/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lib/store/digest.c: the digest is the one that docs/cartridge-format.md section 8
 * defines. */
#include "tests/support/pool.h"

#include <openssl/evp.h>

#include "lib/store/cart.h"

static uint8_t zeros[CART_MAX_BLOCK];

static void sha256(const void *data, size_t size, uint8_t digest[CART_DIGEST_SIZE])
{
	assert_int_equal(EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL), 1);
}

/* Of a recording of one group. */
static void one_group(const void *data, size_t size, uint8_t digest[CART_DIGEST_SIZE])
{
	sha256(data, size, digest);
	sha256(digest, CART_DIGEST_SIZE, digest);
}

static struct cart_digest *new_digest(void)
{
	struct cart_digest *d = cart_digest_new();

	assert_non_null(d);
	return d;
}

/* Ends @d, which must be the digest of the groups in @groups. */
static void expect_groups(struct cart_digest *d, uint8_t (*groups)[CART_DIGEST_SIZE],
			  unsigned count)
{
	uint8_t got[CART_DIGEST_SIZE], wanted[CART_DIGEST_SIZE];

	cart_digest_end(d, got);
	sha256(groups, count * CART_DIGEST_SIZE, wanted);
	assert_memory_equal(got, wanted, sizeof(got));
	cart_digest_free(d);
}

/* SHA-256 of @count times the @size bytes of @object: the digest of a group of such objects. */
static void repeated(const void *object, size_t size, unsigned count,
		     uint8_t digest[CART_DIGEST_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL), 1);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(EVP_DigestUpdate(ctx, object, size), 1);
	assert_int_equal(EVP_DigestFinal_ex(ctx, digest, NULL), 1);
	EVP_MD_CTX_free(ctx);
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
	one_group("B\0\0\0\3abcF\0\0\0\0B\0\0\0\1x", 19, wanted);
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
	one_group("B\0\0\0\5hello", 10, wanted);
	assert_memory_equal(got, wanted, sizeof(got));
}

static void an_empty_recording_has_no_group(void **state)
{
	struct cart_digest *d = new_digest();

	(void)state;
	assert_null(cart_digest_get_group(d, 0));
	expect_groups(d, NULL, 0);
}

static void a_group_has_at_most_65536_objects(void **state)
{
	struct cart_digest *d = new_digest();
	uint8_t groups[2][CART_DIGEST_SIZE];
	const struct cart_group *group;

	(void)state;
	for (unsigned i = 0; i < 65536; i++) {
		assert_null(cart_digest_get_group(d, 0));
		cart_digest_filemark(d);
	}
	group = cart_digest_get_group(d, 0);
	assert_non_null(group);
	assert_int_equal(group->end, 65536);
	repeated("F\0\0\0\0", 5, 65536, groups[0]);
	assert_memory_equal(group->digest, groups[0], CART_DIGEST_SIZE);
	cart_digest_filemark(d);
	repeated("F\0\0\0\0", 5, 1, groups[1]);
	expect_groups(d, groups, 2);
}

static void a_recording_that_ends_with_a_group_has_no_empty_one(void **state)
{
	struct cart_digest *d = new_digest();
	uint8_t groups[1][CART_DIGEST_SIZE];

	(void)state;
	for (unsigned i = 0; i < 65536; i++)
		cart_digest_filemark(d);
	repeated("F\0\0\0\0", 5, 65536, groups[0]);
	expect_groups(d, groups, 1);
}

/* Adds blocks of zeros that together have 64 MiB - @less bytes. */
static void add_64_mib(struct cart_digest *d, size_t less)
{
	for (int i = 0; i < 3; i++)
		cart_digest_block(d, zeros, CART_MAX_BLOCK);
	cart_digest_block(d, zeros, CART_MAX_BLOCK - less);
}

static void a_group_ends_with_the_object_that_reaches_64_mib(void **state)
{
	struct cart_digest *d = new_digest();
	const struct cart_group *group;

	(void)state;
	add_64_mib(d, 0);
	group = cart_digest_get_group(d, 0);
	assert_non_null(group);
	assert_int_equal(group->end, 4);
	add_64_mib(d, 1);
	assert_null(cart_digest_get_group(d, 1));
	cart_digest_filemark(d);
	assert_null(cart_digest_get_group(d, 1));
	cart_digest_block(d, zeros, 5);
	group = cart_digest_get_group(d, 1);
	assert_non_null(group);
	assert_int_equal(group->first, 4);
	assert_int_equal(group->end, 10);
	cart_digest_free(d);
}

static void groups_that_others_computed_make_the_same_digest(void **state)
{
	struct cart_digest *whole = new_digest(), *d = new_digest();
	uint8_t wanted[CART_DIGEST_SIZE], got[CART_DIGEST_SIZE];

	(void)state;
	for (unsigned i = 0; i < 65540; i++)
		cart_digest_filemark(whole);
	cart_digest_group(d, cart_digest_get_group(whole, 0));
	for (unsigned i = 0; i < 4; i++)
		cart_digest_filemark(d);
	assert_int_equal(cart_digest_get_group(d, 0)->end, 65536);
	cart_digest_end(whole, wanted);
	cart_digest_end(d, got);
	assert_memory_equal(got, wanted, sizeof(got));
	cart_digest_free(whole);
	cart_digest_free(d);
}

static void a_group_out_of_order_gives_no_digest(void **state)
{
	const struct cart_group group = { .first = 7, .end = 9, .complete = true };
	uint8_t got[CART_DIGEST_SIZE], zero[CART_DIGEST_SIZE] = { 0 };
	struct cart_digest *d = new_digest();

	(void)state;
	cart_digest_group(d, &group);
	cart_digest_end(d, got);
	assert_memory_equal(got, zero, sizeof(got));
	cart_digest_free(d);
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
		cmocka_unit_test(an_empty_recording_has_no_group),
		cmocka_unit_test(a_group_has_at_most_65536_objects),
		cmocka_unit_test(a_recording_that_ends_with_a_group_has_no_empty_one),
		cmocka_unit_test(a_group_ends_with_the_object_that_reaches_64_mib),
		cmocka_unit_test(groups_that_others_computed_make_the_same_digest),
		cmocka_unit_test(a_group_out_of_order_gives_no_digest),
		cmocka_unit_test(nothing_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
