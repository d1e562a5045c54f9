/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings with encrypted blocks: what is read with which key, what is on the disk, what works
 * without any key. */
#include "tests/support/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/store/cart.h"
#include "lib/store/stage.h"

#define SIZE 30000u

static const uint8_t key_a[CRYPT_KEY_SIZE] = "the first key, of 32 bytes.....",
		     key_b[32] = "another";

static uint8_t data[4u << 20], expected[4u << 20];

static struct crypt_key *new_key(const uint8_t bytes[CRYPT_KEY_SIZE])
{
	struct crypt_key *key;

	assert_int_equal(crypt_key_new(bytes, &key), 0);
	return key;
}

/* NULL: no key. */
static void set(struct cart *c, const uint8_t *bytes, bool encrypt, enum cart_decrypt decrypt)
{
	struct crypt_key *key = bytes != NULL ? new_key(bytes) : NULL;
	struct cart_crypt crypt = { .encrypt = encrypt, .decrypt = decrypt, .key = key };

	crypt.kads.size[CRYPT_KAD_AUTHENTICATED] = 4;
	memcpy(crypt.kads.data[CRYPT_KAD_AUTHENTICATED], "KEY1", 4);
	assert_int_equal(cart_set_crypt(c, &crypt), 0);
	crypt_key_unref(key);
}

/* Text, which each codec shortens. */
static void fill_text(uint8_t *block, unsigned seed, size_t size)
{
	for (size_t i = 0; i < size; i++)
		block[i] = (uint8_t)("secret words, again and again. "[(i + seed) % 31]);
}

static int put_text(struct cart *c, unsigned seed, size_t size)
{
	const struct iovec iov = { data, size };

	fill_text(data, seed, size);
	return cart_write(c, &iov, 1, size);
}

static int get(struct cart *c, size_t *ret_length)
{
	const struct iovec iov = { data, sizeof(data) };

	memset(data, 0, 64);
	return cart_read(c, &iov, 1, sizeof(data), ret_length);
}

static void expect_text(struct cart *c, unsigned seed, size_t size)
{
	size_t length;

	assert_int_equal(get(c, &length), 0);
	assert_int_equal(length, size);
	fill_text(expected, seed, size);
	assert_memory_equal(data, expected, size);
}

/* Does any file of T1 contain these words? */
static bool disk_has(struct pool *p, const void *words, size_t size)
{
	static const char *const names[] = { "header",           DATA_FILE,
					     INDEX_FILE,         MARKS_FILE,
					     "digests.00000001", "data.00000002.00000000" };
	bool found = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = pool_file(p, names[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, data, sizeof(data));

		assert_true(n >= 0);
		found |= n > 0 && memmem(data, (size_t)n, words, size) != NULL;
		if (fd >= 0)
			(void)close(fd);
		free(path);
	}
	return found;
}

static void each_codec_and_size_comes_back(void **state)
{
	static const size_t sizes[] = {
		1, 2, 79, 80, 81, 127, 128, 4096, SIZE, 1u << 20, 3u << 20
	};
	const size_t cnt = sizeof(sizes) / sizeof(*sizes);
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	set(c, key_a, true, CART_DECRYPT_ON);
	for (unsigned codec = 0; codec <= CODEC_LAST; codec++) {
		assert_int_equal(cart_set_codec(c, (enum cart_codec)codec), 0);
		for (unsigned i = 0; i < cnt; i++)
			assert_int_equal(put_text(c, i, sizes[i]), 0);
	}
	pool_close(c);
	c = pool_open(*state, CART_OPEN_READ);
	set(c, key_a, false, CART_DECRYPT_ON);
	for (unsigned codec = 0; codec <= CODEC_LAST; codec++)
		for (unsigned i = 0; i < cnt; i++)
			expect_text(c, i, sizes[i]);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}

static void no_word_and_no_key_is_on_the_disk(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	assert_int_equal(put_text(c, 0, SIZE), 0);
	pool_close(c);
	assert_true(disk_has(*state, "again and", 9)); /* the test can see */
	c = pool_open(*state, CART_OPEN_WRITE);
	set(c, key_a, true, CART_DECRYPT_OFF);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(put_text(c, i, SIZE), 0);
	write_marks(c, 2);
	pool_close(c);
	assert_false(disk_has(*state, "again and", 9));
	assert_false(disk_has(*state, key_a, 8));
	assert_true(disk_has(*state, "KEY1", 4));
}

/* Five blocks: encrypted with A, plain, encrypted with B, a filemark, encrypted with A. */
static void record_mixed(struct pool *p)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);

	set(c, key_a, true, CART_DECRYPT_OFF);
	assert_int_equal(put_text(c, 0, SIZE), 0);
	assert_int_equal(cart_set_crypt(c, NULL), 0);
	assert_int_equal(put_text(c, 1, SIZE), 0);
	set(c, key_b, true, CART_DECRYPT_OFF);
	assert_int_equal(put_text(c, 2, SIZE), 0);
	write_marks(c, 1);
	set(c, key_a, true, CART_DECRYPT_OFF);
	assert_int_equal(put_text(c, 4, SIZE), 0);
	pool_close(c);
}

static void what_is_read_depends_on_mode_and_key(void **state)
{
	static const struct {
		const uint8_t *key;
		enum cart_decrypt decrypt;
		int outcomes[5];
	} rows[] = {
		{ NULL,
		  CART_DECRYPT_OFF,
		  { CART_E_ENCRYPTED, 0, CART_E_ENCRYPTED, CART_E_FILEMARK, CART_E_ENCRYPTED } },
		{ key_a,
		  CART_DECRYPT_OFF,
		  { CART_E_ENCRYPTED, 0, CART_E_ENCRYPTED, CART_E_FILEMARK, CART_E_ENCRYPTED } },
		{ key_a, CART_DECRYPT_MIXED, { 0, 0, CART_E_WRONG_KEY, CART_E_FILEMARK, 0 } },
		{ key_a,
		  CART_DECRYPT_ON,
		  { 0, CART_E_UNENCRYPTED, CART_E_WRONG_KEY, CART_E_FILEMARK, 0 } },
		{ key_b,
		  CART_DECRYPT_MIXED,
		  { CART_E_WRONG_KEY, 0, 0, CART_E_FILEMARK, CART_E_WRONG_KEY } },
		{ NULL, CART_DECRYPT_RAW, { 0, 0, 0, CART_E_FILEMARK, 0 } },
	};
	struct cart *c;

	record_mixed(*state);
	c = pool_open(*state, CART_OPEN_READ);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		set(c, rows[i].key, false, rows[i].decrypt);
		for (unsigned n = 0; n < 5; n++) {
			struct cart_position at;
			size_t length;
			int r;

			assert_int_equal(cart_locate(c, n), 0);
			r = get(c, &length);
			cart_position(c, &at);
			assert_int_equal(r, rows[i].outcomes[n]);
			assert_int_equal(at.object, r == 0 || r == CART_E_FILEMARK ? n + 1 : n);
			if (r != 0)
				assert_int_equal(data[0], 0); /* nothing came over */
			else if (n == 1 || rows[i].decrypt != CART_DECRYPT_RAW)
				assert_int_equal(length, SIZE);
			else
				assert_int_equal(length, SIZE + 80 + 4 + 8 + 16);
		}
	}
	pool_close(c);
}

static void a_key_is_needed_where_something_is_done_with_it(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_crypt crypt = { .encrypt = true };

	assert_int_equal(cart_set_crypt(c, &crypt), -EINVAL);
	crypt = (struct cart_crypt){ .decrypt = CART_DECRYPT_ON };
	assert_int_equal(cart_set_crypt(c, &crypt), -EINVAL);
	crypt.decrypt = CART_DECRYPT_MIXED;
	assert_int_equal(cart_set_crypt(c, &crypt), -EINVAL);
	pool_close(c);
}

static void a_block_too_long_for_its_envelope_is_refused(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	uint8_t *block = calloc(1, CART_MAX_BLOCK);
	const struct iovec iov = { block, CART_MAX_BLOCK };
	size_t length;

	assert_non_null(block);
	set(c, key_a, true, CART_DECRYPT_ON);
	assert_int_equal(cart_write(c, &iov, 1, CART_MAX_ENCRYPTED + 1), -EINVAL);
	assert_int_equal(cart_write(c, &iov, 1, CART_MAX_ENCRYPTED), 0);
	assert_int_equal(cart_locate(c, 0), 0);
	memset(block, 1, CART_MAX_BLOCK);
	assert_int_equal(cart_read(c, &iov, 1, CART_MAX_BLOCK, &length), 0);
	assert_int_equal(length, CART_MAX_ENCRYPTED);
	assert_int_equal(block[CART_MAX_ENCRYPTED - 1], 0);
	assert_int_equal(block[CART_MAX_ENCRYPTED], 1);
	free(block);
	pool_close(c);
}

/* ---- the header's bit ---- */

static bool header_has_bit(struct pool *p)
{
	char *path = pool_file(p, "header");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t header[512];

	assert_int_equal(read(fd, header, sizeof(header)), sizeof(header));
	(void)close(fd);
	free(path);
	return (header[16] & 1) != 0;
}

static void the_bit_comes_first_and_goes_with_the_last_block(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);

	assert_int_equal(put_text(c, 0, SIZE), 0);
	assert_false(header_has_bit(*state));
	set(c, key_a, true, CART_DECRYPT_OFF);
	assert_false(cart_has_encrypted(c));
	assert_int_equal(put_text(c, 1, SIZE), 0);
	assert_true(header_has_bit(*state)); /* nothing was synced or closed yet */
	assert_true(cart_has_encrypted(c));
	assert_int_equal(cart_locate(c, 1), 0);
	assert_int_equal(cart_erase(c), 0);
	assert_true(header_has_bit(*state)); /* nobody counts them */
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(cart_erase(c), 0);
	assert_false(header_has_bit(*state));
	assert_false(cart_has_encrypted(c));
	pool_close(c);
}

static int encrypt_and_die(struct pool *p)
{
	struct cart_crypt crypt = { .encrypt = true };
	struct cart *c;

	if (cart_open(p->path, "T1", CART_OPEN_WRITE, &c) != 0 ||
	    crypt_key_new(key_a, &crypt.key) != 0 || cart_set_crypt(c, &crypt) != 0)
		return 1;
	for (unsigned i = 0; i < 20; i++)
		if (put_block(c, i, 1000) != 0 || (i == 10 && cart_sync(c) != 0))
			return 2;
	return 0;
}

static void a_writer_that_died_leaves_a_prefix(void **state)
{
	struct cart *c;
	uint64_t n;

	pool_die_after(*state, encrypt_and_die);
	c = pool_open(*state, CART_OPEN_WRITE);
	n = cart_info(c)->objects;
	assert_in_range(n, 11, 20);
	set(c, key_a, false, CART_DECRYPT_ON);
	for (unsigned i = 0; i < n; i++)
		expect_block(c, i, 1000);
	pool_close(c);
}

static void a_header_made_anew_knows_of_encrypted_blocks(void **state)
{
	struct cart_repair_options options = { .insist = CART_REPAIR_WRITABLE };
	struct cart_repair repair;
	struct pool *p = *state;
	struct cart *c;

	record_mixed(p);
	pool_unlink(p, "header");
	assert_int_equal(cart_repair(p->path, "T1", &options, &repair), 0);
	assert_true(repair.header_rebuilt);
	assert_true(header_has_bit(p));
	c = pool_open(p, CART_OPEN_READ);
	set(c, key_a, false, CART_DECRYPT_MIXED);
	expect_text(c, 0, SIZE);
	expect_text(c, 1, SIZE);
	pool_close(c);
}

/* ---- what lies on the disk is changed ---- */

/* Changes a byte of the first block and makes its checksums fit again. */
static void forge(struct pool *p, size_t offset, uint8_t mask)
{
	struct cart *c = pool_open(p, CART_OPEN_READ);
	char *path = pool_file(p, DATA_FILE);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	static uint8_t frame[sizeof(struct disk_frame) + SIZE + CRYPT_OVERHEAD];
	struct disk_frame f;
	size_t size;

	assert_true(pread(fd, frame, sizeof(frame), DATA_START) > 0);
	memcpy(&f, frame, sizeof(f));
	size = le32_get(f.stored_size);
	assert_in_range(offset, 0, size - 1);
	frame[sizeof(f) + offset] ^= mask;
	f.stored_crc = f.logical_crc =
		le32_from(iov_crc32c(&(struct iovec){ frame + sizeof(f), size }, 1, size));
	frame_seal(c, &f);
	memcpy(frame, &f, sizeof(f));
	assert_int_equal(pwrite(fd, frame, sizeof(f) + size, DATA_START), sizeof(f) + size);
	(void)close(fd);
	free(path);
	pool_close(c);
}

static void a_forged_block_is_told_whatever_its_checksums_say(void **state)
{
	static const struct {
		size_t offset;
		int outcome;
	} rows[] = {
		{ 0, CART_E_DAMAGED },   { 9, CART_E_DAMAGED },     { 12, CART_E_DAMAGED },
		{ 32, CART_E_TAMPERED }, { 40, CART_E_TAMPERED },   { 57, CART_E_DAMAGED },
		{ 81, CART_E_TAMPERED }, { 1000, CART_E_TAMPERED }, { SIZE + 100, CART_E_TAMPERED },
	};
	struct cart *c;
	size_t length;

	record_mixed(*state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		forge(*state, rows[i].offset, 1);
		c = pool_open(*state, CART_OPEN_READ);
		set(c, key_a, false, CART_DECRYPT_ON);
		assert_int_equal(get(c, &length), rows[i].outcome);
		assert_int_equal(data[0], 0);
		pool_close(c);
		forge(*state, rows[i].offset, 1);
	}
	c = pool_open(*state, CART_OPEN_READ);
	set(c, key_a, false, CART_DECRYPT_ON);
	expect_text(c, 0, SIZE);
	pool_close(c);
}

/* The second block takes the place of the first, with checksums that fit. */
static void a_genuine_block_in_another_place_is_told(void **state)
{
	static uint8_t frames[2][sizeof(struct disk_frame) + SIZE + 108];
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	char *path = pool_file(*state, DATA_FILE);
	struct disk_frame f, second;
	size_t length;
	int fd;

	set(c, key_a, true, CART_DECRYPT_ON);
	assert_int_equal(put_text(c, 0, SIZE), 0);
	assert_int_equal(put_text(c, 1, SIZE), 0);
	assert_int_equal(cart_sync(c), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, frames, sizeof(frames), DATA_START), sizeof(frames));
	memcpy(&f, frames[0], sizeof(f));
	memcpy(&second, frames[1], sizeof(second));
	f.stored_crc = f.logical_crc = second.stored_crc;
	frame_seal(c, &f);
	memcpy(frames[1], &f, sizeof(f));
	assert_int_equal(pwrite(fd, frames[1], sizeof(frames[1]), DATA_START), sizeof(frames[1]));
	(void)close(fd);
	free(path);
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(get(c, &length), CART_E_TAMPERED);
	pool_close(c);
}

static void a_flipped_bit_is_damage_and_no_wrong_key(void **state)
{
	struct cart *c;
	size_t length;

	record_mixed(*state);
	pool_flip(*state, DATA_FILE, DATA_START + sizeof(struct disk_frame) + 500, 4);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(get(c, &length), CART_E_DAMAGED);
	assert_int_equal(length, SIZE);
	pool_close(c);
}

/* ---- without a key ---- */

static void verifying_and_the_digest_need_no_key(void **state)
{
	uint8_t without[CART_DIGEST_SIZE], with[CART_DIGEST_SIZE];
	struct cart_object object;
	struct cart_check check;
	struct cart *c;
	uint64_t bad;

	record_mixed(*state);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_verify(c, NULL, NULL, &check), 0);
	assert_int_equal(check.blocks, 4);
	assert_int_equal(check.damaged, 0);
	assert_int_equal(check.bytes, 4 * SIZE);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, without, &bad), 0);
	set(c, key_a, false, CART_DECRYPT_ON);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, with, &bad), 0);
	assert_memory_equal(with, without, sizeof(with));
	assert_int_equal(cart_object(c, 0, &object), 0);
	assert_true(object.encrypted);
	assert_int_equal(cart_object(c, 1, &object), 0);
	assert_false(object.encrypted);
	pool_close(c);
}

/* Reads T1 as a mover does, and gives it to T2, which has another uuid, or back to T1. */
static void carry(struct cart *from, struct cart *to)
{
	struct cart_content content;
	const struct iovec iov = { data, sizeof(data) };
	uint32_t written;
	int r;

	while ((r = cart_read_content(from, &iov, 1, sizeof(data), &content)) != CART_E_EOD) {
		const struct iovec out = { data, content.size };

		if (r == CART_E_FILEMARK) {
			assert_int_equal(cart_write_filemarks(to, 1, &written), 0);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(content.logical_size, SIZE);
		assert_int_equal(content.encrypted ? cart_write_envelope(to, data, content.size)
						   : cart_write(to, &out, 1, content.size),
				 0);
	}
}

static void a_recording_is_carried_without_its_keys(void **state)
{
	uint8_t first[CART_DIGEST_SIZE], second[CART_DIGEST_SIZE];
	struct pool *p = *state;
	struct cart *from, *to;
	uint64_t bad;

	record_mixed(p);
	pool_create(p, "T2", 0);
	from = pool_open(p, CART_OPEN_READ);
	assert_int_equal(cart_open(p->path, "T2", CART_OPEN_WRITE, &to), 0);
	carry(from, to);
	assert_int_equal(cart_compute_digest(from, NULL, NULL, first, &bad), 0);
	assert_int_equal(cart_compute_digest(to, NULL, NULL, second, &bad), 0);
	assert_memory_equal(first, second, sizeof(first));
	assert_int_equal(cart_locate(to, 0), 0);
	set(to, key_a, false, CART_DECRYPT_MIXED);
	expect_text(to, 0, SIZE);
	expect_text(to, 1, SIZE);
	pool_close(to);
	pool_close(from);
}

static void an_envelope_has_one_place(void **state)
{
	struct cart_content content;
	const struct iovec iov = { data, sizeof(data) };
	struct cart *c;

	record_mixed(*state);
	c = pool_open(*state, CART_OPEN_WRITE);
	assert_int_equal(cart_read_content(c, &iov, 1, sizeof(data), &content), 0);
	assert_true(content.encrypted);
	assert_int_equal(cart_space_eod(c), 0);
	assert_int_equal(cart_write_envelope(c, data, content.size), -EINVAL);
	assert_int_equal(cart_locate(c, 0), 0);
	assert_int_equal(cart_write_envelope(c, data, content.size - 1), -EINVAL);
	assert_int_equal(cart_info(c)->objects, 5); /* nothing was cut */
	assert_int_equal(cart_write_envelope(c, data, content.size), 0);
	pool_close(c);
}

static void a_recall_brings_back_what_only_a_key_can_read(void **state)
{
	struct cart_copy copy = { .volume = "P1" };
	struct pool *p = *state;
	struct cart *c, *kept;
	uint64_t bad;

	record_mixed(p);
	pool_create(p, "T2", 0);
	c = pool_open(p, CART_OPEN_WRITE);
	assert_int_equal(cart_open(p->path, "T2", CART_OPEN_WRITE, &kept), 0);
	carry(c, kept); /* the physical tape */
	copy.generation = cart_info(c)->generation;
	copy.blocks = cart_info(c)->blocks;
	copy.filemarks = cart_info(c)->filemarks;
	copy.bytes = cart_info(c)->logical_bytes;
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &bad), 0);
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	pool_close(c);
	c = pool_open(p, CART_OPEN_WRITE | CART_OPEN_ADMIN);
	assert_int_equal(cart_recall_begin(c), 0);
	assert_int_equal(cart_locate(kept, 0), 0);
	carry(kept, c);
	assert_int_equal(cart_recall_commit(c, &copy), 0);
	pool_close(c);
	pool_close(kept);
	assert_true(header_has_bit(p));
	c = pool_open(p, CART_OPEN_READ);
	set(c, key_a, false, CART_DECRYPT_MIXED);
	expect_text(c, 0, SIZE);
	expect_text(c, 1, SIZE);
	pool_close(c);
}

/* ---- the next block ---- */

static void the_next_block_says_what_it_needs(void **state)
{
	static struct cart_next next;
	struct cart_position at;
	struct cart *c;

	record_mixed(*state);
	c = pool_open(*state, CART_OPEN_READ);
	assert_int_equal(cart_next(c, &next), 0);
	assert_int_equal(next.kind, CART_NEXT_ENCRYPTED);
	assert_false(next.key_fits);
	assert_int_equal(next.kads.size[CRYPT_KAD_AUTHENTICATED], 4);
	assert_memory_equal(next.kads.data[CRYPT_KAD_AUTHENTICATED], "KEY1", 4);
	set(c, key_a, false, CART_DECRYPT_MIXED);
	assert_int_equal(cart_next(c, &next), 0);
	assert_true(next.key_fits);
	set(c, key_b, false, CART_DECRYPT_MIXED);
	assert_int_equal(cart_next(c, &next), 0);
	assert_false(next.key_fits);
	cart_position(c, &at);
	assert_int_equal(at.object, 0);
	assert_int_equal(cart_locate(c, 1), 0);
	assert_int_equal(cart_next(c, &next), 0);
	assert_int_equal(next.kind, CART_NEXT_PLAIN);
	assert_int_equal(cart_locate(c, 3), 0);
	assert_int_equal(cart_next(c, &next), 0);
	assert_int_equal(next.kind, CART_NEXT_FILEMARK);
	assert_int_equal(cart_space_eod(c), 0);
	assert_int_equal(cart_next(c, &next), 0);
	assert_int_equal(next.kind, CART_NEXT_NONE);
	pool_close(c);
}

static void a_block_marked_so_is_not_read_raw(void **state)
{
	struct cart *c = pool_open(*state, CART_OPEN_WRITE);
	struct cart_crypt crypt = { .encrypt = true, .no_raw = true, .key = new_key(key_a) };
	size_t length;

	assert_int_equal(cart_set_crypt(c, &crypt), 0);
	assert_int_equal(put_text(c, 0, SIZE), 0);
	assert_int_equal(cart_locate(c, 0), 0);
	crypt.decrypt = CART_DECRYPT_RAW;
	assert_int_equal(cart_set_crypt(c, &crypt), 0);
	assert_int_equal(get(c, &length), CART_E_NO_RAW);
	crypt_key_unref(crypt.key);
	pool_close(c);
}

/* ---- through the buffer ---- */

static void stage_set(struct stage *s, const uint8_t *bytes, bool encrypt,
		      enum cart_decrypt decrypt)
{
	struct crypt_key *key = bytes != NULL ? new_key(bytes) : NULL;
	const struct cart_crypt crypt = { .encrypt = encrypt, .decrypt = decrypt, .key = key };

	assert_int_equal(stage_set_crypt(s, &crypt), 0);
	crypt_key_unref(key);
}

static void stage_put(struct stage *s, unsigned seed, size_t size)
{
	const struct iovec iov = { data, size };

	fill_text(data, seed, size);
	assert_int_equal(stage_write(s, &iov, 1, size), 0);
}

static int stage_get(struct stage *s, size_t *ret_length)
{
	const struct iovec iov = { data, sizeof(data) };

	return stage_read(s, &iov, 1, sizeof(data), ret_length);
}

static size_t size_of(unsigned i)
{
	return i % 17 == 0 ? 400000 : 1 + i * 37 % 20000;
}

static void the_buffer_encrypts_and_decrypts(void **state)
{
	struct pool *p = *state;
	struct stage *s;
	size_t length;

	assert_int_equal(stage_open(p->path, "T1", CART_OPEN_WRITE, &s), 0);
	for (unsigned codec = 0; codec <= CODEC_LAST; codec++) {
		assert_int_equal(stage_set_codec(s, (enum cart_codec)codec), 0);
		stage_set(s, key_a, true, CART_DECRYPT_ON);
		for (unsigned i = 0; i < 300; i++)
			stage_put(s, i, size_of(i));
		stage_set(s, NULL, false, CART_DECRYPT_OFF);
		for (unsigned i = 0; i < 20; i++)
			stage_put(s, i, size_of(i));
	}
	assert_int_equal(stage_locate(s, 0), 0);
	stage_set(s, key_a, false, CART_DECRYPT_MIXED);
	for (unsigned n = 0; n < 320 * (CODEC_LAST + 1); n++) {
		unsigned i = n % 320 < 300 ? n % 320 : n % 320 - 300;

		assert_int_equal(stage_get(s, &length), 0);
		assert_int_equal(length, size_of(i));
		fill_text(expected, i, length);
		assert_memory_equal(data, expected, length);
	}
	assert_int_equal(stage_get(s, &length), CART_E_EOD);
	assert_int_equal(stage_close(s), 0);
}

static void reading_ahead_stops_before_what_the_key_does_not_open(void **state)
{
	struct pool *p = *state;
	struct cart_position at;
	struct stage *s;
	size_t length;

	assert_int_equal(stage_open(p->path, "T1", CART_OPEN_WRITE, &s), 0);
	for (unsigned i = 0; i < 60; i++) {
		if (i % 20 == 0)
			stage_set(s, i == 20 ? key_b : key_a, true, CART_DECRYPT_OFF);
		stage_put(s, i, SIZE);
	}
	assert_int_equal(stage_locate(s, 0), 0);
	stage_set(s, key_a, false, CART_DECRYPT_ON);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(stage_get(s, &length), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(stage_get(s, &length), CART_E_WRONG_KEY);
		stage_position(s, &at);
		assert_int_equal(at.object, 20);
	}
	stage_set(s, key_b, false, CART_DECRYPT_ON);
	for (unsigned i = 20; i < 40; i++) {
		assert_int_equal(stage_get(s, &length), 0);
		fill_text(expected, i, length);
		assert_memory_equal(data, expected, length);
	}
	assert_int_equal(stage_get(s, &length), CART_E_WRONG_KEY);
	stage_set(s, NULL, false, CART_DECRYPT_OFF);
	assert_int_equal(stage_get(s, &length), CART_E_ENCRYPTED);
	stage_set(s, NULL, false, CART_DECRYPT_RAW);
	for (unsigned i = 40; i < 60; i++) {
		assert_int_equal(stage_get(s, &length), 0);
		assert_int_equal(length, SIZE + 104);
	}
	assert_int_equal(stage_close(s), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, pool_setup, pool_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_codec_and_size_comes_back),
		T(no_word_and_no_key_is_on_the_disk),
		T(what_is_read_depends_on_mode_and_key),
		T(a_key_is_needed_where_something_is_done_with_it),
		T(a_block_too_long_for_its_envelope_is_refused),
		T(the_bit_comes_first_and_goes_with_the_last_block),
		T(a_writer_that_died_leaves_a_prefix),
		T(a_header_made_anew_knows_of_encrypted_blocks),
		T(a_forged_block_is_told_whatever_its_checksums_say),
		T(a_genuine_block_in_another_place_is_told),
		T(a_flipped_bit_is_damage_and_no_wrong_key),
		T(verifying_and_the_digest_need_no_key),
		T(a_recording_is_carried_without_its_keys),
		T(an_envelope_has_one_place),
		T(a_recall_brings_back_what_only_a_key_can_read),
		T(the_next_block_says_what_it_needs),
		T(a_block_marked_so_is_not_read_raw),
		T(the_buffer_encrypts_and_decrypts),
		T(reading_ahead_stops_before_what_the_key_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
