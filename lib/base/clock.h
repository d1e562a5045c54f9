/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: the two clocks.  A function whose result depends on the time takes it as a parameter
 * instead. */
#ifndef VTL_BASE_CLOCK_H
#define VTL_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Seconds since 1970 (UTC); may jump. */
static inline int64_t clock_wall_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail for this clock */
	return t.tv_sec;
}

/* Milliseconds since some moment of the past; never jumps. */
static inline int64_t clock_monotonic_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
