/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sense.h: every condition that a unit can report, by name, and how it becomes sense data (SPC-5,
 * Sense data).
 *
 * A handler ends with `return scsi_check(unit, cmd, SENSE_X);` or one of its relatives: they fill
 * cmd->sense in the format that the unit's D_SENSE bit asks for (18 bytes fixed, or descriptors)
 * and return SCSI_CHECK_CONDITION.
 */
#ifndef VTL_SCSI_SENSE_H
#define VTL_SCSI_SENSE_H

#include <stdbool.h>

#include "handlers/scsi/cmd.h"

struct scsi_unit;

enum sense_key {
	KEY_NO_SENSE = 0x0,
	KEY_RECOVERED_ERROR = 0x1,
	KEY_NOT_READY = 0x2,
	KEY_MEDIUM_ERROR = 0x3,
	KEY_HARDWARE_ERROR = 0x4,
	KEY_ILLEGAL_REQUEST = 0x5,
	KEY_UNIT_ATTENTION = 0x6,
	KEY_DATA_PROTECT = 0x7,
	KEY_BLANK_CHECK = 0x8,
	KEY_ABORTED_COMMAND = 0xb,
	KEY_VOLUME_OVERFLOW = 0xd,
	KEY_MISCOMPARE = 0xe,
};

/* clang-format off */
/*        name                            key                   ASC   ASCQ  words */
#define SENSE_TABLE(X) \
	X(NO_SENSE,                       KEY_NO_SENSE,         0x00, 0x00, "no additional sense information") \
	X(FILEMARK_DETECTED,              KEY_NO_SENSE,         0x00, 0x01, "filemark detected") \
	X(END_OF_PARTITION,               KEY_NO_SENSE,         0x00, 0x02, "end of partition or medium detected (early warning)") \
	X(PROGRAMMABLE_EARLY_WARNING,     KEY_NO_SENSE,         0x00, 0x07, "programmable early warning detected") \
	X(BEGINNING_OF_PARTITION,         KEY_NO_SENSE,         0x00, 0x04, "beginning of partition or medium detected") \
	X(INCORRECT_LENGTH,               KEY_NO_SENSE,         0x00, 0x00, "the block has another length than asked for") \
	X(OPERATION_UNDER_WAY,            KEY_NO_SENSE,         0x00, 0x16, "operation in progress") \
	X(CLEANING_REQUESTED,             KEY_NO_SENSE,         0x00, 0x17, "cleaning requested") \
	X(ERASE_UNDER_WAY,                KEY_NO_SENSE,         0x00, 0x18, "erase operation in progress") \
	X(LOCATE_UNDER_WAY,               KEY_NO_SENSE,         0x00, 0x19, "locate operation in progress") \
	X(REWIND_UNDER_WAY,               KEY_NO_SENSE,         0x00, 0x1a, "rewind operation in progress") \
	X(SET_CAPACITY_UNDER_WAY,         KEY_NO_SENSE,         0x00, 0x1b, "set capacity operation in progress") \
	X(VERIFY_UNDER_WAY,               KEY_NO_SENSE,         0x00, 0x1c, "verify operation in progress") \
	X(NOT_READY_CAUSE_NOT_REPORTABLE, KEY_NOT_READY,        0x04, 0x00, "logical unit not ready, cause not reportable") \
	X(BECOMING_READY,                 KEY_NOT_READY,        0x04, 0x01, "logical unit is in process of becoming ready") \
	X(FORMAT_UNDER_WAY,               KEY_NOT_READY,        0x04, 0x04, "logical unit not ready, format in progress") \
	X(UNLOAD_UNDER_WAY,               KEY_NOT_READY,        0x04, 0x00, "logical unit not ready: the medium is being unloaded") \
	X(NOT_READY_OPERATION,            KEY_NOT_READY,        0x04, 0x07, "logical unit not ready, operation in progress: a command with IMMED goes on") \
	X(MEDIUM_INCOMPATIBLE,            KEY_ILLEGAL_REQUEST,  0x30, 0x00, "incompatible medium: the drive does not take it") \
	X(MEDIUM_NOT_PRESENT,             KEY_NOT_READY,        0x3a, 0x00, "medium not present") \
	X(LOAD_FAILED,                    KEY_NOT_READY,        0x53, 0x00, "media load or eject failed") \
	X(WRITE_ERROR,                    KEY_MEDIUM_ERROR,     0x0c, 0x00, "write error") \
	X(UNRECOVERED_READ_ERROR,         KEY_MEDIUM_ERROR,     0x11, 0x00, "unrecovered read error") \
	X(POSITIONING_ERROR,              KEY_MEDIUM_ERROR,     0x3b, 0x00, "sequential positioning error") \
	X(CANNOT_READ_MEDIUM,             KEY_MEDIUM_ERROR,     0x30, 0x02, "cannot read medium, incompatible format") \
	X(INTERNAL_TARGET_FAILURE,        KEY_HARDWARE_ERROR,   0x44, 0x00, "internal target failure") \
	X(LOGICAL_BLOCK_GUARD,            KEY_HARDWARE_ERROR,   0x10, 0x01, "logical block guard check failed") \
	X(ELEMENT_MOVE_FAILED,            KEY_HARDWARE_ERROR,   0x15, 0x01, "mechanical positioning error") \
	X(PARAMETER_LIST_LENGTH_ERROR,    KEY_ILLEGAL_REQUEST,  0x1a, 0x00, "parameter list length error") \
	X(INVALID_OPCODE,                 KEY_ILLEGAL_REQUEST,  0x20, 0x00, "invalid command operation code") \
	X(INVALID_ELEMENT_ADDRESS,        KEY_ILLEGAL_REQUEST,  0x21, 0x01, "invalid element address") \
	X(INVALID_FIELD_IN_CDB,           KEY_ILLEGAL_REQUEST,  0x24, 0x00, "invalid field in CDB") \
	X(INVALID_FIELD_IN_LIST,          KEY_ILLEGAL_REQUEST,  0x26, 0x00, "invalid field in parameter list") \
	X(SAVING_NOT_SUPPORTED,           KEY_ILLEGAL_REQUEST,  0x39, 0x00, "saving parameters not supported") \
	X(DESTINATION_FULL,               KEY_ILLEGAL_REQUEST,  0x3b, 0x0d, "medium destination element full") \
	X(SOURCE_EMPTY,                   KEY_ILLEGAL_REQUEST,  0x3b, 0x0e, "medium source element empty") \
	X(INFORMATION_UNIT_TOO_SHORT,     KEY_ABORTED_COMMAND,  0x0e, 0x02, "information unit too short: less data than the CDB names") \
	X(REMOVAL_PREVENTED,              KEY_ILLEGAL_REQUEST,  0x53, 0x02, "medium removal prevented") \
	X(WRITE_CAPABLE_STATE,            KEY_ILLEGAL_REQUEST,  0x20, 0x04, "illegal command while in write capable state: LCS ends it") \
	X(EXPLICIT_ADDRESS_MODE,          KEY_ILLEGAL_REQUEST,  0x20, 0x06, "illegal command while in explicit address mode") \
	X(IMPLICIT_ADDRESS_MODE,          KEY_ILLEGAL_REQUEST,  0x20, 0x07, "illegal command while in implicit address mode") \
	X(NOT_APPEND_ONLY,                KEY_ILLEGAL_REQUEST,  0x20, 0x0c, "illegal command when not in append-only mode") \
	X(INVALID_POSITION,               KEY_ILLEGAL_REQUEST,  0x3b, 0x00, "sequential positioning error: this is not where the tape stands") \
	X(COMMAND_SEQUENCE,               KEY_ILLEGAL_REQUEST,  0x2c, 0x00, "command sequence error") \
	X(MISCOMPARE,                     KEY_MISCOMPARE,       0x1d, 0x00, "miscompare during verify operation") \
	X(SELF_TEST_FAILED,               KEY_HARDWARE_ERROR,   0x3e, 0x03, "logical unit failed self-test") \
	X(POWER_ON,                       KEY_UNIT_ATTENTION,   0x29, 0x00, "power on, reset, or bus device reset occurred") \
	X(BUS_RESET,                      KEY_UNIT_ATTENTION,   0x29, 0x02, "SCSI bus reset occurred") \
	X(UNIT_RESET,                     KEY_UNIT_ATTENTION,   0x29, 0x03, "bus device reset function occurred") \
	X(INTERNAL_RESET,                 KEY_UNIT_ATTENTION,   0x29, 0x04, "device internal reset") \
	X(MODE_CHANGED,                   KEY_UNIT_ATTENTION,   0x2a, 0x01, "mode parameters changed") \
	X(LOG_CHANGED,                    KEY_UNIT_ATTENTION,   0x2a, 0x02, "log parameters changed") \
	X(KEY_INSTANCE_CHANGED,           KEY_DATA_PROTECT,     0x2a, 0x13, "data encryption key instance counter has changed: the parameters that a host locked are gone") \
	X(TIMESTAMP_CHANGED,              KEY_UNIT_ATTENTION,   0x2a, 0x10, "timestamp changed") \
	X(MICROCODE_CHANGED,              KEY_UNIT_ATTENTION,   0x3f, 0x01, "microcode has been changed") \
	X(INQUIRY_CHANGED,                KEY_UNIT_ATTENTION,   0x3f, 0x03, "inquiry data has changed") \
	X(IDENTIFIER_CHANGED,             KEY_UNIT_ATTENTION,   0x3f, 0x05, "device identifier changed") \
	X(MEDIUM_MAY_HAVE_CHANGED,        KEY_UNIT_ATTENTION,   0x28, 0x00, "not ready to ready change, medium may have changed") \
	X(THRESHOLD_CONDITION_MET,        KEY_UNIT_ATTENTION,   0x5b, 0x01, "threshold condition met") \
	X(LOG_COUNTER_AT_MAXIMUM,         KEY_UNIT_ATTENTION,   0x5b, 0x02, "log counter at maximum") \
	X(EXCEPTION_TOLD,                 KEY_NO_SENSE,         0x5d, 0x00, "failure prediction threshold exceeded: see TapeAlert") \
	X(ROUNDED_PARAMETER,              KEY_RECOVERED_ERROR,  0x37, 0x00, "rounded parameter") \
	X(POSITION_PAST_BEGINNING,        KEY_ILLEGAL_REQUEST,  0x3b, 0x0c, "position past beginning of medium") \
	X(FORMAT_FAILED,                  KEY_MEDIUM_ERROR,     0x31, 0x01, "format command failed") \
	X(EXCEPTION_RECOVERED,            KEY_RECOVERED_ERROR,  0x5d, 0x00, "failure prediction threshold exceeded: see TapeAlert") \
	X(EXCEPTION_ATTENTION,            KEY_UNIT_ATTENTION,   0x5d, 0x00, "failure prediction threshold exceeded: see TapeAlert") \
	X(TEST_EXCEPTION_TOLD,            KEY_NO_SENSE,         0x5d, 0xff, "failure prediction threshold exceeded (false): a test") \
	X(TEST_EXCEPTION_RECOVERED,       KEY_RECOVERED_ERROR,  0x5d, 0xff, "failure prediction threshold exceeded (false): a test") \
	X(TEST_EXCEPTION_ATTENTION,       KEY_UNIT_ATTENTION,   0x5d, 0xff, "failure prediction threshold exceeded (false): a test") \
	X(AUXILIARY_MEMORY_WRITE_ERROR,   KEY_MEDIUM_ERROR,     0x0c, 0x0b, "auxiliary memory write error") \
	X(AUXILIARY_MEMORY_READ_ERROR,    KEY_MEDIUM_ERROR,     0x11, 0x12, "auxiliary memory read error") \
	X(AUXILIARY_MEMORY_OUT_OF_SPACE,  KEY_ILLEGAL_REQUEST,  0x55, 0x06, "auxiliary memory out of space") \
	X(WRITE_PROTECTED,                KEY_DATA_PROTECT,     0x27, 0x00, "write protected") \
	X(SOFTWARE_WRITE_PROTECTED,       KEY_DATA_PROTECT,     0x27, 0x02, "logical unit software write protected: a host set SWP") \
	X(UNABLE_TO_DECRYPT,              KEY_DATA_PROTECT,     0x74, 0x01, "unable to decrypt data: the block is encrypted, and decryption is off") \
	X(UNENCRYPTED_DATA,               KEY_DATA_PROTECT,     0x74, 0x02, "unencrypted data encountered while decrypting") \
	X(INCORRECT_KEY,                  KEY_DATA_PROTECT,     0x74, 0x03, "incorrect data encryption key") \
	X(CRYPTOGRAPHIC_INTEGRITY,        KEY_DATA_PROTECT,     0x74, 0x04, "cryptographic integrity validation failed") \
	X(ENCRYPTION_NOT_USABLE,          KEY_DATA_PROTECT,     0x74, 0x07, "encryption parameters not useable: not with this medium, or a block of this length") \
	X(NOT_RAW_READ_ENABLED,           KEY_DATA_PROTECT,     0x74, 0x0a, "encrypted block not raw read enabled") \
	X(WRITE_APPEND_POSITION,          KEY_DATA_PROTECT,     0x50, 0x01, "write append position error: append-only mode, and this is not the end") \
	X(INCOMPATIBLE_MEDIUM_LOADED,     KEY_MEDIUM_ERROR,     0x30, 0x00, "incompatible medium installed: the drive cannot read it") \
	X(CANNOT_WRITE_MEDIUM,            KEY_DATA_PROTECT,     0x30, 0x05, "cannot write medium, incompatible format: the drive only reads it") \
	X(CLEANING_CARTRIDGE,             KEY_NOT_READY,        0x30, 0x03, "cleaning cartridge installed") \
	X(CLEANING_FAILURE,               KEY_NOT_READY,        0x30, 0x07, "cleaning failure: the cleaning cartridge is used up") \
	X(WORM_OVERWRITE,                 KEY_DATA_PROTECT,     0x30, 0x0c, "WORM medium: overwrite attempted") \
	X(END_OF_DATA,                    KEY_BLANK_CHECK,      0x00, 0x05, "end-of-data detected") \
	X(VOLUME_OVERFLOW,                KEY_VOLUME_OVERFLOW,  0x00, 0x02, "end of partition or medium: the block does not fit")
/* clang-format on */

#define SENSE_ENUM(name, key, asc, ascq, words) SENSE_##name,
enum sense_id {
	SENSE_TABLE(SENSE_ENUM) SENSE_COUNT
};
#undef SENSE_ENUM

struct sense_code {
	uint8_t key, asc, ascq;
	const char *words;
};

const struct sense_code *sense_code(enum sense_id id);

/* SSC-5: the bits beside the sense key (fixed format) or of the stream commands descriptor. */
enum sense_flags {
	SENSE_FILEMARK = 0x80,
	SENSE_EOM = 0x40,
	SENSE_ILI = 0x20,
};

enum sense_pointer {
	POINTER_NONE = 0,
	POINTER_CDB,
	POINTER_LIST, /* a parameter list */
	POINTER_PROGRESS,
	POINTER_RETRIES, /* actual retry count: recovered, medium and hardware errors */
};

/* All that sense data says beside its code. */
struct sense_extra {
	uint8_t flags;       /* enum sense_flags */
	bool valid;          /* information is there */
	int64_t information; /* blocks, bytes or filemarks; negative where a block was too long */
	enum sense_pointer pointer;
	uint16_t byte; /* field pointer: the offending byte; progress in 65536ths; retries */
	int bit;       /* most significant bit of the field, or -1 */
	bool deferred;
	bool has_specific; /* command specific information is there (8 bytes; 4 in fixed format) */
	uint64_t specific;
};

/* Writes sense data and returns its length (18, or 8 and descriptors). @buf has SCSI_SENSE_SIZE
 * bytes. */
size_t sense_build(uint8_t *buf, enum sense_id id, const struct sense_extra *extra,
		   bool descriptor);

enum scsi_status scsi_check(struct scsi_unit *unit, struct scsi_cmd *cmd, enum sense_id id);
enum scsi_status scsi_check_extra(struct scsi_unit *unit, struct scsi_cmd *cmd, enum sense_id id,
				  const struct sense_extra *extra);
/* INVALID FIELD IN CDB that names the byte and the field's highest bit (7..0). */
enum scsi_status scsi_check_field(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned byte,
				  int bit);
/* INVALID FIELD IN PARAMETER LIST likewise. */
enum scsi_status scsi_check_list(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned byte,
				 int bit);
/* Tape conditions: flags, and INFORMATION which is always valid. */
enum scsi_status scsi_check_tape(struct scsi_unit *unit, struct scsi_cmd *cmd, enum sense_id id,
				 uint8_t flags, int64_t information);

#endif
