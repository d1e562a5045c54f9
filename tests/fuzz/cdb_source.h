/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cdb_source.h: CDBs and data for the fuzzer, out of a stream of choices.
 *
 * The stream is either a seed, which never ends, or the bytes of a file (a corpus, libFuzzer),
 * which do: then every choice is 0 and source_ended() is true.  The same stream gives the same
 * commands as long as the rows are the same.
 *
 * A fifth of the CDBs are noise; the others begin as a row of the unit with bits that it allows,
 * most of them small; some of these get a bit or two flipped; a quarter is what a host that writes,
 * reads and moves cartridges would send, so that there is something on the tapes.
 */
#ifndef VTL_TESTS_CDB_SOURCE_H
#define VTL_TESTS_CDB_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handlers/scsi/command.h"

#define FUZZ_DATA    (64u * 1024) /* most that a command offers, but for a few */
#define FUZZ_ANSWERS 16

struct cdb_source {
	const uint8_t *bytes; /* NULL: a seed */
	size_t size, at;
	uint64_t state;
	/* What units answered last: parameter lists begin as one of them. */
	struct {
		uint8_t data[512];
		size_t size;
	} answers[FUZZ_ANSWERS];
	unsigned answers_cnt;
};

void source_seed(struct cdb_source *s, uint64_t seed);
void source_bytes(struct cdb_source *s, const uint8_t *bytes, size_t size);
bool source_ended(const struct cdb_source *s);

/* 0 to @below - 1; @below is at least 1 */
uint32_t source_draw(struct cdb_source *s, uint32_t below);

/* A CDB for a unit with these rows; its length, or 0 where nobody can know one. */
size_t source_cdb(struct cdb_source *s, const struct scsi_command *rows, unsigned rows_cnt,
		  bool changer, uint8_t cdb[SCSI_CDB_MAX]);

/* How many bytes the fabric offers for it: often what the CDB says, with blocks of @block_size. */
size_t source_length(struct cdb_source *s, const uint8_t *cdb, uint32_t block_size);

/* Fills the data of a command. */
void source_data(struct cdb_source *s, const uint8_t *cdb, uint8_t *data, size_t size);

/* Remembers what a unit answered. */
void source_answer(struct cdb_source *s, const uint8_t *data, size_t size);

#endif
