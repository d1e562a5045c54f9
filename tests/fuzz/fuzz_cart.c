/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cart.c: the input is a whole cartridge: four lengths of two bytes, then as many bytes of the
 * header, of two segments and of the index; the rest are the marks.  First as it is, then with a
 * header and frames whose CRCs fit, which is what an attacker would do.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "tests/fuzz/fuzz.h"

#define PARTS 5

static const char *const names[PARTS] = { HEADER_NAME, "data.00000001.00000000",
					  "data.00000001.00000001", "index.00000001",
					  "marks.00000001" };

struct part {
	uint8_t *data;
	size_t size;
};

static void split(uint8_t *data, size_t size, struct part parts[PARTS])
{
	const uint8_t *lengths = data;

	data += 8;
	size -= 8;
	for (unsigned i = 0; i < PARTS; i++) {
		size_t n = size;

		if (i < PARTS - 1)
			n = (size_t)lengths[2 * i] | (size_t)lengths[2 * i + 1] << 8;
		n = n < size ? n : size;
		parts[i] = (struct part){ data, n };
		data += n;
		size -= n;
	}
}

/* So many objects fit into the segment before that entering them as lost takes a while. */
static void keep_small(uint8_t *data, size_t size)
{
	const le32 magic = le32_from(FRAME_MAGIC);

	for (size_t i = 0; i + sizeof(struct disk_frame) <= size; i++) {
		struct disk_frame f;

		if (memcmp(data + i, &magic, sizeof(magic)) != 0)
			continue;
		memcpy(&f, data + i, sizeof(f));
		f.object = le64_from(le64_get(f.object) % 10000);
		memcpy(data + i, &f, sizeof(f));
	}
}

/* Everything fits together but what a fuzzer is to vary. */
static void seal(struct part parts[PARTS])
{
	struct disk_header h;
	size_t size = parts[0].size;
	le32 crc;

	if (size >= sizeof(h) + sizeof(crc)) {
		memcpy(&h, parts[0].data, sizeof(h));
		memcpy(h.magic, HEADER_MAGIC, sizeof(h.magic));
		h.version = le32_from(FORMAT_VERSION);
		h.size = le32_from((uint32_t)size);
		h.stream = le32_from(1);
		memset(h.uuid, 0, sizeof(h.uuid));
		memset(h.barcode, 0, sizeof(h.barcode));
		memcpy(h.barcode, "F1", 2);
		memcpy(parts[0].data, &h, sizeof(h));
		crc = le32_from(crc32c(0, parts[0].data, size - sizeof(crc)));
		memcpy(parts[0].data + size - sizeof(crc), &crc, sizeof(crc));
	}
	fuzz_seal_frames(parts[1].data, parts[1].size);
	keep_small(parts[2].data, parts[2].size);
	fuzz_seal_frames(parts[2].data, parts[2].size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct part parts[PARTS];
	uint8_t *copy;

	if (size < 8)
		return 0;
	copy = malloc(size);
	fuzz_claim(copy != NULL, "there is memory");
	memcpy(copy, data, size);
	split(copy, size, parts);
	for (int sealed = 0; sealed <= 1; sealed++) {
		fuzz_begin();
		if (sealed)
			seal(parts);
		for (unsigned i = 0; i < PARTS; i++)
			if (i == 0 || parts[i].size > 0)
				fuzz_file(names[i], parts[i].data, parts[i].size);
		if (fuzz_is_small(parts[0].data, parts[0].size))
			fuzz_use_cartridge();
	}
	free(copy);
	return 0;
}
