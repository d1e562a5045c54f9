/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome.h: how every function that can fail reports it.
 *
 *   0     done.
 *   < 0   -errno: unexpected.  Clean up and forward it unchanged; never match on it.
 *   > 0   a named outcome listed in the header of that one function (a filemark, the end of data, a
 *         cartridge in use ...).  The direct caller handles it and does not forward it.
 *
 * Out-parameters are called ret_x and are written only on success unless their header says
 * otherwise.
 */
#ifndef VTL_BASE_OUTCOME_H
#define VTL_BASE_OUTCOME_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* Says that a result is ignored on purpose; the reason stands beside the call. */
static inline void ignore_result(int r)
{
	(void)r;
}

#endif
