/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.h: compression of single blocks, for the files of lib/store alone.
 *
 * A struct codec holds the state of one thread: contexts that are set up once and used for every
 * block, and a buffer for the result.  Nothing of one block is needed for another.
 */
#ifndef VTL_STORE_CODEC_H
#define VTL_STORE_CODEC_H

#include "lib/store/cartridge.h"

#define CODEC_LAST CART_CODEC_ZSTD

struct codec;

struct codec *codec_new(void);        /* NULL where there is no memory */
void codec_free(struct codec *codec); /* NULL is allowed */

/*
 * Compresses the first @size bytes of @iov.  *ret_packed is borrowed until the next call;
 * *ret_size is 0 where the block would not become shorter, or does not look as if it would: it is
 * stored as it is then.  0 or -ENOMEM.
 */
MUST_CHECK int codec_pack(struct codec *codec, enum cart_codec which, const struct iovec *iov,
			  int iov_cnt, size_t size, const uint8_t **ret_packed, size_t *ret_size);

/* CART_E_DAMAGED where @packed is not exactly a compressed form of @size bytes, or @which is
 * unknown. -ENOMEM. */
MUST_CHECK int codec_unpack(struct codec *codec, uint8_t which, const void *packed,
			    size_t packed_size, void *data, size_t size);

/* @size bytes, borrowed until the next call; neither codec_pack() nor codec_unpack() touches them.
 * NULL where there is no memory. */
uint8_t *codec_scratch(struct codec *codec, size_t size);

#endif
