/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cdb_run.h: commands of a source at a drive and a changer, each with what must hold after it:
 *
 *   - the status is one of those that a unit gives; sense data is well formed, in the format that
 *     D_SENSE asks for, its codes are known, a field pointer points into the CDB or the list;
 *   - no more data comes back than there was room for;
 *   - nothing fails for reasons of our own: no HARDWARE ERROR, no deferred error (nothing fails
 *     behind the buffer here);
 *   - the position is where the command says: one that was refused has not moved, one that has
 *     nothing to do with positions neither, the others did what a tape of 100 lines does
 *     (tests/support/model_tape.h), and blocks come back with their length and contents.
 *
 * Where one of these does not hold the last commands are printed, and the process ends (abort).
 */
#ifndef VTL_TESTS_CDB_RUN_H
#define VTL_TESTS_CDB_RUN_H

#include "tests/fuzz/cdb_source.h"

#define FUZZ_DRIVE   0u
#define FUZZ_CHANGER 1u

/* How commands get to the units: in this process, or through /dev/sg. */
struct fuzz_target {
	const struct scsi_command *rows[2];
	unsigned rows_cnt[2];
	unsigned most; /* the unit that gets three commands of four */
	/* Data goes from and to @data, which has @size bytes; fills status, sense, in_len and data
	 * of @cmd. */
	enum scsi_status (*execute)(void *ctx, unsigned unit, struct scsi_cmd *cmd, uint8_t *data,
				    size_t size);
	/* Position of the drive, without swallowing a unit attention; false: it has none now. */
	bool (*position)(void *ctx, uint32_t *ret_partition, uint64_t *ret_object);
	/* Barcode of the cartridge in the drive; "" without one; NULL: nobody knows. */
	const char *(*mounted)(void *ctx);
	/* 1: the unit gives sense in descriptor format, 0: fixed, -1: not known */
	int (*descriptor)(void *ctx, unsigned unit);
	void *ctx;
};

struct fuzz_run;

struct fuzz_run *fuzz_run_new(const struct fuzz_target *target, struct cdb_source *source);
void fuzz_run_free(struct fuzz_run *run);

/* One command, and all that must hold after it. */
void fuzz_run_step(struct fuzz_run *run);
/* The drive was reset, or its cartridge moved, by somebody else. */
void fuzz_run_moved(struct fuzz_run *run);

/* Objects that the cartridge has in its first partition, where that is known. */
bool fuzz_run_objects(const struct fuzz_run *run, const char *barcode, uint64_t *ret_objects);

/* How many commands to @unit ended with GOOD, of how many. */
void fuzz_run_counts(const struct fuzz_run *run, unsigned unit, unsigned long *ret_good,
		     unsigned long *ret_all);

/* Where @true_ does not hold: prints the last commands and @words, and ends the process. */
void fuzz_run_claim(const struct fuzz_run *run, bool true_, const char *words);

#endif
