/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h: a cartridge behind a bounded buffer and a worker thread, as a real drive has them.
 *
 * The functions are those of cartridge.h with the same outcomes, but:
 *
 * Writing.  stage_write() copies the block once into the buffer and returns; the worker compresses,
 * checksums and writes in order.  A failure of the worker cannot be told to the command that it
 * belongs to any more: the next call returns STAGE_E_DEFERRED, has done nothing, and
 * stage_take_failure() says what happened (SPC-5, deferred errors).  What was accepted behind the
 * failed block is gone, the position is behind the last object that was written.  So that a full
 * medium is never a surprise, writes near early warning, near the end of the medium or with little
 * room left in the pool's file system go straight through and are told at once.
 *
 * stage_sync() empties the buffer first: GOOD after it means what P1 says.  So do all calls that
 * are not a plain write or filemark: locate, space, erase, read, info, close.
 *
 * Reading.  From the second block read in a row on, the worker reads ahead; everything else
 * cancels that.
 *
 * Threads.  A struct stage belongs to one thread at a time, like a cartridge; the worker is its
 * own.
 */
#ifndef VTL_STORE_STAGE_H
#define VTL_STORE_STAGE_H

#include "lib/store/cartridge.h"

#define STAGE_BUFFER_BYTES (16u * 1024 * 1024) /* of a drive */

/* An outcome beside those of enum cart_outcome. */
#define STAGE_E_DEFERRED 64

struct stage;

struct stage_failure {
	int outcome;      /* what the worker's write returned: CART_E_* or -errno */
	uint64_t objects; /* accepted and not on the tape now: blocks and filemarks */
	uint64_t blocks, bytes;
};

/* cart_open() and a buffer. As cart_open(), and -ENOMEM. */
MUST_CHECK int stage_open(const char *pool, const char *barcode, unsigned flags,
			  struct stage **ret_stage);

/* cart_open_partition() of the cartridge of @s, whose buffer is emptied first, and a buffer of its
 * own. Close it before @s. */
MUST_CHECK int stage_open_partition(struct stage *s, unsigned partition, struct stage **ret_stage);

/* cart_format(), when the buffer is empty; what was in it is lost with the rest. */
MUST_CHECK int stage_format(struct stage *s, const struct cart_format *format);

/* Empties the buffer, closes the cartridge and frees @s; NULL is allowed. As cart_close(), or
 * STAGE_E_DEFERRED: what is lost is then in the failure that nobody took. */
int stage_close(struct stage *s);

/* A deferred failure, told once. False where there is none. */
bool stage_take_failure(struct stage *s, struct stage_failure *ret_failure);

/* Of the cartridge as it is when the buffer is empty. Borrowed until the next call. */
const struct cart_info *stage_info(struct stage *s);
/* What cannot change while it is open; so the buffer is left alone, unlike by stage_info(). */
void stage_medium(const struct stage *s, uint8_t *ret_density, uint8_t *ret_medium_type);
bool stage_is_writable(const struct stage *s);
MUST_CHECK int stage_set_codec(struct stage *s, enum cart_codec codec);
/* What was accepted before is written as it was accepted.  STAGE_E_DEFERRED: nothing is changed. */
MUST_CHECK int stage_set_crypt(struct stage *s, const struct cart_crypt *crypt);
/* Forgets the keys, whatever happened before: also where a failure is still to be told. */
void stage_forget_crypt(struct stage *s);
MUST_CHECK int stage_next(struct stage *s, struct cart_next *ret_next);
bool stage_has_encrypted(struct stage *s);

/* As those of cartridge.h. stage_traffic() and stage_tell_generation() empty the buffer. */
const struct cart_attributes *stage_attributes(const struct stage *s);
MUST_CHECK int stage_attributes_set(struct stage *s, const struct cart_attribute *list,
				    unsigned cnt, enum cart_attributes_when when);
uint64_t stage_tell_generation(struct stage *s);
void stage_traffic(struct stage *s, struct cart_traffic *ret_traffic);

/* Of the next object as the host sees it, the buffer counted as written. */
void stage_position(struct stage *s, struct cart_position *ret_position);

/* What was accepted and is not written yet. */
void stage_buffered(struct stage *s, uint64_t *ret_objects, uint64_t *ret_bytes);

MUST_CHECK int stage_write(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size);
MUST_CHECK int stage_write_filemarks(struct stage *s, uint32_t count, uint32_t *ret_written);
MUST_CHECK int stage_sync(struct stage *s);
/* Nothing was written since the last stage_sync() that was good. */
bool stage_is_synced(const struct stage *s);
MUST_CHECK int stage_erase(struct stage *s);

MUST_CHECK int stage_read(struct stage *s, const struct iovec *iov, int iov_cnt, size_t size,
			  size_t *ret_length);

/* As cart_block_crc32c(), and cart_expect_crc32c(): where the block that is written next is found
 * to be another one behind the buffer, that is a deferred failure. */
bool stage_block_crc32c(const struct stage *s, uint32_t *ret_crc32c);
void stage_expect_crc32c(struct stage *s, uint32_t crc32c);
MUST_CHECK int stage_is_append(struct stage *s, bool *ret_append);

/*
 * Programmable early warning: @bytes before early warning (0: none).  What is written before that
 * is buffered, but never beyond: the write that comes there is on the tape when it returns, and
 * stage_is_near_end() is true from then on.  Cheap where nothing changes.
 */
void stage_set_margin(struct stage *s, uint64_t bytes);
/* The recording, without what is buffered, ends within @bytes of early warning, or behind it. */
bool stage_is_near_end(struct stage *s, uint64_t bytes);
/*
 * The position, wherever it is in the recording, lies within @bytes of early warning, or behind it.
 * Reads one frame where the recording as a whole comes so far, and the position is not its end;
 * false where that cannot be read.
 */
bool stage_stands_near_end(struct stage *s, uint64_t bytes);

MUST_CHECK int stage_locate(struct stage *s, uint64_t object);
MUST_CHECK int stage_locate_file(struct stage *s, uint64_t file);
MUST_CHECK int stage_space_eod(struct stage *s);
MUST_CHECK int stage_space_blocks(struct stage *s, int64_t count, uint64_t *ret_residual);
MUST_CHECK int stage_space_filemarks(struct stage *s, int64_t count, uint64_t *ret_residual);
MUST_CHECK int stage_space_sequential_filemarks(struct stage *s, int64_t count,
						uint64_t *ret_residual);

#endif
