/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cdb_model.h: what a command must have done to the position and to the tape, as far as that can be
 * said from outside: from the CDB, the status, the sense data, and READ POSITION before and after.
 *
 * A tape of objects is kept per cartridge for its first partition.  What cannot be followed (a
 * format, an overflow that may or may not have ended the recording) makes it unknown, until a write
 * or an erasure at the beginning makes it known again.
 */
#ifndef VTL_TESTS_CDB_MODEL_H
#define VTL_TESTS_CDB_MODEL_H

#include "tests/fuzz/cdb_run.h"
#include "tests/support/model_tape.h"

#define MODEL_CARTRIDGES 8

struct cdb_sense {
	bool any, deferred, valid;
	uint8_t key, asc, ascq, flags;
	int64_t information;
	bool pointer, in_cdb;
	uint16_t byte;
};

struct cdb_place {
	bool any;
	uint32_t partition;
	uint64_t object;
};

struct cdb_model {
	struct {
		char barcode[40];
		bool known;
		struct model_tape tape;
	} cartridges[MODEL_CARTRIDGES];
	uint32_t block_size; /* of fixed blocks, as MODE SENSE says */
	bool plain;          /* blocks go in and out as they are: no encryption, no protection */
};

/* One command that has run. */
struct cdb_done {
	const struct scsi_cmd *cmd;
	const uint8_t *data; /* what went in or came out */
	size_t size;
	enum scsi_status status;
	struct cdb_sense sense;
	struct cdb_place before, after;
	const char *barcode; /* the same before and after; else NULL */
};

/* NULL, or what does not hold. */
const char *cdb_model_check(struct cdb_model *m, const struct cdb_done *done);

/* Takes sense data apart; NULL, or what is wrong with its form. */
const char *cdb_sense_parse(const uint8_t *s, size_t size, struct cdb_sense *ret_sense);

#endif
