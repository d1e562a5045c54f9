/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_header.c: the input is a header file, without any data beside it.  Even with a CRC that fits
 * it is refused, or makes sense and the cartridge can be used as far as its state allows.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "tests/fuzz/fuzz.h"

static void check_info(const struct cart_info *i)
{
	fuzz_claim(i->blocks + i->filemarks == i->objects, "the counters add up");
	fuzz_claim(barcode_is_valid(i->barcode), "the barcode is one");
	fuzz_claim(i->copies_cnt <= CART_MAX_COPIES, "there are not too many copies");
	fuzz_claim(strnlen(i->damage, sizeof(i->damage)) < sizeof(i->damage), "texts end");
}

static void try_header(const uint8_t *data, size_t size)
{
	static struct cart_info info;

	fuzz_file(HEADER_NAME, data, size);
	if (cart_stat(fuzz_pool(), "F1", &info) != 0)
		return;
	check_info(&info);
	if (fuzz_is_small(data, size))
		fuzz_use_cartridge();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	fuzz_claim(copy != NULL, "there is memory");
	memcpy(copy, data, size);
	fuzz_begin();
	try_header(copy, size);
	if (size >= sizeof(struct disk_header) + sizeof(le32)) {
		le32 crc, total = le32_from((uint32_t)size);

		memcpy(copy + offsetof(struct disk_header, size), &total, sizeof(total));
		crc = le32_from(crc32c(0, copy, size - sizeof(crc)));
		memcpy(copy + size - sizeof(crc), &crc, sizeof(crc));
		try_header(copy, size);
	}
	free(copy);
	return 0;
}
