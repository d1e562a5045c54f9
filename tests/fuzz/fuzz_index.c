/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_index.c: the input is an index followed by marks (the first byte says how many bytes are
 * marks) beside a sound recording.  Whatever they say, everything reads and is found as it was
 * written (P4).
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define OBJECTS 24u

/* Every fifth object is a filemark; block i has i * 10 + 1 bytes of value i. */
static bool is_mark(uint64_t object)
{
	return object % 5 == 4;
}

static void record(void)
{
	const struct cart_params params = { .barcode = "F1" };
	static uint8_t block[OBJECTS * 10];
	struct cart *c;
	uint32_t written;
	int r = cart_create(fuzz_pool(), &params);

	if (r == 0)
		r = cart_open(fuzz_pool(), "F1", CART_OPEN_WRITE, &c);
	for (unsigned i = 0; r == 0 && i < OBJECTS; i++) {
		const struct iovec iov = { block, i * 10 + 1 };

		memset(block, (int)i, sizeof(block));
		r = is_mark(i) ? cart_write_filemarks(c, 1, &written)
			       : cart_write(c, &iov, 1, i * 10 + 1);
	}
	fuzz_claim(r == 0 && cart_close(c) == 0, "a cartridge is made");
}

static void expect_object(struct cart *c, uint64_t object)
{
	uint8_t got[OBJECTS * 10];
	const struct iovec iov = { got, sizeof(got) };
	struct cart_position at;
	size_t length;
	int r;

	cart_position(c, &at);
	fuzz_claim(at.object == object && at.file == object / 5, "the position is right");
	r = cart_read(c, &iov, 1, sizeof(got), &length);
	if (is_mark(object)) {
		fuzz_claim(r == CART_E_FILEMARK, "a filemark is a filemark");
		return;
	}
	fuzz_claim(r == 0 && length == object * 10 + 1, "a block reads with its length");
	for (size_t i = 0; i < length; i++)
		fuzz_claim(got[i] == object, "a block reads with its data");
}

static void expect_all(struct cart *c)
{
	uint64_t residual;

	for (uint64_t file = 1; file <= OBJECTS / 5; file++) {
		fuzz_claim(cart_locate_file(c, file) == 0, "a file is found");
		if (file * 5 < OBJECTS)
			expect_object(c, file * 5);
	}
	for (uint64_t object = OBJECTS; object-- > 0;) {
		fuzz_claim(cart_locate(c, object) == 0, "an object is found");
		expect_object(c, object);
	}
	fuzz_claim(cart_locate(c, 1) == 0 && cart_space_filemarks(c, 2, &residual) == 0,
		   "filemarks are spaced over");
	expect_object(c, 10);
	fuzz_claim(cart_space_blocks(c, 9, &residual) == CART_E_FILEMARK && residual == 6,
		   "blocks are spaced over up to a filemark");
	expect_object(c, 15);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool recorded;
	struct cart *c;
	size_t marks;

	if (size == 0)
		return 0;
	if (!recorded)
		record();
	recorded = true;
	marks = data[0] < size - 1 ? data[0] : size - 1;
	fuzz_file("index.00000001", data + 1, size - 1 - marks);
	fuzz_file("marks.00000001", data + size - marks, marks);
	fuzz_claim(cart_open(fuzz_pool(), "F1", size % 2 == 0 ? CART_OPEN_READ : CART_OPEN_WRITE,
			     &c) == 0,
		   "the cartridge opens");
	expect_all(c);
	fuzz_claim(cart_close(c) == 0, "the cartridge closes");
	return 0;
}
