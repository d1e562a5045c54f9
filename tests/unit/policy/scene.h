/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h: a library lib0 with the cartridges T1 T2 T3, a folder `tapes` whose files stand for
 * physical volumes, and a catalogue.  A function that cannot do what it says fails the test.
 *
 * Recordings are written as text: "b100 b65536 F b3 FF" is a block of 100 bytes, one of 65536, a
 * filemark, a block, two filemarks.  The content of a block follows from its number and size.
 */
#ifndef VTL_TESTS_POLICY_SCENE_H
#define VTL_TESTS_POLICY_SCENE_H

#include "policy/catalog.h"
#include "policy/config.h"
#include "policy/step.h"
#include "tests/unit/library/place.h"

struct scene {
	struct place *place;
	char *tapes;             /* the folder */
	char *catalog_path;      /* of a file */
	struct catalog *catalog; /* open */
};

int scene_setup(void **state); /* *state is a struct scene */
int scene_teardown(void **state);

/* Writes @recording to the cartridge, behind what is there. */
void scene_record(struct scene *s, const char *barcode, const char *recording);
/* So much that a job on it looks more than once whether it shall go on. */
void scene_record_long(struct scene *s, const char *barcode);
/* What is on the cartridge, as text; g_free(). */
char *scene_recorded(struct scene *s, const char *barcode);
void scene_digest(struct scene *s, const char *barcode, uint8_t ret_digest[CART_DIGEST_SIZE]);
/* What its header says; true until the next call. */
const struct cart_info *scene_stat(struct scene *s, const char *barcode);
/* One load and unload by a virtual drive, without a write. */
void scene_mount(struct scene *s, const char *barcode);

/* The volume in the folder, as text; g_free(). "absent" where there is none. */
char *scene_volume(struct scene *s, const char *volume);
/* Writes a volume. */
void scene_write_volume(struct scene *s, const char *volume, const char *recording);
char *scene_volume_path(struct scene *s, const char *volume); /* g_free() */
/* Inverts the bits of the byte at @offset of the volume's file. */
void scene_flip(struct scene *s, const char *volume, size_t offset);

/* The configuration @text, with every "TAPES" replaced by the folder. */
struct policy_config *scene_config(struct scene *s, const char *text);

/* Closes the catalogue and opens it again, as a restart does. */
void scene_restart(struct scene *s);

/* ---- a step without a daemon: the drive is the folder, the volume the job's ---- */

struct stage {
	struct scene *scene;
	struct job *job;
	struct step step;
	struct tapeio *tape;
	uint64_t capacity;          /* of the volume; 0 = no limit */
	enum job_state entered[16]; /* states that were kept, in order */
	unsigned entered_cnt;
	int crash_at; /* keep() fails at the entered state with this number; -1 never */
	bool stop;    /* go_on() says so */
};

/* A job of @kind on @barcode and volume V1. */
void stage_init(struct stage *g, struct scene *s, enum job_kind kind, const char *barcode);
/* The drive is closed and opened anew, the job goes on where it would after a restart. */
void stage_restart(struct stage *g);
void stage_clear(struct stage *g);
/* Runs the job; fails the test where it fails. */
void stage_run(struct stage *g);
/* Runs the job; fails the test where it does not fail with @code and @part in the message. */
void stage_run_fails(struct stage *g, int code, const char *part);

/* A finished migration of @barcode to @volume. */
void scene_migrate(struct scene *s, const char *barcode, const char *volume);

#endif
