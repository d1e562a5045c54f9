/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc32c.h: the Castagnoli CRC (polynomial 1EDC6F41h, reflected, initial value and final inversion
 * all ones), as iSCSI and SSC logical block protection use it.  crc32c(0, "123456789", 9) is
 * E3069283h.
 *
 * @crc is 0 for the first piece and the previous result for each further piece of the same data.
 * Uses the processor's instruction where it has one that is faster than tables: an emulated one is
 * not.  The first call finds out, in less than a millisecond.
 */
#ifndef VTL_BASE_CRC32C_H
#define VTL_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *data, size_t size);

/* The same without the processor's instruction: the reference that tests compare with. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t size);

#endif
