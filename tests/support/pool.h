/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h: a pool of one test with the blank cartridge T1 in it, and short words for what tests of
 * lib/store do with it.  A function that cannot do what it says fails the test.
 *
 * Blocks have a content that follows from a number (their *seed*) and their size, so that a test
 * can tell which block it reads back.
 */
#ifndef VTL_TESTS_POOL_H
#define VTL_TESTS_POOL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/store/cartridge.h"

#define DATA_FILE  "data.00000001.00000000" /* of T1, first stream, first segment */
#define INDEX_FILE "index.00000001"
#define MARKS_FILE "marks.00000001"

struct pool {
	char *path;
};

/*
 * $TMPDIR, or a file system in memory where there is one: the tests sync many thousand times, and
 * none of them asks what a disk does with it.
 */
const char *pool_base(void);

int pool_setup(void **state); /* *state is a struct pool */
int pool_teardown(void **state);

/* Creates the cartridge @barcode with @capacity bytes (0 = no limit). */
void pool_create(struct pool *p, const char *barcode, uint64_t capacity);
/* Opens T1. */
struct cart *pool_open(struct pool *p, unsigned flags);
void pool_close(struct cart *c);
/* What cart_stat() says; true until the next call. */
const struct cart_info *pool_stat(struct pool *p);

/* The file @name of T1; free() */
char *pool_file(struct pool *p, const char *name);
uint64_t pool_file_size(struct pool *p, const char *name);
/* Inverts the bits of @mask in the byte at @offset. */
void pool_flip(struct pool *p, const char *name, uint64_t offset, uint8_t mask);
void pool_truncate(struct pool *p, const char *name, uint64_t size);
/* The file is not there any more. */
void pool_unlink(struct pool *p, const char *name);

/*
 * Runs @fn in a process that then dies without closing anything, as if killed.  @fn returns 0; it
 * must not use assertions.
 */
void pool_die_after(struct pool *p, int (*fn)(struct pool *p));

/* Data files in the folder of T1, of whatever stream. */
unsigned pool_segments(struct pool *p);

void fill_block(uint8_t *block, uint64_t seed, size_t size);
/* One block; what cart_write() returns. */
int put_block(struct cart *c, uint64_t seed, size_t size);
int put_marks(struct cart *c, uint32_t count);
/* @count blocks of @size bytes with the seeds @seed, @seed + 1 ... */
void write_blocks(struct cart *c, uint64_t seed, unsigned count, size_t size);
void write_marks(struct cart *c, uint32_t count);
void expect_block(struct cart *c, uint64_t seed, size_t size);
/* What reading one object returns: 0 or an outcome. */
int read_object(struct cart *c);
void expect_position(struct cart *c, uint64_t object, uint64_t file);

#endif
