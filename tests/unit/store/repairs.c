/* SPDX-License-Identifier: Apache-2.0 */
/* repairs.c: see repairs.h. */
#include "tests/unit/store/repairs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fs.h"

#define LONGEST 4096u

static bool is_mark(uint64_t n)
{
	return n % 10 == 9;
}

static size_t size_of(uint64_t n)
{
	return 2000 + (size_t)n * 13;
}

static int write_object(struct cart *c, uint64_t n, uint64_t seed)
{
	return is_mark(n) ? put_marks(c, 1) : put_block(c, seed + n, size_of(n));
}

int repairs_write(struct cart *c, uint64_t first, uint64_t end, uint64_t seed)
{
	int r = 0;

	for (uint64_t n = first; r == 0 && n < end; n++)
		r = write_object(c, n, seed);
	return r;
}

int repairs_record_first(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	if (r == 0)
		r = repairs_write(c, 0, SECOND_EPOCH, 0);
	if (r == 0) /* these are overwritten */
		r = repairs_write(c, SECOND_EPOCH, SECOND_EPOCH + 20, 1000);
	return cart_close(c) != 0 ? -1 : r;
}

static int second_session(struct pool *p, struct cart **ret_cart)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	*ret_cart = c;
	if (r == 0)
		r = cart_locate(c, SECOND_EPOCH);
	if (r == 0)
		r = repairs_write(c, SECOND_EPOCH, 30, 0);
	if (r == 0)
		r = cart_set_codec(c, CART_CODEC_ZLIB);
	if (r == 0)
		r = repairs_write(c, 30, 60, 0);
	if (r == 0)
		r = cart_sync(c);
	return r == 0 ? repairs_write(c, 60, OBJECTS, 0) : r;
}

void repairs_record(struct pool *p)
{
	struct cart *c;

	assert_int_equal(repairs_record_first(p), 0);
	assert_int_equal(second_session(p, &c), 0);
	pool_close(c);
}

int repairs_record_and_die(struct pool *p)
{
	struct cart *c;
	int r = repairs_record_first(p);

	return r == 0 ? second_session(p, &c) : r;
}

/* Reads object @n at the position: true where it is damaged, else it must be right. */
static bool read_one(struct cart *c, uint64_t n)
{
	static uint8_t got[LONGEST], wanted[LONGEST];
	const struct iovec iov = { got, sizeof(got) };
	size_t length = 0;
	int r = cart_read(c, &iov, 1, sizeof(got), &length);

	if (r == CART_E_DAMAGED)
		return true;
	if (is_mark(n)) {
		assert_int_equal(r, CART_E_FILEMARK);
		return false;
	}
	if (r != 0)
		fail_msg("object %u: %s", (unsigned)n, cart_outcome_name(r));
	assert_int_equal(length, size_of(n));
	fill_block(wanted, n, length);
	assert_memory_equal(got, wanted, length);
	return false;
}

unsigned repairs_find_damaged(struct pool *p, uint64_t objects, uint8_t damaged[OBJECTS])
{
	struct cart *c = pool_open(p, CART_OPEN_READ);
	unsigned count = 0;

	assert_int_equal(cart_info(c)->objects, objects);
	memset(damaged, 0, OBJECTS);
	for (uint64_t n = 0; n < objects; n++) {
		damaged[n] = read_one(c, n);
		count += damaged[n];
		/* each can be reached by its number, too */
		assert_int_equal(cart_locate(c, n), 0);
		assert_int_equal(read_one(c, n), damaged[n]);
	}
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
	return count;
}

void repairs_expect(struct pool *p, uint64_t objects, const uint8_t *damaged)
{
	uint8_t found[OBJECTS];

	(void)repairs_find_damaged(p, objects, found);
	for (uint64_t n = 0; n < objects; n++)
		if (found[n] != (damaged != NULL && damaged[n] != 0))
			fail_msg("object %u is %s", (unsigned)n, found[n] ? "damaged" : "good");
}

static void tell(void *ctx, const char *text)
{
	(void)ctx;
	assert_true(strlen(text) > 10);
}

struct cart_repair repairs_run(struct pool *p)
{
	const struct cart_repair_options options = { .say = tell };
	struct cart_repair repair;
	int r = cart_repair(p->path, "T1", &options, &repair);

	if (r != 0)
		fail_msg("cart_repair: %s", cart_outcome_name(r));
	assert_int_equal(repair.backup[0] != '\0', cart_repair_changed(&repair));
	return repair;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

void repairs_sum(struct pool *p, uint8_t sum[CART_DIGEST_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char *path = pool_file(p, ""), names[20][64];
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	size_t count = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL && count < 20)
		if (e->d_name[0] != '.' && strcmp(e->d_name, "lock") != 0 &&
		    strcmp(e->d_name, "partitions") != 0)
			(void)snprintf(names[count++], sizeof(names[0]), "%.63s", e->d_name);
	qsort(names, count, sizeof(names[0]), compare);
	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL), 1);
	for (size_t i = 0; i < count; i++) {
		void *data;
		size_t size;

		assert_int_equal(fs_read(fd, names[i], 1u << 24, &data, &size), 0);
		(void)EVP_DigestUpdate(ctx, names[i], strlen(names[i]) + 1);
		(void)EVP_DigestUpdate(ctx, data, size);
		free(data);
	}
	assert_int_equal(EVP_DigestFinal_ex(ctx, sum, NULL), 1);
	EVP_MD_CTX_free(ctx);
	(void)closedir(dir);
	free(path);
}

void repairs_expect_nothing(struct pool *p)
{
	uint8_t before[CART_DIGEST_SIZE], after[CART_DIGEST_SIZE];
	struct cart_repair repair;

	repairs_sum(p, before);
	repair = repairs_run(p);
	assert_false(cart_repair_changed(&repair));
	repairs_sum(p, after);
	assert_memory_equal(before, after, sizeof(before));
}

uint64_t repairs_address(struct pool *p, uint64_t n)
{
	struct cart *c = pool_open(p, CART_OPEN_READ);
	struct cart_object object;

	assert_int_equal(cart_object(c, n, &object), 0);
	pool_close(c);
	return object.address;
}
