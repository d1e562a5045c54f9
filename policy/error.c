/* SPDX-License-Identifier: Apache-2.0 */
/* error.c: see error.h. */
#include "policy/error.h"

G_DEFINE_QUARK(vtl - policy - error - quark, policy_error)
