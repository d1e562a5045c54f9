/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rs_crc.h: the Reed-Solomon CRC of tape drives (ECMA-319; SSC-5, logical block
 * protection method 1): the remainder of the block, taken as a polynomial over GF(256), by the
 * generator whose roots are a^126 to a^129, a being a root of x^8+x^4+x^3+x^2+1.  The first byte is
 * the highest coefficient; the register begins with 0.  Behind a block it stands with its highest
 * byte first.
 *
 * @crc is 0 for the first piece and the previous result for each further piece of the same data.
 */
#ifndef VTL_BASE_RS_CRC_H
#define VTL_BASE_RS_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t rs_crc(uint32_t crc, const void *data, size_t size);

/* The same, worked out from the definition, byte by byte: what tests compare with. */
uint32_t rs_crc_plain(uint32_t crc, const void *data, size_t size);

#endif
