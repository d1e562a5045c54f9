/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc32c.c: a version by a small constant table and, on x86-64 with SSE 4.2, three interleaved
 * streams of the crc32 instruction: its latency is three cycles and its throughput one, so that one
 * stream would use a third of the processor.
 */
#include "lib/base/crc32c.h"

#include <string.h>

#define POLY 0x82f63b78u /* 1EDC6F41h reflected */

#define T1(c)     (((c) >> 1) ^ (POLY & (0u - ((c)&1u))))
#define T2(c)     T1(T1(c))
#define T4(c)     T2(T2(c))
#define NIBBLE(n) T4((uint32_t)(n))

/* CRC of each half byte: 16 entries that the compiler computes, fast enough where there is no
 * instruction. */
static const uint32_t nibble_table[16] = {
	NIBBLE(0),  NIBBLE(1),  NIBBLE(2),  NIBBLE(3),  NIBBLE(4),  NIBBLE(5),
	NIBBLE(6),  NIBBLE(7),  NIBBLE(8),  NIBBLE(9),  NIBBLE(10), NIBBLE(11),
	NIBBLE(12), NIBBLE(13), NIBBLE(14), NIBBLE(15),
};

uint32_t crc32c_portable(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	crc = ~crc;
	while (size-- > 0) {
		crc ^= *p++;
		crc = (crc >> 4) ^ nibble_table[crc & 15];
		crc = (crc >> 4) ^ nibble_table[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

#define STREAM 4096 /* bytes of each of the three streams; a multiple of 8 */

/* x^(8 * STREAM) and x^(16 * STREAM) modulo the polynomial: what appending so many zero bytes
 * multiplies a CRC by. */
#define SHIFT_ONE 0x35d73a62u
#define SHIFT_TWO 0x28461564u

/* a * b in GF(2) modulo the polynomial, bit-reflected. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (int i = 0; i < 32; i++) {
		product ^= b & (0u - (a >> 31));
		a <<= 1;
		b = T1(b);
	}
	return product;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* 3 * STREAM bytes at @p. */
__attribute__((target("sse4.2"))) static uint32_t crc_three(uint32_t crc, const uint8_t *p)
{
	uint64_t a = crc, b = 0, c = 0;

	for (size_t i = 0; i < STREAM; i += 8) {
		a = _mm_crc32_u64(a, load64(p + i));
		b = _mm_crc32_u64(b, load64(p + STREAM + i));
		c = _mm_crc32_u64(c, load64(p + 2 * STREAM + i));
	}
	return multiply((uint32_t)a, SHIFT_TWO) ^ multiply((uint32_t)b, SHIFT_ONE) ^ (uint32_t)c;
}

__attribute__((target("sse4.2"))) static uint32_t crc_hardware(uint32_t crc, const uint8_t *p,
							       size_t size)
{
	uint64_t c;

	crc = ~crc;
	for (; size >= 3 * STREAM; p += 3 * STREAM, size -= 3 * STREAM)
		crc = crc_three(crc, p);
	c = crc;
	for (; size >= 8; p += 8, size -= 8)
		c = _mm_crc32_u64(c, load64(p));
	while (size-- > 0)
		c = _mm_crc32_u8((uint32_t)c, *p++);
	return ~(uint32_t)c;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	if (__builtin_cpu_supports("sse4.2"))
		return crc_hardware(crc, data, size);
	return crc32c_portable(crc, data, size);
}

#else

uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	return crc32c_portable(crc, data, size);
}

#endif
