/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartridge_tool.c: what tests/format compares the Python reader with.
 *
 *   cartridge_tool make POOL BARCODE      a cartridge with a recording of every kind of object
 *   cartridge_tool abandon POOL BARCODE   the same, and more: five objects synced, five not, and
 *                                         the writer dies
 *   cartridge_tool groups POOL BARCODE    a recording whose digest is made of several groups
 *   cartridge_tool attributes POOL BARCODE  as make, with attributes of three partitions
 *   cartridge_tool known POOL BARCODE     lists the attributes, as lib/store reads them
 *   cartridge_tool partitions POOL BARCODE  two partitions with a recording each
 *   cartridge_tool list POOL BARCODE      lists it as the reader does, through lib/store
 *   cartridge_tool encrypted POOL BARCODE a recording with encrypted blocks, of the key 00 01 .. 1f
 *   cartridge_tool decrypted POOL BARCODE lists it with that key
 *   cartridge_tool digest POOL BARCODE    prints its digest, computed by lib/store
 *   cartridge_tool worm POOL BARCODE      a write once cartridge, with an attribute that a careless
 *                                         reader would take for the record of a cleaning one
 *   cartridge_tool cleaning POOL BARCODE  a cleaning cartridge, used three times of fifty
 *   cartridge_tool kind POOL BARCODE      what it is made for, as the reader's info has it
 *
 * A line of the list: object, logical file, "block" with its length and CRC32C, "encrypted" with
 * its length and the CRC32C of its envelope, or "filemark".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/store/cartridge.h"

#define LONGEST 200000u

static uint8_t block[LONGEST];

static int write_block(struct cart *c, size_t size)
{
	struct iovec iov = { block, size };

	return cart_write(c, &iov, 1, size);
}

static int write_text(struct cart *c, const char *text)
{
	(void)snprintf((char *)block, sizeof(block), "%s", text);
	return write_block(c, strlen(text));
}

/* Bytes that zlib cannot shorten. */
static void fill_noise(size_t size)
{
	uint32_t x = 2463534242u;

	for (size_t i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		block[i] = (uint8_t)(x >> 11);
	}
}

static int write_marks(struct cart *c, uint32_t count)
{
	uint32_t written;

	return cart_write_filemarks(c, count, &written);
}

/* First open: plain blocks, most of which the second open overwrites. */
static int record_first(struct cart *c)
{
	int r = write_text(c, "The first block of a tape is often its label.\n");

	if (r == 0)
		r = write_marks(c, 1);
	for (int i = 0; r == 0 && i < 5; i++)
		r = write_text(c, "overwritten: must never be seen again\n");
	return r;
}

/* Second open: from object 3 on, with compression. */
static int record_second(struct cart *c)
{
	int r = cart_set_codec(c, CART_CODEC_ZLIB);

	if (r == 0)
		r = cart_locate(c, 3);
	if (r == 0)
		r = write_text(c, "x");
	memset(block, 'A', LONGEST);
	if (r == 0)
		r = write_block(c, LONGEST);
	fill_noise(300);
	if (r == 0)
		r = write_block(c, 300);
	return r == 0 ? write_marks(c, 2) : r;
}

static int record(const char *pool, const char *barcode, int (*fn)(struct cart *c))
{
	struct cart *c = NULL;
	int r = cart_open(pool, barcode, CART_OPEN_WRITE, &c);

	if (r == 0)
		r = fn(c);
	return cart_close(c) != 0 && r == 0 ? 1 : r;
}

static int add_copy(struct cart *c)
{
	struct cart_copy copy = { .volume = "PHYS01L8", .generation = cart_info(c)->generation };
	uint64_t object;

	copy.blocks = cart_info(c)->blocks;
	copy.filemarks = cart_info(c)->filemarks;
	copy.bytes = cart_info(c)->logical_bytes;
	copy.verified_s = 1790000000;
	if (cart_compute_digest(c, NULL, NULL, copy.digest, &object) != 0)
		return 1;
	return cart_copy_add(c, &copy);
}

static int create_kind(const char *pool, const char *barcode, enum cart_kind kind)
{
	const struct cart_params params = {
		.barcode = barcode,
		.kind = kind,
		.cleanings = kind == CART_CLEANING ? 50 : 0,
		.density = 0x5e,
		.medium_type = 0x88,
		.capacity_bytes = UINT64_C(64) << 20,
		.early_warning_bytes = UINT64_C(1) << 20,
	};

	return cart_create(pool, &params);
}

static int create(const char *pool, const char *barcode)
{
	return create_kind(pool, barcode, CART_DATA);
}

static int make(const char *pool, const char *barcode)
{
	int r = create(pool, barcode);

	if (r == 0)
		r = record(pool, barcode, record_first);
	if (r == 0)
		r = record(pool, barcode, record_second);
	return r == 0 ? record(pool, barcode, add_copy) : r;
}

static int record_partitions(struct cart *c)
{
	const struct cart_format f = {
		.partitions = 2,
		.proportion = CART_WHOLE,
		.capacity_bytes = { UINT64_C(48) << 20, UINT64_C(12) << 20 },
	};
	struct cart *one = NULL;
	int r = cart_format(c, &f);

	if (r == 0)
		r = record_first(c);
	if (r == 0)
		r = cart_open_partition(c, 1, &one);
	if (r == 0)
		r = write_text(one, "The first block of partition 1.\n");
	if (r == 0)
		r = write_marks(one, 2);
	return cart_close(one) != 0 && r == 0 ? 1 : r;
}

static int partitions(const char *pool, const char *barcode)
{
	int r = create(pool, barcode);

	return r == 0 ? record(pool, barcode, record_partitions) : r;
}

static int write_five(struct cart *c)
{
	int r = 0;

	for (int i = 0; r == 0 && i < 4; i++) {
		fill_noise(100 + 50 * (size_t)i);
		if (i >= 2) /* lz4 and zstd have something to do */
			memset(block, 'a' + i, 100);
		r = cart_set_codec(c, (enum cart_codec)i);
		if (r == 0)
			r = write_block(c, 100 + 50 * (size_t)i);
	}
	return r == 0 ? write_marks(c, 1) : r;
}

static int abandon(const char *pool, const char *barcode)
{
	struct cart *c = NULL;
	int r = make(pool, barcode);

	if (r == 0)
		r = cart_open(pool, barcode, CART_OPEN_WRITE, &c);
	if (r == 0)
		r = cart_space_eod(c);
	if (r == 0)
		r = write_five(c);
	if (r == 0)
		r = cart_sync(c);
	if (r == 0)
		r = write_five(c);
	if (r == 0)
		_exit(0); /* no close: this is the point */
	return r;
}

/* One group of exactly 65536 objects, and one that ends with the recording. */
static int record_groups(struct cart *c)
{
	int r = write_text(c, "The first group.\n");

	if (r == 0)
		r = write_marks(c, CART_GROUP_OBJECTS - 1);
	return r == 0 ? write_text(c, "The second group.\n") : r;
}

static int groups(const char *pool, const char *barcode)
{
	int r = create(pool, barcode);

	if (r == 0)
		r = record(pool, barcode, record_groups);
	return r == 0 ? record(pool, barcode, add_copy) : r;
}

/* Of each format, of more than one partition, of one byte and of many. */
static int set_attributes(struct cart *c)
{
	static uint8_t binary[70] = { 4, 0, 0, 0, 3 };
	const struct cart_attribute list[] = {
		{ 0x0806, 0, 1, 8, (const uint8_t *)"V1MAM   " },
		{ 0x0803, 0, 2, 11,
		  (const uint8_t *)"Gr\xc3\xbc\xc3\x9f"
				   "e, us" },
		{ 0x080c, 0, 0, sizeof(binary), binary },
		{ 0x080c, 1, 0, sizeof(binary), binary },
		{ 0x080c, 3, 0, 23, binary },
		{ 0x1623, 0, 0, 1, (const uint8_t *)"\x00" },
	};

	return cart_attributes_set(c, list, sizeof(list) / sizeof(*list), CART_ATTRIBUTES_NOW);
}

static int attributes(const char *pool, const char *barcode)
{
	int r = make(pool, barcode);

	return r == 0 ? record(pool, barcode, set_attributes) : r;
}

static int known(const char *pool, const char *barcode)
{
	struct cart_attributes all;
	struct cart_attribute one;
	size_t at = 0;
	int r = cart_stat_attributes(pool, barcode, &all);

	if (r != 0)
		return r;
	while (cart_attributes_next(&all, &at, &one)) {
		printf("%u %04x %u ", one.partition, one.id, one.format);
		for (unsigned i = 0; i < one.size; i++)
			printf("%02x", one.value[i]);
		printf("\n");
	}
	cart_attributes_clear(&all);
	return 0;
}

/* The value is a whole record of type 4, for a cleaning cartridge, twice. */
static int set_hostile_attribute(struct cart *c)
{
	static const uint8_t record[32] = { 4, 0, 12, 0, 2, 0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0,
					    4, 0, 12, 0, 2, 0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0 };
	const struct cart_attribute one = { 0x1400, 0, 0, sizeof(record), record };

	return cart_attributes_set(c, &one, 1, CART_ATTRIBUTES_NOW);
}

/* What a write once medium lets a host do: to append, over the last of two filemarks too. */
static int append(struct cart *c)
{
	int r = cart_space_eod(c);

	if (r == 0)
		r = write_marks(c, 2);
	if (r == 0)
		r = cart_locate(c, cart_info(c)->objects - 1);
	if (r == 0)
		r = write_text(c, "appended\n");
	return r == 0 ? set_hostile_attribute(c) : r;
}

static int worm(const char *pool, const char *barcode)
{
	int r = create_kind(pool, barcode, CART_WORM);

	if (r == 0)
		r = record(pool, barcode, record_first);
	return r == 0 ? record(pool, barcode, append) : r;
}

static int cleaning(const char *pool, const char *barcode)
{
	int r = create_kind(pool, barcode, CART_CLEANING);
	uint32_t left;

	for (unsigned i = 0; r == 0 && i < 3; i++)
		r = cart_use_cleaning(pool, barcode, &left);
	return r;
}

static int kind(const char *pool, const char *barcode)
{
	static struct cart_info info;
	int r = cart_stat(pool, barcode, &info);

	if (r != 0)
		return r;
	printf("kind %s", cart_kind_name(info.kind));
	if (info.kind == CART_CLEANING)
		printf(" %u used %u", info.cleanings, info.cleanings_used);
	printf("\n");
	return 0;
}

/* With the key of the tests; @label becomes the authenticated key-associated data. */
static int set_key(struct cart *c, bool encrypt, const char *label, bool no_raw)
{
	struct cart_crypt crypt = { .encrypt = encrypt,
				    .no_raw = no_raw,
				    .decrypt = CART_DECRYPT_MIXED };
	uint8_t key[CRYPT_KEY_SIZE];
	int r;

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	r = crypt_key_new(key, &crypt.key);
	crypt.kads.format = label[0] != '\0' ? 2 : 0;
	crypt.kads.size[CRYPT_KAD_AUTHENTICATED] = (uint8_t)strlen(label);
	memcpy(crypt.kads.data[CRYPT_KAD_AUTHENTICATED], label, strlen(label));
	if (r == 0)
		r = cart_set_crypt(c, &crypt);
	crypt_key_unref(crypt.key);
	return r;
}

/* A plain label; text that each codec packs, once with a name; noise; a plain block again. */
static int record_encrypted(struct cart *c)
{
	int r = write_text(c, "A label that anybody may read.\n");

	for (unsigned i = 0; r == 0 && i <= CART_CODEC_ZSTD; i++) {
		r = set_key(c, true, i == 1 ? "the key of 2026" : "", i == 2);
		if (r == 0)
			r = cart_set_codec(c, (enum cart_codec)i);
		memset(block, 'a' + (int)i, 3000);
		if (r == 0)
			r = write_block(c, 3000);
	}
	if (r == 0)
		r = write_marks(c, 1);
	fill_noise(500);
	if (r == 0)
		r = write_block(c, 500);
	if (r == 0)
		r = cart_set_crypt(c, NULL);
	return r == 0 ? write_text(c, "not encrypted\n") : r;
}

static int encrypted(const char *pool, const char *barcode)
{
	int r = create(pool, barcode);

	if (r == 0)
		r = record(pool, barcode, record_encrypted);
	return r == 0 ? record(pool, barcode, add_copy) : r;
}

static int print_digest(struct cart *c)
{
	uint8_t sum[CART_DIGEST_SIZE];
	uint64_t object;
	int r = cart_compute_digest(c, NULL, NULL, sum, &object);

	for (size_t i = 0; r == 0 && i < sizeof(sum); i++)
		printf("%02x", sum[i]);
	printf("\n");
	return r;
}

static int list_objects(struct cart *c)
{
	static uint8_t data[CART_MAX_BLOCK];
	const struct iovec iov = { data, sizeof(data) };

	for (;;) {
		struct cart_content content;
		struct cart_position at;
		size_t length;
		int r;

		cart_position(c, &at);
		r = cart_read(c, &iov, 1, sizeof(data), &length);
		if (r == CART_E_EOD)
			return 0;
		printf("%" PRIu64 " %" PRIu64 " ", at.object, at.file);
		if (r == CART_E_ENCRYPTED &&
		    cart_read_content(c, &iov, 1, sizeof(data), &content) == 0)
			printf("encrypted %u %08" PRIx32 "\n", content.logical_size,
			       crc32c(0, data, content.size));
		else if (r == CART_E_FILEMARK)
			printf("filemark\n");
		else if (r == CART_E_DAMAGED)
			printf("damaged\n");
		else if (r == 0)
			printf("block %zu %08" PRIx32 "\n", length, crc32c(0, data, length));
		else
			return r;
	}
}

static int list_decrypted(struct cart *c)
{
	int r = set_key(c, false, "", false);

	return r == 0 ? list_objects(c) : r;
}

static int read_with(const char *pool, const char *barcode, int (*fn)(struct cart *c))
{
	struct cart *c = NULL;
	int r = cart_open(pool, barcode, CART_OPEN_READ, &c);

	if (r == CART_E_CLEANING)
		return 0; /* it has no recording */
	if (r == 0)
		r = fn(c);
	return cart_close(c) != 0 && r == 0 ? 1 : r;
}

static int list(const char *pool, const char *barcode)
{
	return read_with(pool, barcode, list_objects);
}

static int decrypted(const char *pool, const char *barcode)
{
	return read_with(pool, barcode, list_decrypted);
}

static int digest(const char *pool, const char *barcode)
{
	return read_with(pool, barcode, print_digest);
}

static const struct verb {
	const char *name;
	int (*fn)(const char *pool, const char *barcode);
} verbs[] = { { "make", make },
	      { "abandon", abandon },
	      { "groups", groups },
	      { "partitions", partitions },
	      { "attributes", attributes },
	      { "known", known },
	      { "list", list },
	      { "encrypted", encrypted },
	      { "decrypted", decrypted },
	      { "digest", digest },
	      { "worm", worm },
	      { "cleaning", cleaning },
	      { "kind", kind } };

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 4 && i < sizeof(verbs) / sizeof(*verbs); i++) {
		int r;

		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		r = verbs[i].fn(argv[2], argv[3]);
		if (r != 0)
			fprintf(stderr, "cartridge_tool: %s: %s\n", argv[3], cart_outcome_name(r));
		return r == 0 ? 0 : 1;
	}
	fprintf(stderr, "usage: cartridge_tool make|abandon|groups|list|digest POOL BARCODE\n");
	return 2;
}
