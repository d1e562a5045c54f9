/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h: a library with a changer and a drive in this process, and words to say what a command
 * does.
 *
 * rig_setup() gives lib0: 5 slots, 2 mail slots, 2 drives; cartridges T1 to T3 (LTO-8, 1 MB of
 * capacity, early warning 100 kB before the end) in slots 1 to 3, T1 already in drive 1; the
 * drive's unit is the one that run() talks to, and its unit attentions are gone.  Everything lives
 * in a folder that rig_teardown() removes.
 *
 * Each suite runs twice (rig_main): with sense in fixed and in descriptor format.
 */
#ifndef VTL_TESTS_RIG_H
#define VTL_TESTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "handlers/changer/changer.h"
#include "handlers/scsi/opcode.h"
#include "handlers/tape/drive.h"
#include "lib/personality/personality.h"

#define RIG_DATA (4u * 1024 * 1024)
#define KIB      1024u

enum { /* element addresses of lib0 */
	RIG_MAIL_1 = 16,
	RIG_DRIVE_1 = 256,
	RIG_DRIVE_2 = 257,
	RIG_SLOT_1 = 1024,
	RIG_SLOT_2 = 1025,
	RIG_SLOT_3 = 1026,
	RIG_SLOT_4 = 1027,
	RIG_SLOT_5 = 1028,
};

struct rig {
	char *root, *pool;
	struct library *library;
	struct drive *drive;
	struct changer *changer;
	struct scsi_unit *unit;   /* that run() talks to */
	struct drive_model model; /* of rig_features() */
	struct personality persona;
	uint8_t *data;       /* RIG_DATA bytes: the data buffer of each command */
	struct iovec iov[3]; /* over data: commands get it in pieces */
	struct scsi_cmd cmd; /* the last command */
	enum scsi_status status;
};

int rig_setup(void **state);
int rig_teardown(void **state);

/* Runs @tests in both sense formats; what main() returns. */
#define rig_main(tests) rig_main_(#tests, tests, sizeof(tests) / sizeof((tests)[0]))
int rig_main_(const char *name, const struct CMUnitTest *tests, size_t cnt);

/*
 * With RIG_SG the same tests run over /dev/sg (tests/support/rig_sg.h).  A test that cannot, and
 * does not call what shows it, begins with this: there it is SKIPPED with @why.  Does nothing
 * otherwise.
 */
void rig_inside(const char *why);

/* The units are behind /dev/sg. */
bool rig_sg_on(void);

/* A test with the rig around it. */
#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

/* unit_power_on(), and the suite's sense format again. */
void rig_power_on(struct rig *r);
/* Drive 1 gets a blank cartridge without a capacity, whose writes are buffered from the second on.
 */
void rig_unlimited_ready(struct rig *r);

/* Gives the drive a model of its own that has @features besides its own (enum drive_feature). */
void rig_features(struct rig *r, unsigned features);

/* A cartridge in the pool of lib0, in no element, with @capacity bytes (0: no limit). */
void rig_cartridge(struct rig *r, const char *barcode, uint8_t density, uint64_t capacity);

/*
 * Makes a cartridge (@params->barcode) and puts it into drive 1, whose own goes to slot 4; what the
 * drive says then is the test's.  rig_medium_ready() takes the unit attention, and asserts that it
 * is ready.
 */
void rig_medium(struct rig *r, const struct cart_params *params);
void rig_medium_ready(struct rig *r, const struct cart_params *params);

/* Turns a bit over, on the disk, of byte @byte of the first block of T1 as it is stored. */
void rig_damage(struct rig *r, unsigned byte);

/* What a restart of tcmu-runner is to the drive: a new unit over the same library; its unit
 * attentions are gone, as after rig_setup(). */
void rig_restart(struct rig *r);

/* ---- running ---- */

/* @size: bytes of the data buffer that the fabric offers. */
void run_cdb(struct rig *r, const uint8_t *cdb, size_t len, size_t size);
#define run(r, size, ...) \
	run_cdb(r, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), size)

void run_read(struct rig *r, uint8_t flags, uint32_t length, size_t size);
void run_write(struct rig *r, uint8_t flags, uint32_t length, size_t size);
void run_space(struct rig *r, uint8_t code, int32_t count);
void run_move(struct rig *r, uint16_t source, uint16_t destination); /* on the changer */

/* ---- doing, with an assertion that it was good ---- */

void write_block(struct rig *r, uint8_t fill, uint32_t size);
void write_filemarks(struct rig *r, uint32_t count);
void rewind_tape(struct rig *r);
void set_block_size(struct rig *r, uint32_t size);
/* 3 blocks of 100, 200, 300 bytes filled with 1 2 3, a filemark, 2 blocks of 400 filled with 4, a
 * filemark; then rewinds. */
void write_sample(struct rig *r);
void move(struct rig *r, uint16_t source, uint16_t destination);

/* ---- expecting ---- */

#define expect_good(r) expect_good_(r, __FILE__, __LINE__)
void expect_good_(const struct rig *r, const char *file, int line);
/* This code, whatever flags and information. */
#define expect_sense(r, id) expect_sense_(r, id, __FILE__, __LINE__)
void expect_sense_(const struct rig *r, enum sense_id id, const char *file, int line);
/* This code, exactly these flags (enum sense_flags), and valid information. */
#define expect_tape(r, id, flags, information) \
	expect_tape_(r, id, flags, information, __FILE__, __LINE__)
void expect_tape_(const struct rig *r, enum sense_id id, uint8_t flags, int64_t information,
		  const char *file, int line);
/* WRITE ERROR of earlier commands, by which @information bytes are lost. */
void expect_deferred(const struct rig *r, int64_t information);
/* INVALID FIELD IN CDB (or in the parameter list) that points to this byte. */
void expect_field(const struct rig *r, unsigned byte);
void expect_list_field(const struct rig *r, unsigned byte);
/* The same, and the bit that the pointer names. */
void expect_field_bit(const struct rig *r, unsigned byte, unsigned bit);
/* What an INVALID FIELD IN CDB points to: false where it is another sense. *ret_bit -1: no bit. */
bool sense_field(const struct rig *r, unsigned *ret_byte, int *ret_bit);
/* The drive's position, by READ POSITION. */
#define expect_position(r, object) expect_position_(r, object, __FILE__, __LINE__)
void expect_position_(struct rig *r, uint64_t object, const char *file, int line);
/* The next READ gives a block of @size bytes that are all @fill. */
void expect_block(struct rig *r, uint8_t fill, uint32_t size);

#endif
