/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tapealert.h: the 64 TapeAlert flags of a tape drive, by name (SSC-5, TapeAlert).
 *
 * A set of flags is a uint64_t: flag n, from 1, is bit n - 1.
 */
#ifndef VTL_BASE_TAPEALERT_H
#define VTL_BASE_TAPEALERT_H

#include <stdint.h>

#define TAPEALERT_FLAGS 64u

/* A few words; "reserved" for a number that has no meaning, "" beyond 1 .. 64. */
const char *tapealert_name(unsigned flag);

static inline uint64_t tapealert_bit(unsigned flag)
{
	return UINT64_C(1) << (flag - 1);
}

#endif
