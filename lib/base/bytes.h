/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h: integers with a byte order.
 *
 * Two families:
 *   get_be16/put_be16 ...  work on raw bytes (a CDB, a page, a descriptor): SCSI is big-endian.
 *   le16, le32, le64       are types for structures on disk: alignment 1, no padding, not usable as
 * a number without a call, so that a forgotten conversion does not compile.
 *
 * All functions are pure and take any alignment.
 */
#ifndef VTL_BASE_BYTES_H
#define VTL_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t get_be16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)((b[0] << 8) | b[1]);
}

static inline uint32_t get_be24(const void *p)
{
	const uint8_t *b = p;

	return ((uint32_t)b[0] << 16) | ((uint32_t)b[1] << 8) | b[2];
}

static inline uint32_t get_be32(const void *p)
{
	const uint8_t *b = p;

	return ((uint32_t)get_be16(b) << 16) | get_be16(b + 2);
}

static inline uint64_t get_be64(const void *p)
{
	const uint8_t *b = p;

	return ((uint64_t)get_be32(b) << 32) | get_be32(b + 4);
}

static inline void put_be16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

/* Stores the low 24 bits of @v. */
static inline void put_be24(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 16);
	b[1] = (uint8_t)(v >> 8);
	b[2] = (uint8_t)v;
}

static inline void put_be32(void *p, uint32_t v)
{
	uint8_t *b = p;

	put_be16(b, (uint16_t)(v >> 16));
	put_be16(b + 2, (uint16_t)v);
}

static inline void put_be64(void *p, uint64_t v)
{
	uint8_t *b = p;

	put_be32(b, (uint32_t)(v >> 32));
	put_be32(b + 4, (uint32_t)v);
}

typedef struct {
	uint8_t b[2];
} le16;

typedef struct {
	uint8_t b[4];
} le32;

typedef struct {
	uint8_t b[8];
} le64;

static inline uint16_t le16_get(le16 v)
{
	return (uint16_t)(v.b[0] | (v.b[1] << 8));
}

static inline uint32_t le32_get(le32 v)
{
	return v.b[0] | ((uint32_t)v.b[1] << 8) | ((uint32_t)v.b[2] << 16) |
	       ((uint32_t)v.b[3] << 24);
}

static inline uint64_t le64_get(le64 v)
{
	uint64_t n = 0;

	for (int i = 7; i >= 0; i--)
		n = (n << 8) | v.b[i];
	return n;
}

static inline le16 le16_from(uint16_t v)
{
	return (le16){ { (uint8_t)v, (uint8_t)(v >> 8) } };
}

static inline le32 le32_from(uint32_t v)
{
	return (le32){ { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) } };
}

static inline le64 le64_from(uint64_t v)
{
	le64 n;

	for (int i = 0; i < 8; i++)
		n.b[i] = (uint8_t)(v >> (8 * i));
	return n;
}

#endif
