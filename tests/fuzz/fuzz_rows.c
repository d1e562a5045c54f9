/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_rows.c: the input is the entries of rows.STREAM beside a sound recording, with a CRC that
 * fits.  Such a file can hide a row of filemarks, as any that its writer made wrong; but nothing is
 * found that is not there, everything else reads, and nothing crashes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/store/rows.h"
#include "tests/fuzz/fuzz.h"

#define OBJECTS   3600u /* with three batches of filemarks */
#define ROWS_FILE "rows.00000001"

static uint8_t kept[4096]; /* the file as it should be */
static size_t kept_size;

/* Every second object, and 9 in a row now and then. */
static bool is_mark(uint64_t object)
{
	return object % 2 == 1 || object % 700 < 9;
}

static void record(void)
{
	const struct cart_params params = { .barcode = "F1" };
	static uint8_t block[8];
	const struct iovec iov = { block, sizeof(block) };
	char path[400];
	struct cart *c;
	uint32_t written;
	FILE *f;
	int r = cart_create(fuzz_pool(), &params);

	if (r == 0)
		r = cart_open(fuzz_pool(), "F1", CART_OPEN_WRITE, &c);
	for (unsigned i = 0; r == 0 && i < OBJECTS; i++)
		r = is_mark(i) ? cart_write_filemarks(c, 1, &written)
			       : cart_write(c, &iov, 1, sizeof(block));
	fuzz_claim(r == 0 && cart_close(c) == 0, "a cartridge is made");
	(void)snprintf(path, sizeof(path), "%s/F1.cart/" ROWS_FILE, fuzz_pool());
	f = fopen(path, "rb");
	fuzz_claim(f != NULL, "its rows are kept");
	kept_size = fread(kept, 1, sizeof(kept), f);
	fuzz_claim(kept_size > sizeof(struct disk_rows) && kept_size < sizeof(kept),
		   "its rows are whole");
	(void)fclose(f);
}

static void seal(uint8_t *file, size_t size)
{
	struct disk_rows d;

	memcpy(&d, file, sizeof(d));
	d.crc = le32_from(crc32c(crc32c(0, &d, offsetof(struct disk_rows, crc)), file + sizeof(d),
				 size - sizeof(d)));
	memcpy(file, &d, sizeof(d));
}

static void expect_search(struct cart *c, uint64_t from, int64_t count)
{
	uint64_t n = (uint64_t)(count < 0 ? -count : count), residual;
	struct cart_position at;
	int r = cart_locate(c, from);

	fuzz_claim(r == 0, "an object is found");
	r = cart_space_sequential_filemarks(c, count, &residual);
	cart_position(c, &at);
	fuzz_claim(r == 0 || r == (count > 0 ? CART_E_EOD : CART_E_BOP), "a search ends");
	if (r != 0)
		return;
	fuzz_claim(count > 0 ? at.object >= from + n : at.object + n <= from,
		   "it ends beyond its row");
	for (uint64_t i = 0; i < n; i++)
		fuzz_claim(is_mark(count > 0 ? at.object - 1 - i : at.object + i),
			   "the row is one");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t counts[] = { 1, 2, 5, 8, 9, 10, 512, 60000 };
	static uint8_t file[sizeof(kept)];
	struct cart *c;

	if (kept_size == 0)
		record();
	memcpy(file, kept, kept_size);
	if (size > kept_size - sizeof(struct disk_rows))
		size = kept_size - sizeof(struct disk_rows);
	memcpy(file + sizeof(struct disk_rows), data, size);
	seal(file, kept_size);
	fuzz_file(ROWS_FILE, file, kept_size);
	fuzz_claim(cart_open(fuzz_pool(), "F1", CART_OPEN_READ, &c) == 0, "the cartridge opens");
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		expect_search(c, 0, counts[i]);
		expect_search(c, OBJECTS, -counts[i]);
		expect_search(c, 1000 + i, i % 2 == 0 ? counts[i] : -counts[i]);
	}
	fuzz_claim(cart_close(c) == 0, "the cartridge closes");
	return 0;
}
