/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c: see copy.h. */
#include "lib/base/copy.h"

#include <string.h>

#if defined(__SSE2__)

#include <emmintrin.h>
#include <stdint.h>

#define STEP 64u

void copy_bytes(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (; size >= STEP; size -= STEP, t += STEP, f += STEP) {
		__m128i a = _mm_loadu_si128((const void *)f);
		__m128i b = _mm_loadu_si128((const void *)(f + 16));
		__m128i c = _mm_loadu_si128((const void *)(f + 32));
		__m128i d = _mm_loadu_si128((const void *)(f + 48));

		_mm_storeu_si128((void *)t, a);
		_mm_storeu_si128((void *)(t + 16), b);
		_mm_storeu_si128((void *)(t + 32), c);
		_mm_storeu_si128((void *)(t + 48), d);
	}
	memcpy(t, f, size);
}

#else

void copy_bytes(void *restrict to, const void *restrict from, size_t size)
{
	memcpy(to, from, size);
}

#endif
