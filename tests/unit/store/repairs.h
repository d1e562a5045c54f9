/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repairs.h: a recording to be damaged, and what is true of it after a repair.  It has OBJECTS
 * objects over several segments, in two epochs, with and without compression; every tenth is a
 * filemark.
 */
#ifndef VTL_TESTS_REPAIRS_H
#define VTL_TESTS_REPAIRS_H

#include "tests/support/pool.h"

#include "lib/store/cart.h"

#define OBJECTS      90u
#define SECOND_EPOCH 20u /* the first object of it */

#define SEGMENT_1 "data.00000001.00000001"

/* Records it, in T1; and the same without the last close, half of it synced. */
void repairs_record(struct pool *p);
int repairs_record_and_die(struct pool *p);
/* Only the first epoch, with objects from SECOND_EPOCH on that the second one would overwrite. */
int repairs_record_first(struct pool *p);
/* Writes the objects @first to @end - 1 at the position; 0 is the right @seed. */
int repairs_write(struct cart *c, uint64_t first, uint64_t end, uint64_t seed);

/*
 * All objects of T1 read as they were written, but those with a mark in @damaged (OBJECTS bytes;
 * NULL: none), which read as damaged.  The recording has @objects objects.
 */
void repairs_expect(struct pool *p, uint64_t objects, const uint8_t *damaged);
/* How many objects of T1 are damaged, wherever; all others are right.  Marks them in @damaged. */
unsigned repairs_find_damaged(struct pool *p, uint64_t objects, uint8_t damaged[OBJECTS]);

/* Repairs T1: it works. */
struct cart_repair repairs_run(struct pool *p);
/* A repair of T1 finds nothing to do, and changes no byte of it. */
void repairs_expect_nothing(struct pool *p);
/* SHA-256 over names and contents of all files of T1 but the lock. */
void repairs_sum(struct pool *p, uint8_t sum[CART_DIGEST_SIZE]);

/* The address of the frame of object @n; the offset in its segment. */
uint64_t repairs_address(struct pool *p, uint64_t n);

#endif
