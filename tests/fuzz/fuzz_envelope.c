/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_envelope.c: the input is what a medium, or a physical tape, gives as the envelope of an
 * encrypted block.  Whatever it is, looking at it touches nothing else; and where a key opens it,
 * it is exactly what was sealed.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/store/crypt.h"
#include "tests/fuzz/fuzz.h"

#define GUARD 0xa5

static struct crypt_key *key; /* the zero key: that of the corpus */

static void check(const struct crypt_envelope *e, const uint8_t *data, size_t size)
{
	size_t kads = 0;

	for (unsigned i = 0; i < CRYPT_KADS; i++) {
		fuzz_claim(e->kad[i] >= data && e->kad[i] + e->kad_size[i] <= data + size,
			   "key-associated data lies inside");
		kads += e->kad_size[i];
	}
	fuzz_claim(e->head_size == sizeof(struct disk_envelope) + kads, "the head is known");
	fuzz_claim(size == e->head_size + 8 + e->packed_size + 16, "and so is the whole");
	fuzz_claim(e->logical_size > 0 && e->logical_size <= CART_MAX_ENCRYPTED &&
			   e->packed_size <= e->logical_size,
		   "the sizes make sense");
}

static void open_it(const struct crypt_envelope *e, const uint8_t *data, size_t size)
{
	uint8_t *block = malloc((size_t)e->packed_size + 1);
	int r;

	fuzz_claim(block != NULL, "there is memory");
	block[e->packed_size] = GUARD;
	r = crypt_open(key, data, size, block);
	fuzz_claim(r == 0 || r == CART_E_WRONG_KEY || r == CART_E_TAMPERED,
		   "it opens, or is of another key, or was changed");
	fuzz_claim(crypt_key_fits(key, data, size) == (r != CART_E_WRONG_KEY),
		   "the two ways to ask agree");
	fuzz_claim(block[e->packed_size] == GUARD, "nothing is written behind the block");
	free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[CRYPT_KEY_SIZE];
	uint8_t *copy = malloc(size + 1), ignored[1];
	struct crypt_envelope e;

	if (key == NULL)
		fuzz_claim(crypt_key_new(zero, &key) == 0, "there is a key");
	fuzz_claim(copy != NULL, "there is memory");
	memcpy(copy, data, size);
	if (crypt_envelope_parse(copy, size, &e)) {
		check(&e, copy, size);
		open_it(&e, copy, size);
	} else {
		fuzz_claim(crypt_open(key, copy, size, ignored) == CART_E_DAMAGED &&
				   !crypt_key_fits(key, copy, size),
			   "what is no envelope cannot be opened");
	}
	free(copy);
	return 0;
}
