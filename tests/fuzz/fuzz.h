/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h: what the fuzz targets share.
 *
 * A target is LLVMFuzzerTestOneInput(): with the preset `fuzz` it is linked with libFuzzer, else
 * with driver.c, which runs the files of its corpus and random mutations of them:
 *
 *   fuzz_X [-r SEED COUNT] FILE_OR_FOLDER...
 *
 * A target ends the process with fuzz_claim() where a promise is broken.
 */
#ifndef VTL_TESTS_FUZZ_H
#define VTL_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/store/cartridge.h"
#include "lib/store/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void fuzz_claim(bool true_, const char *words);

/* The pool of this process: a temporary folder, removed at exit. */
const char *fuzz_pool(void);
/* Makes F1.cart an empty folder in it. */
void fuzz_begin(void);
/* Replaces the file @name of F1.cart. */
void fuzz_file(const char *name, const void *data, size_t size);

/* A header with the uuid 0 of an open (not clean) recording in epoch 2 that began at object 3. */
struct disk_header fuzz_header(void);
/* Stores it with its size and CRC. */
void fuzz_put_header(const struct disk_header *h);
/* A forged recording of many terabytes takes its time; that is not what is looked for here. */
bool fuzz_is_small(const uint8_t *header, size_t size);
/* Makes the CRC of every frame in @data fit, so that mutations get past it. */
void fuzz_seal_frames(uint8_t *data, size_t size);

/* Reads, spaces, verifies, writes: whatever F1 is, nothing may crash, hang or contradict itself. */
void fuzz_use_cartridge(void);

#endif
