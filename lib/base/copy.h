/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.h: memcpy() for blocks of data, as fast on an emulated processor as on a real one.
 *
 * The C library copies much with `rep movsb`.  A real processor is no slower that way; qemu does it
 * byte by byte: 9 ms for 256 KiB, where 16 bytes at a time take 0.3 ms, and one copy is most of
 * what a block costs.  On real processors both take the same (docs/performance.md).
 */
#ifndef VTL_BASE_COPY_H
#define VTL_BASE_COPY_H

#include <stddef.h>

/* Copies @size bytes; the two must not overlap. Any size and alignment. */
void copy_bytes(void *restrict to, const void *restrict from, size_t size);

#endif
