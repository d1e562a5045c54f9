/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h: a drive behind a ring in memory, exactly as tcmu-runner drives it, for measurements; and
 * the bare loop that it is measured against.
 *
 * Use: bench_library(), bench_unit_open() for each of its drives, bench_unit_load(), then commands;
 * bench_unit_close() and library_unref() at the end.  One thread a unit.  What cannot be done ends
 * the program with a message: these are measurements, not tests.
 */
#ifndef VTL_TESTS_BENCH_UNIT_H
#define VTL_TESTS_BENCH_UNIT_H

#include <stddef.h>
#include <stdint.h>

#include "handlers/tcmu/glue.h"
#include "lib/library/library.h"
#include "tests/unit/tcmu/fake_runner.h"

#define BENCH_KIB       1024u
#define BENCH_MIB       (1024u * 1024)
#define BENCH_BLOCK_MAX BENCH_MIB

enum bench_content {
	BENCH_ZERO,
	BENCH_TEXT, /* words of a small vocabulary: compresses about threefold */
	BENCH_RANDOM,
	BENCH_CONTENTS
};
extern const char *const bench_content_names[BENCH_CONTENTS];

struct bench_unit {
	struct tcmu_device dev;
	unsigned number; /* of the drive, from 1 */
	char *cfgstring; /* owned, as all below */
	char *bare_path;
	uint8_t *data;    /* the ring's buffer: one block */
	uint8_t *staging; /* of the bare loop: one block */
	uint16_t id;
	uint8_t cdb[6];
	struct tcmulib_cmd lib;
	struct iovec iov;
};

double bench_now(void); /* seconds */
void bench_fail(const char *what) __attribute__((noreturn));

/* A new library with 50 slots and the cartridges C1 to C4 below the folder @root. */
struct library *bench_library(const char *root, const char *name, const char *codec,
			      unsigned drives);

void bench_unit_open(struct bench_unit *u, const struct library *library, unsigned number,
		     const char *root);
void bench_unit_close(struct bench_unit *u);
/* Puts cartridge C<number> into the drive. */
void bench_unit_load(struct bench_unit *u, struct library *library);
void bench_unit_fill(struct bench_unit *u, enum bench_content content);

/* One command with @size bytes of data; what glue_handle() returned. */
int bench_command(struct bench_unit *u, uint8_t opcode, uint8_t flags, uint32_t count, size_t size);
/* It must succeed; a unit attention is taken first. */
void bench_must(struct bench_unit *u, uint8_t opcode, uint8_t flags, uint32_t count, size_t size);

/* What is timed: @total bytes in blocks of @block. */
typedef void (*bench_work)(struct bench_unit *u, size_t total, uint32_t block);
/* WRITEs and a WRITE FILEMARKS without IMMED, which returns when all is on stable storage. */
void bench_drive_write(struct bench_unit *u, size_t total, uint32_t block);
void bench_drive_read(struct bench_unit *u, size_t total, uint32_t block);
/* memcpy and pwrite of each block, fdatasync at the end; pread and memcpy. */
void bench_bare_write(struct bench_unit *u, size_t total, uint32_t block);
void bench_bare_read(struct bench_unit *u, size_t total, uint32_t block);
/* What is not: an empty tape or file, at its beginning; the beginning. */
void bench_drive_blank(struct bench_unit *u);
void bench_drive_rewind(struct bench_unit *u);
void bench_bare_blank(struct bench_unit *u);

#endif
