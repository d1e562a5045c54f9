/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc32c.c: a version by tables, 16 bytes a step, and, on x86-64 with SSE 4.2, three interleaved
 * streams of the crc32 instruction: its latency is three cycles and its throughput one, so that one
 * stream would use a third of the processor.
 *
 * The tables matter where there is no instruction, and where there only seems to be one: emulators
 * work it out bit by bit.
 */
#include "lib/base/crc32c.h"

#include <endian.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define POLY 0x82f63b78u /* 1EDC6F41h reflected */
#define STEP 16

#define T1(c) (((c) >> 1) ^ (POLY & (0u - ((c)&1u))))

/* tables[k][n]: the CRC of byte n and k bytes of 0 behind it. */
static uint32_t tables[STEP][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
	for (uint32_t n = 0; n < 256; n++) {
		uint32_t c = n;

		for (int bit = 0; bit < 8; bit++)
			c = T1(c);
		tables[0][n] = c;
	}
	for (int k = 1; k < STEP; k++)
		for (int n = 0; n < 256; n++) {
			uint32_t c = tables[k - 1][n];

			tables[k][n] = (c >> 8) ^ tables[0][c & 255];
		}
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* What the 8 bytes of @v, the first one lowest, add where @behind bytes of the step follow them. */
static inline uint32_t eight(uint64_t v, int behind)
{
	uint32_t(*t)[256] = &tables[behind];

	return t[7][v & 255] ^ t[6][(v >> 8) & 255] ^ t[5][(v >> 16) & 255] ^
	       t[4][(v >> 24) & 255] ^ t[3][(v >> 32) & 255] ^ t[2][(v >> 40) & 255] ^
	       t[1][(v >> 48) & 255] ^ t[0][v >> 56];
}

uint32_t crc32c_portable(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	(void)pthread_once(&tables_once, make_tables);
	crc = ~crc;
	for (; size >= STEP; p += STEP, size -= STEP)
		crc = eight(le64toh(load64(p)) ^ crc, 8) ^ eight(le64toh(load64(p + 8)), 0);
	while (size-- > 0)
		crc = (crc >> 8) ^ tables[0][(crc ^ *p++) & 255];
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

/* ---- which one ---- */

#define TRIAL 16384 /* bytes: some microseconds */

static pthread_once_t choice_once = PTHREAD_ONCE_INIT;
static bool use_hardware;

static int64_t trial(uint32_t (*fn)(uint32_t, const uint8_t *, size_t), const uint8_t *data)
{
	struct timespec begin, end;
	volatile uint32_t crc; /* so that the work is not thought needless */

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	crc = fn(0, data, TRIAL);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	(void)crc;
	return (end.tv_sec - begin.tv_sec) * INT64_C(1000000000) + end.tv_nsec - begin.tv_nsec;
}

static uint32_t crc_tables(uint32_t crc, const uint8_t *p, size_t size)
{
	return crc32c_portable(crc, p, size);
}

/* Both give the same; the better of three trials each says which. */
static void choose(void)
{
	static const uint8_t data[TRIAL];
	int64_t hardware = INT64_MAX, by_tables = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		int64_t h = trial(crc_hardware, data), t = trial(crc_tables, data);

		hardware = h < hardware ? h : hardware;
		by_tables = t < by_tables ? t : by_tables;
	}
	use_hardware = hardware <= by_tables;
}

static void choose_where_there_is_a_choice(void)
{
	if (__builtin_cpu_supports("sse4.2"))
		choose();
}

uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	(void)pthread_once(&choice_once, choose_where_there_is_a_choice);
	return use_hardware ? crc_hardware(crc, data, size) : crc32c_portable(crc, data, size);
}

#else

uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	return crc32c_portable(crc, data, size);
}

#endif
