/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.c: zlib (RFC 1950, level 1), lz4 (one LZ4 block) and zstd (one frame, level 1) for single
 * blocks.
 *
 * What is compressed or encrypted already would cost a lot and gain nothing: a sample of the block
 * is looked at first.
 */
#include "lib/store/codec.h"

#include <errno.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define ZLIB_LEVEL 1
#define ZSTD_LEVEL 1

#define SAMPLES     8u
#define SAMPLE_SIZE 1024u
#define SAMPLE_ALL  (SAMPLES * SAMPLE_SIZE)

struct codec {
	uint8_t *packed; /* owned */
	size_t packed_size;
	uint8_t *gathered; /* a block that comes in pieces; owned */
	size_t gathered_size;
	uint8_t *scratch; /* owned */
	size_t scratch_size;
	z_stream deflate, inflate;
	bool deflate_ready, inflate_ready;
	ZSTD_CCtx *zstd_pack;
	ZSTD_DCtx *zstd_unpack;
	uint8_t sample[SAMPLE_ALL];
	char lz4_scratch[LZ4_COMPRESSBOUND(SAMPLE_ALL)];
};

struct codec *codec_new(void)
{
	return calloc(1, sizeof(struct codec));
}

void codec_free(struct codec *codec)
{
	if (codec == NULL)
		return;
	if (codec->deflate_ready)
		(void)deflateEnd(&codec->deflate); /* nothing in it is wanted */
	if (codec->inflate_ready)
		(void)inflateEnd(&codec->inflate);
	(void)ZSTD_freeCCtx(codec->zstd_pack); /* NULL is allowed */
	(void)ZSTD_freeDCtx(codec->zstd_unpack);
	free(codec->packed);
	free(codec->gathered);
	free(codec->scratch);
	free(codec);
}

static int reserve(uint8_t **buffer, size_t *have, size_t size)
{
	uint8_t *p;

	if (*have >= size)
		return 0;
	size = (size + 65535) & ~(size_t)65535;
	p = realloc(*buffer, size);
	if (p == NULL)
		return -ENOMEM;
	*buffer = p;
	*have = size;
	return 0;
}

uint8_t *codec_scratch(struct codec *k, size_t size)
{
	return reserve(&k->scratch, &k->scratch_size, size) == 0 ? k->scratch : NULL;
}

/* ---- is it worth it? ---- */

/*
 * Bytes that all occur equally often (their squares add up to the least possible) and no repeats
 * that lz4 finds: noise.  Text, tables and programs are far from that.
 */
static bool looks_like_noise(struct codec *k, const uint8_t *data, size_t size)
{
	uint32_t count[256] = { 0 };
	uint64_t squares = 0;
	int packed;

	if (size < 2 * SAMPLE_ALL)
		return false; /* trying is as cheap as looking */
	for (unsigned i = 0; i < SAMPLES; i++)
		memcpy(k->sample + i * SAMPLE_SIZE, data + (size - SAMPLE_SIZE) / SAMPLES * i,
		       SAMPLE_SIZE);
	for (unsigned i = 0; i < SAMPLE_ALL; i++)
		count[k->sample[i]]++;
	for (unsigned i = 0; i < 256; i++)
		squares += (uint64_t)count[i] * count[i];
	if (squares > (uint64_t)SAMPLE_ALL * SAMPLE_ALL / 256 * 5 / 4)
		return false;
	packed = LZ4_compress_fast((const char *)k->sample, k->lz4_scratch, (int)SAMPLE_ALL,
				   (int)sizeof(k->lz4_scratch), 4);
	return packed <= 0 || (unsigned)packed > SAMPLE_ALL / 100 * 98;
}

/* ---- packing; each gives 0 where the result would not be shorter ---- */

static int zlib_pack(struct codec *k, const uint8_t *data, size_t size, size_t *ret_size)
{
	int r;

	if (!k->deflate_ready && deflateInit(&k->deflate, ZLIB_LEVEL) != Z_OK)
		return -ENOMEM;
	if (k->deflate_ready && deflateReset(&k->deflate) != Z_OK)
		return -EIO;
	k->deflate_ready = true;
	k->deflate.next_in = (Bytef *)(uintptr_t)data;
	k->deflate.avail_in = (uInt)size;
	k->deflate.next_out = k->packed;
	k->deflate.avail_out = (uInt)(size - 1);
	r = deflate(&k->deflate, Z_FINISH);
	*ret_size = r == Z_STREAM_END ? size - 1 - k->deflate.avail_out : 0;
	return 0;
}

static int lz4_pack(struct codec *k, const uint8_t *data, size_t size, size_t *ret_size)
{
	int n = LZ4_compress_default((const char *)data, (char *)k->packed, (int)size,
				     (int)size - 1);

	*ret_size = n > 0 ? (size_t)n : 0;
	return 0;
}

static int zstd_pack(struct codec *k, const uint8_t *data, size_t size, size_t *ret_size)
{
	size_t n;

	if (k->zstd_pack == NULL)
		k->zstd_pack = ZSTD_createCCtx();
	if (k->zstd_pack == NULL)
		return -ENOMEM;
	n = ZSTD_compressCCtx(k->zstd_pack, k->packed, size - 1, data, size, ZSTD_LEVEL);
	*ret_size = ZSTD_isError(n) ? 0 : n; /* too small a buffer is the one error it can have */
	return 0;
}

/* The block in one piece. */
static int gather(struct codec *k, const struct iovec *iov, int iov_cnt, size_t size,
		  const uint8_t **ret_data)
{
	size_t done = 0;
	int r;

	if (iov_cnt > 0 && iov[0].iov_len >= size) {
		*ret_data = iov[0].iov_base;
		return 0;
	}
	r = reserve(&k->gathered, &k->gathered_size, size);
	if (r < 0)
		return r;
	for (int i = 0; i < iov_cnt && done < size; i++) {
		size_t n = iov[i].iov_len < size - done ? iov[i].iov_len : size - done;

		memcpy(k->gathered + done, iov[i].iov_base, n);
		done += n;
	}
	*ret_data = k->gathered;
	return done == size ? 0 : -EINVAL;
}

int codec_pack(struct codec *k, enum cart_codec which, const struct iovec *iov, int iov_cnt,
	       size_t size, const uint8_t **ret_packed, size_t *ret_size)
{
	const uint8_t *data;
	int r;

	*ret_size = 0;
	if (which == CART_CODEC_NONE || size < 2)
		return 0;
	r = gather(k, iov, iov_cnt, size, &data);
	if (r == 0)
		r = reserve(&k->packed, &k->packed_size, size);
	if (r < 0 || looks_like_noise(k, data, size))
		return r;
	*ret_packed = k->packed;
	switch (which) {
	case CART_CODEC_ZLIB:
		return zlib_pack(k, data, size, ret_size);
	case CART_CODEC_LZ4:
		return lz4_pack(k, data, size, ret_size);
	case CART_CODEC_ZSTD:
		return zstd_pack(k, data, size, ret_size);
	case CART_CODEC_NONE:
	default:
		return 0;
	}
}

/* ---- unpacking: what was read from a disk, so anything may be in it ---- */

static int zlib_unpack(struct codec *k, const void *packed, size_t packed_size, void *data,
		       size_t size)
{
	int r;

	if (!k->inflate_ready && inflateInit(&k->inflate) != Z_OK)
		return -ENOMEM;
	if (k->inflate_ready && inflateReset(&k->inflate) != Z_OK)
		return -EIO;
	k->inflate_ready = true;
	k->inflate.next_in = (Bytef *)(uintptr_t)packed;
	k->inflate.avail_in = (uInt)packed_size;
	k->inflate.next_out = data;
	k->inflate.avail_out = (uInt)size;
	r = inflate(&k->inflate, Z_FINISH);
	return r == Z_STREAM_END && k->inflate.avail_out == 0 && k->inflate.avail_in == 0
		       ? 0
		       : CART_E_DAMAGED;
}

static int lz4_unpack(const void *packed, size_t packed_size, void *data, size_t size)
{
	int n = LZ4_decompress_safe(packed, data, (int)packed_size, (int)size);

	return n >= 0 && (size_t)n == size ? 0 : CART_E_DAMAGED;
}

static int zstd_unpack(struct codec *k, const void *packed, size_t packed_size, void *data,
		       size_t size)
{
	size_t n;

	if (k->zstd_unpack == NULL)
		k->zstd_unpack = ZSTD_createDCtx();
	if (k->zstd_unpack == NULL)
		return -ENOMEM;
	n = ZSTD_decompressDCtx(k->zstd_unpack, data, size, packed, packed_size);
	return !ZSTD_isError(n) && n == size ? 0 : CART_E_DAMAGED;
}

int codec_unpack(struct codec *k, uint8_t which, const void *packed, size_t packed_size, void *data,
		 size_t size)
{
	switch (which) {
	case CART_CODEC_ZLIB:
		return zlib_unpack(k, packed, packed_size, data, size);
	case CART_CODEC_LZ4:
		return lz4_unpack(packed, packed_size, data, size);
	case CART_CODEC_ZSTD:
		return zstd_unpack(k, packed, packed_size, data, size);
	default:
		return CART_E_DAMAGED;
	}
}
