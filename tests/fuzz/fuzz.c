/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.c: see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/base/fs.h"

#define READ_BYTES 70000u

static char pool[300];

void fuzz_claim(bool true_, const char *words)
{
	if (true_)
		return;
	fprintf(stderr, "broken promise: %s\n", words);
	abort();
}

static void remove_pool(void)
{
	ignore_result(fs_remove_tree(AT_FDCWD, pool)); /* nothing else to do at exit */
}

const char *fuzz_pool(void)
{
	const char *base = getenv("TMPDIR");

	if (base == NULL)
		base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
	if (pool[0] == '\0') {
		(void)snprintf(pool, sizeof(pool), "%s/vtl-fuzz-XXXXXX", base);
		fuzz_claim(mkdtemp(pool) != NULL, "a pool can be made");
		(void)atexit(remove_pool);
	}
	return pool;
}

void fuzz_begin(void)
{
	char folder[400];
	int r;

	(void)snprintf(folder, sizeof(folder), "%s/F1.cart", fuzz_pool());
	r = fs_remove_tree(AT_FDCWD, folder);
	fuzz_claim(r == 0 || access(folder, F_OK) < 0, "the folder can be emptied");
	fuzz_claim(mkdir(folder, 0700) == 0, "a folder can be made");
}

void fuzz_file(const char *name, const void *data, size_t size)
{
	char path[400];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/F1.cart/%s", pool, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fuzz_claim(fd >= 0 && fs_pwrite(fd, data, size, 0) == 0, "a file can be written");
	(void)close(fd);
}

struct disk_header fuzz_header(void)
{
	struct disk_header h = {
		.version = le32_from(FORMAT_VERSION),
		.codec = CART_CODEC_ZLIB,
		.epoch = le64_from(2),
		.epoch_object = le64_from(3),
		.epoch_address = le64_from(sizeof(struct disk_segment)),
		.generation = le64_from(2),
		.stream = le32_from(1),
		.end_address = le64_from(sizeof(struct disk_segment)),
	};

	memcpy(h.magic, HEADER_MAGIC, sizeof(h.magic));
	memcpy(h.barcode, "F1", 2);
	return h;
}

void fuzz_put_header(const struct disk_header *h)
{
	struct {
		struct disk_header h;
		le32 crc;
	} file = { .h = *h };

	file.h.size = le32_from(sizeof(file));
	file.crc = le32_from(crc32c(0, &file.h, sizeof(file.h)));
	fuzz_file(HEADER_NAME, &file, sizeof(file));
}

bool fuzz_is_small(const uint8_t *header, size_t size)
{
	struct disk_header h;

	if (size < sizeof(h))
		return true; /* it is no header */
	memcpy(&h, header, sizeof(h));
	return le64_get(h.objects) < 10000 && le64_get(h.epoch_object) < 10000 &&
	       le64_get(h.end_address) >> SEGMENT_SHIFT < 20 &&
	       le64_get(h.epoch_address) >> SEGMENT_SHIFT < 20;
}

void fuzz_seal_frames(uint8_t *data, size_t size)
{
	static const uint8_t uuid[16];
	const le32 magic = le32_from(FRAME_MAGIC);

	for (size_t i = 0; i + sizeof(struct disk_frame) <= size; i++) {
		struct disk_frame f;

		if (memcmp(data + i, &magic, sizeof(magic)) != 0)
			continue;
		memcpy(&f, data + i, sizeof(f));
		f.header_crc = le32_from(crc32c(crc32c(0, uuid, sizeof(uuid)), &f,
						offsetof(struct disk_frame, header_crc)));
		memcpy(data + i, &f, sizeof(f));
	}
}

/* The object at the position is encrypted: a key that does not fit does not move; then it is
 * passed. */
static void pass_encrypted(struct cart *c)
{
	static const uint8_t key[CRYPT_KEY_SIZE];
	struct cart_crypt crypt = { .decrypt = CART_DECRYPT_MIXED };
	struct cart_position before, after;
	static uint8_t block[READ_BYTES];
	const struct iovec iov = { block, sizeof(block) };
	size_t length;
	int r;

	cart_position(c, &before);
	fuzz_claim(crypt_key_new(key, &crypt.key) == 0 && cart_set_crypt(c, &crypt) == 0,
		   "a key can be set");
	r = cart_read(c, &iov, 1, sizeof(block), &length);
	cart_position(c, &after);
	fuzz_claim(r == 0 || r == CART_E_DAMAGED
			   ? after.object == before.object + 1
			   : (r == CART_E_WRONG_KEY || r == CART_E_TAMPERED) &&
				     after.object == before.object,
		   "it opens or is damaged, or the position stays");
	crypt.decrypt = CART_DECRYPT_RAW;
	if (after.object == before.object && cart_set_crypt(c, &crypt) == 0 &&
	    cart_read(c, &iov, 1, sizeof(block), &length) == CART_E_NO_RAW)
		fuzz_claim(cart_locate(c, before.object + 1) == 0, "what cannot be read is passed");
	fuzz_claim(cart_set_crypt(c, NULL) == 0, "it can be taken away");
	crypt_key_unref(crypt.key);
}

/* From the beginning: every object is one of the three kinds, and there are as many as promised. */
static void read_all(struct cart *c)
{
	static uint8_t block[READ_BYTES];
	const struct iovec iov = { block, sizeof(block) };
	uint64_t objects = cart_info(c)->objects, n = 0;
	size_t length;

	fuzz_claim(cart_locate(c, 0) == 0, "the beginning can be found");
	for (;; n++) {
		int r = cart_read(c, &iov, 1, sizeof(block), &length);

		if (r == CART_E_EOD)
			break;
		fuzz_claim(r == 0 || r == CART_E_FILEMARK || r == CART_E_DAMAGED ||
				   r == CART_E_ENCRYPTED,
			   "an object is a block, a filemark or damaged");
		if (r == CART_E_ENCRYPTED)
			pass_encrypted(c);
	}
	fuzz_claim(n == objects, "there are as many objects as the recording has");
}

static void move(struct cart *c)
{
	struct cart_position at;
	struct cart_check check;
	uint64_t residual;

	for (int64_t step = 1; step < 8; step += 3) { /* outcomes are of no interest */
		ignore_result(cart_space_blocks(c, -step, &residual));
		ignore_result(cart_space_filemarks(c, -step, &residual));
		ignore_result(cart_space_blocks(c, 2 * step, &residual));
		ignore_result(cart_space_sequential_filemarks(c, 2, &residual));
		ignore_result(cart_locate_file(c, (uint64_t)step));
		cart_position(c, &at);
		fuzz_claim(at.object <= cart_info(c)->objects, "the position is on the medium");
	}
	ignore_result(cart_verify(c, NULL, NULL, &check));
}

static void write_some(struct cart *c)
{
	char text[] = "written after all that";
	const struct iovec iov = { text, sizeof(text) };
	uint32_t written;
	size_t length;
	int r = cart_locate(c, cart_info(c)->objects / 2);

	if (r == 0)
		r = cart_write(c, &iov, 1, sizeof(text));
	if (r == 0)
		r = cart_write_filemarks(c, 2, &written);
	if (r != 0)
		return; /* a damaged cartridge may refuse */
	fuzz_claim(cart_locate(c, cart_info(c)->objects - 3) == 0, "what was written is found");
	memset(text, 0, sizeof(text));
	r = cart_read(c, &iov, 1, sizeof(text), &length);
	fuzz_claim(r == 0 && length == sizeof(text) && strcmp(text, "written after all that") == 0,
		   "what was written is read");
}

void fuzz_use_cartridge(void)
{
	struct cart *c = NULL;
	uint64_t objects;

	if (cart_open(pool, "F1", CART_OPEN_WRITE, &c) != 0)
		return;
	read_all(c);
	move(c);
	write_some(c);
	objects = cart_info(c)->objects;
	fuzz_claim(cart_close(c) == 0, "it closes");
	fuzz_claim(cart_open(pool, "F1", CART_OPEN_READ, &c) == 0, "it opens again");
	fuzz_claim(cart_info(c)->objects == objects, "and has what it had");
	read_all(c);
	fuzz_claim(cart_close(c) == 0, "it closes again");
}
