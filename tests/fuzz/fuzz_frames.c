/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_frames.c: the input is a data file of a recording that was not closed; first as it is, then
 * with frame CRCs that fit, which is what an attacker would do.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define DATA "data.00000001.00000000"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct disk_header h = fuzz_header();
	uint8_t *copy = malloc(size + 1);

	fuzz_claim(copy != NULL, "there is memory");
	memcpy(copy, data, size);
	for (int sealed = 0; sealed <= 1; sealed++) {
		fuzz_begin();
		fuzz_put_header(&h);
		if (sealed)
			fuzz_seal_frames(copy, size);
		fuzz_file(DATA, copy, size);
		fuzz_use_cartridge();
	}
	free(copy);
	return 0;
}
