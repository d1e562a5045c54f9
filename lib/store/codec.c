/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.c: compression of single blocks.  zlib at level 1, one stream per cartridge that is reset
 * for each block, so that no block pays for setting it up.
 */
#include <errno.h>
#include <string.h>

#include "lib/store/cart.h"

static int deflate_start(struct cart *c)
{
	if (c->deflate_ready)
		return deflateReset(&c->deflate) == Z_OK ? 0 : -EIO;
	memset(&c->deflate, 0, sizeof(c->deflate));
	if (deflateInit(&c->deflate, 1) != Z_OK)
		return -ENOMEM;
	c->deflate_ready = true;
	return 0;
}

int codec_pack(struct cart *c, const struct iovec *iov, int iov_cnt, size_t size, size_t *ret_size)
{
	int r = buffer_reserve(&c->packed, &c->packed_size, size);
	size_t left = size;

	if (r == 0)
		r = deflate_start(c);
	if (r < 0)
		return r;
	*ret_size = 0;
	c->deflate.next_out = c->packed;
	c->deflate.avail_out = (uInt)(size - 1); /* as long as the block itself is too long */
	for (int i = 0; i < iov_cnt && left > 0; i++) {
		size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;

		if (n == 0)
			continue; /* deflate() takes no progress for an error */
		c->deflate.next_in = iov[i].iov_base;
		c->deflate.avail_in = (uInt)n;
		left -= n;
		if (deflate(&c->deflate, Z_NO_FLUSH) != Z_OK || c->deflate.avail_in > 0)
			return 0; /* it does not fit: stored as it is */
	}
	if (deflate(&c->deflate, Z_FINISH) == Z_STREAM_END)
		*ret_size = size - 1 - c->deflate.avail_out;
	return 0;
}

int codec_unpack(uint8_t codec, const void *packed, size_t packed_size, void *data, size_t size)
{
	uLongf got = (uLongf)size;

	if (codec != CART_CODEC_ZLIB)
		return CART_E_DAMAGED;
	if (uncompress(data, &got, packed, (uLong)packed_size) != Z_OK || got != size)
		return CART_E_DAMAGED;
	return 0;
}

void codec_end(struct cart *c)
{
	if (c->deflate_ready)
		(void)deflateEnd(&c->deflate); /* nothing in it is wanted */
	c->deflate_ready = false;
}
