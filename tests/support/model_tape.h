/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_tape.h: a tape in memory, as simple as can be: the reference that lib/store is compared
 * with. The functions return what their namesakes of lib/store/cartridge.h must return.
 */
#ifndef VTL_TESTS_MODEL_TAPE_H
#define VTL_TESTS_MODEL_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/store/cartridge.h"

#define MODEL_OBJECTS 20000

struct model_object {
	size_t size; /* 0: a filemark */
	uint64_t seed;
};

struct model_tape {
	struct model_object objects[MODEL_OBJECTS];
	uint64_t count, position;
	uint64_t synced; /* objects that a crash must leave */
	uint64_t capacity, early_warning;
};

int model_write(struct model_tape *t, uint64_t seed, size_t size);
int model_write_filemarks(struct model_tape *t, uint32_t count);
/* *ret_object is set where 0 is returned. */
int model_read(struct model_tape *t, const struct model_object **ret_object);
int model_locate(struct model_tape *t, uint64_t object);
int model_locate_file(struct model_tape *t, uint64_t file);
int model_space_blocks(struct model_tape *t, int64_t count, uint64_t *ret_residual);
int model_space_filemarks(struct model_tape *t, int64_t count, uint64_t *ret_residual);
int model_space_sequential_filemarks(struct model_tape *t, int64_t count, uint64_t *ret_residual);
void model_sync(struct model_tape *t);
void model_erase(struct model_tape *t);
/* Filemarks before the position. */
uint64_t model_file(const struct model_tape *t);

#endif
