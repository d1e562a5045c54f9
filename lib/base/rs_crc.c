/* SPDX-License-Identifier: Apache-2.0 */
/* rs_crc.c: see rs_crc.h. The tables are worked out from the generator at the first call. */
#include "lib/base/rs_crc.h"

#include <pthread.h>

#include "lib/base/bytes.h"

#define FIELD      0x11du /* x^8 + x^4 + x^3 + x^2 + 1 */
#define FIRST_ROOT 126u
#define PARITY     4u /* bytes */
#define SLICES     8u

/* Of the generator y^4 + g3 y^3 + g2 y^2 + g1 y + g0: the coefficients behind the first. */
static uint8_t generator[PARITY];    /* g3 first */
static uint32_t tables[SLICES][256]; /* [n][b]: byte b, then n bytes of 0 */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint8_t multiply(unsigned a, unsigned b)
{
	unsigned product = 0;

	for (; b != 0; b >>= 1) {
		if ((b & 1) != 0)
			product ^= a;
		a <<= 1;
		if ((a & 0x100) != 0)
			a ^= FIELD;
	}
	return (uint8_t)product;
}

/* The product of (y - a^126) ... (y - a^129). */
static void make_generator(void)
{
	uint8_t g[PARITY + 1] = { 1 }; /* g[n]: of y^n */
	uint8_t root = 1;

	for (unsigned i = 0; i < FIRST_ROOT; i++)
		root = multiply(root, 2);
	for (unsigned degree = 1; degree <= PARITY; degree++) {
		for (unsigned n = degree; n > 0; n--)
			g[n] = (uint8_t)(g[n - 1] ^ multiply(g[n], root));
		g[0] = multiply(g[0], root);
		root = multiply(root, 2);
	}
	for (unsigned n = 0; n < PARITY; n++)
		generator[n] = g[PARITY - 1 - n];
}

static uint32_t step(uint32_t crc, uint8_t byte)
{
	uint8_t factor = (uint8_t)(crc >> 24 ^ byte);
	uint8_t sum[PARITY];

	for (unsigned n = 0; n < PARITY; n++)
		sum[n] = multiply(generator[n], factor);
	return crc << 8 ^ get_be32(sum);
}

static void make_tables(void)
{
	make_generator();
	for (unsigned b = 0; b < 256; b++) {
		tables[0][b] = step(0, (uint8_t)b);
		for (unsigned n = 1; n < SLICES; n++)
			tables[n][b] = step(tables[n - 1][b], 0);
	}
}

uint32_t rs_crc_plain(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	(void)pthread_once(&once, make_tables);
	for (size_t i = 0; i < size; i++)
		crc = step(crc, p[i]);
	return crc;
}

uint32_t rs_crc(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	(void)pthread_once(&once, make_tables);
	for (; size >= SLICES; size -= SLICES, p += SLICES) {
		crc ^= get_be32(p);
		crc = tables[7][crc >> 24] ^ tables[6][crc >> 16 & 0xff] ^
		      tables[5][crc >> 8 & 0xff] ^ tables[4][crc & 0xff] ^ tables[3][p[4]] ^
		      tables[2][p[5]] ^ tables[1][p[6]] ^ tables[0][p[7]];
	}
	for (; size > 0; size--)
		crc = crc << 8 ^ tables[0][(crc >> 24 ^ *p++) & 0xff];
	return crc;
}
