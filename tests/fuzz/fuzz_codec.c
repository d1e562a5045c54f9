/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_codec.c: the input is a block as it may lie on a medium: a byte for the codec, two for the
 * size that it should have, the packed data.  Whatever it is, unpacking says so and touches nothing
 * else; and it leaves a codec that works.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/codec.h"
#include "tests/fuzz/fuzz.h"

#define GUARD 0xa5

static struct codec *codec; /* one for all inputs, as in a drive */

/* What is packed unpacks, and not into anything else. */
static void round_trip(enum cart_codec which, const uint8_t *data, size_t size)
{
	const struct iovec iov = { (void *)(uintptr_t)data, size };
	const uint8_t *packed;
	size_t packed_size;
	uint8_t *copy, *back;

	fuzz_claim(codec_pack(codec, which, &iov, 1, size, &packed, &packed_size) == 0,
		   "anything can be packed, or left alone");
	if (packed_size == 0)
		return;
	fuzz_claim(packed_size < size, "what is packed is shorter");
	copy = malloc(packed_size);
	back = malloc(size + 1);
	fuzz_claim(copy != NULL && back != NULL, "there is memory");
	memcpy(copy, packed, packed_size);
	fuzz_claim(codec_unpack(codec, (uint8_t)which, copy, packed_size, back, size) == 0 &&
			   memcmp(back, data, size) == 0,
		   "what was packed unpacks");
	fuzz_claim(codec_unpack(codec, (uint8_t)which, copy, packed_size, back, size - 1) ==
			   CART_E_DAMAGED,
		   "a block that is too long is damaged");
	fuzz_claim(codec_unpack(codec, (uint8_t)which, copy, packed_size, back, size + 1) ==
			   CART_E_DAMAGED,
		   "a block that is too short is damaged");
	fuzz_claim(codec_unpack(codec, (uint8_t)which, copy, packed_size - 1, back, size) ==
			   CART_E_DAMAGED,
		   "a block without its end is damaged");
	free(copy);
	free(back);
}

static void unpack(uint8_t which, size_t size, const uint8_t *data, size_t packed_size)
{
	uint8_t *packed = malloc(packed_size + 1), *block = malloc(size + 1);
	int r;

	fuzz_claim(packed != NULL && block != NULL, "there is memory");
	memcpy(packed, data, packed_size); /* so that no byte behind it can be read */
	block[size] = GUARD;
	r = codec_unpack(codec, which, packed, packed_size, block, size);
	fuzz_claim(r == 0 || r == CART_E_DAMAGED || r == -ENOMEM,
		   "a packed block is whole or damaged");
	fuzz_claim(r != 0 || which <= CODEC_LAST, "an unknown codec is damage");
	fuzz_claim(block[size] == GUARD, "nothing is written behind the block");
	free(packed);
	free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4)
		return 0;
	if (codec == NULL)
		codec = codec_new();
	fuzz_claim(codec != NULL, "there is memory");
	unpack(data[0], 1 + ((size_t)data[1] | (size_t)data[2] << 8), data + 3, size - 3);
	if (data[0] > 0 && data[0] <= CODEC_LAST)
		round_trip((enum cart_codec)data[0], data + 3, size - 3);
	return 0;
}
